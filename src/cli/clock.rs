//! `busker clock`: sends MIDI clock only.

use super::{
    Failure, Outcome, complain, print,
    record::seconds,
    running::{RunningEngine, complain_of_end},
    setup::{Setup, StationArgs},
};
use crate::{
    command::Command,
    engine::select::{DeviceChoice, PortChoice},
    music::Bpm,
    status::Event,
};
use clap::Args;
use std::time::{Duration, Instant};

/// Arguments of `busker clock`.
#[derive(Args, Debug)]
pub struct ClockArgs {
    /// The tempo in BPM, 20 to 300
    #[arg(long, value_name = "N", value_parser = bpm)]
    bpm: Option<Bpm>,
    /// Stop after N seconds; without it, ctrl-c stops
    #[arg(long, value_name = "N", value_parser = seconds)]
    seconds: Option<f64>,
    /// A MIDI port: auto, alsa:NAME, jack:NAME, raw:PATH; repeatable
    #[arg(long, value_name = "PORT")]
    port: Vec<PortChoice>,
}

fn bpm(text: &str) -> Result<Bpm, String> {
    text.parse().ok().and_then(Bpm::new).ok_or_else(|| "a tempo from 20 to 300".to_owned())
}

/// Sends start and clock until a signal, then stop.
///
/// # Errors
/// A port that cannot be opened.
pub fn run(args: &ClockArgs) -> Outcome {
    // Only JACK ports need a device: for others the simulated one keeps the time.
    let jack = args.port.iter().any(|port| matches!(port, PortChoice::Jack(_)));
    let device = if jack { DeviceChoice::Jack(None) } else { DeviceChoice::Sim };
    let mut setup =
        Setup::new(&StationArgs { device: Some(device), port: args.port.clone(), ..StationArgs::default() })?;
    setup.complain()?;
    setup.config.clock_on = true;
    setup.config.bpm = args.bpm.unwrap_or(setup.config.bpm);
    let ports = setup.ports.clone();
    let running = RunningEngine::start(&mut setup, &ports, None)?;
    running.station.ask(Command::TransportPlay {}).map_err(Failure::other)?;
    let how = if args.seconds.is_none() { "; ctrl-c stops" } else { "" };
    complain(&format!("{} BPM to {}{how}", setup.config.bpm, running.port_names.join(", ")));
    let begun = Instant::now();
    let left = || args.seconds.map(|s| Duration::from_secs_f64(s).saturating_sub(begun.elapsed()));
    while left().is_none_or(|left| !left.is_zero()) {
        if running.wait(left().unwrap_or(Duration::from_secs(1))).contains(&Event::Quit) {
            break;
        }
    }
    let station = running.station.clone();
    let ended = complain_of_end(&running.end().1);
    let sent: u64 = station.status().ports.iter().map(|port| port.sent).sum();
    print(&format!("{sent} messages in {:.1} s", begun.elapsed().as_secs_f64()))?;
    ended
}
