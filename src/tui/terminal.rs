//! The terminal's edge: the only place that knows crossterm. It is taken over while a [`Screen`] lives.

use super::{
    input::{Decoder, Input},
    theme::Theme,
};
use crossterm::{
    event::{
        DisableBracketedPaste, DisableFocusChange, EnableBracketedPaste, EnableFocusChange, KeyboardEnhancementFlags,
        PopKeyboardEnhancementFlags, PushKeyboardEnhancementFlags,
    },
    execute, queue,
    style::Print,
    terminal::{
        BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen, SetTitle,
        disable_raw_mode, enable_raw_mode,
    },
};
use ratatui::{Frame, Terminal, backend::CrosstermBackend, layout::Rect};
use rustix::{
    event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll},
    io::Errno,
};
use std::{
    io::{self, BufWriter, ErrorKind, IsTerminal, Stdout, Write},
    mem::ManuallyDrop,
    os::fd::OwnedFd,
    sync::Arc,
    time::{Duration, Instant},
};

/// Bytes of a frame that go out in one write: more than a full redraw of a large window.
const FRAME_BYTES: usize = 64 * 1024;
/// Bytes of input taken in one read.
const INPUT_BYTES: usize = 1024;
/// Asks whether the terminal knows the kitty keyboard protocol; those that do answer, the others stay silent.
const ASK_FOR_RELEASES: &str = "\x1b[?u";
/// Asks a terminal for its status: the answer comes after all that was sent before it (DSR 5, ECMA-48 8.3.35).
const ASK_WHEN_DRAWN: &str = "\x1b[5n";

/// Gives a terminal back that a [`Screen`] had and could not give back itself: keyboard protocol, synchronized output,
/// focus, paste, the other page, the cursor.
pub const GIVE_BACK: &str = "\x1b[<1u\x1b[?2026l\x1b[?1004l\x1b[?2004l\x1b[?1049l\x1b[?25h";

/// Whether a person can be shown a screen, and can answer.
pub fn is_there() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}

/// The terminal, taken over. Dropped on any way out, it is given back as it was.
pub struct Screen {
    /// Never dropped: it would say on the standard error that it cannot show the cursor, and where the terminal is gone
    /// that is the end of the program.
    terminal: ManuallyDrop<Terminal<CrosstermBackend<BufWriter<Stdout>>>>,
    releases_asked: bool,
}

impl Screen {
    /// Takes the terminal over.
    ///
    /// # Errors
    /// Where the terminal refuses; it is as it was.
    pub fn open() -> io::Result<Screen> {
        enable_raw_mode()?;
        let backend = CrosstermBackend::new(BufWriter::with_capacity(FRAME_BYTES, io::stdout()));
        let terminal = match Terminal::new(backend) {
            Ok(terminal) => terminal,
            Err(error) => {
                disable_raw_mode()?;
                return Err(error);
            }
        };
        let mut screen = Screen { terminal: ManuallyDrop::new(terminal), releases_asked: false };
        execute!(
            screen.terminal.backend_mut(),
            EnterAlternateScreen,
            SetTitle("busker"),
            EnableBracketedPaste,
            EnableFocusChange,
            Print(ASK_FOR_RELEASES)
        )?;
        screen.wipe()?;
        Ok(screen)
    }

    /// Draws a frame, and asks the terminal to say when it has; what is the same as before is not written again.
    ///
    /// # Errors
    /// Where the terminal is gone.
    pub fn draw(&mut self, picture: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        queue!(self.terminal.backend_mut(), BeginSynchronizedUpdate)?;
        self.terminal.draw(picture)?;
        execute!(self.terminal.backend_mut(), EndSynchronizedUpdate, Print(ASK_WHEN_DRAWN))
    }

    /// Forgets what is on the terminal, so that the next frame is written whole.
    ///
    /// # Errors
    /// Where the terminal is gone.
    pub fn wipe(&mut self) -> io::Result<()> {
        // Not `Terminal::clear`: that asks the terminal where its cursor is, and the answer would go to our reader.
        let (columns, rows) = self.size()?;
        self.terminal.resize(Rect::new(0, 0, columns, rows))
    }

    /// Columns and rows.
    ///
    /// # Errors
    /// Where the terminal is gone.
    pub fn size(&self) -> io::Result<(u16, u16)> {
        self.terminal.size().map(|size| (size.width, size.height))
    }

    /// Asks for releases; the terminal said that it can tell them.
    ///
    /// # Errors
    /// Where the terminal is gone.
    pub fn ask_for_releases(&mut self) -> io::Result<()> {
        if self.releases_asked {
            return Ok(());
        }
        self.releases_asked = true;
        let flags = KeyboardEnhancementFlags::DISAMBIGUATE_ESCAPE_CODES | KeyboardEnhancementFlags::REPORT_EVENT_TYPES;
        execute!(self.terminal.backend_mut(), PushKeyboardEnhancementFlags(flags))
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // A terminal that is gone needs nothing back; there is nobody to tell.
        if self.releases_asked {
            let _ = queue!(self.terminal.backend_mut(), PopKeyboardEnhancementFlags);
        }
        // A frame that was broken off leaves the terminal waiting for its end.
        let _ = queue!(
            self.terminal.backend_mut(),
            EndSynchronizedUpdate,
            DisableFocusChange,
            DisableBracketedPaste,
            LeaveAlternateScreen
        );
        let _ = self.terminal.show_cursor();
        let _ = self.terminal.backend_mut().flush();
        let _ = disable_raw_mode();
    }
}

/// Ends the reading of the terminal.
pub struct StopReading(Arc<OwnedFd>);

impl StopReading {
    /// From now on nothing more is read: what is typed belongs to somebody else.
    pub fn stop(&self) {
        // An event's counter takes any number of ones.
        let _ = rustix::io::write(&self.0, &1u64.to_ne_bytes());
    }
}

/// What reads the terminal, and what ends that.
///
/// # Errors
/// The system has no more files.
pub fn reader() -> io::Result<(TerminalReader, StopReading)> {
    let stop = Arc::new(eventfd(0, EventfdFlags::CLOEXEC)?);
    Ok((TerminalReader { stop: Arc::clone(&stop) }, StopReading(stop)))
}

/// Reads the terminal, on a thread of its own.
pub struct TerminalReader {
    stop: Arc<OwnedFd>,
}

impl TerminalReader {
    /// Reads until the terminal ends or it is told to stop; `tell` says whether anyone still listens.
    pub fn run(self, mut tell: impl FnMut(io::Result<Input>) -> bool) {
        let mut bytes = [0; INPUT_BYTES];
        let mut decoder = Decoder::default();
        // Since when something is half that takes keys for its own.
        let mut half_since: Option<Instant> = None;
        loop {
            let mut inputs = match self.read(&mut bytes, decoder.patience()) {
                Ok(Came::Stop) => return,
                Ok(Came::Bytes(0)) => {
                    tell(Err(ErrorKind::UnexpectedEof.into()));
                    return;
                }
                Ok(Came::Bytes(count)) => {
                    half_since = half_since.filter(|_| !decoder.goes_on_with(count));
                    decoder.feed(&bytes[..count])
                }
                Ok(Came::Nothing) => decoder.pause(),
                Err(Errno::INTR | Errno::AGAIN) => continue,
                Err(error) => {
                    tell(Err(error.into()));
                    return;
                }
            };
            half_since = decoder.longest().map(|_| half_since.unwrap_or_else(Instant::now));
            if half_since.is_some_and(|since| decoder.longest().is_some_and(|longest| since.elapsed() > longest)) {
                inputs.extend(decoder.pause());
                half_since = None;
            }
            for input in inputs {
                if !tell(Ok(input)) {
                    return;
                }
            }
        }
    }

    fn read(&self, bytes: &mut [u8], patience: Option<Duration>) -> rustix::io::Result<Came> {
        let stdin = io::stdin();
        let mut waiting = [PollFd::new(&self.stop, PollFlags::IN), PollFd::new(&stdin, PollFlags::IN)];
        let patience = patience.and_then(|patience| Timespec::try_from(patience).ok());
        if poll(&mut waiting, patience.as_ref())? == 0 {
            return Ok(Came::Nothing);
        }
        if !waiting[0].revents().is_empty() {
            return Ok(Came::Stop);
        }
        rustix::io::read(&stdin, bytes).map(Came::Bytes)
    }
}

/// What the reader waited for.
enum Came {
    /// This many bytes; the end where they are none.
    Bytes(usize),
    /// Nothing for as long as was asked.
    Nothing,
    /// The word to stop.
    Stop,
}

/// The built-in theme, as the environment asks for it: without colours where `NO_COLOR` is set and not empty.
pub fn theme_for_environment() -> Theme {
    let theme = Theme::built_in();
    match std::env::var_os("NO_COLOR") {
        Some(value) if !value.is_empty() => theme.without_colours(),
        _ => theme,
    }
}
