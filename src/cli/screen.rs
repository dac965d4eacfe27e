//! `busker`: the engine with its screen, in one process.

use super::{
    Failure, Outcome,
    setup::{Setup, StationArgs},
    signals,
};
use crate::{
    engine::{
        host::{
            quiet::QuietStderr,
            select::{self, DeviceChoice},
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
    let selected =
        select::select(&setup.device, &setup.ports, &setup.request, &setup.config.profile).or_else(|error| {
            // On stage, a station on the wrong device beats none: everything works, and the line says what is wrong.
            setup.notices.push((Severity::Error, format!("{error}; playing on the simulated host")));
            select::select(&DeviceChoice::Sim, &[select::PortChoice::Auto], &setup.request, &setup.config.profile)
        });
    let selected = selected.map_err(Failure::asked)?;
    setup.notices.extend(selected.notices);
    let engine =
        Engine::start(&setup.config, selected.device, selected.ports, selected.reopen, None).map_err(Failure::asked)?;
    let station = engine.station().clone();
    signals::quit_on_signals(station.clone())?;
    let mut options = tui::TuiOptions::from_environment();
    options.profiles = setup.config.library.ids().map(str::to_owned).collect();
    options.notices = setup.notices;
    let shown = tui::run(&station, options);
    drop(engine);
    drop(quiet);
    shown.map_err(Failure::other)
}
