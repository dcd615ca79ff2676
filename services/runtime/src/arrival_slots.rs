//! What a command on a day's arrival slots is decided on, beside the slots themselves.

use domain::arrival_slots::Intake;
use domain::community::intake_hours;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::engine::Engine;
use crate::problem::Problem;
use crate::request::Request;

impl Engine {
    /// What the community offers on a day, and what time it is.
    ///
    /// # Errors
    /// A problem when the community is unknown.
    pub fn intake(&self, request: &Request, day: Date) -> Result<Intake, Problem> {
        self.with_place(&request.community, |place| {
            let community = place.community();
            let zone = community.registered.as_ref().map(|known| TimeZone::get(&known.time_zone));
            let zone = zone.and_then(Result::ok).unwrap_or(TimeZone::UTC);
            let policy = community.arrivals.as_ref();
            Intake {
                hours: intake_hours(policy, &zone, day),
                per_hour: policy.and_then(|policy| policy.per_hour),
                now: request.recorded_at,
            }
        })
    }
}
