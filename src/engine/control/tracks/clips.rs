//! The commands that change clips. The control thread's. Each is an edit of the session's model that can be undone.

use super::{Tracks, done_on, edits::Moved};
use crate::{
    command::arg::{ClipNumber, FadeSeconds, Switch, TrackNumber},
    engine::{
        control::{Moment, out::Out},
        station::Answer,
    },
    music::{Decibels, Position},
    session::track::{
        Track, TrackClip,
        clips::{ClipFault, described},
    },
};
use std::sync::Arc;

/// A clip of a track, as a person counts both.
type Which = (TrackNumber, ClipNumber);

/// A clip that was found.
struct Found {
    track: Arc<Track>,
    /// Its place in the track's list.
    place: usize,
    clip: TrackClip,
    frames_per_pulse: f64,
}

fn found((number, ClipNumber(clip)): Which, out: &Out) -> Result<Found, String> {
    let track = Tracks::track(number, out)?;
    let place = track.clip_places().get(usize::from(clip).saturating_sub(1)).copied();
    let at = place.and_then(|place| Some((place, track.clips.get(place)?.clone())));
    let (place, clip) = at.ok_or_else(|| match track.clips.len() {
        0 => format!("{} has no clips; track.record records one, into the song", track.name),
        1 => format!("{} has no clip {clip}: it has 1", track.name),
        count => format!("{} has no clip {clip}: it has {count}; clip.list {} lists them", track.name, number.0),
    })?;
    Ok(Found { track, place, clip, frames_per_pulse: out.plan.last().timeline.frames_per_pulse() })
}

fn pulse_of(position: Position, out: &Out) -> f64 {
    position.pulses(out.plan.last().timeline.bpm)
}

impl Found {
    /// Makes the track what it is to be, and says so.
    fn edit(self, to: Result<Track, ClipFault>, (_, ClipNumber(clip)): Which, said: &str, out: &mut Out) -> Answer {
        let to = to.map_err(|why| format!("clip {clip} of {} stays as it is: {why}", self.track.name))?;
        let said = format!("clip {clip} {said}");
        if to != *self.track {
            Tracks::edit(self.track.id, format!("{said} on {}", self.track.name), to, out);
        }
        done_on(&self.track, &said)
    }

    /// Changes the clip.
    fn change(self, which: Which, said: &str, change: impl FnOnce(&mut TrackClip), out: &mut Out) -> Answer {
        let to = self.track.with_clip_changed(self.place, change);
        self.edit(Ok(to), which, said, out)
    }
}

impl Tracks {
    pub(in crate::engine::control) fn list_clips(&self, number: TrackNumber, out: &Out) -> Answer {
        let track = Tracks::track(number, out)?;
        let timeline = &out.plan.last().timeline;
        let line = |(count, place): (usize, &usize)| {
            let clip = track.clips.get(*place)?;
            let described = described(clip, timeline.frames_per_pulse(), timeline.sample_rate_hz);
            Some(format!("{} {described}", count + 1))
        };
        let lines: Vec<String> = track.clip_places().iter().enumerate().filter_map(line).collect();
        match lines.is_empty() {
            true => done_on(&track, "no clips"),
            false => Ok(lines.join("\n")),
        }
    }

    pub(in crate::engine::control) fn move_clip(&mut self, which: Which, to: Position, out: &mut Out) -> Answer {
        let at_pulse = pulse_of(to, out);
        let said = format!("moved to {}", Position::of_pulse(at_pulse));
        found(which, out)?.change(which, &said, |clip| clip.at_pulse = at_pulse, out)
    }

    pub(in crate::engine::control) fn snap_clip(&mut self, which: Which, out: &mut Out) -> Answer {
        let found = found(which, out)?;
        let at_pulse = out.model.song().grid.nearest(found.clip.at_pulse);
        let said = format!("moved to {}", Position::of_pulse(at_pulse));
        found.change(which, &said, |clip| clip.at_pulse = at_pulse, out)
    }

    pub(in crate::engine::control) fn trim_clip(&mut self, which: Which, to: [Position; 2], out: &mut Out) -> Answer {
        let found = found(which, out)?;
        let [from, to] = to.map(|position| pulse_of(position, out));
        let trimmed = found.clip.trimmed(from, to, found.frames_per_pulse);
        let said = format!("from {} to {}", Position::of_pulse(from), Position::of_pulse(to));
        let track = trimmed.and_then(|clip| found.track.with_clip_replaced(found.place, [clip]));
        found.edit(track, which, &said, out)
    }

    pub(in crate::engine::control) fn split_clip(
        &mut self,
        which: Which,
        at: Option<Position>,
        out: &mut Out,
        now: Moment,
    ) -> Answer {
        let found = found(which, out)?;
        let pulse = match at {
            Some(position) => pulse_of(position, out),
            None if out.plan.is_rolling() => out.plan.at(now.heard_frame).song_pulse_at(now.heard_frame as f64),
            None => out.plan.song_pulse(now),
        };
        let parts = found.clip.split(pulse, found.frames_per_pulse);
        let track = parts.and_then(|parts| found.track.with_clip_replaced(found.place, parts));
        found.edit(track, which, &format!("split at {}", Position::of_pulse(pulse)), out)
    }

    pub(in crate::engine::control) fn duplicate_clip(
        &mut self,
        which: Which,
        to: Option<Position>,
        out: &mut Out,
    ) -> Answer {
        let found = found(which, out)?;
        let end = found.clip.end_pulse(found.frames_per_pulse);
        // On a whole pulse but for the frames that pulses are rounded to.
        let is_whole = (end - end.round()).abs() * found.frames_per_pulse <= 1.0;
        let end = if is_whole { end.round() } else { end };
        let at_pulse = to.map_or(end, |position| pulse_of(position, out));
        let track = found.track.with_clip_copied(found.place, at_pulse);
        found.edit(track, which, &format!("copied to {}", Position::of_pulse(at_pulse)), out)
    }

    pub(in crate::engine::control) fn set_clip_gain(
        &mut self,
        which: Which,
        gain: Decibels,
        out: &mut Out,
        now: Moment,
    ) -> Answer {
        let Found { place, .. } = found(which, out)?;
        let change = |track: &mut Track| track.clips.get_mut(place).into_iter().for_each(|clip| clip.gain = gain);
        Tracks::move_by(which.0, &Moved { label: "gain of a clip", now }, change, out)
    }

    pub(in crate::engine::control) fn fade_clip(
        &mut self,
        which: Which,
        [FadeSeconds(fade_in), FadeSeconds(fade_out)]: [FadeSeconds; 2],
        out: &mut Out,
    ) -> Answer {
        let rate_hz = out.plan.last().timeline.sample_rate_hz;
        let found = found(which, out)?;
        let most = found.clip.frames;
        let [to_in, to_out] = [fade_in, fade_out].map(|seconds| ((seconds * rate_hz).round() as u64).min(most));
        let change = |clip: &mut TrackClip| (clip.fade_in, clip.fade_out) = (to_in, to_out);
        found.change(which, &format!("fades in {fade_in} s, out {fade_out} s"), change, out)
    }

    pub(in crate::engine::control) fn mute_clip(&mut self, which: Which, state: Switch, out: &mut Out) -> Answer {
        let found = found(which, out)?;
        let mute = state.applied_to(found.clip.mute);
        found.change(which, if mute { "muted" } else { "not muted" }, |clip| clip.mute = mute, out)
    }

    pub(in crate::engine::control) fn delete_clip(&mut self, which: Which, out: &mut Out) -> Answer {
        let found = found(which, out)?;
        let to = found.track.with_clip_replaced(found.place, []);
        let said = found.edit(to, which, "deleted", out)?;
        Ok(format!("{said}; edit.undo brings it back"))
    }
}
