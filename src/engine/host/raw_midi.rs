//! MIDI by way of a file: raw MIDI devices, serial lines, pseudo-terminals and FIFOs.
//!
//! The scheduler's thread and the clock's each own a descriptor of the same open file, and every message is one
//! `write`. The kernel takes messages this short whole or not at all, so none is torn; what it takes of a longer one
//! (SysEx) only in part is finished before this thread sends anything else, and the clock's real-time bytes may pass in
//! between, as MIDI 1.0 allows. Nothing here ever waits: a port that is full, stalled or without a reader refuses, and
//! what must not be lost is kept and tried again by the threads themselves (`midi/scheduler.rs`, `midi/clock_thread.rs`).
//! A reader that goes away is an error of that write and no signal: Rust's runtime ignores SIGPIPE.
//!
//! Realtime: no, but [`MidiOut::send`] and [`MidiOut::finish`], which the MIDI threads call.

use super::HostError;
use crate::engine::{
    assembly::{OpenPort, Way},
    control::PortInfo,
    midi::port::{MidiOut, SendFailed},
};
use crate::midi::Wire;
use rustix::{
    fs::{FileType, Mode, OFlags},
    io::Errno,
    termios,
};
use std::{fs, os::fd::OwnedFd, path::Path};

/// Bits per second of a MIDI wire (MIDI 1.0, "Hardware").
const WIRE_BAUD: u32 = 31_250;
/// Serial drivers round to what their divider gives; MIDI wants 1 %.
const BAUD_TOLERANCE: u32 = WIRE_BAUD / 100;
/// Room for what is left of a long message, before memory has to be asked for.
const REST_BYTES: usize = 4096;
/// Where raw MIDI devices are.
const DEVICES: &str = "/dev/snd";

/// A raw MIDI device of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// As [`open`] takes it.
    pub path: String,
    /// As its driver calls it.
    pub name: String,
}

/// One thread's descriptor.
struct RawOut {
    file: OwnedFd,
    /// What the kernel has not taken yet of a message it has begun to take.
    rest: Vec<u8>,
}

impl MidiOut for RawOut {
    fn send(&mut self, _: u64, bytes: &[u8]) -> Result<(), SendFailed> {
        self.finish()?;
        let written = write(&self.file, bytes).map_err(|_| SendFailed)?;
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
            // Whoever had the beginning is gone, and the end alone would mean something else to the next.
            Err(_) => self.rest.clear(),
        }
        if self.rest.is_empty() { Ok(()) } else { Err(SendFailed) }
    }
}

/// One `write`; nothing written is an error.
fn write(file: &OwnedFd, bytes: &[u8]) -> Result<usize, Errno> {
    match rustix::io::retry_on_intr(|| rustix::io::write(file, bytes)) {
        Ok(0) => Err(Errno::AGAIN),
        written => written,
    }
}

/// The raw MIDI devices there are. Reads a directory and opens nothing.
pub fn list() -> Vec<Found> {
    list_in(Path::new(DEVICES), Path::new("/proc/asound"))
}

fn list_in(devices: &Path, proc: &Path) -> Vec<Found> {
    let entries = fs::read_dir(devices).into_iter().flatten().flatten();
    let mut found: Vec<Found> = entries
        .filter_map(|entry| {
            let file = entry.file_name().into_string().ok()?;
            let (card, device) = file.strip_prefix("midiC")?.split_once('D')?;
            let (card, device): (u32, u32) = (card.parse().ok()?, device.parse().ok()?);
            let about = fs::read_to_string(proc.join(format!("card{card}/midi{device}"))).unwrap_or_default();
            let name = about.lines().next().map(str::trim).filter(|name| !name.is_empty());
            let name = format!("{}, without the sequencer", name.unwrap_or("raw MIDI device"));
            Some(Found { path: devices.join(&file).display().to_string(), name })
        })
        .collect();
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// Opens the device, serial line or FIFO at a path.
///
/// # Errors
/// Where there is none, where it may not be written to, where another program has it, and where a serial line cannot
/// run at MIDI's speed.
pub fn open(path: &str) -> Result<OpenPort, HostError> {
    let file = open_file(path)?;
    if termios::isatty(&file) {
        make_wire(path, &file)?;
    }
    let other =
        file.try_clone().map_err(|error| HostError(format!("the MIDI port {path} cannot be opened: {error}")))?;
    let out = |file| Box::new(RawOut { file, rest: Vec::with_capacity(REST_BYTES) });
    let way = Way::Threads { scheduler: out(file), clock: out(other) };
    let info = PortInfo { id: format!("raw:{path}"), name: path.to_owned() };
    Ok(OpenPort::new(info, way, Wire::USB))
}

fn open_file(path: &str) -> Result<OwnedFd, HostError> {
    let stat = rustix::fs::stat(path).map_err(|errno| refused(path, errno))?;
    let kind = FileType::from_raw_mode(stat.st_mode);
    let kind = match kind {
        FileType::CharacterDevice | FileType::Fifo => kind,
        FileType::Directory => return Err(not_a_port(path, "a directory")),
        FileType::RegularFile => return Err(not_a_port(path, "an ordinary file")),
        _ => return Err(not_a_port(path, "something else")),
    };
    let open =
        |flags| rustix::fs::open(path, flags | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty());
    let file = match open(OFlags::WRONLY) {
        // A FIFO that nobody reads yet. One reader of our own lets the writing end open, and is closed again: a write
        // then fails until a reader comes. Opened for reading and writing it would never fail, but keep 64 KiB for
        // whoever comes later, twenty minutes of stale pulses all at once.
        Err(Errno::NXIO) if kind == FileType::Fifo => open(OFlags::RDONLY).and_then(|_reader| open(OFlags::WRONLY)),
        file => file,
    };
    file.map_err(|errno| refused(path, errno))
}

/// Makes a terminal line a MIDI wire: every byte as it is, at MIDI's speed.
fn make_wire(path: &str, file: &OwnedFd) -> Result<(), HostError> {
    let set = || {
        let mut line = termios::tcgetattr(file)?;
        line.make_raw();
        line.control_modes |= termios::ControlModes::CLOCAL;
        line.set_speed(WIRE_BAUD)?;
        termios::tcsetattr(file, termios::OptionalActions::Now, &line)?;
        // A driver that cannot do what it was asked says so only here.
        termios::tcgetattr(file)
    };
    match set() {
        Ok(line) if line.output_speed().abs_diff(WIRE_BAUD) <= BAUD_TOLERANCE => Ok(()),
        _ => Err(HostError(format!(
            "the serial line {path} cannot run at {WIRE_BAUD} baud, which MIDI needs: use an adapter that can, or a USB \
             MIDI interface"
        ))),
    }
}

fn not_a_port(path: &str, what: &str) -> HostError {
    HostError(format!(
        "{path} is {what} and no MIDI port: name a device like /dev/snd/midiC1D0, a serial line or a FIFO"
    ))
}

fn refused(path: &str, errno: Errno) -> HostError {
    let what = match errno {
        Errno::NOENT | Errno::NOTDIR => {
            format!("there is no {path}: plug the device in, or make a FIFO with `mkfifo {path}`")
        }
        Errno::ACCESS | Errno::PERM => {
            let group = if path.starts_with(DEVICES) { Some("audio") } else { None };
            let group = group.or_else(|| path.starts_with("/dev/tty").then_some("dialout"));
            let allow = group.map_or_else(
                || format!("allow it with `chmod u+w {path}`"),
                |group| format!("join the {group} group (`sudo usermod -aG {group} $USER`) and log in again"),
            );
            format!("{path} may not be written to: {allow}")
        }
        Errno::BUSY => {
            format!("the MIDI port {path} is in use by another program: end that program, or choose another")
        }
        Errno::NODEV | Errno::NXIO | Errno::IO => format!("nothing answers behind {path}: plug the device in"),
        errno => format!("the MIDI port {path} cannot be opened: {}", std::io::Error::from(errno)),
    };
    HostError(what)
}

#[cfg(test)]
mod tests;
