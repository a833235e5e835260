//! Every field that takes a list or returns one: what it does is in proportion to what it is priced at, for little and for
//! much. The schema is walked, so that a new field of that sort must be entered here.
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

/// Limits of complexity that are tried one after the other, to find what a request is counted at.
const COMPLEXITIES: [usize; 13] =
    [32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16_384, 65_536, 1_048_576, 67_108_864];
/// Units of work that one unit of a price may stand for. A value of an answer is one unit, and so are 20 junctions, homes or
/// rows looked at, or 100 bytes.
const MOST_A_UNIT: f64 = 4.0;

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

/// Fields, a query that asks for them, and what differs between little and much beside the city.
struct Entry {
    fields: &'static [&'static str],
    query: &'static str,
    little: Value,
    much: Value,
}

fn entry(fields: &'static [&'static str], query: &'static str) -> Entry {
    Entry { fields, query, little: Value::Null, much: Value::Null }
}

fn many(item: Value, count: usize) -> Value {
    json!({ "v": vec![item; count] })
}

fn with(fields: &'static [&'static str], query: &'static str, item: Value, most: usize) -> Entry {
    Entry { fields, query, little: many(item.clone(), 1), much: many(item, most) }
}

fn rows(fields: &'static [&'static str], query: &'static str, most: u32) -> Entry {
    Entry { fields, query, little: json!({ "v": 1 }), much: json!({ "v": most }) }
}

/// Of these there are few, whatever is asked.
const FEW: &[(&str, &str)] = &[
    (".userErrors", "one for each rule that is broken, at most some for each field of the input"),
    ("Mutation.", "the input of someone with a token, held to the rules of its record"),
    ("ImportPayload.", "told of the first refused rows of a file alone"),
    ("Center.groupsServed", "part of one record, by its rules"),
    ("Center.partners", "part of one record, by its rules"),
    ("Center.funding", "part of one record, by its rules"),
    ("Event.dates", "part of one record, by its rules"),
    ("Event.except", "part of one record, by its rules"),
    ("Event.audiences", "words of a list of few"),
    ("Event.services", "part of one record, by its rules"),
    ("Facility.audiences", "words of a list of few"),
    ("Service.audiences", "words of a list of few"),
    ("ChangedStreet.joins", "two ends"),
    ("StandardRequirement.kinds", "part of one record, by its rules"),
    ("VisitDay.counts", "24 hours of some audiences"),
    ("Query.tokens", "for admins alone, and few"),
    ("Query.jobs", "for admins alone, 200 at most, counted by its complexity"),
    ("Query.auditLog", "for admins alone, paged"),
    ("Subscription.", "its list is bounded as those of queries"),
    ("Occurrences.nodes", "bounded by the most times that are unfolded of one event"),
    ("EventConnection.", "a page of rows, as those of centers"),
    ("OfferConnection.", "a page of rows, as those of centers"),
    ("SuggestionConnection.", "a page of rows, as those of centers"),
    ("ServiceConnection.", "a page of rows, as those of centers"),
    ("Center.visits", "366 days at most"),
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
            little: json!({"v": 1}),
            much: json!({"v": 50}),
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
            little: many(place.clone(), 1),
            much: json!({ "v": (0..1000).map(|n| {
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
            little: many(place.clone(), 1),
            much: many(place, 100),
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

/// Values in an answer.
fn values(json: &Value) -> usize {
    match json {
        Value::Array(list) => list.iter().map(values).sum::<usize>() + 1,
        Value::Object(fields) => fields.values().map(values).sum(),
        _ => 1,
    }
}

/// What a request is priced at, and the work that was done for it.
fn asked(apis: &[Api], world: &Arc<World>, query: &str, variables: &Value) -> (f64, f64) {
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
        return (complexity as f64 + answer.spent.total() as f64, work);
    }
    panic!("{query} is more complex than all");
}

/// The fields of the schema that take a list, also inside of an input, or return one.
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
fn every_list_is_priced_as_it_works() {
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
    assert!(missing.is_empty(), "enter these fields in this test, with a query for little and for much: {missing:?}");
    let gone: Vec<&&str> = known.iter().filter(|f| !listed.contains(**f)).collect();
    assert!(gone.is_empty(), "these are no fields with lists any more: {gone:?}");
    for entry in &entries {
        for field in entry.fields {
            let name = field.split('.').nth(1).unwrap();
            assert!(entry.query.contains(name), "{} does not ask for {field}", entry.query);
        }
    }

    let limits = |max_complexity: usize| Limits { max_complexity, max_work: usize::MAX, ..Limits::default() };
    let apis: Vec<Api> = COMPLEXITIES.map(|most| Api::new(limits(most))).into();
    let (small, large) = (world(12, 20), world(60, 1500));
    let mut wrong = Vec::new();
    for Entry { query, little, much, .. } in &entries {
        let few = asked(&apis, &small, query, little);
        let lots = asked(&apis, &large, query, much);
        println!("{:>9.0} units for {:>9.0}, {:>9.0} for {:>9.0}: {query}", few.0, few.1, lots.0, lots.1);
        for (price, work) in [few, lots] {
            if work > price * MOST_A_UNIT {
                wrong.push(format!("{work:.0} units of work for a price of {price:.0}: {query}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
