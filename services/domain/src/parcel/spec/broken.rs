//! Deciders with one rule broken on purpose: a checker that lets them pass is no checker.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "only the commands of the rule in question matter here"
)]

use jiff::Timestamp;
use uuid::Uuid;

use super::model::Broken;
use super::properties::Decide;
use super::sample::*;
use crate::community::ZoneAccess;
use crate::decider::Decider;
use crate::ids::RunId;
use crate::parcel::command::{HandOff, LoadOn};
use crate::parcel::event::{DisposalReason, ParcelKeptOvernight, ParcelLoaded, ParcelMissing};
use crate::parcel::{Parcel, ParcelCommand, ParcelEvent, ParcelRefusal, ParcelState, Phase};

type Outcome = Result<Vec<ParcelEvent>, ParcelRefusal>;

/// Deciders with one rule broken, and the rule that the checker must name.
pub fn broken_deciders() -> [(Decide, Broken); 13] {
    [
        (sorts_what_is_not_clean, Broken::LeftDirty),
        (ends_disinfection_early, Broken::LeftDirty),
        (hands_off_twice, Broken::HandedOffTwice),
        (loads_for_any_grid, Broken::WrongGrid),
        (sees_no_closed_zone, Broken::ClosedZone),
        (delivers_to_any_door, Broken::WrongPlace),
        (lets_runs_take_from_each_other, Broken::Gap),
        (takes_returns_from_strangers, Broken::Gap),
        (returns_whatever_run_is_named, Broken::Gap),
        (writes_off_what_nobody_misses, Broken::WrittenOff),
        (keeps_everything_overnight, Broken::PerishableStayed),
        (carries_what_is_recalled, Broken::WentOn),
        (reports_again_and_again, Broken::Repeated),
    ]
}

fn sorts_what_is_not_clean(state: &ParcelState, command: ParcelCommand) -> Outcome {
    let mut blind = state.clone();
    if let Phase::Arrived | Phase::Disinfecting { .. } = state.phase {
        blind.phase = Phase::Clean;
    }
    match command {
        ParcelCommand::Sort(_) => Parcel::decide(&blind, command),
        other => Parcel::decide(state, other),
    }
}

fn ends_disinfection_early(state: &ParcelState, mut command: ParcelCommand) -> Outcome {
    if let ParcelCommand::StopDisinfection { at } = &mut command {
        *at = Timestamp::MAX;
    }
    Parcel::decide(state, command)
}

fn hands_off_twice(state: &ParcelState, command: ParcelCommand) -> Outcome {
    match command {
        // To another run only, so that the very same scan still causes nothing.
        ParcelCommand::HandOff(HandOff { run: Some(run), .. })
            if state.phase == Phase::HandedOff && state.last_run() != Some(run) =>
        {
            Ok(vec![handed_off(run).into()])
        }
        other => Parcel::decide(state, other),
    }
}

fn loads_for_any_grid(state: &ParcelState, command: ParcelCommand) -> Outcome {
    match (Parcel::decide(state, command.clone()), command) {
        (Err(ParcelRefusal::WrongGrid { .. }), ParcelCommand::Load(load)) => {
            let open = LoadOn { run_grid: state.grid.clone().unwrap_or(load.run_grid), ..load };
            Parcel::decide(state, open.into())
        }
        (outcome, _) => outcome,
    }
}

fn sees_no_closed_zone(state: &ParcelState, mut command: ParcelCommand) -> Outcome {
    match &mut command {
        ParcelCommand::Load(load) => load.access = ZoneAccess::Admitted,
        ParcelCommand::HandOff(hand_off) => hand_off.access = ZoneAccess::Admitted,
        ParcelCommand::Relay { access, .. } => *access = ZoneAccess::Admitted,
        _ => {}
    }
    Parcel::decide(state, command)
}

fn delivers_to_any_door(state: &ParcelState, command: ParcelCommand) -> Outcome {
    match (Parcel::decide(state, command.clone()), command) {
        (Err(ParcelRefusal::WrongDoor { belongs_to }), ParcelCommand::HandOff(hand_off)) => {
            let door = hand_off.door.clone();
            let right = HandOff { door: belongs_to, ..hand_off };
            let mut events = Parcel::decide(state, right.into())?;
            for event in &mut events {
                if let ParcelEvent::HandedOff(event) = event {
                    event.door = door.clone();
                }
            }
            Ok(events)
        }
        (outcome, _) => outcome,
    }
}

fn lets_runs_take_from_each_other(state: &ParcelState, command: ParcelCommand) -> Outcome {
    match (Parcel::decide(state, command.clone()), command) {
        (Err(ParcelRefusal::WrongRun { .. }), ParcelCommand::Load(load))
            if state.grid.as_ref() == Some(&load.run_grid)
                && load.access == ZoneAccess::Admitted
                && !state.is_recalled()
                && state.damaged != Some(false) =>
        {
            Ok(vec![ParcelLoaded { run: load.run }.into()])
        }
        (outcome, _) => outcome,
    }
}

fn takes_returns_from_strangers(state: &ParcelState, command: ParcelCommand) -> Outcome {
    let mut events = Parcel::decide(state, command)?;
    for event in &mut events {
        if let ParcelEvent::Returned(event) = event {
            event.run = RunId(Uuid::from_u128(77));
        }
    }
    Ok(events)
}

fn returns_whatever_run_is_named(state: &ParcelState, mut command: ParcelCommand) -> Outcome {
    if let ParcelCommand::Return { run, .. } = &mut command {
        *run = None;
    }
    Parcel::decide(state, command)
}

fn writes_off_what_nobody_misses(state: &ParcelState, command: ParcelCommand) -> Outcome {
    let mut missed = state.clone();
    missed.missing = true;
    match command {
        ParcelCommand::Dispose { reason: DisposalReason::Lost, .. } => {
            Parcel::decide(&missed, command)
        }
        other => Parcel::decide(state, other),
    }
}

fn keeps_everything_overnight(state: &ParcelState, command: ParcelCommand) -> Outcome {
    match (Parcel::decide(state, command.clone()), command) {
        (
            Err(ParcelRefusal::PerishableOvernight),
            ParcelCommand::KeepOvernight { day, reason, owner },
        ) => Ok(vec![ParcelKeptOvernight { day, reason, owner }.into()]),
        (outcome, _) => outcome,
    }
}

fn carries_what_is_recalled(state: &ParcelState, command: ParcelCommand) -> Outcome {
    let mut blind = state.clone();
    blind.recalls.clear();
    match command {
        ParcelCommand::Recall { .. } | ParcelCommand::LiftRecall { .. } => {
            Parcel::decide(state, command)
        }
        other => Parcel::decide(&blind, other),
    }
}

fn reports_again_and_again(state: &ParcelState, command: ParcelCommand) -> Outcome {
    match command {
        ParcelCommand::ReportMissing if state.missing => Ok(vec![ParcelMissing {}.into()]),
        other => Parcel::decide(state, other),
    }
}
