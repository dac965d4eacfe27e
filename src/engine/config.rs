//! The settings of an engine, apart from devices and ports.

use super::doors::Doors;
use crate::{
    command::channels::ChannelList,
    config::{ClockLost, ClockSource, recorder::RecorderOptions},
    latencies::Latencies,
    midi::Channel,
    midi_maps::MidiMaps,
    music::{Bpm, Decibels},
    profile::{DEFAULT_ID, Library, Profile, ProfileScan},
    snapshots::Snapshots,
    stored::StoredValue,
};
use std::{path::PathBuf, sync::Arc, time::Duration};

/// Thirty times a second: the rate of a screen.
const TURN: Duration = Duration::from_millis(33);

/// The settings of an engine.
#[derive(Clone)]
pub struct EngineConfig {
    /// All profiles.
    pub library: Library,
    /// The files of the profiles, where they are watched for edits while the engine runs in real time.
    pub watched: Option<ProfileScan>,
    /// The profile in use.
    pub profile: Arc<Profile>,
    /// The instrument's channel, where it is not the profile's.
    pub channel: Option<Channel>,
    /// The tempo at start.
    pub bpm: Bpm,
    /// Whether MIDI clock is sent from the start.
    pub clock_on: bool,
    /// The recorded inputs; `None` is the built-in synth where that is played, else the device's first two.
    pub input: Option<ChannelList>,
    /// The monitor level of the inputs; `None` is the safe default.
    pub monitor: Option<Decibels>,
    /// How takes are made.
    pub recorder: RecorderOptions,
    /// The file for the measurements of finished takes; without it they are not measured.
    pub verdicts: Option<PathBuf>,
    /// How often the control thread reads from the other threads and publishes the status, in real time.
    pub turn: Duration,
    /// Whether takes of an interrupted run are repaired at the start.
    pub mends: bool,
    /// The folder for recordings, also searched for sessions.
    pub folder: PathBuf,
    /// The tempo source.
    pub sync: SyncConfig,
    /// The MIDI maps of controllers and notes.
    pub learned: StoredValue<MidiMaps>,
    /// The library of snapshots.
    pub snapshots: StoredValue<Snapshots>,
    /// Measured round trips.
    pub latencies: StoredValue<Latencies>,
    /// What the engine may do with a session's folder.
    pub sessions: SessionRules,
    /// The remote interfaces.
    pub doors: Doors,
}

impl EngineConfig {
    /// The defaults: this profile of this library, 120 BPM with the clock on, the default inputs.
    pub fn new(library: Library, profile: Arc<Profile>, folder: PathBuf) -> EngineConfig {
        EngineConfig {
            library,
            watched: None,
            profile,
            channel: None,
            bpm: Bpm::DEFAULT,
            clock_on: true,
            input: None,
            monitor: None,
            recorder: RecorderOptions::default(),
            verdicts: None,
            mends: false,
            turn: TURN,
            folder,
            sync: SyncConfig::default(),
            learned: StoredValue::default(),
            snapshots: StoredValue::default(),
            latencies: StoredValue::default(),
            sessions: SessionRules::default(),
            doors: Doors::default(),
        }
    }

    /// A rehearsal: everything is read as ever, and only takes are written.
    pub fn rehearse(&mut self) {
        (self.learned.home.file, self.snapshots.home.file, self.latencies.home.file) = (None, None, None);
        self.sessions = SessionRules { keep: false, takes: false };
    }

    /// The defaults with the built-in profiles alone; `None` where even those are missing.
    pub fn built_in(folder: impl Into<PathBuf>) -> Option<EngineConfig> {
        let (library, _) = Library::load(None);
        let profile = Arc::clone(library.get(DEFAULT_ID)?);
        Some(EngineConfig::new(library, profile, folder.into()))
    }
}

#[cfg(test)]
impl EngineConfig {
    /// The defaults, on an instrument whose knobs have 7 bits each: one message for a turn makes a test easy to read.
    pub fn of_seven_bits(folder: impl Into<PathBuf>) -> EngineConfig {
        use crate::profile::Target;
        let mut config = EngineConfig::built_in(folder).unwrap();
        let mut profile = Profile::clone(&config.profile);
        for param in &mut profile.params {
            if let Some(Target::Cc14 { msb, .. }) = param.target
                && !matches!(msb, 54 | 55)
            {
                let target = Some(Target::Cc(msb));
                (param.target, param.default, param.hi) = (target, param.default >> 7, 127);
                param.display_ends = param.display_ends.filter(|(at_lo, at_hi)| at_lo > at_hi);
            }
        }
        config.library = config.library.with(profile);
        config.profile = Arc::clone(config.library.get(DEFAULT_ID).unwrap());
        config
    }
}

/// How MIDI clock is followed.
#[derive(Clone, Debug, Default)]
pub struct SyncConfig {
    /// The clock source at the start.
    pub source: ClockSource,
    /// The port whose clock is followed; `None` is the first that sends one.
    pub from: Option<String>,
    /// What the song does when that clock is lost.
    pub lost: ClockLost,
}

/// What the engine may do with a session's folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionRules {
    /// Whether it is locked and written; a rehearsal only reads.
    pub keep: bool,
    /// Whether takes go there; false where the user gave them a folder of their own.
    pub takes: bool,
}

impl Default for SessionRules {
    fn default() -> Self {
        SessionRules { keep: true, takes: true }
    }
}
