//! The folder of a session: its files, and which folder a person means. Blocks on the disk where it says so.

use std::{
    ffi::OsStr,
    fs, io,
    path::{Path, PathBuf},
};

/// What makes a folder a session.
pub const FILE: &str = "session.yaml";
/// The takes.
pub const AUDIO: &str = "audio";
/// Names the process that has it open.
pub const LOCK: &str = "session.lock";

/// The folder a person means: under `base` unless it says otherwise, `~` being `home`; the session's file stands for it
/// too.
pub fn meant(asked: &str, base: &Path, home: Option<&Path>) -> PathBuf {
    let path = match (asked.strip_prefix('~'), home) {
        (Some(rest), Some(home)) if rest.is_empty() || rest.starts_with('/') => home.join(rest.trim_start_matches('/')),
        _ => base.join(asked),
    };
    let path = if path.ends_with(FILE) { path.parent().unwrap_or(&path).to_owned() } else { path };
    // Without a slash at its end.
    path.components().collect()
}

/// Whether a new session may be made there. Looks at the disk.
///
/// # Errors
/// Why not, and what to do.
pub fn may_begin(folder: &Path) -> Result<(), String> {
    let shown = folder.display();
    if folder.join(FILE).exists() {
        return Err(format!("{shown} is already a session: session.open opens it"));
    }
    let other = match fs::read_dir(folder) {
        Ok(mut entries) => entries.any(|entry| entry.is_ok_and(|entry| !is_left_over(&entry.file_name()))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => false,
        Err(error) => return Err(format!("{shown} cannot be a session ({error}): choose another name")),
    };
    if other { Err(format!("{shown} contains other files: choose another name, or empty it first")) } else { Ok(()) }
}

/// Whether a file is what is left of a new session whose process was killed before it was there.
fn is_left_over(name: &OsStr) -> bool {
    name == LOCK || name == format!("{FILE}.new").as_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_meant_under_the_music_folder_and_a_path_as_it_stands() {
        let meant = |asked| meant(asked, Path::new("/music"), Some(Path::new("/home/ada")));
        for (asked, folder) in [
            ("Friday jam", "/music/Friday jam"),
            ("Friday jam/", "/music/Friday jam"),
            ("jams/1/session.yaml", "/music/jams/1"),
            ("/srv/jam", "/srv/jam"),
            ("~", "/home/ada"),
            ("~/jam", "/home/ada/jam"),
            ("~ada", "/music/~ada"),
        ] {
            assert_eq!(meant(asked), Path::new(folder), "{asked}");
        }
    }

    #[test]
    fn a_session_begins_only_where_nothing_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        assert_eq!(may_begin(path), Ok(()));
        assert_eq!(may_begin(&path.join("not there yet")), Ok(()));
        fs::write(path.join(LOCK), "").unwrap();
        fs::write(path.join("session.yaml.new"), "").unwrap();
        assert_eq!(may_begin(path), Ok(()));
        fs::write(path.join("letter.txt"), "").unwrap();
        assert!(may_begin(path).unwrap_err().contains("other files"));
        assert!(may_begin(&path.join("letter.txt")).unwrap_err().contains("choose another name"));
        fs::write(path.join(FILE), "").unwrap();
        assert!(may_begin(path).unwrap_err().contains("session.open"));
    }
}
