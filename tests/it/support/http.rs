//! A server on a free port, and a minimal HTTP client.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};
use walkshed::server::{ServerOptions, start};
use walkshed_engine::Profiles;
use walkshed_live::folder::DataFolder;

pub struct Server {
    pub address: SocketAddr,
    handle: actix_web::dev::ServerHandle,
    pub live: std::sync::Arc<walkshed_live::Live>,
    thread: Option<std::thread::JoinHandle<()>>,
}

#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.text()))
    }
}

impl Server {
    /// Serves a data folder on a free port.
    pub fn start(data: &Path, options: ServerOptions) -> Self {
        let folder = DataFolder::new(data, None, Profiles::default()).unwrap();
        let (sender, receiver) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async {
                let store = folder.store().await.unwrap();
                let options = ServerOptions { listen: "127.0.0.1:0".into(), workers: 2, ..options };
                let running = start(folder, store, &options).await.unwrap();
                sender.send((running.addresses[0], running.handle(), running.live.clone())).unwrap();
                running.run().await.unwrap();
            });
        });
        let (address, handle, live) = receiver.recv().unwrap();
        Self { address, handle, live, thread: Some(thread) }
    }

    /// Sends a request and reads the whole response.
    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
        send(self.address, method, path, headers, body)
    }

    pub fn get(&self, path: &str) -> Reply {
        self.send("GET", path, &[], b"")
    }

    /// Sends a GraphQL request with POST.
    pub fn query(&self, query: &str, variables: &serde_json::Value) -> Reply {
        let body = serde_json::json!({ "query": query, "variables": variables }).to_string();
        self.send("POST", "/graphql", &[("Content-Type", "application/json")], body.as_bytes())
    }

    /// Sends a GraphQL request with POST and a token.
    pub fn query_as(&self, token: &str, query: &str, variables: &serde_json::Value) -> serde_json::Value {
        let body = serde_json::json!({ "query": query, "variables": variables }).to_string();
        let authorization = format!("Bearer {token}");
        let headers = [("Content-Type", "application/json"), ("Authorization", authorization.as_str())];
        self.send("POST", "/graphql", &headers, body.as_bytes()).json()
    }

    /// Returns the value of a metric without labels.
    pub fn metric(&self, name: &str) -> i64 {
        let text = self.get("/metrics").text();
        let line =
            text.lines().find(|l| l.starts_with(&format!("{name} "))).unwrap_or_else(|| panic!("{name}: {text}"));
        line.rsplit(' ').next().unwrap().parse().unwrap()
    }

    /// Polls a path until a condition holds, for at most 20 seconds. Returns the last reply.
    pub fn wait_for(&self, path: &str, condition: impl Fn(&Reply) -> bool) -> Reply {
        let began = Instant::now();
        loop {
            let reply = self.get(path);
            if condition(&reply) || began.elapsed() > Duration::from_secs(20) {
                return reply;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Stops the server and waits for its end.
    pub fn stop(mut self) {
        self.halt();
    }

    fn halt(&mut self) {
        if let Some(thread) = self.thread.take() {
            self.live.stop();
            drop(self.handle.stop(true));
            let _ = thread.join();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.halt();
    }
}

pub fn send(address: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n");
    for (name, value) in headers {
        head = format!("{head}{name}: {value}\r\n");
    }
    let has_length = headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    if method != "GET" && !has_length {
        head = format!("{head}Content-Length: {}\r\n", body.len());
    }
    stream.write_all(format!("{head}\r\n").as_bytes()).unwrap();
    // A server that refuses a body may close before it has read all of it.
    let _ = stream.write_all(body);
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    parse(&bytes)
}

fn parse(bytes: &[u8]) -> Reply {
    let end = bytes.windows(4).position(|w| w == b"\r\n\r\n").expect("an HTTP head");
    let head = std::str::from_utf8(&bytes[..end]).unwrap();
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers: Vec<(String, String)> =
        lines.filter_map(|l| l.split_once(": ")).map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
    let mut rest = &bytes[end + 4..];
    let chunked = headers.iter().any(|(n, v)| n.eq_ignore_ascii_case("transfer-encoding") && v == "chunked");
    let mut body = Vec::new();
    if chunked {
        while let Some(line) = rest.windows(2).position(|w| w == b"\r\n") {
            let size = usize::from_str_radix(std::str::from_utf8(&rest[..line]).unwrap().trim(), 16).unwrap();
            if size == 0 {
                break;
            }
            body.extend_from_slice(&rest[line + 2..line + 2 + size]);
            rest = &rest[line + 4 + size..];
        }
    } else {
        body.extend_from_slice(rest);
    }
    Reply { status, headers, body }
}
