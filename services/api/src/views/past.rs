//! The views of one community as they stood at a time: folded anew from the log, beside the live
//! ones.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::ids::CommunityId;
use event_log::{Direction, EventLog, LogError, PAGE_EVENTS_MAX};
use jiff::{SignedDuration, Timestamp};
use projections::CommunityViews;
use runtime::codec::{self, CodecError, Observed};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How many views of the past are kept, the latest ones.
pub const PAST_VIEWS_MAX: usize = 4;
/// How long each is kept.
pub const PAST_KEPT: Duration = Duration::from_mins(2);
/// How many are folded at the same time.
pub const FOLDS_MAX: usize = 2;
/// How long a question waits for others that are being folded.
const WAIT_MAX: Duration = Duration::from_secs(10);

/// A view of the past could not be had.
#[derive(Debug, thiserror::Error)]
pub(super) enum PastError {
    /// Too many others are being folded.
    #[error("too many views of the past are being folded")]
    Busy,
    /// The log cannot be read.
    #[error("the event log cannot be read")]
    Log(#[from] LogError),
    /// Something in the log cannot be decoded.
    #[error("the event log holds something that this version cannot read")]
    Codec(#[from] CodecError),
    /// The fold broke off.
    #[error("the fold broke off")]
    BrokeOff,
}

/// The views of the past that were asked for lately.
pub(super) struct Past {
    folds: Arc<Semaphore>,
    kept: Arc<Mutex<Vec<Kept>>>,
}

struct Kept {
    community: CommunityId,
    as_of: Timestamp,
    views: Arc<CommunityViews>,
}

impl Default for Past {
    fn default() -> Self {
        Self { folds: Arc::new(Semaphore::new(FOLDS_MAX)), kept: Arc::default() }
    }
}

impl Past {
    /// The views of a community, folded up to a time.
    pub(super) async fn views(
        &self,
        log: &Arc<dyn EventLog>,
        community: &CommunityId,
        as_of: Timestamp,
        closed_kept: SignedDuration,
    ) -> Result<Arc<CommunityViews>, PastError> {
        if let Some(views) = self.kept(community, as_of) {
            return Ok(views);
        }
        let permit = tokio::time::timeout(WAIT_MAX, Arc::clone(&self.folds).acquire_owned()).await;
        let permit = permit.map_err(|_| PastError::Busy)?.map_err(|_| PastError::Busy)?;
        // Whoever was waited for may have folded the very same.
        if let Some(views) = self.kept(community, as_of) {
            return Ok(views);
        }
        let (log, community, handle) = (Arc::clone(log), community.clone(), Handle::current());
        let name = community.clone();
        let fold = tokio::task::spawn_blocking(move || {
            let _permit: OwnedSemaphorePermit = permit;
            fold(&handle, log.as_ref(), &name, as_of, closed_kept)
        });
        let views = Arc::new(fold.await.map_err(|_| PastError::BrokeOff)??);
        self.keep(community, as_of, Arc::clone(&views));
        Ok(views)
    }

    fn kept(&self, community: &CommunityId, as_of: Timestamp) -> Option<Arc<CommunityViews>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let mut fitting =
            kept.iter().filter(|kept| kept.as_of == as_of && kept.community == *community);
        fitting.next().map(|kept| Arc::clone(&kept.views))
    }

    fn keep(&self, community: CommunityId, as_of: Timestamp, views: Arc<CommunityViews>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= PAST_VIEWS_MAX {
            kept.remove(0);
        }
        kept.push(Kept { community, as_of, views: Arc::clone(&views) });
        let all = Arc::clone(&self.kept);
        tokio::spawn(async move {
            tokio::time::sleep(PAST_KEPT).await;
            let mut kept = all.lock().unwrap_or_else(PoisonError::into_inner);
            kept.retain(|kept| !Arc::ptr_eq(&kept.views, &views));
        });
    }
}

/// Folds what was recorded of a community up to a time. Runs on a thread of its own.
fn fold(
    handle: &Handle,
    log: &dyn EventLog,
    community: &CommunityId,
    as_of: Timestamp,
    closed_kept: SignedDuration,
) -> Result<CommunityViews, PastError> {
    let mut views = CommunityViews::keeping(closed_kept);
    let mut from = None;
    loop {
        let page = handle.block_on(log.read_all(from, Direction::Forwards, PAGE_EVENTS_MAX))?;
        let Some(last) = page.last() else { return Ok(views) };
        from = Some(last.position);
        for recorded in &page {
            let tenant = codec::parse_stream(&recorded.stream).map(|(_, tenant, _)| tenant);
            if tenant != Some(community.as_str()) {
                continue;
            }
            let Some(observed) = Observed::read(recorded)? else { continue };
            if observed.metadata.recorded_at > as_of {
                return Ok(views);
            }
            super::apply(&mut views, &observed);
        }
    }
}
