//! `walkshed compare`: coverage before and after a scenario.

use super::args::NeedArgs;
use super::file::{Format, OutputFileArgs, write};
use super::summary::percent;
use super::world::{apply_scenario, load_world};
use crate::cli::output::{Failure, Output};
use crate::cli::settings::Settings;
use clap::Args;
use serde_json::{Value, json};
use std::process::ExitCode;
use walkshed_analysis::world::World;
use walkshed_analysis::{self as analysis, Balance, Comparison, PartChange, Question, changes_csv, changes_geojson};
use walkshed_register::{Category, Register};

#[derive(Args, Debug)]
#[group(skip)]
pub struct CompareArgs {
    #[command(flatten)]
    need: NeedArgs,
    /// Key of the scenario to compare from [default: the city as it is]. With --before and no --scenario, the comparison is with
    /// the city as it is.
    #[arg(long, value_name = "KEY")]
    before: Option<String>,
    /// Respect capacities: each facility serves at most as many people as its capacity, the nearest first.
    #[arg(long)]
    capacity: bool,
    #[command(flatten)]
    out: OutputFileArgs,
}

/// Runs `walkshed compare`.
pub async fn run(args: &CompareArgs, settings: &Settings, output: &Output) -> Result<ExitCode, Failure> {
    let format = args.out.format()?;
    if matches!(format, Some((Format::Svg, _))) {
        return Err("--out: a comparison can be written as .geojson, .fgb, .parquet or .csv".to_owned().into());
    }
    let city = load_world(settings, None).await?;
    let (name, before, after) = worlds(args, city)?;
    before.network()?;
    let question = Question { with_capacity: args.capacity, ..args.need.question(settings, &before.register)? };
    let found = output.working("compare", || analysis::compare(&before, &after, &question))?;
    let (value, mut lines) = report(&name, &found, &after.register);
    if let Some((format, path)) = format {
        let text =
            if format == Format::Csv { changes_csv(&found) } else { changes_geojson(&found, after.attribution()) };
        lines.push(write(path, format, &text, &after)?);
    }
    output.result(&value, &lines.join("\n"));
    Ok(ExitCode::SUCCESS)
}

/// Returns the worlds before and after, and the name of the one after.
fn worlds(args: &CompareArgs, city: World) -> Result<(String, World, World), Failure> {
    match (&args.before, &args.need.people.scenario) {
        (None, None) => {
            let why =
                analysis::missing_scenario_message(&city.register, |key| format!("walkshed compare --scenario {key}"));
            Err(format!("the command {why}").into())
        }
        (None, Some(key)) => {
            let after = apply_scenario("--scenario", key, &city)?;
            Ok((key.clone(), city, after))
        }
        (Some(key), None) => {
            let before = apply_scenario("--before", key, &city)?;
            Ok(("the city as it is".to_owned(), before, city))
        }
        (Some(before), Some(key)) => {
            let before = apply_scenario("--before", before, &city)?;
            Ok((key.clone(), before, apply_scenario("--scenario", key, &city)?))
        }
    }
}

fn balance(name: &str, b: &Balance) -> Value {
    json!({"name": name, "gained": b.gained, "lost": b.lost, "nearer": b.nearer, "farther": b.farther})
}

/// Returns the comparison as JSON and as text.
fn report(name: &str, found: &Comparison, register: &Register) -> (Value, Vec<String>) {
    let total = found.total();
    let (was, is) = (found.before.total, found.after.total);
    let mut lines = vec![format!(
        "{} of {:.0} people are covered, {} before: {:.0} gain, {:.0} lose, {:.0} nearer, {:.0} farther",
        percent(is.share()),
        is.people,
        percent(was.share()),
        total.gained,
        total.lost,
        total.nearer,
        total.farther
    )];
    let mut value = balance(name, &total);
    value["before"] = json!(was.covered);
    value["after"] = json!(is.covered);
    value["people"] = json!(is.people);
    if found.parts.len() > 1 {
        lines.extend(found.parts.iter().map(category_line));
        value["categories"] =
            found.parts.iter().map(|p| balance(p.category.map_or("", Category::key), &p.balance)).collect();
    }
    let groups = found.by_group(register);
    for g in groups.iter().filter(|g| g.balance != Balance::default()) {
        lines.push(format!("  group {}: {:.0} gain, {:.0} lose", g.group, g.balance.gained, g.balance.lost));
    }
    value["groups"] = groups.iter().map(|g| balance(&g.group, &g.balance)).collect();
    let regions = found.by_region(register);
    for r in regions.iter().filter(|r| r.balance != Balance::default()) {
        let name = r.name.as_deref().unwrap_or("(unknown region)");
        lines.push(format!(
            "  {} {name}: {:.0} gain, {:.0} lose",
            r.code.as_deref().unwrap_or("-"),
            r.balance.gained,
            r.balance.lost
        ));
    }
    value["regions"] = regions.iter().map(|r| balance(r.code.as_deref().unwrap_or_default(), &r.balance)).collect();
    (value, lines)
}

fn category_line(part: &PartChange) -> String {
    format!(
        "  {:32} {}, {} before: {:.0} gain, {:.0} lose, {:.0} nearer, {:.0} farther",
        part.category.map_or("", Category::english),
        percent(part.after.share()),
        percent(part.before.share()),
        part.balance.gained,
        part.balance.lost,
        part.balance.nearer,
        part.balance.farther
    )
}
