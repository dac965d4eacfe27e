//! Takes of a counter: each frame of the server has its number as its sample, so missing, doubled or late frames are
//! visible. The station in this process, and the program itself.

use super::{
    alone::alone,
    probe::Probe,
    program::busker,
    server::{PERIOD, Server, Tool, wait_for},
    sound::{Gap, gaps_in_ramp, read, unbroken_ramp},
    station::Stage,
    within::within,
};
use busker::{
    status::Event,
    wav::{Notes, Wav},
};
use std::{
    env,
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};
use tempfile::TempDir;

const RATE_HZ: i64 = 48_000;
/// Long periods: this machine may be busy for a while without an interruption of the server.
const LONG_PERIOD: &str = "4096";

/// A server, and a client that plays the counter.
fn counter() -> (Server, Probe) {
    let server = Server::start();
    Tool::finish("jack_bufsize", &[LONG_PERIOD]);
    (server, Probe::open())
}

fn connect(probe: &Probe) {
    for n in 1..=2 {
        probe.connect(&format!("probe:ramp_{n}"), &format!("busker:in_{n}"));
    }
}

const SPLIT_SECONDS: usize = 5;
const MINUTE_SECONDS: f64 = 60.0;

/// The closed files of a take, until one is shorter than those before: the last.
fn files_of_the_take(stage: &Stage) -> Vec<PathBuf> {
    let mut files = Vec::new();
    wait_for("the last file", || {
        let finished = stage.events.try_iter().filter_map(|event| match event {
            Event::TakeFinished { path, frames, gap_frames } => Some((path, frames, gap_frames)),
            _ => None,
        });
        files.extend(finished);
        files.last().is_some_and(|(_, frames, _)| *frames < SPLIT_SECONDS as u64 * RATE_HZ as u64)
    });
    assert!(files.iter().all(|(.., gap_frames)| *gap_frames == 0), "{files:?}");
    files.into_iter().map(|(path, ..)| path).collect()
}

#[test]
fn files_that_are_split_for_a_minute_are_one_counter() {
    alone("takes::files_that_are_split_for_a_minute_are_one_counter", || {
        let (_server, probe) = counter();
        let stage = Stage::with_ports(&[""]);
        connect(&probe);
        stage.ask(&format!("record.set split {SPLIT_SECONDS}s"));
        let frames = probe.undisturbed(|| {
            stage.ask("record.start counter");
            // Waits are bounded; each of these is far below its bound.
            for part in 1..=6 {
                stage.record_seconds(MINUTE_SECONDS / 6.0 * f64::from(part));
            }
            stage.ask("record.stop");
            let parts: Vec<Vec<Vec<i32>>> = files_of_the_take(&stage).iter().map(|path| read(path)).collect();
            let (last, full) = parts.split_last().unwrap();
            assert!(full.iter().all(|part| part[0].len() == SPLIT_SECONDS * RATE_HZ as usize));
            assert!(last[0].len() < SPLIT_SECONDS * RATE_HZ as usize);
            let joined = |channel: usize| parts.iter().flat_map(|part| part[channel].clone()).collect::<Vec<i32>>();
            let (left, right) = (joined(0), joined(1));
            unbroken_ramp(&left, 1)?;
            unbroken_ramp(&right, -1)?;
            assert_eq!(left[0], -right[0]);
            Ok((left.len(), parts.len()))
        });
        println!("measured: {} frames in {} files, each one more than the one before", frames.0, frames.1);
        assert!(frames.0 as f64 >= MINUTE_SECONDS * RATE_HZ as f64, "{frames:?}");
    });
}

/// The program, recording the counter. Dropping it kills it.
struct Recording {
    program: Child,
    home: TempDir,
}

impl Recording {
    /// Starts recording; `around` is the command prefix that runs the program.
    fn start(probe: &Probe, around: &[&str], settings: &str) -> Recording {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir_all(home.path().join("config/busker")).unwrap();
        fs::write(home.path().join("config/busker/config.yaml"), settings).unwrap();
        let args = ["record", "--device", "jack", "--input", "1-2", "--out", "jam.wav"];
        let mut command = busker(home.path(), &args);
        command.env("JACK_DEFAULT_SERVER", env::var("JACK_DEFAULT_SERVER").unwrap());
        let mut command = if around.is_empty() { command } else { within(around, &command) };
        let said = home.path().join("said");
        let command = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(File::create(&said).unwrap());
        let program = command.spawn();
        let program = program.unwrap_or_else(|error| panic!("{command:?}: {error}; `make test` installs strace"));
        let mut recording = Recording { program, home };
        wait_for("the take", || {
            let ended = recording.program.try_wait().unwrap();
            assert!(ended.is_none(), "{ended:?}: {}", fs::read_to_string(&said).unwrap());
            recording.path().exists()
        });
        connect(probe);
        recording
    }

    fn path(&self) -> PathBuf {
        self.home.path().join("jam.wav")
    }

    fn bytes(&self) -> u64 {
        fs::metadata(self.path()).unwrap().len()
    }

    /// Ends it by a signal, in order.
    fn stop(mut self) -> TempDir {
        let told = Command::new("kill").args(["-INT", &self.program.id().to_string()]).status().unwrap();
        assert!(told.success());
        wait_for("the end", || self.program.try_wait().unwrap().is_some());
        let home = TempDir::new().unwrap();
        std::mem::replace(&mut self.home, home)
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

/// The command prefix that makes the recorder wait so many seconds for its disk, the third time it writes audio. The
/// program is a child of the test, not of strace.
fn with_a_disk_that_stalls(seconds: u64) -> Vec<String> {
    let stall = format!("inject=fdatasync:delay_enter={seconds}s:when=3");
    let words = ["strace", "-D", "-f", "--seccomp-bpf", "-o", "/dev/null", "-e", "trace=fdatasync", "-e", &stall];
    words.map(str::to_owned).to_vec()
}

/// The longest range of frames in which the file did not grow, watched until it grew for two seconds after one of
/// `least` frames.
fn longest_stall(probe: &Probe, recording: &Recording, least: i64) -> i64 {
    let (mut longest, mut bytes, mut since) = (0, 0, probe.played());
    let mut over = None;
    while over.is_none_or(|over| probe.played() < over + 2 * RATE_HZ) {
        let (now, there) = (probe.played(), recording.bytes());
        if there == bytes {
            longest = longest.max(now - since);
        } else {
            (bytes, since) = (there, now);
            if longest >= least {
                over.get_or_insert(now);
            }
        }
        thread::sleep(Duration::from_millis(20));
    }
    longest
}

struct Kept {
    /// The missing frames, which are silence.
    gaps: Vec<Gap>,
    /// The marks with the label of a gap, in frames, with the frames that the label gives.
    marked: Vec<(u64, u64)>,
    stall_frames: i64,
}

/// Records with a disk that stalls once, with the smallest buffer: six seconds.
fn stalled(probe: &Probe, seconds: u64) -> Result<Kept, String> {
    let around = with_a_disk_that_stalls(seconds);
    let around: Vec<&str> = around.iter().map(String::as_str).collect();
    let recording = Recording::start(probe, &around, "record: { capture: 0, capture_memory: 8 }\n");
    let stall_frames = longest_stall(probe, &recording, (seconds as i64 - 1) * RATE_HZ);
    let home = recording.stop();
    let path = home.path().join("jam.wav");
    let channels = read(&path);
    let gaps = gaps_in_ramp(&channels[0], 1)?;
    assert_eq!(gaps, gaps_in_ramp(&channels[1], -1)?);
    Ok(Kept { gaps, marked: marked(&path), stall_frames })
}

fn marked(path: &Path) -> Vec<(u64, u64)> {
    let mut file = File::open(path).unwrap();
    let wav = Wav::read(&mut file).unwrap();
    let marks = Notes::read(&mut file, &wav).unwrap().marks;
    let frames = |label: &str| label.strip_prefix("gap ")?.strip_suffix(" frames")?.parse().ok();
    marks.iter().filter_map(|mark| Some((mark.frame, frames(&mark.label)?))).collect()
}

#[test]
fn a_disk_that_stalls_for_three_seconds_costs_nothing() {
    alone("takes::a_disk_that_stalls_for_three_seconds_costs_nothing", || {
        let (_server, probe) = counter();
        let kept = probe.undisturbed(|| stalled(&probe, 3));
        println!("measured: nothing lost where the disk stood still for {} frames", kept.stall_frames);
        assert_eq!((kept.gaps, kept.marked), (vec![], vec![]));
    });
}

#[test]
fn a_disk_that_stalls_for_ten_seconds_leaves_one_exact_gap_that_is_marked() {
    alone("takes::a_disk_that_stalls_for_ten_seconds_leaves_one_exact_gap_that_is_marked", || {
        let (_server, probe) = counter();
        let kept = probe.undisturbed(|| stalled(&probe, 10));
        let [Gap { at, frames }] = kept.gaps[..] else { panic!("{:?}", kept.gaps) };
        println!("measured: {frames} frames of a stall of {} are silence, from {at} on", kept.stall_frames);
        assert_eq!(kept.marked, [(at as u64, frames as u64)]);
        // All audio of the buffer is there, except for the part that makes room: the exact frames are tested with the
        // writer.
        assert!(frames as i64 <= kept.stall_frames - 4 * RATE_HZ, "{frames} of {}", kept.stall_frames);
    });
}

const KILLS: u64 = 8;

#[test]
fn a_recording_that_is_killed_misses_at_most_a_second_of_the_counter() {
    alone("takes::a_recording_that_is_killed_misses_at_most_a_second_of_the_counter", || {
        let (_server, probe) = (Server::start(), Probe::open());
        for kill in 1..=KILLS {
            let missing = probe.undisturbed(|| {
                let mut recording = Recording::start(&probe, &[], "");
                thread::sleep(Duration::from_millis(1_000 + 137 * kill));
                let given = probe.played();
                recording.program.kill().unwrap();
                recording.program.wait().unwrap();
                let left = &read(&recording.path())[0];
                assert_eq!(gaps_in_ramp(left, 1)?, []);
                let missing = given - i64::from(left.last().copied().unwrap_or_default());
                if missing <= RATE_HZ { Ok(missing) } else { Err(format!("{missing} of {given} frames")) }
            });
            println!("measured: {missing} frames missing");
            assert!(missing > -2 * i64::from(PERIOD), "the counter of the take is ahead by {missing}");
        }
    });
}
