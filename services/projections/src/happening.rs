//! What a view is shown: one event in its place, with what is stamped on it.

use domain::arrival_slots::ArrivalSlotsEvent;
use domain::community::CommunityEvent;
use domain::household::HouseholdEvent;
use domain::ids::{HouseholdId, OrderId, ParcelId, RunId, VolunteerId};
use domain::order::OrderEvent;
use domain::parcel::ParcelEvent;
use domain::plan::PlanEvent;
use domain::run::RunEvent;
use domain::volunteer::VolunteerEvent;
use jiff::Timestamp;
use jiff::civil::Date;

/// One event of a community, as the log has it.
#[derive(Debug, Clone, Copy)]
pub struct Happening<'a> {
    /// Its place in the log.
    pub position: u64,
    /// Its place in its own stream, counted from 0.
    pub revision: u64,
    /// When the engine learned of it.
    pub recorded_at: Timestamp,
    /// What happened, and to what.
    pub fact: Fact<'a>,
}

/// What happened, and to what.
#[derive(Debug, Clone, Copy)]
pub enum Fact<'a> {
    /// To the arrival slots of a day.
    ArrivalSlots(Date, &'a ArrivalSlotsEvent),
    /// To the community.
    Community(&'a CommunityEvent),
    /// To a household.
    Household(HouseholdId, &'a HouseholdEvent),
    /// To an order.
    Order(OrderId, &'a OrderEvent),
    /// To a piece.
    Parcel(ParcelId, &'a ParcelEvent),
    /// To the plan of a day.
    Plan(&'a PlanEvent),
    /// To a run.
    Run(RunId, &'a RunEvent),
    /// To a volunteer.
    Volunteer(VolunteerId, &'a VolunteerEvent),
}
