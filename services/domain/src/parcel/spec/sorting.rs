//! Onto the shelf of its building.

use super::sample::*;
use crate::parcel::ParcelRefusal;
use crate::parcel::command::Sort;
use crate::parcel::event::{
    ParcelDamaged, ParcelFound, ParcelMissing, ParcelRecalled, ParcelSorted,
};

#[test]
fn a_clean_piece_goes_onto_its_shelf() {
    clean().when(sort()).then([sorted().into()]);
    let placed_in = Some(the("3"));
    clean().when(Sort { placed_in, ..sort() }).then([sorted().into()]);
}

#[test]
fn the_same_shelf_again_causes_nothing() {
    on_shelf().when(sort()).then_nothing();
}

#[test]
fn a_late_sorting_scan_does_not_take_a_piece_off_its_way() {
    for history in [on_run(), at_foot(), failed_at_door(), at_home()] {
        history.when(sort()).then_nothing();
    }
}

#[test]
fn a_piece_moves_to_another_shelf() {
    let other = Sort { shelf: the("3-10b"), ..sort() };
    let moved = ParcelSorted { shelf: the("3-10b"), ..sorted() };
    on_shelf().when(other).then([moved.into()]);
}

#[test]
fn a_piece_follows_its_building_into_another_grid() {
    let redrawn = Sort { grid: other_grid(), ..sort() };
    let moved = ParcelSorted { grid: other_grid(), ..sorted() };
    on_shelf().when(redrawn).then([moved.into()]);
}

#[test]
fn nothing_is_sorted_before_it_is_clean() {
    for history in [unheard_of(), announced()] {
        history.when(sort()).refused(&ParcelRefusal::NotArrived);
    }
    at_gate().when(sort()).refused(&ParcelRefusal::DisinfectionNotStarted);
    on_table().when(sort()).refused(&ParcelRefusal::DisinfectionNotConfirmed);
    for history in [with_carrier(), in_bin()] {
        history.when(sort()).refused(&ParcelRefusal::Closed);
    }
}

#[test]
fn a_held_piece_has_no_shelf() {
    held_and_clean().when(sort()).refused(&ParcelRefusal::UnknownRecipient);
}

#[test]
fn a_piece_in_the_wrong_place_is_told_its_grid() {
    let placed_in = Some(other_grid());
    let belongs_to = the("3");
    clean().when(Sort { placed_in, ..sort() }).refused(&ParcelRefusal::WrongGrid { belongs_to });
}

#[test]
fn a_recalled_or_unusable_piece_is_set_apart_and_not_sorted() {
    clean().and(ParcelRecalled { recall: recall() }).when(sort()).refused(&ParcelRefusal::Recalled);
    clean().and(ParcelDamaged { usable: false }).when(sort()).refused(&ParcelRefusal::Unusable);
    clean().and(ParcelDamaged { usable: true }).when(sort()).then([sorted().into()]);
}

#[test]
fn a_missing_piece_is_found_by_its_scan() {
    on_shelf().and(ParcelMissing {}).when(sort()).then([ParcelFound {}.into()]);
    clean().and(ParcelMissing {}).when(sort()).then([ParcelFound {}.into(), sorted().into()]);
}
