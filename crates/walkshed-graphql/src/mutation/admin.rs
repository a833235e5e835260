//! Mutations for admins: tokens.

use crate::auth::require;
use crate::context::{Nullable, live};
use crate::enums::Role as RoleEnum;
use crate::error::{internal, not_stored};
use crate::scalars::DateTime;
use crate::user_error::UserError;
use async_graphql::{Context, InputObject, Object, Result, SimpleObject};
use jiff::Timestamp;
use walkshed_live::access::{hash, new_token};
use walkshed_register::{Problem, ProblemCode, Role};
use walkshed_store::{StoreError, TokenRow};

/// A token to create.
#[derive(InputObject, Debug)]
pub struct CreateTokenInput {
    /// The name, 1 to 100 characters: what or whom the token is for. The audit log shows this name. It must be unique,
    /// also among revoked tokens.
    name: String,
    /// The role.
    role: RoleEnum,
    /// The expiry time. If omitted, the token does not expire.
    expires_at: Option<DateTime>,
}

/// The created token.
#[derive(SimpleObject)]
pub struct CreateTokenPayload {
    /// The token. It is shown only once and not stored.
    token: Option<String>,
    /// The number, used to revoke the token.
    number: Option<i64>,
    /// The errors in the input.
    user_errors: Vec<UserError>,
}

/// A token to revoke.
#[derive(InputObject, Debug)]
pub struct RevokeTokenInput {
    /// The number of the token.
    number: i64,
}

/// The result of a revocation.
#[derive(SimpleObject)]
pub struct RevokeTokenPayload {
    /// The number of the revoked token. Null if no token was revoked.
    number: Option<i64>,
    /// The errors in the input.
    user_errors: Vec<UserError>,
}

#[derive(Default)]
pub struct AdminMutation;

#[Object]
impl AdminMutation {
    /// Creates a token. Requires the role ADMIN.
    async fn create_token(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The token to create.")] input: CreateTokenInput,
    ) -> Nullable<CreateTokenPayload> {
        Some(create(ctx, input).await)
    }

    /// Revokes a token immediately and permanently. Requires the role ADMIN.
    async fn revoke_token(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The token to revoke.")] input: RevokeTokenInput,
    ) -> Nullable<RevokeTokenPayload> {
        Some(revoke(ctx, input).await)
    }
}

async fn create(ctx: &Context<'_>, input: CreateTokenInput) -> Result<CreateTokenPayload> {
    let actor = require(ctx, Role::Admin)?.actor();
    let live = live(ctx)?;
    let now = Timestamp::now();
    let wrong = |field, why: &str| {
        let user_errors = vec![Problem::new(field, ProblemCode::Invalid, why).into()];
        Ok(CreateTokenPayload { token: None, number: None, user_errors })
    };
    let name = input.name.trim().to_owned();
    if name.is_empty() || name.chars().count() > 100 || name.chars().any(char::is_control) {
        return wrong("name", "must have 1 to 100 characters");
    }
    if input.expires_at.is_some_and(|at| at.0 <= now) {
        return wrong("expires_at", "is in the past");
    }
    let token = new_token().map_err(internal)?;
    let row = TokenRow {
        id: 0,
        name,
        role: input.role.into(),
        hash: hash(token.as_bytes()),
        created_at: now,
        expires_at: input.expires_at.map(|at| at.0),
        revoked_at: None,
    };
    let number = match live.add_token(&row, &actor).await {
        Ok(number) => number,
        Err(StoreError::TokenNameTaken(_)) => {
            let why = "is or was already used by another token: choose another name, because the audit log identifies tokens by name";
            let user_errors = vec![Problem::new("name", ProblemCode::Taken, why).into()];
            return Ok(CreateTokenPayload { token: None, number: None, user_errors });
        }
        Err(error) => return Err(not_stored(&error.into())),
    };
    Ok(CreateTokenPayload { token: Some(token), number: Some(number), user_errors: Vec::new() })
}

async fn revoke(ctx: &Context<'_>, input: RevokeTokenInput) -> Result<RevokeTokenPayload> {
    let actor = require(ctx, Role::Admin)?.actor();
    if live(ctx)?.revoke_token(input.number, &actor).await.map_err(|e| not_stored(&e.into()))? {
        return Ok(RevokeTokenPayload { number: Some(input.number), user_errors: Vec::new() });
    }
    let why = "is not the number of a valid token";
    let user_errors = vec![Problem::new("number", ProblemCode::NotFound, why).into()];
    Ok(RevokeTokenPayload { number: None, user_errors })
}
