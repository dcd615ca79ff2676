//! The stored shapes of events, as far as a rule looks at them: written down here once more, on
//! purpose, so that the checker reads the log's bytes and not the engine's types.

use domain::ids::{ParcelId, RunId, VolunteerId};
use jiff::Timestamp;
use jiff::civil::{Date, Time};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use uuid::Uuid;

use super::Broken;

/// Reads what a rule looks at.
pub(super) fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Broken> {
    serde_json::from_slice(bytes).map_err(|error| Broken(8, format!("it cannot be read: {error}")))
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Meta {
    pub command_id: Uuid,
    pub occurred_at: Timestamp,
    pub recorded_at: Timestamp,
}

#[derive(Debug, Deserialize)]
pub(super) struct Door {
    pub building: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Recipient {
    pub door: Door,
    pub grid: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(super) struct Rule {
    pub act_seconds: u32,
}

#[derive(Debug, Deserialize)]
pub(super) struct Arrived {
    pub category: String,
    pub weight_grams: Option<u32>,
    pub recipient: Option<Recipient>,
    pub disinfection: Option<Rule>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Expected {
    pub recipient: Option<Recipient>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Identified {
    pub recipient: Recipient,
}

#[derive(Debug, Deserialize)]
pub(super) struct Sorted {
    pub grid: String,
    pub building: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct OnRun {
    pub run: RunId,
}

#[derive(Debug, Deserialize)]
pub(super) struct Relayed {
    pub run: RunId,
    pub closed_zone: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct HandedOff {
    pub run: Option<RunId>,
    pub door: Door,
    pub closed_zone: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Kept {
    pub day: Date,
    pub owner: String,
    pub reason: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Reopened {
    pub reason: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Settled {
    pub truth: String,
    pub claims: Vec<Claim>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Claim {
    pub end: String,
    pub run: Option<RunId>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Disposed {
    pub reason: String,
    pub run: Option<RunId>,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
pub(super) struct Load {
    pub pieces: u32,
    pub weight_grams: u32,
    pub volume_millilitres: u32,
}

#[derive(Debug, Deserialize)]
pub(super) struct Planned {
    pub grid: String,
    pub limit: Load,
}

#[derive(Debug, Deserialize)]
pub(super) struct WaveProposed {
    pub runs: Vec<ProposedRun>,
}

#[derive(Debug, Deserialize)]
pub(super) struct ProposedRun {
    pub run: RunId,
    pub plan: Proposed,
}

#[derive(Debug, Deserialize)]
pub(super) struct Proposed {
    pub grid: String,
    pub limit: Load,
    pub stops: Vec<ProposedStop>,
}

#[derive(Debug, Deserialize)]
pub(super) struct ProposedStop {
    pub door: Door,
    pub parcels: Vec<ParcelId>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Released {
    pub run: RunId,
    pub pieces: Vec<ParcelId>,
}

#[derive(Debug, Deserialize)]
pub(super) struct RunOver {
    pub run: RunId,
}

#[derive(Debug, Deserialize)]
pub(super) struct SetAside {
    pub pieces: Vec<Aside>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Aside {
    pub parcel: ParcelId,
    /// A name, or a name with what it carries.
    pub reason: Value,
}

#[derive(Debug, Deserialize)]
pub(super) struct DayClosed {
    pub left: Vec<Left>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Left {
    pub remains: Value,
    pub owner: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct ToVolunteer {
    pub volunteer: VolunteerId,
}

#[derive(Debug, Deserialize)]
pub(super) struct PieceLoaded {
    pub parcel: ParcelId,
    pub load: Load,
}

#[derive(Debug, Deserialize)]
pub(super) struct OfPiece {
    pub parcel: ParcelId,
}

#[derive(Debug, Deserialize)]
pub(super) struct Departed {
    pub counted_pieces: u32,
}

#[derive(Debug, Deserialize)]
pub(super) struct Closed {
    pub counted_back: u32,
}

#[derive(Debug, Deserialize)]
pub(super) struct Registered {
    pub time_zone: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Assigned {
    pub building: String,
    pub grid: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct ZoneDrawn {
    pub zone: String,
    pub buildings: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct ZoneState {
    pub zone: String,
    pub restriction: String,
    pub from: Timestamp,
    pub until: Option<Timestamp>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Policy {
    pub category: String,
    pub rule: Option<Rule>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Window {
    pub closes: Time,
    pub cut_off: Time,
}

#[derive(Debug, Deserialize)]
pub(super) struct Windows {
    pub category: String,
    pub windows: Vec<Window>,
}

#[derive(Debug, Deserialize)]
pub(super) struct OfSlot {
    pub slot: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Break {
    pub from: Timestamp,
}

#[derive(Debug, Deserialize)]
pub(super) struct GridOf {
    pub grid: Option<String>,
}
