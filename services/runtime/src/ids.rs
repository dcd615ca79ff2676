//! The only place that makes new ids. Everything else derives its ids from those it was given.

use domain::ids::CommandId;
use uuid::Uuid;

/// A new command id, for commands that begin on this machine.
#[expect(clippy::disallowed_methods, reason = "the one place that makes new ids")]
pub fn new_command_id() -> CommandId {
    CommandId(Uuid::now_v7())
}
