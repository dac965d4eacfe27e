//! The whole screen, drawn into memory: at 80x24, 160x48 and 200x60, at rest, at work and overloaded.

use crate::common::status as statuses;
use busker::{
    keymap::{Phase, Stroke},
    status::{MonitorStatus, MorphStatus, Severity, SourceStatus, Status, SyncState, TakesStatus, WaitsFor},
    tui::{app::App, screen, theme::Theme, visible::Visible},
};
use ratatui::{Terminal, backend::TestBackend, buffer::Buffer, style::Modifier};
use statuses::{
    at_rest, at_work, in_motion, measured, midi_in_trouble, overloaded, take_info, with, with_a_take_heard, with_ports,
    with_takes,
};
use std::time::Instant;

fn app() -> App {
    App::new()
}

fn press(app: &mut App, keys: &str, status: &Status) {
    for key in keys.split_whitespace() {
        app.key(Stroke { key: key.parse().unwrap(), phase: Phase::Press }, Instant::now(), status);
    }
}

fn type_in(app: &mut App, text: &str, status: &Status) {
    for c in text.chars() {
        let key = if c == ' ' { "space".to_owned() } else { c.to_string() };
        press(app, &key, status);
    }
}

fn buffer(app: &mut App, status: &Status, (width, height): (u16, u16)) -> Buffer {
    app.resized(width, height);
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    let (visible, theme) = (Visible::of(status), Theme::built_in());
    terminal.draw(|frame| screen::draw(app, &visible, &theme, frame)).unwrap();
    terminal.backend().buffer().clone()
}

fn rows(buffer: &Buffer) -> Vec<String> {
    let width = usize::from(buffer.area.width);
    let row = |cells: &[ratatui::buffer::Cell]| cells.iter().map(|cell| cell.symbol()).collect::<String>();
    buffer.content.chunks(width).map(|cells| row(cells).trim_end().to_owned()).collect()
}

fn drawn(app: &mut App, status: &Status, size: (u16, u16)) -> String {
    rows(&buffer(app, status, size)).join("\n")
}

const SMALL: (u16, u16) = (80, 24);
const MIDDLE: (u16, u16) = (160, 48);
const LARGE: (u16, u16) = (200, 60);

#[test]
fn at_rest_small() {
    insta::assert_snapshot!(drawn(&mut app(), &at_rest(), SMALL));
}

#[test]
fn at_rest_middle() {
    insta::assert_snapshot!(drawn(&mut app(), &at_rest(), MIDDLE));
}

fn app_at_work(status: &Status) -> App {
    let mut app = app();
    app.say(Severity::Info, "recording to /home/ada/Music/friday jam.wav");
    press(&mut app, "esc right right right right", status);
    app
}

#[test]
fn at_work_small() {
    let status = at_work();
    insta::assert_snapshot!(drawn(&mut app_at_work(&status), &status, SMALL));
}

#[test]
fn at_work_middle() {
    let status = at_work();
    insta::assert_snapshot!(drawn(&mut app_at_work(&status), &status, MIDDLE));
}

#[test]
fn at_work_large() {
    let status = at_work();
    insta::assert_snapshot!(drawn(&mut app_at_work(&status), &status, LARGE));
}

fn app_overloaded() -> App {
    let mut app = app();
    app.say(Severity::Warning, "the disk is nearly full");
    app.say(Severity::Error, "the audio device 'A very long name of an audio interface' went away; waiting for it");
    app.say(Severity::Info, "something less important");
    app.say(Severity::Warning, "and something in between");
    app
}

#[test]
fn overloaded_small() {
    insta::assert_snapshot!(drawn(&mut app_overloaded(), &overloaded(), SMALL));
}

#[test]
fn overloaded_middle() {
    insta::assert_snapshot!(drawn(&mut app_overloaded(), &overloaded(), MIDDLE));
}

#[test]
fn the_last_page_of_knobs() {
    let (mut app, status) = (app(), overloaded());
    press(&mut app, "shift-tab", &status);
    insta::assert_snapshot!(drawn(&mut app, &status, SMALL));
}

#[test]
fn the_device_and_the_ports_are_gone() {
    let mut status = at_rest();
    status.device.running = false;
    status.ports.clear();
    status.inputs.meters.clear();
    status.record.free_bytes = None;
    insta::assert_snapshot!(drawn(&mut app(), &status, SMALL));
}

const BROAD: (u16, u16) = (120, 40);

/// The MIDI view at three sizes, one below the other.
fn midi_views(status: &Status) -> String {
    let drawn = |size| {
        let mut app = app();
        press(&mut app, "tab right f2", status);
        drawn(&mut app, status, size)
    };
    [SMALL, BROAD, LARGE].map(drawn).join("\n\n")
}

#[test]
fn midi_at_rest() {
    let mut status = at_rest();
    *status.monitor = Some(MonitorStatus::default());
    insta::assert_snapshot!(midi_views(&status));
}

#[test]
fn midi_at_work() {
    insta::assert_snapshot!(midi_views(&with_ports()));
}

#[test]
fn midi_in_trouble_at_every_size() {
    insta::assert_snapshot!(midi_views(&midi_in_trouble()));
}

#[test]
fn the_midi_view_closes_to_the_knobs() {
    let (mut app, status) = (app(), with_ports());
    let knobs = drawn(&mut app, &status, SMALL);
    press(&mut app, "f2", &status);
    assert!(drawn(&mut app, &status, SMALL).contains("monitor · 3217 messages"));
    press(&mut app, "f2", &status);
    assert_eq!(drawn(&mut app, &status, SMALL), knobs);
}

#[test]
fn without_ports_the_midi_view_shows_what_to_do() {
    let (mut app, mut status) = (app(), at_rest());
    status.ports.clear();
    press(&mut app, "f2", &status);
    assert!(drawn(&mut app, &status, SMALL).contains("plug in an instrument"));
}

#[test]
fn a_knob_that_waits_for_a_controller() {
    let (mut app, mut status) = (app(), with_ports());
    press(&mut app, "tab right", &status);
    *status.learning = Some("param.set filter_cutoff".to_owned());
    insta::assert_snapshot!(drawn(&mut app, &status, SMALL));
    press(&mut app, "f2", &status);
    assert!(drawn(&mut app, &status, SMALL).contains("learn… Cutoff"));
    *status.learning = Some("transport.toggle".to_owned());
    for size in [SMALL, LARGE] {
        assert!(drawn(&mut app, &status, size).contains("learn… transport.toggle"));
    }
}

/// Modulated knobs, while automation is recorded and a morph is under way.
fn in_motion_armed() -> Status {
    let mut status = in_motion();
    status.automation.armed = true;
    *status.morph = Some(MorphStatus { name: "war_drums".to_owned(), percent: 42 });
    status
}

#[test]
fn what_moves_knobs_is_seen_on_them() {
    let drawn = |status: &Status, keys: &str, size| {
        let mut app = app();
        press(&mut app, keys, status);
        drawn(&mut app, status, size)
    };
    let (mut moving, armed) = (in_motion(), in_motion_armed());
    let mut pictures = vec![drawn(&moving, "right", SMALL), drawn(&armed, "tab right", SMALL)];
    pictures.push(drawn(&armed, "right right right right", BROAD));
    moving.automation.on = false;
    pictures.push(drawn(&moving, "right", LARGE));
    insta::assert_snapshot!(pictures.join("\n\n"));
}

#[test]
fn a_moved_knob_that_is_looked_for() {
    let status = in_motion_armed();
    let found = |size| {
        let mut app = app();
        press(&mut app, "/", &status);
        type_in(&mut app, "cut", &status);
        drawn(&mut app, &status, size)
    };
    insta::assert_snapshot!([SMALL, BROAD].map(found).join("\n\n"));
}

#[test]
fn the_rule_shows_the_modulation_of_the_focused_knob_and_what_is_under_way() {
    let mut status = in_motion();
    let rule = |status: &Status, keys: &str, size| {
        let mut app = app();
        press(&mut app, keys, status);
        let picture = drawn(&mut app, status, size);
        picture.lines().find(|line| line.starts_with("─ ")).unwrap().to_owned()
    };
    assert!(rule(&status, "right", SMALL).contains("~ lfo sine 1/4 depth 0.3"));
    assert!(rule(&status, "right", BROAD).contains("~ lfo sine 1/4 depth 0.3  » automated  knob 2 of 62"));
    assert!(!rule(&status, "right right", BROAD).contains('~'), "it has no modulation");
    assert!(!rule(&status, "", SMALL).contains("auto off"));
    status.automation.on = false;
    assert!(rule(&status, "", SMALL).contains("auto off"));
    status.params.automated.clear();
    assert!(!rule(&status, "", SMALL).contains("auto off"), "there is nothing to play");
    let armed = in_motion_armed();
    for keys in ["", "f2", "/"] {
        let rule = rule(&armed, keys, SMALL);
        assert!(rule.contains("● AUTO ARMED  → war_drums ██▌··· ") && rule.contains("42%"), "{rule}");
    }
}

#[test]
fn the_modulated_value_of_a_knob_has_a_look_of_its_own() {
    let (mut app, status) = (app(), in_motion());
    let buffer = buffer(&mut app, &status, SMALL);
    let moved = ratatui::style::Style::from(Theme::built_in().knobs.moved);
    let mut seen = 0;
    for cell in buffer.content.iter().filter(|cell| ["◆", "~"].contains(&cell.symbol())) {
        assert_eq!(Some(cell.fg), moved.fg, "{}", cell.symbol());
        seen += 1;
    }
    // Three modulated knobs on the page, each with its mark and its diamond, and the title shows the modulation of the
    // focused one.
    assert_eq!(seen, 7);
}

#[test]
fn modulation_is_shown_in_steps() {
    let mut status = in_motion();
    let seen = Visible::of(&status);
    let shape = status.params.profile.param_index("osc_shape").unwrap();
    let at = status.params.motion.iter().position(|motion| motion.param == shape).unwrap();
    let step = status.params.profile.params[shape].step(0, 1);
    status.params.motion[at].value = 9830 / step * step;
    let seen_there = seen.next(&status);
    status.params.motion[at].value += step / 4;
    assert_eq!(seen_there.next(&status), seen_there);
    status.params.motion[at].value += step;
    assert_ne!(seen_there.next(&status), seen_there);
    for (value, shown) in [(0, 0), (16383, 16383), (8192, 8192), (8200, 8192)] {
        status.params.motion[at].value = value;
        assert_eq!(Visible::of(&status).params.motion[at].value, shown);
    }
    status.params.motion[at].param = 1000;
    drawn(&mut app(), &status, SMALL);
}

#[test]
fn a_knob_is_looked_for() {
    let status = at_work();
    let found = |text: &str, size| {
        let mut app = app();
        press(&mut app, "tab right /", &status);
        type_in(&mut app, text, &status);
        press(&mut app, "down", &status);
        drawn(&mut app, &status, size)
    };
    let pictures = [found("", SMALL), found("dep", SMALL), found("dep", BROAD), found("xyzzy", SMALL)];
    insta::assert_snapshot!(pictures.join("\n\n"));
}

#[test]
fn a_search_from_the_midi_view_shows_the_knobs() {
    let (mut app, status) = (app(), with_ports());
    press(&mut app, "f2 /", &status);
    type_in(&mut app, "cut", &status);
    assert!(drawn(&mut app, &status, SMALL).contains("▸Cutoff"));
    press(&mut app, "enter", &status);
    assert!(drawn(&mut app, &status, SMALL).contains("monitor · 3217 messages"));
}

#[test]
fn the_header_says_whose_tempo_it_is() {
    let mut status = with_ports();
    let mut tops = Vec::new();
    for state in [SyncState::Waiting, SyncState::Acquiring, SyncState::Locked, SyncState::Lost] {
        let from = Some("Arturia KeyStep 37".to_owned()).filter(|_| state != SyncState::Waiting);
        status.clock.source = SourceStatus::Midi { from, state };
        for size in [SMALL, BROAD] {
            let text = drawn(&mut app(), &status, size);
            tops.push(text.lines().take(3).collect::<Vec<_>>().join("\n"));
        }
    }
    insta::assert_snapshot!(tops.join("\n\n"));
}

#[test]
fn help_small() {
    let (mut app, status) = (app(), at_rest());
    press(&mut app, "?", &status);
    insta::assert_snapshot!(drawn(&mut app, &status, SMALL));
}

#[test]
fn help_scrolled_to_its_end() {
    let (mut app, status) = (app(), at_rest());
    app.resized(SMALL.0, SMALL.1);
    press(&mut app, "esc ? end", &status);
    let bottom = drawn(&mut app, &status, SMALL);
    assert!(bottom.contains("clock") && !bottom.contains("more below"), "{bottom}");
    press(&mut app, "up", &status);
    assert!(drawn(&mut app, &status, SMALL).contains("1 more below"));
}

#[test]
fn help_large() {
    let (mut app, status) = (app(), at_rest());
    press(&mut app, "esc ?", &status);
    insta::assert_snapshot!(drawn(&mut app, &status, LARGE));
}

#[test]
fn the_command_line_offers_what_fits() {
    let (mut app, status) = (app(), at_work());
    type_in(&mut app, ":param.set filter_", &status);
    insta::assert_snapshot!(drawn(&mut app, &status, SMALL));
}

#[test]
fn the_command_line_says_what_a_knob_takes() {
    let (mut app, status) = (app(), at_work());
    type_in(&mut app, ":param.set osc_type ", &status);
    press(&mut app, "tab tab", &status);
    insta::assert_snapshot!(drawn(&mut app, &status, SMALL));
}

/// The takes panel after these keys, in a small window and in a large one.
fn takes_views(status: &Status, keys: &str) -> String {
    let drawn = |size| {
        let mut app = app();
        press(&mut app, "f10", status);
        press(&mut app, keys, status);
        drawn(&mut app, status, size)
    };
    [SMALL, LARGE].map(drawn).join("\n\n")
}

#[test]
fn takes_of_every_kind() {
    insta::assert_snapshot!(takes_views(&with_takes(), "down"));
}

#[test]
fn what_a_take_looks_like_in_every_state() {
    let status = with_takes();
    let below = |downs: usize| {
        let mut app = app();
        press(&mut app, &format!("f10 {}", "down ".repeat(downs)), &status);
        let picture = drawn(&mut app, &status, SMALL);
        let name = picture.lines().position(|line| line.starts_with("─ ") && !line.contains("Takes")).unwrap();
        picture.lines().skip(name).take(6).collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!((0..9).map(below).collect::<Vec<_>>().join("\n\n"));
}

#[test]
fn a_clipped_take_large() {
    let (mut app, status) = (app(), with_takes());
    press(&mut app, "f10 down down down down", &status);
    insta::assert_snapshot!(drawn(&mut app, &status, LARGE));
}

#[test]
fn a_take_is_heard() {
    insta::assert_snapshot!(takes_views(&with_a_take_heard(), "down"));
}

#[test]
fn a_take_that_is_played_is_shown_without_its_list() {
    let status = with_a_take_heard();
    for (size, seen) in [(SMALL, "▶ take"), (LARGE, "▶ chorus idea 01:12.3")] {
        assert!(drawn(&mut app(), &status, size).lines().next().unwrap().ends_with(seen));
    }
    let seen = Visible::of(&status);
    let mut further = status;
    further.audition.as_mut().unwrap().seconds += 0.03;
    assert_eq!(seen.next(&further), seen);
    further.audition.as_mut().unwrap().seconds += 0.1;
    assert_ne!(seen.next(&further), seen);
}

#[test]
fn there_are_no_takes() {
    let mut status = with(Vec::new());
    let empty = takes_views(&status, "");
    *status.takes = Some(TakesStatus {
        fault: Some("/home/ada/Music cannot be read: permission denied".to_owned()),
        ..Option::clone(&status.takes).unwrap()
    });
    let fault = takes_views(&status, "down x enter");
    let fault: Vec<&str> = fault.lines().take(12).collect();
    insta::assert_snapshot!(format!("{empty}\n\n{}", fault.join("\n")));
    *status.takes = None;
    assert!(takes_views(&status, "").contains("reading the takes"));
}

#[test]
fn a_thousand_takes_with_names_of_every_kind() {
    let name = |at: usize| match at % 4 {
        0 => format!("日本語の長い名前のテイク {at}"),
        1 => format!("take {at}"),
        2 => format!(
            "a name that is much longer than there is room for in any window of any musician, really, number {at}"
        ),
        _ => format!("ünïcödé 🎹 {at}"),
    };
    let mut takes: Vec<_> = (0..1000).map(|at| take_info(&name(at), at as f64)).collect();
    let marks = |at: usize| (at as f64 * 1.7, format!("マーク {at}"));
    takes[998] = measured(&name(998), 998.0);
    takes[998].marks = (0..500).map(marks).collect();
    insta::assert_snapshot!(takes_views(&with(takes), "end up"));
}

#[test]
fn removing_a_take_is_asked() {
    let mut status = with_takes();
    let (mut app, keys) = (app(), "f10 down x");
    press(&mut app, keys, &status);
    insta::assert_snapshot!(drawn(&mut app, &status, SMALL));
    *status.takes = None;
    press(&mut app, "n", &status);
    assert!(!drawn(&mut app, &status, SMALL).contains("y/n"));
}

/// Windows that are smaller than the screen needs.
const LOW: [(u16, u16); 3] = [(80, 23), (60, 15), (40, 12)];

#[test]
fn the_take_in_focus_is_seen_in_every_window_and_in_the_question_too() {
    let names = |at: usize| format!("recording_20261129_10451{at}");
    let status = with((0..9).map(|at| take_info(&names(at), at as f64)).collect());
    let focused = format!("▸   {}", names(7));
    for size in LOW {
        let mut app = app();
        press(&mut app, "f10 down down down down down down down", &status);
        let picture = drawn(&mut app, &status, size);
        assert!(picture.lines().any(|line| line.starts_with(&focused)), "{size:?}\n{picture}");
        press(&mut app, "x", &status);
        let picture = drawn(&mut app, &status, size);
        let question = picture.lines().find(|line| line.contains("y/n")).unwrap();
        assert!(question.contains("ording_20261129_104517'"), "{size:?}\n{picture}");
    }
}

#[test]
fn the_meters_of_both_inputs_are_seen_in_every_window_and_a_clip_of_an_output_too() {
    let mut status = at_rest();
    status.inputs.meters[1].clipped = true;
    for size in LOW {
        let picture = drawn(&mut app(), &status, size);
        for part in ["In 1", "In 2", "CLIP"] {
            assert!(picture.contains(part), "{size:?}: {part}\n{picture}");
        }
    }
    status.inputs.meters[1].clipped = false;
    status.outputs[1].clipped = true;
    for (size, seen) in LOW.into_iter().zip(["CLIP", "CLIP", "+2!"]) {
        let picture = drawn(&mut app(), &status, size);
        assert!(picture.contains(seen), "{size:?}: {seen}\n{picture}");
    }
    insta::assert_snapshot!(LOW.map(|size| drawn(&mut app(), &at_work(), size)).join("\n\n"));
}

#[test]
fn a_fault_is_shown_to_its_end_in_a_small_window() {
    let fault = "/home/ada/.config/busker/profiles/my.yaml:4 parameters.3(filter_cutoff).cc: '200' does not fit, \
     allowed 0 to 127; the profile is ignored";
    let advice =
        "no sound: no audio device opens (/dev/snd is not for you: join the audio group); the simulated host runs";
    let mut app = app();
    app.begin(vec![(Severity::Warning, advice.to_owned()), (Severity::Error, fault.to_owned())]);
    let picture = drawn(&mut app, &at_rest(), SMALL);
    let rows: Vec<&str> = picture.lines().collect();
    let said = rows[rows.len() - 3..].iter().map(|row| row.trim()).collect::<Vec<_>>().join(" ");
    assert!(said.starts_with("✗ profiles/my.yaml:4 parameters.3(filter_cutoff).cc: '200'"), "{picture}");
    assert!(said.contains("allowed 0 to 127; the profile is ignored  (+1 more, any key)"), "{picture}");
    press(&mut app, "esc", &at_rest());
    let picture = drawn(&mut app, &at_rest(), SMALL);
    assert!(picture.contains("! no sound: no audio device opens") && picture.contains("join"), "{picture}");
}

#[test]
fn the_record_line_says_what_is_waited_for_and_what_was_lost() {
    let mut lines = Vec::new();
    let mut add = |status: &Status| {
        for size in [SMALL, BROAD] {
            let text = drawn(&mut app(), status, size);
            lines.push(text.lines().next().unwrap().to_owned());
            lines.push(text.lines().find(|line| line.contains("free") || line.contains(" left")).unwrap().to_owned());
        }
    };
    let mut status = at_rest();
    for waits_for in [WaitsFor::Song, WaitsFor::Bar, WaitsFor::Sound] {
        status.record.waits_for = Some(waits_for);
        add(&status);
    }
    let mut status = at_work();
    status.record.take.as_mut().unwrap().marks = 1;
    add(&status);
    let take = status.record.take.as_mut().unwrap();
    (take.marks, take.gap_frames) = (12, 1440);
    add(&status);
    status.record.take.as_mut().unwrap().ends_with_bar = true;
    add(&status);
    let mut status = overloaded();
    let take = status.record.take.as_mut().unwrap();
    (take.marks, take.gap_frames, take.ends_with_bar) = (1234, 960_000, true);
    add(&status);
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn a_window_that_is_too_small_shows_the_required_size() {
    for size in [(39, 12), (40, 11), (30, 5), (1, 1), (3, 60)] {
        let text = drawn(&mut app(), &at_rest(), size);
        if size.0 >= 30 {
            let said = text.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(said.contains("40x12") && said.contains(&format!("{}x{}", size.0, size.1)), "{said}");
        }
    }
}

#[test]
fn every_size_of_window_can_be_drawn() {
    let (rest, trouble, midi, motion) = (at_rest(), overloaded(), midi_in_trouble(), in_motion_armed());
    let mut heard = with_a_take_heard();
    heard.inputs.meters = trouble.inputs.meters.clone();
    for width in (40..260).step_by(20) {
        for height in (12..90).step_by(6) {
            let mut app = app_overloaded();
            for (keys, status) in [
                ("", &rest),
                ("shift-tab", &trouble),
                ("?", &trouble),
                ("esc f2", &midi),
                (":", &rest),
                ("esc / d", &trouble),
                ("esc", &motion),
                ("f10 down", &heard),
                ("down down down down", &heard),
                ("?", &heard),
                ("esc x", &heard),
            ] {
                press(&mut app, keys, status);
                drawn(&mut app, status, (width, height));
            }
        }
    }
}

#[test]
fn a_profile_without_knobs_and_values_that_do_not_fit_it_are_drawn() {
    let mut status = at_rest();
    status.params.values.truncate(2);
    drawn(&mut app(), &status, SMALL);
    status.params.values.clear();
    assert!(drawn(&mut app(), &status, SMALL).contains("no knobs"));
}

#[test]
fn the_focused_knob_is_visible_without_colours() {
    let (mut app, status) = (app(), at_rest());
    press(&mut app, "right", &status);
    let buffer = buffer(&mut app, &status, SMALL);
    let rows = rows(&buffer);
    let y = rows.iter().position(|row| row.contains('▸')).unwrap();
    assert!(rows[y].contains("▸Shape"), "{}", rows[y]);
    let reversed = buffer.cell((1, y as u16)).unwrap().modifier.contains(Modifier::REVERSED);
    assert!(reversed, "the focused label is reversed");
}

#[test]
fn without_colours_there_is_none() {
    let status = overloaded();
    let mut terminal = Terminal::new(TestBackend::new(160, 48)).unwrap();
    let (visible, theme) = (Visible::of(&status), Theme::built_in().without_colours());
    let app = app_overloaded();
    terminal.draw(|frame| screen::draw(&app, &visible, &theme, frame)).unwrap();
    for cell in &terminal.backend().buffer().content {
        assert_eq!((cell.fg, cell.bg), Default::default(), "{}", cell.symbol());
    }
}

#[test]
fn latencies_are_shown_with_two_digits() {
    let mut status = with_ports();
    let seen = Visible::of(&status);
    if let Some(latency) = &mut status.ports[0].latency {
        (latency.p50_us, latency.p99_us, latency.max_us) = (82, 914, 2099);
    }
    let next = seen.next(&status);
    let shown = next.ports[0].latency.unwrap();
    assert_eq!((shown.p50_us, shown.p99_us, shown.max_us), (82, 910, 2100));
}

#[test]
fn an_invisible_change_is_not_drawn() {
    let status = at_rest();
    let seen = Visible::of(&status);
    let mut trembling = status.clone();
    trembling.at_ns += 33_000_000;
    trembling.ports[0].sent += 2;
    trembling.ports[0].received += 1;
    trembling.ports[0].coalesced += 7;
    trembling.device.load_percent += 1;
    trembling.device.load_peak_percent += 20;
    trembling.inputs.meters[0].peak_db = -97.3;
    trembling.inputs.meters[0].hold_db = -91.0;
    trembling.record.free_bytes = trembling.record.free_bytes.map(|bytes| bytes - 4096);
    assert_eq!(seen.next(&trembling), seen);
    let mut heard = trembling.clone();
    heard.inputs.meters[0].peak_db = -40.0;
    assert_ne!(seen.next(&heard), seen);
    let mut loaded = trembling;
    loaded.device.load_percent += 5;
    assert_ne!(seen.next(&loaded), seen);
}
