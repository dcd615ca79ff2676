//! The end: whoever follows is let go, so that the engine can stop at once.

use std::sync::Arc;

use tokio::sync::watch;

/// Says when the engine stops taking requests.
#[derive(Debug, Clone)]
pub struct Stopping(Arc<watch::Sender<bool>>);

impl Default for Stopping {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }
}

impl Stopping {
    /// Lets everybody go.
    pub(crate) fn stop(&self) {
        self.0.send_replace(true);
    }

    /// Waits until everybody is let go.
    pub(super) async fn stopped(&self) {
        let mut stops = self.0.subscribe();
        // The sender is held here, so this waits for a word and not for its end.
        drop(stops.wait_for(|stopped| *stopped).await);
    }
}
