//! Descriptions of all addresses as messages, made of the table of commands. Pure.

use super::{pattern::Pattern, table};
use crate::command::COMMANDS;
use rosc::{OscMessage, OscType};

/// Addresses that are no command: the address, its arguments, its help.
pub const SPECIAL: &[[&str; 3]] = &[
    ["/ping", "", "Answer /pong"],
    ["/help", "[pattern: an address or a pattern]", "Say what there is, or what there is of it"],
    ["/status", "", "Say how everything is; /status/transport, /status/*/bpm and the like say less"],
    ["/status/position", "", "Say where the song is: bar:beat:tick, seconds"],
    ["/status/meters", "", "Say how loud it is: peaks in dBFS of the inputs, then left and right"],
    [
        "/param/NAME",
        "<position: 0..1, an option, its number from 0 as an int, or an end as true or false>",
        "Turn the knob of this name",
    ],
    [
        "/subscribe",
        "<address: a part of the status, /param, or /events> [ms: 10..60000, or 0 for no more] [port: where; the sender's own]",
        "Say it again and again, knobs when they move, or what happens when it happens; it ends a minute after the last word",
    ],
    ["/unsubscribe", "[address: as it was subscribed to] [port: where]", "Say it no more; without an address, nothing"],
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
        let texts = ["/clock/bpm", "<bpm: 20..300 BPM>", "Set the tempo, from the next clock pulse on"];
        assert_eq!(bpm, [OscMessage { addr: "/help".to_owned(), args: texts.map(OscType::from).into() }]);
        assert_eq!(lines(Pattern::new("/learn").as_ref()).len(), 3);
        assert!(lines(Pattern::new("/xyzzy").as_ref()).is_empty());
    }
}
