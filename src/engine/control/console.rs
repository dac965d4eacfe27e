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
        station::Answer,
    },
    music::Decibels,
    status::{InputsStatus, MeterStatus},
};

/// The recorded inputs and the outputs.
pub(super) struct Console {
    sources: Vec<InputSource>,
    /// The names of the inputs.
    channels: String,
    gains: Vec<Decibels>,
    inputs: Vec<Ballistics>,
    outputs: [Ballistics; OUTPUTS],
    monitor: Decibels,
    /// Mutes the monitor whatever its gain, so that a latency probe does not feed back.
    is_monitor_muted: bool,
    click_on: bool,
}

impl Console {
    pub(super) fn new(
        (sources, channels): (Vec<InputSource>, String),
        inputs: Vec<MeterReader>,
        outputs: [MeterReader; OUTPUTS],
        monitor: Decibels,
    ) -> Console {
        Console {
            gains: vec![Decibels::UNITY; sources.len()],
            sources,
            channels,
            inputs: inputs.into_iter().map(Ballistics::new).collect(),
            outputs: outputs.map(Ballistics::new),
            monitor,
            is_monitor_muted: false,
            click_on: false,
        }
    }

    pub(super) fn set_click(&mut self, state: Switch, out: &mut Out) -> Answer {
        self.click_on = state.applied_to(self.click_on);
        out.renderer.click.change(|click| click.on = self.click_on);
        done()
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

    /// Clears the clip indicators.
    pub(super) fn clear(&mut self) -> Answer {
        self.inputs.iter_mut().chain(&mut self.outputs).for_each(Ballistics::clear);
        done()
    }

    /// Takes the callback's measurements.
    pub(super) fn listen(&mut self, now_ns: u64) {
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

    pub(super) fn output_meters(&self) -> impl Iterator<Item = MeterStatus> {
        self.outputs.iter().map(Ballistics::status)
    }
}
