//! A client with many connections that are kept alive, and the latencies that it measures.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// Requests to one server, sent in turn.
pub struct Work {
    pub name: &'static str,
    address: SocketAddr,
    requests: Vec<Vec<u8>>,
    next: usize,
    latencies: Vec<Duration>,
    elapsed: Duration,
}

impl Work {
    /// Creates the requests from bodies of JSON.
    pub fn new(name: &'static str, address: SocketAddr, coding: &str, bodies: &[serde_json::Value]) -> Self {
        let requests = bodies.iter().map(|body| request(address, coding, &body.to_string())).collect();
        Self { name, address, requests, next: 0, latencies: Vec::new(), elapsed: Duration::ZERO }
    }

    /// Sends requests for a time, on all connections at once: each is sent when the previous one on the connection has been
    /// answered and all others have been read.
    pub fn run(&mut self, connections: usize, time: Duration) {
        let mut open: Vec<TcpStream> = (0..connections).map(|_| connect(self.address)).collect();
        let (began, mut buffer) = (Instant::now(), vec![0; 1 << 20]);
        while began.elapsed() < time {
            let mut sent = Vec::with_capacity(open.len());
            for connection in &mut open {
                sent.push(Instant::now());
                connection.write_all(&self.requests[self.next % self.requests.len()]).unwrap();
                self.next += 1;
            }
            for (connection, sent) in open.iter_mut().zip(sent) {
                read_answer(connection, &mut buffer);
                self.latencies.push(sent.elapsed());
            }
        }
        self.elapsed += began.elapsed();
    }

    /// Forgets what was measured.
    pub fn clear(&mut self) {
        self.latencies.clear();
        self.elapsed = Duration::ZERO;
    }

    /// Returns the requests per second.
    pub fn rate(&self) -> f64 {
        self.latencies.len() as f64 / self.elapsed.as_secs_f64()
    }

    /// Returns a row of a Markdown table: requests per second; median, 95 %, 99 % and longest latency in milliseconds.
    pub fn row(&mut self) -> String {
        self.latencies.sort_unstable();
        let at =
            |share: f64| self.latencies[((self.latencies.len() - 1) as f64 * share) as usize].as_secs_f64() * 1000.0;
        format!("{:.0} | {:.3} | {:.3} | {:.3} | {:.2}", self.rate(), at(0.5), at(0.95), at(0.99), at(1.0))
    }
}

fn connect(address: SocketAddr) -> TcpStream {
    let connection = TcpStream::connect(address).unwrap();
    connection.set_nodelay(true).unwrap();
    connection
}

fn request(address: SocketAddr, coding: &str, body: &str) -> Vec<u8> {
    format!(
        "POST /graphql HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\nAccept-Encoding: {coding}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// Asks a question once and returns the answer.
pub fn ask(address: SocketAddr, body: &serde_json::Value) -> serde_json::Value {
    let (mut connection, mut buffer) = (connect(address), vec![0; 1 << 20]);
    connection.write_all(&request(address, "identity", &body.to_string())).unwrap();
    let (start, end) = read_answer(&mut connection, &mut buffer);
    serde_json::from_slice(&buffer[start..end]).unwrap()
}

/// Reads an answer, which must be one without errors. Returns where its body is in the buffer.
fn read_answer(connection: &mut TcpStream, buffer: &mut [u8]) -> (usize, usize) {
    let mut have = 0;
    loop {
        have += connection.read(&mut buffer[have..]).unwrap();
        let Some(head) = buffer[..have].windows(4).position(|w| w == b"\r\n\r\n") else { continue };
        let text = std::str::from_utf8(&buffer[..head]).unwrap().to_ascii_lowercase();
        assert!(text.starts_with("http/1.1 200"), "{text}");
        let length: usize =
            text.split("content-length: ").nth(1).and_then(|t| t.split("\r\n").next()?.parse().ok()).expect("a length");
        if have >= head + 4 + length {
            assert!(
                !buffer[head..have].windows(8).any(|w| w == b"\"errors\""),
                "an answer with errors: {}",
                String::from_utf8_lossy(&buffer[head..have])
            );
            return (head + 4, have);
        }
    }
}
