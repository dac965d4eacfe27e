//! Who may come in, and how many do.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One way in: the socket, OSC, HTTP.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DoorStatus {
    /// `socket`, `osc` or `http`.
    pub name: String,
    /// Where it is: a path or an address.
    pub at: String,
    /// Those who are connected now.
    pub connected: u32,
    /// Commands and questions that came in.
    pub received: u64,
    /// What came in and was no command, or from somebody who may not.
    pub refused: u64,
    /// What was not done because too much came at once.
    pub dropped: u64,
}
