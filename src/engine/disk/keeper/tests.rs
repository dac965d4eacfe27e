//! Files that are written whole, and not over the changes of others.

use super::*;
use crate::{
    snapshots::{Snapshot, Snapshots},
    stored::{self, FromYaml, Full, StoredValue, ToYaml},
};
use std::{
    collections::BTreeMap,
    fs,
    sync::mpsc::{Receiver, Sender},
};

/// A text as it is, or one that is too long.
#[derive(Debug)]
struct Plain(Result<String, Full>);

impl Content for Plain {
    fn text(&self) -> Result<String, Full> {
        self.0.clone()
    }
}

fn page(path: PathBuf, revision: u64, text: &str) -> Page {
    let (content, how) = (Arc::new(Plain(Ok(text.to_owned()))), How::Own(None));
    let (revision, errands) = (PageRevision(revision), vec![ErrandId::default()]);
    Page { path, revision, content, loss: "the rest works", how, errands }
}

#[test]
fn of_several_texts_for_one_file_only_the_newest_is_written_and_all_who_wait_get_a_report() {
    let folder = tempfile::tempdir().unwrap();
    let (mut keeper, WorkerHandle { jobs: sender, news: kept }) = keeper();
    // Where a file is in the way of the folder, each text that is tried is a failure.
    fs::write(folder.path().join("taken"), "").unwrap();
    let (a, b) = (folder.path().join("a"), folder.path().join("taken").join("b"));
    for n in 0..100 {
        sender.send(page(a.clone(), n, &n.to_string())).unwrap();
        sender.send(page(b.clone(), n, &n.to_string())).unwrap();
    }
    keeper.step();
    assert_eq!(fs::read_to_string(a).unwrap(), "99");
    let kept: Vec<WriteReport> = kept.try_iter().collect();
    assert_eq!(kept.iter().map(|kept| kept.errands.len()).collect::<Vec<_>>(), [100, 100]);
    assert!(matches!(kept[0].outcome, WriteOutcome::Written), "{kept:?}");
    let WriteOutcome::Not { sentence, again: Some(again) } = &kept[1].outcome else { panic!("{kept:?}") };
    assert_eq!((again.revision, kept[1].revision), (PageRevision(99), PageRevision(99)));
    assert!(sentence.starts_with(&format!("the rest works: {} cannot be written (", b.display())), "{sentence}");
}

#[test]
fn everything_handed_over_is_on_the_disk_when_the_thread_has_ended() {
    let folder = tempfile::tempdir().unwrap();
    let (worker, WorkerHandle { jobs: sender, news: _kept }) = keeper();
    let thread = worker.spawn(|| {}).unwrap();
    for n in 0..200 {
        sender.send(page(folder.path().join((n % 10).to_string()), n, &n.to_string())).unwrap();
    }
    drop(sender);
    thread.join().unwrap();
    for n in 0..10 {
        assert_eq!(fs::read_to_string(folder.path().join(n.to_string())).unwrap(), (190 + n).to_string());
    }
}

#[test]
fn an_older_text_is_never_written_over_a_newer_one() {
    let folder = tempfile::tempdir().unwrap();
    let (mut keeper, WorkerHandle { jobs: sender, news: kept }) = keeper();
    let a = folder.path().join("a");
    let read = || fs::read_to_string(&a).unwrap();
    // Both wait; then one comes after the other was written.
    sender.send(page(a.clone(), 5, "newer")).unwrap();
    sender.send(page(a.clone(), 4, "older")).unwrap();
    keeper.step();
    assert_eq!(read(), "newer");
    sender.send(page(a.clone(), 3, "older")).unwrap();
    keeper.step();
    assert_eq!(read(), "newer");
    sender.send(page(a.clone(), 6, "newest")).unwrap();
    keeper.step();
    assert_eq!(read(), "newest");
    assert_eq!(
        kept.try_iter().map(|kept| kept.errands.len()).collect::<Vec<_>>(),
        [2, 1, 1],
        "all requests that wait get a report"
    );
}

#[test]
fn a_text_that_is_too_long_is_not_to_be_tried_again_and_the_old_file_stays() {
    let folder = tempfile::tempdir().unwrap();
    let (mut keeper, WorkerHandle { jobs: sender, news: kept }) = keeper();
    let a = folder.path().join("a");
    fs::write(&a, "old").unwrap();
    let full = Full::new("'9' bytes".to_owned(), "make room first");
    sender.send(Page { content: Arc::new(Plain(Err(full))), ..page(a.clone(), 1, "") }).unwrap();
    keeper.step();
    let WriteOutcome::Not { sentence, again: None } = kept.recv().unwrap().outcome else { panic!("it is tried again") };
    assert!(sentence.contains("'9' bytes: make room first"), "{sentence}");
    assert_eq!(fs::read_to_string(a).unwrap(), "old");
}

/// A station with the file of snapshots.
struct Station {
    stored: StoredValue<Snapshots>,
    pages: Sender<Page>,
    keeper: Worker<FileKeeper>,
    kept: Receiver<WriteReport>,
}

impl Station {
    fn of(file: &Path) -> Station {
        let (keeper, WorkerHandle { jobs: pages, news: kept }) = keeper();
        let (stored, faults) = StoredValue::load(file.to_owned());
        assert_eq!(faults, []);
        Station { stored, pages, keeper, kept }
    }

    fn save(&mut self, name: &str, value: u16) -> Vec<WriteOutcome> {
        let values = BTreeMap::from([("cutoff".to_owned(), value)]);
        self.stored.value.put(Snapshot { profile: "nts1".to_owned(), name: name.to_owned(), values });
        let shared = SharedFile {
            read: Arc::clone(&self.stored.home.read),
            merge: stored::merged::<Snapshots>,
            bytes_max: Snapshots::BYTES_MAX,
        };
        let page = Page {
            path: self.stored.home.file.clone().unwrap(),
            revision: PageRevision::default(),
            content: Arc::new(self.stored.value.clone()),
            loss: Snapshots::LOSS,
            how: How::SharedFile(shared),
            errands: Vec::new(),
        };
        self.pages.send(page).unwrap();
        self.keeper.step();
        self.kept.try_iter().map(|kept| kept.outcome).collect()
    }
}

fn names(file: &Path) -> Vec<String> {
    let stored: Snapshots = stored::load(file).unwrap();
    stored.of("nts1").map(|snapshot| snapshot.name.clone()).collect()
}

#[test]
fn two_stations_with_one_file_keep_the_snapshots_of_both() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("snapshots.yaml");
    let (mut a, mut b) = (Station::of(&file), Station::of(&file));
    assert!(matches!(a.save("a1", 1)[..], [WriteOutcome::Written]));
    assert!(matches!(b.save("b1", 1)[..], [WriteOutcome::Merged { .. }]));
    assert!(matches!(a.save("a2", 1)[..], [WriteOutcome::Merged { .. }]));
    // Neither has the other's snapshots, and removes none of them.
    b.save("b2", 1);
    assert_eq!(names(&file), ["a1", "b1", "a2", "b2"]);
    assert!(!folder.path().join(TRASH).exists());
    // Of one that both changed the last counts, and the other is in the trash.
    a.save("mine", 1);
    b.save("mine", 2);
    let stored: Snapshots = stored::load(&file).unwrap();
    assert_eq!(stored.get("nts1", "mine").unwrap().values["cutoff"], 2);
    let trash: Snapshots = stored::load(&folder.path().join(TRASH).join("snapshots.yaml")).unwrap();
    assert_eq!(trash.get("nts1", "mine").unwrap().values["cutoff"], 1);
}

#[test]
fn a_file_broken_while_the_station_runs_is_reported_and_left_until_it_is_mended() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("snapshots.yaml");
    let mut station = Station::of(&file);
    station.save("a", 1);
    let sound = fs::read_to_string(&file).unwrap();
    for broken in ["snapshots: 3\n", "{", "\u{0}"] {
        fs::write(&file, broken).unwrap();
        let kept = station.save("b", 1);
        assert!(
            matches!(&kept[..], [WriteOutcome::Not { sentence, again: Some(_) }] if sentence.contains("is not overwritten")),
            "{kept:?}"
        );
        assert_eq!(fs::read_to_string(&file).unwrap(), broken);
    }
    fs::write(&file, sound.replace("name: a", "name: renamed")).unwrap();
    station.save("c", 1);
    assert_eq!(names(&file), ["renamed", "b", "c"]);
    fs::remove_file(&file).unwrap();
    station.save("d", 1);
    assert_eq!(names(&file), ["a", "b", "c", "d"], "a removed file is written anew");
}
