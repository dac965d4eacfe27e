//! The laws of taking back.

use super::*;
use proptest::prelude::*;

const PARAMS: usize = 4;

/// What somebody does.
#[derive(Clone, Debug)]
enum Deed {
    Hand { index: usize, value: u16, wait_ms: u64 },
    Whole(Vec<(usize, u16)>),
    Undo,
    Redo,
}

fn deed() -> impl Strategy<Value = Deed> {
    let moves = prop::collection::vec((0..PARAMS, 0..5u16), 0..6);
    prop_oneof![
        4 => (0..PARAMS, 0..5u16, 0..800u64).prop_map(|(index, value, wait_ms)| Deed::Hand { index, value, wait_ms }),
        1 => moves.prop_map(Deed::Whole),
        1 => Just(Deed::Undo),
        1 => Just(Deed::Redo),
    ]
}

/// Four knobs and their history.
#[derive(Default)]
struct Knobs {
    values: [u16; PARAMS],
    history: History,
    now_ns: u64,
}

impl Knobs {
    fn apply(&mut self, moves: &[(usize, u16)]) {
        for (index, value) in moves {
            self.values[*index] = *value;
        }
    }

    fn hand(&mut self, index: usize, value: u16, wait_ms: u64) {
        self.now_ns += wait_ms * 1_000_000;
        self.history.hand(&[(index, (self.values[index], value))], "a knob", self.now_ns);
        self.values[index] = value;
    }

    fn undo(&mut self) -> bool {
        let step = self.history.undo();
        step.iter().for_each(|step| self.apply(&step.before()));
        step.map(|step| self.history.undone(step)).is_some()
    }

    fn redo(&mut self) -> bool {
        let step = self.history.redo();
        step.iter().for_each(|step| self.apply(&step.after()));
        step.map(|step| self.history.redone(step)).is_some()
    }

    fn run(&mut self, deed: &Deed) {
        match deed {
            Deed::Hand { index, value, wait_ms } => self.hand(*index, *value, *wait_ms),
            Deed::Whole(moves) => {
                let moves: Vec<(usize, u16)> = moves.iter().copied().collect::<BTreeMap<_, _>>().into_iter().collect();
                self.history.whole(&self.values, &moves, "many");
                self.apply(&moves);
            }
            Deed::Undo => {
                self.undo();
            }
            Deed::Redo => {
                self.redo();
            }
        }
    }
}

proptest! {
    #[test]
    fn undoing_all_is_the_start_and_redoing_all_the_end(deeds in prop::collection::vec(deed(), 0..60)) {
        let mut knobs = Knobs::default();
        deeds.iter().for_each(|deed| knobs.run(deed));
        while knobs.redo() {}
        let end = knobs.values;
        while knobs.undo() {}
        prop_assert_eq!(knobs.values, [0; PARAMS]);
        while knobs.redo() {}
        prop_assert_eq!(knobs.values, end);
    }

    #[test]
    fn redo_takes_back_undo(deeds in prop::collection::vec(deed(), 0..60)) {
        let mut knobs = Knobs::default();
        deeds.iter().for_each(|deed| knobs.run(deed));
        let before = knobs.values;
        if knobs.undo() {
            knobs.redo();
        }
        prop_assert_eq!(knobs.values, before);
    }
}

#[test]
fn a_turn_without_a_pause_is_one_step() {
    let mut knobs = Knobs::default();
    for value in 1..=4 {
        knobs.hand(0, value, 500);
        knobs.hand(1, value, 0);
    }
    knobs.hand(0, 2, 501);
    assert!(knobs.undo());
    assert_eq!(knobs.values, [4, 4, 0, 0]);
    assert!(knobs.undo() && knobs.undo() && !knobs.undo(), "one for each knob, however they alternate");
    assert_eq!(knobs.values, [0; PARAMS]);
}

#[test]
fn what_follows_an_undo_is_a_new_step_and_nothing_can_be_redone() {
    let mut knobs = Knobs::default();
    knobs.hand(0, 1, 0);
    knobs.hand(0, 2, 600);
    knobs.undo();
    knobs.hand(0, 3, 0);
    assert!(!knobs.redo());
    knobs.undo();
    assert_eq!(knobs.values[0], 1);
}

#[test]
fn the_last_two_hundred_steps_are_kept() {
    let mut knobs = Knobs::default();
    (0..300).for_each(|n| knobs.hand(0, n % 2 + 1, 600));
    assert_eq!((0..300).take_while(|_| knobs.undo()).count(), STEPS_MAX);
}
