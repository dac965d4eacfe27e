//! Laws of held notes.

use super::*;

fn note(number: u8) -> Note {
    Note::new(number).unwrap()
}

fn words(commands: Vec<Command>) -> Vec<String> {
    commands.iter().map(Command::to_string).collect()
}

/// A piano with a clock that the test sets.
struct Player {
    piano: Piano,
    start: Instant,
}

impl Player {
    fn new() -> Player {
        Player { piano: Piano::default(), start: Instant::now() }
    }

    fn at(&self, ms: u64) -> Instant {
        self.start + Duration::from_millis(ms)
    }

    fn press(&mut self, key: char, number: u8, ms: u64) -> Vec<String> {
        words(self.piano.key(key, Phase::Press, note(number), 100, self.at(ms)))
    }

    fn release(&mut self, key: char, number: u8, ms: u64) -> Vec<String> {
        words(self.piano.key(key, Phase::Release, note(number), 100, self.at(ms)))
    }

    fn tick(&mut self, ms: u64) -> Vec<String> {
        words(self.piano.tick(self.at(ms)))
    }
}

#[test]
fn a_tapped_key_ends_without_a_repeat() {
    let mut player = Player::new();
    assert_eq!(player.press('z', 48, 0), ["note.on C3 100"]);
    assert_eq!(player.piano.deadline(), Some(player.at(600)));
    assert!(player.tick(599).is_empty());
    assert_eq!(player.tick(600), ["note.off C3"]);
    assert_eq!(player.piano.deadline(), None);
}

#[test]
fn a_repeated_key_sounds_until_the_repeats_end() {
    let mut player = Player::new();
    assert_eq!(player.press('z', 48, 0), ["note.on C3 100"]);
    for ms in (500..1500).step_by(33) {
        assert!(player.press('z', 48, ms).is_empty());
        assert!(player.tick(ms + 1).is_empty());
    }
    assert!(player.tick(1490 + 149).is_empty());
    assert_eq!(player.tick(1490 + 150), ["note.off C3"]);
}

#[test]
fn another_key_does_not_cut_the_first() {
    let mut player = Player::new();
    player.press('z', 48, 0);
    assert_eq!(player.press('c', 52, 100), ["note.on E3 100"]);
    assert_eq!(player.tick(600), ["note.off C3"]);
    assert_eq!(player.tick(700), ["note.off E3"]);
}

#[test]
fn a_key_pressed_again_too_soon_for_a_repeat_sounds_again() {
    let mut player = Player::new();
    player.press('z', 48, 0);
    assert_eq!(player.press('z', 48, 150), ["note.off C3", "note.on C3 100"]);
    assert_eq!(player.tick(750), ["note.off C3"]);
}

#[test]
fn reported_releases_end_notes_and_nothing_else_does() {
    let mut player = Player::new();
    player.press('z', 48, 0);
    assert_eq!(player.release('z', 48, 80), ["note.off C3"]);
    player.press('z', 48, 1000);
    assert_eq!(player.piano.deadline(), None);
    assert!(player.press('z', 48, 1100).is_empty(), "with reported releases, a press of a held key is a repeat");
    assert!(player.tick(99_000).is_empty());
    assert_eq!(player.release('z', 48, 99_001), ["note.off C3"]);
    assert!(player.release('z', 48, 99_002).is_empty());
}

#[test]
fn silence_ends_sounding_notes_even_after_a_change_of_octave() {
    let mut player = Player::new();
    player.press('z', 48, 0);
    player.press('q', 60, 0);
    assert_eq!(words(player.piano.silence()), ["note.off C3", "note.off C4"]);
    assert!(words(player.piano.silence()).is_empty());
}
