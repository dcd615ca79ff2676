//! The driver: looks at every community that plans by itself, now and then.
//!
//! It keeps nothing. Whatever was decided stands in the plan of the day, so that a restart or a
//! second engine on the same log goes on from there; of two that decide at once one is refused.

use std::sync::{Arc, Weak};
use std::time::Duration;

use domain::ids::CommunityId;

use super::When;
use crate::engine::Engine;
use crate::survive::survive;

/// How often it looks.
pub const LOOKS_EVERY: Duration = Duration::from_secs(5);

/// Looks for as long as the engine lives.
pub(crate) fn start(engine: &Arc<Engine>) {
    let engine: Weak<Engine> = Arc::downgrade(engine);
    tokio::spawn(async move {
        let mut ticks = tokio::time::interval(LOOKS_EVERY);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let Some(engine) = engine.upgrade() else { return };
            for community in automatic(&engine) {
                let (planner, id) = (Arc::clone(&engine), community.clone());
                let plan = async move { planner.plan(&id, When::Policy).await };
                if let Some(Err(problem)) = survive("the planner", plan).await {
                    let code = problem.code;
                    tracing::warn!(%community, code, "a plan could not be made");
                    metrics::counter!("lastmeter_plans_failed_total").increment(1);
                }
            }
        }
    });
}

/// The communities that plan by themselves.
fn automatic(engine: &Engine) -> Vec<CommunityId> {
    let directory = engine.views().directory();
    let plans = directory.communities().filter(|(_, place)| {
        place.community().planning.as_ref().is_some_and(|policy| policy.automatic)
    });
    plans.map(|(community, _)| community.clone()).collect()
}
