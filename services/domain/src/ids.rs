//! One type per id, so that no id can stand where another is meant.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use uuid::Uuid;

use crate::text::as_text;

/// Declares an id that is a UUID.
macro_rules! uuid_id {
    ($($(#[$attribute:meta])* $name:ident;)+) => {$(
        $(#[$attribute])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
            JsonSchema,
        )]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, uuid::Error> {
                Uuid::try_parse(text).map(Self)
            }
        }
    )+};
}

uuid_id! {
    /// One delivery to the engine: made and kept by whoever sends it (a version 7
    /// UUID), the same on every retry.
    CommandId;
    /// One household.
    HouseholdId;
    /// One order.
    OrderId;
    /// One parcel; see [`ParcelId::derive`].
    ParcelId;
    /// One courier's trip.
    RunId;
    /// One arrival slot; whoever books it makes it.
    SlotId;
    /// One volunteer or worker.
    VolunteerId;
}

/// The longest label, in characters.
pub const LABEL_CHARS_MAX: usize = 40;

/// A text that is no name of ours: the rule that it breaks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LabelError {
    /// Nothing but white space.
    #[error("it is empty")]
    Empty,
    /// More than [`LABEL_CHARS_MAX`] characters.
    #[error("it is longer than {LABEL_CHARS_MAX} characters")]
    TooLong,
    /// A control character, or white space at an end.
    #[error("it has a control character, or white space at an end")]
    NotPrintable,
    /// A character that this kind of name does not have.
    #[error("it may hold only lower-case letters, digits and hyphens")]
    NotASlug,
}

/// Checks a printable label: 1 to 40 characters, any script, no control characters.
fn check_label(text: &str) -> Result<(), LabelError> {
    if text.is_empty() {
        return Err(LabelError::Empty);
    }
    if text.chars().count() > LABEL_CHARS_MAX {
        return Err(LabelError::TooLong);
    }
    if text.chars().any(char::is_control) || text.trim() != text {
        return Err(LabelError::NotPrintable);
    }
    Ok(())
}

/// Checks a slug: a label of lower-case ASCII letters, digits and hyphens.
fn check_slug(text: &str) -> Result<(), LabelError> {
    check_label(text)?;
    let slug = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if text.chars().all(slug) { Ok(()) } else { Err(LabelError::NotASlug) }
}

/// Declares an id that is a short text, checked wherever it enters.
macro_rules! text_id {
    ($($(#[$attribute:meta])* $name:ident: $check:ident;)+) => {$(
        $(#[$attribute])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, JsonSchema)]
        #[schemars(with = "String")]
        pub struct $name(SmolStr);

        as_text!($name);

        impl $name {
            /// The text itself.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = LabelError;

            fn from_str(text: &str) -> Result<Self, LabelError> {
                $check(text)?;
                Ok(Self(text.into()))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )+};
}

text_id! {
    /// One sealed community; the tenant. Part of every stream name.
    CommunityId: check_slug;
    /// Who did it: a person's badge or a named process, never a person's name.
    ActorId: check_slug;
    /// The device it was done with.
    DeviceId: check_slug;
    /// A gate of the community.
    GateId: check_label;
    /// A grid, as people say it: `3`.
    GridId: check_label;
    /// A building, as people say it: `10`, `B`, `邮电宿舍`.
    BuildingId: check_label;
    /// A unit (stairwell) of a building. A building without units has one, `1`.
    UnitId: check_label;
    /// A room, as it stands on the door: `301`, `301A`.
    RoomId: check_label;
    /// A zone.
    ZoneId: check_label;
    /// A point where paths of the compound meet.
    CrossingId: check_label;
    /// A path of the compound, between two crossings.
    PathId: check_label;
    /// A table, cart, crate or bag that holds parcels.
    ContainerId: check_label;
    /// What people at the gate know a delivery by: a merchant or a group buy, never a person.
    ArrivalLabel: check_label;
    /// A recall, by the name under which it was announced.
    RecallId: check_label;
    /// A shelf of the intake point.
    ShelfCode: check_label;
    /// A carrier, by its usual short code in lower case: `sf`, `yto`, `ems`; `own` for our own
    /// labels.
    CarrierId: check_slug;
}

/// A waybill: the carrier and the number that it printed.
///
/// The same digits fit several carriers, so the carrier is always scanned or chosen, never guessed.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub struct Waybill {
    /// Who printed it.
    pub carrier: CarrierId,
    /// The number, normalised: upper-case letters, digits and hyphens.
    pub number: WaybillNumber,
}

/// A waybill number: 4 to 40 upper-case ASCII letters, digits and hyphens.
///
/// The bounds are those of the widest published carrier pattern (SF: `[A-Za-z0-9-]{4,35}`), with
/// room for an SSCC behind a GS1 application identifier.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, JsonSchema)]
#[schemars(with = "String")]
pub struct WaybillNumber(SmolStr);

as_text!(WaybillNumber);

/// A text that is no waybill number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a waybill number has 4 to 40 letters, digits and hyphens")]
pub struct WaybillNumberError;

impl WaybillNumber {
    /// The number itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for WaybillNumber {
    type Err = WaybillNumberError;

    fn from_str(text: &str) -> Result<Self, WaybillNumberError> {
        let legal = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '-';
        if (4..=40).contains(&text.len()) && text.chars().all(legal) {
            Ok(Self(text.into()))
        } else {
            Err(WaybillNumberError)
        }
    }
}

impl fmt::Display for WaybillNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The namespace of every id that the engine derives (a random UUID, fixed for ever).
const NAMESPACE: Uuid = Uuid::from_u128(0x8f0c_53b2_6f1e_4d0a_9a57_2d6f_3c11_e6b4);

impl ParcelId {
    /// Derives the id of a piece, so that a second arrival scan of the same waybill meets the same
    /// parcel without an index.
    ///
    /// `piece` counts from 1. `generation` is 0, and one more each time a number is met again long
    /// after its parcel was closed.
    pub fn derive(community: &CommunityId, waybill: &Waybill, piece: u16, generation: u16) -> Self {
        let Waybill { carrier, number } = waybill;
        let name = format!("parcel\n{community}\n{carrier}\n{number}\n{piece}\n{generation}");
        Self(Uuid::new_v5(&NAMESPACE, name.as_bytes()))
    }
}

impl OrderId {
    /// Derives the id of an order that came in a list, so that the same list read again meets the
    /// same order. `key` is the list's own number of it, or what tells it from others.
    pub fn derive(community: &CommunityId, channel: &str, key: &str) -> Self {
        let name = format!("order\n{community}\n{channel}\n{key}");
        Self(Uuid::new_v5(&NAMESPACE, name.as_bytes()))
    }
}

impl RunId {
    /// Derives the id of a run that a plan proposes, so that whoever carries the plan out a second
    /// time meets the same run.
    ///
    /// `wave` counts the waves of the day from 1, `index` the runs of the wave from 0.
    pub fn derive(community: &CommunityId, day: Date, wave: u32, index: u32) -> Self {
        let name = format!("run\n{community}\n{day}\n{wave}\n{index}");
        Self(Uuid::new_v5(&NAMESPACE, name.as_bytes()))
    }
}

impl CommandId {
    /// Derives the id of the event at `index` of this command, so that a re-sent command appends
    /// nothing new in any log.
    pub fn event_id(self, index: usize) -> Uuid {
        Uuid::new_v5(&self.0, index.to_string().as_bytes())
    }

    /// Derives the id of a command that follows from this one: the same cause and step always give
    /// the same id.
    #[must_use]
    pub fn follow_up(self, step: &str) -> Self {
        Self(Uuid::new_v5(&NAMESPACE, format!("follow-up\n{self}\n{step}").as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_printable_and_short() {
        assert_eq!("邮电宿舍".parse::<BuildingId>().unwrap().as_str(), "邮电宿舍");
        assert_eq!("".parse::<GridId>(), Err(LabelError::Empty));
        assert_eq!(" 3".parse::<GridId>(), Err(LabelError::NotPrintable));
        assert_eq!("3\u{7}".parse::<GridId>(), Err(LabelError::NotPrintable));
        assert_eq!("x".repeat(41).parse::<GridId>(), Err(LabelError::TooLong));
        assert_eq!("Fumin".parse::<CommunityId>(), Err(LabelError::NotASlug));
        assert_eq!("fumin.garden".parse::<CommunityId>(), Err(LabelError::NotASlug));
    }

    #[test]
    fn waybill_numbers_are_untrusted() {
        assert!("SF1234567890123".parse::<WaybillNumber>().is_ok());
        for bad in ["sf123", "123", "12 34", "1234😀", "1234\n", &"1".repeat(41)] {
            assert!(bad.parse::<WaybillNumber>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn the_same_waybill_is_the_same_parcel() {
        let community: CommunityId = "fumin-garden".parse().unwrap();
        let waybill = |carrier: &str| Waybill {
            carrier: carrier.parse().unwrap(),
            number: "773123456789".parse().unwrap(),
        };
        let id = ParcelId::derive(&community, &waybill("sto"), 1, 0);
        assert_eq!(id, ParcelId::derive(&community, &waybill("sto"), 1, 0));
        assert_ne!(id, ParcelId::derive(&community, &waybill("zto"), 1, 0));
        assert_ne!(id, ParcelId::derive(&community, &waybill("sto"), 2, 0));
        assert_ne!(id, ParcelId::derive(&community, &waybill("sto"), 1, 1));
    }

    /// Ids lie in stored logs: a changed derivation would meet none of the old streams.
    #[test]
    fn derivations_are_frozen() {
        let waybill =
            Waybill { carrier: "sf".parse().unwrap(), number: "SF1234567890123".parse().unwrap() };
        let parcel = ParcelId::derive(&"fumin-garden".parse().unwrap(), &waybill, 1, 0);
        let command = CommandId(Uuid::from_u128(7));
        let frozen = format!("{parcel} {} {}", command.event_id(0), command.follow_up("load"));
        assert_eq!(
            frozen,
            "8c992fc6-21bf-5cde-adc1-28f239b4db74 db6bf123-49ca-53a3-9c8e-62d61642f311 \
             63cac9f3-3060-5153-a56a-ed8e172b472c"
        );
        let day = "2022-11-20".parse().unwrap();
        let run = RunId::derive(&"fumin-garden".parse().unwrap(), day, 1, 0);
        assert_eq!(run.to_string(), "7427f7ad-56ac-542e-ae7d-597fda4f5b11");
    }
}
