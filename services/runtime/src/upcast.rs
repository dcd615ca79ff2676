//! Old shapes of events, brought to today's on reading. A stored event is never rewritten.

use std::borrow::Cow;

use serde_json::Value;

/// One step from a version of an event's shape to the next.
pub struct Upcast {
    /// The event type as it was stored.
    pub event_type: &'static str,
    /// The version that the step starts from; it ends one higher.
    pub from_version: u16,
    /// The step; pure.
    pub step: fn(Value) -> Value,
}

/// Every step there is. All events are in their first version today.
const STEPS: &[Upcast] = &[];

/// The version that events of this type are written in today.
pub fn current_version(event_type: &str) -> u16 {
    current_version_in(STEPS, event_type)
}

/// Brings a payload to today's shape.
///
/// # Errors
/// A payload that is no JSON.
pub fn to_current<'a>(
    event_type: &str,
    version: u16,
    payload: &'a [u8],
) -> serde_json::Result<Cow<'a, [u8]>> {
    apply(STEPS, event_type, version, payload)
}

fn current_version_in(steps: &[Upcast], event_type: &str) -> u16 {
    let of_type = steps.iter().filter(|step| step.event_type == event_type);
    of_type.map(|step| step.from_version + 1).max().unwrap_or(1)
}

fn apply<'a>(
    steps: &[Upcast],
    event_type: &str,
    version: u16,
    payload: &'a [u8],
) -> serde_json::Result<Cow<'a, [u8]>> {
    let current = current_version_in(steps, event_type);
    if version >= current {
        return Ok(Cow::Borrowed(payload));
    }
    let mut value: Value = serde_json::from_slice(payload)?;
    for from_version in version..current {
        let step = steps
            .iter()
            .find(|step| step.event_type == event_type && step.from_version == from_version);
        if let Some(Upcast { step, .. }) = step {
            value = step(value);
        }
    }
    serde_json::to_vec(&value).map(Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEPS: &[Upcast] = &[
        Upcast { event_type: "ShelfNamed", from_version: 1, step: split_code },
        Upcast { event_type: "ShelfNamed", from_version: 2, step: add_side },
    ];

    fn split_code(mut old: Value) -> Value {
        let code = old["code"].as_str().unwrap_or_default().to_owned();
        let (row, place) = code.split_once('-').unwrap_or((&code, ""));
        old["row"] = row.into();
        old["place"] = place.into();
        old
    }

    fn add_side(mut old: Value) -> Value {
        old["side"] = "left".into();
        old
    }

    fn upcast(version: u16, payload: &str) -> Value {
        let current = apply(STEPS, "ShelfNamed", version, payload.as_bytes()).unwrap();
        serde_json::from_slice(&current).unwrap()
    }

    #[test]
    fn every_step_from_the_stored_version_on_is_taken() {
        let first = upcast(1, r#"{"code":"A-7"}"#);
        assert_eq!((&first["row"], &first["place"]), (&"A".into(), &"7".into()));
        assert_eq!(first["side"], "left");
        assert_eq!(upcast(2, r#"{"row":"B"}"#)["side"], "left");
        assert_eq!(current_version_in(STEPS, "ShelfNamed"), 3);
    }

    #[test]
    fn today_s_shape_is_passed_on_as_it_is() {
        let payload = br#"{"row":"B","side":"right"}"#;
        assert!(matches!(apply(STEPS, "ShelfNamed", 3, payload), Ok(Cow::Borrowed(_))));
        assert_eq!(current_version("ParcelArrived"), 1);
    }
}
