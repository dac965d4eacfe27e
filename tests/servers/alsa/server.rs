//! A jackd of the test's own, and programs around it. Everything is ended by its own process id.

use crate::turn::Turn;
use hound::{SampleFormat, WavSpec, WavWriter};
use rustix::process::{Pid, Signal, kill_process};
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// Set in the process that runs a test.
const STAGED: &str = "BUSKER_STAGED_TEST";
const FOLDER: &str = "BUSKER_STAGED_FOLDER";
const SERVER_PID: &str = "BUSKER_STAGED_SERVER";
/// Frames in the server's period: long, for busy machines.
const PERIOD: &str = "1024";
const PROGRAMS: [&str; 6] = ["jackd", "jack_wait", "jack_capture", "jack_lsp", "jack_connect", "aplay"];

/// ALSA's default device is the server; a second one is its input.
const ASOUND: &str = r#"
pcm_type.jack { lib "libasound_module_pcm_jack.so" }
pcm.station {
    type jack
    playback_ports { 0 system:playback_1 1 system:playback_2 }
    capture_ports { 0 system:capture_1 1 system:capture_2 }
}
pcm.feed { type jack playback_ports { 0 system:playback_1 1 system:playback_2 } }
pcm.!default { type plug slave.pcm "station" hint { show on description "JACK" } }
"#;

/// A program that ends with the test.
pub struct Running(Child);

impl Running {
    fn start(command: &mut Command) -> Running {
        Running(command.stdin(Stdio::null()).spawn().unwrap())
    }

    fn end(&mut self) {
        if let Ok(None) = self.0.try_wait() {
            let _ = kill_process(Pid::from_child(&self.0), Signal::TERM);
        }
        let begun = Instant::now();
        while let Ok(None) = self.0.try_wait() {
            if begun.elapsed() > Duration::from_secs(5) {
                let _ = self.0.kill();
            }
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}

/// The environment of a test: inside its own process, with its own server.
pub struct Stage {
    folder: PathBuf,
}

impl Stage {
    /// In the test's own process, the environment. Otherwise starts a server and that process, and returns `None` after
    /// both have ended.
    pub fn enter(test: &str) -> Option<Stage> {
        if env::var_os(STAGED).is_some_and(|staged| staged == test) {
            return Some(Stage { folder: env::var_os(FOLDER).unwrap().into() });
        }
        let found = |program: &&str| env::split_paths(&env::var_os("PATH").unwrap()).any(|p| p.join(program).exists());
        if let Some(missing) = PROGRAMS.iter().find(|program| !found(program)) {
            eprintln!("SKIPPED {test}: {missing} is not installed; `make test` installs it");
            return None;
        }
        let _turn = Turn::alone();
        let folder = TempDir::new().unwrap();
        let asound = folder.path().join("asound.conf");
        fs::write(&asound, ASOUND).unwrap();
        let name = format!("busker-{}-{}", std::process::id(), &test[..test.len().min(16)]);
        let log = fs::File::create(folder.path().join("jackd.log")).unwrap();
        let surroundings = |command: &mut Command| {
            command
                .env("JACK_NO_AUDIO_RESERVATION", "1")
                .env("JACK_NO_START_SERVER", "1")
                .env("JACK_DEFAULT_SERVER", &name)
                .env("ALSA_CONFIG_PATH", &asound);
        };
        let mut jackd = Command::new("jackd");
        jackd.args(["-n", &name, "-r", "-d", "dummy", "-r", "48000", "-p", PERIOD]);
        jackd.stdout(log.try_clone().unwrap()).stderr(log);
        surroundings(&mut jackd);
        let server = Running::start(&mut jackd);
        let mut wait = Command::new("jack_wait");
        wait.args(["-s", &name, "-c"]);
        surroundings(&mut wait);
        // jack_wait's own waiting fails if it comes between two steps of the server's start.
        let begun = Instant::now();
        let mut up = false;
        while !up && begun.elapsed() < Duration::from_secs(30) {
            thread::sleep(Duration::from_millis(100));
            up = wait.output().unwrap().stdout.trim_ascii() == b"running";
        }
        let said = || fs::read_to_string(folder.path().join("jackd.log")).unwrap_or_default();
        assert!(up, "jackd did not come up: {}", said());
        let mut again = Command::new(env::current_exe().unwrap());
        again.args(["--exact", &format!("alsa::{test}"), "--nocapture", "--test-threads=1"]);
        again.env(STAGED, test).env(FOLDER, folder.path()).env(SERVER_PID, server.0.id().to_string());
        surroundings(&mut again);
        let output = again.stdin(Stdio::null()).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        assert!(output.status.success(), "{}\n{out}\n{err}\njackd said: {}", output.status, said());
        eprintln!("{err}");
        None
    }

    /// A folder of the test's own.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Ends the server under the station. Not by SIGKILL: libjack has room for eight servers on a machine, and a killed
    /// one keeps its place for good.
    pub fn end_server(&self) {
        let pid = env::var(SERVER_PID).unwrap().parse().unwrap();
        kill_process(Pid::from_raw(pid).unwrap(), Signal::TERM).unwrap();
    }

    /// Records the station's output for some seconds.
    pub fn capture(&self, name: &str, seconds: u32) -> PathBuf {
        let file = self.folder.join(name);
        let ports = self.ports("_playP").into_iter().take(2);
        let mut command = Command::new("jack_capture");
        command.args(["-c", "2", "-b", "24", "-f", "wav", "-d", &seconds.to_string(), "-dc"]);
        for port in ports {
            command.args(["-p", &port]);
        }
        let output = command.arg(&file).stdin(Stdio::null()).output().unwrap();
        let err = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && file.exists(), "jack_capture: {err}");
        file
    }

    /// Plays a counter into the station's inputs for so many seconds at most: 1, 2, 3… on the left, its negative on the
    /// right, in the units of 24 bits.
    pub fn play_counter(&self, seconds: u32) -> Running {
        let file = self.folder.join("counter.wav");
        let spec =
            WavSpec { channels: 2, sample_rate: 48_000, bits_per_sample: 32, sample_format: SampleFormat::Float };
        let mut wav = WavWriter::create(&file, spec).unwrap();
        for count in 1..=(seconds * 48_000) as i32 {
            let sample = count as f32 / 8_388_608.0;
            wav.write_sample(sample).unwrap();
            wav.write_sample(-sample).unwrap();
        }
        wav.finalize().unwrap();
        let player = Running::start(Command::new("aplay").args(["-q", "-D", "feed"]).arg(&file));
        let feeding = format!(".{}.", player.0.id());
        let mut from = Vec::new();
        let begun = Instant::now();
        while from.len() < 2 {
            assert!(begun.elapsed() < Duration::from_secs(30), "aplay did not come up: {:?}", self.ports(""));
            thread::sleep(Duration::from_millis(50));
            from = self.ports(&feeding);
        }
        let to: Vec<String> = self.ports("_capture").into_iter().filter(|port| port.starts_with("alsa-jack")).collect();
        let to = if to.is_empty() { self.ports(":in_") } else { to };
        assert!(to.len() >= 2, "the station has no inputs among {:?}", self.ports(""));
        for (from, to) in from.iter().zip(&to) {
            let connected = Command::new("jack_connect").args([from, to]).stderr(Stdio::null()).status().unwrap();
            assert!(connected.success(), "{from} to {to}");
        }
        player
    }

    /// The server's ports with this in their names.
    fn ports(&self, part: &str) -> Vec<String> {
        let output = Command::new("jack_lsp").stderr(Stdio::null()).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().filter(|port| port.contains(part)).map(str::to_owned).collect()
    }
}
