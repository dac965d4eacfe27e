//! Answers that come later: when a take has its name, or when it can be read. The control thread waits for neither.

use super::{Made, Takes};
use crate::engine::{
    disk::writer::TakeId,
    station::{Answer, Reply},
};

/// How long an answer may wait for the disk, in ns. Then it says how things stand.
const PATIENCE_NS: u64 = 5_000_000_000;

/// What an answer waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Awaited {
    /// The take's first file is there.
    Beginning,
    /// All its files are closed and can be read.
    End,
}

/// The answer to a command, as it will come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Promise {
    pub(super) take: TakeId,
    pub(super) awaited: Awaited,
}

/// Who waits for an answer.
pub(super) struct Owed {
    promise: Promise,
    due_ns: u64,
    reply: Reply,
    /// Once it is known.
    answer: Option<Answer>,
}

impl Takes {
    /// What the command that was just obeyed promises; said once.
    pub(in super::super) fn promised(&mut self) -> Option<Promise> {
        self.promised.take()
    }

    /// This goes to `reply` when it is known.
    pub(in super::super) fn owe(&mut self, promise: Promise, reply: Reply, now_ns: u64) {
        self.owed.push(Owed { promise, due_ns: now_ns.saturating_add(PATIENCE_NS), reply, answer: None });
    }

    /// The answers that are known by now, or that the disk is too slow for.
    pub(in super::super) fn due_answers(&mut self, now_ns: u64) -> Vec<(Reply, Answer)> {
        let mut due = Vec::new();
        for mut owed in std::mem::take(&mut self.owed) {
            match owed.answer.take() {
                Some(answer) => due.push((owed.reply, answer)),
                None if now_ns >= owed.due_ns => due.push((owed.reply, Ok(self.late(owed.promise)))),
                None => self.owed.push(owed),
            }
        }
        due
    }

    pub(super) fn answer(&mut self, take: TakeId, awaited: Awaited, answer: &Answer) {
        for owed in &mut self.owed {
            if owed.promise == (Promise { take, awaited }) && owed.answer.is_none() {
                owed.answer = Some(answer.clone());
            }
        }
    }

    /// Nothing more comes of a take.
    pub(super) fn answer_end(&mut self, made: &Made) {
        let answer = made.answer(f64::from(self.sample_rate_hz));
        // Whoever waits for its beginning waits in vain where it had none.
        let fault = made.faults.first().cloned().unwrap_or_else(|| "no take began".to_owned());
        self.answer(made.id, Awaited::Beginning, &Err(fault));
        self.answer(made.id, Awaited::End, &answer);
    }

    /// How things stand where the disk does not answer.
    fn late(&self, promise: Promise) -> String {
        let made = self.made(promise.take).and_then(|made| made.path.as_ref());
        let path = made.map_or_else(|| "its file".to_owned(), |path| path.display().to_string());
        let held = self.behind().map_or_else(String::new, |behind| {
            format!(
                ", {:.1} s are still to be written and the buffer holds for {:.0} s",
                behind.seconds, behind.holds_seconds
            )
        });
        match promise.awaited {
            Awaited::Beginning => format!("the take has begun, but the disk is slow: {path} is not made yet{held}"),
            Awaited::End => format!("the take has ended, but the disk is slow: {path} cannot be read yet{held}"),
        }
    }
}

impl Made {
    /// Where it is, once it can be read.
    fn answer(&self, sample_rate_hz: f64) -> Answer {
        let faults = self.faults.join("; ");
        let Some(path) = &self.path else {
            return if faults.is_empty() { Ok("no take began".to_owned()) } else { Err(faults) };
        };
        if self.files == 0 {
            return Err(if faults.is_empty() { format!("{} is not there", path.display()) } else { faults });
        }
        let seconds = self.frames as f64 / self.lanes.max(1) as f64 / sample_rate_hz;
        let more = match self.files - 1 {
            0 => String::new(),
            1 => " and one more file".to_owned(),
            more => format!(" and {more} more files"),
        };
        let faults = if faults.is_empty() { faults } else { format!("; {faults}") };
        Ok(format!("recorded {seconds:.1} s to {}{more}{faults}", path.display()))
    }
}
