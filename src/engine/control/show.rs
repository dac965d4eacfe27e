//! How things are: what the control thread shows as the status. The control thread's.

use super::{Control, Moment, instruments::instrument::Instrument, sessions::snapshots::snapshot_names};
use crate::{
    engine::midi::{input::MidiIn, sent::PortIndex, thru::Route},
    music::{Position, Stretch},
    status::{FaultCounts, ParamsStatus, PortStatus, Status, TransportStatus},
};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// From so many pulses on it is a jump of the song, and no rounding to whole pulses where it goes on.
const JUMP_PULSES: f64 = 2.0;

impl Control {
    /// How things are.
    pub fn status(&self, now: Moment) -> Status {
        let (stretch, pulse) = self.song_place(now);
        let pulse = pulse.max(0.0);
        let timeline = &stretch.timeline;
        let bpm = self.out.plan.last().timeline.bpm.get();
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Status {
            at_ns: self.out.since_start_ns(now.ns),
            transport: TransportStatus {
                playing: self.out.plan.is_rolling(),
                position: Position::of_pulse(pulse),
                seconds: pulse * timeline.frames_per_pulse() / timeline.sample_rate_hz,
                bpm,
                clock_on: self.out.plan.last().clock_on,
            },
            device: self.device.clone(),
            realtime: self.realtime,
            ports: self.port_statuses(),
            instrument: self.instruments.instrument().port.map_or(0, |port| port.0 + 1),
            clock: self.transport.sync.clock_status(&self.ports),
            learning: self.learn.learning().cloned(),
            monitor: self.ports.monitor.status(),
            inputs: self.console.inputs_status(),
            outputs: self.console.outputs_status(),
            click_on: self.console.clicks(),
            profiles: Arc::clone(&self.instruments.profile_ids),
            params: self.params_status(),
            automation: self.instruments.automation.status(),
            morph: self.instruments.instrument().morph.as_ref().map(|morph| morph.status(now.ns)),
            session: self.sessions.shown(),
            record: self.recorder.takes.status(now.open_frame),
            audition: self.audition.status(self.device.sample_rate_hz),
            takes: self.recorder.folder.status(),
            doors: self.doors.status(),
            faults: FaultCounts {
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
            },
        }
    }

    /// The song's place as it is heard, in pulses; where it is about to go on elsewhere, that place: what was just asked
    /// for is what is shown.
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

    fn port_statuses(&self) -> Vec<PortStatus> {
        let with_instrument = |(index, mut status): (PortIndex, PortStatus)| {
            if let Some(instrument) = self.instruments.list.iter().find(|i| i.port == Some(index)) {
                status.channel = instrument.channel().nibble() + 1;
                status.profile = instrument.profile.id.clone();
            }
            if let Some(input) = self.ports.inputs.iter().find(|input| input.port() == index) {
                status.thru = self.ports.outputs().filter_map(|to| shown_route(input.routes().get(to), to)).collect();
            }
            status
        };
        self.ports.status().map(with_instrument).collect()
    }

    fn params_status(&self) -> ParamsStatus {
        let values = self.out.model.knobs(self.instruments.current).to_vec();
        let Instrument { profile, motion, lanes, .. } = self.instruments.instrument();
        ParamsStatus {
            motion: motion.status(),
            automated: lanes.places(),
            snapshots: snapshot_names(&self.out.model, &profile.id),
            ..ParamsStatus::standing(Arc::clone(profile), values)
        }
    }
}

/// A route as the status tells it.
fn shown_route(route: Route, to: PortIndex) -> Option<(u8, u8)> {
    match route {
        Route::Off => None,
        Route::AsIs => Some((to.0 + 1, 0)),
        Route::On(channel) => Some((to.0 + 1, channel.nibble() + 1)),
    }
}
