//! What every part of the screen looks like: roles by area, read from a YAML file. Pure.
//!
//! Panels ask for `theme.header.tempo`, never for a colour, so a look can be changed without touching a panel. Nothing
//! on the screen is told by colour alone: without colours every sign still stands there.

use ratatui::style::{Color, Modifier, Style};
use serde::Deserialize;

/// The file of the built-in theme, compiled in.
const DEFAULT: &str = include_str!("../../themes/default.yaml");

/// A style as a theme's file writes it: `bold green on black`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Look(Style);

impl From<Look> for Style {
    fn from(look: Look) -> Style {
        look.0
    }
}

impl TryFrom<String> for Look {
    type Error = String;

    fn try_from(text: String) -> Result<Look, String> {
        let mut style = Style::default();
        let mut behind = false;
        for word in text.split_whitespace() {
            let modifier = match word {
                "plain" => Modifier::empty(),
                "bold" => Modifier::BOLD,
                "dim" => Modifier::DIM,
                "italic" => Modifier::ITALIC,
                "underlined" => Modifier::UNDERLINED,
                "reversed" => Modifier::REVERSED,
                "on" => {
                    behind = true;
                    continue;
                }
                colour => {
                    let colour: Color = colour.parse().map_err(|_| {
                        format!(
                            "'{text}' is no style: '{word}' is neither a colour (a name like light-red, 0 to 255, \
                             #rrggbb) nor bold, dim, italic, underlined, reversed, plain"
                        )
                    })?;
                    style = if behind { style.bg(colour) } else { style.fg(colour) };
                    behind = false;
                    continue;
                }
            };
            style = style.add_modifier(modifier);
        }
        if behind { Err(format!("'{text}' is no style: after 'on' stands a colour")) } else { Ok(Look(style)) }
    }
}

macro_rules! areas {
    ($( #[doc = $area_doc:literal] $area:ident: $name:ident { $( $role:ident ),* } )*) => {
        /// A whole look. Every role must be given, and no other.
        #[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct Theme {
            /// As it is chosen.
            pub name: String,
            $( #[doc = $area_doc] pub $area: $name, )*
        }

        $(
            #[doc = $area_doc]
            #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
            #[serde(deny_unknown_fields)]
            pub struct $name {
                $( #[doc = concat!("The role `", stringify!($role), "`.")] pub $role: Look, )*
            }
        )*

        impl Theme {
            /// The same look without any colour, as `NO_COLOR` asks.
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
        tab, tab_shown, tab_focused, heading, label, bar, track, value, focused, focused_bar
    }
    /// The record light.
    record: RecordLook { recording, ready, file, room, room_low, quiet }
    /// What the engine says.
    messages: MessagesLook { info, warning, error, past }
    /// The key bar.
    keys: KeysLook { mode, key, label }
    /// Help and the command line.
    overlay: OverlayLook { frame, title, heading, key, text, quiet, chosen }
}

impl Theme {
    /// Reads a theme's file.
    ///
    /// # Errors
    /// The first fault, with its role, line and what is allowed.
    pub fn from_yaml(text: &str) -> Result<Theme, String> {
        serde_yaml::from_str(text).map_err(|error| error.to_string())
    }

    /// The built-in look. It is a file like any other; a test vouches that it can be read.
    pub fn built_in() -> Theme {
        Theme::from_yaml(DEFAULT).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_theme_can_be_read() {
        let theme = Theme::from_yaml(DEFAULT).unwrap();
        assert_eq!(theme.name, "default");
        assert_eq!(Style::from(theme.header.playing), Style::new().fg(Color::Green).add_modifier(Modifier::BOLD));
        let plain = Style::from(theme.without_colours().header.playing);
        assert_eq!(plain, Style::new().add_modifier(Modifier::BOLD));
    }

    #[test]
    fn a_faulty_theme_names_its_fault() {
        let fault = |from: &str, to: &str| Theme::from_yaml(&DEFAULT.replacen(from, to, 1)).unwrap_err();
        let unknown = fault("rule:", "ruler:");
        assert!(unknown.contains("ruler") && unknown.contains("line"), "{unknown}");
        let colour = fault("bold green", "bold gren");
        assert!(colour.contains("header.playing") && colour.contains("'gren'"), "{colour}");
        let dangling = fault("bold green", "bold on");
        assert!(dangling.contains("after 'on'"), "{dangling}");
    }
}
