//! The token: what proves that somebody may come in from another machine. Pure, but for the random numbers.

use std::{fmt::Write, io, sync::Arc};
use subtle::ConstantTimeEq;

/// Random bytes of a token.
const BYTES: usize = 16;

/// A secret, as it is written. It is never shown by accident: it has no `Debug`.
#[derive(Clone)]
pub(super) struct Token(Arc<str>);

impl Token {
    /// A new one, of the system's random numbers.
    pub(super) fn new() -> io::Result<Token> {
        let mut bytes = [0; BYTES];
        getrandom::fill(&mut bytes)?;
        let text = bytes.iter().fold(String::with_capacity(2 * BYTES), |mut text, byte| {
            // Writing to a text does not fail.
            let _ = write!(text, "{byte:02x}");
            text
        });
        Ok(Token(text.into()))
    }

    /// As it is written.
    pub(super) fn text(&self) -> &str {
        &self.0
    }

    /// Whether this is it. How long that takes tells nothing of how much of it is right.
    pub(super) fn is(&self, shown: &str) -> bool {
        self.0.as_bytes().ct_eq(shown.as_bytes()).into()
    }
}

/// The value of a cookie in the header of that name.
pub(super) fn cookie<'a>(header: &'a str, name: &str) -> Option<&'a str> {
    header
        .split(';')
        .find_map(|cookie| cookie.trim().split_once('=').filter(|(known, _)| *known == name))
        .map(|it| it.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_itself_and_no_other() {
        let (token, other) = (Token::new().unwrap(), Token::new().unwrap());
        assert_eq!(token.text().len(), 2 * BYTES);
        assert!(token.is(token.text()));
        for wrong in [other.text(), "", &token.text()[1..], &format!("{}0", token.text()), &token.text().to_uppercase()]
        {
            assert!(!token.is(wrong) || wrong == token.text(), "{wrong}");
        }
    }

    #[test]
    fn a_cookie_is_found_among_others() {
        assert_eq!(cookie("a=1; busker=x=y; c=3", "busker"), Some("x=y"));
        assert_eq!(cookie("notbusker=1; buskers=2; busker", "busker"), None);
        assert_eq!(cookie("", "busker"), None);
    }
}
