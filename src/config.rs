//! Settings: the checked contents of `config.yaml`. Flags of the command line override them.
//!
//! `profile/short.rs` reads the profiles in it (`cc_profiles`), each on its own: a fault in a profile leaves the
//! settings as they are, and a fault in a setting leaves the profiles. A wrong setting is reported and has its default;
//! the other settings apply.

mod choice;
mod folders;
mod older;
mod port;
pub mod recorder;

pub use crate::music::ClockSource;
pub use choice::{DeviceChoice, NotAChoice, PortChoice, PortWish};
pub use folders::{Folders, home_folder, whole_path};
pub use port::{PortSettings, ThruTo};

use crate::{
    command::channels::ChannelList,
    midi::Channel,
    music::{Bpm, Decibels},
    profile::SHORT_KEY,
    yaml::{self, Fault, YamlField, YamlReader},
};
use recorder::{RECORDER_OPTIONS, RecorderOptions};
use std::{
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};

/// The user's settings. All are optional; the defaults suit a newcomer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings {
    /// `audio.device`: as `--device` takes it; default `auto`.
    pub device: Option<DeviceChoice>,
    /// `audio.sample_rate`, in Hz; default the device's own.
    pub sample_rate_hz: Option<u32>,
    /// `audio.block`, in frames; default the device's own or 256.
    pub block_frames: Option<u32>,
    /// `audio.input`: as `--input` takes it; default the inputs of the instrument.
    pub input: Option<ChannelList>,
    /// `audio.monitor`, in dB or `off`; default on where it cannot cause feedback.
    pub monitor: Option<Decibels>,
    /// `midi.ports`: as `--port` takes them, each with its settings; default `auto`.
    pub ports: Vec<(PortChoice, PortSettings)>,
    /// The settings of a port for which the file gives none.
    pub every_port: PortSettings,
    /// `midi.channel`, 1..=16; default the profile's.
    pub channel: Option<Channel>,
    /// `profile`: an id; default the NTS-1 mkII's.
    pub profile: Option<String>,
    /// `clock.bpm`, 20..=300; default 120.
    pub bpm: Option<Bpm>,
    /// `clock.run`; default on.
    pub clock_on: Option<bool>,
    /// `clock.source`: `internal` or `midi`; default internal.
    pub clock_source: Option<ClockSource>,
    /// `clock.from`: the port whose clock is followed, its number or a part of its name; default the first that sends one.
    pub clock_from: Option<String>,
    /// `clock.lost`: whether the song stops or continues when the followed clock is lost; default it continues.
    pub clock_lost: Option<ClockLost>,
    /// `recordings`: a folder, as an absolute path or from `~/` on; default the music folder.
    pub recordings: Option<PathBuf>,
    /// `record`: the recorder's options, by the names of its table.
    pub recorder: RecorderOptions,
    /// `doors`: where `busker serve` listens.
    pub doors: DoorSettings,
    /// `idle_end_minutes`: minutes after which a station without a screen and without activity ends, 0 for never;
    /// default 10.
    pub idle_end_minutes: Option<u32>,
}

/// The default of `idle_end_minutes`: long enough to reconnect after a lost connection.
const IDLE_END_MINUTES: u32 = 10;
/// The highest value of `idle_end_minutes`: a week.
const IDLE_END_MINUTES_MAX: i64 = 7 * 24 * 60;

impl Settings {
    /// Time after which a station without a screen and without activity ends; `None` for never.
    pub fn idle_end(&self) -> Option<Duration> {
        match self.idle_end_minutes.unwrap_or(IDLE_END_MINUTES) {
            0 => None,
            minutes => Some(Duration::from_secs(60 * u64::from(minutes))),
        }
    }
}

/// The addresses where `busker serve` listens, and the clients it accepts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DoorSettings {
    /// `doors.osc`: an address with a port, or `off`; default 127.0.0.1:5005.
    pub osc: Option<DoorAddress>,
    /// `doors.osc_from`: the addresses OSC is accepted from besides this machine's own; default none.
    pub osc_from: Vec<IpAddr>,
    /// `doors.http`: an address with a port, or `off`; default 127.0.0.1:8808.
    pub http: Option<DoorAddress>,
    /// `doors.http_hosts`: host names HTTP is served under besides this machine's own; default none.
    pub http_hosts: Vec<HostName>,
    /// `doors.http_token`: `new` or `keep`; default new.
    pub http_token: TokenLife,
}

/// The name of a machine, as browsers send it in `Host`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostName(pub String);

impl std::str::FromStr for HostName {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<HostName, &'static str> {
        let is_part = |part: &str| {
            let may = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
            (1..=63).contains(&part.len()) && part.bytes().all(may)
        };
        let is_name = text.len() <= 253 && text.split('.').all(is_part);
        is_name
            .then(|| HostName(text.to_owned()))
            .ok_or("a host name like busker.lan, without http:// and without a port")
    }
}

/// How long the HTTP token is valid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TokenLife {
    /// Until the station ends.
    #[default]
    New,
    /// As long as its file exists.
    Keep,
}

impl std::str::FromStr for TokenLife {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<TokenLife, &'static str> {
        match text {
            "new" => Ok(TokenLife::New),
            "keep" => Ok(TokenLife::Keep),
            _ => Err("new or keep"),
        }
    }
}

/// The address to listen on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DoorAddress {
    /// This address.
    At(SocketAddr),
    /// None: it does not listen.
    Off,
}

impl std::str::FromStr for DoorAddress {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<DoorAddress, &'static str> {
        match text {
            "off" => Ok(DoorAddress::Off),
            _ => text.parse().map(DoorAddress::At).map_err(|_| "an address with a port like 127.0.0.1:5005, or off"),
        }
    }
}

/// Maximum length of a text setting, in characters.
const TEXT_CHARS_MAX: usize = 400;

/// A file of settings, read.
#[derive(Debug, Default, PartialEq)]
pub struct SettingsFile {
    /// The settings without faults.
    pub settings: Settings,
    /// The faults; the settings that have them keep their defaults.
    pub faults: Vec<Fault>,
    /// The lines of the settings that name a device, a port or an address.
    pub places: SettingPlaces,
    /// Notes on fields of the old format (of the program before busker), each with the present spelling.
    pub older: Vec<Fault>,
}

/// The lines of the settings that name a part of this machine: whether it exists shows only when it is opened. Each is
/// a fault without its message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SettingPlaces {
    /// `profile`.
    pub profile: Option<Fault>,
    /// `audio.device`.
    pub device: Option<Fault>,
    /// `audio.input`.
    pub input: Option<Fault>,
    /// Each of [`Settings::ports`].
    pub ports: Vec<Fault>,
    /// `doors.osc`.
    pub osc: Option<Fault>,
    /// `doors.http`.
    pub http: Option<Fault>,
}

impl SettingsFile {
    /// Reads a file; a missing file sets nothing. Blocks on the disk.
    ///
    /// # Errors
    /// The file cannot be read, or is no YAML from its first setting on.
    pub fn load(path: &Path) -> Result<SettingsFile, Fault> {
        match path.try_exists() {
            Ok(false) => Ok(SettingsFile::default()),
            _ => SettingsFile::check(&path.display().to_string(), &yaml::read(path)?),
        }
    }

    /// Checks a text; `file` is used in the faults only. An empty text sets nothing.
    ///
    /// # Errors
    /// The text is no YAML from its first setting on.
    pub fn check(file: &str, text: &str) -> Result<SettingsFile, Fault> {
        let (mut older, mut places) = (Vec::new(), SettingPlaces::default());
        let (settings, faults) = yaml::check_parts(file, text, |reader, root| {
            if root.is_given() { read(reader, root, &mut older, &mut places) } else { Settings::default() }
        })?;
        older.sort_by_key(|note| note.line);
        Ok(SettingsFile { settings, faults, places, older })
    }
}

fn read(
    reader: &mut YamlReader<'_>,
    root: &YamlField<'_>,
    older: &mut Vec<Fault>,
    places: &mut SettingPlaces,
) -> Settings {
    let keys = ["audio", "midi", "profile", SHORT_KEY, "clock", "recordings", "record", "doors", "idle_end_minutes"];
    let Some(map) = reader.mapping(root, &keys) else { return Settings::default() };
    let mut settings = Settings {
        idle_end_minutes: reader
            .int(&map.field("idle_end_minutes"), 0, IDLE_END_MINUTES_MAX)
            .map(|minutes| minutes as u32),
        recordings: read_folder(reader, &map.field("recordings")),
        ..Settings::default()
    };
    let (audio, midi, clock) = (map.field("audio"), map.field("midi"), map.field("clock"));
    if audio.is_given()
        && let Some(audio) = reader.mapping(&audio, &["device", "sample_rate", "block", "input", "monitor"])
    {
        settings.device = read_choice(reader, &audio.field("device"));
        places.device = settings.device.as_ref().map(|_| place(reader, &audio.field("device")));
        settings.sample_rate_hz = reader.int(&audio.field("sample_rate"), 8_000, 192_000).map(|hz| hz as u32);
        settings.block_frames = reader.int(&audio.field("block"), 16, 8_192).map(|frames| frames as u32);
        settings.input = reader.parsed(&audio.field("input"));
        places.input = settings.input.as_ref().map(|_| place(reader, &audio.field("input")));
        settings.monitor = reader.parsed::<MonitorText>(&audio.field("monitor")).map(|text| text.0);
    }
    if midi.is_given()
        && let Some(midi) = reader.mapping_with(&midi, &["ports", "channel"], &older::FIELDS)
    {
        older::read(reader, &midi, &mut settings, older, places);
        let ports = midi.field("ports");
        if ports.is_given() {
            let ports = reader.items(&ports);
            (settings.ports, places.ports) = ports
                .iter()
                .filter_map(|port| Some((port::read(reader, port, &settings.every_port)?, place(reader, port))))
                .unzip();
        }
        let channel = reader.int(&midi.field("channel"), 1, 16).and_then(|n| Channel::new(n as u8));
        settings.channel = channel.or(settings.channel);
    }
    if let Some(profile) = reader.word(&map.field("profile")) {
        settings.profile = Some(profile);
        places.profile = Some(place(reader, &map.field("profile")));
    }
    if clock.is_given()
        && let Some(clock) = reader.mapping(&clock, &["bpm", "run", "source", "from", "lost"])
    {
        settings.bpm = reader.number(&clock.field("bpm"), Bpm::MIN.get(), Bpm::MAX.get()).and_then(Bpm::new);
        settings.clock_on = reader.flag(&clock.field("run")).or(settings.clock_on);
        settings.clock_source = reader.parsed(&clock.field("source"));
        settings.clock_from = reader.text(&clock.field("from"), TEXT_CHARS_MAX);
        settings.clock_lost = reader.parsed(&clock.field("lost"));
    }
    read_recorder(reader, &map.field("record"), &mut settings.recorder);
    let doors = map.field("doors");
    if doors.is_given()
        && let Some(doors) = reader.mapping(&doors, &["osc", "osc_from", "http", "http_hosts", "http_token"])
    {
        settings.doors.osc = reader.parsed(&doors.field("osc"));
        settings.doors.http = reader.parsed(&doors.field("http"));
        places.osc = settings.doors.osc.map(|_| place(reader, &doors.field("osc")));
        places.http = settings.doors.http.map(|_| place(reader, &doors.field("http")));
        let from = reader.items(&doors.field("osc_from"));
        settings.doors.osc_from = from.iter().filter_map(|address| reader.parsed(address)).collect();
        let hosts = reader.items(&doors.field("http_hosts"));
        settings.doors.http_hosts = hosts.iter().filter_map(|host| reader.parsed(host)).collect();
        settings.doors.http_token = reader.parsed(&doors.field("http_token")).unwrap_or_default();
    }
    settings
}

/// The line of a field.
fn place(reader: &YamlReader<'_>, field: &YamlField<'_>) -> Fault {
    reader.note(field, String::new())
}

/// A device or a port; the fault lists the available ones.
fn read_choice<T: std::str::FromStr>(reader: &mut YamlReader<'_>, field: &YamlField<'_>) -> Option<T>
where
    T::Err: std::fmt::Display,
{
    match reader.text(field, TEXT_CHARS_MAX)?.parse() {
        Ok(choice) => Some(choice),
        Err(error) => {
            reader.fault(field, error.to_string());
            None
        }
    }
}

fn read_folder(reader: &mut YamlReader<'_>, field: &YamlField<'_>) -> Option<PathBuf> {
    let text = reader.text(field, TEXT_CHARS_MAX)?;
    let folder = whole_path(&text, home_folder().as_deref());
    if folder.is_none() {
        reader.fault(field, format!("'{text}' does not fit, allowed a folder, absolute or from ~/"));
    }
    folder
}

fn read_recorder(reader: &mut YamlReader<'_>, field: &YamlField<'_>, options: &mut RecorderOptions) {
    let names = RECORDER_OPTIONS.iter().map(|row| row.name).collect::<Vec<_>>();
    let Some(map) = field.is_given().then(|| reader.mapping(field, &names)).flatten() else { return };
    for row in RECORDER_OPTIONS {
        let field = map.field(row.name);
        if let Some(text) = field.is_given().then(|| reader.plain(&field)).flatten()
            && row.set(options, &text).is_err()
        {
            reader.fault(&field, format!("'{text}' does not fit, allowed {}", row.allowed));
        }
    }
}

/// What the song does when the followed clock is lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClockLost {
    /// It continues at the last tempo.
    #[default]
    GoOn,
    /// It stops.
    Stop,
}

impl std::str::FromStr for ClockLost {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<ClockLost, &'static str> {
        match text {
            "go_on" => Ok(ClockLost::GoOn),
            "stop" => Ok(ClockLost::Stop),
            _ => Err("go_on or stop"),
        }
    }
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
    use crate::midi::{ClockSends, Wire};

    /// The settings of a text without faults.
    fn read(text: &str) -> Settings {
        let file = SettingsFile::check("config.yaml", text).unwrap();
        assert_eq!(file.faults, []);
        file.settings
    }

    fn told(faults: &[Fault]) -> Vec<String> {
        faults.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn every_setting_is_read() {
        let text = "
audio: { device: 'alsa:USB', sample_rate: 48000, block: 128, input: 3-4, monitor: -6 }
midi:
  channel: 2
  ports:
    - auto
    - { port: 'alsa:volca', channel: 3, profile: fm_synth, clock: pulses transport, offset_ms: -3.5, wire: din, spacing_ms: 20, smoothing_ms: 15, resend: yes }
    - { port: 'alsa:keys', output: no, thru: [volca, { to: '2', channel: 5 }] }
profile: fm_synth
clock: { bpm: 98.5, run: no, source: midi, from: keys, lost: stop }
recordings: /srv/jams
record: { bits: 16, start: bar, pre_roll: 0, files: each master, silence: off }
doors: { osc: '0.0.0.0:9000', osc_from: [192.168.1.20, 'fe80::1'], http: off, http_hosts: [stage.lan], http_token: keep }
idle_end_minutes: 0
";
        let settings = read(text);
        let want = Settings {
            device: Some(DeviceChoice::Alsa("USB".to_owned())),
            sample_rate_hz: Some(48_000),
            block_frames: Some(128),
            input: Some("3-4".parse().unwrap()),
            monitor: Some(Decibels(-6.0)),
            ports: vec![
                (PortChoice::Auto, PortSettings::default()),
                (
                    PortChoice::Alsa("volca".to_owned()),
                    PortSettings {
                        channel: Channel::new(3),
                        profile: Some("fm_synth".to_owned()),
                        sends: ClockSends { pulses: true, transport: true, position: false },
                        offset_ms: -3.5,
                        wire: Some(Wire::DIN),
                        spacing_ms: Some(20),
                        smoothing_ms: Some(15),
                        resend: true,
                        output: true,
                        thru: vec![],
                    },
                ),
                (
                    PortChoice::Alsa("keys".to_owned()),
                    PortSettings {
                        output: false,
                        thru: vec![
                            ThruTo { port: "volca".to_owned(), channel: None },
                            ThruTo { port: "2".to_owned(), channel: Channel::new(5) },
                        ],
                        ..PortSettings::default()
                    },
                ),
            ],
            every_port: PortSettings::default(),
            channel: Channel::new(2),
            profile: Some("fm_synth".to_owned()),
            bpm: Bpm::new(98.5),
            clock_on: Some(false),
            clock_source: Some(ClockSource::Midi),
            clock_from: Some("keys".to_owned()),
            clock_lost: Some(ClockLost::Stop),
            recordings: Some(PathBuf::from("/srv/jams")),
            recorder: RecorderOptions {
                depth: crate::wav::Depth::Int16,
                start: recorder::Start::Bar,
                pre_roll_ms: 0,
                files: "each master".parse().unwrap(),
                ..RecorderOptions::default()
            },
            doors: DoorSettings {
                osc: Some(DoorAddress::At("0.0.0.0:9000".parse().unwrap())),
                osc_from: vec!["192.168.1.20".parse().unwrap(), "fe80::1".parse().unwrap()],
                http: Some(DoorAddress::Off),
                http_hosts: vec![HostName("stage.lan".to_owned())],
                http_token: TokenLife::Keep,
            },
            idle_end_minutes: Some(0),
        };
        assert_eq!(settings, want);
    }

    #[test]
    fn an_address_of_a_page_is_refused_as_a_host_name() {
        for name in ["busker.lan", "stage", "a_b-c.d", "10.0.0.1"] {
            assert_eq!(name.parse(), Ok(HostName(name.to_owned())));
        }
        for other in ["", "http://busker.lan", "busker.lan:80", "*.lan", "a..b", "a b", ".lan", "lan.", "a@b"] {
            assert!(other.parse::<HostName>().is_err(), "{other}");
        }
    }

    #[test]
    fn an_empty_file_sets_nothing() {
        assert_eq!(read(""), Settings::default());
        assert_eq!(read("# nothing\n"), Settings::default());
    }

    #[test]
    fn a_fault_in_a_profile_takes_no_setting_away() {
        let settings = read("cc_profiles: { a: { cutoff: { cc: 200 } } }\nprofile: a\n");
        assert_eq!(settings.profile.as_deref(), Some("a"));
    }

    #[test]
    fn every_fault_is_named_with_its_line_and_takes_nothing_else_away() {
        let text = "audio:\n  input: 4-3\n  blok: 128\n  block: 64\nclock:\n  bpm: 500\n  run: off\nmonitor: 3\n";
        let file = SettingsFile::check("config.yaml", text).unwrap();
        assert_eq!(
            told(&file.faults),
            [
                "config.yaml:2 audio.input: '4-3' does not fit, allowed numbers from 1 to 256, like 1, 3-4 or 1,3-5, at most 32 of them and each once",
                "config.yaml:3 audio.blok: 'blok' is not a field here, allowed device, sample_rate, block, input, monitor",
                "config.yaml:6 clock.bpm: '500' does not fit, allowed 20 to 300",
                "config.yaml:8 monitor: 'monitor' is not a field here, allowed audio, midi, profile, cc_profiles, clock, recordings, record, doors, idle_end_minutes",
            ]
        );
        let sound = Settings { block_frames: Some(64), clock_on: Some(false), ..Settings::default() };
        assert_eq!(file.settings, sound);
        assert!(SettingsFile::check("config.yaml", "audio: [").is_err(), "a text that is no YAML is an error");
    }

    #[test]
    fn a_missing_device_port_or_folder_is_named_and_takes_nothing_else_away() {
        let text = "audio: { device: bogus, block: 64 }\nmidi:\n  ports:\n    - 'bogus:1'\n    - sim\n    - raw:midi\n    - { port: 'bogus:2', channel: 3 }\nrecordings: jams\nrecord: { second_folder: usb }\n";
        let file = SettingsFile::check("config.yaml", text).unwrap();
        assert_eq!(
            told(&file.faults),
            [
                "config.yaml:1 audio.device: 'bogus' is not an audio device: auto, sim, alsa, alsa:NAME, jack, \
                 jack:SERVER",
                "config.yaml:4 midi.ports.1: 'bogus:1' is not a MIDI port: auto, sim, alsa:NAME, jack:NAME, jack:, \
                 raw:PATH",
                "config.yaml:6 midi.ports.3: 'raw:midi' does not fit, allowed a path, absolute or from ~/",
                "config.yaml:7 midi.ports.4.port: 'bogus:2' is not a MIDI port: auto, sim, alsa:NAME, jack:NAME, \
                 jack:, raw:PATH",
                "config.yaml:8 recordings: 'jams' does not fit, allowed a folder, absolute or from ~/",
                "config.yaml:9 record.second_folder: 'usb' does not fit, allowed a folder, absolute or from ~/, or off",
            ]
        );
        let ports = vec![(PortChoice::Sim, PortSettings::default())];
        assert_eq!(file.settings, Settings { block_frames: Some(64), ports, ..Settings::default() });
        assert_eq!(file.places.ports.iter().map(|place| place.line).collect::<Vec<_>>(), [Some(5)]);
    }

    #[test]
    fn a_path_below_home_is_below_home_in_every_setting() {
        let home = home_folder().unwrap();
        let settings = read("recordings: ~/jams\nrecord: { second_folder: ~/usb }\nmidi: { ports: ['raw:~/fifo'] }\n");
        assert_eq!(settings.recordings, Some(home.join("jams")));
        assert_eq!(settings.recorder.second_folder, Some(home.join("usb")));
        let fifo = home.join("fifo").display().to_string();
        assert_eq!(settings.ports, [(PortChoice::Raw(fifo), PortSettings::default())]);
    }

    #[test]
    fn settings_before_a_line_that_is_no_yaml_count_and_its_faults_are_named() {
        let sound = Settings { block_frames: Some(64), ..Settings::default() };
        for rest in [
            "midi:\n\tchannel: 3\nclock: { run: off }\n",
            "midi: { channel: 3\nprofile: a\nclock:\n  run: off\n",
            "midi: { channel: 3\n",
            "midi: 'a\n",
        ] {
            let text = format!("audio:\n  block: 64\n  blok: 3\n{rest}");
            let file = SettingsFile::check("config.yaml", &text).unwrap();
            assert_eq!(file.settings, sound, "{rest}");
            let [blok, broken] = &told(&file.faults)[..] else { panic!("{:?}", file.faults) };
            assert!(blok.starts_with("config.yaml:3 audio.blok: "), "{blok}");
            assert!(broken.ends_with("nothing from line 4 on (`midi:`) is used"), "{broken}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_take_away_only_the_settings_after_them() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.yaml");
        for (bytes, line, run) in [
            // Latin-1 in a comment is no fault at all.
            (&b"clock: { bpm: 94 }\n# f\xfcr\nprofile: a\n"[..], None, true),
            (b"clock: { bpm: 94 } # f\xfcr\nprofile: a\n", None, true),
            (b"clock: { bpm: 94 }\nrecordings: /f\xfcr\nprofile: a\n", Some(2), false),
            (b"clock: { bpm: 94 }\nprofile: a\n\0\n", Some(3), true),
            (b"clock: { bpm: 94 }\nprofile: a\n\0", Some(3), true),
            (b"clock: { bpm: 94 }\n# a\x07b\nprofile: a\n", Some(2), false),
            (b"clock: { bpm: 94 }\n---\nprofile: a\n", Some(2), false),
            (b"---\nclock: { bpm: 94 }\n---\nprofile: [\n", Some(3), false),
            (b"clock: { bpm: 94 }\n---\n---\n\tx\n", Some(2), false),
            (b"clock: { bpm: 94 }\nmidi:\n  # f\0r\n  channel: 2\nprofile: a\n", Some(3), false),
        ] {
            std::fs::write(&path, bytes).unwrap();
            let file = SettingsFile::load(&path).unwrap();
            let shown = bytes.escape_ascii();
            assert_eq!(file.settings.bpm, Bpm::new(94.0), "{shown}");
            assert_eq!(file.settings.profile.is_some(), run, "{shown}");
            let lines: Vec<_> = file.faults.iter().map(|fault| fault.line).collect();
            assert!(lines.len() == usize::from(line.is_some()), "{shown}: {:?}", file.faults);
            if let Some(fault) = file.faults.first() {
                assert!(fault.message.contains("nothing from line"), "{fault}");
                assert!(fault.line >= line, "{fault}");
            }
        }
    }

    #[test]
    fn settings_that_are_no_plain_file_are_named_without_waiting_for_them() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.yaml");
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        let why = SettingsFile::load(&path).unwrap_err().to_string();
        assert!(why.contains("config.yaml: cannot be read: it is not a file but a pipe"), "{why}");
        std::fs::remove_file(&path).unwrap();
        std::fs::create_dir(&path).unwrap();
        assert!(SettingsFile::load(&path).is_err());
        std::fs::remove_dir(&path).unwrap();
        std::os::unix::fs::symlink("/dev/zero", &path).unwrap();
        assert!(SettingsFile::load(&path).is_err());
    }

    #[test]
    fn a_number_or_switch_in_quotes_is_named_with_the_reason() {
        let text = "midi: { clock: { enabled: 'true' } }\nclock: { run: 'false', bpm: '94' }\n";
        let file = SettingsFile::check("config.yaml", text).unwrap();
        let told = told(&file.faults);
        for part in [
            "'true' does not fit, allowed true without quotes, or yes, no, on, off",
            "'false' does not fit, allowed false without quotes, or yes, no, on, off",
            "'94' does not fit, allowed 20 to 300 without quotes",
        ] {
            assert!(told.iter().any(|fault| fault.ends_with(part)), "{told:?}");
        }
    }

    #[test]
    fn a_mark_of_utf_8_is_no_fault_and_a_tab_is_named() {
        assert_eq!(read("\u{feff}profile: a\n").profile.as_deref(), Some("a"));
        let fault = SettingsFile::check("config.yaml", "midi:\n\tchannel: 3\n").unwrap_err().to_string();
        assert_eq!(fault, "config.yaml:2: a tab indents this line; YAML is indented by spaces");
    }

    #[test]
    fn settings_of_the_program_before_load_unchanged() {
        let text = "midi:
  output_port: 'NTS-1'
  output_channel: 3
  clock: { enabled: true, send_start_stop: false, send_song_position: true }
  cc_profile: { active_profile: fm_synth, parameter_smoothing: true, cc_throttle_ms: 12 }
";
        let file = SettingsFile::check("config.yaml", text).unwrap();
        assert_eq!(file.faults, []);
        let every_port = PortSettings {
            sends: ClockSends { transport: false, ..ClockSends::ALL },
            spacing_ms: Some(12),
            smoothing_ms: Some(20),
            ..PortSettings::default()
        };
        let want = Settings {
            ports: vec![(PortChoice::Alsa("NTS-1".to_owned()), every_port.clone())],
            every_port,
            channel: Channel::new(3),
            profile: Some("fm_synth".to_owned()),
            clock_on: Some(true),
            ..Settings::default()
        };
        assert_eq!(file.settings, want);
        assert_eq!(
            told(&file.older),
            [
                "config.yaml:2 midi.output_port: is written midi.ports: ['alsa:NTS-1'] now",
                "config.yaml:3 midi.output_channel: is written midi.channel: 3 now",
                "config.yaml:4 midi.clock: is written clock.run now, and the parts a port gets at the port: clock: \
                 pulses transport position",
                "config.yaml:5 midi.cc_profile.active_profile: is written profile: fm_synth now",
                "config.yaml:5 midi.cc_profile.parameter_smoothing: is written at the port now: smoothing_ms: 20",
                "config.yaml:5 midi.cc_profile.cc_throttle_ms: is written at the port now: spacing_ms: 12",
            ]
        );
    }

    #[test]
    fn a_setting_in_both_spellings_takes_its_value_from_the_present_one() {
        let settings = read(
            "midi: { output_port: auto, output_channel: 3, channel: 4, ports: ['jack:x', { port: sim, clock: all, spacing_ms: 5, smoothing_ms: 0 }],
  clock: { enabled: true, send_song_position: no }, cc_profile: { active_profile: a, parameter_smoothing: yes, cc_throttle_ms: 9 } }
profile: b
clock: { run: off }
",
        );
        assert_eq!(
            (settings.profile.as_deref(), settings.channel, settings.clock_on),
            (Some("b"), Channel::new(4), Some(false))
        );
        let gets: Vec<_> = settings
            .ports
            .iter()
            .map(|(choice, port)| (choice.to_string(), port.sends.position, port.spacing_ms, port.smoothing_ms))
            .collect();
        let want = [("jack:x".to_owned(), false, Some(9), Some(20)), ("sim".to_owned(), true, Some(5), Some(0))];
        assert_eq!(gets, want);
    }
}
