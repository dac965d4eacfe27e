//! `busker`: the engine with its screen, in one process.

use super::{
    Failure, Outcome,
    setup::{Setup, StationArgs},
    signals,
};
use crate::{
    engine::{
        host::{
            HostError,
            quiet::QuietStderr,
            select::{self, DeviceChoice, PortChoice, PortWish, Selected},
        },
        live::Engine,
    },
    status::Severity,
    tui,
};

/// Shows the station until it is left.
///
/// # Errors
/// No terminal, a port that cannot be, or nothing to run on.
pub fn show(args: &StationArgs) -> Outcome {
    tui::check_terminal().map_err(Failure::asked)?;
    let mut setup = Setup::new(args)?;
    let quiet = QuietStderr::into(&setup.folders.log_file());
    let selected = select_or_next_best(&mut setup).map_err(Failure::asked)?;
    setup.notices.extend(selected.notices);
    let engine = Engine::start(&setup.config, selected.machinery, None).map_err(Failure::asked)?;
    let station = engine.station().clone();
    signals::quit_on_signals(station.clone())?;
    if let Some(Err(refused)) = setup.session.take().map(|command| station.ask(command)) {
        setup.notices.push((Severity::Error, format!("playing without a session: {refused}")));
    }
    let mut options = tui::TuiOptions::from_environment();
    options.notices = setup.notices;
    let shown = tui::run(&station, options);
    drop(engine);
    drop(quiet);
    shown.map_err(Failure::other)
}

/// What was asked for; or else, on stage, a station that plays: with another port, or on the simulated host. The line
/// says what could not be had.
fn select_or_next_best(setup: &mut Setup) -> Result<Selected, HostError> {
    let select = |device: &DeviceChoice, ports: &[PortWish]| {
        select::select(device, ports, &setup.request, &setup.config.profile)
    };
    let asked = match select(&setup.device, &setup.ports) {
        Ok(selected) => return Ok(selected),
        Err(error) => error,
    };
    let auto = [PortChoice::Auto.into()];
    let (selected, instead) = match select(&setup.device, &auto) {
        Ok(selected) => (selected, "playing on another port"),
        Err(_) => {
            let device = DeviceChoice::Sim;
            let selected = select(&device, &setup.ports).or_else(|_| select(&device, &auto))?;
            // The inputs that were asked for are the missing device's.
            setup.config.input = None;
            (selected, "playing on the simulated host")
        }
    };
    setup.notices.push((Severity::Error, format!("{instead}: {asked}")));
    Ok(selected)
}
