//! Files that are replaced whole or not at all. Blocks on the disk.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::Path,
};

/// Replaces a file with these bytes: whoever reads it, at any time and after a power cut, finds the old or the new ones.
///
/// # Errors
/// Those of the disk; the old file stands.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(".new");
    let new = folder.join(name);
    // What an interrupted run left goes; a link goes itself, and what it leads to stays what it is.
    match fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let written = File::create_new(&new).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    let replaced = written.and_then(|()| fs::rename(&new, path));
    match replaced {
        // The name, too, must be on the disk.
        Ok(()) => File::open(folder)?.sync_all(),
        Err(error) => {
            let _ = fs::remove_file(&new);
            Err(error)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_and_nothing_else_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("inside").join("a.yaml");
        replace(&path, b"one").unwrap();
        replace(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn nothing_is_written_through_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let (path, other) = (folder.path().join("a.yaml"), folder.path().join("precious"));
        std::os::unix::fs::symlink(&other, folder.path().join("a.yaml.new")).unwrap();
        replace(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert!(!other.exists());
    }

    #[test]
    fn where_it_cannot_be_replaced_the_old_one_stands() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("taken");
        fs::create_dir_all(path.join("by a folder")).unwrap();
        assert!(replace(&path, b"new").is_err());
        assert!(path.join("by a folder").exists());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
