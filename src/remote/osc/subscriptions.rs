//! Subscribers, and how often each is sent what. Pure; the caller gives the time.

use super::{knobs::KnobsTold, pattern::Pattern};
use crate::engine::station::Watcher;
use rosc::{OscMessage, OscType};
use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    net::{IpAddr, SocketAddr},
    time::{Duration, Instant},
};

/// How long a subscription lasts while its subscriber's machine sends nothing.
pub const LASTS: Duration = Duration::from_secs(60);
/// How often a subscriber is sent all of a part, changed or not.
const WHOLE_EVERY: Duration = Duration::from_secs(1);

/// All subscriptions. Where there are too many, the oldest is dropped.
#[derive(Debug, Default)]
pub struct Subscriptions(VecDeque<Subscription>);

/// One subscription.
#[derive(Debug)]
pub struct Subscription {
    /// The subscriber.
    pub to: SocketAddr,
    /// The address it asked for.
    pub address: String,
    /// How often; events are sent when they happen.
    pub steady: Option<Steady>,
    /// When its machine sent a message last.
    pub heard: Instant,
}

impl Subscription {
    /// Whether it is over, because its machine sends nothing any more: UDP does not report that a machine has gone.
    pub fn is_forgotten(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.heard) >= LASTS
    }
}

/// A part of the status, sent again and again.
#[derive(Debug)]
pub struct Steady {
    /// The part.
    pub part: Pattern,
    /// The time between two messages.
    pub every: Duration,
    /// The next time.
    pub next: Instant,
    /// Of knobs: the values sent last.
    pub knobs_told: KnobsTold,
    /// Of other parts of the status: the values sent last.
    pub told: SubscriberCache,
    /// Reads the status for it, so that no peak is missed between two times.
    pub watcher: Option<Watcher>,
}

/// The values a subscriber was sent last of a part of the status: only changes are sent again, and now and then
/// everything, since UDP may have lost it.
#[derive(Clone, Debug, Default)]
pub struct SubscriberCache {
    leaves: HashMap<String, Vec<OscType>>,
    whole: Option<Instant>,
}

impl SubscriberCache {
    /// Those of these messages that are to be sent now.
    pub fn news<'a>(&mut self, leaves: impl Iterator<Item = &'a OscMessage>, now: Instant) -> Vec<&'a OscMessage> {
        if self.whole.is_none_or(|whole| now.saturating_duration_since(whole) >= WHOLE_EVERY) {
            self.whole = Some(now);
            self.leaves.clear();
        }
        let is_news = |leaf: &&OscMessage| match self.leaves.get_mut(&leaf.addr) {
            Some(args) if *args == leaf.args => false,
            Some(args) => {
                args.clone_from(&leaf.args);
                true
            }
            None => {
                self.leaves.insert(leaf.addr.clone(), leaf.args.clone());
                true
            }
        };
        leaves.filter(is_news).collect()
    }
}

impl Subscriptions {
    /// The most subscriptions.
    pub const MAX: usize = 64;

    /// Adds one, or changes the rate of an existing one.
    pub fn begin(&mut self, subscription: Subscription) {
        self.end(|one| one.to == subscription.to && one.address == subscription.address);
        if self.0.len() >= Self::MAX {
            self.0.pop_front();
        }
        self.0.push_back(subscription);
    }

    /// Ends those for which this is true; returns whether there was any.
    pub fn end(&mut self, is_ended: impl Fn(&Subscription) -> bool) -> bool {
        let before = self.0.len();
        self.0.retain(|one| !is_ended(one));
        self.0.len() < before
    }

    /// A machine sent a message: its subscriptions last.
    pub fn renew(&mut self, ip: IpAddr, now: Instant) {
        self.0.iter_mut().filter(|one| one.to.ip() == ip).for_each(|one| one.heard = now);
    }

    /// When the next message is due, or a subscription is over.
    pub fn next_due(&self) -> Option<Instant> {
        let next = |one: &Subscription| one.steady.as_ref().map_or(one.heard + LASTS, |steady| steady.next);
        self.0.iter().map(next).min()
    }

    /// Those that are due now. A missed time is left out.
    pub fn due(&mut self, now: Instant) -> impl Iterator<Item = &mut Subscription> {
        self.0.iter_mut().filter_map(move |one| {
            let steady = one.steady.as_mut().filter(|steady| steady.next <= now)?;
            steady.next += steady.every;
            if steady.next <= now {
                steady.next = now + steady.every;
            }
            Some(one)
        })
    }

    /// The subscribers to events.
    pub fn hearers(&self) -> Vec<SocketAddr> {
        self.0.iter().filter(|one| one.steady.is_none()).map(|one| one.to).collect()
    }

    /// Every subscriber, once.
    pub fn everyone(&self) -> BTreeSet<SocketAddr> {
        self.0.iter().map(|one| one.to).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steady(port: u16, address: &str, every_ms: u64, next: Instant) -> Subscription {
        let (part, every) = (Pattern::new(address).unwrap(), Duration::from_millis(every_ms));
        let steady =
            Some(Steady { part, every, next, knobs_told: None, told: SubscriberCache::default(), watcher: None });
        Subscription { to: ([127, 0, 0, 1], port).into(), address: address.to_owned(), steady, heard: next }
    }

    #[test]
    fn each_is_sent_at_its_own_rate_and_missed_times_are_left_out() {
        let start = Instant::now();
        let mut all = Subscriptions::default();
        all.begin(steady(1, "/status/position", 50, start));
        all.begin(steady(2, "/status/meters", 20, start));
        let told = |all: &mut Subscriptions, ms| -> Vec<u16> {
            all.due(start + Duration::from_millis(ms)).map(|one| one.to.port()).collect()
        };
        let times: Vec<_> = (0..=100).map(|ms| told(&mut all, ms)).collect();
        let count = |port| times.iter().flatten().filter(|one| **one == port).count();
        assert_eq!((count(1), count(2)), (3, 6));
        assert_eq!((told(&mut all, 5_000), told(&mut all, 5_001)), (vec![1, 2], vec![]));
    }

    #[test]
    fn only_changes_are_sent_and_everything_once_a_second() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let leaf = |addr: &str, value: i32| OscMessage { addr: addr.to_owned(), args: vec![OscType::Int(value)] };
        let mut told = SubscriberCache::default();
        let mut count = |leaves: &[OscMessage], ms| told.news(leaves.iter(), at(ms)).len();
        let before = [leaf("/status/a", 1), leaf("/status/b", 1)];
        let after = [leaf("/status/a", 1), leaf("/status/b", 2), leaf("/status/c", 1)];
        assert_eq!([count(&before, 0), count(&before, 50), count(&after, 100), count(&after, 150)], [2, 0, 2, 0]);
        assert_eq!([count(&after, 999), count(&after, 1_000), count(&after, 1_050)], [0, 3, 0]);
    }

    #[test]
    fn one_is_replaced_and_the_oldest_is_dropped() {
        let start = Instant::now();
        let mut all = Subscriptions::default();
        for port in 1..=Subscriptions::MAX as u16 {
            all.begin(steady(port, "/status", 10, start));
        }
        all.begin(steady(1, "/status", 20, start));
        assert_eq!(all.everyone().len(), Subscriptions::MAX);
        all.begin(steady(1, "/status/record", 20, start));
        assert!(!all.everyone().contains(&([127, 0, 0, 1], 2).into()));
        assert!(all.end(|one| one.to.port() == 1) && !all.end(|one| one.to.port() == 1));
        assert_eq!(all.everyone().len(), Subscriptions::MAX - 2);
    }

    #[test]
    fn a_subscription_lasts_while_its_machine_sends() {
        let start = Instant::now();
        let mut all = Subscriptions::default();
        all.begin(steady(1, "/status", 10, start));
        assert!(!all.0[0].is_forgotten(start + LASTS - Duration::from_millis(1)));
        assert!(all.0[0].is_forgotten(start + LASTS));
        all.renew([10, 0, 0, 1].into(), start + LASTS);
        assert!(all.0[0].is_forgotten(start + LASTS), "of another machine");
        all.renew([127, 0, 0, 1].into(), start + LASTS);
        assert!(!all.0[0].is_forgotten(start + LASTS));
        all.0[0].steady = None;
        assert_eq!(all.next_due(), Some(start + LASTS + LASTS), "events end, too");
    }
}
