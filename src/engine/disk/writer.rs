//! The disk writer: what the capture buffer holds becomes takes, which are WAV files.
//!
//! Runs on its own thread (or stepped, in virtual time) and waits for nothing but the disk. A take is a stretch of the
//! buffer, of the taps that its order names: it may begin in the past and end when the frame it ends before is there.
//! Several are made at once, and what becomes of one is nothing to the others. What the disk is too slow for is silence of
//! its exact length, marked and reported. Files are created new, never overwritten.
//!
//! Jobs come before every piece that is written: a slow disk delays an order by one wait for the disk, not until all is
//! written. How far it has come is in [`WriteProgress`], which can be read while it waits.
//!
//! `writer/take.rs` is one take, `writer/take_file.rs` one of its files; jobs and what becomes of them cross in channels that
//! lose nothing.

mod names;
mod roll;
mod take;
mod take_file;

use crate::{config::recorder::FileOf, engine::audio::capture::Capture, wav::Depth};
use jiff::civil::DateTime;
use roll::Roll;
use std::{
    io,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
        mpsc::{Receiver, RecvTimeoutError, Sender},
    },
    thread::{self, JoinHandle},
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
    Played(Vec<RolledMessage>),
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
    jobs: Receiver<TakeJob>,
    progress: WriteProgress,
    shared: Shared,
    roll: Roll,
    takes: Vec<OpenTake>,
}

/// What all takes share: where samples come from, and where news goes.
struct Shared {
    capture: Capture,
    done: Sender<TakeNews>,
    /// Called when there is news.
    knock: Box<dyn Fn() + Send>,
}

impl Shared {
    fn report(&self, done: TakeNews) {
        // Where the control thread is gone, the files are closed all the same.
        let _ = self.done.send(done);
        (self.knock)();
    }
}

impl Writer {
    /// A writer of what is held.
    pub fn new(jobs: Receiver<TakeJob>, done: Sender<TakeNews>, capture: Capture) -> Writer {
        Writer {
            jobs,
            progress: WriteProgress::new(),
            shared: Shared { capture, done, knock: Box::new(|| {}) },
            roll: Roll::default(),
            takes: Vec::new(),
        }
    }

    /// How far it has come, for any thread.
    pub fn progress(&self) -> WriteProgress {
        self.progress.clone()
    }

    /// Runs until the control thread is gone, then closes what is open. `knock` is called when there is news.
    ///
    /// # Errors
    /// Where the system has no more threads.
    pub fn spawn(mut self, knock: impl Fn() + Send + 'static) -> io::Result<JoinHandle<()>> {
        self.shared.knock = Box::new(knock);
        thread::Builder::new().name("disk-writer".into()).spawn(move || {
            // The callback needs seconds for what takes a moment here.
            self.shared.capture.bring_in();
            loop {
                let job = match self.takes.is_empty() {
                    true => self.jobs.recv().map_err(|_| RecvTimeoutError::Disconnected),
                    false => self.jobs.recv_timeout(LOOK),
                };
                match job {
                    Ok(job) => self.obey(job),
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => break,
                }
                self.step();
            }
            self.close();
        })
    }

    /// Does everything there is to do now.
    pub fn step(&mut self) {
        while self.write_round() {}
    }

    fn obey_all(&mut self) {
        while let Ok(job) = self.jobs.try_recv() {
            self.obey(job);
        }
    }

    /// Ends every take with what is there.
    fn close(&mut self) {
        let head = self.shared.capture.held().end;
        for take in &mut self.takes {
            take.end_before(head);
        }
        self.step();
    }

    fn obey(&mut self, job: TakeJob) {
        match job {
            TakeJob::Begin(order) => self.takes.push(OpenTake::new(*order, &self.shared, &self.roll)),
            TakeJob::End { take, frame } => {
                if let Some(take) = self.takes.iter_mut().find(|open| open.id() == take) {
                    take.end_before(frame);
                }
            }
            TakeJob::Mark { take: of, frame, label } => {
                let takes = self.takes.iter_mut().filter(|take| of.is_none_or(|of| of == take.id()));
                takes.for_each(|take| take.mark(frame, &label));
            }
            TakeJob::Played(batch) => {
                let oldest = self.shared.capture.held().start;
                for played in batch {
                    self.takes.iter_mut().for_each(|take| take.play(&played));
                    self.roll.play(played, oldest);
                }
            }
            TakeJob::Tempo { frame, bpm } => {
                self.takes.iter_mut().for_each(|take| take.tempo(frame, bpm));
                self.roll.tempo(frame, bpm, self.shared.capture.held().start);
            }
        }
    }

    /// A piece of each file in turn, so that none waits while another catches up. True where there may be more.
    fn write_round(&mut self) -> bool {
        let mut wrote = false;
        let mut turn = 0;
        loop {
            self.obey_all();
            self.note_progress();
            match self.write_one(turn) {
                Some(more) => wrote |= more,
                None => break,
            }
            turn += 1;
        }
        self.takes.retain_mut(|take| !take.is_over(&self.shared));
        self.note_progress();
        wrote
    }

    /// A piece of one file, counted over all takes; nothing where there are not so many.
    fn write_one(&mut self, turn: usize) -> Option<bool> {
        let mut file = turn;
        for take in &mut self.takes {
            match file.checked_sub(take.files()) {
                None => return Some(take.write(file, &self.shared, &self.roll)),
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
