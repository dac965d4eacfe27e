//! The events in the marks of a take. Pure.

use std::{convert::Infallible, fmt, str::FromStr};

const XRUN: &str = "xrun";

/// An event during the recording of a take, as the label of a mark. A user's mark with the same words as one of
/// busker's is read as that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TakeEvent {
    /// The user set a mark; the text may be empty.
    Mark(String),
    /// Frames are missing from here on, replaced by silence.
    Gap {
        /// The number of frames.
        frames: u64,
    },
    /// An xrun: audio may be missing or doubled here.
    Xrun {
        /// The number of xruns since the last check, at least one.
        times: u64,
    },
}

impl fmt::Display for TakeEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TakeEvent::Mark(label) => f.write_str(label),
            TakeEvent::Gap { frames } => write!(f, "gap {frames} frames"),
            TakeEvent::Xrun { times: 0..=1 } => f.write_str(XRUN),
            TakeEvent::Xrun { times } => write!(f, "{XRUN} {times} times"),
        }
    }
}

impl FromStr for TakeEvent {
    type Err = Infallible;

    /// Reads the text that [`Display`](fmt::Display) writes; any other text is a user's mark.
    fn from_str(label: &str) -> Result<TakeEvent, Infallible> {
        let gap = || label.strip_prefix("gap ")?.strip_suffix(" frames")?.parse().ok();
        let xruns = || match label.strip_prefix(XRUN)? {
            "" => Some(1),
            // Only the exact text; anything else is a user's mark.
            rest => rest.strip_prefix(' ')?.strip_suffix(" times")?.parse().ok().filter(|times| *times > 1),
        };
        Ok(match gap() {
            Some(frames) => TakeEvent::Gap { frames },
            None => match xruns() {
                Some(times) => TakeEvent::Xrun { times },
                None => TakeEvent::Mark(label.to_owned()),
            },
        })
    }
}

impl From<&str> for TakeEvent {
    fn from(label: &str) -> TakeEvent {
        let Ok(happening) = label.parse();
        happening
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_label_names_its_event() {
        for (label, happening) in [
            ("xrun", TakeEvent::Xrun { times: 1 }),
            ("xrun 3 times", TakeEvent::Xrun { times: 3 }),
            ("xrun 1 times", TakeEvent::Mark("xrun 1 times".to_owned())),
            ("gap 4800 frames", TakeEvent::Gap { frames: 4800 }),
            ("gap -1 frames", TakeEvent::Mark("gap -1 frames".to_owned())),
            ("mind the gap 3 frames", TakeEvent::Mark("mind the gap 3 frames".to_owned())),
            ("chorus", TakeEvent::Mark("chorus".to_owned())),
            ("", TakeEvent::Mark(String::new())),
        ] {
            assert_eq!(TakeEvent::from(label), happening);
        }
    }

    proptest! {
        #[test]
        fn the_text_of_an_event_reads_back(label in ".{0,40}", frames: u64) {
            prop_assert_eq!(TakeEvent::from(label.as_str()).to_string(), label);
            let gap = TakeEvent::Gap { frames };
            prop_assert_eq!(TakeEvent::from(gap.to_string().as_str()), gap);
        }
    }
}
