//! What is run over any bytes: the readers of what others wrote. Each panics where a promise is broken.
//!
//! The targets of cargo-fuzz call these, and so does `tests/all/fuzz.rs`, on any toolchain.

use busker::{
    command::{COMMANDS, Command},
    config::{
        SettingsFile,
        recorder::{RECORDER_OPTIONS, RecorderOptions},
    },
    engine::{config::EngineConfig, offline::Offline},
    midi::{
        message::split,
        parser::{LONGEST_SYSEX_BYTES, ParsedMessage, Parser},
        smf::{Bytes, MessageDirection, Smf, SmfEvent, TempoFrom},
    },
    midi_maps::MidiMaps,
    profile::{Profile, midi_guide},
    remote::{
        osc::{datagram, pattern::Pattern, table, understand},
        wire::{ClientMessage, MESSAGE_BYTES_MAX, ServerMessage},
    },
    script::Script,
    session::Session,
    snapshots::Snapshots,
    status::Status,
    stored::{FromYaml, ToYaml},
    takes::{NotUsable, Reach, Take, measure},
    tui::{
        input::{Decoder, Input},
        theme::Theme,
    },
    wav::{Health, Notes, Samples, SizeField, Wav},
    yaml::Fault,
};
use midly::TrackEventKind;
use std::{
    io::{Cursor, Write},
    ops::ControlFlow,
    sync::OnceLock,
};

/// Frames that are read of a file before its end is believed.
const FRAMES_MAX: u64 = 1 << 20;

/// The structure and the notes of a file are read, and what is said of them is within the file.
pub fn wav_read(bytes: &[u8]) {
    let mut file = Cursor::new(bytes);
    let wav = Wav::read(&mut file).expect("memory has no faults");
    assert_eq!(wav.file_bytes, bytes.len() as u64);
    assert!(wav.chunks.iter().all(|chunk| chunk.at < wav.file_bytes));
    if let Some(data) = wav.data {
        assert!(data.start + data.bytes <= wav.file_bytes, "audio up to {} + {}", data.start, data.bytes);
    }
    for finding in &wav.findings {
        assert!(!finding.to_string().is_empty());
    }
    assert!(wav.health() != Health::Beyond || !wav.findings.is_empty(), "a reason is told");
    let _ = Notes::read(&mut file, &wav).expect("memory has no faults");
}

/// One repair is all there is: it leaves a sound file, or there is none; and no byte but those of sizes is changed.
pub fn wav_repair(bytes: &[u8]) {
    let before = Wav::read(&mut Cursor::new(bytes)).expect("memory has no faults");
    let mut file = Cursor::new(bytes.to_vec());
    let Some(repair) = &before.repair else {
        assert!(before.health() != Health::NeedsRepair);
        return;
    };
    repair.write(&mut file).expect("memory has no faults");
    let after = file.into_inner();
    assert_eq!(after.len(), bytes.len(), "the file has another length");
    let mut expected = bytes.to_vec();
    for (at, field) in &repair.fields {
        let (from, size) = (*at as usize, if matches!(field, SizeField::Short(_)) { 4 } else { 8 });
        expected[from..from + size].copy_from_slice(&after[from..from + size]);
    }
    assert!(expected == after, "a byte that is no size was changed");
    let again = Wav::read(&mut Cursor::new(&after)).expect("memory has no faults");
    let audio = |wav: &Wav| wav.data.map(|data| (data.start, data.bytes));
    match before.health() {
        Health::Beyond => assert_eq!(again.health(), Health::Beyond),
        _ => {
            assert_eq!((again.health(), &again.repair), (Health::Sound, &None), "{again:?} after {before:?}");
            assert_eq!(audio(&again), audio(&before));
            assert_eq!(again.said_frames(), again.frames());
        }
    }
}

/// A file that can be used is measured to its end, and its samples are as many as it says.
pub fn take_measure(bytes: &[u8]) {
    let mut named = tempfile::NamedTempFile::new().expect("a folder for short files");
    named.write_all(bytes).expect("room for a short file");
    let take = match Take::open_whole(named.path(), Reach::Named) {
        Ok(take) => take,
        Err(NotUsable::Beyond(why)) => return assert!(!why.is_empty()),
        Err(other) => panic!("{other}"),
    };
    if let Ok(mut samples) = Samples::open(&take.file, &take.wav) {
        let (mut out, frames) = (Vec::new(), samples.frames());
        assert_eq!(Some(frames), take.wav.frames());
        if frames <= FRAMES_MAX {
            let read = samples.read(frames as usize + 1, &mut out).expect("they are there");
            assert_eq!((read as u64, out.len()), (frames, read * samples.channels()));
        }
    }
    match measure(&take, &mut |_| ControlFlow::Continue(())) {
        Ok(measured) => {
            let verdict = measured.verdict;
            assert_eq!(Some(verdict.frames), take.wav.frames());
            assert!(!verdict.short().is_empty() && verdict.warnings().iter().all(|warning| !warning.is_empty()));
        }
        Err(refusal) => assert!(!refusal.to_string().is_empty()),
    }
}

/// Options of the recorder as somebody types them, one a line: what is taken is shown in words that set the same, what is
/// refused changes nothing.
pub fn recorder_option(bytes: &[u8]) {
    let mut options = RecorderOptions::default();
    for line in String::from_utf8_lossy(bytes).lines() {
        for row in RECORDER_OPTIONS {
            let text = line.strip_prefix(row.name).unwrap_or(line);
            let before = options.clone();
            match row.set(&mut options, text) {
                Ok(()) => {
                    let shown = row.shown(&options);
                    let mut again = before;
                    row.set(&mut again, &shown).unwrap_or_else(|why| panic!("{text:?} is shown as {shown:?}: {why}"));
                    assert_eq!(again, options, "{text:?} is shown as {shown:?}");
                }
                Err(why) => {
                    assert_eq!(before, options, "{why}");
                    assert!(why.contains(row.name) && why.contains("allowed:"), "{why}");
                }
            }
        }
    }
}

/// A datagram from anywhere: each message in it is a command, or there is a reason why not; patterns stand for what they
/// cover.
pub fn osc_datagram(bytes: &[u8]) {
    let heard = match understand(bytes) {
        Ok(heard) => heard,
        Err(why) => return assert!(!why.to_string().is_empty()),
    };
    assert!(heard.len() <= bytes.len() / 4, "{} messages in {} bytes", heard.len(), bytes.len());
    for message in heard.iter().map(|heard| &heard.message) {
        assert!(message.addr.len() <= datagram::ADDRESS_BYTES_MAX && message.args.len() <= datagram::ARGS_MAX);
        let pattern = Pattern::new(&message.addr);
        let rows = COMMANDS.iter().filter(|row| {
            let address = table::address(row);
            let matches = pattern.as_ref().is_some_and(|pattern| pattern.matches(&address));
            assert!(!matches || pattern.as_ref().is_some_and(|pattern| pattern.covers(&address)));
            assert!(matches || table::row(&message.addr).map(|row| row.name) != Ok(row.name));
            matches
        });
        for row in rows {
            match table::command(row, &message.args) {
                Ok(command) => assert!(command.is_none_or(|command| command.name() == row.name)),
                Err(why) => assert!(!why.is_empty()),
            }
        }
    }
}

/// What a guest at the socket sends, or a station to it: what is understood is written as it is understood, a command that
/// is one is one when it is written, and a part of a status is put in or leaves it as it was.
pub fn wire_message(bytes: &[u8]) {
    if let Ok(asked) = ClientMessage::decode(bytes) {
        assert!(bytes.len() <= MESSAGE_BYTES_MAX);
        assert_eq!(ClientMessage::decode(asked.encode().as_bytes()).expect("it was written here"), asked);
        if let ClientMessage::Do { command, .. } = &asked {
            match command.parse::<Command>() {
                Ok(command) => assert_eq!(command.to_string().parse(), Ok(command)),
                Err(why) => assert!(!why.to_string().is_empty()),
            }
        }
    }
    let Ok(told) = ServerMessage::decode(bytes) else { return };
    assert!(ServerMessage::decode(told.encode().as_bytes()).is_ok());
    let ServerMessage::Status { changes, .. } = told else { return };
    static STANDING: OnceLock<Status> = OnceLock::new();
    let standing = STANDING.get_or_init(|| {
        let config = EngineConfig::built_in("/tmp").expect("profiles are built in");
        Offline::new(&config).expect("the built-in synth has inputs").status()
    });
    let mut status = standing.clone();
    if let Err(error) = status.put(changes, &standing.params.profile) {
        let part = error.part;
        let is_as_it_was = !status.differing(standing).contains(&part);
        assert!(is_as_it_was && !error.why.is_empty(), "{error}");
    }
}

/// Bytes of a terminal: the same inputs in whatever pieces they come, and nothing is half for ever.
pub fn terminal_bytes(bytes: &[u8]) {
    let heard = |pieces: &mut dyn Iterator<Item = &[u8]>| {
        let mut decoder = Decoder::default();
        let mut inputs: Vec<Input> = pieces.flat_map(|piece| decoder.feed(piece)).collect();
        inputs.extend(decoder.pause());
        assert_eq!(decoder.patience(), None, "something is half after a pause");
        inputs
    };
    let whole = heard(&mut std::iter::once(bytes));
    let size = bytes.first().map_or(1, |byte| usize::from(byte % 7) + 1);
    assert_eq!(whole, heard(&mut bytes.chunks(size)), "in pieces of {size}");
    assert!(whole.len() <= bytes.len(), "more inputs than bytes");
}

/// Bytes of a MIDI port: the same messages in whatever pieces they come, each complete; real-time bytes are never lost.
pub fn midi_bytes(bytes: &[u8]) {
    let heard = |pieces: &mut dyn Iterator<Item = &[u8]>| {
        let (mut parser, mut messages) = (Parser::new(), Vec::new());
        for piece in pieces {
            parser.feed(piece, |parsed| {
                messages.push(match parsed {
                    ParsedMessage::Short(message) => message.bytes().to_vec(),
                    ParsedMessage::SysEx(bytes) => bytes.to_vec(),
                })
            });
        }
        (messages, parser.dropped())
    };
    let whole = heard(&mut std::iter::once(bytes));
    let size = bytes.first().map_or(1, |byte| usize::from(byte % 7) + 1);
    assert_eq!(whole, heard(&mut bytes.chunks(size)), "in pieces of {size}");
    for message in &whole.0 {
        assert_eq!(split(message).map(|messages| messages.len()), Ok(1), "{message:02X?}");
        assert!(message.len() <= LONGEST_SYSEX_BYTES);
    }
    let is_realtime = |byte: u8| matches!(byte, 0xF8 | 0xFA..=0xFC | 0xFE | 0xFF);
    let sent = bytes.iter().copied().filter(|&byte| is_realtime(byte));
    assert!(sent.eq(whole.0.iter().filter_map(|message| message.first().copied()).filter(|&byte| is_realtime(byte))));
    if let Ok(messages) = split(bytes) {
        assert_eq!(messages.concat(), bytes);
    }
}

/// What happens in a take, eleven bytes and a message each: the file can be read by others, and has what was kept.
pub fn midi_file(bytes: &[u8]) {
    let tempo = |bits: [u8; 4]| f64::from(f32::from_le_bytes(bits));
    let Some((head, mut rest)) = bytes.split_first_chunk::<8>() else { return };
    let [r0, r1, r2, r3, t0, t1, t2, t3] = *head;
    let first = TempoFrom { frame: 0, bpm: tempo([t0, t1, t2, t3]) };
    let mut smf = Smf::new(u32::from_le_bytes([r0, r1, r2, r3]), vec!["a".to_owned(), "b".to_owned()], first);
    let (mut frame, mut events) = (0_u64, 0);
    while let Some((step, after)) = rest.split_first_chunk::<11>() {
        let [what, d0, d1, d2, d3, d4, v0, v1, v2, v3, size] = *step;
        frame = frame.wrapping_add(u64::from_le_bytes([d0, d1, d2, d3, d4, 0, 0, 0]));
        let (text, after) = after.split_at(usize::from(size).min(after.len()));
        rest = after;
        let lost = smf.lost();
        match what % 4 {
            0 => smf.tempo(TempoFrom { frame, bpm: tempo([v0, v1, v2, v3]) }),
            1 => smf.mark(frame, &String::from_utf8_lossy(text)),
            _ => {
                let Some(bytes) = Bytes::of(text) else { continue };
                let has_place = !matches!(text, [0xF1 | 0xF2 | 0xF8..=0xFF, ..]);
                let way = if v0 % 2 == 0 { MessageDirection::Sent } else { MessageDirection::Received };
                smf.event(SmfEvent { frame, way, port: v1 % 3, bytes });
                events += usize::from(has_place && smf.lost() == lost);
            }
        }
    }
    assert_eq!(smf.is_empty(), events == 0);
    let bytes = smf.bytes();
    let (_, tracks) = midly::parse(&bytes).expect("it was written here");
    let events_of = |track: midly::EventIter<'_>| {
        let track = track.collect::<Result<Vec<_>, _>>().expect("it was written here");
        track.iter().filter(|event| !matches!(event.kind, TrackEventKind::Meta(_))).count()
    };
    let read: usize = tracks.map(|track| events_of(track.expect("it was written here"))).sum();
    assert_eq!(read, events);
}

/// What is said of a text names a line of it.
fn in_the_text(text: &str, faults: &[Fault]) {
    for fault in faults {
        assert!(!fault.message.is_empty());
        assert!(fault.line.is_none_or(|line| (1..=text.lines().count() + 1).contains(&line)), "{fault}");
    }
}

/// A text is a value, or every fault of it is told.
fn read<T>(text: &str, read: fn(&str, &str) -> Result<T, Vec<Fault>>) -> Option<T> {
    match read("a.yaml", text) {
        Ok(value) => Some(value),
        Err(faults) => {
            assert!(!faults.is_empty());
            in_the_text(text, &faults);
            None
        }
    }
}

/// As [`read`]; what is read is written as it is read.
fn kept<T: FromYaml + ToYaml + PartialEq>(text: &str) {
    let Some(value) = read(text, T::from_yaml) else { return };
    let again = T::from_yaml("a.yaml", &value.to_yaml());
    assert!(again.is_ok_and(|again| again == value), "{}", value.to_yaml());
}

/// The text of any file that a musician writes, or that is kept for one.
pub fn yaml_text(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    read(&text, Profile::from_yaml);
    read(&text, Theme::from_yaml);
    read(&text, Script::from_yaml);
    match SettingsFile::check("a.yaml", &text) {
        Ok(file) => in_the_text(&text, &[file.faults, file.older].concat()),
        Err(fault) => in_the_text(&text, &[fault]),
    }
    kept::<MidiMaps>(&text);
    kept::<Session>(&text);
    kept::<Snapshots>(&text);
}

/// A table of controllers: what is made of it are profiles, what is not used is told.
pub fn csv_table(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    match midi_guide::import("a.csv", &text) {
        Ok(imported) => {
            in_the_text(&text, &imported.unused);
            for made in imported.made {
                assert!(Profile::from_yaml("a.yaml", &made.yaml).is_ok(), "{}", made.yaml);
            }
        }
        Err(fault) => in_the_text(&text, &[fault]),
    }
}
