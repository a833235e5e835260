//! `walkshed gaps`: under-served areas, largest first.

use super::args::NeedArgs;
use super::file::{Format, OutputFileArgs, write};
use super::summary::summary;
use super::world::load_world;
use crate::cli::map;
use crate::cli::output::{Failure, Output};
use crate::cli::settings::Settings;
use clap::Args;
use serde_json::{Value, json};
use std::process::ExitCode;
use walkshed_analysis::{self as analysis, Coverage, Gap, gaps_csv, gaps_geojson};
use walkshed_register::{Category, Register};

/// Number of gaps that are printed.
const MAX_LISTED: usize = 10;

#[derive(Args, Debug)]
#[group(skip)]
pub struct GapsArgs {
    #[command(flatten)]
    need: NeedArgs,
    /// List only gaps with at least this many people.
    #[arg(long, value_name = "N", default_value_t = 0.0)]
    min_people: f64,
    #[command(flatten)]
    out: OutputFileArgs,
}

/// Runs `walkshed gaps`.
pub async fn run(args: &GapsArgs, settings: &Settings, output: &Output) -> Result<ExitCode, Failure> {
    let format = args.out.format()?;
    let world = load_world(settings, args.need.people.scenario.as_deref()).await?;
    let network = world.network()?;
    let question = args.need.question(settings, &world.register)?;
    let found = output.working("gaps", || analysis::coverage(&world, network, question))?;
    let register = &world.register;
    let mut gaps = found.gaps(register);
    gaps.retain(|g| g.people >= args.min_people);
    let (value, mut lines) = report(&found, &gaps, register);
    if let Some((format, path)) = format {
        let text = match format {
            Format::GeoJson | Format::FlatGeobuf | Format::GeoParquet => {
                gaps_geojson(&found, register, &gaps, world.attribution())
            }
            Format::Csv => gaps_csv(&found, register, &gaps),
            Format::Svg => map::coverage(&world, network, &found, &gaps, None)?,
        };
        lines.push(write(path, format, &text, &world)?);
    }
    output.result(&value, &lines.join("\n"));
    Ok(ExitCode::SUCCESS)
}

/// Returns the summary and the largest gaps as JSON and as text.
fn report(found: &Coverage, gaps: &[Gap], register: &Register) -> (Value, Vec<String>) {
    let (mut value, mut lines) = summary(found);
    let measure = found.question.need.measure;
    lines.push(format!("{} gaps, largest first:", gaps.len()));
    let mut rows = Vec::new();
    for gap in gaps.iter().take(MAX_LISTED) {
        let district = gap.district.as_deref().and_then(|d| register.regions.find(d)).map(|r| r.name.clone());
        let nearest = gap.nearest.and_then(|n| Some((n.0, register.facilities.get(n.1)?)));
        let missed = found.category_of(gap.missed.0).map(Category::english);
        let distance = nearest.and_then(|n| measure.value(n.0));
        lines.push(format!(
            "  {:.0} people in {} cells{}; {}{}",
            gap.people,
            gap.cells.len(),
            district.as_ref().map_or_else(String::new, |d| format!(", {d}")),
            missed.map_or_else(String::new, |m| format!("most lack {m}; ")),
            match (nearest, distance) {
                (Some(n), Some(distance)) => format!("nearest: {}, {distance:.1} {}", n.1.name, measure.name()),
                _ => "none within the search limit".to_owned(),
            }
        ));
        rows.push(json!({
            "people": gap.people, "cells": gap.cells.len(), "district": gap.district, "missed": missed,
            "nearest": nearest.map(|n| n.1.external_id.clone()), "distance": distance,
        }));
    }
    value["gaps"] = json!(gaps.len());
    value["largest"] = rows.into();
    (value, lines)
}
