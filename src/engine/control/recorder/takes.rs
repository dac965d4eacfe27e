//! The takes as the control thread knows them: what is made, what is waited for, and what became of it.
//!
//! The buffer holds what was played, so the beginning and the end of a take are frames that may have passed: a bar is
//! taken once it has come.

mod answer;
mod begins;
mod order;
mod pace;
mod shown;
#[cfg(test)]
mod tests;

pub use order::Occasion;

use super::{folder::Folder, room::Room};
use crate::{
    config::recorder::RecorderOptions,
    engine::{
        audio::capture::Capture,
        control::{Calendar, out::Out, owed::Awaited},
        disk::writer::{Begin, Done, Job, Played, Progress, TakeId, TakeOrder},
    },
    status::{Event, RecordStatus, Severity, TakeStatus, WaitsFor},
    takes::Happening,
};
use begins::Begins;
use pace::Pace;
use std::{
    path::{Path, PathBuf},
    sync::mpsc::{Receiver, Sender},
};

/// Takes that may be made or closed at once: each costs files, buffers and what was played.
const TAKES_MAX: usize = 8;
/// With less room than this for the take under way, a warning is due.
const LOW_SECONDS: u64 = 10 * 60;
/// What goes over MIDI is handed over twice a second: each time wakes the disk writer.
const PLAYED_EVERY_TURNS: u32 = 16;
/// What is heard is never further behind what is held.
const CLOCK_SECONDS: f64 = 1.0;

/// What there is of a take that is not closed yet.
#[derive(Debug)]
struct Made {
    id: TakeId,
    /// Its first file, once that is there; where the disk refused that, the one it goes on in.
    path: Option<PathBuf>,
    /// Where it begins, until the writer has begun it; not where it waits for a sound.
    asked_frame: Option<i64>,
    /// Files it has at a time.
    lanes: usize,
    /// Its files that can be read, and the frames in them together; the first of them.
    files: u64,
    frames: u64,
    readable: Option<PathBuf>,
    /// What went wrong, in sentences.
    faults: Vec<String>,
}

impl Made {
    fn new(order: &TakeOrder) -> Made {
        let asked_frame = match order.begin {
            Begin::At(frame) => Some(frame),
            Begin::OnSound { .. } => None,
        };
        let lanes = order.files.len();
        let (files, frames, faults) = (0, 0, Vec::new());
        Made { id: order.take, path: None, asked_frame, lanes, files, frames, readable: None, faults }
    }

    fn finished(&mut self, path: &Path, frames: u64) {
        self.files += 1;
        self.frames += frames;
        self.readable.get_or_insert_with(|| path.to_owned());
    }

    /// The disk refused one of its files, which goes on in another, or nowhere.
    fn refused(&mut self, path: &Path, frames: u64, goes_on: Option<&Path>, sentence: String) {
        self.faults.push(sentence);
        if frames > 0 {
            self.finished(path, frames);
        }
        if let (Some(present), Some(other)) = (&mut self.path, goes_on)
            && (self.lanes == 1 || present == path)
        {
            other.clone_into(present);
        }
    }
}

/// The take under way.
#[derive(Debug)]
struct Take {
    made: Made,
    /// As it was asked for.
    name: Option<String>,
    /// It begins with a sound.
    listens: bool,
    /// Its first frame, once it has begun.
    first_frame: Option<i64>,
    /// It ends with the next bar.
    ends_with_bar: bool,
    gap_frames: u64,
    marks: u32,
}

/// A take that begins with the song or a bar of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    pub name: Option<String>,
    /// With the song, wherever that begins; otherwise with a bar.
    pub with_song: bool,
    /// Not before this frame: a song that was stopped before the take was asked for is still heard for a moment.
    pub from_frame: i64,
}

/// Recording, seen from the control thread.
pub struct Takes {
    jobs: Sender<Job>,
    done: Receiver<Done>,
    folder: PathBuf,
    calendar: Calendar,
    sample_rate_hz: u32,
    /// What is held before this frame is of another rate.
    earliest_frame: i64,
    /// Where the newest take ended.
    ended_frame: i64,
    capture: Capture,
    inputs: usize,
    options: RecorderOptions,
    /// How many channels the files of these have together.
    channels: usize,
    count: u32,
    take: Option<Take>,
    pub pending: Option<Pending>,
    /// Those that have ended and are not closed yet.
    closing: Vec<Made>,
    /// How the disk keeps up.
    pace: Pace,
    /// How many may still begin now.
    begins: Begins,
    /// Times the disk refused a file.
    refused: u64,
    /// The name to go on under when the device is back.
    interrupted: Option<Option<String>>,
    gap_frames: u64,
    /// What went over MIDI and is not handed over yet, and the turns since something was.
    played: Vec<Played>,
    turns: u32,
    /// As it was told last.
    tempo_bpm: Option<f64>,
    room: Room,
    warned: bool,
}

/// What takes are made with.
pub struct TakesParts {
    pub jobs: Sender<Job>,
    pub done: Receiver<Done>,
    pub progress: Progress,
    pub folder: PathBuf,
    pub calendar: Calendar,
    pub capture: Capture,
    pub inputs: usize,
    pub sample_rate_hz: u32,
    pub options: RecorderOptions,
}

impl Takes {
    pub fn new(parts: TakesParts) -> Takes {
        let mut takes = Takes {
            jobs: parts.jobs,
            done: parts.done,
            folder: parts.folder,
            calendar: parts.calendar,
            sample_rate_hz: parts.sample_rate_hz,
            ended_frame: 0,
            earliest_frame: 0,
            capture: parts.capture,
            inputs: parts.inputs,
            options: parts.options.clone(),
            channels: 0,
            count: 0,
            take: None,
            pending: None,
            closing: Vec::new(),
            pace: Pace::new(parts.progress),
            begins: Begins::new(),
            refused: 0,
            interrupted: None,
            gap_frames: 0,
            played: Vec::new(),
            turns: 0,
            tempo_bpm: None,
            room: Room::default(),
            warned: false,
        };
        // Files that cannot be are told when they are asked for.
        let _ = takes.set(parts.options);
        takes
    }

    /// How takes are made.
    pub fn options(&self) -> &RecorderOptions {
        &self.options
    }

    /// From now on takes are made so.
    ///
    /// # Errors
    /// Their files cannot be; nothing is changed.
    pub fn set(&mut self, options: RecorderOptions) -> Result<(), String> {
        let channels: usize = options.files.of(self.inputs)?.iter().map(|file| file.channels.len()).sum();
        self.channels = channels;
        self.options = options;
        Ok(())
    }

    /// What takes of these options write in a second.
    fn bytes_per_second(&self) -> u64 {
        (self.channels * self.options.depth.bytes()) as u64 * u64::from(self.sample_rate_hz)
    }

    /// How many inputs there are.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// Whether a take is under way or waited for.
    pub fn recording(&self) -> bool {
        self.pending.is_some() || self.take.is_some()
    }

    /// Whether a take is under way or not closed yet.
    pub fn is_open(&self) -> bool {
        self.take.is_some() || !self.closing.is_empty()
    }

    /// The first file of the take under way.
    pub fn path(&self) -> Option<&Path> {
        self.take.as_ref()?.made.path.as_deref()
    }

    /// The take under way and those that are being closed.
    fn open_takes(&self) -> impl Iterator<Item = &Made> {
        self.take.iter().map(|take| &take.made).chain(&self.closing)
    }

    fn made(&self, id: TakeId) -> Option<&Made> {
        self.open_takes().find(|made| made.id == id)
    }

    fn made_mut(&mut self, id: TakeId) -> Option<&mut Made> {
        self.take.iter_mut().map(|take| &mut take.made).chain(&mut self.closing).find(|made| made.id == id)
    }

    /// Whether the take under way ends with the next bar.
    pub fn ends_with_bar(&self) -> bool {
        self.take.as_ref().is_some_and(|take| take.ends_with_bar)
    }

    /// Lets one more take begin at this instant.
    ///
    /// # Errors
    /// Too many are being written, or began just before.
    pub fn admit(&mut self, now_ns: u64) -> Result<(), String> {
        self.too_many().map_or(Ok(()), Err)?;
        self.begins.admit(now_ns)
    }

    /// Why no take can begin now.
    pub fn refusal(&self) -> Option<String> {
        if self.pending.is_some() {
            return Some("a take is waiting for its beginning already; record.stop ends that".to_owned());
        }
        let Some(take) = &self.take else { return self.too_many() };
        Some(match &take.made.path {
            Some(path) => format!("already recording to {}; record.stop ends it", path.display()),
            None if take.listens => "a sound is waited for already; record.stop ends that".to_owned(),
            None => "a take is beginning already; record.stop ends it".to_owned(),
        })
    }

    /// Why not one more can be made at once.
    fn too_many(&self) -> Option<String> {
        (self.closing.len() + usize::from(self.take.is_some()) >= TAKES_MAX).then(|| {
            format!("{TAKES_MAX} takes are being written already; this one is not made: wait until one is closed")
        })
    }

    /// Where takes go.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// From now on takes go there.
    pub fn go_to(&mut self, folder: PathBuf) {
        self.folder = folder;
    }

    /// So many seconds in frames.
    pub fn frames(&self, seconds: f64) -> i64 {
        (seconds * f64::from(self.sample_rate_hz)) as i64
    }

    /// How much earlier takes begin.
    pub fn pre_roll_frames(&self) -> i64 {
        self.frames(f64::from(self.options.pre_roll_ms) / 1000.0)
    }

    /// A new take. The first frames of it may have passed.
    ///
    /// # Errors
    /// Its files cannot be what they are to be, or too many takes are being written.
    pub fn begin(
        &mut self,
        name: Option<String>,
        begin: Begin,
        marks: Vec<(i64, String)>,
        occasion: &Occasion,
        out: &mut Out,
    ) -> Result<(), String> {
        let files = self.options.files.of(self.inputs)?;
        if let Some(why) = self.too_many() {
            return Err(why);
        }
        let base = self.name(name.as_deref(), "", occasion);
        let begin = match begin {
            // Right after a device began, the clock may not know its frame.
            Begin::At(frame) => {
                Begin::At(frame.max(self.held().end - self.pre_roll_frames() - self.frames(CLOCK_SECONDS)))
            }
            Begin::OnSound { .. } => begin,
        };
        let listens = matches!(begin, Begin::OnSound { .. });
        let order = TakeOrder { marks, ..self.order(base, files, begin, None, occasion) };
        let made = Made::new(&order);
        if !listens {
            out.owed.promise(Awaited::Beginning(made.id));
        }
        self.send(Job::Begin(Box::new(order)));
        self.take =
            Some(Take { made, name, listens, first_frame: None, ends_with_bar: false, gap_frames: 0, marks: 0 });
        self.warned = false;
        Ok(())
    }

    /// Keeps what was played before `end`, from this frame on.
    ///
    /// # Errors
    /// As for [`begin`](Self::begin).
    pub fn keep(&mut self, from: i64, end: i64, occasion: &Occasion, out: &mut Out) -> Result<(), String> {
        let files = self.options.files.of(self.inputs)?;
        if let Some(why) = self.too_many() {
            return Err(why);
        }
        let name = self.name(None, "-capture", occasion);
        let mut order = self.order(name, files, Begin::At(from), Some(end), occasion);
        (order.silence_frames, order.length_frames) = (None, None);
        out.owed.promise(Awaited::End(order.take));
        self.closing.push(Made::new(&order));
        self.send(Job::Begin(Box::new(order)));
        Ok(())
    }

    fn send(&self, job: Job) {
        // A writer that is gone answers by its silence; the thread's end is noticed where it is joined.
        let _ = self.jobs.send(job);
    }

    /// Ends the take under way before this frame; another may begin at once.
    pub fn end(&mut self, frame: i64, out: &mut Out) {
        self.hand_over_played();
        if let Some(Take { made, .. }) = self.take.take() {
            self.ended_frame = frame;
            let take = made.id;
            tracing::info!(take = take.0, frame, "take stopped");
            self.closing.push(made);
            out.owed.promise(Awaited::End(take));
            self.send(Job::End { take, frame });
        }
    }

    /// Ends the take under way with the next bar.
    pub fn end_with_bar(&mut self) {
        if let Some(take) = &mut self.take {
            take.ends_with_bar = true;
        }
    }

    /// The device is gone: the take ends with what is there, and goes on when it is back. One that waits for a sound goes on
    /// waiting.
    pub fn interrupt(&mut self, out: &mut Out) {
        if let Some(take) = self.take.as_ref().filter(|take| take.first_frame.is_some()) {
            self.interrupted = Some(take.name.clone());
            self.end(self.held().end, out);
        }
    }

    /// The name to go on under, where a take was interrupted; said once.
    pub fn take_interrupted(&mut self) -> Option<Option<String>> {
        self.interrupted.take()
    }

    /// Names a place; nothing where no take is made.
    pub fn mark(&mut self, frame: i64, label: Option<&str>) -> Option<String> {
        let take = self.take.as_mut().filter(|take| take.first_frame.is_some())?;
        take.marks += 1;
        let label = label.map_or_else(|| format!("mark {}", take.marks), str::to_owned);
        self.send(Job::Mark { frame, label: label.clone() });
        Some(label)
    }

    /// What went over MIDI goes beside the takes.
    pub fn played(&mut self, mut played: Vec<Played>) {
        self.played.append(&mut played);
    }

    /// Hands over what went over MIDI.
    fn hand_over_played(&mut self) {
        self.turns = 0;
        if !self.played.is_empty() {
            let played = std::mem::take(&mut self.played);
            self.send(Job::Played(played));
        }
    }

    /// The tempo from a frame on, where it is another.
    pub fn tempo(&mut self, frame: i64, bpm: f64) {
        if self.tempo_bpm.replace(bpm) != Some(bpm) {
            self.send(Job::Tempo { frame, bpm });
        }
    }

    /// Something happened that whoever hears the take must know.
    pub fn happened(&mut self, frame: i64, what: &Happening) {
        if self.is_open() {
            self.send(Job::Mark { frame, label: what.to_string() });
        }
    }

    /// Takes in what the writer tells.
    pub fn listen(&mut self, folder: &Folder, out: &mut Out) {
        self.turns += 1;
        if self.turns >= PLAYED_EVERY_TURNS {
            self.hand_over_played();
        }
        while let Ok(done) = self.done.try_recv() {
            self.hear(done, folder, out);
        }
        self.look_at_pace(out);
    }

    fn hear(&mut self, done: Done, folder: &Folder, out: &mut Out) {
        match done {
            Done::Began { take, path, frame } => {
                tracing::info!(take = take.0, frame, path = %path.display(), "take started");
                if let Some(take) = self.take.as_mut().filter(|under_way| under_way.made.id == take) {
                    take.first_frame = Some(frame);
                }
                if let Some(made) = self.made_mut(take) {
                    (made.path, made.asked_frame) = (Some(path.clone()), None);
                }
                out.owed.answer(Awaited::Beginning(take), Ok(format!("recording to {}", path.display())));
                folder.changed();
                out.tell(Event::TakeStarted { path, frame });
            }
            Done::Gap { take, frames } => {
                self.gap_frames += frames;
                let seconds = frames as f64 / f64::from(self.sample_rate_hz);
                tracing::warn!(take = take.0, frames, "gap");
                if let Some(take) = self.take.as_mut().filter(|under_way| under_way.made.id == take) {
                    take.gap_frames += frames;
                }
                let text =
                    format!("the disk is too slow: {seconds:.3} s of the take are silence, what follows is in time");
                out.notice(Severity::Warning, text);
            }
            Done::Finished { take, path, frames, gap_frames } => {
                tracing::info!(take = take.0, frames, gap_frames, path = %path.display(), "take finished");
                if let Some(made) = self.made_mut(take) {
                    made.finished(&path, frames);
                }
                folder.finished(&path);
                out.tell(Event::TakeFinished { path, frames, gap_frames });
            }
            Done::Failed { take, path, frames, reason, goes_on } => {
                tracing::error!(take = take.0, frames, path = %path.display(), reason, "the disk refused");
                let severity = if goes_on.is_some() { Severity::Warning } else { Severity::Error };
                let has_begun = self.made(take).is_some_and(|made| made.path.is_some());
                let sentence = self.failure(&path, frames, &reason, goes_on.as_deref(), has_begun);
                if let Some(made) = self.made_mut(take) {
                    made.refused(&path, frames, goes_on.as_deref(), sentence.clone());
                }
                self.refused += 1;
                out.notice(severity, sentence);
                if frames > 0 {
                    folder.finished(&path);
                    out.tell(Event::TakeFinished { path, frames, gap_frames: 0 });
                }
            }
            Done::Midi { sentence } => {
                self.refused += 1;
                out.notice(Severity::Warning, sentence);
            }
            Done::Over { take } => {
                let under_way = self.take.take_if(|under_way| under_way.made.id == take).map(|take| take.made);
                let closed = self.closing.iter().position(|made| made.id == take).map(|at| self.closing.remove(at));
                if let Some(made) = under_way.or(closed) {
                    self.answer_end(&made, out);
                }
            }
        }
    }

    fn failure(&self, path: &Path, frames: u64, reason: &str, goes_on: Option<&Path>, has_begun: bool) -> String {
        let path = path.display();
        let seconds = frames as f64 / f64::from(self.sample_rate_hz);
        let safe = if frames == 0 { String::new() } else { format!("; its first {seconds:.1} s are safe") };
        match goes_on {
            Some(other) => format!("recording to {path}: {reason}{safe}; it goes on in {}", other.display()),
            None if !has_begun => {
                format!(
                    "cannot record to {path}: {reason}; everything else works: free the disk or choose another folder"
                )
            }
            None => format!("recording to {path} ended: {reason}{safe}, everything else works"),
        }
    }

    /// Has the file system asked for its free room, and warns once a take when it becomes little.
    pub fn look_at_disk(&mut self, out: &Out) {
        self.room.look(&self.folder);
        if let Some(free) = self.room.free_bytes(&self.folder)
            && self.recording()
            && !self.warned
            && free / self.bytes_per_second().max(1) < LOW_SECONDS
        {
            self.warned = true;
            let left = room_text(free / self.bytes_per_second().max(1));
            out.notice(Severity::Warning, format!("the disk has room for {left} of recording"));
        }
    }

    /// Times the disk refused a file of a take, or its MIDI file.
    pub fn refused(&self) -> u64 {
        self.refused
    }

    /// Frames of files that are silence because the disk was too slow.
    pub fn gap_frames(&self) -> u64 {
        self.gap_frames
    }

    pub fn status(&self, frame: i64) -> RecordStatus {
        let seconds = |frames: i64| frames.max(0) as f64 / f64::from(self.sample_rate_hz);
        let take = self.take.as_ref().and_then(|take| {
            Some(TakeStatus {
                path: take.made.path.clone()?,
                seconds: seconds(frame - take.first_frame?),
                marks: take.marks,
                gap_frames: take.gap_frames,
                ends_with_bar: take.ends_with_bar,
            })
        });
        let waits_for = match (&self.pending, &self.take) {
            (Some(pending), _) => Some(if pending.with_song { WaitsFor::Song } else { WaitsFor::Bar }),
            (None, Some(under_way)) if under_way.listens && take.is_none() => Some(WaitsFor::Sound),
            _ => None,
        };
        RecordStatus {
            is_recording: self.recording(),
            take,
            waits_for,
            folder: self.folder.clone(),
            free_bytes: self.room.free_bytes(&self.folder),
            bytes_per_second: self.bytes_per_second(),
            capture_bytes: self.capture.bytes(),
            behind: self.behind().cloned(),
        }
    }

    /// The frames that can be kept.
    pub fn held(&self) -> std::ops::Range<i64> {
        let held = self.capture.held();
        held.start.max(self.earliest_frame).min(held.end)..held.end
    }

    /// Frames are of another rate from this one on, and so are the takes that begin.
    pub fn set_rate(&mut self, sample_rate_hz: u32, frame: i64) {
        (self.sample_rate_hz, self.earliest_frame) = (sample_rate_hz, frame);
    }
}

/// Seconds of recording that are left, as a warning says them.
fn room_text(seconds: u64) -> String {
    match (seconds / 60, seconds) {
        (0, 0) => "less than a second".to_owned(),
        (0, 1) => "1 more second".to_owned(),
        (0, seconds) => format!("{seconds} more seconds"),
        (1, _) => "1 more minute".to_owned(),
        (minutes, _) => format!("{minutes} more minutes"),
    }
}
