//! What a refusal tells whoever scanned: what is wrong, and after the colon what to do.

use std::collections::BTreeSet;

use super::sample::*;
use crate::Refuse;
use crate::parcel::ParcelRefusal;
use crate::parcel::event::End;

fn every_refusal() -> [ParcelRefusal; 29] {
    [
        ParcelRefusal::NotArrived,
        ParcelRefusal::ArrivalStands,
        ParcelRefusal::NotTheIntakePoint { intake_point: the("south") },
        ParcelRefusal::NumberReused,
        ParcelRefusal::OtherOrder { order: ORDER },
        ParcelRefusal::UnknownRecipient,
        ParcelRefusal::DisinfectionNotStarted,
        ParcelRefusal::StillDisinfecting { until: at("08:35") },
        ParcelRefusal::DisinfectionNotConfirmed,
        ParcelRefusal::NotSorted,
        ParcelRefusal::WrongGrid { belongs_to: the("3") },
        ParcelRefusal::WrongBuilding { belongs_to: the("10") },
        ParcelRefusal::WrongDoor { belongs_to: family().door },
        ParcelRefusal::WrongRun { loaded_on: FIRST_RUN },
        ParcelRefusal::BroughtBack,
        ParcelRefusal::ZoneClosed { zone: the("north") },
        ParcelRefusal::NotLoaded,
        ParcelRefusal::NotAtIntakePoint,
        ParcelRefusal::AlreadyHandedOff,
        ParcelRefusal::Closed,
        ParcelRefusal::Recalled,
        ParcelRefusal::NotRecalled { recall: recall() },
        ParcelRefusal::Unusable,
        ParcelRefusal::PerishableOvernight,
        ParcelRefusal::NotMissing,
        ParcelRefusal::NotDisputed,
        ParcelRefusal::NotASide { truth: End::Returned },
        ParcelRefusal::Disputed,
        ParcelRefusal::PieceOutOfRange,
    ]
}

#[test]
fn every_refusal_says_what_to_do_in_both_languages() {
    for refusal in every_refusal() {
        let (english, chinese) = (refusal.to_string(), refusal.chinese());
        assert!(english.contains(": "), "{english}");
        assert!(chinese.contains('：'), "{chinese}");
    }
}

#[test]
fn every_refusal_has_its_own_code() {
    let codes: BTreeSet<_> = every_refusal().iter().map(Refuse::code).collect();
    assert_eq!(codes.len(), every_refusal().len());
    let kebab = |code: &&str| code.chars().all(|c| c.is_ascii_lowercase() || c == '-');
    assert!(codes.iter().all(kebab), "{codes:?}");
}

#[test]
fn a_sentence_names_where_the_piece_belongs() {
    let refusal = ParcelRefusal::WrongDoor { belongs_to: family().door };
    assert_eq!(refusal.to_string(), "this piece belongs to door 10-2-301: take it there");
    assert_eq!(refusal.chinese(), "此件应送 10-2-301：请送到该户门口");
}
