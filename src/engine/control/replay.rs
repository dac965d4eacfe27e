//! Replay: what was played beside a take is sent to the synth again, and recorded as a new take on the same frames. The
//! performance stays, the sound is another one. The control thread's; the librarian reads the file.
//!
//! Messages go to the scheduler a little ahead, each with its due time. Where the take ends early, what is held ends with
//! the last of them.

use super::{
    Moment,
    instruments::Instruments,
    out::Out,
    ports::Ports,
    recorder::{Occasion, Recorder, TakeKey, TakeRequest},
};
use crate::{
    command::arg::Text,
    engine::{
        disk::writer::{Begin, TakeId},
        midi::{scheduler::What, sent::PortIndex},
        station::Answer,
    },
    midi::{
        Message,
        smf::{
            MessageDirection,
            performance::{Performance, PerformedEvent},
        },
    },
    status::Severity,
    takes::shown,
};
use std::path::Path;

/// From the request to the first frame, in seconds: what is due then is on its way before.
const LEAD_SECONDS: f64 = 0.25;
/// So far ahead messages are handed to the scheduler, in seconds.
const AHEAD_SECONDS: f64 = 0.2;

/// The replay under way, if there is one.
#[derive(Default)]
pub(super) struct Replay {
    playing: Option<Playing>,
}

/// A replay under way.
struct Playing {
    take: Option<TakeId>,
    /// The first frame.
    begin_frame: i64,
    rate_hz: f64,
    /// What is not sent yet, the first one last.
    rest: Vec<PerformedEvent>,
    /// The station's port for each of the performance's.
    ports: Vec<PortIndex>,
    /// The messages that end what is held.
    ends: Vec<(PortIndex, Message)>,
    /// When the newest message is due, in ns.
    due_ns: u64,
}

impl Replay {
    /// The librarian reads what was played beside a take; then the replay begins.
    pub(super) fn ask(&mut self, name: &Text, recorder: &Recorder, out: &mut Out) -> Answer {
        if self.playing.is_some() || recorder.recording() {
            return Err("a take is being recorded; record.stop ends it".to_owned());
        }
        recorder.read_performance(name, out)
    }

    /// Begins with what was read, and sends what is due.
    pub(super) fn go_on(
        &mut self,
        recorder: &mut Recorder,
        (instruments, ports): (&Instruments, &Ports),
        out: &mut Out,
        now: Moment,
    ) {
        if let Some((errand, path, performance)) = recorder.folder.performed.take() {
            let answer = self.begin(&path, performance, recorder, (instruments, ports), out, now);
            out.answer_errand(errand, &answer);
            if let Err(why) = answer {
                out.notice(Severity::Error, why);
            }
        }
        let Some(playing) = &mut self.playing else { return };
        if recorder.takes.id(TakeKey::MAIN) != playing.take {
            self.end(out);
            return;
        }
        let until = now.open_frame + (AHEAD_SECONDS * playing.rate_hz) as i64;
        while let Some(event) =
            playing.rest.pop_if(|event| playing.begin_frame + frames(event, playing.rate_hz) <= until)
        {
            let frame = playing.begin_frame + frames(&event, playing.rate_hz);
            let Some(port) = playing.ports.get(event.port).copied() else { continue };
            playing.due_ns = (now.rendered.ns_at(frame as f64).max(0.0)) as u64;
            let what = match event.bytes.short() {
                Some(message) => {
                    if let Some((end, begins)) = message.hold() {
                        playing.ends.retain(|held| *held != (port, end));
                        playing.ends.extend(begins.then_some((port, end)));
                    }
                    What::Message(message)
                }
                None => What::SysEx(event.bytes.sysex().into()),
            };
            out.send(port, playing.due_ns, what);
        }
    }

    fn begin(
        &mut self,
        path: &Path,
        mut performance: Performance,
        recorder: &mut Recorder,
        (instruments, ports): (&Instruments, &Ports),
        out: &mut Out,
        now: Moment,
    ) -> Answer {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        // What came in was either passed on, and then it was sent, too, or it was not for the synth.
        let was_sent = performance.events.iter().any(|event| event.way == MessageDirection::Sent);
        performance.events.retain(|event| (event.way == MessageDirection::Sent) == was_sent);
        if performance.events.is_empty() {
            return Err(format!("nothing was played in {name}: there is nothing to replay"));
        }
        let own = instruments.instrument().port.or_else(|| ports.outputs().next());
        let own = own.ok_or_else(|| "there is no MIDI output to replay to".to_owned())?;
        let of_name = |name: &String| ports.outputs().find(|port| ports.name(*port) == name);
        let to = performance.ports.iter().map(|name| of_name(name).unwrap_or(own)).collect();
        let rate_hz = recorder.takes.frames(1.0) as f64;
        let begin_frame = now.open_frame + (LEAD_SECONDS * rate_hz) as i64;
        let end_frame = begin_frame + (performance.seconds * rate_hz).ceil().max(1.0) as i64;
        let wanted =
            TakeRequest { name: Some(format!("{name}-replay")), end_frame: Some(end_frame), ..TakeRequest::default() };
        let occasion = Occasion::of(instruments, ports, out, now);
        recorder.takes.begin(TakeKey::MAIN, wanted, Begin::At(begin_frame), Vec::new(), &occasion, out)?;
        performance.events.reverse();
        self.playing = Some(Playing {
            take: recorder.takes.id(TakeKey::MAIN),
            begin_frame,
            rate_hz,
            rest: performance.events,
            ports: to,
            ends: Vec::new(),
            due_ns: now.ns,
        });
        Ok(format!("replaying {} for {:.1} s", shown(Path::new(&name)), performance.seconds))
    }

    /// Nothing more is sent, and what is held ends.
    pub(super) fn end(&mut self, out: &mut Out) {
        if let Some(playing) = self.playing.take() {
            for (port, end) in playing.ends {
                out.send(port, playing.due_ns, What::Message(end));
            }
        }
    }
}

/// Frames from the beginning.
fn frames(event: &PerformedEvent, rate_hz: f64) -> i64 {
    (event.seconds * rate_hz).round() as i64
}

#[cfg(test)]
mod tests;
