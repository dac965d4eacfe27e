//! A station on the test's server.

use super::server::wait_for;
use busker::{
    engine::{
        config::EngineConfig,
        host::open_port::OpenPort,
        host::{AudioRequest, JackPort, jack},
        live::{Engine, Machinery, Reopen},
        offline::built_in_port,
        station::Station,
    },
    music::Decibels,
    status::{Event, Status},
};
use std::{
    path::{Path, PathBuf},
    sync::{Arc, mpsc::Receiver},
};
use tempfile::TempDir;

/// A running engine with its folder and its events.
pub struct Stage {
    /// The engine.
    pub engine: Engine,
    /// To send commands.
    pub station: Station,
    /// The events.
    pub events: Receiver<Event>,
    folder: TempDir,
}

/// The request to the host: these MIDI ports, and two inputs.
pub fn request(jack_ports: &[&str]) -> AudioRequest {
    AudioRequest {
        sample_rate_hz: None,
        block_frames: None,
        inputs: None,
        jack_ports: jack_ports.iter().map(|&name| JackPort { name: name.to_owned(), output: true }).collect(),
    }
}

impl Stage {
    /// A station with the built-in synth as its instrument.
    pub fn with_synth() -> Stage {
        Stage::new(&[], vec![built_in_port()])
    }

    /// A station with these JACK MIDI ports.
    pub fn with_ports(names: &[&str]) -> Stage {
        Stage::new(names, names.iter().map(|name| jack::port(name)).collect())
    }

    fn new(jack_ports: &[&str], ports: Vec<OpenPort>) -> Stage {
        let folder = tempfile::tempdir().unwrap();
        let request = request(jack_ports);
        // A server that is ready sometimes refuses a client while another server starts on this machine.
        let mut device = None;
        wait_for("a client of the JACK server", || {
            device = jack::open(None, &request).ok();
            device.is_some()
        });
        let device = device.unwrap();
        let reopen: Reopen = Box::new(move || jack::open(None, &request));
        let engine =
            Engine::start(&config(folder.path()), Machinery { reopen, ..Machinery::lasting(device, ports) }, None)
                .unwrap();
        let station = engine.station().clone();
        let events = station.subscribe(|| {});
        Stage { engine, station, events, folder }
    }

    /// Sends a command, and fails if it is refused.
    pub fn ask(&self, command: &str) {
        self.station.ask(command.parse().unwrap()).unwrap();
    }

    /// The present status.
    pub fn status(&self) -> Arc<Status> {
        self.station.status()
    }

    /// Waits until a take is closed.
    pub fn finished_take(&self) -> PathBuf {
        let mut finished = None;
        wait_for("the end of the take", || {
            finished = finished.take().or_else(|| {
                self.events.try_iter().find_map(|event| match event {
                    Event::TakeFinished { path, .. } => Some(path),
                    _ => None,
                })
            });
            finished.is_some()
        });
        finished.unwrap()
    }

    /// Waits until the current take is this long.
    pub fn record_seconds(&self, seconds: f64) {
        wait_for("the take", || self.status().record.take.as_ref().is_some_and(|take| take.seconds >= seconds));
    }

    /// A file in the station's folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

fn config(folder: &Path) -> EngineConfig {
    EngineConfig { monitor: Some(Decibels::UNITY), ..EngineConfig::built_in(folder).unwrap() }
}
