//! Laws of a playlist: what lies under a frame of the song does not depend on how it is asked for.

use super::*;
use proptest::prelude::*;

fn clip(file: usize, file_frame: u64, place: i64, frames: u64, fades: [u64; 2]) -> Clip {
    let file: Arc<Path> = Arc::from(Path::new(["a", "b", "c", "d"][file % 4]));
    Clip { fade_in: fades[0], fade_out: fades[1], ..Clip::of(file, file_frame, place, frames) }
}

fn a_playlist() -> impl Strategy<Value = Playlist> {
    let a_clip = (0..4_usize, 0..50_u64, -20..100_i64, 0..60_u64, [0..30_u64, 0..30_u64])
        .prop_map(|(file, from, place, frames, fades)| clip(file, from, place, frames, fades));
    prop::collection::vec(a_clip, 0..6).prop_map(Playlist::new)
}

/// What is heard on a frame: file, its frame, the gain's bits.
type Heard = Vec<(Arc<Path>, u64, u32)>;

/// What is heard on each frame of a stretch.
fn heard(playlist: &Playlist, stretch: Range<i64>) -> Vec<Heard> {
    let mut heard = vec![Heard::new(); stretch.clone().count()];
    for piece in playlist.pieces(stretch.clone(), 0) {
        for (i, frame) in piece.song.clone().enumerate() {
            let one = (Arc::clone(piece.file()), piece.file_frame() + i as u64, piece.gain_at(frame).to_bits());
            heard[(frame - stretch.start) as usize].push(one);
        }
    }
    heard
}

fn gains(heard: &Heard) -> f32 {
    heard.iter().map(|(_, _, gain)| f32::from_bits(*gain)).sum()
}

proptest! {
    #[test]
    fn it_is_the_same_whatever_it_is_cut_into(
        playlist in a_playlist(), from in -30..120_i64, cuts in prop::collection::vec(1..40_i64, 1..8),
    ) {
        let to = from + cuts.iter().sum::<i64>();
        let mut pieces = Vec::new();
        let mut at = from;
        for cut in cuts {
            pieces.extend(heard(&playlist, at..at + cut));
            at += cut;
        }
        prop_assert_eq!(pieces, heard(&playlist, from..to));
    }

    #[test]
    fn under_a_clip_is_no_gap_and_no_overlap_but_where_something_fades(playlist in a_playlist()) {
        for (frame, heard) in (-30..180).zip(heard(&playlist, -30..180)) {
            let under: Vec<&Clip> = playlist.clips.iter().filter(|clip| clip.song().contains(&frame)).collect();
            let sum = gains(&heard);
            prop_assert!(sum <= 1.0 + 1e-5, "{} at {}", sum, frame);
            let Some(top) = under.last() else {
                prop_assert!(heard.is_empty());
                continue;
            };
            let is_fading = |clip: &&&Clip| clip.presence_at(frame) < 1.0;
            // The uppermost that does not fade ends what is heard; what fades over it takes from it what it gives itself.
            let fading = under.iter().rev().take_while(is_fading).count();
            prop_assert_eq!(heard.len(), (fading + 1).min(under.len()));
            if fading < under.len() {
                prop_assert!((sum - 1.0).abs() < 1e-5, "{} at {}", sum, frame);
            }
            let (file, file_frame, _) = &heard[0];
            prop_assert_eq!((file, *file_frame), (&top.audio.file, top.file_frame + (frame - top.place) as u64));
        }
    }

    #[test]
    fn a_fade_has_no_step_and_ends_at_unity(frames in 1..200_u64, fade_in in 0..100_u64, fade_out in 0..100_u64) {
        let clip = clip(0, 0, 0, frames, [fade_in, fade_out]);
        let gains: Vec<f32> = (0..frames as i64).map(|frame| clip.presence_at(frame)).collect();
        let step = 1.0 / fade_in.max(1).min(fade_out.max(1)) as f32;
        prop_assert!(gains.windows(2).all(|pair| (pair[1] - pair[0]).abs() <= step + 1e-5));
        let inside = fade_in as usize..(frames.saturating_sub(fade_out) as usize).max(fade_in as usize);
        prop_assert!(gains.get(inside).unwrap_or_default().iter().all(|gain| *gain == 1.0));
    }
}

#[test]
fn two_clips_that_crossfade_are_both_heard_and_make_one_together() {
    let playlist = Playlist::new(vec![clip(0, 0, 0, 100, [0, 0]), clip(1, 7, 80, 100, [20, 10])]);
    let heard = heard(&playlist, 0..180);
    assert_eq!(heard[79], [(Arc::from(Path::new("a")), 79, 1.0_f32.to_bits())]);
    assert_eq!(heard[80].len(), 2);
    assert!(heard[80..100].iter().all(|frame| frame.len() == 2 && (gains(frame) - 1.0).abs() < 1e-6));
    assert_eq!(heard[100], [(Arc::from(Path::new("b")), 27, 1.0_f32.to_bits())]);
    assert_eq!(gains(&heard[179]), 0.05);
    assert_eq!(playlist.end(), 180);
}

#[test]
fn a_layer_covers_nothing_and_nothing_of_it_is_heard_on_other_turns() {
    let layer = |file, gain, from: i64| Clip {
        is_layer: true,
        gain,
        turns: Turns { from: Some(Turn { pass: from, turn: 0 }), until: None },
        ..clip(file, 0, 0, 10, [0, 0])
    };
    let playlist = Playlist::new(vec![clip(0, 0, 0, 10, [0, 0]), layer(1, 0.5, 1), layer(2, 0.25, 2)]);
    let of_pass = |pass| playlist.pieces(0..10, pass).iter().map(|piece| piece.gain_at(3)).collect::<Vec<_>>();
    assert_eq!(of_pass(0), [1.0]);
    assert_eq!(of_pass(1), [0.5, 1.0]);
    assert_eq!(of_pass(2), [0.25, 0.5, 1.0]);
}

fn layer(file_frame: u64, place: u64, frames: u64, fades: [u64; 2]) -> RepeatLayer {
    RepeatLayer {
        audio: AudioSource::of_file(Arc::from(Path::new("a"))),
        file_frame,
        place,
        frames,
        gain: 1.0,
        fade_in: Fade::linear(fades[0]),
        fade_out: Fade::linear(fades[1]),
        turns: Turns::default(),
    }
}

fn looped(length: f64, speed: f64, layers: Vec<RepeatLayer>) -> Playlist {
    Playlist::default().with_loop(Some(Repeat { begins: 0.0, length, speed, layers, turns: None }))
}

/// The value of each frame of the song where the file is `of` of its frame.
fn sounds(playlist: &Playlist, stretch: Range<i64>, of: impl Fn(f64) -> f64) -> Vec<f64> {
    let mut sum = vec![0.0; stretch.clone().count()];
    for piece in playlist.pieces(stretch.clone(), 0) {
        for (i, frame) in piece.song.clone().enumerate() {
            let file_at = piece.file_at + i as f64 * piece.speed;
            sum[(frame - stretch.start) as usize] += f64::from(piece.gain_at(frame)) * of(file_at);
        }
    }
    sum
}

proptest! {
    #[test]
    fn turns_do_not_drift_and_follow_each_other_without_a_gap(
        begins in -1e6..1e6_f64, length in 64.0..1e6_f64, speed in prop_oneof![Just(1.0), Just(-1.0), Just(0.5), Just(2.0)],
        turn in 0..5_000_i64, at in 0.0..1.0_f64,
    ) {
        let repeat = Repeat { begins, length, speed, layers: Vec::new(), turns: None };
        let exact = begins + turn as f64 * repeat.turn_frames();
        prop_assert!((repeat.turn_begins(turn) as f64 - exact).abs() <= 0.5 + 1e-6);
        let (from, to) = (repeat.turn_begins(turn), repeat.turn_begins(turn + 1));
        prop_assert_eq!((repeat.turn_at(from), repeat.turn_at(to - 1), repeat.turn_at(to)), (turn, turn, turn + 1));
        let inside = from + ((to - from - 1) as f64 * at) as i64;
        prop_assert_eq!(repeat.turn_at(inside), turn);
    }

    #[test]
    fn a_loop_is_the_same_whatever_it_is_cut_into(
        length in 70.0..200.0_f64, speed in prop_oneof![Just(1.0), Just(-1.0), Just(0.5), Just(2.0)],
        places in prop::collection::vec((0..150_u64, 1..150_u64, 0..20_u64, 0..20_u64), 1..4),
        from in -50..900_i64, cuts in prop::collection::vec(1..90_i64, 1..8),
    ) {
        let layers = places.iter().map(|(place, frames, a, b)| layer(1_000, *place, *frames, [*a, *b])).collect();
        let playlist = looped(length, speed, layers);
        let of = |at: f64| at.sin();
        let mut pieces = Vec::new();
        let mut at = from;
        for cut in cuts {
            pieces.extend(sounds(&playlist, at..at + cut, of));
            at += cut;
        }
        let whole = sounds(&playlist, from..at, of);
        prop_assert!(pieces.iter().zip(&whole).all(|(a, b)| (a - b).abs() < 1e-9));
    }
}

#[test]
fn a_layer_that_goes_on_in_another_goes_on_as_it_was_played() {
    // A take of two turns, cut into two layers: what is heard at the seam is the take itself.
    let (length, fade) = (100, 10);
    let layers = vec![layer(50, 0, length, [fade, fade]), layer(50 + length, 0, length, [fade, fade])];
    let playlist = looped(length as f64, 1.0, layers);
    let of = |at: f64| if at < 150.0 { at } else { 0.0 };
    let first_alone = sounds(&playlist, 100..190, of);
    assert!(first_alone.iter().zip(0..).all(|(x, i)| (x - f64::from(50 + i)).abs() < 1e-4), "{first_alone:?}");
    // The end of the first and the beginning of the second, which is the same sound, make it up together.
    let of_end = |at: f64| if (130.0..160.0).contains(&at) { 1.0 } else { 0.0 };
    let seam = sounds(&playlist, 180..210, of_end);
    assert!(seam.iter().all(|x| (x - 1.0).abs() < 1e-6), "{seam:?}");
}

#[test]
fn the_seam_of_a_loop_keeps_the_attack_and_the_level() {
    // Unlike sounds of one power on both sides: the powers make one together, and the first frame is as it was played.
    let unlike = Fade { frames: 20, likeness: 0.0 };
    let layers = vec![RepeatLayer { fade_in: unlike, fade_out: unlike, ..layer(20, 0, 100, [0, 0]) }];
    let playlist = looped(100.0, 1.0, layers);
    for frame in 180..200 {
        let pieces = playlist.pieces(frame..frame + 1, 0);
        let gains: Vec<f32> = pieces.iter().map(|piece| piece.gain_at(frame)).collect();
        assert_eq!(gains.len(), 2);
        assert!((gains.iter().map(|gain| gain * gain).sum::<f32>() - 1.0).abs() < 1e-5, "{gains:?}");
    }
    assert_eq!(playlist.pieces(200..201, 0)[0].gain_at(200), 1.0);
    assert_eq!(playlist.pieces(200..201, 0)[0].file_at, 20.0);
}

#[test]
fn backwards_the_last_frame_comes_first_and_half_the_speed_takes_twice_as_long() {
    let layers = || vec![layer(0, 0, 100, [0, 0])];
    assert_eq!(sounds(&looped(100.0, -1.0, layers()), 0..4, |at| at), [99.0, 98.0, 97.0, 96.0]);
    let half = looped(100.0, 0.5, layers());
    assert_eq!(sounds(&half, 0..4, |at| at), [0.0, 0.5, 1.0, 1.5]);
    assert_eq!(sounds(&half, 198..202, |at| at), [99.0, 99.5, 0.0, 0.5]);
    let twice = looped(200.0, 2.0, vec![layer(0, 0, 200, [0, 0])]);
    assert_eq!(sounds(&twice, 98..102, |at| at), [196.0, 198.0, 0.0, 2.0]);
}

proptest! {
    #[test]
    fn a_gain_that_is_steady_is_that_of_every_frame(
        playlist in a_playlist(), from in -50..250_i64, frames in 1..120_i64,
        (length, speed, place, own) in (64.0..200.0_f64, prop::sample::select(vec![1.0, -1.0, 2.0, -0.5]), 0..64_u64, 1..64_u64),
        fades in any::<[u8; 2]>().prop_map(|fades| fades.map(|fade| u64::from(fade % 40))),
    ) {
        let repeat = looped(length, speed, vec![layer(200, place, own, fades)]);
        for playlist in [playlist, repeat] {
            for piece in playlist.pieces(from..from + frames, 0) {
                if let Some(gain) = piece.steady_gain(&piece.song) {
                    prop_assert!(piece.song.clone().all(|frame| piece.gain_at(frame) == gain));
                }
            }
        }
    }
}

#[test]
fn what_rings_out_is_what_begins_before_the_end_and_a_loop_to_the_end_of_its_turn() {
    let clips = Playlist::new(vec![clip(0, 0, 10, 100, [0, 0]), clip(1, 0, 60, 10, [0, 0])]);
    assert_eq!(clips.ringing_out(60), Playlist::new(vec![clip(0, 0, 10, 100, [0, 0])]));
    assert_eq!(
        (clips.begins_in(0..200), clips.begins_in(30..200), clips.begins_in(110..200)),
        (Some(10), Some(30), None)
    );
    let repeat = looped(100.0, 1.0, vec![layer(0, 0, 100, [0, 0])]);
    assert_eq!((repeat.end(), repeat.ringing_out(200).end(), repeat.ringing_out(201).end()), (i64::MAX, 200, 300));
    assert_eq!(sounds(&repeat.ringing_out(150), 0..300, |_| 1.0).iter().sum::<f64>(), 200.0);
}
