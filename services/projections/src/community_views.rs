//! Every view of one community, fed with one event after the other.

use std::collections::BTreeMap;

use domain::address::Door;
use domain::household::event::TailToken;
use domain::ids::{BuildingId, ContainerId, HouseholdId, ParcelId, RunId};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::arrivals::{ArrivalDay, ArrivalEntry, Arrivals};
use crate::building_page::{self, BuildingPage};
use crate::building_queue::{BuildingQueue, BuildingQueues, UnitQueue};
use crate::coverage::{Coverage, CoverageReport};
use crate::day_report::DayReports;
use crate::delivery_plan::{self, DeliveryPlan};
use crate::facts::{BuildingNumber, Facts};
use crate::happening::{Fact, Happening};
use crate::household_box::{self, HouseholdBox, ResidentBox};
use crate::intake_point::{self, IntakePoint};
use crate::needs_care::{self, CareEntry, CareQueue, ZeroShelf};
use crate::now_board::{self, Desk, NowBoard};
use crate::piece_list::{self, PieceList, Wanted};
use crate::run_sheet::{self, RunLine, RunSheet};

/// The views that a snapshot keeps, by the names of their fields, with the versions of what they
/// hold. Raise a version whenever the view's state or fold changes: it is then rebuilt from the
/// log, while the others go on from the snapshot. All others follow from `facts`.
pub const VERSIONS: [(&str, u32); 5] =
    [(FACTS, 2), (NOW_BOARD, 1), (DAY_REPORT, 1), (COVERAGE, 1), (ARRIVALS, 1)];
/// What several views know.
pub const FACTS: &str = "facts";
/// The arrivals that the board counts.
pub const NOW_BOARD: &str = "now_board";
/// The day reports.
pub const DAY_REPORT: &str = "day_report";
/// When each household last had something to do with anybody.
pub const COVERAGE: &str = "coverage";
/// The arrival slots of the days.
pub const ARRIVALS: &str = "arrivals";

/// Every view of one community.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(from = "Stored")]
pub struct CommunityViews {
    position: u64,
    recorded_at: Option<Timestamp>,
    facts: Facts,
    #[serde(rename = "now_board")]
    desk: Desk,
    #[serde(rename = "day_report")]
    day_reports: DayReports,
    coverage: Coverage,
    arrivals: Arrivals,
    // Derived from the facts, so not in a snapshot:
    #[serde(skip)]
    queues: BuildingQueues,
    #[serde(skip)]
    care: CareQueue,
}

#[derive(Deserialize)]
struct Stored {
    position: u64,
    recorded_at: Option<Timestamp>,
    facts: Facts,
    // One that is absent is being rebuilt.
    #[serde(default, rename = "now_board")]
    desk: Desk,
    #[serde(default, rename = "day_report")]
    day_reports: DayReports,
    #[serde(default)]
    coverage: Coverage,
    #[serde(default)]
    arrivals: Arrivals,
}

impl From<Stored> for CommunityViews {
    fn from(stored: Stored) -> Self {
        let Stored { position, recorded_at, facts, desk, day_reports, coverage, arrivals } = stored;
        let (queues, care) = (BuildingQueues::of(&facts), CareQueue::of(&facts));
        Self { position, recorded_at, facts, desk, day_reports, coverage, arrivals, queues, care }
    }
}

/// What an event changed, for whoever follows the views.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Touched {
    /// The piece that it is about.
    pub parcel: Option<ParcelId>,
    /// The run that it is about.
    pub run: Option<RunId>,
    /// The household that it is about, or for whom the piece is.
    pub household: Option<HouseholdId>,
    /// The buildings whose queues it changed.
    pub buildings: [Option<BuildingNumber>; 2],
    /// Whether the queue of pieces that need care may have changed.
    pub needs_care: bool,
}

impl CommunityViews {
    /// Views that keep closed pieces and runs for this long.
    pub fn keeping(closed: SignedDuration) -> Self {
        let mut views = Self::default();
        views.keep_closed(closed);
        views
    }

    /// Chooses how long closed pieces and runs are kept.
    pub fn keep_closed(&mut self, closed: SignedDuration) {
        self.facts.keep_closed(closed);
    }

    /// Folds one event.
    pub fn apply(&mut self, happening: &Happening<'_>) -> Touched {
        self.position = happening.position;
        self.recorded_at = Some(happening.recorded_at);
        if let Fact::Parcel(parcel, event) = happening.fact {
            self.day_reports.observe(parcel, event, happening.recorded_at, &self.facts);
        }
        let mut touched = Touched::default();
        match happening.fact {
            Fact::Parcel(parcel, _) => touched.parcel = Some(parcel),
            Fact::Run(run, _) => touched.run = Some(run),
            Fact::Household(household, _) => touched.household = Some(household),
            Fact::ArrivalSlots(day, event) => {
                self.arrivals.apply(day, event, happening.recorded_at);
            }
            Fact::Community(_) | Fact::Order(_, _) | Fact::Plan(_) | Fact::Volunteer(_, _) => {}
        }
        for moved in self.facts.apply(happening) {
            self.queues.apply(&moved);
            self.care.apply(&self.facts, &moved);
            if Some(moved.parcel) == touched.parcel {
                self.desk.apply(&moved, happening.recorded_at);
                let building = |standing: crate::facts::Standing| standing.building;
                touched.buildings = [moved.before.map(building), moved.after.map(building)];
                let piece = self.facts.piece(moved.parcel);
                touched.household =
                    piece.and_then(|piece| piece.state.recipient.as_ref()?.household);
                touched.needs_care = moved.before.is_some_and(|before| before.exception)
                    || moved.after.is_some_and(|after| after.exception);
            }
        }
        self.coverage.apply(&self.facts, happening);
        touched
    }

    /// The position of the last event that was folded.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// When the last event was recorded that was folded.
    pub fn recorded_at(&self) -> Option<Timestamp> {
        self.recorded_at
    }

    /// What several views know.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// The day reports.
    pub fn day_reports(&self) -> &DayReports {
        &self.day_reports
    }

    /// The queue of a building; `None` for a building that there is not.
    pub fn building_queue(&self, building: &BuildingId, now: Timestamp) -> Option<BuildingQueue> {
        self.queues.queue(&self.facts, Some(building), now)
    }

    /// The queue of every building, and of pieces whose building nobody knows.
    pub fn building_queues(&self, now: Timestamp) -> Vec<BuildingQueue> {
        self.queues.all(&self.facts, now)
    }

    /// The units and doors of a building that wait for something; `None` for a building that there
    /// is not.
    pub fn building_units(&self, building: &BuildingId, now: Timestamp) -> Option<Vec<UnitQueue>> {
        BuildingQueues::units(&self.facts, building, now)
    }

    /// The board.
    pub fn now_board(&self, now: Timestamp) -> NowBoard {
        now_board::board(&self.facts, &self.queues, &self.desk, now)
    }

    /// The plan of a day.
    pub fn delivery_plan(&self, day: Date, now: Timestamp) -> DeliveryPlan {
        delivery_plan::plan(&self.facts, day, now)
    }

    /// Every run that is kept.
    pub fn runs(&self) -> Vec<RunLine> {
        run_sheet::lines(&self.facts)
    }

    /// The sheet of a run, with what changed after the revision that was `seen`; `None` for a run
    /// that is not kept.
    pub fn run_sheet(&self, run: RunId, seen: Option<u64>) -> Option<RunSheet> {
        run_sheet::sheet(&self.facts, run, seen)
    }

    /// Every piece that needs care, the longest waiting first.
    pub fn needs_care(&self, now: Timestamp) -> Vec<CareEntry> {
        self.care.entries(&self.facts, now)
    }

    /// What is still at the intake point, for the close of a day.
    pub fn zero_shelf(&self, day: Date) -> ZeroShelf {
        needs_care::zero_shelf(&self.facts, day)
    }

    /// The box of a household; `None` for one that there is not.
    pub fn household_box(&self, id: HouseholdId, now: Timestamp) -> Option<HouseholdBox> {
        household_box::household_box(&self.facts, id, now)
    }

    /// The box of the household behind a door whose phone ends like this; `None` for every other
    /// door or phone alike.
    pub fn look_up(&self, door: &Door, tail: TailToken, now: Timestamp) -> Option<ResidentBox> {
        household_box::look_up(&self.facts, door, tail, now)
    }

    /// The page of a building's volunteer, with the doors that nobody has reached for so many days;
    /// `None` for a building that there is not.
    pub fn building_page(
        &self,
        building: &BuildingId,
        days: u16,
        now: Timestamp,
    ) -> Option<BuildingPage> {
        let Self { facts, queues, coverage, .. } = self;
        building_page::building_page(facts, queues, coverage, building, days, now)
    }

    /// The intake point, with what lies on these tables.
    pub fn intake_point(&self, tables: &BTreeMap<ContainerId, Vec<ParcelId>>) -> IntakePoint {
        intake_point::intake_point(&self.facts, tables)
    }

    /// The pieces behind a figure, the first `named_max` of them by name.
    pub fn pieces(&self, wanted: &Wanted, now: Timestamp, named_max: usize) -> PieceList {
        piece_list::list(&self.facts, wanted, now, named_max)
    }

    /// Who comes to the intake point on a day, and where there is room.
    pub fn arrivals(&self, day: Date, now: Timestamp) -> ArrivalDay {
        self.arrivals.day(&self.facts, day, now)
    }

    /// The deliveries that somebody at the gate looks out for now.
    pub fn arrivals_due(&self, now: Timestamp) -> Vec<ArrivalEntry> {
        self.arrivals.due(&self.facts, now)
    }

    /// The households that nobody has reached for so many days.
    pub fn coverage(&self, days: u16, now: Timestamp) -> CoverageReport {
        self.coverage.report(&self.facts, days, now)
    }
}
