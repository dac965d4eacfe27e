//! Far more messages than allowed: all are counted, the urgent ones arrive, and the station is unchanged.

use super::stage::{Client, Stage};
use crate::common::served::wait_until;
use rosc::OscType;
use std::{fs, thread, time::Duration};

/// Number of messages.
const FLOOD: u64 = 100_000;
/// Messages that are sent between pauses.
const GULP: u64 = 100;
/// Maximum bytes that wait for the station, well below the system's buffer.
const ROOM_BYTES: u64 = 64 * 1024;
/// Maximum growth of memory, in KiB: queues and the log.
const GROWTH_KIB: u64 = 16 * 1024;

/// A column of the station's socket in the system's table of sockets. A row can be missing from one reading, while
/// sockets open and close.
fn column(stage: &Stage, column: usize) -> Option<String> {
    (0..20).find_map(|_| read_column(stage, column))
}

fn read_column(stage: &Stage, column: usize) -> Option<String> {
    let local = format!(":{:04X}", stage.at.port());
    let table = fs::read_to_string("/proc/net/udp").unwrap();
    let row = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    row.filter(|row| row[1].ends_with(&local)).find_map(|row| row.get(column).map(|text| (*text).to_owned()))
}

/// Bytes that wait to be received.
fn waiting(stage: &Stage) -> u64 {
    u64::from_str_radix(column(stage, 4).unwrap().split_once(':').unwrap().1, 16).unwrap()
}

/// Datagrams that the system dropped.
fn lost(stage: &Stage) -> u64 {
    column(stage, 12).unwrap().parse().unwrap()
}

fn resident_kib(stage: &Stage) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", stage.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// The counts of OSC: all messages, and dropped ones.
fn counted(client: &Client) -> (u64, u64) {
    client.say("/status/doors/1/{received,refused,dropped}", []);
    let heard = client.hear_below("/status/doors/1/");
    let count = |counter: &str| {
        let found = heard.iter().find(|message| message.addr.ends_with(counter)).expect("it is in the status");
        found.args[0].clone().int().unwrap() as u64
    };
    let dropped = count("/dropped");
    (count("/received") + count("/refused") + dropped, dropped)
}

/// Note-offs in the station's own monitor.
fn note_offs(client: &Client) -> usize {
    client.say("/status/monitor/lines/*/text", []);
    let lines = client.hear_below("/status/monitor/lines/");
    lines.iter().filter(|line| format!("{:?}", line.args).contains("note off ch 1 C4")).count()
}

#[test]
fn a_flood_is_counted_and_a_note_off_in_it_is_obeyed() {
    let stage = Stage::open();
    let client = Client::of(&stage);
    client.say("/midi/monitor", [OscType::Bool(true)]);
    client.say("/note/on", [OscType::Int(60), OscType::Int(100)]);
    client.wait_for("/status/monitor/seen", |seen| !matches!(seen, [] | [OscType::Int(0)]));
    let before_kib = resident_kib(&stage);
    for sent in 0..FLOOD {
        if sent == FLOOD / 2 {
            assert_eq!(note_offs(&client), 0);
            client.say("/note/off", [OscType::Int(60)]);
        } else {
            client.say("/clock/bpm", [OscType::Float(100.0 + (sent % 100) as f32)]);
        }
        if sent % GULP == 0 {
            while waiting(&stage) > ROOM_BYTES {
                thread::sleep(Duration::from_millis(1));
            }
        }
    }
    wait_until("the note's end", || note_offs(&client) == 1);
    // After the flood, the limit allows messages again.
    wait_until("the tempo", || {
        client.say("/clock/bpm", [OscType::Int(77)]);
        client.ask("/status/transport/bpm") == [OscType::Double(77.0)]
    });
    wait_until("everything in the count", || {
        // The next status has the counts of the messages before it.
        thread::sleep(Duration::from_millis(200));
        let said = client.said.get();
        counted(&client).0 == said - lost(&stage)
    });
    let (_, dropped) = counted(&client);
    assert!(dropped > FLOOD / 4, "{dropped} of {FLOOD} were dropped");
    let grown_kib = resident_kib(&stage).saturating_sub(before_kib);
    assert!(grown_kib < GROWTH_KIB, "the station grew by {grown_kib} KiB");
}
