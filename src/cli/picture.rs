//! `walkshed picture`: draws a walkshed as an SVG picture, for reports and for this project's README.

use super::map::{Frame, foot, head, path_of, streets};
use super::output::{Failure, Output};
use super::settings::Settings;
use clap::Args;
use geo::{BoundingRect, MultiPolygon};
use serde_json::json;
use std::fmt::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use walkshed_analysis::world::{SnappedPoint, World};
use walkshed_analysis::{self as analysis, Walkshed};
use walkshed_engine::geo::Position;
use walkshed_engine::walkshed::{Detail, Outline};
use walkshed_engine::{Direction, Network, Profile, replace_file};

/// What to draw.
#[derive(Args, Debug)]
#[group(skip)]
pub struct PictureArgs {
    /// Origin, as WGS-84 longitude and latitude in degrees.
    #[arg(long, value_name = "LON,LAT", allow_hyphen_values = true, required_unless_present_any = ["center", "facility"])]
    point: Option<String>,
    /// Origin, as the division code of a center.
    #[arg(long, value_name = "CODE", conflicts_with_all = ["point", "facility"])]
    center: Option<String>,
    /// Origin, as the external id of a facility.
    #[arg(long, value_name = "ID", conflicts_with = "point")]
    facility: Option<String>,
    /// Time limits in minutes.
    #[arg(long, value_name = "M,M", value_delimiter = ',', default_values_t = [5.0, 10.0, 15.0])]
    minutes: Vec<f64>,
    /// Travel profile: adult, senior, child, wheelchair, stroller or bicycle.
    #[arg(long, default_value = "adult")]
    profile: Profile,
    /// Draw the area from which the origin can be reached, instead of the area that can be reached from it.
    #[arg(long)]
    towards: bool,
    /// How finely outlines are drawn: fine, normal or coarse.
    #[arg(long, default_value = "normal")]
    detail: Detail,
    /// Path of the picture.
    #[arg(long, value_name = "FILE.svg")]
    out: PathBuf,
}

/// Fill colours of the bands, shortest time first. The last one is repeated.
const FILLS: [&str; 4] = ["#0b6e4f", "#2f9e79", "#86cbb0", "#c8e6d8"];

/// Runs `walkshed picture`.
pub async fn picture(args: &PictureArgs, settings: &Settings, output: &Output) -> Result<ExitCode, Failure> {
    let folder = settings.folder()?;
    let store = folder.store().await?;
    let world = folder.world(&store).await?;
    store.close().await;
    let network = world.network()?;
    let position = position_of(args, &world)?;
    let most = settings.server.limits.max_minutes;
    if let Some(bad) = args.minutes.iter().find(|m| !(**m > 0.0 && **m <= most)) {
        return Err(Failure::from(format!("--minutes {bad}: must be more than 0 and at most {most}")));
    }
    let place = SnappedPoint::new(network, position, args.profile)?;
    let direction = if args.towards { Direction::Towards } else { Direction::From };
    let mut minutes = args.minutes.clone();
    minutes.sort_by(f64::total_cmp);
    let found = analysis::walkshed(&world, network, place, args.profile, direction, &minutes, analysis::Counted::ALL)
        .with_detail(args.detail);
    let svg = draw(&world, network, &found)?;
    replace_file(&args.out, svg.as_bytes())?;
    let bands: Vec<_> = found
        .bands
        .iter()
        .zip(found.outlines(network))
        .map(|(b, p)| json!({ "minutes": b.minutes, "areaKm2": found.area_km2(p), "population": b.population }))
        .collect();
    output.result(
        &json!({ "file": args.out, "bytes": svg.len(), "bands": bands }),
        &format!("Written to {} ({:.0} kB)", args.out.display(), svg.len() as f64 / 1000.0),
    );
    Ok(ExitCode::SUCCESS)
}

fn position_of(args: &PictureArgs, world: &World) -> Result<Position, Failure> {
    if let Some(code) = &args.center {
        let center =
            world.register.centers.find(code).ok_or_else(|| format!("--center {code}: no center has this code"))?;
        return Ok(center.position);
    }
    if let Some(id) = &args.facility {
        let facility =
            world.register.facilities.find(id).ok_or_else(|| format!("--facility {id}: no facility has this id"))?;
        return Ok(facility.position);
    }
    let text = args.point.as_deref().unwrap_or_default();
    let numbers: Option<(f64, f64)> =
        text.split_once(',').and_then(|(lon, lat)| Some((lon.trim().parse().ok()?, lat.trim().parse().ok()?)));
    let (lon, lat) = numbers.ok_or_else(|| format!("--point {text}: must be LON,LAT, such as 106.55,29.56"))?;
    Ok(Position::new(lon, lat).map_err(|e| format!("--point {text}: {e}"))?)
}

fn draw(world: &World, network: &Network, found: &Walkshed) -> Result<String, Failure> {
    let polygons: Vec<MultiPolygon<f64>> = found.outlines(network).iter().map(Outline::multi_polygon).collect();
    let rect =
        polygons.last().and_then(BoundingRect::bounding_rect).ok_or("nothing can be reached from this origin")?;
    let frame = Frame::around(rect);
    let mut svg = head(&frame, 0.0);
    bands(&mut svg, &frame, &polygons);
    streets(&mut svg, &frame, network);
    places(&mut svg, &frame, world);
    let (x, y) = frame.at(found.place.position.lon(), found.place.position.lat());
    let _ = writeln!(
        svg,
        "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"8\" fill=\"#d1495b\" stroke=\"#fff\" stroke-width=\"2.5\"/>"
    );
    legend(&mut svg, &frame, world, network, found);
    svg.push_str("</svg>\n");
    Ok(svg)
}

fn bands(svg: &mut String, frame: &Frame, polygons: &[MultiPolygon<f64>]) {
    for (i, shape) in polygons.iter().enumerate().rev() {
        let path = path_of(frame, shape);
        let fill = FILLS[i.min(FILLS.len() - 1)];
        let _ = writeln!(svg, "<path d=\"{path}\" fill=\"{fill}\" fill-rule=\"evenodd\" fill-opacity=\"0.75\"/>");
    }
}

fn places(svg: &mut String, frame: &Frame, world: &World) {
    for facility in world.register.facilities.iter() {
        let (x, y) = frame.at(facility.position.lon(), facility.position.lat());
        if frame.shows((x, y)) {
            let _ = writeln!(
                svg,
                "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.5\" fill=\"#edae49\" stroke=\"#333\" stroke-width=\"0.7\"/>"
            );
        }
    }
}

fn legend(svg: &mut String, frame: &Frame, world: &World, network: &Network, found: &Walkshed) {
    let count = found.bands.len() as f64;
    let top = 16.0;
    let _ = writeln!(
        svg,
        "<rect x=\"16\" y=\"{top}\" width=\"340\" height=\"{:.0}\" rx=\"6\" fill=\"#fff\" fill-opacity=\"0.9\"/>",
        48.0 + 24.0 * count
    );
    let way = if found.reach.direction == Direction::Towards { "to" } else { "from" };
    let _ = writeln!(
        svg,
        "<text x=\"30\" y=\"{:.0}\" font-weight=\"bold\">{}, {way} the red dot</text>",
        top + 26.0,
        capital(found.reach.profile.name())
    );
    for (i, (band, shape)) in found.bands.iter().zip(found.outlines(network)).enumerate() {
        let y = top + 50.0 + 24.0 * i as f64;
        let fill = FILLS[i.min(FILLS.len() - 1)];
        let facilities: u64 = band.facilities.iter().sum();
        let _ = writeln!(
            svg,
            "<rect x=\"30\" y=\"{:.0}\" width=\"18\" height=\"14\" fill=\"{fill}\"/><text x=\"58\" y=\"{y:.0}\">{} min: {:.2} km², {:.0} people, {facilities} places</text>",
            y - 12.0,
            band.minutes,
            found.area_km2(shape),
            band.population,
        );
    }
    foot(svg, frame, world.attribution());
}

fn capital(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_uppercase().collect::<String>() + letters.as_str()).unwrap_or_default()
}
