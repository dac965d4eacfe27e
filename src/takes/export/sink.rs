//! The output of an export.

use super::{Form, Plan, converted, flac::Flac, ogg::Ogg};
use crate::{
    takes::{Take, TakeError, take::NotUsable},
    wav::{Encoder, Mark, Notes, WavFile, WavShape},
};
use std::fs::File;

/// The seed of the dither's noise; it is constant, so that the same export gives the same file.
const SEED: u64 = 0;

/// A file in one of the formats.
pub(super) enum Sink<'a> {
    Wav(Box<WavSink<'a>>),
    Flac(Box<Flac<'a>>),
    Ogg(Box<Ogg<'a>>),
}

pub(super) struct WavSink<'a> {
    wav: WavFile<&'a File>,
    encoder: Encoder,
    notes: Notes,
    bytes: Vec<u8>,
}

impl<'a> Sink<'a> {
    pub(super) fn begin(file: &'a File, take: &Take, plan: &Plan) -> Result<Sink<'a>, TakeError> {
        let encoder = Encoder::new(plan.depth, plan.has_dither, SEED);
        Ok(match plan.form {
            Form::Wav => Sink::Wav(Box::new(WavSink::begin(file, take, plan, encoder)?)),
            Form::Flac => Sink::Flac(Box::new(Flac::begin(file, plan, encoder)?)),
            Form::Ogg => Sink::Ogg(Box::new(Ogg::begin(file, plan)?)),
        })
    }

    pub(super) fn write(&mut self, samples: &[f32]) -> Result<(), TakeError> {
        match self {
            Sink::Wav(wav) => {
                wav.bytes.clear();
                wav.encoder.encode(samples, &mut wav.bytes);
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

impl<'a> WavSink<'a> {
    /// The take's marks are copied, with their positions at the new rate.
    fn begin(file: &'a File, take: &Take, plan: &Plan, encoder: Encoder) -> Result<WavSink<'a>, TakeError> {
        let (format, _) = take.audio()?;
        let mut notes = Notes::read(&mut &take.file, &take.wav).map_err(NotUsable::Disk)?;
        let at = |frame: u64| converted::frames(frame, format.sample_rate_hz, plan.rate_hz);
        notes.marks =
            notes.marks.iter().map(|mark| Mark { frame: at(mark.frame), label: mark.label.clone() }).collect();
        if let Some(origin) = &mut notes.origin {
            origin.time_reference = at(origin.time_reference);
        }
        let shape = WavShape { channels: plan.channels, sample_rate_hz: plan.rate_hz, depth: plan.depth };
        let wav = WavFile::create(file, shape, notes.origin.as_ref())?;
        if plan.frames > wav.room_frames() {
            let text = "as WAV it would be more than 4 GiB: export fewer bits or as FLAC, or trim it to parts";
            return Err(TakeError::Asked(text.to_owned()));
        }
        Ok(WavSink { wav, encoder, notes, bytes: Vec::new() })
    }
}
