//! The HTTP server: GraphQL over HTTP, playground, health, metrics, limits, caching, reloading, stopping.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail like tests")]

use crate::support::city;
use crate::support::http::{Reply, Server};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::time::{Duration, Instant};
use walkshed::server::{Proxies, ServerOptions};
use walkshed_graphql::Limits;
use walkshed_register::Role;

const JSON: (&str, &str) = ("Content-Type", "application/json");
const RESPONSE: (&str, &str) = ("Accept", "application/graphql-response+json");

fn server() -> (tempfile::TempDir, Server) {
    let folder = city::folder();
    let server = Server::start(folder.path(), ServerOptions::default());
    (folder, server)
}

/// Headers and body of a request; status, media type and presence of `data` in the response.
type Case<'a> = (&'a [(&'a str, &'a str)], &'a str, u16, &'a str, bool);

#[test]
fn media_types_and_statuses_follow_the_specification() {
    let (_folder, server) = server();
    let post = |headers: &[(&str, &str)], body: &str| server.send("POST", "/graphql", headers, body.as_bytes());
    let good = r#"{"query":"{ __typename }"}"#;
    let invalid = r#"{"query":"{ nothing }"}"#;
    let cases: &[Case] = &[
        (&[JSON], good, 200, "application/json", true),
        (&[JSON, RESPONSE], good, 200, "application/graphql-response+json", true),
        (&[JSON, ("Accept", "*/*")], good, 200, "application/json", true),
        (&[JSON], invalid, 200, "application/json", false),
        (&[JSON, RESPONSE], invalid, 400, "application/graphql-response+json", false),
        (&[JSON, RESPONSE], r#"{"query":"{"}"#, 400, "application/graphql-response+json", false),
        (&[JSON, RESPONSE], "{", 400, "application/graphql-response+json", false),
        (&[JSON], "{", 400, "application/json", false),
        (&[JSON], "", 400, "application/json", false),
        (&[JSON], r#"{"query":7}"#, 400, "application/json", false),
        (&[JSON], r#"{"query":"{ __typename }","variables":[]}"#, 400, "application/json", false),
        (&[JSON], r#"{"query":"{ __typename }","operationName":1}"#, 400, "application/json", false),
        (&[JSON], r#"{"query":"{ __typename }","extensions":"x"}"#, 400, "application/json", false),
        (&[JSON], r#"[{"query":"{ __typename }"}]"#, 400, "application/json", false),
        (&[], good, 415, "application/json", false),
        (&[("Content-Type", "text/plain")], good, 415, "application/json", false),
        (&[("Content-Type", "application/json; charset=gb18030")], good, 415, "application/json", false),
        (&[JSON, ("Accept", "image/png")], good, 406, "application/json", false),
    ];
    for (headers, body, status, media, has_data) in cases {
        let reply = post(headers, body);
        let details = format!("{headers:?} {body}: {} {}", reply.status, reply.text());
        assert_eq!(reply.status, *status, "{details}");
        assert!(reply.header("content-type").unwrap().starts_with(media), "{details}");
        let value = reply.json();
        assert_eq!(value.get("data").is_some(), *has_data, "{details}");
        assert_eq!(value["errors"].as_array().is_some_and(|e| !e.is_empty()), !has_data, "{details}");
    }
    // A field error does not change the status.
    let failed = post(&[JSON, RESPONSE], r#"{"query":"{ facility { name } }"}"#);
    assert_eq!((failed.status, &failed.json()["data"]), (200, &json!({"facility": null})));
}

#[test]
fn get_accepts_only_queries() {
    let (_folder, server) = server();
    let typename = "query=%7B%20__typename%20%7D";
    assert_eq!(server.get(&format!("/graphql?{typename}")).json()["data"], json!({"__typename": "Query"}));
    let variables =
        "query=query(%24c%3AString!)%7Bcenter(code%3A%24c)%7Bname%7D%7D&variables=%7B%22c%22%3A%22500106013004%22%7D";
    let found = server.get(&format!("/graphql?{variables}"));
    assert_eq!(found.json()["data"]["center"]["name"], "模范村社区党群服务中心");
    let named = "query=query%20A%7B__typename%7D%20query%20B%7Bx%3A__typename%7D&operationName=B";
    assert_eq!(server.get(&format!("/graphql?{named}")).json()["data"], json!({"x": "Query"}));
    let mutation = server.send("GET", "/graphql?query=mutation%20%7B__typename%7D", &[RESPONSE], b"");
    assert_eq!((mutation.status, mutation.header("allow")), (405, Some("POST")));
    assert_eq!(server.get("/graphql").status, 400);
    assert_eq!(server.get(&format!("/graphql?{typename}&variables=%7B")).status, 400);
    let put = server.send("PUT", "/graphql", &[JSON], b"{}");
    assert_eq!((put.status, put.header("allow")), (405, Some("GET, HEAD, POST")));
}

#[test]
fn bodies_are_limited() {
    let folder = city::folder();
    let server = Server::start(folder.path(), ServerOptions { max_body_bytes: 10_000, ..Default::default() });
    let long = format!(r#"{{"query":"{{ __typename }}","extensions":{{"x":"{}"}}}}"#, "x".repeat(20_000));
    let reply = server.send("POST", "/graphql", &[JSON], long.as_bytes());
    assert_eq!(reply.status, 413);
    assert_eq!(reply.json()["errors"].as_array().unwrap().len(), 1);
}

#[test]
fn deeply_nested_documents_are_refused_with_the_limit() {
    let (_folder, server) = server();
    for open in ["{a", "[", "(x:["] {
        let deep = open.repeat(10_000);
        let reply = server.query(&format!("{{ a(b: {deep}"), &Value::Null);
        assert_eq!(reply.json()["errors"][0]["extensions"]["limit"], "maxNesting", "{open}");
    }
    // Deeply nested variables are refused by the JSON parser.
    let deep = format!("{{\"query\":\"{{ __typename }}\",\"variables\":{{\"a\":{}", "[".repeat(100_000));
    assert_eq!(server.send("POST", "/graphql", &[JSON], deep.as_bytes()).status, 400);
}

#[test]
fn the_playground_loads_all_files_from_this_server() {
    let (_folder, server) = server();
    let page = server.send("GET", "/graphql", &[("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")], b"");
    assert_eq!(page.status, 200);
    assert!(page.header("content-type").unwrap().starts_with("text/html"));
    assert!(page.header("content-security-policy").unwrap().contains("default-src 'none'"));
    let html = page.text();
    assert!(!html.contains("//cdn") && !html.contains("https://"), "the page loads nothing from other servers");
    let files: Vec<&str> = html.split(['"']).filter(|part| part.starts_with("/graphiql/")).collect();
    assert_eq!(files.len(), 6, "{files:?}");
    for file in files {
        let reply = server.get(file);
        assert_eq!(reply.status, 200, "{file}");
        assert!(reply.body.len() > 50, "{file}");
        if file.contains(".min.") {
            assert_eq!(
                (reply.header("content-encoding"), &reply.body[..2]),
                (Some("gzip"), &[0x1f, 0x8b][..]),
                "{file}"
            );
        }
    }
    assert_eq!(server.get("/graphiql/nothing.js").status, 404);
    assert_eq!(server.get("/").header("location"), Some("/graphql"));
}

#[test]
fn the_example_queries_of_the_playground_run() {
    let (_folder, server) = server();
    let tabs = server.get("/graphiql/tabs.json").json();
    let tabs = tabs.as_array().unwrap();
    assert_eq!(tabs.len(), 6, "the seventh needs a scenario; `docs.rs` runs it");
    for tab in tabs {
        let variables: Value = serde_json::from_str(tab["variables"].as_str().unwrap()).unwrap();
        let reply = server.query(tab["query"].as_str().unwrap(), &variables).json();
        assert_eq!(reply["errors"], Value::Null, "{tab}: {reply}");
        assert!(reply["data"].as_object().unwrap().values().all(|v| !v.is_null()), "{reply}");
    }
}

#[test]
fn health_schema_and_metrics() {
    let (_folder, server) = server();
    assert_eq!(server.get("/health/live").json(), json!({"status": "live"}));
    let ready = server.get("/health/ready");
    assert_eq!((ready.status, &ready.json()["facilities"]), (200, &json!(7)));
    assert!(server.get("/schema").text().contains("type Query"));
    server.query("{ __typename }", &Value::Null);
    server.query("{ nothing }", &Value::Null);
    server.query("{ facility { name } }", &Value::Null);
    let text = server.get("/metrics").text();
    for line in [
        "walkshed_loaded{kind=\"facilities\"} 7",
        "walkshed_loaded{kind=\"street_segments\"} 1740",
        "walkshed_http_requests_total{route=\"/graphql\",status=\"200\"} 3",
        "walkshed_graphql_total{outcome=\"ok\"} 1",
        "walkshed_graphql_total{outcome=\"refused\"} 1",
        "walkshed_graphql_total{outcome=\"failed fields\"} 1",
        "walkshed_http_request_seconds_count{route=\"/health/live\"} 1",
    ] {
        assert!(text.lines().any(|l| l == line), "{line} is not in\n{text}");
    }
    let nothing = server.get("/nothing");
    assert_eq!((nothing.status, nothing.json()["error"].is_string()), (404, true));
}

#[test]
fn every_response_has_a_request_id() {
    let (_folder, server) = server();
    let own = server.send("GET", "/health/live", &[("X-Request-Id", "trace-17")], b"");
    assert_eq!(own.header("x-request-id"), Some("trace-17"));
    let (a, b) = (server.get("/health/live"), server.get("/nothing"));
    assert!(a.header("x-request-id").unwrap() != b.header("x-request-id").unwrap());
    let odd = server.send("GET", "/health/live", &[("X-Request-Id", "a<b>")], b"");
    assert_ne!(odd.header("x-request-id"), Some("a<b>"));
    let long = "x".repeat(65);
    assert_ne!(
        server.send("GET", "/health/live", &[("X-Request-Id", &long)], b"").header("x-request-id"),
        Some(long.as_str())
    );
}

const SEGMENTS: &str = "{ walkshed(from: {center: \"500106013004\"}) { segments } }";

fn decompressed(coding: &str, bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    match coding {
        "gzip" => flate2::read::GzDecoder::new(bytes).read_to_end(&mut out).unwrap(),
        _ => zstd::Decoder::new(bytes).unwrap().read_to_end(&mut out).unwrap(),
    };
    out
}

#[test]
fn long_responses_are_compressed_on_request() {
    let (_folder, server) = server();
    let body = json!({ "query": SEGMENTS }).to_string();
    let plain = server.send("POST", "/graphql", &[JSON], body.as_bytes());
    assert_eq!((plain.header("content-encoding"), plain.header("transfer-encoding")), (None, None));
    for (accept, coding) in [("gzip", "gzip"), ("gzip, deflate, br, zstd", "zstd"), ("zstd;q=0.1, gzip;q=0.2", "gzip")]
    {
        let compressed = server.send("POST", "/graphql", &[JSON, ("Accept-Encoding", accept)], body.as_bytes());
        assert_eq!(compressed.header("content-encoding"), Some(coding), "{accept}");
        // The response has a length and is not chunked.
        assert_eq!(compressed.header("content-length"), Some(compressed.body.len().to_string().as_str()), "{accept}");
        assert!(compressed.header("vary").unwrap().contains("Accept-Encoding"));
        assert!(compressed.body.len() * 3 < plain.body.len(), "{accept}");
        assert_eq!(decompressed(coding, &compressed.body), plain.body, "{accept}");
    }
    for accept in ["gzip;q=0", "br", "identity"] {
        let reply = server.send("POST", "/graphql", &[JSON, ("Accept-Encoding", accept)], body.as_bytes());
        assert_eq!((reply.header("content-encoding"), &reply.body), (None, &plain.body), "{accept}");
    }
    // Short responses are not compressed.
    let short = br#"{"query":"{ __typename }"}"#;
    let short = server.send("POST", "/graphql", &[JSON, ("Accept-Encoding", "gzip")], short);
    assert_eq!(short.header("content-encoding"), None);
    // Files that are stored compressed are decompressed for clients that do not accept gzip.
    let file = "/graphiql/react.production.min.js";
    let plain = server.send("GET", file, &[("Accept-Encoding", "identity")], b"");
    assert_eq!((plain.header("content-encoding"), &plain.body), (None, &decompressed("gzip", &server.get(file).body)));
}

#[test]
fn compressed_request_bodies_are_limited_by_their_decompressed_length() {
    let folder = city::folder();
    let server = Server::start(folder.path(), ServerOptions { max_body_bytes: 100_000, ..Default::default() });
    let gzip = |bytes: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    let zstd = |bytes: &[u8]| zstd::encode_all(bytes, 19).unwrap();
    let send = |coding: &str, body: &[u8]| server.send("POST", "/graphql", &[JSON, ("Content-Encoding", coding)], body);
    let good = br#"{"query":"{ __typename }"}"#;
    for (coding, body) in [("gzip", gzip(good)), ("zstd", zstd(good)), ("identity", good.to_vec())] {
        assert_eq!(send(coding, &body).json()["data"]["__typename"], "Query", "{coding}");
        assert_eq!(send(coding, b"{\"query").status, 400, "{coding}");
    }
    // 100 kB that decompress to 100 MB are refused when the limit is reached.
    let bomb = vec![b' '; 100_000_000];
    for (coding, body) in [("gzip", gzip(&bomb)), ("zstd", zstd(&bomb))] {
        assert!(body.len() < 100_000, "{coding}");
        let reply = send(coding, &body);
        assert_eq!(reply.status, 413, "{coding}: {}", reply.text());
    }
    let reply = send("br", good);
    assert_eq!((reply.status, reply.header("accept-encoding")), (415, Some("gzip, zstd")));
}

/// Returns the path of a GET request for a query.
fn address_of(query: &str) -> String {
    query.bytes().fold("/graphql?query=".to_owned(), |address, b| format!("{address}%{b:02X}"))
}

#[test]
fn head_returns_the_headers_of_get() {
    let (_folder, server) = server();
    let query = address_of("{ dataset { facilityCount } }");
    for path in [
        query.as_str(),
        "/graphql",
        "/schema",
        "/graphiql/playground.js",
        "/graphiql/react.production.min.js",
        "/health/live",
        "/health/ready",
        "/",
        "/jobs/none",
    ] {
        let (get, head) = (server.get(path), server.send("HEAD", path, &[], b""));
        assert_eq!(get.status, head.status, "{path}");
        assert!(head.body.is_empty(), "{path}");
        for name in ["content-type", "content-length", "etag", "cache-control", "vary", "location", "content-encoding"]
        {
            assert_eq!(get.header(name), head.header(name), "{path} {name}");
        }
    }
    assert_eq!(server.send("HEAD", "/metrics", &[], b"").status, 200);
    let mutation = server.send("HEAD", &address_of("mutation { __typename }"), &[], b"");
    assert_eq!(mutation.status, 405);
}

fn again(server: &Server, path: &str, tag: &str, token: Option<&str>) -> Reply {
    let authorization = token.map(|token| format!("Bearer {token}"));
    let mut headers = vec![("If-None-Match", tag)];
    headers.extend(authorization.as_deref().map(|value| ("Authorization", value)));
    server.send("GET", path, &headers, b"")
}

#[test]
fn unchanged_responses_are_answered_with_304() {
    let folder = city::folder();
    let (editor, admin) = (
        crate::support::register::token(folder.path(), Role::Editor),
        crate::support::register::token(folder.path(), Role::Admin),
    );
    let server = Server::start(folder.path(), ServerOptions::default());
    let outcome = |outcome: &str| {
        let text = server.get("/metrics").text();
        let line = format!("walkshed_graphql_total{{outcome=\"{outcome}\"}} ");
        text.lines().find_map(|l| l.strip_prefix(&line)?.parse::<u32>().ok()).unwrap_or(0)
    };
    // A cacheable query is not executed again.
    let cacheable = address_of(
        "{ center(code: \"500106013004\") { id phone isOpen(at: \"2026-03-01T10:00:00Z\") } nearby(from: {center: \"500106013004\"}) { totalCount } }",
    );
    let first = server.get(&cacheable);
    assert!(first.json()["errors"].is_null(), "{}", first.text());
    let tag = first.header("etag").unwrap().to_owned();
    assert_eq!(first.header("cache-control"), Some("no-cache"));
    for name in ["Accept", "Accept-Encoding", "Authorization"] {
        assert!(first.header("vary").unwrap().split(", ").any(|v| v == name), "{name}");
    }
    let executed = outcome("ok");
    let second = again(&server, &cacheable, &tag, None);
    assert_eq!((second.status, second.header("etag"), second.body.len()), (304, Some(tag.as_str()), 0));
    assert_eq!((outcome("ok"), outcome("not modified")), (executed, 1));
    // The tag depends on the media type, not on the content coding.
    let headers = [("If-None-Match", tag.as_str()), RESPONSE];
    assert_eq!(server.send("GET", &cacheable, &headers, b"").status, 200);
    let headers = [("If-None-Match", tag.as_str()), ("Accept-Encoding", "gzip")];
    assert_eq!(server.send("GET", &cacheable, &headers, b"").status, 304);
    // Queries that depend on the clock or the database are executed each time.
    for query in ["{ center(code: \"500106013004\") { isOpen } }", "{ job(id: \"none\") { state } }"] {
        let path = address_of(query);
        let first = server.get(&path);
        assert!(first.json()["errors"].is_null(), "{}", first.text());
        let (executed, skipped) = (outcome("ok"), outcome("not modified"));
        again(&server, &path, first.header("etag").unwrap(), None);
        assert_eq!((outcome("ok"), outcome("not modified")), (executed + 1, skipped), "{query}");
    }
    // Responses depend on role and token; those for tokens are private.
    let viewer = address_of("{ viewer { role token } }");
    let tags: Vec<String> = [None, Some(&editor), Some(&admin)]
        .map(|token| {
            let reply = again(&server, &viewer, "\"none\"", token.map(String::as_str));
            let cache_policy = if token.is_some() { "private, no-cache" } else { "no-cache" };
            assert_eq!(reply.header("cache-control"), Some(cache_policy));
            reply.header("etag").unwrap().to_owned()
        })
        .into();
    assert!(tags[0] != tags[1] && tags[1] != tags[2]);
    assert_eq!(again(&server, &viewer, &tags[1], Some(&editor)).status, 304);
    assert_eq!(again(&server, &viewer, &tags[1], Some(&admin)).status, 200);
    let audit = address_of("{ auditLog { number } tokens { number } }");
    let reply = again(&server, &audit, "\"none\"", Some(&admin));
    let before = outcome("ok");
    again(&server, &audit, reply.header("etag").unwrap(), Some(&admin));
    assert_eq!(outcome("ok"), before + 1);
    // Errors and mutations are not cacheable.
    assert_eq!(server.get(&address_of("{ facility { name } }")).header("cache-control"), Some("no-store"));
    let reply = server.query(
        "mutation { submitSuggestion(input: {text: \"x\", position: {lon: 106.5, lat: 29.5}}) { suggestion { id } } }",
        &Value::Null,
    );
    assert_eq!((reply.header("cache-control"), reply.header("etag")), (Some("no-store"), None));
    // The mutation has changed the data, and with it the tag.
    let third = again(&server, &cacheable, &tag, None);
    assert_eq!(third.status, 200);
    assert_ne!(third.header("etag"), Some(tag.as_str()));
    for path in ["/schema", "/graphiql/playground.css", "/graphiql/graphiql.min.css"] {
        let tag = server.get(path).header("etag").unwrap().to_owned();
        assert_eq!(again(&server, path, &tag, None).status, 304, "{path}");
    }
}

#[test]
fn without_anonymous_access_every_route_but_health_requires_a_token() {
    let folder = city::folder();
    let reader = crate::support::register::token(folder.path(), Role::Reader);
    let server = Server::start(folder.path(), ServerOptions { anonymous: false, ..Default::default() });
    let authorization = format!("Bearer {reader}");
    for path in ["/metrics", "/schema", "/graphiql/tabs.json", "/jobs/none", "/graphql?query=%7B__typename%7D"] {
        let reply = server.get(path);
        assert_eq!((reply.status, reply.header("www-authenticate")), (401, Some("Bearer")), "{path}");
        assert!(!reply.text().contains("type Query"));
        let own = server.send("GET", path, &[("Authorization", &authorization)], b"");
        assert!(own.status == 200 || path == "/jobs/none" && own.status == 404, "{path} {}", own.status);
    }
    assert_eq!(server.get("/health/live").status, 200);
    assert_eq!(server.get("/health/ready").json(), json!({ "status": "ready" }));
    // The request is refused before its body arrives.
    let reply = server.send("POST", "/graphql", &[JSON, ("Content-Length", "1000000")], b"");
    assert_eq!(reply.status, 401);
}

#[test]
fn clients_behind_a_proxy_cannot_forge_their_address() {
    let folder = city::folder();
    let limits = Limits { suggestions_per_hour: 1, ..Limits::default() };
    let trusting = Proxies { peer: false, trusted: vec!["127.0.0.1".parse().unwrap()] };
    let submit = json!({
        "query": "mutation { submitSuggestion(input: {text: \"x\", position: {lon: 106.5, lat: 29.5}}) { suggestion { id } } }"
    });
    let submit = submit.to_string();
    for (proxies, second) in [
        // The proxy is trusted: the last address is the client, whatever precedes it.
        (trusting.clone(), [("7.7.7.7, 1.1.1.1", true), ("8.8.8.8, 1.1.1.1", false), ("1.1.1.1, 2.2.2.2", true)]),
        // No proxy is trusted: all requests come from the same address.
        (Proxies::default(), [("1.1.1.1", true), ("2.2.2.2", false), ("3.3.3.3", false)]),
    ] {
        let server =
            Server::start(folder.path(), ServerOptions { proxies, limits: limits.clone(), ..Default::default() });
        for (forwarded, is_accepted) in second {
            let headers = [JSON, ("X-Forwarded-For", forwarded)];
            let reply = server.send("POST", "/graphql", &headers, submit.as_bytes()).json();
            assert_eq!(reply["errors"][0]["extensions"]["code"] != "RATE_LIMITED", is_accepted, "{forwarded}: {reply}");
        }
    }
}

#[test]
fn cors_allows_the_configured_origins() {
    let folder = city::folder();
    let origin = "https://map.example.cn";
    let server =
        Server::start(folder.path(), ServerOptions { cors_origins: vec![origin.into()], ..Default::default() });
    let preflight = server.send(
        "OPTIONS",
        "/graphql",
        &[
            ("Origin", origin),
            ("Access-Control-Request-Method", "HEAD"),
            ("Access-Control-Request-Headers", "if-none-match, authorization, content-encoding"),
        ],
        b"",
    );
    assert_eq!(preflight.status, 200, "{}", preflight.text());
    let allowed = preflight.header("access-control-allow-headers").unwrap().to_lowercase();
    assert!(allowed.contains("if-none-match"), "{allowed}");
    let reply = server.send("GET", "/graphql?query=%7B__typename%7D", &[("Origin", origin)], b"");
    assert!(reply.header("access-control-expose-headers").unwrap().to_lowercase().contains("etag"));
    assert!(reply.header("vary").unwrap().contains("Origin") && reply.header("vary").unwrap().contains("Accept"));
}

#[test]
fn imports_by_other_processes_take_effect_while_serving() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path(), ServerOptions::default());
    let empty = server.get("/health/ready").json();
    assert_eq!((&empty["streets"], &empty["facilities"]), (&json!(false), &json!(0)));
    assert!(empty["problems"][0].as_str().unwrap().contains("walkshed import streets"));
    let question = "{ nearby(from: {center: \"500106013004\"}) { totalCount } dataset { version } }";
    assert_eq!(server.query(question, &Value::Null).json()["errors"][0]["extensions"]["code"], "NOT_READY");

    city::fill(folder.path(), &city::rows());
    let filled = server.wait_for("/health/ready", |r| r.json()["facilities"] == 7 && r.json()["populationCells"] == 3);
    assert_eq!((&filled.json()["facilities"], &filled.json()["centers"]), (&json!(7), &json!(2)));

    city::network().save(&folder.path().join("streets.walkshed")).unwrap();
    let ready = server.wait_for("/health/ready", |r| r.json()["streets"] == true);
    assert_eq!(ready.json()["streets"], json!(true));
    let before = server.query(question, &Value::Null).json();
    assert_eq!(before["data"]["nearby"]["totalCount"], json!(5));

    // A damaged file is reported, and the loaded streets stay in use. (It replaces the file by a rename, as an import does:
    // the loaded file is mapped and must not be written in place.)
    let problems = |reply: &Reply| reply.json()["problems"].to_string();
    assert!(!problems(&ready).contains("streets.walkshed"), "{}", ready.text());
    std::fs::write(folder.path().join("damaged"), b"not a network at all").unwrap();
    std::fs::rename(folder.path().join("damaged"), folder.path().join("streets.walkshed")).unwrap();
    let damaged = server.wait_for("/health/ready", |reply| problems(reply).contains("streets.walkshed"));
    assert!(
        problems(&damaged).contains("streets.walkshed"),
        "the watcher has not reported the file: {}",
        damaged.text()
    );
    assert_eq!(damaged.json()["streets"], json!(true));
    assert_eq!(server.query(question, &Value::Null).json()["data"], before["data"]);

    // A good file replaces it.
    walkshed_testing::grid(12, 100.0).save(&folder.path().join("streets.walkshed")).unwrap();
    let repaired = server.wait_for("/health/ready", |reply| !problems(reply).contains("streets.walkshed"));
    assert!(!problems(&repaired).contains("streets.walkshed"), "{}", repaired.text());
    let metrics = server.get("/metrics").text();
    assert!(metrics.contains("walkshed_loaded{kind=\"street_junctions\"} 144"), "{metrics}");
}

#[test]
fn a_stopping_server_finishes_running_requests() {
    let (_folder, server) = server();
    let address = server.address;
    // A request with an incomplete body is running until the test completes it.
    let body = json!({ "query": "{ __typename }" }).to_string();
    let mut incomplete = std::net::TcpStream::connect(address).unwrap();
    let head = format!(
        "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    incomplete.write_all(&[head.as_bytes(), &body.as_bytes()[..10]].concat()).unwrap();
    let clients: Vec<_> = (0..4)
        .map(|_| {
            std::thread::spawn(move || {
                let body = json!({"query": "{ walkshed(from: {center: \"500106013004\"}, minutes: [60]) { cells(resolution: 12) { cells } } }"});
                crate::support::http::send(address, "POST", "/graphql", &[JSON], body.to_string().as_bytes())
            })
        })
        .collect();
    // Waits until all requests run, or some have already ended. The request for the metrics counts too.
    let end = Instant::now() + Duration::from_secs(2);
    while server.metric("walkshed_http_requests_running") < 6 && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(server.metric("walkshed_http_requests_running") >= 2, "the incomplete request is not running");
    let stopping = std::thread::spawn(move || server.stop());
    // The server accepts no connections any more, but completes the running requests.
    let end = Instant::now() + Duration::from_secs(10);
    while std::net::TcpStream::connect(address).is_ok() {
        assert!(Instant::now() < end, "the server still accepts connections");
        std::thread::sleep(Duration::from_millis(20));
    }
    incomplete.write_all(&body.as_bytes()[10..]).unwrap();
    let mut response = String::new();
    incomplete.read_to_string(&mut response).unwrap();
    assert!(response.starts_with("HTTP/1.1 200") && response.contains(r#""__typename":"Query""#), "{response}");
    for thread in clients {
        let reply = thread.join().unwrap();
        assert_eq!(reply.status, 200);
        assert!(reply.json()["data"]["walkshed"]["cells"]["cells"].as_array().unwrap().len() > 1000);
    }
    stopping.join().unwrap();
    assert!(std::net::TcpStream::connect(address).is_err());
}
