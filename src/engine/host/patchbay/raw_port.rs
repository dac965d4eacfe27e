//! A raw MIDI device, serial line, pseudo-terminal or FIFO that is kept open. Reads no clock.
//!
//! A device that went away is an error of a read or a write, or a hang-up of its descriptor. A FIFO is never gone: its
//! reader or writer may leave and another come. Every descriptor is closed at once when a device is gone, for the
//! kernel keeps its number taken while any is open, and it would return under another.

use super::{PortChange, alsa_port::OpenedPort, retry::Retry, sockets::Sockets};
use crate::{
    engine::{
        host::{
            HostError,
            raw_midi::{self, Output, PortFileKind, RawPortError},
        },
        midi::input::{Inlet, Where, input},
    },
    midi::Wire,
};
use alsa::poll::{Flags, pollfd};
use rustix::io::Errno;
use std::{
    os::fd::{AsFd, AsRawFd, OwnedFd},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

/// Bytes read at once; a hundred milliseconds of a DIN wire.
const PIECE_BYTES: usize = 320;
/// Pieces read before others get their turn.
const PIECES: usize = 64;
/// Poll flags that mean that the device is gone.
const DEAD: Flags = Flags::ERR.union(Flags::HUP).union(Flags::NVAL);

/// An open file.
struct File {
    kind: PortFileKind,
    reader: Option<OwnedFd>,
    writer: Option<Writer>,
}

struct Writer {
    watched: OwnedFd,
    dead: Arc<AtomicBool>,
}

/// A kept port.
pub(super) struct RawPort {
    path: String,
    sockets: Option<Sockets>,
    inlet: Option<Inlet>,
    file: Option<File>,
    retry: Retry,
}

impl RawPort {
    /// Opens the file at a path, where it is there; also returns how fast it takes bytes.
    ///
    /// # Errors
    /// Where it is not there and is not waited for, or cannot be opened.
    pub(super) fn open(
        path: &str,
        output: bool,
        wait: bool,
        now_ns: u64,
    ) -> Result<(RawPort, OpenedPort, Wire), HostError> {
        let (sockets, plugs) = output.then(|| Sockets::new(None)).unzip();
        let (inlet, midi_in) = input(Where::Thread);
        let retry = Retry::default();
        let mut port = RawPort { path: path.to_owned(), sockets, inlet: Some(inlet), file: None, retry };
        let mut opened = OpenedPort { name: path.to_owned(), plugs, input: Some(midi_in), connected: false };
        match port.open_file() {
            Ok(outs) => {
                if outs.is_some() {
                    let (sockets, plugs) = Sockets::new(outs);
                    (port.sockets, opened.plugs) = (Some(sockets), Some(plugs));
                }
                port.retry.done(now_ns);
            }
            Err(RawPortError::Absent(why)) if wait => {
                tracing::info!("waiting for a MIDI port: {why}");
                port.retry.begin(now_ns);
            }
            Err(refused) => return Err(refused.into()),
        }
        opened.connected = port.file.is_some();
        let kind = port.file.as_ref().map(|file| file.kind);
        // Bytes written to a FIFO would be read from it again.
        if output && kind == Some(PortFileKind::Fifo) {
            (port.inlet, opened.input) = (None, None);
        }
        let wire = kind.map_or_else(|| likely_wire(path), PortFileKind::wire);
        Ok((port, opened, wire))
    }

    /// The descriptors to poll.
    pub(super) fn descriptors(&self, polled: &mut Vec<pollfd>) {
        let Some(file) = &self.file else { return };
        let entry = |fd: &OwnedFd, flags: Flags| pollfd { fd: fd.as_raw_fd(), events: flags.bits(), revents: 0 };
        polled.extend(file.reader.as_ref().map(|reader| entry(reader, Flags::IN)));
        // Only to notice that it is gone; a FIFO without a reader would always be ready.
        let writer = file.writer.as_ref().filter(|_| file.kind != PortFileKind::Fifo);
        polled.extend(writer.map(|writer| entry(&writer.watched, Flags::empty())));
    }

    /// Reads input and checks whether the file is gone; `polled` is the result of the poll.
    pub(super) fn look(&mut self, polled: &[pollfd], at_ns: u64, changes: &mut Vec<PortChange>) {
        let Some(file) = &self.file else { return };
        let (fifo, flagged) = (
            file.kind == PortFileKind::Fifo,
            file.writer.as_ref().is_some_and(|writer| writer.dead.load(Ordering::Relaxed)),
        );
        let seen = |fd: &OwnedFd| {
            let entry = polled.iter().find(|entry| entry.fd == fd.as_raw_fd());
            entry.map_or(Flags::empty(), |entry| Flags::from_bits_truncate(entry.revents))
        };
        let mut dead = flagged || file.writer.as_ref().is_some_and(|writer| seen(&writer.watched).intersects(DEAD));
        if let Some(reader) = &file.reader
            && !seen(reader).is_empty()
        {
            let end = read(reader, self.inlet.as_mut(), at_ns);
            dead |= end == End::Nobody || (end == End::Empty && seen(reader).intersects(DEAD));
        }
        if fifo {
            if dead {
                self.next_writer(at_ns, changes);
            }
        } else if dead {
            self.lose(at_ns, changes);
        }
    }

    /// Opens the file again, where it is missing and it is time to try.
    pub(super) fn tick(&mut self, now_ns: u64, changes: &mut Vec<PortChange>) {
        if !self.retry.is_due(now_ns) {
            return;
        }
        match self.open_file() {
            Ok(outs) => {
                if let (Some(sockets), Some(outs)) = (&mut self.sockets, outs) {
                    sockets.connect(outs);
                }
                self.retry.done(now_ns);
                tracing::info!(name = self.path, "a MIDI port is connected");
                changes.push(PortChange::Connected { name: self.path.clone() });
            }
            Err(why) => {
                tracing::debug!("a MIDI port is still missing: {}", HostError::from(why));
                self.retry.again(now_ns);
            }
        }
    }

    /// When it is tried again.
    pub(super) fn next_ns(&self) -> Option<u64> {
        self.retry.at_ns()
    }

    /// See [`Sockets::settle`].
    pub(super) fn settle(&mut self) -> bool {
        self.sockets.as_mut().is_none_or(Sockets::settle)
    }

    /// Opens the file; returns the outputs for the sending threads, where it is played.
    fn open_file(&mut self) -> Result<Option<super::sockets::Outs>, RawPortError> {
        if self.sockets.is_none() {
            let (reader, kind) = raw_midi::open_input(&self.path)?;
            self.file = Some(File { kind, reader: Some(reader), writer: None });
            return Ok(None);
        }
        let Output { outs, watched, dead, kind } = raw_midi::open_output(&self.path)?;
        let reader = match self
            .inlet
            .as_ref()
            .filter(|_| kind != PortFileKind::Fifo)
            .map(|_| raw_midi::open_input(&self.path))
        {
            None => None,
            Some(Ok((reader, _))) => Some(reader),
            // Many devices have no output to read.
            Some(Err(why)) => {
                tracing::info!("{}; it can still be played", HostError::from(why));
                None
            }
        };
        self.file = Some(File { kind, reader, writer: Some(Writer { watched, dead }) });
        Ok(Some(outs))
    }

    fn lose(&mut self, now_ns: u64, changes: &mut Vec<PortChange>) {
        tracing::info!(name = self.path, "a MIDI port disconnected: its device reports a hangup");
        self.file = None;
        if let Some(sockets) = &mut self.sockets {
            sockets.disconnect();
        }
        if let Some(inlet) = &mut self.inlet {
            inlet.interrupted(now_ns);
        }
        self.retry.begin(now_ns);
        changes.push(PortChange::Gone);
    }

    /// The writer of the FIFO is gone. Opened anew it is quiet until the next writer comes; the old end is closed after
    /// that, so nothing in it is lost.
    fn next_writer(&mut self, now_ns: u64, changes: &mut Vec<PortChange>) {
        if let Some(inlet) = &mut self.inlet {
            inlet.interrupted(now_ns);
        }
        if let (Some(file), Ok((reader, PortFileKind::Fifo))) = (&mut self.file, raw_midi::open_input(&self.path)) {
            file.reader = Some(reader);
        } else {
            // It was removed.
            self.lose(now_ns, changes);
        }
    }
}

/// Why reading ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// No more bytes for now.
    Empty,
    /// There are more, and other ports wait.
    More,
    /// The other end is closed.
    Nobody,
}

fn read(reader: impl AsFd, mut inlet: Option<&mut Inlet>, at_ns: u64) -> End {
    let mut piece = [0; PIECE_BYTES];
    for _ in 0..PIECES {
        match rustix::io::read(&reader, &mut piece) {
            Ok(0) => return End::Nobody,
            Ok(len) => {
                if let Some(inlet) = &mut inlet {
                    inlet.hear(at_ns, &piece[..len]);
                }
            }
            Err(Errno::AGAIN) => return End::Empty,
            Err(Errno::INTR) => {}
            Err(_) => return End::Nobody,
        }
    }
    End::More
}

/// The wire of a file that is not there yet. A USB serial line is a wire like any other.
fn likely_wire(path: &str) -> Wire {
    if path.starts_with("/dev/tty") || path.starts_with("/dev/serial/") { Wire::DIN } else { Wire::USB }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::midi::port::MidiOut;
    use rustix::fs::{CWD, FileType, Mode};
    use std::{
        fs,
        io::{Read, Write},
        path::PathBuf,
    };

    fn fifo(folder: &std::path::Path) -> PathBuf {
        let path = folder.join("midi");
        rustix::fs::mknodat(CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        path
    }

    fn look(port: &mut RawPort) -> Vec<PortChange> {
        let (mut polled, mut changes) = (Vec::new(), Vec::new());
        port.descriptors(&mut polled);
        alsa::poll::poll(&mut polled, 0).unwrap();
        port.look(&polled, 0, &mut changes);
        changes
    }

    #[test]
    fn a_fifo_is_read_one_writer_after_the_other_and_is_quiet_between() {
        let folder = tempfile::tempdir().unwrap();
        let path = fifo(folder.path());
        let (mut port, opened, _) = RawPort::open(path.to_str().unwrap(), false, false, 0).unwrap();
        let mut input = opened.input.unwrap();
        for note in [60, 62] {
            let mut writer = fs::OpenOptions::new().write(true).open(&path).unwrap();
            // The unfinished message of a writer that ended means nothing to the next.
            writer.write_all(&[0x90, note, 100, 0xB0, 43]).unwrap();
            assert_eq!(look(&mut port), []);
            drop(writer);
            assert_eq!(look(&mut port), []);
            let heard: Vec<Vec<u8>> = std::iter::from_fn(|| input.pop()).map(|r| r.payload.bytes().to_vec()).collect();
            assert_eq!(heard, [[0x90, note, 100]]);
            let mut polled = Vec::new();
            port.descriptors(&mut polled);
            assert_eq!(alsa::poll::poll(&mut polled, 0), Ok(0), "a FIFO without a writer is not quiet");
        }
    }

    #[test]
    fn a_file_that_is_waited_for_is_opened_when_it_comes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("midi");
        let text = path.to_str().unwrap();
        assert!(RawPort::open(text, true, false, 0).is_err());
        let (mut port, opened, _) = RawPort::open(text, true, true, 0).unwrap();
        let [mut scheduler, mut clock] = opened.plugs.unwrap();
        let mut changes = Vec::new();
        port.tick(100_000_000, &mut changes);
        assert_eq!((changes.len(), scheduler.is_there()), (0, false));
        fifo(folder.path());
        let mut reader = fs::File::from(raw_midi::open_input(text).unwrap().0);
        port.tick(300_000_000, &mut changes);
        assert_eq!(changes, [PortChange::Connected { name: text.to_owned() }]);
        assert!(scheduler.news().is_some() && clock.news().is_some());
        assert_eq!((scheduler.send(0, &[0x90, 60, 1]), clock.send(0, &[0xF8])), (Ok(()), Ok(())));
        let mut bytes = [0; 4];
        reader.read_exact(&mut bytes).unwrap();
        assert_eq!(bytes, [0x90, 60, 1, 0xF8]);
    }

    #[test]
    fn an_ordinary_file_is_never_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notes.txt");
        fs::write(&path, "kept").unwrap();
        assert!(RawPort::open(path.to_str().unwrap(), true, true, 0).is_err());
    }
}
