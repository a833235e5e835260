//! The supply of the city as tables: centers, facilities, services, offers, events, visits and suggestions. Everything
//! is generated, except for the reported facts about three centers and a guild hall, which are in separate tables.

mod activities;
mod facilities;

use super::files::Options;
use super::ground::on_plane;
use super::landmarks::Landmark;
use super::layout::Layout;
use super::places::{District, Division, Town};
use super::random::Random;
use super::streets::network::Streets;
use walkshed_engine::geo::Fixed;

/// A table to be written as a CSV file.
pub struct Csv {
    pub file: &'static str,
    pub header: Vec<String>,
    pub rows: Vec<Vec<String>>,
}

impl Csv {
    fn new(file: &'static str, header: &str) -> Self {
        Self { file, header: header.split(',').map(str::to_owned).collect(), rows: Vec::new() }
    }
}

struct TableBuilder<'a> {
    seed: u64,
    /// The size of the city: 1 is the real one.
    scale: f64,
    districts: &'a [District],
    layout: &'a Layout,
    streets: &'a Streets,
    /// The landmarks of each site.
    landmarks: Vec<Vec<&'a Landmark>>,
}

/// Formats a position.
fn lon_lat((lon, lat): (f64, f64)) -> [String; 2] {
    [format!("{lon:.6}"), format!("{lat:.6}")]
}

/// Generates all tables. Also returns the position of the center of each site.
#[must_use]
pub fn tables(
    Options { seed, scale, .. }: Options,
    districts: &[District],
    layout: &Layout,
    streets: &Streets,
) -> (Vec<Csv>, Vec<(f64, f64)>) {
    let mut landmarks: Vec<Vec<&Landmark>> = vec![Vec::new(); layout.sites.len()];
    for landmark in &streets.landmarks {
        if let Some(site) = landmark.site {
            landmarks[site].push(landmark);
        }
    }
    let builder = TableBuilder { seed, scale, districts, layout, streets, landmarks };
    let places: Vec<(f64, f64)> = (0..layout.sites.len()).map(|s| builder.center_place(s)).collect();
    let tables = vec![
        builder.centers(&places),
        builder.facilities(&places),
        TableBuilder::services(),
        builder.offers(),
        builder.events(),
        builder.visits(),
        builder.suggestions(),
    ];
    (tables, places)
}

impl TableBuilder<'_> {
    fn of(&self, site: usize) -> (&District, &Town, &Division) {
        let s = &self.layout.sites[site];
        let town = &self.districts[s.district].towns[s.town];
        (&self.districts[s.district], town, &town.divisions[s.division])
    }

    /// Returns a place beside a random street node of a site.
    fn beside(&self, site: usize, random: &mut Random) -> (f64, f64) {
        let nodes = &self.streets.nodes_by_site[site];
        let node = self.streets.nodes[nodes[random.below(nodes.len())] as usize];
        (node.lon() + random.between(-1.8e-4, 1.8e-4), node.lat() + random.between(-1.6e-4, 1.6e-4))
    }

    fn center_place(&self, site: usize) -> (f64, f64) {
        let nodes = self.streets.nodes_by_site[site].iter().map(|&n| self.streets.nodes[n as usize]);
        let middle = self.layout.sites[site].centre;
        let away = |node: &Fixed| on_plane((node.lon(), node.lat())).distance(middle);
        let node = nodes.min_by(|a, b| away(a).total_cmp(&away(b))).unwrap_or_default();
        (node.lon() + 1.1e-4, node.lat() + 0.9e-4)
    }

    /// Returns a number for the real city, in proportion to a larger one.
    fn in_proportion(&self, number: usize) -> usize {
        (number as f64 * self.scale.max(1.0)).round() as usize
    }

    /// Returns the sites with generated centers: all except those with reported facts.
    fn generated_sites(&self) -> impl Iterator<Item = usize> {
        (0..self.layout.sites.len()).filter(|&s| !self.is_reported(s))
    }

    fn is_reported(&self, site: usize) -> bool {
        self.layout.sites[site].is_reported(self.districts)
    }

    fn centers(&self, places: &[(f64, f64)]) -> Csv {
        let mut csv = Csv::new(
            "centers.csv",
            "code,name,kind,status,lon,lat,position_quality,address,residents_served,floor_area_m2,open_share,opened_on,operating_model,step_free,opening_hours",
        );
        for s in self.generated_sites() {
            let (district, town, division) = self.of(s);
            let mut random = Random::of(self.seed, 31, s as u64);
            let people = division.people as f64;
            let area = (if division.is_village { 180.0 } else { 350.0 } + people * random.between(0.02, 0.07)).round();
            let hours = if division.is_village {
                *random.pick(&["Mo-Fr 09:00-17:30; PH off", "Mo-Sa 09:00-17:00; PH off"])
            } else {
                *random.pick(&[
                    "Mo-Fr 09:00-18:00; PH off",
                    "Mo-Fr 09:00-18:00; Sa 09:00-17:00; PH off",
                    "Mo-Su 09:00-21:00",
                    "Mo-Fr 09:00-12:00,14:00-18:00; PH off",
                ])
            };
            let model = match random.below(20) {
                0..=13 => "government",
                14..=16 => "mixed",
                17..=18 => "social_organisation",
                _ => "enterprise",
            };
            let [lon, lat] = lon_lat(places[s]);
            let open_share = random.between(0.45, 0.9);
            let step_free = if random.chance(if division.is_village { 0.35 } else { 0.6 }) { "yes" } else { "no" };
            csv.rows.push(vec![
                division.code.clone(),
                format!("{}党群服务中心", division.place_name()),
                if division.is_village { "village" } else { "community" }.into(),
                "open".into(),
                lon,
                lat,
                "synthetic".into(),
                format!("{}{}{}", district.name, town.name, division.place_name()),
                division.people.to_string(),
                format!("{area}"),
                format!("{open_share:.2}"),
                (1998 + random.below(27)).to_string(),
                model.into(),
                step_free.into(),
                hours.into(),
            ]);
        }
        csv
    }
}
