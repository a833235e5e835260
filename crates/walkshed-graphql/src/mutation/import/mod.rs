//! Import of whole files by one request, with the same reports as on the command line.

mod progress;
mod queue;
mod run;

pub use progress::check_progress_id;
pub use queue::ImportQueue;

use crate::auth::require;
use crate::context::{Nullable, limits, live};
use crate::error::internal;
use crate::types::Category;
use async_graphql::{ComplexObject, Context, Enum, InputObject, Object, Result, SimpleObject};
use progress::Progress;
use run::run_import;
use std::sync::Arc;
use tokio::sync::oneshot;
use walkshed_engine::geo;
use walkshed_exchange::{Format, Kind, RejectedRow};
use walkshed_register::Role;

/// Maximum number of rejected rows in one response.
const MAX_REJECTED: usize = 1000;

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
#[graphql(complex)]
pub struct RefusedRow {
    /// The line of the file, from 1. For GeoJSON, the number of the feature.
    line: u64,
    /// The column.
    field: String,
    /// The value.
    value: String,
    /// The error.
    reason: String,
}

#[ComplexObject]
impl RefusedRow {
    /// The error.
    #[graphql(deprecation = "Use `reason`.")]
    async fn why(&self) -> &str {
        &self.reason
    }
}

impl From<RejectedRow> for RefusedRow {
    fn from(r: RejectedRow) -> Self {
        Self { line: r.line, field: r.field, value: r.value, reason: r.why }
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
const fn required_role(kind: Kind) -> Role {
    match kind {
        Kind::Visits => Role::Contributor,
        _ => Role::Editor,
    }
}

async fn import(ctx: &Context<'_>, input: ImportInput) -> Result<ImportPayload> {
    let actor = require(ctx, required_role(Kind::from(input.kind)))?.actor();
    if let Some(id) = &input.progress_id {
        check_progress_id("progressId", id)?;
    }
    let live = live(ctx)?.clone();
    let max_rows = limits(ctx).max_import_rows;
    let progress = Progress::new(&live, input.progress_id.clone());
    let turn = ctx.data_unchecked::<Arc<ImportQueue>>().turn().await?;
    // From here on, the import runs to its end even if the client disconnects.
    let (answer, answered) = oneshot::channel();
    let work = {
        let live = live.clone();
        async move {
            let done = run_import(&live, input, actor, max_rows, &progress).await;
            drop((progress, turn));
            // The client may have disconnected.
            let _ = answer.send(done);
        }
    };
    live.work(work);
    answered.await.map_err(|_| internal("the import was aborted"))?
}
