//! Planning: what the planner needs to know is looked up, what it decides is written down and
//! carried out.

mod cart;
pub mod driver;
mod evening;
mod look;
mod picture;
mod preview;
mod standing;
mod step;
#[cfg(test)]
mod tests;

use domain::community::CommunityState;
use domain::community::event::PlanningPolicySet;
use domain::ids::{CommunityId, VolunteerId};
use domain::plan::event::PlanOfferDecided;
use domain::run::event::AssignmentReason;
use domain::run::{Helper, RunCommand};
use domain::volunteer::Volunteer;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::cart::{Cart, Expected, HopTold, Stranger};
pub use self::evening::{ClosedDay, Evening};
pub use self::picture::Drawn;
pub use self::preview::{DayPlan, Preview, Shortage, ToldRun};
pub use self::standing::{PieceStanding, Standing};
pub use self::step::{Asked, Step};
pub use planner::drawing::Language;
pub use planner::objective::burden;
pub use planner::situation::{Person, PieceAtGate};
pub use planner::why;
pub use planner::windows::{Countdown, countdowns};

use crate::engine::Engine;
use crate::problem::Problem;

/// How a community plans, or how one does that has not said so.
pub fn policy(community: &CommunityState) -> PlanningPolicySet {
    community.planning.clone().unwrap_or(planner::waves::POLICY)
}

/// How long pieces wait for each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// Not at all: whatever may go goes.
    #[default]
    Now,
    /// As the community's policy says: until a cart is full, a window closes, or they have waited
    /// long enough.
    Policy,
}

impl Engine {
    /// The offer of a run to a volunteer, and a second one where two are needed, with the facts
    /// that its decision needs.
    ///
    /// # Errors
    /// A deferred problem when the log cannot be read.
    pub async fn offer_to(
        &self,
        community: &CommunityId,
        volunteer: VolunteerId,
        helper: Option<VolunteerId>,
        reason: Option<AssignmentReason>,
        at: Timestamp,
    ) -> Result<RunCommand, Problem> {
        let Helper { volunteer, grid, protection, available, carry_limit } =
            self.hand_of(community, volunteer, at).await?;
        let helper = match helper {
            Some(helper) => Some(self.hand_of(community, helper, at).await?),
            None => None,
        };
        Ok(RunCommand::Offer {
            volunteer,
            volunteer_grid: grid,
            protection,
            available,
            carry_limit,
            helper,
            reason,
        })
    }

    /// The offer that a plan decided on.
    pub(crate) async fn offer_of(
        &self,
        community: &CommunityId,
        decided: &PlanOfferDecided,
        at: Timestamp,
    ) -> Result<RunCommand, Problem> {
        let PlanOfferDecided { volunteer, helper, reason, .. } = decided.clone();
        self.offer_to(community, volunteer, helper, Some(reason), at).await
    }

    async fn hand_of(
        &self,
        community: &CommunityId,
        volunteer: VolunteerId,
        at: Timestamp,
    ) -> Result<Helper, Problem> {
        let (state, _) = self.peek::<Volunteer>(community, &volunteer).await?;
        Ok(Helper {
            volunteer,
            grid: state.grid.clone(),
            protection: state.protection,
            available: state.is_available(at),
            carry_limit: state.carry_limit,
        })
    }
}
