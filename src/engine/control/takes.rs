//! The takes as the control thread knows them: names, files, and what became of them.

use super::Calendar;
use crate::{
    engine::{
        audio::{renderer::Report, tap::TakeId},
        disk::writer::{BITS, Done, Job},
        station::Desk,
    },
    status::{Event, RecordStatus, Severity, TakeStatus},
    takes::safe_name,
};
use jiff::{Timestamp, Zoned, civil::DateTime, tz::TimeZone};
use std::{
    path::{Path, PathBuf},
    sync::mpsc::{Receiver, Sender},
};

/// With less room than this for the take under way, a warning is due.
const LOW_SECONDS: u64 = 10 * 60;

/// 2000-01-01 00:00:00 UTC, where virtual time begins.
const VIRTUAL_EPOCH_SECONDS: i64 = 946_684_800;

#[derive(Debug)]
struct Take {
    id: TakeId,
    path: PathBuf,
    first_frame: Option<i64>,
    /// The writer has made the file; until then `path` is what was asked for.
    file_made: bool,
    stopping: bool,
}

impl Take {
    /// Told once it is certain: the callback caught the first frame and the file is there.
    fn tell_started(&self, desk: &Desk) {
        if let (Some(frame), true) = (self.first_frame, self.file_made) {
            desk.tell(&Event::TakeStarted { path: self.path.clone(), frame });
        }
    }
}

/// Recording, seen from the control thread.
#[derive(Debug)]
pub struct Takes {
    jobs: Sender<Job>,
    done: Receiver<Done>,
    folder: PathBuf,
    calendar: Calendar,
    sample_rate_hz: u32,
    channels: usize,
    count: u32,
    take: Option<Take>,
    free_bytes: Option<u64>,
    warned: bool,
}

impl Takes {
    pub(super) fn new(
        jobs: Sender<Job>,
        done: Receiver<Done>,
        folder: PathBuf,
        calendar: Calendar,
        channels: usize,
        sample_rate_hz: u32,
    ) -> Takes {
        let (count, take, free_bytes, warned) = (0, None, None, false);
        Takes { jobs, done, folder, calendar, sample_rate_hz, channels, count, take, free_bytes, warned }
    }

    /// Whether a take is under way.
    pub(super) fn recording(&self) -> bool {
        self.take.as_ref().is_some_and(|take| !take.stopping)
    }

    /// The take that is under way or not closed yet.
    pub(super) fn open(&self) -> Option<TakeId> {
        self.take.as_ref().map(|take| take.id)
    }

    /// The file of the take under way.
    pub(super) fn path(&self) -> Option<&Path> {
        self.take.as_ref().map(|take| take.path.as_path())
    }

    /// Where takes go.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// From now on takes go there.
    pub(super) fn go_to(&mut self, folder: PathBuf) {
        self.folder = folder;
        self.free_bytes = None;
    }

    /// A new take: its file is being made while its first frames are already caught.
    pub(super) fn begin(&mut self, name: Option<&str>, now_ns: u64) -> TakeId {
        self.count += 1;
        let id = TakeId(self.count);
        let name = name.map(safe_name).filter(|name| !name.is_empty());
        let path = self.folder.join(format!("{}.wav", name.unwrap_or_else(|| self.dated_name(now_ns))));
        // A writer that is gone answers by its silence; the thread's end is noticed where it is joined.
        let _ = self.jobs.send(Job::Begin { take: id, path: path.clone() });
        self.take = Some(Take { id, path, first_frame: None, file_made: false, stopping: false });
        self.warned = false;
        id
    }

    pub(super) fn stopping(&mut self) {
        if let Some(take) = &mut self.take {
            take.stopping = true;
        }
    }

    fn dated_name(&self, now_ns: u64) -> String {
        let now = match self.calendar {
            Calendar::Local => Zoned::now().datetime(),
            Calendar::Virtual => Timestamp::from_second(VIRTUAL_EPOCH_SECONDS + (now_ns / 1_000_000_000) as i64)
                .map(|t| t.to_zoned(TimeZone::UTC).datetime())
                .unwrap_or(DateTime::MIN),
        };
        now.strftime("recording_%Y%m%d_%H%M%S").to_string()
    }

    pub(super) fn report(&mut self, report: Report, desk: &Desk) {
        let Some(take) = &mut self.take else { return };
        match report {
            Report::TakeStarted(id, frame) if id == take.id => {
                take.first_frame = Some(frame);
                tracing::info!(take = id.0, frame, "take started");
                take.tell_started(desk);
            }
            Report::TakeStopped(id, frame) if id == take.id => {
                tracing::info!(take = id.0, frame, "take stopped");
                take.stopping = true;
            }
            _ => {}
        }
    }

    /// Takes in what the writer tells; true where the take under way failed.
    pub(super) fn listen(&mut self, desk: &Desk) -> bool {
        let mut failed = false;
        while let Ok(done) = self.done.try_recv() {
            let current = |id: TakeId| self.take.as_ref().is_some_and(|take| take.id == id);
            match done {
                Done::Began { take: id, path } => {
                    if let Some(take) = self.take.as_mut().filter(|take| take.id == id) {
                        take.path = path;
                        take.file_made = true;
                        take.tell_started(desk);
                    }
                }
                Done::Finished { take, path, frames, gap_frames, goes_on } => {
                    tracing::info!(take = take.0, frames, gap_frames, path = %path.display(), "take finished");
                    if current(take) && !goes_on {
                        self.take = None;
                    }
                    desk.tell(&Event::TakeFinished { path, frames, gap_frames });
                }
                Done::Failed { take, path, frames, reason } => {
                    failed |= current(take);
                    if current(take) {
                        self.take = None;
                    }
                    let seconds = frames as f64 / f64::from(self.sample_rate_hz);
                    let text = match frames {
                        0 => format!(
                            "cannot record to {}: {reason}; everything else works: free the disk or choose another folder",
                            path.display()
                        ),
                        _ => format!(
                            "recording to {} ended: {reason}; its first {seconds:.1} s are safe, everything else works",
                            path.display()
                        ),
                    };
                    desk.notice(Severity::Error, text);
                }
            }
        }
        failed
    }

    /// Asks the file system for its free room, and warns once a take when it becomes little.
    pub(super) fn look_at_disk(&mut self, desk: &Desk) {
        // The folder may not exist before the first take: then it is its nearest ancestor's disk.
        self.free_bytes = self.folder.ancestors().find_map(|folder| rustix::fs::statvfs(folder).ok()).map(|fs| {
            // Bytes for those without privileges.
            fs.f_bavail.saturating_mul(fs.f_frsize)
        });
        if let Some(free) = self.free_bytes
            && self.recording()
            && !self.warned
            && free / self.bytes_per_second() < LOW_SECONDS
        {
            self.warned = true;
            let minutes = free / self.bytes_per_second() / 60;
            desk.notice(Severity::Warning, format!("the disk has room for {minutes} more minutes of recording"));
        }
    }

    fn bytes_per_second(&self) -> u64 {
        (self.channels as u64 * u64::from(BITS / 8) * u64::from(self.sample_rate_hz)).max(1)
    }

    pub(super) fn status(&self, frame: i64) -> RecordStatus {
        let take = self.take.as_ref().filter(|take| !take.stopping).map(|take| {
            let frames = take.first_frame.map_or(0, |first| frame - first).max(0);
            TakeStatus { path: take.path.clone(), seconds: frames as f64 / f64::from(self.sample_rate_hz) }
        });
        RecordStatus {
            take,
            folder: self.folder.clone(),
            free_bytes: self.free_bytes,
            bytes_per_second: self.bytes_per_second(),
        }
    }
}
