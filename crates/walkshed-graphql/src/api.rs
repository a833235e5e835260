//! The API as transports use it.

use crate::budget::MemoryPool;
use crate::documents::{ManifestError, TrustedDocuments};
use crate::executor::Executor;
use crate::limits::Limits;
use crate::request::{Answer, ApiRequest};
use crate::schema;
use crate::subscriptions::{SubscriptionMessage, Subscriptions};
use futures_util::stream::BoxStream;
use std::sync::Arc;
use walkshed_analysis::world::World;

/// Executes requests against a world.
pub struct Api {
    executor: Arc<Executor>,
    subscriptions: Arc<Subscriptions>,
}

impl Api {
    /// Creates an API that accepts any document.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self::with_documents(limits, None)
    }

    /// Creates an API; with a manifest, it accepts only the documents of the manifest.
    #[must_use]
    pub fn with_documents(limits: Limits, trusted: Option<TrustedDocuments>) -> Self {
        let executor = Arc::new(Executor::new(limits, trusted));
        Self { subscriptions: Arc::new(Subscriptions::new(executor.clone())), executor }
    }

    /// Returns the memory of all responses that are being built or sent.
    #[must_use]
    pub fn response_memory(&self) -> &Arc<MemoryPool> {
        &self.executor.response_memory
    }

    /// Returns the numbers of running and waiting analyses.
    #[must_use]
    pub fn analyses(&self) -> (usize, usize) {
        self.executor.pools.load()
    }

    /// Returns the numbers of running and waiting small tasks.
    #[must_use]
    pub fn small_work(&self) -> (usize, usize) {
        self.executor.pools.small_load()
    }

    /// Returns the number of executions of subscriptions so far.
    #[must_use]
    pub fn subscription_runs(&self) -> u64 {
        self.subscriptions.executions()
    }

    /// Returns the schema in GraphQL's schema definition language.
    #[must_use]
    pub fn sdl(&self) -> String {
        schema::sdl(&self.executor.schema)
    }

    /// Checks the documents of the manifest against the schema.
    ///
    /// # Errors
    /// [`ManifestError`] for the first document that uses a type or field that the schema does not have.
    pub async fn check_manifest(&self) -> Result<(), ManifestError> {
        let Some(trusted) = self.executor.documents.trusted() else { return Ok(()) };
        for (id, document) in trusted.documents() {
            if let Some(why) = self.executor.cost.unknown_name(document).await {
                return Err(ManifestError::Document { path: trusted.path().to_owned(), id: id.to_owned(), why });
            }
        }
        Ok(())
    }

    /// Executes a request against a world. The response to a mutation carries the version of the world after it.
    pub async fn execute(&self, world: &Arc<World>, request: ApiRequest) -> Answer {
        self.executor.execute(world, request).await
    }

    /// Starts a subscription, or executes a query once. Mutations are refused: they require POST. No event after the return
    /// of this function is missed.
    pub async fn subscribe(&self, request: ApiRequest) -> BoxStream<'static, SubscriptionMessage> {
        self.subscriptions.start(request).await
    }
}
