//! Settings in the format of the controller and clock manager before busker: under `midi`, `output_port`,
//! `output_channel`, `clock` and `cc_profile`. They load unchanged, and a note for each gives the present spelling. If
//! a setting is there in both spellings, the present one counts. Pure.

use super::{SettingPlaces, Settings, TEXT_CHARS_MAX, place, port::MILLIS_MAX};
use crate::{
    midi::Channel,
    yaml::{Fault, Mapping, YamlReader},
};

/// The fields of `midi` that are read here.
pub(super) const FIELDS: [&str; 4] = ["output_port", "output_channel", "clock", "cc_profile"];

/// Smoothing time where the file only switches smoothing on, in ms: the manager sent the values of a controller within
/// 10 ms of each other.
const SMOOTHED_MS: u16 = 20;
/// Prefixes of a port in busker's format; anything else is an ALSA name.
const PORT_KINDS: [&str; 3] = ["alsa:", "jack:", "raw:"];

/// Reads the fields of the old format; called before the present ones are read.
pub(super) fn read(
    reader: &mut YamlReader<'_>,
    midi: &Mapping<'_>,
    settings: &mut Settings,
    told: &mut Vec<Fault>,
    places: &mut SettingPlaces,
) {
    read_clock(reader, midi, settings, told);
    places.profile = read_profile(reader, midi, settings, told);
    let channel = midi.field("output_channel");
    if let Some(number) = reader.int(&channel, 1, 16) {
        told.push(reader.note(&channel, format!("is written midi.channel: {number} now")));
        settings.channel = Channel::new(number as u8);
    }
    let port = midi.field("output_port");
    if let Some(name) = reader.text(&port, TEXT_CHARS_MAX) {
        let is_ours = matches!(&*name, "auto" | "sim") || PORT_KINDS.iter().any(|kind| name.starts_with(kind));
        let name = if is_ours { name } else { format!("alsa:{name}") };
        match name.parse() {
            Ok(choice) => {
                told.push(reader.note(&port, format!("is written midi.ports: ['{name}'] now")));
                settings.ports = vec![(choice, settings.every_port.clone())];
                places.ports = vec![place(reader, &port)];
            }
            Err(error) => reader.fault(&port, format!("{error}")),
        }
    }
}

/// The clock's switches, which apply to every port.
fn read_clock(reader: &mut YamlReader<'_>, midi: &Mapping<'_>, settings: &mut Settings, told: &mut Vec<Fault>) {
    let field = midi.field("clock");
    if !field.is_given() {
        return;
    }
    let Some(clock) = reader.mapping(&field, &["enabled", "send_start_stop", "send_song_position"]) else { return };
    settings.clock_on = reader.flag(&clock.field("enabled"));
    let sends = &mut settings.every_port.sends;
    sends.transport = reader.flag(&clock.field("send_start_stop")).unwrap_or(sends.transport);
    sends.position = reader.flag(&clock.field("send_song_position")).unwrap_or(sends.position);
    let now = "is written clock.run now, and the parts a port gets at the port: clock: pulses transport position";
    told.push(reader.note(&field, now.to_owned()));
}

/// The line of the profile's id, if there is one.
fn read_profile(
    reader: &mut YamlReader<'_>,
    midi: &Mapping<'_>,
    settings: &mut Settings,
    told: &mut Vec<Fault>,
) -> Option<Fault> {
    let field = midi.field("cc_profile");
    if !field.is_given() {
        return None;
    }
    let allowed = ["active_profile", "parameter_smoothing", "cc_throttle_ms"];
    let map = reader.mapping(&field, &allowed)?;
    let active = map.field("active_profile");
    let mut at = None;
    if let Some(id) = reader.word(&active) {
        at = Some(place(reader, &active));
        told.push(reader.note(&active, format!("is written profile: {id} now")));
        settings.profile = Some(id);
    }
    let smoothing = map.field("parameter_smoothing");
    if let Some(is) = reader.flag(&smoothing) {
        let ms = if is { SMOOTHED_MS } else { 0 };
        told.push(reader.note(&smoothing, format!("is written at the port now: smoothing_ms: {ms}")));
        settings.every_port.smoothing_ms = Some(ms);
    }
    let throttle = map.field("cc_throttle_ms");
    if let Some(ms) = reader.int(&throttle, 0, MILLIS_MAX) {
        told.push(reader.note(&throttle, format!("is written at the port now: spacing_ms: {ms}")));
        settings.every_port.spacing_ms = Some(ms as u16);
    }
    at
}
