//! The wire form of a scan: one flat object, its fields needed or not by its kind.

use domain::address::Door;
use domain::ids::{
    ActorId, BuildingId, CarrierId, CommandId, ContainerId, GateId, GridId, HouseholdId, OrderId,
    RecallId, RunId, ShelfCode,
};
use domain::parcel::event::{
    DeliveryLevel, DisposalReason, End, FailureReason, OvernightReason, Piece, Receiver,
    RefusalReason, ReopenReason,
};
use domain::supply::{Category, Cold, SizeClass};
use jiff::Timestamp;
use runtime::Problem;
use runtime::scan::{ArriveScan, Destination, HandOffScan, PieceRef, Scan, Target};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ScanKind {
    /// A piece is announced: `code`, `carrier`, and what is known of it.
    Expect,
    /// A piece came in: `code` and `carrier`, or neither for a piece without a number.
    Arrive,
    /// A piece was scanned in by mistake; possible until it is sorted.
    UndoArrival,
    /// Somebody found out for whom a piece is: `household`, `door` or `address`.
    Identify,
    /// The agent is on a piece (`code`) or on a table or cart (`container`).
    DisinfectStart,
    /// The act time has run, of a piece (`code`) or a table or cart (`container`).
    DisinfectStop,
    /// A piece lies on its shelf; `shelf` and `placed_in` (the grid of the place) when scanned.
    Sort,
    /// A courier took a piece: `run`.
    Load,
    /// A piece was put back before the run left.
    Unload,
    /// A run leaves: `run`, `counted_pieces`.
    Depart,
    /// A piece stands at its building's foot; `building` when scanned.
    Relay,
    /// A piece was left with its household; `door` when scanned.
    HandOff,
    /// An attempt at the door failed: `failure`.
    Fail,
    /// A piece is back at the intake point; `shelf` when scanned, `run` when it is known.
    Return,
    /// A piece went back to its carrier: `refusal`.
    Refuse,
    /// A hand-off or refusal is taken back: `reopen`.
    Reopen,
    /// A piece is damaged: `usable`.
    Damage,
    /// A piece is not where it should be.
    Missing,
    /// A missing piece was met again.
    Found,
    /// A piece is called back: `recall`.
    Recall,
    /// A recall of a piece is over: `recall`.
    LiftRecall,
    /// A piece was thrown away, or a missing one is closed as lost: `disposal`.
    Dispose,
    /// A piece stays overnight: `overnight`, `owner`.
    KeepOvernight,
    /// Which of two contradictory ends is true: `truth`.
    SettleDispute,
}

/// One scan. Which fields it needs depends on its `kind`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScanBody {
    /// The command's id (UUIDv7), made and kept by the device; the same on every retry.
    pub command_id: CommandId,
    /// The device's own number of the command, counted from 1 without gaps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence: Option<u64>,
    /// What happened.
    pub kind: ScanKind,
    /// When it happened, by the device's clock. Without it: now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occurred_at: Option<Timestamp>,
    /// Who did it, when it is not the envelope's actor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<ActorId>,
    /// The code as scanned or typed: a waybill number or our own label; or the id of a piece, as
    /// lists name it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The carrier that printed the code, such as `sf`; never guessed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carrier: Option<CarrierId>,
    /// Which piece of the waybill, and how many there are. Without it: the only one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub piece: Option<Piece>,
    /// The gate where it was scanned; only the intake point's is taken. Without it: that one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate: Option<GateId>,
    /// The table or cart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<ContainerId>,
    /// What is inside. Without it: what was announced, or parcel goods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<Category>,
    /// How big it is. Without it: a bag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<SizeClass>,
    /// How cold it must be kept. Without it: ambient.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cold: Option<Cold>,
    /// Its weight in grams.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight_grams: Option<u32>,
    /// The order that it fulfils.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<OrderId>,
    /// The household.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub household: Option<HouseholdId>,
    /// The door: the recipient's, or where the courier stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub door: Option<Door>,
    /// The address as written or shouted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The last 3 to 6 digits of the phone on the label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone_tail: Option<String>,
    /// The recipient's name on the label. It helps to find the household and is not stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Who sent it; never taken for the recipient.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sender: Option<String>,
    /// Whether it is taken for a recipient who cannot be reached: it is handed over in person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_behalf: Option<bool>,
    /// The shelf.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shelf: Option<ShelfCode>,
    /// The grid of the place where the worker put the piece: raises the mis-sort alarm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub placed_in: Option<GridId>,
    /// The run. Without it: the one that has the piece.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
    /// The pieces on the run, counted by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted_pieces: Option<u32>,
    /// The building where the courier stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub building: Option<BuildingId>,
    /// How far it was brought. Without it: to the door.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<DeliveryLevel>,
    /// Who took it. Without it: it was left at the door.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub received_by: Option<Receiver>,
    /// Why an attempt failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<FailureReason>,
    /// Why it went back to its carrier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<RefusalReason>,
    /// Why it was opened again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reopen: Option<ReopenReason>,
    /// Whether it can be delivered in spite of its damage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usable: Option<bool>,
    /// The recall's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recall: Option<RecallId>,
    /// Why it was thrown away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disposal: Option<DisposalReason>,
    /// Why it stays overnight.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overnight: Option<OvernightReason>,
    /// Who takes care of it tomorrow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<ActorId>,
    /// Which of two contradictory ends is true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub truth: Option<End>,
}

impl ScanBody {
    /// The scan; one whose fields do not make sense says which are missing, and uses up its number.
    pub fn scan(&self) -> Scan {
        self.read().unwrap_or_else(Scan::Invalid)
    }

    fn read(&self) -> Result<Scan, Problem> {
        Ok(match self.kind {
            ScanKind::Expect => Scan::Expect(Box::new(self.arriving())),
            ScanKind::Arrive => Scan::Arrive(Box::new(self.arriving())),
            ScanKind::UndoArrival => Scan::UndoArrival(self.one()?),
            ScanKind::Identify => Scan::Identify(self.one()?, self.destination()),
            ScanKind::DisinfectStart => Scan::StartDisinfection(self.target()?),
            ScanKind::DisinfectStop => Scan::StopDisinfection(self.target()?),
            ScanKind::Sort => Scan::Sort(self.one()?, self.shelf.clone(), self.placed_in.clone()),
            ScanKind::Load => Scan::Load(self.one()?, self.needed("run", self.run)?),
            ScanKind::Unload => Scan::Unload(self.one()?, self.run),
            ScanKind::Depart => Scan::Depart(
                self.needed("run", self.run)?,
                self.needed("counted_pieces", self.counted_pieces)?,
            ),
            ScanKind::Relay => Scan::Relay(self.one()?, self.run, self.building.clone()),
            ScanKind::HandOff => Scan::HandOff(self.one()?, self.handing_off()),
            ScanKind::Fail => {
                Scan::Fail(self.one()?, self.run, self.needed("failure", self.failure)?)
            }
            ScanKind::Return => Scan::Return(self.one()?, self.run, self.shelf.clone()),
            ScanKind::Refuse => Scan::Refuse(self.one()?, self.needed("refusal", self.refusal)?),
            ScanKind::Reopen => Scan::Reopen(self.one()?, self.needed("reopen", self.reopen)?),
            ScanKind::Damage => Scan::Damage(self.one()?, self.needed("usable", self.usable)?),
            ScanKind::Missing => Scan::Missing(self.one()?),
            ScanKind::Found => Scan::Found(self.one()?),
            ScanKind::Recall => {
                Scan::Recall(self.one()?, self.needed("recall", self.recall.clone())?)
            }
            ScanKind::LiftRecall => {
                Scan::LiftRecall(self.one()?, self.needed("recall", self.recall.clone())?)
            }
            ScanKind::Dispose => {
                Scan::Dispose(self.one()?, self.needed("disposal", self.disposal)?)
            }
            ScanKind::KeepOvernight => Scan::KeepOvernight(
                self.one()?,
                self.needed("overnight", self.overnight)?,
                self.needed("owner", self.owner.clone())?,
            ),
            ScanKind::SettleDispute => {
                Scan::SettleDispute(self.one()?, self.needed("truth", self.truth)?)
            }
        })
    }

    fn arriving(&self) -> ArriveScan {
        ArriveScan {
            code: self.code.clone(),
            carrier: self.carrier.clone(),
            piece: self.piece.unwrap_or(Piece { number: 1, of: 1 }),
            gate: self.gate.clone(),
            container: self.container.clone(),
            category: self.category,
            size: self.size.unwrap_or(SizeClass::Bag),
            cold: self.cold.unwrap_or_default(),
            weight_grams: self.weight_grams,
            order: self.order,
            destination: self.destination(),
            sender: self.sender.clone(),
            on_behalf: self.on_behalf.unwrap_or_default(),
        }
    }

    fn destination(&self) -> Destination {
        Destination {
            household: self.household,
            door: self.door.clone(),
            address: self.address.clone(),
            phone_tail: self.phone_tail.clone(),
            name: self.name.clone(),
        }
    }

    fn handing_off(&self) -> HandOffScan {
        HandOffScan {
            run: self.run,
            door: self.door.clone(),
            level: self.level.unwrap_or(DeliveryLevel::Door),
            received_by: self.received_by.unwrap_or(Receiver::LeftAtDoor),
        }
    }

    fn one(&self) -> Result<PieceRef, Problem> {
        Ok(PieceRef {
            code: self.needed("code", self.code.clone())?,
            carrier: self.carrier.clone(),
            piece: self.piece.map(|piece| piece.number),
        })
    }

    fn target(&self) -> Result<Target, Problem> {
        match (&self.code, &self.container) {
            (None, Some(container)) => Ok(Target::Container(container.clone())),
            (Some(_), None) => self.one().map(Target::Piece),
            (Some(_), Some(_)) | (None, None) => Err(Problem::invalid(
                "scan-invalid",
                "a scan is of one thing: give either `code` for a piece, or `container` for a table \
                 or cart",
                "一次扫描只针对一个对象：请只给出 `code`（单件）或 `container`（整台或整车）",
            )),
        }
    }

    fn needed<T>(&self, field: &str, value: Option<T>) -> Result<T, Problem> {
        let kind = serde_json::to_string(&self.kind).unwrap_or_default();
        value.ok_or_else(|| {
            Problem::invalid(
                "scan-invalid",
                format!("a scan of kind {kind} needs the field `{field}`: send it under a new id"),
                format!("{kind} 类扫描须填写 `{field}`：请补全后用新编号重发"),
            )
        })
    }
}
