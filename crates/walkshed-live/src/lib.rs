//! The current world and its changes.
//!
//! An edit is stored in the database first and then applied to the world. Changes made by other processes are detected and
//! loaded. Subscribers receive an event for every change.

pub mod access;
pub mod folder;
mod write_queue;

use crate::access::{Caller, hash};
use crate::folder::{DataFolder, Stamp};
use arc_swap::ArcSwap;
use jiff::Timestamp;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{broadcast, watch};
use walkshed_analysis::Standards;
use walkshed_analysis::world::World;
use walkshed_engine::Network;
use walkshed_register::{AnyRecord, DivisionCode, Done, Host, Kinds, RecordKind, Register, Role, Rules};
use walkshed_store::{Applied, EditError, Edition, Store, StoreError, TokenRow};
use write_queue::{WriteQueue, Writer};

/// Interval between checks for changes by other processes.
const POLL_INTERVAL: Duration = Duration::from_secs(2);
/// Delay before data that failed to load are loaded again although nothing has changed. It doubles with each failure.
const FIRST_RETRY: Duration = Duration::from_secs(2);
const LONGEST_RETRY: Duration = Duration::from_mins(1);
/// How long background tasks may take to end when the server stops.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(5);
/// Longest time until the expiry of a token is checked again.
const MAX_EXPIRY_WAIT: Duration = Duration::from_hours(24);
/// Number of events buffered for a slow subscriber.
const EVENT_BUFFER: usize = 1024;
/// Default maximum number of changes that wait to be stored.
pub const MAX_WAITING_WRITES: usize = 100;

/// The current world, and what is needed to replace it.
pub struct Live {
    world: ArcSwap<World>,
    tokens: ArcSwap<Vec<TokenRow>>,
    /// Notifies subscriptions that their tokens may have ended.
    tokens_changed: watch::Sender<()>,
    folder: DataFolder,
    store: Store,
    /// The state of the data that the current world was built from.
    seen: Mutex<Seen>,
    /// The data that could not be loaded.
    unloaded: Mutex<Unloaded>,
    /// Time of the next retry of a failed load, and the delay after that.
    retry: Mutex<Option<(Instant, Duration)>>,
    /// Only one writer at a time builds the next world, so that no change is lost.
    writers: WriteQueue,
    /// Serialises reading and publishing the tokens, so that an older list never replaces a newer one.
    reading_tokens: tokio::sync::Mutex<()>,
    changes: broadcast::Sender<Arc<Change>>,
    progress: broadcast::Sender<Arc<ImportProgress>>,
    stopping: watch::Sender<bool>,
    /// The runtime of background tasks. It outlives the runtimes of the workers.
    runtime: tokio::runtime::Handle,
    /// The number of running background tasks.
    working: watch::Sender<usize>,
}

/// Counts a background task until it is dropped.
struct Counted(watch::Sender<usize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.send_modify(|n| *n -= 1);
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seen {
    version: u64,
    streets: Option<Stamp>,
}

/// The data that could not be loaded: a sentence each, until they load again.
#[derive(Debug, Default)]
struct Unloaded {
    streets: Option<String>,
    register: Option<String>,
    tokens: Option<String>,
}

/// A change event. It contains no world, so that a slow subscriber does not keep old worlds in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The records that have changed.
    Items(Vec<ChangedItem>),
    /// The whole register was loaded again. Contains the codes of the centers that have changed.
    Reloaded(Vec<DivisionCode>),
}

/// A record that has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedItem {
    pub kind: RecordKind,
    /// The record's id; 0 for visits and population.
    pub id: i64,
    /// The center it belongs to.
    pub center: Option<i64>,
    /// The codes of that center before and after the change.
    pub codes: Vec<DivisionCode>,
    pub deleted: bool,
}

/// Progress of an import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportProgress {
    /// The id that the client has chosen.
    pub id: String,
    /// `reading`, `checking`, `storing`, `done` or `failed`.
    pub stage: &'static str,
    pub done: u64,
    pub total: u64,
}

impl ImportProgress {
    /// Returns whether the import has ended.
    #[must_use]
    pub fn is_last(&self) -> bool {
        matches!(self.stage, "done" | "failed")
    }
}

/// A rejected token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    #[error("unknown token; create one with `walkshed token create --role reader --name NAME`")]
    Unknown,
    #[error("the token \"{0}\" has expired")]
    Expired(String),
    #[error("the token \"{0}\" has been revoked")]
    Revoked(String),
}

impl Live {
    /// Loads the first world.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn load(folder: DataFolder, store: Store) -> Result<Self, StoreError> {
        // Taken before reading: a change during the load is then detected later instead of being missed.
        let seen = Seen { version: store.version().await?, streets: folder.streets_stamp() };
        let (tokens, token_errors) = store.usable_tokens().await?;
        let world = folder.world(&store).await?;
        let live = Self {
            world: ArcSwap::from_pointee(world),
            tokens: ArcSwap::from_pointee(tokens),
            tokens_changed: watch::Sender::new(()),
            folder,
            store,
            seen: Mutex::new(seen),
            unloaded: Mutex::default(),
            retry: Mutex::default(),
            writers: WriteQueue::new(MAX_WAITING_WRITES),
            reading_tokens: tokio::sync::Mutex::default(),
            changes: broadcast::Sender::new(EVENT_BUFFER),
            progress: broadcast::Sender::new(EVENT_BUFFER),
            stopping: watch::Sender::new(false),
            runtime: tokio::runtime::Handle::current(),
            working: watch::Sender::new(0),
        };
        live.note_tokens(&token_errors);
        // The world reports missing or damaged streets in its problems; the log must report them too.
        if let (Err(why), Some(_)) = (live.world().network(), seen.streets) {
            tracing::error!(why, "the prepared streets cannot be opened; there is no network");
        }
        Ok(live)
    }

    /// Sets the maximum number of changes that wait to be stored.
    #[must_use]
    pub fn with_waiting_writes(self, most: usize) -> Self {
        Self { writers: WriteQueue::new(most), ..self }
    }

    /// Returns the problems of the data, as sentences that say which command to run: those of the world, and data that could
    /// not be loaded since.
    pub fn problems(&self, world: &World) -> Vec<String> {
        let unloaded = self.unloaded();
        let since = [&unloaded.streets, &unloaded.register, &unloaded.tokens];
        since.into_iter().flatten().cloned().chain(world.problems()).collect()
    }

    fn unloaded(&self) -> MutexGuard<'_, Unloaded> {
        self.unloaded.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records that a part of the data could not be loaded, or that it could. Logs the change.
    fn note(&self, part: impl Fn(&mut Unloaded) -> &mut Option<String>, problem: Option<String>) {
        let mut unloaded = self.unloaded();
        let known = part(&mut unloaded);
        if *known == problem {
            return;
        }
        match (&problem, &known) {
            (Some(problem), _) => tracing::error!("{problem}"),
            (None, Some(before)) => tracing::info!(before, "data that could not be loaded before are now loaded"),
            (None, None) => {}
        }
        *known = problem;
    }

    fn note_tokens(&self, errors: &[StoreError]) {
        let problem = errors.first().map(|first| {
            let more = if errors.len() > 1 { format!(" ({} in total)", errors.len()) } else { String::new() };
            format!("A token cannot be read and is rejected{more}: {first}")
        });
        self.note(|u| &mut u.tokens, problem);
    }

    /// Returns the current world. A request takes it once and uses it to the end.
    pub fn world(&self) -> Arc<World> {
        self.world.load_full()
    }

    /// Returns the database, for data outside the world such as the audit log and jobs.
    pub const fn store(&self) -> &Store {
        &self.store
    }

    /// Returns the kinds of facility.
    pub const fn kinds(&self) -> &Kinds {
        self.folder.kinds()
    }

    /// Returns the planning standards.
    pub const fn standards(&self) -> &Standards {
        self.folder.standards()
    }

    /// Returns the rules that records are validated against.
    pub fn rules<'a>(&'a self, register: &'a Register) -> Rules<'a> {
        Rules { register, kinds: self.folder.kinds(), calendar: self.folder.calendar() }
    }

    /// Returns the caller that a token identifies.
    ///
    /// # Errors
    /// [`TokenError`] if the token is unknown, expired or revoked.
    pub fn caller(&self, token: &str, address: Option<IpAddr>) -> Result<Caller, TokenError> {
        self.caller_of(&hash(token.as_bytes()), address)
    }

    /// Returns the caller that a token identifies, by the hash of the token.
    ///
    /// # Errors
    /// [`TokenError`] if the token is unknown, expired or revoked.
    pub fn caller_of(&self, hash: &[u8; 32], address: Option<IpAddr>) -> Result<Caller, TokenError> {
        let now = Timestamp::now();
        let tokens = self.tokens.load();
        // Comparing hashes instead of tokens: the duration of the comparison reveals nothing useful.
        let token = tokens.iter().find(|t| t.hash == *hash).ok_or(TokenError::Unknown)?;
        if token.revoked_at.is_some() {
            return Err(TokenError::Revoked(token.name.clone()));
        }
        if token.expires_at.is_some_and(|at| at <= now) {
            return Err(TokenError::Expired(token.name.clone()));
        }
        Ok(Caller { role: token.role, token: Some(token.name.clone()), address })
    }

    /// Waits until a token is expired, revoked or unknown, or its role changes.
    pub fn token_ended(self: &Arc<Self>, hash: [u8; 32], role: Role) -> impl Future<Output = ()> + Send + 'static {
        let live = self.clone();
        let mut changed = self.tokens_changed.subscribe();
        async move {
            while live.caller_of(&hash, None).is_ok_and(|caller| caller.role == role) {
                let expiry = live.tokens.load().iter().find(|t| t.hash == hash).and_then(|t| t.expires_at);
                let left = expiry.map(|at| Duration::try_from(at.duration_since(Timestamp::now())).unwrap_or_default());
                // Bounded, because clocks may be adjusted and timers have a maximum duration.
                let left = left.unwrap_or(MAX_EXPIRY_WAIT).min(MAX_EXPIRY_WAIT) + Duration::from_millis(1);
                if let Ok(Err(_)) = tokio::time::timeout(left, changed.changed()).await {
                    return;
                }
            }
        }
    }

    /// Returns whether an unrevoked token of this role exists.
    pub fn has_token(&self, role: Role) -> bool {
        self.tokens.load().iter().any(|t| t.role == role && t.revoked_at.is_none())
    }

    /// Stores a new token, which is valid at once, and returns its id.
    ///
    /// # Errors
    /// [`StoreError`]; then no token is created.
    pub async fn add_token(&self, token: &TokenRow, actor: &str) -> Result<i64, StoreError> {
        let id = self.store.add_token(token, actor).await?;
        if self.read_tokens().await.is_err() {
            // The token is stored but the list cannot be read again, so it is added here.
            self.change_tokens(|tokens| tokens.push(TokenRow { id, ..token.clone() }));
        }
        Ok(id)
    }

    /// Revokes a token at once. Returns `false` if no unrevoked token has this id.
    ///
    /// # Errors
    /// [`StoreError`]; then the token is not revoked.
    pub async fn revoke_token(&self, id: i64, actor: &str) -> Result<bool, StoreError> {
        let now = Timestamp::now();
        let done = self.store.revoke_token(id, now, actor).await?;
        if self.read_tokens().await.is_err() && done {
            self.change_tokens(|tokens| {
                for token in tokens.iter_mut().filter(|t| t.id == id) {
                    token.revoked_at = Some(now);
                }
            });
        }
        Ok(done)
    }

    fn change_tokens(&self, change: impl Fn(&mut Vec<TokenRow>)) {
        self.tokens.rcu(|tokens| {
            let mut tokens = Vec::clone(tokens);
            change(&mut tokens);
            tokens
        });
    }

    async fn read_tokens(&self) -> Result<(), StoreError> {
        let _one_at_a_time = self.reading_tokens.lock().await;
        match self.store.usable_tokens().await {
            Ok((tokens, errors)) => {
                if **self.tokens.load() != tokens {
                    self.tokens.store(Arc::new(tokens));
                    self.tokens_changed.send_replace(());
                }
                self.note_tokens(&errors);
                Ok(())
            }
            Err(error) => {
                let why = format!("The tokens cannot be read; the previous ones stay valid: {error}");
                self.note(|u| &mut u.tokens, Some(why));
                Err(error)
            }
        }
    }

    /// Applies a change set to the database and then to the world. When this returns `Ok`, the change is durable and part of
    /// the current world. If it is stored but the register cannot be loaded again, the load is retried until it succeeds.
    ///
    /// # Errors
    /// [`EditError`]; then nothing changes, except possibly for [`EditError::Unsure`].
    pub async fn edit(&self, edition: &Edition) -> Result<(Applied, Arc<World>), EditError> {
        let writer = if edition.anonymous { Writer::Anonymous } else { Writer::Known };
        let _turn = self.writers.turn(writer).await.map_err(|waiting| EditError::Busy { waiting })?;
        let applied = self.store.edit(edition).await?;
        let before = self.world();
        if applied.version == applied.before {
            return Ok((applied, before));
        }
        let seen = *self.lock();
        // A full reload is needed for an import, whose log is part of the world, and after changes by other processes.
        if edition.import.is_some() || applied.before != seen.version {
            if self.reload(seen.streets).await.is_ok() {
                return Ok((applied, self.world()));
            }
            // The change is stored, so this is not an error. It is applied to the current world; `seen.version` stays that
            // of the last load, so that `watch_data` reloads as soon as possible.
            let next = self.put_in_force(&before, &applied).await;
            return Ok((applied, next));
        }
        let next = self.put_in_force(&before, &applied).await;
        self.lock().version = applied.version;
        Ok((applied, next))
    }

    /// Builds the next world from the previous one and the applied edits, publishes it, and sends the change event.
    async fn put_in_force(&self, before: &Arc<World>, applied: &Applied) -> Arc<World> {
        let (old, done, version) = (before.clone(), applied.done.clone(), applied.version);
        let next = tokio::task::spawn_blocking(move || old.next(old.register.with(version, &done)))
            .await
            .unwrap_or_else(|e| std::panic::resume_unwind(e.into_panic()));
        let next = Arc::new(next);
        self.world.store(next.clone());
        let items = applied.done.iter().filter_map(|done| item(done, before, &next)).collect();
        // An error only means that there are no subscribers.
        let _ = self.changes.send(Arc::new(Change::Items(items)));
        next
    }

    /// Reloads data that have changed and returns whether any had. Parts that cannot be loaded are recorded as problems and
    /// do not prevent the other parts from loading.
    ///
    /// # Errors
    /// [`StoreError`]; then the register stays as it is.
    pub async fn refresh(&self) -> Result<bool, StoreError> {
        // An error is already recorded as a problem, and does not prevent loading the register.
        let _ = self.read_tokens().await;
        let _turn = self.writers.turn_in_any_case().await;
        let version = match self.store.version().await {
            Ok(version) => version,
            Err(error) => {
                self.note_register(&error);
                return Err(error);
            }
        };
        let now = Seen { version, streets: self.folder.streets_stamp() };
        if now == *self.lock() && !self.is_incomplete(now.streets) {
            return Ok(false);
        }
        // Failed loads are retried with increasing delays.
        if self.is_incomplete(now.streets) && !self.is_time_to_retry() {
            return Ok(false);
        }
        let done = self.reload(now.streets).await;
        if !self.is_incomplete(now.streets) {
            *self.retry.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
        done
    }

    /// Returns whether the streets or the register could not be loaded.
    fn is_incomplete(&self, streets: Option<Stamp>) -> bool {
        let unloaded = self.unloaded();
        let is_without_streets = streets.is_some() && self.world().network().is_err();
        unloaded.register.is_some() || unloaded.streets.is_some() || is_without_streets
    }

    fn is_time_to_retry(&self) -> bool {
        let (mut retry, now) = (self.retry.lock().unwrap_or_else(PoisonError::into_inner), Instant::now());
        let wait = match *retry {
            Some((at, _)) if now < at => return false,
            Some((_, wait)) => (wait * 2).min(LONGEST_RETRY),
            None => FIRST_RETRY,
        };
        *retry = Some((now + wait, wait));
        true
    }

    fn note_register(&self, error: &StoreError) {
        let why = format!("The register cannot be read; the previous one stays in use until it can: {error}");
        self.note(|u| &mut u.register, Some(why));
    }

    /// Loads the streets and the register, as far as they have changed. If one of them fails, its previous state stays in use.
    async fn reload(&self, streets: Option<Stamp>) -> Result<bool, StoreError> {
        let (seen, before) = (*self.lock(), self.world());
        let is_known = |u: &Unloaded| streets == seen.streets && u.streets.is_none();
        let known = before.shared_network().filter(|_| is_known(&self.unloaded()));
        let network = if let Some(network) = known {
            Ok(network)
        } else {
            let folder = self.folder.clone();
            let opened = tokio::task::spawn_blocking(move || folder.network())
                .await
                .unwrap_or_else(|e| std::panic::resume_unwind(e.into_panic()));
            self.network_in_force(opened, streets, &before)
        };
        let is_same_network = match (&network, before.shared_network()) {
            (Ok(network), Some(before)) => Arc::ptr_eq(network, &before),
            (Err(why), None) => before.network().err() == Some(why.as_str()),
            _ => false,
        };
        let rows = match self.store.version().await {
            Ok(version) if version == seen.version && self.unloaded().register.is_none() => None,
            Ok(_) => Some(self.store.load().await),
            Err(error) => Some(Err(error)),
        };
        let (version, world, failed) = match rows {
            None if is_same_network => {
                *self.lock() = Seen { streets, ..seen };
                return Ok(false);
            }
            Some(Ok(rows)) => {
                self.note(|u| &mut u.register, None);
                (rows.version, self.folder.world_of(network, rows).await, None)
            }
            // The streets are replaced, the register stays.
            None => (seen.version, self.folder.world_over(network, before.register.clone()).await, None),
            Some(Err(error)) => {
                self.note_register(&error);
                if is_same_network {
                    *self.lock() = Seen { streets, ..seen };
                    return Err(error);
                }
                (seen.version, self.folder.world_over(network, before.register.clone()).await, Some(error))
            }
        };
        let world = Arc::new(world);
        self.world.store(world.clone());
        *self.lock() = Seen { version, streets };
        let _ = self.changes.send(Arc::new(Change::Reloaded(changed_centers(&before.register, &world.register))));
        failed.map_or(Ok(true), Err)
    }

    /// Returns the network to use: the opened one, or the previous one if the file exists but cannot be opened.
    fn network_in_force(
        &self,
        opened: Result<Arc<Network>, String>,
        streets: Option<Stamp>,
        before: &World,
    ) -> Result<Arc<Network>, String> {
        match (opened, streets, before.shared_network()) {
            (Err(why), Some(_), Some(network)) => {
                let problem = format!("The prepared streets cannot be opened; the previous ones stay in use: {why}");
                self.note(|u| &mut u.streets, Some(problem));
                Ok(network)
            }
            // A world without streets reports the reason in its own problems.
            (opened, streets, _) => {
                if let (Err(why), Some(_)) = (&opened, streets) {
                    tracing::error!(why, "the prepared streets cannot be opened; there is no network");
                }
                self.note(|u| &mut u.streets, None);
                opened
            }
        }
    }

    /// Subscribes to change events.
    pub fn changes(&self) -> broadcast::Receiver<Arc<Change>> {
        self.changes.subscribe()
    }

    /// Subscribes to the progress of imports.
    pub fn progress(&self) -> broadcast::Receiver<Arc<ImportProgress>> {
        self.progress.subscribe()
    }

    /// Returns a function that publishes the progress of an import.
    pub fn tell_progress(&self) -> impl Fn(ImportProgress) + Send + Sync + 'static {
        let sender = self.progress.clone();
        move |progress| {
            let _ = sender.send(Arc::new(progress));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts the shutdown: the readiness probe fails from now on, and subscriptions end.
    pub fn stop(&self) {
        self.stopping.send_replace(true);
    }

    /// Waits until the server begins to stop.
    pub fn stopped(&self) -> impl Future<Output = ()> + Send + 'static {
        let mut stopping = self.stopping.subscribe();
        async move {
            // An error means that the sender is dropped, and with it the server.
            let _ = stopping.wait_for(|stopping| *stopping).await;
        }
    }

    /// Spawns a background task that continues when the worker that started it stops.
    pub fn work(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.working.send_modify(|n| *n += 1);
        let counted = Counted(self.working.clone());
        self.runtime.spawn(async move {
            work.await;
            drop(counted);
        });
    }

    /// Waits until all background tasks have ended, at most 5 seconds.
    pub async fn idle(&self) {
        let mut working = self.working.subscribe();
        let ended = working.wait_for(|n| *n == 0);
        if tokio::time::timeout(SHUTDOWN_GRACE, ended).await.is_err() {
            tracing::warn!("background tasks did not end in time");
        }
    }

    /// Returns whether the server is stopping.
    pub fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }

    /// Closes the database.
    pub async fn close(&self) {
        self.store.close().await;
    }
}

/// Returns the codes of the centers that were added, changed or removed.
fn changed_centers(before: &Register, after: &Register) -> Vec<DivisionCode> {
    let changed = after.centers.iter().filter(|c| before.centers.find(c.code.as_str()) != Some(c));
    let removed = before.centers.iter().filter(|c| after.centers.find(c.code.as_str()).is_none());
    changed.chain(removed).map(|c| c.code.clone()).collect()
}

/// Describes a change. The center of a deleted record is looked up in the world before the change.
fn item(done: &Done, before: &World, after: &World) -> Option<ChangedItem> {
    let mut item = bare_item(done, before)?;
    let code = |world: &World| world.register.centers.get(item.center?).map(|c| c.code.clone());
    let mut codes: Vec<DivisionCode> = code(before).into_iter().chain(code(after)).collect();
    codes.dedup();
    item.codes = codes;
    Some(item)
}

fn bare_item(done: &Done, before: &World) -> Option<ChangedItem> {
    let register = &before.register;
    let changed = |kind, id, center, deleted| ChangedItem { kind, id, center, codes: Vec::new(), deleted };
    let of_host = |host: Host| match host {
        Host::Center(id) => Some(id),
        Host::Facility(id) => register.center_of(register.facilities.get(id)?).map(|c| c.id),
    };
    let of_record = |record: &AnyRecord| match record {
        AnyRecord::Center(c) => Some(c.id),
        AnyRecord::Facility(f) => register.center_of(f).map(|c| c.id),
        AnyRecord::Offer(o) => of_host(o.host),
        AnyRecord::Event(e) => of_host(e.host),
        AnyRecord::Suggestion(s) => s.center,
        AnyRecord::Service(_) | AnyRecord::Region(_) | AnyRecord::Scenario(_) | AnyRecord::Standard(_) => None,
    };
    Some(match done {
        Done::Put(record) => changed(record.kind(), record.id(), of_record(record), false),
        Done::Deleted { kind, id } => {
            let center = match kind {
                RecordKind::Center => Some(*id),
                RecordKind::Facility => register.facilities.get(*id).and_then(|f| register.center_of(f)).map(|c| c.id),
                RecordKind::Offer => register.offers.get(*id).and_then(|o| of_host(o.host)),
                RecordKind::Event => register.events.get(*id).and_then(|e| of_host(e.host)),
                RecordKind::Suggestion => register.suggestions.get(*id).and_then(|s| s.center),
                _ => None,
            };
            changed(*kind, *id, center, true)
        }
        Done::Visits(day) => changed(RecordKind::Visits, 0, Some(day.center), false),
        Done::Population { .. } => changed(RecordKind::Population, 0, None, false),
        Done::Unchanged => return None,
    })
}

/// Polls for changes by other processes until the task is aborted.
pub async fn watch_data(live: Arc<Live>) {
    let mut ticks = tokio::time::interval(POLL_INTERVAL);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        // Errors are logged by `refresh`, once each.
        if let Ok(true) = live.refresh().await {
            let world = live.world();
            tracing::info!(
                version = world.version,
                centers = world.register.centers.len(),
                facilities = world.register.facilities.len(),
                population_cells = world.register.population.len(),
                "loaded changed data"
            );
        }
    }
}
