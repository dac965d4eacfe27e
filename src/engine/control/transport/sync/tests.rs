//! A drum machine's clock, in virtual time: the station's tempo, song and own clock go with it.

use super::*;
use crate::{
    config::PortSettings,
    engine::{
        config::EngineConfig,
        host::open_port::{OpenPort, PortInfo, PortWay},
        midi::{
            clock_out::{START_LEAD_SECONDS, tests::Follower},
            input::{Inlet, Where, input},
        },
        offline::{Offline, built_in_port},
    },
    midi::Wire,
    status::Status,
};
use std::sync::{Arc, Mutex, mpsc::Receiver};

/// The pulses that were sent, in ns.
type Pulses = Arc<Mutex<Vec<u64>>>;

/// Messages, each with its instant in ns.
type Messages = Arc<Mutex<Vec<(u64, Vec<u8>)>>>;

struct Rig {
    offline: Offline,
    drums: Inlet,
    sent: Pulses,
    /// Every message to the synth, with its instant in ns.
    told: Messages,
    events: Receiver<Event>,
    /// When the source's next pulse is due, in ns.
    next_ns: f64,
    scramble: u64,
    _folder: tempfile::TempDir,
}

impl Rig {
    fn new(lost: ClockLost) -> Rig {
        let folder = tempfile::tempdir().unwrap();
        let sync = SyncConfig { source: ClockSource::Midi, from: None, lost };
        let config = EngineConfig { sync, ..EngineConfig::of_seven_bits(folder.path()) };
        let (drums, input) = input(Where::Thread);
        let info = PortInfo { id: "alsa:drums".to_owned(), name: "drums".to_owned() };
        let settings = PortSettings { output: false, ..PortSettings::default() };
        let port =
            OpenPort { settings, input: Some(input), ..OpenPort::new(info, PortWay::InputOnly, Wire::UNLIMITED) };
        let mut offline = Offline::on(&config, vec![built_in_port(), port]).unwrap();
        let sent = Pulses::default();
        let (log, told) = (Arc::clone(&sent), Messages::default());
        let all = Arc::clone(&told);
        offline.listen_to_sent(Box::new(move |sent, at_ns, _| {
            all.lock().unwrap().push((at_ns, sent.payload.bytes().to_vec()));
            if sent.payload.bytes() == [0xF8] {
                log.lock().unwrap().push(at_ns);
            }
        }));
        let events = offline.station().subscribe(|| {});
        Rig { offline, drums, sent, told, events, next_ns: 1e9, scramble: 7, _folder: folder }
    }

    fn run_to_ns(&mut self, ns: f64) {
        self.offline.run_to((ns * 48e-6).round() as i64);
    }

    /// Beats of the source at a tempo, each pulse up to so much early or late.
    fn beats(&mut self, beats: i64, bpm: f64, jitter_ms: f64) {
        for _ in 0..beats * 24 {
            self.scramble = self.scramble.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let off = ((self.scramble >> 33) as f64 / f64::from(1u32 << 31) - 0.5) * 2.0 * jitter_ms * 1e6;
            let at_ns = self.next_ns + off;
            self.run_to_ns(at_ns);
            self.drums.hear(at_ns as u64, &[0xF8]);
            self.next_ns += 60e9 / bpm / 24.0;
        }
    }

    fn say(&mut self, bytes: &[u8]) {
        // A millisecond before the next pulse, as MIDI 1.0 requires.
        self.run_to_ns(self.next_ns - 2e6);
        self.drums.hear((self.next_ns - 2e6) as u64, bytes);
        self.run_to_ns(self.next_ns - 1.5e6);
    }

    fn status(&self) -> Status {
        self.offline.status()
    }

    fn source(&self) -> SourceStatus {
        self.status().clock.source.clone()
    }

    fn shown(&self) -> SyncState {
        match self.source() {
            SourceStatus::Midi { state, .. } => state,
            SourceStatus::Internal => panic!("internal"),
        }
    }

    fn notices(&self) -> Vec<String> {
        self.events.try_iter().filter_map(|event| event.notice()).map(|(_, text)| text).collect()
    }
}

#[test]
fn the_tempo_and_the_phase_are_those_of_a_jittery_source() {
    let mut rig = Rig::new(ClockLost::GoOn);
    rig.beats(60, 98.5, 1.0);
    assert_eq!(rig.source(), SourceStatus::Midi { from: Some("drums".to_owned()), state: SyncState::Locked });
    let mut worst: f64 = 0.0;
    for _ in 0..40 {
        rig.beats(1, 98.5, 1.0);
        worst = worst.max((rig.status().transport.bpm - 98.5).abs());
    }
    assert!(worst < 0.01, "{worst} BPM off");
    // The station's own pulses fall on the source's grid.
    let pulse_ns = 60e9 / 98.5 / 24.0;
    let sent = rig.sent.lock().unwrap();
    let late: Vec<f64> = sent.iter().rev().take(480).map(|at| (*at as f64 - 1e9) / pulse_ns).collect();
    let off_ns = late.iter().map(|p| (p - p.round()).abs() * pulse_ns).fold(0.0, f64::max);
    assert!(off_ns < 0.5e6, "{off_ns} ns off the grid");
    let gaps = sent.windows(2).map(|pair| (pair[1] - pair[0]) as f64 / pulse_ns).skip(200);
    assert!(gaps.clone().all(|gap| (0.9..1.1).contains(&gap)), "no pulse is lost or doubled");
}

#[test]
fn start_stop_continue_and_song_position_move_the_song() {
    let mut rig = Rig::new(ClockLost::GoOn);
    rig.beats(8, 120.0, 0.0);
    rig.say(&[0xFA]);
    rig.beats(4, 120.0, 0.0);
    let status = rig.status();
    assert!(status.transport.playing);
    assert!((status.transport.seconds - 2.0).abs() < 0.03, "{}", status.transport.seconds);
    rig.say(&[0xFC]);
    rig.beats(2, 120.0, 0.0);
    let status = rig.status();
    assert!(!status.transport.playing);
    assert!((status.transport.seconds - 2.0).abs() < 0.03, "{}", status.transport.seconds);
    rig.say(&[0xFB]);
    rig.beats(2, 120.0, 0.0);
    assert!((rig.status().transport.seconds - 3.0).abs() < 0.03);
    rig.say(&[0xFC, 0xF2, 16, 0]);
    rig.beats(1, 120.0, 0.0);
    assert_eq!(rig.status().transport.position, Position::Bars { bar: 2, beat: 1, tick: 0 });
    rig.say(&[0xFB]);
    rig.beats(4, 120.0, 0.0);
    assert!((rig.status().transport.seconds - 4.0).abs() < 0.03);
}

#[test]
fn a_source_that_starts_with_its_first_pulse_is_followed_from_the_beginning() {
    let mut rig = Rig::new(ClockLost::GoOn);
    rig.say(&[0xFA]);
    rig.beats(4, 140.0, 0.5);
    let seconds = rig.status().transport.seconds;
    assert!((seconds - 4.0 * 60.0 / 140.0).abs() < 0.03, "{seconds}");
}

#[test]
fn a_follower_of_the_follower_begins_with_it() {
    for bpm in [60.0, 120.0, 174.0] {
        let mut rig = Rig::new(ClockLost::GoOn);
        rig.beats(12, bpm, 0.0);
        let (first_ns, pulse_ns) = (rig.next_ns, 60e9 / bpm / 24.0);
        // As a station sends it.
        let start_ns = first_ns - (pulse_ns - 0.1e6).min(START_LEAD_SECONDS * 1e9);
        rig.run_to_ns(start_ns);
        rig.drums.hear(start_ns as u64, &[0xFA]);
        rig.beats(2, bpm, 0.0);
        let mut follower = Follower::default();
        let told = rig.told.lock().unwrap();
        let first = told.iter().find_map(|(at_ns, bytes)| Some((*at_ns as f64, follower.hear(bytes)?)));
        let (at_ns, pulse) = first.unwrap();
        assert_eq!(pulse, 0, "{bpm} BPM");
        assert!((at_ns - first_ns).abs() < 1e6, "{bpm} BPM: {} ms off", (at_ns - first_ns) * 1e-6);
    }
}

#[test]
fn a_lost_clock_is_reported_within_half_a_second_and_the_song_goes_on_or_stops() {
    for (lost, playing) in [(ClockLost::GoOn, true), (ClockLost::Stop, false)] {
        let mut rig = Rig::new(lost);
        rig.beats(4, 100.0, 0.0);
        rig.say(&[0xFA]);
        rig.beats(4, 100.0, 0.0);
        rig.notices();
        let end_ns = rig.next_ns - 60e9 / 100.0 / 24.0;
        rig.run_to_ns(end_ns + 0.49e9);
        assert_eq!(rig.shown(), SyncState::Lost);
        assert!(rig.notices().iter().any(|text| text.starts_with("the clock of drums is lost")));
        assert_eq!(rig.status().transport.playing, playing);
        assert!((rig.status().transport.bpm - 100.0).abs() < 0.05, "it goes on at the tempo it had");
        rig.next_ns = end_ns + 3e9;
        rig.beats(8, 110.0, 0.0);
        assert_eq!(rig.shown(), SyncState::Locked);
        assert!((rig.status().transport.bpm - 110.0).abs() < 0.5);
    }
}

#[test]
fn garbage_for_a_clock_is_reported_and_the_station_plays_on() {
    let mut rig = Rig::new(ClockLost::GoOn);
    rig.beats(8, 120.0, 0.0);
    for i in 0..600 {
        let at_ns = rig.next_ns + f64::from(i) * 4e6;
        rig.run_to_ns(at_ns);
        rig.drums.hear(at_ns as u64, &[0xF8, 0xF2, 1]);
    }
    assert_eq!(rig.shown(), SyncState::Unsteady);
    assert!(rig.notices().iter().any(|text| text.contains("is outside 20 to 300 BPM")));
    let bpm = rig.status().transport.bpm;
    assert!((100.0..150.0).contains(&bpm), "{bpm}");
    rig.offline.ask(&"transport.play".parse().unwrap()).unwrap();
    assert!(rig.status().transport.playing);
}

#[test]
fn the_tempo_is_busker_s_own_again_when_asked() {
    let mut rig = Rig::new(ClockLost::GoOn);
    rig.beats(8, 90.0, 0.0);
    let refused = rig.offline.ask(&"clock.bpm 100".parse().unwrap()).unwrap_err();
    assert!(refused.contains("clock.source internal"), "{refused}");
    rig.offline.ask(&"clock.source internal".parse().unwrap()).unwrap();
    rig.beats(8, 150.0, 0.0);
    assert!((rig.status().transport.bpm - 90.0).abs() < 0.1);
    for line in ["clock.bpm 100", "clock.nudge -2.5"] {
        rig.offline.ask(&line.parse().unwrap()).unwrap();
    }
    assert_eq!(rig.status().transport.bpm, 97.5);
    for _ in 0..5 {
        rig.offline.ask(&"clock.tap".parse().unwrap()).unwrap();
        let frame = rig.offline.frame();
        rig.offline.run_to(frame + 24_000);
    }
    assert!((rig.status().transport.bpm - 120.0).abs() < 0.01, "two taps a second");
}
