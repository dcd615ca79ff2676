//! What can be asked.

#![expect(clippy::unused_async, reason = "async-graphql asks for async fields")]

use async_graphql::connection::{Connection, EmptyFields};
use async_graphql::{Context, ID, Object, Result, SimpleObject};
use domain::ids::CommunityId;
use jiff::Timestamp;
use runtime::Problem;

use super::community::Community;
use super::fault::fault;
use super::load::{app, at_least, spend};
use super::node::{Node, NodeId};
use super::page::{Cursor, PAGE_MAX, page};
use super::reflect::Reflect;

/// What can be asked. Every view has seen the position that a command or scan was answered with;
/// `atLeast` waits for a position that came from somewhere else.
pub(super) struct Query;

/// What can be asked. Every view has seen the position that a command or scan was answered with;
/// `atLeast` waits for a position that came from somewhere else.
#[Object]
impl Query {
    /// How the engine is.
    async fn engine(&self, ctx: &Context<'_>) -> EngineState {
        let app = app(ctx);
        let progress = app.engine.progress();
        EngineState {
            position: Reflect(progress.position.0),
            server_time: Reflect(app.engine.clock().now()),
            writable: app.engine.health() == event_log::Health::Writable,
        }
    }

    /// Anything by its id.
    async fn node(
        &self,
        ctx: &Context<'_>,
        id: ID,
        #[graphql(desc = "Wait until every view has seen this position.")] at_least: Option<
            Reflect<u64>,
        >,
    ) -> Result<Option<Node>> {
        self::at_least(app(ctx), at_least.map(|position| position.0)).await?;
        read(&id)?.load(ctx).await
    }

    /// Several things by their ids, in their order; at most 100.
    async fn nodes(&self, ctx: &Context<'_>, ids: Vec<ID>) -> Result<Vec<Option<Node>>> {
        if ids.len() > PAGE_MAX {
            return Err(fault(&Problem::invalid(
                "page-invalid",
                format!("at most {PAGE_MAX} ids at once: ask in several parts"),
                format!("一次至多 {PAGE_MAX} 个编号：请分批查询"),
            )));
        }
        spend(ctx, ids.len())?;
        let nodes: Vec<NodeId> = ids.iter().map(read).collect::<Result<_>>()?;
        // Asked together, so that they are loaded together.
        futures_util::future::try_join_all(nodes.iter().map(|node| node.load(ctx))).await
    }

    /// Every community of this engine.
    async fn communities(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Connection<Cursor<CommunityId>, Community, EmptyFields, EmptyFields>> {
        let mut keys: Vec<_> = {
            let directory = app(ctx).engine.views().directory();
            let known = directory.communities();
            let registered = known.filter(|(_, place)| place.community().registered.is_some());
            registered.map(|(key, _)| Cursor(key.clone())).collect()
        };
        keys.sort_unstable();
        let page = page(keys.into_iter(), first, after.as_deref(), last, before.as_deref())?;
        spend(ctx, page.keys.len())?;
        let found: Vec<_> = page.keys.iter().map(|key| Community::find(ctx, &key.0)).collect();
        Ok(page.connection(found))
    }

    /// One community, such as `fumin-garden`.
    async fn community(
        &self,
        ctx: &Context<'_>,
        key: Reflect<CommunityId>,
        #[graphql(desc = "Wait until every view has seen this position.")] at_least: Option<
            Reflect<u64>,
        >,
    ) -> Result<Option<Community>> {
        self::at_least(app(ctx), at_least.map(|position| position.0)).await?;
        Ok(Community::find(ctx, &key.0))
    }
}

fn read(id: &ID) -> Result<NodeId> {
    id.parse().map_err(|english: &str| {
        let chinese = "节点编号形如 `parcel:fumin-garden:8c992fc6-…`：请原样使用返回的 `id`";
        fault(&Problem::invalid("node-id-invalid", english, chinese))
    })
}

/// How the engine is.
#[derive(SimpleObject)]
struct EngineState {
    /// The position of the log that every view has seen.
    position: Reflect<u64>,
    /// The engine's clock.
    server_time: Reflect<Timestamp>,
    /// Whether scans and commands are taken now.
    writable: bool,
}
