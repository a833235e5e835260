//! `walkshed coverage`, `gaps`, `sites` and `assess`: planners' questions from the command line, answered in a sentence and, with
//! `--out`, as a file for a map, a spreadsheet or a report.

use super::map;
use super::output::{Failure, Output};
use super::settings::Settings;
use clap::{Args, ValueEnum};
use h3o::Resolution;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use walkshed_analysis::world::World;
use walkshed_analysis::{
    self as analysis, Balance, Candidates, Coverage, DEFAULT_MET_SHARE, Measure, Need, Objective, PartChange, Question,
    SiteSearch, Standards, Suggestions, Travel, Wishes, apply_scenario, cells_csv, cells_geojson, changes_csv,
    changes_geojson, gaps_csv, gaps_geojson, regions_csv, regions_geojson, sites_csv, sites_geojson,
};
use walkshed_engine::{Direction, MAX_NEAREST, Network, Profile, replace_file};
use walkshed_exchange::{flatgeobuf, geoparquet};
use walkshed_register::{Audience, Category, EVERYONE, Kinds, RegionCode, Register, group_name};

/// How long the best sites are looked for.
const EXACT_SECONDS: f64 = 60.0;

/// Who is asked about, and what they need.
#[derive(Args, Debug)]
#[group(skip)]
pub struct Asked {
    /// Facilities of this category (community_governance, life_services, culture_sports, health_care, elderly_care,
    /// lifelong_education, employment) [default: all seven together].
    #[arg(long, value_name = "CATEGORY")]
    category: Option<Category>,
    /// Facilities of any of these kinds, such as clinic,health_station.
    #[arg(long, value_name = "KIND,KIND", value_delimiter = ',', conflicts_with = "category")]
    kinds: Vec<String>,
    /// Within so many minutes; what takes exactly as long is inside [default: 15].
    #[arg(long, value_name = "M")]
    minutes: Option<f64>,
    /// Within so many metres over the network, in place of minutes.
    #[arg(long, value_name = "M", conflicts_with = "minutes")]
    metres: Option<f64>,
    /// So many facilities, 1 to 10.
    #[arg(long, value_name = "N", default_value_t = 1)]
    min_count: usize,
    /// Only those open at this moment, such as 2026-11-25T01:00:00+08:00.
    #[arg(long, value_name = "MOMENT")]
    open_at: Option<jiff::Timestamp>,
    /// Only those for these people, such as elderly or couriers.
    #[arg(long, value_name = "WHO")]
    audience: Option<Audience>,
    #[command(flatten)]
    who: Who,
}

/// Who is asked about.
#[derive(Args, Debug, Clone)]
#[group(skip)]
pub struct Who {
    /// Only who lives in this region, by its code [default: everyone].
    #[arg(long, value_name = "CODE")]
    region: Option<String>,
    /// The group of people, such as 60+ or new_employment.
    #[arg(long, value_name = "GROUP", default_value = EVERYONE)]
    group: String,
    /// Who travels: adult, senior, child, wheelchair, stroller or bicycle.
    #[arg(long, default_value = "adult")]
    profile: Profile,
    /// People come from the facilities, not to them.
    #[arg(long)]
    away: bool,
    /// The city as this scenario has it, by its key [default: as it is].
    #[arg(long, value_name = "KEY")]
    scenario: Option<String>,
}

/// Where the answer goes.
#[derive(Args, Debug)]
#[group(skip)]
pub struct Out {
    /// Write the answer to this file: .geojson, .fgb (FlatGeobuf), .parquet (GeoParquet), .csv or .svg (a map).
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Args, Debug)]
#[group(skip)]
pub struct CoverageArgs {
    #[command(flatten)]
    asked: Asked,
    /// Each facility takes as many as its capacity says, the nearest first.
    #[arg(long)]
    capacity: bool,
    /// Put the cells of the file together to this H3 resolution, coarser than theirs.
    #[arg(long, value_name = "R")]
    resolution: Option<u8>,
    #[command(flatten)]
    out: Out,
}

#[derive(Args, Debug)]
#[group(skip)]
pub struct GapsArgs {
    #[command(flatten)]
    asked: Asked,
    /// Only gaps of so many people or more.
    #[arg(long, value_name = "N", default_value_t = 0.0)]
    min_people: f64,
    #[command(flatten)]
    out: Out,
}

/// What is to be made as large, or as small, as can be.
#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goal {
    /// Most people within the limit.
    MaxCover,
    /// Fewest sites for a share of the people any candidate reaches.
    MinFacilities,
    /// Least mean distance to the nearest.
    MinMeanTime,
}

#[derive(Args, Debug)]
#[group(skip)]
pub struct SitesArgs {
    #[command(flatten)]
    asked: Asked,
    /// How many sites at most.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=1000))]
    count: u16,
    /// What is to be reached.
    #[arg(long, value_name = "GOAL", default_value = "max-cover")]
    objective: Goal,
    /// For min-facilities: the share to cover, over 0 to 1.
    #[arg(long, value_name = "F", default_value_t = 1.0)]
    share: f64,
    /// Find the best choice there is, of small problems (400 candidates that gain anything at most), within a minute.
    #[arg(long)]
    exact: bool,
    /// Each new site takes so many people; what is open today takes as many as its own capacity says, and keeps whom it has.
    #[arg(long, value_name = "N", conflicts_with = "exact")]
    capacity: Option<f64>,
    /// Choose among facilities that are planned or closed, not among all cells with people.
    #[arg(long)]
    vacant: bool,
    #[command(flatten)]
    out: Out,
}

#[derive(Args, Debug)]
#[group(skip)]
pub struct AssessArgs {
    /// The standard: gb_50180_2018, service_circle, or one of the configuration.
    #[arg(long, value_name = "KEY", default_value = "service_circle")]
    standard: String,
    /// A requirement counts as met when it is for this share of the people, 0 to 1.
    #[arg(long, value_name = "F", default_value_t = DEFAULT_MET_SHARE)]
    met_share: f64,
    #[command(flatten)]
    who: Who,
    #[command(flatten)]
    out: Out,
}

#[derive(Args, Debug)]
#[group(skip)]
pub struct CompareArgs {
    #[command(flatten)]
    asked: Asked,
    /// The scenario before, by its key [default: the city as it is]. With --before alone, the city as it is comes after.
    #[arg(long, value_name = "KEY")]
    before: Option<String>,
    /// Each facility takes as many as its capacity says, the nearest first.
    #[arg(long)]
    capacity: bool,
    #[command(flatten)]
    out: Out,
}

/// What a file is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    GeoJson,
    FlatGeobuf,
    GeoParquet,
    Csv,
    Svg,
}

impl Out {
    /// Known before the work begins, so that a slip of the pen is told at once.
    fn format(&self) -> Result<Option<(Format, &Path)>, Failure> {
        let Some(path) = &self.out else { return Ok(None) };
        let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase();
        let format = match extension.as_str() {
            "geojson" | "json" => Format::GeoJson,
            "fgb" => Format::FlatGeobuf,
            "parquet" | "geoparquet" => Format::GeoParquet,
            "csv" => Format::Csv,
            "svg" => Format::Svg,
            _ => {
                return Err(
                    format!("--out {}: must end in .geojson, .fgb, .parquet, .csv or .svg", path.display()).into()
                );
            }
        };
        Ok(Some((format, path)))
    }
}

fn write(path: &Path, format: Format, text: &str, world: &World) -> Result<String, Failure> {
    let told = |why: &dyn std::fmt::Display| format!("--out {}: {why}", path.display());
    let mut left_out = 0;
    let packed = match format {
        Format::FlatGeobuf => {
            let name = path.file_stem().and_then(|n| n.to_str()).unwrap_or("walkshed");
            let file = flatgeobuf(text, name, world.attribution()).map_err(|e| told(&e))?;
            left_out = file.without_geometry;
            Some(file.bytes)
        }
        Format::GeoParquet => Some(geoparquet(text, world.attribution()).map_err(|e| told(&e))?),
        // A table has no place for a notice but its rows.
        Format::Csv if world.register.demonstration.is_some() => Some(marked(text).map_err(|e| told(&e))?),
        Format::GeoJson | Format::Csv | Format::Svg => None,
    };
    let bytes = packed.as_deref().unwrap_or(text.as_bytes());
    replace_file(path, bytes).map_err(|e| told(&e))?;
    let note =
        if left_out > 0 { format!("; {left_out} regions without an outline are not in it") } else { String::new() };
    Ok(format!("written to {} ({:.0} kB){note}", path.display(), bytes.len() as f64 / 1000.0))
}

/// CSV with a column more that says SYNTHETIC in every row.
fn marked(text: &str) -> csv::Result<Vec<u8>> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut header = reader.headers()?.clone();
    header.push_field("notice");
    writer.write_record(&header)?;
    for row in reader.records() {
        let mut row = row?;
        row.push_field("SYNTHETIC");
        writer.write_record(&row)?;
    }
    writer.into_inner().map_err(|e| e.into_error().into())
}

async fn world(settings: &Settings, who: &Who) -> Result<World, Failure> {
    let folder = settings.folder()?;
    let store = folder.store().await?;
    let world = folder.world(&store).await?;
    store.close().await;
    match &who.scenario {
        None => Ok(world),
        Some(key) => laid("--scenario", key, &world),
    }
}

/// The world as the scenario of a key has it.
fn laid(flag: &str, key: &str, world: &World) -> Result<World, Failure> {
    let known = &world.register.scenarios;
    let Some(scenario) = known.find(key) else {
        let keys: Vec<&str> = known.iter().map(|s| s.key.as_str()).collect();
        let all = if keys.is_empty() { "there are none".to_owned() } else { format!("there are {}", keys.join(", ")) };
        return Err(format!("{flag} {key}: there is no such scenario; {all}").into());
    };
    let laid = apply_scenario(world, scenario);
    laid.map_err(|e| format!("{flag} {key}: does not fit the city as it is now: {e}").into())
}

impl Who {
    fn read(&self, register: &Register) -> Result<(Travel, Option<RegionCode>, String), Failure> {
        let region = match &self.region {
            None => None,
            Some(text) => {
                let code = RegionCode::new(text).map_err(|e| format!("--region \"{text}\" {e}"))?;
                if register.regions.place_of(code.as_str()).is_none() && register.centers_in(&code).is_empty() {
                    return Err(format!("--region {text}: there is no region or center with that code").into());
                }
                Some(code)
            }
        };
        let group = group_name(&self.group).map_err(|e| format!("--group \"{}\" {e}", self.group))?;
        if register.people(&group).is_none() {
            let known: Vec<&str> =
                std::iter::once(EVERYONE).chain(register.groups.keys().map(String::as_str)).collect();
            return Err(format!("--group {}: there are people of the groups {}", self.group, known.join(", ")).into());
        }
        let direction = if self.away { Direction::From } else { Direction::Towards };
        Ok((Travel { profile: self.profile, direction }, region, group))
    }
}

impl Asked {
    fn question(&self, settings: &Settings, register: &Register) -> Result<Question, Failure> {
        let (measure, limit) = match self.metres {
            Some(metres) => (Measure::Metres, metres),
            None => (Measure::Minutes, self.minutes.unwrap_or(15.0)),
        };
        let most = match measure {
            Measure::Minutes => settings.server.limits.max_minutes,
            Measure::Metres => measure.horizon(),
        };
        if !(limit > 0.0 && limit <= most) {
            return Err(format!("--{} {limit}: must be more than 0 and no more than {most}", measure.name()).into());
        }
        if !(1..=MAX_NEAREST).contains(&self.min_count) {
            return Err(format!("--min-count {}: must be between 1 and {MAX_NEAREST}", self.min_count).into());
        }
        let common = Wishes { open_at: self.open_at, audience: self.audience, ..Wishes::default() };
        let kinds: &Kinds = &settings.kinds;
        let key = |text: &String| {
            kinds.find(text).map(|k| k.key.clone()).ok_or_else(|| format!("--kinds {}", kinds.unknown(text)))
        };
        let kinds = self.kinds.iter().map(key).collect::<Result<_, _>>()?;
        let parts = Need::parts_for(self.category, Wishes { kinds, ..common });
        let (travel, region, group) = self.who.read(register)?;
        let need = Need { parts, measure, limit, min_count: self.min_count };
        Ok(Question { need, travel, region, group, with_capacity: false })
    }
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

fn summary(found: &Coverage) -> (Value, Vec<String>) {
    let (total, unit) = (found.total, found.question.need.measure.name());
    let value = json!({
        "people": total.people,
        "covered": total.covered,
        "uncovered": total.uncovered(),
        "offNetwork": total.off_network,
        "share": total.share(),
        "unit": unit,
        "limit": found.question.need.limit,
        "mean": found.mean(),
    });
    let mut lines = vec![format!(
        "{:.0} of {:.0} people ({}) have it within {} {unit}, {:.0} have not{}",
        total.covered,
        total.people,
        percent(total.share()),
        found.question.need.limit,
        total.uncovered(),
        if total.off_network > 0.0 {
            format!(", {:.0} live off the network", total.off_network)
        } else {
            String::new()
        }
    )];
    if found.question.need.parts.len() > 1 {
        for (share, part) in found.parts.iter().zip(&found.question.need.parts) {
            let name = part.category.map_or("", Category::english);
            lines.push(format!("  {name:30} {}", percent(share.share())));
        }
    }
    (value, lines)
}

fn ask(world: &World, network: &Network, question: Question) -> Result<Coverage, Failure> {
    Ok(analysis::coverage(world, network, question)?)
}

/// Carries out `walkshed coverage`.
pub async fn coverage_of(args: &CoverageArgs, settings: &Settings, output: &Output) -> Result<ExitCode, Failure> {
    let format = args.out.format()?;
    let world = world(settings, &args.asked.who).await?;
    let network = world.network()?;
    let question = Question { with_capacity: args.capacity, ..args.asked.question(settings, &world.register)? };
    let found = output.working("coverage", || ask(&world, network, question))?;
    let (mut value, mut lines) = summary(&found);
    let rows = found.by_region(&world.register);
    for row in &rows {
        let name = row.name.as_deref().unwrap_or("(region not known)");
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

/// Carries out `walkshed compare`.
pub async fn compare_of(args: &CompareArgs, settings: &Settings, output: &Output) -> Result<ExitCode, Failure> {
    let format = args.out.format()?;
    if matches!(format, Some((Format::Svg, _))) {
        return Err("--out: a comparison is written as .geojson, .fgb, .parquet or .csv".to_owned().into());
    }
    let city = world(settings, &Who { scenario: None, ..args.asked.who.clone() }).await?;
    let (key, before, after) = match (&args.before, &args.asked.who.scenario) {
        (None, None) => {
            let why =
                analysis::missing_scenario_message(&city.register, |key| format!("walkshed compare --scenario {key}"));
            return Err(format!("the command {why}").into());
        }
        (None, Some(key)) => {
            let after = laid("--scenario", key, &city)?;
            (key.as_str(), city, after)
        }
        (Some(key), None) => {
            let before = laid("--before", key, &city)?;
            ("the city as it is", before, city)
        }
        (Some(before), Some(key)) => (key.as_str(), laid("--before", before, &city)?, laid("--scenario", key, &city)?),
    };
    before.network()?;
    let question = Question { with_capacity: args.capacity, ..args.asked.question(settings, &before.register)? };
    let found = output.working("compare", || analysis::compare(&before, &after, &question))?;
    let (total, register) = (found.total(), &after.register);
    let (was, is) = (found.before.total, found.after.total);
    let mut lines = vec![format!(
        "{} of {:.0} people are covered, {} were: {:.0} gain, {:.0} lose, {:.0} have it nearer, {:.0} farther",
        percent(is.share()),
        is.people,
        percent(was.share()),
        total.gained,
        total.lost,
        total.nearer,
        total.farther
    )];
    let row = |name: &str, b: &Balance| json!({"name": name, "gained": b.gained, "lost": b.lost, "nearer": b.nearer, "farther": b.farther});
    let mut value = row(key, &total);
    value["before"] = json!(was.covered);
    value["after"] = json!(is.covered);
    value["people"] = json!(is.people);
    if found.parts.len() > 1 {
        let name = |p: &PartChange| p.category.map_or("", Category::english);
        for p in &found.parts {
            lines.push(format!(
                "  {:32} {}, was {}: {:.0} gain, {:.0} lose, {:.0} nearer, {:.0} farther",
                name(p),
                percent(p.after.share()),
                percent(p.before.share()),
                p.balance.gained,
                p.balance.lost,
                p.balance.nearer,
                p.balance.farther
            ));
        }
        value["categories"] =
            found.parts.iter().map(|p| row(p.category.map_or("", Category::key), &p.balance)).collect();
    }
    let groups = found.by_group(register);
    for g in groups.iter().filter(|g| g.balance != Balance::default()) {
        lines.push(format!("  of {} {:.0} gain, {:.0} lose", g.group, g.balance.gained, g.balance.lost));
    }
    value["groups"] = groups.iter().map(|g| row(&g.group, &g.balance)).collect();
    let regions = found.by_region(register);
    for r in regions.iter().filter(|r| r.balance != Balance::default()) {
        let name = r.name.as_deref().unwrap_or("(region not known)");
        lines.push(format!(
            "  {} {name}: {:.0} gain, {:.0} lose",
            r.code.as_deref().unwrap_or("-"),
            r.balance.gained,
            r.balance.lost
        ));
    }
    value["regions"] = regions.iter().map(|r| row(r.code.as_deref().unwrap_or_default(), &r.balance)).collect();
    if let Some((format, path)) = format {
        let text =
            if format == Format::Csv { changes_csv(&found) } else { changes_geojson(&found, after.attribution()) };
        lines.push(write(path, format, &text, &after)?);
    }
    output.result(&value, &lines.join("\n"));
    Ok(ExitCode::SUCCESS)
}

/// Carries out `walkshed gaps`.
pub async fn gaps_of(args: &GapsArgs, settings: &Settings, output: &Output) -> Result<ExitCode, Failure> {
    let format = args.out.format()?;
    let world = world(settings, &args.asked.who).await?;
    let network = world.network()?;
    let question = args.asked.question(settings, &world.register)?;
    let found = output.working("gaps", || ask(&world, network, question))?;
    let register = &world.register;
    let mut gaps = found.gaps(register);
    gaps.retain(|g| g.people >= args.min_people);
    let (mut value, mut lines) = summary(&found);
    let measure = found.question.need.measure;
    lines.push(format!("{} gaps, the largest:", gaps.len()));
    let mut rows = Vec::new();
    for gap in gaps.iter().take(10) {
        let district = gap.district.as_deref().and_then(|d| register.regions.find(d)).map(|r| r.name.clone());
        let nearest = gap.nearest.and_then(|n| Some((n.0, register.facilities.get(n.1)?)));
        let missed = found.category_of(gap.missed.0).map(Category::english);
        let far = nearest.and_then(|n| measure.value(n.0));
        lines.push(format!(
            "  {:.0} people in {} cells{}; {}{}",
            gap.people,
            gap.cells.len(),
            district.as_ref().map_or_else(String::new, |d| format!(", {d}")),
            missed.map_or_else(String::new, |m| format!("most miss {m}; ")),
            match (nearest, far) {
                (Some(n), Some(far)) => format!("nearest: {}, {far:.1} {}", n.1.name, measure.name()),
                _ => "nothing within the horizon".to_owned(),
            }
        ));
        rows.push(json!({
            "people": gap.people, "cells": gap.cells.len(), "district": gap.district, "missed": missed,
            "nearest": nearest.map(|n| n.1.external_id.clone()), "distance": far,
        }));
    }
    value["gaps"] = json!(gaps.len());
    value["largest"] = rows.into();
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

/// Carries out `walkshed sites`.
pub async fn sites_of(args: &SitesArgs, settings: &Settings, output: &Output) -> Result<ExitCode, Failure> {
    let format = args.out.format()?;
    if !(args.share > 0.0 && args.share <= 1.0) {
        return Err(format!("--share {}: must be more than 0 and at most 1", args.share).into());
    }
    if let Some(bad) = args.capacity.filter(|c| !(*c > 0.0 && c.is_finite())) {
        return Err(format!("--capacity {bad}: must be more than 0").into());
    }
    let world = world(settings, &args.asked.who).await?;
    let network = world.network()?;
    let question = args.asked.question(settings, &world.register)?;
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
    let people = found.before.people;
    let mut lines = vec![format!("today {} of {people:.0} people are covered", percent(found.before.share()))];
    let mut rows = Vec::new();
    for (n, site) in found.list.iter().enumerate() {
        let street = site.street.as_deref().unwrap_or("(street without a name)");
        let share = site.share(people);
        lines.push(format!(
            "  {}. {street} ({:.6}, {:.6}): {:.0} {}, then {}",
            n + 1,
            site.position.lon(),
            site.position.lat(),
            site.gained,
            if objective == Objective::MinMeanTime { "person-minutes or -metres saved" } else { "people more" },
            percent(share)
        ));
        rows.push(json!({
            "lon": site.position.lon(), "lat": site.position.lat(), "cell": site.cell.to_string(), "street": site.street,
            "gained": site.gained, "covered": site.covered, "mean": site.mean,
        }));
    }
    lines.push(if found.is_exact {
        format!("no other choice among {} candidates gains more", found.candidates)
    } else {
        format!(
            "no other choice of {} among {} candidates gains more than {} more",
            found.list.len(),
            found.candidates,
            percent(if found.gained > 0.0 { found.bound / found.gained - 1.0 } else { 0.0 })
        )
    });
    let value = json!({
        "before": found.before.covered, "after": found.after.covered, "people": people, "sites": rows,
        "gained": found.gained, "bound": found.bound, "gap": found.gap, "exact": found.is_exact, "fewest": found.fewest,
        "candidates": found.candidates, "candidatesOffNetwork": found.off_network,
    });
    if let Some((format, path)) = format {
        let text = match format {
            Format::GeoJson | Format::FlatGeobuf | Format::GeoParquet => sites_geojson(&found, world.attribution()),
            Format::Csv => sites_csv(&found),
            Format::Svg => {
                let today = ask(&world, network, question)?;
                let gaps = today.gaps(&world.register);
                map::coverage(&world, network, &today, &gaps, Some(&found))?
            }
        };
        lines.push(write(path, format, &text, &world)?);
    }
    output.result(&value, &lines.join("\n"));
    Ok(ExitCode::SUCCESS)
}

/// Carries out `walkshed assess`.
pub async fn assess(args: &AssessArgs, settings: &Settings, output: &Output) -> Result<ExitCode, Failure> {
    let format = args.out.format()?;
    if matches!(format, Some((Format::Svg, _))) {
        return Err("--out: an assessment is written as .geojson, .fgb, .parquet or .csv".to_owned().into());
    }
    if !(0.0..=1.0).contains(&args.met_share) {
        return Err(format!("--met-share {}: must be between 0 and 1", args.met_share).into());
    }
    let standards: &Standards = &settings.standards;
    let world = world(settings, &args.who).await?;
    let standard = standards.of(&args.standard, &world.register, &settings.kinds).ok_or_else(|| {
        let keys = standards.keys(&world.register);
        format!("--standard {}: there are {}", args.standard, keys.join(", "))
    })?;
    let network = world.network()?;
    let (travel, region, group) = args.who.read(&world.register)?;
    let assess = || analysis::assess(&world, network, &standard, travel, region, &group);
    let found = output.working("assessment", assess)?;
    let mut lines = vec![format!("{}: {:.1} of 100 for {:.0} people", standard.name_en, found.score, found.people)];
    let mut rows = Vec::new();
    for (requirement, met) in standard.requirements.iter().zip(&found.requirements) {
        let is_met = met.is_met(requirement, args.met_share);
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
        "  the least served tenth ({:.0} people) has {:.0} % of it at best",
        found.least_served.people, found.least_served.score
    ));
    for (rank, rated) in found.regions.iter().enumerate() {
        let name = rated.name.as_deref().unwrap_or("(region not known)");
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
