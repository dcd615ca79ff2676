//! A parcel, hand by hand.

use std::sync::Arc;

use async_graphql::connection::{Connection, EmptyFields};
use async_graphql::{Context, ID, Object, Result};
use domain::address::Recipient;
use domain::ids::{CommunityId, ParcelId, ShelfCode};
use domain::parcel::event::HoldReason;
use domain::parcel::{Parcel as Piece, ParcelState};
use domain::supply::{Category, Cold, SizeClass};
use event_log::Revision;
use jiff::Timestamp;
use projections::parcel_trail::Trail;
use runtime::Problem;
use runtime::cue::Cue;

use super::fault::fault;
use super::household::Household;
use super::load::{app, load};
use super::node::{NodeId, NodeKind};
use super::order::Order;
use super::page::{Cursor, page};
use super::reflect::Reflect;
use super::run::Run;
use crate::App;
use crate::resources::{
    CustodyBody, ParcelPhaseBody, TrailEntryBody, custody_body, not_found, phase_body, read_trail,
};
use crate::views::questions::ask_trail;

/// One scannable piece, whatever is inside.
pub(super) struct Parcel {
    community: CommunityId,
    key: ParcelId,
    state: Arc<ParcelState>,
    revision: Revision,
    phase: ParcelPhaseBody,
}

impl Parcel {
    pub(super) async fn load(
        ctx: &Context<'_>,
        community: &CommunityId,
        key: ParcelId,
    ) -> Result<Option<Self>> {
        let loaded = load(ctx, community, key).await?;
        Ok(loaded.and_then(|(state, revision)| Self::of(community, key, state, revision)))
    }

    /// One as it stands now.
    pub(super) async fn peek(
        app: &App,
        community: &CommunityId,
        key: ParcelId,
    ) -> std::result::Result<Self, Problem> {
        let (state, revision) = app.engine.peek::<Piece>(community, &key).await?;
        let found = revision.and_then(|revision| Self::of(community, key, state, revision));
        found.ok_or_else(|| not_found("parcel"))
    }

    fn of(
        community: &CommunityId,
        key: ParcelId,
        state: Arc<ParcelState>,
        revision: Revision,
    ) -> Option<Self> {
        let phase = phase_body(state.phase)?;
        Some(Self { community: community.clone(), key, state, revision, phase })
    }
}

/// One scannable piece, whatever is inside.
#[Object]
impl Parcel {
    /// The id by which `node` finds it again.
    pub(super) async fn id(&self) -> ID {
        NodeId::of(NodeKind::Parcel, &self.community, &self.key)
    }

    /// Its id in commands, events and the REST API.
    async fn key(&self) -> Reflect<ParcelId> {
        Reflect(self.key)
    }

    /// How many events it has, counted from 0.
    async fn revision(&self) -> Reflect<u64> {
        Reflect(self.revision.0)
    }

    /// Where it stands on its way.
    async fn phase(&self) -> Reflect<ParcelPhaseBody> {
        Reflect(self.phase)
    }

    /// Who answers for it now.
    async fn custody(&self) -> Reflect<CustodyBody> {
        Reflect(custody_body(self.state.custody()))
    }

    /// For whom it is, where that is known.
    async fn recipient(&self) -> Option<Reflect<Recipient>> {
        self.state.recipient.clone().map(Reflect)
    }

    /// Why it waits apart, when it does.
    async fn held(&self) -> Option<Reflect<HoldReason>> {
        self.state.held.map(Reflect)
    }

    /// What is inside.
    async fn category(&self) -> Option<Reflect<Category>> {
        self.state.contents.as_ref().map(|contents| Reflect(contents.category))
    }

    /// How big it is.
    async fn size(&self) -> Option<Reflect<SizeClass>> {
        self.state.contents.as_ref().map(|contents| Reflect(contents.size))
    }

    /// How cold it must be kept.
    async fn cold(&self) -> Option<Reflect<Cold>> {
        self.state.contents.as_ref().map(|contents| Reflect(contents.cold))
    }

    /// The shelf it lies on.
    async fn shelf(&self) -> Option<Reflect<ShelfCode>> {
        self.state.shelf.clone().map(Reflect)
    }

    /// Whether nobody knows where it is.
    async fn missing(&self) -> bool {
        self.state.missing
    }

    /// Whether it is called back.
    async fn recalled(&self) -> bool {
        self.state.is_recalled()
    }

    /// Whether two ends of its way contradict each other.
    async fn disputed(&self) -> bool {
        self.state.dispute.is_some()
    }

    /// How often somebody stood at the door in vain.
    async fn failed_attempts(&self) -> u32 {
        self.state.failed_attempts
    }

    /// How often custody has passed on.
    async fn handovers(&self) -> u32 {
        self.state.handovers
    }

    /// What a screen shows and a loudspeaker says of it.
    async fn cue(&self, ctx: &Context<'_>) -> Option<Reflect<Cue>> {
        app(ctx).engine.cue(&self.community, self.key, &self.state).await.map(Reflect)
    }

    /// The order that it fulfils.
    async fn order(&self, ctx: &Context<'_>) -> Result<Option<Order>> {
        let order = self.state.contents.as_ref().and_then(|contents| contents.order);
        match order {
            Some(order) => Order::load(ctx, &self.community, order).await,
            None => Ok(None),
        }
    }

    /// The household that it is for.
    async fn household(&self, ctx: &Context<'_>) -> Option<Household> {
        let household = self.state.recipient.as_ref()?.household?;
        Household::find(ctx, &self.community, household)
    }

    /// The run that has it.
    async fn run(&self, ctx: &Context<'_>) -> Result<Option<Run>> {
        match self.state.phase.run() {
            Some(run) => Run::load(ctx, &self.community, run).await,
            None => Ok(None),
        }
    }

    /// Everything that happened to it, read from its stream, however long ago it was closed.
    async fn trail(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Connection<Cursor<u64>, Reflect<TrailEntryBody>, EmptyFields, EmptyFields>> {
        let entries = read_trail(app(ctx), &self.community, &self.key).await;
        let entries = entries.map_err(|problem| fault(&problem))?;
        let revisions = entries.iter().map(|entry| Cursor(entry.revision));
        let page = page(revisions, first, after.as_deref(), last, before.as_deref())?;
        let from = page.keys.first().map_or(0, |first| first.0);
        let entries = entries.into_iter().skip_while(move |entry| entry.revision < from);
        Ok(page.connection(entries.map(|entry| Some(Reflect(entry)))))
    }

    /// "I never got it", on one page: who had it from when to when, what was done to it, and what
    /// contradicts itself.
    async fn story(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What had been recorded by this time. Without it, everything.")]
        as_of: Option<Reflect<Timestamp>>,
    ) -> Result<Reflect<Trail>> {
        let as_of = as_of.map(|as_of| as_of.0);
        let story = ask_trail(app(ctx), &self.community, self.key, as_of).await;
        story.map(Reflect).map_err(|problem| fault(&problem))
    }
}
