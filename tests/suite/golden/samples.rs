//! One event of every type, in an order in which it could have happened: what the first frozen log
//! was made from. A frozen log is never made again; a new event type or a new version of an old one
//! is added here and frozen in a file of its own.

use serde_json::{Value, json};
use tests::id;
use uuid::Uuid;

/// An event: its stream's category and id, its type, its payload.
pub type Happening = (&'static str, String, &'static str, Value);

const HOUSEHOLD: u64 = 1;
const GONE_HOUSEHOLD: u64 = 2;
const ORDER: u64 = 3;
const CANCELLED_ORDER: u64 = 4;
const RUN: u64 = 5;
const CANCELLED_RUN: u64 = 6;
const VOLUNTEER: u64 = 7;
const DELIVERED: u64 = 8;
const HELD: u64 = 9;
const THROWN_AWAY: u64 = 10;
const COMMAND: u64 = 11;
const PLANNED_RUN: u64 = 12;
const HELPER: u64 = 13;
const SLIP: u64 = 14;
const SLOT: u64 = 20;

const MORNING: &str = "2022-11-10T01:00:00Z";
const NOON: &str = "2022-11-10T04:00:00Z";
const EVENING: &str = "2022-11-10T12:00:00Z";

/// Everything that is frozen as version 1.
pub fn version_1() -> Vec<Happening> {
    let mut all = community();
    all.extend(people());
    all.extend(order());
    all.extend(delivered());
    all.extend(held());
    all.extend(thrown_away());
    all.extend(slip());
    all.extend(run());
    all.extend(device());
    all.extend(planning());
    all.extend(arrivals());
    all
}

/// What planning added: paths and policies, limits of people, changes on the way, a day's plan.
fn planning() -> Vec<Happening> {
    let point = |east_dm: i32| json!({ "east_dm": east_dm, "north_dm": 0 });
    let path = json!({ "id": "a-b", "from": "a", "to": "b", "length_dm": 600 });
    let mut all = of(
        "community",
        &"main",
        [
            ("GatePlaced", json!({ "gate": "东门", "position": point(0) })),
            ("EntrancePlaced", json!({ "building": "10", "unit": "2", "position": point(90) })),
            (
                "PathsDrawn",
                json!({
                    "crossings": [
                        { "id": "a", "position": point(0) }, { "id": "b", "position": point(500) },
                    ],
                    "paths": [path],
                }),
            ),
            ("PathBlocked", json!({ "path": "a-b", "until": NOON })),
            ("PathCleared", json!({ "path": "a-b" })),
            (
                "PlanningPolicySet",
                json!({
                    "automatic": true, "cart_pieces": 20, "wait_at_most_seconds": 1_200,
                    "answer_within_seconds": 300, "attempts_a_day": 2, "day_closes": "21:00:00",
                }),
            ),
            (
                "DeliveryPolicySet",
                json!({
                    "category": "parcel_goods", "level": "pickup",
                    "pickup": { "opens": "14:00:00", "minutes_each": 15 },
                }),
            ),
        ],
    );
    all.extend(of(
        "volunteer",
        &thing(VOLUNTEER),
        [
            (
                "VolunteerLimitsSet",
                json!({ "floors_a_trip": 18, "floors_a_day": 60, "rest_seconds": 900 }),
            ),
            ("VolunteerBuildingsKept", json!({ "buildings": ["10"] })),
            ("VolunteerPoolJoined", json!({ "pool": "emergency" })),
        ],
    ));
    let stops = json!([{ "door": door(), "parcels": [thing(DELIVERED)] }]);
    all.extend(of(
        "run",
        &thing(PLANNED_RUN),
        [
            ("RunPlanned", planned_run(&stops)),
            ("RunReplanned", json!({ "stops": stops, "reason": { "path_blocked": "a-b" } })),
            ("RunSheetSeen", json!({ "sheet": 2 })),
            ("RunBuildingPaused", json!({ "building": "10", "zone": "中片", "until": NOON })),
            ("RunBuildingResumed", json!({ "building": "10" })),
            ("RunHopCounted", json!({ "hop": { "building_foot": "10" }, "counted_pieces": 1 })),
            ("RunSlipPrinted", json!({ "slip": thing(COMMAND) })),
        ],
    ));
    all.extend(days_plan(&stops));
    all
}

fn planned_run(stops: &Value) -> Value {
    json!({
        "grid": "3", "day": "2022-11-10", "opens": "13:30:00", "closes": "17:30:00",
        "limit": { "pieces": 20, "weight_grams": 120_000, "volume_millilitres": 500_000 },
        "stops": stops, "needs_protection": false, "needs_two": true,
        "level": "building_foot", "wave": { "number": 1, "trigger": "cart_full" },
    })
}

fn days_plan(stops: &Value) -> Vec<Happening> {
    let effort = json!({ "floors": 2, "floor_kilograms": 26, "walk_dm": 900 });
    let reason = json!({
        "because": ["climbed_least", { "keeps_building": "10" }], "candidates": 4,
        "trip": effort, "before": effort, "mean_before": effort,
    });
    let left = json!({
        "parcel": thing(HELD), "reason": "recipient_unknown",
        "remains": { "stays": "unknown_recipient" }, "owner": "desk-1",
    });
    of(
        "plan",
        &"2022-11-10",
        [
            (
                "PlanWaveProposed",
                json!({
                    "wave": 1, "trigger": "cart_full",
                    "runs": [{ "run": thing(PLANNED_RUN), "plan": planned_run(stops) }],
                }),
            ),
            (
                "PlanOfferDecided",
                json!({
                    "run": thing(PLANNED_RUN), "volunteer": thing(VOLUNTEER),
                    "helper": thing(HELPER), "reason": reason, "at": MORNING,
                }),
            ),
            (
                "PlanRunEnded",
                json!({
                    "run": thing(PLANNED_RUN), "courier": thing(VOLUNTEER),
                    "helper": thing(HELPER), "effort": effort, "at": NOON,
                }),
            ),
            (
                "PlanPiecesSetAside",
                json!({
                    "pieces": [
                        { "parcel": thing(HELD), "reason": "recipient_unknown" },
                        {
                            "parcel": thing(DELIVERED),
                            "reason": { "zone_closed": { "zone": "中片", "until": NOON } },
                        },
                    ],
                }),
            ),
            (
                "PlanPiecesReleased",
                json!({ "run": thing(PLANNED_RUN), "pieces": [thing(DELIVERED)] }),
            ),
            ("PlanDayClosed", json!({ "left": [left] })),
        ],
    )
}

/// What arrival slots added.
fn arrivals() -> Vec<Happening> {
    let hours = json!([{ "opens": "07:00:00", "closes": "12:00:00" }]);
    let mut all =
        of("community", &"main", [("ArrivalPolicySet", json!({ "hours": hours, "per_hour": 6 }))]);
    let slot = |number: u64| json!({ "slot": thing(number) });
    let booked = json!({
        "slot": thing(SLOT), "from": MORNING, "party": "merchant", "label": "永辉超市",
        "pieces": 120, "category": "produce",
    });
    let bare = json!({
        "slot": thing(SLOT + 1), "from": MORNING, "party": "leader", "label": "10栋蔬菜团",
    });
    all.extend(of(
        "arrivals",
        &"2022-11-10",
        [
            ("ArrivalSlotBooked", booked),
            ("ArrivalSlotBooked", bare),
            ("ArrivalSlotMoved", json!({ "slot": thing(SLOT), "from": NOON })),
            ("ArrivalSlotArrived", slot(SLOT)),
            ("ArrivalSlotReopened", slot(SLOT)),
            ("ArrivalSlotMissed", slot(SLOT)),
            ("ArrivalSlotWithdrawn", slot(SLOT + 1)),
        ],
    ));
    let moved = json!({
        "slot": thing(SLOT + 2), "from_day": "2022-11-09", "from": MORNING, "party": "merchant",
        "label": "永辉超市", "pieces": 120, "category": "produce",
    });
    let away = json!({ "slot": thing(SLOT + 2), "to_day": "2022-11-12" });
    all.extend(of(
        "arrivals",
        &"2022-11-11",
        [("ArrivalSlotMovedHere", moved), ("ArrivalSlotMovedAway", away)],
    ));
    all
}

fn thing(number: u64) -> Uuid {
    id(50, number)
}

fn of(
    category: &'static str,
    id: &impl ToString,
    events: impl IntoIterator<Item = (&'static str, Value)>,
) -> Vec<Happening> {
    let id = id.to_string();
    let events = events.into_iter();
    events.map(|(event_type, data)| (category, id.clone(), event_type, data)).collect()
}

fn door() -> Value {
    json!({ "building": "10", "unit": "2", "room": "301" })
}

fn community() -> Vec<Happening> {
    let unit = json!({
        "id": "2", "floors": 7, "doors_per_floor": 2,
        "extra_rooms": [{ "id": "门市2", "floor": 0 }],
    });
    let window = json!({ "opens": "13:30:00", "closes": "17:30:00", "cut_off": "15:30:00" });
    let rule = json!({ "agent": "chlorine", "act_seconds": 1_800, "outer_bag_only": false });
    of(
        "community",
        &"main",
        [
            (
                "CommunityRegistered",
                json!({ "name": "富民花园", "time_zone": "Asia/Shanghai", "language": "zh-CN" }),
            ),
            ("GateOpened", json!({ "gate": "东门" })),
            ("IntakePointSet", json!({ "gate": "东门" })),
            ("GridDrawn", json!({ "grid": "3", "colour": "green" })),
            (
                "BuildingDescribed",
                json!({
                    "building": "10", "units": [unit], "lift": true,
                    "position": { "east_dm": 120, "north_dm": -40 },
                }),
            ),
            ("BuildingAssigned", json!({ "building": "10", "grid": "3" })),
            ("ZoneDrawn", json!({ "zone": "中片", "buildings": ["10"] })),
            (
                "ZoneStateChanged",
                json!({ "zone": "中片", "restriction": "sealed", "from": MORNING, "until": NOON }),
            ),
            (
                "WindowPolicySet",
                json!({ "category": "parcel_goods", "windows": [window], "immediate_up_to_pieces": 40 }),
            ),
            ("DisinfectionPolicySet", json!({ "category": "parcel_goods", "rule": rule })),
            (
                "TripLimitSet",
                json!({
                    "limit": { "pieces": 20, "weight_grams": 120_000, "volume_millilitres": 500_000 },
                }),
            ),
            ("AliasAdded", json!({ "text": "老邮局", "target": { "unit": ["10", "2"] } })),
            ("AliasAdded", json!({ "text": "门市", "target": { "door": door() } })),
        ],
    )
}

fn people() -> Vec<Happening> {
    let registered = json!({ "doors": [door()], "language": "zh-CN", "phone_only": true });
    let mut all = of(
        "household",
        &thing(HOUSEHOLD),
        [
            ("HouseholdRegistered", registered.clone()),
            ("HouseholdDoorsSet", json!({ "doors": [door()] })),
            (
                "HouseholdHeadCountProposed",
                json!({ "people": 4, "proposed_by": "leader-2", "proposed_on": "2022-11-09" }),
            ),
            (
                "HouseholdHeadCountConfirmed",
                json!({ "people": 4, "confirmed_by": "desk", "confirmed_on": "2022-11-10" }),
            ),
            ("HouseholdStatusSet", json!({ "status": "isolated", "since": "2022-11-10" })),
            ("HouseholdReachSet", json!({ "language": "en", "phone_only": false })),
            ("HouseholdDietSet", json!({ "diet": "halal" })),
            ("HouseholdNeedsSet", json!({ "needs": ["cannot_come_down", "needs_fridge"] })),
            (
                "HouseholdContactSet",
                json!({
                    "name": "bmFtZQ", "phone": "cGhvbmU", "note": "bm90ZQ",
                    "phone_tail_tokens": ["0011223344556677"],
                }),
            ),
        ],
    );
    all.extend(of(
        "household",
        &thing(GONE_HOUSEHOLD),
        [("HouseholdRegistered", registered), ("HouseholdErased", json!({}))],
    ));
    let limit = json!({ "pieces": 20, "weight_grams": 60_000, "volume_millilitres": 250_000 });
    all.extend(of(
        "volunteer",
        &thing(VOLUNTEER),
        [
            (
                "VolunteerEnrolled",
                json!({
                    "grid": "2", "roles": ["courier", "sorter"], "protection": false,
                    "carry_limit": limit, "name": "bmFtZQ",
                }),
            ),
            ("VolunteerRolesChanged", json!({ "roles": ["courier"] })),
            ("VolunteerGridJoined", json!({ "grid": "3" })),
            ("VolunteerEquipped", json!({ "protection": true, "carry_limit": limit })),
            ("VolunteerShiftPlanned", json!({ "from": MORNING, "until": NOON })),
            ("VolunteerShiftPlanned", json!({ "from": NOON, "until": EVENING })),
            ("VolunteerShiftWithdrawn", json!({ "from": NOON, "until": EVENING })),
            ("VolunteerBreakPlanned", json!({ "from": MORNING, "until": NOON })),
            ("VolunteerBreakWithdrawn", json!({ "from": MORNING, "until": NOON })),
            ("VolunteerStatusSet", json!({ "status": "on_break", "until": NOON })),
            ("VolunteerBadgeRevoked", json!({})),
        ],
    ));
    all
}

fn order() -> Vec<Happening> {
    let placed = json!({
        "channel": "group_buy", "household": thing(HOUSEHOLD), "placed_by": "leader-2",
        "lines": [{ "item": "大米 5kg", "category": "ration", "quantity": 2 }], "pieces": 1,
    });
    let parcel = json!({ "parcel": thing(DELIVERED) });
    let mut all = of(
        "order",
        &thing(ORDER),
        [
            ("OrderPlaced", placed.clone()),
            ("OrderParcelAdded", parcel.clone()),
            ("OrderMarkedShort", json!({ "line": 1, "missing": 1 })),
            ("OrderPieceHandedOff", parcel.clone()),
            ("OrderFulfilled", json!({})),
            ("OrderPieceReopened", parcel),
            ("OrderReopened", json!({})),
            ("OrderPiecesCorrected", json!({ "pieces": 2 })),
        ],
    );
    all.extend(of(
        "order",
        &thing(CANCELLED_ORDER),
        [
            ("OrderPlaced", placed),
            ("OrderUrgencySet", json!({ "urgent": true })),
            ("OrderCancelled", json!({ "reason": "household_wish" })),
        ],
    ));
    all
}

fn arrived(number: &str) -> Value {
    json!({
        "waybill": { "carrier": "sf", "number": number }, "piece": { "number": 1, "of": 1 },
        "gate": "东门", "category": "parcel_goods", "size": "box",
    })
}

fn delivered() -> Vec<Happening> {
    let waybill = json!({ "carrier": "sf", "number": "SF1234567890123" });
    let recipient = json!({ "household": thing(HOUSEHOLD), "door": door(), "grid": "3" });
    let rule = json!({ "agent": "chlorine", "act_seconds": 1_800, "outer_bag_only": false });
    let run = thing(RUN);
    let full = json!({
        "waybill": waybill, "piece": { "number": 2, "of": 3 }, "generation": 1, "gate": "东门",
        "category": "ration", "container": "台1", "size": "heavy", "cold": "chilled",
        "weight_grams": 5_200, "order": thing(ORDER), "recipient": recipient,
        "phone_tail": "dGFpbA", "sender": "c2VuZGVy", "disinfection": rule,
    });
    let handed_off = json!({
        "run": run, "door": door(), "level": "door", "received_by": "resident", "at": NOON,
    });
    of(
        "parcel",
        &thing(DELIVERED),
        [
            (
                "ParcelExpected",
                json!({
                    "waybill": waybill, "piece": { "number": 2, "of": 3 }, "category": "ration",
                    "order": thing(ORDER), "recipient": recipient,
                }),
            ),
            ("ParcelArrived", full),
            (
                "ParcelDisinfectionStarted",
                json!({ "rule": rule, "until": "2022-11-10T02:00:00Z", "container": "台1" }),
            ),
            ("ParcelDisinfected", json!({})),
            ("ParcelSorted", json!({ "grid": "3", "building": "10", "shelf": "S00AK" })),
            ("ParcelLoaded", json!({ "run": run })),
            ("ParcelRelayed", json!({ "run": run, "building": "10" })),
            ("ParcelHandedOff", handed_off),
            ("ParcelLateScanNoted", json!({ "scan": "failed" })),
            (
                "ParcelDisputed",
                json!({ "recorded": "handed_off", "claimed": "not_received", "run": run }),
            ),
            (
                "ParcelDisputeSettled",
                json!({
                    "recorded": "handed_off", "claims": [{ "end": "not_received", "run": run }],
                    "truth": "handed_off", "at": EVENING,
                }),
            ),
            ("ParcelReopened", json!({ "reason": "wrong_door" })),
        ],
    )
}

fn held() -> Vec<Happening> {
    of(
        "parcel",
        &thing(HELD),
        [
            ("ParcelArrived", arrived("SF1234567890124")),
            ("ParcelHeld", json!({ "reason": "unknown_recipient" })),
            ("ParcelOrderMatched", json!({ "order": thing(ORDER) })),
            ("ParcelIdentified", json!({ "recipient": { "door": door(), "grid": "3" } })),
            ("ParcelDamaged", json!({ "usable": true })),
            ("ParcelMissing", json!({})),
            ("ParcelFound", json!({})),
            ("ParcelRecalled", json!({ "recall": "批次7" })),
            ("ParcelRecallLifted", json!({ "recall": "批次7" })),
            (
                "ParcelKeptOvernight",
                json!({ "day": "2022-11-10", "reason": "arrived_late", "owner": "desk" }),
            ),
            (
                "ParcelPhotographed",
                json!({ "photo": "5a".repeat(32), "kind": "label", "size_bytes": 181_204 }),
            ),
            ("ParcelRefused", json!({ "reason": "not_ours", "at": EVENING })),
        ],
    )
}

fn slip() -> Vec<Happening> {
    let events =
        [("ParcelArrived", arrived("SF1234567890126")), ("ParcelArrivalUndone", json!({}))];
    of("parcel", &thing(SLIP), events)
}

fn thrown_away() -> Vec<Happening> {
    let run = json!({ "run": thing(RUN) });
    of(
        "parcel",
        &thing(THROWN_AWAY),
        [
            ("ParcelArrived", arrived("SF1234567890125")),
            ("ParcelIdentified", json!({ "recipient": { "door": door(), "grid": "3" } })),
            ("ParcelSorted", json!({ "grid": "3", "building": "10", "shelf": "S00AK" })),
            ("ParcelLoaded", run.clone()),
            ("ParcelUnloaded", run.clone()),
            ("ParcelLoaded", run),
            ("ParcelDeliveryFailed", json!({ "run": thing(RUN), "reason": "no_answer" })),
            ("ParcelReturned", json!({ "run": thing(RUN), "shelf": "S00AK" })),
            ("ParcelDisposed", json!({ "reason": "spoiled", "at": EVENING })),
        ],
    )
}

fn run() -> Vec<Happening> {
    let limit = json!({ "pieces": 20, "weight_grams": 60_000, "volume_millilitres": 250_000 });
    let planned = json!({
        "grid": "3", "day": "2022-11-10", "opens": "13:30:00", "closes": "17:30:00",
        "limit": limit, "needs_protection": true,
        "stops": [{ "door": door(), "parcels": [thing(DELIVERED)] }],
    });
    let volunteer = json!({ "volunteer": thing(VOLUNTEER) });
    let load = json!({ "pieces": 1, "weight_grams": 5_200, "volume_millilitres": 25_000 });
    let on_board = |parcel: u64| json!({ "parcel": thing(parcel), "load": load, "door": door() });
    let piece = |parcel: u64| json!({ "parcel": thing(parcel) });
    let mut all = of(
        "run",
        &thing(RUN),
        [
            ("RunPlanned", planned.clone()),
            ("RunOffered", volunteer.clone()),
            ("RunAccepted", volunteer.clone()),
            ("RunHandedBack", volunteer.clone()),
            ("RunOffered", volunteer.clone()),
            ("RunAccepted", volunteer),
            ("RunPieceLoaded", on_board(DELIVERED)),
            ("RunPieceLoaded", on_board(THROWN_AWAY)),
            ("RunPieceUnloaded", piece(THROWN_AWAY)),
            ("RunPieceLoaded", on_board(THROWN_AWAY)),
            ("RunPieceLoaded", on_board(HELD)),
            ("RunDeparted", json!({ "counted_pieces": 3 })),
            ("RunPieceFailed", json!({ "parcel": thing(THROWN_AWAY), "reason": "no_answer" })),
            ("RunStopFailed", json!({ "door": door() })),
            ("RunPieceReturned", piece(THROWN_AWAY)),
            ("RunPieceLost", piece(HELD)),
            ("RunPieceDelivered", piece(DELIVERED)),
            ("RunStopDone", json!({ "door": door() })),
            ("RunClosed", json!({ "counted_back": 1 })),
            ("RunPieceReopened", piece(DELIVERED)),
        ],
    );
    all.extend(of(
        "run",
        &thing(CANCELLED_RUN),
        [("RunPlanned", planned), ("RunCancelled", json!({ "reason": "no_courier" }))],
    ));
    all
}

fn device() -> Vec<Happening> {
    let digest = "00112233445566778899aabbccddeeff";
    let settled = |sequence: u64, answer: Value| {
        json!({
            "command": thing(COMMAND + sequence), "content": digest, "sequence": sequence,
            "answer": answer,
        })
    };
    let refused = json!({
        "kind": "conflict", "code": "version-conflict", "english": "decide anew", "chinese": "重新决定",
    });
    of(
        "device",
        &"scanner-1",
        [
            ("CommandSettled", settled(1, json!({ "refused": refused }))),
            ("CommandSettled", settled(2, json!({ "repeated": { "revision": 4 } }))),
            ("CommandSettled", settled(3, json!({ "shared": { "accepted": 2, "refused": 1 } }))),
            ("DeviceRevoked", json!({})),
            (
                "CommandQuarantined",
                json!({
                    "command": thing(COMMAND + 4), "content": digest, "sequence": 4,
                    "reason": "revoked",
                }),
            ),
            ("DeviceRestored", json!({})),
        ],
    )
}
