//! Chooses the recorded inputs, and the others that the capture buffer holds.

use crate::{
    command::channels::ChannelList,
    config::recorder::RecorderOptions,
    engine::{
        audio::{
            capture::{Hold, Layout},
            renderer::InputSource,
        },
        config::EngineConfig,
        host::{
            DeviceSpec,
            open_port::{OpenPort, PortWay},
        },
    },
    music::Decibels,
    taps::{Tap, Taps},
};

/// The inputs asked for are not there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("input {asked}: {device} has {have}")]
pub struct NoSuchInput {
    asked: String,
    device: String,
    have: String,
}

/// The inputs of an engine.
pub struct ChosenInputs {
    /// The recorded inputs.
    pub sources: Vec<InputSource>,
    /// The tap of each.
    pub taps: Vec<Tap>,
    /// Their names.
    pub channels: String,
    /// The channels of the capture buffer.
    pub layout: Layout,
    /// Their monitor level at the start.
    pub monitor: Decibels,
}

impl ChosenInputs {
    /// The inputs that are asked for, or else the built-in synth where that is played, or the device's first two.
    ///
    /// # Errors
    /// They are not there.
    pub fn choose(config: &EngineConfig, spec: &DeviceSpec, ports: &[OpenPort]) -> Result<ChosenInputs, NoSuchInput> {
        let has_synth = has_built_in_synth(ports);
        let plays_synth = matches!(ports.first(), Some(OpenPort { way: PortWay::BuiltIn, .. }));
        let (sources, channels) = choose_inputs(config.input.as_ref(), spec, has_synth, plays_synth)?;
        // With the built-in synth as the instrument the device is likely a laptop: its microphone on its loudspeakers
        // would howl.
        let own_sound = sources.iter().all(|source| matches!(source, InputSource::Synth(_)));
        let safe = if own_sound || !plays_synth { Decibels::UNITY } else { Decibels::SILENCE };
        let taps: Vec<Tap> = sources.iter().map(|source| source.tap()).collect();
        let hold = hold(&config.recorder, f64::from(spec.sample_rate_hz));
        let layout = Layout::new(&taps, others(config, spec, has_synth), hold);
        Ok(ChosenInputs { sources, taps, channels, layout, monitor: config.monitor.unwrap_or(safe) })
    }
}

fn has_built_in_synth(ports: &[OpenPort]) -> bool {
    ports.iter().any(|port| matches!(port.way, PortWay::BuiltIn))
}

/// The inputs that can be recorded besides those chosen: first those of the takes' settings, then the device's others.
fn others(config: &EngineConfig, spec: &DeviceSpec, built_in: bool) -> Vec<Tap> {
    let mut there: Vec<Tap> = (0..spec.inputs).map(Tap::of_input).collect();
    // The simulated host has the built-in synth behind its inputs.
    there.extend(Tap::SYNTH.iter().filter(|_| spec.inputs == 0 && built_in));
    let asked = config.recorder.inputs.iter().flat_map(Taps::as_slice).filter(|tap| there.contains(tap));
    asked.chain(&there).copied().collect()
}

fn hold(options: &RecorderOptions, sample_rate_hz: f64) -> Hold {
    Hold { seconds: options.capture_seconds, memory_bytes: options.capture_memory_mb * 1e6, sample_rate_hz }
}

/// Whether inputs are there.
///
/// # Errors
/// They are not.
pub fn check_inputs(asked: Option<&ChannelList>, spec: &DeviceSpec, ports: &[OpenPort]) -> Result<(), NoSuchInput> {
    choose_inputs(asked, spec, has_built_in_synth(ports), false).map(drop)
}

/// The recorded inputs: those asked for, or else the built-in synth where that is played, or the device's first two.
fn choose_inputs(
    asked: Option<&ChannelList>,
    spec: &DeviceSpec,
    built_in: bool,
    instrument_is_built_in: bool,
) -> Result<(Vec<InputSource>, String), NoSuchInput> {
    // The simulated host has the built-in synth behind its inputs.
    let simulated = spec.inputs == 0 && built_in;
    let synth = || (vec![InputSource::Synth(0), InputSource::Synth(1)], "synth".to_owned());
    match asked {
        None if instrument_is_built_in || simulated => Ok(synth()),
        // The simulated host was asked for, or takes the place of a device: it has one silent input.
        None if spec.inputs == 0 && spec.host == "sim" => Ok((vec![InputSource::Device(0)], "none".to_owned())),
        None if spec.inputs == 0 => Ok((Vec::new(), "none".to_owned())),
        None => {
            let list = ChannelList::first(spec.inputs.min(2));
            Ok((list.indices().map(InputSource::Device).collect(), list.to_string()))
        }
        Some(list) => {
            let have = if simulated { 2 } else { spec.inputs };
            if usize::from(list.highest()) > have {
                let have = match have {
                    0 => "no inputs".to_owned(),
                    1 => "input 1 only".to_owned(),
                    n => format!("inputs 1-{n}"),
                };
                return Err(NoSuchInput { asked: list.to_string(), device: spec.name.clone(), have });
            }
            let source = |channel| if simulated { InputSource::Synth(channel) } else { InputSource::Device(channel) };
            Ok((list.indices().map(source).collect(), list.to_string()))
        }
    }
}
