//! Tracks, and what they share, as `session.yaml` says them. Pure.
//!
//! ```yaml
//! song:
//!   grid: beat
//!   loop: { from_pulse: 0, to_pulse: 384 }
//!   loop_on: true
//!   markers:
//!     - { at_pulse: 96, name: verse }
//! tracks:
//!   - id: 1
//!     name: drone
//!     input: 1-2
//!     gain_db: -3
//!     loop:
//!       at_pulse: 96
//!       pulses: 96
//!       layers:
//!         - { file: audio/drone.wav, from: 2400, at: 0, frames: 96000, in: 480, out: 480, likeness: 0 }
//!     clips:
//!       - { file: audio/drone-2.wav, from: 2400, at_pulse: 192, frames: 96000, in: 120, out: 120, layer: true }
//! ```
//!
//! Only what differs from the default is written; a layer and a clip are a line each. `from` is a frame of the file, `at` one
//! of the loop, `in` and `out` are fades in frames. A file below the session's folder is written relative to it; any other
//! is absolute. So a session can be moved, and opens where it is.

use super::{
    PULSE_MAX, TEXT_CHARS_MAX,
    playlist::Fade,
    song::{MARKERS_MAX, Marker, QuantizeGrid, SongState},
    track::{
        LAYERS_MAX, LOOP_PULSES_MAX, LoopLayer, MonitorMode, RecordMode, SPEEDS, TRACKS_MAX, Track, TrackClip, TrackId,
        TrackLoop,
    },
};
use crate::{
    music::{Decibels, LoopRegion, Punch},
    taps::Taps,
    yaml::{Mapping, YamlField, YamlReader, name, quoted},
};
use std::{
    collections::{HashMap, HashSet},
    path::{Component, Path, PathBuf, absolute},
    sync::Arc,
};

/// The most frames of a file, a fade or a place: two months at 192 kHz.
const FRAMES_MAX: i64 = 1 << 40;
/// The shortest loop, in pulses: far under the shortest that can be recorded.
const LOOP_PULSES_MIN: f64 = 0.001;
/// The highest number of a track: there is always a next one.
const ID_MAX: u32 = 1_000_000_000;
/// The highest gain, in dB, as that of the commands.
const GAIN_DB_MAX: f64 = 24.0;
/// The longest path, in characters.
const PATH_CHARS_MAX: usize = 4_096;

const TRACK_FIELDS: [&str; 14] = [
    "id",
    "name",
    "input",
    "arm",
    "monitor",
    "gain_db",
    "pan",
    "mute",
    "solo",
    "solo_safe",
    "mode",
    "feedback_percent",
    "loop",
    "clips",
];
const LAYER_FIELDS: [&str; 9] = ["file", "from", "at", "frames", "gain_db", "in", "out", "likeness", "out_likeness"];
const CLIP_FIELDS: [&str; 9] = ["file", "from", "at_pulse", "frames", "gain_db", "in", "out", "layer", "mute"];
const SONG_FIELDS: [&str; 7] = ["grid", "loop", "loop_on", "loop_count", "punch", "markers", "master_db"];

/// Reads tracks; a track, a clip or a layer with a fault is left out.
pub(super) fn read_tracks(reader: &mut YamlReader<'_>, field: &YamlField<'_>) -> Vec<Arc<Track>> {
    let items = items_within(reader, field, TRACKS_MAX, "tracks");
    let mut files = Files::default();
    let mut tracks: Vec<Track> = items.iter().filter_map(|item| read_track(reader, item, &mut files)).collect();
    // A number that is missing, or that another track has, becomes the next free one.
    let mut next = tracks.iter().map(|track| track.id.0).max().unwrap_or(0);
    let mut taken = HashSet::from([TrackId::default()]);
    for track in &mut tracks {
        if !taken.insert(track.id) {
            next += 1;
            track.id = TrackId(next);
            taken.insert(track.id);
        }
    }
    tracks.into_iter().map(Arc::new).collect()
}

/// Reads what tracks share.
pub(super) fn read_song(reader: &mut YamlReader<'_>, field: &YamlField<'_>) -> SongState {
    if !field.is_given() {
        return SongState::default();
    }
    let Some(map) = reader.mapping(field, &SONG_FIELDS) else { return SongState::default() };
    let region = read_region(reader, &map.field("loop"));
    let (punch, punch_on) = read_punch(reader, &map.field("punch"));
    let markers = items_within(reader, &map.field("markers"), MARKERS_MAX, "markers");
    let mut markers: Vec<Marker> = markers.iter().filter_map(|item| read_marker(reader, item)).collect();
    markers.sort_by(|a, b| a.at_pulse.total_cmp(&b.at_pulse));
    SongState {
        region,
        loop_on: flag(reader, &map, "loop_on"),
        loop_count: reader.int(&map.field("loop_count"), 1, u32::MAX.into()).map(|count| count as u32),
        punch,
        punch_on,
        markers,
        grid: word_of(reader, &map.field("grid"), &QuantizeGrid::WORDS).unwrap_or_default(),
        master_db: reader
            .number(&map.field("master_db"), Decibels::SILENCE.0.into(), GAIN_DB_MAX)
            .map_or(0.0, |gain| gain as f32),
    }
}

/// The paths that were read, each once.
#[derive(Default)]
struct Files(HashMap<String, Arc<Path>>);

fn read_track(reader: &mut YamlReader<'_>, field: &YamlField<'_>, files: &mut Files) -> Option<Track> {
    let map = reader.mapping(field, &TRACK_FIELDS)?;
    let name = reader.needed(&map, "name", |reader, name| reader.text(name, TEXT_CHARS_MAX));
    let id = reader.int(&map.field("id"), 1, ID_MAX.into()).map_or(TrackId::default(), |id| TrackId(id as u32));
    let input = map.field("input");
    let inputs = if input.is_given() { reader.parsed::<Taps>(&input) } else { None };
    if let Some(count) = inputs.as_ref().map(|taps| taps.as_slice().len()).filter(|count| *count > 2) {
        reader.fault(&input, format!("'{}' names {count} taps, allowed one or two", input.shown()));
    }
    let clips = items_within(reader, &map.field("clips"), LAYERS_MAX, "clips");
    let of_new = Track::new(id, name.unwrap_or_default());
    Some(Track {
        inputs,
        arm: flag(reader, &map, "arm"),
        monitor: word_of(reader, &map.field("monitor"), &MonitorMode::WORDS).unwrap_or_default(),
        gain: gain(reader, &map),
        pan: reader.number(&map.field("pan"), -1.0, 1.0).unwrap_or(of_new.pan),
        mute: flag(reader, &map, "mute"),
        solo: flag(reader, &map, "solo"),
        solo_safe: flag(reader, &map, "solo_safe"),
        mode: word_of(reader, &map.field("mode"), &RecordMode::WORDS).unwrap_or_default(),
        feedback_percent: reader.number(&map.field("feedback_percent"), 0.0, 100.0).unwrap_or(of_new.feedback_percent),
        clips: clips.iter().filter_map(|item| read_clip(reader, item, files)).collect(),
        looped: read_loop(reader, &map.field("loop"), files),
        ..of_new
    })
}

fn read_loop(reader: &mut YamlReader<'_>, field: &YamlField<'_>, files: &mut Files) -> Option<TrackLoop> {
    if !field.is_given() {
        return None;
    }
    let map = reader.mapping(field, &["at_pulse", "pulses", "speed", "layers"])?;
    let at_pulse = reader.number(&map.field("at_pulse"), -PULSE_MAX, PULSE_MAX).unwrap_or_default();
    let pulses =
        reader.needed(&map, "pulses", |reader, pulses| reader.number(pulses, LOOP_PULSES_MIN, LOOP_PULSES_MAX));
    let speed = read_speed(reader, &map.field("speed"));
    let layers = items_within(reader, &map.field("layers"), LAYERS_MAX, "layers");
    let layers = layers.iter().filter_map(|item| read_layer(reader, item, files)).collect();
    Some(TrackLoop { layers, speed, ..TrackLoop::new(at_pulse, pulses?) })
}

fn read_speed(reader: &mut YamlReader<'_>, field: &YamlField<'_>) -> f64 {
    let fastest = SPEEDS.iter().copied().fold(1.0, f64::max);
    let Some(speed) = reader.number(field, -fastest, fastest) else { return 1.0 };
    if !SPEEDS.contains(&speed.abs()) {
        let allowed: Vec<String> = SPEEDS.iter().map(ToString::to_string).collect();
        reader.fault(field, format!("'{speed}' does not fit, allowed {}, negative backwards", allowed.join(", ")));
    }
    speed
}

fn read_layer(reader: &mut YamlReader<'_>, field: &YamlField<'_>, files: &mut Files) -> Option<LoopLayer> {
    let map = reader.mapping(field, &LAYER_FIELDS)?;
    let file = reader.needed(&map, "file", |reader, file| read_path(reader, file, files));
    let frames = needed_frames(reader, &map);
    let likeness = |reader: &mut YamlReader<'_>, key| reader.number(&map.field(key), 0.0, 1.0).map(|it| it as f32);
    let alike = likeness(reader, "likeness").unwrap_or(1.0);
    let out_alike = likeness(reader, "out_likeness").unwrap_or(alike);
    let (fade_in, fade_out) = (frames_at(reader, &map, "in"), frames_at(reader, &map, "out"));
    Some(LoopLayer {
        file_frame: frames_at(reader, &map, "from"),
        place: frames_at(reader, &map, "at"),
        gain: gain(reader, &map),
        fade_in: Fade { frames: fade_in, likeness: alike },
        fade_out: Fade { frames: fade_out, likeness: out_alike },
        file: file?,
        frames: frames?,
    })
}

fn read_clip(reader: &mut YamlReader<'_>, field: &YamlField<'_>, files: &mut Files) -> Option<TrackClip> {
    let map = reader.mapping(field, &CLIP_FIELDS)?;
    let file = reader.needed(&map, "file", |reader, file| read_path(reader, file, files));
    let frames = needed_frames(reader, &map);
    Some(TrackClip {
        file_frame: frames_at(reader, &map, "from"),
        at_pulse: reader.number(&map.field("at_pulse"), -PULSE_MAX, PULSE_MAX).unwrap_or_default(),
        gain: gain(reader, &map),
        fade_in: frames_at(reader, &map, "in"),
        fade_out: frames_at(reader, &map, "out"),
        is_layer: flag(reader, &map, "layer"),
        mute: flag(reader, &map, "mute"),
        file: file?,
        frames: frames?,
    })
}

fn read_region(reader: &mut YamlReader<'_>, field: &YamlField<'_>) -> Option<LoopRegion> {
    if !field.is_given() {
        return None;
    }
    let map = reader.mapping(field, &["from_pulse", "to_pulse"])?;
    let pulse = |reader: &mut YamlReader<'_>, at: &YamlField<'_>| reader.int(at, 0, PULSE_MAX as i64);
    let from = reader.needed(&map, "from_pulse", pulse);
    let to = reader.needed(&map, "to_pulse", pulse);
    let region = LoopRegion::new(from?..to?);
    region.map_err(|error| reader.fault(field, format!("does not fit: {error}"))).ok()
}

fn read_punch(reader: &mut YamlReader<'_>, field: &YamlField<'_>) -> (Punch, [bool; 2]) {
    let none = (Punch::default(), [false; 2]);
    if !field.is_given() {
        return none;
    }
    let Some(map) = reader.mapping(field, &["in_pulse", "out_pulse", "in_on", "out_on"]) else { return none };
    let [in_pulse, out_pulse] = ["in_pulse", "out_pulse"].map(|key| reader.int(&map.field(key), 0, PULSE_MAX as i64));
    (Punch { in_pulse, out_pulse }, ["in_on", "out_on"].map(|key| flag(reader, &map, key)))
}

fn read_marker(reader: &mut YamlReader<'_>, field: &YamlField<'_>) -> Option<Marker> {
    let map = reader.mapping(field, &["at_pulse", "name"])?;
    let at_pulse = reader.needed(&map, "at_pulse", |reader, at| reader.number(at, 0.0, PULSE_MAX));
    let name = reader.needed(&map, "name", |reader, name| reader.text(name, TEXT_CHARS_MAX));
    Some(Marker { at_pulse: at_pulse?, name: name? })
}

/// A path: absolute, or below the session's folder.
fn read_path(reader: &mut YamlReader<'_>, field: &YamlField<'_>, files: &mut Files) -> Option<Arc<Path>> {
    if !field.is_given() {
        return None;
    }
    let text = reader.plain(field)?;
    if let Some(known) = files.0.get(&text) {
        return Some(Arc::clone(known));
    }
    let path = PathBuf::from(&text);
    let fits = !text.is_empty() && !text.contains('\0') && text.chars().count() <= PATH_CHARS_MAX;
    if !fits || !(path.is_absolute() || is_below(&path)) {
        let allowed = "allowed a path below the session's folder without '..', or an absolute one";
        reader.fault(field, format!("'{}' does not fit, {allowed}", field.shown()));
        return None;
    }
    let path: Arc<Path> = path.into();
    files.0.insert(text, Arc::clone(&path));
    Some(path)
}

/// Whether a path leads to something below the folder it begins in.
fn is_below(path: &Path) -> bool {
    let mut parts = path.components();
    path.components().next().is_some() && parts.all(|part| matches!(part, Component::Normal(_)))
}

/// The items of a list that has no more than so many.
fn items_within<'n>(reader: &mut YamlReader<'_>, field: &YamlField<'n>, most: usize, what: &str) -> Vec<YamlField<'n>> {
    let items = reader.items(field);
    if items.len() > most {
        reader.fault(field, format!("'{}' {what}, allowed at most {most}", items.len()));
    }
    items
}

fn flag(reader: &mut YamlReader<'_>, map: &Mapping<'_>, key: &str) -> bool {
    reader.flag(&map.field(key)).unwrap_or_default()
}

fn gain(reader: &mut YamlReader<'_>, map: &Mapping<'_>) -> Decibels {
    let gain_db = reader.number(&map.field("gain_db"), Decibels::SILENCE.0.into(), GAIN_DB_MAX);
    gain_db.map_or(Decibels::UNITY, |gain_db| Decibels(gain_db as f32))
}

/// A count of frames or a frame; 0 where none is given.
fn frames_at(reader: &mut YamlReader<'_>, map: &Mapping<'_>, key: &str) -> u64 {
    reader.int(&map.field(key), 0, FRAMES_MAX).unwrap_or_default() as u64
}

fn needed_frames(reader: &mut YamlReader<'_>, map: &Mapping<'_>) -> Option<u64> {
    reader.needed(map, "frames", |reader, frames| reader.int(frames, 1, FRAMES_MAX)).map(|frames| frames as u64)
}

/// One of some words.
fn word_of<T: Copy>(reader: &mut YamlReader<'_>, field: &YamlField<'_>, words: &[(&str, T)]) -> Option<T> {
    if !field.is_given() {
        return None;
    }
    let text = reader.plain(field)?;
    let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
    if found.is_none() {
        let allowed: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        reader.fault(field, format!("'{}' does not fit, allowed {}", field.shown(), allowed.join(", ")));
    }
    found
}

/// The field of what tracks share; nothing where all of it is the default.
pub(super) fn song_field(song: &SongState) -> String {
    let SongState { region, loop_on, loop_count, punch, punch_on, markers, grid, master_db } = song;
    let mut lines = Vec::new();
    if *grid != QuantizeGrid::default() {
        lines.push(format!("grid: {}", name(grid.word())));
    }
    if let Some(pulses) = region.map(LoopRegion::pulses) {
        lines.push(format!("loop: {{ from_pulse: {}, to_pulse: {} }}", pulses.start, pulses.end));
    }
    if *loop_on {
        lines.push("loop_on: true".to_owned());
    }
    if *master_db != 0.0 {
        lines.push(format!("master_db: {master_db}"));
    }
    lines.extend(loop_count.map(|count| format!("loop_count: {count}")));
    let mut parts = Vec::new();
    parts.extend(punch.in_pulse.map(|pulse| format!("in_pulse: {pulse}")));
    parts.extend(punch.out_pulse.map(|pulse| format!("out_pulse: {pulse}")));
    let on = ["in_on", "out_on"].into_iter().zip(punch_on).filter(|(_, on)| **on);
    parts.extend(on.map(|(key, _)| format!("{key}: true")));
    if !parts.is_empty() {
        lines.push(format!("punch: {{ {} }}", parts.join(", ")));
    }
    let mut text: String = lines.iter().map(|line| format!("  {line}\n")).collect();
    if !markers.is_empty() {
        text += "  markers:\n";
        for marker in markers {
            text += &format!("    - {{ at_pulse: {}, name: {} }}\n", marker.at_pulse, name(&marker.name));
        }
    }
    if text.is_empty() { text } else { format!("song:\n{text}") }
}

/// The field of the tracks of a session in a folder; nothing where there are none.
pub(super) fn tracks_field(tracks: &[Arc<Track>], folder: &Path) -> String {
    if tracks.is_empty() {
        return String::new();
    }
    tracks.iter().fold("tracks:\n".to_owned(), |text, track| text + &track_item(track, folder))
}

fn track_item(track: &Track, folder: &Path) -> String {
    let of_new = Track::new(track.id, String::new());
    let mut lines = vec![format!("name: {}", name(&track.name))];
    lines.extend(track.inputs.as_ref().map(|inputs| format!("input: {inputs}")));
    let mut other = |is_other: bool, line: String| lines.extend(is_other.then_some(line));
    other(track.arm, "arm: true".to_owned());
    other(track.monitor != of_new.monitor, format!("monitor: {}", name(track.monitor.word())));
    other(track.gain != of_new.gain, format!("gain_db: {}", track.gain.0));
    other(track.pan != of_new.pan, format!("pan: {}", track.pan));
    other(track.mute, "mute: true".to_owned());
    other(track.solo, "solo: true".to_owned());
    other(track.solo_safe, "solo_safe: true".to_owned());
    other(track.mode != of_new.mode, format!("mode: {}", name(track.mode.word())));
    let feedback = format!("feedback_percent: {}", track.feedback_percent);
    other(track.feedback_percent != of_new.feedback_percent, feedback);
    let mut text = format!("  - id: {}\n", track.id.0);
    text.extend(lines.iter().map(|line| format!("    {line}\n")));
    if let Some(looped) = &track.looped {
        text += "    loop:\n";
        if looped.at_pulse != 0.0 {
            text += &format!("      at_pulse: {}\n", looped.at_pulse);
        }
        text += &format!("      pulses: {}\n", looped.pulses);
        if looped.speed != 1.0 {
            text += &format!("      speed: {}\n", looped.speed);
        }
        if !looped.layers.is_empty() {
            text += "      layers:\n";
        }
        text.extend(looped.layers.iter().map(|layer| format!("        - {}\n", layer_item(layer, folder))));
    }
    if !track.clips.is_empty() {
        text += "    clips:\n";
    }
    text.extend(track.clips.iter().map(|clip| format!("      - {}\n", clip_item(clip, folder))));
    text
}

fn layer_item(layer: &LoopLayer, folder: &Path) -> String {
    let LoopLayer { file, file_frame, place, frames, gain, fade_in, fade_out } = layer;
    let mut text = format!("{{ file: {}, from: {file_frame}, at: {place}, frames: {frames}", written(file, folder));
    add(&mut text, *gain != Decibels::UNITY, format_args!("gain_db: {}", gain.0));
    add(&mut text, fade_in.frames != 0, format_args!("in: {}", fade_in.frames));
    add(&mut text, fade_out.frames != 0, format_args!("out: {}", fade_out.frames));
    add(&mut text, fade_in.likeness != 1.0, format_args!("likeness: {}", fade_in.likeness));
    let differs = fade_out.likeness != fade_in.likeness;
    add(&mut text, differs, format_args!("out_likeness: {}", fade_out.likeness));
    text + " }"
}

fn clip_item(clip: &TrackClip, folder: &Path) -> String {
    let TrackClip { file, file_frame, at_pulse, frames, gain, fade_in, fade_out, is_layer, mute } = clip;
    let mut text =
        format!("{{ file: {}, from: {file_frame}, at_pulse: {at_pulse}, frames: {frames}", written(file, folder));
    add(&mut text, *gain != Decibels::UNITY, format_args!("gain_db: {}", gain.0));
    add(&mut text, *fade_in != 0, format_args!("in: {fade_in}"));
    add(&mut text, *fade_out != 0, format_args!("out: {fade_out}"));
    add(&mut text, *is_layer, format_args!("layer: true"));
    add(&mut text, *mute, format_args!("mute: true"));
    text + " }"
}

/// Adds a field to a mapping on one line, where it is not the default.
fn add(text: &mut String, is_other: bool, field: std::fmt::Arguments<'_>) {
    if is_other {
        *text += &format!(", {field}");
    }
}

/// A path as the file says it: below the folder relative to that, elsewhere absolute.
fn written(file: &Path, folder: &Path) -> String {
    let text = match file.strip_prefix(folder) {
        Ok(inside) if is_below(inside) => inside.to_string_lossy().into_owned(),
        _ => absolute(file).unwrap_or_else(|_| file.to_owned()).to_string_lossy().into_owned(),
    };
    let is_safe = |sign: char| sign.is_ascii_alphanumeric() || "/._-".contains(sign);
    let begins = text.starts_with(|sign: char| sign.is_ascii_alphanumeric() || sign == '/');
    if begins && text.contains('/') && text.chars().all(is_safe) { text } else { quoted(&text) }
}

/// A track whose relative files are in this folder.
pub(super) fn placed(track: &Track, folder: &Path) -> Track {
    let mut files: HashMap<Arc<Path>, Arc<Path>> = HashMap::new();
    let mut place = |file: &mut Arc<Path>| {
        let placed = files.entry(Arc::clone(file)).or_insert_with(|| folder.join(&**file).into());
        *file = Arc::clone(placed);
    };
    let mut track = track.clone();
    track.clips.iter_mut().for_each(|clip| place(&mut clip.file));
    track.looped.iter_mut().flat_map(|looped| &mut looped.layers).for_each(|layer| place(&mut layer.file));
    track
}

#[cfg(test)]
mod tests;
