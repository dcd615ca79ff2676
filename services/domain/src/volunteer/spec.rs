use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::event::{
    Pool, Role, VolunteerBadgeRevoked, VolunteerBreakPlanned, VolunteerBreakWithdrawn,
    VolunteerBuildingsKept, VolunteerEnrolled, VolunteerEquipped, VolunteerGridJoined,
    VolunteerLimitsSet, VolunteerPoolJoined, VolunteerRolesChanged, VolunteerShiftPlanned,
    VolunteerShiftWithdrawn, VolunteerStatus, VolunteerStatusSet,
};
use super::{
    BREAKS_MAX, KEPT_MAX, SHIFTS_MAX, Volunteer, VolunteerCommand, VolunteerEvent,
    VolunteerRefusal, VolunteerState,
};
use crate::decider::fold;
use crate::event::DomainEvent;
use crate::sealed::Sealed;
use crate::spec::given;
use crate::supply::Load;

fn load(pieces: u32) -> Load {
    Load { pieces, weight_grams: 20_000, volume_millilitres: 100_000 }
}

fn enrolment() -> VolunteerEnrolled {
    VolunteerEnrolled {
        grid: Some("3".parse().unwrap()),
        roles: BTreeSet::from([Role::Courier]),
        protection: false,
        carry_limit: load(20),
        name: Some(Sealed("bmFtZQ==".into())),
    }
}

fn enrolled() -> Vec<VolunteerEvent> {
    vec![enrolment().into()]
}

fn then(
    mut history: Vec<VolunteerEvent>,
    more: impl IntoIterator<Item = VolunteerEvent>,
) -> Vec<VolunteerEvent> {
    history.extend(more);
    history
}

/// The hour of a day, counted from the midnight before.
fn at(hour: i64) -> Timestamp {
    Timestamp::constant(1_668_873_600, 0) + SignedDuration::from_hours(hour)
}

fn shift(from: i64, until: i64) -> VolunteerShiftPlanned {
    VolunteerShiftPlanned { from: at(from), until: at(until) }
}

fn withdrawn(from: i64, until: i64) -> VolunteerShiftWithdrawn {
    VolunteerShiftWithdrawn { from: at(from), until: at(until) }
}

fn plan(from: i64, until: i64) -> VolunteerCommand {
    VolunteerCommand::PlanShift(shift(from, until))
}

fn withdraw(from: i64, until: i64) -> VolunteerCommand {
    VolunteerCommand::WithdrawShift(withdrawn(from, until))
}

fn pause(from: i64, until: i64) -> VolunteerBreakPlanned {
    VolunteerBreakPlanned { from: at(from), until: at(until) }
}

fn no_pause(from: i64, until: i64) -> VolunteerBreakWithdrawn {
    VolunteerBreakWithdrawn { from: at(from), until: at(until) }
}

fn plan_break(from: i64, until: i64) -> VolunteerCommand {
    VolunteerCommand::PlanBreak(pause(from, until))
}

fn withdraw_break(from: i64, until: i64) -> VolunteerCommand {
    VolunteerCommand::WithdrawBreak(no_pause(from, until))
}

fn on_shift() -> Vec<VolunteerEvent> {
    then(enrolled(), [shift(8, 12).into(), shift(14, 18).into()])
}

fn revoked() -> Vec<VolunteerEvent> {
    then(enrolled(), [VolunteerBadgeRevoked {}.into()])
}

fn status(status: VolunteerStatus, until: Option<i64>) -> VolunteerStatusSet {
    let until = until.map(at);
    VolunteerStatusSet { status, until }
}

fn roles(roles: impl IntoIterator<Item = Role>) -> VolunteerRolesChanged {
    let roles = roles.into_iter().collect();
    VolunteerRolesChanged { roles }
}

fn join(grid: &str) -> VolunteerGridJoined {
    let grid = grid.parse().unwrap();
    VolunteerGridJoined { grid }
}

fn equipped(pieces: u32) -> VolunteerEquipped {
    VolunteerEquipped { protection: true, carry_limit: load(pieces) }
}

/// One command of each kind, enrolling first and revoking last.
fn every_command() -> Vec<VolunteerCommand> {
    vec![
        VolunteerCommand::Enrol(enrolment()),
        VolunteerCommand::ChangeRoles(roles([Role::Caller])),
        VolunteerCommand::JoinGrid(join("4")),
        VolunteerCommand::Equip(equipped(10)),
        plan(8, 12),
        withdraw(8, 12),
        VolunteerCommand::SetStatus(status(VolunteerStatus::Away, None)),
        VolunteerCommand::SetLimits(limits(Some(12))),
        VolunteerCommand::KeepBuildings(keeps("10")),
        VolunteerCommand::JoinPool(VolunteerPoolJoined { pool: Pool::Emergency }),
        plan_break(9, 10),
        withdraw_break(9, 10),
        VolunteerCommand::RevokeBadge,
    ]
}

fn limits(floors_a_trip: Option<u32>) -> VolunteerLimitsSet {
    VolunteerLimitsSet { floors_a_trip, floors_a_day: Some(60), rest_seconds: 900 }
}

fn keeps(building: &str) -> VolunteerBuildingsKept {
    VolunteerBuildingsKept { buildings: BTreeSet::from([building.parse().unwrap()]) }
}

#[test]
fn nothing_can_be_asked_of_somebody_who_is_not_enrolled() {
    for command in every_command().into_iter().skip(1) {
        given::<Volunteer>([]).when(command).refused(&VolunteerRefusal::NotEnrolled);
    }
}

mod enrolling {
    use super::*;

    #[test]
    fn a_volunteer_gets_a_badge() {
        given::<Volunteer>([]).when(VolunteerCommand::Enrol(enrolment())).then(enrolled());
    }

    #[test]
    fn enrolling_again_changes_nothing_even_with_the_name_sealed_anew() {
        let again = VolunteerEnrolled { name: Some(Sealed("b3RoZXI=".into())), ..enrolment() };
        given::<Volunteer>(enrolled()).when(VolunteerCommand::Enrol(again)).then_nothing();
    }

    #[test]
    fn somebody_without_a_role_or_strength_is_refused() {
        let idle = VolunteerEnrolled { roles: BTreeSet::new(), ..enrolment() };
        given::<Volunteer>([])
            .when(VolunteerCommand::Enrol(idle))
            .refused(&VolunteerRefusal::NoRole);
        let weak = VolunteerEnrolled { carry_limit: load(0), ..enrolment() };
        given::<Volunteer>([])
            .when(VolunteerCommand::Enrol(weak))
            .refused(&VolunteerRefusal::CarryLimit);
    }

    #[test]
    fn other_facts_under_the_same_badge_conflict() {
        let other = VolunteerEnrolled { grid: None, ..enrolment() };
        given::<Volunteer>(enrolled())
            .when(VolunteerCommand::Enrol(other))
            .refused(&VolunteerRefusal::AlreadyEnrolled);
    }
}

mod describing {
    use super::*;

    /// A fact is told, and told again.
    fn told(command: VolunteerCommand, event: impl Into<VolunteerEvent>) {
        let event = event.into();
        given::<Volunteer>(enrolled()).when(command.clone()).then([event.clone()]);
        given::<Volunteer>(then(enrolled(), [event])).when(command).then_nothing();
    }

    #[test]
    fn what_they_do() {
        let fact = roles([Role::Courier, Role::Shopper]);
        told(VolunteerCommand::ChangeRoles(fact.clone()), fact);
        given::<Volunteer>(enrolled())
            .when(VolunteerCommand::ChangeRoles(roles([])))
            .refused(&VolunteerRefusal::NoRole);
    }

    #[test]
    fn the_one_grid_they_serve() {
        told(VolunteerCommand::JoinGrid(join("4")), join("4"));
        let history = then(enrolled(), [join("4").into()]);
        let state = fold::<Volunteer>(VolunteerState::default(), &history);
        assert_eq!(state.grid, Some("4".parse().unwrap()));
    }

    #[test]
    fn what_they_wear_and_carry() {
        told(VolunteerCommand::Equip(equipped(10)), equipped(10));
        given::<Volunteer>(enrolled())
            .when(VolunteerCommand::Equip(equipped(0)))
            .refused(&VolunteerRefusal::CarryLimit);
    }

    #[test]
    fn how_much_climbing_is_not_too_much() {
        told(VolunteerCommand::SetLimits(limits(Some(12))), limits(Some(12)));
        let command = VolunteerCommand::SetLimits(limits(Some(0)));
        given::<Volunteer>(enrolled()).when(command).refused(&VolunteerRefusal::Limits);
    }

    #[test]
    fn whose_regular_they_are() {
        told(VolunteerCommand::KeepBuildings(keeps("10")), keeps("10"));
        let buildings = (0..=KEPT_MAX).map(|number| number.to_string().parse().unwrap());
        let many = VolunteerBuildingsKept { buildings: buildings.collect() };
        let command = VolunteerCommand::KeepBuildings(many);
        given::<Volunteer>(enrolled()).when(command).refused(&VolunteerRefusal::KeepsTooMany);
    }

    #[test]
    fn when_they_are_asked() {
        let pool = |pool| VolunteerPoolJoined { pool };
        told(VolunteerCommand::JoinPool(pool(Pool::Emergency)), pool(Pool::Emergency));
        let command = VolunteerCommand::JoinPool(pool(Pool::Duty));
        given::<Volunteer>(enrolled()).when(command).then_nothing();
    }

    #[test]
    fn how_things_stand() {
        let away = status(VolunteerStatus::Away, Some(12));
        told(VolunteerCommand::SetStatus(away.clone()), away);
    }
}

mod shifts {
    use super::*;

    #[test]
    fn a_shift_is_planned_and_withdrawn() {
        given::<Volunteer>(enrolled()).when(plan(8, 12)).then([shift(8, 12).into()]);
        given::<Volunteer>(on_shift()).when(withdraw(8, 12)).then([withdrawn(8, 12).into()]);
    }

    #[test]
    fn one_shift_may_follow_another_at_once() {
        given::<Volunteer>(on_shift()).when(plan(12, 14)).then([shift(12, 14).into()]);
    }

    #[test]
    fn doing_it_again_changes_nothing() {
        given::<Volunteer>(on_shift()).when(plan(8, 12)).then_nothing();
        given::<Volunteer>(on_shift()).when(withdraw(20, 22)).then_nothing();
    }

    #[test]
    fn an_impossible_shift_is_refused() {
        for (from, until) in [(8, 8), (9, 8), (0, 25)] {
            given::<Volunteer>(enrolled())
                .when(plan(from, until))
                .refused(&VolunteerRefusal::ShiftTimes);
        }
    }

    #[test]
    fn shifts_that_share_time_conflict() {
        let (from, until) = (at(8), at(12));
        for (other_from, other_until) in [(7, 9), (9, 10), (11, 13), (7, 13), (8, 11)] {
            given::<Volunteer>(on_shift())
                .when(plan(other_from, other_until))
                .refused(&VolunteerRefusal::ShiftOverlaps { from, until });
            given::<Volunteer>(on_shift())
                .when(withdraw(other_from, other_until))
                .refused(&VolunteerRefusal::ShiftDiffers { from, until });
        }
    }

    #[test]
    fn only_the_latest_shifts_are_remembered() {
        let days = i64::try_from(SHIFTS_MAX).unwrap();
        let many = (1..=days + 1).map(|day| shift(24 * day, 24 * day + 4).into());
        let history = then(enrolled(), many);
        let state = fold::<Volunteer>(VolunteerState::default(), &history);
        assert_eq!(state.shifts.len(), SHIFTS_MAX);
        assert!(!state.shifts.contains_key(&at(24)));
        given::<Volunteer>(history).when(plan(24, 28)).then_nothing();
    }
}

mod breaks {
    use super::*;

    fn rested() -> Vec<VolunteerEvent> {
        then(on_shift(), [pause(9, 10).into()])
    }

    #[test]
    fn a_break_is_planned_within_a_shift_and_withdrawn() {
        for (from, until) in [(9, 10), (8, 12), (11, 12)] {
            let planned = pause(from, until).into();
            given::<Volunteer>(on_shift()).when(plan_break(from, until)).then([planned]);
        }
        given::<Volunteer>(rested()).when(withdraw_break(9, 10)).then([no_pause(9, 10).into()]);
    }

    #[test]
    fn doing_it_again_changes_nothing() {
        given::<Volunteer>(rested()).when(plan_break(9, 10)).then_nothing();
        given::<Volunteer>(rested()).when(withdraw_break(10, 11)).then_nothing();
    }

    #[test]
    fn an_impossible_break_is_refused() {
        given::<Volunteer>(on_shift())
            .when(plan_break(9, 9))
            .refused(&VolunteerRefusal::BreakTimes);
        for (from, until) in [(7, 9), (11, 13), (12, 13), (11, 15), (20, 21)] {
            given::<Volunteer>(on_shift())
                .when(plan_break(from, until))
                .refused(&VolunteerRefusal::BreakOutsideShift);
        }
        given::<Volunteer>(enrolled())
            .when(plan_break(9, 10))
            .refused(&VolunteerRefusal::BreakOutsideShift);
    }

    #[test]
    fn breaks_that_share_time_conflict() {
        let (from, until) = (at(9), at(10));
        for (other_from, other_until) in [(8, 11), (9, 11), (8, 10)] {
            given::<Volunteer>(rested())
                .when(plan_break(other_from, other_until))
                .refused(&VolunteerRefusal::BreakOverlaps { from, until });
            given::<Volunteer>(rested())
                .when(withdraw_break(other_from, other_until))
                .refused(&VolunteerRefusal::BreakDiffers { from, until });
        }
    }

    #[test]
    fn a_break_goes_with_its_shift() {
        let history =
            then(rested(), [pause(15, 16).into(), withdrawn(8, 12).into(), shift(8, 12).into()]);
        let state = fold::<Volunteer>(VolunteerState::default(), &history);
        assert_eq!(state.breaks.keys().copied().collect::<Vec<_>>(), [at(15)]);
    }

    #[test]
    fn only_the_latest_breaks_are_remembered() {
        let hours = i64::try_from(BREAKS_MAX).unwrap();
        let days = (0..=hours / 24).map(|day| shift(24 * day, 24 * day + 24).into());
        let many = (0..=hours).map(|hour| pause(hour, hour + 1).into());
        let history = then(enrolled(), days.chain(many));
        let state = fold::<Volunteer>(VolunteerState::default(), &history);
        assert_eq!((state.breaks.len(), state.breaks.contains_key(&at(0))), (BREAKS_MAX, false));
        given::<Volunteer>(history).when(plan_break(0, 1)).then_nothing();
    }
}

mod availability {
    use super::*;

    #[test]
    fn nobody_is_asked_during_a_break_or_works_into_one() {
        let history = then(on_shift(), [pause(10, 11).into()]);
        for (hour, expected) in [(8, true), (9, true), (10, false), (11, true), (14, true)] {
            assert_eq!(is_available(&history, hour), expected, "{hour}");
        }
        let state = fold::<Volunteer>(VolunteerState::default(), &history);
        let works_until = |hour| state.works_until(at(hour));
        assert_eq!(works_until(9), Some(at(10)), "the break begins");
        assert_eq!(works_until(11), Some(at(12)), "the shift ends");
        let none = fold::<Volunteer>(VolunteerState::default(), &enrolled());
        assert_eq!(none.works_until(at(9)), None);
    }

    fn is_available(history: &[VolunteerEvent], hour: i64) -> bool {
        fold::<Volunteer>(VolunteerState::default(), history).is_available(at(hour))
    }

    #[test]
    fn somebody_without_shifts_can_be_asked_at_any_time() {
        assert!(is_available(&enrolled(), 3));
        assert!(!is_available(&[], 3));
    }

    #[test]
    fn somebody_with_shifts_can_be_asked_during_them() {
        for (hour, expected) in
            [(7, false), (8, true), (11, true), (12, false), (13, false), (14, true), (18, false)]
        {
            assert_eq!(is_available(&on_shift(), hour), expected, "{hour}");
        }
    }

    #[test]
    fn a_status_expires() {
        let until = |until| {
            let away = status(VolunteerStatus::OnBreak, until);
            then(on_shift(), [away.into()])
        };
        assert!(!is_available(&until(Some(10)), 9));
        assert!(is_available(&until(Some(10)), 10));
        assert!(!is_available(&until(None), 11));
        let back = status(VolunteerStatus::Available, None);
        assert!(is_available(&then(until(None), [back.into()]), 11));
    }

    #[test]
    fn a_revoked_badge_opens_nothing() {
        assert!(!is_available(&revoked(), 9));
    }
}

mod revoking {
    use super::*;

    #[test]
    fn a_badge_is_taken_away() {
        given::<Volunteer>(on_shift())
            .when(VolunteerCommand::RevokeBadge)
            .then([VolunteerBadgeRevoked {}.into()]);
    }

    #[test]
    fn taking_it_away_again_changes_nothing() {
        given::<Volunteer>(revoked()).when(VolunteerCommand::RevokeBadge).then_nothing();
    }

    #[test]
    fn nothing_more_can_be_asked_of_its_holder() {
        let mut commands = every_command();
        commands.pop();
        for command in commands {
            given::<Volunteer>(revoked()).when(command).refused(&VolunteerRefusal::BadgeRevoked);
        }
    }
}

#[test]
fn every_stored_shape_is_read_again() {
    let events = then(
        on_shift(),
        [
            roles([Role::Caller]).into(),
            join("4").into(),
            equipped(5).into(),
            withdrawn(8, 12).into(),
            status(VolunteerStatus::Unwell, Some(9)).into(),
            limits(None).into(),
            keeps("10").into(),
            VolunteerPoolJoined { pool: Pool::Emergency }.into(),
            pause(15, 16).into(),
            no_pause(15, 16).into(),
            VolunteerBadgeRevoked {}.into(),
        ],
    );
    for event in &events {
        let payload = event.encode(serde_json::value::Serializer).unwrap();
        assert_eq!(&VolunteerEvent::decode(event.event_type(), payload).unwrap(), event);
    }
    let types: BTreeSet<_> = events.iter().map(DomainEvent::event_type).collect();
    assert_eq!(types.len(), VolunteerEvent::TYPES.len());
}
