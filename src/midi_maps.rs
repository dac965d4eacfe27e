//! MIDI maps (MIDI learn): the commands and parameters that controllers and notes of other devices are mapped to. The
//! file and its meaning. Pure.

use crate::{
    command::{self, Command, arg::ArgKind},
    midi::{Channel, Message},
    music::Note,
    profile::Profile,
    stored::{self, FromYaml, Full, Merge, ToYaml},
    yaml::{self, BRACKETS_MAX, Fault, YamlField, YamlReader},
};
use std::fmt;

/// Maximum length of a port or a command in the file, in characters.
const TEXT_CHARS_MAX: usize = 400;
/// Size of a map in the file without its command, in bytes: a port of the longest characters, and the fields around it.
const MAP_BYTES_MAX: usize = 4 * TEXT_CHARS_MAX + 100;
/// First controller of the channel mode messages (MIDI 1.0, "Channel Mode Messages").
const FIRST_MODE_CONTROLLER: u8 = 120;

/// A control of a device that is mapped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mover {
    /// The id of the port that it is received at.
    pub port: String,
    /// Its channel.
    pub channel: Channel,
    /// The kind of control, and its number.
    pub control: MoverKind,
}

/// A kind of control.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MoverKind {
    /// A controller.
    Cc(u8),
    /// A key or a pad.
    Note(Note),
    /// The pitch wheel.
    Bend,
}

impl fmt::Display for Mover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.control {
            MoverKind::Cc(number) => write!(f, "controller {number}")?,
            MoverKind::Note(note) => write!(f, "note {note}")?,
            MoverKind::Bend => f.write_str("the pitch wheel")?,
        }
        write!(f, " on channel {} of {}", self.channel, self.port)
    }
}

impl Mover {
    /// The control that a message belongs to, and its position, 0 to 1; `None` for messages that cannot be mapped. A
    /// note-off is position 0.
    pub fn of(port: &str, message: &Message) -> Option<(Mover, f64)> {
        let channel = message.channel()?;
        let (control, position) = match *message.bytes() {
            [status, key, velocity] if status & 0xF0 == 0x90 => {
                (MoverKind::Note(Note::new(key)?), f64::from(velocity) / 127.0)
            }
            [status, key, _] if status & 0xF0 == 0x80 => (MoverKind::Note(Note::new(key)?), 0.0),
            [status, number, value] if status & 0xF0 == 0xB0 && number < FIRST_MODE_CONTROLLER => {
                (MoverKind::Cc(number), f64::from(value) / 127.0)
            }
            [status, fine, coarse] if status & 0xF0 == 0xE0 => {
                (MoverKind::Bend, f64::from(u16::from(fine) | u16::from(coarse) << 7) / 16_383.0)
            }
            _ => return None,
        };
        Some((Mover { port: port.to_owned(), channel, control }, position))
    }
}

/// The action of a map.
#[derive(Clone, Debug, PartialEq)]
pub enum MapAction {
    /// A command, run each time the control rises past the middle.
    Press(Command),
    /// A command whose last argument is the position of the control.
    Turn {
        /// The line without the last argument.
        line: String,
        /// The kind of the last argument.
        kind: ArgKind,
    },
}

impl MapAction {
    /// The action of a text: a command, a command without its last argument, or the name of a parameter.
    ///
    /// # Errors
    /// A sentence with the allowed forms.
    pub fn of(text: &str, profile: &Profile) -> Result<MapAction, String> {
        let text = text.trim();
        let name = text.split_whitespace().next().unwrap_or_default();
        let line = match command::spec(name) {
            None if profile.param_index(text).is_some() => format!("param.set {text}"),
            _ => text.to_owned(),
        };
        let error = match line.parse::<Command>() {
            Ok(command) => return Ok(MapAction::Press(command)),
            Err(error) => error,
        };
        let row = command::spec(line.split_whitespace().next().unwrap_or_default());
        let last = row.and_then(|row| row.args.last());
        let given = line.split_whitespace().count();
        match (row, last) {
            (Some(row), Some(last)) if given == row.args.len() && !last.optional => {
                let turns = matches!(last.kind, ArgKind::Number { .. } | ArgKind::OneOf(_)) || row.name == "param.set";
                if turns { Ok(MapAction::Turn { line, kind: last.kind }) } else { Err(error.to_string()) }
            }
            _ => Err(error.to_string()),
        }
    }

    /// The command for a control that moved from `before` to `position`, 0 to 1; `None` if there is nothing to do.
    pub fn command(&self, before: f64, position: f64) -> Option<Command> {
        match self {
            MapAction::Press(command) => (before < 0.5 && position >= 0.5).then(|| command.clone()),
            MapAction::Turn { line, kind } => {
                let exact = match *kind {
                    ArgKind::Number { min, max, .. } => format!("{line} {:.3}", min + position * (max - min)),
                    ArgKind::OneOf(words) => {
                        let at = (position * words.len() as f64) as usize;
                        format!("{line} {}", words.get(at).or(words.last())?)
                    }
                    _ => format!("{line} {position:.5}"),
                };
                let whole = match *kind {
                    ArgKind::Number { min, max, .. } => format!("{line} {:.0}", min + position * (max - min)),
                    _ => exact.clone(),
                };
                exact.parse().or_else(|_| whole.parse()).ok()
            }
        }
    }
}

/// One map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MidiMap {
    /// The control.
    pub by: Mover,
    /// The command or parameter, as the user wrote it; see [`MapAction::of`].
    pub does: String,
}

/// All maps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MidiMaps {
    /// In the order they were learned. Each control is there once at most.
    pub maps: Vec<MidiMap>,
}

impl MidiMaps {
    /// Whether one more map fits into the file, whatever the port of its control.
    ///
    /// # Errors
    /// It may not fit.
    pub fn has_room_for(&self, does: &str) -> Result<(), Full> {
        let text = format!("{}{}", self.to_yaml(), yaml::quoted(does));
        let (bytes, brackets) = (text.len() + MAP_BYTES_MAX, yaml::brackets(&text) + TEXT_CHARS_MAX + 1);
        if bytes > Self::BYTES_MAX || brackets > BRACKETS_MAX {
            return Err(Full::new(format!("up to {bytes} bytes"), Self::ROOM));
        }
        Ok(())
    }

    /// Maps a control; an older map of the same control is removed.
    pub fn learn(&mut self, by: Mover, does: String) {
        self.maps.retain(|map| map.by != by);
        self.maps.push(MidiMap { by, does });
    }

    /// Removes every map to a command or parameter; true if there was one.
    pub fn forget(&mut self, does: &str) -> bool {
        let before = self.maps.len();
        self.maps.retain(|map| map.does != does && map.does.strip_prefix("param.set ") != Some(does));
        self.maps.len() < before
    }
}

impl FromYaml for MidiMaps {
    /// Users make maps one by one: a thousand of the longest are enough. [`has_room_for`](MidiMaps::has_room_for)
    /// refuses maps beyond that.
    const BYTES_MAX: usize = 512 * 1024;

    fn from_yaml(file: &str, text: &str) -> Result<MidiMaps, Vec<Fault>> {
        yaml::check_within(Self::BYTES_MAX, file, text, |reader, root| {
            if !root.is_given() {
                return Some(MidiMaps::default());
            }
            let map = reader.versioned(root, &["learned"])?;
            let items = reader.items(&map.field("learned"));
            Some(MidiMaps { maps: items.iter().filter_map(|item| read_map(reader, item)).collect() })
        })
    }
}

impl ToYaml for MidiMaps {
    const LOSS: &'static str = "the mapping works now, but is lost when busker ends";
    const ROOM: &'static str = "remove a mapping with learn.forget first";

    fn to_yaml(&self) -> String {
        let mut text =
            "# MIDI mappings of controllers and notes: `learn` adds one, `learn.forget` removes one.\nlearned:\n"
                .to_owned();
        for MidiMap { by, does } in &self.maps {
            let control = match by.control {
                MoverKind::Cc(number) => format!("cc: {number}"),
                MoverKind::Note(note) => format!("note: {}", note.number()),
                MoverKind::Bend => "bend: yes".to_owned(),
            };
            let (port, channel, does) = (yaml::quoted(&by.port), by.channel, yaml::quoted(does));
            text += &format!("  - {{ port: {port}, channel: {channel}, {control}, do: {does} }}\n");
        }
        if self.maps.is_empty() {
            text = text.replace("learned:\n", "learned: []\n");
        }
        text
    }
}

impl Merge for MidiMaps {
    fn merge(base: &MidiMaps, ours: &MidiMaps, theirs: &MidiMaps) -> (MidiMaps, bool) {
        let (maps, is_lossy) = stored::merge_by((&base.maps, &ours.maps, &theirs.maps), |a, b| a.by == b.by);
        (MidiMaps { maps }, is_lossy)
    }
}

fn read_map(reader: &mut YamlReader<'_>, field: &YamlField<'_>) -> Option<MidiMap> {
    let map = reader.mapping(field, &["port", "channel", "cc", "note", "bend", "do"])?;
    let port = reader.needed(&map, "port", |reader, port| reader.text(port, TEXT_CHARS_MAX));
    let channel = reader.needed(&map, "channel", |reader, channel| reader.int(channel, 1, 16));
    let does = reader.needed(&map, "do", |reader, does| reader.text(does, TEXT_CHARS_MAX));
    let cc = reader.int(&map.field("cc"), 0, i64::from(FIRST_MODE_CONTROLLER) - 1);
    let note = reader.int(&map.field("note"), 0, 127);
    let bend = reader.flag(&map.field("bend")).unwrap_or(false);
    let control = match (cc, note, bend) {
        (Some(number), None, false) => MoverKind::Cc(number as u8),
        (None, Some(number), false) => MoverKind::Note(Note::new(number as u8)?),
        (None, None, true) => MoverKind::Bend,
        _ => {
            reader.fault(field, "needs one of cc, note or bend".to_owned());
            return None;
        }
    };
    Some(MidiMap { by: Mover { port: port?, channel: Channel::new(channel? as u8)?, control }, does: does? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::{DEFAULT_ID, Library};

    fn action(text: &str) -> Result<MapAction, String> {
        let (library, _) = Library::load(None);
        MapAction::of(text, library.get(DEFAULT_ID).unwrap())
    }

    fn moved(text: &str, before: f64, position: f64) -> Option<String> {
        action(text).unwrap().command(before, position).map(|command| command.to_string())
    }

    #[test]
    fn a_knob_turns_and_a_command_is_pressed() {
        assert_eq!(moved("filter_cutoff", 0.0, 0.25), Some("param.set filter_cutoff 0.25000".to_owned()));
        assert_eq!(moved("param.set filter_cutoff", 0.0, 1.0), Some("param.set filter_cutoff 1.00000".to_owned()));
        assert_eq!(moved("clock.bpm", 0.0, 0.5), Some("clock.bpm 160".to_owned()));
        assert_eq!(moved("note.play C4 100", 0.0, 0.0), Some("note.play C4 100 1".to_owned()));
        assert_eq!(moved("click.on", 0.0, 0.99), Some("click.on toggle".to_owned()));
        assert_eq!(moved("record.toggle", 0.1, 0.8), Some("record.toggle".to_owned()));
        assert_eq!(moved("record.toggle", 0.8, 0.9), None, "held is not pressed again");
        assert_eq!(moved("record.toggle", 0.8, 0.1), None, "let go is not pressed");
    }

    #[test]
    fn a_text_that_cannot_be_mapped_is_refused_with_the_reason() {
        for text in ["xyzzy", "transport.locate", "profile.use", "clock.offset", "note.on C4 100 100", ""] {
            assert!(action(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_file_reads_back_unchanged() {
        let mut learned = MidiMaps::default();
        assert_eq!(MidiMaps::from_yaml("learned.yaml", &learned.to_yaml()), Ok(learned.clone()));
        let mover = |control| Mover { port: "alsa:a \"b\": c".to_owned(), channel: Channel::FIRST, control };
        learned.learn(mover(MoverKind::Cc(7)), "filter_cutoff".to_owned());
        learned.learn(mover(MoverKind::Note(Note::new(36).unwrap())), "record.toggle".to_owned());
        learned.learn(mover(MoverKind::Bend), "clock.bpm".to_owned());
        assert_eq!(MidiMaps::from_yaml("learned.yaml", &learned.to_yaml()), Ok(learned.clone()));
        learned.learn(mover(MoverKind::Cc(7)), "param.set eg_attack".to_owned());
        assert_eq!(learned.maps.len(), 3, "a controller has one mapping");
        assert!(learned.forget("eg_attack") && !learned.forget("eg_attack"));
    }

    #[test]
    fn every_fault_of_the_file_is_named() {
        let text = "learned:\n  - { port: a, channel: 17, cc: 7, do: quit }\n  - { port: a, channel: 1, do: quit }\n";
        let faults: Vec<String> =
            MidiMaps::from_yaml("learned.yaml", text).unwrap_err().iter().map(ToString::to_string).collect();
        assert_eq!(
            faults,
            [
                "learned.yaml:2 learned.1.channel: '17' does not fit, allowed 1 to 16",
                "learned.yaml:3 learned.2: needs one of cc, note or bend",
            ]
        );
    }
}
