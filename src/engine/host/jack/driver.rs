//! A running JACK client, and its end.
//!
//! Runs on the control thread. The renderer is taken out of the callback before JACK is asked for anything, so it comes
//! back from a server that died or hangs as well. Realtime: no.

use super::{
    callback::{Callback, JackSignals, Notifications, RendererSlot},
    client::ClientGuard,
};
use crate::engine::{
    audio::renderer::Renderer,
    host::{Driver, RendererLoan},
};
use jack::AsyncClient;
use std::{
    sync::{Arc, TryLockError, atomic::Ordering, mpsc::Receiver},
    thread,
    time::{Duration, Instant},
};

/// How long a block may take that is under way when the renderer is taken back.
const LONGEST_BLOCK: Duration = Duration::from_secs(2);

/// A running client.
pub struct JackDriver {
    client: Option<ClientGuard<AsyncClient<Notifications, Callback>>>,
    slot: RendererSlot,
    home: Receiver<Renderer>,
    signals: Arc<JackSignals>,
}

impl JackDriver {
    /// The driver of a client that is active.
    pub fn new(
        client: ClientGuard<AsyncClient<Notifications, Callback>>,
        slot: RendererSlot,
        home: Receiver<Renderer>,
        signals: Arc<JackSignals>,
    ) -> JackDriver {
        JackDriver { client: Some(client), slot, home, signals }
    }

    fn end(&mut self) {
        drop(take_back(&self.slot));
        if self.client.take().is_some() {
            let lost = self.signals.lost_messages.load(Ordering::Relaxed);
            if lost > 0 {
                tracing::warn!("{lost} MIDI messages were lost: JACK's buffers were full");
            }
        }
    }
}

/// Takes the renderer out of the callback; `None` where a block never ends.
pub fn take_back(slot: &RendererSlot) -> Option<RendererLoan> {
    let begun = Instant::now();
    loop {
        match slot.try_lock() {
            Ok(mut slot) => return slot.take(),
            Err(TryLockError::Poisoned(slot)) => return slot.into_inner().take(),
            Err(TryLockError::WouldBlock) if begun.elapsed() > LONGEST_BLOCK => return None,
            Err(TryLockError::WouldBlock) => thread::sleep(Duration::from_micros(200)),
        }
    }
}

impl Driver for JackDriver {
    fn stop(mut self: Box<Self>) -> Option<Renderer> {
        self.end();
        self.home.try_recv().ok()
    }
}

impl Drop for JackDriver {
    fn drop(&mut self) {
        self.end();
    }
}
