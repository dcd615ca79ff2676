//! Views whose version changed are rebuilt from the log, while the others go on from the snapshot.
//!
//! Whoever reads a view that is being rebuilt waits for it, for a while: no read fails because a
//! view was changed, and none is answered from a shape that this version does not know.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use domain::ids::CommunityId;
use event_log::{Direction, EventLog, PAGE_EVENTS_MAX, Position};
use projections::CommunityViews;
use projections::community_views::{FACTS, VERSIONS};
use runtime::Problem;
use runtime::codec::Observed;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::runtime::Handle;
use tokio::sync::watch;

use super::LiveViews;
use super::past::PastError;

/// How long a read waits for a view that is being rebuilt.
pub const REBUILD_WAIT_MAX: Duration = Duration::from_secs(20);

/// What a snapshot keeps of every community's views.
#[derive(Serialize, Deserialize)]
pub(super) struct Saved {
    pub versions: BTreeMap<String, u32>,
    pub communities: BTreeMap<CommunityId, Box<RawValue>>,
}

/// The views that are being rebuilt, by name.
pub(super) struct Rebuilding {
    stale: watch::Sender<BTreeSet<&'static str>>,
}

impl Default for Rebuilding {
    fn default() -> Self {
        Self { stale: watch::Sender::new(BTreeSet::new()) }
    }
}

impl Rebuilding {
    /// The versions of what is not being rebuilt.
    pub(super) fn kept_versions(&self) -> BTreeMap<String, u32> {
        let stale = self.stale.borrow();
        let kept = VERSIONS.iter().filter(|(name, _)| !stale.contains(name));
        kept.map(|(name, version)| ((*name).to_owned(), *version)).collect()
    }

    /// Takes what a snapshot kept, but for the views of another version; those are marked.
    pub(super) fn take(
        &self,
        saved: Saved,
    ) -> serde_json::Result<BTreeMap<CommunityId, CommunityViews>> {
        let is_kept =
            |(name, version): &&(&'static str, u32)| saved.versions.get(*name) == Some(version);
        let mut stale: BTreeSet<_> =
            VERSIONS.iter().filter(|view| !is_kept(view)).map(|(name, _)| *name).collect();
        let mut all = BTreeMap::new();
        if stale.contains(FACTS) {
            // Everything follows from the facts.
            stale = VERSIONS.iter().map(|(name, _)| *name).collect();
        } else {
            for (community, views) in saved.communities {
                let mut fields: BTreeMap<String, Box<RawValue>> =
                    serde_json::from_str(views.get())?;
                fields.retain(|name, _| !stale.contains(name.as_str()));
                let views = serde_json::from_str(&serde_json::to_string(&fields)?)?;
                all.insert(community, views);
            }
        }
        self.stale.send_replace(stale);
        Ok(all)
    }

    fn is_needed(&self) -> bool {
        !self.stale.borrow().is_empty()
    }

    /// Waits until a view is not being rebuilt.
    ///
    /// # Errors
    /// A deferred problem when that takes too long.
    pub(super) async fn wait_for(&self, view: &str) -> Result<(), Problem> {
        if !self.stale.borrow().contains(view) {
            return Ok(());
        }
        let mut stale = self.stale.subscribe();
        let rebuilt = stale.wait_for(|stale| !stale.contains(view));
        match tokio::time::timeout(REBUILD_WAIT_MAX, rebuilt).await {
            Ok(_) => Ok(()),
            Err(_) => Err(Problem::deferred(
                "view-rebuilding",
                "this view was changed and is being rebuilt from the log: ask again in a moment",
                "该视图已更新，正在重建：请稍后重试",
            )),
        }
    }
}

impl LiveViews {
    /// Rebuilds the views whose version changed since the snapshot, on a thread of its own, and
    /// puts them in place of the others. Does nothing when there are none.
    ///
    /// Call it within the runtime, once the engine follows the log; `shown` is the position that
    /// its views have seen.
    pub fn rebuild(&self, log: Arc<dyn EventLog>, shown: Position) {
        if !self.shared.rebuilding.is_needed() {
            return;
        }
        {
            let mut so_far = self.shared.shown.lock().unwrap_or_else(PoisonError::into_inner);
            *so_far = shown.0.max(*so_far);
        }
        let (views, handle) = (self.clone(), Handle::current());
        tokio::task::spawn_blocking(move || {
            tracing::info!("views of another version are rebuilt from the log");
            match views.fold_anew(&handle, log.as_ref()) {
                Ok(()) => tracing::info!("the views are rebuilt"),
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::error!(error, "the views cannot be rebuilt");
                }
            }
        });
    }

    /// Waits until nothing is being rebuilt.
    pub async fn rebuilt(&self) {
        let mut stale = self.shared.rebuilding.stale.subscribe();
        // The views outlive whoever waits for them.
        drop(stale.wait_for(BTreeSet::is_empty).await);
    }

    /// Folds the log up to where the live views are, until they stand still for the moment in which
    /// the fresh ones take their place.
    fn fold_anew(&self, handle: &Handle, log: &dyn EventLog) -> Result<(), PastError> {
        let mut fresh: BTreeMap<CommunityId, CommunityViews> = BTreeMap::new();
        let mut folded = Position(0);
        loop {
            let target = *self.shared.shown.lock().unwrap_or_else(PoisonError::into_inner);
            while folded.0 < target {
                let from = (folded > Position(0)).then_some(folded);
                let read = log.read_all(from, Direction::Forwards, PAGE_EVENTS_MAX);
                let page = handle.block_on(read)?;
                for recorded in page.iter().filter(|recorded| recorded.position.0 <= target) {
                    let Some(observed) = Observed::read(recorded)? else { continue };
                    let views = fresh
                        .entry(observed.community.clone())
                        .or_insert_with(|| CommunityViews::keeping(self.shared.closed_kept));
                    super::apply(views, &observed);
                }
                let last = page.last().map_or(target, |last| last.position.0);
                folded = Position(last.min(target));
            }
            // The engine shows the views nothing while this is held.
            let shown = self.shared.shown.lock().unwrap_or_else(PoisonError::into_inner);
            if *shown == target {
                self.put_in_place(fresh);
                return Ok(());
            }
        }
    }

    fn put_in_place(&self, fresh: BTreeMap<CommunityId, CommunityViews>) {
        for (community, views) in fresh {
            let held = self.hold(&community);
            *held.write().unwrap_or_else(PoisonError::into_inner) = views;
        }
        self.shared.rebuilding.stale.send_replace(BTreeSet::new());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use runtime::views::Observer;

    fn load(versions: &str) -> (LiveViews, Box<dyn Observer>) {
        let views = LiveViews::default();
        let mut observer = views.observer();
        let saved = format!(r#"{{"versions":{versions},"communities":{{}}}}"#);
        observer.load(&RawValue::from_string(saved).unwrap()).unwrap();
        (views, observer)
    }

    /// Whether a read of the view waits.
    async fn waits(views: &LiveViews, name: &str) -> bool {
        let read = views.shared.rebuilding.wait_for(name);
        tokio::time::timeout(Duration::ZERO, read).await.is_err()
    }

    #[tokio::test]
    async fn only_a_view_of_another_version_is_waited_for() {
        let versions = r#"{"facts":2,"now_board":1,"day_report":0,"coverage":1}"#;
        let (views, observer) = load(versions);
        assert!(!waits(&views, "facts").await && waits(&views, "day_report").await);
        // A snapshot in between does not pass the view off as rebuilt.
        let saved = observer.save().unwrap();
        assert!(!saved.get().contains("\"day_report\""), "{saved}");
        views.put_in_place(BTreeMap::new());
        assert!(!waits(&views, "day_report").await);
    }

    #[tokio::test]
    async fn with_the_facts_everything_is_rebuilt() {
        let (views, _) = load(r#"{"facts":0,"now_board":1,"day_report":1,"coverage":1}"#);
        for (name, _) in VERSIONS {
            assert!(waits(&views, name).await, "{name}");
        }
    }
}
