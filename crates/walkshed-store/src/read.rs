//! Reading the whole register at one moment.

use super::columns::{Columns, Stored};
use super::demonstration::mark;
use super::fields::{Field, Source, as_json};
use super::{Store, StoreError};
use h3o::CellIndex;
use sqlx::{AssertSqlSafe, Sqlite, Transaction};
use std::collections::BTreeMap;
use tokio::task::JoinHandle;
use walkshed_register::{EVERYONE, PopulationCell, RegisterRows, VisitCount, VisitDay};

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

/// Rows of a table in one text, and centers whose visits are read together.
const ROWS_AT_ONCE: i64 = 4000;
const CENTERS_AT_ONCE: usize = 40;

/// Work on what the database hands over, beside its reading on. Answers come in the order of the parts.
struct Parts<T>(Vec<JoinHandle<Result<Vec<T>, StoreError>>>);

impl<T: Send + 'static> Parts<T> {
    const fn new() -> Self {
        Self(Vec::new())
    }

    fn add(&mut self, work: impl FnOnce() -> Result<Vec<T>, StoreError> + Send + 'static) {
        self.0.push(tokio::task::spawn_blocking(work));
    }

    async fn all(self) -> Result<Vec<T>, StoreError> {
        let mut list = Vec::new();
        for part in self.0 {
            list.extend(part.await.unwrap_or_else(|e| std::panic::resume_unwind(e.into_panic()))?);
        }
        Ok(list)
    }
}

/// All rows of a table, thousands of them in one text.
async fn all<T: Stored + Send + 'static>(tx: &mut Transaction<'_, Sqlite>) -> Result<Parts<T>, StoreError> {
    let columns: Vec<String> = T::COLUMNS.iter().map(|c| as_json(c, T::REALS.contains(c))).collect();
    let text = format!(
        "SELECT max(id), json_group_array(json_array(id, version, {}))
         FROM (SELECT * FROM {} WHERE id > ? ORDER BY id LIMIT {ROWS_AT_ONCE})",
        columns.join(", "),
        T::TABLE
    );
    let mut parts = Parts::new();
    let mut last = i64::MIN;
    loop {
        let (highest, rows): (Option<i64>, String) =
            sqlx::query_as(AssertSqlSafe(text.clone())).bind(last).fetch_one(&mut **tx).await?;
        let Some(highest) = highest else { return Ok(parts) };
        last = highest;
        parts.add(move || {
            let rows: Vec<Vec<Field<'_>>> = serde_json::from_str(&rows).map_err(|e| corrupt(T::TABLE, last, e))?;
            rows.iter().map(|row| Columns::of(Source::Fields(row))).collect()
        });
    }
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
        let groups = populations(&mut tx).await?;
        let visits = visits(&mut tx).await?;
        let (centers, facilities, services) = (all(&mut tx).await?, all(&mut tx).await?, all(&mut tx).await?);
        let (offers, events, suggestions) = (all(&mut tx).await?, all(&mut tx).await?, all(&mut tx).await?);
        let (regions, scenarios, standards) = (all(&mut tx).await?, all(&mut tx).await?, all(&mut tx).await?);
        let mut groups: BTreeMap<String, Vec<PopulationCell>> = groups.all().await?.into_iter().collect();
        let rows = RegisterRows {
            version: version as u64,
            centers: centers.all().await?,
            facilities: facilities.all().await?,
            services: services.all().await?,
            offers: offers.all().await?,
            events: events.all().await?,
            suggestions: suggestions.all().await?,
            regions: regions.all().await?,
            scenarios: scenarios.all().await?,
            standards: standards.all().await?,
            visits: visits.all().await?,
            population: groups.remove(EVERYONE).unwrap_or_default(),
            groups,
            imports,
            demonstration: mark(&mut tx).await?,
        };
        tx.rollback().await?;
        Ok(rows)
    }
}

/// A row a center, not a row a count: the database hands over rows slowly, and texts fast.
async fn visits(tx: &mut Transaction<'_, Sqlite>) -> Result<Parts<VisitDay>, StoreError> {
    let centers: Vec<(i64, String)> = sqlx::query_as(
        "SELECT center_id, group_concat(day || ' ' || counts, ';') FROM (
             SELECT center_id, day, group_concat(audience || ':' || hour || ':' || count) AS counts
             FROM visit GROUP BY center_id, day ORDER BY center_id, day
         ) GROUP BY center_id ORDER BY center_id",
    )
    .fetch_all(&mut **tx)
    .await?;
    let mut parts = Parts::new();
    let mut centers = centers.into_iter().peekable();
    while centers.peek().is_some() {
        let part: Vec<(i64, String)> = centers.by_ref().take(CENTERS_AT_ONCE).collect();
        parts.add(move || {
            part.iter().map(|(center, days)| days_of(*center, days)).collect::<Result<Vec<_>, _>>().map(|l| l.concat())
        });
    }
    Ok(parts)
}

fn days_of(center: i64, days: &str) -> Result<Vec<VisitDay>, StoreError> {
    let mut list: Vec<VisitDay> = days
        .split(';')
        .map(|entry| {
            let bad = |why: &str| corrupt("visit", format_args!("{center} {entry}"), why);
            let (day, counts) = entry.split_once(' ').ok_or_else(|| bad("is not a day with counts"))?;
            let mut day = VisitDay {
                center,
                day: day.parse().map_err(|_| bad("is not a day"))?,
                counts: counts_of(counts).ok_or_else(|| bad("has a count that cannot be read"))?,
            };
            day.sort();
            Ok(day)
        })
        .collect::<Result<_, StoreError>>()?;
    list.sort_by_key(|d| d.day);
    Ok(list)
}

/// A row a group: its cells and people in one text.
async fn populations(tx: &mut Transaction<'_, Sqlite>) -> Result<Parts<(String, Vec<PopulationCell>)>, StoreError> {
    let groups: Vec<(String, String)> = sqlx::query_as(
        "SELECT demand_group, group_concat(cell || ':' || quote(people)) FROM population GROUP BY demand_group",
    )
    .fetch_all(&mut **tx)
    .await?;
    let mut parts = Parts::new();
    for (group, cells) in groups {
        parts.add(move || {
            let bad = |entry: &str| corrupt("population", entry, "is not a cell with people");
            let mut list: Vec<PopulationCell> = cells
                .split(',')
                .map(|entry| {
                    let (bits, people) = entry.split_once(':').ok_or_else(|| bad(entry))?;
                    let bits: i64 = bits.parse().map_err(|_| bad(entry))?;
                    let cell = CellIndex::try_from(bits as u64).map_err(|e| corrupt("population", bits, e))?;
                    Ok(PopulationCell { cell, people: people.parse().map_err(|_| bad(entry))? })
                })
                .collect::<Result<_, StoreError>>()?;
            // As the database orders its numbers, which have a sign.
            list.sort_unstable_by_key(|c| u64::from(c.cell) as i64);
            Ok(vec![(group, list)])
        });
    }
    Ok(parts)
}
