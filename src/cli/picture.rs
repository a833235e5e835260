//! `walkshed picture`: a walkshed as an SVG picture, for reports and for this project's own README.

use super::output::{Failure, Output};
use super::settings::Settings;
use crate::coverage::{self, Walkshed};
use crate::geo::{Fixed, Metric, Position};
use crate::network::access::Kind;
use crate::network::{Direction, Network, Profile, replace_file};
use crate::world::{PlacedPoint, World};
use clap::Args;
use geo::{BoundingRect, MultiPolygon, Rect};
use serde_json::json;
use std::fmt::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// What to draw.
#[derive(Args, Debug)]
#[group(skip)]
pub struct PictureArgs {
    /// The place, as WGS-84 longitude and latitude.
    #[arg(long, value_name = "LON,LAT", allow_hyphen_values = true, required_unless_present_any = ["center", "facility"])]
    point: Option<String>,
    /// The place, as the division code of a center.
    #[arg(long, value_name = "CODE", conflicts_with_all = ["point", "facility"])]
    center: Option<String>,
    /// The place, as the external id of a facility.
    #[arg(long, value_name = "ID", conflicts_with = "point")]
    facility: Option<String>,
    /// Time limits in minutes.
    #[arg(long, value_name = "M,M", value_delimiter = ',', default_values_t = [5.0, 10.0, 15.0])]
    minutes: Vec<f64>,
    /// Who travels: adult, senior, child, wheelchair, stroller or bicycle.
    #[arg(long, default_value = "adult")]
    profile: Profile,
    /// Draw from where the place can be reached, not what can be reached from it.
    #[arg(long)]
    towards: bool,
    /// Where to write the picture.
    #[arg(long, value_name = "FILE.svg")]
    out: PathBuf,
}

/// Width of the picture in pixels.
const WIDTH: f64 = 900.0;
/// Fills of the bands, from the shortest time on; the last one is repeated.
const FILLS: [&str; 4] = ["#0b6e4f", "#2f9e79", "#86cbb0", "#c8e6d8"];

/// Draws a walkshed.
pub async fn picture(args: &PictureArgs, settings: &Settings, output: &Output) -> Result<ExitCode, Failure> {
    let folder = settings.folder()?;
    let store = folder.store().await?;
    let world = folder.world(&store).await?;
    store.close().await;
    let network = world.network().map_err(str::to_owned)?;
    let position = position_of(args, &world)?;
    let most = settings.server.limits.max_minutes;
    if let Some(bad) = args.minutes.iter().find(|m| !(**m > 0.0 && **m <= most)) {
        return Err(Failure::from(format!("--minutes {bad}: must be more than 0 and no more than {most}")));
    }
    let place = PlacedPoint::new(network, position, args.profile)?;
    let direction = if args.towards { Direction::Towards } else { Direction::From };
    let mut minutes = args.minutes.clone();
    minutes.sort_by(f64::total_cmp);
    let found = coverage::walkshed(&world, network, place, args.profile, direction, &minutes);
    let svg = draw(&world, network, &found)?;
    replace_file(&args.out, svg.as_bytes())?;
    let bands: Vec<_> = found
        .bands
        .iter()
        .zip(found.polygons(network))
        .map(|(b, p)| json!({ "minutes": b.minutes, "areaKm2": found.area_km2(p), "population": b.population }))
        .collect();
    output.result(
        &json!({ "file": args.out, "bytes": svg.len(), "bands": bands }),
        &format!("written to {} ({:.0} kB)", args.out.display(), svg.len() as f64 / 1000.0),
    );
    Ok(ExitCode::SUCCESS)
}

fn position_of(args: &PictureArgs, world: &World) -> Result<Position, Failure> {
    if let Some(code) = &args.center {
        let center =
            world.register.centers.find(code).ok_or_else(|| format!("--center {code}: there is no such center"))?;
        return Ok(center.position);
    }
    if let Some(id) = &args.facility {
        let facility =
            world.register.facilities.find(id).ok_or_else(|| format!("--facility {id}: there is no such facility"))?;
        return Ok(facility.position);
    }
    let text = args.point.as_deref().unwrap_or_default();
    let numbers: Option<(f64, f64)> =
        text.split_once(',').and_then(|(lon, lat)| Some((lon.trim().parse().ok()?, lat.trim().parse().ok()?)));
    let (lon, lat) = numbers.ok_or_else(|| format!("--point {text}: must be LON,LAT such as 106.55,29.56"))?;
    Ok(Position::new(lon, lat).map_err(|e| format!("--point {text}: {e}"))?)
}

/// From degrees to pixels.
struct Frame {
    west: f64,
    north: f64,
    /// Pixels a degree.
    scale: (f64, f64),
    height: f64,
    metres_per_pixel: f64,
}

impl Frame {
    fn around(rect: Rect<f64>) -> Self {
        let metric = Metric::at(rect.center().y);
        let metres = (metric.kx * Fixed::PER_DEGREE, metric.ky * Fixed::PER_DEGREE);
        let margin = 0.06 * rect.width() * metres.0 + 30.0;
        let width_m = rect.width() * metres.0 + 2.0 * margin;
        let height_m = rect.height() * metres.1 + 2.0 * margin;
        let pixels_per_metre = WIDTH / width_m;
        Self {
            west: rect.min().x - margin / metres.0,
            north: rect.max().y + margin / metres.1,
            scale: (metres.0 * pixels_per_metre, metres.1 * pixels_per_metre),
            height: (height_m * pixels_per_metre).ceil(),
            metres_per_pixel: 1.0 / pixels_per_metre,
        }
    }

    fn at(&self, lon: f64, lat: f64) -> (f64, f64) {
        ((lon - self.west) * self.scale.0, (self.north - lat) * self.scale.1)
    }

    fn shows(&self, (x, y): (f64, f64)) -> bool {
        (0.0..=WIDTH).contains(&x) && (0.0..=self.height).contains(&y)
    }

    fn points(&self, line: impl Iterator<Item = (f64, f64)>) -> String {
        let mut path = String::new();
        for (i, (lon, lat)) in line.enumerate() {
            let (x, y) = self.at(lon, lat);
            // Writing to a String cannot fail.
            let _ = write!(path, "{}{x:.1} {y:.1}", if i == 0 { "M" } else { "L" });
        }
        path
    }
}

fn draw(world: &World, network: &Network, found: &Walkshed) -> Result<String, Failure> {
    let polygons = found.polygons(network);
    let rect = polygons.last().and_then(BoundingRect::bounding_rect).ok_or("nothing is reached from there")?;
    let frame = Frame::around(rect);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {0}\" font-family=\"sans-serif\" font-size=\"15\">\n\
         <rect width=\"{WIDTH}\" height=\"{0}\" fill=\"#f6f4ef\"/>\n",
        frame.height
    );
    bands(&mut svg, &frame, polygons);
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
        let rings = shape.iter().flat_map(|p| std::iter::once(p.exterior()).chain(p.interiors()));
        let path: String = rings.map(|r| frame.points(r.0.iter().map(|c| (c.x, c.y))) + "Z").collect();
        let fill = FILLS[i.min(FILLS.len() - 1)];
        let _ = writeln!(svg, "<path d=\"{path}\" fill=\"{fill}\" fill-rule=\"evenodd\" fill-opacity=\"0.75\"/>");
    }
}

fn streets(svg: &mut String, frame: &Frame, network: &Network) {
    let (mut plain, mut steps) = (String::new(), String::new());
    for id in network.edge_ids() {
        let shape = network.shape(id);
        if shape.iter().any(|p| frame.shows(frame.at(p.lon(), p.lat()))) {
            let into = if network.edge(id).kind() == Kind::Steps { &mut steps } else { &mut plain };
            into.push_str(&frame.points(shape.iter().map(|p| (p.lon(), p.lat()))));
        }
    }
    let _ = writeln!(
        svg,
        "<path d=\"{plain}\" fill=\"none\" stroke=\"#5d6470\" stroke-opacity=\"0.55\" stroke-width=\"0.8\"/>"
    );
    if !steps.is_empty() {
        let _ = writeln!(svg, "<path d=\"{steps}\" fill=\"none\" stroke=\"#b5651d\" stroke-width=\"2\"/>");
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
    for (i, (band, shape)) in found.bands.iter().zip(found.polygons(network)).enumerate() {
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
    // The longest round length that takes no more than a fifth of the width.
    let round = [50.0, 100.0, 200.0, 500.0, 1000.0, 2000.0, 5000.0];
    let metres = round.into_iter().rfind(|m| m / frame.metres_per_pixel <= WIDTH / 5.0).unwrap_or(round[0]);
    let length = metres / frame.metres_per_pixel;
    let (x, y) = (WIDTH - 20.0 - length, frame.height - 34.0);
    let _ = writeln!(
        svg,
        "<path d=\"M{x:.1} {y:.1}v6h{length:.1}v-6\" fill=\"none\" stroke=\"#222\" stroke-width=\"2\"/>\
         <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{metres} m</text>\
         <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\" font-size=\"12\" fill=\"#444\">{}</text>",
        x - 8.0,
        y + 7.0,
        WIDTH - 20.0,
        frame.height - 10.0,
        world.attribution(),
    );
}

fn capital(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_uppercase().collect::<String>() + letters.as_str()).unwrap_or_default()
}
