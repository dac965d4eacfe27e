//! The message line: messages of the engine, newest first; errors stay until the user has seen them. Pure.

use crate::status::Severity;
use std::collections::VecDeque;

/// Maximum messages that are kept, for taller windows.
const KEPT: usize = 50;

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScreenMessage {
    /// Its severity.
    pub severity: Severity,
    /// Its text.
    pub text: String,
}

/// The messages, and the one on the line.
#[derive(Clone, Debug, Default)]
pub struct Messages {
    log: VecDeque<ScreenMessage>,
    shown: Option<ScreenMessage>,
    waiting: Vec<ScreenMessage>,
}

impl Messages {
    /// Adds a message of the engine or the screen.
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

    /// Adds the messages of the start: the most serious is shown, the others wait; equal ones in order.
    pub fn begin(&mut self, mut found: Vec<ScreenMessage>) {
        self.log.extend(found.iter().rev().cloned());
        self.log.truncate(KEPT);
        // The last of the most serious that waits is the next.
        found.reverse();
        found.truncate(KEPT);
        self.waiting.append(&mut found);
        self.shown = self.next();
    }

    /// A key was pressed: the error on the line counts as seen, and the most serious waiting message (of equals the
    /// newest) replaces it. Errors and warnings wait for their turn.
    pub fn seen(&mut self) {
        if self.stands() {
            self.shown = self.next();
        }
    }

    /// Whether the message on the line stays until it is seen.
    fn stands(&self) -> bool {
        !self.waiting.is_empty() || self.shown.as_ref().is_some_and(|shown| shown.severity == Severity::Error)
    }

    fn next(&mut self) -> Option<ScreenMessage> {
        let (most, _) = self.waiting.iter().enumerate().max_by_key(|(at, message)| (message.severity, *at))?;
        let next = self.waiting.remove(most);
        self.waiting.retain(|message| message.severity != Severity::Info);
        Some(next)
    }

    /// The message on the line.
    pub fn shown(&self) -> Option<&ScreenMessage> {
        self.shown.as_ref()
    }

    /// The number of messages that wait behind an error.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// All messages, newest first.
    pub fn log(&self) -> impl Iterator<Item = &ScreenMessage> {
        self.log.iter()
    }

    /// The number of messages that are kept.
    pub fn len(&self) -> usize {
        self.log.len()
    }

    /// Whether there are no messages.
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
    fn the_newest_is_shown_and_an_error_stays_until_it_is_seen() {
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
    fn all_messages_of_the_start_are_shown_the_most_serious_first() {
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
    fn a_limited_number_is_kept() {
        let mut messages = Messages::default();
        messages.say(Severity::Error, "first");
        for n in 0..500 {
            messages.say(Severity::Info, n.to_string());
        }
        assert_eq!((messages.len(), messages.waiting()), (KEPT, KEPT));
    }
}
