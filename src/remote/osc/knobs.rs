//! The parameters of the instrument in use as addresses: `/param/filter_cutoff 0.5` sets one, and the same address
//! sends its value to subscribers. Positions are floats from 0 to 1, as faders of controllers send and show them. Pure.

use super::{pattern::Pattern, table::number};
use crate::{
    command::Command,
    profile::{Param, Profile},
    status::ParamsStatus,
};
use rosc::{OscMessage, OscType};
use std::sync::Arc;

/// The root of all parameters' addresses.
const ROOT: &str = "/param";
/// How far beyond 0 and 1 a position may be: rounding on its way.
const BEYOND_MAX: f64 = 1e-3;

/// Whether an address is one of parameters.
pub fn is_within(address: &str) -> bool {
    address.strip_prefix(ROOT).is_some_and(|below| below.is_empty() || below.starts_with('/'))
}

/// The address of a parameter.
pub fn address(param: &Param) -> String {
    format!("{ROOT}/{}", param.name)
}

/// The parameter of an address, if it is one of these.
pub fn named<'p>(profile: &'p Profile, address: &str) -> Option<&'p Param> {
    let name = address.strip_prefix(ROOT)?.strip_prefix('/')?;
    Some(&profile.params[profile.param_index(name)?])
}

/// The command that sets a parameter: a number is a position from 0 to 1, a whole number (int, long) for a parameter
/// with options the option's number, from 0, a bool one end of a parameter without options, and a text an argument of
/// `param.set`.
///
/// # Errors
/// No argument or several, one of another type, one out of range.
pub fn turn(param: &Param, args: &[OscType]) -> Result<Command, String> {
    let value = match args {
        [OscType::String(text)] => param.parse(text)?,
        [OscType::Bool(is)] if param.options.is_empty() => param.value_at(f64::from(u8::from(*is))),
        [OscType::Bool(is)] => param.parse(if *is { "on" } else { "off" })?,
        [OscType::Int(_) | OscType::Long(_)] if !param.options.is_empty() => {
            let wanted = number(&args[0]).unwrap_or(-1.0);
            let options = (0..).map(f64::from).zip(&param.options);
            let option = options.into_iter().find(|(index, _)| *index == wanted).map(|(_, option)| option.value);
            option.ok_or_else(|| format!("{wanted} is not an option; allowed: 0 to {}", param.options.len() - 1))?
        }
        [arg] => match number(arg) {
            Some(x) if (-BEYOND_MAX..=1.0 + BEYOND_MAX).contains(&x) => param.value_at(x.clamp(0.0, 1.0)),
            Some(x) => return Err(format!("{x} is not a position; allowed: 0 to 1")),
            None => return Err("allowed: a position from 0 to 1, or an option".to_owned()),
        },
        _ => return Err("allowed: one argument, a position from 0 to 1 or an option".to_owned()),
    };
    let command = format!("param.set {} {}", param.name, param.position_of(value)).parse::<Command>();
    command.map_err(|error| error.to_string())
}

/// The values of a profile's parameters that a subscriber was sent last.
pub type KnobsTold = Option<(Arc<Profile>, Vec<u16>)>;

/// The parameters that a pattern matches, or is above of, whose values differ from those sent last, or whose profile
/// was read anew; records them as sent.
pub fn moved(knobs: &ParamsStatus, part: &Pattern, told: &mut KnobsTold) -> Vec<OscMessage> {
    let before = told.take().filter(|(profile, _)| Arc::ptr_eq(profile, &knobs.profile));
    let before = before.map(|(_, values)| values).unwrap_or_default();
    let all = knobs.profile.params.iter().zip(&knobs.values).enumerate();
    let news = all.filter(|(index, (_, value))| before.get(*index) != Some(*value));
    let messages = news.map(|(_, (param, value))| OscMessage {
        addr: address(param),
        args: vec![OscType::Float(param.position_of(*value) as f32)],
    });
    let messages = messages.filter(|message| part.covers(&message.addr)).collect();
    *told = Some((Arc::clone(&knobs.profile), knobs.values.clone()));
    messages
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::{DEFAULT_ID, Library};

    fn knobs() -> ParamsStatus {
        let profile = Arc::clone(Library::load(None).0.get(DEFAULT_ID).unwrap());
        let values = profile.params.iter().map(|param| param.default).collect();
        ParamsStatus::standing(profile, values)
    }

    /// The value that a message sets.
    fn turned(knobs: &ParamsStatus, name: &str, arg: OscType) -> Result<u16, String> {
        let param = knobs.profile.params.iter().find(|param| param.name == name).unwrap();
        match turn(param, &[arg])? {
            Command::ParamSet { value, .. } => param.parse(&value.0),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_value_a_parameter_sends_sets_it_to_the_same_value() {
        let knobs = knobs();
        for param in &knobs.profile.params {
            for value in [param.lo, param.default, param.hi] {
                let said = OscType::Float(param.position_of(value) as f32);
                let turned = turned(&knobs, &param.name, said).unwrap();
                assert_eq!(turned, param.value_at(param.position_of(value)), "{}", param.name);
            }
        }
    }

    #[test]
    fn a_value_a_hair_out_of_range_is_the_end_and_a_larger_one_is_refused() {
        let knobs = knobs();
        let cutoff = |x: f32| turned(&knobs, "filter_cutoff", OscType::Float(x));
        assert_eq!((cutoff(1.000_000_1), cutoff(-1e-7)), (cutoff(1.0), cutoff(0.0)));
        assert!(cutoff(1.1).is_err() && cutoff(-0.1).is_err() && cutoff(f32::NAN).is_err());
    }

    #[test]
    fn a_whole_number_is_the_number_of_an_option() {
        let knobs = knobs();
        let param = knobs.profile.params.iter().find(|param| param.name == "filter_type").unwrap();
        for (index, option) in param.options.iter().enumerate() {
            let turned = turned(&knobs, "filter_type", OscType::Int(index as i32)).unwrap();
            assert_eq!(param.display(turned), option.label);
        }
        let beyond = param.options.len() as i32;
        assert!(turned(&knobs, "filter_type", OscType::Int(beyond)).is_err());
        assert!(turned(&knobs, "filter_type", OscType::Int(-1)).is_err());
    }

    #[test]
    fn a_bool_is_an_end_of_a_knob() {
        let knobs = knobs();
        let cutoff = knobs.profile.params.iter().find(|param| param.name == "filter_cutoff").unwrap();
        assert_eq!(turned(&knobs, "filter_cutoff", OscType::Bool(true)), Ok(cutoff.hi));
        assert_eq!(turned(&knobs, "filter_cutoff", OscType::Bool(false)), Ok(cutoff.lo));
    }

    #[test]
    fn only_changed_parameters_are_sent() {
        let mut knobs = knobs();
        let (all, mut told) = (Pattern::new("/param").unwrap(), None);
        assert_eq!(moved(&knobs, &all, &mut told).len(), knobs.profile.params.len());
        assert_eq!(moved(&knobs, &all, &mut told), []);
        let (lo, hi) = (knobs.profile.params[3].lo, knobs.profile.params[3].hi);
        knobs.values[3] = if knobs.values[3] == hi { lo } else { hi };
        let heard = moved(&knobs, &all, &mut told);
        assert_eq!(heard.len(), 1);
        assert_eq!(heard[0].addr, address(&knobs.profile.params[3]));
    }
}
