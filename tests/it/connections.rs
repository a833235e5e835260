//! Slow clients, too many clients and clients that disconnect do not block others.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail like tests")]

use crate::support::city;
use crate::support::events::Events;
use crate::support::http::Server;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};
use walkshed::server::ServerOptions;
use walkshed_graphql::Limits;

const NEARBY: &str = "{ nearby(from: {center: \"500106013004\"}) { totalCount } }";

fn is_answered(server: &Server) -> bool {
    let stream = TcpStream::connect(server.address).unwrap();
    let body = json!({ "query": NEARBY }).to_string();
    let request = post(&body, body.len());
    let text = ask(stream, request.as_bytes());
    text.starts_with("HTTP/1.1 200") && text.contains("\"totalCount\":5")
}

fn post(body: &str, length: usize) -> String {
    format!(
        "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}

/// Sends bytes and reads until the server closes the connection.
fn ask(mut stream: TcpStream, bytes: &[u8]) -> String {
    stream.set_read_timeout(Some(Duration::from_secs(40))).unwrap();
    let _ = stream.write_all(bytes);
    let mut out = Vec::new();
    let _ = stream.read_to_end(&mut out);
    String::from_utf8_lossy(&out).into_owned()
}

/// Opens a connection with a small receive buffer.
fn slow_reader(address: SocketAddr) -> TcpStream {
    use socket2::{Domain, Socket, Type};
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    socket.connect(&address.into()).unwrap();
    socket.into()
}

#[test]
fn slow_request_heads_and_bodies_do_not_block_others() {
    let folder = city::folder();
    let server = Server::start(folder.path(), ServerOptions { max_connections: 40, ..Default::default() });
    // An incomplete head on a connection that has been used before, and an incomplete body.
    let address = server.address;
    let half_head = std::thread::spawn(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        std::thread::sleep(Duration::from_millis(300));
        let began = Instant::now();
        let text = ask(stream, b"GET /hea");
        (text, began.elapsed())
    });
    let slow_body = std::thread::spawn(move || ask(TcpStream::connect(address).unwrap(), post("{", 1000).as_bytes()));
    let (text, took) = half_head.join().unwrap();
    assert!(text.starts_with("HTTP/1.1 200") && took < Duration::from_secs(20), "{took:?} {text}");
    let text = slow_body.join().unwrap();
    assert!(text.starts_with("HTTP/1.1 408") && text.contains("too slowly"), "{text}");
    // One and a half times the maximum of connections.
    let mut slow: Vec<TcpStream> = Vec::new();
    for n in 0..60 {
        let mut stream = TcpStream::connect(server.address).unwrap();
        let start = if n % 2 == 0 { post("{", 1000) } else { "POST /gra".to_owned() };
        let _ = stream.write_all(start.as_bytes());
        slow.push(stream);
    }
    // Connections that have waited for more than a second are closed for new ones.
    std::thread::sleep(Duration::from_millis(1200));
    assert!((0..30).all(|_| is_answered(&server)));
    assert!(server.metric("walkshed_http_connections") <= 41);
}

#[test]
fn connections_beyond_the_maximum_are_refused_with_503() {
    let folder = city::folder();
    let server = Server::start(folder.path(), ServerOptions { max_connections: 4, ..Default::default() });
    let subscriber = || {
        let mut events = Events::open(&server, "subscription { registerChanged { kind } }");
        events.alive();
        events
    };
    let _subscribers = [subscriber(), subscriber()];
    // At most half of the connections may have subscriptions.
    let body = json!({ "query": "subscription { registerChanged { kind } }" }).to_string();
    let headers = [("Content-Type", "application/json"), ("Accept", "text/event-stream")];
    let third = server.send("POST", "/graphql", &headers, body.as_bytes());
    assert_eq!((third.status, &third.json()["errors"][0]["extensions"]["limit"]), (503, &json!("maxFollowers")));
    std::thread::sleep(Duration::from_millis(200));
    let _fresh = [TcpStream::connect(server.address).unwrap(), TcpStream::connect(server.address).unwrap()];
    std::thread::sleep(Duration::from_millis(100));
    let refused = server.get("/health/live");
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("5")));
    assert!(refused.text().contains("max_connections"));
    // Idle connections are closed for new ones.
    std::thread::sleep(Duration::from_millis(1200));
    assert_eq!(server.get("/health/live").status, 200);
}

#[test]
fn memory_for_clients_that_do_not_read_is_limited() {
    const MAX_BYTES: usize = 4 << 20;
    let folder = city::folder();
    let limits = Limits { max_answers_bytes: MAX_BYTES, max_complexity: 1_000_000, ..Limits::default() };
    let server = Server::start(folder.path(), ServerOptions { limits, ..Default::default() });
    let fields: Vec<String> = (0..4)
        .map(|n| format!("w{n}: walkshed(from: {{center: \"500106013004\"}}, minutes: [60]) {{ segments }}"))
        .collect();
    let long = json!({ "query": format!("{{ {} }}", fields.join(" ")) }).to_string();
    let whole = server.send("POST", "/graphql", &[("Content-Type", "application/json")], long.as_bytes());
    assert!(whole.body.len() > 1_000_000 && whole.body.len() < MAX_BYTES / 2, "{}", whole.body.len());
    let stuck: Vec<TcpStream> = (0..8)
        .map(|_| {
            let mut stream = slow_reader(server.address);
            stream.write_all(post(&long, long.len()).as_bytes()).unwrap();
            stream
        })
        .collect();
    let began = Instant::now();
    let (mut peak, mut is_busy) = (0, false);
    while began.elapsed() < Duration::from_secs(8) {
        // Short responses are never refused.
        assert!(is_answered(&server));
        peak = peak.max(server.metric("walkshed_answers_bytes"));
        if !is_busy {
            let reply = server.send("POST", "/graphql", &[("Content-Type", "application/json")], long.as_bytes());
            let reply = reply.json();
            is_busy = reply["errors"][0]["extensions"]["code"] == "BUSY";
            assert!(!is_busy || reply["data"].is_null(), "a refused response has no data");
        }
        std::thread::sleep(Duration::from_millis(200));
    }
    assert!(peak > 1 << 20 && peak <= MAX_BYTES as i64, "{peak}");
    assert!(is_busy, "responses beyond the limit are refused");
    // The connections of clients that do not read are closed.
    let end = Instant::now() + Duration::from_secs(30);
    while server.metric("walkshed_answers_bytes") > 0 {
        assert!(Instant::now() < end, "{}", server.metric("walkshed_answers_bytes"));
        std::thread::sleep(Duration::from_millis(300));
    }
    for mut stream in stuck {
        let mut got = Vec::new();
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let _ = stream.read_to_end(&mut got);
        assert!(got.len() < whole.body.len(), "{}", got.len());
    }
    let reply = server.send("POST", "/graphql", &[("Content-Type", "application/json")], long.as_bytes());
    assert_eq!(reply.body.len(), whole.body.len());
}

#[test]
fn requests_of_disconnected_clients_are_cancelled() {
    let folder = city::folder();
    let server = Server::start(folder.path(), ServerOptions::default());
    for _ in 0..4 {
        let mut stream = TcpStream::connect(server.address).unwrap();
        // The body never arrives.
        stream.write_all(post("{", 100).as_bytes()).unwrap();
        std::thread::sleep(Duration::from_millis(100));
    }
    let end = Instant::now() + Duration::from_secs(5);
    // Only the request for the metrics is running.
    while server.metric("walkshed_http_requests_running") != 1 {
        assert!(Instant::now() < end);
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(server.query(NEARBY, &Value::Null).status, 200);
}
