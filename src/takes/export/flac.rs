//! Writes FLAC, a block at a time; the header is written last, when it is complete.

use super::Plan;
use crate::{takes::TakeError, wav::Encoder};
use flacenc::{
    bitsink::ByteSink,
    component::{BitRepr, Stream, StreamInfo},
    config, encode_fixed_size_frame,
    error::{Verified, Verify},
    source::{Context, Fill, FrameBuf},
};
use std::{
    fmt::Display,
    fs::File,
    io::{Seek, SeekFrom, Write},
};

/// Frames of a block, as in the reference encoder.
const BLOCK_FRAMES: usize = 4_096;

/// A file that is being written.
pub(super) struct Flac {
    file: File,
    encoder: Encoder,
    config: Verified<config::Encoder>,
    /// Uncompressed samples: for noise, which the encoder's codes would make longer.
    plain: Verified<config::Encoder>,
    info: StreamInfo,
    /// Frames of a block, and the check sum of all frames.
    block: (FrameBuf, Context),
    sample_bytes: usize,
    block_bytes: usize,
    /// Bytes that do not fill a block yet.
    bytes: Vec<u8>,
    number: usize,
}

impl Flac {
    pub(super) fn begin(file: File, plan: &Plan, encoder: Encoder) -> Result<Flac, TakeError> {
        let (rate_hz, channels) = (plan.rate_hz as usize, usize::from(plan.channels));
        let bits = usize::from(plan.depth.bits());
        let info = StreamInfo::new(rate_hz, channels, bits).map_err(refused)?;
        let config = config::Encoder::default().into_verified().map_err(|(_, error)| refused(error))?;
        let mut plain = config::Encoder::default();
        plain.subframe_coding.use_fixed = false;
        plain.subframe_coding.use_lpc = false;
        let plain = plain.into_verified().map_err(|(_, error)| refused(error))?;
        let block = (FrameBuf::with_size(channels, BLOCK_FRAMES).map_err(refused)?, Context::new(bits, channels));
        let sample_bytes = plan.depth.bytes();
        let block_bytes = BLOCK_FRAMES * channels * sample_bytes;
        let mut flac =
            Flac { file, encoder, config, plain, info, block, sample_bytes, block_bytes, bytes: Vec::new(), number: 0 };
        // Reserves its place.
        flac.write_header()?;
        Ok(flac)
    }

    pub(super) fn write(&mut self, samples: &[f32]) -> Result<(), TakeError> {
        self.encoder.encode(samples, &mut self.bytes);
        while self.bytes.len() >= self.block_bytes {
            self.write_block(self.block_bytes)?;
        }
        Ok(())
    }

    fn write_block(&mut self, bytes: usize) -> Result<(), TakeError> {
        let audio = self.bytes.get(..bytes).unwrap_or_default();
        self.block.fill_le_bytes(audio, self.sample_bytes).map_err(refused)?;
        let encoded = |config| encode_fixed_size_frame(config, &self.block.0, self.number, &self.info).map_err(refused);
        let mut frame = encoded(&self.config)?;
        if frame.count_bits() > bytes * 8 {
            frame = encoded(&self.plain)?;
        }
        self.info.update_frame_info(&frame);
        let mut sink = ByteSink::new();
        frame.write(&mut sink).map_err(refused)?;
        self.file.write_all(sink.as_slice())?;
        self.bytes.drain(..bytes);
        self.number += 1;
        Ok(())
    }

    pub(super) fn end(mut self) -> Result<(), TakeError> {
        if !self.bytes.is_empty() {
            self.write_block(self.bytes.len())?;
        }
        self.info.set_md5_digest(&self.block.1.md5_digest());
        self.file.seek(SeekFrom::Start(0))?;
        self.write_header()
    }

    fn write_header(&mut self) -> Result<(), TakeError> {
        let mut info = self.info.clone();
        // The last block may be shorter and is not counted.
        info.set_block_sizes(BLOCK_FRAMES, BLOCK_FRAMES).map_err(refused)?;
        if self.number == 0 {
            info.set_frame_sizes(0, 0).map_err(refused)?;
        }
        let mut sink = ByteSink::new();
        Stream::with_stream_info(info).write(&mut sink).map_err(refused)?;
        Ok(self.file.write_all(sink.as_slice())?)
    }
}

fn refused(error: impl Display) -> TakeError {
    TakeError::Asked(format!("as FLAC, which holds up to 8 channels and 96 kHz, it cannot be written: {error}"))
}
