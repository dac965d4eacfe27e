//! Recording as it is asked for: at once, with a bar, after a count-in, with a sound; what was just played; places that
//! get a name. The control thread's.
//!
//! A bar is taken once it has come: the buffer still holds it.

use super::{
    Control, Moment,
    execute::done,
    takes::{Occasion, Pending},
};
use crate::{
    command::arg::{Length, Name, Text},
    config::recorder::{RecorderOption, Start},
    engine::{
        audio::{click::CountIn, renderer::Order},
        disk::writer::{Begin, Played},
        midi::sent::{Payload, PortIndex},
        station::Answer,
    },
    midi::smf::{Bytes, Way},
    music::{PPQN, Position, position::BEATS_PER_BAR},
    status::{Event, Severity},
    takes::{Happening, unquoted},
};
use std::sync::Arc;

/// Pulses of a bar.
const BAR_PULSES: i64 = PPQN * BEATS_PER_BAR as i64;

impl Control {
    pub(super) fn record(&mut self, name: Option<&Text>, now: Moment) -> Answer {
        if let Some(refusal) = self.takes.refusal() {
            return Err(refusal);
        }
        // Files that cannot be are refused before anything is waited for.
        self.takes.options().files.of(self.sources.len())?;
        self.takes.admit(now.ns)?;
        let name = name.map(|Text(name)| unquoted(name).to_owned());
        // This take is in the place of one that waits for its device.
        self.takes.take_interrupted();
        match self.takes.options().start {
            Start::Now => {
                let begin = Begin::At(now.heard_frame - self.takes.pre_roll_frames());
                self.begin_take(name, begin, Vec::new(), now)?;
                done()
            }
            Start::Sound => {
                let pre_roll_frames = self.takes.pre_roll_frames() as u64;
                let begin = Begin::OnSound { from_frame: now.heard_frame, pre_roll_frames };
                self.begin_take(name, begin, Vec::new(), now)?;
                Ok("recording begins with the first sound".to_owned())
            }
            Start::Bar | Start::Count if self.playing() => {
                self.takes.pending = Some(Pending { name, with_song: false, from_frame: now.heard_frame });
                Ok("recording begins with the next bar".to_owned())
            }
            Start::Bar => {
                self.takes.pending = Some(Pending { name, with_song: true, from_frame: now.open_frame });
                Ok("recording begins with the song".to_owned())
            }
            Start::Count => {
                self.takes.pending = Some(Pending { name, with_song: true, from_frame: now.open_frame });
                self.count_in(now);
                done()
            }
        }
    }

    fn begin_take(
        &mut self,
        name: Option<String>,
        begin: Begin,
        marks: Vec<(i64, String)>,
        now: Moment,
    ) -> Result<(), String> {
        let occasion = self.occasion(now);
        self.takes.begin(name, begin, marks, &occasion)
    }

    fn occasion(&self, now: Moment) -> Occasion {
        Occasion {
            now_ns: now.ns.saturating_sub(self.start_ns),
            frame: now.heard_frame,
            profile: Arc::clone(&self.instrument().profile),
            bpm: self.plan.last().timeline.bpm,
            port_names: self.ports.indices().map(|index| self.ports.name(index).to_owned()).collect(),
        }
    }

    /// The song begins after some bars of click.
    fn count_in(&mut self, now: Moment) {
        let timeline = self.plan.last().timeline;
        let beats = self.takes.options().count_in_bars * BEATS_PER_BAR;
        let beat_frames = timeline.frames_per_pulse() * PPQN as f64;
        let earliest = now.open_frame + (beat_frames * f64::from(beats)).ceil() as i64;
        let song_frame = self.plan.roll(self.cue_pulse, earliest);
        self.publish_plan();
        self.renderer.order(Order::CountIn(CountIn { song_frame, beats, beat_frames }));
        self.tell(Event::Playing { from: Position::of_pulse(self.cue_pulse) });
    }

    /// Looks for the bars that takes begin and end with, in what was heard since the last time.
    pub(super) fn look_for_bars(&mut self, now: Moment) {
        let window = self.looked_frame..now.heard_frame + 1;
        self.looked_frame = window.end.max(window.start);
        for (stretch, part) in self.plan.parts(window.clone()) {
            self.takes.tempo(part.start, stretch.timeline.bpm.get());
        }
        let pending = self.takes.pending.as_ref().map(|pending| (pending.with_song, pending.from_frame));
        if window.is_empty() || (pending.is_none() && !self.takes.ends_with_bar()) {
            return;
        }
        let bar = |with_song: bool, from_frame: i64| {
            let mut pulses = self.plan.pulses(window.clone());
            pulses.find_map(|pulse| {
                let is_it = |at: &i64| pulse.whole_frame >= from_frame && (with_song || at % BAR_PULSES == 0);
                let song_pulse = pulse.song_pulse.filter(is_it)?;
                Some((pulse.whole_frame, song_pulse))
            })
        };
        if let Some((with_song, from_frame)) = pending
            && let Some((frame, pulse)) = bar(with_song, from_frame)
        {
            let name = self.takes.pending.take().and_then(|pending| pending.name);
            let mark = (frame, Position::of_pulse(pulse as f64).to_string());
            let begin = Begin::At(frame - self.takes.pre_roll_frames());
            if let Err(why) = self.begin_take(name, begin, vec![mark], now) {
                self.desk.notice(Severity::Error, why);
            }
        } else if self.takes.ends_with_bar() {
            // Where the song stands no bar comes any more.
            let end = bar(false, i64::MIN).map(|(frame, _)| frame).or((!self.playing()).then_some(now.heard_frame));
            if let Some(frame) = end {
                self.takes.end(frame);
            }
        }
    }

    pub(super) fn stop_recording(&mut self, now: Moment) -> Answer {
        if !self.takes.recording() && self.takes.take_interrupted().is_some() {
            return Ok("the take was closed when its device went, and does not go on when it is back".to_owned());
        }
        if !self.takes.recording() {
            return Err("nothing is being recorded; record.start begins a take".to_owned());
        }
        if let Some(pending) = self.takes.pending.take() {
            // A song that was counted in for the take does not begin either.
            if pending.with_song {
                self.stop(now)?;
            }
            return Ok("no take begins".to_owned());
        }
        // Asked twice, it ends at once.
        let by_bar = matches!(self.takes.options().start, Start::Bar | Start::Count);
        if by_bar && self.playing() && !self.takes.ends_with_bar() {
            self.takes.end_with_bar();
            return Ok("the take ends with this bar; record.stop again ends it at once".to_owned());
        }
        // What was played up to now is in it.
        self.drain_sent(now);
        self.takes.end(now.open_frame);
        done()
    }

    pub(super) fn say_recording(&self, now: Moment) -> Answer {
        let status = self.takes.status(now.open_frame);
        Ok(match (status.take, status.waits_for) {
            (Some(take), _) => format!("recording {:.1} s to {}", take.seconds, take.path.display()),
            (None, Some(waits_for)) => format!("waiting for {waits_for}; takes go to {}", status.folder.display()),
            (None, None) if status.is_recording => format!("recording begins in {}", status.folder.display()),
            (None, None) => format!("not recording; takes go to {}", status.folder.display()),
        })
    }

    /// Keeps what was just played.
    pub(super) fn capture(&mut self, length: Option<Length>, now: Moment) -> Answer {
        let held = self.takes.held();
        let end = now.heard_frame.clamp(held.start, held.end);
        let asked =
            length.map_or(self.takes.options().capture_seconds, |length| length.seconds(self.plan.last().timeline.bpm));
        let from = (end - self.takes.frames(asked)).max(held.start);
        if asked <= 0.0 {
            return Err("record.capture 0: 0 s are nothing to be kept; allowed is more than 0 s".to_owned());
        }
        if from >= end {
            return Err("nothing was played yet that could be kept".to_owned());
        }
        self.takes.admit(now.ns)?;
        let occasion = self.occasion(now);
        self.takes.keep(from, end, &occasion)?;
        Ok(format!("keeping the last {:.1} s", (end - from) as f64 / self.takes.frames(1.0).max(1) as f64))
    }

    pub(super) fn mark(&mut self, label: Option<&Text>, now: Moment) -> Answer {
        let label = self.takes.mark(now.heard_frame, label.map(|Text(label)| label.as_str()));
        label.map(|label| format!("marked: {label}")).ok_or_else(|| "nothing is being recorded to be marked".to_owned())
    }

    pub(super) fn set_recorder(&mut self, Name(option): &Name, value: Option<&Text>) -> Answer {
        let row = RecorderOption::of(option)?;
        let Some(Text(value)) = value else {
            let shown = row.shown(self.takes.options());
            return Ok(format!("{option} is {shown}: {}; allowed is {}", row.help, row.allowed));
        };
        let mut options = self.takes.options().clone();
        row.set(&mut options, value)?;
        self.takes.set(options)?;
        let later = if row.at_start { "; the next start takes it from the settings" } else { "" };
        Ok(format!("{option} is {}{later}", row.shown(self.takes.options())))
    }

    /// The audio was interrupted, so many times since the last look: whoever hears the take must know. Where the machine
    /// stood still, also for how long.
    pub fn xruns(&mut self, times: u64, stood_ms: u64, now: Moment) {
        self.takes.happened(now.heard_frame, &Happening::Xrun { times });
        if stood_ms > 0 {
            let text = format!("the machine stood still for {:.1} s", stood_ms as f64 / 1000.0);
            self.takes.happened(now.heard_frame, &Happening::Mark(text.clone()));
            self.desk
                .notice(Severity::Warning, format!("{text}: what was played meanwhile is missing, the rest is there"));
        }
    }

    /// The device is gone: the take under way is closed with what is there.
    pub fn device_lost(&mut self) {
        self.takes.interrupt();
    }

    /// Frames are of another rate from this one on: the song goes on where it is, and so does a take that is listened to.
    /// The take under way is closed.
    pub fn set_rate(&mut self, sample_rate_hz: u32, frame: i64) {
        let heard = self.audition.status(self.device.sample_rate_hz);
        // One that was begun meanwhile.
        self.takes.interrupt();
        self.device.sample_rate_hz = sample_rate_hz;
        self.takes.set_rate(sample_rate_hz, frame);
        self.plan.set_rate(f64::from(sample_rate_hz), frame);
        self.publish_plan();
        if let Some(heard) = heard {
            self.play_from(heard.path, heard.seconds, None);
        }
    }

    /// The device is back: a take that was interrupted goes on in a new one.
    pub fn device_back(&mut self, now: Moment) {
        if let Some(name) = self.takes.take_interrupted()
            && let Err(why) = self.begin_take(name, Begin::At(self.takes.held().end), Vec::new(), now)
        {
            self.desk.notice(Severity::Error, format!("recording does not go on: {why}"));
        }
    }
}

/// A message as it goes beside the takes; not the clock's, which their tempo tells.
pub(super) fn played(at_ns: u64, way: Way, port: PortIndex, payload: &Payload, now: Moment) -> Option<Played> {
    let bytes = payload.bytes();
    let is_realtime = bytes.first().is_some_and(|status| *status >= 0xF8);
    let bytes = Bytes::of(bytes).filter(|_| !is_realtime)?;
    Some(Played { frame: now.rendered.frame_at(at_ns as f64) as i64, way, port: port.0, bytes })
}

#[cfg(test)]
mod tests;
