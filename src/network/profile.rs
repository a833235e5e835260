//! Travel profiles: who travels, and how fast.
//!
//! Profiles are data (`profiles.toml`). The configuration can override single keys; keys that a profile does not set
//! are taken from the adult profile.

use super::cycling::Rider;
use super::ground::{Obstacle, SacScale, Smoothness, Surface};
use super::units::Deciseconds;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::{fmt, str::FromStr};
use toml::{Table, Value};

const DEFAULTS: &str = include_str!("profiles.toml");

/// Who travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum Profile {
    Adult,
    Senior,
    Child,
    Wheelchair,
    Stroller,
    Bicycle,
}

impl Profile {
    /// All profiles, in the order of the cost tables in the prepared file.
    pub const ALL: [Self; 6] =
        [Self::Adult, Self::Senior, Self::Child, Self::Wheelchair, Self::Stroller, Self::Bicycle];
    /// The number of profiles.
    pub const COUNT: usize = Self::ALL.len();

    /// Returns the position in [`Profile::ALL`].
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }

    /// Returns the name used in files and command-line flags.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Adult => "adult",
            Self::Senior => "senior",
            Self::Child => "child",
            Self::Wheelchair => "wheelchair",
            Self::Stroller => "stroller",
            Self::Bicycle => "bicycle",
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Profile {
    type Err = String;

    fn from_str(s: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|p| p.name().eq_ignore_ascii_case(s))
            .ok_or_else(|| format!("unknown profile \"{s}\": expected one of {}", Self::ALL.map(Self::name).join(", ")))
    }
}

/// The OpenStreetMap access rules that apply to a profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AccessMode {
    Foot,
    Wheelchair,
    Stroller,
    Bicycle,
}

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

/// The reason why profile settings are invalid.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ProfileError {
    #[error("[profiles.{0}]: unknown profile; available: adult, senior, child, wheelchair, stroller, bicycle")]
    UnknownProfile(String),
    #[error("[profiles.{0}] must be a table of keys and values")]
    NotATable(String),
    #[error("profiles.{profile}.{key}: unknown key; available: {known}")]
    UnknownKey { profile: String, key: String, known: String },
    #[error("profiles.{profile}.{key} = {value}: {expected}")]
    BadValue { profile: String, key: String, value: String, expected: String },
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

    fn check(&self, profile: &str) -> Result<(), ProfileError> {
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

/// The parameters of all profiles.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Profiles(Vec<ProfileParams>);

impl Profiles {
    /// Returns the parameters of one profile.
    #[must_use]
    pub fn get(&self, profile: Profile) -> &ProfileParams {
        &self.0[profile.index()]
    }

    pub(super) fn get_mut(&mut self, profile: Profile) -> &mut ProfileParams {
        &mut self.0[profile.index()]
    }

    /// Returns the default profiles with the given keys replaced (`{adult: {level_kmh: 5.0}, ...}`).
    ///
    /// # Errors
    /// Returns a [`ProfileError`] that names the profile, the key and the value.
    pub fn with_overrides(overrides: &Table) -> Result<Self, ProfileError> {
        let mut tables = defaults();
        for (name, value) in overrides {
            let table = tables.get_mut(name).ok_or_else(|| ProfileError::UnknownProfile(name.clone()))?;
            let table = table.as_table_mut().unwrap_or_else(|| unreachable!("defaults() makes tables"));
            for (key, value) in value.as_table().ok_or_else(|| ProfileError::NotATable(name.clone()))? {
                let Some(default) = table.get(key) else {
                    return Err(ProfileError::UnknownKey {
                        profile: name.clone(),
                        key: key.clone(),
                        known: table.keys().map(String::as_str).collect::<Vec<_>>().join(", "),
                    });
                };
                let value = match (default, value) {
                    // In a table of speeds, only the given entries change.
                    (Value::Table(speeds), Value::Table(given)) => {
                        let mut speeds = speeds.clone();
                        speeds.extend(given.iter().map(|(k, v)| (k.clone(), as_float(v))));
                        Value::Table(speeds)
                    }
                    (Value::Float(_), value) => as_float(value),
                    (_, value) => value.clone(),
                };
                if default.type_str() != value.type_str() {
                    return Err(ProfileError::BadValue {
                        profile: name.clone(),
                        key: key.clone(),
                        value: value.to_string(),
                        expected: match default {
                            Value::Array(_) => "must be a list of names".to_owned(),
                            Value::Table(_) => "must be a table of names and speeds in km/h".to_owned(),
                            _ => format!("must be a {}", default.type_str()),
                        },
                    });
                }
                table.insert(key.clone(), value);
            }
        }
        let mut all = Vec::with_capacity(Profile::COUNT);
        for profile in Profile::ALL {
            let table = tables.remove(profile.name()).unwrap_or_else(|| unreachable!("defaults() has every profile"));
            let params: ProfileParams = match table.clone().try_into() {
                Ok(params) => params,
                Err(_) => return Err(invalid_value(profile, &table)),
            };
            params.check(profile.name())?;
            all.push(params);
        }
        Ok(Self(all))
    }
}

impl Default for Profiles {
    fn default() -> Self {
        Self::with_overrides(&Table::new()).unwrap_or_else(|_| unreachable!("profiles.toml is checked by a test"))
    }
}

/// Speeds may be written as whole numbers.
fn as_float(value: &Value) -> Value {
    match value {
        #[expect(clippy::cast_precision_loss, reason = "values in range are small")]
        Value::Integer(i) => Value::Float(*i as f64),
        other => other.clone(),
    }
}

/// Finds the invalid value of a table that cannot be parsed: the one that is also invalid within the default table.
fn invalid_value(profile: Profile, table: &Value) -> ProfileError {
    let shipped = defaults().remove(profile.name()).and_then(|v| v.as_table().cloned()).unwrap_or_default();
    let fault = table.as_table().into_iter().flatten().find_map(|(key, value)| {
        let mut one = shipped.clone();
        one.insert(key.clone(), value.clone());
        let error = one.try_into::<ProfileParams>().err()?;
        Some((key.clone(), value.to_string(), error.message().to_owned()))
    });
    let (key, value, expected) = fault.unwrap_or_default();
    ProfileError::BadValue { profile: profile.name().to_owned(), key, value, expected }
}

/// Returns the default tables, each completed with the keys of the adult profile.
fn defaults() -> Table {
    let shipped: Table = DEFAULTS.parse().unwrap_or_else(|_| unreachable!("profiles.toml is checked by a test"));
    let adult = shipped.get("adult").and_then(Value::as_table).cloned().unwrap_or_default();
    Profile::ALL
        .into_iter()
        .map(|p| {
            let mut whole = adult.clone();
            whole.extend(shipped.get(p.name()).and_then(Value::as_table).cloned().unwrap_or_default());
            (p.name().to_owned(), Value::Table(whole))
        })
        .collect()
}

#[cfg(test)]
#[path = "profile_tests.rs"]
mod tests;
