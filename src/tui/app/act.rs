//! Actions of the whole screen.

use super::{App, AppRequest};
use crate::{
    command::{
        Command,
        arg::{OnOff, PortName},
    },
    music::Decibels,
    status::{Severity, Status},
    tui::{acts::acts, panels::Availability, visible::Visible},
};

acts! {
    /// Select the instrument at the next port
    NextInstrument = "instrument.next"
    /// Monitor the inputs, or mute the monitor
    Monitor = "monitor"
    /// Send MIDI clock, or stop sending it
    Clock = "clock"
    /// Leave the screen; the station keeps running for `busker attach`
    Detach = "detach"
    /// Redraw the whole screen
    Redraw = "redraw"
    /// Go back to the previous screen
    Close = "close"
}

/// Runs an action.
pub fn act(app: &mut App, act: Act, status: &Status) -> Vec<AppRequest> {
    match act {
        Act::NextInstrument => return next_instrument(app, status),
        Act::Monitor => return monitor(app, status),
        Act::Clock => {
            let state = OnOff(!status.transport.clock_on);
            return vec![AppRequest::Tell(Command::ClockRun { state })];
        }
        Act::Detach if app.can_detach => return vec![AppRequest::Detach],
        Act::Detach => {
            app.say(Severity::Warning, "detaching is not possible without a socket; ctrl-q ends the station")
        }
        Act::Redraw => app.redraw = true,
        Act::Close => return app.close(),
    }
    Vec::new()
}

/// Whether an action is possible now.
pub fn possible(act: Act, status: &Visible) -> Availability {
    match act {
        Act::NextInstrument => Availability::possible(status.ports.iter().filter(|port| port.output).count() > 1),
        Act::Monitor => Availability::on(status.inputs.monitor_db > Decibels::SILENCE.0),
        Act::Clock => Availability::on(status.transport.clock_on),
        Act::Detach | Act::Redraw | Act::Close => Availability::Possible,
    }
}

/// To the instrument at the next port with an output, wrapping at the ends.
fn next_instrument(app: &mut App, status: &Status) -> Vec<AppRequest> {
    let playable = || (1u8..).zip(&status.ports).filter(|(_, port)| port.output).map(|(number, _)| number);
    let next = playable().find(|number| *number > *status.instrument).or_else(|| playable().next());
    match next.filter(|number| *number != *status.instrument) {
        Some(number) => {
            let port = PortName(number.to_string());
            let mut requests = app.silence();
            requests.push(AppRequest::Tell(Command::PortUse { port }));
            requests
        }
        None => {
            app.say(Severity::Info, "no other instrument: each needs its own port in the settings");
            Vec::new()
        }
    }
}

fn monitor(app: &mut App, status: &Status) -> Vec<AppRequest> {
    let now = Decibels(status.inputs.monitor_db);
    let gain = if now > Decibels::SILENCE {
        app.monitor = now;
        Decibels::SILENCE
    } else {
        app.monitor
    };
    vec![AppRequest::Tell(Command::MonitorGain { gain })]
}
