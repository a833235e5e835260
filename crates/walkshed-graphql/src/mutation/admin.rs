//! What admins do: tokens.

use super::UserError;
use crate::Nullable;
use crate::auth::require;
use crate::error::{internal, not_stored};
use crate::live;
use crate::scalars::DateTime;
use crate::words::Role as RoleWord;
use async_graphql::{Context, InputObject, Object, Result, SimpleObject};
use jiff::Timestamp;
use walkshed_live::access::{hash, new_token};
use walkshed_register::{Problem, ProblemCode, Role};
use walkshed_store::{StoreError, TokenRow};

/// A new token.
#[derive(InputObject, Debug)]
pub struct CreateTokenInput {
    /// What or whom it is for, 1 to 100 characters. The audit log names it; no two tokens have the same name, also when one
    /// of them is revoked.
    name: String,
    /// What it may do.
    role: RoleWord,
    /// When it ends; never when left out.
    expires_at: Option<DateTime>,
}

/// A token as it was made.
#[derive(SimpleObject)]
pub struct CreateTokenPayload {
    /// The token itself. It is shown this once, and not kept.
    token: Option<String>,
    /// Its number, by which it can be revoked.
    number: Option<i64>,
    /// What is wrong with the input.
    user_errors: Vec<UserError>,
}

/// Which token to revoke.
#[derive(InputObject, Debug)]
pub struct RevokeTokenInput {
    /// Its number.
    number: i64,
}

/// What revoking did.
#[derive(SimpleObject)]
pub struct RevokeTokenPayload {
    /// Its number, once it is revoked.
    number: Option<i64>,
    /// What is wrong with the input.
    user_errors: Vec<UserError>,
}

#[derive(Default)]
pub struct AdminMutation;

#[Object]
impl AdminMutation {
    /// Makes a token. Needs the role ADMIN.
    async fn create_token(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new token.")] input: CreateTokenInput,
    ) -> Nullable<CreateTokenPayload> {
        Some(create(ctx, input).await)
    }

    /// Revokes a token, at once and for good. Needs the role ADMIN.
    async fn revoke_token(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one.")] input: RevokeTokenInput,
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
        return wrong("expires_at", "is past");
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
        Err(StoreError::NameTaken(_)) => {
            let why = "is or was the name of a token already: choose another, since the audit log tells tokens by their names";
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
    let why = "is the number of no token in force";
    let user_errors = vec![Problem::new("number", ProblemCode::NotFound, why).into()];
    Ok(RevokeTokenPayload { number: None, user_errors })
}
