//! The ALSA host: cpal's output and input streams, bridged into one callback.
//!
//! The output stream is the master: it owns the renderer and takes the inputs from the bridge (`sound/src/bridge.rs`)
//! that the input stream's callback fills. Without an output, the input stream is the master. Both callbacks run on
//! cpal's threads; nothing in them locks, allocates, frees, formats, logs or makes a system call, but that each asks
//! for real-time scheduling once, before its first block. Opening, starting and stopping may take their time.
//!
//! Both streams are built when the device is opened, so that every error shows then; they wait for [`Device::start`],
//! which puts the renderer into the master's slot.

mod callback;
mod cards;
mod device_sample;
mod offer;
mod open;

pub use cards::{Behind, Card, Cards, Pick};
pub use open::{ListedDevice, list, open};

use super::{CallbackStats, Device, DeviceSpec, Driver, StartFailed, lend};
use crate::engine::audio::renderer::Renderer;
use busker_sound::bridge::BridgeOut;
use callback::{Loan, StreamSignals, put};
use cpal::traits::StreamTrait;
use ringbuf::HeapProd;
use std::{
    sync::{
        Arc,
        mpsc::{self, Receiver},
    },
    thread,
    time::{Duration, Instant},
};

/// How long a stream may take to end before it is left behind.
const END: Duration = Duration::from_secs(2);

/// The streams of a device.
struct Streams {
    output: Option<cpal::Stream>,
    input: Option<cpal::Stream>,
}

impl Streams {
    /// The input first, so that the bridge fills while the output's buffer does.
    fn play(&self) -> Result<(), cpal::Error> {
        [&self.input, &self.output].into_iter().flatten().try_for_each(StreamTrait::play)
    }

    /// Ends both; the receiver gets a message then. Ending joins a thread that may hang in a driver, so it gets a
    /// thread of its own.
    fn end(self) -> Receiver<()> {
        let (done, ended) = mpsc::channel();
        let body = move || {
            let Streams { output, input } = self;
            drop(output);
            drop(input);
            let _ = done.send(());
        };
        // Without a thread the closure is dropped, and the streams end right here.
        let _ = thread::Builder::new().name("audio-end".into()).spawn(body);
        ended
    }
}

/// An open device whose streams wait.
struct AlsaDevice {
    spec: DeviceSpec,
    streams: Streams,
    slot: HeapProd<Loan>,
    bridge: Option<BridgeOut>,
    signals: Arc<StreamSignals>,
}

impl Device for AlsaDevice {
    fn spec(&self) -> &DeviceSpec {
        &self.spec
    }

    fn start(self: Box<Self>, renderer: Renderer, stats: Arc<CallbackStats>) -> Result<Box<dyn Driver>, StartFailed> {
        let AlsaDevice { spec, streams, mut slot, bridge, signals } = *self;
        let (lent, home) = lend(renderer, Arc::clone(&stats));
        signals.report_to(stats);
        put(&mut slot, Loan { lent, bridge });
        match streams.play() {
            Ok(()) => Ok(Box::new(AlsaDriver { streams: Some(streams), home })),
            Err(error) => {
                let error = open::refused(&spec.name, &error);
                let renderer = AlsaDriver { streams: Some(streams), home }.end();
                Err(StartFailed { error, renderer: renderer.map(Box::new) })
            }
        }
    }
}

struct AlsaDriver {
    streams: Option<Streams>,
    home: Receiver<Renderer>,
}

impl AlsaDriver {
    /// Waits for the renderer, then for the device to be free again, both together no longer than [`END`].
    fn end(&mut self) -> Option<Renderer> {
        let ended = self.streams.take()?.end();
        let deadline = Instant::now() + END;
        let renderer = self.home.recv_timeout(END).ok();
        if ended.recv_timeout(deadline.saturating_duration_since(Instant::now())).is_err() {
            tracing::warn!("a stream of the audio device does not stop; it is abandoned");
        }
        renderer
    }
}

impl Driver for AlsaDriver {
    fn stop(mut self: Box<Self>) -> Option<Renderer> {
        self.end()
    }
}

impl Drop for AlsaDriver {
    fn drop(&mut self) {
        self.end();
    }
}
