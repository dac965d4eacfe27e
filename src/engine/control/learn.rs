//! MIDI learn: maps controllers and notes of other devices to parameters and commands.

use super::{out::Out, ports::Ports};
use crate::{
    command::Command,
    midi::Message,
    midi_maps::{MapAction, MidiMaps, Mover},
    profile::Profile,
    status::Event,
    stored::StoredValue,
};
use std::sync::Arc;

/// The MIDI maps, and the target that waits for a control.
#[derive(Default)]
pub(super) struct Learn {
    learned: StoredValue<MidiMaps>,
    /// The target that the next control is mapped to.
    learning: Option<String>,
    /// The last position of each map's control, 0 to 1, in the order of the maps.
    positions: Vec<f64>,
}

/// The effect of a received message.
pub(super) enum Means {
    /// The same as without a map.
    ItsOwn,
    /// It was mapped just now, or its map has no effect now.
    Nothing,
    /// The command of its map.
    Does(Command),
}

impl Learn {
    pub(super) fn new(learned: StoredValue<MidiMaps>) -> Learn {
        Learn { positions: vec![0.0; learned.value.maps.len()], learned, learning: None }
    }

    /// The MIDI maps, and their file.
    pub(super) fn stored(&self) -> &StoredValue<MidiMaps> {
        &self.learned
    }

    /// Another program changed the maps.
    pub(super) fn replace(&mut self, learned: MidiMaps) {
        self.positions = vec![0.0; learned.maps.len()];
        self.learned.value = learned;
    }

    /// The target that waits for a control.
    pub(super) fn learning(&self) -> Option<&String> {
        self.learning.as_ref()
    }
}

impl Learn {
    /// Maps the next control that moves to this target.
    pub(super) fn begin(&mut self, what: &str, profile: &Profile, ports: &Ports) -> Result<String, String> {
        let what = what.trim().to_owned();
        MapAction::of(&what, profile).map_err(|error| format!("learn {what}: {error}"))?;
        let full = |full| format!("learn {what}: {full}");
        self.learned.value.has_room_for(&what).map_err(full)?;
        if !ports.hears() {
            return Err("no MIDI input is open: name a keyboard or controller in midi.ports of the settings".into());
        }
        let sentence = format!("move a controller or play a note to map '{what}'; learn.cancel cancels");
        self.learning = Some(what);
        Ok(sentence)
    }

    pub(super) fn cancel(&mut self) -> Result<String, String> {
        match self.learning.take() {
            Some(what) => Ok(format!("cancelled: '{what}' is not mapped")),
            None => Err("MIDI learn is not active".to_owned()),
        }
    }

    pub(super) fn forget(&mut self, what: &str, out: &mut Out) -> Result<String, String> {
        let what = what.trim();
        if !self.learned.value.forget(what) {
            return Err(format!("'{what}' has no MIDI mapping"));
        }
        self.positions = vec![0.0; self.learned.value.maps.len()];
        out.keep(Arc::new(self.learned.value.clone()), &self.learned.home);
        Ok(format!("the mapping of '{what}' is removed"))
    }

    /// A message came in at a port: maps it to the target that waits, or looks up its map.
    pub(super) fn moved(&mut self, port: &str, message: &Message, profile: &Profile, out: &mut Out) -> Means {
        let Some((mover, position)) = Mover::of(port, message) else { return Means::ItsOwn };
        let is_begun = position > 0.0 || message.note().is_none();
        if let Some(does) = self.learning.take_if(|_| is_begun) {
            let by = mover.to_string();
            self.learned.value.learn(mover, does.clone());
            self.positions = vec![0.0; self.learned.value.maps.len()];
            if let Some(last) = self.positions.last_mut() {
                *last = position;
            }
            out.keep(Arc::new(self.learned.value.clone()), &self.learned.home);
            out.tell(Event::Learned { by, does });
            return Means::Nothing;
        }
        let Some(at) = self.learned.value.maps.iter().position(|map| map.by == mover) else {
            return Means::ItsOwn;
        };
        let before = std::mem::replace(&mut self.positions[at], position);
        let does = &self.learned.value.maps[at].does;
        match MapAction::of(does, profile).map(|action| action.command(before, position)) {
            Ok(None) => Means::Nothing,
            Ok(Some(command)) => Means::Does(command),
            Err(error) => {
                // A parameter of another instrument: this one does not have it.
                tracing::debug!("{mover} has no effect: {error}");
                Means::Nothing
            }
        }
    }
}
