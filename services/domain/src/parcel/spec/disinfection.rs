//! The gate that no piece passes before its act time has run.

use super::sample::*;
use crate::parcel::event::{ParcelDisinfected, ParcelDisinfectionStarted};
use crate::parcel::{ParcelCommand, ParcelRefusal};

#[test]
fn the_agent_acts_until_its_time_has_run() {
    at_gate().when(start("08:05")).then([disinfecting().into()]);
}

#[test]
fn a_whole_table_is_treated_at_once() {
    let container = Some(the("table-2"));
    let command =
        ParcelCommand::StartDisinfection { at: at("08:05"), container: container.clone() };
    let started = ParcelDisinfectionStarted { container, ..disinfecting() };
    at_gate().when(command).then([started.into()]);
}

#[test]
fn a_held_piece_is_disinfected_like_any_other() {
    held_at_gate().when(start("08:05")).then([disinfecting().into()]);
}

#[test]
fn a_second_start_does_not_prolong_the_wait() {
    for history in [on_table(), clean(), on_shelf(), on_run(), at_foot(), at_home()] {
        history.when(start("08:20")).then_nothing();
    }
}

#[test]
fn only_a_piece_at_the_gate_is_disinfected() {
    for history in [unheard_of(), announced()] {
        history.when(start("08:05")).refused(&ParcelRefusal::NotArrived);
    }
    for history in [with_carrier(), in_bin()] {
        history.when(start("08:05")).refused(&ParcelRefusal::Closed);
    }
}

#[test]
fn an_act_time_without_end_never_ends() {
    let rule = crate::supply::DisinfectionRule { act_seconds: u32::MAX, ..HALF_AN_HOUR };
    let arrived = crate::parcel::event::ParcelArrived { disinfection: Some(rule), ..arrived() };
    let until = jiff::Timestamp::MAX;
    let started = ParcelDisinfectionStarted { rule, until, container: None };
    let command = ParcelCommand::StartDisinfection { at: until, container: None };
    unheard_of().and(arrived).when(command).then([started.into()]);
}

#[test]
fn the_end_is_confirmed_once_the_time_has_run() {
    on_table().when(stop("08:35")).then([ParcelDisinfected {}.into()]);
}

#[test]
fn a_second_confirmation_causes_nothing() {
    for history in [clean(), on_shelf(), on_run(), at_foot(), at_home()] {
        history.when(stop("08:36")).then_nothing();
    }
}

#[test]
fn the_end_is_not_confirmed_early() {
    on_table()
        .when(stop("08:34"))
        .refused(&ParcelRefusal::StillDisinfecting { until: at("08:35") });
}

#[test]
fn what_never_began_does_not_end() {
    for history in [unheard_of(), announced()] {
        history.when(stop("08:35")).refused(&ParcelRefusal::NotArrived);
    }
    at_gate().when(stop("08:35")).refused(&ParcelRefusal::DisinfectionNotStarted);
    for history in [with_carrier(), in_bin()] {
        history.when(stop("08:35")).refused(&ParcelRefusal::Closed);
    }
}
