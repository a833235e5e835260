//! The parameters of a profile, and the speeds that follow from them.

use super::error::ProfileError;
use crate::access::AccessMode;
use crate::cycling::Rider;
use crate::surface::{Obstacle, SacScale, Smoothness, Surface};
use crate::units::Deciseconds;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The relation between slope and speed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SlopeModel {
    /// Tobler's hiking function.
    Walking,
    /// The power of a rider against gravity, rolling resistance and air drag.
    Cycling,
}

/// The parameters of one profile. Field names are the keys of `profiles.toml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "independent permissions, named as in the file")]
#[non_exhaustive]
pub struct ProfileParams {
    /// The access tags that apply.
    pub access: AccessMode,
    /// Speed on level ground, km/h.
    pub level_kmh: f64,
    /// The relation between slope and speed.
    pub slope_model: SlopeModel,
    /// Decay of speed with slope: 3.5 in Tobler's exp(-3.5 |g + 0.05|).
    pub slope_decay: f64,
    /// The (downhill) slope with the highest speed: 0.05 in Tobler's function.
    pub slope_offset: f64,
    /// Slopes are capped at plus and minus this value, rise over run.
    pub slope_cap: f64,
    /// Mass of rider, bicycle and baggage, kg.
    pub mass_kg: f64,
    /// Coefficient of rolling resistance of a bicycle.
    pub rolling_resistance: f64,
    /// Drag coefficient times frontal area of rider and bicycle, m².
    pub drag_area_m2: f64,
    /// Power on climbs, watts. On level ground and downhill, the power is that of `level_kmh` on level ground.
    pub climb_power_w: f64,
    /// Maximum speed downhill, km/h.
    pub downhill_kmh: f64,
    /// Maximum slope, rise over run. Steeper segments are not used in either direction.
    pub max_slope: f64,
    /// Maximum slope of segments no longer than `short_ramp_m`, rise over run.
    pub short_ramp_slope: f64,
    /// Maximum length of a short ramp, metres.
    pub short_ramp_m: f64,
    /// Worst `smoothness` that is used.
    pub worst_smoothness: Smoothness,
    /// Hardest `sac_scale` that is used.
    pub worst_sac_scale: SacScale,
    /// Surfaces that are not used.
    pub barred_surfaces: BTreeSet<Surface>,
    /// Maximum speed by surface, km/h.
    pub surface_kmh: BTreeMap<Surface, f64>,
    /// Maximum speed by smoothness, km/h.
    pub smoothness_kmh: BTreeMap<Smoothness, f64>,
    /// Minimum width, metres.
    pub min_width_m: f64,
    /// Barriers that cannot be passed, unless the height of their step is tagged.
    pub barred_barriers: BTreeSet<Obstacle>,
    /// Maximum height of a kerb or a single step, metres.
    pub max_step_m: f64,
    /// Whether stairs can be used.
    pub steps: bool,
    /// Speed up stairs, m/s along the horizontal.
    pub steps_up_m_s: f64,
    /// Speed down stairs, m/s along the horizontal.
    pub steps_down_m_s: f64,
    /// Whether ramps on stairs can be used if the stairs cannot.
    pub ramps: bool,
    /// Speed on a ramp on stairs in both directions, m/s along the horizontal.
    pub ramp_m_s: f64,
    /// Whether lifts can be used.
    pub lifts: bool,
    /// Waiting time for a lift, seconds.
    pub lift_wait_s: f64,
    /// Speed of a lift, m/s.
    pub lift_m_s: f64,
    /// Whether escalators can be used.
    pub escalators: bool,
    /// Speed of an escalator, m/s along the horizontal.
    pub escalator_m_s: f64,
    /// Whether ferries can be used.
    pub ferries: bool,
    /// Waiting time for a ferry, seconds.
    pub ferry_wait_s: f64,
    /// Speed of a ferry without a `duration` tag, km/h.
    pub ferry_kmh: f64,
    /// Whether cable cars and other aerialways can be used.
    pub aerialways: bool,
    /// Waiting time for a cable car, seconds.
    pub aerialway_wait_s: f64,
    /// Speed of a cable car without a `duration` tag, m/s.
    pub aerialway_m_s: f64,
    /// Whether funiculars can be used.
    pub funiculars: bool,
    /// Waiting time for a funicular, seconds.
    pub funicular_wait_s: f64,
    /// Speed of a funicular without a `duration` tag, m/s.
    pub funicular_m_s: f64,
    /// Speed of pushing a bicycle where cyclists must dismount, km/h.
    pub dismounted_kmh: f64,
    /// Speed of the off-network leg between a place and the street, as a share of the level speed.
    pub off_network_factor: f64,
    /// Snap limit, metres: a place farther from any street is not snapped to the network.
    pub snap_limit_m: f64,
}

impl ProfileParams {
    /// Returns the speed on level ground in m/s.
    #[must_use]
    pub fn level_m_s(&self) -> f64 {
        self.level_kmh / 3.6
    }

    /// Returns the off-network speed in m/s.
    #[must_use]
    pub fn off_network_m_s(&self) -> f64 {
        self.level_m_s() * self.off_network_factor
    }

    /// Returns the travel time of the off-network leg between a place and the street.
    #[must_use]
    pub fn off_network_time(&self, metres: f64) -> Deciseconds {
        Deciseconds::from_seconds(metres / self.off_network_m_s())
    }

    /// Returns the walking speed on a slope `g` (rise over run in the direction of travel), m/s:
    /// level speed x exp(-decay (|g + offset| - offset)), with g capped. Source: Tobler (1993), scaled to 1 on level
    /// ground.
    #[must_use]
    pub fn slope_m_s(&self, g: f64) -> f64 {
        let g = g.clamp(-self.slope_cap, self.slope_cap);
        self.level_m_s() * (-self.slope_decay * ((g + self.slope_offset).abs() - self.slope_offset)).exp()
    }

    /// Returns the speed of pushing a bicycle in m/s.
    #[must_use]
    pub fn dismounted_m_s(&self) -> f64 {
        self.dismounted_kmh / 3.6
    }

    /// Returns the speed on a slope `g` (rise over run in the direction of travel), m/s.
    #[must_use]
    pub fn speed_m_s(&self, g: f64) -> f64 {
        match self.slope_model {
            SlopeModel::Walking => self.slope_m_s(g),
            SlopeModel::Cycling => self.riding_m_s(g).max(self.dismounted_m_s()),
        }
    }

    /// Uphill, the rider spends `climb_power_w` and is not faster than on level ground. Downhill, the rider spends the
    /// power of level riding and brakes at `downhill_kmh`.
    fn riding_m_s(&self, g: f64) -> f64 {
        let (mass_kg, rolling_resistance, drag_area_m2) = (self.mass_kg, self.rolling_resistance, self.drag_area_m2);
        let rider = Rider { mass_kg, rolling_resistance, drag_area_m2 };
        let g = g.clamp(-self.slope_cap, self.slope_cap);
        let level = self.level_m_s();
        let power_w = rider.level_power_w(level);
        if g >= 0.0 {
            rider.speed_m_s(self.climb_power_w.max(power_w), g).min(level)
        } else {
            rider.speed_m_s(power_w, g).min((self.downhill_kmh / 3.6).max(level))
        }
    }

    pub(super) fn check(&self, profile: &str) -> Result<(), ProfileError> {
        let ranges = [
            ("level_kmh", self.level_kmh, 0.5, 60.0),
            ("slope_decay", self.slope_decay, 0.0, 20.0),
            ("slope_offset", self.slope_offset, 0.0, 0.5),
            ("slope_cap", self.slope_cap, 0.01, 2.0),
            ("mass_kg", self.mass_kg, 20.0, 500.0),
            ("rolling_resistance", self.rolling_resistance, 0.001, 0.1),
            ("drag_area_m2", self.drag_area_m2, 0.1, 3.0),
            ("climb_power_w", self.climb_power_w, 10.0, 1000.0),
            ("downhill_kmh", self.downhill_kmh, 5.0, 80.0),
            ("max_slope", self.max_slope, 0.01, 10.0),
            ("short_ramp_slope", self.short_ramp_slope, 0.01, 10.0),
            ("short_ramp_m", self.short_ramp_m, 0.0, 30.0),
            ("min_width_m", self.min_width_m, 0.0, 3.0),
            ("max_step_m", self.max_step_m, 0.0, 10.0),
            ("ramp_m_s", self.ramp_m_s, 0.05, 5.0),
            ("steps_up_m_s", self.steps_up_m_s, 0.05, 5.0),
            ("steps_down_m_s", self.steps_down_m_s, 0.05, 5.0),
            ("lift_wait_s", self.lift_wait_s, 0.0, 3600.0),
            ("lift_m_s", self.lift_m_s, 0.05, 20.0),
            ("escalator_m_s", self.escalator_m_s, 0.05, 5.0),
            ("ferry_wait_s", self.ferry_wait_s, 0.0, 7200.0),
            ("ferry_kmh", self.ferry_kmh, 0.5, 100.0),
            ("aerialway_wait_s", self.aerialway_wait_s, 0.0, 7200.0),
            ("aerialway_m_s", self.aerialway_m_s, 0.1, 30.0),
            ("funicular_wait_s", self.funicular_wait_s, 0.0, 7200.0),
            ("funicular_m_s", self.funicular_m_s, 0.1, 30.0),
            ("dismounted_kmh", self.dismounted_kmh, 0.5, 10.0),
            ("off_network_factor", self.off_network_factor, 0.05, 1.0),
            ("snap_limit_m", self.snap_limit_m, 1.0, 5000.0),
        ];
        let ranges = ranges.into_iter().map(|(key, value, low, high)| (key.to_owned(), value, low, high));
        let by_surface = self.surface_kmh.iter().map(|(s, &v)| (format!("surface_kmh.{}", s.name()), v));
        let by_smoothness = self.smoothness_kmh.iter().map(|(s, &v)| (format!("smoothness_kmh.{}", s.name()), v));
        let speeds = by_surface.chain(by_smoothness).map(|(key, value)| (key, value, 0.5, 60.0));
        match ranges.chain(speeds).find(|(_, value, low, high)| !(low..=high).contains(&value)) {
            None => Ok(()),
            Some((key, value, low, high)) => Err(ProfileError::BadValue {
                profile: profile.to_owned(),
                key,
                value: value.to_string(),
                expected: format!("must be between {low} and {high}"),
            }),
        }
    }
}
