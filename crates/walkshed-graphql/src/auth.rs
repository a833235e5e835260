//! Authorization. The transport authenticates the caller; this module checks the caller's role.

use super::error::forbidden;
use async_graphql::{Context, Result};
use std::sync::LazyLock;
use walkshed_live::access::Caller;
use walkshed_register::Role;

static ANONYMOUS: LazyLock<Caller> = LazyLock::new(|| Caller::anonymous(None));

/// Returns the caller of the request; anonymous if the transport set none.
pub fn caller<'c>(ctx: &Context<'c>) -> &'c Caller {
    ctx.data_opt::<Caller>().unwrap_or(&ANONYMOUS)
}

/// Returns the caller if it has the rights of a role.
///
/// # Errors
/// `UNAUTHENTICATED` or `FORBIDDEN`.
pub fn require<'c>(ctx: &Context<'c>, role: Role) -> Result<&'c Caller> {
    let caller = caller(ctx);
    if caller.may(role) { Ok(caller) } else { Err(forbidden(role, caller)) }
}
