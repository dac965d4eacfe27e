//! The two rows of piano keys on a computer keyboard. Pure.

/// The keys that play notes, each with its semitones above the C of the octave, by position on a US keyboard.
///
/// The lower row is an octave from `z`, the upper one starts an octave higher at `q`. Punctuation stays free for
/// octave, velocity and tempo.
pub const NOTE_KEYS: [(char, u8); 29] = [
    ('z', 0),
    ('s', 1),
    ('x', 2),
    ('d', 3),
    ('c', 4),
    ('v', 5),
    ('g', 6),
    ('b', 7),
    ('h', 8),
    ('n', 9),
    ('j', 10),
    ('m', 11),
    ('q', 12),
    ('2', 13),
    ('w', 14),
    ('3', 15),
    ('e', 16),
    ('r', 17),
    ('5', 18),
    ('t', 19),
    ('6', 20),
    ('y', 21),
    ('7', 22),
    ('u', 23),
    ('i', 24),
    ('9', 25),
    ('o', 26),
    ('0', 27),
    ('p', 28),
];

/// Semitones above the C of the octave, if the key plays a note. Upper case plays, too: caps lock must not mute the
/// keyboard.
pub fn semitones(c: char) -> Option<u8> {
    let c = c.to_ascii_lowercase();
    NOTE_KEYS.iter().find(|(key, _)| *key == c).map(|(_, semitones)| *semitones)
}
