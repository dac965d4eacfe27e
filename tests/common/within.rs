//! A program that runs another one: to trace it, or to prepare its environment.

use std::process::Command;

/// `command` as the last arguments of the program and arguments `around` it, with its folder and its environment.
pub fn within(around: &[&str], command: &Command) -> Command {
    let (program, args) = around.split_first().unwrap();
    let mut outer = Command::new(program);
    outer.args(args).arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        outer.env(name, value.unwrap_or_default());
    }
    if let Some(folder) = command.get_current_dir() {
        outer.current_dir(folder);
    }
    outer
}
