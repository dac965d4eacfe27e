//! The Unix socket: screens and one-shot commands of this machine connect to a station in another process.
//!
//! - [`socket_file`]: the socket's path and its owner. Only one station has it.
//! - [`door`]: the station's side; two threads for each client that is sent events, one for each that only asks.
//! - [`client`]: the client's side. A connection can be made into a [`Station`](crate::engine::station::Station), so
//!   that a screen needs no other code for it.

pub mod client;
pub mod door;
pub mod socket_file;

use super::wire::WireError;
use std::{
    io::{self, BufRead, BufReader, ErrorKind, Read, Write},
    os::unix::net::UnixStream,
    time::Duration,
};

/// How long either side may take to send its hello.
const HELLO: Duration = Duration::from_secs(5);
/// The longest message of a station: a long list of takes with their overviews.
const TOLD_BYTES_MAX: usize = 64 * 1024 * 1024;

/// A line, without its end; `None` where the other side is gone.
fn read_line(stream: &mut BufReader<UnixStream>, bytes_max: usize) -> Result<Option<Vec<u8>>, ReadError> {
    let mut line = Vec::new();
    let count = stream.by_ref().take(bytes_max as u64 + 1).read_until(b'\n', &mut line)?;
    match line.last() {
        Some(b'\n') => {
            line.pop();
            Ok(Some(line))
        }
        // The other side left in the middle of a message: it is no command.
        _ if count <= bytes_max => Ok(None),
        _ => Err(ReadError::Wire(WireError::TooLong)),
    }
}

/// Why no message could be read.
#[derive(Debug, thiserror::Error)]
enum ReadError {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error(transparent)]
    Wire(#[from] WireError),
}

fn write_line(mut stream: &UnixStream, mut line: String) -> io::Result<()> {
    line.push('\n');
    stream.write_all(line.as_bytes())
}

/// Whether it only took too long.
fn is_late(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}
