//! A community: its layout, its people, and every view of it.

#![expect(clippy::unused_async, reason = "async-graphql asks for async fields")]

use std::sync::Arc;

use async_graphql::connection::{Connection, EmptyFields};
use async_graphql::{Context, ID, Object, Result, SimpleObject};
use domain::address::PlanPoint;
use domain::community::event::{GridColour, Language, Restriction, Window};
use domain::community::{CommunityState, restriction_at};
use domain::ids::{
    BuildingId, CommunityId, GateId, GridId, HouseholdId, OrderId, ParcelId, RunId, UnitId,
    VolunteerId, ZoneId,
};
use domain::supply::Category;
use jiff::Timestamp;
use jiff::civil::Date;

use runtime::directory::Place;

use super::fault::fault;
use super::household::Household;
use super::load::{app, spend};
use super::node::{NodeId, NodeKind};
use super::order::Order;
use super::page::{Cursor, page};
use super::parcel::Parcel;
use super::reflect::Reflect;
use super::run::Run;
use super::views::Views;
use super::volunteer::Volunteer;
use crate::resources::{ResolveBody, ResolvedBody, resolve_address, today};
use crate::views::When;
use crate::webhooks::HookBody;

/// One sealed place with its own intake point, grids and rules.
pub(super) struct Community {
    key: CommunityId,
    state: Arc<CommunityState>,
}

type Page<K, N> = Result<Connection<Cursor<K>, N, EmptyFields, EmptyFields>>;

impl Community {
    /// One that is registered.
    pub(super) fn find(ctx: &Context<'_>, key: &CommunityId) -> Option<Self> {
        let directory = app(ctx).engine.views().directory();
        let state = directory.place(key)?.community();
        state.registered.as_ref()?;
        Some(Self { key: key.clone(), state: Arc::new(state.clone()) })
    }
}

/// One sealed place with its own intake point, grids and rules.
#[Object]
impl Community {
    /// The id by which `node` finds it again.
    pub(super) async fn id(&self) -> ID {
        NodeId::of(NodeKind::Community, &self.key, &"main")
    }

    /// Its id in commands, events and the REST API, such as `fumin-garden`.
    async fn key(&self) -> Reflect<CommunityId> {
        Reflect(self.key.clone())
    }

    /// Its name, as people say it.
    async fn name(&self) -> &str {
        self.state.registered.as_ref().map_or("", |registered| registered.name.as_str())
    }

    /// Its time zone, such as `Asia/Shanghai`; windows and days are local.
    async fn time_zone(&self) -> &str {
        self.state.registered.as_ref().map_or("UTC", |registered| registered.time_zone.as_str())
    }

    /// The language it speaks.
    async fn language(&self) -> Option<Reflect<Language>> {
        self.state.registered.as_ref().map(|registered| Reflect(registered.language))
    }

    /// Its local day now.
    async fn today(&self, ctx: &Context<'_>) -> Result<Reflect<Date>> {
        today(app(ctx), &self.key).map(Reflect).map_err(|problem| fault(&problem))
    }

    /// The gate where supplies come in; the only way.
    async fn intake_point(&self) -> Option<Reflect<GateId>> {
        self.state.intake_point.clone().map(Reflect)
    }

    /// Its grids; people do not cross them.
    async fn grids(&self) -> Vec<Grid> {
        let grids = self
            .state
            .grids
            .iter()
            .map(|(grid, colour)| Grid { key: Reflect(grid.clone()), colour: Reflect(*colour) });
        grids.collect()
    }

    /// Its buildings.
    async fn buildings(&self) -> Vec<Building> {
        let buildings = self.state.buildings.iter().map(|(key, building)| Building {
            key: Reflect(key.clone()),
            grid: building.grid().cloned().map(Reflect),
            units: building.description.units.iter().map(|u| Reflect(u.id.clone())).collect(),
            lift: building.description.lift,
            position: building.description.position.map(Reflect),
        });
        buildings.collect()
    }

    /// Its zones and the restriction that each is under now.
    async fn zones(&self, ctx: &Context<'_>) -> Vec<Zone> {
        let now = app(ctx).engine.clock().now();
        let zones = self.state.zones.iter().map(|(key, zone)| Zone {
            key: Reflect(key.clone()),
            restriction: Reflect(restriction_at(zone, now)),
            buildings: zone.buildings.iter().cloned().map(Reflect).collect(),
        });
        zones.collect()
    }

    /// When each category is delivered.
    async fn windows(&self) -> Vec<CategoryWindows> {
        let windows = self.state.windows.iter().map(|(category, policy)| CategoryWindows {
            category: Reflect(*category),
            windows: policy.windows.iter().cloned().map(Reflect).collect(),
        });
        windows.collect()
    }

    /// One household.
    async fn household(&self, ctx: &Context<'_>, key: Reflect<HouseholdId>) -> Option<Household> {
        Household::find(ctx, &self.key, key.0)
    }

    /// Its households.
    async fn households(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Page<HouseholdId, Household> {
        let mut keys: Vec<_> = {
            let directory = app(ctx).engine.views().directory();
            let place = directory.place(&self.key);
            let known = place.into_iter().flat_map(Place::households);
            known.filter(|(_, state)| !state.erased).map(|(key, _)| Cursor(key)).collect()
        };
        keys.sort_unstable();
        let page = page(keys.into_iter(), first, after.as_deref(), last, before.as_deref())?;
        spend(ctx, page.keys.len())?;
        let found: Vec<_> =
            page.keys.iter().map(|key| Household::find(ctx, &self.key, key.0)).collect();
        Ok(page.connection(found))
    }

    /// One volunteer.
    async fn volunteer(
        &self,
        ctx: &Context<'_>,
        key: Reflect<VolunteerId>,
    ) -> Result<Option<Volunteer>> {
        Volunteer::load(ctx, &self.key, key.0).await
    }

    /// Its volunteers.
    async fn volunteers(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Page<VolunteerId, Volunteer> {
        let keys: Vec<_> = {
            let directory = app(ctx).engine.views().directory();
            let place = directory.place(&self.key);
            place.into_iter().flat_map(Place::volunteers).copied().map(Cursor).collect()
        };
        let page = page(keys.into_iter(), first, after.as_deref(), last, before.as_deref())?;
        let found = page.keys.iter().map(|key| Volunteer::load(ctx, &self.key, key.0));
        let found = futures_util::future::try_join_all(found).await?;
        Ok(page.connection(found))
    }

    /// One run.
    async fn run(&self, ctx: &Context<'_>, key: Reflect<RunId>) -> Result<Option<Run>> {
        Run::load(ctx, &self.key, key.0).await
    }

    /// Its runs that have not ended.
    async fn open_runs(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Page<RunId, Run> {
        let keys: Vec<_> = {
            let directory = app(ctx).engine.views().directory();
            let place = directory.place(&self.key);
            place.into_iter().flat_map(Place::open_runs).copied().map(Cursor).collect()
        };
        let page = page(keys.into_iter(), first, after.as_deref(), last, before.as_deref())?;
        let found = page.keys.iter().map(|key| Run::load(ctx, &self.key, key.0));
        let found = futures_util::future::try_join_all(found).await?;
        Ok(page.connection(found))
    }

    /// One order.
    async fn order(&self, ctx: &Context<'_>, key: Reflect<OrderId>) -> Result<Option<Order>> {
        Order::load(ctx, &self.key, key.0).await
    }

    /// One parcel.
    async fn parcel(&self, ctx: &Context<'_>, key: Reflect<ParcelId>) -> Result<Option<Parcel>> {
        Parcel::load(ctx, &self.key, key.0).await
    }

    /// Says for whom an address is, as written or shouted, without recording anything. Certain is
    /// `recipient`; otherwise `candidates`, the best first, or nothing.
    async fn resolve(
        &self,
        ctx: &Context<'_>,
        input: Reflect<ResolveBody>,
    ) -> Result<Reflect<ResolvedBody>> {
        let resolved = resolve_address(app(ctx), &self.key, input.0);
        resolved.map(Reflect).map_err(|problem| fault(&problem))
    }

    /// Its webhooks; their secrets are not told.
    async fn webhooks(&self, ctx: &Context<'_>) -> Vec<Reflect<HookBody>> {
        let hooks = app(ctx).webhooks.of(&self.key);
        hooks.into_iter().map(|hook| Reflect(hook.into())).collect()
    }

    /// Its views, as they stand or as they stood.
    async fn views(
        &self,
        #[graphql(desc = "As they stood at this time: what had been recorded by then.")]
        as_of: Option<Reflect<Timestamp>>,
        #[graphql(desc = "Wait until they have seen this position.")] at_least: Option<
            Reflect<u64>,
        >,
    ) -> Views {
        let as_of = as_of.map(|as_of| as_of.0);
        let at_least = at_least.map(|position| position.0);
        Views::of(self.key.clone(), When { as_of, at_least })
    }
}

/// A group of buildings served by one team.
#[derive(SimpleObject)]
struct Grid {
    /// As people say it: `3`.
    key: Reflect<GridId>,
    /// Its colour; never shown without its number.
    colour: Reflect<GridColour>,
}

/// A building.
#[derive(SimpleObject)]
struct Building {
    /// As people say it: `10`, `B`, `邮电宿舍`.
    key: Reflect<BuildingId>,
    /// The grid it lies in.
    grid: Option<Reflect<GridId>>,
    /// Its units (stairwells).
    units: Vec<Reflect<UnitId>>,
    /// Whether it has a lift.
    lift: bool,
    /// Where it stands on the compound's plan, where somebody drew it.
    position: Option<Reflect<PlanPoint>>,
}

/// A part of a community under one restriction.
#[derive(SimpleObject)]
struct Zone {
    /// Its name.
    key: Reflect<ZoneId>,
    /// The restriction that it is under now.
    restriction: Reflect<Restriction>,
    /// Its buildings.
    buildings: Vec<Reflect<BuildingId>>,
}

/// When a category is delivered.
#[derive(SimpleObject)]
struct CategoryWindows {
    /// The category.
    category: Reflect<Category>,
    /// Its windows, in local time.
    windows: Vec<Reflect<Window>>,
}
