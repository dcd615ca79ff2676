//! An order.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result};
use domain::ids::{CommunityId, OrderId};
use domain::order::OrderState;
use domain::order::event::Channel;
use event_log::Revision;
use futures_util::future::try_join_all;

use super::household::Household;
use super::load::load;
use super::node::{NodeId, NodeKind};
use super::parcel::Parcel;
use super::reflect::Reflect;
use crate::resources::OrderPhaseBody;

/// What a household asked for, through one channel.
pub(super) struct Order {
    community: CommunityId,
    key: OrderId,
    state: Arc<OrderState>,
    revision: Revision,
}

impl Order {
    pub(super) async fn load(
        ctx: &Context<'_>,
        community: &CommunityId,
        key: OrderId,
    ) -> Result<Option<Self>> {
        let Some((state, revision)) = load(ctx, community, key).await? else { return Ok(None) };
        Ok(Some(Self { community: community.clone(), key, state, revision }))
    }
}

/// What a household asked for, through one channel.
#[Object]
impl Order {
    /// The id by which `node` finds it again.
    pub(super) async fn id(&self) -> ID {
        NodeId::of(NodeKind::Order, &self.community, &self.key)
    }

    /// Its id in commands, events and the REST API.
    async fn key(&self) -> Reflect<OrderId> {
        Reflect(self.key)
    }

    /// How many events it has, counted from 0.
    async fn revision(&self) -> Reflect<u64> {
        Reflect(self.revision.0)
    }

    /// Where it stands.
    async fn phase(&self) -> Reflect<OrderPhaseBody> {
        Reflect(self.state.phase.into())
    }

    /// The way on which it came.
    async fn channel(&self) -> Option<Reflect<Channel>> {
        self.state.placed.as_ref().map(|placed| Reflect(placed.channel))
    }

    /// Who asked for it.
    async fn household(&self, ctx: &Context<'_>) -> Option<Household> {
        let placed = self.state.placed.as_ref()?;
        Household::find(ctx, &self.community, placed.household)
    }

    /// In how many pieces it is expected to come.
    async fn pieces(&self) -> i32 {
        self.state.pieces.into()
    }

    /// The pieces of it that were handed off.
    async fn handed_off(&self) -> usize {
        self.state.handed_off.len()
    }

    /// The pieces of it that were announced or came.
    async fn parcels(&self, ctx: &Context<'_>) -> Result<Vec<Parcel>> {
        // Asked together, so that they are loaded together.
        let parcels =
            self.state.parcels.iter().map(|parcel| Parcel::load(ctx, &self.community, *parcel));
        Ok(try_join_all(parcels).await?.into_iter().flatten().collect())
    }
}
