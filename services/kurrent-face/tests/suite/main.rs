//! The face, as the official Rust client sees it.

mod clients;
mod conformance;
mod rules;
