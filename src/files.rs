//! Replaces files atomically, makes files that only their owner may read, and reads small files: plain files only.
//! Blocks on the disk.

use rustix::fs::OFlags;
use std::{
    fs::{self, DirBuilder, File, OpenOptions, Permissions},
    io::{self, Read, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::Path,
};

/// The permissions of a new file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readers {
    /// Only its owner may read it, whatever the umask: settings, MIDI maps, the log. New folders are 0700, the file
    /// 0600.
    Owner,
    /// As the umask says: takes and the files beside them.
    Umask,
}

/// Opens a plain file, through a symbolic link only if `follows_links`. Other kinds are refused: opening a FIFO waits
/// until another program writes to it, and opening a device may have any effect.
///
/// # Errors
/// Errors of the disk; the path is no plain file.
pub fn open_plain(how: &mut OpenOptions, path: &Path, follows_links: bool) -> io::Result<File> {
    let mut flags = OFlags::NONBLOCK;
    flags.set(OFlags::NOFOLLOW, !follows_links);
    let file = how.custom_flags(flags.bits() as i32).open(path)?;
    match file.metadata()? {
        metadata if metadata.is_file() => Ok(file),
        metadata if metadata.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
        _ => Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a file but a pipe, a socket or a device")),
    }
}

/// The bytes of a plain file, at most `bytes_max` + 1: one more shows that the file is longer.
///
/// # Errors
/// Errors of the disk; the path is no plain file.
pub fn read_plain(path: &Path, bytes_max: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open_plain(OpenOptions::new().read(true), path, true)?.take(bytes_max + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Replaces a file with these bytes atomically: a reader finds the old or the new bytes, at any time and after a power
/// cut.
///
/// # Errors
/// Errors of the disk; the old file stays.
pub fn replace(path: &Path, bytes: &[u8], readers: Readers) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    make_folder(folder, readers)?;
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(".new");
    let new = folder.join(name);
    // A link there is removed, and its target stays unchanged.
    if fs::symlink_metadata(&new).is_ok_and(|found| found.is_symlink()) {
        fs::remove_file(&new)?;
    }
    let mut how = OpenOptions::new();
    let written = open(how.create(true).write(true).truncate(true), &new, readers).and_then(|mut file| {
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

/// Opens a log for appending; only its owner may read it.
///
/// # Errors
/// Errors of the disk.
pub fn open_log(path: &Path) -> io::Result<File> {
    if let Some(folder) = path.parent() {
        make_folder(folder, Readers::Owner)?;
    }
    open(OpenOptions::new().create(true).append(true), path, Readers::Owner)
}

fn make_folder(folder: &Path, readers: Readers) -> io::Result<()> {
    match readers {
        Readers::Owner => DirBuilder::new().recursive(true).mode(0o700).create(folder),
        Readers::Umask => fs::create_dir_all(folder),
    }
}

fn open(how: &mut OpenOptions, path: &Path, readers: Readers) -> io::Result<File> {
    if readers == Readers::Umask {
        return how.open(path);
    }
    let file = how.mode(0o600).open(path)?;
    // An existing file may have other permissions.
    file.set_permissions(Permissions::from_mode(0o600))?;
    Ok(file)
}

/// Writes a new file of this name, or of the first of `name-2`, `name-3`, … that is free: existing files stay. Only its
/// owner may read it.
///
/// # Errors
/// Errors of the disk; then no new file is left.
pub fn add(wanted: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = wanted.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    make_folder(folder, Readers::Owner)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    let stem = wanted.file_stem().unwrap_or_default().to_string_lossy();
    let end = wanted.extension().map(|end| format!(".{}", end.to_string_lossy())).unwrap_or_default();
    let mut number = 1_u32;
    loop {
        let path = if number == 1 { wanted.to_owned() } else { folder.join(format!("{stem}-{number}{end}")) };
        match file.persist_noclobber(path) {
            Ok(_) => return File::open(folder)?.sync_all(),
            Err(taken) if taken.error.kind() == io::ErrorKind::AlreadyExists && number < u32::MAX => file = taken.file,
            Err(refused) => return Err(refused.error),
        }
        number += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_files_are_read_and_not_more_bytes_than_allowed() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("a"), "12345").unwrap();
        std::os::unix::fs::symlink(path("a"), path("link")).unwrap();
        for name in ["a", "link"] {
            assert_eq!(read_plain(&path(name), 100).unwrap(), b"12345");
            assert_eq!(read_plain(&path(name), 3).unwrap().len(), 4);
        }
        assert!(std::process::Command::new("mkfifo").arg(path("fifo")).status().unwrap().success());
        let _socket = std::os::unix::net::UnixListener::bind(path("socket")).unwrap();
        for other in [path("fifo"), path("socket"), folder.path().to_owned(), "/dev/zero".into(), path("none")] {
            assert!(read_plain(&other, 100).is_err(), "{}", other.display());
        }
        assert!(open_plain(OpenOptions::new().read(true), &path("link"), false).is_err());
    }

    #[test]
    fn an_added_file_replaces_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("inside").join("a.yaml");
        for text in ["one", "two", "three"] {
            add(&path, text.as_bytes()).unwrap();
        }
        let read = |name: &str| fs::read_to_string(path.with_file_name(name)).unwrap();
        assert_eq!([read("a.yaml"), read("a-2.yaml"), read("a-3.yaml")], ["one", "two", "three"]);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 3);
    }

    #[test]
    fn a_file_is_replaced_and_nothing_else_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("inside").join("a.yaml");
        replace(&path, b"one", Readers::Umask).unwrap();
        replace(&path, b"two", Readers::Umask).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn nothing_is_written_through_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let (path, other) = (folder.path().join("a.yaml"), folder.path().join("precious"));
        std::os::unix::fs::symlink(&other, folder.path().join("a.yaml.new")).unwrap();
        replace(&path, b"new", Readers::Umask).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert!(!other.exists());
    }

    #[test]
    fn a_file_that_cannot_be_replaced_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("taken");
        fs::create_dir_all(path.join("by a folder")).unwrap();
        assert!(replace(&path, b"new", Readers::Owner).is_err());
        assert!(path.join("by a folder").exists());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_private_file_is_private_whatever_its_permissions_were() {
        let folder = tempfile::tempdir().unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let (settings, log) = (folder.path().join("made/config.yaml"), folder.path().join("state/busker.log"));
        replace(&settings, b"", Readers::Owner).unwrap();
        open_log(&log).unwrap();
        fs::set_permissions(&log, Permissions::from_mode(0o666)).unwrap();
        open_log(&log).unwrap();
        for file in [settings, log] {
            assert_eq!((mode(&file), mode(file.parent().unwrap())), (0o600, 0o700), "{}", file.display());
        }
    }
}
