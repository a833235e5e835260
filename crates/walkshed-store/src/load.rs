//! Loading the whole register in one read transaction.

use crate::error::StoreError;
use crate::store::Store;
use crate::table::{Field, Source, TableRecord, comma_separated, read_record};
use crate::transaction::{RegisterState, Tx, register_state};
use crate::{demonstration, visit_counts};
use h3o::CellIndex;
use sqlx::AssertSqlSafe;
use std::collections::BTreeMap;
use tokio::task::JoinHandle;
use walkshed_register::{EVERYONE, PopulationCell, RegisterRows, VisitDay};

/// Number of imports that are loaded for the field `dataset`.
const MAX_IMPORTS: i64 = 50;

/// Number of rows per JSON text, and of centers whose visits are parsed in one task.
const ROWS_AT_ONCE: i64 = 4000;
const CENTERS_AT_ONCE: usize = 40;

/// Tasks that parse rows on other threads while the database reads on. Results keep the order of the tasks.
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

/// Reads all rows of a table, thousands of them per JSON text.
async fn all<T: TableRecord + Send + 'static>(tx: &mut Tx<'_>) -> Result<Parts<T>, StoreError> {
    let text = format!(
        "SELECT max(id), json_group_array(json_array(id, version, {}))
         FROM (SELECT * FROM {} WHERE id > ? ORDER BY id LIMIT {ROWS_AT_ONCE})",
        comma_separated(T::json_columns()),
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
            let rows: Vec<Vec<Field<'_>>> =
                serde_json::from_str(&rows).map_err(|e| StoreError::corrupt(T::TABLE, last, e))?;
            rows.iter().map(|row| read_record(Source::Fields(row))).collect()
        });
    }
}

impl Store {
    /// Loads the whole register in one read transaction.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails or contains a value that validation rejects.
    pub async fn load(&self) -> Result<RegisterRows, StoreError> {
        Ok(self.load_with_state().await?.0)
    }

    /// Loads the whole register with its version and stamp in one read transaction.
    ///
    /// # Errors
    /// As [`Store::load`].
    pub async fn load_with_state(&self) -> Result<(RegisterRows, RegisterState), StoreError> {
        let mut tx = self.pool.begin().await?;
        let state = register_state(&mut tx).await?;
        let log = sqlx::query_scalar("SELECT report FROM import_log ORDER BY id DESC LIMIT ?").bind(MAX_IMPORTS);
        let imports = log
            .fetch_all(&mut *tx)
            .await?
            .iter()
            .map(|text: &String| serde_json::from_str(text).map_err(|e| StoreError::corrupt("import_log", "", e)))
            .collect::<Result<_, _>>()?;
        let groups = populations(&mut tx).await?;
        let visits = visits(&mut tx).await?;
        let (centers, facilities, services) = (all(&mut tx).await?, all(&mut tx).await?, all(&mut tx).await?);
        let (offers, events, suggestions) = (all(&mut tx).await?, all(&mut tx).await?, all(&mut tx).await?);
        let (regions, scenarios, standards) = (all(&mut tx).await?, all(&mut tx).await?, all(&mut tx).await?);
        let mut groups: BTreeMap<String, Vec<PopulationCell>> = groups.all().await?.into_iter().collect();
        let rows = RegisterRows {
            version: state.version,
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
            demonstration: demonstration::mark(&mut tx).await?,
        };
        tx.rollback().await?;
        Ok((rows, state))
    }
}

/// Reads all visits, one row per center: the driver returns rows slowly and texts fast.
async fn visits(tx: &mut Tx<'_>) -> Result<Parts<VisitDay>, StoreError> {
    let text = format!(
        "SELECT center_id, group_concat(day || ' ' || counts, ';') FROM (
             SELECT center_id, day, {} AS counts FROM visit GROUP BY center_id, day ORDER BY center_id, day
         ) GROUP BY center_id ORDER BY center_id",
        visit_counts::AS_TEXT
    );
    let centers: Vec<(i64, String)> = sqlx::query_as(AssertSqlSafe(text)).fetch_all(&mut **tx).await?;
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
            let bad = |why: &str| StoreError::corrupt("visit", format_args!("{center} {entry}"), why);
            let (day, counts) = entry.split_once(' ').ok_or_else(|| bad("is not a day with counts"))?;
            let mut day = VisitDay {
                center,
                day: day.parse().map_err(|_| bad("is not a day"))?,
                counts: visit_counts::parse(counts).ok_or_else(|| bad("has an invalid count"))?,
            };
            day.sort();
            Ok(day)
        })
        .collect::<Result<_, StoreError>>()?;
    list.sort_by_key(|d| d.day);
    Ok(list)
}

/// Reads the population, one row per group.
async fn populations(tx: &mut Tx<'_>) -> Result<Parts<(String, Vec<PopulationCell>)>, StoreError> {
    let groups: Vec<(String, String)> = sqlx::query_as(
        "SELECT demand_group, group_concat(cell || ':' || quote(people)) FROM population GROUP BY demand_group",
    )
    .fetch_all(&mut **tx)
    .await?;
    let mut parts = Parts::new();
    for (group, cells) in groups {
        parts.add(move || {
            let bad = |entry: &str| StoreError::corrupt("population", entry, "is not a cell with people");
            let mut list: Vec<PopulationCell> = cells
                .split(',')
                .map(|entry| {
                    let (bits, people) = entry.split_once(':').ok_or_else(|| bad(entry))?;
                    let bits: i64 = bits.parse().map_err(|_| bad(entry))?;
                    let cell =
                        CellIndex::try_from(bits as u64).map_err(|e| StoreError::corrupt("population", bits, e))?;
                    Ok(PopulationCell { cell, people: people.parse().map_err(|_| bad(entry))? })
                })
                .collect::<Result<_, StoreError>>()?;
            // The order of SQLite, whose integers are signed.
            list.sort_unstable_by_key(|c| u64::from(c.cell) as i64);
            Ok(vec![(group, list)])
        });
    }
    Ok(parts)
}
