//! Requests to the OSC thread itself: pings, help, the status, subscriptions.

use super::{Letter, Listener, OscRefusal};
use crate::remote::osc::{
    help, knobs,
    pattern::Pattern,
    post::PONG,
    subscriptions::{Steady, SubscriberCache, Subscription},
    table::number,
    tree,
};
use crate::status::Status;
use rosc::OscType;
use std::{
    net::SocketAddr,
    ops::RangeInclusive,
    time::{Duration, Instant},
};

/// The address to subscribe to events.
const EVENTS: &str = "/events";
/// How often a part of the status may be sent, in ms.
const EVERY_MS: RangeInclusive<f64> = 10.0..=60_000.0;
/// Addresses a subscription sends at a time: for more of the status a client should ask once, and not subscribe.
const STEADY_MAX: usize = 256;

impl Listener {
    pub(super) fn ping(&mut self, from: SocketAddr, now: Instant) -> Result<(), OscRefusal> {
        self.let_in_question(now)?;
        self.post.tell(from, PONG, Vec::new());
        Ok(())
    }

    pub(super) fn help(&mut self, from: SocketAddr, args: &[OscType], now: Instant) -> Result<(), OscRefusal> {
        let of = match args {
            [] => None,
            [OscType::String(of)] => Some(pattern(of)?),
            _ => return Err(usage("/help")),
        };
        self.let_in_question(now)?;
        let lines = help::lines(of.as_ref());
        if lines.is_empty() {
            return Err(OscRefusal::from("unknown address; /help lists all".to_owned()));
        }
        lines.iter().for_each(|line| self.post.tell_all(from, [line]));
        Ok(())
    }

    /// Sends a part of the status. With arguments the message comes from another station's subscription, and is no
    /// question.
    pub(super) fn say(&mut self, Letter { from, message }: &Letter, now: Instant) -> Result<(), OscRefusal> {
        if !message.args.is_empty() {
            return Err(OscRefusal::from("a status request has no arguments".to_owned()));
        }
        let part = pattern(&message.addr)?;
        self.let_in_question(now)?;
        if self.tell_part(*from, &message.addr, &part) {
            Ok(())
        } else {
            Err(OscRefusal::from("no status at this address now; /status lists all".to_owned()))
        }
    }

    /// Sends a part of the status; returns whether there was any.
    fn tell_part(&mut self, to: SocketAddr, address: &str, part: &Pattern) -> bool {
        let status = self.station.status();
        if let Some(message) = tree::handy(address, &status) {
            self.post.tell_all(to, [&message]);
            return true;
        }
        let mut leaves = self.tree.leaves(Status::clone(&status)).filter(|leaf| part.covers(&leaf.addr)).peekable();
        let is_there = leaves.peek().is_some();
        self.post.tell_all(to, leaves);
        is_there
    }

    pub(super) fn subscribe(&mut self, from: SocketAddr, args: &[OscType], now: Instant) -> Result<(), OscRefusal> {
        let [OscType::String(address), args @ ..] = args else { return Err(usage("/subscribe")) };
        let numbers: Vec<f64> = args.iter().map_while(number).collect();
        let (every_ms, port) = match numbers[..] {
            _ if numbers.len() < args.len() => return Err(usage("/subscribe")),
            [] => (None, None),
            [every_ms] => (Some(every_ms), None),
            [every_ms, port] => (Some(every_ms), Some(port)),
            _ => return Err(usage("/subscribe")),
        };
        let to = at_port(from, port)?;
        if every_ms == Some(0.0) {
            return self.end_of(to, Some(address));
        }
        self.let_in_question(now)?;
        let steady = match every_ms {
            _ if address == EVENTS => None,
            Some(every_ms)
                if (tree::is_within(address) || knobs::is_within(address)) && EVERY_MS.contains(&every_ms) =>
            {
                let every = Duration::from_secs_f64(every_ms / 1e3);
                let (part, watcher) = (pattern(address)?, Some(self.station.watcher()));
                Some(Steady { part, every, next: now, knobs_told: None, told: SubscriberCache::default(), watcher })
            }
            _ => return Err(usage("/subscribe")),
        };
        self.subscriptions.begin(Subscription { to, address: address.clone(), steady, heard: now });
        self.subscriptions_changed();
        Ok(())
    }

    pub(super) fn unsubscribe(&mut self, from: SocketAddr, args: &[OscType]) -> Result<(), OscRefusal> {
        match args {
            [] => self.end_of(from, None),
            [OscType::String(address)] => self.end_of(from, Some(address)),
            [OscType::String(address), port] => self.end_of(at_port(from, number(port))?, Some(address)),
            _ => Err(usage("/unsubscribe")),
        }
    }

    fn end_of(&mut self, to: SocketAddr, address: Option<&String>) -> Result<(), OscRefusal> {
        if !self.subscriptions.end(|one| one.to == to && address.is_none_or(|address| one.address == *address)) {
            return Err(OscRefusal::from("no such subscription".to_owned()));
        }
        self.subscriptions_changed();
        Ok(())
    }

    /// Sends subscribers what is due now. Subscriptions whose machine is silent end.
    pub(super) fn tell_subscribers(&mut self, now: Instant) {
        let mut subscriptions = std::mem::take(&mut self.subscriptions);
        let has_ended = subscriptions.end(|one| one.is_forgotten(now));
        for Subscription { to, address, steady, .. } in subscriptions.due(now) {
            let Some(Steady { part, knobs_told, told, watcher: Some(watcher), .. }) = steady else { continue };
            watcher.look();
            if knobs::is_within(address) {
                self.post.tell_all(*to, &knobs::moved(&watcher.parts().params, part, knobs_told));
            } else if tree::is_handy(address) {
                self.post.tell_all(*to, &tree::handy(address, &watcher.status()));
            } else {
                let leaves = self.tree.leaves(watcher.status()).filter(|leaf| part.covers(&leaf.addr));
                self.post.tell_all(*to, told.news(leaves.take(STEADY_MAX), now));
            }
        }
        self.subscriptions = subscriptions;
        if has_ended {
            self.subscriptions_changed();
        }
    }

    fn let_in_question(&mut self, now: Instant) -> Result<(), OscRefusal> {
        if self.questions.admits(now) { Ok(()) } else { Err(OscRefusal::TooMuch) }
    }
}

fn pattern(text: &str) -> Result<Pattern, OscRefusal> {
    Pattern::new(text).ok_or_else(|| OscRefusal::from("a bracket is not closed, or is empty".to_owned()))
}

/// The usage of a special address.
fn usage(address: &str) -> OscRefusal {
    let args = help::SPECIAL.iter().find(|[special, ..]| *special == address).map_or("", |[_, args, _]| args);
    OscRefusal::Refused(format!("allowed: {address} {args}"))
}

/// The sender, at another of its ports where one is asked for.
fn at_port(from: SocketAddr, port: Option<f64>) -> Result<SocketAddr, OscRefusal> {
    match port {
        None => Ok(from),
        Some(port) if (1.0..=65_535.0).contains(&port) => Ok(SocketAddr::new(from.ip(), port as u16)),
        Some(port) => Err(OscRefusal::Refused(format!("{port} is not a port; allowed: 1..65535"))),
    }
}
