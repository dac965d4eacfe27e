//! Audition: which take is listened to, and how far it is. The control thread's; the disk is the reader's.

use super::Control;
use crate::{
    command::arg::{Seconds, Text},
    engine::{
        audio::{
            player::{PlayCounters, PlayId},
            renderer::Order,
        },
        disk::{
            ErrandId,
            reader::{Job, News},
        },
        station::Answer,
    },
    status::{AuditionStatus, Event, Severity},
    takes::{in_folder, shown, unquoted},
};
use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::Ordering,
        mpsc::{Receiver, Sender},
    },
};

/// Nothing is there to be stopped or to be gone about in.
const NOT_PLAYING: &str = "no take is being played; take.play plays one";

/// What an audition is made of.
pub struct AuditionParts {
    /// The disk reader.
    pub plays: Sender<Job>,
    /// What it tells.
    pub news: Receiver<News>,
    /// What the callback counts.
    pub counters: Arc<PlayCounters>,
}

/// What is listened to.
struct Current {
    play: PlayId,
    path: PathBuf,
    from_seconds: f64,
    /// Once the file is open.
    length_seconds: Option<f64>,
    is_stopping: bool,
    /// Who asked for it is answered once the file is open, or cannot be.
    errand: Option<ErrandId>,
}

/// Audition, seen from the control thread.
pub(super) struct Audition {
    parts: AuditionParts,
    last: PlayId,
    current: Option<Current>,
}

impl Audition {
    pub(super) fn new(parts: AuditionParts) -> Audition {
        Audition { parts, last: PlayId::default(), current: None }
    }

    /// Times the disk was too slow.
    pub(super) fn underruns(&self) -> u64 {
        self.parts.counters.underruns.load(Ordering::Relaxed)
    }

    /// The take that is listened to, once its file is open.
    pub(super) fn status(&self, sample_rate_hz: u32) -> Option<AuditionStatus> {
        let current = self.current.as_ref().filter(|current| !current.is_stopping)?;
        let length_seconds = current.length_seconds?;
        let position = self.parts.counters.position();
        let frames = if position.play == current.play { position.frames } else { 0 };
        let seconds = current.from_seconds + frames as f64 / f64::from(sample_rate_hz.max(1));
        Some(AuditionStatus { path: current.path.clone(), seconds: seconds.min(length_seconds), length_seconds })
    }

    fn of(&mut self, play: PlayId) -> Option<&mut Current> {
        self.current.as_mut().filter(|current| current.play == play)
    }
}

impl Control {
    pub(super) fn play_take(&mut self, Text(name): &Text) -> Answer {
        let path = in_folder(self.takes.folder(), unquoted(name))?;
        let errand = self.owed.promise_errand();
        self.play_from(path, 0.0, Some(errand));
        Ok(String::new())
    }

    pub(super) fn seek_take(&mut self, Seconds(seconds): Seconds) -> Answer {
        let Some(current) = self.audition.current.as_ref().filter(|current| !current.is_stopping) else {
            return Err(NOT_PLAYING.to_owned());
        };
        if let Some(length) = current.length_seconds
            && seconds > length
        {
            return Err(format!("take.seek: {} is {length:.1} s long", current.path.display()));
        }
        let path = current.path.clone();
        let errand = self.owed.promise_errand();
        self.play_from(path, seconds, Some(errand));
        Ok(String::new())
    }

    pub(super) fn stop_take(&mut self) -> Answer {
        if self.audition.current.as_ref().is_none_or(|current| current.is_stopping) {
            return Err(NOT_PLAYING.to_owned());
        }
        self.end_audition();
        Ok(String::new())
    }

    pub(super) fn play_from(&mut self, path: PathBuf, from_seconds: f64, errand: Option<ErrandId>) {
        self.answer_player(Err("another take, or another place in it, was asked for before it began".to_owned()));
        let play = self.audition.last.next();
        self.audition.last = play;
        // A reader that is gone answers by its silence.
        let _ = self.audition.parts.plays.send(Job::Play {
            play,
            path: path.clone(),
            from_seconds,
            at_rate_hz: self.device.sample_rate_hz,
        });
        self.renderer.order(Order::Play(play));
        // In the same take the length is known already.
        let same = self.audition.current.take().filter(|before| before.path == path);
        let length_seconds = same.and_then(|before| before.length_seconds);
        self.audition.current = Some(Current { play, path, from_seconds, length_seconds, is_stopping: false, errand });
    }

    /// Who asked for what is listened to hears what became of it, once.
    fn answer_player(&mut self, answer: Answer) {
        if let Some(errand) = self.audition.current.as_mut().and_then(|current| current.errand.take()) {
            self.answer_errand(errand, &answer);
        }
    }

    /// Ends what is listened to, if anything is.
    pub(super) fn end_audition(&mut self) {
        self.answer_player(Err("it was stopped before it began".to_owned()));
        if let Some(current) = &mut self.audition.current {
            current.is_stopping = true;
            let _ = self.audition.parts.plays.send(Job::Stop);
            self.renderer.order(Order::StopPlay);
        }
    }

    /// Whether the callback has played a take to its end, or to where it was stopped.
    pub(super) fn listen_to_player(&mut self) {
        let Some(play) = self.audition.parts.counters.take_ended() else { return };
        // What is stopped may never have been begun: then it is the one before that ended.
        let is_over = self.audition.current.as_ref().is_some_and(|it| it.play == play || it.is_stopping);
        if let Some(current) = self.audition.current.take_if(|_| is_over) {
            self.tell(Event::AuditionEnded { path: current.path });
        }
    }

    /// Takes in what the reader tells.
    pub(super) fn listen_to_reader(&mut self) {
        while let Ok(news) = self.audition.parts.news.try_recv() {
            match news {
                News::Started { play, path, frames, sample_rate_hz, from_seconds } => {
                    let Some(current) = self.audition.of(play) else { continue };
                    let is_new = current.length_seconds.is_none();
                    let length_seconds = frames as f64 / f64::from(sample_rate_hz.max(1));
                    (current.path, current.from_seconds) = (path.clone(), from_seconds);
                    current.length_seconds = Some(length_seconds);
                    let from = if from_seconds > 0.0 { format!(" from {from_seconds:.1} s on") } else { String::new() };
                    self.answer_player(Ok(format!("playing {}{from}, of {length_seconds:.1} s", shown(&path))));
                    if is_new {
                        self.tell(Event::AuditionStarted { path, length_seconds });
                    }
                }
                News::Failed { play, sentence } => {
                    if self.audition.of(play).is_some() {
                        self.answer_player(Err(sentence.clone()));
                        self.end_audition();
                        self.desk.notice(Severity::Error, sentence);
                    }
                }
                News::CutShort { play, sentence } => {
                    if self.audition.of(play).is_some() {
                        self.desk.notice(Severity::Warning, sentence);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
