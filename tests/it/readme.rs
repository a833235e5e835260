//! The README tells the truth: its example is asked, and its answer compared.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail like tests")]

use crate::support::city::{answer, ask_with};
use crate::support::http::Server;
use crate::support::register::token;
use serde_json::Value;
use std::sync::Arc;
use walkshed::server::ServerOptions;
use walkshed_engine::Profiles;
use walkshed_graphql::{Api, Limits};
use walkshed_live::folder::DataFolder;
use walkshed_register::Role;

const README: &str = include_str!("../../README.md");

fn blocks(language: &str) -> Vec<&'static str> {
    let opening = format!("```{language}\n");
    README.split(&opening).skip(1).map(|rest| &rest[..rest.find("```").unwrap()]).collect()
}

fn block(language: &str) -> &'static str {
    blocks(language)[0]
}

/// The README's first command makes the whole city; so does this.
#[test]
fn the_example_of_the_readme_is_answered_as_it_says() {
    let data = tempfile::tempdir().unwrap();
    let made = std::process::Command::new(env!("CARGO_BIN_EXE_walkshed"))
        .args(["demo", "--data"])
        .arg(data.path())
        .env_clear()
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let folder = DataFolder::new(data.path(), None, Profiles::default()).unwrap();
    let world = tokio::runtime::Runtime::new().unwrap().block_on(async {
        let store = folder.store().await.unwrap();
        folder.world(&store).await.unwrap()
    });
    // What the banner says is what is loaded.
    let (meta, register) = (world.network().unwrap().meta(), &world.register);
    for told in [
        format!("{} segments, {:.0} km", meta.report.edges, meta.report.length_km),
        format!("{} centers, {} facilities", register.centers.len(), register.facilities.len()),
        format!("{} people in {} cells", world.total_population(), register.population.len()),
    ] {
        assert!(block("text").contains(&told), "{told}");
    }
    let told: Value = serde_json::from_str(block("json")).unwrap();
    let (api, world) = (Api::new(Limits::default()), Arc::new(world));
    let found = answer(&ask_with(&api, &world, block("graphql"), Value::Null));
    assert_eq!(found["data"], told);
    // And so are the planner's commands, and the same over GraphQL.
    let commands = blocks("sh").into_iter().find(|b| b.contains("walkshed sites")).unwrap();
    for command in commands.lines() {
        let words: Vec<&str> = command.split(' ').skip(1).collect();
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_walkshed"))
            .args(&words)
            .arg("--data")
            .arg(data.path())
            .current_dir(data.path())
            .env_clear()
            .output()
            .unwrap();
        assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
        if words[0] == "sites" {
            let said = String::from_utf8(output.stdout).unwrap();
            assert!(said.starts_with(blocks("text")[1]), "{said}");
            let drawn = std::fs::read_to_string(data.path().join("sites.svg")).unwrap();
            let shown = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/img/sites.svg");
            assert!(drawn == std::fs::read_to_string(shown).unwrap(), "the picture of the README is another");
        }
    }
    let planned = answer(&ask_with(&api, &world, blocks("graphql")[1], Value::Null));
    assert_eq!(planned["data"]["siteSuggestions"]["sites"][0]["gained"], 28300.0, "{planned}");
    // The example of a scenario that the city brings helps couriers, as the playground shows it.
    let tab = walkshed::server::example_tabs(&world).pop().unwrap();
    let variables: Value = serde_json::from_str(tab["variables"].as_str().unwrap()).unwrap();
    let shown = answer(&ask_with(&api, &world, tab["query"].as_str().unwrap(), variables));
    assert_eq!(shown["errors"], Value::Null, "{shown}");
    let balance = &shown["data"]["compareScenarios"]["balance"];
    assert!(balance["gained"].as_f64().unwrap() > 100.0 && balance["lost"] == 0.0, "{shown}");
    // And what a scenario would do.
    let planner = token(data.path(), Role::Contributor);
    let server = Server::start(data.path(), ServerOptions::default());
    let made = server.query_as(&planner, blocks("graphql")[2], &Value::Null);
    assert_eq!(made["data"]["createScenario"]["userErrors"], serde_json::json!([]), "{made}");
    let compared = server.query(blocks("graphql")[3], &Value::Null).json();
    let told: Value = serde_json::from_str(blocks("json")[1]).unwrap();
    assert_eq!(compared["data"], told);
}

#[test]
fn the_settings_of_the_readme_are_settings() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("walkshed.toml");
    // The settings themselves come last: the others are tables.
    let texts: Vec<&str> = blocks("toml").into_iter().rev().collect();
    std::fs::write(&path, texts.concat()).unwrap();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_walkshed"))
        .args(["config", "--config"])
        .arg(&path)
        .env_clear()
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stdout).contains("profiles.senior.level_kmh"));
}

#[test]
fn every_file_the_readme_names_is_there() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let links = README.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let missing: Vec<&str> = links.filter(|l| !l.starts_with("http") && !root.join(l).exists()).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
