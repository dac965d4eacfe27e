//! The status as addresses: `/status/transport/bpm` and its value. Pure.
//!
//! The names are those of the status as JSON. Whole numbers are ints, or longs where they must be; other numbers are
//! doubles; nothing is nil. A list of plain values is one address with several arguments; of a list of parts, each has
//! its index from 0. Two addresses are put together here for clients that read them all the time: `/status/position`
//! and `/status/meters`.

use crate::status::Status;
use rosc::{OscMessage, OscType};
use serde_json::Value;
use std::collections::BTreeMap;

/// The root of all addresses of the status.
pub const ROOT: &str = "/status";
/// The song's position, as bar:beat:tick and in seconds.
const POSITION: &str = "/status/position";
/// Peaks in dBFS, as floats: each input, then left and right.
const METERS: &str = "/status/meters";

/// Whether an address asks for the status.
pub fn is_within(address: &str) -> bool {
    address.strip_prefix(ROOT).is_some_and(|below| below.is_empty() || below.starts_with('/'))
}

/// The tree of the newest status asked for. A part that is still the same piece of memory is not read again.
#[derive(Default)]
pub struct Tree {
    of: Option<Status>,
    leaves: BTreeMap<&'static str, Vec<OscMessage>>,
}

impl Tree {
    /// Every address of a status with its value, in order.
    pub fn leaves(&mut self, status: Status) -> impl Iterator<Item = &OscMessage> {
        let names = self.of.as_ref().map_or_else(|| status.every_part(), |of| status.unshared(of));
        // Keys are texts and numbers are finite or null: nothing here can fail.
        for name in names {
            let mut leaves = Vec::new();
            for (_, value) in status.named(&[name]).0 {
                grow(format!("{ROOT}/{name}"), &value, &mut leaves);
            }
            self.leaves.insert(name, leaves);
        }
        let at_ns =
            scalar(&status.at_ns.into()).map(|arg| OscMessage { addr: format!("{ROOT}/at_ns"), args: vec![arg] });
        self.leaves.insert("at_ns", at_ns.into_iter().collect());
        // First of all.
        self.leaves.insert("", [POSITION, METERS].iter().filter_map(|at| handy(at, &status)).collect());
        self.of = Some(status);
        self.leaves.values().flatten()
    }
}

/// Whether an address is one of those that are put together here. Its subscribers are sent it every time.
pub fn is_handy(address: &str) -> bool {
    matches!(address, POSITION | METERS)
}

/// The value of one of the addresses that are put together here.
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

/// A plain value; `None` for lists and parts.
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
    use crate::engine::{config::EngineConfig, offline::Offline};

    fn status() -> Status {
        let mut offline = Offline::new(&EngineConfig::built_in("/tmp").unwrap()).unwrap();
        offline.ask(&"transport.locate 5:1:0".parse().unwrap()).unwrap();
        offline.run_to(48_000);
        offline.status()
    }

    #[test]
    fn every_part_of_the_status_has_an_address_of_its_own() {
        let status = status();
        let mut tree = Tree::default();
        let leaves: Vec<OscMessage> = tree.leaves(status.clone()).cloned().collect();
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
    fn a_part_that_is_the_same_is_read_once() {
        let status = status();
        let mut tree = Tree::default();
        let address = |tree: &mut Tree, status: &Status, of: &str| {
            tree.leaves(status.clone()).find(|leaf| leaf.addr.starts_with(of)).unwrap().args.as_ptr()
        };
        let (knobs, ports) = ("/status/params", "/status/ports");
        let first = [knobs, ports].map(|of| address(&mut tree, &status, of));
        let mut counted = status.clone();
        counted.ports[0].sent += 1;
        let then = [knobs, ports].map(|of| address(&mut tree, &counted, of));
        assert!(then[0] == first[0] && then[1] != first[1]);
        let sent = tree.leaves(counted.clone()).find(|leaf| leaf.addr == "/status/ports/0/sent").unwrap().args.clone();
        assert_eq!(sent, [OscType::Int(counted.ports[0].sent as i32)]);
    }

    #[test]
    fn only_addresses_below_the_root_are_questions() {
        assert!(is_within("/status") && is_within("/status/transport"));
        assert!(!is_within("/statuses") && !is_within("/record/status"));
    }
}
