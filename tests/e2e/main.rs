//! The built program from outside: it makes a small demonstration city, serves it, and is asked over HTTP. Whole answers are
//! snapshots.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail like tests")]

use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

struct Program {
    server: Child,
    address: SocketAddr,
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

struct Reply {
    status: u16,
    headers: String,
    body: String,
}

fn walkshed(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_walkshed"));
    command.env_clear().env("WALKSHED_DATA", data).current_dir(data);
    command
}

impl Program {
    /// Makes the city and serves it.
    fn start(data: &Path) -> Self {
        let made = walkshed(data).args(["demo", "--scale", "0.02"]).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let server = walkshed(data)
            .args(["serve", "--listen", &address.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let program = Self { server, address };
        let began = Instant::now();
        while TcpStream::connect(address).is_err() {
            assert!(began.elapsed() < Duration::from_mins(2), "the server does not listen on {address}");
            std::thread::sleep(Duration::from_millis(50));
        }
        program
    }

    /// Sends a request. HTTP/1.0, so that the body ends with the connection and is in one piece.
    fn send(&self, method: &str, path: &str, headers: &str, body: &str) -> Reply {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_mins(2))).unwrap();
        let length = body.len();
        write!(stream, "{method} {path} HTTP/1.0\r\nHost: test\r\n{headers}Content-Length: {length}\r\n\r\n{body}")
            .unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no response: {text:?}"));
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Reply { status, headers: head.to_ascii_lowercase(), body: body.to_owned() }
    }

    fn query(&self, query: &str, variables: &Value) -> Value {
        let body = json!({ "query": query, "variables": variables }).to_string();
        let reply = self.send("POST", "/graphql", "Content-Type: application/json\r\n", &body);
        assert_eq!(reply.status, 200, "{}", reply.body);
        let mut answer: Value = serde_json::from_str(&reply.body).unwrap();
        redact(&mut answer);
        answer
    }
}

/// Replaces what differs from run to run: times of imports, and data versions.
fn redact(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                if (name == "at" || name.ends_with("At")) && field.is_string() {
                    *field = "(time)".into();
                } else if name == "worldVersion" || (name == "version" && field.is_string()) {
                    *field = "(version)".into();
                } else {
                    redact(field);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(redact),
        _ => {}
    }
}

/// The queries of the playground's tabs, with the variables that the server proposes for this city.
#[test]
fn answers_the_queries_of_the_playground() {
    let data = tempfile::tempdir().unwrap();
    let program = Program::start(data.path());
    let tabs: Value = serde_json::from_str(&program.send("GET", "/graphiql/tabs.json", "", "").body).unwrap();
    let tabs = tabs.as_array().unwrap();
    assert_eq!(tabs.len(), 7, "{tabs:?}");
    for tab in tabs {
        let query = tab["query"].as_str().unwrap();
        let variables = tab["variables"].as_str().map_or(Value::Null, |text| serde_json::from_str(text).unwrap());
        let line = query.lines().find_map(|line| line.strip_prefix("query ")).unwrap();
        let name = line.split(['(', '{', ' ']).next().unwrap().to_owned();
        let answer = program.query(query, &variables);
        assert_eq!(answer["errors"], Value::Null, "{name}: {answer}");
        // What is open and how much is used depends on the day of the test.
        if name == "TheRegister" {
            assert!(answer["data"]["centers"]["totalCount"].as_u64().is_some_and(|count| count > 100), "{answer}");
            assert!(
                answer["data"]["underusedCenters"]["nodes"].as_array().is_some_and(|nodes| nodes.len() == 5),
                "{answer}"
            );
        } else {
            insta::assert_json_snapshot!(name, answer);
        }
    }

    // Errors have a code and a position.
    insta::assert_json_snapshot!(
        "errors",
        json!([
            program.query(
                "{ coverage(need: {categories: [HEALTH_CARE], minutes: -1}) { covered { people } } }",
                &Value::Null
            ),
            program.query(
                "mutation { deleteCenter(input: {id: \"x\", version: 1}) { userErrors { code } } }",
                &Value::Null
            ),
        ])
    );

    // The other paths.
    let ready = program.send("GET", "/health/ready", "", "");
    assert_eq!((ready.status, ready.headers.contains("application/json")), (200, true), "{}", ready.body);
    let page = program.send("GET", "/graphql", "Accept: text/html\r\n", "");
    assert!(page.status == 200 && page.body.contains("<title>"), "{}", page.body);
    let schema = program.send("GET", "/schema", "", "");
    assert_eq!(schema.body.trim_end(), include_str!("../../schema.graphql").trim_end());
    assert_eq!(program.send("GET", "/nothing", "", "").status, 404);
    let head = program.send("HEAD", "/schema", "", "");
    assert_eq!((head.status, head.body.as_str()), (200, ""));
}
