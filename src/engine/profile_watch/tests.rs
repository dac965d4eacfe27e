//! The watcher on real files: stepped by hand where it matters when it looks, on its thread once.

use super::*;
use crate::profile::Places;
use std::{
    fs,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

/// A profile of one knob.
fn text(id: &str, cc: u16) -> String {
    format!("id: {id}\nname: Mine\nsource: me\nsections: [A]\nparameters: [{{ name: a, section: A, cc: {cc} }}]\n")
}

struct Home {
    dir: tempfile::TempDir,
}

impl Home {
    fn new() -> Home {
        Home { dir: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn reading(&self) -> ProfileScan {
        let (folder, settings) = (Some(self.path("profiles")), Some(self.path("config.yaml")));
        ProfileScan::first(Places { folder, settings, known: None })
    }

    fn watcher(&self) -> Watcher {
        Watcher::new(self.reading())
    }
}

/// The report after two looks at files that are left alone: the first look only sees that they changed.
fn news(watcher: &mut Watcher) -> Option<ProfileNews> {
    assert!(watcher.look().is_none());
    watcher.look()
}

#[test]
fn a_file_is_read_when_it_is_left_alone_and_not_before() {
    let home = Home::new();
    let mut watcher = home.watcher();
    let whole = text("mine", 74);
    home.write("profiles/a.yaml", &whole[..20]);
    assert!(watcher.look().is_none());
    home.write("profiles/a.yaml", &whole);
    assert!(watcher.look().is_none(), "half of it was there at the last look");
    let read = watcher.look().unwrap();
    assert_eq!(read.faults, []);
    assert!(read.library.get("mine").is_some());
    assert!(news(&mut watcher).is_none());
}

#[test]
fn a_file_that_is_replaced_by_another_one_is_read_again() {
    let home = Home::new();
    home.write("profiles/a.yaml", &text("mine", 74));
    let mut watcher = home.watcher();
    // As editors do: the new one beside it, then in its place.
    home.write("profiles/a.yaml.new", &text("mine", 75));
    assert!(news(&mut watcher).is_none(), "this is no profile yet");
    fs::rename(home.path("profiles/a.yaml.new"), home.path("profiles/a.yaml")).unwrap();
    let read = news(&mut watcher).unwrap();
    assert_eq!(read.library.get("mine").unwrap().params[0].target, Some(crate::profile::Target::Cc(75)));
}

#[test]
fn files_written_while_the_first_ones_were_read_are_reported() {
    let home = Home::new();
    let reading = home.reading();
    home.write("profiles/a.yaml", &text("mine", 74));
    let mut watcher = Watcher::new(reading);
    assert!(news(&mut watcher).unwrap().library.get("mine").is_some());
}

#[test]
fn a_file_with_the_same_content_is_not_reported_and_one_with_the_same_fault_is() {
    let home = Home::new();
    home.write("profiles/a.yaml", &text("mine", 74));
    home.write("profiles/bad.yaml", &text("bad", 200));
    let mut watcher = home.watcher();
    fs::remove_file(home.path("profiles/a.yaml")).unwrap();
    home.write("profiles/a.yaml", &text("mine", 74));
    assert!(news(&mut watcher).is_none());
    fs::remove_file(home.path("profiles/bad.yaml")).unwrap();
    home.write("profiles/bad.yaml", &text("bad", 200));
    assert_eq!(news(&mut watcher).unwrap().faults.len(), 1, "the user who saved it gets the fault again");
    home.write("profiles/a.yaml", &text("mine", 75));
    assert_eq!(news(&mut watcher).unwrap().faults, [], "the other one was not edited");
    home.write("profiles/a.yaml", &text("mine", 200));
    assert!(news(&mut watcher).unwrap().mended.is_empty());
    home.write("profiles/a.yaml", &text("mine", 75));
    assert_eq!(news(&mut watcher).unwrap().mended, [home.path("profiles/a.yaml").display().to_string()]);
}

#[test]
fn files_behind_links_and_the_settings_are_watched_too() {
    let home = Home::new();
    home.write("dotfiles/mine.yaml", &text("mine", 74));
    home.write("dotfiles/config.yaml", "bpm: 120\n");
    fs::create_dir(home.path("profiles")).unwrap();
    for (file, link) in [("mine.yaml", "profiles/a.yaml"), ("config.yaml", "config.yaml")] {
        std::os::unix::fs::symlink(home.path("dotfiles").join(file), home.path(link)).unwrap();
    }
    let mut watcher = home.watcher();
    home.write("dotfiles/mine.yaml", &text("mine", 100));
    home.write("dotfiles/config.yaml", "cc_profiles: { short: { a: { cc: 1 } } }\n");
    let read = news(&mut watcher).unwrap();
    assert_eq!(read.library.get("mine").unwrap().params[0].target, Some(crate::profile::Target::Cc(100)));
    assert!(read.library.get("short").is_some());
}

#[test]
fn the_thread_reports_a_folder_that_comes_later_edits_and_files_that_go() {
    let home = Home::new();
    let knocks = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&knocks);
    let knock = move || {
        counter.fetch_add(1, Ordering::Relaxed);
    };
    let (watch, received) = ProfileWatch::start(home.reading(), knock).unwrap();
    // Of a writer that is held up between making the file and writing its text, half may be read: the whole text comes
    // after.
    let wait_for = |what: &str, done: &dyn Fn(&ProfileNews) -> bool| {
        while !done(&received.recv_timeout(Duration::from_secs(20)).expect(what)) {}
    };
    home.write("profiles/a.yaml", &text("mine", 74));
    wait_for("the new file", &|news| news.library.get("mine").is_some());
    home.write("profiles/a.yaml", &text("mine", 200));
    wait_for("its fault", &|news| !news.faults.is_empty() && news.library.get("mine").is_some());
    fs::remove_file(home.path("profiles/a.yaml")).unwrap();
    wait_for("its end", &|news| news.library.get("mine").is_none());
    drop(watch);
    assert!(received.recv_timeout(Duration::from_secs(20)).is_err(), "the thread ends");
    assert!(knocks.load(Ordering::Relaxed) >= 3);
}
