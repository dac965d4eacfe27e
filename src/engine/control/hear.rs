//! Received and sent messages of the ports, passed to their owners.

use super::{
    Control, Moment,
    learn::Means,
    notice_of,
    recorder::{Occasion, played},
};
use crate::{
    command::{
        Command,
        arg::{Length, Text},
    },
    engine::{
        host::patchbay::PortChange,
        midi::sent::Payload,
        station::{Answer, Guest},
    },
    midi::smf::MessageDirection,
    status::{Event, Severity},
};

impl Control {
    /// Takes messages received since the last time: they move mapped targets, the parameters of the instrument, and the
    /// song.
    pub(super) fn hear(&mut self, now: Moment) {
        let mut heard = self.ports.take_received(&self.out);
        let received =
            heard.iter().filter_map(|it| played(it.at_ns, MessageDirection::Received, it.port, &it.payload, now));
        self.recorder.takes.played(received.collect());
        self.transport.follow_clock(&heard, &self.ports, &mut self.out, now);
        heard.retain(|received| {
            let Payload::Short(message) = &received.payload else { return true };
            self.instruments.gate_by(received.port, message, &self.ports, &mut self.out, now);
            let (id, profile) = (self.ports.id(received.port), &self.instruments.instrument().profile);
            match self.learn.moved(id, message, profile, &mut self.out) {
                Means::ItsOwn => return true,
                Means::Nothing => {}
                Means::Does(command) => self.obey_learned(&command, now),
            }
            false
        });
        self.instruments.follow(&heard, &mut self.out, now);
    }

    fn obey_learned(&mut self, command: &Command, now: Moment) {
        let answer = self.obey(command, Guest::NOBODY, now).now();
        if let Some((severity @ (Severity::Warning | Severity::Error), text)) = notice_of(&answer) {
            self.out.notice(severity, text);
        }
    }

    /// Takes messages sent since the last time.
    pub(super) fn drain_sent(&mut self, now: Moment) {
        let sent = self.ports.take_sent(&self.out);
        let sent = sent.iter().filter_map(|it| played(it.at_ns, MessageDirection::Sent, it.port, &it.payload, now));
        self.recorder.takes.played(sent.collect());
    }

    /// Takes the patchbay's reports of the ports.
    pub(super) fn look_at_ports(&mut self, now: Moment) {
        let events: Vec<_> = self.ports.events.iter().flat_map(|events| events.try_iter()).collect();
        for event in events {
            let Some(index) = self.ports.kept(event.port) else { continue };
            let Some(port) = self.ports.get_mut(index) else { continue };
            let number = index.0 + 1;
            match event.change {
                PortChange::Connected { name } => {
                    port.connected = true;
                    port.info.name.clone_from(&name);
                    let resend = port.settings.resend;
                    self.out.tell(Event::PortConnected { port: number, name });
                    if resend {
                        self.instruments.resend(index, &mut self.out, now);
                    }
                }
                PortChange::Gone => {
                    port.connected = false;
                    let name = port.info.name.clone();
                    self.out.tell(Event::PortGone { port: number, name });
                    // The ends of notes that were held there will not come.
                    self.instruments.gates_off(&self.out, now);
                }
            }
        }
    }

    pub(super) fn record(&mut self, name: Option<&Text>, now: Moment) -> Answer {
        let occasion = Occasion::of(&self.instruments, &self.ports, &self.out, now);
        self.recorder.record(name, &occasion, &mut self.transport, &mut self.out, now)
    }

    pub(super) fn stop_recording(&mut self, now: Moment) -> Answer {
        self.drain_sent(now);
        self.recorder.stop(&mut self.transport, &mut self.out, now)
    }

    /// Keeps the last part of the capture buffer as a take.
    pub(super) fn capture(&mut self, length: Option<Length>, now: Moment) -> Answer {
        let occasion = Occasion::of(&self.instruments, &self.ports, &self.out, now);
        self.recorder.capture(length, &occasion, &mut self.out, now)
    }
}

#[cfg(test)]
mod tests;
