//! Addresses as people write them, waybills as carriers print them, and our own short codes.
//!
//! **This crate does no I/O, reads no clock and makes no random number; it sees no name and no
//! phone number, only tokens of them.** Everything in it is a function of its arguments.
//!
//! - [`mod@parse`]: free text to the parts of a door, ambiguity kept.
//! - [`layout`]: the doors, aliases and households of one community, kept live.
//! - [`resolve`]: text and phone tail against a layout: ranked candidates with their reasons.
//! - [`waybill`]: a scanned or typed code to a waybill number, with carriers as candidates only.
//! - [`code`]: the short codes on our own labels.

pub mod code;
mod explain;
mod fill;
mod formats;
mod gs1;
pub mod layout;
mod lex;
mod markers;
mod names;
pub mod parse;
pub mod phone;
mod rank;
pub mod resolve;
pub mod text;
pub mod waybill;

pub use explain::Language;
pub use lex::Doubt;
