//! What a plan cost to make.

use std::time::{Duration, Instant};

/// The time that this thread was on a core, where the system tells it: others use the same cores.
/// Elsewhere the time that went by.
pub enum Used {
    OnCore(Duration),
    GoneBy(Instant),
}

impl Used {
    pub fn now() -> Self {
        on_core().map_or_else(|| Self::GoneBy(Instant::now()), Self::OnCore)
    }

    pub fn since(&self) -> Duration {
        match self {
            Self::OnCore(before) => on_core().unwrap_or(*before).saturating_sub(*before),
            Self::GoneBy(begun) => begun.elapsed(),
        }
    }
}

fn on_core() -> Option<Duration> {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(Duration::from_nanos(told.split(' ').next()?.parse().ok()?))
}
