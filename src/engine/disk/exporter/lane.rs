//! A core's share of an export: all tracks, each with its own open files, rendered a section at a time. Blocks on the disk.

use super::ExportTrack;
use crate::{
    engine::{
        audio::{capture::Capture, streams::block::Block},
        disk::reader::song::{Filled, SongSource},
    },
    music::Plan,
};
use busker_sound::{
    MAX_BLOCK,
    mixer::{MixLevels, Mixer},
};
use std::sync::Arc;

/// Frames that all tracks are added to before the next ones: they stay in a near cache.
const PIECE_FRAMES: usize = 8 * MAX_BLOCK;

/// A part of the song, rendered at once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Section {
    /// Its first frame.
    pub first: i64,
    /// How many.
    pub frames: usize,
    /// Each track by itself, or all of them through the master.
    pub are_stems: bool,
    /// Linear, behind the master.
    pub gain: f32,
}

/// What came of it.
pub(super) struct Rendered {
    /// Interleaved, for each file.
    pub blocks: Vec<Vec<f32>>,
    /// The highest absolute sample.
    pub peak: f32,
    /// Files that could not be read.
    pub faults: Vec<String>,
}

/// A track that is read.
struct TrackSource {
    strip: usize,
    source: SongSource,
    block: Block,
}

/// A core's share.
pub(super) struct ExportLane {
    sources: Vec<TrackSource>,
    mixer: Mixer,
    sides: [Vec<f32>; 2],
}

impl ExportLane {
    /// The tracks along a plan.
    pub(super) fn new(tracks: &[ExportTrack], levels: &MixLevels, plan: &Plan) -> ExportLane {
        let sources = tracks.iter().map(|track| {
            let samples = vec![[0.0; 2]; MAX_BLOCK].into_boxed_slice();
            TrackSource {
                strip: track.strip,
                source: SongSource::new(Arc::clone(&track.playlist), *plan, 0),
                block: Block { samples, ..Block::new(track.strip) },
            }
        });
        let side = || vec![0.0; PIECE_FRAMES];
        ExportLane { sources: sources.collect(), mixer: Mixer::new(levels), sides: [side(), side()] }
    }

    pub(super) fn render(&mut self, section: Section, capture: &Capture) -> Rendered {
        let Section { first, frames, are_stems, gain } = section;
        let count = if are_stems { self.sources.len() } else { 1 };
        let mut rendered = Rendered { blocks: vec![vec![0.0; frames * 2]; count], peak: 0.0, faults: Vec::new() };
        for begin in (0..frames).step_by(PIECE_FRAMES) {
            let piece = begin..frames.min(begin + PIECE_FRAMES);
            let at = first + begin as i64;
            for (place, block) in rendered.blocks.iter_mut().enumerate() {
                let [left, right] = self.sides.each_mut().map(|side| &mut side[..piece.len()]);
                left.fill(0.0);
                right.fill(0.0);
                let sources = if are_stems { &mut self.sources[place..=place] } else { &mut self.sources[..] };
                for source in sources {
                    source.add(&mut self.mixer, at, [&mut *left, &mut *right], capture, &mut rendered.faults);
                }
                self.mixer.master([&mut *left, &mut *right]);
                let out = &mut block[piece.start * 2..piece.end * 2];
                for (frame, (left, right)) in out.as_chunks_mut().0.iter_mut().zip(left.iter().zip(&*right)) {
                    *frame = [*left, *right];
                }
                if gain != 1.0 {
                    out.iter_mut().for_each(|sample| *sample *= gain);
                }
                rendered.peak = out.iter().fold(rendered.peak, |peak, sample| {
                    let level = sample.abs();
                    if level > peak { level } else { peak }
                });
            }
        }
        rendered
    }
}

impl TrackSource {
    /// Adds the frames from this one on to both sides, through its strip; silence where nothing comes.
    fn add(
        &mut self,
        mixer: &mut Mixer,
        first: i64,
        sides: [&mut [f32]; 2],
        capture: &Capture,
        faults: &mut Vec<String>,
    ) {
        let [left, right] = sides;
        let (source, block) = (&mut self.source, &mut self.block);
        let firsts = (first..).step_by(MAX_BLOCK);
        for ((left, right), first) in left.chunks_mut(MAX_BLOCK).zip(right.chunks_mut(MAX_BLOCK)).zip(firsts) {
            source.go_to(first);
            let frames = match source.fill(block, capture) {
                Filled::Yes(more) => {
                    faults.extend(more.into_iter().map(|(_, sentence)| sentence));
                    block.frames
                }
                Filled::NotYet => 0,
            };
            let samples = block.samples.get(..frames).unwrap_or_default();
            mixer.add_strips(self.strip..self.strip + 1, [left, right], |_, [left, right]| {
                for ((left, right), sample) in left.iter_mut().zip(&mut *right).zip(samples) {
                    [*left, *right] = *sample;
                }
                let after = samples.len().min(left.len());
                left[after..].fill(0.0);
                right[after..].fill(0.0);
                true
            });
        }
    }
}
