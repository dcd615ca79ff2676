//! A piece's trail as EPCIS 2.0 (GS1): an `EPCISDocument` of `ObjectEvent`s in JSON-LD, with the
//! business steps and dispositions of the Core Business Vocabulary 2.0.
//!
//! A piece has no GS1 key of its own, so it and the places are named by private URNs, which the
//! standard allows. What happened only in words (an announcement, a night on the shelf, a late
//! scan, a dispute) is no observation of the piece and is left out.

use domain::ids::{CommunityId, ParcelId};
use domain::parcel::ParcelEvent;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use projections::parcel_trail::TrailEvent;
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// The context that defines every name of an EPCIS 2.0 document.
const CONTEXT: &str = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld";
/// The names of ours in it.
const NAMESPACE: &str = "urn:lastmeter:epcis:";

/// One step in the standard's words.
struct Observation {
    action: &'static str,
    business_step: &'static str,
    disposition: &'static str,
    /// Where it was seen.
    place: Option<String>,
    /// The run that it belongs to.
    run: Option<String>,
}

/// The trail of a piece as a document.
pub fn document(
    community: &CommunityId,
    parcel: ParcelId,
    events: &[(Uuid, TrailEvent)],
    zone: &TimeZone,
    created_at: Timestamp,
) -> Value {
    let observed = events.iter().filter_map(|(id, event)| {
        let observation = observation(community, &event.event)?;
        Some(object_event(community, parcel, *id, event, &observation, zone))
    });
    json!({
        "@context": [CONTEXT, { "lastmeter": NAMESPACE }],
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": moment(created_at),
        "epcisBody": { "eventList": observed.collect::<Vec<_>>() },
    })
}

fn object_event(
    community: &CommunityId,
    parcel: ParcelId,
    id: Uuid,
    event: &TrailEvent,
    observation: &Observation,
    zone: &TimeZone,
) -> Value {
    let mut object = Map::new();
    let mut put = |name: &str, value: Value| object.insert(name.to_owned(), value);
    put("type", json!("ObjectEvent"));
    put("eventID", json!(format!("urn:uuid:{id}")));
    put("eventTime", json!(moment(event.occurred_at)));
    put("recordTime", json!(moment(event.recorded_at)));
    put("eventTimeZoneOffset", json!(offset(event.occurred_at, zone)));
    put("epcList", json!([format!("urn:lastmeter:parcel:{community}:{parcel}")]));
    put("action", json!(observation.action));
    put("bizStep", json!(observation.business_step));
    put("disposition", json!(observation.disposition));
    if let Some(place) = &observation.place {
        put("readPoint", json!({ "id": place }));
    }
    if let Some(run) = &observation.run {
        put("bizTransactionList", json!([{ "type": "desadv", "bizTransaction": run }]));
    }
    put("lastmeter:eventType", json!(domain::DomainEvent::event_type(&event.event)));
    put("lastmeter:actor", json!(event.actor));
    Value::Object(object)
}

fn observation(community: &CommunityId, event: &ParcelEvent) -> Option<Observation> {
    let at = |kind: &str, name: &str| {
        Some(format!("urn:lastmeter:place:{community}:{kind}:{}", encoded(name)))
    };
    let run = |id: domain::ids::RunId| Some(format!("urn:lastmeter:run:{community}:{id}"));
    let intake = || at("intake-point", "main");
    let seen = |business_step, disposition, place, run| {
        Some(Observation { action: "OBSERVE", business_step, disposition, place, run })
    };
    match event {
        ParcelEvent::Arrived(event) => {
            seen("receiving", "in_progress", at("gate", event.gate.as_str()), None)
        }
        ParcelEvent::Held(_) => seen("holding", "unavailable", intake(), None),
        ParcelEvent::Identified(_) => seen("inspecting", "in_progress", intake(), None),
        // The vocabulary has no word for disinfection.
        ParcelEvent::DisinfectionStarted(_) | ParcelEvent::Disinfected(_) => {
            seen("other", "in_progress", intake(), None)
        }
        ParcelEvent::Sorted(event) => {
            seen("staging_outbound", "in_progress", at("shelf", event.shelf.as_str()), None)
        }
        ParcelEvent::Loaded(event) => seen("loading", "in_transit", intake(), run(event.run)),
        ParcelEvent::Unloaded(event) => seen("unloading", "in_progress", intake(), run(event.run)),
        ParcelEvent::Relayed(event) => {
            let foot = at("building-foot", event.building.as_str());
            seen("arriving", "in_transit", foot, run(event.run))
        }
        ParcelEvent::HandedOff(event) => {
            let door = at("door", &event.door.to_string());
            seen("accepting", "completeness_verified", door, event.run.and_then(run))
        }
        ParcelEvent::DeliveryFailed(event) => seen("other", "in_transit", None, run(event.run)),
        ParcelEvent::Returned(event) => {
            seen("receiving", "returned", at("shelf", event.shelf.as_str()), run(event.run))
        }
        ParcelEvent::Refused(_) => seen("shipping", "returned", intake(), None),
        ParcelEvent::Damaged(_) => seen("inspecting", "damaged", None, None),
        ParcelEvent::Missing(_) => seen("inspecting", "unknown", None, None),
        ParcelEvent::Recalled(_) => seen("holding", "recalled", None, None),
        ParcelEvent::Disposed(event) => Some(Observation {
            action: "DELETE",
            business_step: "destroying",
            disposition: "destroyed",
            place: None,
            run: event.run.and_then(run),
        }),
        ParcelEvent::ArrivalUndone(_)
        | ParcelEvent::Found(_)
        | ParcelEvent::RecallLifted(_)
        | ParcelEvent::Reopened(_) => seen("inspecting", "in_progress", None, None),
        ParcelEvent::Expected(_)
        | ParcelEvent::OrderMatched(_)
        | ParcelEvent::KeptOvernight(_)
        | ParcelEvent::LateScanNoted(_)
        | ParcelEvent::Disputed(_)
        | ParcelEvent::DisputeSettled(_)
        | ParcelEvent::Photographed(_) => None,
    }
}

/// RFC 3339 with milliseconds, as the standard asks for.
fn moment(at: Timestamp) -> String {
    format!("{at:.3}")
}

/// The offset of the community's time zone at a moment: `+08:00`.
fn offset(at: Timestamp, zone: &TimeZone) -> String {
    let seconds = zone.to_offset(at).seconds();
    let (sign, minutes) = (if seconds < 0 { '-' } else { '+' }, seconds.abs() / 60);
    format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

/// A name in a URN: everything but letters, digits and `-._` percent-encoded.
fn encoded(name: &str) -> String {
    use std::fmt::Write as _;
    name.bytes().fold(String::new(), |mut text, byte| {
        if byte.is_ascii_alphanumeric() || b"-._".contains(&byte) {
            text.push(char::from(byte));
        } else {
            // Writing to a text cannot fail.
            write!(text, "%{byte:02X}").unwrap_or_default();
        }
        text
    })
}
