//! Is the database file whole?

use super::{Store, StoreError};
use sqlx::Row;

/// Faults that are told at most.
const TOLD: usize = 20;

impl Store {
    /// What is damaged, in sentences; nothing where all is well. Reads the whole file.
    ///
    /// # Errors
    /// [`StoreError`] when not even that can be found out.
    pub async fn damage(&self) -> Result<Vec<String>, StoreError> {
        let mut connection = self.pool.acquire().await?;
        let mut list: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(format!("PRAGMA integrity_check({TOLD})")))
            .fetch_all(&mut *connection)
            .await?;
        list.retain(|line| line != "ok");
        let rows = sqlx::query("SELECT \"table\", rowid, parent FROM pragma_foreign_key_check LIMIT ?")
            .bind(TOLD as i64)
            .fetch_all(&mut *connection)
            .await?;
        for row in rows {
            let (table, id, parent): (String, Option<i64>, String) =
                (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
            let id = id.map(|id| format!(" {id}")).unwrap_or_default();
            list.push(format!("{table}{id} refers to a {parent} that does not exist"));
        }
        list.truncate(TOLD);
        Ok(list)
    }
}
