//! `busker takes`: what was recorded, what a file is, and headers that an interrupted run left untrue. Blocks on the
//! disk.
//!
//! The folder's own files are opened and nothing a link leads to; a file that is named is opened wherever it is.

mod list;
mod play;
mod repair;
mod show;

use super::{Failure, Outcome};
use crate::{
    config::{Folders, Settings},
    stored,
    wav::{Finding, Severity, Wav},
    yaml::Fault,
};
use clap::{Args, Subcommand};
use rustix::fs::OFlags;
use std::{
    fs::{self, File, TryLockError},
    io::{self, BufReader},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    time::SystemTime,
};

/// Bytes that are read at once: headers are short.
const READ_BYTES: usize = 512;

/// What `busker takes` may be told.
#[derive(Args, Debug)]
pub struct TakesArgs {
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, Subcommand)]
enum Act {
    /// List the recordings, newest first, and mark those that need repair
    List {
        /// Their folder; without it, that of the settings or the music folder
        #[arg(long, value_name = "DIR")]
        folder: Option<PathBuf>,
    },
    /// Say what is in WAV files, and all that is wrong with them
    Show {
        /// WAV files
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Play a take on the audio device; ctrl-c stops
    Play(play::PlayArgs),
    /// Make headers true that an interrupted run left untrue; nothing but the header's sizes is written
    Repair {
        /// WAV files; without any, every one of the folder that needs it
        #[arg(value_name = "FILE")]
        files: Vec<PathBuf>,
        /// The folder; without it, that of the settings or the music folder
        #[arg(long, value_name = "DIR", conflicts_with = "files")]
        folder: Option<PathBuf>,
        /// Only say what would be done
        #[arg(long)]
        dry_run: bool,
    },
}

/// Does what was asked of the takes.
///
/// # Errors
/// A folder or file that is not there or cannot be read, a file that cannot be used or repaired; the others are done.
pub fn run(args: &TakesArgs) -> Outcome {
    match &args.act {
        Act::List { folder } => list::list(&Recordings::of(folder.as_deref())?),
        Act::Show { files } => show::show(files),
        Act::Play(args) => play::play(args),
        Act::Repair { files, folder, dry_run } if files.is_empty() => {
            repair::folder(&Recordings::of(folder.as_deref())?, *dry_run)
        }
        Act::Repair { files, dry_run, .. } => repair::named(files, *dry_run),
    }
}

/// The folder of recordings and the WAV files in it.
struct Recordings {
    folder: PathBuf,
    /// Newest first.
    files: Vec<PathBuf>,
}

impl Recordings {
    /// Those of a folder that was named, or of the one that recordings go to, which need not be there yet.
    fn of(named: Option<&Path>) -> Result<Recordings, Failure> {
        let folder = match named {
            Some(folder) => folder.to_owned(),
            None => usual_folder()?,
        };
        match wav_files(&folder) {
            Ok(files) => Ok(Recordings { folder, files }),
            Err(error) if error.kind() == io::ErrorKind::NotFound && named.is_none() => {
                Ok(Recordings { folder, files: Vec::new() })
            }
            Err(error) => Err(Failure::asked(format!("{} cannot be read: {error}", shown(&folder)))),
        }
    }
}

fn usual_folder() -> Result<PathBuf, Failure> {
    let folders = Folders::of_user();
    let settings: Settings = stored::load(&folders.settings_file()).map_err(|faults: Vec<Fault>| {
        let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
        let faults = faults.join("\nbusker: ");
        Failure::asked(format!("{faults}; mend that, or name the folder with --folder"))
    })?;
    Ok(settings.recordings.unwrap_or(folders.music))
}

/// The WAV files that lie in a folder itself. Links are left out, wherever they lead.
fn wav_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        let is_wav = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("wav"));
        // Neither asks where a link leads. A file that is gone meanwhile is no take.
        if let (true, Ok(metadata)) = (is_wav, entry.metadata())
            && metadata.is_file()
        {
            files.push((metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH), path));
        }
    }
    files.sort_by(|(time, path), (other_time, other)| other_time.cmp(time).then_with(|| path.cmp(other)));
    Ok(files.into_iter().map(|(_, path)| path).collect())
}

/// Where a file's name comes from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Origin {
    /// Somebody named it, and may name a link.
    Named,
    /// It was found in the folder as a file, which it must be still.
    Folder,
}

/// Opens a file, and nothing that is none: a FIFO would wait for ever.
fn open(path: &Path, origin: Origin, is_to_be_written: bool) -> io::Result<File> {
    let mut flags = OFlags::NONBLOCK;
    flags.set(OFlags::NOFOLLOW, origin == Origin::Folder);
    let file = File::options().read(true).write(is_to_be_written).custom_flags(flags.bits() as i32).open(path)?;
    match file.metadata()? {
        metadata if metadata.is_file() => Ok(file),
        metadata if metadata.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
        _ => Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no file")),
    }
}

fn read(file: &File) -> io::Result<Wav> {
    Wav::read(&mut BufReader::with_capacity(READ_BYTES, file))
}

/// Whether somebody holds the file's lock. Where the disk knows no locks nobody does.
fn is_held(lock: Result<(), TryLockError>) -> bool {
    matches!(lock, Err(TryLockError::WouldBlock))
}

/// Why nothing can be done with a file.
fn why_beyond(wav: &Wav) -> String {
    let beyond = wav.findings.iter().filter(|finding| finding.severity() == Severity::Beyond);
    beyond.map(Finding::to_string).collect::<Vec<_>>().join("; ")
}

/// A path that moves no cursor.
fn shown(path: &Path) -> String {
    let escaped = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
    path.display().to_string().chars().map(escaped).collect()
}
