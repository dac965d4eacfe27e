//! `busker serve`: the engine without a screen, and its doors open.

use super::{
    Failure, Outcome, complain,
    running::Running,
    setup::{Setup, StationArgs},
};
use crate::{
    config::DoorAddress,
    remote::{
        http::{Http, HttpOptions},
        osc::{Osc, OscOptions},
    },
    status::Event,
};
use clap::Args;
use qrcode::{QrCode, render::unicode::Dense1x2};
use sd_notify::NotifyState;
use std::{
    io::{self, IsTerminal},
    net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket},
    time::Duration,
};

/// An address that is nobody's (RFC 5737), to find the way out by.
const SOMEWHERE: (Ipv4Addr, u16) = (Ipv4Addr::new(192, 0, 2, 1), 9);
/// Where OSC is heard where nothing else is said.
const OSC_PORT: u16 = 5005;
/// Where HTTP is served where nothing else is said.
const HTTP_PORT: u16 = 8808;

/// What `busker serve` may be told.
#[derive(Args, Debug)]
pub struct ServeArgs {
    #[command(flatten)]
    station: StationArgs,
    /// Where OSC is heard, or off; 127.0.0.1:5005 where nothing is said
    #[arg(long, value_name = "ADDR:PORT")]
    osc: Option<DoorAddress>,
    /// An address OSC is heard from besides this machine; several may be given
    #[arg(long, value_name = "ADDR")]
    osc_from: Vec<IpAddr>,
    /// Where HTTP and WebSocket are served, or off; 127.0.0.1:8808 where nothing is said
    #[arg(long, value_name = "ADDR:PORT")]
    http: Option<DoorAddress>,
}

/// Runs the station until it is told to end.
///
/// # Errors
/// A device, a port or an address that cannot be had.
pub fn serve(args: &ServeArgs) -> Outcome {
    let mut setup = Setup::new(&args.station)?;
    setup.notices.drain(..).for_each(|(_, text)| complain(&text));
    let running = Running::serve(&setup, &setup.ports)?;
    let doors = &setup.config.doors;
    let osc = match address(args.osc.or(setup.doors.osc), OSC_PORT) {
        Some(at) => {
            let from = args.osc_from.iter().chain(&setup.doors.osc_from).copied().collect();
            let osc = Osc::open(&running.station, doors, &OscOptions { at, from })
                .map_err(|error| Failure::asked(format!("OSC cannot be heard at {at}: {error}")))?;
            complain(&format!("OSC at {}", osc.at()));
            Some(osc)
        }
        None => None,
    };
    let http = match address(args.http.or(setup.doors.http), HTTP_PORT) {
        Some(at) => {
            let http = Http::open(&running.station, doors, &HttpOptions { at, folders: setup.folders.clone() })
                .map_err(|error| Failure::asked(format!("HTTP cannot be served at {at}: {error}")))?;
            let token = http.token().map(|token| format!("?token={token}")).unwrap_or_default();
            let address = format!("http://{}/{token}", reachable(http.at()));
            complain(&format!("HTTP at {address}"));
            if http.token().is_some() {
                show_code(&address);
            }
            Some(http)
        }
        None => None,
    };
    complain(&format!("`busker attach` shows the station; socket at {}", setup.socket.display()));
    tell_system(&[NotifyState::Ready]);
    let mut ends = running.complain_of_start();
    while !ends {
        ends = running.wait(Duration::from_secs(60)).contains(&Event::Quit);
    }
    tell_system(&[NotifyState::Stopping]);
    drop((osc, http));
    running.end();
    Ok(())
}

/// The address others reach this machine at, where it listens at all of them.
fn reachable(at: SocketAddr) -> SocketAddr {
    // Nothing is sent: the system only says from which address it would be.
    let outwards = || -> io::Result<IpAddr> {
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
        socket.connect(SOMEWHERE)?;
        Ok(socket.local_addr()?.ip())
    };
    match outwards() {
        Ok(ip) if at.ip().is_unspecified() => SocketAddr::new(ip, at.port()),
        _ => at,
    }
}

/// The address as a picture for the camera of a phone: nobody types a token.
fn show_code(address: &str) {
    if let Ok(code) = QrCode::new(address)
        && io::stderr().is_terminal()
    {
        let picture = code.render::<Dense1x2>().dark_color(Dense1x2::Light).light_color(Dense1x2::Dark).build();
        complain(&format!("for a phone:\n{picture}"));
    }
}

/// What systemd wants to know of a service of `Type=notify`; without it nobody listens.
fn tell_system(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!(%error, "the system was not told");
    }
}

/// Where a door is to be; nothing where it stays closed.
fn address(wish: Option<DoorAddress>, port: u16) -> Option<SocketAddr> {
    match wish {
        Some(DoorAddress::Off) => None,
        Some(DoorAddress::At(at)) => Some(at),
        None => Some((Ipv4Addr::LOCALHOST, port).into()),
    }
}
