//! The audio callback's body, one block at a time: the order of its stages, none of which knows another.
//!
//! Ports receive and send; the built-in synth plays; inputs (gain, meter) are captured; streams go through their strips
//! and the master; then the monitored inputs are added, and the mix is captured. What tracks listen to, click, probe and
//! audition are added to the outputs and to nothing else, and the outputs pass the limiter.
//!
//! A host fills the device's inputs, calls [`Renderer::process`] and takes the outputs. Everything here is real time:
//! no lock, allocation, free, format, log or system call. When a stream of the device ends, the host hands the renderer
//! back, so it can go on with another device.

#[cfg(test)]
mod tests;

pub use super::inputs::InputSource;
use super::{
    built_in::BuiltIn,
    capture::CaptureFeed,
    click::{Click, ClickLevels},
    denormals::flushed_to_zero,
    inputs::{InputGainsWriter, Inputs, SILENCE},
    limiter::Limiter,
    meter::Meter,
    monitor::Monitor,
    port::CallbackPort,
    probe::{ProbePlayer, ProbeWriter},
    streams::{AUDITION, STREAMS, Streams, StreamsHandle},
    track_monitor::{TrackInput, TrackInputsWriter, TrackMonitor},
};
use crate::{
    engine::{
        frame_clock::FrameClockFeed,
        midi::{input::Inlet, sent::SentLog},
        plan_cell::PlanReader,
        realtime::no_alloc,
    },
    taps::{Side, Tap},
};
use busker_sound::{
    MAX_BLOCK,
    latest::{LevelWriter, level},
    mixer::{MixLevels, MixLevelsReader, MixLevelsWriter, Mixer},
};
use ringbuf::{
    HeapCons, HeapProd, HeapRb,
    traits::{Consumer, Producer, Split},
};
use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

/// The outputs that are fed: left and right.
pub const OUTPUTS: usize = 2;

/// An order from the control thread to the callback. An event: none may be lost.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Order {
    /// Cut the built-in synth off.
    Silence,
}

/// Orders under way at most.
const ORDERS: usize = 64;

/// The control thread's half. Levels cross in a cell, where the newest wins.
pub struct RendererHandle {
    /// Gains of the inputs.
    pub inputs: InputGainsWriter,
    /// Linear gain of the inputs in the outputs.
    pub monitor: LevelWriter<f32, 1>,
    /// What tracks listen to.
    pub track_inputs: TrackInputsWriter,
    /// The limiter of the outputs: 1.0 on, 0.0 off.
    pub limiter: LevelWriter<f32, 1>,
    /// The metronome.
    pub click: LevelWriter<ClickLevels, 4>,
    /// The probe.
    pub probe: ProbeWriter,
    /// Strips and master.
    pub mixer: MixLevelsWriter,
    /// Playback from the disk.
    pub streams: StreamsHandle,
    orders: HeapProd<Order>,
    lost_orders: u64,
}

impl RendererHandle {
    /// Orders that found no room.
    pub fn lost_orders(&self) -> u64 {
        self.lost_orders
    }

    /// Cuts the built-in synth off. An order that finds no room is counted.
    pub fn silence(&mut self) {
        if self.orders.try_push(Order::Silence).is_err() {
            self.lost_orders += 1;
        }
    }
}

/// The parts of a renderer.
pub struct RendererParts {
    /// Frames per second.
    pub sample_rate_hz: f64,
    /// Input channels of the device.
    pub device_inputs: usize,
    /// The recorded and monitored inputs.
    pub sources: Vec<InputSource>,
    /// One for each source.
    pub input_meters: Vec<Meter>,
    /// Left and right.
    pub output_meters: [Meter; OUTPUTS],
    /// One for each track, behind its strip.
    pub track_meters: Vec<Meter>,
    /// Gain of the inputs in the outputs at start.
    pub monitor_gain: f32,
    /// The capture of inputs and master.
    pub capture: CaptureFeed,
    /// Playback from the disk.
    pub streams: Streams,
    /// Its half for the control thread.
    pub streams_handle: StreamsHandle,
    /// Ports in the callback.
    pub ports: Vec<CallbackPort>,
    /// The inlets of the device's ports, in their order.
    pub inlets: Vec<Option<Inlet>>,
    /// The built-in synth, if a port plays it.
    pub built_in: Option<BuiltIn>,
    /// Tempo and song.
    pub plan: PlanReader,
    /// The engine's clock.
    pub frame_clock: FrameClockFeed,
    /// How far ahead messages to the ports are sent: the block of the device, kept up to date from here.
    pub message_delay_frames: Arc<AtomicU32>,
    /// The log of the ports.
    pub log: SentLog,
}

/// The instant of a block.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum BlockTime {
    /// Begun at this instant of the monotonic clock, in ns.
    Began(u64),
    /// Virtual time: the frame is the instant.
    Virtual,
}

/// The callback's state.
pub struct Renderer {
    frame: i64,
    sample_rate_hz: f64,
    outputs: [Vec<f32>; OUTPUTS],
    inputs: Inputs,
    monitor: Monitor,
    track_monitor: TrackMonitor,
    limiter: Limiter,
    output_meters: [Meter; OUTPUTS],
    track_meters: Vec<Meter>,
    click: Click,
    probe: ProbePlayer,
    capture: CaptureFeed,
    streams: Streams,
    mixer: Mixer,
    mix_levels: MixLevelsReader,
    ports: Vec<CallbackPort>,
    inlets: Vec<Option<Inlet>>,
    built_in: Option<BuiltIn>,
    plan: PlanReader,
    frame_clock: FrameClockFeed,
    message_delay_frames: Arc<AtomicU32>,
    log: SentLog,
    orders: HeapCons<Order>,
}

impl Renderer {
    /// A renderer and the control thread's half of it.
    pub fn new(parts: RendererParts) -> (Renderer, RendererHandle) {
        let (orders_in, orders_out) = HeapRb::new(ORDERS).split();
        let codes = parts.sources.iter().map(|source| TrackInput::code(source.tap())).collect();
        let (track_monitor, track_inputs) = TrackMonitor::new(codes);
        let (monitor, monitor_gain) = Monitor::new(parts.monitor_gain, parts.sources.len());
        let (limiter, limiter_on) = Limiter::new(parts.sample_rate_hz);
        let (inputs, input_gains) = Inputs::new(parts.device_inputs, parts.sources, parts.input_meters);
        let (click, click_levels) = Click::new(parts.sample_rate_hz);
        let (probe, probe_start) = ProbePlayer::new(parts.sample_rate_hz);
        let mix = MixLevels::default();
        let (mix_writer, mix_levels) = level(mix);
        let renderer = Renderer {
            frame: 0,
            sample_rate_hz: parts.sample_rate_hz,
            outputs: [vec![0.0; MAX_BLOCK], vec![0.0; MAX_BLOCK]],
            inputs,
            monitor,
            track_monitor,
            limiter,
            output_meters: parts.output_meters,
            track_meters: parts.track_meters,
            click,
            probe,
            capture: parts.capture,
            streams: parts.streams,
            mixer: Mixer::new(&mix),
            mix_levels,
            ports: parts.ports,
            inlets: parts.inlets,
            built_in: parts.built_in,
            plan: parts.plan,
            frame_clock: parts.frame_clock,
            message_delay_frames: parts.message_delay_frames,
            log: parts.log,
            orders: orders_out,
        };
        let handle = RendererHandle {
            inputs: input_gains,
            monitor: monitor_gain,
            track_inputs,
            limiter: limiter_on,
            click: click_levels,
            probe: probe_start,
            mixer: mix_writer,
            streams: parts.streams_handle,
            orders: orders_in,
            lost_orders: 0,
        };
        (renderer, handle)
    }

    /// The next frame to be rendered.
    pub fn frame(&self) -> i64 {
        self.frame
    }

    /// Frames per second.
    pub fn sample_rate_hz(&self) -> f64 {
        self.sample_rate_hz
    }

    /// Device inputs it takes.
    pub fn device_inputs(&self) -> usize {
        self.inputs.device_count()
    }

    /// Room for [`MAX_BLOCK`] frames of a device input, to be filled before [`process`](Self::process). Realtime: yes.
    pub fn device_input_mut(&mut self, channel: usize) -> &mut [f32] {
        self.inputs.device_mut(channel)
    }

    /// The output of [`process`](Self::process): left or right, of which the host takes as many frames as it asked for.
    pub fn output(&self, channel: usize) -> &[f32] {
        &self.outputs[channel]
    }

    /// The messages of a port in the block just rendered. Realtime: yes.
    pub fn port(&self, port: usize) -> &CallbackPort {
        &self.ports[port]
    }

    /// A port of the device received a message, so many frames after the next block's first (before it where negative).
    /// Realtime: yes.
    pub fn hear(&mut self, port: usize, offset_frames: i64, bytes: &[u8]) {
        if let Some(Some(inlet)) = self.inlets.get_mut(port) {
            let at_ns = self.frame_clock.time().ns_at((self.frame + offset_frames) as f64);
            inlet.hear(at_ns.max(0.0) as u64, bytes);
        }
    }

    /// The length of the device's block; messages from now on are sent so far ahead. Realtime: yes.
    pub fn block_was(&mut self, frames: usize) {
        self.message_delay_frames.store(frames as u32, Ordering::Relaxed);
    }

    /// Goes on at another rate. Only between two devices: it makes the click and the synth anew.
    pub fn set_rate(&mut self, sample_rate_hz: f64) {
        self.sample_rate_hz = sample_rate_hz;
        self.inputs.set_rate(sample_rate_hz);
        self.output_meters.iter_mut().chain(&mut self.track_meters).for_each(|meter| meter.set_rate(sample_rate_hz));
        self.limiter.set_rate(sample_rate_hz);
        self.click.set_rate(sample_rate_hz);
        self.probe.set_rate(sample_rate_hz);
        self.streams.set_rate(sample_rate_hz);
        if let Some(built_in) = &mut self.built_in {
            built_in.set_rate(sample_rate_hz);
        }
        self.frame_clock.set_rate(sample_rate_hz);
    }

    /// A new stream begins or the old one was interrupted: its timing so far is void. Realtime: yes.
    pub fn restart(&mut self) {
        self.frame_clock.restart();
    }

    /// Renders `frames` (1..=[`MAX_BLOCK`]) frames from the inputs that were written to
    /// [`device_input_mut`](Self::device_input_mut). Realtime: yes.
    pub fn process(&mut self, frames: usize, time: BlockTime) {
        self.process_from(frames, time, |_| None);
    }

    /// Renders `frames` (1..=[`MAX_BLOCK`]) frames. `device` gives as many samples of a device input in place, or
    /// `None` for an input that was written to [`device_input_mut`](Self::device_input_mut). Realtime: yes.
    pub fn process_from<'a>(&mut self, frames: usize, time: BlockTime, device: impl Fn(usize) -> Option<&'a [f32]>) {
        debug_assert!((1..=MAX_BLOCK).contains(&frames));
        no_alloc(|| flushed_to_zero(|| self.render(frames.min(MAX_BLOCK), time, device)));
    }

    fn render<'a>(&mut self, frames: usize, time: BlockTime, device: impl Fn(usize) -> Option<&'a [f32]>) {
        let window = self.frame..self.frame + frames as i64;
        match time {
            BlockTime::Began(ns) => self.frame_clock.block(self.frame, frames, ns),
            BlockTime::Virtual => self.frame_clock.exactly(self.frame, frames),
        }
        while let Some(Order::Silence) = self.orders.try_pop() {
            self.built_in.iter_mut().for_each(BuiltIn::silence);
        }
        let plan = *self.plan.read();
        let clock = self.frame_clock.time();
        for port in &mut self.ports {
            port.gather(&plan, window.clone(), |frame| clock.ns_at(frame as f64) as u64, &mut self.log);
        }
        if let Some(built_in) = &mut self.built_in
            && let Some(port) = self.ports.get(built_in.port)
        {
            built_in.play(frames, plan.at(self.frame).timeline.bpm.get(), port.messages());
        }
        let synth = self.built_in.as_ref().map(BuiltIn::sides);

        let capture = self.capture.block(frames);
        let (monitor, tracks_hear, count) = (&mut self.monitor, &mut self.track_monitor, self.inputs.count());
        tracks_hear.begin(frames, monitor.newest());
        monitor.begin(frames, |i| tracks_hear.claims(i));
        self.inputs.each(frames, &device, synth, |i, samples| {
            capture.write(i, samples);
            monitor.hear(i, count, samples);
            tracks_hear.hear(i, samples);
        });
        tracks_hear.hear_others(|input| self.inputs.of_device(input, frames, &device));

        let [left, right] = self.outputs.each_mut().map(|out| &mut out[..frames]);
        left.fill(0.0);
        right.fill(0.0);
        let (mixer, streams) = (&mut self.mixer, &mut self.streams);
        streams.begin(&plan, window.clone());
        if let Some(levels) = self.mix_levels.changed() {
            mixer.set(levels);
        }
        let meters = &mut self.track_meters;
        mixer.add_strips_heard(
            AUDITION + 1..STREAMS,
            [left, right],
            |stream, sides| streams.read(stream, sides),
            |strip, sides| {
                if let Some(meter) = meters.get_mut(strip - AUDITION - 1) {
                    match sides {
                        Some(sides) => meter.measure_sides(sides),
                        None => meter.rest(frames),
                    }
                }
            },
        );
        mixer.master([left, right]);
        monitor.add_to([left, right]);
        // A built-in synth that is not among the inputs goes to the outputs all the same.
        for (out, synth) in
            [&mut *left, &mut *right].into_iter().zip(synth.filter(|_| !self.inputs.hear_synth()).iter().flatten())
        {
            out.iter_mut().zip(*synth).for_each(|(out, x)| *out += x);
        }
        let silence = &SILENCE[..frames];
        capture.write_others(count, |tap| match tap {
            Tap::Input(input) => self.inputs.of_device(usize::from(input).saturating_sub(1), frames, &device),
            Tap::Synth(Side::Left) => synth.map_or(silence, |[left, _]| &left[..frames]),
            Tap::Synth(Side::Right) => synth.map_or(silence, |[_, right]| &right[..frames]),
            Tap::Master(Side::Left) => left,
            Tap::Master(Side::Right) => right,
        });

        tracks_hear.add_to([left, right]);
        self.click.add_to(&plan, window.clone(), [left, right]);
        self.probe.add_to(window.clone(), [left, right]);
        mixer.add_strips(AUDITION..AUDITION + 1, [left, right], |stream, sides| streams.read(stream, sides));
        self.limiter.limit([left, right]);
        for (meter, out) in self.output_meters.iter_mut().zip([left, right]) {
            meter.measure(out);
        }
        self.frame = window.end;
    }
}
