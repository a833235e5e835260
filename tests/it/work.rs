//! Limits of lists, work and time of a request, and cancellation of the work of dropped requests.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail like tests")]

use crate::support::city::{self, position};
use crate::support::server_with_tokens::ServerWithTokens;
use serde_json::{Value, json};
use std::io::Write;
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};
use walkshed::server::ServerOptions;
use walkshed_analysis::world::World;
use walkshed_engine::geo::cell_of;
use walkshed_graphql::{Api, ApiRequest, Limits};
use walkshed_register::{Category, Facility, PopulationCell, RegisterRows, Role};
use walkshed_testing::grid;

const SIDE: u32 = 60;

/// Returns a level grid full of people and shops, where searches of two hours from all shops take long.
fn rows() -> RegisterRows {
    let at = |n: u32| position(f64::from(n % SIDE) * 100.0, f64::from(n / SIDE % SIDE) * 100.0);
    let shop = |n: u32| Facility {
        id: i64::from(n) + 1,
        version: 1,
        capacity: Some(10.0),
        ..Facility::new(format!("f-{n}"), "shop".into(), Category::LifeServices, at(n))
    };
    let mut population: Vec<PopulationCell> = (0..SIDE * SIDE)
        .map(|n| PopulationCell { cell: cell_of(at(n), h3o::Resolution::Ten), people: f64::from(n % 9 + 1) })
        .collect();
    population.sort_by_key(|c| c.cell);
    population.dedup_by_key(|c| c.cell);
    RegisterRows { facilities: (0..SIDE * SIDE).map(shop).collect(), population, ..city::rows() }
}

fn large() -> Arc<World> {
    Arc::new(World::new(Ok(Arc::new(grid(SIDE, 100.0))), rows()))
}

const LONG: &str = "{ accessibility(measure: TWO_STEP, need: {category: LIFE_SERVICES, minutes: 120}) { mean } }";

fn free() -> Limits {
    Limits { max_work: usize::MAX, max_analyses: 1, ..Limits::default() }
}

fn request(query: &str) -> ApiRequest {
    ApiRequest { query: query.into(), ..ApiRequest::default() }
}

fn until(what: &str, is: impl Fn() -> bool) {
    let began = Instant::now();
    while !is() {
        assert!(began.elapsed() < Duration::from_mins(1), "not {what} after a minute");
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn dropped_requests_stop_their_work() {
    let (api, world) = (Arc::new(Api::new(free())), large());
    let rt = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let cached = world.memo.bytes();
    let requests: Vec<_> = (1..=4)
        .map(|n| {
            let (api, world, query) = (api.clone(), world.clone(), LONG.replace("120", &(116 + n).to_string()));
            rt.spawn(async move { api.execute(&world, request(&query)).await.response.errors.len() })
        })
        .collect();
    until("at work", || api.analyses() == (1, 3));
    for task in requests {
        task.abort();
    }
    until("free", || api.analyses() == (0, 0));
    // No analysis was completed, and none starts later.
    assert_eq!(world.memo.bytes(), cached);
    let small = "{ coverage(need: {category: LIFE_SERVICES, minutes: 5}) { total { share } } }";
    let answer = rt.block_on(api.execute(&world, request(small)));
    assert!(answer.response.errors.is_empty(), "{:?}", answer.response.errors);
    until("free", || api.analyses() == (0, 0));
}

#[test]
fn closed_connections_stop_their_work() {
    const MANY: usize = 30;
    let folder = tempfile::tempdir().unwrap();
    grid(SIDE, 100.0).save(&folder.path().join("streets.walkshed")).unwrap();
    city::fill(folder.path(), &rows());
    let limits = Limits { max_waiting_analyses: MANY - 1, ..free() };
    let desk = ServerWithTokens::over(folder, ServerOptions { limits, ..ServerOptions::default() });
    let open = |n: usize| {
        let body = json!({ "query": LONG.replace("120", &(120.0 - n as f64 / 10.0).to_string()) }).to_string();
        let mut stream = TcpStream::connect(desk.server.address).unwrap();
        let (kind, length) = ("Content-Type: application/json", body.len());
        write!(stream, "POST /graphql HTTP/1.1\r\nHost: x\r\n{kind}\r\nContent-Length: {length}\r\n\r\n{body}")
            .unwrap();
        stream
    };
    let analyses = |state: &str, count: usize| {
        let line = format!("walkshed_work{{size=\"analysis\",state=\"{state}\"}} {count}\n");
        desk.server.get("/metrics").text().contains(&line)
    };
    let streams: Vec<TcpStream> = (0..MANY).map(open).collect();
    // One runs and the others wait: together they would take minutes.
    until("at work", || analyses("running", 1) && analyses("waiting", MANY - 1));
    let began = Instant::now();
    drop(streams);
    until("free", || analyses("running", 0) && analyses("waiting", 0));
    assert!(began.elapsed() < Duration::from_mins(1), "work of closed connections goes on");
}

#[test]
fn requests_over_the_time_limit_fail_with_a_timeout() {
    let api = Api::new(Limits { max_seconds: 1, ..free() });
    let answer = city::ask_with(&api, &large(), LONG, Value::Null);
    assert!(answer.task.worked() > 0, "nothing was counted");
    let reply = city::answer(&answer);
    let error = &reply["errors"][0];
    assert_eq!(error["extensions"]["code"], "TIMEOUT", "{reply}");
    assert_eq!((&error["extensions"]["limit"], &error["extensions"]["maximum"]), (&json!("maxSeconds"), &json!(1)));
    assert!(error["message"].as_str().unwrap().contains("startJob"), "{error}");
    until("free", || api.analyses() == (0, 0));
}

#[test]
fn requests_over_the_work_limit_are_refused_before_the_work_starts() {
    let (world, limits) = (large(), Limits { max_work: 20_000, max_complexity: 1_000_000, ..Limits::default() });
    let api = Api::new(limits);
    for query in [
        LONG,
        "{ coverage(need: {category: LIFE_SERVICES, minutes: 120}, capacity: true) { total { share } } }",
        "{ siteSuggestions(need: {category: ELDERLY_CARE, minutes: 120}, objective: MIN_MEAN_TIME, count: 200) { gained } }",
        "{ siteSuggestions(need: {category: ELDERLY_CARE}, exact: true) { gained } }",
        "{ coverage(need: {category: LIFE_SERVICES, minCount: 10}) { mean } b: coverage(profile: CHILD) { mean } c: coverage(profile: SENIOR) { mean } }",
    ] {
        let answer = city::ask_with(&api, &world, query, Value::Null);
        let reply = city::answer(&answer);
        let extensions = &reply["errors"][0]["extensions"];
        let limit = (&extensions["code"], &extensions["limit"]);
        assert_eq!(limit, (&json!("TOO_COMPLEX"), &json!("maxWork")), "{query}: {reply}");
        assert_eq!(extensions["maximum"], 20_000);
        assert!(extensions["value"].as_u64().unwrap() > 20_000, "{reply}");
        assert!(reply["errors"][0]["message"].as_str().unwrap().contains("startJob"), "{reply}");
        assert!(answer.work.total() <= 20_000);
    }
    // The same field with many aliases is charged each time.
    let many: Vec<String> =
        (0..90).map(|n| format!("a{n}: catchment(of: {{facility: \"RmFjaWxpdHk6MQ\"}}) {{ people }}")).collect();
    let reply = city::answer(&city::ask_with(
        &Api::new(Limits { max_work: 100_000, max_complexity: 10_000_000, ..Limits::default() }),
        &world,
        &format!("{{ {} }}", many.join(" ")),
        Value::Null,
    ));
    assert_eq!(reply["errors"][0]["extensions"]["limit"], "maxWork", "{reply}");
}

/// Returns a polygon around the city with a number of corners.
fn polygon(corners: usize) -> Value {
    let corner = |n: usize| {
        let (sin, cos) = (n as f64 / corners as f64 * std::f64::consts::TAU).sin_cos();
        json!([106.5 + cos, 29.5 + sin])
    };
    let mut ring: Vec<Value> = (0..corners).map(corner).collect();
    ring.push(ring[0].clone());
    json!({"type": "Polygon", "coordinates": [ring]})
}

#[test]
fn list_arguments_are_limited_and_errors_name_field_value_and_maximum() {
    let (api, world) = (Api::new(Limits::default()), city::world());
    let many = |item: Value, count: usize| Value::Array(vec![item; count]);
    let place = json!({"point": {"lon": 106.5, "lat": 29.5}});
    for (query, value, limit, field, count, maximum) in [
        (
            "query($v: [Status!]!) { facilities(filter: {statuses: $v}) { totalCount } }",
            many(json!("OPEN"), 150_000),
            "maxListItems",
            "filter.statuses",
            150_000,
            1000,
        ),
        (
            "query($v: [Status!]!) { centers(filter: {statuses: $v}) { totalCount } }",
            many(json!("OPEN"), 1001),
            "maxListItems",
            "filter.statuses",
            1001,
            1000,
        ),
        (
            "query($v: [CenterKind!]!) { centers(filter: {kinds: $v}) { totalCount } }",
            many(json!("COMMUNITY"), 1001),
            "maxListItems",
            "filter.kinds",
            1001,
            1000,
        ),
        (
            "query($v: [Category!]!) { centers(filter: {categories: $v}) { totalCount } }",
            many(json!("HEALTH_CARE"), 1001),
            "maxListItems",
            "filter.categories",
            1001,
            1000,
        ),
        (
            "query($v: [ID!]!) { centers(filter: {services: $v}) { totalCount } }",
            many(json!("x"), 1001),
            "maxListItems",
            "filter.services",
            1001,
            1000,
        ),
        (
            "query($v: [String!]!) { facilities(filter: {kinds: $v}) { totalCount } }",
            many(json!("canteen"), 1001),
            "maxListItems",
            "filter.kinds",
            1001,
            1000,
        ),
        (
            "query($v: [Category!]!) { facilities(filter: {categories: $v}) { totalCount } }",
            many(json!("HEALTH_CARE"), 1001),
            "maxListItems",
            "filter.categories",
            1001,
            1000,
        ),
        (
            "query($v: [ID!]!) { facilities(filter: {services: $v}) { totalCount } }",
            many(json!("x"), 1001),
            "maxListItems",
            "filter.services",
            1001,
            1000,
        ),
        (
            "query($v: [H3Cell!]!) { facilities(filter: {area: {cells: $v}}) { totalCount } }",
            many(json!("89a901291abffff"), 20_001),
            "maxFilterCells",
            "filter.area.cells",
            20_001,
            20_000,
        ),
        (
            "query($v: GeoJSON!) { facilities(filter: {area: {polygon: $v}}) { totalCount } }",
            polygon(10_000),
            "maxPolygonCorners",
            "filter.area.polygon",
            10_001,
            10_000,
        ),
        (
            "query($v: GeoJSON!) { centers(filter: {area: {polygon: $v}}) { totalCount } }",
            polygon(10_000),
            "maxPolygonCorners",
            "filter.area.polygon",
            10_001,
            10_000,
        ),
        (
            "query($v: [Category!]!) { nearby(from: {point: {lon: 106.5, lat: 29.5}}, categories: $v) { totalCount } }",
            many(json!("HEALTH_CARE"), 1001),
            "maxListItems",
            "categories",
            1001,
            1000,
        ),
        (
            "query($v: [String!]!) { nearby(from: {point: {lon: 106.5, lat: 29.5}}, kinds: $v) { totalCount } }",
            many(json!("canteen"), 1001),
            "maxListItems",
            "kinds",
            1001,
            1000,
        ),
        (
            "query($v: [ID!]!) { nearby(from: {point: {lon: 106.5, lat: 29.5}}, services: $v) { totalCount } }",
            many(json!("x"), 1001),
            "maxListItems",
            "services",
            1001,
            1000,
        ),
        (
            "query($v: [Float!]!) { walkshed(from: {point: {lon: 106.5, lat: 29.5}}, minutes: $v) { streetKm } }",
            many(json!(5.0), 11),
            "maxBands",
            "minutes",
            11,
            10,
        ),
        (
            "query($v: [String!]!) { coverage(need: {kinds: $v}) { mean } }",
            many(json!("canteen"), 1001),
            "maxListItems",
            "need.kinds",
            1001,
            1000,
        ),
        (
            "query($v: [Float!]!) { coverage { percentiles(shares: $v) } }",
            many(json!(0.5), 21),
            "maxShares",
            "shares",
            21,
            20,
        ),
        (
            "query($v: [PlaceInput!]!) { siteSuggestions(need: {category: HEALTH_CARE}, candidates: PLACES, places: $v) { gained } }",
            many(place.clone(), 1001),
            "maxPlaces",
            "places",
            1001,
            1000,
        ),
        (
            "query($v: [ID!]!) { siteSuggestions(need: {category: HEALTH_CARE}, mustKeep: $v) { gained } }",
            many(json!("x"), 1001),
            "maxPlaces",
            "mustKeep",
            1001,
            1000,
        ),
        ("query($v: [ID!]!) { nodes(ids: $v) { id } }", many(json!("x"), 1001), "maxNodes", "ids", 1001, 1000),
        (
            "query($v: [SuggestionStatus!]!) { suggestions(statuses: $v) { totalCount } }",
            many(json!("DONE"), 1001),
            "maxListItems",
            "statuses",
            1001,
            1000,
        ),
        (
            "query($v: [Category!]!) { services(categories: $v) { totalCount } }",
            many(json!("HEALTH_CARE"), 1001),
            "maxListItems",
            "categories",
            1001,
            1000,
        ),
    ] {
        let reply = city::answer(&city::ask_with(&api, &world, query, json!({ "v": value })));
        let extensions = &reply["errors"][0]["extensions"];
        assert_eq!(extensions["code"], "TOO_COMPLEX", "{query}: {}", reply["errors"][0]);
        assert_eq!(
            (&extensions["limit"], &extensions["field"], &extensions["value"], &extensions["maximum"]),
            (&json!(limit), &json!(field), &json!(count), &json!(maximum)),
            "{query}: {}",
            reply["errors"][0]
        );
    }
    // Lists of the maximum length are accepted.
    let query = "query($v: [Status!]!, $p: GeoJSON!) { facilities(filter: {statuses: $v, area: {polygon: $p}}) { totalCount } }";
    let reply =
        city::answer(&city::ask_with(&api, &world, query, json!({"v": many(json!("OPEN"), 1000), "p": polygon(9999)})));
    assert_eq!(reply["data"]["facilities"]["totalCount"], 7, "{reply}");
}

#[test]
fn large_responses_are_refused_before_they_are_built() {
    let world = large();
    let api = Api::new(Limits { max_answer_bytes: 200_000, ..free() });
    for query in [
        "{ coverage(need: {category: LIFE_SERVICES}) { cellsGeojson } }",
        "{ coverage(need: {category: ELDERLY_CARE}) { gapsGeojson } }",
        "{ walkshed(from: {facility: \"RmFjaWxpdHk6MQ\"}, minutes: [90]) { segments } }",
        "{ walkshed(from: {facility: \"RmFjaWxpdHk6MQ\"}, minutes: [90]) { cells(resolution: 11) { cells minutes } } }",
        "{ accessibility(measure: CUMULATIVE, need: {category: ELDERLY_CARE}) { cells { cells people values } } }",
    ] {
        let answer = city::ask_with(&api, &world, query, Value::Null);
        let reply = city::answer(&answer);
        assert_eq!(reply["errors"][0]["extensions"]["limit"], "maxAnswerBytes", "{query}: {reply}");
        assert!(answer.budget.used() <= 200_000);
    }
}

#[test]
fn jobs_have_their_own_limit_of_bytes() {
    let desk = ServerWithTokens::small();
    let start = "mutation($i: StartJobInput!) { startJob(input: $i) { job { id } userErrors { message } } }";
    // 90 times the same large text: more than the limit for the result of a job.
    let many: Vec<String> = (0..90).map(|n| format!("a{n}: segments")).collect();
    let query = format!(
        "{{ w: walkshed(from: {{point: {{lon: {}, lat: {}}}}}, minutes: [60]) {{ {} }} }}",
        position(1000.0, 1000.0).lon(),
        position(1000.0, 1000.0).lat(),
        many.join(" ")
    );
    let reply = desk.ask(Role::Contributor, start, &json!({"i": {"query": query}}));
    let id = reply["data"]["startJob"]["job"]["id"].clone();
    let read = || {
        let read = "query($id: ID!) { job(id: $id) { state error result } }";
        desk.server.query(read, &json!({ "id": id })).json()["data"]["job"].clone()
    };
    until("ended", || !["QUEUED", "RUNNING"].contains(&read()["state"].as_str().unwrap()));
    let job = read();
    assert_eq!(job["state"], "FAILED", "{}", job["error"]);
    assert!(job["error"].as_str().unwrap().contains("maxAnswerBytes"), "{}", job["error"]);
}
