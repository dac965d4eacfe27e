//! Exports: which tracks, which part of the song, and how far it is. The control thread's; the work is the exporter's.

use super::{out::Out, recorder::Takes, tracks::Tracks};
use crate::{
    command::arg::Text,
    engine::{
        disk::{
            exporter::{ExportJob, ExportKind, ExportNews, ExportOrder, ExportTrack},
            worker::WorkerHandle,
        },
        station::Answer,
    },
    music::Plan,
    status::Severity,
    takes::unquoted,
};

/// The folder of exports, in that of takes.
const FOLDER: &str = "exports";
/// A song that only repeats is exported for so many turns of its longest loop.
const TURNS: f64 = 4.0;
/// The longest export, in seconds: a day.
const LONGEST_SECONDS: f64 = 86_400.0;

/// Exports, seen from the control thread.
pub(super) struct Exports {
    exporter: WorkerHandle<ExportJob, ExportNews>,
    /// How far the export under way is, in percent.
    percent: Option<u32>,
}

impl Exports {
    pub(super) fn new(exporter: WorkerHandle<ExportJob, ExportNews>) -> Exports {
        Exports { exporter, percent: None }
    }

    /// How far the export under way is, in percent.
    pub(super) fn percent(&self) -> Option<u32> {
        self.percent
    }

    /// Begins an export of what the tracks play: the loop region where the song repeats it, or else the whole.
    pub(super) fn begin(
        &mut self,
        kind: ExportKind,
        name: Option<&Text>,
        tracks: &Tracks,
        takes: &Takes,
        out: &mut Out,
    ) -> Answer {
        let timeline = out.plan.last().timeline;
        let tracks_of = tracks.exported(out);
        if tracks_of.is_empty() {
            return Err("there is nothing to export: no track has a loop or a clip".to_owned());
        }
        let song = out.model.song();
        let frames_per_pulse = timeline.frames_per_pulse();
        let region = song.region.filter(|_| song.loop_on).map(|region| region.pulses());
        let (from_pulse, frames) = match region {
            Some(region) => (region.start as f64, (region.end - region.start) as f64 * frames_per_pulse),
            None => {
                let ends = tracks_of.iter().map(|track| track.playlist.end()).filter(|end| *end < i64::MAX);
                let turn = |track: &ExportTrack| {
                    let repeat = track.playlist.repeat()?;
                    Some(repeat.begins + TURNS * repeat.turn_frames())
                };
                let turns = tracks_of.iter().filter_map(turn);
                (0.0, ends.map(|end| end as f64).chain(turns).fold(0.0, f64::max))
            }
        };
        let frames = frames.round().min(LONGEST_SECONDS * timeline.sample_rate_hz) as u64;
        // The song from there on, without a wrap.
        let mut plan = Plan::new(timeline.bpm, timeline.sample_rate_hz, false);
        plan.roll(from_pulse, 0);
        let errand = out.owed.promise_errand();
        let given = name.map(|Text(name)| unquoted(name).to_owned());
        let order = ExportOrder {
            kind,
            tracks: tracks_of,
            levels: tracks.mix_levels(out),
            plan: Box::new(plan),
            frames,
            sample_rate_hz: timeline.sample_rate_hz as u32,
            depth: takes.options().depth,
            folder: takes.folder().join(FOLDER),
            name: given.unwrap_or_else(|| if kind == ExportKind::Mix { "mix" } else { "stem" }.to_owned()),
            errand,
        };
        self.percent = Some(0);
        // An exporter that is gone answers by its silence.
        let _ = self.exporter.jobs.send(ExportJob::Begin(Box::new(order)));
        Ok("exporting".to_owned())
    }

    pub(super) fn cancel(&mut self) -> Answer {
        if self.percent.is_none() {
            return Err("nothing is being exported".to_owned());
        }
        let _ = self.exporter.jobs.send(ExportJob::Cancel);
        Ok("the export is cancelled".to_owned())
    }

    /// Takes in what the exporter reports.
    pub(super) fn listen(&mut self, out: &mut Out) {
        while let Ok(news) = self.exporter.news.try_recv() {
            match news {
                ExportNews::Progress(percent) => self.percent = Some(percent),
                ExportNews::Did(errand, text) => {
                    self.percent = None;
                    out.answer_errand(errand, &Ok(text.clone()));
                    out.notice(Severity::Info, text);
                }
                ExportNews::DidNot(errand, text) => {
                    self.percent = None;
                    out.answer_errand(errand, &Err(text.clone()));
                    out.notice(Severity::Warning, text);
                }
            }
        }
    }
}
