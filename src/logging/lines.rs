//! Log lines on their way to the file: any thread passes them on without waiting, one thread writes them.
//!
//! Notices and the MIDI port thread, which runs under SCHED_FIFO, write log lines. A full or slow disk must not stop
//! them, and nor must another thread that writes. Lines that find no room are dropped and counted, and the count is
//! written to the file.

use std::{
    io::{self, Write},
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
        mpsc::{self, Receiver, SyncSender},
    },
    thread,
    time::{Duration, Instant},
};

/// Maximum lines that wait.
const LINES: usize = 1024;
/// How often a thread that waits for the file looks again.
const LOOK: Duration = Duration::from_millis(1);

/// Takes lines. Realtime: allocates, but never waits for the disk.
#[derive(Debug)]
pub struct Lines {
    waiting: SyncSender<Vec<u8>>,
    tally: Arc<Tally>,
}

/// Counts of the lines. Relaxed atomics: the numbers are independent.
#[derive(Debug, Default)]
struct Tally {
    /// Passed on and not written yet.
    waiting: AtomicUsize,
    /// Dropped, and not yet reported in the file.
    lost: AtomicU64,
}

/// Writes lines to a file.
struct LineWriter<F> {
    lines: Receiver<Vec<u8>>,
    tally: Arc<Tally>,
    file: F,
}

fn lines<F: Write>(file: F, room: usize) -> (Lines, LineWriter<F>) {
    let (waiting, lines) = mpsc::sync_channel(room);
    let tally = Arc::<Tally>::default();
    (Lines { waiting, tally: Arc::clone(&tally) }, LineWriter { lines, tally, file })
}

impl Lines {
    /// Lines that a thread of their own writes to this file until the program ends.
    ///
    /// # Errors
    /// The system has no more threads.
    pub fn into(file: impl Write + Send + 'static) -> io::Result<Lines> {
        let (lines, mut writer) = lines(file, LINES);
        thread::Builder::new().name("log".into()).spawn(move || {
            while let Ok(line) = writer.lines.recv() {
                writer.write(&line);
            }
        })?;
        Ok(lines)
    }

    /// Waits until every line is in the file, at most `patience`.
    pub fn wait(&self, patience: Duration) {
        let begun = Instant::now();
        while self.tally.waiting.load(Ordering::Relaxed) > 0 && begun.elapsed() < patience {
            thread::sleep(LOOK);
        }
    }
}

impl Write for &Lines {
    /// One call is one line; it never fails.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.tally.waiting.fetch_add(1, Ordering::Relaxed);
        if self.waiting.try_send(line.to_vec()).is_err() {
            self.tally.waiting.fetch_sub(1, Ordering::Relaxed);
            self.tally.lost.fetch_add(1, Ordering::Relaxed);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<F: Write> LineWriter<F> {
    fn write(&mut self, line: &[u8]) {
        // A file that refuses a line may take the next one; the error cannot be reported anywhere.
        let _ = self.file.write_all(line);
        let lost = self.tally.lost.swap(0, Ordering::Relaxed);
        if lost > 0 {
            let _ =
                writeln!(self.file, "about {lost} lines are missing here: they came faster than the disk wrote them");
        }
        self.tally.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stalled_disk_stops_no_thread_and_lost_lines_are_counted() {
        let (lines, mut writer) = lines(Vec::new(), 3);
        let log = |line: &str| (&lines).write_all(line.as_bytes()).unwrap();
        (0..10).for_each(|n| log(&format!("line {n}\n")));
        while let Ok(line) = writer.lines.try_recv() {
            writer.write(&line);
        }
        log("later\n");
        let last = writer.lines.try_recv().unwrap();
        writer.write(&last);
        let written = String::from_utf8(writer.file).unwrap();
        let written: Vec<&str> = written.lines().collect();
        assert_eq!(written[0], "line 0");
        assert!(written[1].starts_with("about 7 lines are missing here"), "{written:?}");
        assert_eq!(written[2..], ["line 1", "line 2", "later"]);
    }

    #[test]
    fn every_line_is_in_the_file_when_waiting_for_it_is_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let lines = Lines::into(std::fs::File::create(&path).unwrap()).unwrap();
        for n in 0..LINES {
            (&lines).write_all(format!("{n}\n").as_bytes()).unwrap();
        }
        lines.wait(Duration::from_secs(60));
        let written = std::fs::read_to_string(path).unwrap();
        assert_eq!(written.lines().count(), LINES);
    }
}
