//! A city's files into a data folder, by the importers everyone uses.

use super::Files;
use jiff::Timestamp;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use walkshed_engine::build::{BuildOptions, OWN_NETWORK_KM, StreetsReport, build};
use walkshed_engine::osm::StreetRules;
use walkshed_exchange::{Kind, Options, plan, read_table};
use walkshed_live::folder::DataFolder;
use walkshed_register::{Audience, Category, Change, Edit, NewFacility, Register, Rules, Scenario};
use walkshed_store::{DEMONSTRATION_ACTOR, Edition, Store, StoreError};

/// A folder within a data folder in which a city is put together: its files, its streets, its register. It is removed when it
/// is let go of; that of a process that was killed, at the next start.
#[derive(Debug)]
pub struct Staging {
    data: DataFolder,
    /// Locked as long as it is in use.
    _lock: File,
}

impl Staging {
    /// Makes one, in place of what another process has left behind.
    ///
    /// # Errors
    /// A sentence that says what is in the way, for one another process that is at work there.
    pub fn new(folder: &DataFolder) -> Result<Self, String> {
        Self::remove_from(folder.path());
        let path = folder.path().join(STAGING);
        let data = folder.staged(&path).map_err(|e| e.to_string())?;
        let lock = File::create(path.join(LOCK)).map_err(|e| format!("{} cannot be used: {e}", path.display()))?;
        if matches!(lock.try_lock(), Err(TryLockError::WouldBlock)) {
            return Err(format!("another process is making a city in {}; wait until it has ended", path.display()));
        }
        AT_WORK.store(true, SeqCst);
        Ok(Self { data, _lock: lock })
    }

    /// Removes that of this process, which is about to end, although its threads may still be at work in there.
    pub fn abandon(data: &Path) {
        if AT_WORK.load(SeqCst) {
            let _ = std::fs::remove_dir_all(data.join(STAGING));
        }
    }

    /// Where the files of the city go, unless they are to be kept elsewhere.
    #[must_use]
    pub fn files(&self) -> PathBuf {
        self.data.path().join("files")
    }

    /// The data folder in which it is put together.
    #[must_use]
    pub const fn data(&self) -> &DataFolder {
        &self.data
    }

    /// Removes what a process that was killed has left in a data folder; says whether there was something. What another one is
    /// at work in stays.
    #[allow(clippy::must_use_candidate, reason = "most who call it do not ask")]
    pub fn remove_from(data: &Path) -> bool {
        let path = data.join(STAGING);
        // As versions before named it.
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

/// Does this process put a city together?
static AT_WORK: AtomicBool = AtomicBool::new(false);

const STAGING: &str = "demo.part";
const LOCK: &str = "in-use";

/// Why the city could not be brought in.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("{0}")]
    Other(String),
}

/// What is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    Streets,
    StreetsDone,
    Table(&'static str),
}

/// What was brought in.
#[derive(Debug, Clone)]
pub struct Installed {
    pub streets: StreetsReport,
    /// The length of the middle one of all segments, metres.
    pub median_m: f64,
    pub rows: u64,
}

/// Brings a city into an empty data folder: streets in one thread, the tables in another.
///
/// # Errors
/// [`InstallError`] naming the file; whoever calls takes away what is there by then.
pub async fn install(
    files: &Files,
    folder: &DataFolder,
    store: &Store,
    tell: impl Fn(Stage) + Send + Sync + Clone + 'static,
) -> Result<Installed, InstallError> {
    let options = BuildOptions {
        streets: files.streets(),
        elevation: files.elevation(),
        own_network_km: OWN_NETWORK_KM,
        profiles: folder.profiles().clone(),
        rules: StreetRules::default(),
    };
    let (to, told) = (folder.streets(), tell.clone());
    let streets = tokio::task::spawn_blocking(move || {
        told(Stage::Streets);
        let network = build(&options, &|_| {}).map_err(|e| e.to_string())?;
        network.save(&to).map_err(|e| e.to_string())?;
        told(Stage::StreetsDone);
        let mut lengths: Vec<f32> = network.edge_ids().map(|id| network.edge(id).length_m).collect();
        lengths.sort_unstable_by(f32::total_cmp);
        let median = lengths.get(lengths.len() / 2).copied().unwrap_or_default();
        Ok::<_, String>((network.meta().report.clone(), f64::from(median)))
    });
    let rows = tables(files, folder, store, &tell).await;
    let streets = streets.await.unwrap_or_else(|e| std::panic::resume_unwind(e.into_panic()));
    let rows = rows?;
    let (streets, median_m) = streets.map_err(InstallError::Other)?;
    Ok(Installed { streets, median_m, rows })
}

async fn tables(
    files: &Files,
    folder: &DataFolder,
    store: &Store,
    tell: &(impl Fn(Stage) + Send + Sync),
) -> Result<u64, InstallError> {
    let mut register = Register::new(store.load().await?, folder.shared_calendar());
    let mut rows = 0;
    for kind in Kind::ALL {
        tell(Stage::Table(kind.name()));
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
    what_if(store, &register).await?;
    Ok(rows)
}

/// Where couriers finish at one in the morning: the center of new-employment groups in Shapingba.
const COURIERS_CENTER: &str = "500106013004";

/// A scenario to begin with: couriers finish at one in the morning, and the nearest rest stop that is open is a walk away.
async fn what_if(store: &Store, register: &Register) -> Result<(), InstallError> {
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
        description: Some(
            "SYNTHETIC. Who gains when couriers find a rest stop where they finish, open until two?".into(),
        ),
        changes: vec![Change::Add(stop)],
        ..Scenario::new("rest-stop".into(), "骑手驿站设在中心".into())
    };
    let edition = Edition {
        edits: vec![Edit::Put(scenario.into())],
        actor: DEMONSTRATION_ACTOR.to_owned(),
        at: Timestamp::now().to_string(),
        ..Edition::default()
    };
    store.edit(&edition).await.map_err(|e| InstallError::Other(e.to_string()))?;
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
        let bad = |e: &dyn std::fmt::Display| format!("{}: {e}", path.display());
        let table = read_table(&path, kind, &calendar).map_err(|e| bad(&e))?;
        let rules = Rules { register: &register, kinds: &kinds, calendar: &calendar };
        let options = Options { now: Timestamp::now(), ..Options::default() };
        let source = path.file_name().unwrap_or_default().to_string_lossy();
        let planned = plan(&table, kind, options, rules, false, &source).map_err(|e| {
            let first =
                e.refused().first().map(|r| format!(": line {}: {} \"{}\" {}", r.line, r.field, r.value, r.why));
            bad(&format!("{e}{}", first.unwrap_or_default()))
        })?;
        Ok::<_, String>((planned, register))
    });
    let (planned, register) =
        planned.await.unwrap_or_else(|e| std::panic::resume_unwind(e.into_panic())).map_err(InstallError::Other)?;
    let rows = planned.record.rows;
    let edition = Edition {
        edits: planned.edits,
        actor: DEMONSTRATION_ACTOR.to_owned(),
        at: planned.record.at.clone(),
        demonstration: true,
        import: Some(planned.record),
        ..Edition::default()
    };
    let applied = store.edit(&edition).await.map_err(|e| InstallError::Other(e.to_string()))?;
    let next = tokio::task::spawn_blocking(move || register.with(applied.version, &applied.done));
    Ok((next.await.unwrap_or_else(|e| std::panic::resume_unwind(e.into_panic())), rows))
}
