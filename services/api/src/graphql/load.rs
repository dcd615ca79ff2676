//! Loading aggregates: many at once where a list asks for them one by one, each at most once, and
//! never more than one document may have.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_graphql::dataloader::{DataLoader, Loader};
use async_graphql::{Context, Result};
use domain::ids::{CommunityId, OrderId, ParcelId, RunId, VolunteerId};
use domain::order::Order;
use domain::parcel::Parcel;
use domain::run::Run;
use domain::volunteer::Volunteer;
use event_log::Revision;
use futures_util::future::try_join_all;
use runtime::Problem;

use super::fault::fault;
use crate::App;

/// The most things that one document may load.
pub(super) const LOADED_MAX: usize = 5_000;
/// How many are read from the log at the same time.
const AT_ONCE_MAX: usize = 16;

/// What one document may still load.
#[derive(Debug)]
pub(super) struct Budget(AtomicUsize);

impl Default for Budget {
    fn default() -> Self {
        Self(AtomicUsize::new(LOADED_MAX))
    }
}

/// Takes things from what the document may load.
///
/// # Errors
/// When it has had enough.
pub(super) fn spend(ctx: &Context<'_>, count: usize) -> Result<()> {
    let Ok(budget) = ctx.data::<Budget>() else { return Ok(()) };
    let left = |left: usize| left.checked_sub(count);
    match budget.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, left) {
        Ok(_) => Ok(()),
        Err(_) => Err(fault(&Problem::invalid(
            "document-too-heavy",
            format!("one document loads at most {LOADED_MAX} things: ask for smaller pages"),
            format!("一次查询至多读取 {LOADED_MAX} 项：请缩小分页"),
        ))),
    }
}

/// The engine, asked for many aggregates at once.
pub(super) struct Aggregates(pub App);

/// A state that something has reached.
pub(super) type Reached<S> = Option<(Arc<S>, Revision)>;

fn reached<S>((state, revision): (Arc<S>, Option<Revision>)) -> Reached<S> {
    revision.map(|revision| (state, revision))
}

macro_rules! loaded {
    ($($aggregate:ident, $id:ty;)+) => {$(
        impl Loader<(CommunityId, $id)> for Aggregates {
            type Value = Reached<<$aggregate as domain::Decider>::State>;
            type Error = Arc<Problem>;

            async fn load(
                &self,
                keys: &[(CommunityId, $id)],
            ) -> std::result::Result<HashMap<(CommunityId, $id), Self::Value>, Self::Error> {
                let mut loaded = HashMap::with_capacity(keys.len());
                for keys in keys.chunks(AT_ONCE_MAX) {
                    let peeked = keys.iter().map(|(community, id)| {
                        self.0.engine.peek::<$aggregate>(community, id)
                    });
                    let peeked = try_join_all(peeked).await.map_err(Arc::new)?;
                    loaded.extend(keys.iter().cloned().zip(peeked.into_iter().map(reached)));
                }
                Ok(loaded)
            }
        }
    )+};
}

loaded! {
    Order, OrderId;
    Parcel, ParcelId;
    Run, RunId;
    Volunteer, VolunteerId;
}

/// Loads one aggregate; `None` when nothing has happened there.
///
/// # Errors
/// When the log cannot be read, or the document has had enough.
pub(super) async fn load<K, S>(
    ctx: &Context<'_>,
    community: &CommunityId,
    id: K,
) -> Result<Reached<S>>
where
    K: Send + Sync + std::hash::Hash + Eq + Clone + 'static,
    S: Send + Sync + 'static,
    Aggregates: Loader<(CommunityId, K), Value = Reached<S>, Error = Arc<Problem>>,
{
    spend(ctx, 1)?;
    let loader = ctx.data::<DataLoader<Aggregates>>()?;
    let loaded = loader.load_one((community.clone(), id)).await;
    Ok(loaded.map_err(|problem: Arc<Problem>| fault(&problem))?.flatten())
}

/// The engine and what belongs to it.
pub(super) fn app<'a>(ctx: &Context<'a>) -> &'a App {
    // The schema is built with it.
    ctx.data_unchecked::<App>()
}

/// Waits until the views have seen a position.
///
/// # Errors
/// When they have not within the time that an answer may wait, and when the log is not there yet.
pub(super) async fn at_least(app: &App, position: Option<u64>) -> Result<()> {
    let Some(position) = position else { return Ok(()) };
    app.engine.at_least(position).await.map_err(|problem| fault(&problem))
}
