//! The views of a community, all of the same moment.

use async_graphql::{Context, Object, Result};
use domain::ids::{BuildingId, CommunityId, GridId, HouseholdId, RunId};
use jiff::Timestamp;
use jiff::civil::Date;
use projections::CommunityViews;
use projections::arrivals::ArrivalDay;
use projections::building_queue::BuildingQueue;
use projections::coverage::CoverageReport;
use projections::day_report::DayReport;
use projections::delivery_plan::DeliveryPlan;
use projections::household_box::HouseholdBox;
use projections::needs_care::{CareEntry, CareReason, ZeroShelf};
use projections::now_board::NowBoard;
use projections::run_sheet::{RunLine, RunSheet};
use runtime::Problem;

use super::fault::fault;
use super::load::app;
use super::reflect::Reflect;
use crate::views::questions::{
    COVERAGE_DAYS, ask_arrivals, ask_box, ask_care, ask_coverage, ask_plan, ask_runs, ask_sheet,
    ask_shelf,
};
use crate::views::resources::{BuildingQueueDetailBody, ask_building};
use crate::views::{Asked, When};

/// The views of a community, as they stand or as they stood: one moment for all.
pub(super) struct Views {
    community: CommunityId,
    when: When,
}

impl Views {
    pub(super) fn of(community: CommunityId, when: When) -> Self {
        Self { community, when }
    }

    async fn ask<R>(
        &self,
        ctx: &Context<'_>,
        ask: impl FnOnce(&CommunityViews, Timestamp) -> R,
    ) -> Result<Asked<R>> {
        let asked = app(ctx).ask(&self.community, self.when, ask).await;
        asked.map_err(|problem| fault(&problem))
    }
}

/// The views of a community, as they stand or as they stood: one moment for all.
#[Object]
impl Views {
    /// The position of the last event of the community that they know of.
    async fn position(&self, ctx: &Context<'_>) -> Result<Reflect<u64>> {
        Ok(Reflect(self.ask(ctx, |_, _| ()).await?.position))
    }

    /// The moment that they are of.
    async fn at(&self, ctx: &Context<'_>) -> Result<Reflect<Timestamp>> {
        Ok(Reflect(self.ask(ctx, |_, _| ()).await?.at))
    }

    /// The board: where every piece is, by grid, and how fast it goes.
    async fn now_board(&self, ctx: &Context<'_>) -> Result<Reflect<NowBoard>> {
        Ok(Reflect(self.ask(ctx, CommunityViews::now_board).await?.answer))
    }

    /// The queue of every building.
    async fn building_queues(&self, ctx: &Context<'_>) -> Result<Reflect<Vec<BuildingQueue>>> {
        Ok(Reflect(self.ask(ctx, CommunityViews::building_queues).await?.answer))
    }

    /// The queue of one building, on demand with its units and doors.
    async fn building_queue(
        &self,
        ctx: &Context<'_>,
        building: Reflect<BuildingId>,
        #[graphql(desc = "Whether its units and doors are told too.", default)] doors: bool,
    ) -> Result<Reflect<BuildingQueueDetailBody>> {
        told(ask_building(app(ctx), &self.community, &building.0, self.when, doors).await)
    }

    /// The plan of a day: what is due in each window and grid, in which run it goes, and what is
    /// left over and why. Without a day: that of the moment.
    async fn delivery_plan(
        &self,
        ctx: &Context<'_>,
        day: Option<Reflect<Date>>,
    ) -> Result<Reflect<DeliveryPlan>> {
        let day = day.map(|day| day.0);
        told(ask_plan(app(ctx), &self.community, self.when, day).await)
    }

    /// Every run that is kept, a line each.
    async fn run_lines(&self, ctx: &Context<'_>) -> Result<Reflect<Vec<RunLine>>> {
        told(ask_runs(app(ctx), &self.community, self.when).await)
    }

    /// The sheet of a run: its stops in their order and the pieces for each door.
    async fn run_sheet(
        &self,
        ctx: &Context<'_>,
        run: Reflect<RunId>,
        #[graphql(desc = "The revision up to which its reader has seen it: what others changed \
                          after it is marked.")]
        seen: Option<Reflect<u64>>,
    ) -> Result<Reflect<RunSheet>> {
        let seen = seen.map(|seen| seen.0);
        told(ask_sheet(app(ctx), &self.community, self.when, run.0, seen).await)
    }

    /// The pieces that need somebody's care, the gravest first.
    async fn needs_care(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Of this grid only.")] grid: Option<Reflect<GridId>>,
        #[graphql(desc = "For this reason only.")] reason: Option<Reflect<CareReason>>,
    ) -> Result<Reflect<Vec<CareEntry>>> {
        let (grid, reason) = (grid.map(|grid| grid.0), reason.map(|reason| reason.0));
        told(ask_care(app(ctx), &self.community, self.when, grid, reason).await)
    }

    /// What is still at the intake point when a day closes. Without a day: that of the moment.
    async fn zero_shelf(
        &self,
        ctx: &Context<'_>,
        day: Option<Reflect<Date>>,
    ) -> Result<Reflect<ZeroShelf>> {
        let day = day.map(|day| day.0);
        told(ask_shelf(app(ctx), &self.community, self.when, day).await)
    }

    /// Who comes to the intake point in each hour of a day, and where there is room. Without a day:
    /// that of the moment.
    async fn arrivals(
        &self,
        ctx: &Context<'_>,
        day: Option<Reflect<Date>>,
    ) -> Result<Reflect<ArrivalDay>> {
        let day = day.map(|day| day.0);
        told(ask_arrivals(app(ctx), &self.community, self.when, day).await)
    }

    /// The households that nothing has reached, and nobody, for days.
    async fn coverage(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "For how many days.", default_with = "COVERAGE_DAYS")] days: u16,
    ) -> Result<Reflect<CoverageReport>> {
        told(ask_coverage(app(ctx), &self.community, self.when, days).await)
    }

    /// What is on its way to a household, where it is and in which window it comes.
    async fn household_box(
        &self,
        ctx: &Context<'_>,
        household: Reflect<HouseholdId>,
    ) -> Result<Reflect<HouseholdBox>> {
        told(ask_box(app(ctx), &self.community, self.when, household.0).await)
    }

    /// The figures of a day; they add up. Without a day: that of the moment.
    async fn day_report(
        &self,
        ctx: &Context<'_>,
        day: Option<Reflect<Date>>,
    ) -> Result<Reflect<DayReport>> {
        let asked = self.ask(ctx, |views, now| {
            let today = now.to_zoned(views.facts().zone().clone()).date();
            views.day_reports().report(day.map_or(today, |day| day.0))
        });
        Ok(Reflect(asked.await?.answer))
    }
}

fn told<T>(asked: std::result::Result<Asked<T>, Problem>) -> Result<Reflect<T>> {
    asked.map(|asked| Reflect(asked.answer)).map_err(|problem| fault(&problem))
}
