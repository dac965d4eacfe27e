//! The blocks of one stream that wait to be heard, in the order they were read. Realtime: yes.

use super::{
    STREAM_BLOCKS,
    block::{Block, Epoch},
};
use ringbuf::{
    HeapCons, HeapProd,
    traits::{Consumer, Observer, Producer},
};
use std::collections::VecDeque;

/// Where blocks of all streams go back to the disk reader.
pub(super) type BlockReturn = HeapProd<Box<Block>>;

/// The blocks that were lent to a stream.
pub(super) struct BlockQueue {
    full: HeapCons<Box<Block>>,
    /// Those that came, in their order: there is room for all a stream can have.
    waiting: VecDeque<Box<Block>>,
    /// The one that is heard.
    block: Option<Box<Block>>,
    /// The next frame of it.
    at: usize,
}

/// What comes next of a stream in the order it was read.
pub(super) enum Next {
    /// A frame.
    Frame([f32; 2]),
    /// Not read yet.
    Nothing,
    /// No more comes.
    Over,
}

/// What there is of a stream on a place of the song.
pub(super) enum There<'a> {
    /// These frames, and the one before them where it is known.
    Frames(&'a [[f32; 2]], Option<[f32; 2]>),
    /// Nothing for so many frames.
    Ahead(usize),
    /// Nothing.
    Nothing,
    /// Nothing, and no more comes.
    Over,
}

impl BlockQueue {
    pub fn new(full: HeapCons<Box<Block>>) -> BlockQueue {
        BlockQueue { full, waiting: VecDeque::with_capacity(STREAM_BLOCKS), block: None, at: 0 }
    }

    /// Takes in what was lent; whether that was anything.
    pub fn take_in(&mut self) -> bool {
        let before = self.waiting.len();
        while self.waiting.len() < self.waiting.capacity()
            && let Some(block) = self.full.try_pop()
        {
            self.waiting.push_back(block);
        }
        self.waiting.len() > before
    }

    /// Gives back what is not of an epoch that is kept, wherever it waits.
    pub fn send_void_home(&mut self, is_kept: impl Fn(Epoch) -> bool, home: &mut BlockReturn) {
        if self.block.as_ref().is_some_and(|block| !is_kept(block.epoch)) {
            self.send_home(home);
        }
        let mut at = 0;
        while let Some(block) = self.waiting.get(at) {
            if is_kept(block.epoch) {
                at += 1;
            } else if let Some(block) = self.waiting.remove(at) {
                // There are as many places as blocks.
                let _ = home.try_push(block);
            }
        }
    }

    fn send_home(&mut self, home: &mut BlockReturn) {
        self.at = 0;
        if let Some(block) = self.block.take() {
            // There are as many places as blocks.
            let _ = home.try_push(block);
        }
    }

    /// Whether nothing is lent.
    pub fn is_empty(&self) -> bool {
        self.block.is_none() && self.waiting.is_empty() && self.full.is_empty()
    }

    /// Whole blocks of an epoch that wait, and whether its end is among them.
    pub fn waiting(&self, epoch: Epoch) -> (usize, bool) {
        let of_epoch = self.waiting.iter().filter(|block| block.epoch == epoch);
        of_epoch.fold((0, false), |(count, has_end), block| (count + 1, has_end || block.last))
    }

    /// Whether a block of an epoch that waits has this frame of a pass.
    pub fn holds(&self, epoch: Epoch, (pass, frame): (i64, i64)) -> bool {
        let has = |block: &Block| {
            let ends = block.first.saturating_add_unsigned(block.frames as u64);
            block.epoch == epoch && block.pass == pass && (block.first..ends).contains(&frame)
        };
        self.waiting.iter().any(|block| has(block))
    }

    /// Frames of an epoch that are there, and whether its end is among them.
    pub fn ahead(&self, epoch: Epoch) -> (u64, bool) {
        let begun = self.block.iter().map(|block| (block, block.frames.saturating_sub(self.at)));
        let whole = self.waiting.iter().map(|block| (block, block.frames));
        begun
            .chain(whole)
            .filter(|(block, _)| block.epoch == epoch)
            .fold((0, false), |(ahead, has_end), (block, frames)| (ahead + frames as u64, has_end || block.last))
    }

    /// The next frame of an epoch, in the order they were read.
    pub fn next(&mut self, epoch: Epoch, home: &mut BlockReturn) -> Next {
        loop {
            if let Some(block) = &self.block {
                if self.at < block.frames
                    && let Some(frame) = block.samples.get(self.at)
                {
                    self.at += 1;
                    return Next::Frame(*frame);
                }
                let is_last = block.last;
                self.send_home(home);
                if is_last {
                    return Next::Over;
                }
            }
            if self.waiting.front().is_none_or(|block| block.epoch != epoch) {
                return Next::Nothing;
            }
            self.block = self.waiting.pop_front();
        }
    }

    /// What there is of an epoch from a frame of a pass on, as far as one block reaches. What lies before it goes back.
    pub fn there(&mut self, epoch: Epoch, (pass, frame): (i64, i64), home: &mut BlockReturn) -> There<'_> {
        loop {
            if self.block.is_none() {
                if self.waiting.front().is_none_or(|block| block.epoch != epoch) {
                    return There::Nothing;
                }
                self.block = self.waiting.pop_front();
            }
            let Some(block) = &self.block else { return There::Nothing };
            let ends = block.first.saturating_add_unsigned(block.frames as u64);
            if (block.pass, ends) > (pass, frame) {
                break;
            }
            let is_last = block.last;
            self.send_home(home);
            if is_last {
                return There::Over;
            }
        }
        let Some(block) = &self.block else { return There::Nothing };
        if block.pass != pass {
            return There::Nothing;
        }
        let Ok(at) = usize::try_from(frame - block.first) else {
            return There::Ahead((block.first - frame) as usize);
        };
        let samples = block.samples.get(..block.frames).unwrap_or_default();
        let before = at.checked_sub(1).and_then(|before| samples.get(before)).copied();
        There::Frames(samples.get(at..).unwrap_or_default(), before)
    }
}
