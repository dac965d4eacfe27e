//! Streams, the callback's half: what was read ahead on the disk is heard at its time.
//!
//! There is a fixed number of streams, one for each strip of the mixer. The disk reader lends blocks, the callback plays
//! them and sends them home; it makes and frees none. Each block says `(stream, epoch, pass, first frame, frames, last)`, so
//! what was read for something that is over is never heard. Stream [`AUDITION`] runs freely: it begins when enough was read,
//! and waits for a disk that is too slow. The others, for tracks, are locked to the song: they play the frame that the
//! plan asks for, through every wrap of its loop, or are silent and count it. Start, stop and a slow disk are short ramps,
//! never a step; between the ramps no sample is changed.
//!
//! What crosses: blocks, on a ring for each stream out and one ring home for all, none of which can be lost (there are as
//! many places as blocks). Which epoch a stream plays, and whether: a level in one atomic, the newest wins. Where streams
//! stand and what they missed ([`StreamCounters`]): levels, and sums. The steady plan, by which audio is played while the
//! tempo follows a clock: a level. Realtime: yes.
//!
//! A stream that nobody uses has no blocks: memory is lent when a stream is read and freed by the disk reader when its
//! blocks are home.

pub mod block;
mod free;
mod queue;
mod song;

use crate::{
    engine::plan_cell::{PlanReader, PlanWriter, plan_cell},
    music::{Bpm, Plan},
};
use block::{BLOCK_BYTES, Block, Epoch};
use busker_sound::mixer::STRIPS;
use free::FreeStream;
pub use free::START_BLOCKS;
use queue::{BlockQueue, BlockReturn};
use ringbuf::{
    HeapCons, HeapProd, HeapRb,
    traits::{Consumer, Producer, Split},
};
use song::{SongStream, Span};
use std::{
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
};

/// How many there are: each has a strip.
pub const STREAMS: usize = STRIPS;
/// The stream that runs freely.
pub const AUDITION: usize = 0;
/// What the blocks of all streams may take: at 48 kHz a disk may stall two seconds while all of them play (12.7 MB a
/// second), with a quarter of a second for a new epoch before the old one's blocks are home. At higher rates it is less time.
pub const BUDGET_BYTES: usize = 32 << 20;
/// The most blocks of one stream.
pub const STREAM_BLOCKS: usize = BUDGET_BYTES / STREAMS / BLOCK_BYTES;
/// From silence to a sound and back.
const RAMP_SECONDS: f64 = 0.005;
/// The bits of a [`StreamPosition`] that count frames: months of them.
const FRAMES_BITS: u32 = 40;
/// The most parts of a block of the device in which the song rolls: stretches of a plan and wraps, whose loops are longer.
const SPANS: usize = 16;

/// How far a stream that runs freely is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StreamPosition {
    /// Of which epoch.
    pub epoch: Epoch,
    /// Frames of it that were heard.
    pub frames: u64,
}

/// What the callback counts.
#[derive(Debug, Default)]
pub struct StreamCounters {
    /// An epoch and its frames in one number, so that they are of one moment.
    position: AtomicU64,
    /// The newest epoch that ended without another one after it, or 0. A level: each end makes those before it old.
    ended: AtomicU32,
    /// Times the disk was too slow for a stream.
    pub underruns: AtomicU64,
}

impl StreamCounters {
    /// How far the epoch is that was heard last on the stream that runs freely.
    pub fn position(&self) -> StreamPosition {
        let packed = self.position.load(Ordering::Relaxed);
        StreamPosition { epoch: Epoch((packed >> FRAMES_BITS) as u32), frames: packed & ((1 << FRAMES_BITS) - 1) }
    }

    /// The newest epoch of the stream that runs freely that ended, to its end or where it was stopped, without another one
    /// after it; each is given once.
    pub fn take_ended(&self) -> Option<Epoch> {
        Some(Epoch(self.ended.swap(0, Ordering::Relaxed))).filter(|epoch| epoch.0 > 0)
    }

    fn set_position(&self, epoch: Epoch, frames: u64) {
        self.position.store(u64::from(epoch.0) << FRAMES_BITS | frames, Ordering::Relaxed);
    }
}

/// What a stream is to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct StreamOrder {
    /// The newest epoch; older blocks are void.
    epoch: Epoch,
    /// Whether it is heard.
    plays: bool,
}

impl StreamOrder {
    fn of(packed: u64) -> StreamOrder {
        StreamOrder { epoch: Epoch((packed >> 1) as u32), plays: packed & 1 != 0 }
    }

    fn packed(self) -> u64 {
        u64::from(self.epoch.0) << 1 | u64::from(self.plays)
    }
}

/// Levels that the callback looks at.
#[derive(Debug)]
struct Cells {
    /// For each stream a [`StreamOrder`].
    wanted: [AtomicU64; STREAMS],
    /// A bit for each stream that was asked for something or got a block: streams that sleep are not looked at.
    knocks: AtomicU64,
}

impl Cells {
    fn knock(&self, stream: usize) {
        self.knocks.fetch_or(1 << stream, Ordering::Release);
    }
}

/// The control thread's half.
pub struct StreamsHandle {
    cells: Arc<Cells>,
    /// How audio is played while the tempo follows a clock; the newest wins.
    pub steady: PlanWriter,
}

impl StreamsHandle {
    /// A stream plays this epoch, a later one than before, from the next block of the device on: what was read for older
    /// ones goes home unheard.
    pub fn play(&self, stream: usize, epoch: Epoch) {
        self.want(stream, StreamOrder { epoch, plays: true });
    }

    /// A stream plays nothing.
    pub fn stop(&self, stream: usize) {
        if let Some(cell) = self.cells.wanted.get(stream) {
            let StreamOrder { epoch, .. } = StreamOrder::of(cell.load(Ordering::Relaxed));
            self.want(stream, StreamOrder { epoch, plays: false });
        }
    }

    fn want(&self, stream: usize, wanted: StreamOrder) {
        if let Some(cell) = self.cells.wanted.get(stream) {
            cell.store(wanted.packed(), Ordering::Relaxed);
            self.cells.knock(stream);
        }
    }
}

/// The disk reader's half.
pub struct StreamFeeder {
    full: Vec<HeapProd<Box<Block>>>,
    home: HeapCons<Box<Block>>,
    cells: Arc<Cells>,
}

impl StreamFeeder {
    /// Lends a block to its stream. A stream that has [`STREAM_BLOCKS`] of them takes none.
    ///
    /// # Errors
    /// Gives the block back that was not taken.
    pub fn lend(&mut self, block: Box<Block>) -> Result<(), Box<Block>> {
        let stream = block.stream;
        let Some(full) = self.full.get_mut(stream) else { return Err(block) };
        full.try_push(block)?;
        self.cells.knock(stream);
        Ok(())
    }

    /// A block that was played, or is void.
    pub fn take_home(&mut self) -> Option<Box<Block>> {
        self.home.try_pop()
    }
}

/// What all streams share.
struct Shared {
    home: BlockReturn,
    ramp_frames: u64,
    counters: Arc<StreamCounters>,
}

/// The callback's half.
pub struct Streams {
    free: FreeStream,
    songs: Vec<SongStream>,
    /// A bit for each stream that may have something.
    awake: u64,
    /// Where the song rolls in the block.
    spans: Vec<Span>,
    steady: PlanReader,
    cells: Arc<Cells>,
    shared: Shared,
}

/// The halves, without any block, and what is counted.
pub fn streams(sample_rate_hz: f64) -> (Streams, StreamsHandle, StreamFeeder, Arc<StreamCounters>) {
    let (full, mut queues): (Vec<_>, Vec<_>) = (0..STREAMS)
        .map(|_| {
            let (producer, consumer) = HeapRb::new(STREAM_BLOCKS).split();
            (producer, BlockQueue::new(consumer))
        })
        .unzip();
    let (home_producer, home_consumer) = HeapRb::new(STREAMS * STREAM_BLOCKS).split();
    let cells = Arc::new(Cells { wanted: std::array::from_fn(|_| AtomicU64::new(0)), knocks: AtomicU64::new(0) });
    let counters = Arc::<StreamCounters>::default();
    let (steady, steady_reader) = plan_cell(Plan::new(Bpm::DEFAULT, sample_rate_hz, false));
    let songs = queues.split_off(AUDITION + 1).into_iter().map(SongStream::new).collect();
    let shared =
        Shared { home: home_producer, ramp_frames: ramp_frames(sample_rate_hz), counters: Arc::clone(&counters) };
    let streams = Streams {
        free: FreeStream::new(queues.remove(AUDITION)),
        songs,
        awake: 0,
        spans: Vec::with_capacity(SPANS),
        steady: steady_reader,
        cells: Arc::clone(&cells),
        shared,
    };
    let lending = StreamFeeder { full, home: home_consumer, cells: Arc::clone(&cells) };
    (streams, StreamsHandle { cells, steady }, lending, counters)
}

fn ramp_frames(sample_rate_hz: f64) -> u64 {
    ((RAMP_SECONDS * sample_rate_hz) as u64).max(1)
}

impl Streams {
    /// Blocks are of another rate from the next on.
    pub fn set_rate(&mut self, sample_rate_hz: f64) {
        self.shared.ramp_frames = ramp_frames(sample_rate_hz);
    }

    /// The next block of the device begins: takes in what is asked, and where the song rolls in it.
    pub fn begin(&mut self, plan: &Plan, window: Range<i64>) {
        if self.cells.knocks.load(Ordering::Relaxed) != 0 {
            let knocks = self.cells.knocks.swap(0, Ordering::Acquire);
            self.awake |= knocks;
            for (stream, cell) in self.cells.wanted.iter().enumerate() {
                if knocks & 1 << stream != 0 {
                    let wanted = StreamOrder::of(cell.load(Ordering::Relaxed));
                    match stream.checked_sub(AUDITION + 1) {
                        None => self.free.want(wanted),
                        Some(i) => self.songs.get_mut(i).into_iter().for_each(|song| song.want(wanted)),
                    }
                }
            }
        }
        self.spans.clear();
        if self.awake & !(1 << AUDITION) == 0 {
            return;
        }
        let steady = self.steady.read();
        for (part, time) in plan.passes_along(steady, window.clone()).take(SPANS) {
            let frames = (part.frames.start - window.start) as usize..(part.frames.end - window.start) as usize;
            self.spans.push(Span { pass: part.pass, song_frame: time.song_frame, frames });
        }
    }

    /// Fills both sides with what is due of a stream; where that is nothing, says so and leaves them.
    pub fn read(&mut self, stream: usize, sides: [&mut [f32]; 2]) -> bool {
        if self.awake & 1 << stream == 0 {
            return false;
        }
        let (sounds, is_asleep) = match stream.checked_sub(AUDITION + 1) {
            None => (self.free.read(&mut self.shared, sides), self.free.is_asleep()),
            Some(i) => {
                let Some(song) = self.songs.get_mut(i) else { return false };
                (song.read(&self.spans, &mut self.shared, sides), song.is_asleep())
            }
        };
        if is_asleep {
            self.awake &= !(1 << stream);
        }
        sounds
    }
}
