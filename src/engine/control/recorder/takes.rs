//! The takes as the control thread knows them: what is made, what is waited for, and what became of it.
//!
//! The buffer holds what was played, so the beginning and the end of a take are frames that may have passed: a bar is
//! taken once it has come. Several takes are under way at once, each of its own key, taps and files, and each with its own
//! end, faults and answers.

mod answer;
mod begins;
mod disk_lag;
mod keyed;
mod order;
mod shown;
#[cfg(test)]
mod tests;

pub use keyed::{Pending, TakeKey, TakeRequest};
pub use order::Occasion;

use super::{disk_space::DiskSpace, folder::Folder};
use crate::{
    config::recorder::{FileOf, RecorderOptions},
    engine::{
        audio::capture::{Capture, STALL_SECONDS},
        control::{Calendar, out::Out, pending_answers::Awaited},
        disk::{
            worker::WorkerHandle,
            writer::{Begin, RolledMessage, TakeId, TakeJob, TakeNews, TakeOrder, WriteProgress},
        },
    },
    status::{Event, RecordStatus, Severity, TakeStatus, WaitsFor},
    takes::TakeEvent,
    taps::{self, Tap, Taps},
    wav::Depth,
};
use begins::Begins;
use disk_lag::DiskLag;
use keyed::{ActiveTake, AllKeyed};
use std::path::{Path, PathBuf};

/// Takes that may be made or closed at once: each costs files, buffers and what was played.
const TAKES_MAX: usize = 8;
/// Closed takes of tracks that are remembered: more than may be closed between two looks of the tracks.
const CLOSED_MAX: usize = 64;
/// With less room than this for the take under way, a warning is due.
const LOW_SECONDS: u64 = 10 * 60;
/// What goes over MIDI is handed over twice a second: each time wakes the disk writer.
const PLAYED_EVERY_TURNS: u32 = 16;
/// What is heard is never further behind what is held.
const CLOCK_SECONDS: f64 = 1.0;

/// What there is of a take that is not closed yet.
#[derive(Debug)]
struct Made {
    id: TakeId,
    /// It is a track's: of those there is one a track.
    of_track: bool,
    /// Its first file, once that is there; where the disk refused that, the one it goes on in.
    path: Option<PathBuf>,
    /// The first frame of that, once it is there.
    first_frame: Option<i64>,
    /// Where it begins, until the writer has begun it; not where it waits for a sound.
    asked_frame: Option<i64>,
    /// Files it has at a time.
    files_at_once: usize,
    /// What it writes in a second.
    bytes_per_second: u64,
    /// Its files that can be read, and the frames in them together; the first of them.
    files: u64,
    frames: u64,
    readable: Option<PathBuf>,
    /// What went wrong, in sentences.
    faults: Vec<String>,
}

impl Made {
    fn new(order: &TakeOrder, of_track: bool) -> Made {
        let asked_frame = match order.begin {
            Begin::At(frame) => Some(frame),
            Begin::OnSound { .. } => None,
        };
        let files_at_once = order.files.len();
        let channels = order.files.iter().map(|file| file.taps.len()).sum();
        let bytes_per_second = bytes_per_second(channels, order.depth, order.sample_rate_hz);
        let (files, frames, faults) = (0, 0, Vec::new());
        let id = order.take;
        Made {
            id,
            of_track,
            path: None,
            first_frame: None,
            asked_frame,
            files_at_once,
            bytes_per_second,
            files,
            frames,
            readable: None,
            faults,
        }
    }

    fn finished(&mut self, path: &Path, frames: u64) {
        self.files += 1;
        self.frames += frames;
        self.readable.get_or_insert_with(|| path.to_owned());
    }

    /// The disk refused one of its files, which goes on in another, or nowhere.
    fn refused(&mut self, path: &Path, frames: u64, goes_on: Option<&Path>, sentence: String) {
        self.faults.push(sentence);
        if frames > 0 {
            self.finished(path, frames);
        }
        if let (Some(present), Some(other)) = (&mut self.path, goes_on)
            && (self.files_at_once == 1 || present == path)
        {
            other.clone_into(present);
        }
    }
}

/// What so many channels take in a second.
fn bytes_per_second(channels: usize, depth: Depth, sample_rate_hz: u32) -> u64 {
    (channels * depth.bytes()) as u64 * u64::from(sample_rate_hz)
}

/// Recording, seen from the control thread.
pub struct Takes {
    writer: WorkerHandle<TakeJob, TakeNews>,
    folder: PathBuf,
    calendar: Calendar,
    sample_rate_hz: u32,
    /// What is held before this frame is of another rate.
    earliest_frame: i64,
    /// Where the newest take ended.
    ended_frame: i64,
    capture: Capture,
    /// The inputs that were chosen at the start, and what they are called.
    chosen: (Vec<Tap>, String),
    /// Inputs of the device that the buffer has no room for.
    left_out: Vec<Tap>,
    options: RecorderOptions,
    /// How many channels the files of these have together.
    channels: usize,
    count: u32,
    keyed: AllKeyed,
    /// Those that have ended and are not closed yet.
    closing: Vec<Made>,
    /// The newest of the tracks' that are closed, with their files and first frames.
    closed_of_tracks: Vec<(TakeId, PathBuf, i64)>,
    /// How the disk keeps up.
    lag: DiskLag,
    /// How many may still begin now.
    begins: Begins,
    /// Times the disk refused a file.
    refused: u64,
    gap_frames: u64,
    /// What went over MIDI and is not handed over yet, and the turns since something was.
    played: Vec<RolledMessage>,
    turns: u32,
    /// As it was sent last.
    tempo_bpm: Option<f64>,
    room: DiskSpace,
    warned: bool,
}

/// What takes are made with.
pub struct TakesParts {
    pub writer: WorkerHandle<TakeJob, TakeNews>,
    pub progress: WriteProgress,
    pub folder: PathBuf,
    pub calendar: Calendar,
    pub capture: Capture,
    pub chosen: (Vec<Tap>, String),
    pub left_out: Vec<Tap>,
    pub sample_rate_hz: u32,
    pub options: RecorderOptions,
}

impl Takes {
    pub fn new(parts: TakesParts) -> Takes {
        let mut takes = Takes {
            writer: parts.writer,
            folder: parts.folder,
            calendar: parts.calendar,
            sample_rate_hz: parts.sample_rate_hz,
            ended_frame: 0,
            earliest_frame: 0,
            capture: parts.capture,
            chosen: parts.chosen,
            left_out: parts.left_out,
            options: parts.options.clone(),
            channels: 0,
            count: 0,
            keyed: AllKeyed::default(),
            closing: Vec::new(),
            closed_of_tracks: Vec::new(),
            lag: DiskLag::new(parts.progress),
            begins: Begins::new(),
            refused: 0,
            gap_frames: 0,
            played: Vec::new(),
            turns: 0,
            tempo_bpm: None,
            room: DiskSpace::default(),
            warned: false,
        };
        // Files that cannot be are refused when they are asked for.
        let _ = takes.set(parts.options);
        takes
    }

    /// How takes are made.
    pub fn options(&self) -> &RecorderOptions {
        &self.options
    }

    /// From now on takes are made so.
    ///
    /// # Errors
    /// Their files cannot be; nothing is changed.
    pub fn set(&mut self, options: RecorderOptions) -> Result<(), String> {
        self.channels = self.files_of(&options)?.iter().map(|file| file.taps.len()).sum();
        self.options = options;
        Ok(())
    }

    /// The files of takes that name none.
    ///
    /// # Errors
    /// They cannot be, as the device is.
    pub fn files(&self) -> Result<Vec<FileOf>, String> {
        self.files_of(&self.options)
    }

    fn files_of(&self, options: &RecorderOptions) -> Result<Vec<FileOf>, String> {
        options.files.of(&self.inputs_of(options)?)
    }

    fn inputs_of(&self, options: &RecorderOptions) -> Result<Vec<Tap>, String> {
        let Some(inputs) = &options.inputs else { return Ok(self.chosen.0.clone()) };
        let is_input = |tap: &&Tap| !matches!(tap, Tap::Master(_));
        inputs.among(self.capture.taps()).map_err(|tap| {
            let mut held: Vec<Tap> = self.capture.taps().iter().filter(is_input).copied().collect();
            held.sort_by_key(|tap| if let Tap::Input(input) = tap { *input } else { u16::MAX });
            let there_is = if held.is_empty() { "none".to_owned() } else { taps::text(&held) };
            match self.left_out.contains(&tap) {
                true => format!(
                    "input {tap} is not in the capture buffer, which holds {there_is}; start with --input {tap}, a \
                     shorter `capture` or more `capture_memory`"
                ),
                false => format!("no input {tap}: the inputs are {there_is}"),
            }
        })
    }

    /// The inputs that takes record, as they are written.
    pub fn inputs(&self) -> String {
        self.options.inputs.as_ref().map_or_else(|| self.chosen.1.clone(), ToString::to_string)
    }

    /// Whether other inputs are recorded than were chosen at the start.
    pub fn records_others(&self) -> bool {
        self.inputs_of(&self.options).is_ok_and(|inputs| inputs != self.chosen.0)
    }

    /// What takes of these options write in a second.
    fn bytes_per_second(&self) -> u64 {
        bytes_per_second(self.channels, self.options.depth, self.sample_rate_hz)
    }

    /// Whether a take of this key is under way or waited for.
    pub fn recording(&self, key: TakeKey) -> bool {
        self.keyed.of(key).is_some_and(|keyed| keyed.pending.is_some() || keyed.take.is_some())
    }

    /// Whether a take of any key is under way or waited for.
    pub fn any_recording(&self) -> bool {
        !self.keyed.keys(|keyed| keyed.pending.is_some() || keyed.take.is_some()).is_empty()
    }

    /// Whether a take is under way or not closed yet.
    pub fn is_open(&self) -> bool {
        self.open_takes().next().is_some()
    }

    /// The first file of a take under way.
    pub fn path(&self) -> Option<&Path> {
        self.keyed.takes().find_map(|take| take.made.path.as_deref())
    }

    fn take(&self, key: TakeKey) -> Option<&ActiveTake> {
        self.keyed.of(key)?.take.as_ref()
    }

    /// The takes under way and those that are being closed.
    fn open_takes(&self) -> impl Iterator<Item = &Made> {
        self.keyed.takes().map(|take| &take.made).chain(&self.closing)
    }

    fn made(&self, id: TakeId) -> Option<&Made> {
        self.open_takes().find(|made| made.id == id)
    }

    fn made_mut(&mut self, id: TakeId) -> Option<&mut Made> {
        self.keyed.takes_mut().map(|take| &mut take.made).chain(&mut self.closing).find(|made| made.id == id)
    }

    fn under_way_mut(&mut self, id: TakeId) -> Option<&mut ActiveTake> {
        self.keyed.takes_mut().find(|take| take.made.id == id)
    }

    /// The take of a key that is under way.
    pub fn id(&self, key: TakeKey) -> Option<TakeId> {
        self.take(key).map(|take| take.made.id)
    }

    /// The file and the first frame of a take of a track, once it has begun; also where it was closed at once.
    pub fn begun(&self, id: TakeId) -> Option<(&Path, i64)> {
        let closed = self.closed_of_tracks.iter().rev().find(|(closed, ..)| *closed == id);
        match self.made(id) {
            Some(made) => Some((made.path.as_deref()?, made.first_frame?)),
            None => closed.map(|(_, path, first_frame)| (&**path, *first_frame)),
        }
    }

    /// Whether a take is not closed yet.
    pub fn is_under_way(&self, id: TakeId) -> bool {
        self.made(id).is_some()
    }

    /// Whether a file is still being written.
    pub fn is_writing(&self, path: &Path) -> bool {
        self.open_takes().any(|made| made.path.as_deref() == Some(path))
    }

    /// The recorded inputs.
    ///
    /// # Errors
    /// They are not there.
    pub fn recorded_inputs(&self) -> Result<Vec<Tap>, String> {
        self.inputs_of(&self.options)
    }

    /// These taps as they are there, and their channels in the capture buffer.
    ///
    /// # Errors
    /// The first that is not held, in a sentence.
    pub fn channels_of(&self, taps: &Taps) -> Result<(Vec<Tap>, Vec<usize>), String> {
        let there = taps.among(self.capture.taps());
        let found = there.and_then(|taps| Ok((taps.clone(), self.capture.channels(&taps)?)));
        found.map_err(|tap| format!("input {tap} is not held; there is {}", taps::text(self.capture.taps())))
    }

    /// Whether the take under way ends with the next bar.
    pub fn ends_with_bar(&self, key: TakeKey) -> bool {
        self.take(key).is_some_and(|take| take.ends_with_bar)
    }

    /// A take waits for the song or a bar.
    pub fn wait_for_bar(&mut self, key: TakeKey, pending: Pending) {
        self.keyed.of_mut(key).pending = Some(pending);
    }

    /// What waits for the song or a bar under this key.
    pub fn pending(&self, key: TakeKey) -> Option<&Pending> {
        self.keyed.of(key)?.pending.as_ref()
    }

    /// Nothing waits any more for the song or a bar under this key: what did.
    pub fn take_pending(&mut self, key: TakeKey) -> Option<Pending> {
        self.keyed.of_mut(key).pending.take()
    }

    /// The keys whose takes begin or end with a bar.
    pub fn wait_for_bars(&self) -> Vec<TakeKey> {
        self.keyed.keys(|keyed| keyed.pending.is_some() || keyed.take.as_ref().is_some_and(|take| take.ends_with_bar))
    }

    /// Lets one more take begin at this instant.
    ///
    /// # Errors
    /// Too many are being written, or began just before.
    pub fn admit(&mut self, now_ns: u64) -> Result<(), String> {
        self.too_many().map_or(Ok(()), Err)?;
        self.begins.admit(now_ns)
    }

    /// Why no take of this key can begin now.
    pub fn refusal(&self, key: TakeKey) -> Option<String> {
        if self.pending(key).is_some() {
            return Some("a take is already waiting to start; record.stop cancels it".to_owned());
        }
        let Some(take) = self.take(key) else { return self.too_many() };
        Some(match &take.made.path {
            Some(path) => format!("already recording to {}; record.stop ends the take", path.display()),
            None if take.listens => "a take is already waiting for a sound; record.stop cancels it".to_owned(),
            None => "a take is already starting; record.stop ends it".to_owned(),
        })
    }

    /// Why not one more can be made at once.
    fn too_many(&self) -> Option<String> {
        (self.open_takes().filter(|made| !made.of_track).count() >= TAKES_MAX)
            .then(|| format!("this take is not recorded: {TAKES_MAX} are being written; wait until one is closed"))
    }

    /// Where takes go.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// From now on takes go there.
    pub fn go_to(&mut self, folder: PathBuf) {
        self.folder = folder;
    }

    /// So many seconds in frames.
    pub fn frames(&self, seconds: f64) -> i64 {
        (seconds * f64::from(self.sample_rate_hz)) as i64
    }

    /// How much earlier takes begin.
    pub fn pre_roll_frames(&self) -> i64 {
        self.frames(f64::from(self.options.pre_roll_ms) / 1000.0)
    }

    /// Where a take begins that is to begin with this frame, or a little before: right after a device began, the clock may
    /// not know its frame.
    pub fn begin_at(&self, frame: i64) -> Begin {
        let begin = frame - self.pre_roll_frames();
        Begin::At(begin.max(self.held().end - self.pre_roll_frames() - self.frames(CLOCK_SECONDS)))
    }

    /// A new take. The first frames of it may have passed.
    ///
    /// # Errors
    /// There is one of this key, its files cannot be what they are to be, or too many takes are being written.
    pub fn begin(
        &mut self,
        key: TakeKey,
        wanted: TakeRequest,
        begin: Begin,
        marks: Vec<(i64, String)>,
        occasion: &Occasion,
        out: &mut Out,
    ) -> Result<(), String> {
        let files = wanted.files.clone().map_or_else(|| self.files(), Ok)?;
        if let Some(why) = self.refusal(key).filter(|_| !wanted.of_track || self.take(key).is_some()) {
            return Err(why);
        }
        let base = self.name(wanted.name.as_deref(), "", occasion);
        let listens = matches!(begin, Begin::OnSound { .. });
        let order =
            TakeOrder { marks, ..self.order(base, files, begin, (wanted.end_frame, wanted.of_track), occasion) };
        let made = Made::new(&order, wanted.of_track);
        if !listens && !wanted.of_track {
            out.owed.promise(Awaited::Beginning(made.id));
        }
        self.send(TakeJob::Begin(Box::new(order)));
        let take =
            ActiveTake { made, wanted, listens, first_frame: None, ends_with_bar: false, gap_frames: 0, marks: 0 };
        self.keyed.of_mut(key).take = Some(take);
        self.warned = false;
        Ok(())
    }

    /// Keeps what was played before `end`, from this frame on.
    ///
    /// # Errors
    /// As for [`begin`](Self::begin).
    pub fn keep(&mut self, from: i64, end: i64, occasion: &Occasion, out: &mut Out) -> Result<(), String> {
        let files = self.files()?;
        if let Some(why) = self.too_many() {
            return Err(why);
        }
        let name = self.name(None, "-capture", occasion);
        let order = self.order(name, files, Begin::At(from), (Some(end), false), occasion);
        out.owed.promise(Awaited::End(order.take));
        self.closing.push(Made::new(&order, false));
        self.send(TakeJob::Begin(Box::new(order)));
        Ok(())
    }

    fn send(&self, job: TakeJob) {
        // A writer that is gone answers by its silence; the thread's end is noticed where it is joined.
        let _ = self.writer.jobs.send(job);
    }

    /// Ends the take of this key before this frame; another may begin at once.
    pub fn end(&mut self, key: TakeKey, frame: i64, out: &mut Out) {
        self.hand_over_played();
        if let Some(ActiveTake { made, wanted, .. }) = self.keyed.of_mut(key).take.take() {
            self.ended_frame = frame;
            let take = made.id;
            tracing::info!(take = take.0, frame, "take stopped");
            self.closing.push(made);
            if !wanted.of_track {
                out.owed.promise(Awaited::End(take));
            }
            self.send(TakeJob::End { take, frame });
        }
    }

    /// Ends all before this frame; nothing is waited for any more.
    pub fn end_all(&mut self, frame: i64, out: &mut Out) {
        self.hand_over_played();
        for key in self.keyed.keys(|_| true) {
            self.take_pending(key);
            self.end(key, frame, out);
        }
    }

    /// Ends the take under way with the next bar.
    pub fn end_with_bar(&mut self, key: TakeKey) {
        if let Some(take) = &mut self.keyed.of_mut(key).take {
            take.ends_with_bar = true;
        }
    }

    /// The device is gone: takes end with what is there, and go on when it is back. One that waits for a sound goes on
    /// waiting.
    pub fn interrupt(&mut self, out: &mut Out) {
        let has_begun = |take: &ActiveTake| take.first_frame.is_some();
        for key in self.keyed.keys(|keyed| keyed.take.as_ref().is_some_and(has_begun)) {
            let wanted = self.take(key).map(|take| take.wanted.clone());
            self.keyed.of_mut(key).interrupted = wanted.filter(|wanted| !wanted.of_track);
            self.end(key, self.held().end, out);
        }
    }

    /// What goes on under this key, where a take was interrupted; said once.
    pub fn take_interrupted(&mut self, key: TakeKey) -> Option<TakeRequest> {
        self.keyed.of_mut(key).interrupted.take()
    }

    /// The keys whose takes were interrupted.
    pub fn interrupted(&self) -> Vec<TakeKey> {
        self.keyed.keys(|keyed| keyed.interrupted.is_some())
    }

    /// Names a place; nothing where no take of this key is made.
    pub fn mark(&mut self, key: TakeKey, frame: i64, label: Option<&str>) -> Option<String> {
        let take = self.keyed.of_mut(key).take.as_mut().filter(|take| take.first_frame.is_some())?;
        take.marks += 1;
        let label = label.map_or_else(|| format!("mark {}", take.marks), str::to_owned);
        let take = Some(take.made.id);
        self.send(TakeJob::Mark { take, frame, label: label.clone() });
        Some(label)
    }

    /// What went over MIDI goes beside the takes.
    pub fn played(&mut self, mut played: Vec<RolledMessage>) {
        self.played.append(&mut played);
    }

    /// Hands over what went over MIDI.
    fn hand_over_played(&mut self) {
        self.turns = 0;
        if !self.played.is_empty() {
            let played = std::mem::take(&mut self.played);
            self.send(TakeJob::RolledMessage(played));
        }
    }

    /// The tempo from a frame on, where it is another.
    pub fn tempo(&mut self, frame: i64, bpm: f64) {
        if self.tempo_bpm.replace(bpm) != Some(bpm) {
            self.send(TakeJob::Tempo { frame, bpm });
        }
    }

    /// Something happened that belongs to what is heard in the takes: each that is open gets a mark.
    pub fn happened(&mut self, frame: i64, what: &TakeEvent) {
        if self.is_open() {
            self.send(TakeJob::Mark { take: None, frame, label: what.to_string() });
        }
    }

    /// Takes in what the writer reports.
    pub fn listen(&mut self, folder: &Folder, out: &mut Out) {
        self.turns += 1;
        if self.turns >= PLAYED_EVERY_TURNS {
            self.hand_over_played();
        }
        while let Ok(done) = self.writer.news.try_recv() {
            self.hear(done, folder, out);
        }
        self.look_at_pace(out);
    }

    fn hear(&mut self, done: TakeNews, folder: &Folder, out: &mut Out) {
        match done {
            TakeNews::Began { take, path, frame } => {
                tracing::info!(take = take.0, frame, path = %path.display(), "take started");
                if let Some(take) = self.under_way_mut(take) {
                    take.first_frame = Some(frame);
                }
                if let Some(made) = self.made_mut(take) {
                    (made.path, made.first_frame, made.asked_frame) = (Some(path.clone()), Some(frame), None);
                }
                out.owed.answer(Awaited::Beginning(take), Ok(format!("recording to {}", path.display())));
                folder.changed();
                out.tell(Event::TakeStarted { path, frame });
            }
            TakeNews::Gap { take, frames } => {
                self.gap_frames += frames;
                let seconds = frames as f64 / f64::from(self.sample_rate_hz);
                tracing::warn!(take = take.0, frames, "gap");
                if let Some(take) = self.under_way_mut(take) {
                    take.gap_frames += frames;
                }
                let text = format!(
                    "the disk is too slow: {seconds:.3} s of the take are silence; later audio keeps its position"
                );
                out.notice(Severity::Warning, text);
            }
            TakeNews::Finished { take, path, frames, gap_frames } => {
                tracing::info!(take = take.0, frames, gap_frames, path = %path.display(), "take finished");
                if let Some(made) = self.made_mut(take) {
                    made.finished(&path, frames);
                }
                folder.finished(&path);
                out.tell(Event::TakeFinished { path, frames, gap_frames });
            }
            TakeNews::Failed { take, path, frames, reason, goes_on } => {
                tracing::error!(take = take.0, frames, path = %path.display(), reason, "the disk refused");
                let severity = if goes_on.is_some() { Severity::Warning } else { Severity::Error };
                let has_begun = self.made(take).is_some_and(|made| made.path.is_some());
                let sentence = self.failure(&path, frames, &reason, goes_on.as_deref(), has_begun);
                if let Some(made) = self.made_mut(take) {
                    made.refused(&path, frames, goes_on.as_deref(), sentence.clone());
                }
                self.refused += 1;
                out.notice(severity, sentence);
                if frames > 0 {
                    folder.finished(&path);
                    out.tell(Event::TakeFinished { path, frames, gap_frames: 0 });
                }
            }
            TakeNews::Midi { sentence } => {
                self.refused += 1;
                out.notice(Severity::Warning, sentence);
            }
            TakeNews::Over { take } => {
                let under_way = self.keyed.take_out(|under_way| under_way.made.id == take).map(|take| take.made);
                let closed = self.closing.iter().position(|made| made.id == take).map(|at| self.closing.remove(at));
                if let Some(made) = under_way.or(closed) {
                    if let (true, Some(path), Some(first_frame)) = (made.of_track, &made.path, made.first_frame) {
                        if self.closed_of_tracks.len() == CLOSED_MAX {
                            self.closed_of_tracks.remove(0);
                        }
                        self.closed_of_tracks.push((made.id, path.clone(), first_frame));
                    }
                    self.answer_end(&made, out);
                }
            }
        }
    }

    fn failure(&self, path: &Path, frames: u64, reason: &str, goes_on: Option<&Path>, has_begun: bool) -> String {
        let path = path.display();
        let seconds = frames as f64 / f64::from(self.sample_rate_hz);
        let safe = if frames == 0 { String::new() } else { format!("; the first {seconds:.1} s are saved") };
        match goes_on {
            Some(other) => format!("recording to {path}: {reason}{safe}; it continues in {}", other.display()),
            None if !has_begun => {
                format!(
                    "cannot record to {path}: {reason}; everything else works: free disk space or choose another folder"
                )
            }
            None => format!("recording to {path} ended: {reason}{safe}; everything else works"),
        }
    }

    /// Has the file system asked for its free room, and warns once a take when it becomes little.
    pub fn look_at_disk(&mut self, out: &Out) {
        self.room.look(&self.folder);
        if !self.any_recording() || self.warned {
            return;
        }
        // A take that waits for its beginning will be one of the options.
        let under_way = self.keyed.takes().map(|take| take.made.bytes_per_second).sum();
        let bytes_per_second = self.bytes_per_second().max(under_way).max(1);
        if let Some(left) = self.room.free_bytes(&self.folder).map(|free| free / bytes_per_second)
            && left < LOW_SECONDS
        {
            self.warned = true;
            out.notice(Severity::Warning, format!("disk space left for {} of recording", room_text(left)));
        }
    }

    /// Times the disk refused a file of a take, or its MIDI file.
    pub fn refused(&self) -> u64 {
        self.refused
    }

    /// Frames of files that are silence because the disk was too slow.
    pub fn gap_frames(&self) -> u64 {
        self.gap_frames
    }

    pub fn status(&self, frame: i64) -> RecordStatus {
        let seconds = |frames: i64| frames.max(0) as f64 / f64::from(self.sample_rate_hz);
        let (pending, under_way) = (self.pending(TakeKey::MAIN), self.take(TakeKey::MAIN));
        let take = under_way.and_then(|take| {
            Some(TakeStatus {
                path: take.made.path.clone()?,
                seconds: seconds(frame - take.first_frame?),
                marks: take.marks,
                gap_frames: take.gap_frames,
                ends_with_bar: take.ends_with_bar,
            })
        });
        let waits_for = match (pending, under_way) {
            (Some(pending), _) => Some(if pending.with_song { WaitsFor::Song } else { WaitsFor::Bar }),
            (None, Some(under_way)) if under_way.listens && take.is_none() => Some(WaitsFor::Sound),
            _ => None,
        };
        RecordStatus {
            is_recording: self.recording(TakeKey::MAIN),
            take,
            waits_for,
            folder: self.folder.clone(),
            free_bytes: self.room.free_bytes(&self.folder),
            bytes_per_second: self.bytes_per_second(),
            capture_bytes: self.capture.bytes(),
            capture_seconds: self.held_seconds(),
            inputs: self.inputs(),
            behind: self.behind().cloned(),
        }
    }

    /// How many seconds of what was played are held, besides those a disk may stall.
    fn held_seconds(&self) -> f64 {
        self.capture.frames() as f64 / f64::from(self.sample_rate_hz) - STALL_SECONDS
    }

    /// What the buffer has no room for, in a sentence with its severity.
    pub fn not_held(&self) -> Option<(Severity, String)> {
        let (held, asked, channels) = (self.held_seconds(), self.options.capture_seconds, self.capture.taps().len());
        let memory = format!("{:.0} MB of memory", self.capture.bytes() as f64 / 1e6);
        if !self.left_out.is_empty() {
            let left_out = taps::text(&self.left_out);
            return Some((
                Severity::Warning,
                format!(
                    "inputs {left_out} are not in the capture buffer: {memory} are used; --input chooses the first"
                ),
            ));
        }
        // A frame less than was asked for is no news.
        (asked - held > 0.1).then(|| {
            let text =
                format!("the capture buffer holds {held:.0} s, not {asked:.0}: {memory} for {channels} channels");
            (Severity::Info, format!("{text}; raise `record.capture_memory` in the settings"))
        })
    }

    /// The frames that can be kept.
    pub fn held(&self) -> std::ops::Range<i64> {
        let held = self.capture.held();
        held.start.max(self.earliest_frame).min(held.end)..held.end
    }

    /// Frames are of another rate from this one on, and so are the takes that begin.
    pub fn set_rate(&mut self, sample_rate_hz: u32, frame: i64) {
        (self.sample_rate_hz, self.earliest_frame) = (sample_rate_hz, frame);
    }
}

/// Seconds of recording that are left, as a warning says them.
fn room_text(seconds: u64) -> String {
    match (seconds / 60, seconds) {
        (0, 0) => "less than a second".to_owned(),
        (0, 1) => "1 more second".to_owned(),
        (0, seconds) => format!("{seconds} more seconds"),
        (1, _) => "1 more minute".to_owned(),
        (minutes, _) => format!("{minutes} more minutes"),
    }
}
