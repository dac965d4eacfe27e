//! The ports, as the control thread has them: names, settings, and message counts.

mod monitor_log;
mod routes;
mod traffic;

use super::{SentListener, out::Out};
use crate::{
    command::arg::PortName,
    config::PortSettings,
    engine::{
        host::{
            open_port::{PatchbayIndex, PortInfo},
            patchbay::PortEvent,
        },
        midi::{
            input::{MidiIn, ReceivedMessage},
            panel::PortPanel,
            sent::{PortIndex, SentMessage, SentReader},
        },
    },
    hints,
    midi::Wire,
    status::{PortStatus, levels::PortCounts},
};
use monitor_log::MonitorLog;
use std::sync::{Arc, atomic::Ordering, mpsc::Receiver};
use traffic::PortTraffic;

/// One port.
pub struct MidiPort {
    /// Its id and name.
    pub info: PortInfo,
    /// Its settings and counters, shared with the sending threads.
    pub panel: Arc<PortPanel>,
    /// How fast it takes bytes.
    pub wire: Wire,
    /// Its settings.
    pub settings: PortSettings,
    /// The patchbay's name for it.
    pub kept: Option<PatchbayIndex>,
    /// Whether busker sends to it.
    pub output: bool,
    /// Whether busker receives from it.
    pub input: bool,
    /// Whether a device is connected.
    pub connected: bool,
    /// Settings that the port cannot have, in sentences.
    pub unmet: Vec<String>,
}

/// All ports, each with its counts.
pub(super) struct Ports {
    list: Vec<(MidiPort, PortTraffic)>,
    /// Messages from the ports that receive.
    pub(super) inputs: Vec<MidiIn>,
    /// The log of each sending thread.
    sent: Vec<SentReader>,
    listener: Option<SentListener>,
    /// Changes reported by the patchbay.
    pub(super) events: Option<Receiver<PortEvent>>,
    /// The MIDI monitor.
    pub(super) monitor: MonitorLog,
}

impl Ports {
    pub(super) fn new(ports: Vec<MidiPort>, inputs: Vec<MidiIn>, sent: Vec<SentReader>) -> Ports {
        let list = ports.into_iter().map(|port| (port, PortTraffic::default())).collect();
        Ports { list, inputs, sent, listener: None, events: None, monitor: MonitorLog::default() }
    }

    /// From now on `listener` gets each message.
    pub(super) fn listen_to_sent(&mut self, listener: SentListener) {
        self.listener = Some(listener);
    }

    /// Messages received since the last call, in order.
    pub(super) fn take_received(&mut self, out: &Out) -> Vec<ReceivedMessage> {
        let mut heard: Vec<ReceivedMessage> = Vec::new();
        for input in &mut self.inputs {
            while let Some(received) = input.pop() {
                heard.push(received);
            }
        }
        heard.sort_by_key(|received| received.at_ns);
        for ReceivedMessage { at_ns, port, payload } in &heard {
            self.received(*port);
            self.monitor.note(out.since_start_ns(*at_ns), *port, true, payload);
        }
        heard
    }

    /// Messages sent since the last call.
    pub(super) fn take_sent(&mut self, out: &Out) -> Vec<SentMessage> {
        let mut batch: Vec<SentMessage> = Vec::new();
        for log in &mut self.sent {
            while let Some(sent) = log.pop() {
                batch.push(sent);
            }
        }
        for sent in &batch {
            self.count_sent(sent);
            self.monitor.note(out.since_start_ns(sent.at_ns), sent.port, false, &sent.payload);
        }
        if let Some(mut listener) = self.listener.take() {
            let mut in_order: Vec<&SentMessage> = batch.iter().collect();
            in_order.sort_by_key(|sent| sent.at_ns);
            for sent in in_order {
                listener(sent, out.since_start_ns(sent.at_ns), self.id(sent.port));
            }
            self.listener = Some(listener);
        }
        batch
    }

    pub(super) fn indices(&self) -> impl ExactSizeIterator<Item = PortIndex> + use<> {
        (0..self.list.len() as u8).map(PortIndex)
    }

    /// Ports that busker sends to.
    pub(super) fn outputs(&self) -> impl Iterator<Item = PortIndex> {
        self.indices().filter(|index| self.get(*index).is_some_and(|port| port.output))
    }

    /// Whether there is one that receives.
    pub(super) fn hears(&self) -> bool {
        self.list.iter().any(|(port, _)| port.input)
    }

    pub(super) fn get(&self, index: PortIndex) -> Option<&MidiPort> {
        self.list.get(usize::from(index.0)).map(|(port, _)| port)
    }

    pub(super) fn get_mut(&mut self, index: PortIndex) -> Option<&mut MidiPort> {
        self.list.get_mut(usize::from(index.0)).map(|(port, _)| port)
    }

    /// The id it was asked for by; empty for a port that is not there.
    pub(super) fn id(&self, index: PortIndex) -> &str {
        self.get(index).map_or("", |port| &port.info.id)
    }

    /// The name to show.
    pub(super) fn name(&self, index: PortIndex) -> &str {
        self.get(index).map_or("", |port| &port.info.name)
    }

    pub(super) fn kept(&self, kept: PatchbayIndex) -> Option<PortIndex> {
        self.indices().find(|index| self.get(*index).is_some_and(|port| port.kept == Some(kept)))
    }

    /// The port of this number, this name, or a name that this is a part of.
    pub(super) fn find(&self, PortName(asked): &PortName) -> Result<PortIndex, String> {
        let by_number = asked.parse::<u8>().ok().and_then(|number| number.checked_sub(1)).map(PortIndex);
        if let Some(index) = by_number.filter(|index| self.get(*index).is_some()) {
            return Ok(index);
        }
        let asked_lower = asked.to_lowercase();
        let names = |index: &PortIndex| [self.id(*index).to_lowercase(), self.name(*index).to_lowercase()];
        let exact = self.indices().find(|index| names(index).contains(&asked_lower));
        let part = || self.indices().find(|index| names(index).iter().any(|name| name.contains(&asked_lower)));
        exact.or_else(part).ok_or_else(|| {
            let there_are: Vec<String> =
                self.indices().map(|index| format!("{} ({})", self.name(index), index.0 + 1)).collect();
            match there_are.is_empty() {
                true => format!("unknown port '{asked}': the station was started without ports"),
                false => format!("unknown port '{asked}'; {}", hints::there_is(&there_are)),
            }
        })
    }

    /// Counts a message that was sent.
    fn count_sent(&mut self, sent: &SentMessage) {
        if let Some((_, traffic)) = self.list.get_mut(usize::from(sent.port.0)) {
            traffic.sent(sent);
        }
    }

    /// Counts a message that was received.
    fn received(&mut self, index: PortIndex) {
        if let Some((_, traffic)) = self.list.get_mut(usize::from(index.0)) {
            traffic.received += 1;
        }
    }

    /// Advances the time: rates and latencies are those of the last full second and the last ten.
    pub(super) fn tick(&mut self, now_ns: u64) {
        for (_, traffic) in &mut self.list {
            traffic.tick(now_ns);
        }
    }

    /// A sum over the panels of all ports.
    pub(super) fn sum(&self, count: impl Fn(&PortPanel) -> u64) -> u64 {
        self.list.iter().map(|(port, _)| count(&port.panel)).sum()
    }

    /// The status of each; the caller adds channel, profile and routes.
    pub(super) fn status(&self) -> impl Iterator<Item = (PortIndex, PortStatus)> {
        self.indices().zip(&self.list).map(|(index, (port, traffic))| {
            let panel = &port.panel;
            let mut status = PortStatus {
                connected: port.connected,
                output: port.output,
                input: port.input,
                unmet: port.unmet.clone(),
                clock: panel.sends(),
                offset_ms: panel.offset_ms(),
                dropped: panel.dropped.load(Ordering::Relaxed),
                refused: panel.refused.load(Ordering::Relaxed),
                ..PortStatus::new(&port.info.id, &port.info.name)
            };
            counts(port, traffic).lay_over(&mut status);
            (index, status)
        })
    }

    /// Whether the status shows a port as it is, channel, profile and routes apart; counts are levels.
    pub(super) fn is_shown(&self, index: PortIndex, shown: &PortStatus) -> bool {
        self.get(index).is_some_and(|port| {
            let panel = &port.panel;
            let is_same = (shown.connected, shown.output, shown.input) == (port.connected, port.output, port.input)
                && (shown.clock, shown.offset_ms) == (panel.sends(), panel.offset_ms())
                && shown.dropped == panel.dropped.load(Ordering::Relaxed)
                && shown.refused == panel.refused.load(Ordering::Relaxed);
            is_same && shown.id == port.info.id && shown.name == port.info.name && shown.unmet == port.unmet
        })
    }

    /// The counts of each.
    pub(super) fn counts(&self) -> impl Iterator<Item = PortCounts> {
        self.list.iter().map(|(port, traffic)| counts(port, traffic))
    }
}

fn counts(port: &MidiPort, traffic: &PortTraffic) -> PortCounts {
    let panel = &port.panel;
    PortCounts {
        sent: traffic.sent,
        received: traffic.received,
        queued: panel.queued.load(Ordering::Relaxed),
        queued_most: panel.queued_most.load(Ordering::Relaxed),
        coalesced: panel.coalesced.load(Ordering::Relaxed),
        traffic: traffic.shown,
        latency: traffic.latency,
        wire_percent: traffic.wire_percent(port.wire),
    }
}
