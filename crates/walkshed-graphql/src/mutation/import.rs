//! Import of whole files by one request, with the same reports as on the command line.

use crate::Nullable;
use crate::auth::require;
use crate::error::{bad_input, busy_imports, internal, not_stored};
use crate::types::Category;
use crate::{limits, live};
use async_graphql::{Context, Enum, InputObject, Object, Result, SimpleObject};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use walkshed_engine::geo;
use walkshed_exchange::{self as exchange, Format, Kind, Options, Plan, PlanError, Refused, UTF_8, plan, table_within};
use walkshed_live::{ImportProgress, Live};
use walkshed_register::Role;
use walkshed_store::{EditError, Edition, Progress as StoreProgress};

/// Maximum number of rejected rows in one response.
const MAX_REFUSED: usize = 1000;
/// Number of characters of a progress id. Whoever knows the id can follow the import, so it must not be easy to guess.
const PROGRESS_ID: RangeInclusive<usize> = 8..=200;

/// The type of records in a file.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "Kind")]
pub enum ImportKind {
    /// Centers: code, name, lon, lat, ...
    Centers,
    /// Facilities: name, category or kind, lon, lat, ...
    Facilities,
    /// Services: key, name, category, ...
    Services,
    /// Offers: service (its key), center (its code) or facility (its external id), ...
    Offers,
    /// Events: id, name, center or facility, starts, duration_minutes, rrule, ...
    Events,
    /// Visits: center (its code), day, count; optionally hour, audience.
    Visits,
    /// Suggestions: text, center (its code) or lon and lat, ...
    Suggestions,
    /// Regions: code, name; in GeoJSON, with outlines.
    Regions,
    /// Population: cell (H3), population; optionally group.
    Population,
}

/// The format of a file.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "Format")]
pub enum ImportFormat {
    /// CSV in UTF-8, separated by commas, semicolons, tabs or vertical bars.
    Csv,
    /// A GeoJSON FeatureCollection.
    GeoJson,
    /// An Excel workbook, encoded in base64.
    Xlsx,
}

/// The datum of positions.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "geo::Datum")]
pub enum Datum {
    /// WGS-84: GPS, OpenStreetMap.
    Wgs84,
    /// CGCS2000: the Chinese national system, treated as equal to WGS-84.
    Cgcs2000,
    /// GCJ-02: Amap, Tencent.
    Gcj02,
    /// BD-09: Baidu.
    Bd09,
}

/// A file to import. By default, a request may import at most 300,000 rows.
#[derive(InputObject)]
pub struct ImportInput {
    /// The type of records in the file.
    kind: ImportKind,
    /// The format of the file.
    format: ImportFormat,
    /// The content of the file: text for CSV and GeoJSON, base64 for XLSX.
    content: String,
    /// The name of the file, shown in the log.
    #[graphql(default = "upload")]
    name: String,
    /// The datum of the positions.
    #[graphql(default_with = "Datum::Wgs84")]
    datum: Datum,
    /// The default category of facilities and services. Ignored for other records.
    category: Option<Category>,
    /// If true, report what would change without changing anything.
    #[graphql(default)]
    dry_run: bool,
    /// If true, import valid rows even if others are rejected. Otherwise, a rejected row stops the import and nothing
    /// changes.
    #[graphql(default)]
    keep_going: bool,
    /// An id of 8 to 200 characters, chosen by the client, for the subscription `importProgress`. Whoever knows it can
    /// follow the import, so choose one that is hard to guess, such as a UUID. Without an id, the progress is not
    /// reported.
    progress_id: Option<String>,
}

/// A rejected row.
#[derive(SimpleObject)]
pub struct RefusedRow {
    /// The line of the file, from 1. For GeoJSON, the number of the feature.
    line: u64,
    /// The column.
    field: String,
    /// The value.
    value: String,
    /// The error.
    why: String,
}

impl From<Refused> for RefusedRow {
    fn from(r: Refused) -> Self {
        Self { line: r.line, field: r.field, value: r.value, why: r.why }
    }
}

/// The result of an import or a dry run.
#[derive(SimpleObject, Default)]
pub struct ImportPayload {
    /// Whether the records were imported.
    imported: bool,
    /// The number of rows in the file.
    rows: u64,
    /// The number of new records.
    inserted: u64,
    /// The number of changed records.
    updated: u64,
    /// The number of unchanged records.
    unchanged: u64,
    /// The number of rejected rows.
    refused_count: u64,
    /// The rejected rows, at most 1,000.
    refused: Vec<RefusedRow>,
    /// Notes on how the file was read, one sentence each, such as unknown columns.
    notes: Vec<String>,
    /// Why nothing was imported and how to fix it. Null if there was no problem.
    problem: Option<String>,
}

#[derive(Default)]
pub struct ImportMutation;

#[Object]
impl ImportMutation {
    /// Imports a file into the register. Existing records are updated: only columns present in the file change. Records
    /// that are not in the file remain. An import of population replaces all cells of its groups; an import of visits
    /// replaces whole days. A running import continues when the client disconnects. Not allowed while the demonstration
    /// city is loaded. Requires the role EDITOR, or CONTRIBUTOR for visits.
    async fn import_records(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The file to import.")] input: ImportInput,
    ) -> Nullable<ImportPayload> {
        Some(import(ctx, input).await)
    }
}

/// Returns the role that an import requires.
const fn needed(kind: Kind) -> Role {
    match kind {
        Kind::Visits => Role::Contributor,
        _ => Role::Editor,
    }
}

/// The queue of imports, each of which uses much memory and a core for a while.
pub struct ImportLine {
    running: Arc<Semaphore>,
    waiting: AtomicUsize,
    max_waiting: usize,
}

/// A waiting import. Dropping it, when the client disconnects, leaves the queue.
struct Waiting<'l>(&'l AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

impl ImportLine {
    /// Creates a queue with a maximum number of running imports (at least one) and of waiting ones.
    #[must_use]
    pub fn new(max_running: usize, max_waiting: usize) -> Self {
        let running = Arc::new(Semaphore::new(max_running.clamp(1, Semaphore::MAX_PERMITS)));
        Self { running, waiting: AtomicUsize::default(), max_waiting }
    }

    /// Waits for a permit to run.
    async fn turn(&self) -> Result<OwnedSemaphorePermit> {
        if let Ok(permit) = self.running.clone().try_acquire_owned() {
            return Ok(permit);
        }
        let before = self.waiting.fetch_add(1, SeqCst);
        let _queued = Waiting(&self.waiting);
        if before >= self.max_waiting {
            return Err(busy_imports(before));
        }
        self.running.clone().acquire_owned().await.map_err(internal)
    }
}

/// Checks a progress id.
///
/// # Errors
/// `BAD_USER_INPUT` with the name of the argument.
pub fn check_progress_id(field: &str, id: &str) -> Result<()> {
    if PROGRESS_ID.contains(&id.chars().count()) && !id.contains(char::is_control) {
        return Ok(());
    }
    let (min, max) = (PROGRESS_ID.start(), PROGRESS_ID.end());
    let shown: String = id.chars().take(20).collect();
    Err(bad_input(field, format_args!("\"{shown}\""), format_args!("must have {min} to {max} characters")))
}

type Report = Box<dyn Fn(ImportProgress) + Send + Sync>;

/// Reports the progress of an import to the subscribers of its id. The end is always reported, even if the import is
/// aborted.
struct Progress {
    /// `None` if no id was given.
    to: Option<(String, Report)>,
    has_ended: std::sync::atomic::AtomicBool,
}

impl Progress {
    fn new(live: &Live, id: Option<String>) -> Arc<Self> {
        let to = id.map(|id| (id, Box::new(live.tell_progress()) as Report));
        Arc::new(Self { to, has_ended: false.into() })
    }

    fn report(&self, stage: &'static str, done: u64, total: u64) {
        if let Some((id, report)) = &self.to {
            let progress = ImportProgress { id: id.clone(), stage, done, total };
            // Nothing is reported after the final step.
            let is_last = progress.is_last();
            if !(self.has_ended.load(SeqCst) || (is_last && self.has_ended.swap(true, SeqCst))) {
                report(progress);
            }
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.report("failed", 0, 0);
    }
}

async fn import(ctx: &Context<'_>, input: ImportInput) -> Result<ImportPayload> {
    let actor = require(ctx, needed(Kind::from(input.kind)))?.actor();
    if let Some(id) = &input.progress_id {
        check_progress_id("progressId", id)?;
    }
    let live = live(ctx)?.clone();
    let max_rows = limits(ctx).max_import_rows;
    let progress = Progress::new(&live, input.progress_id.clone());
    let turn = ctx.data_unchecked::<Arc<ImportLine>>().turn().await?;
    // From here on, the import runs to its end even if the client disconnects.
    let (answer, answered) = oneshot::channel();
    let work = {
        let live = live.clone();
        async move {
            let done = carry_out(&live, input, actor, max_rows, &progress).await;
            drop((progress, turn));
            // The client may have disconnected.
            let _ = answer.send(done);
        }
    };
    live.work(work);
    answered.await.map_err(|_| internal("the import was aborted"))?
}

async fn carry_out(
    live: &Arc<Live>,
    input: ImportInput,
    actor: String,
    max_rows: usize,
    progress: &Arc<Progress>,
) -> Result<ImportPayload> {
    progress.report("reading", 0, 0);
    let ImportInput { kind, format, mut content, name, datum, category, dry_run, keep_going, .. } = input;
    let (kind, format) = (Kind::from(kind), Format::from(format));
    let options = Options { datum: datum.into(), category: category.map(Into::into), now: Timestamp::now() };
    let planned = {
        let (live, progress) = (live.clone(), progress.clone());
        let read = move || -> Result<std::result::Result<Plan, PlanError>> {
            let bytes = match format {
                Format::Xlsx => {
                    // Base64 often contains line breaks.
                    content.retain(|c| !c.is_whitespace());
                    let bytes = STANDARD
                        .decode(&content)
                        .map_err(|e| bad_input("content", "", format_args!("is not base64: {e}")))?;
                    drop(content);
                    bytes
                }
                Format::Csv | Format::GeoJson => content.into_bytes(),
            };
            let encoding = (format != Format::Xlsx).then_some(UTF_8);
            let table = match table_within(&bytes, format, encoding, max_rows) {
                Ok(table) => table,
                Err(problem) => return Ok(Err(PlanError::File(problem))),
            };
            drop(bytes);
            progress.report("checking", 0, table.rows.len() as u64);
            let world = live.world();
            Ok(plan(&table, kind, options, live.rules(&world.register), keep_going, &name))
        };
        tokio::task::spawn_blocking(read).await.map_err(internal)??
    };
    let planned = match planned {
        Ok(planned) => planned,
        Err(error) => {
            progress.report("failed", 0, 0);
            return Ok(failed(&error));
        }
    };
    let mut payload = ImportPayload {
        rows: planned.record.rows,
        refused_count: planned.refused.len() as u64,
        refused: planned.refused.into_iter().take(MAX_REFUSED).map(Into::into).collect(),
        notes: planned.notes,
        ..ImportPayload::default()
    };
    if dry_run {
        let world = live.world();
        let [inserted, updated, unchanged] = exchange::foresee(&planned.edits, &world.register);
        progress.report("done", 0, 0);
        return Ok(ImportPayload { inserted, updated, unchanged, ..payload });
    }
    let storing = progress.clone();
    let edition = Edition {
        edits: planned.edits,
        actor,
        at: planned.record.at.clone(),
        import: Some(planned.record),
        progress: Some(StoreProgress(Arc::new(move |done, total| storing.report("storing", done, total)))),
        ..Edition::default()
    };
    let outcome = live.edit(&edition).await;
    let total = edition.edits.len() as u64;
    progress.report(if outcome.is_ok() { "done" } else { "failed" }, total, total);
    match outcome {
        Ok((applied, _)) => {
            payload.imported = true;
            payload.inserted = applied.inserted;
            payload.updated = applied.updated;
            payload.unchanged = applied.unchanged;
            Ok(payload)
        }
        Err(EditError::Problem { index, problem }) => {
            payload.problem = Some(format!("record {}: {problem}; nothing was imported, try again", index + 1));
            Ok(payload)
        }
        Err(error @ EditError::Demonstration) => {
            payload.problem = Some(error.to_string());
            Ok(payload)
        }
        Err(error) => Err(not_stored(&error)),
    }
}

fn failed(error: &PlanError) -> ImportPayload {
    ImportPayload {
        rows: error.rows() as u64,
        refused_count: error.refused().len() as u64,
        refused: error.refused().iter().take(MAX_REFUSED).cloned().map(Into::into).collect(),
        notes: error.notes().to_vec(),
        problem: Some(error.to_string()),
        ..ImportPayload::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_running_and_waiting_imports() {
        let rt = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        rt.block_on(async {
            let line = Arc::new(ImportLine::new(1, 1));
            let first = line.turn().await.unwrap();
            let second = tokio::spawn({
                let line = line.clone();
                async move { line.turn().await.is_ok() }
            });
            while line.waiting.load(SeqCst) == 0 {
                tokio::task::yield_now().await;
            }
            let refused = line.turn().await.unwrap_err();
            assert!(refused.message.contains("1 imports are waiting"), "{}", refused.message);
            drop(first);
            assert!(second.await.unwrap());
            assert_eq!(line.waiting.load(SeqCst), 0);
            assert!(line.turn().await.is_ok());
        });
    }

    #[test]
    fn rejects_short_progress_ids() {
        for (id, fits) in [
            ("", false),
            ("mine", false),
            ("1234567", false),
            ("12345678", true),
            ("进度编号一二三四", true),
            ("with\na line", false),
        ] {
            assert_eq!(check_progress_id("id", id).is_ok(), fits, "{id}");
        }
        assert!(
            check_progress_id("id", &"x".repeat(200)).is_ok() && check_progress_id("id", &"x".repeat(201)).is_err()
        );
    }

    #[test]
    fn reports_the_end_exactly_once() {
        let stages: Arc<std::sync::Mutex<Vec<&'static str>>> = Arc::default();
        let progress = || {
            let stages = stages.clone();
            let report: Report = Box::new(move |p| stages.lock().unwrap().push(p.stage));
            Progress { to: Some(("12345678".to_owned(), report)), has_ended: false.into() }
        };
        let aborted = progress();
        aborted.report("reading", 0, 0);
        drop(aborted);
        let finished = progress();
        finished.report("done", 1, 1);
        finished.report("storing", 1, 1);
        drop(finished);
        assert_eq!(*stages.lock().unwrap(), ["reading", "failed", "done"]);
    }
}
