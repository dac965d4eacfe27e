//! What the disk reader and the mixer are sent of the tracks: playlists along the plan, and the strips. The control
//! thread's.
//!
//! A playlist goes out where it changed, or where the plan did; a reading is an epoch, which the callback goes over to as
//! soon as it is there. While the song stands its beginning is read as it would roll, so that it is heard at once.

use super::{TrackLine, Tracks, recording::Live};
use crate::{
    engine::{
        audio::{streams::AUDITION, track_monitor::TrackInput},
        control::{Moment, ballistics::Ballistics, out::Out, recorder::Takes, transport::Transport},
        disk::{exporter::ExportTrack, reader::DiskReaderJob},
    },
    music::{Decibels, Plan, Song},
    session::{
        model::Revision,
        track::{MonitorMode, Track, TrackId},
    },
    status::MeterStatus,
};
use busker_sound::mixer::{MixLevels, StripLevels, TRACKS};
use std::sync::Arc;

/// What was sent last, besides the playlists.
#[derive(Default)]
pub(super) struct Fed {
    has_plan: bool,
    model: Revision,
    levels: Option<MixLevels>,
    inputs: [TrackInput; TRACKS],
}

impl Tracks {
    /// Brings what is heard up to date.
    pub(super) fn feed(&mut self, transport: &Transport, out: &mut Out, now: Moment) {
        let was_fed = self.fed.has_plan;
        let is_other_plan = self.steady.go_along(&out.plan, transport.sync.is_followed(), now.open_frame) || !was_fed;
        if is_other_plan {
            out.renderer.streams.steady.write(self.steady.plan());
        }
        let is_other_model = out.model.tracks_changed(self.fed.model);
        let is_other = is_other_plan || is_other_model;
        // What is being recorded changes its own track alone.
        let records = |tracks: &Tracks, id| tracks.lines.get(&id).is_some_and(|line| line.recording.is_some());
        if !is_other && self.lines.values().all(|line| line.recording.is_none()) {
            return;
        }
        (self.fed.has_plan, self.fed.model) = (true, out.model.revision());
        self.forget_removed(out);
        let tracks: Vec<Arc<Track>> = out.model.tracks().to_vec();
        for track in &tracks {
            if !is_other && !records(self, track.id) {
                continue;
            }
            self.feed_track(track, is_other_plan, out, now);
        }
        if is_other_model {
            self.set_levels(out);
        }
    }

    fn feed_track(&mut self, track: &Track, is_other_plan: bool, out: &mut Out, now: Moment) {
        self.line(track.id);
        let Some(line) = self.lines.get(&track.id) else { return };
        let timeline = &self.steady.plan().last().timeline;
        let playlist = track.playlist(timeline);
        let playlist = match self.live(line, track, out) {
            None => playlist,
            Some(Live::Layer(layer)) => playlist.with_layer(layer),
            Some(Live::Clip(clip)) => playlist.with_clip(clip),
        };
        let playlist = playlist.with_captured(|file| self.captured.get(file).cloned());
        let is_same = line.sent.as_ref().is_some_and(|sent| **sent == playlist);
        if is_same && (!is_other_plan || playlist.is_empty()) {
            return;
        }
        let was_empty = line.sent.as_ref().is_none_or(|sent| sent.is_empty());
        let (stream, epoch) = (line.stream, self.epoch.next());
        self.epoch = epoch;
        let (is_empty, playlist) = (playlist.is_empty(), Arc::new(playlist));
        if let Some(line) = self.lines.get_mut(&track.id) {
            line.sent = Some(Arc::clone(&playlist));
        }
        match is_empty {
            true if was_empty => {}
            true => self.stop(stream, out),
            false => {
                let (plan, from_frame) = as_it_rolls(self.steady.plan(), now);
                let job = DiskReaderJob::Follow { stream, epoch, playlist, plan: Box::new(plan), from_frame };
                // A reader that is gone answers by its silence.
                let _ = self.reader.send(job);
                out.renderer.streams.play(stream, epoch);
            }
        }
    }

    fn stop(&self, stream: usize, out: &mut Out) {
        let _ = self.reader.send(DiskReaderJob::Stop { stream });
        out.renderer.streams.stop(stream);
    }

    /// Tracks that are not in the session any more are not heard either.
    fn forget_removed(&mut self, out: &mut Out) {
        let removed = |id: &TrackId| out.model.track(*id).is_none();
        let gone: Vec<TrackId> = self.lines.keys().filter(|id| removed(id)).copied().collect();
        for id in gone {
            if let Some(line) = self.lines.get(&id).filter(|line| line.recording.is_none()) {
                self.stop(line.stream, out);
                self.lines.remove(&id);
            }
        }
    }

    /// What an export reads: every track on which something lies.
    pub(in crate::engine::control) fn exported(&mut self, out: &Out) -> Vec<ExportTrack> {
        // Those of a session that was just opened have none yet.
        for track in out.model.tracks() {
            self.line(track.id);
        }
        let timeline = &out.plan.last().timeline;
        let track = |track: &Arc<Track>| {
            let line = self.lines.get(&track.id)?;
            let (strip, name) = (line.stream, track.name.clone());
            (!track.is_empty()).then(|| ExportTrack { strip, name, playlist: Arc::new(track.playlist(timeline)) })
        };
        out.model.tracks().iter().filter_map(track).collect()
    }

    /// How the strips stand: where any track has solo, those without it are silent.
    pub(in crate::engine::control) fn mix_levels(&self, out: &Out) -> MixLevels {
        let tracks = out.model.tracks();
        let has_solo = tracks.iter().any(|track| track.solo);
        let mut levels = MixLevels { master: Decibels(out.model.song().master_db).amplitude(), ..MixLevels::default() };
        for track in tracks {
            let Some(line) = self.lines.get(&track.id) else { continue };
            if let Some(strip) = levels.strips.get_mut(line.stream) {
                let mute = track.mute || (has_solo && !track.solo && !track.solo_safe);
                *strip = StripLevels { gain: track.gain.amplitude(), pan: track.pan as f32, mute };
            }
        }
        levels
    }

    /// Sends the strips.
    fn set_levels(&mut self, out: &mut Out) {
        let levels = self.mix_levels(out);
        if self.fed.levels != Some(levels) {
            self.fed.levels = Some(levels);
            out.renderer.mixer.change(|mixer| *mixer = levels);
        }
    }

    /// Says what each track listens to, and whether that is heard.
    pub(super) fn feed_monitor(&mut self, takes: &Takes, out: &mut Out, now: Moment) {
        let records = |track: &Track| self.lines.get(&track.id).is_some_and(|line| line.recording.is_some());
        let listens = |track: &Track| match track.monitor {
            MonitorMode::Auto => track.arm || records(track),
            MonitorMode::On => true,
            MonitorMode::Off => false,
        };
        let mut inputs = [TrackInput::default(); TRACKS];
        if out.model.tracks().iter().any(|track| listens(track)) {
            let strips = self.mix_levels(out).strips;
            for track in out.model.tracks().iter().filter(|track| listens(track)) {
                let Some(line) = self.lines.get(&track.id) else { continue };
                let (Some(input), Some(strip)) = (inputs.get_mut(line.stream - 1), strips.get(line.stream)) else {
                    continue;
                };
                let is_heard = match track.monitor {
                    MonitorMode::Auto => records(track) || !plays_now(line, out, now),
                    _ => true,
                };
                let sides = if is_heard { strip.sides() } else { [0.0; 2] };
                let is_forced = track.monitor == MonitorMode::On;
                *input = TrackInput { taps: taps_of(track, takes), is_claimed: true, is_forced, sides };
            }
        }
        if self.fed.inputs != inputs {
            self.fed.inputs = inputs;
            out.renderer.track_inputs.change(|all| all.tracks = inputs);
        }
    }

    /// Takes the callback's measurements.
    pub(in crate::engine::control) fn listen_to_meters(&mut self, now_ns: u64) {
        self.meters.iter_mut().for_each(|meter| meter.listen(now_ns));
    }

    /// Clears the clip indicators.
    pub(in crate::engine::control) fn clear_meters(&mut self) {
        self.meters.iter_mut().for_each(Ballistics::clear);
    }

    /// The meters of the tracks, in their order.
    pub(in crate::engine::control) fn track_meters<'a>(
        &'a self,
        out: &'a Out,
    ) -> impl Iterator<Item = MeterStatus> + 'a {
        out.model.tracks().iter().map(|track| {
            let stream = self.lines.get(&track.id).map_or(0, |line| line.stream);
            let meter = stream.checked_sub(AUDITION + 1).and_then(|strip| self.meters.get(strip));
            meter.map_or(MeterStatus::SILENT, Ballistics::status)
        })
    }
}

/// The taps that a track listens to, as the callback knows them.
fn taps_of(track: &Track, takes: &Takes) -> [u16; 2] {
    let taps = match &track.inputs {
        Some(taps) => takes.channels_of(taps).map(|(taps, _)| taps),
        None => takes.recorded_inputs(),
    };
    let mut codes = taps.unwrap_or_default().into_iter().map(TrackInput::code);
    [codes.next().unwrap_or(0), codes.next().unwrap_or(0)]
}

/// Whether something of a track is played where the song is.
fn plays_now(line: &TrackLine, out: &Out, now: Moment) -> bool {
    let Some(time) = out.plan.song_time_at(now.heard_frame).filter(|_| out.plan.is_rolling()) else { return false };
    let here = time.song_frame..time.song_frame + 1;
    line.sent.as_ref().is_some_and(|playlist| !playlist.pieces(here, time.pass).is_empty())
}

/// The plan, and from where on it is read: from its newest law on, where that is still to come, for a reading has its frames
/// in one order; until then the reading before goes on. One that stands is read as it would roll from its place.
fn as_it_rolls(plan: &Plan, now: Moment) -> (Plan, i64) {
    let mut plan = *plan;
    match plan.last().song {
        Song::Rolling { .. } => (plan, now.open_frame.max(plan.last().from_frame)),
        Song::Stopped { at_pulse } => {
            let from_frame = plan.roll(at_pulse, now.open_frame);
            (plan, from_frame)
        }
    }
}
