//! Replacing the population of a group.

use super::change_set::EditError;
use super::session::Session;
use crate::audit::{self, Entry};
use crate::table::{Values, placeholders};
use serde_json::json;
use sqlx::AssertSqlSafe;
use std::collections::{HashMap, HashSet};
use walkshed_register::{Done, PopulationCell, RecordKind};

/// Maximum number of population cells per statement.
const CELLS_AT_ONCE: usize = 2000;

impl Session<'_, '_> {
    /// Replaces the population of a group. Removed cells count as updated.
    pub async fn put_population(&mut self, group: &str, cells: &[PopulationCell]) -> Result<Done, EditError> {
        let old: Vec<(i64, f64)> = sqlx::query_as("SELECT cell, people FROM population WHERE demand_group = ?")
            .bind(group)
            .fetch_all(&mut *self.tx)
            .await?;
        let old: HashMap<i64, f64> = old.into_iter().collect();
        let new: HashSet<i64> = cells.iter().map(|c| u64::from(c.cell) as i64).collect();
        let [mut inserted, mut updated] = [0, 0];
        let mut changed = Vec::new();
        for c in cells {
            let cell = u64::from(c.cell) as i64;
            match old.get(&cell) {
                Some(people) if people.to_bits() == c.people.to_bits() => {
                    self.applied.unchanged += 1;
                    continue;
                }
                Some(_) => updated += 1,
                None => inserted += 1,
            }
            changed.push((cell, c.people));
        }
        self.upsert_cells(group, &changed).await?;
        for removed in old.keys().filter(|cell| !new.contains(cell)) {
            sqlx::query("DELETE FROM population WHERE cell = ? AND demand_group = ?")
                .bind(removed)
                .bind(group)
                .execute(&mut *self.tx)
                .await?;
            updated += 1;
        }
        if inserted + updated == 0 {
            return Ok(Done::Unchanged);
        }
        self.applied.inserted += inserted;
        self.applied.updated += updated;
        let before = json!({ "cells": old.len(), "people": old.values().sum::<f64>() });
        let after = json!({ "cells": cells.len(), "people": cells.iter().map(|c| c.people).sum::<f64>() });
        let entry = Entry {
            at: self.at(),
            actor: &self.change_set.actor,
            action: "update",
            kind: RecordKind::Population.key(),
            object_id: None,
            key: group,
            before: Some(before),
            after: Some(after),
        };
        audit::record(&mut self.tx, &entry).await?;
        let mut cells = cells.to_vec();
        cells.sort_unstable_by_key(|c| c.cell);
        Ok(Done::Population { group: group.to_owned(), cells })
    }

    async fn upsert_cells(&mut self, group: &str, cells: &[(i64, f64)]) -> Result<(), EditError> {
        for part in cells.chunks(CELLS_AT_ONCE) {
            let text = format!(
                "INSERT INTO population (cell, demand_group, people) VALUES {}
                 ON CONFLICT (cell, demand_group) DO UPDATE SET people = excluded.people",
                placeholders(part.len(), 3)
            );
            let mut values = Values::default();
            for (cell, people) in part {
                values.add(*cell)?;
                values.add(group)?;
                values.add(*people)?;
            }
            sqlx::query_with(AssertSqlSafe(text), values.0).execute(&mut *self.tx).await?;
        }
        Ok(())
    }
}
