//! Reading the whole register at one moment.

use super::columns::{Columns, Stored};
use super::demonstration::mark;
use super::{Store, StoreError};
use crate::registry::{EVERYONE, PopulationCell, RegisterRows, VisitCount, VisitDay};
use h3o::CellIndex;
use sqlx::{AssertSqlSafe, Row, Sqlite, Transaction};
use std::collections::BTreeMap;

/// Imports the answers of `dataset` go back to.
const IMPORTS_SHOWN: i64 = 50;

fn corrupt(table: &'static str, id: impl ToString, why: impl ToString) -> StoreError {
    StoreError::Corrupt { table, id: id.to_string(), why: why.to_string() }
}

/// `SELECT id, version, ...` of a table, with what comes after `FROM`.
pub fn select<T: Stored>(rest: &str) -> AssertSqlSafe<String> {
    // Only names of our own tables and columns go into the text.
    AssertSqlSafe(format!("SELECT id, version, {} FROM {} {rest}", T::COLUMNS.join(", "), T::TABLE))
}

async fn all<T: Stored>(tx: &mut Transaction<'_, Sqlite>) -> Result<Vec<T>, StoreError> {
    let rows = sqlx::query(select::<T>("ORDER BY id")).fetch_all(&mut **tx).await?;
    rows.iter().map(Columns::of).collect()
}

/// Counts of a day as one text: audience:hour:count, apart by commas.
pub fn counts_of(text: &str) -> Option<Vec<VisitCount>> {
    text.split(',')
        .map(|part| {
            let mut pieces = part.split(':');
            let (audience, hour, count) = (pieces.next()?, pieces.next()?, pieces.next()?);
            let hour: i8 = hour.parse().ok()?;
            Some(VisitCount {
                audience: audience.parse().ok()?,
                hour: u8::try_from(hour).ok(),
                count: count.parse().ok()?,
            })
        })
        .collect()
}

impl Store {
    /// The version of the register.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn version(&self) -> Result<u64, StoreError> {
        let version: i64 =
            sqlx::query_scalar("SELECT version FROM register_version WHERE id = 1").fetch_one(&self.pool).await?;
        Ok(version as u64)
    }

    /// Everything, in one read transaction.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails or holds a value that no door lets in.
    pub async fn load(&self) -> Result<RegisterRows, StoreError> {
        let mut tx = self.pool.begin().await?;
        let version: i64 =
            sqlx::query_scalar("SELECT version FROM register_version WHERE id = 1").fetch_one(&mut *tx).await?;
        let log = sqlx::query_scalar("SELECT report FROM import_log ORDER BY id DESC LIMIT ?").bind(IMPORTS_SHOWN);
        let imports = log
            .fetch_all(&mut *tx)
            .await?
            .iter()
            .map(|text: &String| serde_json::from_str(text).map_err(|e| corrupt("import_log", "", e)))
            .collect::<Result<_, _>>()?;
        let mut groups = populations(&mut tx).await?;
        let rows = RegisterRows {
            version: version as u64,
            centers: all(&mut tx).await?,
            facilities: all(&mut tx).await?,
            services: all(&mut tx).await?,
            offers: all(&mut tx).await?,
            events: all(&mut tx).await?,
            suggestions: all(&mut tx).await?,
            regions: all(&mut tx).await?,
            visits: visits(&mut tx).await?,
            population: groups.remove(EVERYONE).unwrap_or_default(),
            groups,
            imports,
            demonstration: mark(&mut tx).await?,
        };
        tx.rollback().await?;
        Ok(rows)
    }
}

/// A row a day, not a row a count: the database hands over rows slowly, and texts fast.
async fn visits(tx: &mut Transaction<'_, Sqlite>) -> Result<Vec<VisitDay>, StoreError> {
    let days = sqlx::query(
        "SELECT center_id, day, group_concat(audience || ':' || hour || ':' || count)
         FROM visit GROUP BY center_id, day ORDER BY center_id, day",
    );
    let mut list = Vec::new();
    for row in days.fetch_all(&mut **tx).await? {
        let (center, day, counts): (i64, &str, &str) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        let bad = |why: &str| corrupt("visit", format_args!("{center} {day}"), why);
        let mut day = VisitDay {
            center,
            day: day.parse().map_err(|_| bad("is not a day"))?,
            counts: counts_of(counts).ok_or_else(|| bad("has a count that cannot be read"))?,
        };
        day.sort();
        list.push(day);
    }
    Ok(list)
}

async fn populations(tx: &mut Transaction<'_, Sqlite>) -> Result<BTreeMap<String, Vec<PopulationCell>>, StoreError> {
    let rows = sqlx::query("SELECT demand_group, cell, people FROM population ORDER BY demand_group, cell");
    let mut groups: BTreeMap<String, Vec<PopulationCell>> = BTreeMap::new();
    for row in rows.fetch_all(&mut **tx).await? {
        let (group, bits): (&str, i64) = (row.try_get(0)?, row.try_get(1)?);
        let cell = CellIndex::try_from(bits as u64).map_err(|e| corrupt("population", bits, e))?;
        let cell = PopulationCell { cell, people: row.try_get(2)? };
        match groups.get_mut(group) {
            Some(cells) => cells.push(cell),
            None => drop(groups.insert(group.to_owned(), vec![cell])),
        }
    }
    Ok(groups)
}
