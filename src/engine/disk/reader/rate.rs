//! From a take's rate to the device's: for listening only. Takes are never converted. The disk reader's.

use super::stereo::Stereo;
use busker_sound::resampling::Resampling;
use std::ops::RangeInclusive;

/// Rates that are converted, in Hz: others are those of a broken header.
const RATES_HZ: RangeInclusive<u32> = 4_000..=400_000;
/// Frames that are converted at once, about.
const CHUNK_FRAMES: usize = 1024;

/// What converts a take as it is read.
pub(super) struct Converter {
    resampler: Resampling,
    /// Frames of the take.
    from: Vec<[f32; 2]>,
    /// What became of them, of which so many are still to be taken.
    to: Vec<[f32; 2]>,
    taken: usize,
    /// Frames that are still to come of what was read, at the device's rate.
    owed: f64,
    ratio: f64,
    /// The first frames of all are the converter's own, to half a frame of the take.
    delay: usize,
    is_over: bool,
}

impl Converter {
    /// From one rate to another.
    ///
    /// # Errors
    /// Where a rate is none that sound has, for the end of a sentence.
    pub fn new(from_hz: u32, to_hz: u32) -> Result<Converter, String> {
        let refused = || {
            let (least, most) = (RATES_HZ.start(), RATES_HZ.end());
            format!("{from_hz} Hz cannot be converted to {to_hz} Hz; allowed: {least}..{most} Hz")
        };
        if !RATES_HZ.contains(&from_hz) || !RATES_HZ.contains(&to_hz) {
            return Err(refused());
        }
        let resampler = Resampling::quick(from_hz as usize, to_hz as usize, CHUNK_FRAMES, 2);
        let resampler = resampler.map_err(|_| refused())?;
        let (from, to) = (vec![[0.0; 2]; resampler.input_frames_max()], vec![[0.0; 2]; resampler.output_frames_max()]);
        let delay = resampler.delay_frames();
        let taken = to.len();
        let ratio = f64::from(to_hz) / f64::from(from_hz);
        Ok(Converter { resampler, from, to, taken, owed: 0.0, ratio, delay, is_over: false })
    }

    /// Reads on in the take and fills the frames, and says how many: fewer than there is room for only at the end.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn read(&mut self, source: &mut Stereo, frames: &mut [[f32; 2]]) -> Result<usize, String> {
        let mut done = 0;
        while done < frames.len() {
            if self.taken == self.to.len() {
                if self.is_over && self.owed < 0.5 {
                    break;
                }
                self.convert(source)?;
            }
            let there = self.to.get(self.taken..).unwrap_or_default();
            let skipped = self.delay.min(there.len());
            self.delay -= skipped;
            self.taken += skipped;
            let there = there.get(skipped..).unwrap_or_default();
            let room = frames.get_mut(done..).unwrap_or_default();
            // Behind the end of the take the converter has only its own echo.
            let wanted = if self.is_over { self.owed.round() as usize } else { usize::MAX };
            let count = there.len().min(room.len()).min(wanted);
            for (to, from) in room.iter_mut().zip(there).take(count) {
                *to = *from;
            }
            self.taken += count;
            self.owed -= count as f64;
            done += count;
            if self.is_over && self.owed < 0.5 {
                self.taken = self.to.len();
            }
        }
        Ok(done)
    }

    /// Converts the next frames of the take; after its end, silence, until all of it has come out.
    fn convert(&mut self, source: &mut Stereo) -> Result<(), String> {
        let wanted = self.resampler.input_frames().min(self.from.len());
        let read = source.read(self.from.get_mut(..wanted).unwrap_or_default())?;
        self.is_over |= read < wanted;
        self.owed += read as f64 * self.ratio;
        self.from.iter_mut().skip(read).for_each(|frame| *frame = [0.0; 2]);
        let (from, to) = (self.from.as_flattened(), self.to.as_flattened_mut());
        self.resampler.convert(from, to, None).map_err(|error| error.to_string())?;
        self.taken = 0;
        Ok(())
    }
}
