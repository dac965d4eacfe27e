//! What is heard of a play, frame by frame, whatever the disk and the hand on the keys do.

use crate::engine::audio::streams::{
    AUDITION, START_BLOCKS, StreamCounters, StreamFeeder, StreamPosition, Streams, StreamsHandle,
    block::{BLOCK_FRAMES, Block, Epoch},
    streams,
};
use crate::engine::realtime::no_alloc;
use crate::music::{Bpm, Plan};
use std::sync::{Arc, atomic::Ordering};

const RATE_HZ: f64 = 48_000.0;
const RAMP: usize = 240;

struct Rig {
    streams: Streams,
    handle: StreamsHandle,
    lending: StreamFeeder,
    counters: Arc<StreamCounters>,
    plan: Plan,
    lent: usize,
}

fn rig() -> Rig {
    let (streams, handle, lending, counters) = streams(RATE_HZ);
    let plan = Plan::new(Bpm::DEFAULT, RATE_HZ, true);
    Rig { streams, handle, lending, counters, plan, lent: 0 }
}

impl Rig {
    fn play(&self, epoch: u32) {
        self.handle.play(AUDITION, Epoch(epoch));
    }

    fn stop(&self) {
        self.handle.stop(AUDITION);
    }

    /// Lends a block of a constant.
    fn read(&mut self, epoch: u32, level: f32, frames: usize, last: bool) {
        let mut block = Box::new(Block::new(AUDITION));
        (block.epoch, block.frames, block.last) = (Epoch(epoch), frames, last);
        block.samples.fill([level, -level]);
        self.lending.lend(block).unwrap();
        self.lent += 1;
    }

    fn read_enough(&mut self, epoch: u32, level: f32) {
        for _ in 0..START_BLOCKS {
            self.read(epoch, level, BLOCK_FRAMES, false);
        }
    }

    /// What the left side gets, and what ended; the right side gets the opposite.
    fn hear(&mut self, frames: usize) -> (Vec<f32>, Vec<Epoch>) {
        let (mut heard, mut other) = (vec![0.0; frames], vec![0.0; frames]);
        let mut ended = Vec::new();
        for (left, right) in heard.chunks_mut(97).zip(other.chunks_mut(97)) {
            no_alloc(|| {
                self.streams.begin(&self.plan, 0..left.len() as i64);
                self.streams.read(AUDITION, [left, right])
            });
            ended.extend(self.counters.take_ended());
        }
        assert!(heard.iter().zip(&other).all(|(l, r)| *l == -r));
        (heard, ended)
    }

    fn underruns(&self) -> u64 {
        self.counters.underruns.load(Ordering::Relaxed)
    }

    /// Whether every block that was lent is back.
    fn all_are_home(&mut self) -> bool {
        self.lent -= std::iter::from_fn(|| self.lending.take_home()).count();
        self.lent == 0
    }
}

fn is_without_steps(heard: &[f32]) -> bool {
    heard.windows(2).all(|pair| (pair[1] - pair[0]).abs() < 1.01 / RAMP as f32)
}

fn all(heard: &[f32], level: f32) -> bool {
    heard.iter().all(|x| *x == level)
}

#[test]
fn the_end_of_the_newest_play_is_never_lost_however_late_it_is_asked_for() {
    let mut rig = rig();
    for play in 1..5_000 {
        rig.play(play);
        rig.read(play, 1.0, 10, true);
        rig.streams.begin(&rig.plan, 0..97);
        rig.streams.read(AUDITION, [&mut [0.0; 97], &mut [0.0; 97]]);
        while rig.lending.take_home().is_some() {}
    }
    assert_eq!(rig.counters.take_ended(), Some(Epoch(4_999)));
    assert_eq!(rig.counters.take_ended(), None);
}

#[test]
fn a_play_begins_when_enough_is_there_and_ends_with_its_last_frame() {
    let mut rig = rig();
    rig.play(1);
    for _ in 0..START_BLOCKS - 1 {
        rig.read(1, 1.0, BLOCK_FRAMES, false);
    }
    assert!(all(&rig.hear(500).0, 0.0));
    rig.read(1, 1.0, 100, true);
    let length = (START_BLOCKS - 1) * BLOCK_FRAMES + 100;
    let (heard, ended) = rig.hear(length + 500);
    assert!(all(&heard[RAMP..length], 1.0), "nothing is changed after the ramp");
    assert!(all(&heard[length..], 0.0));
    assert!(is_without_steps(&heard[..length]));
    assert_eq!(ended, [Epoch(1)]);
    assert_eq!(rig.counters.position(), StreamPosition { epoch: Epoch(1), frames: length as u64 });
    assert_eq!(rig.underruns(), 0);
    assert!(rig.all_are_home());
}

#[test]
fn a_stop_is_a_ramp_and_what_was_read_goes_back_unheard() {
    let mut rig = rig();
    rig.play(1);
    rig.read_enough(1, 1.0);
    rig.hear(1000);
    rig.stop();
    let (heard, ended) = rig.hear(3 * RAMP);
    assert!(is_without_steps(&heard));
    assert!(all(&heard[RAMP..], 0.0));
    assert_eq!(ended, [Epoch(1)]);
    assert!(rig.all_are_home());
}

#[test]
fn a_stop_before_anything_was_heard_is_told_too() {
    let mut rig = rig();
    rig.play(1);
    rig.stop();
    assert_eq!(rig.hear(200), (vec![0.0; 200], vec![Epoch(1)]));
    // What is read late is not heard.
    rig.read_enough(1, 1.0);
    rig.stop();
    assert_eq!(rig.hear(200), (vec![0.0; 200], vec![]));
}

#[test]
fn another_play_has_nothing_of_the_one_before() {
    let mut rig = rig();
    rig.play(1);
    rig.read_enough(1, 1.0);
    rig.hear(1000);
    // Two at once: the last one holds.
    rig.play(2);
    rig.play(3);
    rig.read_enough(2, 0.75);
    rig.read_enough(3, 0.5);
    let (heard, ended) = rig.hear(4 * RAMP);
    assert!(is_without_steps(&heard));
    assert!(heard.contains(&0.0));
    assert!(all(&heard[3 * RAMP..], 0.5));
    assert_eq!(ended, [], "something is still heard");
    assert_eq!(rig.counters.position().epoch, Epoch(3));
}

#[test]
fn what_is_read_before_the_order_comes_is_kept() {
    let mut rig = rig();
    rig.play(1);
    rig.stop();
    rig.hear(100);
    rig.read_enough(2, 1.0);
    rig.hear(100);
    rig.play(2);
    let (heard, _) = rig.hear(START_BLOCKS * BLOCK_FRAMES - RAMP);
    assert!(all(&heard[RAMP..], 1.0));
}

#[test]
fn a_disk_too_slow_is_a_ramp_to_silence_and_back_and_loses_no_frame() {
    let mut rig = rig();
    rig.play(1);
    rig.read_enough(1, 1.0);
    let length = START_BLOCKS * BLOCK_FRAMES;
    let (heard, _) = rig.hear(length + 1000);
    assert!(is_without_steps(&heard));
    assert!(all(&heard[RAMP..length - RAMP], 1.0) && all(&heard[length..], 0.0));
    assert_eq!(rig.underruns(), 1);
    assert_eq!(rig.counters.position().frames, length as u64);
    rig.read_enough(1, 0.5);
    rig.read(1, 0.5, 0, true);
    let (heard, ended) = rig.hear(length + 10);
    assert!(all(&heard[RAMP..length], 0.5));
    assert_eq!(ended, [Epoch(1)]);
    assert_eq!(rig.counters.position().frames, 2 * length as u64);
    assert_eq!(rig.underruns(), 1);
}
