//! Planning: what the planner needs to know is looked up, what it decides is written down and
//! carried out.

pub mod driver;
mod look;
mod step;
#[cfg(test)]
mod tests;

use domain::ids::{CommunityId, VolunteerId};
use domain::plan::event::PlanOfferDecided;
use domain::run::event::AssignmentReason;
use domain::run::{Helper, RunCommand};
use domain::volunteer::Volunteer;
use jiff::Timestamp;

pub use self::step::Step;

use crate::engine::Engine;
use crate::problem::Problem;

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
