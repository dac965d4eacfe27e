//! The files that belong to a take, and those with only a similar name.

use super::{
    super::{
        NamedTake,
        moved::{remove, rename},
        tests::{contents, names_in, write_at},
    },
    *,
};

fn named(path: &Path, second: Option<&Path>) -> NamedTake {
    NamedTake { path: path.to_owned(), second: second.map(Path::to_owned) }
}

/// A folder with the take `ea`, of two inputs, its `.mid`, and a later take that was named `ea`, too.
fn folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    for (name, first) in
        [("ea-1.wav", 100), ("ea-2.wav", 100), ("ea-2-part2.wav", 150), ("ea-3.wav", 900), ("ea-x.wav", 100)]
    {
        write_at(&folder.path().join(name), first, 50, true);
    }
    fs::write(folder.path().join("ea.mid"), "MThd").unwrap();
    let ea = folder.path().join("ea");
    (folder, ea)
}

#[test]
fn a_take_of_several_files_is_renamed_and_removed_as_one() {
    let (folder, ea) = folder();
    let moved = rename(&named(&ea, None), "x").unwrap();
    assert_eq!((moved.to, moved.besides), (folder.path().join("x"), String::new()));
    let after = ["ea-3.wav", "ea-x.wav", "x-1.wav", "x-2-part2.wav", "x-2.wav", "x.mid"];
    assert_eq!(names_in(folder.path()), after);
    let moved = remove(&named(&folder.path().join("x"), None)).unwrap();
    assert_eq!(moved.to, folder.path().join(".trash/x"));
    assert_eq!(names_in(folder.path()), [".trash", "ea-3.wav", "ea-x.wav"]);
    assert_eq!(names_in(&folder.path().join(".trash")), ["x-1.wav", "x-2-part2.wav", "x-2.wav", "x.mid"]);
    // The rest is no take of several files.
    let before = contents(folder.path());
    assert!(rename(&named(&ea, None), "y").unwrap_err().to_string().contains("No such file"));
    assert_eq!(contents(folder.path()), before);
}

#[test]
fn the_midi_file_of_several_files_stays_with_the_rest_and_moves_with_the_last() {
    let (folder, ea) = folder();
    fs::remove_file(folder.path().join("ea-3.wav")).unwrap();
    let moved = rename(&named(&folder.path().join("ea-1.wav"), None), "left").unwrap();
    assert_eq!(moved.besides, "; ea.mid stays with ea-2.wav");
    let moved = rename(&named(&folder.path().join("ea-2.wav"), None), "right").unwrap();
    assert_eq!(moved.besides, "");
    let after = ["ea-x.wav", "left.wav", "right-part2.wav", "right.mid", "right.wav"];
    assert_eq!(names_in(folder.path()), after);
    assert!(Pieces::of(&ea, None).is_err());
}

#[test]
fn a_take_that_continued_in_the_second_folder_is_renamed_and_removed_completely() {
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let sec = first.path().join("sec.wav");
    write_at(&sec, 0, 50, false);
    write_at(&second.path().join("sec-part2.wav"), 50, 50, true);
    write_at(&second.path().join("sec-part3.wav"), 500, 50, true);
    fs::write(second.path().join("sec.mid"), "MThd").unwrap();
    let moved = rename(&named(&sec, Some(second.path())), "renamed").unwrap();
    let place = second.path().display();
    let another = format!("; sec-part3.wav in {place} belongs to another take and is not moved");
    assert_eq!(moved.besides, format!("; so are 2 files of it in {place}{another}"));
    assert_eq!(names_in(first.path()), ["renamed.wav"]);
    assert_eq!(names_in(second.path()), ["renamed-part2.wav", "renamed.mid", "sec-part3.wav"]);
    let moved = remove(&named(&moved.to, Some(second.path()))).unwrap();
    assert_eq!(moved.besides, format!("; so are 2 files of it in the trash of {place}"));
    assert_eq!(names_in(&second.path().join(".trash")), ["renamed-part2.wav", "renamed.mid"]);
    assert_eq!(names_in(first.path()), [".trash"]);
}

#[test]
fn a_take_that_may_continue_in_an_unreadable_folder_is_left_completely() {
    let first = tempfile::tempdir().unwrap();
    let away = first.path().join("unplugged");
    let (cut, whole) = (first.path().join("cut.wav"), first.path().join("whole.wav"));
    write_at(&cut, 0, 50, false);
    write_at(&whole, 0, 50, true);
    for refused in [
        rename(&named(&cut, Some(&away)), "x").unwrap_err().to_string(),
        remove(&named(&cut, Some(&away))).unwrap_err().to_string(),
    ] {
        assert!(refused.contains("cut-part2.wav") && refused.contains("unplugged"), "{refused}");
    }
    assert_eq!(names_in(first.path()), ["cut.wav", "whole.wav"]);
    rename(&named(&whole, Some(&away)), "x").unwrap();
    rename(&named(&cut, None), "y").unwrap();
    assert_eq!(names_in(first.path()), ["x.wav", "y.wav"]);
}

#[test]
fn a_take_that_began_in_the_second_folder_is_found_there() {
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    write_at(&second.path().join("jam.wav"), 0, 50, true);
    let found = |name: &str| NamedTake::found(&first.path().join(name), Some(second.path().to_owned()));
    assert_eq!(found("jam").path, second.path().join("jam.wav"));
    assert_eq!(found("none").path, first.path().join("none"));
    rename(&found("jam"), "friday").unwrap();
    assert_eq!(names_in(second.path()), ["friday.wav"]);
    write_at(&first.path().join("jam.wav"), 0, 50, true);
    assert_eq!(found("jam").path, first.path().join("jam.wav"));
}

#[test]
fn the_name_of_several_files_lists_them() {
    let (_folder, ea) = folder();
    let why = Take::open(&ea, Reach::Named).unwrap_err().to_string();
    assert_eq!(why, "it has several files: name one of ea-1.wav, ea-2.wav, ea-3.wav");
}

#[test]
fn a_take_with_the_name_of_a_part_is_no_part() {
    let folder = tempfile::tempdir().unwrap();
    let song = folder.path().join("song.wav");
    for (name, first) in [("song.wav", 0), ("song-part2.wav", 50), ("song-part3.wav", 9_000), ("song-part4.wav", 100)] {
        write_at(&folder.path().join(name), first, 50, true);
    }
    let moved = rename(&named(&song, None), "tune").unwrap();
    assert_eq!(moved.besides, "; song-part3.wav belongs to another take and is not moved");
    assert_eq!(names_in(folder.path()), ["song-part3.wav", "tune-part2.wav", "tune-part4.wav", "tune.wav"]);
    let moved = remove(&named(&folder.path().join("tune.wav"), None)).unwrap();
    assert_eq!(moved.besides, "");
    assert_eq!(names_in(folder.path()), [".trash", "song-part3.wav"]);
}
