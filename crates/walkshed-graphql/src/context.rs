//! What resolvers read from the context of a request.

use crate::cacheability;
use crate::error::read_only;
use crate::limits::Limits;
use crate::suggestion_limit::SuggestionLimit;
use async_graphql::{Context, Result};
use std::sync::{Arc, LazyLock};
use walkshed_analysis::Standards;
use walkshed_analysis::world::World;
use walkshed_live::Live;
use walkshed_register::Kinds;

/// The result of a nullable field. With the error inside the option, a failed field becomes null by itself; with
/// `Result<Option<T>>`, async-graphql would set the parent object to null.
pub type Nullable<T> = Option<Result<T>>;

/// Runs the resolver of a nullable field: see [`Nullable`].
pub async fn nullable<T>(work: impl Future<Output = Result<Option<T>>>) -> Nullable<T> {
    work.await.transpose()
}

/// Returns the world of the request.
pub fn current<'c>(ctx: &Context<'c>) -> &'c Arc<World> {
    ctx.data_unchecked::<Arc<World>>()
}

/// Returns the limits in force.
pub fn limits<'c>(ctx: &Context<'c>) -> &'c Limits {
    ctx.data_unchecked::<Limits>()
}

/// Returns the live data: the database and the writer.
///
/// # Errors
/// `NOT_READY` when the server is read-only.
pub fn live<'c>(ctx: &Context<'c>) -> Result<&'c Arc<Live>> {
    // Data outside of a world changes without a new world version.
    cacheability::mark_uncacheable();
    ctx.data_opt::<Arc<Live>>().ok_or_else(read_only)
}

/// Returns the configured kinds of facility.
pub fn kinds<'c>(ctx: &Context<'c>) -> &'c Kinds {
    static BUILT_IN: LazyLock<Kinds> = LazyLock::new(Kinds::default);
    ctx.data_opt::<Arc<Live>>().map_or(&BUILT_IN, |live| live.kinds())
}

/// Returns the configured planning standards.
pub fn standards<'c>(ctx: &Context<'c>) -> &'c Standards {
    static BUILT_IN: LazyLock<Standards> = LazyLock::new(Standards::default);
    ctx.data_opt::<Arc<Live>>().map_or(&BUILT_IN, |live| live.standards())
}

/// Returns the rate limit for anonymous suggestions.
pub fn suggestion_limit<'c>(ctx: &Context<'c>) -> &'c SuggestionLimit {
    ctx.data_unchecked::<Arc<SuggestionLimit>>()
}

/// Marks a request as part of a job.
#[derive(Debug, Clone, Copy)]
pub struct InJob;

/// Returns whether a request is part of a job.
pub fn is_job(ctx: &Context<'_>) -> bool {
    ctx.data_opt::<InJob>().is_some()
}
