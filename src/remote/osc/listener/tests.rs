//! The thread with a slow engine, and the machines it accepts.

use super::*;
use crate::{
    engine::{
        config::EngineConfig,
        doors::Doors,
        offline::Offline,
        station::{Desk, Errand, station},
    },
    remote::osc::{Osc, OscOptions, datagram::TimeTag},
};
use rosc::{OscBundle, OscPacket, OscTime, encoder};

/// Longer than anything takes; only a failing test waits for it.
const PATIENCE: Duration = Duration::from_secs(20);

/// An OSC thread, its station and desk, its counters, and a client.
fn stage() -> (Osc, Station, Desk, Doors, UdpSocket) {
    let (station, desk) = station(Offline::new(&EngineConfig::built_in("/tmp").unwrap()).unwrap().status());
    let doors = Doors::default();
    let options = OscOptions { at: ([127, 0, 0, 1], 0).into(), from: Vec::new() };
    let osc = Osc::open(&station, &doors, &options).unwrap();
    let client = UdpSocket::bind("127.0.0.1:0").unwrap();
    client.connect(osc.at()).unwrap();
    (osc, station, desk, doors, client)
}

fn say(addr: &str, args: Vec<OscType>) -> OscPacket {
    OscPacket::Message(OscMessage { addr: addr.to_owned(), args })
}

fn send(client: &UdpSocket, packet: &OscPacket) {
    client.send(&encoder::encode(packet).unwrap()).unwrap();
}

fn bundle(after: Duration, content: Vec<OscPacket>) -> OscPacket {
    let TimeTag(tag) = TimeTag::at(SystemTime::now() + after);
    let timetag = OscTime { seconds: (tag >> 32) as u32, fractional: tag as u32 };
    OscPacket::Bundle(OscBundle { timetag, content })
}

/// The next command at the desk.
fn next(desk: &Desk) -> Command {
    match desk.errand(PATIENCE).unwrap() {
        Errand::Obey(request) => request.command,
        other => panic!("{other:?}"),
    }
}

fn wait_for(what: &str, done: impl Fn() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < PATIENCE, "{what} never came");
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn a_command_that_must_arrive_waits_for_a_busy_engine() {
    let (_osc, station, desk, doors, client) = stage();
    while station.send(Command::ClockTap {}).is_ok() {}
    send(&client, &say("/clock/tap", vec![]));
    send(&client, &say("/note/off", vec![OscType::Int(60)]));
    wait_for("the drop", || doors.status()[0].dropped == 1);
    let arrived = std::iter::from_fn(|| Some(next(&desk))).find(|command| *command != Command::ClockTap {});
    assert_eq!(arrived, Some("note.off 60".parse().unwrap()));
    wait_for("the count", || doors.status()[0].received == 1);
}

#[test]
fn commands_beyond_the_limit_are_dropped_but_not_those_that_must_arrive() {
    let (_osc, _station, desk, doors, client) = stage();
    let mut flood = vec![say("/clock/tap", vec![]); 1_000];
    flood.extend([
        say("/note/off", vec![OscType::Int(60)]),
        say("/midi/panic", vec![]),
        say("/transport/stop", vec![]),
    ]);
    // At one instant: no bucket fills up meanwhile.
    send(&client, &bundle(Duration::ZERO, flood));
    wait_for("the count", || doors.status()[0].received + doors.status()[0].dropped == 1_003);
    let counts = &doors.status()[0];
    assert_eq!((counts.received, counts.dropped, counts.refused), (503, 500, 0));
    let obeyed: Vec<Command> = (0..503).map(|_| next(&desk)).collect();
    assert_eq!(
        obeyed[500..].iter().map(Command::name).collect::<Vec<_>>(),
        ["note.off", "midi.panic", "transport.stop"]
    );
}

#[test]
fn only_so_many_messages_wait_for_their_time() {
    let (osc, _station, _desk, doors, client) = stage();
    let room = Agenda::<Letter>::ENTRIES_MAX as u64;
    send(&client, &bundle(Duration::from_secs(600), vec![say("/clock/tap", vec![]); room as usize + 30]));
    wait_for("the count", || doors.status()[0].dropped == 30);
    send(&client, &bundle(AHEAD_MAX + PATIENCE, vec![say("/clock/tap", vec![]); 3]));
    wait_for("the refusal", || doors.status()[0].refused == 3);
    assert_eq!(doors.status()[0].received, 0);
    // It ends with all of that still to come.
    drop(osc);
}

#[test]
fn only_this_machine_and_the_named_ones_are_accepted() {
    let (_osc, station, _desk, doors, client) = stage();
    let from = vec!["192.168.1.20".parse().unwrap(), "fe80::1".parse().unwrap()];
    let bell = Arc::new(Bell::new().unwrap());
    let listener = Listener::new(station, doors.open("osc", ""), from, client, bell);
    let may = |ip: &str| listener.may(ip.parse().unwrap());
    assert!(
        ["127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1", "192.168.1.20", "::ffff:192.168.1.20", "fe80::1"]
            .into_iter()
            .all(may)
    );
    assert!(!["192.168.1.21", "10.0.0.1", "::", "fe80::2", "::ffff:8.8.8.8"].into_iter().any(may));
}
