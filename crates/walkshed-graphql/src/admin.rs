//! What admins may ask: who changed what, which tokens there are.

use super::auth::require;
use super::budget::charge;
use super::error::{bad_input, internal, not_found};
use super::ids::NodeId;
use super::lasting;
use super::paging::page_size;
use super::scalars::{DateTime, Json};
use super::words::{RecordKind, Role as RoleWord};
use super::{Nullable, live};
use async_graphql::{Context, ID, Object, SimpleObject};
use walkshed_register::{self as register, Role};
use walkshed_store::{AuditFilter, AuditRow, TokenRow};

/// One change that was made.
#[derive(SimpleObject)]
pub struct AuditEntry {
    /// Its number; `before` takes it to go on from there.
    number: i64,
    /// When.
    at: Option<DateTime>,
    /// Who: "token NAME", "anonymous" or "command line".
    actor: String,
    /// create, update, delete, import or restore.
    action: String,
    /// A `RecordKind` in lower case; of imports what the file held ("centers", ...); "token", "register" or "demonstration".
    kind: String,
    /// The global id of what was changed, where it has one; it may have been deleted since.
    object_id: Option<ID>,
    /// The code, external id or key of what was changed; of visits the day, of imports the file.
    key: String,
    /// What it was before, as JSON.
    before: Option<Json>,
    /// What it is since, as JSON.
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

/// A token, without itself: that is not kept.
#[derive(SimpleObject)]
pub struct Token {
    /// Its number.
    number: i64,
    /// What or whom it is for.
    name: String,
    /// What it may do.
    role: RoleWord,
    /// When it was made.
    created_at: DateTime,
    /// When it ends; never when null.
    expires_at: Option<DateTime>,
    /// When it was revoked.
    revoked_at: Option<DateTime>,
    /// Is it in force?
    in_force: bool,
}

impl From<TokenRow> for Token {
    fn from(t: TokenRow) -> Self {
        let in_force = t.revoked_at.is_none() && t.expires_at.is_none_or(|at| at > lasting::now());
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

/// Who is asking.
#[derive(SimpleObject)]
pub struct Viewer {
    /// What they may do.
    role: RoleWord,
    /// The name of their token; null without one.
    token: Option<String>,
}

#[derive(Default)]
pub struct AdminQuery;

#[Object]
impl AdminQuery {
    /// Who is asking, as the server sees it.
    async fn viewer(&self, ctx: &Context<'_>) -> Viewer {
        let caller = super::auth::caller(ctx);
        Viewer { role: caller.role.into(), token: caller.token.clone() }
    }

    /// Who changed what, the newest first. Imports, tokens, restores and the removal of the demonstration city are found
    /// without `kind`. Needs the role ADMIN.
    #[graphql(complexity = "500 + first.unwrap_or(20).max(0) as usize * child_complexity")]
    async fn audit_log(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only this sort of thing.")] kind: Option<RecordKind>,
        #[graphql(desc = "Only this thing, by its id.")] object: Option<ID>,
        #[graphql(desc = "Only what this one did: \"token NAME\", \"anonymous\" or \"command line\".")] actor: Option<
            String,
        >,
        #[graphql(desc = "Only those before this number: the next page.")] before: Option<i64>,
        #[graphql(desc = "How many, at most 1000; 20 by default.")] first: Option<i32>,
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
                    NodeId::parse(&id).ok_or_else(|| not_found("object", &id, "thing with the id"))?;
                if kind.is_some_and(|k| register::RecordKind::from(k) != named) {
                    return Err(bad_input("object", &*id, format_args!("is the id of a {named}, not of that `kind`")));
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

    /// All tokens ever made. Needs the role ADMIN.
    async fn tokens(&self, ctx: &Context<'_>) -> Nullable<Vec<Token>> {
        let answer = async {
            require(ctx, Role::Admin)?;
            let rows = live(ctx)?.store().tokens().await.map_err(internal)?;
            Ok(rows.into_iter().map(Into::into).collect())
        };
        Some(answer.await)
    }
}
