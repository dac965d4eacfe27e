//! What is heard of a stream that is locked to the song, on each frame of the song, whatever the disk does.

use crate::engine::audio::streams::{
    StreamCounters, StreamFeeder, Streams, StreamsHandle,
    block::{BLOCK_FRAMES, Block, Epoch},
    streams,
};
use crate::engine::realtime::no_alloc;
use crate::music::{Bpm, LoopRegion, Plan};
use proptest::prelude::*;
use std::sync::{Arc, atomic::Ordering};

const RATE_HZ: f64 = 48_000.0;
const RAMP: usize = 240;
const STREAM: usize = 7;

/// What was recorded on a frame of the song: nothing before its beginning, no step anywhere.
fn sound(epoch: u32, song_frame: i64) -> f32 {
    let level = if epoch.is_multiple_of(2) { -0.5 } else { 0.5 };
    if song_frame < 0 { 0.0 } else { level * (song_frame as f32 * 0.002).sin() }
}

struct Rig {
    streams: Streams,
    handle: StreamsHandle,
    lending: StreamFeeder,
    counters: Arc<StreamCounters>,
    plan: Plan,
    frame: i64,
    lent: usize,
}

fn rig(plan: Plan) -> Rig {
    let (streams, handle, lending, counters) = streams(RATE_HZ);
    Rig { streams, handle, lending, counters, plan, frame: 0, lent: 0 }
}

fn rolling(bpm: f64, looped: Option<LoopRegion>, song_pulse: f64) -> Plan {
    let mut plan = Plan::new(Bpm::new(bpm).unwrap(), RATE_HZ, true);
    plan.set_loop(looped, 0);
    plan.roll(song_pulse, 0);
    plan
}

impl Rig {
    fn lend(&mut self, epoch: u32, (pass, first): (i64, i64), frames: usize, last: bool) {
        let mut block = Box::new(Block::new(STREAM));
        (block.epoch, block.pass, block.first) = (Epoch(epoch), pass, first);
        (block.frames, block.last) = (frames, last);
        for (frame, sample) in (first..).zip(block.samples.iter_mut()) {
            *sample = [sound(epoch, frame), -sound(epoch, frame)];
        }
        self.lending.lend(block).unwrap();
        self.lent += 1;
    }

    /// Lends what the plan asks for in a window of frames, and the frame before it.
    fn lend_window(&mut self, epoch: u32, window: std::ops::Range<i64>) {
        for part in self.plan.passes(window).collect::<Vec<_>>() {
            let mut from = part.frames.start;
            while from < part.frames.end {
                let time = self.plan.song_time_at(from).unwrap();
                let early = i64::from(from == 0);
                let frames = (part.frames.end - from + early).min(BLOCK_FRAMES as i64);
                self.lend(epoch, (time.pass, time.song_frame - early), frames as usize, false);
                from += frames - early;
            }
        }
    }

    fn hear(&mut self, frames: usize) -> Vec<f32> {
        let (mut left, mut right) = (vec![0.0; frames], vec![0.0; frames]);
        no_alloc(|| {
            self.streams.begin(&self.plan, self.frame..self.frame + frames as i64);
            self.streams.read(STREAM, [&mut left, &mut right])
        });
        assert!(left.iter().zip(&right).all(|(l, r)| *l == -r));
        self.frame += frames as i64;
        left
    }

    /// In blocks of a device.
    fn hear_long(&mut self, frames: usize) -> Vec<f32> {
        (0..frames.div_ceil(96)).flat_map(|i| self.hear((frames - i * 96).min(96))).collect()
    }

    fn underruns(&self) -> u64 {
        self.counters.underruns.load(Ordering::Relaxed)
    }

    fn all_are_home(&mut self) -> bool {
        self.lent -= std::iter::from_fn(|| self.lending.take_home()).count();
        self.lent == 0
    }
}

fn is_without_steps(heard: &[f32]) -> bool {
    heard.windows(2).all(|pair| (pair[1] - pair[0]).abs() < 1.1 / RAMP as f32)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn each_frame_of_the_song_is_heard_on_its_frame_through_every_wrap(
        bpm in 100.0..300.0_f64,
        beats in prop::option::of((0..2_i64, 1..3_i64)),
        blocks in prop::collection::vec(1..1_024_usize, 40),
    ) {
        let region = |(from, len): (i64, i64)| LoopRegion::new(from * 24..(from + len) * 24).unwrap();
        let mut rig = rig(rolling(bpm, beats.map(region), 0.0));
        rig.lend_window(1, 0..blocks.iter().sum::<usize>() as i64);
        rig.handle.play(STREAM, Epoch(1));
        for frames in blocks {
            let from = rig.frame;
            for (frame, heard) in (from..).zip(rig.hear(frames)) {
                let time = rig.plan.song_time_at(frame).unwrap();
                prop_assert_eq!(heard.to_bits(), sound(1, time.song_frame).to_bits(), "frame {}", frame);
            }
        }
        prop_assert_eq!(rig.underruns(), 0);
        rig.handle.stop(STREAM);
        rig.hear(1_000);
        prop_assert!(rig.all_are_home());
    }

    #[test]
    fn what_is_not_there_is_silent_and_counted_and_nothing_steps(
        missing in prop::collection::vec(any::<bool>(), 30),
    ) {
        let mut rig = rig(rolling(120.0, None, 0.0));
        let there: Vec<bool> = missing.iter().map(|missing| !missing).collect();
        for (i, _) in there.iter().enumerate().filter(|(_, there)| **there) {
            rig.lend(1, (0, i as i64 * 1_000), 1_000, false);
        }
        rig.handle.play(STREAM, Epoch(1));
        let heard = rig.hear_long(there.len() * 1_000);
        prop_assert!(is_without_steps(&heard));
        let mut gaps = 0;
        for (i, is_there) in there.iter().enumerate() {
            gaps += u64::from(!is_there && (i == 0 || there[i - 1]));
            for (frame, heard) in heard.iter().enumerate().take((i + 1) * 1_000).skip(i * 1_000 + RAMP) {
                let want = if *is_there { sound(1, frame as i64) } else { 0.0 };
                prop_assert_eq!(*heard, want, "frame {}", frame);
            }
        }
        prop_assert_eq!(rig.underruns(), gaps);
    }
}

#[test]
fn blocks_of_an_older_epoch_go_home_unheard_and_the_newer_ones_are_heard_at_once() {
    let mut rig = rig(rolling(120.0, None, 0.0));
    rig.lend_window(1, 0..20_000);
    rig.handle.play(STREAM, Epoch(1));
    let mut heard = rig.hear_long(5_000);
    // What is read before it is asked for is kept.
    rig.lend_window(2, 4_000..20_000);
    heard.extend(rig.hear_long(1_000));
    assert_eq!(heard[5_500], sound(1, 5_500));
    rig.handle.play(STREAM, Epoch(2));
    heard.extend(rig.hear_long(10_000));
    assert!((6_000 + RAMP..16_000).all(|frame| heard[frame] == sound(2, frame as i64)));
    assert!(is_without_steps(&heard));
    assert_eq!(rig.underruns(), 0);
    rig.handle.stop(STREAM);
    rig.hear_long(1_000);
    assert!(rig.all_are_home());
}

#[test]
fn a_song_that_stops_or_is_sent_elsewhere_has_no_step() {
    let mut rig = rig(rolling(120.0, None, 0.0));
    rig.lend_window(1, 0..30_000);
    rig.handle.play(STREAM, Epoch(1));
    let mut heard = rig.hear_long(5_000);
    rig.plan.stand(5.5, 5_500);
    heard.extend(rig.hear_long(5_000));
    assert!(heard[5_500 + RAMP..].iter().all(|x| *x == 0.0));
    // Further on in what is read already.
    rig.plan.roll(12.0, 10_000);
    heard.extend(rig.hear_long(5_000));
    assert_eq!(heard[11_000], sound(1, 13_000));
    rig.plan.roll(20.0, 15_000);
    heard.extend(rig.hear_long(5_000));
    assert_eq!(heard[16_000], sound(1, 21_000));
    assert!(is_without_steps(&heard));
    assert_eq!(rig.underruns(), 0);
}

#[test]
fn what_is_over_is_silent_and_counts_nothing() {
    let mut rig = rig(rolling(120.0, None, 0.0));
    rig.lend(1, (0, -1), 1_001, true);
    rig.handle.play(STREAM, Epoch(1));
    let heard = rig.hear_long(5_000);
    assert_eq!(heard[999], sound(1, 999));
    assert!(heard[1_000 + RAMP..].iter().all(|x| *x == 0.0) && is_without_steps(&heard));
    assert_eq!(rig.underruns(), 0);
}

#[test]
fn a_stream_that_nobody_plays_sends_what_is_void_home_and_is_left_alone() {
    let mut rig = rig(rolling(120.0, None, 0.0));
    rig.handle.play(STREAM, Epoch(3));
    rig.handle.stop(STREAM);
    rig.lend_window(3, 0..10_000);
    assert!(rig.hear_long(500).iter().all(|x| *x == 0.0));
    assert!(rig.all_are_home());
    assert_eq!((rig.underruns(), rig.streams.awake), (0, 0));
}

#[test]
fn another_reading_is_heard_when_it_is_there_and_what_it_has_in_common_with_the_one_before_goes_on_to_the_bit() {
    let mut rig = rig(rolling(120.0, None, 0.0));
    rig.lend_window(2, 0..30_000);
    rig.handle.play(STREAM, Epoch(2));
    let mut heard = rig.hear_long(5_000);
    // Its blocks are late: the old ones go on.
    rig.handle.play(STREAM, Epoch(4));
    heard.extend(rig.hear_long(3_000));
    rig.lend_window(4, 7_000..30_000);
    heard.extend(rig.hear_long(8_000));
    assert!((0..16_000).all(|frame| heard[frame] == sound(2, frame as i64)));
    assert_eq!(rig.underruns(), 0);
    rig.handle.stop(STREAM);
    rig.hear_long(1_000);
    assert!(rig.all_are_home());
}
