//! Decides whether an OpenStreetMap element is open to the public. Closed, planned and private elements are not supply.

use jiff::civil::Date;
use std::fmt;
use walkshed_register::PartialDate;

/// Life-cycle prefixes of keys of closed or vanished elements: `disused:amenity`.
const GONE_PREFIXES: [&str; 12] = [
    "disused",
    "abandoned",
    "demolished",
    "razed",
    "removed",
    "destroyed",
    "dismantled",
    "was",
    "ruins",
    "ruined",
    "closed",
    "vacant",
];
/// Life-cycle prefixes of keys of planned elements.
const PLANNED_PREFIXES: [&str; 4] = ["proposed", "planned", "construction", "intended"];
/// Keys that mark the whole element as closed or vanished.
const GONE_KEYS: [&str; 10] =
    ["disused", "abandoned", "demolished", "razed", "removed", "destroyed", "dismantled", "ruins", "closed", "vacant"];
const PLANNED_KEYS: [&str; 3] = ["proposed", "planned", "construction"];
const GONE_STATUSES: [&str; 9] = [
    "closed",
    "abandoned",
    "disused",
    "demolished",
    "decommissioned",
    "dismantled",
    "inactive",
    "not_in_operation",
    "out_of_order",
];
const PLANNED_STATUSES: [&str; 4] = ["proposed", "planned", "construction", "under_construction"];
/// Values of `access` that exclude the public. Customers, visitors and members count as the public.
const PRIVATE: [&str; 15] = [
    "private",
    "no",
    "permit",
    "permits",
    "residents",
    "resident",
    "employees",
    "employee",
    "staff",
    "students",
    "military",
    "emergency",
    "delivery",
    "agricultural",
    "forestry",
];

/// Why an element is omitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Closed {
    /// Closed or vanished.
    Gone,
    /// Planned or under construction.
    Planned,
    /// Not open to the public.
    Private,
}

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gone => "are closed or gone",
            Self::Planned => "are planned or under construction",
            Self::Private => "are not open to the public",
        })
    }
}

/// Splits a key with a life-cycle prefix into the reason for omission and the plain key.
pub fn prefixed(key: &str) -> Option<(Closed, &str)> {
    let (prefix, plain) = key.split_once(':')?;
    if GONE_PREFIXES.contains(&prefix) {
        Some((Closed::Gone, plain))
    } else if PLANNED_PREFIXES.contains(&prefix) {
        Some((Closed::Planned, plain))
    } else {
        None
    }
}

/// Splits a tag value into the entries of a semicolon-separated list.
pub fn values(text: &str) -> impl Iterator<Item = &str> {
    text.split([';', '；']).map(str::trim).filter(|value| !value.is_empty())
}

/// Returns why an element is not open to the public, with the deciding tag; `None` if it is open.
pub fn closed<'t>(get: impl Fn(&str) -> Option<&'t str>, today: Date) -> Option<(Closed, String)> {
    let tag = |key: &str, value: &str| format!("{key}={}", value.chars().take(40).collect::<String>());
    // Ruins can be a museum or park.
    let is_sight = get("tourism").is_some() || get("leisure").is_some();
    for (keys, why) in [(&GONE_KEYS[..], Closed::Gone), (&PLANNED_KEYS[..], Closed::Planned)] {
        for key in keys {
            if let Some(value) = get(key).filter(|value| !matches!(*value, "no" | "false" | "0" | "minor"))
                && !(*key == "ruins" && is_sight)
            {
                return Some((why, tag(key, value)));
            }
        }
    }
    for (key, gone, planned) in [
        ("operational_status", &GONE_STATUSES[..], &PLANNED_STATUSES[..]),
        ("building", &["ruins", "collapsed", "demolished"], &["construction", "proposed", "planned"]),
        ("shop", &["vacant"], &[]),
        ("amenity", &["vacant"], &[]),
    ] {
        let Some(value) = get(key) else { continue };
        if gone.contains(&value) && !(value == "ruins" && is_sight) {
            return Some((Closed::Gone, tag(key, value)));
        }
        if planned.contains(&value) {
            return Some((Closed::Planned, tag(key, value)));
        }
    }
    if let Some(hours) = get("opening_hours").filter(|text| is_never(text)) {
        return Some((Closed::Gone, tag("opening_hours", hours)));
    }
    let date = |key: &str| get(key).and_then(|text| text.parse::<PartialDate>().ok());
    if date("end_date").is_some_and(|date| date.last_day() < today) {
        return Some((Closed::Gone, "end_date in the past".to_owned()));
    }
    if ["start_date", "opening_date"].iter().any(|key| date(key).is_some_and(|date| date.first_day() > today)) {
        return Some((Closed::Planned, "start_date or opening_date in the future".to_owned()));
    }
    let access = get("access")?;
    // `foot` overrides `access` for pedestrians.
    let on_foot = get("foot").filter(|value| !PRIVATE.contains(value));
    let is_private = values(access).all(|value| PRIVATE.contains(&value)) && values(access).next().is_some();
    (is_private && on_foot.is_none()).then(|| (Closed::Private, tag("access", access)))
}

/// Returns whether opening hours mean "never open" and nothing else.
fn is_never(hours: &str) -> bool {
    let plain = hours.split('"').next().unwrap_or_default().trim().to_ascii_lowercase();
    matches!(plain.trim_start_matches("24/7").trim(), "off" | "closed")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(tags: &[(&'static str, &'static str)]) -> Option<(Closed, String)> {
        let get = |key: &str| tags.iter().find(|(k, _)| *k == key).map(|(_, v)| *v);
        closed(get, jiff::civil::date(2026, 11, 27))
    }

    #[test]
    fn accepts_open_elements() {
        for tags in [
            &[("amenity", "clinic")][..],
            &[("access", "yes")],
            &[("access", "customers")],
            &[("access", "permissive")],
            &[("access", "destination")],
            &[("access", "members")],
            &[("access", "unknown")],
            &[("access", "private;customers")],
            &[("access", "no"), ("foot", "yes")],
            &[("access", "")],
            &[("disused", "no")],
            &[("abandoned", "false")],
            &[("construction", "no")],
            &[("opening_hours", "Mo-Fr 08:00-18:00; PH off")],
            &[("opening_hours", "closed on Mondays")],
            &[("shop", "convenience")],
            &[("end_date", "2030")],
            &[("end_date", "2026-11")],
            &[("start_date", "1950")],
            &[("start_date", "C19")],
            &[("tourism", "museum"), ("ruins", "yes")],
            &[("operational_status", "operational")],
        ] {
            assert_eq!(of(tags), None, "{tags:?}");
        }
    }

    #[test]
    fn omits_closed_elements_with_the_deciding_tag() {
        for (tags, why, tag) in [
            (&[("disused", "yes")][..], Closed::Gone, "disused=yes"),
            (&[("abandoned", "yes")], Closed::Gone, "abandoned=yes"),
            (&[("abandoned", "2019")], Closed::Gone, "abandoned=2019"),
            (&[("demolished", "yes")], Closed::Gone, "demolished=yes"),
            (&[("razed", "yes")], Closed::Gone, "razed=yes"),
            (&[("ruins", "yes"), ("amenity", "clinic")], Closed::Gone, "ruins=yes"),
            (&[("building", "collapsed")], Closed::Gone, "building=collapsed"),
            (&[("shop", "vacant"), ("amenity", "pharmacy")], Closed::Gone, "shop=vacant"),
            (&[("operational_status", "closed")], Closed::Gone, "operational_status=closed"),
            (&[("opening_hours", "off")], Closed::Gone, "opening_hours=off"),
            (&[("opening_hours", "Closed")], Closed::Gone, "opening_hours=Closed"),
            (&[("opening_hours", "24/7 off \"renovation\"")], Closed::Gone, "opening_hours=24/7 off \"renovation\""),
            (&[("end_date", "2020-03")], Closed::Gone, "end_date in the past"),
            (&[("proposed", "yes")], Closed::Planned, "proposed=yes"),
            (&[("construction", "yes")], Closed::Planned, "construction=yes"),
            (&[("building", "construction")], Closed::Planned, "building=construction"),
            (&[("opening_date", "2028")], Closed::Planned, "start_date or opening_date in the future"),
            (&[("access", "private")], Closed::Private, "access=private"),
            (&[("access", "no")], Closed::Private, "access=no"),
            (&[("access", "permit")], Closed::Private, "access=permit"),
            (&[("access", "residents")], Closed::Private, "access=residents"),
            (&[("access", "private; residents")], Closed::Private, "access=private; residents"),
            (&[("access", "no"), ("foot", "private")], Closed::Private, "access=no"),
            // A vanished element is reported as vanished, regardless of its access.
            (&[("access", "private"), ("disused", "yes")], Closed::Gone, "disused=yes"),
        ] {
            assert_eq!(of(tags), Some((why, tag.to_owned())), "{tags:?}");
        }
        assert_eq!(prefixed("was:amenity"), Some((Closed::Gone, "amenity")));
        assert_eq!(prefixed("construction:healthcare"), Some((Closed::Planned, "healthcare")));
        assert_eq!((prefixed("amenity"), prefixed("addr:street")), (None, None));
    }
}
