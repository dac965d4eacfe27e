//! The ways for clients to connect, with their counts.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One way to connect: the socket, OSC or HTTP.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DoorStatus {
    /// `socket`, `osc` or `http`.
    pub name: String,
    /// Its address: a path, or an IP address with a port.
    pub at: String,
    /// Clients that are connected now.
    pub connected: u32,
    /// Commands and questions received.
    pub received: u64,
    /// Messages that were refused: not a command, or from a client without permission.
    pub refused: u64,
    /// Commands that were dropped because too many came at once.
    pub dropped: u64,
}
