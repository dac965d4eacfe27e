//! MIDI learn: controllers and notes of other devices turn knobs and give commands.

use super::{Control, Moment, notice_of};
use crate::{
    command::Command,
    engine::station::Guest,
    learned::{Deed, Learned, Mover},
    midi::Message,
    status::{Event, Severity},
    stored::Stored,
};

/// What was learned, and what is being learned.
#[derive(Default)]
pub(super) struct Learn {
    learned: Stored<Learned>,
    /// What the next thing that moves is tied to.
    learning: Option<String>,
    /// Where each tie's control stood last, 0 to 1, in the order of the ties.
    positions: Vec<f64>,
}

impl Learn {
    pub(super) fn new(learned: Stored<Learned>) -> Learn {
        Learn { positions: vec![0.0; learned.value.ties.len()], learned, learning: None }
    }

    /// What was learned, and its file.
    pub(super) fn stored(&self) -> &Stored<Learned> {
        &self.learned
    }

    /// Others changed what was learned.
    pub(super) fn replace(&mut self, learned: Learned) {
        self.positions = vec![0.0; learned.ties.len()];
        self.learned.value = learned;
    }

    /// What is being learned.
    pub(super) fn learning(&self) -> Option<&String> {
        self.learning.as_ref()
    }
}

impl Control {
    /// The next thing that moves shall do this.
    pub(super) fn learn(&mut self, what: &str) -> Result<String, String> {
        let what = what.trim().to_owned();
        Deed::of(&what, &self.instrument().profile).map_err(|error| format!("learn {what}: {error}"))?;
        if !self.ports.hears() {
            return Err("no port is heard: name a keyboard or a controller in midi.ports of the settings".into());
        }
        let sentence = format!("move a controller or play a note: it will do '{what}'; learn.cancel ends this");
        self.learn.learning = Some(what);
        Ok(sentence)
    }

    pub(super) fn learn_cancel(&mut self) -> Result<String, String> {
        match self.learn.learning.take() {
            Some(what) => Ok(format!("nothing was tied to '{what}'")),
            None => Err("nothing is being learned".to_owned()),
        }
    }

    pub(super) fn learn_forget(&mut self, what: &str) -> Result<String, String> {
        let what = what.trim();
        if !self.learn.learned.value.forget(what) {
            return Err(format!("nothing is tied to '{what}'"));
        }
        self.learn.positions = vec![0.0; self.learn.learned.value.ties.len()];
        self.keep_learned();
        Ok(format!("nothing is tied to '{what}' any more"))
    }

    /// A message came in at a port. True where it was learned or did what was learned, and means nothing else.
    pub(super) fn moved(&mut self, port: &str, message: &Message, now: Moment) -> bool {
        let Some((mover, position)) = Mover::of(port, message) else { return false };
        let is_begun = position > 0.0 || message.note().is_none();
        if let Some(does) = self.learn.learning.take_if(|_| is_begun) {
            let by = mover.to_string();
            self.learn.learned.value.learn(mover, does.clone());
            self.learn.positions = vec![0.0; self.learn.learned.value.ties.len()];
            if let Some(last) = self.learn.positions.last_mut() {
                *last = position;
            }
            self.keep_learned();
            self.tell(Event::Learned { by, does });
            return true;
        }
        let Some(at) = self.learn.learned.value.ties.iter().position(|tie| tie.by == mover) else { return false };
        let before = std::mem::replace(&mut self.learn.positions[at], position);
        let does = &self.learn.learned.value.ties[at].does;
        match Deed::of(does, &self.instrument().profile).map(|deed| deed.command(before, position)) {
            Ok(None) => {}
            Ok(Some(command)) => self.obey_learned(&command, now),
            // A knob of another instrument: this one does not have it.
            Err(error) => tracing::debug!("{mover} does nothing: {error}"),
        }
        true
    }

    fn obey_learned(&mut self, command: &Command, now: Moment) {
        let answer = self.obey(command, Guest::NOBODY, now).now();
        if let Some((severity @ (Severity::Warning | Severity::Error), text)) = notice_of(&answer) {
            self.desk.notice(severity, text);
        }
    }
}
