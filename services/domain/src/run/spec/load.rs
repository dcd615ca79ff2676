//! What goes with it: loading, unloading, departing.

use super::*;

mod loading {
    use super::*;

    #[test]
    fn a_piece_is_loaded() {
        given::<Run>(accepted()).when(load_piece(RICE, 3_000, "301")).then([put_on(RICE, "301")]);
    }

    #[test]
    fn a_piece_nobody_planned_becomes_the_last_stop() {
        let history = then(accepted(), [put_on(BOOK, "402")]);
        let state = fold::<Run>(RunState::default(), &history);
        let doors: Vec<_> = state.stops.iter().map(|stop| &stop.door).collect();
        assert_eq!(doors, [&door("301"), &door("402")]);
    }

    #[test]
    fn a_piece_whose_door_was_corrected_goes_to_the_new_one_only() {
        let history = then(accepted(), [put_on(RICE, "402")]);
        let state = fold::<Run>(RunState::default(), &history);
        assert_eq!(state.stops[0].parcels, [SOUP]);
        assert_eq!(state.stops[1].parcels, [RICE]);
    }

    #[test]
    fn loading_it_again_changes_nothing() {
        for history in [loaded(), departed()] {
            given::<Run>(history).when(load_piece(RICE, 3_000, "301")).then_nothing();
        }
    }

    #[test]
    fn nothing_is_loaded_without_a_courier() {
        for history in [planned(), offered()] {
            given::<Run>(history)
                .when(load_piece(RICE, 3_000, "301"))
                .refused(&RunRefusal::NotAccepted);
        }
    }

    #[test]
    fn a_load_never_exceeds_what_was_declared() {
        given::<Run>(loaded()).when(load_piece(BOOK, 4_000, "301")).then([RunPieceLoaded {
            parcel: BOOK,
            load: load(4_000),
            door: door("301"),
        }
        .into()]);
        given::<Run>(loaded()).when(load_piece(BOOK, 4_001, "301")).refused(&over_limit());
        given::<Run>(then(loaded(), [put_on(BOOK, "301")]))
            .when(load_piece(parcel(99), 1, "301"))
            .refused(&over_limit());
        given::<Run>(loaded()).when(load_piece(BOOK, u32::MAX, "301")).refused(&over_limit());
    }

    #[test]
    fn pieces_are_counted_one_by_one() {
        for pieces in [0, 2] {
            let load = Load { pieces, ..load(1) };
            let (parcel, door) = (BOOK, door("301"));
            let command = RunCommand::LoadPiece { parcel, load, door, planned_for: None };
            given::<Run>(accepted()).when(command).refused(&RunRefusal::NotOnePiece);
        }
    }

    #[test]
    fn a_piece_of_another_run_is_not_taken_and_a_listed_one_is() {
        let other = crate::ids::RunId(Uuid::from_u128(77));
        let put = |parcel| RunCommand::LoadPiece {
            parcel,
            load: load(1),
            door: door("301"),
            planned_for: Some(other),
        };
        given::<Run>(accepted())
            .when(put(BOOK))
            .refused(&RunRefusal::PlannedForAnother { run: other });
        let loaded = RunPieceLoaded { parcel: RICE, load: load(1), door: door("301") };
        given::<Run>(accepted()).when(put(RICE)).then([loaded.into()]);
    }

    #[test]
    fn a_run_that_left_conflicts() {
        given::<Run>(departed()).when(load_piece(BOOK, 1, "301")).refused(&RunRefusal::Departed);
        given::<Run>(one_back()).when(load_piece(SOUP, 1, "301")).refused(&RunRefusal::Departed);
        given::<Run>(closed()).when(load_piece(SOUP, 1, "301")).refused(&RunRefusal::Closed);
        given::<Run>(cancelled()).when(load_piece(RICE, 1, "301")).refused(&RunRefusal::Cancelled);
    }
}

mod unloading {
    use super::*;

    #[test]
    fn a_piece_is_put_back_and_may_be_loaded_again() {
        let history = then(loaded(), [RunPieceUnloaded { parcel: SOUP }.into()]);
        given::<Run>(loaded())
            .when(RunCommand::UnloadPiece { parcel: SOUP })
            .then([RunPieceUnloaded { parcel: SOUP }.into()]);
        given::<Run>(history).when(load_piece(SOUP, 3_000, "301")).then([put_on(SOUP, "301")]);
    }

    #[test]
    fn a_planned_piece_stays_in_the_plan_and_an_unplanned_one_leaves_it() {
        let unloaded = [
            put_on(BOOK, "402"),
            RunPieceUnloaded { parcel: BOOK }.into(),
            RunPieceUnloaded { parcel: RICE }.into(),
        ];
        let state = fold::<Run>(RunState::default(), &then(loaded(), unloaded));
        assert_eq!(state.stops, plan().stops);
        assert_eq!(state.loaded, load(3_000));
    }

    #[test]
    fn the_last_open_piece_of_a_stop_ends_it_by_leaving() {
        given::<Run>(then(loaded(), [delivered(RICE)]))
            .when(RunCommand::UnloadPiece { parcel: SOUP })
            .then([RunPieceUnloaded { parcel: SOUP }.into(), stop_done("301")]);
    }

    #[test]
    fn a_piece_that_is_not_on_board_stays_off() {
        for history in [planned(), accepted(), departed(), cancelled()] {
            given::<Run>(history).when(RunCommand::UnloadPiece { parcel: BOOK }).then_nothing();
        }
    }

    #[test]
    fn a_delivered_piece_is_refused() {
        given::<Run>(then(loaded(), [delivered(RICE)]))
            .when(RunCommand::UnloadPiece { parcel: RICE })
            .refused(&RunRefusal::PieceGone);
    }

    #[test]
    fn a_run_that_left_conflicts() {
        given::<Run>(departed())
            .when(RunCommand::UnloadPiece { parcel: RICE })
            .refused(&RunRefusal::Departed);
        given::<Run>(closed())
            .when(RunCommand::UnloadPiece { parcel: RICE })
            .refused(&RunRefusal::Closed);
    }
}

mod departing {
    use super::*;

    fn depart(counted_pieces: u32) -> RunCommand {
        RunCommand::Depart { counted_pieces }
    }

    #[test]
    fn the_courier_counts_and_leaves() {
        given::<Run>(loaded()).when(depart(2)).then([RunDeparted { counted_pieces: 2 }.into()]);
    }

    #[test]
    fn departing_again_changes_nothing() {
        for history in [departed(), closed()] {
            given::<Run>(history).when(depart(2)).then_nothing();
        }
    }

    #[test]
    fn a_count_that_differs_is_refused() {
        for counted in [1, 3] {
            let loaded_pieces = 2;
            given::<Run>(loaded())
                .when(depart(counted))
                .refused(&RunRefusal::CountDiffers { loaded: loaded_pieces, counted });
        }
        given::<Run>(accepted()).when(depart(0)).refused(&RunRefusal::NothingLoaded);
        given::<Run>(offered()).when(depart(1)).refused(&RunRefusal::NotAccepted);
    }

    #[test]
    fn another_count_after_the_departure_conflicts() {
        given::<Run>(departed()).when(depart(3)).refused(&RunRefusal::Departed);
        given::<Run>(closed()).when(depart(3)).refused(&RunRefusal::Closed);
        given::<Run>(cancelled()).when(depart(1)).refused(&RunRefusal::Cancelled);
    }

    #[test]
    fn a_piece_that_was_delivered_before_the_departure_was_told_counts() {
        given::<Run>(then(loaded(), [delivered(RICE)]))
            .when(depart(2))
            .then([RunDeparted { counted_pieces: 2 }.into()]);
    }
}
