//! One file of a take, and those it goes on in: samples from the buffer, silence where they are gone, and a header on
//! the disk that agrees with both. The disk writer's.

use super::{ORIGINATOR, Shared, TakeNews, TakeOrder, WallClock, names};
use crate::{
    config::recorder::FileOf,
    takes::TakeEvent,
    wav::{Encoder, Info, Mark, Origin, WavFile, WavShape},
};
use jiff::ToSpan;
use std::{
    fs::{self, File},
    io,
    os::{fd::AsRawFd, unix::fs::MetadataExt},
    path::{Path, PathBuf},
};

/// Samples written at once: a piece of this size is read, encoded and copied within the processor's cache. With 32
/// channels that takes a quarter of the time of larger pieces.
const PIECE_SAMPLES: usize = 32_768;
/// Pieces shorter than this are not written while more is to come.
const LEAST_SECONDS: f64 = 0.1;
/// How much audio may be written before the header counts it and all is brought to the disk. With the waits of the
/// writer a power cut takes less than a second, and an SD card writes its blocks and the header's page hardly more than
/// once a second.
const TRUE_EVERY_SECONDS: f64 = 0.7;
/// The same for a file that is behind, which is only brought to the disk: while it waits for that it cannot write.
const SYNC_BEHIND_SECONDS: f64 = 8.0;

/// One file at a time of a take.
pub(super) struct TakeFile {
    of: FileOf,
    /// Its channels in the buffer.
    channels: Vec<usize>,
    file: Option<OpenFile>,
    stem: String,
    part: u32,
    folder: PathBuf,
    next_frame: i64,
    end_frame: Option<i64>,
    last_sound_frame: i64,
    marks: Vec<(i64, String)>,
    encoder: Encoder,
    samples: Vec<f32>,
    bytes: Vec<u8>,
}

struct OpenFile {
    path: PathBuf,
    wav: WavFile<File>,
    first_frame: i64,
    /// The frame at which it goes on in another file.
    split_frame: i64,
    gap_frames: u64,
    /// Frames its header does not count.
    untold_frames: u64,
    /// Frames that are safe on the disk.
    synced_frames: u64,
}

impl TakeFile {
    /// A file that begins with this frame.
    pub(super) fn new(
        order: &TakeOrder,
        stem: &str,
        (of, shared): (&FileOf, &Shared<'_>),
        begun: names::NewFile,
        first_frame: i64,
        seed: u64,
    ) -> TakeFile {
        let mut file = TakeFile {
            of: of.clone(),
            channels: shared.capture.channels(&of.taps).unwrap_or_default(),
            file: None,
            stem: stem.to_owned(),
            part: 1,
            folder: begun.0.parent().map_or_else(PathBuf::new, PathBuf::from),
            next_frame: first_frame,
            end_frame: order.end_frame,
            last_sound_frame: first_frame,
            marks: order.marks.clone(),
            encoder: Encoder::new(order.depth, order.dither, seed),
            samples: Vec::new(),
            bytes: Vec::new(),
        };
        file.open(order, begun);
        file
    }

    pub(super) fn end_before(&mut self, frame: i64) {
        self.end_frame = Some(frame);
    }

    pub(super) fn mark(&mut self, frame: i64, label: String) {
        self.marks.push((frame, label));
    }

    /// The last frame that was as loud as a sound, or the first.
    pub(super) fn last_sound_frame(&self) -> i64 {
        self.last_sound_frame
    }

    /// The next frame to write.
    pub(super) fn next_frame(&self) -> i64 {
        self.next_frame
    }

    /// The oldest frame that it still needs.
    pub(super) fn needs(&self) -> Option<i64> {
        let is_written = self.end_frame.is_some_and(|end| end <= self.next_frame);
        (!self.is_over() && !is_written).then_some(self.next_frame)
    }

    pub(super) fn is_over(&self) -> bool {
        self.file.is_none()
    }

    /// Goes on in a file that was begun.
    fn open(&mut self, order: &TakeOrder, (path, wav): names::NewFile) {
        let room = order.split_frames.unwrap_or(u64::MAX).min(wav.room_frames());
        let split_frame = self.next_frame.saturating_add_unsigned(room);
        self.file = Some(OpenFile {
            path,
            wav,
            first_frame: self.next_frame,
            split_frame,
            gap_frames: 0,
            untold_frames: 0,
            synced_frames: 0,
        });
    }

    /// Makes the file it goes on in: this part of the take, or the first number that is free.
    fn create_part(&self, order: &TakeOrder, folder: &Path) -> io::Result<(names::NewFile, u32)> {
        let begin = |file| begin(order, &self.of, self.next_frame, file);
        names::create_part(folder, &self.stem, &self.of.suffix, self.part, begin)
    }

    /// Writes a piece of the frames that are there, at most up to a frame. True where there may be more.
    pub(super) fn write(&mut self, order: &TakeOrder, up_to: Option<i64>, shared: &Shared<'_>) -> bool {
        let Some(file) = &self.file else { return false };
        let held = shared.capture.held();
        let end = self.end_frame.map_or(held.end, |end| end.min(held.end)).min(file.split_frame);
        let is_end = self.end_frame.is_some_and(|last| end >= last) || end == file.split_frame;
        let end = up_to.map_or(end, |up_to| end.min(up_to));
        let there = end - self.next_frame;
        if there <= 0 {
            return is_end && self.close_or_go_on(order, shared);
        }
        if !is_end && Some(end) != up_to && (there as u64) < order.frames(LEAST_SECONDS) {
            return false;
        }
        let lost = (held.start - self.next_frame).min(there);
        let written = if lost > 0 {
            // It gives up some more, so that the next piece is not overwritten at once.
            let spare = (shared.capture.frames() / 8) as i64;
            self.write_silence((lost + spare).min(there), shared, order)
        } else {
            self.write_samples((there as usize).min(self.piece_frames()), order, shared)
        };
        let is_behind = end - self.next_frame > order.frames(LEAST_SECONDS) as i64;
        if let Err(error) = written.and_then(|()| self.tell_truth(is_behind, order)) {
            self.refused(order, shared, &error);
        }
        true
    }

    fn piece_frames(&self) -> usize {
        (PIECE_SAMPLES / self.channels.len().max(1)).max(1)
    }

    fn write_samples(&mut self, frames: usize, order: &TakeOrder, shared: &Shared<'_>) -> io::Result<()> {
        if !shared.capture.read(self.next_frame, frames, &self.channels, &mut self.samples) {
            // Overwritten meanwhile: the next look finds the gap.
            return Ok(());
        }
        if order.silence_frames.is_some()
            && let Some(at) = self.samples.iter().rposition(|sample| sample.abs() >= order.threshold)
        {
            self.last_sound_frame = self.next_frame + (at / self.channels.len().max(1)) as i64;
        }
        self.write_encoded()
    }

    fn write_silence(&mut self, frames: i64, shared: &Shared<'_>, order: &TakeOrder) -> io::Result<()> {
        let label = TakeEvent::Gap { frames: frames as u64 }.to_string();
        self.marks.push((self.next_frame, label));
        if let Some(file) = &mut self.file {
            file.gap_frames += frames as u64;
        }
        shared.report(TakeNews::Gap { take: order.take, frames: frames as u64 });
        let end = self.next_frame + frames;
        while self.next_frame < end {
            let piece = ((end - self.next_frame) as usize).min(self.piece_frames());
            self.samples.clear();
            self.samples.resize(piece * self.channels.len(), 0.0);
            self.write_encoded()?;
        }
        Ok(())
    }

    fn write_encoded(&mut self) -> io::Result<()> {
        let Some(file) = &mut self.file else { return Ok(()) };
        self.encoder.encode_over(&self.samples, &mut self.bytes);
        let before = file.wav.frames();
        let written = file.wav.write(&self.bytes);
        let frames = file.wav.frames() - before;
        self.next_frame += frames as i64;
        file.untold_frames += frames;
        written
    }

    /// Has the header count the frames written, now and then, and brings all to the disk.
    fn tell_truth(&mut self, is_behind: bool, order: &TakeOrder) -> io::Result<()> {
        let Some(file) = &mut self.file else { return Ok(()) };
        if file.untold_frames < order.frames(TRUE_EVERY_SECONDS) {
            return Ok(());
        }
        file.untold_frames = 0;
        let marks = marks_of(&self.marks, file.first_frame, self.next_frame);
        file.wav.make_true(&marks)?;
        let unsynced = file.wav.frames() - file.synced_frames;
        if is_behind && unsynced < order.frames(SYNC_BEHIND_SECONDS) {
            return Ok(());
        }
        file.wav.file().sync_data()?;
        is_there(file.wav.file())?;
        file.synced_frames = file.wav.frames();
        Ok(())
    }

    /// Closes the file that is full or at its end. True where another goes on.
    fn close_or_go_on(&mut self, order: &TakeOrder, shared: &Shared<'_>) -> bool {
        let Some(file) = self.file.take() else { return false };
        let goes_on = self.end_frame.is_none_or(|end| end > file.split_frame);
        self.close(order, shared, file);
        if goes_on {
            self.part += 1;
            match self.create_part(order, &self.folder) {
                Ok((begun, part)) => {
                    self.part = part;
                    self.open(order, begun);
                }
                Err(error) => self.go_on_elsewhere(order, shared, self.folder.clone(), 0, &error),
            }
        }
        goes_on
    }

    /// Completes and closes a file; returns its path. Without room for its last chunks it is still a whole file: the
    /// audio counts.
    fn shut(&self, order: &TakeOrder, file: OpenFile) -> io::Result<PathBuf> {
        let path = file.path;
        let end = file.first_frame + file.wav.frames() as i64;
        let marks = marks_of(&self.marks, file.first_frame, end);
        let (file, finished) = file.wav.finish(&marks, &info(order, file.first_frame));
        let synced = file.sync_all().and_then(|()| is_there(&file)).and_then(|()| place(&file, &path));
        // Closing it is not enough: a process that is being started holds the lock until its program runs.
        let _ = file.unlock();
        match finished {
            Err(error) if !has_no_room(&error) => Err(error),
            _ => synced,
        }
    }

    fn close(&mut self, order: &TakeOrder, shared: &Shared<'_>, file: OpenFile) {
        let (take, path, frames, gap_frames) = (order.take, file.path.clone(), file.wav.frames(), file.gap_frames);
        let synced_frames = file.synced_frames;
        shared.report(match self.shut(order, file) {
            Ok(path) => TakeNews::Finished { take, path, frames, gap_frames },
            Err(error) => {
                let frames = if is_removed(&error) { 0 } else { synced_frames };
                TakeNews::Failed { take, path, frames, reason: reason(&error), goes_on: None }
            }
        });
    }

    /// The disk refused: closes the file, and the rest goes to the second folder.
    fn refused(&mut self, order: &TakeOrder, shared: &Shared<'_>, error: &io::Error) {
        let Some(file) = self.file.take() else { return };
        let (path, frames, synced_frames) = (file.path.clone(), file.wav.frames(), file.synced_frames);
        self.next_frame = file.first_frame + frames as i64;
        self.part += 1;
        let (path, safe) = match self.shut(order, file) {
            _ if is_removed(error) => (path, 0),
            Ok(place) => {
                if frames == 0 {
                    // It is empty.
                    let _ = fs::remove_file(&place);
                }
                (place, frames)
            }
            Err(error) if is_removed(&error) => (path, 0),
            Err(_) => (path, synced_frames),
        };
        self.go_on_elsewhere(order, shared, path, safe, error);
    }

    /// Goes on in the second folder, or after a file was removed in the same; reported either way.
    fn go_on_elsewhere(
        &mut self,
        order: &TakeOrder,
        shared: &Shared<'_>,
        path: PathBuf,
        frames: u64,
        error: &io::Error,
    ) {
        let second = order.second_folder.clone().filter(|second| *second != self.folder);
        let other = if is_removed(error) { Some(self.folder.clone()) } else { second };
        let made = other.and_then(|folder| {
            let (begun, part) = self.create_part(order, &folder).ok()?;
            (self.folder, self.part) = (folder, part);
            Some(begun)
        });
        let goes_on = made.as_ref().map(|(path, _)| path.clone());
        shared.report(TakeNews::Failed { take: order.take, path, frames, reason: reason(error), goes_on });
        if let Some(begun) = made {
            self.open(order, begun);
        }
    }
}

/// Writes the header of a file of a take that begins with this frame.
pub(super) fn begin(order: &TakeOrder, of: &FileOf, first_frame: i64, file: File) -> io::Result<WavFile<File>> {
    let shape = WavShape {
        channels: u16::try_from(of.taps.len()).unwrap_or(u16::MAX),
        sample_rate_hz: order.sample_rate_hz,
        depth: order.depth,
    };
    WavFile::create(file, shape, Some(&origin(order, shape, first_frame)))
}

/// Whether a file still has a name: without one, its content is lost when it is closed.
fn is_there(file: &File) -> io::Result<()> {
    match file.metadata()?.nlink() {
        0 => Err(io::Error::new(io::ErrorKind::NotFound, "another program removed it, and its audio is lost")),
        _ => Ok(()),
    }
}

/// The path of a file now: the one it was made with, or a new one if it was renamed meanwhile.
fn place(file: &File, path: &Path) -> io::Result<PathBuf> {
    let this = file.metadata()?;
    let is_here = |path: &Path| {
        fs::symlink_metadata(path).is_ok_and(|there| (there.dev(), there.ino()) == (this.dev(), this.ino()))
    };
    if is_here(path) {
        return Ok(path.to_owned());
    }
    let moved = fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd())).ok().filter(|path| is_here(path));
    moved.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "another program moved it to an unknown place"))
}

fn is_removed(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// Whether the file may stay but cannot grow: the disk is full, or the file has its largest size.
pub(super) fn has_no_room(error: &io::Error) -> bool {
    is_full(error) || error.kind() == io::ErrorKind::FileTooLarge
}

pub(super) fn reason(error: &io::Error) -> String {
    if is_full(error) { "the disk is full".to_owned() } else { error.to_string() }
}

/// The marks between two frames, from the first on, in their order.
fn marks_of(marks: &[(i64, String)], first: i64, end: i64) -> Vec<Mark> {
    let inside = marks.iter().filter(|(frame, _)| (first..end).contains(frame));
    let mut marks: Vec<Mark> =
        inside.map(|(frame, label)| Mark { frame: (frame - first) as u64, label: label.clone() }).collect();
    marks.sort_by_key(|mark| mark.frame);
    marks
}

/// The header's origin for a file with this first frame.
fn origin(order: &TakeOrder, shape: WavShape, first_frame: i64) -> Origin {
    let (begins, time_reference) = order.clock.of(first_frame, shape.sample_rate_hz);
    let mode = match shape.channels {
        1 => "mono",
        2 => "stereo",
        _ => "multitrack",
    };
    let (rate, bits) = (shape.sample_rate_hz, shape.depth.bits());
    Origin {
        description: format!("{}; {}", order.name, order.note),
        originator: ORIGINATOR.to_owned(),
        originator_reference: begins.strftime("busker%Y%m%d%H%M%S").to_string(),
        date: begins.strftime("%Y-%m-%d").to_string(),
        time: begins.strftime("%H:%M:%S").to_string(),
        time_reference,
        coding_history: format!("A=PCM,F={rate},W={bits},M={mode},T=busker {}\r\n", env!("CARGO_PKG_VERSION")),
    }
}

fn info(order: &TakeOrder, first_frame: i64) -> Info {
    let (begins, _) = order.clock.of(first_frame, order.sample_rate_hz);
    Info(vec![
        (*b"ISFT", format!("busker {}", env!("CARGO_PKG_VERSION"))),
        (*b"INAM", order.name.clone()),
        (*b"ICRD", begins.strftime("%Y-%m-%d").to_string()),
        (*b"ICMT", order.note.clone()),
    ])
}

impl WallClock {
    /// The local time of a frame, and how many samples after midnight that is. Two frames of one take differ by their
    /// exact distance.
    fn of(self, frame: i64, sample_rate_hz: u32) -> (jiff::civil::DateTime, u64) {
        let rate = i128::from(sample_rate_hz.max(1));
        let since_midnight_ns = self.at.time().duration_since(jiff::civil::Time::midnight()).as_nanos();
        let of_clock = since_midnight_ns * rate / 1_000_000_000;
        let day = 86_400 * rate;
        let samples = of_clock + i128::from(frame - self.frame);
        let ns = (i128::from(frame - self.frame) * 1_000_000_000 / rate) as i64;
        let at = self.at.checked_add(ns.nanoseconds()).unwrap_or(self.at);
        (at, samples.rem_euclid(day) as u64)
    }
}
