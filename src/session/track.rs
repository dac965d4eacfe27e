//! A track of a session: its input, its strip, its clips and its loop. Pure.
//!
//! Places in the song are pulses (24 to a quarter note), with their fraction: they stay on their bar when the tempo
//! changes. Lengths of audio are frames. What is heard at a tempo is a [`Playlist`], made by [`Track::playlist`].

pub mod clips;

use super::playlist::{AudioSource, Clip, Fade, Playlist, Repeat, RepeatLayer, Turns};
use crate::{
    music::{Decibels, Timeline},
    taps::Taps,
};
use std::{ops::Range, path::Path, sync::Arc};

/// The most tracks a session has.
pub const TRACKS_MAX: usize = busker_sound::mixer::TRACKS;
/// The most layers a loop has, and clips a track: a pass a second for an hour.
pub const LAYERS_MAX: usize = 4_096;
/// The slowest and the fastest a loop can go, either way.
pub const SPEEDS: [f64; 5] = [0.25, 0.5, 1.0, 2.0, 4.0];
/// The longest loop, in pulses: a thousand bars.
pub const LOOP_PULSES_MAX: f64 = 96_000.0;

/// A track, for the life of a session: a number that no other gets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TrackId(pub u32);

/// Whether the input of a track is in the outputs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MonitorMode {
    /// While the track is armed and nothing of it is played, or it records.
    #[default]
    Auto,
    /// Always.
    On,
    /// Never.
    Off,
}

impl MonitorMode {
    /// All of them, with their words.
    pub const WORDS: [(&str, MonitorMode); 3] =
        [("auto", MonitorMode::Auto), ("on", MonitorMode::On), ("off", MonitorMode::Off)];

    /// As it is written.
    pub fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, mode)| *mode == self).map_or("", |(word, _)| word)
    }
}

/// What becomes of what was there where something is recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RecordMode {
    /// Each pass is added to it.
    #[default]
    Layer,
    /// The newest pass covers it.
    Replace,
    /// Each pass is a take of its own, and the newest one is played.
    Takes,
}

impl RecordMode {
    /// All of them, with their words.
    pub const WORDS: [(&str, RecordMode); 3] =
        [("layer", RecordMode::Layer), ("replace", RecordMode::Replace), ("takes", RecordMode::Takes)];

    /// As it is written.
    pub fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, mode)| *mode == self).map_or("", |(word, _)| word)
    }
}

/// A part of a take on a track.
#[derive(Clone, Debug, PartialEq)]
pub struct TrackClip {
    /// The take.
    pub file: Arc<Path>,
    /// The first frame of it that is played.
    pub file_frame: u64,
    /// Where that is in the song, in pulses.
    pub at_pulse: f64,
    /// How many frames.
    pub frames: u64,
    /// Its own gain.
    pub gain: Decibels,
    /// In frames.
    pub fade_in: u64,
    /// In frames.
    pub fade_out: u64,
    /// Whether it is added to what it lies on.
    pub is_layer: bool,
    /// It is not played.
    pub mute: bool,
}

/// One pass that was recorded into a loop.
#[derive(Clone, Debug, PartialEq)]
pub struct LoopLayer {
    /// The take.
    pub file: Arc<Path>,
    /// The frame of it on the layer's place.
    pub file_frame: u64,
    /// Frames from the loop's beginning.
    pub place: u64,
    /// How many frames.
    pub frames: u64,
    /// Its own gain: what feedback has left of it.
    pub gain: Decibels,
    /// How it comes in, over the frames before its place.
    pub fade_in: Fade,
    /// How it goes, over its last frames.
    pub fade_out: Fade,
}

/// The loop of a track.
#[derive(Clone, Debug, PartialEq)]
pub struct TrackLoop {
    /// Where it begins in the song, in pulses.
    pub at_pulse: f64,
    /// Its length at its own speed, in pulses: more than 0, at most [`LOOP_PULSES_MAX`].
    pub pulses: f64,
    /// One of [`SPEEDS`]; backwards where it is negative.
    pub speed: f64,
    /// What was recorded into it, the oldest first.
    pub layers: Vec<LoopLayer>,
}

/// A track.
#[derive(Clone, Debug, PartialEq)]
pub struct Track {
    /// Which.
    pub id: TrackId,
    /// As a person calls it.
    pub name: String,
    /// What it records, one tap or two; the recorded inputs where none is named.
    pub inputs: Option<Taps>,
    /// Whether it records.
    pub arm: bool,
    /// Whether its input is in the outputs.
    pub monitor: MonitorMode,
    /// Its fader.
    pub gain: Decibels,
    /// -1.0 left, 0.0 middle, 1.0 right.
    pub pan: f64,
    /// Nothing of it is heard.
    pub mute: bool,
    /// Only those with solo are heard.
    pub solo: bool,
    /// It is heard whatever is soloed.
    pub solo_safe: bool,
    /// What becomes of what was there.
    pub mode: RecordMode,
    /// How much of the older layers is left after each turn of an overdub, 0..=100 percent.
    pub feedback_percent: f64,
    /// What lies on it, each clip over those before it.
    pub clips: Vec<TrackClip>,
    /// What repeats under the clips.
    pub looped: Option<TrackLoop>,
}

impl Track {
    /// An empty one.
    pub fn new(id: TrackId, name: String) -> Track {
        Track {
            id,
            name,
            inputs: None,
            arm: false,
            monitor: MonitorMode::default(),
            gain: Decibels::UNITY,
            pan: 0.0,
            mute: false,
            solo: false,
            solo_safe: false,
            mode: RecordMode::default(),
            feedback_percent: 100.0,
            clips: Vec::new(),
            looped: None,
        }
    }

    /// Whether nothing was recorded on it.
    pub fn is_empty(&self) -> bool {
        self.clips.is_empty() && self.looped.as_ref().is_none_or(|looped| looped.layers.is_empty())
    }

    /// The takes that it plays from, as often as it does.
    pub fn files(&self) -> impl Iterator<Item = &Arc<Path>> {
        let layers = self.looped.iter().flat_map(|looped| &looped.layers);
        self.clips.iter().map(|clip| &clip.file).chain(layers.map(|layer| &layer.file))
    }

    /// What is heard of it at a tempo.
    pub fn playlist(&self, timeline: &Timeline) -> Playlist {
        let frames_per_pulse = timeline.frames_per_pulse();
        let clips = self.clips.iter().filter(|clip| !clip.mute).map(|clip| clip.at(frames_per_pulse)).collect();
        Playlist::new(clips).with_loop(self.looped.as_ref().map(|looped| looped.at(frames_per_pulse)))
    }
}

impl TrackClip {
    /// It at a tempo.
    pub fn at(&self, frames_per_pulse: f64) -> Clip {
        Clip {
            audio: AudioSource::of_file(Arc::clone(&self.file)),
            file_frame: self.file_frame,
            place: self.place(frames_per_pulse),
            frames: self.frames,
            gain: self.gain.amplitude(),
            fade_in: self.fade_in,
            fade_out: self.fade_out,
            is_layer: self.is_layer,
            turns: Turns::default(),
        }
    }
}

impl TrackLoop {
    /// An empty one.
    pub fn new(at_pulse: f64, pulses: f64) -> TrackLoop {
        TrackLoop { at_pulse, pulses, speed: 1.0, layers: Vec::new() }
    }

    /// It at a tempo.
    pub fn at(&self, frames_per_pulse: f64) -> Repeat {
        Repeat {
            begins: self.at_pulse * frames_per_pulse,
            length: (self.pulses * frames_per_pulse).max(Repeat::SHORTEST),
            speed: self.speed,
            layers: self.layers.iter().map(LoopLayer::as_heard).collect(),
            turns: None,
        }
    }

    /// It, `times` as long: what is in it is in it so many times.
    ///
    /// # Errors
    /// It would be too long, or have too many layers.
    pub fn multiplied(&self, times: u32, frames_per_pulse: f64) -> Result<TrackLoop, TooLong> {
        let pulses = self.pulses * f64::from(times);
        if times == 0 || pulses > LOOP_PULSES_MAX || self.layers.len() * times as usize > LAYERS_MAX {
            return Err(TooLong);
        }
        let place = |time: u32| (f64::from(time) * self.pulses * frames_per_pulse).round() as u64;
        let layers = self.layers.iter().flat_map(|layer| {
            (0..times).map(move |time| LoopLayer { place: layer.place + place(time), ..layer.clone() })
        });
        Ok(TrackLoop { pulses, layers: layers.collect(), ..self.clone() })
    }

    /// Its first so many pulses alone. What lies behind them stays in the takes.
    pub fn cropped(&self, pulses: f64, frames_per_pulse: f64) -> TrackLoop {
        let pulses = pulses.min(self.pulses);
        let frames = (pulses * frames_per_pulse).round() as u64;
        let inside = self.layers.iter().filter(|layer| layer.place < frames);
        let cut = |layer: &LoopLayer| LoopLayer { frames: layer.frames.min(frames - layer.place), ..layer.clone() };
        TrackLoop { pulses, layers: inside.map(cut).collect(), ..self.clone() }
    }
}

/// A loop would be longer than there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a loop is at most a thousand bars long and has at most {LAYERS_MAX} layers")]
pub struct TooLong;

impl LoopLayer {
    /// What is left of it where `covered` frames of the loop are something else: nothing, one part or two, which fade over
    /// `seam` frames where they were cut.
    pub fn outside(&self, covered: Range<u64>, seam: u64) -> Vec<LoopLayer> {
        let ends = self.place + self.frames;
        let before = self.place..ends.min(covered.start);
        let after = self.place.max(covered.end)..ends;
        let part = |part: Range<u64>, fade_in: Fade, fade_out: Fade| LoopLayer {
            file_frame: self.file_frame + (part.start - self.place),
            place: part.start,
            frames: part.end - part.start,
            fade_in,
            fade_out,
            ..self.clone()
        };
        let mut left = Vec::new();
        if !before.is_empty() {
            let is_cut = before.end < ends;
            left.push(part(before, self.fade_in, if is_cut { Fade::linear(seam) } else { self.fade_out }));
        }
        if !after.is_empty() && after.start > self.place {
            left.push(part(after, Fade::linear(seam), self.fade_out));
        } else if left.is_empty() && !after.is_empty() {
            left.push(self.clone());
        }
        left
    }

    /// It as it is heard.
    pub fn as_heard(&self) -> RepeatLayer {
        RepeatLayer {
            audio: AudioSource::of_file(Arc::clone(&self.file)),
            file_frame: self.file_frame,
            place: self.place,
            frames: self.frames,
            gain: self.gain.amplitude(),
            fade_in: self.fade_in,
            fade_out: self.fade_out,
            turns: Turns::default(),
        }
    }
}

#[cfg(test)]
mod tests;
