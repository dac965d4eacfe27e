//! Parts of an error message besides its reason: the wrong value, the allowed ones, and the one probably meant. Pure.

/// Maximum wrong letters in a name that is still recognised.
const WRONG_MAX: usize = 3;

/// Maximum length of a wrong value in a message, in characters.
const SHOWN_CHARS_MAX: usize = 40;

/// A wrong value for a message: shortened, and without control characters.
pub fn shown(value: &str) -> String {
    let mut shown: String = value.chars().take(SHOWN_CHARS_MAX).collect();
    shown = shown.replace(char::is_control, "\u{fffd}");
    if value.chars().nth(SHOWN_CHARS_MAX).is_some() {
        shown.push('…');
    }
    shown
}

/// A list of the available names, as the end of a sentence.
pub fn there_is<S: AsRef<str>>(names: &[S]) -> String {
    match names {
        [] => "there is none yet".to_owned(),
        [only] => format!("there is only {}", only.as_ref()),
        names => format!("there are {}", names.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(", ")),
    }
}

/// The name that was probably meant: the shortest one that has the text as a word or as the beginning of a word, else
/// one with few different letters.
pub fn nearest<'n>(asked: &str, names: impl Iterator<Item = &'n str> + Clone) -> Option<&'n str> {
    let asked = asked.to_lowercase();
    let begins = |name: &&str| name.split(['_', '.', ' ', '-']).any(|word| word.to_lowercase().starts_with(&asked));
    let of_words = names.clone().filter(|name| !asked.is_empty() && begins(name)).min_by_key(|name| name.len());
    let distance = |name: &str| strsim::damerau_levenshtein(&name.to_lowercase(), &asked);
    let is_close = |name: &&str| distance(name) <= WRONG_MAX.min(name.len() / 2);
    of_words.or_else(|| names.filter(is_close).min_by_key(|name| distance(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_one_name_is_singular() {
        assert_eq!(there_is::<&str>(&[]), "there is none yet");
        assert_eq!(there_is(&["volca"]), "there is only volca");
        assert_eq!(there_is(&["a", "b"]), "there are a, b");
    }

    #[test]
    fn a_name_is_recognised_by_one_of_its_words_or_with_a_wrong_letter() {
        let names = ["filter_cutoff", "filter_sweep_rate", "osc_type", "lfo_rate"];
        let meant = |asked| nearest(asked, names.into_iter());
        assert_eq!(meant("cutoff"), Some("filter_cutoff"));
        assert_eq!(meant("Cut"), Some("filter_cutoff"));
        assert_eq!(meant("rate"), Some("lfo_rate"));
        assert_eq!(meant("filter_cutof"), Some("filter_cutoff"));
        assert_eq!(meant("osc_tpye"), Some("osc_type"));
        assert_eq!((meant("xyzzy"), meant("")), (None, None));
    }
}
