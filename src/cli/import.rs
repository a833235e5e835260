//! `walkshed import`: streets, facilities, centers, population.

use super::output::{Failure, Output};
use super::settings::Settings;
use super::{FacilitiesArgs, Import, RegisterArgs, StreetsArgs};
use crate::exchange::{Kind, Options, Records, Refused, read_records, write_refused};
use crate::folder::DataFolder;
use crate::network::build::{BuildOptions, Step, StreetsReport, build};
use crate::registry::{Category, ImportRecord};
use crate::store::Change;
use serde_json::json;
use std::path::Path;
use std::process::ExitCode;

/// Refused rows shown to people; scripts get all.
const SHOWN: usize = 20;
/// Some rows were refused, the rest imported.
const PARTLY: u8 = 3;

/// Carries out an import.
pub async fn import(what: Import, settings: &Settings, output: &Output) -> Result<ExitCode, Failure> {
    let folder = DataFolder::new(&settings.data, settings.database.clone(), settings.profiles.clone())?;
    match what {
        Import::Streets(args) => streets(&args, &folder, output),
        Import::Facilities(FacilitiesArgs { rows, category }) => {
            register(Kind::Facilities, &rows, category, &folder, output).await
        }
        Import::Centers(rows) => register(Kind::Centers, &rows, None, &folder, output).await,
        Import::Population(rows) => register(Kind::Population, &rows, None, &folder, output).await,
    }
}

fn streets(args: &StreetsArgs, folder: &DataFolder, output: &Output) -> Result<ExitCode, Failure> {
    let options = BuildOptions {
        streets: args.file.clone(),
        elevation: args.elevation.clone(),
        island_size: args.island_size,
        profiles: folder.profiles().clone(),
    };
    let bar = output.progress(1);
    let network = build(&options, &|step| match step {
        Step::Reading(done, all) => {
            bar.set_message("reading streets");
            bar.set_length(all.max(1));
            bar.set_position(done);
        }
        Step::Linking => bar.set_message("joining segments"),
        Step::Heights => bar.set_message("reading heights"),
        Step::Costs => bar.set_message("computing times"),
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

/// The report of a street import, for people.
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
        format!("  left out  {left_out} street ways: {}", counts(&report.left_out)),
        format!(
            "  plazas    {} crossed by {} lines; {} barriers, {} lifts, {} bridges, {} tunnels",
            report.plazas, report.plaza_lines, report.barriers, report.lifts, report.bridges, report.tunnels
        ),
        format!("  islands   {} small pieces with {} segments", report.islands, report.island_edges),
    ];
    if report.elevation.is_empty() {
        lines.push("  heights   none: all ground counts as level (give --elevation)".into());
    } else {
        lines.push(format!(
            "  heights   {:.0} to {:.0} m from {}; {} junctions without",
            report.min_height_m,
            report.max_height_m,
            report.elevation.join(", "),
            report.vertices_without_height
        ));
    }
    if report.missing_nodes > 0 {
        lines.push(format!("  missing   {} nodes that ways refer to; they are cut there", report.missing_nodes));
    }
    lines.extend(report.warnings.iter().map(|w| format!("  warning   {w}")));
    lines.push(format!("written to {} ({:.1} MB)", path.display(), bytes as f64 / 1e6));
    lines.join("\n")
}

async fn register(
    kind: Kind,
    args: &RegisterArgs,
    category: Option<Category>,
    folder: &DataFolder,
    output: &Output,
) -> Result<ExitCode, Failure> {
    let bar = output.progress(2);
    bar.set_message(format!("reading {}", kind.name()));
    let options = Options { datum: args.datum, category };
    let (records, refused, table) =
        read_records(&args.file, kind, options).map_err(|e| format!("{}: {e}", args.file.display()))?;
    if !refused.is_empty() && !args.keep_going {
        bar.finish_and_clear();
        let message = format!(
            "{}: {} of {} rows were refused, so nothing was imported:\n{}\nMend them, or import the others with --keep-going",
            args.file.display(),
            refused.len(),
            table.rows.len(),
            refused_text(&refused)
        );
        return Err(Failure::with_details(message, json!({ "rows": table.rows.len(), "refused": refused })));
    }
    if records.is_empty() {
        bar.finish_and_clear();
        return Err(Failure::with_details(
            format!("{}: no row could be used:\n{}", args.file.display(), refused_text(&refused)),
            json!({ "rows": table.rows.len(), "refused": refused }),
        ));
    }
    bar.inc(1);
    bar.set_message(format!("storing {}", kind.name()));
    let store = folder.store().await?;
    let record = ImportRecord {
        kind: kind.name().to_owned(),
        source: args.file.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        at: jiff::Timestamp::now().round(jiff::Unit::Second).map_err(Failure::from)?.to_string(),
        rows: table.rows.len() as u64,
        inserted: 0,
        updated: 0,
        unchanged: 0,
        refused: refused.len() as u64,
    };
    let change = match &records {
        Records::Centers(list) => Change::Centers(list),
        Records::Facilities(list) => Change::Facilities(list),
        Records::Population(list) => Change::Population(list),
    };
    let applied = store.apply(change, &record).await?;
    store.close().await;
    bar.finish_and_clear();
    let refused_file = if refused.is_empty() { None } else { Some(write_refused(&args.file, &table, &refused)?) };
    let value = json!({
        "kind": kind.name(),
        "source": record.source,
        "rows": record.rows,
        "inserted": applied.inserted,
        "updated": applied.updated,
        "unchanged": applied.unchanged,
        "refused": refused,
        "refusedFile": refused_file,
    });
    let mut text = format!(
        "{}: {} rows of {}: {} new, {} changed, {} as before, {} refused",
        record.source,
        record.rows,
        kind.name(),
        applied.inserted,
        applied.updated,
        applied.unchanged,
        refused.len()
    );
    if let Some(path) = &refused_file {
        text.push('\n');
        text.push_str(&refused_text(&refused));
        text.push_str("\nThe refused rows are in ");
        text.push_str(&path.display().to_string());
    }
    output.result(&value, &text);
    Ok(if refused.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(PARTLY) })
}

fn refused_text(refused: &[Refused]) -> String {
    let mut lines: Vec<String> = refused
        .iter()
        .take(SHOWN)
        .map(|r| match (r.field.as_str(), r.value.as_str()) {
            ("", value) => format!("  line {}: \"{value}\": {}", r.line, r.why),
            (field, "") => format!("  line {}: {field} {}", r.line, r.why),
            (field, value) => format!("  line {}: {field} \"{value}\" {}", r.line, r.why),
        })
        .collect();
    if refused.len() > SHOWN {
        lines.push(format!("  and {} more; --json lists all", refused.len() - SHOWN));
    }
    lines.join("\n")
}
