//! `busker clock`: a MIDI clock and nothing else.

use super::{
    Failure, Outcome, complain, print,
    record::seconds,
    setup::{Setup, StationArgs},
    signals,
};
use crate::{
    command::Command,
    engine::{
        host::{
            quiet::QuietStderr,
            select::{self, DeviceChoice, PortChoice},
        },
        live::Engine,
    },
    music::Bpm,
    status::Event,
};
use clap::Args;
use std::time::{Duration, Instant};

/// What `busker clock` may be told.
#[derive(Args, Debug)]
pub struct ClockArgs {
    /// The tempo, 20 to 300
    #[arg(long, value_name = "N", value_parser = bpm)]
    bpm: Option<Bpm>,
    /// Stop after so many seconds; otherwise ctrl-c stops
    #[arg(long, value_name = "N", value_parser = seconds)]
    seconds: Option<f64>,
    /// A MIDI port: auto, alsa:NAME, jack:NAME, raw:PATH; several may be given
    #[arg(long, value_name = "PORT")]
    port: Vec<PortChoice>,
}

fn bpm(text: &str) -> Result<Bpm, String> {
    text.parse().ok().and_then(Bpm::new).ok_or_else(|| "a tempo from 20 to 300".to_owned())
}

/// Sends start and clock until it is told to stop, then stop.
///
/// # Errors
/// A port that cannot be.
pub fn run(args: &ClockArgs) -> Outcome {
    // Only JACK ports need a device: elsewhere the simulated one keeps the time.
    let jack = args.port.iter().any(|port| matches!(port, PortChoice::Jack(_)));
    let device = if jack { DeviceChoice::Jack(None) } else { DeviceChoice::Sim };
    let mut setup =
        Setup::new(&StationArgs { device: Some(device), port: args.port.clone(), ..StationArgs::default() })?;
    setup.complain()?;
    setup.config.clock_on = true;
    setup.config.bpm = args.bpm.unwrap_or(setup.config.bpm);
    let quiet = QuietStderr::into(&setup.folders.log_file());
    let selected = select::select(&setup.device, &setup.ports, &setup.request, &setup.config.profile);
    drop(quiet);
    let selected = selected.map_err(Failure::asked)?;
    let names: Vec<String> = selected.ports.iter().map(|port| port.info.name.clone()).collect();
    let engine =
        Engine::start(&setup.config, selected.device, selected.ports, selected.reopen, None).map_err(Failure::asked)?;
    let station = engine.station().clone();
    let (wake, woken) = std::sync::mpsc::sync_channel(1);
    let events = station.subscribe(move || {
        let _ = wake.try_send(());
    });
    signals::quit_on_signals(station.clone())?;
    station.ask(Command::TransportPlay {}).map_err(Failure::other)?;
    let how = if args.seconds.is_none() { "; ctrl-c stops" } else { "" };
    complain(&format!("{} BPM to {}{how}", setup.config.bpm, names.join(", ")));
    let begun = Instant::now();
    let left = || args.seconds.map(|s| Duration::from_secs_f64(s).saturating_sub(begun.elapsed()));
    while left().is_none_or(|left| !left.is_zero()) {
        let _ = woken.recv_timeout(left().unwrap_or(Duration::from_secs(1)));
        if events.try_iter().any(|event| event == Event::Quit) {
            break;
        }
    }
    drop(engine);
    let sent: u64 = station.status().ports.iter().map(|port| port.sent).sum();
    print(&format!("{sent} messages in {:.1} s", begun.elapsed().as_secs_f64()))
}
