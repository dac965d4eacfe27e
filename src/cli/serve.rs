//! `busker serve`: the engine without a screen, with its addresses open to clients.

use super::{
    Failure, Outcome, complain,
    running::{RunningEngine, complain_of_end},
    setup::{Setup, StationArgs},
};
use crate::{
    config::{DoorAddress, DoorSettings},
    remote::{
        http::{Http, HttpOptions},
        osc::{Osc, OscOptions},
    },
    status::Event,
    yaml::Fault,
};
use clap::Args;
use qrcode::{EcLevel, QrCode, render::unicode::Dense1x2};
use sd_notify::NotifyState;
use std::{
    io::{self, IsTerminal},
    net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket},
    time::Duration,
};

/// A reserved address (RFC 5737), to find the machine's own address on the network.
const SOMEWHERE: (Ipv4Addr, u16) = (Ipv4Addr::new(192, 0, 2, 1), 9);
/// The default port of OSC.
const OSC_PORT: u16 = 5005;
/// The default port of HTTP.
const HTTP_PORT: u16 = 8808;

/// Arguments of `busker serve`.
#[derive(Args, Debug)]
pub struct ServeArgs {
    #[command(flatten)]
    station: StationArgs,
    /// The address that receives OSC, or off; default 127.0.0.1:5005
    #[arg(long, value_name = "ADDR:PORT")]
    osc: Option<DoorAddress>,
    /// An address besides this machine that may send OSC; repeatable
    #[arg(long, value_name = "ADDR")]
    osc_from: Vec<IpAddr>,
    /// The address that serves HTTP and WebSocket, or off; default 127.0.0.1:8808
    #[arg(long, value_name = "ADDR:PORT")]
    http: Option<DoorAddress>,
}

/// Runs the station until a signal or `quit`.
///
/// # Errors
/// A device, a port or an address that cannot be opened.
pub fn serve(args: &ServeArgs) -> Outcome {
    let mut setup = Setup::new(&args.station)?;
    setup.notices.drain(..).for_each(|(_, text)| complain(&text));
    let ports = setup.ports.clone();
    let running = RunningEngine::serve(&mut setup, &ports)?;
    let doors = &setup.config.doors;
    let osc = match address(args.osc.or(setup.doors.osc), OSC_PORT) {
        Some(at) => {
            let from = args.osc_from.iter().chain(&setup.doors.osc_from).copied().collect();
            let open = |at| {
                Osc::open(&running.station, doors, &OscOptions { at, from: Vec::clone(&from) })
                    .map_err(|error| format!("OSC cannot listen at {at}: {error}"))
            };
            let place = setup.places.osc.filter(|_| args.osc.is_none());
            let osc = open_or_default(at, OSC_PORT, place, open)?;
            complain(&format!("OSC at {}", osc.at()));
            Some(osc)
        }
        None => None,
    };
    let http = match address(args.http.or(setup.doors.http), HTTP_PORT) {
        Some(at) => {
            let DoorSettings { http_hosts: hosts, http_token: token, .. } = setup.doors.clone();
            let open = |at| {
                let options = HttpOptions { at, folders: setup.folders.clone(), hosts: hosts.clone(), token };
                Http::open(&running.station, doors, &options)
                    .map_err(|error| format!("HTTP cannot listen at {at}: {error}"))
            };
            let place = setup.places.http.filter(|_| args.http.is_none());
            let http = open_or_default(at, HTTP_PORT, place, open)?;
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
    complain_of_end(&running.end().1)
}

/// Opens an address; if the one of the settings fails, opens the default one and reports the fault.
fn open_or_default<T>(
    at: SocketAddr,
    port: u16,
    place: Option<Fault>,
    open: impl Fn(SocketAddr) -> Result<T, String>,
) -> Result<T, Failure> {
    let default = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let opened = match (open(at), place) {
        (Err(why), Some(place)) if at != default => {
            complain(&Fault { message: format!("{why}; {default} is used"), ..place }.to_string());
            open(default)
        }
        (opened, _) => opened,
    };
    opened.map_err(Failure::asked)
}

/// The address where other machines reach this one, if it listens at all addresses: the one of the outgoing route, else
/// the first that is not local to the machine.
fn reachable(at: SocketAddr) -> SocketAddr {
    if !at.ip().is_unspecified() {
        return at;
    }
    // Nothing is sent: the system only gives the source address.
    let outwards = || -> io::Result<IpAddr> {
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
        socket.connect(SOMEWHERE)?;
        Ok(socket.local_addr()?.ip())
    };
    let found = outwards().ok().filter(|ip| !ip.is_loopback() && !ip.is_unspecified());
    let ip = found.or_else(|| first_of_network(if_addrs::get_if_addrs().ok()?.iter().map(|found| found.ip())));
    SocketAddr::new(ip.unwrap_or(Ipv4Addr::LOCALHOST.into()), at.port())
}

/// The first address that other machines can reach: IPv4 before IPv6, which is hard to type.
fn first_of_network(ips: impl Iterator<Item = IpAddr> + Clone) -> Option<IpAddr> {
    let is_usable = |ip: &IpAddr| match ip {
        IpAddr::V4(ip) => !ip.is_loopback() && !ip.is_unspecified(),
        IpAddr::V6(ip) => !ip.is_loopback() && !ip.is_unspecified() && !ip.is_unicast_link_local(),
    };
    let usable = ips.filter(is_usable);
    usable.clone().find(IpAddr::is_ipv4).or_else(|| usable.clone().next())
}

/// Prints the address as a QR code for a phone, because the token is hard to type.
fn show_code(address: &str) {
    if io::stderr().is_terminal()
        && let Some(picture) = code(address)
    {
        complain(&format!("for a phone:\n{picture}"));
    }
}

/// A QR code that fits a window of 80x24 beside the text: it is read from near, and so needs little error correction.
/// against dirt.
fn code(address: &str) -> Option<String> {
    let code = QrCode::with_error_correction_level(address, EcLevel::L).ok()?;
    Some(code.render::<Dense1x2>().dark_color(Dense1x2::Light).light_color(Dense1x2::Dark).build())
}

/// Reports the state to systemd for a service of `Type=notify`; without systemd it does nothing.
fn tell_system(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!(%error, "systemd was not notified");
    }
}

/// The address to listen at; `None` for off.
fn address(wish: Option<DoorAddress>, port: u16) -> Option<SocketAddr> {
    match wish {
        Some(DoorAddress::Off) => None,
        Some(DoorAddress::At(at)) => Some(at),
        None => Some((Ipv4Addr::LOCALHOST, port).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_qr_code_of_the_longest_address_fits_a_small_window() {
        let address = format!("http://255.255.255.255:65535/?token={}", "0f".repeat(16));
        let picture = code(&address).unwrap();
        assert!(picture.lines().count() <= 21, "{} lines", picture.lines().count());
        assert!(picture.lines().all(|line| line.chars().count() <= 80));
    }

    #[test]
    fn the_printed_address_is_one_a_phone_can_use() {
        let of =
            |ips: &[&str]| first_of_network(ips.iter().map(|ip| ip.parse().unwrap()).collect::<Vec<_>>().into_iter());
        assert_eq!(of(&["127.0.0.1", "::1", "fe80::1", "192.168.4.1"]), Some([192, 168, 4, 1].into()));
        assert_eq!(of(&["127.0.0.1", "fe80::1", "fd00::5"]), Some("fd00::5".parse().unwrap()));
        assert_eq!(of(&["127.0.0.1", "0.0.0.0"]), None);
        assert!(!reachable("0.0.0.0:8808".parse().unwrap()).ip().is_unspecified());
    }
}
