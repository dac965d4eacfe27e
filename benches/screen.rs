//! Measures a frame: the decision whether to draw, and a full draw, in the smallest window and in a large one.

#![allow(clippy::unwrap_used)]

#[path = "../tests/common/status.rs"]
mod statuses;

use busker::{
    keymap::{Phase, Stroke},
    tui::{app::App, screen, theme::Theme, visible::Visible},
};
use criterion::{Criterion, criterion_group, criterion_main};
use ratatui::{Terminal, backend::TestBackend};
use std::{hint::black_box, time::Instant};

fn decide(criterion: &mut Criterion) {
    let (rest, work) = (statuses::at_rest(), statuses::at_work());
    let seen = Visible::of(&rest);
    criterion.bench_function("screen/is_there_anything_new", |bench| {
        bench.iter(|| black_box(seen.next(black_box(&rest))) == seen);
    });
    criterion.bench_function("screen/something_is_new", |bench| {
        bench.iter(|| black_box(seen.next(black_box(&work))) == seen);
    });
}

fn draw(criterion: &mut Criterion) {
    let theme = Theme::built_in();
    let play = [Visible::of(&statuses::at_work()), Visible::of(&statuses::overloaded())];
    let midi = [Visible::of(&statuses::with_ports()), Visible::of(&statuses::midi_in_trouble())];
    let moving = [Visible::of(&statuses::at_work()), Visible::of(&statuses::in_motion())];
    let takes = [Visible::of(&statuses::with_takes()), Visible::of(&statuses::with_a_take_heard())];
    for (width, height) in [(80, 24), (200, 60)] {
        for (name, key, seen) in [
            ("play", "esc", &play),
            ("help", "?", &play),
            ("midi", "f2", &midi),
            ("takes", "f10", &takes),
            ("moving", "esc", &moving),
            ("find", "/", &moving),
        ] {
            let mut app = App::new();
            app.resized(width, height);
            app.key(Stroke { key: key.parse().unwrap(), phase: Phase::Press }, Instant::now(), &seen[0]);
            let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
            let mut at = 0;
            criterion.bench_function(&format!("screen/draw/{name}/{width}x{height}"), |bench| {
                bench.iter(|| {
                    at = 1 - at;
                    terminal.draw(|frame| screen::draw(&app, &seen[at], &theme, frame)).unwrap();
                });
            });
        }
    }
}

criterion_group!(benches, decide, draw);
criterion_main!(benches);
