//! Takes beside a disk that is slow, and the answers that wait for it, in virtual time: 48 kHz, 120 BPM.

use super::{TAKES_MAX, room_text};
use crate::engine::control::tests::Rig;
use crate::{
    engine::station::{Answer, Guest},
    status::{Event, Severity},
};
use std::sync::mpsc::{self, Receiver};

/// Sends a command, and returns the receiver of the answer.
fn ask(rig: &mut Rig, line: &str) -> Receiver<Answer> {
    let (reply, answer) = mpsc::channel();
    rig.offline.ask_then(Guest::NOBODY, &line.parse().unwrap(), Box::new(move |answer| drop(reply.send(answer))));
    answer
}

fn notices(rig: &Rig) -> Vec<(Severity, String)> {
    let notice = |event| match event {
        Event::Notice { severity, text } => Some((severity, text)),
        _ => None,
    };
    rig.events.try_iter().filter_map(notice).collect()
}

#[test]
fn the_answers_to_start_and_stop_name_the_file_and_at_the_second_it_can_be_read() {
    let mut rig = Rig::new();
    rig.wait_ms(1_000);
    for name in ["jam.wav", "jam-2.wav"] {
        let path = rig.take(name).display().to_string();
        assert_eq!(rig.ask("record.start jam"), format!("recording to {path}"));
        rig.wait_ms(900);
        assert_eq!(rig.ask("record.stop"), format!("recorded 1.0 s to {path}"));
        assert_eq!(hound::WavReader::open(path).unwrap().duration(), 48_000);
    }
    let answer = rig.ask("record.capture 0.5");
    assert!(answer.starts_with("recorded 0.5 s to ") && answer.ends_with("-capture.wav"), "{answer}");
}

#[test]
fn a_take_in_several_files_is_answered_once_and_its_length_is_not_counted_twice() {
    let mut rig = Rig::new();
    rig.wait_ms(1_000);
    rig.ask("record.set files inputs master");
    rig.ask("record.set split 1s");
    rig.ask("record.start jam");
    rig.wait_ms(1_400);
    let answer = rig.ask("record.stop");
    assert_eq!(answer, format!("recorded 1.5 s to {} and 3 more files", rig.take("jam-inputs.wav").display()));
}

#[test]
fn an_answer_waits_for_the_disk_until_its_bound_and_then_reports_the_state_so_far() {
    let mut rig = Rig::new();
    rig.wait_ms(1_000);
    rig.ask("record.start jam");
    rig.wait_ms(500);
    rig.offline.hang_disk(true);
    let stopped = ask(&mut rig, "record.stop");
    rig.wait_ms(4_900);
    assert!(stopped.try_recv().is_err(), "it is not closed, and that is not said yet");
    // No other command waits for it.
    assert_eq!(ask(&mut rig, "click.on on").try_recv().unwrap(), Ok(String::new()));
    rig.wait_ms(200);
    let late = stopped.try_recv().unwrap().unwrap();
    assert!(late.contains("the disk is slow") && late.contains("jam.wav is not readable yet"), "{late}");
    let began = ask(&mut rig, "record.start next");
    rig.wait_ms(1_000);
    assert!(began.try_recv().is_err());
    rig.offline.hang_disk(false);
    assert!(began.try_recv().unwrap().unwrap().ends_with("next.wav"));
    // It began at its command, however slow the disk was.
    rig.ask("record.stop");
    assert_eq!(hound::WavReader::open(rig.take("next.wav")).unwrap().duration(), 48_000 + 4_800);
}

#[test]
fn a_take_that_cannot_be_made_is_the_answer_to_its_start() {
    let mut rig = Rig::new();
    let folder = rig.take("jam").parent().unwrap().to_owned();
    std::fs::remove_dir_all(&folder).unwrap();
    std::fs::write(&folder, "in the way").unwrap();
    let refused = rig.refused("record.start jam");
    assert!(refused.contains("cannot record to") && refused.contains("its folder is a file"), "{refused}");
    std::fs::remove_file(&folder).unwrap();
    std::fs::create_dir(&folder).unwrap();
}

#[test]
fn a_disk_that_falls_behind_and_one_that_has_caught_up_are_reported() {
    let mut rig = Rig::new();
    rig.wait_ms(200);
    rig.ask("record.start jam");
    rig.wait_ms(500);
    notices(&rig);
    rig.offline.hang_disk(true);
    rig.wait_ms(1_500);
    assert_eq!(rig.offline.status().record.behind, None, "a disk may pause");
    rig.wait_ms(1_500);
    let behind = rig.offline.status().record.behind.clone().unwrap();
    let held = rig.offline.status().record.capture_bytes as f64 / (4.0 * 4.0 * 48_000.0);
    assert!((2.9..=3.2).contains(&behind.seconds), "{behind:?}");
    assert!((behind.seconds + behind.holds_seconds - held).abs() < 0.2, "{behind:?} of {held}");
    let said = notices(&rig);
    assert!(matches!(&said[..], [(Severity::Warning, text)] if text.contains("the buffer lasts")), "{said:?}");
    rig.offline.hang_disk(false);
    assert_eq!(rig.offline.status().record.behind, None);
    let said = notices(&rig);
    assert_eq!(said, [(Severity::Info, "the disk has caught up: nothing is lost".to_owned())]);
    rig.ask("record.stop");
    assert_eq!(hound::WavReader::open(rig.take("jam.wav")).unwrap().duration(), 168_000 + 4_800);
}

#[test]
fn a_take_in_hindsight_is_no_disk_that_is_behind() {
    let mut rig = Rig::new();
    rig.wait_ms(20_000);
    rig.offline.hang_disk(true);
    let kept = ask(&mut rig, "record.capture 15");
    rig.wait_ms(500);
    rig.offline.hang_disk(false);
    assert!(kept.try_recv().unwrap().unwrap().starts_with("recorded 15.0 s"));
    assert_eq!(notices(&rig).iter().filter(|(severity, _)| *severity == Severity::Warning).count(), 0);
}

#[test]
fn more_takes_at_once_than_there_may_be_are_refused_in_words_and_none_is_made_of_them() {
    let mut rig = Rig::new();
    rig.wait_ms(1_000);
    rig.offline.hang_disk(true);
    for _ in 0..TAKES_MAX {
        drop((ask(&mut rig, "record.start jam"), ask(&mut rig, "record.stop")));
    }
    for line in ["record.start jam", "record.capture"] {
        let refused = rig.refused(line);
        assert!(refused.contains("8 are being written"), "{refused}");
    }
    rig.offline.hang_disk(false);
    rig.wait_ms(500);
    let made = std::fs::read_dir(rig.take(""))
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().path().extension().is_some_and(|extension| extension == "wav"));
    assert_eq!(made.count(), TAKES_MAX);
    rig.ask("record.start jam");
}

#[test]
fn a_take_that_cannot_be_made_is_a_fault_that_is_counted() {
    let mut rig = Rig::new();
    let folder = rig.take("jam").parent().unwrap().to_owned();
    std::fs::remove_dir_all(&folder).unwrap();
    std::fs::write(&folder, "in the way").unwrap();
    rig.refused("record.start jam");
    assert_eq!(rig.offline.status().faults.disk_refused, 1);
    std::fs::remove_file(&folder).unwrap();
    std::fs::create_dir(&folder).unwrap();
}

#[test]
fn the_answer_to_stop_leads_with_a_file_that_can_be_read() {
    let mut rig = Rig::new();
    rig.wait_ms(200);
    rig.ask("record.start jam");
    rig.wait_ms(500);
    std::fs::remove_file(rig.take("jam.wav")).unwrap();
    rig.wait_ms(2_000);
    let part = rig.take("jam-part2.wav").display().to_string();
    assert_eq!(rig.offline.status().record.take.as_ref().unwrap().path, rig.take("jam-part2.wav"));
    let answer = rig.ask("record.stop");
    assert!(
        answer.contains(&format!(" s to {part}; recording to ")) && answer.contains("another program removed it"),
        "{answer}"
    );
    assert_eq!(rig.offline.status().faults.disk_refused, 1);
    // Where none can be read, the answer is the reason alone.
    rig.ask("record.start gone");
    rig.wait_ms(100);
    std::fs::remove_file(rig.take("gone.wav")).unwrap();
    assert!(rig.refused("record.stop").contains("another program removed it"));
}

#[test]
fn takes_that_are_begun_faster_than_a_person_does_are_refused_and_a_stop_never_is() {
    let mut rig = Rig::new();
    rig.wait_ms(1_000);
    let mut begun = 0;
    for _ in 0..100 {
        if rig.try_ask("record.start jam").is_ok() {
            begun += 1;
            rig.ask("record.stop");
        }
        rig.wait_ms(10);
    }
    assert_eq!(begun, 9, "8 at once, and one half a second later");
    rig.ask("record.capture");
    let refused = rig.refused("record.capture");
    assert!(refused.contains("wait half a second"), "{refused}");
    rig.wait_ms(500);
    rig.ask("record.start jam");
}

#[test]
fn a_capture_of_no_length_is_refused() {
    let mut rig = Rig::new();
    rig.wait_ms(5_000);
    for nothing in ["0", "0bars"] {
        let refused = rig.refused(&format!("record.capture {nothing}"));
        assert!(refused.contains("allowed"), "{refused}");
    }
}

#[test]
fn the_outcome_of_a_take_is_the_answer_to_the_client_that_asked_for_it() {
    let mut rig = Rig::new();
    rig.wait_ms(200);
    for name in ["one", "two"] {
        rig.ask(&format!("record.start {name}"));
        rig.wait_ms(500);
        rig.ask("record.stop");
    }
    assert_eq!(rig.ask("take.rename one \"new name\""), "one.wav is now new name.wav");
    assert!(rig.take("new name.wav").exists());
    let refused = rig.refused("take.rename two new name");
    assert!(refused.contains("exists already"), "{refused}");
    assert!(rig.refused("take.rename one three").starts_with("one"));
    let played = rig.ask("take.play two");
    assert!(played.starts_with("playing ") && played.ends_with("two.wav, length 0.6 s"), "{played}");
    assert!(rig.ask("take.seek 0.2").contains("from 0.2 s, length"));
    assert!(rig.refused("take.play none").starts_with("cannot play "));
    assert!(rig.ask("take.remove \"new name\"").contains("is in the trash"));
    assert!(rig.refused("take.remove none").starts_with("none"));
}

#[test]
fn the_room_of_a_disk_is_never_zero_minutes() {
    for (seconds, text) in [
        (0, "less than a second"),
        (1, "1 more second"),
        (59, "59 more seconds"),
        (60, "1 more minute"),
        (600, "10 more minutes"),
    ] {
        assert_eq!(room_text(seconds), text);
    }
}

#[test]
fn a_take_of_several_files_has_one_name_and_its_removal_says_how_to_free_its_room() {
    let mut rig = Rig::new();
    rig.wait_ms(200);
    rig.ask("record.set files inputs master");
    rig.ask("record.start ea");
    rig.ask("note.on C3 100");
    rig.wait_ms(500);
    rig.ask("record.stop");
    let played = rig.refused("take.play ea");
    assert!(played.ends_with("name one of ea-inputs.wav, ea-master.wav"), "{played}");
    assert_eq!(rig.ask("take.rename ea x"), "ea is now x");
    for file in ["x-inputs.wav", "x-master.wav", "x.mid"] {
        assert!(rig.take(file).exists(), "{file}");
    }
    let removed = rig.ask("take.remove x");
    assert!(removed.ends_with("; it uses disk space until `busker takes remove --empty-trash --yes`"), "{removed}");
    assert!(!rig.take("x.mid").exists() && rig.take(".trash/x.mid").exists());
}
