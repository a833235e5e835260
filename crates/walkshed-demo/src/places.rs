//! The districts, towns and divisions of Chongqing, read from a compact table, and made-up copies of them.

use super::groups::Group;
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
    pub group: Group,
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

impl District {
    /// Returns a short name for roads: two characters of the name, with the prefix of made-up districts.
    #[must_use]
    pub fn short_name(&self) -> String {
        let prefix = self.group.prefix();
        let own = self.name.strip_prefix(prefix.as_str()).unwrap_or(&self.name);
        prefix.chars().chain(own.trim_end_matches(['区', '县']).chars().take(2)).collect()
    }

    /// Renames the district and everything in it, and moves it, so that it is a made-up district of a group.
    fn make_up(&mut self, group: Group) {
        let (real, made_up, prefix) = (self.code.len(), group.code(&self.code), group.prefix());
        let renamed = |code: &str| format!("{made_up}{}", &code[real..]);
        for town in &mut self.towns {
            for division in &mut town.divisions {
                division.code = renamed(&division.code);
                division.stem.insert_str(0, &prefix);
            }
            town.code = renamed(&town.code);
            town.name.insert_str(0, &prefix);
        }
        self.group = group;
        self.name.insert_str(0, &prefix);
        self.name_en = group.english(&self.name_en);
        self.seat = group.place(self.seat);
        self.code = made_up;
    }
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

/// Returns all districts at a scale from 0 to [`MAX_SCALE`](super::groups::MAX_SCALE). Up to 1, every district keeps
/// that share of its towns (those with reported centers first) and their residents. Above 1, groups of made-up districts
/// follow, of which the last keeps a share. In addition, every district keeps the share `towns`. Residents per division
/// are generated; those per district are from the census.
#[must_use]
pub fn districts(seed: u64, scale: f64, towns: f64) -> Vec<District> {
    let real = read(TABLE);
    let of_group = |(group, share): (Group, f64)| {
        let mut list = real.clone();
        if group != Group::REAL {
            for district in &mut list {
                district.make_up(group);
            }
        }
        populate(seed, &mut list, share * towns);
        list
    };
    Group::of_scale(scale).flat_map(of_group).collect()
}

/// Keeps a share of the towns of each district and computes the residents.
fn populate(seed: u64, list: &mut [District], scale: f64) {
    for district in list {
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
}

fn read(table: &str) -> Vec<District> {
    let mut list: Vec<District> = Vec::new();
    for line in table.lines().filter(|l| !l.starts_with('#')) {
        let fields: Vec<&str> = line.split(' ').collect();
        match fields[..] {
            ["D", code, name, name_en, lon, lat, population] => list.push(District {
                group: Group::REAL,
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
        let list = districts(1, 1.0, 1.0);
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
        for scale in [0.01, 0.3, 1.0, 1.4, 8.0] {
            for d in districts(4, scale, 1.0) {
                let people: u64 = d.towns.iter().flat_map(|t| &t.divisions).map(|d| d.people).sum();
                assert_eq!(people, d.population, "{} at {scale}", d.name);
                assert!(!d.towns.is_empty() && d.population > 0);
            }
        }
        let small = districts(4, 0.01, 1.0);
        let codes: HashSet<&str> =
            small.iter().flat_map(|d| &d.towns).flat_map(|t| &t.divisions).map(|d| d.code.as_str()).collect();
        assert!(REPORTED.iter().all(|code| codes.contains(code)));
    }

    #[test]
    fn made_up_districts_have_their_own_names_codes_and_places() {
        let list = districts(1, 2.5, 1.0);
        assert_eq!(list.len(), 3 * 38);
        let real = &list[..38];
        assert_eq!(real, districts(1, 1.0, 1.0), "the real districts do not depend on the scale");
        let divisions: Vec<&Division> = list.iter().flat_map(|d| &d.towns).flat_map(|t| &t.divisions).collect();
        assert_eq!(divisions.iter().map(|d| &d.code).collect::<HashSet<_>>().len(), divisions.len());
        assert!(divisions.iter().all(|d| DivisionCode::new(&d.code).is_ok()));
        for (d, real) in list[38..].iter().zip(real.iter().cycle()) {
            assert!(d.name.starts_with("虚构") && d.name_en.contains("made up"), "{} {}", d.name, d.name_en);
            assert!(!d.code.starts_with("500") && d.code != real.code, "{}", d.code);
            assert_eq!(d.short_name(), format!("{}{}", d.group.prefix(), real.short_name()));
            for town in &d.towns {
                assert!(town.name.starts_with("虚构") && town.code.starts_with(&d.code), "{} {}", town.name, town.code);
                assert!(town.divisions.iter().all(|x| x.stem.starts_with("虚构") && x.code.starts_with(&town.code)));
            }
            let [west, south, east, north] = d.group.region();
            assert!((west..=east).contains(&d.seat.0) && (south..=north).contains(&d.seat.1), "{:?}", d.seat);
        }
        let towns = |part: &[District]| part.iter().map(|d| d.towns.len()).sum::<usize>();
        assert_eq!(towns(&list[38..76]), towns(real));
        assert!((towns(real) / 2..towns(real) / 2 + 38).contains(&towns(&list[76..])));
        // Sizes are drawn anew, not copied.
        assert_ne!(real[0].towns[0].divisions[0].people, list[38].towns[0].divisions[0].people);
    }
}
