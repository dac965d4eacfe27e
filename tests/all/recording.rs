//! Recordings that are killed, and recordings on a full disk: the program itself, on real disks.

mod full;
mod killed;
mod tracks;
use crate::common::{outcome, program, served, terminal, within};
use std::{path::Path, process::Command};

const RATE_HZ: u64 = 48_000;

/// Frames by hound and by sox, which open the file unrepaired and agree.
fn frames(path: &Path) -> u64 {
    let by_hound = u64::from(hound::WavReader::open(path).unwrap().duration());
    let sox = Command::new("soxi").arg("-s").arg(path).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&sox.stderr), "", "{}", path.display());
    assert_eq!(String::from_utf8_lossy(&sox.stdout).trim(), by_hound.to_string(), "{}", path.display());
    by_hound
}

fn samples(path: &Path) -> Vec<i32> {
    hound::WavReader::open(path).unwrap().into_samples().map(Result::unwrap).collect()
}
