//! The values of OpenStreetMap tags that matter to wheels: surface, smoothness, difficulty, obstacles.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Defines a type for the values of an OpenStreetMap tag, stored as an index into a table of names. Settings use the
/// names.
macro_rules! named {
    ($(#[$doc:meta])* $name:ident, $what:literal, $table:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u8);

        impl $name {
            /// All names, in order.
            pub const NAMES: &'static [&'static str] = $table;

            /// Returns the value with this name.
            #[must_use]
            pub fn named(name: &str) -> Option<Self> {
                Self::NAMES.iter().position(|n| *n == name).map(|i| Self(i as u8))
            }

            /// Returns the name of the value.
            #[must_use]
            pub fn name(self) -> &'static str {
                Self::NAMES.get(usize::from(self.0)).copied().unwrap_or("")
            }

            /// Returns the index plus one, the form stored in a [`Ground`](super::ground::Ground).
            pub(super) fn to_bits(self) -> u32 {
                u32::from(self.0) + 1
            }

            /// Converts an index plus one. Returns `None` for 0 and for numbers past the table.
            pub(super) fn from_bits(bits: u32) -> Option<Self> {
                let i = bits.checked_sub(1)?;
                ((i as usize) < Self::NAMES.len()).then_some(Self(i as u8))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.name())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                Self::named(&text).ok_or_else(|| {
                    let names = Self::NAMES.join(", ");
                    D::Error::custom(format!("unknown {} \"{text}\": expected one of {names}", $what))
                })
            }
        }
    };
}

named!(
    /// The surface of a way: the values of `surface` that are recognized.
    Surface,
    "surface",
    &[
        "paved",
        "asphalt",
        "chipseal",
        "concrete",
        "concrete:lanes",
        "concrete:plates",
        "paving_stones",
        "sett",
        "cobblestone",
        "unhewn_cobblestone",
        "bricks",
        "tiles",
        "metal",
        "metal_grid",
        "wood",
        "rubber",
        "artificial_turf",
        "unpaved",
        "compacted",
        "fine_gravel",
        "gravel",
        "pebblestone",
        "shells",
        "rock",
        "ground",
        "dirt",
        "earth",
        "clay",
        "mud",
        "sand",
        "grass",
        "grass_paver",
        "woodchips",
        "snow",
        "ice",
        "salt",
        "stepping_stones",
    ]
);

named!(
    /// The smoothness of a way, best to worst: the values of `smoothness`.
    Smoothness,
    "smoothness",
    &["excellent", "good", "intermediate", "bad", "very_bad", "horrible", "very_horrible", "impassable"]
);

named!(
    /// The difficulty of a hiking path, easiest to hardest: the values of `sac_scale`; `none` for other ways.
    SacScale,
    "sac_scale",
    &[
        "none",
        "hiking",
        "mountain_hiking",
        "demanding_mountain_hiking",
        "alpine_hiking",
        "demanding_alpine_hiking",
        "difficult_alpine_hiking",
    ]
);

named!(
    /// An obstacle on a node that may stop wheels: the recognized values of `barrier`.
    Obstacle,
    "barrier",
    &[
        "kerb",
        "step",
        "log",
        "block",
        "cycle_barrier",
        "motorcycle_barrier",
        "jersey_barrier",
        "cattle_grid",
        "stile",
        "horse_stile",
        "kissing_gate",
        "turnstile",
        "full-height_turnstile",
        "hampshire_gate",
    ]
);

impl Surface {
    /// Converts a tag: one value, or the first recognized value of a list. Spelling variants are unified.
    #[must_use]
    pub fn of_tag(text: &str) -> Option<Self> {
        text.split([';', '/', ',']).map(str::trim).find_map(|value| {
            let name = match value {
                "cobblestone:flattened" | "cobblestone_flattened" => "sett",
                "brick" | "brick_weave" | "paving_stones:brick" => "bricks",
                "tile" => "tiles",
                "pebbles" | "pebble" => "pebblestone",
                "soil" => "earth",
                "rocks" | "rocky" | "bare_rock" => "rock",
                "tartan" => "rubber",
                "mulch" | "bark" => "woodchips",
                "grid" | "metal_grating" => "metal_grid",
                other if other.starts_with("paving_stones:") => "paving_stones",
                other => other,
            };
            Self::named(name)
        })
    }
}

impl SacScale {
    /// Not a hiking path.
    pub const NONE: Self = Self(0);
    /// An easy hiking path.
    pub const HIKING: Self = Self(1);
}
