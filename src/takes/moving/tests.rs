//! Moves of takes, also with a kill at any moment.

use super::{
    super::tests::{self as rig, contents, names_in},
    *,
};
use std::{thread, time::Duration};

/// A folder with a take of three files, its `.mid`, and other files with similar names.
fn folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    for (name, first) in [
        ("jam.wav", 1_000),
        ("jam-part2.wav", 1_100),
        ("jam-part10.wav", 1_200),
        ("jam-2.wav", 1_000),
        ("jam-2-part2.wav", 1_100),
        ("jam-party.wav", 1_000),
    ] {
        rig::write_at(&folder.path().join(name), first, 100, true);
    }
    let jam = folder.path().join("jam.wav");
    fs::write(jam.with_extension("mid"), "MThd").unwrap();
    (folder, jam)
}

/// Two folders: a take of two files in the first that continues in the second, which also holds its `.mid`.
fn two_folders() -> (tempfile::TempDir, tempfile::TempDir, PathBuf) {
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let jam = first.path().join("jam.wav");
    rig::write_at(&jam, 1_000, 100, true);
    rig::write_at(&first.path().join("jam-part2.wav"), 1_100, 50, false);
    rig::write_at(&second.path().join("jam-part3.wav"), 1_150, 70, true);
    // Of another take of this name, in another folder.
    rig::write_at(&second.path().join("jam-part4.wav"), 9_000, 70, true);
    fs::write(second.path().join("jam.mid"), "MThd").unwrap();
    (first, second, jam)
}

fn pieces(path: &Path, second: Option<&Path>) -> Pieces {
    Pieces::of(path, second).unwrap()
}

fn go(path: &Path, to: &str) -> Result<(), TakeError> {
    move_take(&pieces(path, None), OsStr::new(to), To::Same)
}

/// Closes the files, as the system does for a killed program. A program that another test starts holds the lock for a
/// moment, too, until it runs.
fn kill(plans: Vec<MovePlan>) {
    let paths: Vec<PathBuf> = plans.iter().map(|plan| plan.folder.join(PLAN)).collect();
    drop(plans);
    for path in paths {
        let is_free = || File::open(&path).unwrap().try_lock().is_ok();
        while !is_free() {
            thread::sleep(Duration::from_millis(1));
        }
    }
}

const MOVED: [&str; 7] = [
    "friday-part10.wav",
    "friday-part2.wav",
    "friday.mid",
    "friday.wav",
    "jam-2-part2.wav",
    "jam-2.wav",
    "jam-party.wav",
];

#[test]
fn a_take_moves_with_its_parts_and_its_midi_file_and_without_those_of_another() {
    let (folder, jam) = folder();
    go(&jam, "friday").unwrap();
    assert_eq!(names_in(folder.path()), MOVED);
}

#[test]
fn after_a_kill_between_any_two_moves_a_take_is_together_after_the_next_start() {
    for done in 0..=4 {
        let (folder, jam) = folder();
        let pieces = pieces(&jam, None);
        let moves = moves(&pieces, OsStr::new("friday"), To::Same).unwrap();
        let plans = begin(&moves).unwrap();
        for (from, to) in &moves.steps()[..done] {
            move_new(from, to).unwrap();
        }
        assert_eq!(finish_moves(folder.path()).unwrap(), 0, "another program carries out the plan");
        kill(plans);
        assert_eq!(finish_moves(folder.path()).unwrap(), 4 - done);
        assert_eq!(names_in(folder.path()), MOVED);
        assert_eq!(finish_moves(folder.path()).unwrap(), 0);
    }
}

#[test]
fn a_take_moves_with_its_files_in_the_second_folder_and_after_a_kill_at_any_moment_it_is_together_again() {
    const OLD: [&[&str]; 2] = [&["jam-part2.wav", "jam.wav"], &["jam-part3.wav", "jam-part4.wav", "jam.mid"]];
    const NEW: [&[&str]; 2] =
        [&["friday-part2.wav", "friday.wav"], &["friday-part3.wav", "friday.mid", "jam-part4.wav"]];
    // Killed with both plans on the disk and so many moves done; and with the plan of the second folder only.
    for (plans_kept, done, after) in [(2, 0, NEW), (2, 1, NEW), (2, 2, NEW), (2, 3, NEW), (2, 4, NEW), (1, 0, OLD)] {
        let (first, second, jam) = two_folders();
        let pieces = pieces(&jam, Some(second.path()));
        let moves = moves(&pieces, OsStr::new("friday"), To::Same).unwrap();
        let mut plans = begin(&moves).unwrap();
        assert_eq!(plans.len(), 2);
        plans.drain(plans_kept..).for_each(|plan| plan.end().unwrap());
        for (from, to) in &moves.steps()[..done] {
            move_new(from, to).unwrap();
        }
        kill(plans);
        // In any order of the folders, and repeatedly.
        for folder in [second.path(), first.path(), second.path()] {
            finish_moves(folder).unwrap();
        }
        let there = [names_in(first.path()), names_in(second.path())];
        assert_eq!(there.each_ref().map(Vec::as_slice), after, "{plans_kept} {done}");
    }
}

#[test]
fn a_plan_waits_while_the_folder_of_its_condition_is_missing() {
    let (first, second, jam) = two_folders();
    let pieces = pieces(&jam, Some(second.path()));
    let moves = moves(&pieces, OsStr::new("friday"), To::Same).unwrap();
    let plans = begin(&moves).unwrap();
    for (from, to) in &moves.steps()[..2] {
        move_new(from, to).unwrap();
    }
    kill(plans);
    let away = first.path().with_extension("away");
    fs::rename(first.path(), &away).unwrap();
    assert!(finish_moves(second.path()).unwrap_err().to_string().contains("cannot be read"));
    assert!(second.path().join("jam.mid").exists());
    fs::rename(&away, first.path()).unwrap();
    assert_eq!(finish_moves(second.path()).unwrap(), 2);
    assert!(second.path().join("friday.mid").exists() && second.path().join("friday-part3.wav").exists());
}

#[test]
fn without_room_for_a_plan_every_file_has_its_new_name_before_any_loses_its_old_one() {
    let (first, second, jam) = two_folders();
    let pieces = pieces(&jam, Some(second.path()));
    let moves = moves(&pieces, OsStr::new("friday"), To::Same).unwrap();
    // A file in the way of the last move undoes all.
    fs::write(second.path().join("friday.mid"), "of another").unwrap();
    let before = [contents(first.path()), contents(second.path())];
    assert!(link_and_unlink(&moves).is_err());
    assert_eq!([contents(first.path()), contents(second.path())], before);
    fs::remove_file(second.path().join("friday.mid")).unwrap();
    link_and_unlink(&moves).unwrap();
    assert_eq!(names_in(first.path()), ["friday-part2.wav", "friday.wav"]);
    assert_eq!(names_in(second.path()), ["friday-part3.wav", "friday.mid", "jam-part4.wav"]);
}

#[test]
fn a_take_that_cannot_move_completely_stays_completely() {
    for taken in ["friday-part10.wav", "friday.mid", "friday-part2.wav", "friday.wav"] {
        let (folder, jam) = folder();
        fs::write(folder.path().join(taken), "precious").unwrap();
        let before = contents(folder.path());
        assert!(go(&jam, "friday").is_err());
        assert_eq!(contents(folder.path()), before);
    }
    let (folder, jam) = folder();
    let before = contents(folder.path());
    let recording = File::open(folder.path().join("jam-part10.wav")).unwrap();
    recording.try_lock().unwrap();
    let refused = go(&jam, "monday").unwrap_err().to_string();
    assert!(refused.contains("being recorded"), "{refused}");
    assert_eq!(contents(folder.path()), before);
}

#[test]
fn a_plan_that_is_cut_off_or_leads_elsewhere_moves_nothing() {
    let whole = b"jam.wav\0friday.wav\0end\n";
    for plan in [
        &whole[..10],
        b"",
        b"jam.wav\0end\n",
        b"jam.wav\0../up.wav\0end\n",
        b"../a.wav\0b.wav\0end\n",
        // The file of the condition is still at its old path, or at neither.
        b"\0/\0/nowhere\0jam.wav\0friday.wav\0end\n",
        b"\0/nowhere\0/none\0jam.wav\0friday.wav\0end\n",
    ] {
        let (folder, _) = folder();
        let before = contents(folder.path());
        fs::write(folder.path().join(PLAN), plan).unwrap();
        assert_eq!(finish_moves(folder.path()).unwrap(), 0);
        assert_eq!(contents(folder.path()), before);
    }
}
