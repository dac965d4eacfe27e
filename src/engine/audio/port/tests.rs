use super::*;
use crate::{
    engine::midi::{message_queue::message_queue, sent::sent_log},
    midi::ClockSends,
    music::Bpm,
};
use proptest::prelude::*;

/// Plays blocks of a stopped plan, 1000 frames a pulse, and returns the frames the messages leave on.
struct Bench {
    port: CallbackPort,
    panel: Arc<PortPanel>,
    log: SentLog,
    plan: Plan,
    frame: i64,
}

impl Bench {
    fn new(offset_ms: f64) -> Bench {
        let panel = Arc::new(PortPanel::new(ClockSends::ALL, offset_ms));
        let (_, receiver) = message_queue();
        let port = CallbackPort::new(PortIndex(0), receiver, Some(ClockOut::new()), Arc::clone(&panel));
        let plan = Plan::new(Bpm::DEFAULT, 48_000.0, true);
        Bench { port, panel, log: sent_log().0, plan, frame: 0 }
    }

    fn block(&mut self, frames: i64) -> Vec<(i64, Vec<u8>)> {
        let window = self.frame..self.frame + frames;
        self.port.gather(&self.plan, window, |frame| frame as u64, &mut self.log);
        let begin = self.frame;
        self.frame += frames;
        self.port.messages().map(|(offset, bytes)| (begin + offset as i64, bytes.to_vec())).collect()
    }
}

#[test]
fn an_offset_moves_the_clock_by_whole_frames() {
    for (offset_ms, first) in [(0.0, 0), (10.0, 480), (-10.0, 520)] {
        let mut bench = Bench::new(offset_ms);
        let left: Vec<_> = (0..40).flat_map(|_| bench.block(256)).collect();
        for (i, (frame, bytes)) in left.iter().enumerate() {
            assert_eq!((*frame, &bytes[..]), (first + i as i64 * 1000, &[0xF8][..]), "{offset_ms} ms");
        }
        assert!(left.len() >= 9);
    }
}

proptest! {
    #[test]
    fn a_moving_offset_makes_neither_a_burst_nor_a_gap(
        moves in prop::collection::vec((-500.0..500.0f64, 1usize..200), 1..8), block in 16i64..2048,
    ) {
        let mut bench = Bench::new(0.0);
        bench.frame = 100_000;
        let mut last = None;
        for (offset_ms, blocks) in moves {
            bench.panel.set_offset_ms(offset_ms);
            for _ in 0..blocks {
                for (frame, _) in bench.block(block) {
                    if let Some(last) = last.replace(frame) {
                        prop_assert!((908..=1113).contains(&(frame - last)), "{} frames apart", frame - last);
                    }
                }
            }
        }
    }

    #[test]
    fn cutting_time_into_other_blocks_changes_nothing(cuts in prop::collection::vec(1i64..3000, 1..60), offset_ms in -500.0..500.0f64) {
        let (mut whole, mut pieces) = (Bench::new(0.0), Bench::new(0.0));
        for bench in [&mut whole, &mut pieces] {
            bench.block(48_000);
            bench.panel.set_offset_ms(offset_ms);
        }
        let in_pieces: Vec<_> = cuts.iter().flat_map(|frames| pieces.block(*frames)).collect();
        prop_assert_eq!(in_pieces, whole.block(cuts.iter().sum()));
    }
}
