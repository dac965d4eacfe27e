//! Doors: ways to the engine from outside its process. Every door speaks through a [`Station`](crate::engine::station)
//! like the screen does, reads commands from the table, and tells what the status and the events say.
//!
//! - [`socket`]: attached screens and one-shot commands, on threads of their own.
//! - [`osc`]: UDP datagrams, on a thread of their own.
//! - [`http`]: HTTP, WebSocket and the page for a phone, on a thread of their own.
//! - [`wire`]: the messages of the socket and of WebSocket. Pure.
//! - [`limit`]: how many commands a door lets in. Pure.

pub mod http;
pub mod limit;
pub mod osc;
pub mod socket;
pub mod wire;

use crate::command::{
    Command,
    arg::{Name, Text},
};

/// Whether a command may come from the network: the names in it stay in the folder of recordings. The user's own screens,
/// scripts and shells may name any place.
///
/// # Errors
/// Why not.
pub fn from_network(command: &Command) -> Result<(), String> {
    let place = match command {
        Command::SessionNew { path } | Command::SessionOpen { path } => Some(path),
        Command::RecordSet { option: Name(option), value: Some(value) } if option == "second_folder" => Some(value),
        // What is learned is obeyed later, and then nobody knows whence it came.
        Command::Learn { what: Text(what) } => {
            return what.parse().map_or(Ok(()), |learned| from_network(&learned));
        }
        _ => None,
    };
    match place {
        Some(Text(place)) if !is_bare(place) => {
            let name = command.name();
            Err(format!(
                "{name}: '{place}' is outside the recordings folder; from the network, only a bare name is allowed"
            ))
        }
        _ => Ok(()),
    }
}

/// Whether it is the name of something in a folder, and leads nowhere else.
fn is_bare(name: &str) -> bool {
    !name.contains(['/', '\\', '\0']) && !name.starts_with('~') && !matches!(name, "" | "." | "..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_from_the_network_stay_in_the_folder_of_recordings() {
        let may = |line: &str| from_network(&line.parse().unwrap()).is_ok();
        for inside in
            ["session.new Friday jam", "session.open jam", "record.start ../jam", "learn record.toggle", "quit"]
        {
            assert!(may(inside), "{inside}");
        }
        for outside in [
            "session.new /etc/jam",
            "session.open ../jam",
            "session.open ..",
            "session.new ~/jam",
            "session.new ~",
            "record.set second_folder /mnt",
            "learn session.open /srv/jam",
            "learn learn session.open /srv/jam",
        ] {
            assert!(!may(outside), "{outside}");
        }
    }
}
