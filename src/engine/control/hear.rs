//! What comes in, and ports that come and go.

use super::{Control, Moment};
use crate::{
    command::arg::PortName,
    config::ThruTo,
    engine::{
        host::patchbay::PortChange,
        midi::{
            input::Received,
            sent::{Payload, PortIndex},
            thru::Route,
        },
    },
    midi::smf::Way,
    profile::FALLBACK_ID,
    status::{Event, Severity},
};

impl Control {
    /// Takes what came in since the last time: it moves what it was tied to, the knobs of its instrument, and the song.
    pub(super) fn hear(&mut self, now: Moment) {
        let mut heard: Vec<Received> = Vec::new();
        for input in &mut self.received {
            while let Some(received) = input.pop() {
                heard.push(received);
            }
        }
        heard.sort_by_key(|received| received.at_ns);
        let mut played = Vec::new();
        for Received { at_ns, port, payload } in &heard {
            self.ports.received(*port);
            played.extend(super::record::played(*at_ns, Way::Received, *port, payload, now));
            self.watch.note(at_ns.saturating_sub(self.start_ns), *port, true, payload);
        }
        self.takes.played(played);
        self.follow_clock(&heard, now);
        heard.retain(|received| match &received.payload {
            Payload::Short(message) => {
                self.gate_by(received.port, message, now);
                let id = self.ports.id(received.port).to_owned();
                !self.moved(&id, message, now)
            }
            Payload::SysEx(_) => true,
        });
        self.follow(&heard, now);
    }

    /// Takes what the patchbay says of the ports.
    pub(super) fn look_at_ports(&mut self, now: Moment) {
        let events: Vec<_> = self.port_events.iter().flat_map(|events| events.try_iter()).collect();
        for event in events {
            let Some(index) = self.ports.kept(event.port) else { continue };
            let Some(port) = self.ports.get_mut(index) else { continue };
            let number = index.0 + 1;
            match event.change {
                PortChange::Connected { name } => {
                    port.connected = true;
                    port.info.name.clone_from(&name);
                    let resend = port.settings.resend;
                    self.tell(Event::PortConnected { port: number, name });
                    if resend {
                        self.resend(index, now);
                    }
                }
                PortChange::Gone => {
                    port.connected = false;
                    let name = port.info.name.clone();
                    self.tell(Event::PortGone { port: number, name });
                    // The ends of notes that were held there will not come.
                    self.gates_off(now);
                }
            }
        }
    }

    /// Sends every knob of the instrument at a port again.
    pub(super) fn resend(&mut self, port: PortIndex, now: Moment) {
        let Some(at) = self.instruments.iter().position(|instrument| instrument.port == Some(port)) else { return };
        self.send_values(at, (0..self.instruments[at].values.len()).collect(), now);
    }

    /// Says which ports are waited for.
    pub(super) fn tell_absent(&self) {
        for port in self.ports.indices().filter_map(|index| self.ports.get(index)).filter(|port| !port.connected) {
            let text = format!("{} is not there yet: it plays as soon as it comes", port.info.name);
            self.desk.notice(Severity::Info, text);
        }
    }

    /// Says which ports name a profile that there is not.
    pub(super) fn tell_unknown(&mut self) {
        for index in self.ports.indices() {
            let Some(port) = self.ports.get(index) else { continue };
            if let Some(id) = port.settings.profile.as_ref().filter(|id| self.library.get(id).is_none()) {
                let text = format!("there is no profile '{id}' for {}; {FALLBACK_ID} is used", port.info.name);
                self.unmet(index, text);
            }
        }
    }

    /// Routes what comes in as the settings say.
    pub(super) fn route_as_set(&mut self) {
        for index in self.ports.indices() {
            let Some(port) = self.ports.get(index) else { continue };
            let (name, wanted) = (port.info.name.clone(), port.settings.thru.clone());
            for to in wanted {
                if let Err(why) = self.route(index, &to) {
                    self.unmet(index, format!("nothing of {name} is passed on to '{}': {why}", to.port));
                }
            }
        }
    }

    fn route(&self, from: PortIndex, to: &ThruTo) -> Result<(), String> {
        let index = self.ports.find(&PortName(to.port.clone()))?;
        self.thru(from, index, to.channel.map_or(Route::AsIs, Route::On))
    }

    /// Passes on what comes in at a port.
    ///
    /// # Errors
    /// Nothing comes in there, or nothing can be sent to the other one.
    pub(super) fn thru(&self, from: PortIndex, to: PortIndex, route: Route) -> Result<(), String> {
        let Some(input) = self.received.iter().find(|input| input.port() == from) else {
            return Err(format!("{} is not heard: nothing comes in there", self.ports.name(from)));
        };
        if !self.ports.get(to).is_some_and(|port| port.output) {
            return Err(format!("{} is only heard: nothing can be sent there", self.ports.name(to)));
        }
        input.routes().set(to, route);
        Ok(())
    }

    /// Something that the settings ask for at a port cannot be had: that is said at once, and to whoever comes later.
    fn unmet(&mut self, port: PortIndex, text: String) {
        self.desk.standing_notice(Severity::Warning, text.clone());
        if let Some(port) = self.ports.get_mut(port) {
            port.unmet.push(text);
        }
    }
}

#[cfg(test)]
mod tests;
