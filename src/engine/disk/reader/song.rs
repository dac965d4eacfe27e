//! A track as it is read along a plan: the frames of the song in the order in which they are heard, wraps of the loop
//! included. The disk reader's; blocks on the disk.

use super::stereo::{self, Stereo};
use crate::{
    engine::audio::streams::block::Block,
    music::Plan,
    session::playlist::{Playlist, PlaylistRegion},
};
use std::{path::Path, sync::Arc};

/// A track under way.
pub(super) struct SongSource {
    playlist: Arc<Playlist>,
    plan: Plan,
    /// The next frame of the engine's clock.
    frame: i64,
    /// The first block begins a frame early, so that the stream knows what the song's first frame follows.
    has_begun: bool,
    /// Files that the newest block needed, each with the frame it stands on.
    files: Vec<(Arc<Path>, Stereo, u64)>,
    /// Files that cannot be read: they are silent.
    unread: Vec<Arc<Path>>,
    room: Vec<[f32; 2]>,
}

impl SongSource {
    /// The playlist's frames from this frame of the engine's clock on, as the plan puts them.
    pub fn new(playlist: Arc<Playlist>, plan: Plan, from_frame: i64) -> SongSource {
        let (files, unread, room) = (Vec::new(), Vec::new(), Vec::new());
        SongSource { playlist, plan, frame: from_frame, has_begun: false, files, unread, room }
    }

    /// Fills the next block, and says of which files this is the first that could not be read, and why.
    pub fn fill(&mut self, block: &mut Block) -> Vec<String> {
        let (most, first_frame) = (block.samples.len() as i64, self.frame);
        let part = self.plan.passes(first_frame..i64::MAX).next();
        let time = part.as_ref().and_then(|part| self.plan.song_time_at(part.frames.start));
        let (Some(part), Some(time)) = (part, time) else {
            (block.frames, block.last) = (0, true);
            return Vec::new();
        };
        let early = i64::from(!std::mem::replace(&mut self.has_begun, true));
        let frames = most.min(part.frames.end.saturating_sub(part.frames.start).saturating_add(early));
        (block.pass, block.first, block.frames) = (time.pass, time.song_frame - early, frames as usize);
        self.frame = part.frames.start + frames - early;
        let ends = block.first + frames;
        block.last = part.frames.end == i64::MAX && ends >= self.playlist.end();
        let playlist = Arc::clone(&self.playlist);
        let pieces = playlist.pieces(block.first..ends);
        self.files.retain(|(file, ..)| pieces.iter().any(|piece| piece.file() == file));
        let samples = &mut block.samples[..frames as usize];
        samples.fill([0.0; 2]);
        let mut faults = Vec::new();
        for piece in pieces {
            if self.unread.contains(piece.file()) {
                continue;
            }
            let at = (piece.song.start - block.first) as usize;
            let length = (piece.song.end - piece.song.start) as usize;
            if let Err(why) = self.add(&piece, &mut samples[at..at + length]) {
                faults.push(format!("{} is silent where it cannot be read: {why}", piece.file().display()));
                self.unread.push(Arc::clone(piece.file()));
            }
        }
        faults
    }

    /// Adds what a piece sounds like to its frames of a block. Behind a file's end there is silence.
    fn add(&mut self, piece: &PlaylistRegion<'_>, samples: &mut [[f32; 2]]) -> Result<(), String> {
        let open = self.files.iter().position(|(file, ..)| file == piece.file());
        let open = match open {
            Some(open) => open,
            None => {
                let (_, source) = stereo::open(piece.file())?;
                let (has_hz, wants_hz) = (source.sample_rate_hz(), self.plan.last().timeline.sample_rate_hz);
                if f64::from(has_hz) != wants_hz {
                    return Err(format!("its rate is {has_hz} Hz, the song's {wants_hz} Hz"));
                }
                self.files.push((Arc::clone(piece.file()), source, 0));
                self.files.len() - 1
            }
        };
        let Some((_, source, stands)) = self.files.get_mut(open) else { return Ok(()) };
        if *stands != piece.file_frame() {
            source.seek(piece.file_frame())?;
        }
        self.room.resize(samples.len(), [0.0; 2]);
        let read = source.read(&mut self.room)?;
        *stands = piece.file_frame() + read as u64;
        for ((frame, sum), sample) in piece.song.clone().zip(samples).zip(self.room.iter().take(read)) {
            let gain = piece.gain_at(frame);
            *sum = [sum[0] + sample[0] * gain, sum[1] + sample[1] * gain];
        }
        Ok(())
    }
}
