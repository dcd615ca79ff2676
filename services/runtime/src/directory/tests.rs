//! What is known of pieces, and when it is forgotten.

use domain::parcel::event::{ParcelDisputeSettled, ParcelFound};
use uuid::Uuid;

use super::*;

const PIECE: ParcelId = ParcelId(Uuid::from_u128(1));
const OTHER: ParcelId = ParcelId(Uuid::from_u128(2));

/// Whether a piece whose way ended, and about which a dispute was settled then, is forgotten when
/// its time is over, and whether it counts as open until then.
fn settled_as(truth: End) -> (bool, bool) {
    let mut place = Place::default();
    for (piece, number) in [(PIECE, "SF11"), (OTHER, "SF22")] {
        let waybill = Waybill { carrier: "sf".parse().unwrap(), number: number.parse().unwrap() };
        place.put_parcel(piece, waybill, 1, None);
    }
    let at = Timestamp::UNIX_EPOCH;
    place.close(PIECE, at);
    let settled = ParcelDisputeSettled { recorded: truth, claims: vec![], truth, at };
    place.observe_parcel(PIECE, &settled.into(), at);
    let is_open = place.open_parcels().any(|(piece, _)| piece == PIECE);
    let later = at + CLOSED_KNOWN + CLOSED_KNOWN;
    place.observe_parcel(OTHER, &ParcelFound {}.into(), later);
    (is_open, place.known(PIECE).is_none())
}

#[test]
fn a_settled_dispute_opens_a_piece_again_only_where_its_way_has_not_ended() {
    for truth in [End::HandedOff, End::GivenBack, End::Disposed] {
        assert_eq!(settled_as(truth), (false, true), "{truth:?}");
    }
    for truth in [End::Returned, End::NotReceived] {
        assert_eq!(settled_as(truth), (true, false), "{truth:?}");
    }
}
