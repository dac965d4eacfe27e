//! The exporter: the tracks of a session become a mix or stems, faster than real time.
//!
//! A worker (`worker.rs`) of its own that waits for nothing but the disk. It reads the same playlists along a plan as the
//! disk reader and calls the same mixer as the callback, so what was heard is what is exported. The song is cut into
//! stretches, and each core renders one: the levels do not move, so it is the same to the bit on any number of cores. Each
//! file is encoded on a thread of its own. It has its name once it is whole: until then it is hidden, and an export that
//! is cancelled or refused leaves nothing.

mod file;
mod lane;
#[cfg(test)]
mod tests;

use super::{
    ErrandId,
    worker::{DiskWork, Worker, WorkerHandle, WorkerLink, worker},
};
use crate::{
    engine::audio::capture::Capture,
    music::{Decibels, Plan},
    session::playlist::Playlist,
    takes::{
        LEVEL_DBFS_MAX, TakeAnalyzer,
        export::{AudioShape, Form, Normalize, gain},
    },
    wav::Depth,
};
use busker_sound::mixer::MixLevels;
use file::ExportFile;
use lane::{ExportLane, Rendered, Section};
use std::{
    collections::VecDeque,
    num::NonZeroUsize,
    path::PathBuf,
    sync::Arc,
    thread::{self, Builder},
};

/// Cores that render at most.
const LANES: usize = 8;
/// Frames of all files together that a core renders between two looks at the jobs.
const FRAMES_AT_ONCE: usize = 1 << 16;
/// A file gets at least so many of them.
const FRAMES_AT_LEAST: usize = 1 << 13;

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
    /// The format of the files.
    pub form: Form,
    /// How a sample lies in the files.
    pub depth: Depth,
    /// The level that the mix is brought to, in dBTP or LUFS. Stems get the gain of their mix.
    pub normalize: Option<(Normalize, f64)>,
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
    lanes: usize,
    waiting: VecDeque<ExportOrder>,
    running: Option<Running>,
}

/// Both halves of an exporter.
pub fn exporter(capture: Capture) -> (Worker<Exporter>, WorkerHandle<ExportJob, ExportNews>) {
    let lanes = thread::available_parallelism().map_or(1, NonZeroUsize::get).min(LANES);
    worker(Exporter { capture, lanes, waiting: VecDeque::new(), running: None })
}

/// An export under way.
struct Running {
    order: ExportOrder,
    lanes: Vec<ExportLane>,
    stage: ExportStage,
    /// Of this stage.
    done_frames: u64,
    percent: u32,
    peak: f32,
    /// The gain of normalizing, and what is said of it.
    gain_db: f64,
    said: Option<&'static str>,
    /// Files that could not be read.
    faults: Vec<String>,
}

/// What becomes of what is rendered.
enum ExportStage {
    /// The mix is measured.
    Measuring(Box<TakeAnalyzer>),
    /// It is written: one file for a mix, one for each stem.
    Writing(Vec<ExportFile>),
}

impl DiskWork for Exporter {
    type Job = ExportJob;
    type News = ExportNews;
    const THREAD: &'static str = "exporter";

    fn obey(&mut self, job: ExportJob, link: &mut WorkerLink<Self>) {
        match job {
            ExportJob::Begin(order) => self.waiting.push_back(*order),
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
        if self.running.is_none()
            && let Some(order) = self.waiting.pop_front()
        {
            let errand = order.errand;
            match Running::begin(order, self.lanes) {
                Ok(running) => self.running = Some(running),
                Err(why) => link.report(ExportNews::DidNot(errand, why)),
            }
        }
        let Some(running) = &mut self.running else { return !self.waiting.is_empty() };
        let errand = running.order.errand;
        let outcome = running.go_on(&self.capture);
        match outcome {
            Ok(false) => {
                let percent = running.percent_done();
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
    fn begin(order: ExportOrder, lanes: usize) -> Result<Running, String> {
        let levels = match order.kind {
            ExportKind::Mix => order.levels,
            ExportKind::Stems => MixLevels { master: 1.0, ..order.levels },
        };
        let stage = match order.normalize {
            Some(_) => {
                ExportStage::Measuring(Box::new(TakeAnalyzer::new(2, order.sample_rate_hz, order.frames, None, &[])))
            }
            None => ExportStage::Writing(files(&order)?),
        };
        let lanes = (0..lanes.max(1)).map(|_| ExportLane::new(&order.tracks, &levels, &order.plan)).collect();
        let (gain_db, said, faults) = (0.0, None, Vec::new());
        Ok(Running { order, lanes, stage, done_frames: 0, percent: 0, peak: 0.0, gain_db, said, faults })
    }

    fn percent_done(&self) -> u32 {
        let percent = (self.done_frames * 100 / self.order.frames.max(1)) as u32;
        match (&self.stage, self.order.normalize) {
            (ExportStage::Measuring(_), _) => percent / 2,
            (ExportStage::Writing(_), Some(_)) => 50 + percent / 2,
            (ExportStage::Writing(_), None) => percent,
        }
    }

    /// Renders a stretch on each core; true where that was the last.
    fn go_on(&mut self, capture: &Capture) -> Result<bool, String> {
        let are_stems = matches!((&self.stage, self.order.kind), (ExportStage::Writing(_), ExportKind::Stems));
        let outputs = if are_stems { self.order.tracks.len().max(1) } else { 1 };
        let frames_each = (FRAMES_AT_ONCE / outputs).max(FRAMES_AT_LEAST);
        let gain = Decibels(self.gain_db as f32).amplitude();
        let mut sections = Vec::new();
        let mut first = self.done_frames;
        for _ in &self.lanes {
            let frames = (self.order.frames - first).min(frames_each as u64) as usize;
            if frames > 0 {
                sections.push(Section { first: first as i64, frames, are_stems, gain });
                first += frames as u64;
            }
        }
        for rendered in rendered(&mut self.lanes, &sections, capture)? {
            self.peak = self.peak.max(rendered.peak);
            let new = rendered.faults.into_iter().filter(|fault| !self.faults.contains(fault)).collect::<Vec<_>>();
            self.faults.extend(new);
            match &mut self.stage {
                ExportStage::Measuring(analyzer) => {
                    rendered.blocks.into_iter().for_each(|mut block| analyzer.feed(&mut block));
                }
                ExportStage::Writing(files) => {
                    for (file, block) in files.iter_mut().zip(rendered.blocks) {
                        file.write(block)?;
                    }
                }
            }
        }
        self.done_frames = first;
        if first < self.order.frames {
            return Ok(false);
        }
        if let ExportStage::Measuring(_) = self.stage {
            self.measured()?;
            return Ok(false);
        }
        Ok(true)
    }

    /// The mix is measured: the files are begun, with its gain.
    fn measured(&mut self) -> Result<(), String> {
        let writing = ExportStage::Writing(files(&self.order)?);
        let ExportStage::Measuring(analyzer) = std::mem::replace(&mut self.stage, writing) else { return Ok(()) };
        let verdict = analyzer.end().verdict;
        if verdict.peak_dbfs.is_some_and(|peak| peak >= LEVEL_DBFS_MAX) {
            return Err(format!("the mix is at {LEVEL_DBFS_MAX:.0} dBFS or more: lower the faders and export again"));
        }
        let found = self.order.normalize.and_then(|(normalize, level)| gain(normalize, Some(level), &verdict));
        (self.gain_db, self.said) = match found {
            None => (0.0, Some("too quiet to be normalized")),
            Some((gain_db, true)) => (gain_db, Some("its peak kept the loudness below its target")),
            Some((gain_db, false)) => (gain_db, None),
        };
        (self.done_frames, self.peak) = (0, 0.0);
        Ok(())
    }

    fn finish(self) -> Result<String, String> {
        let ExportStage::Writing(files) = self.stage else { return Ok(String::new()) };
        let count = files.len();
        let mut first = None;
        for file in files {
            let path = file.finish()?;
            first.get_or_insert(path);
        }
        let Some(path) = first else { return Err("there is nothing to export".to_owned()) };
        let seconds = self.order.frames as f64 / f64::from(self.order.sample_rate_hz);
        let more = if count > 1 { format!(" and {} more", count - 1) } else { String::new() };
        let holds_more = self.order.depth == Depth::Float32 && self.order.form == Form::Wav;
        let level = match self.peak > 1.0 && !holds_more {
            true => format!("clipped by {:.1} dB: lower the faders and export again", 20.0 * self.peak.log10()),
            false => format!("peak {} dBFS", Decibels::from_amplitude(self.peak)),
        };
        let gain = if self.gain_db == 0.0 { String::new() } else { format!(", normalized by {:+.1} dB", self.gain_db) };
        let said = self.said.map(|said| format!(", {said}")).unwrap_or_default();
        let silent = if self.faults.is_empty() { String::new() } else { format!("; {}", self.faults.join("; ")) };
        Ok(format!("exported {seconds:.1} s to {}{more}, {level}{gain}{said}{silent}", path.display()))
    }
}

/// The files of an export.
fn files(order: &ExportOrder) -> Result<Vec<ExportFile>, String> {
    let shape = |seed: usize| AudioShape {
        form: order.form,
        depth: order.depth,
        channels: 2,
        rate_hz: order.sample_rate_hz,
        frames: order.frames,
        // Noise that is the same in all stems would be louder in their sum.
        seed: seed as u64,
    };
    match order.kind {
        ExportKind::Mix => Ok(vec![ExportFile::create(&order.folder, &order.name, &shape(0))?]),
        ExportKind::Stems => {
            let stem = |(place, track): (usize, &ExportTrack)| {
                let name = format!("{}-{} {}", order.name, place + 1, track.name);
                ExportFile::create(&order.folder, &name, &shape(place + 1))
            };
            order.tracks.iter().enumerate().map(stem).collect()
        }
    }
}

/// Each lane renders a section: the first one here, the others on threads.
fn rendered(lanes: &mut [ExportLane], sections: &[Section], capture: &Capture) -> Result<Vec<Rendered>, String> {
    thread::scope(|scope| {
        let mut work = lanes.iter_mut().zip(sections);
        let own = work.next();
        let begin = |(lane, section): (_, &Section)| {
            let (lane, section): (&mut ExportLane, Section) = (lane, *section);
            Builder::new().name("export".to_owned()).spawn_scoped(scope, move || lane.render(section, capture))
        };
        let others: Vec<_> = work.map(begin).collect();
        let mut all = Vec::with_capacity(sections.len());
        all.extend(own.map(|(lane, section)| lane.render(*section, capture)));
        for other in others {
            let other = other.map_err(|error| format!("the system has no more threads: {error}"))?;
            all.push(other.join().map_err(|_| "the export failed; the log says why".to_owned())?);
        }
        Ok(all)
    })
}
