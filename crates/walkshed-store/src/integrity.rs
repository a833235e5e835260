//! Integrity check of the database file.

use crate::error::StoreError;
use crate::store::Store;
use sqlx::Row;

/// Maximum number of faults reported.
const MAX_FAULTS: usize = 20;

impl Store {
    /// Checks the whole database file and returns a sentence for each fault, at most 20. The list is empty if the file is
    /// intact.
    ///
    /// # Errors
    /// [`StoreError`] if the check itself fails.
    pub async fn integrity_errors(&self) -> Result<Vec<String>, StoreError> {
        let mut connection = self.pool.acquire().await?;
        let mut list: Vec<String> =
            sqlx::query_scalar(sqlx::AssertSqlSafe(format!("PRAGMA integrity_check({MAX_FAULTS})")))
                .fetch_all(&mut *connection)
                .await?;
        list.retain(|line| line != "ok");
        let rows = sqlx::query("SELECT \"table\", rowid, parent FROM pragma_foreign_key_check LIMIT ?")
            .bind(MAX_FAULTS as i64)
            .fetch_all(&mut *connection)
            .await?;
        for row in rows {
            let (table, id, parent): (String, Option<i64>, String) =
                (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
            let id = id.map(|id| format!(" {id}")).unwrap_or_default();
            list.push(format!("{table}{id} refers to a {parent} that does not exist"));
        }
        list.truncate(MAX_FAULTS);
        Ok(list)
    }
}
