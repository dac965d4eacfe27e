//! Audition: playback of a take, and its position. The control thread's; the reader reads the disk. It is the stream of
//! the callback that runs freely; each play is an epoch of it.

use super::out::Out;
use crate::{
    command::arg::{Seconds, Text},
    engine::{
        audio::streams::{AUDITION, StreamCounters, block::Epoch},
        disk::{
            ErrandId,
            reader::{DiskReaderJob, DiskReaderNews},
            worker::WorkerHandle,
        },
        station::Answer,
    },
    status::{AuditionStatus, Event, Severity},
    takes::{in_folder, shown, unquoted},
};
use std::{
    collections::HashSet,
    path::{Path, PathBuf},
    sync::{Arc, atomic::Ordering},
};

/// The refusal where no take plays.
const NOT_PLAYING: &str = "no take is playing; take.play plays one";

/// The take that is played.
struct Current {
    epoch: Epoch,
    path: PathBuf,
    from_seconds: f64,
    /// Its length, once the file is open.
    length_seconds: Option<f64>,
    is_stopping: bool,
    /// The request that is answered once the file is open, or cannot be opened.
    errand: Option<ErrandId>,
}

/// Audition: the control thread's half.
pub(super) struct Audition {
    reader: WorkerHandle<DiskReaderJob, DiskReaderNews>,
    /// The callback's counts.
    counters: Arc<StreamCounters>,
    last: Epoch,
    current: Option<Current>,
}

impl Audition {
    pub(super) fn new(reader: WorkerHandle<DiskReaderJob, DiskReaderNews>, counters: Arc<StreamCounters>) -> Audition {
        Audition { reader, counters, last: Epoch::default(), current: None }
    }

    /// Times the disk was too slow.
    pub(super) fn underruns(&self) -> u64 {
        self.counters.underruns.load(Ordering::Relaxed)
    }

    /// The take that is played, once its file is open.
    pub(super) fn status(&self, sample_rate_hz: u32) -> Option<AuditionStatus> {
        let current = self.current.as_ref().filter(|current| !current.is_stopping)?;
        let length_seconds = current.length_seconds?;
        let position = self.counters.position();
        let frames = if position.epoch == current.epoch { position.frames } else { 0 };
        let seconds = current.from_seconds + frames as f64 / f64::from(sample_rate_hz.max(1));
        Some(AuditionStatus { path: current.path.clone(), seconds: seconds.min(length_seconds), length_seconds })
    }

    fn of(&mut self, epoch: Epoch) -> Option<&mut Current> {
        self.current.as_mut().filter(|current| current.epoch == epoch)
    }
}

impl Audition {
    pub(super) fn play(&mut self, Text(name): &Text, folder: &Path, rate_hz: u32, out: &mut Out) -> Answer {
        let path = in_folder(folder, unquoted(name))?;
        let errand = out.owed.promise_errand();
        self.play_from(path, 0.0, Some(errand), rate_hz, out);
        Ok(String::new())
    }

    pub(super) fn seek(&mut self, Seconds(seconds): Seconds, rate_hz: u32, out: &mut Out) -> Answer {
        let Some(current) = self.current.as_ref().filter(|current| !current.is_stopping) else {
            return Err(NOT_PLAYING.to_owned());
        };
        if let Some(length) = current.length_seconds
            && seconds > length
        {
            return Err(format!("take.seek: {} is {length:.1} s long", current.path.display()));
        }
        let path = current.path.clone();
        let errand = out.owed.promise_errand();
        self.play_from(path, seconds, Some(errand), rate_hz, out);
        Ok(String::new())
    }

    pub(super) fn stop(&mut self, out: &mut Out) -> Answer {
        if self.current.as_ref().is_none_or(|current| current.is_stopping) {
            return Err(NOT_PLAYING.to_owned());
        }
        self.end(out);
        Ok(String::new())
    }

    pub(super) fn play_from(
        &mut self,
        path: PathBuf,
        from_seconds: f64,
        errand: Option<ErrandId>,
        rate_hz: u32,
        out: &mut Out,
    ) {
        self.answer(Err("another take.play or take.seek came before it started".to_owned()), out);
        let epoch = self.last.next();
        self.last = epoch;
        // A reader that is gone sends no report.
        let _ =
            self.reader.jobs.send(DiskReaderJob::Play { epoch, path: path.clone(), from_seconds, at_rate_hz: rate_hz });
        out.renderer.streams.play(AUDITION, epoch);
        // For the same take the length is known already.
        let same = self.current.take().filter(|before| before.path == path);
        let length_seconds = same.and_then(|before| before.length_seconds);
        self.current = Some(Current { epoch, path, from_seconds, length_seconds, is_stopping: false, errand });
    }

    /// Answers the request that began the play, once.
    fn answer(&mut self, answer: Answer, out: &mut Out) {
        if let Some(errand) = self.current.as_mut().and_then(|current| current.errand.take()) {
            out.answer_errand(errand, &answer);
        }
    }

    /// Stops the play, if there is one.
    pub(super) fn end(&mut self, out: &mut Out) {
        self.answer(Err("it was stopped before it started".to_owned()), out);
        if let Some(current) = &mut self.current {
            current.is_stopping = true;
            let _ = self.reader.jobs.send(DiskReaderJob::Stop { stream: AUDITION });
            out.renderer.streams.stop(AUDITION);
        }
    }

    /// Whether the callback has played a take to its end, or to its stop.
    pub(super) fn listen_to_player(&mut self, out: &Out) {
        let Some(epoch) = self.counters.take_ended() else { return };
        // A play that is stopped may never have begun: then it is the one before that ended.
        let is_over = self.current.as_ref().is_some_and(|it| it.epoch == epoch || it.is_stopping);
        if let Some(current) = self.current.take_if(|_| is_over) {
            out.tell(Event::AuditionEnded { path: current.path });
        }
    }

    /// Takes the reader's reports. A file of a track that cannot be read is reported once: `silent` are those that were.
    pub(super) fn listen_to_reader(&mut self, silent: &mut HashSet<Arc<Path>>, out: &mut Out) {
        while let Ok(news) = self.reader.news.try_recv() {
            match news {
                DiskReaderNews::Started { epoch, path, frames, sample_rate_hz, from_seconds } => {
                    let Some(current) = self.of(epoch) else { continue };
                    let is_new = current.length_seconds.is_none();
                    let length_seconds = frames as f64 / f64::from(sample_rate_hz.max(1));
                    (current.path, current.from_seconds) = (path.clone(), from_seconds);
                    current.length_seconds = Some(length_seconds);
                    let from = if from_seconds > 0.0 { format!(" from {from_seconds:.1} s") } else { String::new() };
                    self.answer(Ok(format!("playing {}{from}, length {length_seconds:.1} s", shown(&path))), out);
                    if is_new {
                        out.tell(Event::AuditionStarted { path, length_seconds });
                    }
                }
                DiskReaderNews::Failed { epoch, sentence } => {
                    if self.of(epoch).is_some() {
                        self.answer(Err(sentence.clone()), out);
                        self.end(out);
                        out.notice(Severity::Error, sentence);
                    }
                }
                DiskReaderNews::CutShort { epoch, sentence } => {
                    if self.of(epoch).is_some() {
                        out.notice(Severity::Warning, sentence);
                    }
                }
                DiskReaderNews::Silent { file, sentence, .. } => {
                    if silent.insert(file) {
                        out.notice(Severity::Warning, sentence);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
