//! A small made-up world whose answers can be checked by hand: a level grid of 30 by 30 streets, 100 m apart.

use super::{at, grid};
use std::sync::Arc;
use walkshed::geo::{Position, cell_of};
use walkshed::graphql::{Answer, Api, ApiRequest, Limits, Variables};
use walkshed::network::Network;
use walkshed::registry::{Category, Center, DivisionCode, Facility, ImportRecord, PopulationCell, RegisterRows};
use walkshed::world::World;

pub fn position(x: f64, y: f64) -> Position {
    at(x, y).into()
}

pub fn rows() -> RegisterRows {
    let code = |n: u32| DivisionCode::new(&format!("5001060130{n:02}")).unwrap();
    let centers = vec![
        Center {
            id: 1,
            code: code(4),
            name: "模范村社区党群服务中心".into(),
            name_en: Some("Mofancun".into()),
            position: position(1000.0, 1000.0),
            address: Some("沙坪坝区".into()),
        },
        Center {
            id: 2,
            code: code(5),
            name: "东边".into(),
            name_en: None,
            position: position(2500.0, 1000.0),
            address: None,
        },
    ];
    let facility = |id: i64, category: Category, x: f64, y: f64, center: Option<u32>| Facility {
        id,
        external_id: format!("f-{id}"),
        name: format!("{} {id}", category.english()),
        name_en: None,
        category,
        position: position(x, y),
        address: None,
        center: center.map(code),
    };
    let facilities = vec![
        facility(10, Category::HealthCare, 1000.0, 1200.0, Some(4)),
        facility(11, Category::ElderlyCare, 1300.0, 1000.0, None),
        facility(12, Category::HealthCare, 1000.0, 1500.0, None),
        facility(13, Category::LifelongEducation, 1000.0, 1010.0, Some(4)),
        facility(14, Category::LifeServices, 700.0, 1000.0, None),
        facility(15, Category::HealthCare, 2900.0, 2900.0, None),
        // A kilometre off every street.
        facility(16, Category::CultureSports, -1000.0, 1000.0, None),
    ];
    let mut population: Vec<PopulationCell> =
        [(1000.0, 1000.0, 500.0), (1400.0, 1000.0, 300.0), (2400.0, 2400.0, 200.0)]
            .map(|(x, y, people)| PopulationCell { cell: cell_of(position(x, y), h3o::Resolution::Nine), people })
            .to_vec();
    population.sort_by_key(|c| c.cell);
    let imports = vec![ImportRecord {
        kind: "facilities".into(),
        source: "places.csv".into(),
        at: "2026-11-23T08:00:00Z".into(),
        rows: 8,
        inserted: 7,
        updated: 0,
        unchanged: 0,
        refused: 1,
    }];
    RegisterRows { version: 3, centers, facilities, population, imports }
}

pub fn network() -> Network {
    grid(30, 100.0)
}

pub fn world() -> Arc<World> {
    Arc::new(World::new(Ok(Arc::new(network())), rows()))
}

pub fn ask_with(api: &Api, world: &Arc<World>, query: &str, variables: serde_json::Value) -> Answer {
    let request = ApiRequest { query: query.into(), variables: Variables::from_json(variables), ..Default::default() };
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(api.execute(world, request))
}

/// The whole answer to a query about the small world.
pub fn ask(query: &str) -> serde_json::Value {
    answer(&ask_with(&Api::new(Limits::default()), &world(), query, serde_json::Value::Null))
}

pub fn answer(answer: &Answer) -> serde_json::Value {
    serde_json::from_str(&serde_json::to_string(&answer.response).unwrap()).unwrap()
}

/// A data folder with the small city in it.
pub fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    network().save(&folder.path().join("streets.walkshed")).unwrap();
    fill(folder.path(), &rows());
    folder
}

/// Puts rows into the database of a data folder.
pub fn fill(folder: &std::path::Path, rows: &RegisterRows) {
    use walkshed::store::{Change, Store};
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
        let store = Store::open(&Store::url_of(&folder.join("walkshed.db"))).await.unwrap();
        for (kind, change) in [
            ("centers", Change::Centers(&rows.centers)),
            ("facilities", Change::Facilities(&rows.facilities)),
            ("population", Change::Population(&rows.population)),
        ] {
            let record = ImportRecord { kind: kind.into(), ..rows.imports[0].clone() };
            store.apply(change, &record).await.unwrap();
        }
        store.close().await;
    });
}
