//! A courier's trip.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result};
use domain::address::Door;
use domain::ids::{CommunityId, GridId, ParcelId, RunId};
use domain::run::{Run as Trip, RunState};
use domain::supply::Load;
use event_log::Revision;
use futures_util::future::try_join_all;
use projections::run_sheet::{self, RunPhase};
use runtime::Problem;

use super::load::load;
use super::node::{NodeId, NodeKind};
use super::parcel::Parcel;
use super::reflect::Reflect;
use super::volunteer::Volunteer;
use crate::App;
use crate::resources::{PieceStatusBody, StopOutcomeBody, not_found};

/// One courier's trip in a wave: ordered stops.
pub(super) struct Run {
    community: CommunityId,
    key: RunId,
    state: Arc<RunState>,
    revision: Revision,
}

impl Run {
    pub(super) async fn load(
        ctx: &Context<'_>,
        community: &CommunityId,
        key: RunId,
    ) -> Result<Option<Self>> {
        let Some((state, revision)) = load(ctx, community, key).await? else { return Ok(None) };
        Ok(Some(Self { community: community.clone(), key, state, revision }))
    }

    /// One as it stands now.
    pub(super) async fn peek(
        app: &App,
        community: &CommunityId,
        key: RunId,
    ) -> std::result::Result<Self, Problem> {
        let (state, revision) = app.engine.peek::<Trip>(community, &key).await?;
        let community = community.clone();
        let found = revision.map(|revision| Self { community, key, state, revision });
        found.ok_or_else(|| not_found("run"))
    }
}

/// One courier's trip in a wave: ordered stops.
#[Object]
impl Run {
    /// The id by which `node` finds it again.
    pub(super) async fn id(&self) -> ID {
        NodeId::of(NodeKind::Run, &self.community, &self.key)
    }

    /// Its id in commands, events and the REST API.
    async fn key(&self) -> Reflect<RunId> {
        Reflect(self.key)
    }

    /// How many events it has, counted from 0.
    async fn revision(&self) -> Reflect<u64> {
        Reflect(self.revision.0)
    }

    /// Where it stands.
    async fn phase(&self) -> Reflect<RunPhase> {
        Reflect(run_sheet::phase(self.state.phase))
    }

    /// The grid that it serves, and no other.
    async fn grid(&self) -> Option<Reflect<GridId>> {
        self.state.grid().cloned().map(Reflect)
    }

    /// Who makes the trip.
    async fn courier(&self, ctx: &Context<'_>) -> Result<Option<Volunteer>> {
        match self.state.courier {
            Some(courier) => Volunteer::load(ctx, &self.community, courier).await,
            None => Ok(None),
        }
    }

    /// What it may carry.
    async fn limit(&self) -> Reflect<Load> {
        Reflect(self.state.limit())
    }

    /// What it carries.
    async fn loaded(&self) -> Reflect<Load> {
        Reflect(self.state.loaded)
    }

    /// Its doors, in their order.
    async fn stops(&self) -> Vec<Stop> {
        let stops = self.state.stops.iter().map(|stop| Stop {
            community: self.community.clone(),
            door: stop.door.clone(),
            parcels: stop.parcels.clone(),
            outcome: self.state.outcomes.get(&stop.door).map(|outcome| (*outcome).into()),
        });
        stops.collect()
    }

    /// The pieces that were loaded.
    async fn pieces(&self) -> Vec<RunPiece> {
        let pieces = self.state.pieces.iter().map(|(parcel, piece)| RunPiece {
            community: self.community.clone(),
            parcel: *parcel,
            door: piece.door.clone(),
            status: piece.status.into(),
        });
        pieces.collect()
    }
}

/// One door of a run.
pub(super) struct Stop {
    community: CommunityId,
    door: Door,
    parcels: Vec<ParcelId>,
    outcome: Option<StopOutcomeBody>,
}

/// One door of a run.
#[Object]
impl Stop {
    /// The door.
    async fn door(&self) -> Reflect<Door> {
        Reflect(self.door.clone())
    }

    /// How it ended; nothing until it has.
    async fn outcome(&self) -> Option<Reflect<StopOutcomeBody>> {
        self.outcome.map(Reflect)
    }

    /// The pieces for it.
    async fn parcels(&self, ctx: &Context<'_>) -> Result<Vec<Parcel>> {
        // Asked together, so that they are loaded together.
        let parcels = self.parcels.iter().map(|parcel| Parcel::load(ctx, &self.community, *parcel));
        Ok(try_join_all(parcels).await?.into_iter().flatten().collect())
    }
}

/// One piece that was loaded on a run.
pub(super) struct RunPiece {
    community: CommunityId,
    parcel: ParcelId,
    door: Door,
    status: PieceStatusBody,
}

/// One piece that was loaded on a run.
#[Object]
impl RunPiece {
    /// The piece.
    async fn parcel(&self, ctx: &Context<'_>) -> Result<Option<Parcel>> {
        Parcel::load(ctx, &self.community, self.parcel).await
    }

    /// The door that it goes to.
    async fn door(&self) -> Reflect<Door> {
        Reflect(self.door.clone())
    }

    /// Where it is.
    async fn status(&self) -> Reflect<PieceStatusBody> {
        Reflect(self.status)
    }
}
