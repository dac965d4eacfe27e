//! Mixes of known files: the arithmetic to the bit, stems that sum to the mix, nothing left of what is cancelled.

use super::*;
use crate::{
    engine::audio::capture::{Layout, capture},
    music::Bpm,
    session::playlist::Clip,
};
use hound::{SampleFormat, WavReader, WavSpec, WavWriter};
use std::{fs, path::Path};

const RATE_HZ: u32 = 48_000;

/// A file with a ramp: sample `i` is `k * i`, in steps of 24 bits; the right side is its negative.
fn file(folder: &Path, name: &str, k: i32, frames: i32) -> Arc<Path> {
    let path = folder.join(name);
    let spec = WavSpec { channels: 2, sample_rate: RATE_HZ, bits_per_sample: 24, sample_format: SampleFormat::Int };
    let mut wav = WavWriter::create(&path, spec).unwrap();
    for i in 0..frames {
        wav.write_sample(k * i).unwrap();
        wav.write_sample(-k * i).unwrap();
    }
    wav.finalize().unwrap();
    Arc::from(path)
}

fn samples(path: &Path) -> Vec<i32> {
    WavReader::open(path).unwrap().into_samples().map(Result::unwrap).collect()
}

struct Rig {
    folder: tempfile::TempDir,
    exporter: Worker<Exporter>,
    handle: WorkerHandle<ExportJob, ExportNews>,
}

impl Rig {
    fn new() -> Rig {
        let (_, capture) = capture(&Layout { taps: Vec::new(), left_out: Vec::new(), frames: 1 });
        let (exporter, handle) = exporter(capture);
        Rig { folder: tempfile::tempdir().unwrap(), exporter, handle }
    }

    /// Three tracks, one of which begins late and one of which is looped.
    fn order(&self, kind: ExportKind) -> ExportOrder {
        let mut plan = Plan::new(Bpm::DEFAULT, f64::from(RATE_HZ), true);
        plan.roll(0.0, 0);
        let track = |strip: usize, k: i32, place: i64| {
            let file = file(self.folder.path(), &format!("in{strip}.wav"), k, 30_000);
            let playlist = Arc::new(Playlist::new(vec![Clip::of(file, 0, place, 30_000)]));
            ExportTrack { strip, name: format!("track {strip}"), playlist }
        };
        ExportOrder {
            kind,
            tracks: vec![track(1, 3, 0), track(2, 5, 10_000), track(3, -7, 20_001)],
            levels: MixLevels::default(),
            plan: Box::new(plan),
            frames: 50_000,
            sample_rate_hz: RATE_HZ,
            form: Form::Wav,
            depth: Depth::Int24,
            normalize: None,
            folder: self.folder.path().join("exports"),
            name: "song".to_owned(),
            errand: ErrandId::default(),
        }
    }

    fn export(&mut self, order: ExportOrder) -> Result<String, String> {
        self.handle.jobs.send(ExportJob::Begin(Box::new(order))).unwrap();
        self.exporter.step();
        let outcome = self.handle.news.try_iter().find_map(|news| match news {
            ExportNews::Did(_, text) => Some(Ok(text)),
            ExportNews::DidNot(_, text) => Some(Err(text)),
            ExportNews::Progress(_) => None,
        });
        outcome.unwrap()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("exports").join(name)
    }
}

#[test]
fn a_mix_is_the_sum_to_the_bit_where_nothing_is_scaled_and_the_stems_sum_to_it() {
    let mut rig = Rig::new();
    let order = rig.order(ExportKind::Mix);
    let said = rig.export(order).unwrap();
    assert!(said.starts_with("exported 1.0 s to ") && said.contains("peak"), "{said}");
    let mix = samples(&rig.path("song.wav"));
    let at = |frame: i32, k: i32, place: i32| {
        if (place..place + 30_000).contains(&frame) { k * (frame - place) } else { 0 }
    };
    assert_eq!(mix.len(), 100_000);
    for frame in 0..50_000 {
        let want = at(frame, 3, 0) + at(frame, 5, 10_000) + at(frame, -7, 20_001);
        assert_eq!(mix[frame as usize * 2..][..2], [want, -want], "frame {frame}");
    }
    let order = rig.order(ExportKind::Stems);
    assert!(rig.export(order).unwrap().contains(" and 2 more"));
    let stems: Vec<Vec<i32>> = (1..=3).map(|n| samples(&rig.path(&format!("song-{n} track {n}.wav")))).collect();
    for (i, mixed) in mix.iter().enumerate() {
        assert_eq!(*mixed, stems.iter().map(|stem| stem[i]).sum::<i32>());
    }
}

#[test]
fn a_name_that_is_taken_gets_a_number_and_nothing_is_written_over() {
    let mut rig = Rig::new();
    for _ in 0..2 {
        let order = rig.order(ExportKind::Mix);
        rig.export(order).unwrap();
    }
    assert_eq!(samples(&rig.path("song.wav")), samples(&rig.path("song-2.wav")));
}

#[test]
fn nothing_is_left_of_an_export_that_is_cancelled_or_that_the_disk_refuses() {
    let mut rig = Rig::new();
    let long = ExportOrder { frames: 1 << 29, ..rig.order(ExportKind::Stems) };
    rig.exporter.work.running = Some(Running::begin(long, 2).unwrap());
    assert_eq!(fs::read_dir(rig.path("")).unwrap().count(), 3);
    rig.handle.jobs.send(ExportJob::Cancel).unwrap();
    rig.exporter.step();
    assert!(matches!(rig.handle.news.try_recv(), Ok(ExportNews::DidNot(_, text)) if text.contains("cancelled")));
    assert_eq!(fs::read_dir(rig.path("")).unwrap().count(), 0);
    fs::write(rig.folder.path().join("taken"), "").unwrap();
    let order = ExportOrder { folder: rig.folder.path().join("taken"), ..rig.order(ExportKind::Mix) };
    assert!(rig.export(order).unwrap_err().starts_with("cannot export to"));
}

#[test]
fn a_file_that_is_gone_is_silent_in_the_mix_and_named() {
    let mut rig = Rig::new();
    let order = rig.order(ExportKind::Mix);
    fs::remove_file(rig.folder.path().join("in2.wav")).unwrap();
    let said = rig.export(order).unwrap();
    assert!(said.contains("in2.wav is silent"), "{said}");
    assert_eq!(samples(&rig.path("song.wav"))[2 * 15_000], 45_000);
}

#[test]
fn any_number_of_cores_makes_the_same_bytes() {
    let mut rig = Rig::new();
    for (lanes, kind) in [1, 2, 5].into_iter().flat_map(|lanes| [(lanes, ExportKind::Mix), (lanes, ExportKind::Stems)])
    {
        rig.exporter.work.lanes = lanes;
        let order = ExportOrder { depth: Depth::Int16, frames: 300_001, ..rig.order(kind) };
        rig.export(order).unwrap();
    }
    let bytes = |name: &str| fs::read(rig.path(name)).unwrap();
    for name in ["song", "song-1 track 1", "song-2 track 2", "song-3 track 3"] {
        let one = bytes(&format!("{name}.wav"));
        assert!((2..=3).all(|n| bytes(&format!("{name}-{n}.wav")) == one), "{name}");
    }
}

#[test]
fn a_mix_is_brought_to_the_level_asked_for_and_its_stems_get_its_gain() {
    let mut rig = Rig::new();
    let normalize = Some((Normalize::Peak, -6.0));
    let order = ExportOrder { normalize, depth: Depth::Float32, ..rig.order(ExportKind::Mix) };
    let said = rig.export(order).unwrap();
    assert!(said.contains("normalized by +"), "{said}");
    let order = ExportOrder { normalize, depth: Depth::Float32, ..rig.order(ExportKind::Stems) };
    rig.export(order).unwrap();
    let read =
        |name: &str| WavReader::open(rig.path(name)).unwrap().into_samples().map(Result::unwrap).collect::<Vec<f32>>();
    let mix = read("song.wav");
    let peak = mix.iter().fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
    assert!((0.4..0.502).contains(&peak), "the true peak is above that of the samples: {peak}");
    let stems: Vec<Vec<f32>> = (1..=3).map(|n| read(&format!("song-{n} track {n}.wav"))).collect();
    for (i, mixed) in mix.iter().enumerate() {
        assert!((mixed - stems.iter().map(|stem| stem[i]).sum::<f32>()).abs() < 1e-6);
    }
}

#[test]
fn a_mix_as_flac_has_the_samples_of_that_as_wav() {
    let mut rig = Rig::new();
    for form in [Form::Wav, Form::Flac, Form::Ogg] {
        let order = ExportOrder { form, ..rig.order(ExportKind::Mix) };
        rig.export(order).unwrap();
    }
    let read = |name: &str| {
        let mut command = std::process::Command::new("ffmpeg");
        command.args(["-v", "error", "-xerror", "-i"]).arg(rig.path(name)).args([
            "-f",
            "s32le",
            "-c:a",
            "pcm_s32le",
            "-",
        ]);
        command.output().unwrap().stdout
    };
    assert!(read("song.wav").len() == 400_000 && read("song.wav") == read("song.flac"));
    assert!(rig.path("song.ogg").metadata().unwrap().len() > 0);
    let order = ExportOrder { form: Form::Flac, sample_rate_hz: 192_000, ..rig.order(ExportKind::Mix) };
    assert!(rig.export(order).unwrap_err().contains("export as wav"));
    assert_eq!(fs::read_dir(rig.path("")).unwrap().count(), 3, "nothing is left of it");
}
