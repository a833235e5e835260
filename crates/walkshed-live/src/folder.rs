//! The data folder: the prepared streets file, the embedded database, and building a [`World`] from them.

use crate::prepared::{PreparedRegister, Unusable};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;
use walkshed_analysis::Standards;
use walkshed_analysis::world::World;
use walkshed_engine::private_file;
use walkshed_engine::{Network, Profiles};
use walkshed_register::{Calendar, Kinds, Register, RegisterRows};
use walkshed_store::{Database, RegisterState, Store, StoreError};

/// A data folder with the settings that affect its contents.
#[derive(Debug, Clone)]
pub struct DataFolder {
    path: PathBuf,
    database: Option<String>,
    profiles: Profiles,
    kinds: Kinds,
    standards: Standards,
    calendar: Arc<Calendar>,
}

/// Identifies a version of the prepared streets file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileStamp {
    modified: SystemTime,
    bytes: u64,
    /// Inode number and inode change time, on Unix.
    identity: Option<(u64, i64, i64)>,
}

/// A world with the state of the register that it was loaded from.
pub(crate) struct Loaded {
    pub world: World,
    pub state: RegisterState,
    /// Whether the prepared register file contains all that can be prepared.
    pub is_prepared: bool,
}

/// An error of the data folder.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    #[error("cannot create the data folder {}: {source}; choose another folder with --data", path.display())]
    Make { path: PathBuf, source: std::io::Error },
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl DataFolder {
    /// Opens a data folder and creates it if it does not exist, with access for its owner only. `database` is the URL of a
    /// database to use instead of the embedded one.
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

    /// Sets the kinds of facility and the calendar.
    #[must_use]
    pub fn with_rules(self, kinds: Kinds, calendar: Arc<Calendar>) -> Self {
        Self { kinds, calendar, ..self }
    }

    /// Sets the planning standards.
    #[must_use]
    pub fn with_standards(self, standards: Standards) -> Self {
        Self { standards, ..self }
    }

    /// Returns the planning standards.
    #[must_use]
    pub const fn standards(&self) -> &Standards {
        &self.standards
    }

    /// Returns the kinds of facility.
    #[must_use]
    pub const fn kinds(&self) -> &Kinds {
        &self.kinds
    }

    /// Returns a shared handle to the calendar.
    #[must_use]
    pub fn shared_calendar(&self) -> Arc<Calendar> {
        self.calendar.clone()
    }

    /// Returns the calendar: time zone and holidays.
    #[must_use]
    pub fn calendar(&self) -> &Calendar {
        &self.calendar
    }

    /// Returns the path of the folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the path of the prepared streets file.
    #[must_use]
    pub fn streets(&self) -> PathBuf {
        self.path.join("streets.walkshed")
    }

    /// Returns the path of the prepared register file.
    #[must_use]
    pub fn prepared_register(&self) -> PathBuf {
        self.path.join("register.walkshed")
    }

    /// Returns the location of the database.
    #[must_use]
    pub fn database(&self) -> Database {
        self.database.clone().map_or_else(|| Database::File(self.path.join("walkshed.db")), Database::Url)
    }

    /// Returns a staging folder at another path, with the same settings and its own embedded database.
    ///
    /// # Errors
    /// [`FolderError::Make`].
    pub fn staged(&self, path: &Path) -> Result<Self, FolderError> {
        private_file::create_folder(path).map_err(|source| FolderError::Make { path: path.to_owned(), source })?;
        Ok(Self { path: path.to_owned(), database: None, ..self.clone() })
    }

    /// Returns the travel profiles.
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
    /// A sentence that says which command to run.
    pub fn network(&self) -> Result<Arc<Network>, String> {
        let path = self.streets();
        if !path.exists() {
            return Err(
                "No streets are imported: run `walkshed import streets FILE.osm.pbf --elevation DEM.tif`".into()
            );
        }
        Network::open(&path).map(|network| Arc::new(network.with_profiles(&self.profiles))).map_err(|e| e.to_string())
    }

    /// Removes temporary files of killed processes. Files in use are locked and stay.
    pub fn remove_stale_files(&self) {
        private_file::remove_stale_temp_files(&self.path);
        let files = [self.streets(), self.prepared_register()];
        let stems = files.each_ref().map(|f| f.file_stem().unwrap_or_default().to_string_lossy().into_owned());
        for entry in std::fs::read_dir(&self.path).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let suffix = |stem: &String| name.to_str().and_then(|n| n.strip_prefix(stem)?.strip_prefix('.'));
            let is_temporary =
                stems.iter().filter_map(suffix).any(|suffix| suffix.starts_with("tmp") || suffix.starts_with("held"));
            if is_temporary && File::open(entry.path()).is_ok_and(|file| file.try_lock().is_ok()) {
                let _ = std::fs::remove_file(entry.path());
            }
        }
    }

    /// Returns the stamp of the prepared streets file, or `None` if there is none.
    #[must_use]
    pub fn streets_stamp(&self) -> Option<FileStamp> {
        let meta = std::fs::metadata(self.streets()).ok()?;
        #[cfg(unix)]
        let identity = {
            use std::os::unix::fs::MetadataExt;
            Some((meta.ino(), meta.ctime(), meta.ctime_nsec()))
        };
        #[cfg(not(unix))]
        let identity = None;
        Some(FileStamp { modified: meta.modified().ok()?, bytes: meta.len(), identity })
    }

    /// Loads the streets and the register.
    ///
    /// # Errors
    /// [`StoreError`]. Missing or damaged streets are not an error but a problem of the world.
    pub async fn world(&self, store: &Store) -> Result<World, StoreError> {
        Ok(self.load(store).await?.world)
    }

    /// Loads the streets and the register at the same time. Reads the register from its prepared file if that is up to date.
    pub(crate) async fn load(&self, store: &Store) -> Result<Loaded, StoreError> {
        let folder = self.clone();
        let network = on_blocking_thread(move || folder.network());
        let state = store.state().await?;
        let (path, calendar) = (self.prepared_register(), self.calendar.clone());
        let prepared = on_blocking_thread(move || {
            let prepared = PreparedRegister::read(&path, state)?;
            let register = prepared.register(calendar)?;
            Ok((register, prepared))
        });
        match prepared.await {
            Ok((register, prepared)) => {
                let network = network.await;
                let (world, is_prepared) =
                    on_blocking_thread(move || world_of_prepared(network, register, &prepared)).await;
                Ok(Loaded { world, state, is_prepared })
            }
            Err(why) => {
                log_unusable(&why);
                let (rows, state) = store.load_with_state().await?;
                Ok(Loaded { world: self.world_of(network.await, rows).await, state, is_prepared: false })
            }
        }
    }

    /// Builds a world from a network and an already loaded register.
    pub async fn world_with_network(&self, network: Result<Arc<Network>, String>, register: Arc<Register>) -> World {
        on_blocking_thread(move || World::from_register(network, Arc::unwrap_or_clone(register))).await
    }

    /// Builds a world from a network and the rows of a register, on a blocking thread.
    pub async fn world_of(&self, network: Result<Arc<Network>, String>, rows: RegisterRows) -> World {
        let calendar = self.calendar.clone();
        on_blocking_thread(move || World::from_register(network, Register::new(rows, calendar))).await
    }
}

/// Builds a world from a prepared register, and returns whether the file contained all of it.
fn world_of_prepared(
    network: Result<Arc<Network>, String>,
    register: Register,
    prepared: &PreparedRegister,
) -> (World, bool) {
    let version = register.version;
    let Ok(network) = network else {
        return (World::from_register(network, register), !prepared.has_layers());
    };
    let Some(layers) = prepared.layers(&network) else {
        tracing::info!(
            version,
            "read the prepared register, without its positions on the streets: it was written for other streets or profiles, or without streets"
        );
        return (World::from_register(Ok(network), register), false);
    };
    match World::from_prepared(network.clone(), register, layers) {
        Ok(world) => {
            tracing::info!(version, "read the prepared register");
            (world, true)
        }
        Err(register) => {
            tracing::warn!(version, "read the prepared register, whose positions on the streets are damaged");
            (World::from_register(Ok(network), *register), false)
        }
    }
}

fn log_unusable(why: &Unusable) {
    let text = "read the register from the database, because the prepared register cannot be used";
    if why.is_fault() {
        tracing::warn!(%why, "{text}");
    } else {
        tracing::info!(%why, "{text}");
    }
}

/// Starts work on a blocking thread at once, and returns its result.
fn on_blocking_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> impl Future<Output = T> {
    let running = tokio::task::spawn_blocking(work);
    async { running.await.unwrap_or_else(|e| std::panic::resume_unwind(e.into_panic())) }
}
