//! `busker profiles`: lists, shows and checks profiles, and imports tables.

mod check;
mod import;
mod list;
mod show;

use super::{Outcome, complain};
use crate::{
    config::Folders,
    profile::{Library, ProfileScan},
    yaml::Fault,
};
use clap::{Args, Subcommand};
use std::{io::Write, path::PathBuf};

/// Arguments of `busker profiles`.
#[derive(Args, Debug)]
pub struct ProfilesArgs {
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, Subcommand)]
enum Act {
    /// List the built-in profiles and those of your folder and settings
    List,
    /// Show a profile's parameters and their sources
    Show {
        /// A profile, like korg_nts1_mk2
        id: String,
    },
    /// Check profile files and print every fault
    Check {
        /// Profiles, as YAML
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Create profiles from tables in the midi.guide format
    Import {
        /// Tables, as CSV; one may hold several synths
        #[arg(required = true, value_name = "CSV")]
        files: Vec<PathBuf>,
        /// The folder for the profiles; by default, your profiles folder
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
}

/// Runs the subcommand.
///
/// # Errors
/// A missing profile, a file with faults, a file that cannot be read or written.
pub fn run(args: &ProfilesArgs) -> Outcome {
    let folder = Folders::of_user().profiles();
    match &args.act {
        Act::List => list::list(&library()),
        Act::Show { id } => show::show(&library(), id),
        Act::Check { files } => check::check(files),
        Act::Import { files, out } => import::import(files, out.as_deref().unwrap_or(&folder)),
    }
}

/// All profiles; the faults of the user's are printed, and the others are used.
fn library() -> Library {
    let ProfileScan { library, faults, .. } = ProfileScan::first(Folders::of_user().profile_places());
    for fault in faults {
        complain(&format!("{fault}; the profile is ignored"));
    }
    library
}

/// Prints faults to the standard error, each on a line that begins with its file, as editors read them.
fn tell(faults: &[Fault]) {
    let mut err = std::io::stderr().lock();
    for fault in faults {
        // A closed terminal shows no message.
        let _ = writeln!(err, "{fault}");
    }
}

/// Rows as text: columns as wide as their widest cell, two spaces apart.
pub(super) fn columns<const N: usize>(rows: &[[String; N]]) -> String {
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..N).map(|column| width(column).unwrap_or_default()).collect();
    let mut text = String::new();
    for row in rows {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    text
}
