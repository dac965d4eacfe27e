//! `busker takes`: lists, shows, plays, edits, exports and repairs takes. Blocks on the disk.
//!
//! In the folder, only plain files are opened, no links; a file that the user names is opened wherever it is.

mod export;
mod list;
mod play;
mod remove;
mod rename;
mod repair;
mod show;
mod trim;
mod work;

use super::{Failure, Outcome, complain, print};
use crate::{
    config::{Folders, Settings, SettingsFile},
    takes::{NamedTake, NotUsable, TakeError, cache::Cache, in_several, meant, shown, time_of, wav_files},
    yaml::Fault,
};
use clap::{Args, Subcommand};
use std::{
    io,
    path::{Path, PathBuf},
};

/// Arguments of `busker takes`.
#[derive(Args, Debug)]
pub struct TakesArgs {
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, Subcommand)]
enum Act {
    /// List takes, newest first, and mark those that need repair
    List {
        /// The folder; by default, that of the settings or the music folder
        #[arg(long, value_name = "DIR")]
        folder: Option<PathBuf>,
        /// Measure the peak and loudness of takes not measured yet
        #[arg(long)]
        measure: bool,
    },
    /// Show the format, marks, levels and faults of WAV files
    Show {
        /// WAV files; a bare name is also searched in the recordings folder
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Play a take on the audio device; ctrl-c stops
    Play(play::PlayArgs),
    /// Repair the headers of interrupted recordings; only sizes in the header are written
    Repair {
        /// WAV files; by default, all of the folder that need repair
        #[arg(value_name = "FILE")]
        files: Vec<PathBuf>,
        /// The folder; by default, that of the settings or the music folder
        #[arg(long, value_name = "DIR", conflicts_with = "files")]
        folder: Option<PathBuf>,
        /// Only print what would be done
        #[arg(long)]
        dry_run: bool,
    },
    /// Make a new take from a part of a take, bit for bit; the old one is unchanged
    Trim {
        /// The take; a bare name is also searched in the recordings folder
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Start of the part, in seconds or as 1:23.5; by default, the beginning
        #[arg(long, value_name = "TIME", value_parser = time_of, required_unless_present = "to")]
        from: Option<f64>,
        /// End of the part; by default, the end
        #[arg(long, value_name = "TIME", value_parser = time_of)]
        to: Option<f64>,
        /// Its name; by default, the take's name with -trim
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
    },
    /// Rename a take and its .mid file
    Rename {
        /// The take
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Its new name; no other file may have it
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Move takes to .trash in their folder, or empty it
    Remove {
        /// The takes
        #[arg(value_name = "FILE", required_unless_present = "empty_trash")]
        files: Vec<PathBuf>,
        /// Delete the files in the trash of the folder
        #[arg(long, conflicts_with = "files")]
        empty_trash: bool,
        /// Confirm the deletion
        #[arg(long, requires = "empty_trash", conflicts_with = "files")]
        yes: bool,
        /// The folder; by default, that of the settings or the music folder
        #[arg(long, value_name = "DIR", requires = "empty_trash", conflicts_with = "files")]
        folder: Option<PathBuf>,
    },
    /// Export takes to WAV, FLAC or Ogg Vorbis
    Export(export::ExportArgs),
}

/// Runs the subcommand.
///
/// # Errors
/// A folder or file that is missing or cannot be read, a file that cannot be used or repaired; the others are done.
pub fn run(args: &TakesArgs) -> Outcome {
    match &args.act {
        Act::List { folder, measure } => list::list(&Recordings::of(folder.as_deref())?, *measure),
        Act::Show { files } => show::show(&found(files)),
        Act::Play(args) => play::play(&found_one(&args.file), args.device.clone()),
        Act::Repair { files, folder, dry_run } if files.is_empty() => {
            repair::folder(&usual_or(folder.as_deref())?, folder.is_some(), *dry_run)
        }
        Act::Repair { files, dry_run, .. } => repair::named(&found(files), *dry_run),
        Act::Trim { file, from, to, name } => trim::trim(&found_one(file), *from, *to, name.as_deref()),
        Act::Rename { file, name } => rename::rename(&found_one(file), name),
        Act::Remove { empty_trash: true, yes, folder, .. } => {
            remove::empty_trash(&usual_or(folder.as_deref())?, folder.is_some(), *yes)
        }
        Act::Remove { files, .. } => remove::remove(&found(files)),
        Act::Export(args) => export::export(args),
    }
}

/// The folder of recordings and the WAV files in it.
struct Recordings {
    folder: PathBuf,
    /// Newest first.
    files: Vec<PathBuf>,
}

impl Recordings {
    /// Those of the given folder, or of the folder for recordings, which may be missing.
    fn of(named: Option<&Path>) -> Result<Recordings, Failure> {
        let folder = usual_or(named)?;
        let files = there(&folder, named.is_some(), wav_files(&folder))?;
        Ok(Recordings { folder, files })
    }
}

/// The contents of a folder; empty if it is missing and was not given.
fn there<T>(folder: &Path, is_named: bool, read: io::Result<Vec<T>>) -> Result<Vec<T>, Failure> {
    match read {
        Err(error) if error.kind() == io::ErrorKind::NotFound && !is_named => Ok(Vec::new()),
        read => read.map_err(|error| Failure::asked(format!("{} cannot be read: {error}", shown(folder)))),
    }
}

/// The given folder, or the folder for recordings.
fn usual_or(named: Option<&Path>) -> Result<PathBuf, Failure> {
    if let Some(named) = named {
        return Ok(named.to_owned());
    }
    let settings =
        settings().map_err(|fault| Failure::asked(format!("{fault}; fix it, or name the folder with --folder")))?;
    Ok(settings.recordings.unwrap_or_else(|| Folders::of_user().music))
}

fn settings() -> Result<Settings, Fault> {
    Ok(SettingsFile::load(&Folders::of_user().settings_file())?.settings)
}

/// The folder where takes continue when their disk is full, from the settings.
fn second_folder() -> Option<PathBuf> {
    settings().ok()?.recorder.second_folder
}

/// The files of these names: existing paths, or bare names in the folder of recordings.
fn found(files: &[PathBuf]) -> Vec<PathBuf> {
    files.iter().map(|file| found_one(file)).collect()
}

fn found_one(file: &Path) -> PathBuf {
    in_recordings(file).unwrap_or_else(|| file.to_owned())
}

fn in_recordings(file: &Path) -> Option<PathBuf> {
    let is_bare = file.file_name() == Some(file.as_os_str());
    if !is_bare || file.symlink_metadata().is_ok() {
        return None;
    }
    let path = usual_or(None).ok()?.join(file);
    let found = NamedTake::found(&path, second_folder()).path;
    (meant(&found).is_some() || in_several(&found).is_some()).then_some(found)
}

/// The cache of measurements.
fn cache() -> Cache {
    Cache::new(Folders::of_user().verdicts())
}

/// The failure of an operation: its kind, and its sentence.
fn failure(path: &Path, what: &str, error: &TakeError) -> Failure {
    let text = format!("{} {what}: {error}", shown(path));
    match error {
        TakeError::Disk(_) | TakeError::Take(NotUsable::Stopped) => Failure::other(text),
        TakeError::Take(_) | TakeError::Asked(_) => Failure::asked(text),
    }
}

/// Runs an operation on each file, and prints the reason for each failure. A signal ends all of it.
fn each(files: &[PathBuf], what: &str, mut act: impl FnMut(&Path) -> Result<String, TakeError>) -> Outcome {
    let mut failures = Vec::new();
    for path in files {
        match act(path) {
            Ok(said) => print(&said)?,
            Err(error @ TakeError::Take(NotUsable::Stopped)) => return Err(failure(path, what, &error)),
            Err(error) => failures.push(failure(path, what, &error)),
        }
    }
    let Some(last) = failures.pop() else { return Ok(()) };
    let code = failures.iter().map(|failure| failure.code).chain([last.code]).max().unwrap_or(last.code);
    failures.iter().for_each(|failure| complain(&failure.text));
    Err(Failure { code, ..last })
}
