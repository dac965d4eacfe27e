//! `busker calibrate`: measures the delay from the outputs to an input, and keeps it.

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

/// What `busker calibrate` may be told.
#[derive(Args, Debug)]
pub struct CalibrateArgs {
    /// The input that hears output 1, like 3; the first otherwise
    #[arg(long, value_name = "CHANNEL")]
    input: Option<ChannelList>,
    /// The audio device: auto, alsa:NAME, jack
    #[arg(long, value_name = "ID")]
    device: Option<DeviceChoice>,
    #[command(flatten)]
    socket: SocketArgs,
}

/// Measures once, until it is sure or has tried long enough.
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
    // Nobody asked to hear the inputs, and loudspeakers beside a microphone howl.
    setup.config.monitor = Some(Decibels::SILENCE);
    let failed = |Failure { text, .. }| Failure::other(text);
    let running = RunningEngine::start(&mut setup, &[], None).map_err(failed)?;
    if running.station.status().device.host == "sim" {
        return Err(Failure::other("there is nothing to measure: no audio device opens; see `busker devices`"));
    }
    let first = args.input.as_ref().and_then(|list| list.indices().next());
    let input = first.map(|index| InputNumber(index as u16 + 1));
    complain(
        "the outputs play two short sweeps; connect output 1 to the input, or put a microphone before the loudspeaker",
    );
    let answer = running.station.ask(Command::LatencyMeasure { input });
    let ended = complain_of_end(&running.end().1);
    match answer {
        Ok(text) => print(&text).and(ended),
        Err(why) => Err(Failure::other(why)),
    }
}
