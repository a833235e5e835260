//! `walkshed assess`: a region against a planning standard.

use super::args::PeopleArgs;
use super::file::{Format, OutputFileArgs, write};
use super::summary::percent;
use super::world::load_world;
use crate::cli::output::{Failure, Output};
use crate::cli::settings::Settings;
use clap::Args;
use serde_json::{Value, json};
use std::process::ExitCode;
use walkshed_analysis::{self as analysis, Assessment, DEFAULT_MET_SHARE, Standards, regions_csv, regions_geojson};

#[derive(Args, Debug)]
#[group(skip)]
pub struct AssessArgs {
    /// Key of the planning standard: gb_50180_2018, service_circle, or one of your own.
    #[arg(long, value_name = "KEY", default_value = "service_circle")]
    standard: String,
    /// Share of people for whom a requirement must be fulfilled to count as met, 0 to 1.
    #[arg(long, value_name = "F", default_value_t = DEFAULT_MET_SHARE)]
    met_share: f64,
    #[command(flatten)]
    people: PeopleArgs,
    #[command(flatten)]
    out: OutputFileArgs,
}

/// Runs `walkshed assess`.
pub async fn run(args: &AssessArgs, settings: &Settings, output: &Output) -> Result<ExitCode, Failure> {
    let format = args.out.format()?;
    if matches!(format, Some((Format::Svg, _))) {
        return Err("--out: an assessment can be written as .geojson, .fgb, .parquet or .csv".to_owned().into());
    }
    if !(0.0..=1.0).contains(&args.met_share) {
        return Err(format!("--met-share {}: must be between 0 and 1", args.met_share).into());
    }
    let standards: &Standards = &settings.standards;
    let world = load_world(settings, args.people.scenario.as_deref()).await?;
    let standard = standards.of(&args.standard, &world.register, &settings.kinds).ok_or_else(|| {
        let keys = standards.keys(&world.register);
        format!("--standard {}: unknown standard. Available: {}", args.standard, keys.join(", "))
    })?;
    let network = world.network()?;
    let (travel, region, group) = args.people.read(&world.register)?;
    let assess = || analysis::assess(&world, network, &standard, travel, region, &group);
    let found = output.working("assessment", assess)?;
    let (value, mut lines) = report(&found, args.met_share);
    if let Some((format, path)) = format {
        let text = match format {
            Format::Csv => regions_csv(&found),
            Format::GeoJson | Format::FlatGeobuf | Format::GeoParquet | Format::Svg => {
                regions_geojson(&found, &world.register, world.attribution())
            }
        };
        lines.push(write(path, format, &text, &world)?);
    }
    output.result(&value, &lines.join("\n"));
    Ok(ExitCode::SUCCESS)
}

/// Returns the assessment as JSON and as text.
fn report(found: &Assessment, met_share: f64) -> (Value, Vec<String>) {
    let standard = &found.standard;
    let mut lines = vec![format!("{}: {:.1} of 100 for {:.0} people", standard.name_en, found.score, found.people)];
    let mut rows = Vec::new();
    for (requirement, met) in standard.requirements.iter().zip(&found.requirements) {
        let is_met = met.is_met(requirement, met_share);
        lines.push(format!(
            "  {} {:32} {:>7} within {} {}",
            if is_met { "met    " } else { "not met" },
            requirement.name_en,
            percent(met.share.share()),
            requirement.limit,
            requirement.measure.name()
        ));
        rows.push(
            json!({"key": requirement.key, "share": met.share.share(), "met": is_met, "facilities": met.facilities}),
        );
    }
    lines.push(format!(
        "  least served tenth ({:.0} people): meets at most {:.0} % of the requirements",
        found.least_served.people, found.least_served.score
    ));
    for (rank, rated) in found.regions.iter().enumerate() {
        let name = rated.name.as_deref().unwrap_or("(unknown region)");
        lines.push(format!("  {:3}. {} {name}: {:.1}", rank + 1, rated.code.as_deref().unwrap_or("-"), rated.score));
    }
    let regions: Vec<Value> = found
        .regions
        .iter()
        .map(|r| json!({"code": r.code, "name": r.name, "people": r.people, "score": r.score}))
        .collect();
    let value = json!({
        "standard": standard.key, "source": standard.source, "people": found.people, "score": found.score,
        "requirements": rows, "regions": regions,
        "leastServed": {"people": found.least_served.people, "score": found.least_served.score},
    });
    (value, lines)
}
