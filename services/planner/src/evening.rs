//! The evening: what is left, why, what becomes of it, and who answers for it.

use domain::ids::ActorId;
use domain::parcel::event::OvernightReason;
use domain::plan::event::{LeftPiece, Remains, SetAside, UnplannedReason};

use crate::situation::Situation;

/// What is left of a day, from the pieces that are at the gate and not planned.
///
/// Food never stays: it goes back to whoever brought it or is thrown away. Everything else stays
/// with the reason why it was not delivered, and whoever closes the day answers for it.
pub fn left(situation: &Situation<'_>, unplanned: &[SetAside], owner: &ActorId) -> Vec<LeftPiece> {
    let reason_of = |id| unplanned.iter().find(|piece| piece.parcel == id).map(|p| &p.reason);
    let here =
        situation.pieces.iter().filter(|piece| piece.held_up != Some(UnplannedReason::NotHere));
    here.filter_map(|piece| {
        let reason = reason_of(piece.id)?.clone();
        let remains = if piece.category.is_perishable() {
            Remains::Perishes
        } else {
            Remains::Stays(overnight(&reason))
        };
        Some(LeftPiece { parcel: piece.id, reason, remains, owner: owner.clone() })
    })
    .collect()
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
        | UnplannedReason::Disputed => OvernightReason::ToBeSettled,
        UnplannedReason::ZoneClosed { .. } | UnplannedReason::NoProtection => {
            OvernightReason::ZoneClosed
        }
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
