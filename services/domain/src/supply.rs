//! What is delivered: categories, sizes, and how each is treated on its way in.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is inside, as far as delivery cares.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    /// A cooked meal (餐食): before noon or before evening, never overnight.
    Meal,
    /// Fresh food (生鲜): in the morning, never overnight.
    Produce,
    /// Any other goods (包裹): in the afternoon or evening.
    ParcelGoods,
    /// Medicine (药品): at once.
    Medicine,
    /// A relief pack (配给物资).
    Ration,
}

impl Category {
    /// Every category, in the order of the intake screen's keys.
    pub const ALL: [Self; 5] =
        [Self::Meal, Self::Produce, Self::ParcelGoods, Self::Medicine, Self::Ration];

    /// Whether it spoils: then it never stays overnight, for any reason.
    pub fn is_perishable(self) -> bool {
        match self {
            Self::Meal | Self::Produce => true,
            Self::ParcelGoods | Self::Medicine | Self::Ration => false,
        }
    }

    /// The stored and published name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Meal => "meal",
            Self::Produce => "produce",
            Self::ParcelGoods => "parcel_goods",
            Self::Medicine => "medicine",
            Self::Ration => "ration",
        }
    }
}

impl fmt::Display for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How much of a load one piece is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum SizeClass {
    /// An envelope or a small packet.
    Hand,
    /// A carrier bag.
    Bag,
    /// A box that one person carries under an arm.
    Box,
    /// A rice sack or a case of drinks.
    Heavy,
    /// A piece that needs two people.
    TwoPerson,
}

impl SizeClass {
    /// What one piece is taken to weigh when nobody has weighed it, in grams.
    pub fn assumed_weight_grams(self) -> u32 {
        match self {
            Self::Hand => 500,
            Self::Bag => 3_000,
            Self::Box => 5_000,
            Self::Heavy => 15_000,
            Self::TwoPerson => 30_000,
        }
    }

    /// What room one piece is taken to need, in millilitres.
    pub fn assumed_volume_millilitres(self) -> u32 {
        match self {
            Self::Hand => 2_000,
            Self::Bag => 10_000,
            Self::Box => 25_000,
            Self::Heavy => 30_000,
            Self::TwoPerson => 120_000,
        }
    }
}

/// How cold a piece must be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Cold {
    /// Room temperature.
    #[default]
    Ambient,
    /// In the fridge.
    Chilled,
    /// In the freezer.
    Frozen,
}

/// A load, counted: what a trip declares and what is put on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Load {
    /// Pieces.
    pub pieces: u32,
    /// Weight in grams.
    pub weight_grams: u32,
    /// Volume in millilitres.
    pub volume_millilitres: u32,
}

impl Load {
    /// This load with `other` on top.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            pieces: self.pieces.saturating_add(other.pieces),
            weight_grams: self.weight_grams.saturating_add(other.weight_grams),
            volume_millilitres: self.volume_millilitres.saturating_add(other.volume_millilitres),
        }
    }

    /// This load with `other` taken off.
    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        Self {
            pieces: self.pieces.saturating_sub(other.pieces),
            weight_grams: self.weight_grams.saturating_sub(other.weight_grams),
            volume_millilitres: self.volume_millilitres.saturating_sub(other.volume_millilitres),
        }
    }

    /// Whether it stays within `limit` in every measure.
    pub fn fits(self, limit: Self) -> bool {
        self.pieces <= limit.pieces
            && self.weight_grams <= limit.weight_grams
            && self.volume_millilitres <= limit.volume_millilitres
    }
}

/// What a trip costs the person who makes it.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    Serialize,
    Deserialize,
    JsonSchema,
)]
pub struct Effort {
    /// Floors climbed on foot.
    pub floors: u32,
    /// Floors climbed times kilograms carried, each stairwell counted with what goes up it.
    pub floor_kilograms: u32,
    /// Decimetres walked between the gate and the stairwells.
    pub walk_dm: u32,
}

impl Effort {
    /// This effort and another one.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            floors: self.floors.saturating_add(other.floors),
            floor_kilograms: self.floor_kilograms.saturating_add(other.floor_kilograms),
            walk_dm: self.walk_dm.saturating_add(other.walk_dm),
        }
    }
}

/// With what a piece is disinfected.
///
/// Alcohol is not among them: it must not be sprayed in a closed place (fire).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Agent {
    /// Chlorine solution, wiped or sprayed on the outside.
    Chlorine,
    /// Quaternary ammonium, wiped.
    QuaternaryAmmonium,
    /// Hydrogen peroxide, sprayed.
    HydrogenPeroxide,
    /// Ultraviolet light.
    Ultraviolet,
}

/// How a category is disinfected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DisinfectionRule {
    /// With what.
    pub agent: Agent,
    /// How long it must act before the piece may leave, in seconds.
    pub act_seconds: u32,
    /// Only the outer bag is treated, never the food.
    pub outer_bag_only: bool,
}
