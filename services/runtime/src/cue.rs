//! What a screen shows and a loudspeaker says after a scan: where the piece goes, and what is next.

use domain::address::{Door, Recipient};
use domain::community::CommunityState;
use domain::community::event::GridColour;
use domain::ids::{BuildingId, CommunityId, GridId, ParcelId, RoomId, RunId, ShelfCode, UnitId};
use domain::parcel::event::Piece;
use domain::parcel::{ParcelState, Phase};
use domain::supply::{Category, Cold, SizeClass};
use jiff::Timestamp;
use serde::Serialize;

use crate::directory;
use crate::engine::Engine;

/// What to do next with a piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NextStep {
    /// It was announced: scan it in when it comes.
    AwaitArrival,
    /// Find out for whom it is.
    FindRecipient,
    /// Start its disinfection.
    StartDisinfection,
    /// Wait until `wait_until`, then stop its disinfection.
    StopDisinfection,
    /// Put it on its shelf.
    Sort,
    /// Load it on a run of its grid.
    Load,
    /// Bring it to its door.
    Deliver,
    /// Bring it back to the intake point, or try again.
    BringBack,
    /// Set it apart for the desk.
    SetApart,
    /// Nothing: its way has ended.
    Done,
}

/// What to show and say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Cue {
    /// The grid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grid: Option<GridId>,
    /// The grid's colour; never shown without its number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub colour: Option<GridColour>,
    /// The building.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub building: Option<BuildingId>,
    /// The unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<UnitId>,
    /// The room.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub room: Option<RoomId>,
    /// The shelf.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shelf: Option<ShelfCode>,
    /// The short code for its label.
    pub label: String,
    /// What is inside.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<Category>,
    /// How big it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<SizeClass>,
    /// How cold it must be kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cold: Option<Cold>,
    /// Which piece of its waybill.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub piece: Option<Piece>,
    /// Its order is marked urgent, as it stands now: it goes to the side that leaves at once.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub urgent: bool,
    /// It was taken for a recipient who could not be reached: hand it over in person.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub on_behalf: bool,
    /// The run that has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
    /// What is next.
    pub next: NextStep,
    /// The moment before which it must not leave.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wait_until: Option<Timestamp>,
    /// What to say, in Chinese.
    pub say_chinese: String,
    /// What to say, in English.
    pub say_english: String,
}

impl Engine {
    /// What to show and say of a parcel.
    pub async fn cue(
        &self,
        community: &CommunityId,
        id: ParcelId,
        parcel: &ParcelState,
    ) -> Option<Cue> {
        // A cue is told without it rather than not at all: the scan was taken, and the plan asks
        // for it again.
        let urgent =
            !parcel.is_closed() && self.is_urgent(community, parcel).await.unwrap_or(false);
        let directory = self.views().directory();
        let place = directory.place(community)?;
        let building = parcel.recipient.as_ref().map(|recipient| &recipient.door.building);
        let shelf = building.and_then(|building| place.shelf(building));
        Some(cue(parcel, directory::label_code(id), place.community(), shelf, urgent))
    }
}

/// The cue of a parcel as it stands. `shelf` is the shelf of its building, for a piece that has
/// none yet; `urgent` is what its order says.
fn cue(
    parcel: &ParcelState,
    label: String,
    community: &CommunityState,
    shelf: Option<ShelfCode>,
    urgent: bool,
) -> Cue {
    let recipient = parcel.recipient.as_ref();
    let door = recipient.map(|recipient| &recipient.door);
    let grid = parcel.grid.clone().or_else(|| recipient.map(|r| r.grid.clone()));
    let contents = parcel.contents.as_deref();
    let (next, wait_until) = next_step(parcel);
    let (mut say_chinese, mut say_english) = speech(parcel, recipient, grid.as_ref(), next);
    // Before the destination: whatever that is, the piece goes to another side of the gate.
    if urgent && next != NextStep::SetApart {
        say_chinese.insert_str(0, "急件，");
        say_english.insert_str(0, "urgent, ");
    }
    Cue {
        colour: grid.as_ref().and_then(|grid| community.grids.get(grid)).copied(),
        grid,
        building: door.map(|door| door.building.clone()),
        unit: door.map(|door| door.unit.clone()),
        room: door.map(|door| door.room.clone()),
        shelf: parcel.shelf.clone().or(shelf),
        label,
        category: contents.map(|contents| contents.category),
        size: contents.map(|contents| contents.size),
        cold: contents.map(|contents| contents.cold),
        piece: contents.map(|contents| contents.piece),
        urgent,
        on_behalf: parcel.on_behalf,
        run: parcel.phase.run(),
        next,
        wait_until,
        say_chinese,
        say_english,
    }
}

fn next_step(parcel: &ParcelState) -> (NextStep, Option<Timestamp>) {
    if parcel.is_recalled() && !parcel.is_closed() {
        return (NextStep::SetApart, None);
    }
    let unknown = parcel.recipient.is_none();
    match parcel.phase {
        Phase::Unknown | Phase::Expected => (NextStep::AwaitArrival, None),
        Phase::Arrived => (NextStep::StartDisinfection, None),
        Phase::Disinfecting { until } => (NextStep::StopDisinfection, Some(until)),
        Phase::Clean | Phase::Sorted if unknown => (NextStep::FindRecipient, None),
        Phase::Clean | Phase::Sorted
            if parcel.damaged == Some(false) || parcel.dispute.is_some() =>
        {
            (NextStep::SetApart, None)
        }
        Phase::Clean => (NextStep::Sort, None),
        Phase::Sorted => (NextStep::Load, None),
        Phase::Loaded { .. } | Phase::Relayed { .. } => (NextStep::Deliver, None),
        Phase::Failed { .. } => (NextStep::BringBack, None),
        Phase::HandedOff | Phase::Refused | Phase::Disposed => (NextStep::Done, None),
    }
}

/// What is said: the destination before anything else, because ears come before eyes.
fn speech(
    parcel: &ParcelState,
    recipient: Option<&Recipient>,
    grid: Option<&GridId>,
    next: NextStep,
) -> (String, String) {
    if parcel.phase == Phase::HandedOff {
        return match &parcel.closed_zone {
            None => ("已送达".into(), "handed off".into()),
            Some(_) => (
                "已送达，该封控区现已关闭，告知前台".into(),
                "handed off, but its zone is closed now: tell the desk".into(),
            ),
        };
    }
    if next == NextStep::SetApart {
        return ("单独存放，告知前台".into(), "set apart, tell the desk".into());
    }
    match (recipient, grid) {
        (Some(Recipient { door, .. }), Some(grid)) => destination(door, grid),
        (Some(_) | None, _) => {
            ("收件人未知，放待查架".into(), "recipient unknown, held shelf".into())
        }
    }
}

fn destination(Door { building, unit, room: _ }: &Door, grid: &GridId) -> (String, String) {
    let (g, b, u) = (grid.as_str(), building.as_str(), unit.as_str());
    let building_word = if b.chars().all(|c| c.is_ascii_alphanumeric()) { "栋" } else { "" };
    (
        format!("{}网格，{}{building_word}，{}单元", spoken(g), spoken(b), spoken(u)),
        format!("grid {g}, building {b}, unit {u}"),
    )
}

const DIGITS: [&str; 10] = ["零", "一", "二", "三", "四", "五", "六", "七", "八", "九"];

/// A number up to 99 as a Chinese speaker says it, because speech engines read digits unevenly;
/// anything else as it is written.
fn spoken(text: &str) -> String {
    let number: Option<usize> = text.parse().ok().filter(|_| text.len() <= 2);
    match number {
        Some(number) => match (number / 10, number % 10) {
            (0, ones) => DIGITS[ones].to_owned(),
            (1, 0) => "十".to_owned(),
            (1, ones) => format!("十{}", DIGITS[ones]),
            (tens, 0) => format!("{}十", DIGITS[tens]),
            (tens, ones) => format!("{}十{}", DIGITS[tens], DIGITS[ones]),
        },
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use domain::fold;
    use domain::parcel::Parcel;
    use domain::parcel::event::{End, ParcelDisputed, ParcelIdentified, ParcelSorted};

    use super::*;

    #[test]
    fn numbers_are_spoken_as_people_say_them() {
        let spoken_numbers = ["3", "10", "12", "20", "37", "0", "301", "B"].map(spoken);
        assert_eq!(spoken_numbers, ["三", "十", "十二", "二十", "三十七", "零", "301", "B"]);
    }

    #[test]
    fn a_disputed_piece_on_its_shelf_is_set_apart() {
        let sorted = ParcelSorted {
            grid: "3".parse().unwrap(),
            building: "10".parse().unwrap(),
            shelf: "S-1".parse().unwrap(),
        };
        let door = Door {
            building: "10".parse().unwrap(),
            unit: "2".parse().unwrap(),
            room: "301".parse().unwrap(),
        };
        let recipient = Recipient { household: None, door, grid: sorted.grid.clone() };
        let disputed =
            ParcelDisputed { recorded: End::Returned, claimed: End::HandedOff, run: None };
        let events = [ParcelIdentified { recipient }.into(), sorted.into(), disputed.into()];
        let on_shelf = fold::<Parcel>(ParcelState::default(), &events[..2]);
        assert_eq!(next_step(&on_shelf), (NextStep::Load, None));
        let in_dispute = fold::<Parcel>(on_shelf, &events[2..]);
        assert_eq!(next_step(&in_dispute), (NextStep::SetApart, None));
    }

    #[test]
    fn the_destination_comes_first() {
        let door = |building: &str| Door {
            building: building.parse().unwrap(),
            unit: "2".parse().unwrap(),
            room: "301".parse().unwrap(),
        };
        let grid = "3".parse().unwrap();
        assert_eq!(destination(&door("10"), &grid).0, "三网格，十栋，二单元");
        assert_eq!(destination(&door("邮电宿舍"), &grid).0, "三网格，邮电宿舍，二单元");
        assert_eq!(destination(&door("B"), &grid).1, "grid 3, building B, unit 2");
    }
}
