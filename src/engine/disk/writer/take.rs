//! One take: when it begins, its files, and when it is over. The disk writer's.

use super::{
    Begin, Desk, Done, Played, TakeId, TakeOrder,
    lane::{self, Lane},
    names,
    roll::{MidiFile, Roll},
};
use std::{io, path::PathBuf};

/// Frames looked at for a sound at once.
const LISTEN_FRAMES: usize = 4096;

/// A take that is being made.
pub(super) struct OpenTake {
    order: TakeOrder,
    state: State,
    midi: Option<MidiFile>,
}

enum State {
    /// A sound is waited for; up to this frame there was none.
    Listening {
        frame: i64,
        pre_roll_frames: u64,
    },
    Writing(Vec<Lane>),
    /// Its files could not be made, or it ended before it began.
    Nothing,
}

impl OpenTake {
    pub(super) fn new(order: TakeOrder, desk: &Desk, roll: &Roll) -> OpenTake {
        let mut take = OpenTake { state: State::Nothing, order, midi: None };
        if let Some(tap) = take.order.files.iter().find_map(|file| desk.capture.channels(&file.taps).err()) {
            let path = take.order.folder.join(names::file_name(&take.order.name, "", 1));
            let error = io::Error::new(io::ErrorKind::InvalidInput, format!("{tap} is not held"));
            take.refused(desk, &[names::Refusal { path, error }], None);
            return take;
        }
        match take.order.begin {
            Begin::At(frame) => take.begin(frame, desk, roll),
            Begin::OnSound { from_frame, pre_roll_frames } => {
                take.state = State::Listening { frame: from_frame, pre_roll_frames };
            }
        }
        take
    }

    pub(super) fn id(&self) -> TakeId {
        self.order.take
    }

    /// It ends before this frame, or before one it was told already.
    pub(super) fn end_before(&mut self, frame: i64) {
        let end = self.order.end_frame.map_or(frame, |end| end.min(frame));
        self.order.end_frame = Some(end);
        if let State::Writing(lanes) = &mut self.state {
            lanes.iter_mut().for_each(|lane| lane.end_before(end));
        }
    }

    pub(super) fn mark(&mut self, frame: i64, label: &str) {
        match &mut self.state {
            State::Writing(lanes) => lanes.iter_mut().for_each(|lane| lane.mark(frame, label.to_owned())),
            State::Listening { .. } | State::Nothing => {}
        }
        if let Some(midi) = &mut self.midi {
            midi.mark(frame, label);
        }
    }

    pub(super) fn play(&mut self, played: &Played) {
        if let Some(midi) = &mut self.midi {
            midi.play(played, self.order.end_frame);
        }
    }

    pub(super) fn tempo(&mut self, frame: i64, bpm: f64) {
        if let Some(midi) = &mut self.midi {
            midi.tempo(frame, bpm);
        }
    }

    /// The files are made at once, each with its header, so that a folder or a disk that refuses is known at once.
    fn begin(&mut self, frame: i64, desk: &Desk, roll: &Roll) {
        let frame = frame.max(desk.capture.held().start).max(self.order.earliest_frame);
        let order = &self.order;
        let create = |folder| names::create(order, folder, |of, file| lane::begin(order, of, frame, file));
        let made = create(&order.folder).or_else(|refusal| {
            let Some(second) = &order.second_folder else { return Err(vec![refusal]) };
            match create(second) {
                Ok(made) => {
                    self.refused(desk, &[refusal], made.files.first().map(|(path, _)| path.clone()));
                    Ok(made)
                }
                Err(other) => Err(vec![refusal, other]),
            }
        });
        match made {
            Ok(names::Made { files, stem }) => {
                let path = files.first().map_or_else(PathBuf::new, |(path, _)| path.clone());
                let folder = path.parent().map_or_else(PathBuf::new, PathBuf::from);
                self.midi = Some(MidiFile::new(&self.order, (folder, stem.clone()), frame, roll));
                if let Some(frames) = self.order.length_frames {
                    self.end_before(frame.saturating_add_unsigned(frames));
                }
                let lanes = self.order.files.iter().zip(files).zip(0..);
                let lanes =
                    lanes.map(|((of, begun), seed)| Lane::new(&self.order, &stem, (of, desk), begun, frame, seed));
                self.state = State::Writing(lanes.collect());
                desk.tell(Done::Began { take: self.order.take, path, frame });
            }
            Err(refusals) => self.refused(desk, &refusals, None),
        }
    }

    fn refused(&self, desk: &Desk, refusals: &[names::Refusal], goes_on: Option<PathBuf>) {
        let Some((first, others)) = refusals.split_first() else { return };
        let mut reason = lane::reason(&first.error);
        for names::Refusal { path, error } in others {
            reason.push_str(&format!("; nor to {}: {}", path.display(), lane::reason(error)));
        }
        let (take, path) = (self.order.take, first.path.clone());
        desk.tell(Done::Failed { take, path, frames: 0, reason, goes_on });
    }

    /// In how many pieces it is written at a time: one for each of its files.
    pub(super) fn lanes(&self) -> usize {
        match &self.state {
            State::Nothing => 0,
            State::Listening { .. } => 1,
            State::Writing(lanes) => lanes.len(),
        }
    }

    /// The oldest frame that it still needs.
    pub(super) fn needs(&self) -> Option<i64> {
        match &self.state {
            State::Nothing => None,
            State::Listening { frame, .. } => Some(*frame),
            State::Writing(lanes) => lanes.iter().filter_map(Lane::needs).min(),
        }
    }

    /// Writes a piece of one of its files, of what is there. True where there may be more.
    pub(super) fn write(&mut self, lane: usize, desk: &Desk, roll: &Roll) -> bool {
        match &mut self.state {
            State::Nothing => false,
            State::Listening { .. } => self.listen(desk, roll),
            State::Writing(lanes) => {
                // Where silence ends it, nothing after that is written.
                let silence = self.order.silence_frames.zip(lanes.iter().map(Lane::last_sound_frame).max());
                let silent_at = silence.map(|(frames, sound)| sound.saturating_add_unsigned(frames));
                let wrote = lanes.get_mut(lane).is_some_and(|lane| lane.write(&self.order, silent_at, desk));
                if let Some(end) = silent_at
                    && lanes.iter().all(|lane| lane.next_frame() >= end && lane.last_sound_frame() < end)
                {
                    self.end_before(end);
                }
                wrote
            }
        }
    }

    /// Looks for the sound it begins with. True where it goes on looking, or found it.
    fn listen(&mut self, desk: &Desk, roll: &Roll) -> bool {
        let State::Listening { frame, pre_roll_frames } = &mut self.state else { return false };
        let held = desk.capture.held();
        // What is gone already cannot be recorded.
        *frame = (*frame).max(held.start);
        let end = self.order.end_frame.map_or(held.end, |end| end.min(held.end));
        let frames = (end - *frame).clamp(0, LISTEN_FRAMES as i64) as usize;
        if frames == 0 {
            if self.order.end_frame.is_some_and(|end| end <= *frame) {
                self.state = State::Nothing;
            }
            return false;
        }
        match first_sound(&self.order, *frame, frames, desk) {
            Some(sound) => {
                let begin = sound - *pre_roll_frames as i64;
                self.begin(begin, desk, roll);
            }
            None => *frame += frames as i64,
        }
        true
    }

    /// Whether nothing more comes of it; told once.
    pub(super) fn is_over(&mut self, desk: &Desk) -> bool {
        let (over, end) = match &self.state {
            State::Nothing => (true, None),
            State::Listening { .. } => (false, None),
            State::Writing(lanes) => (lanes.iter().all(Lane::is_over), lanes.iter().map(Lane::next_frame).max()),
        };
        if let Some((midi, end)) = self.midi.as_mut().zip(end)
            && let Some(sentence) = midi.keep(end, over)
        {
            desk.tell(Done::Midi { sentence });
        }
        if over {
            desk.tell(Done::Over { take: self.order.take });
        }
        over
    }
}

/// The first frame of a stretch in which a channel of the take is as loud as a sound.
fn first_sound(order: &TakeOrder, first: i64, frames: usize, desk: &Desk) -> Option<i64> {
    let channels: Vec<usize> =
        order.files.iter().flat_map(|file| desk.capture.channels(&file.taps).unwrap_or_default()).collect();
    let mut samples = Vec::new();
    // What is overwritten meanwhile is looked at no more.
    desk.capture.read(first, frames, &channels, &mut samples).then_some(())?;
    let is_sound = |frame: &[f32]| frame.iter().any(|sample| sample.abs() >= order.threshold);
    samples.chunks(channels.len().max(1)).position(is_sound).map(|at| first + at as i64)
}
