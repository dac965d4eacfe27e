//! What becomes of a track at a tempo.

use super::*;
use crate::music::Bpm;
use proptest::prelude::*;

fn layer(place: u64, frames: u64) -> LoopLayer {
    LoopLayer {
        file: Arc::from(Path::new("take.wav")),
        file_frame: 1_000,
        place,
        frames,
        gain: Decibels::UNITY,
        fade_in: Fade::linear(100),
        fade_out: Fade::linear(100),
    }
}

fn timeline(bpm: f64) -> Timeline {
    Timeline::new(Bpm::new(bpm).unwrap(), 48_000.0)
}

#[test]
fn a_clip_stays_on_its_bar_when_the_tempo_changes() {
    let clip = TrackClip {
        file: Arc::from(Path::new("take.wav")),
        file_frame: 7,
        at_pulse: 96.0,
        frames: 500,
        gain: Decibels(-6.0),
        fade_in: 0,
        fade_out: 0,
        is_layer: false,
        mute: false,
    };
    let muted = TrackClip { mute: true, ..clip.clone() };
    let track = Track { clips: vec![clip, muted], ..Track::new(TrackId(1), "drums".to_owned()) };
    for (bpm, place) in [(120.0, 96_000), (60.0, 192_000), (90.0, 128_000)] {
        let playlist = track.playlist(&timeline(bpm));
        let pieces = playlist.pieces(0..1_000_000, 0);
        assert_eq!((pieces.len(), pieces[0].song.clone(), pieces[0].file_frame()), (1, place..place + 500, 7));
    }
}

#[test]
fn a_loop_that_is_multiplied_sounds_the_same_and_one_that_is_cropped_like_its_beginning() {
    let frames_per_pulse = timeline(120.0).frames_per_pulse();
    let looped = TrackLoop { layers: vec![layer(0, 24_000), layer(6_000, 12_000)], ..TrackLoop::new(0.0, 24.0) };
    let of = |looped: &TrackLoop, stretch| {
        let playlist = Playlist::default().with_loop(Some(looped.at(frames_per_pulse)));
        let heard = |piece: &super::super::playlist::PlaylistRegion<'_>| {
            (piece.song.clone(), piece.file_frame(), piece.gain_at(piece.song.start).to_bits())
        };
        let mut heard: Vec<_> = playlist.pieces(stretch, 0).iter().map(heard).collect();
        heard.sort_by_key(|(song, frame, _)| (song.start, *frame));
        heard
    };
    let fourfold = looped.multiplied(4, frames_per_pulse).unwrap();
    assert_eq!((fourfold.pulses, fourfold.layers.len()), (96.0, 8));
    assert_eq!(of(&fourfold, 0..200_000), of(&looped, 0..200_000));
    assert_eq!(fourfold.cropped(24.0, frames_per_pulse), looped);
    let half = looped.cropped(12.0, frames_per_pulse);
    assert_eq!(half.layers.iter().map(|layer| layer.frames).collect::<Vec<_>>(), [12_000, 6_000]);
    assert_eq!(looped.multiplied(0, frames_per_pulse), Err(TooLong));
    assert_eq!(looped.multiplied(4_001, frames_per_pulse), Err(TooLong));
}

proptest! {
    #[test]
    fn what_is_left_of_a_layer_is_what_was_there_and_nothing_of_it_lies_where_something_else_is(
        place in 0..100_u64, frames in 1..100_u64, from in 0..120_u64, length in 0..120_u64,
    ) {
        let whole = layer(place, frames);
        let parts = whole.outside(from..from + length, 3);
        for frame in 0..300_u64 {
            let under = |layer: &&LoopLayer| (layer.place..layer.place + layer.frames).contains(&frame);
            let heard: Vec<u64> = parts.iter().filter(under).map(|part| part.file_frame + frame - part.place).collect();
            let was_there = under(&&whole) && !(from..from + length).contains(&frame);
            let want: Vec<u64> = was_there.then_some(whole.file_frame + frame.saturating_sub(place)).into_iter().collect();
            prop_assert_eq!(heard, want);
        }
        prop_assert!(parts.iter().all(|part| part.frames > 0));
    }
}
