//! Whole files in by one request, with the reports of the command line.

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

/// Refused rows in one answer at most.
const MAX_REFUSED: usize = 1000;
/// Characters of a progress id. Who knows it can follow the import, so that it must not be easy to guess.
const PROGRESS_ID: RangeInclusive<usize> = 8..=200;

/// What a file holds.
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
    /// Visits: center (its code), day, count, and where known hour, audience.
    Visits,
    /// Suggestions: text, center (its code) or lon and lat, ...
    Suggestions,
    /// Regions: code, name; as GeoJSON with their outlines.
    Regions,
    /// Who lives where: cell (H3), population, and where known group.
    Population,
}

/// How a file is written.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "Format")]
pub enum ImportFormat {
    /// CSV, in UTF-8; separated by commas, semicolons, tabs or bars.
    Csv,
    /// A GeoJSON FeatureCollection.
    GeoJson,
    /// An Excel workbook; its content in base64.
    Xlsx,
}

/// What positions are in.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "geo::Datum")]
pub enum Datum {
    /// GPS, OpenStreetMap.
    Wgs84,
    /// The Chinese national system; taken as equal to WGS-84.
    Cgcs2000,
    /// Amap, Tencent.
    Gcj02,
    /// Baidu.
    Bd09,
}

/// A file to import.
#[derive(InputObject)]
pub struct ImportInput {
    /// What it holds.
    kind: ImportKind,
    /// How it is written.
    format: ImportFormat,
    /// The file itself: text for CSV and GeoJSON, base64 for XLSX.
    content: String,
    /// The name of the file, for the log.
    #[graphql(default = "upload")]
    name: String,
    /// What its positions are in.
    #[graphql(default_with = "Datum::Wgs84")]
    datum: Datum,
    /// For facilities and services: the category of rows that name none. Not used otherwise.
    category: Option<Category>,
    /// Say what would be done, and do nothing.
    #[graphql(default)]
    dry_run: bool,
    /// Import the good rows although others are refused. Otherwise it is all or nothing.
    #[graphql(default)]
    keep_going: bool,
    /// A name of your own, 8 to 200 characters, to follow it with the subscription `importProgress`. Whoever knows it can do so:
    /// take one that nobody guesses, such as a UUID. Without it nobody can.
    progress_id: Option<String>,
}

/// A row that was not taken.
#[derive(SimpleObject)]
pub struct RefusedRow {
    /// The line of the file, counted from 1; of GeoJSON the number of the feature.
    line: u64,
    /// The column.
    field: String,
    /// What it holds.
    value: String,
    /// What is wrong with it.
    why: String,
}

impl From<Refused> for RefusedRow {
    fn from(r: Refused) -> Self {
        Self { line: r.line, field: r.field, value: r.value, why: r.why }
    }
}

/// What an import did, or would do.
#[derive(SimpleObject, Default)]
pub struct ImportPayload {
    /// Whether anything was imported.
    imported: bool,
    /// Rows in the file.
    rows: u64,
    /// Records that are new.
    inserted: u64,
    /// Records that were changed.
    updated: u64,
    /// Records that were so already.
    unchanged: u64,
    /// Rows that were refused.
    refused_count: u64,
    /// The refused rows, at most 1000 of them.
    refused: Vec<RefusedRow>,
    /// What was not read or was read in a way of its own, in sentences: columns that are not known, for one.
    notes: Vec<String>,
    /// Why nothing was imported, in a sentence that says how to mend it.
    problem: Option<String>,
}

#[derive(Default)]
pub struct ImportMutation;

#[Object]
impl ImportMutation {
    /// Imports a whole file into the register. Rows that are there already are changed in the columns the file has; what is
    /// not in the file stays. Population replaces all cells of its groups, visits whole days. An import that has begun goes on
    /// to its end when the client goes away. Refused while the demonstration city is loaded. Needs the role EDITOR; for visits
    /// CONTRIBUTOR.
    async fn import_records(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The file.")] input: ImportInput,
    ) -> Nullable<ImportPayload> {
        Some(import(ctx, input).await)
    }
}

/// The role an import needs.
const fn needed(kind: Kind) -> Role {
    match kind {
        Kind::Visits => Role::Contributor,
        _ => Role::Editor,
    }
}

/// The line in which imports wait: each takes much memory and a processor for a while.
pub struct ImportLine {
    running: Arc<Semaphore>,
    waiting: AtomicUsize,
    most_waiting: usize,
}

/// One that waits; it waits no more when whoever asked goes away.
struct Waiting<'l>(&'l AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

impl ImportLine {
    /// So many at once (one at least), so many waiting.
    #[must_use]
    pub fn new(at_once: usize, most_waiting: usize) -> Self {
        let running = Arc::new(Semaphore::new(at_once.clamp(1, Semaphore::MAX_PERMITS)));
        Self { running, waiting: AtomicUsize::default(), most_waiting }
    }

    /// Waits for its turn.
    async fn turn(&self) -> Result<OwnedSemaphorePermit> {
        if let Ok(permit) = self.running.clone().try_acquire_owned() {
            return Ok(permit);
        }
        let before = self.waiting.fetch_add(1, SeqCst);
        let _waiting = Waiting(&self.waiting);
        if before >= self.most_waiting {
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
    let (least, most) = (PROGRESS_ID.start(), PROGRESS_ID.end());
    let shown: String = id.chars().take(20).collect();
    Err(bad_input(field, format_args!("\"{shown}\""), format_args!("must have {least} to {most} characters")))
}

type Tell = Box<dyn Fn(ImportProgress) + Send + Sync>;

/// Tells those who know its id how far an import has come. However it ends, that is told as well.
struct Progress {
    /// `None` where no id was given.
    to: Option<(String, Tell)>,
    has_ended: std::sync::atomic::AtomicBool,
}

impl Progress {
    fn new(live: &Live, id: Option<String>) -> Arc<Self> {
        let to = id.map(|id| (id, Box::new(live.tell_progress()) as Tell));
        Arc::new(Self { to, has_ended: false.into() })
    }

    fn say(&self, stage: &'static str, done: u64, total: u64) {
        if let Some((id, tell)) = &self.to {
            let progress = ImportProgress { id: id.clone(), stage, done, total };
            // Nothing is told after the last word.
            let is_last = progress.is_last();
            if !(self.has_ended.load(SeqCst) || (is_last && self.has_ended.swap(true, SeqCst))) {
                tell(progress);
            }
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.say("failed", 0, 0);
    }
}

async fn import(ctx: &Context<'_>, input: ImportInput) -> Result<ImportPayload> {
    let actor = require(ctx, needed(Kind::from(input.kind)))?.actor();
    if let Some(id) = &input.progress_id {
        check_progress_id("progressId", id)?;
    }
    let live = live(ctx)?.clone();
    let most_rows = limits(ctx).max_import_rows;
    let progress = Progress::new(&live, input.progress_id.clone());
    let turn = ctx.data_unchecked::<Arc<ImportLine>>().turn().await?;
    // From here on it is carried to its end, whether anyone waits for the answer or not.
    let (answer, answered) = oneshot::channel();
    let work = {
        let live = live.clone();
        async move {
            let done = carry_out(&live, input, actor, most_rows, &progress).await;
            drop((progress, turn));
            // Whoever asked may have gone.
            let _ = answer.send(done);
        }
    };
    live.work(work);
    answered.await.map_err(|_| internal("the import broke off"))?
}

async fn carry_out(
    live: &Arc<Live>,
    input: ImportInput,
    actor: String,
    most_rows: usize,
    progress: &Arc<Progress>,
) -> Result<ImportPayload> {
    progress.say("reading", 0, 0);
    let ImportInput { kind, format, mut content, name, datum, category, dry_run, keep_going, .. } = input;
    let (kind, format) = (Kind::from(kind), Format::from(format));
    let options = Options { datum: datum.into(), category: category.map(Into::into), now: Timestamp::now() };
    let planned = {
        let (live, progress) = (live.clone(), progress.clone());
        let read = move || -> Result<std::result::Result<Plan, PlanError>> {
            let bytes = match format {
                Format::Xlsx => {
                    // Base64 is often written in lines.
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
            let table = match table_within(&bytes, format, encoding, most_rows) {
                Ok(table) => table,
                Err(problem) => return Ok(Err(PlanError::File(problem))),
            };
            drop(bytes);
            progress.say("checking", 0, table.rows.len() as u64);
            let world = live.world();
            Ok(plan(&table, kind, options, live.rules(&world.register), keep_going, &name))
        };
        tokio::task::spawn_blocking(read).await.map_err(internal)??
    };
    let planned = match planned {
        Ok(planned) => planned,
        Err(error) => {
            progress.say("failed", 0, 0);
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
        progress.say("done", 0, 0);
        return Ok(ImportPayload { inserted, updated, unchanged, ..payload });
    }
    let told = progress.clone();
    let edition = Edition {
        edits: planned.edits,
        actor,
        at: planned.record.at.clone(),
        import: Some(planned.record),
        progress: Some(StoreProgress(Arc::new(move |done, total| told.say("storing", done, total)))),
        ..Edition::default()
    };
    let outcome = live.edit(&edition).await;
    let total = edition.edits.len() as u64;
    progress.say(if outcome.is_ok() { "done" } else { "failed" }, total, total);
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
    fn so_many_run_so_many_wait_and_the_rest_is_refused() {
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
    fn ids_are_long_enough_not_to_be_guessed() {
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
    fn the_last_word_is_told_once_however_it_ends() {
        let told: Arc<std::sync::Mutex<Vec<&'static str>>> = Arc::default();
        let progress = || {
            let told = told.clone();
            let tell: Tell = Box::new(move |p| told.lock().unwrap().push(p.stage));
            Progress { to: Some(("12345678".to_owned(), tell)), has_ended: false.into() }
        };
        let broken_off = progress();
        broken_off.say("reading", 0, 0);
        drop(broken_off);
        let whole = progress();
        whole.say("done", 1, 1);
        whole.say("storing", 1, 1);
        drop(whole);
        assert_eq!(*told.lock().unwrap(), ["reading", "failed", "done"]);
    }
}
