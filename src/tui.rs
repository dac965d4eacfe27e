//! The screen: draws the engine's status, and turns keys into commands. It holds no musical state.
//!
//! Three threads: the one that calls [`run`] keeps the state and draws; one reads the terminal; one waits for changes
//! of the window size. All events go through one bounded queue. The loop sleeps until an event comes, takes all events,
//! and draws at most once every [`frame_pacer::FRAME`], and only if something visible changed.

mod acts;
pub mod app;
pub mod frame_pacer;
pub mod input;
pub mod keys;
pub mod line;
pub mod messages;
pub mod panels;
pub mod piano;
pub mod screen;
pub mod strips;
pub mod terminal;
pub mod theme;
pub mod visible;
pub mod widgets;

use crate::{
    command::Command,
    config::home_folder,
    engine::station::{Answer, ENGINE_GONE, NotAsked, Station},
    status::{Event, Severity},
};
use app::{App, AppRequest};
use frame_pacer::FramePacer;
use input::Input;
use signal_hook::{
    consts::{SIGHUP, SIGWINCH},
    iterator::Signals,
};
use std::{
    io,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Receiver, RecvTimeoutError, SyncSender, TryRecvError},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};
use terminal::{Screen, StopReading};
use theme::Theme;
use visible::Visible;

/// Maximum events in the queue of the loop. Fast typing needs a few; when it is full the reader waits, and nothing is
/// lost.
const WAKES: usize = 256;
/// How long to wait for the terminal's last answer when the user leaves the screen.
const SETTLE: Duration = Duration::from_millis(500);

/// Options of the screen.
#[derive(Clone, Debug)]
pub struct TuiOptions {
    /// The theme.
    pub theme: Theme,
    /// The home folder, if there is one: shown as `~` on the message line, which has no room for long paths.
    pub home: Option<PathBuf>,
    /// Whether it is attached to a station in another process; then leaving ends only the screen.
    pub attached: bool,
    /// Whether the user can leave the screen while the station goes on.
    pub can_detach: bool,
    /// Notices for the message line, such as faults found at the start.
    pub notices: Vec<(Severity, String)>,
}

impl TuiOptions {
    /// The built-in theme, without colours if the environment has `NO_COLOR`.
    pub fn from_environment() -> TuiOptions {
        TuiOptions {
            theme: terminal::theme_for_environment(),
            home: home_folder(),
            attached: false,
            can_detach: false,
            notices: Vec::new(),
        }
    }
}

/// Why there is no screen, or why it ended.
#[derive(Debug, thiserror::Error)]
pub enum TuiError {
    /// Input or output is a file or a pipe. Nothing was started.
    #[error(
        "the screen needs a terminal; without one, use `busker run SCRIPT` to play a script or `busker record` to \
         record"
    )]
    NoTerminal,
    /// The terminal, or a thread to read it, is not available. The terminal is unchanged.
    #[error("the terminal cannot be used: {0}")]
    Refused(#[source] io::Error),
    /// The engine ended without a `quit` event.
    #[error("{ENGINE_GONE}")]
    EngineGone,
}

/// Why the screen ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// The engine ends.
    Ended,
    /// The user left the screen, and the engine plays on.
    Detached,
    /// The terminal went away, as when an SSH connection breaks. The engine plays on.
    Lost,
}

/// Why the loop ends.
enum Over {
    Left(Left),
    EngineGone,
}

impl From<io::Error> for Over {
    /// An error of the terminal.
    fn from(error: io::Error) -> Over {
        tracing::info!(%error, "the terminal disconnected");
        Over::Left(Left::Lost)
    }
}

/// An event that wakes the loop.
enum Wake {
    Input(Input),
    Lost(io::Error),
    Resized,
    HungUp,
    /// A new status or event; several of them while the loop is busy count as one.
    Engine,
    Answer(Answer),
}

/// Whether there is a terminal for a screen; check this before starting an engine for it.
///
/// # Errors
/// [`TuiError::NoTerminal`].
pub fn check_terminal() -> Result<(), TuiError> {
    if terminal::is_there() { Ok(()) } else { Err(TuiError::NoTerminal) }
}

/// Shows the screen until the user leaves it or the engine ends. Blocks the calling thread; the terminal is restored on
/// every way out, unwinding included, and text typed after that is not read.
///
/// # Errors
/// [`TuiError::NoTerminal`] at once; the others when they happen.
pub fn run(station: &Station, options: TuiOptions) -> Result<Left, TuiError> {
    check_terminal()?;
    let (sender, wakes) = mpsc::sync_channel(WAKES);
    let woken = Arc::new(AtomicBool::new(false));
    let events = subscribe(station, &sender, &woken);
    let mut app = App::new().at_home(options.home.as_deref()).leaving(options.attached, options.can_detach);
    app.begin(options.notices);
    // Before anything is drawn: a lost connection must not end the program.
    let signals = Signals::new([SIGWINCH, SIGHUP]).map_err(TuiError::Refused)?;
    let screen = Screen::open().map_err(TuiError::Refused)?;
    let visible = Visible::of(&station.status());
    let mut show = Show {
        station,
        app,
        screen,
        theme: options.theme,
        visible,
        pacer: FramePacer::default(),
        sender: sender.clone(),
    };
    // Draws the first frame at once: the threads below take time to start.
    let begun = show.resize().and_then(|()| show.draw(Instant::now()));
    let _listening = Listening(signals.handle());
    listen(signals, sender.clone()).map_err(TuiError::Refused)?;
    let reading = Reading::start(sender).map_err(TuiError::Refused)?;
    let over = begun.and_then(|()| show.until_left(&wakes, &events, &woken));
    if over.as_ref().is_ok_and(|left| *left != Left::Lost) || matches!(over, Err(Over::Left(Left::Detached))) {
        show.settle(&wakes);
    }
    // A reader that waits for room in the queue must not wait for ever.
    drop(wakes);
    drop(reading);
    match over {
        Ok(left) | Err(Over::Left(left)) => Ok(left),
        Err(Over::EngineGone) => Err(TuiError::EngineGone),
    }
}

fn subscribe(station: &Station, sender: &SyncSender<Wake>, woken: &Arc<AtomicBool>) -> Receiver<Event> {
    let (sender, woken) = (sender.clone(), Arc::clone(woken));
    station.subscribe(move || {
        // Called on the control thread: never waits. If the queue is full, the loop is awake anyway.
        if !woken.swap(true, Ordering::AcqRel) && sender.try_send(Wake::Engine).is_err() {
            woken.store(false, Ordering::Release);
        }
    })
}

/// The thread that reads the terminal. Dropping this ends it.
struct Reading {
    stop: StopReading,
    thread: Option<JoinHandle<()>>,
}

impl Reading {
    fn start(sender: SyncSender<Wake>) -> io::Result<Reading> {
        let (reader, stop) = terminal::reader()?;
        let tell = move |input: io::Result<Input>| sender.send(input.map_or_else(Wake::Lost, Wake::Input)).is_ok();
        let thread = thread::Builder::new().name("busker-keys".to_owned()).spawn(move || reader.run(tell))?;
        Ok(Reading { stop, thread: Some(thread) })
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        self.stop.stop();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn listen(mut signals: Signals, sender: SyncSender<Wake>) -> io::Result<()> {
    let forward = move || {
        for signal in signals.forever() {
            let wake = if signal == SIGHUP { Wake::HungUp } else { Wake::Resized };
            if sender.send(wake).is_err() {
                return;
            }
        }
    };
    thread::Builder::new().name("busker-window".to_owned()).spawn(forward).map(drop)
}

/// Ends the thread that waits for changes of the window size.
struct Listening(signal_hook::iterator::Handle);

impl Drop for Listening {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// The state of the loop.
struct Show<'a> {
    station: &'a Station,
    app: App,
    screen: Screen,
    theme: Theme,
    visible: Visible,
    pacer: FramePacer,
    sender: SyncSender<Wake>,
}

impl Show<'_> {
    fn until_left(
        &mut self,
        wakes: &Receiver<Wake>,
        events: &Receiver<Event>,
        woken: &AtomicBool,
    ) -> Result<Left, Over> {
        let mut changed = false;
        loop {
            let now = Instant::now();
            let next = [self.app.deadline(), self.pacer.due(now, changed)].into_iter().flatten().min();
            let first = match next {
                None => wakes.recv().map_err(|_| Over::EngineGone).map(Some)?,
                Some(until) => match wakes.recv_timeout(until.saturating_duration_since(now)) {
                    Ok(wake) => Some(wake),
                    Err(RecvTimeoutError::Timeout) => None,
                    Err(RecvTimeoutError::Disconnected) => return Err(Over::EngineGone),
                },
            };
            let now = Instant::now();
            for wake in first.into_iter().chain(wakes.try_iter()) {
                self.wake(wake, now, woken)?;
            }
            let ended = self.app.tick(now);
            self.ask(ended)?;
            if self.hear(events)? {
                return Ok(Left::Ended);
            }
            let visible = self.visible.next(&self.station.status());
            if visible != self.visible {
                self.visible = visible;
                changed = true;
            }
            changed |= self.app.take_changed();
            if self.pacer.due(now, changed).is_some_and(|due| due <= now) {
                self.draw(now)?;
                changed = false;
            }
        }
    }

    fn wake(&mut self, wake: Wake, now: Instant, woken: &AtomicBool) -> Result<(), Over> {
        let requests = match wake {
            Wake::Input(Input::Stroke(stroke)) => {
                let status = self.station.status();
                self.app.key(stroke, now, &status)
            }
            Wake::Input(Input::Paste(text)) => {
                self.app.paste(&text);
                Vec::new()
            }
            Wake::Input(Input::FocusLost) => self.app.focus_lost(),
            Wake::Input(Input::CanTellReleases) => {
                self.screen.ask_for_releases()?;
                Vec::new()
            }
            Wake::Input(Input::HasDrawn) => {
                self.pacer.answered();
                Vec::new()
            }
            Wake::Lost(error) => return Err(error.into()),
            Wake::HungUp => return Err(Over::Left(Left::Lost)),
            Wake::Resized => {
                self.resize()?;
                Vec::new()
            }
            Wake::Engine => {
                // From here on a new wake counts; the status and events are read after this.
                woken.store(false, Ordering::Release);
                Vec::new()
            }
            Wake::Answer(answer) => {
                self.app.answer(answer);
                Vec::new()
            }
        };
        self.ask(requests)
    }

    /// Sends requests to the engine. A typed command waits for its answer on a thread of its own: a sentence such as
    /// the one of `record.status` comes only as an answer, and opening a take may need the disk.
    fn ask(&mut self, requests: Vec<AppRequest>) -> Result<(), Over> {
        for request in requests {
            match request {
                AppRequest::Tell(command) => match self.station.send(command) {
                    Ok(()) => {}
                    Err(NotAsked::Gone) => return Err(Over::EngineGone),
                    Err(busy) => self.app.say(Severity::Error, busy.to_string()),
                },
                AppRequest::Ask(command) => self.ask_aside(command),
                AppRequest::Detach => return Err(Over::Left(Left::Detached)),
            }
        }
        Ok(())
    }

    fn ask_aside(&mut self, command: Command) {
        let (station, sender) = (self.station.clone(), self.sender.clone());
        let wait = move || {
            // Sending fails only when the screen has ended, and then the answer is not needed.
            let _ = sender.send(Wake::Answer(station.ask(command)));
        };
        if let Err(error) = thread::Builder::new().name("busker-ask".to_owned()).spawn(wait) {
            self.app.say(Severity::Error, format!("not done: the system has no thread left: {error}"));
        }
    }

    /// Waits for the terminal's last answer, so that the shell does not read it as input; bounded.
    fn settle(&self, wakes: &Receiver<Wake>) {
        let Some(until) = self.pacer.answer_due() else { return };
        let until = until.min(Instant::now() + SETTLE);
        while let Ok(wake) = wakes.recv_timeout(until.saturating_duration_since(Instant::now())) {
            if matches!(wake, Wake::Input(Input::HasDrawn) | Wake::Lost(_) | Wake::HungUp) {
                return;
            }
        }
    }

    /// Takes all events; true if the engine ends.
    fn hear(&mut self, events: &Receiver<Event>) -> Result<bool, Over> {
        loop {
            match events.try_recv() {
                Ok(Event::Quit) => return Ok(true),
                Ok(event) => self.app.event(&event),
                Err(TryRecvError::Empty) => return Ok(false),
                Err(TryRecvError::Disconnected) => return Err(Over::EngineGone),
            }
        }
    }

    fn resize(&mut self) -> Result<(), Over> {
        let (columns, rows) = self.screen.size()?;
        self.app.resized(columns, rows);
        Ok(())
    }

    fn draw(&mut self, now: Instant) -> Result<(), Over> {
        self.pacer.drawn(now);
        let drawn = if self.app.take_redraw() { self.screen.wipe() } else { Ok(()) };
        let (app, visible, theme) = (&self.app, &self.visible, &self.theme);
        Ok(drawn.and_then(|()| self.screen.draw(|frame| screen::draw(app, visible, theme, frame)))?)
    }
}

impl Drop for Show<'_> {
    /// Ends held notes: their keys can no longer be released.
    fn drop(&mut self) {
        for request in self.app.silence() {
            if let AppRequest::Tell(command) = request {
                // If the engine has ended, it has silenced all notes itself.
                let _ = self.station.send(command);
            }
        }
    }
}
