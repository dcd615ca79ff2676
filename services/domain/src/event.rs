//! Events as data: each event is a struct, each aggregate's events are an enum of those structs.

use serde::Serializer;
use serde::de::{Deserializer, Error as _};

/// An aggregate's events, as the codec sees them.
///
/// The stored event type is the name of the event's struct (`ParcelArrived`) and the payload is
/// that struct alone, so that decoding knows the shape before it reads the first byte.
pub trait DomainEvent: Sized {
    /// Every stored event type of the aggregate, in the order of the enum.
    const TYPES: &'static [&'static str];

    /// The stored event type, in `PascalCase` and the past tense.
    fn event_type(&self) -> &'static str;

    /// Writes the payload, without the event type.
    ///
    /// # Errors
    /// Whatever the serializer reports.
    fn encode<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error>;

    /// Reads a payload of a known event type.
    ///
    /// # Errors
    /// An unknown event type, or a payload of another shape.
    fn decode<'de, D: Deserializer<'de>>(event_type: &str, payload: D) -> Result<Self, D::Error>;

    /// The JSON schema of every payload, by event type.
    fn schemas() -> Vec<(&'static str, schemars::Schema)>;
}

/// The error of `decode` for a type that no event of the aggregate has.
pub(crate) fn unknown_type<'de, D: Deserializer<'de>>(event_type: &str) -> D::Error {
    D::Error::custom(format_args!("unknown event type `{event_type}`"))
}

/// Declares the enum of an aggregate's events over their structs.
macro_rules! events {
    ($(#[$attribute:meta])* pub enum $name:ident { $($variant:ident($payload:ident),)+ }) => {
        $(#[$attribute])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum $name {
            $(
                #[doc = concat!("See [`", stringify!($payload), "`].")]
                $variant($payload),
            )+
        }

        $(
            impl From<$payload> for $name {
                fn from(event: $payload) -> Self {
                    Self::$variant(event)
                }
            }
        )+

        impl $crate::event::DomainEvent for $name {
            const TYPES: &'static [&'static str] = &[$(stringify!($payload)),+];

            fn event_type(&self) -> &'static str {
                match self { $(Self::$variant(_) => stringify!($payload)),+ }
            }

            fn encode<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self { $(Self::$variant(event) => event.serialize(serializer)),+ }
            }

            fn decode<'de, D: serde::Deserializer<'de>>(
                event_type: &str,
                payload: D,
            ) -> Result<Self, D::Error> {
                match event_type {
                    $(stringify!($payload) => $payload::deserialize(payload).map(Self::$variant),)+
                    other => Err($crate::event::unknown_type::<D>(other)),
                }
            }

            fn schemas() -> Vec<(&'static str, schemars::Schema)> {
                vec![$((stringify!($payload), schemars::schema_for!($payload))),+]
            }
        }
    };
}
pub(crate) use events;
