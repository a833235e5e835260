//! Checks all reported facts of three service centers and a guild hall in a world that contains them: the facts on their own,
//! or the demonstration city around them. The results are identical, including the number of records.

use super::city::{answer, ask_with};
use serde_json::{Value, json};
use std::sync::Arc;
use walkshed_analysis::world::World;
use walkshed_graphql::{Api, Limits};

pub const MOFANCUN: &str = "500106013004";
pub const LONGYUAN: &str = "500113003009";

/// A world, and the code of the center of Jiangbei in it.
pub struct Facts<'a> {
    pub world: &'a Arc<World>,
    pub jiangbei: &'a str,
}

/// Asserts the same snapshot in every world.
macro_rules! assert_fact {
    ($name:literal, $value:expr) => {
        insta::with_settings!({prepend_module_to_snapshot => false, omit_expression => true}, {
            insta::assert_json_snapshot!($name, $value)
        })
    };
}

/// All fields and connections of a center.
const ALL_OF_A_CENTER: &str = "name nameEn kind status address phone description floorAreaM2 openShare residentsServed
     groupsServed { audience people } openedOn renovatedOn closedOn operatingModel operatingNote partners { name role count }
     funding { source share } stepFree nightEntrance accessNote openingHours district { nameEn }
     facilities(first: 100) { totalCount nodes { externalId name nameEn kind floor capacity audiences openingHours
       offers { nodes { itemCount service { key } } } } }
     offers(first: 100) { totalCount nodes { itemCount note openingHours service { key nameEn category fee audiences } } }
     events(first: 100) { totalCount nodes { externalId nameEn description rrule audiences services { nameEn } } }
     suggestions(first: 100) { totalCount nodes { externalId text place status answer doneNote category receivedAt answeredAt
       closedAt hoursToAnswer hoursToDone } }";

impl Facts<'_> {
    pub fn ask(&self, query: &str) -> Value {
        let found = answer(&ask_with(&Api::new(Limits::default()), self.world, query, Value::Null));
        assert_eq!(found.get("errors"), None, "{query}: {found}");
        found["data"].clone()
    }

    /// The center of Shapingba with all its records: 60,000 residents, 6,000 people of new-employment groups, stairs with books
    /// below, child care, deliberation, a delivery station above, eight functions, three courses, two suggestions.
    pub fn shapingba(&self) {
        let found = self.ask(&format!("{{ center(code: \"{MOFANCUN}\") {{ {ALL_OF_A_CENTER} }} }}"));
        let center = &found["center"];
        assert_eq!((&center["residentsServed"], &center["groupsServed"][0]["people"]), (&json!(60_000), &json!(6000)));
        assert_eq!((&center["offers"]["totalCount"], &center["events"]["totalCount"]), (&json!(8), &json!(3)));
        assert_eq!((&center["nightEntrance"], &center["suggestions"]["totalCount"]), (&json!(true), &json!(2)));
        assert_fact!("shapingba", found);
    }

    /// Its area has 4 delivery stations, 2 parcel stations, 3 fast-charging points and one rest stop.
    pub fn around_shapingba(&self) {
        let of = |kind: &str| {
            let query =
                format!("{{ facilities(filter: {{region: \"{MOFANCUN}\", kinds: [\"{kind}\"]}}) {{ totalCount }} }}");
            self.ask(&query)["facilities"]["totalCount"].as_u64().unwrap()
        };
        assert_eq!(["delivery_station", "parcel_station", "charging", "rider_rest_stop"].map(of), [4, 2, 3, 1]);
    }

    /// Child care is open until 17:30, also in summer. Couriers finish at 01:00, when the rest stop is still open.
    pub fn hours(&self) {
        let found = self.ask(
            "{ child: facility(externalId: \"sp-child\") { before: isOpen(at: \"2026-07-15T17:29:00+08:00\")
                 after: isOpen(at: \"2026-07-15T17:30:00+08:00\") nextChange(at: \"2026-07-15T12:00:00+08:00\") }
               stop: facility(externalId: \"sp-rest-stop\") { at1: isOpen(at: \"2026-11-26T01:00:00+08:00\")
                 at2: isOpen(at: \"2026-11-26T02:00:00+08:00\") nextChange(at: \"2026-11-26T01:00:00+08:00\") address } }",
        );
        assert_eq!(found["child"], json!({"before": true, "after": false, "nextChange": "2026-07-15T17:30:00+08:00"}));
        assert_eq!(
            found["stop"],
            json!({"at1": true, "at2": false, "nextChange": "2026-11-26T02:00:00+08:00", "address": "金沙北苑门口"})
        );
        // A front end queries what is open for couriers at 01:00.
        let open = self.ask(&format!(
            "{{ facilities(filter: {{region: \"{MOFANCUN}\", openAt: \"2026-11-26T01:00:00+08:00\", audience: COURIERS,
                 kinds: [\"骑手驿站\"]}}) {{ nodes {{ nameEn }} }} }}"
        ));
        assert_eq!(open["facilities"]["nodes"], json!([{"nameEn": "Jinsha Beiyuan friendly rest stop"}]));
    }

    /// Longyuan with all its records: 22,000 residents, a counter for 68 matters, halls and rooms, 85 % of the floor area open,
    /// 25 benches, 2 tables, 2 lamps.
    pub fn longyuan(&self) {
        let found = self.ask(&format!("{{ center(code: \"{LONGYUAN}\") {{ {ALL_OF_A_CENTER} }} }}"));
        let center = &found["center"];
        assert_eq!((&center["residentsServed"], &center["openShare"]), (&json!(22_000), &json!(0.85)));
        let counters: Vec<&Value> = center["facilities"]["nodes"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|f| f["kind"] == "one_stop_counter")
            .flat_map(|f| f["offers"]["nodes"].as_array().unwrap())
            .collect();
        assert_eq!(counters, [&json!({"itemCount": 68, "service": {"key": "one-stop"}})]);
        assert_eq!(center["suggestions"]["nodes"][0]["doneNote"], json!("安装长椅25条、石桌2张、路灯2盏"));
        assert_fact!("longyuan", found);
    }

    /// After the renovation in April 2025 daily visits doubled, both for the days around it and for the most recently counted
    /// days.
    pub fn visits_of_longyuan_doubled(&self) {
        let found = self.ask(&format!(
            "{{ center(code: \"{LONGYUAN}\") {{ renovatedOn
                 last: usage {{ trend openShare offers }}
                 around: usage(from: \"2025-03-01\", to: \"2025-05-31\") {{ trend }}
                 april: usage(from: \"2025-04-01\", to: \"2025-04-30\") {{ trend }}
                 march: usage(from: \"2025-03-01\", to: \"2025-03-31\") {{ visitsPerDay }}
                 may: usage(from: \"2025-05-01\", to: \"2025-05-31\") {{ visitsPerDay }} }} }}"
        ));
        let center = &found["center"];
        assert_eq!(center["last"], json!({"trend": 1.0, "openShare": 0.85, "offers": 1}));
        assert_eq!((&center["around"]["trend"], &center["april"]["trend"]), (&json!(1.0), &json!(1.0)));
        let per_day = |month: &str| center[month]["visitsPerDay"].as_f64().unwrap();
        assert!((per_day("may") / per_day("march") - 2.0).abs() < 1e-9, "{found}");
        assert_eq!(center["renovatedOn"], json!("2025-04"));
    }

    /// A monthly bazaar, 12 times a year, once on 25 August; and three courses.
    pub fn bazaar(&self) {
        let found = self.ask(&format!(
            "{{ center(code: \"{LONGYUAN}\") {{ events(first: 100) {{ nodes {{ name nameEn audiences services {{ nameEn }}
                 occurrences(from: \"2025-01-01T00:00:00+08:00\", to: \"2026-01-01T00:00:00+08:00\") {{ count }}
                 nextOccurrence(at: \"2025-08-20T00:00:00+08:00\") {{ localStart }} }} }} }} }}"
        ));
        let events = found["center"]["events"]["nodes"].as_array().unwrap();
        let bazaars: Vec<&Value> = events.iter().filter(|e| e["name"].as_str().unwrap().contains("集市")).collect();
        assert_eq!(
            bazaars,
            [&json!({"name": "便民集市", "nameEn": "Bazaar", "audiences": [], "occurrences": {"count": 12},
                     "nextOccurrence": {"localStart": "2025-08-25T09:00:00"},
                     "services": [{"nameEn": "Haircut"}, {"nameEn": "Knife grinding"}, {"nameEn": "Key cutting"},
                                  {"nameEn": "Free clinic and health checks"}]})]
        );
        let others: Vec<&str> =
            events.iter().filter(|e| e["name"] != "便民集市").map(|e| e["nameEn"].as_str().unwrap()).collect();
        let courses = [
            "Painting and calligraphy for the elderly",
            "Salon for young founders",
            "Handicraft for parents and children",
        ];
        assert_eq!(others, courses);
    }

    /// The center of Jiangbei with all its records: opened in April 2025 in a disused school, 12 partners, 43 % of the funding
    /// from society, over 20 services, terminals.
    pub fn jiangbei(&self) {
        let found = self.ask(&format!("{{ center(code: \"{}\") {{ {ALL_OF_A_CENTER} }} }}", self.jiangbei));
        let center = &found["center"];
        let partners: u64 =
            center["partners"].as_array().unwrap().iter().map(|p| p["count"].as_u64().unwrap_or_default()).sum();
        assert_eq!((partners, &center["funding"]), (12, &json!([{"source": "society", "share": 0.43}])));
        assert_eq!(center["openedOn"], json!("2025-04"));
        let all = &center["offers"]["nodes"][0];
        assert_eq!((&all["service"]["key"], &all["itemCount"]), (&json!("all-services"), &json!(20)));
        assert_fact!("jiangbei", found);
    }

    /// More than 100 visits per day by new-employment groups.
    pub fn visits_of_jiangbei(&self) {
        let found = self.ask(&format!(
            "{{ center(code: \"{}\") {{ usage {{ visitsPerDay countedDays }}
                 visits(from: \"2025-01-01\", to: \"2025-12-31\") {{ total counts {{ audience hour }} }} }} }}",
            self.jiangbei
        ));
        assert_eq!(found["center"]["usage"], json!({"visitsPerDay": 108.0, "countedDays": 7}));
        for day in found["center"]["visits"].as_array().unwrap() {
            assert!(day["total"].as_u64().unwrap() > 100, "{day}");
            assert_eq!(day["counts"], json!([{"audience": "NEW_EMPLOYMENT", "hour": null}]));
        }
    }

    /// Partners receive visitors every Friday, 16 times so far. Buns are made on Monday mornings.
    pub fn reception(&self) {
        let found = self.ask(&format!(
            "{{ room: facility(externalId: \"jb-zhixin\") {{ nameEn center {{ code }} events {{ totalCount nodes {{ nameEn description
                 sixteen: occurrences(from: \"2025-05-01T00:00:00+08:00\", to: \"2025-08-20T00:00:00+08:00\") {{ count }}
                 nextOccurrence(at: \"2025-08-20T00:00:00+08:00\") {{ localStart }} }} }} }}
               center(code: \"{}\") {{ events {{ totalCount nodes {{ nameEn
                 nextOccurrence(at: \"2025-08-20T00:00:00+08:00\") {{ localStart }} }} }} }} }}",
            self.jiangbei
        ));
        let event = &found["room"]["events"]["nodes"][0];
        assert_eq!(
            (&found["room"]["center"]["code"], &found["room"]["events"]["totalCount"]),
            (&json!(self.jiangbei), &json!(1))
        );
        assert_eq!((&event["nameEn"], &event["sixteen"]["count"]), (&json!("Partners' reception day"), &json!(16)));
        assert_eq!(event["nextOccurrence"]["localStart"], json!("2025-08-22T14:00:00"));
        assert!(event["description"].as_str().unwrap().contains("60余人次"), "{event}");
        assert_eq!(
            found["center"]["events"],
            json!({"totalCount": 1, "nodes": [{"nameEn": "Brown-sugar buns",
                   "nextOccurrence": {"localStart": "2025-08-25T07:00:00"}}]})
        );
    }

    /// The guild hall: 18,418 and 7,653 square metres, reopened in September 2005, three festivals a year.
    pub fn guild_hall(&self) {
        assert_fact!(
            "guild_hall",
            self.ask(
                "{ facility(externalId: \"yz-guild\") { name nameEn kind category address groundsAreaM2 floorAreaM2 openedOn
                     capacity openingHours center { code } offers { totalCount }
                     events { totalCount nodes { nameEn
                       occurrences(from: \"2025-01-01T00:00:00+08:00\", to: \"2027-01-01T00:00:00+08:00\") {
                         nodes { localStart } } } } } }"
            )
        );
    }
}
