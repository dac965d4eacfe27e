//! What is heard of a play, frame by frame, whatever the disk and the hand on the keys do.

use super::*;
use crate::engine::realtime::no_alloc;
use ringbuf::traits::Observer;

const RATE_HZ: f64 = 48_000.0;
const RAMP: usize = 240;

/// Hands over a block of a constant.
fn read(blocks: &mut PlayerBlocks, play: u32, level: f32, frames: usize, last: bool) {
    let mut block = blocks.empty.try_pop().unwrap();
    (block.play, block.frames, block.last) = (PlayId(play), frames, last);
    block.samples.fill([level, -level]);
    blocks.full.try_push(block).unwrap();
}

fn read_enough(blocks: &mut PlayerBlocks, play: u32, level: f32) {
    for _ in 0..START_BLOCKS {
        read(blocks, play, level, BLOCK_FRAMES, false);
    }
}

/// What the left side gets; the right side gets the opposite.
fn hear(player: &mut Player, frames: usize) -> (Vec<f32>, Vec<PlayId>) {
    let (mut heard, mut other) = (vec![0.0; frames], vec![0.0; frames]);
    let mut ended = Vec::new();
    for (left, right) in heard.chunks_mut(97).zip(other.chunks_mut(97)) {
        no_alloc(|| player.add_to(left, right));
        ended.extend(player.counters.take_ended());
    }
    assert!(heard.iter().zip(&other).all(|(l, r)| *l == -r));
    (heard, ended)
}

fn is_without_steps(heard: &[f32]) -> bool {
    heard.windows(2).all(|pair| (pair[1] - pair[0]).abs() < 1.01 / RAMP as f32)
}

fn all(heard: &[f32], level: f32) -> bool {
    heard.iter().all(|x| *x == level)
}

#[test]
fn the_end_of_the_newest_play_is_never_lost_however_late_it_is_asked_for() {
    let (mut player, mut blocks, counters) = player(RATE_HZ);
    for play in 1..5_000 {
        player.play(PlayId(play));
        read(&mut blocks, play, 1.0, 10, true);
        player.add_to(&mut [0.0; 97], &mut [0.0; 97]);
    }
    assert_eq!(counters.take_ended(), Some(PlayId(4_999)));
    assert_eq!(counters.take_ended(), None);
}

#[test]
fn a_play_begins_when_enough_is_there_and_ends_with_its_last_frame() {
    let (mut player, mut blocks, counters) = player(RATE_HZ);
    let count = blocks.empty.occupied_len();
    player.play(PlayId(1));
    for _ in 0..START_BLOCKS - 1 {
        read(&mut blocks, 1, 1.0, BLOCK_FRAMES, false);
    }
    assert!(all(&hear(&mut player, 500).0, 0.0));
    read(&mut blocks, 1, 1.0, 100, true);
    let length = (START_BLOCKS - 1) * BLOCK_FRAMES + 100;
    let (heard, ended) = hear(&mut player, length + 500);
    assert!(all(&heard[RAMP..length], 1.0), "nothing is changed after the ramp");
    assert!(all(&heard[length..], 0.0));
    assert!(is_without_steps(&heard[..length]));
    assert_eq!(ended, [PlayId(1)]);
    assert_eq!(counters.position(), Position { play: PlayId(1), frames: length as u64 });
    assert_eq!(counters.underruns.load(Ordering::Relaxed), 0);
    assert_eq!(blocks.empty.occupied_len(), count, "every block is back");
}

#[test]
fn a_stop_is_a_ramp_and_what_was_read_goes_back_unheard() {
    let (mut player, mut blocks, _) = player(RATE_HZ);
    let count = blocks.empty.occupied_len();
    player.play(PlayId(1));
    read_enough(&mut blocks, 1, 1.0);
    hear(&mut player, 1000);
    player.stop();
    let (heard, ended) = hear(&mut player, 3 * RAMP);
    assert!(is_without_steps(&heard));
    assert!(all(&heard[RAMP..], 0.0));
    assert_eq!(ended, [PlayId(1)]);
    assert_eq!(blocks.empty.occupied_len(), count, "every block is back");
}

#[test]
fn a_stop_before_anything_was_heard_is_told_too() {
    let (mut player, mut blocks, _) = player(RATE_HZ);
    player.play(PlayId(1));
    player.stop();
    assert_eq!(hear(&mut player, 200), (vec![0.0; 200], vec![PlayId(1)]));
    // What is read late is not heard.
    read_enough(&mut blocks, 1, 1.0);
    player.stop();
    assert_eq!(hear(&mut player, 200), (vec![0.0; 200], vec![]));
}

#[test]
fn another_play_has_nothing_of_the_one_before() {
    let (mut player, mut blocks, counters) = player(RATE_HZ);
    player.play(PlayId(1));
    read_enough(&mut blocks, 1, 1.0);
    hear(&mut player, 1000);
    // Two at once: the last one holds.
    player.play(PlayId(2));
    player.play(PlayId(3));
    read_enough(&mut blocks, 2, 0.75);
    read_enough(&mut blocks, 3, 0.5);
    let (heard, ended) = hear(&mut player, 4 * RAMP);
    assert!(is_without_steps(&heard));
    assert!(heard.contains(&0.0));
    assert!(all(&heard[3 * RAMP..], 0.5));
    assert_eq!(ended, [], "something is still heard");
    assert_eq!(counters.position().play, PlayId(3));
}

#[test]
fn what_is_read_before_the_order_comes_is_kept() {
    let (mut player, mut blocks, _) = player(RATE_HZ);
    player.play(PlayId(1));
    player.stop();
    hear(&mut player, 100);
    read_enough(&mut blocks, 2, 1.0);
    hear(&mut player, 100);
    player.play(PlayId(2));
    let (heard, _) = hear(&mut player, START_BLOCKS * BLOCK_FRAMES - RAMP);
    assert!(all(&heard[RAMP..], 1.0));
}

#[test]
fn a_disk_too_slow_is_a_ramp_to_silence_and_back_and_loses_no_frame() {
    let (mut player, mut blocks, counters) = player(RATE_HZ);
    player.play(PlayId(1));
    read_enough(&mut blocks, 1, 1.0);
    let length = START_BLOCKS * BLOCK_FRAMES;
    let (heard, _) = hear(&mut player, length + 1000);
    assert!(is_without_steps(&heard));
    assert!(all(&heard[RAMP..length - RAMP], 1.0) && all(&heard[length..], 0.0));
    assert_eq!(counters.underruns.load(Ordering::Relaxed), 1);
    assert_eq!(counters.position().frames, length as u64);
    read_enough(&mut blocks, 1, 0.5);
    read(&mut blocks, 1, 0.5, 0, true);
    let (heard, ended) = hear(&mut player, length + 10);
    assert!(all(&heard[RAMP..length], 0.5));
    assert_eq!(ended, [PlayId(1)]);
    assert_eq!(counters.position().frames, 2 * length as u64);
    assert_eq!(counters.underruns.load(Ordering::Relaxed), 1);
}
