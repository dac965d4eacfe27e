//! Builds the status from the control thread's state. The control thread's.
//!
//! Each part is compared with the state of its owner and made anew only where it differs; levels are written in place.
//! A turn without a change copies and allocates nothing.

use super::{
    Control, Moment,
    instruments::instrument::Instrument,
    sessions::snapshots::{are_snapshots_called, snapshot_names},
};
use crate::{
    engine::midi::{input::MidiIn, sent::PortIndex, thru::Route},
    music::{Position, Stretch},
    status::{
        AuditionStatus, FaultCounts, Levels, ParamsStatus, PortStatus, RecordStatus, Shown, Status, TakeStatus,
        TransportStatus,
    },
};
use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// From so many pulses on it is a jump of the song, and no rounding to whole pulses where it goes on.
const JUMP_PULSES: f64 = 2.0;

impl Control {
    /// Updates the status; returns whether any part changed.
    pub fn show(&self, shown: &mut Shown, now: Moment) -> bool {
        let (stretch, pulse) = self.song_place(now);
        let pulse = pulse.max(0.0);
        let timeline = &stretch.timeline;
        let seconds = pulse * timeline.frames_per_pulse() / timeline.sample_rate_hz;
        let before = shown.parts.revision();
        let next = before + 1;
        self.show_model(&mut shown.parts, next, (Position::of_pulse(pulse), seconds));
        self.show_work(shown, next, now);
        let is_changed = shown.parts.revision() > before;
        shown.parts.at_ns = self.out.since_start_ns(now.ns);
        shown.levels.at_ns = shown.parts.at_ns;
        self.show_levels(&mut shown.levels, (Position::of_pulse(pulse), seconds), now);
        is_changed
    }

    /// Settings, parameters, and the ports.
    fn show_model(&self, parts: &mut Status, next: u64, (position, seconds): (Position, f64)) {
        let plan = self.out.plan.last();
        let (playing, bpm, clock_on) = (self.out.plan.is_rolling(), plan.timeline.bpm.get(), plan.clock_on);
        parts.transport.renew(
            next,
            |shown| (shown.playing, shown.bpm, shown.clock_on) == (playing, bpm, clock_on),
            || TransportStatus { playing, position, seconds, bpm, clock_on },
        );
        parts.realtime.renew_to(next, &self.realtime);
        parts.ports.renew(next, |shown| self.are_ports_shown(shown), || self.port_statuses());
        parts.instrument.renew_to(next, &self.instruments.instrument().port.map_or(0, |port| port.0 + 1));
        let learning = self.learn.learning();
        parts.learning.renew(next, |shown| shown.as_ref() == learning, || learning.cloned());
        let (inputs, outputs) = (&mut parts.inputs, &mut parts.outputs);
        inputs.renew(next, |shown| self.console.is_shown(shown), || self.console.inputs_status());
        let count = self.console.output_meters().count();
        outputs.renew(next, |shown| shown.len() == count, || self.console.output_meters().collect());
        parts.click_on.renew_to(next, &self.console.clicks());
        parts.limiter_on.renew_to(next, &self.console.limits());
        let ids = &self.instruments.profile_ids;
        parts.profiles.renew(next, |shown| Arc::ptr_eq(shown, ids) || shown == ids, || Arc::clone(ids));
        parts.params.renew(next, |shown| self.are_params_shown(shown), || self.params_status());
        parts.automation.renew_to(next, &self.instruments.automation.status());
        let session = self.sessions.shown();
        parts.session.renew(next, |shown| shown.as_deref() == session, || session.map(ToOwned::to_owned));
    }

    /// Device, recording, playback and remote interfaces.
    fn show_work(&self, Shown { parts, levels }: &mut Shown, next: u64, now: Moment) {
        let device = &self.device;
        parts.device.renew(
            next,
            |shown| {
                (shown.running, shown.sample_rate_hz) == (device.running, device.sample_rate_hz)
                    && (shown.block_frames, shown.xruns) == (device.block_frames, device.xruns)
                    && (&shown.host, &shown.name) == (&device.host, &device.name)
            },
            || device.clone(),
        );
        let clock = self.transport.sync.clock_status(&self.ports);
        parts.clock.renew_to(next, &clock);
        parts.monitor.renew_to(next, &self.ports.monitor.status());
        let morph = self.instruments.instrument().morph.as_ref().map(|morph| morph.status(now.ns));
        parts.morph.renew_to(next, &morph);
        let takes = &self.recorder.takes;
        if !takes.is_shown_at_rest(&parts.record) {
            let record = takes.status(now.open_frame);
            parts.record.renew(next, |shown| is_same_recording(shown, &record), || record.clone());
        }
        let audition = self.audition.status(self.device.sample_rate_hz);
        parts.audition.renew(next, |shown| is_same_audition(shown.as_ref(), audition.as_ref()), || audition.clone());
        levels.moving.audition_seconds = audition.as_ref().map_or(0.0, |audition| audition.seconds);
        parts.latency.renew_to(next, &self.latency.status());
        let folder = self.recorder.folder.status();
        parts.takes.renew(next, |shown| shown.as_ref() == folder, || folder.cloned());
        let tracks = self.tracks.shown();
        parts.tracks.renew(next, |shown| shown.as_ref() == tracks, || tracks.cloned());
        parts.doors.renew(next, |shown| self.doors.are_shown(shown), || self.doors.status());
        parts.faults.renew_to(next, &self.faults());
    }

    /// The levels, in place.
    fn show_levels(&self, levels: &mut Levels, place: (Position, f64), now: Moment) {
        let moving = &mut levels.moving;
        (moving.position, moving.seconds) = place;
        put(&mut moving.inputs, self.console.input_meters());
        put(&mut moving.outputs, self.console.output_meters());
        moving.loudness = self.console.loudness();
        put(&mut moving.tracks, self.tracks.track_meters(&self.out));
        put(&mut moving.motion, self.instruments.instrument().motion.values());
        moving.take_seconds = self.recorder.takes.seconds(now.open_frame);
        let counts = &mut levels.counts;
        (counts.load_percent, counts.load_peak_percent) = (self.device.load_percent, self.device.load_peak_percent);
        put(&mut counts.ports, self.ports.counts());
        self.doors.count_into(&mut counts.doors);
        counts.free_bytes = self.recorder.takes.free_bytes();
    }

    fn faults(&self) -> FaultCounts {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        FaultCounts {
            midi_dropped: self.ports.sum(|panel| count(&panel.dropped))
                + self.out.scheduler.drops().count()
                + self.ports.inputs.iter().map(MidiIn::not_passed_on).sum::<u64>(),
            midi_refused: self.ports.sum(|panel| count(&panel.refused)),
            midi_in_lost: self.ports.inputs.iter().map(MidiIn::lost).sum(),
            take_frames_lost: self.recorder.takes.gap_frames(),
            disk_refused: self.recorder.takes.refused() + self.out.keeper.refused(),
            audition_underruns: self.audition.underruns(),
            orders_lost: self.out.renderer.lost_orders(),
            events_missed: self.out.desk.missed(),
        }
    }

    /// The song's place as it is played, in pulses; where the song is about to go on elsewhere, that place: the status
    /// shows the command's effect.
    fn song_place(&self, now: Moment) -> (&Stretch, f64) {
        let (heard, last) = (self.out.plan.at(now.heard_frame), self.out.plan.last());
        let comes_at = last.song_pulse_of(last.first_pulse);
        let goes_on_at = heard.song_pulse_at(last.from_frame as f64);
        let only_wraps = last.looping.wraps && (heard.song, heard.looping) == (last.song, last.looping);
        if now.heard_frame < last.from_frame && !only_wraps && (comes_at - goes_on_at).abs() > JUMP_PULSES {
            return (last, comes_at);
        }
        (heard, heard.song_pulse_at(now.heard_frame as f64))
    }

    /// Channel and profile of the instrument behind a port, where there is one.
    fn instrument_at(&self, index: PortIndex) -> Option<&Instrument> {
        self.instruments.list.iter().find(|instrument| instrument.port == Some(index))
    }

    /// The routes of messages from a port.
    fn routes_of(&self, index: PortIndex) -> impl Iterator<Item = (u8, u8)> {
        let input = self.ports.inputs.iter().find(|input| input.port() == index);
        input
            .into_iter()
            .flat_map(|input| self.ports.outputs().filter_map(|to| shown_route(input.routes().get(to), to)))
    }

    fn are_ports_shown(&self, shown: &[PortStatus]) -> bool {
        let is_shown = |(index, shown): (PortIndex, &PortStatus)| {
            let has_instrument = self.instrument_at(index).is_none_or(|instrument| {
                shown.channel == instrument.channel().nibble() + 1 && shown.profile == instrument.profile.id
            });
            has_instrument && self.ports.is_shown(index, shown) && self.routes_of(index).eq(shown.thru.iter().copied())
        };
        self.ports.indices().len() == shown.len() && self.ports.indices().zip(shown).all(is_shown)
    }

    fn port_statuses(&self) -> Vec<PortStatus> {
        let with_instrument = |(index, mut status): (PortIndex, PortStatus)| {
            if let Some(instrument) = self.instrument_at(index) {
                status.channel = instrument.channel().nibble() + 1;
                status.profile = instrument.profile.id.clone();
            }
            status.thru = self.routes_of(index).collect();
            status
        };
        self.ports.status().map(with_instrument).collect()
    }

    fn are_params_shown(&self, shown: &ParamsStatus) -> bool {
        let Instrument { profile, motion, lanes, .. } = self.instruments.instrument();
        Arc::ptr_eq(&shown.profile, profile)
            && shown.values == self.out.model.knobs(self.instruments.current)
            && motion.is_shown(&shown.motion)
            && lanes.places().eq(shown.automated.iter().copied())
            && are_snapshots_called(&self.out.model, &profile.id, &shown.snapshots)
    }

    fn params_status(&self) -> ParamsStatus {
        let values = self.out.model.knobs(self.instruments.current).to_vec();
        let Instrument { profile, motion, lanes, .. } = self.instruments.instrument();
        ParamsStatus {
            motion: motion.status(),
            automated: lanes.places().collect(),
            snapshots: snapshot_names(&self.out.model, &profile.id),
            ..ParamsStatus::standing(Arc::clone(profile), values)
        }
    }
}

/// Replaces numbers; no more memory is needed where there are as many.
fn put<T>(numbers: &mut Vec<T>, newer: impl Iterator<Item = T>) {
    numbers.clear();
    numbers.extend(newer);
}

/// Whether two are the same, but for the length of the take and the room on the disk.
fn is_same_recording(shown: &RecordStatus, now: &RecordStatus) -> bool {
    let said = |record: &RecordStatus| (record.is_recording, record.waits_for, record.bytes_per_second);
    said(shown) == said(now)
        && shown.take.as_ref().map(of_take) == now.take.as_ref().map(of_take)
        && (&shown.folder, &shown.behind, shown.capture_bytes) == (&now.folder, &now.behind, now.capture_bytes)
}

fn of_take(take: &TakeStatus) -> (&Path, u32, u64, bool) {
    (&take.path, take.marks, take.gap_frames, take.ends_with_bar)
}

/// Whether both are the same take, at any position.
fn is_same_audition(shown: Option<&AuditionStatus>, now: Option<&AuditionStatus>) -> bool {
    shown.map(|it| (&it.path, it.length_seconds)) == now.map(|it| (&it.path, it.length_seconds))
}

/// A route as the status shows it.
fn shown_route(route: Route, to: PortIndex) -> Option<(u8, u8)> {
    match route {
        Route::Off => None,
        Route::AsIs => Some((to.0 + 1, 0)),
        Route::On(channel) => Some((to.0 + 1, channel.nibble() + 1)),
    }
}
