//! An order: what a household asked for through one channel, until its pieces are at the door.
//!
//! It is fulfilled when every expected piece was handed off. Its parcels tell that: a process
//! records each hand-off here. What a parcel has told is recorded even after the order was
//! cancelled.

pub mod event;
#[cfg(test)]
mod spec;

use std::collections::{BTreeMap, BTreeSet};

pub use self::event::OrderEvent;
use self::event::{
    OrderCancelReason, OrderCancelled, OrderFulfilled, OrderLine, OrderMarkedShort,
    OrderParcelAdded, OrderPieceHandedOff, OrderPieceReopened, OrderPiecesCorrected, OrderPlaced,
    OrderReopened, OrderUrgencySet,
};
use crate::decider::Decider;
use crate::ids::ParcelId;
use crate::refusal::refusals;

/// The most lines that an order may have.
pub const LINES_MAX: usize = 100;
/// The longest name of an item, in characters.
pub const ITEM_CHARS_MAX: usize = 100;
/// The largest quantity of a line.
pub const QUANTITY_MAX: u32 = 10_000;
/// The most pieces that an order may come in.
pub const PIECES_MAX: u16 = 500;

/// The decider of one order.
#[derive(Debug, Clone, Copy)]
pub struct Order;

/// What may be asked of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderCommand {
    /// Place it.
    Place(OrderPlaced),
    /// Say that a piece belongs to it. More pieces than expected raise the expectation.
    AddParcel {
        /// The piece.
        parcel: ParcelId,
    },
    /// Record that a piece reached its household.
    RecordHandedOff {
        /// The piece.
        parcel: ParcelId,
    },
    /// Record that the hand-off of a piece was taken back.
    RecordReopened {
        /// The piece.
        parcel: ParcelId,
    },
    /// Say how much of a line does not come.
    MarkShort {
        /// The line, counted from 1.
        line: u16,
        /// How much of its quantity is missing altogether.
        missing: u32,
    },
    /// Say in how many pieces it comes, when that is not what was expected.
    CorrectPieces {
        /// In how many.
        pieces: u16,
    },
    /// Call it off while nothing of it was handed off.
    Cancel {
        /// Why.
        reason: OrderCancelReason,
    },
    /// Say whether its pieces are needed at once.
    SetUrgency {
        /// Whether they are.
        urgent: bool,
    },
}

refusals! {
    /// Why a command on an order is refused.
    pub enum OrderRefusal {
        NotPlaced => "order-unknown",
            "this order was never placed: place it first",
            "没有这一订单：请先下单";
        AlreadyPlaced => "order-placed-otherwise",
            "this order was placed already with other contents: place a new one",
            "此订单已按其他内容下单：请另下新单";
        LinesShape => "order-lines-shape",
            "an order has 1 to 100 lines, each with an item of 1 to 100 characters and a quantity of 1 to 10000",
            "订单须有 1 到 100 行，每行品名 1 到 100 个字符，数量 1 到 10000";
        PiecesShape => "order-pieces-shape",
            "an order comes in 1 to 500 pieces",
            "每单须为 1 到 500 件";
        TooManyPieces => "order-too-many-pieces",
            "this order has 500 pieces already: place another order for the rest",
            "此订单已有 500 件：其余请另下新单";
        FewerThanAdded { added: u16 } => "order-fewer-than-added",
            "{added} pieces of this order are known already: it cannot come in fewer",
            "此订单已知有 {added} 件：不能少于此数";
        UnknownParcel { parcel: ParcelId } => "order-parcel-unknown",
            "piece {parcel} does not belong to this order: add it first",
            "物件 {parcel} 不属于此订单：请先关联";
        UnknownLine { line: u16 } => "order-line-unknown",
            "this order has no line {line}: lines are counted from 1",
            "此订单没有第 {line} 行：行号从 1 起";
        MoreThanAsked { line: u16, quantity: u32 } => "order-short-of-more-than-asked",
            "line {line} asked for {quantity}: no more than that can be missing",
            "第 {line} 行只要 {quantity}：缺少数量不能超过此数";
        PartlyHandedOff => "order-partly-handed-off",
            "some of this order was handed off: mark the rest short and correct the number of pieces",
            "此订单已有部分交付：其余请登记缺货并更正件数";
        Cancelled => "order-cancelled",
            "this order was cancelled: place a new one",
            "此订单已取消：请另下新单";
    }
}

/// Where an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Phase {
    /// Nobody has placed it.
    #[default]
    Unknown,
    /// It waits for its pieces.
    Open,
    /// Every piece was handed off.
    Fulfilled,
    /// It is not delivered.
    Cancelled,
}

/// What the events so far say of an order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OrderState {
    /// Where it stands.
    pub phase: Phase,
    /// How it was placed.
    pub placed: Option<OrderPlaced>,
    /// In how many pieces it was last expected to come.
    pub pieces: u16,
    /// The pieces that are known.
    pub parcels: BTreeSet<ParcelId>,
    /// Those that were handed off.
    pub handed_off: BTreeSet<ParcelId>,
    /// What is missing of each line, by its number from 1.
    pub missing: BTreeMap<u16, u32>,
    /// Its pieces are needed at once.
    pub urgent: bool,
}

impl OrderState {
    /// In how many pieces it comes: as many as expected, and never fewer than are known.
    pub fn expected_pieces(&self) -> usize {
        usize::from(self.pieces).max(self.parcels.len())
    }
}

type Decision = Result<Vec<OrderEvent>, OrderRefusal>;

impl Decider for Order {
    type Command = OrderCommand;
    type Event = OrderEvent;
    type State = OrderState;
    type Refusal = OrderRefusal;

    fn decide(state: &OrderState, command: OrderCommand) -> Decision {
        if state.phase == Phase::Unknown && !matches!(command, OrderCommand::Place(_)) {
            return Err(OrderRefusal::NotPlaced);
        }
        match command {
            OrderCommand::Place(fact) => place(state, fact),
            OrderCommand::AddParcel { parcel } => add_parcel(state, parcel),
            OrderCommand::RecordHandedOff { parcel } => record_handed_off(state, parcel),
            OrderCommand::RecordReopened { parcel } => record_reopened(state, parcel),
            OrderCommand::MarkShort { line, missing } => mark_short(state, line, missing),
            OrderCommand::CorrectPieces { pieces } => correct_pieces(state, pieces),
            OrderCommand::Cancel { reason } => cancel(state, reason),
            OrderCommand::SetUrgency { urgent } => set_urgency(state, urgent),
        }
    }

    fn evolve(mut state: OrderState, event: &OrderEvent) -> OrderState {
        match event {
            OrderEvent::Placed(event) => {
                state.phase = Phase::Open;
                state.pieces = event.pieces;
                state.urgent = event.urgent;
                state.placed = Some(event.clone());
            }
            OrderEvent::ParcelAdded(event) => {
                state.parcels.insert(event.parcel);
            }
            OrderEvent::PieceHandedOff(event) => {
                state.handed_off.insert(event.parcel);
            }
            OrderEvent::PieceReopened(event) => {
                state.handed_off.remove(&event.parcel);
            }
            OrderEvent::MarkedShort(event) => {
                state.missing.insert(event.line, event.missing);
            }
            OrderEvent::PiecesCorrected(event) => state.pieces = event.pieces,
            OrderEvent::Fulfilled(_) => state.phase = Phase::Fulfilled,
            OrderEvent::Reopened(_) => state.phase = Phase::Open,
            OrderEvent::Cancelled(_) => state.phase = Phase::Cancelled,
            OrderEvent::UrgencySet(event) => state.urgent = event.urgent,
        }
        state
    }
}

fn place(state: &OrderState, fact: OrderPlaced) -> Decision {
    let lines_fit = (1..=LINES_MAX).contains(&fact.lines.len());
    if !lines_fit || !fact.lines.iter().all(is_sane) {
        return Err(OrderRefusal::LinesShape);
    }
    if !(1..=PIECES_MAX).contains(&fact.pieces) {
        return Err(OrderRefusal::PiecesShape);
    }
    match &state.placed {
        None => Ok(vec![fact.into()]),
        Some(known) if *known == fact => Ok(vec![]),
        Some(_) => Err(OrderRefusal::AlreadyPlaced),
    }
}

fn is_sane(line: &OrderLine) -> bool {
    (1..=ITEM_CHARS_MAX).contains(&line.item.chars().count())
        && !line.item.chars().any(char::is_control)
        && !line.item.trim().is_empty()
        && (1..=QUANTITY_MAX).contains(&line.quantity)
}

fn add_parcel(state: &OrderState, parcel: ParcelId) -> Decision {
    if state.parcels.contains(&parcel) {
        return Ok(vec![]);
    }
    check_open(state)?;
    if state.parcels.len() >= usize::from(PIECES_MAX) {
        return Err(OrderRefusal::TooManyPieces);
    }
    Ok(with_fulfilment(state, OrderParcelAdded { parcel }.into()))
}

fn record_handed_off(state: &OrderState, parcel: ParcelId) -> Decision {
    check_parcel(state, parcel)?;
    if state.handed_off.contains(&parcel) {
        return Ok(vec![]);
    }
    let event = OrderPieceHandedOff { parcel }.into();
    Ok(with_fulfilment(state, event))
}

fn record_reopened(state: &OrderState, parcel: ParcelId) -> Decision {
    check_parcel(state, parcel)?;
    if !state.handed_off.contains(&parcel) {
        return Ok(vec![]);
    }
    Ok(with_fulfilment(state, OrderPieceReopened { parcel }.into()))
}

fn mark_short(state: &OrderState, line: u16, missing: u32) -> Decision {
    let mut lines = state.placed.iter().flat_map(|placed| &placed.lines);
    let index = usize::from(line).checked_sub(1);
    let Some(asked) = index.and_then(|index| lines.nth(index)) else {
        return Err(OrderRefusal::UnknownLine { line });
    };
    if missing > asked.quantity {
        let quantity = asked.quantity;
        return Err(OrderRefusal::MoreThanAsked { line, quantity });
    }
    if state.missing.get(&line).copied().unwrap_or_default() == missing {
        return Ok(vec![]);
    }
    check_open(state)?;
    Ok(vec![OrderMarkedShort { line, missing }.into()])
}

fn correct_pieces(state: &OrderState, pieces: u16) -> Decision {
    if !(1..=PIECES_MAX).contains(&pieces) {
        return Err(OrderRefusal::PiecesShape);
    }
    if state.pieces == pieces {
        return Ok(vec![]);
    }
    check_open(state)?;
    let added = u16::try_from(state.parcels.len()).unwrap_or(PIECES_MAX);
    if pieces < added {
        return Err(OrderRefusal::FewerThanAdded { added });
    }
    let event = OrderPiecesCorrected { pieces }.into();
    Ok(with_fulfilment(state, event))
}

fn cancel(state: &OrderState, reason: OrderCancelReason) -> Decision {
    if state.phase == Phase::Cancelled {
        return Ok(vec![]);
    }
    if !state.handed_off.is_empty() {
        return Err(OrderRefusal::PartlyHandedOff);
    }
    Ok(vec![OrderCancelled { reason }.into()])
}

fn set_urgency(state: &OrderState, urgent: bool) -> Decision {
    if state.urgent == urgent {
        return Ok(vec![]);
    }
    check_open(state)?;
    Ok(vec![OrderUrgencySet { urgent }.into()])
}

/// The event, and what it makes of the order's fulfilment.
fn with_fulfilment(state: &OrderState, event: OrderEvent) -> Vec<OrderEvent> {
    let after = Order::evolve(state.clone(), &event);
    let complete = after.handed_off.len() >= after.expected_pieces();
    match after.phase {
        Phase::Open if complete => vec![event, OrderFulfilled {}.into()],
        Phase::Fulfilled if !complete => vec![event, OrderReopened {}.into()],
        Phase::Unknown | Phase::Open | Phase::Fulfilled | Phase::Cancelled => vec![event],
    }
}

/// A fulfilled order may still change: a piece may turn up that nobody expected.
fn check_open(state: &OrderState) -> Result<(), OrderRefusal> {
    match state.phase {
        Phase::Unknown => Err(OrderRefusal::NotPlaced),
        Phase::Open | Phase::Fulfilled => Ok(()),
        Phase::Cancelled => Err(OrderRefusal::Cancelled),
    }
}

fn check_parcel(state: &OrderState, parcel: ParcelId) -> Result<(), OrderRefusal> {
    if state.parcels.contains(&parcel) {
        Ok(())
    } else {
        Err(OrderRefusal::UnknownParcel { parcel })
    }
}
