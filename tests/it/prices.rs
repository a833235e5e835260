//! Checks for every field that takes or returns a list that the work is in proportion to the cost, for small and large inputs.
//! The fields come from the schema, so that a new field with a list must be added here.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail like tests")]

use crate::support::city::{self, position};
use jiff::civil::date;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use walkshed_analysis::world::World;
use walkshed_engine::geo::cell_of;
use walkshed_graphql::{Api, Limits};
use walkshed_register::{
    Audience, Category, Center, Change, DivisionCode, Facility, Host, PopulationCell, Region, RegionCode, RegisterRows,
    Scenario, VisitCount, VisitDay,
};
use walkshed_testing::grid;

/// Complexity limits that are tried in order, to find the cost of a request.
const COMPLEXITIES: [usize; 13] =
    [32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16_384, 65_536, 1_048_576, 67_108_864];
/// Maximum work for each unit of cost. One value of a response is one unit of work, and so are 20 visited junctions, homes or
/// rows, or 100 bytes.
const MAX_WORK_PER_COST: f64 = 4.0;

fn world(side: u32, regions: u32) -> Arc<World> {
    let at = |n: u32| position(f64::from(n % side) * 100.0, f64::from(n / side % side) * 100.0);
    let code = |n: u32| format!("500106{:03}{:03}", n / 40 % 900 + 1, n % 40 + 1);
    let center = |n: u32| Center {
        id: i64::from(n) + 1,
        version: 1,
        ..Center::new(DivisionCode::new(&code(n)).unwrap(), format!("center {n}"), at(n * 7))
    };
    let facility = |n: u32| Facility {
        id: i64::from(n) + 100_000,
        version: 1,
        capacity: Some(20.0),
        ..Facility::new(format!("f-{n}"), format!("f {n}"), Category::ALL[n as usize % 7], at(n * 3))
    };
    let region = |(id, code): (i64, String)| Region {
        id,
        version: 1,
        ..Region::new(RegionCode::new(&code).unwrap(), format!("region {code}"))
    };
    let codes = ["50".to_owned(), "500106".to_owned()].into_iter();
    let codes = codes.chain((0..regions).map(|n| format!("500106{:03}", n / 40 % 900 + 1)));
    let mut codes: Vec<String> = codes.chain((0..regions).map(code)).collect();
    codes.sort_unstable();
    codes.dedup();
    let mut population: Vec<PopulationCell> = (0..side * side)
        .map(|n| PopulationCell { cell: cell_of(at(n), h3o::Resolution::Ten), people: f64::from(n % 9 + 1) })
        .collect();
    population.sort_by_key(|c| c.cell);
    population.dedup_by_key(|c| c.cell);
    let visits = (0..regions).flat_map(|n| {
        (1..=20).map(move |day| VisitDay {
            center: i64::from(n) + 1,
            day: date(2026, 3, day),
            counts: vec![VisitCount { hour: None, audience: Audience::Everyone, count: 10 }],
        })
    });
    let close = |n: u32| Change::Close { place: Host::Facility(i64::from(n) + 100_000) };
    let scenario = Scenario {
        id: 1,
        version: 1,
        changes: (0..regions.min(100)).map(close).collect(),
        ..Scenario::new("less".into(), "less".into())
    };
    let rows = RegisterRows {
        centers: (0..regions).map(center).collect(),
        facilities: (0..side * side).map(facility).collect(),
        regions: (1..).zip(codes).map(region).collect(),
        visits: visits.collect(),
        groups: std::iter::once(("60_plus".to_owned(), population.clone())).collect(),
        population,
        scenarios: vec![scenario],
        ..city::rows()
    };
    Arc::new(World::new(Ok(Arc::new(grid(side, 100.0))), rows))
}

/// Fields, a query that selects them, and its variables for the small and the large case.
struct Entry {
    fields: &'static [&'static str],
    query: &'static str,
    small: Value,
    large: Value,
}

fn entry(fields: &'static [&'static str], query: &'static str) -> Entry {
    Entry { fields, query, small: Value::Null, large: Value::Null }
}

fn many(item: Value, count: usize) -> Value {
    json!({ "v": vec![item; count] })
}

fn with(fields: &'static [&'static str], query: &'static str, item: Value, max: usize) -> Entry {
    Entry { fields, query, small: many(item.clone(), 1), large: many(item, max) }
}

fn rows(fields: &'static [&'static str], query: &'static str, max: u32) -> Entry {
    Entry { fields, query, small: json!({ "v": 1 }), large: json!({ "v": max }) }
}

/// Fields whose lists are always short, with the reason.
const FEW: &[(&str, &str)] = &[
    (".userErrors", "a few for each field of the input"),
    ("Mutation.", "the input requires a token and is validated"),
    ("ImportPayload.", "holds only the first refused rows of a file"),
    ("Center.groupsServed", "limited by the rules of the record"),
    ("Center.partners", "limited by the rules of the record"),
    ("Center.funding", "limited by the rules of the record"),
    ("Event.dates", "limited by the rules of the record"),
    ("Event.except", "limited by the rules of the record"),
    ("Event.audiences", "values of a small enum"),
    ("Event.services", "limited by the rules of the record"),
    ("Facility.audiences", "values of a small enum"),
    ("Service.audiences", "values of a small enum"),
    ("ChangedStreet.joins", "two ends"),
    ("StandardRequirement.kinds", "limited by the rules of the record"),
    ("VisitDay.counts", "24 hours for a few audiences"),
    ("Query.tokens", "few, and only for admins"),
    ("Query.jobs", "only for admins, at most 200, included in the complexity"),
    ("Query.auditLog", "only for admins, paged"),
    ("Subscription.", "limited like the lists of queries"),
    ("Occurrences.nodes", "limited by the maximum of occurrences of one event"),
    ("EventConnection.", "a page of rows, like those of centers"),
    ("OfferConnection.", "a page of rows, like those of centers"),
    ("SuggestionConnection.", "a page of rows, like those of centers"),
    ("ServiceConnection.", "a page of rows, like those of centers"),
    ("Center.visits", "at most 366 days"),
];

fn entries() -> Vec<Entry> {
    let place = json!({"point": {"lon": position(300.0, 300.0).lon(), "lat": position(300.0, 300.0).lat()}});
    let from = "from: {facility: \"RmFjaWxpdHk6MTAwMDAw\"}";
    let leak = |text: String| -> &'static str { Box::leak(text.into_boxed_str()) };
    vec![
        entry(
            &["Coverage.histogram", "Coverage.byCategory", "Coverage.byRegion", "Query.coverage"],
            "{ coverage { histogram { people } byCategory { facilities } byRegion { code people { share } } } }",
        ),
        entry(
            &["Explanation.parameters", "Explanation.method"],
            "{ coverage { explain { parameters { name value } method } } }",
        ),
        rows(
            &["CellCoverageConnection.edges", "CellCoverageConnection.nodes", "CellCoverage.missing"],
            "query($v: Int!) { coverage { cells(first: $v) { edges { cursor } nodes { people missing } } } }",
            1000,
        ),
        rows(
            &["CoverageGapConnection.edges", "CoverageGapConnection.nodes"],
            "query($v: Int!) { coverage(need: {category: HEALTH_CARE, minutes: 1}) { gaps(first: $v) { edges { cursor } nodes { people } } } }",
            1000,
        ),
        with(
            &["Coverage.percentiles"],
            "query($v: [Float!]!) { coverage { percentiles(shares: $v) } }",
            json!(0.5),
            20,
        ),
        entry(
            &["AccessSurface.byRegion", "Inequality.lorenz", "Query.accessibility"],
            "{ accessibility(measure: TWO_STEP, need: {category: HEALTH_CARE}) { byRegion { code mean } inequality { lorenz } } }",
        ),
        entry(
            &["CellAccess.cells", "CellAccess.people", "CellAccess.values"],
            "{ accessibility(measure: CUMULATIVE, need: {category: HEALTH_CARE}) { cells { cells people values } } }",
        ),
        entry(
            &["Assessment.requirements", "Assessment.regions", "RatedRegion.shares", "LeastServed.cells"],
            "{ assessment(standard: \"service_circle\") { requirements { met } regions { code shares } leastServed { cells } } }",
        ),
        rows(
            &["RatedCenterConnection.edges", "RatedCenterConnection.nodes", "RatedCenter.missing"],
            "query($v: Int!) { assessment(standard: \"service_circle\") { centers(first: $v) { edges { cursor } nodes { score missing } } } }",
            1000,
        ),
        Entry {
            fields: &["Catchment.groups", "Catchment.overlaps"],
            query: "query($v: Int!) { catchment(of: {facility: \"RmFjaWxpdHk6MTAwMDAw\"}) { groups { people } overlaps(first: $v) { people } } }",
            small: json!({"v": 1}),
            large: json!({"v": 50}),
        },
        entry(
            &["CellTimes.cells", "CellTimes.minutes"],
            leak(format!("{{ walkshed({from}, minutes: [60]) {{ cells(resolution: 11) {{ cells minutes }} }} }}")),
        ),
        with(
            &["Walkshed.bands", "WalkshedBand.facilityCounts", "Query.walkshed", "Walkshed.assumptions"],
            leak(format!(
                "query($v: [Float!]!) {{ walkshed({from}, minutes: $v) {{ assumptions bands {{ polygon facilityCounts {{ count }} }} }} }}"
            )),
            json!(30.0),
            10,
        ),
        rows(
            &["NearbyConnection.edges", "NearbyConnection.nodes"],
            leak(format!(
                "query($v: Int!) {{ nearby({from}, minutes: 60, first: $v) {{ edges {{ cursor metres }} nodes {{ name }} }} }}"
            )),
            1000,
        ),
        with(
            &["Query.nearby"],
            leak(format!("query($v: [Category!]!) {{ nearby({from}, categories: $v) {{ totalCount }} }}")),
            json!("HEALTH_CARE"),
            1000,
        ),
        rows(
            &["CenterConnection.edges", "CenterConnection.nodes"],
            "query($v: Int!) { centers(first: $v) { edges { cursor } nodes { name code } } }",
            1000,
        ),
        rows(
            &["FacilityConnection.edges", "FacilityConnection.nodes"],
            "query($v: Int!) { facilities(first: $v) { edges { cursor } nodes { name } } }",
            1000,
        ),
        rows(
            &["ScenarioConnection.edges", "ScenarioConnection.nodes", "Scenario.changes"],
            "query($v: Int!) { scenarios(first: $v) { edges { cursor } nodes { key changes { kind } } } }",
            1000,
        ),
        with(
            &["Query.centers"],
            "query($v: [Status!]!) { centers(first: 1, filter: {statuses: $v}) { totalCount } }",
            json!("OPEN"),
            1000,
        ),
        with(
            &["Query.facilities"],
            "query($v: [Status!]!) { facilities(first: 1, filter: {statuses: $v}) { totalCount } }",
            json!("OPEN"),
            1000,
        ),
        with(
            &["Query.services"],
            "query($v: [Category!]!) { services(categories: $v) { totalCount } }",
            json!("HEALTH_CARE"),
            1000,
        ),
        with(
            &["Query.suggestions"],
            "query($v: [SuggestionStatus!]!) { suggestions(statuses: $v) { totalCount } }",
            json!("DONE"),
            1000,
        ),
        with(
            &["Center.suggestions"],
            "query($v: [SuggestionStatus!]!) { center(code: \"500106001001\") { suggestions(statuses: $v) { totalCount } } }",
            json!("DONE"),
            1000,
        ),
        with(&["Query.nodes"], "query($v: [ID!]!) { nodes(ids: $v) { id } }", json!("RmFjaWxpdHk6MTAwMDAw"), 1000),
        entry(&["Query.serviceCategories"], "{ serviceCategories { nameEn facilityCount } }"),
        entry(&["Query.facilityKinds"], "{ facilityKinds { key name nameEn } }"),
        entry(&["Query.regions"], "{ regions { code name } }"),
        entry(&["Region.children"], "{ region(code: \"500106\") { children { code name } } }"),
        entry(&["Query.standards", "Standard.requirements"], "{ standards { key requirements { key } } }"),
        entry(&["Query.assumptions"], "{ assumptions }"),
        Entry {
            fields: &["Query.siteSuggestions", "SiteSuggestions.sites"],
            query: "query($v: [PlaceInput!]!) { siteSuggestions(need: {category: HEALTH_CARE, minutes: 2}, candidates: PLACES, places: $v, count: 200) { sites { gained cost } } }",
            small: many(place.clone(), 1),
            large: json!({ "v": (0..1000).map(|n| {
                let at = position(f64::from(n % 50) * 100.0, f64::from(n / 50) * 100.0);
                json!({"point": {"lon": at.lon(), "lat": at.lat()}})
            }).collect::<Vec<_>>() }),
        },
        entry(
            &[
                "Query.compareScenarios",
                "ScenarioComparison.byCategory",
                "ScenarioComparison.byGroup",
                "ScenarioComparison.byRegion",
            ],
            "{ compareScenarios(after: \"less\") { byCategory { category } byGroup { people } byRegion { code } } }",
        ),
        rows(
            &["ComparedCellConnection.edges", "ComparedCellConnection.nodes"],
            "query($v: Int!) { compareScenarios(after: \"less\") { cells(change: FARTHER, first: $v) { edges { cursor } nodes { people } } } }",
            1000,
        ),
        Entry {
            fields: &["Query.travelTimes", "TravelTimeMatrix.minutes", "TravelTimeMatrix.unsnappable"],
            query: "query($v: [PlaceInput!]!) { travelTimes(origins: $v, destinations: $v) { minutes unsnappable { index } } }",
            small: many(place.clone(), 1),
            large: many(place, 100),
        },
        rows(
            &["UnderusedCenters.nodes"],
            "query($v: Int!) { underusedCenters(first: $v) { nodes { ratioToMedian } } }",
            1000,
        ),
        entry(
            &[
                "Dataset.facilitiesByCategory",
                "Dataset.imports",
                "Dataset.problems",
                "Population.groups",
                "Streets.kinds",
                "Streets.leftOut",
                "Streets.elevation",
                "Streets.warnings",
                "CutOffStreets.largest",
            ],
            "{ dataset { facilitiesByCategory { count } imports { rows } problems population { groups { people } }
                 streets { kinds { count } leftOut { count } elevation warnings cutOff { largest { people } } } } }",
        ),
    ]
}

/// Counts the values in a response.
fn values(json: &Value) -> usize {
    match json {
        Value::Array(list) => list.iter().map(values).sum::<usize>() + 1,
        Value::Object(fields) => fields.values().map(values).sum(),
        _ => 1,
    }
}

/// Returns the cost of a request and the work that was done for it.
fn cost_and_work(apis: &[Api], world: &Arc<World>, query: &str, variables: &Value) -> (f64, f64) {
    let is_refused = |reply: &Value| reply["errors"][0]["extensions"]["limit"] == "maxComplexity";
    for (api, complexity) in apis.iter().zip(COMPLEXITIES) {
        let answer = city::ask_with(api, world, query, variables.clone());
        let reply = city::answer(&answer);
        if is_refused(&reply) {
            continue;
        }
        assert_eq!(reply.get("errors"), None, "{query}: {}", reply["errors"]);
        let bytes = serde_json::to_string(&answer.response).unwrap().len();
        let work = values(&reply["data"]) as f64 + answer.task.worked() as f64 / 20.0 + bytes as f64 / 100.0;
        return (complexity as f64 + answer.work.total() as f64, work);
    }
    panic!("{query} exceeds the highest complexity");
}

/// Returns the fields of the schema that take a list, directly or inside an input, or return one.
fn list_fields(schema: &Value) -> BTreeSet<String> {
    fn named(of: &Value) -> (&str, bool) {
        let (mut of, mut is_list) = (of, false);
        while !of["ofType"].is_null() {
            is_list |= of["kind"] == "LIST";
            of = &of["ofType"];
        }
        (of["name"].as_str().unwrap(), is_list)
    }
    fn holds_list(types: &[Value], of: &Value, seen: &mut BTreeSet<String>) -> bool {
        let (name, is_list) = named(of);
        if is_list {
            return true;
        }
        if !seen.insert(name.to_owned()) {
            return false;
        }
        let fields = types.iter().find(|t| t["name"] == name).and_then(|t| t["inputFields"].as_array().cloned());
        fields.unwrap_or_default().iter().any(|f| holds_list(types, &f["type"], seen))
    }
    let types = schema["data"]["__schema"]["types"].as_array().unwrap();
    let mut found = BTreeSet::new();
    for of in types.iter().filter(|t| t["kind"] == "OBJECT" && !t["name"].as_str().unwrap().starts_with("__")) {
        for field in of["fields"].as_array().unwrap() {
            let takes =
                field["args"].as_array().unwrap().iter().any(|a| holds_list(types, &a["type"], &mut BTreeSet::new()));
            if takes || named(&field["type"]).1 {
                found.insert(format!("{}.{}", of["name"].as_str().unwrap(), field["name"].as_str().unwrap()));
            }
        }
    }
    found
}

#[test]
fn the_cost_of_every_list_covers_its_work() {
    const TYPE: &str = "kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } }";
    let introspection = format!(
        "{{ __schema {{ types {{ kind name fields {{ name type {{ {TYPE} }} args {{ type {{ {TYPE} }} }} }} inputFields {{ type {{ {TYPE} }} }} }} }} }}"
    );
    let entries = entries();
    let schema = city::answer(&city::ask_with(
        &Api::new(Limits { max_complexity: 1_000_000, ..Limits::default() }),
        &city::world(),
        &introspection,
        Value::Null,
    ));
    let is_few = |field: &str| {
        FEW.iter().any(|(name, _)| {
            field == *name
                || name.ends_with('.') && field.starts_with(name)
                || name.starts_with('.') && field.ends_with(name)
        })
    };
    let known: BTreeSet<&str> = entries.iter().flat_map(|e| e.fields.iter().copied()).collect();
    let listed = list_fields(&schema);
    let missing: Vec<&String> = listed.iter().filter(|f| !known.contains(f.as_str()) && !is_few(f)).collect();
    assert!(
        missing.is_empty(),
        "add these fields to this test, with a query for a small and a large case: {missing:?}"
    );
    let gone: Vec<&&str> = known.iter().filter(|f| !listed.contains(**f)).collect();
    assert!(gone.is_empty(), "these fields no longer have lists: {gone:?}");
    for entry in &entries {
        for field in entry.fields {
            let name = field.split('.').nth(1).unwrap();
            assert!(entry.query.contains(name), "{} does not select {field}", entry.query);
        }
    }

    let limits = |max_complexity: usize| Limits { max_complexity, max_work: usize::MAX, ..Limits::default() };
    let apis: Vec<Api> = COMPLEXITIES.map(|max| Api::new(limits(max))).into();
    let (small_world, large_world) = (world(12, 20), world(60, 1500));
    let mut underpriced = Vec::new();
    for Entry { query, small, large, .. } in &entries {
        let little = cost_and_work(&apis, &small_world, query, small);
        let much = cost_and_work(&apis, &large_world, query, large);
        println!("cost {:>9.0} work {:>9.0}, cost {:>9.0} work {:>9.0}: {query}", little.0, little.1, much.0, much.1);
        for (cost, work) in [little, much] {
            if work > cost * MAX_WORK_PER_COST {
                underpriced.push(format!("{work:.0} units of work for a cost of {cost:.0}: {query}"));
            }
        }
    }
    assert!(underpriced.is_empty(), "{underpriced:#?}");
}
