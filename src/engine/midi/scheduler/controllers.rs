//! The controllers of one port: the values the synth has, and the values each moves to. The scheduler thread's.
//! Realtime: yes.
//!
//! A controller that moves has one turn in the port's queue. When that comes, it sends the newest value; while it
//! glides, the value of that instant, and takes its next turn when there is another one to send.

use crate::{
    midi::{Channel, Message, Rank},
    profile::{Halves, Target},
};

/// Controllers that one port may have.
pub(super) const CONTROLLERS: usize = 1024;
/// Least distance between two values of one controller, unless its profile says otherwise.
pub const SPACING_NS: u64 = 10_000_000;

/// Places in the table, a power of two: half of them stay empty, so that the next free one is near.
const SLOTS: usize = 2 * CONTROLLERS;
const EMPTY: u16 = u16::MAX;

/// A target that has one value on a channel: a parameter, or the pressure on its keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ContinuousTarget {
    /// With the order in which the halves of its value are sent.
    Target(Target, Halves),
    Pressure,
    KeyPressure(u8),
}

impl From<Target> for ContinuousTarget {
    fn from(target: Target) -> ContinuousTarget {
        ContinuousTarget::Target(target, Halves::default())
    }
}

/// The target that a continuous message sets, and the value.
pub(super) fn turned_by(message: &Message) -> Option<((Channel, ContinuousTarget), u16)> {
    let channel = message.channel().filter(|_| message.rank() == Rank::Continuous)?;
    let (place, value) = match *message.bytes() {
        [status, key, value] if status & 0xF0 == 0xA0 => (ContinuousTarget::KeyPressure(key), value.into()),
        [status, controller, value] if status & 0xF0 == 0xB0 => (Target::Cc(controller).into(), value.into()),
        [status, fine, coarse] if status & 0xF0 == 0xE0 => {
            (Target::PitchBend.into(), u16::from(coarse) << 7 | u16::from(fine))
        }
        [_, value] => (ContinuousTarget::Pressure, value.into()),
        _ => return None,
    };
    Some(((channel, place), value))
}

/// A value on its way.
#[derive(Clone, Copy, Debug)]
struct Move {
    to: u16,
    /// The value and the instant at which it was asked for; the same as `to` for a jump.
    from: u16,
    begin_ns: u64,
    glide_ns: u64,
}

impl Move {
    /// The value at an instant: the whole steps that are over.
    fn at(&self, ns: u64) -> u16 {
        let gone_ns = ns.saturating_sub(self.begin_ns);
        if gone_ns >= self.glide_ns {
            return self.to;
        }
        let distance = self.to.abs_diff(self.from);
        let steps = (u128::from(distance) * u128::from(gone_ns) / u128::from(self.glide_ns)) as u16;
        if self.to > self.from { self.from + steps } else { self.from - steps }
    }

    /// The instant at which the value differs from this one.
    fn leaves_ns(&self, value: u16) -> u64 {
        let distance = self.to.abs_diff(self.from);
        let steps = u128::from(value.abs_diff(self.from).saturating_add(1).min(distance));
        match distance {
            0 => self.begin_ns,
            _ => self.begin_ns + (steps * u128::from(self.glide_ns)).div_ceil(u128::from(distance)) as u64,
        }
    }
}

/// One controller.
#[derive(Debug)]
pub(super) struct Controller {
    pub channel: Channel,
    pub place: ContinuousTarget,
    key: u32,
    moving: Option<Move>,
    /// The value the synth has, where that is known.
    last_sent: Option<u16>,
    /// When the next value may go.
    due_ns: u64,
    /// When the spacing to the last value is over.
    spaced_ns: u64,
    spacing_ns: u64,
    /// Its turn in the queue: its arrival and its instant.
    turn: Option<(u64, u64)>,
    /// The port refused this value, and that was counted.
    refused: bool,
    /// The arrival of the newest value that was put into the queue itself.
    newest: u64,
}

/// The outcome of a new value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ContinuousOutcome {
    /// There is no room for another controller.
    Full,
    /// It is sent at the controller's turn. `replaced`: it took the place of one that waited.
    Taken { place: u16, replaced: bool },
}

/// The outcome of a value that is sent in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DiscreteOutcome {
    /// There is no room for another controller.
    Full,
    /// The synth has it, or will.
    Held,
    /// It goes into the queue.
    Taken(u16),
}

/// All controllers of one port.
#[derive(Debug)]
pub(super) struct Controllers {
    list: Vec<Controller>,
    /// Places in the list, by key; open addressing, and no entry is ever removed.
    slots: Box<[u16]>,
    moving: usize,
    /// Turns in the queue that were replaced by earlier ones.
    stale_turns: usize,
}

impl Controllers {
    pub(super) fn new() -> Controllers {
        let slots = vec![EMPTY; SLOTS].into_boxed_slice();
        Controllers { list: Vec::with_capacity(CONTROLLERS), slots, moving: 0, stale_turns: 0 }
    }

    /// Controllers with a value that waits.
    pub(super) fn moving(&self) -> usize {
        self.moving
    }

    /// The controller's place, a new one where it has none; `None` where there is no room.
    fn place(&mut self, channel: Channel, place: ContinuousTarget) -> Option<u16> {
        let key = key(channel, place);
        let mut slot = (key.wrapping_mul(0x9E37_79B1) >> (u32::BITS - SLOTS.trailing_zeros())) as usize;
        while let Some(known) = self.list.get(usize::from(self.slots[slot])) {
            if known.key == key {
                return Some(self.slots[slot]);
            }
            slot = (slot + 1) % SLOTS;
        }
        if self.list.len() == CONTROLLERS {
            return None;
        }
        let at = self.list.len() as u16;
        self.slots[slot] = at;
        self.list.push(Controller {
            channel,
            place,
            key,
            moving: None,
            last_sent: None,
            due_ns: 0,
            spaced_ns: 0,
            spacing_ns: SPACING_NS,
            turn: None,
            refused: false,
            newest: 0,
        });
        Some(at)
    }

    /// Moves a controller to a value, from `asked_ns` on.
    pub(super) fn turn(
        &mut self,
        (channel, asked): (Channel, ContinuousTarget),
        value: u16,
        spacing_ns: u64,
        glide_ns: u64,
        asked_ns: u64,
    ) -> ContinuousOutcome {
        let Some(place) = self.place(channel, asked) else { return ContinuousOutcome::Full };
        let c = &mut self.list[usize::from(place)];
        let replaced = c.moving.is_some();
        (c.place, c.spacing_ns) = (asked, spacing_ns);
        c.refused = false;
        let glides = glide_ns > 0 && c.last_sent.is_some_and(|from| from != value);
        let (from, glide_ns) = if glides { (c.last_sent.unwrap_or(value), glide_ns) } else { (value, 0) };
        let goal = Move { to: value, from, begin_ns: asked_ns, glide_ns };
        // Of values that jump the newest takes the instant of the first, or a knob that is turned without a pause would
        // never sound on a port with a positive clock offset.
        let first = c.moving.is_some_and(|before| before.glide_ns == 0) && !glides;
        let due_ns = if glides { goal.leaves_ns(from).max(asked_ns + spacing_ns.min(glide_ns)) } else { asked_ns };
        let due_ns = due_ns.max(c.spaced_ns);
        c.due_ns = if first { c.due_ns.min(due_ns) } else { due_ns };
        let goal = Some(goal).filter(|_| c.last_sent != Some(value));
        self.head_for(place, goal);
        ContinuousOutcome::Taken { place, replaced }
    }

    /// Asks for a value that goes into the queue itself, as `arrival`. A bank has no effect until a program follows,
    /// and a program may change any value.
    pub(super) fn ask(
        &mut self,
        (channel, asked): (Channel, ContinuousTarget),
        value: u16,
        arrival: u64,
    ) -> DiscreteOutcome {
        let Some(place) = self.place(channel, asked) else { return DiscreteOutcome::Full };
        if self.list[usize::from(place)].last_sent == Some(value) {
            return DiscreteOutcome::Held;
        }
        let is_bank =
            |place| matches!(place, ContinuousTarget::Target(Target::Cc(0 | 32) | Target::Cc14 { msb: 0, .. }, _));
        let is_program = |place| matches!(place, ContinuousTarget::Target(Target::Program, _));
        for c in self.list.iter_mut().filter(|c| c.channel == channel) {
            if is_program(asked) && !is_bank(c.place) || is_bank(asked) && is_program(c.place) {
                c.last_sent = None;
            }
        }
        let c = &mut self.list[usize::from(place)];
        (c.place, c.last_sent, c.newest) = (asked, Some(value), arrival);
        self.head_for(place, None);
        DiscreteOutcome::Taken(place)
    }

    /// A value that went in order was sent: an older one that was refused is not tried again.
    pub(super) fn answered(&mut self, place: u16) {
        self.head_for(place, None);
    }

    /// A value that was to be sent in order was refused: it is tried again, unless a newer one comes.
    pub(super) fn ask_again(&mut self, place: u16, value: u16, arrival: u64, retry_ns: u64) {
        let c = &mut self.list[usize::from(place)];
        if c.newest == arrival {
            (c.last_sent, c.due_ns, c.refused) = (None, retry_ns, true);
            self.head_for(place, Some(Move { to: value, from: value, begin_ns: retry_ns, glide_ns: 0 }));
        }
    }

    /// A newer value was sent another way: an older one that waits for its turn would arrive last. A glide goes on.
    pub(super) fn overtaken(&mut self, channel: Channel, place: ContinuousTarget) {
        let key = key(channel, place);
        if let Some(at) = self.list.iter().position(|c| c.key == key && c.moving.is_some_and(|goal| goal.glide_ns == 0))
        {
            self.head_for(at as u16, None);
        }
    }

    /// The synth reported that it has this value.
    pub(super) fn know(&mut self, channel: Channel, target: Target, value: u16) {
        // With no room, the next value is sent although the synth may have it: no harm.
        if let Some(place) = self.place(channel, target.into()) {
            self.list[usize::from(place)].last_sent = Some(value);
            self.head_for(place, None);
        }
    }

    fn head_for(&mut self, place: u16, goal: Option<Move>) {
        let before = std::mem::replace(&mut self.list[usize::from(place)].moving, goal);
        self.moving = self.moving + usize::from(goal.is_some()) - usize::from(before.is_some());
    }

    /// The instant of a controller that needs a new turn in the queue, which is recorded as `arrival`.
    pub(super) fn take_turn(&mut self, place: u16, arrival: u64) -> Option<u64> {
        let c = &mut self.list[usize::from(place)];
        if c.moving.is_none() || c.turn.is_some_and(|(_, turn_ns)| turn_ns <= c.due_ns) {
            return None;
        }
        self.stale_turns += usize::from(c.turn.is_some());
        c.turn = Some((arrival, c.due_ns));
        Some(c.due_ns)
    }

    /// Whether there are so many replaced turns in the queue that they must be cleared away.
    pub(super) fn must_clear(&self) -> bool {
        self.stale_turns >= CONTROLLERS
    }

    /// Replaced turns were cleared away.
    pub(super) fn cleared(&mut self) {
        self.stale_turns = 0;
    }

    /// Whether this turn was not replaced.
    pub(super) fn is_live(&self, place: u16, arrival: u64) -> bool {
        self.get(place).is_some_and(|c| c.turn.is_some_and(|(live, _)| live == arrival))
    }

    /// A turn left the queue.
    pub(super) fn end_turn(&mut self, place: u16, arrival: u64) {
        if self.is_live(place, arrival) {
            self.list[usize::from(place)].turn = None;
        } else {
            self.stale_turns = self.stale_turns.saturating_sub(1);
        }
    }

    pub(super) fn get(&self, place: u16) -> Option<&Controller> {
        self.list.get(usize::from(place))
    }

    /// The value was sent: the next one waits for the spacing.
    pub(super) fn sent(&mut self, place: u16, value: u16, now_ns: u64) {
        let c = &mut self.list[usize::from(place)];
        c.last_sent = Some(value);
        c.spaced_ns = now_ns + c.spacing_ns;
        self.passed(place, value);
    }

    /// The synth has this value of the move: on to the next.
    pub(super) fn passed(&mut self, place: u16, value: u16) {
        let c = &mut self.list[usize::from(place)];
        c.refused = false;
        match c.moving {
            Some(goal) if goal.to != value => c.due_ns = goal.leaves_ns(value).max(c.spaced_ns),
            _ => self.head_for(place, None),
        }
    }

    /// The port refused the value, or the messages after its first one: it is tried again. True the first time.
    pub(super) fn refused(&mut self, place: u16, in_part: bool, retry_ns: u64) -> bool {
        let c = &mut self.list[usize::from(place)];
        if in_part {
            c.last_sent = None;
        }
        c.due_ns = retry_ns;
        !std::mem::replace(&mut c.refused, true)
    }

    /// The values of the synth on a channel are no longer known: the next value of each controller is sent, changed or
    /// not.
    pub(super) fn forget_sent(&mut self, channel: Option<Channel>) {
        for c in self.list.iter_mut().filter(|c| channel.is_none_or(|channel| c.channel == channel)) {
            c.last_sent = None;
        }
    }

    /// Nothing moves, nothing is known, and no turn is in the queue.
    pub(super) fn forget(&mut self) {
        for c in &mut self.list {
            (c.moving, c.last_sent, c.turn, c.spaced_ns, c.refused) = (None, None, None, 0, false);
        }
        (self.moving, self.stale_turns) = (0, 0);
    }
}

impl Controller {
    /// The instant at which a waiting value could have been sent first, its due time, and the value at this instant;
    /// `None` where none waits.
    pub(super) fn value(&self, now_ns: u64, opened_ns: u64) -> Option<(u64, u64, u16)> {
        let goal = self.moving?;
        let asked_ns = if goal.glide_ns == 0 { self.due_ns.max(goal.begin_ns).min(now_ns) } else { self.due_ns };
        let at_ns = asked_ns.max(opened_ns);
        Some((asked_ns, at_ns, goal.at(at_ns)))
    }

    pub(super) fn is_due(&self, now_ns: u64) -> bool {
        self.moving.is_some() && self.due_ns <= now_ns
    }

    /// Whether the synth has this value.
    pub(super) fn holds(&self, value: u16) -> bool {
        self.last_sent == Some(value)
    }
}

/// Every controller has its own.
fn key(channel: Channel, place: ContinuousTarget) -> u32 {
    let (kind, msb, lsb) = match place {
        ContinuousTarget::Target(Target::Cc(controller), _) => (0, 0, controller),
        ContinuousTarget::Target(Target::Cc14 { msb, lsb }, _) => (1, msb, lsb),
        ContinuousTarget::Target(Target::Nrpn { msb, lsb }, _) => (2, msb, lsb),
        ContinuousTarget::Target(Target::Rpn { msb, lsb }, _) => (3, msb, lsb),
        ContinuousTarget::Target(Target::PitchBend, _) => (4, 0, 0),
        ContinuousTarget::Target(Target::Program, _) => (5, 0, 0),
        ContinuousTarget::Pressure => (6, 0, 0),
        ContinuousTarget::KeyPressure(key) => (7, 0, key),
        ContinuousTarget::Target(Target::Cc10 { msb, lsb }, _) => (8, msb, lsb),
    };
    u32::from_be_bytes([channel.nibble(), kind, msb, lsb])
}

/// Bytes of a value's messages.
pub(super) fn bytes(controller: &Controller) -> usize {
    encode(controller.channel, controller.place, 0).iter().flatten().map(|message| message.bytes().len()).sum()
}

/// The messages that carry a value, in the order they are sent.
pub(super) fn encode(channel: Channel, place: ContinuousTarget, value: u16) -> [Option<Message>; 4] {
    let seven = |value: u16| (value & 0x7F) as u8;
    let cc = |controller, value: u8| Some(Message::control(channel, controller, value));
    let two = |halves, msb, lsb| {
        let (upper, lower) = (cc(msb, seven(value >> 7)), cc(lsb, seven(value)));
        match halves {
            Halves::MsbFirst => [upper, lower],
            Halves::LsbFirst => [lower, upper],
            Halves::MsbOnly => [cc(msb, seven(value)), None],
        }
    };
    let numbered = |halves, number: (u8, u8), (msb, lsb)| {
        let [first, second] = two(halves, 6, 38);
        [cc(number.0, msb), cc(number.1, lsb), first, second]
    };
    let one = |message| [Some(message), None, None, None];
    match place {
        ContinuousTarget::Target(Target::Cc(controller), _) => one(Message::control(channel, controller, seven(value))),
        ContinuousTarget::Target(Target::Cc14 { msb, lsb }, halves) => {
            let [first, second] = two(halves, msb, lsb);
            [first, second, None, None]
        }
        ContinuousTarget::Target(Target::Cc10 { msb, lsb }, _) => {
            [cc(lsb, (value & 0b111) as u8), cc(msb, seven(value >> 3)), None, None]
        }
        ContinuousTarget::Target(Target::Nrpn { msb, lsb }, halves) => numbered(halves, (99, 98), (msb, lsb)),
        ContinuousTarget::Target(Target::Rpn { msb, lsb }, halves) => numbered(halves, (101, 100), (msb, lsb)),
        ContinuousTarget::Target(Target::PitchBend, _) => one(Message::pitch_bend(channel, value)),
        ContinuousTarget::Target(Target::Program, _) => one(Message::program(channel, seven(value))),
        ContinuousTarget::Pressure => one(Message::pressure(channel, seven(value))),
        ContinuousTarget::KeyPressure(key) => one(Message::key_pressure(channel, key, seven(value))),
    }
}
