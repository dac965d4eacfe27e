//! The outputs that every owner uses: events and notices, messages, orders to the callback, files for the keeper, and
//! answers that come later. And the state that several owners change: the plan and the session's model.

use super::{
    Moment,
    keep::KeeperHandle,
    live_plan::LivePlan,
    pending_answers::{Awaited, PendingAnswers},
};
use crate::{
    engine::{
        audio::renderer::RendererHandle,
        disk::ErrandId,
        midi::{
            scheduler::{SendRequest, What},
            scheduler_thread::SchedulerSender,
            sent::PortIndex,
        },
        station::{Answer, Desk, Guest},
    },
    motion::MotionTime,
    music::Song,
    session::{
        edit::Edit,
        history::{History, Subject},
        model::Model,
    },
    status::{Event, Severity},
    stored::{Content, Merge, StoredFile},
};
use std::sync::Arc;

/// An empty answer.
pub(super) fn done() -> Answer {
    Ok(String::new())
}

/// The outputs of the control thread.
pub(super) struct Out {
    pub(super) desk: Desk,
    pub(super) scheduler: SchedulerSender,
    pub(super) renderer: RendererHandle,
    pub(super) keeper: KeeperHandle,
    /// The plan as all threads have it; the transport alone changes it.
    pub(super) plan: LivePlan,
    /// The values of the parameters, and the snapshots: the only copy. The instruments and the session desk change it,
    /// by edits.
    pub(super) model: Model,
    /// The steps that can be undone.
    pub(super) history: History,
    /// Answers that come later.
    pub(super) owed: PendingAnswers,
    /// The client whose command is being obeyed, or was last.
    pub(super) asking: Guest,
    /// The instant the engine started, in ns on its clock.
    pub(super) start_ns: u64,
}

impl Out {
    pub(super) fn tell(&self, event: Event) {
        self.desk.tell(&event);
    }

    pub(super) fn notice(&self, severity: Severity, text: impl Into<String>) {
        self.desk.notice(severity, text);
    }

    pub(super) fn send(&mut self, port: PortIndex, due_ns: u64, what: What) {
        self.scheduler.send(SendRequest { port, due_ns, what });
    }

    /// Does an edit that can be undone.
    pub(super) fn edit(&mut self, subject: impl Into<Subject>, label: String, redo: Edit) {
        let undo = self.model.apply(redo.clone());
        self.history.done(subject, label, undo, redo);
    }

    /// Has a value written, where it has a file: the command that changed it is answered then.
    pub(super) fn keep<T: Merge + Content + 'static>(&mut self, value: Arc<T>, home: &StoredFile) {
        if home.file.is_some() {
            self.keeper.keep(value, home, self.owed.promise_errand());
        }
    }

    pub(super) fn answer_errand(&mut self, errand: ErrandId, answer: &Answer) {
        self.owed.answer(Awaited::Errand(errand), answer.clone());
    }

    /// An instant since the engine started, in ns.
    pub(super) fn since_start_ns(&self, ns: u64) -> u64 {
        ns.saturating_sub(self.start_ns)
    }

    /// The instant in the time of modulation: a message sent now sounds with the music that plays now.
    pub(super) fn motion_now(&self, now: Moment) -> MotionTime {
        let stretch = self.plan.at(now.heard_frame);
        let frame = now.heard_frame as f64;
        let pulse = match stretch.song {
            Song::Rolling { .. } => stretch.song_pulse_at(frame),
            Song::Stopped { .. } => stretch.timeline.pulse_at(frame),
        };
        MotionTime { ns: now.ns, pulse }
    }

    /// The song pulse that plays, while the song rolls.
    pub(super) fn rolling_pulse(&self, now: Moment) -> Option<f64> {
        self.plan.is_rolling().then(|| self.motion_now(now).pulse).filter(|pulse| *pulse >= 0.0)
    }
}
