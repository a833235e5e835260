//! Imports the files of a city into a data folder, with the ordinary importers.

use super::files::Files;
use jiff::Timestamp;
use std::error::Error;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use walkshed_engine::build::{BuildOptions, StreetsReport, build};
use walkshed_exchange::{Kind, Options, plan, read_table};
use walkshed_live::folder::{DataFolder, FolderError};
use walkshed_register::{Audience, Category, Change, Edit, NewFacility, Register, Rules, Scenario};
use walkshed_store::{ChangeSet, DEMONSTRATION_ACTOR, Store, StoreError};

/// A folder inside the data folder in which a city is built: its files, its streets, its register. It is removed on
/// drop. The folder of a killed process is removed at the next start.
#[derive(Debug)]
pub struct Staging {
    data: DataFolder,
    /// Locked while in use.
    _lock: File,
}

impl Staging {
    /// Creates the folder, replacing what a killed process has left.
    ///
    /// # Errors
    /// Returns [`InstallError::Busy`] if another process is building a city there, and [`InstallError::Folder`] or
    /// [`InstallError::Lock`] if the folder cannot be used.
    pub fn new(folder: &DataFolder) -> Result<Self, InstallError> {
        Self::remove_from(folder.path());
        let path = folder.path().join(STAGING);
        let data = folder.staged(&path)?;
        let lock = File::create(path.join(LOCK)).map_err(|source| InstallError::Lock { path: path.clone(), source })?;
        if matches!(lock.try_lock(), Err(TryLockError::WouldBlock)) {
            return Err(InstallError::Busy(path));
        }
        IS_BUILDING.store(true, SeqCst);
        Ok(Self { data, _lock: lock })
    }

    /// Removes the folder of this process, which is about to exit, even if its threads are still using it.
    pub fn abandon(data: &Path) {
        if IS_BUILDING.load(SeqCst) {
            let _ = std::fs::remove_dir_all(data.join(STAGING));
        }
    }

    /// Returns where to write the files of the city, unless they are exported elsewhere.
    #[must_use]
    pub fn files(&self) -> PathBuf {
        self.data.path().join("files")
    }

    /// Returns the data folder in which the city is built.
    #[must_use]
    pub const fn data(&self) -> &DataFolder {
        &self.data
    }

    /// Removes what a killed process has left in a data folder, but not a folder that another process is using. Returns
    /// whether anything was removed.
    #[allow(clippy::must_use_candidate, reason = "most callers ignore the result")]
    pub fn remove_from(data: &Path) -> bool {
        let path = data.join(STAGING);
        // The name used by earlier versions.
        let _ = std::fs::remove_dir_all(data.join("demo-files.part"));
        let is_in_use = File::open(path.join(LOCK)).is_ok_and(|lock| lock.try_lock().is_err());
        !is_in_use && path.is_dir() && std::fs::remove_dir_all(&path).is_ok()
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(self.data.path());
    }
}

/// Whether this process is building a city.
static IS_BUILDING: AtomicBool = AtomicBool::new(false);

const STAGING: &str = "demo.part";
const LOCK: &str = "in-use";

/// The reason why the city could not be imported.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InstallError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("another process is creating a demonstration city in {}; wait until it has finished", .0.display())]
    Busy(PathBuf),
    #[error(transparent)]
    Folder(#[from] FolderError),
    #[error("cannot use {}: {source}", path.display())]
    Lock { path: PathBuf, source: std::io::Error },
    #[error("{0}")]
    Streets(Box<dyn Error + Send + Sync>),
    #[error("{}: {why}", path.display())]
    Table { path: PathBuf, why: String },
    #[error("{0}")]
    Edit(Box<dyn Error + Send + Sync>),
}

/// A step of the import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    Streets,
    StreetsDone,
    Table(&'static str),
}

/// The result of the import.
#[derive(Debug, Clone)]
pub struct Installed {
    pub streets: StreetsReport,
    /// Median length of all segments, metres.
    pub median_m: f64,
    pub rows: u64,
}

/// Imports a city into an empty data folder: streets in one thread, tables in another.
///
/// # Errors
/// Returns an [`InstallError`] that names the file. The caller must remove what has been imported by then.
pub async fn install(
    files: &Files,
    folder: &DataFolder,
    store: &Store,
    report: impl Fn(Stage) + Send + Sync + Clone + 'static,
) -> Result<Installed, InstallError> {
    let options =
        BuildOptions::new(files.streets()).with_elevation(files.elevation()).with_profiles(folder.profiles().clone());
    let (to, report_streets) = (folder.streets(), report.clone());
    let streets = tokio::task::spawn_blocking(move || {
        report_streets(Stage::Streets);
        let network = build(&options, &|_| {})?;
        network.save(&to)?;
        report_streets(Stage::StreetsDone);
        let mut lengths: Vec<f32> = network.edge_ids().map(|id| network.edge(id).length_m).collect();
        lengths.sort_unstable_by(f32::total_cmp);
        let median = lengths.get(lengths.len() / 2).copied().unwrap_or_default();
        Ok::<_, Box<dyn Error + Send + Sync>>((network.meta().report.clone(), f64::from(median)))
    });
    let rows = tables(files, folder, store, &report).await;
    let streets = streets.await.unwrap_or_else(|e| std::panic::resume_unwind(e.into_panic()));
    let rows = rows?;
    let (streets, median_m) = streets.map_err(InstallError::Streets)?;
    Ok(Installed { streets, median_m, rows })
}

async fn tables(
    files: &Files,
    folder: &DataFolder,
    store: &Store,
    report: &(impl Fn(Stage) + Send + Sync),
) -> Result<u64, InstallError> {
    let mut register = Register::new(store.load().await?, folder.shared_calendar());
    let mut rows = 0;
    for kind in Kind::ALL {
        report(Stage::Table(kind.name()));
        let own = match kind {
            Kind::Regions => files.folder.join("regions.geojson"),
            _ => files.folder.join(format!("{}.csv", kind.name())),
        };
        let reported = files.folder.join("reported").join(format!("{}.csv", kind.name()));
        for path in [own, reported].into_iter().filter(|p| p.exists()) {
            let (next, n) = table(&path, kind, folder, store, register).await?;
            register = next;
            rows += n;
        }
    }
    add_example_scenario(store, &register).await?;
    Ok(rows)
}

/// The center for new employment groups in Shapingba, where couriers finish work at one in the morning.
const COURIERS_CENTER: &str = "500106013004";

/// Adds an example scenario: couriers finish work at one in the morning, and the nearest open rest stop is a walk away.
async fn add_example_scenario(store: &Store, register: &Register) -> Result<(), InstallError> {
    let Some(center) = register.centers.find(COURIERS_CENTER) else { return Ok(()) };
    let stop = NewFacility {
        name: "新就业群体中心骑手驿站".into(),
        name_en: Some("Rest stop at the new-employment groups' center".into()),
        category: Category::Employment,
        kind: Some("rider_rest_stop".into()),
        position: center.position,
        opening_hours: Some("10:00-02:00".into()),
        capacity: None,
        audiences: vec![Audience::Couriers],
        step_free: None,
        services: Vec::new(),
    };
    let scenario = Scenario {
        name_en: Some("A rest stop at the couriers' center".into()),
        description: Some("SYNTHETIC. Who gains from a rest stop where couriers finish work, open until two?".into()),
        changes: vec![Change::Add(stop)],
        ..Scenario::new("rest-stop".into(), "骑手驿站设在中心".into())
    };
    let edition = ChangeSet {
        edits: vec![Edit::Put(scenario.into())],
        actor: DEMONSTRATION_ACTOR.to_owned(),
        at: Timestamp::now().to_string(),
        ..ChangeSet::default()
    };
    store.edit(&edition).await.map_err(|e| InstallError::Edit(e.into()))?;
    Ok(())
}

async fn table(
    path: &Path,
    kind: Kind,
    folder: &DataFolder,
    store: &Store,
    register: Register,
) -> Result<(Register, u64), InstallError> {
    let (path, calendar, kinds) = (path.to_owned(), folder.shared_calendar(), folder.kinds().clone());
    let planned = tokio::task::spawn_blocking(move || {
        let bad = |e: &dyn std::fmt::Display| InstallError::Table { path: path.clone(), why: e.to_string() };
        let table = read_table(&path, kind, &calendar).map_err(|e| bad(&e))?;
        let rules = Rules { register: &register, kinds: &kinds, calendar: &calendar };
        let options = Options { now: Timestamp::now(), ..Options::default() };
        let source = path.file_name().unwrap_or_default().to_string_lossy();
        let planned = plan(&table, kind, options, rules, false, &source).map_err(|e| {
            let first =
                e.refused().first().map(|r| format!(": line {}: {} \"{}\" {}", r.line, r.field, r.value, r.why));
            bad(&format!("{e}{}", first.unwrap_or_default()))
        })?;
        Ok::<_, InstallError>((planned, register))
    });
    let (planned, register) = planned.await.unwrap_or_else(|e| std::panic::resume_unwind(e.into_panic()))?;
    let rows = planned.record.rows;
    let edition = ChangeSet {
        edits: planned.edits,
        actor: DEMONSTRATION_ACTOR.to_owned(),
        at: planned.record.at.clone(),
        demonstration: true,
        import: Some(planned.record),
        ..ChangeSet::default()
    };
    let applied = store.edit(&edition).await.map_err(|e| InstallError::Edit(e.into()))?;
    let next = tokio::task::spawn_blocking(move || register.with_edits(applied.version, &applied.done));
    Ok((next.await.unwrap_or_else(|e| std::panic::resume_unwind(e.into_panic())), rows))
}
