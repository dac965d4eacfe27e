//! Tracks of a session whose process is killed: every pass that was finished is in `session.yaml` two seconds later, and its
//! file is there.

use super::{RATE_HZ, frames, outcome::done, served::Served, served::wait_until};
use busker::{
    session::{Session, track::LoopLayer},
    stored,
};
use std::{path::Path, thread, time::Duration};

/// What the file says of the loop.
fn layers(jam: &Path) -> Vec<LoopLayer> {
    let session: Session = stored::load(&jam.join("session.yaml")).unwrap();
    session.tracks.iter().filter_map(|track| track.looped.clone()).flat_map(|looped| looped.layers).collect()
}

#[test]
fn a_loop_and_the_finished_passes_over_it_survive_kill_9() {
    let served = Served::start(&[]);
    let home = served.shared_home();
    let (jam, home_path) = (home.path().join("jam"), home.path());
    done(home_path, &["do", &format!("session.new {}", jam.display())]);
    for line in ["track.add drone", "quantize.set off", "track.pedal 1"] {
        done(home_path, &["do", line]);
    }
    thread::sleep(Duration::from_secs(1));
    done(home_path, &["do", "track.pedal 1"]);
    thread::sleep(Duration::from_secs(3));
    let loops = layers(&jam);
    assert_eq!(loops.len(), 1);
    // And one that goes on until the end.
    done(home_path, &["do", "track.pedal 1"]);
    wait_until("two passes in the file", || layers(&jam).len() >= 3);
    served.kill();
    let kept = layers(&jam);
    let before = &kept[0];
    assert!(before.file == loops[0].file && before.file.starts_with("audio"), "{:?}", before.file);
    assert!(frames(&jam.join(&before.file)) > before.file_frame + before.frames, "{before:?}");

    let served = Served::in_home(home, &[], &[]);
    let home_path = served.home();
    done(home_path, &["do", &format!("session.open {}", jam.display())]);
    let status: serde_json::Value = serde_json::from_str(&done(home_path, &["status", "--json"])).unwrap();
    let track = &status["tracks"]["tracks"][0];
    assert_eq!(
        (track["name"].as_str(), track["layers"].as_u64()),
        (Some("drone"), Some(kept.len() as u64)),
        "{status}"
    );
    // The take that was under way is mended, and ends at most a second before its last pass.
    let overdub = &kept[kept.len() - 1];
    assert_ne!(overdub.file, before.file);
    let file = jam.join(&overdub.file);
    wait_until("the mended header", || {
        let in_file = busker::wav::Wav::read(&mut std::fs::File::open(&file).unwrap()).unwrap().frames().unwrap();
        frames(&file) == in_file
    });
    assert!(frames(&file) + RATE_HZ >= overdub.file_frame + overdub.frames, "{overdub:?}");
}
