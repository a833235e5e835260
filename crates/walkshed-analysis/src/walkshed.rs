//! Walksheds with their area, people and facilities, in bands of minutes.

use crate::world::{SnappedPoint, World};
use std::sync::OnceLock;
use walkshed_engine::geo::Metric;
use walkshed_engine::task::{self, Stopped};
use walkshed_engine::walkshed::{Detail, Field, Outline, Reach, outlines};
use walkshed_engine::{Deciseconds, Direction, Network, Profile, Scratch, with_scratch};
use walkshed_register::{Category, EVERYONE, Register};

/// A walkshed with one or more bands. Outlines are computed on first use.
pub struct Walkshed {
    pub place: SnappedPoint,
    pub reach: Reach,
    /// One per requested limit, in order.
    pub bands: Vec<Band>,
    /// Reached population cells by index, with their travel times.
    people: Vec<(u32, Deciseconds)>,
    detail: Detail,
    drawing: OnceLock<Drawing>,
}

/// The outlines of a walkshed.
struct Drawing {
    /// One per band.
    outlines: Vec<Outline>,
    tolerance_m: f64,
}

/// What is within a number of minutes.
#[derive(Debug, Clone, PartialEq)]
pub struct Band {
    pub minutes: f64,
    /// The same as a network cost.
    pub limit: Deciseconds,
    /// People in cells whose centre is within the limit.
    pub population: f64,
    /// Open facilities per category.
    pub facilities: [u64; Category::ALL.len()],
}

/// What to count within a walkshed. An outline alone needs none of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    pub facilities: bool,
    pub people: bool,
}

impl Counted {
    /// Facilities and people.
    pub const ALL: Self = Self { facilities: true, people: true };
}

/// Computes the walkshed of a place with a band for each of `minutes`, in the order given. What is not counted is zero.
#[must_use]
pub fn walkshed(
    world: &World,
    network: &Network,
    place: SnappedPoint,
    profile: Profile,
    direction: Direction,
    minutes: &[f64],
    counted: Counted,
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
        search.run_from(network, profile, direction, &start, most);
        if counted.facilities {
            world.facility_layer.collect(network, &start, search, hits);
            for &p in hits.points() {
                let Some(category) = world.register.open_category(p as usize) else { continue };
                for band in bands.iter_mut().filter(|b| hits.time(p) <= b.limit) {
                    band.facilities[category] += 1;
                }
            }
        }
        let mut cells: Vec<u32> = Vec::new();
        if counted.people {
            world.population_layer.collect(network, &start, search, hits);
            cells.extend_from_slice(hits.points());
        }
        // Summed in cell order, so that rounding does not depend on the order of the search.
        cells.sort_unstable();
        for &p in &cells {
            for band in bands.iter_mut().filter(|b| hits.time(p) <= b.limit) {
                band.population += world.register.population[p as usize].people;
            }
        }
        let people = cells.into_iter().map(|p| (p, hits.time(p))).collect();
        (Reach::of_search(network, profile, direction, start, most, search), people)
    });
    Walkshed { place, reach, bands, people, detail: Detail::default(), drawing: OnceLock::new() }
}

impl Walkshed {
    /// Returns the people of a group in cells whose centre is within a limit, or `None` if the group is unknown.
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

    /// Returns the population cells within the largest band, by index in ascending order, with their travel times.
    #[must_use]
    pub fn cells(&self) -> &[(u32, Deciseconds)] {
        &self.people
    }

    /// Returns the same walkshed, drawn at another level of detail.
    #[must_use]
    pub fn with_detail(self, detail: Detail) -> Self {
        Self { detail, drawing: OnceLock::new(), ..self }
    }

    fn drawing(&self, network: &Network) -> &Drawing {
        self.drawing.get_or_init(|| {
            let field = Field::draw_at(network, &self.reach, self.detail);
            let limits: Vec<Deciseconds> = self.bands.iter().map(|band| band.limit).collect();
            Drawing { outlines: outlines(&field, &limits), tolerance_m: field.tolerance_m() }
        })
    }

    /// Returns the outlines, one per band.
    pub fn outlines(&self, network: &Network) -> &[Outline] {
        &self.drawing(network).outlines
    }

    /// Computes the outlines in advance.
    ///
    /// # Errors
    /// [`Stopped`], before or after the work.
    pub fn draw(&self, network: &Network) -> Result<(), Stopped> {
        task::work(self.reach.pieces.len())?;
        self.drawing(network);
        task::work(self.reach.pieces.len() * self.bands.len())
    }

    /// Returns how far the outlines may extend beyond the reached streets, in metres.
    #[must_use]
    pub fn tolerance_m(&self, network: &Network) -> f64 {
        self.drawing(network).tolerance_m
    }

    /// Returns the area within an outline near the place, in square kilometres.
    #[must_use]
    pub fn area_km2(&self, outline: &Outline) -> f64 {
        let metric = Metric::at(self.place.position.lat());
        outline.square_degrees() * (metric.kx * 1e7) * (metric.ky * 1e7) / 1e6
    }

    /// Returns the area divided by the area of the circle within reach in a straight line on level ground (the pedestrian
    /// catchment ratio).
    #[must_use]
    pub fn reach_ratio(&self, network: &Network, band: &Band, area_km2: f64) -> f64 {
        let radius_km = network.profiles().get(self.reach.profile).level_kmh * band.minutes / 60.0;
        let circle = std::f64::consts::PI * radius_km * radius_km;
        if circle > 0.0 { area_km2 / circle } else { 0.0 }
    }
}
