//! The commands that change tracks. The control thread's. Each is an edit of the session's model that can be undone.

use super::{Tracks, done_on};
use crate::{
    command::arg::{Bars, Pan, Percent, Speed, Switch, Text, Times, TrackNumber},
    engine::{
        control::{Moment, out::Out, recorder::Takes},
        station::Answer,
    },
    music::{Decibels, position::BAR_PULSES},
    session::{
        edit::Edit,
        history::Subject,
        track::{MonitorMode, RecordMode, TRACKS_MAX, Track, TrackId},
    },
    takes::unquoted,
    taps::Taps,
};
use std::sync::Arc;

/// The longest name of a track, in characters.
const NAME_CHARS: usize = 60;

/// A change of a track that is one of many small ones.
pub(super) struct Moved<'a> {
    pub(super) label: &'a str,
    pub(super) now: Moment,
}

impl Tracks {
    pub(in crate::engine::control) fn add(&mut self, name: Option<&Text>, out: &mut Out) -> Answer {
        let count = out.model.tracks().len();
        if count >= TRACKS_MAX {
            return Err(format!("a session has at most {TRACKS_MAX} tracks"));
        }
        let name = match name {
            Some(name) => checked_name(name)?,
            None => format!("track {}", count + 1),
        };
        let highest = out.model.tracks().iter().map(|track| track.id.0).max().unwrap_or(0);
        let id = TrackId(self.next_id.max(highest + 1));
        self.next_id = id.0 + 1;
        let redo = Edit::Track { id, to: Some((usize::MAX, Arc::new(Track::new(id, name.clone())))) };
        out.edit(Subject::Song, format!("track {name} added"), redo);
        Ok(format!("track {}: {name}", count + 1))
    }

    pub(in crate::engine::control) fn remove(
        &mut self,
        number: TrackNumber,
        takes: &mut Takes,
        out: &mut Out,
        now: Moment,
    ) -> Answer {
        let track = Tracks::track(number, out)?;
        self.discard_recording(track.id, takes, out, now);
        let redo = Edit::Track { id: track.id, to: None };
        out.edit(Subject::Song, format!("track {} removed", track.name), redo);
        Ok(format!("{} removed; edit.undo brings it back, its takes stay", track.name))
    }

    /// Changes a track, and says what became of it.
    fn change(number: TrackNumber, said: &str, change: impl FnOnce(&mut Track), out: &mut Out) -> Answer {
        let track = Tracks::track(number, out)?;
        let mut to = Track::clone(&track);
        change(&mut to);
        if to != *track {
            Tracks::edit(track.id, format!("{said} on {}", track.name), to, out);
        }
        done_on(&track, said)
    }

    /// The same for a fader that moves.
    pub(super) fn move_by(
        number: TrackNumber,
        moved: &Moved<'_>,
        change: impl FnOnce(&mut Track),
        out: &mut Out,
    ) -> Answer {
        let track = Tracks::track(number, out)?;
        let mut to = Track::clone(&track);
        change(&mut to);
        if to != *track {
            let redo = Edit::Track { id: track.id, to: Some((usize::MAX, Arc::new(to))) };
            let undo = out.model.apply(redo.clone());
            let label = format!("{} of {}", moved.label, track.name);
            out.history.moved(Subject::Track(track.id), label, undo, redo, moved.now.ns);
        }
        Ok(String::new())
    }

    pub(in crate::engine::control) fn rename(&mut self, number: TrackNumber, name: &Text, out: &mut Out) -> Answer {
        let name = checked_name(name)?;
        Tracks::change(number, &format!("renamed to {name}"), |track| track.name.clone_from(&name), out)
    }

    pub(in crate::engine::control) fn set_input(
        &mut self,
        number: TrackNumber,
        Text(text): &Text,
        takes: &Takes,
        out: &mut Out,
    ) -> Answer {
        let taps: Taps = text.parse().map_err(|error: crate::taps::NotTaps| error.to_string())?;
        let count = taps.as_slice().len();
        if count > 2 {
            return Err(format!("a track records one tap or two, not {count}"));
        }
        takes.channels_of(&taps)?;
        Tracks::change(number, &format!("records {taps}"), |track| track.inputs = Some(taps.clone()), out)
    }

    pub(in crate::engine::control) fn arm(&mut self, number: TrackNumber, state: Switch, out: &mut Out) -> Answer {
        let arm = state.applied_to(Tracks::track(number, out)?.arm);
        Tracks::change(number, if arm { "armed" } else { "not armed" }, |track| track.arm = arm, out)
    }

    pub(in crate::engine::control) fn set_monitor(
        &mut self,
        number: TrackNumber,
        mode: MonitorMode,
        out: &mut Out,
    ) -> Answer {
        Tracks::change(number, &format!("monitor {}", mode.word()), |track| track.monitor = mode, out)
    }

    pub(in crate::engine::control) fn set_gain(
        &mut self,
        number: TrackNumber,
        gain: Decibels,
        out: &mut Out,
        now: Moment,
    ) -> Answer {
        Tracks::move_by(number, &Moved { label: "gain", now }, |track| track.gain = gain, out)
    }

    pub(in crate::engine::control) fn set_pan(
        &mut self,
        number: TrackNumber,
        Pan(pan): Pan,
        out: &mut Out,
        now: Moment,
    ) -> Answer {
        Tracks::move_by(number, &Moved { label: "pan", now }, |track| track.pan = pan, out)
    }

    pub(in crate::engine::control) fn mute(&mut self, number: TrackNumber, state: Switch, out: &mut Out) -> Answer {
        let mute = state.applied_to(Tracks::track(number, out)?.mute);
        Tracks::change(number, if mute { "muted" } else { "not muted" }, |track| track.mute = mute, out)
    }

    pub(in crate::engine::control) fn solo_safe(
        &mut self,
        number: TrackNumber,
        state: Switch,
        out: &mut Out,
    ) -> Answer {
        let safe = state.applied_to(Tracks::track(number, out)?.solo_safe);
        let said = if safe { "heard whatever is soloed" } else { "silent where others are soloed" };
        Tracks::change(number, said, |track| track.solo_safe = safe, out)
    }

    pub(in crate::engine::control) fn solo(&mut self, number: TrackNumber, state: Switch, out: &mut Out) -> Answer {
        let solo = state.applied_to(Tracks::track(number, out)?.solo);
        Tracks::change(number, if solo { "solo" } else { "no solo" }, |track| track.solo = solo, out)
    }

    pub(in crate::engine::control) fn set_mode(
        &mut self,
        number: TrackNumber,
        mode: RecordMode,
        out: &mut Out,
    ) -> Answer {
        Tracks::change(number, &format!("mode {}", mode.word()), |track| track.mode = mode, out)
    }

    pub(in crate::engine::control) fn set_feedback(
        &mut self,
        number: TrackNumber,
        Percent(percent): Percent,
        out: &mut Out,
    ) -> Answer {
        Tracks::change(number, &format!("feedback {percent} %"), |track| track.feedback_percent = percent, out)
    }

    /// Takes everything off a track; what is being recorded on it ends.
    pub(super) fn clear(&mut self, track: &Track, takes: &mut Takes, out: &mut Out, now: Moment) -> bool {
        self.line(track.id).waiting = None;
        self.discard_recording(track.id, takes, out, now);
        let Some(track) = out.model.track(track.id).cloned() else { return false };
        if track.is_empty() {
            return false;
        }
        let to = Track { clips: Vec::new(), looped: None, ..Track::clone(&track) };
        Tracks::edit(track.id, format!("{} cleared", track.name), to, out);
        true
    }

    pub(in crate::engine::control) fn clear_track(
        &mut self,
        number: TrackNumber,
        takes: &mut Takes,
        out: &mut Out,
        now: Moment,
    ) -> Answer {
        let track = Tracks::track(number, out)?;
        let said = if self.clear(&track, takes, out, now) { "cleared; track.undo brings it back" } else { "empty" };
        done_on(&track, said)
    }

    pub(in crate::engine::control) fn set_speed(
        &mut self,
        number: TrackNumber,
        Speed(speed): Speed,
        out: &mut Out,
    ) -> Answer {
        self.check_loop(number, out)?;
        let change = |track: &mut Track| track.looped.iter_mut().for_each(|looped| looped.speed = speed);
        Tracks::change(number, &format!("speed {speed}"), change, out)
    }

    pub(in crate::engine::control) fn multiply(
        &mut self,
        number: TrackNumber,
        Times(times): Times,
        out: &mut Out,
    ) -> Answer {
        self.check_loop(number, out)?;
        let track = Tracks::track(number, out)?;
        let frames_per_pulse = out.plan.last().timeline.frames_per_pulse();
        let looped = track.looped.as_ref().map(|looped| looped.multiplied(times, frames_per_pulse));
        let looped = looped.transpose().map_err(|error| error.to_string())?;
        Tracks::change(number, &format!("loop {times} times as long"), |track| track.looped = looped, out)
    }

    pub(in crate::engine::control) fn crop(&mut self, number: TrackNumber, Bars(bars): Bars, out: &mut Out) -> Answer {
        self.check_loop(number, out)?;
        let pulses = (i64::from(bars) * BAR_PULSES) as f64;
        let track = Tracks::track(number, out)?;
        let have = track.looped.as_ref().map_or(0.0, |looped| looped.pulses);
        if pulses >= have {
            let have = have / BAR_PULSES as f64;
            return Err(format!("the loop of {} has {have} bars: nothing to crop", track.name));
        }
        let frames_per_pulse = out.plan.last().timeline.frames_per_pulse();
        let crop = |track: &mut Track| {
            track.looped = track.looped.as_ref().map(|looped| looped.cropped(pulses, frames_per_pulse));
        };
        Tracks::change(number, &format!("loop cropped to {bars} bar{}", if bars == 1 { "" } else { "s" }), crop, out)
    }

    /// There is a loop, and nothing is being recorded over it.
    fn check_loop(&mut self, number: TrackNumber, out: &Out) -> Result<(), String> {
        let track = Tracks::track(number, out)?;
        if track.looped.is_none() {
            return Err(format!("{} has no loop; track.pedal {} records one", track.name, number.0));
        }
        if self.line(track.id).recording.is_some() {
            return Err(format!("{} is being recorded; end that first", track.name));
        }
        Ok(())
    }

    pub(in crate::engine::control) fn undo_track(&mut self, number: TrackNumber, out: &mut Out) -> Answer {
        let track = Tracks::track(number, out)?;
        Tracks::undo(Subject::Track(track.id), out)
    }

    pub(in crate::engine::control) fn redo_track(&mut self, number: TrackNumber, out: &mut Out) -> Answer {
        let track = Tracks::track(number, out)?;
        Tracks::redo(Subject::Track(track.id), out)
    }

    /// Undoes the newest step of a track or of the song.
    pub(in crate::engine::control) fn undo(subject: Subject, out: &mut Out) -> Answer {
        let Some(step) = out.history.undo(subject) else { return Err("nothing to undo".to_owned()) };
        let (label, undo) = (step.label.clone(), step.undo().clone());
        if let Some(why) = too_many(&undo, out) {
            out.history.redone(step, undo);
            return Err(why);
        }
        let inverse = out.model.apply(undo);
        out.history.undone(step, inverse);
        Ok(format!("undone: {label}"))
    }

    /// Does again what was undone of it last.
    pub(in crate::engine::control) fn redo(subject: Subject, out: &mut Out) -> Answer {
        let Some(step) = out.history.redo(subject) else { return Err("nothing to redo".to_owned()) };
        let (label, redo) = (step.label.clone(), step.redo().clone());
        if let Some(why) = too_many(&redo, out) {
            out.history.undone(step, redo);
            return Err(why);
        }
        let inverse = out.model.apply(redo);
        out.history.redone(step, inverse);
        Ok(format!("redone: {label}"))
    }
}

/// Why a track does not come back.
fn too_many(edit: &Edit, out: &Out) -> Option<String> {
    let Edit::Track { id, to: Some(_) } = edit else { return None };
    let is_full = out.model.track(*id).is_none() && out.model.tracks().len() >= TRACKS_MAX;
    is_full.then(|| format!("a session has at most {TRACKS_MAX} tracks; track.remove removes one"))
}

fn checked_name(Text(text): &Text) -> Result<String, String> {
    let name = unquoted(text).trim().to_owned();
    let is_plain = !name.chars().any(char::is_control);
    let fits = (1..=NAME_CHARS).contains(&name.chars().count()) && is_plain;
    fits.then_some(name).ok_or_else(|| format!("a track's name has 1 to {NAME_CHARS} characters on one line"))
}
