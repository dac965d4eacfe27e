//! Sessions in virtual time: their content, their place, and how often they are written.

use crate::{
    engine::{
        config::EngineConfig,
        host::open_port::{OpenPort, PortInfo, PortWay},
        offline::{Offline, built_in_port},
    },
    midi::Wire,
    session::{InstrumentState, Session, folder::LOCK},
    snapshots::Snapshots,
    status::{Event, Severity, Status},
    stored::{self, FromYaml, StoredValue},
};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, mpsc::Receiver},
};

/// The sent messages: the port's id and the bytes.
type Log = Arc<Mutex<Vec<(String, Vec<u8>)>>>;

struct Rig {
    offline: Offline,
    sent: Log,
    events: Receiver<Event>,
    music: PathBuf,
}

/// A station with the built-in synth, and with a second one where asked.
fn station(music: &Path, second: bool, change: impl FnOnce(&mut EngineConfig)) -> Rig {
    let mut config = EngineConfig {
        clock_on: false,
        snapshots: StoredValue::load(music.join("library.yaml")).0,
        ..EngineConfig::of_seven_bits(music)
    };
    change(&mut config);
    let info = PortInfo { id: "jack:two".to_owned(), name: "two".to_owned() };
    let two = second.then(|| OpenPort::new(info, PortWay::Jack { inlet: None }, Wire::UNLIMITED));
    let mut offline = Offline::on(&config, [built_in_port()].into_iter().chain(two).collect()).unwrap();
    let sent = Log::default();
    let log = Arc::clone(&sent);
    offline.listen_to_sent(Box::new(move |sent, _, port| {
        log.lock().unwrap().push((port.to_owned(), sent.payload.bytes().to_vec()));
    }));
    let events = offline.station().subscribe(|| {});
    Rig { offline, sent, events, music: music.to_owned() }
}

impl Rig {
    fn new(music: &Path) -> Rig {
        station(music, false, |_| {})
    }

    fn ask(&mut self, line: &str) -> String {
        let answer = self.offline.ask(&line.parse().unwrap()).unwrap();
        self.wait_ms(10);
        answer
    }

    fn refused(&mut self, line: &str) -> String {
        self.offline.ask(&line.parse().unwrap()).unwrap_err()
    }

    fn wait_ms(&mut self, ms: i64) {
        let frame = self.offline.frame();
        self.offline.run_to(frame + ms * 48);
    }

    fn status(&self) -> Status {
        self.offline.status()
    }

    fn value(&self, name: &str) -> u16 {
        let params = self.status().params;
        params.values[params.profile.param_index(name).unwrap()]
    }

    fn file(&self) -> PathBuf {
        self.music.join("jam").join("session.yaml")
    }

    fn kept(&self) -> Session {
        stored::load(&self.file()).unwrap()
    }

    fn write(&self, text: &str) {
        fs::create_dir_all(self.music.join("jam")).unwrap();
        fs::write(self.file(), text).unwrap();
    }

    fn warnings(&self) -> Vec<String> {
        let warning = |event: Event| event.notice().filter(|(severity, _)| *severity == Severity::Warning);
        self.events.try_iter().filter_map(warning).map(|(_, text)| text).collect()
    }

    fn sent(&self) -> Vec<(String, Vec<u8>)> {
        std::mem::take(&mut self.sent.lock().unwrap())
    }
}

#[test]
fn a_session_has_its_last_state_again_when_it_is_opened() {
    let music = tempfile::tempdir().unwrap();
    let mut rig = Rig::new(music.path());
    assert!(rig.refused("session.save").contains("session.new"));
    rig.ask("param.set filter_cutoff 0.25");
    rig.ask("session.new jam");
    assert_eq!(rig.status().session, Some(music.path().join("jam")));
    assert!(rig.file().exists() && rig.music.join("jam").join("audio").is_dir(), "it is there at once");
    assert!(rig.music.join("jam").join(LOCK).exists());
    let told: Vec<Event> = rig.events.try_iter().collect();
    assert!(told.contains(&Event::SessionOpened { path: music.path().join("jam") }), "{told:?}");
    rig.ask("clock.bpm 98.5");
    rig.ask("param.set filter_cutoff 1");
    rig.ask("record.start take");
    rig.wait_ms(100);
    assert!(rig.refused("session.open jam").contains("take.wav is being recorded"));
    rig.ask("record.stop");
    rig.offline.finish();
    assert!(music.path().join("jam/audio/take.wav").exists());
    assert!(!rig.music.join("jam").join(LOCK).exists());

    let mut rig = Rig::new(music.path());
    rig.sent();
    rig.ask("session.open jam");
    assert_eq!((rig.value("filter_cutoff"), rig.status().transport.bpm), (127, 98.5));
    assert_eq!(rig.status().record.folder, music.path().join("jam/audio"));
    rig.wait_ms(500);
    let sent = rig.sent();
    assert!(sent.contains(&("sim".to_owned(), vec![0xB0, 43, 127])), "{sent:?}");
    assert!(rig.refused("param.undo").contains("nothing"), "steps from before cannot be undone");
    assert!(rig.refused("session.open jam").contains("already open"));
    assert!(rig.refused("session.new jam").contains("session.open"));
    assert!(rig.refused("session.open nowhere").contains("session.new"));
}

#[test]
fn modulation_is_there_again_and_writes_nothing() {
    let music = tempfile::tempdir().unwrap();
    let mut rig = Rig::new(music.path());
    rig.ask("session.new jam");
    rig.ask("macro.drive bright filter_cutoff 0.25 1 exponential");
    rig.ask("macro.drive bright filter_resonance 1 0");
    rig.ask("mod.set bright lfo triangle 1/4 depth 0.3");
    rig.ask("mod.set osc_shape env2 attack 100 depth -0.5 by command");
    rig.ask("auto.arm on");
    rig.ask("transport.play");
    for place in ["0.1", "0.5", "0.9"] {
        rig.wait_ms(200);
        rig.ask(&format!("param.set delay_mix {place}"));
    }
    rig.ask("auto.arm off");
    rig.ask("transport.stop");
    rig.ask("session.save");
    let kept = rig.kept();
    assert_eq!(
        kept.instruments[0].macros,
        ["macro.drive bright filter_cutoff 0.25 1 exponential", "macro.drive bright filter_resonance 1 0 linear"]
    );
    assert_eq!(
        kept.instruments[0].motion,
        ["mod.set osc_shape env2 by command attack 100 depth -0.5", "mod.set bright lfo triangle 1/4 depth 0.3"]
    );
    let turns = kept.instruments[0].automation["delay_mix"].points();
    assert_eq!(turns.len(), 4, "and the value before: {turns:?}");
    let written = || fs::metadata(music.path().join("jam/session.yaml")).unwrap().modified().unwrap();
    rig.wait_ms(2100);
    let before = written();
    rig.ask("transport.locate 1:1:0");
    rig.ask("transport.play");
    rig.wait_ms(5000);
    assert_eq!(written(), before, "playback is no change");
    rig.offline.finish();

    let mut rig = Rig::new(music.path());
    rig.ask("session.open jam");
    assert_eq!(rig.warnings(), Vec::<String>::new());
    rig.ask("transport.play");
    rig.wait_ms(650);
    let delay_mix = rig.status().params.profile.params.iter().find(|param| param.name == "delay_mix").cloned().unwrap();
    assert_eq!(rig.value("delay_mix"), delay_mix.value_at(0.9), "the automation plays");
    assert!(rig.sent().iter().filter(|(_, bytes)| bytes[..2] == [0xB0, 43]).count() > 20, "the macro moves");
    rig.ask("session.save");
    let again = rig.kept();
    assert_eq!(again.instruments[0], kept.instruments[0]);
}

#[test]
fn a_turned_knob_and_a_morph_are_written_no_more_than_every_two_seconds_and_at_the_end() {
    let music = tempfile::tempdir().unwrap();
    let mut rig = Rig::new(music.path());
    rig.ask("session.new jam");
    rig.ask("param.random");
    rig.ask("snapshot.save a");
    rig.ask("param.random");
    let mut written = 0;
    let mut last = fs::read_to_string(rig.file()).unwrap();
    let mut look = |rig: &Rig| {
        let text = fs::read_to_string(rig.file()).unwrap();
        written += u32::from(text != last);
        last = text;
        written
    };
    rig.ask("snapshot.recall a 8");
    for turn in 0..400 {
        rig.ask(&format!("param.set filter_cutoff {}", f64::from(turn) / 400.0));
        rig.wait_ms(10);
        look(&rig);
    }
    let written = look(&rig);
    assert!((3..=5).contains(&written), "{written} times in eight seconds");
    rig.ask("param.set filter_cutoff 0.5");
    assert_eq!(rig.ask("session.save"), format!("{} is saved", music.path().join("jam").display()));
    assert_eq!(rig.kept().instruments[0].values["filter_cutoff"], 64, "at once where it is asked for");
    rig.ask("param.set filter_cutoff 1");
    assert_eq!(rig.kept().instruments[0].values["filter_cutoff"], 64);
    rig.offline.finish();
    assert_eq!(rig.kept().instruments[0].values["filter_cutoff"], 127);
}

#[test]
fn a_station_at_rest_writes_nothing() {
    let music = tempfile::tempdir().unwrap();
    let mut rig = Rig::new(music.path());
    rig.ask("session.new jam");
    fs::remove_file(rig.file()).unwrap();
    rig.ask("transport.play");
    rig.wait_ms(5000);
    assert!(!rig.file().exists());
}

#[test]
fn snapshots_go_to_the_session_and_are_found_there_before_the_library() {
    let music = tempfile::tempdir().unwrap();
    let mut rig = Rig::new(music.path());
    rig.ask("param.set filter_cutoff 0");
    rig.ask("snapshot.save warm");
    rig.ask("snapshot.save old");
    rig.ask("session.new jam");
    rig.wait_ms(2000);
    rig.ask("param.set filter_cutoff 1");
    assert_eq!(rig.ask("snapshot.save warm"), "warm is saved", "the library's is another one");
    rig.wait_ms(50);
    assert_eq!(rig.kept().snapshots.of("korg_nts1_mk2").count(), 1, "as soon as may be");
    rig.ask("snapshot.save new");
    assert_eq!(rig.status().params.snapshots[..], ["warm", "new", "old"]);
    rig.ask("param.set filter_cutoff 0.5");
    rig.ask("snapshot.recall warm");
    assert_eq!(rig.value("filter_cutoff"), 127);
    assert!(rig.refused("snapshot.rename new old").contains("already"));
    rig.ask("snapshot.rename new newer");
    rig.ask("snapshot.rename old older");
    assert_eq!(
        rig.ask("snapshot.delete warm"),
        "warm is deleted: it is in the trash, and param.undo restores it; the library's snapshot of that name is used \
         now"
    );
    rig.ask("snapshot.recall warm");
    assert_eq!(rig.value("filter_cutoff"), 0);
    assert_eq!(rig.ask("snapshot.delete warm"), "warm is deleted: it is in the trash, and param.undo restores it");
    rig.offline.finish();
    let names = |snapshots: &Snapshots| -> Vec<String> {
        snapshots.of("korg_nts1_mk2").map(|snapshot| snapshot.name.clone()).collect()
    };
    assert_eq!(names(&rig.kept().snapshots), ["newer"]);
    assert_eq!(names(&stored::load(&music.path().join("library.yaml")).unwrap()), ["older"]);
    for trash in [music.path().join("jam").join(".trash"), music.path().join(".trash")] {
        let kept: Snapshots = stored::load(&trash.join("korg_nts1_mk2-warm.yaml")).unwrap();
        assert_eq!(names(&kept), ["warm"], "each in the trash of its own folder");
    }
}

/// Two synths, one of them absent, with everything a file may hold.
const TWO: &str = "bpm: 90
instruments:
  - port: jack:two
    profile: fm_synth
    values: { gone: 3 }
    macros: [ macro.drive bright gone 0.2 0.9 exponential ]
  - port: sim
    profile: korg_nts1_mk2
    values: { filter_cutoff: 300, not_any_more: 7 }
    motion: [ mod.set filter_cutoff lfo sine 1/4 depth 0.3 ]
    automation: { filter_cutoff: '0 12, 24.5 80' }
";

#[test]
fn absent_synths_and_unknown_keys_stay_in_the_file() {
    let music = tempfile::tempdir().unwrap();
    let mut rig = Rig::new(music.path());
    rig.write(TWO);
    rig.ask("session.open jam");
    let warnings = rig.warnings();
    let has = |part: &str| warnings.iter().any(|text| text.contains(part));
    assert!(warnings.len() == 2 && has("jack:two is not connected") && has("1 parameters of sim"), "{warnings:?}");
    assert_eq!(rig.value("filter_cutoff"), 127, "brought into range");
    rig.ask("session.save");
    let (before, after) = (Session::from_yaml("", TWO).unwrap(), rig.kept());
    assert_eq!(after.instruments[0], before.instruments[0]);
    let sim = &after.instruments[1];
    assert_eq!((sim.values["filter_cutoff"], sim.values["not_any_more"]), (12, 7), "at the beginning of its turns");
    assert_eq!((&sim.motion, &sim.automation), (&before.instruments[1].motion, &before.instruments[1].automation));
    rig.ask("profile.use fm_synth");
    rig.ask("session.save");
    let sim = rig.kept().instruments.swap_remove(1);
    assert_eq!(sim.profile.as_deref(), Some("fm_synth"));
    assert!(!sim.values.contains_key("not_any_more"), "those of another synth");
}

#[test]
fn a_synth_that_the_session_does_not_have_joins_it_and_each_gets_its_own() {
    let music = tempfile::tempdir().unwrap();
    let mut rig = station(music.path(), true, |_| {});
    rig.write("instruments: [{ port: jack:two, values: { filter_cutoff: 5 } }]\n");
    rig.ask("session.open jam");
    rig.wait_ms(200);
    assert_eq!(rig.sent(), [("jack:two".to_owned(), vec![0xB0, 43, 5])]);
    rig.ask("session.save");
    let ports: Vec<String> = rig.kept().instruments.into_iter().map(|instrument| instrument.port.clone()).collect();
    assert_eq!(ports, ["jack:two", "sim"]);
}

#[test]
fn an_unknown_profile_leaves_the_knobs_and_the_file_until_another_is_chosen() {
    let music = tempfile::tempdir().unwrap();
    let mut rig = Rig::new(music.path());
    rig.write("instruments: [{ port: sim, profile: moog, values: { cutoff: 5 } }]\n");
    rig.ask("param.set filter_cutoff 1");
    rig.ask("session.open jam");
    assert!(rig.warnings().iter().any(|text| text.contains("unknown profile 'moog'")));
    rig.ask("session.save");
    let state = |profile: &str, values: &[(&str, u16)]| InstrumentState {
        port: "sim".to_owned(),
        profile: Some(profile.to_owned()),
        values: values.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect::<BTreeMap<_, _>>(),
        ..InstrumentState::default()
    };
    assert_eq!(*rig.kept().instruments[0], state("moog", &[("cutoff", 5)]));
    assert_eq!(rig.value("filter_cutoff"), 127);
    rig.ask("profile.use fm_synth");
    rig.ask("session.save");
    assert_eq!(rig.kept().instruments[0].profile.as_deref(), Some("fm_synth"));
}

#[test]
fn a_file_with_faults_is_neither_opened_nor_written_over_and_the_session_before_goes_on() {
    let music = tempfile::tempdir().unwrap();
    let mut rig = Rig::new(music.path());
    let text = "bpm: 7\ninstruments: 3\n";
    rig.write(text);
    rig.ask("session.new other");
    let refused = rig.refused("session.open jam");
    for part in ["session.yaml:1 bpm: '7'", "session.yaml:2 instruments: '3'", "not opened and not overwritten"] {
        assert!(refused.contains(part), "'{part}' is not in: {refused}");
    }
    assert_eq!(fs::read_to_string(rig.file()).unwrap(), text);
    assert!(!rig.music.join("jam").join(LOCK).exists());
    assert_eq!(rig.status().session, Some(music.path().join("other")));
}

#[test]
fn a_session_that_another_busker_has_is_refused_and_one_left_behind_is_taken_over() {
    let music = tempfile::tempdir().unwrap();
    let mut first = Rig::new(music.path());
    first.ask("session.new jam");
    let mut second = Rig::new(music.path());
    let refused = second.refused("session.open jam");
    assert!(refused.contains(&format!("process {}", std::process::id())), "{refused}");
    first.ask("session.new other");
    second.ask("session.open jam");
    assert_eq!(second.warnings(), Vec::<String>::new(), "it was left in order");
    second.offline.finish();
    fs::write(music.path().join("jam").join(LOCK), "process 4711 on pi\n").unwrap();
    let mut third = Rig::new(music.path());
    third.ask("session.open jam");
    assert!(third.warnings().iter().any(|text| text.contains("process 4711 on pi") && text.contains("opened here")));
}

#[test]
fn a_session_that_cannot_be_written_is_reported_and_plays_on() {
    let music = tempfile::tempdir().unwrap();
    let mut rig = Rig::new(music.path());
    rig.ask("session.new jam");
    // A folder in the way refuses even root.
    fs::remove_file(rig.file()).unwrap();
    fs::create_dir_all(rig.file().join("in the way")).unwrap();
    rig.ask("param.set filter_cutoff 1");
    rig.wait_ms(4500);
    let warnings = rig.warnings();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(
        warnings[0].starts_with("the session still plays")
            && warnings[0].contains(
                "session.yaml cannot be \
     written"
            )
    );
    fs::remove_dir_all(rig.file()).unwrap();
    rig.offline.finish();
    assert_eq!(rig.kept().instruments[0].values["filter_cutoff"], 127, "tried once more at the end");
}

#[test]
fn a_session_that_was_refused_is_tried_again_while_it_plays_and_the_newest_is_written() {
    let music = tempfile::tempdir().unwrap();
    let mut rig = Rig::new(music.path());
    rig.ask("session.new jam");
    fs::remove_file(rig.file()).unwrap();
    fs::create_dir_all(rig.file().join("in the way")).unwrap();
    for value in ["1", "0.5", "0.25"] {
        rig.ask(&format!("param.set filter_cutoff {value}"));
        rig.wait_ms(2500);
    }
    let cutoff = rig.value("filter_cutoff");
    assert_eq!(rig.warnings().len(), 1, "it is reported once");
    fs::remove_dir_all(rig.file()).unwrap();
    rig.wait_ms(2500);
    assert_eq!(rig.kept().instruments[0].values["filter_cutoff"], cutoff);
}

#[test]
fn no_snapshot_of_the_session_before_comes_into_the_next_one() {
    let music = tempfile::tempdir().unwrap();
    let mut rig = Rig::new(music.path());
    rig.ask("session.new jam");
    rig.ask("snapshot.save warm");
    rig.ask("snapshot.delete warm");
    rig.ask("session.new other");
    assert!(rig.refused("param.undo").contains("nothing"));
    assert!(rig.ask("snapshot.list").ends_with("none yet"));
}

#[test]
fn a_session_too_long_to_be_read_again_is_not_written_and_that_is_reported_once() {
    let music = tempfile::tempdir().unwrap();
    let mut rig = Rig::new(music.path());
    let mut points = "0 100".to_owned();
    for n in 1.. {
        points += &format!(", {n} 100");
        if points.len() > Session::BYTES_MAX - 50_000 {
            break;
        }
    }
    rig.write(&format!("instruments: [{{ port: x, automation: {{ a: \"{points}\" }} }}]\n"));
    rig.ask("session.open jam");
    let before = fs::read_to_string(rig.file()).unwrap();
    rig.warnings();
    rig.wait_ms(2100);
    for n in 0..100 {
        rig.ask(&format!("snapshot.save s{n}"));
    }
    rig.wait_ms(5000);
    let warnings = rig.warnings();
    assert!(warnings.len() == 1 && warnings[0].contains("bytes"), "{warnings:?}");
    assert!(rig.refused("session.save").contains("delete some snapshots"));
    let text = fs::read_to_string(rig.file()).unwrap();
    assert!(text != before && Session::from_yaml("", &text).is_ok(), "the part that fits was written");
}

#[test]
fn a_rehearsal_reads_a_session_and_leaves_no_trace() {
    let music = tempfile::tempdir().unwrap();
    let mut rig = station(music.path(), false, EngineConfig::rehearse);
    rig.write("bpm: 90\n");
    rig.ask("session.open jam");
    rig.ask("param.set filter_cutoff 1");
    assert_eq!(rig.ask("snapshot.save warm"), "warm is saved, until busker ends");
    assert!(rig.ask("session.save").contains("simulated"));
    assert_eq!((rig.status().transport.bpm, rig.status().record.folder.clone()), (90.0, music.path().to_owned()));
    rig.wait_ms(5000);
    rig.ask("session.new other");
    rig.offline.finish();
    assert_eq!(fs::read_to_string(rig.file()).unwrap(), "bpm: 90\n");
    let left: Vec<_> = fs::read_dir(music.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["jam"]);
    assert_eq!(fs::read_dir(music.path().join("jam")).unwrap().count(), 1);
}
