//! Every built-in profile loads and agrees with its synth's documents; for every broken one all faults are reported.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    sync::{Arc, mpsc::Receiver},
    time::{Duration, Instant},
};

use busker::engine::{
    config::EngineConfig,
    host::sim::SimDevice,
    live::{Engine, Machinery},
    offline::built_in_port,
};
use busker::profile::{Curve, DEFAULT_ID, FALLBACK_ID, Halves, Library, Param, Places, Profile, ProfileScan, Target};
use busker::status::{Event, Severity};
use busker::yaml::FILE_BYTES_MAX;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Name and text of each YAML file of a folder.
fn yaml_files(name: &str) -> BTreeMap<String, String> {
    let paths = fs::read_dir(folder(name)).unwrap().map(|entry| entry.unwrap().path());
    let yaml = paths.filter(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    yaml.map(|path| {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        (name, fs::read_to_string(path).unwrap())
    })
    .collect()
}

fn told(file: &str, text: &str) -> Vec<String> {
    let faults = Profile::from_yaml(file, text).err().unwrap_or_default();
    faults.iter().map(ToString::to_string).collect()
}

fn built_in() -> Library {
    let (library, faults) = Library::load(None);
    assert_eq!(faults, []);
    library
}

fn nts1() -> Profile {
    Profile::clone(built_in().get(DEFAULT_ID).unwrap())
}

fn param<'a>(profile: &'a Profile, name: &str) -> &'a Param {
    &profile.params[profile.param_index(name).unwrap_or_else(|| panic!("no {name}"))]
}

/// A profile of one parameter, to which a test adds lines.
fn sample(id: &str, more: &str) -> String {
    format!(
        "id: {id}\nname: Sample\nsource: made up\nsections: [Filter]\nparameters:\n  - name: cutoff\n    section: Filter\n{more}"
    )
}

fn only_param(more: &str) -> Param {
    let text = sample("sample", more);
    let profile = Profile::from_yaml("sample.yaml", &text);
    profile.unwrap_or_else(|faults| panic!("{faults:#?}")).params.remove(0)
}

#[test]
fn every_file_in_profiles_loads_and_is_built_in_under_its_own_name() {
    let files = yaml_files("profiles");
    for (file, text) in &files {
        assert_eq!(told(file, text), Vec::<String>::new());
    }
    let library = built_in();
    let ids: Vec<String> = library.ids().map(|id| format!("{id}.yaml")).collect();
    assert_eq!(ids, files.into_keys().collect::<Vec<_>>());
    for id in [DEFAULT_ID, FALLBACK_ID, "fm_synth"] {
        assert_eq!(library.get(id).unwrap().id, id);
    }
}

#[test]
fn every_default_is_a_value_of_the_synth_and_every_value_has_its_position() {
    let library = built_in();
    for profile in library.ids().filter_map(|id| library.get(id)) {
        for param in &profile.params {
            assert_eq!(param.snap(param.default), param.default, "{}", param.name);
            for value in param.lo..=param.hi {
                let back = param.value_at(param.position_of(value));
                assert_eq!(back, param.snap(value), "{}", param.name);
            }
            for option in &param.options {
                assert_eq!(param.parse(&option.label), Ok(option.value), "{}", option.label);
            }
        }
    }
}

#[test]
fn the_nts1_mk2_has_every_controller_of_its_document() {
    let documented = BTreeSet::from([
        7, 14, 16, 19, 20, 21, 24, 26, 28, 29, 30, 31, 33, 34, 35, 36, 39, 42, 43, 44, 45, 46, 48, 49, 50, 51, 53, 54,
        55, 56, 58, 60, 61, 62, 63, 88, 89, 90, 102, 103, 107, 108, 109, 110, 113, 114, 115, 116, 117, 118, 119,
    ]);
    let profile = nts1();
    let mut controllers = BTreeSet::new();
    for param in &profile.params {
        match param.target.unwrap() {
            Target::Cc(cc) => assert!(controllers.insert(cc)),
            Target::Cc14 { msb, lsb } => {
                assert!(controllers.insert(msb) && controllers.insert(lsb));
            }
            _ => {}
        }
    }
    assert_eq!(controllers, documented);
    assert_eq!(param(&profile, "osc_shape").target, Some(Target::Cc14 { msb: 54, lsb: 102 }));
    assert_eq!(param(&profile, "osc_alt").target, Some(Target::Cc14 { msb: 55, lsb: 103 }));
    for (msb, of) in (0..).zip(["osc", "mod", "delay", "reverb"]) {
        for lsb in 0..8 {
            let edit = param(&profile, &format!("{of}_edit_{}", lsb + 1));
            assert_eq!((edit.target, edit.lo, edit.hi), (Some(Target::Nrpn { msb, lsb }), 0, 16383));
        }
    }
    assert_eq!(profile.params.len(), 62);
}

#[test]
fn the_nts1_mk2_names_its_controllers_and_options_as_its_document_does() {
    let profile = nts1();
    let stepped: Vec<String> = profile
        .params
        .iter()
        .filter(|param| param.curve == Curve::Stepped)
        .map(|param| {
            let options = param.options.iter().map(|option| format!("{} {}", option.value, option.label));
            format!("{:?} {}: {}", param.target.unwrap(), param.name, options.collect::<Vec<_>>().join(", "))
        })
        .collect();
    let expected = [
        "Cc(53) osc_type: 0 off, 18 saw, 36 triangle, 54 square, 72 VPM, 90 noise, 127 waves",
        "Cc(42) filter_type: 0 LP2, 18 LP4, 36 BP2, 54 BP4, 72 HP2, 90 HP4, 127 off",
        "Cc(14) eg_type: 0 ADSR, 25 AHR, 50 AR, 75 AR loop, 127 open",
        "Cc(88) mod_type: 0 off, 14 chorus, 28 ensemble, 42 phaser, 56 flanger, 70 soft clip, 84 hard clip, 98 fold, 127 fuzz",
        "Cc(89) delay_type: 0 off, 9 stereo, 18 mono, 27 ping pong, 36 high pass, 45 tape, 54 one tap, 63 stereo BPM, 72 mono BPM, 81 ping pong BPM, 90 high pass BPM, 99 tape BPM, 127 doubling",
        "Cc(90) reverb_type: 0 off, 11 hall, 22 smooth, 33 arena, 44 plate, 55 room, 66 early reflections, 77 space, 88 riser, 99 submarine, 127 horror",
        "Cc(117) arp_pattern: 0 up, 12 down, 24 up-down, 36 down-up, 48 converge, 60 diverge, 72 conv-div, 84 div-conv, 96 random, 127 stochastic",
        "Cc(118) arp_intervals: 0 octave, 21 major, 42 suspended, 63 augmented, 84 minor, 127 diminished",
    ];
    assert_eq!(stepped, expected);
    let pairs = [
        ("eg_attack", 16, 48),
        ("eg_release", 19, 49),
        ("tremolo_depth", 20, 50),
        ("tremolo_rate", 21, 51),
        ("osc_lfo_rate", 24, 56),
        ("osc_lfo_depth", 26, 58),
        ("mod_time", 28, 60),
        ("mod_depth", 29, 61),
        ("delay_time", 30, 62),
        ("delay_depth", 31, 63),
        ("delay_mix", 33, 113),
        ("reverb_time", 34, 114),
        ("reverb_depth", 35, 115),
        ("reverb_mix", 36, 116),
        ("filter_cutoff", 43, 107),
        ("filter_resonance", 44, 108),
        ("filter_sweep_depth", 45, 109),
        ("filter_sweep_rate", 46, 110),
        ("master_volume", 7, 39),
    ];
    for (name, msb, lsb) in pairs {
        assert_eq!(param(&profile, name).target, Some(Target::Cc14 { msb, lsb }), "{name}");
    }
    assert_eq!(param(&profile, "arp_length").target, Some(Target::Cc(119)));
}

#[test]
fn parameters_excluded_from_randomizing_are_marked_in_the_profile() {
    let profile = nts1();
    let kept: Vec<&str> = profile.params.iter().filter(|p| !p.random).map(|p| p.name.as_str()).collect();
    assert_eq!(kept, ["filter_cutoff", "eg_attack", "arp_length", "master_volume"]);
    assert!(only_param("    cc: 74\n").random);
    assert!(!only_param("    cc: 74\n    random: no\n").random);
}

#[test]
fn the_nts1_has_the_names_of_the_nts1_mk2() {
    let library = built_in();
    let (first, second) = (library.get("korg_nts1").unwrap(), nts1());
    for of_first in &first.params {
        let of_second = param(&second, &of_first.name);
        let msb = |param: &Param| match param.target {
            Some(Target::Cc(cc) | Target::Cc14 { msb: cc, .. }) => cc,
            other => panic!("{other:?}"),
        };
        assert_eq!((msb(of_first), &of_first.label), (msb(of_second), &of_second.label), "{}", of_first.name);
        assert!(matches!(of_first.target, Some(Target::Cc(_))), "{}", of_first.name);
    }
    assert_eq!(first.params.len(), 29);
    assert_eq!(param(first, "delay_type").parse("high pass"), Ok(84));
}

#[test]
fn every_value_a_minilogue_xd_sends_is_its_own_option() {
    let library = built_in();
    let profile = library.get("korg_minilogue_xd").unwrap();
    let meant = |name: &str, value| param(profile, name).display(param(profile, name).snap(value));
    for (value, label) in [(0, "16'"), (31, "16'"), (32, "8'"), (63, "8'"), (64, "4'"), (95, "4'"), (96, "2'")] {
        assert_eq!(meant("vco1_octave", value), label, "{value}");
    }
    for (value, label) in [(0, "stereo"), (6, "stereo"), (7, "mono"), (70, "tape BPM"), (71, "doubling")] {
        assert_eq!(meant("delay_type", value), label, "{value}");
    }
}

#[test]
fn centred_parameters_of_the_nts1_mk2_default_to_the_middle() {
    let profile = nts1();
    let centred: Vec<&str> =
        profile.params.iter().filter(|param| param.centered).map(|param| param.name.as_str()).collect();
    let expected = ["osc_lfo_depth", "filter_sweep_depth", "delay_mix", "reverb_mix"];
    assert_eq!(centred, expected);
    for name in expected {
        assert_eq!(param(&profile, name).default, 64 << 7);
        assert_eq!(param(&profile, name).display(64 << 7).trim_start_matches('-'), "0");
    }
    let sweep = param(&profile, "filter_sweep_depth");
    assert_eq!([0, 8192, 16_383].map(|value| sweep.display(value)), ["+63", "0", "-63"]);
}

#[test]
fn the_nts1_mk2_is_found_by_its_sound_port_and_receives_its_knobs() {
    let profile = nts1();
    assert_eq!(profile.port_rank("NTS-1 digital kit mkII:NTS-1 digital kit mkII _ SOUND 24:1"), Some(0));
    assert_eq!(profile.port_rank("nts-1 digital kit KBD/KNOB"), Some(1));
    assert_eq!(profile.port_rank("NTS-1 digital kit MIDI IN"), Some(2));
    assert_eq!(profile.port_rank("SOUND BLASTER MIDI"), None);
}

#[test]
fn sections_hold_their_parameters_in_order() {
    let profile = nts1();
    let names = |section| profile.params_in(section).map(|(_, param)| param.name.as_str()).collect::<Vec<_>>();
    assert_eq!(profile.sections[3], "Tremolo");
    assert_eq!(names(3), ["tremolo_depth", "tremolo_rate"]);
    assert_eq!(names(99), Vec::<&str>::new());
    for (at, param) in (0..profile.sections.len()).flat_map(|section| profile.params_in(section)) {
        assert_eq!(profile.param_index(&param.name), Some(at));
    }
}

#[test]
fn a_script_for_one_synth_finds_its_cutoff_on_another() {
    let library = built_in();
    for (id, value) in [(DEFAULT_ID, 13_106), (FALLBACK_ID, 102)] {
        assert_eq!(param(library.get(id).unwrap(), "filter_cutoff").parse("0.8"), Ok(value), "{id}");
    }
}

#[test]
fn fields_left_out_of_a_profile_have_their_defaults() {
    let text = sample("sample", "    cc: 74\n");
    let profile = Profile::from_yaml("sample.yaml", &text).unwrap();
    assert_eq!((profile.maker.as_str(), profile.channel, profile.port_hints.len()), ("", 1, 0));
    let param = only_param("    cc: 74\n");
    assert_eq!((param.lo, param.hi, param.default, param.curve), (0, 127, 0, Curve::Linear));
    assert_eq!(param.label, "cutoff");
    assert_eq!(only_param("    cc: 74\n    centered: yes\n").default, 64);
    assert_eq!(only_param("    cc: 74\n    range: [20, 30]\n").default, 20);
    let stepped = only_param("    cc: 74\n    options: [{ value: 9, label: low }]\n");
    assert_eq!((stepped.curve, stepped.default), (Curve::Stepped, 9));
}

#[test]
fn every_target_and_curve_can_be_written() {
    let targets = [
        ("cc: 74", Target::Cc(74), 127),
        ("cc: 54\n    lsb: 102", Target::Cc14 { msb: 54, lsb: 102 }, 16383),
        ("cc: 34\n    lsb: 63\n    lsb_bits: 3", Target::Cc10 { msb: 34, lsb: 63 }, 1023),
        ("nrpn: [1, 2]", Target::Nrpn { msb: 1, lsb: 2 }, 16383),
        ("rpn: [0, 1]", Target::Rpn { msb: 0, lsb: 1 }, 16383),
        ("pitchbend: yes", Target::PitchBend, 16383),
        ("program: true", Target::Program, 127),
    ];
    for (yaml, target, hi) in targets {
        let param = only_param(&format!("    {yaml}\n"));
        assert_eq!((param.target, param.hi), (Some(target), hi));
    }
    for (name, curve) in Curve::NAMES.into_iter().filter(|(_, curve)| *curve != Curve::Stepped) {
        assert_eq!(only_param(&format!("    cc: 74\n    curve: {name}\n")).curve, curve);
    }
    let param = only_param("    cc: 74\n    unit: ms\n    display: [-5, 5]\n    spacing_ms: 20\n");
    assert_eq!((param.unit.as_deref(), param.display_ends, param.spacing_ms), (Some("ms"), Some((-5, 5)), Some(20)));
}

#[test]
fn a_profile_sets_the_order_of_halves_and_midis_is_the_default() {
    let halves = |head: &str, knob: &str| {
        let text = sample("sample", &format!("    {knob}\n")).replace("source:", &format!("{head}source:"));
        Profile::from_yaml("sample.yaml", &text).unwrap().params[0].halves
    };
    let (pair, wide, narrow) = ("cc: 54\n    lsb: 102", "nrpn: [1, 2]", "rpn: [0, 0]\n    range: [0, 24]");
    for (head, expected) in [
        ("", [Halves::MsbFirst, Halves::MsbFirst, Halves::MsbOnly]),
        ("order: msb_first\n", [Halves::MsbFirst, Halves::MsbFirst, Halves::MsbOnly]),
        ("order: lsb_first\n", [Halves::LsbFirst, Halves::LsbFirst, Halves::MsbOnly]),
        ("nrpn_lsb: yes\n", [Halves::MsbFirst; 3]),
    ] {
        assert_eq!([pair, wide, narrow].map(|knob| halves(head, knob)), expected, "{head}");
    }
    let text = sample("sample", "    cc: 1\n").replace("source:", "order: backwards\nsource:");
    assert!(
        told("s.yaml", &text)[0]
            .ends_with("order: 'backwards' is not an order of halves, allowed msb_first, lsb_first")
    );
    let mk2 = Profile::from_yaml("mk2", &yaml_files("profiles")["korg_nts1_mk2.yaml"]).unwrap();
    assert!(mk2.params.iter().all(|param| param.halves == Halves::LsbFirst), "Korg's document says so");
}

#[test]
fn all_faults_of_every_broken_sample_are_reported() {
    let mut messages = Vec::new();
    for (file, text) in yaml_files("tests/invalid_profiles") {
        let told = told(&file, &text);
        assert!(!told.is_empty(), "{file} passes");
        messages.extend(told);
    }
    let expected = fs::read_to_string(folder("tests/invalid_profiles/messages.txt")).unwrap();
    let messages = messages.join("\n") + "\n";
    assert!(messages == expected, "\n{messages}");
}

#[test]
fn no_file_takes_long_whatever_its_contents() {
    let doubling = format!("x: &a [{}]\ny: [{}]\n", "a,".repeat(50_000), "*a,".repeat(50_000));
    let long_text = format!("x: &a {}\ny: [{}]\n", "a".repeat(100_000), "*a,".repeat(50_000));
    let hidden = format!("{}\n# {}\n", "[".repeat(120_000), "]".repeat(120_000));
    let closed = format!("x: {}{}\n", "[".repeat(120_000), "]".repeat(120_000));
    let samples = [
        "[".repeat(250_000),
        "{a: ".repeat(60_000),
        "- ".repeat(130_000),
        "? ".repeat(130_000),
        "a: ".repeat(80_000),
        "x: 1\n".repeat(50_000),
        "x".repeat(FILE_BYTES_MAX + 1),
        doubling,
        long_text,
        hidden,
        closed,
    ];
    for text in samples {
        let start = std::time::Instant::now();
        let faults = told("sample.yaml", &text);
        println!("{:?} {}", start.elapsed(), faults[0]);
        assert!((1..=51).contains(&faults.len()));
        assert!(start.elapsed().as_secs() < 20, "{}", faults[0]);
    }
}

#[test]
fn a_file_of_the_user_replaces_the_built_in_one_and_a_faulty_one_does_not() {
    let dir = tempfile::tempdir().unwrap();
    let write = |file: &str, text: &str| fs::write(dir.path().join(file), text).unwrap();
    write("a.yaml", &sample("fm_synth", "    cc: 74\n"));
    write("b.yml", &sample("mine", "    cc: 74\n"));
    write("c.yaml", &sample("mine", "    cc: 75\n"));
    write("d.yaml", &sample(FALLBACK_ID, "    cc: 200\n    lsb: 300\n"));
    write("notes.txt", "not a profile");
    fs::write(dir.path().join("e.yaml"), [0xff, 0xfe]).unwrap();
    fs::create_dir(dir.path().join("f.yaml")).unwrap();
    std::os::unix::fs::symlink("nowhere", dir.path().join("g.yaml")).unwrap();
    write("h.yaml", &"x".repeat(FILE_BYTES_MAX + 1));
    let (library, faults) = Library::load(Some(dir.path()));
    let ids: Vec<&str> = library.ids().collect();
    assert_eq!(
        ids,
        ["fm_synth", "generic_analog", "korg_minilogue_xd", "korg_nts1", "korg_nts1_mk2", "korg_volca_fm", "mine",]
    );
    assert_eq!(library.get("fm_synth").unwrap().name, "Sample");
    assert_eq!(library.get("mine").unwrap().params[0].target, Some(Target::Cc(74)));
    assert_eq!(library.get(FALLBACK_ID).unwrap().name, "Generic analog synth");
    let dir = format!("{}/", dir.path().display());
    let told: Vec<String> = faults.iter().map(|fault| fault.to_string().replace(&dir, "")).collect();
    assert_eq!(
        told,
        [
            "c.yaml id: 'mine' is already the id of b.yml",
            "d.yaml:8 parameters.1(cutoff).cc: '200' does not fit, allowed 0 to 127",
            "d.yaml:9 parameters.1(cutoff).lsb: '300' does not fit, allowed 0 to 127",
            "e.yaml:1: this line is not UTF-8; save the file as UTF-8",
            "g.yaml: cannot be read: No such file or directory (os error 2)",
            "h.yaml: cannot be read: more than 262144 bytes",
        ]
    );
}

#[test]
fn a_profile_of_the_settings_wins_over_a_built_in_one_and_a_file_of_the_folder_over_both() {
    let dir = tempfile::tempdir().unwrap();
    let settings = dir.path().join("config.yaml");
    fs::write(&settings, "cc_profiles:\n  fm_synth: { mine: { cc: 1 } }\n  both: { mine: { cc: 2 } }\n").unwrap();
    let profiles = dir.path().join("profiles");
    fs::create_dir(&profiles).unwrap();
    fs::write(profiles.join("a.yaml"), sample("both", "    cc: 74\n")).unwrap();
    let places = Places { folder: Some(profiles.clone()), settings: Some(settings.clone()), known: None };
    let ProfileScan { library, faults, .. } = ProfileScan::first(places);
    let name = |id: &str| library.get(id).unwrap().params[0].name.clone();
    assert_eq!((name("fm_synth"), name("both")), ("mine".to_owned(), "cutoff".to_owned()));
    assert_eq!(library.file_of("fm_synth"), settings.to_str());
    let [fault] = &faults[..] else { panic!("{faults:?}") };
    let a = profiles.join("a.yaml");
    let want = format!("{}:3 cc_profiles.both: 'both' is already the id of {}", settings.display(), a.display());
    assert_eq!(fault.to_string(), want);
}

#[test]
fn a_profile_stays_while_its_file_or_the_settings_have_faults() {
    let dir = tempfile::tempdir().unwrap();
    let settings = dir.path().join("config.yaml");
    let profiles = dir.path().join("profiles");
    let places = Places { folder: Some(profiles.clone()), settings: Some(settings.clone()), known: None };
    let nothing = ProfileScan::first(places.clone());
    assert_eq!(nothing.faults, []);
    fs::create_dir(&profiles).unwrap();
    let (a, b) = (profiles.join("a.yaml"), profiles.join("b.yaml"));
    fs::write(&a, sample("a", "    cc: 1\n")).unwrap();
    fs::write(&b, sample("b", "    cc: 1\n")).unwrap();
    fs::write(&settings, "cc_profiles:\n  c: { mine: { cc: 3 } }\n  d: { mine: { cc: 4 } }\n").unwrap();
    assert_ne!(nothing.marks(), &places.look());
    let good = nothing.again(places.look());
    assert_eq!(good.marks(), &places.look());
    assert_eq!(good.faults, []);
    fs::write(&a, sample("a", "    cc: 200\n")).unwrap();
    fs::remove_file(&b).unwrap();
    fs::write(&settings, "cc_profiles:\n  c: { mine: { cc: 300 } }\n").unwrap();
    let bad = good.again(places.look());
    assert_eq!(bad.new_faults(&good).len(), 2, "{:?}", bad.faults);
    for id in ["a", "c", "fm_synth"] {
        assert!(Arc::ptr_eq(bad.library.get(id).unwrap(), good.library.get(id).unwrap()), "{id}");
        assert_eq!(bad.library.file_of(id), good.library.file_of(id));
    }
    assert!(bad.library.get("b").is_none() && bad.library.get("d").is_none());
    fs::write(&settings, "cc_profiles: {\n").unwrap();
    let worse = bad.again(places.look());
    assert!(worse.library.get("c").is_some());
    assert_eq!(worse.new_faults(&bad).len(), 1, "the other file was not edited: its fault is no news");
    fs::remove_file(&settings).unwrap();
    assert!(worse.again(places.look()).library.get("c").is_none());
}

#[test]
fn a_folder_that_does_not_exist_is_no_fault() {
    let (library, faults) = Library::load(Some(&folder("no such folder")));
    assert_eq!(faults, []);
    assert_eq!(library.ids().count(), built_in().ids().count());
}

/// Waits for a notice with this beginning and end.
fn wait_for(events: &Receiver<Event>, severity: Severity, begin: &str, end: &str) -> String {
    let begun = Instant::now();
    let mut heard = Vec::new();
    while let Ok(event) = events.recv_timeout(Duration::from_secs(20).saturating_sub(begun.elapsed())) {
        if let Some((of, text)) = event.notice()
            && of == severity
            && text.starts_with(begin)
            && text.ends_with(end)
        {
            return text;
        }
        heard.push(event);
    }
    panic!("no '{begin}…{end}' among {heard:?}");
}

#[test]
fn a_profile_edited_while_the_station_plays_is_read_again_and_a_bad_edit_is_reported() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("profiles");
    let file = folder.join("mine.yaml");
    let shown = file.display().to_string();
    let reading = ProfileScan::first(Places { folder: Some(folder.clone()), ..Places::default() });
    let config = EngineConfig { watched: Some(reading), ..EngineConfig::built_in(home.path()).unwrap() };
    let machinery = Machinery::lasting(Box::new(SimDevice::new(48_000, 256)), vec![built_in_port()]);
    let engine = Engine::start(&config, machinery, None).unwrap();
    let station = engine.station();
    let events = station.subscribe(|| {});
    fs::create_dir(&folder).unwrap();
    fs::write(&file, sample("mine", "    cc: 74\n")).unwrap();
    wait_for(&events, Severity::Info, &format!("mine was loaded from {shown}"), "profile.use mine selects it");
    station.ask("profile.use mine".parse().unwrap()).unwrap();
    station.ask("param.set cutoff 1".parse().unwrap()).unwrap();
    fs::write(&file, sample("mine", "    cc: 74\n    range: [0, 100]\n")).unwrap();
    wait_for(&events, Severity::Info, &format!("mine was loaded again from {shown}"), "");
    fs::write(&file, sample("mine", "    cc: 200\n    curve: cubic\n")).unwrap();
    wait_for(&events, Severity::Error, &format!("{shown}:8 parameters.1(cutoff).cc: '200'"), "before stays");
    wait_for(&events, Severity::Error, &format!("{shown}:9 parameters.1(cutoff).curve: 'cubic'"), "before stays");
    fs::remove_file(&file).unwrap();
    wait_for(&events, Severity::Warning, "mine is no longer in", "until profile.use selects another");
    // The control thread answers after it took the change; the next status shows it.
    station.ask("param.step cutoff 1".parse().unwrap()).unwrap();
    let begun = Instant::now();
    let knob = || {
        let params = &station.status().params;
        (params.profile.id.clone(), params.profile.params[0].hi, params.values[0])
    };
    while knob() != ("mine".to_owned(), 100, 100) {
        assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", knob());
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_macro_of_a_profile_drives_others_and_its_faults_are_named() {
    let macros = |drives: &str| {
        let text = format!(
            "id: m\nname: M\nsource: made up\nsections: [A]\nparameters:\n  - {{ name: cut, section: A, cc: 74 }}\n  - {{ name: bright, section: A, drives: {drives} }}\n"
        );
        Profile::from_yaml("m.yaml", &text)
    };
    let profile = macros("[{ param: cut, range: [1, 0.2], curve: exponential }]").unwrap();
    let bright = param(&profile, "bright");
    assert_eq!((bright.target, bright.random), (None, false));
    let drive = &bright.drives[0];
    assert_eq!((drive.param.as_str(), drive.position(0.0), drive.position(1.0)), ("cut", 1.0, 0.2));
    let faults = |drives: &str| -> Vec<String> {
        macros(drives).unwrap_err().iter().map(|fault| fault.message.clone()).collect()
    };
    assert_eq!(faults("[{ param: cot }]"), ["'cot' is not a parameter, allowed the name of one"]);
    assert_eq!(faults("[{ param: bright }]"), ["'bright' is a macro, allowed a parameter that is not a macro"]);
    assert_eq!(faults("[{ param: cut }], cc: 3"), ["'cc' beside drives, allowed name, label, section, drives"]);
    assert_eq!(
        faults("[{ param: cut, range: [0, 2], curve: stepped }, { range: [1] }]"),
        [
            "'2' does not fit, allowed 0 to 1",
            "'stepped' is not a curve, allowed linear, exponential, logarithmic",
            "is missing",
            "'1' items, allowed 2",
        ]
    );
    assert_eq!(faults("[]"), ["is empty, allowed one or more"]);
}
