//! The engine on its threads, with the simulated host. Nothing here asserts on how long anything took.

use super::*;
use crate::{
    engine::offline::built_in_port,
    music::Bpm,
    profile::{DEFAULT_ID, Library},
};
use std::{path::Path, sync::Mutex};

fn config(folder: &Path) -> EngineConfig {
    let (library, _) = Library::load(None);
    let profile = Arc::clone(library.get(DEFAULT_ID).unwrap());
    EngineConfig {
        library,
        profile,
        channel: None,
        bpm: Bpm::DEFAULT,
        clock_on: true,
        input: None,
        monitor: None,
        folder: folder.to_owned(),
    }
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
fn notes_are_heard_and_recorded_and_the_way_out_leaves_nothing_open() {
    let folder = tempfile::tempdir().unwrap();
    let wire = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&wire);
    let listener: SentListener = Box::new(move |sent, _, _| log.lock().unwrap().push(sent.payload.bytes().to_vec()));
    let engine =
        Engine::start(&config(folder.path()), sim(), vec![built_in_port()], Box::new(|| Ok(sim())), Some(listener))
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

/// A device whose callback is never called after it was told to be gone.
struct Frail {
    inner: Box<dyn Device>,
    gone: Arc<Mutex<Option<Arc<Watch>>>>,
}

impl Device for Frail {
    fn spec(&self) -> &DeviceSpec {
        self.inner.spec()
    }

    fn start(self: Box<Self>, renderer: Renderer, watch: Arc<Watch>) -> Result<Box<dyn Driver>, StartFailed> {
        *self.gone.lock().unwrap() = Some(Arc::clone(&watch));
        self.inner.start(renderer, watch)
    }
}

#[test]
fn a_lost_device_closes_the_take_and_is_taken_back() {
    let folder = tempfile::tempdir().unwrap();
    let gone = Arc::default();
    let frail = |gone: &Arc<Mutex<Option<Arc<Watch>>>>| -> Box<dyn Device> {
        Box::new(Frail { inner: sim(), gone: Arc::clone(gone) })
    };
    let again = Arc::clone(&gone);
    let reopen: Reopen = Box::new(move || Ok(frail(&again)));
    let engine = Engine::start(&config(folder.path()), frail(&gone), vec![built_in_port()], reopen, None).unwrap();
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
    station.ask("record.start again".parse().unwrap()).unwrap();
    station.ask("note.on C4 100".parse().unwrap()).unwrap();
    wait_for("sound after the return", || station.status().outputs[0].peak_db > -30.0);
    drop(engine);
    for name in ["jam.wav", "again.wav"] {
        assert!(hound::WavReader::open(folder.path().join(name)).unwrap().duration() > 0);
    }
}
