//! Field errors according to the GraphQL specification, section "Handling Execution Errors": a failed nullable field becomes
//! null, a failed non-null field makes its parent null; keys keep the order of the query. (`tests/http-audit/nulls.mjs`
//! compares a running server with graphql-js.)
#![allow(clippy::unused_async, reason = "resolvers are async by the library's contract")]

use async_graphql::{EmptySubscription, Interface, Object, Result, Schema, connection};
use std::time::Duration;

struct Query;
struct Mutation;
#[derive(Clone)]
struct Thing;

#[derive(Interface)]
#[graphql(field(name = "name", ty = "Result<String>"), field(name = "note", ty = "Option<Result<String>>"))]
enum Named {
    Thing(Thing),
}

async fn fails<T>() -> Result<T> {
    tokio::time::sleep(Duration::from_millis(1)).await;
    Err("failed".into())
}

#[Object]
impl Thing {
    async fn name(&self) -> Result<String> {
        fails().await
    }
    async fn note(&self) -> Option<Result<String>> {
        Some(fails().await)
    }
    async fn slow(&self) -> i32 {
        tokio::time::sleep(Duration::from_millis(20)).await;
        1
    }
    async fn quick(&self) -> i32 {
        2
    }
    async fn child(&self) -> Thing {
        Thing
    }
    async fn children(&self) -> Vec<Thing> {
        vec![Thing, Thing]
    }
    async fn children_or_null(&self) -> Vec<Option<Thing>> {
        vec![Some(Thing), None, Some(Thing)]
    }
    async fn named(&self) -> Option<Named> {
        Some(Named::Thing(Thing))
    }
}

#[Object]
impl Query {
    async fn thing(&self) -> Option<Thing> {
        Some(Thing)
    }
    async fn sure(&self) -> Thing {
        Thing
    }
    async fn things(&self) -> Option<connection::Connection<String, Thing>> {
        let mut list = connection::Connection::new(false, false);
        list.edges.push(connection::Edge::new("1".into(), Thing));
        Some(list)
    }
}

#[Object]
impl Mutation {
    async fn first(&self) -> Option<Result<i32>> {
        Some(fails().await)
    }
    async fn second(&self) -> i32 {
        2
    }
    async fn third(&self) -> Result<i32> {
        fails().await
    }
}

#[tokio::test]
async fn errors_propagate_null_as_specified() {
    let schema = Schema::new(Query, Mutation, EmptySubscription);
    for (query, data, paths) in [
        ("{ thing { slow quick } }", r#"{"thing":{"slow":1,"quick":2}}"#, &[][..]),
        ("{ thing { slow note quick } }", r#"{"thing":{"slow":1,"note":null,"quick":2}}"#, &["thing.note"]),
        ("{ thing { slow name quick } }", r#"{"thing":null}"#, &["thing.name"]),
        ("{ thing { child { name } quick } }", r#"{"thing":null}"#, &["thing.child.name"]),
        ("{ sure { quick } thing { quick } }", r#"{"sure":{"quick":2},"thing":{"quick":2}}"#, &[]),
        ("{ thing { quick } sure { name } }", "null", &["sure.name"]),
        (
            "{ thing { children { note } } }",
            r#"{"thing":{"children":[{"note":null},{"note":null}]}}"#,
            &["thing.children.0.note", "thing.children.1.note"],
        ),
        (
            "{ thing { childrenOrNull { name } quick } }",
            r#"{"thing":{"childrenOrNull":[null,null,null],"quick":2}}"#,
            &["thing.childrenOrNull.0.name", "thing.childrenOrNull.2.name"],
        ),
        (
            "{ thing { named { note ... on Thing { quick slow } } } }",
            r#"{"thing":{"named":{"note":null,"quick":2,"slow":1}}}"#,
            &["thing.named.note"],
        ),
        (
            "{ thing { named { name } quick } }",
            r#"{"thing":{"named":null,"quick":2}}"#, // The library leaves out the path of a field that an interface declares; no field of ours that one declares can fail.
            &[""],
        ),
        ("{ things { nodes { name } } }", r#"{"things":null}"#, &["things.nodes.0"]),
        (
            "{ things { edges { cursor node { note quick } } } }",
            r#"{"things":{"edges":[{"cursor":"1","node":{"note":null,"quick":2}}]}}"#,
            &["things.edges.0.node.note"],
        ),
        ("{ z: thing { b: slow a: quick } a: __typename }", r#"{"z":{"b":1,"a":2},"a":"Query"}"#, &[]),
        (
            "{ ...F thing { quick } } fragment F on Query { thing { slow } sure { quick } }",
            r#"{"thing":{"slow":1,"quick":2},"sure":{"quick":2}}"#,
            &[],
        ),
        ("mutation { first second }", r#"{"first":null,"second":2}"#, &["first"]),
        ("mutation { second third }", "null", &["third"]),
    ] {
        let response = schema.execute(query).await;
        let details = serde_json::to_string(&response).unwrap();
        assert_eq!(serde_json::to_string(&response.data).unwrap(), data, "{query}: {details}");
        let mut found: Vec<String> = response
            .errors
            .iter()
            .map(|e| {
                let path: Vec<String> = e
                    .path
                    .iter()
                    .map(|p| serde_json::to_value(p).unwrap())
                    .map(|p| p.as_str().map_or_else(|| p.to_string(), str::to_owned))
                    .collect();
                path.join(".")
            })
            .collect();
        found.sort();
        assert_eq!(found, paths, "{query}: {details}");
    }
}

/// A resolver that returns `Result<Option<T>>` makes its parent null when it fails, although its own field is nullable.
#[test]
fn no_resolver_returns_result_of_option() {
    let mut wrong = Vec::new();
    let mut folders = vec![std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("crates/walkshed-graphql/src")];
    let mut objects = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            for block in text.split("#[Object").skip(1) {
                objects += 1;
                let end = block.find("\n}\n").unwrap_or(block.len());
                let lines = block[..end].lines().filter(|line| line.contains("-> Result<Option<"));
                wrong.extend(lines.map(|line| format!("{}: {line}", path.display())));
            }
        }
    }
    assert!(objects > 40 && wrong.is_empty(), "{objects} {wrong:#?}");
}
