//! Mutations: what fails at one field leaves null there, whatever it is. The library reads arguments outside of the resolver,
//! so that a number its type cannot hold would make null of the whole answer, though other mutations were carried out.
//!
//! Extensions cost time at every field, which does not matter for mutations; queries go by a schema without.

use async_graphql::extensions::{Extension, ExtensionContext, ExtensionFactory, NextResolve, ResolveInfo};
use async_graphql::{PathSegment, QueryPathSegment, ServerError, ServerResult, Value};
use std::sync::{Arc, Mutex, PoisonError};

/// Errors of fields that may be null.
#[derive(Default)]
pub struct Failed(Mutex<Vec<ServerError>>);

impl Failed {
    /// All of them.
    pub fn take(&self) -> Vec<ServerError> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The extension.
pub struct NullsAlone;

impl ExtensionFactory for NullsAlone {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Self)
    }
}

#[async_trait::async_trait]
impl Extension for NullsAlone {
    async fn resolve(
        &self,
        ctx: &ExtensionContext<'_>,
        info: ResolveInfo<'_>,
        next: NextResolve<'_>,
    ) -> ServerResult<Option<Value>> {
        let may_be_null = !info.return_type.ends_with('!');
        let segments = std::iter::once(info.path_node).chain(info.path_node.parents());
        let mut path: Vec<PathSegment> = segments
            .map(|node| match node.segment {
                QueryPathSegment::Name(name) => PathSegment::Field(name.to_owned()),
                QueryPathSegment::Index(index) => PathSegment::Index(index),
            })
            .collect();
        path.reverse();
        match (next.run(ctx, info).await, ctx.data_opt::<Arc<Failed>>()) {
            (Err(mut error), Some(failed)) if may_be_null => {
                if error.path.is_empty() {
                    error.path = path;
                }
                failed.0.lock().unwrap_or_else(PoisonError::into_inner).push(error);
                Ok(Some(Value::Null))
            }
            (outcome, _) => outcome,
        }
    }
}
