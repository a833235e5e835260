//! Access tokens. Only their hashes are stored, with name, role and expiry.

use crate::audit::{self, Entry};
use crate::error::StoreError;
use crate::store::Store;
use jiff::Timestamp;
use serde_json::{Value, json};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use walkshed_register::Role;

/// A token as stored in the database.
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
    let timestamp = |text: Option<&str>| -> Result<Option<Timestamp>, StoreError> {
        text.map(|t| t.parse().map_err(|e: jiff::Error| corrupt(&e))).transpose()
    };
    Ok(TokenRow {
        id,
        name: row.try_get(1)?,
        role: row.try_get::<&str, _>(2)?.parse().map_err(|e| corrupt(&e))?,
        hash: row.try_get::<&[u8], _>(3)?.try_into().map_err(|e| corrupt(&e))?,
        created_at: timestamp(row.try_get(4)?)?.ok_or_else(|| corrupt(&"has no creation time"))?,
        expires_at: timestamp(row.try_get(5)?)?,
        revoked_at: timestamp(row.try_get(6)?)?,
    })
}

impl Store {
    /// Returns all tokens, ordered by id.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails or a row is invalid.
    pub async fn tokens(&self) -> Result<Vec<TokenRow>, StoreError> {
        let rows =
            sqlx::query("SELECT id, name, role, hash, created_at, expires_at, revoked_at FROM token ORDER BY id");
        rows.fetch_all(&self.pool).await?.iter().map(token).collect()
    }

    /// Returns all tokens with valid rows, ordered by id, and an error for each invalid row. Tokens with invalid rows are not
    /// accepted.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn readable_tokens(&self) -> Result<(Vec<TokenRow>, Vec<StoreError>), StoreError> {
        let rows =
            sqlx::query("SELECT id, name, role, hash, created_at, expires_at, revoked_at FROM token ORDER BY id");
        let (mut valid, mut errors) = (Vec::new(), Vec::new());
        for row in rows.fetch_all(&self.pool).await? {
            match token(&row) {
                Ok(token) => valid.push(token),
                Err(error) => errors.push(error),
            }
        }
        Ok((valid, errors))
    }

    /// Stores a new token and returns its id.
    ///
    /// # Errors
    /// [`StoreError::TokenNameTaken`] if another token has or had the name; other variants if the database fails.
    pub async fn add_token(&self, token: &TokenRow, actor: &str) -> Result<i64, StoreError> {
        let mut tx = self.begin_write().await?;
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
            // Hashes of random tokens do not collide, so the violated constraint is that of the name.
            Err(sqlx::Error::Database(e)) if e.is_unique_violation() => {
                return Err(StoreError::TokenNameTaken(token.name.clone()));
            }
            Err(e) => return Err(e.into()),
        };
        let after = json!({ "name": token.name, "role": token.role, "expiresAt": token.expires_at });
        audit::record(&mut tx, &entry(&created, actor, "create", id, &token.name, after)).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// Revokes a token permanently. Returns `false` if no unrevoked token has this id.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn revoke_token(&self, id: i64, at: Timestamp, actor: &str) -> Result<bool, StoreError> {
        let mut tx = self.begin_write().await?;
        let now = at.to_string();
        let name: Option<String> =
            sqlx::query_scalar("UPDATE token SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL RETURNING name")
                .bind(&now)
                .bind(id)
                .fetch_optional(&mut *tx)
                .await?;
        if let Some(name) = &name {
            audit::record(&mut tx, &entry(&now, actor, "update", id, name, json!({ "revokedAt": at }))).await?;
        }
        tx.commit().await?;
        Ok(name.is_some())
    }
}

fn entry<'a>(at: &'a str, actor: &'a str, action: &'static str, id: i64, name: &'a str, after: Value) -> Entry<'a> {
    Entry { at, actor, action, kind: "token", object_id: Some(id), key: name, before: None, after: Some(after) }
}
