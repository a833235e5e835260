//! Whole files in by one request, with the reports of the command line.

use crate::exchange::{self, Format, Kind, Options, PlanError, Refused, UTF_8, plan, table_of};
use crate::geo;
use crate::graphql::Nullable;
use crate::graphql::auth::require;
use crate::graphql::error::{bad_input, internal, not_stored};
use crate::graphql::live;
use crate::graphql::types::Category;
use crate::live::ImportProgress;
use crate::registry::Role;
use crate::store::{EditError, Edition, Progress};
use async_graphql::{Context, Enum, InputObject, Object, Result, SimpleObject};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use std::sync::Arc;

/// Refused rows in one answer at most.
const MAX_REFUSED: usize = 1000;

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
    /// A name of your own, to follow it with the subscription `importProgress`.
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
    /// not in the file stays. Population replaces all cells of its groups, visits whole days. Refused while the demonstration
    /// city is loaded. Needs the role EDITOR; for visits CONTRIBUTOR.
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

async fn import(ctx: &Context<'_>, input: ImportInput) -> Result<ImportPayload> {
    let kind = Kind::from(input.kind);
    let caller = require(ctx, needed(kind))?.actor();
    let live = live(ctx)?.clone();
    let id = input.progress_id.clone().unwrap_or_default();
    let tell = Arc::new(live.tell_progress());
    let say = {
        let (tell, id) = (tell.clone(), id.clone());
        move |stage, done, total| tell(ImportProgress { id: id.clone(), stage, done, total })
    };
    say("reading", 0, 0);
    let bytes = match input.format {
        ImportFormat::Xlsx => STANDARD
            .decode(input.content.split_whitespace().collect::<String>())
            .map_err(|e| bad_input("content", "", format_args!("is not base64: {e}")))?,
        ImportFormat::Csv | ImportFormat::GeoJson => input.content.into_bytes(),
    };
    let options =
        Options { datum: input.datum.into(), category: input.category.map(Into::into), now: Timestamp::now() };
    let (format, keep_going, name) = (input.format.into(), input.keep_going, input.name.clone());
    let planned = {
        let (live, say) = (live.clone(), say.clone());
        let read = move || {
            let encoding = (format != Format::Xlsx).then_some(UTF_8);
            let table = table_of(&bytes, format, encoding).map_err(PlanError::File)?;
            say("checking", 0, table.rows.len() as u64);
            let world = live.world();
            plan(&table, kind, options, live.rules(&world.register), keep_going, &name)
        };
        tokio::task::spawn_blocking(read).await.map_err(internal)?
    };
    let planned = match planned {
        Ok(planned) => planned,
        Err(error) => {
            say("failed", 0, 0);
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
    if input.dry_run {
        let world = live.world();
        let [inserted, updated, unchanged] = exchange::foresee(&planned.edits, &world.register);
        say("done", 0, 0);
        return Ok(ImportPayload { inserted, updated, unchanged, ..payload });
    }
    let told = say.clone();
    let edition = Edition {
        edits: planned.edits,
        actor: caller,
        at: planned.record.at.clone(),
        import: Some(planned.record),
        progress: Some(Progress(Arc::new(move |done, total| told("storing", done, total)))),
        ..Edition::default()
    };
    let outcome = live.edit(&edition).await;
    let total = edition.edits.len() as u64;
    say(if outcome.is_ok() { "done" } else { "failed" }, total, total);
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
