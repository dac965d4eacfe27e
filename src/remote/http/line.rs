//! A connection as bytes: one whose other side takes nothing is ended, and what was said last arrives. On the thread of
//! HTTP.

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

/// So long the other side may take nothing of what is sent, or confirm nothing of it.
pub(super) const STALL: Duration = Duration::from_secs(10);
/// Bytes the system holds for the other side, about: enough for a take over Wi-Fi, and little enough that whoever is told
/// something hears what is so now.
const SEND_BYTES: usize = 128 * 1024;
/// So long it is waited for the end of what somebody says who is not listened to any more.
const HEARING_OUT: Duration = Duration::from_secs(1);
/// So many are heard out at once.
const HEARD_OUT_MAX: usize = 16;

static HEARD_OUT: Semaphore = Semaphore::const_new(HEARD_OUT_MAX);

/// A connection.
pub(super) struct Line {
    stream: TcpStream,
    /// Runs while something waits to be taken.
    stall: Option<Pin<Box<Sleep>>>,
    /// The other side has said its last.
    has_ended: bool,
}

impl Line {
    pub(super) fn new(stream: TcpStream) -> Line {
        // Small messages are not held back.
        let _ = stream.set_nodelay(true);
        let _ = rustix::net::sockopt::set_socket_send_buffer_size(&stream, SEND_BYTES);
        // What nobody confirms is given up by the system, too: tcp(7).
        let _ = rustix::net::sockopt::set_tcp_user_timeout(&stream, STALL.as_millis() as u32);
        Line { stream, stall: None, has_ended: false }
    }

    /// What came of writing, or that nothing has been taken for too long.
    fn written(&mut self, cx: &mut Context<'_>, outcome: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if outcome.is_ready() {
            self.stall = None;
            return outcome;
        }
        ready!(self.stall.get_or_insert_with(|| Box::pin(sleep(STALL))).as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Line {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = bytes.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, bytes))?;
        self.has_ended |= bytes.filled().len() == before && bytes.remaining() > 0;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Line {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.written(cx, outcome)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write_vectored(cx, bytes);
        self.written(cx, outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl Drop for Line {
    /// A connection that is closed while its other side still speaks is reset, and what was said to it last is lost: RFC
    /// 9112, 9.6. So it is heard out.
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
