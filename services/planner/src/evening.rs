//! The evening: what is left, why, what becomes of it, and who answers for it.

use std::collections::BTreeMap;

use domain::ids::{ActorId, ParcelId};
use domain::parcel::event::OvernightReason;
use domain::plan::event::{LeftPiece, Remains, SetAside, UnplannedReason};

use crate::situation::PieceAtGate;

/// What is left of a day, from the pieces that are at the gate.
///
/// Food never stays: it goes back to whoever brought it or is thrown away. Everything else stays
/// with the reason why it was not delivered, and whoever closes the day answers for it. A piece
/// that could still go has no other reason than that the day is closed.
pub fn left<'a>(
    pieces: impl IntoIterator<Item = &'a PieceAtGate>,
    unplanned: &[SetAside],
    owner: &ActorId,
) -> Vec<LeftPiece> {
    let reasons: BTreeMap<ParcelId, &UnplannedReason> =
        unplanned.iter().map(|piece| (piece.parcel, &piece.reason)).collect();
    let here = pieces.into_iter().filter(|piece| waits_here(piece));
    let mut left: Vec<_> = here
        .map(|piece| {
            let reason = reasons
                .get(&piece.id)
                .map_or(UnplannedReason::DayClosed, |reason| (*reason).clone());
            let remains = if piece.category.is_perishable() {
                Remains::Perishes
            } else {
                Remains::Stays(overnight(&reason))
            };
            LeftPiece { parcel: piece.id, reason, remains, owner: owner.clone() }
        })
        .collect();
    left.sort_by_key(|piece| piece.parcel);
    left
}

fn waits_here(piece: &PieceAtGate) -> bool {
    piece.held_up != Some(UnplannedReason::NotHere)
}

/// The reason that stands in the piece's own history for the night.
pub fn overnight(reason: &UnplannedReason) -> OvernightReason {
    match reason {
        UnplannedReason::RecipientUnknown | UnplannedReason::NoGrid => {
            OvernightReason::UnknownRecipient
        }
        UnplannedReason::Recalled
        | UnplannedReason::Missing
        | UnplannedReason::Damaged
        | UnplannedReason::Disputed
        | UnplannedReason::NotWanted => OvernightReason::ToBeSettled,
        UnplannedReason::ZoneClosed { .. }
        | UnplannedReason::ZoneCloses { .. }
        | UnplannedReason::NoProtection
        | UnplannedReason::NoWay => OvernightReason::ZoneClosed,
        UnplannedReason::TriedToday { .. } | UnplannedReason::ToBeFetched { .. } => {
            OvernightReason::NobodyHome
        }
        UnplannedReason::NotHere
        | UnplannedReason::NotDisinfected
        | UnplannedReason::NotSorted
        | UnplannedReason::WindowNotOpen { .. }
        | UnplannedReason::NoWindowLeft
        | UnplannedReason::WaitsForCart { .. }
        | UnplannedReason::DayClosed => OvernightReason::ArrivedLate,
        UnplannedReason::OverTripLimit
        | UnplannedReason::NoCourier
        | UnplannedReason::NobodyCarriesIt
        | UnplannedReason::NoSecondPerson => OvernightReason::NoCourier,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::supply::{Category, Load, SizeClass};
    use jiff::Timestamp;
    use uuid::Uuid;

    fn piece(number: u128, category: Category, held_up: Option<UnplannedReason>) -> PieceAtGate {
        PieceAtGate {
            id: ParcelId(Uuid::from_u128(number)),
            recipient: None,
            category,
            size: SizeClass::Bag,
            load: Load { pieces: 1, weight_grams: 1_000, volume_millilitres: 5_000 },
            held_up,
            arrived_at: Timestamp::UNIX_EPOCH,
            ready_at: Timestamp::UNIX_EPOCH,
            attempts: 0,
            to_the_door: false,
            urgent: false,
        }
    }

    #[track_caller]
    fn check(piece: &PieceAtGate, reason: Option<UnplannedReason>, expected: Option<Remains>) {
        let owner: ActorId = "desk-1".parse().unwrap();
        let unplanned: Vec<_> =
            reason.map(|reason| SetAside { parcel: piece.id, reason }).into_iter().collect();
        let left = left([piece], &unplanned, &owner);
        assert_eq!(left.iter().map(|piece| piece.remains).next(), expected);
        assert!(left.iter().all(|piece| piece.owner == owner), "somebody answers for it");
    }

    #[test]
    fn goods_stay_with_their_reason() {
        let goods = piece(1, Category::ParcelGoods, None);
        let stays = |reason| Some(Remains::Stays(reason));
        check(&goods, Some(UnplannedReason::NoCourier), stays(OvernightReason::NoCourier));
        let tried = UnplannedReason::TriedToday { attempts: 2 };
        check(&goods, Some(tried), stays(OvernightReason::NobodyHome));
        check(&goods, None, stays(OvernightReason::ArrivedLate));
    }

    #[test]
    fn food_never_stays_whatever_kept_it() {
        for category in [Category::Meal, Category::Produce] {
            let food = piece(1, category, None);
            check(&food, Some(UnplannedReason::NoCourier), Some(Remains::Perishes));
            check(&food, None, Some(Remains::Perishes));
        }
    }

    #[test]
    fn what_has_not_come_is_not_left() {
        check(&piece(1, Category::Meal, Some(UnplannedReason::NotHere)), None, None);
    }
}
