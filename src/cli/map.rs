//! SVG maps: the projection, streets, and coverage.

use super::output::Failure;
use geo::{BoundingRect, MultiPolygon, Rect};
use std::fmt::Write;
use walkshed_analysis::world::World;
use walkshed_analysis::{Coverage, Gap, Suggestions, matching_facilities};
use walkshed_engine::Network;
use walkshed_engine::access::Kind;
use walkshed_engine::geo::{Fixed, Metric, longitude_near};

/// Width of a picture in pixels.
pub const WIDTH: f64 = 900.0;
/// Maps with more streets than this omit them: they would be an illegible grey area of several megabytes.
const MAX_STREETS: usize = 60_000;

/// Projects degrees to pixels.
pub struct Frame {
    west: f64,
    /// Longitudes are normalised to within 180 degrees of this one.
    middle: f64,
    north: f64,
    /// Pixels per degree, of longitude and of latitude.
    scale: (f64, f64),
    pub height: f64,
    pub metres_per_pixel: f64,
}

impl Frame {
    /// Creates a frame around a rectangle in degrees, with a margin.
    pub fn around(rect: Rect<f64>) -> Self {
        let metric = Metric::at(rect.center().y);
        let metres = (metric.kx * Fixed::PER_DEGREE, metric.ky * Fixed::PER_DEGREE);
        let margin = 0.06 * rect.width() * metres.0 + 30.0;
        let width_m = rect.width() * metres.0 + 2.0 * margin;
        let height_m = rect.height() * metres.1 + 2.0 * margin;
        let pixels_per_metre = WIDTH / width_m;
        Self {
            west: rect.min().x - margin / metres.0,
            middle: rect.center().x,
            north: rect.max().y + margin / metres.1,
            scale: (metres.0 * pixels_per_metre, metres.1 * pixels_per_metre),
            height: (height_m * pixels_per_metre).ceil(),
            metres_per_pixel: 1.0 / pixels_per_metre,
        }
    }

    /// Returns the pixel coordinates of a position.
    pub fn at(&self, lon: f64, lat: f64) -> (f64, f64) {
        ((longitude_near(lon, self.middle) - self.west) * self.scale.0, (self.north - lat) * self.scale.1)
    }

    /// Returns whether pixel coordinates are inside the frame.
    pub fn shows(&self, (x, y): (f64, f64)) -> bool {
        (0.0..=WIDTH).contains(&x) && (0.0..=self.height).contains(&y)
    }

    /// Returns the SVG path of a line.
    pub fn points(&self, line: impl Iterator<Item = (f64, f64)>) -> String {
        let mut path = String::new();
        for (i, (lon, lat)) in line.enumerate() {
            let (x, y) = self.at(lon, lat);
            // Writing to a String cannot fail.
            let _ = write!(path, "{}{x:.1} {y:.1}", if i == 0 { "M" } else { "L" });
        }
        path
    }
}

/// Returns the SVG path of a shape.
pub fn path_of(frame: &Frame, shape: &MultiPolygon<f64>) -> String {
    let rings = shape.iter().flat_map(|p| std::iter::once(p.exterior()).chain(p.interiors()));
    rings.map(|r| frame.points(r.0.iter().map(|c| (c.x, c.y))) + "Z").collect()
}

/// Draws the streets in the frame, with steps in brown.
pub fn streets(svg: &mut String, frame: &Frame, network: &Network) {
    let (mut plain, mut steps) = (String::new(), String::new());
    let mut count = 0;
    for id in network.edge_ids() {
        let shape = network.shape(id);
        if shape.iter().any(|p| frame.shows(frame.at(p.lon(), p.lat()))) {
            count += 1;
            if count > MAX_STREETS {
                return;
            }
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

/// Draws a scale bar of a round length and the attribution.
pub fn foot(svg: &mut String, frame: &Frame, notice: &str) {
    // The longest round length that takes at most a fifth of the width.
    let round = [50.0, 100.0, 200.0, 500.0, 1000.0, 2000.0, 5000.0, 10_000.0, 20_000.0, 50_000.0, 100_000.0];
    let metres = round.into_iter().rfind(|m| m / frame.metres_per_pixel <= WIDTH / 5.0).unwrap_or(round[0]);
    let length = metres / frame.metres_per_pixel;
    let (x, y) = (WIDTH - 20.0 - length, frame.height - 34.0);
    let _ = writeln!(
        svg,
        "<path d=\"M{x:.1} {y:.1}v6h{length:.1}v-6\" fill=\"none\" stroke=\"#222\" stroke-width=\"2\"/>\
         <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{metres} m</text>\
         <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\" font-size=\"12\" fill=\"#444\">{notice}</text>",
        x - 8.0,
        y + 7.0,
        WIDTH - 20.0,
        frame.height - 10.0,
    );
}

/// Returns the SVG header, with `above` pixels of space above the map.
pub fn head(frame: &Frame, above: f64) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 {:.0} {WIDTH} {1}\" font-family=\"sans-serif\" font-size=\"15\">\n\
         <rect y=\"{0:.0}\" width=\"{WIDTH}\" height=\"{1}\" fill=\"#f6f4ef\"/>\n",
        -above,
        frame.height + above
    )
}

/// Heights in pixels of the legend's heading and of each of its rows.
const LEGEND_HEAD: f64 = 48.0;
const LEGEND_ROW: f64 = 24.0;
/// Colours: of covered cells by thirds of the limit; of uncovered cells up to twice the limit and beyond; of off-network cells.
const SERVED: [&str; 3] = ["#0b6e4f", "#2f9e79", "#86cbb0"];
const UNSERVED: [&str; 2] = ["#f2b5a0", "#d1495b"];
const OFF: &str = "#b8b8b8";

/// Draws a map of coverage by cell, with gaps outlined and sites numbered.
///
/// # Errors
/// If there are no people to draw.
pub fn coverage(
    world: &World,
    network: &Network,
    found: &Coverage,
    gaps: &[Gap],
    sites: Option<&Suggestions>,
) -> Result<String, Failure> {
    let all: Vec<u32> = (0..found.cells.len() as u32).collect();
    let rect = found.outline(&all).bounding_rect().ok_or("there are no people to draw")?;
    let frame = Frame::around(rect);
    let need = &found.question.need;
    let mut shades: [String; 6] = Default::default();
    let mut people = [0.0; 6];
    for (i, cell) in found.cells.iter().enumerate() {
        let value = need.measure.value(cell.time).unwrap_or(f64::INFINITY) / need.limit;
        let shade = if !cell.on_network {
            5
        } else if cell.is_covered() {
            ((value * 3.0).ceil() as usize).clamp(1, 3) - 1
        } else if value <= 2.0 {
            3
        } else {
            4
        };
        shades[shade].push_str(&path_of(&frame, &found.outline(&[i as u32])));
        people[shade] += cell.people;
    }
    let fills = [SERVED[0], SERVED[1], SERVED[2], UNSERVED[0], UNSERVED[1], OFF];
    // The legend is above the map and hides none of it.
    let rows = people.iter().filter(|p| **p > 0.0).count();
    let mut svg = head(&frame, LEGEND_HEAD + LEGEND_ROW * rows as f64);
    for (path, fill) in shades.iter().zip(fills).filter(|(path, _)| !path.is_empty()) {
        let _ = writeln!(svg, "<path d=\"{path}\" fill=\"{fill}\" fill-opacity=\"0.8\"/>");
    }
    streets(&mut svg, &frame, network);
    for gap in gaps.iter().filter(|g| g.cells.len() > 1) {
        let path = path_of(&frame, &found.outline(&gap.cells));
        let _ = writeln!(svg, "<path d=\"{path}\" fill=\"none\" stroke=\"#7a1024\" stroke-width=\"1.6\"/>");
    }
    for part in &need.parts {
        for place in matching_facilities(&world.register, &part.criteria) {
            let position = world.register.facilities[place as usize].position;
            let (x, y) = frame.at(position.lon(), position.lat());
            if frame.shows((x, y)) {
                let _ = writeln!(
                    svg,
                    "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"#edae49\" stroke=\"#333\" stroke-width=\"0.6\"/>"
                );
            }
        }
    }
    for (n, site) in sites.iter().flat_map(|s| &s.list).enumerate() {
        let (x, y) = frame.at(site.position.lon(), site.position.lat());
        let _ = writeln!(
            svg,
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"12\" fill=\"#1d3557\" stroke=\"#fff\" stroke-width=\"2.5\"/>\
             <text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\" fill=\"#fff\" font-weight=\"bold\">{}</text>",
            y + 5.0,
            n + 1
        );
    }
    legend(&mut svg, found, &people, fills);
    foot(&mut svg, &frame, world.attribution());
    svg.push_str("</svg>\n");
    Ok(svg)
}

fn legend(svg: &mut String, found: &Coverage, people: &[f64; 6], fills: [&str; 6]) {
    let need = &found.question.need;
    let (unit, limit) = (need.measure.name(), need.limit);
    let texts = [
        format!("within {:.4} {unit}", limit / 3.0),
        format!("within {:.4} {unit}", limit * 2.0 / 3.0),
        format!("within {limit} {unit}"),
        format!("not within {limit}"),
        format!("not within {} {unit}", limit * 2.0),
        "off the network".to_owned(),
    ];
    let rows = (0..6).filter(|&n| people[n] > 0.0);
    let top = -(LEGEND_HEAD + LEGEND_ROW * rows.clone().count() as f64);
    let _ = writeln!(
        svg,
        "<rect y=\"{top:.0}\" width=\"{WIDTH}\" height=\"{:.0}\" fill=\"#fff\"/>\
         <text x=\"20\" y=\"{:.0}\" font-weight=\"bold\">{:.1} % of {:.0} people are covered</text>",
        -top,
        top + 26.0,
        found.total.share() * 100.0,
        found.total.people
    );
    for (row, n) in rows.enumerate() {
        let y = top + LEGEND_HEAD + LEGEND_ROW * row as f64;
        let text = texts[n].replace(".0000", "").replace(".3333", ".3").replace(".6667", ".7");
        let _ = writeln!(
            svg,
            "<rect x=\"20\" y=\"{:.0}\" width=\"18\" height=\"14\" fill=\"{}\"/><text x=\"48\" y=\"{y:.0}\">{text}: {:.0} people</text>",
            y - 12.0,
            fills[n],
            people[n]
        );
    }
}
