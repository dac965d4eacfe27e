//! Hosts: the audio and MIDI of the machine.
//!
//! A host opens a [`Device`], whose [`DeviceSpec`] gives its rate and channels; the engine builds a renderer for them,
//! and [`Device::start`] turns both into a [`Driver`] that runs. A driver that ends, or a start that fails, gives the
//! renderer back, so the same engine goes on with another device.
//!
//! cpal is named only under `host/alsa`, midir only in `host/alsa_midi.rs`, jack only under `host/jack`.

pub mod alsa;
pub mod alsa_midi;
pub mod jack;
pub mod open_port;
pub mod patchbay;
pub mod quiet;
pub mod raw_midi;
pub mod sim;

use crate::engine::{
    audio::renderer::{BlockTime, Renderer},
    realtime,
};
use busker_sound::MAX_BLOCK;
use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
    mpsc::{self, Receiver, Sender},
};

/// The device to open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AudioRequest {
    /// Frames per second; `None` is the device's own.
    pub sample_rate_hz: Option<u32>,
    /// Frames in a block.
    pub block_frames: Option<u32>,
    /// Least number of inputs; `None` is as many as there are, up to two. The device's other inputs are opened, too.
    pub inputs: Option<usize>,
    /// JACK MIDI ports to make. They are the first ports of the renderer, in this order.
    pub jack_ports: Vec<JackPort>,
}

/// A JACK MIDI port to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JackPort {
    /// The port to connect it to: a port's name or a part of it; none where it is empty.
    pub name: String,
    /// Whether it sends; otherwise it only receives.
    pub output: bool,
}

/// The rate, channels and names of an open device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceSpec {
    /// `alsa`, `jack` or `sim`.
    pub host: &'static str,
    /// The name for `--device`.
    pub id: String,
    /// The name to show.
    pub name: String,
    /// Frames per second.
    pub sample_rate_hz: u32,
    /// Frames in a block, as far as it is known before it runs.
    pub block_frames: u32,
    /// Input channels.
    pub inputs: usize,
    /// From the rendering of a frame to its output, in frames.
    pub latency_frames: u32,
}

/// Why a device cannot be opened, as one sentence that says what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct HostError(pub String);

/// An open device that does not run yet.
pub trait Device: Send {
    /// Its rate, channels and names.
    fn spec(&self) -> &DeviceSpec;

    /// Runs the renderer on it.
    ///
    /// # Errors
    /// The renderer comes back with the reason.
    fn start(self: Box<Self>, renderer: Renderer, stats: Arc<CallbackStats>) -> Result<Box<dyn Driver>, StartFailed>;
}

/// A device did not start. The renderer is as it was.
pub struct StartFailed {
    /// Why.
    pub error: HostError,
    /// The renderer; `None` where the system never let go of it.
    pub renderer: Option<Box<Renderer>>,
}

/// A running device. Dropping it ends it.
pub trait Driver: Send {
    /// Ends it and gives the renderer back, or `None` where the system never let go of it.
    fn stop(self: Box<Self>) -> Option<Renderer>;
}

/// Load and xruns of a running callback: written by it, read by the control thread. Relaxed atomics, each a number on
/// its own.
#[derive(Debug, Default)]
pub struct CallbackStats {
    /// Blocks rendered; in a stall the number does not change.
    pub blocks: AtomicU64,
    /// Frames in the newest block.
    pub block_frames: AtomicU32,
    /// Interruptions.
    pub xruns: AtomicU64,
    /// For how long blocks were missing, in ms, since it was last taken; short gaps are not counted.
    pub stood_ms: AtomicU64,
    /// Part of its period the callback takes, smoothed, in thousandths.
    pub load_permille: AtomicU32,
    /// The highest since it was last taken, in thousandths.
    pub load_peak_permille: AtomicU32,
    /// The device is gone and will not call again.
    pub lost: AtomicBool,
}

impl CallbackStats {
    /// Records a block of `frames` that began and ended at these instants. Realtime: yes.
    fn block(&self, frames: usize, sample_rate_hz: f64, began_ns: u64, ended_ns: u64) {
        let period_ns = frames as f64 * 1e9 / sample_rate_hz;
        let permille = (ended_ns.saturating_sub(began_ns) as f64 / period_ns * 1000.0) as u32;
        let before = self.load_permille.load(Ordering::Relaxed);
        // An average over some sixteen blocks; only the callback writes it.
        self.load_permille.store((before * 15 + permille).div_ceil(16), Ordering::Relaxed);
        self.load_peak_permille.fetch_max(permille, Ordering::Relaxed);
        self.block_frames.store(frames as u32, Ordering::Relaxed);
        self.blocks.fetch_add(1, Ordering::Relaxed);
    }
}

/// No device's blocks are so far apart, in ns; a later one means that the machine or its device stood still.
const STOOD_NS: u64 = 500_000_000;

/// A renderer inside a callback. However the stream ends, dropping this gives the renderer back.
pub struct RendererLoan {
    renderer: Option<Renderer>,
    stats: Arc<CallbackStats>,
    home: Sender<Renderer>,
    began_ns: u64,
    due_ns: u64,
    frames: usize,
}

/// Lends a renderer to a callback; it comes back through the receiver.
pub fn lend(mut renderer: Renderer, stats: Arc<CallbackStats>) -> (RendererLoan, Receiver<Renderer>) {
    renderer.restart();
    let (home, receiver) = mpsc::channel();
    (RendererLoan { renderer: Some(renderer), stats, home, began_ns: 0, due_ns: 0, frames: 0 }, receiver)
}

impl RendererLoan {
    /// A block of the device begins. Realtime: yes.
    pub fn begin(&mut self) {
        self.begin_at(realtime::now_ns());
    }

    /// A block begins that was due at this instant, for a device that reports it. Realtime: yes.
    pub fn begin_at(&mut self, due_ns: u64) {
        let before_ns = std::mem::replace(&mut self.began_ns, realtime::now_ns());
        let stood_ns = self.began_ns.saturating_sub(before_ns);
        if before_ns > 0 && stood_ns > STOOD_NS {
            self.stats.stood_ms.fetch_add(stood_ns / 1_000_000, Ordering::Relaxed);
        }
        self.due_ns = due_ns;
        self.frames = 0;
    }

    /// Renders the next part of the block: fills the inputs, renders, hands the outputs over. Realtime: yes.
    ///
    /// `frames` is cut into parts of [`MAX_BLOCK`]; both closures get the first frame of the part and its length.
    pub fn render(
        &mut self,
        frames: usize,
        fill: impl FnMut(&mut Renderer, usize, usize),
        empty: impl FnMut(&Renderer, usize, usize),
    ) {
        self.render_from(frames, fill, |_, _, _| None, empty);
    }

    /// The same, for inputs that need not be copied: `device` gives the samples of a channel of the part in place, as
    /// for [`Renderer::process_from`]. Realtime: yes.
    pub fn render_from<'a>(
        &mut self,
        frames: usize,
        mut fill: impl FnMut(&mut Renderer, usize, usize),
        device: impl Fn(usize, usize, usize) -> Option<&'a [f32]>,
        mut empty: impl FnMut(&Renderer, usize, usize),
    ) {
        let Some(renderer) = &mut self.renderer else { return };
        let ns_per_frame = 1e9 / renderer.sample_rate_hz();
        let mut at = 0;
        while at < frames {
            let n = (frames - at).min(MAX_BLOCK);
            fill(renderer, at, n);
            let offset_ns = ((self.frames + at) as f64 * ns_per_frame) as u64;
            let time = BlockTime::Began(self.due_ns + offset_ns);
            renderer.process_from(n, time, |channel| device(channel, at, n));
            empty(renderer, at, n);
            at += n;
        }
        self.frames += frames;
    }

    /// The block of the device ends. Realtime: yes.
    pub fn end(&mut self) {
        if let Some(renderer) = &mut self.renderer {
            renderer.block_was(self.frames);
            self.stats.block(self.frames.max(1), renderer.sample_rate_hz(), self.began_ns, realtime::now_ns());
        }
    }

    /// Load and xruns of the callback.
    pub fn stats(&self) -> &CallbackStats {
        &self.stats
    }

    /// The renderer.
    pub fn renderer(&self) -> Option<&Renderer> {
        self.renderer.as_ref()
    }
}

impl Drop for RendererLoan {
    fn drop(&mut self) {
        if let Some(renderer) = self.renderer.take() {
            // When the whole engine ends, the receiver is gone.
            let _ = self.home.send(renderer);
        }
    }
}
