//! Tokens: only their hashes are kept, with whom they are for and until when.

use super::audit::{Entry, note};
use super::{Store, StoreError};
use jiff::Timestamp;
use serde_json::{Value, json};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use walkshed_register::Role;

/// A token as the database knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRow {
    /// 0 before it is stored.
    pub id: i64,
    pub name: String,
    pub role: Role,
    /// SHA-256 of the token.
    pub hash: [u8; 32],
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
}

fn token(row: &SqliteRow) -> Result<TokenRow, StoreError> {
    let id: i64 = row.try_get(0)?;
    let corrupt =
        |why: &dyn std::fmt::Display| StoreError::Corrupt { table: "token", id: id.to_string(), why: why.to_string() };
    let moment = |text: Option<&str>| -> Result<Option<Timestamp>, StoreError> {
        text.map(|t| t.parse().map_err(|e: jiff::Error| corrupt(&e))).transpose()
    };
    Ok(TokenRow {
        id,
        name: row.try_get(1)?,
        role: row.try_get::<&str, _>(2)?.parse().map_err(|e| corrupt(&e))?,
        hash: row.try_get::<&[u8], _>(3)?.try_into().map_err(|e| corrupt(&e))?,
        created_at: moment(row.try_get(4)?)?.ok_or_else(|| corrupt(&"has no moment of creation"))?,
        expires_at: moment(row.try_get(5)?)?,
        revoked_at: moment(row.try_get(6)?)?,
    })
}

impl Store {
    /// All tokens, by number.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn tokens(&self) -> Result<Vec<TokenRow>, StoreError> {
        let rows =
            sqlx::query("SELECT id, name, role, hash, created_at, expires_at, revoked_at FROM token ORDER BY id");
        rows.fetch_all(&self.pool).await?.iter().map(token).collect()
    }

    /// All tokens that can be read, by number, and what is wrong with the others: those are in force for nobody.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn usable_tokens(&self) -> Result<(Vec<TokenRow>, Vec<StoreError>), StoreError> {
        let rows =
            sqlx::query("SELECT id, name, role, hash, created_at, expires_at, revoked_at FROM token ORDER BY id");
        let (mut usable, mut wrong) = (Vec::new(), Vec::new());
        for row in rows.fetch_all(&self.pool).await? {
            match token(&row) {
                Ok(token) => usable.push(token),
                Err(error) => wrong.push(error),
            }
        }
        Ok((usable, wrong))
    }

    /// Keeps a new token; returns its number.
    ///
    /// # Errors
    /// [`StoreError::NameTaken`] for a name that another token has or had; others when the database fails.
    pub async fn add_token(&self, token: &TokenRow, actor: &str) -> Result<i64, StoreError> {
        let mut tx = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let created = token.created_at.to_string();
        let done = sqlx::query("INSERT INTO token (name, role, hash, created_at, expires_at) VALUES (?, ?, ?, ?, ?)")
            .bind(&token.name)
            .bind(token.role.key())
            .bind(&token.hash[..])
            .bind(&created)
            .bind(token.expires_at.map(|t| t.to_string()))
            .execute(&mut *tx)
            .await;
        let id = match done {
            Ok(done) => done.last_insert_rowid(),
            // Random tokens are never the same; names may be.
            Err(sqlx::Error::Database(e)) if e.is_unique_violation() => {
                return Err(StoreError::NameTaken(token.name.clone()));
            }
            Err(e) => return Err(e.into()),
        };
        let after = json!({ "name": token.name, "role": token.role, "expiresAt": token.expires_at });
        note(&mut tx, &entry(&created, actor, "create", id, &token.name, after)).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// Revokes a token for good; says whether there was one to revoke.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn revoke_token(&self, id: i64, at: Timestamp, actor: &str) -> Result<bool, StoreError> {
        let mut tx = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let now = at.to_string();
        let name: Option<String> =
            sqlx::query_scalar("UPDATE token SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL RETURNING name")
                .bind(&now)
                .bind(id)
                .fetch_optional(&mut *tx)
                .await?;
        if let Some(name) = &name {
            note(&mut tx, &entry(&now, actor, "update", id, name, json!({ "revokedAt": at }))).await?;
        }
        tx.commit().await?;
        Ok(name.is_some())
    }
}

fn entry<'a>(at: &'a str, actor: &'a str, action: &'static str, id: i64, name: &'a str, after: Value) -> Entry<'a> {
    Entry { at, actor, action, kind: "token", object_id: Some(id), key: name, before: None, after: Some(after) }
}
