//! A track as it is read along a plan: the frames of the song in the order in which they are heard, wraps of the song's
//! loop included. The disk reader's; blocks on the disk.
//!
//! What is still being recorded is read from the capture buffer, rounded as it is in the file, and from the file where the
//! buffer does not hold it any more. What is not played yet ends a block early: the next one waits for it.

use super::stereo::{self, Stereo};
use crate::{
    engine::audio::{capture::Capture, streams::block::Block},
    music::{PassFrames, Plan, SongTime},
    session::playlist::{AudioSource, Captured, Playlist, PlaylistRegion},
    wav,
};
use busker_sound::varispeed::Kernel;
use std::{ops::Range, path::Path, sync::Arc};

/// A track under way.
pub(in crate::engine::disk) struct SongSource {
    playlist: Arc<Playlist>,
    plan: Plan,
    /// The next frame of the engine's clock.
    frame: i64,
    /// The first block begins a frame early, so that the stream knows what the song's first frame follows.
    has_begun: bool,
    /// For a loop of another speed.
    kernel: Option<Kernel>,
    files: Files,
    /// A piece's frames of its file.
    room: Vec<[f32; 2]>,
}

/// What came of a block.
pub(in crate::engine::disk) enum Filled {
    /// It is filled. These files could not be read, for these reasons: they are silent.
    Yes(Vec<(Arc<Path>, String)>),
    /// What it would begin with is not played yet.
    NotYet,
}

impl SongSource {
    /// The playlist's frames from this frame of the engine's clock on, as the plan puts them.
    pub fn new(playlist: Arc<Playlist>, plan: Plan, from_frame: i64) -> SongSource {
        let other_speed = playlist.repeat().map(|repeat| repeat.speed).filter(|speed| speed.abs() != 1.0);
        SongSource {
            playlist,
            plan,
            frame: from_frame,
            has_begun: false,
            kernel: other_speed.map(Kernel::new),
            files: Files::default(),
            room: Vec::new(),
        }
    }

    /// Goes on from another frame of the engine's clock. Files that are open stay so.
    pub fn go_to(&mut self, frame: i64) {
        (self.frame, self.has_begun) = (frame, true);
    }

    /// Fills the next block.
    pub fn fill(&mut self, block: &mut Block, capture: &Capture) -> Filled {
        let (most, first_frame) = (block.samples.len() as i64, self.frame);
        let part = self.plan.passes(first_frame..i64::MAX).next();
        let time = part.as_ref().and_then(|part| self.plan.song_time_at(part.frames.start));
        let (Some(PassFrames { frames: part, .. }), Some(SongTime { pass, song_frame })) = (part, time) else {
            (block.frames, block.last) = (0, true);
            return Filled::Yes(Vec::new());
        };
        let early = i64::from(!self.has_begun);
        let (first, most) = (song_frame - early, most.min(part.end.saturating_sub(part.start).saturating_add(early)));
        let playlist = Arc::clone(&self.playlist);
        let pieces = playlist.pieces(first..first + most, pass);
        let ends = pieces.iter().filter_map(|piece| self.ready_to(piece, capture)).fold(first + most, i64::min);
        if ends <= song_frame {
            return Filled::NotYet;
        }
        self.has_begun = true;
        (block.pass, block.first, block.frames) = (pass, first, (ends - first) as usize);
        self.frame = part.start + block.frames as i64 - early;
        block.last = part.end == i64::MAX && ends >= playlist.end();
        self.files.keep(|file| pieces.iter().any(|piece| piece.file() == file));
        let samples = &mut block.samples[..block.frames];
        samples.fill([0.0; 2]);
        let mut faults = Vec::new();
        for piece in &pieces {
            let song = piece.song.start..piece.song.end.min(ends);
            if song.is_empty() || self.files.is_unread(piece.file()) {
                continue;
            }
            let at = (song.start - first) as usize..(song.end - first) as usize;
            if let Err(why) = self.add(piece, song, capture, &mut samples[at]) {
                let sentence = format!("{} is silent where it cannot be read: {why}", piece.file().display());
                faults.push((Arc::clone(piece.file()), sentence));
                self.files.unread.push(Arc::clone(piece.file()));
            }
        }
        Filled::Yes(faults)
    }

    /// The frame of the song from which on a piece is not there yet; nothing where all of it is.
    fn ready_to(&self, piece: &PlaylistRegion<'_>, capture: &Capture) -> Option<i64> {
        let captured = piece.audio.captured.as_ref()?;
        let there = capture.held().end;
        if captured.end_frame.is_some_and(|end| there >= end) {
            return None;
        }
        let all = piece.song.end - piece.song.start;
        let missing = captured.first_frame + self.needs(piece, all).end - there;
        let ready = match piece.speed > 0.0 {
            true => all - (missing as f64 / piece.speed).ceil() as i64,
            // Backwards its last frame comes first.
            false => 0,
        };
        (missing > 0).then(|| piece.song.start + ready.max(0))
    }

    /// The frames of its file that so many frames of a piece need.
    fn needs(&self, piece: &PlaylistRegion<'_>, frames: i64) -> Range<i64> {
        let (a, b) = (piece.file_at, piece.file_at + (frames - 1) as f64 * piece.speed);
        let reach = self.kernel.as_ref().map_or(0, Kernel::reach) as i64;
        a.min(b).floor() as i64 - reach..a.max(b).floor() as i64 + 1 + reach
    }

    /// Adds what a piece sounds like to its frames of a block.
    fn add(
        &mut self,
        piece: &PlaylistRegion<'_>,
        song: Range<i64>,
        capture: &Capture,
        samples: &mut [[f32; 2]],
    ) -> Result<(), String> {
        let needs = self.needs(piece, samples.len() as i64);
        let rate_hz = self.plan.last().timeline.sample_rate_hz;
        // Every frame is filled below: the old content needs no silence first.
        self.room.resize((needs.end - needs.start) as usize, [0.0; 2]);
        self.files.read(piece.audio, needs.start, rate_hz, capture, &mut self.room)?;
        if let (Some(gain), None, 1.0) = (piece.steady_gain(&song), &self.kernel, piece.speed) {
            // Frame by frame, in a loop that the compiler vectorizes.
            let sums = samples.as_flattened_mut().iter_mut();
            sums.zip(self.room.as_flattened()).for_each(|(sum, sample)| *sum += sample * gain);
            return Ok(());
        }
        for ((i, sum), frame) in samples.iter_mut().enumerate().zip(song) {
            let place = piece.file_at + i as f64 * piece.speed - needs.start as f64;
            let sample = match &self.kernel {
                Some(kernel) => kernel.at(&self.room, place),
                None => self.room.get(place as usize).copied().unwrap_or_default(),
            };
            let gain = piece.gain_at(frame);
            *sum = [sum[0] + sample[0] * gain, sum[1] + sample[1] * gain];
        }
        Ok(())
    }
}

/// The files of a track that are open.
#[derive(Default)]
struct Files {
    /// Those that the newest block needed, each with the frame it stands on.
    open: Vec<(Arc<Path>, Stereo, u64)>,
    /// Those that cannot be read.
    unread: Vec<Arc<Path>>,
    /// Frames of the capture buffer.
    captured: Vec<f32>,
}

impl Files {
    fn keep(&mut self, is_needed: impl Fn(&Arc<Path>) -> bool) {
        self.open.retain(|(file, ..)| is_needed(file));
    }

    fn is_unread(&self, file: &Arc<Path>) -> bool {
        self.unread.contains(file)
    }

    /// Fills `out` with the frames from `first` on. Before the file's beginning and behind its end there is silence.
    fn read(
        &mut self,
        audio: &AudioSource,
        first: i64,
        rate_hz: f64,
        capture: &Capture,
        out: &mut [[f32; 2]],
    ) -> Result<(), String> {
        let skipped = usize::try_from(-first).unwrap_or(0).min(out.len());
        let (before, out) = out.split_at_mut(skipped);
        before.fill([0.0; 2]);
        let first = first.max(0);
        if out.is_empty()
            || audio.captured.as_ref().is_some_and(|captured| self.has_captured(captured, first, capture, out))
        {
            return Ok(());
        }
        self.read_file(audio, first as u64, rate_hz, out)
    }

    /// Fills `out` from the capture buffer, where that holds all of it.
    fn has_captured(&mut self, captured: &Captured, first: i64, capture: &Capture, out: &mut [[f32; 2]]) -> bool {
        let from = captured.first_frame + first;
        let frames = captured.end_frame.map_or(i64::MAX, |end| end - from).clamp(0, out.len() as i64) as usize;
        if !capture.read(from, frames, &captured.channels, &mut self.captured) {
            return false;
        }
        for sample in &mut self.captured {
            *sample = wav::kept(*sample, captured.depth);
        }
        let (out, after) = out.split_at_mut(frames);
        for (out, frame) in out.iter_mut().zip(self.captured.chunks_exact(captured.channels.len().max(1))) {
            *out = stereo::mix(frame);
        }
        after.fill([0.0; 2]);
        true
    }

    fn read_file(&mut self, audio: &AudioSource, first: u64, rate_hz: f64, out: &mut [[f32; 2]]) -> Result<(), String> {
        let ends = first + out.len() as u64;
        // A file that is being recorded has grown.
        let is_short = |source: &Stereo| audio.captured.is_some() && source.frames() < ends;
        self.open.retain(|(file, source, _)| *file != audio.file || !is_short(source));
        let open = match self.open.iter().position(|(file, ..)| *file == audio.file) {
            Some(open) => open,
            None => {
                let (_, source) = stereo::open(&audio.file)?;
                let has_hz = source.sample_rate_hz();
                if f64::from(has_hz) != rate_hz {
                    return Err(format!("its rate is {has_hz} Hz, the song's {rate_hz} Hz"));
                }
                self.open.push((Arc::clone(&audio.file), source, 0));
                self.open.len() - 1
            }
        };
        let Some((_, source, stands)) = self.open.get_mut(open) else { return Ok(()) };
        if *stands != first {
            source.seek(first)?;
        }
        let read = source.read(out)?;
        out.get_mut(read..).unwrap_or_default().fill([0.0; 2]);
        *stands = first + read as u64;
        Ok(())
    }
}
