//! The theme: styles of every part of the screen, as roles by area, read from a YAML file. Pure.
//!
//! Panels use `theme.header.tempo`, never a colour, so that a theme can change without a change in a panel. No meaning
//! depends on colour alone: every sign is visible without colours, too.

use crate::yaml::{self, Fault, YamlField, YamlReader};
use ratatui::style::{Color, Modifier, Style};
use std::str::FromStr;

/// The built-in theme, compiled in: its file name and its text.
const BUILT_IN: (&str, &str) = ("themes/default.yaml", include_str!("../../themes/default.yaml"));
/// Maximum length of a theme's name, in characters.
const NAME_CHARS_MAX: usize = 40;

/// A style as it is written in a theme: `bold green on black`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Look(Style);

impl From<Look> for Style {
    fn from(look: Look) -> Style {
        look.0
    }
}

/// Why a text is no style.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "plain, or any of bold, dim, italic, underlined, reversed, a colour, and 'on' with a colour; a colour is a name \
     like light-red, 0 to 255 or #rrggbb"
)]
pub struct NotALook;

impl FromStr for Look {
    type Err = NotALook;

    fn from_str(text: &str) -> Result<Look, NotALook> {
        let colour = |word: Option<&str>| word.and_then(|word| word.parse::<Color>().ok()).ok_or(NotALook);
        let mut style = Style::default();
        let mut words = text.split_whitespace();
        while let Some(word) = words.next() {
            style = match word {
                "plain" => style,
                "bold" => style.add_modifier(Modifier::BOLD),
                "dim" => style.add_modifier(Modifier::DIM),
                "italic" => style.add_modifier(Modifier::ITALIC),
                "underlined" => style.add_modifier(Modifier::UNDERLINED),
                "reversed" => style.add_modifier(Modifier::REVERSED),
                "on" => style.bg(colour(words.next())?),
                word => style.fg(colour(Some(word))?),
            };
        }
        Ok(Look(style))
    }
}

macro_rules! areas {
    ($( #[doc = $area_doc:literal] $area:ident: $name:ident { $( $role:ident ),* } )*) => {
        /// A theme. Every role is required, and no other is allowed.
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub struct Theme {
            /// Its name.
            pub name: String,
            $( #[doc = $area_doc] pub $area: $name, )*
        }

        $(
            #[doc = $area_doc]
            #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
            pub struct $name {
                $( #[doc = concat!("The role `", stringify!($role), "`.")] pub $role: Look, )*
            }
        )*

        fn read(reader: &mut YamlReader<'_>, root: &YamlField<'_>) -> Option<Theme> {
            let map = reader.mapping(root, &["name", $( stringify!($area) ),*])?;
            let name = reader.needed(&map, "name", |reader, field| reader.text(field, NAME_CHARS_MAX));
            // Every area is read before a missing one ends the reading, so that all faults are reported at once.
            $( let $area = reader.needed(&map, stringify!($area), |reader, field| {
                if !field.is_given() {
                    return None;
                }
                let roles = reader.mapping(field, &[$( stringify!($role) ),*])?;
                $( let $role = reader.needed(&roles, stringify!($role), |reader, field| reader.parsed(field)); )*
                Some($name { $( $role: $role? ),* })
            }); )*
            Some(Theme { name: name?, $( $area: $area? ),* })
        }

        impl Theme {
            /// The same theme without any colour, for `NO_COLOR`.
            pub fn without_colours(mut self) -> Theme {
                $( $(
                    let style = &mut self.$area.$role.0;
                    style.fg = None;
                    style.bg = None;
                    style.underline_color = None;
                )* )*
                self
            }
        }
    };
}

areas! {
    /// Rules and titles between the areas.
    frame: FrameLook { rule, title }
    /// Transport, device and ports.
    header: HeaderLook { playing, stopped, position, time, tempo, enabled, disabled, device, quiet, alarm }
    /// Meters.
    meters: MetersLook { label, scale, low, middle, high, empty, hold, number, clip }
    /// Knobs and the sections they stand in.
    knobs: KnobsLook {
        tab, tab_shown, tab_focused, heading, label, bar, track, value, focused, focused_bar, learning, moved,
        automated, automated_off, morph
    }
    /// MIDI ports, the clock and the monitor.
    midi: MidiLook { heading, text, used, quiet, alarm, incoming, outgoing }
    /// The record light.
    record: RecordLook { recording, waiting, ready, file, detail, gap, room, room_low, quiet }
    /// The takes: the list, and the waveform of the focused one.
    takes: TakesLook {
        heading, text, focused, quiet, alarm, recording, playing, wave, heard, mark, position
    }
    /// Messages.
    messages: MessagesLook { info, warning, error, past }
    /// The key bar.
    keys: KeysLook { mode, key, label }
    /// Help and the command line.
    overlay: OverlayLook { frame, title, heading, key, text, quiet, chosen }
}

impl Theme {
    /// Checks a theme's text; `file` is used in the faults only.
    ///
    /// # Errors
    /// Every fault at once.
    pub fn from_yaml(file: &str, text: &str) -> Result<Theme, Vec<Fault>> {
        yaml::check(file, text, read)
    }

    /// The built-in theme. It is a file like any other; a test checks that it can be read.
    pub fn built_in() -> Theme {
        Theme::from_yaml(BUILT_IN.0, BUILT_IN.1).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_theme_can_be_read() {
        let theme = Theme::from_yaml(BUILT_IN.0, BUILT_IN.1).unwrap();
        assert_eq!(theme.name, "default");
        assert_eq!(Style::from(theme.header.playing), Style::new().fg(Color::Green).add_modifier(Modifier::BOLD));
        let plain = Style::from(theme.without_colours().header.playing);
        assert_eq!(plain, Style::new().add_modifier(Modifier::BOLD));
    }

    #[test]
    fn styles_are_words() {
        let black_on_red = Style::new().fg(Color::Black).bg(Color::LightRed).add_modifier(Modifier::BOLD);
        assert_eq!("bold black on light-red".parse(), Ok(Look(black_on_red)));
        assert_eq!("plain".parse(), Ok(Look::default()));
        assert_eq!("#ff8000".parse(), Ok(Look(Style::new().fg(Color::Rgb(255, 128, 0)))));
        for bad in ["gren", "red on", "on bold", "bold bald"] {
            assert_eq!(bad.parse::<Look>(), Err(NotALook), "{bad}");
        }
    }

    #[test]
    fn a_faulty_theme_names_every_fault_with_its_line() {
        let text = BUILT_IN.1.replacen("  rule:", "  ruler:", 1).replacen("bold green", "bold gren", 1);
        let faults: Vec<String> =
            Theme::from_yaml("mine.yaml", &text).unwrap_err().iter().map(ToString::to_string).collect();
        let line = |of: &str| text.lines().position(|line| line.contains(of)).unwrap() + 1;
        let (ruler, gren) = (line("ruler"), line("gren"));
        for fault in [
            format!("mine.yaml:{ruler} frame.ruler: 'ruler' is not a field here, allowed rule, title"),
            format!("mine.yaml:{ruler} frame.rule: is missing"),
            format!("mine.yaml:{gren} header.playing: 'bold gren' does not fit, allowed {NotALook}"),
        ] {
            assert!(faults.contains(&fault), "{fault}\nnot in {faults:#?}");
        }
        assert_eq!(faults.len(), 3);
    }
}
