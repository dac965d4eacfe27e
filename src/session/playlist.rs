//! The playlist of a track: which file, which frames of it and which fades lie under a stretch of the song. Pure.
//!
//! Called by the disk reader for what is heard, by an export for what is written, and by tests. All frames are those of
//! the song and of the files, which have the same rate.
//!
//! A clip covers those before it in the list. Where it fades, as much of what it covers is heard as is missing of it: so
//! two clips crossfade, and the gains of one frame are never more than 1 together.

use std::{ops::Range, path::Path, sync::Arc};

/// A part of a file at a place in the song.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clip {
    /// The file.
    pub file: Arc<Path>,
    /// The first frame of the file that is heard.
    pub file_frame: u64,
    /// Where that is in the song, in frames.
    pub place: i64,
    /// How many frames.
    pub frames: u64,
    /// Frames at its beginning over which it comes from silence.
    pub fade_in: u64,
    /// Frames at its end over which it goes to silence.
    pub fade_out: u64,
}

impl Clip {
    /// The frames of the song that it lies on.
    pub fn song(&self) -> Range<i64> {
        self.place..self.place.saturating_add_unsigned(self.frames)
    }

    /// Its own gain on a frame of the song, 0..=1: linear in the fades, the lower one where they overlap.
    fn gain_at(&self, frame: i64) -> f32 {
        let song = self.song();
        if !song.contains(&frame) {
            return 0.0;
        }
        // In the middle of its frame, so that a fade is the same forwards and backwards.
        let part =
            |frames: i64, fade: u64| if fade == 0 { 1.0 } else { ((frames as f64 + 0.5) / fade as f64).min(1.0) };
        part(frame - song.start, self.fade_in).min(part(song.end - 1 - frame, self.fade_out)) as f32
    }

    /// Where its gain begins or ends to move, besides its ends.
    fn bends(&self) -> [i64; 2] {
        let song = self.song();
        [song.start.saturating_add_unsigned(self.fade_in), song.end.saturating_sub_unsigned(self.fade_out)]
    }

    /// Whether nothing under it is heard anywhere in a part of it that no bend cuts.
    fn covers(&self, part: &Range<i64>) -> bool {
        self.gain_at(part.start) == 1.0 && self.gain_at(part.end - 1) == 1.0
    }
}

/// Frames of a file that are heard under a part of the song.
#[derive(Clone, Debug)]
pub struct PlaylistRegion<'a> {
    /// The part of the song.
    pub song: Range<i64>,
    clip: &'a Clip,
    /// What fades over it.
    above: Vec<&'a Clip>,
}

impl<'a> PlaylistRegion<'a> {
    /// The file.
    pub fn file(&self) -> &'a Arc<Path> {
        &self.clip.file
    }

    /// The frame of the file that lies on the first frame.
    pub fn file_frame(&self) -> u64 {
        self.clip.file_frame.saturating_add(self.song.start.abs_diff(self.clip.place))
    }

    /// The gain on a frame of the song, 0..=1.
    pub fn gain_at(&self, frame: i64) -> f32 {
        self.above.iter().fold(self.clip.gain_at(frame), |gain, above| gain * (1.0 - above.gain_at(frame)))
    }
}

/// The clips of a track, each over those before it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Playlist {
    clips: Vec<Clip>,
}

impl Playlist {
    /// These clips, each over those before it.
    pub fn new(clips: Vec<Clip>) -> Playlist {
        Playlist { clips }
    }

    /// The first frame of the song behind which nothing lies.
    pub fn end(&self) -> i64 {
        self.clips.iter().map(|clip| clip.song().end).max().unwrap_or(0)
    }

    /// What is heard under a stretch of the song, in the order of the song. Where nothing lies, or nothing of it is heard,
    /// there is no piece; two lie over each other where clips crossfade.
    pub fn pieces(&self, stretch: Range<i64>) -> Vec<PlaylistRegion<'_>> {
        let overlaps = |clip: &&Clip| {
            let song = clip.song();
            song.start < stretch.end && stretch.start < song.end
        };
        let under: Vec<&Clip> = self.clips.iter().filter(overlaps).collect();
        let mut cuts: Vec<i64> = under
            .iter()
            .flat_map(|clip| [clip.song().start, clip.song().end].into_iter().chain(clip.bends()))
            .filter(|cut| (stretch.start + 1..stretch.end).contains(cut))
            .chain([stretch.start, stretch.end])
            .collect();
        cuts.sort_unstable();
        cuts.dedup();
        let mut pieces = Vec::new();
        for part in cuts.windows(2).map(|ends| ends[0]..ends[1]) {
            let mut above = Vec::new();
            for clip in under.iter().rev().filter(|clip| clip.song().contains(&part.start)) {
                pieces.push(PlaylistRegion { song: part.clone(), clip, above: above.clone() });
                if clip.covers(&part) {
                    break;
                }
                above.push(*clip);
            }
        }
        pieces
    }
}

#[cfg(test)]
mod tests;
