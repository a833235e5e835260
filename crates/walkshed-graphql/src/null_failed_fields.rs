//! An extension for mutations: an error in a nullable field sets only that field to null. async-graphql parses arguments
//! outside of the resolver, so that an argument out of the range of its type would set the whole `data` to null although
//! other mutations of the request were executed.
//!
//! Extensions cost time at every field. That does not matter for mutations; queries use a schema without extensions.

use async_graphql::extensions::{Extension, ExtensionContext, ExtensionFactory, NextResolve, ResolveInfo};
use async_graphql::{PathSegment, QueryPathSegment, ServerError, ServerResult, Value};
use std::sync::{Arc, Mutex, PoisonError};

/// The errors of nullable fields, collected during the execution.
#[derive(Default)]
pub struct FieldErrors(Mutex<Vec<ServerError>>);

impl FieldErrors {
    /// Removes and returns all errors.
    pub fn take(&self) -> Vec<ServerError> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The extension, and its factory.
pub struct NullFailedFields;

impl ExtensionFactory for NullFailedFields {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Self)
    }
}

#[async_trait::async_trait]
impl Extension for NullFailedFields {
    async fn resolve(
        &self,
        ctx: &ExtensionContext<'_>,
        info: ResolveInfo<'_>,
        next: NextResolve<'_>,
    ) -> ServerResult<Option<Value>> {
        let is_nullable = !info.return_type.ends_with('!');
        let segments = std::iter::once(info.path_node).chain(info.path_node.parents());
        let mut path: Vec<PathSegment> = segments
            .map(|node| match node.segment {
                QueryPathSegment::Name(name) => PathSegment::Field(name.to_owned()),
                QueryPathSegment::Index(index) => PathSegment::Index(index),
            })
            .collect();
        path.reverse();
        match (next.run(ctx, info).await, ctx.data_opt::<Arc<FieldErrors>>()) {
            (Err(mut error), Some(failed)) if is_nullable => {
                if error.path.is_empty() {
                    error.path = path;
                }
                failed.0.lock().unwrap_or_else(PoisonError::into_inner).push(error);
                Ok(Some(Value::Null))
            }
            (result, _) => result,
        }
    }
}
