//! The status as addresses: `/status/transport/bpm` and what it says. Pure.
//!
//! The names are those of the status as JSON. Whole numbers are ints, or longs where they must be; other numbers are
//! doubles; nothing is nil. A list of plain values is one address with several arguments; of a list of parts, each has
//! its index from 0. Two addresses are put together here for whoever looks at them all the time:
//! `/status/position` and `/status/meters`.

use crate::status::Status;
use rosc::{OscMessage, OscType};
use serde_json::Value;
use std::sync::Arc;

/// Above everything that can be asked for.
pub const ROOT: &str = "/status";
/// Where the song is, as bar:beat:tick and in seconds.
const POSITION: &str = "/status/position";
/// Peaks in dBFS, as floats: each input, then left and right.
const METERS: &str = "/status/meters";

/// Whether an address asks how things are.
pub fn is_within(address: &str) -> bool {
    address.strip_prefix(ROOT).is_some_and(|below| below.is_empty() || below.starts_with('/'))
}

/// The tree of the newest status anyone asked about.
#[derive(Default)]
pub struct Tree {
    of: Option<Arc<Status>>,
    leaves: Vec<OscMessage>,
}

impl Tree {
    /// Every address of a status with what it says, in order. Made once for each status.
    pub fn leaves(&mut self, status: Arc<Status>) -> &[OscMessage] {
        if self.of.as_ref().is_none_or(|of| !Arc::ptr_eq(of, &status)) {
            self.leaves = leaves(&status);
            self.of = Some(status);
        }
        &self.leaves
    }
}

/// What one of the addresses says that are put together here.
pub fn handy(address: &str, status: &Status) -> Option<OscMessage> {
    let args = match address {
        POSITION => {
            let transport = &status.transport;
            vec![OscType::String(transport.position.to_string()), OscType::Double(transport.seconds)]
        }
        METERS => {
            let meters = status.inputs.meters.iter().chain(&status.outputs);
            meters.map(|meter| OscType::Float(meter.peak_db)).collect()
        }
        _ => return None,
    };
    Some(OscMessage { addr: address.to_owned(), args })
}

fn leaves(status: &Status) -> Vec<OscMessage> {
    let mut leaves: Vec<OscMessage> = [POSITION, METERS].iter().filter_map(|at| handy(at, status)).collect();
    // Keys are texts and numbers are finite or null: nothing here can fail.
    grow(ROOT.to_owned(), &serde_json::to_value(status).unwrap_or_default(), &mut leaves);
    leaves
}

fn grow(addr: String, value: &Value, leaves: &mut Vec<OscMessage>) {
    match value {
        Value::Object(parts) => {
            parts.iter().for_each(|(name, part)| grow(format!("{addr}/{name}"), part, leaves));
        }
        Value::Array(parts) => match parts.iter().map(scalar).collect() {
            Some(args) => leaves.push(OscMessage { addr, args }),
            None => parts.iter().enumerate().for_each(|(index, part)| grow(format!("{addr}/{index}"), part, leaves)),
        },
        plain => leaves.extend(scalar(plain).map(|arg| OscMessage { addr, args: vec![arg] })),
    }
}

/// A plain value; nothing for lists and parts.
fn scalar(value: &Value) -> Option<OscType> {
    Some(match value {
        Value::Null => OscType::Nil,
        Value::Bool(is) => OscType::Bool(*is),
        Value::String(text) => OscType::String(text.clone()),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => i32::try_from(whole).map_or(OscType::Long(whole), OscType::Int),
            None => OscType::Double(number.as_f64()?),
        },
        Value::Array(_) | Value::Object(_) => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{assembly::EngineConfig, offline::Offline};

    fn status() -> Status {
        let mut offline = Offline::new(&EngineConfig::built_in("/tmp").unwrap()).unwrap();
        offline.ask(&"transport.locate 5:1:0".parse().unwrap()).unwrap();
        offline.run_to(48_000);
        offline.status()
    }

    #[test]
    fn every_part_of_the_status_has_an_address_of_its_own() {
        let status = status();
        let leaves = leaves(&status);
        let said = |address: &str| {
            let found: Vec<_> = leaves.iter().filter(|leaf| leaf.addr == address).collect();
            assert_eq!(found.len(), 1, "{address}");
            found[0].args.clone()
        };
        for leaf in &leaves {
            said(&leaf.addr);
        }
        let Value::Object(parts) = serde_json::to_value(&status).unwrap() else { panic!() };
        for name in parts.keys() {
            let top = format!("{ROOT}/{name}");
            let has_leaf = leaves.iter().any(|leaf| leaf.addr == top || leaf.addr.starts_with(&format!("{top}/")));
            assert!(has_leaf || parts[name].as_array().is_some_and(Vec::is_empty), "{name}");
        }
        assert_eq!(said("/status/transport/bpm"), [OscType::Double(120.0)]);
        assert_eq!(said("/status/transport/playing"), [OscType::Bool(false)]);
        assert_eq!(said("/status/record/take"), [OscType::Nil]);
        assert_eq!(said("/status/position"), ["5:1:0".into(), OscType::Double(status.transport.seconds)]);
        assert_eq!(said("/status/meters").len(), status.inputs.meters.len() + 2);
        assert_eq!(said("/status/inputs/gains_db").len(), status.inputs.gains_db.len());
        assert!(matches!(said("/status/outputs/1/peak_db")[..], [OscType::Double(_)]));
    }

    #[test]
    fn a_tree_is_made_once_for_a_status() {
        let (one, other) = (Arc::new(status()), Arc::new(status()));
        let mut tree = Tree::default();
        let first = tree.leaves(Arc::clone(&one)).as_ptr();
        assert_eq!(tree.leaves(one).as_ptr(), first);
        assert_ne!(tree.leaves(other).as_ptr(), first);
    }

    #[test]
    fn only_what_is_below_the_root_is_asked_there() {
        assert!(is_within("/status") && is_within("/status/transport"));
        assert!(!is_within("/statuses") && !is_within("/record/status"));
    }
}
