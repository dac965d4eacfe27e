//! Exports: which tracks, which part of the song, and how far it is. The control thread's; the work is the exporter's.

mod options;

use super::{Moment, out::Out, recorder::Takes, tracks::Tracks};
use crate::{
    command::arg::{Name, Text},
    engine::{
        disk::{
            exporter::{ExportJob, ExportKind, ExportNews, ExportOrder, ExportTrack},
            worker::WorkerHandle,
        },
        station::Answer,
    },
    music::Plan,
    status::{ExportProgress, Severity},
    takes::unquoted,
};
use options::{ExportOption, ExportOptions, ExportPlace, ExportRange};
use std::sync::Arc;

/// The folder of exports, in that of takes.
const FOLDER: &str = "exports";
/// A song that only repeats is exported for so many turns of its longest loop.
const TURNS: f64 = 4.0;
/// The longest export, in seconds: a day.
const LONGEST_SECONDS: f64 = 86_400.0;

/// Exports, seen from the control thread.
pub(super) struct Exports {
    exporter: WorkerHandle<ExportJob, ExportNews>,
    options: ExportOptions,
    /// The export under way.
    under_way: Option<UnderWay>,
}

/// How far the export under way is.
struct UnderWay {
    began_ns: u64,
    progress: ExportProgress,
}

impl Exports {
    pub(super) fn new(exporter: WorkerHandle<ExportJob, ExportNews>) -> Exports {
        Exports { exporter, options: ExportOptions::default(), under_way: None }
    }

    /// How far the export under way is.
    pub(super) fn progress(&self) -> Option<ExportProgress> {
        self.under_way.as_ref().map(|export| export.progress)
    }

    pub(super) fn set_option(&mut self, Name(option): &Name, value: Option<&Text>) -> Answer {
        let row = ExportOption::of(option)?;
        if let Some(Text(value)) = value {
            row.set(&mut self.options, value)?;
            return Ok(format!("{option} is {}", row.shown(&self.options)));
        }
        Ok(format!("{option} is {}: {}; allowed: {}", row.shown(&self.options), row.help, row.allowed))
    }

    /// Begins an export of what the tracks play in the range that was chosen.
    pub(super) fn begin(
        &mut self,
        kind: ExportKind,
        name: Option<&Text>,
        (tracks, takes): (&mut Tracks, &Takes),
        out: &mut Out,
        now: Moment,
    ) -> Answer {
        let timeline = out.plan.last().timeline;
        let mut tracks_of = tracks.exported(out);
        if tracks_of.is_empty() {
            return Err("there is nothing to export: no track has a loop or a clip".to_owned());
        }
        let frames_per_pulse = timeline.frames_per_pulse();
        let (from_pulse, to_pulse) = self.range(&tracks_of, out)?;
        let most = LONGEST_SECONDS * timeline.sample_rate_hz;
        let frame = |pulse: f64| (pulse * frames_per_pulse).round().min(most) as i64;
        let (mut from, mut to) = (frame(from_pulse), frame(to_pulse));
        if self.options.tails {
            for track in &mut tracks_of {
                track.playlist = Arc::new(track.playlist.ringing_out(to));
            }
            to = tracks_of.iter().map(|track| track.playlist.end()).max().unwrap_or(to).clamp(to, most as i64);
        }
        if self.options.skips_silence {
            let begins = tracks_of.iter().filter_map(|track| track.playlist.begins_in(from..to)).min();
            from = begins.ok_or("there is nothing to export: nothing is heard in that range")?;
        }
        // The song from there on, without a wrap.
        let mut plan = Plan::new(timeline.bpm, timeline.sample_rate_hz, false);
        plan.roll(from as f64 / frames_per_pulse, 0);
        let errand = out.owed.promise_errand();
        let given = name.map(|Text(name)| unquoted(name).to_owned());
        let order = ExportOrder {
            kind,
            tracks: tracks_of,
            levels: tracks.mix_levels(out),
            plan: Box::new(plan),
            frames: (to - from).max(0) as u64,
            sample_rate_hz: timeline.sample_rate_hz as u32,
            form: self.options.form,
            depth: self.options.depth.unwrap_or(takes.options().depth),
            normalize: self.options.normalize,
            folder: takes.folder().join(FOLDER),
            name: given.unwrap_or_else(|| if kind == ExportKind::Mix { "mix" } else { "stem" }.to_owned()),
            errand,
        };
        self.under_way =
            Some(UnderWay { began_ns: now.ns, progress: ExportProgress { percent: 0, left_seconds: None } });
        // An exporter that is gone answers by its silence.
        let _ = self.exporter.jobs.send(ExportJob::Begin(Box::new(order)));
        Ok("exporting".to_owned())
    }

    /// The pulses from and to which it goes.
    fn range(&self, tracks: &[ExportTrack], out: &Out) -> Result<(f64, f64), String> {
        let timeline = out.plan.last().timeline;
        let song = out.model.song();
        let region = song.region.map(|region| (region.pulses().start as f64, region.pulses().end as f64));
        let whole = || {
            let ends = tracks.iter().map(|track| track.playlist.end()).filter(|end| *end < i64::MAX);
            let turns = tracks.iter().filter_map(|track| {
                let repeat = track.playlist.repeat()?;
                Some(repeat.begins + TURNS * repeat.turn_frames())
            });
            let end = ends.map(|end| end as f64).chain(turns).fold(0.0, f64::max);
            (0.0, end / timeline.frames_per_pulse())
        };
        let place = |place: &ExportPlace| match place {
            ExportPlace::Position(position) => Ok(position.pulses(timeline.bpm)),
            ExportPlace::Marker(name) => {
                let marker = song.markers.iter().find(|marker| marker.name == *name);
                marker.map(|marker| marker.at_pulse).ok_or_else(|| {
                    format!("there is no marker {name}; export.set range takes positions and names of markers")
                })
            }
        };
        let range = match &self.options.range {
            ExportRange::Auto => region.filter(|_| song.loop_on).unwrap_or_else(whole),
            ExportRange::Whole => whole(),
            ExportRange::Loop => region.ok_or("there is no loop region; loop.set or loop.bars sets one")?,
            ExportRange::Punch => {
                let ends = song.punch.in_pulse.zip(song.punch.out_pulse);
                let (from, to) = ends.ok_or("punch in and out are not both set; punch.set sets them")?;
                (from as f64, to as f64)
            }
            ExportRange::Between(from, to) => (place(from)?, place(to)?),
        };
        match range.0 < range.1 {
            true => Ok(range),
            false => Err("the range of the export is empty: its end is not behind its beginning".to_owned()),
        }
    }

    pub(super) fn cancel(&mut self) -> Answer {
        if self.under_way.is_none() {
            return Err("nothing is being exported".to_owned());
        }
        let _ = self.exporter.jobs.send(ExportJob::Cancel);
        Ok("the export is cancelled".to_owned())
    }

    /// Takes in what the exporter reports.
    pub(super) fn listen(&mut self, out: &mut Out, now: Moment) {
        while let Ok(news) = self.exporter.news.try_recv() {
            match news {
                ExportNews::Progress(percent) => {
                    if let Some(export) = &mut self.under_way {
                        export.progress = export.at(percent, now.ns);
                    }
                }
                ExportNews::Did(errand, text) => {
                    self.under_way = None;
                    out.answer_errand(errand, &Ok(text.clone()));
                    out.notice(Severity::Info, text);
                }
                ExportNews::DidNot(errand, text) => {
                    self.under_way = None;
                    out.answer_errand(errand, &Err(text.clone()));
                    out.notice(Severity::Warning, text);
                }
            }
        }
    }
}

impl UnderWay {
    /// How far it is when so much of it is done: what is left takes as long as that did.
    fn at(&self, percent: u32, now_ns: u64) -> ExportProgress {
        let lasted = now_ns.saturating_sub(self.began_ns) as f64 * 1e-9;
        let left = (percent > 0).then(|| lasted * f64::from(100 - percent.min(100)) / f64::from(percent));
        ExportProgress { percent, left_seconds: left.map(|seconds| seconds.ceil() as u32) }
    }
}
