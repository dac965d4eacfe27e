//! The terminal: the only module that uses crossterm. A [`Screen`] takes the terminal over while it lives.

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

/// Bytes of a frame in one write: more than a full redraw of a large window.
const FRAME_BYTES: usize = 64 * 1024;
/// Bytes of input in one read.
const INPUT_BYTES: usize = 1024;
/// The query for the kitty keyboard protocol; terminals that support it answer, the others stay silent.
const ASK_FOR_RELEASES: &str = "\x1b[?u";
/// The status query: the answer comes after all output before it (DSR 5, ECMA-48 8.3.35).
const ASK_WHEN_DRAWN: &str = "\x1b[5n";

/// Restores a terminal that a [`Screen`] did not restore itself: keyboard protocol, synchronized output, focus, paste,
/// the other page, the cursor.
pub const GIVE_BACK: &str = "\x1b[<1u\x1b[?2026l\x1b[?1004l\x1b[?2004l\x1b[?1049l\x1b[?25h";

/// Whether there is a terminal for output and input.
pub fn is_there() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}

/// The terminal, taken over. Dropping it on any way out restores the terminal.
pub struct Screen {
    /// Never dropped: its drop would print to the standard error that it cannot show the cursor, and if the terminal is
    /// gone that ends the program.
    terminal: ManuallyDrop<Terminal<CrosstermBackend<BufWriter<Stdout>>>>,
    releases_asked: bool,
}

impl Screen {
    /// Takes the terminal over.
    ///
    /// # Errors
    /// The terminal refuses; it is unchanged.
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

    /// Draws a frame, and requests a report when the terminal has drawn it; unchanged cells are not written again.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn draw(&mut self, picture: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        queue!(self.terminal.backend_mut(), BeginSynchronizedUpdate)?;
        self.terminal.draw(picture)?;
        execute!(self.terminal.backend_mut(), EndSynchronizedUpdate, Print(ASK_WHEN_DRAWN))
    }

    /// Clears the terminal, so that the next frame is written completely.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn wipe(&mut self) -> io::Result<()> {
        // Not `Terminal::clear`: that queries the cursor position, and our reader would get the answer.
        let (columns, rows) = self.size()?;
        self.terminal.resize(Rect::new(0, 0, columns, rows))
    }

    /// Columns and rows.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn size(&self) -> io::Result<(u16, u16)> {
        self.terminal.size().map(|size| (size.width, size.height))
    }

    /// Switches key releases on; the terminal has reported that it supports them.
    ///
    /// # Errors
    /// The terminal is gone.
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
        // A terminal that is gone needs no restoring; errors cannot be shown.
        if self.releases_asked {
            let _ = queue!(self.terminal.backend_mut(), PopKeyboardEnhancementFlags);
        }
        // After a frame that was cut off, the terminal waits for its end.
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
    /// From now on nothing is read: typed text belongs to another program.
    pub fn stop(&self) {
        // The counter of an eventfd takes any number of ones.
        let _ = rustix::io::write(&self.0, &1u64.to_ne_bytes());
    }
}

/// The reader of the terminal, and the handle that stops it.
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
    /// Reads until the terminal ends or the handle stops it; `tell` returns false when no input is wanted any more.
    pub fn run(self, mut tell: impl FnMut(io::Result<Input>) -> bool) {
        let mut bytes = [0; INPUT_BYTES];
        let mut decoder = Decoder::default();
        // The time since an incomplete sequence could swallow typed keys.
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

/// The result of waiting for input.
enum Came {
    /// This many bytes; 0 at the end.
    Bytes(usize),
    /// Nothing within the time limit.
    Nothing,
    /// The handle stopped the reader.
    Stop,
}

/// The built-in theme, without colours if `NO_COLOR` is set and not empty.
pub fn theme_for_environment() -> Theme {
    let theme = Theme::built_in();
    match std::env::var_os("NO_COLOR") {
        Some(value) if !value.is_empty() => theme.without_colours(),
        _ => theme,
    }
}
