//! A volunteer or worker: roles, the one grid they serve, their shifts and how things stand.

pub mod event;
#[cfg(test)]
mod spec;

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

pub use self::event::VolunteerEvent;
use self::event::{
    Pool, Role, VolunteerBadgeRevoked, VolunteerBreakPlanned, VolunteerBreakWithdrawn,
    VolunteerBuildingsKept, VolunteerEnrolled, VolunteerEquipped, VolunteerGridJoined,
    VolunteerLimitsSet, VolunteerPoolJoined, VolunteerRolesChanged, VolunteerShiftPlanned,
    VolunteerShiftWithdrawn, VolunteerStatus, VolunteerStatusSet,
};
use crate::decider::Decider;
use crate::ids::{BuildingId, GridId};
use crate::refusal::refusals;
use crate::sealed::Sealed;
use crate::supply::Load;

/// The longest shift.
pub const SHIFT_MAX: SignedDuration = SignedDuration::from_hours(24);
/// The most shifts of one volunteer that are remembered, the latest ones.
pub const SHIFTS_MAX: usize = 200;
/// The most breaks of one volunteer that are remembered, the latest ones.
pub const BREAKS_MAX: usize = 400;

/// The most buildings of which one volunteer is the regular one.
pub const KEPT_MAX: usize = 100;
/// The longest rest after a trip, in seconds.
pub const REST_SECONDS_MAX: u32 = 86_400;

/// The decider of one volunteer.
#[derive(Debug, Clone, Copy)]
pub struct Volunteer;

/// What may be asked of a volunteer. The payloads are the facts that shall hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VolunteerCommand {
    /// Make the volunteer known and give out a badge.
    Enrol(VolunteerEnrolled),
    /// Say what the volunteer does.
    ChangeRoles(VolunteerRolesChanged),
    /// Say which grid the volunteer serves.
    JoinGrid(VolunteerGridJoined),
    /// Say what protection the volunteer has and how much is not too heavy.
    Equip(VolunteerEquipped),
    /// Say that the volunteer works then.
    PlanShift(VolunteerShiftPlanned),
    /// Say that the volunteer does not work then after all.
    WithdrawShift(VolunteerShiftWithdrawn),
    /// Say how things stand.
    SetStatus(VolunteerStatusSet),
    /// Take the badge away, for good.
    RevokeBadge,
    /// Say how much climbing is not too much.
    SetLimits(VolunteerLimitsSet),
    /// Say of which buildings the volunteer is the regular one.
    KeepBuildings(VolunteerBuildingsKept),
    /// Say when the volunteer is asked.
    JoinPool(VolunteerPoolJoined),
    /// Say that the volunteer rests then.
    PlanBreak(VolunteerBreakPlanned),
    /// Say that the volunteer does not rest then after all.
    WithdrawBreak(VolunteerBreakWithdrawn),
}

refusals! {
    /// Why a command on a volunteer is refused.
    pub enum VolunteerRefusal {
        NotEnrolled => "volunteer-unknown",
            "this volunteer is not enrolled: enrol them first",
            "该志愿者尚未登记：请先登记";
        AlreadyEnrolled => "volunteer-enrolled",
            "this volunteer is enrolled already with other facts: change those one by one",
            "该志愿者已按其他内容登记：请逐项更改";
        NoRole => "volunteer-no-role",
            "a volunteer has at least one role",
            "志愿者至少须有一个岗位";
        CarryLimit => "volunteer-carry-limit",
            "a volunteer carries at least one piece, one gram and one millilitre",
            "志愿者每趟至少须能携带一件、一克、一毫升";
        ShiftTimes => "shift-times",
            "a shift ends after it begins and lasts at most 24 hours",
            "班次须先开始后结束，且不超过 24 小时";
        ShiftOverlaps { from: Timestamp, until: Timestamp } => "shift-overlaps",
            "this overlaps the shift from {from} to {until}: withdraw that one first",
            "与 {from} 至 {until} 的班次重叠：请先撤销该班次";
        ShiftDiffers { from: Timestamp, until: Timestamp } => "shift-differs",
            "the shift that is planned lasts from {from} to {until}: withdraw that one",
            "已排班次为 {from} 至 {until}：请撤销该班次";
        BreakTimes => "break-times",
            "a break ends after it begins",
            "休息须先开始后结束";
        BreakOutsideShift => "break-outside-shift",
            "no shift covers this break from its begin to its end: plan the shift first",
            "没有班次完整包含此休息时间：请先排班";
        BreakOverlaps { from: Timestamp, until: Timestamp } => "break-overlaps",
            "this overlaps the break from {from} to {until}: withdraw that one first",
            "与 {from} 至 {until} 的休息重叠：请先撤销该休息";
        BreakDiffers { from: Timestamp, until: Timestamp } => "break-differs",
            "the break that is planned lasts from {from} to {until}: withdraw that one",
            "已排休息为 {from} 至 {until}：请撤销该休息";
        BadgeRevoked => "badge-revoked",
            "this badge was revoked: enrol the person again under a new badge",
            "此证件已注销：请以新证件重新登记";
        Limits => "volunteer-limits",
            "a volunteer climbs at least one floor a trip and a day, and rests at most one day",
            "志愿者每趟、每天至少须能爬一层，休息不超过一天";
        KeepsTooMany => "volunteer-keeps-too-many",
            "a volunteer is the regular one of at most 100 buildings",
            "志愿者至多固定负责 100 栋楼";
    }
}

/// What the events so far say of a volunteer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct VolunteerState {
    /// Whether the volunteer is known.
    pub enrolled: bool,
    /// Whether the badge is worth nothing any more.
    pub revoked: bool,
    /// The grid that the volunteer serves.
    pub grid: Option<GridId>,
    /// What the volunteer does.
    pub roles: BTreeSet<Role>,
    /// Whether the volunteer has protection for sealed zones.
    pub protection: bool,
    /// What the volunteer can carry in one trip.
    pub carry_limit: Load,
    /// The name, sealed.
    pub name: Option<Sealed>,
    /// The shifts: the end of each by its beginning.
    pub shifts: BTreeMap<Timestamp, Timestamp>,
    /// The breaks within them: the end of each by its beginning.
    pub breaks: BTreeMap<Timestamp, Timestamp>,
    /// How things stand.
    pub status: VolunteerStatus,
    /// When that expires.
    pub status_until: Option<Timestamp>,
    /// How much climbing is not too much.
    pub limits: VolunteerLimitsSet,
    /// The buildings of which the volunteer is the regular one.
    pub keeps: BTreeSet<BuildingId>,
    /// When the volunteer is asked.
    pub pool: Pool,
}

impl VolunteerState {
    /// Whether the volunteer can be asked at a moment: the badge is worth something, nothing else
    /// is in the way, no break is planned then, and a shift covers the moment where shifts are
    /// planned at all.
    pub fn is_available(&self, at: Timestamp) -> bool {
        self.enrolled
            && !self.revoked
            && self.is_free(at)
            && self.is_on_shift(at)
            && covering(&self.breaks, at).is_none()
    }

    /// When somebody who works at a moment has to be back: the shift ends, or a break begins;
    /// `None` when neither is planned.
    pub fn works_until(&self, at: Timestamp) -> Option<Timestamp> {
        let ends = covering(&self.shifts, at);
        let rests = self.breaks.range(at..).next().map(|(from, _)| *from);
        ends.into_iter().chain(rests).min()
    }

    fn is_free(&self, at: Timestamp) -> bool {
        match self.status {
            VolunteerStatus::Available => true,
            VolunteerStatus::OnBreak | VolunteerStatus::Unwell | VolunteerStatus::Away => {
                self.status_until.is_some_and(|until| until <= at)
            }
        }
    }

    fn is_on_shift(&self, at: Timestamp) -> bool {
        self.shifts.is_empty() || covering(&self.shifts, at).is_some()
    }
}

/// The end of the time that covers a moment.
fn covering(times: &BTreeMap<Timestamp, Timestamp>, at: Timestamp) -> Option<Timestamp> {
    let (_, until) = times.range(..=at).next_back()?;
    (at < *until).then_some(*until)
}

type Decision = Result<Vec<VolunteerEvent>, VolunteerRefusal>;

impl Decider for Volunteer {
    type Command = VolunteerCommand;
    type Event = VolunteerEvent;
    type State = VolunteerState;
    type Refusal = VolunteerRefusal;

    fn decide(state: &VolunteerState, command: VolunteerCommand) -> Decision {
        if state.revoked && command != VolunteerCommand::RevokeBadge {
            return Err(VolunteerRefusal::BadgeRevoked);
        }
        if !state.enrolled && !matches!(command, VolunteerCommand::Enrol(_)) {
            return Err(VolunteerRefusal::NotEnrolled);
        }
        match command {
            VolunteerCommand::Enrol(fact) => enrol(state, fact),
            VolunteerCommand::ChangeRoles(fact) => {
                check_roles(&fact.roles)?;
                Ok(unless(state.roles == fact.roles, fact))
            }
            VolunteerCommand::JoinGrid(fact) => {
                Ok(unless(state.grid.as_ref() == Some(&fact.grid), fact))
            }
            VolunteerCommand::Equip(fact) => {
                check_carry_limit(fact.carry_limit)?;
                let done =
                    state.protection == fact.protection && state.carry_limit == fact.carry_limit;
                Ok(unless(done, fact))
            }
            VolunteerCommand::PlanShift(fact) => plan_shift(state, fact),
            VolunteerCommand::WithdrawShift(fact) => withdraw_shift(state, fact),
            VolunteerCommand::SetStatus(fact) => {
                let done = state.status == fact.status && state.status_until == fact.until;
                Ok(unless(done, fact))
            }
            VolunteerCommand::RevokeBadge => Ok(unless(state.revoked, VolunteerBadgeRevoked {})),
            VolunteerCommand::SetLimits(fact) => set_limits(state, fact),
            VolunteerCommand::KeepBuildings(fact) => {
                if fact.buildings.len() > KEPT_MAX {
                    return Err(VolunteerRefusal::KeepsTooMany);
                }
                Ok(unless(state.keeps == fact.buildings, fact))
            }
            VolunteerCommand::JoinPool(fact) => Ok(unless(state.pool == fact.pool, fact)),
            VolunteerCommand::PlanBreak(fact) => plan_break(state, fact),
            VolunteerCommand::WithdrawBreak(fact) => withdraw_break(state, fact),
        }
    }

    fn evolve(mut state: VolunteerState, event: &VolunteerEvent) -> VolunteerState {
        match event {
            VolunteerEvent::Enrolled(event) => {
                state.enrolled = true;
                state.grid.clone_from(&event.grid);
                state.roles.clone_from(&event.roles);
                state.protection = event.protection;
                state.carry_limit = event.carry_limit;
                state.name.clone_from(&event.name);
            }
            VolunteerEvent::RolesChanged(event) => state.roles.clone_from(&event.roles),
            VolunteerEvent::GridJoined(event) => state.grid = Some(event.grid.clone()),
            VolunteerEvent::Equipped(event) => {
                state.protection = event.protection;
                state.carry_limit = event.carry_limit;
            }
            VolunteerEvent::ShiftPlanned(event) => {
                state.shifts.insert(event.from, event.until);
                while state.shifts.len() > SHIFTS_MAX {
                    state.shifts.pop_first();
                }
            }
            VolunteerEvent::ShiftWithdrawn(event) => {
                state.shifts.remove(&event.from);
                // Nobody rests from work that there is not.
                state.breaks.retain(|from, _| *from < event.from || *from >= event.until);
            }
            VolunteerEvent::StatusSet(event) => {
                state.status = event.status;
                state.status_until = event.until;
            }
            VolunteerEvent::BadgeRevoked(_) => state.revoked = true,
            VolunteerEvent::LimitsSet(event) => state.limits = event.clone(),
            VolunteerEvent::BuildingsKept(event) => state.keeps.clone_from(&event.buildings),
            VolunteerEvent::PoolJoined(event) => state.pool = event.pool,
            VolunteerEvent::BreakPlanned(event) => {
                state.breaks.insert(event.from, event.until);
                while state.breaks.len() > BREAKS_MAX {
                    state.breaks.pop_first();
                }
            }
            VolunteerEvent::BreakWithdrawn(event) => {
                state.breaks.remove(&event.from);
            }
        }
        state
    }
}

/// The fact as an event, unless it holds already.
fn unless(done: bool, fact: impl Into<VolunteerEvent>) -> Vec<VolunteerEvent> {
    if done { vec![] } else { vec![fact.into()] }
}

fn enrol(state: &VolunteerState, fact: VolunteerEnrolled) -> Decision {
    check_roles(&fact.roles)?;
    check_carry_limit(fact.carry_limit)?;
    // The same name is sealed into another text each time, so it cannot be compared.
    let holds = state.grid == fact.grid
        && state.roles == fact.roles
        && state.protection == fact.protection
        && state.carry_limit == fact.carry_limit;
    if state.enrolled && !holds {
        return Err(VolunteerRefusal::AlreadyEnrolled);
    }
    Ok(unless(state.enrolled, fact))
}

fn set_limits(state: &VolunteerState, fact: VolunteerLimitsSet) -> Decision {
    let none = [fact.floors_a_trip, fact.floors_a_day].contains(&Some(0));
    if none || fact.rest_seconds > REST_SECONDS_MAX {
        return Err(VolunteerRefusal::Limits);
    }
    Ok(unless(state.limits == fact, fact))
}

fn plan_shift(state: &VolunteerState, fact: VolunteerShiftPlanned) -> Decision {
    let VolunteerShiftPlanned { from, until } = fact;
    if until <= from || until.duration_since(from) > SHIFT_MAX {
        return Err(VolunteerRefusal::ShiftTimes);
    }
    let forgotten = |first: &Timestamp| state.shifts.len() >= SHIFTS_MAX && from < *first;
    match overlapping(&state.shifts, from, until) {
        None if state.shifts.keys().next().is_some_and(forgotten) => Ok(vec![]),
        None => Ok(vec![fact.into()]),
        Some(known) if known == (from, until) => Ok(vec![]),
        Some((from, until)) => Err(VolunteerRefusal::ShiftOverlaps { from, until }),
    }
}

fn withdraw_shift(state: &VolunteerState, fact: VolunteerShiftWithdrawn) -> Decision {
    let VolunteerShiftWithdrawn { from, until } = fact;
    match overlapping(&state.shifts, from, until) {
        None => Ok(vec![]),
        Some(known) if known == (from, until) => Ok(vec![fact.into()]),
        Some((from, until)) => Err(VolunteerRefusal::ShiftDiffers { from, until }),
    }
}

fn plan_break(state: &VolunteerState, fact: VolunteerBreakPlanned) -> Decision {
    let VolunteerBreakPlanned { from, until } = fact;
    if until <= from {
        return Err(VolunteerRefusal::BreakTimes);
    }
    let forgotten = |first: &Timestamp| state.breaks.len() >= BREAKS_MAX && from < *first;
    match overlapping(&state.breaks, from, until) {
        Some(known) if known == (from, until) => Ok(vec![]),
        Some((from, until)) => Err(VolunteerRefusal::BreakOverlaps { from, until }),
        None if covering(&state.shifts, from).is_none_or(|ends| ends < until) => {
            Err(VolunteerRefusal::BreakOutsideShift)
        }
        None if state.breaks.keys().next().is_some_and(forgotten) => Ok(vec![]),
        None => Ok(vec![fact.into()]),
    }
}

fn withdraw_break(state: &VolunteerState, fact: VolunteerBreakWithdrawn) -> Decision {
    let VolunteerBreakWithdrawn { from, until } = fact;
    match overlapping(&state.breaks, from, until) {
        None => Ok(vec![]),
        Some(known) if known == (from, until) => Ok(vec![fact.into()]),
        Some((from, until)) => Err(VolunteerRefusal::BreakDiffers { from, until }),
    }
}

/// The latest of some times that shares time with the given one.
fn overlapping(
    times: &BTreeMap<Timestamp, Timestamp>,
    from: Timestamp,
    until: Timestamp,
) -> Option<(Timestamp, Timestamp)> {
    let (begins, ends) = times.range(..until).next_back()?;
    (*ends > from).then_some((*begins, *ends))
}

fn check_roles(roles: &BTreeSet<Role>) -> Result<(), VolunteerRefusal> {
    if roles.is_empty() { Err(VolunteerRefusal::NoRole) } else { Ok(()) }
}

fn check_carry_limit(limit: Load) -> Result<(), VolunteerRefusal> {
    let Load { pieces, weight_grams, volume_millilitres } = limit;
    if pieces == 0 || weight_grams == 0 || volume_millilitres == 0 {
        Err(VolunteerRefusal::CarryLimit)
    } else {
        Ok(())
    }
}
