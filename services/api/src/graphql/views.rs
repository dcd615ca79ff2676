//! The views of a community, all of the same moment.

use async_graphql::{Context, Object, Result};
use domain::ids::{BuildingId, CommunityId};
use jiff::Timestamp;
use jiff::civil::Date;
use projections::CommunityViews;
use projections::building_queue::BuildingQueue;
use projections::day_report::DayReport;
use projections::now_board::NowBoard;

use super::fault::fault;
use super::load::app;
use super::reflect::Reflect;
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
        let asked = ask_building(app(ctx), &self.community, &building.0, self.when, doors).await;
        asked.map(|asked| Reflect(asked.answer)).map_err(|problem| fault(&problem))
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
