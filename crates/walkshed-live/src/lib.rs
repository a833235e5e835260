//! The world in force, and how it changes: edits go to the database first and into the next world then; what other
//! processes have changed is noticed and loaded. Whoever wants to know is told.

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
use walkshed_analysis::world::{NetworkUnavailable, World};
use walkshed_engine::Network;
use walkshed_register::{AnyRecord, DivisionCode, Done, Host, Kinds, RecordKind, Register, Role, Rules};
use walkshed_store::{Applied, EditError, Edition, Store, StoreError, TokenRow};
use write_queue::{WriteQueue, Writer};

/// How often the data are looked at for changes by other processes.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How long after a failure what could not be loaded is tried again although nothing has changed: the wait doubles each time.
const FIRST_RETRY: Duration = Duration::from_secs(2);
const LONGEST_RETRY: Duration = Duration::from_mins(1);
/// How long what works beside requests may take to note that it was stopped.
const LAST_WORDS: Duration = Duration::from_secs(5);
/// Until when an expiry is looked at again.
const LONG_ENOUGH: Duration = Duration::from_hours(24);
/// Changes kept for those who are slow to listen.
const BACKLOG: usize = 1024;
/// Changes that wait for their turn at the database, unless the settings say otherwise.
pub const MAX_WAITING_WRITES: usize = 100;

/// The current world and where the next one comes from.
pub struct Live {
    world: ArcSwap<World>,
    tokens: ArcSwap<Vec<TokenRow>>,
    /// Tells those who follow something that their tokens may have ended.
    tokens_changed: watch::Sender<()>,
    folder: DataFolder,
    store: Store,
    /// Of the data the current world was made from.
    seen: Mutex<Seen>,
    /// What of the data could not be loaded.
    unloaded: Mutex<Unloaded>,
    /// When that is tried again although nothing has changed, and how long after that.
    retry: Mutex<Option<(Instant, Duration)>>,
    /// One writer at a time makes the next world, so that none is lost.
    writers: WriteQueue,
    /// One at a time reads the tokens and puts them in force, so that older ones never come after newer ones.
    reading_tokens: tokio::sync::Mutex<()>,
    changes: broadcast::Sender<Arc<Change>>,
    progress: broadcast::Sender<Arc<ImportProgress>>,
    stopping: watch::Sender<bool>,
    /// Where work goes on beside requests: the runtime it was loaded in, which outlives those of the workers.
    runtime: tokio::runtime::Handle,
    /// How much of it there is.
    working: watch::Sender<usize>,
}

/// One piece of work beside requests, counted until it ends.
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

/// What could not be loaded, in sentences that say what stays in force; each until it can be loaded again.
#[derive(Debug, Default)]
struct Unloaded {
    streets: Option<String>,
    register: Option<String>,
    tokens: Option<String>,
}

/// What has changed. It holds no world: who is slow to listen must not keep old ones in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// These records.
    Items(Vec<ChangedItem>),
    /// So much that everything was loaded anew; the codes of the centers that are not as they were.
    Reloaded(Vec<DivisionCode>),
}

/// One record that has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedItem {
    pub kind: RecordKind,
    /// Its number; for visits and populations 0.
    pub id: i64,
    /// The center it belongs to.
    pub center: Option<i64>,
    /// The codes of that center, before and after.
    pub codes: Vec<DivisionCode>,
    pub deleted: bool,
}

/// How far an import has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportProgress {
    /// As the one who started it has named it.
    pub id: String,
    /// reading, checking, storing, done or failed.
    pub stage: &'static str,
    pub done: u64,
    pub total: u64,
}

impl ImportProgress {
    /// Is nothing more to come?
    #[must_use]
    pub fn is_last(&self) -> bool {
        matches!(self.stage, "done" | "failed")
    }
}

/// Why someone is not who they say.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    #[error("the token is not known; make one with `walkshed token create --role reader --name NAME`")]
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
        // Looked at before it is read: a change in between is then seen again, and never missed.
        let seen = Seen { version: store.version().await?, streets: folder.streets_stamp() };
        let (tokens, wrong) = store.usable_tokens().await?;
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
            changes: broadcast::Sender::new(BACKLOG),
            progress: broadcast::Sender::new(BACKLOG),
            stopping: watch::Sender::new(false),
            runtime: tokio::runtime::Handle::current(),
            working: watch::Sender::new(0),
        };
        live.note_tokens(&wrong);
        // The world itself tells of streets that are missing or damaged; the log shall too.
        if let (Err(why), Some(_)) = (live.world().network(), seen.streets) {
            tracing::error!(why = why.as_str(), "the prepared streets cannot be opened; there is no network");
        }
        Ok(live)
    }

    /// The same, with so many changes that may wait for their turn at the database.
    #[must_use]
    pub fn with_waiting_writes(self, most: usize) -> Self {
        Self { writers: WriteQueue::new(most), ..self }
    }

    /// What is missing or wrong in the data, in sentences that say what to run: what the world in force tells, and what could
    /// not be loaded since.
    pub fn problems(&self, world: &World) -> Vec<String> {
        let unloaded = self.unloaded();
        let since = [&unloaded.streets, &unloaded.register, &unloaded.tokens];
        since.into_iter().flatten().cloned().chain(world.problems()).collect()
    }

    fn unloaded(&self) -> MutexGuard<'_, Unloaded> {
        self.unloaded.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes what could not be loaded, or that it could; the log is told when that is news.
    fn note(&self, part: impl Fn(&mut Unloaded) -> &mut Option<String>, problem: Option<String>) {
        let mut unloaded = self.unloaded();
        let known = part(&mut unloaded);
        if *known == problem {
            return;
        }
        match (&problem, &known) {
            (Some(problem), _) => tracing::error!("{problem}"),
            (None, Some(before)) => tracing::info!(before, "what could not be loaded before is in force now"),
            (None, None) => {}
        }
        *known = problem;
    }

    fn note_tokens(&self, wrong: &[StoreError]) {
        let told = wrong.first().map(|first| {
            let more = if wrong.len() > 1 { format!(" ({} in all)", wrong.len()) } else { String::new() };
            format!("A token cannot be read and is in force for nobody{more}: {first}")
        });
        self.note(|u| &mut u.tokens, told);
    }

    /// The world in force now; keep it for the whole of a request.
    pub fn world(&self) -> Arc<World> {
        self.world.load_full()
    }

    /// The database, for what is not part of the world: the audit log, tokens.
    pub const fn store(&self) -> &Store {
        &self.store
    }

    /// The kinds of facility in force.
    pub const fn kinds(&self) -> &Kinds {
        self.folder.kinds()
    }

    /// The planning standards in force.
    pub const fn standards(&self) -> &Standards {
        self.folder.standards()
    }

    /// What records are checked against.
    pub fn rules<'a>(&'a self, register: &'a Register) -> Rules<'a> {
        Rules { register, kinds: self.folder.kinds(), calendar: self.folder.calendar() }
    }

    /// Who a token belongs to.
    ///
    /// # Errors
    /// [`TokenError`].
    pub fn caller(&self, token: &str, address: Option<IpAddr>) -> Result<Caller, TokenError> {
        self.caller_of(&hash(token.as_bytes()), address)
    }

    /// Who a token belongs to, by its hash.
    ///
    /// # Errors
    /// [`TokenError`].
    pub fn caller_of(&self, wanted: &[u8; 32], address: Option<IpAddr>) -> Result<Caller, TokenError> {
        let now = Timestamp::now();
        let tokens = self.tokens.load();
        // Hashes are compared, not tokens: how long that takes tells nothing of use.
        let token = tokens.iter().find(|t| t.hash == *wanted).ok_or(TokenError::Unknown)?;
        if token.revoked_at.is_some() {
            return Err(TokenError::Revoked(token.name.clone()));
        }
        if token.expires_at.is_some_and(|at| at <= now) {
            return Err(TokenError::Expired(token.name.clone()));
        }
        Ok(Caller { role: token.role, token: Some(token.name.clone()), address })
    }

    /// Waits until a token is not in force any more, or is one of another role.
    pub fn token_ended(self: &Arc<Self>, hash: [u8; 32], role: Role) -> impl Future<Output = ()> + Send + 'static {
        let live = self.clone();
        let mut changed = self.tokens_changed.subscribe();
        async move {
            while live.caller_of(&hash, None).is_ok_and(|caller| caller.role == role) {
                let expiry = live.tokens.load().iter().find(|t| t.hash == hash).and_then(|t| t.expires_at);
                let left = expiry.map(|at| Duration::try_from(at.duration_since(Timestamp::now())).unwrap_or_default());
                // Days are enough at a time: clocks are set, and timers have limits.
                let left = left.unwrap_or(LONG_ENOUGH).min(LONG_ENOUGH) + Duration::from_millis(1);
                if let Ok(Err(_)) = tokio::time::timeout(left, changed.changed()).await {
                    return;
                }
            }
        }
    }

    /// Are there tokens of this role?
    pub fn has_token(&self, role: Role) -> bool {
        self.tokens.load().iter().any(|t| t.role == role && t.revoked_at.is_none())
    }

    /// Keeps a new token, in force at once.
    ///
    /// # Errors
    /// [`StoreError`]; then there is no new token.
    pub async fn add_token(&self, token: &TokenRow, actor: &str) -> Result<i64, StoreError> {
        let id = self.store.add_token(token, actor).await?;
        if self.read_tokens().await.is_err() {
            // It is stored: what could not be read again is known here.
            self.change_tokens(|tokens| tokens.push(TokenRow { id, ..token.clone() }));
        }
        Ok(id)
    }

    /// Revokes a token, at once; says whether there was one to revoke.
    ///
    /// # Errors
    /// [`StoreError`]; then it is not revoked.
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
            Ok((tokens, wrong)) => {
                if **self.tokens.load() != tokens {
                    self.tokens.store(Arc::new(tokens));
                    self.tokens_changed.send_replace(());
                }
                self.note_tokens(&wrong);
                Ok(())
            }
            Err(error) => {
                let why = format!("The tokens cannot be read, those before stay in force: {error}");
                self.note(|u| &mut u.tokens, Some(why));
                Err(error)
            }
        }
    }

    /// Carries out edits: the database first, then the next world. When this returns, the change will outlive a crash and is
    /// in force; where it could be stored and not be loaded again, that is noted, and tried again until it can.
    ///
    /// # Errors
    /// [`EditError`]; then neither has changed, but for [`EditError::Unsure`].
    pub async fn edit(&self, edition: &Edition) -> Result<(Applied, Arc<World>), EditError> {
        let writer = if edition.anonymous { Writer::Anonymous } else { Writer::Known };
        let _turn = self.writers.turn(writer).await.map_err(|waiting| EditError::Busy { waiting })?;
        let applied = self.store.edit(edition).await?;
        let before = self.world();
        if applied.version == applied.before {
            return Ok((applied, before));
        }
        let seen = *self.lock();
        // Imports have a log that is part of the world; and what others have written meanwhile is not in it yet.
        if edition.import.is_some() || applied.before != seen.version {
            if self.reload(seen.streets).await.is_ok() {
                return Ok((applied, self.world()));
            }
            // It is stored all the same, so it is not told as a failure: it is shown over what is in force, whose version
            // stays that of the last load, so that the watch loads all of it as soon as it can.
            let next = self.put_in_force(&before, &applied).await;
            return Ok((applied, next));
        }
        let next = self.put_in_force(&before, &applied).await;
        self.lock().version = applied.version;
        Ok((applied, next))
    }

    /// Makes the next world of the one before and what was done, and tells of it.
    async fn put_in_force(&self, before: &Arc<World>, applied: &Applied) -> Arc<World> {
        let (old, done, version) = (before.clone(), applied.done.clone(), applied.version);
        let next = tokio::task::spawn_blocking(move || old.next(old.register.with(version, &done)))
            .await
            .unwrap_or_else(|e| std::panic::resume_unwind(e.into_panic()));
        let next = Arc::new(next);
        self.world.store(next.clone());
        let items = applied.done.iter().filter_map(|done| item(done, before, &next)).collect();
        // Nobody listening is no failure.
        let _ = self.changes.send(Arc::new(Change::Items(items)));
        next
    }

    /// Loads again when the data have changed; says whether they had. What cannot be loaded is noted, and keeps nothing else
    /// from being loaded.
    ///
    /// # Errors
    /// [`StoreError`]; then the register stays as it is.
    pub async fn refresh(&self) -> Result<bool, StoreError> {
        // Noted, and no reason to leave the register as it is.
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
        // Nothing is loaded over and over that failed a moment ago.
        if self.is_incomplete(now.streets) && !self.is_time_to_retry() {
            return Ok(false);
        }
        let done = self.reload(now.streets).await;
        if !self.is_incomplete(now.streets) {
            *self.retry.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
        done
    }

    /// Is there something that could not be loaded?
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
        let why = format!("The register cannot be read, the one before stays in force until it can: {error}");
        self.note(|u| &mut u.register, Some(why));
    }

    /// Loads what can be loaded: streets that cannot be opened leave those before in force, and so does the register.
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
            (Err(why), None) => before.network().err().map(NetworkUnavailable::as_str) == Some(why.as_str()),
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
            // Other streets come into force under the register there is.
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

    /// The streets to go on with: those that were opened, or those before where a file is there and cannot be opened.
    fn network_in_force(
        &self,
        opened: Result<Arc<Network>, String>,
        streets: Option<Stamp>,
        before: &World,
    ) -> Result<Arc<Network>, String> {
        match (opened, streets, before.shared_network()) {
            (Err(why), Some(_), Some(network)) => {
                let told = format!("The prepared streets cannot be opened, the ones before stay in force: {why}");
                self.note(|u| &mut u.streets, Some(told));
                Ok(network)
            }
            // A world without streets tells why there are none by itself.
            (opened, streets, _) => {
                if let (Err(why), Some(_)) = (&opened, streets) {
                    tracing::error!(
                        why = why.as_str(),
                        "the prepared streets cannot be opened, and there were none before"
                    );
                }
                self.note(|u| &mut u.streets, None);
                opened
            }
        }
    }

    /// Hears of changes from now on.
    pub fn changes(&self) -> broadcast::Receiver<Arc<Change>> {
        self.changes.subscribe()
    }

    /// Hears of imports from now on.
    pub fn progress(&self) -> broadcast::Receiver<Arc<ImportProgress>> {
        self.progress.subscribe()
    }

    /// Where imports tell how far they have come.
    pub fn tell_progress(&self) -> impl Fn(ImportProgress) + Send + Sync + 'static {
        let sender = self.progress.clone();
        move |progress| {
            let _ = sender.send(Arc::new(progress));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says to load balancers that the server is going away.
    pub fn stop(&self) {
        self.stopping.send_replace(true);
    }

    /// Waits until the server stops: who follows something is let go then.
    pub fn stopped(&self) -> impl Future<Output = ()> + Send + 'static {
        let mut stopping = self.stopping.subscribe();
        async move {
            // An error says that the sender is gone, and so is the server.
            let _ = stopping.wait_for(|stopping| *stopping).await;
        }
    }

    /// Works beside requests, and goes on when the worker that asked for it stops.
    pub fn work(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.working.send_modify(|n| *n += 1);
        let counted = Counted(self.working.clone());
        self.runtime.spawn(async move {
            work.await;
            drop(counted);
        });
    }

    /// Waits until all that works beside requests has ended, some seconds at most: it was told to stop.
    pub async fn idle(&self) {
        let mut working = self.working.subscribe();
        let ended = working.wait_for(|n| *n == 0);
        if tokio::time::timeout(LAST_WORDS, ended).await.is_err() {
            tracing::warn!("work beside requests did not end in time");
        }
    }

    /// Is it going away?
    pub fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }

    /// Closes the database.
    pub async fn close(&self) {
        self.store.close().await;
    }
}

/// The centers that are not as they were, by their codes.
fn changed_centers(before: &Register, after: &Register) -> Vec<DivisionCode> {
    let changed = after.centers.iter().filter(|c| before.centers.find(c.code.as_str()) != Some(c));
    let gone = before.centers.iter().filter(|c| after.centers.find(c.code.as_str()).is_none());
    changed.chain(gone).map(|c| c.code.clone()).collect()
}

/// What a change was about. Of what is gone the world before knows where it belonged.
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

/// Looks for changes until it is aborted.
pub async fn watch_data(live: Arc<Live>) {
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        // What cannot be loaded is told once, when it is noted.
        if let Ok(true) = live.refresh().await {
            let world = live.world();
            tracing::info!(
                version = world.version,
                centers = world.register.centers.len(),
                facilities = world.register.facilities.len(),
                population_cells = world.register.population.len(),
                "the data have changed and are in force"
            );
        }
    }
}
