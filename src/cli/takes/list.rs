//! `busker takes list`: lists takes.

use super::{
    super::{Failure, Outcome, print, profiles::columns},
    Recordings, cache,
    work::Work,
};
use crate::{
    takes::{Measurement, NotUsable, Reach, Take, cache::Cache, shown, time_text, why_beyond, why_unread},
    wav::{Encoding, Health, Wav},
};
use std::{io, path::Path};

/// Prints a line for each take, newest first: name, length, channels, bits, rate, size, peak and loudness if they were
/// measured, and its faults.
///
/// # Errors
/// The output cannot be written, or a signal ended the measuring. A file that cannot be read has a line with the
/// reason.
pub(super) fn list(recordings: &Recordings, is_to_measure: bool) -> Outcome {
    if recordings.files.is_empty() {
        return print(&format!("no takes in {}", shown(&recordings.folder)));
    }
    let cache = cache();
    if is_to_measure {
        measure_missing(recordings, &cache)?;
    }
    let head = ["take", "length", "channels", "bits", "rate", "size", "peak", "loudness", ""].map(str::to_owned);
    let rows = recordings.files.iter().map(|path| {
        row(path, &cache).unwrap_or_else(|error| {
            let mut row = [const { String::new() }; 9];
            [row[0], row[8]] = [name(path), format!("cannot be read: {error}")];
            row
        })
    });
    let rows: Vec<[String; 9]> = [head].into_iter().chain(rows).collect();
    print(&columns(&rows))
}

fn name(path: &Path) -> String {
    shown(Path::new(path.file_name().unwrap_or_default()))
}

fn row(path: &Path, cache: &Cache) -> io::Result<[String; 9]> {
    let Take { wav, is_recording, .. } = Take::open(path, Reach::Folder)?;
    let of_format = |text: fn(&Wav) -> Option<String>| text(&wav).unwrap_or_default();
    let state = match wav.health() {
        _ if is_recording => "being recorded".to_owned(),
        Health::Sound => why_unread(&wav).unwrap_or_default(),
        Health::NeedsRepair => "needs repair".to_owned(),
        Health::Beyond => why_beyond(&wav),
    };
    let verdict = cache.get(path).map(|Measurement { verdict, .. }| verdict);
    Ok([
        name(path),
        wav.seconds().map(time_text).unwrap_or_default(),
        of_format(|wav| Some(wav.format?.channels.to_string())),
        of_format(|wav| {
            let format = wav.format?;
            Some(match format.encoding {
                Encoding::Pcm => format.bits.to_string(),
                other => format!("{} {other}", format.bits),
            })
        }),
        of_format(|wav| Some(format!("{} Hz", wav.format?.sample_rate_hz))),
        format!("{:.1} MB", wav.file_bytes as f64 / 1e6),
        verdict
            .as_ref()
            .map(|it| it.peak_dbfs.map_or("silence".to_owned(), |peak| format!("{peak:.1} dBFS")))
            .unwrap_or_default(),
        verdict.and_then(|it| Some(format!("{:.1} LUFS", it.loudness_lufs?))).unwrap_or_default(),
        state,
    ])
}

/// Measures takes that were not measured. The line of a take shows if it cannot be.
fn measure_missing(recordings: &Recordings, cache: &Cache) -> Outcome {
    let mut work = Work::begin()?;
    for path in &recordings.files {
        let Ok(take) = Take::open_whole(path, Reach::Folder) else { continue };
        if let Err(NotUsable::Stopped) = work.measured(&take, &name(path), cache) {
            return Err(Failure::other("stopped; the measurements so far are kept"));
        }
    }
    Ok(())
}
