//! The command line: its arguments, and one file per subcommand.
//!
//! Exit codes: 0 success; 1 something failed that was not the user's mistake; 2 the user asked for something impossible
//! (a name, a number, a file, a device), reported in one message.

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

/// Examples at the end of the help, where users look for them.
const EXAMPLES: &str = "\
Examples:
  busker                                 the station; with nothing plugged in, on the built-in synth
  busker --demo                          the station on the built-in synth
  busker --device alsa:USB --input 3-4   an audio interface and its inputs
  busker --session ~/jams/friday         tempo, parameters, snapshots and takes in one folder
  busker devices                         devices and ports, and what auto would choose
  busker run jam.yaml --simulate --out out/
  busker record --seconds 60 --out jam.wav
  busker calibrate                       the delay from output 1 to input 1, through a cable
  busker clock --bpm 120 --port alsa:NTS-1
  busker monitor --port alsa:NTS-1       the MIDI messages a synth sends
  busker profiles import synth.csv       a profile from a table in the midi.guide format
  busker takes repair                    headers of takes after a crash or power cut
  busker takes export jam --format flac  a file to share
  busker nts1 backup FOLDER              program and settings of an NTS-1; --port sim to try

In the station, ? shows every key and : takes every command.";

/// A performance station for hardware synths in the terminal.
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
    /// Show the running station; it keeps running when you leave the screen
    Attach(attach::AttachArgs),
    /// Send a command to the running station and print its answer
    Do(one_shot::DoArgs),
    /// Print the status of the running station
    Status(status::StatusArgs),
    /// Print the events of the running station, one per line
    Watch(watch::WatchArgs),
    /// Measure and store the delay from the outputs to an input, through a cable or the room
    Calibrate(calibrate::CalibrateArgs),
    /// Send MIDI clock only
    Clock(clock::ClockArgs),
    /// Print incoming MIDI messages
    Monitor(monitor::MonitorArgs),
    /// Show and back up an NTS-1 mkII, and manage its user units
    Nts1(nts1::Nts1Args),
    /// List audio devices and MIDI ports, and what auto would choose
    Devices(devices::DevicesArgs),
    /// List, show and check synth profiles, or import them from tables
    Profiles(profiles::ProfilesArgs),
    /// List, show, play, trim, rename, remove, export and repair takes
    Takes(takes::TakesArgs),
    /// Print the path of the log file
    Logs,
    /// Print completions for a shell
    Completions(completions::CompletionsArgs),
    /// Print the manual page
    Man,
}

/// Why a subcommand failed: a sentence, and whether it is the user's mistake.
#[derive(Debug)]
pub struct Failure {
    text: String,
    code: u8,
}

impl Failure {
    /// A mistake of the user: exit code 2.
    fn asked(text: impl ToString) -> Failure {
        Failure { text: text.to_string(), code: 2 }
    }

    /// Any other failure: exit code 1.
    fn other(text: impl ToString) -> Failure {
        Failure { text: text.to_string(), code: 1 }
    }

    /// A failure that was already reported.
    fn told(code: u8) -> Failure {
        Failure { text: String::new(), code }
    }
}

/// The result of a subcommand.
type Outcome = Result<(), Failure>;

fn read_arguments() -> Result<Cli, clap::Error> {
    let matches = with_negative_numbers(Cli::command()).try_get_matches()?;
    Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut Cli::command()))
}

/// A number below zero is read as the value of its option: then the error gives the allowed values, and not that there
/// is no option `-1`.
fn with_negative_numbers(command: clap::Command) -> clap::Command {
    let takes_value = |arg: &clap::Arg| !arg.is_positional() && arg.get_action().takes_values();
    let command = command.mut_args(|arg| if takes_value(&arg) { arg.allow_negative_numbers(true) } else { arg });
    command.mut_subcommands(with_negative_numbers)
}

/// Reads the command line and runs the subcommand.
pub fn main() -> ExitCode {
    let cli = match read_arguments() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are no errors; clap selects the stream for each.
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

/// Prints a message to the standard error.
pub fn complain(text: &str) {
    // A closed terminal shows no message.
    let _ = writeln!(std::io::stderr(), "busker: {text}");
}

/// Prints lines to the standard output.
fn print(text: &str) -> Outcome {
    match writeln!(std::io::stdout(), "{}", text.trim_end()) {
        // `busker devices | head` is no failure.
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(Failure::other(error)),
        _ => Ok(()),
    }
}
