//! A client for server-sent events.

use super::http::Server;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;

/// An event stream.
pub struct Events(BufReader<TcpStream>);

impl Events {
    pub fn open(server: &Server, query: &str) -> Self {
        Self::open_as(server, query, None)
    }

    /// Opens a stream, optionally with a token.
    pub fn open_as(server: &Server, query: &str, token: Option<&str>) -> Self {
        let authorization = token.map_or_else(String::new, |token| format!("Authorization: Bearer {token}\r\n"));
        let mut stream = TcpStream::connect(server.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let body = json!({ "query": query }).to_string();
        let head = format!(
            "POST /graphql HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nAccept: text/event-stream\r\nAccept-Encoding: gzip\r\n{authorization}Content-Length: {}\r\n\r\n{body}",
            server.address,
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        let mut events = Self(BufReader::new(stream));
        let mut line = String::new();
        while line != "\r\n" {
            line.clear();
            events.0.read_line(&mut line).unwrap();
            if line.to_lowercase().starts_with("content-type") {
                assert!(line.contains("text/event-stream"), "{line}");
            }
        }
        events
    }

    /// Returns the name and the data of the next event.
    pub fn next(&mut self) -> (String, Value) {
        let mut name = String::new();
        loop {
            let mut line = String::new();
            assert!(self.0.read_line(&mut line).unwrap() > 0, "the stream has ended");
            if let Some(event) = line.trim().strip_prefix("event: ") {
                event.clone_into(&mut name);
            }
            if let Some(data) = line.trim().strip_prefix("data: ") {
                return (name, serde_json::from_str(data).unwrap());
            }
        }
    }

    /// Waits for the next keep-alive line. After the first one, the subscription is active.
    pub fn alive(&mut self) {
        let mut line = String::new();
        while line.trim() != ":" {
            line.clear();
            self.0.read_line(&mut line).unwrap();
        }
    }
}
