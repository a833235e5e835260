//! The server over the wire: GraphQL over HTTP, the playground, health, metrics, limits, reloading, stopping.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail like tests")]

use crate::support::city;
use crate::support::http::Server;
use serde_json::{Value, json};
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

/// Headers, body; the status, the media type, and whether there is `data`.
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
        let told = format!("{headers:?} {body}: {} {}", reply.status, reply.text());
        assert_eq!(reply.status, *status, "{told}");
        assert!(reply.header("content-type").unwrap().starts_with(media), "{told}");
        let value = reply.json();
        assert_eq!(value.get("data").is_some(), *has_data, "{told}");
        assert_eq!(value["errors"].as_array().is_some_and(|e| !e.is_empty()), !has_data, "{told}");
    }
    // A field that fails is no failure of the request.
    let failed = post(&[JSON, RESPONSE], r#"{"query":"{ facility { name } }"}"#);
    assert_eq!((failed.status, &failed.json()["data"]), (200, &json!({"facility": null})));
}

#[test]
fn get_is_for_queries_alone() {
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
fn a_document_of_nested_brackets_is_refused_by_name() {
    let (_folder, server) = server();
    for open in ["{a", "[", "(x:["] {
        let deep = open.repeat(10_000);
        let reply = server.query(&format!("{{ a(b: {deep}"), &Value::Null);
        assert_eq!(reply.json()["errors"][0]["extensions"]["limit"], "maxNesting", "{open}");
    }
    // And so are variables, before they are read as GraphQL.
    let deep = format!("{{\"query\":\"{{ __typename }}\",\"variables\":{{\"a\":{}", "[".repeat(100_000));
    assert_eq!(server.send("POST", "/graphql", &[JSON], deep.as_bytes()).status, 400);
}

#[test]
fn browsers_get_the_playground_whole_from_this_server() {
    let (_folder, server) = server();
    let page = server.send("GET", "/graphql", &[("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")], b"");
    assert_eq!(page.status, 200);
    assert!(page.header("content-type").unwrap().starts_with("text/html"));
    assert!(page.header("content-security-policy").unwrap().contains("default-src 'none'"));
    let html = page.text();
    assert!(!html.contains("//cdn") && !html.contains("https://"), "everything is our own");
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
fn the_example_queries_of_the_playground_run_as_they_stand() {
    let (_folder, server) = server();
    let tabs = server.get("/graphiql/tabs.json").json();
    let tabs = tabs.as_array().unwrap();
    assert_eq!(tabs.len(), 6, "where there is no scenario, none is compared; `tests/readme.rs` asks the seventh");
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
fn every_answer_has_a_request_id() {
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

fn unpacked(coding: &str, bytes: &[u8]) -> Vec<u8> {
    use std::io::Read;
    let mut out = Vec::new();
    match coding {
        "gzip" => flate2::read::GzDecoder::new(bytes).read_to_end(&mut out).unwrap(),
        _ => zstd::Decoder::new(bytes).unwrap().read_to_end(&mut out).unwrap(),
    };
    out
}

#[test]
fn long_answers_are_packed_whole_for_who_asks() {
    let (_folder, server) = server();
    let body = json!({ "query": SEGMENTS }).to_string();
    let plain = server.send("POST", "/graphql", &[JSON], body.as_bytes());
    assert_eq!((plain.header("content-encoding"), plain.header("transfer-encoding")), (None, None));
    for (accept, coding) in [("gzip", "gzip"), ("gzip, deflate, br, zstd", "zstd"), ("zstd;q=0.1, gzip;q=0.2", "gzip")]
    {
        let packed = server.send("POST", "/graphql", &[JSON, ("Accept-Encoding", accept)], body.as_bytes());
        assert_eq!(packed.header("content-encoding"), Some(coding), "{accept}");
        // One body with its length: chunks would wait for each other on the way.
        assert_eq!(packed.header("content-length"), Some(packed.body.len().to_string().as_str()), "{accept}");
        assert!(packed.header("vary").unwrap().contains("Accept-Encoding"));
        assert!(packed.body.len() * 3 < plain.body.len(), "{accept}");
        assert_eq!(unpacked(coding, &packed.body), plain.body, "{accept}");
    }
    for accept in ["gzip;q=0", "br", "identity"] {
        let reply = server.send("POST", "/graphql", &[JSON, ("Accept-Encoding", accept)], body.as_bytes());
        assert_eq!((reply.header("content-encoding"), &reply.body), (None, &plain.body), "{accept}");
    }
    // What fits into a packet is sent as it is.
    let short = br#"{"query":"{ __typename }"}"#;
    let short = server.send("POST", "/graphql", &[JSON, ("Accept-Encoding", "gzip")], short);
    assert_eq!(short.header("content-encoding"), None);
    // Files that are there packed are unpacked for who cannot.
    let file = "/graphiql/react.production.min.js";
    let plain = server.send("GET", file, &[("Accept-Encoding", "identity")], b"");
    assert_eq!((plain.header("content-encoding"), &plain.body), (None, &unpacked("gzip", &server.get(file).body)));
}

#[test]
fn bodies_of_requests_may_be_packed_within_the_limit() {
    use std::io::Write;
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
    // A hundred kilobytes that unpack into a hundred megabytes are refused when the limit is reached.
    let bomb = vec![b' '; 100_000_000];
    for (coding, body) in [("gzip", gzip(&bomb)), ("zstd", zstd(&bomb))] {
        assert!(body.len() < 100_000, "{coding}");
        let reply = send(coding, &body);
        assert_eq!(reply.status, 413, "{coding}: {}", reply.text());
    }
    let reply = send("br", good);
    assert_eq!((reply.status, reply.header("accept-encoding")), (415, Some("gzip, zstd")));
}

/// A query as an address.
fn address_of(query: &str) -> String {
    query.bytes().fold("/graphql?query=".to_owned(), |address, b| format!("{address}%{b:02X}"))
}

#[test]
fn head_answers_as_get_does_without_the_body() {
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

fn again(server: &Server, path: &str, tag: &str, token: Option<&str>) -> crate::support::http::Reply {
    let authorization = token.map(|token| format!("Bearer {token}"));
    let mut headers = vec![("If-None-Match", tag)];
    headers.extend(authorization.as_deref().map(|value| ("Authorization", value)));
    server.send("GET", path, &headers, b"")
}

#[test]
fn what_has_not_changed_is_not_sent_again() {
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
    // What comes from the data alone is not even asked again.
    let lasting = address_of(
        "{ center(code: \"500106013004\") { id phone isOpen(at: \"2026-03-01T10:00:00Z\") } nearby(from: {center: \"500106013004\"}) { totalCount } }",
    );
    let first = server.get(&lasting);
    assert!(first.json()["errors"].is_null(), "{}", first.text());
    let tag = first.header("etag").unwrap().to_owned();
    assert_eq!(first.header("cache-control"), Some("no-cache"));
    for name in ["Accept", "Accept-Encoding", "Authorization"] {
        assert!(first.header("vary").unwrap().split(", ").any(|v| v == name), "{name}");
    }
    let executed = outcome("ok");
    let second = again(&server, &lasting, &tag, None);
    assert_eq!((second.status, second.header("etag"), second.body.len()), (304, Some(tag.as_str()), 0));
    assert_eq!((outcome("ok"), outcome("not modified")), (executed, 1));
    // The media type counts, the packing does not.
    let headers = [("If-None-Match", tag.as_str()), RESPONSE];
    assert_eq!(server.send("GET", &lasting, &headers, b"").status, 200);
    let headers = [("If-None-Match", tag.as_str()), ("Accept-Encoding", "gzip")];
    assert_eq!(server.send("GET", &lasting, &headers, b"").status, 304);
    // What comes from the clock or from the database is asked each time.
    for query in ["{ center(code: \"500106013004\") { isOpen } }", "{ job(id: \"none\") { state } }"] {
        let path = address_of(query);
        let first = server.get(&path);
        assert!(first.json()["errors"].is_null(), "{}", first.text());
        let (executed, skipped) = (outcome("ok"), outcome("not modified"));
        again(&server, &path, first.header("etag").unwrap(), None);
        assert_eq!((outcome("ok"), outcome("not modified")), (executed + 1, skipped), "{query}");
    }
    // Each role and token has answers of its own, which no shared cache keeps.
    let viewer = address_of("{ viewer { role token } }");
    let tags: Vec<String> = [None, Some(&editor), Some(&admin)]
        .map(|token| {
            let reply = again(&server, &viewer, "\"none\"", token.map(String::as_str));
            let keeping = if token.is_some() { "private, no-cache" } else { "no-cache" };
            assert_eq!(reply.header("cache-control"), Some(keeping));
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
    // Errors and mutations are not kept.
    assert_eq!(server.get(&address_of("{ facility { name } }")).header("cache-control"), Some("no-store"));
    let reply = server.query(
        "mutation { submitSuggestion(input: {text: \"x\", position: {lon: 106.5, lat: 29.5}}) { suggestion { id } } }",
        &Value::Null,
    );
    assert_eq!((reply.header("cache-control"), reply.header("etag")), (Some("no-store"), None));
    // The data have changed with it: it is another answer.
    let third = again(&server, &lasting, &tag, None);
    assert_eq!(third.status, 200);
    assert_ne!(third.header("etag"), Some(tag.as_str()));
    for path in ["/schema", "/graphiql/playground.css", "/graphiql/graphiql.min.css"] {
        let tag = server.get(path).header("etag").unwrap().to_owned();
        assert_eq!(again(&server, path, &tag, None).status, 304, "{path}");
    }
}

#[test]
fn without_anonymous_readers_nothing_is_told_to_strangers() {
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
    // Before a body is read: this one never comes.
    let reply = server.send("POST", "/graphql", &[JSON, ("Content-Length", "1000000")], b"");
    assert_eq!(reply.status, 401);
}

#[test]
fn who_is_behind_a_proxy_cannot_choose_their_address() {
    let folder = city::folder();
    let limits = Limits { suggestions_per_hour: 1, ..Limits::default() };
    let trusting = Proxies { peer: false, trusted: vec!["127.0.0.1".parse().unwrap()] };
    let submit = json!({
        "query": "mutation { submitSuggestion(input: {text: \"x\", position: {lon: 106.5, lat: 29.5}}) { suggestion { id } } }"
    });
    let submit = submit.to_string();
    for (proxies, second) in [
        // The proxy says who it is: someone else is someone else, whatever they wrote before it.
        (trusting.clone(), [("7.7.7.7, 1.1.1.1", true), ("8.8.8.8, 1.1.1.1", false), ("1.1.1.1, 2.2.2.2", true)]),
        // Nobody is trusted: all come from here.
        (Proxies::default(), [("1.1.1.1", true), ("2.2.2.2", false), ("3.3.3.3", false)]),
    ] {
        let server =
            Server::start(folder.path(), ServerOptions { proxies, limits: limits.clone(), ..Default::default() });
        for (told, may) in second {
            let headers = [JSON, ("X-Forwarded-For", told)];
            let reply = server.send("POST", "/graphql", &headers, submit.as_bytes()).json();
            assert_eq!(reply["errors"][0]["extensions"]["code"] != "RATE_LIMITED", may, "{told}: {reply}");
        }
    }
}

#[test]
fn pages_of_other_origins_may_ask_for_what_there_is() {
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
fn imports_by_others_are_noticed_while_it_serves() {
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

    // A damaged file does not take the streets away that are in force. (It is moved there, as an import does: the file
    // in force is mapped, and must never be written over in place.)
    std::fs::write(folder.path().join("odd"), b"not a network at all").unwrap();
    std::fs::rename(folder.path().join("odd"), folder.path().join("streets.walkshed")).unwrap();
    std::thread::sleep(std::time::Duration::from_secs(3));
    assert_eq!(server.query(question, &Value::Null).json()["data"], before["data"]);
}

#[test]
fn a_server_that_stops_finishes_what_it_has_begun() {
    let (_folder, server) = server();
    let address = server.address;
    let asking: Vec<_> = (0..4)
        .map(|_| {
            std::thread::spawn(move || {
                let body = json!({"query": "{ walkshed(from: {center: \"500106013004\"}, minutes: [60]) { cells(resolution: 12) { cells } } }"});
                crate::support::http::send(address, "POST", "/graphql", &[JSON], body.to_string().as_bytes())
            })
        })
        .collect();
    // All of them have begun, or some have ended already. Those that have not begun are not answered any more.
    let end = std::time::Instant::now() + std::time::Duration::from_secs(2);
    while server.metric("walkshed_http_requests_running") < 5 && std::time::Instant::now() < end {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    server.stop();
    for thread in asking {
        let reply = thread.join().unwrap();
        assert_eq!(reply.status, 200);
        assert!(reply.json()["data"]["walkshed"]["cells"]["cells"].as_array().unwrap().len() > 1000);
    }
    assert!(std::net::TcpStream::connect(address).is_err());
}
