//! Edited profiles in virtual time: which values stay, and which notices are sent.

use super::*;
use crate::{
    engine::{
        config::EngineConfig,
        offline::{Offline, built_in_port},
    },
    profile::{Places, ProfileScan},
};
use std::{
    fs,
    sync::{
        Mutex,
        mpsc::{self, Receiver, Sender},
    },
};

const KNOBS: &str = "
  - { name: cutoff, section: A, cc: 74 }
  - { name: peak, section: A, cc: 71 }
";

fn text(id: &str, knobs: &str) -> String {
    format!("id: {id}\nname: Mine\nsource: me\nsections: [A]\nparameters:{knobs}")
}

/// A station that plays the profile `mine` of a file, and edits of it.
struct Rig {
    offline: Offline,
    edits: Sender<ProfileNews>,
    reading: ProfileScan,
    events: Receiver<Event>,
    sent: Arc<Mutex<Vec<Vec<u8>>>>,
    folder: tempfile::TempDir,
}

impl Rig {
    fn new() -> Rig {
        let folder = tempfile::tempdir().unwrap();
        let profiles = folder.path().join("profiles");
        fs::create_dir(&profiles).unwrap();
        fs::write(profiles.join("mine.yaml"), text("mine", KNOBS)).unwrap();
        let settings = Some(folder.path().join("config.yaml"));
        let reading = ProfileScan::first(Places { folder: Some(profiles), settings, known: None });
        assert_eq!(reading.faults, []);
        let library = reading.library.clone();
        let profile = Arc::clone(library.get("mine").unwrap());
        let config = EngineConfig { clock_on: false, ..EngineConfig::new(library, profile, folder.path().to_owned()) };
        let mut offline = Offline::on(&config, vec![built_in_port()]).unwrap();
        let (edits, news) = mpsc::channel();
        offline.control().keep_profiles(news);
        let sent = Arc::<Mutex<Vec<Vec<u8>>>>::default();
        let log = Arc::clone(&sent);
        offline.listen_to_sent(Box::new(move |sent, _, _| log.lock().unwrap().push(sent.payload.bytes().to_vec())));
        let events = offline.station().subscribe(|| {});
        Rig { offline, edits, reading, events, sent, folder }
    }

    fn ask(&mut self, line: &str) -> Result<String, String> {
        let answer = self.offline.ask(&line.parse().unwrap());
        self.wait_ms(50);
        answer
    }

    fn wait_ms(&mut self, ms: i64) {
        let frame = self.offline.frame();
        self.offline.run_to(frame + ms * 48);
    }

    /// The events after a file is written, or removed where there is no text for it.
    fn edit(&mut self, file: &str, text: Option<&str>) -> Vec<Event> {
        let path = self.folder.path().join(file);
        match text {
            Some(text) => fs::write(path, text).unwrap(),
            None => fs::remove_file(path).unwrap(),
        }
        let again = self.reading.again(self.reading.places().look());
        let faults = again.new_faults(&self.reading);
        let mended = again.mended(&self.reading);
        self.reading = again;
        self.edits.send(ProfileNews { library: self.reading.library.clone(), faults, mended }).unwrap();
        self.events.try_iter().for_each(drop);
        self.wait_ms(10);
        self.events.try_iter().collect()
    }

    fn mine(&mut self, knobs: &str) -> Vec<Event> {
        self.edit("profiles/mine.yaml", Some(&text("mine", knobs)))
    }

    fn values(&self) -> Vec<u16> {
        self.offline.status().params.values.clone()
    }
}

/// The sentences, without the folder.
fn said(rig: &Rig, events: &[Event]) -> Vec<(Severity, String)> {
    let folder = format!("{}/", rig.folder.path().display());
    let text = |(severity, text): (Severity, String)| (severity, text.replace(&folder, ""));
    events.iter().filter_map(Event::notice).map(text).collect()
}

#[test]
fn knobs_keep_their_values_by_name_and_new_ones_are_at_their_defaults() {
    let mut rig = Rig::new();
    rig.ask("param.set cutoff 1").unwrap();
    rig.ask("param.set peak 0.5").unwrap();
    rig.ask("transport.play").unwrap();
    let events = rig.mine(
        "
  - { name: extra, section: A, cc: 20, default: 9 }
  - { name: peak, section: A, cc: 71 }
  - { name: cutoff, section: A, cc: 74, range: [0, 100] }
",
    );
    assert_eq!(rig.values(), [9, 64, 100]);
    let notice =
        "mine was loaded again from profiles/mine.yaml: its parameters changed, so earlier moves cannot be undone";
    assert_eq!(said(&rig, &events), [(Severity::Info, notice.to_owned())]);
    assert!(events.contains(&Event::ParamSet { name: "cutoff".into(), value: 100, shown: "100".into() }));
    assert_eq!(rig.ask("param.undo"), Err("nothing to undo".to_owned()));
    assert!(rig.offline.status().transport.playing);
}

#[test]
fn an_edit_that_keeps_the_list_of_knobs_keeps_undo_within_the_new_range() {
    let mut rig = Rig::new();
    rig.ask("param.set cutoff 1").unwrap();
    rig.ask("snapshot.save high").unwrap();
    rig.wait_ms(600);
    rig.ask("param.set cutoff 0").unwrap();
    rig.ask("snapshot.recall high").unwrap();
    let events = rig.mine(
        "
  - { name: cutoff, section: A, cc: 75, range: [10, 100] }
  - { name: peak, section: A, cc: 71 }
",
    );
    assert_eq!(said(&rig, &events), [(Severity::Info, "mine was loaded again from profiles/mine.yaml".to_owned())]);
    assert_eq!(rig.values(), [100, 0]);
    rig.sent.lock().unwrap().clear();
    rig.ask("snapshot.compare").unwrap();
    assert_eq!(rig.values(), [10, 0]);
    rig.ask("param.undo").unwrap();
    assert_eq!(rig.values(), [100, 0]);
    rig.ask("param.undo").unwrap();
    assert_eq!(rig.values(), [10, 0]);
    let sent = rig.sent.lock().unwrap();
    assert!(sent.contains(&vec![0xB0, 75, 10]) && sent.iter().all(|bytes| bytes[1] != 74), "{sent:02X?}");
}

#[test]
fn a_morph_goes_on_to_the_end_of_the_new_range() {
    let mut rig = Rig::new();
    rig.ask("param.set cutoff 1").unwrap();
    rig.ask("snapshot.save high").unwrap();
    rig.ask("param.set cutoff 0").unwrap();
    rig.ask("snapshot.recall high 1").unwrap();
    rig.wait_ms(300);
    rig.mine(&KNOBS.replace("cc: 74", "cc: 74, range: [0, 100]"));
    assert!(rig.offline.status().morph.is_some());
    rig.wait_ms(1000);
    assert_eq!((&*rig.offline.status().morph, rig.values()), (&None, vec![100, 0]));
    let sent = rig.sent.lock().unwrap();
    let cutoffs: Vec<u8> = sent.iter().filter(|bytes| bytes[..2] == [0xB0, 74]).map(|bytes| bytes[2]).collect();
    let after_the_recall: Vec<u8> = cutoffs.into_iter().skip_while(|value| *value != 0).collect();
    assert_eq!(after_the_recall.last(), Some(&100), "{after_the_recall:?}");
    assert!(after_the_recall.is_sorted(), "{after_the_recall:?}");
}

#[test]
fn a_morph_ends_where_it_is_when_the_list_of_knobs_is_another_one() {
    let mut rig = Rig::new();
    rig.ask("param.set cutoff 1").unwrap();
    rig.ask("snapshot.save high").unwrap();
    rig.ask("param.set cutoff 0").unwrap();
    rig.ask("snapshot.recall high 1").unwrap();
    rig.wait_ms(300);
    rig.mine("\n  - { name: cutoff, section: A, cc: 74 }\n");
    let values = rig.values();
    assert_eq!(rig.offline.status().morph, None);
    rig.wait_ms(1000);
    assert_eq!(rig.values(), values);
    assert_eq!(rig.sent.lock().unwrap().last().map(|bytes| u16::from(bytes[2])), Some(values[0]));
    assert!(rig.ask("snapshot.compare").is_err());
}

#[test]
fn a_reading_that_changes_nothing_sends_no_notice() {
    let mut rig = Rig::new();
    rig.ask("param.set cutoff 1").unwrap();
    assert_eq!(rig.mine(KNOBS), []);
    assert_eq!(rig.values(), [127, 0]);
    assert!(rig.ask("param.undo").is_ok());
}

#[test]
fn a_bad_edit_leaves_the_knobs_and_reports_every_fault_up_to_eight() {
    let mut rig = Rig::new();
    let faulty = |knobs: usize| -> String {
        (0..knobs).map(|n| format!("\n  - {{ name: knob_{n}, section: A, cc: {} }}", 200 + n)).collect()
    };
    let events = rig.mine(&faulty(2));
    let fault = |line: usize, n: usize| {
        let cc = 200 + n;
        let path = format!("profiles/mine.yaml:{line} parameters.{}(knob_{n}).cc", n + 1);
        (Severity::Error, format!("{path}: '{cc}' does not fit, allowed 0 to 127; the version loaded before stays"))
    };
    assert_eq!(said(&rig, &events), [fault(6, 0), fault(7, 1)]);
    assert_eq!(rig.offline.status().params.profile.params[0].name, "cutoff");
    assert!(rig.ask("profile.use mine").is_ok());
    let events = rig.mine(&faulty(11));
    let said_of_many = said(&rig, &events);
    assert_eq!(said_of_many[..8], (0..8).map(|n| fault(6 + n, n)).collect::<Vec<_>>());
    let more = "and 3 more; `busker profiles check profiles/mine.yaml` lists them";
    assert_eq!(said_of_many[8..], [(Severity::Error, more.to_owned())]);
    let events = rig.mine(KNOBS);
    assert_eq!(said(&rig, &events), [(Severity::Info, "profiles/mine.yaml no longer has faults".to_owned())]);
    let events = rig.edit("profiles/new.yaml", Some("id: 3\n"));
    assert!(said(&rig, &events).iter().all(|(_, text)| text.ends_with("; the profile is ignored")), "{events:?}");
}

#[test]
fn a_profile_whose_file_is_gone_stays_in_use_until_another_one_is_chosen() {
    let mut rig = Rig::new();
    rig.ask("param.set cutoff 1").unwrap();
    let events = rig.edit("profiles/mine.yaml", None);
    let notice = "mine is no longer in profiles/mine.yaml: its knobs stay until profile.use selects another";
    assert_eq!(said(&rig, &events), [(Severity::Warning, notice.to_owned())]);
    assert!(matches!(&events[0], Event::ProfilesRead { ids } if !ids.contains(&"mine".to_owned())));
    assert_eq!(rig.values(), [127, 0]);
    rig.ask("profile.use fm_synth").unwrap();
    assert!(rig.ask("profile.use mine").is_err());
    let events = rig.mine(KNOBS);
    let notice = "mine was loaded from profiles/mine.yaml: profile.use mine selects it";
    assert_eq!(said(&rig, &events), [(Severity::Info, notice.to_owned())]);
    assert!(matches!(&events[0], Event::ProfilesRead { ids } if ids.contains(&"mine".to_owned())));
}

#[test]
fn a_file_over_the_built_in_profile_in_use_is_taken_and_stays_when_it_goes() {
    let mut rig = Rig::new();
    rig.ask("profile.use fm_synth").unwrap();
    let events = rig.edit("config.yaml", Some("cc_profiles: { fm_synth: { mine: { cc: 1, default: 5 } } }\n"));
    let notice = "fm_synth was loaded from config.yaml: its parameters changed, so earlier moves cannot be undone";
    assert_eq!(said(&rig, &events), [(Severity::Info, notice.to_owned())]);
    assert_eq!(rig.values(), [5]);
    let events = rig.edit("config.yaml", Some("# nothing\n"));
    let notice =
        "fm_synth is no longer in config.yaml: its knobs stay until profile.use fm_synth selects the built-in profile";
    assert_eq!(said(&rig, &events), [(Severity::Warning, notice.to_owned())]);
    assert_eq!(rig.values(), [5]);
    rig.ask("profile.use fm_synth").unwrap();
    assert!(rig.values().len() > 1);
}

#[test]
fn no_note_is_left_on_the_channel_a_profile_leaves() {
    let mut rig = Rig::new();
    rig.ask("note.on C4 100").unwrap();
    rig.edit("profiles/mine.yaml", Some(&text("mine", KNOBS).replace("name: Mine", "name: Mine\nchannel: 5")));
    rig.wait_ms(50);
    let ends: [&[u8]; 5] = [&[0xB0, 64, 0], &[0xB0, 66, 0], &[0xB0, 67, 0], &[0xB0, 123, 0], &[0xE0, 0, 64]];
    assert_eq!(rig.sent.lock().unwrap()[1..], ends);
    rig.ask("note.off C4").unwrap();
    assert_eq!(rig.sent.lock().unwrap().last(), Some(&vec![0x80, 60, 64]), "on the channel it began on");
    rig.ask("profile.use generic_analog").unwrap();
    assert!(rig.sent.lock().unwrap().contains(&vec![0xB4, 123, 0]));
    rig.ask("profile.use mine").unwrap();
    rig.ask("param.set cutoff 1").unwrap();
    assert_eq!(rig.sent.lock().unwrap().last(), Some(&vec![0xB4, 74, 127]));
}

#[test]
fn a_bank_and_its_program_are_sent_before_the_parameters_they_change() {
    let mut rig = Rig::new();
    rig.mine(&format!(
        "{KNOBS}  - {{ name: patch, section: A, program: yes }}\n  - {{ name: bank, section: A, cc: 0 }}\n"
    ));
    rig.ask("snapshot.send").unwrap();
    rig.sent.lock().unwrap().clear();
    for line in ["param.set patch 1", "param.set bank 1", "snapshot.save one", "param.set patch 0", "param.set bank 0"]
    {
        rig.ask(line).unwrap();
    }
    rig.sent.lock().unwrap().clear();
    rig.ask("snapshot.recall one").unwrap();
    let sent: Vec<Vec<u8>> = rig.sent.lock().unwrap().clone();
    assert_eq!(sent, [vec![0xB0, 0, 127], vec![0xC0, 127], vec![0xB0, 74, 0], vec![0xB0, 71, 0]], "{sent:02X?}");
}

#[test]
fn many_profiles_at_once_are_not_reported_one_by_one() {
    let mut rig = Rig::new();
    let short: String = (0..5).map(|n| format!("  synth_{n}: {{ a: {{ cc: 1 }} }}\n")).collect();
    let events = rig.edit("config.yaml", Some(&format!("cc_profiles:\n{short}")));
    let told = said(&rig, &events);
    assert_eq!(told.len(), 4, "{told:?}");
    assert_eq!(told[3].1, "and 2 more were loaded");
    // The faults of many, of which no single file could be checked.
    let faulty: String = (0..9).map(|n| format!("  synth_{n}: {{ a: {{ cc: 200 }} }}\n")).collect();
    let events = rig.edit("config.yaml", Some(&format!("cc_profiles:\n{faulty}")));
    assert_eq!(said(&rig, &events)[8].1, "and 1 more; `busker profiles list` lists them");
    assert!(rig.ask("profile.use synth_4").is_ok(), "what was read before stays");
}
