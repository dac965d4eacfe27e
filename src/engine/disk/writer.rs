//! The disk writer: writes takes, which are WAV files, from the capture buffer.
//!
//! A worker (`worker.rs`) of its own that waits for nothing but the disk. A take is a stretch of the buffer, of the
//! taps that its order names: it may begin in the past, and it ends when its last frame is there. Several are made at
//! once, and none affects another. Where the disk is too slow, silence of the exact length takes the place of the
//! frames, marked and reported. Files are created new, never overwritten.
//!
//! Jobs come before every piece that is written: a slow disk delays an order by one wait for the disk, not until all is
//! written. [`WriteProgress`] says how far it has come, and can be read while it waits.
//!
//! `writer/take.rs` is one take, `writer/take_file.rs` one of its files.

mod names;
mod roll;
mod take;
mod take_file;

use super::worker::{DiskWork, Worker, WorkerHandle, WorkerLink, worker};
use crate::{config::recorder::FileOf, engine::audio::capture::Capture, wav::Depth};
use jiff::civil::DateTime;
use roll::Roll;
use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};
use take::OpenTake;

pub use roll::RolledMessage;

/// The originator in a take's header.
pub const ORIGINATOR: &str = "busker";
/// How often the writer looks at the buffer while a take is made. The buffer holds seconds; this only bounds how soon
/// they are written.
const LOOK: Duration = Duration::from_millis(100);

/// A take's number, counted from 1 over the life of the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TakeId(pub u32);

/// A take to be made.
#[derive(Clone, Debug)]
pub struct TakeOrder {
    /// The take's number.
    pub take: TakeId,
    /// The folder of its files.
    pub folder: PathBuf,
    /// The folder to go on in when that one refuses.
    pub second_folder: Option<PathBuf>,
    /// Its name: a file name without an ending. Where a file has it already, a number is added.
    pub name: String,
    /// Its files.
    pub files: Vec<FileOf>,
    /// The sample format of its files.
    pub depth: Depth,
    /// Whether samples reduced to 16 bits are dithered.
    pub dither: bool,
    /// Frames per second.
    pub sample_rate_hz: u32,
    /// Frames before this one are of another sample rate.
    pub earliest_frame: i64,
    /// Its first frame.
    pub begin: Begin,
    /// The frame after its last, where that is known.
    pub end_frame: Option<i64>,
    /// A sample that reaches this counts as sound; full scale is 1.0.
    pub threshold: f32,
    /// It ends after so many frames.
    pub length_frames: Option<u64>,
    /// It ends after so many frames without a sound.
    pub silence_frames: Option<u64>,
    /// It goes on in other files after so many frames.
    pub split_frames: Option<u64>,
    /// Marks with a name set before it begins.
    pub marks: Vec<(i64, String)>,
    /// The time of day of a frame.
    pub clock: WallClock,
    /// The comment in its header, in a line: tempo and the like.
    pub note: String,
    /// The tempo it begins with, where no other is known.
    pub bpm: f64,
    /// The names of the MIDI ports, in their order.
    pub port_names: Vec<String>,
}

impl TakeOrder {
    fn frames(&self, seconds: f64) -> u64 {
        (seconds * f64::from(self.sample_rate_hz)) as u64
    }
}

/// Where a take begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begin {
    /// With this frame, or the oldest that is held.
    At(i64),
    /// So many frames before the first sound from a frame on.
    OnSound {
        /// Sounds before this one do not count.
        from_frame: i64,
        /// How much earlier it begins.
        pre_roll_frames: u64,
    },
}

/// The time of day of a frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WallClock {
    /// A frame.
    pub frame: i64,
    /// Local time then.
    pub at: DateTime,
}

/// A job from the control thread.
#[derive(Debug)]
pub enum TakeJob {
    /// Make a take.
    Begin(Box<TakeOrder>),
    /// End it before this frame.
    End {
        /// The take.
        take: TakeId,
        /// The frame after its last.
        frame: i64,
    },
    /// Set a mark.
    Mark {
        /// The take; `None` is every take that is being made.
        take: Option<TakeId>,
        /// The frame of the mark.
        frame: i64,
        /// Its name.
        label: String,
    },
    /// MIDI messages that were sent and received.
    RolledMessage(Vec<RolledMessage>),
    /// Another tempo.
    Tempo {
        /// From here on.
        frame: i64,
        /// Quarter notes per minute.
        bpm: f64,
    },
}

/// What the writer reports.
#[derive(Debug)]
pub enum TakeNews {
    /// A take began.
    Began {
        /// The take.
        take: TakeId,
        /// Its first file.
        path: PathBuf,
        /// Its first frame.
        frame: i64,
    },
    /// The disk was too slow: so many frames are silence instead.
    Gap {
        /// The take.
        take: TakeId,
        /// How many.
        frames: u64,
    },
    /// A file is whole and closed.
    Finished {
        /// The take.
        take: TakeId,
        /// The file.
        path: PathBuf,
        /// Frames in it.
        frames: u64,
        /// Frames of silence among them, where the disk was too slow.
        gap_frames: u64,
    },
    /// The disk refused, or another program removed the file.
    Failed {
        /// The take.
        take: TakeId,
        /// The file.
        path: PathBuf,
        /// Frames that are safe in it; `None` where the file is gone.
        frames: u64,
        /// Why.
        reason: String,
        /// The file in which the take goes on.
        goes_on: Option<PathBuf>,
    },
    /// The take's MIDI could not be written; its audio is safe.
    Midi {
        /// The file and the reason.
        sentence: String,
    },
    /// A take is over; no more news of it follows.
    Over {
        /// The take.
        take: TakeId,
    },
}

/// How far the writer has come: the oldest frame that it still needs of the buffer.
///
/// Crossing: one number, written by the writer and read by any thread, also while the writer waits for the disk; the newest
/// wins.
#[derive(Clone, Debug)]
pub struct WriteProgress(Arc<AtomicI64>);

/// All is written.
const NOTHING: i64 = i64::MAX;

impl WriteProgress {
    /// The progress before the first frame is written.
    pub fn new() -> WriteProgress {
        WriteProgress(Arc::new(AtomicI64::new(NOTHING)))
    }

    /// The oldest frame that is still to be written; `None` where all is written.
    pub fn oldest_frame(&self) -> Option<i64> {
        Some(self.0.load(Ordering::Relaxed)).filter(|frame| *frame != NOTHING)
    }

    pub(in crate::engine) fn set(&self, frame: Option<i64>) {
        self.0.store(frame.unwrap_or(NOTHING), Ordering::Relaxed);
    }
}

impl Default for WriteProgress {
    fn default() -> WriteProgress {
        WriteProgress::new()
    }
}

/// The writer's state.
pub struct Writer {
    capture: Capture,
    progress: WriteProgress,
    roll: Roll,
    takes: Vec<OpenTake>,
}

/// Shared by all takes: the source of samples, and the channel for news.
struct Shared<'a> {
    capture: &'a Capture,
    link: &'a WorkerLink<Writer>,
}

impl Shared<'_> {
    fn report(&self, news: TakeNews) {
        self.link.report(news);
    }
}

/// Both halves of a writer of this buffer, and its progress, for any thread.
pub fn writer(capture: Capture) -> (Worker<Writer>, WorkerHandle<TakeJob, TakeNews>, WriteProgress) {
    let progress = WriteProgress::new();
    let writer = Writer { capture, progress: progress.clone(), roll: Roll::default(), takes: Vec::new() };
    let (worker, handle) = worker(writer);
    (worker, handle, progress)
}

impl DiskWork for Writer {
    type Job = TakeJob;
    type News = TakeNews;
    const THREAD: &'static str = "disk-writer";

    fn start(&mut self) {
        // It takes a moment here; the callback would need seconds for it.
        self.capture.bring_in();
    }

    fn patience(&self) -> Option<Duration> {
        (!self.takes.is_empty()).then_some(LOOK)
    }

    fn obey(&mut self, job: TakeJob, link: &mut WorkerLink<Self>) {
        match job {
            TakeJob::Begin(order) => {
                let shared = Shared { capture: &self.capture, link };
                self.takes.push(OpenTake::new(*order, &shared, &self.roll));
            }
            TakeJob::End { take, frame } => {
                if let Some(take) = self.takes.iter_mut().find(|open| open.id() == take) {
                    take.end_before(frame);
                }
            }
            TakeJob::Mark { take: of, frame, label } => {
                let takes = self.takes.iter_mut().filter(|take| of.is_none_or(|of| of == take.id()));
                takes.for_each(|take| take.mark(frame, &label));
            }
            TakeJob::RolledMessage(batch) => {
                let oldest = self.capture.held().start;
                for played in batch {
                    self.takes.iter_mut().for_each(|take| take.play(&played));
                    self.roll.play(played, oldest);
                }
            }
            TakeJob::Tempo { frame, bpm } => {
                self.takes.iter_mut().for_each(|take| take.tempo(frame, bpm));
                self.roll.tempo(frame, bpm, self.capture.held().start);
            }
        }
    }

    /// A piece of each file in turn, so that none waits while another catches up.
    fn go_on(&mut self, link: &mut WorkerLink<Self>) -> bool {
        let mut wrote = false;
        let mut turn = 0;
        loop {
            while let Some(job) = link.next_job() {
                self.obey(job, link);
            }
            self.note_progress();
            match self.write_one(turn, link) {
                Some(more) => wrote |= more,
                None => break,
            }
            turn += 1;
        }
        let shared = Shared { capture: &self.capture, link };
        self.takes.retain_mut(|take| !take.is_over(&shared));
        self.note_progress();
        wrote
    }

    /// Ends every take with the frames that are there.
    fn end(&mut self, link: &mut WorkerLink<Self>) {
        let head = self.capture.held().end;
        for take in &mut self.takes {
            take.end_before(head);
        }
        while self.go_on(link) {}
    }
}

impl Writer {
    /// Writes a piece of one file, counted over all takes; `None` where there are fewer files.
    fn write_one(&mut self, turn: usize, link: &WorkerLink<Self>) -> Option<bool> {
        let Writer { capture, roll, takes, .. } = self;
        let mut file = turn;
        for take in takes {
            match file.checked_sub(take.files()) {
                None => return Some(take.write(file, &Shared { capture, link }, roll)),
                Some(rest) => file = rest,
            }
        }
        None
    }

    fn note_progress(&self) {
        self.progress.set(self.takes.iter().filter_map(OpenTake::needs).min());
    }
}

#[cfg(test)]
mod tests;
