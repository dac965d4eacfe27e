//! One take: its beginning, its files, and its end. The disk writer's.

use super::{
    Begin, RolledMessage, Shared, TakeId, TakeNews, TakeOrder, names,
    roll::{MidiFile, Roll},
    take_file::{self, TakeFile},
};
use std::{io, path::PathBuf};

/// Frames searched for a sound at once.
const LISTEN_FRAMES: usize = 4096;

/// A take that is being made.
pub(super) struct OpenTake {
    order: TakeOrder,
    state: State,
    midi: Option<MidiFile>,
}

enum State {
    /// Waiting for a sound; up to this frame there was none.
    Listening {
        frame: i64,
        pre_roll_frames: u64,
    },
    Writing(Vec<TakeFile>),
    /// Its files could not be made, or it ended before it began.
    Nothing,
}

impl OpenTake {
    pub(super) fn new(order: TakeOrder, shared: &Shared<'_>, roll: &Roll) -> OpenTake {
        let mut take = OpenTake { state: State::Nothing, order, midi: None };
        if let Some(tap) = take.order.files.iter().find_map(|file| shared.capture.channels(&file.taps).err()) {
            let path = take.order.folder.join(names::file_name(&take.order.name, "", 1));
            let error = io::Error::new(io::ErrorKind::InvalidInput, format!("{tap} is not in the capture buffer"));
            take.refused(shared, &[names::CreateFileError { path, error }], None);
            return take;
        }
        match take.order.begin {
            Begin::At(frame) => take.begin(frame, shared, roll),
            Begin::OnSound { from_frame, pre_roll_frames } => {
                take.state = State::Listening { frame: from_frame, pre_roll_frames };
            }
        }
        take
    }

    pub(super) fn id(&self) -> TakeId {
        self.order.take
    }

    /// It ends before this frame, or keeps an earlier end it has already.
    pub(super) fn end_before(&mut self, frame: i64) {
        let end = self.order.end_frame.map_or(frame, |end| end.min(frame));
        self.order.end_frame = Some(end);
        if let State::Writing(files) = &mut self.state {
            files.iter_mut().for_each(|file| file.end_before(end));
        }
    }

    pub(super) fn mark(&mut self, frame: i64, label: &str) {
        match &mut self.state {
            State::Writing(files) => files.iter_mut().for_each(|file| file.mark(frame, label.to_owned())),
            State::Listening { .. } | State::Nothing => {}
        }
        if let Some(midi) = &mut self.midi {
            midi.mark(frame, label);
        }
    }

    pub(super) fn play(&mut self, played: &RolledMessage) {
        if let Some(midi) = &mut self.midi {
            midi.play(played, self.order.end_frame);
        }
    }

    pub(super) fn tempo(&mut self, frame: i64, bpm: f64) {
        if let Some(midi) = &mut self.midi {
            midi.tempo(frame, bpm);
        }
    }

    /// The files are made at once, each with its header, so that a refusal of the folder or the disk is known at once.
    fn begin(&mut self, frame: i64, shared: &Shared<'_>, roll: &Roll) {
        let frame = frame.max(shared.capture.held().start).max(self.order.earliest_frame);
        let order = &self.order;
        let create = |folder| names::create(order, folder, |of, file| take_file::begin(order, of, frame, file));
        let made = create(&order.folder).or_else(|refusal| {
            let Some(second) = &order.second_folder else { return Err(vec![refusal]) };
            match create(second) {
                Ok(made) => {
                    self.refused(shared, &[refusal], made.files.first().map(|(path, _)| path.clone()));
                    Ok(made)
                }
                Err(other) => Err(vec![refusal, other]),
            }
        });
        match made {
            Ok(names::NewTakeFiles { files, stem }) => {
                let path = files.first().map_or_else(PathBuf::new, |(path, _)| path.clone());
                let folder = path.parent().map_or_else(PathBuf::new, PathBuf::from);
                self.midi = Some(MidiFile::new(&self.order, (folder, stem.clone()), frame, roll));
                if let Some(frames) = self.order.length_frames {
                    self.end_before(frame.saturating_add_unsigned(frames));
                }
                let files = self.order.files.iter().zip(files).zip(0..);
                let files = files
                    .map(|((of, begun), seed)| TakeFile::new(&self.order, &stem, (of, shared), begun, frame, seed));
                self.state = State::Writing(files.collect());
                shared.report(TakeNews::Began { take: self.order.take, path, frame });
            }
            Err(refusals) => self.refused(shared, &refusals, None),
        }
    }

    fn refused(&self, shared: &Shared<'_>, refusals: &[names::CreateFileError], goes_on: Option<PathBuf>) {
        let Some((first, others)) = refusals.split_first() else { return };
        let mut reason = take_file::reason(&first.error);
        for names::CreateFileError { path, error } in others {
            reason.push_str(&format!("; nor to {}: {}", path.display(), take_file::reason(error)));
        }
        let (take, path) = (self.order.take, first.path.clone());
        shared.report(TakeNews::Failed { take, path, frames: 0, reason, goes_on });
    }

    /// Pieces written in one turn: one for each of its files.
    pub(super) fn files(&self) -> usize {
        match &self.state {
            State::Nothing => 0,
            State::Listening { .. } => 1,
            State::Writing(files) => files.len(),
        }
    }

    /// The oldest frame that it still needs.
    pub(super) fn needs(&self) -> Option<i64> {
        match &self.state {
            State::Nothing => None,
            State::Listening { frame, .. } => Some(*frame),
            State::Writing(files) => files.iter().filter_map(TakeFile::needs).min(),
        }
    }

    /// Writes a piece of one of its files from the frames that are there. True where there may be more.
    pub(super) fn write(&mut self, file: usize, shared: &Shared<'_>, roll: &Roll) -> bool {
        match &mut self.state {
            State::Nothing => false,
            State::Listening { .. } => self.listen(shared, roll),
            State::Writing(files) => {
                // Where silence ends it, no frame after that is written.
                let silence = self.order.silence_frames.zip(files.iter().map(TakeFile::last_sound_frame).max());
                let silent_at = silence.map(|(frames, sound)| sound.saturating_add_unsigned(frames));
                let wrote = files.get_mut(file).is_some_and(|file| file.write(&self.order, silent_at, shared));
                if let Some(end) = silent_at
                    && files.iter().all(|file| file.next_frame() >= end && file.last_sound_frame() < end)
                {
                    self.end_before(end);
                }
                wrote
            }
        }
    }

    /// Looks for the sound it begins with. True where it goes on looking, or found it.
    fn listen(&mut self, shared: &Shared<'_>, roll: &Roll) -> bool {
        let State::Listening { frame, pre_roll_frames } = &mut self.state else { return false };
        let held = shared.capture.held();
        // Frames that are gone already cannot be recorded.
        *frame = (*frame).max(held.start);
        let end = self.order.end_frame.map_or(held.end, |end| end.min(held.end));
        let frames = (end - *frame).clamp(0, LISTEN_FRAMES as i64) as usize;
        if frames == 0 {
            if self.order.end_frame.is_some_and(|end| end <= *frame) {
                self.state = State::Nothing;
            }
            return false;
        }
        match first_sound(&self.order, *frame, frames, shared) {
            Some(sound) => {
                let begin = sound - *pre_roll_frames as i64;
                self.begin(begin, shared, roll);
            }
            None => *frame += frames as i64,
        }
        true
    }

    /// Whether it is over; reported once.
    pub(super) fn is_over(&mut self, shared: &Shared<'_>) -> bool {
        let (over, end) = match &self.state {
            State::Nothing => (true, None),
            State::Listening { .. } => (false, None),
            State::Writing(files) => {
                (files.iter().all(TakeFile::is_over), files.iter().map(TakeFile::next_frame).max())
            }
        };
        if let Some((midi, end)) = self.midi.as_mut().zip(end)
            && let Some(sentence) = midi.keep(end, over)
        {
            shared.report(TakeNews::Midi { sentence });
        }
        if over {
            shared.report(TakeNews::Over { take: self.order.take });
        }
        over
    }
}

/// The first frame of a stretch in which a channel of the take is as loud as a sound.
fn first_sound(order: &TakeOrder, first: i64, frames: usize, shared: &Shared<'_>) -> Option<i64> {
    let channels: Vec<usize> =
        order.files.iter().flat_map(|file| shared.capture.channels(&file.taps).unwrap_or_default()).collect();
    let mut samples = Vec::new();
    // Frames that are overwritten meanwhile are not searched.
    shared.capture.read(first, frames, &channels, &mut samples).then_some(())?;
    let is_sound = |frame: &[f32]| frame.iter().any(|sample| sample.abs() >= order.threshold);
    samples.chunks(channels.len().max(1)).position(is_sound).map(|at| first + at as i64)
}
