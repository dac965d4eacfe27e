//! A take on a track, and how it becomes passes: layers of its loop, or clips in the song. The control thread's.
//!
//! Frames are those that are heard: what is played to frame F lies a round trip later in the capture buffer. The take has
//! a little more than was asked for on both sides, for the seams.

use super::{TrackLine, TrackStage, Tracks};
use crate::{
    config::recorder::FileOf,
    engine::{
        control::{
            Moment,
            out::Out,
            recorder::{TakeKey, TakeRequest, Takes},
        },
        disk::writer::{Begin, TakeId},
    },
    music::{Decibels, Plan},
    session::{
        playlist::{Captured, Clip, Fade, Repeat, RepeatLayer, Turn, Turns},
        track::{LAYERS_MAX, LoopLayer, RecordMode, Track, TrackClip, TrackId, TrackLoop},
    },
    status::Severity,
    taps::{Tap, Taps},
    wav::Depth,
};
use std::{path::Path, sync::Arc};

/// What a take has more on each side, in seconds.
const MARGIN_SECONDS: f64 = 0.05;
/// The seam of a loop, in seconds.
const SEAM_SECONDS: f64 = 0.01;

/// What is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A loop in time.
    Loop,
    /// A loop that sets the tempo.
    FreeLoop,
    /// Over a loop.
    Overdub,
    /// Into the song.
    Song,
}

/// A take under way.
#[derive(Debug)]
pub(super) struct Recording {
    pub(super) kind: Kind,
    /// The first frame.
    pub(super) begin_frame: i64,
    /// The frame after the last, once it is known.
    end_frame: Option<i64>,
    /// What comes before this frame is on the track.
    laid_frame: i64,
    /// From a frame to its place in the capture buffer.
    round_trip_frames: i64,
    channels: Vec<usize>,
    take: TakeId,
    /// The file, once it is there.
    file: Option<Arc<Path>>,
    /// The frame of the capture buffer on its first.
    first_frame: i64,
    /// Where the loop begins in the song and how long it is, in pulses, once that is known.
    pub(super) looped: Option<(f64, f64)>,
    /// When it began, in ns.
    since_ns: u64,
    /// Passes that were laid.
    passes: u32,
}

/// A part of a take that lies in one turn of a loop or one pass of the song.
#[derive(Clone, Debug, PartialEq)]
struct Stretch {
    /// The frames, as they are heard.
    begin: i64,
    end: i64,
    /// The turn it is in.
    turn: Turn,
    /// Where it begins: frames from the beginning of the turn, or of the song.
    place: i64,
    /// That it ends with its turn or pass.
    is_whole: bool,
}

impl Recording {
    pub(super) fn is_overdub(&self) -> bool {
        self.kind == Kind::Overdub
    }

    pub(super) fn lasted_ns(&self, now_ns: u64) -> u64 {
        now_ns.saturating_sub(self.since_ns)
    }

    /// The frame of the file on a frame that is heard, where the file's first is this one of the capture buffer.
    fn file_frame(&self, frame: i64, first_frame: i64) -> u64 {
        (frame + self.round_trip_frames - first_frame).max(0) as u64
    }

    /// The part of it from a frame on, in one turn.
    fn stretch(&self, from: i64, plan: &Plan, repeat: Option<&Repeat>) -> Option<Stretch> {
        let part = plan.passes(from..i64::MAX).next()?;
        let time = plan.song_time_at(from).filter(|_| part.frames.start == from)?;
        let (turn, place, turn_end) = match repeat {
            Some(repeat) => {
                let turn = repeat.turn_at(time.song_frame);
                let begins = repeat.turn_begins(turn);
                let left = repeat.turn_begins(turn + 1) - time.song_frame;
                (turn, time.song_frame - begins, from.saturating_add(left))
            }
            None => (0, time.song_frame, i64::MAX),
        };
        let ends = turn_end.min(part.frames.end);
        let (end, is_whole) = match self.end_frame.filter(|end| *end < ends) {
            Some(end) => (end, false),
            None => (ends, true),
        };
        let turn = Turn { pass: time.pass, turn };
        (end > from).then_some(Stretch { begin: from, end, turn, place, is_whole })
    }
}

/// Whether no more passes fit on a track.
fn is_full(track: &Track, kind: Kind) -> bool {
    match kind {
        Kind::Song => track.clips.len() >= LAYERS_MAX,
        _ => track.looped.as_ref().is_some_and(|looped| looped.layers.len() >= LAYERS_MAX),
    }
}

/// The seam at a rate.
fn seam(sample_rate_hz: f64) -> u64 {
    (SEAM_SECONDS * sample_rate_hz) as u64
}

impl Tracks {
    /// A take begins on a track, with a frame that is heard, or was.
    pub(super) fn begin_recording(
        &mut self,
        track: &Track,
        kind: Kind,
        frame: i64,
        stage: &mut TrackStage<'_>,
        out: &mut Out,
        now: Moment,
    ) -> Result<(), String> {
        if matches!(kind, Kind::Overdub | Kind::Song) && is_full(track, kind) {
            return Err(format!("{} is full; clear it, or add a track", track.name));
        }
        let inputs = match &track.inputs {
            Some(taps) => taps.clone(),
            None => {
                let taps: Vec<_> = stage.takes.recorded_inputs()?.into_iter().take(2).collect();
                Taps::new(taps).ok_or_else(|| {
                    "there is no input to record; connect one, or choose a device with inputs".to_owned()
                })?
            }
        };
        let (taps, channels) = stage.takes.channels_of(&inputs)?;
        let round_trip_frames = match taps.first() {
            Some(Tap::Input(_)) | None => self.round_trip_frames,
            // What is played on the keys to a frame is rendered when it can be.
            Some(Tap::Synth(_)) => now.open_frame - now.heard_frame,
            Some(Tap::Master(_)) => 0,
        };
        let margin = stage.takes.frames(MARGIN_SECONDS);
        let wanted = TakeRequest {
            name: Some(track.name.clone()),
            files: Some(vec![FileOf { suffix: String::new(), taps }]),
            end_frame: None,
            of_track: true,
        };
        let begin = Begin::At((frame + round_trip_frames - margin).max(stage.takes.held().start));
        let key = TakeKey::of_track(track.id);
        let occasion = (stage.occasion)(out);
        stage.takes.begin(key, wanted, begin, Vec::new(), &occasion, out)?;
        let Some(take) = stage.takes.id(key) else { return Ok(()) };
        self.line(track.id).recording = Some(Recording {
            kind,
            begin_frame: frame,
            end_frame: None,
            laid_frame: frame,
            round_trip_frames,
            channels,
            take,
            file: None,
            first_frame: 0,
            looped: None,
            since_ns: now.ns,
            passes: 0,
        });
        Ok(())
    }

    /// A take ends before this frame. What was played to its last frame is still on its way.
    pub(super) fn end_recording(&mut self, id: TrackId, frame: i64, takes: &mut Takes, out: &mut Out) {
        let margin = takes.frames(MARGIN_SECONDS);
        if let Some(recording) = &mut self.line(id).recording
            && recording.end_frame.is_none()
        {
            recording.end_frame = Some(frame.max(recording.begin_frame));
            let last = frame + recording.round_trip_frames + margin;
            takes.end(TakeKey::of_track(id), last, out);
            self.ends(id, last);
        }
    }

    /// Nothing of a take is laid on the track; the file stays.
    pub(super) fn discard_recording(&mut self, id: TrackId, takes: &mut Takes, out: &mut Out, now: Moment) {
        if self.line(id).recording.take().is_some() {
            takes.end(TakeKey::of_track(id), now.open_frame, out);
        }
    }

    /// The file of a take is there.
    fn found(&mut self, id: TrackId, path: &Path, first_frame: i64, depth: Depth, margin_frames: i64) {
        let line = self.line(id);
        if let Some(recording) = &mut line.recording {
            let file: Arc<Path> = Arc::from(path);
            (recording.file, recording.first_frame) = (Some(Arc::clone(&file)), first_frame);
            let end_frame = recording.end_frame.map(|end| end + recording.round_trip_frames + margin_frames);
            let captured = Captured { first_frame, end_frame, channels: recording.channels.clone(), depth };
            self.captured.insert(file, Arc::new(captured));
        }
    }

    /// The last frame of a take is known.
    fn ends(&mut self, id: TrackId, end_frame: i64) {
        let file = self.line(id).recording.as_ref().and_then(|recording| recording.file.clone());
        if let Some(captured) = file.and_then(|file| self.captured.get_mut(&file)) {
            let Captured { first_frame, channels, depth, .. } = &**captured;
            let (first_frame, channels, depth) = (*first_frame, channels.clone(), *depth);
            *captured = Arc::new(Captured { first_frame, end_frame: Some(end_frame), channels, depth });
        }
    }

    /// Lays what has been played to its end.
    pub(super) fn lay_passes(&mut self, takes: &mut Takes, out: &mut Out, now: Moment) {
        for id in self.recording_ids() {
            let Some(track) = out.model.track(id).cloned() else {
                self.discard_recording(id, takes, out, now);
                continue;
            };
            let Some(recording) = &self.line(id).recording else { continue };
            if recording.file.is_none() {
                let take = recording.take;
                let (depth, margin_frames) = (takes.options().depth, takes.frames(MARGIN_SECONDS));
                match takes.begun(take).map(|(path, first_frame)| (path.to_owned(), first_frame)) {
                    Some((path, first_frame)) => self.found(id, &path, first_frame, depth, margin_frames),
                    None if takes.is_under_way(take) => continue,
                    // The disk refused it, which was said.
                    None => {
                        self.line(id).recording = None;
                        continue;
                    }
                }
            }
            self.lay(track, takes, out, now);
        }
    }

    fn lay(&mut self, track: Arc<Track>, takes: &mut Takes, out: &mut Out, now: Moment) {
        let id = track.id;
        if !takes.recording(TakeKey::of_track(id)) {
            // The device disconnected: what was played until then is laid.
            let held = takes.held().end;
            if let Some(recording) = &mut self.line(id).recording {
                let heard_end = held - recording.round_trip_frames;
                recording.end_frame.get_or_insert(heard_end.min(now.heard_frame).max(recording.begin_frame));
            }
        }
        let Some(mut recording) = self.line(id).recording.take() else { return };
        let first_frame = recording.first_frame;
        let is_over = |recording: &Recording| recording.end_frame.is_some_and(|end| recording.laid_frame >= end);
        match recording.kind {
            Kind::Loop | Kind::FreeLoop => {
                if let (Some(end), Some(looped)) = (recording.end_frame, recording.looped) {
                    Tracks::lay_loop(&track, &recording, first_frame, (end, looped), out);
                    return;
                }
                if recording.end_frame.is_some() {
                    // It ended before it was a loop: the device disconnected.
                    return;
                }
            }
            Kind::Overdub | Kind::Song => {
                let mut track = track;
                let plan = *self.steady.of(&out.plan);
                while let Some(stretch) = next_stretch(&recording, &track, &plan) {
                    if is_full(&track, recording.kind) {
                        let text = format!("{} is full: recording on it ended; clear it, or add a track", track.name);
                        out.notice(Severity::Warning, text);
                        takes.end(TakeKey::of_track(id), now.open_frame, out);
                        return;
                    }
                    if stretch.end > now.heard_frame && recording.end_frame.is_none() {
                        break;
                    }
                    recording.laid_frame = stretch.end;
                    recording.passes += 1;
                    let to = match recording.kind {
                        Kind::Overdub => with_layer(&track, &recording, &stretch, first_frame, rate_of(out)),
                        _ => with_clip(&track, &recording, &stretch, first_frame, &plan),
                    };
                    let label = format!("pass {} on {}", recording.passes, track.name);
                    Tracks::edit(id, label, to, out);
                    if let Some(changed) = out.model.track(id) {
                        track = Arc::clone(changed);
                    }
                    if is_over(&recording) {
                        return;
                    }
                }
                // The song stands: no more comes.
                if recording.end_frame.is_some() {
                    return;
                }
            }
        }
        self.line(id).recording = Some(recording);
    }

    fn lay_loop(
        track: &Track,
        recording: &Recording,
        first_frame: i64,
        (end, looped): (i64, (f64, f64)),
        out: &mut Out,
    ) {
        let Some(file) = &recording.file else { return };
        let file_frame = recording.file_frame(recording.begin_frame, first_frame);
        let layer = LoopLayer {
            file: Arc::clone(file),
            file_frame,
            place: 0,
            frames: (end - recording.begin_frame) as u64,
            gain: Decibels::UNITY,
            fade_in: Fade { frames: seam(rate_of(out)).min(file_frame), likeness: 0.0 },
            fade_out: Fade { frames: seam(rate_of(out)), likeness: 0.0 },
        };
        let (at_pulse, pulses) = looped;
        let looped = TrackLoop { layers: vec![layer], ..TrackLoop::new(at_pulse, pulses) };
        let to = Track { looped: Some(looped), ..track.clone() };
        Tracks::edit(track.id, format!("loop on {}", track.name), to, out);
        let beats = pulses / crate::music::PPQN as f64;
        out.notice(Severity::Info, format!("{}: a loop of {beats:.0} beats", track.name));
    }

    /// What is being recorded now, as it is heard from its next turn on.
    pub(super) fn live(&self, line: &TrackLine, track: &Track, out: &Out) -> Option<Live> {
        let recording =
            line.recording.as_ref().filter(|recording| matches!(recording.kind, Kind::Overdub | Kind::Song))?;
        let captured = self.captured.get(recording.file.as_ref()?)?;
        let plan = self.steady.of(&out.plan);
        let stretch = next_stretch(recording, track, plan)?;
        let turns = |from: Turn| Turns { from: Some(from), until: None };
        let Turn { pass, turn } = stretch.turn;
        Some(match recording.kind {
            Kind::Overdub => {
                let to = with_layer(track, recording, &stretch, captured.first_frame, rate_of(out));
                let layer = to.looped.as_ref()?.layers.last()?.as_heard();
                Live::Layer(RepeatLayer { turns: turns(Turn { pass, turn: turn + 1 }), ..layer })
            }
            // Without a loop it does not come round.
            _ if stretch.end == i64::MAX => return None,
            _ => {
                let to = with_clip(track, recording, &stretch, captured.first_frame, plan);
                let clip = to.clips.last()?.at(plan.last().timeline.frames_per_pulse());
                Live::Clip(Clip { turns: turns(Turn { pass: pass + 1, turn: 0 }), ..clip })
            }
        })
    }
}

/// What is being recorded, on its track.
pub(super) enum Live {
    Layer(RepeatLayer),
    Clip(Clip),
}

/// The next part of a take that lies in one turn of its loop or one pass of the song.
fn next_stretch(recording: &Recording, track: &Track, plan: &Plan) -> Option<Stretch> {
    let repeat = match recording.kind {
        Kind::Overdub => Some(track.looped.as_ref()?.at(plan.last().timeline.frames_per_pulse())),
        _ => None,
    };
    recording.stretch(recording.laid_frame, plan, repeat.as_ref())
}

fn rate_of(out: &Out) -> f64 {
    out.plan.last().timeline.sample_rate_hz
}

/// The track with a part of a take as a layer of its loop.
fn with_layer(track: &Track, recording: &Recording, stretch: &Stretch, first_frame: i64, rate_hz: f64) -> Track {
    let (Some(file), Some(looped)) = (&recording.file, &track.looped) else { return track.clone() };
    let file_frame = recording.file_frame(stretch.begin, first_frame);
    let frames = (stretch.end - stretch.begin).max(0) as u64;
    let fade = |most: u64| Fade::linear(seam(rate_hz).min(most));
    let layer = LoopLayer {
        file: Arc::clone(file),
        file_frame,
        place: stretch.place.max(0) as u64,
        frames,
        gain: Decibels::UNITY,
        fade_in: fade(file_frame),
        fade_out: fade(frames),
    };
    let kept = Decibels::from_amplitude((track.feedback_percent / 100.0) as f32);
    let covered = layer.place..layer.place + frames;
    let older: Vec<LoopLayer> = match track.mode {
        RecordMode::Layer => looped.layers.clone(),
        RecordMode::Replace => {
            looped.layers.iter().flat_map(|older| older.outside(covered.clone(), seam(rate_hz))).collect()
        }
        RecordMode::Takes => Vec::new(),
    };
    let older = older.into_iter().map(|older| LoopLayer { gain: Decibels(older.gain.0 + kept.0), ..older });
    let mut layers: Vec<LoopLayer> = older.filter(|older| older.gain > Decibels::SILENCE).collect();
    layers.push(layer);
    Track { looped: Some(TrackLoop { layers, ..looped.clone() }), ..track.clone() }
}

/// The track with a part of a take as a clip in the song.
fn with_clip(track: &Track, recording: &Recording, stretch: &Stretch, first_frame: i64, plan: &Plan) -> Track {
    let Some(file) = &recording.file else { return track.clone() };
    let timeline = &plan.last().timeline;
    let frames_per_pulse = timeline.frames_per_pulse();
    let seam = seam(timeline.sample_rate_hz);
    let clip = TrackClip {
        file: Arc::clone(file),
        file_frame: recording.file_frame(stretch.begin, first_frame),
        at_pulse: stretch.place as f64 / frames_per_pulse,
        frames: (stretch.end - stretch.begin).max(0) as u64,
        gain: Decibels::UNITY,
        // A pass that goes on in the next one, or from the one before, has no edge there.
        fade_in: if stretch.begin == recording.begin_frame { seam / 4 } else { 0 },
        fade_out: if stretch.is_whole { 0 } else { seam / 4 },
        is_layer: track.mode == RecordMode::Layer,
        mute: false,
    };
    let mut clips = track.clips.clone();
    clips.push(clip);
    Track { clips, ..track.clone() }
}
