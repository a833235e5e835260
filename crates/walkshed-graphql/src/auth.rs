//! Who is asking, as the transport has found out; what they may do is decided here.

use super::error::forbidden;
use async_graphql::{Context, Result};
use std::sync::LazyLock;
use walkshed_live::access::Caller;
use walkshed_register::Role;

static NOBODY: LazyLock<Caller> = LazyLock::new(|| Caller::anonymous(None));

/// Who is asking; someone without a token when the transport does not say.
pub fn caller<'c>(ctx: &Context<'c>) -> &'c Caller {
    ctx.data_opt::<Caller>().unwrap_or(&NOBODY)
}

/// The caller, if they may do what this role may.
pub fn require<'c>(ctx: &Context<'c>, role: Role) -> Result<&'c Caller> {
    let caller = caller(ctx);
    if caller.may(role) { Ok(caller) } else { Err(forbidden(role, caller)) }
}
