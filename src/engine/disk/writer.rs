//! The disk writer: what the capture buffer holds becomes takes, which are WAV files.
//!
//! Runs on its own thread (or stepped, in virtual time) and waits for nothing but the disk. A take is a stretch of the
//! buffer: it may begin in the past and end when the frame it ends before is there. Several are made at once. What the
//! disk is too slow for is silence of its exact length, marked and told. Files are created new, never overwritten.
//!
//! `writer/take.rs` is one take, `writer/lane.rs` one of its files; jobs and what becomes of them cross in channels that
//! lose nothing.

mod lane;
mod names;
mod roll;
mod take;

use crate::{config::recorder::FileOf, engine::audio::capture::Capture, wav::Depth};
use jiff::civil::DateTime;
use roll::Roll;
use std::{
    io,
    path::PathBuf,
    sync::mpsc::{Receiver, RecvTimeoutError, Sender},
    thread::{self, JoinHandle},
    time::Duration,
};
use take::OpenTake;

pub use roll::Played;

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
    /// Its first frame.
    pub begin: Begin,
    /// The frame after its last, where that is known.
    pub end_frame: Option<i64>,
    /// A sound is what reaches this, of 1.0.
    pub threshold: f32,
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
    /// The tempo it begins with, where none was told.
    pub bpm: f64,
    /// The MIDI ports, in their order.
    pub port_names: Vec<String>,
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
pub enum Job {
    /// Make a take.
    Begin(Box<TakeOrder>),
    /// End it before this frame.
    End {
        /// Which.
        take: TakeId,
        /// The frame after its last.
        frame: i64,
    },
    /// Name a place in every take that is being made.
    Mark {
        /// The place.
        frame: i64,
        /// Its name.
        label: String,
    },
    /// What went over MIDI.
    Played(Vec<Played>),
    /// Another tempo.
    Tempo {
        /// From here on.
        frame: i64,
        /// Quarter notes per minute.
        bpm: f64,
    },
}

/// What the writer tells.
#[derive(Debug)]
pub enum Done {
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
    /// The disk refused.
    Failed {
        /// Of which take.
        take: TakeId,
        /// The file.
        path: PathBuf,
        /// Frames that are safe in it.
        frames: u64,
        /// Why.
        reason: String,
        /// The file in which the take goes on.
        goes_on: Option<PathBuf>,
    },
    /// What was played could not be written; the take is safe.
    NoMidi {
        /// What, and why.
        sentence: String,
    },
    /// Nothing more comes of a take.
    Over {
        /// Which.
        take: TakeId,
    },
}

/// The writer's state.
pub struct Writer {
    jobs: Receiver<Job>,
    desk: Desk,
    roll: Roll,
    takes: Vec<OpenTake>,
}

/// What all takes share: where samples come from, and who is told.
struct Desk {
    capture: Capture,
    sample_rate_hz: u32,
    done: Sender<Done>,
}

impl Desk {
    fn tell(&self, done: Done) {
        // A control that is gone can tell nobody; the files are closed all the same.
        let _ = self.done.send(done);
    }

    fn frames(&self, seconds: f64) -> u64 {
        (seconds * f64::from(self.sample_rate_hz)) as u64
    }
}

impl Writer {
    /// A writer of what is held at this rate.
    pub fn new(jobs: Receiver<Job>, done: Sender<Done>, capture: Capture, sample_rate_hz: f64) -> Writer {
        let sample_rate_hz = sample_rate_hz.round() as u32;
        Writer { jobs, desk: Desk { capture, sample_rate_hz, done }, roll: Roll::default(), takes: Vec::new() }
    }

    /// Runs until the control thread is gone, then closes what is open.
    ///
    /// # Errors
    /// Where the system has no more threads.
    pub fn spawn(mut self) -> io::Result<JoinHandle<()>> {
        thread::Builder::new().name("disk-writer".into()).spawn(move || {
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
        while let Ok(job) = self.jobs.try_recv() {
            self.obey(job);
        }
        self.write();
    }

    /// Ends every take with what is there.
    fn close(&mut self) {
        let head = self.desk.capture.held().end;
        for take in &mut self.takes {
            take.end_before(head);
        }
        self.write();
    }

    fn obey(&mut self, job: Job) {
        match job {
            Job::Begin(order) => self.takes.push(OpenTake::new(*order, &self.desk, &self.roll)),
            Job::End { take, frame } => {
                if let Some(take) = self.takes.iter_mut().find(|open| open.id() == take) {
                    take.end_before(frame);
                }
            }
            Job::Mark { frame, label } => self.takes.iter_mut().for_each(|take| take.mark(frame, &label)),
            Job::Played(batch) => {
                let oldest = self.desk.capture.held().start;
                for played in batch {
                    self.takes.iter_mut().for_each(|take| take.play(&played));
                    self.roll.play(played, oldest);
                }
            }
            Job::Tempo { frame, bpm } => {
                self.takes.iter_mut().for_each(|take| take.tempo(frame, bpm));
                self.roll.tempo(frame, bpm, self.desk.capture.held().start);
            }
        }
    }

    /// A piece of each take in turn, so that none waits while another catches up.
    fn write(&mut self) {
        let mut wrote = true;
        while wrote {
            wrote = false;
            for take in &mut self.takes {
                wrote |= take.write(&self.desk, &self.roll);
            }
        }
        self.takes.retain_mut(|take| !take.is_over(&self.desk));
    }
}

#[cfg(test)]
mod tests;
