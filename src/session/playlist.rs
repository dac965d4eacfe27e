//! The playlist of a track: which audio, which frames of it and which gains lie under a stretch of the song. Pure.
//!
//! Called by the disk reader for what is heard, by an export for what is written, and by tests. All frames are those of
//! the song and of the files, which have the same rate.
//!
//! A clip covers those before it in the list. Where it fades, as much of what it covers is heard as is missing of it: so
//! two clips crossfade, and the gains of one frame are never more than 1 together. A clip that is a *layer* covers nothing
//! and is added to what is there.
//!
//! A track's loop ([`Repeat`]) lies under its clips and repeats from its beginning to the end of the song. Its layers are
//! added to each other. The seam: each layer fades in over the frames *before* its place, from what the file has before
//! it, and fades out over its last frames; so its attack is as it was played, and a layer that goes on in another one goes
//! on without a change of level.

use crate::wav::Depth;
use std::{ops::Range, path::Path, sync::Arc};

/// Where the samples of a clip or a layer are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AudioSource {
    /// The file.
    pub file: Arc<Path>,
    /// While the file is being recorded: what is in it, as the capture buffer has it.
    pub captured: Option<Arc<Captured>>,
}

/// A take under way, in the capture buffer.
#[derive(Debug, PartialEq, Eq)]
pub struct Captured {
    /// The frame of the engine's clock on the take's first frame.
    pub first_frame: i64,
    /// The frame after the last one that will be in the take, once that is known.
    pub end_frame: Option<i64>,
    /// The buffer's channels, in the order of the file's.
    pub channels: Vec<usize>,
    /// How a sample lies in the file.
    pub depth: Depth,
}

impl AudioSource {
    /// A file that is whole.
    pub fn of_file(file: Arc<Path>) -> AudioSource {
        AudioSource { file, captured: None }
    }
}

/// A turn of a track's loop, or a pass of the song: the pass first, then how often the loop has come round in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Turn {
    /// The pass of the song.
    pub pass: i64,
    /// The turn of the loop, counted from the loop's beginning; 0 for a clip.
    pub turn: i64,
}

/// The turns on which something is heard: all of them, or those of a stretch. What is being recorded is heard from its
/// next turn on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Turns {
    /// The first; nothing is "from the beginning".
    pub from: Option<Turn>,
    /// The one after the last; nothing is "to the end".
    pub until: Option<Turn>,
}

impl Turns {
    fn has(self, turn: Turn) -> bool {
        self.from.is_none_or(|from| turn >= from) && self.until.is_none_or(|until| turn < until)
    }
}

/// A way from silence to unity, or back.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Fade {
    /// How long, in frames.
    pub frames: u64,
    /// How much alike what comes and what goes are, 0..=1: alike (1), their amplitudes make one together; unlike (0), their
    /// powers do. In between, the level is kept as well.
    pub likeness: f32,
}

impl Fade {
    /// Between things that are the same, or that do not meet: a straight line.
    pub fn linear(frames: u64) -> Fade {
        Fade { frames, likeness: 1.0 }
    }

    /// It where frames are played at this speed.
    fn at_speed(self, speed: f64) -> Fade {
        Fade { frames: (self.frames as f64 / speed.abs()).round() as u64, ..self }
    }

    /// The gain so many frames from the silent end, 0..=1, in the middle of a frame: the same forwards and backwards.
    ///
    /// With parts t and 1-t of two signals of the same power and the correlation r, the power of the sum is
    /// t² + (1-t)² + 2·r·t·(1-t); each gain is divided by its root.
    fn gain_at(self, frames: i64) -> f32 {
        if self.frames == 0 {
            return 1.0;
        }
        let part = ((frames as f64 + 0.5) / self.frames as f64).clamp(0.0, 1.0);
        let rest = 1.0 - part;
        let power = part * part + rest * rest + 2.0 * f64::from(self.likeness) * part * rest;
        (part / power.sqrt()) as f32
    }
}

/// A part of a file at a place in the song.
#[derive(Clone, Debug, PartialEq)]
pub struct Clip {
    /// Its samples.
    pub audio: AudioSource,
    /// The first frame of the file that is heard.
    pub file_frame: u64,
    /// Where that is in the song, in frames.
    pub place: i64,
    /// How many frames.
    pub frames: u64,
    /// Linear.
    pub gain: f32,
    /// Frames at its beginning over which it comes from silence.
    pub fade_in: u64,
    /// Frames at its end over which it goes to silence.
    pub fade_out: u64,
    /// Whether it is added to what it lies on, instead of covering it.
    pub is_layer: bool,
    /// When it is heard.
    pub turns: Turns,
}

impl Clip {
    /// The whole of a part of a file, at unity.
    pub fn of(file: Arc<Path>, file_frame: u64, place: i64, frames: u64) -> Clip {
        let audio = AudioSource::of_file(file);
        let turns = Turns::default();
        Clip { audio, file_frame, place, frames, gain: 1.0, fade_in: 0, fade_out: 0, is_layer: false, turns }
    }

    /// The frames of the song that it lies on.
    pub fn song(&self) -> Range<i64> {
        self.place..self.place.saturating_add_unsigned(self.frames)
    }

    /// How far it has come from silence on a frame of the song, 0..=1: linear in the fades, the lower one where they
    /// overlap.
    fn presence_at(&self, frame: i64) -> f32 {
        let song = self.song();
        if !song.contains(&frame) {
            return 0.0;
        }
        let fades = (Fade::linear(self.fade_in), Fade::linear(self.fade_out));
        fades.0.gain_at(frame - song.start).min(fades.1.gain_at(song.end - 1 - frame))
    }

    /// Where its gain begins or ends to move, besides its ends.
    fn bends(&self) -> [i64; 2] {
        let song = self.song();
        [song.start.saturating_add_unsigned(self.fade_in), song.end.saturating_sub_unsigned(self.fade_out)]
    }

    /// Whether nothing under it is heard anywhere in a part of it that no bend cuts.
    fn covers(&self, part: &Range<i64>) -> bool {
        !self.is_layer && self.presence_at(part.start) == 1.0 && self.presence_at(part.end - 1) == 1.0
    }
}

/// A layer of a loop.
#[derive(Clone, Debug, PartialEq)]
pub struct RepeatLayer {
    /// Its samples.
    pub audio: AudioSource,
    /// The frame of the file on its place.
    pub file_frame: u64,
    /// Where that is, in frames from the loop's beginning.
    pub place: u64,
    /// How many frames.
    pub frames: u64,
    /// Linear.
    pub gain: f32,
    /// How it comes in, over the frames before its place.
    pub fade_in: Fade,
    /// How it goes, over its last frames.
    pub fade_out: Fade,
    /// When it is heard.
    pub turns: Turns,
}

/// What repeats on a track.
#[derive(Clone, Debug, PartialEq)]
pub struct Repeat {
    /// The frame of the song on which it begins, with its fraction.
    pub begins: f64,
    /// Its length at its own speed, in frames with their fraction; at least [`Repeat::SHORTEST`].
    pub length: f64,
    /// Frames of its audio to a frame of the song: -4..=4 and not 0; backwards where it is negative.
    pub speed: f64,
    /// What is in it.
    pub layers: Vec<RepeatLayer>,
    /// How many turns it has; nothing is "for ever".
    pub turns: Option<i64>,
}

impl Repeat {
    /// The shortest, in frames.
    pub const SHORTEST: f64 = 64.0;

    /// Frames of the song from one beginning to the next.
    pub fn turn_frames(&self) -> f64 {
        (self.length / self.speed.abs()).max(Self::SHORTEST)
    }

    /// The frame of the song on which a turn begins. Turns do not drift: each is computed from the loop's beginning.
    pub fn turn_begins(&self, turn: i64) -> i64 {
        (self.begins + turn as f64 * self.turn_frames()).round() as i64
    }

    /// The turn that a frame of the song is in; negative before the beginning.
    pub fn turn_at(&self, frame: i64) -> i64 {
        let near = ((frame as f64 - self.begins) / self.turn_frames()).floor() as i64;
        // A beginning is rounded to a whole frame.
        (near - 1..=near + 1).rev().find(|turn| self.turn_begins(*turn) <= frame).unwrap_or(near - 1)
    }
}

/// What is heard of one source under a part of the song.
#[derive(Clone, Debug)]
pub struct PlaylistRegion<'a> {
    /// The part of the song.
    pub song: Range<i64>,
    /// The samples.
    pub audio: &'a AudioSource,
    /// The frame of the file on the first frame of the song, with its fraction.
    pub file_at: f64,
    /// Frames of the file to a frame of the song: 1 but in a loop of another speed.
    pub speed: f64,
    gains: Gains<'a>,
}

/// The gain of a piece.
#[derive(Clone, Debug)]
enum Gains<'a> {
    /// A clip's, and what fades over it.
    Clip(&'a Clip, Vec<&'a Clip>),
    /// A layer's, of the turn that begins on this frame and has so many.
    Layer { layer: &'a RepeatLayer, speed: f64, begins: i64, frames: i64 },
}

impl PlaylistRegion<'_> {
    /// The file.
    pub fn file(&self) -> &Arc<Path> {
        &self.audio.file
    }

    /// The frame of the file that lies on the first frame, at speed 1.
    pub fn file_frame(&self) -> u64 {
        self.file_at as u64
    }

    /// Its gain on these frames of the song, which are some of its own, where that does not move: outside the fades.
    pub fn steady_gain(&self, song: &Range<i64>) -> Option<f32> {
        match &self.gains {
            // No bend cuts a piece: what is at unity at both ends is so between them.
            Gains::Clip(clip, above) => {
                let is_there = |frame| clip.presence_at(frame) == 1.0;
                (above.is_empty() && is_there(song.start) && is_there(song.end - 1)).then_some(clip.gain)
            }
            Gains::Layer { layer, speed, begins, frames } => {
                let steady = layer.steady_in_turn(*frames, *speed);
                (steady.start <= song.start - begins && song.end - begins <= steady.end).then_some(layer.gain)
            }
        }
    }

    /// The gain on a frame of the song.
    pub fn gain_at(&self, frame: i64) -> f32 {
        match &self.gains {
            Gains::Clip(clip, above) => {
                let own = clip.gain * clip.presence_at(frame);
                above.iter().fold(own, |gain, above| gain * (1.0 - above.presence_at(frame)))
            }
            Gains::Layer { layer, speed, begins, frames } => layer.gain_at(frame - begins, *frames, *speed),
        }
    }
}

impl RepeatLayer {
    /// The frames of a turn of so many on which it is heard, counted from the turn's first; before 0 where it comes in.
    fn in_turn(&self, frames: i64, speed: f64) -> Range<i64> {
        let to_song = |own: f64| (own / speed.abs()).round() as i64;
        let (from, to) = (self.place as f64, (self.place + self.frames) as f64);
        let fade_in = to_song(self.fade_in.frames as f64);
        // What ends with the loop ends with its turn, which is a frame longer or shorter now and then.
        let ends = |at: i64| if (at - frames).abs() <= 1 { frames } else { at.min(frames) };
        match speed > 0.0 {
            true => to_song(from) - fade_in..ends(to_song(to)),
            // Backwards the end comes first: it fades in from what the file has behind it.
            false => frames - ends(to_song(to)) - fade_in..ends(frames - to_song(from)),
        }
    }

    /// The frame of its file on a frame of a turn.
    fn file_at(&self, at: i64, frames: i64, speed: f64) -> f64 {
        let own = match speed > 0.0 {
            true => at as f64 * speed,
            // The last frame first.
            false => (frames - 1 - at) as f64 * -speed,
        };
        self.file_frame as f64 + own - self.place as f64
    }

    /// The frames of a turn of so many on which no fade moves it.
    fn steady_in_turn(&self, frames: i64, speed: f64) -> Range<i64> {
        let heard = self.in_turn(frames, speed);
        let [fade_in, fade_out] = [self.fade_in, self.fade_out].map(|fade| fade.at_speed(speed).frames as i64);
        heard.start + fade_in..heard.end - fade_out
    }

    fn gain_at(&self, at: i64, frames: i64, speed: f64) -> f32 {
        let heard = self.in_turn(frames, speed);
        if !heard.contains(&at) {
            return 0.0;
        }
        let scaled = |fade: Fade| fade.at_speed(speed);
        self.gain * scaled(self.fade_in).gain_at(at - heard.start) * scaled(self.fade_out).gain_at(heard.end - 1 - at)
    }
}

/// What lies on a track.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Playlist {
    clips: Vec<Clip>,
    repeat: Option<Repeat>,
}

impl Playlist {
    /// These clips, each over those before it.
    pub fn new(clips: Vec<Clip>) -> Playlist {
        Playlist { clips, repeat: None }
    }

    /// The same with a loop under it.
    pub fn with_loop(self, repeat: Option<Repeat>) -> Playlist {
        Playlist { repeat, ..self }
    }

    /// The same with what is still being recorded read from the capture buffer.
    pub fn with_captured(mut self, captured: impl Fn(&Path) -> Option<Arc<Captured>>) -> Playlist {
        let layers = self.repeat.iter_mut().flat_map(|repeat| &mut repeat.layers);
        let all = self.clips.iter_mut().map(|clip| &mut clip.audio).chain(layers.map(|layer| &mut layer.audio));
        all.for_each(|audio| audio.captured = captured(&audio.file));
        self
    }

    /// The same with one more layer in its loop, where it has one.
    pub fn with_layer(mut self, layer: RepeatLayer) -> Playlist {
        if let Some(repeat) = &mut self.repeat {
            repeat.layers.push(layer);
        }
        self
    }

    /// The same with one more clip over all others.
    pub fn with_clip(mut self, clip: Clip) -> Playlist {
        self.clips.push(clip);
        self
    }

    /// The loop.
    pub fn repeat(&self) -> Option<&Repeat> {
        self.repeat.as_ref()
    }

    /// Whether nothing lies on it.
    pub fn is_empty(&self) -> bool {
        self.clips.is_empty() && self.repeat.as_ref().is_none_or(|repeat| repeat.layers.is_empty())
    }

    /// The first frame of the song behind which nothing lies; `i64::MAX` where something repeats.
    pub fn end(&self) -> i64 {
        let looped = self.repeat.as_ref().filter(|repeat| !repeat.layers.is_empty());
        let looped = looped.map(|repeat| repeat.turns.map_or(i64::MAX, |turns| repeat.turn_begins(turns)));
        self.clips.iter().map(|clip| clip.song().end).chain(looped).max().unwrap_or(0)
    }

    /// The first frame of a stretch of the song on which something lies.
    pub fn begins_in(&self, stretch: Range<i64>) -> Option<i64> {
        let clips = self.clips.iter().map(Clip::song);
        let looped = self.repeat.iter().filter(|repeat| !repeat.layers.is_empty());
        let all = clips.chain(looped.map(|repeat| repeat.turn_begins(0)..i64::MAX));
        all.map(|song| song.start.max(stretch.start)..song.end.min(stretch.end))
            .filter(|song| !song.is_empty())
            .map(|song| song.start)
            .min()
    }

    /// What sounds before this frame, to its own end: clips that begin before it, and a loop to the end of its
    /// turn.
    pub fn ringing_out(&self, end: i64) -> Playlist {
        let clips = self.clips.iter().filter(|clip| clip.place < end).cloned().collect();
        let until = |repeat: &Repeat| {
            let turn = repeat.turn_at(end - 1);
            (turn >= 0).then(|| Repeat { turns: Some(turn + 1), ..repeat.clone() })
        };
        Playlist { clips, repeat: self.repeat.as_ref().and_then(until) }
    }

    /// What is heard under a stretch of the song on a pass of it, in the order of the song where it is of clips, and what
    /// repeats behind them. Where nothing lies, or nothing of it is heard, there is no piece; several lie over each other
    /// where clips crossfade and layers are added.
    pub fn pieces(&self, stretch: Range<i64>, pass: i64) -> Vec<PlaylistRegion<'_>> {
        let mut pieces = self.clips_under(&stretch, pass);
        if let Some(repeat) = &self.repeat {
            repeat.add_pieces(&stretch, pass, &mut pieces);
        }
        pieces
    }

    fn clips_under(&self, stretch: &Range<i64>, pass: i64) -> Vec<PlaylistRegion<'_>> {
        let overlaps = |clip: &&Clip| {
            let song = clip.song();
            song.start < stretch.end && stretch.start < song.end && clip.turns.has(Turn { pass, turn: 0 })
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
                let file_frame = clip.file_frame.saturating_add(part.start.abs_diff(clip.place));
                pieces.push(PlaylistRegion {
                    song: part.clone(),
                    audio: &clip.audio,
                    file_at: file_frame as f64,
                    speed: 1.0,
                    gains: Gains::Clip(clip, above.clone()),
                });
                if clip.covers(&part) {
                    break;
                }
                if !clip.is_layer {
                    above.push(*clip);
                }
            }
        }
        pieces
    }
}

impl Repeat {
    fn add_pieces<'a>(&'a self, stretch: &Range<i64>, pass: i64, pieces: &mut Vec<PlaylistRegion<'a>>) {
        if stretch.is_empty() || self.layers.is_empty() {
            return;
        }
        // What comes in does so in the turn before.
        let last = self.turn_at(stretch.end - 1).saturating_add(1);
        for turn in self.turn_at(stretch.start).max(0)..=self.turns.map_or(last, |turns| last.min(turns - 1)) {
            let begins = self.turn_begins(turn);
            let frames = self.turn_begins(turn + 1) - begins;
            for layer in self.layers.iter().filter(|layer| layer.turns.has(Turn { pass, turn })) {
                let heard = layer.in_turn(frames, self.speed);
                let song = (begins + heard.start).max(stretch.start)..(begins + heard.end).min(stretch.end);
                if song.is_empty() {
                    continue;
                }
                let file_at = layer.file_at(song.start - begins, frames, self.speed);
                let gains = Gains::Layer { layer, speed: self.speed, begins, frames };
                pieces.push(PlaylistRegion { song, audio: &layer.audio, file_at, speed: self.speed, gains });
            }
        }
    }
}

#[cfg(test)]
mod tests;
