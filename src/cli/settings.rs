//! Settings: from flags, the environment (`WALKSHED_*`) or a configuration file, in that order of strength, and where
//! each value in force came from.

use crate::server::{Network, Proxies, ServerOptions};
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use toml::{Table, Value};
use walkshed_analysis::{StandardError, Standards};
use walkshed_engine::osm::StreetRules;
use walkshed_engine::{ProfileError, Profiles};
use walkshed_graphql::Limits;
use walkshed_live::folder::{DataFolder, FolderError};
use walkshed_register::{Calendar, HolidayError, KindError, Kinds, Zone};

/// Looked for in the current folder when `--config` is not given.
const DEFAULT_FILE: &str = "walkshed.toml";

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    Flag(String),
    Environment(String),
    File(PathBuf),
    Default,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) => write!(f, "flag {name}"),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::File(path) => write!(f, "file {}", path.display()),
            Self::Default => f.write_str("default"),
        }
    }
}

/// A value in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    pub key: String,
    pub value: String,
    pub source: Source,
}

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    #[error("the configuration file {} cannot be read: {source}", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("the configuration file {} is not TOML: {why}", path.display())]
    Toml { path: PathBuf, why: String },
    #[error("{}: there is no setting \"{key}\"; the settings are {known}, [profiles.NAME], [kinds.KEY] and [standards.KEY]", path.display())]
    Unknown { path: PathBuf, key: String, known: String },
    #[error("{key} = \"{value}\" ({origin}): must be {expected}")]
    Bad { key: String, value: String, origin: String, expected: &'static str },
    #[error("{}: {source}", path.display())]
    Profile { path: PathBuf, source: ProfileError },
    #[error("{}: {source}", path.display())]
    Kind { path: PathBuf, source: KindError },
    #[error("{}: {source}", path.display())]
    Standard { path: PathBuf, source: StandardError },
    #[error(transparent)]
    Holidays(#[from] HolidayError),
}

/// The values of flags, where given.
#[derive(Debug, Default)]
pub struct Flags {
    pub config: Option<PathBuf>,
    pub data: Option<String>,
    pub database: Option<String>,
    pub listen: Option<String>,
    pub workers: Option<String>,
    pub log: Option<String>,
}

/// How logs are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    Text,
    Json,
}

impl FromStr for LogFormat {
    type Err = ();

    fn from_str(s: &str) -> Result<Self, ()> {
        match s {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err(()),
        }
    }
}

impl fmt::Display for LogFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if *self == Self::Json { "json" } else { "text" })
    }
}

/// Everything that can be set.
#[derive(Debug, Clone)]
pub struct Settings {
    pub data: PathBuf,
    pub database: Option<String>,
    pub log: String,
    pub log_format: LogFormat,
    pub server: ServerOptions,
    pub profiles: Profiles,
    /// For the import of streets.
    pub streets: StreetRules,
    pub kinds: Kinds,
    pub standards: Standards,
    pub calendar: Arc<Calendar>,
    /// Every value with its source, for `walkshed config`.
    pub list: Vec<Setting>,
}

/// Environment variables by name.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

impl Settings {
    /// Reads all settings.
    ///
    /// # Errors
    /// [`SettingsError`] naming the key, the value and where it came from.
    pub fn read(flags: &Flags, env: Environment<'_>) -> Result<Self, SettingsError> {
        let mut file = File::find(flags.config.as_deref(), env)?;
        let overrides = file.tables("profiles", "tables such as [profiles.adult]")?;
        let profiles = Profiles::with_overrides(&overrides)
            .map_err(|source| SettingsError::Profile { path: file.path.clone(), source })?;
        let more_kinds = file.tables("kinds", "tables such as [kinds.tea_house]")?;
        let more_standards = file.tables("standards", "tables such as [standards.ours]")?;
        let kinds =
            Kinds::with_more(&more_kinds).map_err(|source| SettingsError::Kind { path: file.path.clone(), source })?;
        let standards = Standards::with_more(&more_standards, &kinds)
            .map_err(|source| SettingsError::Standard { path: file.path.clone(), source })?;
        let mut reader = Reader { file, env, list: Vec::new(), known: Vec::new() };
        let (defaults, limits) = (ServerOptions::default(), Limits::default());
        let count = "a whole number, 0 or more";
        let data: String = reader.get("data", flags.data.as_ref(), "walkshed-data".to_owned(), "a folder")?;
        let database: String =
            reader.get("database", flags.database.as_ref(), String::new(), "an URL such as sqlite://walkshed.db")?;
        let listen =
            reader.get("listen", flags.listen.as_ref(), defaults.listen, "an address such as 127.0.0.1:8080")?;
        let workers = reader.get("workers", flags.workers.as_ref(), defaults.workers, count)?;
        let log = reader.get("log", flags.log.as_ref(), "info".to_owned(), "a level such as info or debug")?;
        let log_format = reader.get("log_format", None, LogFormat::Text, "text or json")?;
        let zone = reader.get("time_zone", None, Zone::default(), "a time zone such as Asia/Shanghai")?;
        let holidays: String = reader.get("holidays", None, String::new(), "a TOML file of days off")?;
        let holiday_file = Some(Path::new(&holidays)).filter(|path| !path.as_os_str().is_empty());
        let calendar = Calendar::new(zone, holiday_file)?;
        let anonymous = reader.get("anonymous", None, Anonymous(defaults.anonymous), "reader or none")?.0;
        let cors_origins: String = reader.get(
            "cors_origins",
            None,
            String::new(),
            "origins apart by commas, such as https://map.example.cn",
        )?;
        let rule = "true or false";
        let streets = StreetRules {
            walk_on_trunk: reader.get("walk_on_trunk", None, false, rule)?,
            walk_in_road_tunnels: reader.get("walk_in_road_tunnels", None, false, rule)?,
        };
        let manifest: String =
            reader.get("trusted_documents", None, String::new(), "a JSON file of the documents that are answered")?;
        let peer = reader.get("behind_proxy", None, defaults.proxies.peer, "true or false")?;
        let expected = "addresses or networks, such as [\"127.0.0.1\", \"10.0.0.0/8\"]";
        let trusted = reader.get("trusted_proxies", None, TrustedProxies(Vec::new()), expected)?.0;
        let server = ServerOptions {
            trusted_documents: Some(PathBuf::from(manifest)).filter(|path| !path.as_os_str().is_empty()),
            anonymous,
            cors_origins: cors_origins.split(',').map(str::trim).filter(|o| !o.is_empty()).map(str::to_owned).collect(),
            proxies: Proxies { peer, trusted },
            max_connections: reader.get("max_connections", None, defaults.max_connections, count)?,
            max_followers: reader.get("max_followers", None, defaults.max_followers, count)?,
            max_subscriptions: reader.get("max_subscriptions", None, defaults.max_subscriptions, count)?,
            ping_seconds: reader.get("ping_seconds", None, defaults.ping_seconds, count)?,
            max_bodies_bytes: reader.get("max_bodies_bytes", None, defaults.max_bodies_bytes, count)?,
            min_receive_rate: reader.get("min_receive_rate", None, defaults.min_receive_rate, count)?,
            min_send_rate: reader.get("min_send_rate", None, defaults.min_send_rate, count)?,
            listen,
            workers,
            max_body_bytes: reader.get("max_body_bytes", None, defaults.max_body_bytes, count)?,
            shutdown_seconds: reader.get("shutdown_seconds", None, defaults.shutdown_seconds, count)?,
            limits: Limits {
                max_document_bytes: reader.get("max_document_bytes", None, limits.max_document_bytes, count)?,
                max_depth: reader.get("max_depth", None, limits.max_depth, count)?,
                max_complexity: reader.get("max_complexity", None, limits.max_complexity, count)?,
                max_work: reader.get("max_work", None, limits.max_work, count)?,
                max_seconds: reader.get("max_seconds", None, limits.max_seconds, count)?,
                max_list_items: reader.get("max_list_items", None, limits.max_list_items, count)?,
                max_polygon_corners: reader.get("max_polygon_corners", None, limits.max_polygon_corners, count)?,
                max_aliases: reader.get("max_aliases", None, limits.max_aliases, count)?,
                max_directives: reader.get("max_directives", None, limits.max_directives, count)?,
                max_minutes: reader.get("max_minutes", None, Minutes(limits.max_minutes), "minutes, 1 to 600")?.0,
                suggestions_per_hour: reader.get("suggestions_per_hour", None, limits.suggestions_per_hour, count)?,
                max_analyses: reader.get("max_analyses", None, limits.max_analyses, count)?,
                max_waiting_analyses: reader.get("max_waiting_analyses", None, limits.max_waiting_analyses, count)?,
                max_waiting_writes: reader.get("max_waiting_writes", None, limits.max_waiting_writes, count)?,
                max_jobs: reader.get("max_jobs", None, limits.max_jobs, count)?,
                max_waiting_jobs: reader.get("max_waiting_jobs", None, limits.max_waiting_jobs, count)?,
                max_variable_values: reader.get("max_variable_values", None, limits.max_variable_values, count)?,
                max_imports: reader.get("max_imports", None, limits.max_imports, count)?,
                max_waiting_imports: reader.get("max_waiting_imports", None, limits.max_waiting_imports, count)?,
                max_import_rows: reader.get("max_import_rows", None, limits.max_import_rows, count)?,
                max_answer_bytes: reader.get("max_answer_bytes", None, limits.max_answer_bytes, count)?,
                max_answers_bytes: reader.get("max_answers_bytes", None, limits.max_answers_bytes, count)?,
                max_followed_complexity: reader.get(
                    "max_followed_complexity",
                    None,
                    limits.max_followed_complexity,
                    count,
                )?,
            },
        };
        reader.refuse_unknown()?;
        for (profile, values) in &overrides {
            for (key, value) in values.as_table().into_iter().flatten() {
                reader.list.push(Setting {
                    key: format!("profiles.{profile}.{key}"),
                    value: value.to_string(),
                    source: Source::File(reader.file.path.clone()),
                });
            }
        }
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
            calendar: Arc::new(calendar),
            list: reader.list,
        })
    }

    /// What was set for the import of streets, and is not what the streets in use were imported with.
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
            format!("{key} = {set} is set, and the streets were imported with {key} = {used}: import them again")
        })
        .collect()
    }

    /// The data folder they name, made when it is not there, without what killed processes have left in it.
    ///
    /// # Errors
    /// [`FolderError`].
    pub fn folder(&self) -> Result<DataFolder, FolderError> {
        let folder = DataFolder::new(&self.data, self.database.clone(), self.profiles.clone())?;
        folder.tidy();
        Ok(folder.with_rules(self.kinds.clone(), self.calendar.clone()).with_standards(self.standards.clone()))
    }
}

/// Whether those without a token may read.
#[derive(Debug, Clone, Copy)]
struct Anonymous(bool);

impl FromStr for Anonymous {
    type Err = ();

    fn from_str(s: &str) -> Result<Self, ()> {
        match s {
            "reader" => Ok(Self(true)),
            "none" => Ok(Self(false)),
            _ => Err(()),
        }
    }
}

impl fmt::Display for Anonymous {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0 { "reader" } else { "none" })
    }
}

/// Addresses and networks; a list of TOML, or apart by commas.
#[derive(Debug, Clone)]
struct TrustedProxies(Vec<Network>);

impl FromStr for TrustedProxies {
    type Err = ();

    fn from_str(s: &str) -> Result<Self, ()> {
        let list = s.trim().trim_start_matches('[').trim_end_matches(']').split(',');
        let items = list.map(|item| item.trim().trim_matches(['"', '\'']).trim()).filter(|item| !item.is_empty());
        items.map(str::parse).collect::<Result<_, ()>>().map(Self)
    }
}

impl fmt::Display for TrustedProxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&list.join(", "))
    }
}

/// Minutes of a search, within reason.
#[derive(Debug, Clone, Copy)]
struct Minutes(f64);

impl FromStr for Minutes {
    type Err = ();

    fn from_str(s: &str) -> Result<Self, ()> {
        s.parse().ok().filter(|m| (1.0..=600.0).contains(m)).map(Self).ok_or(())
    }
}

impl fmt::Display for Minutes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

struct File {
    path: PathBuf,
    table: Table,
}

impl File {
    fn find(flag: Option<&Path>, env: Environment<'_>) -> Result<Self, SettingsError> {
        let named = flag.map(Path::to_owned).or_else(|| env("WALKSHED_CONFIG").map(PathBuf::from));
        let path = named.clone().unwrap_or_else(|| DEFAULT_FILE.into());
        if named.is_none() && !path.exists() {
            return Ok(Self { path, table: Table::new() });
        }
        let text =
            std::fs::read_to_string(&path).map_err(|source| SettingsError::Read { path: path.clone(), source })?;
        let table = text
            .parse()
            .map_err(|e: toml::de::Error| SettingsError::Toml { path: path.clone(), why: e.to_string() })?;
        Ok(Self { path, table })
    }

    /// Takes a table of tables out.
    fn tables(&mut self, key: &str, expected: &'static str) -> Result<Table, SettingsError> {
        match self.table.remove(key) {
            None => Ok(Table::new()),
            Some(Value::Table(table)) => Ok(table),
            Some(other) => Err(SettingsError::Bad {
                key: key.into(),
                value: other.to_string(),
                origin: Source::File(self.path.clone()).to_string(),
                expected,
            }),
        }
    }
}

struct Reader<'a> {
    file: File,
    env: Environment<'a>,
    list: Vec<Setting>,
    known: Vec<String>,
}

impl Reader<'_> {
    fn get<T: FromStr + fmt::Display>(
        &mut self,
        key: &str,
        flag: Option<&String>,
        default: T,
        expected: &'static str,
    ) -> Result<T, SettingsError> {
        self.known.push(key.to_owned());
        let variable = format!("WALKSHED_{}", key.to_uppercase());
        let given = if let Some(value) = flag {
            Some((value.clone(), Source::Flag(format!("--{}", key.replace('_', "-")))))
        } else if let Some(value) = (self.env)(&variable) {
            Some((value, Source::Environment(variable)))
        } else {
            let from_file = self.file.table.get(key).map(|value| match value {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            });
            from_file.map(|value| (value, Source::File(self.file.path.clone())))
        };
        let (value, source) = match given {
            None => (default, Source::Default),
            Some((text, source)) => {
                let Ok(value) = text.parse() else {
                    let origin = source.to_string();
                    return Err(SettingsError::Bad { key: key.to_owned(), value: text, origin, expected });
                };
                (value, source)
            }
        };
        self.list.push(Setting { key: key.to_owned(), value: value.to_string(), source });
        Ok(value)
    }

    fn refuse_unknown(&self) -> Result<(), SettingsError> {
        match self.file.table.keys().find(|key| !self.known.contains(key)) {
            None => Ok(()),
            Some(key) => Err(SettingsError::Unknown {
                path: self.file.path.clone(),
                key: key.clone(),
                known: self.known.join(", "),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(file: &str, flags: Flags, env: &[(&str, &str)]) -> Result<Settings, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("w.toml");
        std::fs::write(&path, file).unwrap();
        let env = |name: &str| env.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned());
        Settings::read(&Flags { config: Some(path), ..flags }, &env).map_err(|e| e.to_string())
    }

    fn source(settings: &Settings, key: &str) -> Source {
        settings.list.iter().find(|s| s.key == key).unwrap().source.clone()
    }

    #[test]
    fn flags_are_stronger_than_the_environment_and_that_than_the_file() {
        let file = "listen = \"1.1.1.1:1\"\nworkers = 3\nmax_depth = 17\n[profiles.adult]\nlevel_kmh = 5";
        let flags = Flags { listen: Some("3.3.3.3:3".into()), ..Flags::default() };
        let env = [("WALKSHED_LISTEN", "2.2.2.2:2"), ("WALKSHED_WORKERS", "5")];
        let s = read(file, flags, &env).unwrap();
        assert_eq!((s.server.listen.as_str(), s.server.workers, s.server.limits.max_depth), ("3.3.3.3:3", 5, 17));
        assert_eq!(source(&s, "listen"), Source::Flag("--listen".into()));
        assert_eq!(source(&s, "workers"), Source::Environment("WALKSHED_WORKERS".into()));
        assert!(matches!(source(&s, "max_depth"), Source::File(_)));
        assert_eq!(source(&s, "data"), Source::Default);
        assert!(matches!(source(&s, "profiles.adult.level_kmh"), Source::File(_)));
    }

    #[test]
    fn proxies_are_listed_in_files_and_in_the_environment() {
        let file = "behind_proxy = true\ntrusted_proxies = [\"127.0.0.1\", '10.0.0.0/8']";
        let proxies = read(file, Flags::default(), &[]).unwrap().server.proxies;
        assert!(proxies.peer && proxies.trusted.len() == 2);
        let env = [("WALKSHED_TRUSTED_PROXIES", "127.0.0.1, fd00::/8")];
        let settings = read("", Flags::default(), &env).unwrap();
        assert!(!settings.server.proxies.peer && settings.server.proxies.trusted.len() == 2);
        let shown = settings.list.iter().find(|s| s.key == "trusted_proxies").unwrap();
        assert_eq!(shown.value, "127.0.0.1/32, fd00::/8");
    }

    #[test]
    fn rules_of_another_import_are_told() {
        let imported = StreetRules { walk_on_trunk: true, ..StreetRules::default() };
        // What nobody set is as the import had it.
        assert!(read("", Flags::default(), &[]).unwrap().not_imported(imported).is_empty());
        let set = read("walk_on_trunk = false\nwalk_in_road_tunnels = true", Flags::default(), &[]).unwrap();
        let told = set.not_imported(imported);
        assert!(told[0].starts_with("walk_on_trunk = false is set") && told[0].ends_with("import them again"));
        assert!(told[1].starts_with("walk_in_road_tunnels = true is set") && told.len() == 2);
        assert!(set.not_imported(set.streets).is_empty());
    }

    #[test]
    fn what_cannot_be_used_is_refused_by_name() {
        for (file, told) in [
            ("listne = 1", "no setting \"listne\""),
            ("workers = -1", "workers = \"-1\""),
            ("workers = \"many\"", "must be a whole number"),
            ("log_format = \"xml\"", "text or json"),
            ("max_minutes = 1e9", "minutes, 1 to 600"),
            ("profiles = 3", "[profiles.adult]"),
            ("[profiles.giant]\nlevel_kmh = 9", "giant"),
            ("[profiles.adult]\nlevel_kmh = -4", "level_kmh"),
            ("[profiles.adult]\nlevel = 4", "profiles.adult.level"),
            ("[kinds.tea]\nname = \"x\"", "kinds.tea"),
            ("kinds = 3", "[kinds.tea_house]"),
            ("standards = 3", "[standards.ours]"),
            ("[standards.ours]\nname = \"x\"", "standards.ours"),
            ("time_zone = \"Mars\"", "Asia/Shanghai"),
            ("anonymous = \"editor\"", "reader or none"),
            ("walk_on_trunk = \"sometimes\"", "walk_on_trunk = \"sometimes\""),
            ("trusted_proxies = [\"10.0.0.0/40\"]", "10.0.0.0/8"),
            ("[profiles.wheelchair]\nbarred_surfaces = [\"lava\"]", "unknown surface \"lava\""),
            ("holidays = \"no-such-file.toml\"", "no-such-file.toml"),
            ("a = = 1", "not TOML"),
        ] {
            let error = read(file, Flags::default(), &[]).unwrap_err();
            assert!(error.contains(told), "{file}: {error}");
        }
        let error = read("", Flags::default(), &[("WALKSHED_MAX_DEPTH", "x")]).unwrap_err();
        assert!(error.contains("environment WALKSHED_MAX_DEPTH"), "{error}");
    }
}
