//! Who makes the trip: planning, offering, accepting, handing back.

use super::*;

mod planning {
    use super::*;

    #[test]
    fn a_run_is_planned() {
        given::<Run>([]).when(RunCommand::Plan(plan())).then(planned());
    }

    #[test]
    fn a_run_for_pieces_as_they_come_has_no_stops() {
        let plan = RunPlanned { stops: vec![], ..plan() };
        given::<Run>([]).when(RunCommand::Plan(plan.clone())).then([plan.into()]);
    }

    #[test]
    fn planning_it_again_changes_nothing() {
        given::<Run>(departed()).when(RunCommand::Plan(plan())).then_nothing();
    }

    #[test]
    fn an_impossible_plan_is_refused() {
        let with = |change: fn(&mut RunPlanned)| {
            let mut plan = plan();
            change(&mut plan);
            given::<Run>([]).when(RunCommand::Plan(plan))
        };
        with(|plan| plan.closes = plan.opens).refused(&RunRefusal::WindowTimes);
        with(|plan| plan.limit.pieces = 0).refused(&RunRefusal::LimitShape);
        with(|plan| plan.limit.pieces = PIECES_MAX + 1).refused(&RunRefusal::LimitShape);
        with(|plan| plan.limit.weight_grams = 0).refused(&RunRefusal::LimitShape);
        with(|plan| plan.stops.push(plan.stops[0].clone())).refused(&RunRefusal::StopsShape);
        with(|plan| plan.stops[0].parcels.push(RICE)).refused(&RunRefusal::StopsShape);
        with(|plan| plan.stops[0].parcels.clear()).refused(&RunRefusal::StopsShape);
        with(|plan| plan.stops[0].parcels.extend([BOOK, parcel(99)])).refused(&over_limit());
    }

    #[test]
    fn stops_are_bounded() {
        let stop = |number: usize| Stop {
            door: door(&number.to_string()),
            parcels: vec![parcel(number as u128)],
        };
        let plan = |stops: usize| RunPlanned {
            stops: (0..stops).map(stop).collect(),
            limit: Load { pieces: PIECES_MAX, ..plan().limit },
            ..plan()
        };
        given::<Run>([]).when(RunCommand::Plan(plan(STOPS_MAX))).then([plan(STOPS_MAX).into()]);
        given::<Run>([])
            .when(RunCommand::Plan(plan(STOPS_MAX + 1)))
            .refused(&RunRefusal::StopsShape);
    }

    #[test]
    fn another_plan_for_the_same_run_conflicts() {
        let other = RunPlanned { grid: grid("4"), ..plan() };
        given::<Run>(planned()).when(RunCommand::Plan(other)).refused(&RunRefusal::AlreadyPlanned);
    }

    #[test]
    fn nothing_can_be_asked_of_a_run_that_nobody_planned() {
        for command in every_command().into_iter().skip(1) {
            given::<Run>([]).when(command).refused(&RunRefusal::NotPlanned);
        }
    }
}

mod offering {
    use super::*;

    #[test]
    fn a_run_is_offered_and_later_to_somebody_else() {
        given::<Run>(planned()).when(offer(ANNA)).then([asked(ANNA)]);
        given::<Run>(offered()).when(offer(BEN)).then([asked(BEN)]);
    }

    #[test]
    fn offering_it_to_the_same_volunteer_changes_nothing_even_when_they_went_on_a_break() {
        let again = RunCommand::Offer {
            volunteer: ANNA,
            volunteer_grid: Some(grid("3")),
            protection: false,
            available: false,
            carry_limit: plan().limit,
            helper: None,
            reason: None,
        };
        given::<Run>(offered()).when(again.clone()).then_nothing();
        given::<Run>(accepted()).when(again).then_nothing();
    }

    #[test]
    fn nobody_crosses_grids() {
        for volunteer_grid in [Some(grid("4")), None] {
            let command = RunCommand::Offer {
                volunteer: ANNA,
                volunteer_grid,
                protection: true,
                available: true,
                carry_limit: plan().limit,
                helper: None,
                reason: None,
            };
            given::<Run>(planned())
                .when(command)
                .refused(&RunRefusal::OtherGrid { grid: grid("3") });
        }
    }

    #[test]
    fn a_volunteer_who_is_off_is_refused() {
        let command = RunCommand::Offer {
            volunteer: ANNA,
            volunteer_grid: Some(grid("3")),
            protection: true,
            available: false,
            carry_limit: plan().limit,
            helper: None,
            reason: None,
        };
        given::<Run>(planned()).when(command).refused(&RunRefusal::NotAvailable);
    }

    #[test]
    fn a_sealed_zone_needs_protection() {
        let plan = RunPlanned { needs_protection: true, ..plan() };
        let carry_limit = plan.limit;
        let with = |protection| RunCommand::Offer {
            volunteer: ANNA,
            volunteer_grid: Some(grid("3")),
            protection,
            available: true,
            carry_limit,
            helper: None,
            reason: None,
        };
        given::<Run>([plan.clone().into()])
            .when(with(false))
            .refused(&RunRefusal::ProtectionMissing);
        given::<Run>([plan.into()]).when(with(true)).then([asked(ANNA)]);
    }

    #[test]
    fn nobody_is_asked_to_carry_more_than_they_can() {
        let with = |carry_limit| RunCommand::Offer {
            volunteer: ANNA,
            volunteer_grid: Some(grid("3")),
            protection: false,
            available: true,
            carry_limit,
            helper: None,
            reason: None,
        };
        let limit = plan().limit;
        let (pieces, weight_grams) = (limit.pieces, limit.weight_grams);
        for (pieces, weight_grams) in [(pieces - 1, weight_grams), (pieces, weight_grams - 1)] {
            given::<Run>(planned())
                .when(with(Load { pieces, weight_grams, ..limit }))
                .refused(&RunRefusal::TooHeavy { pieces, weight_grams });
        }
        // Room is not what a person carries.
        given::<Run>(planned())
            .when(with(Load { volume_millilitres: 1, ..limit }))
            .then([asked(ANNA)]);
    }

    #[test]
    fn a_run_that_is_taken_conflicts() {
        let courier = ANNA;
        given::<Run>(accepted()).when(offer(BEN)).refused(&RunRefusal::AlreadyAccepted { courier });
        given::<Run>(departed()).when(offer(BEN)).refused(&RunRefusal::Departed);
        given::<Run>(closed()).when(offer(BEN)).refused(&RunRefusal::Closed);
        given::<Run>(cancelled()).when(offer(BEN)).refused(&RunRefusal::Cancelled);
    }
}

mod accepting {
    use super::*;

    #[test]
    fn who_was_asked_accepts() {
        given::<Run>(offered())
            .when(RunCommand::Accept { volunteer: ANNA })
            .then([RunAccepted { volunteer: ANNA }.into()]);
    }

    #[test]
    fn accepting_again_changes_nothing() {
        for history in [accepted(), departed(), closed()] {
            given::<Run>(history).when(RunCommand::Accept { volunteer: ANNA }).then_nothing();
        }
    }

    #[test]
    fn who_was_not_asked_is_refused() {
        for history in [planned(), offered()] {
            given::<Run>(history)
                .when(RunCommand::Accept { volunteer: BEN })
                .refused(&RunRefusal::NotOffered);
        }
        given::<Run>(cancelled())
            .when(RunCommand::Accept { volunteer: ANNA })
            .refused(&RunRefusal::Cancelled);
    }

    #[test]
    fn two_who_accept_conflict() {
        let courier = ANNA;
        given::<Run>(accepted())
            .when(RunCommand::Accept { volunteer: BEN })
            .refused(&RunRefusal::AlreadyAccepted { courier });
    }
}

mod handing_back {
    use super::*;

    #[test]
    fn an_accepted_or_offered_run_goes_back_to_the_pool() {
        for history in [offered(), accepted()] {
            given::<Run>(history)
                .when(RunCommand::HandBack { volunteer: ANNA })
                .then([RunHandedBack { volunteer: ANNA }.into()]);
        }
        let back = then(accepted(), [RunHandedBack { volunteer: ANNA }.into()]);
        given::<Run>(back).when(offer(BEN)).then([asked(BEN)]);
    }

    #[test]
    fn a_run_in_the_pool_stays_there() {
        given::<Run>(planned()).when(RunCommand::HandBack { volunteer: ANNA }).then_nothing();
    }

    #[test]
    fn a_loaded_run_is_refused() {
        given::<Run>(loaded())
            .when(RunCommand::HandBack { volunteer: ANNA })
            .refused(&RunRefusal::PiecesOnBoard { count: 2 });
        given::<Run>(departed())
            .when(RunCommand::HandBack { volunteer: ANNA })
            .refused(&RunRefusal::Departed);
    }

    #[test]
    fn the_run_of_somebody_else_conflicts() {
        for history in [offered(), accepted()] {
            given::<Run>(history)
                .when(RunCommand::HandBack { volunteer: BEN })
                .refused(&RunRefusal::NotYours);
        }
    }
}
