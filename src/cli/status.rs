//! `busker status`: prints the status of the running station.

use super::{Failure, Outcome, attach::refused, print, setup::SocketArgs};
use crate::{
    engine::realtime::HOW_TO_ALLOW,
    remote::{
        socket::client::SocketClient,
        wire::{ClientMessage, Role},
    },
    status::{DoorStatus, PortStatus, RealtimeStatus, RoundTripStatus, Status},
};
use clap::Args;

/// Arguments of `busker status`.
#[derive(Args, Debug)]
pub struct StatusArgs {
    #[command(flatten)]
    socket: SocketArgs,
    /// Everything, as JSON
    #[arg(long)]
    json: bool,
}

/// Requests the status and prints it.
///
/// # Errors
/// No station.
pub fn print_status(args: &StatusArgs) -> Outcome {
    let mut line = SocketClient::open(&args.socket.checked_path(), Role::Ask).map_err(refused)?;
    line.ask(&ClientMessage::Status).map_err(Failure::other)?;
    let status = line.status().map_err(Failure::other)?;
    if args.json {
        return print(&serde_json::to_string_pretty(&status).map_err(Failure::other)?);
    }
    print(&told(&status))
}

/// The status in lines, for a user without the screen.
fn told(status: &Status) -> String {
    let rows = [
        ("song", song(status)),
        ("recording", recording(status)),
        ("device", device(status)),
        ("latency", latency(status)),
        ("ports", status.ports.iter().map(port).collect::<Vec<_>>().join(", ")),
        ("profile", status.params.profile.id.clone()),
        ("session", status.session.as_ref().map_or("none".to_owned(), |path| path.display().to_string())),
        ("doors", status.doors.iter().map(door).collect::<Vec<_>>().join(", ")),
        ("real time", realtime(*status.realtime)),
        ("faults", faults(status)),
    ];
    let unmet = status.ports.iter().flat_map(|port| &port.unmet).map(|text| ("settings", text.clone()));
    rows.into_iter().chain(unmet).map(|(name, text)| format!("{name:<10} {text}\n")).collect()
}

fn realtime(status: RealtimeStatus) -> String {
    (if status.granted() { "yes" } else { HOW_TO_ALLOW }).to_owned()
}

fn song(status: &Status) -> String {
    let transport = &status.transport;
    let state = if transport.playing { "playing" } else { "stopped" };
    let clock = if transport.clock_on { "on" } else { "off" };
    let (position, seconds, bpm) = (transport.position, transport.seconds, transport.bpm);
    format!("{state} at {position} ({seconds:.1} s), {bpm:.2} BPM, clock {clock}")
}

fn recording(status: &Status) -> String {
    match (&status.record.take, status.record.waits_for) {
        (Some(take), _) => format!("{} for {:.1} s", take.path.display(), take.seconds),
        (None, Some(waits_for)) => format!("waiting for {waits_for}"),
        (None, None) => format!("not recording; takes are saved in {}", status.record.folder.display()),
    }
}

fn device(status: &Status) -> String {
    let device = &status.device;
    let lost = if device.running { "" } else { ", waited for" };
    let (host, name, rate, block) = (&device.host, &device.name, device.sample_rate_hz, device.block_frames);
    format!("{host} {name}, {rate} Hz, {block} frames, load {} %, {} xruns{lost}", device.load_percent, device.xruns)
}

fn latency(status: &Status) -> String {
    let RoundTripStatus { measured, offset_ms, round_trip_frames, is_measuring } = *status.latency;
    let unmeasured = || "not measured (`busker calibrate`)".to_owned();
    let measured = measured.map_or_else(unmeasured, |measured| format!("measured {measured}"));
    let ms = round_trip_frames as f64 * 1000.0 / f64::from(status.device.sample_rate_hz.max(1));
    let under_way = if is_measuring { ", measuring now" } else { "" };
    format!("{round_trip_frames} frames ({ms:.2} ms): {measured}, offset {offset_ms:+} ms{under_way}")
}

fn port(port: &PortStatus) -> String {
    let absent = if port.connected { "" } else { " (waited for)" };
    format!("{}{absent}", port.name)
}

fn door(door: &DoorStatus) -> String {
    let dropped = if door.dropped > 0 { format!(" ({} dropped)", door.dropped) } else { String::new() };
    format!("{} at {}{dropped}", door.name, door.at)
}

fn faults(status: &Status) -> String {
    match status.faults.total() {
        0 => "none".to_owned(),
        count => format!("{count}; --json lists them"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        engine::{config::EngineConfig, offline::Offline},
        latencies::MeasuredDelay,
    };

    #[test]
    fn a_round_trip_says_where_it_is_from() {
        let mut status = Offline::new(&EngineConfig::built_in("").unwrap()).unwrap().status();
        assert_eq!(latency(&status), "0 frames (0.00 ms): not measured (`busker calibrate`), offset +0 ms");
        let measured = Some(MeasuredDelay { frames: 1024.25, error_frames: 0.002, clear_db: 71.5 });
        *status.latency = RoundTripStatus { measured, offset_ms: -2.0, round_trip_frames: 928, is_measuring: true };
        assert_eq!(
            latency(&status),
            "928 frames (19.33 ms): measured 1024.250 frames ±0.002, 72 dB above noise and echoes, offset -2 ms, measuring now"
        );
    }

    #[test]
    fn a_refused_priority_says_how_to_allow_it() {
        let granted = RealtimeStatus { clock: None, scheduler: true, memory_locked: false };
        assert_eq!(realtime(granted), "yes");
        for refused in
            [RealtimeStatus { scheduler: false, ..granted }, RealtimeStatus { clock: Some(false), ..granted }]
        {
            assert!(realtime(refused).contains("rtprio 95"), "{refused:?}");
        }
    }
}
