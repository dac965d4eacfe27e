//! Takes by command, in virtual time: 48 kHz, 120 BPM, a bar is 96,000 frames.

use super::{Begin, TakeKey, TakeRequest};
use crate::engine::control::{Control, recorder::Occasion, tests::Rig};
use crate::{
    config::recorder::FileOf,
    engine::station::{Answer, Guest},
    status::{Event, WaitsFor},
    taps::Taps,
    wav::{Notes, Wav},
};
use std::{
    fs::File,
    sync::mpsc::{self, Receiver},
};

const BAR: i64 = 96_000;
/// How much earlier takes begin.
const PRE_ROLL: i64 = 4_800;

fn samples(rig: &Rig, name: &str) -> Vec<i32> {
    hound::WavReader::open(rig.take(name)).unwrap().into_samples().map(Result::unwrap).collect()
}

fn marks(rig: &Rig, name: &str) -> Vec<(u64, String)> {
    let mut file = File::open(rig.take(name)).unwrap();
    let wav = Wav::read(&mut file).unwrap();
    Notes::read(&mut file, &wav).unwrap().marks.into_iter().map(|mark| (mark.frame, mark.label)).collect()
}

/// The first frames of takes reported since the last call.
fn begun(rig: &Rig) -> Vec<i64> {
    let frame = |event| match event {
        Event::TakeStarted { frame, .. } => Some(frame),
        _ => None,
    };
    rig.events.try_iter().filter_map(frame).collect()
}

#[test]
fn a_take_begins_a_little_before_its_command_and_ends_with_the_stop() {
    let mut rig = Rig::new();
    rig.wait_ms(1000);
    rig.ask("record.start jam");
    rig.wait_ms(500);
    rig.ask("record.mark chorus");
    rig.wait_ms(500);
    rig.ask("record.mark");
    assert_eq!(rig.offline.status().record.take.as_ref().unwrap().marks, 2);
    rig.ask("record.stop");
    rig.wait_ms(100);
    assert_eq!(begun(&rig), [48_000 - PRE_ROLL]);
    assert_eq!(samples(&rig, "jam.wav").len() as i64, 2 * (48_000 + PRE_ROLL));
    assert_eq!(marks(&rig, "jam.wav"), [((24_000 + PRE_ROLL) as u64, "chorus".to_owned())]);
}

#[test]
fn a_take_of_bars_begins_and_ends_with_them() {
    let mut rig = Rig::new();
    rig.ask("record.set start bar");
    rig.ask("transport.play");
    rig.wait_ms(700);
    rig.ask("record.start jam");
    assert_eq!(rig.offline.status().record.waits_for, Some(WaitsFor::Bar));
    assert!(rig.refused("record.start other").contains("waiting"));
    rig.wait_ms(2_000);
    assert_eq!(rig.offline.status().record.waits_for, None);
    rig.ask("record.stop");
    assert!(rig.offline.status().record.take.as_ref().unwrap().ends_with_bar);
    rig.wait_ms(2_000);
    assert_eq!(begun(&rig), [BAR - PRE_ROLL]);
    assert_eq!(samples(&rig, "jam.wav").len() as i64, 2 * (BAR + PRE_ROLL));
    assert_eq!(marks(&rig, "jam.wav"), [(PRE_ROLL as u64, "2:1:0".to_owned())]);
}

#[test]
fn a_second_stop_ends_a_take_of_bars_at_once_and_a_stop_before_its_beginning_leaves_nothing() {
    let mut rig = Rig::new();
    rig.ask("record.set start bar");
    rig.ask("record.start never");
    assert_eq!(rig.offline.status().record.waits_for, Some(WaitsFor::Song));
    rig.ask("record.stop");
    rig.ask("transport.play");
    rig.wait_ms(3_000);
    assert!(!rig.take("never.wav").exists());
    rig.ask("record.start jam");
    rig.wait_ms(2_000);
    rig.ask("record.stop");
    rig.ask("record.stop");
    rig.wait_ms(10);
    assert_eq!(samples(&rig, "jam.wav").len() as i64, 2 * (5 * 48_000 - 2 * BAR + PRE_ROLL));
}

/// The notes and pedals of a take's MIDI file, in order, with their ticks.
fn beside(rig: &Rig, name: &str) -> Vec<(u32, String)> {
    let bytes = std::fs::read(rig.take(name)).unwrap();
    let smf = midly::Smf::parse(&bytes).unwrap();
    let mut found = Vec::new();
    for track in &smf.tracks[1..] {
        let mut tick = 0;
        for event in track {
            tick += u32::from(event.delta);
            if let midly::TrackEventKind::Midi { message, .. } = event.kind {
                found.push((tick, format!("{message:?}")));
            }
        }
    }
    found
}

#[test]
fn notes_held_when_a_take_begins_are_in_its_midi_file_from_the_first_tick() {
    let mut rig = Rig::new();
    rig.ask("record.set pre_roll 0");
    rig.ask("midi.send B0 40 7F");
    rig.ask("note.on C4 100");
    rig.ask("note.play E4 90 20");
    rig.wait_ms(500);
    rig.ask("record.start one");
    rig.wait_ms(500);
    rig.ask("record.stop");
    rig.wait_ms(100);
    rig.ask("note.off C4");
    rig.ask("midi.send B0 40 00");
    rig.wait_ms(100);
    rig.ask("record.start two");
    rig.wait_ms(300);
    rig.ask("note.play G4 90 20");
    rig.wait_ms(100);
    rig.ask("record.stop");
    rig.offline.finish();
    let one = beside(&rig, "one.mid");
    let first: Vec<&str> = one.iter().filter(|(tick, _)| *tick == 0).map(|(_, what)| what.as_str()).collect();
    assert_eq!(first.len(), 2, "{one:?}");
    assert!(first[0].contains("u7(64), value: u7(127)") && first[1].contains("NoteOn { key: u7(60)"), "{one:?}");
    assert_eq!(one.len(), 4, "and they end with the take: {one:?}");
    let two = beside(&rig, "two.mid");
    assert!(two.iter().all(|(tick, what)| *tick > 0 && what.contains("key: u7(67)")), "{two:?}");
}

#[test]
fn a_count_in_sounds_and_is_not_recorded_and_the_take_begins_with_the_song() {
    let mut rig = Rig::new();
    rig.wait_ms(1_000);
    rig.ask("record.set start count");
    rig.ask("record.start jam");
    let mut heard = false;
    for _ in 0..20 {
        rig.wait_ms(100);
        heard |= rig.offline.status().outputs[0].peak_db > -30.0;
    }
    assert!(heard);
    rig.wait_ms(1_000);
    assert_eq!(begun(&rig), [48_000 + BAR - PRE_ROLL]);
    assert!(rig.offline.status().transport.seconds < 1.1);
    rig.offline.finish();
    assert!(samples(&rig, "jam.wav").iter().all(|sample| *sample == 0));
    assert_eq!(marks(&rig, "jam.wav"), [(PRE_ROLL as u64, "1:1:0".to_owned())]);
}

#[test]
fn a_count_in_that_is_stopped_begins_neither_take_nor_song() {
    let mut rig = Rig::new();
    rig.ask("record.set start count");
    for stop in ["record.stop", "transport.stop"] {
        rig.ask("record.start never");
        rig.wait_ms(700);
        rig.ask(stop);
        rig.wait_ms(3_000);
        let status = rig.offline.status();
        assert!(!status.transport.playing && status.transport.seconds == 0.0, "{stop}");
        assert!(status.outputs[0].peak_db < -50.0, "{stop}: it clicks");
        if stop == "transport.stop" {
            // The take still waits for a song.
            assert_eq!(status.record.waits_for, Some(WaitsFor::Song));
        }
    }
    assert!(!rig.take("never.wav").exists());
}

#[test]
fn a_take_may_begin_while_the_one_before_is_being_closed() {
    let mut rig = Rig::new();
    rig.wait_ms(200);
    rig.ask("record.set pre_roll 0");
    for name in ["one", "two", "three"] {
        rig.ask(&format!("record.start {name}"));
        rig.wait_ms(50);
        rig.ask("record.stop");
    }
    rig.offline.finish();
    for name in ["one.wav", "two.wav", "three.wav"] {
        assert_eq!(samples(&rig, name).len(), 2 * 2_400, "{name}");
    }
}

#[test]
fn a_capture_is_kept_while_a_take_goes_on() {
    let mut rig = Rig::new();
    rig.ask("note.on C4 100");
    rig.wait_ms(500);
    rig.ask("record.set files inputs master");
    rig.ask("record.start jam");
    rig.wait_ms(1_000);
    assert!(rig.ask("record.capture 0.75").starts_with("recorded 0.8 s to "));
    rig.wait_ms(500);
    rig.ask("record.capture");
    rig.ask("record.stop");
    rig.offline.finish();
    let jam = samples(&rig, "jam-inputs.wav");
    assert_eq!(jam.len() as i64, 2 * (72_000 + PRE_ROLL));
    assert!(jam.iter().any(|sample| sample.abs() > 100_000));
    // The synth is all there is in the master.
    assert!(jam == samples(&rig, "jam-master.wav"));
    let kept = samples(&rig, "recording_20000101_000001-capture-inputs.wav");
    let from = 2 * (PRE_ROLL as usize + 12_000);
    assert!(kept[..2 * 36_000] == jam[from..from + 2 * 36_000]);
    // Everything, from the first frame.
    let all = samples(&rig, "recording_20000101_000002-capture-inputs.wav");
    assert_eq!(all.len(), 2 * 96_000);
    assert!(all[2 * (24_000 - PRE_ROLL as usize)..] == jam[..]);
}

#[test]
fn the_midi_file_lies_beside_the_take_on_its_timeline() {
    let mut rig = Rig::new();
    rig.wait_ms(1_000);
    rig.ask("record.set pre_roll 250");
    rig.ask("note.play C4 100 50");
    rig.wait_ms(150);
    rig.ask("record.start jam");
    rig.wait_ms(100);
    rig.hear(&[0xB0, 43, 17]);
    rig.ask("clock.bpm 60");
    rig.wait_ms(1_000);
    rig.ask("note.on E4 90");
    rig.wait_ms(100);
    rig.ask("record.stop");
    rig.ask("note.on G4 90");
    rig.offline.finish();
    let bytes = std::fs::read(rig.take("jam.mid")).unwrap();
    let smf = midly::Smf::parse(&bytes).unwrap();
    let mut got = Vec::new();
    for track in &smf.tracks[1..] {
        let mut tick = 0;
        for event in track {
            tick += u32::from(event.delta);
            if let midly::TrackEventKind::Midi { message, .. } = event.kind {
                got.push((tick, format!("{message:?}")));
            }
        }
    }
    // The take begins 250 ms before it was asked for: 100 ms before the note. A quarter is 500 ms, then 1000 ms.
    let note = |tick, on: &str, key, vel| (tick, format!("Note{on} {{ key: u7({key}), vel: u7({vel}) }}"));
    let sent: Vec<_> = got.iter().filter(|(_, what)| what.starts_with("Note")).cloned().collect();
    let quarter = f64::from(crate::midi::smf::TICKS_PER_QUARTER);
    let ticks = |ms: f64| (ms / 500.0 * quarter).round() as u32;
    assert_eq!(sent[0], note(ticks(100.0), "On", 60, 100));
    assert_eq!(sent[1].0, ticks(150.0));
    assert!(sent[2].1.contains("key: u7(64)"), "{sent:?}");
    // A held note is ended with the take, 1100 ms after the tempo changed.
    assert!(sent[3].1.starts_with("NoteOff { key: u7(64)"), "{sent:?}");
    assert_eq!(sent.len(), 4, "what came after its end is not in it: {sent:?}");
    let received = got.iter().find(|(_, what)| what.contains("controller: u7(43)")).unwrap();
    assert_eq!(received.0, ticks(350.0));
    assert_eq!(smf.tracks.len(), 3);
}

#[test]
fn options_are_shown_changed_and_refused() {
    let mut rig = Rig::new();
    assert!(rig.ask("record.set bits").starts_with("bits is 24: "));
    assert_eq!(rig.ask("record.set bits 16"), "bits is 16");
    assert_eq!(rig.ask("record.set name take {bpm} %H"), "name is take {bpm} %H");
    assert!(rig.refused("record.set files 7").contains("not among the 2 recorded inputs"));
    assert!(rig.refused("record.set bits 12").contains("allowed: 16, 24 or 32f"));
    assert!(rig.refused("record.mark").contains("not recording"));
    rig.ask("record.start");
    rig.wait_ms(200);
    rig.offline.finish();
    let spec = hound::WavReader::open(rig.take("take 120 00.wav")).unwrap().spec();
    assert_eq!((spec.bits_per_sample, spec.channels), (16, 2));
}

#[test]
fn a_take_that_waits_for_the_song_does_not_begin_with_the_end_of_the_one_before() {
    for start in ["bar", "count"] {
        let mut rig = Rig::new();
        rig.ask(&format!("record.set start {start}"));
        rig.ask("transport.play");
        rig.wait_ms(700);
        rig.ask("transport.stop");
        rig.ask("record.start jam");
        assert_eq!(rig.offline.status().record.waits_for, Some(WaitsFor::Song), "{start}");
        rig.wait_ms(100);
        assert_eq!(rig.offline.status().record.waits_for, Some(WaitsFor::Song), "{start}");
    }
}

#[test]
fn a_take_whose_device_is_gone_can_be_stopped_and_does_not_go_on() {
    let mut rig = Rig::new();
    rig.ask("record.start jam");
    rig.wait_ms(500);
    rig.offline.control().device_lost();
    rig.wait_ms(100);
    assert!(rig.offline.status().record.take.is_none());
    rig.ask("record.stop");
    assert!(rig.refused("record.stop").contains("not recording"));
    let now = rig.offline.now();
    rig.offline.control().device_back(now);
    rig.wait_ms(500);
    assert!(!rig.offline.status().record.is_recording && !rig.take("jam-2.wav").exists());
}

/// A key whose takes go on beside those of the commands, as a track's will.
const BESIDE: TakeKey = TakeKey(7);

/// A take beside those of the commands, of these taps.
fn begin_beside(rig: &mut Rig, taps: &str, begin: Begin, end_frame: Option<i64>) -> Result<(), String> {
    let now = rig.offline.now();
    let Control { out, recorder, instruments, ports, .. } = rig.offline.control();
    let occasion = Occasion::of(instruments, ports, out, now);
    let taps = taps.parse::<Taps>().unwrap().as_slice().to_vec();
    let files = Some(vec![FileOf { suffix: String::new(), taps }]);
    let wanted = TakeRequest { name: Some("beside".to_owned()), files, end_frame, of_track: false };
    recorder.takes.begin(BESIDE, wanted, begin, Vec::new(), &occasion, out)
}

/// Ends it, and returns the receiver of the answer.
fn end_beside(rig: &mut Rig) -> Receiver<Answer> {
    let now = rig.offline.now();
    let (reply, answer) = mpsc::channel();
    let control = rig.offline.control();
    control.out.owed.promised();
    control.recorder.takes.end(BESIDE, now.open_frame, &mut control.out);
    let promise = control.out.owed.promised().unwrap();
    control.owe(promise, String::new(), Box::new(move |answer| drop(reply.send(answer))), now);
    answer
}

#[test]
fn takes_of_two_keys_and_other_taps_overlap_and_each_is_exact_to_the_sample() {
    let mut rig = Rig::new();
    rig.ask("record.set pre_roll 0");
    rig.ask("record.set length 30");
    rig.ask("note.on C4 100");
    rig.wait_ms(500);
    rig.ask("record.start jam");
    rig.wait_ms(300);
    begin_beside(&mut rig, "synth-right,master-left", Begin::At(20_000), None).unwrap();
    let refused = begin_beside(&mut rig, "1", Begin::At(30_000), None).unwrap_err();
    assert!(refused.contains("already"), "{refused}");
    rig.wait_ms(400);
    rig.ask("record.mark chorus");
    let ended = end_beside(&mut rig);
    rig.wait_ms(100);
    let path = rig.take("beside.wav").display().to_string();
    assert_eq!(ended.try_recv().unwrap(), Ok(format!("recorded 0.8 s to {path}")));
    let record = rig.offline.status().record;
    assert_eq!(record.take.clone().map(|take| (take.path, take.marks)), Some((rig.take("jam.wav"), 1)));
    rig.wait_ms(100);
    assert!(rig.ask("record.stop").starts_with("recorded 0.9 s to "));
    rig.ask("record.set files inputs+master");
    rig.ask("record.capture");
    rig.offline.finish();
    // Everything: the synth's left and right, then the master's.
    let all = samples(&rig, "recording_20000101_000001-capture.wav");
    let part = |frames: std::ops::Range<usize>, places: [usize; 2]| -> Vec<i32> {
        all[4 * frames.start..4 * frames.end].chunks(4).flat_map(|frame| places.map(|place| frame[place])).collect()
    };
    assert!(samples(&rig, "jam.wav") == part(24_000..67_200, [0, 1]));
    let beside = samples(&rig, "beside.wav");
    assert!(beside == part(20_000..57_600, [1, 2]) && beside.iter().any(|sample| sample.abs() > 100_000));
    assert_eq!(marks(&rig, "jam.wav"), [(33_600, "chorus".to_owned())]);
    assert_eq!(marks(&rig, "beside.wav"), []);
}

#[test]
fn a_take_that_a_fault_ends_leaves_the_one_beside_it_alone() {
    let mut rig = Rig::new();
    rig.wait_ms(200);
    rig.ask("record.set pre_roll 0");
    rig.ask("record.start jam");
    // This input is not held.
    begin_beside(&mut rig, "9", Begin::At(0), None).unwrap();
    rig.wait_ms(500);
    assert_eq!(rig.offline.status().faults.disk_refused, 1);
    assert!(rig.offline.status().record.take.is_some() && !rig.take("beside.wav").exists());
    // Its key is free again.
    begin_beside(&mut rig, "synth-left", Begin::At(0), Some(12_000)).unwrap();
    rig.wait_ms(500);
    assert_eq!(samples(&rig, "beside.wav").len(), 12_000);
    begin_beside(&mut rig, "synth-right", Begin::At(30_000), None).unwrap();
    rig.ask("record.stop");
    assert_eq!(samples(&rig, "jam.wav").len(), 2 * 48_000);
    // The end of the engine ends that one, too.
    rig.offline.finish();
    assert_eq!(samples(&rig, "beside-2.wav").len(), 57_600 - 30_000);
}

#[test]
fn takes_beside_each_other_go_on_each_when_their_device_is_back() {
    let mut rig = Rig::new();
    rig.ask("record.start jam");
    begin_beside(&mut rig, "synth-right,synth-left", Begin::At(0), None).unwrap();
    rig.wait_ms(500);
    rig.offline.control().device_lost();
    rig.wait_ms(100);
    let now = rig.offline.now();
    rig.offline.control().device_back(now);
    rig.wait_ms(500);
    rig.offline.finish();
    for name in ["jam.wav", "beside.wav", "jam-2.wav", "beside-2.wav"] {
        assert_eq!(samples(&rig, name).len(), 2 * 24_000, "{name}");
    }
}

#[test]
fn the_answer_to_one_stop_waits_for_no_other_than_its_own_bound() {
    let mut rig = Rig::new();
    rig.wait_ms(200);
    rig.ask("record.start jam");
    begin_beside(&mut rig, "synth-left", Begin::At(0), None).unwrap();
    rig.wait_ms(500);
    rig.offline.hang_disk(true);
    let (reply, stopped) = mpsc::channel();
    let stop = "record.stop".parse().unwrap();
    rig.offline.ask_then(Guest::NOBODY, &stop, Box::new(move |answer| drop(reply.send(answer))));
    rig.wait_ms(2_000);
    let ended = end_beside(&mut rig);
    rig.wait_ms(2_900);
    assert!(stopped.try_recv().is_err());
    rig.wait_ms(200);
    assert!(stopped.try_recv().unwrap().unwrap().contains("jam.wav is not readable yet"));
    assert!(ended.try_recv().is_err());
    rig.wait_ms(2_000);
    assert!(ended.try_recv().unwrap().unwrap().contains("beside.wav is not readable yet"));
    rig.offline.hang_disk(false);
    assert_eq!((samples(&rig, "jam.wav").len() / 2, samples(&rig, "beside.wav").len()), (24_000 + 4_800, 129_600));
}

#[test]
fn the_next_take_records_the_inputs_that_are_set() {
    let mut rig = Rig::new();
    rig.ask("note.on C4 100");
    rig.wait_ms(200);
    rig.ask("record.start both");
    rig.wait_ms(100);
    assert_eq!(
        rig.ask("record.set inputs 2"),
        "inputs is 2; meters, gains and monitor still use the inputs chosen at startup"
    );
    assert_eq!(rig.offline.status().record.inputs, "2");
    rig.wait_ms(100);
    rig.ask("record.stop");
    rig.ask("record.start right");
    assert_eq!(rig.refused("record.set inputs 3"), "no input 3: the inputs are synth");
    assert!(rig.refused("record.set inputs master").contains("allowed:"));
    assert_eq!(rig.ask("record.set inputs start"), "inputs is start");
    assert_eq!(rig.offline.status().record.inputs, "synth");
    rig.wait_ms(100);
    rig.ask("record.stop");
    let channels = |name: &str| hound::WavReader::open(rig.take(name)).unwrap().spec().channels;
    assert_eq!((channels("both.wav"), channels("right.wav")), (2, 1));
    // Places are those among them.
    rig.ask("record.set files 2");
    assert!(rig.refused("record.set inputs 1").contains("2 is not among the 1 recorded inputs"));
}
