//! A file of an export: hidden until it is whole, and gone where it never was.

use crate::{
    takes::safe_name,
    wav::{Depth, Encoder, Info, WavFile, WavShape},
};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufWriter, ErrorKind},
    path::{Path, PathBuf},
};

/// Names that are tried where one is taken.
const TRIES: u32 = 1_000;

/// A WAV file that is being exported, of two channels.
pub(super) struct ExportFile {
    /// Nothing once it is finished.
    wav: Option<WavFile<BufWriter<File>>>,
    encoder: Encoder,
    /// Where it is written.
    hidden: PathBuf,
    /// The folder and the name it gets.
    place: (PathBuf, String),
    samples: Vec<f32>,
    bytes: Vec<u8>,
}

impl ExportFile {
    /// Begins a file in a folder, which is made; where the name is taken a number is added.
    ///
    /// # Errors
    /// Those of the disk, in a sentence.
    pub(super) fn create(folder: &Path, name: &str, rate_hz: u32, depth: Depth) -> Result<ExportFile, String> {
        let refused = |error: &io::Error| format!("cannot export to {}: {error}", folder.display());
        fs::create_dir_all(folder).map_err(|error| refused(&error))?;
        let name = safe_name(name);
        let name = if name.is_empty() { "mix".to_owned() } else { name };
        for n in 1..=TRIES {
            let path = numbered(folder, &name, n);
            let hidden = folder.join(format!(".{}.part", path.file_name().unwrap_or_default().to_string_lossy()));
            if path.symlink_metadata().is_ok() {
                continue;
            }
            let file = match OpenOptions::new().write(true).create_new(true).open(&hidden) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => continue,
                Err(error) => return Err(refused(&error)),
                Ok(file) => file,
            };
            let shape = WavShape { channels: 2, sample_rate_hz: rate_hz, depth };
            return match WavFile::create(BufWriter::with_capacity(1 << 18, file), shape, None) {
                Ok(wav) => Ok(ExportFile {
                    wav: Some(wav),
                    encoder: Encoder::new(depth, true, 0),
                    hidden,
                    place: (folder.to_owned(), name),
                    samples: Vec::new(),
                    bytes: Vec::new(),
                }),
                Err(error) => {
                    let _ = fs::remove_file(&hidden);
                    Err(refused(&error))
                }
            };
        }
        Err(format!("{} has {TRIES} files of the name {name} already", folder.display()))
    }

    /// Appends frames.
    ///
    /// # Errors
    /// Those of the disk, in a sentence.
    pub(super) fn write(&mut self, left: &[f32], right: &[f32]) -> Result<(), String> {
        let Some(wav) = &mut self.wav else { return Ok(()) };
        self.samples.clear();
        self.samples.extend(left.iter().zip(right).flat_map(|(left, right)| [*left, *right]));
        self.encoder.encode_over(&self.samples, &mut self.bytes);
        wav.write(&self.bytes).map_err(|error| format!("{} cannot be written: {error}", self.hidden.display()))
    }

    /// Gives it its name.
    ///
    /// # Errors
    /// Those of the disk, in a sentence.
    pub(super) fn finish(mut self) -> Result<PathBuf, String> {
        let Some(wav) = self.wav.take() else { return Ok(self.hidden.clone()) };
        let (file, written) = wav.finish(&[], &Info::default());
        let synced = written.and_then(|()| file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all());
        match synced.and_then(|()| self.named()) {
            Ok(path) => Ok(path),
            Err(error) => {
                let _ = fs::remove_file(&self.hidden);
                Err(format!("the export to {} cannot be completed: {error}", self.place.0.display()))
            }
        }
    }

    /// Renames it to the first free name; it never overwrites a file.
    fn named(&self) -> io::Result<PathBuf> {
        let (folder, name) = &self.place;
        for n in 1..=TRIES {
            let path = numbered(folder, name, n);
            let from = (rustix::fs::CWD, &self.hidden);
            match rustix::fs::renameat_with(from.0, from.1, rustix::fs::CWD, &path, rustix::fs::RenameFlags::NOREPLACE)
            {
                Ok(()) => return Ok(path),
                Err(rustix::io::Errno::EXIST) => {}
                // A disk that does not know how.
                Err(rustix::io::Errno::INVAL) if path.symlink_metadata().is_err() => {
                    return fs::rename(&self.hidden, &path).map(|()| path);
                }
                Err(rustix::io::Errno::INVAL) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(ErrorKind::AlreadyExists.into())
    }
}

/// The `n`th name of a file, counted from 1.
fn numbered(folder: &Path, name: &str, n: u32) -> PathBuf {
    folder.join(if n == 1 { format!("{name}.wav") } else { format!("{name}-{n}.wav") })
}

impl Drop for ExportFile {
    fn drop(&mut self) {
        if self.wav.is_some() {
            let _ = fs::remove_file(&self.hidden);
        }
    }
}
