//! `busker`: the engine with its screen, in one process that continues when the user leaves the screen.

use super::{
    Failure, Outcome, attach, idle, instead,
    launch::{self, Launcher},
    running::complain_of_end,
    setup::{Setup, StationArgs},
    signals,
};
use crate::{
    engine::{
        doors::Doors,
        host::{HostError, quiet::QuietStderr},
        live::Engine,
        select::{self, DeviceChoice, PortChoice, PortWish, Selection},
        station::Station,
    },
    remote::socket::{
        door::SocketDoor,
        socket_file::{SocketFile, SocketFileError},
    },
    status::Severity,
    tui::{self, Left},
};
use std::{os::unix::net::UnixListener, path::Path};

/// Shows the station until the user leaves it: the running one, if there is one and no argument asks for another.
///
/// # Errors
/// No terminal, a port that cannot be opened, or no device.
pub fn show(args: &StationArgs) -> Outcome {
    tui::check_terminal().map_err(Failure::asked)?;
    if let Some(launcher) = launch::launcher() {
        return run(args, &launcher);
    }
    // A free socket is left free here: the launched process opens it.
    let taken = SocketFile::take(&args.socket.path()).err();
    match taken {
        Some(SocketFileError::Taken(path)) => join(args, &path),
        _ => launch::launch(),
    }
}

/// After a lost connection, the user types `busker` again to return to the running station.
fn join(args: &StationArgs, path: &Path) -> Outcome {
    let plain = StationArgs { socket: args.socket.clone(), ..StationArgs::default() };
    if *args != plain {
        let path = path.display();
        return Err(Failure::asked(format!(
            "a station is already running at {path}: `busker attach` shows it, `busker do quit` ends it, --socket PATH starts another"
        )));
    }
    attach::show(path)
}

fn run(args: &StationArgs, launcher: &Launcher) -> Outcome {
    launcher.watch();
    let hung_up = signals::hang_ups()?;
    let mut setup = Setup::new(args)?;
    let place = place(args, &mut setup)?;
    let quiet = QuietStderr::into(&setup.folders.log_file());
    let selected = select_or_next_best(&mut setup).map_err(Failure::asked)?;
    setup.notices.extend(selected.notices);
    let engine = Engine::start(&setup.config, selected.machinery, None).map_err(Failure::asked)?;
    let station = engine.station().clone();
    signals::quit_on_signals(station.clone())?;
    let door = place.and_then(|place| open(place, &station, &setup.config.doors, &mut setup.notices));
    if let Some(Err(refused)) = setup.session.take().map(|command| station.ask(command)) {
        setup.notices.push((Severity::Error, format!("playing without a session: {refused}")));
    }
    let can_detach = door.is_some();
    let options = tui::TuiOptions { can_detach, notices: setup.notices, ..tui::TuiOptions::from_environment() };
    let left = if hung_up.is_raised() { Ok(Left::Lost) } else { tui::run(&station.guest(), options) };
    match &left {
        Ok(Left::Detached | Left::Lost) if can_detach => {
            drop(quiet);
            launcher.let_go();
            if let Some(after) = setup.idle_end {
                idle::end_when_idle(station.clone(), after)?;
            }
            engine.wait();
        }
        _ => {
            let lost = engine.end();
            drop(quiet);
            drop(door);
            let ended = complain_of_end(&lost);
            return left.map_err(Failure::other).and(ended);
        }
    }
    drop(door);
    left.map(drop).map_err(Failure::other)
}

/// The socket where other screens attach to this station; without one it plays, too.
fn place(args: &StationArgs, setup: &mut Setup) -> Result<Option<(SocketFile, UnixListener)>, Failure> {
    match SocketFile::take(&args.socket.path()) {
        Ok(place) => Ok(Some(place)),
        Err(taken @ SocketFileError::Taken(_)) => Err(Failure::asked(taken)),
        Err(refused) => {
            setup.notices.push((Severity::Warning, format!("no other screen can attach: {refused}")));
            Ok(None)
        }
    }
}

fn open(
    (place, listener): (SocketFile, UnixListener),
    station: &Station,
    doors: &Doors,
    notices: &mut Vec<(Severity, String)>,
) -> Option<SocketDoor> {
    SocketDoor::open(place, listener, station, doors)
        .inspect_err(|error| notices.push((Severity::Warning, format!("no other screen can attach: {error}"))))
        .ok()
}

/// The requested devices; if they fail, another port or the simulated host, so that the station plays on stage. The
/// message line names what is missing.
fn select_or_next_best(setup: &mut Setup) -> Result<Selection, HostError> {
    let ports = setup.ports.clone();
    let asked = match instead::select(setup, &ports) {
        Ok(selected) => return Ok(selected),
        Err(error) => error,
    };
    let select = |device: &DeviceChoice, ports: &[PortWish]| {
        select::select(device, ports, &setup.request, &setup.config.profile)
    };
    let auto = [PortChoice::Auto.into()];
    let (selected, instead) = match select(&setup.device, &auto) {
        Ok(selected) => (selected, "using another port"),
        Err(_) => {
            let device = DeviceChoice::Sim;
            let selected = select(&device, &setup.ports).or_else(|_| select(&device, &auto))?;
            // The requested inputs belong to the missing device.
            setup.config.input = None;
            (selected, "using the simulated host")
        }
    };
    setup.notices.push((Severity::Error, format!("{instead}: {asked}")));
    Ok(selected)
}
