//! One binary for all tests that go through the public API.

mod door_tails;
mod geocoding;
mod resolver;
mod shared;
mod waybills;
