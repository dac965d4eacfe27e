//! Whose tempo it is. Pure.

/// Whose tempo it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClockSource {
    /// busker's own.
    #[default]
    Internal,
    /// That of an incoming MIDI clock.
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
