//! Makes a new take from a part of a take, bit for bit.

use super::{Progress, Take, TakeError, TakeEvent, fresh::Fresh, name::safe_name, take::NotUsable, time_text};
use crate::wav::{Depth, Encoding, Health, Mark, Notes, SamplesError, WavFile, WavFormat, WavShape};
use std::{
    io::{Read, Seek, SeekFrom},
    path::PathBuf,
};

/// Bytes that are copied at a time.
const COPY_BYTES: u64 = 1 << 20;

/// Makes a new take beside an old one, from one time to another, in seconds; without them from its beginning or to its
/// end. Its name is the old one with `-trim`, unless one is given, and with a number if it is taken. It has the old
/// one's texts, the marks between the times, and its own time reference.
///
/// # Errors
/// See [`TakeError`]; then no file is left, and the old one is never changed.
pub fn trim(
    take: &Take,
    from_s: Option<f64>,
    to_s: Option<f64>,
    name: Option<&str>,
    progress: &mut Progress<'_>,
) -> Result<PathBuf, TakeError> {
    let (format, frames) = take.audio()?;
    if take.wav.health() != Health::Sound {
        return Err(NotUsable::from(SamplesError::NeedsRepair).into());
    }
    let range = range(format, frames, from_s, to_s)?;
    let shape = WavShape { channels: format.channels, sample_rate_hz: format.sample_rate_hz, depth: depth(format)? };
    let stem = take.path.file_stem().unwrap_or_default().to_string_lossy();
    let name = match name {
        Some(name) => Some(safe_name(name)).filter(|name| !name.is_empty()),
        None => Some(format!("{stem}-trim")),
    };
    let name = name.ok_or_else(|| TakeError::Asked("no allowed character of the name is left".to_owned()))?;
    let notes = Notes::read(&mut &take.file, &take.wav).map_err(NotUsable::Disk)?;
    let mut origin = notes.origin;
    if let Some(origin) = &mut origin {
        origin.time_reference = origin.time_reference.saturating_add(range.0);
    }
    let fresh = Fresh::beside(&take.path.with_file_name(format!("{name}.wav")))?;
    let mut wav = WavFile::create(fresh.file(), shape, origin.as_ref())?;
    let (from, to) = range;
    if to - from > wav.room_frames() {
        return Err(TakeError::Asked("that would be more than 4 GiB: trim it into parts".to_owned()));
    }
    copy(take, &mut wav, range, progress)?;
    wav.finish(&marks(&notes.marks, range), &notes.info).1?;
    Ok(fresh.keep()?)
}

/// The first frame, and the frame after the last.
fn range(format: WavFormat, frames: u64, from_s: Option<f64>, to_s: Option<f64>) -> Result<(u64, u64), TakeError> {
    let rate_hz = f64::from(format.sample_rate_hz);
    let frame = |seconds: f64| (seconds * rate_hz).round() as u64;
    let (from, to) = (from_s.map_or(0, frame), to_s.map_or(frames, frame));
    let length = time_text(frames as f64 / rate_hz);
    match () {
        () if to > frames || from >= frames => Err(TakeError::Asked(format!("the take ends at {length}"))),
        () if from >= to => Err(TakeError::Asked("the range is empty: it must end after it begins".to_owned())),
        () => Ok((from, to)),
    }
}

fn depth(format: WavFormat) -> Result<Depth, TakeError> {
    match (format.encoding, format.bits) {
        (Encoding::Pcm, 16) => Ok(Depth::Int16),
        (Encoding::Pcm, 24) => Ok(Depth::Int24),
        (Encoding::Float, 32) => Ok(Depth::Float32),
        _ => Err(TakeError::Asked(format!(
            "{format}: this format cannot be trimmed; export the take first, and trim the export"
        ))),
    }
}

fn copy(
    take: &Take,
    wav: &mut WavFile<&std::fs::File>,
    (from, to): (u64, u64),
    progress: &mut Progress<'_>,
) -> Result<(), TakeError> {
    let frame_bytes = wav.shape().frame_bytes();
    let start = take.wav.data.map_or(0, |data| data.start);
    let mut old = &take.file;
    old.seek(SeekFrom::Start(start + from * frame_bytes))?;
    let block_frames = (COPY_BYTES / frame_bytes).max(1);
    let mut block = Vec::new();
    while wav.frames() < to - from {
        let frames = block_frames.min(to - from - wav.frames());
        block.resize((frames * frame_bytes) as usize, 0);
        old.read_exact(&mut block).map_err(NotUsable::Disk)?;
        wav.write(&block)?;
        if progress(wav.frames() as f64 / (to - from) as f64).is_break() {
            return Err(NotUsable::Stopped.into());
        }
    }
    Ok(())
}

/// The marks between two frames, relative to the first. For a gap that crosses an end, the part inside is marked.
fn marks(marks: &[Mark], (from, to): (u64, u64)) -> Vec<Mark> {
    let kept = |mark: &Mark| match TakeEvent::from(mark.label.as_str()) {
        TakeEvent::Gap { frames } => {
            let (begin, end) = (mark.frame.max(from), mark.frame.saturating_add(frames).min(to));
            let frames = end.checked_sub(begin).filter(|frames| *frames > 0)?;
            Some(Mark { frame: begin - from, label: TakeEvent::Gap { frames }.to_string() })
        }
        _ if (from..to).contains(&mark.frame) => Some(Mark { frame: mark.frame - from, label: mark.label.clone() }),
        _ => None,
    };
    marks.iter().filter_map(kept).collect()
}

#[cfg(test)]
mod tests {
    use super::{
        super::tests::{contents, folder, opened, sines},
        *,
    };
    use std::{fs, ops::ControlFlow};

    fn trimmed(take: &Take, from_s: Option<f64>, to_s: Option<f64>, name: Option<&str>) -> Result<PathBuf, TakeError> {
        trim(take, from_s, to_s, name, &mut |_| ControlFlow::Continue(()))
    }

    /// The bytes of the audio.
    fn audio(take: &Take) -> Vec<u8> {
        let data = take.wav.data.unwrap();
        fs::read(&take.path).unwrap()[data.start as usize..][..data.bytes as usize].to_vec()
    }

    #[test]
    fn the_trimmed_take_is_bit_identical() {
        for depth in [Depth::Int16, Depth::Int24, Depth::Float32] {
            let (folder, take) = folder(3, depth, &sines(3, 96_000, 0.7), &[]);
            let old = contents(folder.path());
            let made = opened(&trimmed(&take, Some(0.25), Some(1.5), None).unwrap());
            let frame_bytes = 3 * depth.bytes();
            assert!(audio(&made) == audio(&take)[12_000 * frame_bytes..72_000 * frame_bytes], "{depth}");
            assert_eq!(made.path, folder.path().join("jam-trim.wav"));
            assert_eq!(made.wav.health(), Health::Sound);
            let again = trimmed(&take, None, Some(1.0), None).unwrap();
            assert_eq!(again, folder.path().join("jam-trim-2.wav"));
            let named = trimmed(&take, Some(1.0), None, Some("../the/end")).unwrap();
            assert_eq!(named, folder.path().join("_the_end.wav"));
            assert_eq!(contents(folder.path()).len(), 4);
            assert!(contents(folder.path()).contains(&old[0]), "the old one is unchanged");
        }
    }

    #[test]
    fn marks_and_the_time_of_day_are_kept() {
        let marks = [
            (100, "before"),
            (40_000, "gap 9000 frames"),
            (48_000, "chorus"),
            (60_000, "xrun"),
            (95_000, "gap 2000 frames"),
            (96_000, "after"),
        ];
        let (_folder, take) = folder(2, Depth::Int24, &sines(2, 144_000, 0.5), &marks);
        let made = opened(&trimmed(&take, Some(1.0), Some(2.0), None).unwrap());
        let notes = Notes::read(&mut &made.file, &made.wav).unwrap();
        let marks: Vec<(u64, &str)> = notes.marks.iter().map(|mark| (mark.frame, mark.label.as_str())).collect();
        assert_eq!(marks, [(0, "gap 1000 frames"), (0, "chorus"), (12_000, "xrun"), (47_000, "gap 1000 frames")]);
        assert_eq!(notes.origin.unwrap().time_reference, 480_000 + 48_000);
        assert_eq!(notes.info.get(b"INAM"), Some("Friday"));
    }

    #[test]
    fn times_outside_the_take_are_refused_and_no_file_is_left() {
        let (folder, take) = folder(2, Depth::Int24, &sines(2, 48_000, 0.5), &[]);
        for (from_s, to_s, why) in [
            (Some(0.5), Some(1.1), "the take ends at 0:01.0"),
            (Some(1.0), None, "the take ends at 0:01.0"),
            (Some(0.5), Some(0.5), "the range is empty"),
            (Some(0.7), Some(0.5), "the range is empty"),
        ] {
            let refused = trimmed(&take, from_s, to_s, None).unwrap_err().to_string();
            assert!(refused.contains(why), "{refused}");
        }
        assert!(trimmed(&take, None, Some(0.5), Some("...")).is_err());
        let stopped = trim(&take, None, Some(0.5), None, &mut |_| ControlFlow::Break(()));
        assert!(matches!(stopped, Err(TakeError::Take(NotUsable::Stopped))));
        assert_eq!(contents(folder.path()).len(), 1);
    }
}
