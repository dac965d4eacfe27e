//! A file of an export, encoded and written on a thread of its own: hidden until it is whole, and gone where it never was.

use crate::takes::{
    export::{AudioShape, FreshAudio},
    safe_name,
};
use std::{
    fs,
    path::{Path, PathBuf},
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread::{Builder, JoinHandle},
};

/// Blocks that wait for their thread at most.
const BLOCKS: usize = 2;

/// What its thread is sent. Where no end comes, nothing is left of the file.
enum Piece {
    Samples(Vec<f32>),
    End,
}

/// A file that is being exported, of two channels.
pub(super) struct ExportFile {
    /// Nothing once it is finished.
    pieces: Option<SyncSender<Piece>>,
    thread: Option<JoinHandle<Result<PathBuf, String>>>,
}

impl ExportFile {
    /// Begins a file in a folder, which is made; where the name is taken a number is added.
    ///
    /// # Errors
    /// Those of the disk, and a format that holds no such audio, in a sentence.
    pub(super) fn create(folder: &Path, name: &str, shape: &AudioShape) -> Result<ExportFile, String> {
        let refused = |error: String| format!("cannot export to {}: {error}", folder.display());
        fs::create_dir_all(folder).map_err(|error| refused(error.to_string()))?;
        let name = safe_name(name);
        let name = if name.is_empty() { "mix".to_owned() } else { name };
        let (wanted, shape) = (folder.join(format!("{name}.{}", shape.form)), *shape);
        let (pieces, from) = sync_channel(BLOCKS);
        let (begun, has_begun) = sync_channel(1);
        // Made there: an encoder may be bound to its thread.
        let encode = move || match FreshAudio::begin(&wanted, &shape) {
            Err(error) => {
                let _ = begun.send(Err(error.to_string()));
                Err(String::new())
            }
            Ok(file) => {
                let _ = begun.send(Ok(()));
                written(file, &from, &wanted)
            }
        };
        let thread = Builder::new().name("export-file".to_owned()).spawn(encode);
        let thread = thread.map_err(|error| refused(format!("the system has no more threads: {error}")))?;
        let file = ExportFile { pieces: Some(pieces), thread: Some(thread) };
        match has_begun.recv() {
            Ok(Ok(())) => Ok(file),
            Ok(Err(why)) => Err(refused(why)),
            Err(_) => Err(refused("its encoder failed".to_owned())),
        }
    }

    /// Appends interleaved samples, and waits while its thread has enough of them.
    ///
    /// # Errors
    /// Those of the disk, in a sentence.
    pub(super) fn write(&mut self, samples: Vec<f32>) -> Result<(), String> {
        let Some(pieces) = &self.pieces else { return Ok(()) };
        match pieces.send(Piece::Samples(samples)) {
            Ok(()) => Ok(()),
            Err(_) => self.outcome().map(drop),
        }
    }

    /// Gives it its name.
    ///
    /// # Errors
    /// Those of the disk, in a sentence.
    pub(super) fn finish(mut self) -> Result<PathBuf, String> {
        if let Some(pieces) = &self.pieces {
            // A thread that is gone says why.
            let _ = pieces.send(Piece::End);
        }
        self.outcome()
    }

    /// Waits for its thread.
    fn outcome(&mut self) -> Result<PathBuf, String> {
        self.pieces = None;
        let outcome = self.thread.take().map(JoinHandle::join);
        outcome.and_then(Result::ok).unwrap_or_else(|| Err("the encoder of the export failed".to_owned()))
    }
}

impl Drop for ExportFile {
    /// The file is gone, or whole, when it is dropped.
    fn drop(&mut self) {
        let _ = self.outcome();
    }
}

/// Writes what comes.
fn written(mut file: FreshAudio, pieces: &Receiver<Piece>, wanted: &Path) -> Result<PathBuf, String> {
    let failed = |error: crate::takes::TakeError| format!("the export to {} failed: {error}", wanted.display());
    while let Ok(piece) = pieces.recv() {
        match piece {
            Piece::Samples(samples) => file.write(&samples).map_err(failed)?,
            Piece::End => return file.keep().map_err(failed),
        }
    }
    Err("the export was cancelled".to_owned())
}
