//! GraphQL documents with their variables.

use crate::sections::sections;
use std::sync::{Arc, LazyLock};
use tokio::runtime::{Builder, Runtime};
use walkshed_analysis::world::World;
use walkshed_engine::geo::{Position, cell_of};
use walkshed_graphql::{Api, ApiRequest, Limits, Variables};
use walkshed_register::{Category, Facility, PopulationCell, RegisterRows};
use walkshed_testing::{at, grid};

struct Server {
    runtime: Runtime,
    api: Api,
    world: Arc<World>,
}

static SERVER: LazyLock<Server> = LazyLock::new(|| {
    let place = |x, y| Position::from(at(x, y));
    let facilities = (1..=5)
        .map(|id| {
            let place = place(id as f64 * 90.0, 200.0);
            Facility {
                id,
                version: 1,
                ..Facility::new(format!("f-{id}"), format!("Clinic {id}"), Category::HealthCare, place)
            }
        })
        .collect();
    let population = vec![PopulationCell { cell: cell_of(place(200.0, 200.0), h3o::Resolution::Nine), people: 500.0 }];
    let rows = RegisterRows { version: 1, facilities, population, ..RegisterRows::default() };
    Server {
        runtime: Builder::new_current_thread().enable_all().build().expect("a runtime starts"),
        api: Api::new(Limits::default()),
        world: Arc::new(World::new(Ok(Arc::new(grid(6, 100.0))), rows)),
    }
});

/// A document, then its variables as JSON after a line that holds `---` alone. It is carried out on a small city.
pub fn graphql_document(data: &[u8]) -> bool {
    let sections = sections(data);
    let Ok(query) = std::str::from_utf8(sections[0]) else { return false };
    let variables = sections.get(1).and_then(|text| serde_json::from_slice(text).ok()).unwrap_or_default();
    let Server { runtime, api, world } = &*SERVER;
    let request =
        ApiRequest { query: query.into(), variables: Variables::from_json(variables), ..ApiRequest::default() };
    let answer = runtime.block_on(api.execute(world, request));
    let answer: serde_json::Value =
        serde_json::from_str(&serde_json::to_string(&answer.response).expect("an answer is written"))
            .expect("an answer is JSON");
    for error in answer["errors"].as_array().into_iter().flatten() {
        assert!(error["extensions"]["code"].is_string(), "an error without a code: {error}");
    }
    answer["data"].is_object()
}
