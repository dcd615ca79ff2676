//! Events as they lie in the log: every one reads back, and none of them can stop the fold.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::sample::*;
use crate::DomainEvent;
use crate::decider::{Decider, fold};
use crate::parcel::event::{
    Claim, DeliveryLevel, DisposalReason, End, FailureReason, HoldReason, LateScan,
    OvernightReason, ParcelArrivalUndone, ParcelArrived, ParcelDamaged, ParcelDeliveryFailed,
    ParcelDisinfected, ParcelDisinfectionStarted, ParcelDisposed, ParcelDisputeSettled,
    ParcelDisputed, ParcelExpected, ParcelFound, ParcelHandedOff, ParcelHeld, ParcelKeptOvernight,
    ParcelLateScanNoted, ParcelLoaded, ParcelMissing, ParcelOrderMatched, ParcelPhotographed,
    ParcelRecallLifted, ParcelRecalled, ParcelRefused, ParcelReopened, ParcelUnloaded, PhotoHash,
    PhotoKind, Piece, Receiver, RefusalReason, ReopenReason,
};
use crate::parcel::{Parcel, ParcelCommand, ParcelEvent, ParcelState};
use crate::sealed::Sealed;
use crate::supply::{Category, Cold, SizeClass};

/// Every event, with every optional field present and absent and every choice taken once.
fn every_event() -> Vec<ParcelEvent> {
    let mut events = came();
    events.extend(went());
    events.extend(went_wrong());
    events
}

fn came() -> Vec<ParcelEvent> {
    let mut events: Vec<ParcelEvent> = vec![
        was_expected().into(),
        ParcelExpected { order: None, recipient: None, ..was_expected() }.into(),
        ParcelArrived { recipient: None, disinfection: None, ..arrived() }.into(),
        ParcelArrived {
            generation: 2,
            piece: Piece { number: 2, of: 3 },
            container: Some(the("table-1")),
            weight_grams: Some(4_200),
            order: Some(ORDER),
            recipient: Some(stranger()),
            phone_tail: Some(Sealed("bm9uY2U".into())),
            sender: Some(Sealed("c2VuZGVy".into())),
            on_behalf: true,
            ..arrived()
        }
        .into(),
        ParcelHeld { reason: HoldReason::UnknownRecipient }.into(),
        ParcelOrderMatched { order: ORDER }.into(),
        ParcelArrivalUndone {}.into(),
        identified(family()).into(),
        identified(stranger()).into(),
        disinfecting().into(),
        ParcelDisinfectionStarted { container: Some(the("cart-3")), ..disinfecting() }.into(),
        ParcelDisinfected {}.into(),
        sorted().into(),
    ];
    for category in Category::ALL {
        events.push(ParcelArrived { category, ..arrived() }.into());
    }
    for cold in [Cold::Ambient, Cold::Chilled, Cold::Frozen] {
        events.push(ParcelArrived { cold, ..arrived() }.into());
    }
    for size in
        [SizeClass::Hand, SizeClass::Bag, SizeClass::Box, SizeClass::Heavy, SizeClass::TwoPerson]
    {
        events.push(ParcelArrived { size, ..arrived() }.into());
    }
    events
}

fn went() -> Vec<ParcelEvent> {
    let mut events: Vec<ParcelEvent> = vec![picked_up().into()];
    for run in [FIRST_RUN, SECOND_RUN] {
        events.extend([
            ParcelLoaded { run }.into(),
            ParcelUnloaded { run }.into(),
            relayed(run).into(),
            handed_off(run).into(),
            returned(run).into(),
        ]);
    }
    for level in [DeliveryLevel::Door, DeliveryLevel::BuildingFoot, DeliveryLevel::Pickup] {
        events.push(ParcelHandedOff { level, ..handed_off(FIRST_RUN) }.into());
    }
    for received_by in
        [Receiver::LeftAtDoor, Receiver::Resident, Receiver::Neighbour, Receiver::Guard]
    {
        events.push(ParcelHandedOff { received_by, ..handed_off(FIRST_RUN) }.into());
    }
    for reason in [
        FailureReason::NoAnswer,
        FailureReason::WrongDoor,
        FailureReason::DamagedOrShort,
        FailureReason::Refused,
        FailureReason::ZoneClosed,
    ] {
        events.push(ParcelDeliveryFailed { run: FIRST_RUN, reason }.into());
    }
    events
}

fn went_wrong() -> Vec<ParcelEvent> {
    let mut events: Vec<ParcelEvent> = vec![
        ParcelDamaged { usable: true }.into(),
        ParcelDamaged { usable: false }.into(),
        ParcelMissing {}.into(),
        ParcelFound {}.into(),
        ParcelRecalled { recall: recall() }.into(),
        ParcelRecallLifted { recall: recall() }.into(),
        written_off(Some(FIRST_RUN)).into(),
        disputed(End::HandedOff, End::Returned).into(),
    ];
    for reason in [
        RefusalReason::NotOurs,
        RefusalReason::RecipientRefused,
        RefusalReason::Damaged,
        RefusalReason::Prohibited,
        RefusalReason::WouldSpoil,
    ] {
        events.push(ParcelRefused { reason, ..given_back() }.into());
    }
    for reason in [
        DisposalReason::Spoiled,
        DisposalReason::Damaged,
        DisposalReason::Recalled,
        DisposalReason::Unclaimed,
        DisposalReason::Lost,
    ] {
        events.push(ParcelDisposed { reason, ..thrown_away() }.into());
    }
    for reason in [
        OvernightReason::UnknownRecipient,
        OvernightReason::NobodyHome,
        OvernightReason::ZoneClosed,
        OvernightReason::ArrivedLate,
        OvernightReason::NoCourier,
        OvernightReason::ToBeSettled,
    ] {
        events.push(ParcelKeptOvernight { reason, ..kept(today()) }.into());
    }
    for reason in [
        ReopenReason::Mistake,
        ReopenReason::WrongDoor,
        ReopenReason::NotReceived,
        ReopenReason::BroughtAgain,
    ] {
        events.push(ParcelReopened { reason }.into());
    }
    for scan in [LateScan::Relayed, LateScan::Failed] {
        events.push(ParcelLateScanNoted { scan }.into());
    }
    for kind in [PhotoKind::Label, PhotoKind::Damage, PhotoKind::AtDoor] {
        events.push(photographed(kind).into());
    }
    let ends = [End::HandedOff, End::Returned, End::NotReceived, End::GivenBack, End::Disposed];
    for recorded in ends {
        for claimed in ends {
            let run = Some(FIRST_RUN);
            events.push(ParcelDisputed { recorded, claimed, run: None }.into());
            let claims = vec![Claim { end: claimed, run }, Claim { end: recorded, run: None }];
            let (truth, at) = (claimed, at("12:00"));
            events.push(ParcelDisputeSettled { recorded, claims, truth, at }.into());
        }
    }
    events
}

fn photographed(kind: PhotoKind) -> ParcelPhotographed {
    ParcelPhotographed { photo: PhotoHash::from_bytes([7; 32]), kind, size_bytes: 180_000 }
}

/// One command of each kind.
fn every_command() -> [ParcelCommand; 23] {
    [
        expect().into(),
        arrive().into(),
        identify(stranger()),
        start("08:05"),
        stop("08:35"),
        sort().into(),
        load(FIRST_RUN).into(),
        ParcelCommand::Unload { run: FIRST_RUN },
        relay(FIRST_RUN),
        hand_off(FIRST_RUN).into(),
        fail(FIRST_RUN, FailureReason::NoAnswer),
        bring_back(),
        give_back(),
        throw_away(),
        ParcelCommand::ReportDamage { usable: false },
        ParcelCommand::ReportMissing,
        ParcelCommand::ReportFound,
        call_back(recall()),
        lift(recall()),
        keep(today()),
        ParcelCommand::Reopen { reason: ReopenReason::Mistake },
        settle(End::Returned),
        ParcelCommand::Photograph(photographed(PhotoKind::Label)),
    ]
}

#[test]
fn every_event_reads_back_as_it_was_written() {
    for event in every_event() {
        let mut bytes = Vec::new();
        event.encode(&mut serde_json::Serializer::new(&mut bytes)).expect("it is written");
        let mut reader = serde_json::Deserializer::from_slice(&bytes);
        let read = ParcelEvent::decode(event.event_type(), &mut reader).expect("it is read");
        assert_eq!(read, event);
        let value = event.encode(serde_json::value::Serializer).expect("it is a value");
        assert!(value.is_object(), "{value}");
        assert!(!value.to_string().contains("null"), "{value}");
    }
}

#[test]
fn the_samples_hold_every_type() {
    let seen: BTreeSet<_> = every_event().iter().map(DomainEvent::event_type).collect();
    assert_eq!(seen, ParcelEvent::TYPES.iter().copied().collect());
}

#[test]
fn an_unknown_type_and_another_shape_are_errors() {
    let decode = |event_type, json| {
        ParcelEvent::decode(event_type, &mut serde_json::Deserializer::from_str(json))
    };
    assert!(decode("ParcelLoaded", r#"{"run":"x"}"#).is_err());
    assert!(decode("ParcelLoaded", "{}").is_err());
    assert!(decode("ParcelVanished", "{}").is_err());
    assert!(decode("CommunityRegistered", "{}").is_err());
    assert!(decode("ParcelFound", "{}").is_ok());
}

#[test]
fn every_type_has_one_schema() {
    let names: Vec<_> = ParcelEvent::schemas().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ParcelEvent::TYPES);
    let different: BTreeSet<_> = names.iter().collect();
    assert_eq!(different.len(), names.len());
}

/// A step forward on a normal way, so that arbitrary orders meet deep states too.
fn arbitrary_history() -> impl Strategy<Value = Vec<ParcelEvent>> {
    let way = on_run().0;
    let anything = proptest::collection::vec(select(every_event()), 0..40);
    let length = way.len();
    (subsequence(way, 0..=length), anything).prop_map(|(mut way, anything)| {
        way.extend(anything);
        way
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_order_of_events_stops_the_fold(history in arbitrary_history()) {
        let state = fold::<Parcel>(ParcelState::default(), &history);
        let handovers = usize::try_from(state.handovers).unwrap();
        prop_assert!(handovers <= history.len());
        let _ = state.load();
        for command in every_command() {
            let _ = Parcel::decide(&state, command);
        }
    }
}
