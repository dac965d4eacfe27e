//! Applies the settings to the ports: the thru routes, the clock, and settings that cannot be applied. The control
//! thread's.

use super::Ports;
use crate::{
    command::arg::{PortName, Switch, ThruChannel, Which},
    config::ThruTo,
    engine::{
        control::out::{Out, done},
        midi::{sent::PortIndex, thru::Route},
        station::Answer,
    },
    profile::{FALLBACK_ID, Library},
    status::Severity,
};

impl Ports {
    pub fn set_offset(&mut self, port: &PortName, ms: f64) -> Answer {
        let index = self.find(port)?;
        if let Some(port) = self.get(index) {
            port.panel.set_offset_ms(ms);
        }
        Ok(format!("{}: clock offset {ms:+} ms", self.name(index)))
    }

    pub fn set_sends(&mut self, port: &PortName, what: Which, state: Switch) -> Answer {
        let index = self.find(port)?;
        if let Some(port) = self.get(index) {
            let mut sends = port.panel.sends();
            let parts = [
                (Which::Pulses, &mut sends.pulses),
                (Which::Transport, &mut sends.transport),
                (Which::Position, &mut sends.position),
            ];
            for (_, part) in parts.into_iter().filter(|(part, _)| what == Which::All || what == *part) {
                *part = state.applied_to(*part);
            }
            port.panel.set_sends(sends);
        }
        done()
    }

    pub fn set_thru(&mut self, from: &PortName, to: &PortName, channel: ThruChannel) -> Answer {
        let (from, to) = (self.find(from)?, self.find(to)?);
        let route = match channel {
            ThruChannel::Off => Route::Off,
            ThruChannel::AsIs => Route::AsIs,
            ThruChannel::On(channel) => Route::On(channel),
        };
        self.thru(from, to, route)?;
        done()
    }

    /// Reports the ports that are waited for.
    pub fn tell_absent(&self, out: &Out) {
        for port in self.indices().filter_map(|index| self.get(index)).filter(|port| !port.connected) {
            let text = format!("{} is not connected yet: it plays as soon as it connects", port.info.name);
            out.notice(Severity::Info, text);
        }
    }

    /// Reports the ports that name an unknown profile.
    pub fn tell_unknown(&mut self, library: &Library, out: &Out) {
        for index in self.indices() {
            let Some(port) = self.get(index) else { continue };
            if let Some(id) = port.settings.profile.as_ref().filter(|id| library.get(id).is_none()) {
                let text = format!("unknown profile '{id}' for {}; {FALLBACK_ID} is used", port.info.name);
                self.unmet(index, text, out);
            }
        }
    }

    /// Sets the thru routes of the settings.
    pub fn route_as_set(&mut self, out: &Out) {
        for index in self.indices() {
            let Some(port) = self.get(index) else { continue };
            let (name, wanted) = (port.info.name.clone(), port.settings.thru.clone());
            for to in wanted {
                if let Err(why) = self.route_to(index, &to) {
                    self.unmet(index, format!("{name} is not routed to '{}': {why}", to.port), out);
                }
            }
        }
    }

    fn route_to(&self, from: PortIndex, to: &ThruTo) -> Result<(), String> {
        let index = self.find(&PortName(to.port.clone()))?;
        self.thru(from, index, to.channel.map_or(Route::AsIs, Route::On))
    }

    /// Passes messages of a port on to another.
    ///
    /// # Errors
    /// The port has no input, or the other one no output.
    pub fn thru(&self, from: PortIndex, to: PortIndex, route: Route) -> Result<(), String> {
        let Some(input) = self.inputs.iter().find(|input| input.port() == from) else {
            return Err(format!("{} has no input: nothing can be routed from it", self.name(from)));
        };
        if !self.get(to).is_some_and(|port| port.output) {
            return Err(format!("{} is input only: nothing can be sent to it", self.name(to)));
        }
        input.routes().set(to, route);
        Ok(())
    }

    /// A setting of a port cannot be applied: reports that at once, and in the status for later clients.
    fn unmet(&mut self, port: PortIndex, text: String, out: &Out) {
        out.desk.standing_notice(Severity::Warning, text.clone());
        if let Some(port) = self.get_mut(port) {
            port.unmet.push(text);
        }
    }

    /// The route from a port to another one.
    pub fn route(&self, from: PortIndex, to: PortIndex) -> Route {
        let input = self.inputs.iter().find(|input| input.port() == from);
        input.map_or(Route::Off, |input| input.routes().get(to))
    }
}
