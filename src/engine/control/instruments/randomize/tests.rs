//! Randomize in virtual time: within bounds, the same every time, and undone as one step.

use super::Randomizer;
use crate::{
    engine::{
        config::EngineConfig,
        offline::{Offline, built_in_port},
    },
    profile::{DEFAULT_ID, Library, Param},
};
use proptest::prelude::*;

fn station() -> (Offline, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let config = EngineConfig { clock_on: false, ..EngineConfig::of_seven_bits(folder.path()) };
    (Offline::on(&config, vec![built_in_port()]).unwrap(), folder)
}

fn ask(offline: &mut Offline, line: &str) -> Result<String, String> {
    let answer = offline.ask(&line.parse().unwrap());
    let frame = offline.frame();
    offline.run_to(frame + 480);
    answer
}

fn values(offline: &Offline) -> Vec<u16> {
    offline.status().params.values.clone()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn random_values_are_within_bounds_and_one_step(at in 0..10_000i64, percent in 0.5..100.0f64) {
        let (mut offline, _folder) = station();
        offline.run_to(at);
        let start = values(&offline);
        ask(&mut offline, "param.random").unwrap();
        let randomized = values(&offline);
        ask(&mut offline, &format!("param.mutate {percent}")).unwrap();
        let profile = offline.status().params.profile.clone();
        for ((param, value), before) in profile.params.iter().zip(values(&offline)).zip(&randomized) {
            prop_assert_eq!(param.snap(value), value, "{}", param.name);
            if param.options.is_empty() {
                let by = (param.position_of(value) - param.position_of(*before)).abs();
                // The first value of an exponential curve has five even shares of the range.
                let rounded = 5.0 / f64::from(param.hi - param.lo);
                prop_assert!(by <= percent / 100.0 + rounded, "{}: {by}", param.name);
            }
        }
        prop_assert_ne!(&randomized, &start);
        ask(&mut offline, "param.undo").unwrap();
        prop_assert_eq!(values(&offline), randomized);
        ask(&mut offline, "param.undo").unwrap();
        prop_assert_eq!(values(&offline), start);
        prop_assert!(ask(&mut offline, "param.undo").is_err());
    }
}

#[test]
fn the_same_instant_gives_the_same_values_and_another_one_does_not() {
    let thrown = |frame| {
        let (mut offline, _folder) = station();
        offline.run_to(frame);
        ask(&mut offline, "param.random").unwrap();
        values(&offline)
    };
    assert_eq!(thrown(480), thrown(480));
    assert_ne!(thrown(480), thrown(960));
}

#[test]
fn a_section_is_named_by_its_title_or_by_how_its_knobs_begin() {
    let (mut offline, _folder) = station();
    let start = values(&offline);
    let profile = offline.status().params.profile.clone();
    let title = profile.sections[1].to_uppercase();
    ask(&mut offline, &format!("param.random {title}")).unwrap();
    let moved: Vec<usize> = (0..start.len()).filter(|i| values(&offline)[*i] != start[*i]).collect();
    assert!(!moved.is_empty() && moved.iter().all(|i| profile.params[*i].section == 1), "{moved:?}");
    ask(&mut offline, "param.undo").unwrap();
    ask(&mut offline, "param.random filter_").unwrap();
    let moved = (0..start.len()).filter(|i| values(&offline)[*i] != start[*i]);
    assert!(moved.into_iter().all(|i| profile.params[i].name.starts_with("filter_")));
    let refused = ask(&mut offline, "param.random xyzzy").unwrap_err();
    assert!(refused.contains("no section 'xyzzy'") && refused.contains(&profile.sections[0]), "{refused}");
}

#[test]
fn a_mutation_moves_an_option_to_a_neighbour_as_often_as_it_is_strong() {
    let profile = Library::load(None).0.get(DEFAULT_ID).unwrap().clone();
    let stepped: Vec<&Param> = profile.params.iter().filter(|param| param.options.len() > 2).collect();
    assert!(!stepped.is_empty());
    for (percent, param) in [3.0, 10.0, 50.0, 100.0].into_iter().flat_map(|p| stepped.iter().map(move |s| (p, s))) {
        let places = |value: u16| param.options.iter().position(|option| option.value == value).unwrap();
        for from in &param.options {
            let mut randomizer = Randomizer::of_instant(7);
            let moved = (0..2000).filter(|_| {
                let by = places(randomizer.near(param, from.value, percent / 100.0)).abs_diff(places(from.value));
                assert!(by <= 1, "{} by {by}", param.name);
                by == 1
            });
            let share = moved.count() as f64 / 20.0;
            assert!((share - percent).abs() < 4.0, "{}: {share} % moved, {percent} % asked", param.name);
        }
    }
}
