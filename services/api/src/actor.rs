//! The one seam where it will be checked who may do what.
//!
//! Today everybody who reaches the engine may do everything, and every event says who it was; run
//! it where only the community's own people reach it. Sign-in replaces this function and nothing
//! else.

use domain::ids::{ActorId, CommunityId};
use runtime::Problem;

/// Whether somebody may act in a community.
///
/// # Errors
/// None today; a problem that says what is missing, once people sign in.
#[expect(clippy::unnecessary_wraps, reason = "the seam for sign-in, which will refuse")]
pub fn authorize(_actor: &ActorId, _community: &CommunityId) -> Result<(), Problem> {
    Ok(())
}
