//! What becomes of clips: of what is heard, only what was asked for changes.

use super::*;
use crate::{
    music::{Bpm, Timeline},
    session::{playlist::Playlist, track::TrackId},
};
use proptest::prelude::*;
use std::{path::Path, sync::Arc};

fn clip(at_pulse: f64, frames: u64) -> TrackClip {
    TrackClip {
        file: Arc::from(Path::new("take.wav")),
        file_frame: 5_000,
        at_pulse,
        frames,
        gain: Decibels::UNITY,
        fade_in: 120,
        fade_out: 120,
        is_layer: false,
        mute: false,
    }
}

fn track(clips: Vec<TrackClip>) -> Track {
    Track { clips, ..Track::new(TrackId(1), "lead".to_owned()) }
}

fn timeline(bpm: f64) -> Timeline {
    Timeline::new(Bpm::new(bpm).unwrap(), 48_000.0)
}

/// What is heard on each frame: which frame of the file, at which gain.
fn heard(track: &Track, timeline: &Timeline, frames: i64) -> Vec<Option<(i64, u32)>> {
    let playlist: Playlist = track.playlist(timeline);
    let mut heard = vec![None; frames as usize];
    for piece in playlist.pieces(0..frames, 0) {
        for frame in piece.song.clone() {
            let file = piece.file_at as i64 + frame - piece.song.start;
            heard[frame as usize] = Some((file, piece.gain_at(frame).to_bits()));
        }
    }
    heard
}

#[test]
fn clips_are_counted_in_the_order_of_the_song_and_lie_over_each_other_in_that_of_the_list() {
    let track = track(vec![clip(96.0, 10), clip(0.0, 10), clip(48.0, 10), clip(48.0, 20)]);
    assert_eq!(track.clip_places(), [1, 2, 3, 0]);
}

#[test]
fn a_trim_that_ends_before_it_begins_or_wants_what_is_before_the_take_is_refused() {
    let frames_per_pulse = timeline(120.0).frames_per_pulse();
    let clip = clip(96.0, 48_000);
    assert_eq!(clip.trimmed(100.0, 100.0, frames_per_pulse), Err(ClipFault::Empty));
    assert_eq!(clip.trimmed(100.0, 99.0, frames_per_pulse), Err(ClipFault::Empty));
    assert_eq!(clip.trimmed(80.0, 100.0, frames_per_pulse), Err(ClipFault::BeforeTake));
    assert_eq!(clip.split(96.0, frames_per_pulse), Err(ClipFault::NotInside));
    assert_eq!(clip.split(1e9, frames_per_pulse), Err(ClipFault::NotInside));
}

proptest! {
    #[test]
    fn both_parts_of_a_split_clip_sound_as_it_did(bpm in 60.0..200.0_f64, at in 0.0..20.0_f64, part in 0.02..0.98_f64) {
        let timeline = timeline(bpm);
        let whole = clip(at, 4_000);
        let frames_per_pulse = timeline.frames_per_pulse();
        let pulse = at + part * (whole.end_pulse(frames_per_pulse) - at);
        prop_assume!((120.0..3_880.0).contains(&(part * 4_000.0)));
        let before = track(vec![whole.clone()]);
        let after = before.with_clip_replaced(0, whole.split(pulse, frames_per_pulse).unwrap()).unwrap();
        prop_assert_eq!(after.clips.len(), 2);
        let frames = (60.0 * frames_per_pulse) as i64;
        prop_assert_eq!(heard(&after, &timeline, frames), heard(&before, &timeline, frames));
    }

    #[test]
    fn what_is_left_of_a_trimmed_clip_lies_where_it_lay(from in 0.1..0.4_f64, to in 0.6..0.9_f64) {
        let timeline = timeline(120.0);
        let frames_per_pulse = timeline.frames_per_pulse();
        let whole = clip(12.0, 9_600);
        let pulse = |part: f64| 12.0 + part * 9_600.0 / frames_per_pulse;
        let trimmed = whole.trimmed(pulse(from), pulse(to), frames_per_pulse).unwrap();
        let (before, after) = (track(vec![whole]), track(vec![trimmed.clone()]));
        let frames = 40_000;
        let (before, after) = (heard(&before, &timeline, frames), heard(&after, &timeline, frames));
        let song = trimmed.place(frames_per_pulse)..trimmed.place(frames_per_pulse) + trimmed.frames as i64;
        for frame in 0..frames {
            let (was, is) = (before[frame as usize], after[frame as usize]);
            match song.contains(&frame) {
                true => prop_assert_eq!(was.map(|(file, _)| file), is.map(|(file, _)| file)),
                false => prop_assert_eq!(is, None),
            }
        }
        // What was cut off comes back.
        let back = trimmed.trimmed(12.0, pulse(1.0), frames_per_pulse).unwrap();
        prop_assert_eq!((back.file_frame, back.frames, back.place(frames_per_pulse)), (5_000, 9_600, 12_000));
    }
}
