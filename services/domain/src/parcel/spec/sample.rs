//! Sample values, in the field's words: a meal for 10-2-301 in grid 3 on a morning in April.
//!
//! The histories are named after the place where the piece then is; each continues the one before.

use jiff::Timestamp;
use jiff::civil::{Date, date};
use uuid::Uuid;

use crate::address::{Door, Recipient};
use crate::community::ZoneAccess;
use crate::decider::fold;
use crate::ids::{ActorId, GridId, HouseholdId, OrderId, RecallId, RunId, ShelfCode, Waybill};
use crate::parcel::command::{Arrive, Expect, HandOff, LoadOn, Sort};
use crate::parcel::event::{
    DeliveryLevel, DisposalReason, End, FailureReason, HoldReason, OvernightReason, ParcelArrived,
    ParcelDeliveryFailed, ParcelDisinfected, ParcelDisinfectionStarted, ParcelDisposed,
    ParcelDisputed, ParcelExpected, ParcelHandedOff, ParcelHeld, ParcelIdentified,
    ParcelKeptOvernight, ParcelLoaded, ParcelRefused, ParcelRelayed, ParcelReturned, ParcelSorted,
    Piece, Receiver, RefusalReason,
};
use crate::parcel::{Parcel, ParcelCommand, ParcelEvent, ParcelState};
use crate::spec::{Given, given};
use crate::supply::{Agent, Category, Cold, DisinfectionRule, SizeClass};

/// Reads a label such as a grid, a shelf or a room.
pub fn the<T: std::str::FromStr>(text: &str) -> T
where
    T::Err: std::fmt::Debug,
{
    text.parse().expect("a label")
}

/// A time on the morning of 10 April: `at("09:30")`.
pub fn at(clock: &str) -> Timestamp {
    format!("2022-04-10T{clock}:00Z").parse().expect("a time")
}

/// The day itself.
pub fn today() -> Date {
    date(2022, 4, 10)
}

/// The run of the first wave.
pub const FIRST_RUN: RunId = RunId(Uuid::from_u128(1));
/// The run of the second wave.
pub const SECOND_RUN: RunId = RunId(Uuid::from_u128(2));
/// The order that the piece fulfils.
pub const ORDER: OrderId = OrderId(Uuid::from_u128(3));
/// The household behind 10-2-301.
pub const HOUSEHOLD: HouseholdId = HouseholdId(Uuid::from_u128(4));

/// A door: `door("10", "2", "301")`.
pub fn door(building: &str, unit: &str, room: &str) -> Door {
    Door { building: the(building), unit: the(unit), room: the(room) }
}

/// 10-2-301 in grid 3.
pub fn family() -> Recipient {
    Recipient { household: Some(HOUSEHOLD), door: door("10", "2", "301"), grid: the("3") }
}

/// 10-2-302, next door.
pub fn neighbour() -> Recipient {
    Recipient { household: None, door: door("10", "2", "302"), grid: the("3") }
}

/// 15-1-101 in grid 4.
pub fn stranger() -> Recipient {
    Recipient { household: None, door: door("15", "1", "101"), grid: the("4") }
}

pub fn waybill() -> Waybill {
    Waybill { carrier: the("sf"), number: the("SF1234567890123") }
}

/// The only piece of its waybill.
pub const SINGLE: Piece = Piece { number: 1, of: 1 };

/// Half an hour of chlorine on the outer bag.
pub const HALF_AN_HOUR: DisinfectionRule =
    DisinfectionRule { agent: Agent::Chlorine, act_seconds: 1_800, outer_bag_only: true };

pub fn closed_zone() -> ZoneAccess {
    ZoneAccess::Closed { zone: the("north") }
}

pub fn shelf() -> ShelfCode {
    the("3-10")
}

pub fn worker() -> ActorId {
    the("desk-1")
}

pub fn recall() -> RecallId {
    the("batch-7")
}

/// Another recall, of the hub that the piece came through.
pub fn hub_recall() -> RecallId {
    the("hub-2")
}

// Commands

pub fn expect() -> Expect {
    Expect {
        waybill: waybill(),
        piece: SINGLE,
        category: Category::ParcelGoods,
        order: Some(ORDER),
        recipient: Some(family()),
    }
}

pub fn arrive() -> Arrive {
    Arrive {
        waybill: waybill(),
        piece: SINGLE,
        generation: 0,
        gate: the("south"),
        intake_point: the("south"),
        category: Category::ParcelGoods,
        container: None,
        size: SizeClass::Bag,
        cold: Cold::Ambient,
        weight_grams: None,
        order: None,
        recipient: Some(family()),
        phone_tail: None,
        sender: None,
        disinfection: Some(HALF_AN_HOUR),
        on_behalf: false,
        at: at("08:00"),
    }
}

pub fn identify(recipient: Recipient) -> ParcelCommand {
    ParcelCommand::Identify { recipient }
}

pub fn start(clock: &str) -> ParcelCommand {
    ParcelCommand::StartDisinfection { at: at(clock), container: None }
}

pub fn stop(clock: &str) -> ParcelCommand {
    ParcelCommand::StopDisinfection { at: at(clock) }
}

pub fn sort() -> Sort {
    Sort { grid: the("3"), shelf: shelf(), placed_in: None }
}

pub fn load(run: RunId) -> LoadOn {
    LoadOn { run, run_grid: the("3"), access: ZoneAccess::Admitted }
}

pub fn relay(run: RunId) -> ParcelCommand {
    ParcelCommand::Relay { run, building: the("10"), access: ZoneAccess::Admitted }
}

pub fn hand_off(run: RunId) -> HandOff {
    HandOff {
        run: Some(run),
        door: family().door,
        level: DeliveryLevel::Door,
        received_by: Receiver::LeftAtDoor,
        access: ZoneAccess::Admitted,
        at: at("10:00"),
    }
}

pub fn pick_up() -> HandOff {
    HandOff {
        run: None,
        level: DeliveryLevel::Pickup,
        received_by: Receiver::Resident,
        ..hand_off(FIRST_RUN)
    }
}

pub fn fail(run: RunId, reason: FailureReason) -> ParcelCommand {
    ParcelCommand::Fail { run, reason }
}

pub fn bring_back() -> ParcelCommand {
    ParcelCommand::Return { run: None, shelf: shelf() }
}

pub fn bring_back_from(run: RunId) -> ParcelCommand {
    ParcelCommand::Return { run: Some(run), shelf: shelf() }
}

pub fn call_back(recall: RecallId) -> ParcelCommand {
    ParcelCommand::Recall { recall }
}

pub fn lift(recall: RecallId) -> ParcelCommand {
    ParcelCommand::LiftRecall { recall }
}

pub fn give_back() -> ParcelCommand {
    ParcelCommand::Refuse { reason: RefusalReason::NotOurs, at: at("11:00") }
}

pub fn throw_away() -> ParcelCommand {
    ParcelCommand::Dispose { reason: DisposalReason::Damaged, at: at("11:00") }
}

pub fn write_off() -> ParcelCommand {
    ParcelCommand::Dispose { reason: DisposalReason::Lost, at: at("11:00") }
}

pub fn keep(day: Date) -> ParcelCommand {
    ParcelCommand::KeepOvernight { day, reason: OvernightReason::NobodyHome, owner: worker() }
}

pub fn settle(truth: End) -> ParcelCommand {
    ParcelCommand::SettleDispute { truth, at: at("12:00") }
}

impl From<Expect> for ParcelCommand {
    fn from(command: Expect) -> Self {
        Self::Expect(command)
    }
}

impl From<Arrive> for ParcelCommand {
    fn from(command: Arrive) -> Self {
        Self::Arrive(Box::new(command))
    }
}

impl From<Sort> for ParcelCommand {
    fn from(command: Sort) -> Self {
        Self::Sort(command)
    }
}

impl From<LoadOn> for ParcelCommand {
    fn from(command: LoadOn) -> Self {
        Self::Load(command)
    }
}

impl From<HandOff> for ParcelCommand {
    fn from(command: HandOff) -> Self {
        Self::HandOff(command)
    }
}

// Events

pub fn was_expected() -> ParcelExpected {
    ParcelExpected {
        waybill: waybill(),
        piece: SINGLE,
        category: Category::ParcelGoods,
        order: Some(ORDER),
        recipient: Some(family()),
    }
}

pub fn arrived() -> ParcelArrived {
    ParcelArrived {
        waybill: waybill(),
        piece: SINGLE,
        generation: 0,
        gate: the("south"),
        category: Category::ParcelGoods,
        container: None,
        size: SizeClass::Bag,
        cold: Cold::Ambient,
        weight_grams: None,
        order: None,
        recipient: Some(family()),
        phone_tail: None,
        sender: None,
        disinfection: Some(HALF_AN_HOUR),
        on_behalf: false,
    }
}

pub fn disinfecting() -> ParcelDisinfectionStarted {
    ParcelDisinfectionStarted { rule: HALF_AN_HOUR, until: at("08:35"), container: None }
}

pub fn sorted() -> ParcelSorted {
    ParcelSorted { grid: the("3"), building: the("10"), shelf: shelf() }
}

pub fn relayed(run: RunId) -> ParcelRelayed {
    ParcelRelayed { run, building: the("10"), closed_zone: None }
}

pub fn handed_off(run: RunId) -> ParcelHandedOff {
    ParcelHandedOff {
        run: Some(run),
        door: family().door,
        level: DeliveryLevel::Door,
        received_by: Receiver::LeftAtDoor,
        at: at("10:00"),
        closed_zone: None,
    }
}

pub fn picked_up() -> ParcelHandedOff {
    ParcelHandedOff {
        run: None,
        level: DeliveryLevel::Pickup,
        received_by: Receiver::Resident,
        ..handed_off(FIRST_RUN)
    }
}

pub fn failed(run: RunId) -> ParcelDeliveryFailed {
    ParcelDeliveryFailed { run, reason: FailureReason::NoAnswer }
}

pub fn returned(run: RunId) -> ParcelReturned {
    ParcelReturned { run, shelf: shelf() }
}

pub fn given_back() -> ParcelRefused {
    ParcelRefused { reason: RefusalReason::NotOurs, at: at("11:00") }
}

pub fn thrown_away() -> ParcelDisposed {
    ParcelDisposed { reason: DisposalReason::Damaged, run: None, at: at("11:00") }
}

pub fn written_off(run: Option<RunId>) -> ParcelDisposed {
    ParcelDisposed { reason: DisposalReason::Lost, run, at: at("11:00") }
}

pub fn kept(day: Date) -> ParcelKeptOvernight {
    ParcelKeptOvernight { day, reason: OvernightReason::NobodyHome, owner: worker() }
}

pub fn identified(recipient: Recipient) -> ParcelIdentified {
    ParcelIdentified { recipient }
}

pub fn disputed(recorded: End, claimed: End) -> ParcelDisputed {
    ParcelDisputed { recorded, claimed, run: Some(FIRST_RUN) }
}

// Histories

/// What has happened to a piece so far.
#[derive(Debug, Clone, Default)]
pub struct History(pub Vec<ParcelEvent>);

impl History {
    pub fn and(mut self, event: impl Into<ParcelEvent>) -> Self {
        self.0.push(event.into());
        self
    }

    pub fn state(&self) -> ParcelState {
        fold::<Parcel>(ParcelState::default(), &self.0)
    }

    pub fn when(self, command: impl Into<ParcelCommand>) -> crate::spec::When<Parcel> {
        let history: Given<Parcel> = given(self.0);
        history.when(command.into())
    }
}

pub fn unheard_of() -> History {
    History::default()
}

pub fn announced() -> History {
    unheard_of().and(was_expected())
}

pub fn at_gate() -> History {
    unheard_of().and(arrived())
}

pub fn held_at_gate() -> History {
    let nobody = ParcelArrived { recipient: None, ..arrived() };
    let reason = HoldReason::UnknownRecipient;
    unheard_of().and(nobody).and(ParcelHeld { reason })
}

pub fn on_table() -> History {
    at_gate().and(disinfecting())
}

pub fn clean() -> History {
    on_table().and(ParcelDisinfected {})
}

pub fn held_and_clean() -> History {
    held_at_gate().and(disinfecting()).and(ParcelDisinfected {})
}

pub fn on_shelf() -> History {
    clean().and(sorted())
}

pub fn on_run() -> History {
    on_shelf().and(ParcelLoaded { run: FIRST_RUN })
}

pub fn at_foot() -> History {
    on_run().and(relayed(FIRST_RUN))
}

pub fn failed_at_door() -> History {
    on_run().and(failed(FIRST_RUN))
}

pub fn back_on_shelf() -> History {
    failed_at_door().and(returned(FIRST_RUN))
}

pub fn at_home() -> History {
    on_run().and(handed_off(FIRST_RUN))
}

pub fn fetched_home() -> History {
    on_shelf().and(picked_up())
}

/// The first run brought it back, and the second one has it.
pub fn on_second_run() -> History {
    back_on_shelf().and(ParcelLoaded { run: SECOND_RUN })
}

pub fn with_carrier() -> History {
    on_shelf().and(given_back())
}

pub fn in_bin() -> History {
    on_shelf().and(thrown_away())
}

/// A courier says that he handed it off, but it lies on the shelf.
pub fn disputed_on_shelf() -> History {
    back_on_shelf().and(disputed(End::Returned, End::HandedOff))
}

/// The household has it, but somebody scanned it back onto the shelf.
pub fn disputed_at_home() -> History {
    at_home().and(disputed(End::HandedOff, End::Returned))
}

/// The grid in which nobody of these lives.
pub fn other_grid() -> GridId {
    the("4")
}
