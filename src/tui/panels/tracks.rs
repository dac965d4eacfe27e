//! The tracks, in the place of the knobs: a row each, with its loop as a bar that the song runs along, and the pedal of
//! the focused one. They are drawn in `tracks/view.rs`.

mod view;

use super::{Availability, Layer, Panel, PanelSpec, line};
use crate::{
    command::{
        Command,
        arg::{OnOff, Pan, Switch, TrackNumber},
    },
    music::Decibels,
    status::{Status, TrackStatus, TracksStatus},
    tui::{
        acts::acts,
        app::{App, AppRequest},
        panels::ScreenAreas,
        theme::Theme,
        visible::Visible,
    },
};
use ratatui::Frame;

/// A step of a fader, in dB.
const STEP_DB: f32 = 1.0;
/// A step of a pan.
const STEP_PAN: f64 = 0.1;
/// The range of a fader that keys move, in dB.
const FADER_DB: (f32, f32) = (-60.0, 12.0);

acts! {
    /// Show the tracks, or the knobs again
    Toggle = "tracks"
    /// Go to the track above
    Previous = "tracks.up"
    /// Go to the track below
    Next = "tracks.down"
    /// Press the pedal of this track: record, play, overdub, play
    Pedal = "tracks.pedal"
    /// Make a loop of the last four bars played
    Keep = "tracks.keep"
    /// Undo the last pass of this track
    Undo = "tracks.undo"
    /// Redo what was undone of this track
    Redo = "tracks.redo"
    /// Mute this track
    Mute = "tracks.mute"
    /// Solo this track
    Solo = "tracks.solo"
    /// Arm this track
    Arm = "tracks.arm"
    /// Record the armed tracks while the song plays
    Record = "tracks.record"
    /// Raise the fader of this track by 1 dB
    Louder = "tracks.louder"
    /// Lower the fader of this track by 1 dB
    Softer = "tracks.softer"
    /// Pan this track to the left
    Left = "tracks.left"
    /// Pan this track to the right
    Right = "tracks.right"
    /// Remove everything recorded on this track; it can be undone
    Clear = "tracks.clear"
    /// Rename this track
    Rename = "tracks.rename"
    /// Repeat the song's loop region
    Loop = "tracks.loop"
    /// Cancel what waits for the grid
    Cancel = "tracks.cancel"
}

/// Which track has the focus.
#[derive(Clone, Copy, Debug, Default)]
pub struct State {
    focus: usize,
}

impl State {
    /// The place of the focused track.
    pub fn place(self, tracks: &TracksStatus) -> Option<usize> {
        let last = tracks.tracks.len().checked_sub(1)?;
        Some(self.focus.min(last))
    }

    fn step(&mut self, by: isize, status: &Status) {
        if let Some((place, last)) =
            status.tracks.as_ref().and_then(|tracks| Some((self.place(tracks)?, tracks.tracks.len() - 1)))
        {
            self.focus = place.saturating_add_signed(by).min(last);
        }
    }

    /// The focused track, with its number.
    fn focused(self, status: &Status) -> Option<(TrackNumber, &TrackStatus)> {
        let tracks = status.tracks.as_ref()?;
        let place = self.place(tracks)?;
        Some((TrackNumber(u8::try_from(place + 1).ok()?), tracks.tracks.get(place)?))
    }
}

impl PanelSpec for State {
    const LAYER: Layer = Layer::Cover("TRACKS");
    const GREETING: &'static str = "· Enter is the pedal of the focused track; Esc shows the knobs; ? shows every key";
    type Act = Act;

    fn act(app: &mut App, act: Act, status: &Status) -> Vec<AppRequest> {
        match act {
            Act::Toggle => return if app.is_open(Panel::Tracks) { app.clear() } else { app.open(Panel::Tracks) },
            Act::Previous => app.memory.tracks.step(-1, status),
            Act::Next => app.memory.tracks.step(1, status),
            Act::Record => {
                return vec![AppRequest::Ask(Command::TrackRecord { state: Switch::Toggle })];
            }
            Act::Loop => return vec![AppRequest::Ask(Command::LoopOn { state: Switch::Toggle })],
            Act::Cancel => return vec![AppRequest::Ask(Command::TransportCancel {})],
            Act::Rename => {
                if let Some((TrackNumber(number), track)) = app.memory.tracks.focused(status) {
                    let text = format!("track.name {number} {}", track.name);
                    return line::open(app, &text);
                }
            }
            _ => return of_focused(app.memory.tracks, act, status),
        }
        Vec::new()
    }

    fn possible(app: &App, act: Act, status: &Visible) -> Availability {
        let focused = app.memory.tracks.focused(status).map(|(_, track)| track);
        let has = |is_it: fn(&TrackStatus) -> bool| focused.is_some_and(is_it);
        match act {
            Act::Toggle => Availability::on(app.is_open(Panel::Tracks)),
            Act::Mute if has(|track| track.mute) => Availability::On,
            Act::Solo if has(|track| track.solo) => Availability::On,
            Act::Arm if has(|track| track.arm) => Availability::On,
            Act::Keep => Availability::possible(status.transport.playing && has(|track| track.loop_pulses.is_none())),
            Act::Undo => Availability::possible(has(|track| track.undo_steps > 0)),
            Act::Redo => Availability::possible(has(|track| track.redo_steps > 0)),
            Act::Record => {
                let tracks = status.tracks.as_ref();
                match tracks.is_some_and(|tracks| tracks.is_recording) {
                    true => Availability::On,
                    false => {
                        Availability::possible(tracks.is_some_and(|tracks| tracks.tracks.iter().any(|track| track.arm)))
                    }
                }
            }
            Act::Loop => {
                let tracks = status.tracks.as_ref();
                match tracks.is_some_and(|tracks| tracks.loop_on) {
                    true => Availability::On,
                    false => Availability::possible(tracks.is_some_and(|tracks| tracks.loop_pulses.is_some())),
                }
            }
            Act::Cancel => {
                let waits = status
                    .tracks
                    .as_ref()
                    .is_some_and(|tracks| tracks.tracks.iter().any(|track| track.waits_beats.is_some()));
                Availability::possible(waits)
            }
            // Without a track it adds one.
            Act::Pedal => Availability::Possible,
            _ => Availability::possible(focused.is_some()),
        }
    }

    fn draw(app: &App, status: &Visible, theme: &Theme, areas: &ScreenAreas, frame: &mut Frame<'_>) {
        view::draw(app.memory.tracks, status, theme, areas, frame);
    }
}

/// What the keys do with the focused track.
fn of_focused(state: State, act: Act, status: &Status) -> Vec<AppRequest> {
    let Some((track, now)) = state.focused(status) else {
        // The first press makes the first track.
        return match act {
            Act::Pedal => vec![
                AppRequest::Ask(Command::TrackAdd { name: None }),
                AppRequest::Ask(Command::TrackPedal { track: TrackNumber(1), state: None }),
            ],
            _ => Vec::new(),
        };
    };
    let fader = |by: f32| {
        let gain = Decibels((now.gain_db.clamp(FADER_DB.0, FADER_DB.1) + by).clamp(FADER_DB.0, FADER_DB.1));
        Command::TrackGain { track, gain }
    };
    let pan = |by: f64| {
        let pan = ((now.pan + by) * 10.0).round() / 10.0;
        Command::TrackPan { track, pan: Pan(pan.clamp(-1.0, 1.0)) }
    };
    let to = |on: bool| Switch::To(OnOff(on));
    let command = match act {
        Act::Pedal => Command::TrackPedal { track, state: None },
        Act::Keep => Command::TrackKeep { track, bars: None },
        Act::Undo => Command::TrackUndo { track },
        Act::Redo => Command::TrackRedo { track },
        Act::Mute => Command::TrackMute { track, state: to(!now.mute) },
        Act::Solo => Command::TrackSolo { track, state: to(!now.solo) },
        Act::Arm => Command::TrackArm { track, state: to(!now.arm) },
        Act::Louder => fader(STEP_DB),
        Act::Softer => fader(-STEP_DB),
        Act::Left => pan(-STEP_PAN),
        Act::Right => pan(STEP_PAN),
        Act::Clear => Command::TrackClear { track },
        _ => return Vec::new(),
    };
    vec![AppRequest::Ask(command)]
}
