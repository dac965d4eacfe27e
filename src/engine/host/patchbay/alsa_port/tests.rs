//! A kept port among simulated clients: devices that come, go and are disconnected, with announcements in any order.

use super::*;
use crate::engine::midi::port::{MidiOut, SendFailed};
use proptest::prelude::*;
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

const MS: u64 = 1_000_000;
const DEVICE: Addr = Addr { client: 24, port: 0 };
const KNOBS: Addr = Addr { client: 24, port: 1 };
const OWN: Addr = Addr { client: 200, port: 1 };
const NAME: &str = "Acme Synth:Acme Synth MIDI 1";

/// Which ports are connected, as the kernel keeps it.
#[derive(Default)]
struct World {
    places: Vec<SequencerPort>,
    lines: Vec<(Addr, Addr)>,
    clients: Vec<i32>,
    queue: VecDeque<Announcement>,
    /// How often connecting fails from now on.
    refuses: usize,
}

impl World {
    fn plug(&mut self, at: Addr, name: &str) {
        if !self.places.iter().any(|place| place.at == at) {
            self.places.push(SequencerPort { name: name.to_owned(), at });
            self.queue.push_back(Announcement::There { client: at.client });
        }
    }

    fn unplug(&mut self, client: i32) {
        for at in self.places.iter().map(|place| place.at).filter(|at| at.client == client) {
            self.queue.push_back(Announcement::Gone { client, port: Some(at.port) });
        }
        self.places.retain(|place| place.at.client != client);
        self.lines.retain(|(from, to)| from.client != client && to.client != client);
        self.queue.push_back(Announcement::Gone { client, port: None });
    }

    fn cut(&mut self, line: usize) {
        if !self.lines.is_empty() {
            let (from, to) = self.lines.remove(line % self.lines.len());
            self.queue.push_back(Announcement::Cut { from, to });
        }
    }
}

#[derive(Clone, Default)]
struct Fake(Arc<Mutex<World>>);

struct FakeOut {
    world: Fake,
    from: Addr,
}

impl MidiOut for FakeOut {
    fn send(&mut self, _: u64, _: &[u8]) -> Result<(), SendFailed> {
        let world = self.world.0.lock().unwrap();
        world.lines.contains(&(self.from, DEVICE)).then_some(()).ok_or(SendFailed)
    }
}

impl Drop for FakeOut {
    fn drop(&mut self) {
        let mut world = self.world.0.lock().unwrap();
        if let Some(place) = world.lines.iter().position(|(from, _)| *from == self.from) {
            world.cut(place);
        }
        world.clients.retain(|client| *client != self.from.client);
        world.queue.push_back(Announcement::Gone { client: self.from.client, port: None });
    }
}

impl Sequencer for Fake {
    fn places(&self, _: bool) -> Vec<SequencerPort> {
        self.0.lock().unwrap().places.clone()
    }

    fn play(&mut self, to: &SequencerPort) -> Result<[PortConnection; 2], HostError> {
        let line = || {
            let mut world = self.0.lock().unwrap();
            // Numbers are given out again, the lowest first.
            let client = (128..).find(|client| !world.clients.contains(client)).unwrap();
            world.clients.push(client);
            world.queue.push_back(Announcement::There { client });
            let from = Addr { client, port: 0 };
            let out = Box::new(FakeOut { world: self.clone(), from });
            let refused = world.refuses > 0;
            world.refuses = world.refuses.saturating_sub(1);
            if refused {
                drop(world);
                drop(out);
                return Err(HostError("not yet".to_owned()));
            }
            world.lines.push((from, to.at));
            Ok(PortConnection { out, from })
        };
        Ok([line()?, line()?])
    }

    fn own_input(&mut self, _: PatchbayIndex) -> Result<Addr, HostError> {
        Ok(OWN)
    }

    fn hear(&mut self, from: Addr, own: Addr) -> Result<(), HostError> {
        let mut world = self.0.lock().unwrap();
        if world.refuses > 0 {
            world.refuses -= 1;
            return Err(HostError("not yet".to_owned()));
        }
        // The kernel connects two ports once.
        if !world.lines.contains(&(from, own)) {
            world.lines.push((from, own));
        }
        Ok(())
    }

    fn unhear(&mut self, from: Addr, own: Addr) {
        self.0.lock().unwrap().lines.retain(|line| *line != (from, own));
    }

    fn connected(&self, from: Addr, to: Addr) -> bool {
        self.0.lock().unwrap().lines.contains(&(from, to))
    }
}

/// A kept port with its surroundings.
struct Stage {
    world: Fake,
    port: AlsaPort,
    plugs: Option<[Plug; 2]>,
    now_ns: u64,
    changes: Vec<PortChange>,
}

impl Stage {
    fn new(world: &Fake, name: &str, output: bool) -> Stage {
        let rank = Box::new(|name: &str| name.contains("KNOB").then_some(0));
        let asked = AlsaAsked { name: name.to_owned(), rank, output, wait: true };
        let mut seq = world.clone();
        let (port, opened) = AlsaPort::open(PatchbayIndex(0), asked, Some(&mut seq), &[], 0).unwrap();
        Stage { world: world.clone(), port, plugs: opened.plugs, now_ns: 0, changes: Vec::new() }
    }

    fn hear_announcements(&mut self, most: usize) {
        for _ in 0..most {
            let Some(news) = self.world.0.lock().unwrap().queue.pop_front() else { return };
            let mut seq = self.world.clone();
            self.port.announced(news, &mut seq, &[], self.now_ns, &mut self.changes);
        }
    }

    fn wait(&mut self, ms: u64) {
        self.now_ns += ms * MS;
        let mut seq = self.world.clone();
        self.port.tick(&mut seq, &[], self.now_ns, &mut self.changes);
        self.port.settle();
    }

    /// The sending threads take changes.
    fn send(&mut self) {
        for plug in self.plugs.iter_mut().flatten() {
            while plug.news().is_some() {}
        }
    }

    fn settle(&mut self) {
        for _ in 0..20 {
            self.hear_announcements(10_000);
            self.wait(6000);
            self.send();
            self.port.settle();
        }
        assert!(self.world.0.lock().unwrap().queue.is_empty(), "it never comes to rest");
    }

    /// Checks that there is exactly one connection of each expected kind, and no other.
    fn check(&mut self) {
        self.settle();
        let lines = self.world.0.lock().unwrap().lines.clone();
        let there = self.world.0.lock().unwrap().places.iter().any(|place| place.at == DEVICE);
        let knobs = self.world.0.lock().unwrap().places.iter().any(|place| place.at == KNOBS);
        let count = |wanted: &dyn Fn(Addr, Addr) -> bool| lines.iter().filter(|(a, b)| wanted(*a, *b)).count();
        let plays = self.plugs.is_some();
        assert_eq!(self.port.is_there(), there);
        assert_eq!(count(&|_, to| to == DEVICE), if there && plays { 2 } else { 0 }, "{lines:?}");
        assert_eq!(count(&|_, to| to == OWN), usize::from(there), "{lines:?}");
        if there && plays {
            let heard = if knobs { KNOBS } else { DEVICE };
            assert_eq!(count(&|from, to| (from, to) == (heard, OWN)), 1, "{lines:?}");
        }
        for plug in self.plugs.iter_mut().flatten() {
            assert_eq!(plug.is_there(), there);
            assert_eq!(plug.send(0, &[0xF8]).is_ok(), there, "a thread sends to no device: {lines:?}");
        }
        for pair in self.changes.windows(2) {
            let gone = pair.iter().filter(|change| **change == PortChange::Gone).count();
            assert_eq!(gone, 1, "{:?}", self.changes);
        }
        if let Some(last) = self.changes.last() {
            assert_eq!(*last != PortChange::Gone, there, "{:?}", self.changes);
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Plug,
    PlugKnobs,
    Unplug,
    Stranger,
    Cut(usize),
    Refuse(usize),
    /// More came in than there was room for.
    Overrun,
    Hear(usize),
    Wait(u64),
    Send,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => Just(Step::Plug),
        1 => Just(Step::PlugKnobs),
        3 => Just(Step::Unplug),
        1 => Just(Step::Stranger),
        1 => (0..4usize).prop_map(Step::Cut),
        1 => (1..4usize).prop_map(Step::Refuse),
        1 => Just(Step::Overrun),
        3 => (1..6usize).prop_map(Step::Hear),
        2 => (1..800u64).prop_map(Step::Wait),
        2 => Just(Step::Send),
    ]
}

fn run(output: bool, steps: &[Step]) {
    let world = Fake::default();
    let mut stage = Stage::new(&world, NAME, output);
    for step in steps {
        match *step {
            Step::Plug => world.0.lock().unwrap().plug(DEVICE, NAME),
            Step::PlugKnobs => {
                let mut world = world.0.lock().unwrap();
                if world.places.iter().any(|place| place.at == DEVICE) {
                    world.plug(KNOBS, "Acme Synth:Acme Synth KNOBS");
                }
            }
            Step::Unplug => world.0.lock().unwrap().unplug(DEVICE.client),
            Step::Stranger => world.0.lock().unwrap().plug(Addr { client: 28, port: 0 }, "Other:Other"),
            Step::Cut(line) => world.0.lock().unwrap().cut(line),
            Step::Refuse(times) => world.0.lock().unwrap().refuses = times,
            Step::Overrun => {
                let mut world = world.0.lock().unwrap();
                world.queue.clear();
                world.queue.push_back(Announcement::Missed);
            }
            Step::Hear(most) => stage.hear_announcements(most),
            Step::Wait(ms) => stage.wait(ms),
            Step::Send => stage.send(),
        }
    }
    stage.check();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn after_any_events_there_is_one_connection_of_each_kind_or_none(
        steps in prop::collection::vec(step(), 0..60), output in any::<bool>(),
    ) {
        run(output, &steps);
    }
}

#[test]
fn a_replug_between_two_looks_is_noticed() {
    let world = Fake::default();
    world.0.lock().unwrap().plug(DEVICE, NAME);
    let mut stage = Stage::new(&world, "acme", true);
    stage.settle();
    for _ in 0..3 {
        world.0.lock().unwrap().unplug(DEVICE.client);
        world.0.lock().unwrap().plug(DEVICE, NAME);
    }
    stage.hear_announcements(10_000);
    let back = PortChange::Connected { name: NAME.to_owned() };
    assert!(stage.changes.starts_with(&[PortChange::Gone, back.clone()]) && stage.changes.ends_with(&[back]));
    stage.check();
}

#[test]
fn it_is_connected_when_it_is_announced_and_no_later() {
    let world = Fake::default();
    let mut stage = Stage::new(&world, "acme", true);
    assert!(!stage.port.is_there());
    world.0.lock().unwrap().plug(DEVICE, NAME);
    stage.hear_announcements(1);
    assert!(stage.port.is_there() && stage.port.name() == NAME);
}

#[test]
fn the_knobs_of_a_device_are_received_though_their_port_appears_later() {
    let world = Fake::default();
    let mut stage = Stage::new(&world, "acme", true);
    world.0.lock().unwrap().plug(DEVICE, NAME);
    stage.hear_announcements(100);
    world.0.lock().unwrap().plug(KNOBS, "Acme Synth:Acme Synth KNOBS");
    stage.check();
}

#[test]
fn another_port_of_the_same_name_that_was_there_all_the_time_is_left_alone() {
    let world = Fake::default();
    world.0.lock().unwrap().plug(DEVICE, NAME);
    let mut stage = Stage::new(&world, NAME, true);
    world.0.lock().unwrap().plug(Addr { client: 28, port: 0 }, NAME);
    stage.settle();
    world.0.lock().unwrap().unplug(DEVICE.client);
    stage.settle();
    assert!(!stage.port.is_there());
    world.0.lock().unwrap().plug(DEVICE, NAME);
    stage.check();
}

#[test]
fn a_port_that_is_not_waited_for_must_be_there() {
    let world = Fake::default();
    world.0.lock().unwrap().plug(DEVICE, NAME);
    let asked = |name: &str| AlsaAsked { name: name.to_owned(), rank: Box::new(|_| None), output: true, wait: false };
    let mut seq = world.clone();
    let HostError(why) = AlsaPort::open(PatchbayIndex(0), asked("volca"), Some(&mut seq), &[], 0).err().unwrap();
    assert_eq!(why, format!("no MIDI port 'volca' (there is only {NAME}): plug it in, or choose another"));
    let (port, _) = AlsaPort::open(PatchbayIndex(0), asked("acme"), Some(&mut seq), &[], 0).unwrap();
    let taken = [port.takes().unwrap()];
    let HostError(why) = AlsaPort::open(PatchbayIndex(1), asked("synth"), Some(&mut seq), &taken, 0).err().unwrap();
    assert_eq!(why, format!("the MIDI port {NAME} is named twice: name it once"));
}
