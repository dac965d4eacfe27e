//! From flags and settings to the configuration of an engine: for every subcommand that makes sound.

use super::{Failure, complain};
use crate::{
    command::{
        Command,
        arg::{Arg, Text},
        channels::ChannelList,
    },
    config::{DoorSettings, Folders, SettingPlaces, Settings, SettingsFile},
    engine::{
        config::{EngineConfig, SyncConfig},
        host::AudioRequest,
        select::{DeviceChoice, PortChoice, PortWish},
    },
    hints,
    music::Bpm,
    profile::{DEFAULT_ID, FALLBACK_ID, ProfileScan},
    remote::socket::socket_file,
    session::folder as session,
    status::Severity,
    stored::StoredValue,
    yaml::Fault,
};
use clap::Args;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

/// Arguments of every subcommand with an engine.
#[derive(Args, Clone, Debug, Default, PartialEq)]
pub struct StationArgs {
    /// Use the built-in synth on a simulated device
    #[arg(long)]
    pub demo: bool,
    /// The synth's profile, like korg_nts1_mk2
    #[arg(long, value_name = "ID")]
    pub profile: Option<String>,
    /// The audio device: auto, sim, alsa:NAME, jack
    #[arg(long, value_name = "ID")]
    pub device: Option<DeviceChoice>,
    /// The inputs to record and monitor, like 1 or 3-4
    #[arg(long, value_name = "CHANNELS")]
    pub input: Option<ChannelList>,
    /// A MIDI port: auto, sim, alsa:NAME, jack:NAME, raw:PATH; repeatable
    #[arg(long, value_name = "PORT")]
    pub port: Vec<PortChoice>,
    /// A session folder, created if missing
    #[arg(long, value_name = "DIR")]
    pub session: Option<PathBuf>,
    #[command(flatten)]
    pub socket: SocketArgs,
}

/// The station to connect to.
#[derive(Args, Clone, Debug, Default, PartialEq)]
pub struct SocketArgs {
    /// The station's socket, if several stations run
    #[arg(long, value_name = "PATH")]
    pub socket: Option<PathBuf>,
}

impl SocketArgs {
    /// The given socket, or this user's default.
    pub fn path(&self) -> PathBuf {
        self.socket.clone().unwrap_or_else(socket_file::of_user)
    }

    /// The same for a subcommand that connects to the station; prints a warning if other users may access the socket.
    pub fn checked_path(&self) -> PathBuf {
        let path = self.path();
        if let Some(doubt) = socket_file::doubt(&path) {
            complain(&doubt);
        }
        path
    }
}

/// Flags and settings, merged and checked.
pub struct Setup {
    /// The configuration of the engine.
    pub config: EngineConfig,
    /// The audio device.
    pub device: DeviceChoice,
    /// The MIDI ports.
    pub ports: Vec<PortWish>,
    /// The command that opens or creates the requested session, once the engine runs.
    pub session: Option<Command>,
    /// The request to the audio device.
    pub request: AudioRequest,
    /// Lines of the settings for the device, the ports and the inputs that no flag names, and for the addresses.
    pub places: SettingPlaces,
    /// Notices for the user: faults in files, missing devices.
    pub notices: Vec<(Severity, String)>,
    /// The station's socket.
    pub socket: PathBuf,
    /// The addresses where `serve` listens.
    pub doors: DoorSettings,
    /// Time after which a station without a screen and without activity ends; `None` for never.
    pub idle_end: Option<Duration>,
    /// The paths of busker's files.
    pub folders: Folders,
}

impl Setup {
    /// Reads the settings and profiles; their faults become notices, and the rest is used.
    ///
    /// # Errors
    /// A folder that cannot be a session.
    pub fn new(args: &StationArgs) -> Result<Setup, Failure> {
        let folders = Folders::of_user();
        let mut notices = Vec::new();
        let read = SettingsFile::load(&folders.settings_file());
        let (file, severity, consequence) = match read {
            Ok(file) => (file, Severity::Warning, "the other settings apply"),
            Err(fault) => {
                let file = SettingsFile { faults: vec![fault], ..SettingsFile::default() };
                (file, Severity::Error, "the settings are not used")
            }
        };
        notices.extend(socket_file::doubt(&args.socket.path()).map(|doubt| (Severity::Warning, doubt)));
        let SettingsFile { mut settings, faults: of_settings, mut places, older } = file;
        notices.extend(of_settings.iter().map(|fault| (severity, format!("{fault}; {consequence}"))));
        notices.extend(older.iter().map(|note| (Severity::Info, note.to_string())));
        let reading = ProfileScan::first(folders.profile_places());
        // A fault of the whole file was reported above.
        let told = |fault: &&Fault| of_settings.iter().any(|of| (&of.file, of.line) == (&fault.file, fault.line));
        let faults: Vec<Fault> = reading.faults.iter().filter(|fault| !told(fault)).cloned().collect();
        notices.extend(tell(&faults, "the profile is ignored"));
        let library = reading.library.clone();
        let wanted = args.profile.as_deref().or(settings.profile.as_deref()).unwrap_or(DEFAULT_ID);
        let profile = match library.get(wanted).or_else(|| {
            let ids: Vec<&str> = library.ids().collect();
            let message = format!("unknown profile '{wanted}' ({}); {FALLBACK_ID} is used", hints::there_is(&ids));
            let place = places.profile.clone().filter(|_| args.profile.is_none());
            let text = place.map_or(message.clone(), |place| Fault { message, ..place }.to_string());
            notices.push((Severity::Warning, text));
            library.get(FALLBACK_ID)
        }) {
            Some(profile) => Arc::clone(profile),
            None => return Err(Failure::other("the built-in profiles are missing from this program")),
        };
        let (device, ports) = choose(args, &settings);
        if args.demo || args.device.is_some() {
            places.device = None;
        }
        if args.demo || !args.port.is_empty() {
            places.ports.clear();
        }
        if args.input.is_some() {
            places.input = None;
            settings.recorder.inputs = None;
        }
        let idle_end = settings.idle_end();
        let session = args.session.as_deref().map(session_command).transpose()?;
        let input = args.input.clone().or(settings.input);
        let request = AudioRequest {
            sample_rate_hz: settings.sample_rate_hz,
            block_frames: settings.block_frames,
            inputs: input.as_ref().map(|list| usize::from(list.highest())),
            jack_ports: Vec::new(),
        };
        let sync = SyncConfig {
            source: settings.clock_source.unwrap_or_default(),
            from: settings.clock_from,
            lost: settings.clock_lost.unwrap_or_default(),
        };
        let (learned, faults) = StoredValue::load(folders.learned_file());
        notices.extend(tell(&faults, "no MIDI mapping is loaded, and new ones are not saved until you fix the file"));
        let (snapshots, faults) = StoredValue::load(folders.snapshots_file());
        notices.extend(tell(&faults, "no snapshot is loaded, and new ones are not saved until you fix the file"));
        let (latencies, faults) = StoredValue::load(folders.latencies_file());
        notices
            .extend(tell(&faults, "no measured latency is loaded, and new ones are not saved until you fix the file"));
        let folder = settings.recordings.unwrap_or_else(|| folders.music.clone());
        let config = EngineConfig {
            channel: settings.channel,
            bpm: settings.bpm.unwrap_or(Bpm::DEFAULT),
            clock_on: settings.clock_on.unwrap_or(true),
            input,
            monitor: settings.monitor,
            recorder: settings.recorder,
            verdicts: Some(folders.verdicts()),
            mends: true,
            sync,
            learned,
            snapshots,
            latencies,
            watched: Some(reading),
            ..EngineConfig::new(library, profile, folder)
        };
        Ok(Setup {
            config,
            device,
            ports,
            session,
            request,
            places,
            notices,
            socket: args.socket.path(),
            doors: settings.doors,
            idle_end,
            folders,
        })
    }

    /// For subcommands without a screen: warnings go to the standard error, and a fault in a file ends the subcommand.
    ///
    /// # Errors
    /// The faults of the settings and profiles.
    pub fn complain(&mut self) -> Result<(), Failure> {
        // There, no profile is reloaded: errors at run time are the subcommand's own.
        self.config.watched = None;
        // Nor are takes measured and repaired in the background.
        self.config.verdicts = None;
        self.config.mends = false;
        let faults: Vec<String> =
            self.notices.iter().filter(|(severity, _)| *severity == Severity::Error).map(|(_, t)| t.clone()).collect();
        let to_tell = self.notices.drain(..).filter(|(severity, _)| *severity == Severity::Warning);
        to_tell.for_each(|(_, text)| complain(&text));
        if faults.is_empty() { Ok(()) } else { Err(Failure::asked(faults.join("\nbusker: "))) }
    }
}

/// The command that opens the session in a folder, or creates one if there is none. A path on the command line is
/// relative to the current folder.
fn session_command(folder: &Path) -> Result<Command, Failure> {
    let refused = |why: String| Failure::asked(format!("--session {}: {why}", folder.display()));
    let absolute = std::path::absolute(folder).map_err(|error| refused(error.to_string()))?;
    let path = Text::read(absolute.to_str()).map_err(|allowed| refused(format!("allowed: {allowed}")))?;
    let is_there = session::meant(&path.0, Path::new(""), None).join(session::FILE).exists();
    Ok(if is_there { Command::SessionOpen { path } } else { Command::SessionNew { path } })
}

/// Flags first, then settings, then `auto`.
fn choose(args: &StationArgs, settings: &Settings) -> (DeviceChoice, Vec<PortWish>) {
    if args.demo {
        return (DeviceChoice::Sim, vec![PortChoice::Sim.into()]);
    }
    let device = args.device.as_ref().or(settings.device.as_ref()).cloned().unwrap_or(DeviceChoice::Auto);
    let settled: Vec<PortWish> = settings
        .ports
        .iter()
        .map(|(choice, settings)| PortWish { choice: choice.clone(), settings: settings.clone(), wait: true })
        .collect();
    // A port that a flag names has its settings from the settings file.
    let named = |choice: &PortChoice| {
        let known = settled.iter().find(|wish| wish.choice == *choice);
        let settings = known.map_or_else(|| settings.every_port.clone(), |wish| wish.settings.clone());
        PortWish { choice: choice.clone(), settings, wait: false }
    };
    let ports = match (&args.port[..], &settled[..]) {
        ([], []) => vec![named(&PortChoice::Auto)],
        ([], _) => settled,
        (flags, _) => flags.iter().map(named).collect(),
    };
    (device, ports)
}

fn tell(faults: &[Fault], consequence: &str) -> Vec<(Severity, String)> {
    faults.iter().map(|fault| (Severity::Error, format!("{fault}; {consequence}"))).collect()
}
