//! `walkshed coverage`: who has the required facilities within reach.

use super::args::NeedArgs;
use super::file::{Format, OutputFileArgs, write};
use super::summary::{percent, summary};
use super::world::load_world;
use crate::cli::map;
use crate::cli::output::{Failure, Output};
use crate::cli::settings::Settings;
use clap::Args;
use h3o::Resolution;
use serde_json::json;
use std::process::ExitCode;
use walkshed_analysis::{self as analysis, Question, cells_csv, cells_geojson};

#[derive(Args, Debug)]
#[group(skip)]
pub struct CoverageArgs {
    #[command(flatten)]
    need: NeedArgs,
    /// Respect capacities: each facility serves at most as many people as its capacity, the nearest first.
    #[arg(long)]
    capacity: bool,
    /// Aggregate the cells of the file to this coarser H3 resolution.
    #[arg(long, value_name = "R")]
    resolution: Option<u8>,
    #[command(flatten)]
    out: OutputFileArgs,
}

/// Runs `walkshed coverage`.
pub async fn run(args: &CoverageArgs, settings: &Settings, output: &Output) -> Result<ExitCode, Failure> {
    let format = args.out.format()?;
    let world = load_world(settings, args.need.people.scenario.as_deref()).await?;
    let network = world.network()?;
    let question = Question { with_capacity: args.capacity, ..args.need.question(settings, &world.register)? };
    let found = output.working("coverage", || analysis::coverage(&world, network, question))?;
    let (mut value, mut lines) = summary(&found);
    let rows = found.by_region(&world.register);
    for row in &rows {
        let name = row.name.as_deref().unwrap_or("(unknown region)");
        lines.push(format!("  {} {name}: {}", row.code.as_deref().unwrap_or("-"), percent(row.share.share())));
    }
    value["regions"] = rows
        .iter()
        .map(|r| json!({"code": r.code, "name": r.name, "people": r.share.people, "covered": r.share.covered}))
        .collect();
    if let Some((format, path)) = format {
        let own = found.resolution();
        let resolution = match args.resolution {
            None => own,
            Some(r) => Resolution::try_from(r)
                .ok()
                .filter(|r| *r <= own)
                .ok_or_else(|| format!("--resolution {r}: must be between 0 and {own}"))?,
        };
        let text = match format {
            Format::GeoJson | Format::FlatGeobuf | Format::GeoParquet => {
                cells_geojson(&found, resolution, None, world.attribution())
            }
            Format::Csv => cells_csv(&found, &world.register, resolution),
            Format::Svg => map::coverage(&world, network, &found, &[], None)?,
        };
        lines.push(write(path, format, &text, &world)?);
    }
    output.result(&value, &lines.join("\n"));
    Ok(ExitCode::SUCCESS)
}
