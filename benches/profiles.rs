//! Measures loading the library with a user's folder of 400 profiles: every start waits for it.

#![allow(clippy::unwrap_used, reason = "what fails here fails the bench")]

use busker::profile::{Library, Places, Profile, ProfileScan};
use criterion::{Criterion, criterion_group, criterion_main};
use std::{fs, hint::black_box, path::Path};

/// More than any user has; about the number in midi.guide.
const FILES: usize = 400;

/// Copies of the built-in profiles, each with an id of its own.
fn fill(folder: &Path) {
    let built_in = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../profiles")).unwrap();
    let texts: Vec<String> = built_in.map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap()).collect();
    for (text, n) in texts.iter().cycle().zip(0..FILES) {
        let id = Profile::from_yaml("built-in", text).unwrap().id;
        let copy = text.replacen(&format!("id: {id}\n"), &format!("id: copy_{n}\n"), 1);
        fs::write(folder.join(format!("copy_{n}.yaml")), copy).unwrap();
    }
}

fn load(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path());
    let (library, faults) = Library::load(Some(folder.path()));
    assert_eq!((library.ids().filter(|id| id.starts_with("copy_")).count(), faults.len()), (FILES, 0));
    criterion.bench_function("load 400 profiles", |bench| bench.iter(|| black_box(Library::load(Some(folder.path())))));
    // Until the files are old enough to be cached.
    std::thread::sleep(std::time::Duration::from_secs(4));
    let known = Some(folder.path().join("known.json"));
    let places = Places { folder: Some(folder.path().to_owned()), settings: None, known };
    ProfileScan::first(places.clone());
    criterion.bench_function("load 400 profiles that were read before", |bench| {
        bench.iter(|| black_box(ProfileScan::first(places.clone())));
    });
}

criterion_group!(benches, load);
criterion_main!(benches);
