//! `busker do`: sends one command to the running station.

use super::{Failure, Outcome, attach::refused, print, setup::SocketArgs};
use crate::{
    command::{self, Command, CommandError},
    remote::{
        socket::client::{SocketClient, SocketError},
        wire::{ClientMessage, Role, ServerMessage},
    },
};
use clap::Args;

/// Arguments of `busker do`.
#[derive(Args, Debug)]
pub struct DoArgs {
    #[command(flatten)]
    socket: SocketArgs,
    /// A command as in a script, like record.start jam
    #[arg(required = true, value_name = "COMMAND", trailing_var_arg = true, allow_hyphen_values = true)]
    words: Vec<String>,
}

/// Sends the command and prints the answer of the station.
///
/// # Errors
/// No such command, no station, or an error of the station.
pub fn run(args: &DoArgs) -> Outcome {
    let command = command(&args.words).map_err(Failure::asked)?;
    let mut line = SocketClient::open(&args.socket.checked_path(), Role::Ask).map_err(refused)?;
    line.ask(&ClientMessage::Do { command: command.to_string(), id: Some(0) }).map_err(Failure::other)?;
    match line.told().map_err(Failure::other)? {
        ServerMessage::Answer { done: true, text, .. } if text.is_empty() => Ok(()),
        ServerMessage::Answer { done: true, text, .. } => print(&text),
        ServerMessage::Answer { text, .. } => Err(Failure::asked(text)),
        ServerMessage::Leave { why } => Err(Failure::other(why)),
        _ => Err(Failure::other(SocketError::Strange("it sent an unexpected answer".to_owned()))),
    }
}

/// The words of a shell, or one word that is a whole line.
fn command(words: &[String]) -> Result<Command, CommandError> {
    match words {
        [line] => line.parse(),
        [name, words @ ..] => {
            let row = command::spec(name).ok_or_else(|| CommandError::Unknown { name: name.clone() })?;
            row.command(&words.iter().map(String::as_str).collect::<Vec<_>>())
        }
        [] => Err(CommandError::Empty),
    }
}
