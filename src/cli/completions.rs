//! `busker completions`: for the shells clap knows.

use super::{Cli, Failure, Outcome};
use clap::{Args, CommandFactory};
use clap_complete::Shell;

/// Arguments of `busker completions`.
#[derive(Args, Debug)]
pub struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

/// Prints the completions.
///
/// # Errors
/// The output cannot be written.
pub fn print(args: &CompletionsArgs) -> Outcome {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "busker", &mut text);
    super::print(&String::from_utf8(text).map_err(Failure::other)?)
}
