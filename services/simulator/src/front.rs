//! The door between simulated people and an engine: what they scan and ask, and what they are
//! answered. It knows neither the engine's types nor HTTP, so that both can stand behind it.

use domain::address::Door;
use domain::arrival_slots::event::{ArrivalSlotBooked, ArrivalSlotMoved};
use domain::community::event::ZoneStateChanged;
use domain::household::event::{HouseholdNeedsSet, HouseholdRegistered};
use domain::ids::{
    ActorId, BuildingId, CarrierId, CommandId, CommunityId, ContainerId, DeviceId, GridId,
    HouseholdId, OrderId, ParcelId, RecallId, RunId, ShelfCode, SlotId, VolunteerId,
};
use domain::order::event::{OrderCancelReason, OrderPlaced};
use domain::parcel::event::{
    DeliveryLevel, DisposalReason, End, FailureReason, Piece, Receiver, RefusalReason, ReopenReason,
};
use domain::run::Phase;
use domain::run::event::{RunCancelReason, Stop};
use domain::supply::{Category, Cold, SizeClass};
use domain::volunteer::event::{
    VolunteerBreakPlanned, VolunteerBreakWithdrawn, VolunteerEnrolled, VolunteerShiftPlanned,
};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;

/// An engine as the people in front of it see it.
pub trait Front: Send {
    /// Lets virtual time pass up to `at`; how long that takes is the driver's choice.
    fn wait_until(&mut self, at: Timestamp) -> impl Future<Output = ()> + Send;

    /// Loads a community's file.
    fn load(&mut self, by: &Sender, file: &str) -> impl Future<Output = Told<()>> + Send;

    /// Sends scans, in order; each gets its own reply.
    fn scan(
        &mut self,
        by: &Sender,
        scans: &[Scan],
    ) -> impl Future<Output = Told<Vec<Reply>>> + Send;

    /// Sends one command.
    fn ask(&mut self, by: &Sender, asked: &Asked) -> impl Future<Output = Told<Reply>> + Send;

    /// Asks the planner for what may go by the community's policy: the runs that are not over.
    fn plan(
        &mut self,
        by: &Sender,
        command_id: CommandId,
    ) -> impl Future<Output = Told<Vec<PlannedRun>>> + Send;
}

/// A run as its courier sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedRun {
    /// The run.
    pub run: RunId,
    /// Its grid.
    pub grid: GridId,
    /// Where it stands.
    pub phase: Phase,
    /// Who makes it, or was asked last.
    pub volunteer: Option<VolunteerId>,
    /// Its stops in the order of the way.
    pub stops: Vec<Stop>,
}

/// What a driver gives back.
pub type Told<T> = Result<T, FrontError>;

/// The engine cannot be reached, or answers something that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("the engine gave no usable answer")]
pub struct FrontError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// Who sends, with what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sender {
    /// The community.
    pub community: CommunityId,
    /// The person.
    pub actor: ActorId,
    /// The device.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceId>,
    /// What the device's clock shows when it speaks to the engine.
    pub sent_at: Timestamp,
}

/// A command with its id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Asked {
    /// Made and kept by the sender; the same on every retry.
    pub command_id: CommandId,
    /// What is asked.
    pub command: Command,
}

/// What people ask of runs, orders, households, volunteers and zones.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Command {
    /// Put a zone under a restriction for a time.
    ChangeZone(ZoneStateChanged),
    /// Register a household.
    RegisterHousehold {
        /// The household.
        household: HouseholdId,
        /// What is known.
        facts: HouseholdRegistered,
    },
    /// Confirm how many people eat together.
    ConfirmHeadCount {
        /// The household.
        household: HouseholdId,
        /// How many.
        people: u16,
        /// The community's day.
        on: Date,
    },
    /// Say by which phone tails a household is found.
    SetContact {
        /// The household.
        household: HouseholdId,
        /// The last four digits of each phone.
        phone_tails: Vec<String>,
    },
    /// Say what deliveries must take into account.
    SetNeeds {
        /// The household.
        household: HouseholdId,
        /// The needs.
        facts: HouseholdNeedsSet,
    },
    /// Enrol a volunteer.
    EnrolVolunteer {
        /// The volunteer.
        volunteer: VolunteerId,
        /// Roles, grid, protection, and what can be carried.
        facts: VolunteerEnrolled,
    },
    /// Plan a volunteer's shift.
    PlanShift {
        /// The volunteer.
        volunteer: VolunteerId,
        /// The shift.
        facts: VolunteerShiftPlanned,
    },
    /// Say that a volunteer rests then.
    PlanBreak {
        /// The volunteer.
        volunteer: VolunteerId,
        /// The break.
        facts: VolunteerBreakPlanned,
    },
    /// Say that a volunteer does not rest then after all.
    WithdrawBreak {
        /// The volunteer.
        volunteer: VolunteerId,
        /// The break.
        facts: VolunteerBreakWithdrawn,
    },
    /// Say who comes to the gate, or who came.
    Gate {
        /// The community's day.
        day: Date,
        /// What is said.
        command: GateCommand,
    },
    /// Place an order.
    PlaceOrder {
        /// The order.
        order: OrderId,
        /// What is ordered.
        facts: OrderPlaced,
    },
    /// Call an order off.
    CancelOrder {
        /// The order.
        order: OrderId,
        /// Why.
        reason: OrderCancelReason,
    },
    /// Say in how many pieces an order comes.
    CorrectPieces {
        /// The order.
        order: OrderId,
        /// In how many.
        pieces: u16,
    },
    /// Offer a run to a volunteer.
    OfferRun {
        /// The run.
        run: RunId,
        /// Who is asked.
        volunteer: VolunteerId,
    },
    /// Accept an offered run.
    AcceptRun {
        /// The run.
        run: RunId,
        /// Who accepts.
        volunteer: VolunteerId,
    },
    /// Decline or give back a run.
    HandBackRun {
        /// The run.
        run: RunId,
        /// Who had it.
        volunteer: VolunteerId,
    },
    /// Close a run with the count of what came back.
    CloseRun {
        /// The run.
        run: RunId,
        /// The pieces that came back, counted by hand.
        counted_back: u32,
    },
    /// Call a run off.
    CancelRun {
        /// The run.
        run: RunId,
        /// Why.
        reason: RunCancelReason,
    },
    /// Close the day: whatever stays has a reason, and the sender answers for it.
    CloseDay,
}

/// What people say of the deliveries of a day; on the wire the commands of its arrival slots.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum GateCommand {
    /// A delivery shall come in an hour.
    Book(ArrivalSlotBooked),
    /// It shall come in another hour of the day.
    Move(ArrivalSlotMoved),
    /// It does not come on this day.
    Withdraw {
        /// The slot.
        slot: SlotId,
    },
    /// It came.
    Arrive {
        /// The slot.
        slot: SlotId,
    },
    /// Its hour is over and it did not come.
    Miss {
        /// The slot.
        slot: SlotId,
    },
    /// One of these two was said by mistake.
    Reopen {
        /// The slot.
        slot: SlotId,
    },
}

/// What a scan tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ScanKind {
    /// A piece is announced.
    Expect,
    /// A piece came in.
    Arrive,
    /// Somebody found out for whom a piece is.
    Identify,
    /// The agent is on a table.
    DisinfectStart,
    /// The act time of a table has run.
    DisinfectStop,
    /// A piece lies on its shelf.
    Sort,
    /// A courier took a piece.
    Load,
    /// A piece was put back before the run left.
    Unload,
    /// A run leaves.
    Depart,
    /// A piece stands at its building's foot.
    Relay,
    /// A piece was left with its household.
    HandOff,
    /// An attempt at the door failed.
    Fail,
    /// A piece is back at the intake point.
    Return,
    /// A piece went back to its carrier.
    Refuse,
    /// An end is taken back.
    Reopen,
    /// A piece is damaged.
    Damage,
    /// A piece is not where it should be.
    Missing,
    /// A missing piece was met again.
    Found,
    /// A piece is called back.
    Recall,
    /// A piece may go on after a recall.
    LiftRecall,
    /// A piece was thrown away.
    Dispose,
    /// Which of two contradictory ends is true.
    SettleDispute,
}

/// One scan, flat as the public API has it; what a kind does not need is absent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Scan {
    /// Made and kept by the device; the same on every retry.
    pub command_id: CommandId,
    /// The device's own number of the scan, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sequence: Option<u64>,
    /// What happened.
    pub kind: ScanKind,
    /// When, by the device's clock.
    pub occurred_at: Timestamp,
    /// What else belongs to it.
    #[serde(flatten)]
    pub facts: Facts,
}

/// The facts of a scan.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Facts {
    /// The code as scanned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Who printed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub carrier: Option<CarrierId>,
    /// Which piece of how many.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub piece: Option<Piece>,
    /// The table or cart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container: Option<ContainerId>,
    /// What is inside.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<Category>,
    /// How big it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<SizeClass>,
    /// How cold it must be kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cold: Option<Cold>,
    /// Its weight in grams.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight_grams: Option<u32>,
    /// The order that it fulfils.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<OrderId>,
    /// The household.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub household: Option<HouseholdId>,
    /// The door.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub door: Option<Door>,
    /// The address as written or shouted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The last digits of the phone on the label.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone_tail: Option<String>,
    /// The shelf.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shelf: Option<ShelfCode>,
    /// The grid of the place where the worker stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub placed_in: Option<GridId>,
    /// The run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
    /// The pieces on the run, counted by hand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counted_pieces: Option<u32>,
    /// The building where the courier stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub building: Option<BuildingId>,
    /// How far it was brought.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<DeliveryLevel>,
    /// Who took it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub received_by: Option<Receiver>,
    /// Why an attempt failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<FailureReason>,
    /// Why it went back to its carrier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refusal: Option<RefusalReason>,
    /// Why it was opened again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reopen: Option<ReopenReason>,
    /// Whether it can be delivered in spite of its damage.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usable: Option<bool>,
    /// The recall's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recall: Option<RecallId>,
    /// Why it was thrown away.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disposal: Option<DisposalReason>,
    /// Which of two contradictory ends is true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub truth: Option<End>,
}

/// How something was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// It changed something.
    Accepted,
    /// It was so already.
    Duplicate,
    /// It was taken and waits for a person.
    Held,
    /// It was not taken, for good.
    Refused,
    /// Not now: the same id may be sent again.
    Deferred,
}

/// What people are answered: as much of it as they act on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// How it was taken.
    pub status: Status,
    /// Why not.
    pub problem: Option<Trouble>,
    /// The parcel.
    pub parcel: Option<ParcelId>,
    /// The short code for its label.
    pub label: Option<String>,
    /// The grid to bring it to.
    pub grid: Option<GridId>,
    /// The shelf to put it on.
    pub shelf: Option<ShelfCode>,
    /// What to do next, as the API names it.
    pub next: Option<String>,
    /// The door that it is for.
    pub door: Option<Door>,
    /// For a table: how many pieces took the scan, and how many did not.
    pub pieces: Option<(u32, u32)>,
    /// The device's clock was wrong, and its time was corrected.
    pub clock_corrected: bool,
}

/// A problem as people see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// The stable code.
    pub code: String,
    /// What to do.
    pub sentence: String,
}

impl Reply {
    /// The problem's code; empty when there is none.
    pub fn code(&self) -> &str {
        self.problem.as_ref().map_or("", |trouble| &trouble.code)
    }
}
