//! Everything anyone may ask of the engine: one row per command, and nothing else anywhere.
//!
//! Keys, the `:` line, scripts, the help screen and the manual page all read this table: `record.start` is spelled
//! the same everywhere. A row gives the name, the arguments with their kinds, and one line of help; the enum, the
//! parser and the printer are made from it, so they cannot disagree.
//!
//! To add a command: add a row here and its arm in `engine/control/execute.rs`. The compiler names what is missing.

pub mod arg;
pub mod channels;

use crate::hints;
use crate::motion::{ModulatorRequest, ModulatorSlot};
use crate::music::ClockSource;
use crate::music::{Bpm, Decibels, Note, Position};
use crate::profile::Curve;
use arg::{
    Arg, ArgKind, Hex, InputNumber, KnobPosition, Length, Millis, Name, OffsetMs, OnOff, Percent, PortName, Seconds,
    Steps, Switch, TakeName, TempoStep, Text, ThruChannel, Velocity, Which,
};
use channels::ChannelList;
use std::{fmt, str::FromStr};

/// One row of the table.
#[derive(Debug)]
pub struct CommandSpec {
    /// As it is written everywhere, like `record.start`.
    pub name: &'static str,
    /// One line of help.
    pub help: &'static str,
    /// In order; only the last may be optional.
    pub args: &'static [ArgSpec],
    read: fn(&[&str]) -> Result<Command, BadArg>,
}

/// One argument of a command.
#[derive(Debug)]
pub struct ArgSpec {
    /// What it is, in one word.
    pub name: &'static str,
    /// What may stand there.
    pub kind: ArgKind,
    /// Whether it may be left out.
    pub optional: bool,
}

/// An argument that does not fit: which one, and what is allowed.
#[derive(Debug)]
struct BadArg {
    index: usize,
    allowed: String,
}

macro_rules! commands {
    ($( #[doc = $help:literal] $variant:ident = $name:literal { $( $field:ident : $kind:ty ),* } )*) => {
        /// A request, checked: whoever holds one knows that its arguments are in range.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Command {
            $( #[doc = $help] $variant {
                $( #[doc = concat!("The `", stringify!($field), "` argument.")] $field: $kind ),*
            }, )*
        }

        /// The table, in the order of the help screen.
        pub static COMMANDS: &[CommandSpec] = &[ $( CommandSpec {
            name: $name,
            help: $help.trim_ascii(),
            args: &[ $( ArgSpec {
                name: stringify!($field),
                kind: <$kind as Arg>::KIND,
                optional: <$kind as Arg>::OPTIONAL,
            } ),* ],
            read: |words| {
                let mut words = words.iter().enumerate();
                $( let $field = {
                    let (index, word) = words.next().map_or((usize::MAX, None), |(i, w)| (i, Some(*w)));
                    <$kind as Arg>::read(word).map_err(|allowed| BadArg { index, allowed })?
                }; )*
                let _ = &mut words;
                Ok(Command::$variant { $( $field ),* })
            },
        } ),* ];

        impl Command {
            /// Its name in the table.
            pub fn name(&self) -> &'static str {
                match self { $( Command::$variant { .. } => $name ),* }
            }

            /// Its arguments as they are written; those left out are left out.
            pub fn words(&self) -> Vec<String> {
                match self {
                    $( Command::$variant { $( $field ),* } => {
                        let words: Vec<Option<String>> = vec![ $( Arg::write($field) ),* ];
                        words.into_iter().flatten().collect()
                    } )*
                }
            }
        }
    };
}

commands! {
    /// Play from the place last located: the beginning, at first
    TransportPlay = "transport.play" {}
    /// Stop; the place is kept for transport.continue
    TransportStop = "transport.stop" {}
    /// Play when stopped, stop when playing
    TransportToggle = "transport.toggle" {}
    /// Play on from where it was stopped
    TransportContinue = "transport.continue" {}
    /// Go to a place, playing or stopped
    TransportLocate = "transport.locate" { position: Position }
    /// Set the tempo, from the next clock pulse on
    ClockBpm = "clock.bpm" { bpm: Bpm }
    /// Tap the tempo: from the second tap on
    ClockTap = "clock.tap" {}
    /// Change the tempo by so many BPM
    ClockNudge = "clock.nudge" { bpm: TempoStep }
    /// Send MIDI clock, start and stop to the ports, or not
    ClockRun = "clock.run" { state: OnOff }
    /// Whose tempo it is: busker's own, or that of a MIDI clock that comes in
    ClockSource = "clock.source" { source: ClockSource }
    /// Move a port in time: later, or earlier where negative
    ClockOffset = "clock.offset" { port: PortName, ms: OffsetMs }
    /// Give a port a part of the clock, or not
    ClockSend = "clock.send" { port: PortName, what: Which, state: Switch }
    /// Record the inputs to a new WAV file; the name is made from the date if none is given
    RecordStart = "record.start" { name: Option<Text> }
    /// Finish the take
    RecordStop = "record.stop" {}
    /// Keep what was just played as a take: a minute of it, or so many seconds or bars
    RecordCapture = "record.capture" { length: Option<Length> }
    /// Name this place in the take that is being made
    RecordMark = "record.mark" { text: Option<Text> }
    /// Change how takes are made, or say how
    RecordSet = "record.set" { option: Name, value: Option<Text> }
    /// Record when not recording, finish the take when recording
    RecordToggle = "record.toggle" {}
    /// Say what is being recorded, and where
    RecordStatus = "record.status" {}
    /// Hear a take of the folder of takes through the outputs; recordings do not change
    TakePlay = "take.play" { take: Text }
    /// Hear the take no more
    TakeStop = "take.stop" {}
    /// Go to a place in the take that is heard
    TakeSeek = "take.seek" { seconds: Seconds }
    /// Keep the list of takes for the screen to show
    TakeList = "take.list" { state: Switch }
    /// Give a take another name; one with spaces stands in "quotes"
    TakeRename = "take.rename" { take: TakeName, to: Text }
    /// Put a take into the trash of its folder
    TakeRemove = "take.remove" { take: Text }
    /// The metronome, heard but not recorded, while the song plays
    ClickOn = "click.on" { state: Switch }
    /// How loud the inputs are heard; recordings do not change
    MonitorGain = "monitor.gain" { gain: Decibels }
    /// Gain of the recorded inputs, before meters and recording
    InputGain = "input.gain" { channels: ChannelList, gain: Decibels }
    /// Clear the clip lights and held peaks of the meters
    MeterClear = "meter.clear" {}
    /// Measure the delay from the outputs to an input, 1 or the one given, with a probe of half a second
    LatencyMeasure = "latency.measure" { input: Option<InputNumber> }
    /// Set the offset by hand that is added to the measured delay, in ms
    LatencySet = "latency.set" { ms: OffsetMs }
    /// Turn a knob to a place from 0 to 1, or to one of its options
    ParamSet = "param.set" { name: Name, value: Text }
    /// Turn a knob by steps, up or down
    ParamStep = "param.step" { name: Name, steps: Steps }
    /// Turn a knob back to its default
    ParamReset = "param.reset" { name: Name }
    /// Turn all knobs to any place, or those of a section; it can be undone
    ParamRandom = "param.random" { section: Option<Text> }
    /// Turn all knobs a little, or those of a section: at most so much of their way, up or down
    ParamMutate = "param.mutate" { percent: Percent, section: Option<Text> }
    /// Take back the last move of a knob, dice, recall or snapshot of the instrument in use
    ParamUndo = "param.undo" {}
    /// Do again what was taken back
    ParamRedo = "param.redo" {}
    /// Have an LFO or an envelope move a knob around where it stands; what is not said stays as it is
    ModSet = "mod.set" { param: Name, modulator: ModulatorRequest }
    /// Take an LFO or an envelope off a knob, or all of them
    ModOff = "mod.off" { param: Name, which: Option<ModulatorSlot> }
    /// Begin the envelopes of a knob, or end them
    ModGate = "mod.gate" { param: Name, state: Switch }
    /// Record the turns of knobs while the song plays, or not
    AutoArm = "auto.arm" { state: Switch }
    /// Play the recorded turns, or not
    AutoOn = "auto.on" { state: Switch }
    /// Forget the recorded turns of a knob, or of all
    AutoClear = "auto.clear" { param: Option<Name> }
    /// Have one knob, the macro, drive another from here to there; a new name makes a new macro
    MacroDrive = "macro.drive" { name: Name, param: Name, from: KnobPosition, to: KnobPosition, curve: Option<Curve> }
    /// Take a knob out of a macro, or the macro away
    MacroDrop = "macro.drop" { name: Name, param: Option<Name> }
    /// Take another synth's knobs
    ProfileUse = "profile.use" { id: Name }
    /// Keep where the knobs stand under a name
    SnapshotSave = "snapshot.save" { name: Name }
    /// Turn the knobs to where they stood: at once, or gliding for so many seconds or bars
    SnapshotRecall = "snapshot.recall" { name: Name, length: Option<Length> }
    /// Give a snapshot another name
    SnapshotRename = "snapshot.rename" { name: Name, to: Name }
    /// Take a snapshot away
    SnapshotDelete = "snapshot.delete" { name: Name }
    /// Say which snapshots there are of the synth in use
    SnapshotList = "snapshot.list" {}
    /// Go back to what was before the last recall or dice, and to and fro
    SnapshotCompare = "snapshot.compare" {}
    /// Send every knob of the instrument again
    SnapshotSend = "snapshot.send" {}
    /// Begin a session in a new folder: takes, tempo, knobs and snapshots go there
    SessionNew = "session.new" { path: Text }
    /// Open a session: its tempo, knobs and snapshots, and takes go there
    SessionOpen = "session.open" { path: Text }
    /// Save the session now; changes are saved without it, too
    SessionSave = "session.save" {}
    /// Tie the next controller or note that comes in to a knob or a command
    Learn = "learn" { what: Text }
    /// Tie nothing after all
    LearnCancel = "learn.cancel" {}
    /// Untie what a knob or a command was tied to
    LearnForget = "learn.forget" { what: Text }
    /// Play and show the instrument at another port
    PortUse = "port.use" { port: PortName }
    /// Pass on what comes in at a port to another: as it comes, on a channel, or no more
    MidiThru = "midi.thru" { from: PortName, to: PortName, channel: ThruChannel }
    /// Keep the messages that come and go for the screen to show
    MidiMonitor = "midi.monitor" { state: Switch }
    /// Start a note
    NoteOn = "note.on" { note: Note, velocity: Velocity }
    /// End a note
    NoteOff = "note.off" { note: Note }
    /// Play a note for a time
    NotePlay = "note.play" { note: Note, velocity: Velocity, ms: Millis }
    /// Send any MIDI messages to every port, as hex bytes
    MidiSend = "midi.send" { hex: Hex }
    /// All notes off everywhere, at once
    MidiPanic = "midi.panic" {}
    /// Finish the take, silence the synths and leave
    Quit = "quit" {}
}

/// The row of a name.
pub fn spec(name: &str) -> Option<&'static CommandSpec> {
    COMMANDS.iter().find(|row| row.name == name)
}

impl Command {
    /// Whether it must reach the engine whatever else wants to: what ends a sound, the song or a take.
    pub fn must_arrive(&self) -> bool {
        use Command::{MidiPanic, NoteOff, Quit, RecordStop, TakeStop, TransportStop};
        matches!(self, NoteOff { .. } | MidiPanic {} | TransportStop {} | RecordStop {} | TakeStop {} | Quit {})
    }
}

impl CommandSpec {
    /// Whether a pattern that stands for many commands reaches it: what plays, stops, sounds or turns. What makes, ends,
    /// replaces or takes away takes, snapshots, sessions or recorded turns must be meant by its whole name.
    pub fn is_reached_by_patterns(&self) -> bool {
        const REACHED: [&str; 20] = [
            "transport.play",
            "transport.stop",
            "transport.toggle",
            "transport.continue",
            "transport.locate",
            "clock.bpm",
            "clock.tap",
            "clock.nudge",
            "clock.run",
            "click.on",
            "monitor.gain",
            "meter.clear",
            "param.set",
            "param.step",
            "param.reset",
            "note.on",
            "note.off",
            "note.play",
            "midi.panic",
            "take.stop",
        ];
        REACHED.contains(&self.name)
    }

    /// Name and arguments, as in `clock.bpm <bpm>` or `record.start [name]`.
    pub fn usage(&self) -> String {
        self.args.iter().fold(self.name.to_owned(), |usage, arg| {
            if arg.optional { format!("{usage} [{}]", arg.name) } else { format!("{usage} <{}>", arg.name) }
        })
    }

    /// The usage with each argument's range, for help and error messages.
    pub fn usage_with_ranges(&self) -> String {
        self.args.iter().fold(self.name.to_owned(), |usage, arg| {
            let (open, close) = if arg.optional { ('[', ']') } else { ('<', '>') };
            format!("{usage} {open}{}: {}{close}", arg.name, arg.kind)
        })
    }
}

/// Why a line is no command. Nothing was done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// No row has this name.
    #[error("there is no command '{name}'{}", nearest(name))]
    Unknown {
        /// The word that stood first.
        name: String,
    },
    /// An OSC address with a slash too many, or a dot.
    #[error("there is no address '{address}'; did you mean '{meant}'?")]
    NoAddress {
        /// As it was sent.
        address: String,
        /// The address of the command it names.
        meant: String,
    },
    /// An argument is missing.
    #[error("{name} needs more: {usage}")]
    Missing {
        /// The command.
        name: &'static str,
        /// How it is written.
        usage: String,
    },
    /// More words than arguments.
    #[error("'{extra}' is too much: {usage}")]
    TooMuch {
        /// The first word too many.
        extra: String,
        /// How it is written.
        usage: String,
    },
    /// An argument does not fit.
    #[error("{name}: '{value}' is no {arg}: allowed is {allowed}")]
    BadArgument {
        /// The command.
        name: &'static str,
        /// The argument's name.
        arg: &'static str,
        /// What stood there.
        value: String,
        /// What may stand there.
        allowed: String,
    },
    /// Nothing at all.
    #[error("nothing was asked; {LISTS}")]
    Empty,
}

/// Where the commands are listed.
const LISTS: &str = "`busker man`, ? in the station, OSC /help and GET /api/commands list the commands";

/// A hint at the command that was probably meant.
fn nearest(name: &str) -> String {
    if matches!(name, "help" | "?" | "commands") {
        return format!("; {LISTS}");
    }
    let meant = hints::nearest(name, COMMANDS.iter().map(|row| row.name)).and_then(spec);
    meant.map_or_else(String::new, |row| format!("; did you mean '{}'?", row.usage()))
}

impl FromStr for Command {
    type Err = CommandError;

    /// Reads `name arg arg …`. Where the last argument is text, it is the rest of the line.
    fn from_str(line: &str) -> Result<Command, CommandError> {
        let line = line.trim();
        let (name, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        if name.is_empty() {
            return Err(CommandError::Empty);
        }
        let row = spec(name).ok_or_else(|| CommandError::Unknown { name: name.to_owned() })?;
        row.command(&row.split(rest))
    }
}

impl CommandSpec {
    /// The command with these arguments, each as it would be written in a line. What is too much belongs to the last
    /// one where that takes the rest of a line.
    ///
    /// # Errors
    /// Too few, too many, or one that does not fit.
    pub fn command(&self, words: &[&str]) -> Result<Command, CommandError> {
        if self.takes_rest_of_line() && words.len() > self.args.len() {
            let (own, rest) = words.split_at(self.args.len() - 1);
            let rest = rest.join(" ");
            return self.command(&[own, &[&rest]].concat());
        }
        if let Some(extra) = words.get(self.args.len()) {
            return Err(CommandError::TooMuch { extra: (*extra).to_owned(), usage: self.usage_with_ranges() });
        }
        let required = self.args.iter().filter(|arg| !arg.optional).count();
        if words.len() < required {
            return Err(CommandError::Missing { name: self.name, usage: self.usage_with_ranges() });
        }
        (self.read)(words).map_err(|bad| CommandError::BadArgument {
            name: self.name,
            arg: self.args.get(bad.index).map_or("argument", |arg| arg.name),
            value: hints::shown(words.get(bad.index).copied().unwrap_or_default()),
            allowed: bad.allowed,
        })
    }

    fn takes_rest_of_line(&self) -> bool {
        self.args.last().is_some_and(|arg| arg.kind.takes_rest_of_line())
    }

    /// The words of the arguments; a text at the end takes the rest of the line.
    fn split<'a>(&self, rest: &'a str) -> Vec<&'a str> {
        let most = if self.takes_rest_of_line() { self.args.len() } else { usize::MAX };
        let mut words = Vec::new();
        let mut rest = rest.trim();
        while !rest.is_empty() {
            if words.len() + 1 == most {
                words.push(rest);
                break;
            }
            let (word, after) = quoted(rest).or_else(|| rest.split_once(char::is_whitespace)).unwrap_or((rest, ""));
            words.push(word);
            rest = after.trim_start();
        }
        words
    }
}

/// What stands between the quotes at the beginning, and what comes after them.
pub(crate) fn quoted(text: &str) -> Option<(&str, &str)> {
    let (word, after) = text.strip_prefix('"')?.split_once('"')?;
    (after.is_empty() || after.starts_with(char::is_whitespace)).then_some((word, after))
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        self.words().iter().try_for_each(|word| write!(f, " {word}"))
    }
}

#[cfg(test)]
pub(crate) mod tests;
