//! The face, as the official Rust client sees it.

#![expect(
    clippy::unwrap_used,
    clippy::default_trait_access,
    reason = "the helpers of tests; the client has a type of options for every call"
)]

mod clients;
mod conformance;
mod faults;
mod groups;
mod other_languages;
mod rules;
