//! `walkshed import`: imports streets and tables of the register.

use super::actor::COMMAND_LINE;
use super::args::{FacilitiesArgs, Import, RegisterArgs, StreetsArgs};
use super::output::{Failure, Output};
use super::settings::Settings;
use jiff::Timestamp;
use serde_json::json;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use walkshed_engine::build::{BuildOptions, Step, StreetsReport, build};
use walkshed_engine::osm::StreetRules;
use walkshed_exchange::{
    Kind, Options, PlanError, RejectedRow, count_changes, plan, read_table_in, write_rejected_rows,
};
use walkshed_live::folder::DataFolder;
use walkshed_register::{Category, Register, Rules};
use walkshed_store::{ChangeSet, EditError, Progress};

/// Maximum number of refused rows in the text output; JSON contains all.
const MAX_SHOWN: usize = 20;
/// The exit code if some rows were refused and the others imported.
const PARTLY_IMPORTED: u8 = 3;

/// Runs an import.
pub async fn import(what: Import, settings: &Settings, output: &Output) -> Result<ExitCode, Failure> {
    let folder = settings.folder()?;
    let (kind, rows, category) = match what {
        Import::Streets(args) => {
            let store = folder.store().await?;
            let mark = store.demonstration().await?;
            store.close().await;
            if mark.is_some() {
                return Err(EditError::Demonstration.into());
            }
            return streets(&args, &folder, settings.streets, output);
        }
        Import::Facilities(FacilitiesArgs { rows, category }) => (Kind::Facilities, rows, category),
        Import::Centers(rows) => (Kind::Centers, rows, None),
        Import::Services(rows) => (Kind::Services, rows, None),
        Import::Offers(rows) => (Kind::Offers, rows, None),
        Import::Events(rows) => (Kind::Events, rows, None),
        Import::Visits(rows) => (Kind::Visits, rows, None),
        Import::Suggestions(rows) => (Kind::Suggestions, rows, None),
        Import::Regions(rows) => (Kind::Regions, rows, None),
        Import::Population(rows) => (Kind::Population, rows, None),
    };
    register(kind, &rows, category, &folder, output).await
}

fn streets(args: &StreetsArgs, folder: &DataFolder, set: StreetRules, output: &Output) -> Result<ExitCode, Failure> {
    let options = BuildOptions::new(args.file.clone())
        .with_elevation(args.elevation.clone())
        .with_own_network_km(args.own_network_km)
        .with_profiles(folder.profiles().clone())
        .with_rules(StreetRules {
            walk_on_trunk: args.walk_on_trunk.unwrap_or(set.walk_on_trunk),
            walk_in_road_tunnels: args.walk_in_road_tunnels.unwrap_or(set.walk_in_road_tunnels),
        });
    let bar = output.progress(1);
    let network = build(&options, &|step| match step {
        Step::Reading(done, all) => {
            bar.set_message("reading streets");
            bar.set_length(all.max(1));
            bar.set_position(done);
        }
        Step::Linking => bar.set_message("connecting segments"),
        Step::Heights => bar.set_message("reading elevation"),
        Step::Costs => bar.set_message("computing travel times"),
    })?;
    bar.set_message("writing");
    network.save(&folder.streets())?;
    bar.finish_and_clear();
    let report = &network.meta().report;
    let value = json!({
        "kind": "streets",
        "file": folder.streets(),
        "bytes": network.size_bytes(),
        "report": report,
    });
    output.result(&value, &streets_text(report, &folder.streets(), network.size_bytes()));
    Ok(ExitCode::SUCCESS)
}

/// Formats the report of a street import as text.
pub fn streets_text(report: &StreetsReport, path: &Path, bytes: usize) -> String {
    let counts = |of: &std::collections::BTreeMap<String, u64>| {
        let mut all: Vec<_> = of.iter().filter(|(_, n)| **n > 0).collect();
        all.sort_by_key(|(_, n)| std::cmp::Reverse(**n));
        all.iter().map(|(name, n)| format!("{n} {}", name.replace('_', " "))).collect::<Vec<_>>().join(", ")
    };
    let left_out: u64 = report.left_out.values().sum();
    let mut lines = vec![
        format!("{}: {} nodes and {} ways read", report.source, report.nodes_read, report.ways_read),
        format!(
            "  streets   {} segments between {} junctions, {:.1} km",
            report.edges, report.vertices, report.length_km
        ),
        format!("  kinds     {}", counts(&report.kinds)),
        match left_out {
            0 => "  left out  none".to_owned(),
            n => format!("  left out  {n} street ways: {}", counts(&report.left_out)),
        },
        format!(
            "  private   ways: {}, gates: {}; usable only at the start and end of a trip",
            report.private_ways, report.private_barriers
        ),
        format!(
            "  plazas    {} with {} crossing lines; {} barriers, {} lifts, {} bridges, {} tunnels",
            report.plazas, report.plaza_lines, report.barriers, report.lifts, report.bridges, report.tunnels
        ),
        format!(
            "  cut off   {} components with {} segments; {} of them joined to nearby streets by {} off-network legs",
            report.islands, report.island_edges, report.islands_joined, report.off_network_legs
        ),
        format!(
            "  private   {} segments in gated compounds, on private roads and in cut-off components: first and last leg only",
            report.restricted_edges
        ),
    ];
    if report.closed_on_foot.values().any(|n| *n > 0) {
        lines.push(format!("  on foot   closed: {}", counts(&report.closed_on_foot)));
    }
    if report.elevation.is_empty() {
        lines.push("  elevation none: all ground counts as level (use --elevation)".into());
    } else {
        lines.push(format!(
            "  elevation {:.0} to {:.0} m from {}; {} junctions without elevation: {} in voids, {} outside",
            report.min_height_m,
            report.max_height_m,
            report.elevation.join(", "),
            report.vertices_without_height,
            report.vertices_in_voids,
            report.vertices_outside_elevation
        ));
    }
    if report.missing_nodes > 0 {
        lines.push(format!("  missing   {} nodes; ways are cut at missing nodes", report.missing_nodes));
    }
    lines.extend(report.warnings.iter().map(|w| format!("  warning   {w}")));
    lines.push(format!("Written to {} ({:.1} MB)", path.display(), bytes as f64 / 1e6));
    lines.join("\n")
}

async fn register(
    kind: Kind,
    args: &RegisterArgs,
    category: Option<Category>,
    folder: &DataFolder,
    output: &Output,
) -> Result<ExitCode, Failure> {
    let file = args.file.display();
    let bar = output.progress(1);
    bar.set_message(format!("reading {}", kind.name()));
    let table =
        read_table_in(&args.file, kind, folder.calendar(), args.encoding).map_err(|e| format!("{file}: {e}"))?;
    let options = Options { datum: args.datum, category, now: Timestamp::now() };
    bar.set_message(format!("checking {}", kind.name()));
    let store = folder.store().await?;
    // Needed because a row of an existing record changes only the columns present in the file.
    let register = Register::new(store.load().await?, folder.shared_calendar());
    let rules = Rules { register: &register, kinds: folder.kinds(), calendar: folder.calendar() };
    let source = args.file.file_name().unwrap_or_default().to_string_lossy();
    let planned = match plan(&table, kind, options, rules, args.keep_going, &source) {
        Ok(planned) => planned,
        Err(error) => {
            bar.finish_and_clear();
            let mut message = format!("{file}: {error}");
            if !error.refused().is_empty() {
                message = format!("{message}:\n{}", refused_text(error.refused()));
            }
            if matches!(error, PlanError::Refused { .. }) {
                message.push_str("\nCorrect these rows, or import the others with --keep-going.");
            }
            message.push_str(&notes_text(error.notes()));
            let details = json!({ "rows": table.rows.len(), "refused": error.refused(), "notes": error.notes() });
            return Err(Failure::with_details(message, details));
        }
    };
    let (refused, notes, rows) = (planned.refused, planned.notes, planned.record.rows);
    let (counts, refused_file) = if args.dry_run {
        (count_changes(&planned.edits, &register), None)
    } else {
        bar.set_message(format!("storing {}", kind.name()));
        let storing_bar = bar.clone();
        let change_set = ChangeSet {
            edits: planned.edits,
            actor: COMMAND_LINE.to_owned(),
            at: planned.record.at.clone(),
            import: Some(planned.record),
            progress: Some(Progress(Arc::new(move |done, all| {
                storing_bar.set_length(all.max(1));
                storing_bar.set_position(done);
            }))),
            ..ChangeSet::default()
        };
        let applied = store.edit(&change_set).await.map_err(|e| match e {
            EditError::Problem { problem, .. } => {
                format!(
                    "{file}: {problem} (another user changed the record meanwhile; nothing was imported, try again)"
                )
            }
            other => other.to_string(),
        })?;
        // The valid rows are stored, so a failure to write the refused ones does not fail the import.
        let written = (!refused.is_empty()).then(|| write_rejected_rows(&args.file, &table, &refused));
        ([applied.inserted, applied.updated, applied.unchanged], written)
    };
    store.close().await;
    bar.finish_and_clear();
    let [inserted, updated, unchanged] = counts;
    let value = json!({
        "kind": kind.name(),
        "source": source,
        "dryRun": args.dry_run,
        "rows": rows,
        "inserted": inserted,
        "updated": updated,
        "unchanged": unchanged,
        "refused": refused,
        "refusedFile": refused_file.as_ref().and_then(|f| f.as_ref().ok()),
        "refusedFileProblem": refused_file.as_ref().and_then(|f| f.as_ref().err()),
        "notes": notes,
    });
    let mut text = format!(
        "{source}: {rows} rows of {}: {inserted} new, {updated} changed, {unchanged} unchanged, {} refused",
        kind.name(),
        refused.len()
    );
    if args.dry_run {
        text.push_str("\nNothing was stored (--dry-run).");
    }
    text.push_str(&notes_text(&notes));
    if !refused.is_empty() {
        text.push('\n');
        text.push_str(&refused_text(&refused));
    }
    match &refused_file {
        Some(Ok(path)) => {
            text.push_str("\nRefused rows written to ");
            text.push_str(&path.display().to_string());
        }
        Some(Err(why)) => {
            text.push_str("\nThe other rows are imported. The refused rows could not be written to a file: ");
            text.push_str(why);
        }
        None => {}
    }
    output.result(&value, &text);
    Ok(if refused.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(PARTLY_IMPORTED) })
}

fn notes_text(notes: &[String]) -> String {
    notes.iter().flat_map(|note| ["\n  note: ", note]).collect()
}

fn refused_text(refused: &[RejectedRow]) -> String {
    let mut lines: Vec<String> = refused
        .iter()
        .take(MAX_SHOWN)
        .map(|r| match (r.field.as_str(), r.value.as_str()) {
            ("", value) => format!("  line {}: \"{value}\": {}", r.line, r.why),
            (field, "") => format!("  line {}: {field} {}", r.line, r.why),
            (field, value) => format!("  line {}: {field} \"{value}\" {}", r.line, r.why),
        })
        .collect();
    if refused.len() > MAX_SHOWN {
        lines.push(format!("  and {} more; --json lists all", refused.len() - MAX_SHOWN));
    }
    lines.join("\n")
}
