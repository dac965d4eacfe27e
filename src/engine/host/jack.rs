//! The JACK host: one duplex client with MIDI ports whose messages leave on their frame.
//!
//! The client is called `busker`, its ports `in_1`…, `out_1`, `out_2`, `midi_out` and `midi_in`. Every call to the
//! server runs on a thread of its own (`jack/ask.rs`), so that a server that hangs delays no other thread; the callback
//! is `jack/callback.rs`. This host never starts a server, and no message of libjack reaches the screen. Realtime: no,
//! but for the callback.

mod ask;
mod callback;
mod client;
mod connect;
mod connection_keeper;
mod driver;

use super::{
    AudioRequest, CallbackStats, Device, DeviceSpec, Driver, HostError, JackPort, StartFailed, lend,
    open_port::{OpenPort, PortInfo, PortWay},
};
use crate::engine::{
    audio::renderer::{OUTPUTS, Renderer},
    midi::input::{Where, input},
};
use crate::midi::Wire;
use ask::ask;
use callback::{Callback, JackPorts, JackSignals, MIDI_PORTS, Notifications};
use client::{ClientGuard, LOOK_NAME, Server};
use connection_keeper::ConnectionKeeper;
use driver::{JackDriver, take_back};
use jack::{AudioIn, AudioOut, Client, LatencyType, MidiIn, MidiOut, Port, PortFlags};
use std::sync::{Arc, Mutex};

/// The name the client asks for; JACK makes it `busker-01` where another is running.
pub const CLIENT_NAME: &str = "busker";
/// Inputs unless asked otherwise.
const INPUTS: usize = 2;
/// Inputs at most.
const MAX_INPUTS: usize = 64;

/// Whether a JACK server answers: the one of this name, or else the one `JACK_DEFAULT_SERVER` names, or else the
/// default one. None is started.
pub fn running(server: Option<&str>) -> bool {
    let server = Server::of(server);
    ask(move || client::open(&server, LOOK_NAME).is_ok()).unwrap_or(false)
}

/// The MIDI ports of other programs that a station's MIDI port can be connected to, as [`port`] takes them. None where
/// no server runs.
pub fn list_midi(server: Option<&str>) -> Vec<String> {
    let server = Server::of(server);
    let list = move || {
        let held = client::open(&server, LOOK_NAME).ok()?;
        Some(connect::targets(held.get()?).iter().map(|target| target.shown().to_owned()).collect())
    };
    ask(list).ok().flatten().unwrap_or_default()
}

/// A JACK MIDI port, connected to the port of this name, or to nothing where it is empty. The same name belongs at the
/// same place of [`AudioRequest::jack_ports`].
pub fn port(name: &str) -> OpenPort {
    let shown = if name.is_empty() { "JACK, not connected" } else { name };
    let info = PortInfo { id: format!("jack:{name}"), name: shown.to_owned() };
    let (inlet, heard) = input(Where::Callback);
    OpenPort { input: Some(heard), ..OpenPort::new(info, PortWay::Jack { inlet: Some(inlet) }, Wire::UNLIMITED) }
}

/// Opens a client on the server of this name, or else on the one `JACK_DEFAULT_SERVER` names, or else on the default
/// one. Its ports are made; nothing runs or is connected yet.
///
/// # Errors
/// Where no such server answers, it runs at another sample rate than asked for, or a MIDI port to connect to is not
/// there.
pub fn open(server: Option<&str>, request: &AudioRequest) -> Result<Box<dyn Device>, HostError> {
    let (server, request) = (Server::of(server), request.clone());
    let device = ask(move || JackDevice::open(&server, &request))??;
    Ok(Box::new(device))
}

/// An open client that is not active yet.
struct JackDevice {
    spec: DeviceSpec,
    client: ClientGuard<Client>,
    server: Server,
    ports: JackPorts,
    /// Connections between the station's audio ports and the machine's.
    audio: Vec<(String, String)>,
    /// Connections from the station's MIDI ports to those asked for, and back from the same programs.
    midi: Vec<(String, String)>,
}

impl JackDevice {
    /// On the asking thread.
    fn open(server: &Server, request: &AudioRequest) -> Result<JackDevice, HostError> {
        let held = client::open(server, CLIENT_NAME)?;
        let client = held.get().ok_or_else(|| HostError("the JACK client is closed".to_owned()))?;
        let (sample_rate_hz, block_frames) = (client.sample_rate(), client.buffer_size());
        if let Some(asked) = request.sample_rate_hz
            && asked != sample_rate_hz
        {
            return Err(HostError(format!(
                "the JACK server runs at {sample_rate_hz} Hz, not at {asked}: set {sample_rate_hz}, or restart it at \
                 {asked}"
            )));
        }
        if let Some(asked) = request.block_frames
            && asked != block_frames
        {
            tracing::info!("the JACK server's period of {block_frames} frames is used, not {asked}");
        }
        // Every input of the card can be recorded, whatever was asked for.
        let of_card = connect::physical(client, PortFlags::IS_OUTPUT).len().min(MAX_INPUTS);
        let inputs = request.inputs.unwrap_or(INPUTS).max(of_card);
        if inputs > MAX_INPUTS || request.jack_ports.len() > MIDI_PORTS {
            return Err(HostError(format!(
                "busker has at most {MAX_INPUTS} inputs and {MIDI_PORTS} MIDI ports on JACK"
            )));
        }
        let ports = register(client, inputs, request.jack_ports.len())
            .map_err(|error| HostError(format!("the JACK server has no room for busker's ports: {error}")))?;
        let playback = connect::physical(client, PortFlags::IS_INPUT);
        let spec = DeviceSpec {
            host: "jack",
            id: server.device_id(),
            name: server.device_name(),
            sample_rate_hz,
            block_frames,
            inputs,
            latency_frames: playback_latency(client, &playback).max(block_frames),
        };
        let audio = audio_connections(client, &ports, playback);
        let midi = midi_connections(client, &ports, &request.jack_ports)?;
        Ok(JackDevice { spec, client: held, server: server.clone(), ports, audio, midi })
    }
}

fn register(client: &Client, inputs: usize, midi: usize) -> Result<JackPorts, jack::Error> {
    let input = |i: usize| client.register_port(&format!("in_{}", i + 1), AudioIn::default());
    let output = |name: &str| client.register_port(name, AudioOut::default());
    let midi_name = |what: &str, i: usize| if midi == 1 { what.to_owned() } else { format!("{what}_{}", i + 1) };
    let midi_out = |i: usize| client.register_port(&midi_name("midi_out", i), MidiOut::default());
    let midi_in = |i: usize| client.register_port(&midi_name("midi_in", i), MidiIn::default());
    let outputs: [_; OUTPUTS] = [output("out_1")?, output("out_2")?];
    Ok(JackPorts {
        inputs: (0..inputs).map(input).collect::<Result<_, _>>()?,
        outputs,
        midi: (0..midi).map(midi_out).collect::<Result<_, _>>()?,
        midi_in: (0..midi).map(midi_in).collect::<Result<_, _>>()?,
    })
}

/// From the beginning of a period to its output, in frames, as the driver of the sound card reports it; 0 where there
/// is no card.
fn playback_latency(client: &Client, playback: &[String]) -> u32 {
    let port = playback.first().and_then(|name| client.port_by_name(name));
    port.map_or(0, |port| port.get_latency_range(LatencyType::Playback).1)
}

fn name<P>(port: &Port<P>) -> String {
    port.name().unwrap_or_default()
}

fn audio_connections(client: &Client, ports: &JackPorts, playback: Vec<String>) -> Vec<(String, String)> {
    let capture = connect::physical(client, PortFlags::IS_OUTPUT);
    let inputs = capture.into_iter().zip(ports.inputs.iter().map(name));
    let outputs = ports.outputs.iter().map(name).zip(playback);
    inputs.chain(outputs).collect()
}

fn midi_connections(
    client: &Client,
    ports: &JackPorts,
    asked: &[JackPort],
) -> Result<Vec<(String, String)>, HostError> {
    let (targets, sources) = (connect::targets(client), connect::sources(client));
    let mut connections = Vec::new();
    let asked = ports.midi.iter().zip(&ports.midi_in).zip(asked).filter(|(_, asked)| !asked.name.is_empty());
    for ((out, heard), JackPort { name: asked, output }) in asked {
        let source = if *output {
            let target = connect::find(&targets, asked)?;
            connections.push((name(out), target.name.clone()));
            connect::source_beside(&sources, target, asked)
        } else {
            Some(connect::find(&sources, asked)?)
        };
        connections.extend(source.map(|source| (source.name.clone(), name(heard))));
    }
    Ok(connections)
}

impl Device for JackDevice {
    fn spec(&self) -> &DeviceSpec {
        &self.spec
    }

    fn start(self: Box<Self>, renderer: Renderer, stats: Arc<CallbackStats>) -> Result<Box<dyn Driver>, StartFailed> {
        let JackDevice { spec, client, server, ports, audio, midi } = *self;
        let (lent, home) = lend(renderer, Arc::clone(&stats));
        let slot = Arc::new(Mutex::new(Some(lent)));
        let signals = Arc::<JackSignals>::default();
        let callback = Callback::new(ports, Arc::clone(&slot), Arc::clone(&signals), spec.sample_rate_hz);
        let keeper = ConnectionKeeper::new(server, midi.clone());
        let notifications = Notifications::new(stats, Arc::clone(&signals), keeper);
        let activated = ask(move || {
            let active = client.try_map(|client| client.activate_async(notifications, callback))?;
            if let Some(active) = active.get() {
                audio.iter().chain(&midi).for_each(|(from, to)| connect::connect(active.as_client(), from, to));
            }
            Ok(active)
        });
        match activated.and_then(|activated| activated) {
            Ok(client) => Ok(Box::new(JackDriver::new(client, slot, home, signals))),
            Err(error) => {
                drop(take_back(&slot));
                Err(StartFailed { error, renderer: home.try_recv().ok().map(Box::new) })
            }
        }
    }
}
