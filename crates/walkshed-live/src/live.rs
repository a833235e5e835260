//! [`Live`]: the current world with all that is needed to change it.

use crate::access::Caller;
use crate::background::BackgroundTasks;
use crate::changed;
use crate::current::{CurrentWorld, Seen};
use crate::events::{Change, Events, ImportProgress};
use crate::folder::{DataFolder, Loaded};
use crate::load_problems::LoadProblems;
use crate::tokens::{TokenError, Tokens};
use crate::write_queue::{WriteQueue, Writer};
use jiff::Timestamp;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use tokio::sync::broadcast;
use walkshed_analysis::Standards;
use walkshed_analysis::world::World;
use walkshed_register::{Kinds, Register, Role, Rules};
use walkshed_store::{Applied, ChangeSet, EditError, RegisterState, Store, StoreError, TokenRow};

/// Default maximum number of changes that wait to be stored.
pub const MAX_WAITING_WRITES: usize = 100;

/// The current world, and what is needed to replace it.
pub struct Live {
    pub(crate) current: CurrentWorld,
    pub(crate) tokens: Tokens,
    pub(crate) events: Events,
    pub(crate) problems: LoadProblems,
    pub(crate) folder: DataFolder,
    pub(crate) store: Store,
    /// The state of the data that the prepared register file contains, if it is known. Locked while the file is written.
    pub(crate) prepared: Arc<Mutex<Option<Seen>>>,
    /// Only one writer at a time builds the next world, so that no change is lost.
    pub(crate) writers: WriteQueue,
    tasks: BackgroundTasks,
}

impl Live {
    /// Loads the first world.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn load(folder: DataFolder, store: Store) -> Result<Self, StoreError> {
        // Taken before reading: a change during the load is then detected later instead of being missed.
        let streets = folder.streets_stamp();
        let problems = LoadProblems::default();
        let tokens = Tokens::load(&store, &problems).await?;
        let Loaded { world, state, is_prepared } = folder.load(&store).await?;
        let seen = Seen { register: state, streets };
        // The world reports missing or damaged streets in its problems; the log must report them too.
        if let (Err(why), Some(_)) = (world.network(), seen.streets) {
            tracing::error!(why = why.as_str(), "the prepared streets cannot be opened; there is no network");
        }
        Ok(Self {
            current: CurrentWorld::new(world, seen),
            prepared: Arc::new(Mutex::new(is_prepared.then_some(seen))),
            tokens,
            events: Events::default(),
            problems,
            folder,
            store,
            writers: WriteQueue::new(MAX_WAITING_WRITES),
            tasks: BackgroundTasks::on_current_runtime(),
        })
    }

    /// Sets the maximum number of changes that wait to be stored.
    #[must_use]
    pub fn with_max_waiting_writes(self, max: usize) -> Self {
        Self { writers: WriteQueue::new(max), ..self }
    }

    /// Returns the current world. A request takes it once and uses it to the end.
    pub fn world(&self) -> Arc<World> {
        self.current.get()
    }

    /// Returns the problems of the data, as sentences that say which command to run: those of the world, and data that could
    /// not be loaded since.
    pub fn problems(&self, world: &World) -> Vec<String> {
        [self.problems.list(), world.problems()].concat()
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

    /// Applies a change set to the database and then to the world. When this returns `Ok`, the change is durable and part of
    /// the current world. If it is stored but the register cannot be loaded again, the load is retried until it succeeds.
    ///
    /// # Errors
    /// [`EditError`]; then nothing changes, except possibly for [`EditError::CommitUnknown`].
    pub async fn edit(&self, change_set: &ChangeSet) -> Result<(Applied, Arc<World>), EditError> {
        let writer = if change_set.anonymous { Writer::Anonymous } else { Writer::Known };
        let _turn = self.writers.turn(writer).await.map_err(|waiting| EditError::Busy { waiting })?;
        let applied = self.store.edit(change_set).await?;
        let before = self.world();
        if applied.version == applied.before {
            return Ok((applied, before));
        }
        let seen = self.current.seen();
        // A full reload is needed for an import, whose log is part of the world, and after changes by other processes.
        // Another program may have changed rows without a new version; then the stamp differs.
        let before_edit = RegisterState { version: applied.before, stamp: applied.stamp_before };
        let needs_reload = change_set.import.is_some() || before_edit != seen.register;
        if needs_reload && self.reload(seen.streets).await.is_ok() {
            return Ok((applied, self.world()));
        }
        // If the reload has failed, the change is stored all the same, so this is not an error. It is applied to the current
        // world; `seen` stays that of the last load, so that `watch_data` reloads as soon as possible.
        let next = self.apply(&before, &applied).await;
        if !needs_reload {
            let register = RegisterState { version: applied.version, stamp: applied.stamp };
            self.current.set_seen(Seen { register, ..self.current.seen() });
        }
        Ok((applied, next))
    }

    /// Builds the next world from the previous one and the applied edits, publishes it, and sends the change event.
    async fn apply(&self, before: &Arc<World>, applied: &Applied) -> Arc<World> {
        let (old, done, version) = (before.clone(), applied.done.clone(), applied.version);
        let next = tokio::task::spawn_blocking(move || old.next(old.register.with_edits(version, &done)))
            .await
            .unwrap_or_else(|e| std::panic::resume_unwind(e.into_panic()));
        let next = Arc::new(next);
        self.current.set(next.clone());
        let items = applied.done.iter().filter_map(|done| changed::item(done, before, &next)).collect();
        self.events.send(Change::Items(items));
        next
    }

    /// Closes the database.
    pub async fn close(&self) {
        self.store.close().await;
    }
}

/// Tokens.
impl Live {
    /// Returns the caller that a token identifies.
    ///
    /// # Errors
    /// [`TokenError`] if the token is unknown, expired or revoked.
    pub fn caller(&self, token: &str, address: Option<IpAddr>) -> Result<Caller, TokenError> {
        self.tokens.caller(token, address)
    }

    /// Returns the caller that a token identifies, by the hash of the token.
    ///
    /// # Errors
    /// [`TokenError`] if the token is unknown, expired or revoked.
    pub fn caller_by_hash(&self, hash: &[u8; 32], address: Option<IpAddr>) -> Result<Caller, TokenError> {
        self.tokens.caller_by_hash(hash, address)
    }

    /// Waits until a token is expired, revoked or unknown, or its role changes.
    pub fn token_ended(self: &Arc<Self>, hash: [u8; 32], role: Role) -> impl Future<Output = ()> + Send + 'static {
        let live = self.clone();
        async move { live.tokens.ended(hash, role).await }
    }

    /// Returns whether an unrevoked token of this role exists.
    pub fn has_token(&self, role: Role) -> bool {
        self.tokens.has_role(role)
    }

    /// Stores a new token, which is valid at once, and returns its id.
    ///
    /// # Errors
    /// [`StoreError`]; then no token is created.
    pub async fn add_token(&self, token: &TokenRow, actor: &str) -> Result<i64, StoreError> {
        let id = self.store.add_token(token, actor).await?;
        if self.tokens.reload(&self.store, &self.problems).await.is_err() {
            // The token is stored but the list cannot be read again, so it is added here.
            self.tokens.change(|tokens| tokens.push(TokenRow { id, ..token.clone() }));
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
        if self.tokens.reload(&self.store, &self.problems).await.is_err() && done {
            self.tokens.change(|tokens| {
                for token in tokens.iter_mut().filter(|t| t.id == id) {
                    token.revoked_at = Some(now);
                }
            });
        }
        Ok(done)
    }
}

/// Events.
impl Live {
    /// Subscribes to change events.
    pub fn changes(&self) -> broadcast::Receiver<Arc<Change>> {
        self.events.changes()
    }

    /// Subscribes to the progress of imports.
    pub fn progress(&self) -> broadcast::Receiver<Arc<ImportProgress>> {
        self.events.progress()
    }

    /// Returns a function that publishes the progress of an import.
    pub fn progress_sender(&self) -> impl Fn(ImportProgress) + Send + Sync + 'static {
        self.events.progress_sender()
    }
}

/// Background tasks and shutdown.
impl Live {
    /// Spawns a background task that continues when the worker that started it stops.
    pub fn work(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(task);
    }

    /// Waits until all background tasks have ended, at most 5 seconds.
    pub async fn idle(&self) {
        self.tasks.wait().await;
    }

    /// Starts the shutdown: the readiness probe fails from now on, and subscriptions end.
    pub fn stop(&self) {
        self.tasks.stop();
    }

    /// Waits until the server begins to stop.
    pub fn stopped(&self) -> impl Future<Output = ()> + Send + 'static {
        self.tasks.stopped()
    }

    /// Returns whether the server is stopping.
    pub fn is_stopping(&self) -> bool {
        self.tasks.is_stopping()
    }
}
