//! Reading values from flags, the environment and the configuration file, with their origins.

use super::error::SettingsError;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use toml::{Table, Value};

/// The configuration file in the current folder that is read if `--config` is not given.
const DEFAULT_FILE: &str = "walkshed.toml";
/// Jaro-Winkler similarity from which a known key is suggested for an unknown one.
const MIN_SIMILARITY: f64 = 0.8;

/// The origin of a value.
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

/// A setting with its value and origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    pub key: String,
    pub value: String,
    pub source: Source,
}

/// Looks up environment variables by name.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The configuration file.
pub struct File {
    pub path: PathBuf,
    table: Table,
}

impl File {
    /// Reads the named file, or the default file if it exists.
    pub fn find(flag: Option<&Path>, env: Environment<'_>) -> Result<Self, SettingsError> {
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

    /// Removes and returns a table of tables.
    pub fn tables(&mut self, key: &str, expected: &'static str) -> Result<Table, SettingsError> {
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

/// Reads settings one by one, and lists them with their origins.
pub struct Reader<'a> {
    file: File,
    env: Environment<'a>,
    pub list: Vec<Setting>,
    /// All keys that were read.
    known: Vec<String>,
}

impl<'a> Reader<'a> {
    /// Creates a reader of a configuration file and the environment.
    pub fn new(file: File, env: Environment<'a>) -> Self {
        Self { file, env, list: Vec::new(), known: Vec::new() }
    }

    /// Reads a whole number.
    pub fn number<T: FromStr + fmt::Display>(&mut self, key: &str, default: T) -> Result<T, SettingsError> {
        self.get(key, None, default, "a whole number, 0 or more")
    }

    /// Reads a setting: the flag, else the environment variable, else the value in the file, else the default. `expected` describes
    /// the allowed values.
    pub fn get<T: FromStr + fmt::Display>(
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

    /// Returns an error if the file contains a key that was not read.
    pub fn refuse_unknown(&self) -> Result<(), SettingsError> {
        match self.file.table.keys().find(|key| !self.known.contains(key)) {
            None => Ok(()),
            Some(key) => Err(SettingsError::Unknown {
                path: self.file.path.clone(),
                key: key.clone(),
                suggestion: self.similar_to(key).map(|known| format!(" Did you mean \"{known}\"?")).unwrap_or_default(),
                known: self.known.join(", "),
            }),
        }
    }

    /// Returns the known key that is most similar to `key`.
    fn similar_to(&self, key: &str) -> Option<&str> {
        let similarity = |known: &String| strsim::jaro_winkler(known, key);
        let best = self.known.iter().max_by(|a, b| similarity(a).total_cmp(&similarity(b)))?;
        (similarity(best) >= MIN_SIMILARITY).then_some(best)
    }
}
