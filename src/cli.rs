//! The command line: what may be asked, and one file per verb that does it.
//!
//! Exit codes: 0 done; 1 something failed that was not the asker's mistake; 2 what was asked cannot be (a name, a
//! number, a file, a device), said in one message.

mod attach;
mod calibrate;
mod clock;
mod completions;
mod devices;
mod idle;
mod instead;
mod launch;
mod logs;
mod man;
mod monitor;
mod nts1;
mod one_shot;
mod profiles;
mod record;
mod run;
mod running;
mod screen;
mod serve;
mod setup;
mod signals;
mod status;
mod takes;
mod watch;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use setup::StationArgs;
use std::{io::Write, process::ExitCode};

/// Examples stand where people look for them.
const EXAMPLES: &str = "\
Examples:
  busker                                 the station; on the built-in synth if nothing is plugged in
  busker --demo                          the station on the built-in synth, whatever is plugged in
  busker --device alsa:USB --input 3-4   a certain interface and its inputs
  busker --session ~/jams/friday         tempo, knobs, snapshots and takes in a folder of their own
  busker devices                         what there is, and what would be taken
  busker run jam.yaml --simulate --out out/
  busker record --seconds 60 --out jam.wav
  busker calibrate                       the delay from output 1 to input 1, through a cable
  busker clock --bpm 120 --port alsa:NTS-1
  busker monitor --port alsa:NTS-1       what the synth sends
  busker profiles import synth.csv       a profile of a table as midi.guide has them
  busker takes repair                    recordings an interrupted run left, made whole
  busker takes export jam --format flac  a file for others
  busker nts1 backup FOLDER              its program and settings as files; --port sim to try

In the station, ? shows every key and : takes every command.";

/// A performance station for hardware synths that lives in a terminal.
#[derive(Debug, Parser)]
#[command(name = "busker", version, about, after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub struct Cli {
    #[command(flatten)]
    station: StationArgs,
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Run a script of commands
    Run(run::RunArgs),
    /// Record to a WAV file without the screen
    Record(record::RecordArgs),
    /// Run the station without a screen, for `attach`, OSC, HTTP and WebSocket
    Serve(serve::ServeArgs),
    /// Show the station that runs already; it goes on when the screen is left
    Attach(attach::AttachArgs),
    /// Give the running station a command, and print its answer
    Do(one_shot::DoArgs),
    /// Print how the running station is
    Status(status::StatusArgs),
    /// Print what happens in the running station, one line each
    Watch(watch::WatchArgs),
    /// Measure the delay from the outputs to an input, through a cable or the room, and keep it
    Calibrate(calibrate::CalibrateArgs),
    /// Be a MIDI clock
    Clock(clock::ClockArgs),
    /// Print the MIDI messages that come in
    Monitor(monitor::MonitorArgs),
    /// Ask an NTS-1 mkII who it is, back it up, and manage its user units
    Nts1(nts1::Nts1Args),
    /// List audio devices and MIDI ports, and what would be taken
    Devices(devices::DevicesArgs),
    /// List, show and check profiles of synths, or make them of tables
    Profiles(profiles::ProfilesArgs),
    /// List, show, trim, rename, remove and export recordings, and repair what an interrupted run left
    Takes(takes::TakesArgs),
    /// Say where the log is
    Logs,
    /// Print completions for a shell
    Completions(completions::CompletionsArgs),
    /// Print the manual page
    Man,
}

/// Why a verb ended without having done what was asked: a sentence, and whose mistake it was.
#[derive(Debug)]
pub struct Failure {
    text: String,
    code: u8,
}

impl Failure {
    /// What was asked cannot be: exit code 2.
    fn asked(text: impl ToString) -> Failure {
        Failure { text: text.to_string(), code: 2 }
    }

    /// Something else went wrong: exit code 1.
    fn other(text: impl ToString) -> Failure {
        Failure { text: text.to_string(), code: 1 }
    }

    /// Somebody has said it already.
    fn told(code: u8) -> Failure {
        Failure { text: String::new(), code }
    }
}

/// What a verb comes to.
type Outcome = Result<(), Failure>;

fn read_arguments() -> Result<Cli, clap::Error> {
    let matches = with_negative_numbers(Cli::command()).try_get_matches()?;
    Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut Cli::command()))
}

/// A number below zero is read as the value of its option: what is allowed there says the option, and not that there is
/// no option `-1`.
fn with_negative_numbers(command: clap::Command) -> clap::Command {
    let takes_value = |arg: &clap::Arg| !arg.is_positional() && arg.get_action().takes_values();
    let command = command.mut_args(|arg| if takes_value(&arg) { arg.allow_negative_numbers(true) } else { arg });
    command.mut_subcommands(with_negative_numbers)
}

/// Reads the command line and does what it asks.
pub fn main() -> ExitCode {
    let cli = match read_arguments() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are no errors; clap knows which stream each belongs to.
            let _ = error.print();
            return ExitCode::from(error.exit_code() as u8);
        }
    };
    let outcome = signals::leave_full_files_to_writes().and_then(|()| match cli.verb {
        None => screen::show(&cli.station),
        Some(Verb::Run(args)) => run::run(&args),
        Some(Verb::Record(args)) => record::record(&args),
        Some(Verb::Attach(args)) => attach::attach(&args),
        Some(Verb::Do(args)) => one_shot::run(&args),
        Some(Verb::Status(args)) => status::print_status(&args),
        Some(Verb::Watch(args)) => watch::watch(&args),
        Some(Verb::Serve(args)) => serve::serve(&args),
        Some(Verb::Calibrate(args)) => calibrate::calibrate(&args),
        Some(Verb::Clock(args)) => clock::run(&args),
        Some(Verb::Monitor(args)) => monitor::run(&args),
        Some(Verb::Nts1(args)) => nts1::run(&args),
        Some(Verb::Devices(args)) => devices::list(&args),
        Some(Verb::Profiles(args)) => profiles::run(&args),
        Some(Verb::Takes(args)) => takes::run(&args),
        Some(Verb::Logs) => logs::say(),
        Some(Verb::Completions(args)) => completions::print(&args),
        Some(Verb::Man) => man::print(),
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure { text, code }) => {
            if !text.is_empty() {
                tracing::warn!("{text}");
                complain(&text);
            }
            ExitCode::from(code)
        }
    }
}

/// One message on the standard error.
pub fn complain(text: &str) {
    // A closed terminal cannot be told anything.
    let _ = writeln!(std::io::stderr(), "busker: {text}");
}

/// Lines on the standard output.
fn print(text: &str) -> Outcome {
    match writeln!(std::io::stdout(), "{}", text.trim_end()) {
        // `busker devices | head` is no failure.
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(Failure::other(error)),
        _ => Ok(()),
    }
}
