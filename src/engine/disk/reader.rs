//! The disk reader: takes are read ahead, so that they can be heard while the disk is slow.
//!
//! Runs on its own thread (or stepped, in virtual time) and waits for nothing but the disk. One take is read at a time;
//! a new job ends the one before. Blocks that the callback has played are filled again; what they belong to is written on
//! them, so nobody waits until the old ones are back. It ends when the control thread is gone.

mod rate;
mod stereo;
#[cfg(test)]
mod tests;

use crate::engine::audio::player::{PlayBlock, PlayId, PlayerBlocks};
use rate::Converter;
use ringbuf::traits::{Consumer, Producer};
use std::{
    io,
    path::{Path, PathBuf},
    sync::mpsc::{Receiver, RecvTimeoutError, Sender},
    thread::{self, JoinHandle},
    time::Duration,
};
use stereo::Stereo;

/// While a take is played, how often blocks that came back are looked for. They hold a second.
const LOOK: Duration = Duration::from_millis(20);

/// What the control thread asks.
#[derive(Debug)]
pub enum Job {
    /// Read this take for the callback.
    Play {
        /// Which play it is.
        play: PlayId,
        /// The file; where there is none of this name, it is looked for with `.wav` behind it.
        path: PathBuf,
        /// Where to begin, in seconds from the take's beginning.
        from_seconds: f64,
        /// The rate it is heard at, in frames per second.
        at_rate_hz: u32,
    },
    /// Read no more.
    Stop,
}

/// What the reader tells.
#[derive(Debug, PartialEq)]
pub enum News {
    /// The file is open and its frames come.
    Started {
        /// Which play.
        play: PlayId,
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
        /// Which play.
        play: PlayId,
        /// One sentence.
        sentence: String,
    },
    /// Not all of it can be heard.
    CutShort {
        /// Which play.
        play: PlayId,
        /// One sentence.
        sentence: String,
    },
}

/// A take under way.
struct Open {
    play: PlayId,
    path: PathBuf,
    source: Stereo,
    /// Where its rate is not the device's.
    converter: Option<Converter>,
}

/// The reader's state.
pub struct Reader {
    jobs: Receiver<Job>,
    news: Sender<News>,
    blocks: PlayerBlocks,
    open: Option<Open>,
}

impl Reader {
    /// A reader that fills these blocks.
    pub fn new(jobs: Receiver<Job>, news: Sender<News>, blocks: PlayerBlocks) -> Reader {
        Reader { jobs, news, blocks, open: None }
    }

    /// Runs until the control thread is gone.
    ///
    /// # Errors
    /// Where the system has no more threads.
    pub fn spawn(mut self) -> io::Result<JoinHandle<()>> {
        thread::Builder::new().name("disk-reader".into()).spawn(move || {
            loop {
                let job = match self.open {
                    None => self.jobs.recv().map_err(|_| RecvTimeoutError::Disconnected),
                    Some(_) => self.jobs.recv_timeout(LOOK),
                };
                match job {
                    Ok(job) => self.take_on(job),
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => return,
                }
                self.step();
            }
        })
    }

    /// Does everything there is to do now.
    pub fn step(&mut self) {
        while let Ok(job) = self.jobs.try_recv() {
            self.take_on(job);
        }
        while self.open.is_some()
            && let Some(block) = self.blocks.empty.try_pop()
        {
            self.fill(block);
        }
    }

    fn take_on(&mut self, job: Job) {
        self.open = None;
        let Job::Play { play, path, from_seconds, at_rate_hz } = job else { return };
        let news = match self.open(play, &path, from_seconds, at_rate_hz) {
            Ok(news) => news,
            Err(why) => News::Failed { play, sentence: format!("cannot play {}: {why}", path.display()) },
        };
        // A control that is gone can be told nothing.
        let _ = self.news.send(news);
        if let Some(Open { source, path, .. }) = &self.open
            && let Some(missing) = source.missing_seconds()
        {
            let sentence = format!(
                "{} ends {missing:.1} s before its header says; `busker takes repair` makes the header true",
                path.display()
            );
            let _ = self.news.send(News::CutShort { play, sentence });
        }
    }

    fn open(&mut self, play: PlayId, path: &Path, from_seconds: f64, at_rate_hz: u32) -> Result<News, String> {
        let (path, mut source) = stereo::open(path)?;
        let rate_hz = source.sample_rate_hz();
        let converter = match rate_hz == at_rate_hz {
            true => None,
            false => Some(Converter::new(rate_hz, at_rate_hz)?),
        };
        let from = ((from_seconds.max(0.0) * f64::from(rate_hz)).round() as u64).min(source.frames());
        source.seek(from)?;
        let news = News::Started {
            play,
            path: path.clone(),
            frames: source.frames(),
            sample_rate_hz: rate_hz,
            from_seconds: from as f64 / f64::from(rate_hz),
        };
        self.open = Some(Open { play, path, source, converter });
        Ok(news)
    }

    /// Fills a block and hands it over; with the last one the take is closed.
    fn fill(&mut self, mut block: Box<PlayBlock>) {
        let Some(open) = &mut self.open else { return };
        let read = match &mut open.converter {
            Some(converter) => converter.read(&mut open.source, &mut block.samples),
            None => open.source.read(&mut block.samples),
        };
        let (frames, is_over) = match read {
            Ok(frames) => (frames, frames < block.samples.len()),
            Err(why) => {
                let sentence = format!("{} is heard up to a place that cannot be read: {why}", open.path.display());
                let _ = self.news.send(News::CutShort { play: open.play, sentence });
                (0, true)
            }
        };
        (block.play, block.frames, block.last) = (open.play, frames, is_over);
        // There are as many places as blocks.
        let _ = self.blocks.full.try_push(block);
        if is_over {
            self.open = None;
        }
    }
}
