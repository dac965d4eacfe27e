//! The disk: takes and small files go out through here, and takes come back to be heard.
//!
//! Five workers (`worker.rs`), each on a thread of its own, so that a slow disk holds up one kind of work alone.

pub mod exporter;
pub mod keeper;
pub mod librarian;
pub mod reader;
pub mod worker;
pub mod writer;

use super::audio::{capture::Capture, streams::StreamFeeder};
use crate::takes::cache::Cache;
use exporter::{ExportJob, ExportNews, Exporter};
use keeper::{FileKeeper, Page, WriteReport};
use librarian::Librarian;
use reader::DiskReader;
use std::{io, path::PathBuf, thread::JoinHandle};
use worker::{Worker, WorkerHandle};
use writer::{TakeJob, TakeNews, WriteProgress, Writer};

/// The workers' half.
pub struct DiskWorkers {
    writer: Worker<Writer>,
    keeper: Worker<FileKeeper>,
    librarian: Worker<Librarian>,
    reader: Worker<DiskReader>,
    exporter: Worker<Exporter>,
}

/// The control thread's half.
pub struct DiskHandles {
    /// What is held becomes takes.
    pub writer: WorkerHandle<TakeJob, TakeNews>,
    /// How far the writer has come.
    pub progress: WriteProgress,
    /// Small files.
    pub keeper: WorkerHandle<Page, WriteReport>,
    /// The folder of takes.
    pub librarian: WorkerHandle<librarian::LibrarianJob, librarian::LibrarianNews>,
    /// Whether takes are measured when they are finished.
    pub measures: bool,
    /// Files that are played.
    pub reader: WorkerHandle<reader::DiskReaderJob, reader::DiskReaderNews>,
    /// Mixes and stems.
    pub exporter: WorkerHandle<ExportJob, ExportNews>,
}

/// Both halves: takes are cut from `capture`, files are read for the streams of `lending`, and what is measured of takes is
/// kept in the folder `verdicts`; without it they are not measured.
pub fn disk(capture: Capture, lending: StreamFeeder, verdicts: Option<PathBuf>) -> (DiskWorkers, DiskHandles) {
    let measures = verdicts.is_some();
    let (writer, to_writer, progress) = writer::writer(capture.clone());
    let (keeper, to_keeper) = keeper::keeper();
    let (librarian, to_librarian) = librarian::librarian(verdicts.map(Cache::new));
    let (reader, to_reader) = reader::reader(lending, capture.clone());
    let (exporter, to_exporter) = exporter::exporter(capture);
    let handles = DiskHandles {
        writer: to_writer,
        progress,
        keeper: to_keeper,
        librarian: to_librarian,
        measures,
        reader: to_reader,
        exporter: to_exporter,
    };
    (DiskWorkers { writer, keeper, librarian, reader, exporter }, handles)
}

impl DiskWorkers {
    /// Runs each on a thread that ends with the control thread; `knock` is called after each report. Returns the keeper's:
    /// what was handed to it is on the disk once it has ended.
    ///
    /// # Errors
    /// Where the system has no more threads.
    pub fn spawn(self, knock: impl Fn() + Clone + Send + 'static) -> io::Result<JoinHandle<()>> {
        self.writer.spawn(knock.clone())?;
        self.reader.spawn(knock.clone())?;
        self.librarian.spawn(knock.clone())?;
        self.exporter.spawn(knock.clone())?;
        self.keeper.spawn(knock)
    }

    /// Does everything there is to do now; the writer may be left waiting for its disk.
    pub fn step(&mut self, with_writer: bool) {
        if with_writer {
            self.writer.step();
        }
        self.keeper.step();
        self.librarian.step();
        self.reader.step();
        self.exporter.step();
    }
}

/// Something that is asked of one of these threads and answered when it is done, counted from 1 over the life of the
/// engine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ErrandId(u32);

impl ErrandId {
    /// The one after this.
    pub fn next(self) -> ErrandId {
        ErrandId(self.0.wrapping_add(1))
    }
}
