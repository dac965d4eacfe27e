//! What of a status became another: how statuses travel. Whoever has the one before puts the changed parts in.

use super::{ParamsStatus, Status, knobs::ParamsTold};
use crate::profile::Profile;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use std::sync::Arc;

/// Parts of a status by name, each whole.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Changes(pub Map<String, Value>);

/// A part that cannot be one; it stays as it was.
#[derive(Debug, thiserror::Error)]
#[error("'{part}' of a status cannot be read: {why}")]
pub struct NotAPart {
    /// Its name.
    pub part: &'static str,
    /// What is wrong with it.
    pub why: String,
}

macro_rules! parts {
    ($( $part:ident ),*) => {
        impl Status {
            /// The parts that are not as they were before; without a before, all of them.
            pub fn changes(&self, before: Option<&Status>) -> Changes {
                // Every part is among them, or this does not compile.
                let Status { at_ns: _, params, $( $part ),* } = self;
                let mut changes = Map::new();
                if before.is_none_or(|before| before.params != *params) {
                    changes.insert("params".to_owned(), value(params));
                }
                $( if before.is_none_or(|before| before.$part != *$part) {
                    changes.insert(stringify!($part).to_owned(), value($part));
                } )*
                Changes(changes)
            }

            /// A status of all its parts; the knobs are those of `profile`.
            ///
            /// # Errors
            /// The first part that is missing or cannot be one.
            pub fn of(at_ns: u64, Changes(mut parts): Changes, profile: &Arc<Profile>) -> Result<Status, NotAPart> {
                Ok(Status {
                    at_ns,
                    params: params(&mut parts, profile)?,
                    $( $part: part(&mut parts, stringify!($part))?, )*
                })
            }

            /// Puts changed parts in; the knobs are those of `profile`. Parts of no name here are passed over: whoever
            /// sends them is newer.
            ///
            /// # Errors
            /// The first part that cannot be one. The others are in.
            pub fn put(&mut self, Changes(mut changes): Changes, profile: &Arc<Profile>) -> Result<(), NotAPart> {
                let mut outcome = Ok(());
                if changes.contains_key("params") {
                    match params(&mut changes, profile) {
                        Ok(params) => self.params = params,
                        Err(error) => outcome = Err(error),
                    }
                }
                $( if changes.contains_key(stringify!($part)) {
                    match part(&mut changes, stringify!($part)) {
                        Ok(part) => self.$part = part,
                        Err(error) => outcome = Err(error),
                    }
                } )*
                outcome
            }
        }
    };
}

parts!(
    transport, device, realtime, ports, instrument, clock, learning, monitor, inputs, outputs, click_on, profiles,
    automation, morph, session, record, audition, takes, doors, faults
);

/// One part, by its name.
fn part<T: DeserializeOwned>(parts: &mut Map<String, Value>, part: &'static str) -> Result<T, NotAPart> {
    let told = parts.remove(part).ok_or_else(|| NotAPart { part, why: "it is missing".to_owned() })?;
    serde_json::from_value(told).map_err(|error| NotAPart { part, why: error.to_string() })
}

/// The knobs, which are those of a profile.
fn params(parts: &mut Map<String, Value>, profile: &Arc<Profile>) -> Result<ParamsStatus, NotAPart> {
    let told: ParamsTold = part(parts, "params")?;
    let another = || NotAPart { part: "params", why: "it is another profile's".to_owned() };
    ParamsStatus::of(told, profile).ok_or_else(another)
}

fn value(part: &impl Serialize) -> Value {
    // Maps have texts as keys and numbers are finite or null: nothing here can fail.
    serde_json::to_value(part).unwrap_or_default()
}
