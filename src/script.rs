//! Scripts: commands with times, all checked before the first one runs. Pure.
//!
//! ```yaml
//! bpm: 120
//! steps:
//!   - { at: 0,       do: record.start jam }
//!   - { at: "2:1:0", do: [param.set filter_cutoff 0.8, note.play C3 100 900] }
//! ```

use crate::{
    command::{Command, CommandError},
    music::{Bpm, PPQN, Position},
    yaml::{self, Fault, YamlField, YamlReader},
};

/// A checked script.
#[derive(Clone, Debug, PartialEq)]
pub struct Script {
    /// The tempo it starts with; positions in bars are taken at this tempo.
    pub bpm: Bpm,
    /// In order of time; steps of one time in order of the file.
    pub steps: Vec<ScriptStep>,
}

/// Commands of one time.
#[derive(Clone, Debug, PartialEq)]
pub struct ScriptStep {
    /// Seconds from the start of the script.
    pub at_seconds: f64,
    /// Run one after the other.
    pub commands: Vec<Command>,
}

impl Script {
    /// Checks a script's text; `file` is used in the faults only.
    ///
    /// # Errors
    /// Every fault at once; then no step of the script runs.
    pub fn from_yaml(file: &str, text: &str) -> Result<Script, Vec<Fault>> {
        yaml::check(file, text, read)
    }

    /// The end of the last command and of the last note it plays, in seconds.
    pub fn length_seconds(&self) -> f64 {
        let ends = self.steps.iter().flat_map(|step| {
            step.commands.iter().map(|command| match command {
                Command::NotePlay { ms, .. } => step.at_seconds + f64::from(ms.0) / 1000.0,
                _ => step.at_seconds,
            })
        });
        ends.fold(0.0, f64::max)
    }
}

fn read(reader: &mut YamlReader<'_>, root: &YamlField<'_>) -> Option<Script> {
    let map = reader.mapping(root, &["bpm", "steps"])?;
    let bpm = reader.number(&map.field("bpm"), Bpm::MIN.get(), Bpm::MAX.get()).and_then(Bpm::new).unwrap_or_default();
    let items = reader.needed(&map, "steps", YamlReader::some_items).unwrap_or_default();
    let mut steps: Vec<ScriptStep> = items.iter().filter_map(|item| read_step(reader, item, bpm)).collect();
    steps.sort_by(|a, b| a.at_seconds.total_cmp(&b.at_seconds));
    Some(Script { bpm, steps })
}

fn read_step(reader: &mut YamlReader<'_>, item: &YamlField<'_>, bpm: Bpm) -> Option<ScriptStep> {
    let map = reader.mapping(item, &["at", "do"])?;
    let at = reader.needed(&map, "at", YamlReader::parsed::<Position>);
    let field = map.field("do");
    let commands = if field.is_list() {
        let items = reader.items(&field);
        items.iter().filter_map(|item| read_command(reader, item)).collect()
    } else {
        vec![reader.needed(&map, "do", read_command)?]
    };
    let seconds = at?.pulses(bpm) / PPQN as f64 * 60.0 / bpm.get();
    Some(ScriptStep { at_seconds: seconds, commands })
}

fn read_command(reader: &mut YamlReader<'_>, field: &YamlField<'_>) -> Option<Command> {
    match reader.plain(field)?.parse() {
        Ok(command) => Some(command),
        Err(error) => {
            let error: CommandError = error;
            reader.fault(field, error.to_string());
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_run_in_order_of_time_whatever_their_order_in_the_file() {
        let text = "
bpm: 60
steps:
  - { at: '2:1:0', do: record.stop }
  - { at: 0.5, do: [record.start my jam, note.play C3 100 900] }
";
        let script = Script::from_yaml("jam.yaml", text).unwrap();
        let lines: Vec<(f64, Vec<String>)> = script
            .steps
            .iter()
            .map(|step| (step.at_seconds, step.commands.iter().map(ToString::to_string).collect()))
            .collect();
        assert_eq!(
            lines,
            [
                (0.5, vec!["record.start my jam".to_owned(), "note.play C3 100 900".to_owned()]),
                (4.0, vec!["record.stop".to_owned()])
            ]
        );
    }

    #[test]
    fn every_fault_is_named_before_anything_runs() {
        let text =
            "bpm: 500\nsteps:\n  - { at: x, do: record.stop }\n  - { at: 1, do: record.strat }\n  - { do: quit }\n";
        let faults: Vec<String> =
            Script::from_yaml("jam.yaml", text).unwrap_err().iter().map(ToString::to_string).collect();
        assert_eq!(
            faults,
            [
                "jam.yaml:1 bpm: '500' does not fit, allowed 20 to 300",
                "jam.yaml:3 steps.1.at: 'x' does not fit, allowed seconds, like 12.5, or bar:beat:tick from 1:1:0, with beats 1 to 4 and ticks 0 to 479",
                "jam.yaml:4 steps.2.do: unknown command 'record.strat'; did you mean 'record.start [name]'?",
                "jam.yaml:5 steps.3.at: is missing",
            ]
        );
    }
}
