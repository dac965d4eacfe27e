//! The one thread that calls JACK.
//!
//! libjack's calls wait for the server, and a server that hangs never answers. So they are all made on a thread of
//! their own, one after the other, and the caller waits for a bounded time. A program has one libjack, which connects
//! to one server, hence one such thread. Realtime: no.

use crate::engine::host::HostError;
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, RecvTimeoutError, Sender},
    },
    thread,
    time::Duration,
};

/// How long a caller waits for an answer. A server answers in milliseconds; a loaded machine may take a second.
pub const PATIENCE: Duration = Duration::from_secs(2);

const THREAD: &str = "jack";

type JackCall = Box<dyn FnOnce() + Send>;

/// Set when a job that its caller gave up on is done after all.
static GIVEN_UP: Mutex<Option<Arc<AtomicBool>>> = Mutex::new(None);

/// Asks, and waits up to [`PATIENCE`] for the answer. An answer that comes later is dropped on the asking thread.
///
/// # Errors
/// Where the server does not answer, now or since an earlier question. The program need not wait for it again.
pub fn ask<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, HostError> {
    if stuck() {
        // Dropped here, the closure would drop its values on this thread.
        queue(Box::new(move || drop(work)));
        return Err(silent());
    }
    ask_even_if_stuck(work)
}

/// Asks, even where an earlier question was not answered: for what must be done as soon as the server answers again.
///
/// # Errors
/// Where the server does not answer in time; the work is done when it does.
pub fn ask_even_if_stuck<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, HostError> {
    if thread::current().name() == Some(THREAD) {
        return Ok(work());
    }
    let (sender, answer) = mpsc::channel();
    let done = Arc::new(AtomicBool::new(false));
    let is_done = Arc::clone(&done);
    let patience = if stuck() { Duration::ZERO } else { PATIENCE };
    queue(Box::new(move || {
        let outcome = catch_unwind(AssertUnwindSafe(work));
        if let Ok(value) = outcome {
            // The caller waits no more: the value is dropped here.
            let _ = sender.send(value);
        }
        is_done.store(true, Ordering::Release);
    }));
    answer.recv_timeout(patience).map_err(|error| match error {
        RecvTimeoutError::Timeout => {
            *GIVEN_UP.lock().unwrap_or_else(PoisonError::into_inner) = Some(done);
            silent()
        }
        RecvTimeoutError::Disconnected => {
            HostError("JACK's library failed; restart the JACK server and try again".to_owned())
        }
    })
}

/// Whether a question is still not answered.
fn stuck() -> bool {
    let given_up = GIVEN_UP.lock().unwrap_or_else(PoisonError::into_inner);
    given_up.as_ref().is_some_and(|done| !done.load(Ordering::Acquire))
}

fn silent() -> HostError {
    HostError("the JACK server does not answer; restart it, or choose another device".to_owned())
}

fn queue(job: JackCall) {
    static JOBS: OnceLock<Sender<JackCall>> = OnceLock::new();
    let jobs = JOBS.get_or_init(|| {
        let (sender, jobs) = mpsc::channel::<JackCall>();
        let body = move || jobs.into_iter().for_each(|job| job());
        if let Err(error) = thread::Builder::new().name(THREAD.to_owned()).spawn(body) {
            tracing::error!("no thread for JACK: {error}");
        }
        sender
    });
    // Without a thread the job is dropped, and with it the sender its caller waits on.
    let _ = jobs.send(job);
}
