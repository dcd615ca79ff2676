//! The day reports of every community, fed with the engine's own views.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use domain::community::CommunityEvent;
use domain::ids::CommunityId;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use projections::day_report::{DayReport, DayReports};
use runtime::codec::{AnyEvent, Observed};
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

    fn observe(&mut self, events: &[Observed]) {
        let mut all = self.communities.write().unwrap_or_else(PoisonError::into_inner);
        for Observed { community, metadata, event, .. } in events {
            match event {
                AnyEvent::Community(_, CommunityEvent::Registered(event)) => {
                    let zone = TimeZone::get(&event.time_zone).unwrap_or(TimeZone::UTC);
                    all.entry(community.clone()).or_insert_with(|| DayReports::new(zone));
                }
                AnyEvent::Parcel(parcel, event) => {
                    if let Some(reports) = all.get_mut(community) {
                        reports.observe(*parcel, event, metadata.recorded_at);
                    }
                }
                AnyEvent::Community(..)
                | AnyEvent::Device(..)
                | AnyEvent::Household(..)
                | AnyEvent::Order(..)
                | AnyEvent::Run(..)
                | AnyEvent::Volunteer(..) => {}
            }
        }
    }
}
