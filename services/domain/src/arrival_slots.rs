//! The arrival slots of one day: who comes to the intake point in which hour, and how many may.
//!
//! A day is one aggregate, so that two bookings at once cannot pass the cap together: the second
//! is decided on what the first has left.

pub mod event;
#[cfg(test)]
mod spec;

use std::collections::BTreeMap;
use std::fmt;

use jiff::civil::{Date, Time};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

pub use self::event::ArrivalSlotsEvent;
use self::event::{
    ArrivalParty, ArrivalSlotArrived, ArrivalSlotBooked, ArrivalSlotMissed, ArrivalSlotMoved,
    ArrivalSlotMovedAway, ArrivalSlotMovedHere, ArrivalSlotReopened, ArrivalSlotWithdrawn,
};
use crate::community::IntakeHour;
use crate::decider::Decider;
use crate::ids::{ArrivalLabel, SlotId};
use crate::refusal::refusals;
use crate::supply::Category;

/// How long a slot lasts.
pub const SLOT_LASTS: SignedDuration = SignedDuration::from_hours(1);
/// The most slots of one day, withdrawn ones included.
pub const SLOTS_OF_DAY_MAX: usize = 2_000;
/// How far ahead a slot can be booked.
pub const AHEAD_MAX: SignedDuration = SignedDuration::from_hours(24 * 60);
/// The most pieces that one delivery brings.
pub const PIECES_MAX: u32 = 100_000;
/// How many free hours a refusal names.
pub const FREE_NAMED_MAX: usize = 3;
/// So many digits on end are a phone number, which is personal.
pub const PHONE_DIGITS_MIN: usize = 7;

/// The decider of one day's arrival slots.
#[derive(Debug, Clone, Copy)]
pub struct ArrivalSlots;

/// What may be asked of a day's slots. The payloads are the facts that shall hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ArrivalSlotsCommand {
    /// Let a delivery come in an hour.
    Book(ArrivalSlotBooked, Intake),
    /// Let it come in another hour of the day.
    Move(ArrivalSlotMoved, Intake),
    /// Give its place back.
    Withdraw(ArrivalSlotWithdrawn),
    /// Say that it came.
    Arrive(ArrivalSlotArrived),
    /// Say that it did not come; the moment is now.
    Miss(ArrivalSlotMissed, Timestamp),
    /// Take back that it came, or that it did not.
    Reopen(ArrivalSlotReopened),
    /// Let a delivery that is booked on another day come on this one.
    MoveHere(ArrivalSlotMovedHere, Intake),
    /// Free the place of one that has one on another day by now.
    MoveAway(ArrivalSlotMovedAway),
}

/// What the community offers on the day, and what time it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intake {
    /// The hours in which supplies are taken in, earliest first.
    pub hours: Vec<IntakeHour>,
    /// How many deliveries may come in each; `None` is as many as want to.
    pub per_hour: Option<u32>,
    /// The present moment, by the engine.
    pub now: Timestamp,
}

/// An hour as people say it: `08:00`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HourName(pub Time);

impl fmt::Display for HourName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0.hour(), self.0.minute())
    }
}

/// Hours that have room, as people say them: `10:00, 11:00`. At least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FreeHours(pub Vec<HourName>);

impl fmt::Display for FreeHours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, hour) in self.0.iter().enumerate() {
            let comma = if index > 0 { ", " } else { "" };
            write!(f, "{comma}{hour}")?;
        }
        Ok(())
    }
}

refusals! {
    /// Why a command on a day's arrival slots is refused.
    pub enum ArrivalSlotsRefusal {
        HourFull { hour: HourName, free: FreeHours } => "arrival-hour-full",
            "the hour from {hour} is full: these are free next: {free}",
            "{hour} 起的一小时已约满：可改约 {free}";
        HourClosed { free: FreeHours } => "arrival-hour-closed",
            "no intake hour begins then: these are free next: {free}",
            "该时间不是接收时段的开始：可改约 {free}";
        HourOver { hour: HourName, free: FreeHours } => "arrival-hour-over",
            "the hour from {hour} is over: these are free next: {free}",
            "{hour} 起的一小时已过：可改约 {free}";
        NoHourFree => "arrival-day-full",
            "no hour is free on this day any more: take another day",
            "当日已无空余时段：请改约其他日期";
        TooFarAhead => "arrival-too-far-ahead",
            "a slot is booked at most 60 days ahead: ask again nearer to the day",
            "至多可提前 60 天预约：请临近时再约";
        TooManySlots => "arrival-too-many-slots",
            "this day has 2000 slots and takes no more: take another day",
            "当日已有 2000 个预约：请改约其他日期";
        Pieces => "arrival-pieces",
            "a delivery brings 1 to 100000 pieces: leave the number out where nobody knows it",
            "每次到货为 1 到 100000 件：件数不明时请留空";
        LabelHasPhone => "arrival-label-phone",
            "this looks like a phone number: write what the delivery is known by, not whom to call",
            "内容疑似电话号码：请填写商户或团购名称，不要填写联系电话";
        UnknownSlot { slot: SlotId } => "arrival-slot-unknown",
            "slot {slot} is none of this day: check the day",
            "{slot} 不是当日的预约：请核对日期";
        SlotDiffers { slot: SlotId } => "arrival-slot-differs",
            "slot {slot} is booked already with other facts: move it, or withdraw it and book anew",
            "预约 {slot} 已按其他内容登记：请改时段，或撤销后重新预约";
        SlotWithdrawn { slot: SlotId } => "arrival-slot-withdrawn",
            "slot {slot} was withdrawn and its place given back: book a new one",
            "预约 {slot} 已撤销、名额已释放：请重新预约";
        SlotArrived { slot: SlotId } => "arrival-slot-arrived",
            "slot {slot} is marked as come: take that back first if it is a mistake",
            "预约 {slot} 已标记为到达：如有误，请先撤回该标记";
        SlotMissed { slot: SlotId } => "arrival-slot-missed",
            "slot {slot} is marked as not come: move it to another hour, or take the mark back",
            "预约 {slot} 已标记为未到：请改约其他时段，或撤回该标记";
        SlotMoved { slot: SlotId, day: Date } => "arrival-slot-moved",
            "slot {slot} was moved to {day}: look for it there",
            "预约 {slot} 已改到 {day}：请到该日查看";
        HourNotOver { slot: SlotId } => "arrival-hour-not-over",
            "the hour of slot {slot} is not over, so it may still come: wait, or withdraw it",
            "预约 {slot} 的时段尚未结束，可能仍会到达：请等待，或撤销预约";
    }
}

/// Where a slot stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SlotPhase {
    /// It is expected.
    Booked,
    /// It came.
    Arrived,
    /// It did not come.
    Missed,
    /// Its place was given back.
    Withdrawn,
}

impl SlotPhase {
    /// Whether it takes a place of its hour.
    pub fn takes_a_place(self) -> bool {
        match self {
            Self::Booked | Self::Arrived | Self::Missed => true,
            Self::Withdrawn => false,
        }
    }
}

/// One slot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slot {
    /// When its hour begins.
    pub from: Timestamp,
    /// Who brings it.
    pub party: ArrivalParty,
    /// What people at the gate know it by.
    pub label: ArrivalLabel,
    /// How many pieces it brings.
    pub pieces: Option<u32>,
    /// What it brings.
    pub category: Option<Category>,
    /// Where it stands.
    pub phase: SlotPhase,
    /// The day on which it comes instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved_to: Option<Date>,
}

/// What the events so far say of a day's slots.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ArrivalSlotsState {
    /// The slots, withdrawn ones too.
    pub slots: BTreeMap<SlotId, Slot>,
}

impl ArrivalSlotsState {
    /// How many places of an hour are taken.
    pub fn taken(&self, hour: &IntakeHour) -> usize {
        self.taken_but_for(hour, None)
    }

    /// A slot of this day as it would be on another one.
    ///
    /// # Errors
    /// Why it does not leave: it is unknown, came, was given up, or has left for another day.
    pub fn leaving(
        &self,
        slot: SlotId,
        from_day: Date,
        from: Timestamp,
    ) -> Result<ArrivalSlotMovedHere, ArrivalSlotsRefusal> {
        let known = known(self, slot)?;
        match known.phase {
            SlotPhase::Booked | SlotPhase::Missed => {}
            SlotPhase::Arrived => return Err(ArrivalSlotsRefusal::SlotArrived { slot }),
            SlotPhase::Withdrawn => {
                let withdrawn = ArrivalSlotsRefusal::SlotWithdrawn { slot };
                let moved = |day| ArrivalSlotsRefusal::SlotMoved { slot, day };
                return Err(known.moved_to.map_or(withdrawn, moved));
            }
        }
        let Slot { party, label, pieces, category, .. } = known.clone();
        Ok(ArrivalSlotMovedHere { slot, from_day, from, party, label, pieces, category })
    }

    /// Whether a slot left this day for another one.
    pub fn has_left(&self, slot: SlotId, to_day: Date) -> bool {
        self.slots.get(&slot).is_some_and(|known| known.moved_to == Some(to_day))
    }

    fn taken_but_for(&self, hour: &IntakeHour, own: Option<SlotId>) -> usize {
        let takes = |(id, slot): &(&SlotId, &Slot)| {
            slot.phase.takes_a_place() && hour.holds(slot.from) && Some(**id) != own
        };
        self.slots.iter().filter(takes).count()
    }
}

type Decision = Result<Vec<ArrivalSlotsEvent>, ArrivalSlotsRefusal>;

impl Decider for ArrivalSlots {
    type Command = ArrivalSlotsCommand;
    type Event = ArrivalSlotsEvent;
    type State = ArrivalSlotsState;
    type Refusal = ArrivalSlotsRefusal;

    fn decide(state: &ArrivalSlotsState, command: ArrivalSlotsCommand) -> Decision {
        match command {
            ArrivalSlotsCommand::Book(fact, intake) => book(state, fact, &intake),
            ArrivalSlotsCommand::Move(fact, intake) => move_to(state, fact, &intake),
            ArrivalSlotsCommand::Withdraw(fact) => withdraw(state, fact),
            ArrivalSlotsCommand::Arrive(fact) => arrive(state, fact),
            ArrivalSlotsCommand::Miss(fact, now) => miss(state, fact, now),
            ArrivalSlotsCommand::Reopen(fact) => reopen(state, fact),
            ArrivalSlotsCommand::MoveHere(fact, intake) => move_here(state, fact, &intake),
            ArrivalSlotsCommand::MoveAway(fact) => move_away(state, fact),
        }
    }

    fn evolve(mut state: ArrivalSlotsState, event: &ArrivalSlotsEvent) -> ArrivalSlotsState {
        match event {
            ArrivalSlotsEvent::Booked(event) => {
                state.slots.insert(event.slot, booked(event));
            }
            ArrivalSlotsEvent::Moved(event) => {
                if let Some(slot) = state.slots.get_mut(&event.slot) {
                    slot.from = event.from;
                    slot.phase = SlotPhase::Booked;
                }
            }
            ArrivalSlotsEvent::Withdrawn(event) => {
                stand(&mut state, event.slot, SlotPhase::Withdrawn);
            }
            ArrivalSlotsEvent::Arrived(event) => stand(&mut state, event.slot, SlotPhase::Arrived),
            ArrivalSlotsEvent::Missed(event) => stand(&mut state, event.slot, SlotPhase::Missed),
            ArrivalSlotsEvent::Reopened(event) => stand(&mut state, event.slot, SlotPhase::Booked),
            ArrivalSlotsEvent::MovedHere(event) => {
                state.slots.insert(event.slot, moved_here(event));
            }
            ArrivalSlotsEvent::MovedAway(event) => {
                stand(&mut state, event.slot, SlotPhase::Withdrawn);
                if let Some(slot) = state.slots.get_mut(&event.slot) {
                    slot.moved_to = Some(event.to_day);
                }
            }
        }
        state
    }
}

fn booked(event: &ArrivalSlotBooked) -> Slot {
    let ArrivalSlotBooked { from, party, label, pieces, category, .. } = event.clone();
    Slot { from, party, label, pieces, category, phase: SlotPhase::Booked, moved_to: None }
}

fn moved_here(event: &ArrivalSlotMovedHere) -> Slot {
    let ArrivalSlotMovedHere { from, party, label, pieces, category, .. } = event.clone();
    Slot { from, party, label, pieces, category, phase: SlotPhase::Booked, moved_to: None }
}

fn stand(state: &mut ArrivalSlotsState, slot: SlotId, phase: SlotPhase) {
    if let Some(slot) = state.slots.get_mut(&slot) {
        slot.phase = phase;
    }
}

fn book(state: &ArrivalSlotsState, fact: ArrivalSlotBooked, intake: &Intake) -> Decision {
    let slot = fact.slot;
    if let Some(known) = state.slots.get(&slot) {
        return match known.phase {
            SlotPhase::Withdrawn => Err(ArrivalSlotsRefusal::SlotWithdrawn { slot }),
            phase if Slot { phase, ..booked(&fact) } == *known => Ok(vec![]),
            SlotPhase::Booked | SlotPhase::Arrived | SlotPhase::Missed => {
                Err(ArrivalSlotsRefusal::SlotDiffers { slot })
            }
        };
    }
    if !fact.pieces.is_none_or(|pieces| (1..=PIECES_MAX).contains(&pieces)) {
        return Err(ArrivalSlotsRefusal::Pieces);
    }
    if has_phone(fact.label.as_str()) {
        return Err(ArrivalSlotsRefusal::LabelHasPhone);
    }
    check_new(state, slot, fact.from, intake)?;
    Ok(vec![fact.into()])
}

/// One that went to another day before may come back.
fn move_here(state: &ArrivalSlotsState, fact: ArrivalSlotMovedHere, intake: &Intake) -> Decision {
    let slot = fact.slot;
    match state.slots.get(&slot) {
        None => {}
        Some(known) => match known.phase {
            SlotPhase::Withdrawn if known.moved_to.is_some() => {}
            SlotPhase::Withdrawn => return Err(ArrivalSlotsRefusal::SlotWithdrawn { slot }),
            phase if Slot { phase, ..moved_here(&fact) } == *known => return Ok(vec![]),
            SlotPhase::Booked | SlotPhase::Arrived | SlotPhase::Missed => {
                return Err(ArrivalSlotsRefusal::SlotDiffers { slot });
            }
        },
    }
    check_new(state, slot, fact.from, intake)?;
    Ok(vec![fact.into()])
}

/// Whether it left is seen in what it stands as: what was said of it here meanwhile stays.
fn move_away(state: &ArrivalSlotsState, fact: ArrivalSlotMovedAway) -> Decision {
    match known(state, fact.slot)?.phase {
        SlotPhase::Booked | SlotPhase::Missed => Ok(vec![fact.into()]),
        SlotPhase::Arrived | SlotPhase::Withdrawn => Ok(vec![]),
    }
}

/// One that did not come may be moved too: it comes later.
fn move_to(state: &ArrivalSlotsState, fact: ArrivalSlotMoved, intake: &Intake) -> Decision {
    let slot = fact.slot;
    let known = known(state, slot)?;
    match known.phase {
        SlotPhase::Booked if known.from == fact.from => return Ok(vec![]),
        SlotPhase::Booked | SlotPhase::Missed => {}
        SlotPhase::Arrived => return Err(ArrivalSlotsRefusal::SlotArrived { slot }),
        SlotPhase::Withdrawn => return Err(ArrivalSlotsRefusal::SlotWithdrawn { slot }),
    }
    check_hour(state, slot, fact.from, intake)?;
    Ok(vec![fact.into()])
}

fn withdraw(state: &ArrivalSlotsState, fact: ArrivalSlotWithdrawn) -> Decision {
    let slot = fact.slot;
    match known(state, slot)?.phase {
        SlotPhase::Booked => Ok(vec![fact.into()]),
        SlotPhase::Withdrawn => Ok(vec![]),
        SlotPhase::Arrived => Err(ArrivalSlotsRefusal::SlotArrived { slot }),
        SlotPhase::Missed => Err(ArrivalSlotsRefusal::SlotMissed { slot }),
    }
}

/// Early, late, or after it was given up: whoever stands at the gate has come.
fn arrive(state: &ArrivalSlotsState, fact: ArrivalSlotArrived) -> Decision {
    let slot = fact.slot;
    match known(state, slot)?.phase {
        SlotPhase::Booked | SlotPhase::Missed => Ok(vec![fact.into()]),
        SlotPhase::Arrived => Ok(vec![]),
        SlotPhase::Withdrawn => Err(ArrivalSlotsRefusal::SlotWithdrawn { slot }),
    }
}

fn miss(state: &ArrivalSlotsState, fact: ArrivalSlotMissed, now: Timestamp) -> Decision {
    let slot = fact.slot;
    let known = known(state, slot)?;
    match known.phase {
        SlotPhase::Booked if now.duration_since(known.from) >= SLOT_LASTS => Ok(vec![fact.into()]),
        SlotPhase::Booked => Err(ArrivalSlotsRefusal::HourNotOver { slot }),
        SlotPhase::Missed => Ok(vec![]),
        SlotPhase::Arrived => Err(ArrivalSlotsRefusal::SlotArrived { slot }),
        SlotPhase::Withdrawn => Err(ArrivalSlotsRefusal::SlotWithdrawn { slot }),
    }
}

fn reopen(state: &ArrivalSlotsState, fact: ArrivalSlotReopened) -> Decision {
    let slot = fact.slot;
    match known(state, slot)?.phase {
        SlotPhase::Arrived | SlotPhase::Missed => Ok(vec![fact.into()]),
        SlotPhase::Booked => Ok(vec![]),
        SlotPhase::Withdrawn => Err(ArrivalSlotsRefusal::SlotWithdrawn { slot }),
    }
}

fn known(state: &ArrivalSlotsState, slot: SlotId) -> Result<&Slot, ArrivalSlotsRefusal> {
    state.slots.get(&slot).ok_or(ArrivalSlotsRefusal::UnknownSlot { slot })
}

/// Checks that a slot can be new on this day at that moment.
fn check_new(
    state: &ArrivalSlotsState,
    slot: SlotId,
    from: Timestamp,
    intake: &Intake,
) -> Result<(), ArrivalSlotsRefusal> {
    if from.duration_since(intake.now) > AHEAD_MAX {
        return Err(ArrivalSlotsRefusal::TooFarAhead);
    }
    if !state.slots.contains_key(&slot) && state.slots.len() >= SLOTS_OF_DAY_MAX {
        return Err(ArrivalSlotsRefusal::TooManySlots);
    }
    check_hour(state, slot, from, intake)
}

/// Checks that supplies are taken in from that moment on, that it is not over, and that there is
/// room.
fn check_hour(
    state: &ArrivalSlotsState,
    slot: SlotId,
    from: Timestamp,
    intake: &Intake,
) -> Result<(), ArrivalSlotsRefusal> {
    let has_room = |hour: &IntakeHour| {
        let taken = state.taken_but_for(hour, Some(slot));
        intake.per_hour.is_none_or(|cap| taken < usize::try_from(cap).unwrap_or(usize::MAX))
    };
    let is_over = |hour: &IntakeHour| hour.until <= intake.now;
    let wanted = intake.hours.iter().find(|hour| hour.from == from);
    if wanted.is_some_and(|hour| !is_over(hour) && has_room(hour)) {
        return Ok(());
    }
    let free = intake.hours.iter().filter(|hour| !is_over(hour) && has_room(hour));
    let (later, earlier): (Vec<&IntakeHour>, Vec<&IntakeHour>) =
        free.partition(|hour| hour.from >= from);
    let named = later.into_iter().chain(earlier).take(FREE_NAMED_MAX);
    let free = FreeHours(named.map(|hour| HourName(hour.opens)).collect());
    if free.0.is_empty() {
        return Err(ArrivalSlotsRefusal::NoHourFree);
    }
    Err(match wanted {
        None => ArrivalSlotsRefusal::HourClosed { free },
        Some(hour) if is_over(hour) => {
            ArrivalSlotsRefusal::HourOver { hour: HourName(hour.opens), free }
        }
        Some(hour) => ArrivalSlotsRefusal::HourFull { hour: HourName(hour.opens), free },
    })
}

/// Whether a text has as many digits on end as a phone number, however they are written and
/// divided.
fn has_phone(text: &str) -> bool {
    let mut on_end = 0;
    for sign in text.chars() {
        let is_digit = sign.is_ascii_digit() || ('０'..='９').contains(&sign);
        on_end = match sign {
            _ if is_digit => on_end + 1,
            ' ' | '-' | '－' | '　' => on_end,
            _ => 0,
        };
        if on_end >= PHONE_DIGITS_MIN {
            return true;
        }
    }
    false
}
