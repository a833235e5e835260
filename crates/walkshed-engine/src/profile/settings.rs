//! The parameters of all profiles: the default values, and overrides from the configuration.

use super::error::ProfileError;
use super::id::Profile;
use super::params::ProfileParams;
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

const DEFAULTS: &str = include_str!("../profiles.toml");

/// The parameters of all profiles.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Profiles(Vec<ProfileParams>);

impl Profiles {
    /// Returns the parameters of one profile.
    #[must_use]
    pub fn get(&self, profile: Profile) -> &ProfileParams {
        &self.0[profile.index()]
    }

    /// Returns a hash of all parameters.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        xxhash_rust::xxh3::xxh3_64(&serde_json::to_vec(self).unwrap_or_default())
    }

    pub(crate) fn get_mut(&mut self, profile: Profile) -> &mut ProfileParams {
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
