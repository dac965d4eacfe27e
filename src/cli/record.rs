//! `busker record`: records the inputs to a WAV file, without the screen.

use super::{
    Failure, Outcome, complain, print,
    running::{RunningEngine, complain_of_end},
    setup::{Setup, StationArgs},
};
use crate::{
    command::{
        Command,
        arg::{Millis, Text, Velocity},
        channels::ChannelList,
    },
    config::recorder::{RecorderOption, RecorderOptions},
    engine::select::DeviceChoice,
    music::{Decibels, Note},
    status::{Event, Severity},
    takes::{self, Reach, Take},
};
use clap::Args;
use std::{
    ops::ControlFlow,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// Arguments of `busker record`.
#[derive(Args, Debug)]
pub struct RecordArgs {
    /// Record the built-in synth playing a phrase
    #[arg(long)]
    demo: bool,
    /// The file; by default, a name with the date in the music folder
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Stop after N seconds; without it, ctrl-c stops
    #[arg(long, value_name = "N", value_parser = seconds)]
    seconds: Option<f64>,
    /// The inputs to record, like 1 or 3-4
    #[arg(long, value_name = "CHANNELS")]
    input: Option<ChannelList>,
    /// The audio device: auto, sim, alsa:NAME, jack
    #[arg(long, value_name = "ID")]
    device: Option<DeviceChoice>,
    /// A recorder option, like bits=16, 'files=each master' or split=600s; repeatable. `:record.set` and the settings
    /// have the same options
    #[arg(long = "set", value_name = "OPTION=VALUE")]
    options: Vec<String>,
    /// A session folder, created if missing; the take is saved there unless --out is given
    #[arg(long, value_name = "DIR")]
    session: Option<PathBuf>,
}

/// Reads a duration on the command line, in seconds.
pub fn seconds(text: &str) -> Result<f64, String> {
    let allowed = "a number of seconds over 0 and up to 86400";
    text.parse().ok().filter(|x| *x > 0.0 && *x <= 86_400.0).ok_or_else(|| allowed.to_owned())
}

/// The notes of the demo's phrase, in C minor, 250 ms each.
const PHRASE: [u8; 8] = [48, 60, 63, 67, 72, 67, 63, 60];
/// How often the engine is polled.
const TURN: Duration = Duration::from_millis(100);
/// A take of a given length ends by itself; if its device does not return, it is ended this much later.
const GRACE: Duration = Duration::from_secs(1);
const PHRASE_STEP: Duration = Duration::from_millis(250);

/// Records until a signal.
///
/// # Errors
/// A device, input or folder that cannot be used.
pub fn record(args: &RecordArgs) -> Outcome {
    let station_args = StationArgs {
        demo: args.demo,
        device: args.device.clone(),
        input: args.input.clone(),
        session: args.session.clone(),
        ..StationArgs::default()
    };
    let mut setup = Setup::new(&station_args)?;
    setup.complain()?;
    // There is no screen, so slow turns are enough.
    setup.config.turn = TURN;
    for option in &args.options {
        set(&mut setup.config.recorder, option)?;
    }
    if args.seconds.is_some() {
        setup.config.recorder.length_seconds = args.seconds;
    }
    let ports = if args.demo { setup.ports.clone() } else { Vec::new() };
    if !args.demo {
        // Monitoring is off by default here: loudspeakers beside a microphone cause feedback.
        setup.config.monitor.get_or_insert(Decibels::SILENCE);
    }
    let name = match &args.out {
        Some(file) => {
            let name = file.file_name().and_then(|name| name.to_str()).filter(|_| !file.is_dir());
            let Some(name) = name else {
                return Err(Failure::asked(format!("{} is not a file name", file.display())));
            };
            setup.config.sessions.takes = false;
            setup.config.folder = file.parent().map_or_else(PathBuf::new, PathBuf::from);
            Some(Text(name.to_owned()))
        }
        None => None,
    };
    let running = RunningEngine::start(&mut setup, &ports, None)?;
    let station = running.station.clone();
    if !args.demo && setup.device == DeviceChoice::Auto && station.status().device.host == "sim" {
        return Err(Failure::asked("nothing to record: no audio device opens; see `busker devices`, or try --demo"));
    }
    station.ask(Command::RecordStart { name }).map_err(Failure::asked)?;
    let mut begun = Instant::now();
    let (mut is_named, mut is_seen) = (false, false);
    let mut phrase = PHRASE.iter().cycle();
    let mut played = 0;
    let mut failures = Vec::new();
    let mut finished = Vec::new();
    let bound = args.seconds.map(|seconds| Duration::from_secs_f64(seconds) + GRACE);
    'recording: while !is_named || bound.is_none_or(|bound| begun.elapsed() < bound) {
        for event in running.wait(if args.demo { PHRASE_STEP / 4 } else { TURN }) {
            match event {
                Event::TakeStarted { path, .. } => {
                    let how = if args.seconds.is_none() { "; ctrl-c stops" } else { "" };
                    complain(&format!("recording to {}{how}", path.display()));
                    if !std::mem::replace(&mut is_named, true) {
                        begun = Instant::now();
                    }
                }
                Event::Notice { severity: severity @ (Severity::Warning | Severity::Error), text } => {
                    complain(&text);
                    if severity == Severity::Error {
                        failures.push(text);
                    }
                }
                Event::TakeFinished { .. } => finished.push(event),
                Event::Quit => break 'recording,
                _ => {}
            }
        }
        // Silence or a full disk may end the take; a lost device may return.
        let status = station.status();
        is_seen |= status.record.is_recording;
        if !status.record.is_recording && status.device.running && (is_seen || !failures.is_empty()) {
            break;
        }
        if args.demo && begun.elapsed() >= PHRASE_STEP * played {
            played += 1;
            if let Some(note) = phrase.next().copied().and_then(Note::new) {
                let (velocity, ms) = (Velocity::clamped(100), Millis(PHRASE_STEP.as_millis() as u32 - 30));
                let _ = station.send(Command::NotePlay { note, velocity, ms });
            }
        }
    }
    let (happened, lost) = running.end();
    // The engine may be ending already, and errors of that are printed above.
    let (said, unsaid): (Vec<_>, Vec<_>) = lost.into_iter().partition(|text| failures.contains(text));
    failures.retain(|text| !said.contains(text));
    let ended = complain_of_end(&unsaid).and(if said.is_empty() { Ok(()) } else { Err(Failure::told(1)) });
    finished.extend(happened);
    for event in finished {
        if let Event::TakeFinished { path, frames, gap_frames } = event {
            let seconds = frames as f64 / f64::from(station.status().device.sample_rate_hz);
            let gaps = if gap_frames > 0 { format!(", {gap_frames} of its frames lost") } else { String::new() };
            print(&format!("{}  {seconds:.3} s{gaps}", path.display()))?;
            print(&verdict(&path))?;
        }
    }
    if failures.is_empty() { ended } else { Err(Failure::asked("the recording is incomplete")) }
}

/// Sets an option of the recorder, given as `OPTION=VALUE`.
fn set(options: &mut RecorderOptions, text: &str) -> Result<(), Failure> {
    let refused = |why: String| Failure::asked(format!("--set {text}: {why}"));
    let (name, value) = text.split_once('=').ok_or_else(|| refused("write OPTION=VALUE".to_owned()))?;
    RecorderOption::of(name).and_then(|row| row.set(options, value)).map_err(refused)
}

/// The verdict on a take, in lines.
fn verdict(path: &Path) -> String {
    let measured =
        Take::open_whole(path, Reach::Named).and_then(|take| takes::measure(&take, &mut |_| ControlFlow::Continue(())));
    match measured {
        Ok(measured) => measured.verdict.to_string(),
        Err(error) => format!("measuring failed: {error}"),
    }
}
