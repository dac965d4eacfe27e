//! The capture buffer: the last seconds of every input and of the master, always held.
//!
//! The callback writes each block over the oldest frames; the disk writer reads frames as long as they are held. So a
//! take begins and ends in hindsight, with its pre-roll, and the callback needs no order for it; frames from before a
//! command can be kept; and a disk may stall as long as the buffer is. Where a reader comes too late the frames are
//! gone, but they are counted by their place.
//!
//! A [`Layout`] lists its channels: first the inputs that were chosen at the start, after their gain; then the device's
//! other inputs as they come in, as many as its memory has room for; then the master. So the user can choose what to
//! record at any time, and in hindsight.
//!
//! Crossing: plain memory of atomics, written by one and read by others. The newest wins; a reader finds out afterwards
//! whether the frames it read were overwritten meanwhile. Realtime: the writing half, yes.

use crate::taps::Tap;
use std::{
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU32, Ordering, fence},
    },
};

/// A disk may stall this long at least, whatever the memory: the buffer is never shorter.
pub const STALL_SECONDS: f64 = 6.0;
/// Inputs that were not chosen are left out where the buffer would then hold less than this besides a stall: the
/// longest pre-roll.
const HINDSIGHT_SECONDS: f64 = 10.0;
/// With the inputs that were not chosen, a buffer has this much memory at most, where it is not allowed more without
/// them. At 48 kHz that is the default minute of an interface with 18 inputs, and 33 s of one with 32; a small computer
/// with 1 GB has room for it beside its system.
const ALL_MEMORY_BYTES: f64 = 256e6;
/// Bytes of a sample in the buffer.
const SAMPLE_BYTES: f64 = 4.0;
/// Frames that are interleaved at a time.
const TILE_FRAMES: usize = 64;
/// Samples in a page of memory.
const PAGE_SAMPLES: usize = 1024;

/// How long a buffer should hold, and how much memory it may use.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hold {
    /// Seconds to hold, besides the stall of a disk.
    pub seconds: f64,
    /// Memory in bytes for the chosen inputs and the master.
    pub memory_bytes: f64,
    /// Frames per second.
    pub sample_rate_hz: f64,
}

impl Hold {
    /// Frames of a buffer of so many channels, all of them chosen.
    fn frames(self, channels: usize) -> f64 {
        let wanted = (self.seconds + STALL_SECONDS) * self.sample_rate_hz;
        wanted.min(affordable(self.memory_bytes, channels)).max(STALL_SECONDS * self.sample_rate_hz)
    }
}

/// Frames of so many channels that there is memory for.
fn affordable(memory_bytes: f64, channels: usize) -> f64 {
    memory_bytes / (SAMPLE_BYTES * channels.max(1) as f64)
}

/// The channels of a buffer, and its length.
#[derive(Clone, Debug, PartialEq)]
pub struct Layout {
    /// The tap of each channel: the chosen inputs, others, the master.
    pub taps: Vec<Tap>,
    /// Inputs that its memory has no room for.
    pub left_out: Vec<Tap>,
    /// Its length in frames.
    pub frames: usize,
}

impl Layout {
    /// The chosen inputs and the master are always held; of the others, the first that there is room for. The more of
    /// them, the shorter all are held.
    pub fn new(chosen: &[Tap], others: impl IntoIterator<Item = Tap>, hold: Hold) -> Layout {
        let mut taps = chosen.to_vec();
        for tap in others {
            if !taps.contains(&tap) {
                taps.push(tap);
            }
        }
        let least = (STALL_SECONDS + HINDSIGHT_SECONDS) * hold.sample_rate_hz;
        let alone = hold.frames(chosen.len() + Tap::MASTER.len());
        let of_all = |others: usize| {
            affordable(hold.memory_bytes.max(ALL_MEMORY_BYTES), chosen.len() + others + Tap::MASTER.len())
        };
        let has_room = |others: &usize| of_all(*others) >= alone.min(least);
        let others = (0..=taps.len() - chosen.len()).rev().find(has_room).unwrap_or(0);
        let left_out = taps.split_off(chosen.len() + others);
        taps.extend(Tap::MASTER);
        let frames = if others == 0 { alone } else { alone.min(of_all(others)) };
        Layout { frames: frames.ceil() as usize, taps, left_out }
    }
}

/// The memory both halves share.
struct Ring {
    /// The tap of each channel.
    taps: Box<[Tap]>,
    /// The samples of each channel, as bits.
    channels: Box<[Box<[AtomicU32]>]>,
    frames: usize,
    /// The frame after the newest that is whole.
    head: AtomicI64,
    /// The frame after the newest that is being written: frames a buffer's length before it are gone.
    writing: AtomicI64,
}

/// The callback's half.
pub struct CaptureFeed {
    ring: Arc<Ring>,
}

/// A reader's half. Clones read the same buffer.
#[derive(Clone)]
pub struct Capture {
    ring: Arc<Ring>,
}

/// Both halves of a buffer, silent. Its pages come into memory when they are written, or by [`Capture::bring_in`].
pub fn capture(layout: &Layout) -> (CaptureFeed, Capture) {
    let frames = layout.frames.max(1);
    let channels = layout.taps.iter().map(|_| bytemuck::zeroed_slice_box(frames)).collect();
    let taps = layout.taps.clone().into();
    let ring = Arc::new(Ring { taps, channels, frames, head: AtomicI64::new(0), writing: AtomicI64::new(0) });
    (CaptureFeed { ring: Arc::clone(&ring) }, Capture { ring })
}

/// A range of frames as two stretches of a channel: up to its end, and on from its beginning.
fn stretches(first: i64, frames: usize, length: usize) -> (Range<usize>, Range<usize>) {
    let at = first.rem_euclid(length as i64) as usize;
    let straight = frames.min(length - at);
    (at..at + straight, 0..frames - straight)
}

impl CaptureFeed {
    /// Begins to write `frames` frames, which follow those written before: each channel once, in any order. Readers see
    /// them when the block is dropped. Realtime: yes.
    pub fn block(&mut self, frames: usize) -> CaptureBlock<'_> {
        let ring = &*self.ring;
        let frames = frames.min(ring.frames);
        let first = ring.head.load(Ordering::Relaxed);
        let end = first + frames as i64;
        ring.writing.store(end, Ordering::Relaxed);
        // A reader that sees a sample of this block sees that it is being written.
        fence(Ordering::Release);
        CaptureBlock { ring, stretches: stretches(first, frames, ring.frames), end }
    }

    /// Writes a block of all channels.
    #[cfg(test)]
    pub fn feed<'a>(&mut self, frames: usize, channels: impl Iterator<Item = &'a [f32]>) {
        let block = self.block(frames);
        channels.enumerate().for_each(|(channel, samples)| block.write(channel, samples));
    }
}

/// A block that is being written.
pub struct CaptureBlock<'a> {
    ring: &'a Ring,
    stretches: (Range<usize>, Range<usize>),
    /// The frame after its last.
    end: i64,
}

impl CaptureBlock<'_> {
    /// Writes the channels after the chosen ones, which are `chosen` in number: `samples` gives the samples of a tap,
    /// as many as the block has frames. Realtime: yes.
    pub fn write_others<'a>(&self, chosen: usize, samples: impl Fn(Tap) -> &'a [f32]) {
        for (channel, tap) in self.ring.taps.iter().enumerate().skip(chosen) {
            self.write(channel, samples(*tap));
        }
    }

    /// Writes the samples of a channel. Realtime: yes.
    pub fn write(&self, channel: usize, samples: &[f32]) {
        let Some(cells) = self.ring.channels.get(channel) else { return };
        let (straight, wrapped) = &self.stretches;
        let (first, rest) = samples.split_at(straight.len().min(samples.len()));
        for (to, samples) in [(&cells[straight.clone()], first), (&cells[wrapped.clone()], rest)] {
            for (to, from) in to.iter().zip(samples) {
                to.store(from.to_bits(), Ordering::Relaxed);
            }
        }
    }
}

impl Drop for CaptureBlock<'_> {
    fn drop(&mut self) {
        self.ring.head.store(self.end, Ordering::Release);
    }
}

impl Capture {
    /// The frames that are held: from the oldest to the one after the newest.
    pub fn held(&self) -> Range<i64> {
        let head = self.ring.head.load(Ordering::Acquire);
        self.oldest().min(head)..head
    }

    fn oldest(&self) -> i64 {
        (self.ring.writing.load(Ordering::Relaxed) - self.ring.frames as i64).max(0)
    }

    /// Brings the whole buffer into memory, in the order it is written, so that the callback waits for no page. Takes a
    /// moment.
    pub fn bring_in(&self) {
        for at in (0..self.ring.frames).step_by(PAGE_SAMPLES) {
            for sample in self.ring.channels.iter().filter_map(|cells| cells.get(at)) {
                // The sample stays as it is. (Adding nothing would be compiled to a read, which brings no page of its
                // own.)
                let _ = sample.compare_exchange(0, 0, Ordering::Relaxed, Ordering::Relaxed);
            }
        }
    }

    /// Its length in frames.
    pub fn frames(&self) -> usize {
        self.ring.frames
    }

    /// The tap of each channel.
    pub fn taps(&self) -> &[Tap] {
        &self.ring.taps
    }

    /// The channels of these taps.
    ///
    /// # Errors
    /// The first tap that is not held.
    pub fn channels(&self, taps: &[Tap]) -> Result<Vec<usize>, Tap> {
        taps.iter().map(|tap| self.ring.taps.iter().position(|held| held == tap).ok_or(*tap)).collect()
    }

    /// Its memory in bytes.
    pub fn bytes(&self) -> u64 {
        self.ring.channels.len() as u64 * self.ring.frames as u64 * SAMPLE_BYTES as u64
    }

    /// Reads `frames` frames from `first` on of these channels, interleaved, into `out`, replacing its content. A
    /// channel that is not there is silent. False where some frames are not held or were overwritten meanwhile: the
    /// content of `out` is then invalid.
    pub fn read(&self, first: i64, frames: usize, channels: &[usize], out: &mut Vec<f32>) -> bool {
        let ring = &*self.ring;
        let head = ring.head.load(Ordering::Acquire);
        if first < self.oldest() || first + frames as i64 > head {
            return false;
        }
        // Every sample is written below: the old content of `out` needs no silence first.
        out.resize(frames * channels.len(), 0.0);
        // Some frames of each channel in turn: the samples written meanwhile stay in the nearest cache.
        for (tile, first) in out.chunks_mut(TILE_FRAMES * channels.len().max(1)).zip((first..).step_by(TILE_FRAMES)) {
            let (straight, wrapped) = stretches(first, tile.len() / channels.len().max(1), ring.frames);
            let (before, after) = tile.split_at_mut(straight.len() * channels.len());
            for (frames, stretch) in [(before, straight), (after, wrapped)] {
                for (place, channel) in channels.iter().enumerate() {
                    let places = frames.chunks_exact_mut(channels.len()).filter_map(|frame| frame.get_mut(place));
                    match ring.channels.get(*channel) {
                        Some(cells) => places
                            .zip(&cells[stretch.clone()])
                            .for_each(|(to, from)| *to = f32::from_bits(from.load(Ordering::Relaxed))),
                        None => places.for_each(|to| *to = 0.0),
                    }
                }
            }
        }
        fence(Ordering::Acquire);
        first >= self.oldest()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::taps::Side;
    use proptest::prelude::*;
    use std::thread;

    /// So many inputs and no others.
    fn layout(channels: usize, frames: usize) -> Layout {
        Layout { taps: inputs(0..channels), left_out: Vec::new(), frames }
    }

    fn feed(feed: &mut CaptureFeed, from: i64, frames: usize) {
        let side = |sign: f32| (0..frames).map(|i| sign * (from + i as i64) as f32).collect::<Vec<f32>>();
        let (left, right) = (side(1.0), side(-1.0));
        feed.feed(frames, [&left[..], &right[..]].into_iter());
    }

    #[test]
    fn frames_that_are_held_are_read_as_they_were_fed_and_no_others_are_read() {
        let (mut callback, capture) = capture(&layout(2, 1000));
        let mut out = Vec::new();
        assert_eq!(capture.held(), 0..0);
        for block in 0..40 {
            feed(&mut callback, block * 77, 77);
            let held = capture.held();
            assert_eq!(held.end, (block + 1) * 77);
            assert_eq!(held.start, (held.end - 1000).max(0));
            let frames = (held.end - held.start) as usize;
            assert!(capture.read(held.start, frames, &[1, 0], &mut out));
            let want: Vec<f32> = held.clone().flat_map(|i| [-(i as f32), i as f32]).collect();
            assert_eq!(out, want);
            assert!(!capture.read(held.start - 1, 1, &[0], &mut out));
            assert!(!capture.read(held.end, 1, &[0], &mut out));
        }
    }

    #[test]
    fn a_channel_that_is_not_there_is_silent() {
        let (mut callback, capture) = capture(&layout(2, 1000));
        feed(&mut callback, 5, 3);
        // Content from before.
        let mut out = vec![9.0; 4];
        assert!(capture.read(0, 3, &[7, 0], &mut out));
        assert_eq!(out, [0.0, 5.0, 0.0, 6.0, 0.0, 7.0]);
    }

    /// Two threads race on a small buffer: a read that reports success is whole.
    #[test]
    fn frames_overwritten_during_a_read_are_never_taken_for_sound() {
        let (mut callback, capture) = capture(&layout(2, 512));
        let writing = thread::spawn(move || {
            for block in 0..20_000_i64 {
                feed(&mut callback, block * 64, 64);
            }
        });
        let (mut out, mut whole) = (Vec::new(), 0_u32);
        while !writing.is_finished() {
            let held = capture.held();
            let frames = (held.end - held.start) as usize;
            if capture.read(held.start, frames, &[0, 1], &mut out) {
                whole += u32::from(frames > 0);
                for (i, frame) in out.chunks(2).enumerate() {
                    let want = (held.start + i as i64) as f32;
                    assert_eq!(frame, [want, -want]);
                }
            }
        }
        writing.join().unwrap();
        let held = capture.held();
        assert!(capture.read(held.start, 512, &[0], &mut out), "{whole} while it was written");
    }

    fn hold(seconds: f64, memory_bytes: f64) -> Hold {
        Hold { seconds, memory_bytes, sample_rate_hz: 48_000.0 }
    }

    fn inputs(range: Range<usize>) -> Vec<Tap> {
        range.map(Tap::of_input).collect()
    }

    #[test]
    fn it_is_as_long_as_asked_within_its_memory_and_never_shorter_than_a_stall() {
        let frames = |chosen, hold| Layout::new(&inputs(0..chosen), [], hold).frames;
        assert_eq!(frames(2, hold(60.0, 64e6)), 66 * 48_000);
        assert_eq!(frames(32, hold(60.0, 64e6)), (64e6_f64 / 136.0).ceil() as usize);
        assert_eq!(frames(32, hold(0.0, 8e6)), 6 * 48_000);
    }

    #[test]
    fn every_input_is_held_that_there_is_room_for_after_the_chosen_ones() {
        let chosen = [Tap::Input(17), Tap::Input(3)];
        let layout = Layout::new(&chosen, inputs(0..18), hold(60.0, 64e6));
        assert_eq!((layout.taps.len(), layout.left_out.len(), layout.frames), (20, 0, 66 * 48_000));
        assert!(layout.taps.starts_with(&chosen) && layout.taps.ends_with(&Tap::MASTER));
        let mut inputs_held = layout.taps[..18].to_vec();
        assert_eq!(Layout::new(&[], inputs(0..30), hold(60.0, 64e6)).frames, 256_000_000 / (4 * 32));
        inputs_held.sort_by_key(|tap| inputs(0..18).iter().position(|input| input == tap));
        assert_eq!(inputs_held, inputs(0..18));
    }

    proptest! {
        #[test]
        fn a_layout_loses_no_tap_keeps_its_memory_and_never_shortens_the_chosen_below_their_least(
            (count, chosen_count) in (0_usize..80).prop_flat_map(|count| (Just(count), 0..=count)),
            seconds in 0.0..200.0_f64,
            memory in 8e6..1e9_f64,
        ) {
            let (hold, chosen) = (hold(seconds, memory), inputs(0..chosen_count));
            let layout = Layout::new(&chosen, inputs(0..count), hold);
            let alone = Layout::new(&chosen, [], hold);
            let others = layout.taps.len() - alone.taps.len();
            prop_assert!(layout.taps.starts_with(&chosen) && layout.taps.ends_with(&Tap::MASTER));
            // Those that are left out are the last.
            let held = &layout.taps[chosen_count..chosen_count + others];
            prop_assert_eq!(&[held, &layout.left_out].concat(), &inputs(chosen_count..count));
            let bytes = (layout.frames * layout.taps.len()) as f64 * SAMPLE_BYTES;
            let all = memory.max(256e6);
            prop_assert!(others == 0 || bytes <= all + layout.taps.len() as f64 * SAMPLE_BYTES);
            prop_assert!((alone.frames.min(16 * 48_000)..=alone.frames).contains(&layout.frames));
            // One more would have been too many.
            let one_more = all / (SAMPLE_BYTES * (layout.taps.len() + 1) as f64);
            prop_assert!(layout.left_out.is_empty() || one_more < alone.frames.min(16 * 48_000) as f64);
        }
    }

    #[test]
    fn the_channels_after_the_chosen_are_written_by_their_tap() {
        let layout = Layout { taps: [&[Tap::Input(2), Tap::Input(1)][..], &Tap::MASTER].concat(), ..layout(0, 100) };
        let (mut callback, capture) = capture(&layout);
        let of = |tap| match tap {
            Tap::Input(1) => &[1.0, 2.0][..],
            Tap::Master(Side::Left) => &[3.0, 4.0],
            Tap::Master(Side::Right) => &[5.0, 6.0],
            _ => &[9.0, 9.0],
        };
        let block = callback.block(2);
        block.write_others(1, of);
        block.write(0, &[7.0, 8.0]);
        drop(block);
        let wanted = [Tap::Master(Side::Right), Tap::Input(2), Tap::Input(1), Tap::Master(Side::Left)];
        let channels = capture.channels(&wanted).unwrap();
        let mut out = Vec::new();
        assert!(capture.read(0, 2, &channels, &mut out));
        assert_eq!(out, [5.0, 7.0, 1.0, 3.0, 6.0, 8.0, 2.0, 4.0]);
        assert_eq!(capture.channels(&[Tap::Input(1), Tap::Input(3)]), Err(Tap::Input(3)));
    }
}
