//! Recording: the callback fills blocks lent by the disk writer and hands them back full.
//!
//! The blocks are made at start; none is allocated or freed here. Where the disk is so slow that no empty block is
//! left, the frames are lost but counted by position: each block says its first frame, so the writer fills the gap
//! with silence of the exact length. Realtime: yes.

use ringbuf::{
    HeapCons, HeapProd, HeapRb,
    traits::{Consumer, Producer, Split},
};

/// Frames in a block: 43 ms at 48 kHz, so that at most that much waits in the callback.
pub const BLOCK_FRAMES: usize = 2048;
/// What the blocks hold together: a disk may stall this long.
const BUFFER_SECONDS: f64 = 6.0;

/// Which take, counted from 1 over the life of the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TakeId(pub u32);

/// Some frames of a take, interleaved.
#[derive(Debug)]
pub struct TakeBlock {
    /// Which take they belong to.
    pub take: TakeId,
    /// The first frame, on the engine's clock.
    pub first_frame: i64,
    /// How many.
    pub frames: usize,
    /// Whether the take ends with this block.
    pub last: bool,
    /// Room for [`BLOCK_FRAMES`] frames; the first `frames` are meant.
    pub samples: Box<[f32]>,
}

/// The callback's half.
pub struct Tap {
    channels: usize,
    full: HeapProd<Box<TakeBlock>>,
    empty: HeapCons<Box<TakeBlock>>,
    block: Option<Box<TakeBlock>>,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Idle,
    Recording(TakeId),
    /// Stopped at a frame, but no block was there to say so.
    Ending(TakeId, i64),
}

/// The writer's half.
pub struct TapBlocks {
    /// Blocks to be written.
    pub full: HeapCons<Box<TakeBlock>>,
    /// Where they go when they are.
    pub empty: HeapProd<Box<TakeBlock>>,
    /// Samples in a frame.
    pub channels: usize,
}

/// Both halves, with all the blocks.
pub fn tap(channels: usize, sample_rate_hz: f64) -> (Tap, TapBlocks) {
    let count = (BUFFER_SECONDS * sample_rate_hz / BLOCK_FRAMES as f64).ceil() as usize + 1;
    let (full_producer, full_consumer) = HeapRb::new(count).split();
    let (mut empty_producer, empty_consumer) = HeapRb::new(count).split();
    empty_producer.push_iter((0..count).map(|_| {
        let samples = vec![0.0; BLOCK_FRAMES * channels].into_boxed_slice();
        Box::new(TakeBlock { take: TakeId(0), first_frame: 0, frames: 0, last: false, samples })
    }));
    let tap = Tap { channels, full: full_producer, empty: empty_consumer, block: None, state: State::Idle };
    (tap, TapBlocks { full: full_consumer, empty: empty_producer, channels })
}

impl Tap {
    /// Begins a take with the next frame that is fed. A take under way ends there.
    pub fn start(&mut self, take: TakeId, frame: i64) {
        self.stop(frame);
        self.state = State::Recording(take);
    }

    /// Ends the take before `frame`.
    pub fn stop(&mut self, frame: i64) {
        if let State::Recording(take) = self.state {
            self.state = State::Ending(take, frame);
            self.end();
        }
    }

    /// Whether a take is under way.
    pub fn recording(&self) -> Option<TakeId> {
        match self.state {
            State::Recording(take) => Some(take),
            _ => None,
        }
    }

    /// Feeds a block, one slice per channel, all of one length. Returns how many frames found no room.
    pub fn feed(&mut self, first_frame: i64, inputs: &[Vec<f32>], frames: usize) -> usize {
        self.end();
        let State::Recording(take) = self.state else { return 0 };
        let mut done = 0;
        while done < frames {
            if self.block.is_none() {
                self.block = self.lend(take, first_frame + done as i64);
            }
            let Some(block) = &mut self.block else { return frames - done };
            let n = (frames - done).min(BLOCK_FRAMES - block.frames);
            for (channel, samples) in inputs.iter().take(self.channels).enumerate() {
                let to = block.samples[block.frames * self.channels..].iter_mut().skip(channel).step_by(self.channels);
                for (to, from) in to.zip(&samples[done..done + n]) {
                    *to = *from;
                }
            }
            block.frames += n;
            done += n;
            if block.frames == BLOCK_FRAMES {
                self.hand_over();
            }
        }
        0
    }

    fn lend(&mut self, take: TakeId, first_frame: i64) -> Option<Box<TakeBlock>> {
        self.empty.try_pop().map(|mut block| {
            (block.take, block.first_frame, block.frames, block.last) = (take, first_frame, 0, false);
            block
        })
    }

    fn hand_over(&mut self) {
        if let Some(block) = self.block.take()
            && let Err(block) = self.full.try_push(block)
        {
            // The ring holds as many as there are blocks; were it full all the same, the block stays and is tried again.
            self.block = Some(block);
        }
    }

    /// Marks the end of a take as soon as there is a block to say it with.
    fn end(&mut self) {
        if let State::Ending(take, frame) = self.state {
            if self.block.is_none() {
                self.block = self.lend(take, frame);
            }
            if let Some(block) = &mut self.block {
                block.last = true;
                self.hand_over();
                self.state = State::Idle;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp(from: usize, frames: usize) -> Vec<Vec<f32>> {
        vec![(from..from + frames).map(|i| i as f32).collect(), (from..from + frames).map(|i| -(i as f32)).collect()]
    }

    fn drain(blocks: &mut TapBlocks, give_back: bool) -> Vec<(i64, Vec<f32>, bool)> {
        let mut got = Vec::new();
        while let Some(block) = blocks.full.try_pop() {
            got.push((block.first_frame, block.samples[..block.frames * 2].to_vec(), block.last));
            if give_back {
                blocks.empty.try_push(block).unwrap();
            }
        }
        got
    }

    #[test]
    fn every_frame_between_start_and_stop_is_in_the_blocks_in_order() {
        let (mut tap, mut blocks) = tap(2, 48_000.0);
        let mut frame = 0;
        tap.feed(0, &ramp(0, 100), 100);
        frame += 100;
        tap.start(TakeId(1), frame);
        let mut got = Vec::new();
        for _ in 0..500 {
            tap.feed(frame, &ramp(frame as usize, 333), 333);
            frame += 333;
            got.extend(drain(&mut blocks, true));
        }
        tap.stop(frame);
        got.extend(drain(&mut blocks, true));
        let samples: Vec<f32> = got.iter().flat_map(|(_, samples, _)| samples.clone()).collect();
        let want: Vec<f32> = (100..frame).flat_map(|i| [i as f32, -(i as f32)]).collect();
        assert_eq!(samples, want);
        assert_eq!(got.iter().filter(|(_, _, last)| *last).count(), 1);
        assert!(got.last().unwrap().2);
    }

    #[test]
    fn a_stalled_disk_leaves_a_gap_of_known_place_and_length() {
        let (mut tap, mut blocks) = tap(2, 48_000.0);
        tap.start(TakeId(1), 0);
        let (mut frame, mut lost) = (0, 0);
        while lost < 10_000 {
            lost += tap.feed(frame, &ramp(frame as usize, 512), 512);
            frame += 512;
        }
        let before: i64 = drain(&mut blocks, true).iter().map(|(_, s, _)| s.len() as i64 / 2).sum();
        assert_eq!(before + lost as i64, frame);
        tap.feed(frame, &ramp(frame as usize, 512), 512);
        tap.stop(frame + 512);
        let after = drain(&mut blocks, true);
        assert_eq!(after[0].0, frame);
        assert_eq!(after[0].1[0], frame as f32);
    }

    #[test]
    fn an_end_without_a_block_is_said_when_one_comes_back() {
        let (mut tap, mut blocks) = tap(2, 8_000.0);
        tap.start(TakeId(1), 0);
        let mut frame = 0;
        while tap.feed(frame, &ramp(0, 512), 512) == 0 {
            frame += 512;
        }
        let mut held = Vec::new();
        while let Some(block) = blocks.full.try_pop() {
            held.push(block);
        }
        tap.stop(frame);
        assert!(drain(&mut blocks, false).is_empty());
        blocks.empty.try_push(held.pop().unwrap()).unwrap();
        tap.feed(frame, &ramp(0, 512), 512);
        let end = drain(&mut blocks, false);
        assert_eq!(end, [(frame, vec![], true)]);
    }
}
