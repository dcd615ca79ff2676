//! Who follows the views is told what changed, from a queue that the engine never waits for.
//!
//! The engine puts a small note into a bounded queue; one task hands it on to every follower. A
//! queue that is full loses notes, and so does a follower that is slow: both are told as
//! [`Note::Resync`], upon which the follower reads the view anew.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use domain::ids::{BuildingId, CommunityId, GridId, HouseholdId, ParcelId, RunId};
use jiff::Timestamp;
use projections::{CommunityViews, Touched};
use runtime::codec::Observed;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, mpsc};

/// The most notes that wait for the task that tells them.
pub const NOTES_QUEUED_MAX: usize = 8_192;
/// The most notes that wait for one follower.
pub const NOTES_BEHIND_MAX: usize = 8_192;

/// Something changed in a community's views; they show it already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The community.
    pub community: CommunityId,
    /// The position of the event.
    pub position: u64,
    /// The event's type, as it is stored.
    pub event_type: &'static str,
    /// When the engine learned of it.
    pub recorded_at: Timestamp,
    /// The piece that it is about.
    pub parcel: Option<ParcelId>,
    /// The run that it is about.
    pub run: Option<RunId>,
    /// The household that it is about, or for whom the piece is.
    pub household: Option<HouseholdId>,
    /// The buildings whose queues changed: none, one, or two when a piece turned out to be for
    /// another one.
    pub buildings: Vec<BuildingId>,
    /// The grids of these buildings, or that of the run.
    pub grids: Vec<GridId>,
    /// Whether the queue of pieces that need care may have changed.
    pub needs_care: bool,
}

impl Change {
    pub(super) fn of(observed: &Observed, views: &CommunityViews, touched: Touched) -> Self {
        let facts = views.facts();
        let numbers = touched.buildings.into_iter().flatten();
        let mut buildings: Vec<_> =
            numbers.filter_map(|number| facts.buildings().id(number)).cloned().collect();
        buildings.dedup();
        let run_grid = touched.run.and_then(|run| facts.run(run)?.state.grid());
        let of_buildings = buildings.iter().filter_map(|building| facts.grid_of(building));
        let mut grids: Vec<_> = of_buildings.chain(run_grid).cloned().collect();
        grids.dedup();
        Self {
            community: observed.community.clone(),
            position: observed.position.0,
            event_type: observed.event.event_type(),
            recorded_at: observed.metadata.recorded_at,
            parcel: touched.parcel,
            run: touched.run,
            household: touched.household,
            buildings,
            grids,
            needs_care: touched.needs_care,
        }
    }
}

/// What a follower hears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// Something changed.
    Changed(Arc<Change>),
    /// Notes were lost: read the view anew, and go on from there.
    Resync,
}

/// The queue, and those who follow it.
pub(super) struct Feed {
    queue: OnceLock<mpsc::Sender<Change>>,
    followers: broadcast::Sender<Note>,
    lost: Arc<AtomicBool>,
}

impl Default for Feed {
    fn default() -> Self {
        let followers = broadcast::Sender::new(NOTES_BEHIND_MAX);
        Self { queue: OnceLock::new(), followers, lost: Arc::default() }
    }
}

impl Feed {
    pub(super) fn has_followers(&self) -> bool {
        self.queue.get().is_some() && self.followers.receiver_count() > 0
    }

    /// Puts a change into the queue; never waits.
    pub(super) fn tell(&self, change: Change) {
        if let Some(queue) = self.queue.get()
            && queue.try_send(change).is_err()
        {
            self.lost.store(true, Ordering::Release);
        }
    }

    pub(super) fn follow(&self, community: Option<CommunityId>) -> Changes {
        let receiver = self.followers.subscribe();
        self.queue.get_or_init(|| {
            let (queue, waiting) = mpsc::channel(NOTES_QUEUED_MAX);
            tokio::spawn(hand_on(waiting, self.followers.clone(), Arc::clone(&self.lost)));
            queue
        });
        Changes { receiver, community }
    }
}

/// Hands every note on until the views are gone.
async fn hand_on(
    mut waiting: mpsc::Receiver<Change>,
    followers: broadcast::Sender<Note>,
    lost: Arc<AtomicBool>,
) {
    while let Some(change) = waiting.recv().await {
        // Nobody may follow at this moment; then nobody needs to be told.
        drop(followers.send(Note::Changed(Arc::new(change))));
        // The queue was full when notes were lost, so this comes to be looked at in any case.
        if lost.swap(false, Ordering::AcqRel) {
            drop(followers.send(Note::Resync));
        }
    }
}

/// Follows the changes of one community, or of all.
pub struct Changes {
    receiver: broadcast::Receiver<Note>,
    community: Option<CommunityId>,
}

impl Changes {
    /// Waits for the next note. Safe to cancel.
    pub async fn next(&mut self) -> Note {
        loop {
            match self.receiver.recv().await {
                Ok(Note::Changed(change)) => {
                    if self.community.as_ref().is_none_or(|own| *own == change.community) {
                        return Note::Changed(change);
                    }
                }
                Ok(Note::Resync) | Err(RecvError::Lagged(_)) => return Note::Resync,
                // The views are gone: nothing will ever change again.
                Err(RecvError::Closed) => std::future::pending().await,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(community: &str, position: u64) -> Change {
        Change {
            community: community.parse().unwrap(),
            position,
            event_type: "ParcelArrived",
            recorded_at: Timestamp::UNIX_EPOCH,
            parcel: None,
            run: None,
            household: None,
            buildings: vec![],
            grids: vec![],
            needs_care: false,
        }
    }

    #[tokio::test]
    async fn a_follower_hears_of_its_own_community_in_order() {
        let feed = Feed::default();
        assert!(!feed.has_followers());
        let mut changes = feed.follow(Some("fumin".parse().unwrap()));
        for (community, position) in [("fumin", 1), ("miansi", 2), ("fumin", 3)] {
            feed.tell(change(community, position));
        }
        for position in [1, 3] {
            let note = changes.next().await;
            assert_eq!(note, Note::Changed(Arc::new(change("fumin", position))));
        }
    }

    #[tokio::test]
    async fn a_full_queue_loses_notes_and_says_so() {
        let feed = Feed::default();
        let mut changes = feed.follow(None);
        // The task that hands on does not run before this test waits for something.
        let told = u64::try_from(NOTES_QUEUED_MAX).unwrap() + 10;
        for position in 0..told {
            feed.tell(change("fumin", position));
        }
        let mut resync = false;
        let mut heard = 0;
        while heard < NOTES_QUEUED_MAX && !resync {
            match changes.next().await {
                Note::Changed(_) => heard += 1,
                Note::Resync => resync = true,
            }
        }
        assert!(resync || changes.next().await == Note::Resync);
        feed.tell(change("fumin", told));
        let mut note = changes.next().await;
        while note != Note::Changed(Arc::new(change("fumin", told))) {
            note = changes.next().await;
        }
    }
}
