//! A stream that runs freely: it begins when enough of it was read, goes on in the order it was read, and waits for a disk
//! that is too slow. An audition is one.
//!
//! Start, stop and a disk that is too slow are short ramps, never a step; between the ramps no sample is changed.
//! Realtime: yes.

#[cfg(test)]
mod tests;

use super::{
    Shared, StreamCounters, StreamOrder,
    block::Epoch,
    queue::{BlockQueue, Next},
};
use std::sync::atomic::Ordering;

/// Blocks that must be there before it begins, or goes on after the disk was too slow.
pub const START_BLOCKS: usize = 4;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Idle,
    /// Until enough of it was read.
    Waiting(Epoch),
    Playing(Epoch),
    /// On the way to silence, and then to another one or to none.
    Stopping {
        now: Epoch,
        next: Option<Epoch>,
    },
}

/// A stream that runs freely.
pub(super) struct FreeStream {
    queue: BlockQueue,
    state: State,
    /// The newest that was asked for.
    newest: Epoch,
    /// Blocks of epochs before this one are not heard any more.
    first: Epoch,
    /// Where on the ramp it is: 0 is silence.
    level: u64,
    /// The disk is too slow at the moment.
    is_dry: bool,
    frames: u64,
}

impl FreeStream {
    pub fn new(queue: BlockQueue) -> FreeStream {
        let (newest, first) = (Epoch::default(), Epoch::default());
        FreeStream { queue, state: State::Idle, newest, first, level: 0, is_dry: false, frames: 0 }
    }

    /// Plays an epoch or nothing. One that was asked for and stopped meanwhile has ended.
    pub fn want(&mut self, wanted: StreamOrder) {
        if wanted.epoch > self.newest {
            self.newest = wanted.epoch;
            self.play(wanted.epoch);
        }
        if !wanted.plays {
            self.stop();
        }
    }

    /// Whether nothing can come of it until somebody asks for it or blocks come.
    pub fn is_asleep(&self) -> bool {
        self.state == State::Idle
    }

    /// Plays this as soon as enough of it was read. What is heard at the moment ends.
    fn play(&mut self, epoch: Epoch) {
        match self.state {
            State::Idle | State::Waiting(_) => self.wait_for(epoch),
            State::Playing(now) | State::Stopping { now, .. } => {
                self.state = State::Stopping { now, next: Some(epoch) };
            }
        }
    }

    /// Ends what is heard or waited for.
    fn stop(&mut self) {
        if let State::Waiting(now) | State::Playing(now) | State::Stopping { now, .. } = self.state {
            self.state = State::Stopping { now, next: None };
        }
    }

    /// Fills both sides with the next frames; where there are none, says so and leaves them.
    pub fn read(&mut self, shared: &mut Shared, [left, right]: [&mut [f32]; 2]) -> bool {
        self.queue.take_in();
        let first = self.first;
        self.queue.send_void_home(|epoch| epoch >= first, &mut shared.home);
        if let State::Waiting(epoch) = self.state
            && self.is_enough(epoch)
        {
            self.state = State::Playing(epoch);
        }
        let (State::Playing(epoch) | State::Stopping { now: epoch, .. }) = self.state else { return false };
        left.fill(0.0);
        right.fill(0.0);
        self.sound(epoch, left, right, shared);
        if self.first == epoch {
            shared.counters.set_position(epoch, self.frames);
        } else {
            let first = self.first;
            self.queue.send_void_home(|epoch| epoch >= first, &mut shared.home);
        }
        true
    }

    fn sound(&mut self, epoch: Epoch, left: &mut [f32], right: &mut [f32], shared: &mut Shared) {
        let (mut ahead, has_end) = self.queue.ahead(epoch);
        for (left, right) in left.iter_mut().zip(right) {
            let is_ending = matches!(self.state, State::Stopping { .. });
            // The way to silence begins while there is still something to go it with.
            let is_dry = !has_end && ahead <= self.level;
            if is_dry && !is_ending && !self.is_dry {
                shared.counters.underruns.fetch_add(1, Ordering::Relaxed);
            }
            self.is_dry = is_dry;
            if is_ending || is_dry {
                self.level = self.level.saturating_sub(1);
            } else {
                self.level = (self.level + 1).min(shared.ramp_frames);
            }
            if is_ending && self.level == 0 {
                return self.end(epoch, &shared.counters);
            }
            match self.queue.next(epoch, &mut shared.home) {
                Next::Frame(frame) => {
                    let gain = self.level as f32 / shared.ramp_frames as f32;
                    [*left, *right] = frame.map(|sample| sample * gain);
                    ahead = ahead.saturating_sub(1);
                    self.frames += 1;
                }
                Next::Nothing if is_ending => return self.end(epoch, &shared.counters),
                Next::Nothing => {
                    self.level = 0;
                    self.state = State::Waiting(epoch);
                    return;
                }
                Next::Over => return self.end(epoch, &shared.counters),
            }
        }
    }

    /// An epoch is over; the next one is waited for, if there is one.
    fn end(&mut self, epoch: Epoch, counters: &StreamCounters) {
        counters.set_position(epoch, self.frames);
        if let State::Stopping { next: Some(next), .. } = self.state {
            return self.wait_for(next);
        }
        self.state = State::Idle;
        self.begin_at(epoch.next());
        counters.ended.store(epoch.0, Ordering::Relaxed);
    }

    fn wait_for(&mut self, epoch: Epoch) {
        self.state = State::Waiting(epoch);
        self.begin_at(epoch);
    }

    fn begin_at(&mut self, first: Epoch) {
        (self.first, self.level, self.frames, self.is_dry) = (first, 0, 0, false);
    }

    /// Enough to begin with, or all there is.
    fn is_enough(&self, epoch: Epoch) -> bool {
        let (count, has_end) = self.queue.waiting(epoch);
        count >= START_BLOCKS || has_end
    }
}
