//! `busker calibrate`: measures and stores the delay from the outputs to an input.

use super::{
    Failure, Outcome, complain, print,
    running::{RunningEngine, complain_of_end},
    setup::{Setup, SocketArgs, StationArgs},
};
use crate::{
    command::{Command, arg::InputNumber, channels::ChannelList},
    engine::select::DeviceChoice,
    music::Decibels,
};
use clap::Args;

/// Arguments of `busker calibrate`.
#[derive(Args, Debug)]
pub struct CalibrateArgs {
    /// The input connected to output 1, like 3; the first without this option
    #[arg(long, value_name = "CHANNEL")]
    input: Option<ChannelList>,
    /// The audio device: auto, alsa:NAME, jack
    #[arg(long, value_name = "ID")]
    device: Option<DeviceChoice>,
    #[command(flatten)]
    socket: SocketArgs,
}

/// Measures and prints the result.
///
/// # Errors
/// A device that does not open, or a delay that cannot be measured: exit code 1.
pub fn calibrate(args: &CalibrateArgs) -> Outcome {
    let station_args = StationArgs {
        device: args.device.clone(),
        input: args.input.clone(),
        socket: args.socket.clone(),
        ..StationArgs::default()
    };
    let mut setup = Setup::new(&station_args)?;
    setup.complain()?;
    // A monitored microphone beside a loudspeaker feeds back.
    setup.config.monitor = Some(Decibels::SILENCE);
    let failed = |Failure { text, .. }| Failure::other(text);
    let running = RunningEngine::start(&mut setup, &[], None).map_err(failed)?;
    if running.station.status().device.host == "sim" {
        return Err(Failure::other("no audio device opens, so there is nothing to measure; see `busker devices`"));
    }
    let first = args.input.as_ref().and_then(|list| list.indices().next());
    let input = first.map(|index| InputNumber(index as u16 + 1));
    complain("playing two short sweeps; output 1 must reach the input by a cable or a microphone");
    let answer = running.station.ask(Command::LatencyMeasure { input });
    let ended = complain_of_end(&running.end().1);
    match answer {
        Ok(text) => print(&text).and(ended),
        Err(why) => Err(Failure::other(why)),
    }
}
