//! Compares the world after an incremental change with the world loaded from the database, over hundreds of random changes of
//! every kind.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail like tests")]

use crate::support::city;
use std::sync::Arc;
use walkshed_analysis::world::{SnappedPoint, World};
use walkshed_analysis::{FacilityCriteria, NearbyQuery, nearby};
use walkshed_engine::{Deciseconds, Direction, Profile, Profiles};
use walkshed_live::Live;
use walkshed_live::folder::DataFolder;
use walkshed_register::query::{CenterFilter, FacilityFilter, Filter, OrderField, SearchText, suggestions_with};
use walkshed_register::{
    Audience, Category, Center, DivisionCode, Edit, Event, Facility, Host, Offer, RecordKind, Region, RegionCode,
    Service, Status, Suggestion, VisitCount, VisitDay,
};
use walkshed_store::{ChangeSet, EditError};
use walkshed_testing::{Random, at};

/// Describes all records, and all indexes between them, as text.
fn describe(world: &World) -> Vec<String> {
    let r = &world.register;
    let of = |list: &[u32], id: &dyn Fn(usize) -> i64| list.iter().map(|&i| id(i as usize)).collect::<Vec<i64>>();
    let (facility, offer, event) =
        (|i: usize| r.facilities[i].id, |i: usize| r.offers[i].id, |i: usize| r.events[i].id);
    let mut lines = vec![format!("{} {:?}", r.version, world.facilities_by_category())];
    for (i, c) in r.centers.iter().enumerate() {
        lines.push(format!(
            "center {c:?} facilities {:?} offers {:?} events {:?} suggestions {:?} place {:?} visits {:?} open {:?}",
            of(r.facilities_of_center(i), &facility),
            of(r.offers_of_center(i), &offer),
            of(r.events_of_center(i), &event),
            of(r.suggestions_of_center(i), &|s| r.suggestions[s].id),
            r.centers.index_of_key(c.code.as_str()),
            r.visits_of(c.id),
            r.hours_of_center(c).map(|h| h.hours().text().to_owned()),
        ));
    }
    for (i, f) in r.facilities.iter().enumerate() {
        lines.push(format!(
            "facility {f:?} offers {:?} events {:?} center {:?} hours {:?} place {:?}",
            of(r.offers_of_facility(i), &offer),
            of(r.events_of_facility(i), &event),
            r.center_of(f).map(|c| c.id),
            r.hours_of_facility(f).map(|h| h.hours().text().to_owned()),
            r.facilities.index_of_key(&f.external_id),
        ));
    }
    for (i, s) in r.services.iter().enumerate() {
        lines.push(format!("service {s:?} offers {:?}", of(r.offers_of_service(i), &offer)));
    }
    for (i, region) in r.regions.iter().enumerate() {
        lines.push(format!(
            "region {region:?} below {:?} centers {:?}",
            of(r.regions_of_region(i), &|x| r.regions[x].id),
            of(r.centers_in(&region.code), &|x| r.centers[x].id),
        ));
    }
    lines.push(format!("{:?} {:?}", r.offers.iter().collect::<Vec<_>>(), r.events.iter().collect::<Vec<_>>()));
    lines.push(format!("{:?}", r.suggestions.iter().collect::<Vec<_>>()));
    for is_descending in [false, true] {
        for field in [OrderField::Name, OrderField::Code, OrderField::Size] {
            lines.push(format!(
                "{:?} {:?}",
                r.sorted_centers(field, is_descending),
                r.sorted_facilities(field, is_descending)
            ));
        }
    }
    // Text search; the next worlds inherit its index.
    r.build_text_search();
    for text in ["a", "1", "中心", "e 1", "5001", "zx"] {
        let text = SearchText::new(text);
        let centers = CenterFilter { text: text.clone(), ..CenterFilter::default() };
        let centers = centers.select(r, centers.candidates(r).unwrap()).unwrap();
        let facilities = FacilityFilter { text: text.clone(), ..FacilityFilter::default() };
        let facilities = facilities.select(r, facilities.candidates(r).unwrap()).unwrap();
        lines.push(format!("{text:?} {centers:?} {facilities:?} {:?}", suggestions_with(r, text.as_ref()).unwrap()));
    }
    // Searches on the streets, for two profiles and both directions.
    let network = world.network().unwrap();
    for (x, y) in [(300.0, 300.0), (1500.0, 1400.0), (2600.0, 700.0)] {
        for profile in [Profile::Adult, Profile::Wheelchair] {
            let place = SnappedPoint::new(network, at(x, y).into(), profile).unwrap();
            for direction in [Direction::From, Direction::Towards] {
                let query = NearbyQuery {
                    place: &place,
                    profile,
                    direction,
                    limit: Deciseconds::from_minutes(20.0),
                    criteria: &FacilityCriteria::default(),
                    from: None,
                    first: 1000,
                    with_stats: true,
                    with_total: true,
                };
                let found = nearby(world, network, &query);
                let ids: Vec<(i64, Deciseconds)> =
                    found.neighbours.iter().map(|n| (r.facilities[n.index as usize].id, n.time)).collect();
                lines.push(format!("nearby {x} {y} {profile} {direction:?} {ids:?}"));
            }
        }
    }
    lines
}

struct Maker {
    r: Random,
    n: u32,
}

impl Maker {
    fn pick<'w, T>(&mut self, rows: &'w [Arc<T>]) -> Option<&'w T> {
        (!rows.is_empty()).then(|| &*rows[self.r.below(rows.len())])
    }

    fn host(&mut self, world: &World) -> Host {
        let r = &world.register;
        match (self.r.below(2), self.pick(&r.facilities).map(|f| f.id)) {
            (0, Some(id)) => Host::Facility(id),
            _ => self.pick(&r.centers).map_or(Host::Center(1), |c| Host::Center(c.id)),
        }
    }

    fn position(&mut self) -> walkshed_engine::geo::Position {
        at(self.r.unit() * 2900.0, self.r.unit() * 2900.0).into()
    }

    /// Returns a random change, which may be invalid.
    fn edit(&mut self, world: &World) -> Option<Edit> {
        let r = &world.register;
        self.n += 1;
        let n = self.n;
        let hours = [None, Some("24/7".to_owned()), Some("10:00-02:00".to_owned())][self.r.below(3)].clone();
        Some(match self.r.below(16) {
            0 | 1 => {
                let code = DivisionCode::new(&format!("50010601{}0{:02}", 3 + self.r.below(3), 10 + n % 90)).unwrap();
                let center = Center::new(code, format!("中心 {}", n % 7), self.position());
                Edit::Put(Center { opening_hours: hours, ..center }.into())
            }
            2 => {
                let known = self.pick(&r.centers)?.clone();
                Edit::Put(Center { name: format!("改名 {n}"), opening_hours: hours, ..known }.into())
            }
            3 | 4 => {
                let center = self.pick(&r.centers).map(|c| c.code.clone()).filter(|_| n.is_multiple_of(2));
                let (id, category) = (format!("x{n}"), Category::ALL[self.r.below(7)]);
                let position = self.position();
                let facility = Facility::new(id, format!("设施 {}", n % 5), category, position);
                Edit::Put(Facility { center, opening_hours: hours, ..facility }.into())
            }
            5 | 6 => {
                let known = self.pick(&r.facilities)?.clone();
                let center = self.pick(&r.centers).map(|c| c.code.clone());
                let status = [Status::Open, Status::Closed][self.r.below(2)];
                let position = if n.is_multiple_of(3) { known.position } else { self.position() };
                Edit::Put(Facility { position, center, status, opening_hours: hours, ..known }.into())
            }
            7 => Edit::Put(Service::new(format!("s{n}"), "服务".into(), Category::Employment).into()),
            8 => {
                let service = self.pick(&r.services)?.id;
                Edit::Put(Offer { opening_hours: hours, ..Offer::new(service, self.host(world)) }.into())
            }
            9 => {
                let (host, services) = (self.host(world), self.pick(&r.services).map(|s| s.id).into_iter().collect());
                let starts = "2026-01-05T09:00".parse().unwrap();
                Edit::Put(Event { services, ..Event::new(format!("e{n}"), "活动".into(), host, starts, 60) }.into())
            }
            10 => {
                let received = "2026-01-01T00:00:00Z".parse().unwrap();
                let center = self.pick(&r.centers).map(|c| c.id);
                let position = Some(self.position());
                Edit::Put(
                    Suggestion { center, position, ..Suggestion::new(format!("g{n}"), "灯".into(), received) }.into(),
                )
            }
            11 => {
                let code = ["50", "500106", "500106013", "500106014", "5001060130", "500105"][self.r.below(6)];
                Edit::Put(Region::new(RegionCode::new(code).ok()?, format!("区 {n}")).into())
            }
            12 => {
                let center = self.pick(&r.centers)?.id;
                let day = jiff::civil::date(2026, 1, 1 + self.r.below(20) as i8);
                let count = VisitCount { hour: None, audience: Audience::Everyone, count: n };
                Edit::Visits(VisitDay { center, day, counts: if n.is_multiple_of(4) { vec![] } else { vec![count] } })
            }
            13 => {
                let f = self.pick(&r.facilities)?;
                Edit::Delete { kind: RecordKind::Facility, id: f.id, version: f.version }
            }
            14 => {
                let (kind, id, version) = match self.r.below(4) {
                    0 => self.pick(&r.offers).map(|o| (RecordKind::Offer, o.id, o.version))?,
                    1 => self.pick(&r.events).map(|e| (RecordKind::Event, e.id, e.version))?,
                    2 => self.pick(&r.suggestions).map(|s| (RecordKind::Suggestion, s.id, s.version))?,
                    _ => self.pick(&r.services).map(|s| (RecordKind::Service, s.id, s.version))?,
                };
                Edit::Delete { kind, id, version }
            }
            _ => {
                let (kind, id, version) = match self.r.below(2) {
                    0 => self.pick(&r.centers).map(|c| (RecordKind::Center, c.id, c.version))?,
                    _ => self.pick(&r.regions).map(|x| (RecordKind::Region, x.id, x.version))?,
                };
                Edit::Delete { kind, id, version }
            }
        })
    }
}

#[test]
fn incremental_worlds_equal_loaded_worlds() {
    let folder = city::folder();
    let mut maker = Maker { r: Random(11), n: 0 };
    let (mut done, mut refused) = (0, 0);
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(async {
        let data = DataFolder::new(folder.path(), None, Profiles::default()).unwrap();
        let live = Live::load(data.clone(), data.store().await.unwrap()).await.unwrap();
        // Builds the layers of a second profile, so that they are updated too.
        describe(&live.world());
        for round in 0..600 {
            let Some(edit) = maker.edit(&live.world()) else { continue };
            let edition = ChangeSet {
                edits: vec![edit.clone()],
                actor: "test".into(),
                at: "2026-11-25T01:00:00Z".into(),
                ..ChangeSet::default()
            };
            match live.edit(&edition).await {
                Ok(_) => done += 1,
                Err(EditError::Problem { .. }) => refused += 1,
                Err(error) => panic!("{edit:?}: {error}"),
            }
            if round % 10 == 0 {
                let loaded = data.world(live.store()).await.unwrap();
                let (incremental, loaded) = (describe(&live.world()), describe(&loaded));
                assert_eq!(incremental.len(), loaded.len(), "round {round}, {edit:?}");
                for (a, b) in incremental.iter().zip(&loaded) {
                    assert_eq!(a, b, "round {round}, {edit:?}");
                }
            }
        }
    });
    assert!(done > 400 && refused > 10, "{done} done, {refused} refused");
}
