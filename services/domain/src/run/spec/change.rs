//! What changes on a run under way.

use super::*;
use crate::DomainEvent;
use crate::run::event::{RunBuildingResumed, RunSheetSeen};
use crate::run::{HopCount, StopChange, changes};

fn replan(rooms: &[&str]) -> RunCommand {
    RunCommand::Replan(replanned(rooms))
}

fn stops(rooms: &[&str]) -> Vec<Stop> {
    let one = |room: &&str| Stop { door: door(room), parcels: vec![parcel(room.len() as u128)] };
    rooms.iter().map(one).collect()
}

mod stops {
    use super::*;

    #[test]
    fn change_before_the_departure() {
        given::<Run>(accepted())
            .when(replan(&["301", "201"]))
            .then([replanned(&["301", "201"]).into()]);
        given::<Run>(accepted()).when(replan(&["301"])).then_nothing();
        given::<Run>([]).when(replan(&["301"])).refused(&RunRefusal::NotPlanned);
        given::<Run>(cancelled()).when(replan(&["301"])).refused(&RunRefusal::Cancelled);
    }

    #[test]
    fn keep_what_was_loaded_at_its_door() {
        let dropped = RunRefusal::ReplanDrops { parcel: RICE };
        given::<Run>(loaded()).when(replan(&["201"])).refused(&dropped);
    }

    #[test]
    fn take_nothing_new_after_the_departure() {
        let added = RunRefusal::ReplanAdds { parcel: BOOK };
        given::<Run>(departed()).when(replan(&["301", "201"])).refused(&added);
    }

    #[test]
    fn differ_by_as_little_as_can_be_said() {
        let told = |before: &[&str], after: &[&str]| -> Vec<(String, StopChange)> {
            let changed = changes(&stops(before), &stops(after)).into_iter();
            changed.map(|one| (one.door.room.to_string(), one.change)).collect()
        };
        let room = str::to_owned;
        assert_eq!(told(&["101", "201"], &["101", "201"]), vec![]);
        assert_eq!(
            told(&["101", "201", "301"], &["101", "301", "401"]),
            vec![(room("401"), StopChange::Added), (room("201"), StopChange::Removed)]
        );
        assert_eq!(
            told(&["101", "201", "301", "401"], &["401", "101", "201", "301"]),
            vec![(room("401"), StopChange::Moved)]
        );
    }
}

mod the_run_sheet {
    use super::*;

    fn changed() -> Vec<RunEvent> {
        then(accepted(), [replanned(&["301", "201"]).into()])
    }

    #[test]
    fn is_marked_until_it_is_seen() {
        let state = fold::<Run>(RunState::default(), &changed());
        assert_eq!((state.sheet, state.sheet_seen, state.unseen.len()), (2, 0, 1));
        let seen = RunCommand::SeeSheet { sheet: 2 };
        given::<Run>(changed()).when(seen.clone()).then([RunSheetSeen { sheet: 2 }.into()]);
        let state = fold::<Run>(state, &[RunSheetSeen { sheet: 2 }.into()]);
        assert!(state.unseen.is_empty());
    }

    #[test]
    fn of_an_old_edition_leaves_the_marks() {
        let events = then(changed(), [RunSheetSeen { sheet: 1 }.into()]);
        let state = fold::<Run>(RunState::default(), &events);
        assert_eq!(state.unseen.len(), 1);
        given::<Run>(events).when(RunCommand::SeeSheet { sheet: 1 }).then_nothing();
    }

    #[test]
    fn that_nobody_wrote_cannot_be_seen() {
        let unknown = RunRefusal::SheetUnknown { sheet: 3 };
        given::<Run>(changed()).when(RunCommand::SeeSheet { sheet: 3 }).refused(&unknown);
    }
}

mod a_building {
    use super::*;

    #[test]
    fn is_left_out_and_gone_to_again() {
        let resume = || RunCommand::ResumeBuilding { building: "10".parse().unwrap() };
        let resumed = RunBuildingResumed { building: "10".parse().unwrap() };
        given::<Run>(departed()).when(RunCommand::PauseBuilding(paused())).then([paused().into()]);
        given::<Run>(then(departed(), [paused().into()])).when(resume()).then([resumed.into()]);
        given::<Run>(departed()).when(resume()).then_nothing();
        given::<Run>(closed())
            .when(RunCommand::PauseBuilding(paused()))
            .refused(&RunRefusal::Closed);
    }
}

mod a_hop {
    use super::*;

    fn at_the_foot(counted_pieces: u32) -> RunHopCounted {
        RunHopCounted { hop: Hop::BuildingFoot("10".parse().unwrap()), counted_pieces }
    }

    #[test]
    fn is_counted_on_the_way() {
        let count = |pieces| RunCommand::CountHop(at_the_foot(pieces));
        given::<Run>(departed()).when(count(2)).then([at_the_foot(2).into()]);
        given::<Run>(then(departed(), [at_the_foot(1).into()]))
            .when(count(2))
            .then([at_the_foot(2).into()]);
        given::<Run>(accepted()).when(count(2)).refused(&RunRefusal::NotDeparted);
        given::<Run>(closed()).when(count(2)).refused(&RunRefusal::Closed);
    }

    #[test]
    fn with_too_few_pieces_is_the_gap() {
        let cart = RunHopCounted { hop: Hop::GridCart, counted_pieces: 2 };
        let state = then(departed(), [cart.into(), at_the_foot(1).into()]);
        let state = fold::<Run>(RunState::default(), &state);
        let gaps: Vec<_> = state.gaps().collect();
        let hop = at_the_foot(1).hop;
        assert_eq!(gaps, vec![(&hop, HopCount { expected: 2, counted: 1 })]);
    }
}

mod a_slip {
    use super::*;

    fn print(number: u128) -> RunCommand {
        RunCommand::PrintSlip(slip(number))
    }

    #[test]
    fn takes_the_place_of_the_one_before() {
        given::<Run>(accepted()).when(print(1)).then([slip(1).into()]);
        let printed = then(accepted(), [slip(1).into()]);
        given::<Run>(printed.clone()).when(print(1)).then_nothing();
        given::<Run>(printed.clone()).when(print(2)).then([slip(2).into()]);
        let state = fold::<Run>(RunState::default(), &then(printed, [slip(2).into()]));
        assert_eq!(state.slip, Some(slip(2).slip));
    }

    #[test]
    fn is_for_a_run_that_takes_place() {
        given::<Run>([]).when(print(1)).refused(&RunRefusal::NotPlanned);
        given::<Run>(closed()).when(print(1)).refused(&RunRefusal::Closed);
        given::<Run>(cancelled()).when(print(1)).refused(&RunRefusal::Cancelled);
    }

    #[test]
    fn opens_nothing_for_whoever_handed_the_run_back() {
        let back = RunHandedBack { volunteer: ANNA };
        let events = then(accepted(), [slip(1).into(), back.into()]);
        assert_eq!(fold::<Run>(RunState::default(), &events).slip, None);
    }
}

#[test]
fn every_new_shape_is_read_again() {
    let events: Vec<RunEvent> = vec![
        replanned(&["301"]).into(),
        RunSheetSeen { sheet: 1 }.into(),
        paused().into(),
        RunBuildingResumed { building: "10".parse().unwrap() }.into(),
        RunHopCounted { hop: Hop::GridCart, counted_pieces: 1 }.into(),
        slip(1).into(),
        RunHopCounted { hop: Hop::BuildingFoot("10".parse().unwrap()), counted_pieces: 1 }.into(),
    ];
    for event in events {
        let value = event.encode(serde_json::value::Serializer).unwrap();
        assert!(!value.to_string().contains("null"), "{value}");
        assert_eq!(RunEvent::decode(event.event_type(), value).unwrap(), event);
    }
}

#[test]
fn two_people_are_offered_a_run_that_needs_two() {
    let plan = RunPlanned { needs_two: true, ..plan() };
    let offer_to = |helper: Option<VolunteerId>| RunCommand::Offer {
        volunteer: ANNA,
        volunteer_grid: Some(grid("3")),
        protection: false,
        available: true,
        carry_limit: Load { pieces: 2, weight_grams: 6_000, volume_millilitres: 1 },
        helper: helper.map(|volunteer| crate::run::Helper {
            volunteer,
            grid: Some(grid("3")),
            protection: false,
            available: true,
            carry_limit: Load { pieces: 2, weight_grams: 6_000, volume_millilitres: 1 },
        }),
        reason: None,
    };
    let two = RunOffered { volunteer: ANNA, helper: Some(BEN), reason: None };
    given::<Run>([plan.clone().into()]).when(offer_to(Some(BEN))).then([two.into()]);
    given::<Run>([plan.clone().into()]).when(offer_to(None)).refused(&RunRefusal::NeedsTwo);
    given::<Run>([plan.into()]).when(offer_to(Some(ANNA))).refused(&RunRefusal::NeedsTwo);
}
