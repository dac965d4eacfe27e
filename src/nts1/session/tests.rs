//! A session with a device that loses, delays, replaces and damages its answers. Time is virtual throughout.

use super::*;
use crate::nts1::{
    device::{
        SimWire, SimulatedNts1,
        Trouble::{self, *},
    },
    unit::Version,
};

fn with(trouble: impl IntoIterator<Item = Trouble>) -> Nts1Session<SimWire> {
    Nts1Session::new(SimWire::new(SimulatedNts1::default(), trouble), Channel::FIRST)
}

fn slot(module: Module, number: u8) -> UnitSlot {
    UnitSlot::new(module, number).unwrap()
}

fn unit_file(name: &str) -> Vec<u8> {
    unit::made(Module::Osc, name, Version(0x0001_0000), 9000)
}

fn is_silent<T: std::fmt::Debug>(result: Result<T>) -> bool {
    matches!(result, Err(SessionError::Silent(_)))
}

fn go_on(_: usize, _: usize) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

#[test]
fn a_stopped_install_reports_the_contents_of_the_slot() {
    let leave_at = |piece: usize| {
        let mut session = with([]);
        let leave = |done, _| if done == piece { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
        session.install(slot(Module::Osc, 5), &unit_file("new"), leave).map_err(|error| error.to_string())
    };
    assert_eq!(leave_at(0).unwrap_err(), "cancelled: nothing was sent, osc slot 5 is unchanged");
    let part = leave_at(1).unwrap_err();
    assert!(part.contains("1 of ") && part.contains("osc slot 5 has no complete unit: install it again"), "{part}");
}

#[test]
fn a_read_succeeds_after_any_two_errors() {
    let troubles = [Lost, Late(1500), Wrong, Truncated, Busy, Deaf];
    for first in troubles {
        for second in troubles {
            let both = [first, second];
            assert_eq!(with(both).program().unwrap().name(), "Simulated", "{both:?}");
            assert_eq!(with(both).globals().unwrap().len(), 32, "{both:?}");
            assert_eq!(with(both).api(), Ok((5, [2, 0, 0])), "{both:?}");
            assert_eq!(with(both).limits(Module::Osc).unwrap().slots, 16, "{both:?}");
            let header = with(both).slot(slot(Module::Osc, 0)).unwrap().unwrap();
            assert_eq!(header.name, "sim waves", "{both:?}");
            assert!(with(both).unit(slot(Module::Revfx, 2)).unwrap().is_some(), "{both:?}");
        }
    }
}

#[test]
fn a_read_without_an_answer_ends_after_three_tries() {
    for trouble in [Lost, Wrong, Deaf] {
        let mut session = with([trouble; 10]);
        assert!(is_silent(session.program()), "{trouble:?}");
        let wire = session.into_wire();
        assert_eq!((wire.sent(), wire.now_ms()), (3, 3000), "{trouble:?}");
    }
    let cut = with([Truncated; 3]).program();
    assert!(matches!(cut, Err(SessionError::Unreadable { .. })), "{cut:?}");
    let busy = with([Busy; 3]).program();
    assert!(matches!(busy, Err(SessionError::Refused { why: Nts1Refusal::Operation, .. })), "{busy:?}");
}

#[test]
fn a_late_answer_is_not_taken_for_the_next() {
    let mut session = with([Late(1001), None, None]);
    assert!(session.slot(slot(Module::Osc, 0)).unwrap().is_some());
    assert_eq!(session.slot(slot(Module::Osc, 1)), Ok(Option::None));
    let mut session = with([Late(5500)]);
    let file = unit_file("late");
    let late = session.install(slot(Module::Osc, 3), &file, go_on);
    assert!(matches!(late, Err(SessionError::Unconfirmed(_))), "{late:?}");
    assert_eq!(session.install(slot(Module::Osc, 3), &file, go_on), Ok(()));
}

#[test]
fn a_write_is_sent_once_unless_the_device_did_nothing() {
    let program = with([]).program().unwrap();
    // Lost: the device did it and its answer was lost; reading back confirms it.
    let mut session = with([Lost]);
    assert_eq!(session.set_program(&program), Ok(()));
    assert_eq!(session.into_wire().sent(), 2);
    // The request was lost: reading back gives other data.
    let ours = [&b"GLOB"[..], &[7; 24], b"GLED"].concat();
    let mut globals = with([Deaf]);
    assert!(matches!(globals.set_globals(&ours), Err(SessionError::Unconfirmed(_))));
    let mut session = with([Busy, Busy]);
    assert_eq!(session.set_globals(&ours), Ok(()));
    assert_eq!(session.globals(), Ok(ours));
    let refused = with([Busy; 3]).set_program(&program);
    assert!(matches!(refused, Err(SessionError::Refused { why: Nts1Refusal::Operation, .. })), "{refused:?}");
    let refused = with([Refuses(Nts1Refusal::Size)]).set_program(&program);
    assert!(matches!(refused, Err(SessionError::Refused { why: Nts1Refusal::Size, .. })), "{refused:?}");
}

#[test]
fn a_unit_is_installed_piece_by_piece_and_read_back() {
    let (mut session, file, mut told) = (with([]), unit_file("new"), Vec::new());
    session
        .install(slot(Module::Osc, 5), &file, |done, of| {
            told.push((done, of));
            ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(told, [(0, 3), (1, 3), (2, 3), (3, 3)]);
    assert_eq!(session.unit(slot(Module::Osc, 5)), Ok(Some(file)));
    assert_eq!(session.slot(slot(Module::Osc, 5)).unwrap().unwrap().name, "new");
    session.swap(Module::Osc, 5, 0).unwrap();
    assert_eq!(session.slot(slot(Module::Osc, 5)).unwrap().unwrap().name, "sim waves");
    session.clear(slot(Module::Osc, 5)).unwrap();
    assert_eq!(session.unit(slot(Module::Osc, 5)), Ok(Option::None));
}

#[test]
fn a_failed_install_reports_the_reason() {
    let install =
        |trouble: &[Trouble]| with(trouble.iter().copied()).install(slot(Module::Osc, 5), &unit_file("new"), go_on);
    assert!(matches!(install(&[None, Lost]), Err(SessionError::Unconfirmed(_))));
    assert_eq!(install(&[None, Busy, None, None]), Ok(()), "a piece may be sent again where nothing was done");
    for refusal in
        [Nts1Refusal::Target, Nts1Refusal::Api, Nts1Refusal::LoadSize, Nts1Refusal::UnitFormat, Nts1Refusal::Internal]
    {
        let refused = install(&[None, None, Refuses(refusal)]);
        assert_eq!(refused, Err(SessionError::Refused { what: "the unit for osc slot 5".to_owned(), why: refusal }));
    }
    let wrong_module = with([]).install(slot(Module::Delfx, 5), &unit_file("new"), go_on);
    assert!(matches!(wrong_module, Err(SessionError::Refused { why: Nts1Refusal::Target, .. })), "{wrong_module:?}");
}

#[test]
fn a_device_with_another_check_sum_is_sent_none() {
    let mut device = SimulatedNts1::default();
    device.without_check_sums = true;
    let mut session = Nts1Session::new(SimWire::new(device, []), Channel::FIRST);
    let file = unit_file("new");
    assert_eq!(session.install(slot(Module::Osc, 5), &file, go_on), Ok(()));
    assert_eq!(session.unit(slot(Module::Osc, 5)), Ok(Some(file)));
}

#[test]
fn a_unit_with_a_missing_or_damaged_piece_is_requested_again() {
    let at = slot(Module::Osc, 0);
    let expected = with([]).unit(at).unwrap();
    for trouble in [vec![None, Lost], vec![Lost], vec![None, None, Lost], vec![None, Truncated], vec![None, Late(1500)]]
    {
        assert_eq!(with(trouble.clone()).unit(at), Ok(expected.clone()), "{trouble:?}");
    }
    // Without a check sum, reading cannot detect damage, but an installed unit is compared.
    let damaged = with([None, None, None, Damaged]).install(at, &unit_file("new"), go_on);
    assert!(matches!(damaged, Err(SessionError::Different(_))), "{damaged:?}");
}

#[test]
fn a_device_on_another_channel_reports_its_channel_and_answers_nothing_else() {
    let channel = Channel::new(3).unwrap();
    let mut session = Nts1Session::new(SimWire::new(SimulatedNts1::new(channel), []), Channel::FIRST);
    assert_eq!(session.identity(), Ok(Identity { channel, major: 1, minor: 3 }));
    assert!(is_silent(session.api()));
}
