//! Recordings that are killed at random moments.
//!
//! The law: a killed take, before it is repaired, misses at most a second of the audio that the callback received.
//! Three counts of frames show it.
//!
//! - The frames of the header, as hound and sox read them.
//! - The frames in the file. The writer may be ahead of the header by the audio between two updates of it, on any
//!   machine: less than a second.
//! - The frames that the callback received since the event of the take: the simulated device runs by the clock, so it
//!   is the time. (The pre-roll is additional and not required.) If the machine delays the writer, that counts as
//!   missing, too; so a thread beside it does the same work, and its delay is allowed.
//!
//! The same with a device that counts its frames is in `jack/takes.rs`.

use super::{RATE_HZ, frames, program::busker};
use busker::wav::Wav;
use std::{
    fs::File,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, Stdio},
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

const KILLS: usize = 20;
const AT_ONCE: usize = 4;
const SEED: u64 = 0x6275_736B_6572;
/// The interval at which the writer reads the buffer.
const LOOK: Duration = Duration::from_millis(100);
/// Bytes that it writes then, of two channels with 24 bits.
const LOOK_BYTES: usize = 28_800;

/// Times from 0.3 to 3 s, the same for the same seed.
fn moments() -> Vec<Duration> {
    let mut state = SEED;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    (0..KILLS).map(|_| Duration::from_millis(300 + next() % 2_700)).collect()
}

/// A process that is killed when the test ends in any way.
struct Killed(Child);

impl Killed {
    fn now(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Waits and writes as the writer does, and records its delays.
struct Witness {
    late: Mutex<Vec<(Instant, Duration)>>,
    is_over: AtomicBool,
}

impl Witness {
    fn watch(&self, path: &Path) {
        let mut file = File::create(path).unwrap();
        while !self.is_over.load(Ordering::Relaxed) {
            let begun = Instant::now();
            thread::sleep(LOOK);
            file.write_all(&[0; LOOK_BYTES]).unwrap();
            file.sync_data().unwrap();
            self.late.lock().unwrap().push((begun, begun.elapsed() - LOOK));
        }
    }

    /// The longest delay since an instant, in frames.
    fn late_frames(&self, from: Instant) -> u64 {
        let late = self.late.lock().unwrap();
        let longest = late.iter().filter(|(begun, late)| *begun + LOOK + *late >= from).map(|(_, late)| *late).max();
        frames_of(longest.unwrap_or_default())
    }
}

fn frames_of(time: Duration) -> u64 {
    (time.as_secs_f64() * RATE_HZ as f64) as u64
}

/// Kills a recording so long after the event of its take; returns the frames that the callback received meanwhile.
fn kill_after(home: &Path, name: &str, moment: Duration) -> u64 {
    let args = ["record", "--demo", "--seconds", "30", "--out", name];
    let mut recording = Killed(busker(home, &args).stderr(Stdio::piped()).spawn().unwrap());
    let mut lines = BufReader::new(recording.0.stderr.take().unwrap()).lines();
    lines.by_ref().map(Result::unwrap).find(|line| line.contains("recording to")).expect("a take begins");
    let begun = Instant::now();
    thread::sleep(moment);
    let given = frames_of(begun.elapsed());
    recording.now();
    given
}

/// Kills a recording, checks its file, and repairs it. Returns a report.
fn killed_and_repaired(home: &Path, at: usize, moment: Duration, witness: &Witness) -> String {
    let name = format!("jam{at}.wav");
    let path = home.join(&name);
    let begun = Instant::now();
    let given = kill_after(home, &name, moment);
    let told = frames(&path);
    let in_file = Wav::read(&mut File::open(&path).unwrap()).unwrap().frames().unwrap();
    assert!(told + RATE_HZ > in_file, "{name}: the header has {told} of {in_file} frames");
    // The writer's next turn is over before its delay is read.
    thread::sleep(LOOK);
    let allowed = RATE_HZ + witness.late_frames(begun);
    let line = format!("{name} killed after {given} frames: {in_file} in the file, {told} told, {allowed} allowed");
    assert!(told + allowed >= given, "{line}");
    let repaired = busker(home, &["takes", "repair", &name]).output().unwrap();
    assert!(repaired.status.success(), "{repaired:?}");
    assert_eq!(frames(&path), in_file, "{name} after the repair");
    line
}

#[test]
fn a_killed_recording_opens_misses_at_most_a_second_and_is_repaired() {
    let (home, moments) = (tempfile::tempdir().unwrap(), moments());
    println!("seed {SEED:#x}");
    let witness = Witness { late: Mutex::default(), is_over: AtomicBool::new(false) };
    thread::scope(|scope| {
        scope.spawn(|| witness.watch(&home.path().join("witness")));
        let kills: Vec<_> = (0..AT_ONCE)
            .map(|first| {
                let (home, witness, moments) = (home.path(), &witness, &moments);
                scope.spawn(move || {
                    for at in (first..KILLS).step_by(AT_ONCE) {
                        println!("{}", killed_and_repaired(home, at, moments[at], witness));
                    }
                })
            })
            .collect();
        let ended: Vec<_> = kills.into_iter().map(|kills| kills.join()).collect();
        witness.is_over.store(true, Ordering::Relaxed);
        assert!(ended.iter().all(Result::is_ok), "a kill failed");
    });
}
