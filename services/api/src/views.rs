//! The views of every community: fed by the engine before it answers, read by whoever asks.
//!
//! One lock per community, held for the time of one event or of one question. A view of the past
//! is folded apart from them (`past.rs`), and whoever follows changes is told from a queue that
//! the engine never waits for (`feed.rs`).

pub(crate) mod arrivals;
mod ask;
mod feed;
mod hashes;
pub(crate) mod lists;
pub mod look_up;
mod past;
pub(crate) mod pieces;
mod print;
pub(crate) mod questions;
mod rebuild;
pub(crate) mod resources;
pub(crate) mod story;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use domain::ids::CommunityId;
use jiff::SignedDuration;
use projections::facts::CLOSED_KEPT;
use projections::{CommunityViews, Fact, Happening, Touched};
use runtime::codec::{AnyEvent, Observed};
use runtime::views::Observer;
use serde_json::value::RawValue;

pub use self::ask::{Asked, When};
use self::feed::Feed;
pub use self::feed::{Change, Changes, Note};
pub use self::hashes::{HashError, ViewHashes};
use self::look_up::LookUps;
use self::past::Past;
use self::rebuild::{Rebuilding, Saved};

/// The views of every community, shared between the engine that feeds them and whoever asks.
#[derive(Clone)]
pub struct LiveViews {
    shared: Arc<Shared>,
}

struct Shared {
    communities: RwLock<BTreeMap<CommunityId, Held>>,
    closed_kept: SignedDuration,
    feed: Feed,
    past: Past,
    look_ups: LookUps,
    rebuilding: Rebuilding,
    /// The last position that the views have been shown; held while they are.
    shown: Mutex<u64>,
}

/// The views of one community behind their lock.
type Held = Arc<RwLock<CommunityViews>>;

impl Default for LiveViews {
    fn default() -> Self {
        Self::keeping(CLOSED_KEPT)
    }
}

impl LiveViews {
    /// Views that keep closed pieces and runs in memory for this long.
    pub fn keeping(closed_kept: SignedDuration) -> Self {
        let communities = RwLock::default();
        let (feed, past, look_ups) = (Feed::default(), Past::default(), LookUps::default());
        let (rebuilding, shown) = (Rebuilding::default(), Mutex::default());
        let shared = Shared { communities, closed_kept, feed, past, look_ups, rebuilding, shown };
        Self { shared: Arc::new(shared) }
    }

    /// The engine's end: it is shown every event.
    pub fn observer(&self) -> Box<dyn Observer> {
        Box::new(Feeder { views: self.clone(), latest: None })
    }

    /// Asks the views of a community as they stand; `None` for one of which nothing is known.
    pub fn live<R>(
        &self,
        community: &CommunityId,
        ask: impl FnOnce(&CommunityViews) -> R,
    ) -> Option<R> {
        let held = self.held(community)?;
        let views = held.read().unwrap_or_else(PoisonError::into_inner);
        Some(ask(&views))
    }

    /// Every community of which anything is known, in order.
    pub fn communities(&self) -> Vec<CommunityId> {
        let communities = self.shared.communities.read().unwrap_or_else(PoisonError::into_inner);
        communities.keys().cloned().collect()
    }

    /// Follows the changes of one community, or of all, from now on. It never slows the engine:
    /// whoever falls behind is told to read anew.
    ///
    /// Call it within the runtime: the first follower starts the task that tells them all.
    pub fn changes(&self, community: Option<CommunityId>) -> Changes {
        self.shared.feed.follow(community)
    }

    fn held(&self, community: &CommunityId) -> Option<Held> {
        let communities = self.shared.communities.read().unwrap_or_else(PoisonError::into_inner);
        communities.get(community).cloned()
    }

    fn hold(&self, community: &CommunityId) -> Held {
        if let Some(held) = self.held(community) {
            return held;
        }
        let mut communities =
            self.shared.communities.write().unwrap_or_else(PoisonError::into_inner);
        let fresh = || Arc::new(RwLock::new(CommunityViews::keeping(self.shared.closed_kept)));
        Arc::clone(communities.entry(community.clone()).or_insert_with(fresh))
    }
}

/// Folds one event of the log into the views of its community; `None` when it is of no interest to
/// any of them.
fn apply(views: &mut CommunityViews, observed: &Observed) -> Option<Touched> {
    let happening = Happening {
        position: observed.position.0,
        revision: observed.revision.0,
        recorded_at: observed.metadata.recorded_at,
        fact: fact(&observed.event)?,
    };
    Some(views.apply(&happening))
}

fn fact(event: &AnyEvent) -> Option<Fact<'_>> {
    Some(match event {
        AnyEvent::ArrivalSlots(day, event) => Fact::ArrivalSlots(*day, event),
        AnyEvent::Community(_, event) => Fact::Community(event),
        AnyEvent::Household(id, event) => Fact::Household(*id, event),
        AnyEvent::Order(id, event) => Fact::Order(*id, event),
        AnyEvent::Parcel(id, event) => Fact::Parcel(*id, event),
        AnyEvent::Run(id, event) => Fact::Run(*id, event),
        AnyEvent::Volunteer(id, event) => Fact::Volunteer(*id, event),
        AnyEvent::Plan(_, event) => Fact::Plan(event),
        AnyEvent::Device(..) => return None,
    })
}

/// The engine's end of the views.
struct Feeder {
    views: LiveViews,
    /// The community of the last event: most events follow one of the same community.
    latest: Option<(CommunityId, Held)>,
}

impl Feeder {
    fn held(&mut self, community: &CommunityId) -> Held {
        match &self.latest {
            Some((latest, held)) if latest == community => Arc::clone(held),
            _ => {
                let held = self.views.hold(community);
                self.latest = Some((community.clone(), Arc::clone(&held)));
                held
            }
        }
    }
}

impl Observer for Feeder {
    fn name(&self) -> &'static str {
        // What is in it carries its own versions.
        "views-2"
    }

    fn observe(&mut self, events: &[Observed]) {
        let shared = Arc::clone(&self.views.shared);
        let mut shown = shared.shown.lock().unwrap_or_else(PoisonError::into_inner);
        for of_community in events.chunk_by(|a, b| a.community == b.community) {
            let Some(first) = of_community.first() else { continue };
            let held = self.held(&first.community);
            let mut views = held.write().unwrap_or_else(PoisonError::into_inner);
            let followed = self.views.shared.feed.has_followers();
            for observed in of_community {
                if let Some(touched) = apply(&mut views, observed)
                    && followed
                {
                    self.views.shared.feed.tell(Change::of(observed, &views, touched));
                }
            }
        }
        if let Some(last) = events.last() {
            *shown = last.position.0;
        }
    }

    fn save(&self) -> serde_json::Result<Box<RawValue>> {
        let communities =
            self.views.shared.communities.read().unwrap_or_else(PoisonError::into_inner);
        let saved = communities.iter().map(|(community, held)| {
            let views = held.read().unwrap_or_else(PoisonError::into_inner);
            Ok((community.clone(), serde_json::value::to_raw_value(&*views)?))
        });
        let communities = saved.collect::<serde_json::Result<_>>()?;
        // What is still being rebuilt is not worth keeping.
        let versions = self.views.shared.rebuilding.kept_versions();
        serde_json::value::to_raw_value(&Saved { versions, communities })
    }

    fn load(&mut self, saved: &RawValue) -> serde_json::Result<()> {
        let saved: Saved = serde_json::from_str(saved.get())?;
        let held = self.views.shared.rebuilding.take(saved)?;
        let held = held.into_iter().map(|(community, mut views)| {
            views.keep_closed(self.views.shared.closed_kept);
            (community, Arc::new(RwLock::new(views)))
        });
        let held = held.collect();
        let mut communities =
            self.views.shared.communities.write().unwrap_or_else(PoisonError::into_inner);
        *communities = held;
        self.latest = None;
        Ok(())
    }
}
