//! Laws of a playlist: what lies under a frame of the song does not depend on how it is asked for.

use super::*;
use proptest::prelude::*;

fn clip(file: usize, file_frame: u64, place: i64, frames: u64, fades: [u64; 2]) -> Clip {
    let file: Arc<Path> = Arc::from(Path::new(["a", "b", "c", "d"][file % 4]));
    Clip { file, file_frame, place, frames, fade_in: fades[0], fade_out: fades[1] }
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
    for piece in playlist.pieces(stretch.clone()) {
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
            let is_fading = |clip: &&&Clip| clip.gain_at(frame) < 1.0;
            // The uppermost that does not fade ends what is heard; what fades over it takes from it what it gives itself.
            let fading = under.iter().rev().take_while(is_fading).count();
            prop_assert_eq!(heard.len(), (fading + 1).min(under.len()));
            if fading < under.len() {
                prop_assert!((sum - 1.0).abs() < 1e-5, "{} at {}", sum, frame);
            }
            let (file, file_frame, _) = &heard[0];
            prop_assert_eq!((file, *file_frame), (&top.file, top.file_frame + (frame - top.place) as u64));
        }
    }

    #[test]
    fn a_fade_has_no_step_and_ends_at_unity(frames in 1..200_u64, fade_in in 0..100_u64, fade_out in 0..100_u64) {
        let clip = clip(0, 0, 0, frames, [fade_in, fade_out]);
        let gains: Vec<f32> = (0..frames as i64).map(|frame| clip.gain_at(frame)).collect();
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
