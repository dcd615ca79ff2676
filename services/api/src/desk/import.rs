//! Lists of households and orders: what each row would change, and then changing it.
//!
//! A preview writes nothing. Whoever looked at it sends the rows that shall be carried out, each
//! with an id of its own and the revision that was seen; a row that meets another revision is a
//! conflict for a person, never a silent merge. Names and phones of a list are compared here and
//! told by no answer.

pub(crate) mod households;
pub(crate) mod orders;
mod words;

use domain::address::Door;
use domain::ids::{ActorId, CommandId, CommunityId, HouseholdId};
use runtime::answer::Candidate;
use runtime::scan::Destination;
use runtime::{Occurred, Problem, Request};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::App;
use crate::scans::digest;

/// The most rows of one preview.
pub const PREVIEW_ROWS_MAX: usize = 5_000;
/// The most rows that are carried out at once.
pub const CARRIED_OUT_MAX: usize = 200;
/// The longest text of a cell, in bytes.
pub const CELL_BYTES_MAX: usize = 400;

/// What a row would do, or did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RowOutcome {
    /// It is not known yet.
    New,
    /// It is known, and some of it differs.
    Change,
    /// It is so already.
    Same,
    /// A person must choose, or look again.
    Conflict,
    /// It cannot be read, or is refused; the problem says why.
    Unreadable,
    /// It was carried out.
    Done,
}

/// What a person chose for a row that could mean several things.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// It is a household that is not known yet.
    New,
    /// It is this one.
    Is(HouseholdId),
}

/// Where a row says that somebody lives: a door in three cells, or an address in one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Place {
    /// The address as people write it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The building.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub building: Option<String>,
    /// The unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// The room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<String>,
}

/// The text of a cell; an empty cell is none.
fn text(cell: Option<&String>) -> Option<&str> {
    cell.map(|text| text.trim()).filter(|text| !text.is_empty())
}

/// The one door that a row names.
fn door(app: &App, community: &CommunityId, place: &Place) -> Result<Door, Problem> {
    let part = |cell: &Option<String>| text(cell.as_ref()).map(str::to_owned);
    if let (Some(building), Some(unit), Some(room)) =
        (part(&place.building), part(&place.unit), part(&place.room))
    {
        let bare =
            |text: &str| text.trim_end_matches(['栋', '幢', '单', '元', '室', '号']).to_owned();
        let parsed = || {
            let (building, unit) = (bare(&building).parse().ok()?, bare(&unit).parse().ok()?);
            Some(Door { building, unit, room: bare(&room).parse().ok()? })
        };
        let known = parsed().filter(|door| {
            let has = app.engine.with_place(community, |place| place.community().has_door(door));
            has.unwrap_or(false)
        });
        if let Some(door) = known {
            return Ok(door);
        }
    }
    let joined: Vec<_> =
        [&place.building, &place.unit, &place.room].into_iter().filter_map(part).collect();
    let address = part(&place.address).unwrap_or_else(|| joined.join("-"));
    if address.is_empty() {
        return Err(no_door());
    }
    let destination = Destination { address: Some(address.clone()), ..Destination::default() };
    let addressed = app.engine.resolve(community, &destination, None)?;
    if let Some(recipient) = addressed.recipient {
        return Ok(recipient.door);
    }
    let mut doors: Vec<_> = addressed.candidates.iter().filter_map(Candidate::door).collect();
    doors.dedup();
    match doors.as_slice() {
        [only] => Ok(only.clone()),
        [] => Err(unknown_door(&address)),
        several => Err(several_doors(&address, several)),
    }
}

/// The request of one step of a row.
fn request(
    app: &App,
    community: &CommunityId,
    actor: &ActorId,
    command: CommandId,
    step: &str,
    content: &impl Serialize,
) -> Request {
    let recorded_at = app.engine.clock().now();
    Request {
        command_id: command.follow_up(step),
        content: digest(&(community, step, content)),
        community: community.clone(),
        actor: actor.clone(),
        device: None,
        sequence: None,
        occurred: Occurred::now(recorded_at),
        recorded_at,
        correlation_id: Some(command),
        causation_id: None,
    }
}

fn check_rows(count: usize, most: usize) -> Result<(), Problem> {
    if (1..=most).contains(&count) {
        return Ok(());
    }
    Err(Problem::invalid(
        "import-rows",
        format!("a list has 1 to {most} rows here: send it in several parts"),
        format!("每次须为 1 到 {most} 行：请分批导入"),
    ))
}

fn check_cells<'a>(mut cells: impl Iterator<Item = &'a Option<String>>) -> Result<(), Problem> {
    if cells.all(|cell| cell.as_ref().is_none_or(|text| text.len() <= CELL_BYTES_MAX)) {
        return Ok(());
    }
    Err(Problem::invalid(
        "import-cell-too-long",
        format!("a cell has at most {CELL_BYTES_MAX} bytes: shorten it"),
        format!("每格至多 {CELL_BYTES_MAX} 字节：请缩短"),
    ))
}

fn no_door() -> Problem {
    Problem::invalid(
        "import-no-door",
        "this row names no door: fill in building, unit and room, or an address",
        "此行没有门牌：请填写楼栋、单元和房号，或地址",
    )
}

fn unknown_door(address: &str) -> Problem {
    Problem::not_found(
        "door-unknown",
        format!("there is no door `{address}`: check building, unit and room"),
        format!("没有 {address} 这个门：请核对楼栋、单元和房号"),
    )
}

fn several_doors(address: &str, doors: &[Door]) -> Problem {
    let list: Vec<_> = doors.iter().map(ToString::to_string).collect();
    let list = list.join(", ");
    Problem::invalid(
        "import-door-ambiguous",
        format!("`{address}` may mean several doors ({list}): write the whole door"),
        format!("{address} 可能指多个门（{list}）：请写完整门牌"),
    )
}
