//! The exporter: the tracks of a session become a mix or stems, faster than real time.
//!
//! A worker (`worker.rs`) of its own that waits for nothing but the disk. It reads the same playlists along a plan as the
//! disk reader and calls the same mixer as the callback, so what was heard is what is exported. A file has its name once it
//! is whole: until then it is hidden, and an export that is cancelled or refused leaves nothing.

mod file;
#[cfg(test)]
mod tests;

use super::{
    ErrandId,
    reader::song::{Filled, SongSource},
    worker::{DiskWork, Worker, WorkerHandle, WorkerLink, worker},
};
use crate::{
    engine::audio::{capture::Capture, streams::block::Block},
    music::{Decibels, Plan},
    session::playlist::Playlist,
    wav::Depth,
};
use busker_sound::{
    MAX_BLOCK,
    mixer::{MixLevels, Mixer},
};
use file::ExportFile;
use std::{path::PathBuf, sync::Arc};

/// Blocks of the mixer between two looks at the jobs: a third of a second of sound at 48 kHz.
const BLOCKS_AT_ONCE: usize = 16;

/// What becomes of the tracks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportKind {
    /// One file, through the master's fader.
    Mix,
    /// A file for each track, before the master's fader: together they are the mix.
    Stems,
}

/// A track of an export.
#[derive(Clone, Debug)]
pub struct ExportTrack {
    /// Its strip in the mixer.
    pub strip: usize,
    /// As a stem is called.
    pub name: String,
    /// What lies on it.
    pub playlist: Arc<Playlist>,
}

/// An export.
#[derive(Clone, Debug)]
pub struct ExportOrder {
    /// What becomes of the tracks.
    pub kind: ExportKind,
    /// The tracks.
    pub tracks: Vec<ExportTrack>,
    /// The faders.
    pub levels: MixLevels,
    /// How the song rolls from frame 0 on.
    pub plan: Box<Plan>,
    /// How many frames.
    pub frames: u64,
    /// Frames per second.
    pub sample_rate_hz: u32,
    /// How a sample lies in the files.
    pub depth: Depth,
    /// Where they go.
    pub folder: PathBuf,
    /// Their name, without an ending. Where it is taken, a number is added.
    pub name: String,
    /// Who waits for it.
    pub errand: ErrandId,
}

/// What the control thread asks.
#[derive(Debug)]
pub enum ExportJob {
    /// Export this, after what is being exported.
    Begin(Box<ExportOrder>),
    /// Stop what is being exported, and all that waits.
    Cancel,
}

/// What the exporter reports.
#[derive(Debug)]
pub enum ExportNews {
    /// How far it is, in percent.
    Progress(u32),
    /// The files are there: the sentence.
    Did(ErrandId, String),
    /// They are not: the sentence.
    DidNot(ErrandId, String),
}

/// The exporter's state.
pub struct Exporter {
    capture: Capture,
    waiting: Vec<ExportOrder>,
    running: Option<Running>,
}

/// Both halves of an exporter.
pub fn exporter(capture: Capture) -> (Worker<Exporter>, WorkerHandle<ExportJob, ExportNews>) {
    worker(Exporter { capture, waiting: Vec::new(), running: None })
}

/// A track that is read.
struct TrackSource {
    strip: usize,
    source: SongSource,
    block: Block,
    /// The next frame of the block.
    at: usize,
    is_over: bool,
}

/// An export under way.
struct Running {
    order: ExportOrder,
    sources: Vec<TrackSource>,
    /// One for a mix, one for each stem.
    outputs: Vec<Output>,
    done_frames: u64,
    percent: u32,
    /// Files that could not be read.
    faults: Vec<String>,
}

/// One file, and what is in it.
struct Output {
    mixer: Mixer,
    /// The place of the only track in it; nothing where all are.
    only: Option<usize>,
    file: ExportFile,
    peak: f32,
}

impl DiskWork for Exporter {
    type Job = ExportJob;
    type News = ExportNews;
    const THREAD: &'static str = "exporter";

    fn obey(&mut self, job: ExportJob, link: &mut WorkerLink<Self>) {
        match job {
            ExportJob::Begin(order) => self.waiting.push(*order),
            ExportJob::Cancel => {
                let running = self.running.take().map(|running| running.order.errand);
                let waiting = std::mem::take(&mut self.waiting).into_iter().map(|order| order.errand);
                for errand in running.into_iter().chain(waiting) {
                    link.report(ExportNews::DidNot(
                        errand,
                        "the export was cancelled; nothing is left of it".to_owned(),
                    ));
                }
            }
        }
    }

    fn go_on(&mut self, link: &mut WorkerLink<Self>) -> bool {
        if self.running.is_none() && !self.waiting.is_empty() {
            let order = self.waiting.remove(0);
            let errand = order.errand;
            match Running::begin(order) {
                Ok(running) => self.running = Some(running),
                Err(why) => link.report(ExportNews::DidNot(errand, why)),
            }
        }
        let Some(running) = &mut self.running else { return !self.waiting.is_empty() };
        let errand = running.order.errand;
        let outcome = running.render(&self.capture);
        match outcome {
            Ok(false) => {
                let percent = (running.done_frames * 100 / running.order.frames.max(1)) as u32;
                if percent != running.percent {
                    running.percent = percent;
                    link.report(ExportNews::Progress(percent));
                }
                return true;
            }
            Ok(true) => {
                if let Some(running) = self.running.take() {
                    link.report(match running.finish() {
                        Ok(sentence) => ExportNews::Did(errand, sentence),
                        Err(why) => ExportNews::DidNot(errand, why),
                    });
                }
            }
            Err(why) => {
                self.running = None;
                link.report(ExportNews::DidNot(errand, why));
            }
        }
        !self.waiting.is_empty()
    }
}

impl Running {
    fn begin(order: ExportOrder) -> Result<Running, String> {
        let sources = order.tracks.iter().map(|track| TrackSource {
            strip: track.strip,
            source: SongSource::new(Arc::clone(&track.playlist), *order.plan, 0),
            block: Block::new(track.strip),
            at: 0,
            is_over: false,
        });
        let sources: Vec<TrackSource> = sources.collect();
        let create = |name: &str| ExportFile::create(&order.folder, name, order.sample_rate_hz, order.depth);
        let outputs = match order.kind {
            ExportKind::Mix => {
                let file = create(&order.name)?;
                vec![Output { mixer: Mixer::new(&order.levels), only: None, file, peak: 0.0 }]
            }
            ExportKind::Stems => {
                let levels = MixLevels { master: 1.0, ..order.levels };
                let mut outputs = Vec::new();
                for (place, track) in order.tracks.iter().enumerate() {
                    let file = create(&format!("{}-{} {}", order.name, place + 1, track.name))?;
                    outputs.push(Output { mixer: Mixer::new(&levels), only: Some(place), file, peak: 0.0 });
                }
                outputs
            }
        };
        Ok(Running { order, sources, outputs, done_frames: 0, percent: 0, faults: Vec::new() })
    }

    /// Renders some blocks; true where that was the last.
    fn render(&mut self, capture: &Capture) -> Result<bool, String> {
        for _ in 0..BLOCKS_AT_ONCE {
            let frames = (self.order.frames - self.done_frames).min(MAX_BLOCK as u64) as usize;
            if frames == 0 {
                return Ok(true);
            }
            let mut blocks = Vec::with_capacity(self.sources.len());
            for source in &mut self.sources {
                let mut sides = [vec![0.0; frames], vec![0.0; frames]];
                source.read(capture, &mut sides, &mut self.faults);
                blocks.push(sides);
            }
            for output in &mut self.outputs {
                let (mut left, mut right) = (vec![0.0; frames], vec![0.0; frames]);
                for (place, (source, block)) in self.sources.iter().zip(&blocks).enumerate() {
                    if output.only.is_some_and(|only| only != place) {
                        continue;
                    }
                    let strips = source.strip..source.strip + 1;
                    output.mixer.add_strips(strips, [&mut left, &mut right], |_, [to_left, to_right]| {
                        to_left.copy_from_slice(&block[0]);
                        to_right.copy_from_slice(&block[1]);
                        true
                    });
                }
                output.mixer.master([&mut left, &mut right]);
                output.peak = left.iter().chain(&right).fold(output.peak, |peak, sample| peak.max(sample.abs()));
                output.file.write(&left, &right)?;
            }
            self.done_frames += frames as u64;
        }
        Ok(false)
    }

    fn finish(self) -> Result<String, String> {
        let peak = self.outputs.iter().fold(0.0, |peak: f32, output| peak.max(output.peak));
        let count = self.outputs.len();
        let mut first = None;
        for output in self.outputs {
            let path = output.file.finish()?;
            first.get_or_insert(path);
        }
        let Some(path) = first else { return Err("there is nothing to export".to_owned()) };
        let seconds = self.order.frames as f64 / f64::from(self.order.sample_rate_hz);
        let more = if count > 1 { format!(" and {} more", count - 1) } else { String::new() };
        let level = match peak > 1.0 {
            true => format!("clipped by {:.1} dB: lower the faders and export again", 20.0 * peak.log10()),
            false => format!("peak {} dBFS", Decibels::from_amplitude(peak)),
        };
        let silent = if self.faults.is_empty() { String::new() } else { format!("; {}", self.faults.join("; ")) };
        Ok(format!("exported {seconds:.1} s to {}{more}, {level}{silent}", path.display()))
    }
}

impl TrackSource {
    /// The next frames; silence where nothing more comes.
    fn read(&mut self, capture: &Capture, sides: &mut [Vec<f32>; 2], faults: &mut Vec<String>) {
        let [left, right] = sides;
        for (left, right) in left.iter_mut().zip(right) {
            while self.at >= self.block.frames && !self.is_over {
                let is_first = self.block.frames == 0;
                match self.source.fill(&mut self.block, capture) {
                    Filled::Yes(more) => faults.extend(more.into_iter().map(|(_, sentence)| sentence)),
                    Filled::NotYet => self.is_over = true,
                }
                // The first block begins a frame early.
                self.at = usize::from(is_first);
                self.is_over |= self.block.frames == 0;
            }
            if self.is_over && self.at >= self.block.frames {
                return;
            }
            if let Some(frame) = self.block.samples.get(self.at) {
                [*left, *right] = *frame;
            }
            self.at += 1;
            self.is_over |= self.block.last && self.at >= self.block.frames;
        }
    }
}
