//! The `:` line: its text, its cursor and its history. Pure.

pub mod complete;

use complete::{Candidate, Completion};

/// Maximum lines in the history.
const HISTORY: usize = 100;
/// Maximum length of a line, in characters.
const CHARS_MAX: usize = 500;

/// A line being typed.
#[derive(Clone, Debug, Default)]
pub struct CommandLine {
    text: Vec<char>,
    /// In characters, 0..=`text.len()`.
    cursor: usize,
    history: Vec<String>,
    /// The line of the history that is shown; `None` for the new line.
    older: Option<usize>,
    /// The new line, while one of the history is shown.
    draft: String,
    /// Completions selected with Tab.
    walk: Option<Walk>,
}

/// Completions of one word, and which of them is in the line.
#[derive(Clone, Debug)]
struct Walk {
    completion: Completion,
    chosen: Option<usize>,
}

impl CommandLine {
    /// The text.
    pub fn text(&self) -> String {
        self.text.iter().collect()
    }

    /// The text before the cursor.
    pub fn before_cursor(&self) -> String {
        self.text[..self.cursor].iter().collect()
    }

    /// Starts a new line with this text.
    pub fn open(&mut self, text: &str) {
        self.older = None;
        self.set(text);
    }

    /// Takes the text to run it: it goes to the history, and the line is empty again.
    pub fn take(&mut self) -> String {
        let text = self.text().trim().to_owned();
        if !text.is_empty() && self.history.last() != Some(&text) {
            self.history.push(text.clone());
            if self.history.len() > HISTORY {
                self.history.remove(0);
            }
        }
        self.open("");
        text
    }

    /// Inserts text at the cursor.
    pub fn insert(&mut self, text: &str) {
        self.walk = None;
        for c in text.chars().filter(|c| !c.is_control()) {
            if self.text.len() < CHARS_MAX {
                self.text.insert(self.cursor, c);
                self.cursor += 1;
            }
        }
    }

    /// Moves the cursor by characters.
    pub fn move_by(&mut self, by: isize) {
        self.walk = None;
        self.cursor = self.cursor.saturating_add_signed(by).min(self.text.len());
    }

    /// Deletes from an index to the cursor.
    fn erase_from(&mut self, start: usize) {
        self.walk = None;
        self.text.drain(start..self.cursor);
        self.cursor = start;
    }

    /// Deletes the character to the left.
    pub fn erase_left(&mut self) {
        self.erase_from(self.cursor.saturating_sub(1));
    }

    /// Deletes the character at the cursor.
    pub fn erase_right(&mut self) {
        self.walk = None;
        if self.cursor < self.text.len() {
            self.text.remove(self.cursor);
        }
    }

    /// Deletes the word to the left.
    pub fn erase_word(&mut self) {
        let before = &self.text[..self.cursor];
        let word_end = before.iter().rposition(|c| !c.is_whitespace()).map_or(0, |at| at + 1);
        let start = before[..word_end].iter().rposition(|c| c.is_whitespace()).map_or(0, |at| at + 1);
        self.erase_from(start);
    }

    /// Deletes everything to the left.
    pub fn erase_all(&mut self) {
        self.erase_from(0);
    }

    /// Goes to the previous line of the history.
    pub fn older(&mut self) {
        let to = match self.older {
            None if self.history.is_empty() => return,
            None => {
                self.draft = self.text();
                self.history.len() - 1
            }
            Some(at) => at.saturating_sub(1),
        };
        self.recall(Some(to));
    }

    /// Goes to the next line of the history; after the newest comes the new line.
    pub fn newer(&mut self) {
        if let Some(at) = self.older {
            self.recall(Some(at + 1).filter(|at| *at < self.history.len()));
        }
    }

    fn recall(&mut self, at: Option<usize>) {
        let text = at.and_then(|at| self.history.get(at)).unwrap_or(&self.draft).clone();
        self.older = at;
        self.set(&text);
    }

    fn set(&mut self, text: &str) {
        self.walk = None;
        self.text = text.chars().collect();
        self.cursor = self.text.len();
    }

    /// Tab: inserts the common beginning of all completions; if that adds nothing, the next completion (or the
    /// previous).
    pub fn complete(&mut self, found: Completion, forward: bool) {
        if let Some(walk) = &mut self.walk {
            let count = walk.completion.candidates.len();
            let at = match walk.chosen {
                None if forward => 0,
                None => count - 1,
                Some(at) if forward => (at + 1) % count,
                Some(at) => (at + count - 1) % count,
            };
            walk.chosen = Some(at);
            let (start, word) = (walk.completion.start, walk.completion.candidates[at].word.clone());
            self.replace_from(start, &word);
            return;
        }
        match found.candidates.as_slice() {
            [] => {}
            [only] => {
                let word = if only.more { format!("{} ", only.word) } else { only.word.clone() };
                self.replace_from(found.start, &word);
            }
            several => {
                let shared = complete::shared_beginning(several);
                let written: String = self.text[found.start..self.cursor].iter().collect();
                let longer = shared.len() > written.len();
                if longer {
                    self.replace_from(found.start, &shared);
                }
                self.walk = Some(Walk { completion: found, chosen: None });
                if !longer {
                    self.complete(Completion::default(), forward);
                }
            }
        }
    }

    fn replace_from(&mut self, start: usize, word: &str) {
        let rest = self.text.split_off(self.cursor);
        self.text.truncate(start);
        self.text.extend(word.chars());
        self.cursor = self.text.len();
        self.text.extend(rest);
    }

    /// The completions selected with Tab, and which of them is in the line.
    pub fn walked(&self) -> Option<(&[Candidate], Option<usize>)> {
        self.walk.as_ref().map(|walk| (walk.completion.candidates.as_slice(), walk.chosen))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn editing_keeps_the_cursor_at_the_expected_place() {
        let mut line = CommandLine::default();
        line.insert("clock.bpm 120");
        line.move_by(-3);
        line.insert("1");
        assert_eq!(line.text(), "clock.bpm 1120");
        line.erase_right();
        line.erase_left();
        assert_eq!(line.text(), "clock.bpm 20");
        line.erase_word();
        assert_eq!(line.text(), "20");
        line.move_by(isize::MAX);
        line.move_by(1);
        line.erase_all();
        line.erase_left();
        line.erase_right();
        line.erase_word();
        assert_eq!((line.text().as_str(), line.cursor), ("", 0));
    }

    #[test]
    fn the_history_gives_back_the_new_line() {
        let mut line = CommandLine::default();
        line.older();
        for done in ["one", "two", "two"] {
            line.open(done);
            assert_eq!(line.take(), done);
        }
        line.insert("three");
        line.older();
        assert_eq!(line.text(), "two");
        line.older();
        line.older();
        assert_eq!(line.text(), "one");
        line.newer();
        line.newer();
        assert_eq!(line.text(), "three");
    }
}
