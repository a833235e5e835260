//! The districts, towns and divisions of Chongqing, read from a compact table.

use super::random::{Random, apportion};
use std::fmt::Write;

const TABLE: &str = include_str!("divisions.txt");

/// Divisions with this number or higher are villages.
const FIRST_VILLAGE: u32 = 200;
/// The divisions of the centers with reported facts. They are included at every scale.
pub const REPORTED: [&str; 3] = ["500106013004", "500113003009", "500105002002"];

/// A district or county.
#[derive(Debug, Clone, PartialEq)]
pub struct District {
    /// The code, six digits.
    pub code: String,
    pub name: String,
    pub name_en: String,
    /// Longitude and latitude of the seat, WGS-84.
    pub seat: (f64, f64),
    /// Residents: the 2020 census at scale 1, else the share of the included towns.
    pub population: u64,
    pub towns: Vec<Town>,
}

/// A sub-district, town or township.
#[derive(Debug, Clone, PartialEq)]
pub struct Town {
    /// The code, nine digits.
    pub code: String,
    pub name: String,
    pub divisions: Vec<Division>,
}

impl Town {
    /// Returns whether it is a sub-district, that is, part of the seat.
    #[must_use]
    pub fn is_subdistrict(&self) -> bool {
        self.name.ends_with("街道")
    }

    /// Returns the name without its suffix.
    #[must_use]
    pub fn stem(&self) -> &str {
        self.name.trim_end_matches("街道").trim_end_matches(['镇', '乡'])
    }
}

/// A village or an urban community.
#[derive(Debug, Clone, PartialEq)]
pub struct Division {
    /// The code, twelve digits.
    pub code: String,
    /// The name without its suffix.
    pub stem: String,
    pub is_village: bool,
    /// Residents.
    pub people: u64,
}

impl Division {
    /// Returns the colloquial name, such as 模范村社区 or 太白村.
    #[must_use]
    pub fn place_name(&self) -> String {
        let mut name = self.stem.clone();
        match (self.is_village, self.stem.ends_with('村'), self.stem.ends_with("社区")) {
            (true, false, _) => name.push('村'),
            (false, _, false) => name.push_str("社区"),
            _ => {}
        }
        name
    }
}

/// Returns all districts at a scale from 0 to 1. Every district keeps that share of its towns (those with reported
/// centers first) and their residents. Residents per division are generated; those per district are from the census.
#[must_use]
pub fn districts(seed: u64, scale: f64) -> Vec<District> {
    let mut list = read(TABLE);
    for district in &mut list {
        let number = district.code.parse().unwrap_or_default();
        let mut random = Random::of(seed, 1, number);
        for town in &mut district.towns {
            for division in &mut town.divisions {
                // Log-normal sizes. The means are near those of the census: 1,300 for villages and 6,500 for
                // communities.
                let size = (0.45 * random.normal()).exp();
                division.people = (size * if division.is_village { 1300.0 } else { 6500.0 }) as u64;
            }
        }
        let weight =
            |towns: &[Town]| -> f64 { towns.iter().flat_map(|t| &t.divisions).map(|d| d.people as f64).sum::<f64>() };
        let all = weight(&district.towns);
        let kept = ((district.towns.len() as f64 * scale).ceil() as usize).clamp(1, district.towns.len());
        if kept < district.towns.len() {
            let is_reported = |t: &Town| t.divisions.iter().any(|d| REPORTED.contains(&d.code.as_str()));
            // Spread the selection over the list, so that sub-districts, towns and townships are all included.
            let step = district.towns.len() as f64 / kept as f64;
            let mut chosen: Vec<usize> =
                (0..district.towns.len()).filter(|&i| is_reported(&district.towns[i])).collect();
            for i in (0..kept).map(|k| (k as f64 * step) as usize) {
                if chosen.len() < kept && !chosen.contains(&i) {
                    chosen.push(i);
                }
            }
            chosen.sort_unstable();
            district.towns = chosen.into_iter().map(|i| district.towns[i].clone()).collect();
            district.population = (district.population as f64 * weight(&district.towns) / all).round() as u64;
        }
        let weights: Vec<f64> = district.towns.iter().flat_map(|t| &t.divisions).map(|d| d.people as f64).collect();
        let people = apportion(district.population, &weights);
        for (division, people) in district.towns.iter_mut().flat_map(|t| &mut t.divisions).zip(people) {
            division.people = people;
        }
    }
    list
}

fn read(table: &str) -> Vec<District> {
    let mut list: Vec<District> = Vec::new();
    for line in table.lines().filter(|l| !l.starts_with('#')) {
        let fields: Vec<&str> = line.split(' ').collect();
        match fields[..] {
            ["D", code, name, name_en, lon, lat, population] => list.push(District {
                code: code.to_owned(),
                name: name.to_owned(),
                name_en: name_en.to_owned(),
                seat: (lon.parse().unwrap_or_default(), lat.parse().unwrap_or_default()),
                population: population.parse().unwrap_or_default(),
                towns: Vec::new(),
            }),
            ["T", code, name] => {
                if let Some(district) = list.last_mut() {
                    let code = format!("{}{code}", district.code);
                    district.towns.push(Town { code, name: name.to_owned(), divisions: Vec::new() });
                }
            }
            _ => {
                if let Some(town) = list.last_mut().and_then(|d| d.towns.last_mut()) {
                    town.divisions = read_divisions(&town.code, &fields);
                }
            }
        }
    }
    list
}

fn read_divisions(town: &str, fields: &[&str]) -> Vec<Division> {
    let mut number = 0;
    let mut list = Vec::with_capacity(fields.len());
    for field in fields {
        let name = field.trim_start_matches(|c: char| c.is_ascii_digit());
        number = field[..field.len() - name.len()].parse().unwrap_or(number + 1);
        let mut code = town.to_owned();
        // Writing to a string cannot fail.
        let _ = write!(code, "{number:03}");
        list.push(Division { code, stem: name.to_owned(), is_village: number >= FIRST_VILLAGE, people: 0 });
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;
    use walkshed_register::DivisionCode;

    /// Counts from the sources `districts.csv` and `divisions.csv`, minus the 19 divisions that the table lists as
    /// excluded.
    #[test]
    fn table_contains_the_whole_city() {
        let list = districts(1, 1.0);
        assert_eq!(list.len(), 38);
        assert_eq!(list.iter().map(|d| d.towns.len()).sum::<usize>(), 1031);
        let divisions: Vec<&Division> = list.iter().flat_map(|d| &d.towns).flat_map(|t| &t.divisions).collect();
        assert_eq!(divisions.len(), 11_251);
        assert_eq!(divisions.iter().filter(|d| d.is_village).count(), 7946);
        assert_eq!(divisions.iter().map(|d| &d.code).collect::<HashSet<_>>().len(), 11_251);
        assert!(divisions.iter().all(|d| DivisionCode::new(&d.code).is_ok() && !d.stem.is_empty()));
        assert_eq!(list.iter().map(|d| d.population).sum::<u64>(), 32_055_000);
        let name = |code: &str| divisions.iter().find(|d| d.code == code).map(|d| d.place_name());
        assert_eq!(name("500106013004").as_deref(), Some("模范村社区"));
        assert_eq!(name("500113003009").as_deref(), Some("龙苑社区"));
        assert_eq!(name("500101017203").as_deref(), Some("万二村"));
        assert!(name("500103013009").is_none());
    }

    #[test]
    fn residents_sum_to_the_districts_at_every_scale() {
        for scale in [0.01, 0.3, 1.0] {
            for d in districts(4, scale) {
                let people: u64 = d.towns.iter().flat_map(|t| &t.divisions).map(|d| d.people).sum();
                assert_eq!(people, d.population, "{} at {scale}", d.name);
                assert!(!d.towns.is_empty() && d.population > 0);
            }
        }
        let small = districts(4, 0.01);
        let codes: HashSet<&str> =
            small.iter().flat_map(|d| &d.towns).flat_map(|t| &t.divisions).map(|d| d.code.as_str()).collect();
        assert!(REPORTED.iter().all(|code| codes.contains(code)));
    }
}
