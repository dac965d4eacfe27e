//! What the disk reader lends: a block of frames that says where it belongs.

/// Frames in a block: 43 ms at 48 kHz.
pub const BLOCK_FRAMES: usize = 2048;
/// Bytes of a block.
pub const BLOCK_BYTES: usize = BLOCK_FRAMES * size_of::<[f32; 2]>();

/// Which reading of a stream a block belongs to, counted from 1 over the life of the engine. Blocks of an epoch before the
/// stream's own are void.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Epoch(pub u32);

impl Epoch {
    /// The one after it.
    pub fn next(self) -> Epoch {
        Epoch(self.0.saturating_add(1))
    }
}

/// Some frames of a stream.
#[derive(Debug)]
pub struct Block {
    /// Whose.
    pub stream: usize,
    /// Of which reading.
    pub epoch: Epoch,
    /// On which pass of the song they are heard; 0 for a stream that runs freely.
    pub pass: i64,
    /// The first frame: of the song, or of what a stream that runs freely reads.
    pub first: i64,
    /// How many.
    pub frames: usize,
    /// Nothing comes after it.
    pub last: bool,
    /// Room for [`BLOCK_FRAMES`] frames, left and right; the first `frames` are meant.
    pub samples: Box<[[f32; 2]]>,
}

impl Block {
    /// An empty one of a stream. Realtime: no.
    pub fn new(stream: usize) -> Block {
        let samples = vec![[0.0; 2]; BLOCK_FRAMES].into_boxed_slice();
        Block { stream, epoch: Epoch::default(), pass: 0, first: 0, frames: 0, last: false, samples }
    }
}
