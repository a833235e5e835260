//! What wheels meet: the surface of a way, its smoothness, width and incline, and what stands on a node. All of it is in
//! one word a segment, so that a change of the settings needs no new import.

use super::access::Kind;
use super::profile::{AccessMode, ProfileParams};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A value of OpenStreetMap that is kept as its number in a table. Its name is what settings use.
macro_rules! named {
    ($(#[$doc:meta])* $name:ident, $what:literal, $table:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u8);

        impl $name {
            /// All names, in order.
            pub const NAMES: &'static [&'static str] = $table;

            /// By its name.
            #[must_use]
            pub fn named(name: &str) -> Option<Self> {
                Self::NAMES.iter().position(|n| *n == name).map(|i| Self(i as u8))
            }

            /// Its name.
            #[must_use]
            pub fn name(self) -> &'static str {
                Self::NAMES.get(usize::from(self.0)).copied().unwrap_or("")
            }

            /// From its number plus one; 0 and numbers past the table are `None`.
            fn from_bits(bits: u32) -> Option<Self> {
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
                    let known = Self::NAMES.join(", ");
                    D::Error::custom(format!("unknown {} \"{text}\": expected one of {known}", $what))
                })
            }
        }
    };
}

named!(
    /// What a way is made of: the values of `surface` that are read.
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
    /// How even a way is, from best to worst: the values of `smoothness`.
    Smoothness,
    "smoothness",
    &["excellent", "good", "intermediate", "bad", "very_bad", "horrible", "very_horrible", "impassable"]
);

named!(
    /// How hard a hiking path is, from easiest to hardest: the values of `sac_scale`; `none` is no hiking path.
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
    /// What stands on a node and may stop wheels: the values of `barrier` that are read so.
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
    /// From a tag: one value, or the first known one of a list; spellings that mean the same count as one.
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
    /// No hiking path.
    pub const NONE: Self = Self(0);
    /// A path for hikers.
    pub const HIKING: Self = Self(1);
}

/// What is known of a way as far as wheels go.
#[derive(Debug, Clone, Copy)]
pub struct WayGround {
    pub surface: Option<Surface>,
    pub smoothness: Option<Smoothness>,
    pub width_m: Option<f64>,
    /// Rise over run, without a sign.
    pub incline: Option<f64>,
    pub sac_scale: SacScale,
    /// `wheelchair=yes`: somebody has looked.
    pub wheelchair_fits: bool,
    /// `stroller=yes`.
    pub stroller_fits: bool,
    /// Whoever walks is on the sidewalk; the surface told is that of the carriageway.
    pub has_sidewalk: bool,
}

/// What is known of what stands on a node as far as wheels go.
#[derive(Debug, Clone, Copy, Default)]
pub struct NodeGround {
    pub obstacle: Option<Obstacle>,
    /// Height of a kerb or a step, where it is told.
    pub step_m: Option<f64>,
    /// Clear width.
    pub width_m: Option<f64>,
    /// `wheelchair=yes`: somebody has looked, and nothing here stops wheels.
    pub wheelchair_fits: bool,
    /// `stroller=yes`.
    pub stroller_fits: bool,
}

/// What wheels meet on a segment, as bits. Of a way: surface (6 bits), smoothness (4), width (6), incline (9), `sac_scale`
/// (3); of a gate: what stands there in place of the surface, and the height of its step in place of the incline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(transparent)]
pub struct Ground(u32);

const SMOOTHNESS: u32 = 6;
const WIDTH: u32 = 10;
const HEIGHT: u32 = 16;
const SAC_SCALE: u32 = 25;
const WHEELCHAIR_FITS: u32 = 1 << 28;
const STROLLER_FITS: u32 = 1 << 29;
const SIDEWALK: u32 = 1 << 30;

/// Widths are kept in steps of 5 cm, rounded down; what is wider than the last step is wide enough for everyone.
const WIDTH_STEP_M: f64 = 0.05;
const WIDEST: f64 = 63.0;
/// Inclines and steps are kept in thousandths (of the run, of a metre), up to the last one.
const STEEPEST: f64 = 511.0;
/// Slopes and heights this near to a limit keep it: heights are stored in 32 bits.
const TOLERANCE: f64 = 1e-5;

fn width_bits(width_m: Option<f64>) -> u32 {
    let steps = width_m.map_or(0.0, |m| (m / WIDTH_STEP_M + 1e-6).floor());
    // Nothing passes where there is no width: that is a mistake of the map.
    if (1.0..=WIDEST).contains(&steps) { (steps as u32) << WIDTH } else { 0 }
}

fn thousandths(value: Option<f64>) -> u32 {
    value.map_or(0, |v| ((v.abs() * 1000.0).round().min(STEEPEST) as u32) << HEIGHT)
}

const fn flag(set: bool, bit: u32) -> u32 {
    if set { bit } else { 0 }
}

impl From<WayGround> for Ground {
    fn from(way: WayGround) -> Self {
        Self(
            way.surface.map_or(0, |s| u32::from(s.0) + 1)
                | way.smoothness.map_or(0, |s| (u32::from(s.0) + 1) << SMOOTHNESS)
                | width_bits(way.width_m)
                | thousandths(way.incline)
                | u32::from(way.sac_scale.0) << SAC_SCALE
                | flag(way.wheelchair_fits, WHEELCHAIR_FITS)
                | flag(way.stroller_fits, STROLLER_FITS)
                | flag(way.has_sidewalk, SIDEWALK),
        )
    }
}

impl From<NodeGround> for Ground {
    fn from(node: NodeGround) -> Self {
        let stops = node.obstacle.is_some() || node.step_m.is_some() || width_bits(node.width_m) > 0;
        if !stops || node.wheelchair_fits {
            return Self::default();
        }
        Self(
            node.obstacle.map_or(0, |o| u32::from(o.0) + 1)
                | width_bits(node.width_m)
                | thousandths(node.step_m)
                | flag(node.stroller_fits, STROLLER_FITS),
        )
    }
}

impl Ground {
    /// From the last word of a segment in the prepared file, which ferries, cable cars and lifts use for their times.
    #[must_use]
    pub const fn of_segment(kind: Kind, extra: u32) -> Self {
        match kind {
            Kind::Street | Kind::Path | Kind::Plaza | Kind::Steps | Kind::Gate => Self(extra),
            Kind::Escalator | Kind::Lift | Kind::Ferry | Kind::Aerialway | Kind::Funicular | Kind::OffNetwork => {
                Self(0)
            }
        }
    }

    /// As the prepared file keeps it.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// What a way is made of.
    #[must_use]
    pub fn surface(self) -> Option<Surface> {
        Surface::from_bits(self.0 & 63)
    }

    /// What stands on a node.
    #[must_use]
    pub fn obstacle(self) -> Option<Obstacle> {
        Obstacle::from_bits(self.0 & 63)
    }

    /// How even a way is.
    #[must_use]
    pub fn smoothness(self) -> Option<Smoothness> {
        Smoothness::from_bits(self.0 >> SMOOTHNESS & 15)
    }

    /// The clear width in metres, where it is known and small.
    #[must_use]
    pub fn width_m(self) -> Option<f64> {
        let steps = self.0 >> WIDTH & 63;
        (steps > 0).then(|| f64::from(steps) * WIDTH_STEP_M)
    }

    /// The incline that is tagged (rise over run), 0 for none; of a node, the height of its step in metres.
    #[must_use]
    pub fn incline(self) -> f64 {
        f64::from(self.0 >> HEIGHT & 511) / 1000.0
    }

    /// How hard a hiking path it is.
    #[must_use]
    pub fn sac_scale(self) -> SacScale {
        SacScale::from_bits((self.0 >> SAC_SCALE & 7) + 1).unwrap_or(SacScale::NONE)
    }

    const fn has(self, bit: u32) -> bool {
        self.0 & bit != 0
    }

    /// Has somebody found that this mode can pass, whatever else is told?
    const fn fits(self, mode: AccessMode) -> bool {
        match mode {
            AccessMode::Wheelchair => self.has(WHEELCHAIR_FITS),
            AccessMode::Stroller => self.has(WHEELCHAIR_FITS | STROLLER_FITS),
            AccessMode::Foot | AccessMode::Bicycle => false,
        }
    }

    /// Does the surface told not concern this mode, because it is beside it on the sidewalk?
    const fn is_beside(self, mode: AccessMode) -> bool {
        self.has(SIDEWALK) && !matches!(mode, AccessMode::Bicycle)
    }

    /// Does it stop this profile? Slopes are another question ([`Ground::is_steeper_than`]).
    #[must_use]
    pub fn bars(self, kind: Kind, params: &ProfileParams) -> bool {
        if self.0 == 0 || self.fits(params.access) {
            return false;
        }
        let is_narrow = self.width_m().is_some_and(|w| w < params.min_width_m - TOLERANCE);
        if kind == Kind::Gate {
            let step_m = self.incline();
            let is_barred = self.obstacle().is_some_and(|o| params.barred_barriers.contains(&o));
            // A height that is told says more than the kind.
            return is_narrow || if step_m > 0.0 { step_m > params.max_step_m + TOLERANCE } else { is_barred };
        }
        if self.sac_scale() > params.worst_sac_scale {
            return true;
        }
        !self.is_beside(params.access)
            && (is_narrow
                || self.smoothness().is_some_and(|s| s > params.worst_smoothness)
                || self.surface().is_some_and(|s| params.barred_surfaces.contains(&s)))
    }

    /// Is the tagged incline, or are the heights at equal distances along a way, steeper than the profile can take? What is
    /// shorter than a short ramp may be as steep as one.
    #[must_use]
    pub fn is_steeper_than(self, params: &ProfileParams, length_m: f64, heights: &[f32]) -> bool {
        let limit = if length_m <= params.short_ramp_m {
            params.max_slope.max(params.short_ramp_slope)
        } else {
            params.max_slope
        } + TOLERANCE;
        let piece_m = length_m / heights.len().saturating_sub(1).max(1) as f64;
        self.incline() > limit || heights.windows(2).any(|h| f64::from((h[1] - h[0]).abs()) > limit * piece_m)
    }

    /// The speed that surface and smoothness allow, m/s.
    #[must_use]
    pub fn speed_limit_m_s(self, params: &ProfileParams) -> f64 {
        if self.0 == 0 || self.is_beside(params.access) {
            return f64::INFINITY;
        }
        let by_surface = self.surface().and_then(|s| params.surface_kmh.get(&s));
        let by_smoothness = self.smoothness().and_then(|s| params.smoothness_kmh.get(&s));
        [by_surface, by_smoothness].into_iter().flatten().fold(f64::INFINITY, |v, kmh| v.min(kmh / 3.6))
    }
}

#[cfg(test)]
#[path = "ground_tests.rs"]
mod tests;
