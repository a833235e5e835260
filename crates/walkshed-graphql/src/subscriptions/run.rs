//! Starts subscriptions, and executes them for events.

use super::message::{EventText, SubscriptionMessage, once, to_event_text};
use super::topic::{Key, Topic, Topics};
use crate::documents::Document;
use crate::error::{code, server_error};
use crate::event_source::{Event, Source, Stage};
use crate::executor::Executor;
use crate::limits::too_complex;
use crate::request::{ApiRequest, Outcome};
use crate::response::{ExecutedOperation, refused};
use async_graphql::parser::types::OperationType;
use async_graphql::{ServerError, Variables};
use futures_util::future::AbortHandle;
use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt, StreamExt};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use walkshed_live::Live;
use walkshed_live::access::Caller;
use walkshed_register::Role;

/// The name of the limit in errors.
const COST_LIMIT: &str = "maxFollowedComplexity";

/// All active subscriptions.
pub struct Subscriptions {
    executor: Arc<Executor>,
    topics: Arc<Topics>,
    /// Lets one execution run at a time.
    execution: Arc<Semaphore>,
    executions: AtomicU64,
}

/// A subscription as it is executed for each event.
struct ActiveSubscription {
    key: Key,
    variables: Variables,
    document: Document,
    live: Arc<Live>,
}

impl ActiveSubscription {
    fn operation(&self) -> ExecutedOperation<'_> {
        let operation_name = self.key.operation.as_deref();
        ExecutedOperation { document: &self.document, operation_name, variables: Some(self.variables.clone()) }
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

impl Subscriptions {
    pub fn new(executor: Arc<Executor>) -> Self {
        Self {
            topics: Arc::new(Topics::new(executor.limits.max_followed_complexity)),
            execution: Arc::new(Semaphore::new(1)),
            executions: AtomicU64::new(0),
            executor,
        }
    }
}

impl Subscriptions {
    /// Returns the number of executions of subscriptions so far.
    #[must_use]
    pub fn executions(&self) -> u64 {
        self.executions.load(Relaxed)
    }

    /// Starts a subscription, or executes a query once. Mutations are refused: they require POST. No event after the return
    /// of this function is missed.
    pub async fn start(self: &Arc<Self>, request: ApiRequest) -> BoxStream<'static, SubscriptionMessage> {
        self.clone().begin(request).await.unwrap_or_else(|errors| once(SubscriptionMessage::Error(errors)))
    }

    async fn begin(self: Arc<Self>, request: ApiRequest) -> Result<BoxStream<'static, SubscriptionMessage>, EventText> {
        let refuse = |error: ServerError| EventText::of_errors(&[error]);
        let Some(live) = request.live.clone() else {
            return Err(refuse(ServerError::new("Subscriptions are not available here.", None)));
        };
        let (document, operation) = self.executor.select(&request).map_err(refuse)?;
        match operation.kind {
            OperationType::Subscription => {
                let request = ApiRequest { operation_name: operation.name, ..request };
                Ok(self.join(request, document, live).await?.listen())
            }
            OperationType::Mutation => {
                let why = "Send mutations with POST and Accept: application/json.";
                Err(refuse(server_error(why, code::BAD_USER_INPUT)))
            }
            OperationType::Query => {
                let answer = self.executor.execute(&live.world(), request).await;
                if answer.outcome != Outcome::Executed {
                    return Err(EventText::of_errors(&answer.response.errors));
                }
                let text = to_event_text(&answer.response, answer.budget.another());
                Ok(stream::iter([SubscriptionMessage::Next(text), SubscriptionMessage::Complete]).boxed())
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
            // With sorted names, so that their order does not matter.
            variables: serde_json::to_value(&request.variables).unwrap_or_default().to_string(),
            role: request.caller.as_ref().map_or(Role::Reader, |c| c.role),
        };
        let topics = &self.topics;
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
        let topic = Arc::new(Topic::new(key.clone(), cost, source.holds_complete_state, stop, topics.clone()));
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
        let stage = Arc::new(Stage::Collect(Mutex::default()));
        let operation = subscription.key.operation.as_deref();
        self.executor.validate(&subscription.document, operation, &subscription.variables).await?;
        let request = self.executor.prepare(&world, subscription.request(), &subscription.document);
        let mut responses = self.executor.schema.execute_stream(request.data(stage.clone()));
        while let Some(response) = responses.next().await {
            let (response, _) = self.executor.add_codes(response, &subscription.operation()).await;
            if !response.errors.is_empty() {
                return Err(refused(&world, response.errors).errors);
            }
        }
        drop(responses);
        let mut sources = match &*stage {
            Stage::Collect(sources) => std::mem::take(&mut *sources.lock().unwrap_or_else(PoisonError::into_inner)),
            Stage::Respond(_) => Vec::new(),
        };
        if let (Some(source), true) = (sources.pop(), sources.is_empty()) {
            let cost = self.executor.cost.of(&subscription.document, operation, subscription.variables.clone()).await?;
            return Ok((source, cost.max(1)));
        }
        let why = "A subscription must select exactly one field of Subscription.";
        Err(vec![server_error(why, code::VALIDATION_FAILED)])
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
            let Ok(permit) = self.execution.clone().acquire_owned().await else { break };
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
        let (subscriptions, subscription) = (self.clone(), subscription.clone());
        let runtime = tokio::runtime::Handle::current();
        let work = move || {
            // Held until the work has ended, even when the last subscriber has left.
            let _permit = permit;
            runtime.block_on(async move {
                subscriptions.executions.fetch_add(1, Relaxed);
                let world = subscription.live.world();
                let executor = &subscriptions.executor;
                let request = executor.prepare(&world, subscription.request(), &subscription.document);
                // Each execution has the limits of a query.
                let usage = executor.new_usage();
                let request = usage.attach(request.data(Arc::new(Stage::Respond(event))));
                let mut responses = executor.schema.execute_stream(request);
                let mut texts = Vec::new();
                while let Some(response) = responses.next().await {
                    let (response, _) = executor.add_codes(response, &subscription.operation()).await;
                    texts.push(to_event_text(&response, usage.budget.another()));
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
