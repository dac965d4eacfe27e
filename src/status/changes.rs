//! What of a status became another: how statuses travel. Whoever has the one before puts the changed parts in.

use super::{ParamsStatus, Status, knobs::ParamsTold};
use crate::profile::Profile;
use serde::{Deserialize, Serialize};
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

            /// Puts changed parts in; the knobs are those of `profile`. Parts of no name here are passed over: whoever
            /// sends them is newer.
            ///
            /// # Errors
            /// The first part that cannot be one. The others are in.
            pub fn put(&mut self, Changes(mut changes): Changes, profile: &Arc<Profile>) -> Result<(), NotAPart> {
                let mut outcome = Ok(());
                if let Some(told) = changes.remove("params") {
                    let params = serde_json::from_value::<ParamsTold>(told).map_err(|error| error.to_string());
                    let known = |told| ParamsStatus::of(told, profile).ok_or_else(|| "another profile's".to_owned());
                    match params.and_then(known) {
                        Ok(params) => self.params = params,
                        Err(why) => outcome = Err(NotAPart { part: "params", why }),
                    }
                }
                $( if let Some(told) = changes.remove(stringify!($part)) {
                    match serde_json::from_value(told) {
                        Ok(part) => self.$part = part,
                        Err(error) => outcome = Err(NotAPart { part: stringify!($part), why: error.to_string() }),
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

fn value(part: &impl Serialize) -> Value {
    // Maps have texts as keys and numbers are finite or null: nothing here can fail.
    serde_json::to_value(part).unwrap_or_default()
}
