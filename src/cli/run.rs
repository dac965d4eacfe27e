//! `busker run`: runs a script, in virtual time or on the real devices.
//!
//! With `--out DIR` it writes `midi.jsonl` (every message sent), `events.jsonl`, `status.json` and the takes there.

use super::{
    Failure, Outcome, complain, instead,
    running::RunningEngine,
    setup::{Setup, StationArgs},
};
use crate::{
    command::Command,
    config::PortSettings,
    engine::{
        midi::sent::SentMessage,
        offline::{Offline, SAMPLE_RATE_HZ},
        select::PortChoice,
        station::{Answer, NotAsked},
    },
    script::Script,
    status::{Event, Severity, Status},
    yaml,
};
use clap::Args;
use serde::Serialize;
use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{self, Receiver},
    },
    time::{Duration, Instant},
};

/// Arguments of `busker run`.
#[derive(Args, Debug)]
pub struct RunArgs {
    /// The script: a YAML file of timed commands
    script: PathBuf,
    /// Run in virtual time on the built-in synth, as fast as possible; every run gives the same bytes
    #[arg(long)]
    simulate: bool,
    /// Write takes, midi.jsonl, events.jsonl and status.json to this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    station: StationArgs,
}

/// Runs a script.
///
/// # Errors
/// A script with faults, a refused command, a folder that cannot be written.
pub fn run(args: &RunArgs) -> Outcome {
    let text = yaml::read_named(&args.script).map_err(Failure::asked)?;
    let script = Script::from_yaml(&args.script.display().to_string(), &text).map_err(|faults| {
        let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
        Failure::asked(format!("{}\nbusker: the script was not run", faults.join("\nbusker: ")))
    })?;
    let mut setup = Setup::new(&args.station)?;
    setup.complain()?;
    setup.config.bpm = script.bpm;
    if args.simulate {
        setup.config.rehearse();
    }
    let mut out = args.out.as_deref().map(Out::create).transpose()?;
    if let Some(folder) = &args.out {
        setup.config.folder = folder.clone();
        setup.config.sessions.takes = false;
    }
    let refused =
        if args.simulate { simulate(&mut setup, &script, &mut out)? } else { perform(&mut setup, &script, &mut out)? };
    if refused { Err(Failure::asked("some steps of the script failed; the others were done")) } else { Ok(()) }
}

/// The resolution of event times in virtual time, in frames.
const STRETCH_FRAMES: i64 = 256;

/// Returns whether a command was refused or failed.
fn simulate(setup: &mut Setup, script: &Script, out: &mut Option<Out>) -> Result<bool, Failure> {
    let in_settings = setup.ports.iter().find(|wish| wish.choice == PortChoice::Sim);
    let port = in_settings.map_or_else(PortSettings::default, |wish| wish.settings.clone());
    let mut offline = match (Offline::with(&setup.config, &port), setup.places.input.take()) {
        (Err(why), Some(place)) => {
            complain(&instead::of_input(&place, &why).to_string());
            setup.config.input = None;
            Offline::with(&setup.config, &port)
        }
        (offline, _) => offline,
    }
    .map_err(Failure::asked)?;
    if let Some(out) = out {
        offline.listen_to_sent(out.midi_listener());
    }
    let events = offline.station().subscribe(|| {});
    if let Some(command) = &setup.session {
        offline.ask(command).map_err(Failure::asked)?;
        // The engine refuses this while it follows an incoming clock: then the script does not set the tempo.
        let _ = offline.ask(&Command::ClockBpm { bpm: script.bpm });
    }
    let mut refused = false;
    // In short steps, so that each event gets its time.
    let run_to = |offline: &mut Offline, seconds: f64, out: &mut Option<Out>| -> Result<bool, Failure> {
        let end = (seconds * f64::from(SAMPLE_RATE_HZ)).round() as i64;
        let mut failed = false;
        while offline.frame() < end {
            offline.run_to((offline.frame() + STRETCH_FRAMES).min(end));
            failed |= note_events(out, &events, micros_of(offline.frame()))?;
        }
        Ok(failed)
    };
    for step in &script.steps {
        refused |= run_to(&mut offline, step.at_seconds, out)?;
        for command in &step.commands {
            if let Err(reason) = offline.ask(command) {
                complain(&format!("at {} s: {reason}", step.at_seconds));
                refused = true;
            }
        }
        refused |= note_events(out, &events, micros_of(offline.frame()))?;
        if offline.quitting() {
            break;
        }
    }
    if !offline.quitting() {
        refused |= run_to(&mut offline, script.length_seconds(), out)?;
    }
    let status = offline.status();
    offline.finish();
    refused |= note_events(out, &events, micros_of(offline.frame()))?;
    if let Some(out) = out {
        out.finish(&status)?;
    }
    Ok(refused)
}

fn micros_of(frame: i64) -> u64 {
    frame as u64 * 1_000_000 / u64::from(SAMPLE_RATE_HZ)
}

/// Returns whether a command was refused or failed.
fn perform(setup: &mut Setup, script: &Script, out: &mut Option<Out>) -> Result<bool, Failure> {
    let ports = setup.ports.clone();
    let running = RunningEngine::start(setup, &ports, out.as_ref().map(Out::midi_listener))?;
    let station = running.station.clone();
    if setup.session.is_some() {
        // As in `simulate`.
        let _ = station.ask(Command::ClockBpm { bpm: script.bpm });
    }
    let start = Instant::now();
    let micros = || start.elapsed().as_micros() as u64;
    let mut refused = false;
    let mut left = false;
    // An answer may come later, like that to the end of a take: the next step does not wait for it.
    let (answered, answers) = mpsc::channel::<(f64, Answer)>();
    let complain_of = |(at_seconds, answer): (f64, Answer)| match answer {
        Ok(_) => false,
        Err(reason) => {
            complain(&format!("at {at_seconds} s: {reason}"));
            true
        }
    };
    // Waits, but returns at once when the engine ends.
    let mut wait_until = |seconds: f64, out: &mut Option<Out>| -> Result<bool, Failure> {
        let due = start + Duration::from_secs_f64(seconds);
        let mut failed = false;
        while !left && Instant::now() < due {
            let heard = running.wait(due.saturating_duration_since(Instant::now()));
            left |= heard.contains(&Event::Quit);
            failed |= note(out, &heard, micros())?;
        }
        Ok(failed || left)
    };
    for step in &script.steps {
        refused |= wait_until(step.at_seconds, out)?;
        for command in &step.commands {
            let (answered, at_seconds) = (answered.clone(), step.at_seconds);
            let asked = station.ask_then(command.clone(), move |answer| drop(answered.send((at_seconds, answer))));
            let answer = match asked {
                Ok(()) => continue,
                // A command that finds the queue full waits for room.
                Err(NotAsked::Busy) => station.ask(command.clone()),
                Err(gone) => Err(gone.to_string()),
            };
            refused |= complain_of((step.at_seconds, answer));
        }
        while let Ok(answer) = answers.try_recv() {
            refused |= complain_of(answer);
        }
    }
    refused |= wait_until(script.length_seconds(), out)?;
    let status = Status::clone(&station.status());
    refused |= note(out, &running.end().0, micros())?;
    // The engine has ended: all answers have arrived, or will not.
    drop(answered);
    for answer in answers {
        refused |= complain_of(answer);
    }
    if let Some(out) = out {
        out.finish(&status)?;
    }
    Ok(refused)
}

fn note_events(out: &mut Option<Out>, events: &Receiver<Event>, t_us: u64) -> Result<bool, Failure> {
    let heard: Vec<Event> = events.try_iter().collect();
    note(out, &heard, t_us)
}

/// Writes events and prints those that are failures; true if there was one.
fn note(out: &mut Option<Out>, events: &[Event], t_us: u64) -> Result<bool, Failure> {
    let mut failed = false;
    for event in events {
        if let Some((severity @ (Severity::Warning | Severity::Error), text)) = event.notice() {
            complain(&text);
            failed |= severity == Severity::Error;
        }
        if let Some(out) = out {
            out.event(event, t_us)?;
        }
    }
    Ok(failed)
}

/// The folder for the results of a run.
struct Out {
    folder: PathBuf,
    midi: Arc<Mutex<BufWriter<File>>>,
    events: BufWriter<File>,
}

#[derive(Serialize)]
struct MidiLine<'a> {
    t_us: u64,
    port: &'a str,
    bytes: &'a [u8],
}

#[derive(Serialize)]
struct EventLine<'a> {
    t_us: u64,
    #[serde(flatten)]
    event: &'a Event,
}

impl Out {
    fn create(folder: &Path) -> Result<Out, Failure> {
        let unwritable = |error: io::Error| {
            Failure::asked(format!("cannot write into {}: {error}; nothing was run", folder.display()))
        };
        fs::create_dir_all(folder).map_err(unwritable)?;
        let create = |name| File::create(folder.join(name)).map(BufWriter::new).map_err(unwritable);
        Ok(Out {
            folder: folder.to_owned(),
            midi: Arc::new(Mutex::new(create("midi.jsonl")?)),
            events: create("events.jsonl")?,
        })
    }

    /// Writes every message that is sent; errors of the disk are reported when the file is finished.
    fn midi_listener(&self) -> crate::engine::control::SentListener {
        let midi = Arc::clone(&self.midi);
        Box::new(move |sent: &SentMessage, at_ns, port| {
            let line = MidiLine { t_us: at_ns / 1000, port, bytes: sent.payload.bytes() };
            let mut midi = midi.lock().unwrap_or_else(PoisonError::into_inner);
            if serde_json::to_writer(&mut *midi, &line).is_ok() {
                let _ = midi.write_all(b"\n");
            }
        })
    }

    fn failed(&self, error: impl std::fmt::Display) -> Failure {
        Failure::other(format!("cannot write into {}: {error}", self.folder.display()))
    }

    fn event(&mut self, event: &Event, t_us: u64) -> Result<(), Failure> {
        serde_json::to_writer(&mut self.events, &EventLine { t_us, event }).map_err(|error| self.failed(error))?;
        self.events.write_all(b"\n").map_err(|error| self.failed(error))
    }

    fn finish(&mut self, status: &Status) -> Result<(), Failure> {
        let flushed = self.midi.lock().unwrap_or_else(PoisonError::into_inner).flush();
        flushed.and_then(|()| self.events.flush()).map_err(|error| self.failed(error))?;
        let text = serde_json::to_string_pretty(status).map_err(|error| self.failed(error))?;
        fs::write(self.folder.join("status.json"), text + "\n").map_err(|error| self.failed(error))
    }
}
