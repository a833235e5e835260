//! What wheels meet: the surface, smoothness, width and incline of a way, and the obstacle on a node. Everything fits
//! in one word per segment, so a change of the profile settings needs no new import.

use super::access::{AccessMode, Kind};
use super::profile::ProfileParams;
pub use super::surface::{Obstacle, SacScale, Smoothness, Surface};

/// The properties of a way that concern wheels.
#[derive(Debug, Clone, Copy)]
pub struct WayGround {
    /// The `surface` tag.
    pub surface: Option<Surface>,
    /// The `smoothness` tag, or its equivalent from other tags.
    pub smoothness: Option<Smoothness>,
    /// Clear width in metres.
    pub width_m: Option<f64>,
    /// Rise over run, without a sign.
    pub incline: Option<f64>,
    /// The `sac_scale` tag.
    pub sac_scale: SacScale,
    /// `wheelchair=yes`: confirmed on site.
    pub wheelchair_fits: bool,
    /// `stroller=yes`.
    pub stroller_fits: bool,
    /// Pedestrians use the sidewalk; the tagged surface is that of the carriageway.
    pub has_sidewalk: bool,
}

/// The properties of a node that concern wheels.
#[derive(Debug, Clone, Copy, Default)]
pub struct NodeGround {
    /// The obstacle on the node.
    pub obstacle: Option<Obstacle>,
    /// Height of a kerb or a step in metres, if tagged.
    pub step_m: Option<f64>,
    /// Clear width in metres.
    pub width_m: Option<f64>,
    /// `wheelchair=yes`: confirmed on site; nothing here stops wheels.
    pub wheelchair_fits: bool,
    /// `stroller=yes`.
    pub stroller_fits: bool,
}

/// What wheels meet on a segment, packed into bits. For a way: surface (6 bits), smoothness (4), width (6), incline
/// (9), `sac_scale` (3). For a gate: the obstacle in place of the surface, and the height of its step in place of the
/// incline.
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

/// Widths are stored in steps of 5 cm, rounded down. Anything wider than the last step is wide enough for every
/// profile.
const WIDTH_STEP_M: f64 = 0.05;
const WIDEST: f64 = 63.0;
/// Inclines and steps are stored in thousandths (of the run, or of a metre), capped at this.
const STEEPEST: f64 = 511.0;
/// Slopes and heights within this tolerance of a limit meet it, because heights are stored in 32 bits.
const TOLERANCE: f64 = 1e-5;

fn width_bits(width_m: Option<f64>) -> u32 {
    let steps = width_m.map_or(0.0, |m| (m / WIDTH_STEP_M + 1e-6).floor());
    // A width of zero is a mapping error and is ignored.
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
            way.surface.map_or(0, Surface::to_bits)
                | way.smoothness.map_or(0, Smoothness::to_bits) << SMOOTHNESS
                | width_bits(way.width_m)
                | thousandths(way.incline)
                | (way.sac_scale.to_bits() - 1) << SAC_SCALE
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
            node.obstacle.map_or(0, Obstacle::to_bits)
                | width_bits(node.width_m)
                | thousandths(node.step_m)
                | flag(node.stroller_fits, STROLLER_FITS),
        )
    }
}

impl Ground {
    /// Converts the last word of a segment in the prepared file. Ferries, cable cars and lifts use that word for their
    /// times, and have no ground.
    #[must_use]
    pub const fn of_segment(kind: Kind, extra: u32) -> Self {
        match kind {
            Kind::Street | Kind::Path | Kind::Plaza | Kind::Steps | Kind::Gate => Self(extra),
            Kind::Escalator | Kind::Lift | Kind::Ferry | Kind::Aerialway | Kind::Funicular | Kind::OffNetwork => {
                Self(0)
            }
        }
    }

    /// Returns the bits stored in the prepared file.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Returns the surface of a way.
    #[must_use]
    pub fn surface(self) -> Option<Surface> {
        Surface::from_bits(self.0 & 63)
    }

    /// Returns the obstacle on a node.
    #[must_use]
    pub fn obstacle(self) -> Option<Obstacle> {
        Obstacle::from_bits(self.0 & 63)
    }

    /// Returns the smoothness of a way.
    #[must_use]
    pub fn smoothness(self) -> Option<Smoothness> {
        Smoothness::from_bits(self.0 >> SMOOTHNESS & 15)
    }

    /// Returns the clear width in metres, if it is known and small.
    #[must_use]
    pub fn width_m(self) -> Option<f64> {
        let steps = self.0 >> WIDTH & 63;
        (steps > 0).then(|| f64::from(steps) * WIDTH_STEP_M)
    }

    /// Returns the tagged incline of a way (rise over run, 0 if none), or the step height of a node in metres.
    #[must_use]
    pub fn incline(self) -> f64 {
        f64::from(self.0 >> HEIGHT & 511) / 1000.0
    }

    /// Returns the difficulty of a hiking path.
    #[must_use]
    pub fn sac_scale(self) -> SacScale {
        SacScale::from_bits((self.0 >> SAC_SCALE & 7) + 1).unwrap_or(SacScale::NONE)
    }

    const fn has(self, bit: u32) -> bool {
        self.0 & bit != 0
    }

    /// Returns whether it is confirmed on site that this mode can pass, regardless of other tags.
    const fn fits(self, mode: AccessMode) -> bool {
        match mode {
            AccessMode::Wheelchair => self.has(WHEELCHAIR_FITS),
            AccessMode::Stroller => self.has(WHEELCHAIR_FITS | STROLLER_FITS),
            AccessMode::Foot | AccessMode::Bicycle => false,
        }
    }

    /// Returns whether the tagged surface does not apply to this mode because it uses the sidewalk.
    const fn uses_sidewalk(self, mode: AccessMode) -> bool {
        self.has(SIDEWALK) && !matches!(mode, AccessMode::Bicycle)
    }

    /// Returns whether the ground stops this profile. For slopes, see [`Ground::is_steeper_than`].
    #[must_use]
    pub fn stops(self, kind: Kind, params: &ProfileParams) -> bool {
        if self.0 == 0 || self.fits(params.access) {
            return false;
        }
        let is_narrow = self.width_m().is_some_and(|w| w < params.min_width_m - TOLERANCE);
        if kind == Kind::Gate {
            let step_m = self.incline();
            let is_barred = self.obstacle().is_some_and(|o| params.barred_barriers.contains(&o));
            // A tagged height overrides the kind of obstacle.
            return is_narrow || if step_m > 0.0 { step_m > params.max_step_m + TOLERANCE } else { is_barred };
        }
        if self.sac_scale() > params.worst_sac_scale {
            return true;
        }
        !self.uses_sidewalk(params.access)
            && (is_narrow
                || self.smoothness().is_some_and(|s| s > params.worst_smoothness)
                || self.surface().is_some_and(|s| params.barred_surfaces.contains(&s)))
    }

    /// Returns whether the tagged incline, or the slope between `heights` (at equal distances along the way), exceeds
    /// the limit of the profile. A way no longer than `short_ramp_m` may be as steep as `short_ramp_slope`.
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

    /// Returns the maximum speed that surface and smoothness allow, m/s.
    #[must_use]
    pub fn speed_limit_m_s(self, params: &ProfileParams) -> f64 {
        if self.0 == 0 || self.uses_sidewalk(params.access) {
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
