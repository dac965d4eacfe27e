//! The session that is open: its folder, and what of this station belongs into it. The control thread's.
//!
//! `session.new` and `session.open` wait for the disk: they are asked for, and nothing plays a session that is not read
//! yet. Saving does not: every two seconds the parts that changed since the model's last revision are gathered, and the
//! keeper works out the text and writes it.

pub(super) mod snapshots;

use super::{
    Moment,
    instruments::{Instruments, instrument::Instrument},
    out::Out,
    ports::Ports,
    recorder::{Recorder, Takes},
    tracks::Tracks,
    transport::Transport,
};
use crate::{
    command::{
        Command,
        arg::{Name, Text},
    },
    config::home_folder,
    engine::{
        config::SessionRules,
        disk::{ErrandId, keeper::How},
        station::Answer,
    },
    files,
    motion::Lane,
    profile::{Param, Profile},
    session::{
        InstrumentState, Session,
        edit::SnapshotScope,
        folder::{self, AUDIO, FILE},
        lock::{AcquiredLock, Lock},
        model::Revision,
    },
    status::{Event, MotionStatus, Severity},
    stored::{self, StoredFile, ToYaml},
};
use std::{
    fs, mem,
    path::{Path, PathBuf},
    sync::Arc,
};

/// The file is written no more often than this, in ns: an SD card wears, and a knob turns thirty times a second.
const EVERY_NS: u64 = 2_000_000_000;

/// A session that is open.
pub(super) struct OpenSession {
    folder: PathBuf,
    /// What its file says, or is about to.
    kept: Session,
    /// The model's revision that it was gathered from.
    gathered: Revision,
    /// For each of its instruments, which of this station's it is.
    places: Vec<InstrumentMatch>,
    /// None in a rehearsal.
    lock: Option<Arc<Lock>>,
    /// When it was looked at last for what changed.
    looked_ns: u64,
    /// When it was handed to the keeper last.
    written_ns: u64,
}

/// Where an instrument of a session is.
enum InstrumentMatch {
    /// At this place of the station.
    Here(usize),
    /// There too, but its profile is not known: what the file says stays until the synth, which has this profile now,
    /// takes another.
    Unknown { at: usize, profile: String },
    /// At a port that is not there: what the file says stays.
    Absent,
}

impl OpenSession {
    /// It is written as soon as may be.
    fn hurry(&mut self) {
        self.looked_ns = self.written_ns;
    }

    /// Whether it is written.
    pub(super) fn is_kept(&self) -> bool {
        self.lock.is_some()
    }

    fn file(&self) -> PathBuf {
        self.folder.join(FILE)
    }

    /// Takes over what changed since it was gathered last; true where the file is to say something else.
    fn gather(&mut self, house: &House<'_>, out: &Out) -> bool {
        let since = mem::replace(&mut self.gathered, out.model.revision());
        let mut is_other = false;
        for (state, place) in self.kept.instruments.iter_mut().zip(&self.places) {
            let at = match place {
                InstrumentMatch::Here(at) => *at,
                InstrumentMatch::Unknown { at, profile } if house.instruments.list[*at].profile.id != *profile => *at,
                InstrumentMatch::Unknown { .. } | InstrumentMatch::Absent => continue,
            };
            if !out.model.changed(at, since) {
                continue;
            }
            let mut noted = InstrumentState::clone(state);
            note(&mut noted, &house.instruments.list[at], out.model.knobs(at));
            if noted != **state {
                *state = Arc::new(noted);
                is_other = true;
            }
        }
        if let Some(own) = out.model.own().filter(|own| out.model.own_changed(since) && **own != self.kept.snapshots) {
            self.kept.snapshots = Arc::clone(own);
            is_other = true;
        }
        if out.model.tracks_changed(since) {
            is_other |= take_tracks(&mut self.kept, out);
        }
        // A tempo that is followed never stands still, and is not this session's.
        let bpm = out.plan.last().timeline.bpm;
        if self.kept.bpm != bpm && !house.transport.sync.is_followed() {
            self.kept.bpm = bpm;
            is_other = true;
        }
        is_other
    }
}

/// The session that is open, and the snapshots of the user's library.
pub(super) struct SessionDesk {
    rules: SessionRules,
    pub(super) open: Option<OpenSession>,
    /// Where the library of snapshots is kept.
    pub(super) library: StoredFile,
    /// Where sessions are looked for.
    music: PathBuf,
}

/// Whom a session is about.
pub(super) struct House<'a> {
    pub(super) transport: &'a mut Transport,
    pub(super) recorder: &'a mut Recorder,
    pub(super) instruments: &'a mut Instruments,
    pub(super) ports: &'a Ports,
    pub(super) tracks: &'a mut Tracks,
}

impl SessionDesk {
    pub(super) fn new(rules: SessionRules, library: StoredFile, music: PathBuf) -> SessionDesk {
        SessionDesk { rules, open: None, library, music }
    }

    pub(super) fn begin(&mut self, Text(asked): &Text, house: House<'_>, out: &mut Out, now: Moment) -> Answer {
        let folder = self.folder(asked, &house.recorder.takes)?;
        folder::may_begin(&folder)?;
        let (mut session, places) = new_session(house.instruments, house.ports, out);
        session.folder = folder.as_path().into();
        if self.open.is_none() {
            // What was recorded before belongs to it.
            take_tracks(&mut session, out);
        }
        let lock = if self.rules.keep { Some(Arc::new(begin(&folder, &session)?)) } else { None };
        let open = OpenSession {
            folder,
            kept: session,
            gathered: out.model.revision(),
            places,
            lock,
            looked_ns: now.ns,
            written_ns: now.ns,
        };
        if self.open.is_some() {
            self.leave(&house, out, now);
            out.model.set_tracks(Vec::new(), Arc::default());
            house.tracks.begin_session(&[]);
        }
        self.enter(open, house, out);
        Ok(String::new())
    }

    /// Opens a session. Tracks with something on them that are in no session are not thrown away for it.
    pub(super) fn open(&mut self, Text(asked): &Text, house: House<'_>, out: &mut Out, now: Moment) -> Answer {
        let folder = self.folder(asked, &house.recorder.takes)?;
        let (file, shown) = (folder.join(FILE), folder.display().to_string());
        if !file.is_file() {
            return Err(format!("{shown} is not a session: it has no {FILE}; session.new creates one"));
        }
        let same = |open: &OpenSession| fs::canonicalize(&open.folder).ok() == fs::canonicalize(&folder).ok();
        if self.open.as_ref().is_some_and(same) {
            return Err(format!("{shown} is already open"));
        }
        let count = out.model.tracks().iter().filter(|track| !track.is_empty()).count();
        if self.open.is_none() && count > 0 {
            let tracks = if count == 1 { "1 track is".to_owned() } else { format!("{count} tracks are") };
            return Err(format!("{tracks} in no session yet: session.new keeps them, track.remove removes one"));
        }
        let locked = if self.rules.keep { Some(take_lock(&folder)?) } else { None };
        let session: Session = stored::load(&file).map_err(|faults| {
            let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
            format!("{}; the session is not opened and not overwritten: fix its file first", faults.join("; "))
        })?;
        let left_by = locked.as_ref().and_then(|locked| locked.left_by.clone());
        if let Some(process) = left_by {
            let text = format!("{shown} was locked by {process}, which has ended: it is opened here");
            out.notice(Severity::Warning, text);
        }
        let session = session.placed_in(&folder);
        let missing: Vec<Arc<Path>> = session.files().filter(|file| !file.exists()).map(Arc::clone).collect();
        let mut open = OpenSession {
            folder,
            kept: session,
            // What it says is compared once with what is here: another profile may be known by now, or another port.
            gathered: Revision::default(),
            places: Vec::new(),
            lock: locked.map(|locked| Arc::new(locked.lock)),
            looked_ns: now.ns,
            written_ns: now.ns,
        };
        self.leave(&house, out, now);
        out.model.set_tracks(open.kept.tracks.clone(), Arc::clone(&open.kept.song));
        house.tracks.begin_session(&missing);
        for file in missing {
            let shown = file.strip_prefix(&open.folder).unwrap_or(&file).display();
            out.notice(Severity::Warning, format!("{shown} is missing: its clips are silent"));
        }
        // Where a clock that comes in is followed, the tempo is that one's.
        if out.plan.last().timeline.bpm != open.kept.bpm && !house.transport.sync.is_followed() {
            house.transport.set_bpm(open.kept.bpm, out, now)?;
        }
        house.instruments.place(&mut open, house.ports, out, now);
        self.enter(open, house, out);
        Ok(String::new())
    }

    pub(super) fn save(&mut self, house: &House<'_>, out: &mut Out, now: Moment) -> Answer {
        let Some(open) = &mut self.open else {
            return Err("no session is open; session.new creates one, session.open opens one".to_owned());
        };
        let shown = open.folder.display().to_string();
        if !open.is_kept() {
            return Ok(format!("{shown} is not saved: this run is simulated"));
        }
        open.gather(house, out);
        let errand = out.owed.promise_errand();
        open.write(Some(errand), out, now);
        Ok(format!("{shown} is saved"))
    }

    /// Writes what changed, but not too often.
    pub(super) fn keep(&mut self, house: &House<'_>, out: &mut Out, now: Moment) {
        let Some(open) = &mut self.open else { return };
        if now.ns.saturating_sub(open.looked_ns) < EVERY_NS || !open.is_kept() {
            return;
        }
        open.looked_ns = now.ns;
        open.save_changes(house, out, now);
    }

    /// Writes what is not written yet.
    pub(super) fn save_last(&mut self, house: &House<'_>, out: &mut Out, now: Moment) {
        if let Some(open) = self.open.as_mut().filter(|open| open.is_kept()) {
            open.save_changes(house, out, now);
        }
    }

    /// The file of a list of snapshots, where it is written.
    fn file_of(&self, shelf: SnapshotScope) -> Option<PathBuf> {
        match shelf {
            SnapshotScope::Session => self.open.as_ref().filter(|open| open.is_kept()).map(OpenSession::file),
            SnapshotScope::Library => self.library.file.clone(),
        }
    }

    /// Where the session is, for the status.
    pub(super) fn shown(&self) -> Option<&Path> {
        self.open.as_ref().map(|open| &*open.folder)
    }

    /// The folder that is meant, where this is the time for it.
    fn folder(&self, asked: &str, takes: &Takes) -> Result<PathBuf, String> {
        if takes.is_open() || takes.any_recording() {
            let take = takes.path().map_or("a take".to_owned(), |path| path.display().to_string());
            return Err(format!("{take} is being recorded: record.stop first"));
        }
        Ok(folder::meant(asked, &self.music, home_folder().as_deref()))
    }

    /// From now on this is the session. What the model has of it is there already.
    fn enter(&mut self, open: OpenSession, house: House<'_>, out: &mut Out) {
        if self.rules.takes {
            house.recorder.go_to(open.folder.join(AUDIO));
            // A take that was being recorded when its process was killed.
            house.recorder.mend();
        }
        out.model.open(Some(Arc::clone(&open.kept.snapshots)));
        out.tell(Event::SessionOpened { path: open.folder.clone() });
        self.open = Some(open);
    }

    /// What is not written yet of the session before is; its lock goes with the last text.
    /// The tracks of the next one take the place of its own.
    fn leave(&mut self, house: &House<'_>, out: &mut Out, now: Moment) {
        self.save_last(house, out, now);
        self.open = None;
        out.model.open(None);
        out.history.forget_session();
    }
}

impl OpenSession {
    fn save_changes(&mut self, house: &House<'_>, out: &mut Out, now: Moment) {
        if self.gather(house, out) {
            self.write(None, out, now);
        }
    }

    /// Hands it to the keeper, which shares what does not change until it is written.
    fn write(&mut self, errand: Option<ErrandId>, out: &mut Out, now: Moment) {
        let how = How::Own(self.lock.clone());
        out.keeper.hand_over(self.file(), Arc::new(self.kept.clone()), Session::LOSS, how, errand);
        (self.looked_ns, self.written_ns) = (now.ns, now.ns);
    }
}

impl Instruments {
    /// Gives each instrument its state and sends it; those of the station that the session does not know join it.
    fn place(&mut self, open: &mut OpenSession, ports: &Ports, out: &mut Out, now: Moment) {
        let mut free: Vec<(usize, String)> = self.played(ports).collect();
        for state in &open.kept.instruments {
            let found = free.iter().position(|(_, port)| *port == state.port).map(|index| free.remove(index).0);
            open.places.push(match found {
                Some(at) => self.take_state(at, state, out, now),
                None => {
                    let text = format!("{} is not connected: the session keeps its values", state.port);
                    out.notice(Severity::Warning, text);
                    InstrumentMatch::Absent
                }
            });
        }
        for (at, port) in free {
            open.kept.instruments.push(Arc::new(InstrumentState { port, ..InstrumentState::default() }));
            open.places.push(InstrumentMatch::Here(at));
        }
    }

    fn take_state(&mut self, at: usize, state: &InstrumentState, out: &mut Out, now: Moment) -> InstrumentMatch {
        let present = self.list[at].profile.id.clone();
        let id = state.profile.as_ref().unwrap_or(&present);
        let Some(profile) = self.library.get(id).cloned() else {
            let text = format!(
                "unknown profile '{id}': {} keeps its knobs, and the session its values; profile.use selects another",
                state.port
            );
            out.notice(Severity::Warning, text);
            return InstrumentMatch::Unknown { at, profile: present };
        };
        self.stop_morph(at, out, now);
        self.take_profile(at, profile, out);
        self.do_lines(at, &state.macros, out, now);
        let params = &self.list[at].profile.params;
        let target = |(index, param): (usize, &Param)| Some((index, param.snap(*state.values.get(&param.name)?)));
        let targets: Vec<(usize, u16)> = params.iter().enumerate().filter_map(target).collect();
        let unknown = state.values.len() - targets.len();
        if unknown > 0 {
            let text = format!(
                "{unknown} parameters of {} in the session are unknown to {id}: the session keeps them",
                state.port
            );
            out.notice(Severity::Warning, text);
        }
        if at == self.current && *id != present {
            out.tell(Event::ProfileUsed { id: id.clone() });
        }
        self.go_to(at, &targets, out, now);
        self.do_lines(at, &state.motion, out, now);
        let instrument = &mut self.list[at];
        for (name, lane) in &state.automation {
            if let Some(index) = instrument.profile.param_index(name) {
                instrument.lanes.put(index, lane.clone());
            }
        }
        InstrumentMatch::Here(at)
    }

    /// Does what a session says of an instrument, as if it were the one in use.
    fn do_lines(&mut self, at: usize, lines: &[String], out: &mut Out, now: Moment) {
        let in_use = std::mem::replace(&mut self.current, at);
        for line in lines {
            let answer = match line.parse::<Command>() {
                Ok(Command::MacroDrive { name, param, from, to, curve }) => {
                    self.macro_drive(&name, &param, (from, to), curve, out)
                }
                Ok(Command::MacroDrop { name, param }) => self.macro_drop(&name, param.as_ref(), out),
                Ok(Command::ModSet { param, modulator }) => self.mod_set(&param, &modulator, out, now),
                Ok(command) => Err(format!("{} is not allowed in a session", command.name())),
                Err(error) => Err(error.to_string()),
            };
            if let Err(error) = answer {
                out.notice(Severity::Warning, format!("the session's '{line}' failed: {error}"));
            }
        }
        self.current = in_use;
    }

    /// The instruments that have a port, with its id. Knobs without a synth are nobody's state.
    fn played<'a>(&'a self, ports: &'a Ports) -> impl Iterator<Item = (usize, String)> + 'a {
        let with_port = move |(at, instrument): (usize, &Instrument)| Some((at, ports.id(instrument.port?).to_owned()));
        self.list.iter().enumerate().filter_map(with_port)
    }
}

/// A session of what there is.
fn new_session(instruments: &Instruments, ports: &Ports, out: &Out) -> (Session, Vec<InstrumentMatch>) {
    let mut session = Session { bpm: out.plan.last().timeline.bpm, ..Session::default() };
    let places: Vec<InstrumentMatch> = instruments.played(ports).map(|(at, _)| InstrumentMatch::Here(at)).collect();
    session.instruments = instruments
        .played(ports)
        .map(|(at, port)| {
            let mut state = InstrumentState { port, ..InstrumentState::default() };
            note(&mut state, &instruments.list[at], out.model.knobs(at));
            Arc::new(state)
        })
        .collect();
    (session, places)
}

/// Takes over the tracks and what they share; true where they are others.
fn take_tracks(session: &mut Session, out: &Out) -> bool {
    let (tracks, song) = (out.model.tracks(), out.model.song());
    let is_same = session.tracks.len() == tracks.len()
        && session.tracks.iter().zip(tracks).all(|(kept, track)| Arc::ptr_eq(kept, track))
        && session.song == *song;
    if !is_same {
        (session.tracks, session.song) = (tracks.to_vec(), Arc::clone(song));
    }
    !is_same
}

/// Notes how an instrument stands. What is known of parameters that its profile does not have stays.
fn note(state: &mut InstrumentState, instrument: &Instrument, values: &[u16]) {
    let profile = &instrument.profile;
    if state.profile.replace(profile.id.clone()).is_some_and(|before| before != profile.id) {
        *state =
            InstrumentState { port: state.port.clone(), profile: state.profile.clone(), ..InstrumentState::default() };
    }
    for (param, value) in profile.params.iter().zip(instrument.standing(values)) {
        state.values.insert(param.name.clone(), value);
    }
    state.macros.retain(|line| is_of_another(line, profile));
    state.macros.extend(instrument.macro_lines());
    state.motion.retain(|line| is_of_another(line, profile));
    for MotionStatus { param, by, .. } in instrument.motion.status() {
        let name = &profile.params[param].name;
        state.motion.extend(by.iter().map(|by| format!("mod.set {name} {by}")));
    }
    state.automation.retain(|name, _| profile.param_index(name).is_none());
    let lane = |(index, lane): (usize, &Lane)| (profile.params[index].name.clone(), lane.clone());
    state.automation.extend(instrument.lanes.all().map(lane));
}

/// Whether a line is about a parameter that the profile does not have.
fn is_of_another(line: &str, profile: &Profile) -> bool {
    match line.parse() {
        Ok(Command::ModSet { param: Name(param), .. } | Command::MacroDrive { param: Name(param), .. }) => {
            profile.param_index(&param).is_none()
        }
        _ => false,
    }
}

/// Makes the folder of a new session, locked.
fn begin(folder: &Path, session: &Session) -> Result<Lock, String> {
    let refused = |error: &dyn std::fmt::Display| {
        format!("{} cannot become a session ({error}): choose another folder", folder.display())
    };
    fs::create_dir_all(folder).map_err(|error| refused(&error))?;
    let lock = take_lock(folder)?.lock;
    let text = stored::text(session).map_err(|full| refused(&full))?;
    files::replace(&folder.join(FILE), text.as_bytes(), files::Readers::Owner).map_err(|error| refused(&error))?;
    fs::create_dir_all(folder.join(AUDIO)).map_err(|error| refused(&error))?;
    Ok(lock)
}

fn take_lock(folder: &Path) -> Result<AcquiredLock, String> {
    Lock::take(folder).map_err(|error| format!("{} is not opened: {error}", folder.display()))
}

#[cfg(test)]
mod tests;
