//! The tracks: what is recorded on them, what is played of them, and their strips. The control thread's.
//!
//! The tracks themselves are in the session's model; here is what plays and records them. Nothing that records waits for
//! its moment: audio is cut in hindsight out of the capture buffer, so a pedal that is pressed, or a bar that was waited
//! for, is a frame, and what lies on it is found later. What is heard on a frame and played to it comes in one round trip
//! later; takes are placed by that.
//!
//! `tracks/pedal.rs` is what a pedal does, `tracks/recording.rs` a take and how it becomes passes, `tracks/feed.rs` what the
//! disk reader and the mixer are sent, `tracks/edits.rs` and `tracks/clips.rs` the commands that change the model,
//! `tracks/song.rs` loop and markers.

mod clips;
mod edits;
mod feed;
mod pedal;
mod recording;
mod song;
#[cfg(test)]
mod tests;

use super::{
    Moment,
    ballistics::Ballistics,
    out::Out,
    recorder::{Occasion, Takes},
    transport::Transport,
};
use crate::{
    command::arg::TrackNumber,
    engine::{
        audio::{
            meter::MeterReader,
            streams::{AUDITION, STREAMS, block::Epoch},
        },
        disk::reader::DiskReaderJob,
        station::Answer,
    },
    music::{LoopRegion, PPQN, Plan, SteadyPlan},
    session::{
        edit::Edit,
        history::Subject,
        model::Revision,
        playlist::{Captured, Playlist},
        song::SongState,
        track::{Track, TrackId},
    },
    status::{ExportProgress, MeterStatus, TrackState, TrackStatus, TracksStatus},
};
use feed::Fed;
use pedal::{Pedal, Waiting};
use recording::Recording;
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    path::Path,
    sync::{Arc, mpsc::Sender},
};

/// What is played and recorded of one track.
#[derive(Default)]
struct TrackLine {
    /// Its stream and strip.
    stream: usize,
    /// What the disk reader was sent last.
    sent: Option<Arc<Playlist>>,
    recording: Option<Recording>,
    /// What waits for a line of the grid.
    waiting: Option<Waiting>,
    pedal: Pedal,
}

/// The tracks, seen from the control thread.
pub(super) struct Tracks {
    reader: Sender<DiskReaderJob>,
    /// One for each strip.
    meters: Vec<Ballistics>,
    lines: BTreeMap<TrackId, TrackLine>,
    next_id: u32,
    /// The newest reading of any stream: a stream that another track had goes on with a later one.
    epoch: Epoch,
    /// The armed tracks record while the song plays.
    is_recording: bool,
    /// Takes that are not closed yet, as the capture buffer has them.
    captured: HashMap<Arc<Path>, Arc<Captured>>,
    fed: Fed,
    /// By which audio is played and recorded.
    steady: SteadyPlan,
    /// Files that cannot be read, which was said.
    pub(super) silent_files: HashSet<Arc<Path>>,
    /// As they are shown, and what that depends on.
    shown: Option<TracksStatus>,
    shown_of: Option<ShownOf>,
    /// From a frame that is heard to the frame of the capture buffer with what is played to it; the latency's owner says it.
    pub(super) round_trip_frames: i64,
}

/// What the status of tracks depends on.
#[derive(PartialEq)]
struct ShownOf {
    model: Revision,
    steps: usize,
    is_rolling: bool,
    is_recording: bool,
    export: Option<ExportProgress>,
    /// Whether anything is recorded or waits: then it is made anew each time.
    is_busy: bool,
}

/// What tracks need of others.
pub(super) struct TrackStage<'a> {
    pub(super) takes: &'a mut Takes,
    pub(super) transport: &'a mut Transport,
    /// What a take needs to know besides its beginning.
    pub(super) occasion: &'a dyn Fn(&Out) -> Occasion,
}

impl Tracks {
    pub(super) fn new(reader: Sender<DiskReaderJob>, meters: Vec<MeterReader>, plan: Plan) -> Tracks {
        Tracks {
            reader,
            meters: meters.into_iter().map(Ballistics::new).collect(),
            lines: BTreeMap::new(),
            next_id: 1,
            epoch: Epoch::default(),
            is_recording: false,
            captured: HashMap::new(),
            fed: Fed::default(),
            steady: SteadyPlan::new(plan),
            silent_files: HashSet::new(),
            shown: None,
            shown_of: None,
            round_trip_frames: 0,
        }
    }

    /// The track of a number.
    fn track(number: TrackNumber, out: &Out) -> Result<Arc<Track>, String> {
        let TrackNumber(number) = number;
        let count = out.model.tracks().len();
        let track = out.model.tracks().get(usize::from(number).saturating_sub(1)).cloned();
        track.ok_or_else(|| match count {
            0 => "there is no track yet; track.add adds one".to_owned(),
            1 => format!("there is no track {number}: there is 1"),
            count => format!("there is no track {number}: there are {count}"),
        })
    }

    fn line(&mut self, id: TrackId) -> &mut TrackLine {
        let taken = |lines: &BTreeMap<TrackId, TrackLine>, stream| lines.values().any(|line| line.stream == stream);
        if !self.lines.contains_key(&id) {
            let free = (AUDITION + 1..STREAMS).find(|stream| !taken(&self.lines, *stream));
            self.lines.insert(id, TrackLine { stream: free.unwrap_or(STREAMS), ..TrackLine::default() });
        }
        self.lines.entry(id).or_default()
    }

    /// Does an edit of a track that can be undone.
    fn edit(id: TrackId, label: String, to: Track, out: &mut Out) {
        out.edit(Subject::Track(id), label, Edit::Track { id, to: Some((usize::MAX, Arc::new(to))) });
    }

    /// One turn: what was waited for is done, passes that have ended are laid on their tracks, and what is heard is brought
    /// up to date.
    pub(super) fn tick(&mut self, stage: &mut TrackStage<'_>, out: &mut Out, now: Moment) {
        self.do_what_waited(stage, out, now);
        self.look_at_pedals(stage, out, now);
        self.look_at_song(stage, out, now);
        self.lay_passes(stage.takes, out, now);
        self.captured.retain(|file, _| stage.takes.is_writing(file));
        self.feed(stage.transport, out, now);
        self.feed_monitor(stage.takes, out, now);
    }

    /// Ends everything that records, on the way out: what was played up to now is laid on its track.
    pub(super) fn end(&mut self, takes: &mut Takes, out: &mut Out, now: Moment) {
        self.is_recording = false;
        for id in self.recording_ids() {
            self.end_recording(id, now.heard_frame, takes, out);
        }
        self.lay_passes(takes, out, now);
    }

    /// The tracks are those of another session, with numbers that may be the same: nothing waits or records any more.
    /// `missing` are files of it that are not there, which is reported already.
    pub(super) fn begin_session(&mut self, missing: &[Arc<Path>]) {
        self.is_recording = false;
        self.cancel();
        self.lines.values_mut().for_each(|line| (line.pedal, line.recording) = (Pedal::default(), None));
        self.silent_files = missing.iter().map(Arc::clone).collect();
    }

    fn recording_ids(&self) -> Vec<TrackId> {
        self.lines.iter().filter(|(_, line)| line.recording.is_some()).map(|(id, _)| *id).collect()
    }

    /// As they are shown.
    pub(super) fn shown(&self) -> Option<&TracksStatus> {
        self.shown.as_ref()
    }

    /// Brings what is shown up to date.
    pub(super) fn refresh(&mut self, export: Option<ExportProgress>, out: &Out, now: Moment) {
        let is_busy = self.lines.values().any(|line| line.recording.is_some() || line.waiting.is_some());
        let of = ShownOf {
            model: out.model.tracks_revision(),
            steps: out.history.count(),
            is_rolling: out.plan.is_rolling(),
            is_recording: self.is_recording,
            export,
            is_busy,
        };
        if is_busy || self.shown_of.as_ref() != Some(&of) {
            self.shown_of = Some(of);
            self.shown = self.status(export, out, now);
        }
    }

    fn status(&self, export: Option<ExportProgress>, out: &Out, now: Moment) -> Option<TracksStatus> {
        let (model, song) = (&out.model, out.model.song());
        if model.tracks().is_empty() && **song == SongState::default() {
            return None;
        }
        let tracks = model.tracks().iter().map(|track| self.track_status(track, out, now)).collect();
        let region = song.region.map(LoopRegion::pulses);
        Some(TracksStatus {
            tracks,
            is_recording: self.is_recording,
            loop_pulses: region.map(|pulses| [pulses.start, pulses.end]),
            loop_on: song.loop_on,
            grid: song.grid.word().to_owned(),
            export_percent: export.map(|export| export.percent),
            export_left_seconds: export.and_then(|export| export.left_seconds),
            master_db: song.master_db,
            markers: song.markers.iter().map(|marker| (marker.at_pulse, marker.name.clone())).collect(),
        })
    }

    fn track_status(&self, track: &Track, out: &Out, now: Moment) -> TrackStatus {
        let line = self.lines.get(&track.id);
        let recording = line.and_then(|line| line.recording.as_ref());
        let waiting = line.and_then(|line| line.waiting.as_ref());
        let state = match recording {
            Some(recording) if recording.is_overdub() => TrackState::Overdubbing,
            Some(_) => TrackState::Recording,
            None if track.is_empty() => TrackState::Empty,
            None if out.plan.is_rolling() => TrackState::Playing,
            None => TrackState::Stopped,
        };
        let beats = |waiting: &Waiting| {
            let timeline = &out.plan.last().timeline;
            let pulses = (waiting.frame - now.heard_frame) as f64 / timeline.frames_per_pulse();
            (pulses / PPQN as f64).ceil().max(0.0) as u32
        };
        let [undo_steps, redo_steps] = out.history.steps(Subject::Track(track.id));
        TrackStatus {
            name: track.name.clone(),
            inputs: track.inputs.as_ref().map(ToString::to_string),
            arm: track.arm,
            monitor: track.monitor.word().to_owned(),
            gain_db: track.gain.0,
            pan: track.pan,
            mute: track.mute,
            solo: track.solo,
            solo_safe: track.solo_safe,
            mode: track.mode.word().to_owned(),
            feedback_percent: track.feedback_percent,
            state,
            waits_beats: waiting.map(beats),
            loop_pulse: track.looped.as_ref().map(|looped| looped.at_pulse),
            loop_pulses: track.looped.as_ref().map(|looped| looped.pulses / looped.speed.abs()),
            speed: track.looped.as_ref().map_or(1.0, |looped| looped.speed),
            layers: track.looped.as_ref().map_or(0, |looped| looped.layers.len()),
            clips: track.clips.len(),
            undo_steps,
            redo_steps,
            meter: MeterStatus::SILENT,
        }
    }
}

/// What became of a track, as an answer.
fn done_on(track: &Track, what: &str) -> Answer {
    Ok(format!("{}: {what}", track.name))
}
