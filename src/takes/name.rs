//! Names of takes. Pure.

/// Maximum length of a file name, in characters.
const NAME_CHARS: usize = 100;
/// The same in bytes: the limit of file systems, less an extension and a number.
const NAME_BYTES: usize = 200;

/// A safe file name: no folder, not hidden, without characters that file systems or shells reject. Empty if nothing is
/// left.
pub fn safe_name(name: &str) -> String {
    let ending = name.len().checked_sub(4).and_then(|at| name.get(at..));
    let is_wav = ending.is_some_and(|ending| ending.eq_ignore_ascii_case(".wav"));
    let name = if is_wav { name.get(..name.len() - 4).unwrap_or(name) } else { name };
    let plain = |c: char| if c.is_control() || "/\\:*?\"<>|".contains(c) { '_' } else { c };
    let name: String = name.trim().trim_start_matches('.').chars().map(plain).take(NAME_CHARS).collect();
    name.get(..name.floor_char_boundary(NAME_BYTES)).unwrap_or_default().trim().to_owned()
}

/// A name without the quotes around it: names of takes contain none.
pub fn unquoted(name: &str) -> &str {
    name.strip_prefix('"').and_then(|name| name.strip_suffix('"')).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_lead_out_of_the_folder() {
        for (asked, made) in [
            ("jam", "jam"),
            ("jam.wav", "jam"),
            ("NEW.WAV", "NEW"),
            (".wav", ""),
            ("音.Wav", "音"),
            ("../../etc/passwd", "_.._etc_passwd"),
            ("/abs", "_abs"),
            ("...", ""),
            ("a\u{7}b", "a_b"),
            ("My long jam", "My long jam"),
        ] {
            assert_eq!(safe_name(asked), made);
        }
        assert_eq!(safe_name(&"x".repeat(500)).chars().count(), NAME_CHARS);
    }

    #[test]
    fn a_name_may_be_in_quotes() {
        let names = [("\"new name\"", "new name"), ("new name", "new name"), ("\"half", "\"half"), ("\"", "\"")];
        for (asked, meant) in names {
            assert_eq!(unquoted(asked), meant);
        }
    }

    #[test]
    fn a_name_fits_every_file_system() {
        assert_eq!(safe_name(&"音".repeat(500)).len(), 198);
    }
}
