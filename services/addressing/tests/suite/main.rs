//! One binary for all tests that go through the public API.

#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]
#![expect(clippy::panic, reason = "a test stops at what it did not expect")]

mod door_tails;
mod geocoding;
mod resolver;
mod shared;
mod waybills;
