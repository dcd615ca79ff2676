//! What becomes of the pieces: delivering, failing, returning, reopening.

use super::*;

mod delivering {
    use super::*;

    fn deliver(parcel: ParcelId) -> RunCommand {
        RunCommand::RecordDelivered { parcel }
    }

    #[test]
    fn the_last_piece_ends_the_stop() {
        given::<Run>(departed()).when(deliver(RICE)).then([delivered(RICE)]);
        given::<Run>(then(departed(), [delivered(RICE)]))
            .when(deliver(SOUP))
            .then([delivered(SOUP), stop_done("301")]);
    }

    #[test]
    fn delivering_it_again_changes_nothing() {
        given::<Run>(closed()).when(deliver(RICE)).then_nothing();
    }

    #[test]
    fn a_scan_before_the_departure_was_told_is_recorded() {
        given::<Run>(loaded()).when(deliver(RICE)).then([delivered(RICE)]);
    }

    #[test]
    fn a_second_attempt_turns_the_stop_into_a_done_one() {
        let failed_once = then(departed(), [delivered(RICE), failed(SOUP), stop_failed("301")]);
        given::<Run>(failed_once).when(deliver(SOUP)).then([delivered(SOUP), stop_done("301")]);
    }

    #[test]
    fn a_piece_of_another_run_is_refused() {
        for history in [planned(), departed(), closed(), cancelled()] {
            given::<Run>(history)
                .when(deliver(BOOK))
                .refused(&RunRefusal::NotOnRun { parcel: BOOK });
        }
    }

    #[test]
    fn a_return_that_was_settled_as_a_delivery_becomes_one() {
        given::<Run>(closed()).when(deliver(SOUP)).then([delivered(SOUP), stop_done("301")]);
    }
}

mod failing {
    use super::*;

    #[test]
    fn the_courier_keeps_the_piece_and_the_stop_fails_with_its_last_one() {
        given::<Run>(departed()).when(fail(SOUP)).then([failed(SOUP)]);
        given::<Run>(then(departed(), [delivered(RICE)]))
            .when(fail(SOUP))
            .then([failed(SOUP), stop_failed("301")]);
        let state = fold::<Run>(RunState::default(), &then(departed(), [failed(SOUP)]));
        assert_eq!(state.counts().on_board, 2);
    }

    #[test]
    fn failing_again_for_the_same_reason_changes_nothing() {
        given::<Run>(then(departed(), [failed(SOUP)])).when(fail(SOUP)).then_nothing();
    }

    #[test]
    fn another_reason_is_another_attempt() {
        let (parcel, reason) = (SOUP, FailureReason::WrongDoor);
        given::<Run>(then(departed(), [failed(SOUP)]))
            .when(RunCommand::RecordFailed { parcel, reason })
            .then([RunPieceFailed { parcel, reason }.into()]);
    }

    #[test]
    fn a_piece_of_another_run_is_refused() {
        given::<Run>(departed()).when(fail(BOOK)).refused(&RunRefusal::NotOnRun { parcel: BOOK });
    }

    #[test]
    fn a_late_scan_lowers_no_status() {
        given::<Run>(one_back()).when(fail(RICE)).then_nothing();
        given::<Run>(one_back()).when(fail(SOUP)).then_nothing();
    }
}

mod returning {
    use super::*;

    fn bring_back(parcel: ParcelId) -> RunCommand {
        RunCommand::RecordReturned { parcel }
    }

    #[test]
    fn a_piece_comes_back() {
        let failed_once = then(departed(), [delivered(RICE), failed(SOUP), stop_failed("301")]);
        given::<Run>(failed_once).when(bring_back(SOUP)).then([returned(SOUP)]);
    }

    #[test]
    fn a_piece_that_was_never_attempted_fails_its_stop() {
        given::<Run>(then(departed(), [delivered(RICE)]))
            .when(bring_back(SOUP))
            .then([returned(SOUP), stop_failed("301")]);
    }

    #[test]
    fn before_the_departure_it_was_never_on_the_way() {
        given::<Run>(loaded())
            .when(bring_back(SOUP))
            .then([RunPieceUnloaded { parcel: SOUP }.into()]);
    }

    #[test]
    fn returning_it_again_changes_nothing() {
        given::<Run>(closed()).when(bring_back(SOUP)).then_nothing();
        given::<Run>(accepted()).when(bring_back(SOUP)).then_nothing();
    }

    #[test]
    fn a_piece_of_another_run_is_refused() {
        given::<Run>(departed())
            .when(bring_back(BOOK))
            .refused(&RunRefusal::NotOnRun { parcel: BOOK });
    }

    #[test]
    fn a_delivery_that_was_settled_as_a_return_becomes_one() {
        let both = then(departed(), [delivered(RICE), delivered(SOUP), stop_done("301")]);
        given::<Run>(both).when(bring_back(SOUP)).then([returned(SOUP), stop_failed("301")]);
    }
}

mod losing {
    use super::*;

    fn lose(parcel: ParcelId) -> RunCommand {
        RunCommand::RecordLost { parcel }
    }

    #[test]
    fn a_piece_is_lost_and_fails_its_stop() {
        given::<Run>(departed()).when(lose(SOUP)).then([lost(SOUP)]);
        given::<Run>(then(departed(), [delivered(RICE)]))
            .when(lose(SOUP))
            .then([lost(SOUP), stop_failed("301")]);
        let state = fold::<Run>(RunState::default(), &then(departed(), [lost(SOUP)]));
        assert_eq!((state.counts().on_board, state.counts().lost), (1, 1));
    }

    #[test]
    fn losing_it_again_changes_nothing() {
        given::<Run>(then(departed(), [lost(SOUP)])).when(lose(SOUP)).then_nothing();
        given::<Run>(accepted()).when(lose(SOUP)).then_nothing();
    }

    #[test]
    fn before_the_departure_it_was_never_on_the_way() {
        given::<Run>(loaded()).when(lose(SOUP)).then([RunPieceUnloaded { parcel: SOUP }.into()]);
    }

    #[test]
    fn what_was_delivered_or_is_back_is_not_lost_on_this_run() {
        given::<Run>(closed()).when(lose(RICE)).then_nothing();
        given::<Run>(closed()).when(lose(SOUP)).then_nothing();
    }

    #[test]
    fn a_piece_of_another_run_is_refused() {
        given::<Run>(departed()).when(lose(BOOK)).refused(&RunRefusal::NotOnRun { parcel: BOOK });
    }

    #[test]
    fn a_loss_that_was_settled_otherwise_becomes_a_delivery_or_a_return() {
        let history = || then(departed(), [delivered(RICE), lost(SOUP), stop_failed("301")]);
        given::<Run>(history())
            .when(RunCommand::RecordDelivered { parcel: SOUP })
            .then([delivered(SOUP), stop_done("301")]);
        given::<Run>(history())
            .when(RunCommand::RecordReturned { parcel: SOUP })
            .then([returned(SOUP)]);
    }
}

mod reopening {
    use super::*;

    fn reopen(parcel: ParcelId) -> RunCommand {
        RunCommand::RecordReopened { parcel }
    }

    #[test]
    fn the_courier_has_the_piece_again_and_a_closed_run_is_open_again() {
        given::<Run>(closed()).when(reopen(RICE)).then([RunPieceReopened { parcel: RICE }.into()]);
        let history = then(closed(), [RunPieceReopened { parcel: RICE }.into()]);
        let state = fold::<Run>(RunState::default(), &history);
        assert_eq!(state.phase, Phase::Departed);
        assert_eq!(state.on_board().collect::<Vec<_>>(), [RICE]);
        assert!(state.outcomes.is_empty());
        given::<Run>(history)
            .when(RunCommand::Close { counted_back: 1 })
            .refused(&RunRefusal::PiecesOutstanding { count: 1 });
    }

    #[test]
    fn a_lost_piece_that_turned_up_is_with_the_courier_again() {
        let history = then(departed(), [lost(SOUP)]);
        given::<Run>(history).when(reopen(SOUP)).then([RunPieceReopened { parcel: SOUP }.into()]);
    }

    #[test]
    fn reopening_what_is_not_delivered_changes_nothing() {
        given::<Run>(departed()).when(reopen(RICE)).then_nothing();
        given::<Run>(one_back()).when(reopen(SOUP)).then_nothing();
    }

    #[test]
    fn a_piece_of_another_run_is_refused() {
        given::<Run>(departed()).when(reopen(BOOK)).refused(&RunRefusal::NotOnRun { parcel: BOOK });
    }

    #[test]
    fn a_run_that_was_never_planned_conflicts() {
        given::<Run>([]).when(reopen(RICE)).refused(&RunRefusal::NotPlanned);
    }
}
