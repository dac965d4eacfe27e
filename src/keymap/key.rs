//! Names of keys as users write them: `space`, `ctrl-r`, `shift-up`, `:`. Pure; independent of the terminal.

use std::{fmt, str::FromStr};

/// A key without its modifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    /// A key that writes this character; shift is already in it.
    Char(char),
    /// Cursor up.
    Up,
    /// Cursor down.
    Down,
    /// Cursor left.
    Left,
    /// Cursor right.
    Right,
    /// To the beginning.
    Home,
    /// To the end.
    End,
    /// A page up.
    PageUp,
    /// A page down.
    PageDown,
    /// Tabulator.
    Tab,
    /// Return.
    Enter,
    /// Escape.
    Esc,
    /// Delete to the left.
    Backspace,
    /// Delete to the right.
    Delete,
    /// Insert.
    Insert,
    /// A function key, 1..=12.
    F(u8),
}

/// A key with its modifiers, in its one spelling: a character never carries shift, and with ctrl it is lower case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    code: Code,
    ctrl: bool,
    alt: bool,
    shift: bool,
}

/// An event of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// It was pressed, or the terminal repeats it without saying so.
    Press,
    /// It is still down.
    Repeat,
    /// It was released; few terminals report this.
    Release,
}

/// A key and its event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stroke {
    /// Which.
    pub key: Key,
    /// The event.
    pub phase: Phase,
}

impl Key {
    /// A key in its one spelling.
    pub fn new(code: Code, ctrl: bool, alt: bool, shift: bool) -> Key {
        match code {
            Code::Char(c) if ctrl => Key { code: Code::Char(lower(c)), ctrl, alt, shift: false },
            Code::Char(_) => Key { code, ctrl, alt, shift: false },
            _ => Key { code, ctrl, alt, shift },
        }
    }

    /// A key alone.
    pub fn plain(code: Code) -> Key {
        Key::new(code, false, false, false)
    }

    /// The same key, with Alt held.
    pub fn with_alt(self) -> Key {
        Key { alt: true, ..self }
    }

    /// The key without modifiers.
    pub fn code(self) -> Code {
        self.code
    }

    /// The character it types, if it types one.
    pub fn char(self) -> Option<char> {
        match self.code {
            Code::Char(c) if !self.ctrl && !self.alt => Some(c),
            _ => None,
        }
    }

    /// The same key without caps lock and shift, if it is a letter.
    pub fn lower(self) -> Key {
        match self.code {
            Code::Char(c) => Key { code: Code::Char(lower(c)), ..self },
            _ => self,
        }
    }

    /// Its short form in the key bar: `^R` for ctrl, arrows as arrows.
    pub fn sign(self) -> String {
        let name = match self.code {
            Code::Char(' ') => "Space".to_owned(),
            Code::Char(c) if self.ctrl => c.to_uppercase().collect(),
            Code::Char(c) => c.to_string(),
            Code::Up => "↑".to_owned(),
            Code::Down => "↓".to_owned(),
            Code::Left => "←".to_owned(),
            Code::Right => "→".to_owned(),
            Code::PageUp => "PgUp".to_owned(),
            Code::PageDown => "PgDn".to_owned(),
            Code::Backspace => "Bksp".to_owned(),
            Code::Delete => "Del".to_owned(),
            Code::Insert => "Ins".to_owned(),
            Code::Home | Code::End | Code::Tab | Code::Enter | Code::Esc => format!("{:?}", self.code),
            Code::F(n) => format!("F{n}"),
        };
        let ctrl = if self.ctrl { "^" } else { "" };
        let alt = if self.alt { "Alt-" } else { "" };
        let shift = if self.shift { "⇧" } else { "" };
        format!("{ctrl}{alt}{shift}{name}")
    }
}

fn lower(c: char) -> char {
    let mut lower = c.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(only), None) => only,
        _ => c,
    }
}

/// Names of the keys that type no printable character.
const NAMES: [(&str, Code); 15] = [
    ("space", Code::Char(' ')),
    ("up", Code::Up),
    ("down", Code::Down),
    ("left", Code::Left),
    ("right", Code::Right),
    ("home", Code::Home),
    ("end", Code::End),
    ("pageup", Code::PageUp),
    ("pagedown", Code::PageDown),
    ("tab", Code::Tab),
    ("enter", Code::Enter),
    ("esc", Code::Esc),
    ("backspace", Code::Backspace),
    ("delete", Code::Delete),
    ("insert", Code::Insert),
];

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (held, name) in [(self.ctrl, "ctrl-"), (self.alt, "alt-"), (self.shift, "shift-")] {
            if held {
                f.write_str(name)?;
            }
        }
        match (NAMES.iter().find(|(_, code)| *code == self.code), self.code) {
            (Some((name, _)), _) => f.write_str(name),
            (None, Code::Char(c)) => write!(f, "{c}"),
            (None, Code::F(n)) => write!(f, "f{n}"),
            (None, _) => Ok(()),
        }
    }
}

/// Why a text names no key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a key; keys are written like a, space, f1, ctrl-r or shift-up")]
pub struct NotAKey(String);

impl FromStr for Key {
    type Err = NotAKey;

    fn from_str(text: &str) -> Result<Key, NotAKey> {
        let mut rest = text;
        let (mut ctrl, mut alt, mut shift) = (false, false, false);
        loop {
            let (held, name) = match rest {
                _ if rest.starts_with("ctrl-") => (&mut ctrl, "ctrl-"),
                _ if rest.starts_with("alt-") => (&mut alt, "alt-"),
                _ if rest.starts_with("shift-") => (&mut shift, "shift-"),
                _ => break,
            };
            *held = true;
            rest = &rest[name.len()..];
        }
        let wrong = || NotAKey(text.to_owned());
        let named = NAMES.iter().find(|(name, _)| *name == rest).map(|(_, code)| *code);
        let function = || {
            let number = rest.strip_prefix('f')?.parse().ok()?;
            (1..=12).contains(&number).then_some(Code::F(number))
        };
        let character = || {
            let mut chars = rest.chars();
            chars.next().filter(|c| !c.is_whitespace() && chars.next().is_none()).map(Code::Char)
        };
        let code = named.or_else(function).or_else(character).ok_or_else(wrong)?;
        Ok(Key::new(code, ctrl, alt, shift))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_of_every_key_reads_back() {
        let codes = NAMES.iter().map(|(_, code)| *code).chain("aZ0-:?é".chars().map(Code::Char));
        for code in codes.chain((1..=12).map(Code::F)) {
            for held in 0..8 {
                let key = Key::new(code, held & 1 > 0, held & 2 > 0, held & 4 > 0);
                assert_eq!(key.to_string().parse(), Ok(key), "{key:?}");
            }
        }
    }

    #[test]
    fn a_text_that_names_no_key_is_refused() {
        for bad in ["", "ctrl-", "spce", "f13", "hyper-a", "\t"] {
            assert!(bad.parse::<Key>().is_err(), "{bad}");
        }
    }
}
