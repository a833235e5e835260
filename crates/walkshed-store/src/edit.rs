//! Changes of the register: a list of edits is carried out whole or not at all, with an audit row for each.

use super::audit::{Entry, note};
use super::columns::{Columns, Stored, Values};
use super::demonstration::mark;
use super::fields::Source;
use super::read::{counts_of, select};
use super::{Store, StoreError};
use serde_json::json;
use sqlx::{AssertSqlSafe, Sqlite, Transaction};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use walkshed_register::{
    AnyRecord, Center, Done, Edit, Event, Facility, ImportRecord, Offer, PopulationCell, Problem, ProblemCode, Record,
    RecordKind, Region, Scenario, Service, Standard, Suggestion, VisitCount, VisitDay, with_record,
};

/// Rows of counts in one statement.
const COUNTS_AT_ONCE: usize = 1500;
/// New records, or new days of visits, in one statement of an import: a statement costs more than a row.
const RUN: usize = 400;
/// Cells in one statement.
const CELLS_AT_ONCE: usize = 2000;
/// Answers to creates are kept for a week.
const KEEP_KEYS: &str = "-7 days";
/// Edits between two words on how far it has come.
const TELL_EVERY: usize = 500;
/// Keys of new records that the audit row of an import lists.
const KEYS_LISTED: usize = 1000;

pub type Tx<'a> = Transaction<'a, Sqlite>;

/// Who changes what, and when.
#[derive(Debug, Clone, Default)]
pub struct Edition {
    pub edits: Vec<Edit>,
    /// Who does it, as the audit log shall say.
    pub actor: String,
    /// RFC 3339, UTC.
    pub at: String,
    /// For a create that may be sent again: it then answers the same, and creates nothing.
    pub idempotent: Option<Idempotent>,
    /// Is it by someone without a token? They wait behind those with one.
    pub anonymous: bool,
    /// Does this bring in the demonstration city? No other import is let in beside it.
    pub demonstration: bool,
    /// For an import: its report, without the counts.
    pub import: Option<ImportRecord>,
    /// Told how many edits are done, and of how many.
    pub progress: Option<Progress>,
}

/// Is told how far a list of edits has come.
#[derive(Clone)]
pub struct Progress(pub Arc<dyn Fn(u64, u64) + Send + Sync>);

impl std::fmt::Debug for Progress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Progress")
    }
}

/// What tells a repeated request from a new one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Idempotent {
    pub key: String,
    /// SHA-256 of the request.
    pub request: [u8; 32],
}

/// What was done.
#[derive(Debug, Clone, PartialEq)]
pub struct Applied {
    /// One for each edit, in their order.
    pub done: Vec<Done>,
    /// Versions of the register before and after.
    pub before: u64,
    pub version: u64,
    pub inserted: u64,
    pub updated: u64,
    pub unchanged: u64,
    pub deleted: u64,
}

/// Why nothing was done; of [`EditError::Unsure`] alone that is not known.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The database has said neither that the change is stored nor that it is not.
    #[error("it is not known whether the change was stored ({0}): read again what it was about before you repeat it")]
    Unsure(StoreError),
    /// Too many wait to write.
    #[error("{waiting} changes are waiting to be stored already; try again in a few seconds")]
    Busy { waiting: usize },
    /// An edit that does not fit what is there.
    #[error("edit {index}: {problem}")]
    Problem { index: usize, problem: Problem },
    /// An import while the register holds the demonstration city.
    #[error(
        "the register holds the demonstration city, which is made up; take it away first with `walkshed demo --remove`, then import"
    )]
    Demonstration,
}

impl From<sqlx::Error> for EditError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// What is kept while edits are carried out.
struct Session<'t, 'e> {
    tx: Tx<'t>,
    actor: &'e str,
    at: &'e str,
    /// In an import new records have one audit row together.
    is_import: bool,
    /// The last number given, by kind.
    last_id: HashMap<RecordKind, i64>,
    /// Days that have counts already; read once an import.
    counted: Option<HashSet<(i64, String)>>,
}

impl Store {
    /// Carries out edits, all or none. Edits that change nothing leave the version as it is.
    ///
    /// # Errors
    /// [`EditError`]; then nothing has changed.
    pub async fn edit(&self, edition: &Edition) -> Result<Applied, EditError> {
        // IMMEDIATE takes the write lock at once, so that two writers queue instead of failing half-way.
        let mut tx = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let before: i64 =
            sqlx::query_scalar("SELECT version FROM register_version WHERE id = 1").fetch_one(&mut *tx).await?;
        let mut applied = Applied {
            done: Vec::with_capacity(edition.edits.len()),
            before: before as u64,
            version: before as u64,
            inserted: 0,
            updated: 0,
            unchanged: 0,
            deleted: 0,
        };
        if let Some(known) = repeated(&mut tx, edition).await? {
            applied.done.push(known);
            applied.unchanged = 1;
            return Ok(applied);
        }
        if edition.import.is_some() && !edition.demonstration && mark(&mut tx).await?.is_some() {
            return Err(EditError::Demonstration);
        }
        let mut session = Session {
            tx,
            actor: &edition.actor,
            at: &edition.at,
            is_import: edition.import.is_some(),
            last_id: HashMap::new(),
            counted: None,
        };
        let mut new_keys: Vec<String> = Vec::new();
        let (edits, mut index, mut told_at) = (&edition.edits[..], 0, 0);
        while index < edits.len() {
            let run = if session.is_import { session.run_of_new(&edits[index..]).await? } else { 0 };
            if run > 1 {
                let part = &edits[index..index + run];
                let done = session.put_run(part).await.map_err(|(at, e)| at_index(e, index + at))?;
                applied.inserted += run as u64;
                for one in &done {
                    if let Done::Put(record) = one
                        && new_keys.len() < KEYS_LISTED
                    {
                        new_keys.push(record.key().into_owned());
                    }
                }
                applied.done.extend(done);
                index += run;
            } else {
                let done = session.carry_out(&edits[index], &mut applied, &mut new_keys).await;
                applied.done.push(done.map_err(|e| at_index(e, index))?);
                index += 1;
            }
            if let Some(Progress(told)) = &edition.progress
                && index >= told_at
            {
                told(index as u64, edits.len() as u64);
                told_at = index + TELL_EVERY;
            }
        }
        let mut tx = session.tx;
        if let Some(import) = &edition.import {
            log_import(&mut tx, edition, import, &applied, &new_keys).await?;
        }
        if let (Some(idempotent), Some(Done::Put(record))) = (&edition.idempotent, applied.done.first()) {
            remember(&mut tx, edition, idempotent, record).await?;
        }
        if applied.inserted + applied.updated + applied.deleted > 0 {
            sqlx::query("UPDATE register_version SET version = version + 1 WHERE id = 1").execute(&mut *tx).await?;
            applied.version += 1;
        }
        if let Err(error) = tx.commit().await {
            let error = StoreError::from(error);
            // SQLite undoes what it could not commit; where that cannot be seen, nothing is promised.
            return Err(match self.version().await {
                Ok(now) if now == applied.before => error.into(),
                _ => EditError::Unsure(error),
            });
        }
        Ok(applied)
    }
}

/// Says which edit a problem is of.
fn at_index(error: EditError, index: usize) -> EditError {
    match error {
        EditError::Problem { problem, .. } => EditError::Problem { index, problem },
        other => other,
    }
}

impl Session<'_, '_> {
    /// How many of the first edits can go in together: new records of one kind, or days nothing was counted on yet.
    async fn run_of_new(&mut self, edits: &[Edit]) -> Result<usize, EditError> {
        match edits.first() {
            Some(Edit::Put(first)) => {
                let kind = first.kind();
                let is_new = |e: &&Edit| matches!(e, Edit::Put(r) if r.id() == 0 && r.kind() == kind);
                Ok(edits.iter().take(RUN).take_while(is_new).count())
            }
            Some(Edit::Visits(_)) => {
                let counted = self.counted().await?;
                let mut seen = HashSet::new();
                let mut counts = 0;
                let is_new = |e: &&Edit| {
                    let Edit::Visits(day) = e else { return false };
                    counts += day.counts.len();
                    let key = (day.center, day.day.to_string());
                    !day.counts.is_empty() && counts <= 10 * RUN && !counted.contains(&key) && seen.insert(key)
                };
                Ok(edits.iter().take(RUN).take_while(is_new).count())
            }
            _ => Ok(0),
        }
    }

    /// Puts in a run of new records or days. An error comes with the place in the run.
    async fn put_run(&mut self, run: &[Edit]) -> Result<Vec<Done>, (usize, EditError)> {
        match run.first() {
            Some(Edit::Put(first)) => match first.kind() {
                RecordKind::Center => self.put_new::<Center>(run).await,
                RecordKind::Facility => self.put_new::<Facility>(run).await,
                RecordKind::Service => self.put_new::<Service>(run).await,
                RecordKind::Offer => self.put_new::<Offer>(run).await,
                RecordKind::Event => self.put_new::<Event>(run).await,
                RecordKind::Suggestion => self.put_new::<Suggestion>(run).await,
                RecordKind::Region => self.put_new::<Region>(run).await,
                RecordKind::Scenario => self.put_new::<Scenario>(run).await,
                RecordKind::Standard => self.put_new::<Standard>(run).await,
                RecordKind::Visits | RecordKind::Population => Ok(Vec::new()),
            },
            _ => self.put_new_days(run).await,
        }
    }

    async fn put_new<T: Stored + Into<Box<AnyRecord>>>(
        &mut self,
        run: &[Edit],
    ) -> Result<Vec<Done>, (usize, EditError)> {
        let mut records: Vec<T> = Vec::with_capacity(run.len());
        for edit in run {
            if let Edit::Put(any) = edit
                && let Some(record) = T::of_any(any)
            {
                let mut record = record.clone();
                record.numbered(self.next_id::<T>().await.map_err(|e| (records.len(), e))?, 1);
                records.push(record);
            }
        }
        match self.insert(&records).await {
            Ok(()) => {}
            Err(EditError::Problem { .. }) => {
                // The statement as a whole was undone; one by one they tell which of them it is.
                for (at, record) in records.iter().enumerate() {
                    self.insert(std::slice::from_ref(record)).await.map_err(|e| (at, e))?;
                }
            }
            Err(e) => return Err((0, e)),
        }
        Ok(records.into_iter().map(|r| Done::Put(r.into())).collect())
    }

    async fn put_new_days(&mut self, run: &[Edit]) -> Result<Vec<Done>, (usize, EditError)> {
        let days: Vec<&VisitDay> =
            run.iter().filter_map(|e| if let Edit::Visits(day) = e { Some(day) } else { None }).collect();
        match self.insert_counts(&days).await {
            Ok(()) => {}
            Err(EditError::Problem { .. }) => {
                for (at, day) in days.iter().enumerate() {
                    self.insert_counts(&[day]).await.map_err(|e| (at, e))?;
                }
            }
            Err(e) => return Err((0, e)),
        }
        if let Some(counted) = &mut self.counted {
            counted.extend(days.iter().map(|d| (d.center, d.day.to_string())));
        }
        Ok(days.into_iter().map(|d| Done::Visits(d.clone())).collect())
    }

    /// Days that have counts already; read once an import.
    async fn counted(&mut self) -> Result<&HashSet<(i64, String)>, EditError> {
        if self.counted.is_none() {
            let known: Vec<(i64, String)> =
                sqlx::query_as("SELECT DISTINCT center_id, day FROM visit").fetch_all(&mut *self.tx).await?;
            self.counted = Some(known.into_iter().collect());
        }
        Ok(self.counted.get_or_insert_default())
    }

    async fn carry_out(
        &mut self,
        edit: &Edit,
        applied: &mut Applied,
        new_keys: &mut Vec<String>,
    ) -> Result<Done, EditError> {
        let done = match edit {
            Edit::Put(record) => {
                let (done, is_new) = with_record!(&**record, r => self.put(r).await?);
                match (&done, is_new) {
                    (Done::Unchanged, _) => applied.unchanged += 1,
                    (_, true) => {
                        applied.inserted += 1;
                        if new_keys.len() < KEYS_LISTED {
                            new_keys.push(record.key().into_owned());
                        }
                    }
                    (_, false) => applied.updated += 1,
                }
                done
            }
            Edit::Delete { kind, id, version } => {
                match kind {
                    RecordKind::Center => self.delete::<Center>(*id, *version).await?,
                    RecordKind::Facility => self.delete::<Facility>(*id, *version).await?,
                    RecordKind::Service => self.delete::<Service>(*id, *version).await?,
                    RecordKind::Offer => self.delete::<Offer>(*id, *version).await?,
                    RecordKind::Event => self.delete::<Event>(*id, *version).await?,
                    RecordKind::Suggestion => self.delete::<Suggestion>(*id, *version).await?,
                    RecordKind::Region => self.delete::<Region>(*id, *version).await?,
                    RecordKind::Scenario => self.delete::<Scenario>(*id, *version).await?,
                    RecordKind::Standard => self.delete::<Standard>(*id, *version).await?,
                    RecordKind::Visits | RecordKind::Population => {
                        return Err(problem(
                            "kind",
                            ProblemCode::Invalid,
                            "is replaced by days or groups, not deleted",
                        ));
                    }
                }
                applied.deleted += 1;
                Done::Deleted { kind: *kind, id: *id }
            }
            Edit::Visits(day) => match self.put_visits(day).await? {
                None => {
                    applied.unchanged += 1;
                    Done::Unchanged
                }
                Some(is_new) => {
                    *(if is_new { &mut applied.inserted } else { &mut applied.updated }) += 1;
                    Done::Visits(day.clone())
                }
            },
            Edit::Population { group, cells } => {
                let [inserted, updated, unchanged] = self.put_population(group, cells).await?;
                applied.inserted += inserted;
                applied.updated += updated;
                applied.unchanged += unchanged;
                if inserted + updated == 0 {
                    Done::Unchanged
                } else {
                    let mut cells = cells.clone();
                    cells.sort_unstable_by_key(|c| c.cell);
                    Done::Population { group: group.clone(), cells }
                }
            }
        };
        Ok(done)
    }

    /// Puts a record in; says what it is now, and whether it is new.
    async fn put<T: Stored + Into<Box<AnyRecord>>>(&mut self, record: &T) -> Result<(Done, bool), EditError> {
        let mut stored = record.clone();
        if record.id() == 0 {
            stored.numbered(self.next_id::<T>().await?, 1);
            self.insert(std::slice::from_ref(&stored)).await?;
            if !self.is_import {
                self.audit("create", &stored.key(), &stored, None::<&T>, Some(&stored)).await?;
            }
            return Ok((Done::Put(stored.into()), true));
        }
        let old: T = self.at_version(record.id(), record.version()).await?;
        if old == *record {
            return Ok((Done::Unchanged, false));
        }
        stored.numbered(record.id(), record.version() + 1);
        self.update(&stored).await?;
        self.audit("update", &stored.key(), &stored, Some(&old), Some(&stored)).await?;
        Ok((Done::Put(stored.into()), false))
    }

    /// Numbers are never given twice, not even those of what was deleted: ids are known outside.
    async fn next_id<T: Stored>(&mut self) -> Result<i64, EditError> {
        let last = if let Some(last) = self.last_id.get(&T::KIND) {
            *last
        } else {
            let highest = AssertSqlSafe(format!(
                "SELECT max(coalesce((SELECT max(id) FROM {}), 0),
                            coalesce((SELECT max(object_id) FROM audit WHERE kind = ?), 0))",
                T::TABLE
            ));
            sqlx::query_scalar(highest).bind(T::KIND.key()).fetch_one(&mut *self.tx).await?
        };
        self.last_id.insert(T::KIND, last + 1);
        Ok(last + 1)
    }

    /// The record as it is, if it has this version.
    async fn at_version<T: Stored>(&mut self, id: i64, version: i64) -> Result<T, EditError> {
        let row = sqlx::query(select::<T>("WHERE id = ?")).bind(id).fetch_optional(&mut *self.tx).await?;
        let Some(row) = row else { return Err(problem("id", ProblemCode::NotFound, "does not exist any more")) };
        let found: T = Columns::of(Source::Row(&row))?;
        if found.version() != version {
            let why =
                format!("{version} is not the version it has ({}): read it again, then change it", found.version());
            return Err(problem("version", ProblemCode::Conflict, why));
        }
        Ok(found)
    }

    /// Puts in records in one statement.
    async fn insert<T: Stored>(&mut self, records: &[T]) -> Result<(), EditError> {
        let marks = format!("({})", vec!["?"; T::COLUMNS.len() + 4].join(", "));
        let text = format!(
            "INSERT INTO {} (id, version, {}, created_at, updated_at) VALUES {}",
            T::TABLE,
            T::COLUMNS.join(", "),
            vec![marks.as_str(); records.len()].join(", ")
        );
        let mut values = Values::default();
        for record in records {
            values.add(record.id())?;
            values.add(record.version())?;
            record.bind(&mut values)?;
            values.add(self.at)?;
            values.add(self.at)?;
        }
        let Some(first) = records.first() else { return Ok(()) };
        let done = sqlx::query_with(AssertSqlSafe(text), values.0).execute(&mut *self.tx).await;
        done.map(drop).map_err(|e| constraint::<T>(first, e))
    }

    /// Puts in what was counted on some days.
    async fn insert_counts(&mut self, days: &[&VisitDay]) -> Result<(), EditError> {
        let all: Vec<(i64, String, &VisitCount)> =
            days.iter().flat_map(|d| d.counts.iter().map(|c| (d.center, d.day.to_string(), c))).collect();
        for part in all.chunks(COUNTS_AT_ONCE) {
            let marks = vec!["(?, ?, ?, ?, ?)"; part.len()].join(", ");
            let text = format!("INSERT INTO visit (center_id, day, audience, hour, count) VALUES {marks}");
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
                    problem("center", ProblemCode::NotFound, "does not exist")
                }
                _ => e.into(),
            })?;
        }
        Ok(())
    }

    async fn update<T: Stored>(&mut self, record: &T) -> Result<(), EditError> {
        let sets: Vec<String> = T::COLUMNS.iter().map(|c| format!("{c} = ?")).collect();
        let text = format!("UPDATE {} SET {}, updated_at = ?, version = ? WHERE id = ?", T::TABLE, sets.join(", "));
        let mut values = Values::default();
        record.bind(&mut values)?;
        values.add(self.at)?;
        values.add(record.version())?;
        values.add(record.id())?;
        let done = sqlx::query_with(AssertSqlSafe(text), values.0).execute(&mut *self.tx).await;
        done.map(drop).map_err(|e| constraint::<T>(record, e))
    }

    async fn delete<T: Stored>(&mut self, id: i64, version: i64) -> Result<(), EditError> {
        let old: T = self.at_version(id, version).await?;
        self.check_unused(&old).await?;
        let text = AssertSqlSafe(format!("DELETE FROM {} WHERE id = ?", T::TABLE));
        match sqlx::query(text).bind(id).execute(&mut *self.tx).await {
            Err(sqlx::Error::Database(e)) if e.is_foreign_key_violation() => Err(in_use()),
            Err(e) => Err(e.into()),
            Ok(_) => Ok(self.audit("delete", &old.key(), &old, Some(&old), None::<&T>).await?),
        }
    }

    /// What the database cannot say by itself: facilities know their center by its code, events their services by a list.
    async fn check_unused<T: Stored>(&mut self, record: &T) -> Result<(), EditError> {
        let users: i64 = match T::KIND {
            RecordKind::Center => {
                sqlx::query_scalar("SELECT count(*) FROM facility WHERE center_code = ?")
                    .bind(record.key().into_owned())
                    .fetch_one(&mut *self.tx)
                    .await?
            }
            RecordKind::Service => {
                sqlx::query_scalar("SELECT count(*) FROM event, json_each(event.services) AS s WHERE s.value = ?")
                    .bind(record.id())
                    .fetch_one(&mut *self.tx)
                    .await?
            }
            _ => 0,
        };
        if users == 0 { Ok(()) } else { Err(in_use()) }
    }

    async fn audit<T: Record, R: serde::Serialize>(
        &mut self,
        action: &'static str,
        key: &str,
        record: &T,
        before: Option<&R>,
        after: Option<&R>,
    ) -> Result<(), StoreError> {
        let json = |r: &R| {
            let mut value = serde_json::to_value(r).unwrap_or_default();
            // Personal: who asks to be forgotten must not be remembered here.
            if let Some(contact) = value.get_mut("contact").filter(|c| c.is_string()) {
                *contact = json!("(not kept in the log)");
            }
            value
        };
        let entry = Entry {
            at: self.at,
            actor: self.actor,
            action,
            kind: T::KIND.key(),
            object_id: Some(record.id()),
            key,
            before: before.map(json),
            after: after.map(json),
        };
        note(&mut self.tx, &entry).await
    }

    /// Replaces a day; `None` when it was so already, otherwise whether it is new.
    async fn put_visits(&mut self, day: &VisitDay) -> Result<Option<bool>, EditError> {
        let date = day.day.to_string();
        let mut wanted = day.clone();
        wanted.sort();
        if self.is_import {
            self.counted().await?;
        }
        let known = self.counted.as_ref().is_none_or(|days| days.contains(&(day.center, date.clone())));
        let text: Option<String> = if known {
            sqlx::query_scalar(
                "SELECT group_concat(audience || ':' || hour || ':' || count) FROM visit WHERE center_id = ? AND day = ?",
            )
            .bind(day.center)
            .bind(&date)
            .fetch_one(&mut *self.tx)
            .await?
        } else {
            None
        };
        let mut old = VisitDay { center: day.center, day: day.day, counts: Vec::new() };
        if let Some(text) = &text {
            old.counts = counts_of(text).ok_or_else(|| StoreError::Corrupt {
                table: "visit",
                id: format!("{} {date}", day.center),
                why: "has a count that cannot be read".into(),
            })?;
            old.sort();
        }
        if old.counts == wanted.counts {
            return Ok(None);
        }
        if text.is_some() {
            sqlx::query("DELETE FROM visit WHERE center_id = ? AND day = ?")
                .bind(day.center)
                .bind(&date)
                .execute(&mut *self.tx)
                .await?;
        }
        self.insert_counts(&[&wanted]).await?;
        let is_new = text.is_none();
        if !(is_new && self.is_import) {
            let counts = |d: &VisitDay| (!d.counts.is_empty()).then(|| json!(d.counts));
            let entry = Entry {
                at: self.at,
                actor: self.actor,
                action: if is_new { "create" } else { "update" },
                kind: RecordKind::Visits.key(),
                object_id: Some(day.center),
                key: &date,
                before: counts(&old),
                after: counts(&wanted),
            };
            note(&mut self.tx, &entry).await?;
        }
        Ok(Some(is_new))
    }

    /// Replaces the population of a group by these cells: new, changed or emptied, as before.
    async fn put_population(&mut self, group: &str, cells: &[PopulationCell]) -> Result<[u64; 3], EditError> {
        let old: Vec<(i64, f64)> = sqlx::query_as("SELECT cell, people FROM population WHERE demand_group = ?")
            .bind(group)
            .fetch_all(&mut *self.tx)
            .await?;
        let old: HashMap<i64, f64> = old.into_iter().collect();
        let new: HashSet<i64> = cells.iter().map(|c| u64::from(c.cell) as i64).collect();
        let [mut inserted, mut updated, mut unchanged] = [0, 0, 0];
        let mut put = Vec::new();
        for c in cells {
            let cell = u64::from(c.cell) as i64;
            match old.get(&cell) {
                Some(people) if people.to_bits() == c.people.to_bits() => {
                    unchanged += 1;
                    continue;
                }
                Some(_) => updated += 1,
                None => inserted += 1,
            }
            put.push((cell, c.people));
        }
        for part in put.chunks(CELLS_AT_ONCE) {
            let marks = vec!["(?, ?, ?)"; part.len()].join(", ");
            let text = format!(
                "INSERT INTO population (cell, demand_group, people) VALUES {marks}
                 ON CONFLICT (cell, demand_group) DO UPDATE SET people = excluded.people"
            );
            let mut values = Values::default();
            for (cell, people) in part {
                values.add(*cell)?;
                values.add(group)?;
                values.add(*people)?;
            }
            sqlx::query_with(AssertSqlSafe(text), values.0).execute(&mut *self.tx).await?;
        }
        for gone in old.keys().filter(|cell| !new.contains(cell)) {
            sqlx::query("DELETE FROM population WHERE cell = ? AND demand_group = ?")
                .bind(gone)
                .bind(group)
                .execute(&mut *self.tx)
                .await?;
            updated += 1;
        }
        if inserted + updated > 0 {
            let sum = |people: &mut dyn Iterator<Item = f64>| people.sum::<f64>();
            let entry = Entry {
                at: self.at,
                actor: self.actor,
                action: "update",
                kind: RecordKind::Population.key(),
                object_id: None,
                key: group,
                before: Some(json!({ "cells": old.len(), "people": sum(&mut old.values().copied()) })),
                after: Some(json!({ "cells": cells.len(), "people": sum(&mut cells.iter().map(|c| c.people)) })),
            };
            note(&mut self.tx, &entry).await?;
        }
        Ok([inserted, updated, unchanged])
    }
}

fn problem(field: &'static str, code: ProblemCode, why: impl Into<String>) -> EditError {
    EditError::Problem { index: 0, problem: Problem::new(field, code, why) }
}

fn in_use() -> EditError {
    problem("id", ProblemCode::InUse, "is referred to by others: close it instead, or take those away first")
}

/// A constraint of the database as a problem of the record.
fn constraint<T: Record>(record: &T, error: sqlx::Error) -> EditError {
    let sqlx::Error::Database(e) = &error else { return error.into() };
    if e.is_unique_violation() {
        let field = match T::KIND {
            RecordKind::Center | RecordKind::Region => "code",
            RecordKind::Service | RecordKind::Scenario | RecordKind::Standard => "key",
            RecordKind::Offer => {
                return problem("service", ProblemCode::Taken, "is offered there already");
            }
            _ => "external_id",
        };
        return problem(field, ProblemCode::Taken, format!("\"{}\" is there already", record.key()));
    }
    if e.is_foreign_key_violation() {
        return problem("id", ProblemCode::NotFound, "refers to something that does not exist");
    }
    error.into()
}

async fn log_import(
    tx: &mut Tx<'_>,
    edition: &Edition,
    import: &ImportRecord,
    applied: &Applied,
    new_keys: &[String],
) -> Result<(), EditError> {
    if applied.inserted + applied.updated + applied.deleted == 0 {
        return Ok(());
    }
    let record = ImportRecord {
        inserted: applied.inserted,
        updated: applied.updated,
        unchanged: applied.unchanged,
        ..import.clone()
    };
    let report = json!(record).to_string();
    sqlx::query("INSERT INTO import_log (at, kind, source, report) VALUES (?, ?, ?, ?)")
        .bind(&record.at)
        .bind(&record.kind)
        .bind(&record.source)
        .bind(report)
        .execute(&mut **tx)
        .await?;
    let entry = Entry {
        at: &edition.at,
        actor: &edition.actor,
        action: "import",
        kind: &record.kind,
        object_id: None,
        key: &record.source,
        before: None,
        after: Some(
            json!({ "report": record, "new": new_keys, "newNotListed": applied.inserted - new_keys.len() as u64 }),
        ),
    };
    Ok(note(tx, &entry).await?)
}

/// The answer to a create that was sent before.
async fn repeated(tx: &mut Tx<'_>, edition: &Edition) -> Result<Option<Done>, EditError> {
    let Some(idempotent) = &edition.idempotent else { return Ok(None) };
    let known: Option<(Vec<u8>, String, i64)> =
        sqlx::query_as("SELECT request, kind, object_id FROM idempotency WHERE actor = ? AND key = ?")
            .bind(&edition.actor)
            .bind(&idempotent.key)
            .fetch_optional(&mut **tx)
            .await?;
    let Some((request, kind, id)) = known else { return Ok(None) };
    if request != idempotent.request {
        let why = "was used before for another request: choose a new one for every create";
        return Err(problem("idempotency_key", ProblemCode::KeyReused, why));
    }
    let kind: RecordKind = kind.parse().map_err(|e| StoreError::Corrupt {
        table: "idempotency",
        id: idempotent.key.clone(),
        why: format!("{e}"),
    })?;
    let found = match kind {
        RecordKind::Center => one::<Center>(tx, id).await?.map(Into::into),
        RecordKind::Facility => one::<Facility>(tx, id).await?.map(Into::into),
        RecordKind::Service => one::<Service>(tx, id).await?.map(Into::into),
        RecordKind::Offer => one::<Offer>(tx, id).await?.map(Into::into),
        RecordKind::Event => one::<Event>(tx, id).await?.map(Into::into),
        RecordKind::Suggestion => one::<Suggestion>(tx, id).await?.map(Into::into),
        RecordKind::Region => one::<Region>(tx, id).await?.map(Into::into),
        RecordKind::Scenario => one::<Scenario>(tx, id).await?.map(Into::into),
        RecordKind::Standard => one::<Standard>(tx, id).await?.map(Into::into),
        RecordKind::Visits | RecordKind::Population => None,
    };
    found
        .map(Done::Put)
        .map(Some)
        .ok_or_else(|| problem("idempotency_key", ProblemCode::NotFound, "created what has been deleted since"))
}

async fn one<T: Stored>(tx: &mut Tx<'_>, id: i64) -> Result<Option<T>, StoreError> {
    let row = sqlx::query(select::<T>("WHERE id = ?")).bind(id).fetch_optional(&mut **tx).await?;
    row.as_ref().map(|row| Columns::of(Source::Row(row))).transpose()
}

async fn remember(
    tx: &mut Tx<'_>,
    edition: &Edition,
    idempotent: &Idempotent,
    record: &AnyRecord,
) -> Result<(), EditError> {
    sqlx::query("DELETE FROM idempotency WHERE datetime(at) < datetime(?, ?)")
        .bind(&edition.at)
        .bind(KEEP_KEYS)
        .execute(&mut **tx)
        .await?;
    sqlx::query("INSERT INTO idempotency (actor, key, request, kind, object_id, at) VALUES (?, ?, ?, ?, ?, ?)")
        .bind(&edition.actor)
        .bind(&idempotent.key)
        .bind(&idempotent.request[..])
        .bind(record.kind().key())
        .bind(record.id())
        .bind(&edition.at)
        .execute(&mut **tx)
        .await?;
    Ok(())
}
