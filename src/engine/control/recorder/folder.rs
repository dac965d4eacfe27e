//! The folder of takes: requests to the librarian and its reports. The control thread's; nothing here waits for the
//! disk.

use super::Recorder;
use crate::{
    command::arg::{TakeName, Text},
    engine::{
        control::out::Out,
        disk::{
            ErrandId,
            librarian::{LibrarianJob, LibrarianNews},
            worker::WorkerHandle,
        },
        station::Answer,
    },
    midi::smf::performance::Performance,
    status::{Event, Severity, TakesStatus},
    takes::{NamedTake, in_folder, unquoted},
};
use std::path::{Path, PathBuf};

/// The folder of takes: the control thread's half.
pub struct Folder {
    librarian: WorkerHandle<LibrarianJob, LibrarianNews>,
    /// Whether takes are measured when they are finished.
    measures: bool,
    /// The list, while a screen shows it; `Some(None)` until the librarian has looked.
    shown: Option<Option<TakesStatus>>,
    /// What was played beside a take, once it is read.
    pub performed: Option<(ErrandId, PathBuf, Performance)>,
}

impl Folder {
    pub fn new(librarian: WorkerHandle<LibrarianJob, LibrarianNews>, measures: bool) -> Folder {
        Folder { librarian, measures, shown: None, performed: None }
    }

    fn ask(&self, job: LibrarianJob) {
        // A librarian that is gone sends no report.
        let _ = self.librarian.jobs.send(job);
    }

    /// A take is finished.
    pub fn finished(&self, path: &Path) {
        if self.measures {
            self.ask(LibrarianJob::Measure(path.to_owned()));
        } else {
            self.changed();
        }
    }

    /// A take was added, or one changed.
    pub fn changed(&self) {
        if self.shown.is_some() {
            self.ask(LibrarianJob::LookAgain);
        }
    }

    pub fn status(&self) -> Option<&TakesStatus> {
        self.shown.as_ref().and_then(Option::as_ref)
    }
}

impl Recorder {
    /// Repairs takes of an interrupted run.
    pub fn mend(&self) {
        self.folder.ask(LibrarianJob::Mend(self.folders()));
    }

    /// The folder of takes, and the second folder.
    fn folders(&self) -> Vec<PathBuf> {
        [self.takes.folder()].into_iter().chain(self.second_folder()).map(Path::to_owned).collect()
    }

    fn second_folder(&self) -> Option<&Path> {
        self.takes.options().second_folder.as_deref()
    }

    /// A take in the folder.
    fn named(&self, name: &str) -> Result<NamedTake, String> {
        let path = in_folder(self.takes.folder(), name)?;
        Ok(NamedTake { path, second: self.second_folder().map(Path::to_owned) })
    }

    /// A screen shows the takes, or none does any more.
    pub fn look(&mut self, on: bool) -> Answer {
        if on != self.folder.shown.is_some() {
            self.folder.shown = on.then_some(None);
            self.folder.ask(LibrarianJob::Look(on.then(|| self.takes.folder().to_owned())));
        }
        Ok(String::new())
    }

    pub fn rename(&mut self, TakeName(name): &TakeName, Text(to): &Text, out: &mut Out) -> Answer {
        let take = self.named(name)?;
        let errand = out.owed.promise_errand();
        self.folder.ask(LibrarianJob::Rename(take, unquoted(to).to_owned(), errand));
        Ok(String::new())
    }

    pub fn remove(&mut self, Text(name): &Text, out: &mut Out) -> Answer {
        let take = self.named(unquoted(name))?;
        let errand = out.owed.promise_errand();
        self.folder.ask(LibrarianJob::Remove(take, errand));
        Ok(String::new())
    }

    /// Has what was played beside a take read.
    pub fn read_performance(&self, Text(name): &Text, out: &mut Out) -> Answer {
        let take = self.named(unquoted(name))?;
        let errand = out.owed.promise_errand();
        self.folder.ask(LibrarianJob::Performance(take, errand));
        Ok(String::new())
    }

    /// From now on takes go there. Takes of an interrupted run there are repaired.
    pub fn go_to(&mut self, folder: PathBuf) {
        if self.folder.shown.is_some() {
            self.folder.ask(LibrarianJob::Look(Some(folder.clone())));
        }
        self.takes.go_to(folder);
        self.mend();
    }

    /// Takes the librarian's reports.
    pub fn listen_to_librarian(&mut self, out: &mut Out) {
        while let Ok(news) = self.folder.librarian.news.try_recv() {
            match news {
                LibrarianNews::Mended(text) => out.notice(Severity::Warning, text),
                LibrarianNews::Measured(path, verdict) => out.tell(Event::TakeMeasured { path, verdict }),
                LibrarianNews::Takes(status) => {
                    if let Some(shown) = &mut self.folder.shown {
                        *shown = Some(status);
                    }
                }
                LibrarianNews::Performed(errand, path, performance) => {
                    self.folder.performed = Some((errand, path, performance));
                }
                LibrarianNews::Did(errand, text) => {
                    out.answer_errand(errand, &Ok(text.clone()));
                    out.notice(Severity::Info, text);
                }
                LibrarianNews::DidNot(errand, text) => {
                    out.answer_errand(errand, &Err(text.clone()));
                    out.notice(Severity::Error, text);
                }
            }
        }
    }
}
