//! `busker takes show`: what is in a WAV file.

use super::{
    super::{Failure, Outcome, complain, print},
    Origin, is_held, open, read, shown,
};
use crate::wav::{Health, Wav};
use std::{io, path::PathBuf};

/// Chunks that are named; a file of more has been made to be one of more.
const CHUNKS_SHOWN: usize = 40;

/// Prints of each file what it is and what is wrong with it.
///
/// # Errors
/// A file that cannot be read or used; the others are shown. Or the output cannot be written.
pub(super) fn show(files: &[PathBuf]) -> Outcome {
    let mut unusable = 0;
    for path in files {
        let name = shown(path);
        let looked_at = || -> io::Result<(Wav, bool)> {
            let file = open(path, Origin::Named, false)?;
            let is_recording = is_held(file.try_lock_shared());
            Ok((read(&file)?, is_recording))
        };
        match looked_at() {
            Ok((wav, is_recording)) => {
                print(&text(&name, &wav, is_recording))?;
                unusable += usize::from(wav.health() == Health::Beyond);
            }
            Err(error) => {
                complain(&format!("{name} cannot be read: {error}"));
                unusable += 1;
            }
        }
    }
    match unusable {
        0 => Ok(()),
        _ => Err(Failure::asked(format!("{unusable} of {} files cannot be used", files.len()))),
    }
}

fn text(name: &str, wav: &Wav, is_recording: bool) -> String {
    let state = match wav.health() {
        _ if is_recording => "being recorded",
        Health::Sound => "sound",
        Health::NeedsRepair => "needs repair (busker takes repair FILE)",
        Health::Beyond => "cannot be used",
    };
    let mut lines = vec![format!("{name}: {state}")];
    if let Some(container) = wav.container {
        lines.push(format!("  {container}, {} bytes", wav.file_bytes));
    }
    lines.extend(wav.format.map(|format| {
        let form = if format.extensible { ", the longer form" } else { "" };
        format!("  {format}{form}")
    }));
    if let (Some(data), Some(frames), Some(seconds)) = (wav.data, wav.frames(), wav.seconds()) {
        lines.push(format!("  {seconds:.3} s of audio: {frames} frames from byte {}", data.start));
    }
    let chunks = wav.chunks.iter().take(CHUNKS_SHOWN);
    lines.extend(chunks.map(|chunk| format!("  chunk '{}' at byte {}, {} bytes", chunk.id, chunk.at, chunk.bytes)));
    if let Some(more) = wav.chunks.len().checked_sub(CHUNKS_SHOWN).filter(|more| *more > 0) {
        lines.push(format!("  and {more} more chunks"));
    }
    lines.extend(wav.findings.iter().map(|finding| format!("  - {finding}")));
    lines.join("\n")
}
