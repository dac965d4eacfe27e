//! Message counts of a port: rates of the last full second, latencies of the last ten.

use crate::{
    engine::midi::sent::{Payload, SentMessage},
    midi::{Class, Wire},
    status::{LatencyStatus, Traffic},
};
use hdrhistogram::Histogram;

const SECOND_NS: u64 = 1_000_000_000;
/// Seconds of the latency statistics.
const SECONDS: usize = 10;
/// Longer latencies count as this one, in µs: ten seconds.
const LONGEST_US: u64 = 10_000_000;
/// Significant digits of latencies.
const DIGITS: u8 = 2;

/// The counts of one port.
#[derive(Default)]
pub struct PortTraffic {
    /// Messages sent since the start.
    pub sent: u64,
    /// Messages received since the start.
    pub received: u64,
    /// Rates of the last full second.
    pub shown: Traffic,
    /// Over the last ten seconds.
    pub latency: Option<LatencyStatus>,
    counted: Traffic,
    /// The newest second first; a second in which nothing was sent is empty.
    seconds: [Option<Histogram<u32>>; SECONDS],
    second: u64,
}

impl PortTraffic {
    pub fn sent(&mut self, sent: &SentMessage) {
        self.sent += 1;
        let class = match &sent.payload {
            Payload::Short(message) => message.class(),
            Payload::SysEx(_) => Class::SysEx,
        };
        let rate = self.counted.of_mut(class);
        rate.messages += 1;
        rate.bytes += sent.payload.bytes().len() as u32;
        if class != Class::Realtime {
            if self.seconds[0].is_none() {
                self.seconds[0] = Histogram::new_with_bounds(1, LONGEST_US, DIGITS).ok();
            }
            if let Some(histogram) = &mut self.seconds[0] {
                histogram.saturating_record(sent.waited_ns / 1000);
            }
        }
    }

    /// Closes the second that is over.
    pub fn tick(&mut self, now_ns: u64) {
        let second = now_ns / SECOND_NS;
        let passed = second - std::mem::replace(&mut self.second, second).min(second);
        if passed == 0 {
            return;
        }
        let counted = std::mem::take(&mut self.counted);
        // Where more than one second passed since the last call, the one before this was empty.
        self.shown = if passed == 1 { counted } else { Traffic::default() };
        self.latency = self.over_all();
        for _ in 0..passed.min(SECONDS as u64) {
            self.seconds.rotate_right(1);
            self.seconds[0] = None;
        }
    }

    fn over_all(&self) -> Option<LatencyStatus> {
        let mut seconds = self.seconds.iter().flatten();
        let mut all = seconds.next()?.clone();
        for second in seconds {
            // All have the same bounds.
            let _ = all.add(second);
        }
        let at = |quantile| all.value_at_quantile(quantile).min(LONGEST_US) as u32;
        Some(LatencyStatus { p50_us: at(0.5), p99_us: at(0.99), max_us: all.max().min(LONGEST_US) as u32 })
    }

    /// The part of the wire's capacity that was used, in percent; `None` where the wire is never the limit.
    pub fn wire_percent(&self, wire: Wire) -> Option<u32> {
        let used_ns = wire.time_ns(self.shown.total().bytes as usize);
        (wire.ns_per_byte > 0).then(|| (used_ns * 100).div_ceil(SECOND_NS) as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        engine::midi::sent::PortIndex,
        midi::{Channel, Message},
        status::TrafficRate,
    };

    fn controller(waited_us: u64) -> SentMessage {
        let payload = Payload::Short(Message::control(Channel::FIRST, 1, 2));
        SentMessage { at_ns: 0, waited_ns: waited_us * 1000, port: PortIndex(0), payload }
    }

    #[test]
    fn rates_are_those_of_the_last_full_second_and_latencies_of_the_last_ten() {
        let mut traffic = PortTraffic::default();
        for waited_us in 1..=100 {
            traffic.sent(&controller(waited_us));
        }
        traffic.tick(SECOND_NS);
        assert_eq!(traffic.shown.control, TrafficRate { messages: 100, bytes: 300 });
        assert_eq!(traffic.latency, Some(LatencyStatus { p50_us: 50, p99_us: 99, max_us: 100 }));
        assert_eq!(traffic.wire_percent(Wire::DIN), Some(10), "300 bytes of 3125");
        for second in 2..=10 {
            traffic.tick(second * SECOND_NS);
            assert_eq!(traffic.shown, Traffic::default());
            assert!(traffic.latency.is_some(), "{second}");
        }
        traffic.tick(11 * SECOND_NS);
        assert_eq!(traffic.latency, None);
    }
}
