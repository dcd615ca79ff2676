//! Events as they lie in the log: every one reads back, and none of them can stop the fold.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::sample::select;

use super::sample::*;
use crate::DomainEvent;
use crate::Refuse;
use crate::address::Door;
use crate::community::event::{
    AliasTarget, BuildingDescribed, CommunityRegistered, GridColour, GridDrawn, Language,
    Restriction, WindowPolicySet,
};
use crate::community::{CommunityCommand, CommunityEvent, CommunityRefusal};
use crate::decider::Decider;
use crate::parcel::event::DeliveryLevel;
use crate::supply::Category;

/// Every event, with every optional field present and absent and every choice taken once.
fn every_event() -> Vec<CommunityEvent> {
    let door = Door { building: the("10"), unit: the("2"), room: the("301") };
    let mut events: Vec<CommunityEvent> = vec![
        fumin().into(),
        CommunityRegistered { language: Language::English, ..fumin() }.into(),
        south_gate().into(),
        intake_point("south").into(),
        building("10").into(),
        BuildingDescribed { position: None, ..building("11") }.into(),
        assigned("10", "3").into(),
        assigned("10", "4").into(),
        zone(&[]).into(),
        zone(&["10", "11"]).into(),
        windows(vec![]).into(),
        WindowPolicySet { immediate_up_to_pieces: Some(5), ..windows(vec![window(10, 12, 9)]) }
            .into(),
        disinfection(None).into(),
        disinfection(Some(chlorine())).into(),
        trip_limit(40, 80_000, 400_000).into(),
        alias(AliasTarget::Building(the("10"))).into(),
        alias(AliasTarget::Unit(the("10"), the("2"))).into(),
        alias(AliasTarget::Door(door)).into(),
        gate_placed("south").into(),
        entrance(None).into(),
        entrance(Some("2")).into(),
        paths().into(),
        blocked(None).into(),
        blocked(Some("10:00")).into(),
        cleared().into(),
        planning(20).into(),
        delivery(DeliveryLevel::BuildingFoot, None).into(),
        delivery(DeliveryLevel::Pickup, Some(15)).into(),
        arrivals(&[], None).into(),
        arrivals(&[(7, 12), (14, 0)], Some(6)).into(),
    ];
    for colour in [
        GridColour::Red,
        GridColour::Orange,
        GridColour::Yellow,
        GridColour::Green,
        GridColour::Teal,
        GridColour::Blue,
        GridColour::Purple,
        GridColour::Pink,
        GridColour::Brown,
        GridColour::Grey,
    ] {
        events.push(GridDrawn { colour, ..grid("3") }.into());
    }
    for restriction in [Restriction::Open, Restriction::Testing, Restriction::Sealed] {
        events.push(restricted(restriction, "08:00", None).into());
        events.push(restricted(restriction, "09:00", Some("10:00")).into());
    }
    events
}

/// The command that asks for what an event says.
fn asking_for(event: CommunityEvent) -> CommunityCommand {
    match event {
        CommunityEvent::Registered(fact) => CommunityCommand::Register(fact),
        CommunityEvent::GateOpened(fact) => CommunityCommand::OpenGate(fact),
        CommunityEvent::IntakePointSet(fact) => CommunityCommand::SetIntakePoint(fact),
        CommunityEvent::GridDrawn(fact) => CommunityCommand::DrawGrid(fact),
        CommunityEvent::BuildingDescribed(fact) => CommunityCommand::DescribeBuilding(fact),
        CommunityEvent::BuildingAssigned(fact) => CommunityCommand::AssignBuilding(fact),
        CommunityEvent::ZoneDrawn(fact) => CommunityCommand::DrawZone(fact),
        CommunityEvent::ZoneStateChanged(fact) => CommunityCommand::ChangeZoneState(fact),
        CommunityEvent::WindowPolicySet(fact) => CommunityCommand::SetWindowPolicy(fact),
        CommunityEvent::DisinfectionPolicySet(fact) => {
            CommunityCommand::SetDisinfectionPolicy(fact)
        }
        CommunityEvent::TripLimitSet(fact) => CommunityCommand::SetTripLimit(fact),
        CommunityEvent::AliasAdded(fact) => CommunityCommand::AddAlias(fact),
        CommunityEvent::GatePlaced(fact) => CommunityCommand::PlaceGate(fact),
        CommunityEvent::EntrancePlaced(fact) => CommunityCommand::PlaceEntrance(fact),
        CommunityEvent::PathsDrawn(fact) => CommunityCommand::DrawPaths(fact),
        CommunityEvent::PathBlocked(fact) => CommunityCommand::BlockPath(fact),
        CommunityEvent::PathCleared(fact) => CommunityCommand::ClearPath(fact),
        CommunityEvent::PlanningPolicySet(fact) => CommunityCommand::SetPlanningPolicy(fact),
        CommunityEvent::DeliveryPolicySet(fact) => CommunityCommand::SetDeliveryPolicy(fact),
        CommunityEvent::ArrivalPolicySet(fact) => CommunityCommand::SetArrivalPolicy(fact),
    }
}

#[test]
fn every_event_reads_back_as_it_was_written() {
    for event in every_event() {
        let mut bytes = Vec::new();
        event.encode(&mut serde_json::Serializer::new(&mut bytes)).expect("it is written");
        let mut reader = serde_json::Deserializer::from_slice(&bytes);
        let read = CommunityEvent::decode(event.event_type(), &mut reader).expect("it is read");
        assert_eq!(read, event);
        let value = event.encode(serde_json::value::Serializer).expect("it is a value");
        assert!(value.is_object() && !value.to_string().contains("null"), "{value}");
    }
}

#[test]
fn the_samples_hold_every_type() {
    let seen: BTreeSet<_> = every_event().iter().map(DomainEvent::event_type).collect();
    assert_eq!(seen, CommunityEvent::TYPES.iter().copied().collect());
}

#[test]
fn every_type_has_one_schema() {
    let names: Vec<_> = CommunityEvent::schemas().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, CommunityEvent::TYPES);
    let different: BTreeSet<_> = names.iter().collect();
    assert_eq!(different.len(), names.len());
}

#[test]
fn a_refusal_speaks_both_languages() {
    let category = Category::ParcelGoods;
    let refusal = CommunityRefusal::WindowTimes { category };
    assert_eq!(refusal.code(), "window-times");
    assert!(refusal.to_string().starts_with("the windows of parcel_goods must close"));
    assert!(!refusal.chinese().contains("parcel_goods"), "{}", refusal.chinese());
    let gate = CommunityRefusal::UnknownGate { gate: the("南门") };
    assert_eq!(gate.chinese(), "没有大门 南门：请先添加");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Any order of events folds, and what a command caused holds afterwards.
    #[test]
    fn any_order_folds_and_an_accepted_fact_holds(
        history in proptest::collection::vec(select(every_event()), 0..40),
        fact in select(every_event()),
    ) {
        let mut state = History(history).state();
        let command = asking_for(fact.clone());
        if let Ok(events) = crate::community::Community::decide(&state, command.clone()) {
            prop_assert!(events.is_empty() || events == [fact]);
            for event in &events {
                state = crate::community::Community::evolve(state, event);
            }
            prop_assert_eq!(crate::community::Community::decide(&state, command), Ok(vec![]));
        }
    }
}
