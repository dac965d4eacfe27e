//! Recording as the user asks for it: at once, with a bar, after a count-in, with a sound; the last seconds in
//! hindsight; marks. The control thread's.
//!
//! Takes are keyed: commands act on the take of one key, [`TakeKey::MAIN`]; those of other keys go on beside it. A take
//! begins with a bar once that has come: the buffer still holds it.

mod disk_space;
mod folder;
mod takes;

use super::{
    Moment,
    out::{Out, done},
    transport::Transport,
};
use crate::{
    command::arg::{Length, Name, Text},
    config::recorder::{RecorderOption, Start},
    engine::{
        disk::writer::{Begin, RolledMessage},
        midi::sent::{Payload, PortIndex},
        station::Answer,
    },
    midi::smf::{Bytes, MessageDirection},
    music::{Position, position::BAR_PULSES},
    status::Severity,
    takes::{TakeEvent, unquoted},
};
pub use folder::Folder;
use std::ops::Range;
use takes::Pending;
pub use takes::{Occasion, Takes, TakesParts};
pub(super) use takes::{TakeKey, TakeRequest};

/// The state of recording.
pub(super) struct Recorder {
    pub(super) takes: Takes,
    /// The folder of takes.
    pub(super) folder: Folder,
    /// The frame up to which bars were looked for.
    looked_frame: i64,
}

impl Recorder {
    pub(super) fn new(takes: Takes, folder: Folder) -> Recorder {
        Recorder { takes, folder, looked_frame: 0 }
    }

    pub(super) fn record(
        &mut self,
        name: Option<&Text>,
        occasion: &Occasion,
        transport: &mut Transport,
        out: &mut Out,
        now: Moment,
    ) -> Answer {
        let key = TakeKey::MAIN;
        if let Some(refusal) = self.takes.refusal(key) {
            return Err(refusal);
        }
        // Files that cannot be made are refused before anything is waited for.
        self.takes.files()?;
        self.takes.admit(now.ns)?;
        let wanted = TakeRequest { name: name.map(|Text(name)| unquoted(name).to_owned()), ..TakeRequest::default() };
        // This take replaces one that waits for its device.
        self.takes.take_interrupted(key);
        match self.takes.options().start {
            Start::Now => {
                let begin = self.takes.begin_at(now.heard_frame);
                self.takes.begin(key, wanted, begin, Vec::new(), occasion, out)?;
                done()
            }
            Start::Sound => {
                let pre_roll_frames = self.takes.pre_roll_frames() as u64;
                let begin = Begin::OnSound { from_frame: now.heard_frame, pre_roll_frames };
                self.takes.begin(key, wanted, begin, Vec::new(), occasion, out)?;
                Ok("recording starts with the first sound".to_owned())
            }
            Start::Bar | Start::Count if out.plan.is_rolling() => {
                let pending = Pending { wanted, with_song: false, from_frame: now.heard_frame };
                self.takes.wait_for_bar(key, pending);
                Ok("recording starts with the next bar".to_owned())
            }
            Start::Bar => {
                self.takes.wait_for_bar(key, Pending { wanted, with_song: true, from_frame: now.open_frame });
                Ok("recording starts with the song".to_owned())
            }
            Start::Count => {
                self.takes.wait_for_bar(key, Pending { wanted, with_song: true, from_frame: now.open_frame });
                let bars = self.takes.options().count_in_bars;
                transport.count_in(bars, out, now);
                let bars = if bars == 1 { "1 bar".to_owned() } else { format!("{bars} bars") };
                Ok(format!("recording starts with the song, after {bars} of click"))
            }
        }
    }

    /// Whether a take that commands act on is under way or waited for.
    pub(super) fn recording(&self) -> bool {
        self.takes.recording(TakeKey::MAIN)
    }

    /// Reports the inputs that the capture buffer has no room for.
    pub(super) fn tell_held(&self, out: &Out) {
        if let Some((severity, text)) = self.takes.not_held() {
            out.notice(severity, text);
        }
    }

    /// Looks for the bars that takes begin and end with, in the frames played since the last time.
    pub(super) fn look_for_bars(&mut self, occasion: impl Fn(&Out) -> Occasion, out: &mut Out, now: Moment) {
        let window = self.looked_frame..now.heard_frame + 1;
        self.looked_frame = window.end.max(window.start);
        for (stretch, part) in out.plan.parts(window.clone()) {
            self.takes.tempo(part.start, stretch.timeline.bpm.get());
        }
        if window.is_empty() {
            return;
        }
        for key in self.takes.wait_for_bars() {
            self.look_for_bar_of(key, window.clone(), &occasion, out, now);
        }
    }

    /// Begins or ends the take of a key with the bar it waits for, where that lies in this window.
    fn look_for_bar_of(
        &mut self,
        key: TakeKey,
        window: Range<i64>,
        occasion: impl Fn(&Out) -> Occasion,
        out: &mut Out,
        now: Moment,
    ) {
        let pending = self.takes.pending(key).map(|pending| (pending.with_song, pending.from_frame));
        let bar = |with_song: bool, from_frame: i64| {
            let mut pulses = out.plan.pulses(window.clone());
            pulses.find_map(|pulse| {
                let is_it = |at: &i64| pulse.whole_frame >= from_frame && (with_song || at % BAR_PULSES == 0);
                let song_pulse = pulse.song_pulse.filter(is_it)?;
                Some((pulse.whole_frame, song_pulse))
            })
        };
        if let Some((with_song, from_frame)) = pending
            && let Some((frame, pulse)) = bar(with_song, from_frame)
        {
            let wanted = self.takes.take_pending(key).map(|pending| pending.wanted).unwrap_or_default();
            let mark = (frame, Position::of_pulse(pulse as f64).to_string());
            let begin = self.takes.begin_at(frame);
            let occasion = occasion(out);
            if let Err(why) = self.takes.begin(key, wanted, begin, vec![mark], &occasion, out) {
                out.notice(Severity::Error, why);
            }
        } else if self.takes.ends_with_bar(key) {
            // Where the song is stopped no bar comes any more.
            let end =
                bar(false, i64::MIN).map(|(frame, _)| frame).or((!out.plan.is_rolling()).then_some(now.heard_frame));
            if let Some(frame) = end {
                self.takes.end(key, frame, out);
            }
        }
    }

    /// Ends the take. The MIDI messages up to now belong to it: they were taken in before.
    pub(super) fn stop(&mut self, transport: &mut Transport, out: &mut Out, now: Moment) -> Answer {
        let key = TakeKey::MAIN;
        if !self.recording() && self.takes.take_interrupted(key).is_some() {
            return Ok("the take ended when its device disconnected, and does not resume".to_owned());
        }
        if !self.recording() {
            return Err("not recording; record.start starts a take".to_owned());
        }
        if let Some(pending) = self.takes.take_pending(key) {
            // A song that was counted in for the take does not begin either.
            if pending.with_song {
                transport.stop(out, now)?;
            }
            return Ok("recording cancelled".to_owned());
        }
        // A second stop ends it at once.
        let by_bar = matches!(self.takes.options().start, Start::Bar | Start::Count);
        if by_bar && out.plan.is_rolling() && !self.takes.ends_with_bar(key) {
            self.takes.end_with_bar(key);
            return Ok("the take ends with this bar; another record.stop ends it at once".to_owned());
        }
        self.takes.end(key, now.open_frame, out);
        done()
    }

    pub(super) fn say(&self, now: Moment) -> Answer {
        let status = self.takes.status(now.open_frame);
        Ok(match (status.take, status.waits_for) {
            (Some(take), _) => format!("recording {:.1} s to {}", take.seconds, take.path.display()),
            (None, Some(waits_for)) => {
                format!("waiting for {waits_for}; takes are saved in {}", status.folder.display())
            }
            (None, None) if status.is_recording => format!("recording starts in {}", status.folder.display()),
            (None, None) => format!("not recording; takes are saved in {}", status.folder.display()),
        })
    }

    /// Keeps the last part of the capture buffer as a take.
    pub(super) fn capture(
        &mut self,
        length: Option<Length>,
        occasion: &Occasion,
        out: &mut Out,
        now: Moment,
    ) -> Answer {
        let held = self.takes.held();
        let end = now.heard_frame.clamp(held.start, held.end);
        let asked =
            length.map_or(self.takes.options().capture_seconds, |length| length.seconds(out.plan.last().timeline.bpm));
        let from = (end - self.takes.frames(asked)).max(held.start);
        if asked <= 0.0 {
            return Err("record.capture 0: nothing to save; allowed: more than 0 s".to_owned());
        }
        if from >= end {
            return Err("nothing to capture yet".to_owned());
        }
        self.takes.admit(now.ns)?;
        self.takes.keep(from, end, occasion, out)?;
        Ok(format!("saving the last {:.1} s", (end - from) as f64 / self.takes.frames(1.0).max(1) as f64))
    }

    pub(super) fn mark(&mut self, label: Option<&Text>, now: Moment) -> Answer {
        let label = self.takes.mark(TakeKey::MAIN, now.heard_frame, label.map(|Text(label)| label.as_str()));
        label
            .map(|label| format!("marked: {label}"))
            .ok_or_else(|| "not recording: there is no take to mark".to_owned())
    }

    pub(super) fn set_option(&mut self, Name(option): &Name, value: Option<&Text>) -> Answer {
        let row = RecorderOption::of(option)?;
        let Some(Text(value)) = value else {
            let shown = row.shown(self.takes.options());
            return Ok(format!("{option} is {shown}: {}; allowed: {}", row.help, row.allowed));
        };
        let mut options = self.takes.options().clone();
        row.set(&mut options, value)?;
        self.takes.set(options)?;
        let later = match row.name {
            "inputs" if self.takes.records_others() => {
                "; meters, gains and monitor still use the inputs chosen at startup"
            }
            _ if row.at_start => "; takes effect at the next start, from the settings",
            _ => "",
        };
        Ok(format!("{option} is {}{later}", row.shown(self.takes.options())))
    }

    /// The audio was interrupted, so many times since the last look: sets a mark in each take that says so and, where
    /// the machine stood still, for how long.
    pub(super) fn xruns(&mut self, times: u64, stood_ms: u64, out: &Out, now: Moment) {
        self.takes.happened(now.heard_frame, &TakeEvent::Xrun { times });
        if stood_ms > 0 {
            let text = format!("the system was suspended for {:.1} s", stood_ms as f64 / 1000.0);
            self.takes.happened(now.heard_frame, &TakeEvent::Mark(text.clone()));
            let text = format!("{text}: that part of the take is missing, the rest is recorded");
            out.notice(Severity::Warning, text);
        }
    }

    /// The device is back: takes that were interrupted go on in new ones.
    pub(super) fn device_back(&mut self, occasion: &Occasion, out: &mut Out) {
        for key in self.takes.interrupted() {
            let begin = Begin::At(self.takes.held().end);
            if let Some(wanted) = self.takes.take_interrupted(key)
                && let Err(why) = self.takes.begin(key, wanted, begin, Vec::new(), occasion, out)
            {
                out.notice(Severity::Error, format!("recording does not resume: {why}"));
            }
        }
    }
}

/// Passes a message to the takes; not the clock's: their tempo is known.
pub(super) fn played(
    at_ns: u64,
    way: MessageDirection,
    port: PortIndex,
    payload: &Payload,
    now: Moment,
) -> Option<RolledMessage> {
    let bytes = payload.bytes();
    let is_realtime = bytes.first().is_some_and(|status| *status >= 0xF8);
    let bytes = Bytes::of(bytes).filter(|_| !is_realtime)?;
    Some(RolledMessage { frame: now.rendered.frame_at(at_ns as f64) as i64, way, port: port.0, bytes })
}

#[cfg(test)]
mod tests;
