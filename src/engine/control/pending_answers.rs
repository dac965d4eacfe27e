//! Answers that come later: when a take has its name, or can be read; when the disk has finished a request. The control
//! thread waits for neither.

use crate::engine::{
    disk::{ErrandId, writer::TakeId},
    station::{Answer, Reply},
};

/// How long an answer may wait for the disk, in ns. Then it reports the state so far.
const PATIENCE_NS: u64 = 5_000_000_000;

/// The event an answer waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Awaited {
    /// A take's first file is there.
    Beginning(TakeId),
    /// All files of a take are closed and can be read.
    End(TakeId),
    /// This request was done, or could not be.
    Errand(ErrandId),
}

/// The answer to a command, to come later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Promise(pub(super) Awaited);

/// An answer that is owed.
struct Debt {
    promise: Promise,
    due_ns: u64,
    reply: Reply,
    /// The answer where all goes well and no more is to be reported.
    meanwhile: String,
}

/// The answers that come later.
#[derive(Default)]
pub(super) struct PendingAnswers {
    debts: Vec<Debt>,
    /// Outcomes since the last time; `None` where all went well.
    known: Vec<(Awaited, Option<Answer>)>,
    last: ErrandId,
    /// The promise of the command that is being obeyed.
    promised: Option<Promise>,
}

impl PendingAnswers {
    /// The command that is being obeyed is answered when this request is done.
    pub(super) fn promise_errand(&mut self) -> ErrandId {
        self.last = self.last.next();
        self.promise(Awaited::Errand(self.last));
        self.last
    }

    /// The command that is being obeyed is answered when this is known.
    pub(super) fn promise(&mut self, awaited: Awaited) {
        self.promised = Some(Promise(awaited));
    }

    /// The promise of the command that was just obeyed; returned once.
    pub(super) fn promised(&mut self) -> Option<Promise> {
        self.promised.take()
    }

    /// `reply` gets the outcome when it is known, or `meanwhile` where all went well.
    pub(super) fn owe(&mut self, promise: Promise, meanwhile: String, reply: Reply, now_ns: u64) {
        let due_ns = now_ns.saturating_add(PATIENCE_NS);
        self.debts.push(Debt { promise, due_ns, reply, meanwhile });
    }

    /// The outcome is known.
    pub(super) fn answer(&mut self, awaited: Awaited, answer: Answer) {
        self.known.push((awaited, Some(answer)));
    }

    /// The request is done, and the promised answer is enough.
    pub(super) fn done(&mut self, errand: ErrandId) {
        self.known.push((Awaited::Errand(errand), None));
    }

    /// The answers known by now, and those that the disk is too slow for: `late` gives the text of these.
    pub(super) fn due(&mut self, now_ns: u64, late: impl Fn(Awaited) -> String) -> Vec<(Reply, Answer)> {
        let mut due = Vec::new();
        let known = std::mem::take(&mut self.known);
        for debt in std::mem::take(&mut self.debts) {
            match known.iter().find(|(awaited, _)| Promise(*awaited) == debt.promise) {
                Some((_, answer)) => due.push((debt.reply, answer.clone().unwrap_or(Ok(debt.meanwhile)))),
                None if now_ns >= debt.due_ns => due.push((debt.reply, Ok(late(debt.promise.0)))),
                None => self.debts.push(debt),
            }
        }
        due
    }
}
