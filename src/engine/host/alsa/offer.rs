//! Chooses among the offers of a card. Pure.

/// A sample format that busker knows, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DeviceFormat {
    /// 32-bit float.
    F32,
    /// 32-bit integer.
    I32,
    /// 24-bit integer in 32 bits.
    I24,
    /// 16-bit integer.
    I16,
}

/// One capability of a card in one direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Samples in a frame.
    pub channels: u16,
    /// Lowest rate in Hz.
    pub lowest_hz: u32,
    /// Highest rate in Hz.
    pub highest_hz: u32,
    /// Sample format.
    pub format: DeviceFormat,
}

impl Offer {
    fn has_rate(&self, hz: u32) -> bool {
        (self.lowest_hz..=self.highest_hz).contains(&hz)
    }
}

/// The choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// Samples in a frame.
    pub channels: u16,
    /// Frames per second.
    pub rate_hz: u32,
    /// Sample format.
    pub format: DeviceFormat,
}

/// Rates to try where none is asked for, the best first.
const RATES_HZ: [u32; 6] = [48_000, 44_100, 96_000, 88_200, 192_000, 32_000];

/// The rate to run at; `None` where none fits.
pub fn rate_hz(offers: &[Offer], asked_hz: Option<u32>) -> Option<u32> {
    let has = |hz: &u32| offers.iter().any(|offer| offer.has_rate(*hz));
    match asked_hz {
        Some(hz) => Some(hz).filter(has),
        None => RATES_HZ.into_iter().find(has).or_else(|| offers.iter().map(|offer| offer.highest_hz).max()),
    }
}

/// The rate both directions run at; `None` where none fits.
pub fn common_rate_hz(outputs: &[Offer], inputs: &[Offer], asked_hz: Option<u32>) -> Option<u32> {
    let both = |hz: &u32| rate_hz(outputs, Some(*hz)).is_some() && rate_hz(inputs, Some(*hz)).is_some();
    match asked_hz {
        Some(hz) => Some(hz).filter(both),
        None => RATES_HZ.into_iter().find(both),
    }
}

/// The row with at least so many channels, as few as possible, in the best format. Where none has so many, the one with
/// the most.
pub fn choose(offers: &[Offer], rate_hz: u32, channels: u16) -> Option<Chosen> {
    let fits = || offers.iter().filter(|offer| offer.has_rate(rate_hz) && offer.channels > 0);
    let enough = fits().filter(|offer| offer.channels >= channels).map(|offer| offer.channels).min();
    let channels = enough.or_else(|| fits().map(|offer| offer.channels).max())?;
    let format = fits().filter(|offer| offer.channels == channels).map(|offer| offer.format).min()?;
    Some(Chosen { channels, rate_hz, format })
}

/// Standard rates within the offers, for a list.
pub fn rates_hz(offers: &[Offer]) -> Vec<u32> {
    let mut rates: Vec<u32> = RATES_HZ.into_iter().filter(|hz| rate_hz(offers, Some(*hz)).is_some()).collect();
    rates.sort_unstable();
    rates
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offer(channels: u16, lowest_hz: u32, highest_hz: u32, format: DeviceFormat) -> Offer {
        Offer { channels, lowest_hz, highest_hz, format }
    }

    #[test]
    fn forty_eight_thousand_before_the_rest_unless_asked() {
        let both = [offer(2, 44_100, 96_000, DeviceFormat::I16)];
        assert_eq!(rate_hz(&both, None), Some(48_000));
        assert_eq!(rate_hz(&both, Some(44_100)), Some(44_100));
        assert_eq!(rate_hz(&both, Some(192_000)), None);
        assert_eq!(rate_hz(&[offer(2, 44_100, 44_100, DeviceFormat::I16)], None), Some(44_100));
        assert_eq!(rate_hz(&[offer(1, 8_000, 8_000, DeviceFormat::I16)], None), Some(8_000));
        assert_eq!(rate_hz(&[], None), None);
        let telephone = [offer(1, 8_000, 44_100, DeviceFormat::I16)];
        assert_eq!(common_rate_hz(&both, &telephone, None), Some(44_100));
        assert_eq!(common_rate_hz(&both, &telephone, Some(48_000)), None);
    }

    #[test]
    fn as_few_channels_as_are_enough_in_the_best_format() {
        let card = [
            offer(2, 48_000, 48_000, DeviceFormat::I16),
            offer(2, 48_000, 48_000, DeviceFormat::I32),
            offer(18, 48_000, 48_000, DeviceFormat::I32),
            offer(10, 96_000, 96_000, DeviceFormat::F32),
        ];
        assert_eq!(choose(&card, 48_000, 2), Some(Chosen { channels: 2, rate_hz: 48_000, format: DeviceFormat::I32 }));
        assert_eq!(choose(&card, 48_000, 1).map(|c| c.channels), Some(2));
        assert_eq!(choose(&card, 48_000, 3).map(|c| c.channels), Some(18));
        assert_eq!(choose(&card, 48_000, 20).map(|c| c.channels), Some(18));
        assert_eq!(choose(&card, 44_100, 2), None);
        assert_eq!(rates_hz(&card), [48_000, 96_000]);
    }
}
