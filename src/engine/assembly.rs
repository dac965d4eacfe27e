//! Puts an engine together. Each subsystem makes its own halves; here each half goes to its thread.
//!
//! The same pieces run on threads (`engine/live.rs`) or are stepped in virtual time (`engine/offline.rs`).

mod first_status;
mod inputs;
mod midi;

pub use first_status::device_status;
pub use inputs::{NoSuchInput, check_inputs};
pub use midi::MidiThreads;

use super::{
    audio::{
        built_in::BuiltIn,
        capture::capture,
        meter::{Meter, MeterReader, meter},
        renderer::{Renderer, RendererParts},
        streams::streams,
    },
    config::EngineConfig,
    control::{AudioHandles, Calendar, Control, ControlParts, LatencyParts},
    detector::{Detector, detector},
    disk::{DiskWorkers, disk, worker::Worker},
    frame_clock::{FrameClock, frame_clock},
    host::{DeviceSpec, open_port::OpenPort},
    loudness::{Loudness, loudness},
    midi::sent::sent_log,
    plan_cell::plan_cell,
    station::{Station, station},
};
use crate::{music::Plan, synth::Synth};
use busker_sound::mixer::TRACKS;
use first_status::first_status;
use inputs::ChosenInputs;
use std::sync::{Arc, atomic::AtomicU32};

/// An engine in pieces.
pub struct Assembly {
    /// The asking half, for clients.
    pub station: Station,
    /// The control thread's state.
    pub control: Control,
    /// The callback's.
    pub renderer: Renderer,
    /// The MIDI threads'.
    pub midi: MidiThreads,
    /// That of the threads that wait for the disk.
    pub disk: DiskWorkers,
    /// What seeks the probe.
    pub detector: Worker<Detector>,
    /// What measures the loudness of the master.
    pub loudness: Worker<Loudness>,
    /// Frames to nanoseconds.
    pub frames: FrameClock,
}

/// Whether an engine keeps real or virtual time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Time {
    /// On threads; started at this instant of the monotonic clock, in ns.
    Real {
        /// The start.
        start_ns: u64,
    },
    /// Stepped.
    Virtual,
}

/// Puts an engine together.
///
/// # Errors
/// Where the inputs asked for are not there.
pub fn assemble(
    config: &EngineConfig,
    spec: &DeviceSpec,
    ports: Vec<OpenPort>,
    time: Time,
) -> Result<Assembly, NoSuchInput> {
    let rate = f64::from(spec.sample_rate_hz);
    let (start_ns, calendar, delay_frames) = match time {
        Time::Real { start_ns } => (start_ns, Calendar::Local, spec.block_frames),
        Time::Virtual => (0, Calendar::Virtual, 0),
    };
    let delay_frames = Arc::new(AtomicU32::new(delay_frames));
    let inputs = ChosenInputs::choose(config, spec, &ports)?;
    let plan = Plan::new(config.bpm, rate, config.clock_on);

    let (station, desk) = station(first_status(config, spec, &inputs));
    let (frame_feed, frames) = frame_clock(rate);
    frames.set_latency(spec.latency_frames);
    let (plan_writer, plan_reader) = plan_cell(plan);
    let (callback_log, callback_sent) = sent_log();
    let (callback_midi, midi, midi_handles) =
        midi::halves(ports, &frames, &delay_frames, plan_reader.clone(), callback_sent);
    let (input_meters, input_readers): (Vec<Meter>, Vec<MeterReader>) =
        inputs.sources.iter().map(|_| meter(rate)).unzip();
    let ((left, left_reader), (right, right_reader)) = (meter(rate), meter(rate));
    let (track_meters, track_readers): (Vec<Meter>, Vec<MeterReader>) = (0..TRACKS).map(|_| meter(rate)).unzip();
    let (capture_feed, capture) = capture(&inputs.layout);
    let (streams, streams_handle, lending, stream_counters) = streams(rate);
    let (disk, disk_handles) = disk(capture.clone(), lending, config.verdicts.clone());
    let (detector, to_detector) = detector(capture.clone());
    let (loudness, to_loudness) = loudness(capture.clone(), spec.sample_rate_hz);
    let latency = LatencyParts {
        detector: to_detector,
        capture: capture.clone(),
        frames: frames.clone(),
        stored: config.latencies.clone(),
    };
    let (renderer, renderer_handle) = Renderer::new(RendererParts {
        sample_rate_hz: rate,
        device_inputs: spec.inputs,
        sources: inputs.sources.clone(),
        input_meters,
        output_meters: [left, right],
        track_meters,
        monitor_gain: inputs.monitor.amplitude(),
        capture: capture_feed,
        streams,
        streams_handle,
        ports: callback_midi.ports,
        inlets: callback_midi.inlets,
        built_in: callback_midi.synth.map(|port| BuiltIn::new(Synth::new(rate), port)),
        plan: plan_reader,
        frame_clock: frame_feed,
        message_delay_frames: delay_frames,
        log: callback_log,
    });
    let control = Control::new(ControlParts {
        config: config.clone(),
        desk,
        plan,
        plan_writer,
        midi: midi_handles,
        audio: AudioHandles {
            renderer: renderer_handle,
            sources: inputs.sources,
            taps: inputs.taps,
            channels: inputs.channels,
            left_out: inputs.layout.left_out,
            monitor: inputs.monitor,
            input_meters: input_readers,
            output_meters: [left_reader, right_reader],
            track_meters: track_readers,
            loudness: to_loudness,
            capture,
            stream_counters,
        },
        disk: disk_handles,
        latency,
        device: device_status(spec),
        start_ns,
        calendar,
    });
    Ok(Assembly { station, control, renderer, midi, disk, detector, loudness, frames })
}
