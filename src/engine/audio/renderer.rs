//! The audio callback's body: inputs, recording, monitor, click and master, one block at a time.
//!
//! A host fills the device's inputs, calls [`Renderer::process`] and takes the outputs. Everything here is real time:
//! no lock, allocation, free, format, log or system call. When a stream ends, the host hands the renderer back, so it
//! can go on with another device.

use super::{
    capture::CaptureFeed,
    click::Click,
    denormals::flushed_to_zero,
    meter::Meter,
    player::{PlayId, Player},
    port::CallbackPort,
};
use crate::{
    engine::{
        frame_clock::FrameClockFeed,
        midi::{input::Inlet, sent::SentLog},
        plan_cell::PlanReader,
        realtime::no_alloc,
    },
    music::{CountIn, Plan},
    synth::Synth,
    taps::{Side, Tap},
};
use busker_sound::MAX_BLOCK;
use ringbuf::{
    HeapCons, HeapProd, HeapRb,
    traits::{Consumer, Observer, Producer, Split},
};
use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

/// The outputs that are fed: left and right.
pub const OUTPUTS: usize = 2;
/// What an input hears that the device does not give.
static SILENCE: [f32; MAX_BLOCK] = [0.0; MAX_BLOCK];

/// What the control thread asks of the callback. An event: none may be lost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Order {
    /// Linear gain of the recorded input at this place.
    InputGain(u8, f32),
    /// Linear gain of the inputs in the outputs.
    MonitorGain(f32),
    /// The metronome.
    Click(bool),
    /// Beats before the song.
    CountIn(CountIn),
    /// Cut the built-in synth off.
    Silence,
    /// Let a take be heard as soon as enough of it was read.
    Play(PlayId),
    /// Let no take be heard.
    StopPlay,
}

/// Orders under way at most.
const ORDERS: usize = 1024;
/// Places only what silences may take.
const ORDERS_RESERVED: usize = 64;

/// The control thread's half.
pub struct RendererHandle {
    orders: HeapProd<Order>,
    lost_orders: u64,
}

impl RendererHandle {
    /// Orders that found no room.
    pub fn lost_orders(&self) -> u64 {
        self.lost_orders
    }

    /// Sends an order. What finds no room is counted; what silences has room of its own.
    pub fn order(&mut self, order: Order) {
        let urgent = matches!(order, Order::StopPlay | Order::Silence);
        let room = self.orders.vacant_len() > if urgent { 0 } else { ORDERS_RESERVED };
        if !(room && self.orders.try_push(order).is_ok()) {
            self.lost_orders += 1;
        }
    }
}

/// Where a recorded input comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A channel of the device, counted from 0.
    Device(usize),
    /// The built-in synth: 0 left, 1 right.
    Synth(usize),
}

/// A gain that moves without a step.
#[derive(Debug)]
struct Gain {
    now: f32,
    target: f32,
}

impl Gain {
    fn new(gain: f32) -> Gain {
        Gain { now: gain, target: gain }
    }

    /// Whether it lets nothing through.
    fn is_off(&self) -> bool {
        self.now == 0.0 && self.target == 0.0
    }

    /// Whether it lets everything through as it is.
    fn is_unity(&self) -> bool {
        self.now == 1.0 && self.target == 1.0
    }

    /// Applies the gain, moving to the target over the block. Unity changes no bit.
    fn apply(&mut self, block: &mut [f32]) {
        if self.now == self.target {
            if self.now != 1.0 {
                block.iter_mut().for_each(|x| *x *= self.now);
            }
            return;
        }
        let step = (self.target - self.now) / block.len() as f32;
        for x in block {
            self.now += step;
            *x *= self.now;
        }
        self.now = self.target;
    }
}

/// The built-in synth and the port it listens to.
pub struct BuiltIn {
    /// The synth.
    pub synth: Synth,
    /// Its place among the callback ports.
    pub port: usize,
}

/// What a renderer is made of.
pub struct RendererParts {
    /// Frames per second.
    pub sample_rate_hz: f64,
    /// Channels the device gives.
    pub device_inputs: usize,
    /// What is recorded and monitored.
    pub sources: Vec<Source>,
    /// One for each source.
    pub input_meters: Vec<Meter>,
    /// Left and right.
    pub output_meters: [Meter; OUTPUTS],
    /// Gain of the inputs in the outputs at start.
    pub monitor_gain: f32,
    /// Where inputs and master are held.
    pub capture: CaptureFeed,
    /// Takes that are listened to.
    pub player: Player,
    /// Ports in the callback.
    pub ports: Vec<CallbackPort>,
    /// What those of the device hear, in their order.
    pub inlets: Vec<Option<Inlet>>,
    /// The built-in synth, if a port is its.
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
    device_in: Vec<Vec<f32>>,
    synth_out: [Vec<f32>; 2],
    /// An input that its gain changes.
    changed: Vec<f32>,
    outputs: [Vec<f32>; OUTPUTS],
    sources: Vec<Source>,
    input_gains: Vec<Gain>,
    monitor_gain: Gain,
    monitor: Vec<f32>,
    input_meters: Vec<Meter>,
    output_meters: [Meter; OUTPUTS],
    click: Click,
    click_on: bool,
    capture: CaptureFeed,
    player: Player,
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
        let block = || vec![0.0; MAX_BLOCK];
        let renderer = Renderer {
            frame: 0,
            sample_rate_hz: parts.sample_rate_hz,
            device_in: (0..parts.device_inputs).map(|_| block()).collect(),
            synth_out: [block(), block()],
            changed: block(),
            outputs: [block(), block()],
            input_gains: parts.sources.iter().map(|_| Gain::new(1.0)).collect(),
            sources: parts.sources,
            monitor_gain: Gain::new(parts.monitor_gain),
            monitor: block(),
            input_meters: parts.input_meters,
            output_meters: parts.output_meters,
            click: Click::new(parts.sample_rate_hz),
            click_on: false,
            capture: parts.capture,
            player: parts.player,
            ports: parts.ports,
            inlets: parts.inlets,
            built_in: parts.built_in,
            plan: parts.plan,
            frame_clock: parts.frame_clock,
            message_delay_frames: parts.message_delay_frames,
            log: parts.log,
            orders: orders_out,
        };
        (renderer, RendererHandle { orders: orders_in, lost_orders: 0 })
    }

    /// The next frame to be rendered.
    pub fn frame(&self) -> i64 {
        self.frame
    }

    /// Frames per second.
    pub fn sample_rate_hz(&self) -> f64 {
        self.sample_rate_hz
    }

    /// How many device inputs it takes.
    pub fn device_inputs(&self) -> usize {
        self.device_in.len()
    }

    /// Room for [`MAX_BLOCK`] frames of a device input, to be filled before [`process`](Self::process). Realtime: yes.
    pub fn device_input_mut(&mut self, channel: usize) -> &mut [f32] {
        &mut self.device_in[channel]
    }

    /// What [`process`](Self::process) rendered: left or right, of which the host takes as many frames as it asked for.
    pub fn output(&self, channel: usize) -> &[f32] {
        &self.outputs[channel]
    }

    /// The messages of a port in the block just rendered. Realtime: yes.
    pub fn port(&self, port: usize) -> &CallbackPort {
        &self.ports[port]
    }

    /// A device's port heard a message, so many frames after the next block's first (before it where negative). Realtime:
    /// yes.
    pub fn hear(&mut self, port: usize, offset_frames: i64, bytes: &[u8]) {
        if let Some(Some(inlet)) = self.inlets.get_mut(port) {
            let at_ns = self.frame_clock.time().ns_at((self.frame + offset_frames) as f64);
            inlet.hear(at_ns.max(0.0) as u64, bytes);
        }
    }

    /// The device's block was this long; messages from now on are sent so far ahead. Realtime: yes.
    pub fn block_was(&mut self, frames: usize) {
        self.message_delay_frames.store(frames as u32, Ordering::Relaxed);
    }

    /// Goes on at another rate. Only between two devices: it makes the click and the synth anew.
    pub fn set_rate(&mut self, sample_rate_hz: f64) {
        self.sample_rate_hz = sample_rate_hz;
        self.input_meters.iter_mut().chain(&mut self.output_meters).for_each(|meter| meter.set_rate(sample_rate_hz));
        self.click = Click::new(sample_rate_hz);
        self.player.set_rate(sample_rate_hz);
        if let Some(built_in) = &mut self.built_in {
            built_in.synth = built_in.synth.at_rate(sample_rate_hz);
        }
        self.frame_clock.set_rate(sample_rate_hz);
    }

    /// A new stream begins or the old one was interrupted: what was known of its timing is void. Realtime: yes.
    pub fn restart(&mut self) {
        self.frame_clock.restart();
    }

    /// Renders `frames` (1..=[`MAX_BLOCK`]) frames of what [`device_input_mut`](Self::device_input_mut) was filled with.
    /// Realtime: yes.
    pub fn process(&mut self, frames: usize, time: BlockTime) {
        self.process_from(frames, time, |_| None);
    }

    /// Renders `frames` (1..=[`MAX_BLOCK`]) frames. `device` gives as many samples of a device input where they lie, or
    /// nothing for an input that [`device_input_mut`](Self::device_input_mut) was filled with. Realtime: yes.
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
        self.obey();
        let plan = *self.plan.read();
        let clock = self.frame_clock.time();
        for port in &mut self.ports {
            port.gather(&plan, window.clone(), |frame| clock.ns_at(frame as f64) as u64, &mut self.log);
        }
        self.play_built_in(&plan, frames);
        self.capture_inputs_and_master(frames, device);
        self.add_click(&plan, frames);
        self.add_audition(frames);
        for (meter, out) in self.output_meters.iter_mut().zip(&self.outputs) {
            meter.measure(&out[..frames]);
        }
        self.frame = window.end;
    }

    fn obey(&mut self) {
        while let Some(order) = self.orders.try_pop() {
            match order {
                Order::InputGain(input, gain) => {
                    if let Some(input) = self.input_gains.get_mut(usize::from(input)) {
                        input.target = gain;
                    }
                }
                Order::MonitorGain(gain) => self.monitor_gain.target = gain,
                Order::Click(on) => {
                    self.click_on = on;
                    if !on {
                        self.click.silence();
                    }
                }
                Order::CountIn(count_in) => self.click.count_in(count_in),
                Order::Silence => {
                    if let Some(built_in) = &mut self.built_in {
                        built_in.synth.silence();
                    }
                }
                Order::Play(play) => self.player.play(play),
                Order::StopPlay => self.player.stop(),
            }
        }
    }

    /// The built-in synth hears its port's messages on their frames.
    fn play_built_in(&mut self, plan: &Plan, frames: usize) {
        let Some(BuiltIn { synth, port }) = &mut self.built_in else { return };
        let Some(port) = self.ports.get(*port) else { return };
        synth.set_bpm(plan.at(self.frame).timeline.bpm.get());
        let [left, right] = &mut self.synth_out;
        let mut from = 0;
        for (offset, message) in port.messages() {
            if offset > from {
                synth.render(&mut left[from..offset], &mut right[from..offset]);
                from = offset;
            }
            synth.midi(message);
        }
        synth.render(&mut left[from..frames], &mut right[from..frames]);
    }

    /// One pass over the inputs, each while its samples are in the nearest cache: gain, meter, capture, monitor. One that
    /// no gain changes is read where it lies. Inputs alternate between left and right; a single one is heard on both.
    fn capture_inputs_and_master<'a>(&mut self, frames: usize, device: impl Fn(usize) -> Option<&'a [f32]>) {
        let capture = self.capture.block(frames);
        let [left, right] = &mut self.outputs;
        let (left, right) = (&mut left[..frames], &mut right[..frames]);
        left.fill(0.0);
        right.fill(0.0);
        // Inputs that are not heard cost nothing. Asked before the gain moves: the last block on the way to silence is heard.
        let is_heard = !self.monitor_gain.is_off();
        let monitor = &mut self.monitor[..frames];
        if is_heard {
            monitor.fill(1.0);
            self.monitor_gain.apply(monitor);
        }
        let single = self.sources.len() == 1;
        let filled = |channel: usize| self.device_in.get(channel).map_or(&SILENCE[..frames], |input| &input[..frames]);
        let of_device = |channel: usize| device(channel).unwrap_or_else(|| filled(channel));
        for (i, source) in self.sources.iter().enumerate() {
            let samples = match *source {
                Source::Device(channel) => of_device(channel),
                Source::Synth(side) => &self.synth_out[side % 2][..frames],
            };
            let gain = &mut self.input_gains[i];
            let samples = if gain.is_unity() {
                samples
            } else {
                let changed = &mut self.changed[..frames];
                changed.copy_from_slice(samples);
                gain.apply(changed);
                changed
            };
            self.input_meters[i].measure(samples);
            capture.write(i, samples);
            for (side, out) in [&mut *left, &mut *right].into_iter().enumerate() {
                if is_heard && (single || i % 2 == side) {
                    for ((out, x), gain) in out.iter_mut().zip(samples).zip(&*monitor) {
                        *out += x * gain;
                    }
                }
            }
        }
        // A built-in synth that is not among the inputs is heard all the same.
        if self.built_in.is_some() && !self.sources.iter().any(|s| matches!(s, Source::Synth(_))) {
            for (out, synth) in [&mut *left, &mut *right].into_iter().zip(&self.synth_out) {
                out.iter_mut().zip(synth).for_each(|(out, x)| *out += x);
            }
        }
        let (left, right) = (&*left, &*right);
        capture.write_others(self.sources.len(), |tap| match tap {
            Tap::Input(input) => of_device(usize::from(input).saturating_sub(1)),
            Tap::Synth(Side::Left) => &self.synth_out[0][..frames],
            Tap::Synth(Side::Right) => &self.synth_out[1][..frames],
            Tap::Master(Side::Left) => left,
            Tap::Master(Side::Right) => right,
        });
    }

    /// A take that is listened to is heard and not recorded.
    fn add_audition(&mut self, frames: usize) {
        let [left, right] = &mut self.outputs;
        self.player.add_to(&mut left[..frames], &mut right[..frames]);
    }

    /// The click is heard and not recorded.
    fn add_click(&mut self, plan: &Plan, frames: usize) {
        if self.click_on || self.click.counts_in(self.frame) {
            let [left, right] = &mut self.outputs;
            let window = self.frame..self.frame + frames as i64;
            self.click.render(plan, self.click_on, window, &mut left[..frames], &mut right[..frames]);
        }
    }
}
