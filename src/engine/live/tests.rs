//! The engine on its threads, with the simulated host. Nothing here asserts on how long anything took.

use super::*;
use crate::engine::{
    audio::renderer::Renderer,
    host::{DeviceSpec, Driver, sim::SimDevice},
};
use crate::engine::{
    host::lend,
    host::open_port::{OpenPort, PortInfo, PortWay},
    midi::port::{MidiOut, SendFailed},
    offline::built_in_port,
};
use crate::{
    midi::Wire,
    session::Session,
    snapshots::Snapshots,
    stored::{self, StoredValue},
    wav::{Notes, Wav},
};
use std::{fs::File, path::Path, sync::Mutex};

fn config(folder: &Path) -> EngineConfig {
    EngineConfig::of_seven_bits(folder)
}

fn sim() -> Box<dyn Device> {
    Box::new(SimDevice::new(48_000, 256))
}

fn wait_for(what: &str, mut done: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < Duration::from_secs(20), "{what} never came");
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn notes_sound_and_are_recorded_and_the_end_leaves_nothing_open() {
    let folder = tempfile::tempdir().unwrap();
    let wire = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&wire);
    let listener: SentListener = Box::new(move |sent, _, _| log.lock().unwrap().push(sent.payload.bytes().to_vec()));
    let engine =
        Engine::start(&config(folder.path()), Machinery::lasting(sim(), vec![built_in_port()]), Some(listener))
            .unwrap();
    let station = engine.station().clone();
    let events = station.subscribe(|| {});
    station.ask("record.start jam".parse().unwrap()).unwrap();
    station.ask("note.on A4 120".parse().unwrap()).unwrap();
    station.ask("transport.play".parse().unwrap()).unwrap();
    wait_for("sound", || station.status().outputs[0].peak_db > -30.0);
    wait_for("a rolling song", || station.status().transport.seconds > 0.05);
    assert!(station.status().record.take.is_some());
    station.send("quit".parse().unwrap()).unwrap();
    engine.wait();
    let events: Vec<Event> = events.try_iter().collect();
    assert_eq!(events.last(), Some(&Event::Quit));
    assert!(events.iter().any(|e| matches!(e, Event::TakeFinished { gap_frames: 0, .. })), "{events:?}");
    let wav = hound::WavReader::open(folder.path().join("jam.wav")).unwrap();
    assert!(wav.into_samples::<i32>().any(|x| x.unwrap().abs() > 100_000));
    let wire = wire.lock().unwrap();
    for message in [[0x90, 69, 120], [0x80, 69, 64], [0xB0, 123, 0]] {
        assert!(wire.contains(&message.to_vec()), "{message:02X?} was not sent");
    }
    assert!(wire.contains(&vec![0xFC]), "the follower was not stopped");
}

/// A device whose callback is never called after it was reported as gone.
struct Frail {
    inner: Box<dyn Device>,
    gone: Arc<Mutex<Option<Arc<CallbackStats>>>>,
}

impl Device for Frail {
    fn spec(&self) -> &DeviceSpec {
        self.inner.spec()
    }

    fn start(self: Box<Self>, renderer: Renderer, stats: Arc<CallbackStats>) -> Result<Box<dyn Driver>, StartFailed> {
        *self.gone.lock().unwrap() = Some(Arc::clone(&stats));
        self.inner.start(renderer, stats)
    }
}

#[test]
fn a_lost_device_closes_the_take_and_is_taken_back() {
    let folder = tempfile::tempdir().unwrap();
    let gone = Arc::default();
    let frail = |gone: &Arc<Mutex<Option<Arc<CallbackStats>>>>| -> Box<dyn Device> {
        Box::new(Frail { inner: sim(), gone: Arc::clone(gone) })
    };
    let again = Arc::clone(&gone);
    let reopen: Reopen = Box::new(move || Ok(frail(&again)));
    let engine = Engine::start(
        &config(folder.path()),
        Machinery { reopen, ..Machinery::lasting(frail(&gone), vec![built_in_port()]) },
        None,
    )
    .unwrap();
    let station = engine.station().clone();
    let events = station.subscribe(|| {});
    station.ask("record.start jam".parse().unwrap()).unwrap();
    wait_for("a take", || station.status().record.take.as_ref().is_some_and(|take| take.seconds > 0.05));
    gone.lock().unwrap().take().unwrap().lost.store(true, Ordering::Relaxed);
    wait_for("the loss", || !station.status().device.running);
    wait_for("the return", || station.status().device.running);
    let mut heard = Vec::new();
    wait_for("the end of the take", || {
        heard.extend(events.try_iter());
        heard.iter().any(|e| matches!(e, Event::TakeFinished { .. }))
    });
    station.ask("note.on C4 100".parse().unwrap()).unwrap();
    wait_for("sound after the return", || station.status().outputs[0].peak_db > -30.0);
    wait_for("the take that goes on", || station.status().record.take.as_ref().is_some_and(|take| take.seconds > 0.05));
    drop(engine);
    let ends = ["jam.wav", "jam-2.wav"].map(|name| {
        let mut file = File::open(folder.path().join(name)).unwrap();
        let wav = Wav::read(&mut file).unwrap();
        let begins = Notes::read(&mut file, &wav).unwrap().origin.unwrap().time_reference;
        (begins, begins + wav.frames().unwrap())
    });
    // Midnight is a moment like any other.
    let day = 86_400 * 48_000;
    let between = (ends[1].0 + day - ends[0].1) % day;
    assert!(between > 0 && between < 60 * 48_000, "{ends:?}");
}

#[test]
fn a_device_that_is_back_at_another_rate_is_taken_and_the_take_goes_on_in_one_of_that_rate() {
    let folder = tempfile::tempdir().unwrap();
    let gone = Arc::default();
    let first = Box::new(Frail { inner: sim(), gone: Arc::clone(&gone) });
    let reopen: Reopen = Box::new(|| Ok(Box::new(SimDevice::new(44_100, 256)) as Box<dyn Device>));
    let engine = Engine::start(
        &config(folder.path()),
        Machinery { reopen, ..Machinery::lasting(first, vec![built_in_port()]) },
        None,
    )
    .unwrap();
    let station = engine.station().clone();
    let events = station.subscribe(|| {});
    station.ask("transport.play".parse().unwrap()).unwrap();
    station.ask("record.start jam".parse().unwrap()).unwrap();
    wait_for("a take", || station.status().record.take.as_ref().is_some_and(|take| take.seconds > 0.05));
    let before = station.status().transport.seconds;
    gone.lock().unwrap().take().unwrap().lost.store(true, Ordering::Relaxed);
    wait_for("the loss", || !station.status().device.running);
    wait_for("the return", || station.status().device.running);
    assert_eq!(station.status().device.sample_rate_hz, 44_100);
    let on = "jam-2.wav";
    wait_for("the take that goes on", || {
        station.status().record.take.as_ref().is_some_and(|take| take.path.ends_with(on) && take.seconds > 0.05)
    });
    let song = station.status().transport.clone();
    assert!(song.playing && song.seconds > before, "{song:?}");
    // The same note is as high as ever.
    station.ask("note.on A4 120".parse().unwrap()).unwrap();
    wait_for("sound", || station.status().outputs[0].peak_db > -30.0);
    drop(engine);
    let told: Vec<Event> = events.try_iter().collect();
    let is_told =
        |event: &Event| matches!(event, Event::Notice { text, .. } if text.contains("now runs at 44100 Hz, not 48000"));
    assert!(told.iter().any(is_told), "{told:?}");
    let rate = |name: &str| hound::WavReader::open(folder.path().join(name)).unwrap().spec().sample_rate;
    assert_eq!(["jam.wav", on].map(rate), [48_000, 44_100]);
}

/// A device whose callback meets a fault after a while.
struct Doomed {
    inner: Box<dyn Device>,
}

struct DoomedDriver {
    home: std::sync::mpsc::Receiver<Renderer>,
}

impl Device for Doomed {
    fn spec(&self) -> &DeviceSpec {
        self.inner.spec()
    }

    fn start(self: Box<Self>, renderer: Renderer, stats: Arc<CallbackStats>) -> Result<Box<dyn Driver>, StartFailed> {
        let (mut lent, home) = lend(renderer, stats);
        thread::spawn(move || {
            for _ in 0..100 {
                lent.begin();
                lent.render(256, |_, _, _| {}, |_, _, _| {});
                lent.end();
                thread::sleep(Duration::from_millis(5));
            }
            panic!("the callback met a fault (this is what the test is about)");
        });
        Ok(Box::new(DoomedDriver { home }))
    }
}

impl Driver for DoomedDriver {
    fn stop(self: Box<Self>) -> Option<Renderer> {
        self.home.recv_timeout(Duration::from_secs(5)).ok()
    }
}

#[test]
fn a_fault_in_the_callback_closes_the_take_and_the_station_plays_on() {
    let folder = tempfile::tempdir().unwrap();
    let reopen: Reopen = Box::new(|| Err(HostError("gone for good".to_owned())));
    let doomed = Box::new(Doomed { inner: sim() });
    let engine = Engine::start(
        &config(folder.path()),
        Machinery { reopen, ..Machinery::lasting(doomed, vec![built_in_port()]) },
        None,
    )
    .unwrap();
    let station = engine.station().clone();
    let events = station.subscribe(|| {});
    station.ask("record.start jam".parse().unwrap()).unwrap();
    let mut heard = Vec::new();
    wait_for("the end of the take", || {
        heard.extend(events.try_iter());
        heard.iter().any(|e| matches!(e, Event::TakeFinished { .. }))
    });
    assert!(!station.status().device.running);
    station.ask("note.on C4 100".parse().unwrap()).unwrap();
    wait_for("sound on the stand-in", || station.status().outputs[0].peak_db > -30.0);
    drop(engine);
    assert!(hound::WavReader::open(folder.path().join("jam.wav")).unwrap().duration() > 0);
}

/// A synth that records the messages it was sent, on a port reached from the MIDI threads.
#[derive(Clone, Default)]
struct Synth {
    heard: Arc<Mutex<Vec<Vec<u8>>>>,
    /// Makes its driver panic, once.
    poison: Arc<Mutex<Option<Vec<u8>>>>,
}

impl MidiOut for Synth {
    fn send(&mut self, _: u64, bytes: &[u8]) -> Result<(), SendFailed> {
        self.heard.lock().unwrap().push(bytes.to_vec());
        let poisoned = self.poison.lock().unwrap().take_if(|poison| poison == bytes).is_some();
        assert!(!poisoned, "the port met a fault (this is what the test is about)");
        Ok(())
    }
}

impl Synth {
    fn heard(&self, bytes: &[u8]) -> bool {
        self.heard.lock().unwrap().iter().any(|message| message == bytes)
    }

    fn port(&self) -> OpenPort {
        let info = PortInfo { id: "fake".to_owned(), name: "fake".to_owned() };
        let way = PortWay::Threads { scheduler: Box::new(self.clone()), clock: Box::new(self.clone()) };
        OpenPort::new(info, way, Wire::UNLIMITED)
    }
}

const NOTE_OFF: [u8; 3] = [0x80, 60, 64];
const ALL_NOTES_OFF: [u8; 3] = [0xB0, 123, 0];
const STOP: [u8; 1] = [0xFC];

/// An engine that plays a note and the song, recording, on a fake synth.
fn playing(folder: &Path, synth: &Synth, listener: Option<SentListener>) -> Engine {
    let engine = Engine::start(&config(folder), Machinery::lasting(sim(), vec![synth.port()]), listener).unwrap();
    let station = engine.station();
    for line in ["record.start jam", "note.on C4 100", "transport.play"] {
        station.ask(line.parse().unwrap()).unwrap();
    }
    wait_for("the start", || synth.heard(&[0xFA]) && synth.heard(&[0x90, 60, 100]));
    wait_for("a take", || station.status().record.take.as_ref().is_some_and(|take| take.seconds > 0.05));
    engine
}

fn assert_silent_and_closed(synth: &Synth, folder: &Path) {
    for message in [&NOTE_OFF[..], &ALL_NOTES_OFF, &STOP] {
        assert!(synth.heard(message), "{message:02X?} was not sent");
    }
    assert!(hound::WavReader::open(folder.join("jam.wav")).unwrap().duration() > 0);
}

#[test]
fn a_fault_in_the_control_thread_leaves_no_note_no_clock_and_no_open_take() {
    let folder = tempfile::tempdir().unwrap();
    let synth = Synth::default();
    let bend = [0xE0, 0, 64];
    let listener: SentListener = Box::new(move |sent, _, _| {
        assert!(sent.payload.bytes() != bend, "the control thread met a fault (this is what the test is about)");
    });
    let engine = playing(folder.path(), &synth, Some(listener));
    let events = engine.station().subscribe(|| {});
    engine.station().send("midi.send E0 00 40".parse().unwrap()).unwrap();
    engine.wait();
    assert_silent_and_closed(&synth, folder.path());
    assert_eq!(events.try_iter().last(), Some(Event::Quit));
}

#[test]
fn a_fault_in_the_scheduler_ends_the_notes_and_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let synth = Synth::default();
    let engine = playing(folder.path(), &synth, None);
    let events = engine.station().subscribe(|| {});
    *synth.poison.lock().unwrap() = Some(vec![0xE0, 0, 64]);
    engine.station().send("midi.send E0 00 40".parse().unwrap()).unwrap();
    wait_for("the notes' end", || synth.heard(&NOTE_OFF) && synth.heard(&ALL_NOTES_OFF));
    wait_for("the notice", || events.try_iter().any(|e| matches!(e, Event::Notice { severity: Severity::Error, .. })));
    drop(engine);
    assert_silent_and_closed(&synth, folder.path());
}

#[test]
fn a_fault_in_the_clock_stops_the_followers_and_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let synth = Synth::default();
    let engine = playing(folder.path(), &synth, None);
    let events = engine.station().subscribe(|| {});
    *synth.poison.lock().unwrap() = Some(vec![0xF8]);
    wait_for("the stop", || synth.heard(&STOP));
    wait_for("the notice", || events.try_iter().any(|e| matches!(e, Event::Notice { severity: Severity::Error, .. })));
    drop(engine);
    assert_silent_and_closed(&synth, folder.path());
}

#[test]
fn files_handed_to_the_keeper_are_on_the_disk_when_the_engine_has_ended() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("snapshots.yaml");
    let config = EngineConfig { snapshots: StoredValue::load(file.clone()).0, ..config(folder.path()) };
    let engine = Engine::start(&config, Machinery::lasting(sim(), vec![built_in_port()]), None).unwrap();
    let station = engine.station();
    for n in 0..50 {
        assert_eq!(station.ask(format!("snapshot.save s{n}").parse().unwrap()), Ok(format!("s{n} is saved")));
    }
    station.ask("session.new jam".parse().unwrap()).unwrap();
    station.ask("param.set filter_cutoff 1".parse().unwrap()).unwrap();
    drop(engine);
    assert_eq!(stored::load::<Snapshots>(&file).unwrap().of(crate::profile::DEFAULT_ID).count(), 50);
    let session: Session = stored::load(&folder.path().join("jam/session.yaml")).unwrap();
    assert_eq!(session.instruments[0].values["filter_cutoff"], 127);
    assert!(!folder.path().join("jam/session.lock").exists());
}

#[test]
fn a_disk_that_hangs_stalls_neither_commands_nor_notes() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("snapshots.yaml");
    // The first file is a pipe: opening it for writing waits until it has a reader.
    let hangs = folder.path().join("snapshots.yaml.new");
    let (fifo, mode) = (rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR);
    rustix::fs::mknodat(rustix::fs::CWD, &hangs, fifo, mode, 0).unwrap();
    let config = EngineConfig { snapshots: StoredValue::load(file).0, ..config(folder.path()) };
    let engine = Engine::start(&config, Machinery::lasting(sim(), vec![built_in_port()]), None).unwrap();
    let station = engine.station().clone();
    let events = station.subscribe(|| {});
    for line in ["snapshot.save a", "note.on A4 120"] {
        station.ask(line.parse().unwrap()).unwrap();
    }
    wait_for("sound", || station.status().outputs[0].peak_db > -30.0);
    // It goes on again. The content that hung is not kept, for a pipe is no file, and that is reported; the next one
    // is.
    assert!(std::fs::read_to_string(&hangs).unwrap().contains("name: a"));
    station.ask("snapshot.save b".parse().unwrap()).unwrap();
    drop(engine);
    let told: Vec<String> = events.try_iter().filter_map(|event| event.notice()).map(|(_, text)| text).collect();
    assert!(told.iter().any(|text| text.contains("snapshots.yaml cannot be written")), "{told:?}");
    let kept: Snapshots = stored::load(&folder.path().join("snapshots.yaml")).unwrap();
    assert_eq!(kept.of(crate::profile::DEFAULT_ID).count(), 2);
}
