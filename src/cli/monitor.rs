//! `busker monitor`: what comes in, one line a message. Runs on the main thread; midir's threads hear.

use super::{
    Failure, Outcome, complain,
    setup::{Setup, StationArgs},
    signals,
};
use crate::{
    engine::{
        host::{alsa_midi, select::PortChoice},
        midi::input::{MidiIn, Received},
        realtime,
    },
    midi::decode,
    profile::Profile,
};
use clap::Args;
use std::{
    io::{self, ErrorKind, Write},
    sync::mpsc::RecvTimeoutError,
    time::Duration,
};

/// How often the ports are looked at. Messages carry their instants, so this is only how soon a line is seen.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// What `busker monitor` may be told.
#[derive(Args, Debug)]
pub struct MonitorArgs {
    /// A MIDI port to hear: auto, alsa:NAME; several may be given, otherwise all but the system's
    #[arg(long, value_name = "PORT")]
    port: Vec<PortChoice>,
}

/// Prints what comes in until it is told to stop, or nobody reads any more.
///
/// # Errors
/// A port that cannot be heard.
pub fn run(args: &MonitorArgs) -> Outcome {
    let mut setup = Setup::new(&StationArgs::default())?;
    setup.complain()?;
    let left = signals::asked_to_leave()?;
    let (mut ports, mut connections) = (Vec::<(String, MidiIn)>::new(), Vec::new());
    for name in chosen(&args.port, &setup.config.profile)? {
        let (name, input, connection) = alsa_midi::hear(&name).map_err(Failure::asked)?;
        connections.push(connection);
        // The same port twice would say everything twice.
        if !ports.iter().any(|(other, _)| *other == name) {
            ports.push((name, input));
        }
    }
    let names: Vec<&str> = ports.iter().map(|(name, _)| name.as_str()).collect();
    complain(&format!("hearing {}; ctrl-c stops", names.join(", ")));
    let begun_ns = realtime::now_ns();
    loop {
        let leave = left.recv_timeout(LOOK_EVERY) != Err(RecvTimeoutError::Timeout);
        match write(&mut ports, begun_ns) {
            // `busker monitor | head` is no failure.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(()),
            written => written.map_err(Failure::other)?,
        }
        if leave {
            break;
        }
    }
    match ports.iter().map(|(_, input)| input.lost()).sum::<u64>() {
        0 => {}
        lost => complain(&format!("{lost} messages were lost: too many at once, or a SysEx too long or broken")),
    }
    Ok(())
}

/// The names of the ports to hear.
fn chosen(asked: &[PortChoice], profile: &Profile) -> Result<Vec<String>, Failure> {
    let others = || {
        let all = alsa_midi::list_inputs().map_err(Failure::asked)?;
        let others: Vec<String> = all.into_iter().filter(|name| !alsa_midi::is_system(name)).collect();
        match others.is_empty() {
            true => Err(Failure::asked("there is no MIDI port to hear: plug in a synth, or name one with --port")),
            false => Ok(others),
        }
    };
    if asked.is_empty() {
        return others();
    }
    let name = |port: &PortChoice| match port {
        PortChoice::Alsa(name) => Ok(name.clone()),
        PortChoice::Auto => {
            let best = others()?.into_iter().min_by_key(|name| profile.port_rank(name).unwrap_or(usize::MAX));
            best.ok_or_else(|| Failure::asked("there is no MIDI port to hear: plug in a synth"))
        }
        PortChoice::Sim | PortChoice::Jack(_) | PortChoice::Raw(_) => {
            Err(Failure::asked(format!("'{port}' cannot be heard: monitor takes auto and alsa:NAME")))
        }
    };
    asked.iter().map(name).collect()
}

/// Writes what came in since the last time, in the order it came.
fn write(ports: &mut [(String, MidiIn)], begun_ns: u64) -> io::Result<()> {
    let mut heard: Vec<(Received, &str)> = Vec::new();
    for (name, input) in ports {
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
