//! MIDI of takes: the last messages for takes that begin in hindsight, and the MIDI file of each take that is made. The
//! disk writer's.

use super::{TakeOrder, names};
use crate::{
    files,
    midi::{
        Message,
        smf::{Bytes, MessageDirection, Smf, SmfEvent, TempoFrom},
    },
};
use std::{
    collections::VecDeque,
    fs, io,
    path::{Path, PathBuf},
};

/// Messages held for takes to come: a minute of a hundred knobs that turn.
const HELD: usize = 100_000;
/// The file is brought to the disk after so many seconds of a take, and at its end: a power cut takes only the messages
/// since then.
const KEPT_EVERY_SECONDS: f64 = 2.0;
/// The same for a long file, which is written whole each time.
const LONG_KEPT_EVERY_SECONDS: f64 = 10.0;
/// From so many bytes on a file is long: half an hour of a hundred messages a second.
const LONG_BYTES: usize = 1 << 20;

/// A message that was sent or received.
#[derive(Clone, Debug)]
pub struct RolledMessage {
    /// The frame that was rendered then.
    pub frame: i64,
    /// Sent or received.
    pub way: MessageDirection,
    /// The port, counted from 0.
    pub port: u8,
    /// Its bytes.
    pub bytes: Bytes,
}

impl RolledMessage {
    /// The message that ends what this one begins or ends, and whether this one begins it: a note, a pedal, a bend.
    fn hold(&self) -> Option<(Message, bool)> {
        self.bytes.short()?.hold()
    }
}

/// Notes that sound and pedals that are pressed: the messages that began them, in order.
#[derive(Clone, Default)]
struct Lasting(Vec<RolledMessage>);

impl Lasting {
    fn track(&mut self, played: &RolledMessage) {
        let Some((end, begins)) = played.hold() else { return };
        let is_it = |one: &RolledMessage| {
            (one.way, one.port) == (played.way, played.port) && one.hold().is_some_and(|(other, _)| other == end)
        };
        self.0.retain(|one| !is_it(one));
        if begins {
            self.0.push(played.clone());
        }
    }
}

/// Messages for takes to come.
#[derive(Default)]
pub(super) struct Roll {
    played: VecDeque<RolledMessage>,
    /// Notes and pedals from before the first of those.
    lasting: Lasting,
    /// Tempos in the order of their frames, in BPM; the first may be older than the messages.
    tempos: VecDeque<(i64, f64)>,
}

impl Roll {
    /// Holds a message, and drops those before `oldest`.
    pub(super) fn play(&mut self, played: RolledMessage, oldest: i64) {
        self.played.push_back(played);
        while self.played.len() > HELD || self.played.front().is_some_and(|first| first.frame < oldest) {
            if let Some(gone) = self.played.pop_front() {
                self.lasting.track(&gone);
            }
        }
    }

    /// Notes and pedals that last when this frame begins.
    fn lasting_at(&self, frame: i64) -> Vec<RolledMessage> {
        let mut lasting = self.lasting.clone();
        self.played.iter().filter(|played| played.frame < frame).for_each(|played| lasting.track(played));
        lasting.0
    }

    /// Holds a tempo.
    pub(super) fn tempo(&mut self, frame: i64, bpm: f64, oldest: i64) {
        self.tempos.push_back((frame, bpm));
        while self.tempos.len() > HELD || self.tempos.get(1).is_some_and(|(second, _)| *second < oldest) {
            self.tempos.pop_front();
        }
    }
}

/// The MIDI file beside a take.
pub(super) struct MidiFile {
    folder: PathBuf,
    /// The folder to go on in when that one refuses.
    second_folder: Option<PathBuf>,
    stem: String,
    /// Its file, once there is one: no other file is ever replaced.
    path: Option<PathBuf>,
    sample_rate_hz: u32,
    first_frame: i64,
    smf: Smf,
    changed: bool,
    kept_frame: i64,
    kept_bytes: usize,
    /// The last write failed, and that was reported.
    failed: bool,
}

impl MidiFile {
    /// The file beside a take that begins with this frame, with the messages that are held of it.
    pub(super) fn new(order: &TakeOrder, (folder, stem): (PathBuf, String), first_frame: i64, roll: &Roll) -> MidiFile {
        let before = roll.tempos.iter().rev().find(|(frame, _)| *frame <= first_frame).or(roll.tempos.front());
        let bpm = before.map_or(order.bpm, |(_, bpm)| *bpm);
        let mut smf = Smf::new(order.sample_rate_hz, order.port_names.clone(), TempoFrom { frame: 0, bpm });
        smf.name(&order.name);
        let mut file = MidiFile {
            folder,
            second_folder: order.second_folder.clone(),
            stem,
            path: None,
            sample_rate_hz: order.sample_rate_hz,
            first_frame,
            smf,
            changed: false,
            kept_frame: first_frame,
            kept_bytes: 0,
            failed: false,
        };
        for (frame, bpm) in roll.tempos.iter().filter(|(frame, _)| *frame > first_frame) {
            file.tempo(*frame, *bpm);
        }
        // Notes and pedals from before the take are in it from its first frame on.
        let lasting = roll.lasting_at(first_frame);
        lasting.into_iter().for_each(|began| file.play(&RolledMessage { frame: first_frame, ..began }, None));
        roll.played.iter().for_each(|played| file.play(played, None));
        order.marks.iter().for_each(|(frame, label)| file.mark(*frame, label));
        file
    }

    fn place(&self, frame: i64) -> Option<u64> {
        u64::try_from(frame - self.first_frame).ok()
    }

    /// A message, where it belongs to the take, which ends before `end`.
    pub(super) fn play(&mut self, played: &RolledMessage, end: Option<i64>) {
        if let Some(frame) = self.place(played.frame).filter(|_| end.is_none_or(|end| played.frame < end)) {
            let RolledMessage { way, port, ref bytes, .. } = *played;
            self.smf.event(SmfEvent { frame, way, port, bytes: bytes.clone() });
            self.changed = true;
        }
    }

    /// Another tempo.
    pub(super) fn tempo(&mut self, frame: i64, bpm: f64) {
        if let Some(frame) = self.place(frame) {
            self.smf.tempo(TempoFrom { frame, bpm });
        }
    }

    /// A mark.
    pub(super) fn mark(&mut self, frame: i64, label: &str) {
        if let Some(frame) = self.place(frame) {
            self.smf.mark(frame, label);
        }
    }

    /// Brings it to the disk, now and then or at the end, for a take that goes up to this frame. A take without a
    /// message has no such file. Returns a sentence where the file is not in the expected place.
    pub(super) fn keep(&mut self, end_frame: i64, is_end: bool) -> Option<String> {
        let every_seconds = if self.kept_bytes < LONG_BYTES { KEPT_EVERY_SECONDS } else { LONG_KEPT_EVERY_SECONDS };
        let is_due = (end_frame - self.kept_frame) as f64 >= every_seconds * f64::from(self.sample_rate_hz);
        if self.smf.is_empty() || !(is_end || (is_due && self.changed)) {
            return None;
        }
        (self.kept_frame, self.changed) = (end_frame, false);
        if is_end && self.smf.lost() > 0 {
            tracing::warn!(lost = self.smf.lost(), "the MIDI file is full");
        }
        self.smf.end_before(self.place(end_frame).unwrap_or(0));
        let bytes = self.smf.bytes();
        self.kept_bytes = bytes.len();
        let wanted = self.folder.join(format!("{}.mid", self.stem));
        let before = self.path.clone();
        let written = self.write(&self.folder.clone(), &bytes);
        let was_told = std::mem::replace(&mut self.failed, written.is_err());
        let error = match written {
            Ok(path) if path == wanted || before.as_ref() == Some(&path) => return None,
            Ok(path) => {
                return Some(format!(
                    "the MIDI of the take is in {}: {} belongs to another",
                    path.display(),
                    wanted.display()
                ));
            }
            Err(error) => error,
        };
        let elsewhere = self.second_folder.take().filter(|second| *second != self.folder);
        match elsewhere.map(|second| (self.go_on_in(second.clone(), &bytes), second)) {
            Some((Ok(path), _)) => {
                self.failed = false;
                let path = path.display();
                Some(format!("the MIDI of the take is in {path}: {} cannot be written: {error}", wanted.display()))
            }
            other => {
                // It is tried again.
                self.second_folder = other.map(|(_, second)| second);
                let sentence = format!("the take is saved; {} cannot be written: {error}", wanted.display());
                (is_end || !was_told).then_some(sentence)
            }
        }
    }

    /// Goes on in another folder; the file in the first one is not needed any more.
    fn go_on_in(&mut self, folder: PathBuf, bytes: &[u8]) -> io::Result<PathBuf> {
        let before = self.path.take();
        match self.write(&folder, bytes) {
            Ok(path) => {
                self.folder = folder;
                if let Some(before) = before {
                    let _ = fs::remove_file(before);
                }
                Ok(path)
            }
            Err(error) => {
                self.path = before;
                Err(error)
            }
        }
    }

    /// Writes all of it into its file, which is made where there is none yet.
    fn write(&mut self, folder: &Path, bytes: &[u8]) -> io::Result<PathBuf> {
        let path = match &self.path {
            Some(path) => files::replace(path, bytes, files::Readers::Umask).map(|()| path.clone())?,
            None => names::create_midi(folder, &self.stem, bytes)?,
        };
        self.path = Some(path.clone());
        Ok(path)
    }
}
