//! `busker takes show`: prints the structure and the verdict of a WAV file.

use super::{
    super::{Failure, Outcome, complain, print},
    cache,
    work::Work,
};
use crate::{
    takes::{NotUsable, Reach, Take, shown, time_text, why_unread},
    wav::{Health, Notes, Origin, Wav},
};
use std::{
    io,
    path::{Path, PathBuf},
};

/// Maximum chunks and marks that are printed; a real file has fewer.
const NAMED_MAX: usize = 40;

/// Prints for each file its format, its notes, its verdict and its faults.
///
/// # Errors
/// A file that cannot be read or used; the others are shown. Or the output cannot be written, or a signal ended it.
pub(super) fn show(files: &[PathBuf]) -> Outcome {
    let (cache, mut work) = (cache(), Work::begin()?);
    let mut unusable = 0;
    for path in files {
        let name = shown(path);
        let looked_at = || -> io::Result<(Take, Notes)> {
            let take = Take::open(path, Reach::Named)?;
            let notes = Notes::read(&mut &take.file, &take.wav)?;
            Ok((take, notes))
        };
        let (take, notes) = match looked_at() {
            Ok(looked_at) => looked_at,
            Err(error) => {
                complain(&format!("{name} cannot be read: {error}"));
                unusable += 1;
                continue;
            }
        };
        print(&text(&name, &take.wav, take.is_recording))?;
        print_all(&notes_text(&notes, &take.wav))?;
        unusable += usize::from(take.wav.health() == Health::Beyond || why_unread(&take.wav).is_some());
        if take.is_recording || take.wav.health() != Health::Sound || take.wav.frames().is_none() {
            continue;
        }
        match work.measured(&take, &name, &cache) {
            Ok(measured) => print_all(&measured.verdict.to_string().lines().map(str::to_owned).collect::<Vec<_>>())?,
            Err(NotUsable::Stopped) => return Err(Failure::other("stopped before the end")),
            Err(error) => print_all(&[format!("not measured: {error}")])?,
        }
    }
    match unusable {
        0 => Ok(()),
        _ => Err(Failure::asked(format!("{unusable} of {} files cannot be used", files.len()))),
    }
}

/// Prints the lines of a file.
fn print_all(lines: &[String]) -> Outcome {
    lines.iter().try_for_each(|line| print(&format!("  {}", shown(Path::new(line)))))
}

fn text(name: &str, wav: &Wav, is_recording: bool) -> String {
    let state = match wav.health() {
        _ if is_recording => "being recorded",
        Health::Sound if why_unread(wav).is_some() => "cannot be used",
        Health::Sound => "intact",
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
    let chunks = wav.chunks.iter().take(NAMED_MAX);
    lines.extend(chunks.map(|chunk| format!("  chunk '{}' at byte {}, {} bytes", chunk.id, chunk.at, chunk.bytes)));
    if let Some(more) = wav.chunks.len().checked_sub(NAMED_MAX).filter(|more| *more > 0) {
        lines.push(format!("  and {more} more chunks"));
    }
    lines.extend(wav.findings.iter().map(|finding| format!("  - {finding}")));
    lines.join("\n")
}

/// Its origin, its texts and its marks.
fn notes_text(notes: &Notes, wav: &Wav) -> Vec<String> {
    let rate_hz = wav.format.map_or(1.0, |format| f64::from(format.sample_rate_hz.max(1)));
    let mut lines: Vec<String> = notes.origin.iter().map(|origin| origin_text(origin, rate_hz)).collect();
    lines.extend(notes.info.0.iter().map(|(id, text)| format!("{} {}", text_name(id), text.trim())));
    let marks = notes.marks.iter().take(NAMED_MAX);
    lines.extend(marks.map(|mark| format!("mark {}  {}", time_text(mark.frame as f64 / rate_hz), mark.label)));
    if let Some(more) = notes.marks.len().checked_sub(NAMED_MAX).filter(|more| *more > 0) {
        lines.push(format!("and {more} more markers"));
    }
    lines
}

fn origin_text(origin: &Origin, rate_hz: f64) -> String {
    let who = [&origin.originator, &origin.description].map(|text| text.trim());
    let who = who.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(", ");
    let seconds = (origin.time_reference as f64 / rate_hz) as u64;
    let (hours, minutes) = (seconds / 3_600, seconds / 60 % 60);
    let begins = format!("{hours:02}:{minutes:02}:{:02} of the day, sample {}", seconds % 60, origin.time_reference);
    format!("from {who}, {} {}; its first frame is at {begins}", origin.date, origin.time)
}

/// The name of a text chunk, from its four letters.
fn text_name(id: &[u8; 4]) -> String {
    match id {
        b"ISFT" => "made by".to_owned(),
        b"ICRD" => "on".to_owned(),
        b"ICMT" => "note".to_owned(),
        b"INAM" => "title".to_owned(),
        other => other.escape_ascii().to_string(),
    }
}
