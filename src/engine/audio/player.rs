//! Audition, the callback's half: a take that was read ahead is added to the outputs, and to nothing else.
//!
//! The disk reader lends blocks, the callback plays them and sends them back; all of them are made at start. Each says
//! which play it belongs to, so what was read for a play that is over is never heard. Start, stop and a disk that is too
//! slow are short ramps, never a step; between the ramps no sample is changed. Realtime: yes.

#[cfg(test)]
mod tests;

use ringbuf::{
    HeapCons, HeapProd, HeapRb,
    traits::{Consumer, Producer, Split},
};
use std::sync::{
    Arc,
    atomic::{AtomicU32, AtomicU64, Ordering},
};

/// Frames in a block: 43 ms at 48 kHz.
pub const BLOCK_FRAMES: usize = 2048;
/// What the blocks hold together: a disk may stall this long.
const AHEAD_SECONDS: f64 = 1.0;
/// Blocks that must be there before a play begins, or goes on after the disk was too slow.
const START_BLOCKS: usize = 4;
/// From silence to the take and back.
const RAMP_SECONDS: f64 = 0.005;
/// The bits of a [`Position`] that count frames: months of them.
const FRAMES_BITS: u32 = 40;

/// Which play, counted from 1 over the life of the engine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PlayId(pub u32);

impl PlayId {
    /// The one after it.
    pub fn next(self) -> PlayId {
        PlayId(self.0.saturating_add(1))
    }
}

/// Some frames of a play.
#[derive(Debug)]
pub struct PlayBlock {
    /// Which play they belong to.
    pub play: PlayId,
    /// How many.
    pub frames: usize,
    /// Whether the take ends with this block.
    pub last: bool,
    /// Room for [`BLOCK_FRAMES`] frames, left and right; the first `frames` are meant.
    pub samples: Box<[[f32; 2]]>,
}

/// How far a play is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// Which play.
    pub play: PlayId,
    /// Frames of it that were heard.
    pub frames: u64,
}

/// What the callback counts.
#[derive(Debug, Default)]
pub struct PlayCounters {
    /// A play and its frames in one number, so that they are of one moment.
    position: AtomicU64,
    /// The newest play that ended without another one after it, or 0. A level: each end makes those before it old.
    ended: AtomicU32,
    /// Times the disk was too slow for a play.
    pub underruns: AtomicU64,
}

impl PlayCounters {
    /// How far the play is that was heard last.
    pub fn position(&self) -> Position {
        let packed = self.position.load(Ordering::Relaxed);
        Position { play: PlayId((packed >> FRAMES_BITS) as u32), frames: packed & ((1 << FRAMES_BITS) - 1) }
    }

    /// The newest play that ended, to its end or where it was stopped, without another one after it; each is given once.
    pub fn take_ended(&self) -> Option<PlayId> {
        Some(PlayId(self.ended.swap(0, Ordering::Relaxed))).filter(|play| play.0 > 0)
    }

    fn set_position(&self, play: PlayId, frames: u64) {
        self.position.store(u64::from(play.0) << FRAMES_BITS | frames, Ordering::Relaxed);
    }
}

/// The reader's half.
pub struct PlayerBlocks {
    /// Blocks to be played.
    pub full: HeapProd<Box<PlayBlock>>,
    /// Where they come back.
    pub empty: HeapCons<Box<PlayBlock>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Idle,
    /// Until enough of it was read.
    Waiting(PlayId),
    Playing(PlayId),
    /// On the way to silence, and then to another play or to none.
    Stopping {
        now: PlayId,
        next: Option<PlayId>,
    },
}

/// The callback's half.
pub struct Player {
    full: HeapCons<Box<PlayBlock>>,
    empty: HeapProd<Box<PlayBlock>>,
    block: Option<Box<PlayBlock>>,
    /// The next frame of the block.
    at: usize,
    state: State,
    /// Blocks of plays before this one are not heard any more.
    first: PlayId,
    ramp_frames: u64,
    /// Where on the ramp it is: 0 is silence.
    level: u64,
    /// The disk is too slow at the moment.
    is_dry: bool,
    frames: u64,
    counters: Arc<PlayCounters>,
}

/// What comes after a frame of a play.
enum Next {
    Frame([f32; 2]),
    /// Not read yet.
    Dry,
    /// The take is over.
    End,
}

/// Both halves, with all the blocks, and what is counted.
pub fn player(sample_rate_hz: f64) -> (Player, PlayerBlocks, Arc<PlayCounters>) {
    let count = ((AHEAD_SECONDS * sample_rate_hz / BLOCK_FRAMES as f64).ceil() as usize).max(2 * START_BLOCKS);
    let (full_producer, full_consumer) = HeapRb::new(count).split();
    let (mut empty_producer, empty_consumer) = HeapRb::new(count).split();
    empty_producer.push_iter((0..count).map(|_| {
        let samples = vec![[0.0; 2]; BLOCK_FRAMES].into_boxed_slice();
        Box::new(PlayBlock { play: PlayId(0), frames: 0, last: false, samples })
    }));
    let counters = Arc::<PlayCounters>::default();
    let player = Player {
        full: full_consumer,
        empty: empty_producer,
        block: None,
        at: 0,
        state: State::Idle,
        first: PlayId(0),
        ramp_frames: ramp_frames(sample_rate_hz),
        level: 0,
        is_dry: false,
        frames: 0,
        counters: Arc::clone(&counters),
    };
    (player, PlayerBlocks { full: full_producer, empty: empty_consumer }, counters)
}

fn ramp_frames(sample_rate_hz: f64) -> u64 {
    ((RAMP_SECONDS * sample_rate_hz) as u64).max(1)
}

impl Player {
    /// Blocks are of another rate from the next on.
    pub fn set_rate(&mut self, sample_rate_hz: f64) {
        self.ramp_frames = ramp_frames(sample_rate_hz);
    }

    /// Plays this as soon as enough of it was read. What is heard at the moment ends.
    pub fn play(&mut self, play: PlayId) {
        match self.state {
            State::Idle | State::Waiting(_) => self.wait_for(play),
            State::Playing(now) | State::Stopping { now, .. } => {
                self.state = State::Stopping { now, next: Some(play) };
            }
        }
    }

    /// Ends what is heard or waited for.
    pub fn stop(&mut self) {
        if let State::Waiting(now) | State::Playing(now) | State::Stopping { now, .. } = self.state {
            self.state = State::Stopping { now, next: None };
        }
    }

    /// Adds the next frames to both sides.
    pub fn add_to(&mut self, left: &mut [f32], right: &mut [f32]) {
        self.send_void_home();
        if let State::Waiting(play) = self.state
            && self.is_enough(play)
        {
            self.state = State::Playing(play);
        }
        let (State::Playing(play) | State::Stopping { now: play, .. }) = self.state else { return };
        self.sound(play, left, right);
        if self.first == play {
            self.counters.set_position(play, self.frames);
        }
    }

    fn sound(&mut self, play: PlayId, left: &mut [f32], right: &mut [f32]) {
        let (mut ahead, has_end) = self.ahead(play);
        for (left, right) in left.iter_mut().zip(right) {
            let is_ending = matches!(self.state, State::Stopping { .. });
            // The way to silence begins while there is still something to go it with.
            let is_dry = !has_end && ahead <= self.level;
            if is_dry && !is_ending && !self.is_dry {
                self.counters.underruns.fetch_add(1, Ordering::Relaxed);
            }
            self.is_dry = is_dry;
            if is_ending || is_dry {
                self.level = self.level.saturating_sub(1);
            } else {
                self.level = (self.level + 1).min(self.ramp_frames);
            }
            if is_ending && self.level == 0 {
                return self.end(play);
            }
            match self.next(play) {
                Next::Frame([l, r]) => {
                    let gain = self.level as f32 / self.ramp_frames as f32;
                    *left += l * gain;
                    *right += r * gain;
                    ahead = ahead.saturating_sub(1);
                    self.frames += 1;
                }
                Next::Dry if is_ending => return self.end(play),
                Next::Dry => {
                    self.level = 0;
                    self.state = State::Waiting(play);
                    return;
                }
                Next::End => return self.end(play),
            }
        }
    }

    /// A play is over; the next one is waited for, if there is one.
    fn end(&mut self, play: PlayId) {
        self.counters.set_position(play, self.frames);
        if let State::Stopping { next: Some(next), .. } = self.state {
            return self.wait_for(next);
        }
        self.state = State::Idle;
        self.begin_at(play.next());
        self.counters.ended.store(play.0, Ordering::Relaxed);
    }

    fn wait_for(&mut self, play: PlayId) {
        self.state = State::Waiting(play);
        self.begin_at(play);
    }

    fn begin_at(&mut self, first: PlayId) {
        (self.first, self.level, self.frames, self.is_dry) = (first, 0, 0, false);
    }

    /// Gives back what was read for plays that are over.
    fn send_void_home(&mut self) {
        if self.block.as_ref().is_some_and(|block| block.play < self.first) {
            self.send_home();
        }
        while self.full.try_peek().is_some_and(|block| block.play < self.first) {
            self.block = self.full.try_pop();
            self.send_home();
        }
    }

    fn send_home(&mut self) {
        self.at = 0;
        if let Some(block) = self.block.take() {
            // There are as many places as blocks.
            let _ = self.empty.try_push(block);
        }
    }

    /// Enough to begin with, or all there is.
    fn is_enough(&self, play: PlayId) -> bool {
        let of_play = || self.full.iter().filter(move |block| block.play == play);
        of_play().count() >= START_BLOCKS || of_play().any(|block| block.last)
    }

    /// Frames of a play that are there, and whether its end is among them.
    fn ahead(&self, play: PlayId) -> (u64, bool) {
        let begun = self.block.iter().map(|block| (block, block.frames.saturating_sub(self.at)));
        let whole = self.full.iter().map(|block| (block, block.frames));
        begun
            .chain(whole)
            .filter(|(block, _)| block.play == play)
            .fold((0, false), |(ahead, has_end), (block, frames)| (ahead + frames as u64, has_end || block.last))
    }

    fn next(&mut self, play: PlayId) -> Next {
        loop {
            if let Some(block) = &self.block {
                if self.at < block.frames
                    && let Some(frame) = block.samples.get(self.at)
                {
                    self.at += 1;
                    return Next::Frame(*frame);
                }
                let is_last = block.last;
                self.send_home();
                if is_last {
                    return Next::End;
                }
            }
            if self.full.try_peek().is_none_or(|block| block.play != play) {
                return Next::Dry;
            }
            self.block = self.full.try_pop();
        }
    }
}
