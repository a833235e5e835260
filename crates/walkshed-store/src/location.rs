//! Where a database is: a file or a URL.

use crate::error::StoreError;
use sqlx::sqlite::SqliteConnectOptions;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// The location of a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Database {
    File(PathBuf),
    /// A URL from the settings: `sqlite:` and a path in which `?`, `#` and `%` are escaped as `%3F`, `%23` and `%25`.
    Url(String),
}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => f.write_str(&file_url(path)),
            Self::Url(url) => f.write_str(url),
        }
    }
}

/// Returns the URL of a database file.
pub fn file_url(path: &Path) -> String {
    let path = path.display().to_string().replace('%', "%25").replace('?', "%3F").replace('#', "%23");
    format!("sqlite://{path}")
}

impl Database {
    /// Returns options to connect to the database, with an absolute path.
    pub(crate) fn options(&self) -> Result<SqliteConnectOptions, StoreError> {
        let open = |source: sqlx::Error| StoreError::Open { url: self.to_string(), source };
        // Absolute, because SQLite parses a relative `file:x` as a URL.
        let absolute = |path: &Path| std::path::absolute(path).map_err(|e| open(e.into()));
        match self {
            Self::File(path) => Ok(SqliteConnectOptions::new().filename(absolute(path)?)),
            Self::Url(url) => {
                let options = SqliteConnectOptions::from_str(url).map_err(open)?;
                if self.is_in_memory() {
                    return Ok(options);
                }
                let path = absolute(options.get_filename())?;
                Ok(options.filename(path))
            }
        }
    }

    /// Returns whether the database is in memory instead of a file.
    pub(crate) fn is_in_memory(&self) -> bool {
        let Self::Url(url) = self else { return false };
        let rest = url.trim_start_matches("sqlite:").trim_start_matches("//");
        let (path, parameters) = rest.split_once('?').unwrap_or((rest, ""));
        path == ":memory:" || parameters.split('&').any(|p| p == "mode=memory")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_urls_round_trip() {
        for name in ["/a b/ü.db", "/what?/100%25.db", "/a#b%/x.db", "/:memory:/x.db"] {
            let database = Database::Url(file_url(Path::new(name)));
            assert!(!database.is_in_memory(), "{name}");
            assert_eq!(database.options().unwrap().get_filename(), Path::new(name));
        }
        for url in ["sqlite::memory:", "sqlite://:memory:", "sqlite://x?mode=memory"] {
            assert!(Database::Url(url.into()).is_in_memory(), "{url}");
        }
    }
}
