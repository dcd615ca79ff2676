//! How it ends: closing, cancelling.

use super::*;

mod closing {
    use super::*;

    fn close(counted_back: u32) -> RunCommand {
        RunCommand::Close { counted_back }
    }

    #[test]
    fn a_run_closes_when_every_piece_is_accounted_for() {
        given::<Run>(one_back()).when(close(1)).then([RunClosed { counted_back: 1 }.into()]);
    }

    #[test]
    fn a_run_closes_with_a_lost_piece() {
        let history = then(departed(), [delivered(RICE), lost(SOUP), stop_failed("301")]);
        given::<Run>(history).when(close(0)).then([RunClosed { counted_back: 0 }.into()]);
    }

    #[test]
    fn closing_again_changes_nothing() {
        given::<Run>(closed()).when(close(1)).then_nothing();
    }

    #[test]
    fn a_piece_on_board_or_a_count_that_differs_is_refused() {
        given::<Run>(then(departed(), [failed(SOUP)]))
            .when(close(0))
            .refused(&RunRefusal::PiecesOutstanding { count: 2 });
        for counted in [0, 2] {
            let returned = 1;
            given::<Run>(one_back())
                .when(close(counted))
                .refused(&RunRefusal::BackCountDiffers { returned, counted });
        }
        for history in [planned(), offered(), loaded()] {
            given::<Run>(history).when(close(0)).refused(&RunRefusal::NotDeparted);
        }
    }

    #[test]
    fn another_count_after_the_close_conflicts() {
        given::<Run>(closed()).when(close(2)).refused(&RunRefusal::Closed);
        given::<Run>(cancelled()).when(close(0)).refused(&RunRefusal::Cancelled);
    }
}

mod cancelling {
    use super::*;

    fn cancel() -> RunCommand {
        let reason = RunCancelReason::Replanned;
        RunCommand::Cancel { reason }
    }

    #[test]
    fn a_run_with_nothing_on_board_is_called_off() {
        let reason = RunCancelReason::Replanned;
        for history in [planned(), offered(), accepted()] {
            given::<Run>(history).when(cancel()).then([RunCancelled { reason }.into()]);
        }
    }

    #[test]
    fn calling_it_off_again_changes_nothing_whatever_the_reason() {
        given::<Run>(cancelled()).when(cancel()).then_nothing();
    }

    #[test]
    fn a_loaded_run_is_refused() {
        given::<Run>(loaded()).when(cancel()).refused(&RunRefusal::PiecesOnBoard { count: 2 });
    }

    #[test]
    fn a_run_that_left_conflicts() {
        given::<Run>(departed()).when(cancel()).refused(&RunRefusal::Departed);
        given::<Run>(closed()).when(cancel()).refused(&RunRefusal::Closed);
    }
}
