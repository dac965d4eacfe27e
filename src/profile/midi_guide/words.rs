//! A unique word for each parameter of a synth. Pure.

use super::{
    guide_param::GuideParam,
    naming::{shortened, snake},
};
use crate::profile::Target;
use std::collections::{HashMap, HashSet};

/// A word for each parameter: its label; if several have that, the section before it; if that is not unique, a number
/// after it.
pub(super) fn words(controls: &[GuideParam]) -> Vec<String> {
    let mut count: HashMap<Option<String>, usize> = HashMap::new();
    for control in controls {
        *count.entry(snake(&control.label)).or_default() += 1;
    }
    let alone = |label: &Option<String>| count.get(label) == Some(&1);
    let is_word = |word: &String| word.starts_with(|c: char| c.is_ascii_lowercase());
    let mut taken = HashSet::new();
    let word_of = |control: &GuideParam| {
        let label = snake(&control.label).or_else(|| snake(&number(control.target)));
        let with_section = snake(&format!("{} {}", control.section, label.as_deref().unwrap_or_default()));
        let found = label.filter(|label| alone(&Some(label.clone())) && is_word(label)).or(with_section);
        let word = found.unwrap_or_else(|| number(control.target));
        let word = if is_word(&word) { word } else { shortened(&format!("p_{word}"), 0) };
        let numbered = (2..).map(|n| {
            let end = format!("_{n}");
            format!("{}{end}", shortened(&word, end.len()))
        });
        let free = std::iter::once(word.clone()).chain(numbered).find(|word| !taken.contains(word));
        let word = free.unwrap_or(word);
        taken.insert(word.clone());
        word
    };
    controls.iter().map(word_of).collect()
}

/// The name of a parameter whose own has no letter.
fn number(target: Target) -> String {
    match target {
        Target::Nrpn { msb, lsb } => format!("nrpn_{msb}_{lsb}"),
        Target::Cc(cc) | Target::Cc10 { msb: cc, .. } | Target::Cc14 { msb: cc, .. } => format!("cc_{cc}"),
        Target::Rpn { .. } | Target::PitchBend | Target::Program => "parameter".to_owned(),
    }
}
