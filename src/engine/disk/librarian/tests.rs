//! A folder of takes: listed, repaired, measured and tidied.

use super::*;
use crate::{
    status::{TakeInfo, TakeState},
    wav::{Depth, Encoder, Info, Mark, Origin, WavFile, WavShape},
};
use std::{
    fs::File,
    sync::mpsc::{Receiver, Sender},
};

struct Rig {
    librarian: Worker<Librarian>,
    jobs: Sender<LibrarianJob>,
    news: Receiver<LibrarianNews>,
    folder: tempfile::TempDir,
}

impl Rig {
    fn new() -> Rig {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path().join("cache"));
        let (librarian, WorkerHandle { jobs, news }) = librarian(Some(cache));
        Rig { librarian, jobs, news, folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("takes").join(name)
    }

    fn named(&self, name: &str) -> NamedTake {
        NamedTake { path: self.path(name), second: None }
    }

    /// Half a second of a square wave at 8 kHz; where it is left open its header counts no frames.
    fn take(&self, name: &str, is_closed: bool) {
        self.take_by("busker", name, is_closed);
    }

    fn take_by(&self, made_by: &str, name: &str, is_closed: bool) {
        std::fs::create_dir_all(self.folder.path().join("takes")).unwrap();
        let shape = WavShape { channels: 1, sample_rate_hz: 8_000, depth: Depth::Int24 };
        let origin = Origin { originator: made_by.to_owned(), ..Origin::default() };
        let mut wav = WavFile::create(File::create(self.path(name)).unwrap(), shape, Some(&origin)).unwrap();
        let mut bytes = Vec::new();
        let samples: Vec<f32> = (0..4_000).map(|i| if i % 80 < 40 { 0.5 } else { -0.5 }).collect();
        Encoder::new(Depth::Int24, false, 0).encode(&samples, &mut bytes);
        wav.write(&bytes).unwrap();
        if is_closed {
            let marks = [Mark { frame: 800, label: "here".to_owned() }];
            wav.finish(&marks, &Info::default()).1.unwrap();
        }
    }

    fn ask(&mut self, job: LibrarianJob) -> Vec<LibrarianNews> {
        self.jobs.send(job).unwrap();
        self.librarian.step();
        self.news.try_iter().collect()
    }

    /// The last list that was reported.
    fn looked(&mut self) -> Vec<TakeInfo> {
        let folder = self.folder.path().join("takes");
        let last = self.ask(LibrarianJob::Look(Some(folder))).into_iter().rev().find_map(|news| match news {
            LibrarianNews::Takes(status) => Some(status),
            _ => None,
        });
        last.unwrap().takes.to_vec()
    }
}

#[test]
fn takes_of_an_interrupted_run_are_repaired_and_reported_and_no_other_file_is_touched() {
    let mut rig = Rig::new();
    rig.take("cut.wav", false);
    rig.take("whole.wav", true);
    let whole = std::fs::read(rig.path("whole.wav")).unwrap();
    std::fs::write(rig.path("notes.wav"), "no take").unwrap();
    rig.take_by("another program", "theirs.wav", false);
    let theirs = std::fs::read(rig.path("theirs.wav")).unwrap();
    let folder = rig.folder.path().join("takes");
    let told = rig.ask(LibrarianJob::Mend(vec![folder.clone()]));
    assert!(
        matches!(&told[..], [LibrarianNews::Mended(text)] if text.starts_with("cut.wav: repaired, 0.500 s")),
        "{told:?}"
    );
    assert_eq!(std::fs::read(rig.path("whole.wav")).unwrap(), whole);
    assert_eq!(std::fs::read(rig.path("notes.wav")).unwrap(), b"no take");
    assert_eq!(std::fs::read(rig.path("theirs.wav")).unwrap(), theirs);
    assert!(rig.ask(LibrarianJob::Mend(vec![folder])).is_empty());
    assert!(rig.ask(LibrarianJob::Mend(vec![PathBuf::from("/nowhere")])).is_empty());
}

#[test]
fn the_list_has_every_take_with_its_measurements() {
    let mut rig = Rig::new();
    assert!(rig.looked().is_empty());
    rig.take("one.wav", true);
    rig.take("open.wav", false);
    std::fs::write(rig.path("bad.wav"), "no take").unwrap();
    let takes = rig.looked();
    let of = |name: &str| takes.iter().find(|take| take.name == name).unwrap();
    assert_eq!(takes.len(), 3);
    let one = of("one");
    assert_eq!((one.seconds, one.channels, one.bits, one.sample_rate_hz), (Some(0.5), Some(1), Some(24), Some(8_000)));
    assert_eq!(*one.marks, [(0.1, "here".to_owned())]);
    let verdict = one.verdict.as_ref().unwrap();
    assert!((verdict.peak_dbfs.unwrap() + 6.02).abs() < 0.01);
    assert!(one.overview.is_some());
    assert_eq!(of("open").state, TakeState::NeedsRepair);
    assert!(matches!(&of("bad").state, TakeState::Beyond(why) if why.contains("not a WAV file")));
    // Nothing changed: no report.
    assert!(rig.ask(LibrarianJob::LookAgain).is_empty());
    std::fs::remove_file(rig.path("bad.wav")).unwrap();
    assert!(matches!(&rig.ask(LibrarianJob::LookAgain)[..], [LibrarianNews::Takes(status)] if status.takes.len() == 2));
    assert!(rig.ask(LibrarianJob::Look(None)).is_empty());
}

#[test]
fn a_take_that_is_finished_is_measured_once() {
    let mut rig = Rig::new();
    rig.take("one.wav", true);
    let path = rig.path("one.wav");
    for _ in 0..2 {
        let told = rig.ask(LibrarianJob::Measure(path.clone()));
        assert!(
            matches!(&told[..], [LibrarianNews::Measured(of, verdict)] if *of == path && verdict.frames == 4_000),
            "{told:?}"
        );
    }
    assert!(rig.ask(LibrarianJob::Measure(rig.path("none.wav"))).is_empty());
}

#[test]
fn takes_are_renamed_and_removed_and_a_failure_is_reported() {
    let mut rig = Rig::new();
    rig.take("one.wav", true);
    rig.take("two.wav", true);
    let told = rig.ask(LibrarianJob::Rename(rig.named("one.wav"), "three".to_owned(), ErrandId::default()));
    assert!(matches!(&told[..], [LibrarianNews::Did(_, text)] if text == "one.wav is now three.wav"), "{told:?}");
    let told = rig.ask(LibrarianJob::Rename(rig.named("two.wav"), "three".to_owned(), ErrandId::default()));
    assert!(matches!(&told[..], [LibrarianNews::DidNot(_, text)] if text.starts_with("two.wav: ")), "{told:?}");
    let told = rig.ask(LibrarianJob::Remove(rig.named("two.wav"), ErrandId::default()));
    assert!(matches!(&told[..], [LibrarianNews::Did(_, text)] if text.contains("two.wav is in the trash")), "{told:?}");
    assert!(rig.path("three.wav").exists() && !rig.path("two.wav").exists());
}
