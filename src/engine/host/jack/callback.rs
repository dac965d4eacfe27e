//! JACK's callbacks: process, on JACK's real-time thread, and the notifications, on its other one.
//!
//! Process passes on the messages of the MIDI inputs, renders from the inputs in place, copies the outputs and writes
//! each message on its frame. Nothing in here locks, allocates, frees, formats, logs or makes a system call.

use super::connection_keeper::ConnectionKeeper;
use crate::{
    engine::{
        audio::renderer::{OUTPUTS, Renderer},
        host::{CallbackStats, RendererLoan},
        realtime::no_alloc,
    },
    midi::Message,
};
use jack::{
    AudioIn, AudioOut, Client, ClientStatus, Control, MidiIn, MidiOut, MidiWriter, NotificationHandler, Port, PortId,
    ProcessHandler, ProcessScope, RawMidi,
};
use std::{
    array,
    sync::{
        Arc, Mutex, TryLockError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

/// MIDI ports at most: their writers are on the stack.
pub const MIDI_PORTS: usize = 16;
/// Room in a period's buffer that only note-offs and real-time messages may take.
const RESERVED_BYTES: usize = 2048;

/// A server that begins again may hurry through some periods: jackd's dummy driver, back from freewheeling, comes 29 ms
/// early. For so long the engine's clock takes each block as it comes and learns nothing from it.
const HURRY_MS: u32 = 250;

/// Holds the renderer while it is lent. Both sides only try the lock: while the driver takes the renderer back, the
/// callback is silent for a block, and neither side ever waits, so that even a server that hangs for good cannot keep
/// it.
pub type RendererSlot = Arc<Mutex<Option<RendererLoan>>>;

/// Signals from the notifications to the callback, and from the callback to the driver. Relaxed atomics, each on its
/// own.
#[derive(Debug, Default)]
pub struct JackSignals {
    /// JACK renders as fast as it can, not in real time.
    pub freewheeling: AtomicBool,
    /// Time was lost since the last block.
    pub interrupted: AtomicBool,
    /// Messages that found no room in a period's buffer.
    pub lost_messages: AtomicU64,
}

/// The ports of the client.
pub struct JackPorts {
    /// `in_1`…
    pub inputs: Vec<Port<AudioIn>>,
    /// `out_1`, `out_2`.
    pub outputs: [Port<AudioOut>; OUTPUTS],
    /// `midi_out`…, at most [`MIDI_PORTS`].
    pub midi: Vec<Port<MidiOut>>,
    /// `midi_in`…, one for each `midi_out`.
    pub midi_in: Vec<Port<MidiIn>>,
}

/// The process callback.
pub struct Callback {
    ports: JackPorts,
    slot: RendererSlot,
    signals: Arc<JackSignals>,
    hurry_frames: u32,
    /// Frames for which the server may still hurry.
    hurrying: u32,
}

impl Callback {
    /// A callback that renders with the renderer in the slot.
    pub fn new(ports: JackPorts, slot: RendererSlot, signals: Arc<JackSignals>, sample_rate_hz: u32) -> Callback {
        let hurry_frames = sample_rate_hz / 1000 * HURRY_MS;
        Callback { ports, slot, signals, hurry_frames, hurrying: hurry_frames }
    }

    /// Whether this period gives no valid pair of frame and monotonic time. Realtime: yes.
    fn out_of_time(&mut self, frames: u32) -> bool {
        self.hurrying = self.hurrying.saturating_sub(frames);
        if self.signals.interrupted.swap(false, Ordering::Relaxed) || self.signals.freewheeling.load(Ordering::Relaxed)
        {
            self.hurrying = self.hurry_frames;
        }
        self.hurrying > 0
    }

    /// Realtime: yes.
    fn block(&mut self, scope: &ProcessScope) {
        let begins_anew = self.out_of_time(scope.n_frames());
        let Callback { ports: JackPorts { inputs, outputs: [left, right], midi, midi_in }, slot, signals, .. } = self;
        let (left, right) = (left.as_mut_slice(scope), right.as_mut_slice(scope));
        // Making a writer clears the port's buffer: once a period, whatever follows.
        let mut midi = midi.iter_mut();
        let mut writers: [Option<MidiWriter<'_>>; MIDI_PORTS] =
            array::from_fn(|_| midi.next().map(|port| port.writer(scope)));
        let mut slot = match slot.try_lock() {
            Ok(slot) => slot,
            Err(TryLockError::Poisoned(slot)) => slot.into_inner(),
            Err(TryLockError::WouldBlock) => return silence(left, right),
        };
        let Some(lent) = &mut *slot else { return silence(left, right) };
        let fill = |renderer: &mut Renderer, at: usize, frames: usize| {
            if begins_anew && at == 0 {
                renderer.restart();
            }
            for (index, port) in midi_in.iter().enumerate() {
                for RawMidi { time, bytes } in port.iter(scope) {
                    let time = time as usize;
                    if (at..at + frames).contains(&time) {
                        // Messages of the period before this one, at their place in it.
                        renderer.hear(index, time as i64 - at as i64 - i64::from(scope.n_frames()), bytes);
                    }
                }
            }
        };
        let device =
            |channel: usize, at: usize, frames: usize| inputs.get(channel)?.as_slice(scope).get(at..at + frames);
        let empty = |renderer: &Renderer, at: usize, frames: usize| {
            left[at..at + frames].copy_from_slice(&renderer.output(0)[..frames]);
            right[at..at + frames].copy_from_slice(&renderer.output(1)[..frames]);
            for (index, writer) in writers.iter_mut().enumerate() {
                let Some(writer) = writer else { break };
                for (offset, bytes) in renderer.port(index).messages() {
                    if !write(writer, at + offset, bytes) {
                        signals.lost_messages.fetch_add(1, Ordering::Relaxed);
                    }
                }
            }
        };
        lent.begin();
        lent.render_from(scope.n_frames() as usize, fill, device, empty);
        lent.end();
    }
}

fn silence(left: &mut [f32], right: &mut [f32]) {
    left.fill(0.0);
    right.fill(0.0);
}

/// Writes a message on its frame; false where there is no room. Realtime: yes.
fn write(writer: &mut MidiWriter<'_>, frame: usize, bytes: &[u8]) -> bool {
    let urgent = || Message::from_bytes(bytes).is_some_and(|message| message.is_urgent());
    let room = writer.max_event_size() >= bytes.len() + RESERVED_BYTES || urgent();
    room && writer.write(&RawMidi { time: frame as u32, bytes }).is_ok()
}

impl ProcessHandler for Callback {
    fn process(&mut self, _: &Client, scope: &ProcessScope) -> Control {
        no_alloc(|| self.block(scope));
        Control::Continue
    }
}

/// The notifications: each sets an atomic or wakes the keeper of MIDI connections.
pub struct Notifications {
    stats: Arc<CallbackStats>,
    signals: Arc<JackSignals>,
    keeper: ConnectionKeeper,
}

impl Notifications {
    /// Notifications for this stream.
    pub fn new(stats: Arc<CallbackStats>, signals: Arc<JackSignals>, keeper: ConnectionKeeper) -> Notifications {
        Notifications { stats, signals, keeper }
    }
}

impl NotificationHandler for Notifications {
    #[allow(
        unsafe_code,
        reason = "the trait's method is unsafe: it runs like a signal handler, so it stores one atomic"
    )]
    unsafe fn shutdown(&mut self, _: ClientStatus, _: &str) {
        self.stats.lost.store(true, Ordering::Relaxed);
    }

    fn freewheel(&mut self, _: &Client, is_freewheel_enabled: bool) {
        // Back in real time, the first block is where the clock begins anew.
        self.signals.interrupted.store(true, Ordering::Relaxed);
        self.signals.freewheeling.store(is_freewheel_enabled, Ordering::Relaxed);
    }

    fn port_registration(&mut self, client: &Client, port: PortId, is_registered: bool) {
        if is_registered {
            self.keeper.appeared(client, port);
        }
    }

    fn xrun(&mut self, _: &Client) -> Control {
        self.stats.xruns.fetch_add(1, Ordering::Relaxed);
        self.signals.interrupted.store(true, Ordering::Relaxed);
        Control::Continue
    }
}
