//! Access measures compared with PySAL.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail like tests")]

use crate::support::pairs_of;
use serde_json::Value;
use walkshed_analysis::{Decay, gravity, inequality, two_step};
use walkshed_engine::Deciseconds;

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

fn assert_close(found: &[f64], expected: &[f64], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (i, (a, b)) in found.iter().zip(expected).enumerate() {
        assert!((a - b).abs() <= 1e-9 * b.abs().max(1e-3), "{what} of {i}: {a} is not {b}");
    }
}

#[test]
fn measures_match_pysal() {
    let reference: Value = serde_json::from_str(include_str!("../reference/measures.json")).unwrap();
    let (people, supply) = (numbers(&reference["people"]), numbers(&reference["supply"]));
    let times: Vec<Vec<u32>> = reference["deciseconds"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row.as_array().unwrap().iter().map(|t| t.as_u64().unwrap() as u32).collect())
        .collect();
    let limit = Deciseconds::from_minutes(reference["limit"].as_f64().unwrap());
    assert!(times.iter().flatten().any(|&t| t == limit.0), "some lie exactly at the limit");
    let pairs = pairs_of(&times, supply.len(), limit.0);
    let decays = [
        ("none", Decay::None),
        ("exponential", Decay::Exponential { beta: 0.1 }),
        ("power", Decay::Power { alpha: 1.5 }),
        ("gaussian", Decay::Gaussian { sigma: 6.0 }),
        ("logistic", Decay::Logistic { midpoint: 8.0, scale: 2.0 }),
    ];
    for (name, decay) in &decays {
        let sums = gravity(&pairs, people.len(), &supply, decay, Deciseconds::minutes).unwrap();
        assert_close(&sums, &numbers(&reference["gravity"][name]), name);
        let areas = two_step(&pairs, &people, &supply, decay, Deciseconds::minutes).unwrap();
        assert_close(&areas, &numbers(&reference["two_step"][name]), name);
        // The total access of the people is the total supply within anyone's reach.
        let reached = (0..supply.len()).filter(|&s| pairs.cells_of(s).iter().any(|c| people[c.0 as usize] > 0.0));
        let offered: f64 = reached.map(|s| supply[s]).sum();
        if *name == "none" {
            let had: f64 = areas.iter().zip(&people).map(|(a, p)| a * p).sum();
            assert!((had - offered).abs() < 1e-9 * offered);
        }
    }
    let areas = two_step(&pairs, &people, &supply, &Decay::None, Deciseconds::minutes).unwrap();
    let values: Vec<(f64, f64)> = areas.into_iter().zip(people).collect();
    let found = inequality(&values);
    let expected = &reference["inequality"];
    assert_close(
        &[found.gini.unwrap(), found.palma.unwrap()],
        &[expected["gini"].as_f64().unwrap(), expected["palma"].as_f64().unwrap()],
        "inequality",
    );
    assert_close(&found.lorenz.iter().map(|p| p.1).collect::<Vec<_>>(), &numbers(&expected["lorenz"]), "Lorenz");
}
