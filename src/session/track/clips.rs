//! What can be done to the clips of a track. Pure. The takes are never changed: a clip says which part of one is heard,
//! and where.
//!
//! Clips are counted from 1 in the order of the song. In the list of the track they keep their order of layers: each lies
//! over those before it.

use super::{LAYERS_MAX, Track, TrackClip};
use crate::music::{Decibels, Position};
use std::cmp::Ordering;

/// Why a clip stays as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClipFault {
    /// The place to split is not in it.
    #[error("that place is not inside the clip")]
    NotInside,
    /// Nothing would be left of it.
    #[error("the clip would be empty: its end must be behind its beginning")]
    Empty,
    /// The take has nothing so early.
    #[error("the take begins later than that")]
    BeforeTake,
    /// There are too many.
    #[error("a track has at most {LAYERS_MAX} clips")]
    TooMany,
}

impl TrackClip {
    /// Its first frame in the song, at a tempo.
    pub fn place(&self, frames_per_pulse: f64) -> i64 {
        (self.at_pulse * frames_per_pulse).round() as i64
    }

    /// The pulse behind its last frame, at a tempo.
    pub fn end_pulse(&self, frames_per_pulse: f64) -> f64 {
        (self.place(frames_per_pulse) + self.frames as i64) as f64 / frames_per_pulse
    }

    /// The part of it between two pulses of the song, which may begin earlier than it does, and end later: then more of
    /// the take is heard.
    ///
    /// # Errors
    /// Nothing would be left, or the take begins later.
    pub fn trimmed(&self, from_pulse: f64, to_pulse: f64, frames_per_pulse: f64) -> Result<TrackClip, ClipFault> {
        let place = self.place(frames_per_pulse);
        let [from, to] = [from_pulse, to_pulse].map(|pulse| (pulse * frames_per_pulse).round() as i64);
        let frames = u64::try_from(to - from).ok().filter(|frames| *frames > 0).ok_or(ClipFault::Empty)?;
        let file_frame = self.file_frame.checked_add_signed(from - place).ok_or(ClipFault::BeforeTake)?;
        let at_pulse = if from == place { self.at_pulse } else { from as f64 / frames_per_pulse };
        let fades = (self.fade_in.min(frames), self.fade_out.min(frames));
        Ok(TrackClip { file_frame, at_pulse, frames, fade_in: fades.0, fade_out: fades.1, ..self.clone() })
    }

    /// Both parts of it, which together sound as it did.
    ///
    /// # Errors
    /// The pulse is not inside it.
    pub fn split(&self, pulse: f64, frames_per_pulse: f64) -> Result<[TrackClip; 2], ClipFault> {
        let place = self.place(frames_per_pulse);
        let first = (pulse * frames_per_pulse).round() as i64 - place;
        let first = u64::try_from(first).ok().filter(|first| (1..self.frames).contains(first));
        let first = first.ok_or(ClipFault::NotInside)?;
        let left = TrackClip { frames: first, fade_in: self.fade_in.min(first), fade_out: 0, ..self.clone() };
        let rest = self.frames - first;
        let right = TrackClip {
            file_frame: self.file_frame + first,
            at_pulse: (place + first as i64) as f64 / frames_per_pulse,
            frames: rest,
            fade_in: 0,
            fade_out: self.fade_out.min(rest),
            ..self.clone()
        };
        Ok([left, right])
    }
}

impl Track {
    /// The places of its clips in the list, in the order of the song.
    pub fn clip_places(&self) -> Vec<usize> {
        let mut places: Vec<usize> = (0..self.clips.len()).collect();
        let at = |place: &usize| self.clips.get(*place).map_or(0.0, |clip| clip.at_pulse);
        places.sort_by(|a, b| at(a).partial_cmp(&at(b)).unwrap_or(Ordering::Equal).then(a.cmp(b)));
        places
    }

    /// It with a clip changed; the clip goes on lying over what it lay over.
    pub fn with_clip_changed(&self, place: usize, change: impl FnOnce(&mut TrackClip)) -> Track {
        let mut track = self.clone();
        if let Some(clip) = track.clips.get_mut(place) {
            change(clip);
        }
        track
    }

    /// It with other clips in the place of one.
    ///
    /// # Errors
    /// There would be too many.
    pub fn with_clip_replaced(
        &self,
        place: usize,
        by: impl IntoIterator<Item = TrackClip>,
    ) -> Result<Track, ClipFault> {
        let mut track = self.clone();
        track.clips.splice(place..(place + 1).min(self.clips.len()), by);
        if track.clips.len() > LAYERS_MAX { Err(ClipFault::TooMany) } else { Ok(track) }
    }

    /// It with a copy of a clip over all others, at a pulse of the song.
    ///
    /// # Errors
    /// There would be too many.
    pub fn with_clip_copied(&self, place: usize, at_pulse: f64) -> Result<Track, ClipFault> {
        let mut track = self.clone();
        track.clips.extend(self.clips.get(place).map(|clip| TrackClip { at_pulse, ..clip.clone() }));
        if track.clips.len() > LAYERS_MAX { Err(ClipFault::TooMany) } else { Ok(track) }
    }
}

/// A clip in one line: where it lies, what of which take it is, and how loud.
pub fn described(clip: &TrackClip, frames_per_pulse: f64, sample_rate_hz: f64) -> String {
    let [from, to] = [clip.at_pulse, clip.end_pulse(frames_per_pulse)].map(Position::of_pulse);
    let seconds = clip.frames as f64 / sample_rate_hz;
    let take = clip.file.file_name().unwrap_or_default().to_string_lossy();
    let mut line = format!("{from} to {to}, {seconds:.2} s of {take}");
    if clip.gain != Decibels::UNITY {
        line += &format!(", {} dB", clip.gain.0);
    }
    if clip.mute {
        line += ", muted";
    }
    line
}

#[cfg(test)]
mod tests;
