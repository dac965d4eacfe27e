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
    /// Its name, which is kept free for it.
    path: PathBuf,
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
            let numbered = if n == 1 { name.clone() } else { format!("{name}-{n}") };
            let path = folder.join(format!("{numbered}.wav"));
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(refused(&error)),
                Ok(_) => {
                    let hidden = folder.join(format!(".{numbered}.wav.part"));
                    let shape = WavShape { channels: 2, sample_rate_hz: rate_hz, depth };
                    let made = File::create(&hidden)
                        .and_then(|file| WavFile::create(BufWriter::with_capacity(1 << 18, file), shape, None));
                    let encoder = Encoder::new(depth, true, 0);
                    let (samples, bytes) = (Vec::new(), Vec::new());
                    return match made {
                        Ok(wav) => Ok(ExportFile { wav: Some(wav), encoder, hidden, path, samples, bytes }),
                        Err(error) => {
                            let _ = (fs::remove_file(&hidden), fs::remove_file(&path));
                            Err(refused(&error))
                        }
                    };
                }
            }
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
        wav.write(&self.bytes).map_err(|error| format!("{} cannot be written: {error}", self.path.display()))
    }

    /// Gives it its name.
    ///
    /// # Errors
    /// Those of the disk, in a sentence.
    pub(super) fn finish(mut self) -> Result<PathBuf, String> {
        let Some(wav) = self.wav.take() else { return Ok(self.path.clone()) };
        let (file, written) = wav.finish(&[], &Info::default());
        let synced = written.and_then(|()| file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all());
        match synced.and_then(|()| fs::rename(&self.hidden, &self.path)) {
            Ok(()) => Ok(self.path.clone()),
            Err(error) => {
                let _ = (fs::remove_file(&self.hidden), fs::remove_file(&self.path));
                Err(format!("{} cannot be written: {error}", self.path.display()))
            }
        }
    }
}

impl Drop for ExportFile {
    fn drop(&mut self) {
        if self.wav.is_some() {
            let _ = (fs::remove_file(&self.hidden), fs::remove_file(&self.path));
        }
    }
}
