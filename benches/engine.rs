//! Measures a block, a thousand controllers through the scheduler, and the engine in virtual time.
//!
//! `cargo bench -p busker-benches --bench engine` prints the distribution of the callback before criterion's own
//! figures: its limit is at the 99th percentile, which criterion does not report.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "what fails here fails the test"
)]

use std::sync::Arc;

use busker::{
    command::Command,
    engine::{
        assembly::{Assembly, Time, assemble},
        audio::renderer::BlockTime,
        config::EngineConfig,
        control::Moment,
        frame_clock::FrameTime,
        host::DeviceSpec,
        midi::{
            port::{MidiOut, SendFailed},
            scheduler::{SPACING_NS, Scheduler, SchedulerPort, SendRequest, What},
            sent::{PortIndex, SentReader, sent_log},
        },
        offline::{Offline, built_in_port},
        station::Guest,
    },
    midi::{Channel, Message, Wire},
    music::Note,
    profile::{Halves, Target},
    synth::Synth,
    wav::{Depth, Info, WavFile, WavShape},
};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use std::{
    hint::black_box,
    path::Path,
    time::{Duration, Instant},
};

fn config(folder: &Path) -> EngineConfig {
    EngineConfig::built_in(folder).expect("the built-in profile")
}

fn spec(block_frames: u32) -> DeviceSpec {
    DeviceSpec {
        host: "sim",
        id: "sim".to_owned(),
        name: "bench".to_owned(),
        sample_rate_hz: 48_000,
        block_frames,
        inputs: 0,
        latency_frames: 0,
    }
}

/// The patch with the highest load: every effect, with the click.
const PATCH: [&str; 8] = [
    "record.start bench",
    "click.on on",
    "transport.play",
    "param.set mod_type ensemble",
    "param.set delay_type stereo",
    "param.set reverb_type hall",
    "param.set filter_resonance 0.7",
    "note.on C3 100",
];

/// An engine that plays and records with everything on: the callback, and the work of the other threads.
struct Busy {
    engine: Assembly,
    block_frames: usize,
    frame: i64,
}

impl Busy {
    fn new(folder: &Path, block_frames: u32) -> Busy {
        let ports = vec![built_in_port()];
        let engine = assemble(&config(folder), &spec(block_frames), ports, Time::Virtual).expect("inputs");
        let mut busy = Busy { engine, block_frames: block_frames as usize, frame: 0 };
        for line in PATCH {
            let command: Command = line.parse().expect("a command");
            let now = busy.now();
            busy.engine.control.obey(&command, Guest::NOBODY, now).now().expect("obeyed");
        }
        busy
    }

    fn now(&self) -> Moment {
        let ns = self.frame as u64 * 1_000_000_000 / 48_000;
        let heard = FrameTime { frame: self.frame, ns: ns as f64, ns_per_frame: 1e9 / 48_000.0 };
        Moment { ns, heard_frame: self.frame, open_frame: self.frame, heard, rendered: heard }
    }

    /// The other threads' work.
    fn beside(&mut self) {
        let now = self.now();
        self.engine.midi.scheduler.step(&|| now.ns);
        self.engine.disk.step(true);
        self.engine.control.listen(now);
    }

    /// The callback.
    fn block(&mut self) {
        self.engine.renderer.process(self.block_frames, BlockTime::Virtual);
        self.frame += self.block_frames as i64;
    }
}

/// Tracks that play a file each.
const TRACKS: usize = 32;
/// As long as the song of 20 000 blocks of 256 frames, in seconds.
const TRACK_SECONDS: usize = 110;

/// An engine that plays 32 tracks from the disk and records two of them.
fn playing(folder: &Path, block_frames: u32) -> Busy {
    let ports = vec![built_in_port()];
    let engine = assemble(&config(folder), &spec(block_frames), ports, Time::Virtual).expect("inputs");
    let mut busy = Busy { engine, block_frames: block_frames as usize, frame: 0 };
    let jam = folder.join(format!("jam {block_frames}"));
    std::fs::create_dir_all(&jam).expect("a folder");
    let shape = WavShape { channels: 2, sample_rate_hz: 48_000, depth: Depth::Int24 };
    // All of them play the same file, each from the disk.
    let path = jam.join("in.wav");
    let mut wav = WavFile::create(std::fs::File::create(&path).expect("a file"), shape, None).expect("a file");
    for second in 0..TRACK_SECONDS {
        let bytes: Vec<u8> = (0..48_000 * 6).map(|i| if i % 3 == 2 { 0 } else { (i + second) as u8 }).collect();
        wav.write(&bytes).expect("room");
    }
    wav.finish(&[], &Info::default()).1.expect("room");
    let frames = TRACK_SECONDS * 48_000;
    let mut session = "tracks:\n".to_owned();
    for n in 1..=TRACKS {
        session += &format!("  - id: {n}\n    name: track {n}\n    clips:\n");
        session += &format!("      - {{ file: {}, at_pulse: 0, frames: {frames} }}\n", path.display());
    }
    std::fs::write(jam.join("session.yaml"), session).expect("room");
    for line in [
        format!("session.open {}", jam.display()).as_str(),
        "track.arm 1 on",
        "track.arm 2 on",
        "track.gain 3 -3",
        "track.pan 4 0.5",
        "limiter.on on",
        "transport.play",
        "track.record on",
    ] {
        let command: Command = line.parse().expect("a command");
        let now = busy.now();
        busy.engine.control.obey(&command, Guest::NOBODY, now).now().expect(line);
        busy.beside();
        busy.block();
        busy.beside();
    }
    busy
}

fn percentiles() {
    println!("callback, stereo, 32 tracks playing and two of them recording (48 kHz; 20 000 blocks each):");
    println!("  frames     p50 us     p99 us   max us   p99 of the period");
    for block_frames in [64, 128, 256] {
        let folder = tempfile::tempdir().expect("a folder");
        print_percentiles(&mut playing(folder.path(), block_frames));
    }
    println!("callback, stereo, synth with every effect, click, recording (48 kHz; 20 000 blocks each):");
    println!("  frames     p50 us     p99 us   max us   p99 of the period");
    let folder = tempfile::tempdir().expect("a folder");
    for block_frames in [64, 128, 256] {
        print_percentiles(&mut Busy::new(folder.path(), block_frames));
    }
}

fn print_percentiles(busy: &mut Busy) {
    let mut times: Vec<Duration> = (0..20_000)
        .map(|_| {
            busy.beside();
            let begun = Instant::now();
            busy.block();
            begun.elapsed()
        })
        .collect();
    times.sort();
    let micros = |at: f64| times[((times.len() - 1) as f64 * at) as usize].as_secs_f64() * 1e6;
    let block_frames = busy.block_frames;
    let period = block_frames as f64 / 48_000.0 * 1e6;
    let (p50, p99, max) = (micros(0.5), micros(0.99), micros(1.0));
    println!("  {block_frames:>6} {p50:>10.1} {p99:>10.1} {max:>8.1}   {:.2} %", p99 / period * 100.0);
}

fn callback(c: &mut Criterion) {
    percentiles();
    let folder = tempfile::tempdir().expect("a folder");
    let mut group = c.benchmark_group("callback");
    for block_frames in [64, 128, 256] {
        group.throughput(Throughput::Elements(u64::from(block_frames)));
        let mut busy = Busy::new(folder.path(), block_frames);
        group.bench_function(format!("{block_frames} frames"), |b| {
            b.iter_custom(|blocks| {
                let mut spent = Duration::ZERO;
                for _ in 0..blocks {
                    busy.beside();
                    let begun = Instant::now();
                    busy.block();
                    spent += begun.elapsed();
                }
                spent
            });
        });
    }
    group.finish();
}

/// The built-in synth alone, per block of 128 frames.
fn built_in_synth(c: &mut Criterion) {
    const EVERYTHING: [(u8, u8); 7] = [(42, 18), (45, 30), (88, 28), (89, 45), (90, 77), (26, 80), (20, 60)];
    let mut group = c.benchmark_group("synth, 128 frames");
    for (name, controls, plays) in
        [("asleep", &[][..], false), ("a note", &[], true), ("a note, every effect", &EVERYTHING, true)]
    {
        let mut synth = Synth::new(48_000.0);
        controls.iter().for_each(|(controller, value)| synth.midi(&[0xB0, *controller, *value]));
        if plays {
            synth.midi(&[0x90, 50, 100]);
        }
        let (mut left, mut right) = ([0.0; 128], [0.0; 128]);
        group.bench_function(name, |b| b.iter(|| synth.render(black_box(&mut left), black_box(&mut right))));
    }
    group.finish();
}

struct Nowhere;

impl MidiOut for Nowhere {
    fn send(&mut self, _: u64, bytes: &[u8]) -> Result<(), SendFailed> {
        black_box(bytes);
        Ok(())
    }
}

fn scheduler(wire: Wire) -> (Scheduler, SentReader) {
    let (log, reader) = sent_log();
    let port = SchedulerPort { out: Box::new(Nowhere), panel: Arc::default(), wire };
    (Scheduler::new(vec![port], log, None), reader)
}

/// A storm: 10 000 controller changes a second over 50 knobs for ten virtual seconds, and a note every 50 ms.
fn storm() {
    println!("10 s of 10 000 controller changes a second over 50 knobs, with notes:");
    for (name, wire) in [("memory", Wire::UNLIMITED), ("USB", Wire::USB), ("DIN", Wire::DIN)] {
        let (mut scheduler, mut reader) = scheduler(wire);
        let (mut sent, mut asked) = (0_u64, 0_u64);
        let begun = Instant::now();
        for i in 0..100_000_u64 {
            let now_ns = i * 100_000;
            while let Some(due_ns) = scheduler.next_due_ns()
                && due_ns < now_ns
            {
                scheduler.step(&|| due_ns);
            }
            let (target, value) = (Target::Cc((i % 50) as u8), (i / 50 % 128) as u16);
            let channel = Channel::FIRST;
            let halves = Halves::default();
            let what = What::Control { channel, target, halves, value, spacing_ns: SPACING_NS, glide_ns: 0 };
            scheduler.submit(now_ns, SendRequest { port: PortIndex(0), due_ns: now_ns, what });
            if let Some(note) = Note::new((i / 500 % 128) as u8).filter(|_| i % 500 == 0) {
                let (on, off) = (Message::note_on(Channel::FIRST, note, 100), Message::note_off(Channel::FIRST, note));
                for (due_ns, message) in [(now_ns, on), (now_ns + 40_000_000, off)] {
                    scheduler.submit(now_ns, SendRequest { port: PortIndex(0), due_ns, what: What::Message(message) });
                    asked += 1;
                }
            }
            asked += 1;
            sent += std::iter::from_fn(|| reader.pop()).count() as u64;
        }
        let spent = begun.elapsed().as_nanos() as u64;
        println!("  {name:>6}: {asked} asked, {sent} sent, {} ns for each that was asked", spent / asked);
    }
}

fn controllers(c: &mut Criterion) {
    storm();
    let mut group = c.benchmark_group("scheduler");
    group.throughput(Throughput::Elements(1000));
    group.bench_function("1000 controller changes", |b| {
        b.iter_batched_ref(
            || scheduler(Wire::UNLIMITED),
            |(scheduler, _)| {
                for i in 0..1000_u16 {
                    let (channel, target, value) = (Channel::FIRST, Target::Cc((i % 37) as u8), i % 128);
                    let halves = Halves::default();
                    let what = What::Control { channel, target, halves, value, spacing_ns: SPACING_NS, glide_ns: 0 };
                    let now_ns = u64::from(i) * 100_000;
                    scheduler.submit(now_ns, SendRequest { port: PortIndex(0), due_ns: 0, what });
                    scheduler.step(&|| now_ns);
                }
            },
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

fn virtual_time(c: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut group = c.benchmark_group("virtual time");
    group.sample_size(10);
    group.bench_function("10 s of playing and recording", |b| {
        b.iter(|| {
            let mut offline = Offline::new(&config(folder.path())).expect("inputs");
            for line in PATCH {
                offline.ask(&line.parse().expect("a command")).expect("obeyed");
            }
            offline.run_to(480_000);
            offline.finish();
        });
    });
    group.finish();
}

criterion_group!(benches, callback, built_in_synth, controllers, virtual_time);
criterion_main!(benches);
