//! `busker watch`: prints the events of the running station as they happen.

use super::{Failure, Outcome, attach::refused, print, setup::SocketArgs};
use crate::{
    remote::{
        socket::client::{SocketClient, SocketError},
        wire::{Role, ServerMessage},
    },
    status::Event,
};
use clap::Args;
use std::io::Write;

/// Arguments of `busker watch`.
#[derive(Args, Debug)]
pub struct WatchArgs {
    #[command(flatten)]
    socket: SocketArgs,
    /// Each event as a line of JSON
    #[arg(long)]
    json: bool,
}

/// Prints events until the station ends or the output is closed.
///
/// # Errors
/// No station, or a lost connection.
pub fn watch(args: &WatchArgs) -> Outcome {
    let mut line = SocketClient::open(&args.socket.checked_path(), Role::Watch).map_err(refused)?;
    loop {
        match line.told() {
            Ok(ServerMessage::Event(event)) => {
                let text =
                    if args.json { serde_json::to_string(&event).map_err(Failure::other)? } else { sentence(&event) };
                // The output is closed.
                if writeln!(std::io::stdout(), "{text}").is_err() || event == Event::Quit {
                    return Ok(());
                }
            }
            Ok(ServerMessage::Leave { why }) => return Err(Failure::other(why)),
            Ok(_) => {}
            Err(error @ SocketError::Broken(_)) => return Err(Failure::other(error)),
            Err(error) => print(&error.to_string())?,
        }
    }
}

/// An event as text for a user.
fn sentence(event: &Event) -> String {
    if let Some((_, text)) = event.notice() {
        return text;
    }
    match event {
        Event::Playing { from } => format!("playing from {from}"),
        Event::Stopped { at } => format!("stopped at {at}"),
        Event::Tempo { bpm } => format!("{bpm:.2} BPM"),
        Event::ParamSet { name, shown, .. } => format!("{name} {shown}"),
        Event::ProfilesRead { ids } => format!("profiles: {}", ids.join(", ")),
        Event::AuditionEnded { path } => format!("playback of {} ended", path.display()),
        Event::Quit => "the station ends".to_owned(),
        other => format!("{other:?}"),
    }
}
