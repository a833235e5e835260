//! The data folder: where the prepared streets and the embedded database lie, and how a [`World`] is made of them.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;
use walkshed_analysis::Standards;
use walkshed_analysis::world::World;
use walkshed_engine::private_file;
use walkshed_engine::{Network, Profiles};
use walkshed_register::{Calendar, Kinds, Register, RegisterRows};
use walkshed_store::{Database, Store, StoreError};

/// The data folder and what overrides its contents.
#[derive(Debug, Clone)]
pub struct DataFolder {
    path: PathBuf,
    database: Option<String>,
    profiles: Profiles,
    kinds: Kinds,
    standards: Standards,
    calendar: Arc<Calendar>,
}

/// What tells one prepared file from the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    modified: SystemTime,
    bytes: u64,
    /// Its number, and when anything about it was changed (also who may read it), where the system tells.
    identity: Option<(u64, i64, i64)>,
}

/// Why the data folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    #[error("the data folder {} cannot be made: {source}; choose another with --data", path.display())]
    Make { path: PathBuf, source: std::io::Error },
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl DataFolder {
    /// A folder, made for its owner alone when it is not there; `database` is an URL that takes the place of the embedded one.
    ///
    /// # Errors
    /// [`FolderError::Make`].
    pub fn new(path: &Path, database: Option<String>, profiles: Profiles) -> Result<Self, FolderError> {
        private_file::create_folder(path).map_err(|source| FolderError::Make { path: path.to_owned(), source })?;
        Ok(Self {
            path: path.to_owned(),
            database,
            profiles,
            kinds: Kinds::default(),
            standards: Standards::default(),
            calendar: Arc::default(),
        })
    }

    /// The same folder, with the kinds of facility and the calendar of another city.
    #[must_use]
    pub fn with_rules(self, kinds: Kinds, calendar: Arc<Calendar>) -> Self {
        Self { kinds, calendar, ..self }
    }

    /// The same folder, with other planning standards.
    #[must_use]
    pub fn with_standards(self, standards: Standards) -> Self {
        Self { standards, ..self }
    }

    /// The planning standards in force.
    #[must_use]
    pub const fn standards(&self) -> &Standards {
        &self.standards
    }

    /// The kinds of facility in force.
    #[must_use]
    pub const fn kinds(&self) -> &Kinds {
        &self.kinds
    }

    /// The city's clock and holidays, to share.
    #[must_use]
    pub fn shared_calendar(&self) -> Arc<Calendar> {
        self.calendar.clone()
    }

    /// The city's clock and holidays.
    #[must_use]
    pub fn calendar(&self) -> &Calendar {
        &self.calendar
    }

    /// The folder itself.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The prepared streets.
    #[must_use]
    pub fn streets(&self) -> PathBuf {
        self.path.join("streets.walkshed")
    }

    /// Where the database lies.
    #[must_use]
    pub fn database(&self) -> Database {
        self.database.clone().map_or_else(|| Database::File(self.path.join("walkshed.db")), Database::Url)
    }

    /// Another folder with the same settings and a database of its own, in which something is put together.
    ///
    /// # Errors
    /// [`FolderError::Make`].
    pub fn staged(&self, path: &Path) -> Result<Self, FolderError> {
        private_file::create_folder(path).map_err(|source| FolderError::Make { path: path.to_owned(), source })?;
        Ok(Self { path: path.to_owned(), database: None, ..self.clone() })
    }

    /// The profiles in force.
    #[must_use]
    pub const fn profiles(&self) -> &Profiles {
        &self.profiles
    }

    /// Opens the database.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn store(&self) -> Result<Store, StoreError> {
        Store::open_at(&self.database()).await
    }

    /// Opens the prepared streets.
    ///
    /// # Errors
    /// A sentence that says what to run.
    pub fn network(&self) -> Result<Arc<Network>, String> {
        let path = self.streets();
        if !path.exists() {
            return Err("There are no streets: run `walkshed import streets FILE.osm.pbf --elevation DEM.tif`".into());
        }
        Network::open(&path).map(|network| Arc::new(network.with_profiles(&self.profiles))).map_err(|e| e.to_string())
    }

    /// Removes what processes that were killed have left half written; what is in use is locked.
    pub fn tidy(&self) {
        private_file::remove_left_behind(&self.path);
        let streets = self.streets();
        let stem = streets.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        for entry in std::fs::read_dir(&self.path).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let end = name.to_str().and_then(|n| n.strip_prefix(&stem)?.strip_prefix('.'));
            let is_part = end.is_some_and(|end| end.starts_with("tmp") || end.starts_with("held"));
            if is_part && File::open(entry.path()).is_ok_and(|file| file.try_lock().is_ok()) {
                let _ = std::fs::remove_file(entry.path());
            }
        }
    }

    /// What tells the prepared streets from those before; `None` when there are none.
    #[must_use]
    pub fn streets_stamp(&self) -> Option<Stamp> {
        let meta = std::fs::metadata(self.streets()).ok()?;
        #[cfg(unix)]
        let identity = {
            use std::os::unix::fs::MetadataExt;
            Some((meta.ino(), meta.ctime(), meta.ctime_nsec()))
        };
        #[cfg(not(unix))]
        let identity = None;
        Some(Stamp { modified: meta.modified().ok()?, bytes: meta.len(), identity })
    }

    /// Reads everything.
    ///
    /// # Errors
    /// [`StoreError`]; missing or damaged streets are not an error but a problem the world tells.
    pub async fn world(&self, store: &Store) -> Result<World, StoreError> {
        let rows = store.load().await?;
        Ok(self.world_of(self.network(), rows).await)
    }

    /// Puts a world together of other streets and a register that is loaded already.
    pub async fn world_over(&self, network: Result<Arc<Network>, String>, register: Arc<Register>) -> World {
        tokio::task::spawn_blocking(move || World::of(network, Arc::unwrap_or_clone(register)))
            .await
            .unwrap_or_else(|e| std::panic::resume_unwind(e.into_panic()))
    }

    /// Puts a world together away from the threads that answer requests.
    pub async fn world_of(&self, network: Result<Arc<Network>, String>, rows: RegisterRows) -> World {
        let calendar = self.calendar.clone();
        tokio::task::spawn_blocking(move || World::of(network, Register::new(rows, calendar)))
            .await
            .unwrap_or_else(|e| std::panic::resume_unwind(e.into_panic()))
    }
}
