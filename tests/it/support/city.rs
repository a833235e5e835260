//! A small artificial world whose results can be checked by hand: a level grid of 30 by 30 streets, 100 m apart.

use std::collections::BTreeSet;
use std::sync::Arc;
use walkshed_analysis::world::World;
use walkshed_engine::Network;
use walkshed_engine::geo::{Position, cell_of};
use walkshed_graphql::{Answer, Api, ApiRequest, Limits, Variables};
use walkshed_register::{
    AnyRecord, Category, Center, DivisionCode, Facility, ImportRecord, PopulationCell, Record, RegisterRows, Status,
};
use walkshed_testing::{Random, at, grid, random_network, random_point};

pub fn position(x: f64, y: f64) -> Position {
    at(x, y).into()
}

pub fn rows() -> RegisterRows {
    let code = |n: u32| DivisionCode::new(&format!("5001060130{n:02}")).unwrap();
    let centers = vec![
        Center {
            id: 1,
            version: 1,
            name_en: Some("Mofancun".into()),
            address: Some("沙坪坝区".into()),
            ..Center::new(code(4), "模范村社区党群服务中心".into(), position(1000.0, 1000.0))
        },
        Center { id: 2, version: 1, ..Center::new(code(5), "东边".into(), position(2500.0, 1000.0)) },
    ];
    let facility = |id: i64, category: Category, x: f64, y: f64, center: Option<u32>| Facility {
        id,
        version: 1,
        center: center.map(code),
        ..Facility::new(format!("f-{id}"), format!("{} {id}", category.english()), category, position(x, y))
    };
    let facilities = vec![
        facility(10, Category::HealthCare, 1000.0, 1200.0, Some(4)),
        facility(11, Category::ElderlyCare, 1300.0, 1000.0, None),
        facility(12, Category::HealthCare, 1000.0, 1500.0, None),
        facility(13, Category::LifelongEducation, 1000.0, 1010.0, Some(4)),
        facility(14, Category::LifeServices, 700.0, 1000.0, None),
        facility(15, Category::HealthCare, 2900.0, 2900.0, None),
        // One kilometre from any street.
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
    RegisterRows { version: 3, centers, facilities, population, imports, ..RegisterRows::default() }
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

/// Returns the full answer to a query about the small world.
pub fn ask(query: &str) -> serde_json::Value {
    answer(&ask_with(&Api::new(Limits::default()), &world(), query, serde_json::Value::Null))
}

pub fn answer(answer: &Answer) -> serde_json::Value {
    serde_json::from_str(&serde_json::to_string(&answer.response).unwrap()).unwrap()
}

/// Creates a data folder with the small city.
pub fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    network().save(&folder.path().join("streets.walkshed")).unwrap();
    fill(folder.path(), &rows());
    folder
}

/// Inserts rows into the database of a data folder. They get new ids, in order.
pub fn fill(folder: &std::path::Path, rows: &RegisterRows) {
    use walkshed_register::Edit;
    use walkshed_store::{ChangeSet, Store};
    fn unnumbered<T: Record + Into<Box<AnyRecord>>>(list: &[T]) -> Vec<Edit> {
        let edit = |record: &T| {
            let mut record = record.clone();
            record.set_id_and_version(0, 0);
            Edit::Put(record.into())
        };
        list.iter().map(edit).collect()
    }
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
        let store = Store::open(&Store::url_of(&folder.join("walkshed.db"))).await.unwrap();
        let people = Edit::Population { group: "all".into(), cells: rows.population.clone() };
        let groups =
            rows.groups.iter().map(|(group, cells)| Edit::Population { group: group.clone(), cells: cells.clone() });
        for (kind, edits) in [
            ("centers", unnumbered(&rows.centers)),
            ("facilities", unnumbered(&rows.facilities)),
            ("services", unnumbered(&rows.services)),
            ("offers", unnumbered(&rows.offers)),
            ("events", unnumbered(&rows.events)),
            ("suggestions", unnumbered(&rows.suggestions)),
            ("regions", unnumbered(&rows.regions)),
            ("visits", rows.visits.iter().cloned().map(Edit::Visits).collect()),
            ("population", std::iter::once(people).chain(groups).collect()),
        ] {
            let record = rows.imports.first().cloned().unwrap_or_else(rows_import);
            let import = Some(ImportRecord { kind: kind.into(), ..record });
            store
                .edit(&ChangeSet {
                    edits,
                    actor: "test".into(),
                    at: "2026-11-23T08:00:00Z".into(),
                    import,
                    ..ChangeSet::default()
                })
                .await
                .unwrap();
        }
        store.close().await;
    });
}

fn rows_import() -> ImportRecord {
    rows().imports.remove(0)
}

/// A random network with random people and facilities.
pub fn random_world(seed: u64) -> World {
    let mut r = Random(seed);
    let network = random_network(seed, 200);
    let mut cells: Vec<PopulationCell> = Vec::new();
    let mut seen = BTreeSet::new();
    for _ in 0..80 {
        let cell = cell_of(random_point(&network, &mut r).into(), h3o::Resolution::Ten);
        if seen.insert(u64::from(cell)) {
            cells.push(PopulationCell { cell, people: r.below(900) as f64 });
        }
    }
    let facilities = (1..=60)
        .map(|id| {
            let category = Category::ALL[r.below(7)];
            let facility = Facility::new(format!("f{id}"), "x".into(), category, random_point(&network, &mut r).into());
            let status = if r.below(8) == 0 { Status::Planned } else { Status::Open };
            Facility { id, version: 1, status, ..facility }
        })
        .collect();
    World::new(
        Ok(Arc::new(network)),
        RegisterRows { version: 1, facilities, population: cells, ..RegisterRows::default() },
    )
}
