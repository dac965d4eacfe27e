//! Notes held on the computer keyboard, and when each ends. Pure; the loop passes the time.
//!
//! Most terminals report when a key is pressed and then repeat it, but never its release. There a note lasts as long as
//! the terminal repeats its key. From the first release that a terminal reports, busker uses releases only, and notes
//! last exactly as long as their keys are held.

use crate::{
    command::{Command, arg::Velocity},
    keymap::Phase,
    music::Note,
};
use std::time::{Duration, Instant};

/// Time without a repeat after which a pressed key counts as released. Desktops start repeating after 250 to 500 ms.
pub const FIRST_REPEAT: Duration = Duration::from_millis(600);
/// Time without another repeat after which a repeated key counts as released. The slowest usual rate is one in 92 ms.
pub const NEXT_REPEAT: Duration = Duration::from_millis(150);
/// Time within which a second press is a new note: no keyboard starts to repeat so soon.
pub const STRUCK_AGAIN: Duration = Duration::from_millis(200);

#[derive(Clone, Copy, Debug)]
struct Held {
    key: char,
    note: Note,
    struck: Instant,
    repeated: bool,
    /// When it ends without another input of its key; `None` for terminals that report releases.
    until: Option<Instant>,
}

/// The notes that sound because a key is held.
#[derive(Clone, Debug, Default)]
pub struct Piano {
    held: Vec<Held>,
    releases_told: bool,
}

impl Piano {
    /// A note key was pressed, repeated or released; `note` is the note it plays now.
    pub fn key(&mut self, key: char, phase: Phase, note: Note, velocity: u8, now: Instant) -> Vec<Command> {
        let on = Command::NoteOn { note, velocity: Velocity::clamped(velocity) };
        let place = self.held.iter().position(|held| held.key == key);
        match (phase, place) {
            (Phase::Release, place) => {
                self.releases_told();
                place.map(|at| off(self.held.swap_remove(at))).into_iter().collect()
            }
            (_, Some(at)) => {
                let releases_told = self.releases_told;
                let held = &mut self.held[at];
                let again = phase == Phase::Press && !held.repeated && now < held.struck + STRUCK_AGAIN;
                if again && !releases_told {
                    let was = std::mem::replace(held, Held::new(key, note, now, false));
                    return vec![off(was), on];
                }
                held.repeated = true;
                held.until = (!releases_told).then_some(now + NEXT_REPEAT);
                Vec::new()
            }
            (_, None) => {
                self.held.push(Held::new(key, note, now, self.releases_told));
                vec![on]
            }
        }
    }

    /// The terminal reports releases: from now on only releases end notes.
    pub fn releases_told(&mut self) {
        self.releases_told = true;
        self.held.iter_mut().for_each(|held| held.until = None);
    }

    /// When [`tick`](Self::tick) must be called.
    pub fn deadline(&self) -> Option<Instant> {
        self.held.iter().filter_map(|held| held.until).min()
    }

    /// Ends the notes whose time is over.
    pub fn tick(&mut self, now: Instant) -> Vec<Command> {
        self.held.extract_if(.., |held| held.until.is_some_and(|until| until <= now)).map(off).collect()
    }

    /// Ends every note.
    pub fn silence(&mut self) -> Vec<Command> {
        self.held.drain(..).map(off).collect()
    }

    /// The sounding notes, in the order they were played.
    pub fn notes(&self) -> impl Iterator<Item = Note> {
        self.held.iter().map(|held| held.note)
    }
}

impl Held {
    fn new(key: char, note: Note, now: Instant, releases_told: bool) -> Held {
        Held { key, note, struck: now, repeated: false, until: (!releases_told).then_some(now + FIRST_REPEAT) }
    }
}

fn off(held: Held) -> Command {
    Command::NoteOff { note: held.note }
}

#[cfg(test)]
mod tests;
