//! Changes of the register, one transaction each.

use super::{Store, StoreError};
use crate::registry::{Center, Facility, ImportRecord, PopulationCell};
use sqlx::{Sqlite, Transaction};

/// What an import puts into the register.
#[derive(Debug, Clone, Copy)]
pub enum Change<'a> {
    /// Adds or updates centers by code.
    Centers(&'a [Center]),
    /// Adds or updates facilities by external id.
    Facilities(&'a [Facility]),
    /// Replaces the population of everyone by these cells.
    Population(&'a [PopulationCell]),
}

/// What a change did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Applied {
    pub inserted: u64,
    pub updated: u64,
    pub unchanged: u64,
}

impl Applied {
    fn count(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Inserted => self.inserted += 1,
            Outcome::Updated => self.updated += 1,
            Outcome::Unchanged => self.unchanged += 1,
        }
    }
}

#[derive(Clone, Copy)]
enum Outcome {
    Inserted,
    Updated,
    Unchanged,
}

type Tx<'a> = Transaction<'a, Sqlite>;

impl Store {
    /// Carries out a change whole or not at all, and logs it. A change that changes nothing leaves the version as it is.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails; then nothing has changed.
    pub async fn apply(&self, change: Change<'_>, record: &ImportRecord) -> Result<Applied, StoreError> {
        // IMMEDIATE takes the write lock at once, so that two importers queue instead of failing half-way.
        let mut tx = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let applied = match change {
            Change::Centers(centers) => put_centers(&mut tx, centers, &record.at).await?,
            Change::Facilities(facilities) => put_facilities(&mut tx, facilities, &record.at).await?,
            Change::Population(cells) => put_population(&mut tx, cells).await?,
        };
        if applied.inserted + applied.updated > 0 {
            let record = ImportRecord {
                inserted: applied.inserted,
                updated: applied.updated,
                unchanged: applied.unchanged,
                ..record.clone()
            };
            let report = serde_json::to_string(&record).map_err(|e| StoreError::Corrupt {
                table: "import_log",
                id: String::new(),
                why: e.to_string(),
            })?;
            sqlx::query("INSERT INTO import_log (at, kind, source, report) VALUES (?, ?, ?, ?)")
                .bind(&record.at)
                .bind(&record.kind)
                .bind(&record.source)
                .bind(report)
                .execute(&mut *tx)
                .await?;
            sqlx::query("UPDATE register_version SET version = version + 1 WHERE id = 1").execute(&mut *tx).await?;
        }
        tx.commit().await?;
        Ok(applied)
    }
}

async fn put_centers(tx: &mut Tx<'_>, centers: &[Center], at: &str) -> Result<Applied, StoreError> {
    let mut applied = Applied::default();
    for c in centers {
        let known = sqlx::query_scalar::<_, i64>("SELECT id FROM center WHERE code = ?")
            .bind(c.code.as_str())
            .fetch_optional(&mut **tx)
            .await?;
        let done = sqlx::query(
            "INSERT INTO center (code, name, name_en, lon, lat, address, created_at, updated_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7)
             ON CONFLICT (code) DO UPDATE SET name = ?2, name_en = ?3, lon = ?4, lat = ?5, address = ?6, updated_at = ?7
             WHERE (name, name_en, lon, lat, address) IS NOT (?2, ?3, ?4, ?5, ?6)",
        )
        .bind(c.code.as_str())
        .bind(&c.name)
        .bind(&c.name_en)
        .bind(c.position.lon())
        .bind(c.position.lat())
        .bind(&c.address)
        .bind(at)
        .execute(&mut **tx)
        .await?;
        applied.count(outcome(known, done.rows_affected()));
    }
    Ok(applied)
}

async fn put_facilities(tx: &mut Tx<'_>, facilities: &[Facility], at: &str) -> Result<Applied, StoreError> {
    let mut applied = Applied::default();
    for f in facilities {
        let known = sqlx::query_scalar::<_, i64>("SELECT id FROM facility WHERE external_id = ?")
            .bind(&f.external_id)
            .fetch_optional(&mut **tx)
            .await?;
        let done = sqlx::query(
            "INSERT INTO facility (external_id, name, name_en, category, lon, lat, address, center_code, created_at, updated_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9)
             ON CONFLICT (external_id) DO UPDATE SET name = ?2, name_en = ?3, category = ?4, lon = ?5, lat = ?6,
                 address = ?7, center_code = ?8, updated_at = ?9
             WHERE (name, name_en, category, lon, lat, address, center_code) IS NOT (?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )
        .bind(&f.external_id)
        .bind(&f.name)
        .bind(&f.name_en)
        .bind(f.category.key())
        .bind(f.position.lon())
        .bind(f.position.lat())
        .bind(&f.address)
        .bind(f.center.as_ref().map(crate::registry::DivisionCode::as_str))
        .bind(at)
        .execute(&mut **tx)
        .await?;
        applied.count(outcome(known, done.rows_affected()));
    }
    Ok(applied)
}

const fn outcome(known: Option<i64>, rows: u64) -> Outcome {
    match (known, rows) {
        (None, _) => Outcome::Inserted,
        (Some(_), 0) => Outcome::Unchanged,
        (Some(_), _) => Outcome::Updated,
    }
}

/// A population file is the whole population: cells it does not name are emptied.
async fn put_population(tx: &mut Tx<'_>, cells: &[PopulationCell]) -> Result<Applied, StoreError> {
    let mut applied = Applied::default();
    let old: Vec<(i64, f64)> =
        sqlx::query_as("SELECT cell, people FROM population WHERE demand_group = 'all'").fetch_all(&mut **tx).await?;
    let old: std::collections::HashMap<i64, f64> = old.into_iter().collect();
    let new: std::collections::HashSet<i64> = cells.iter().map(|c| u64::from(c.cell) as i64).collect();
    for c in cells {
        let cell = u64::from(c.cell) as i64;
        let outcome = match old.get(&cell) {
            Some(people) if people.to_bits() == c.people.to_bits() => Outcome::Unchanged,
            Some(_) => Outcome::Updated,
            None => Outcome::Inserted,
        };
        if !matches!(outcome, Outcome::Unchanged) {
            sqlx::query(
                "INSERT INTO population (cell, demand_group, people) VALUES (?1, 'all', ?2)
                 ON CONFLICT (cell, demand_group) DO UPDATE SET people = ?2",
            )
            .bind(cell)
            .bind(c.people)
            .execute(&mut **tx)
            .await?;
        }
        applied.count(outcome);
    }
    for gone in old.keys().filter(|cell| !new.contains(cell)) {
        sqlx::query("DELETE FROM population WHERE cell = ? AND demand_group = 'all'")
            .bind(gone)
            .execute(&mut **tx)
            .await?;
        applied.updated += 1;
    }
    Ok(applied)
}
