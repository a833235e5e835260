//! The README tells the truth: its example is asked, and its answer compared.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail like tests")]

mod support;

use serde_json::Value;
use std::sync::Arc;
use support::city::{answer, ask_with};
use walkshed::folder::DataFolder;
use walkshed::graphql::{Api, Limits};
use walkshed::network::Profiles;

const README: &str = include_str!("../README.md");

fn block(language: &str) -> &'static str {
    let opening = format!("```{language}\n");
    let start = README.find(&opening).unwrap() + opening.len();
    &README[start..start + README[start..].find("```").unwrap()]
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
    let found = answer(&ask_with(&Api::new(Limits::default()), &Arc::new(world), block("graphql"), Value::Null));
    assert_eq!(found["data"], told);
}

#[test]
fn the_settings_of_the_readme_are_settings() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("walkshed.toml");
    std::fs::write(&path, block("toml")).unwrap();
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
