//! What the coordinator's desk asks beside the views: who is there, what is this, and what would a
//! list change.

pub(crate) mod import;
pub(crate) mod roster;
pub(crate) mod search;
