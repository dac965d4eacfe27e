//! `busker devices`: the available devices and ports, and those that `auto` selects, with the reason.

use super::{
    Failure, Outcome, print,
    setup::{Setup, StationArgs},
};
use crate::engine::{
    host::quiet::QuietStderr,
    realtime::{self, HOW_TO_ALLOW},
    select,
};
use clap::Args;

/// Arguments of `busker devices`.
#[derive(Args, Debug)]
pub struct DevicesArgs {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Lists devices and ports.
///
/// # Errors
/// The output cannot be written.
pub fn list(args: &DevicesArgs) -> Outcome {
    let mut setup = Setup::new(&StationArgs::default())?;
    setup.complain()?;
    let quiet = QuietStderr::into(&setup.folders.log_file());
    let listing = select::listing(&setup.config.profile);
    drop(quiet);
    if args.json {
        return print(&serde_json::to_string_pretty(&listing).map_err(Failure::other)?);
    }
    let advice = if realtime::is_granted() { String::new() } else { format!("\nReal time\n  {HOW_TO_ALLOW}") };
    print(&format!("{listing}{advice}"))
}
