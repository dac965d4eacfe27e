//! Levels on their way over the socket: of those that changed, the newest. Pure.
//!
//! They are rounded to the resolution of a screen, and a level that rounds to the same is not sent again.

use crate::{
    music::Position,
    status::{
        Levels, LoudnessStatus, MeterStatus,
        levels::{Counts, Moving},
    },
};
use serde::{Deserialize, Serialize};

/// Peak, RMS and held peak in dBFS, and whether it clipped.
type Meter = (f32, f32, f32, bool);

/// Levels that changed; one that is not there stays as it was.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LevelChanges {
    /// Nanoseconds since the engine started.
    pub at_ns: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    song: Option<(String, f64)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    inputs: Option<Vec<Meter>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outputs: Option<Vec<Meter>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tracks: Option<Vec<Meter>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    loudness: Option<LoudnessStatus>,
    #[serde(skip_serializing_if = "Option::is_none")]
    motion: Option<Vec<u16>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    take_seconds: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    audition_seconds: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    counts: Option<Counts>,
}

/// To hundredths of a second: ten times as fine as a screen shows.
fn round_seconds(seconds: &mut f64) {
    *seconds = (*seconds * 100.0).floor() / 100.0;
}

/// To tenths of a dB: twice as fine as the meters of a screen.
fn round_meter(meter: &mut MeterStatus) {
    [&mut meter.peak_db, &mut meter.rms_db, &mut meter.hold_db].into_iter().for_each(round_level);
}

fn round_level(level: &mut f32) {
    *level = (*level * 10.0).round() / 10.0;
}

/// Levels as they are sent.
pub fn round(levels: &mut Levels) {
    let Moving { seconds, inputs, outputs, tracks, loudness, take_seconds, audition_seconds, .. } = &mut levels.moving;
    let LoudnessStatus { momentary_lufs, short_term_lufs, integrated_lufs, true_peak_dbtp } = loudness;
    [momentary_lufs, short_term_lufs, integrated_lufs, true_peak_dbtp].into_iter().for_each(round_level);
    [seconds, take_seconds, audition_seconds].into_iter().for_each(round_seconds);
    inputs.iter_mut().chain(outputs).chain(tracks).for_each(round_meter);
}

fn meters(of: &[MeterStatus]) -> Vec<Meter> {
    of.iter().map(|meter| (meter.peak_db, meter.rms_db, meter.hold_db, meter.clipped)).collect()
}

fn statuses(meters: Vec<Meter>) -> Vec<MeterStatus> {
    let status = |(peak_db, rms_db, hold_db, clipped)| MeterStatus { peak_db, rms_db, hold_db, clipped };
    meters.into_iter().map(status).collect()
}

impl LevelChanges {
    /// The differences of `now` from `before`; `None` where there are none.
    pub fn between(before: &Levels, now: &Levels) -> Option<LevelChanges> {
        let (then, moving) = (&before.moving, &now.moving);
        if then == moving && before.counts == now.counts {
            return None;
        }
        let is_elsewhere = (then.position, then.seconds) != (moving.position, moving.seconds);
        let another = |then: f64, now: f64| (then != now).then_some(now);
        Some(LevelChanges {
            at_ns: now.at_ns,
            song: is_elsewhere.then(|| (moving.position.to_string(), moving.seconds)),
            inputs: (then.inputs != moving.inputs).then(|| meters(&moving.inputs)),
            outputs: (then.outputs != moving.outputs).then(|| meters(&moving.outputs)),
            loudness: (then.loudness != moving.loudness).then_some(moving.loudness),
            tracks: (then.tracks != moving.tracks).then(|| meters(&moving.tracks)),
            motion: (then.motion != moving.motion).then(|| moving.motion.clone()),
            take_seconds: another(then.take_seconds, moving.take_seconds),
            audition_seconds: another(then.audition_seconds, moving.audition_seconds),
            counts: (before.counts != now.counts).then(|| now.counts.clone()),
        })
    }

    /// Writes them over the levels from before.
    pub fn put_into(self, levels: &mut Levels) {
        let LevelChanges {
            at_ns,
            song,
            inputs,
            outputs,
            tracks,
            loudness,
            motion,
            take_seconds,
            audition_seconds,
            counts,
        } = self;
        let Levels { moving, counts: counted, .. } = levels;
        if let Some((position, seconds)) = song {
            // An invalid place leaves the song where it was.
            moving.position = position.parse::<Position>().unwrap_or(moving.position);
            moving.seconds = seconds;
        }
        moving.inputs = inputs.map_or_else(|| std::mem::take(&mut moving.inputs), statuses);
        moving.outputs = outputs.map_or_else(|| std::mem::take(&mut moving.outputs), statuses);
        moving.tracks = tracks.map_or_else(|| std::mem::take(&mut moving.tracks), statuses);
        moving.loudness = loudness.unwrap_or(moving.loudness);
        moving.motion = motion.unwrap_or_else(|| std::mem::take(&mut moving.motion));
        moving.take_seconds = take_seconds.unwrap_or(moving.take_seconds);
        moving.audition_seconds = audition_seconds.unwrap_or(moving.audition_seconds);
        *counted = counts.unwrap_or_else(|| std::mem::take(counted));
        levels.at_ns = at_ns;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        engine::{config::EngineConfig, offline::Offline},
        remote::wire::ServerMessage,
    };

    #[test]
    fn levels_that_travelled_are_the_same_within_the_resolution_of_a_screen() {
        let mut offline = Offline::new(&EngineConfig::built_in("/tmp").unwrap()).unwrap();
        let levels = |offline: &Offline| {
            let mut levels = Levels::of(&offline.status());
            round(&mut levels);
            levels
        };
        for line in ["mod.set filter_cutoff lfo sine 1/4 depth 0.3", "transport.play", "click.on on", "record.start"] {
            offline.ask(&line.parse().unwrap()).unwrap();
        }
        let before = levels(&offline);
        let mut there = before.clone();
        offline.run_to(50_000);
        let now = levels(&offline);
        let ServerMessage::Levels(moved) = ServerMessage::decode(
            ServerMessage::Levels(LevelChanges::between(&before, &now).unwrap()).encode().as_bytes(),
        )
        .unwrap() else {
            panic!()
        };
        moved.put_into(&mut there);
        assert_eq!(there, now);
        assert_eq!(LevelChanges::between(&now, &now), None);
        // Only changed levels are sent.
        let mut louder = now.clone();
        louder.moving.outputs[0].peak_db += 1.0;
        let Some(moved) = LevelChanges::between(&now, &louder) else { panic!() };
        let text = serde_json::to_value(&moved).unwrap();
        assert_eq!(text.as_object().unwrap().keys().collect::<Vec<_>>(), ["at_ns", "outputs"]);
    }
}
