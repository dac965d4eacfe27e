//! Long work: a progress bar on a terminal, and signals that end it in order.

use super::super::{Failure, signals};
use crate::takes::{Measurement, NotUsable, Take, cache::Cache, measure};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::{ops::ControlFlow, sync::mpsc::Receiver};

/// Steps of a bar.
const STEPS: u64 = 1_000;
/// A bar with its message.
const BAR: &str = "{msg}  {bar:32}  {percent:>3} %  {eta}";

/// The work under way, with its progress and its stop signal.
pub(super) struct Work {
    leave: Receiver<()>,
    bar: ProgressBar,
}

impl Work {
    /// Begins; from now on signals end the work and not the program.
    ///
    /// # Errors
    /// The system refuses that.
    pub(super) fn begin() -> Result<Work, Failure> {
        // It draws nothing if the standard error is no terminal.
        let bar = ProgressBar::with_draw_target(Some(STEPS), ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template(BAR).unwrap_or_else(|_| ProgressStyle::default_bar());
        bar.set_style(style);
        Ok(Work { leave: signals::asked_to_leave()?, bar })
    }

    /// Starts the next piece, with its name.
    pub(super) fn piece(&mut self, name: String) {
        self.bar.reset();
        self.bar.set_message(name);
    }

    /// Sets the progress of this piece, 0 to 1; breaks after a signal.
    pub(super) fn progress(&mut self, done: f64) -> ControlFlow<()> {
        self.bar.set_position((done * STEPS as f64) as u64);
        if self.leave.try_recv().is_ok() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    /// Removes the bar, to print text in its place.
    pub(super) fn clear(&self) {
        self.bar.finish_and_clear();
    }

    /// The measurement of a take from the cache, or a new one, which is cached.
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
