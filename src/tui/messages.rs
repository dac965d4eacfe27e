//! The message line: what the engine said, newest first, with errors staying until they were seen. Pure.

use crate::status::Severity;
use std::collections::VecDeque;

/// Sentences kept for the taller windows.
const KEPT: usize = 50;

/// One sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScreenMessage {
    /// How much it matters.
    pub severity: Severity,
    /// The sentence.
    pub text: String,
}

/// What was said, and what of it stands on the line.
#[derive(Clone, Debug, Default)]
pub struct Messages {
    log: VecDeque<ScreenMessage>,
    shown: Option<ScreenMessage>,
    waiting: Vec<ScreenMessage>,
}

impl Messages {
    /// The engine, or the screen itself, says something.
    pub fn say(&mut self, severity: Severity, text: impl Into<String>) {
        let message = ScreenMessage { severity, text: text.into() };
        self.log.push_front(message.clone());
        self.log.truncate(KEPT);
        if self.stands() && severity != Severity::Error {
            self.waiting.push(message);
            if self.waiting.len() > KEPT {
                self.waiting.remove(0);
            }
        } else {
            self.shown = Some(message);
        }
    }

    /// What was found at the start: the most serious stands, the others wait behind it, of equals the first first.
    pub fn begin(&mut self, mut found: Vec<ScreenMessage>) {
        self.log.extend(found.iter().rev().cloned());
        self.log.truncate(KEPT);
        // The last of the most serious that waits is the next.
        found.reverse();
        found.truncate(KEPT);
        self.waiting.append(&mut found);
        self.shown = self.next();
    }

    /// A key was pressed: an error that stood has been seen, and the most serious that waited (of equals the newest)
    /// takes its place. Errors and warnings go on waiting for their turn.
    pub fn seen(&mut self) {
        if self.stands() {
            self.shown = self.next();
        }
    }

    /// Whether what is on the line stays there until it was seen.
    fn stands(&self) -> bool {
        !self.waiting.is_empty() || self.shown.as_ref().is_some_and(|shown| shown.severity == Severity::Error)
    }

    fn next(&mut self) -> Option<ScreenMessage> {
        let (most, _) = self.waiting.iter().enumerate().max_by_key(|(at, message)| (message.severity, *at))?;
        let next = self.waiting.remove(most);
        self.waiting.retain(|message| message.severity != Severity::Info);
        Some(next)
    }

    /// What stands on the line.
    pub fn shown(&self) -> Option<&ScreenMessage> {
        self.shown.as_ref()
    }

    /// How many wait behind an error.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Everything said, newest first.
    pub fn log(&self) -> impl Iterator<Item = &ScreenMessage> {
        self.log.iter()
    }

    /// How many sentences are kept.
    pub fn len(&self) -> usize {
        self.log.len()
    }

    /// Whether nothing was said yet.
    pub fn is_empty(&self) -> bool {
        self.log.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(messages: &Messages) -> Option<&str> {
        messages.shown().map(|message| message.text.as_str())
    }

    #[test]
    fn the_newest_stands_and_an_error_stays_until_it_was_seen() {
        let mut messages = Messages::default();
        messages.say(Severity::Info, "one");
        messages.say(Severity::Warning, "two");
        assert_eq!(shown(&messages), Some("two"));
        messages.say(Severity::Error, "broken");
        messages.say(Severity::Warning, "careful");
        messages.say(Severity::Info, "by the way");
        assert_eq!((shown(&messages), messages.waiting()), (Some("broken"), 2));
        messages.say(Severity::Error, "broken again");
        assert_eq!(shown(&messages), Some("broken again"));
        messages.seen();
        assert_eq!((shown(&messages), messages.waiting()), (Some("careful"), 0));
        messages.seen();
        assert_eq!(shown(&messages), Some("careful"), "only errors go away by being seen");
    }

    #[test]
    fn everything_found_at_the_start_has_its_turn_the_most_serious_first() {
        let mut messages = Messages::default();
        let found = [
            (Severity::Warning, "one"),
            (Severity::Info, "on a card"),
            (Severity::Warning, "two"),
            (Severity::Error, "three"),
        ];
        messages.begin(found.map(|(severity, text)| ScreenMessage { severity, text: text.to_owned() }).into());
        assert_eq!((shown(&messages), messages.waiting()), (Some("three"), 2));
        messages.say(Severity::Info, "something happens");
        messages.seen();
        assert_eq!((shown(&messages), messages.waiting()), (Some("one"), 1));
        messages.seen();
        assert_eq!((shown(&messages), messages.waiting()), (Some("two"), 0));
        messages.say(Severity::Info, "something happens");
        assert_eq!(shown(&messages), Some("something happens"));
    }

    #[test]
    fn only_so_much_is_kept() {
        let mut messages = Messages::default();
        messages.say(Severity::Error, "first");
        for n in 0..500 {
            messages.say(Severity::Info, n.to_string());
        }
        assert_eq!((messages.len(), messages.waiting()), (KEPT, KEPT));
    }
}
