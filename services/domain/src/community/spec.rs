//! What a community is told about itself, as sentences.

mod arrivals;
mod layout;
mod paths;
mod sample;
mod stored;
mod zones_and_rules;
