//! The laws of the model and its edits.

use super::*;
use crate::{
    session::Session,
    stored::{FromYaml, ToYaml},
};
use proptest::prelude::*;

const INSTRUMENTS: usize = 2;
const PARAMS: usize = 4;

fn snapshot() -> impl Strategy<Value = Snapshot> {
    let values = prop::collection::btree_map("[a-c]", 0..=16_383_u16, 0..3);
    (0..2_u8, 0..3_u8, values).prop_map(|(profile, name, values)| Snapshot {
        profile: format!("p{profile}"),
        name: format!("n{name}"),
        values,
    })
}

fn shelf() -> impl Strategy<Value = SnapshotScope> {
    prop_oneof![Just(SnapshotScope::Session), Just(SnapshotScope::Library)]
}

/// Any edit, also of what is not there.
fn edit() -> impl Strategy<Value = Edit> {
    let knobs = (0..INSTRUMENTS + 1, prop::collection::btree_map(0..PARAMS + 1, 0..5_u16, 0..4));
    prop_oneof![
        knobs.prop_map(|(instrument, to)| Edit::Knobs { instrument, to }),
        (shelf(), snapshot()).prop_map(|(shelf, snapshot)| Edit::save(shelf, snapshot)),
        (shelf(), snapshot()).prop_map(|(shelf, gone)| Edit::delete(shelf, &gone.profile, &gone.name)),
    ]
}

fn model(is_open: bool) -> Model {
    let mut model = Model::new(Snapshots::default());
    (0..INSTRUMENTS).for_each(|at| model.set_knobs(at, vec![0; PARAMS]));
    model.open(is_open.then(Arc::default));
    model
}

/// What it says, whatever its revision.
fn said(model: &Model) -> (Vec<Vec<u16>>, Option<Arc<Snapshots>>, Arc<Snapshots>) {
    let knobs = model.instruments.iter().map(|knobs| knobs.values.clone()).collect();
    (knobs, model.own.clone(), Arc::clone(&model.library))
}

proptest! {
    #[test]
    fn an_edit_and_then_its_inverse_change_nothing(
        is_open in any::<bool>(), before in prop::collection::vec(edit(), 0..20), edit in edit()
    ) {
        let mut model = model(is_open);
        before.into_iter().for_each(|edit| drop(model.apply(edit)));
        let stood = said(&model);
        let inverse = model.apply(edit);
        let done = said(&model);
        let again = model.apply(inverse);
        prop_assert_eq!(said(&model), stood);
        model.apply(again);
        prop_assert_eq!(said(&model), done, "and the inverse of that is the edit");
    }

    #[test]
    fn edits_undone_in_order_lead_back_to_the_beginning(
        is_open in any::<bool>(), edits in prop::collection::vec(edit(), 0..40)
    ) {
        let mut model = model(is_open);
        let stood = said(&model);
        let inverses: Vec<Edit> = edits.into_iter().map(|edit| model.apply(edit)).collect();
        inverses.into_iter().rev().for_each(|inverse| drop(model.apply(inverse)));
        prop_assert_eq!(said(&model), stood);
    }

    #[test]
    fn what_changed_since_a_revision_is_what_may_be_another_one(
        edits in prop::collection::vec(edit(), 0..10), edit in edit()
    ) {
        let mut model = model(true);
        edits.into_iter().for_each(|edit| drop(model.apply(edit)));
        let (since, stood) = (model.revision(), said(&model));
        model.apply(edit);
        let now = said(&model);
        for at in 0..INSTRUMENTS {
            prop_assert_eq!(model.changed(at, since), stood.0[at] != now.0[at]);
        }
        prop_assert!(model.own_changed(since) || stood.1 == now.1);
        prop_assert!(model.revision() > since || stood == now);
    }

    #[test]
    fn what_edits_made_is_read_again_as_it_was(edits in prop::collection::vec(edit(), 0..40)) {
        let mut model = model(true);
        edits.into_iter().for_each(|edit| drop(model.apply(edit)));
        let session = Session { snapshots: Arc::clone(model.own().unwrap()), ..Session::default() };
        prop_assert_eq!(Session::from_yaml("session.yaml", &session.to_yaml()), Ok(session));
        let library = Snapshots::clone(model.library());
        prop_assert_eq!(Snapshots::from_yaml("snapshots.yaml", &library.to_yaml()), Ok(library));
    }
}

#[test]
fn a_snapshot_gets_its_name_back() {
    let mut model = model(true);
    for name in ["a", "b", "c"] {
        let (profile, name) = ("p".to_owned(), name.to_owned());
        model.apply(Edit::save(SnapshotScope::Session, Snapshot { profile, name, values: BTreeMap::new() }));
    }
    let stood = said(&model);
    let rename = |name: &str, to: &str| Edit::Rename {
        shelf: SnapshotScope::Session,
        profile: "p".to_owned(),
        name: name.to_owned(),
        to: to.to_owned(),
    };
    let inverse = model.apply(rename("b", "d"));
    assert_eq!(inverse, rename("d", "b"));
    assert_ne!(said(&model), stood);
    model.apply(inverse);
    assert_eq!(said(&model), stood, "and stands where it stood");
}

#[test]
fn what_moves_by_itself_is_nothing_to_save() {
    let mut model = model(true);
    let since = model.revision();
    assert!(model.play(0, 1, 3) && !model.play(0, 1, 3));
    assert_eq!((model.knob(0, 1), model.revision(), model.changed(0, since)), (3, since, false));
    model.touch(0);
    assert!(model.changed(0, since) && !model.changed(1, since));
}
