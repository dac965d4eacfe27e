//! What a refusal says beside its reason: the wrong value, what there is instead, what was probably meant. Pure.

/// So many letters may be wrong in a name that is recognised.
const WRONG_MAX: usize = 3;

/// Longest piece of a wrong value that is repeated in a message, in characters.
const SHOWN_CHARS_MAX: usize = 40;

/// A wrong value as a message repeats it: short, and without control characters.
pub fn shown(value: &str) -> String {
    let mut shown: String = value.chars().take(SHOWN_CHARS_MAX).collect();
    shown = shown.replace(char::is_control, "\u{fffd}");
    if value.chars().nth(SHOWN_CHARS_MAX).is_some() {
        shown.push('…');
    }
    shown
}

/// What there is, as a sentence goes on with it.
pub fn there_is<S: AsRef<str>>(names: &[S]) -> String {
    match names {
        [] => "there is none yet".to_owned(),
        [only] => format!("there is only {}", only.as_ref()),
        names => format!("there are {}", names.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(", ")),
    }
}

/// The name that was probably meant: one that has what was asked as a word or a word's beginning, the shortest first, or
/// else one that is written almost so.
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
    fn one_is_not_several() {
        assert_eq!(there_is::<&str>(&[]), "there is none yet");
        assert_eq!(there_is(&["volca"]), "there is only volca");
        assert_eq!(there_is(&["a", "b"]), "there are a, b");
    }

    #[test]
    fn a_word_of_a_name_means_it_and_so_does_a_slip() {
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
