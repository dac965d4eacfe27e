//! The order for a take, as the disk writer gets it: its name, its files, its date. The control thread's.

use super::Takes;
use crate::{
    config::recorder::{FileOf, Split},
    engine::{
        control::{Calendar, Moment, instruments::Instruments, out::Out, ports::Ports},
        disk::writer::{Begin, TakeId, TakeOrder, WallClock},
    },
    music::Bpm,
    profile::Profile,
    takes::safe_name,
};
use jiff::{Timestamp, Zoned, civil::DateTime, tz::TimeZone};
use std::sync::Arc;

/// 2000-01-01 00:00:00 UTC, where virtual time begins.
const VIRTUAL_EPOCH_SECONDS: i64 = 946_684_800;

/// The data of a take besides its beginning.
pub struct Occasion {
    /// The instant, in ns since the engine's start, and the frame that plays then.
    pub now_ns: u64,
    pub frame: i64,
    /// The profile of the instrument in use.
    pub profile: Arc<Profile>,
    pub bpm: Bpm,
    /// The MIDI ports, in their order.
    pub port_names: Vec<String>,
}

impl Occasion {
    /// The data at this instant.
    pub fn of(instruments: &Instruments, ports: &Ports, out: &Out, now: Moment) -> Occasion {
        Occasion {
            now_ns: out.since_start_ns(now.ns),
            frame: now.heard_frame,
            profile: Arc::clone(&instruments.instrument().profile),
            bpm: out.plan.last().timeline.bpm,
            port_names: ports.indices().map(|index| ports.name(index).to_owned()).collect(),
        }
    }
}

impl Takes {
    pub(super) fn name(&self, name: Option<&str>, of_kind: &str, occasion: &Occasion) -> String {
        let given = name.map(safe_name).filter(|name| !name.is_empty());
        given.unwrap_or_else(|| {
            let begins = self.date(occasion.now_ns);
            let filled = self.options.name.filled(begins, &occasion.profile.id, occasion.bpm.get());
            let name = safe_name(&filled);
            format!("{}{of_kind}", if name.is_empty() { "recording" } else { &name })
        })
    }

    pub(super) fn order(
        &mut self,
        name: String,
        files: Vec<FileOf>,
        begin: Begin,
        (end_frame, of_track): (Option<i64>, bool),
        occasion: &Occasion,
    ) -> TakeOrder {
        let is_fixed = of_track || end_frame.is_some();
        self.hand_over_played();
        self.count += 1;
        let rate = f64::from(self.sample_rate_hz);
        let options = &self.options;
        let frame_bytes = files.iter().map(|file| file.taps.len() * options.depth.bytes()).max().unwrap_or(1);
        TakeOrder {
            take: TakeId(self.count),
            folder: self.folder.clone(),
            second_folder: options.second_folder.clone(),
            name,
            depth: options.depth,
            dither: options.dither,
            sample_rate_hz: self.sample_rate_hz,
            earliest_frame: self.earliest_frame,
            begin,
            end_frame,
            threshold: 10.0_f64.powf(options.threshold_db / 20.0) as f32,
            length_frames: options.length_seconds.filter(|_| !is_fixed).map(|seconds| (seconds * rate).round() as u64),
            silence_frames: options.silence_seconds.filter(|_| !is_fixed).map(|seconds| (seconds * rate) as u64),
            split_frames: match options.split {
                Split::Never => None,
                _ if of_track => None,
                Split::Seconds(seconds) => Some((seconds * rate) as u64),
                Split::Megabytes(megabytes) => Some((megabytes * 1e6 / frame_bytes.max(1) as f64) as u64),
            },
            files,
            marks: Vec::new(),
            clock: WallClock { frame: occasion.frame, at: self.date(occasion.now_ns) },
            bpm: occasion.bpm.get(),
            port_names: occasion.port_names.clone(),
            note: format!("{:.2} BPM; {}", occasion.bpm.get(), occasion.profile.name),
        }
    }

    fn date(&self, now_ns: u64) -> DateTime {
        match self.calendar {
            Calendar::Local => Zoned::now().datetime(),
            Calendar::Virtual => {
                let ns = i128::from(VIRTUAL_EPOCH_SECONDS) * 1_000_000_000 + i128::from(now_ns);
                let at = Timestamp::from_nanosecond(ns).map(|at| at.to_zoned(TimeZone::UTC).datetime());
                at.unwrap_or(DateTime::MIN)
            }
        }
    }
}
