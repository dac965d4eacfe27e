//! Taps: the sources of audio to record, with their names: `1`, `3-4`, `synth`, `master`, `1,3-4`.
//!
//! Pure. The capture buffer holds a channel for each of its taps, the recorder selects some of them, and an order to
//! the disk writer names those of each file. Tracks, before and after their strips, will be two more kinds of tap.

use std::{fmt, str::FromStr};

/// One of two channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// The first.
    Left,
    /// The second.
    Right,
}

/// One channel of audio that can be recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tap {
    /// An input of the device, counted from 1.
    Input(u16),
    /// The built-in synth, if it is an input.
    Synth(Side),
    /// The master mix.
    Master(Side),
}

impl Tap {
    /// The master mix.
    pub const MASTER: [Tap; 2] = [Tap::Master(Side::Left), Tap::Master(Side::Right)];
    /// The built-in synth.
    pub const SYNTH: [Tap; 2] = [Tap::Synth(Side::Left), Tap::Synth(Side::Right)];
    /// The highest input number.
    pub const HIGHEST_INPUT: u16 = 256;

    /// The device's input of this index, which is counted from 0.
    pub fn of_input(index: usize) -> Tap {
        Tap::Input(u16::try_from(index + 1).unwrap_or(u16::MAX))
    }
}

/// Taps in the order in which they were named, each once; at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taps(Vec<Tap>);

impl Taps {
    /// Maximum number of taps in a list.
    pub const MOST: usize = 64;

    /// These taps; `None` if there is none, one is there twice, or there are more than [`MOST`](Self::MOST).
    pub fn new(taps: Vec<Tap>) -> Option<Taps> {
        let is_new = |(at, tap): (usize, &Tap)| !taps[..at].contains(tap);
        let fits = (1..=Self::MOST).contains(&taps.len()) && taps.iter().enumerate().all(is_new);
        fits.then_some(Taps(taps))
    }

    /// The taps.
    pub fn as_slice(&self) -> &[Tap] {
        &self.0
    }

    /// The highest input of the device among them; 0 if there is none.
    pub fn highest_input(&self) -> usize {
        let input = |tap: &Tap| if let Tap::Input(input) = tap { usize::from(*input) } else { 0 };
        self.0.iter().map(input).max().unwrap_or(0)
    }

    /// Each tap as it is named among the available ones. If the device has no inputs and the built-in synth is
    /// available, inputs 1 and 2 are the synth's left and right.
    ///
    /// # Errors
    /// The first that is not available.
    pub fn among(&self, there: &[Tap]) -> Result<Vec<Tap>, Tap> {
        let has_inputs = there.iter().any(|tap| matches!(tap, Tap::Input(_)));
        let meant = |tap: &Tap| match *tap {
            Tap::Input(input @ 1..=2) if !has_inputs => Tap::SYNTH[usize::from(input) - 1],
            tap => tap,
        };
        self.0.iter().map(|tap| Some(meant(tap)).filter(|tap| there.contains(tap)).ok_or(*tap)).collect()
    }
}

/// How many of these taps, from the first on, are written as one word.
fn word_length(taps: &[Tap]) -> usize {
    match taps {
        [Tap::Input(_), ..] => {
            let follows = |pair: &&[Tap]| matches!(pair, [Tap::Input(a), Tap::Input(b)] if *b == *a + 1);
            1 + taps.windows(2).take_while(follows).count()
        }
        [first, second, ..] if [Tap::MASTER, Tap::SYNTH].contains(&[*first, *second]) => 2,
        _ => taps.len().min(1),
    }
}

/// Writes taps as text; empty if there is none.
pub fn write(f: &mut impl fmt::Write, taps: &[Tap]) -> fmt::Result {
    let mut rest = taps;
    while let (word @ [first, ..], after) = rest.split_at(word_length(rest)) {
        match (word, first) {
            ([Tap::Input(from), .., Tap::Input(to)], _) => write!(f, "{from}-{to}")?,
            ([_, _], Tap::Synth(_)) => f.write_str("synth")?,
            ([_, _], Tap::Master(_)) => f.write_str("master")?,
            _ => write!(f, "{first}")?,
        }
        if !after.is_empty() {
            f.write_char(',')?;
        }
        rest = after;
    }
    Ok(())
}

/// Taps as text.
pub fn text(taps: &[Tap]) -> String {
    let mut text = String::new();
    // Writing to a string never fails.
    let _ = write(&mut text, taps);
    text
}

impl fmt::Display for Taps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write(f, &self.0)
    }
}

impl fmt::Display for Tap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Tap::Input(input) => write!(f, "{input}"),
            Tap::Synth(side) => write!(f, "synth-{side}"),
            Tap::Master(side) => write!(f, "master-{side}"),
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Side::Left => "left",
            Side::Right => "right",
        })
    }
}

/// Why a text names no taps.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "inputs of the device from 1 to {}, synth or master, like 1, 3-4 or 1,3-4,master, at most {} of them and each once",
    Tap::HIGHEST_INPUT,
    Taps::MOST
)]
pub struct NotTaps;

impl FromStr for Taps {
    type Err = NotTaps;

    fn from_str(text: &str) -> Result<Taps, NotTaps> {
        let mut taps = Vec::new();
        for word in text.split(',') {
            match word {
                "synth" => taps.extend(Tap::SYNTH),
                "master" => taps.extend(Tap::MASTER),
                "synth-left" => taps.push(Tap::Synth(Side::Left)),
                "synth-right" => taps.push(Tap::Synth(Side::Right)),
                "master-left" => taps.push(Tap::Master(Side::Left)),
                "master-right" => taps.push(Tap::Master(Side::Right)),
                _ => {
                    let input =
                        |text: &str| text.parse::<u16>().ok().filter(|input| (1..=Tap::HIGHEST_INPUT).contains(input));
                    let (from, to) = word.split_once('-').unwrap_or((word, word));
                    let (from, to) = input(from).zip(input(to)).filter(|(a, b)| a <= b).ok_or(NotTaps)?;
                    taps.extend((from..=to).map(Tap::Input));
                }
            }
        }
        Taps::new(taps).ok_or(NotTaps)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tap() -> impl Strategy<Value = Tap> {
        let side = prop_oneof![Just(Side::Left), Just(Side::Right)];
        prop_oneof![
            // Numbers near each other, so that there are ranges.
            (1..12_u16).prop_map(Tap::Input),
            (1..=Tap::HIGHEST_INPUT).prop_map(Tap::Input),
            side.clone().prop_map(Tap::Synth),
            side.prop_map(Tap::Master),
        ]
    }

    proptest! {
        #[test]
        fn the_text_of_taps_reads_back(mut taps in prop::collection::vec(tap(), 1..40)) {
            let mut seen = Vec::new();
            taps.retain(|tap| !seen.contains(tap) && { seen.push(*tap); true });
            let taps = Taps::new(taps).unwrap();
            prop_assert_eq!(taps.to_string().parse(), Ok(taps));
        }

        #[test]
        fn no_text_is_read_as_taps_that_print_another_meaning(text in "[-,0-9masterynlfigh]{0,24}") {
            if let Ok(taps) = text.parse::<Taps>() {
                prop_assert_eq!(taps.to_string().parse(), Ok(taps));
            }
        }
    }

    #[test]
    fn taps_print_as_users_write_them() {
        for text in ["1", "3-4", "master", "1,3-4", "2,1", "synth,7,master-right", "1-64"] {
            assert_eq!(text.parse::<Taps>().unwrap().to_string(), text);
        }
        assert_eq!("1,2,3,master-left,master-right".parse::<Taps>().unwrap().to_string(), "1-3,master");
    }

    #[test]
    fn a_text_that_names_no_taps_is_refused() {
        for bad in ["", "0", "4-3", "1,1", "1-65", "257", "1-", "-1", "1;2", "left", "master,master-left", "1,,2"] {
            assert_eq!(bad.parse::<Taps>(), Err(NotTaps), "{bad}");
        }
    }

    #[test]
    fn inputs_of_a_device_that_has_none_are_the_synths() {
        let of = |text: &str, there: &[Tap]| text.parse::<Taps>().unwrap().among(there);
        let synth: Vec<Tap> = Tap::SYNTH.into_iter().chain(Tap::MASTER).collect();
        assert_eq!(of("2,1", &synth), Ok(vec![Tap::Synth(Side::Right), Tap::Synth(Side::Left)]));
        assert_eq!(of("1,3", &synth), Err(Tap::Input(3)));
        let device: Vec<Tap> = synth.into_iter().chain([Tap::Input(1)]).collect();
        assert_eq!(of("1", &device), Ok(vec![Tap::Input(1)]));
        assert_eq!(of("2", &device), Err(Tap::Input(2)));
    }
}
