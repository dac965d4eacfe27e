//! What all tracks share: the loop region, the grid, markers, and recording into the song. The control thread's.

use super::{TrackStage, Tracks, recording::Kind};
use crate::{
    command::arg::{Bars, Switch, Text},
    engine::{
        control::{Moment, out::Out, transport::Transport},
        station::Answer,
    },
    music::{Decibels, LoopRegion, Position, position::BAR_PULSES},
    session::{
        edit::Edit,
        history::Subject,
        song::{MARKERS_MAX, Marker, QuantizeGrid, SongState},
        track::TrackId,
    },
    status::Severity,
    takes::unquoted,
};
use std::sync::Arc;

/// The song is sent to a tick, so a marker is at most this much after its place, in pulses.
const TICK_PULSES: f64 = 0.06;
/// A marker that is so near before the song's place, in pulses, is the one that is played: the previous one is before it.
const NEAR_PULSES: f64 = 12.0;

impl Tracks {
    fn change_song(label: String, change: impl FnOnce(&mut SongState), out: &mut Out) {
        let mut to = SongState::clone(out.model.song());
        change(&mut to);
        if to != **out.model.song() {
            out.edit(Subject::Song, label, Edit::Song(Arc::new(to)));
        }
    }

    pub(in crate::engine::control) fn set_master(&mut self, gain: Decibels, out: &mut Out, now: Moment) -> Answer {
        let to = SongState { master_db: gain.0, ..SongState::clone(out.model.song()) };
        if to != **out.model.song() {
            // A fader that moves is one step.
            let redo = Edit::Song(Arc::new(to));
            let undo = out.model.apply(redo.clone());
            out.history.moved(Subject::Song, "gain of the master".to_owned(), undo, redo, now.ns);
        }
        Ok(String::new())
    }

    pub(in crate::engine::control) fn set_loop(
        &mut self,
        (from, to): (Position, Position),
        out: &mut Out,
        now: Moment,
    ) -> Answer {
        let bpm = out.plan.last().timeline.bpm;
        let pulse = |position: Position| position.pulses(bpm).round() as i64;
        let region = LoopRegion::new(pulse(from)..pulse(to)).map_err(|error| error.to_string())?;
        self.loop_region(region, out, now)
    }

    pub(in crate::engine::control) fn loop_bars(&mut self, Bars(bars): Bars, out: &mut Out, now: Moment) -> Answer {
        let begin = (out.plan.song_pulse(now).max(0.0) as i64).div_euclid(BAR_PULSES) * BAR_PULSES;
        let region = LoopRegion::new(begin..begin + i64::from(bars) * BAR_PULSES).map_err(|error| error.to_string())?;
        self.loop_region(region, out, now)
    }

    fn loop_region(&mut self, region: LoopRegion, out: &mut Out, now: Moment) -> Answer {
        let change = |song: &mut SongState| (song.region, song.loop_on) = (Some(region), true);
        Tracks::change_song("loop region".to_owned(), change, out);
        follow_loop(out, now);
        let place = |pulse: i64| Position::of_pulse(pulse as f64);
        Ok(format!("loop from {} to {}", place(region.pulses().start), place(region.pulses().end)))
    }

    pub(in crate::engine::control) fn loop_on(&mut self, state: Switch, out: &mut Out, now: Moment) -> Answer {
        let song = out.model.song();
        if song.region.is_none() {
            return Err("there is no loop region; loop.set or loop.bars sets one".to_owned());
        }
        let on = state.applied_to(song.loop_on);
        let said = if on { "loop on" } else { "loop off" };
        Tracks::change_song(said.to_owned(), |song| song.loop_on = on, out);
        follow_loop(out, now);
        Ok(said.to_owned())
    }

    pub(in crate::engine::control) fn set_grid(&mut self, grid: QuantizeGrid, out: &mut Out) -> Answer {
        let said = format!("quantize {}", grid.word());
        Tracks::change_song(said.clone(), |song| song.grid = grid, out);
        Ok(said)
    }

    pub(in crate::engine::control) fn cancel_waiting(&mut self) -> Answer {
        match self.cancel() {
            0 => Err("nothing waits for the grid".to_owned()),
            1 => Ok("cancelled".to_owned()),
            count => Ok(format!("{count} actions cancelled")),
        }
    }

    pub(in crate::engine::control) fn add_marker(&mut self, name: Option<&Text>, out: &mut Out, now: Moment) -> Answer {
        let song = out.model.song();
        if song.markers.len() >= MARKERS_MAX {
            return Err(format!("a session has at most {MARKERS_MAX} markers"));
        }
        let at_pulse = match out.plan.is_rolling() {
            true => out.plan.at(now.heard_frame).song_pulse_at(now.heard_frame as f64),
            // Where it was sent last.
            false => out.plan.song_pulse(now),
        };
        let at_pulse = at_pulse.max(0.0);
        let given = name.map(|Text(name)| unquoted(name).trim().to_owned()).filter(|name| !name.is_empty());
        let name = given.unwrap_or_else(|| format!("marker {}", song.markers.len() + 1));
        if name.chars().any(char::is_control) || name.chars().count() > 60 {
            return Err("a marker's name has 1 to 60 characters on one line".to_owned());
        }
        let marker = Marker { at_pulse, name: name.clone() };
        let add = |song: &mut SongState| {
            song.markers.push(marker);
            song.markers.sort_by(|a, b| a.at_pulse.total_cmp(&b.at_pulse));
        };
        Tracks::change_song(format!("marker {name}"), add, out);
        Ok(format!("{name} at {}", Position::of_pulse(at_pulse)))
    }

    pub(in crate::engine::control) fn go_to_marker(
        &mut self,
        Text(text): &Text,
        transport: &mut Transport,
        out: &mut Out,
        now: Moment,
    ) -> Answer {
        let song = Arc::clone(out.model.song());
        let here = out.plan.song_pulse(now);
        let found = match unquoted(text) {
            "next" => song.markers.iter().find(|marker| marker.at_pulse > here + TICK_PULSES),
            "previous" => song.markers.iter().rev().find(|marker| marker.at_pulse < here - NEAR_PULSES),
            name => song.markers.iter().find(|marker| marker.name == name),
        };
        let Some(marker) = found else {
            let names: Vec<&str> = song.markers.iter().map(|marker| marker.name.as_str()).collect();
            let there =
                if names.is_empty() { "there is none; marker.add adds one".to_owned() } else { names.join(", ") };
            return Err(format!("no marker {text}: {there}"));
        };
        transport.locate(Position::of_pulse(marker.at_pulse), out, now)?;
        Ok(format!("{} at {}", marker.name, Position::of_pulse(marker.at_pulse)))
    }

    /// The armed tracks record into the song, or no more.
    pub(in crate::engine::control) fn record(
        &mut self,
        state: Switch,
        stage: &mut TrackStage<'_>,
        out: &mut Out,
        now: Moment,
    ) -> Answer {
        let on = state.applied_to(self.is_recording);
        let armed = out.model.tracks().iter().filter(|track| track.arm).count();
        if on && armed == 0 {
            return Err("no track is armed; track.arm arms one".to_owned());
        }
        if !on && !self.is_recording {
            return Err("the tracks are not recording; track.record on records the armed ones".to_owned());
        }
        self.is_recording = on;
        if on && !out.plan.is_rolling() {
            stage.transport.play(out, now)?;
        }
        self.look_at_song(stage, out, now);
        Ok(match on {
            true if armed == 1 => "1 track records".to_owned(),
            true => format!("{armed} tracks record"),
            false => "recording ended".to_owned(),
        })
    }

    /// Takes of armed tracks begin and end with the song.
    pub(super) fn look_at_song(&mut self, stage: &mut TrackStage<'_>, out: &mut Out, now: Moment) {
        follow_loop(out, now);
        let is_played = out.plan.song_time_at(now.heard_frame).is_some();
        let is_over = !self.is_recording || !out.plan.is_rolling();
        let of_song: Vec<TrackId> = self
            .lines
            .iter()
            .filter(|(_, line)| line.recording.as_ref().is_some_and(|recording| recording.kind == Kind::Song))
            .map(|(id, _)| *id)
            .collect();
        if is_over {
            for id in of_song {
                self.end_recording(id, now.heard_frame, stage.takes, out);
            }
            if self.is_recording && !out.plan.is_rolling() && !is_played {
                self.is_recording = false;
            }
            return;
        }
        if !is_played {
            return;
        }
        let armed: Vec<_> = out.model.tracks().iter().filter(|track| track.arm).cloned().collect();
        for track in armed.into_iter().filter(|track| !of_song.contains(&track.id)) {
            if self.line(track.id).recording.is_some() {
                continue;
            }
            let frame =
                out.plan.pass_begins(0).unwrap_or(now.heard_frame).max(now.heard_frame - stage.takes.frames(0.1));
            if let Err(why) = self.begin_recording(&track, Kind::Song, frame.min(now.heard_frame), stage, out, now) {
                self.is_recording = false;
                out.notice(Severity::Error, why);
            }
        }
    }
}

/// The song loops as the session says.
fn follow_loop(out: &mut Out, now: Moment) {
    let song = out.model.song();
    let region = song.region.filter(|_| song.loop_on);
    if out.plan.last().looping.region != region {
        out.plan.change(|plan| plan.set_loop(region, now.open_frame));
    }
}
