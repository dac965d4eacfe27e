//! The structure of the modules: files in the same folder depend on each other in one direction only.
//!
//! A file and the folder of its name are one unit. Of two units in the same folder, any use of one by the other is an
//! arrow; no path along arrows may be a cycle. Uses by tests do not count. The pure units use none above them.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

/// `engine/midi/input` as its names.
type Module = Vec<String>;

/// The roots of the source files: the pure computations are a package of their own.
const ROOTS: [&str; 2] = ["src", "sound/src"];
/// Units that read no clock, use no thread and import nothing above them, the lowest first.
const PURE: [&str; 8] = ["yaml", "wav", "midi", "music", "motion", "taps", "profile", "session"];
/// The units above all of those.
const ABOVE: [&str; 5] = ["engine", "remote", "tui", "cli", "station"];

fn sources(folder: &Path, inside: &Module, found: &mut BTreeMap<Module, String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if name == "tests" || (inside.is_empty() && matches!(&*name, "main" | "lib")) {
            continue;
        }
        let module: Module = inside.iter().cloned().chain([name]).collect();
        if path.is_dir() {
            sources(&path, &module, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap().to_owned();
            found.insert(module, text);
        }
    }
}

fn all_sources() -> BTreeMap<Module, String> {
    let mut found = BTreeMap::new();
    for root in ROOTS {
        sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join(root), &Module::new(), &mut found);
    }
    found
}

/// The paths in a tree of imports.
fn paths_of(tree: &str) -> Vec<String> {
    let Some((before, rest)) = tree.split_once('{') else {
        return vec![tree.split(" as ").next().unwrap().trim().to_owned()];
    };
    let inner = &rest[..rest.rfind('}').unwrap()];
    let (mut paths, mut depth, mut part) = (Vec::new(), 0, String::new());
    for c in inner.chars().chain([',']) {
        match c {
            ',' if depth == 0 => {
                paths.extend(paths_of(&part).into_iter().filter(|path| !path.is_empty()));
                part.clear();
                continue;
            }
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        part.push(c);
    }
    paths.iter().map(|path| format!("{}{path}", before.trim())).collect()
}

/// The other modules in a source: its imports, and paths from `crate` or `super` in the text.
fn named(text: &str) -> Vec<String> {
    let code: String = text.lines().map(|line| line.split("//").next().unwrap()).collect::<Vec<_>>().join("\n");
    let mut names = Vec::new();
    for statement in code.split(';') {
        let begins = |word: &str| statement.rfind(word).map(|at| &statement[at + word.len()..]);
        if let Some(tree) = begins("\nuse ").or(begins("\npub use ")).or(begins("    use ")) {
            names.extend(paths_of(&tree.replace('\n', " ")));
        }
    }
    let is_path = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    for word in ["crate::", "super::"] {
        for (at, _) in code.match_indices(word) {
            names.push(code[at..].chars().take_while(|c| is_path(*c)).collect());
        }
    }
    names
}

/// The module of a path, as far as there are files.
fn target(path: &str, from: &Module, modules: &BTreeSet<&Module>) -> Option<Module> {
    let mut parts = path.split("::").map(str::trim).peekable();
    let mut at = match *parts.peek()? {
        "crate" => {
            parts.next();
            Module::new()
        }
        "super" | "self" => from.clone(),
        child => {
            let inside: Module = from.iter().cloned().chain([child.to_owned()]).collect();
            modules.contains(&inside).then(|| from.clone())?
        }
    };
    for part in parts {
        match part {
            "self" => {}
            "super" => drop(at.pop()),
            name => {
                at.push(name.to_owned());
                if !modules.contains(&at) {
                    at.pop();
                    break;
                }
            }
        }
    }
    Some(at).filter(|at| !at.is_empty())
}

/// Which module uses which, and the path it uses.
fn uses() -> BTreeMap<(Module, Module), String> {
    let sources_found = all_sources();
    let modules: BTreeSet<&Module> = sources_found.keys().collect();
    let mut uses = BTreeMap::new();
    for (from, text) in &sources_found {
        for path in named(text) {
            if let Some(to) = target(&path, from, &modules).filter(|to| to != from) {
                uses.insert((from.clone(), to), path);
            }
        }
    }
    assert!(uses.len() > 500, "{} uses were found: this test reads imports wrongly", uses.len());
    uses
}

/// A path along the arrows from a unit back to itself.
fn circle(arrows: &BTreeMap<&str, BTreeMap<&str, String>>) -> Option<Vec<String>> {
    fn walk<'a>(
        at: &'a str,
        way: &mut Vec<&'a str>,
        done: &mut BTreeSet<&'a str>,
        arrows: &BTreeMap<&'a str, BTreeMap<&'a str, String>>,
    ) -> Option<Vec<String>> {
        if let Some(begin) = way.iter().position(|unit| *unit == at) {
            let round = way[begin..].iter().chain([&at]).copied().collect::<Vec<_>>();
            return Some(round.windows(2).map(|step| arrows[step[0]][step[1]].clone()).collect());
        }
        if !done.insert(at) {
            return None;
        }
        way.push(at);
        let found = arrows.get(at).into_iter().flatten().find_map(|(next, _)| walk(next, way, done, arrows));
        way.pop();
        found
    }
    let mut done = BTreeSet::new();
    arrows.keys().find_map(|unit| walk(unit, &mut Vec::new(), &mut done, arrows))
}

/// Folders whose units still have a cycle, to be removed: a panel acts on the screen, which holds the state of every
/// panel.
const NOT_YET: [&str; 1] = ["tui"];

#[test]
fn files_in_the_same_folder_depend_on_each_other_in_one_direction() {
    let uses = uses();
    let folders: BTreeSet<&[String]> = uses.keys().map(|(from, _)| &from[..from.len() - 1]).collect();
    let mut circles = Vec::new();
    for folder in folders {
        let mut arrows: BTreeMap<&str, BTreeMap<&str, String>> = BTreeMap::new();
        for ((from, to), path) in &uses {
            let unit = |module: &'_ Module| module.strip_prefix(folder).and_then(|rest| rest.first().cloned());
            let (Some(_), Some(_)) = (unit(from), unit(to)) else { continue };
            let (one, other) = (&*from[folder.len()], &*to[folder.len()]);
            if one != other {
                let says = format!("{} uses {path}", from.join("/"));
                arrows.entry(one).or_default().insert(other, says);
            }
        }
        let round = circle(&arrows);
        match NOT_YET.contains(&&*folder.join("/")) {
            true => assert!(round.is_some(), "{} has no circle any more: NOT_YET is too long", folder.join("/")),
            false => circles.extend(round.map(|round| format!("in {}:\n  {}", folder.join("/"), round.join("\n  ")))),
        }
    }
    assert!(circles.is_empty(), "{}", circles.join("\n"));
}

#[test]
fn pure_units_use_none_above_them() {
    for ((from, to), path) in uses() {
        if PURE.contains(&&*from[0]) {
            assert!(!ABOVE.contains(&&*to[0]), "{} uses {path}", from.join("/"));
        }
    }
}

#[test]
fn libraries_of_devices_and_of_the_screen_are_used_in_their_modules_only() {
    let found = all_sources();
    let edges: [(&str, &[&str]); 4] = [
        ("cpal::", &["engine/host", "cli"]),
        ("midir::", &["engine/host"]),
        ("ratatui::", &["tui", "cli"]),
        ("crossterm::", &["tui", "cli", "keymap"]),
    ];
    for (module, text) in &found {
        let place = module.join("/");
        for (library, allowed) in edges {
            let names = named(text).iter().any(|path| path.starts_with(library));
            assert!(!names || allowed.iter().any(|edge| place.starts_with(edge)), "{place} names {library}");
        }
    }
}
