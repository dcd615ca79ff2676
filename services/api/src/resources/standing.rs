//! Where things stand, as words.

use domain::ids::{BuildingId, RunId};
use domain::parcel::{Custody, Phase};
use domain::run::{PieceStatus, StopOutcome};
use schemars::JsonSchema;
use serde::Serialize;

/// Where a parcel stands on its way.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ParcelPhaseBody {
    /// It was announced.
    Expected,
    /// It is at the gate and must be disinfected.
    Arrived,
    /// The agent acts.
    Disinfecting,
    /// It may be sorted.
    Clean,
    /// It lies on its building's shelf.
    Sorted,
    /// A courier has it.
    Loaded,
    /// It stands at its building's foot.
    Relayed,
    /// A courier has it after a failed attempt.
    Failed,
    /// The household has it.
    HandedOff,
    /// Its carrier has it back.
    Refused,
    /// It was thrown away.
    Disposed,
}

/// Who answers for a parcel.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CustodyBody {
    /// Somebody outside.
    Outside,
    /// The intake point.
    IntakePoint,
    /// The courier of a run.
    Run(RunId),
    /// The volunteer at the foot of a building.
    BuildingFoot(BuildingId),
    /// The household.
    Household,
    /// The carrier that brought it.
    Carrier,
    /// Nobody any more.
    Disposed,
}

/// How a stop ended.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StopOutcomeBody {
    /// Every piece for it was delivered.
    Done,
    /// Some piece could not be delivered.
    Failed,
}

/// Where a piece of a run is.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PieceStatusBody {
    /// The courier has it.
    OnBoard,
    /// The courier has it after a failed attempt.
    Failed,
    /// The household has it.
    Delivered,
    /// It is back at the intake point.
    Returned,
    /// Nobody knows where it is.
    Lost,
}

/// Where an order stands.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OrderPhaseBody {
    /// Nobody has placed it.
    Unknown,
    /// It waits for its pieces.
    Open,
    /// Every piece was handed off.
    Fulfilled,
    /// It is not delivered.
    Cancelled,
}

/// Where a parcel stands; `None` when nobody has heard of it.
pub(crate) fn phase_body(phase: Phase) -> Option<ParcelPhaseBody> {
    Some(match phase {
        Phase::Unknown => return None,
        Phase::Expected => ParcelPhaseBody::Expected,
        Phase::Arrived => ParcelPhaseBody::Arrived,
        Phase::Disinfecting { .. } => ParcelPhaseBody::Disinfecting,
        Phase::Clean => ParcelPhaseBody::Clean,
        Phase::Sorted => ParcelPhaseBody::Sorted,
        Phase::Loaded { .. } => ParcelPhaseBody::Loaded,
        Phase::Relayed { .. } => ParcelPhaseBody::Relayed,
        Phase::Failed { .. } => ParcelPhaseBody::Failed,
        Phase::HandedOff => ParcelPhaseBody::HandedOff,
        Phase::Refused => ParcelPhaseBody::Refused,
        Phase::Disposed => ParcelPhaseBody::Disposed,
    })
}

/// Who answers for a parcel.
pub(crate) fn custody_body(custody: Custody) -> CustodyBody {
    match custody {
        Custody::Outside => CustodyBody::Outside,
        Custody::IntakePoint => CustodyBody::IntakePoint,
        Custody::Run(run) => CustodyBody::Run(run),
        Custody::BuildingFoot(building) => CustodyBody::BuildingFoot(building),
        Custody::Household => CustodyBody::Household,
        Custody::Carrier => CustodyBody::Carrier,
        Custody::Disposed => CustodyBody::Disposed,
    }
}

impl From<StopOutcome> for StopOutcomeBody {
    fn from(outcome: StopOutcome) -> Self {
        match outcome {
            StopOutcome::Done => Self::Done,
            StopOutcome::Failed => Self::Failed,
        }
    }
}

impl From<PieceStatus> for PieceStatusBody {
    fn from(status: PieceStatus) -> Self {
        match status {
            PieceStatus::OnBoard => Self::OnBoard,
            PieceStatus::Failed(_) => Self::Failed,
            PieceStatus::Delivered => Self::Delivered,
            PieceStatus::Returned => Self::Returned,
            PieceStatus::Lost => Self::Lost,
        }
    }
}

impl From<domain::order::Phase> for OrderPhaseBody {
    fn from(phase: domain::order::Phase) -> Self {
        match phase {
            domain::order::Phase::Unknown => Self::Unknown,
            domain::order::Phase::Open => Self::Open,
            domain::order::Phase::Fulfilled => Self::Fulfilled,
            domain::order::Phase::Cancelled => Self::Cancelled,
        }
    }
}
