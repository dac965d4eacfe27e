//! All commands of the engine: one row per command, in this table only.
//!
//! Keys, the `:` line, scripts, the help screen and the manual page all read this table: `record.start` is spelled
//! the same everywhere. A row gives the name, the arguments with their kinds, and one line of help; the enum, the
//! parser and the printer are made from it, so they cannot disagree.
//!
//! To add a command: add a row here and its arm in `engine/control/execute.rs`. The compiler reports the missing arm.

pub mod arg;
pub mod channels;

use crate::hints;
use crate::motion::{ModulatorRequest, ModulatorSlot};
use crate::music::ClockSource;
use crate::music::{Bpm, Decibels, Note, Position};
use crate::profile::Curve;
use crate::session::song::QuantizeGrid;
use crate::session::track::{MonitorMode, RecordMode};
use arg::{
    Arg, ArgKind, Bars, ClipNumber, FadeSeconds, Hex, InputNumber, KnobPosition, Length, Millis, Name, OffsetMs, OnOff,
    Pan, Percent, PortName, Seconds, Speed, Steps, Switch, TakeName, TempoStep, Text, ThruChannel, Times, TrackNumber,
    Velocity, Which,
};
use channels::ChannelList;
use std::{fmt, str::FromStr};

/// One row of the table.
#[derive(Debug)]
pub struct CommandSpec {
    /// Its name everywhere, like `record.start`.
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
    /// Its name, one word.
    pub name: &'static str,
    /// Allowed values.
    pub kind: ArgKind,
    /// Whether it may be left out.
    pub optional: bool,
}

/// An argument that is not allowed: which one, and the allowed values.
#[derive(Debug)]
struct BadArg {
    index: usize,
    allowed: String,
}

macro_rules! commands {
    ($( #[doc = $help:literal] $variant:ident = $name:literal { $( $field:ident : $kind:ty ),* } )*) => {
        /// A checked command: its arguments are in range.
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

            /// Its arguments as text; omitted ones are left out.
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
    /// Play from the last located position; at first, from 1:1:0
    TransportPlay = "transport.play" {}
    /// Stop; transport.continue resumes from here
    TransportStop = "transport.stop" {}
    /// Play when stopped, stop when playing
    TransportToggle = "transport.toggle" {}
    /// Resume playback from where it was stopped
    TransportContinue = "transport.continue" {}
    /// Move the song position, playing or stopped
    TransportLocate = "transport.locate" { position: Position }
    /// Set the tempo, 20 to 300 BPM, from the next clock pulse on
    ClockBpm = "clock.bpm" { bpm: Bpm }
    /// Tap the tempo; the second tap sets it
    ClockTap = "clock.tap" {}
    /// Nudge the tempo up or down, in BPM
    ClockNudge = "clock.nudge" { bpm: TempoStep }
    /// Send MIDI clock, start and stop to the ports: on or off
    ClockRun = "clock.run" { state: OnOff }
    /// Choose the tempo source: internal, or incoming MIDI clock
    ClockSource = "clock.source" { source: ClockSource }
    /// Set a port's clock offset in ms; negative is earlier
    ClockOffset = "clock.offset" { port: PortName, ms: OffsetMs }
    /// Send a part of the MIDI clock to a port: on, off or toggle
    ClockSend = "clock.send" { port: PortName, what: Which, state: Switch }
    /// Record the inputs to a new WAV file, named by date if no name is given
    RecordStart = "record.start" { name: Option<Text> }
    /// End the take
    RecordStop = "record.stop" {}
    /// Save the last minute, or the given seconds or bars, as a take
    RecordCapture = "record.capture" { length: Option<Length> }
    /// Add a marker at this point of the take being recorded
    RecordMark = "record.mark" { text: Option<Text> }
    /// Set an option of the recorder, or show its value
    RecordSet = "record.set" { option: Name, value: Option<Text> }
    /// Start recording, or end the take that is being recorded
    RecordToggle = "record.toggle" {}
    /// Show the take being recorded and where it is saved
    RecordStatus = "record.status" {}
    /// Play a take through the outputs; recordings do not contain it
    TakePlay = "take.play" { take: Text }
    /// Stop take playback
    TakeStop = "take.stop" {}
    /// Move take playback to a position in seconds
    TakeSeek = "take.seek" { seconds: Seconds }
    /// Send what was played in a take to the synth again, and record it as a new take
    TakeReplay = "take.replay" { take: Text }
    /// Keep the list of takes up to date for the screen: on, off or toggle
    TakeList = "take.list" { state: Switch }
    /// Rename a take; put a name with spaces in "quotes"
    TakeRename = "take.rename" { take: TakeName, to: Text }
    /// Move a take to the trash in its folder
    TakeRemove = "take.remove" { take: Text }
    /// Add an empty track
    TrackAdd = "track.add" { name: Option<Text> }
    /// Remove a track; edit.undo brings it back, its takes stay
    TrackRemove = "track.remove" { track: TrackNumber }
    /// Rename a track
    TrackName = "track.name" { track: TrackNumber, name: Text }
    /// Choose the taps a track records: one or two, like 1 or master
    TrackInput = "track.input" { track: TrackNumber, taps: Text }
    /// Arm a track for track.record: on, off or toggle
    TrackArm = "track.arm" { track: TrackNumber, state: Switch }
    /// Set when a track's input is in the outputs: auto, on or off
    TrackMonitor = "track.monitor" { track: TrackNumber, mode: MonitorMode }
    /// Set a track's fader in dB
    TrackGain = "track.gain" { track: TrackNumber, gain: Decibels }
    /// Pan a track, from -1 (left) to 1 (right)
    TrackPan = "track.pan" { track: TrackNumber, pan: Pan }
    /// Mute a track: on, off or toggle
    TrackMute = "track.mute" { track: TrackNumber, state: Switch }
    /// Solo a track: on, off or toggle; mutes stay as they are
    TrackSolo = "track.solo" { track: TrackNumber, state: Switch }
    /// Keep a track audible while others are soloed: on, off or toggle
    TrackSafe = "track.safe" { track: TrackNumber, state: Switch }
    /// Set what recording does to what is there: layer, replace or takes
    TrackMode = "track.mode" { track: TrackNumber, mode: RecordMode }
    /// Set how much of the older layers each turn of an overdub keeps, in percent
    TrackFeedback = "track.feedback" { track: TrackNumber, percent: Percent }
    /// Press a track's pedal: record, play, overdub, play; twice undoes, held clears
    TrackPedal = "track.pedal" { track: TrackNumber, state: Option<OnOff> }
    /// Make a loop of the last bars played on a track's input; 4 where no number is given
    TrackKeep = "track.keep" { track: TrackNumber, bars: Option<Bars> }
    /// Record the armed tracks while the song plays: on, off or toggle
    TrackRecord = "track.record" { state: Switch }
    /// Undo the last change of a track: its last pass, at first
    TrackUndo = "track.undo" { track: TrackNumber }
    /// Redo the last undone change of a track
    TrackRedo = "track.redo" { track: TrackNumber }
    /// Remove everything recorded on a track; track.undo brings it back
    TrackClear = "track.clear" { track: TrackNumber }
    /// Set the speed of a track's loop; negative plays it backwards
    TrackSpeed = "track.speed" { track: TrackNumber, speed: Speed }
    /// Make a track's loop longer by repeating it, 2 to 64 times
    TrackMultiply = "track.multiply" { track: TrackNumber, times: Times }
    /// Shorten a track's loop to its first bars
    TrackCrop = "track.crop" { track: TrackNumber, bars: Bars }
    /// List the clips of a track: where each lies and what of which take it is
    ClipList = "clip.list" { track: TrackNumber }
    /// Move a clip to a place of the song
    ClipMove = "clip.move" { track: TrackNumber, clip: ClipNumber, to: Position }
    /// Move the beginning of a clip to the nearest line of the grid
    ClipSnap = "clip.snap" { track: TrackNumber, clip: ClipNumber }
    /// Choose the part of its take that a clip plays, by two places of the song
    ClipTrim = "clip.trim" { track: TrackNumber, clip: ClipNumber, from: Position, to: Position }
    /// Split a clip in two, at a place of the song or where it plays
    ClipSplit = "clip.split" { track: TrackNumber, clip: ClipNumber, at: Option<Position> }
    /// Copy a clip to its own end, or to a place of the song
    ClipDuplicate = "clip.duplicate" { track: TrackNumber, clip: ClipNumber, to: Option<Position> }
    /// Set the gain of a clip in dB
    ClipGain = "clip.gain" { track: TrackNumber, clip: ClipNumber, gain: Decibels }
    /// Set the fades at the beginning and the end of a clip, in seconds
    ClipFade = "clip.fade" { track: TrackNumber, clip: ClipNumber, fade_in: FadeSeconds, fade_out: FadeSeconds }
    /// Mute a clip: on, off or toggle
    ClipMute = "clip.mute" { track: TrackNumber, clip: ClipNumber, state: Switch }
    /// Take a clip off its track; edit.undo brings it back, its take stays
    ClipDelete = "clip.delete" { track: TrackNumber, clip: ClipNumber }
    /// Undo the last change of the session: tracks, loop, markers or parameters
    EditUndo = "edit.undo" {}
    /// Redo the last undone change of the session
    EditRedo = "edit.redo" {}
    /// Set the song's loop region and turn it on
    LoopSet = "loop.set" { from: Position, to: Position }
    /// Repeat the song's loop region: on, off or toggle
    LoopOn = "loop.on" { state: Switch }
    /// Loop so many bars from the bar that plays
    LoopBars = "loop.bars" { bars: Bars }
    /// Set the grid that pedals and recordings wait for
    QuantizeSet = "quantize.set" { grid: QuantizeGrid }
    /// Cancel what waits for the grid
    TransportCancel = "transport.cancel" {}
    /// Add a marker at this place of the song
    MarkerAdd = "marker.add" { name: Option<Text> }
    /// Move the song to a marker: its name, next or previous
    MarkerGo = "marker.go" { marker: Text }
    /// Export the mix of the tracks to a file: the loop, or the whole song
    ExportMix = "export.mix" { name: Option<Text> }
    /// Export a file for each track; together they are the mix
    ExportStems = "export.stems" { name: Option<Text> }
    /// Set an option of exports, like range, tails or format, or show its value
    ExportSet = "export.set" { option: Name, value: Option<Text> }
    /// Cancel the export; nothing is left of it
    ExportCancel = "export.cancel" {}
    /// Play the metronome; recordings do not contain it
    ClickOn = "click.on" { state: Switch }
    /// Set the monitor gain of the inputs in dB; recordings do not change
    MonitorGain = "monitor.gain" { gain: Decibels }
    /// Set the gain of recorded inputs in dB, before meters and recording
    InputGain = "input.gain" { channels: ChannelList, gain: Decibels }
    /// Set the master fader in dB: the mix of the tracks, in takes of it and exports as well
    MasterGain = "master.gain" { gain: Decibels }
    /// Limit the outputs to -1 dBFS: on, off or toggle; takes and exports do not change
    LimiterOn = "limiter.on" { state: Switch }
    /// Reset the clip indicators and peak hold of the meters
    MeterClear = "meter.clear" {}
    /// Measure the delay from the outputs to an input, 1 to 256; the first without a number
    LatencyMeasure = "latency.measure" { input: Option<InputNumber> }
    /// Set the offset added to the measured latency, -500 to 500 ms
    LatencySet = "latency.set" { ms: OffsetMs }
    /// Set a parameter to a position from 0 to 1, or to an option
    ParamSet = "param.set" { name: Name, value: Text }
    /// Change a parameter by steps, up or down
    ParamStep = "param.step" { name: Name, steps: Steps }
    /// Reset a parameter to its default
    ParamReset = "param.reset" { name: Name }
    /// Randomize all parameters, or those of a section; param.undo reverts it
    ParamRandom = "param.random" { section: Option<Text> }
    /// Vary all parameters, or a section's, by up to a percentage
    ParamMutate = "param.mutate" { percent: Percent, section: Option<Text> }
    /// Undo the last parameter or snapshot change
    ParamUndo = "param.undo" {}
    /// Redo the last undone change
    ParamRedo = "param.redo" {}
    /// Modulate a parameter by an LFO or envelope; omitted settings are kept
    ModSet = "mod.set" { param: Name, modulator: ModulatorRequest }
    /// Remove an LFO or envelope from a parameter, or all of them
    ModOff = "mod.off" { param: Name, which: Option<ModulatorSlot> }
    /// Start the envelopes of a parameter, or release them
    ModGate = "mod.gate" { param: Name, state: Switch }
    /// Record knob moves as automation while the song plays
    AutoArm = "auto.arm" { state: Switch }
    /// Play the automation: on, off or toggle
    AutoOn = "auto.on" { state: Switch }
    /// Delete the automation of a parameter, or of all
    AutoClear = "auto.clear" { param: Option<Name> }
    /// Map a macro to a parameter's range; a new name creates the macro
    MacroDrive = "macro.drive" { name: Name, param: Name, from: KnobPosition, to: KnobPosition, curve: Option<Curve> }
    /// Remove a parameter from a macro, or delete the macro
    MacroDrop = "macro.drop" { name: Name, param: Option<Name> }
    /// Use another synth's profile for the instrument
    ProfileUse = "profile.use" { id: Name }
    /// Save the parameter values as a snapshot
    SnapshotSave = "snapshot.save" { name: Name }
    /// Recall a snapshot at once, or glide to it in seconds or bars
    SnapshotRecall = "snapshot.recall" { name: Name, length: Option<Length> }
    /// Rename a snapshot
    SnapshotRename = "snapshot.rename" { name: Name, to: Name }
    /// Delete a snapshot
    SnapshotDelete = "snapshot.delete" { name: Name }
    /// List the snapshots of the profile in use
    SnapshotList = "snapshot.list" {}
    /// Toggle A/B: before and after the last recall or randomize
    SnapshotCompare = "snapshot.compare" {}
    /// Send every parameter of the instrument again
    SnapshotSend = "snapshot.send" {}
    /// Create a session: a folder for takes, tempo, parameters and snapshots
    SessionNew = "session.new" { path: Text }
    /// Open a session: load tempo, parameters, snapshots; record takes to it
    SessionOpen = "session.open" { path: Text }
    /// Save the session now; changes are also saved automatically
    SessionSave = "session.save" {}
    /// Map the next incoming controller or note to a parameter or command
    Learn = "learn" { what: Text }
    /// Cancel MIDI learn
    LearnCancel = "learn.cancel" {}
    /// Remove the MIDI mapping of a parameter or command
    LearnForget = "learn.forget" { what: Text }
    /// Select the instrument at another port
    PortUse = "port.use" { port: PortName }
    /// Route MIDI input of a port to another: unchanged, on a channel, or off
    MidiThru = "midi.thru" { from: PortName, to: PortName, channel: ThruChannel }
    /// Keep MIDI messages in and out for the monitor: on, off or toggle
    MidiMonitor = "midi.monitor" { state: Switch }
    /// Start a note with a velocity from 1 to 127
    NoteOn = "note.on" { note: Note, velocity: Velocity }
    /// End a note
    NoteOff = "note.off" { note: Note }
    /// Play a note for 1 to 600000 ms
    NotePlay = "note.play" { note: Note, velocity: Velocity, ms: Millis }
    /// Send MIDI messages to every port, as hex bytes
    MidiSend = "midi.send" { hex: Hex }
    /// Send all notes off to every port at once
    MidiPanic = "midi.panic" {}
    /// End the take, silence the synths and quit
    Quit = "quit" {}
}

/// The row of a command.
pub fn spec(name: &str) -> Option<&'static CommandSpec> {
    COMMANDS.iter().find(|row| row.name == name)
}

impl Command {
    /// Whether it must reach the engine even when the queue is full: commands that end a note, the song or a take.
    pub fn must_arrive(&self) -> bool {
        use Command::{MidiPanic, NoteOff, Quit, RecordStop, TakeStop, TransportStop};
        matches!(self, NoteOff { .. } | MidiPanic {} | TransportStop {} | RecordStop {} | TakeStop {} | Quit {})
    }
}

impl CommandSpec {
    /// Whether a pattern for many commands includes it: commands that play, stop, sound or change parameters. A command
    /// that makes, ends, replaces or deletes takes, snapshots, sessions or automation needs its whole name.
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
    #[error("unknown command '{name}'{}", nearest(name))]
    Unknown {
        /// The first word.
        name: String,
    },
    /// An OSC address with a slash too many, or a dot.
    #[error("unknown address '{address}'; did you mean '{meant}'?")]
    NoAddress {
        /// The address that was sent.
        address: String,
        /// The address of the command it names.
        meant: String,
    },
    /// An argument is missing.
    #[error("{name} is missing an argument: {usage}")]
    Missing {
        /// The command.
        name: &'static str,
        /// The usage of the command.
        usage: String,
    },
    /// More words than arguments.
    #[error("one argument too many: '{extra}'; usage: {usage}")]
    TooMuch {
        /// The first word too many.
        extra: String,
        /// The usage of the command.
        usage: String,
    },
    /// An argument is not allowed.
    #[error("{name}: '{value}' is not a valid {arg}; allowed: {allowed}")]
    BadArgument {
        /// The command.
        name: &'static str,
        /// The argument's name.
        arg: &'static str,
        /// The value that was given.
        value: String,
        /// Allowed values.
        allowed: String,
    },
    /// The line is empty.
    #[error("no command given; {LISTS}")]
    Empty,
}

/// Where the commands are listed.
const LISTS: &str = "`busker man`, ? in the station, OSC /help and GET /api/commands list the commands";

/// A hint with the command that was probably meant.
fn nearest(name: &str) -> String {
    if matches!(name, "help" | "?" | "commands") {
        return format!("; {LISTS}");
    }
    let meant = hints::nearest(name, COMMANDS.iter().map(|row| row.name)).and_then(spec);
    meant.map_or_else(String::new, |row| format!("; did you mean '{}'?", row.usage()))
}

impl FromStr for Command {
    type Err = CommandError;

    /// Reads `name arg arg …`. If the last argument is text, it is the rest of the line.
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
    /// The command with these arguments, each as it is written in a line. Extra words belong to the last argument if
    /// that takes the rest of a line.
    ///
    /// # Errors
    /// Too few arguments, too many, or one that is not allowed.
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

/// The text between the quotes at the beginning, and the text after them.
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
