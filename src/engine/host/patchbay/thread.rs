//! The patchbay's thread: waits for announcements, for bytes, and for the time to look again.
//!
//! It asks for real-time priority just below the scheduler's, so that it stamps messages when they come in. It opens
//! and closes connections, which may take milliseconds; it asks for memory. No sending thread ever waits for it.

use super::{
    ALSA_WIRE, PatchbayIndex, PortChange, PortEvent,
    alsa_port::{AlsaAsked, AlsaPort, Announcement, OpenedPort, Sequencer, Taken},
    raw_port::RawPort,
    retry::Retry,
    sequencer::{Read, SequencerClient},
};
use crate::{
    engine::{
        host::{HostError, quiet::hush_alsa},
        realtime,
    },
    midi::Wire,
};
use alsa::poll::{Flags, pollfd};
use rustix::event::{EventfdFlags, eventfd};
use std::{
    os::fd::{AsRawFd, OwnedFd},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        mpsc::{self, Receiver, Sender, TryRecvError},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

/// Longest sleep: a serial driver may report the death of a line only at the next write.
const LONGEST_SLEEP: Duration = Duration::from_millis(500);
/// How often it looks whether the sending threads have taken a change and given the old connection back.
const SETTLE_EVERY: Duration = Duration::from_millis(20);
/// How long after a change it does that: the sending threads look when they next wake.
const SETTLE_FOR: Duration = Duration::from_secs(2);
/// Events of the sequencer read at once, before files get their turn.
const EVENTS: usize = 4096;

/// Called after each event.
pub(super) type PortEventWaker = Box<dyn Fn() + Send>;

/// The outcome of a request to keep a port.
pub(super) type KeepResult = Result<(PatchbayIndex, OpenedPort, Wire), HostError>;

/// A request to the thread.
pub(super) enum Ask {
    KeepAlsa(AlsaAsked, Sender<KeepResult>),
    KeepRaw { path: String, output: bool, wait: bool, answer: Sender<KeepResult> },
    Knock(PortEventWaker),
}

/// The thread. Dropping it ends it.
pub(super) struct Handle {
    asks: Option<Sender<Ask>>,
    wake: Arc<OwnedFd>,
    thread: Option<JoinHandle<()>>,
}

impl Handle {
    pub(super) fn start(events: Sender<PortEvent>, knock: Option<PortEventWaker>) -> Result<Handle, HostError> {
        let refused =
            |why: String| HostError(format!("the system has no thread for MIDI ports ({why}): close other programs"));
        let wake = eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC);
        let wake = Arc::new(wake.map_err(|errno| refused(errno.to_string()))?);
        let (asks, asked) = mpsc::channel();
        let woken = Arc::clone(&wake);
        let run = move || {
            realtime::request(realtime::PORTS_PRIORITY);
            hush_alsa();
            let mut keeper = PatchbayThread {
                asked,
                wake: woken,
                seq: None,
                seq_retry: Retry::default(),
                ports: Vec::new(),
                events,
                knock,
                settle_until_ns: 0,
            };
            if catch_unwind(AssertUnwindSafe(|| keeper.run())).is_err() {
                tracing::error!("MIDI ports are no longer reconnected; connected ports still play");
            }
        };
        let thread = thread::Builder::new().name("midi-ports".into()).spawn(run);
        let thread = thread.map_err(|error| refused(error.to_string()))?;
        Ok(Handle { asks: Some(asks), wake, thread: Some(thread) })
    }

    pub(super) fn ask(&self, ask: Ask) {
        if let Some(asks) = &self.asks {
            // Where it has ended, no answer comes.
            let _ = asks.send(ask);
        }
        wake(&self.wake);
    }
}

fn wake(eventfd: &OwnedFd) {
    // Full means that it is awake.
    let _ = rustix::io::write(eventfd, &1u64.to_ne_bytes());
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.asks = None;
        wake(&self.wake);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

enum PatchbayPort {
    Alsa(AlsaPort),
    Raw(RawPort),
}

/// The thread's state.
struct PatchbayThread {
    asked: Receiver<Ask>,
    wake: Arc<OwnedFd>,
    /// Opened when the first ALSA port is kept.
    seq: Option<SequencerClient>,
    seq_retry: Retry,
    /// In the order of their [`PatchbayIndex`].
    ports: Vec<PatchbayPort>,
    events: Sender<PortEvent>,
    knock: Option<PortEventWaker>,
    settle_until_ns: u64,
}

impl PatchbayThread {
    fn run(&mut self) {
        loop {
            loop {
                match self.asked.try_recv() {
                    Ok(ask) => self.obey(ask),
                    Err(TryRecvError::Empty) => break,
                    Err(TryRecvError::Disconnected) => return,
                }
            }
            self.tick(realtime::now_ns());
            let mut polled = vec![entry(self.wake.as_raw_fd())];
            polled.extend(self.seq.iter().flat_map(SequencerClient::descriptors));
            for port in &self.ports {
                if let PatchbayPort::Raw(port) = port {
                    port.descriptors(&mut polled);
                }
            }
            // Interrupted, it looks at all ports and waits again.
            let _ = alsa::poll::poll(&mut polled, self.patience_ms(realtime::now_ns()));
            let mut count = [0; 8];
            let _ = rustix::io::read(&*self.wake, &mut count);
            self.read_sequencer();
            self.look_at_files(&polled);
        }
    }

    fn obey(&mut self, ask: Ask) {
        match ask {
            Ask::KeepAlsa(asked, answer) => drop(answer.send(self.keep_alsa(asked))),
            Ask::KeepRaw { path, output, wait, answer } => drop(answer.send(self.keep_raw(&path, output, wait))),
            Ask::Knock(knock) => {
                // For what came before.
                knock();
                self.knock = Some(knock);
            }
        }
    }

    fn keep_alsa(&mut self, asked: AlsaAsked) -> KeepResult {
        let (kept, now_ns) = (self.next()?, realtime::now_ns());
        if self.seq.is_none() {
            match SequencerClient::open() {
                Ok(seq) => self.seq = Some(seq),
                Err(why) if !asked.wait => return Err(HostError(format!("the MIDI port '{}': {why}", asked.name))),
                Err(why) => {
                    tracing::warn!("{why}");
                    self.seq_retry.begin(now_ns);
                }
            }
        }
        let taken = taken(&self.ports);
        let seq = self.seq.as_mut().map(|seq| seq as &mut dyn Sequencer);
        let (port, opened) = AlsaPort::open(kept, asked, seq, &taken, now_ns)?;
        self.ports.push(PatchbayPort::Alsa(port));
        Ok((kept, opened, ALSA_WIRE))
    }

    fn keep_raw(&mut self, path: &str, output: bool, wait: bool) -> KeepResult {
        let kept = self.next()?;
        let (port, opened, wire) = RawPort::open(path, output, wait, realtime::now_ns())?;
        self.ports.push(PatchbayPort::Raw(port));
        Ok((kept, opened, wire))
    }

    fn next(&self) -> Result<PatchbayIndex, HostError> {
        let next = u8::try_from(self.ports.len()).map(PatchbayIndex);
        next.map_err(|_| HostError("too many MIDI ports for one engine: name fewer".to_owned()))
    }

    /// Reads everything the sequencer has.
    fn read_sequencer(&mut self) {
        for _ in 0..EVENTS {
            let Some(read) = self.seq.as_mut().and_then(SequencerClient::read) else { return };
            let now_ns = realtime::now_ns();
            match read {
                Read::Bytes { own_port, bytes, len } => self.hear(own_port, now_ns, &bytes[..len]),
                Read::SysEx { own_port, bytes } => self.hear(own_port, now_ns, &bytes),
                Read::Announced(news) => {
                    if news == Announcement::Missed {
                        tracing::warn!("MIDI input overflowed; every port is checked again");
                    }
                    self.announced(news, now_ns);
                }
                Read::Other => {}
            }
        }
        // The rest is in the library's memory, where no poll sees it.
        wake(&self.wake);
    }

    fn hear(&mut self, own_port: i32, now_ns: u64, bytes: &[u8]) {
        for port in &mut self.ports {
            if let PatchbayPort::Alsa(port) = port {
                port.hear(own_port, now_ns, bytes);
            }
        }
    }

    fn announced(&mut self, news: Announcement, now_ns: u64) {
        let mut order: Vec<usize> = (0..self.ports.len()).collect();
        if let Announcement::There { client } = news {
            // Of two that would take it, the one that was connected to it.
            let first = |port: &PatchbayPort| matches!(port, PatchbayPort::Alsa(port) if port.stood_at(client));
            order.sort_by_key(|place| !first(&self.ports[*place]));
        }
        for place in order {
            let taken = taken(&self.ports);
            let mut changes = Vec::new();
            if let (PatchbayPort::Alsa(port), Some(seq)) = (&mut self.ports[place], &mut self.seq) {
                port.announced(news, seq, &taken, now_ns, &mut changes);
            }
            self.tell(place, changes, now_ns);
        }
    }

    fn look_at_files(&mut self, polled: &[pollfd]) {
        let now_ns = realtime::now_ns();
        for place in 0..self.ports.len() {
            let mut changes = Vec::new();
            if let PatchbayPort::Raw(port) = &mut self.ports[place] {
                port.look(polled, now_ns, &mut changes);
            }
            self.tell(place, changes, now_ns);
        }
    }

    /// Looks for missing ports.
    fn tick(&mut self, now_ns: u64) {
        if self.seq.is_none() && self.seq_retry.is_due(now_ns) {
            match SequencerClient::open() {
                Ok(seq) => {
                    self.seq = Some(seq);
                    self.announced(Announcement::Missed, now_ns);
                    self.seq_retry.done(now_ns);
                }
                Err(_) => self.seq_retry.again(now_ns),
            }
        }
        for place in 0..self.ports.len() {
            let taken = taken(&self.ports);
            let mut changes = Vec::new();
            match (&mut self.ports[place], &mut self.seq) {
                (PatchbayPort::Alsa(port), Some(seq)) => port.tick(seq, &taken, now_ns, &mut changes),
                (PatchbayPort::Alsa(_), None) => {}
                (PatchbayPort::Raw(port), _) => port.tick(now_ns, &mut changes),
            }
            self.tell(place, changes, now_ns);
        }
    }

    fn tell(&mut self, place: usize, changes: Vec<PortChange>, now_ns: u64) {
        for change in changes {
            self.settle_until_ns = now_ns + SETTLE_FOR.as_nanos() as u64;
            // This fails where no receiver was taken.
            let _ = self.events.send(PortEvent { port: PatchbayIndex(place as u8), change });
            if let Some(knock) = &self.knock {
                knock();
            }
        }
    }

    /// Passes waiting connections to the sending threads; returns how long to sleep then.
    fn patience_ms(&mut self, now_ns: u64) -> i32 {
        let settle = |port: &mut PatchbayPort| match port {
            PatchbayPort::Alsa(port) => port.settle(),
            PatchbayPort::Raw(port) => port.settle(),
        };
        let unsettled = self.ports.iter_mut().filter_map(|port| (!settle(port)).then_some(())).count();
        let mut sleep = LONGEST_SLEEP;
        if unsettled > 0 || now_ns < self.settle_until_ns {
            sleep = SETTLE_EVERY;
        }
        let has_seq = self.seq.is_some();
        let next = self.ports.iter().filter_map(|port| match port {
            PatchbayPort::Alsa(port) => port.next_ns().filter(|_| has_seq),
            PatchbayPort::Raw(port) => port.next_ns(),
        });
        for at_ns in next.chain(self.seq_retry.at_ns()) {
            sleep = sleep.min(Duration::from_nanos(at_ns.saturating_sub(now_ns)));
        }
        // A little late rather than too early, which would be in vain.
        sleep.as_millis() as i32 + i32::from(!sleep.subsec_nanos().is_multiple_of(1_000_000))
    }
}

fn entry(fd: i32) -> pollfd {
    pollfd { fd, events: Flags::IN.bits(), revents: 0 }
}

/// The connections of the sequencer's ports.
fn taken(ports: &[PatchbayPort]) -> Vec<Taken> {
    let takes = |port: &PatchbayPort| match port {
        PatchbayPort::Alsa(port) => port.takes(),
        PatchbayPort::Raw(_) => None,
    };
    ports.iter().filter_map(takes).collect()
}
