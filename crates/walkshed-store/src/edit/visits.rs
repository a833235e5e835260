//! Replacing the visit counts of a day.

use super::change_set::EditError;
use super::session::Session;
use crate::audit::{self, Entry};
use crate::error::StoreError;
use crate::table::{Values, placeholders};
use crate::visit_counts;
use serde_json::json;
use sqlx::AssertSqlSafe;
use std::collections::HashSet;
use walkshed_register::{Done, ProblemCode, RecordKind, VisitCount, VisitDay};

/// Maximum number of visit counts per statement.
const COUNTS_AT_ONCE: usize = 1500;

impl Session<'_, '_> {
    /// Replaces the counts of a day.
    pub async fn put_visits(&mut self, day: &VisitDay) -> Result<Done, EditError> {
        let date = day.day.to_string();
        let mut new = day.clone();
        new.sort();
        let old = self.stored_day(day, &date).await?;
        let old_counts = old.as_ref().map_or(&[][..], |day| &day.counts);
        if old_counts == new.counts {
            self.applied.unchanged += 1;
            return Ok(Done::Unchanged);
        }
        if old.is_some() {
            sqlx::query("DELETE FROM visit WHERE center_id = ? AND day = ?")
                .bind(day.center)
                .bind(&date)
                .execute(&mut *self.tx)
                .await?;
        }
        self.insert_counts(&[&new]).await?;
        let is_new = old.is_none();
        if !(is_new && self.is_import()) {
            let counts = |counts: &[VisitCount]| (!counts.is_empty()).then(|| json!(counts));
            let entry = Entry {
                at: self.at(),
                actor: &self.change_set.actor,
                action: if is_new { "create" } else { "update" },
                kind: RecordKind::Visits.key(),
                object_id: Some(day.center),
                key: &date,
                before: counts(old_counts),
                after: counts(&new.counts),
            };
            audit::record(&mut self.tx, &entry).await?;
        }
        *(if is_new { &mut self.applied.inserted } else { &mut self.applied.updated }) += 1;
        Ok(Done::Visits(day.clone()))
    }

    /// Reads the stored counts of a day, sorted.
    async fn stored_day(&mut self, day: &VisitDay, date: &str) -> Result<Option<VisitDay>, EditError> {
        if self.is_import() {
            self.counted_days().await?;
        }
        let may_exist = self.counted_days.as_ref().is_none_or(|days| days.contains(&(day.center, date.to_owned())));
        if !may_exist {
            return Ok(None);
        }
        let query = format!("SELECT {} FROM visit WHERE center_id = ? AND day = ?", visit_counts::AS_TEXT);
        let text: Option<String> =
            sqlx::query_scalar(AssertSqlSafe(query)).bind(day.center).bind(date).fetch_one(&mut *self.tx).await?;
        let Some(text) = text else { return Ok(None) };
        let counts = visit_counts::parse(&text).ok_or_else(|| {
            StoreError::corrupt("visit", format_args!("{} {date}", day.center), "has an invalid count")
        })?;
        let mut stored = VisitDay { center: day.center, day: day.day, counts };
        stored.sort();
        Ok(Some(stored))
    }

    /// Inserts the counts of the given days.
    pub async fn insert_counts(&mut self, days: &[&VisitDay]) -> Result<(), EditError> {
        let all: Vec<(i64, String, &VisitCount)> =
            days.iter().flat_map(|d| d.counts.iter().map(|c| (d.center, d.day.to_string(), c))).collect();
        for part in all.chunks(COUNTS_AT_ONCE) {
            let rows = placeholders(part.len(), 5);
            let text = format!("INSERT INTO visit (center_id, day, audience, hour, count) VALUES {rows}");
            let mut values = Values::default();
            for (center, date, c) in part {
                values.add(*center)?;
                values.add(date.as_str())?;
                values.add(c.audience.key())?;
                values.add(c.hour.map_or(-1i64, i64::from))?;
                values.add(c.count)?;
            }
            let done = sqlx::query_with(AssertSqlSafe(text), values.0).execute(&mut *self.tx).await;
            done.map_err(|e| match &e {
                sqlx::Error::Database(d) if d.is_foreign_key_violation() => {
                    EditError::field("center", ProblemCode::NotFound, "does not exist")
                }
                _ => e.into(),
            })?;
        }
        Ok(())
    }

    /// Returns the days that already have counts; reads them on the first call.
    pub async fn counted_days(&mut self) -> Result<&mut HashSet<(i64, String)>, EditError> {
        if self.counted_days.is_none() {
            let days: Vec<(i64, String)> =
                sqlx::query_as("SELECT DISTINCT center_id, day FROM visit").fetch_all(&mut *self.tx).await?;
            self.counted_days = Some(days.into_iter().collect());
        }
        Ok(self.counted_days.get_or_insert_default())
    }
}
