//! The only place that reads the wall clock.

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;

/// Tells the time.
pub trait Clock: Send + Sync + 'static {
    /// Now.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// A clock that stands still until it is set: virtual time, for simulated days and tests.
#[derive(Debug)]
pub struct ManualClock {
    microsecond: AtomicI64,
}

impl ManualClock {
    /// A clock that shows `at`.
    pub fn at(at: Timestamp) -> Self {
        Self { microsecond: AtomicI64::new(at.as_microsecond()) }
    }

    /// Sets the clock.
    pub fn set(&self, at: Timestamp) {
        self.microsecond.store(at.as_microsecond(), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        let microsecond = self.microsecond.load(Ordering::SeqCst);
        Timestamp::from_microsecond(microsecond).unwrap_or(Timestamp::UNIX_EPOCH)
    }
}
