//! A JACK client of the tests: it receives MIDI with its frames, plays a ramp, and counts xruns.

use super::server::wait_for;
use jack::{
    AsyncClient, AudioOut, Client, ClientOptions, Control, Frames, MidiIn, MidiOut, NotificationHandler, Port,
    PortFlags, ProcessHandler, ProcessScope, RawMidi,
};
use std::sync::{
    Arc,
    atomic::{AtomicI32, AtomicU32, AtomicU64, Ordering},
    mpsc::{self, Receiver, Sender},
};

/// One step of 24-bit sound.
pub const STEP: f32 = 1.0 / 8_388_608.0;

/// A message, and the frame of its arrival on the server's clock.
pub type Heard = (Frames, Vec<u8>);

/// The client. Dropping it closes it.
pub struct Probe {
    client: AsyncClient<Xruns, Process>,
    heard: Receiver<Heard>,
    say: Sender<Vec<u8>>,
    /// Frames between two pulses of its clock; 0 for no clock.
    pulse_frames: Arc<AtomicU32>,
    xruns: Arc<AtomicU64>,
    /// The ramp's newest step.
    played: Arc<AtomicI32>,
}

struct Xruns(Arc<AtomicU64>);

impl NotificationHandler for Xruns {
    fn xrun(&mut self, _: &Client) -> Control {
        self.0.fetch_add(1, Ordering::Relaxed);
        Control::Continue
    }
}

struct Process {
    midi: Port<MidiIn>,
    midi_out: Port<MidiOut>,
    say: Receiver<Vec<u8>>,
    pulse_frames: Arc<AtomicU32>,
    next_pulse: u64,
    frame: u64,
    ramps: [Port<AudioOut>; 2],
    next: i32,
    played: Arc<AtomicI32>,
    heard: Sender<Heard>,
}

impl ProcessHandler for Process {
    fn process(&mut self, _: &Client, scope: &ProcessScope) -> Control {
        for event in self.midi.iter(scope) {
            let _ = self.heard.send((scope.last_frame_time().wrapping_add(event.time), event.bytes.to_vec()));
        }
        let mut writer = self.midi_out.writer(scope);
        for message in self.say.try_iter() {
            writer.write(&RawMidi { time: 0, bytes: &message }).unwrap();
        }
        let (end, pulse_frames) = (self.frame + u64::from(scope.n_frames()), self.pulse_frames.load(Ordering::Relaxed));
        self.next_pulse = self.next_pulse.max(self.frame);
        while pulse_frames > 0 && self.next_pulse < end {
            writer.write(&RawMidi { time: (self.next_pulse - self.frame) as u32, bytes: &[0xF8] }).unwrap();
            self.next_pulse += u64::from(pulse_frames);
        }
        self.frame = end;
        let [left, right] = &mut self.ramps;
        for (left, right) in left.as_mut_slice(scope).iter_mut().zip(right.as_mut_slice(scope)) {
            *left = self.next as f32 * STEP;
            *right = -*left;
            self.next += 1;
        }
        self.played.store(self.next - 1, Ordering::Relaxed);
        Control::Continue
    }
}

impl Probe {
    /// A client `probe` with ports `midi_in`, `midi_out`, `ramp_1` (1, 2, 3… steps of 24-bit sound) and `ramp_2` (its negative).
    pub fn open() -> Probe {
        // A ready server refuses a client now and then while another server starts on this machine.
        let mut opened = None;
        wait_for("the probe's client", || {
            opened = Client::new("probe", ClientOptions::NO_START_SERVER).ok();
            opened.is_some()
        });
        let (client, _) = opened.unwrap();
        let midi = client.register_port("midi_in", MidiIn::default()).unwrap();
        let midi_out = client.register_port("midi_out", MidiOut::default()).unwrap();
        let (say, said) = mpsc::channel();
        let pulse_frames = Arc::<AtomicU32>::default();
        let ramps = ["ramp_1", "ramp_2"].map(|name| client.register_port(name, AudioOut::default()).unwrap());
        let (sender, heard) = mpsc::channel();
        let xruns = Arc::<AtomicU64>::default();
        let played = Arc::<AtomicI32>::default();
        let process = Process {
            midi,
            midi_out,
            say: said,
            pulse_frames: Arc::clone(&pulse_frames),
            next_pulse: 0,
            frame: 0,
            ramps,
            next: 1,
            played: Arc::clone(&played),
            heard: sender,
        };
        let client = client.activate_async(Xruns(Arc::clone(&xruns)), process).unwrap();
        Probe { client, heard, say, pulse_frames, xruns, played }
    }

    /// Sends a message.
    pub fn say(&self, bytes: &[u8]) {
        self.say.send(bytes.to_vec()).unwrap();
    }

    /// Sets the frames between two pulses of its clock.
    pub fn clock(&self, pulse_frames: u32) {
        self.pulse_frames.store(pulse_frames, Ordering::Relaxed);
    }

    /// Tries to connect two ports: a client that is not active yet refuses.
    pub fn try_connect(&self, from: &str, to: &str) -> bool {
        self.client.as_client().connect_ports_by_name(from, to).is_ok()
    }

    /// Connects two ports.
    pub fn connect(&self, from: &str, to: &str) {
        self.client.as_client().connect_ports_by_name(from, to).unwrap();
    }

    /// The connections of a port.
    pub fn connections(&self, port: &str) -> Vec<String> {
        self.client.as_client().port_by_name(port).map(|port| port.get_connections()).unwrap_or_default()
    }

    /// Every port with this in its name.
    pub fn ports(&self, pattern: &str) -> Vec<String> {
        self.client.as_client().ports(Some(pattern), None, PortFlags::empty())
    }

    /// The next message; panics if none comes.
    pub fn hear(&self) -> Heard {
        self.heard.recv_timeout(std::time::Duration::from_secs(20)).expect("a message")
    }

    /// The messages received until now.
    pub fn heard(&self) -> Vec<Heard> {
        self.heard.try_iter().collect()
    }

    /// The position of its ramp, in frames.
    pub fn played(&self) -> i64 {
        i64::from(self.played.load(Ordering::Relaxed))
    }

    /// Xruns since it was opened.
    pub fn xruns(&self) -> u64 {
        self.xruns.load(Ordering::Relaxed)
    }

    /// Repeats a measurement that an interruption of the server spoilt, which a busy machine may cause. Without an
    /// interruption, the first failure counts.
    pub fn undisturbed<T>(&self, mut measure: impl FnMut() -> Result<T, String>) -> T {
        const TRIES: u32 = 6;
        for _ in 0..TRIES {
            let before = self.xruns();
            match measure() {
                Ok(value) => return value,
                Err(fault) if self.xruns() == before => panic!("{fault}, and no interruption of the server"),
                Err(fault) => println!("measured: again, after an interruption: {fault}"),
            }
        }
        panic!("the server was interrupted in each of {TRIES} measurements: this machine is too busy");
    }
}
