//! A session: what belongs to one piece of work, as `session.yaml` in its folder says it. Pure, but for [`lock`] and
//! [`folder`].
//!
//! [`model`] is what of it changes while a musician works, [`edit`] the only way to change that, [`history`] what can be
//! undone. The control thread gathers a [`Session`] from the model and from what is not in it yet (tempo, macros,
//! modulation, automation), and the keeper writes it.
//!
//! ```yaml
//! bpm: 120
//! tracks:
//!   - id: 1
//!     name: drone
//! instruments:
//!   - port: sim
//!     profile: korg_nts1_mk2
//!     values: { filter_cutoff: 127 }
//!     macros: [ "macro.drive bright filter_cutoff 0.2 0.9 exponential" ]
//!     motion: [ "mod.set filter_cutoff lfo sine 1/4 depth 0.3" ]
//!     automation: { filter_cutoff: "0 12, 24.5 80" }
//! snapshots:
//!   - { profile: korg_nts1_mk2, name: warm, values: { filter_cutoff: 90 } }
//! ```
//!
//! Everything is optional. `session/tracks_file.rs` reads and writes the tracks. An instrument is known by its port; it may name a profile, parameters and commands that are not
//! known here: they are kept. Turns on the timeline are text, each with its place, a pulse of the song (24 to a quarter
//! note), and the value from there on: thousands of them would be a heavy tree.

pub mod edit;
pub mod folder;
pub mod history;
pub mod lock;
pub mod model;
pub mod playlist;
pub mod song;
pub mod track;
mod tracks_file;

use crate::{
    motion::Lane,
    music::Bpm,
    snapshots::{LIST_BYTES_MAX, Snapshots},
    stored::{FromYaml, ToYaml},
    yaml::{self, Fault, YamlField, YamlReader, name, quoted},
};
use song::SongState;
use std::{
    collections::{BTreeMap, HashSet},
    path::Path,
    sync::Arc,
};
use track::Track;

/// Longest text of a port, a profile, a parameter or a command, in characters.
const TEXT_CHARS_MAX: usize = 400;
/// The highest value of any parameter: 14 bits.
const VALUE_MAX: i64 = 16_383;
/// The furthest place on the timeline, in pulses: more than a year at 300 BPM.
const PULSE_MAX: f64 = 1e10;
/// So many bytes are for the tracks: some thirty thousand layers and clips.
const TRACKS_BYTES_MAX: usize = 4 << 20;

/// All of it. Its parts are shared: what did not change since the last time is not copied.
#[derive(Clone, Debug, PartialEq)]
pub struct Session {
    /// The tempo.
    pub bpm: Bpm,
    /// What the tracks share.
    pub song: Arc<SongState>,
    /// In their order.
    pub tracks: Vec<Arc<Track>>,
    /// Where the session is: files of tracks that are in it are written relative to it. Empty where that is not known; see
    /// [`Session::placed_in`].
    pub folder: Arc<Path>,
    /// In the order of the file.
    pub instruments: Vec<Arc<InstrumentState>>,
    /// Its own snapshots.
    pub snapshots: Arc<Snapshots>,
}

/// The state of the synth behind a port.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InstrumentState {
    /// The port, as it is asked for.
    pub port: String,
    /// The profile's id; where none is named, the one that the port has.
    pub profile: Option<String>,
    /// Where the knobs stand, by the parameter's name, in the target's own units.
    pub values: BTreeMap<String, u16>,
    /// Lines of the command table that make its macros.
    pub macros: Vec<String>,
    /// Lines of the command table that set its knobs in motion.
    pub motion: Vec<String>,
    /// What was recorded on the timeline, by the parameter's name.
    pub automation: BTreeMap<String, Lane>,
}

impl Default for Session {
    fn default() -> Session {
        Session {
            bpm: Bpm::default(),
            song: Arc::default(),
            tracks: Vec::new(),
            folder: Path::new("").into(),
            instruments: Vec::new(),
            snapshots: Arc::default(),
        }
    }
}

impl Session {
    /// The session, read from a file in this folder: files that it names relative to that are there.
    pub fn placed_in(self, folder: &Path) -> Session {
        let tracks = self.tracks.iter().map(|track| Arc::new(tracks_file::placed(track, folder))).collect();
        Session { tracks, folder: folder.into(), ..self }
    }

    /// The files of its tracks, each once.
    pub fn files(&self) -> impl Iterator<Item = &Arc<Path>> {
        let mut seen = HashSet::new();
        self.tracks.iter().flat_map(|track| track.files()).filter(move |file| seen.insert(Arc::clone(file)))
    }
}

impl FromYaml for Session {
    /// As many snapshots as may be made, and so much again for the instruments: the longest automation that can be recorded
    /// is a quarter of that. And the tracks.
    const BYTES_MAX: usize = 2 * LIST_BYTES_MAX + TRACKS_BYTES_MAX;

    fn from_yaml(file: &str, text: &str) -> Result<Session, Vec<Fault>> {
        yaml::check_within(Self::BYTES_MAX, file, text, |reader, root| {
            if !root.is_given() {
                return Some(Session::default());
            }
            let map = reader.versioned(root, &["bpm", "song", "tracks", "instruments", "snapshots"])?;
            let bpm = reader.number(&map.field("bpm"), Bpm::MIN.get(), Bpm::MAX.get()).and_then(Bpm::new);
            let instruments = reader.items(&map.field("instruments"));
            Some(Session {
                bpm: bpm.unwrap_or_default(),
                song: Arc::new(tracks_file::read_song(reader, &map.field("song"))),
                tracks: tracks_file::read_tracks(reader, &map.field("tracks")),
                instruments: instruments
                    .iter()
                    .filter_map(|item| read_instrument(reader, item))
                    .map(Arc::new)
                    .collect(),
                snapshots: Arc::new(Snapshots::read(reader, &map.field("snapshots"))),
                ..Session::default()
            })
        })
    }
}

fn read_instrument(reader: &mut YamlReader<'_>, field: &YamlField<'_>) -> Option<InstrumentState> {
    let map = reader.mapping(field, &["port", "profile", "values", "macros", "motion", "automation"])?;
    let port = reader.needed(&map, "port", |reader, port| reader.text(port, TEXT_CHARS_MAX));
    let profile = reader.text(&map.field("profile"), TEXT_CHARS_MAX);
    let values = entries(reader, &map.field("values"));
    let value_of = |(param, value): &(String, YamlField<'_>), reader: &mut YamlReader<'_>| {
        Some((param.clone(), reader.int(value, 0, VALUE_MAX)? as u16))
    };
    let values = values.iter().filter_map(|entry| value_of(entry, reader)).collect();
    let (macros, motion) = (lines(reader, &map.field("macros")), lines(reader, &map.field("motion")));
    let curves = entries(reader, &map.field("automation"));
    let lane = |(param, lane): &(String, YamlField<'_>)| Some((param.clone(), read_lane(reader, lane)?));
    let automation = curves.iter().filter_map(lane).collect();
    Some(InstrumentState { port: port?, profile, values, macros, motion, automation })
}

fn entries<'n>(reader: &mut YamlReader<'_>, field: &YamlField<'n>) -> Vec<(String, YamlField<'n>)> {
    if field.is_given() { reader.entries(field) } else { Vec::new() }
}

fn lines(reader: &mut YamlReader<'_>, field: &YamlField<'_>) -> Vec<String> {
    reader.items(field).iter().filter_map(|line| reader.text(line, TEXT_CHARS_MAX)).collect()
}

fn read_lane(reader: &mut YamlReader<'_>, field: &YamlField<'_>) -> Option<Lane> {
    let text = reader.text(field, Session::BYTES_MAX)?;
    let point = |point: &str| {
        let (pulse, value) = point.trim().split_once(' ')?;
        let pulse = pulse.parse().ok().filter(|pulse: &f64| (0.0..=PULSE_MAX).contains(pulse))?;
        Some((pulse, value.trim().parse().ok().filter(|value| i64::from(*value) <= VALUE_MAX)?))
    };
    let mut points = Vec::new();
    for written in text.split(',') {
        let Some(point) = point(written) else {
            let allowed = "allowed a pulse and a value, like 24.5 80, with commas between";
            reader.fault(field, format!("'{}' does not fit, {allowed}", written.trim()));
            return None;
        };
        points.push(point);
    }
    Some(Lane::of(points))
}

impl ToYaml for Session {
    const LOSS: &'static str = "the session still plays, but new changes are lost when busker ends";
    const ROOM: &'static str = "clear some tracks, or delete some snapshots or automation first";

    fn to_yaml(&self) -> String {
        let mut text =
            format!("# A busker session: `session.save` and every change write it.\nbpm: {}\n", self.bpm.get());
        text += &tracks_file::song_field(&self.song);
        text += &tracks_file::tracks_field(&self.tracks, &self.folder);
        text += if self.instruments.is_empty() { "instruments: []\n" } else { "instruments:\n" };
        for instrument in &self.instruments {
            text += &instrument.to_yaml();
        }
        text + &self.snapshots.field()
    }
}

impl InstrumentState {
    /// One knob, one line, one curve a line of text: what changed shows in a comparison of two files.
    fn to_yaml(&self) -> String {
        let mut text = format!("  - port: {}\n", quoted(&self.port));
        if let Some(profile) = &self.profile {
            text += &format!("    profile: {}\n", name(profile));
        }
        text += &block("values", self.values.iter().map(|(param, value)| format!("{}: {value}", name(param))));
        text += &block("macros", self.macros.iter().map(|line| format!("- {}", quoted(line))));
        text += &block("motion", self.motion.iter().map(|line| format!("- {}", quoted(line))));
        let lane = |(param, lane): (&String, &Lane)| {
            let points: Vec<String> = lane.points().iter().map(|(pulse, value)| format!("{pulse} {value}")).collect();
            format!("{}: {}", name(param), quoted(&points.join(", ")))
        };
        text + &block("automation", self.automation.iter().map(lane))
    }
}

/// A field with an entry a line; nothing where there is none.
fn block(field: &str, entries: impl Iterator<Item = String>) -> String {
    let entries: String = entries.map(|entry| format!("      {entry}\n")).collect();
    if entries.is_empty() { entries } else { format!("    {field}:\n{entries}") }
}

#[cfg(test)]
mod tests;
