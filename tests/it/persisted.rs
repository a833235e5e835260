//! Persisted and trusted documents, selection of the operation, cost of a request, limits of a request.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail like tests")]

use crate::support::city;
use crate::support::http::{Reply, Server};
use crate::support::server_with_tokens::ServerWithTokens;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::fmt::Write;
use walkshed::server::ServerOptions;
use walkshed_graphql::{Limits, TrustedDocuments};
use walkshed_register::Role;

fn digits(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().fold(String::new(), |mut all, byte| {
        write!(all, "{byte:02x}").unwrap();
        all
    })
}

fn post(server: &Server, body: &Value) -> Reply {
    server.send("POST", "/graphql", &[("Content-Type", "application/json")], body.to_string().as_bytes())
}

fn get(server: &Server, parameters: &[(&str, &str)]) -> Reply {
    let encoded = |text: &str| text.bytes().fold(String::new(), |all, byte| all + &format!("%{byte:02X}"));
    let pairs: Vec<String> = parameters.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    server.get(&format!("/graphql?{}", pairs.join("&")))
}

fn by_hash(hash: &str) -> Value {
    json!({ "persistedQuery": { "version": 1, "sha256Hash": hash } })
}

fn code(reply: &Reply) -> Value {
    reply.json()["errors"][0]["extensions"]["code"].clone()
}

#[test]
fn automatic_persisted_queries_are_found_by_hash_and_id() {
    let folder = city::folder();
    let server = Server::start(folder.path(), ServerOptions::default());
    let query = "query Center($code: String!) { center(code: $code) { name } }";
    let (hash, variables) = (digits(query), json!({ "code": "500106013004" }));
    let extensions = by_hash(&hash);
    let unknown = post(&server, &json!({ "extensions": extensions, "variables": variables }));
    assert_eq!((unknown.status, code(&unknown)), (200, json!("PERSISTED_QUERY_NOT_FOUND")), "{}", unknown.text());
    assert_eq!(unknown.json()["errors"][0]["message"], "PersistedQueryNotFound");
    let (text, values) = (extensions.to_string(), variables.to_string());
    let by_get = [("extensions", text.as_str()), ("variables", values.as_str())];
    assert_eq!(code(&get(&server, &by_get)), "PERSISTED_QUERY_NOT_FOUND");
    let expected = json!({ "center": { "name": "模范村社区党群服务中心" } });
    let both = post(&server, &json!({ "query": query, "extensions": extensions, "variables": variables }));
    assert_eq!(both.json()["data"], expected);
    assert_eq!(post(&server, &json!({ "extensions": extensions, "variables": variables })).json()["data"], expected);
    assert_eq!(get(&server, &by_get).json()["data"], expected);
    let by_id = json!({ "documentId": format!("sha256:{hash}"), "variables": variables });
    assert_eq!(post(&server, &by_id).json()["data"], expected);
    let id = format!("sha256:{hash}");
    assert_eq!(get(&server, &[("documentId", &id), ("variables", &values)]).json()["data"], expected);

    // The hash must match the text.
    let other = post(&server, &json!({ "query": "{ __typename }", "extensions": extensions }));
    assert_eq!(code(&other), "BAD_USER_INPUT", "{}", other.text());
    // Invalid documents are not cached.
    let (wrong, wrong_hash) = ("{ nothing }", digits("{ nothing }"));
    post(&server, &json!({ "query": wrong, "extensions": by_hash(&wrong_hash) }));
    assert_eq!(code(&post(&server, &json!({ "extensions": by_hash(&wrong_hash) }))), "PERSISTED_QUERY_NOT_FOUND");
    for (body, why) in [
        (json!({ "extensions": { "persistedQuery": { "version": 2, "sha256Hash": hash } } }), "version must be 1"),
        (json!({ "extensions": { "persistedQuery": { "version": 1 } } }), "sha256Hash must be a string"),
        (json!({ "extensions": { "persistedQuery": { "version": 1, "sha256Hash": "ab" } } }), "64 hexadecimal digits"),
        (json!({ "documentId": 7 }), "documentId must be a string"),
        (json!({ "documentId": "nobody" }), r#"no document \"nobody\" exists"#),
        (json!({ "extensions": {} }), "query is missing"),
    ] {
        let reply = post(&server, &body);
        assert!(reply.text().contains(why), "{body}: {}", reply.text());
    }
}

#[test]
fn limits_apply_to_persisted_queries() {
    let folder = city::folder();
    let server = Server::start(folder.path(), ServerOptions::default());
    let query = "query Cells($n: Int) { centers(first: $n) { nodes { facilities { nodes { name } } } } }";
    let extensions = by_hash(&digits(query));
    let few = post(&server, &json!({ "query": query, "extensions": extensions, "variables": { "n": 1 } }));
    assert!(few.json()["data"]["centers"]["nodes"].is_array(), "{}", few.text());
    let many = post(&server, &json!({ "extensions": extensions, "variables": { "n": 1000 } }));
    let few = post(&server, &json!({ "extensions": extensions, "variables": { "n": 1 } }));
    assert!(few.json()["data"]["centers"]["nodes"].is_array(), "{}", few.text());
    let limited = Limits { max_complexity: 300, ..Limits::default() };
    drop(server);
    let server = Server::start(folder.path(), ServerOptions { limits: limited, ..ServerOptions::default() });
    let first = post(&server, &json!({ "query": query, "extensions": extensions, "variables": { "n": 1000 } }));
    assert_eq!(code(&first), "TOO_COMPLEX", "{} {}", first.text(), many.text());
}

#[test]
fn named_mutations_require_post() {
    let folder = city::folder();
    let server = Server::start(folder.path(), ServerOptions::default());
    let mutation = r#"mutation Suggest { submitSuggestion(input: {text: "x", center: "500106013004"}) { userErrors { message } } }"#;
    let two = format!("query Ask {{ __typename }} {mutation}");
    let count = || server.query("{ suggestions { totalCount } }", &json!({})).json()["data"]["suggestions"].clone();
    let before = count();
    for parameters in [
        vec![("query", mutation)],
        vec![("query", mutation), ("operationName", "Suggest")],
        vec![("query", two.as_str()), ("operationName", "Suggest")],
    ] {
        let reply = get(&server, &parameters);
        assert_eq!((reply.status, reply.header("allow")), (405, Some("POST")), "{}", reply.text());
    }
    for parameters in [vec![("query", two.as_str())], vec![("query", mutation), ("operationName", "Other")]] {
        let reply = get(&server, &parameters);
        assert_eq!(code(&reply), "GRAPHQL_VALIDATION_FAILED", "{}", reply.text());
    }
    assert_eq!(
        get(&server, &[("query", &two), ("operationName", "Ask")]).json()["data"],
        json!({"__typename": "Query"})
    );
    // Mutations over server-sent events are refused too.
    let headers = [("Content-Type", "application/json"), ("Accept", "text/event-stream")];
    let body = json!({ "query": mutation }).to_string();
    let events = server.send("POST", "/graphql", &headers, body.as_bytes());
    assert!(events.text().contains("mutations"), "{}", events.text());
    assert_eq!(count(), before);
}

#[test]
fn a_server_with_a_manifest_refuses_other_documents() {
    let folder = city::folder();
    let manifest = folder.path().join("documents.json");
    let trusted = "query Name { center(code: \"500106013004\") { name } }";
    let start = "mutation Start($query: String!) { startJob(input: {query: $query}) { userErrors { message } } }";
    std::fs::write(&manifest, json!({ "name": trusted, "start": start }).to_string()).unwrap();
    let options = ServerOptions { trusted_documents: Some(manifest.clone()), ..ServerOptions::default() };
    let desk = ServerWithTokens::over(folder, options);
    let expected = json!({ "center": { "name": "模范村社区党群服务中心" } });
    for body in [
        json!({ "documentId": "name" }),
        json!({ "query": trusted }),
        json!({ "extensions": by_hash(&digits(trusted)) }),
        json!({ "documentId": format!("sha256:{}", digits(trusted)) }),
    ] {
        assert_eq!(post(&desk.server, &body).json()["data"], expected, "{body}");
    }
    for body in [json!({ "query": "{ __typename }" }), json!({ "query": format!("{trusted} ") })] {
        assert_eq!(code(&post(&desk.server, &body)), "DOCUMENT_NOT_TRUSTED", "{body}");
    }
    // A job cannot run a document that is not in the manifest.
    let answer = desk.ask(Role::Contributor, start, &json!({ "query": "{ __typename }" }));
    let message = answer["data"]["startJob"]["userErrors"][0]["message"].as_str().unwrap();
    assert!(message.contains("trusted_documents"), "{answer}");
}

#[test]
fn rejects_manifests_that_do_not_match_the_schema() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("documents.json");
    let block_on = |trusted: TrustedDocuments| {
        let api = walkshed_graphql::Api::with_documents(Limits::default(), Some(trusted));
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(api.check_manifest())
    };
    for (document, why) in [
        (
            "query A($from: PlaceInput!, $m: [Float!]!) { walkshed(from: $from, minutes: $m) { place { distanceM } } }",
            None,
        ),
        ("{ centers { nodes { nothing } } }", Some("nothing")),
        ("{ walkshed(nothing: 1) { place { distanceM } } }", Some("nothing")),
    ] {
        std::fs::write(&path, json!({ "x": document }).to_string()).unwrap();
        let outcome = block_on(TrustedDocuments::read(&path, &Limits::default()).unwrap());
        match (outcome, why) {
            (Ok(()), None) => {}
            (Err(error), Some(why)) => {
                assert!(error.to_string().contains(why) && error.to_string().contains("\"x\""), "{error}");
            }
            (outcome, _) => panic!("{document}: {outcome:?}"),
        }
    }
}

#[test]
fn the_cost_is_reported_on_request() {
    let folder = city::folder();
    let server = Server::start(folder.path(), ServerOptions::default());
    let ask = |query: &str| post(&server, &json!({ "query": query, "extensions": { "cost": true } })).json();
    let answer = ask("{ a: __typename b: __typename center(code: \"x\") { name } }");
    assert_eq!(
        answer["extensions"]["cost"],
        json!({ "requested": 2, "maximum": 50_000, "work": 0, "maximumWork": 3_000_000 }),
        "{answer}"
    );
    let analysis = ask("{ coverage(need: {category: HEALTH_CARE}) { total { people } } }");
    let work = analysis["extensions"]["cost"]["work"].as_u64().unwrap();
    assert!((1..3_000_000).contains(&work), "{analysis}");
    let small = ask("{ centers(first: 1) { nodes { name } } }")["extensions"]["cost"]["requested"].as_i64().unwrap();
    let large = ask("{ centers(first: 101) { nodes { name } } }")["extensions"]["cost"]["requested"].as_i64().unwrap();
    assert!(large >= small + 100, "{small} {large}");
    let without = post(&server, &json!({ "query": "{ __typename }" })).json();
    assert_eq!(without["extensions"].get("cost"), None);
    let reply = post(&server, &json!({ "query": "{ __typename }", "extensions": { "cost": 1 } }));
    assert!(reply.text().contains("extensions.cost must be true or false"), "{}", reply.text());
}

#[test]
fn limit_errors_name_the_limit_the_value_and_the_maximum() {
    let folder = city::folder();
    let limits = Limits { max_variable_values: 5, ..Limits::default() };
    let server = Server::start(folder.path(), ServerOptions { limits, ..ServerOptions::default() });
    let minutes = |list: &str| {
        format!("{{ walkshed(from: {{center: \"500106013004\"}}, minutes: {list}) {{ bands {{ areaKm2 }} }} }}")
    };
    let deep = format!("{{ centers {} }}", "{ nodes { center ".repeat(30) + &"} }".repeat(30));
    let aliases = (0..101).map(|n| format!("a{n}: __typename")).collect::<Vec<_>>().join(" ");
    for (query, variables, limit, value, maximum) in [
        (minutes("[500]"), json!({}), "maxMinutes", Some(500.0), 120.0),
        (minutes("[15, 200]"), json!({}), "maxMinutes", Some(200.0), 120.0),
        (
            "query A($m: [Float!]!) { walkshed(from: {center: \"500106013004\"}, minutes: $m) { bands { areaKm2 } } }"
                .into(),
            json!({ "m": [400] }),
            "maxMinutes",
            Some(400.0),
            120.0,
        ),
        (
            "{ facilities(first: 1000) { nodes { center { facilities { nodes { center { facilities { nodes { name } } } } } } } } }".into(),
            json!({}),
            "maxComplexity",
            None,
            50_000.0,
        ),
        (deep, json!({}), "maxNesting", None, 60.0),
        (format!("{{ {aliases} }}"), json!({}), "maxAliases", Some(101.0), 100.0),
        (format!("{{ __typename }} # {}", "x".repeat(70_000)), json!({}), "maxDocumentBytes", Some(70_017.0), 65_536.0),
        ("{ __typename }".into(), json!({ "a": [1, 2, 3, 4, 5] }), "maxVariableValues", Some(6.0), 5.0),
    ] {
        let error = server.query(&query, &variables).json()["errors"][0].clone();
        let extensions = &error["extensions"];
        assert_eq!((&extensions["code"], &extensions["limit"]), (&json!("TOO_COMPLEX"), &json!(limit)), "{error}");
        assert_eq!(extensions["maximum"].as_f64(), Some(maximum), "{error}");
        let found = extensions["value"].as_f64().unwrap();
        assert!(value.map_or(found > maximum, |v| (v - found).abs() < 1e-9), "{error}");
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(limit) && message.contains(&found.to_string()), "{message}");
    }
}

#[test]
fn refuses_deeply_nested_variables() {
    let folder = city::folder();
    let server = Server::start(folder.path(), ServerOptions::default());
    // serde_json parses the text under this key as JSON, which would bypass its own recursion limit.
    let mut text = "[]".to_owned();
    for _ in 0..3 {
        let nested = format!("{}{text}{}", "[".repeat(90), "]".repeat(90));
        text = json!({ "$serde_json::private::RawValue": nested }).to_string();
    }
    let send = |extensions: &str| {
        let body = format!("{{\"query\": \"{{ __typename }}\", \"variables\": {{\"a\": {text}}}{extensions}}}");
        server.send("POST", "/graphql", &[("Content-Type", "application/json")], body.as_bytes())
    };
    for extensions in ["", ", \"extensions\": {}"] {
        let reply = send(extensions);
        let message = reply.json()["errors"][0]["message"].clone();
        assert!(message.as_str().unwrap().contains("RawValue is reserved"), "{}", reply.text());
    }
    let variables = format!("{{\"a\":{text}}}").replace('%', "%25").replace('"', "%22").replace('$', "%24");
    let variables = variables.replace('{', "%7B").replace('}', "%7D").replace('[', "%5B").replace(']', "%5D");
    let reply = server.get(&format!("/graphql?query=%7B__typename%7D&variables={}", variables.replace('\\', "%5C")));
    assert!(reply.text().contains("RawValue is reserved"), "{}", reply.text());
}

#[test]
fn refuses_large_responses_while_they_are_built() {
    let folder = city::folder();
    let limits = Limits { max_answer_bytes: 2000, ..Limits::default() };
    let server = Server::start(folder.path(), ServerOptions { limits, ..ServerOptions::default() });
    let query =
        "{ walkshed(from: {center: \"500106013004\"}, minutes: [30]) { bands { polygon } place { distanceM } } }";
    let answer = server.query(query, &json!({})).json();
    assert_eq!(answer["errors"][0]["extensions"]["limit"], "maxAnswerBytes", "{answer}");
    assert_eq!(answer["data"], Value::Null);
}
