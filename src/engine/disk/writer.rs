//! The disk writer: what the capture buffer holds becomes takes, which are WAV files.
//!
//! A worker (`worker.rs`) of its own that waits for nothing but the disk. A take is a stretch of the buffer, of the taps
//! that its order names: it may begin in the past and end when the frame it ends before is there.
//! Several are made at once, and what becomes of one is nothing to the others. What the disk is too slow for is silence of
//! its exact length, marked and reported. Files are created new, never overwritten.
//!
//! Jobs come before every piece that is written: a slow disk delays an order by one wait for the disk, not until all is
//! written. How far it has come is in [`WriteProgress`], which can be read while it waits.
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

/// Who made a take, as its header says.
pub const ORIGINATOR: &str = "busker";
/// While a take is made, how often the buffer is looked at. It holds seconds; this only bounds how soon they are written.
const LOOK: Duration = Duration::from_millis(100);

/// Which take, counted from 1 over the life of the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TakeId(pub u32);

/// A take to be made.
#[derive(Clone, Debug)]
pub struct TakeOrder {
    /// Which.
    pub take: TakeId,
    /// Where its files go.
    pub folder: PathBuf,
    /// Where they go on when that refuses.
    pub second_folder: Option<PathBuf>,
    /// Its name, which is a file's name without an ending. Where it is taken, a number is added.
    pub name: String,
    /// Its files.
    pub files: Vec<FileOf>,
    /// How a sample lies in them.
    pub depth: Depth,
    /// Whether what is reduced to 16 bits is dithered.
    pub dither: bool,
    /// Frames per second.
    pub sample_rate_hz: u32,
    /// What is held before this frame is of another rate.
    pub earliest_frame: i64,
    /// Its first frame.
    pub begin: Begin,
    /// The frame after its last, where that is known.
    pub end_frame: Option<i64>,
    /// A sound is what reaches this, of 1.0.
    pub threshold: f32,
    /// It ends after so many frames.
    pub length_frames: Option<u64>,
    /// It ends after so many frames without a sound.
    pub silence_frames: Option<u64>,
    /// It goes on in other files after so many frames.
    pub split_frames: Option<u64>,
    /// Places in it that have a name already.
    pub marks: Vec<(i64, String)>,
    /// When a frame was.
    pub clock: WallClock,
    /// What is played, in a line.
    pub note: String,
    /// The tempo it begins with, where no other is known.
    pub bpm: f64,
    /// The MIDI ports, in their order.
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

/// When a frame was, by the clock on the wall.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WallClock {
    /// A frame.
    pub frame: i64,
    /// Local time then.
    pub at: DateTime,
}

/// What the control thread asks.
#[derive(Debug)]
pub enum TakeJob {
    /// Make a take.
    Begin(Box<TakeOrder>),
    /// End it before this frame.
    End {
        /// Which.
        take: TakeId,
        /// The frame after its last.
        frame: i64,
    },
    /// Name a place.
    Mark {
        /// In which take; nothing is "in every one that is being made".
        take: Option<TakeId>,
        /// The place.
        frame: i64,
        /// Its name.
        label: String,
    },
    /// What went over MIDI.
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
        /// Which.
        take: TakeId,
        /// Its first file.
        path: PathBuf,
        /// Its first frame.
        frame: i64,
    },
    /// The disk was too slow: so many frames are silence instead.
    Gap {
        /// Of which take.
        take: TakeId,
        /// How many.
        frames: u64,
    },
    /// A file is whole and closed.
    Finished {
        /// Of which take.
        take: TakeId,
        /// The file.
        path: PathBuf,
        /// Frames in it.
        frames: u64,
        /// Of them silence, where the disk was too slow.
        gap_frames: u64,
    },
    /// The disk refused, or another program removed the file.
    Failed {
        /// Of which take.
        take: TakeId,
        /// The file.
        path: PathBuf,
        /// Frames that are safe in it; none where it is not there any more.
        frames: u64,
        /// Why.
        reason: String,
        /// The file in which the take goes on.
        goes_on: Option<PathBuf>,
    },
    /// What was played could not be written where it belongs; the take is safe.
    Midi {
        /// What, and why.
        sentence: String,
    },
    /// Nothing more comes of a take.
    Over {
        /// Which.
        take: TakeId,
    },
}

/// How far the writer has come: the oldest frame that it still needs of the buffer.
///
/// Crossing: one number, written by the writer and read by any thread, also while the writer waits for the disk; the newest
/// wins.
#[derive(Clone, Debug)]
pub struct WriteProgress(Arc<AtomicI64>);

/// Nothing is needed.
const NOTHING: i64 = i64::MAX;

impl WriteProgress {
    /// Nothing is written yet.
    pub fn new() -> WriteProgress {
        WriteProgress(Arc::new(AtomicI64::new(NOTHING)))
    }

    /// The oldest frame that is not written yet and will be; nothing where all is written.
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

/// What all takes share: where samples come from, and where news goes.
struct Shared<'a> {
    capture: &'a Capture,
    link: &'a WorkerLink<Writer>,
}

impl Shared<'_> {
    fn report(&self, news: TakeNews) {
        self.link.report(news);
    }
}

/// Both halves of a writer of what is held, and how far it has come, for any thread.
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
        // The callback needs seconds for what takes a moment here.
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

    /// Ends every take with what is there.
    fn end(&mut self, link: &mut WorkerLink<Self>) {
        let head = self.capture.held().end;
        for take in &mut self.takes {
            take.end_before(head);
        }
        while self.go_on(link) {}
    }
}

impl Writer {
    /// A piece of one file, counted over all takes; nothing where there are not so many.
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
