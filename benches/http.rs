//! Requests per second and latencies over HTTP: `cargo bench --bench http`. A dense city: the streets of Porto Alegre if the extract is
//! available, otherwise a synthetic city, with 100,000 facilities. Servers and client share the cores of the machine. The rows
//! of one table are measured in turn, in rounds, so that other load on the machine affects all of them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a benchmark that cannot set up should fail")]

#[path = "../tests/it/support/mod.rs"]
mod support;

#[path = "http/city.rs"]
mod dense;

#[path = "http/client.rs"]
mod client;

#[path = "http/floor.rs"]
mod floor;

use client::{Work, ask};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::Duration;
use support::http::Server;
use walkshed::server::ServerOptions;
use walkshed_engine::geo::{Fixed, Metric, Position};
use walkshed_engine::{Network, Profile};
use walkshed_testing::Random;

const ROUNDS: usize = 4;
const ROUND: Duration = Duration::from_millis(400);
/// Number of places that are asked about.
const PLACES: usize = 300;
/// The places of a matrix are within this distance of one of them, metres.
const MATRIX_RADIUS_M: f64 = 1500.0;

const TYPENAME: &str = "{ __typename }";
const NEARBY: &str = "query($p: PlaceInput!) { nearby(from: $p, first: 20, categories: [HEALTH_CARE]) { edges { minutes node { id name category } } } }";
const COUNTED: &str = "query($p: PlaceInput!) { nearby(from: $p, first: 20, categories: [HEALTH_CARE]) { totalCount edges { minutes node { id name category } } } }";
const PAGE: &str = "query($p: PlaceInput!, $after: String) { nearby(from: $p, first: 20, after: $after, categories: [HEALTH_CARE]) { edges { minutes node { id name category } } pageInfo { endCursor } } }";
const OPEN: &str = "query($p: PlaceInput!) { nearby(from: $p, first: 20, categories: [HEALTH_CARE], openAt: \"2026-11-27T10:00:00+08:00\") { edges { minutes node { id name category } } } }";
const WALKSHED: &str = "query($p: PlaceInput!) { walkshed(from: $p, minutes: [15]) { bands { polygon } } }";
const MATRIX: &str =
    "query($a: [PlaceInput!]!, $b: [PlaceInput!]!) { travelTimes(origins: $a, destinations: $b) { minutes } }";

/// The requests of a row, and whether they take so long that they are left out with many connections.
struct Question {
    name: &'static str,
    bodies: Vec<Value>,
    is_long: bool,
}

fn main() {
    // `cargo test --benches` measures nothing.
    if std::env::args().any(|a| a == "--test") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let network = dense::fill(folder.path());
    let server = Server::start(folder.path(), ServerOptions::default());
    let questions = questions(server.address, &network);
    let mut counts: Vec<u64> = body_of(&questions, "with totalCount")
        .iter()
        .map(|body| ask(server.address, body)["data"]["nearby"]["totalCount"].as_u64().unwrap())
        .collect();
    counts.sort_unstable();
    println!(
        "{} junctions, {} facilities; {} of the category within 15 minutes of a place, at the median of {PLACES} places",
        network.vertices().len(),
        dense::FACILITIES,
        counts[counts.len() / 2]
    );
    let floor = floor::start(dense::FACILITIES);
    let rows: Vec<Value> =
        (0..PLACES).map(|n| json!({ "query": floor::QUERY, "variables": { "from": n * 300 } })).collect();
    for coding in ["identity", "gzip"] {
        for connections in [1, 16, 256] {
            let asked = questions.iter().filter(|q| !q.is_long || connections <= 16);
            let mut works: Vec<Work> = asked.map(|q| Work::new(q.name, server.address, coding, &q.bodies)).collect();
            works.push(Work::new("floor: `{ __typename }`", floor, coding, &[json!({ "query": TYPENAME })]));
            works.push(Work::new("floor: 20 rows of 4 fields from memory", floor, coding, &rows));
            measure(&mut works, connections);
            println!("\n{connections} connections, {coding}\n");
            println!("| | requests/s | median, ms | 95 % | 99 % | longest |\n| --- | --- | --- | --- | --- | --- |");
            for work in &mut works {
                let row = work.row();
                println!("| {} | {row} |", work.name);
            }
            let rate = |name: &str| works.iter().find(|w| w.name.contains(name)).map(Work::rate).unwrap();
            println!("\n`nearby` has {:.0} % of the rate of the floor", 100.0 * rate("`nearby`") / rate("from memory"));
        }
    }
}

fn measure(works: &mut [Work], connections: usize) {
    for work in &mut *works {
        work.run(connections, ROUND);
        work.clear();
    }
    for _ in 0..ROUNDS {
        for work in &mut *works {
            work.run(connections, ROUND);
        }
    }
}

fn body_of<'q>(questions: &'q [Question], name: &str) -> &'q [Value] {
    &questions.iter().find(|q| q.name.contains(name)).unwrap().bodies
}

fn questions(address: SocketAddr, network: &Network) -> Vec<Question> {
    let mut r = Random(11);
    let places: Vec<Position> = std::iter::repeat_with(|| dense::place(network, &mut r))
        .filter(|&p| network.snap(Fixed::from(p), Profile::Adult).is_ok())
        .take(PLACES)
        .collect();
    let about_places =
        |query: &str| places.iter().map(|&p| json!({ "query": query, "variables": { "p": place(p) } })).collect();
    let next_page = |&p: &Position| {
        let first = ask(address, &json!({ "query": PAGE, "variables": { "p": place(p) } }));
        let after = &first["data"]["nearby"]["pageInfo"]["endCursor"];
        json!({ "query": PAGE, "variables": { "p": place(p), "after": after } })
    };
    let question = |name, bodies| Question { name, bodies, is_long: false };
    vec![
        question("`{ __typename }`", vec![json!({ "query": TYPENAME })]),
        question("`nearby`, 20 rows of 4 fields", about_places(NEARBY)),
        question("... with totalCount", about_places(COUNTED)),
        question("... next page", places.iter().map(next_page).collect()),
        question("... openAt", about_places(OPEN)),
        question("walkshed of 15 minutes with polygon", about_places(WALKSHED)),
        question("matrix 1 x 50", matrices(network, &places, 1, 50)),
        Question { name: "matrix 100 x 100", bodies: matrices(network, &places[..10], 100, 100), is_long: true },
    ]
}

fn place(at: Position) -> Value {
    json!({ "point": { "lon": at.lon(), "lat": at.lat() } })
}

/// Returns matrices between random places around each of some places.
fn matrices(network: &Network, around: &[Position], origins: usize, destinations: usize) -> Vec<Value> {
    let mut r = Random(13);
    let list = |around: Position, count: usize, r: &mut Random| -> Vec<Value> {
        let (middle, metric) = (Fixed::from(around), Metric::at(around.lat()));
        let is_near = |p: &Position| {
            let (dx, dy) = metric.vector(middle, Fixed::from(*p));
            dx.hypot(dy) <= MATRIX_RADIUS_M
        };
        std::iter::repeat_with(|| dense::place(network, r)).filter(is_near).take(count).map(place).collect()
    };
    around
        .iter()
        .map(|&p| {
            let (a, b) = (list(p, origins, &mut r), list(p, destinations, &mut r));
            json!({ "query": MATRIX, "variables": { "a": a, "b": b } })
        })
        .collect()
}
