//! The meanings of a parameter's values in a table: `0: Square; 1-63: Saw; 64~127: Morph`. Pure.

use super::super::param::{plain, read_position};
use super::naming;

/// A value or a range of values with one meaning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Meaning {
    pub(super) lo: u16,
    pub(super) hi: u16,
    pub(super) label: String,
}

impl Meaning {
    /// The value that is sent: the middle of the range, which also tolerates a synth that sends a value near it.
    pub(super) fn value(&self) -> u16 {
        self.lo.midpoint(self.hi)
    }
}

/// The meanings, if the parameter has no other values. Empty if the table gives none.
///
/// # Errors
/// Why the parameter cannot be stepped by them.
pub(super) fn read(usage: &str, (lo, hi): (u16, u16)) -> Result<Vec<Meaning>, String> {
    let mut meanings: Vec<Meaning> = Vec::new();
    for part in usage.split([';', '\n', '\r']).map(str::trim).filter(|part| !part.is_empty()) {
        let meaning = read_part(part)?;
        let shown = naming::shown(part);
        if meaning.lo < lo || meaning.hi > hi || meaning.lo > meaning.hi {
            return Err(format!("'{shown}' does not fit, allowed {lo} to {hi}"));
        }
        if naming::is_cut(&meaning.label) {
            return Err(format!("'{shown}' is too long for a label"));
        }
        if plain(&meaning.label).is_empty() {
            return Err(format!("'{shown}' cannot be typed, allowed letters and digits too"));
        }
        if read_position(&meaning.label).is_some() {
            return Err(format!("'{shown}' would be read as a knob position"));
        }
        if let Some(first) = meanings.iter().find(|first| plain(&first.label) == plain(&meaning.label)) {
            return Err(format!("'{shown}' has the label of {}", first.lo));
        }
        if let Some(first) = meanings.iter().find(|first| first.lo <= meaning.hi && meaning.lo <= first.hi) {
            return Err(format!("'{shown}' overlaps '{}'", first.label));
        }
        meanings.push(meaning);
    }
    match &meanings[..] {
        [only] => Err(format!("'{}' is the only meaning, allowed two or more", naming::shown(&only.label))),
        _ => Ok(meanings),
    }
}

fn read_part(part: &str) -> Result<Meaning, String> {
    let shown = naming::shown(part);
    let unread = || format!("'{shown}' cannot be read, allowed 'value: label' or 'lowest-highest: label'");
    let (values, label) = part.split_once(':').ok_or_else(unread)?;
    if values.contains('~') {
        return Err(format!("'{shown}' means something else at every value"));
    }
    let number = |text: &str| text.trim().parse::<u16>().map_err(|_| unread());
    let (lo, hi) = match values.split_once(['-', '–']) {
        Some((lo, hi)) => (number(lo)?, number(hi)?),
        None => (number(values)?, number(values)?),
    };
    Ok(Meaning { lo, hi, label: naming::clean(label) })
}
