//! Travel profiles: who travels and how fast. They are data (`profiles.toml`), overridable key by key from the
//! configuration; a profile not given a key takes the adult's.

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
    /// Every profile, in the order of the prepared file's cost tables.
    pub const ALL: [Self; 6] =
        [Self::Adult, Self::Senior, Self::Child, Self::Wheelchair, Self::Stroller, Self::Bicycle];
    /// How many there are.
    pub const COUNT: usize = Self::ALL.len();

    /// The position in [`Profile::ALL`].
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The name in files and flags.
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

/// Which access rules of OpenStreetMap a profile goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AccessMode {
    Foot,
    Wheelchair,
    Stroller,
    Bicycle,
}

/// How speed depends on slope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SlopeModel {
    /// Tobler's hiking function.
    Walking,
    /// The power of a rider against gravity, rolling resistance and air.
    Cycling,
}

/// The numbers of one profile. Field names are the keys of `profiles.toml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "independent permissions, named as in the file")]
pub struct ProfileParams {
    /// Whose access tags count.
    pub access: AccessMode,
    /// Speed on level ground, km/h.
    pub level_kmh: f64,
    /// How speed depends on slope.
    pub slope_model: SlopeModel,
    /// Decay of speed with slope: the 3.5 of Tobler's exp(-3.5 |g + 0.05|).
    pub slope_decay: f64,
    /// The (downhill) slope at which one is fastest: Tobler's 0.05.
    pub slope_offset: f64,
    /// Slopes are capped at plus and minus this rise over run.
    pub slope_cap: f64,
    /// Mass of rider, bicycle and baggage, kg.
    pub mass_kg: f64,
    /// Coefficient of rolling resistance of a bicycle.
    pub rolling_resistance: f64,
    /// Drag coefficient times frontal area of rider and bicycle, m².
    pub drag_area_m2: f64,
    /// Power spent on climbs, watts; on the level and downhill the power that `level_kmh` takes.
    pub climb_power_w: f64,
    /// Cyclists brake to this speed downhill, km/h.
    pub downhill_kmh: f64,
    /// Nothing steeper than this rise over run is used, in either direction.
    pub max_slope: f64,
    /// What is no longer than `short_ramp_m` may be this steep.
    pub short_ramp_slope: f64,
    /// The length of a short ramp, metres.
    pub short_ramp_m: f64,
    /// The worst `smoothness` that is used.
    pub worst_smoothness: Smoothness,
    /// The hardest `sac_scale` that is used.
    pub worst_sac_scale: SacScale,
    /// Surfaces that are not used.
    pub barred_surfaces: BTreeSet<Surface>,
    /// The fastest on a surface, km/h.
    pub surface_kmh: BTreeMap<Surface, f64>,
    /// The fastest on a smoothness, km/h.
    pub smoothness_kmh: BTreeMap<Smoothness, f64>,
    /// Nothing narrower than this is used, metres.
    pub min_width_m: f64,
    /// Barriers that are not passed, unless the height of their step is told.
    pub barred_barriers: BTreeSet<Obstacle>,
    /// The highest kerb or single step that is passed, metres.
    pub max_step_m: f64,
    /// May stairs be used?
    pub steps: bool,
    /// Up stairs, m/s along the horizontal.
    pub steps_up_m_s: f64,
    /// Down stairs, m/s along the horizontal.
    pub steps_down_m_s: f64,
    /// May ramps on stairs be used, where the stairs may not?
    pub ramps: bool,
    /// Up and down a ramp on stairs, m/s along the horizontal.
    pub ramp_m_s: f64,
    /// May lifts be used?
    pub lifts: bool,
    /// Waiting for a lift, seconds.
    pub lift_wait_s: f64,
    /// Speed of a lift, m/s.
    pub lift_m_s: f64,
    /// May escalators be used?
    pub escalators: bool,
    /// Speed of an escalator, m/s along the horizontal.
    pub escalator_m_s: f64,
    /// May ferries be used?
    pub ferries: bool,
    /// Waiting for a ferry, seconds.
    pub ferry_wait_s: f64,
    /// Speed of a ferry that has no `duration` tag, km/h.
    pub ferry_kmh: f64,
    /// May cable cars and the like be used?
    pub aerialways: bool,
    /// Waiting for a cable car, seconds.
    pub aerialway_wait_s: f64,
    /// Speed of a cable car that has no `duration` tag, m/s.
    pub aerialway_m_s: f64,
    /// May funiculars be used?
    pub funiculars: bool,
    /// Waiting for a funicular, seconds.
    pub funicular_wait_s: f64,
    /// Speed of a funicular that has no `duration` tag, m/s.
    pub funicular_m_s: f64,
    /// Pushing a bicycle where one must dismount, km/h.
    pub dismounted_kmh: f64,
    /// Speed off the network (from the place to the street) as a share of the level speed.
    pub off_network_factor: f64,
    /// A place farther than this from a street cannot be placed on the network, metres.
    pub snap_limit_m: f64,
}

/// Why a profile was refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ProfileError {
    #[error(
        "[profiles.{0}]: there is no such profile; there are adult, senior, child, wheelchair, stroller and bicycle"
    )]
    UnknownProfile(String),
    #[error("[profiles.{0}] must be a table of keys and values")]
    NotATable(String),
    #[error("profiles.{profile}.{key}: there is no such key; the keys are {known}")]
    UnknownKey { profile: String, key: String, known: String },
    #[error("profiles.{profile}.{key} = {value}: {expected}")]
    BadValue { profile: String, key: String, value: String, expected: String },
}

impl ProfileParams {
    /// Speed on the level in m/s.
    #[must_use]
    pub fn level_m_s(&self) -> f64 {
        self.level_kmh / 3.6
    }

    /// Speed off the network in m/s.
    #[must_use]
    pub fn off_network_m_s(&self) -> f64 {
        self.level_m_s() * self.off_network_factor
    }

    /// Time of the leg between a place and the street.
    #[must_use]
    pub fn off_network_time(&self, metres: f64) -> Deciseconds {
        Deciseconds::from_seconds(metres / self.off_network_m_s())
    }

    /// Walking speed on a slope `g` (rise over run in the direction of travel), m/s:
    /// level speed x exp(-decay (|g + offset| - offset)), g capped. Tobler (1993), scaled to 1 on the level.
    #[must_use]
    pub fn slope_m_s(&self, g: f64) -> f64 {
        let g = g.clamp(-self.slope_cap, self.slope_cap);
        self.level_m_s() * (-self.slope_decay * ((g + self.slope_offset).abs() - self.slope_offset)).exp()
    }

    /// Speed of pushing a bicycle in m/s.
    #[must_use]
    pub fn dismounted_m_s(&self) -> f64 {
        self.dismounted_kmh / 3.6
    }

    /// Speed on a slope `g` (rise over run in the direction of travel), m/s.
    #[must_use]
    pub fn speed_m_s(&self, g: f64) -> f64 {
        match self.slope_model {
            SlopeModel::Walking => self.slope_m_s(g),
            SlopeModel::Cycling => self.riding_m_s(g).max(self.dismounted_m_s()),
        }
    }

    /// Uphill a rider spends the power of climbs, and is not faster than on the level; downhill the power of the level, and
    /// brakes.
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

/// The numbers of all profiles.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Profiles(Vec<ProfileParams>);

impl Profiles {
    /// The numbers of one profile.
    #[must_use]
    pub fn get(&self, profile: Profile) -> &ProfileParams {
        &self.0[profile.index()]
    }

    pub(super) fn get_mut(&mut self, profile: Profile) -> &mut ProfileParams {
        &mut self.0[profile.index()]
    }

    /// The defaults with the keys of `overrides` (`{adult: {level_kmh: 5.0}, ...}`) laid over them.
    ///
    /// # Errors
    /// [`ProfileError`] naming the profile, the key and the value.
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
                    // Of a table of speeds only what is given changes.
                    (Value::Table(speeds), Value::Table(given)) => {
                        let mut speeds = speeds.clone();
                        speeds.extend(given.iter().map(|(k, v)| (k.clone(), with_fraction(v))));
                        Value::Table(speeds)
                    }
                    (Value::Float(_), value) => with_fraction(value),
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
                Err(_) => return Err(misfit(profile, &table)),
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

/// A whole number is a fine way to write a speed.
fn with_fraction(value: &Value) -> Value {
    match value {
        #[expect(clippy::cast_precision_loss, reason = "values in range are small")]
        Value::Integer(i) => Value::Float(*i as f64),
        other => other.clone(),
    }
}

/// Which value of a table that cannot be read is at fault: the one that does not fit the shipped table either.
fn misfit(profile: Profile, table: &Value) -> ProfileError {
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

/// The shipped table, every profile completed from the adult's.
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
