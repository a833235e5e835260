//! Invariants of ARCHITECTURE.md that a machine can check: what each crate may know, and the structure of its files.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use walkshed_testing::structure::import_cycles;

/// Longest source file, in lines. Tests may be longer.
const MAX_LINES: usize = 400;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Names of the dependencies of a manifest, also those for building and for one target, but not those of tests.
fn dependencies(manifest: &Path) -> BTreeSet<String> {
    let text = std::fs::read_to_string(manifest).unwrap();
    let table: toml::Table = text.parse().unwrap();
    let targets = table.get("target").and_then(toml::Value::as_table);
    let tables =
        std::iter::once(&table).chain(targets.into_iter().flat_map(|t| t.values()).filter_map(|t| t.as_table()));
    let lists = tables.flat_map(|table| ["dependencies", "build-dependencies"].map(|name| table.get(name)));
    lists.flatten().flat_map(|list| list.as_table().unwrap().keys().cloned()).collect()
}

fn crate_folder(name: &str) -> PathBuf {
    root().join("crates").join(name)
}

/// Every crate with the crates of the workspace that it may depend on.
const LAYERS: [(&str, &[&str]); 10] = [
    ("walkshed-engine", &[]),
    ("walkshed-register", &["engine"]),
    ("walkshed-analysis", &["engine", "register"]),
    ("walkshed-store", &["engine", "register"]),
    ("walkshed-exchange", &["engine", "register"]),
    ("walkshed-live", &["engine", "register", "analysis", "store"]),
    ("walkshed-graphql", &["engine", "register", "analysis", "store", "exchange", "live"]),
    ("walkshed-demo", &["engine", "register", "store", "exchange", "live"]),
    ("walkshed-testing", &["engine"]),
    ("walkshed-fuzz", &["engine", "register", "analysis", "exchange", "graphql", "testing"]),
];

#[test]
fn every_crate_has_a_layer() {
    let mut folders: Vec<String> = std::fs::read_dir(root().join("crates"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    folders.sort();
    let mut names = LAYERS.map(|(name, _)| name.to_owned());
    names.sort();
    assert_eq!(folders, names);
}

#[test]
fn crates_depend_only_on_the_layers_beneath() {
    for (name, allowed) in LAYERS {
        for dependency in dependencies(&crate_folder(name).join("Cargo.toml")) {
            if let Some(other) = dependency.strip_prefix("walkshed-") {
                assert!(allowed.contains(&other), "{name} must not depend on {dependency}");
            }
        }
    }
}

#[test]
fn sql_web_and_graphql_each_have_one_home() {
    for (library, homes) in [
        ("sqlx", &["walkshed-store"][..]),
        ("async-graphql", &["walkshed-graphql", "walkshed"]),
        ("actix-web", &["walkshed"]),
        ("actix-http", &["walkshed"]),
        ("clap", &["walkshed"]),
        ("csv", &["walkshed-exchange", "walkshed-register", "walkshed-demo", "walkshed"]),
    ] {
        let manifests = LAYERS.iter().map(|(name, _)| (*name, crate_folder(name).join("Cargo.toml")));
        let users: Vec<&str> = manifests
            .chain([("walkshed", root().join("Cargo.toml"))])
            .filter(|(_, manifest)| dependencies(manifest).contains(library))
            .map(|(name, _)| name)
            .collect();
        assert!(!users.is_empty(), "no crate depends on {library}");
        assert!(users.iter().all(|name| homes.contains(name)), "{users:?} depend on {library}");
    }
}

/// The engine is usable alone: nothing that it depends on, directly or not, is a web, SQL, GraphQL or async library.
#[test]
fn the_engine_needs_no_web_sql_graphql_or_tokio() {
    let lock: toml::Table = std::fs::read_to_string(root().join("Cargo.lock")).unwrap().parse().unwrap();
    let mut needs: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for package in lock["package"].as_array().unwrap() {
        let list = package.get("dependencies").and_then(toml::Value::as_array).cloned().unwrap_or_default();
        let names = list.iter().filter_map(|d| d.as_str()?.split(' ').next().map(str::to_owned)).collect::<Vec<_>>();
        needs.entry(package["name"].as_str().unwrap().to_owned()).or_default().extend(names);
    }
    // The lock file also lists what tests need; these are the dependencies of the library.
    let mut open: Vec<String> = dependencies(&crate_folder("walkshed-engine").join("Cargo.toml")).into_iter().collect();
    let mut found = BTreeSet::new();
    while let Some(name) = open.pop() {
        if found.insert(name.clone()) {
            open.extend(needs.get(&name).cloned().unwrap_or_default());
        }
    }
    assert!(found.contains("geo") && found.len() > 20, "{found:?}");
    for forbidden in ["actix", "async-graphql", "sqlx", "tokio", "hyper"] {
        let users: Vec<&String> = found.iter().filter(|name| name.starts_with(forbidden)).collect();
        assert!(users.is_empty(), "the engine depends on {users:?}");
    }
}

/// Calls `look` with every source file of the workspace that is not a test.
fn each_source(look: &mut impl FnMut(&str, &str)) {
    let mut folders: Vec<PathBuf> = vec![root().join("src")];
    folders.extend(LAYERS.iter().map(|(name, _)| crate_folder(name).join("src")));
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/");
            if path.is_dir() {
                if !name.ends_with("/tests") {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|e| e == "rs") && !name.ends_with("tests.rs") {
                look(&name, &std::fs::read_to_string(&path).unwrap());
            }
        }
    }
}

#[test]
fn source_files_are_short_and_import_each_other_in_one_direction() {
    let mut files = 0;
    each_source(&mut |name, text| {
        files += 1;
        assert!(text.lines().count() <= MAX_LINES, "{name} has more than {MAX_LINES} lines: split it by question");
    });
    assert!(files > 300, "{files}");
    let mut cycles = BTreeMap::new();
    let folders = LAYERS.iter().map(|(name, _)| (*name, crate_folder(name).join("src")));
    for (name, folder) in folders.chain([("walkshed", root().join("src"))]) {
        let found: Vec<Vec<String>> =
            import_cycles(&folder).into_iter().filter(|cycle| !is_expected(name, cycle)).collect();
        if !found.is_empty() {
            cycles.insert(name, found);
        }
    }
    assert!(cycles.is_empty(), "{cycles:#?}");
}

/// Whether a cycle belongs to the design: types of the schema refer to each other (a center has facilities, a facility has a
/// center), and the register owns indexes that are computed from it.
fn is_expected(name: &str, cycle: &[String]) -> bool {
    let expected: &[&[&str]] = match name {
        "walkshed-graphql" => &[
            &["mutation::import", "mutation::import::run"],
            &[
                "register",
                "register::center",
                "register::event",
                "register::facility",
                "register::node",
                "register::region",
                "register::scenario",
                "register::service",
                "register::suggestion",
            ],
        ],
        "walkshed-register" => &[&[
            "register",
            "register::facility_traits",
            "register::links",
            "register::opening_hours",
            "register::sort_orders",
        ]],
        _ => &[],
    };
    expected.iter().any(|group| group.iter().eq(cycle))
}

#[test]
fn unsafe_code_is_in_one_file_and_errors_are_not_str() {
    let mut with_unsafe = Vec::new();
    each_source(&mut |name, text| {
        let code: String =
            text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
        if ["unsafe {", "unsafe impl", "unsafe fn", "unsafe_code"].iter().any(|word| code.contains(word)) {
            with_unsafe.push(name.to_owned());
        }
        // A signature may span several lines.
        for start in ["pub fn ", "pub async fn ", "pub const fn "] {
            for (at, _) in code.match_indices(start) {
                let signature = code[at..].split('{').next().unwrap_or_default();
                let result = signature.split("-> Result<").nth(1).unwrap_or_default();
                let is_str = result.contains(", &str>") || result.contains(", &'static str>");
                assert!(!is_str, "{name}: {signature}");
            }
        }
    });
    assert_eq!(with_unsafe, ["crates/walkshed-engine/src/map.rs"]);
}
