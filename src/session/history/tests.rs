//! The laws of undoing.

use super::*;
use crate::{
    session::model::Model,
    snapshots::{Snapshot, Snapshots},
};
use proptest::prelude::*;
use std::collections::BTreeSet;

const PARAMS: usize = 4;

const INSTRUMENTS: usize = 2;

/// What somebody does.
#[derive(Clone, Debug)]
enum Deed {
    Use(usize),
    Hand { index: usize, value: u16, wait_ms: u64 },
    Whole(Vec<(usize, u16)>),
    Save(SnapshotScope, u8, u16),
    Delete(SnapshotScope, u8),
    Undo,
    Redo,
}

fn deed() -> impl Strategy<Value = Deed> {
    let moves = prop::collection::vec((0..PARAMS, 0..5u16), 0..6);
    let shelf = || prop_oneof![Just(SnapshotScope::Session), Just(SnapshotScope::Library)];
    prop_oneof![
        1 => (0..INSTRUMENTS).prop_map(Deed::Use),
        4 => (0..PARAMS, 0..5u16, 0..800u64).prop_map(|(index, value, wait_ms)| Deed::Hand { index, value, wait_ms }),
        1 => moves.prop_map(Deed::Whole),
        1 => (shelf(), 0..3u8, 0..5u16).prop_map(|(shelf, name, value)| Deed::Save(shelf, name, value)),
        1 => (shelf(), 0..3u8).prop_map(|(shelf, name)| Deed::Delete(shelf, name)),
        1 => Just(Deed::Undo),
        1 => Just(Deed::Redo),
    ]
}

/// Two instruments with four knobs each, their snapshots and the history.
struct Rig {
    model: Model,
    history: History,
    at: usize,
    now_ns: u64,
}

impl Default for Rig {
    fn default() -> Rig {
        let mut model = Model::new(Snapshots::default());
        (0..INSTRUMENTS).for_each(|at| model.set_knobs(at, vec![0; PARAMS]));
        model.open(Some(std::sync::Arc::default()));
        Rig { model, history: History::default(), at: 0, now_ns: 0 }
    }
}

impl Rig {
    /// The knobs of the instrument in use.
    fn knobs(&self) -> &[u16] {
        self.model.knobs(self.at)
    }

    /// Everything.
    fn said(&self) -> (Vec<Vec<u16>>, [Snapshots; 2]) {
        let shelf = |shelf| Snapshots::clone(self.model.shelf(shelf).unwrap());
        let knobs = (0..INSTRUMENTS).map(|at| self.model.knobs(at).to_vec()).collect();
        (knobs, [shelf(SnapshotScope::Session), shelf(SnapshotScope::Library)])
    }

    fn hand(&mut self, index: usize, value: u16, wait_ms: u64) {
        self.now_ns += wait_ms * 1_000_000;
        self.history.hand(self.at, &[(index, (self.model.knob(self.at, index), value))], "a knob", self.now_ns);
        self.model.apply(Edit::knobs(self.at, [(index, value)]));
    }

    fn whole(&mut self, moves: &[(usize, u16)]) {
        let moves: Vec<(usize, u16)> = moves.iter().copied().collect::<BTreeMap<_, _>>().into_iter().collect();
        self.history.whole(self.at, self.model.knobs(self.at), &moves, "many");
        self.model.apply(Edit::knobs(self.at, moves));
    }

    fn done(&mut self, redo: Edit) {
        let undo = self.model.apply(redo.clone());
        self.history.done(self.at, "a snapshot".to_owned(), undo, redo);
    }

    /// Each instrument has a profile of its own, so that steps of different instruments can change places.
    fn profile(&self) -> String {
        format!("p{}", self.at)
    }

    fn undo(&mut self) -> bool {
        let Some(step) = self.history.undo(self.at) else { return false };
        let inverse = self.model.apply(step.undo().clone());
        self.history.undone(step, inverse);
        true
    }

    fn redo(&mut self) -> bool {
        let Some(step) = self.history.redo(self.at) else { return false };
        let inverse = self.model.apply(step.redo().clone());
        self.history.redone(step, inverse);
        true
    }

    fn run(&mut self, deed: &Deed) {
        match deed {
            Deed::Use(at) => self.at = *at,
            Deed::Hand { index, value, wait_ms } => self.hand(*index, *value, *wait_ms),
            Deed::Whole(moves) => self.whole(moves),
            Deed::Save(shelf, name, value) => {
                let values = BTreeMap::from([("x".to_owned(), *value)]);
                self.done(Edit::save(*shelf, Snapshot { profile: self.profile(), name: name.to_string(), values }));
            }
            Deed::Delete(shelf, name) => self.done(Edit::delete(*shelf, &self.profile(), &name.to_string())),
            Deed::Undo => drop(self.undo()),
            Deed::Redo => drop(self.redo()),
        }
    }

    /// The same of all instruments, as often as it goes.
    fn all(&mut self, what: fn(&mut Rig) -> bool) {
        for at in 0..INSTRUMENTS {
            self.at = at;
            while what(self) {}
        }
    }
}

proptest! {
    #[test]
    fn undoing_all_is_the_start_and_redoing_all_the_end(deeds in prop::collection::vec(deed(), 0..60)) {
        let mut rig = Rig::default();
        let start = rig.said();
        deeds.iter().for_each(|deed| rig.run(deed));
        rig.all(Rig::redo);
        let end = rig.said();
        rig.all(Rig::undo);
        prop_assert_eq!(&rig.said().0, &start.0);
        for shelf in rig.said().1 {
            prop_assert_eq!(shelf, Snapshots::default());
        }
        rig.all(Rig::redo);
        prop_assert_eq!(&rig.said().0, &end.0);
        // Where steps of two instruments changed places, so may their snapshots in the list.
        let sorted = |said: &[Snapshots; 2]| {
            said.clone().map(|shelf| {
                let all = ["p0", "p1"].into_iter().flat_map(|profile| shelf.of(profile));
                all.map(|snapshot| (snapshot.profile.clone(), snapshot.name.clone(), snapshot.values.clone()))
                    .collect::<BTreeSet<_>>()
            })
        };
        prop_assert_eq!(sorted(&rig.said().1), sorted(&end.1));
    }

    #[test]
    fn redo_takes_back_undo(deeds in prop::collection::vec(deed(), 0..60)) {
        let mut rig = Rig::default();
        deeds.iter().for_each(|deed| rig.run(deed));
        let before = rig.said();
        if rig.undo() {
            rig.redo();
        }
        prop_assert_eq!(rig.said(), before);
    }
}

#[test]
fn a_turn_without_a_pause_is_one_step() {
    let mut rig = Rig::default();
    for value in 1..=4 {
        rig.hand(0, value, 500);
        rig.hand(1, value, 0);
    }
    rig.hand(0, 2, 501);
    assert!(rig.undo());
    assert_eq!(rig.knobs(), [4, 4, 0, 0]);
    assert!(rig.undo() && rig.undo() && !rig.undo(), "one for each knob, however they alternate");
    assert_eq!(rig.knobs(), [0; PARAMS]);
}

#[test]
fn many_knobs_at_once_are_one_step() {
    let mut rig = Rig::default();
    rig.whole(&[(0, 1), (1, 2), (3, 0)]);
    rig.whole(&[]);
    assert!(rig.undo() && !rig.undo());
    assert_eq!(rig.knobs(), [0; PARAMS]);
}

#[test]
fn what_follows_an_undo_is_a_new_step_and_nothing_can_be_redone() {
    let mut rig = Rig::default();
    rig.hand(0, 1, 0);
    rig.hand(0, 2, 600);
    rig.undo();
    rig.hand(0, 3, 0);
    assert!(!rig.redo());
    rig.undo();
    assert_eq!(rig.knobs()[0], 1);
}

#[test]
fn the_last_two_hundred_steps_of_each_instrument_are_kept() {
    let mut rig = Rig::default();
    rig.hand(0, 1, 600);
    rig.at = 1;
    (0..300).for_each(|n| rig.hand(0, n % 2 + 1, 600));
    assert_eq!((0..300).take_while(|_| rig.undo()).count(), STEPS_MAX);
    rig.at = 0;
    assert!(rig.undo(), "what one does takes nothing from the other");
}

#[test]
fn a_step_of_another_instrument_ends_no_turn_and_undoes_nothing_here() {
    let mut rig = Rig::default();
    rig.hand(0, 1, 0);
    rig.at = 1;
    rig.hand(0, 7, 100);
    rig.at = 0;
    rig.hand(0, 2, 100);
    assert!(rig.undo() && !rig.undo(), "one turn");
    assert_eq!((rig.model.knob(0, 0), rig.model.knob(1, 0)), (0, 7));
}

#[test]
fn another_synth_and_another_session_have_no_steps_of_the_one_before() {
    let mut rig = Rig::default();
    rig.hand(0, 1, 0);
    let snapshot = Snapshot { profile: "p0".to_owned(), name: "a".to_owned(), values: BTreeMap::new() };
    rig.done(Edit::save(SnapshotScope::Session, snapshot.clone()));
    rig.done(Edit::save(SnapshotScope::Library, snapshot));
    rig.history.forget_session();
    assert!(rig.undo() && rig.undo() && !rig.undo(), "the library's and the knob's");
    rig.history.forget(0);
    assert!(!rig.redo() && !rig.undo());
}

#[test]
fn a_narrower_range_leaves_no_step_that_does_nothing() {
    let mut rig = Rig::default();
    rig.hand(0, 3, 600);
    rig.hand(0, 4, 600);
    rig.history.refit(0, |_, value| value.min(3));
    assert!(rig.undo() && !rig.undo());
}
