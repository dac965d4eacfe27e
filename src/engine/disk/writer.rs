//! The disk writer: blocks from the callback become WAV files.
//!
//! Runs on its own thread (or stepped, in virtual time) and waits for nothing but the disk. The header is made true
//! every second of audio, so whatever ends the program, the file opens and at most a second is missing. Files are
//! created new, never overwritten; a take that would outgrow a WAV file goes on in the next file without a gap.

use crate::engine::audio::tap::{TakeBlock, TakeId, TapBlocks};
use hound::{SampleFormat, WavSpec, WavWriter};
use ringbuf::traits::{Consumer, Producer};
use std::{
    fs::{self, File},
    io::{self, BufWriter},
    path::{Path, PathBuf},
    sync::mpsc::{Receiver, RecvTimeoutError, Sender},
    thread::{self, JoinHandle},
    time::Duration,
};

/// Bits of a sample in a file.
pub const BITS: u16 = 24;
/// Full scale of a sample in a file.
const FULL_SCALE: f32 = 8_388_608.0;
/// What one WAV file may hold: its sizes are 32 bits; the header takes less than a kilobyte.
const FILE_BYTES: u64 = u32::MAX as u64 - 1024;
/// While a take is open, how often blocks are looked for. They hold seconds; this only bounds how soon they are written.
const LOOK: Duration = Duration::from_millis(20);
/// Names tried before giving up: `jam.wav`, `jam-2.wav`, …
const NAMES: u32 = 10_000;

/// What the control thread asks.
#[derive(Debug)]
pub enum Job {
    /// Blocks of this take will come; write them to this file, or one with a number if it exists.
    Begin {
        /// Which take.
        take: TakeId,
        /// The file that is wanted.
        path: PathBuf,
    },
}

/// What the writer tells.
#[derive(Debug)]
pub enum Done {
    /// A file was created.
    Began {
        /// Which take.
        take: TakeId,
        /// The file.
        path: PathBuf,
    },
    /// A file is whole and closed.
    Finished {
        /// Which take.
        take: TakeId,
        /// The file.
        path: PathBuf,
        /// Frames in it.
        frames: u64,
        /// Of them silence, where no block was free in time.
        gap_frames: u64,
        /// Whether the take goes on in another file.
        goes_on: bool,
    },
    /// The disk refused.
    Failed {
        /// Which take.
        take: TakeId,
        /// The file.
        path: PathBuf,
        /// Frames that are safe in it.
        frames: u64,
        /// Why.
        reason: String,
    },
}

struct OpenTake {
    take: TakeId,
    wanted: PathBuf,
    path: PathBuf,
    wav: WavWriter<BufWriter<File>>,
    file: File,
    next_frame: Option<i64>,
    frames: u64,
    gap_frames: u64,
    unflushed_frames: u64,
}

/// The writer's state.
pub struct Writer {
    jobs: Receiver<Job>,
    done: Sender<Done>,
    blocks: TapBlocks,
    sample_rate_hz: u32,
    open: Option<OpenTake>,
    begun: Vec<(TakeId, PathBuf)>,
}

impl Writer {
    /// A writer of blocks at this rate.
    pub fn new(jobs: Receiver<Job>, done: Sender<Done>, blocks: TapBlocks, sample_rate_hz: f64) -> Writer {
        let sample_rate_hz = sample_rate_hz.round() as u32;
        Writer { jobs, done, blocks, sample_rate_hz, open: None, begun: Vec::new() }
    }

    /// Runs until the control thread is gone, then closes what is open.
    ///
    /// # Errors
    /// Where the system has no more threads.
    pub fn spawn(mut self) -> io::Result<JoinHandle<()>> {
        thread::Builder::new().name("disk-writer".into()).spawn(move || {
            loop {
                let job = match (&self.open, self.begun.is_empty()) {
                    (None, true) => self.jobs.recv().map_err(|_| RecvTimeoutError::Disconnected),
                    _ => self.jobs.recv_timeout(LOOK),
                };
                match job {
                    Ok(job) => self.begin(job),
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => break,
                }
                self.step();
            }
            self.step();
            self.close(false);
        })
    }

    /// Does everything there is to do now.
    pub fn step(&mut self) {
        while let Ok(job) = self.jobs.try_recv() {
            self.begin(job);
        }
        while let Some(block) = self.blocks.full.try_pop() {
            self.take_in(&block);
            // There are as many places as blocks.
            let _ = self.blocks.empty.try_push(block);
        }
    }

    /// The file is made at once, before its first block, so that a folder that refuses is known at once.
    fn begin(&mut self, Job::Begin { take, path }: Job) {
        self.begun.push((take, path));
        if self.open.is_none() {
            self.open_next();
        }
    }

    fn open_next(&mut self) {
        if self.begun.is_empty() {
            return;
        }
        let (take, wanted) = self.begun.remove(0);
        self.open_file(take, wanted);
    }

    fn open_file(&mut self, take: TakeId, wanted: PathBuf) {
        match create_new(&wanted).and_then(|(path, file)| Ok((path, file.try_clone()?, file))) {
            Ok((path, file, for_wav)) => match WavWriter::new(BufWriter::new(for_wav), self.spec()) {
                Ok(wav) => {
                    let _ = self.done.send(Done::Began { take, path: path.clone() });
                    self.open = Some(OpenTake {
                        take,
                        wanted,
                        path,
                        wav,
                        file,
                        next_frame: None,
                        frames: 0,
                        gap_frames: 0,
                        unflushed_frames: 0,
                    });
                }
                Err(error) => self.failed(take, path, 0, &error),
            },
            Err(error) => self.failed(take, wanted, 0, &error),
        }
    }

    fn spec(&self) -> WavSpec {
        WavSpec {
            channels: self.blocks.channels as u16,
            sample_rate: self.sample_rate_hz,
            bits_per_sample: BITS,
            sample_format: SampleFormat::Int,
        }
    }

    fn failed(&self, take: TakeId, path: PathBuf, frames: u64, error: &dyn std::error::Error) {
        let _ = self.done.send(Done::Failed { take, path, frames, reason: error.to_string() });
    }

    fn take_in(&mut self, block: &TakeBlock) {
        // A block of another take ends the one before, whose end found no block to travel in.
        if self.open.as_ref().is_some_and(|open| open.take < block.take) {
            self.close(false);
        }
        if self.open.is_none() {
            self.open_next();
        }
        let channels = self.blocks.channels;
        let frame_bytes = channels as u64 * u64::from(BITS / 8);
        if let Some(open) = &self.open
            && (open.frames + block.frames as u64) * frame_bytes > FILE_BYTES
        {
            let (take, wanted, next_frame) = (open.take, open.wanted.clone(), open.next_frame);
            self.close(true);
            self.open_file(take, wanted);
            if let Some(open) = &mut self.open {
                open.next_frame = next_frame;
            }
        }
        // Blocks of a take whose file failed are let go: the failure was told.
        let Some(open) = self.open.as_mut().filter(|open| open.take == block.take) else { return };
        let written = open.write(block, channels, u64::from(self.sample_rate_hz));
        if let Err(error) = written {
            if let Some(open) = self.open.take() {
                // Whatever is on the disk is made to open; the failure is told either way.
                let OpenTake { take, path, mut wav, frames, unflushed_frames, .. } = open;
                let safe = if wav.flush().is_ok() { frames } else { frames - unflushed_frames };
                self.failed(take, path, safe, &error);
            }
        } else if block.last {
            self.close(false);
            self.open_next();
        }
    }

    fn close(&mut self, goes_on: bool) {
        let Some(OpenTake { take, path, wav, file, frames, gap_frames, .. }) = self.open.take() else { return };
        let closed = wav.finalize().map_err(io::Error::other).and_then(|()| file.sync_all());
        match closed {
            Ok(()) => {
                let _ = self.done.send(Done::Finished { take, path, frames, gap_frames, goes_on });
            }
            Err(error) => self.failed(take, path, frames, &error),
        }
    }
}

impl OpenTake {
    fn write(&mut self, block: &TakeBlock, channels: usize, flush_frames: u64) -> hound::Result<()> {
        let gap = self.next_frame.map_or(0, |next| block.first_frame - next).max(0) as u64;
        for _ in 0..gap * channels as u64 {
            self.wav.write_sample(0_i32)?;
        }
        for sample in &block.samples[..block.frames * channels] {
            self.wav.write_sample(quantized(*sample))?;
        }
        let frames = gap + block.frames as u64;
        self.next_frame = Some(block.first_frame + block.frames as i64);
        self.gap_frames += gap;
        self.frames += frames;
        self.unflushed_frames += frames;
        if self.unflushed_frames >= flush_frames {
            self.wav.flush()?;
            self.unflushed_frames = 0;
        }
        Ok(())
    }
}

/// A sample as 24 bits: rounded to nearest, held at full scale. Exact for what came from 24 bits.
fn quantized(sample: f32) -> i32 {
    (sample * FULL_SCALE).round().clamp(-FULL_SCALE, FULL_SCALE - 1.0) as i32
}

/// Creates the file, or the first of `name-2`, `name-3`, … that does not exist.
fn create_new(wanted: &Path) -> io::Result<(PathBuf, File)> {
    if let Some(folder) = wanted.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder).map_err(|error| match error.kind() {
            // What the system says of a file where the folder should be would mislead.
            io::ErrorKind::AlreadyExists => io::Error::new(io::ErrorKind::NotADirectory, "its folder is a file"),
            _ => error,
        })?;
    }
    let stem = wanted.file_stem().unwrap_or_default().to_string_lossy();
    for number in 1..=NAMES {
        let path = match number {
            1 => wanted.to_owned(),
            n => wanted.with_file_name(format!("{stem}-{n}.wav")),
        };
        match File::options().write(true).create_new(true).open(&path) {
            Ok(file) => {
                // Who repairs headers leaves a locked file alone; a disk that knows no locks keeps nobody from recording.
                let _ = file.try_lock();
                return Ok((path, file));
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::new(io::ErrorKind::AlreadyExists, "too many files of this name"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::audio::tap::{Tap, tap};
    use std::sync::mpsc;

    struct Rig {
        tap: Tap,
        writer: Writer,
        jobs: Sender<Job>,
        done: Receiver<Done>,
        folder: tempfile::TempDir,
    }

    fn rig() -> Rig {
        let (tap, blocks) = tap(2, 8_000.0);
        let (jobs, jobs_out) = mpsc::channel();
        let (done_in, done) = mpsc::channel();
        let writer = Writer::new(jobs_out, done_in, blocks, 8_000.0);
        Rig { tap, writer, jobs, done, folder: tempfile::tempdir().unwrap() }
    }

    fn ramp(from: i64, frames: usize) -> Vec<Vec<f32>> {
        let side = |sign: f32| (0..frames).map(|i| sign * (from + i as i64) as f32 / FULL_SCALE).collect();
        vec![side(1.0), side(-1.0)]
    }

    fn samples(path: &Path) -> Vec<i32> {
        hound::WavReader::open(path).unwrap().into_samples().map(Result::unwrap).collect()
    }

    #[test]
    fn what_was_fed_is_in_the_file_to_the_last_bit() {
        let mut rig = rig();
        let path = rig.folder.path().join("deep/jam.wav");
        rig.jobs.send(Job::Begin { take: TakeId(1), path: path.clone() }).unwrap();
        rig.tap.start(TakeId(1), 0);
        for block in 0..100 {
            rig.tap.feed(block * 333, &ramp(block * 333, 333), 333);
            rig.writer.step();
        }
        rig.tap.stop(33_300);
        rig.writer.step();
        let want: Vec<i32> = (0..33_300).flat_map(|i| [i, -i]).collect();
        assert_eq!(samples(&path), want);
        let finished = rig.done.try_iter().last();
        assert!(matches!(finished, Some(Done::Finished { frames: 33_300, gap_frames: 0, .. })), "{finished:?}");
    }

    #[test]
    fn a_gap_is_silence_of_its_exact_length() {
        let mut rig = rig();
        let path = rig.folder.path().join("jam.wav");
        rig.jobs.send(Job::Begin { take: TakeId(1), path: path.clone() }).unwrap();
        rig.tap.start(TakeId(1), 0);
        // The writer stalls; the blocks run out; then it catches up.
        for block in 0..200 {
            rig.tap.feed(block * 500, &ramp(block * 500, 500), 500);
        }
        rig.writer.step();
        rig.tap.feed(100_000, &ramp(100_000, 500), 500);
        rig.tap.stop(100_500);
        rig.writer.step();
        let got = samples(&path);
        assert_eq!(got.len(), 100_500 * 2);
        assert_eq!(got[100_000 * 2..100_000 * 2 + 2], [100_000, -100_000]);
        let silent = got.chunks(2).enumerate().skip(1).filter(|(_, f)| f[0] == 0).count() as u64;
        let Some(Done::Finished { gap_frames, .. }) = rig.done.try_iter().last() else { panic!("not finished") };
        assert_eq!(gap_frames, silent);
        assert!(gap_frames > 0);
    }

    #[test]
    fn a_file_is_never_overwritten() {
        let mut rig = rig();
        let path = rig.folder.path().join("jam.wav");
        fs::write(&path, "precious").unwrap();
        for take in 1..=2 {
            rig.jobs.send(Job::Begin { take: TakeId(take), path: path.clone() }).unwrap();
            rig.tap.start(TakeId(take), 0);
            rig.tap.feed(0, &ramp(0, 10), 10);
            rig.tap.stop(10);
            rig.writer.step();
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
        assert_eq!(samples(&rig.folder.path().join("jam-2.wav")).len(), 20);
        assert_eq!(samples(&rig.folder.path().join("jam-3.wav")).len(), 20);
    }

    #[test]
    fn a_folder_that_refuses_is_told_and_the_blocks_come_back() {
        let mut rig = rig();
        let file = rig.folder.path().join("file");
        fs::write(&file, "").unwrap();
        rig.jobs.send(Job::Begin { take: TakeId(1), path: file.join("jam.wav") }).unwrap();
        rig.tap.start(TakeId(1), 0);
        let mut lost = 0;
        for block in 0..1000 {
            lost += rig.tap.feed(block * 500, &ramp(0, 500), 500);
            rig.writer.step();
        }
        assert_eq!(lost, 0);
        let failures = rig.done.try_iter().filter(|d| matches!(d, Done::Failed { .. })).count();
        assert_eq!(failures, 1);
    }

    #[test]
    fn an_unfinished_file_opens_and_misses_at_most_a_second() {
        let mut rig = rig();
        let path = rig.folder.path().join("jam.wav");
        rig.jobs.send(Job::Begin { take: TakeId(1), path: path.clone() }).unwrap();
        rig.tap.start(TakeId(1), 0);
        for block in 0..150 {
            rig.tap.feed(block * 500, &ramp(0, 500), 500);
            rig.writer.step();
        }
        let frames = samples(&path).len() / 2;
        assert!(frames + 8_000 + 2048 >= 75_000, "{frames} frames");
        std::mem::forget(rig.writer);
    }
}
