//! Answers that come later: when a take has its name, or can be read; when the disk has done what was asked. The control
//! thread waits for neither.

use crate::engine::{
    disk::{ErrandId, writer::TakeId},
    station::{Answer, Reply},
};

/// How long an answer may wait for the disk, in ns. Then it says how things stand.
const PATIENCE_NS: u64 = 5_000_000_000;

/// What an answer waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Awaited {
    /// A take's first file is there.
    Beginning(TakeId),
    /// All files of a take are closed and can be read.
    End(TakeId),
    /// This was done, or could not be.
    Errand(ErrandId),
}

/// The answer to a command, as it will come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Promise(pub(super) Awaited);

/// Who waits for an answer.
struct Debt {
    promise: Promise,
    due_ns: u64,
    reply: Reply,
    /// The answer where all goes well and nothing more is to be said.
    meanwhile: String,
}

/// The answers that come later.
#[derive(Default)]
pub(super) struct PendingAnswers {
    debts: Vec<Debt>,
    /// What became known since the last time; nothing where it went well.
    known: Vec<(Awaited, Option<Answer>)>,
    last: ErrandId,
    /// What the command that is being obeyed promises.
    promised: Option<Promise>,
}

impl PendingAnswers {
    /// The command that is being obeyed is answered when this is done.
    pub(super) fn promise_errand(&mut self) -> ErrandId {
        self.last = self.last.next();
        self.promise(Awaited::Errand(self.last));
        self.last
    }

    /// The command that is being obeyed is answered when this is known.
    pub(super) fn promise(&mut self, awaited: Awaited) {
        self.promised = Some(Promise(awaited));
    }

    /// What the command that was just obeyed promises; said once.
    pub(super) fn promised(&mut self) -> Option<Promise> {
        self.promised.take()
    }

    /// This goes to `reply` when it is known, or `meanwhile` where all went well.
    pub(super) fn owe(&mut self, promise: Promise, meanwhile: String, reply: Reply, now_ns: u64) {
        let due_ns = now_ns.saturating_add(PATIENCE_NS);
        self.debts.push(Debt { promise, due_ns, reply, meanwhile });
    }

    /// What is awaited is known.
    pub(super) fn answer(&mut self, awaited: Awaited, answer: Answer) {
        self.known.push((awaited, Some(answer)));
    }

    /// What was asked is done, and there is no more to be said of it than was promised.
    pub(super) fn done(&mut self, errand: ErrandId) {
        self.known.push((Awaited::Errand(errand), None));
    }

    /// The answers that are known by now, or that the disk is too slow for: of those `late` says how things stand.
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
