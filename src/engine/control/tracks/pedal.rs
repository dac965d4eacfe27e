//! What a pedal does: record, play, overdub, play. Pressed twice it undoes, held it clears. The control thread's.
//!
//! What a press begins or ends waits for the next line of the session's grid while the song plays; the same press again
//! withdraws it, and nothing of the audio has changed.

use super::{TrackLine, TrackStage, Tracks, done_on, recording::Kind};
use crate::{
    command::arg::{Bars, OnOff, TrackNumber},
    engine::{
        control::{Moment, out::Out},
        station::Answer,
    },
    music::{Bpm, PPQN, Plan, position::BAR_PULSES},
    session::{
        history::Subject,
        track::{LOOP_PULSES_MAX, Track, TrackId},
    },
    status::{Event, Severity},
};

/// Two presses within this time are one double press, in ns.
const DOUBLE_NS: u64 = 350_000_000;
/// A pedal that is held for this long clears its track, in ns.
const HOLD_NS: u64 = 1_000_000_000;
/// A press that comes so much after a line of the grid is meant for that line, in seconds.
const LATE_SECONDS: f64 = 0.06;
/// The first loop sets a tempo from here up to twice as fast, in BPM.
const FREE_BPM: f64 = 80.0;
/// Bars that are kept where no number is given.
const KEPT_BARS: u32 = 4;
/// The shortest loop, in seconds.
const SHORTEST_SECONDS: f64 = 0.1;

/// The presses of a pedal.
#[derive(Debug, Default)]
pub(super) struct Pedal {
    /// When it was pressed last, in ns.
    pressed_ns: Option<u64>,
    /// When it went down, while it is down and did not clear.
    down_ns: Option<u64>,
}

/// What a press leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    /// Starts recording a loop.
    Begin,
    /// Ends the loop and plays it.
    End,
    /// Records over the loop.
    Overdub,
    /// Ends the overdub; the loop plays on.
    Play,
}

/// A deed that waits for a line of the grid.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) deed: Deed,
    /// The frame that is heard with the line.
    pub(super) frame: i64,
}

impl Tracks {
    /// A pedal goes down, or up, or is tapped where nothing is said.
    pub(in crate::engine::control) fn pedal(
        &mut self,
        number: TrackNumber,
        state: Option<OnOff>,
        stage: &mut TrackStage<'_>,
        out: &mut Out,
        now: Moment,
    ) -> Answer {
        let track = Tracks::track(number, out)?;
        if let Some(OnOff(false)) = state {
            self.line(track.id).pedal.down_ns = None;
            return Ok(String::new());
        }
        let pedal = &mut self.line(track.id).pedal;
        let before = pedal.pressed_ns.replace(now.ns);
        pedal.down_ns = state.map(|_| now.ns);
        if before.is_some_and(|before| now.ns.saturating_sub(before) <= DOUBLE_NS) {
            pedal.pressed_ns = None;
            return self.double_press(&track, stage, out, now);
        }
        self.press(&track, stage, out, now)
    }

    fn press(&mut self, track: &Track, stage: &mut TrackStage<'_>, out: &mut Out, now: Moment) -> Answer {
        let line = self.line(track.id);
        if line.waiting.take().is_some() {
            // A press that cancels is not the first of two.
            line.pedal.pressed_ns = None;
            return done_on(track, "cancelled");
        }
        let deed = deed_of(line, track);
        let is_rolling = out.plan.is_rolling();
        if deed == Deed::Overdub && !is_rolling {
            // The first press after a stop starts the song.
            stage.transport.play(out, now)?;
            return done_on(track, "playing");
        }
        let frame = if is_rolling { grid_frame(out, self.steady.of(&out.plan), now) } else { now.heard_frame };
        if frame > now.heard_frame {
            self.line(track.id).waiting = Some(Waiting { deed, frame });
            let grid = out.model.song().grid.word();
            return done_on(track, &format!("{} with the next {grid}", words(deed)));
        }
        self.perform(track.id, deed, frame, stage, out, now)?;
        done_on(track, words(deed))
    }

    /// What was played in the bars up to the newest bar line becomes the loop of a track, and is played from it on: nobody
    /// had to ask before.
    pub(in crate::engine::control) fn keep(
        &mut self,
        number: TrackNumber,
        bars: Option<Bars>,
        stage: &mut TrackStage<'_>,
        out: &mut Out,
        now: Moment,
    ) -> Answer {
        let track = Tracks::track(number, out)?;
        let bars = bars.map_or(KEPT_BARS, |Bars(bars)| bars);
        if self.line(track.id).recording.is_some() {
            return Err(format!("{} is being recorded; end that first", track.name));
        }
        if track.looped.is_some() {
            return Err(format!("{} has a loop; track.clear {} removes it first", track.name, number.0));
        }
        if !out.plan.is_rolling() {
            return Err("the song is stopped: its bars say what a loop of bars is; transport.play plays it".to_owned());
        }
        let stretch = self.steady.of(&out.plan).at(now.heard_frame);
        let frames_per_pulse = stretch.timeline.frames_per_pulse();
        let pulse = stretch.song_pulse_at(now.heard_frame as f64);
        let bar = BAR_PULSES as f64;
        let line = (pulse / bar + 1e-9).floor() * bar;
        let pulses = f64::from(bars) * bar;
        if line < pulses {
            return Err(format!("the song has not played {bars} bars yet"));
        }
        let frame_of = |at: f64| now.heard_frame - ((pulse - at) * frames_per_pulse).round() as i64;
        let (begin, end) = (frame_of(line - pulses), frame_of(line));
        let held = stage.takes.held();
        if begin + self.round_trip_frames < held.start {
            let seconds = (held.end - held.start) as f64 / stretch.timeline.sample_rate_hz;
            return Err(format!(
                "{bars} bars are longer than the {seconds:.0} s that are held; `capture` in the settings holds more"
            ));
        }
        self.begin_recording(&track, Kind::Loop, begin, stage, out, now)?;
        if let Some(recording) = &mut self.line(track.id).recording {
            recording.looped = Some((line - pulses, pulses));
        }
        self.end_recording(track.id, end, stage.takes, out);
        done_on(&track, &format!("the last {bars} bars are its loop"))
    }

    /// The press before is as if it had not been, and one step more.
    fn double_press(&mut self, track: &Track, stage: &mut TrackStage<'_>, out: &mut Out, now: Moment) -> Answer {
        let line = self.line(track.id);
        let mut is_taken_back = line.waiting.take().is_some();
        if line.recording.as_ref().is_some_and(|recording| recording.lasted_ns(now.ns) <= 2 * DOUBLE_NS) {
            let is_first = track.is_empty();
            self.discard_recording(track.id, stage.takes, out, now);
            is_taken_back = true;
            if is_first {
                return done_on(track, "cancelled");
            }
        }
        // Settings are not the pedal's.
        if !out.history.newest_is_audio(track.id) {
            return match is_taken_back {
                true => done_on(track, "cancelled"),
                false => done_on(track, "there is no pass to undo"),
            };
        }
        Tracks::undo(Subject::Track(track.id), out)
    }

    /// Pedals that are held clear their tracks.
    pub(super) fn look_at_pedals(&mut self, stage: &mut TrackStage<'_>, out: &mut Out, now: Moment) {
        let is_held = |line: &TrackLine| line.pedal.down_ns.is_some_and(|down| now.ns.saturating_sub(down) >= HOLD_NS);
        let held: Vec<TrackId> = self.lines.iter().filter(|(_, line)| is_held(line)).map(|(id, _)| *id).collect();
        for id in held {
            let line = self.line(id);
            (line.pedal.down_ns, line.pedal.pressed_ns) = (None, None);
            if let Some(track) = out.model.track(id).cloned() {
                self.clear(&track, stage.takes, out, now);
            }
        }
    }

    /// Does what has waited for its line.
    pub(super) fn do_what_waited(&mut self, stage: &mut TrackStage<'_>, out: &mut Out, now: Moment) {
        let is_due = |waiting: &mut Waiting| waiting.frame <= now.heard_frame;
        let due: Vec<(TrackId, Waiting)> =
            self.lines.iter_mut().filter_map(|(id, line)| Some((*id, line.waiting.take_if(is_due)?))).collect();
        for (id, Waiting { deed, frame }) in due {
            if let Err(why) = self.perform(id, deed, frame, stage, out, now) {
                out.notice(Severity::Error, why);
            }
        }
    }

    /// What waits for the grid is withdrawn; how much that was.
    pub(super) fn cancel(&mut self) -> usize {
        self.lines.values_mut().filter_map(|line| line.waiting.take()).count()
    }

    fn perform(
        &mut self,
        id: TrackId,
        deed: Deed,
        frame: i64,
        stage: &mut TrackStage<'_>,
        out: &mut Out,
        now: Moment,
    ) -> Result<(), String> {
        let Some(track) = out.model.track(id).cloned() else { return Ok(()) };
        match deed {
            Deed::Begin => {
                let is_free = is_free(stage, out);
                let kind = if is_free { Kind::FreeLoop } else { Kind::Loop };
                self.begin_recording(&track, kind, frame, stage, out, now)?;
                if !is_free && !out.plan.is_rolling() {
                    stage.transport.play(out, now)?;
                }
                Ok(())
            }
            Deed::Overdub => self.begin_recording(&track, Kind::Overdub, frame, stage, out, now),
            Deed::Play => {
                self.end_recording(id, frame, stage.takes, out);
                Ok(())
            }
            Deed::End => self.end_loop(&track, frame, stage, out, now),
        }
    }

    /// The loop that is being recorded ends before this frame, and is played from it on.
    fn end_loop(
        &mut self,
        track: &Track,
        frame: i64,
        stage: &mut TrackStage<'_>,
        out: &mut Out,
        now: Moment,
    ) -> Result<(), String> {
        let plan = *self.steady.of(&out.plan);
        let Some(recording) = &mut self.line(track.id).recording else { return Ok(()) };
        let timeline = plan.at(recording.begin_frame).timeline;
        let frames = frame - recording.begin_frame;
        if (frames as f64) < SHORTEST_SECONDS * timeline.sample_rate_hz {
            return Err(format!("{}: a loop is at least {SHORTEST_SECONDS} s long; press later", track.name));
        }
        let (at_pulse, pulses) = match recording.kind {
            Kind::FreeLoop => {
                let (bpm, pulses) = free_tempo(frames as f64 / timeline.sample_rate_hz);
                let begins = recording.begin_frame;
                out.plan.change(|plan| plan.anchor(bpm, pulses, begins + frames, now.open_frame));
                out.tell(Event::Tempo { bpm: bpm.get() });
                (0.0, pulses as f64)
            }
            _ => {
                let at = plan.at(recording.begin_frame).song_pulse_at(recording.begin_frame as f64);
                let pulses = frames as f64 / timeline.frames_per_pulse();
                // A whole number but for the frames that pulses are rounded to is that number.
                let near = pulses.round();
                let is_whole = (pulses - near).abs() * timeline.frames_per_pulse() <= 1.0;
                let at_near = at.round();
                let is_on_pulse = (at - at_near).abs() * timeline.frames_per_pulse() <= 1.0;
                (if is_on_pulse { at_near } else { at }, if is_whole { near } else { pulses })
            }
        };
        if pulses > LOOP_PULSES_MAX {
            return Err(format!("{}: a loop is at most a thousand bars long", track.name));
        }
        recording.looped = Some((at_pulse, pulses));
        self.end_recording(track.id, frame, stage.takes, out);
        Ok(())
    }
}

fn deed_of(line: &TrackLine, track: &Track) -> Deed {
    match &line.recording {
        Some(recording) if recording.is_overdub() => Deed::Play,
        Some(_) => Deed::End,
        None if track.looped.is_none() => Deed::Begin,
        None => Deed::Overdub,
    }
}

fn words(deed: Deed) -> &'static str {
    match deed {
        Deed::Begin => "recording",
        Deed::End | Deed::Play => "playing",
        Deed::Overdub => "overdubbing",
    }
}

/// Whether the first loop sets the tempo: nothing else says one.
fn is_free(stage: &TrackStage<'_>, out: &Out) -> bool {
    let nothing_plays = out.model.tracks().iter().all(|track| track.is_empty());
    nothing_plays && !out.plan.is_rolling() && !stage.transport.sync.is_followed()
}

/// The tempo at which so many seconds are a power of two of beats, and that many in pulses.
fn free_tempo(seconds: f64) -> (Bpm, i64) {
    let exponent = (seconds * FREE_BPM / 60.0).log2().ceil().max(0.0);
    let beats = exponent.exp2();
    let bpm = Bpm::new((beats * 60.0 / seconds).clamp(Bpm::MIN.get(), Bpm::MAX.get())).unwrap_or_default();
    (bpm, beats as i64 * PPQN)
}

/// The frame that is heard with the next line of the grid; now, where there are none or one was just missed.
fn grid_frame(out: &Out, plan: &Plan, now: Moment) -> i64 {
    let grid = out.model.song().grid;
    let stretch = plan.at(now.heard_frame);
    let timeline = &stretch.timeline;
    let Some(line) = grid.pulses() else { return now.heard_frame };
    let pulse = stretch.song_pulse_at(now.heard_frame as f64);
    let late = (LATE_SECONDS * timeline.sample_rate_hz / timeline.frames_per_pulse()).min(line as f64 / 4.0);
    let next = grid.next((pulse - late).max(0.0));
    let frames = (next - pulse) * timeline.frames_per_pulse();
    now.heard_frame + frames.round() as i64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_loop_that_was_played_freely_is_whole_beats_at_a_tempo_that_can_be_played(seconds in 0.1..400.0_f64) {
            let (bpm, pulses) = free_tempo(seconds);
            prop_assert_eq!(pulses % PPQN, 0);
            let length = pulses as f64 / PPQN as f64 * 60.0 / bpm.get();
            if seconds >= 0.2 {
                prop_assert!((length - seconds).abs() < 1e-6);
                prop_assert!((FREE_BPM..=300.0).contains(&bpm.get()));
            }
            if seconds >= 0.75 {
                prop_assert!(bpm.get() <= 2.0 * FREE_BPM + 1e-6, "{}", bpm.get());
            }
        }
    }
}
