//! The instruments: the synths that are played, each behind its port, their profiles and parameters, and which of them
//! is in use. The control thread's.
//!
//! Changes of parameters are in files of their own: by the user in `knobs.rs`, by the synth's own knobs in `follow.rs`,
//! and `morph.rs`, `motion.rs`, `automation.rs`, `macros.rs` and `randomize.rs`.

mod automation;
mod compare;
mod follow;
pub(super) mod instrument;
mod knobs;
mod macros;
mod morph;
mod motion;
mod randomize;
mod reload;

use super::{
    Moment,
    out::{Out, done},
    ports::{MidiPort, Ports},
};
use crate::{
    command::arg::{Name, PortName, Velocity},
    engine::{
        midi::{scheduler::What, sent::PortIndex},
        station::Answer,
    },
    hints,
    midi::{Channel, Message},
    music::Note,
    profile::{FALLBACK_ID, Library, Profile},
    status::Event,
};
use automation::Automation;
use instrument::{Compare, Instrument, OfPort};
pub use reload::ProfileNews;
use std::sync::{Arc, mpsc::Receiver};

/// The refusal where notes and knobs have no port.
const NO_PORT: &str = "no MIDI port to play; --port sim plays the built-in synth";

/// Every instrument.
pub(super) struct Instruments {
    /// One for each port that is played on, or one without a port. Never empty.
    pub(super) list: Vec<Instrument>,
    /// The one that is played and shown.
    pub(super) current: usize,
    pub(super) library: Library,
    /// Ids of the profiles in it.
    pub(super) profile_ids: Arc<[String]>,
    /// Reports of edited profiles.
    pub(super) news: Option<Receiver<ProfileNews>>,
    pub(super) automation: Automation,
    /// When modulation was updated last, in ns.
    pub(super) moved_ns: u64,
}

impl Instruments {
    /// One for each of the ports that is played on, or one without a port.
    pub(super) fn new(
        library: Library,
        profile: &Arc<Profile>,
        channel: Option<Channel>,
        ports: &[MidiPort],
    ) -> Instruments {
        let outputs = ports.iter().zip(0..).filter(|(port, _)| port.output);
        let at = |(port, index): (&MidiPort, u8)| {
            let settings = &port.settings;
            // A port whose profile does not exist gets the fallback profile; `tell_unknown` reports it.
            let named = settings.profile.as_ref().and_then(|id| library.get(id).or(library.get(FALLBACK_ID)));
            let of_port = OfPort { smoothing_ms: settings.smoothing_ms, spacing_ms: settings.spacing_ms };
            Instrument::new(
                Some(PortIndex(index)),
                of_port,
                settings.channel.or(channel),
                Arc::clone(named.unwrap_or(profile)),
            )
        };
        let mut list: Vec<Instrument> = outputs.map(at).collect();
        if list.is_empty() {
            list.push(Instrument::new(None, OfPort::default(), channel, Arc::clone(profile)));
        }
        Instruments {
            list,
            current: 0,
            profile_ids: library.ids().map(str::to_owned).collect(),
            library,
            news: None,
            automation: Automation::default(),
            moved_ns: 0,
        }
    }

    /// The one that is played and shown.
    pub(super) fn instrument(&self) -> &Instrument {
        &self.list[self.current]
    }

    /// The id of its profile.
    pub(super) fn profile_id(&self) -> &str {
        &self.instrument().profile.id
    }

    /// The one behind a port.
    pub(super) fn at_port(&self, port: PortIndex) -> Option<usize> {
        self.list.iter().position(|instrument| instrument.port == Some(port))
    }

    /// An instrument takes other parameters, at their defaults; changes from before cannot be undone.
    pub(super) fn take_profile(&mut self, at: usize, profile: Arc<Profile>, out: &mut Out) {
        out.model.set_knobs(at, profile.defaults());
        out.history.forget(at);
        self.list[at].take_profile(profile);
    }

    /// An instrument takes another version of its profile; see [`Instrument::renew`]. Where parameters are in other
    /// places, none of its steps can be undone; false then.
    pub(super) fn take_version(&mut self, at: usize, base: Arc<Profile>, out: &mut Out) -> bool {
        let (values, in_place) = self.list[at].renew(base, out.model.knobs(at));
        out.model.set_knobs(at, values);
        let profile = &self.list[at].profile;
        if in_place {
            out.history.refit(at, |index, value| profile.params.get(index).map_or(value, |param| param.snap(value)));
        } else {
            out.history.forget(at);
        }
        in_place
    }

    /// Records the present values of an instrument's parameters before a change, as one step to undo and to compare
    /// with.
    pub(super) fn remember(&mut self, at: usize, targets: &[(usize, u16)], label: &str, out: &mut Out) {
        let values = out.model.knobs(at);
        out.history.whole(at, values, targets, label);
        let (a, mut b) = (values.to_vec(), values.to_vec());
        for (index, value) in targets {
            b[*index] = *value;
        }
        self.list[at].compare = Some(Compare { a, b });
    }

    /// The instrument in use takes another profile.
    pub(super) fn use_profile(&mut self, Name(id): &Name, out: &mut Out, now: Moment) -> Answer {
        let Some(profile) = self.library.get(id).cloned() else {
            let ids: Vec<&str> = self.library.ids().collect();
            return Err(format!("unknown profile '{id}'; {}", hints::there_is(&ids)));
        };
        self.stop_morph(self.current, out, now);
        let channel = self.instrument().channel();
        self.take_profile(self.current, profile, out);
        self.leave_channel(self.current, channel, out, now);
        out.tell(Event::ProfileUsed { id: id.clone() });
        done()
    }

    /// Notes and knobs go to the instrument at this port from now on.
    pub(super) fn use_port(&mut self, port: &PortName, ports: &Ports, out: &Out) -> Answer {
        let index = ports.find(port)?;
        let name = ports.name(index).to_owned();
        let Some(at) = self.at_port(index) else {
            return Err(format!("{name} is input only: it cannot be played"));
        };
        self.current = at;
        out.tell(Event::InstrumentUsed { port: index.0 + 1, name });
        done()
    }

    /// Begins a note on the instrument in use; returns its port and the message that ends it there.
    pub(super) fn begin(
        &mut self,
        note: Note,
        velocity: Velocity,
        out: &mut Out,
        now: Moment,
    ) -> Result<(PortIndex, Message), String> {
        let Some(port) = self.instrument().port else { return Err(NO_PORT.to_owned()) };
        let channel = self.instrument().channel();
        out.send(port, now.ns, What::Message(Message::note_on(channel, note, velocity.get())));
        self.gate_on(self.current, note, out, now);
        Ok((port, Message::note_off(channel, note)))
    }
}
