//! Writes Ogg Vorbis.

use super::Plan;
use crate::takes::TakeError;
use std::{
    fs::File,
    io::BufWriter,
    num::{NonZeroU8, NonZeroU32},
};
use vorbis_rs::{VorbisBitrateManagementStrategy, VorbisEncoder, VorbisEncoderBuilder, VorbisError};

/// Some 190 kbit/s for stereo: hard to distinguish from the take.
const QUALITY: f32 = 0.6;
/// The number of the one stream in the file.
const SERIAL: i32 = 1;

/// A file that is being written.
pub(super) struct Ogg {
    encoder: VorbisEncoder<BufWriter<File>>,
    /// The samples of each channel.
    channels: Vec<Vec<f32>>,
}

impl Ogg {
    pub(super) fn begin(file: File, plan: &Plan) -> Result<Ogg, TakeError> {
        let channels = u8::try_from(plan.channels).ok().and_then(NonZeroU8::new);
        let (Some(channels), Some(rate_hz)) = (channels, NonZeroU32::new(plan.rate_hz)) else {
            return Err(TakeError::Asked("Ogg Vorbis holds up to 255 channels".to_owned()));
        };
        let encoder = VorbisEncoderBuilder::new_with_serial(rate_hz, channels, BufWriter::new(file), SERIAL)
            .bitrate_management_strategy(VorbisBitrateManagementStrategy::QualityVbr { target_quality: QUALITY })
            .build()
            .map_err(|error| match error {
                VorbisError::Io(error) => TakeError::Disk(error),
                error => {
                    tracing::debug!("libvorbis: {error}");
                    let text = format!("Ogg Vorbis has no settings for {channels} channels at {rate_hz} Hz");
                    TakeError::Asked(format!("{text}: choose another --rate, or export as wav"))
                }
            })?;
        Ok(Ogg { encoder, channels: vec![Vec::new(); usize::from(plan.channels)] })
    }

    pub(super) fn write(&mut self, samples: &[f32]) -> Result<(), TakeError> {
        let count = self.channels.len();
        for (number, channel) in self.channels.iter_mut().enumerate() {
            channel.clear();
            let of_channel = samples.iter().skip(number).step_by(count);
            channel.extend(of_channel.map(|sample| if sample.is_finite() { *sample } else { 0.0 }));
        }
        self.encoder.encode_audio_block(&self.channels).map_err(refused)
    }

    pub(super) fn end(self) -> Result<(), TakeError> {
        let file = self.encoder.finish().map_err(refused)?;
        file.into_inner().map(|_| ()).map_err(|error| TakeError::Disk(error.into_error()))
    }
}

fn refused(error: VorbisError) -> TakeError {
    match error {
        VorbisError::Io(error) => TakeError::Disk(error),
        error => TakeError::Asked(format!("as Ogg Vorbis it cannot be written: {error}")),
    }
}
