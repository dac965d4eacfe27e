//! The piano: its octave, its velocity and the held notes; drawn into a rule, with the monitor gain of the inputs.

use crate::{
    keymap::{Phase, notes},
    music::{Decibels, Note},
    tui::{
        acts::acts,
        app::{App, AppRequest, tell},
        piano::Piano,
        theme::Theme,
        visible::Visible,
        widgets::rule,
    },
};
use ratatui::{Frame, layout::Rect};
use std::time::Instant;

/// The lowest octave of the lower piano row; that of MIDI note 0.
const OCTAVE_MIN: i32 = -1;
/// The highest octave: C8 to B8, with the upper row up to G9.
const OCTAVE_MAX: i32 = 8;
/// The first note of the lower row at the start: C3, so that the upper row begins at C4, middle C.
const OCTAVE_DEFAULT: i32 = 3;
/// Velocity at the start, 1..=127.
const VELOCITY_DEFAULT: u8 = 100;
/// Step of the velocity, of 127.
const VELOCITY_STEP: i8 = 8;

acts! {
    /// Play notes with letters and digits
    Play = "piano"
    /// Use letters as commands
    Command = "keys"
    /// Move the piano an octave down
    OctaveDown = "octave.down"
    /// Move the piano an octave up
    OctaveUp = "octave.up"
    /// Lower the velocity
    VelocityDown = "velocity.down"
    /// Raise the velocity
    VelocityUp = "velocity.up"
}

/// The state of the piano.
#[derive(Clone, Debug)]
pub struct Hands {
    /// Whether letters play notes, if the panel leaves that open.
    pub on_piano: bool,
    octave: i32,
    velocity: u8,
    pub(in crate::tui) piano: Piano,
}

impl Default for Hands {
    /// At the start: letters play notes around middle C.
    fn default() -> Hands {
        Hands { on_piano: true, octave: OCTAVE_DEFAULT, velocity: VELOCITY_DEFAULT, piano: Piano::default() }
    }
}

impl Hands {
    /// The note of a key in the present octave; `None` above the highest note.
    fn note_of(&self, key: char) -> Option<Note> {
        let semitones = i32::from(notes::semitones(key)?);
        Note::new(0)?.transposed((self.octave - OCTAVE_MIN) * 12 + semitones)
    }

    /// A note key was pressed, repeated or released; `None` if it plays no note.
    pub fn key(&mut self, key: char, phase: Phase, now: Instant) -> Option<Vec<AppRequest>> {
        let note = self.note_of(key)?;
        Some(tell(self.piano.key(key, phase, note, self.velocity, now)))
    }

    /// The lowest and the highest note of the piano keys; every octave has some.
    fn reach(&self) -> Option<(Note, Note)> {
        let notes = || notes::NOTE_KEYS.iter().filter_map(|(key, _)| self.note_of(*key));
        notes().min().zip(notes().max())
    }
}

/// Runs an action of the piano.
pub fn act(app: &mut App, act: Act) -> Vec<AppRequest> {
    let hands = &mut app.hands;
    match act {
        Act::Play => return put(app, true),
        Act::Command => return put(app, false),
        Act::OctaveDown => return octave_by(app, -1),
        Act::OctaveUp => return octave_by(app, 1),
        Act::VelocityDown => hands.velocity = stronger(hands.velocity, -VELOCITY_STEP),
        Act::VelocityUp => hands.velocity = stronger(hands.velocity, VELOCITY_STEP),
    }
    Vec::new()
}

/// Switches the piano on or off; panels with keys of their own are closed.
fn put(app: &mut App, on_piano: bool) -> Vec<AppRequest> {
    app.hands.on_piano = on_piano;
    app.clear()
}

fn octave_by(app: &mut App, by: i32) -> Vec<AppRequest> {
    app.hands.octave = (app.hands.octave + by).clamp(OCTAVE_MIN, OCTAVE_MAX);
    app.silence()
}

fn stronger(velocity: u8, by: i8) -> u8 {
    velocity.saturating_add_signed(by).clamp(1, 127)
}

/// Draws the state into a rule.
pub fn draw(app: &App, status: &Visible, theme: &Theme, area: Rect, frame: &mut Frame<'_>) {
    // If letters never play notes there, there is nothing to show.
    if !app.base().plays() {
        return rule::draw("", &monitor(status), theme, area, frame);
    }
    let hands = &app.hands;
    let reach = hands.reach().map_or_else(String::new, |(low, high)| format!("{low} to {high}, "));
    let held: String = hands.piano.notes().map(|note| format!(" {note}")).collect();
    let sounding = if held.is_empty() { String::new() } else { format!(" ♪{held}") };
    let words = format!("piano {reach}velocity {}{sounding}", hands.velocity);
    rule::draw(&words, &monitor(status), theme, area, frame);
}

fn monitor(status: &Visible) -> String {
    match status.inputs.monitor_db {
        db if db <= Decibels::SILENCE.0 => "monitor off".to_owned(),
        0.0 => "monitor 0 dB".to_owned(),
        db => format!("monitor {db:+.1} dB"),
    }
}
