//! Keys in, commands out: the keymap's rows and their effect on the screen.

use crate::common::status as statuses;
use busker::{
    command::COMMANDS,
    keymap::{Phase, Stroke, notes},
    status::{Event, ParamsStatus, Severity, Status},
    tui::{
        app::{App, AppRequest},
        keys::{self, KeyRow, ScreenAction},
        panels::{Mode, Panel, View, help},
        strips::keybar,
        visible::Visible,
    },
};
use statuses::{
    at_rest, at_work, in_motion, midi_in_trouble, overloaded, with, with_a_take_heard, with_ports, with_takes,
};
use std::{
    collections::HashSet,
    sync::Arc,
    time::{Duration, Instant},
};

/// A screen controlled by key scripts, with a clock that the test sets.
struct Player {
    app: App,
    status: Status,
    now: Instant,
}

impl Player {
    fn new(status: Status) -> Player {
        Player { app: App::new(), status, now: Instant::now() }
    }

    fn stroke(&mut self, key: &str, phase: Phase) -> Vec<String> {
        let requests = self.app.key(Stroke { key: key.parse().unwrap(), phase }, self.now, &self.status);
        words(requests)
    }

    /// Presses keys one after the other; returns all requests.
    fn press(&mut self, keys: &str) -> Vec<String> {
        keys.split_whitespace().flat_map(|key| self.stroke(key, Phase::Press)).collect()
    }

    fn type_in(&mut self, text: &str) -> Vec<String> {
        let key = |c: char| if c == ' ' { "space".to_owned() } else { c.to_string() };
        text.chars().flat_map(|c| self.press(&key(c))).collect()
    }

    fn wait(&mut self, ms: u64) -> Vec<String> {
        self.now += Duration::from_millis(ms);
        words(self.app.tick(self.now))
    }

    fn said(&self) -> Option<(Severity, &str)> {
        self.app.messages().shown().map(|message| (message.severity, message.text.as_str()))
    }
}

fn words(requests: Vec<AppRequest>) -> Vec<String> {
    let word = |request: AppRequest| match request {
        AppRequest::Detach => "detach".to_owned(),
        AppRequest::Tell(command) => command.to_string(),
        AppRequest::Ask(command) => format!("? {command}"),
    };
    requests.into_iter().map(word).collect()
}

/// A row in one mode, on one line.
fn line(mode: Mode, row: &KeyRow) -> String {
    let does = match &row.action {
        ScreenAction::Command(command) => command.to_string(),
        ScreenAction::Ask(command) => format!("? {command}"),
        ScreenAction::View(view) => format!(": {}", view.name()),
    };
    let bar: String = row.bar.iter().map(|words| format!(" [{words}]")).collect();
    let repeats = if row.repeats { " …" } else { "" };
    format!("{:8} {:10} {does}{bar}{repeats}", mode.word(), row.key.to_string())
}

#[test]
fn what_every_key_does_in_every_mode() {
    let keymap = keys::built_in();
    let lines = |mode: Mode| keymap.rows_in(mode).map(move |row| line(mode, row)).collect::<Vec<_>>();
    insta::assert_snapshot!(Mode::all().into_iter().flat_map(lines).collect::<Vec<_>>().join("\n"));
}

#[test]
fn no_key_means_two_things() {
    let keymap = keys::built_in();
    for mode in Mode::all() {
        let mut seen = HashSet::new();
        for row in keymap.rows_in(mode) {
            assert!(seen.insert(row.key), "{} means two things in {mode:?} mode", row.key);
        }
    }
    for row in keymap.rows_in(Mode::Piano) {
        assert_eq!(row.key.char().and_then(notes::semitones), None, "{} plays a note", row.key);
    }
}

#[test]
fn every_command_in_the_keymap_is_written_as_it_is_printed() {
    for row in keys::built_in().rows() {
        if let ScreenAction::Command(command) | ScreenAction::Ask(command) = &row.action {
            assert_eq!(command.to_string().parse().as_ref(), Ok(command));
        }
    }
}

#[test]
fn every_panel_has_a_mode_with_a_name_of_its_own() {
    let modes = Mode::all();
    for panel in Panel::ALL {
        for mode in [panel.mode(true), panel.mode(false)] {
            assert!(modes.contains(&mode) && !mode.title().is_empty(), "{panel:?}");
            assert!(keys::built_in().rows_in(mode).next().is_some(), "{mode:?} has no keys");
        }
    }
    let words: HashSet<&str> = modes.iter().map(|mode| mode.word()).collect();
    let titles: HashSet<&str> = modes.iter().map(|mode| mode.title()).collect();
    assert_eq!((words.len(), titles.len()), (modes.len(), modes.len()));
}

#[test]
fn keys_open_every_panel_and_esc_leaves_it() {
    let keymap = keys::built_in();
    let keys = |mode: Mode| keymap.rows_in(mode).map(|row| row.key.to_string()).collect::<Vec<_>>();
    let status = with_takes();
    let player = |keys: &[&str]| {
        let mut player = Player::new(status.clone());
        keys.iter().for_each(|key| drop(player.press(key)));
        player
    };
    let mut opened = HashSet::new();
    for first in keys(Mode::Piano) {
        for second in keys(player(&[&first]).app.mode()) {
            let mut player = player(&[&first, &second]);
            let panels = Panel::ALL.iter().filter(|panel| player.app.is_open(**panel));
            opened.extend(panels.copied());
            if let Mode::Of(panel) = player.app.mode() {
                player.press("esc");
                assert!(!player.app.is_open(panel), "Esc leaves {panel:?}");
            }
        }
    }
    for panel in Panel::ALL {
        assert!(opened.contains(panel), "no key opens {panel:?}");
    }
}

#[test]
fn every_view_action_has_a_key_and_appears_in_the_help() {
    let keymap = keys::built_in();
    let shown: HashSet<String> = Mode::all()
        .into_iter()
        .flat_map(|mode| help::items(&keymap, mode))
        .filter_map(|item| if let help::HelpItem::Entry(_, help) = item { Some(help) } else { None })
        .collect();
    let mut names = HashSet::new();
    for view in View::all() {
        assert!(keymap.rows().iter().any(|row| row.action == ScreenAction::View(view)), "{view:?} has no key");
        assert!(shown.contains(view.help()), "{view:?} is not in the help");
        let is_free = names.insert(view.name()) && COMMANDS.iter().all(|row| row.name != view.name());
        assert!(is_free, "something else is called {}", view.name());
    }
}

#[test]
fn every_command_appears_in_the_help() {
    let items = help::items(&keys::built_in(), Mode::Piano);
    for row in COMMANDS {
        assert!(items.contains(&help::HelpItem::Usage(row.usage_with_ranges())), "{}", row.name);
        assert!(items.contains(&help::HelpItem::Text(row.help.to_owned())), "{}", row.name);
    }
}

#[test]
fn keys_of_a_users_file_work_and_are_in_the_key_bar_and_in_the_help() {
    let text = "keys:
  - { key: f9, in: piano keys, do: record.toggle, bar: [tape, end tape] }
  - { key: ctrl-r, in: any, do: nothing }
";
    let keymap = keys::merged("mine.yaml", text).unwrap();
    let mut player = Player::new(at_rest());
    player.app = App::new().with_keymap(keymap.clone());
    assert_eq!(player.press("f9 ctrl-r"), ["record.toggle"]);
    let bar = |status: &Status, app: &App| {
        keybar::entries(app, &Visible::of(status))
            .into_iter()
            .map(|(keys, words)| format!("{keys} {words}"))
            .collect::<Vec<_>>()
    };
    assert!(bar(&at_rest(), &player.app).contains(&"F9 tape".to_owned()));
    assert!(bar(&at_work(), &player.app).contains(&"F9 end tape".to_owned()));
    let help = COMMANDS.iter().find(|row| row.name == "record.toggle").unwrap().help;
    let items = help::items(&keymap, Mode::Piano);
    assert!(items.contains(&help::HelpItem::Entry("F9".to_owned(), help.to_owned())));
    assert!(!items.contains(&help::HelpItem::Entry("^R".to_owned(), help.to_owned())));
}

#[test]
fn letters_play_in_piano_mode_and_command_in_keys_mode() {
    let mut player = Player::new(at_rest());
    assert_eq!(player.press("z s q p"), ["note.on C3 100", "note.on C#3 100", "note.on C4 100", "note.on E5 100"]);
    assert_eq!(player.press("esc"), ["note.off C3", "note.off C#3", "note.off C4", "note.off E5"]);
    assert_eq!(
        player.press("r c s 0 x q space"),
        [
            "record.toggle",
            "click.on toggle",
            "transport.stop",
            "transport.locate 1:1:0",
            "midi.panic",
            "quit",
            "transport.toggle"
        ]
    );
    assert!(player.press("p").is_empty());
    assert_eq!(player.press("x"), ["note.on D3 100"]);
}

#[test]
fn caps_lock_disables_nothing() {
    let mut player = Player::new(at_rest());
    assert_eq!(player.press("Z"), ["note.on C3 100"]);
    assert_eq!(player.press("esc R"), ["note.off C3", "record.toggle"]);
}

#[test]
fn the_same_keys_work_in_both_modes() {
    for first in ["", "esc"] {
        let mut player = Player::new(at_work());
        player.press(first);
        assert_eq!(
            player.press("space ctrl-r ctrl-k ctrl-p ctrl-e > <"),
            [
                "transport.toggle",
                "record.toggle",
                "click.on toggle",
                "midi.panic",
                "meter.clear",
                "clock.nudge 1",
                "clock.nudge -1"
            ]
        );
        assert_eq!(player.press("ctrl-q"), ["quit"]);
    }
}

#[test]
fn the_tempo_is_tapped_and_nudged() {
    let mut player = Player::new(at_rest());
    assert_eq!(
        player.press("ctrl-t > < ) ("),
        ["clock.tap", "clock.nudge 1", "clock.nudge -1", "clock.nudge 0.1", "clock.nudge -0.1"]
    );
    assert_eq!(player.stroke(">", Phase::Repeat), ["clock.nudge 1"], "a held key goes on");
    assert!(player.stroke("ctrl-t", Phase::Repeat).is_empty(), "a held key is one tap");
    assert_eq!(player.press("t"), ["note.on G4 100"]);
    assert_eq!(player.press("esc t T"), ["note.off G4", "clock.tap", "clock.tap"]);
}

#[test]
fn the_midi_view_opens_the_monitor_and_the_keys_still_play() {
    let mut player = Player::new(with_ports());
    assert_eq!(player.press("f2"), ["midi.monitor on"]);
    assert!(player.stroke("f2", Phase::Repeat).is_empty());
    assert!(player.app.is_open(Panel::Midi));
    assert_eq!(player.press("z space up"), ["note.on C3 100", "transport.toggle", "param.step osc_type 1"]);
    assert_eq!(player.press("f2"), ["midi.monitor off"]);
    assert_eq!(player.press("esc v v"), ["note.off C3", "midi.monitor on", "midi.monitor off"]);
    player.type_in(":midi");
    assert_eq!(player.press("enter"), ["midi.monitor on"]);
}

#[test]
fn marks_are_set_and_the_last_seconds_are_saved() {
    let mut player = Player::new(at_work());
    assert_eq!(player.press("ctrl-n ctrl-g"), ["? record.mark", "? record.capture"]);
    assert!(player.stroke("ctrl-n", Phase::Repeat).is_empty(), "a held key is one mark");
    assert_eq!(player.press("esc b j"), ["? record.mark", "? record.capture"]);
    player.press(":");
    assert_eq!(player.press("ctrl-n"), ["? record.mark"], "whatever is being typed");
}

#[test]
fn the_takes_are_listed_while_their_panel_is_open() {
    let mut player = Player::new(with_takes());
    assert_eq!(player.press("z f10"), ["note.on C3 100", "note.off C3", "take.list on"]);
    assert_eq!(player.app.mode(), Mode::Of(Panel::Takes));
    assert_eq!(player.press("space ctrl-r ctrl-p"), ["transport.toggle", "record.toggle", "midi.panic"]);
    assert_eq!(player.press("esc"), ["take.list off"]);
    assert_eq!(player.app.mode(), Mode::Piano);
    assert_eq!(player.press("esc h q"), ["take.list on", "take.list off"]);
    assert_eq!(player.app.mode(), Mode::Keys, "back to where one was");
    player.press("h ?");
    assert_eq!((player.app.mode(), player.app.base_mode()), (Mode::Of(Panel::Help), Mode::Of(Panel::Takes)));
    assert!(player.press("esc :").is_empty());
    player.type_in("piano");
    assert_eq!(player.press("enter"), ["take.list off"], "by whatever way one leaves");
    assert!(!player.app.is_open(Panel::Takes));
    player.type_in(":takes");
    assert_eq!(player.press("enter"), ["take.list on"]);
}

#[test]
fn a_take_is_played_and_stopped() {
    let mut player = Player::new(with_takes());
    assert_eq!(player.press("f10 down enter"), ["take.list on", "take.play chorus idea"]);
    assert!(player.press("left right").is_empty(), "no sound");
    player.status = with_a_take_heard();
    assert_eq!(player.press("enter"), ["take.stop"]);
    assert_eq!(player.press("down enter"), ["take.play bass line"]);
    assert_eq!(player.press("right left"), ["take.seek 77.34", "take.seek 67.34"]);
    player.status.audition.as_mut().unwrap().seconds = 3.0;
    assert_eq!(player.press("left"), ["take.seek 0"]);
    player.status.audition.as_mut().unwrap().seconds = 190.0;
    assert_eq!(player.press("right"), ["take.seek 192.4"]);
}

#[test]
fn playback_goes_to_marks() {
    let mut player = Player::new(with_takes());
    player.press("f10 down");
    assert_eq!(player.press("n"), ["take.play chorus idea", "take.seek 12.3"]);
    assert_eq!(player.press("N"), ["take.play chorus idea", "take.seek 191"]);
    player.status = with_a_take_heard();
    assert_eq!(player.press("n N"), ["take.seek 191", "take.seek 50"]);
    player.status.audition.as_mut().unwrap().seconds = 50.4;
    assert_eq!(player.press("N"), ["take.seek 48"], "further back than where one has just gone");
    player.status.audition.as_mut().unwrap().seconds = 5.0;
    assert_eq!(player.press("N"), ["take.seek 0"]);
    player.status.audition.as_mut().unwrap().seconds = 191.0;
    assert!(player.press("n").is_empty());
    assert_eq!(player.said(), Some((Severity::Info, "no further marker")));
    assert!(player.press("down n").is_empty());
    assert_eq!(player.said(), Some((Severity::Info, "this take has no markers")));
}

#[test]
fn a_take_is_removed_after_a_question() {
    let mut player = Player::new(with_takes());
    player.press("f10 down");
    for away in ["n", "esc", "q", "ctrl-c"] {
        assert!(player.press("x").is_empty());
        assert_eq!((player.app.mode(), player.app.doomed()), (Mode::Of(Panel::Question), Some("chorus idea")));
        assert!(player.press(away).is_empty(), "{away}");
        assert_eq!(player.app.mode(), Mode::Of(Panel::Takes));
    }
    player.press("delete");
    assert!(player.press("enter space x").is_empty(), "only a yes is a yes");
    assert_eq!(player.press("y"), ["take.remove chorus idea"]);
    player.status.audition = with_a_take_heard().audition;
    assert_eq!(player.press("x y"), ["take.stop", "take.remove chorus idea"]);
    let takes = player.status.takes.as_mut().unwrap();
    takes.takes = takes.takes.iter().filter(|take| take.name != "chorus idea").cloned().collect();
    assert_eq!(player.press("enter"), ["take.play bass line"], "the next one is in its place");
}

#[test]
fn a_take_is_renamed() {
    let mut player = Player::new(with_takes());
    player.press("f10 down r");
    assert_eq!(player.app.line().text(), "take.rename \"chorus idea\" ");
    player.type_in("the chorus");
    assert_eq!(player.press("enter"), ["? take.rename \"chorus idea\" the chorus"]);
    assert_eq!(player.app.mode(), Mode::Of(Panel::Takes));
}

#[test]
fn the_focus_stays_at_its_take() {
    let mut player = Player::new(with_takes());
    player.press("f10 end up");
    let focused = |player: &mut Player, keys: &str| {
        player.press(keys);
        player.app.takes().focused(&player.status).map(|take| take.name.clone())
    };
    assert_eq!(focused(&mut player, ""), Some("holiday".to_owned()));
    let takes = player.status.takes.as_mut().unwrap();
    let newer = statuses::take_info("newer", 1.0);
    takes.takes = std::iter::once(newer).chain(takes.takes.iter().cloned()).collect();
    assert_eq!(focused(&mut player, ""), Some("holiday".to_owned()));
    assert_eq!(focused(&mut player, "down down down"), Some("good old one".to_owned()));
    assert_eq!(focused(&mut player, "pageup"), Some("newer".to_owned()));
    assert_eq!(focused(&mut player, "pagedown home"), Some("newer".to_owned()), "the newest");
    player.status = with_takes();
    assert_eq!(focused(&mut player, ""), Some("friday jam".to_owned()), "at the top, the focus follows new takes");
    player.status = with(Vec::new());
    assert_eq!(focused(&mut player, "up down home end pageup pagedown enter left right n N r x delete"), None);
    assert_eq!(player.app.mode(), Mode::Of(Panel::Takes));
    *player.status.takes = None;
    assert_eq!(focused(&mut player, "up down enter n r x"), None);
}

#[test]
fn tab_completes_takes_and_options_of_the_recorder() {
    let mut player = Player::new(with_takes());
    let mut completed = |line: &str, tabs: &str| {
        player.press(": ctrl-u");
        player.type_in(line);
        player.press(tabs);
        let text = player.app.line().text();
        player.press("esc");
        text
    };
    assert_eq!(completed("take.play cho", "tab"), "take.play chorus idea");
    assert_eq!(completed("take.remove bass line", "tab tab"), "take.remove bass line 2");
    assert_eq!(completed("take.rename cho", "tab"), "take.rename \"chorus idea\" ");
    assert_eq!(completed("take.rename \"chorus i", "tab"), "take.rename \"chorus idea\" ");
    assert_eq!(completed("take.rename \"chorus idea\" cho", "tab"), "take.rename \"chorus idea\" cho");
    assert_eq!(completed("take.rename hol", "tab"), "take.rename holiday ");
    assert_eq!(completed("record.set spl", "tab"), "record.set split ");
    assert_eq!(completed("record.set start co", "tab"), "record.set start count");
    assert_eq!(completed("record.set bits 3", "tab"), "record.set bits 32f");
    assert_eq!(completed("record.set threshold -4", "tab"), "record.set threshold -4", "a number is one's own");
}

#[test]
fn the_next_instrument_is_the_next_port_with_an_output() {
    let mut player = Player::new(with_ports());
    assert_eq!(player.press("f3"), ["port.use 3"], "port 2 is an input only");
    *player.status.instrument = 3;
    assert_eq!(player.press("z"), ["note.on C3 100"]);
    assert_eq!(player.press("f3"), ["note.off C3", "port.use 1"], "around the end, and no note is left behind");
    assert_eq!(player.press("esc n"), ["port.use 1"]);
    let mut trouble = Player::new(midi_in_trouble());
    *trouble.status.instrument = 5;
    assert_eq!(trouble.press("f3"), ["port.use 6"], "one that is gone keeps its knobs");
    let mut alone = Player::new(at_rest());
    assert!(alone.press("esc n").is_empty());
    assert_eq!(alone.said().map(|(severity, _)| severity), Some(Severity::Info));
}

#[test]
fn every_instrument_keeps_its_focused_knob() {
    let mut player = Player::new(with_ports());
    player.press("tab right");
    *player.status.instrument = 3;
    assert_eq!(player.press("up"), ["param.step osc_type 1"]);
    *player.status.instrument = 1;
    assert_eq!(player.press("up"), ["param.step filter_cutoff 1"]);
}

#[test]
fn midi_learn_of_the_focused_knob_starts_and_is_cancelled() {
    let mut player = Player::new(with_ports());
    assert_eq!(player.press("tab right f4"), ["? learn param.set filter_cutoff"]);
    *player.status.learning = Some("param.set filter_cutoff".to_owned());
    assert_eq!(player.press("f4"), ["learn.cancel"]);
    assert_eq!(player.press("esc l"), ["learn.cancel"]);
    *player.status.learning = None;
    assert_eq!(player.press("l"), ["? learn param.set filter_cutoff"]);
    player.status.params.values.clear();
    assert!(player.press("l").is_empty());
    assert_eq!(player.said(), Some((Severity::Info, "no knob to map")));
}

#[test]
fn tab_completes_ports() {
    let mut player = Player::new(with_ports());
    player.type_in(":port.use tty");
    player.press("tab");
    assert_eq!(player.press("enter"), ["? port.use ttyAMA0"]);
    player.type_in(":midi.thru keys");
    player.press("tab");
    assert_eq!(player.app.line().text(), "midi.thru 2 ", "a name with spaces is offered as its number");
    player.press("tab");
    let (offered, _) = player.app.line().walked().unwrap();
    let offered: Vec<(&str, &str)> = offered.iter().map(|c| (c.word.as_str(), c.help.as_str())).collect();
    assert_eq!(offered, [("1", "NTS-1 digital kit SOUND"), ("2", "Arturia KeyStep 37"), ("ttyAMA0", "port 3")]);
}

#[test]
fn knobs_are_focused_and_turned() {
    let mut player = Player::new(at_rest());
    assert_eq!(
        player.press("up down shift-up pagedown backspace"),
        [
            "param.step osc_type 1",
            "param.step osc_type -1",
            "param.step osc_type 8",
            "param.step osc_type -8",
            "param.reset osc_type"
        ]
    );
    assert_eq!(player.press("right up"), ["param.step osc_shape 1"]);
    assert_eq!(player.press("tab up"), ["param.step filter_type 1"]);
    assert_eq!(player.press("end up"), ["param.step filter_sweep_rate 1"]);
    assert_eq!(player.press("home up"), ["param.step filter_type 1"]);
    assert_eq!(player.press("shift-tab up"), ["param.step osc_type 1"]);
    assert_eq!(player.press("left up"), ["param.step reverb_edit_8 1"], "around the ends");
    assert_eq!(player.press("tab up"), ["param.step osc_type 1"], "around the ends");
}

#[test]
fn a_knob_is_found_by_a_part_of_its_name() {
    let mut player = Player::new(at_rest());
    let focused = |player: &Player| {
        let at = player.app.focused(&player.status).unwrap();
        player.status.params.profile.params[at].name.clone()
    };
    player.press("tab right");
    assert_eq!(player.press("z /"), ["note.on C3 100", "note.off C3"], "letters are no notes now");
    assert_eq!(focused(&player), "filter_cutoff", "nothing is typed yet");
    player.type_in("dep");
    assert_eq!(focused(&player), "osc_lfo_depth", "the first that fits");
    player.press("down");
    assert_eq!(focused(&player), "filter_sweep_depth");
    player.press("up up");
    assert_eq!(focused(&player), "reverb_depth", "around the ends");
    player.type_in(" MOD");
    assert_eq!(focused(&player), "mod_depth", "each word, anywhere, in any case");
    player.press("backspace backspace tab");
    assert_eq!(focused(&player), "mod_depth", "' m' is in 'tremolo' and in 'modulation'");
    assert_eq!(player.press("ctrl-r ctrl-p"), ["record.toggle", "midi.panic"]);
    assert!(player.press("enter").is_empty());
    assert_eq!(player.app.mode(), Mode::Piano);
    assert_eq!(player.press("up"), ["param.step mod_depth 1"]);
}

#[test]
fn a_cancelled_search_leaves_the_focus_where_it_was() {
    for away in ["esc", "ctrl-c", "ctrl-u backspace"] {
        let mut player = Player::new(at_rest());
        player.press("esc tab /");
        player.type_in("reverb mix");
        assert_eq!(player.app.focused(&player.status), Some(33));
        player.press(away);
        assert_eq!(player.app.mode(), Mode::Keys, "{away}");
        assert_eq!(player.press("up"), ["param.step filter_type 1"], "{away}");
    }
    let mut player = Player::new(at_rest());
    player.press("tab /");
    player.app.paste("xyzzy");
    assert!(player.press("up down tab enter").is_empty());
    assert_eq!(player.press("up"), ["param.step filter_type 1"], "nothing was found");
    player.status.params.values.clear();
    player.press("/");
    assert_eq!(player.said(), Some((Severity::Info, "no knob to find")));
}

#[test]
fn a_search_continues_when_the_instrument_changes() {
    let mut player = Player::new(with_ports());
    player.press("/");
    player.type_in("cutoff");
    let other = statuses::profile("generic_analog");
    *player.status.params = ParamsStatus::standing(Arc::clone(&other), vec![0; other.params.len()]);
    *player.status.instrument = 3;
    let at = player.app.focused(&player.status).unwrap();
    assert_eq!(other.params[at].label, "Cutoff");
    player.press("enter");
    assert_eq!(player.press("up"), [format!("param.step {} 1", other.params[at].name)]);
}

#[test]
fn without_knobs_every_key_is_safe() {
    let mut player = Player::new(overloaded());
    player.status.params.values.clear();
    let keys = "up down left right tab shift-tab home end backspace enter";
    assert!(player.press(keys).is_empty());
}

#[test]
fn octave_and_velocity_move_and_stop_at_their_ends() {
    let mut player = Player::new(at_rest());
    assert_eq!(player.press("= z"), ["note.on C4 100"]);
    assert_eq!(player.press("-"), ["note.off C4"], "notes end when the octave moves");
    assert_eq!(player.press("' z"), ["note.on C3 108"]);
    player.press("' ' ' '");
    assert_eq!(player.press("x"), ["note.on D3 127"]);
    let softest = "; ".repeat(40) + "c";
    assert_eq!(player.press(&softest), ["note.on E3 1"]);
    player.press(&"= ".repeat(20));
    assert_eq!(player.press("z"), ["note.on C8 1"]);
    assert_eq!(player.press("t"), ["note.on G9 1"]);
    assert!(player.press("y").is_empty(), "there is no note above G9");
    player.press(&"- ".repeat(20));
    assert_eq!(player.press("z"), ["note.on C-1 1"]);
}

#[test]
fn a_note_sounds_as_long_as_its_key_is_repeated() {
    let mut player = Player::new(at_rest());
    assert_eq!(player.press("z"), ["note.on C3 100"]);
    assert!(player.wait(500).is_empty());
    assert!(player.press("z").is_empty(), "that is the terminal repeating");
    assert!(player.wait(149).is_empty());
    assert_eq!(player.wait(1), ["note.off C3"]);
    assert_eq!(player.app.deadline(), None);
}

#[test]
fn reported_releases_end_notes() {
    let mut player = Player::new(at_rest());
    player.press("z");
    assert_eq!(player.stroke("z", Phase::Release), ["note.off C3"]);
    player.press("z");
    assert!(player.wait(10_000).is_empty());
    assert!(player.stroke("z", Phase::Repeat).is_empty());
    assert_eq!(player.stroke("Z", Phase::Release), ["note.off C3"], "shift may have gone down meanwhile");
    assert!(player.stroke("esc", Phase::Release).is_empty());
    assert_eq!(player.app.mode(), Mode::Piano, "a release is no press");
}

#[test]
fn a_held_key_repeats_turns_but_no_commands() {
    let mut player = Player::new(at_rest());
    assert_eq!(player.stroke("ctrl-r", Phase::Press), ["record.toggle"]);
    assert!(player.stroke("ctrl-r", Phase::Repeat).is_empty());
    assert_eq!(player.stroke("up", Phase::Repeat), ["param.step osc_type 1"]);
}

#[test]
fn held_notes_end_when_the_keys_change_their_meaning() {
    for away in [":", "?", "esc", "ctrl-q"] {
        let mut player = Player::new(at_rest());
        player.press("z");
        let asked = player.press(away);
        let ended = asked.contains(&"note.off C3".to_owned()) || words(player.app.silence()) == ["note.off C3"];
        assert!(ended, "{away}: {asked:?}");
    }
    let mut player = Player::new(at_rest());
    player.press("z");
    assert_eq!(words(player.app.focus_lost()), ["note.off C3"]);
}

#[test]
fn a_typed_command_shows_its_answer() {
    let mut player = Player::new(at_rest());
    assert_eq!(player.type_in(":clock.bpm 98"), [""; 0]);
    assert_eq!(player.press("enter"), ["? clock.bpm 98"]);
    assert_eq!(player.app.mode(), Mode::Piano);
    player.app.answer(Ok("the tempo is 98".to_owned()));
    assert_eq!(player.said(), Some((Severity::Info, "the tempo is 98")));
    player.app.answer(Err("no".to_owned()));
    assert_eq!(player.said(), Some((Severity::Error, "no")));
}

#[test]
fn a_mistake_is_named_and_the_typed_text_can_be_corrected() {
    let mut player = Player::new(at_rest());
    player.type_in(":clock.bpm 998");
    assert!(player.press("enter").is_empty());
    assert_eq!(player.said(), Some((Severity::Error, "clock.bpm: '998' is not a valid bpm; allowed: 20..300 BPM")));
    assert_eq!(player.app.mode(), Mode::Of(Panel::Line));
    player.press("left left backspace");
    assert_eq!(player.press("enter"), ["? clock.bpm 98"]);
}

#[test]
fn the_screens_own_actions_can_be_typed() {
    let mut player = Player::new(at_rest());
    player.type_in(":help");
    player.press("enter");
    assert_eq!(player.app.mode(), Mode::Of(Panel::Help));
    player.press("esc");
    assert_eq!(player.app.mode(), Mode::Piano);
}

#[test]
fn tab_completes_commands_knobs_and_options() {
    let mut player = Player::new(at_rest());
    player.type_in(":rec");
    player.press("tab");
    assert_eq!(player.app.line().text(), "record.");
    player.press("tab");
    assert_eq!(player.app.line().text(), "record.start");
    player.press("tab shift-tab shift-tab");
    assert_eq!(player.app.line().text(), "record.status");
    player.press("ctrl-u");
    player.type_in("param.set cut");
    player.press("tab");
    assert_eq!(player.app.line().text(), "param.set filter_cutoff ");
    player.press("ctrl-w");
    player.type_in("osc_type tri");
    player.press("tab");
    assert_eq!(player.app.line().text(), "param.set osc_type triangle");
    assert_eq!(player.press("enter"), ["? param.set osc_type triangle"]);
    player.type_in(":click.on t");
    player.press("tab");
    assert_eq!(player.press("enter"), ["? click.on toggle"]);
    player.type_in(":profile.use ");
    player.press("tab");
    assert_eq!(player.press("enter"), ["? profile.use fm_synth"]);
    assert_eq!(player.press(": up up enter"), ["? click.on toggle"]);
}

#[test]
fn randomizing_and_turns_are_undone_and_compared() {
    let mut player = Player::new(at_rest());
    assert_eq!(player.press("ctrl-z ctrl-y f7"), ["? param.undo", "? param.redo", "? snapshot.compare"]);
    assert!(player.stroke("ctrl-z", Phase::Repeat).is_empty(), "one press takes one step back");
    assert_eq!(player.press("u"), ["note.on B4 100"]);
    assert_eq!(player.press("esc u U a"), ["note.off B4", "? param.undo", "? param.redo", "? snapshot.compare"]);
}

#[test]
fn the_focused_section_is_randomized() {
    let mut player = Player::new(at_rest());
    player.press("esc tab right");
    assert_eq!(player.press("d D"), ["? param.mutate 10 Filter", "? param.random Filter"]);
    player.status.params.values.clear();
    assert!(player.press("d D").is_empty());
}

#[test]
fn a_snapshot_is_saved_and_recalled_in_a_few_keys() {
    let mut player = Player::new(at_rest());
    assert!(player.press("f5").is_empty());
    let said = "no snapshot yet: snapshot.save saves the parameter values";
    assert_eq!((player.app.mode(), player.said()), (Mode::Piano, Some((Severity::Info, said))));
    player.press("f6");
    player.type_in("warm");
    assert_eq!(player.press("enter"), ["? snapshot.save warm"]);
    player.status.params.snapshots = ["bright", "warm", "war_drums"].map(str::to_owned).into();
    player.press("f5 w tab");
    assert_eq!(player.app.line().text(), "snapshot.recall war");
    player.press("tab");
    assert_eq!(player.press("enter"), ["? snapshot.recall warm"]);
    player.press("esc o b tab");
    assert_eq!(player.app.line().text(), "snapshot.recall bright ", "seconds may follow");
    player.press("8");
    assert_eq!(player.press("enter"), ["? snapshot.recall bright 8"]);
    player.press("w");
    assert_eq!(player.press("tab enter"), ["? snapshot.save bright"]);
}

#[test]
fn tab_completes_snapshots_and_sections() {
    let mut player = Player::new(at_rest());
    player.status.params.snapshots = ["bright", "warm"].map(str::to_owned).into();
    let mut completed = |line: &str, tabs: &str| {
        player.press(": ctrl-u");
        player.type_in(line);
        player.press(tabs);
        let text = player.app.line().text();
        player.press("esc");
        text
    };
    assert_eq!(completed("snapshot.delete b", "tab"), "snapshot.delete bright");
    assert_eq!(completed("snapshot.rename w", "tab"), "snapshot.rename warm ");
    assert_eq!(completed("snapshot.rename warm b", "tab"), "snapshot.rename warm b", "a new name has no completions");
    assert_eq!(completed("param.random fil", "tab"), "param.random Filter");
    assert_eq!(completed("param.random fil", "tab tab"), "param.random filter_type");
    assert_eq!(completed("param.mutate 10 arp_i", "tab"), "param.mutate 10 arp_intervals");
    assert_eq!(completed("param.mutate 10 verb", "tab"), "param.mutate 10 Reverb", "where none begins so");
    assert_eq!(completed("param.set osc_type ", "tab"), "param.set osc_type off");
}

#[test]
fn enter_types_a_value_for_the_focused_knob() {
    let mut player = Player::new(at_rest());
    player.press("tab right enter");
    player.type_in("0.8");
    assert_eq!(player.press("enter"), ["? param.set filter_cutoff 0.8"]);
}

#[test]
fn pasted_text_plays_no_notes() {
    let mut player = Player::new(at_rest());
    player.app.paste("zxcvbnm");
    assert_eq!(player.app.held().count(), 0);
    player.press(":");
    player.app.paste("clock.bpm 99\n");
    assert_eq!(player.press("enter"), ["? clock.bpm 99"]);
}

#[test]
fn the_monitor_returns_with_the_gain_it_had() {
    let mut player = Player::new(at_rest());
    player.press("esc");
    player.status.inputs.monitor_db = -6.0;
    assert_eq!(player.press("m"), ["monitor.gain off"]);
    player.status.inputs.monitor_db = -120.0;
    assert_eq!(player.press("m"), ["monitor.gain -6"]);
}

#[test]
fn leaving_reports_what_happens_to_the_take() {
    let mut player = Player::new(at_work());
    assert_eq!(player.press("ctrl-c"), ["quit"]);
    let said = "quitting after the take is saved: /home/ada/Music/friday jam.wav";
    assert_eq!(player.said(), Some((Severity::Info, said)));
}

#[test]
fn another_profile_begins_at_its_first_knob() {
    let mut player = Player::new(at_rest());
    player.press("tab tab");
    player.app.event(&Event::ProfileUsed { id: "fm_synth".to_owned() });
    assert_eq!(player.app.focused(&player.status), Some(0));
}

#[test]
fn the_key_bar_shows_the_possible_actions() {
    let labels = |player: &Player| -> Vec<String> {
        let entries = keybar::entries(&player.app, &Visible::of(&player.status));
        entries.into_iter().map(|(keys, words)| format!("{keys} {words}")).collect()
    };
    let mut player = Player::new(at_rest());
    let rest = labels(&player);
    for label in ["Esc keys", "? help", "Space play", "^R rec", "←→ knob", "↑↓ turn"] {
        assert!(rest.iter().any(|shown| shown == label), "{label} in {rest:?}");
    }
    assert!(!rest.iter().any(|shown| shown.contains("reset")), "every knob is at its default: {rest:?}");
    player.status = at_work();
    let work = labels(&player);
    for label in ["Space stop", "^R end take", "Bksp reset"] {
        assert!(work.iter().any(|shown| shown == label), "{label} in {work:?}");
    }
    assert!(!work.iter().any(|shown| shown.contains("recall")), "there is no snapshot: {work:?}");
    player.status = in_motion();
    let motion = labels(&player);
    for label in ["/ find", "^Z^Y undo/redo", "F5 recall", "F6 save", "F7 A/B"] {
        assert!(motion.iter().any(|shown| shown == label), "{label} in {motion:?}");
    }
    assert!(work.iter().any(|shown| shown == "^N mark") && !rest.iter().any(|shown| shown == "^N mark"));
    player.status = with_a_take_heard();
    assert!(labels(&player).iter().any(|shown| shown == "^G keep"));
    player.press("f10 down");
    let takes = labels(&player);
    let expected = ["Esc close", "? help", "↑↓ take", "Enter stop", "←→ 5 s", "nN mark", "r rename", "x remove"];
    assert_eq!(takes[..expected.len()], expected);
    player.press("x");
    assert_eq!(labels(&player)[..2], ["y yes", "n no"]);
    player.press("n esc");
    player.status = in_motion();
    player.press("/");
    assert_eq!(labels(&player)[..3], ["Enter keep", "Esc back", "↑↓ knob"]);
    player.press("esc");
    player.status = with_ports();
    player.press("f2 esc");
    let midi = labels(&player);
    for label in ["t tap", "v knobs", "n instrument", "l learn"] {
        assert!(midi.iter().any(|shown| shown == label), "{label} in {midi:?}");
    }
    player.press("v");
    player.status.params.values.clear();
    assert!(!labels(&player).iter().any(|shown| shown.contains("knob") || shown.contains("turn")));
}

#[test]
fn profiles_added_while_the_screen_is_open_are_completed() {
    let mut player = Player::new(at_rest());
    *player.status.profiles = ["fm_synth".to_owned(), "my_synth".to_owned()].into();
    assert_eq!(player.press(":"), Vec::<String>::new());
    player.type_in("profile.use my");
    player.press("tab");
    assert_eq!(player.press("enter"), ["? profile.use my_synth"]);
}

#[test]
fn paths_in_the_home_folder_are_short() {
    let mut app = App::new().at_home(Some(std::path::Path::new("/home/ada")));
    app.say(busker::status::Severity::Info, "recording to /home/ada/Music/jam.wav, not /home/adam/jam.wav");
    let shown = app.messages().shown().map(|message| message.text.clone());
    assert_eq!(shown.as_deref(), Some("recording to ~/Music/jam.wav, not /home/adam/jam.wav"));
}
