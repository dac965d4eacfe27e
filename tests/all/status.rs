//! The cost of the status: a turn of the control thread copies and allocates only what changed.

use busker::engine::{config::EngineConfig, offline::Offline};

/// A station in virtual time whose control thread has no changes to report.
fn at_rest(lines: &[&str]) -> Offline {
    let mut offline = Offline::new(&EngineConfig::built_in("/tmp").unwrap()).unwrap();
    for line in lines {
        offline.ask(&line.parse().unwrap()).unwrap();
    }
    offline.run_to(48_000);
    offline.turn();
    offline
}

#[test]
#[cfg(feature = "rt-check")]
fn a_turn_at_rest_allocates_nothing() {
    for lines in [&["clock.run off"][..], &["clock.run off", "take.list on", "midi.monitor on"]] {
        let mut offline = at_rest(lines);
        // One allocation ends the program.
        assert_no_alloc::assert_no_alloc(|| offline.turn());
    }
}

#[test]
#[cfg(feature = "rt-check")]
fn while_clock_song_and_lfo_run_the_status_allocates_nothing() {
    let mut offline = at_rest(&["mod.set filter_cutoff lfo sine 1/4 depth 0.3", "click.on on", "transport.play"]);
    let before = offline.station().status();
    for frame in (50_000..60_000).step_by(1_000) {
        offline.run_to(frame);
        assert_no_alloc::assert_no_alloc(|| offline.show());
    }
    let after = offline.station().status();
    assert_ne!(before.transport, after.transport);
    assert_ne!(before.params.motion, after.params.motion);
    assert_eq!(before.revision(), after.revision(), "no part is made anew");
}

#[test]
fn a_late_or_slow_client_finds_every_change_once() {
    let mut offline = at_rest(&[]);
    let mut watcher = offline.station().watcher();
    let mut known = 0;
    let mut news = |offline: &mut Offline, lines: &[&str]| -> Vec<String> {
        for line in lines {
            offline.ask(&line.parse().unwrap()).unwrap();
            offline.show();
        }
        watcher.look();
        let changes = watcher.parts().changes(known);
        known = watcher.parts().revision();
        changes.0.keys().cloned().collect()
    };
    let all = news(&mut offline, &[]).len();
    assert_eq!(all, offline.status().changes(0).0.len());
    assert!(news(&mut offline, &[]).is_empty());
    assert_eq!(news(&mut offline, &["click.on on"]), ["click_on"]);
    assert_eq!(news(&mut offline, &["latency.set 1"]), ["latency"]);
    let lines = ["click.on off", "clock.bpm 97", "clock.bpm 98", "param.set filter_cutoff 0.2"];
    assert_eq!(news(&mut offline, &lines), ["click_on", "params", "transport"]);
    assert!(news(&mut offline, &["click.on on", "click.on off"]) == ["click_on"], "a state in between is skipped");
}

#[test]
fn every_client_sees_a_peak_between_two_readings() {
    let mut offline = at_rest(&[]);
    let station = offline.station().clone();
    let (mut often, mut seldom) = (station.watcher(), station.watcher());
    offline.ask(&"note.on C3 127".parse().unwrap()).unwrap();
    let (mut frame, mut highest) = (offline.frame(), f32::NEG_INFINITY);
    for turn in 0..120 {
        frame += 1_600;
        offline.run_to(frame);
        if turn == 20 {
            offline.ask(&"midi.panic".parse().unwrap()).unwrap();
        }
        offline.turn();
        often.look();
        highest = highest.max(often.levels().moving.inputs[0].peak_db);
    }
    assert!(often.levels().moving.inputs[0].peak_db < highest, "it has faded");
    seldom.look();
    assert_eq!(seldom.levels().moving.inputs[0].peak_db, highest);
    seldom.look();
    assert_eq!(seldom.levels(), often.levels(), "it is seen once");
}
