//! Fits text into a given width: cut and padded; formats times and sizes. Pure.

use ratatui::text::Span;

/// The cells of a text.
pub fn width(text: &str) -> usize {
    Span::raw(text).width()
}

/// The text in at most `cells`; `…` replaces the end if it is too long.
pub fn cut(text: &str, cells: usize) -> String {
    if width(text) <= cells {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut used = 0;
    for c in text.chars() {
        let more = width(c.encode_utf8(&mut [0; 4]));
        if used + more >= cells {
            break;
        }
        used += more;
        kept.push(c);
    }
    if cells > 0 {
        kept.push('…');
    }
    kept
}

/// The text in two parts: as many words as fit into `cells`, and the rest.
pub fn wrap(text: &str, cells: usize) -> (&str, &str) {
    let ends = text.match_indices(' ').map(|(at, _)| at).chain([text.len()]);
    match ends.take_while(|at| width(&text[..*at]) <= cells).last() {
        Some(at) => (&text[..at], text[at..].trim_start()),
        None => ("", text),
    }
}

/// The text in exactly `cells`, to the left.
pub fn left(text: &str, cells: usize) -> String {
    let text = cut(text, cells);
    let spaces = cells.saturating_sub(width(&text));
    text + &" ".repeat(spaces)
}

/// The text in exactly `cells`, to the right.
pub fn right(text: &str, cells: usize) -> String {
    let text = cut(text, cells);
    " ".repeat(cells.saturating_sub(width(&text))) + &text
}

/// A path in at most `cells`; its beginning is cut off, because takes differ at the end.
pub fn path(path: &std::path::Path, cells: usize) -> String {
    end(&path.display().to_string(), cells)
}

/// The text in at most `cells`; its beginning is cut off.
pub fn end(text: &str, cells: usize) -> String {
    if width(text) <= cells {
        return text.to_owned();
    }
    let mut tail: Vec<char> = Vec::new();
    let mut used = 1;
    for c in text.chars().rev() {
        used += width(c.encode_utf8(&mut [0; 4]));
        if used > cells {
            break;
        }
        tail.push(c);
    }
    std::iter::once('…').chain(tail.into_iter().rev()).take(cells).collect()
}

/// `00:23.4`, and from an hour on `1:00:23.4`.
pub fn song_time(seconds: f64) -> String {
    let tenths = (seconds.max(0.0) * 10.0 + 1e-6) as u64;
    let (minutes, tenths) = (tenths / 600, tenths % 600);
    let (hours, minutes) = (minutes / 60, minutes % 60);
    let hours = if hours > 0 { format!("{hours}:") } else { String::new() };
    format!("{hours}{minutes:02}:{:02}.{}", tenths / 10, tenths % 10)
}

/// `00:01:23`.
pub fn take_time(seconds: f64) -> String {
    let seconds = seconds.max(0.0) as u64;
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// `12.3 GB` or `345 MB`.
pub fn size(bytes: u64) -> String {
    match bytes {
        1_000_000_000.. => format!("{:.1} GB", bytes as f64 / 1e9),
        _ => format!("{} MB", bytes / 1_000_000),
    }
}

/// `23 h`, `84 min` or `40 s`.
pub fn duration(seconds: u64) -> String {
    match seconds {
        7200.. => format!("{} h", seconds / 3600),
        120.. => format!("{} min", seconds / 60),
        _ => format!("{seconds} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn texts_take_exactly_their_cells() {
        for text in ["", "a", "cutoff", "early reflections", "日本語のシンセ", "ünï"] {
            for cells in 0..20 {
                assert_eq!(width(&left(text, cells)), cells, "{text} {cells}");
                assert_eq!(width(&right(text, cells)), cells, "{text} {cells}");
                assert!(width(&path(Path::new(text), cells)) <= cells, "{text} {cells}");
            }
        }
        assert_eq!(cut("early reflections", 7), "early …");
        assert_eq!(path(Path::new("/home/me/Music/jam.wav"), 10), "…c/jam.wav");
        assert_eq!(end("recording_1", 5), "…ng_1");
    }

    #[test]
    fn a_text_is_wrapped_between_words_and_no_word_is_lost() {
        assert_eq!(wrap("the disk is full", 11), ("the disk is", "full"));
        assert_eq!(wrap("the disk is full", 10), ("the disk", "is full"));
        assert_eq!(wrap("the disk is full", 16), ("the disk is full", ""));
        assert_eq!(wrap("/a/long/path", 5), ("", "/a/long/path"));
    }

    #[test]
    fn times_and_sizes_are_written_in_the_usual_form() {
        assert_eq!(song_time(23.4), "00:23.4");
        assert_eq!(song_time(3600.0 + 23.45), "1:00:23.4");
        assert_eq!(song_time(-1.0), "00:00.0");
        assert_eq!(take_time(83.9), "00:01:23");
        assert_eq!(size(12_345_000_000), "12.3 GB");
        assert_eq!(size(345_000_000), "345 MB");
        assert_eq!((duration(84_000), duration(5040), duration(40)), ("23 h".into(), "84 min".into(), "40 s".into()));
    }
}
