//! The tempo source. Pure.

/// The tempo source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClockSource {
    /// busker's own tempo.
    #[default]
    Internal,
    /// An incoming MIDI clock.
    Midi,
}

impl std::str::FromStr for ClockSource {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<ClockSource, &'static str> {
        match text {
            "internal" => Ok(ClockSource::Internal),
            "midi" => Ok(ClockSource::Midi),
            _ => Err("internal or midi"),
        }
    }
}
