//! What the marks of a take tell. Pure.

use std::{convert::Infallible, fmt, str::FromStr};

const XRUN: &str = "xrun";

/// Something that happened while a take was made, as it is written beside its place. A user's mark that is worded like
/// one of busker's is read as that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happening {
    /// Somebody marked the place; the text may be empty.
    Mark(String),
    /// From here on frames are missing, and silence is in their place.
    Gap {
        /// How many.
        frames: u64,
    },
    /// The system was late: something may be missing here or doubled.
    Xrun {
        /// How often since it was looked at last, at least once.
        times: u64,
    },
}

impl fmt::Display for Happening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Happening::Mark(label) => f.write_str(label),
            Happening::Gap { frames } => write!(f, "gap {frames} frames"),
            Happening::Xrun { times: 0..=1 } => f.write_str(XRUN),
            Happening::Xrun { times } => write!(f, "{XRUN} {times} times"),
        }
    }
}

impl FromStr for Happening {
    type Err = Infallible;

    /// Reads what [`Display`](fmt::Display) writes; all else is a user's mark.
    fn from_str(label: &str) -> Result<Happening, Infallible> {
        let gap = || label.strip_prefix("gap ")?.strip_suffix(" frames")?.parse().ok();
        let xruns = || match label.strip_prefix(XRUN)? {
            "" => Some(1),
            // As it is written: what else it may be is a user's mark.
            rest => rest.strip_prefix(' ')?.strip_suffix(" times")?.parse().ok().filter(|times| *times > 1),
        };
        Ok(match gap() {
            Some(frames) => Happening::Gap { frames },
            None => match xruns() {
                Some(times) => Happening::Xrun { times },
                None => Happening::Mark(label.to_owned()),
            },
        })
    }
}

impl From<&str> for Happening {
    fn from(label: &str) -> Happening {
        let Ok(happening) = label.parse();
        happening
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_label_says_what_happened() {
        for (label, happening) in [
            ("xrun", Happening::Xrun { times: 1 }),
            ("xrun 3 times", Happening::Xrun { times: 3 }),
            ("xrun 1 times", Happening::Mark("xrun 1 times".to_owned())),
            ("gap 4800 frames", Happening::Gap { frames: 4800 }),
            ("gap -1 frames", Happening::Mark("gap -1 frames".to_owned())),
            ("mind the gap 3 frames", Happening::Mark("mind the gap 3 frames".to_owned())),
            ("chorus", Happening::Mark("chorus".to_owned())),
            ("", Happening::Mark(String::new())),
        ] {
            assert_eq!(Happening::from(label), happening);
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(label in ".{0,40}", frames: u64) {
            prop_assert_eq!(Happening::from(label.as_str()).to_string(), label);
            let gap = Happening::Gap { frames };
            prop_assert_eq!(Happening::from(gap.to_string().as_str()), gap);
        }
    }
}
