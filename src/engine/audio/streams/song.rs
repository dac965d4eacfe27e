//! A stream that is locked to the song: on each frame of the song, the frame that was read for it, or silence.
//!
//! Nothing here decides what is heard when: the plan says which frame of the song is due, and the block says which frames
//! it has. Where sound begins or ends on a frame where the file does not (the song stops or is sent elsewhere, the disk is
//! too slow, an edit), the step is spread: what the output jumped by is added and faded out. A frame that follows silence in
//! its file begins as it is, and so does a wrap of the loop: seams are the playlist's. Realtime: yes.

#[cfg(test)]
mod tests;

use super::{
    Shared, StreamOrder,
    block::Epoch,
    queue::{BlockQueue, There},
};
use std::{ops::Range, sync::atomic::Ordering};

/// A part of a block of the device on which the song rolls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Span {
    /// The pass of the song.
    pub pass: i64,
    /// The song's frame on the first frame.
    pub song_frame: i64,
    /// The frames, counted from the first of the block.
    pub frames: Range<usize>,
}

/// What the output jumped by, faded out.
#[derive(Default)]
struct Spread {
    by: [f32; 2],
    left: u64,
    /// What was put out last.
    out: [f32; 2],
}

impl Spread {
    fn jump_to(&mut self, sample: [f32; 2], ramp_frames: u64) {
        self.by = [0, 1].map(|side: usize| self.out[side] - sample[side]);
        self.left = if self.by == [0.0; 2] { 0 } else { ramp_frames };
    }

    fn apply(&mut self, left: &mut [f32], right: &mut [f32], ramp_frames: u64) {
        for (left, right) in left.iter_mut().zip(&mut *right) {
            if self.left == 0 {
                break;
            }
            let part = self.left as f32 / ramp_frames as f32;
            *left += self.by[0] * part;
            *right += self.by[1] * part;
            self.left -= 1;
        }
        if let (Some(left), Some(right)) = (left.last(), right.last()) {
            self.out = [*left, *right];
        }
    }
}

/// A stream that is locked to the song.
pub(super) struct SongStream {
    queue: BlockQueue,
    /// What it plays; nothing while it is closed.
    epoch: Option<Epoch>,
    /// What it plays as soon as that is there: until then the other goes on.
    coming: Option<Epoch>,
    /// The newest that was asked for: blocks of later ones are read before they are.
    newest: Epoch,
    /// Blocks may have become void.
    is_untidy: bool,
    /// The pass and frame of the song that go on from what was heard last; nothing where it was silent.
    next: Option<(i64, i64)>,
    is_dry: bool,
    /// Nothing more of the epoch comes.
    is_over: bool,
    spread: Spread,
}

impl SongStream {
    pub fn new(queue: BlockQueue) -> SongStream {
        let (newest, spread) = (Epoch::default(), Spread::default());
        SongStream {
            queue,
            epoch: None,
            coming: None,
            newest,
            is_untidy: false,
            next: None,
            is_dry: false,
            is_over: false,
            spread,
        }
    }

    /// Plays this epoch as soon as its blocks are there, or nothing from now on.
    pub fn want(&mut self, wanted: StreamOrder) {
        (self.newest, self.is_untidy) = (wanted.epoch, true);
        if !wanted.plays {
            self.switch(None);
        } else if self.epoch.is_none() {
            self.switch(Some(wanted.epoch));
        } else if self.epoch != Some(wanted.epoch) {
            self.coming = Some(wanted.epoch);
        }
    }

    fn switch(&mut self, epoch: Option<Epoch>) {
        // What goes on in the same place is another reading all the same.
        let next = self.next.map(|_| (i64::MIN, 0));
        (self.epoch, self.coming, self.next, self.is_dry, self.is_over) = (epoch, None, next, false, false);
        self.is_untidy = true;
    }

    /// Goes over to what is coming where that has come as far as the song.
    fn look_for_coming(&mut self, spans: &[Span]) {
        let Some(coming) = self.coming else { return };
        let is_there = spans.first().is_none_or(|due| self.queue.holds(coming, (due.pass, due.song_frame)));
        if is_there || self.is_over {
            self.switch(Some(coming));
        }
    }

    /// Whether nothing can come of it until somebody asks for it or blocks come.
    pub fn is_asleep(&self) -> bool {
        self.epoch.is_none() && self.next.is_none() && self.spread.left == 0 && self.queue.is_empty()
    }

    /// Fills both sides with what is due; where that is nothing, says so and leaves them.
    pub fn read(&mut self, spans: &[Span], shared: &mut Shared, [left, right]: [&mut [f32]; 2]) -> bool {
        self.is_untidy |= self.queue.take_in();
        self.look_for_coming(spans);
        if std::mem::take(&mut self.is_untidy) {
            let (epoch, coming, newest) = (self.epoch, self.coming, self.newest);
            let is_kept = |of: Epoch| Some(of) == epoch || Some(of) == coming || of > newest;
            self.queue.send_void_home(is_kept, &mut shared.home);
        }
        let rolls = self.epoch.is_some() && !spans.is_empty();
        if !rolls && self.next.is_none() && self.spread.left == 0 {
            return false;
        }
        left.fill(0.0);
        right.fill(0.0);
        let mut done = 0;
        for span in spans.iter().filter(|_| rolls) {
            self.rest(done..span.frames.start, shared, [left, right]);
            self.roll(span, shared, [left, right]);
            done = span.frames.end;
        }
        self.rest(done..left.len(), shared, [left, right]);
        true
    }

    fn roll(&mut self, span: &Span, shared: &mut Shared, [left, right]: [&mut [f32]; 2]) {
        let Some(epoch) = self.epoch else { return };
        let (mut at, mut song_frame) = (span.frames.start, span.song_frame);
        while at < span.frames.end {
            let room = span.frames.end - at;
            let due = (span.pass, song_frame);
            let there = if self.is_over { There::Over } else { self.queue.there(epoch, due, &mut shared.home) };
            let silent = match there {
                There::Frames(samples, before) => {
                    let count = samples.len().min(room);
                    let part = at..at + count;
                    let (left, right) = (&mut left[part.clone()], &mut right[part]);
                    for ((left, right), sample) in left.iter_mut().zip(&mut *right).zip(samples) {
                        [*left, *right] = *sample;
                    }
                    let goes_on = match self.next {
                        Some(next) if next == due => true,
                        Some(next) if next.0.checked_add(1) == Some(due.0) && at == span.frames.start => true,
                        // Another reading that has what was put out before: nothing was edited there.
                        Some(_) => self.spread.left == 0 && before == Some(self.spread.out),
                        None => before == Some([0.0; 2]),
                    };
                    if !goes_on {
                        self.spread.jump_to([left[0], right[0]], shared.ramp_frames);
                    }
                    self.spread.apply(left, right, shared.ramp_frames);
                    (at, song_frame) = (at + count, song_frame + count as i64);
                    (self.next, self.is_dry) = (Some((span.pass, song_frame)), false);
                    continue;
                }
                There::Ahead(frames) => frames.min(room),
                There::Nothing => room,
                There::Over => {
                    self.is_over = true;
                    room
                }
            };
            if !self.is_over && !self.is_dry {
                self.is_dry = true;
                shared.counters.underruns.fetch_add(1, Ordering::Relaxed);
            }
            self.rest(at..at + silent, shared, [left, right]);
            (at, song_frame) = (at + silent, song_frame + silent as i64);
        }
    }

    /// Silence, in which what was heard fades out.
    fn rest(&mut self, part: Range<usize>, shared: &Shared, [left, right]: [&mut [f32]; 2]) {
        if part.is_empty() {
            return;
        }
        if self.next.take().is_some() {
            self.spread.jump_to([0.0; 2], shared.ramp_frames);
        }
        self.spread.apply(&mut left[part.clone()], &mut right[part], shared.ramp_frames);
    }
}
