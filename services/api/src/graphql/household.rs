//! A household: where it lives and what a delivery must take into account; never whom to ask for.

use async_graphql::{Context, ID, Object};
use domain::address::Door;
use domain::community::event::Language;
use domain::household::HouseholdState;
use domain::household::event::{CapabilityNeed, Diet};
use domain::ids::{CommunityId, HouseholdId};

use super::load::app;
use super::node::{NodeId, NodeKind};
use super::reflect::Reflect;

/// People who eat together; several can live behind one door.
pub(super) struct Household {
    community: CommunityId,
    key: HouseholdId,
    state: HouseholdState,
}

impl Household {
    /// One that is registered and was not erased.
    pub(super) fn find(
        ctx: &Context<'_>,
        community: &CommunityId,
        key: HouseholdId,
    ) -> Option<Self> {
        let directory = app(ctx).engine.views().directory();
        let state = directory.place(community)?.household(key)?;
        let state = (!state.erased).then(|| state.clone())?;
        Some(Self { community: community.clone(), key, state })
    }
}

/// People who eat together; several can live behind one door.
#[Object]
impl Household {
    /// The id by which `node` finds it again.
    pub(super) async fn id(&self) -> ID {
        NodeId::of(NodeKind::Household, &self.community, &self.key)
    }

    /// Its id in commands, events and the REST API.
    async fn key(&self) -> Reflect<HouseholdId> {
        Reflect(self.key)
    }

    /// Where it lives.
    async fn doors(&self) -> Vec<Reflect<Door>> {
        self.state.doors.iter().cloned().map(Reflect).collect()
    }

    /// The language it speaks.
    async fn language(&self) -> Reflect<Language> {
        Reflect(self.state.language)
    }

    /// Whether it can only be reached by an ordinary telephone call.
    async fn phone_only(&self) -> bool {
        self.state.phone_only
    }

    /// How many people it is, as confirmed.
    async fn people(&self) -> Option<i32> {
        self.state.head_count.as_ref().map(|count| count.people.into())
    }

    /// What it eats, where somebody has asked.
    async fn diet(&self) -> Option<Reflect<Diet>> {
        self.state.diet.map(Reflect)
    }

    /// What deliveries must take into account: capabilities, never a diagnosis.
    async fn needs(&self) -> Vec<Reflect<CapabilityNeed>> {
        self.state.needs.iter().copied().map(Reflect).collect()
    }
}
