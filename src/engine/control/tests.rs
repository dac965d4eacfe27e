//! Shared by the tests of the control: one in virtual time, the NTS-1's profile on the built-in synth's port, and the
//! synth's end of the wire.

use crate::{
    engine::{
        config::EngineConfig,
        host::open_port::{OpenPort, PatchbayIndex},
        host::patchbay::{PortChange, PortEvent},
        midi::input::{Inlet, Where, input},
        offline::{Offline, built_in_port},
        station::Answer,
    },
    profile::{Profile, Target},
    status::Event,
};
use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex,
        mpsc::{self, Receiver, Sender},
    },
};

/// The instant in ms, and the message.
type SentAt = (f64, Vec<u8>);

pub(super) struct Rig {
    pub(super) offline: Offline,
    /// Messages from the synth.
    synth: Inlet,
    /// Messages to the synth.
    sent: Arc<Mutex<Vec<SentAt>>>,
    pub(super) events: Receiver<Event>,
    /// Sends changes of the port.
    port: Sender<PortEvent>,
    folder: tempfile::TempDir,
}

impl Rig {
    pub(super) fn new() -> Rig {
        let folder = tempfile::tempdir().unwrap();
        let config = EngineConfig { clock_on: false, ..EngineConfig::of_seven_bits(folder.path()) };
        let (synth, input) = input(Where::Thread);
        let port = OpenPort { input: Some(input), kept: Some(PatchbayIndex(0)), ..built_in_port() };
        let mut offline = Offline::on(&config, vec![port]).unwrap();
        let (port, port_events) = mpsc::channel();
        offline.control().keep_ports(Some(port_events));
        let sent = Arc::<Mutex<Vec<SentAt>>>::default();
        let log = Arc::clone(&sent);
        offline.listen_to_sent(Box::new(move |sent, at_ns, _| {
            log.lock().unwrap().push((at_ns as f64 * 1e-6, sent.payload.bytes().to_vec()));
        }));
        let events = offline.station().subscribe(|| {});
        Rig { offline, synth, sent, events, port, folder }
    }

    /// The port goes away.
    pub(super) fn unplug(&mut self) {
        self.port.send(PortEvent { port: PatchbayIndex(0), change: PortChange::Gone }).unwrap();
        self.wait_ms(20);
    }

    pub(super) fn try_ask(&mut self, line: &str) -> Answer {
        self.offline.ask(&line.parse().unwrap())
    }

    #[track_caller]
    pub(super) fn ask(&mut self, line: &str) -> String {
        self.try_ask(line).unwrap()
    }

    #[track_caller]
    pub(super) fn refused(&mut self, line: &str) -> String {
        self.try_ask(line).unwrap_err()
    }

    pub(super) fn wait_ms(&mut self, ms: i64) {
        let frame = self.offline.frame();
        self.offline.run_to(frame + ms * 48);
    }

    /// The synth sends these bytes.
    pub(super) fn hear(&mut self, bytes: &[u8]) {
        let now_ns = (self.offline.frame() as u64) * 1_000_000_000 / 48_000;
        self.synth.hear(now_ns, bytes);
        self.wait_ms(20);
    }

    /// A file among the takes.
    pub(super) fn take(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn profile(&self) -> Arc<Profile> {
        self.offline.status().params.profile.clone()
    }

    /// The value of a parameter.
    pub(super) fn value(&self, name: &str) -> u16 {
        let params = self.offline.status().params;
        params.values[params.profile.param_index(name).unwrap()]
    }

    pub(super) fn name(&self, target: Target) -> String {
        self.profile().params.iter().find(|param| param.target == Some(target)).unwrap().name.clone()
    }

    /// Messages sent since the last call, each with its instant in ms.
    pub(super) fn sent_at(&self) -> Vec<SentAt> {
        std::mem::take(&mut self.sent.lock().unwrap())
    }

    /// Messages sent since the last call.
    pub(super) fn sent(&self) -> Vec<Vec<u8>> {
        self.sent_at().into_iter().map(|(_, bytes)| bytes).collect()
    }

    /// The values of a controller sent since the last call, each with its instant in ms.
    pub(super) fn sent_of(&self, controller: u8) -> Vec<(f64, u8)> {
        let of = |(at_ms, bytes): SentAt| match bytes[..] {
            [0xB0, number, value] if number == controller => Some((at_ms, value)),
            _ => None,
        };
        self.sent_at().into_iter().filter_map(of).collect()
    }

    /// The parameters in events since the last call, with their values.
    pub(super) fn told(&self) -> Vec<(String, u16)> {
        let told = |event| match event {
            Event::ParamSet { name, value, .. } => Some((name, value)),
            _ => None,
        };
        self.events.try_iter().filter_map(told).collect()
    }
}
