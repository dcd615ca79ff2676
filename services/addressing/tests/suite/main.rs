//! One binary for all tests that go through the public API.

#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]
#![expect(clippy::panic, reason = "a test stops at what it did not expect")]
#![expect(clippy::print_stdout, reason = "a table, and what was skipped, are for people to read")]

mod door_tails;
mod geocoding;
mod households;
mod resolver;
mod shared;
mod waybills;
