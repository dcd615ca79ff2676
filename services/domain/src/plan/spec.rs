use jiff::Timestamp;
use uuid::Uuid;

use super::event::{
    LeftPiece, PlanDayClosed, PlanEvent, PlanOfferDecided, PlanPiecesReleased, PlanPiecesSetAside,
    PlanRunEnded, PlanWaveProposed, ProposedRun, Remains, SetAside, UnplannedReason,
};
use super::{Plan, PlanCommand, PlanRefusal, PlanState, RunPhase, SET_ASIDE_MAX};
use crate::address::Door;
use crate::decider::fold;
use crate::event::DomainEvent;
use crate::ids::{ParcelId, RunId, VolunteerId};
use crate::parcel::event::{DeliveryLevel, OvernightReason};
use crate::run::event::{
    AssignmentCause, AssignmentReason, RunPlanned, RunWave, Stop, WaveTrigger,
};
use crate::spec::given;
use crate::supply::{Effort, Load};

const ANNA: VolunteerId = VolunteerId(Uuid::from_u128(1));
const RICE: ParcelId = ParcelId(Uuid::from_u128(11));
const SOUP: ParcelId = ParcelId(Uuid::from_u128(12));
const NOON: Timestamp = Timestamp::constant(1_668_916_800, 0);

fn run(number: u128) -> RunId {
    RunId(Uuid::from_u128(100 + number))
}

fn proposed(number: u128, wave: u32, parcels: &[ParcelId]) -> ProposedRun {
    let door = Door {
        building: "10".parse().unwrap(),
        unit: "2".parse().unwrap(),
        room: "301".parse().unwrap(),
    };
    let plan = RunPlanned {
        grid: "3".parse().unwrap(),
        day: "2022-11-20".parse().unwrap(),
        opens: "10:00:00".parse().unwrap(),
        closes: "12:00:00".parse().unwrap(),
        limit: Load { pieces: 20, weight_grams: 60_000, volume_millilitres: 400_000 },
        stops: vec![Stop { door, parcels: parcels.to_vec() }],
        needs_protection: false,
        needs_two: false,
        level: DeliveryLevel::Door,
        wave: Some(RunWave { number: wave, trigger: WaveTrigger::CartFull }),
    };
    ProposedRun { run: run(number), plan }
}

fn wave(number: u32, runs: Vec<ProposedRun>) -> PlanWaveProposed {
    PlanWaveProposed { wave: number, trigger: WaveTrigger::CartFull, runs }
}

fn first_wave() -> PlanWaveProposed {
    wave(1, vec![proposed(1, 1, &[RICE])])
}

fn offer() -> PlanOfferDecided {
    let reason = AssignmentReason {
        because: vec![AssignmentCause::ClimbedLeast],
        candidates: 3,
        trip: Effort { floors: 2, floor_kilograms: 6, walk_dm: 900 },
        before: Effort::default(),
        mean_before: Effort { floors: 1, floor_kilograms: 4, walk_dm: 300 },
    };
    PlanOfferDecided { run: run(1), volunteer: ANNA, helper: None, reason, at: NOON }
}

fn ended() -> PlanRunEnded {
    let effort = Effort { floors: 2, floor_kilograms: 6, walk_dm: 900 };
    PlanRunEnded { run: run(1), courier: Some(ANNA), helper: None, effort, at: NOON }
}

fn aside(reason: UnplannedReason) -> PlanPiecesSetAside {
    PlanPiecesSetAside { pieces: vec![SetAside { parcel: SOUP, reason }] }
}

fn close() -> PlanDayClosed {
    let remains = Remains::Stays(OvernightReason::NoCourier);
    let reason = UnplannedReason::NoCourier;
    let owner = "desk-1".parse().unwrap();
    PlanDayClosed { left: vec![LeftPiece { parcel: SOUP, reason, remains, owner }] }
}

fn after(events: impl IntoIterator<Item = PlanEvent>) -> PlanState {
    fold::<Plan>(PlanState::default(), &events.into_iter().collect::<Vec<_>>())
}

mod a_wave {
    use super::*;

    #[test]
    fn is_decided_on_once() {
        given::<Plan>([]).when(PlanCommand::Propose(first_wave())).then([first_wave().into()]);
        given::<Plan>([first_wave().into()])
            .when(PlanCommand::Propose(first_wave()))
            .then_nothing();
    }

    #[test]
    fn has_the_next_number_and_some_runs() {
        let next = PlanRefusal::WaveNumber { next: 1 };
        let second = wave(2, vec![proposed(1, 2, &[RICE])]);
        given::<Plan>([]).when(PlanCommand::Propose(second)).refused(&next);
        let empty = PlanCommand::Propose(wave(1, vec![]));
        given::<Plan>([]).when(empty).refused(&PlanRefusal::WaveShape);
        let twice = wave(1, vec![proposed(1, 1, &[RICE]), proposed(2, 1, &[RICE])]);
        given::<Plan>([]).when(PlanCommand::Propose(twice)).refused(&PlanRefusal::WaveShape);
    }

    #[test]
    fn takes_no_piece_that_is_on_another_run_until_that_run_is_over() {
        let again = || PlanCommand::Propose(wave(2, vec![proposed(2, 2, &[RICE])]));
        let taken = PlanRefusal::AlreadyPlanned { parcel: RICE };
        given::<Plan>([first_wave().into()]).when(again()).refused(&taken);
        given::<Plan>([first_wave().into(), ended().into()]).when(again()).then([wave(
            2,
            vec![proposed(2, 2, &[RICE])],
        )
        .into()]);
    }

    #[test]
    fn makes_its_pieces_planned() {
        let state = after([aside(UnplannedReason::NoCourier).into()]);
        assert_eq!(state.set_aside.get(&SOUP), Some(&UnplannedReason::NoCourier));
        let soup = wave(1, vec![proposed(1, 1, &[SOUP])]);
        let state = after([aside(UnplannedReason::NoCourier).into(), soup.into()]);
        assert!(state.set_aside.is_empty());
        assert_eq!(state.run_of(SOUP), Some(run(1)));
    }
}

mod a_run {
    use super::*;

    #[test]
    fn is_offered() {
        given::<Plan>([first_wave().into()])
            .when(PlanCommand::DecideOffer(offer()))
            .then([offer().into()]);
        given::<Plan>([])
            .when(PlanCommand::DecideOffer(offer()))
            .refused(&PlanRefusal::UnknownRun { run: run(1) });
        given::<Plan>([first_wave().into(), ended().into()])
            .when(PlanCommand::DecideOffer(offer()))
            .refused(&PlanRefusal::RunEnded { run: run(1) });
    }

    #[test]
    fn ends_once_and_its_effort_counts() {
        given::<Plan>([first_wave().into()])
            .when(PlanCommand::EndRun(ended()))
            .then([ended().into()]);
        given::<Plan>([])
            .when(PlanCommand::EndRun(ended()))
            .refused(&PlanRefusal::UnknownRun { run: run(1) });
        let state = after([first_wave().into(), offer().into(), ended().into()]);
        assert_eq!(state.efforts.get(&ANNA), Some(&ended().effort));
        assert_eq!(state.runs[&run(1)].phase, RunPhase::Ended);
        assert_eq!(state.back_at.get(&ANNA), Some(&NOON));
    }
}

#[test]
fn only_a_new_reason_is_worth_an_event() {
    let waits = UnplannedReason::WaitsForCart { ready: 3, needed: 20 };
    given::<Plan>([])
        .when(PlanCommand::SetAside(aside(waits.clone())))
        .then([aside(waits.clone()).into()]);
    given::<Plan>([aside(waits).into()])
        .when(PlanCommand::SetAside(aside(UnplannedReason::NoCourier)))
        .then([aside(UnplannedReason::NoCourier).into()]);
}

#[test]
fn one_event_sets_aside_so_many_and_no_more() {
    let piece = |number| SetAside {
        parcel: ParcelId(Uuid::from_u128(number)),
        reason: UnplannedReason::NotSorted,
    };
    let pieces: Vec<_> = (0..=SET_ASIDE_MAX as u128).map(piece).collect();
    let state = after([]);
    let fact = PlanPiecesSetAside { pieces };
    let events = <Plan as crate::Decider>::decide(&state, PlanCommand::SetAside(fact)).unwrap();
    assert!(matches!(&events[..], [PlanEvent::PiecesSetAside(event)]
        if event.pieces.len() == SET_ASIDE_MAX));
}

mod a_piece_that_does_not_go_with_its_run {
    use super::*;

    fn left_behind() -> PlanPiecesReleased {
        PlanPiecesReleased { run: run(1), pieces: vec![RICE] }
    }

    #[test]
    fn is_released_once() {
        given::<Plan>([first_wave().into()])
            .when(PlanCommand::Release(left_behind()))
            .then([left_behind().into()]);
        given::<Plan>([first_wave().into(), left_behind().into()])
            .when(PlanCommand::Release(left_behind()))
            .then_nothing();
        given::<Plan>([first_wave().into(), ended().into()])
            .when(PlanCommand::Release(left_behind()))
            .then_nothing();
        given::<Plan>([])
            .when(PlanCommand::Release(left_behind()))
            .refused(&PlanRefusal::UnknownRun { run: run(1) });
    }

    #[test]
    fn can_be_planned_for_another_while_its_run_is_still_out() {
        let second = wave(2, vec![proposed(2, 2, &[RICE])]);
        given::<Plan>([first_wave().into(), left_behind().into()])
            .when(PlanCommand::Propose(second.clone()))
            .then([second.into()]);
    }
}

#[test]
fn a_day_is_not_closed_over_food_or_while_a_run_is_out() {
    let perishes = LeftPiece { remains: Remains::Perishes, ..close().left[0].clone() };
    let food = PlanDayClosed { left: vec![perishes, close().left[0].clone()] };
    given::<Plan>([])
        .when(PlanCommand::CloseDay(food))
        .refused(&PlanRefusal::PerishablesLeft { count: 1 });
    given::<Plan>([first_wave().into()])
        .when(PlanCommand::CloseDay(close()))
        .refused(&PlanRefusal::RunsOpen { count: 1 });
    given::<Plan>([first_wave().into(), ended().into()])
        .when(PlanCommand::CloseDay(close()))
        .then([close().into()]);
}

#[test]
fn a_closed_day_takes_no_wave() {
    given::<Plan>([]).when(PlanCommand::CloseDay(close())).then([close().into()]);
    given::<Plan>([close().into()]).when(PlanCommand::CloseDay(close())).then_nothing();
    given::<Plan>([close().into()])
        .when(PlanCommand::Propose(first_wave()))
        .refused(&PlanRefusal::DayClosed);
}

#[test]
fn every_stored_shape_is_read_again() {
    let perishes = LeftPiece { remains: Remains::Perishes, ..close().left[0].clone() };
    let until = Some(NOON);
    let events: Vec<PlanEvent> = vec![
        first_wave().into(),
        offer().into(),
        PlanOfferDecided { helper: Some(ANNA), ..offer() }.into(),
        ended().into(),
        aside(UnplannedReason::ZoneClosed { zone: "north".parse().unwrap(), until }).into(),
        aside(UnplannedReason::ZoneCloses { zone: "north".parse().unwrap(), at: NOON }).into(),
        aside(UnplannedReason::WindowNotOpen { opens: "14:00:00".parse().unwrap() }).into(),
        aside(UnplannedReason::NoWay).into(),
        aside(UnplannedReason::NotWanted).into(),
        PlanPiecesReleased { run: run(1), pieces: vec![RICE] }.into(),
        close().into(),
        PlanDayClosed { left: vec![perishes] }.into(),
    ];
    for event in events {
        let value = event.encode(serde_json::value::Serializer).unwrap();
        assert!(!value.to_string().contains("null"), "{value}");
        assert_eq!(PlanEvent::decode(event.event_type(), value).unwrap(), event);
    }
}
