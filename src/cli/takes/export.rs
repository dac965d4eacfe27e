//! `busker takes export`: exports takes to other formats.

use super::{
    super::{Failure, Outcome},
    cache, each, found,
    work::Work,
};
use crate::{
    takes::{
        NotUsable, Reach, Take, TakeError,
        export::{Export, Exported, Form, LOUDNESS_LUFS, Normalize, PEAK_DBTP, RATES_HZ, export as exported},
        shown,
    },
    wav::Depth,
};
use clap::{Args, ValueEnum};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// The allowed levels, in dBTP or LUFS.
const LEVELS_DB: std::ops::RangeInclusive<f64> = -70.0..=0.0;

/// Arguments of `busker takes export`.
#[derive(Args, Debug)]
pub(super) struct ExportArgs {
    /// The takes; a bare name is also searched in the recordings folder
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// wav, flac or ogg (Vorbis)
    #[arg(long)]
    format: Form,
    /// Bit depth: 16, 24 or 32f; by default, the take's
    #[arg(long)]
    bits: Option<Depth>,
    /// Sample rate in Hz; by default, the take's
    #[arg(long, value_name = "HZ", value_parser = rate_hz)]
    rate: Option<u32>,
    /// Normalize the true peak to -1 dBTP, or the loudness to -14 LUFS with peaks up to -1 dBTP
    #[arg(long, value_enum)]
    normalize: Option<To>,
    /// Another target level, in dBTP or LUFS
    #[arg(long, value_name = "dB", value_parser = level_db, requires = "normalize", allow_negative_numbers = true)]
    level: Option<f64>,
    /// The output file or folder; by default, the folder of the take
    #[arg(long, value_name = "FILE|DIR")]
    out: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum To {
    /// The true peak
    Peak,
    /// The integrated loudness
    Lufs,
}

fn rate_hz(text: &str) -> Result<u32, String> {
    let rate = text.parse().ok().filter(|rate| RATES_HZ.contains(rate));
    rate.ok_or_else(|| format!("write a rate from {} to {} Hz", RATES_HZ.start(), RATES_HZ.end()))
}

fn level_db(text: &str) -> Result<f64, String> {
    let level = text.parse().ok().filter(|level| LEVELS_DB.contains(level));
    level.ok_or_else(|| format!("write a level from {} to {} dB", LEVELS_DB.start(), LEVELS_DB.end()))
}

/// Exports takes and prints the result of each.
///
/// # Errors
/// A take that cannot be used, settings that the format does not support, a folder that cannot be written; the others
/// are done. Or a signal. No incomplete file is left.
pub(super) fn export(args: &ExportArgs) -> Outcome {
    let is_folder = |out: &Path| out.is_dir() || out.as_os_str().as_encoded_bytes().ends_with(b"/");
    if let Some(out) = &args.out
        && args.files.len() > 1
        && !is_folder(out)
    {
        return Err(Failure::asked(format!("{} is not a folder: several takes need a folder", shown(out))));
    }
    let normalize = args.normalize.map(|to| match to {
        To::Peak => (Normalize::Peak, args.level),
        To::Lufs => (Normalize::Loudness, args.level),
    });
    let plan = Export { form: args.format, depth: args.bits, rate_hz: args.rate, normalize };
    let (cache, mut work) = (cache(), Work::begin()?);
    each(&found(&args.files), "is not exported", |path| {
        let take = Take::open_whole(path, Reach::Named)?;
        let wanted = wanted(path, args, is_folder)?;
        let name = shown(path);
        let is_to_measure = plan.normalize.is_some() && plan.rate_hz.is_none();
        let measured = if is_to_measure { Some(work.measured(&take, &name, &cache)?) } else { None };
        work.piece(format!("exporting {name}"));
        let made =
            exported(&take, &wanted, &plan, measured.as_ref().map(|it| &it.verdict), &mut |done| work.progress(done));
        work.clear();
        Ok(said(&made?, &plan))
    })
}

/// The path of the exported file. A missing folder is created.
fn wanted(path: &Path, args: &ExportArgs, is_folder: impl Fn(&Path) -> bool) -> Result<PathBuf, TakeError> {
    let mut name = path.file_stem().unwrap_or_default().to_owned();
    name.push(format!(".{}", args.format));
    match &args.out {
        None => Ok(path.with_file_name(name)),
        Some(out) if is_folder(out) => {
            fs::create_dir_all(out)?;
            Ok(out.join(name))
        }
        Some(out) if out.file_name().is_some() => Ok(out.clone()),
        Some(out) => Err(NotUsable::Beyond(format!("{} is not a file name", shown(out))).into()),
    }
}

fn said(made: &Exported, plan: &Export) -> String {
    let megabytes = fs::metadata(&made.path).map_or(0, |metadata| metadata.len()) as f64 / 1e6;
    let mut text = format!("{}: {megabytes:.1} MB", shown(&made.path));
    if let Some((normalize, level)) = plan.normalize {
        let to = match normalize {
            Normalize::Peak => format!("{:.1} dBTP", level.unwrap_or(PEAK_DBTP)),
            Normalize::Loudness => format!("{:.1} LUFS", level.unwrap_or(LOUDNESS_LUFS)),
        };
        text.push_str(&match (made.gain_db, made.is_limited) {
            _ if made.is_silent => format!(", too quiet to normalize to {to}: level unchanged"),
            (gain, true) => format!(", {gain:+.1} dB: limited by its peak at {PEAK_DBTP:.1} dBTP, below {to}"),
            (gain, false) => format!(", {gain:+.1} dB to {to}"),
        });
    }
    if made.held_samples > 0 {
        text.push_str(&format!(", {} samples clipped at full scale", made.held_samples));
    }
    text
}
