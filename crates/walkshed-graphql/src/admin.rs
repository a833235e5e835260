//! Queries for admins: the audit log and the tokens; and `viewer`, which describes the caller.

use super::auth::require;
use super::budget::charge;
use super::cacheability;
use super::enums::{RecordKind, Role as RoleEnum};
use super::error::{bad_input, internal, not_found};
use super::ids::NodeId;
use super::paging::page_size;
use super::scalars::{DateTime, Json};
use crate::context::{Nullable, live};
use async_graphql::{Context, ID, Object, SimpleObject};
use walkshed_register::{self as register, Role};
use walkshed_store::{AuditFilter, AuditRow, TokenRow};

/// An entry of the audit log.
#[derive(SimpleObject)]
pub struct AuditEntry {
    /// Sequence number; pass it as `before` to fetch the next page.
    number: i64,
    /// The time of the change.
    at: Option<DateTime>,
    /// Who made the change: "token NAME", "anonymous" or "command line".
    actor: String,
    /// create, update, delete, import or restore.
    action: String,
    /// A `RecordKind` in lower case; for imports the content of the file ("centers", ...); or "token", "register" or
    /// "demonstration".
    kind: String,
    /// Global id of the changed object, if it has one. The object may have been deleted since.
    object_id: Option<ID>,
    /// Code, external id or key of the changed object; for visits the day, for imports the file.
    key: String,
    /// The object before the change, as JSON.
    before: Option<Json>,
    /// The object after the change, as JSON.
    after: Option<Json>,
}

impl From<AuditRow> for AuditEntry {
    fn from(row: AuditRow) -> Self {
        let kind: Option<register::RecordKind> = row.kind.parse().ok();
        Self {
            number: row.id,
            at: row.at.parse().ok().map(DateTime),
            actor: row.actor,
            action: row.action,
            object_id: kind
                .filter(|k| !matches!(k, register::RecordKind::Visits | register::RecordKind::Population))
                .zip(row.object_id)
                .map(|(kind, id)| NodeId::new(kind, id).into()),
            kind: row.kind,
            key: row.key,
            before: row.before.map(Json),
            after: row.after.map(Json),
        }
    }
}

/// An access token. Its secret is not stored.
#[derive(SimpleObject)]
pub struct Token {
    /// The number of the token.
    number: i64,
    /// The name of the person or program that uses it.
    name: String,
    /// The role of the token.
    role: RoleEnum,
    /// The time of creation.
    created_at: DateTime,
    /// The time of expiry; null for a token that does not expire.
    expires_at: Option<DateTime>,
    /// The time of revocation; null for a token that was not revoked.
    revoked_at: Option<DateTime>,
    /// Whether the token is valid: neither expired nor revoked.
    in_force: bool,
}

impl From<TokenRow> for Token {
    fn from(t: TokenRow) -> Self {
        let in_force = t.revoked_at.is_none() && t.expires_at.is_none_or(|at| at > cacheability::now());
        Self {
            number: t.id,
            name: t.name,
            role: t.role.into(),
            created_at: DateTime(t.created_at),
            expires_at: t.expires_at.map(DateTime),
            revoked_at: t.revoked_at.map(DateTime),
            in_force,
        }
    }
}

/// The caller of the request.
#[derive(SimpleObject)]
pub struct Viewer {
    /// The role of the caller.
    role: RoleEnum,
    /// The name of the caller's token; null for an anonymous caller.
    token: Option<String>,
}

#[derive(Default)]
pub struct AdminQuery;

#[Object]
impl AdminQuery {
    /// Returns the caller as the server identifies it.
    async fn viewer(&self, ctx: &Context<'_>) -> Viewer {
        let caller = super::auth::caller(ctx);
        Viewer { role: caller.role.into(), token: caller.token.clone() }
    }

    /// Lists changes, newest first. Entries about imports, tokens, restores and the removal of the demonstration city are
    /// returned only without `kind`. Requires the role ADMIN.
    #[graphql(complexity = "500 + first.unwrap_or(20).max(0) as usize * child_complexity")]
    async fn audit_log(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only changes of this kind of record.")] kind: Option<RecordKind>,
        #[graphql(desc = "Only changes of the object with this global id.")] object: Option<ID>,
        #[graphql(desc = "Only changes by this actor: \"token NAME\", \"anonymous\" or \"command line\".")]
        actor: Option<String>,
        #[graphql(desc = "Only entries with a lower number, for the next page.")] before: Option<i64>,
        #[graphql(desc = "Maximum number of entries to return (default 20, maximum 1000).")] first: Option<i32>,
    ) -> Nullable<Vec<AuditEntry>> {
        let answer = async {
            require(ctx, Role::Admin)?;
            let first = page_size("first", first)?;
            let mut filter = AuditFilter {
                kind: kind.map(|k| register::RecordKind::from(k).key().to_owned()),
                actor,
                before,
                ..AuditFilter::default()
            };
            if let Some(id) = object {
                let NodeId { kind: named, number } =
                    NodeId::parse(&id).ok_or_else(|| not_found("object", &id, "object with the id"))?;
                if kind.is_some_and(|k| register::RecordKind::from(k) != named) {
                    return Err(bad_input(
                        "object",
                        &*id,
                        format_args!("is the id of a {named}, not of the given `kind`"),
                    ));
                }
                filter.kind = Some(named.key().to_owned());
                filter.object_id = Some(number);
            }
            let rows = live(ctx)?.store().audit(&filter, first).await.map_err(internal)?;
            let lengths = rows.iter().flat_map(|row| [&row.before, &row.after]).flatten().map(String::len);
            charge(ctx, lengths.sum())?;
            Ok(rows.into_iter().map(Into::into).collect())
        };
        Some(answer.await)
    }

    /// Lists all tokens, including expired and revoked ones. Requires the role ADMIN.
    async fn tokens(&self, ctx: &Context<'_>) -> Nullable<Vec<Token>> {
        let answer = async {
            require(ctx, Role::Admin)?;
            let rows = live(ctx)?.store().tokens().await.map_err(internal)?;
            Ok(rows.into_iter().map(Into::into).collect())
        };
        Some(answer.await)
    }
}
