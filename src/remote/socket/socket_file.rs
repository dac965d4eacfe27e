//! The socket's path and its owner. Called on the main thread, before and after a station runs.
//!
//! A lock beside it shows whether a station has it: the file of a killed station is taken over, and that of a running
//! one never. No other user can open it: mode 0600, and made in a folder that is only its owner's until it has that.

use crate::files::open_plain;
use rustix::fs::{FlockOperation, flock};
use std::{
    fs::{self, DirBuilder, File, OpenOptions, Permissions},
    io::{self, ErrorKind},
    os::unix::{
        fs::{DirBuilderExt, FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt},
        net::{SocketAddr, UnixListener},
    },
    path::{Path, PathBuf},
};

/// The folder for everybody's temporary files.
const EVERYBODYS: &str = "/tmp";
/// How a user's own folder there begins; their number follows.
const OWN: &str = "busker-";

/// The socket's file, taken. Dropped, it is free again.
#[derive(Debug)]
pub struct SocketFile {
    path: PathBuf,
    /// Device and inode of the socket: the file there may be another's by now.
    made: (u64, u64),
    /// Held as long as the socket is.
    _lock: File,
}

/// Why the socket could not be had.
#[derive(Debug, thiserror::Error)]
pub enum SocketFileError {
    /// A running station has it.
    #[error("a station is already running at {}", .0.display())]
    Taken(PathBuf),
    /// The system refuses.
    #[error("{} cannot be used: {why}", path.display())]
    Refused {
        /// The file.
        path: PathBuf,
        /// The system's error.
        why: io::Error,
    },
}

/// The socket's path where no flag gives it: `$BUSKER_SOCKET`, else in a folder of this user's own among the temporary
/// files. Not in `$XDG_RUNTIME_DIR`: the system removes that when the user's last session ends, and a station whose SSH
/// line broke must be found again.
pub fn of_user() -> PathBuf {
    match std::env::var_os("BUSKER_SOCKET").filter(|named| !named.is_empty()) {
        Some(named) => named.into(),
        None => Path::new(EVERYBODYS).join(format!("{OWN}{}", rustix::process::getuid().as_raw())).join("busker.sock"),
    }
}

impl SocketFile {
    /// Takes the path, and listens there.
    ///
    /// # Errors
    /// A running station has it, or the system refuses.
    pub fn take(path: &Path) -> Result<(SocketFile, UnixListener), SocketFileError> {
        let refused = |why| SocketFileError::Refused { path: path.to_owned(), why };
        // A socket with too long a name could be made, but no client could connect to it.
        SocketAddr::from_pathname(path).map_err(refused)?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        own_folder(folder).map_err(refused)?;
        let mut how = OpenOptions::new();
        let how = how.create(true).truncate(false).write(true).mode(0o600);
        let lock = open_plain(how, &path.with_extension("lock"), true).map_err(refused)?;
        match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => return Err(SocketFileError::Taken(path.to_owned())),
            Err(error) => return Err(refused(error.into())),
        }
        let (listener, made) = listen(path, folder).map_err(refused)?;
        Ok((SocketFile { path: path.to_owned(), made, _lock: lock }, listener))
    }

    /// The socket's file.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        // The lock's file stays: a station that waits for it must find the same one.
        if fs::symlink_metadata(&self.path).is_ok_and(|found| (found.dev(), found.ino()) == self.made) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Makes the folder where it is missing.
fn own_folder(folder: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            DirBuilder::new().mode(0o700).recursive(true).create(folder)?;
        }
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    check_folder(folder)
}

/// Checks that a folder among everybody's temporary files belongs to this user alone: another user could have made it,
/// and a socket in it.
///
/// # Errors
/// It does not, or there is none.
pub(super) fn check_folder(folder: &Path) -> io::Result<()> {
    let name = folder.file_name().unwrap_or_default().as_encoded_bytes();
    if folder.parent() == Some(Path::new(EVERYBODYS)) && name.starts_with(OWN.as_bytes()) {
        let found = fs::symlink_metadata(folder)?;
        let is_own = found.is_dir() && found.uid() == rustix::process::getuid().as_raw() && found.mode() & 0o077 == 0;
        if !is_own {
            return Err(io::Error::new(ErrorKind::PermissionDenied, "its folder is accessible to other users"));
        }
    }
    Ok(())
}

/// Why other users may get between this user and a socket that was named, where they may. The default path is refused
/// then; a user who names another one may share a folder on purpose. The client checks the user id of the listening
/// process before it sends anything, so no command goes to another user.
pub fn doubt(path: &Path) -> Option<String> {
    let (uid, gid) = (rustix::process::getuid().as_raw(), rustix::process::getgid().as_raw());
    let is_others = |owner: u32| owner != uid && owner != 0;
    let who_writes = |found: &fs::Metadata| found.mode() & if found.gid() == gid { 0o002 } else { 0o022 } != 0;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let socket = fs::symlink_metadata(path).ok().filter(|found| found.file_type().is_socket());
    // With the sticky bit, as in /tmp, users move and remove only their own files.
    let is_open = |found: &fs::Metadata| who_writes(found) && found.mode() & 0o1000 == 0;
    // A user who may write to a folder above may put another one in the place of this one.
    let above = folder.canonicalize().ok()?;
    let open_above = || above.ancestors().skip(1).find(|above| fs::metadata(above).is_ok_and(|found| is_open(&found)));
    let why = match (fs::metadata(folder).ok()?, socket) {
        (found, _) if is_others(found.uid()) => format!("its folder belongs to user {}", found.uid()),
        (found, _) if is_open(&found) => "others may write to its folder".to_owned(),
        (_, Some(found)) if is_others(found.uid()) => format!("it belongs to user {}", found.uid()),
        (_, Some(found)) if who_writes(&found) => "others may connect to it".to_owned(),
        _ => format!("others may write to {}", open_above()?.display()),
    };
    let path = path.display();
    Some(format!("{path} is used as named, but {why}: other users could block the station or play it"))
}

/// Listens; returns the socket with its device and inode.
fn listen(path: &Path, folder: &Path) -> io::Result<(UnixListener, (u64, u64))> {
    if fs::symlink_metadata(path).is_ok_and(|found| !found.file_type().is_socket()) {
        return Err(io::Error::new(ErrorKind::AlreadyExists, "an existing file there is not a socket; it is kept"));
    }
    // 0700: no other user gets at the socket before it is 0600.
    let making = tempfile::Builder::new().prefix(".busker").tempdir_in(folder)?;
    let made = making.path().join("s");
    let listener = UnixListener::bind(&made)?;
    fs::set_permissions(&made, Permissions::from_mode(0o600))?;
    let found = fs::symlink_metadata(&made)?;
    fs::rename(&made, path)?;
    Ok((listener, (found.dev(), found.ino())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixStream;

    #[test]
    fn only_one_station_has_the_path_and_the_file_of_a_killed_one_is_taken_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deeper/busker.sock");
        let (place, listener) = SocketFile::take(&path).unwrap();
        assert!(matches!(SocketFile::take(&path), Err(SocketFileError::Taken(_))));
        UnixStream::connect(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        drop((place, listener));
        assert!(!path.exists());
        // A killed station's: the file is there, and no process has the lock.
        drop(UnixListener::bind(&path).unwrap());
        let (_place, _listener) = SocketFile::take(&path).unwrap();
        UnixStream::connect(&path).unwrap();
    }

    #[test]
    fn a_socket_or_file_of_another_user_is_never_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("busker.sock");
        let (first, _listener) = SocketFile::take(&path).unwrap();
        // A cleaner took both files away, and another station began there.
        fs::remove_file(&path).unwrap();
        fs::remove_file(path.with_extension("lock")).unwrap();
        let (_second, _listener) = SocketFile::take(&path).unwrap();
        drop(first);
        UnixStream::connect(&path).unwrap();

        let notes = folder.path().join("notes.txt");
        fs::write(&notes, "words").unwrap();
        assert!(matches!(SocketFile::take(&notes), Err(SocketFileError::Refused { .. })));
        assert_eq!(fs::read_to_string(&notes).unwrap(), "words");
    }

    #[test]
    fn a_named_socket_that_others_can_get_at_is_doubted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("busker.sock");
        let (_place, _listener) = SocketFile::take(&path).unwrap();
        let mode = |of: &Path, mode: u32| fs::set_permissions(of, Permissions::from_mode(mode)).unwrap();
        for (of_folder, of_socket, why) in [
            (0o700, 0o600, None),
            (0o755, 0o600, None),
            (0o1777, 0o600, None),
            (0o777, 0o600, Some("write to its folder")),
            (0o700, 0o666, Some("connect to it")),
        ] {
            mode(&path, of_socket);
            mode(folder.path(), of_folder);
            let doubt = doubt(&path);
            assert_eq!(doubt.is_some(), why.is_some(), "{doubt:?}");
            assert!(doubt.unwrap_or_default().contains(why.unwrap_or_default()));
        }
    }

    #[test]
    fn a_folder_that_others_can_replace_is_doubted() {
        let above = tempfile::tempdir().unwrap();
        let path = above.path().join("own/busker.sock");
        let (_place, _listener) = SocketFile::take(&path).unwrap();
        assert_eq!(doubt(&path), None);
        fs::set_permissions(above.path(), Permissions::from_mode(0o777)).unwrap();
        assert!(doubt(&path).unwrap().contains(&format!("write to {}", above.path().display())));
    }

    #[test]
    fn a_lock_that_is_a_pipe_makes_no_station_wait() {
        let folder = tempfile::tempdir().unwrap();
        let made = std::process::Command::new("mkfifo").arg(folder.path().join("busker.lock")).status().unwrap();
        assert!(made.success());
        assert!(matches!(SocketFile::take(&folder.path().join("busker.sock")), Err(SocketFileError::Refused { .. })));
    }

    #[test]
    fn a_path_that_cannot_be_used_is_refused_with_its_reason() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("file"), "").unwrap();
        let error = SocketFile::take(&folder.path().join("file/busker.sock")).unwrap_err();
        assert!(matches!(error, SocketFileError::Refused { .. }), "{error}");
        // A name longer than a socket's may be.
        let error = SocketFile::take(&folder.path().join("x".repeat(120))).unwrap_err();
        assert!(matches!(error, SocketFileError::Refused { .. }), "{error}");
    }
}
