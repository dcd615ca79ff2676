//! What can be asked of a day's arrival slots, as sentences.

use jiff::civil::{date, time};
use uuid::Uuid;

use super::ArrivalSlotsCommand::{Arrive, Book, Miss, Move, MoveAway, MoveHere, Reopen, Withdraw};
use super::*;
use crate::DomainEvent;
use crate::decider::fold;
use crate::refusal::Refuse;
use crate::spec::{Given, given};

/// Eight in the morning of 10 April in Shanghai.
const EIGHT: &str = "2022-04-10T00:00:00Z";

fn at(hours: i64, minutes: i64) -> Timestamp {
    let eight: Timestamp = EIGHT.parse().unwrap();
    eight + SignedDuration::from_mins((hours - 8) * 60 + minutes)
}

/// Supplies are taken in from eight to noon, two deliveries an hour.
fn intake_at(now: Timestamp) -> Intake {
    let hour = |hour: i8| IntakeHour {
        from: at(hour.into(), 0),
        until: at(i64::from(hour) + 1, 0),
        opens: time(hour, 0, 0, 0),
    };
    Intake { hours: (8..12).map(hour).collect(), per_hour: Some(2), now }
}

fn intake() -> Intake {
    intake_at(at(7, 0))
}

fn slot(number: u128) -> SlotId {
    SlotId(Uuid::from_u128(number))
}

fn booked(number: u128, hour: i64) -> ArrivalSlotBooked {
    ArrivalSlotBooked {
        slot: slot(number),
        from: at(hour, 0),
        party: ArrivalParty::Merchant,
        label: "永辉超市".parse().unwrap(),
        pieces: Some(120),
        category: Some(Category::Produce),
    }
}

fn moved(number: u128, hour: i64) -> ArrivalSlotMoved {
    ArrivalSlotMoved { slot: slot(number), from: at(hour, 0) }
}

fn withdrawn(number: u128) -> ArrivalSlotWithdrawn {
    ArrivalSlotWithdrawn { slot: slot(number) }
}

fn arrived(number: u128) -> ArrivalSlotArrived {
    ArrivalSlotArrived { slot: slot(number) }
}

fn missed(number: u128) -> ArrivalSlotMissed {
    ArrivalSlotMissed { slot: slot(number) }
}

fn reopened(number: u128) -> ArrivalSlotReopened {
    ArrivalSlotReopened { slot: slot(number) }
}

/// From the day before.
fn moved_here(number: u128, hour: i64) -> ArrivalSlotMovedHere {
    let ArrivalSlotBooked { slot, from, party, label, pieces, category } = booked(number, hour);
    let from_day = date(2022, 4, 9);
    ArrivalSlotMovedHere { slot, from_day, from, party, label, pieces, category }
}

/// To the day after.
fn moved_away(number: u128) -> ArrivalSlotMovedAway {
    ArrivalSlotMovedAway { slot: slot(number), to_day: date(2022, 4, 11) }
}

fn slots(events: impl IntoIterator<Item = ArrivalSlotsEvent>) -> Given<ArrivalSlots> {
    given(events)
}

fn hours(names: &[i8]) -> FreeHours {
    FreeHours(names.iter().map(|hour| HourName(time(*hour, 0, 0, 0))).collect())
}

const NINE: HourName = HourName(time(9, 0, 0, 0));

mod booking {
    use super::*;

    #[test]
    fn takes_a_place_of_its_hour() {
        slots([]).when(Book(booked(1, 9), intake())).then([booked(1, 9).into()]);
        slots([booked(1, 9).into()]).when(Book(booked(2, 9), intake())).then([booked(2, 9).into()]);
    }

    #[test]
    fn again_changes_nothing_even_when_the_hour_is_full_by_now() {
        let full = || slots([booked(1, 9).into(), booked(2, 9).into()]);
        full().when(Book(booked(1, 9), intake())).then_nothing();
        full().when(Book(booked(2, 9), intake_at(at(15, 0)))).then_nothing();
        slots([booked(1, 9).into(), arrived(1).into()])
            .when(Book(booked(1, 9), intake()))
            .then_nothing();
    }

    #[test]
    fn of_a_full_hour_is_refused_with_the_next_free_ones() {
        let full = [booked(1, 9).into(), booked(2, 9).into()];
        slots(full.clone())
            .when(Book(booked(3, 9), intake()))
            .refused(&ArrivalSlotsRefusal::HourFull { hour: NINE, free: hours(&[10, 11, 8]) });
        let more = full.into_iter().chain([booked(3, 10).into(), booked(4, 10).into()]);
        slots(more)
            .when(Book(booked(5, 9), intake_at(at(9, 10))))
            .refused(&ArrivalSlotsRefusal::HourFull { hour: NINE, free: hours(&[11]) });
    }

    #[test]
    fn of_a_day_without_a_free_hour_is_refused() {
        let every: Vec<ArrivalSlotsEvent> = (0..8)
            .map(|number| booked(number, 8 + i64::try_from(number / 2).unwrap()).into())
            .collect();
        slots(every).when(Book(booked(9, 11), intake())).refused(&ArrivalSlotsRefusal::NoHourFree);
        slots([])
            .when(Book(booked(1, 11), intake_at(at(12, 0))))
            .refused(&ArrivalSlotsRefusal::NoHourFree);
    }

    #[test]
    fn of_an_hour_that_is_over_or_none_is_refused() {
        slots([])
            .when(Book(booked(1, 9), intake_at(at(10, 0))))
            .refused(&ArrivalSlotsRefusal::HourOver { hour: NINE, free: hours(&[10, 11]) });
        let half_past = ArrivalSlotBooked { from: at(9, 30), ..booked(1, 9) };
        for (closed, free) in
            [(booked(1, 13), [9, 10, 11]), (booked(1, 7), [9, 10, 11]), (half_past, [10, 11, 9])]
        {
            slots([])
                .when(Book(closed, intake_at(at(9, 59))))
                .refused(&ArrivalSlotsRefusal::HourClosed { free: hours(&free) });
        }
    }

    #[test]
    fn is_still_taken_in_the_hour_itself() {
        slots([]).when(Book(booked(1, 9), intake_at(at(9, 59)))).then([booked(1, 9).into()]);
    }

    #[test]
    fn is_not_bounded_where_the_community_sets_no_cap() {
        let freely = Intake { per_hour: None, ..intake() };
        let many = (1..50).map(|number| booked(number, 9).into());
        slots(many).when(Book(booked(50, 9), freely.clone())).then([booked(50, 9).into()]);
        let day = (0..SLOTS_OF_DAY_MAX as u128).map(|number| booked(number, 9).into());
        slots(day).when(Book(booked(5_000, 9), freely)).refused(&ArrivalSlotsRefusal::TooManySlots);
    }

    #[test]
    fn of_a_known_slot_with_other_facts_conflicts() {
        let other = ArrivalSlotBooked { pieces: None, ..booked(1, 9) };
        slots([booked(1, 9).into()])
            .when(Book(other, intake()))
            .refused(&ArrivalSlotsRefusal::SlotDiffers { slot: slot(1) });
        slots([booked(1, 9).into(), withdrawn(1).into()])
            .when(Book(booked(1, 9), intake()))
            .refused(&ArrivalSlotsRefusal::SlotWithdrawn { slot: slot(1) });
    }

    #[test]
    fn says_what_comes_and_not_whom_to_call() {
        let count = |pieces| ArrivalSlotBooked { pieces, ..booked(1, 9) };
        for wrong in [Some(0), Some(PIECES_MAX + 1)] {
            slots([]).when(Book(count(wrong), intake())).refused(&ArrivalSlotsRefusal::Pieces);
        }
        let named =
            |label: &str| ArrivalSlotBooked { label: label.parse().unwrap(), ..booked(1, 9) };
        for phone in
            ["张三 13800001111", "138-0000-1111", "电话１３８００００１１１１", "5822 3344"]
        {
            slots([])
                .when(Book(named(phone), intake()))
                .refused(&ArrivalSlotsRefusal::LabelHasPhone);
        }
        for fine in ["10栋2单元蔬菜团 3", "2022-11 慰问品", "中百仓储 123456"] {
            slots([]).when(Book(named(fine), intake())).then([named(fine).into()]);
        }
    }

    #[test]
    fn is_for_the_coming_weeks() {
        let early = intake_at(at(9, 0) - AHEAD_MAX - SignedDuration::from_secs(1));
        slots([]).when(Book(booked(1, 9), early)).refused(&ArrivalSlotsRefusal::TooFarAhead);
        let in_time = intake_at(at(9, 0) - AHEAD_MAX);
        slots([]).when(Book(booked(1, 9), in_time)).then([booked(1, 9).into()]);
    }
}

mod moving {
    use super::*;

    #[test]
    fn frees_one_hour_and_takes_another() {
        slots([booked(1, 9).into()]).when(Move(moved(1, 11), intake())).then([moved(1, 11).into()]);
        slots([booked(1, 9).into(), booked(2, 9).into(), moved(1, 11).into()])
            .when(Book(booked(3, 9), intake()))
            .then([booked(3, 9).into()]);
        slots([booked(1, 9).into()]).when(Move(moved(1, 9), intake())).then_nothing();
    }

    #[test]
    fn to_a_full_hour_is_refused_with_the_next_free_ones() {
        slots([booked(1, 9).into(), booked(2, 9).into(), booked(3, 8).into()])
            .when(Move(moved(3, 9), intake()))
            .refused(&ArrivalSlotsRefusal::HourFull { hour: NINE, free: hours(&[10, 11, 8]) });
    }

    #[test]
    fn is_for_whoever_has_not_come() {
        let late = || intake_at(at(10, 30));
        slots([booked(1, 9).into(), missed(1).into()])
            .when(Move(moved(1, 11), late()))
            .then([moved(1, 11).into()]);
        slots([booked(1, 9).into(), arrived(1).into()])
            .when(Move(moved(1, 11), late()))
            .refused(&ArrivalSlotsRefusal::SlotArrived { slot: slot(1) });
        slots([booked(1, 9).into(), withdrawn(1).into()])
            .when(Move(moved(1, 11), late()))
            .refused(&ArrivalSlotsRefusal::SlotWithdrawn { slot: slot(1) });
        slots([])
            .when(Move(moved(1, 11), late()))
            .refused(&ArrivalSlotsRefusal::UnknownSlot { slot: slot(1) });
    }
}

mod moving_between_days {
    use super::*;

    #[test]
    fn takes_a_place_here_with_all_that_is_known_of_it() {
        slots([]).when(MoveHere(moved_here(1, 9), intake())).then([moved_here(1, 9).into()]);
        slots([moved_here(1, 9).into()])
            .when(MoveHere(moved_here(1, 9), intake_at(at(15, 0))))
            .then_nothing();
        slots([moved_here(1, 9).into(), arrived(1).into()])
            .when(Withdraw(withdrawn(1)))
            .refused(&ArrivalSlotsRefusal::SlotArrived { slot: slot(1) });
    }

    #[test]
    fn is_refused_like_a_booking() {
        slots([booked(1, 9).into(), booked(2, 9).into()])
            .when(MoveHere(moved_here(3, 9), intake()))
            .refused(&ArrivalSlotsRefusal::HourFull { hour: NINE, free: hours(&[10, 11, 8]) });
        let early = intake_at(at(9, 0) - AHEAD_MAX - SignedDuration::from_secs(1));
        slots([])
            .when(MoveHere(moved_here(1, 9), early))
            .refused(&ArrivalSlotsRefusal::TooFarAhead);
        let freely = Intake { per_hour: None, ..intake() };
        let day = || (0..SLOTS_OF_DAY_MAX as u128).map(|number| booked(number, 9).into());
        slots(day())
            .when(MoveHere(moved_here(5_000, 9), freely.clone()))
            .refused(&ArrivalSlotsRefusal::TooManySlots);
        let back = day().chain([moved_away(7).into()]);
        slots(back).when(MoveHere(moved_here(7, 9), freely)).then([moved_here(7, 9).into()]);
    }

    #[test]
    fn of_what_is_here_already_conflicts() {
        slots([booked(1, 10).into()])
            .when(MoveHere(moved_here(1, 9), intake()))
            .refused(&ArrivalSlotsRefusal::SlotDiffers { slot: slot(1) });
        slots([booked(1, 9).into(), withdrawn(1).into()])
            .when(MoveHere(moved_here(1, 9), intake()))
            .refused(&ArrivalSlotsRefusal::SlotWithdrawn { slot: slot(1) });
    }

    #[test]
    fn frees_the_place_here_for_whoever_has_not_come() {
        let full = || [booked(1, 9).into(), booked(2, 9).into()];
        slots(full()).when(MoveAway(moved_away(1))).then([moved_away(1).into()]);
        let left = || full().into_iter().chain([moved_away(1).into()]);
        slots(left()).when(Book(booked(3, 9), intake())).then([booked(3, 9).into()]);
        slots(left()).when(MoveAway(moved_away(1))).then_nothing();
        slots(left())
            .when(Arrive(arrived(1)))
            .refused(&ArrivalSlotsRefusal::SlotWithdrawn { slot: slot(1) });
        slots([booked(1, 9).into(), missed(1).into()])
            .when(MoveAway(moved_away(1)))
            .then([moved_away(1).into()]);
        for stays in [ArrivalSlotsEvent::from(arrived(1)), withdrawn(1).into()] {
            slots([booked(1, 9).into(), stays]).when(MoveAway(moved_away(1))).then_nothing();
        }
        slots([])
            .when(MoveAway(moved_away(1)))
            .refused(&ArrivalSlotsRefusal::UnknownSlot { slot: slot(1) });
    }

    #[test]
    fn and_back_again_is_a_place_like_before() {
        slots([booked(1, 9).into(), moved_away(1).into()])
            .when(MoveHere(moved_here(1, 11), intake()))
            .then([moved_here(1, 11).into()]);
    }

    #[test]
    fn is_for_whoever_has_not_come() {
        let state = |events: &[ArrivalSlotsEvent]| {
            fold::<ArrivalSlots>(ArrivalSlotsState::default(), events)
        };
        let day = date(2022, 4, 9);
        let leaving = |last: ArrivalSlotsEvent| {
            state(&[booked(1, 9).into(), last]).leaving(slot(1), day, at(9, 0))
        };
        assert_eq!(leaving(missed(1).into()), Ok(moved_here(1, 9)));
        let (came, given_up) = (leaving(arrived(1).into()), leaving(withdrawn(1).into()));
        assert_eq!(came, Err(ArrivalSlotsRefusal::SlotArrived { slot: slot(1) }));
        assert_eq!(given_up, Err(ArrivalSlotsRefusal::SlotWithdrawn { slot: slot(1) }));
        let unknown = state(&[]).leaving(slot(1), day, at(9, 0));
        assert_eq!(unknown, Err(ArrivalSlotsRefusal::UnknownSlot { slot: slot(1) }));
        let left = state(&[booked(1, 9).into(), moved_away(1).into()]);
        assert!(left.has_left(slot(1), date(2022, 4, 11)));
        assert!(!left.has_left(slot(1), date(2022, 4, 12)));
    }
}

#[test]
fn withdrawing_gives_the_place_back() {
    let full = || [booked(1, 9).into(), booked(2, 9).into()];
    slots(full()).when(Withdraw(withdrawn(1))).then([withdrawn(1).into()]);
    let events = full().into_iter().chain([withdrawn(1).into()]);
    slots(events.clone()).when(Book(booked(3, 9), intake())).then([booked(3, 9).into()]);
    slots(events).when(Withdraw(withdrawn(1))).then_nothing();
    slots(full())
        .when(Withdraw(withdrawn(3)))
        .refused(&ArrivalSlotsRefusal::UnknownSlot { slot: slot(3) });
    slots([booked(1, 9).into(), arrived(1).into()])
        .when(Withdraw(withdrawn(1)))
        .refused(&ArrivalSlotsRefusal::SlotArrived { slot: slot(1) });
    slots([booked(1, 9).into(), missed(1).into()])
        .when(Withdraw(withdrawn(1)))
        .refused(&ArrivalSlotsRefusal::SlotMissed { slot: slot(1) });
}

#[test]
fn whoever_stands_at_the_gate_has_come() {
    let one = || [booked(1, 9).into()];
    slots(one()).when(Arrive(arrived(1))).then([arrived(1).into()]);
    slots([booked(1, 9).into(), arrived(1).into()]).when(Arrive(arrived(1))).then_nothing();
    slots([booked(1, 9).into(), missed(1).into()])
        .when(Arrive(arrived(1)))
        .then([arrived(1).into()]);
    slots([booked(1, 9).into(), withdrawn(1).into()])
        .when(Arrive(arrived(1)))
        .refused(&ArrivalSlotsRefusal::SlotWithdrawn { slot: slot(1) });
    slots(one())
        .when(Arrive(arrived(2)))
        .refused(&ArrivalSlotsRefusal::UnknownSlot { slot: slot(2) });
}

#[test]
fn nobody_is_missed_before_the_hour_is_over() {
    let one = || [booked(1, 9).into()];
    slots(one())
        .when(Miss(missed(1), at(9, 59)))
        .refused(&ArrivalSlotsRefusal::HourNotOver { slot: slot(1) });
    slots(one()).when(Miss(missed(1), at(10, 0))).then([missed(1).into()]);
    slots([booked(1, 9).into(), missed(1).into()]).when(Miss(missed(1), at(10, 0))).then_nothing();
    slots([booked(1, 9).into(), arrived(1).into()])
        .when(Miss(missed(1), at(10, 0)))
        .refused(&ArrivalSlotsRefusal::SlotArrived { slot: slot(1) });
    slots([booked(1, 9).into(), withdrawn(1).into()])
        .when(Miss(missed(1), at(10, 0)))
        .refused(&ArrivalSlotsRefusal::SlotWithdrawn { slot: slot(1) });
    slots([])
        .when(Miss(missed(1), at(10, 0)))
        .refused(&ArrivalSlotsRefusal::UnknownSlot { slot: slot(1) });
}

#[test]
fn a_mark_is_taken_back() {
    for mark in [ArrivalSlotsEvent::from(arrived(1)), missed(1).into()] {
        slots([booked(1, 9).into(), mark]).when(Reopen(reopened(1))).then([reopened(1).into()]);
    }
    slots([booked(1, 9).into()]).when(Reopen(reopened(1))).then_nothing();
    slots([booked(1, 9).into(), withdrawn(1).into()])
        .when(Reopen(reopened(1)))
        .refused(&ArrivalSlotsRefusal::SlotWithdrawn { slot: slot(1) });
    slots([])
        .when(Reopen(reopened(1)))
        .refused(&ArrivalSlotsRefusal::UnknownSlot { slot: slot(1) });
}

#[test]
fn a_refusal_names_hours_in_both_languages() {
    let refusal = ArrivalSlotsRefusal::HourFull { hour: NINE, free: hours(&[10, 11, 8]) };
    assert_eq!(
        refusal.to_string(),
        "the hour from 09:00 is full: these are free next: 10:00, 11:00, 08:00"
    );
    assert_eq!(refusal.chinese(), "09:00 起的一小时已约满：可改约 10:00, 11:00, 08:00");
}

#[test]
fn every_stored_shape_is_read_again() {
    let bare = ArrivalSlotBooked { pieces: None, category: None, ..booked(2, 9) };
    let mut events: Vec<ArrivalSlotsEvent> = vec![
        booked(1, 9).into(),
        bare.into(),
        moved(1, 10).into(),
        withdrawn(1).into(),
        arrived(1).into(),
        missed(1).into(),
        reopened(1).into(),
        moved_here(4, 9).into(),
        ArrivalSlotMovedHere { pieces: None, category: None, ..moved_here(5, 9) }.into(),
        moved_away(4).into(),
    ];
    for party in [ArrivalParty::Leader, ArrivalParty::Carrier, ArrivalParty::Relief] {
        events.push(ArrivalSlotBooked { party, ..booked(3, 9) }.into());
    }
    let seen: std::collections::BTreeSet<_> = events.iter().map(DomainEvent::event_type).collect();
    assert_eq!(seen, ArrivalSlotsEvent::TYPES.iter().copied().collect());
    for event in events {
        let value = event.encode(serde_json::value::Serializer).unwrap();
        assert!(!value.to_string().contains("null"), "{value}");
        assert_eq!(ArrivalSlotsEvent::decode(event.event_type(), value).unwrap(), event);
    }
}

mod properties {
    use proptest::prelude::*;

    use super::*;

    /// Any command on one of a few slots, at any time of the day.
    fn any_command() -> impl Strategy<Value = ArrivalSlotsCommand> {
        let number = 0..8_u128;
        let minute = 0..14_i64 * 60;
        (0..8, number, 6..14_i64, minute).prop_map(|(kind, number, hour, minute)| {
            let now = at(0, minute);
            match kind {
                0 => Book(booked(number, hour), intake_at(now)),
                1 => Move(moved(number, hour), intake_at(now)),
                2 => Withdraw(withdrawn(number)),
                3 => Arrive(arrived(number)),
                4 => Miss(missed(number), now),
                5 => MoveHere(moved_here(number, hour), intake_at(now)),
                6 => MoveAway(moved_away(number)),
                _ => Reopen(reopened(number)),
            }
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            failure_persistence: None,
            ..ProptestConfig::default()
        })]

        /// Whatever is asked in whatever order, no hour takes more than the cap, and whatever was
        /// done is done when it is asked again.
        #[test]
        fn no_hour_takes_more_than_its_cap(
            commands in proptest::collection::vec(any_command(), 0..60),
        ) {
            let mut state = ArrivalSlotsState::default();
            for command in commands {
                let Ok(events) = ArrivalSlots::decide(&state, command.clone()) else { continue };
                state = fold::<ArrivalSlots>(state, &events);
                prop_assert_eq!(ArrivalSlots::decide(&state, command), Ok(vec![]));
                for hour in &intake().hours {
                    prop_assert!(state.taken(hour) <= 2, "{:?}", hour);
                }
            }
        }
    }
}
