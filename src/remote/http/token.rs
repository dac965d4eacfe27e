//! The token: it lets clients in from other machines. Pure, but for the random numbers and the file it is kept in.

use crate::files::{Readers, open_plain, replace};
use std::{
    fmt::Write, fs::OpenOptions, io, io::Read, ops::RangeInclusive, os::unix::fs::PermissionsExt, path::Path, sync::Arc,
};
use subtle::ConstantTimeEq;

/// Random bytes of a token.
const BYTES: usize = 16;
/// Characters of one that is kept: the user may have written it.
const KEPT_CHARS: RangeInclusive<usize> = 2 * BYTES..=128;

/// A secret, as text. It is never shown by accident: it has no `Debug`.
#[derive(Clone)]
pub(super) struct Token {
    text: Arc<str>,
    is_kept: bool,
}

impl Token {
    /// A new one, from the system's random numbers.
    pub(super) fn new() -> io::Result<Token> {
        let mut bytes = [0; BYTES];
        getrandom::fill(&mut bytes)?;
        let text = bytes.iter().fold(String::with_capacity(2 * BYTES), |mut text, byte| {
            // Writing to a text does not fail.
            let _ = write!(text, "{byte:02x}");
            text
        });
        Ok(Token { text: text.into(), is_kept: false })
    }

    /// The one of this file; where there is none, a new one that is kept there.
    ///
    /// # Errors
    /// The file cannot be read or written, others may read it, or its content is no token.
    pub(super) fn kept(path: &Path) -> io::Result<Token> {
        let refused = |why: &str| {
            let at = path.display();
            io::Error::new(io::ErrorKind::InvalidData, format!("{at} {why}; a new token is used instead"))
        };
        let mut file = match open_plain(OpenOptions::new().read(true), path, true) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let token = Token { is_kept: true, ..Token::new()? };
                replace(path, format!("{}\n", token.text).as_bytes(), Readers::Owner)?;
                return Ok(token);
            }
            Err(error) => return Err(refused(&format!("cannot be read ({error})"))),
        };
        if file.metadata()?.permissions().mode() & 0o077 != 0 {
            return Err(refused("can be read by other users: allowed is mode 0600"));
        }
        let mut text = String::new();
        (&mut file).take(*KEPT_CHARS.end() as u64 + 2).read_to_string(&mut text)?;
        let text = text.trim();
        let may = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if !KEPT_CHARS.contains(&text.len()) || !text.bytes().all(may) {
            return Err(refused("contains no token: allowed are 32 to 128 letters, digits, - and _"));
        }
        Ok(Token { text: text.into(), is_kept: true })
    }

    /// Whether it is valid at the next start, too.
    pub(super) fn is_kept(&self) -> bool {
        self.is_kept
    }

    /// Its text.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Whether this is it. The time it takes does not show how much of it is right.
    pub(super) fn is(&self, shown: &str) -> bool {
        self.text.as_bytes().ct_eq(shown.as_bytes()).into()
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
    fn a_token_that_is_kept_is_the_same_at_every_start_and_its_owners_alone() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("state/http-token");
        let token = Token::kept(&path).unwrap();
        assert!(token.is_kept() && token.text().len() == 2 * BYTES);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(Token::kept(&path).unwrap().is(token.text()));
        // One that the user wrote is one, too.
        std::fs::write(&path, "A-token_of_the_owner_0123456789ab").unwrap();
        assert!(Token::kept(&path).unwrap().is("A-token_of_the_owner_0123456789ab"));
    }

    #[test]
    fn a_kept_token_that_others_may_know_or_guess_is_refused_and_stays() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("http-token");
        let refused = |text: &str, mode: u32| {
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            let why = Token::kept(&path).err().map(|error| error.to_string());
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
            why
        };
        let good = "0123456789abcdef0123456789abcdef";
        assert_eq!(refused(good, 0o600), None);
        for (text, mode) in [(good, 0o644), (good, 0o660), ("", 0o600), ("short", 0o600), (&good.repeat(5), 0o600)] {
            let why = refused(text, mode).unwrap();
            assert!(why.contains("http-token") && why.contains("allowed"), "{why}");
        }
        assert!(refused("0123456789abcdef 0123456789abcdef", 0o600).is_some());
        assert!(refused("0123456789abcdef;0123456789abcdef", 0o600).is_some());
    }

    #[test]
    fn a_cookie_is_found_among_others() {
        assert_eq!(cookie("a=1; busker=x=y; c=3", "busker"), Some("x=y"));
        assert_eq!(cookie("notbusker=1; buskers=2; busker", "busker"), None);
        assert_eq!(cookie("", "busker"), None);
    }
}
