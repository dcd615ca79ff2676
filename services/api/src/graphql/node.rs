//! Node ids: one text that names any thing of any community, and the way back to the thing.

use std::fmt;
use std::str::FromStr;

use async_graphql::{Context, ID, Interface, Result};
use domain::ids::CommunityId;

use super::community::Community;
use super::fault::fault;
use super::household::Household;
use super::order::Order;
use super::parcel::Parcel;
use super::run::Run;
use super::volunteer::Volunteer;
use crate::commands::path_part;

/// Anything that has an id of its own.
#[derive(Interface)]
#[graphql(field(name = "id", ty = "ID", desc = "The id by which `node` finds it again."))]
pub(super) enum Node {
    Community(Community),
    Household(Household),
    Order(Order),
    Parcel(Parcel),
    Run(Run),
    Volunteer(Volunteer),
}

/// A kind of thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NodeKind {
    Community,
    Household,
    Order,
    Parcel,
    Run,
    Volunteer,
}

const KINDS: [(NodeKind, &str); 6] = [
    (NodeKind::Community, "community"),
    (NodeKind::Household, "household"),
    (NodeKind::Order, "order"),
    (NodeKind::Parcel, "parcel"),
    (NodeKind::Run, "run"),
    (NodeKind::Volunteer, "volunteer"),
];

impl NodeKind {
    /// The kind with this name; a kind without nodes has none.
    pub(super) fn named(name: &str) -> Option<Self> {
        KINDS.iter().find(|(_, known)| *known == name).map(|(kind, _)| *kind)
    }

    fn name(self) -> &'static str {
        KINDS.iter().find(|(kind, _)| *kind == self).map_or("", |(_, name)| name)
    }
}

/// The id of a thing: its kind, its community, and its own id there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NodeId {
    pub kind: NodeKind,
    pub community: CommunityId,
    pub key: String,
}

impl NodeId {
    /// The node id of a thing of a community.
    pub(super) fn of(kind: NodeKind, community: &CommunityId, key: &impl fmt::Display) -> ID {
        ID(format!("{}:{community}:{key}", kind.name()))
    }

    /// Loads what it names; `None` when there is no such thing.
    pub(super) async fn load(&self, ctx: &Context<'_>) -> Result<Option<Node>> {
        let (community, key) = (&self.community, self.key.as_str());
        Ok(match self.kind {
            NodeKind::Community => Community::find(ctx, community).map(Node::Community),
            NodeKind::Household => Household::find(ctx, community, read(key)?).map(Node::Household),
            NodeKind::Order => Order::load(ctx, community, read(key)?).await?.map(Node::Order),
            NodeKind::Parcel => Parcel::load(ctx, community, read(key)?).await?.map(Node::Parcel),
            NodeKind::Run => Run::load(ctx, community, read(key)?).await?.map(Node::Run),
            NodeKind::Volunteer => {
                Volunteer::load(ctx, community, read(key)?).await?.map(Node::Volunteer)
            }
        })
    }
}

fn read<T: FromStr<Err: fmt::Display>>(key: &str) -> Result<T> {
    path_part(key, "id").map_err(|problem| fault(&problem))
}

impl FromStr for NodeId {
    type Err = &'static str;

    fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
        let wrong =
            "a node id looks like `parcel:fumin-garden:8c992fc6-…`: use an `id` as it was told";
        let mut parts = text.splitn(3, ':');
        let kind = parts.next().and_then(NodeKind::named).ok_or(wrong)?;
        let community = parts.next().and_then(|text| text.parse().ok()).ok_or(wrong)?;
        let key = parts.next().ok_or(wrong)?.to_owned();
        Ok(Self { kind, community, key })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_leads_back_to_what_it_names() {
        let community: CommunityId = "fumin-garden".parse().unwrap();
        let id = NodeId::of(NodeKind::Parcel, &community, &"abc");
        let node = NodeId { kind: NodeKind::Parcel, community, key: "abc".into() };
        assert_eq!(id.parse::<NodeId>(), Ok(node));
        for wrong in ["", "parcel", "parcel:", "parcel:Fumin:1", "cat:fumin-garden:1", "parcel:x"] {
            assert!(wrong.parse::<NodeId>().is_err(), "{wrong}");
        }
    }
}
