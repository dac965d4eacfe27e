//! Descriptions of all addresses as messages, made of the table of commands. Pure.

use super::{pattern::Pattern, table};
use crate::command::COMMANDS;
use rosc::{OscMessage, OscType};

/// Addresses that are no command: the address, its arguments, its help.
pub const SPECIAL: &[[&str; 3]] = &[
    ["/ping", "", "Answer /pong"],
    ["/help", "[pattern: an address or a pattern]", "List all addresses, or those of a pattern"],
    ["/status", "", "Send the whole status; /status/transport, /status/*/bpm and others send a part"],
    ["/status/position", "", "Send the song position: bar:beat:tick, seconds"],
    ["/status/meters", "", "Send the peaks in dBFS: inputs, then left and right"],
    [
        "/param/NAME",
        "<position: 0..1, an option, its number from 0 as an int, or true or false for an end>",
        "Set the parameter of this name",
    ],
    [
        "/subscribe",
        "<address: a part of the status, /param, or /events> [ms: 10..60000, or 0 to end] [port: default the sender's]",
        "Send it every ms, parameters when they change, events as they happen; ends a minute after the client's last \
         message",
    ],
    [
        "/unsubscribe",
        "[address: as subscribed] [port: as subscribed]",
        "End a subscription; without an address, all of them",
    ],
];

/// One message for each address the pattern matches; without one, for all.
pub fn lines(of: Option<&Pattern>) -> Vec<OscMessage> {
    let commands = COMMANDS.iter().map(|row| {
        let usage = row.usage_with_ranges();
        [table::address(row), usage[row.name.len()..].trim_start().to_owned(), row.help.to_owned()]
    });
    let special = SPECIAL.iter().map(|line| line.map(str::to_owned));
    let wanted = commands.chain(special).filter(|[address, ..]| of.is_none_or(|of| of.covers(address)));
    wanted.map(|line| OscMessage { addr: "/help".to_owned(), args: line.map(OscType::String).into() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_a_line_and_no_special_address_is_one() {
        let all = lines(None);
        assert_eq!(all.len(), COMMANDS.len() + SPECIAL.len());
        assert!(SPECIAL.iter().all(|[address, ..]| table::row(address).is_err()));
        let bpm = lines(Pattern::new("/clock/b*").as_ref());
        let texts = ["/clock/bpm", "<bpm: 20..300 BPM>", "Set the tempo, 20 to 300 BPM, from the next clock pulse on"];
        assert_eq!(bpm, [OscMessage { addr: "/help".to_owned(), args: texts.map(OscType::from).into() }]);
        assert_eq!(lines(Pattern::new("/learn").as_ref()).len(), 3);
        assert!(lines(Pattern::new("/xyzzy").as_ref()).is_empty());
    }
}
