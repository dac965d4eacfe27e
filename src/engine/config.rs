//! What an engine is to be, apart from devices and ports.

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

/// Thirty times a second: what a screen can show.
const TURN: Duration = Duration::from_millis(33);

/// The settings of an engine.
#[derive(Clone)]
pub struct EngineConfig {
    /// Every profile there is.
    pub library: Library,
    /// What the profiles were read from, where it is watched for edits while the engine runs in real time.
    pub watched: Option<ProfileScan>,
    /// The one in use.
    pub profile: Arc<Profile>,
    /// The instrument's channel, where it is not the profile's.
    pub channel: Option<Channel>,
    /// The tempo at start.
    pub bpm: Bpm,
    /// Whether MIDI clock is sent from the start.
    pub clock_on: bool,
    /// The recorded inputs; nothing is "where the instrument is".
    pub input: Option<ChannelList>,
    /// How loud the inputs are heard; nothing is "as is safe".
    pub monitor: Option<Decibels>,
    /// How takes are made.
    pub recorder: RecorderOptions,
    /// Where what is measured of finished takes is kept; without it they are not measured.
    pub verdicts: Option<PathBuf>,
    /// How often the control thread listens to the other threads and shows how things are, in real time.
    pub turn: Duration,
    /// Whether what an interrupted run left among the takes is mended at the start.
    pub mends: bool,
    /// Where recordings go, and sessions are looked for.
    pub folder: PathBuf,
    /// Where the tempo comes from.
    pub sync: SyncConfig,
    /// What controllers and notes are tied to.
    pub learned: StoredValue<MidiMaps>,
    /// The library of snapshots.
    pub snapshots: StoredValue<Snapshots>,
    /// Measured round trips.
    pub latencies: StoredValue<Latencies>,
    /// What may be done with a session's folder.
    pub sessions: SessionRules,
    /// The ways in.
    pub doors: Doors,
}

impl EngineConfig {
    /// The defaults: this profile of this library, 120 BPM with the clock on, the inputs where the instrument is.
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

    /// A rehearsal: everything is read as ever, and left as it is. Only takes are made.
    pub fn rehearse(&mut self) {
        (self.learned.home.file, self.snapshots.home.file, self.latencies.home.file) = (None, None, None);
        self.sessions = SessionRules { keep: false, takes: false };
    }

    /// The defaults with nothing but what is built in; nothing where even that is missing.
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

/// How a MIDI clock is followed.
#[derive(Clone, Debug, Default)]
pub struct SyncConfig {
    /// The clock source at the start.
    pub source: ClockSource,
    /// The port whose clock is followed; the first that sends one, where none is named.
    pub from: Option<String>,
    /// What becomes of the song when that clock is lost.
    pub lost: ClockLost,
}

/// What may be done with a session's folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionRules {
    /// Whether it is locked and written; a rehearsal only reads.
    pub keep: bool,
    /// Whether takes go there; not where they were given a folder of their own.
    pub takes: bool,
}

impl Default for SessionRules {
    fn default() -> Self {
        SessionRules { keep: true, takes: true }
    }
}
