//! Requests per second over HTTP: `cargo bench --bench http`. The server and the clients share the cores of the machine. Uses Porto
//! Alegre with its schools and health facilities if the files are available, otherwise a small synthetic city.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a benchmark that cannot set up should fail")]

#[path = "../tests/it/support/mod.rs"]
mod support;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};
use support::http::Server;
use support::{city, real};
use walkshed::server::ServerOptions;
use walkshed_testing::Random;

const CLIENTS: usize = 2;
const CONNECTIONS_EACH: usize = 16;
const WARM_UP: Duration = Duration::from_secs(1);
const MEASURED: Duration = Duration::from_secs(5);

const NEARBY: &str = "query($p: PlaceInput!) { nearby(from: $p, first: 20) { totalCount edges { minutes node { id name category position { lon lat } } } } }";
const NEARBY_WAYS: &str =
    "query($p: PlaceInput!) { nearby(from: $p, first: 20) { edges { minutes metres climbM node { name } } } }";
const WALKSHED: &str = "query($p: PlaceInput!) { walkshed(from: $p) { bands { polygon population } } }";
const NUMBERS: &str =
    "query($p: PlaceInput!) { walkshed(from: $p) { bands { population facilityCounts { category count } } } }";

fn main() {
    // `cargo test --benches` measures nothing.
    if std::env::args().any(|a| a == "--test") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (network, mut rows) = real::world_parts().unwrap_or_else(|| (city::network(), city::rows()));
    network.save(&folder.path().join("streets.walkshed")).unwrap();
    rows.imports = city::rows().imports;
    city::fill(folder.path(), &rows);
    println!(
        "{} junctions, {} facilities, {} population cells; {CLIENTS} client threads with {CONNECTIONS_EACH} connections each",
        network.vertices().len(),
        rows.facilities.len(),
        rows.population.len()
    );
    let server = Server::start(folder.path(), ServerOptions::default());
    let mut r = Random(11);
    let places: Vec<(f64, f64)> = std::iter::repeat_with(|| walkshed_testing::random_point(&network, &mut r))
        .filter(|&p| network.snap(p, walkshed_engine::Profile::Adult).is_ok())
        .map(|p| (p.lon(), p.lat()))
        .take(500)
        .collect();
    for (name, query) in [
        ("nearby, 20 rows of 6 fields", NEARBY),
        ("nearby, 20 rows with metres and climb", NEARBY_WAYS),
        ("walkshed with polygon", WALKSHED),
        ("walkshed, numbers only", NUMBERS),
    ] {
        let requests: Vec<Vec<u8>> = places.iter().map(|&place| request(server.address, query, place, "")).collect();
        load(server.address, &requests, WARM_UP);
        show(name, load(server.address, &requests, MEASURED));
    }
    // The latency of one client that sends requests one after another on one connection.
    for (name, query) in [("nearby, 20 rows of 6 fields", NEARBY), ("walkshed with polygon", WALKSHED)] {
        for coding in ["identity", "gzip", "zstd"] {
            let header = format!("Accept-Encoding: {coding}\r\n");
            let requests: Vec<Vec<u8>> =
                places.iter().map(|&place| request(server.address, query, place, &header)).collect();
            one_by_one(server.address, &requests, WARM_UP);
            show(&format!("{name}, kept alive, {coding}"), one_by_one(server.address, &requests, MEASURED));
        }
    }
}

fn show(name: &str, mut latencies: Vec<Duration>) {
    latencies.sort_unstable();
    let at = |share: f64| latencies[((latencies.len() - 1) as f64 * share) as usize].as_secs_f64() * 1000.0;
    println!(
        "{name:50} {:8.0} requests/s   median {:.2} ms   99 % {:.2} ms",
        latencies.len() as f64 / MEASURED.as_secs_f64(),
        at(0.5),
        at(0.99)
    );
}

/// Sends requests one after another on one connection with default socket options, and returns their latencies.
fn one_by_one(address: SocketAddr, requests: &[Vec<u8>], time: Duration) -> Vec<Duration> {
    let mut connection = TcpStream::connect(address).unwrap();
    let (mut latencies, mut buffer, end) = (Vec::new(), vec![0; 1 << 20], Instant::now() + time);
    for request in requests.iter().cycle() {
        let sent = Instant::now();
        if sent >= end {
            break;
        }
        connection.write_all(request).unwrap();
        read_answer(&mut connection, &mut buffer);
        latencies.push(sent.elapsed());
    }
    latencies
}

fn request(address: SocketAddr, query: &str, (lon, lat): (f64, f64), header: &str) -> Vec<u8> {
    let body = serde_json::json!({ "query": query, "variables": { "p": { "point": { "lon": lon, "lat": lat } } } });
    let body = body.to_string();
    let length = body.len();
    format!("POST /graphql HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n{header}Content-Length: {length}\r\n\r\n{body}")
        .into_bytes()
}

/// Keeps all connections busy for a time, and returns the latencies of the requests.
fn load(address: SocketAddr, requests: &[Vec<u8>], time: Duration) -> Vec<Duration> {
    let end = Instant::now() + time;
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                scope.spawn(move || {
                    let mut next = client * requests.len() / CLIENTS;
                    let mut latencies = Vec::new();
                    let mut buffer = vec![0; 1 << 20];
                    let mut connections: Vec<TcpStream> =
                        (0..CONNECTIONS_EACH).map(|_| TcpStream::connect(address).unwrap()).collect();
                    for connection in &connections {
                        connection.set_nodelay(true).unwrap();
                    }
                    while Instant::now() < end {
                        let mut sent = Vec::with_capacity(CONNECTIONS_EACH);
                        for connection in &mut connections {
                            sent.push(Instant::now());
                            connection.write_all(&requests[next % requests.len()]).unwrap();
                            next += 1;
                        }
                        for (connection, sent) in connections.iter_mut().zip(sent) {
                            read_answer(connection, &mut buffer);
                            latencies.push(sent.elapsed());
                        }
                    }
                    latencies
                })
            })
            .collect();
        clients.into_iter().flat_map(|c| c.join().unwrap()).collect()
    })
}

fn read_answer(connection: &mut TcpStream, buffer: &mut [u8]) {
    let mut have = 0;
    loop {
        have += connection.read(&mut buffer[have..]).unwrap();
        let Some(head) = buffer[..have].windows(4).position(|w| w == b"\r\n\r\n") else { continue };
        let text = std::str::from_utf8(&buffer[..head]).unwrap().to_ascii_lowercase();
        assert!(text.starts_with("http/1.1 200"), "{text}");
        let length: usize =
            text.split("content-length: ").nth(1).and_then(|t| t.split("\r\n").next()?.parse().ok()).expect("a length");
        if have >= head + 4 + length {
            assert!(!buffer[head..have].windows(8).any(|w| w == b"\"errors\""), "an answer with errors");
            return;
        }
    }
}
