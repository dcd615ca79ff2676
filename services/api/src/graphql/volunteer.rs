//! A volunteer; never a name.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use domain::ids::{CommunityId, GridId, VolunteerId};
use domain::supply::Load;
use domain::volunteer::VolunteerState;
use domain::volunteer::event::{Role, VolunteerStatus};
use event_log::Revision;
use jiff::Timestamp;

use super::load::{app, load};
use super::node::{NodeId, NodeKind};
use super::reflect::Reflect;

/// A volunteer or worker; never a name.
pub(super) struct Volunteer {
    community: CommunityId,
    key: VolunteerId,
    state: Arc<VolunteerState>,
    revision: Revision,
}

impl Volunteer {
    pub(super) async fn load(
        ctx: &Context<'_>,
        community: &CommunityId,
        key: VolunteerId,
    ) -> Result<Option<Self>> {
        let Some((state, revision)) = load(ctx, community, key).await? else { return Ok(None) };
        Ok(Some(Self { community: community.clone(), key, state, revision }))
    }
}

/// A time during which a volunteer works, or rests.
#[derive(SimpleObject)]
pub(super) struct Shift {
    /// From when on.
    from: Reflect<Timestamp>,
    /// Until when.
    until: Reflect<Timestamp>,
}

fn told(times: &BTreeMap<Timestamp, Timestamp>) -> Vec<Shift> {
    let told = |(from, until): (&Timestamp, &Timestamp)| Shift {
        from: Reflect(*from),
        until: Reflect(*until),
    };
    times.iter().map(told).collect()
}

/// A volunteer or worker; never a name.
#[Object]
impl Volunteer {
    /// The id by which `node` finds it again.
    pub(super) async fn id(&self) -> ID {
        NodeId::of(NodeKind::Volunteer, &self.community, &self.key)
    }

    /// The id in commands, events and the REST API.
    async fn key(&self) -> Reflect<VolunteerId> {
        Reflect(self.key)
    }

    /// How many events there are, counted from 0.
    async fn revision(&self) -> Reflect<u64> {
        Reflect(self.revision.0)
    }

    /// The grid that the volunteer serves, and no other.
    async fn grid(&self) -> Option<Reflect<GridId>> {
        self.state.grid.clone().map(Reflect)
    }

    /// What the volunteer does.
    async fn roles(&self) -> Vec<Reflect<Role>> {
        self.state.roles.iter().copied().map(Reflect).collect()
    }

    /// Whether the volunteer has protection for sealed zones.
    async fn protection(&self) -> bool {
        self.state.protection
    }

    /// What the volunteer can carry in one trip.
    async fn carry_limit(&self) -> Reflect<Load> {
        Reflect(self.state.carry_limit)
    }

    /// How things stand.
    async fn status(&self) -> Reflect<VolunteerStatus> {
        Reflect(self.state.status)
    }

    /// When the volunteer works; empty is "whenever asked".
    async fn shifts(&self) -> Vec<Shift> {
        told(&self.state.shifts)
    }

    /// When the volunteer rests within a shift, and no run is planned.
    async fn breaks(&self) -> Vec<Shift> {
        told(&self.state.breaks)
    }

    /// Whether a run can be offered now.
    async fn available(&self, ctx: &Context<'_>) -> bool {
        self.state.is_available(app(ctx).engine.clock().now())
    }

    /// Whether the badge was taken away.
    async fn revoked(&self) -> bool {
        self.state.revoked
    }
}
