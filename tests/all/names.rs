//! The names of types: a name refers to one thing.
//!
//! Only the types at the top level of a file count, of this package and of `sound/`, without those of tests.

use std::{collections::BTreeMap, fs, path::Path};

const ROOTS: [&str; 2] = ["src", "sound/src"];
/// Words with up to seven meanings each. Alone, each names one type at most, private ones included; with a qualifying
/// word before it, it may be in any number of names.
const WORN: [&str; 10] = ["Slot", "Place", "Reader", "Job", "Port", "Keeper", "Way", "Control", "Watch", "Desk"];

/// A type and its file.
struct Type {
    name: String,
    is_public: bool,
    file: String,
}

/// The type that a line declares, and whether it is public.
fn declared(line: &str) -> Option<(&str, bool)> {
    let (rest, is_public) = match line.strip_prefix("pub") {
        Some(rest) => (rest.trim_start_matches(|c| c != ' ').trim_start(), true),
        None => (line, false),
    };
    let rest = rest.strip_prefix("unsafe ").unwrap_or(rest);
    let name = ["struct ", "enum ", "trait ", "type ", "union "].iter().find_map(|word| rest.strip_prefix(word))?;
    let end = name.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(name.len());
    Some((&name[..end], is_public))
}

fn read_types(folder: &Path, types: &mut Vec<Type>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.file_stem().is_some_and(|stem| stem == "tests") {
            continue;
        }
        if path.is_dir() {
            read_types(&path, types);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
            let file = path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap().display().to_string();
            types.extend(text.lines().filter_map(declared).map(|(name, is_public)| Type {
                name: name.to_owned(),
                is_public,
                file: file.clone(),
            }));
        }
    }
}

/// The names of several types, with their files.
fn clashes(counts: impl Fn(&Type) -> bool) -> Vec<String> {
    let mut types = Vec::new();
    ROOTS.iter().for_each(|root| read_types(&Path::new(env!("CARGO_MANIFEST_DIR")).join(root), &mut types));
    assert!(types.len() > 700, "{} types were found: this test reads sources wrongly", types.len());
    let mut files: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for one in types.iter().filter(|one| counts(one)) {
        files.entry(&one.name).or_default().push(&one.file);
    }
    files.retain(|_, files| files.len() > 1);
    files.iter().map(|(name, files)| format!("{name}: {}", files.join(", "))).collect()
}

#[test]
fn a_public_name_refers_to_one_type() {
    // A panel is a module, and its state is always named with it: `knobs::State`.
    let is_of_panel = |one: &Type| one.name == "State" && one.file.starts_with("src/tui/panels/");
    let clashes = clashes(|one| one.is_public && !is_of_panel(one));
    assert!(clashes.is_empty(), "name each for what it is:\n{}", clashes.join("\n"));
}

#[test]
fn words_with_several_meanings_have_one() {
    let clashes = clashes(|one| WORN.contains(&&*one.name));
    assert!(clashes.is_empty(), "say which (`UnitSlot`, `DelayLine`):\n{}", clashes.join("\n"));
}
