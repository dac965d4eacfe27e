//! `busker man`: the manual page, made from the command line's definition and the command table.

use super::{Cli, Failure, Outcome};
use crate::command::COMMANDS;
use clap::CommandFactory;
use clap_mangen::{
    Man,
    roff::{Roff, bold, roman},
};

/// Prints the manual page as roff.
///
/// # Errors
/// The output cannot be written.
pub fn print() -> Outcome {
    let mut page = Vec::new();
    render(&mut page).map_err(Failure::other)?;
    super::print(&String::from_utf8(page).map_err(Failure::other)?)
}

fn render(page: &mut Vec<u8>) -> std::io::Result<()> {
    let man = Man::new(Cli::command());
    man.render_title(page)?;
    man.render_name_section(page)?;
    man.render_synopsis_section(page)?;
    man.render_description_section(page)?;
    man.render_options_section(page)?;
    man.render_subcommands_section(page)?;
    let mut commands = Roff::new();
    commands.control("SH", ["COMMANDS"]);
    commands.text([roman("For the : line, scripts, OSC and HTTP:")]);
    for row in COMMANDS {
        commands.control("TP", []);
        commands.text([bold(row.usage_with_ranges())]);
        commands.text([roman(row.help)]);
    }
    commands.to_writer(page)?;
    man.render_extra_section(page)?;
    man.render_version_section(page)
}
