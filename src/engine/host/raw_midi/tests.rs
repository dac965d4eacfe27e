//! Messages through files. Nothing here waits.

use super::*;
use std::{
    fs::{File, OpenOptions},
    io::Read,
    os::unix::fs::OpenOptionsExt,
    path::PathBuf,
};

const NOTE: [u8; 3] = [0x90, 60, 100];

fn fifo(folder: &Path) -> PathBuf {
    let path = folder.join("midi");
    rustix::fs::mknodat(rustix::fs::CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    path
}

fn reader(path: &Path) -> File {
    OpenOptions::new().read(true).custom_flags(OFlags::NONBLOCK.bits() as i32).open(path).unwrap()
}

fn read(reader: &mut File) -> Vec<u8> {
    let mut bytes = vec![0; 1 << 20];
    let n = reader.read(&mut bytes).unwrap_or(0);
    bytes.truncate(n);
    bytes
}

fn outs(path: &Path) -> (Box<dyn MidiOut>, Box<dyn MidiOut>) {
    open_output(path.to_str().unwrap()).unwrap().outs.into()
}

#[test]
fn a_fifo_without_a_reader_refuses_and_keeps_nothing_for_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let path = fifo(folder.path());
    let (mut scheduler, mut clock) = outs(&path);
    assert_eq!(scheduler.send(0, &NOTE), Err(SendFailed));
    let mut first = reader(&path);
    assert_eq!((scheduler.send(0, &NOTE), clock.send(0, &[0xF8])), (Ok(()), Ok(())));
    assert_eq!(read(&mut first), [0x90, 60, 100, 0xF8]);
    drop(first);
    assert_eq!((scheduler.send(0, &NOTE), clock.send(0, &[0xF8])), (Err(SendFailed), Err(SendFailed)));
    let mut second = reader(&path);
    assert_eq!(clock.send(0, &[0xFA]), Ok(()));
    assert_eq!(read(&mut second), [0xFA]);
}

#[test]
fn a_full_fifo_refuses_whole_messages_and_none_is_torn() {
    let folder = tempfile::tempdir().unwrap();
    let path = fifo(folder.path());
    let (mut scheduler, _clock) = outs(&path);
    let mut reader = reader(&path);
    let taken = (0..1_000_000).take_while(|_| scheduler.send(0, &NOTE).is_ok()).count();
    assert!(taken < 1_000_000);
    assert_eq!(read(&mut reader), NOTE.repeat(taken));
    assert_eq!(scheduler.send(0, &NOTE), Ok(()));
}

#[test]
fn a_long_message_taken_in_part_is_finished_before_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let path = fifo(folder.path());
    let (mut scheduler, mut clock) = outs(&path);
    let mut reader = reader(&path);
    let long = [&[0xF0][..], &[1; 100_000], &[0xF7]].concat();
    assert_eq!(scheduler.send(0, &long), Ok(()));
    assert_eq!((scheduler.finish(), scheduler.send(0, &NOTE)), (Err(SendFailed), Err(SendFailed)));
    let mut got = read(&mut reader);
    assert_eq!(clock.send(0, &[0xF8]), Ok(()));
    assert_eq!((scheduler.finish(), scheduler.send(0, &NOTE)), (Ok(()), Ok(())));
    got.extend(read(&mut reader));
    let at = got.iter().position(|byte| *byte == 0xF8).unwrap();
    got.remove(at);
    assert!(got == [&long[..], &NOTE].concat(), "{} bytes", got.len());
}

#[test]
fn the_rest_of_a_message_is_not_sent_to_another_reader() {
    let folder = tempfile::tempdir().unwrap();
    let path = fifo(folder.path());
    let (mut scheduler, _clock) = outs(&path);
    let mut first = reader(&path);
    assert_eq!(scheduler.send(0, &[&[0xF0][..], &[1; 100_000], &[0xF7]].concat()), Ok(()));
    read(&mut first);
    drop(first);
    assert_eq!(scheduler.finish(), Ok(()));
    let mut second = reader(&path);
    assert_eq!(scheduler.send(0, &NOTE), Ok(()));
    assert_eq!(read(&mut second), NOTE);
}

#[test]
fn a_path_that_is_no_port_is_refused_in_one_sentence_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let name = |path: &Path| path.to_str().unwrap().to_owned();
    fs::write(folder.path().join("file"), "kept").unwrap();
    for (path, says) in [
        (folder.path().to_owned(), "is a directory"),
        (folder.path().join("file"), "is an ordinary file"),
        (folder.path().join("none"), "does not exist"),
        (folder.path().join("file/none"), "does not exist"),
    ] {
        let HostError(text) = open_output(&name(&path)).err().unwrap().into();
        assert!(text.contains(&name(&path)) && text.contains(says), "{text}");
    }
    assert_eq!(fs::read(folder.path().join("file")).unwrap(), b"kept");
}

#[test]
fn refusals_say_which_group_and_whether_another_program_has_it() {
    let said = |path: &str, way, errno| HostError::from(refused(path, way, errno)).to_string();
    let text = |path: &str, errno| said(path, OFlags::WRONLY, errno);
    assert!(text("/dev/snd/midiC1D0", Errno::ACCESS).contains("usermod -aG audio"));
    assert!(text("/dev/ttyUSB0", Errno::ACCESS).contains("usermod -aG dialout"));
    assert!(text("/home/me/midi", Errno::ACCESS).contains("chmod u+w /home/me/midi"));
    assert!(said("/home/me/midi", OFlags::RDONLY, Errno::ACCESS).contains("may not be read: allow it with `chmod u+r"));
    assert!(text("/dev/snd/midiC1D0", Errno::BUSY).contains("another program"));
    // A problem that a person must mend ends the start; one that may end by itself is waited for.
    assert!(matches!(refused("/dev/midi", OFlags::WRONLY, Errno::ACCESS), RawPortError::Wrong(_)));
    for errno in [Errno::NOENT, Errno::NODEV, Errno::BUSY] {
        assert!(matches!(refused("/dev/midi", OFlags::WRONLY, errno), RawPortError::Absent(_)));
    }
}

#[test]
fn devices_are_listed_by_number_with_the_names_their_drivers_give() {
    let folder = tempfile::tempdir().unwrap();
    for file in ["midiC1D0", "midiC0D1", "controlC0", "midiC1", "pcmC0D0p"] {
        fs::write(folder.path().join(file), "").unwrap();
    }
    fs::create_dir(folder.path().join("card1")).unwrap();
    fs::write(folder.path().join("card1/midi0"), "NTS-1 digital kit\n\nOutput 0\n").unwrap();
    let found: Vec<(String, String)> =
        list_in(folder.path(), folder.path()).into_iter().map(|found| (found.path, found.name)).collect();
    let path = |file: &str| folder.path().join(file).to_str().unwrap().to_owned();
    assert_eq!(
        found,
        [
            (path("midiC0D1"), "raw MIDI device, without the sequencer".to_owned()),
            (path("midiC1D0"), "NTS-1 digital kit, without the sequencer".to_owned()),
        ]
    );
}
