//! The parts of a control: its halves of all that crosses.

use super::latency::LatencyParts;
use crate::{
    engine::{
        audio::{
            capture::Capture,
            meter::MeterReader,
            renderer::{InputSource, OUTPUTS, RendererHandle},
            streams::StreamCounters,
        },
        config::EngineConfig,
        disk::DiskHandles,
        loudness::LoudnessHandle,
        midi::{clock_thread::ClockCounters, input::MidiIn, scheduler_thread::SchedulerSender, sent::SentReader},
        plan_cell::PlanWriter,
        station::Desk,
    },
    music::{Decibels, Plan},
    status::DeviceStatus,
    taps::Tap,
};
use std::sync::Arc;

/// The parts of a control.
pub struct ControlParts {
    /// The settings.
    pub config: EngineConfig,
    /// The half of the station that obeys.
    pub desk: Desk,
    /// Song and tempo at start.
    pub plan: Plan,
    /// Publishes the plan.
    pub plan_writer: PlanWriter,
    /// The ports and the MIDI threads.
    pub midi: MidiHandles,
    /// The callback.
    pub audio: AudioHandles,
    /// The threads that wait for the disk.
    pub disk: DiskHandles,
    /// The round trip.
    pub latency: LatencyParts,
    /// The device at start.
    pub device: DeviceStatus,
    /// The instant the engine started, in ns on its clock.
    pub start_ns: u64,
    /// The date in the names of recordings: the real one, or a fixed one in virtual time.
    pub calendar: Calendar,
}

/// The control thread's half of MIDI.
pub struct MidiHandles {
    /// The scheduler.
    pub scheduler: SchedulerSender,
    /// Ports, in the order of their index. Notes and knobs go to the first output at the start, the clock to all.
    pub ports: Vec<super::MidiPort>,
    /// Messages from the ports that receive.
    pub received: Vec<MidiIn>,
    /// The log of each sending thread.
    pub sent: Vec<SentReader>,
    /// The MIDI clock's counters, where it has a thread.
    pub clock_counters: Option<Arc<ClockCounters>>,
}

/// The control thread's half of the callback.
pub struct AudioHandles {
    /// The renderer's.
    pub renderer: RendererHandle,
    /// The recorded inputs.
    pub sources: Vec<InputSource>,
    /// The tap of each.
    pub taps: Vec<Tap>,
    /// Their names.
    pub channels: String,
    /// Inputs of the device that the capture buffer has no room for.
    pub left_out: Vec<Tap>,
    /// Their monitor level at start.
    pub monitor: Decibels,
    /// One for each recorded input.
    pub input_meters: Vec<MeterReader>,
    /// Left and right.
    pub output_meters: [MeterReader; OUTPUTS],
    /// One for each track, in the order of their strips.
    pub track_meters: Vec<MeterReader>,
    /// The loudness of the master.
    pub loudness: LoudnessHandle,
    /// The capture buffer.
    pub capture: Capture,
    /// The callback's counts of streams.
    pub stream_counters: Arc<StreamCounters>,
}

/// The source of the date in a recording's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Calendar {
    /// The system's clock and time zone.
    Local,
    /// Virtual time counts from 2000-01-01 00:00:00, so that a run is the same every time.
    Virtual,
}
