//! Names of devices and ports as users write them: `auto`, `sim`, `alsa:NAME`, `jack:NAME`, `raw:PATH`. Pure.

use super::PortSettings;
use std::{fmt, str::FromStr};

/// ALSA's name for its default device.
const DEFAULT: &str = "default";

/// Which audio device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeviceChoice {
    /// The best available: a running JACK server, the default ALSA device, the simulated host.
    Auto,
    /// The simulated host.
    Sim,
    /// An ALSA device by its name, or by a part of the card's name; `default` is ALSA's default.
    Alsa(String),
    /// A JACK server; without a name the default one.
    Jack(Option<String>),
}

/// Which MIDI port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PortChoice {
    /// The profile's port, else the first port there is, else the built-in synth.
    Auto,
    /// The built-in synth.
    Sim,
    /// A port of the ALSA sequencer by its name or a part of it.
    Alsa(String),
    /// A MIDI port of the JACK server by its name or a part of it; without a name, one that the user connects.
    Jack(String),
    /// A raw MIDI device, a serial line or a FIFO by its path.
    Raw(String),
}

/// A port and its settings.
#[derive(Clone, Debug, PartialEq)]
pub struct PortWish {
    /// Which port.
    pub choice: PortChoice,
    /// Its settings.
    pub settings: PortSettings,
    /// Whether busker waits for a missing port; if not, a missing port is an error.
    pub wait: bool,
}

impl From<PortChoice> for PortWish {
    fn from(choice: PortChoice) -> PortWish {
        PortWish { choice, settings: PortSettings::default(), wait: false }
    }
}

/// Why a text names no device or port, with the allowed forms.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotAChoice(String);

impl FromStr for DeviceChoice {
    type Err = NotAChoice;

    fn from_str(text: &str) -> Result<Self, NotAChoice> {
        let (kind, name) = match text.split_once(':') {
            Some((kind, name)) => (kind, Some(name)),
            None => (text, None),
        };
        match (kind, name) {
            ("auto", None) => Ok(DeviceChoice::Auto),
            ("sim", None) => Ok(DeviceChoice::Sim),
            ("alsa", None) => Ok(DeviceChoice::Alsa(DEFAULT.to_owned())),
            ("alsa", Some(name)) if !name.is_empty() => Ok(DeviceChoice::Alsa(name.to_owned())),
            ("jack", None) => Ok(DeviceChoice::Jack(None)),
            ("jack", Some(name)) if !name.is_empty() => Ok(DeviceChoice::Jack(Some(name.to_owned()))),
            _ => Err(NotAChoice(format!(
                "'{text}' is not an audio device: auto, sim, alsa, alsa:NAME, jack, \
             jack:SERVER"
            ))),
        }
    }
}

impl fmt::Display for DeviceChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DeviceChoice::Auto => f.write_str("auto"),
            DeviceChoice::Sim => f.write_str("sim"),
            DeviceChoice::Alsa(name) if name == DEFAULT => f.write_str("alsa"),
            DeviceChoice::Alsa(name) => write!(f, "alsa:{name}"),
            DeviceChoice::Jack(None) => f.write_str("jack"),
            DeviceChoice::Jack(Some(server)) => write!(f, "jack:{server}"),
        }
    }
}

impl FromStr for PortChoice {
    type Err = NotAChoice;

    fn from_str(text: &str) -> Result<Self, NotAChoice> {
        match text.split_once(':') {
            None if text == "auto" => Ok(PortChoice::Auto),
            None if text == "sim" => Ok(PortChoice::Sim),
            Some(("alsa", name)) if !name.is_empty() => Ok(PortChoice::Alsa(name.to_owned())),
            Some(("jack", name)) => Ok(PortChoice::Jack(name.to_owned())),
            Some(("raw", path)) if !path.is_empty() => Ok(PortChoice::Raw(path.to_owned())),
            _ => Err(NotAChoice(format!(
                "'{text}' is not a MIDI port: auto, sim, alsa:NAME, jack:NAME, jack:, \
             raw:PATH"
            ))),
        }
    }
}

impl fmt::Display for PortChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PortChoice::Auto => f.write_str("auto"),
            PortChoice::Sim => f.write_str("sim"),
            PortChoice::Alsa(name) => write!(f, "alsa:{name}"),
            PortChoice::Jack(name) => write!(f, "jack:{name}"),
            PortChoice::Raw(path) => write!(f, "raw:{path}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_reads_back_as_it_is_written() {
        let devices = ["auto", "sim", "alsa", "alsa:hw:CARD=USB,DEV=0", "alsa:Scarlett 2i2", "jack", "jack:studio"];
        let ports = [
            "auto",
            "sim",
            "alsa:NTS-1 digital kit:SOUND",
            "raw:/dev/snd/midiC1D0",
            "jack:system:midi_playback_1",
            "jack:",
        ];
        for text in devices {
            assert_eq!(text.parse::<DeviceChoice>().unwrap().to_string(), text);
        }
        for text in ports {
            assert_eq!(text.parse::<PortChoice>().unwrap().to_string(), text);
        }
        assert_eq!("alsa".parse(), "alsa:default".parse::<DeviceChoice>());
    }

    #[test]
    fn a_text_that_is_no_choice_is_refused_with_the_allowed_forms() {
        for text in ["", "Auto", "sim:1", "alsa:", "raw:/dev/midi", "hw:0"] {
            let error = text.parse::<DeviceChoice>().unwrap_err().to_string();
            assert!(
                error.starts_with(&format!("'{text}' is not an audio device: auto, sim, alsa, alsa:NAME")),
                "{error}"
            );
        }
        for text in ["", "alsa", "alsa:", "raw", "raw:", "sim:", "NTS-1"] {
            let error = text.parse::<PortChoice>().unwrap_err().to_string();
            assert!(error.starts_with(&format!("'{text}' is not a MIDI port: auto, sim, alsa:NAME")), "{error}");
        }
    }
}
