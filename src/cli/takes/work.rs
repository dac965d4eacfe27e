//! Work that takes a while: a bar on a terminal, and signals that end it in order.

use super::super::{Failure, signals};
use crate::takes::{Measurement, NotUsable, Take, cache::Cache, measure};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::{ops::ControlFlow, sync::mpsc::Receiver};

/// Steps of a bar.
const STEPS: u64 = 1_000;
/// A bar with what it is about before it.
const BAR: &str = "{msg}  {bar:32}  {percent:>3} %  {eta}";

/// What is under way, and whether it shall go on.
pub(super) struct Work {
    leave: Receiver<()>,
    bar: ProgressBar,
}

impl Work {
    /// Begins; from now on signals end the work and not the program.
    ///
    /// # Errors
    /// Where the system refuses that.
    pub(super) fn begin() -> Result<Work, Failure> {
        // It draws nothing where the standard error is no terminal.
        let bar = ProgressBar::with_draw_target(Some(STEPS), ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template(BAR).unwrap_or_else(|_| ProgressStyle::default_bar());
        bar.set_style(style);
        Ok(Work { leave: signals::asked_to_leave()?, bar })
    }

    /// The next piece, with its name.
    pub(super) fn piece(&mut self, name: String) {
        self.bar.reset();
        self.bar.set_message(name);
    }

    /// So far is this piece done, 0 to 1; breaks once a signal came.
    pub(super) fn progress(&mut self, done: f64) -> ControlFlow<()> {
        self.bar.set_position((done * STEPS as f64) as u64);
        if self.leave.try_recv().is_ok() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    /// Takes the bar away, for words in its place.
    pub(super) fn clear(&self) {
        self.bar.finish_and_clear();
    }

    /// What was measured of a take before, or is now, and kept.
    ///
    /// # Errors
    /// See [`NotUsable`].
    pub(super) fn measured(&mut self, take: &Take, name: &str, cache: &Cache) -> Result<Measurement, NotUsable> {
        if let Some(measured) = cache.get(&take.path) {
            return Ok(measured);
        }
        self.piece(format!("measuring {name}"));
        let measured = measure(take, &mut |done| self.progress(done));
        self.clear();
        let measured = measured?;
        if let Err(error) = cache.put(&take.path, &measured) {
            tracing::warn!("the measurements of {name} are not saved: {error}");
        }
        Ok(measured)
    }
}
