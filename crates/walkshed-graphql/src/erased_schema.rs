//! A schema without its types, for code that the resolvers themselves use and that therefore cannot name the query root.

use async_graphql::{ObjectType, Request, Response, Schema, SubscriptionType};
use futures_util::future::BoxFuture;
use std::sync::Arc;

type Execute = dyn Fn(Request) -> BoxFuture<'static, Response> + Send + Sync;

/// A schema that executes queries and mutations.
#[derive(Clone)]
pub struct ErasedSchema(Arc<Execute>);

impl ErasedSchema {
    /// Erases the types of a schema.
    pub fn new<Q, M, S>(schema: Schema<Q, M, S>) -> Self
    where
        Q: ObjectType + 'static,
        M: ObjectType + 'static,
        S: SubscriptionType + 'static,
    {
        Self(Arc::new(move |request| {
            let schema = schema.clone();
            Box::pin(async move { schema.execute(request).await })
        }))
    }

    /// Executes a request.
    pub async fn execute(&self, request: Request) -> Response {
        (self.0)(request).await
    }
}
