//! Changed parts of a status on their way to a client: those of a newer revision are sent, and the client puts them
//! into its own status.

use super::{ParamsStatus, Status, StatusPart, knobs::ParamsTold};
use crate::profile::Profile;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use std::{any::Any, sync::Arc};

/// Parts of a status by name, each whole.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Changes(pub Map<String, Value>);

/// A part that cannot be read; the old value stays.
#[derive(Debug, thiserror::Error)]
#[error("'{part}' of a status cannot be read: {why}")]
pub struct NotAPart {
    /// Its name.
    pub part: &'static str,
    /// The reason.
    pub why: String,
}

macro_rules! parts {
    ($( $part:ident ),*) => {
        impl Status {
            /// The newest revision of any part.
            pub fn revision(&self) -> u64 {
                // Every part is among them, or this does not compile.
                let Status { at_ns: _, params, $( $part ),* } = self;
                [params.revision() $( , $part.revision() )*].into_iter().max().unwrap_or(0)
            }

            /// The names of the parts for which `is_so` is true, given each part of this and of the other status.
            fn names(&self, other: &Status, is_so: impl Fn(&dyn Compared, &dyn Compared) -> bool) -> Vec<&'static str> {
                let params = is_so(&self.params, &other.params).then_some("params");
                let others = [$( is_so(&self.$part, &other.$part).then_some(stringify!($part)) ),*];
                params.into_iter().chain(others.into_iter().flatten()).collect()
            }

            /// Parts by their names, each whole.
            pub fn named(&self, names: &[&str]) -> Changes {
                let mut changes = Map::new();
                for name in names {
                    match *name {
                        "params" => changes.insert("params".to_owned(), value(&self.params)),
                        $( stringify!($part) => changes.insert(stringify!($part).to_owned(), value(&self.$part)), )*
                        _ => None,
                    };
                }
                Changes(changes)
            }

            /// A status made of all its parts; the parameters are those of `profile`.
            ///
            /// # Errors
            /// The first part that is missing or cannot be read.
            pub fn of(at_ns: u64, Changes(mut parts): Changes, profile: &Arc<Profile>) -> Result<Status, NotAPart> {
                Ok(Status {
                    at_ns,
                    params: params(&mut parts, profile)?.into(),
                    $( $part: StatusPart::of(part(&mut parts, stringify!($part))?, 1), )*
                })
            }

            /// Puts changed parts in; the parameters are those of `profile`. Parts of unknown names are ignored,
            /// because the sender may be newer. The changed parts get the next revision.
            ///
            /// # Errors
            /// The first part that cannot be read. The others are put in.
            pub fn put(&mut self, Changes(mut changes): Changes, profile: &Arc<Profile>) -> Result<(), NotAPart> {
                let (mut outcome, revision) = (Ok(()), self.revision() + 1);
                if changes.contains_key("params") {
                    match params(&mut changes, profile) {
                        Ok(params) => self.params = StatusPart::of(params, revision),
                        Err(error) => outcome = Err(error),
                    }
                }
                $( if changes.contains_key(stringify!($part)) {
                    match part(&mut changes, stringify!($part)) {
                        Ok(part) => self.$part = StatusPart::of(part, revision),
                        Err(error) => outcome = Err(error),
                    }
                } )*
                outcome
            }
        }
    };
}

impl Status {
    /// The parts of a newer revision than `since`; 0 gives all parts.
    pub fn changes(&self, since: u64) -> Changes {
        self.named(&self.names(self, |part, _| part.revision() > since))
    }

    /// The names of all parts.
    pub fn every_part(&self) -> Vec<&'static str> {
        self.names(self, |_, _| true)
    }

    /// The names of the parts that are newer than those of another status, or have another value.
    pub fn differing(&self, before: &Status) -> Vec<&'static str> {
        self.names(before, |part, other| part.revision() > other.revision() || part.differs(other))
    }

    /// The names of the parts that do not share memory with those of another status.
    pub fn unshared(&self, other: &Status) -> Vec<&'static str> {
        self.names(other, |part, other| part.at() != other.at())
    }
}

/// A part, compared with another one.
trait Compared {
    fn revision(&self) -> u64;
    fn at(&self) -> usize;
    fn value(&self) -> &dyn Any;
    fn differs(&self, other: &dyn Compared) -> bool;
}

impl<T: PartialEq + 'static> Compared for StatusPart<T> {
    fn revision(&self) -> u64 {
        StatusPart::revision(self)
    }

    fn at(&self) -> usize {
        std::ptr::from_ref::<T>(self).addr()
    }

    fn value(&self) -> &dyn Any {
        &**self
    }

    fn differs(&self, other: &dyn Compared) -> bool {
        self.at() != other.at() && other.value().downcast_ref::<T>() != Some(&**self)
    }
}

parts!(
    transport, device, realtime, ports, instrument, clock, learning, monitor, inputs, outputs, loudness, click_on,
    limiter_on, profiles, automation, morph, session, record, audition, latency, takes, tracks, doors, faults
);

/// One part, by its name.
fn part<T: DeserializeOwned>(parts: &mut Map<String, Value>, part: &'static str) -> Result<T, NotAPart> {
    let told = parts.remove(part).ok_or_else(|| NotAPart { part, why: "it is missing".to_owned() })?;
    serde_json::from_value(told).map_err(|error| NotAPart { part, why: error.to_string() })
}

/// The parameters, which belong to a profile.
fn params(parts: &mut Map<String, Value>, profile: &Arc<Profile>) -> Result<ParamsStatus, NotAPart> {
    let told: ParamsTold = part(parts, "params")?;
    let another = || NotAPart { part: "params", why: "it belongs to another profile".to_owned() };
    ParamsStatus::of(told, profile).ok_or_else(another)
}

fn value(part: &impl Serialize) -> Value {
    // Maps have texts as keys and numbers are finite or null: nothing here can fail.
    serde_json::to_value(part).unwrap_or_default()
}
