//! Completions at the cursor: from the command table, the profile and the screen's own actions. Pure.

use crate::{
    command::{
        self, ArgSpec, COMMANDS, CommandSpec,
        arg::{Arg, ArgKind, TakeName},
    },
    config::recorder::RECORDER_OPTIONS,
    motion::ModulatorRequest,
    profile::{Param, Profile},
    status::{Status, TakeInfo},
    tui::{
        keys::{self, ScreenAction},
        panels::{Mode, View},
        widgets::text,
    },
};

/// The name of an argument that is a take.
const TAKE: &str = "take";

/// A completion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The word.
    pub word: String,
    /// Its help.
    pub help: String,
    /// Whether a word must or may follow it.
    pub more: bool,
}

/// The completions, and where the word begins that they replace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Completion {
    /// In characters from the beginning of the line.
    pub start: usize,
    /// In the order of their tables.
    pub candidates: Vec<Candidate>,
}

/// The screen's own actions that can be typed: those with a built-in key outside panels with keys of their own.
pub fn views() -> impl Iterator<Item = View> {
    let keymap = keys::built_in();
    let has_key = move |view: &View| {
        let does = |mode| keymap.rows_in(mode).any(|row| row.action == ScreenAction::View(*view));
        does(Mode::Piano) || does(Mode::Keys)
    };
    View::all().filter(has_key)
}

/// The screen's action of this name.
pub fn view(name: &str) -> Option<View> {
    views().find(|view| view.name() == name)
}

/// The argument at the cursor, and where it begins.
struct ArgAtCursor<'a> {
    row: &'static CommandSpec,
    arg: &'static ArgSpec,
    /// The words before it.
    before: Vec<&'a str>,
    start: usize,
    written: &'a str,
}

fn place(text: &str) -> Option<ArgAtCursor<'_>> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    let (name, after) = rest.split_once(char::is_whitespace)?;
    let row = command::spec(name)?;
    rest = after.trim_start();
    for arg in row.args {
        let split = match rest.starts_with('"') {
            _ if arg.kind.takes_rest_of_line() => None,
            true => command::quoted(rest).filter(|(_, after)| !after.is_empty()),
            false => rest.split_once(char::is_whitespace),
        };
        let Some((word, after)) = split else {
            let start = text[..text.len() - rest.len()].chars().count();
            return Some(ArgAtCursor { row, arg, before: words, start, written: rest });
        };
        words.push(word);
        rest = after.trim_start();
    }
    None
}

/// The completions at the end of `text`, the line up to the cursor.
pub fn complete(text: &str, status: &Status) -> Completion {
    let word = text.trim_start();
    if !word.contains(char::is_whitespace) {
        let commands = COMMANDS.iter().map(|row| candidate(row.name, row.help, !row.args.is_empty()));
        let views = views().map(|view| candidate(view.name(), view.help(), false));
        return fitting(text.chars().count() - word.chars().count(), word, commands.chain(views).collect());
    }
    let Some(place) = place(text) else { return Completion::default() };
    let is_last = place.row.args.last().is_some_and(|last| std::ptr::eq(last, place.arg));
    let profile = &status.params.profile;
    let group = place.row.name.split('.').next().unwrap_or_default();
    let all: Vec<Candidate> = match (place.arg.kind, group) {
        (ArgKind::OneOf(words), _) => words.iter().map(|word| candidate(word, "", !is_last)).collect(),
        (ArgKind::Name, _) if place.arg.name == "param" => knobs(status, !is_last),
        (ArgKind::Name, "param") | (ArgKind::Text, "learn") => knobs(status, !is_last),
        (ArgKind::Name, "macro") => {
            let macros = profile.params.iter().filter(|param| !param.drives.is_empty());
            macros.map(|param| candidate(&param.name, "", !is_last)).collect()
        }
        (ArgKind::Modulator, _) => {
            let (before, written) = place.written.rsplit_once(char::is_whitespace).unwrap_or(("", place.written));
            let start = place.start + place.written.chars().count() - written.chars().count();
            let words = ModulatorRequest::may_follow(before);
            return fitting(start, written, words.iter().map(|word| candidate(word, "", true)).collect());
        }
        (_, "record") if place.row.name == "record.set" => match place.before.first() {
            None => RECORDER_OPTIONS.iter().map(|row| candidate(row.name, row.help, true)).collect(),
            Some(option) => known_values(option).iter().map(|word| candidate(word, "", false)).collect(),
        },
        (_, "take") if place.arg.name == TAKE => takes(status, !is_last),
        (ArgKind::Port, _) => ports(place.written, status, !is_last),
        (ArgKind::Name, "profile") => status.profiles.iter().map(|id| candidate(id, "", !is_last)).collect(),
        (ArgKind::Text, "param") => match named(&place, status) {
            Some((param, _)) => param.options.iter().map(|option| candidate(&option.label, "", false)).collect(),
            None if place.arg.name == "section" => sections(profile),
            None => Vec::new(),
        },
        // The new name of a snapshot must be none of these.
        (ArgKind::Name, "snapshot") if place.arg.name == "name" => {
            status.params.snapshots.iter().map(|name| candidate(name, "", !is_last)).collect()
        }
        _ => Vec::new(),
    };
    if place.arg.kind == ArgKind::Port {
        return Completion { start: place.start, candidates: all };
    }
    fitting(place.start, place.written, all)
}

/// Values of the recorder's options that are words; the other options take numbers, names and channels.
fn known_values(option: &str) -> &'static [&'static str] {
    match option {
        "files" => &["inputs", "each", "master", "inputs master"],
        "bits" => &["16", "24", "32f"],
        "dither" => &["on", "off"],
        "start" => &["now", "bar", "count", "sound"],
        "silence" | "split" | "second_folder" => &["off"],
        _ => &[],
    }
}

/// The takes, if the list of takes is kept up to date.
fn takes(status: &Status, more: bool) -> Vec<Candidate> {
    let take = |take: &TakeInfo| {
        let length = take.seconds.map_or_else(String::new, |seconds| format!(", {}", text::song_time(seconds)));
        let before_more = TakeName(take.name.clone()).write().filter(|_| more);
        candidate(before_more.as_ref().unwrap_or(&take.name), &format!("{}{length}", take.made), more)
    };
    status.takes.iter().flat_map(|takes| takes.takes.iter()).map(take).collect()
}

/// The parameters, with their values.
fn knobs(status: &Status, more: bool) -> Vec<Candidate> {
    let profile = &status.params.profile;
    let knob = |(param, value): (&Param, &u16)| {
        let section = profile.sections.get(param.section).map_or("", String::as_str);
        candidate(&param.name, &format!("{section}: {}, now {}", param.label, param.display(*value)), more)
    };
    profile.params.iter().zip(&status.params.values).map(knob).collect()
}

/// The groups that can be randomized: a section by its title, or the parameters whose names begin so.
fn sections(profile: &Profile) -> Vec<Candidate> {
    let count = |section| profile.params_in(section).count();
    let titles = profile.sections.iter().zip(0..);
    let titles =
        titles.map(|(title, section)| candidate(title, &format!("a section of {} knobs", count(section)), false));
    let title_of = |section: usize| profile.sections.get(section).map_or("", String::as_str);
    let knobs = profile
        .params
        .iter()
        .map(|param| candidate(&param.name, &format!("{}: {}", title_of(param.section), param.label), false));
    titles.chain(knobs).collect()
}

/// The ports: by name if that is one word and unique, else by number; both are found by name.
fn ports(written: &str, status: &Status, more: bool) -> Vec<Candidate> {
    let written = written.to_lowercase();
    let all: Vec<(Candidate, &str)> = (1..)
        .zip(&status.ports)
        .map(|(number, port)| {
            let name = port.name.as_str();
            let is_word = !name.is_empty() && !name.contains(char::is_whitespace) && name.parse::<u8>().is_err();
            let is_alone = status.ports.iter().filter(|other| other.name.eq_ignore_ascii_case(name)).count() == 1;
            let candidate = match is_word && is_alone {
                true => candidate(name, &format!("port {number}"), more),
                false => candidate(&number.to_string(), name, more),
            };
            (candidate, name)
        })
        .collect();
    let by_word = all.iter().any(|(candidate, _)| candidate.word.to_lowercase().starts_with(&written));
    let fits = |(candidate, name): &(Candidate, &str)| match by_word {
        true => candidate.word.to_lowercase().starts_with(&written),
        false => name.to_lowercase().contains(&written),
    };
    all.into_iter().filter(fits).map(|(candidate, _)| candidate).collect()
}

/// What the command needs next: its usage with ranges, and for a parameter its values.
pub fn hint(text: &str, status: &Status) -> Option<String> {
    let name = text.split_whitespace().next()?;
    if let Some(view) = view(name) {
        return Some(format!("{name}: {}", view.help()));
    }
    let row = command::spec(name)?;
    let mut hint = format!("{} · {}", row.usage_with_ranges(), row.help);
    if let Some((param, value)) = place(text).and_then(|place| named(&place, status)) {
        let allowed = if param.options.is_empty() { "0 to 1" } else { "0 to 1 or an option's name" };
        hint = format!("{} is {} now; {allowed} · {}", param.name, param.display(value), row.usage());
    }
    Some(hint)
}

/// The parameter before the cursor.
fn named<'a>(place: &ArgAtCursor<'_>, status: &'a Status) -> Option<(&'a Param, u16)> {
    if !place.row.name.starts_with("param.") {
        return None;
    }
    let at = status.params.profile.param_index(place.before.first()?)?;
    Some((status.params.profile.params.get(at)?, *status.params.values.get(at)?))
}

fn candidate(word: &str, help: &str, more: bool) -> Candidate {
    Candidate { word: word.to_owned(), help: help.to_owned(), more }
}

/// The candidates that begin with `written`; if there are none, those that contain it.
fn fitting(start: usize, written: &str, all: Vec<Candidate>) -> Completion {
    let written = written.to_lowercase();
    let begins = |candidate: &Candidate| candidate.word.to_lowercase().starts_with(&written);
    let contains = |candidate: &Candidate| candidate.word.to_lowercase().contains(&written);
    let mut candidates: Vec<Candidate> = all.iter().filter(|c| begins(c)).cloned().collect();
    if candidates.is_empty() {
        candidates = all.into_iter().filter(contains).collect();
    }
    Completion { start, candidates }
}

/// The common beginning of all.
pub fn shared_beginning(candidates: &[Candidate]) -> String {
    let Some((first, others)) = candidates.split_first() else { return String::new() };
    let shares = |(at, c): &(usize, char)| others.iter().all(|other| other.word.chars().nth(*at) == Some(*c));
    first.word.chars().enumerate().take_while(shares).map(|(_, c)| c).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::recorder::RecorderOptions;

    #[test]
    fn every_offered_value_is_accepted() {
        for row in RECORDER_OPTIONS {
            for word in known_values(row.name) {
                assert_eq!(row.set(&mut RecorderOptions::default(), word), Ok(()), "{} {word}", row.name);
            }
        }
    }
}
