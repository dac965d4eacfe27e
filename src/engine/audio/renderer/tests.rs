//! The callback as a whole: its output equals that of the same pure functions on the same files.

use super::*;
use crate::{
    engine::{
        audio::{
            capture::{Hold, Layout, capture},
            meter::meter,
            streams::{block::Epoch, streams},
        },
        disk::{
            reader::{DiskReaderJob, reader},
            worker::WorkerHandle,
        },
        frame_clock::frame_clock,
        midi::sent::sent_log,
        plan_cell::plan_cell,
    },
    music::{Bpm, LoopRegion, Plan},
    session::playlist::{Clip, Playlist},
};
use busker_sound::mixer::StripLevels;
use hound::{SampleFormat, WavSpec, WavWriter};
use std::{collections::HashMap, path::Path, process::Command};

const RATE_HZ: f64 = 48_000.0;
/// Blocks of a device, odd ones among them.
const BLOCKS: [usize; 5] = [256, 97, 1_024, 1, 128];

fn noise(file: usize, frame: usize) -> [f32; 2] {
    let random = |seed: usize| (seed.wrapping_mul(2_654_435_761) >> 7 & 0xFFFF) as f32 / 65_536.0 - 0.5;
    [random(file * 7_919 + frame), random(file * 104_729 + frame + 13)]
}

/// Files of noise, as they are in memory too.
fn files(folder: &Path) -> HashMap<Arc<Path>, Vec<[f32; 2]>> {
    let spec = WavSpec { channels: 2, sample_rate: 48_000, bits_per_sample: 32, sample_format: SampleFormat::Float };
    let file = |i: usize| {
        let path = folder.join(format!("{i}.wav"));
        let samples: Vec<[f32; 2]> = (0..40_000).map(|frame| noise(i, frame)).collect();
        let mut wav = WavWriter::create(&path, spec).unwrap();
        samples.as_flattened().iter().for_each(|sample| wav.write_sample(*sample).unwrap());
        wav.finalize().unwrap();
        (Arc::from(path), samples)
    };
    (0..3).map(file).collect()
}

/// A track: its clips crossfade, and there is a hole between them.
fn playlist(files: &HashMap<Arc<Path>, Vec<[f32; 2]>>, place: i64) -> Arc<Playlist> {
    let mut names: Vec<_> = files.keys().cloned().collect();
    names.sort();
    let clip = |i: usize, file_frame, place, frames, fade_in, fade_out| Clip {
        fade_in,
        fade_out,
        ..Clip::of(Arc::clone(&names[i]), file_frame, place, frames)
    };
    Arc::new(Playlist::new(vec![
        clip(0, 100, place, 12_000, 0, 0),
        clip(1, 0, place + 9_000, 10_000, 3_000, 500),
        clip(2, 3_333, place + 25_000, 20_000, 1, 4_000),
    ]))
}

/// A mix of the tracks along a plan, made without threads, as an export makes it.
fn mixed(
    tracks: &[Arc<Playlist>],
    files: &HashMap<Arc<Path>, Vec<[f32; 2]>>,
    plan: &Plan,
    levels: &MixLevels,
    frames: usize,
) -> [Vec<f32>; 2] {
    let mut mixer = Mixer::new(&MixLevels::default());
    mixer.set(levels);
    let (mut mix, mut frame) = ([Vec::new(), Vec::new()], 0);
    for block in BLOCKS.into_iter().cycle() {
        if frame >= frames as i64 {
            return mix;
        }
        let [mut left, mut right] = [vec![0.0; block], vec![0.0; block]];
        mixer.add_strips(1..STREAMS, [&mut left, &mut right], |strip, [left, right]| {
            let Some(track) = tracks.get(strip - 1) else { return false };
            left.fill(0.0);
            right.fill(0.0);
            for part in plan.passes(frame..frame + block as i64) {
                let song_frame = plan.song_time_at(part.frames.start).unwrap().song_frame;
                let (at, length) = (part.frames.start - frame, part.frames.end - part.frames.start);
                for piece in track.pieces(song_frame..song_frame + length, part.pass) {
                    for (i, in_song) in piece.song.clone().enumerate() {
                        let Some(sample) = files[piece.file()].get(piece.file_frame() as usize + i) else { continue };
                        let (to, gain) = ((at + in_song - song_frame) as usize, piece.gain_at(in_song));
                        left[to] += sample[0] * gain;
                        right[to] += sample[1] * gain;
                    }
                }
            }
            true
        });
        mixer.master([&mut left, &mut right]);
        mix[0].extend(left);
        mix[1].extend(right);
        frame += block as i64;
    }
    mix
}

#[test]
fn the_output_of_tracks_equals_that_of_an_export_to_the_bit() {
    let folder = tempfile::tempdir().unwrap();
    let files = files(folder.path());
    let mut plan = Plan::new(Bpm::DEFAULT, RATE_HZ, true);
    plan.set_loop(Some(LoopRegion::new(12..48).unwrap()), 0);
    plan.roll(0.0, 700);
    // None of them is in the middle of a clip where the song begins: there the callback spreads the step.
    let tracks: Vec<Arc<Playlist>> = [0, 5_000, 2_000].map(|place| playlist(&files, place)).into();

    let (streams, streams_handle, lending, counters) = streams(RATE_HZ);
    let hold = Hold { seconds: 1.0, memory_bytes: 1e6, sample_rate_hz: RATE_HZ };
    let (capture_feed, capture) = capture(&Layout::new(&[], [], hold));
    let (frame_feed, _frames) = frame_clock(RATE_HZ);
    let (log, _sent) = sent_log();
    let (_plan_writer, plan_reader) = plan_cell(plan);
    let (mut renderer, mut handle) = Renderer::new(RendererParts {
        sample_rate_hz: RATE_HZ,
        device_inputs: 0,
        sources: Vec::new(),
        input_meters: Vec::new(),
        track_meters: Vec::new(),
        output_meters: [meter(RATE_HZ).0, meter(RATE_HZ).0],
        monitor_gain: 1.0,
        capture: capture_feed,
        streams,
        streams_handle,
        ports: Vec::new(),
        inlets: Vec::new(),
        built_in: None,
        plan: plan_reader,
        frame_clock: frame_feed,
        message_delay_frames: Arc::default(),
        log,
    });
    let (mut reader, WorkerHandle { jobs, news }) = reader(lending, capture);
    let mut levels = MixLevels { master: 0.7, ..MixLevels::default() };
    for (i, track) in tracks.iter().enumerate() {
        let (stream, epoch) = (i + 1, Epoch(1));
        levels.strips[stream] = StripLevels { gain: 0.5 + 0.25 * i as f32, pan: 0.4 * i as f32 - 0.4, mute: false };
        let (playlist, plan) = (Arc::clone(track), Box::new(plan));
        jobs.send(DiskReaderJob::Follow { stream, epoch, playlist, plan, from_frame: 0 }).unwrap();
        handle.streams.play(stream, epoch);
    }
    handle.mixer.change(|now| *now = levels);

    let want = mixed(&tracks, &files, &plan, &levels, 300_000);
    let mut heard = 0;
    for block in BLOCKS.into_iter().cycle() {
        if heard >= want[0].len() {
            break;
        }
        reader.step();
        renderer.process(block, BlockTime::Virtual);
        for (side, want) in want.iter().enumerate() {
            for (i, (out, want)) in renderer.output(side).iter().zip(&want[heard..heard + block]).enumerate() {
                assert_eq!(out.to_bits(), want.to_bits(), "side {side}, frame {}", heard + i);
            }
        }
        heard += block;
    }
    assert!(want[0].iter().any(|x| x.abs() > 0.1));
    assert_eq!((counters.underruns.load(Ordering::Relaxed), news.try_recv().is_err()), (0, true));
}

/// Run by the test below, in a process of its own.
#[test]
#[ignore = "ends the process"]
fn an_allocation() {
    no_alloc(|| drop(std::hint::black_box(Vec::<u8>::with_capacity(100))));
}

#[test]
fn an_allocation_in_the_callback_ends_the_test() {
    let name = "engine::audio::renderer::tests::an_allocation";
    let status = Command::new(std::env::current_exe().unwrap()).args(["--ignored", "--exact", name]).output().unwrap();
    assert_eq!(status.status.success(), !cfg!(feature = "rt-check"), "{status:?}");
}
