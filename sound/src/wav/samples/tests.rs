//! Reading of samples, and unsupported files.

use super::*;
use crate::wav::{Depth, Encoder, Info, Origin, WavFile, WavShape};
use proptest::prelude::*;
use std::io::Cursor;

/// A file with one frame of this format after a chunk of an odd size.
fn odd_file(tag: u16, bits: u16, sample: &[u8]) -> Vec<u8> {
    let mut bytes = b"RIFF\0\0\0\0WAVEJUNK\x03\0\0\0abc\0fmt \x10\0\0\0".to_vec();
    bytes.extend(tag.to_le_bytes());
    bytes.extend([1, 0, 0x40, 0x1F, 0, 0]);
    bytes.extend((8000 * u32::from(bits / 8)).to_le_bytes());
    bytes.extend((bits / 8).to_le_bytes());
    bytes.extend(bits.to_le_bytes());
    bytes.extend(b"data");
    bytes.extend((sample.len() as u32).to_le_bytes());
    bytes.extend(sample);
    bytes.extend(vec![0; sample.len() % 2]);
    let riff = bytes.len() as u32 - 8;
    bytes[4..8].copy_from_slice(&riff.to_le_bytes());
    bytes
}

fn open(bytes: Vec<u8>) -> Result<Samples<Cursor<Vec<u8>>>, SamplesError> {
    let mut file = Cursor::new(bytes);
    let wav = Wav::read(&mut file).unwrap();
    Samples::open(file, &wav)
}

proptest! {
    #[test]
    fn samples_are_read_as_they_were_written_from_any_frame(
        depth in prop::sample::select(vec![Depth::Int16, Depth::Int24, Depth::Float32]),
        channels in prop::sample::select(vec![1, 2, 5, 32]),
        frames in 0..300_usize,
        reads in prop::collection::vec((prop::option::of(0..400_u64), 0..200_usize), 1..6),
        seed in any::<u32>(),
    ) {
        let steps = if depth == Depth::Int16 { 32_768.0 } else { 8_388_608.0 };
        let count = frames * usize::from(channels);
        let whole = |at: usize| (at as u32).wrapping_mul(2_654_435_761).wrapping_add(seed) as i32 >> 8;
        let all: Vec<_> = (0..count).map(|at| (whole(at) as f32 / 8_388_608.0 * steps).floor() / steps).collect();
        let mut audio = Vec::new();
        Encoder::new(depth, false, 0).encode(&all, &mut audio);
        let shape = WavShape { channels, sample_rate_hz: 48_000, depth };
        let mut wav = WavFile::create(Cursor::new(Vec::new()), shape, Some(&Origin::default())).unwrap();
        wav.write(&audio).unwrap();
        let (file, done) = wav.finish(&[], &Info(vec![(*b"ISFT", "busker".to_owned())]));
        done.unwrap();
        let mut samples = open(file.into_inner()).unwrap();
        prop_assert_eq!((samples.channels(), samples.frames()), (usize::from(channels), frames as u64));
        let mut at = 0;
        for (to, count) in reads {
            if let Some(to) = to {
                samples.seek(to).unwrap();
                at = (to as usize).min(frames);
            }
            let mut out = vec![9.0];
            let read = samples.read(count, &mut out).unwrap();
            prop_assert_eq!(read, count.min(frames - at));
            let wide = samples.channels();
            prop_assert_eq!(&out[1..], &all[at * wide..(at + read) * wide]);
            at += read;
        }
    }
}

#[test]
fn every_kind_has_its_full_scale_after_chunks_of_odd_sizes() {
    let half = 0.5_f32.to_le_bytes();
    let cases: [(u16, u16, &[u8]); 5] =
        [(1, 8, &[0xC0]), (1, 16, &[0, 0x40]), (1, 24, &[0, 0, 0x40]), (1, 32, &[0, 0, 0, 0x40]), (3, 32, &half)];
    for (tag, bits, sample) in cases {
        let mut out = Vec::new();
        assert_eq!(open(odd_file(tag, bits, sample)).unwrap().read(2, &mut out).unwrap(), 1);
        assert_eq!(out, [0.5], "{bits} bits");
    }
}

#[test]
fn unsupported_files_are_named() {
    let error = |bytes: Vec<u8>| open(bytes).err().unwrap().to_string();
    let want = "64 bits float, 1 channel, 8000 Hz: sample format not supported; convert it to 24-bit PCM";
    assert_eq!(error(odd_file(3, 64, &[0; 8])), want);
    let mut torn = odd_file(1, 16, &[0; 8]);
    torn.extend([0x81; 4]);
    assert_eq!(error(torn), "its header is wrong: repair it first (busker takes repair)");
    assert_eq!(error(b"fLaC".to_vec()), "it is not a readable WAV file");
    let mut long = b"RF64\xFF\xFF\xFF\xFFWAVEds64\x1C\0\0\0".to_vec();
    let short = odd_file(1, 16, &[0; 4]);
    long.extend([(short.len() as u64 + 28).to_le_bytes(), 4_u64.to_le_bytes()].concat());
    long.extend([0; 12]);
    long.extend(&short[12..]);
    assert_eq!(error(long), "RF64 is not supported: convert it to WAV files below 4 GiB");
}

#[test]
fn a_file_that_became_shorter_is_an_error_without_a_panic() {
    let mut bytes = odd_file(1, 16, &[0x11; 4000]);
    let wav = Wav::read(&mut Cursor::new(&bytes)).unwrap();
    bytes.truncate(1000);
    let mut samples = Samples::open(Cursor::new(bytes), &wav).unwrap();
    assert!(samples.read(2000, &mut Vec::new()).is_err());
}
