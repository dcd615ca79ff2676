//! What stands at the intake point: which tables are in use, what is expected, and what is held?

use std::collections::BTreeMap;

use domain::address::Door;
use domain::ids::{CarrierId, ContainerId, ParcelId, WaybillNumber};
use domain::parcel::Phase;
use domain::parcel::event::Piece as PieceNumber;
use domain::supply::Category;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::facts::{Facts, Piece};

/// The most announced pieces that are listed.
pub const EXPECTED_NAMED_MAX: usize = 1_000;
/// The most held pieces that are listed.
pub const HELD_NAMED_MAX: usize = 200;

/// What stands at the intake point.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IntakePoint {
    /// The tables and carts with pieces on them that are still at the gate.
    pub tables: Vec<Table>,
    /// The announced pieces that have not come, and those that came and are still at the gate; at
    /// most [`EXPECTED_NAMED_MAX`], by their numbers.
    pub expected: Vec<Expected>,
    /// The pieces of which nobody knows for whom they are, at most [`HELD_NAMED_MAX`].
    pub held: Vec<(ParcelId, WaybillNumber)>,
    /// How many pieces came in and wait for their disinfection.
    pub to_disinfect: usize,
}

/// A table or cart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Table {
    /// Which.
    pub container: ContainerId,
    /// Its pieces whose disinfection has not begun.
    pub waiting: u32,
    /// Its pieces on which the agent acts.
    pub acting: u32,
    /// When the last of these is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// An announced piece.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Expected {
    /// The piece.
    pub parcel: ParcelId,
    /// Its waybill's number.
    pub code: WaybillNumber,
    /// Its carrier.
    pub carrier: CarrierId,
    /// Which piece of the waybill.
    pub piece: PieceNumber,
    /// What is inside.
    pub category: Category,
    /// Its door, once that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub door: Option<Door>,
    /// Its order is marked urgent.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub urgent: bool,
    /// Whether it came in.
    pub arrived: bool,
}

/// What stands at the intake point. Which pieces lie on which table is the scanners' business and
/// comes as an argument.
pub fn intake_point(facts: &Facts, tables: &BTreeMap<ContainerId, Vec<ParcelId>>) -> IntakePoint {
    let mut point = IntakePoint::default();
    for (number, _) in facts.buildings().numbers() {
        for id in facts.buildings().open(number) {
            if let Some(piece) = facts.piece(id) {
                put_piece(&mut point, facts, id, piece);
            }
        }
    }
    point.expected.sort_by(|a, b| a.code.as_str().cmp(b.code.as_str()));
    point.expected.truncate(EXPECTED_NAMED_MAX);
    let table = |(container, parcels): (&ContainerId, &Vec<ParcelId>)| {
        let on_it = parcels.iter().filter_map(|parcel| facts.piece(*parcel));
        table(container, on_it.filter(|piece| is_at_gate(piece.state.phase)))
    };
    point.tables = tables.iter().filter_map(table).collect();
    point
}

fn is_at_gate(phase: Phase) -> bool {
    match phase {
        Phase::Arrived | Phase::Disinfecting { .. } | Phase::Clean => true,
        Phase::Unknown
        | Phase::Expected
        | Phase::Sorted
        | Phase::Loaded { .. }
        | Phase::Relayed { .. }
        | Phase::Failed { .. }
        | Phase::HandedOff
        | Phase::Refused
        | Phase::Disposed => false,
    }
}

/// `None` for a table on which nothing lies any more.
fn table<'a>(container: &ContainerId, on_it: impl Iterator<Item = &'a Piece>) -> Option<Table> {
    let mut table = Table { container: container.clone(), waiting: 0, acting: 0, until: None };
    let mut in_use = false;
    for piece in on_it {
        in_use = true;
        if piece.state.phase == Phase::Arrived {
            table.waiting += 1;
        } else if let Phase::Disinfecting { until } = piece.state.phase {
            table.acting += 1;
            table.until = table.until.max(Some(until));
        }
    }
    in_use.then_some(table)
}

fn put_piece(point: &mut IntakePoint, facts: &Facts, parcel: ParcelId, piece: &Piece) {
    let state = &piece.state;
    let Some(contents) = state.contents.as_ref() else { return };
    let at_gate = is_at_gate(state.phase);
    point.to_disinfect += usize::from(state.phase == Phase::Arrived);
    if at_gate && state.recipient.is_none() && point.held.len() < HELD_NAMED_MAX {
        point.held.push((parcel, contents.waybill.number.clone()));
    }
    let arrived = state.phase != Phase::Expected;
    if state.was_announced() && (at_gate || !arrived) {
        point.expected.push(Expected {
            parcel,
            code: contents.waybill.number.clone(),
            carrier: contents.waybill.carrier.clone(),
            piece: contents.piece,
            category: contents.category,
            door: state.recipient.as_ref().map(|recipient| recipient.door.clone()),
            urgent: contents.order.is_some_and(|order| facts.is_urgent(order)),
            arrived,
        });
    }
}
