//! Snapshots and morphs in virtual time, with the synth's end of the wire.

use crate::{
    engine::{
        config::EngineConfig,
        offline::{Offline, built_in_port},
    },
    profile::{Profile, Target},
    snapshots::Snapshots,
    status::{Event, Severity, Status},
    stored::{self, StoredValue},
};
use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, Mutex, mpsc::Receiver},
};

/// The sent messages, each with its instant in ns.
type Log = Arc<Mutex<Vec<(u64, Vec<u8>)>>>;

/// A synth that keeps the value of each parameter, and the instants at which it got values.
#[derive(Default)]
struct Synth {
    controllers: HashMap<u8, u16>,
    values: HashMap<Target, u16>,
    told: HashMap<Target, Vec<u64>>,
}

impl Synth {
    fn hear(&mut self, profile: &Profile, at_ns: u64, bytes: &[u8]) {
        let &[0xB0, controller, value] = bytes else { return };
        self.controllers.insert(controller, u16::from(value));
        let of = |controller: u8| self.controllers.get(&controller).copied();
        for param in &profile.params {
            let Some(target) = param.target else { continue };
            let value = match target {
                Target::Cc(cc) if cc == controller => Some(u16::from(value)),
                // The fine half is sent first.
                Target::Cc14 { msb, lsb } if msb == controller => of(lsb).map(|fine| u16::from(value) << 7 | fine),
                Target::Nrpn { msb, lsb }
                    if controller == 6 && of(99) == Some(msb.into()) && of(98) == Some(lsb.into()) =>
                {
                    of(38).map(|fine| u16::from(value) << 7 | fine)
                }
                _ => None,
            };
            if let Some(value) = value {
                self.values.insert(target, value);
                self.told.entry(target).or_default().push(at_ns);
            }
        }
    }
}

struct Rig {
    offline: Offline,
    log: Log,
    synth: Synth,
    profile: Arc<Profile>,
    events: Receiver<Event>,
    folder: tempfile::TempDir,
}

impl Rig {
    fn new() -> Rig {
        Rig::with("")
    }

    /// With this library.
    fn with(library: &str) -> Rig {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("snapshots.yaml");
        if !library.is_empty() {
            std::fs::write(&file, library).unwrap();
        }
        let config = EngineConfig {
            clock_on: false,
            snapshots: StoredValue::load(file).0,
            ..EngineConfig::of_seven_bits(folder.path())
        };
        let mut offline = Offline::on(&config, vec![built_in_port()]).unwrap();
        let log = Log::default();
        let to = Arc::clone(&log);
        offline.listen_to_sent(Box::new(move |sent, at_ns, _| {
            to.lock().unwrap().push((at_ns, sent.payload.bytes().to_vec()));
        }));
        let events = offline.station().subscribe(|| {});
        Rig { profile: offline.status().params.profile.clone(), offline, log, synth: Synth::default(), events, folder }
    }

    /// Two snapshots of many parameters, `a` and `b`, of which `a` is in use; the synth was sent nothing.
    fn two() -> Rig {
        let mut rig = Rig::new();
        for name in ["a", "b"] {
            rig.ask("param.random");
            rig.ask(&format!("snapshot.save {name}"));
        }
        let library = std::fs::read_to_string(rig.file()).unwrap();
        let mut rig = Rig::with(&library);
        rig.ask("snapshot.recall a");
        rig.wait_ms(500);
        rig
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
        for (at_ns, bytes) in std::mem::take(&mut *self.log.lock().unwrap()) {
            self.synth.hear(&self.profile, at_ns, &bytes);
        }
    }

    fn now_ns(&self) -> u64 {
        self.offline.frame() as u64 * 1_000_000_000 / 48_000
    }

    fn status(&self) -> Status {
        self.offline.status()
    }

    fn values(&self) -> Vec<u16> {
        self.status().params.values.clone()
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("snapshots.yaml")
    }

    /// The values of a snapshot, in the order of the parameters.
    fn kept(&self, name: &str) -> Vec<u16> {
        let snapshots: Snapshots = stored::load(&self.file()).unwrap();
        let snapshot = snapshots.get(&self.profile.id, name).unwrap();
        self.profile.params.iter().map(|param| snapshot.values[&param.name]).collect()
    }

    fn index(&self, name: &str) -> usize {
        self.profile.param_index(name).unwrap()
    }

    fn notices(&self) -> Vec<(Severity, String)> {
        self.events.try_iter().filter_map(|event| event.notice()).collect()
    }

    /// The status and the synth have these values.
    #[track_caller]
    fn stands_at(&self, values: &[u16]) {
        assert_eq!(self.values(), values);
        for (param, value) in self.profile.params.iter().zip(values) {
            assert_eq!(self.synth.values.get(&param.target.unwrap()), Some(value), "{}", param.name);
        }
    }
}

#[test]
fn a_morph_keeps_every_spacing_and_ends_exactly_on_target() {
    let mut rig = Rig::two();
    let (a, b) = (rig.kept("a"), rig.kept("b"));
    rig.stands_at(&a);
    let moved = a.iter().zip(&b).filter(|(a, b)| a != b).count();
    assert!(moved >= 30, "{moved} knobs");
    rig.synth.told.clear();
    rig.ask("snapshot.recall b 4");
    rig.wait_ms(990);
    let (status, cutoff) = (rig.status(), rig.index("filter_cutoff"));
    assert_eq!(status.morph.as_ref().map(|morph| (morph.name.clone(), morph.percent)), Some(("b".to_owned(), 25)));
    let shown = f64::from(a[cutoff]) + (f64::from(b[cutoff]) - f64::from(a[cutoff])) / 4.0;
    assert!((f64::from(status.params.values[cutoff]) - shown).abs() <= 1.0, "a quarter of the way is shown");
    assert_eq!(rig.synth.values[&rig.profile.params[cutoff].target.unwrap()], status.params.values[cutoff], "and sent");
    rig.wait_ms(3100);
    assert_eq!(rig.status().morph, None);
    rig.stands_at(&b);
    let mut told = 0;
    for param in &rig.profile.params {
        let spacing_ms = param.spacing_ms.or(rig.profile.spacing_ms).unwrap_or(10);
        let times = rig.synth.told.get(&param.target.unwrap()).cloned().unwrap_or_default();
        let least = times.windows(2).map(|pair| pair[1] - pair[0]).min().unwrap_or(u64::MAX);
        assert!(least >= u64::from(spacing_ms) * 1_000_000, "{}: {least} ns", param.name);
        told += times.len();
    }
    assert!(told > 1000, "{told} values: they glide");
    rig.wait_ms(1000);
    let after: usize = rig.synth.told.values().map(Vec::len).sum();
    assert_eq!(after, told, "and then it is quiet");
}

#[test]
fn parameters_that_cannot_glide_are_switched_half_way() {
    let mut rig = Rig::two();
    let (a, b) = (rig.kept("a"), rig.kept("b"));
    rig.synth.told.clear();
    let begin_ns = rig.now_ns();
    rig.ask("snapshot.recall b 2");
    rig.wait_ms(980);
    let stepped: Vec<usize> =
        (0..a.len()).filter(|i| !rig.profile.params[*i].options.is_empty() && a[*i] != b[*i]).collect();
    assert!(stepped.len() > 2 && stepped.iter().all(|i| rig.values()[*i] == a[*i]));
    rig.wait_ms(50);
    assert!(stepped.iter().all(|i| rig.values()[*i] == b[*i]));
    for index in stepped {
        let told = &rig.synth.told[&rig.profile.params[index].target.unwrap()];
        assert_eq!(told.len(), 1);
        let at_ms = (told[0] - begin_ns) as f64 / 1e6;
        assert!((1000.0..1015.0).contains(&at_ms), "{at_ms} ms");
    }
}

#[test]
fn a_morph_from_values_the_synth_never_got_glides_too() {
    let mut rig = Rig::two();
    let mut fresh = Rig::with(&std::fs::read_to_string(rig.file()).unwrap());
    rig.wait_ms(1);
    fresh.ask("snapshot.recall b 1");
    fresh.wait_ms(1100);
    fresh.stands_at(&rig.kept("b"));
    let most = fresh.synth.told.values().map(Vec::len).max().unwrap();
    assert!(most > 20, "{most} values");
}

#[test]
fn a_knob_the_user_turns_leaves_its_morph() {
    let mut rig = Rig::two();
    let mut end = rig.kept("b");
    rig.ask("snapshot.recall b 2");
    rig.wait_ms(500);
    rig.ask("param.set filter_cutoff 0.5");
    rig.ask("param.set filter_type 1");
    let (cutoff, kind) = (rig.index("filter_cutoff"), rig.index("filter_type"));
    end[cutoff] = 64;
    end[kind] = rig.profile.params[kind].value_at(1.0);
    rig.wait_ms(2000);
    rig.stands_at(&end);
}

#[test]
fn another_recall_takes_the_place_of_a_morph() {
    let mut rig = Rig::two();
    let (a, b) = (rig.kept("a"), rig.kept("b"));
    rig.ask("snapshot.recall b 4");
    rig.wait_ms(1000);
    rig.ask("snapshot.recall a 1");
    rig.wait_ms(1100);
    assert_eq!(rig.status().morph, None);
    rig.stands_at(&a);
    rig.ask("snapshot.recall a 4");
    assert_eq!(rig.status().morph, None, "there is no morph");
    rig.ask("snapshot.recall b 4");
    rig.wait_ms(1000);
    rig.ask("snapshot.recall b");
    rig.wait_ms(500);
    assert_eq!(rig.status().morph, None);
    rig.stands_at(&b);
}

#[test]
fn nothing_that_cuts_a_glide_short_keeps_a_morph_from_its_target() {
    let mut rig = Rig::two();
    rig.ask("snapshot.recall b 2");
    rig.wait_ms(500);
    rig.ask("snapshot.send");
    rig.wait_ms(100);
    assert!(rig.status().morph.is_some(), "it goes on");
    rig.wait_ms(500);
    rig.ask("midi.panic");
    rig.wait_ms(1500);
    rig.stands_at(&rig.kept("b"));
}

#[test]
fn a_recall_is_undone_and_done_again_on_the_way_and_after() {
    let mut rig = Rig::two();
    let (a, b) = (rig.kept("a"), rig.kept("b"));
    rig.ask("snapshot.recall b 2");
    rig.wait_ms(700);
    assert_eq!(rig.ask("param.undo"), "undone: recall of b");
    rig.wait_ms(3000);
    rig.stands_at(&a);
    assert_eq!(rig.ask("param.redo"), "redone: recall of b");
    rig.wait_ms(500);
    rig.stands_at(&b);
    rig.ask("param.set filter_cutoff 0.5");
    rig.ask("param.undo");
    rig.wait_ms(500);
    rig.stands_at(&b);
}

#[test]
fn comparing_toggles_between_before_and_after() {
    let mut rig = Rig::new();
    assert!(rig.refused("snapshot.compare").contains("nothing to compare"));
    rig = Rig::two();
    let (a, mut b) = (rig.kept("a"), rig.kept("b"));
    rig.ask("snapshot.recall b 4");
    rig.ask("snapshot.compare");
    rig.wait_ms(500);
    rig.stands_at(&a);
    rig.ask("snapshot.compare");
    rig.wait_ms(500);
    rig.stands_at(&b);
    rig.ask("param.set filter_cutoff 0.5");
    b[rig.index("filter_cutoff")] = 64;
    rig.ask("snapshot.compare");
    assert_eq!(rig.values(), a);
    rig.ask("snapshot.compare");
    assert_eq!(rig.values(), b, "with the knobs turned since");
    rig.ask("param.undo");
    assert_eq!(rig.values(), a, "each is a step");
    rig.ask("param.undo");
    assert_eq!(rig.values(), b);
    rig.ask("param.random");
    rig.ask("snapshot.compare");
    assert_eq!(rig.values(), b, "randomize is compared too");
}

#[test]
fn the_library_is_kept_and_parameters_the_profile_does_not_have_stay_in_it() {
    let library = "snapshots:
  - { profile: korg_nts1_mk2, name: old, values: { filter_cutoff: 300, not_any_more: 7, nor_this: 8 } }
  - { profile: other, name: theirs, values: { x: 1 } }
";
    let mut rig = Rig::with(library);
    rig.ask("snapshot.recall old");
    assert_eq!(rig.values()[rig.index("filter_cutoff")], 127, "brought into range");
    let told = rig.notices();
    let skipped =
        |(severity, text): &(Severity, String)| *severity == Severity::Warning && text.starts_with("2 parameters of");
    assert!(told.iter().any(skipped), "{told:?}");
    assert_eq!(
        rig.ask("snapshot.save old"),
        "old is saved, replacing the old one: it is in the trash, and param.undo restores it"
    );
    assert_eq!(rig.ask("snapshot.save new"), "new is saved");
    let snapshots: Snapshots = stored::load(&rig.file()).unwrap();
    let old = snapshots.get("korg_nts1_mk2", "old").unwrap();
    assert_eq!((old.values["filter_cutoff"], old.values["not_any_more"]), (127, 7));
    assert_eq!(old.values.len(), rig.profile.params.len() + 2);
    assert!(snapshots.get("other", "theirs").is_some());

    assert!(rig.refused("snapshot.rename new old").contains("already"));
    assert!(rig.refused("snapshot.rename none some").contains("there are old, new"));
    rig.ask("snapshot.rename new newer");
    rig.ask("snapshot.delete old");
    assert_eq!(rig.ask("snapshot.list"), "snapshots of korg_nts1_mk2: there is only newer");
    assert!(rig.refused("snapshot.delete old").contains("no snapshot 'old'"));
    assert!(rig.refused("snapshot.recall theirs").contains("no snapshot"));
    let snapshots: Snapshots = stored::load(&rig.file()).unwrap();
    assert_eq!(snapshots.of("korg_nts1_mk2").map(|s| s.name.as_str()).collect::<Vec<_>>(), ["newer"]);
    rig.ask("profile.use fm_synth");
    assert_eq!(rig.ask("snapshot.list"), "snapshots of fm_synth: there is none yet");
    assert!(rig.refused("param.undo").contains("nothing"));
}

#[test]
fn a_snapshot_that_is_replaced_or_deleted_can_be_brought_back_and_lies_in_the_trash() {
    let mut rig = Rig::new();
    let cutoff = |snapshots: &Snapshots| snapshots.get("korg_nts1_mk2", "warm").map(|s| s.values["filter_cutoff"]);
    let kept = |rig: &Rig| cutoff(&stored::load(&rig.file()).unwrap());
    let trash = |rig: &Rig, name: &str| cutoff(&stored::load(&rig.folder.path().join(".trash").join(name)).unwrap());
    rig.ask("param.set filter_cutoff 0");
    rig.ask("snapshot.save warm");
    rig.wait_ms(600);
    rig.ask("param.set filter_cutoff 1");
    rig.ask("snapshot.save warm");
    assert_eq!((kept(&rig), trash(&rig, "korg_nts1_mk2-warm.yaml")), (Some(127), Some(0)));
    assert_eq!(rig.ask("param.undo"), "undone: snapshot warm replaced");
    assert_eq!(kept(&rig), Some(0));
    rig.ask("param.redo");
    assert_eq!(kept(&rig), Some(127));
    rig.ask("snapshot.delete warm");
    assert_eq!(kept(&rig), None);
    assert_eq!(rig.ask("param.undo"), "undone: snapshot warm deleted");
    assert_eq!(kept(&rig), Some(127));
    rig.ask("param.undo");
    assert_eq!(kept(&rig), Some(0));
    assert_eq!(rig.ask("param.undo"), "undone: filter_cutoff", "the knobs are in the same history");
    // Every snapshot that was replaced is still in the trash, each in a file of its own.
    let values: Vec<Option<u16>> =
        ["", "-2", "-3", "-4"].iter().map(|n| trash(&rig, &format!("korg_nts1_mk2-warm{n}.yaml"))).collect();
    assert_eq!(values, [Some(0), Some(127), Some(0), Some(127)]);
}

#[test]
fn a_snapshot_that_does_not_reach_the_disk_is_not_reported_as_saved() {
    let mut rig = Rig::new();
    let file = rig.file();
    // A folder in its place cannot be written over, even by root.
    std::fs::create_dir(&file).unwrap();
    let refused = rig.refused("snapshot.save warm");
    assert!(refused.starts_with("the snapshots work now, but ") && refused.contains("snapshots.yaml"), "{refused}");
    assert_eq!(rig.status().faults.disk_refused, 1);
    assert!(rig.ask("snapshot.list").contains("warm"), "it is there until busker ends");
    rig.wait_ms(5000);
    let told = rig.notices().iter().filter(|(severity, _)| *severity == Severity::Warning).count();
    assert_eq!((told, rig.status().faults.disk_refused), (1, 1), "it is tried again, and reported once");
    std::fs::remove_dir(&file).unwrap();
    rig.wait_ms(2100);
    assert!(stored::load::<Snapshots>(&file).unwrap().get(&rig.profile.id, "warm").is_some());
    assert_eq!(rig.ask("snapshot.save cold"), "cold is saved");
    let kept: Snapshots = stored::load(&file).unwrap();
    assert_eq!(kept.of(&rig.profile.id).count(), 2);
}

#[test]
fn a_snapshot_for_which_the_file_has_no_room_is_refused_when_it_is_saved() {
    let items: String = (0..5000).map(|n| format!("  - {{ profile: p, name: n{n}, values: {{}} }}\n")).collect();
    let library = format!("snapshots:\n{items}");
    let mut rig = Rig::with(&library);
    let refused = rig.refused("snapshot.save more");
    assert!(
        refused.starts_with("more is not saved: ") && refused.ends_with("delete some snapshots first"),
        "{refused}"
    );
    assert_eq!(rig.ask("snapshot.list"), "snapshots of korg_nts1_mk2: there is none yet");
    assert_eq!(std::fs::read_to_string(rig.file()).unwrap(), library);
}

#[test]
fn a_deleted_snapshot_comes_back_to_its_place() {
    let mut rig = Rig::new();
    for name in ["a", "b", "c"] {
        rig.ask(&format!("snapshot.save {name}"));
    }
    rig.ask("snapshot.delete a");
    rig.ask("param.undo");
    assert_eq!(rig.status().params.snapshots[..], ["a", "b", "c"]);
}

#[test]
fn a_snapshot_of_another_station_is_kept_and_known_here_from_then_on() {
    let mut rig = Rig::new();
    rig.ask("snapshot.save mine");
    let file = rig.file();
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("name: mine", "name: theirs")).unwrap();
    rig.ask("snapshot.save more");
    assert!(rig.ask("snapshot.list").ends_with("theirs, more"), "{}", rig.ask("snapshot.list"));
    let kept: Snapshots = stored::load(&file).unwrap();
    assert_eq!(kept.of(&rig.profile.id).map(|it| it.name.as_str()).collect::<Vec<_>>(), ["theirs", "more"]);
    std::fs::write(&file, "snapshots: 3\n").unwrap();
    assert!(rig.refused("snapshot.save again").contains("is not overwritten"));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "snapshots: 3\n");
}
