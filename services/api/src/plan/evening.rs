//! The shapes of the evening over the wire.

use domain::address::Door;
use domain::community::CommunityState;
use domain::ids::{ActorId, GridId, ParcelId, RunId};
use domain::parcel::event::OvernightReason;
use domain::plan::event::{LeftPiece, Remains, UnplannedReason};
use domain::supply::Category;
use jiff::civil::{Date, Time};
use runtime::directory::label_code;
use runtime::planning::{ClosedDay, Evening, why};
use schemars::JsonSchema;
use serde::Serialize;

use super::body::{PieceFacts, SentenceBody, name};

/// What is left of a day.
#[derive(Debug, Serialize, JsonSchema)]
pub struct EveningBody {
    day: Date,
    /// The day is closed, and this is what was left then.
    closed: bool,
    /// When it is usually closed, in local time.
    day_closes: Time,
    /// Whether it can be closed now.
    can_close: bool,
    sentence: SentenceBody,
    /// Food: it never stays. Each piece is handed over, given back or thrown away with a scan.
    perishables: Vec<LeftBody>,
    /// What stays overnight.
    stays: Vec<LeftBody>,
    /// The runs that somebody is out with, or has loaded.
    runs_open: Vec<RunId>,
}

/// A piece that is left.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LeftBody {
    parcel: ParcelId,
    /// The short code on its label.
    label: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    category: Option<Category>,
    #[serde(skip_serializing_if = "Option::is_none")]
    door: Option<Door>,
    #[serde(skip_serializing_if = "Option::is_none")]
    grid: Option<GridId>,
    /// Why it was not delivered, as data.
    reason: UnplannedReason,
    /// The name of the reason.
    code: String,
    /// Why, in a sentence.
    sentence: SentenceBody,
    /// What becomes of it.
    remains: RemainsBody,
    /// Why it stays overnight.
    #[serde(skip_serializing_if = "Option::is_none")]
    overnight: Option<OvernightReason>,
    /// Who answers for it, once the day is closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<ActorId>,
}

/// What becomes of a piece that is left.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RemainsBody {
    /// It would spoil, so it cannot stay.
    Perishes,
    /// It stays overnight.
    Stays,
}

/// A day that was closed.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ClosedDayBody {
    day: Date,
    /// How many pieces were left.
    left: usize,
    /// It had been closed before.
    already_so: bool,
    /// The plan's revision right after it.
    #[serde(skip_serializing_if = "Option::is_none")]
    revision: Option<u64>,
    /// The log position that every view has seen.
    position: u64,
}

impl From<ClosedDay> for ClosedDayBody {
    fn from(closed: ClosedDay) -> Self {
        let ClosedDay { day, left, already_so, revision, position } = closed;
        let (revision, position) = (revision.map(|revision| revision.0), position.0);
        Self { day, left, already_so, revision, position }
    }
}

impl EveningBody {
    pub(super) fn of(evening: &Evening, community: &CommunityState) -> Self {
        let (perish, stay): (Vec<_>, Vec<_>) =
            evening.left.iter().partition(|piece| piece.remains == Remains::Perishes);
        let told = |piece: &&LeftPiece| left(piece, evening, community);
        let (out, food) = (evening.runs_out.len(), perish.len());
        Self {
            day: evening.day,
            closed: evening.closed,
            day_closes: evening.day_closes,
            can_close: !evening.closed && out == 0 && food == 0,
            sentence: why::evening(evening.closed, food, out, stay.len()).into(),
            perishables: perish.iter().map(told).collect(),
            stays: stay.iter().map(told).collect(),
            runs_open: evening.runs_out.clone(),
        }
    }
}

fn left(piece: &LeftPiece, evening: &Evening, community: &CommunityState) -> LeftBody {
    let (category, door) = evening.pieces.facts(piece.parcel);
    let (remains, overnight) = match piece.remains {
        Remains::Perishes => (RemainsBody::Perishes, None),
        Remains::Stays(reason) => (RemainsBody::Stays, Some(reason)),
    };
    LeftBody {
        parcel: piece.parcel,
        label: label_code(piece.parcel),
        category,
        grid: door.as_ref().and_then(|door| community.grid_of(&door.building)).cloned(),
        door,
        code: name(&piece.reason),
        sentence: why::unplanned(&piece.reason).into(),
        reason: piece.reason.clone(),
        remains,
        overnight,
        owner: evening.closed.then(|| piece.owner.clone()),
    }
}
