//! The manual is complete.

use busker::config::recorder::RECORDER_OPTIONS;
use std::{fs, path::Path};

fn text_of(file: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap()
}

/// The fields of `config.yaml`, from the file that reads it.
fn settings() -> Vec<String> {
    let sources = text_of("src/config.rs") + &text_of("src/config/port.rs");
    let names = sources.split(".field(\"").skip(1).filter_map(|rest| rest.split('"').next());
    names.map(str::to_owned).chain(RECORDER_OPTIONS.iter().map(|row| row.name.to_owned())).collect()
}

#[test]
fn every_setting_is_in_the_readme() {
    let (readme, settings) = (text_of("README.md"), settings());
    assert!(settings.len() > 40, "only {} were found", settings.len());
    let is_there = |name: &String| {
        readme.contains(&format!("`{name}`"))
            || readme.contains(&format!("{name}:"))
            || readme.contains(&format!("{name} "))
    };
    let missing: Vec<&String> = settings.iter().filter(|name| !is_there(name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn the_files_in_the_architecture_page_exist() {
    let page = text_of("docs/architecture.md");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let words = page.split('`').skip(1).step_by(2);
    let files = words.filter(|word| word.contains('/') && !word.contains(' ') && !word.contains('…'));
    let missing: Vec<&str> = files
        .filter(|file| {
            // The page leaves `src` out.
            let is_there = |path: &str| root.join(path).exists() || root.join(format!("{path}.rs")).exists();
            !is_there(file) && !is_there(&format!("src/{file}")) && !is_there(&format!("src/engine/{file}"))
        })
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}
