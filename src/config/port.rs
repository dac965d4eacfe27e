//! One entry of `midi.ports`: a port and its settings. Pure.

use super::{PortChoice, TEXT_CHARS_MAX, home_folder, read_choice, whole_path};
use crate::{
    midi::{Channel, ClockSends, FARTHEST_OFFSET_MS, Wire},
    yaml::{YamlField, YamlReader},
};

/// Maximum spacing and smoothing, in ms.
pub(super) const MILLIS_MAX: i64 = 1000;

/// The settings of a port. All are optional.
#[derive(Clone, Debug, PartialEq)]
pub struct PortSettings {
    /// The channel of its instrument; default `midi.channel`, else the profile's.
    pub channel: Option<Channel>,
    /// The instrument's profile, an id; default `profile`.
    pub profile: Option<String>,
    /// The clock messages it is sent; default all.
    pub sends: ClockSends,
    /// Clock offset, in ms: clock and notes are sent later by this time, earlier if negative; -500 to 500, default 0.
    pub offset_ms: f64,
    /// The speed of its wire; default DIN for serial lines, else USB.
    pub wire: Option<Wire>,
    /// Minimum time between two values of one controller, in ms; default the profile's.
    pub spacing_ms: Option<u16>,
    /// Smoothing time of parameters for which the profile gives none, in ms; default 0.
    pub smoothing_ms: Option<u16>,
    /// Whether every parameter is sent again when the port returns; default no.
    pub resend: bool,
    /// Whether messages are sent to it; set it to no for a keyboard. Default yes.
    pub output: bool,
    /// MIDI thru: the ports that its input is passed on to.
    pub thru: Vec<ThruTo>,
}

impl Default for PortSettings {
    fn default() -> Self {
        PortSettings {
            channel: None,
            profile: None,
            sends: ClockSends::ALL,
            offset_ms: 0.0,
            wire: None,
            spacing_ms: None,
            smoothing_ms: None,
            resend: false,
            output: true,
            thru: Vec::new(),
        }
    }
}

/// A target of MIDI thru.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThruTo {
    /// A port: its number, or a part of its name.
    pub port: String,
    /// The channel they are sent on; `None` keeps the channel.
    pub channel: Option<Channel>,
}

/// A port and its settings; missing settings are taken from `defaults`.
pub(super) fn read(
    reader: &mut YamlReader<'_>,
    field: &YamlField<'_>,
    defaults: &PortSettings,
) -> Option<(PortChoice, PortSettings)> {
    if !field.is_mapping() {
        return Some((read_port(reader, field)?, defaults.clone()));
    }
    let keys = [
        "port",
        "channel",
        "profile",
        "clock",
        "offset_ms",
        "wire",
        "spacing_ms",
        "smoothing_ms",
        "resend",
        "output",
        "thru",
    ];
    let map = reader.mapping(field, &keys)?;
    let smoothing = reader.int(&map.field("smoothing_ms"), 0, MILLIS_MAX);
    let thru = map.field("thru");
    let thru = if thru.is_given() { reader.items(&thru) } else { Vec::new() };
    let settings = PortSettings {
        channel: reader.int(&map.field("channel"), 1, 16).and_then(|n| Channel::new(n as u8)),
        profile: reader.word(&map.field("profile")),
        sends: reader.parsed::<SendsText>(&map.field("clock")).map_or(defaults.sends, |text| text.0),
        offset_ms: reader
            .number(&map.field("offset_ms"), -FARTHEST_OFFSET_MS, FARTHEST_OFFSET_MS)
            .unwrap_or(defaults.offset_ms),
        wire: reader.parsed::<WireText>(&map.field("wire")).map(|text| text.0),
        spacing_ms: reader.int(&map.field("spacing_ms"), 0, MILLIS_MAX).map(|ms| ms as u16).or(defaults.spacing_ms),
        smoothing_ms: smoothing.map(|ms| ms as u16).or(defaults.smoothing_ms),
        resend: reader.flag(&map.field("resend")).unwrap_or(defaults.resend),
        output: reader.flag(&map.field("output")).unwrap_or(defaults.output),
        thru: thru.iter().filter_map(|to| thru_to(reader, to)).collect(),
    };
    let port = reader.needed(&map, "port", read_port)?;
    Some((port, settings))
}

/// Which port; the path of a raw one is absolute.
pub(super) fn read_port(reader: &mut YamlReader<'_>, field: &YamlField<'_>) -> Option<PortChoice> {
    let choice = read_choice(reader, field)?;
    let PortChoice::Raw(path) = choice else { return Some(choice) };
    let whole = whole_path(&path, home_folder().as_deref()).and_then(|path| path.to_str().map(str::to_owned));
    if whole.is_none() {
        reader.fault(field, format!("'raw:{path}' does not fit, allowed a path, absolute or from ~/"));
    }
    whole.map(PortChoice::Raw)
}

fn thru_to(reader: &mut YamlReader<'_>, field: &YamlField<'_>) -> Option<ThruTo> {
    if !field.is_mapping() {
        return Some(ThruTo { port: reader.text(field, TEXT_CHARS_MAX)?, channel: None });
    }
    let map = reader.mapping(field, &["to", "channel"])?;
    let channel = reader.int(&map.field("channel"), 1, 16).and_then(|n| Channel::new(n as u8));
    let port = reader.needed(&map, "to", |reader, to| reader.text(to, TEXT_CHARS_MAX))?;
    Some(ThruTo { port, channel })
}

/// `all`, `none`, or some of `pulses`, `transport` and `position`.
struct SendsText(ClockSends);

impl std::str::FromStr for SendsText {
    type Err = String;

    fn from_str(text: &str) -> Result<SendsText, String> {
        let mut sends = ClockSends::NONE;
        for word in text.split([' ', ',']).filter(|word| !word.is_empty()) {
            match word {
                "all" | "yes" | "on" | "true" => sends = ClockSends::ALL,
                "none" | "no" | "off" | "false" => sends = ClockSends::NONE,
                "pulses" => sends.pulses = true,
                "transport" => sends.transport = true,
                "position" => sends.position = true,
                _ => return Err("all, none, or some of: pulses transport position".to_owned()),
            }
        }
        Ok(SendsText(sends))
    }
}

/// `din` or `usb`.
struct WireText(Wire);

impl std::str::FromStr for WireText {
    type Err = String;

    fn from_str(text: &str) -> Result<WireText, String> {
        match text {
            "din" => Ok(WireText(Wire::DIN)),
            "usb" => Ok(WireText(Wire::USB)),
            _ => Err("din or usb".to_owned()),
        }
    }
}
