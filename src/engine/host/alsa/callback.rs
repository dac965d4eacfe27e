//! The callbacks for cpal: the master's, the input's, and the one for errors. Realtime: yes, all of them.

use super::device_sample::{DeviceSample, float_from_24, float_to_24};
use crate::engine::{
    audio::renderer::{OUTPUTS, Renderer},
    host::{CallbackStats, RendererLoan},
    realtime::{self, no_alloc},
};
use busker_sound::bridge::{BridgeIn, BridgeOut, Interruptions};
use cpal::{Data, Error, ErrorKind, I24, SampleFormat};
use ringbuf::{
    HeapCons, HeapProd, HeapRb,
    traits::{Consumer, Producer, Split},
};
use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicU32, Ordering},
};

/// Errors in a row, without a block between them, after which a stream is given up.
const ERRORS_IN_A_ROW: u32 = 32;

impl DeviceSample for I24 {
    fn to_float(self) -> f32 {
        float_from_24(self.inner())
    }

    fn from_float(x: f32) -> I24 {
        I24::new_unchecked(float_to_24(x))
    }
}

/// Reports of a device's streams; made before there is a receiver for them.
#[derive(Default)]
pub struct StreamSignals {
    stats: OnceLock<Arc<CallbackStats>>,
    interruptions: OnceLock<Interruptions>,
    /// Since the last block. Relaxed: a number on its own.
    errors: AtomicU32,
    /// The callbacks' threads stay as they are: a sound server's own thread must come before them.
    is_shared: bool,
}

impl StreamSignals {
    /// Signals of a device that belongs to a sound server, or of a card itself.
    pub fn of(is_shared: bool) -> StreamSignals {
        StreamSignals { is_shared, ..StreamSignals::default() }
    }

    /// Sets the receiver of reports; once, before the streams play.
    pub fn report_to(&self, stats: Arc<CallbackStats>) {
        let _ = self.stats.set(stats);
    }

    /// Sets the bridge that is notified of interruptions; once.
    pub fn bridge_with(&self, interruptions: Interruptions) {
        let _ = self.interruptions.set(interruptions);
    }

    fn xrun(&self) {
        if let Some(stats) = self.stats.get() {
            stats.xruns.fetch_add(1, Ordering::Relaxed);
        }
        if let Some(interruptions) = self.interruptions.get() {
            interruptions.add();
        }
    }

    fn lost(&self) {
        if let Some(stats) = self.stats.get() {
            stats.lost.store(true, Ordering::Relaxed);
        }
    }

    /// A block came: resets the count of errors.
    fn alive(&self) {
        self.errors.store(0, Ordering::Relaxed);
    }
}

/// The callback for errors.
pub fn errors(signals: Arc<StreamSignals>) -> impl FnMut(Error) + Send + 'static {
    move |error| match error.kind() {
        ErrorKind::Xrun => signals.xrun(),
        ErrorKind::RealtimeDenied | ErrorKind::DeviceChanged => {}
        ErrorKind::DeviceNotAvailable | ErrorKind::StreamInvalidated | ErrorKind::HostUnavailable => signals.lost(),
        _ => {
            if signals.errors.fetch_add(1, Ordering::Relaxed) >= ERRORS_IN_A_ROW {
                signals.lost();
            }
        }
    }
}

/// Asks for real-time scheduling before the first block where the device is a card itself, and reports the end of the
/// stream's thread, whatever ended it.
struct Presence {
    signals: Arc<StreamSignals>,
    asked: bool,
}

impl Presence {
    fn block(&mut self) {
        if !self.asked {
            self.asked = true;
            if self.signals.is_shared {
                return self.signals.alive();
            }
            realtime::request(realtime::CALLBACK_PRIORITY);
        }
        self.signals.alive();
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        self.signals.lost();
    }
}

/// A slot in a callback for a value that is made after it.
pub struct CallbackSlot<T> {
    // First, so that the renderer is sent back before the stream is reported as gone.
    here: Option<T>,
    coming: HeapCons<T>,
    presence: Presence,
}

/// A slot of a callback, and its other end to fill it.
pub fn slot<T>(signals: Arc<StreamSignals>) -> (HeapProd<T>, CallbackSlot<T>) {
    let (put, coming) = HeapRb::new(1).split();
    (put, CallbackSlot { here: None, coming, presence: Presence { signals, asked: false } })
}

/// Puts something into an empty slot.
pub fn put<T>(slot: &mut HeapProd<T>, what: T) {
    // A slot is filled once, and has room for one.
    let _ = slot.try_push(what);
}

impl<T> CallbackSlot<T> {
    fn get(&mut self) -> Option<&mut T> {
        if self.here.is_none() {
            self.here = self.coming.try_pop();
        }
        self.here.as_mut()
    }
}

/// The renderer and the inputs, for the master's callback.
pub struct Loan {
    /// The renderer.
    pub lent: RendererLoan,
    /// The source of the inputs, if there are any.
    pub bridge: Option<BridgeOut>,
}

/// The output's callback.
pub struct OutputCallback {
    slot: CallbackSlot<Loan>,
    channels: usize,
}

impl OutputCallback {
    /// A callback for frames of so many channels.
    pub fn new(slot: CallbackSlot<Loan>, channels: u16) -> OutputCallback {
        OutputCallback { slot, channels: usize::from(channels.max(1)) }
    }

    /// The device asks for a block.
    pub fn call(&mut self, data: &mut Data) {
        self.slot.presence.block();
        no_alloc(|| match data.sample_format() {
            SampleFormat::F32 => self.render(data.as_slice_mut::<f32>()),
            SampleFormat::I32 => self.render(data.as_slice_mut::<i32>()),
            SampleFormat::I24 => self.render(data.as_slice_mut::<I24>()),
            SampleFormat::I16 => self.render(data.as_slice_mut::<i16>()),
            // No other format is ever asked for; cpal has filled it with silence.
            _ => {}
        });
    }

    fn render<T: DeviceSample>(&mut self, out: Option<&mut [T]>) {
        let channels = self.channels;
        let (Some(out), Some(Loan { lent, bridge })) = (out, self.slot.get()) else { return };
        let frames = out.len() / channels;
        lent.begin();
        if let Some(bridge) = bridge {
            let begun = bridge.begin(frames, realtime::now_ns());
            if begun.gap {
                lent.stats().xruns.fetch_add(1, Ordering::Relaxed);
            }
            if begun.starved {
                lent.stats().lost.store(true, Ordering::Relaxed);
            }
        }
        let fill = |renderer: &mut Renderer, _, frames| match bridge.as_mut() {
            Some(bridge) => {
                let (have, samples) = (bridge.channels(), bridge.take(frames));
                spread(renderer, frames, have, |frame, channel| samples[frame * have + channel]);
            }
            None => spread(renderer, frames, 0, |_, _| 0.0),
        };
        let empty = |renderer: &Renderer, at, frames| {
            let frames = out[at * channels..].chunks_exact_mut(channels).take(frames);
            let (left, right) = (renderer.output(0), renderer.output(1));
            for ((frame, left), right) in frames.zip(left).zip(right) {
                match frame {
                    [mono] => *mono = T::from_float((left + right) * 0.5),
                    [to_left, to_right, rest @ ..] => {
                        *to_left = T::from_float(*left);
                        *to_right = T::from_float(*right);
                        rest.fill(T::from_float(0.0));
                    }
                    [] => {}
                }
            }
        };
        lent.render(frames, fill, empty);
        lent.end();
    }
}

/// Fills every input of the renderer: those the device has, and silence for the rest.
fn spread(renderer: &mut Renderer, frames: usize, have: usize, sample: impl Fn(usize, usize) -> f32) {
    for channel in 0..renderer.device_inputs() {
        let input = &mut renderer.device_input_mut(channel)[..frames];
        if channel < have {
            input.iter_mut().enumerate().for_each(|(frame, x)| *x = sample(frame, channel));
        } else {
            input.fill(0.0);
        }
    }
}

/// The input's callback beside an output: it only fills the bridge.
pub struct InputCallback {
    slot: CallbackSlot<BridgeIn>,
    channels: usize,
}

impl InputCallback {
    /// A callback for frames of so many channels, of which the bridge takes the first ones.
    pub fn new(slot: CallbackSlot<BridgeIn>, channels: u16) -> InputCallback {
        InputCallback { slot, channels: usize::from(channels.max(1)) }
    }

    /// A block has come.
    pub fn call(&mut self, data: &Data) {
        let now_ns = realtime::now_ns();
        self.slot.presence.block();
        no_alloc(|| match data.sample_format() {
            SampleFormat::F32 => self.push(data.as_slice::<f32>(), now_ns),
            SampleFormat::I32 => self.push(data.as_slice::<i32>(), now_ns),
            SampleFormat::I24 => self.push(data.as_slice::<I24>(), now_ns),
            SampleFormat::I16 => self.push(data.as_slice::<i16>(), now_ns),
            _ => {}
        });
    }

    fn push<T: DeviceSample>(&mut self, samples: Option<&[T]>, now_ns: u64) {
        let channels = self.channels;
        let (Some(samples), Some(bridge)) = (samples, self.slot.get()) else { return };
        let used = bridge.channels();
        let frames = samples.len() / channels;
        let sample = |i: usize| samples[i / used * channels + i % used].to_float();
        bridge.push(now_ns, (0..frames * used).map(sample));
    }
}

/// The input's callback where there is no output: it is the master, and the rendered outputs are dropped.
pub struct OnlyInputCallback {
    slot: CallbackSlot<Loan>,
    channels: usize,
}

impl OnlyInputCallback {
    /// A callback for frames of so many channels.
    pub fn new(slot: CallbackSlot<Loan>, channels: u16) -> OnlyInputCallback {
        OnlyInputCallback { slot, channels: usize::from(channels.max(1)) }
    }

    /// A block has come.
    pub fn call(&mut self, data: &Data) {
        self.slot.presence.block();
        no_alloc(|| match data.sample_format() {
            SampleFormat::F32 => self.render(data.as_slice::<f32>()),
            SampleFormat::I32 => self.render(data.as_slice::<i32>()),
            SampleFormat::I24 => self.render(data.as_slice::<I24>()),
            SampleFormat::I16 => self.render(data.as_slice::<i16>()),
            _ => {}
        });
    }

    fn render<T: DeviceSample>(&mut self, samples: Option<&[T]>) {
        let channels = self.channels;
        let (Some(samples), Some(Loan { lent, .. })) = (samples, self.slot.get()) else { return };
        lent.begin();
        let fill = |renderer: &mut Renderer, at: usize, frames| {
            spread(renderer, frames, channels, |frame, channel| samples[(at + frame) * channels + channel].to_float());
        };
        lent.render(samples.len() / channels, fill, |_, _, _| {});
        lent.end();
    }
}

const _: () = assert!(OUTPUTS == 2, "left and right are written by name");
