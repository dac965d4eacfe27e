//! `busker profiles show`: prints a profile as a table.

use super::{
    super::{Failure, Outcome, print},
    columns,
};
use crate::{
    hints,
    profile::{Halves, Library, Param, Profile, Target},
};

/// Prints the profile's own fields, then a line for each parameter under its section's title.
///
/// # Errors
/// No such profile; or the output cannot be written.
pub(super) fn show(library: &Library, id: &str) -> Outcome {
    let Some(profile) = library.get(id) else {
        let ids: Vec<&str> = library.ids().collect();
        return Err(Failure::asked(format!("unknown profile '{id}'; {}", hints::there_is(&ids))));
    };
    let from = library.file_of(id).unwrap_or("built-in");
    print(&format!("{}\n{}", head(profile, from), table(profile)))
}

fn head(profile: &Profile, from: &str) -> String {
    let maker = if profile.maker.is_empty() { String::new() } else { format!("{} ", profile.maker) };
    let mut lines = vec![
        format!("{}: {maker}{}", profile.id, profile.name),
        format!("channel {}, {} parameters, {from}", profile.channel, profile.params.len()),
        format!("source: {}", profile.source),
    ];
    if !profile.port_hints.is_empty() {
        lines.push(format!("ports: {}", profile.port_hints.join(", ")));
    }
    let times = [("spacing", profile.spacing_ms), ("smoothing", profile.smoothing_ms)];
    lines.extend(times.iter().filter_map(|(what, ms)| Some(format!("{what}: {} ms", (*ms)?))));
    if profile.params.iter().any(|param| param.halves == Halves::LsbFirst) {
        lines.push("order: LSB before MSB".to_owned());
    }
    lines.join("\n") + "\n"
}

fn table(profile: &Profile) -> String {
    let head = ["section", "parameter", "in scripts", "target", "range", "default", "options and more"];
    let mut rows = vec![head.map(str::to_owned)];
    for (at, title) in profile.sections.iter().enumerate() {
        let titles = std::iter::once(title.as_str()).chain(std::iter::repeat(""));
        rows.extend(profile.params_in(at).zip(titles).map(|((_, param), title)| {
            [
                title.to_owned(),
                param.label.clone(),
                param.name.clone(),
                param.target.map_or_else(|| "macro".to_owned(), target),
                format!("{}-{}", param.lo, param.hi),
                default(param),
                more(param),
            ]
        }));
    }
    columns(&rows)
}

fn target(target: Target) -> String {
    match target {
        Target::Cc(cc) => format!("CC {cc}"),
        Target::Cc10 { msb, lsb } | Target::Cc14 { msb, lsb } => format!("CC {msb}+{lsb}"),
        Target::Nrpn { msb, lsb } => format!("NRPN {msb}:{lsb}"),
        Target::Rpn { msb, lsb } => format!("RPN {msb}:{lsb}"),
        Target::PitchBend => "pitch bend".to_owned(),
        Target::Program => "program".to_owned(),
    }
}

/// The value that is sent, and its text if that differs.
fn default(param: &Param) -> String {
    let (value, shown) = (param.default.to_string(), param.display(param.default));
    if shown == value { value } else { format!("{value} ({shown})") }
}

fn more(param: &Param) -> String {
    let options: Vec<String> =
        param.options.iter().map(|option| format!("{} {}", option.value, option.label)).collect();
    let mut more = Vec::new();
    if !options.is_empty() {
        more.push(options.join(", "));
    }
    more.extend(param.spacing_ms.map(|ms| format!("spacing {ms} ms")));
    more.extend(param.smoothing_ms.map(|ms| format!("smoothing {ms} ms")));
    if !param.random {
        more.push("not randomized".to_owned());
    }
    more.join("; ")
}
