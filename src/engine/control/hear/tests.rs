//! Several instruments and a keyboard, in virtual time: which port gets which messages.

use crate::{
    config::{PortSettings, ThruTo},
    engine::{
        config::EngineConfig,
        host::open_port::{OpenPort, PortInfo, PortWay},
        midi::input::{Inlet, Where, input},
        offline::{Offline, built_in_port},
    },
    midi::{Channel, Wire},
    midi_maps::MidiMaps,
    status::{Event, Severity, Status},
    stored::{self, StoredValue},
};
use std::{
    path::PathBuf,
    sync::{Arc, Mutex, mpsc::Receiver},
};

/// The sent messages: the port's id and the bytes.
type Log = Arc<Mutex<Vec<(String, Vec<u8>)>>>;

/// The built-in synth on channel 1, an FM synth on channel 3, and a keyboard that only sends and plays the FM synth on
/// channel 5.
struct Rig {
    offline: Offline,
    keyboard: Inlet,
    sent: Log,
    events: Receiver<Event>,
    folder: tempfile::TempDir,
}

fn port(id: &str, way: PortWay, settings: PortSettings) -> OpenPort {
    let info = PortInfo { id: id.to_owned(), name: id.replace("jack:", "") };
    OpenPort { settings, ..OpenPort::new(info, way, Wire::UNLIMITED) }
}

impl Rig {
    fn new() -> Rig {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("learned.yaml");
        let config = EngineConfig {
            clock_on: false,
            learned: StoredValue::load(file).0,
            ..EngineConfig::of_seven_bits(folder.path())
        };
        let fm =
            PortSettings { channel: Channel::new(3), profile: Some("fm_synth".to_owned()), ..PortSettings::default() };
        let thru = vec![
            ThruTo { port: "fm".to_owned(), channel: Channel::new(5) },
            ThruTo { port: "nowhere".to_owned(), channel: None },
        ];
        let (keyboard, input) = input(Where::Thread);
        let keys = PortSettings { output: false, thru, ..PortSettings::default() };
        let ports = vec![
            built_in_port(),
            port("jack:fm", PortWay::Jack { inlet: None }, fm),
            OpenPort { input: Some(input), ..port("jack:keys", PortWay::InputOnly, keys) },
        ];
        let mut offline = Offline::on(&config, ports).unwrap();
        let sent = Log::default();
        let log = Arc::clone(&sent);
        offline.listen_to_sent(Box::new(move |sent, _, port| {
            log.lock().unwrap().push((port.to_owned(), sent.payload.bytes().to_vec()));
        }));
        let events = offline.station().subscribe(|| {});
        Rig { offline, keyboard, sent, events, folder }
    }

    fn ask(&mut self, line: &str) -> String {
        let answer = self.offline.ask(&line.parse().unwrap()).unwrap();
        self.wait_ms(30);
        answer
    }

    fn refused(&mut self, line: &str) -> String {
        self.offline.ask(&line.parse().unwrap()).unwrap_err()
    }

    fn wait_ms(&mut self, ms: i64) {
        let frame = self.offline.frame();
        self.offline.run_to(frame + ms * 48);
    }

    fn play(&mut self, bytes: &[u8]) {
        let now_ns = self.offline.frame() as u64 * 1_000_000_000 / 48_000;
        self.keyboard.hear(now_ns, bytes);
        self.wait_ms(30);
    }

    fn sent(&self) -> Vec<(String, Vec<u8>)> {
        std::mem::take(&mut self.sent.lock().unwrap())
    }

    fn status(&self) -> Status {
        self.offline.status()
    }

    fn value(&self, name: &str) -> u16 {
        let params = self.status().params;
        params.values[params.profile.param_index(name).unwrap()]
    }

    fn learned_file(&self) -> PathBuf {
        self.folder.path().join("learned.yaml")
    }
}

fn to(port: &str, bytes: &[u8]) -> (String, Vec<u8>) {
    (port.to_owned(), bytes.to_vec())
}

#[test]
fn notes_and_knobs_go_to_the_instrument_in_use_on_its_channel() {
    let mut rig = Rig::new();
    rig.ask("note.on C4 100");
    assert_eq!(rig.sent(), [to("sim", &[0x90, 60, 100])]);
    rig.ask("port.use fm");
    let status = rig.status();
    assert_eq!((*status.instrument, status.params.profile.id.as_str()), (2, "fm_synth"));
    rig.ask("note.on C4 100");
    assert_eq!(rig.sent(), [to("jack:fm", &[0x92, 60, 100])]);
    let name = rig.status().params.profile.params[0].name.clone();
    rig.ask(&format!("param.set {name} 1"));
    assert!(rig.sent().iter().all(|(port, bytes)| port == "jack:fm" && bytes[0] & 0x0F == 2));
    rig.ask("port.use 1");
    rig.ask("param.set filter_cutoff 0.5");
    assert_eq!(rig.sent(), [to("sim", &[0xB0, 43, 64])]);
    rig.ask("port.use 2");
    assert_eq!(rig.value(&name), rig.status().params.profile.params[0].hi, "each keeps its knobs");
    assert!(rig.refused("port.use 3").contains("input only"));
    assert!(rig.refused("port.use organ").contains("there are built-in synth (1), fm (2), keys (3)"));
}

#[test]
fn a_note_ends_on_the_port_and_channel_it_began_on_after_a_change_of_instrument() {
    let mut rig = Rig::new();
    rig.ask("note.on C4 100");
    rig.ask("port.use fm");
    rig.ask("note.on C4 100");
    rig.ask("note.on E4 100");
    rig.ask("port.use 1");
    rig.sent();
    rig.ask("note.off E4");
    assert_eq!(rig.sent(), [to("jack:fm", &[0x82, 64, 64])]);
    rig.ask("note.off C4");
    assert_eq!(
        rig.sent(),
        [to("sim", &[0x80, 60, 64]), to("jack:fm", &[0x82, 60, 64])],
        "on each port where it sounds"
    );
    rig.ask("note.off C4");
    assert_eq!(rig.sent(), [to("sim", &[0x80, 60, 64])], "a note that no client began");
    rig.ask("note.on C4 100");
    rig.ask("port.use fm");
    rig.sent();
    rig.ask("note.play C4 100 10");
    assert_eq!(
        rig.sent(),
        [to("jack:fm", &[0x92, 60, 100]), to("jack:fm", &[0x82, 60, 64])],
        "and the other sounds on"
    );
}

#[test]
fn each_instrument_undoes_and_morphs_by_itself() {
    let mut rig = Rig::new();
    rig.ask("param.set filter_cutoff 1");
    rig.ask("snapshot.save bright");
    rig.ask("param.set filter_cutoff 0");
    rig.ask("snapshot.recall bright 1");
    rig.ask("port.use fm");
    assert_eq!(rig.status().morph, None);
    assert!(rig.refused("param.undo").contains("nothing"));
    assert!(rig.refused("snapshot.recall bright").contains("fm_synth has no snapshot"));
    rig.wait_ms(1100);
    assert_eq!(rig.sent().last(), Some(&to("sim", &[0xB0, 43, 127])), "the morph goes on while it is not shown");
    rig.ask("port.use 1");
    rig.ask("param.undo");
    assert_eq!(rig.value("filter_cutoff"), 0);
}

#[test]
fn a_keyboard_plays_through_on_the_channel_it_is_mapped_to() {
    let mut rig = Rig::new();
    let told: Vec<Event> = rig.events.try_iter().collect();
    assert!(
        told.iter().any(|e| matches!(e.notice(), Some((Severity::Warning, text)) if text.contains("'nowhere'"))),
        "{told:?}"
    );
    let unmet = &rig.status().ports[2].unmet;
    assert!(matches!(&unmet[..], [text] if text.contains("keys is not routed to 'nowhere'")), "{unmet:?}");
    rig.play(&[0x90, 64, 90, 0xF8, 0xB0, 1, 2]);
    assert_eq!(rig.sent(), [to("jack:fm", &[0x94, 64, 90]), to("jack:fm", &[0xB4, 1, 2])], "and no clock");
    assert_eq!(rig.status().ports[2].thru, [(2, 5)]);
    rig.ask("midi.thru keys fm off");
    rig.play(&[0xFE]);
    rig.play(&[0xE0, 0, 64]);
    assert_eq!(rig.sent(), [to("jack:fm", &[0x84, 64, 64])], "a held note ends when its route does");
    rig.ask("midi.thru keys 1 on");
    rig.play(&[0x91, 50, 1, 0xF0, 1, 2, 0xF7]);
    assert_eq!(rig.sent(), [to("sim", &[0x91, 50, 1]), to("sim", &[0xF0, 1, 2, 0xF7])]);
    rig.play(&[0xB1, 64, 127, 66, 127, 66, 0, 0xE1, 0, 0]);
    rig.sent();
    rig.keyboard.interrupted(0);
    rig.wait_ms(10);
    let ends: [&[u8]; 3] = [&[0x81, 50, 64], &[0xB1, 64, 0], &[0xE1, 0, 64]];
    assert_eq!(rig.sent(), ends.map(|end| to("sim", end)), "the keyboard was pulled out");
    assert!(rig.refused("midi.thru 1 2 on").contains("has no input"));
    assert!(rig.refused("midi.thru keys keys on").contains("input only"));
}

#[test]
fn passed_on_messages_stay_in_the_order_they_were_played_in() {
    let mut rig = Rig::new();
    let played: [&[u8]; 7] =
        [&[0xB4, 0, 1], &[0xB4, 32, 2], &[0xC4, 5], &[0xE4, 0, 70], &[0x94, 60, 100], &[0xB4, 64, 127], &[0x84, 60, 0]];
    rig.play(&played.concat());
    assert_eq!(rig.sent(), played.map(|bytes| to("jack:fm", bytes)));
}

#[test]
fn a_mapped_controller_sets_its_parameter_and_a_mapped_pad_gives_its_command() {
    let mut rig = Rig::new();
    rig.ask("midi.thru keys fm off");
    assert!(rig.refused("learn xyzzy").contains("xyzzy"));
    rig.ask("learn filter_cutoff");
    assert_eq!(rig.status().learning.as_deref(), Some("filter_cutoff"));
    rig.play(&[0xB9, 21, 5]);
    assert_eq!(rig.status().learning, None);
    rig.play(&[0xB9, 21, 127]);
    assert_eq!(rig.value("filter_cutoff"), 127);
    assert_eq!(rig.sent(), [to("sim", &[0xB0, 43, 127])]);
    rig.ask("learn clock.bpm");
    rig.play(&[0xE9, 0, 64]);
    rig.play(&[0xE9, 127, 127]);
    assert_eq!(rig.status().transport.bpm, 300.0);
    rig.ask("learn transport.toggle");
    rig.play(&[0x99, 36, 100, 0x89, 36, 0]);
    assert!(!rig.status().transport.playing, "a mapped message has no other effect");
    rig.play(&[0x99, 36, 100]);
    assert!(rig.status().transport.playing);
    rig.play(&[0x89, 36, 0]);
    assert!(rig.status().transport.playing);
    rig.play(&[0x99, 36, 100]);
    assert!(!rig.status().transport.playing);

    let kept = stored::load::<MidiMaps>(&rig.learned_file()).unwrap();
    assert_eq!(
        kept.maps.iter().map(|map| map.does.as_str()).collect::<Vec<_>>(),
        ["filter_cutoff", "clock.bpm", "transport.toggle"]
    );
    rig.ask("learn.forget filter_cutoff");
    rig.play(&[0xB9, 21, 0]);
    assert_eq!(rig.value("filter_cutoff"), 127);
    assert_eq!(stored::load::<MidiMaps>(&rig.learned_file()).unwrap().maps.len(), 2);
    rig.ask("learn eg_attack");
    rig.ask("learn.cancel");
    rig.play(&[0xB9, 22, 99]);
    assert_eq!(stored::load::<MidiMaps>(&rig.learned_file()).unwrap().maps.len(), 2);
}

#[test]
fn the_monitor_shows_sent_and_received_messages_while_it_is_on() {
    let mut rig = Rig::new();
    rig.ask("midi.thru keys fm off");
    rig.play(&[0x90, 60, 1]);
    assert_eq!(rig.status().monitor, None);
    rig.ask("midi.monitor on");
    rig.play(&[0x90, 60, 100]);
    rig.ask("note.on A4 80");
    let monitor = Option::clone(&rig.status().monitor).unwrap();
    let lines: Vec<_> = monitor.lines.iter().map(|l| (l.port, l.incoming, l.text.as_str())).collect();
    assert_eq!(lines, [(3, true, "note on  ch 1 C4 100"), (1, false, "note on  ch 1 A4 80")]);
    assert_eq!(rig.status().ports[2].received, 2);
    rig.ask("midi.monitor toggle");
    assert_eq!(rig.status().monitor, None);
}

#[test]
fn a_port_gets_the_clock_messages_and_the_offset_it_is_set_to() {
    let mut rig = Rig::new();
    rig.ask("clock.offset fm -12.5");
    rig.ask("clock.send fm transport off");
    rig.ask("clock.send sim all toggle");
    let status = rig.status();
    assert_eq!((status.ports[1].offset_ms, status.ports[1].clock.transport), (-12.5, false));
    assert!(status.ports[1].clock.pulses && !status.ports[0].clock.pulses && !status.ports[0].clock.position);
    rig.ask("snapshot.send");
    let sent = rig.sent();
    assert!(sent.len() > 30 && sent.iter().all(|(port, _)| port == "sim"), "every knob of the instrument: {sent:?}");
}

#[test]
fn a_port_with_an_unknown_profile_gets_the_fallback_and_that_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let config = EngineConfig::of_seven_bits(folder.path());
    let settings = PortSettings { profile: Some("no_such_synth".to_owned()), ..PortSettings::default() };
    let offline = Offline::on(&config, vec![OpenPort { settings, ..built_in_port() }]).unwrap();
    assert_eq!(offline.status().params.profile.id, "generic_analog");
    let text = "unknown profile 'no_such_synth' for built-in synth; generic_analog is used".to_owned();
    for whoever in ["the first", "one who comes later"] {
        let told: Vec<String> = offline
            .station()
            .subscribe(|| {})
            .try_iter()
            .filter_map(|event| event.notice())
            .map(|(_, text)| text)
            .collect();
        assert_eq!(told, std::slice::from_ref(&text), "{whoever}");
    }
    assert_eq!(offline.status().ports[0].unmet, [text]);
}

#[test]
fn a_jack_port_without_output_only_receives_and_takes_no_thru() {
    let folder = tempfile::tempdir().unwrap();
    let config = EngineConfig::of_seven_bits(folder.path());
    let pads = PortSettings { output: false, ..PortSettings::default() };
    let thru = vec![ThruTo { port: "pads".to_owned(), channel: None }];
    let keys = PortSettings { output: false, thru, ..PortSettings::default() };
    let (_keyboard, heard) = input(Where::Thread);
    let ports = vec![
        built_in_port(),
        port("jack:pads", PortWay::Jack { inlet: None }, pads),
        OpenPort { input: Some(heard), ..port("jack:keys", PortWay::InputOnly, keys) },
    ];
    let mut offline = Offline::on(&config, ports).unwrap();
    let sent = Log::default();
    let log = Arc::clone(&sent);
    offline.listen_to_sent(Box::new(move |sent, _, port| {
        log.lock().unwrap().push((port.to_owned(), sent.payload.bytes().to_vec()));
    }));
    offline.ask(&"midi.send 90 3c 40".parse().unwrap()).unwrap();
    offline.run_to(48_000);
    assert!(!offline.status().ports[1].output);
    assert!(sent.lock().unwrap().iter().all(|(port, _)| port == "sim"), "neither notes nor the clock");
    let unmet = offline.status().ports[2].unmet.join("\n");
    assert!(unmet.contains("'pads': pads is input only"), "{unmet}");
}
