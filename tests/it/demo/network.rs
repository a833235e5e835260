//! The street network: connected, with its special structures, and routed like a textbook implementation.

use super::*;

#[test]
fn network_is_connected_except_for_a_few_islands() {
    let extract = extract();
    assert!(extract.ways.iter().all(|w| w.is("source", "SYNTHETIC")));
    let whole = pieces(extract, extract.ways.iter());
    let (main, all) = sizes(&whole);
    assert!(all[&main] > 40_000, "{}", all[&main]);
    // Only squares, compounds without a gate and the islands in the river are disconnected.
    let squares: HashSet<i64> = extract.ways.iter().filter(|w| w.is_square()).map(|w| whole[&w.refs[0]]).collect();
    let of_kind = |kind: LandmarkKind| landmarks().iter().filter(|l| l.kind == kind).count();
    assert_eq!(squares.len(), of_kind(LandmarkKind::Square));
    assert!(!squares.contains(&main));
    let entrances: HashSet<i64> =
        extract.marks.iter().filter(|(_, tags)| tags.contains_key("entrance")).map(|(n, _)| whole[n]).collect();
    let walled: HashSet<i64> = entrances.into_iter().filter(|piece| *piece != main).collect();
    assert_eq!(walled.len(), of_kind(LandmarkKind::CompoundWithoutGate));
    let rest: Vec<usize> = all
        .iter()
        .filter(|(r, _)| **r != main && !squares.contains(r) && !walled.contains(r))
        .map(|(_, n)| *n)
        .collect();
    assert_eq!(rest, [16; 5]);
    // Without gates and expressways, every additional component is a compound behind a gate.
    let public = public_pieces(extract);
    let (open, _) = sizes(&public);
    let gated: HashSet<i64> = extract
        .ways
        .iter()
        .filter(|w| w.is_walked())
        .flat_map(|w| &w.refs)
        .filter(|n| public[n] != open && whole[n] == main && !extract.has(**n, "barrier"))
        .map(|n| public[n])
        .collect();
    assert_eq!(gated.len(), of_kind(LandmarkKind::Compound));
}

/// Compares with the tags in the file.
#[test]
fn has_gates_squares_viaducts_expressways_and_a_metro() {
    let extract = extract();
    let ways = |is_of: &dyn Fn(&OsmWay) -> bool| extract.ways.iter().filter(|w| is_of(w)).count();
    let of_kind = |kind: LandmarkKind| landmarks().iter().filter(|l| l.kind == kind).count();
    // Compounds: gates of all kinds, few of them closed to everybody; paths inside are private in some and untagged in
    // others.
    let gates = extract.marks.values().filter(|tags| tags.contains_key("barrier")).count();
    assert!(of_kind(LandmarkKind::Compound) >= 250, "{}", of_kind(LandmarkKind::Compound));
    assert!(of_kind(LandmarkKind::CompoundWithoutGate) >= 5, "{}", of_kind(LandmarkKind::CompoundWithoutGate));
    assert!((of_kind(LandmarkKind::Compound)..4 * of_kind(LandmarkKind::Compound)).contains(&gates), "{gates}");
    for barrier in ["gate", "lift_gate", "swing_gate"] {
        assert!(extract.count("barrier", barrier) * 30 > gates, "{barrier}");
    }
    let by_access = ["private", "residents", "permit", "no"].map(|access| extract.count("access", access));
    assert_eq!(by_access.iter().sum::<usize>(), gates);
    assert!(by_access[0] * 2 > gates && by_access[1] * 20 > gates && by_access[2] * 20 > gates, "{by_access:?}");
    assert!(by_access[3] > 0 && by_access[3] * 20 < gates, "{by_access:?}");
    let private = ways(&|w| w.is("access", "private"));
    assert!(private > 1000, "{private}");
    assert!(extract.count("entrance", "yes") > 2 * of_kind(LandmarkKind::Compound));
    // Squares: many corners, no shared node with a street, 2 to 30 m from the nearest street.
    let streets = Near::of(extract, |w| w.is_walked() && !w.is_square() && w.is_on_ground());
    let used: HashSet<i64> = extract.ways.iter().filter(|w| !w.is_square()).flat_map(|w| w.refs.clone()).collect();
    let squares: Vec<&OsmWay> = extract.ways.iter().filter(|w| w.is_square()).collect();
    assert!(squares.len() >= 10, "{}", squares.len());
    for square in squares {
        assert!(square.refs.first() == square.refs.last() && square.refs.len() > 16, "{:?}", square.refs);
        assert!(square.refs.iter().all(|n| !used.contains(n)));
        let away = square.refs.iter().filter_map(|n| streets.nearest(extract, extract.nodes[n])).map(|n| n.0);
        let away = away.fold(f64::MAX, f64::min);
        assert!((2.0..=30.0).contains(&away), "{away}");
    }
    // Expressways: trunk roads without tags for pedestrians, on the ground, on viaducts, and in tunnels, with slip
    // roads.
    let trunk = |w: &OsmWay| w.is("highway", "trunk") && w.is_expressway();
    assert!(extract.ways.iter().filter(|w| trunk(w)).all(|w| w.tag("foot").is_none() && w.tag("sidewalk").is_none()));
    assert!(ways(&|w| trunk(w) && w.is("bridge", "viaduct")) >= 5);
    assert!(ways(&|w| trunk(w) && w.is("tunnel", "yes")) >= 1);
    assert!(ways(&|w| trunk(w) && w.is_on_ground()) >= 5);
    assert!(ways(&|w| w.is("highway", "trunk_link")) >= 3);
    // Streets on viaducts in up to three layers, with open ground below.
    let raised = |w: &OsmWay| w.is("highway", "secondary") && w.is("bridge", "yes") && w.refs.len() > 10;
    assert!(ways(&|w| raised(w)) >= 3, "{}", ways(&|w| raised(w)));
    for layer in ["2", "3"] {
        assert!(ways(&|w| w.tag("bridge").is_some() && w.is("layer", layer)) > 0, "{layer}");
    }
    for place in landmarks().iter().filter(|l| l.kind == LandmarkKind::Viaduct) {
        let at = Fixed::from(place.places[0]);
        let above = Near::of(extract, raised).nearest(extract, at).unwrap().0;
        let ground = streets.nearest(extract, at).unwrap().0;
        assert!(above < 25.0 && ground > 2.5 * above, "{above} m below a viaduct, {ground} m from a street");
    }
    // The metro: platforms two storeys below the ground, halls one, and entrances with stairs, escalators and lifts.
    let stations = of_kind(LandmarkKind::Platform);
    assert!(stations >= 3, "{stations}");
    let platform = |w: &OsmWay| (w.is("railway", "platform") || w.is("highway", "platform")) && w.is("level", "-2");
    assert_eq!(ways(&platform), stations);
    assert!(extract.ways.iter().filter(|w| platform(w)).all(|w| w.is("layer", "-2")));
    assert!(ways(&|w| w.is("highway", "corridor") && w.is("indoor", "yes") && w.is("level", "-1")) >= 2 * stations);
    assert!(ways(&|w| w.is("highway", "footway") && w.is("indoor", "yes") && w.is("layer", "-1")) >= stations);
    assert!(ways(&|w| w.is("highway", "steps") && w.is("level", "-1;0") && w.tag("conveying").is_none()) >= stations);
    assert!(ways(&|w| w.is("level", "-1;0") && w.is("conveying", "forward")) >= stations);
    assert!(
        extract.count("highway", "elevator") >= stations && extract.count("railway", "subway_entrance") >= 2 * stations
    );
    // Each of them has a facility, with its storey.
    let facilities = rows("facilities.csv");
    let on = |floor: &str| facilities.iter().filter(|f| f["floor"] == floor).count();
    assert!(on("-2") >= stations && on("-1") >= of_kind(LandmarkKind::Passage) && of_kind(LandmarkKind::Passage) > 0);
    let at: HashSet<(String, String)> = facilities.iter().map(|f| (f["lon"].clone(), f["lat"].clone())).collect();
    for landmark in landmarks() {
        let holds = |p: &Position| at.contains(&(format!("{:.6}", p.lon()), format!("{:.6}", p.lat())));
        let may_be_empty = [LandmarkKind::Compound, LandmarkKind::CompoundWithoutGate, LandmarkKind::Expressway];
        assert!(may_be_empty.contains(&landmark.kind) || landmark.places.iter().any(holds), "{landmark:?}");
    }
    for kind in [LandmarkKind::Compound, LandmarkKind::CompoundWithoutGate] {
        let holds = |p: &Position| at.contains(&(format!("{:.6}", p.lon()), format!("{:.6}", p.lat())));
        let with = landmarks().iter().filter(|l| l.kind == kind && l.places.iter().any(holds)).count();
        assert!(with * 3 > of_kind(kind), "{with} of {} have a facility", of_kind(kind));
    }
}

/// No street on the ground crosses an expressway on the ground.
#[test]
fn streets_cross_expressways_only_at_crossings() {
    let extract = extract();
    let side = |p: (f64, f64), q: (f64, f64), r: (f64, f64)| (q.0 - p.0) * (r.1 - p.1) - (q.1 - p.1) * (r.0 - p.0);
    let streets = Near::of(extract, |w| w.is_walked() && w.is_on_ground());
    let (mut pieces, mut passed) = (0, 0);
    for ends in extract.segments(|w| w.is("highway", "trunk") && w.is_expressway() && w.is_on_ground()) {
        pieces += 1;
        let [a, b] = ends.map(|n| plane(extract.nodes[&n]));
        let (x, y) = Near::square(a);
        let around = (x - 2..=x + 2).flat_map(|i| (y - 2..=y + 2).map(move |j| (i, j)));
        for i in around.filter_map(|square| streets.squares.get(&square)).flatten() {
            let [c, d] = streets.segments[*i].0.map(|n| plane(extract.nodes[&n]));
            let crosses = side(a, b, c) * side(a, b, d) < 0.0 && side(c, d, a) * side(c, d, b) < 0.0;
            assert!(!crosses, "{:?} is crossed by {:?}", ends, streets.segments[*i]);
        }
    }
    assert!(pieces >= 50, "{pieces}");
    // There are underpasses, and bridges with steps.
    for way in &extract.ways {
        passed += usize::from(way.is("highway", "footway") && way.is("tunnel", "yes"));
    }
    assert!(passed >= 3, "{passed}");
}

/// Routes from compounds, squares, viaducts and underground places to the nearest street and back; and across
/// expressways.
#[test]
fn places_in_compounds_on_squares_and_underground_are_reachable() {
    let network = world().network().unwrap();
    let limit = Deciseconds::from_seconds(3600.0);
    for kind in LandmarkKind::ALL {
        let all: Vec<&Landmark> = landmarks().iter().filter(|l| l.kind == kind).collect();
        assert!(!all.is_empty(), "{kind:?}");
        for landmark in all.iter().step_by(all.len().div_ceil(40)) {
            let storey = Storey::of_level(f64::from(landmark.floor));
            let street = SnappedPoint::new(network, landmark.street, Profile::Adult).unwrap();
            for place in &landmark.places {
                let place = SnappedPoint::on(network, *place, storey, Profile::Adult).unwrap();
                let ends = |p: &SnappedPoint| (Fixed::from(p.position), p.start);
                for (from, to) in [(&place, &street), (&street, &place)] {
                    let (from, to) = (ends(from), ends(to));
                    let found = route(network, Profile::Adult, (from.0, &from.1), (to.0, &to.1), limit);
                    let Some(found) = found else { panic!("no route to {landmark:?}") };
                    let metres = Metric::at(29.6).distance(from.0, to.0);
                    if kind == LandmarkKind::Expressway {
                        assert!(found.time.0 as f64 / 10.0 > 1.5 * metres / 1.34, "{landmark:?}: {:?}", found.time);
                    } else {
                        // The street below a viaduct is reached only through its ends.
                        let most = if kind == LandmarkKind::Viaduct { 2400.0 } else { 1200.0 };
                        assert!(found.time <= Deciseconds::from_seconds(most), "{landmark:?}: {:?}", found.time);
                    }
                }
            }
        }
    }
    // Every facility can reach another one.
    let register = &world().register;
    let step = register.facilities.len() / 400 + 1;
    for facility in register.facilities.iter().step_by(step) {
        let place = SnappedPoint::new(network, facility.position, Profile::Adult).unwrap();
        let query = NearbyQuery {
            place: &place,
            profile: Profile::Adult,
            direction: Direction::Towards,
            limit,
            criteria: &FacilityCriteria::default(),
            from: None,
            first: 30,
            with_stats: false,
            with_total: true,
        };
        let found = nearby(world(), network, &query).neighbours.len();
        assert!(found > 1, "{}: only {found} in an hour", facility.name);
    }
}

/// Compares walking times on level ground with a textbook search over the extract, read independently of walkshed:
/// lengths by the metric of 47 CFR 73.208, 4.8 km/h, the mean of both directions on stairs, and waiting times for
/// lifts, ferries and the cable car.
#[test]
fn walking_times_match_a_textbook_dijkstra() {
    let extract = extract();
    let nodes = &extract.nodes;
    let (public, mut next) = (public_pieces(extract), HashMap::<i64, Vec<(i64, f64)>>::new());
    let (main, _) = sizes(&public);
    for way in extract.ways.iter().filter(|w| w.is_walked() && !w.tags.contains_key("area")) {
        for pair in way.refs.windows(2).filter(|pair| pair.iter().all(|n| public[n] == main)) {
            let (a, b) = (nodes[&pair[0]], nodes[&pair[1]]);
            let metres = Metric::at(f64::midpoint(a.lat(), b.lat())).distance(a, b);
            // A lift on a node connects two ways: 30 s and 3 m, half of it on each.
            let lifts = pair.iter().filter(|n| extract.has(**n, "highway")).count() as f64 * 16.5;
            let seconds = match (way.tag("highway"), way.tag("route"), way.tag("aerialway")) {
                (Some("steps"), ..) if way.tag("conveying").is_some() => metres / 0.5,
                (Some("steps"), ..) => f64::midpoint(metres / 0.50, metres / 0.67),
                (Some("elevator"), ..) => 30.0 + metres,
                (None, Some("ferry"), _) => 300.0 + 480.0,
                (None, _, Some("cable_car")) => 120.0 + 300.0,
                (Some(_), ..) => metres / (4.8 / 3.6) + lifts,
                other => panic!("{other:?}"),
            };
            next.entry(pair[0]).or_default().push((pair[1], seconds));
            if way.tag("conveying").is_none() {
                next.entry(pair[1]).or_default().push((pair[0], seconds));
            }
        }
    }
    let options = BuildOptions::new(city().join("files/streets.osm.pbf"));
    let network = build(&options, &|_| {}).unwrap();
    let place = |id: i64| {
        let at = nodes[&id];
        (at, Start::new(&network, network.snap(at, Profile::Adult).unwrap(), Profile::Adult))
    };
    // Places do not snap to bridges, tunnels or ways that carry people, so nodes of those ways only are excluded.
    let is_place = |w: &OsmWay| {
        let carries = w.tags.contains_key("conveying") || w.is("highway", "elevator");
        w.tags.contains_key("highway") && w.is_walked() && w.is_on_ground() && !carries && !w.tags.contains_key("area")
    };
    let mut ids: Vec<i64> = extract.ways.iter().filter(|w| is_place(w)).flat_map(|w| w.refs.clone()).collect();
    ids.retain(|n| public[n] == main && !extract.marks.contains_key(n));
    ids.sort_unstable();
    ids.dedup();
    let mut compared = 0;
    for from in ids.iter().step_by(ids.len() / 40).copied() {
        // Seconds and number of segments to everything within 30 minutes.
        let mut best: HashMap<i64, (f64, u32)> = HashMap::new();
        let mut heap = BinaryHeap::from([(Reverse(0u64), 0u32, from)]);
        while let Some((Reverse(millis), count, node)) = heap.pop() {
            let seconds = millis as f64 / 1000.0;
            if best.contains_key(&node) || seconds > 1800.0 {
                continue;
            }
            best.insert(node, (seconds, count));
            for &(to, more) in next.get(&node).into_iter().flatten() {
                heap.push((Reverse(((seconds + more) * 1000.0).round() as u64), count + 1, to));
            }
        }
        let mut reached: Vec<i64> = best.keys().copied().filter(|id| ids.binary_search(id).is_ok()).collect();
        reached.sort_unstable();
        let start = place(from);
        for to in reached.iter().step_by(reached.len() / 8 + 1).copied().filter(|&to| to != from) {
            let (seconds, segments) = best[&to];
            let end = place(to);
            let limit = Deciseconds::from_seconds(3600.0);
            let found = route(&network, Profile::Adult, (start.0, &start.1), (end.0, &end.1), limit).unwrap();
            // Each segment is rounded to 0.1 s; the textbook search rounds to milliseconds.
            let allowed = 0.06 * f64::from(segments + 2) + 0.5;
            let ours = found.time.0 as f64 / 10.0;
            assert!((ours - seconds).abs() <= allowed, "{from} to {to}: {ours} s, expected {seconds} s");
            compared += 1;
        }
    }
    assert!(compared > 150, "{compared}");
}
