//! Following: a subscription is carried out anew at each event, from the world in force then. Equal ones of equal
//! callers are carried out once, and all who follow get the same text. One is carried out at a time, away from the
//! threads that answer queries.

use super::budget::{Budget, Full, Written};
use super::cost::Spent;
use super::documents::Document;
use super::error::code;
use super::limits::{Limits, too_complex};
use super::subscription::Event;
use super::{Api, ApiRequest, Asked, Outcome, Variables, measure, named, refused};
use async_graphql::parser::types::OperationType;
use async_graphql::{Context, Response, ServerError};
use futures_util::future::AbortHandle;
use futures_util::stream::BoxStream;
use futures_util::{FutureExt, StreamExt, stream};
use serde::Serialize;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, broadcast};
use walkshed_engine::task::Task;
use walkshed_live::Live;
use walkshed_live::access::Caller;
use walkshed_register::Role;

/// Events kept for those who are slow to take them; they miss those before.
const BACKLOG: usize = 32;
/// The name of the limit in refusals.
const COST_LIMIT: &str = "maxFollowedComplexity";

/// What is told to who follows.
#[derive(Clone)]
pub enum Told {
    /// It is refused, or can go on no more: a list of errors.
    Error(EventText),
    /// An answer: `data`, `errors`, `extensions`.
    Next(EventText),
    /// Nothing more comes.
    Complete,
}

/// JSON that counts as part of an answer for as long as it is there.
#[derive(Clone)]
pub struct EventText(Arc<(Vec<u8>, Option<Budget>)>);

impl AsRef<[u8]> for EventText {
    fn as_ref(&self) -> &[u8] {
        self.bytes()
    }
}

impl EventText {
    /// The JSON.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0.0
    }

    fn of_errors(errors: &[ServerError]) -> Self {
        Self(Arc::new((serde_json::to_vec(errors).unwrap_or_else(|_| b"[]".to_vec()), None)))
    }
}

/// Equal requests of equal callers.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    query: Arc<str>,
    operation: Option<String>,
    variables: String,
    role: Role,
}

/// All that is followed.
pub struct Following {
    topics: Arc<Topics>,
    /// One is carried out at a time.
    gate: Arc<Semaphore>,
    carried_out: AtomicU64,
}

struct Topics {
    most: usize,
    cost: AtomicUsize,
    known: Mutex<HashMap<Key, Weak<Topic>>>,
}

/// One subscription, for all who follow it.
struct Topic {
    key: Key,
    cost: usize,
    told: broadcast::Sender<Told>,
    /// What who comes later is told first, where that says all: how far something has come.
    latest: Option<Mutex<Option<Told>>>,
    /// Whether nothing more comes.
    is_over: AtomicBool,
    stop: AbortHandle,
    topics: Arc<Topics>,
}

impl Drop for Topic {
    fn drop(&mut self) {
        self.stop.abort();
        self.topics.cost.fetch_sub(self.cost, Relaxed);
        let mut known = self.topics.lock();
        // Another one may have come in its place already.
        if known.get(&self.key).is_some_and(|topic| topic.strong_count() == 0) {
            known.remove(&self.key);
        }
    }
}

impl Topics {
    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Weak<Topic>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, key: &Key) -> Option<Arc<Topic>> {
        self.lock().get(key).and_then(Weak::upgrade)
    }

    fn charge(&self, cost: usize) -> bool {
        let add = |now: usize| now.checked_add(cost).filter(|sum| *sum <= self.most);
        self.cost.fetch_update(Relaxed, Relaxed, add).is_ok()
    }
}

impl Topic {
    fn tell(&self, text: EventText) {
        let told = Told::Next(text);
        let mut latest = self.latest.as_ref().map(|latest| latest.lock().unwrap_or_else(PoisonError::into_inner));
        if let Some(latest) = &mut latest {
            **latest = Some(told.clone());
        }
        // Nobody listening is no failure.
        let _ = self.told.send(told);
    }

    fn end(&self) {
        self.topics.lock().remove(&self.key);
        self.is_over.store(true, SeqCst);
        let _ = self.told.send(Told::Complete);
    }

    /// All that is told from now on.
    fn listen(self: Arc<Self>) -> BoxStream<'static, Told> {
        let (first, receiver) = match &self.latest {
            None => (None, self.told.subscribe()),
            // Under the lock nothing is told twice or lost.
            Some(latest) => {
                let latest = latest.lock().unwrap_or_else(PoisonError::into_inner);
                (latest.clone(), self.told.subscribe())
            }
        };
        let first = stream::iter(first);
        if self.is_over.load(SeqCst) {
            return first.chain(once(Told::Complete)).boxed();
        }
        let rest = stream::unfold((self, receiver), |(topic, mut receiver)| async move {
            loop {
                match receiver.recv().await {
                    Ok(told) => return Some((told, (topic, receiver))),
                    Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return Some((Told::Complete, (topic, receiver))),
                }
            }
        });
        first.chain(rest).boxed()
    }
}

/// What a subscription waits for.
pub struct Source {
    pub events: BoxStream<'static, Event>,
    /// Whether each event says all there is to say.
    pub says_all: bool,
}

/// What a subscription is carried out for.
pub enum Stage {
    /// To find out what it waits for.
    Begin(Mutex<Vec<Source>>),
    /// To tell of an event.
    Tell(Event),
}

/// The event a subscription is to tell of, or `None` when it is to say what it waits for: then `source` is asked.
pub fn event<'c>(ctx: &Context<'c>, source: impl FnOnce() -> Source) -> Option<&'c Event> {
    match &**ctx.data_opt::<Arc<Stage>>()? {
        Stage::Tell(event) => Some(event),
        Stage::Begin(sources) => {
            sources.lock().unwrap_or_else(PoisonError::into_inner).push(source());
            None
        }
    }
}

/// Is a subscription to say what it waits for?
pub fn begins(ctx: &Context<'_>) -> bool {
    ctx.data_opt::<Arc<Stage>>().is_some_and(|stage| matches!(**stage, Stage::Begin(_)))
}

impl Following {
    pub fn new(limits: &Limits) -> Self {
        Self {
            topics: Arc::new(Topics {
                most: limits.max_followed_complexity,
                cost: AtomicUsize::new(0),
                known: Mutex::default(),
            }),
            gate: Arc::new(Semaphore::new(1)),
            carried_out: AtomicU64::new(0),
        }
    }
}

/// What is carried out at each event.
struct Followed {
    key: Key,
    variables: Variables,
    document: Document,
    live: Arc<Live>,
}

impl Followed {
    fn asked(&self) -> Asked<'_> {
        let operation_name = self.key.operation.as_deref();
        Asked { document: &self.document, operation_name, variables: Some(self.variables.clone()) }
    }

    fn request(&self) -> ApiRequest {
        ApiRequest {
            operation_name: self.key.operation.clone(),
            variables: self.variables.clone(),
            // Whoever else follows the same may do as much, and is told the same.
            caller: Some(Caller { role: self.key.role, ..Caller::anonymous(None) }),
            live: Some(self.live.clone()),
            ..ApiRequest::default()
        }
    }
}

impl Api {
    /// How often a subscription was carried out, for whoever followed it.
    #[must_use]
    pub fn carried_out(&self) -> u64 {
        self.following.carried_out.load(Relaxed)
    }

    /// How many different subscriptions are followed, and what they cost together.
    #[must_use]
    pub fn followed(&self) -> (usize, usize) {
        (self.following.topics.lock().len(), self.following.topics.cost.load(Relaxed))
    }

    /// Follows a subscription, or answers a query once. Mutations are refused: they are sent by POST alone.
    /// When it returns, what is followed is listened to.
    pub async fn follow(self: &Arc<Self>, request: ApiRequest) -> BoxStream<'static, Told> {
        self.clone().begin(request).await.unwrap_or_else(|errors| once(Told::Error(errors)))
    }

    async fn begin(self: Arc<Self>, request: ApiRequest) -> Result<BoxStream<'static, Told>, EventText> {
        let refuse = |error: ServerError| EventText::of_errors(&[error]);
        let Some(live) = request.live.clone() else {
            return Err(refuse(ServerError::new("nothing can be followed here", None)));
        };
        let (document, chosen) = self.chosen(&request).map_err(refuse)?;
        match chosen.kind {
            OperationType::Subscription => {
                let request = ApiRequest { operation_name: chosen.name, ..request };
                Ok(self.join(request, document, live).await?.listen())
            }
            OperationType::Mutation => {
                let mut error = ServerError::new("mutations are sent by POST, as application/json", None);
                error.extensions.get_or_insert_default().set("code", code::BAD_USER_INPUT);
                Err(refuse(error))
            }
            OperationType::Query => {
                let answer = self.execute(&live.world(), request).await;
                if answer.outcome != Outcome::Executed {
                    return Err(EventText::of_errors(&answer.response.errors));
                }
                let text = text(&answer.response, answer.budget.another());
                Ok(stream::iter([Told::Next(text), Told::Complete]).boxed())
            }
        }
    }

    /// The subscription that is followed already, or a new one.
    async fn join(
        self: &Arc<Self>,
        request: ApiRequest,
        document: Document,
        live: Arc<Live>,
    ) -> Result<Arc<Topic>, EventText> {
        let key = Key {
            query: document.text.clone(),
            operation: request.operation_name,
            variables: serde_json::to_string(&request.variables).unwrap_or_default(),
            role: request.caller.as_ref().map_or(Role::Reader, |c| c.role),
        };
        let topics = &self.following.topics;
        if let Some(topic) = topics.find(&key) {
            return Ok(topic);
        }
        let followed = Followed { key: key.clone(), variables: request.variables, document, live };
        let (source, cost) = self.source(&followed).await.map_err(|errors| EventText::of_errors(&errors))?;
        let mut known = topics.lock();
        // Someone else may have been as fast.
        if let Some(topic) = known.get(&key).and_then(Weak::upgrade) {
            return Ok(topic);
        }
        if !topics.charge(cost) {
            let why = format!(
                "all that is followed would cost more than {COST_LIMIT} allows ({}); this would cost {cost}. Follow less, or \
                 what others follow already",
                topics.most
            );
            return Err(EventText::of_errors(&[too_complex(COST_LIMIT, why)]));
        }
        let (stop, registration) = AbortHandle::new_pair();
        let latest = source.says_all.then(Mutex::default);
        let told = broadcast::Sender::new(BACKLOG);
        let is_over = AtomicBool::new(false);
        let topic = Arc::new(Topic { key: key.clone(), cost, told, latest, is_over, stop, topics: topics.clone() });
        known.insert(key, Arc::downgrade(&topic));
        drop(known);
        let live = followed.live.clone();
        let work = self.clone().tell(Arc::downgrade(&topic), Arc::new(followed), source.events);
        let work = futures_util::future::Abortable::new(work, registration);
        live.work(async move {
            // Aborted when nobody follows any more.
            let _ = work.await;
        });
        Ok(topic)
    }

    /// What a subscription waits for, and what it costs.
    async fn source(&self, followed: &Followed) -> Result<(Source, usize), Vec<ServerError>> {
        let world = followed.live.world();
        let stage = Arc::new(Stage::Begin(Mutex::default()));
        let request = self.prepared(&world, followed.request(), &followed.document);
        let mut answers = self.schema.execute_stream(request.data(stage.clone()));
        while let Some(response) = answers.next().await {
            let (response, _) = named(response, &self.limits, &followed.asked()).await;
            if !response.errors.is_empty() {
                return Err(refused(&world, response.errors).errors);
            }
        }
        drop(answers);
        let mut sources = match &*stage {
            Stage::Begin(sources) => std::mem::take(&mut *sources.lock().unwrap_or_else(PoisonError::into_inner)),
            Stage::Tell(_) => Vec::new(),
        };
        if let (Some(source), true) = (sources.pop(), sources.is_empty()) {
            let operation = followed.key.operation.as_deref();
            let cost = measure::complexity(&followed.document, operation, followed.variables.clone()).await?;
            return Ok((source, cost.max(1)));
        }
        let mut error = ServerError::new("a subscription selects exactly one field of Subscription", None);
        error.extensions.get_or_insert_default().set("code", code::VALIDATION_FAILED);
        Err(vec![error])
    }

    /// Tells of events until there are no more, or the server stops.
    async fn tell(self: Arc<Self>, topic: Weak<Topic>, followed: Arc<Followed>, mut events: BoxStream<'static, Event>) {
        let mut stopped = Box::pin(followed.live.stopped());
        let mut is_over = false;
        while !is_over {
            let mut event = tokio::select! {
                event = events.next() => match event {
                    Some(event) => event,
                    None => break,
                },
                () = &mut stopped => break,
            };
            let Ok(turn) = self.following.gate.clone().acquire_owned().await else { break };
            // What has come meanwhile is told of at once: who changes much at a time does not make more work of it.
            loop {
                match events.next().now_or_never() {
                    None => break,
                    Some(None) => {
                        is_over = true;
                        break;
                    }
                    Some(Some(more)) => event = event.with(more),
                }
            }
            let texts = self.carry_out(&followed, event, turn).await;
            let Some(topic) = topic.upgrade() else { return };
            for text in texts {
                topic.tell(text);
            }
        }
        if let Some(topic) = topic.upgrade() {
            topic.end();
        }
    }

    /// The answers to an event, from the world in force now.
    async fn carry_out(
        self: &Arc<Self>,
        followed: &Arc<Followed>,
        event: Event,
        turn: OwnedSemaphorePermit,
    ) -> Vec<EventText> {
        let (api, followed) = (self.clone(), followed.clone());
        let runtime = tokio::runtime::Handle::current();
        let work = move || {
            // Held until the work has ended, also when nobody follows any more.
            let _turn = turn;
            runtime.block_on(async move {
                api.following.carried_out.fetch_add(1, Relaxed);
                let world = followed.live.world();
                let budget = Arc::new(Budget::new(api.under_way.clone(), api.limits.max_answer_bytes));
                let request = api.prepared(&world, followed.request(), &followed.document);
                // The same limits as for a query, each time.
                let task = Arc::new(Task::within_seconds(api.limits.max_seconds));
                let spent = Arc::new(Spent::new(api.limits.max_work));
                let request = request.data(Arc::new(Stage::Tell(event))).data(budget.clone()).data(task).data(spent);
                let mut answers = api.schema.execute_stream(request);
                let mut texts = Vec::new();
                while let Some(response) = answers.next().await {
                    let (response, _) = named(response, &api.limits, &followed.asked()).await;
                    texts.push(text(&response, budget.another()));
                }
                texts
            })
        };
        match tokio::task::spawn_blocking(work).await {
            Ok(texts) => texts,
            Err(error) => {
                tracing::error!(%error, "a subscription failed at an event");
                Vec::new()
            }
        }
    }
}

fn once(told: Told) -> BoxStream<'static, Told> {
    stream::once(std::future::ready(told)).boxed()
}

/// A response as JSON. Where there is no room for it, the error that says so.
fn text(response: &Response, budget: Budget) -> EventText {
    let full = match written(response, budget) {
        Ok((bytes, budget)) => return EventText(Arc::new((bytes, Some(budget)))),
        Err(full) => full,
    };
    let error = async_graphql::Error::from(full).into_server_error(async_graphql::Pos::default());
    let bytes = serde_json::to_vec(&Response::from_errors(vec![error])).unwrap_or_default();
    EventText(Arc::new((bytes, None)))
}

fn written(value: &impl Serialize, budget: Budget) -> Result<(Vec<u8>, Budget), Full> {
    let mut out = Written::new(budget);
    if let Err(error) = serde_json::to_writer(&mut out, value)
        && out.full().is_none()
    {
        tracing::error!(%error, "an answer cannot be written");
    }
    out.finish()
}
