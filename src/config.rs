//! Settings: what `config.yaml` says, once checked. Flags of the command line win over it.

mod folders;

pub use folders::Folders;

use crate::{
    command::channels::ChannelList,
    midi::Channel,
    music::{Bpm, Decibels},
    yaml::{self, Fault, Field, Reader},
};
use std::path::{Path, PathBuf};

/// What a musician may set once and for all. Everything is optional; the defaults suit a newcomer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings {
    /// `audio.device`: as `--device` takes it; default `auto`.
    pub device: Option<String>,
    /// `audio.sample_rate`, in Hz; default the device's own.
    pub sample_rate_hz: Option<u32>,
    /// `audio.block`, in frames; default the device's own or 256.
    pub block_frames: Option<u32>,
    /// `audio.input`: as `--input` takes it; default where the instrument is.
    pub input: Option<ChannelList>,
    /// `audio.monitor`, in dB or `off`; default on where that cannot howl.
    pub monitor: Option<Decibels>,
    /// `midi.ports`: as `--port` takes them; default `auto`.
    pub ports: Vec<String>,
    /// `midi.channel`, 1..=16; default the profile's.
    pub channel: Option<Channel>,
    /// `profile`: an id; default the NTS-1 mkII's.
    pub profile: Option<String>,
    /// `clock.bpm`, 20..=300; default 120.
    pub bpm: Option<Bpm>,
    /// `clock.run`; default on.
    pub clock_on: Option<bool>,
    /// `recordings`: a folder; default the music folder.
    pub recordings: Option<PathBuf>,
}

/// Longest text a setting may be, in characters.
const TEXT_CHARS_MAX: usize = 400;

impl Settings {
    /// Checks a settings text; `file` is only named in the faults. An empty file sets nothing.
    ///
    /// # Errors
    /// Every fault at once.
    pub fn from_yaml(file: &str, text: &str) -> Result<Settings, Vec<Fault>> {
        yaml::check(
            file,
            text,
            |reader, root| {
                if root.is_given() { read(reader, root) } else { Some(Settings::default()) }
            },
        )
    }

    /// Reads the settings file; where there is none, nothing is set.
    ///
    /// # Errors
    /// Every fault at once.
    pub fn load(path: &Path) -> Result<Settings, Vec<Fault>> {
        if !path.exists() {
            return Ok(Settings::default());
        }
        let text = yaml::read(path).map_err(|fault| vec![fault])?;
        Settings::from_yaml(&path.display().to_string(), &text)
    }
}

fn read(reader: &mut Reader<'_>, root: &Field<'_>) -> Option<Settings> {
    let map = reader.mapping(root, &["audio", "midi", "profile", "clock", "recordings"])?;
    let mut settings = Settings {
        profile: reader.word(&map.field("profile")),
        recordings: reader.text(&map.field("recordings"), TEXT_CHARS_MAX).map(PathBuf::from),
        ..Settings::default()
    };
    let (audio, midi, clock) = (map.field("audio"), map.field("midi"), map.field("clock"));
    if audio.is_given()
        && let Some(audio) = reader.mapping(&audio, &["device", "sample_rate", "block", "input", "monitor"])
    {
        settings.device = reader.text(&audio.field("device"), TEXT_CHARS_MAX);
        settings.sample_rate_hz = reader.int(&audio.field("sample_rate"), 8_000, 192_000).map(|hz| hz as u32);
        settings.block_frames = reader.int(&audio.field("block"), 16, 8_192).map(|frames| frames as u32);
        settings.input = reader.parsed(&audio.field("input"));
        settings.monitor = reader.parsed::<MonitorText>(&audio.field("monitor")).map(|text| text.0);
    }
    if midi.is_given()
        && let Some(midi) = reader.mapping(&midi, &["ports", "channel"])
    {
        let ports = reader.items(&midi.field("ports"));
        settings.ports = ports.iter().filter_map(|port| reader.text(port, TEXT_CHARS_MAX)).collect();
        settings.channel = reader.int(&midi.field("channel"), 1, 16).and_then(|n| Channel::new(n as u8));
    }
    if clock.is_given()
        && let Some(clock) = reader.mapping(&clock, &["bpm", "run"])
    {
        settings.bpm = reader.number(&clock.field("bpm"), Bpm::MIN.get(), Bpm::MAX.get()).and_then(Bpm::new);
        settings.clock_on = reader.flag(&clock.field("run"));
    }
    Some(settings)
}

/// A gain as `monitor.gain` takes it.
struct MonitorText(Decibels);

impl std::str::FromStr for MonitorText {
    type Err = String;

    fn from_str(text: &str) -> Result<MonitorText, String> {
        use crate::command::arg::Arg;
        Decibels::read(Some(text)).map(MonitorText)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_is_read() {
        let text = "
audio: { device: 'alsa:USB', sample_rate: 48000, block: 128, input: 3-4, monitor: -6 }
midi: { ports: [auto, sim], channel: 2 }
profile: fm_synth
clock: { bpm: 98.5, run: no }
recordings: /srv/jams
";
        let settings = Settings::from_yaml("config.yaml", text).unwrap();
        let want = Settings {
            device: Some("alsa:USB".to_owned()),
            sample_rate_hz: Some(48_000),
            block_frames: Some(128),
            input: Some("3-4".parse().unwrap()),
            monitor: Some(Decibels(-6.0)),
            ports: vec!["auto".to_owned(), "sim".to_owned()],
            channel: Channel::new(2),
            profile: Some("fm_synth".to_owned()),
            bpm: Bpm::new(98.5),
            clock_on: Some(false),
            recordings: Some(PathBuf::from("/srv/jams")),
        };
        assert_eq!(settings, want);
    }

    #[test]
    fn an_empty_file_sets_nothing() {
        assert_eq!(Settings::from_yaml("config.yaml", ""), Ok(Settings::default()));
        assert_eq!(Settings::from_yaml("config.yaml", "# nothing\n"), Ok(Settings::default()));
    }

    #[test]
    fn every_fault_is_named_with_its_line() {
        let text = "audio:\n  input: 4-3\n  blok: 128\nclock:\n  bpm: 500\nmonitor: 3\n";
        let faults: Vec<String> =
            Settings::from_yaml("config.yaml", text).unwrap_err().iter().map(ToString::to_string).collect();
        assert_eq!(
            faults,
            [
                "config.yaml:2 audio.input: '4-3' does not fit, allowed numbers from 1 to 256, like 1, 3-4 or 1,3-5, at most 32 of them and each once",
                "config.yaml:3 audio.blok: 'blok' is not a field here, allowed device, sample_rate, block, input, monitor",
                "config.yaml:5 clock.bpm: '500' does not fit, allowed 20 to 300",
                "config.yaml:6 monitor: 'monitor' is not a field here, allowed audio, midi, profile, clock, recordings",
            ]
        );
    }
}
