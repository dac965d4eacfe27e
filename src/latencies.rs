//! Round trips from output to input by device, rate and block: measurements and offsets, and their file. Pure.

use crate::{
    stored::{self, FromYaml, Merge, ToYaml},
    yaml::{self, Fault, YamlField, YamlReader},
};
use serde::{Deserialize, Serialize};
use std::fmt;
use utoipa::ToSchema;

/// Largest offset, in ms.
pub const FARTHEST_MS: f64 = crate::midi::FARTHEST_OFFSET_MS;
/// Longest name of a device in the file, in characters.
const DEVICE_CHARS_MAX: usize = 400;
/// The longest delay in the file, in frames.
const FRAMES_MAX: f64 = 1e6;
/// The clearest arrival in the file, in dB.
const CLEAR_DB_MAX: f64 = 200.0;

/// Key of a delay.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DelayKey {
    /// Host and name of the device pair.
    pub device: String,
    /// Frames per second.
    pub rate_hz: u32,
    /// Frames in a block.
    pub block_frames: u32,
}

/// A measured delay.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct MeasuredDelay {
    /// From output to input, in frames.
    pub frames: f64,
    /// Standard error in frames, or half the difference of two measurements if that is larger.
    pub error_frames: f64,
    /// Level of the probe above noise and echoes, in dB.
    pub clear_db: f64,
}

/// Delay of one device at a rate and block.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeviceDelay {
    /// Its key.
    pub key: DelayKey,
    /// The measurement, if there is one.
    pub measured: Option<MeasuredDelay>,
    /// Offset set by hand, in ms.
    pub offset_ms: f64,
}

/// All of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Latencies {
    /// In the order they were measured. No key stands twice.
    pub delays: Vec<DeviceDelay>,
}

impl fmt::Display for MeasuredDelay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3} frames ±{:.3}, {:.0} dB above noise and echoes", self.frames, self.error_frames, self.clear_db)
    }
}

impl Latencies {
    /// The entry of a device.
    pub fn of(&self, key: &DelayKey) -> Option<&DeviceDelay> {
        self.delays.iter().find(|delay| delay.key == *key)
    }

    /// Changes the entry of a device, or adds one.
    pub fn change(&mut self, key: &DelayKey, change: impl FnOnce(&mut DeviceDelay)) {
        if let Some(delay) = self.delays.iter_mut().find(|delay| delay.key == *key) {
            return change(delay);
        }
        let mut delay = DeviceDelay { key: key.clone(), ..DeviceDelay::default() };
        change(&mut delay);
        self.delays.push(delay);
    }
}

impl FromYaml for Latencies {
    /// Hundreds of devices at every rate and block.
    const BYTES_MAX: usize = 256 * 1024;

    fn from_yaml(file: &str, text: &str) -> Result<Latencies, Vec<Fault>> {
        yaml::check_within(Self::BYTES_MAX, file, text, |reader, root| {
            if !root.is_given() {
                return Some(Latencies::default());
            }
            let map = reader.versioned(root, &["latencies"])?;
            let items = reader.items(&map.field("latencies"));
            Some(Latencies { delays: items.iter().filter_map(|item| read_delay(reader, item)).collect() })
        })
    }
}

impl ToYaml for Latencies {
    const LOSS: &'static str = "the latency applies, but is not saved";
    const ROOM: &'static str = "delete entries of old devices from the file first";

    fn to_yaml(&self) -> String {
        let mut text =
            "# Delays from output to input: `latency.measure` and `latency.set` write them.\nlatencies:\n".to_owned();
        for DeviceDelay { key: DelayKey { device, rate_hz, block_frames }, measured, offset_ms } in &self.delays {
            let device = yaml::quoted(device);
            text += &format!("  - {{ device: {device}, rate: {rate_hz}, block: {block_frames}, ");
            if let Some(MeasuredDelay { frames, error_frames, clear_db }) = measured {
                text += &format!("frames: {frames:.4}, error_frames: {error_frames:.4}, clear_db: {clear_db:.1}, ");
            }
            text += &format!("offset_ms: {offset_ms} }}\n");
        }
        if self.delays.is_empty() {
            text = text.replace("latencies:\n", "latencies: []\n");
        }
        text
    }
}

impl Merge for Latencies {
    fn merge(base: &Latencies, ours: &Latencies, theirs: &Latencies) -> (Latencies, bool) {
        let (delays, is_lossy) = stored::merge_by((&base.delays, &ours.delays, &theirs.delays), |a, b| a.key == b.key);
        (Latencies { delays }, is_lossy)
    }
}

fn read_delay(reader: &mut YamlReader<'_>, field: &YamlField<'_>) -> Option<DeviceDelay> {
    let fields = ["device", "rate", "block", "frames", "error_frames", "clear_db", "offset_ms"];
    let map = reader.mapping(field, &fields)?;
    let device = reader.needed(&map, "device", |reader, device| reader.text(device, DEVICE_CHARS_MAX));
    let rate = reader.needed(&map, "rate", |reader, rate| reader.int(rate, 1, i64::from(u32::MAX)));
    let block = reader.needed(&map, "block", |reader, block| reader.int(block, 1, i64::from(u32::MAX)));
    let frames = map.field("frames");
    let measured = frames.is_given().then(|| {
        Some(MeasuredDelay {
            frames: reader.number(&frames, -FRAMES_MAX, FRAMES_MAX)?,
            error_frames: reader.number(&map.field("error_frames"), 0.0, FRAMES_MAX).unwrap_or(0.0),
            clear_db: reader.number(&map.field("clear_db"), 0.0, CLEAR_DB_MAX).unwrap_or(0.0),
        })
    });
    let offset_ms = reader.number(&map.field("offset_ms"), -FARTHEST_MS, FARTHEST_MS).unwrap_or(0.0);
    let key = DelayKey { device: device?, rate_hz: rate? as u32, block_frames: block? as u32 };
    Some(DeviceDelay { key, measured: measured.flatten(), offset_ms })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(device: &str) -> DelayKey {
        DelayKey { device: device.to_owned(), rate_hz: 48_000, block_frames: 256 }
    }

    #[test]
    fn the_file_reads_back_what_was_written() {
        let mut latencies = Latencies::default();
        assert_eq!(Latencies::from_yaml("latencies.yaml", &latencies.to_yaml()), Ok(latencies.clone()));
        let measured = MeasuredDelay { frames: 1024.25, error_frames: 0.0025, clear_db: 71.5 };
        latencies.change(&key("jack a \"b\": c"), |delay| delay.measured = Some(measured));
        latencies.change(&key("alsa USB"), |delay| delay.offset_ms = -1.5);
        latencies.change(&key("alsa USB"), |delay| delay.offset_ms = 2.0);
        assert_eq!(latencies.delays.len(), 2, "a device stands once");
        assert_eq!(Latencies::from_yaml("latencies.yaml", &latencies.to_yaml()), Ok(latencies.clone()));
        assert_eq!(latencies.of(&key("alsa USB")).unwrap().offset_ms, 2.0);
        assert_eq!(latencies.of(&DelayKey { block_frames: 128, ..key("alsa USB") }), None);
    }

    #[test]
    fn every_fault_of_the_file_is_named() {
        let text =
            "latencies:\n  - { device: a, rate: 0, block: 64, offset_ms: 501 }\n  - { rate: 48000, block: 64 }\n";
        let faults: Vec<String> =
            Latencies::from_yaml("latencies.yaml", text).unwrap_err().iter().map(ToString::to_string).collect();
        assert_eq!(
            faults,
            [
                "latencies.yaml:2 latencies.1.rate: '0' does not fit, allowed 1 to 4294967295",
                "latencies.yaml:2 latencies.1.offset_ms: '501' does not fit, allowed -500 to 500",
                "latencies.yaml:3 latencies.2.device: is missing",
            ]
        );
    }

    #[test]
    fn what_two_stations_measured_is_in_the_file() {
        let of = |names: &[&str]| {
            let mut latencies = Latencies::default();
            names.iter().for_each(|name| latencies.change(&key(name), |delay| delay.offset_ms = 1.0));
            latencies
        };
        assert_eq!(Latencies::merge(&of(&[]), &of(&["a"]), &of(&["b"])), (of(&["b", "a"]), false));
    }
}
