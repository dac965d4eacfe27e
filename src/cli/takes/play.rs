//! `busker takes play`: plays a take through the outputs, without the screen.

use super::super::{
    Failure, Outcome, print,
    running::RunningEngine,
    setup::{Setup, StationArgs},
};
use crate::{
    command::{Command, arg::Text},
    engine::select::DeviceChoice,
    music::Decibels,
    status::{AuditionStatus, Event, Severity},
};
use clap::Args;
use std::{
    io::{self, IsTerminal, Write},
    path::{Path, PathBuf},
    time::Duration,
};

/// How often the position is shown.
const SHOW: Duration = Duration::from_millis(100);

/// Arguments of `busker takes play`.
#[derive(Args, Debug)]
pub(super) struct PlayArgs {
    /// The WAV file; a bare name is also searched in the recordings folder
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    /// The audio device: auto, sim, alsa:NAME, jack
    #[arg(long, value_name = "ID")]
    pub(super) device: Option<DeviceChoice>,
}

/// Plays until the end or ctrl-c.
///
/// # Errors
/// A device that cannot be opened, or a file that cannot be played.
pub(super) fn play(file: &Path, device: Option<DeviceChoice>) -> Outcome {
    let Some(name) = file.file_name().and_then(|name| name.to_str()) else {
        return Err(Failure::asked(format!("{} is not a file name", super::shown(file))));
    };
    let mut setup = Setup::new(&StationArgs { device, ..StationArgs::default() })?;
    setup.complain()?;
    // Only the take is to be played.
    setup.config.monitor = Some(Decibels::SILENCE);
    setup.config.sessions.takes = false;
    setup.config.folder = file.parent().map_or_else(PathBuf::new, PathBuf::from);
    let running = RunningEngine::start(&mut setup, &[], None)?;
    running.station.ask(Command::TakePlay { take: Text(name.to_owned()) }).map_err(Failure::asked)?;
    let mut failure = None;
    let mut is_over = false;
    let mut line = PositionLine::default();
    while !is_over {
        for event in running.wait(SHOW) {
            match event {
                Event::Notice { severity: Severity::Error, text } => failure = Some(Failure::asked(text)),
                Event::Notice { severity: Severity::Warning, text } => super::super::complain(&text),
                Event::AuditionStarted { length_seconds, .. } => {
                    print(&format!("{}  {length_seconds:.1} s; ctrl-c stops", super::shown(file)))?;
                }
                Event::AuditionEnded { .. } | Event::Quit => is_over = true,
                _ => {}
            }
        }
        is_over |= failure.is_some();
        if let Some(audition) = &*running.station.status().audition {
            line.show(audition);
        }
    }
    line.end();
    running.end();
    failure.map_or(Ok(()), Err)
}

/// The play position, on one line of a terminal only.
#[derive(Default)]
struct PositionLine {
    shown: Option<u64>,
}

impl PositionLine {
    fn show(&mut self, audition: &AuditionStatus) {
        let tenths = (audition.seconds * 10.0) as u64;
        if !io::stdout().is_terminal() || self.shown == Some(tenths) {
            return;
        }
        self.shown = Some(tenths);
        let mut out = io::stdout();
        // A closed terminal shows no message.
        let _ = write!(out, "\r{:.1} s of {:.1} s ", audition.seconds, audition.length_seconds);
        let _ = out.flush();
    }

    fn end(&self) {
        if self.shown.is_some() {
            let _ = writeln!(io::stdout());
        }
    }
}
