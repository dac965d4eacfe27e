//! `busker takes list`: what was recorded.

use super::{
    super::{Outcome, print, profiles::columns},
    Origin, Recordings, is_held, open, read, shown, why_beyond,
};
use crate::wav::{Encoding, Health, Wav};
use std::{io, path::Path};

/// Prints a line a take, newest first: name, length, channels, bits, rate, size, and what is to be said of it.
///
/// # Errors
/// Where the output cannot be written. A file that cannot be read is a line that says so.
pub(super) fn list(recordings: &Recordings) -> Outcome {
    if recordings.files.is_empty() {
        return print(&format!("no takes in {}", shown(&recordings.folder)));
    }
    let head = ["take", "length", "channels", "bits", "rate", "size", ""].map(str::to_owned);
    let rows = recordings.files.iter().map(|path| {
        let name = shown(Path::new(path.file_name().unwrap_or_default()));
        row(path, &name).unwrap_or_else(|error| {
            let [a, b, c, d, e] = std::array::from_fn(|_| String::new());
            [name, a, b, c, d, e, format!("cannot be read: {error}")]
        })
    });
    let rows: Vec<[String; 7]> = [head].into_iter().chain(rows).collect();
    print(&columns(&rows))
}

fn row(path: &Path, name: &str) -> io::Result<[String; 7]> {
    let file = open(path, Origin::Folder, false)?;
    let is_recording = is_held(file.try_lock_shared());
    let wav = read(&file)?;
    let of_format = |text: fn(&Wav) -> Option<String>| text(&wav).unwrap_or_default();
    let state = match wav.health() {
        _ if is_recording => "being recorded".to_owned(),
        Health::Sound => String::new(),
        Health::NeedsRepair => "needs repair".to_owned(),
        Health::Beyond => why_beyond(&wav),
    };
    Ok([
        name.to_owned(),
        wav.seconds().map(length).unwrap_or_default(),
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
        state,
    ])
}

/// Minutes and seconds.
fn length(seconds: f64) -> String {
    let tenths = (seconds * 10.0) as u64;
    format!("{}:{:02}.{}", tenths / 600, tenths / 10 % 60, tenths % 10)
}
