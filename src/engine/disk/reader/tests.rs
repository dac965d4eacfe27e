//! What becomes of a file's samples on their way to the callback.

use super::{stereo::Stereo, *};
use crate::{
    engine::audio::capture::{Layout, capture},
    engine::audio::streams::{BUDGET_BYTES, STREAM_BLOCKS, Streams, block::BLOCK_BYTES, streams},
    music::{Bpm, LoopRegion},
    session::playlist::Clip,
};
use hound::{SampleFormat, WavSpec, WavWriter};
use proptest::prelude::*;
use std::{
    f64::consts::TAU,
    fs,
    sync::mpsc::{self, Receiver, Sender},
};

fn spec(channels: u16, sample_rate: u32, bits_per_sample: u16, sample_format: SampleFormat) -> WavSpec {
    WavSpec { channels, sample_rate, bits_per_sample, sample_format }
}

fn file<S: hound::Sample>(spec: WavSpec, samples: impl IntoIterator<Item = S>) -> (tempfile::TempDir, Stereo) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("take.wav");
    let mut wav = WavWriter::create(&path, spec).unwrap();
    samples.into_iter().for_each(|sample| wav.write_sample(sample).unwrap());
    wav.finalize().unwrap();
    let (found, stereo) = stereo::open(&folder.path().join("take")).unwrap();
    assert_eq!(found, path, "its name is enough");
    (folder, stereo)
}

/// All that is left of a file, in odd pieces.
fn all(mut read: impl FnMut(&mut [[f32; 2]]) -> Result<usize, String>) -> Vec<[f32; 2]> {
    let (mut frames, mut piece) = (Vec::new(), [[0.0; 2]; 333]);
    loop {
        let count = read(&mut piece).unwrap();
        frames.extend(&piece[..count]);
        if count < piece.len() {
            return frames;
        }
    }
}

#[test]
fn one_channel_is_on_both_sides_and_of_several_they_take_turns() {
    for bits in [8, 16, 24, 32] {
        let quarter = 1_i32 << (bits - 3);
        let (_folder, mut mono) = file(spec(1, 48_000, bits, SampleFormat::Int), [quarter, -quarter]);
        assert_eq!(all(|frames| mono.read(frames)), [[0.25, 0.25], [-0.25, -0.25]], "{bits} bits");
    }
    let (_folder, mut four) = file(spec(4, 48_000, 32, SampleFormat::Float), [0.5_f32, 0.125, 0.25, f32::NAN]);
    assert_eq!(
        all(|frames| four.read(frames)),
        [[0.375, 0.0625]],
        "each side is their mean; a number that is none is silence"
    );
}

#[test]
fn it_begins_where_it_is_told_to_and_not_after_its_end() {
    let (_folder, mut take) = file(spec(1, 8_000, 16, SampleFormat::Int), 0..1_000_i16);
    take.seek(900).unwrap();
    assert_eq!(all(|frames| take.read(frames)).first(), Some(&[900.0 / 32_768.0; 2]));
    take.seek(u64::MAX).unwrap();
    assert!(all(|frames| take.read(frames)).is_empty());
}

/// A wave of this angle a frame, as it is in the frames: its level, where it is in its circle, and the most that anything
/// differs from it.
fn wave_in(frames: &[f64], angle: f64) -> (f64, f64, f64) {
    let part = |of: fn(f64) -> f64| {
        let sum: f64 = frames.iter().enumerate().map(|(i, x)| x * of(i as f64 * angle)).sum();
        2.0 * sum / frames.len() as f64
    };
    let (sine, cosine) = (part(f64::sin), part(f64::cos));
    let (level, place) = (sine.hypot(cosine), cosine.atan2(sine));
    let off = frames.iter().enumerate().map(|(i, x)| (x - level * (i as f64 * angle + place).sin()).abs());
    (level, place, off.fold(0.0, f64::max))
}

#[test]
fn a_take_of_another_rate_keeps_its_pitch_its_level_and_its_length() {
    const PITCH_HZ: f64 = 400.0;
    for rate_hz in [8_000, 22_050, 44_100, 44_101, 88_200, 192_000] {
        let samples = (0..rate_hz).map(|i| (0.5 * (f64::from(i) / f64::from(rate_hz) * PITCH_HZ * TAU).sin()) as f32);
        let (_folder, mut take) = file(spec(1, rate_hz, 32, SampleFormat::Float), samples);
        let mut converter = Converter::new(rate_hz, 48_000).unwrap();
        let frames = all(|frames| converter.read(&mut take, frames));
        assert_eq!(frames.len(), 48_000, "{rate_hz} Hz");
        // The ends ring: there the wave begins and stops at once. Between them are whole periods.
        let middle: Vec<f64> = frames[2_400..45_600].iter().map(|[left, _]| f64::from(*left)).collect();
        let (level, place, off) = wave_in(&middle, PITCH_HZ * TAU / 48_000.0);
        let late_frames = (place / (PITCH_HZ * TAU)).abs() * f64::from(rate_hz);
        assert!((level - 0.5).abs() < 1e-3 && off < 1e-3, "{rate_hz} Hz: level {level}, off {off}");
        assert!(late_frames < 0.51, "{rate_hz} Hz: {late_frames} frames");
    }
}

#[test]
fn a_rate_that_no_sound_has_is_refused_before_memory_is_asked_for() {
    for rate_hz in [0, 1, 3_999, 400_001, u32::MAX] {
        let refused = Converter::new(rate_hz, 48_000).err().unwrap();
        assert!(refused.starts_with(&format!("{rate_hz} Hz cannot be converted to 48000 Hz")), "{refused}");
    }
}

/// A reader without a control, what it is asked through, and the streams it lends to.
fn rig() -> (Worker<DiskReader>, Sender<DiskReaderJob>, Receiver<DiskReaderNews>, Streams) {
    let (streams, _, lending, _) = streams(48_000.0);
    let (_, capture) = capture(&Layout { taps: Vec::new(), left_out: Vec::new(), frames: 1 });
    let (reader, WorkerHandle { jobs, news }) = reader(lending, capture);
    (reader, jobs, news, streams)
}

/// A song of one second that goes round and round, and its file.
fn round_and_round(path: &Path, stream: usize, rate_hz: f64) -> DiskReaderJob {
    let mut plan = Plan::new(Bpm::DEFAULT, rate_hz, false);
    plan.set_loop(Some(LoopRegion::new(0..48).unwrap()), 0);
    plan.roll(0.0, 0);
    let (file, frames) = (Arc::from(path), rate_hz as u64);
    let clip = Clip::of(file, 0, 0, frames);
    let playlist = Arc::new(Playlist::new(vec![clip]));
    DiskReaderJob::Follow { stream, epoch: Epoch(1), playlist, plan: Box::new(plan), from_frame: 0 }
}

#[test]
fn all_streams_at_once_stay_within_the_budget_and_give_everything_back() {
    for rate_hz in [48_000, 192_000] {
        let (folder, _) = file(spec(2, rate_hz, 16, SampleFormat::Int), vec![1_i16; 100]);
        let (mut reader, jobs, news, _streams) = rig();
        for stream in 0..STREAMS {
            jobs.send(round_and_round(&folder.path().join("take.wav"), stream, f64::from(rate_hz))).unwrap();
        }
        reader.step();
        assert_eq!(news.try_recv(), Err(mpsc::TryRecvError::Empty));
        let lent = reader.work.lines.iter().map(|line| line.lent.count()).collect::<Vec<_>>();
        assert!(lent.iter().all(|count| (1..=STREAM_BLOCKS).contains(count)), "{lent:?}");
        assert!(lent.iter().sum::<usize>() * BLOCK_BYTES <= BUDGET_BYTES);
        let ahead_seconds = |count: usize| (count * 2_048) as f64 / f64::from(rate_hz);
        assert!(
            rate_hz > 48_000 || lent.iter().all(|count| ahead_seconds(*count) > 2.0),
            "a disk may stall two seconds"
        );
        for stream in 0..STREAMS {
            jobs.send(DiskReaderJob::Stop { stream }).unwrap();
        }
        reader.step();
        // What is out comes home one day.
        for line in &mut reader.work.lines {
            while line.lent.has_blocks() {
                line.lent.comes_home(Box::new(Block::new(0)));
            }
        }
    }
}

#[test]
fn a_new_epoch_is_read_while_the_old_ones_blocks_are_out() {
    let (folder, _) = file(spec(2, 48_000, 16, SampleFormat::Int), vec![1_i16; 100]);
    let (mut reader, jobs, _news, _streams) = rig();
    let path = folder.path().join("take.wav");
    jobs.send(round_and_round(&path, 1, 48_000.0)).unwrap();
    reader.step();
    let before = reader.work.lines[1].lent.count();
    jobs.send(round_and_round(&path, 1, 48_000.0)).unwrap();
    reader.step();
    assert!(reader.work.lines[1].lent.count() >= before + 4, "enough to begin with");
}

#[test]
fn a_file_that_is_not_there_is_one_sentence_and_the_rest_is_read() {
    let (mut reader, jobs, news, _streams) = rig();
    jobs.send(round_and_round(Path::new("/nowhere/take.wav"), 3, 48_000.0)).unwrap();
    reader.step();
    let silent: Vec<DiskReaderNews> = news.try_iter().collect();
    assert!(
        matches!(&silent[..], [DiskReaderNews::Silent { stream: 3, sentence, .. }] if sentence.contains("nowhere")),
        "{silent:?}"
    );
    assert!(reader.work.lines[3].lent.count() > 40);
}

proptest! {
    #[test]
    fn a_file_that_was_tampered_with_is_read_or_refused(
        kind in prop_oneof![
            (Just(SampleFormat::Int), prop_oneof![Just(8_u16), Just(16), Just(24), Just(32)]),
            (Just(SampleFormat::Float), Just(32_u16)),
        ],
        channels in 1..5_u16,
        changes in prop::collection::vec((0..100_usize, any::<u8>()), 0..6),
        cut in prop::option::of(0..700_usize),
        from in 0..200_u64,
    ) {
        let (folder, _) = match kind {
            (SampleFormat::Float, _) => file(spec(channels, 48_000, 32, SampleFormat::Float), vec![0.5_f32; 120]),
            (of, bits) => file(spec(channels, 48_000, bits, of), vec![100_i8; 120]),
        };
        let path = folder.path().join("take.wav");
        let mut bytes = fs::read(&path).unwrap();
        for (at, byte) in changes {
            if let Some(place) = bytes.get_mut(at) {
                *place = byte;
            }
        }
        bytes.truncate(cut.unwrap_or(usize::MAX));
        fs::write(&path, &bytes).unwrap();
        if let Ok((_, mut take)) = stereo::open(&path)
            && take.seek(from).is_ok()
        {
            let mut frames = [[0.0; 2]; 500];
            if let Ok(count) = take.read(&mut frames) {
                prop_assert!(count as u64 <= take.frames() && take.frames() <= bytes.len() as u64);
                prop_assert!(frames.as_flattened().iter().all(|x| x.is_finite()));
            }
        }
    }
}
