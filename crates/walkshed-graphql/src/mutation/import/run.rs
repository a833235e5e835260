//! Execution of an import: decode the file, plan the edits, apply them.

use super::progress::Progress;
use super::{ImportInput, ImportPayload, MAX_REJECTED};
use crate::error::{internal, invalid, not_stored};
use async_graphql::Result;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use std::sync::Arc;
use walkshed_exchange::{
    self as exchange, Format, Kind, Options, Plan, PlanError, UTF_8, parse_table_with_limit, plan,
};
use walkshed_live::Live;
use walkshed_store::{ChangeSet, EditError, Progress as StoreProgress};

/// Plans and executes an import.
pub async fn run_import(
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
                        .map_err(|e| invalid("content", format_args!("is not base64: {e}")))?;
                    drop(content);
                    bytes
                }
                Format::Csv | Format::GeoJson => content.into_bytes(),
            };
            let encoding = (format != Format::Xlsx).then_some(UTF_8);
            let table = match parse_table_with_limit(&bytes, format, encoding, max_rows) {
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
            return Ok(rejected(&error));
        }
    };
    let mut payload = ImportPayload {
        rows: planned.record.rows,
        refused_count: planned.refused.len() as u64,
        refused: planned.refused.into_iter().take(MAX_REJECTED).map(Into::into).collect(),
        notes: planned.notes,
        ..ImportPayload::default()
    };
    if dry_run {
        let world = live.world();
        let [inserted, updated, unchanged] = exchange::count_changes(&planned.edits, &world.register);
        progress.report("done", 0, 0);
        return Ok(ImportPayload { inserted, updated, unchanged, ..payload });
    }
    let storing = progress.clone();
    let change_set = ChangeSet {
        edits: planned.edits,
        actor,
        at: planned.record.at.clone(),
        import: Some(planned.record),
        progress: Some(StoreProgress(Arc::new(move |done, total| storing.report("storing", done, total)))),
        ..ChangeSet::default()
    };
    let outcome = live.edit(&change_set).await;
    let total = change_set.edits.len() as u64;
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

/// Returns the result of an import that was rejected as a whole.
fn rejected(error: &PlanError) -> ImportPayload {
    ImportPayload {
        rows: error.rows() as u64,
        refused_count: error.refused().len() as u64,
        refused: error.refused().iter().take(MAX_REJECTED).cloned().map(Into::into).collect(),
        notes: error.notes().to_vec(),
        problem: Some(error.to_string()),
        ..ImportPayload::default()
    }
}
