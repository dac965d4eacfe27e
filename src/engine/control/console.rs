//! All levels: gains and meters of the inputs, their monitoring, the outputs' meters and the click. The control
//! thread's.

use super::{
    ballistics::Ballistics,
    out::{Out, done},
};
use crate::{
    command::{arg::Switch, channels::ChannelList},
    engine::{
        audio::{
            inputs::InputGains,
            meter::MeterReader,
            renderer::{InputSource, OUTPUTS},
        },
        loudness::{LoudnessHandle, LoudnessJob},
        station::Answer,
    },
    music::Decibels,
    status::{InputsStatus, LoudnessStatus, MeterStatus},
};

/// The recorded inputs and the outputs.
pub(super) struct Console {
    sources: Vec<InputSource>,
    /// The names of the inputs.
    channels: String,
    gains: Vec<Decibels>,
    inputs: Vec<Ballistics>,
    outputs: [Ballistics; OUTPUTS],
    /// Of the master.
    loudness: LoudnessHandle,
    monitor: Decibels,
    /// Mutes the monitor whatever its gain, so that a latency probe does not feed back.
    is_monitor_muted: bool,
    click_on: bool,
    limiter_on: bool,
}

impl Console {
    pub(super) fn new(
        (sources, channels): (Vec<InputSource>, String),
        inputs: Vec<MeterReader>,
        (outputs, loudness): ([MeterReader; OUTPUTS], LoudnessHandle),
        monitor: Decibels,
    ) -> Console {
        Console {
            gains: vec![Decibels::UNITY; sources.len()],
            sources,
            channels,
            inputs: inputs.into_iter().map(Ballistics::new).collect(),
            outputs: outputs.map(Ballistics::new),
            loudness,
            monitor,
            is_monitor_muted: false,
            click_on: false,
            limiter_on: false,
        }
    }

    pub(super) fn set_click(&mut self, state: Switch, out: &mut Out) -> Answer {
        self.click_on = state.applied_to(self.click_on);
        out.renderer.click.change(|click| click.on = self.click_on);
        done()
    }

    pub(super) fn set_limiter(&mut self, state: Switch, out: &mut Out) -> Answer {
        self.limiter_on = state.applied_to(self.limiter_on);
        out.renderer.limiter.change(|limiter| *limiter = if self.limiter_on { 1.0 } else { 0.0 });
        Ok(format!("limiter {}", if self.limiter_on { "on" } else { "off" }))
    }

    pub(super) fn limits(&self) -> bool {
        self.limiter_on
    }

    pub(super) fn set_monitor(&mut self, gain: Decibels, out: &mut Out) -> Answer {
        self.monitor = gain;
        self.send_monitor(out);
        done()
    }

    /// Mutes the monitor, or restores its gain.
    pub(super) fn mute_monitor(&mut self, is_muted: bool, out: &mut Out) {
        self.is_monitor_muted = is_muted;
        self.send_monitor(out);
    }

    fn send_monitor(&self, out: &mut Out) {
        let gain = if self.is_monitor_muted { Decibels::SILENCE } else { self.monitor };
        out.renderer.track_inputs.change(|inputs| inputs.is_muted = self.is_monitor_muted);
        out.renderer.monitor.change(|level| *level = gain.amplitude());
    }

    /// Channels are those of the device; of the built-in synth, 1 is left and 2 is right.
    pub(super) fn set_input_gain(&mut self, channels: &ChannelList, gain: Decibels, out: &mut Out) -> Answer {
        let place = |channel: usize| {
            self.sources.iter().position(|source| match *source {
                InputSource::Device(device) => device == channel,
                InputSource::Synth(side) => side == channel,
            })
        };
        let places: Option<Vec<usize>> = channels.indices().map(place).collect();
        let Some(places) = places else {
            return Err(format!("input.gain {channels}: the inputs are {}", self.channels));
        };
        for place in places {
            self.gains[place] = gain;
            out.renderer.inputs.change(|InputGains(gains)| gains[place] = gain.amplitude());
        }
        done()
    }

    /// Frames are of another rate.
    pub(super) fn set_rate(&mut self, sample_rate_hz: u32) {
        self.loudness.ask(LoudnessJob::Rate(sample_rate_hz));
    }

    /// Clears the clip indicators, and begins the loudness anew.
    pub(super) fn clear(&mut self) -> Answer {
        self.loudness.ask(LoudnessJob::Clear);
        self.inputs.iter_mut().chain(&mut self.outputs).for_each(Ballistics::clear);
        done()
    }

    /// Takes the callback's measurements.
    pub(super) fn listen(&mut self, now_ns: u64) {
        self.loudness.listen();
        for levels in self.inputs.iter_mut().chain(&mut self.outputs) {
            levels.listen(now_ns);
        }
    }

    pub(super) fn clicks(&self) -> bool {
        self.click_on
    }

    /// Whether the status shows the inputs as they are; their meters are levels.
    pub(super) fn is_shown(&self, shown: &InputsStatus) -> bool {
        shown.channels == self.channels
            && shown.monitor_db == self.monitor.0
            && shown.gains_db.iter().copied().eq(self.gains.iter().map(|gain| gain.0))
    }

    pub(super) fn inputs_status(&self) -> InputsStatus {
        InputsStatus {
            channels: self.channels.clone(),
            meters: self.input_meters().collect(),
            gains_db: self.gains.iter().map(|gain| gain.0).collect(),
            monitor_db: self.monitor.0,
        }
    }

    pub(super) fn input_meters(&self) -> impl Iterator<Item = MeterStatus> {
        self.inputs.iter().map(Ballistics::status)
    }

    /// The loudness of the master.
    pub(super) fn loudness(&self) -> LoudnessStatus {
        self.loudness.newest()
    }

    pub(super) fn output_meters(&self) -> impl Iterator<Item = MeterStatus> {
        self.outputs.iter().map(Ballistics::status)
    }
}
