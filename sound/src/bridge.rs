//! From the input stream's callback to the output stream's: a small ring with a controlled fill.
//!
//! The input callback owns [`BridgeIn`], the output callback [`BridgeOut`]; nothing here locks, allocates or waits.
//! Audio passes through the ring in blocks. Lost frames are counted and reported by [`BridgeOut::begin`].
//!
//! No frame is taken before the ring holds its *target*, a block and a half of each side. From then on every frame that
//! was pushed is taken, bit by bit, as long as both streams run on one clock and neither callback is more than half a
//! period late. After a gap (the ring was empty or full, or a stream was interrupted) the ring fills up to its target
//! again, so that the latency is the same as before; if it was empty, the target grows by a block, because this machine
//! wakes its callbacks later than expected.
//!
//! Two cards have two clocks: then a follower reads the ring at the rate it is filled.

mod follower;

use self::follower::Follower;
use crate::{
    MAX_BLOCK,
    latest::{Latest, Words},
};
use ringbuf::{
    HeapCons, HeapProd, HeapRb,
    traits::{Consumer, Observer, Producer, Split},
};
use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

/// Whether both streams run on one clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clocks {
    /// One card, one crystal: samples pass untouched.
    Same,
    /// Two cards: the input is resampled to the output's clock.
    Apart,
}

/// The settings of a bridge.
#[derive(Clone, Copy, Debug)]
pub struct BridgeSpec {
    /// Samples in a frame; at least 1.
    pub channels: usize,
    /// Nominal frames per second, on both sides.
    pub sample_rate_hz: f64,
    /// Frames per input callback.
    pub in_frames: usize,
    /// Frames per output callback.
    pub out_frames: usize,
    /// Whether the clocks are the same.
    pub clocks: Clocks,
}

impl BridgeSpec {
    /// The longer block, the unit of changes of the fill.
    fn block(&self) -> usize {
        self.in_frames.max(self.out_frames).max(1)
    }

    /// One block is taken at once; the fill varies by a block of the input and half of either for lateness.
    fn target(&self) -> usize {
        (self.in_frames + self.out_frames) * 3 / 2
    }

    /// The maximum of the target: a callback that is later than this is not late but stopped.
    fn highest_target(&self) -> usize {
        self.target() + 6 * self.block()
    }
}

/// Both streams a whole buffer away from their positions when the ring was primed.
const SWING_BLOCKS: usize = 4;
/// Time without input after which an input that had started counts as stopped.
const STARVED_SECONDS: f64 = 2.0;

/// How many frames have arrived, and when.
#[derive(Clone, Copy)]
struct Arrived {
    frames: u64,
    at_ns: u64,
}

impl Words<2> for Arrived {
    fn to_words(self) -> [u64; 2] {
        [self.frames, self.at_ns]
    }

    fn from_words([frames, at_ns]: [u64; 2]) -> Self {
        Arrived { frames, at_ns }
    }
}

/// Data shared by both halves.
struct Shared {
    /// Frames pushed so far: a level, the newest counts.
    arrived: Latest<2>,
    /// Blocks that found the ring full. Relaxed: an independent count.
    overflows: AtomicU32,
    /// Interruptions of either stream. Relaxed: an independent count.
    interruptions: AtomicU32,
}

/// Reports that one of the streams was interrupted; for their error callbacks.
#[derive(Clone)]
pub struct Interruptions(Arc<Shared>);

impl Interruptions {
    /// Frames were lost on one side: the fill of the ring is wrong. Realtime: yes.
    pub fn add(&self) {
        self.0.interruptions.fetch_add(1, Ordering::Relaxed);
    }
}

/// The input callback's half.
pub struct BridgeIn {
    ring: HeapProd<f32>,
    channels: usize,
    frames: u64,
    shared: Arc<Shared>,
}

/// The output callback's half.
pub struct BridgeOut {
    ring: HeapCons<f32>,
    spec: BridgeSpec,
    shared: Arc<Shared>,
    follower: Option<Follower>,
    /// Frames taken so far.
    frames: u64,
    /// The arrival count when it was last read.
    arrived: Arrived,
    target: usize,
    highest_target: usize,
    state: State,
    seen_overflows: u32,
    seen_interruptions: u32,
    /// Consecutive frames without input.
    starved: usize,
    block: Vec<f32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// No input yet.
    New,
    /// The ring is being filled up to its target.
    Priming,
    /// Frames pass.
    Flowing,
}

/// The state of the bridge at the start of an output block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockStart {
    /// Frames were lost that no stream has reported: count them.
    pub gap: bool,
    /// The input has stopped.
    pub starved: bool,
}

/// Both halves of a bridge, and the handle for interruptions.
pub fn bridge(spec: BridgeSpec) -> (BridgeIn, BridgeOut, Interruptions) {
    let spec = BridgeSpec { channels: spec.channels.max(1), ..spec };
    let capacity = spec.highest_target() + (SWING_BLOCKS + 2) * spec.block();
    let (producer, consumer) = HeapRb::new(capacity * spec.channels).split();
    let nothing = Arrived { frames: 0, at_ns: 0 };
    let shared = Arc::new(Shared {
        arrived: Latest::new(nothing),
        overflows: AtomicU32::new(0),
        interruptions: AtomicU32::new(0),
    });
    let follower = (spec.clocks == Clocks::Apart).then(|| Follower::new(spec.channels, spec.sample_rate_hz));
    let out = BridgeOut {
        ring: consumer,
        target: spec.target(),
        highest_target: spec.highest_target(),
        shared: Arc::clone(&shared),
        follower,
        frames: 0,
        arrived: nothing,
        state: State::New,
        seen_overflows: 0,
        seen_interruptions: 0,
        starved: 0,
        block: vec![0.0; MAX_BLOCK * spec.channels],
        spec,
    };
    let interruptions = Interruptions(Arc::clone(&shared));
    (BridgeIn { ring: producer, channels: spec.channels, frames: 0, shared }, out, interruptions)
}

impl BridgeIn {
    /// Samples in a frame. Realtime: yes.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// Pushes a block that the callback received at `now_ns`: the whole block or, if there is no room, nothing.
    /// `samples` are interleaved frames. Realtime: yes.
    pub fn push(&mut self, now_ns: u64, samples: impl ExactSizeIterator<Item = f32>) {
        let len = samples.len() - samples.len() % self.channels;
        if self.ring.vacant_len() < len {
            self.shared.overflows.fetch_add(1, Ordering::Relaxed);
            return;
        }
        self.ring.push_iter(samples.take(len));
        self.frames += (len / self.channels) as u64;
        self.shared.arrived.write(Arrived { frames: self.frames, at_ns: now_ns });
    }
}

impl BridgeOut {
    /// Samples in a frame. Realtime: yes.
    pub fn channels(&self) -> usize {
        self.spec.channels
    }

    /// Begins an output block of `frames` frames, to be taken in any number of calls of [`take`](Self::take). Realtime:
    /// yes.
    pub fn begin(&mut self, frames: usize, now_ns: u64) -> BlockStart {
        let mut gap = false;
        let overflows = self.shared.overflows.load(Ordering::Relaxed);
        let interruptions = self.shared.interruptions.load(Ordering::Relaxed);
        let overflown = overflows != self.seen_overflows;
        let interrupted = interruptions != self.seen_interruptions;
        (self.seen_overflows, self.seen_interruptions) = (overflows, interruptions);
        if overflown {
            // The frames in the ring are old, and the next ones do not follow them.
            self.skip(self.fill());
        }
        let fill = self.fill();
        if self.state == State::Flowing {
            let wanted = self.follower.as_ref().map_or(frames, |follower| follower.frames_for(frames));
            let empty = fill < wanted && !overflown;
            let full = overflown || fill > self.target + SWING_BLOCKS * self.spec.block();
            if empty {
                self.target = (self.target + self.spec.block()).min(self.highest_target);
            }
            if empty || full || interrupted {
                // A reported interruption was counted already.
                gap = empty || full;
                self.state = State::Priming;
            }
        }
        let target = self.target.max(frames + self.spec.in_frames);
        if self.state != State::Flowing && fill >= target {
            self.skip(fill - target);
            self.state = State::Flowing;
            if let Some(follower) = &mut self.follower {
                follower.restart();
            }
        }
        if self.state == State::Flowing {
            self.starved = 0;
            self.follow(frames, now_ns);
        } else {
            self.starved = self.starved.saturating_add(frames);
        }
        let patience = (STARVED_SECONDS * self.spec.sample_rate_hz) as usize;
        BlockStart { gap, starved: self.state == State::Priming && self.starved > patience }
    }

    /// The next `frames` (at most [`MAX_BLOCK`]) frames, interleaved; silence while the ring is primed. Realtime: yes.
    pub fn take(&mut self, frames: usize) -> &[f32] {
        let BridgeOut { ring, follower, block, spec, .. } = self;
        let len = frames.min(MAX_BLOCK) * spec.channels;
        if self.state != State::Flowing {
            block[..len].fill(0.0);
            return &block[..len];
        }
        let got = match follower {
            None => ring.pop_slice(&mut block[..len]),
            Some(follower) => follower.read(ring, &mut block[..len]),
        };
        self.frames += (got / spec.channels) as u64;
        &block[..len]
    }

    /// Steers the follower by the distance between the frames read and the frames arrived by now.
    fn follow(&mut self, frames: usize, now_ns: u64) {
        let Some(follower) = &mut self.follower else { return };
        self.shared.arrived.renew(&mut self.arrived);
        let arrived = self.arrived;
        // Frames arrive continuously, though they are delivered by the block.
        let since_ns = now_ns.saturating_sub(arrived.at_ns) as f64;
        let under_way = (since_ns * 1e-9 * self.spec.sample_rate_hz).min(2.0 * self.spec.in_frames as f64);
        let behind = arrived.frames as f64 + under_way - self.frames as f64;
        follower.steer(behind, frames as f64 / self.spec.sample_rate_hz);
    }

    fn fill(&self) -> usize {
        self.ring.occupied_len() / self.spec.channels
    }

    fn skip(&mut self, frames: usize) {
        self.frames += (self.ring.skip(frames * self.spec.channels) / self.spec.channels) as u64;
    }
}

#[cfg(test)]
mod tests;
