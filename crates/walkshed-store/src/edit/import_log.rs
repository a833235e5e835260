//! The import log, and the one audit row of an import.

use super::change_set::EditError;
use super::session::Session;
use crate::audit::{self, Entry};
use serde_json::json;
use walkshed_register::ImportRecord;

impl Session<'_, '_> {
    /// Records an import that has changed something.
    pub async fn log_import(&mut self, import: &ImportRecord) -> Result<(), EditError> {
        let applied = &self.applied;
        if applied.inserted + applied.updated + applied.deleted == 0 {
            return Ok(());
        }
        let record = ImportRecord {
            inserted: applied.inserted,
            updated: applied.updated,
            unchanged: applied.unchanged,
            ..import.clone()
        };
        sqlx::query("INSERT INTO import_log (at, kind, source, report) VALUES (?, ?, ?, ?)")
            .bind(&record.at)
            .bind(&record.kind)
            .bind(&record.source)
            .bind(json!(record).to_string())
            .execute(&mut *self.tx)
            .await?;
        let not_listed = self.applied.inserted - self.new_keys.len() as u64;
        let entry = Entry {
            at: &self.change_set.at,
            actor: &self.change_set.actor,
            action: "import",
            kind: &record.kind,
            object_id: None,
            key: &record.source,
            before: None,
            after: Some(json!({ "report": record, "new": self.new_keys, "newNotListed": not_listed })),
        };
        Ok(audit::record(&mut self.tx, &entry).await?)
    }
}
