//! `busker monitor`: prints incoming MIDI messages, one per line. Runs on the main thread; the patchbay's thread
//! receives, and reopens a port that returns.

use super::{
    Failure, Outcome, complain,
    setup::{Setup, StationArgs},
    signals,
};
use crate::{
    engine::{
        host::open_port::{OpenPort, PatchbayIndex},
        host::{
            alsa_midi,
            patchbay::{Patchbay, PortChange},
        },
        midi::input::{MidiIn, ReceivedMessage},
        realtime,
        select::PortChoice,
    },
    midi::decode,
    profile::Profile,
};
use clap::Args;
use std::{
    io::{self, ErrorKind, Write},
    sync::mpsc::{Receiver, RecvTimeoutError},
    time::Duration,
};

/// How often the ports are polled. Messages carry their instants, so this only delays the lines.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Arguments of `busker monitor`.
#[derive(Args, Debug)]
pub struct MonitorArgs {
    /// A MIDI port to monitor: auto, alsa:NAME, raw:PATH; repeatable. Without it, all ALSA ports but the system's
    #[arg(long, value_name = "PORT")]
    port: Vec<PortChoice>,
}

/// Prints incoming messages until a signal, or until the output is closed.
///
/// # Errors
/// A port that cannot be opened for input.
pub fn run(args: &MonitorArgs) -> Outcome {
    let mut setup = Setup::new(&StationArgs::default())?;
    setup.complain()?;
    let left = signals::asked_to_leave()?;
    let mut patchbay = Patchbay::new();
    let mut ports = Vec::<Heard>::new();
    for choice in chosen(&args.port, &setup.config.profile)? {
        let opened = match &choice {
            PortChoice::Raw(path) => patchbay.raw(path, false, false),
            PortChoice::Alsa(name) => patchbay.alsa(name, &setup.config.profile, false, false),
            _ => continue,
        };
        let OpenPort { info, input, kept, .. } = opened.map_err(Failure::asked)?;
        if let (Some(input), Some(kept)) = (input, kept) {
            ports.push(Heard { name: info.name, input, kept });
        }
    }
    // Events are polled as often as messages.
    let events = patchbay.take_events(|| ());
    let names: Vec<&str> = ports.iter().map(|port| port.name.as_str()).collect();
    complain(&format!("monitoring {}; ctrl-c stops", names.join(", ")));
    let begun_ns = realtime::now_ns();
    loop {
        let leave = left.recv_timeout(LOOK_EVERY) != Err(RecvTimeoutError::Timeout);
        match write(&mut ports, begun_ns) {
            // `busker monitor | head` is no failure.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(()),
            written => written.map_err(Failure::other)?,
        }
        // Messages received before a port was lost are written before the message about it.
        for event in events.iter().flat_map(Receiver::try_iter) {
            let name = ports.iter().find(|port| port.kept == event.port).map_or("", |port| &port.name);
            match event.change {
                PortChange::Gone => complain(&format!("{name} is disconnected; monitoring resumes when it returns")),
                PortChange::Connected { .. } => complain(&format!("{name} is back")),
            }
        }
        if leave {
            break;
        }
    }
    match ports.iter().map(|port| port.input.lost()).sum::<u64>() {
        0 => {}
        lost => {
            complain(&format!("{lost} messages were lost: too many at once, or a SysEx that was too long or broken"))
        }
    }
    Ok(())
}

/// A monitored port.
struct Heard {
    name: String,
    input: MidiIn,
    kept: PatchbayIndex,
}

/// The ports to monitor, each once: `alsa:` and `raw:` only.
fn chosen(asked: &[PortChoice], profile: &Profile) -> Result<Vec<PortChoice>, Failure> {
    let others = || {
        let all = alsa_midi::list_inputs().map_err(Failure::asked)?;
        let others: Vec<String> = all.into_iter().filter(|name| !alsa_midi::is_system(name)).collect();
        match others.is_empty() {
            true => Err(Failure::asked("no MIDI port to monitor: plug in a synth, or name a port with --port")),
            false => Ok(others),
        }
    };
    if asked.is_empty() {
        return Ok(others()?.into_iter().map(PortChoice::Alsa).collect());
    }
    let port = |port: &PortChoice| match port {
        PortChoice::Alsa(_) | PortChoice::Raw(_) => Ok(port.clone()),
        PortChoice::Auto => {
            let best = others()?.into_iter().min_by_key(|name| profile.port_rank(name).unwrap_or(usize::MAX));
            best.map(PortChoice::Alsa).ok_or_else(|| Failure::asked("no MIDI port to monitor: plug in a synth"))
        }
        PortChoice::Sim | PortChoice::Jack(_) => {
            Err(Failure::asked(format!("'{port}' cannot be monitored: allowed are auto, alsa:NAME and raw:PATH")))
        }
    };
    // The same port twice would print every message twice.
    let mut chosen: Vec<PortChoice> = Vec::new();
    for port in asked.iter().map(port) {
        let port = port?;
        if !chosen.contains(&port) {
            chosen.push(port);
        }
    }
    Ok(chosen)
}

/// Writes the messages received since the last call, in order.
fn write(ports: &mut [Heard], begun_ns: u64) -> io::Result<()> {
    let mut heard: Vec<(ReceivedMessage, &str)> = Vec::new();
    for Heard { name, input, .. } in ports {
        while let Some(received) = input.pop() {
            heard.push((received, name));
        }
    }
    heard.sort_by_key(|(received, _)| received.at_ns);
    let mut out = io::stdout().lock();
    for (received, name) in heard {
        let seconds = received.at_ns.saturating_sub(begun_ns) as f64 / 1e9;
        writeln!(out, "{seconds:10.3}  {name}  {}", decode::line(received.payload.bytes()))?;
    }
    out.flush()
}
