//! Takes beside a disk that is slow, and the answers that wait for it, in virtual time: 48 kHz, 120 BPM.

use super::{super::tests::Rig, TAKES_MAX};
use crate::{
    engine::station::{Answer, Guest},
    status::{Event, Severity},
};
use std::sync::mpsc::{self, Receiver};

/// Asks, and gives where the answer comes.
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
fn an_answer_waits_for_the_disk_until_its_bound_and_then_says_what_is_true() {
    let mut rig = Rig::new();
    rig.wait_ms(1_000);
    rig.ask("record.start jam");
    rig.wait_ms(500);
    rig.offline.hang_disk(true);
    let stopped = ask(&mut rig, "record.stop");
    rig.wait_ms(4_900);
    assert!(stopped.try_recv().is_err(), "it is not closed, and that is not said yet");
    // Nobody else waits for it.
    assert_eq!(ask(&mut rig, "click.on on").try_recv().unwrap(), Ok(String::new()));
    rig.wait_ms(200);
    let late = stopped.try_recv().unwrap().unwrap();
    assert!(late.contains("the disk is slow") && late.contains("jam.wav cannot be read yet"), "{late}");
    let began = ask(&mut rig, "record.start next");
    rig.wait_ms(1_000);
    assert!(began.try_recv().is_err());
    rig.offline.hang_disk(false);
    assert!(began.try_recv().unwrap().unwrap().ends_with("next.wav"));
    // It began when it was asked for, whatever the disk did.
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
fn a_disk_that_falls_behind_is_said_with_how_long_the_buffer_holds_and_so_is_that_it_has_caught_up() {
    let mut rig = Rig::new();
    rig.wait_ms(200);
    rig.ask("record.start jam");
    rig.wait_ms(500);
    notices(&rig);
    rig.offline.hang_disk(true);
    rig.wait_ms(1_500);
    assert_eq!(rig.offline.status().record.behind, None, "a disk may pause");
    rig.wait_ms(1_500);
    let behind = rig.offline.status().record.behind.unwrap();
    let held = rig.offline.status().record.capture_bytes as f64 / (4.0 * 4.0 * 48_000.0);
    assert!((2.9..=3.2).contains(&behind.seconds), "{behind:?}");
    assert!((behind.seconds + behind.holds_seconds - held).abs() < 0.2, "{behind:?} of {held}");
    let said = notices(&rig);
    assert!(matches!(&said[..], [(Severity::Warning, text)] if text.contains("the buffer holds for")), "{said:?}");
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
        assert!(refused.contains("8 takes are being written already"), "{refused}");
    }
    rig.offline.hang_disk(false);
    let made = std::fs::read_dir(rig.take(""))
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().path().extension().is_some_and(|extension| extension == "wav"));
    assert_eq!(made.count(), TAKES_MAX);
    rig.ask("record.start jam");
}
