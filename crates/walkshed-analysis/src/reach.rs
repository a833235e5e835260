//! What a walkshed holds: area, people, facilities, by bands of minutes.

use crate::world::{PlacedPoint, World};
use geo::{Area, MultiPolygon};
use std::sync::OnceLock;
use walkshed_engine::geo::Metric;
use walkshed_engine::task::{self, Stopped};
use walkshed_engine::walkshed::{Field, Reach, contour};
use walkshed_engine::{Deciseconds, Direction, Network, Profile, Scratch, with_scratch};
use walkshed_register::{Category, EVERYONE, Register, Status};

/// A walkshed with several bands. Polygons are drawn when they are first asked for.
pub struct Walkshed {
    pub place: PlacedPoint,
    pub reach: Reach,
    pub bands: Vec<Band>,
    /// Population cells that are reached, by their place, with their times.
    people: Vec<(u32, Deciseconds)>,
    field: OnceLock<Field>,
    polygons: OnceLock<Vec<MultiPolygon<f64>>>,
}

/// What is within so many minutes.
#[derive(Debug, Clone, PartialEq)]
pub struct Band {
    pub minutes: f64,
    pub limit: Deciseconds,
    /// People whose cell's centre reaches the place (or is reached) in time.
    pub population: f64,
    /// Facilities by category.
    pub facilities: [u64; Category::ALL.len()],
}

/// Finds what is within each of `minutes` of a place (in the order given).
#[must_use]
pub fn walkshed(
    world: &World,
    network: &Network,
    place: PlacedPoint,
    profile: Profile,
    direction: Direction,
    minutes: &[f64],
) -> Walkshed {
    let limits: Vec<Deciseconds> = minutes.iter().map(|&m| Deciseconds::from_minutes(m)).collect();
    let most = limits.iter().copied().max().unwrap_or_default();
    let mut bands: Vec<Band> = minutes
        .iter()
        .zip(&limits)
        .map(|(&minutes, &limit)| Band { minutes, limit, population: 0.0, facilities: [0; Category::ALL.len()] })
        .collect();
    let (reach, people) = with_scratch(|Scratch { search, hits }| {
        let start = place.start;
        search.run(network, profile, direction, &start.seeds(network, profile, direction, most), most);
        world.facility_layer.collect(network, profile, direction, &start, search, most, hits);
        for &p in hits.points().iter().filter(|&&p| world.register.facilities[p as usize].status == Status::Open) {
            for band in bands.iter_mut().filter(|b| hits.time(p) <= b.limit) {
                band.facilities[world.register.facilities[p as usize].category.index()] += 1;
            }
        }
        world.population_layer.collect(network, profile, direction, &start, search, most, hits);
        // Summed by cell, so that the sum does not depend on the order of the search.
        let mut cells: Vec<u32> = hits.points().to_vec();
        cells.sort_unstable();
        for &p in &cells {
            for band in bands.iter_mut().filter(|b| hits.time(p) <= b.limit) {
                band.population += world.register.population[p as usize].people;
            }
        }
        let people = cells.into_iter().map(|p| (p, hits.time(p))).collect();
        (Reach::of_search(network, profile, direction, start, most, search), people)
    });
    Walkshed { place, reach, bands, people, field: OnceLock::new(), polygons: OnceLock::new() }
}

impl Walkshed {
    /// People of a group whose cell's centre reaches the place (or is reached) within a limit; `None` where the group is
    /// not known.
    #[must_use]
    pub fn population(&self, register: &Register, group: &str, limit: Deciseconds) -> Option<f64> {
        let people = register.people(group)?;
        let reached = self.people.iter().filter(|(_, time)| *time <= limit);
        if group == EVERYONE {
            return Some(reached.map(|(p, _)| people[*p as usize].people).sum());
        }
        let of_group = |p: u32| {
            let cell = register.population[p as usize].cell;
            people.binary_search_by_key(&cell, |c| c.cell).map_or(0.0, |i| people[i].people)
        };
        Some(reached.map(|(p, _)| of_group(*p)).sum())
    }

    /// Population cells that are reached in the longest time, by their places, in their order, with their times.
    #[must_use]
    pub fn cells(&self) -> &[(u32, Deciseconds)] {
        &self.people
    }

    fn field(&self, network: &Network) -> &Field {
        self.field.get_or_init(|| Field::draw(network, &self.reach))
    }

    /// The polygons, one a band.
    pub fn polygons(&self, network: &Network) -> &[MultiPolygon<f64>] {
        self.polygons.get_or_init(|| {
            let field = self.field(network);
            self.bands.iter().map(|band| contour(field, band.limit)).collect()
        })
    }

    /// Draws the polygons, so that they need not be drawn where they are asked for.
    ///
    /// # Errors
    /// [`Stopped`]: then some may be drawn and others not.
    pub fn draw(&self, network: &Network) -> Result<(), Stopped> {
        let field = self.field(network);
        task::work(self.reach.pieces.len())?;
        let mut drawn = Vec::with_capacity(self.bands.len());
        for band in &self.bands {
            drawn.push(contour(field, band.limit));
            task::work(self.reach.pieces.len())?;
        }
        // Who drew them at the same time drew the same.
        let _ = self.polygons.set(drawn);
        Ok(())
    }

    /// How far the polygon may reach beyond what is reached, metres.
    #[must_use]
    pub fn tolerance_m(&self, network: &Network) -> f64 {
        self.field(network).tolerance_m()
    }

    /// Square kilometres of a polygon in degrees around the place.
    #[must_use]
    pub fn area_km2(&self, polygon: &MultiPolygon<f64>) -> f64 {
        let metric = Metric::at(self.place.position.lat());
        polygon.unsigned_area() * (metric.kx * 1e7) * (metric.ky * 1e7) / 1e6
    }

    /// The area divided by that of the circle one could reach on level ground in a straight line
    /// (the pedestrian catchment ratio).
    #[must_use]
    pub fn reach_ratio(&self, network: &Network, band: &Band, area_km2: f64) -> f64 {
        let radius_km = network.profiles().get(self.reach.profile).level_kmh * band.minutes / 60.0;
        let circle = std::f64::consts::PI * radius_km * radius_km;
        if circle > 0.0 { area_km2 / circle } else { 0.0 }
    }
}
