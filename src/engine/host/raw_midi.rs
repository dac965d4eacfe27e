//! MIDI through a file: raw MIDI devices, serial lines, pseudo-terminals and FIFOs. The patchbay keeps them open.
//!
//! The scheduler's thread and the clock's each own a descriptor of the same open file, and every message is one
//! `write`. The kernel takes messages this short whole or not at all, so none is torn; where it takes only a part of a
//! longer one (SysEx), the rest is sent before this thread sends anything else, and the clock's real-time bytes may
//! pass in between, as MIDI 1.0 allows. Nothing here ever waits: a port that is full, stalled or without a reader
//! refuses, and the threads themselves keep messages that must not be lost and try them again (`midi/scheduler.rs`,
//! `midi/clock_thread.rs`). A reader that goes away is an error of that write and no signal: Rust's runtime ignores
//! SIGPIPE.
//!
//! Realtime: no, but [`MidiOut::send`] and [`MidiOut::finish`], which the MIDI threads call.

use super::HostError;
use crate::engine::midi::port::{MidiOut, SendFailed};
use crate::midi::Wire;
use rustix::{
    fs::{FileType, Mode, OFlags},
    io::Errno,
    termios,
};
use std::{
    fs,
    os::fd::{AsFd, OwnedFd},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

/// Bits per second of a MIDI wire (MIDI 1.0, "Hardware").
const WIRE_BAUD: u32 = 31_250;
/// Serial drivers round to what their divider gives; MIDI wants 1 %.
const BAUD_TOLERANCE: u32 = WIRE_BAUD / 100;
/// Room for the rest of a long message, before memory has to be asked for.
const REST_BYTES: usize = 4096;
/// Device numbers of pseudo-terminals' ends (Linux, admin-guide/devices.txt).
const PTY_MAJORS: std::ops::RangeInclusive<u32> = 136..=143;
/// The folder of raw MIDI devices.
const DEVICES: &str = "/dev/snd";

/// A raw MIDI device of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawMidiDevice {
    /// Its path, as the patchbay takes it.
    pub path: String,
    /// Its driver's name for it.
    pub name: String,
}

/// What kind of file a port is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PortFileKind {
    /// A raw MIDI device.
    Device,
    /// A serial line that runs at MIDI's speed.
    Serial,
    /// The end of a pseudo-terminal: a terminal line to busker, memory behind.
    Pty,
    /// A FIFO. It is never gone for want of a reader or a writer.
    Fifo,
}

impl PortFileKind {
    /// How fast it takes bytes.
    pub(super) fn wire(self) -> Wire {
        match self {
            PortFileKind::Serial => Wire::DIN,
            PortFileKind::Device | PortFileKind::Pty | PortFileKind::Fifo => Wire::USB,
        }
    }
}

/// Why a file is no open port.
#[derive(Debug)]
pub(super) enum RawPortError {
    /// It is not there, or does not answer, or is in use: that may change by itself.
    Absent(HostError),
    /// It will not change until a person mends it.
    Wrong(HostError),
}

impl From<RawPortError> for HostError {
    fn from(refused: RawPortError) -> HostError {
        match refused {
            RawPortError::Absent(why) | RawPortError::Wrong(why) => why,
        }
    }
}

/// A file opened for writing, once for each sending thread.
pub(super) struct Output {
    /// The scheduler's, the clock's.
    pub(super) outs: [Box<dyn MidiOut>; 2],
    /// The same open file, to be polled.
    pub(super) watched: OwnedFd,
    /// Set by a thread whose write found the other side gone.
    pub(super) dead: Arc<AtomicBool>,
    pub(super) kind: PortFileKind,
}

/// One thread's descriptor.
struct RawOut {
    file: OwnedFd,
    /// The other side of the file is gone.
    dead: Arc<AtomicBool>,
    /// The bytes that the kernel has not taken yet of a message it has begun to take.
    rest: Vec<u8>,
}

impl MidiOut for RawOut {
    fn send(&mut self, _: u64, bytes: &[u8]) -> Result<(), SendFailed> {
        self.finish()?;
        let written = write(&self.file, bytes).map_err(|errno| self.refused(errno))?;
        self.rest.extend_from_slice(&bytes[written..]);
        Ok(())
    }

    fn takes_pieces(&self) -> bool {
        true
    }

    fn finish(&mut self) -> Result<(), SendFailed> {
        if self.rest.is_empty() {
            return Ok(());
        }
        match write(&self.file, &self.rest) {
            Ok(written) => {
                self.rest.drain(..written);
            }
            Err(Errno::AGAIN) => {}
            // The reader of the beginning is gone, and the end alone would mean something else to the next.
            Err(errno) => {
                self.rest.clear();
                self.refused(errno);
            }
        }
        if self.rest.is_empty() { Ok(()) } else { Err(SendFailed) }
    }
}

impl RawOut {
    fn refused(&self, errno: Errno) -> SendFailed {
        if is_dead(errno) {
            self.dead.store(true, Ordering::Relaxed);
        }
        SendFailed
    }
}

/// Whether an error means that the other side of an open file is gone, and not only for now.
pub(super) fn is_dead(errno: Errno) -> bool {
    matches!(errno, Errno::NODEV | Errno::NXIO | Errno::IO)
}

/// One `write`; zero bytes written is an error.
fn write(file: &OwnedFd, bytes: &[u8]) -> Result<usize, Errno> {
    match rustix::io::retry_on_intr(|| rustix::io::write(file, bytes)) {
        Ok(0) => Err(Errno::AGAIN),
        written => written,
    }
}

/// The raw MIDI devices of this machine. Reads a directory and opens nothing.
pub fn list() -> Vec<RawMidiDevice> {
    list_in(Path::new(DEVICES), Path::new("/proc/asound"))
}

fn list_in(devices: &Path, proc: &Path) -> Vec<RawMidiDevice> {
    let entries = fs::read_dir(devices).into_iter().flatten().flatten();
    let mut found: Vec<RawMidiDevice> = entries
        .filter_map(|entry| {
            let file = entry.file_name().into_string().ok()?;
            let (card, device) = file.strip_prefix("midiC")?.split_once('D')?;
            let (card, device): (u32, u32) = (card.parse().ok()?, device.parse().ok()?);
            let about = fs::read_to_string(proc.join(format!("card{card}/midi{device}"))).unwrap_or_default();
            let name = about.lines().next().map(str::trim).filter(|name| !name.is_empty());
            let name = format!("{}, without the sequencer", name.unwrap_or("raw MIDI device"));
            Some(RawMidiDevice { path: devices.join(&file).display().to_string(), name })
        })
        .collect();
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// Opens the device, serial line or FIFO at a path for writing.
pub(super) fn open_output(path: &str) -> Result<Output, RawPortError> {
    let (file, kind) = open_file(path, OFlags::WRONLY)?;
    let clone = || {
        let clone = file.try_clone();
        clone
            .map_err(|error| RawPortError::Absent(HostError(format!("the MIDI port {path} cannot be opened: {error}"))))
    };
    let dead = Arc::<AtomicBool>::default();
    let out = |file| -> Box<dyn MidiOut> {
        Box::new(RawOut { file, dead: Arc::clone(&dead), rest: Vec::with_capacity(REST_BYTES) })
    };
    let outs = [out(clone()?), out(clone()?)];
    Ok(Output { outs, watched: file, dead, kind })
}

/// The major number of `/dev/null`, `/dev/zero` and the like (Linux, Documentation/admin-guide/devices.txt).
const MEMORY_MAJOR: u32 = 1;

/// Opens it for reading.
pub(super) fn open_input(path: &str) -> Result<(OwnedFd, PortFileKind), RawPortError> {
    open_file(path, OFlags::RDONLY)
}

fn open_file(path: &str, way: OFlags) -> Result<(OwnedFd, PortFileKind), RawPortError> {
    let refused = |errno| refused(path, way, errno);
    let stat = rustix::fs::stat(path).map_err(refused)?;
    let kind = FileType::from_raw_mode(stat.st_mode);
    match kind {
        FileType::CharacterDevice if rustix::fs::major(stat.st_rdev) == MEMORY_MAJOR => {
            return Err(not_a_port(path, "a memory device of the system"));
        }
        FileType::CharacterDevice | FileType::Fifo => {}
        FileType::Directory => return Err(not_a_port(path, "a directory")),
        FileType::RegularFile => return Err(not_a_port(path, "an ordinary file")),
        _ => return Err(not_a_port(path, "something else")),
    }
    let open =
        |flags| rustix::fs::open(path, flags | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty());
    let file = match open(way) {
        // A FIFO without a reader. One reader of our own lets the writing end open, and is closed again: a write then
        // fails until a reader comes. Opened for reading and writing it would never fail, but keep 64 KiB for a later
        // reader, twenty minutes of stale pulses all at once.
        Err(Errno::NXIO) if kind == FileType::Fifo => open(OFlags::RDONLY).and_then(|_reader| open(OFlags::WRONLY)),
        file => file,
    };
    let file = file.map_err(refused)?;
    let kind = match kind {
        FileType::Fifo => PortFileKind::Fifo,
        _ if !termios::isatty(&file) => PortFileKind::Device,
        _ if PTY_MAJORS.contains(&rustix::fs::major(stat.st_rdev)) => PortFileKind::Pty,
        _ => PortFileKind::Serial,
    };
    if matches!(kind, PortFileKind::Serial | PortFileKind::Pty) {
        make_wire(path, &file)?;
    }
    Ok((file, kind))
}

/// Makes a terminal line a MIDI wire: every byte as it is, at MIDI's speed.
fn make_wire(path: &str, file: impl AsFd) -> Result<(), RawPortError> {
    let set = || {
        let mut line = termios::tcgetattr(&file)?;
        line.make_raw();
        line.control_modes |= termios::ControlModes::CLOCAL;
        line.set_speed(WIRE_BAUD)?;
        termios::tcsetattr(&file, termios::OptionalActions::Now, &line)?;
        // A driver that cannot do what it was asked reports it only here.
        termios::tcgetattr(&file)
    };
    match set() {
        Ok(line) if line.output_speed().abs_diff(WIRE_BAUD) <= BAUD_TOLERANCE => Ok(()),
        // It was unplugged while it was being set up.
        Err(errno) if is_dead(errno) => Err(refused(path, OFlags::WRONLY, errno)),
        _ => Err(RawPortError::Wrong(HostError(format!(
            "the serial line {path} cannot run at {WIRE_BAUD} baud, which MIDI needs: use an adapter that can, or a USB \
             MIDI interface"
        )))),
    }
}

fn not_a_port(path: &str, what: &str) -> RawPortError {
    RawPortError::Wrong(HostError(format!(
        "{path} is {what}, not a MIDI port: name a device like /dev/snd/midiC1D0, a serial line or a FIFO"
    )))
}

fn refused(path: &str, way: OFlags, errno: Errno) -> RawPortError {
    let (done, allow) = if way == OFlags::RDONLY { ("read", "r") } else { ("written to", "w") };
    let what = match errno {
        Errno::NOENT | Errno::NOTDIR => {
            format!("{path} does not exist: plug the device in, or create a FIFO with `mkfifo {path}`")
        }
        Errno::ACCESS | Errno::PERM => {
            let group = if path.starts_with(DEVICES) { Some("audio") } else { None };
            let group = group.or_else(|| path.starts_with("/dev/tty").then_some("dialout"));
            let how = group.map_or_else(
                || format!("allow it with `chmod u+{allow} {path}`"),
                |group| format!("join the {group} group (`sudo usermod -aG {group} $USER`) and log in again"),
            );
            return RawPortError::Wrong(HostError(format!("{path} may not be {done}: {how}")));
        }
        Errno::BUSY => {
            format!("the MIDI port {path} is in use by another program: close that program, or choose another port")
        }
        Errno::NODEV | Errno::NXIO | Errno::IO => format!("no device answers at {path}: plug it in"),
        errno => format!("the MIDI port {path} cannot be opened: {}", std::io::Error::from(errno)),
    };
    RawPortError::Absent(HostError(what))
}

#[cfg(test)]
mod tests;
