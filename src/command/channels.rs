//! Audio channels as users write them: `1`, `3-4`, `1,3-5`.

use std::{fmt, str::FromStr};

/// Channels of a device, counted from 1, in the order they were named, each once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelList(Vec<u16>);

impl ChannelList {
    /// Maximum channels of one recording.
    pub const MOST: usize = 32;
    /// The highest channel number.
    pub const HIGHEST: u16 = 256;

    /// Channels 1 to `count` (at least one, at most [`MOST`](Self::MOST)).
    pub fn first(count: usize) -> ChannelList {
        ChannelList((1..=count.clamp(1, Self::MOST) as u16).collect())
    }

    /// Their indexes in buffers, counted from 0.
    pub fn indices(&self) -> impl Iterator<Item = usize> {
        self.0.iter().map(|channel| usize::from(*channel) - 1)
    }

    /// The number of channels; never 0.
    #[expect(clippy::len_without_is_empty, reason = "a list always has a channel")]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The highest channel named.
    pub fn highest(&self) -> u16 {
        self.0.iter().copied().max().unwrap_or(1)
    }
}

impl fmt::Display for ChannelList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let runs = self.0.chunk_by(|a, b| a + 1 == *b);
        for (i, run) in runs.enumerate() {
            let comma = if i == 0 { "" } else { "," };
            match run {
                [only] => write!(f, "{comma}{only}")?,
                [first, .., last] => write!(f, "{comma}{first}-{last}")?,
                [] => {}
            }
        }
        Ok(())
    }
}

/// Why a text names no channels.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "numbers from 1 to {}, like 1, 3-4 or 1,3-5, at most {} of them and each once",
    ChannelList::HIGHEST,
    ChannelList::MOST
)]
pub struct NotChannels;

impl FromStr for ChannelList {
    type Err = NotChannels;

    fn from_str(text: &str) -> Result<ChannelList, NotChannels> {
        let channel = |text: &str| text.parse::<u16>().ok().filter(|c| (1..=Self::HIGHEST).contains(c));
        let mut list = Vec::new();
        for part in text.split(',') {
            let (from, to) = part.split_once('-').unwrap_or((part, part));
            let (from, to) = channel(from).zip(channel(to)).filter(|(a, b)| a <= b).ok_or(NotChannels)?;
            for c in from..=to {
                if list.len() == Self::MOST || list.contains(&c) {
                    return Err(NotChannels);
                }
                list.push(c);
            }
        }
        Ok(ChannelList(list))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_of_channels_reads_back() {
        for text in ["1", "3-4", "1,3-5", "2,1", "1-32"] {
            let list: ChannelList = text.parse().unwrap();
            assert_eq!(list.to_string().parse(), Ok(list), "{text}");
        }
        assert_eq!("3-4".parse::<ChannelList>().unwrap().indices().collect::<Vec<_>>(), [2, 3]);
    }

    #[test]
    fn a_text_that_names_no_channels_is_refused() {
        for bad in ["", "0", "4-3", "1,1", "1-33", "257", "a", "1-", "-1", "1;2"] {
            assert_eq!(bad.parse::<ChannelList>(), Err(NotChannels), "{bad}");
        }
    }
}
