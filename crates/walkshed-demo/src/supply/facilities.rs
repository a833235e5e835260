//! Facilities: rooms in centers, and facilities beside streets, in compounds, on squares, underground and below
//! viaducts.

use super::{Csv, TableBuilder, lon_lat};
use crate::landmarks::{Landmark, LandmarkKind};
use crate::random::Random;
use walkshed_engine::geo::Position;

/// A kind of facility outside centers: people per facility in towns, and probability in a village of 1,300 people.
struct Supply {
    kind: &'static str,
    name: &'static str,
    people: f64,
    village: f64,
    hours: &'static [&'static str],
    capacity: Option<(f64, &'static str)>,
    audiences: &'static str,
    /// Percentage of districts without any.
    missing: u64,
}

const fn supply(
    kind: &'static str,
    name: &'static str,
    people: f64,
    village: f64,
    hours: &'static [&'static str],
    missing: u64,
) -> Supply {
    Supply { kind, name, people, village, hours, capacity: None, audiences: "", missing }
}

const OFFICE: &[&str] =
    &["Mo-Fr 09:00-18:00; PH off", "Mo-Fr 09:00-12:00,14:00-18:00; PH off", "Mo-Sa 09:00-18:00; PH off"];
const SHOP: &[&str] = &["07:00-22:00", "08:00-21:00", "24/7"];
const CARE: &[&str] = &["Mo-Sa 08:00-18:00; PH off", "Mo-Fr 08:30-17:30; PH off"];
const SCHOOL: &[&str] = &["Mo-Fr 07:40-18:00; PH off"];
const CLINIC: &[&str] = &["Mo-Su 08:00-18:00", "Mo-Sa 08:30-17:30; PH off"];
const LATE: &[&str] = &["10:00-02:00", "08:00-24:00", "24/7"];

/// People per facility follow GB 50180-2018 if it has a number for the kind, else common values. The numbers are
/// plausible, not exact.
const SUPPLIES: [Supply; 31] = [
    Supply { capacity: Some((270.0, "places")), ..supply("kindergarten", "幼儿园", 5000.0, 0.14, SCHOOL, 0) },
    Supply { capacity: Some((1080.0, "places")), ..supply("primary_school", "小学", 10_000.0, 0.08, SCHOOL, 0) },
    Supply { capacity: Some((1200.0, "places")), ..supply("junior_school", "中学", 20_000.0, 0.03, SCHOOL, 0) },
    Supply { audiences: "elderly", ..supply("elderly_university", "老年大学", 110_000.0, 0.0, OFFICE, 30) },
    Supply {
        audiences: "parents",
        capacity: Some((40.0, "places")),
        ..supply("child_care", "托育园", 22_000.0, 0.0, CARE, 25)
    },
    supply("training_room", "技能培训点", 30_000.0, 0.02, OFFICE, 20),
    supply("health_station", "卫生服务站", 7500.0, 0.0, CLINIC, 0),
    supply("health_center", "卫生服务中心", 40_000.0, 0.07, CLINIC, 0),
    supply("clinic", "诊所", 16_000.0, 0.40, CLINIC, 0),
    supply("pharmacy", "药店", 7500.0, 0.10, &["08:00-21:30", "08:00-22:00", "24/7"], 0),
    supply("dentist", "口腔诊所", 32_000.0, 0.0, CLINIC, 10),
    Supply { capacity: Some((300.0, "beds")), ..supply("hospital", "医院", 90_000.0, 0.005, &["24/7"], 0) },
    Supply {
        audiences: "elderly",
        capacity: Some((40.0, "places")),
        ..supply("elderly_day_care", "日间照料中心", 12_000.0, 0.06, CARE, 20)
    },
    Supply {
        audiences: "elderly",
        ..supply("elderly_canteen", "老年食堂", 20_000.0, 0.03, &["Mo-Su 11:00-13:00,17:00-18:30"], 15)
    },
    Supply {
        audiences: "elderly",
        capacity: Some((100.0, "beds")),
        ..supply("nursing_home", "养老院", 40_000.0, 0.03, &["24/7"], 0)
    },
    supply("market", "农贸市场", 10_000.0, 0.09, &["05:30-19:00", "06:00-20:00"], 0),
    supply("convenience_store", "便利店", 4200.0, 0.40, SHOP, 0),
    supply("parcel_station", "快递驿站", 6000.0, 0.12, &["09:00-21:00", "08:30-22:00"], 0),
    supply("canteen", "社区食堂", 24_000.0, 0.01, &["07:00-13:30,16:30-19:30"], 20),
    Supply { audiences: "new_employment", ..supply("rider_rest_stop", "骑手驿站", 26_000.0, 0.0, LATE, 25) },
    Supply { audiences: "couriers", ..supply("battery_swap", "换电柜", 15_000.0, 0.0, &["24/7"], 20) },
    supply("charging", "充电点", 14_000.0, 0.02, &["24/7"], 5),
    supply("toilet", "公共厕所", 10_000.0, 0.08, &["24/7", "06:00-22:00"], 0),
    supply("bank", "银行网点", 17_000.0, 0.03, OFFICE, 0),
    supply("post_office", "邮政所", 40_000.0, 0.07, OFFICE, 0),
    supply("park", "公园", 15_000.0, 0.01, &["24/7", "06:00-22:00"], 0),
    supply("sports_ground", "运动场", 12_000.0, 0.07, &["06:00-22:00"], 10),
    supply("culture_station", "文化站", 45_000.0, 0.07, OFFICE, 0),
    supply("library", "图书馆", 300_000.0, 0.0, &["Tu-Su 09:00-20:00; PH off", "Tu-Su 09:00-17:00"], 0),
    supply("job_market", "零工市场", 150_000.0, 0.0, &["05:30-12:00", "06:00-18:00"], 35),
    supply("incubator", "创业孵化基地", 120_000.0, 0.0, OFFICE, 40),
];

/// Rooms in centers: kind, name, share of communities, share of villages, percentage of districts without any.
const ROOMS: [(&str, &str, f64, f64, u64); 7] = [
    ("reading_area", "阅读角", 0.30, 0.12, 0),
    ("activity_room", "活动室", 0.36, 0.16, 0),
    ("children_area", "儿童活动区", 0.22, 0.04, 15),
    ("calligraphy_room", "书画室", 0.12, 0.03, 15),
    ("mediation_room", "调解室", 0.25, 0.10, 0),
    ("job_counter", "就业服务窗口", 0.36, 0.05, 20),
    ("self_service_area", "自助服务区", 0.15, 0.0, 10),
];

/// Returns a factor for the number of facilities of a kind in a district, so that some districts lack a kind and others
/// have many.
fn abundance(seed: u64, district: usize, kind: usize, missing: u64) -> f64 {
    let mut random = Random::of(seed, 40 + kind as u64, district as u64);
    if random.below(100) < missing as usize { 0.0 } else { random.between(0.55, 1.35) }
}

/// Kinds that are placed in compounds.
const BEHIND_WALLS: [&str; 9] = [
    "kindergarten",
    "child_care",
    "health_station",
    "pharmacy",
    "elderly_day_care",
    "elderly_canteen",
    "convenience_store",
    "parcel_station",
    "charging",
];
/// Kinds that are placed on squares.
const ON_SQUARES: [&str; 5] = ["market", "elderly_canteen", "sports_ground", "convenience_store", "toilet"];
/// The facilities at the places of a landmark: one kind from each list. The last place of every other landmark is
/// empty.
const AT_SQUARES: [&[&str]; 2] = [&["market", "market", "convenience_store"], &["elderly_canteen", "toilet", "bank"]];
const BELOW_VIADUCTS: [&[&str]; 3] = [
    &["parcel_station", "charging", "rider_rest_stop"],
    &["sports_ground", "battery_swap", "toilet"],
    &["convenience_store", "battery_swap"],
];
const IN_PASSAGES: [&[&str]; 3] =
    [&["convenience_store"], &["pharmacy", "bank", "dentist"], &["canteen", "training_room", "clinic"]];
const ON_PLATFORMS: [&[&str]; 2] = [&["toilet"], &["convenience_store"]];
/// Kinds whose number near a center was reported. None are generated there.
const REPORTED_NEAR: [&str; 4] = ["delivery_station", "parcel_station", "charging", "rider_rest_stop"];

/// A facility to be written.
struct NewFacilityRow<'a> {
    name: String,
    kind: &'a str,
    center: &'a str,
    division: &'a str,
    floor: String,
    audiences: &'a str,
    hours: &'a str,
    place: (f64, f64),
    capacity: Option<(f64, &'a str)>,
}

impl NewFacilityRow<'_> {
    fn row(self, number: usize) -> Vec<String> {
        let [lon, lat] = lon_lat(self.place);
        let (capacity, unit) = self.capacity.map_or((String::new(), ""), |(n, unit)| (format!("{n}"), unit));
        vec![
            format!("syn-{number:06}"),
            self.name,
            self.kind.into(),
            lon,
            lat,
            "synthetic".into(),
            self.center.into(),
            self.division.into(),
            self.floor,
            capacity,
            unit.into(),
            self.audiences.into(),
            self.hours.into(),
        ]
    }
}

impl TableBuilder<'_> {
    pub fn facilities(&self, places: &[(f64, f64)]) -> Csv {
        let mut csv = Csv::new(
            "facilities.csv",
            "id,name,kind,lon,lat,position_quality,center,division,floor,capacity,capacity_unit,audiences,opening_hours",
        );
        for (s, &place) in places.iter().enumerate() {
            let mut random = Random::of(self.seed, 32, s as u64);
            let mut new = Vec::new();
            if !self.is_reported(s) {
                self.rooms(s, place, &mut random, &mut new);
            }
            self.supplies(s, &mut random, &mut new);
            self.at_landmarks(s, &mut new);
            for facility in new {
                csv.rows.push(facility.row(csv.rows.len() + 1));
            }
        }
        csv
    }

    /// Adds the counter and the rooms of a center.
    fn rooms<'s>(&'s self, site: usize, place: (f64, f64), random: &mut Random, new: &mut Vec<NewFacilityRow<'s>>) {
        let (_, _, division) = self.of(site);
        let (code, stem) = (division.code.as_str(), division.stem.as_str());
        let mut add = |name: String, kind, floor: &str, hours| {
            let floor = floor.to_owned();
            new.push(NewFacilityRow {
                name,
                kind,
                center: code,
                division: "",
                floor,
                audiences: "",
                hours,
                place,
                capacity: None,
            });
        };
        let hours = *random.pick(OFFICE);
        add(format!("{stem}便民服务窗口"), "one_stop_counter", "1", hours);
        for (n, (kind, word, community, village, missing)) in ROOMS.iter().enumerate() {
            let share = if division.is_village { *village } else { *community };
            if random.chance(share * abundance(self.seed, self.layout.sites[site].district, n, *missing)) {
                let floor = if random.chance(0.6) { "2" } else { "1" };
                add(format!("{stem}{word}"), kind, floor, "");
            }
        }
    }

    /// Adds facilities in proportion to the population.
    fn supplies<'s>(&'s self, site: usize, random: &mut Random, new: &mut Vec<NewFacilityRow<'s>>) {
        let (_, _, division) = self.of(site);
        let people = division.people as f64;
        for (n, supply) in SUPPLIES.iter().enumerate() {
            if self.is_reported(site) && REPORTED_NEAR.contains(&supply.kind) {
                continue;
            }
            let factor = abundance(self.seed, self.layout.sites[site].district, 10 + n, supply.missing);
            let mean =
                factor * if division.is_village { supply.village * people / 1300.0 } else { people / supply.people };
            for k in 0..random.rounded_randomly(mean) {
                let hours = *random.pick(supply.hours);
                let number = if k == 0 { String::new() } else { format!("{}号", k + 1) };
                new.push(NewFacilityRow {
                    name: format!("{}{}{number}", division.stem, supply.name),
                    kind: supply.kind,
                    center: "",
                    division: &division.code,
                    floor: String::new(),
                    audiences: supply.audiences,
                    capacity: supply.capacity.map(|(c, unit)| ((c * random.between(0.4, 1.6)).round(), unit)),
                    hours,
                    place: self.place(site, supply.kind, random),
                });
            }
        }
    }

    /// Returns a place for a facility: in a compound in proportion to the homes there, on a square for half of the
    /// kinds found on squares, else beside a street.
    fn place(&self, site: usize, kind: &str, random: &mut Random) -> (f64, f64) {
        let of = |wanted: LandmarkKind| self.landmarks[site].iter().copied().filter(move |l| l.kind == wanted);
        let compounds: Vec<&Landmark> =
            of(LandmarkKind::Compound).chain(of(LandmarkKind::CompoundWithoutGate)).collect();
        let homes: f64 = compounds.iter().map(|l| l.people).sum();
        let share = homes / (homes + self.streets.nodes_by_site[site].len() as f64);
        if BEHIND_WALLS.contains(&kind) && random.chance(share) {
            return any_of(&compounds, random);
        }
        let squares: Vec<&Landmark> = of(LandmarkKind::Square).collect();
        if ON_SQUARES.contains(&kind) && !squares.is_empty() && random.chance(0.5) {
            return any_of(&squares, random);
        }
        self.beside(site, random)
    }

    /// Adds facilities on squares, below viaducts and underground.
    fn at_landmarks<'s>(&'s self, site: usize, new: &mut Vec<NewFacilityRow<'s>>) {
        let (_, _, division) = self.of(site);
        for (k, landmark) in self.landmarks[site].iter().enumerate() {
            let lists: &[&[&str]] = match landmark.kind {
                LandmarkKind::Square => &AT_SQUARES,
                LandmarkKind::Viaduct => &BELOW_VIADUCTS,
                LandmarkKind::Passage => &IN_PASSAGES,
                LandmarkKind::Platform => &ON_PLATFORMS,
                LandmarkKind::Compound | LandmarkKind::CompoundWithoutGate | LandmarkKind::Expressway => continue,
            };
            let mut random = Random::of(self.seed, 107, (site * 64 + k) as u64);
            for (n, (list, place)) in lists.iter().zip(&landmark.places).enumerate() {
                let kind = *random.pick(list);
                let Some(supply) = SUPPLIES.iter().find(|s| s.kind == kind) else { continue };
                let hours = *random.pick(supply.hours);
                if n > 0 && n + 1 == lists.len() && random.chance(0.5) {
                    continue;
                }
                new.push(NewFacilityRow {
                    name: format!("{}{}", landmark.name, supply.name),
                    kind: supply.kind,
                    center: "",
                    division: &division.code,
                    floor: if landmark.floor == 0 { String::new() } else { landmark.floor.to_string() },
                    audiences: supply.audiences,
                    capacity: None,
                    hours,
                    place: at(*place),
                });
            }
        }
    }
}

/// Returns a random place of some landmarks.
fn any_of(landmarks: &[&Landmark], random: &mut Random) -> (f64, f64) {
    let landmark = *random.pick(landmarks);
    at(*random.pick(&landmark.places))
}

fn at(place: Position) -> (f64, f64) {
    (place.lon(), place.lat())
}
