//! `walkshed sites`: sites for new facilities.

use super::args::NeedArgs;
use super::file::{Format, OutputFileArgs, write};
use super::summary::percent;
use super::world::load_world;
use crate::cli::map;
use crate::cli::output::{Failure, Output};
use crate::cli::settings::Settings;
use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use std::process::ExitCode;
use walkshed_analysis::{self as analysis, Candidates, Objective, SiteSearch, Suggestions, sites_csv, sites_geojson};

/// Time limit of the exact site search.
const EXACT_SECONDS: f64 = 60.0;

/// The objective of a site search.
#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goal {
    /// Maximise the number of people within the limit.
    MaxCover,
    /// Minimise the number of sites that cover a share of the people any candidate can reach.
    MinFacilities,
    /// Minimise the mean time or distance to the nearest facility.
    MinMeanTime,
}

#[derive(Args, Debug)]
#[group(skip)]
pub struct SitesArgs {
    #[command(flatten)]
    need: NeedArgs,
    /// Maximum number of sites, 1 to 1000.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=1000))]
    count: u16,
    /// Objective of the search.
    #[arg(long, value_name = "GOAL", default_value = "max-cover")]
    objective: Goal,
    /// For min-facilities: share of people to cover, more than 0 and at most 1.
    #[arg(long, value_name = "F", default_value_t = 1.0)]
    share: f64,
    /// Search for the optimal solution, for at most 60 seconds. For at most 400 candidates that gain anything.
    #[arg(long)]
    exact: bool,
    /// Capacity of each new site, in people. Existing facilities keep their own capacities and the people they serve.
    #[arg(long, value_name = "N", conflicts_with = "exact")]
    capacity: Option<f64>,
    /// Choose among planned and closed facilities instead of all populated cells.
    #[arg(long)]
    vacant: bool,
    #[command(flatten)]
    out: OutputFileArgs,
}

/// Runs `walkshed sites`.
pub async fn run(args: &SitesArgs, settings: &Settings, output: &Output) -> Result<ExitCode, Failure> {
    let format = args.out.format()?;
    if !(args.share > 0.0 && args.share <= 1.0) {
        return Err(format!("--share {}: must be more than 0 and at most 1", args.share).into());
    }
    if let Some(bad) = args.capacity.filter(|c| !(*c > 0.0 && c.is_finite())) {
        return Err(format!("--capacity {bad}: must be more than 0").into());
    }
    let world = load_world(settings, args.need.people.scenario.as_deref()).await?;
    let network = world.network()?;
    let question = args.need.question(settings, &world.register)?;
    let objective = match args.objective {
        Goal::MaxCover => Objective::MaxCover,
        Goal::MinFacilities => Objective::MinFacilities { share: args.share },
        Goal::MinMeanTime => Objective::MinMeanTime,
    };
    let candidates = if args.vacant { Candidates::Vacant } else { Candidates::Cells };
    let exact_seconds = args.exact.then_some(EXACT_SECONDS);
    let search =
        SiteSearch { exact_seconds, capacity: args.capacity, ..SiteSearch::new(objective, usize::from(args.count)) };
    let find = || analysis::suggest_sites(&world, network, &question, &search, &candidates);
    let found: Suggestions = output.working("sites", find)?;
    let (value, mut lines) = report(&found, objective);
    if let Some((format, path)) = format {
        let text = match format {
            Format::GeoJson | Format::FlatGeobuf | Format::GeoParquet => sites_geojson(&found, world.attribution()),
            Format::Csv => sites_csv(&found),
            Format::Svg => {
                let today = analysis::coverage(&world, network, question)?;
                let gaps = today.gaps(&world.register);
                map::coverage(&world, network, &today, &gaps, Some(&found))?
            }
        };
        lines.push(write(path, format, &text, &world)?);
    }
    output.result(&value, &lines.join("\n"));
    Ok(ExitCode::SUCCESS)
}

/// Returns the sites as JSON and as text.
fn report(found: &Suggestions, objective: Objective) -> (Value, Vec<String>) {
    let people = found.before.people;
    let mut lines = vec![format!("Covered today: {} of {people:.0} people", percent(found.before.share()))];
    let mut rows = Vec::new();
    for (n, site) in found.list.iter().enumerate() {
        let street = site.street.as_deref().unwrap_or("(unnamed street)");
        let share = site.share(people);
        lines.push(format!(
            "  {}. {street} ({:.6}, {:.6}): {:.0} {}, {} in total",
            n + 1,
            site.position.lon(),
            site.position.lat(),
            site.gained,
            if objective == Objective::MinMeanTime { "person-minutes or -metres saved" } else { "more people covered" },
            percent(share)
        ));
        rows.push(json!({
            "lon": site.position.lon(), "lat": site.position.lat(), "cell": site.cell.to_string(), "street": site.street,
            "gained": site.gained, "covered": site.covered, "mean": site.mean,
        }));
    }
    let bound = if found.gained > 0.0 { found.bound / found.gained - 1.0 } else { 0.0 };
    lines.push(if found.is_exact {
        format!("Optimal: no other choice among {} candidates gains more.", found.candidates)
    } else {
        format!(
            "Optimality bound: the best possible {} sites among {} candidates gain at most {} more.",
            found.list.len(),
            found.candidates,
            percent(bound)
        )
    });
    let value = json!({
        "before": found.before.covered, "after": found.after.covered, "people": people, "sites": rows,
        "gained": found.gained, "bound": found.bound, "gap": found.gap, "exact": found.is_exact, "fewest": found.fewest,
        "candidates": found.candidates, "candidatesOffNetwork": found.off_network,
    });
    (value, lines)
}
