mod change;
mod courier;
mod end;
mod load;
mod properties;
mod way;

use uuid::Uuid;

use super::event::{
    Hop, ReplanReason, RunAccepted, RunBuildingPaused, RunCancelReason, RunCancelled, RunClosed,
    RunDeparted, RunHandedBack, RunHopCounted, RunOffered, RunPieceDelivered, RunPieceFailed,
    RunPieceLoaded, RunPieceLost, RunPieceReopened, RunPieceReturned, RunPieceUnloaded, RunPlanned,
    RunReplanned, RunSlipPrinted, RunStopDone, RunStopFailed, Stop,
};
use super::{PIECES_MAX, Phase, Run, RunCommand, RunEvent, RunRefusal, RunState, STOPS_MAX};
use crate::address::Door;
use crate::decider::fold;
use crate::ids::{CommandId, GridId, ParcelId, VolunteerId};
use crate::parcel::event::{DeliveryLevel, FailureReason};
use crate::spec::given;
use crate::supply::Load;

const ANNA: VolunteerId = VolunteerId(Uuid::from_u128(1));
const BEN: VolunteerId = VolunteerId(Uuid::from_u128(2));
const RICE: ParcelId = ParcelId(Uuid::from_u128(11));
const SOUP: ParcelId = ParcelId(Uuid::from_u128(12));
const BOOK: ParcelId = ParcelId(Uuid::from_u128(13));

fn grid(name: &str) -> GridId {
    name.parse().unwrap()
}

fn door(room: &str) -> Door {
    Door {
        building: "10".parse().unwrap(),
        unit: "2".parse().unwrap(),
        room: room.parse().unwrap(),
    }
}

fn load(weight_grams: u32) -> Load {
    Load { pieces: 1, weight_grams, volume_millilitres: 1_000 }
}

/// Rice and soup go to 301; the trip takes three pieces of ten kilograms altogether.
fn plan() -> RunPlanned {
    RunPlanned {
        grid: grid("3"),
        day: "2022-11-20".parse().unwrap(),
        opens: "10:00:00".parse().unwrap(),
        closes: "12:00:00".parse().unwrap(),
        limit: Load { pieces: 3, weight_grams: 10_000, volume_millilitres: 100_000 },
        stops: vec![Stop { door: door("301"), parcels: vec![RICE, SOUP] }],
        needs_protection: false,
        needs_two: false,
        level: DeliveryLevel::Door,
        wave: None,
    }
}

fn asked(volunteer: VolunteerId) -> RunEvent {
    RunOffered { volunteer, helper: None, reason: None }.into()
}

fn planned() -> Vec<RunEvent> {
    vec![plan().into()]
}

fn then(mut history: Vec<RunEvent>, more: impl IntoIterator<Item = RunEvent>) -> Vec<RunEvent> {
    history.extend(more);
    history
}

fn offered() -> Vec<RunEvent> {
    then(planned(), [asked(ANNA)])
}

fn accepted() -> Vec<RunEvent> {
    then(offered(), [RunAccepted { volunteer: ANNA }.into()])
}

fn loaded() -> Vec<RunEvent> {
    then(accepted(), [put_on(RICE, "301"), put_on(SOUP, "301")])
}

fn departed() -> Vec<RunEvent> {
    then(loaded(), [RunDeparted { counted_pieces: 2 }.into()])
}

fn one_back() -> Vec<RunEvent> {
    then(departed(), [delivered(RICE), failed(SOUP), stop_failed("301"), returned(SOUP)])
}

fn closed() -> Vec<RunEvent> {
    then(one_back(), [RunClosed { counted_back: 1 }.into()])
}

fn cancelled() -> Vec<RunEvent> {
    let reason = RunCancelReason::NoCourier;
    then(planned(), [RunCancelled { reason }.into()])
}

fn put_on(parcel: ParcelId, room: &str) -> RunEvent {
    RunPieceLoaded { parcel, load: load(3_000), door: door(room) }.into()
}

fn delivered(parcel: ParcelId) -> RunEvent {
    RunPieceDelivered { parcel }.into()
}

fn failed(parcel: ParcelId) -> RunEvent {
    let reason = FailureReason::NoAnswer;
    RunPieceFailed { parcel, reason }.into()
}

fn returned(parcel: ParcelId) -> RunEvent {
    RunPieceReturned { parcel }.into()
}

fn lost(parcel: ParcelId) -> RunEvent {
    RunPieceLost { parcel }.into()
}

fn stop_done(room: &str) -> RunEvent {
    RunStopDone { door: door(room) }.into()
}

fn stop_failed(room: &str) -> RunEvent {
    RunStopFailed { door: door(room) }.into()
}

fn offer(volunteer: VolunteerId) -> RunCommand {
    RunCommand::Offer {
        volunteer,
        volunteer_grid: Some(grid("3")),
        protection: false,
        available: true,
        carry_limit: plan().limit,
        helper: None,
        reason: None,
    }
}

fn load_piece(parcel: ParcelId, weight_grams: u32, room: &str) -> RunCommand {
    let (load, door) = (load(weight_grams), door(room));
    RunCommand::LoadPiece { parcel, load, door, planned_for: None }
}

fn fail(parcel: ParcelId) -> RunCommand {
    let reason = FailureReason::NoAnswer;
    RunCommand::RecordFailed { parcel, reason }
}

fn over_limit() -> RunRefusal {
    RunRefusal::OverLimit { pieces: 3, weight_grams: 10_000, volume_millilitres: 100_000 }
}

fn parcel(number: u128) -> ParcelId {
    ParcelId(Uuid::from_u128(number))
}

/// One command of each kind, planning first.
fn every_command() -> Vec<RunCommand> {
    let reason = RunCancelReason::NoCourier;
    vec![
        RunCommand::Plan(plan()),
        offer(ANNA),
        RunCommand::Accept { volunteer: ANNA },
        RunCommand::HandBack { volunteer: ANNA },
        load_piece(RICE, 3_000, "301"),
        RunCommand::UnloadPiece { parcel: RICE },
        RunCommand::Depart { counted_pieces: 1 },
        RunCommand::RecordDelivered { parcel: RICE },
        fail(RICE),
        RunCommand::RecordReturned { parcel: RICE },
        RunCommand::RecordLost { parcel: RICE },
        RunCommand::RecordReopened { parcel: RICE },
        RunCommand::Close { counted_back: 0 },
        RunCommand::Cancel { reason },
        RunCommand::Replan(replanned(&["301"])),
        RunCommand::SeeSheet { sheet: 1 },
        RunCommand::PauseBuilding(paused()),
        RunCommand::ResumeBuilding { building: "10".parse().unwrap() },
        RunCommand::CountHop(RunHopCounted { hop: Hop::GridCart, counted_pieces: 2 }),
        RunCommand::PrintSlip(slip(1)),
    ]
}

/// Rice and soup at the first of these rooms, a book at each other one.
fn replanned(rooms: &[&str]) -> RunReplanned {
    let stop = |(index, room): (usize, &&str)| Stop {
        door: door(room),
        parcels: if index == 0 { vec![RICE, SOUP] } else { vec![parcel(12 + index as u128)] },
    };
    let stops = rooms.iter().enumerate().map(stop).collect();
    RunReplanned { stops, reason: ReplanReason::ByHand }
}

fn slip(number: u128) -> RunSlipPrinted {
    RunSlipPrinted { slip: CommandId(Uuid::from_u128(number)) }
}

fn paused() -> RunBuildingPaused {
    let (building, zone) = ("10".parse().unwrap(), "north".parse().unwrap());
    RunBuildingPaused { building, zone, until: None }
}
