//! Execution of subscriptions. A subscription is executed once for each event, against the world that is current then.
//! Subscribers with the same operation, variables and role share one execution and receive the same text. Executions run one
//! at a time, on a blocking thread.

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

/// Messages buffered for a slow subscriber; it misses older ones.
const BACKLOG: usize = 32;
/// The name of the limit in errors.
const COST_LIMIT: &str = "maxFollowedComplexity";

/// A message to a subscriber.
#[derive(Clone)]
pub enum Told {
    /// The subscription was refused or failed: a list of errors.
    Error(EventText),
    /// A response: `data`, `errors`, `extensions`.
    Next(EventText),
    /// The subscription has ended.
    Complete,
}

/// JSON whose bytes count towards the memory of responses until it is dropped.
#[derive(Clone)]
pub struct EventText(Arc<(Vec<u8>, Option<Budget>)>);

impl AsRef<[u8]> for EventText {
    fn as_ref(&self) -> &[u8] {
        self.bytes()
    }
}

impl EventText {
    /// Returns the JSON.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0.0
    }

    fn of_errors(errors: &[ServerError]) -> Self {
        Self(Arc::new((serde_json::to_vec(errors).unwrap_or_else(|_| b"[]".to_vec()), None)))
    }
}

/// Identifies subscriptions that share their executions.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    query: Arc<str>,
    operation: Option<String>,
    variables: String,
    role: Role,
}

/// All active subscriptions.
pub struct Following {
    topics: Arc<Topics>,
    /// Lets one execution run at a time.
    execution: Arc<Semaphore>,
    executions: AtomicU64,
}

struct Topics {
    max_cost: usize,
    cost: AtomicUsize,
    by_key: Mutex<HashMap<Key, Weak<Topic>>>,
}

/// One subscription and all its subscribers.
struct Topic {
    key: Key,
    cost: usize,
    sender: broadcast::Sender<Told>,
    /// The first message for a new subscriber, when each event holds the complete state, such as the progress of a job.
    latest: Option<Mutex<Option<Told>>>,
    has_ended: AtomicBool,
    stop: AbortHandle,
    topics: Arc<Topics>,
}

impl Drop for Topic {
    fn drop(&mut self) {
        self.stop.abort();
        self.topics.cost.fetch_sub(self.cost, Relaxed);
        let mut by_key = self.topics.lock();
        // A new topic with the same key may have replaced this one.
        if by_key.get(&self.key).is_some_and(|topic| topic.strong_count() == 0) {
            by_key.remove(&self.key);
        }
    }
}

impl Topics {
    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Weak<Topic>>> {
        self.by_key.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, key: &Key) -> Option<Arc<Topic>> {
        self.lock().get(key).and_then(Weak::upgrade)
    }

    fn try_charge(&self, cost: usize) -> bool {
        let add = |sum: usize| sum.checked_add(cost).filter(|sum| *sum <= self.max_cost);
        self.cost.fetch_update(Relaxed, Relaxed, add).is_ok()
    }
}

impl Topic {
    fn publish(&self, text: EventText) {
        let message = Told::Next(text);
        let mut latest = self.latest.as_ref().map(|latest| latest.lock().unwrap_or_else(PoisonError::into_inner));
        if let Some(latest) = &mut latest {
            **latest = Some(message.clone());
        }
        // Sending fails only when there is no receiver.
        let _ = self.sender.send(message);
    }

    fn end(&self) {
        self.topics.lock().remove(&self.key);
        self.has_ended.store(true, SeqCst);
        let _ = self.sender.send(Told::Complete);
    }

    /// Returns the messages from now on.
    fn listen(self: Arc<Self>) -> BoxStream<'static, Told> {
        let (first, receiver) = match &self.latest {
            None => (None, self.sender.subscribe()),
            // Holding the lock, no message is lost or received twice.
            Some(latest) => {
                let latest = latest.lock().unwrap_or_else(PoisonError::into_inner);
                (latest.clone(), self.sender.subscribe())
            }
        };
        let first = stream::iter(first);
        if self.has_ended.load(SeqCst) {
            return first.chain(once(Told::Complete)).boxed();
        }
        let rest = stream::unfold((self, receiver), |(topic, mut receiver)| async move {
            loop {
                match receiver.recv().await {
                    Ok(message) => return Some((message, (topic, receiver))),
                    Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return Some((Told::Complete, (topic, receiver))),
                }
            }
        });
        first.chain(rest).boxed()
    }
}

/// The events that a subscription waits for.
pub struct Source {
    pub events: BoxStream<'static, Event>,
    /// Whether each event holds the complete state, so that a new subscriber needs only the latest one.
    pub says_all: bool,
}

/// The purpose of an execution of a subscription.
pub enum Stage {
    /// Collects the event sources of the subscription.
    Begin(Mutex<Vec<Source>>),
    /// Produces the response to an event.
    Tell(Event),
}

/// Returns the event to respond to. In the first execution, registers the event source and returns `None`.
pub fn event<'c>(ctx: &Context<'c>, source: impl FnOnce() -> Source) -> Option<&'c Event> {
    match &**ctx.data_opt::<Arc<Stage>>()? {
        Stage::Tell(event) => Some(event),
        Stage::Begin(sources) => {
            sources.lock().unwrap_or_else(PoisonError::into_inner).push(source());
            None
        }
    }
}

/// Returns whether this execution only collects the event sources.
pub fn begins(ctx: &Context<'_>) -> bool {
    ctx.data_opt::<Arc<Stage>>().is_some_and(|stage| matches!(**stage, Stage::Begin(_)))
}

impl Following {
    pub fn new(limits: &Limits) -> Self {
        Self {
            topics: Arc::new(Topics {
                max_cost: limits.max_followed_complexity,
                cost: AtomicUsize::new(0),
                by_key: Mutex::default(),
            }),
            execution: Arc::new(Semaphore::new(1)),
            executions: AtomicU64::new(0),
        }
    }
}

/// A subscription as it is executed for each event.
struct ActiveSubscription {
    key: Key,
    variables: Variables,
    document: Document,
    live: Arc<Live>,
}

impl ActiveSubscription {
    fn operation(&self) -> Asked<'_> {
        let operation_name = self.key.operation.as_deref();
        Asked { document: &self.document, operation_name, variables: Some(self.variables.clone()) }
    }

    fn request(&self) -> ApiRequest {
        ApiRequest {
            operation_name: self.key.operation.clone(),
            variables: self.variables.clone(),
            // Without token and address: all subscribers with this role share the response.
            caller: Some(Caller { role: self.key.role, ..Caller::anonymous(None) }),
            live: Some(self.live.clone()),
            ..ApiRequest::default()
        }
    }
}

impl Api {
    /// Returns the number of executions of subscriptions so far.
    #[must_use]
    pub fn carried_out(&self) -> u64 {
        self.following.executions.load(Relaxed)
    }

    /// Returns the number of distinct active subscriptions, and the sum of their costs.
    #[must_use]
    pub fn followed(&self) -> (usize, usize) {
        (self.following.topics.lock().len(), self.following.topics.cost.load(Relaxed))
    }

    /// Starts a subscription, or executes a query once. Mutations are refused: they require POST. No event after the return
    /// of this function is missed.
    pub async fn follow(self: &Arc<Self>, request: ApiRequest) -> BoxStream<'static, Told> {
        self.clone().begin(request).await.unwrap_or_else(|errors| once(Told::Error(errors)))
    }

    async fn begin(self: Arc<Self>, request: ApiRequest) -> Result<BoxStream<'static, Told>, EventText> {
        let refuse = |error: ServerError| EventText::of_errors(&[error]);
        let Some(live) = request.live.clone() else {
            return Err(refuse(ServerError::new("Subscriptions are not available here.", None)));
        };
        let (document, chosen) = self.chosen(&request).map_err(refuse)?;
        match chosen.kind {
            OperationType::Subscription => {
                let request = ApiRequest { operation_name: chosen.name, ..request };
                Ok(self.join(request, document, live).await?.listen())
            }
            OperationType::Mutation => {
                let mut error = ServerError::new("Send mutations with POST and Accept: application/json.", None);
                error.extensions.get_or_insert_default().set("code", code::BAD_USER_INPUT);
                Err(refuse(error))
            }
            OperationType::Query => {
                let answer = self.execute(&live.world(), request).await;
                if answer.outcome != Outcome::Executed {
                    return Err(EventText::of_errors(&answer.response.errors));
                }
                let text = to_event_text(&answer.response, answer.budget.another());
                Ok(stream::iter([Told::Next(text), Told::Complete]).boxed())
            }
        }
    }

    /// Returns the active subscription with the same key, or starts a new one.
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
        let subscription = ActiveSubscription { key: key.clone(), variables: request.variables, document, live };
        let (source, cost) = self.source(&subscription).await.map_err(|errors| EventText::of_errors(&errors))?;
        let mut by_key = topics.lock();
        // Another request may have started the same subscription meanwhile.
        if let Some(topic) = by_key.get(&key).and_then(Weak::upgrade) {
            return Ok(topic);
        }
        if !topics.try_charge(cost) {
            let why = format!(
                "The cost of all subscriptions would exceed {COST_LIMIT} ({}); this subscription costs {cost}. Subscribe to \
                 fewer fields, or use a subscription that is already active.",
                topics.max_cost
            );
            return Err(EventText::of_errors(&[too_complex(COST_LIMIT, why)]));
        }
        let (stop, registration) = AbortHandle::new_pair();
        let latest = source.says_all.then(Mutex::default);
        let sender = broadcast::Sender::new(BACKLOG);
        let has_ended = AtomicBool::new(false);
        let topic = Arc::new(Topic { key: key.clone(), cost, sender, latest, has_ended, stop, topics: topics.clone() });
        by_key.insert(key, Arc::downgrade(&topic));
        drop(by_key);
        let live = subscription.live.clone();
        let work = self.clone().publish_events(Arc::downgrade(&topic), Arc::new(subscription), source.events);
        let work = futures_util::future::Abortable::new(work, registration);
        live.work(async move {
            // Aborted when the last subscriber leaves.
            let _ = work.await;
        });
        Ok(topic)
    }

    /// Returns the event source of a subscription and its cost.
    async fn source(&self, subscription: &ActiveSubscription) -> Result<(Source, usize), Vec<ServerError>> {
        let world = subscription.live.world();
        let stage = Arc::new(Stage::Begin(Mutex::default()));
        let request = self.prepared(&world, subscription.request(), &subscription.document);
        let mut responses = self.schema.execute_stream(request.data(stage.clone()));
        while let Some(response) = responses.next().await {
            let (response, _) = named(response, &self.limits, &subscription.operation()).await;
            if !response.errors.is_empty() {
                return Err(refused(&world, response.errors).errors);
            }
        }
        drop(responses);
        let mut sources = match &*stage {
            Stage::Begin(sources) => std::mem::take(&mut *sources.lock().unwrap_or_else(PoisonError::into_inner)),
            Stage::Tell(_) => Vec::new(),
        };
        if let (Some(source), true) = (sources.pop(), sources.is_empty()) {
            let operation = subscription.key.operation.as_deref();
            let cost = measure::complexity(&subscription.document, operation, subscription.variables.clone()).await?;
            return Ok((source, cost.max(1)));
        }
        let mut error = ServerError::new("A subscription must select exactly one field of Subscription.", None);
        error.extensions.get_or_insert_default().set("code", code::VALIDATION_FAILED);
        Err(vec![error])
    }

    /// Executes the subscription for each event and publishes the responses, until the events end or the server stops.
    async fn publish_events(
        self: Arc<Self>,
        topic: Weak<Topic>,
        subscription: Arc<ActiveSubscription>,
        mut events: BoxStream<'static, Event>,
    ) {
        let mut stopped = Box::pin(subscription.live.stopped());
        let mut has_ended = false;
        while !has_ended {
            let mut event = tokio::select! {
                event = events.next() => match event {
                    Some(event) => event,
                    None => break,
                },
                () = &mut stopped => break,
            };
            let Ok(permit) = self.following.execution.clone().acquire_owned().await else { break };
            // Events that arrived meanwhile are combined into one, so that many changes in a row cause few executions.
            loop {
                match events.next().now_or_never() {
                    None => break,
                    Some(None) => {
                        has_ended = true;
                        break;
                    }
                    Some(Some(more)) => event = event.with(more),
                }
            }
            let texts = self.execute_for_event(&subscription, event, permit).await;
            let Some(topic) = topic.upgrade() else { return };
            for text in texts {
                topic.publish(text);
            }
        }
        if let Some(topic) = topic.upgrade() {
            topic.end();
        }
    }

    /// Returns the responses to an event from the current world.
    async fn execute_for_event(
        self: &Arc<Self>,
        subscription: &Arc<ActiveSubscription>,
        event: Event,
        permit: OwnedSemaphorePermit,
    ) -> Vec<EventText> {
        let (api, subscription) = (self.clone(), subscription.clone());
        let runtime = tokio::runtime::Handle::current();
        let work = move || {
            // Held until the work has ended, even when the last subscriber has left.
            let _permit = permit;
            runtime.block_on(async move {
                api.following.executions.fetch_add(1, Relaxed);
                let world = subscription.live.world();
                let budget = Arc::new(Budget::new(api.under_way.clone(), api.limits.max_answer_bytes));
                let request = api.prepared(&world, subscription.request(), &subscription.document);
                // Each execution has the limits of a query.
                let task = Arc::new(Task::within_seconds(api.limits.max_seconds));
                let spent = Arc::new(Spent::new(api.limits.max_work));
                let request = request.data(Arc::new(Stage::Tell(event))).data(budget.clone()).data(task).data(spent);
                let mut responses = api.schema.execute_stream(request);
                let mut texts = Vec::new();
                while let Some(response) = responses.next().await {
                    let (response, _) = named(response, &api.limits, &subscription.operation()).await;
                    texts.push(to_event_text(&response, budget.another()));
                }
                texts
            })
        };
        match tokio::task::spawn_blocking(work).await {
            Ok(texts) => texts,
            Err(error) => {
                tracing::error!(%error, "execution of a subscription failed");
                Vec::new()
            }
        }
    }
}

fn once(message: Told) -> BoxStream<'static, Told> {
    stream::once(std::future::ready(message)).boxed()
}

/// Serializes a response. If it exceeds the budget, returns a response with that error instead.
fn to_event_text(response: &Response, budget: Budget) -> EventText {
    let full = match serialize(response, budget) {
        Ok((bytes, budget)) => return EventText(Arc::new((bytes, Some(budget)))),
        Err(full) => full,
    };
    let error = async_graphql::Error::from(full).into_server_error(async_graphql::Pos::default());
    let bytes = serde_json::to_vec(&Response::from_errors(vec![error])).unwrap_or_default();
    EventText(Arc::new((bytes, None)))
}

fn serialize(value: &impl Serialize, budget: Budget) -> Result<(Vec<u8>, Budget), Full> {
    let mut out = Written::new(budget);
    if let Err(error) = serde_json::to_writer(&mut out, value)
        && out.full().is_none()
    {
        tracing::error!(%error, "a response could not be serialized");
    }
    out.finish()
}
