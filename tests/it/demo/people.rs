//! Where people live, and what they can reach.

use super::*;

/// The share of people, in cities and towns, whose nearest street is behind a gate or behind walls without one.
#[test]
fn many_people_live_in_compounds() {
    let extract = extract();
    let public = public_pieces(extract);
    let whole = pieces(extract, extract.ways.iter());
    let ((open, _), (main, _)) = (sizes(&public), sizes(&whole));
    let squares: HashSet<i64> = extract.ways.iter().filter(|w| w.is_square()).map(|w| whole[&w.refs[0]]).collect();
    let streets = Near::of(extract, |w| w.is_walked() && w.is_on_ground() && !w.is_square());
    let behind = |n: i64| public[&n] != open && (whole[&n] == main || !squares.contains(&whole[&n]));
    // The core, and the seats of districts outside it.
    let core = |p: Position| (106.34..=106.76).contains(&p.lon()) && (29.33..=29.83).contains(&p.lat());
    let centers = &world().register.centers;
    let villages: HashSet<_> = centers
        .iter()
        .filter(|c| c.code.as_str()[9..] >= *"200")
        .map(|c| cell_of(c.position, h3o::Resolution::Nine))
        .collect();
    let mut sums = [[0.0; 2]; 2];
    let mut cells = [[0u32; 2]; 2];
    for cell in world().register.population.iter().filter(|c| !villages.contains(&c.cell) && c.people > 250.0) {
        let at = cell_centre(cell.cell);
        let Some((_, ends, _)) = streets.nearest(extract, at.into()) else { continue };
        let (place, walled) = (usize::from(!core(at)), usize::from(ends.iter().any(|n| behind(*n))));
        sums[place][walled] += cell.people;
        cells[place][walled] += 1;
    }
    let share = |[out, within]: [f64; 2]| within / (out + within);
    println!(
        "core {:.3} of people, {:?} cells; elsewhere {:.3}, {:?}",
        share(sums[0]),
        cells[0],
        share(sums[1]),
        cells[1]
    );
    assert!((0.35..=0.55).contains(&share(sums[0])), "{}", share(sums[0]));
    assert!((0.10..=0.40).contains(&share(sums[1])), "{}", share(sums[1]));
}

/// Counts, by district, the people with and without a facility of each category within 15 minutes.
#[test]
fn every_category_has_gaps_and_coverage_in_twenty_districts() {
    let world = world();
    let network = world.network().unwrap();
    let outlines = outlines();
    let criteria = FacilityCriteria::default();
    let mut sums: HashMap<(usize, Category), [f64; 2]> = HashMap::new();
    for cell in world.register.population.iter() {
        let centre = cell_centre(cell.cell);
        let point = Point::new(centre.lon(), centre.lat());
        let Some(district) = outlines.iter().position(|(_, area)| area.contains(&point)) else { continue };
        let Ok(place) = SnappedPoint::new(network, centre, Profile::Adult) else { continue };
        let query = NearbyQuery {
            place: &place,
            profile: Profile::Adult,
            direction: Direction::From,
            limit: Deciseconds::from_seconds(900.0),
            criteria: &criteria,
            from: None,
            first: usize::MAX,
            with_stats: false,
            with_total: true,
        };
        let found = nearby(world, network, &query);
        for category in Category::ALL {
            let has = found.neighbours.iter().any(|n| world.register.facilities[n.index as usize].category == category);
            sums.entry((district, category)).or_default()[usize::from(has)] += cell.people;
        }
    }
    for category in Category::ALL {
        let districts =
            |which: usize| (0..38).filter(|&d| sums.get(&(d, category)).is_some_and(|s| s[which] > 0.0)).count();
        // Every division has an open center, so few people lack community governance.
        let least = if category == Category::CommunityGovernance { 10 } else { 20 };
        assert!(districts(0) >= least, "{category:?} has gaps in {} districts only", districts(0));
        assert!(districts(1) >= 20, "{category:?} has coverage in {} districts only", districts(1));
    }
}
