//! The entry points of `fuzz/`, with files that are valid except for a few bytes: bounded, the same cases every time.

#[path = "../../fuzz/entry.rs"]
mod entry;

use busker::{
    command::COMMANDS,
    config::recorder::{RECORDER_OPTIONS, RecorderOptions},
    remote::osc::table,
    wav::{Depth, Info, Mark, Origin, WavFile, WavShape},
};
use rosc::{OscBundle, OscMessage, OscPacket, OscTime, OscType, encoder};
use std::io::Cursor;

/// Cases of each target.
const CASES: u64 = 20_000;

/// Pseudo-random numbers (xorshift), from a seed.
struct Chance(u64);

impl Chance {
    /// The numbers of a case.
    fn of(case: u64) -> Chance {
        let mut chance = Chance((case + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        chance.below(1);
        chance
    }

    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end.max(1) as u64) as usize
    }

    fn choose<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}

fn origin() -> Origin {
    Origin {
        description: "jam; 120.00 BPM".to_owned(),
        originator: "busker".to_owned(),
        originator_reference: "busker20260301235959".to_owned(),
        date: "2026-03-01".to_owned(),
        time: "23:59:59".to_owned(),
        time_reference: 1 << 33,
        coding_history: "A=PCM\r\n".to_owned(),
    }
}

/// A file as busker writes it, closed or not.
fn of_busker(chance: &mut Chance) -> Vec<u8> {
    let depth = *chance.choose(&[Depth::Int16, Depth::Int24, Depth::Float32]);
    let shape = WavShape { channels: *chance.choose(&[1, 2, 3, 8]), sample_rate_hz: 48_000, depth };
    let origin = origin();
    let mut wav =
        WavFile::create(Cursor::new(Vec::new()), shape, Some(&origin).filter(|_| chance.below(2) == 0)).unwrap();
    let frames = chance.below(400) as u64;
    let audio = |frames: u64| (0..frames * shape.frame_bytes()).map(|at| (at * 37) as u8).collect::<Vec<u8>>();
    wav.write(&audio(frames)).unwrap();
    let marks: Vec<Mark> = (0..chance.below(4) as u64)
        .map(|mark| Mark {
            frame: mark * 7,
            label: (*chance.choose(&["gap 48 frames", "xrun", "mark 1", ""])).to_owned(),
        })
        .collect();
    if chance.below(3) == 0 {
        wav.make_true(&marks).unwrap();
        wav.write(&audio(frames / 2)).unwrap();
        return wav.file().get_ref().clone();
    }
    let (file, finished) = wav.finish(&marks, &Info(vec![(*b"ISFT", "busker".to_owned())]));
    finished.unwrap();
    file.into_inner()
}

/// A short file as other programs write it.
fn of_others(chance: &mut Chance) -> Vec<u8> {
    let (tag, bits) = *chance.choose(&[(1_u16, 8_u16), (1, 16), (1, 24), (1, 32), (3, 32), (3, 64), (7, 8)]);
    let channels = *chance.choose(&[1_u16, 2, 6]);
    let frame = channels * bits / 8;
    let mut form: Vec<u8> = [tag.to_le_bytes(), channels.to_le_bytes()].concat();
    let rate_hz = *chance.choose(&[1_u32, 8_000, 44_100, 384_000]);
    form.extend([rate_hz, rate_hz.wrapping_mul(u32::from(frame))].map(u32::to_le_bytes).concat());
    form.extend([frame.to_le_bytes(), bits.to_le_bytes()].concat());
    let audio: Vec<u8> = (0..chance.below(300) * usize::from(frame)).map(|at| (at * 91) as u8).collect();
    let is_64 = chance.below(4) == 0;
    let mut chunks: Vec<(&[u8; 4], Vec<u8>)> = vec![(b"fmt ", form), (b"data", audio.clone())];
    for _ in 0..chance.below(3) {
        let at = chance.below(chunks.len() + 1);
        let id = *chance.choose(&[b"LIST", b"cue ", b"bext", b"JUNK", b"fact", b"zzzz"]);
        chunks.insert(at, (id, vec![b'a'; chance.below(30)]));
    }
    if is_64 {
        let sizes = [0_u64, audio.len() as u64, 0].map(u64::to_le_bytes).concat();
        chunks.insert(0, (b"ds64", [sizes, vec![0; 4]].concat()));
    }
    let mut file = if is_64 { b"RF64\xFF\xFF\xFF\xFFWAVE".to_vec() } else { b"RIFF\0\0\0\0WAVE".to_vec() };
    for (id, content) in chunks {
        let size = if is_64 && id == b"data" { u32::MAX } else { content.len() as u32 };
        file.extend(id.iter().copied().chain(size.to_le_bytes()).chain(content.iter().copied()));
        file.extend(vec![0; content.len() % 2]);
    }
    if !is_64 {
        let size = (file.len() - 8) as u32;
        file[4..8].copy_from_slice(&size.to_le_bytes());
    }
    file
}

/// Critical sizes.
const SIZES: [u32; 9] = [0, 1, 3, 16, 0x7FFF_FFFF, 0x8000_0000, u32::MAX - 8, u32::MAX - 1, u32::MAX];
/// Ids of chunks.
const LETTERS: [&[u8; 4]; 7] = [b"data", b"fmt ", b"LIST", b"cue ", b"ds64", b"RF64", b"\0\0\0\0"];

/// A position in a file: a chunk's header, its first fields; or any other.
fn place(bytes: &[u8], chance: &mut Chance) -> usize {
    let heads: Vec<usize> =
        (0..bytes.len().saturating_sub(4)).filter(|&at| bytes[at..at + 4].is_ascii() && bytes[at] >= b' ').collect();
    match chance.below(3) {
        0 => chance.below(bytes.len()),
        1 if !heads.is_empty() => *chance.choose(&heads) + chance.below(24),
        _ => chance.below(64),
    }
}

fn put(bytes: &mut [u8], at: usize, with: &[u8]) {
    for (to, from) in bytes.iter_mut().skip(at).zip(with) {
        *to = *from;
    }
}

/// Damages a file: sizes, ids, bytes, its end, parts of it.
fn bend(bytes: &mut Vec<u8>, chance: &mut Chance) {
    for _ in 0..chance.below(5) {
        let at = place(bytes, chance).min(bytes.len());
        let part = at..(at + chance.below(80)).min(bytes.len());
        match chance.below(7) {
            0 => put(bytes, at, &chance.choose(&SIZES).to_le_bytes()),
            1 => put(bytes, at, *chance.choose(&LETTERS)),
            2 => put(bytes, at, &[chance.below(256) as u8]),
            3 => bytes.truncate(at),
            4 => bytes.extend((0..chance.below(60)).map(|_| chance.below(256) as u8)),
            5 => drop(bytes.drain(part)),
            _ => {
                let twice = bytes[part].to_vec();
                bytes.splice(at..at, twice);
            }
        }
    }
}

fn file(case: u64) -> Vec<u8> {
    let mut chance = Chance::of(case);
    let mut bytes = if chance.below(2) == 0 { of_busker(&mut chance) } else { of_others(&mut chance) };
    bend(&mut bytes, &mut chance);
    bytes
}

/// Runs an entry over these cases, and names the one it panics at.
fn run(cases: u64, of_case: impl Fn(u64) -> Vec<u8>, entry: fn(&[u8])) {
    for case in 0..cases {
        let bytes = of_case(case);
        let ended = std::panic::catch_unwind(|| entry(&bytes));
        assert!(ended.is_ok(), "case {case}, {} bytes: {}", bytes.len(), bytes.escape_ascii());
    }
}

#[test]
fn any_file_is_read() {
    run(CASES, file, entry::wav_read);
}

#[test]
fn any_file_is_valid_after_one_repair_or_left_alone() {
    run(CASES, file, entry::wav_repair);
}

#[test]
fn any_file_is_measured_or_refused() {
    run(CASES, file, entry::take_measure);
}

/// Words that set options, and similar ones.
fn lines(case: u64) -> Vec<u8> {
    let mut chance = Chance::of(case);
    let standard = RecorderOptions::default();
    let shown: Vec<String> = RECORDER_OPTIONS.iter().map(|row| row.shown(&standard)).collect();
    let parts = [
        "off",
        "on",
        "no",
        "16",
        "24",
        "32f",
        "1-2",
        "+",
        "-",
        " ",
        "each",
        "each:",
        "master",
        "inputs",
        "1e3",
        "nan",
        "inf",
        "-0",
        "5s",
        "10 s",
        "650MB",
        "1e300MB",
        "/mnt/usb",
        "/",
        "%Y%m%d",
        "%",
        "{profile}",
        "{bpm}",
        "{",
        "}",
        "now",
        "bar",
        "65536",
        "18446744073709551616",
        "..",
        "\u{e9}",
        "\0",
        "\t",
    ];
    let mut text = String::new();
    for _ in 0..=chance.below(3) {
        text.push_str(RECORDER_OPTIONS[chance.below(RECORDER_OPTIONS.len())].name);
        for _ in 0..chance.below(5) {
            match chance.below(4) {
                0 => text.push_str(&shown[chance.below(shown.len())]),
                1 => text.push(char::from(chance.below(128) as u8)),
                _ => text.push_str(parts[chance.below(parts.len())]),
            }
        }
        text.push('\n');
    }
    text.into_bytes()
}

#[test]
fn any_text_sets_an_option_or_changes_nothing() {
    run(CASES, lines, entry::recorder_option);
}

/// An argument of any type.
fn argument(chance: &mut Chance) -> OscType {
    let words = ["on", "cutoff", "C4", "0.8", "90 3C 64", "lfo", "", "\u{e9}"];
    match chance.below(9) {
        0 => OscType::Int(chance.below(200) as i32 - 20),
        1 => OscType::Float(chance.below(300) as f32 / 3.0),
        2 => OscType::Double(*chance.choose(&[0.5, 120.0, f64::NAN, f64::INFINITY, -0.0, 1e300])),
        3 => OscType::Long(i64::MIN),
        4 => OscType::Blob(vec![0x90; chance.below(5)]),
        5 => OscType::Bool(chance.below(2) == 0),
        6 => OscType::Nil,
        7 => OscType::Char('1'),
        _ => (*chance.choose(&words)).into(),
    }
}

fn osc_message(chance: &mut Chance) -> OscPacket {
    let mut addr = table::address(chance.choose(COMMANDS));
    if chance.below(3) == 0 {
        let at = chance.below(addr.len());
        let wild: &str = chance.choose::<&str>(&["*", "?", "[a-z]", "{o,p}", "["]);
        addr.replace_range(at..(at + chance.below(4)).min(addr.len()), wild);
    }
    OscPacket::Message(OscMessage { addr, args: (0..chance.below(4)).map(|_| argument(chance)).collect() })
}

fn osc_bundle(chance: &mut Chance, depth: usize) -> OscPacket {
    let inside = |chance: &mut Chance| match chance.below(3) {
        0 if depth > 0 => osc_bundle(chance, depth - 1),
        _ => osc_message(chance),
    };
    let content = (0..chance.below(4)).map(|_| inside(chance)).collect();
    OscPacket::Bundle(OscBundle { timetag: OscTime { seconds: 0, fractional: 1 }, content })
}

/// OSC datagrams, and damaged ones.
fn datagram(case: u64) -> Vec<u8> {
    let mut chance = Chance::of(case);
    let packet = if chance.below(2) == 0 { osc_message(&mut chance) } else { osc_bundle(&mut chance, 10) };
    let mut bytes = encoder::encode(&packet).unwrap();
    for _ in 0..chance.below(4) {
        let at = chance.below(bytes.len());
        match chance.below(5) {
            0 => put(&mut bytes, at & !3, &chance.choose(&SIZES).to_be_bytes()),
            1 => put(&mut bytes, at, &[chance.below(256) as u8]),
            2 => put(&mut bytes, at, &[*chance.choose(b"/,#[]{}*ifshdbSTFNmt\0")]),
            3 => bytes.truncate(at & !3),
            _ => bytes.extend([0; 4]),
        }
    }
    bytes
}

#[test]
fn any_datagram_is_understood_or_refused() {
    run(CASES, datagram, entry::osc_datagram);
}

/// Messages of the socket, and damaged ones.
fn message(case: u64) -> Vec<u8> {
    let mut chance = Chance::of(case);
    let standing = [
        r#"{"type":"hello","wire":1,"version":"0.1.0","role":"screen"}"#,
        r#"{"type":"do","command":"record.start jam","id":1}"#,
        r#"{"type":"do","command":"param.set filter_cutoff 0.8","id":null}"#,
        r#"{"type":"do","command":"take.rename \"a b\" c","id":18446744073709551615}"#,
        r#"{"type":"do","command":"mod.set filter_cutoff lfo sine 1/4 depth 0.3"}"#,
        r#"{"type":"status"}"#,
        r#"{"type":"answer","id":3,"done":false,"text":"no"}"#,
        r#"{"type":"event","event":"playing","from":"5:1:0"}"#,
        r#"{"type":"event","event":"clock_source","source":"midi","from":null,"state":"locked"}"#,
        r#"{"type":"status","at_ns":5,"changes":{"click_on":true,"instrument":1,"learning":null,"profiles":["a"]}}"#,
        r#"{"type":"status","at_ns":0,"changes":{"transport":{"playing":true,"position":"5:1:0","seconds":8.0,"bpm":120.0,"clock_on":true}}}"#,
        r#"{"type":"status","at_ns":0,"changes":{"params":{"profile":"korg_nts1_mk2","values":{"osc_type":3},"motion":{},"automated":[],"snapshots":[]}}}"#,
    ];
    let mut bytes = chance.choose(&standing).as_bytes().to_vec();
    for _ in 0..chance.below(4) {
        let at = chance.below(bytes.len());
        let part = at..(at + chance.below(12)).min(bytes.len());
        let words: [&[u8]; 8] = [b"null", b"-1", b"1e999", b"[[[[[[", b"\"", b"\\u0000", b"99:9:9", b"{"];
        match chance.below(4) {
            0 => put(&mut bytes, at, &[chance.below(256) as u8]),
            1 => bytes.truncate(at.max(1)),
            2 => drop(bytes.splice(part, chance.choose(&words).iter().copied())),
            _ => {
                let twice = bytes[part].to_vec();
                bytes.splice(at..at, twice);
            }
        }
    }
    bytes
}

#[test]
fn any_message_is_understood_or_refused() {
    run(CASES, message, entry::wire_message);
}

/// Input of a terminal: keys, sequences of every kind and their halves, pastes.
fn terminal_bytes(case: u64) -> Vec<u8> {
    const PARTS: [&[u8]; 14] = [
        b"\x1b",
        b"\x1b[",
        b"\x1bO",
        b"\x1b]11;rgb:",
        b"\x1bP>|",
        b"\x1b\\",
        b"\x07",
        b"\x1b[200~",
        b"\x1b[201~",
        b"A",
        b"1;5",
        b"u",
        b"\x1b_",
        "é€".as_bytes(),
    ];
    let mut chance = Chance::of(case);
    let mut bytes = Vec::new();
    for _ in 0..chance.below(20) {
        match chance.below(3) {
            0 => bytes.push(chance.below(256) as u8),
            _ => bytes.extend(*chance.choose(&PARTS)),
        }
    }
    bytes
}

#[test]
fn any_bytes_of_a_terminal_are_the_same_keys_however_they_are_split() {
    run(CASES, terminal_bytes, entry::terminal_bytes);
}

/// Input of a MIDI port: messages, real-time bytes between them, and invalid bytes.
fn port_bytes(case: u64) -> Vec<u8> {
    let mut chance = Chance::of(case);
    let mut bytes = Vec::new();
    for _ in 0..chance.below(12) {
        match chance.below(6) {
            0 => bytes.push(chance.below(256) as u8),
            1 => bytes.push(0xF8 + chance.below(8) as u8),
            2 => {
                bytes.push(0xF0);
                bytes.extend((0..chance.below(20)).map(|_| chance.below(128) as u8));
                bytes.extend(&[0xF7][..chance.below(2)]);
            }
            3 => bytes.extend((0..chance.below(9)).map(|_| chance.below(128) as u8)),
            _ => bytes.extend([0x80 + chance.below(112) as u8, chance.below(128) as u8, chance.below(128) as u8]),
        }
    }
    bytes
}

#[test]
fn any_bytes_of_a_port_are_whole_messages_however_they_are_split() {
    run(CASES, port_bytes, entry::midi_bytes);
}

/// Events of a take.
fn happenings(case: u64) -> Vec<u8> {
    let mut chance = Chance::of(case);
    let mut bytes = chance.choose(&[0_u32, 1, 44_100, 48_000, u32::MAX]).to_le_bytes().to_vec();
    bytes.extend(chance.choose(&[120.0_f32, 0.0, -1.0, 1e9, f32::NAN, f32::INFINITY]).to_le_bytes());
    for _ in 0..chance.below(10) {
        let message = port_bytes(case.wrapping_mul(31).wrapping_add(chance.below(1000) as u64));
        let frames = *chance.choose(&[0_u64, 1, 480, 1 << 20, 1 << 39]);
        bytes.push(chance.below(8) as u8);
        bytes.extend(&frames.to_le_bytes()[..5]);
        bytes.extend(chance.choose(&[60.0_f32, 300.0, f32::NAN, 1e-9]).to_le_bytes());
        bytes.push(message.len().min(255) as u8);
        bytes.extend(&message[..message.len().min(255)]);
    }
    bytes
}

#[test]
fn any_take_is_a_midi_file_with_all_kept_events() {
    run(CASES, happenings, entry::midi_file);
}

/// One of these texts, with damaged lines and characters.
fn bent(texts: &[&str], signs: &[&str], case: u64) -> Vec<u8> {
    let mut chance = Chance::of(case);
    let text: &str = chance.choose::<&str>(texts);
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for _ in 0..chance.below(6) {
        let at = chance.below(lines.len());
        let Some(line) = lines.get_mut(at) else { break };
        let char_at = line.char_indices().map(|(at, _)| at).nth(chance.below(line.chars().count())).unwrap_or(0);
        match chance.below(6) {
            0 => line.insert_str(char_at, chance.choose::<&str>(signs)),
            1 => line.truncate(char_at),
            2 => line.insert_str(0, "  "),
            3 => drop(lines.remove(at)),
            4 => lines.truncate(at + 1),
            _ => {
                let other = lines[chance.below(lines.len())].clone();
                lines.insert(at, other);
            }
        }
    }
    lines.join("\n").into_bytes()
}

#[test]
fn any_text_is_a_value_or_its_faults_are_reported() {
    let texts = [
        include_str!("../../profiles/korg_volca_fm.yaml"),
        include_str!("../../profiles/generic_analog.yaml"),
        include_str!("../../themes/default.yaml"),
        "title: a\nsteps:\n- {at: 0.5s, do: play}\n- {at: 2.0s, do: stop}\n",
        "midi:\n  output: NTS-1\n  clock: yes\naudio: {device: auto, rate: 48000}\nosc: {listen: '0.0.0.0:9000'}\n",
        "knobs: {korg_nts1_mk2: {filter_cutoff: 0.5}}\ntempo: 120\n",
    ];
    let signs =
        ["\t", ": ", "- ", "{", "}", "[", "&a ", "*a", "!!", "'", "\"", "#", "|", "\u{feff}", "~", "1e999", "-1", "\0"];
    run(CASES / 10, |case| bent(&texts, &signs, case), entry::yaml_text);
}

#[test]
fn any_table_of_controllers_gives_profiles_or_its_faults_are_reported() {
    let table = "manufacturer,device,section,parameter_name,parameter_description,cc_msb,cc_lsb,cc_min_value,\
        cc_max_value,cc_default_value,nrpn_msb,nrpn_lsb,nrpn_min_value,nrpn_max_value,nrpn_default_value,orientation,\
        notes,usage\n\
        Korg,Volca,Osc,Pitch,,3,35,0,127,64,,,,,,0-based,,0: off; 64-127: on\n\
        Korg,Volca,Filter,Cutoff,\"a, b\",,,,,,1,2,0,16383,0,centered,,\n";
    let signs = [",", ";", "\"", "\n", "-", "~", "128", "-1", "0-127", ": ", "\u{feff}", "\t", "\r", "\u{e9}"];
    run(CASES / 10, |case| bent(&[table], &signs, case), entry::csv_table);
}

/// A function that runs with any bytes.
type Target = fn(&[u8]);

/// Every target, by its name.
const TARGETS: [(&str, Target); 11] = [
    ("csv_table", entry::csv_table),
    ("midi_bytes", entry::midi_bytes),
    ("midi_file", entry::midi_file),
    ("osc_datagram", entry::osc_datagram),
    ("recorder_option", entry::recorder_option),
    ("take_measure", entry::take_measure),
    ("terminal_bytes", entry::terminal_bytes),
    ("wav_read", entry::wav_read),
    ("wav_repair", entry::wav_repair),
    ("wire_message", entry::wire_message),
    ("yaml_text", entry::yaml_text),
];

#[test]
fn inputs_found_by_a_fuzzer_keep_every_law() {
    let corpora = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    for (name, target) in TARGETS {
        let files = std::fs::read_dir(corpora.join(name)).unwrap();
        let count = files.map(|file| target(&std::fs::read(file.unwrap().path()).unwrap())).count();
        assert!(count > 0, "{name} has no corpus");
    }
    assert_eq!(std::fs::read_dir(corpora).unwrap().count(), TARGETS.len(), "a corpus without a target");
}
