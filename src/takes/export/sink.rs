//! The output of an export.

use super::{Form, Plan, converted, flac::Flac, ogg::Ogg};
use crate::{
    takes::{Take, TakeError, take::NotUsable},
    wav::{Encoder, Mark, Notes, WavFile, WavShape},
};
use std::fs::File;

/// A file in one of the formats.
pub(super) enum Sink {
    Wav(Box<WavSink>),
    Flac(Box<Flac>),
    Ogg(Box<Ogg>),
}

pub(super) struct WavSink {
    wav: WavFile<File>,
    encoder: Encoder,
    notes: Notes,
    bytes: Vec<u8>,
}

impl Sink {
    /// Begins a file that may have notes, where its format has room for them. The noise of its dither is that of a seed:
    /// the same export gives the same file.
    pub(super) fn begin(file: File, notes: Notes, plan: &Plan, seed: u64) -> Result<Sink, TakeError> {
        let encoder = Encoder::new(plan.depth, plan.has_dither, seed);
        Ok(match plan.form {
            Form::Wav => Sink::Wav(Box::new(WavSink::begin(file, notes, plan, encoder)?)),
            Form::Flac => Sink::Flac(Box::new(Flac::begin(file, plan, encoder)?)),
            Form::Ogg => Sink::Ogg(Box::new(Ogg::begin(file, plan)?)),
        })
    }

    pub(super) fn write(&mut self, samples: &[f32]) -> Result<(), TakeError> {
        match self {
            Sink::Wav(wav) => {
                wav.encoder.encode_over(samples, &mut wav.bytes);
                Ok(wav.wav.write(&wav.bytes)?)
            }
            Sink::Flac(flac) => flac.write(samples),
            Sink::Ogg(ogg) => ogg.write(samples),
        }
    }

    pub(super) fn end(self) -> Result<(), TakeError> {
        match self {
            Sink::Wav(wav) => Ok(wav.wav.finish(&wav.notes.marks, &wav.notes.info).1?),
            Sink::Flac(flac) => flac.end(),
            Sink::Ogg(ogg) => ogg.end(),
        }
    }
}

/// A take's notes, with their positions at the rate of its export.
pub(super) fn notes_of(take: &Take, plan: &Plan) -> Result<Notes, TakeError> {
    let (format, _) = take.audio()?;
    let mut notes = Notes::read(&mut &take.file, &take.wav).map_err(NotUsable::Disk)?;
    let at = |frame: u64| converted::frames(frame, format.sample_rate_hz, plan.rate_hz);
    notes.marks = notes.marks.iter().map(|mark| Mark { frame: at(mark.frame), label: mark.label.clone() }).collect();
    if let Some(origin) = &mut notes.origin {
        origin.time_reference = at(origin.time_reference);
    }
    Ok(notes)
}

impl WavSink {
    fn begin(file: File, notes: Notes, plan: &Plan, encoder: Encoder) -> Result<WavSink, TakeError> {
        let shape = WavShape { channels: plan.channels, sample_rate_hz: plan.rate_hz, depth: plan.depth };
        let wav = WavFile::create(file, shape, notes.origin.as_ref())?;
        if plan.frames > wav.room_frames() {
            let text = "as WAV it would be more than 4 GiB: export fewer bits or as FLAC, or trim it to parts";
            return Err(TakeError::Asked(text.to_owned()));
        }
        Ok(WavSink { wav, encoder, notes, bytes: Vec::new() })
    }
}
