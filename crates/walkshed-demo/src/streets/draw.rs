//! Generates the streets of a layout, step by step.

use super::builder::{PendingLandmark, StreetBuilder, Way};
use super::network::Streets;
use super::tags::Class;
use crate::ground::{Ground, Point, in_degrees};
use crate::landmarks::Landmark;
use crate::layout::Layout;
use crate::places::District;
use crate::viaducts::Viaduct;
use std::collections::{BTreeMap, HashMap};
use walkshed_engine::geo::{Fixed, Position};

/// Generates the streets of a layout.
#[must_use]
pub fn draw(seed: u64, districts: &[District], layout: &Layout, ground: &Ground) -> Streets {
    let expressways = crate::expressways::plan(seed, districts, layout);
    let crossings = expressways.crossings();
    let viaducts = crate::viaducts::plan(seed, districts, layout);
    let below_viaducts = viaducts.iter().flat_map(|v| v.blocks().map(|(block, _)| block)).collect();
    let open_ground = viaducts.iter().flat_map(Viaduct::plots).collect();
    let plots = crate::plots::plan(seed, (districts, layout), ground, open_ground, &below_viaducts);
    let mut builder = StreetBuilder {
        ground,
        seed,
        plots: &plots,
        crossings: &crossings,
        points: Vec::new(),
        heights: Vec::new(),
        ways: Vec::new(),
        names: Vec::new(),
        name_indices: HashMap::new(),
        lattice: HashMap::new(),
        node_tags: BTreeMap::new(),
        landmarks: Vec::new(),
    };
    let mut nodes_by_site = builder.blocks(districts, layout);
    builder.cross_expressways();
    builder.viaducts(&viaducts);
    builder.villages(layout, &mut nodes_by_site);
    builder.link_villages(districts, layout, &nodes_by_site);
    builder.link_towns(districts, layout, &nodes_by_site);
    builder.link_seats(districts, layout, &nodes_by_site);
    builder.cross_rivers();
    builder.connect_components();
    builder.remove_unused_from_lattice();
    builder.islands();
    builder.compounds(districts, layout);
    builder.squares(districts, layout);
    builder.metro(districts, layout);
    builder.expressways(&expressways);
    builder.finish(nodes_by_site)
}

impl StreetBuilder<'_> {
    /// Removes unused nodes and rounds positions to the resolution of OpenStreetMap.
    fn finish(self, nodes_by_site: Vec<Vec<u32>>) -> Streets {
        let mut is_used = vec![false; self.points.len()];
        self.ways.iter().flat_map(|w| &w.nodes).for_each(|&n| is_used[n as usize] = true);
        let fixed = |p: Point| {
            let (lon, lat) = in_degrees(p);
            let unit = |degrees: f64| (degrees * Fixed::PER_DEGREE).round() as i32;
            Fixed { x: unit(lon), y: unit(lat) }
        };
        let mut new = vec![u32::MAX; self.points.len()];
        let mut nodes = Vec::new();
        for (i, &p) in self.points.iter().enumerate().filter(|(i, _)| is_used[*i]) {
            new[i] = nodes.len() as u32;
            nodes.push(fixed(p));
        }
        let length = |is_it: &dyn Fn(&Way) -> bool| -> f64 {
            let pairs = self.ways.iter().filter(|w| is_it(w)).flat_map(|w| w.nodes.windows(2));
            pairs.map(|pair| self.at(pair[0]).distance(self.at(pair[1]))).sum::<f64>() / 1000.0
        };
        let expressway_km = length(&|w| w.class == Class::Expressway);
        let viaduct_km = length(&|w| w.class == Class::Elevated);
        let mut ways = self.ways;
        ways.iter_mut().flat_map(|w| &mut w.nodes).for_each(|n| *n = new[*n as usize]);
        let nodes_by_site = nodes_by_site
            .into_iter()
            .map(|list| list.into_iter().map(|n| new[n as usize]).filter(|&n| n != u32::MAX).collect())
            .collect();
        let points = &self.points;
        let landmark = |l: PendingLandmark| Landmark {
            kind: l.kind,
            site: l.site,
            name: l.name,
            floor: l.floor,
            places: l.places.into_iter().map(|p| Position::from(fixed(p))).collect(),
            people: l.people,
            street: Position::from(fixed(points[l.street as usize])),
        };
        Streets {
            nodes,
            ways,
            names: self.names,
            node_tags: self.node_tags.into_iter().map(|(n, mark)| (new[n as usize], mark)).collect(),
            nodes_by_site,
            landmarks: self.landmarks.into_iter().map(landmark).collect(),
            expressway_km,
            viaduct_km,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::landmarks::LandmarkKind;
    use crate::layout::lay_out;
    use crate::places::districts;
    use crate::streets::components::Components;
    use std::collections::HashSet;

    struct City {
        districts: Vec<District>,
        layout: Layout,
        streets: Streets,
    }

    /// Draws a city with a small share of its towns.
    fn city(scale: f64) -> City {
        let districts = districts(1, scale, 0.02);
        let seats: Vec<(f64, f64)> = districts.iter().map(|d| d.seat).collect();
        let ground = Ground::new(1, scale.ceil() as usize, &seats);
        let layout = lay_out(1, &districts, &ground);
        let streets = draw(1, &districts, &layout, &ground);
        City { districts, layout, streets }
    }

    /// The numbers of nodes of the components, ascending. Compounds and squares without a connection are left out.
    fn components(city: &City) -> Vec<usize> {
        let streets = &city.streets;
        let mut components = Components::of(streets.nodes.len(), &streets.ways);
        let mut sizes = HashMap::<u32, usize>::new();
        let ways = streets.ways.iter().filter(|w| w.class.is_walkable() && w.class != Class::Square);
        let nodes: HashSet<u32> = ways.flat_map(|w| &w.nodes).copied().collect();
        for node in nodes {
            *sizes.entry(components.find(node)).or_default() += 1;
        }
        let mut sizes: Vec<usize> = sizes.into_values().collect();
        sizes.sort_unstable();
        sizes
    }

    #[test]
    fn made_up_districts_double_the_city_around_the_real_ones() {
        let (one, two) = (city(1.0), city(2.0));
        assert_eq!((one.districts.len(), two.districts.len()), (38, 76));
        let sites = |city: &City| city.layout.sites.iter().filter(|s| s.block.is_none()).count();
        assert!(two.layout.sites.len() * 10 > one.layout.sites.len() * 19 && sites(&two) * 10 > sites(&one) * 19);
        let ratio = |of: &dyn Fn(&City) -> f64| of(&two) / of(&one);
        for (what, ratio) in [
            ("nodes", ratio(&|p| p.streets.nodes.len() as f64)),
            ("ways", ratio(&|p| p.streets.ways.len() as f64)),
            ("kilometres of expressways", ratio(&|p| p.streets.expressway_km)),
            ("landmarks", ratio(&|p| p.streets.landmarks.len() as f64)),
        ] {
            assert!((1.6..2.6).contains(&ratio), "{ratio} times the {what}");
        }
        // Each site is in the area of its group, and no two share a block.
        for site in &two.layout.sites {
            let [west, south, east, north] = two.districts[site.district].group.region();
            let (lon, lat) = in_degrees(site.centre);
            let near = 0.3;
            assert!((west - near..east + near).contains(&lon) && (south - near..north + near).contains(&lat));
        }
        let blocks: Vec<_> = two.layout.sites.iter().filter_map(|s| s.block).collect();
        assert_eq!(blocks.iter().collect::<HashSet<_>>().len(), blocks.len());
        // All streets are connected, except for five islands in each main river and compounds without a gate.
        let sizes = components(&two);
        let (main, rest) = sizes.split_last().unwrap();
        assert!(rest.iter().sum::<usize>() * 20 < *main, "{main} and {rest:?}");
        let closed = two.streets.landmarks.iter().filter(|l| l.kind == LandmarkKind::CompoundWithoutGate).count();
        assert_eq!(rest.len(), closed + 10);
    }
}
