//! The blocks of one stream: how many there are, how many are out, and what of them is still to be played. The disk
//! reader's. A stream's memory is allocated as it is read and freed when its blocks are home and nothing is read for it.

use crate::engine::audio::streams::{
    START_BLOCKS, STREAM_BLOCKS,
    block::{BLOCK_FRAMES, Block, Epoch},
};

/// What a stream has ahead: a disk may stall this long.
const AHEAD_SECONDS: f64 = 2.25;
/// Blocks that one epoch leaves to the next, which can begin before the old one's are home.
const SPARE_BLOCKS: usize = 2 * START_BLOCKS;

/// The blocks of a stream.
pub(super) struct StreamBlocks {
    stream: usize,
    /// Blocks that are home.
    #[expect(clippy::vec_box, reason = "they are lent in their boxes and returned in them")]
    home: Vec<Box<Block>>,
    /// All there are.
    count: usize,
    /// What is read for it.
    epoch: Epoch,
    /// Blocks of that epoch that are out, and their frames.
    out: usize,
    ahead_frames: u64,
    /// The most that one epoch has out.
    most: usize,
}

impl StreamBlocks {
    pub fn new(stream: usize) -> StreamBlocks {
        StreamBlocks { stream, home: Vec::new(), count: 0, epoch: Epoch::default(), out: 0, ahead_frames: 0, most: 0 }
    }

    /// Another epoch is read, for frames of this rate.
    pub fn begin(&mut self, epoch: Epoch, sample_rate_hz: f64) {
        let wanted = (AHEAD_SECONDS * sample_rate_hz / BLOCK_FRAMES as f64).ceil() as usize;
        let most = wanted.clamp(START_BLOCKS, STREAM_BLOCKS - SPARE_BLOCKS);
        (self.epoch, self.out, self.ahead_frames, self.most) = (epoch, 0, 0, most);
    }

    /// Nothing is read any more: what is home is freed, and the rest as it comes home.
    pub fn end(&mut self) {
        self.count -= self.home.len();
        (self.home, self.most) = (Vec::new(), 0);
    }

    /// Frames that are read and not yet played, where there is room for more.
    pub fn ahead_frames(&self) -> Option<u64> {
        let has_room = self.out < self.most && (!self.home.is_empty() || self.count < STREAM_BLOCKS);
        has_room.then_some(self.ahead_frames)
    }

    /// A block to be filled.
    pub fn take(&mut self) -> Box<Block> {
        self.home.pop().unwrap_or_else(|| {
            self.count += 1;
            Box::new(Block::new(self.stream))
        })
    }

    /// A block that was not filled stays here.
    pub fn give_back(&mut self, block: Box<Block>) {
        self.home.push(block);
    }

    /// A block that is filled goes out.
    pub fn goes_out(&mut self, block: &mut Block) {
        block.epoch = self.epoch;
        self.out += 1;
        self.ahead_frames += block.frames as u64;
    }

    /// A block has come home.
    pub fn comes_home(&mut self, block: Box<Block>) {
        if block.epoch == self.epoch {
            self.out = self.out.saturating_sub(1);
            self.ahead_frames = self.ahead_frames.saturating_sub(block.frames as u64);
        }
        match self.most {
            0 => self.count -= 1,
            _ => self.home.push(block),
        }
    }

    /// How many blocks there are.
    #[cfg(test)]
    pub fn count(&self) -> usize {
        self.count
    }

    /// Whether any block is there.
    pub fn has_blocks(&self) -> bool {
        self.count > 0
    }
}
