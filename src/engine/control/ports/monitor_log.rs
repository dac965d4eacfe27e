//! The MIDI monitor: the newest messages sent and received, kept while a client looks at it.
//!
//! The clock pulses of a port are one line with a number, or they would hide all else.

use crate::{
    engine::midi::sent::{Payload, PortIndex},
    midi::{Message, decode},
    status::{MonitorLine, MonitorStatus},
};
use std::{collections::VecDeque, sync::Arc};

/// Messages kept: more than the tallest window shows.
const KEPT: usize = 200;

/// The monitor's memory.
#[derive(Default)]
pub struct MonitorLog {
    on: bool,
    seen: u64,
    lines: VecDeque<MonitorLine>,
    shown: Arc<Vec<MonitorLine>>,
    changed: bool,
}

impl MonitorLog {
    /// Begins to keep messages, or drops all.
    pub fn turn(&mut self, on: bool) {
        if self.on != on {
            *self = MonitorLog { on, ..MonitorLog::default() };
        }
    }

    /// Records a message; `at_ns` is since the engine started.
    pub fn note(&mut self, at_ns: u64, port: PortIndex, incoming: bool, payload: &Payload) {
        if !self.on {
            return;
        }
        self.seen += 1;
        self.changed = true;
        let port = port.0 + 1;
        if payload.bytes() == Message::CLOCK.bytes() {
            // A line of its own for each port's pulses, always among the newest.
            let pulses = |line: &MonitorLine| line.times > 0 && line.port == port && line.incoming == incoming;
            if let Some(mut line) = self.lines.iter().rposition(pulses).and_then(|at| self.lines.remove(at)) {
                line.times = line.times.saturating_add(1);
                line.at_ns = at_ns;
                return self.lines.push_back(line);
            }
        }
        if self.lines.len() == KEPT {
            self.lines.pop_front();
        }
        let times = u32::from(payload.bytes() == Message::CLOCK.bytes());
        self.lines.push_back(MonitorLine { at_ns, port, incoming, text: decode::line(payload.bytes()), times });
    }

    /// Puts the recorded messages into the status.
    pub fn refresh(&mut self) {
        if std::mem::take(&mut self.changed) {
            self.shown = Arc::new(self.lines.iter().cloned().collect());
        }
    }

    /// The status of the monitor; `None` where no client looks.
    pub fn status(&self) -> Option<MonitorStatus> {
        self.on.then(|| MonitorStatus { seen: self.seen, lines: Arc::clone(&self.shown) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{midi::Channel, music::Note};

    #[test]
    fn the_newest_are_kept_and_pulses_are_one_line() {
        let mut watch = MonitorLog::default();
        let note = Payload::Short(Message::note_on(Channel::FIRST, Note::new(60).unwrap(), 100));
        watch.note(0, PortIndex(0), false, &note);
        assert_eq!(watch.status(), None, "no client looks");
        watch.turn(true);
        for at_ns in 0..24 {
            watch.note(at_ns, PortIndex(0), false, &Payload::Short(Message::CLOCK));
        }
        watch.note(30, PortIndex(1), true, &note);
        watch.refresh();
        let status = watch.status().unwrap();
        let lines: Vec<_> = status.lines.iter().map(|line| (line.text.as_str(), line.times, line.port)).collect();
        assert_eq!((status.seen, lines), (25, vec![("clock", 24, 1), ("note on  ch 1 C4 100", 0, 2)]));
        for _ in 0..1000 {
            watch.note(40, PortIndex(0), true, &note);
        }
        watch.refresh();
        assert_eq!(watch.status().unwrap().lines.len(), KEPT);
    }
}
