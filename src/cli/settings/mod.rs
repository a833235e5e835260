//! Settings and the origin of each value. Flags override the environment (`WALKSHED_*`), which overrides the configuration
//! file.

mod error;
mod flags;
mod reader;
mod server;
#[cfg(test)]
mod tests;
mod values;

use crate::server::ServerOptions;
use reader::{Environment, File, Reader, Setting, Source};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use toml::Table;
use walkshed_analysis::Standards;
use walkshed_engine::Profiles;
use walkshed_engine::osm::StreetRules;
use walkshed_live::folder::{DataFolder, FolderError};
use walkshed_register::{Calendar, Kinds, Zone};

pub use error::SettingsError;
pub use flags::Flags;
pub use values::LogFormat;

/// All settings.
#[derive(Debug, Clone)]
pub struct Settings {
    pub data: PathBuf,
    pub database: Option<String>,
    pub log: String,
    pub log_format: LogFormat,
    pub server: ServerOptions,
    pub profiles: Profiles,
    /// Access rules for the import of streets.
    pub streets: StreetRules,
    pub kinds: Kinds,
    pub standards: Standards,
    pub calendar: Arc<Calendar>,
    /// Every value with its origin, for `walkshed config`.
    pub list: Vec<Setting>,
}

impl Settings {
    /// Reads all settings.
    ///
    /// # Errors
    /// [`SettingsError`] with the key, the value and its origin.
    pub fn read(flags: &Flags, env: Environment<'_>) -> Result<Self, SettingsError> {
        let mut file = File::find(flags.config.as_deref(), env)?;
        let path = file.path.clone();
        let overrides = file.tables("profiles", "tables such as [profiles.adult]")?;
        let profiles = Profiles::with_overrides(&overrides)
            .map_err(|source| SettingsError::Profile { path: path.clone(), source })?;
        let more_kinds = file.tables("kinds", "tables such as [kinds.tea_house]")?;
        let more_standards = file.tables("standards", "tables such as [standards.ours]")?;
        let kinds =
            Kinds::with_custom(&more_kinds).map_err(|source| SettingsError::Kind { path: path.clone(), source })?;
        let standards = Standards::with_custom(&more_standards, &kinds)
            .map_err(|source| SettingsError::Standard { path: path.clone(), source })?;
        let mut reader = Reader::new(file, env);
        let data: String = reader.get("data", flags.data.as_ref(), "walkshed-data".to_owned(), "a folder")?;
        let database: String =
            reader.get("database", flags.database.as_ref(), String::new(), "a URL such as sqlite://walkshed.db")?;
        let log = reader.get("log", flags.log.as_ref(), "info".to_owned(), "a level such as info or debug")?;
        let log_format = reader.get("log_format", None, LogFormat::Text, "text or json")?;
        let calendar = Arc::new(calendar(&mut reader)?);
        let streets = StreetRules {
            walk_on_trunk: reader.get("walk_on_trunk", None, false, "true or false")?,
            walk_in_road_tunnels: reader.get("walk_in_road_tunnels", None, false, "true or false")?,
        };
        let server = server::options(&mut reader, flags)?;
        reader.refuse_unknown()?;
        let mut list = reader.list;
        list.extend(profile_settings(&overrides, &path));
        Ok(Self {
            data: data.into(),
            database: Some(database).filter(|url| !url.is_empty()),
            log,
            log_format,
            server,
            profiles,
            streets,
            kinds,
            standards,
            calendar,
            list,
        })
    }

    /// Returns a warning for each explicitly set import rule that differs from the rules the current streets were imported with.
    #[must_use]
    pub fn not_imported(&self, imported: StreetRules) -> Vec<String> {
        let is_set = |key: &str| self.list.iter().any(|s| s.key == key && s.source != Source::Default);
        [
            ("walk_on_trunk", self.streets.walk_on_trunk, imported.walk_on_trunk),
            ("walk_in_road_tunnels", self.streets.walk_in_road_tunnels, imported.walk_in_road_tunnels),
        ]
        .into_iter()
        .filter(|(key, set, used)| set != used && is_set(key))
        .map(|(key, set, used)| {
            format!("{key} = {set} is set, but the streets were imported with {key} = {used}: import them again")
        })
        .collect()
    }

    /// Opens the data folder, creating it if needed, and removes leftovers of killed processes.
    ///
    /// # Errors
    /// [`FolderError`].
    pub fn folder(&self) -> Result<DataFolder, FolderError> {
        let folder = DataFolder::new(&self.data, self.database.clone(), self.profiles.clone())?;
        folder.remove_stale_files();
        Ok(folder.with_rules(self.kinds.clone(), self.calendar.clone()).with_standards(self.standards.clone()))
    }
}

/// Reads the time zone and the holidays.
fn calendar(reader: &mut Reader<'_>) -> Result<Calendar, SettingsError> {
    let zone = reader.get("time_zone", None, Zone::default(), "a time zone such as Asia/Shanghai")?;
    let holidays: String = reader.get("holidays", None, String::new(), "the path of a TOML file of holidays")?;
    let file = Some(Path::new(&holidays)).filter(|path| !path.as_os_str().is_empty());
    Ok(Calendar::new(zone, file)?)
}

/// Lists the overridden values of travel profiles.
fn profile_settings(overrides: &Table, path: &Path) -> Vec<Setting> {
    let of_profile = |(profile, values): (&String, &toml::Value)| -> Vec<Setting> {
        let values = values.as_table().into_iter().flatten();
        let setting = |(key, value): (&String, &toml::Value)| Setting {
            key: format!("profiles.{profile}.{key}"),
            value: value.to_string(),
            source: Source::File(path.to_owned()),
        };
        values.map(setting).collect()
    };
    overrides.iter().flat_map(of_profile).collect()
}
