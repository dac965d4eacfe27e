//! `busker takes`: what was recorded, what a file is and how it came out, and what can be made of it. Blocks on the disk.
//!
//! The folder's own files are opened and nothing a link leads to; a file that is named is opened wherever it is.

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
        /// Measure the peak and loudness of those that were not measured yet
        #[arg(long)]
        measure: bool,
    },
    /// Say what is in WAV files, how they came out, and all that is wrong with them
    Show {
        /// WAV files; a bare name is looked for in the folder of recordings, too
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
    /// Make a new take of a part of one, bit for bit; the old one stays as it is
    Trim {
        /// The take; a bare name is looked for in the folder of recordings, too
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Where the part begins, in seconds or as 1:23.5; without it, at the beginning
        #[arg(long, value_name = "TIME", value_parser = time_of, required_unless_present = "to")]
        from: Option<f64>,
        /// Where it ends; without it, at the end
        #[arg(long, value_name = "TIME", value_parser = time_of)]
        to: Option<f64>,
        /// Its name; without it, that of the take with -trim
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
    },
    /// Give a take another name, and the .mid beside it
    Rename {
        /// The take
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Its new name, which no other file has
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Put takes into the trash beside them, .trash, or empty that
    Remove {
        /// The takes
        #[arg(value_name = "FILE", required_unless_present = "empty_trash")]
        files: Vec<PathBuf>,
        /// Delete what lies in the trash of the folder
        #[arg(long, conflicts_with = "files")]
        empty_trash: bool,
        /// Really delete it
        #[arg(long, requires = "empty_trash", conflicts_with = "files")]
        yes: bool,
        /// The folder; without it, that of the settings or the music folder
        #[arg(long, value_name = "DIR", requires = "empty_trash", conflicts_with = "files")]
        folder: Option<PathBuf>,
    },
    /// Make files for others of takes: WAV, FLAC or Ogg Vorbis
    Export(export::ExportArgs),
}

/// Does what was asked of the takes.
///
/// # Errors
/// A folder or file that is not there or cannot be read, a file that cannot be used or repaired; the others are done.
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
    /// Those of a folder that was named, or of the one that recordings go to, which need not be there yet.
    fn of(named: Option<&Path>) -> Result<Recordings, Failure> {
        let folder = usual_or(named)?;
        let files = there(&folder, named.is_some(), wav_files(&folder))?;
        Ok(Recordings { folder, files })
    }
}

/// What a folder holds; nothing where it is not there and was not named.
fn there<T>(folder: &Path, is_named: bool, read: io::Result<Vec<T>>) -> Result<Vec<T>, Failure> {
    match read {
        Err(error) if error.kind() == io::ErrorKind::NotFound && !is_named => Ok(Vec::new()),
        read => read.map_err(|error| Failure::asked(format!("{} cannot be read: {error}", shown(folder)))),
    }
}

/// The folder that was named, or the one that recordings go to.
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

/// Where takes go on when their disk is full, as the settings say.
fn second_folder() -> Option<PathBuf> {
    settings().ok()?.recorder.second_folder
}

/// The files that are meant: those that are there, or those of a bare name in the folder of recordings.
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

/// What was measured before.
fn cache() -> Cache {
    Cache::new(Folders::of_user().verdicts())
}

/// Whose mistake it is that something was not done, and the sentence about it.
fn failure(path: &Path, what: &str, error: &TakeError) -> Failure {
    let text = format!("{} {what}: {error}", shown(path));
    match error {
        TakeError::Disk(_) | TakeError::Take(NotUsable::Stopped) => Failure::other(text),
        TakeError::Take(_) | TakeError::Asked(_) => Failure::asked(text),
    }
}

/// Does something to each file, and says of those where it failed why. A signal ends all of it.
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
