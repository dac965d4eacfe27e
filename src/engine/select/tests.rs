//! The choice of devices and ports, on simulated machines.

use super::*;
use crate::{
    engine::{
        host::{
            CallbackStats, Driver, StartFailed,
            alsa::{Behind, Card},
            open_port::{PortInfo, PortWay},
            raw_midi,
        },
        midi::port::{MidiOut, SendFailed},
    },
    midi::Wire,
    profile::{DEFAULT_ID, Library},
};
use std::sync::Mutex;

/// A simulated machine.
#[derive(Default)]
struct Fake {
    jack: bool,
    jack_refuses: bool,
    jack_ports: Vec<&'static str>,
    alsa: bool,
    alsa_ports: Vec<&'static str>,
    cards: Cards,
    /// ALSA's names of devices that do not open.
    refused: Vec<&'static str>,
    inputs: Option<usize>,
    asked: Mutex<Vec<AudioRequest>>,
}

struct FakeDevice(DeviceSpec);

impl Device for FakeDevice {
    fn spec(&self) -> &DeviceSpec {
        &self.0
    }

    fn start(
        self: Box<Self>,
        renderer: crate::engine::audio::renderer::Renderer,
        _: Arc<CallbackStats>,
    ) -> Result<Box<dyn Driver>, StartFailed> {
        Err(StartFailed { error: HostError("made up".to_owned()), renderer: Some(Box::new(renderer)) })
    }
}

struct Nowhere;

impl MidiOut for Nowhere {
    fn send(&mut self, _: u64, _: &[u8]) -> Result<(), SendFailed> {
        Ok(())
    }
}

impl Fake {
    fn device(
        &self,
        has: bool,
        host: &'static str,
        name: Option<&str>,
        request: &AudioRequest,
    ) -> Result<Box<dyn Device>, HostError> {
        self.asked.lock().unwrap().push(request.clone());
        if !has {
            return Err(HostError(format!("no {host}")));
        }
        Ok(Box::new(FakeDevice(DeviceSpec {
            host,
            id: name.map_or_else(|| host.to_owned(), |name| format!("{host}:{name}")),
            name: host.to_owned(),
            sample_rate_hz: request.sample_rate_hz.unwrap_or(44_100),
            block_frames: 256,
            inputs: self.inputs.or(request.inputs).unwrap_or(2),
            latency_frames: 512,
        })))
    }
}

impl Machine for Fake {
    fn jack_running(&self, _: Option<&str>) -> bool {
        self.jack
    }

    fn open_jack(&self, server: Option<&str>, request: &AudioRequest) -> Result<Box<dyn Device>, HostError> {
        self.device(self.jack && !self.jack_refuses, "jack", server, request)
    }

    fn jack_ports(&self, _: Option<&str>) -> Vec<String> {
        self.jack_ports.iter().map(|name| (*name).to_owned()).collect()
    }

    fn jack_port(&self, name: &str) -> Result<OpenPort, HostError> {
        let info = PortInfo { id: format!("jack:{name}"), name: name.to_owned() };
        Ok(OpenPort::new(info, PortWay::Jack { inlet: None }, Wire::UNLIMITED))
    }

    fn alsa_cards(&self) -> Cards {
        self.cards.clone()
    }

    fn open_alsa(&self, name: Option<&str>, request: &AudioRequest) -> Result<Box<dyn Device>, HostError> {
        self.device(self.alsa && !name.is_some_and(|name| self.refused.contains(&name)), "alsa", name, request)
    }

    fn alsa_ports(&self) -> Result<Vec<String>, HostError> {
        match &self.alsa_ports[..] {
            [] => Err(HostError("no sequencer".to_owned())),
            ports => Ok(ports.iter().map(|name| (*name).to_owned()).collect()),
        }
    }

    fn open_alsa_port(
        &self,
        _: &mut Patchbay,
        name: &str,
        _: &Profile,
        _: bool,
        _: bool,
    ) -> Result<OpenPort, HostError> {
        let info = PortInfo { id: format!("alsa:{name}"), name: name.to_owned() };
        match self.alsa_ports.contains(&name) {
            true => {
                let way = PortWay::Threads { scheduler: Box::new(Nowhere), clock: Box::new(Nowhere) };
                Ok(OpenPort::new(info, way, Wire::USB))
            }
            false => Err(HostError(format!("no port {name}"))),
        }
    }

    fn raw_ports(&self) -> Vec<raw_midi::RawMidiDevice> {
        Vec::new()
    }

    fn open_raw_port(&self, _: &mut Patchbay, path: &str, _: bool, _: bool) -> Result<OpenPort, HostError> {
        let info = PortInfo { id: format!("raw:{path}"), name: path.to_owned() };
        let way = PortWay::Threads { scheduler: Box::new(Nowhere), clock: Box::new(Nowhere) };
        Ok(OpenPort::new(info, way, Wire::USB))
    }
}

fn wishes(ports: &[PortChoice]) -> Vec<PortWish> {
    ports.iter().cloned().map(PortWish::from).collect()
}

fn nothing_asked() -> AudioRequest {
    AudioRequest { sample_rate_hz: None, block_frames: None, inputs: None, jack_ports: Vec::new() }
}

fn nts1() -> Arc<Profile> {
    Arc::clone(Library::load(None).0.get(DEFAULT_ID).unwrap())
}

/// The device's id, the ports' ids and the notices.
fn chosen(fake: Fake, device: &str, ports: &[PortChoice]) -> Result<(String, Vec<String>, Vec<String>), String> {
    let machine: Arc<dyn Machine> = Arc::new(fake);
    let device = match device {
        "jack" => DeviceChoice::Jack(None),
        text => text.parse().unwrap(),
    };
    let selected =
        select_on(&machine, &device, &wishes(ports), &nothing_asked(), &nts1()).map_err(|e| e.to_string())?;
    let ports = selected.machinery.ports.iter().map(|port| port.info.id.clone()).collect();
    let notices = selected.notices.into_iter().map(|(_, text)| text).collect();
    Ok((selected.machinery.device.spec().id.clone(), ports, notices))
}

const AUTO: [PortChoice; 1] = [PortChoice::Auto];

#[test]
fn jack_before_alsa_before_the_simulated_host() {
    let device = |fake| chosen(fake, "auto", &AUTO).unwrap().0;
    assert_eq!(device(Fake { jack: true, alsa: true, ..Fake::default() }), "jack");
    assert_eq!(device(Fake { jack: true, jack_refuses: true, alsa: true, ..Fake::default() }), "alsa");
    assert_eq!(device(Fake { alsa: true, ..Fake::default() }), "alsa");
    assert_eq!(device(Fake::default()), "sim");
}

#[test]
fn without_a_device_one_calm_notice_says_so() {
    let (_, ports, notices) = chosen(Fake::default(), "auto", &AUTO).unwrap();
    assert_eq!(ports, ["sim"]);
    let notice = "no sound: no audio device opens (no alsa); the simulated host runs";
    assert_eq!(notices, [notice]);
    let notices = chosen(Fake { alsa: true, ..Fake::default() }, "auto", &AUTO).unwrap().2;
    assert_eq!(notices, ["on alsa: it is the default ALSA device"]);
}

fn card(number: usize, id: &str, has_inputs: bool) -> Card {
    let (name, id) = (id.to_owned(), format!("hw:CARD={id},DEV=0"));
    Card { id, number, name, has_inputs, has_outputs: true, is_allowed: true }
}

#[test]
fn auto_looks_at_every_card_and_says_why_it_took_one() {
    let cards = vec![card(0, "Headphones", false), card(1, "USB", true)];
    let pi = || Fake { alsa: true, cards: Cards { cards: cards.clone(), default: Behind::Card(0) }, ..Fake::default() };
    let (device, _, notices) = chosen(pi(), "auto", &AUTO).unwrap();
    assert_eq!(device, "alsa:hw:CARD=USB,DEV=0");
    assert_eq!(notices, ["on alsa: it is the first card with inputs and outputs"]);
    let busy = Fake { refused: vec!["hw:CARD=USB,DEV=0"], ..pi() };
    assert_eq!(chosen(busy, "auto", &AUTO).unwrap().0, "alsa:hw:CARD=Headphones,DEV=0");
    assert_eq!(chosen(Fake { jack: true, ..pi() }, "auto", &AUTO).unwrap().0, "jack");
}

#[test]
fn a_device_without_inputs_is_taken_with_a_warning() {
    let machine: Arc<dyn Machine> = Arc::new(Fake { alsa: true, inputs: Some(0), ..Fake::default() });
    for device in [DeviceChoice::Auto, DeviceChoice::Alsa("hw:0".to_owned())] {
        let selected = select_on(&machine, &device, &wishes(&AUTO), &nothing_asked(), &nts1()).unwrap();
        let [(Severity::Warning, text)] = &selected.notices[..] else { panic!("{:?}", selected.notices) };
        assert!(text.starts_with("alsa has no inputs: nothing can be recorded"), "{text}");
    }
}

#[test]
fn cards_that_this_user_may_not_open_are_reported_with_the_remedy() {
    let cards = Cards { cards: vec![Card { is_allowed: false, ..card(0, "USB", true) }], default: Behind::Nothing };
    let (device, _, notices) = chosen(Fake { cards, ..Fake::default() }, "auto", &AUTO).unwrap();
    assert_eq!(device, "sim");
    assert!(notices[0].contains("may not use USB") && notices[0].contains("sudo usermod -aG audio"), "{notices:?}");
}

#[test]
fn a_device_asked_for_by_name_is_opened_or_refused() {
    assert_eq!(chosen(Fake::default(), "alsa:USB", &AUTO).unwrap_err(), "no alsa");
    assert_eq!(chosen(Fake { alsa: true, ..Fake::default() }, "jack", &AUTO).unwrap_err(), "no jack");
    assert_eq!(chosen(Fake { alsa: true, ..Fake::default() }, "alsa:USB", &AUTO).unwrap().0, "alsa:USB");
    assert_eq!(chosen(Fake { alsa: true, ..Fake::default() }, "sim", &AUTO).unwrap().0, "sim");
}

#[test]
fn auto_takes_the_profiles_port_then_the_first_then_the_built_in_synth() {
    let port = |ports: &[&'static str]| {
        let fake = Fake { alsa: true, alsa_ports: ports.to_vec(), ..Fake::default() };
        chosen(fake, "auto", &AUTO).unwrap().1.remove(0)
    };
    let (sound, knob) = ("NTS-1 digital kit:NTS-1 digital kit SOUND", "NTS-1 digital kit:NTS-1 digital kit MIDI OUT");
    assert_eq!(port(&["Acme:out", knob, sound]), format!("alsa:{sound}"));
    assert_eq!(port(&["Acme:out", knob]), format!("alsa:{knob}"));
    assert_eq!(port(&["Acme:out", "Other:out", "Midi Through:Midi Through Port-0"]), "alsa:Acme:out");
    assert_eq!(port(&["Midi Through:Midi Through Port-0"]), "sim");
    assert_eq!(port(&[]), "sim");
}

#[test]
fn on_jack_its_ports_come_first_and_are_made_with_the_client() {
    let fake = || Fake { jack: true, jack_ports: vec!["synth:in", "system:nts-1 sound"], ..Fake::default() };
    let machine = Arc::new(fake());
    let dynamic: Arc<dyn Machine> = Arc::clone(&machine) as Arc<dyn Machine>;
    let selected = select_on(&dynamic, &DeviceChoice::Auto, &wishes(&AUTO), &nothing_asked(), &nts1()).unwrap();
    assert_eq!(selected.machinery.ports[0].info.id, "jack:system:nts-1 sound");
    assert_eq!(machine.asked.lock().unwrap()[0].jack_ports[0].name, "system:nts-1 sound");
    // The synth's own port elsewhere beats another port here.
    let both = Fake { jack_ports: vec!["synth:in"], alsa_ports: vec!["NTS-1:SOUND"], ..fake() };
    assert_eq!(chosen(both, "auto", &AUTO).unwrap().1, ["alsa:NTS-1:SOUND"]);
}

#[test]
fn ports_asked_for_by_name_are_opened_or_refused() {
    let fake = || Fake { jack: true, alsa: true, alsa_ports: vec!["a", "b"], ..Fake::default() };
    let [a, b, c] = ["a", "b", "c"].map(|name| PortChoice::Alsa(name.to_owned()));
    let raw = PortChoice::Raw("/dev/midi".to_owned());
    let three = [b.clone(), PortChoice::Sim, a, raw.clone(), b, raw];
    assert_eq!(chosen(fake(), "auto", &three).unwrap().1, ["alsa:b", "sim", "alsa:a", "raw:/dev/midi"]);
    assert_eq!(chosen(fake(), "auto", &[c]).unwrap_err(), "no port c");
    assert_eq!(chosen(fake(), "auto", &[]).unwrap().1, [""; 0]);
}

#[test]
fn a_jack_port_needs_a_jack_device() {
    let jack = [PortChoice::Jack("synth".to_owned())];
    let fake = || Fake { alsa: true, ..Fake::default() };
    let told = "a `jack:` port needs a JACK device: start a JACK server and choose `jack`, or choose an `alsa:` or `raw:` port";
    assert_eq!(chosen(fake(), "auto", &jack).unwrap_err(), told);
    assert_eq!(chosen(fake(), "alsa", &jack).unwrap_err(), told);
    assert_eq!(chosen(fake(), "sim", &jack).unwrap_err(), told);
    let running = Fake { jack: true, ..Fake::default() };
    assert_eq!(chosen(running, "auto", &jack).unwrap().1, ["jack:synth"]);
}

#[test]
fn a_lost_device_is_opened_again_as_it_was() {
    let machine = Arc::new(Fake { alsa: true, ..Fake::default() });
    let dynamic: Arc<dyn Machine> = Arc::clone(&machine) as Arc<dyn Machine>;
    let mut selected = select_on(&dynamic, &DeviceChoice::Auto, &wishes(&AUTO), &nothing_asked(), &nts1()).unwrap();
    assert_eq!((selected.machinery.reopen)().unwrap().spec(), selected.machinery.device.spec());
    let asked = machine.asked.lock().unwrap();
    assert_eq!(asked[1], AudioRequest { sample_rate_hz: Some(44_100), inputs: Some(2), ..nothing_asked() });
}

#[test]
fn on_this_machine_auto_always_takes_something_and_the_list_is_not_empty() {
    let begun = std::time::Instant::now();
    let selected = select(&DeviceChoice::Auto, &wishes(&AUTO), &nothing_asked(), &nts1()).unwrap();
    println!("{} in {:?}", selected.machinery.device.spec().id, begun.elapsed());
    assert_eq!(selected.machinery.ports.len(), 1);
    drop(selected);
    let listing = listing(&nts1());
    println!("{listing}");
    assert!(listing.devices.iter().any(|row| row.id == "sim") && listing.ports.iter().any(|row| row.id == "sim"));
    assert!(listing.devices.iter().any(|row| row.id == listing.auto_device.id));
    assert!(listing.ports.iter().any(|row| row.id == listing.auto_port.id));
}
