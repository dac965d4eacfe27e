//! The disk reader: what is played is read ahead, so that it can be heard while the disk is slow.
//!
//! One worker (`worker.rs`) for all streams; it waits for nothing but the disk. A take is read for the
//! stream that auditions, a playlist along a plan for a stream that is locked to the song; a new job for a stream ends the
//! one before. Each block goes to the stream whose blocks run out first (`turn.rs`). Blocks that the callback has played
//! are filled again; what they belong to is written on them, so nobody waits until the old ones are back.
//!
//! Locate and edit: the control thread asks for the new epoch here first, and then has the stream play it; so what is heard
//! until then is the old one, and the new one's blocks are there.

mod rate;
pub(super) mod song;
mod stereo;
mod stream_blocks;
#[cfg(test)]
mod tests;
mod turn;

use super::worker::{DiskWork, Worker, WorkerHandle, WorkerLink, worker};
use crate::{
    engine::audio::{
        capture::Capture,
        streams::{
            AUDITION, STREAMS, StreamFeeder,
            block::{Block, Epoch},
        },
    },
    music::Plan,
    session::playlist::Playlist,
};
use rate::Converter;
use song::{Filled, SongSource};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use stereo::Stereo;
use stream_blocks::StreamBlocks;

/// While a stream is played, how often blocks that came back are looked for. They hold seconds.
const LOOK: Duration = Duration::from_millis(20);
/// The same while a stream waits for what is being recorded: it may be heard again soon.
const LOOK_FOR_CAPTURE: Duration = Duration::from_millis(2);

/// What the control thread asks.
#[derive(Debug)]
pub enum DiskReaderJob {
    /// Read this take for the stream that auditions.
    Play {
        /// Which reading it is.
        epoch: Epoch,
        /// The file; where there is none of this name, it is looked for with `.wav` behind it.
        path: PathBuf,
        /// Where to begin, in seconds from the take's beginning.
        from_seconds: f64,
        /// The rate it is heard at, in frames per second.
        at_rate_hz: u32,
    },
    /// Read this playlist for a stream that is locked to the song.
    Follow {
        /// Which stream.
        stream: usize,
        /// Which reading it is.
        epoch: Epoch,
        /// What lies where in the song.
        playlist: Arc<Playlist>,
        /// How the song rolls. Where it stands, as it would roll.
        plan: Box<Plan>,
        /// From which frame of the engine's clock on.
        from_frame: i64,
    },
    /// Read no more for a stream.
    Stop {
        /// Which.
        stream: usize,
    },
}

/// What the reader tells.
#[derive(Debug, PartialEq)]
pub enum DiskReaderNews {
    /// The file is open and its frames come.
    Started {
        /// Which reading.
        epoch: Epoch,
        /// The file as it was found.
        path: PathBuf,
        /// Its length, in frames of its own.
        frames: u64,
        /// Its frames per second.
        sample_rate_hz: u32,
        /// Where it begins, in seconds: not after its end.
        from_seconds: f64,
    },
    /// Nothing of it can be heard.
    Failed {
        /// Which reading.
        epoch: Epoch,
        /// One sentence.
        sentence: String,
    },
    /// Not all of an audition can be heard.
    CutShort {
        /// Which reading.
        epoch: Epoch,
        /// One sentence.
        sentence: String,
    },
    /// A file of a playlist cannot be heard; the rest of it can.
    Silent {
        /// Of which stream.
        stream: usize,
        /// The file.
        file: Arc<Path>,
        /// One sentence.
        sentence: String,
    },
}

/// What is read for a stream.
enum Source {
    Take(Box<Take>),
    Song(Box<SongSource>),
}

/// A take under way.
struct Take {
    path: PathBuf,
    source: Stereo,
    /// Where its rate is not the device's.
    converter: Option<Converter>,
    /// The next frame, counted from where it began.
    frame: i64,
}

/// A stream as the reader has it.
struct Line {
    lent: StreamBlocks,
    epoch: Epoch,
    source: Option<Source>,
    /// What comes next is not played yet.
    waits_for_capture: bool,
}

/// The reader's state.
pub struct DiskReader {
    lending: StreamFeeder,
    capture: Capture,
    lines: Vec<Line>,
    /// A stream waits for what is being recorded.
    waits_for_capture: bool,
}

/// Both halves of a reader that lends blocks to these streams; what is being recorded is in the capture buffer.
pub fn reader(
    lending: StreamFeeder,
    capture: Capture,
) -> (Worker<DiskReader>, WorkerHandle<DiskReaderJob, DiskReaderNews>) {
    let line = |stream| Line {
        lent: StreamBlocks::new(stream),
        epoch: Epoch::default(),
        source: None,
        waits_for_capture: false,
    };
    worker(DiskReader { lending, capture, lines: (0..STREAMS).map(line).collect(), waits_for_capture: false })
}

impl DiskWork for DiskReader {
    type Job = DiskReaderJob;
    type News = DiskReaderNews;
    const THREAD: &'static str = "disk-reader";

    fn patience(&self) -> Option<Duration> {
        let waits_for_blocks = self.lines.iter().any(|line| line.source.is_some() || line.lent.has_blocks());
        waits_for_blocks.then_some(if self.waits_for_capture { LOOK_FOR_CAPTURE } else { LOOK })
    }

    fn obey(&mut self, job: DiskReaderJob, link: &mut WorkerLink<Self>) {
        match job {
            DiskReaderJob::Stop { stream } => self.close(stream),
            DiskReaderJob::Follow { stream, epoch, playlist, plan, from_frame } => {
                let sample_rate_hz = plan.last().timeline.sample_rate_hz;
                let source = Source::Song(Box::new(SongSource::new(playlist, *plan, from_frame)));
                self.open(stream, epoch, source, sample_rate_hz);
            }
            DiskReaderJob::Play { epoch, path, from_seconds, at_rate_hz } => {
                self.close(AUDITION);
                let (take, started) = match Take::open(epoch, &path, from_seconds, at_rate_hz) {
                    Err(why) => {
                        let sentence = format!("cannot play {}: {why}", path.display());
                        return link.report(DiskReaderNews::Failed { epoch, sentence });
                    }
                    Ok(opened) => opened,
                };
                link.report(started);
                if let Some(missing) = take.source.missing_seconds() {
                    let sentence = format!(
                        "{} is {missing:.1} s shorter than its header declares; `busker takes repair` corrects the header",
                        take.path.display()
                    );
                    link.report(DiskReaderNews::CutShort { epoch, sentence });
                }
                self.open(AUDITION, epoch, Source::Take(Box::new(take)), f64::from(at_rate_hz));
            }
        }
    }

    /// Fills one block, that of the stream whose blocks run out first.
    fn go_on(&mut self, link: &mut WorkerLink<Self>) -> bool {
        while let Some(block) = self.lending.take_home() {
            if let Some(line) = self.lines.get_mut(block.stream) {
                line.lent.comes_home(block);
            }
        }
        let room = |line: &Line| {
            line.source.as_ref().filter(|_| !line.waits_for_capture).and_then(|_| line.lent.ahead_frames())
        };
        let turn = turn::next(self.lines.iter().map(room));
        let Some(turn) = turn else {
            self.waits_for_capture = self.lines.iter().any(|line| line.waits_for_capture);
            // Each is looked at again when the thread wakes.
            self.lines.iter_mut().for_each(|line| line.waits_for_capture = false);
            return false;
        };
        self.fill(turn, link);
        true
    }
}

impl DiskReader {
    fn open(&mut self, stream: usize, epoch: Epoch, source: Source, sample_rate_hz: f64) {
        if let Some(line) = self.lines.get_mut(stream) {
            (line.epoch, line.source, line.waits_for_capture) = (epoch, Some(source), false);
            line.lent.begin(epoch, sample_rate_hz);
        }
    }

    fn close(&mut self, stream: usize) {
        if let Some(line) = self.lines.get_mut(stream) {
            line.source = None;
            line.lent.end();
        }
    }

    /// Fills a block of a stream and lends it; with the last one its source is closed.
    fn fill(&mut self, stream: usize, link: &WorkerLink<Self>) {
        let Some(line) = self.lines.get_mut(stream) else { return };
        let mut block = line.lent.take();
        let epoch = line.epoch;
        let news: Vec<DiskReaderNews> = match &mut line.source {
            None => return,
            Some(Source::Take(take)) => take
                .fill(&mut block)
                .err()
                .map(|sentence| DiskReaderNews::CutShort { epoch, sentence })
                .into_iter()
                .collect(),
            Some(Source::Song(song)) => match song.fill(&mut block, &self.capture) {
                Filled::Yes(faults) => {
                    let silent = |(file, sentence)| DiskReaderNews::Silent { stream, file, sentence };
                    faults.into_iter().map(silent).collect()
                }
                Filled::NotYet => {
                    line.lent.give_back(block);
                    line.waits_for_capture = true;
                    return;
                }
            },
        };
        line.lent.goes_out(&mut block);
        let is_over = block.last;
        if let Err(block) = self.lending.lend(block) {
            line.lent.comes_home(block);
        }
        if is_over {
            self.close(stream);
        }
        news.into_iter().for_each(|news| link.report(news));
    }
}

impl Take {
    fn open(epoch: Epoch, path: &Path, from_seconds: f64, at_rate_hz: u32) -> Result<(Take, DiskReaderNews), String> {
        let (path, mut source) = stereo::open(path)?;
        let rate_hz = source.sample_rate_hz();
        let converter = match rate_hz == at_rate_hz {
            true => None,
            false => Some(Converter::new(rate_hz, at_rate_hz)?),
        };
        let from = ((from_seconds.max(0.0) * f64::from(rate_hz)).round() as u64).min(source.frames());
        source.seek(from)?;
        let started = DiskReaderNews::Started {
            epoch,
            path: path.clone(),
            frames: source.frames(),
            sample_rate_hz: rate_hz,
            from_seconds: from as f64 / f64::from(rate_hz),
        };
        Ok((Take { path, source, converter, frame: 0 }, started))
    }

    /// Fills the next block.
    ///
    /// # Errors
    /// The take cannot be read on; this block is the last.
    fn fill(&mut self, block: &mut Block) -> Result<(), String> {
        let read = match &mut self.converter {
            Some(converter) => converter.read(&mut self.source, &mut block.samples),
            None => self.source.read(&mut block.samples),
        };
        let frames = *read.as_ref().unwrap_or(&0);
        (block.pass, block.first, block.frames) = (0, self.frame, frames);
        block.last = frames < block.samples.len();
        self.frame += frames as i64;
        read.map(drop)
            .map_err(|why| format!("playback of {} stopped at an unreadable position: {why}", self.path.display()))
    }
}
