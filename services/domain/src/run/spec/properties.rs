//! What must hold of a run whatever was asked of it.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{
    ANNA, BEN, BOOK, RICE, SOUP, accepted, departed, grid, load_piece, loaded, parcel, plan,
    planned,
};
use crate::address::Door;
use crate::decider::{Decider, fold};
use crate::event::DomainEvent;
use crate::ids::ParcelId;
use crate::parcel::event::FailureReason;
use crate::run::event::RunCancelReason;
use crate::run::{
    Phase, PieceCounts, PieceStatus, Run, RunCommand, RunEvent, RunState, StopOutcome,
};
use crate::supply::Load;

/// What the rules say of a state, checked without the deciding code.
fn check(state: &RunState) {
    let limit = state.limit();
    assert!(state.loaded.fits(limit), "never over the limit");
    let sum = state.pieces.values().fold(Load::default(), |sum, piece| {
        assert_eq!(piece.load.pieces, 1);
        sum.plus(piece.load)
    });
    assert_eq!(state.loaded, sum, "the load is that of the pieces");

    let counts = state.counts();
    let PieceCounts { on_board, delivered, returned, lost, .. } = counts;
    let accounted = on_board + delivered + returned + lost;
    assert_eq!(counts.loaded, accounted, "every piece is in one place");
    assert_eq!(counts.loaded, state.loaded.pieces);
    assert_eq!(state.on_board().count(), counts.on_board as usize);

    match state.phase {
        Phase::Unknown | Phase::Planned | Phase::Offered | Phase::Cancelled => {
            assert_eq!(counts.loaded, 0, "nothing is on board without a courier");
        }
        Phase::Accepted => assert_eq!(returned + lost, 0),
        Phase::Departed => assert_eq!(state.counted_pieces, Some(counts.loaded)),
        Phase::Closed => {
            assert_eq!(counts.loaded, delivered + returned + lost, "nothing is left on board");
            assert_eq!(state.counted_pieces, Some(counts.loaded));
        }
    }
    let has_courier = matches!(state.phase, Phase::Accepted | Phase::Departed | Phase::Closed);
    if state.phase != Phase::Cancelled {
        assert_eq!(state.courier.is_some(), has_courier);
    }
    check_stops(state);
}

fn check_stops(state: &RunState) {
    let mut at_door: BTreeMap<&Door, Vec<PieceStatus>> = BTreeMap::new();
    for (id, piece) in &state.pieces {
        at_door.entry(&piece.door).or_default().push(piece.status);
        let listed: Vec<_> =
            (state.stops.iter()).filter(|stop| stop.parcels.contains(id)).collect();
        assert_eq!(listed.len(), 1, "a piece is at one stop");
        assert_eq!(listed[0].door, piece.door);
    }
    let ended = at_door.into_iter().filter_map(|(door, statuses)| {
        let open = statuses.contains(&PieceStatus::OnBoard);
        let all = statuses.iter().all(|status| *status == PieceStatus::Delivered);
        let outcome = if all { StopOutcome::Done } else { StopOutcome::Failed };
        (!open).then_some((door.clone(), outcome))
    });
    assert_eq!(state.outcomes, ended.collect(), "a stop ends with its pieces");
}

fn a_parcel() -> impl Strategy<Value = ParcelId> {
    prop_oneof![Just(RICE), Just(SOUP), Just(BOOK), Just(parcel(14)), Just(parcel(15))]
}

fn a_command() -> impl Strategy<Value = RunCommand> {
    let volunteer = prop_oneof![4 => Just(ANNA), 1 => Just(BEN)];
    let reason = prop_oneof![Just(FailureReason::NoAnswer), Just(FailureReason::WrongDoor),];
    let room = prop_oneof![Just("301"), Just("402"), Just("501")];
    prop_oneof![
        1 => Just(RunCommand::Plan(plan())),
        3 => (volunteer.clone(), any::<bool>()).prop_map(|(volunteer, available)| {
            RunCommand::Offer {
                volunteer,
                volunteer_grid: Some(grid("3")),
                protection: false,
                available,
                carry_limit: plan().limit, helper: None, reason: None }
        }),
        3 => volunteer.clone().prop_map(|volunteer| RunCommand::Accept { volunteer }),
        1 => volunteer.prop_map(|volunteer| RunCommand::HandBack { volunteer }),
        8 => (a_parcel(), 1..6_000_u32, room).prop_map(|(parcel, weight_grams, room)| {
            load_piece(parcel, weight_grams, room)
        }),
        2 => a_parcel().prop_map(|parcel| RunCommand::UnloadPiece { parcel }),
        3 => (0..4_u32).prop_map(|counted_pieces| RunCommand::Depart { counted_pieces }),
        4 => a_parcel().prop_map(|parcel| RunCommand::RecordDelivered { parcel }),
        3 => (a_parcel(), reason).prop_map(|(parcel, reason)| RunCommand::RecordFailed {
            parcel,
            reason,
        }),
        3 => a_parcel().prop_map(|parcel| RunCommand::RecordReturned { parcel }),
        2 => a_parcel().prop_map(|parcel| RunCommand::RecordLost { parcel }),
        1 => a_parcel().prop_map(|parcel| RunCommand::RecordReopened { parcel }),
        2 => (0..3_u32).prop_map(|counted_back| RunCommand::Close { counted_back }),
        1 => Just(RunCommand::Cancel { reason: RunCancelReason::NoCourier }),
    ]
}

fn stored_and_read_again(event: &RunEvent) -> RunEvent {
    let payload = event.encode(serde_json::value::Serializer).unwrap();
    RunEvent::decode(event.event_type(), payload).unwrap()
}

proptest! {
    #[test]
    fn the_rules_hold_and_nothing_happens_twice(
        from in prop_oneof![Just(planned()), Just(accepted()), Just(loaded()), Just(departed())],
        commands in proptest::collection::vec(a_command(), 1..60),
    ) {
        let mut state = fold::<Run>(RunState::default(), &from);
        for command in commands {
            let Ok(events) = Run::decide(&state, command.clone()) else {
                continue;
            };
            for event in &events {
                prop_assert_eq!(&stored_and_read_again(event), event);
            }
            state = fold::<Run>(state, &events);
            check(&state);
            prop_assert_eq!(Run::decide(&state, command), Ok(vec![]));
        }
    }
}
