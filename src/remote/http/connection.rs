//! A connection as bytes: one whose other side reads nothing is ended, and the last answer arrives. On the thread of
//! HTTP.

use super::reply::sentence;
use std::{
    io,
    net::Shutdown,
    os::fd::AsFd,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    runtime::Handle,
    sync::Semaphore,
    time::{Sleep, sleep, timeout},
};

/// How long the other side may read nothing of what is sent, or confirm nothing of it.
pub(super) const STALL: Duration = Duration::from_secs(10);
/// Bytes the system holds for the other side, about: enough for a take over Wi-Fi, and little enough that a client gets
/// fresh messages.
const SEND_BYTES: usize = 128 * 1024;
/// How long the rest of a request is read on a connection that is being closed.
const HEARING_OUT: Duration = Duration::from_secs(1);
/// How many connections are read so at once.
const HEARD_OUT_MAX: usize = 16;

static HEARD_OUT: Semaphore = Semaphore::const_new(HEARD_OUT_MAX);

/// A connection.
pub(super) struct HttpConnection {
    stream: TcpStream,
    /// Runs while bytes wait to be read by the other side.
    stall: Option<Pin<Box<Sleep>>>,
    /// The other side has sent its last byte.
    has_ended: bool,
    /// The bytes that are not sent yet of a refusal with a sentence.
    refusal: Vec<u8>,
}

/// Refusals that hyper sends by itself, without a body, and the sentences for them.
const REFUSED: [(&[u8], &str); 3] = [
    (b"HTTP/1.1 400 ", "not an HTTP request: the first line or a header is malformed"),
    (b"HTTP/1.1 414 ", "the address is too long: a request head has at most 32768 bytes"),
    (b"HTTP/1.1 431 ", "the request head is too long: at most 32768 bytes"),
];

/// The same answer with a sentence, where it is a refusal without a body. Those of the resources have one.
fn with_sentence(answer: &[u8]) -> Option<Vec<u8>> {
    const NO_BODY: &[u8] = b"content-length: 0\r\n";
    let (_, why) = REFUSED.into_iter().find(|(begin, _)| answer.starts_with(begin))?;
    let at = answer.windows(NO_BODY.len()).position(|part| part.eq_ignore_ascii_case(NO_BODY))?;
    let (before, after) = (&answer[..at], &answer[at + NO_BODY.len()..]);
    if !after.ends_with(b"\r\n\r\n") && after != b"\r\n" {
        return None;
    }
    let body = sentence(why);
    let lines = format!("content-type: application/json\r\ncontent-length: {}\r\n", body.len());
    Some([before, lines.as_bytes(), after, &body].concat())
}

impl HttpConnection {
    pub(super) fn new(stream: TcpStream) -> HttpConnection {
        // Small messages are not held back.
        let _ = stream.set_nodelay(true);
        let _ = rustix::net::sockopt::set_socket_send_buffer_size(&stream, SEND_BYTES);
        // The system also gives up on bytes that the other side does not confirm: tcp(7).
        let _ = rustix::net::sockopt::set_tcp_user_timeout(&stream, STALL.as_millis() as u32);
        HttpConnection { stream, stall: None, has_ended: false, refusal: Vec::new() }
    }

    /// Sends the rest of a refusal.
    fn poll_refusal(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.refusal.is_empty() {
            let outcome = Pin::new(&mut self.stream).poll_write(cx, &self.refusal);
            let written = ready!(self.written(cx, outcome))?;
            self.refusal.drain(..written);
        }
        Poll::Ready(Ok(()))
    }

    /// Takes a refusal of hyper's, to be sent with a sentence; it is taken whole.
    fn take_refusal(&mut self, bytes: &[u8]) -> Option<Poll<io::Result<usize>>> {
        self.refusal = with_sentence(bytes)?;
        Some(Poll::Ready(Ok(bytes.len())))
    }

    /// The outcome of a write, or an error where the other side has read nothing for too long.
    fn written(&mut self, cx: &mut Context<'_>, outcome: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if outcome.is_ready() {
            self.stall = None;
            return outcome;
        }
        ready!(self.stall.get_or_insert_with(|| Box::pin(sleep(STALL))).as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for HttpConnection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = bytes.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, bytes))?;
        self.has_ended |= bytes.filled().len() == before && bytes.remaining() > 0;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for HttpConnection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.poll_refusal(cx))?;
        if let Some(taken) = self.take_refusal(bytes) {
            return taken;
        }
        let outcome = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.written(cx, outcome)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_refusal(cx))?;
        if let [bytes] = bytes
            && let Some(taken) = self.take_refusal(bytes)
        {
            return taken;
        }
        let outcome = Pin::new(&mut self.stream).poll_write_vectored(cx, bytes);
        self.written(cx, outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_refusal(cx))?;
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_refusal(cx))?;
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl Drop for HttpConnection {
    /// A connection that is closed while its other side still sends is reset, and the last answer to it is lost: RFC
    /// 9112, 9.6. So the rest is read first.
    fn drop(&mut self) {
        if self.has_ended {
            return;
        }
        let (Ok(runtime), Ok(place)) = (Handle::try_current(), HEARD_OUT.try_acquire()) else { return };
        let rest = self.stream.as_fd().try_clone_to_owned().map(std::net::TcpStream::from);
        let rest = rest.and_then(|rest| rest.shutdown(Shutdown::Write).and_then(|()| TcpStream::from_std(rest)));
        if let Ok(rest) = rest {
            runtime.spawn(async move {
                let _ = timeout(HEARING_OUT, hear_out(&rest)).await;
                drop(place);
            });
        }
    }
}

async fn hear_out(rest: &TcpStream) -> io::Result<()> {
    let mut bytes = [0; 4096];
    loop {
        rest.readable().await?;
        match rest.try_read(&mut bytes) {
            Ok(0) => return Ok(()),
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => return Err(error),
            Ok(_) | Err(_) => {}
        }
    }
}
