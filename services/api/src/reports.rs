//! The day reports of every community, fed with the engine's own views.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use domain::community::{Community, CommunityEvent};
use domain::ids::CommunityId;
use domain::parcel::Parcel;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use projections::day_report::{DayReport, DayReports};
use runtime::codec::{AnyEvent, CodecError, Observed, Stored};
use runtime::views::Observer;
use serde_json::value::RawValue;

/// The day reports, shared between the engine that feeds them and whoever asks.
#[derive(Debug, Clone, Default)]
pub struct Reports {
    communities: Arc<RwLock<HashMap<CommunityId, DayReports>>>,
}

impl Reports {
    /// The report of a day; all zeros for a day or community without arrivals.
    pub fn report(&self, community: &CommunityId, day: Date) -> DayReport {
        let communities = self.communities.read().unwrap_or_else(PoisonError::into_inner);
        match communities.get(community) {
            Some(reports) => reports.report(day),
            None => DayReports::new(TimeZone::UTC).report(day),
        }
    }
}

impl Observer for Reports {
    fn name(&self) -> &'static str {
        "day-reports-1"
    }

    fn save(&self) -> serde_json::Result<Box<RawValue>> {
        let all = self.communities.read().unwrap_or_else(PoisonError::into_inner);
        serde_json::value::to_raw_value(&*all)
    }

    fn load(&mut self, saved: &RawValue) -> serde_json::Result<()> {
        let mut all = self.communities.write().unwrap_or_else(PoisonError::into_inner);
        *all = serde_json::from_str(saved.get())?;
        Ok(())
    }

    fn observe(&mut self, observed: &Observed<'_>) -> Result<(), CodecError> {
        // Everything else changes no figure and need not be decoded.
        if !matches!(observed.category, Community::CATEGORY | Parcel::CATEGORY) {
            return Ok(());
        }
        match observed.event()? {
            AnyEvent::Community(CommunityEvent::Registered(event)) => {
                let zone = TimeZone::get(&event.time_zone).unwrap_or(TimeZone::UTC);
                let mut all = self.communities.write().unwrap_or_else(PoisonError::into_inner);
                all.entry(observed.community.clone()).or_insert_with(|| DayReports::new(zone));
            }
            AnyEvent::Parcel(event) => {
                let Ok(parcel) = observed.id.parse() else { return Ok(()) };
                let mut all = self.communities.write().unwrap_or_else(PoisonError::into_inner);
                if let Some(reports) = all.get_mut(observed.community) {
                    reports.observe(parcel, event, observed.stamp.recorded_at);
                }
            }
            AnyEvent::Community(_)
            | AnyEvent::Device(_)
            | AnyEvent::Household(_)
            | AnyEvent::Order(_)
            | AnyEvent::Run(_)
            | AnyEvent::Volunteer(_) => {}
        }
        Ok(())
    }
}
