//! The program itself, with a home of its own.

use std::{path::Path, process::Command};

/// With these arguments, in a folder that is its home.
pub fn busker(home: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_busker"));
    command
        .args(args)
        .env("HOME", home)
        .env("XDG_CONFIG_HOME", home.join("config"))
        .env("XDG_STATE_HOME", home.join("state"))
        .env("XDG_CACHE_HOME", home.join("cache"))
        .env("BUSKER_SOCKET", home.join("socket"))
        .env("JACK_DEFAULT_SERVER", format!("none-{}", std::process::id()))
        .env("JACK_NO_START_SERVER", "1")
        .current_dir(home);
    command
}
