//! `busker profiles import`: makes profiles from tables of controllers. Blocks on the disk.

use super::{
    super::{Failure, Outcome, complain, print},
    tell,
};
use crate::{files, profile::midi_guide, yaml::Fault};
use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

/// Maximum size of a table, in bytes: the midi.guide ones are under 100 KiB.
const TABLE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// Writes a profile for every synth of the tables, and reports everything that it could not use.
///
/// # Errors
/// A table that cannot be read or used, a profile that would replace another one; the rest is written. Or the folder or
/// the output cannot be written.
pub(super) fn import(tables: &[PathBuf], folder: &Path) -> Outcome {
    let (mut refused, mut written) = (0, 0);
    for path in tables {
        let file = path.display().to_string();
        let read = read(path).map_err(|message| Fault { file: file.clone(), line: None, path: String::new(), message });
        match read.and_then(|text| midi_guide::import(&file, &text)) {
            Ok(imported) => {
                tell(&imported.unused);
                tell(&imported.failed);
                refused += imported.failed.len();
                for made in &imported.made {
                    if write(made, folder)? { written += 1 } else { refused += 1 }
                }
                if imported.made.is_empty() && imported.failed.is_empty() {
                    complain(&format!("{file}: no usable row; no profile is created from it"));
                    refused += 1;
                }
            }
            Err(fault) => {
                tell(&[fault]);
                refused += 1;
            }
        }
    }
    let rest = if written > 0 { "the rest is written" } else { "nothing is written" };
    match refused {
        0 => Ok(()),
        1 => Err(Failure::asked(format!("one was refused; {rest}"))),
        _ => Err(Failure::asked(format!("{refused} were refused; {rest}"))),
    }
}

fn read(path: &Path) -> Result<String, String> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(TABLE_BYTES_MAX + 1).read_to_end(&mut bytes))
        .map_err(|error| format!("cannot be read: {error}"))?;
    if bytes.len() as u64 > TABLE_BYTES_MAX {
        return Err(format!("cannot be read: more than {TABLE_BYTES_MAX} bytes"));
    }
    String::from_utf8(bytes).map_err(|error| {
        let before = error.as_bytes().get(..error.utf8_error().valid_up_to()).unwrap_or_default();
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        format!("is not UTF-8 (line {line}): save it as UTF-8")
    })
}

/// False if another profile has the file name.
fn write(made: &midi_guide::GuideProfile, folder: &Path) -> Result<bool, Failure> {
    let path = folder.join(format!("{}.yaml", made.id));
    let shown = path.display();
    let unwritable = |error: io::Error| Failure::other(format!("{shown}: {error}"));
    match files::read_plain(&path, TABLE_BYTES_MAX) {
        Ok(there) if there == made.yaml.as_bytes() => {
            print(&format!("{shown}: {}, as it was", made.summary))?;
            return Ok(true);
        }
        Ok(_) => {
            complain(&format!("{shown} exists and differs; it is unchanged: move it away, or choose another --out"));
            return Ok(false);
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(unwritable(error)),
    }
    files::replace(&path, made.yaml.as_bytes(), files::Readers::Owner).map_err(unwritable)?;
    print(&format!("{shown}: {}", made.summary))?;
    Ok(true)
}
