//! Tracks while the tempo follows a drum machine's clock, which is never quite even.

use super::{BAR, BLOCK_FRAMES, Rig, SEAM, frame_of, played};
use crate::{
    config::{ClockLost, ClockSource, PortSettings},
    engine::{
        config::{EngineConfig, SyncConfig},
        host::open_port::{OpenPort, PortInfo, PortWay},
        midi::input::{Inlet, Where, input},
        offline::{Offline, built_in_port},
    },
    midi::Wire,
};

/// Frames of a pulse at 120 BPM.
const PULSE: f64 = 1_000.0;

/// A station that follows a clock of 120 BPM; each pulse comes up to 2 ms early or late.
struct Drums {
    rig: Rig,
    inlet: Inlet,
    next_pulse: i64,
    scramble: u64,
}

impl Drums {
    fn new() -> Drums {
        let folder = tempfile::tempdir().unwrap();
        let sync = SyncConfig { source: ClockSource::Midi, from: None, lost: ClockLost::GoOn };
        let mut config = EngineConfig { sync, ..EngineConfig::of_seven_bits(folder.path()) };
        config.input = Some("1".parse().unwrap());
        let (inlet, input) = input(Where::Thread);
        let info = PortInfo { id: "alsa:drums".to_owned(), name: "drums".to_owned() };
        let settings = PortSettings { output: false, ..PortSettings::default() };
        let port =
            OpenPort { settings, input: Some(input), ..OpenPort::new(info, PortWay::InputOnly, Wire::UNLIMITED) };
        let offline = Offline::of_device(&config, vec![built_in_port(), port], 1).unwrap();
        let rig = Rig { offline, heard: Vec::new(), folder: folder.path().to_owned(), _own: Some(folder) };
        Drums { rig, inlet, next_pulse: 1, scramble: 7 }
    }

    /// Time passes, with the clock's pulses in it.
    fn run_to(&mut self, frame: i64) {
        loop {
            self.scramble = self.scramble.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let off = ((self.scramble >> 33) as f64 / f64::from(1u32 << 31) - 0.5) * 2.0 * 96.0;
            let at = self.next_pulse as f64 * PULSE + off;
            if at >= frame as f64 {
                break;
            }
            self.rig.run_to(at as i64);
            self.inlet.hear((at / 48e-6) as u64, &[0xF8]);
            self.next_pulse += 1;
        }
        self.rig.run_to(frame);
    }

    fn say(&mut self, bytes: &[u8]) {
        self.inlet.hear((self.rig.offline.frame() as f64 / 48e-6) as u64, bytes);
        let frame = self.rig.offline.frame() + BLOCK_FRAMES;
        self.rig.run_to(frame);
    }
}

#[test]
fn a_loop_under_a_clock_that_wobbles_neither_drifts_nor_warbles() {
    let mut drums = Drums::new();
    drums.rig.ask("track.add drone");
    drums.run_to(12 * BAR);
    drums.say(&[0xFA]);
    let started = drums.rig.offline.frame();
    drums.run_to(started + BAR / 2);
    assert!(drums.rig.offline.status().transport.playing);
    drums.rig.ask("track.pedal 1");
    drums.run_to(started + BAR + BAR / 2);
    drums.rig.ask("track.pedal 1");
    drums.run_to(started + 3 * BAR);
    let begins = drums.rig.offline.frame();
    drums.run_to(begins + 30 * BAR);

    // Frames of the take where they are heard, but for the seams, where two are heard at once.
    let mut jumps = Vec::new();
    let mut turns = Vec::new();
    let (mut last, mut run) = (None, 0);
    for (at, heard) in drums.rig.heard.iter().enumerate().skip(begins as usize) {
        let frame = frame_of(*heard);
        let is_next = last == Some(frame - 1) && played(frame) == *heard;
        run = if is_next { run + 1 } else { 0 };
        // It is heard as it was played again: how far it is from where it was in the turn before.
        if run == 2 * SEAM {
            turns.push(at as i64 - frame);
        }
        if !is_next && last.is_some_and(|last| last != frame) {
            jumps.push(at);
        }
        last = Some(frame);
    }
    // A break in each turn, at its seam, and none anywhere else.
    assert!((28..=31).contains(&turns.len()), "{turns:?}");
    for pair in turns.windows(2) {
        let off = pair[1] - pair[0] - BAR;
        // At most what the clock's own time is off by.
        assert!(off.abs() <= 48, "{off} frames: {turns:?}");
    }
    let (first, last) = (turns[0], turns[turns.len() - 1]);
    let drift = last - first - (turns.len() as i64 - 1) * BAR;
    assert!(drift.abs() <= 48, "{drift} frames in {} turns", turns.len());
    let seam = jumps[0] as i64;
    let outside = jumps.iter().find(|at| (**at as i64 - seam + SEAM).rem_euclid(BAR) > 4 * SEAM);
    assert_eq!(outside, None, "the first seam is at {seam}");
}
