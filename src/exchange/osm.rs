//! The amenities of an OpenStreetMap extract as a table of facilities, by a table of tags.

use super::header::Column;
use super::table::{FileProblem, Raw, Row, Table};
use crate::network::osm::{OsmError, TaggedPlace, Tags, read_tagged};
use crate::registry::{Calendar, Hours, Kinds};
use std::collections::BTreeMap;
use std::path::Path;

const TAGS: &str = include_str!("osm_tags.toml");
/// The order of the columns of refused rows.
const COLUMNS: [(Column, &str); 10] = [
    (Column::Id, "id"),
    (Column::Name, "name"),
    (Column::NameEn, "name_en"),
    (Column::Kind, "kind"),
    (Column::Lon, "lon"),
    (Column::Lat, "lat"),
    (Column::Address, "address"),
    (Column::Phone, "phone"),
    (Column::StepFree, "step_free"),
    (Column::OpeningHours, "opening_hours"),
];

/// Kinds by key and value, in the order of the file.
struct Rules(Vec<(String, BTreeMap<String, String>)>);

impl Rules {
    fn read() -> Self {
        let table: toml::Table = TAGS.parse().unwrap_or_else(|e| unreachable!("a test reads the table of tags: {e}"));
        // TOML tables come in the order of letters; the order of the file is that of its headers.
        let mut keys: Vec<&String> = table.keys().collect();
        keys.sort_by_key(|key| TAGS.find(&format!("[{key}]")));
        let values = |key: &String| {
            let entries = table[key].as_table().into_iter().flatten();
            entries.filter_map(|(value, kind)| Some((value.clone(), kind.as_str()?.to_owned()))).collect()
        };
        Self(keys.into_iter().map(|key| (key.clone(), values(key))).collect())
    }

    fn kind<'s>(&'s self, get: impl Fn(&str) -> Option<&'s str> + 's) -> Option<&'s str> {
        let of = |(key, kinds): &'s (String, BTreeMap<String, String>)| kinds.get(get(key)?).map(String::as_str);
        self.0.iter().find_map(of)
    }

    fn wants(&self, tags: &Tags<'_>) -> bool {
        self.0.iter().any(|(key, kinds)| tags.get(key).is_some_and(|value| kinds.contains_key(value)))
    }
}

/// Reads the amenities.
///
/// # Errors
/// [`FileProblem`] when the file is no extract, or holds none.
pub fn read(path: &Path, calendar: &Calendar) -> Result<Table, FileProblem> {
    let rules = Rules::read();
    let bad = |e: OsmError| FileProblem::BadExtract { why: e.to_string() };
    let (places, without) = read_tagged(path, |tags| rules.wants(tags)).map_err(bad)?;
    if places.is_empty() {
        return Err(FileProblem::BadExtract { why: "it holds no amenities that the table of tags knows".into() });
    }
    let kinds = Kinds::default();
    let (mut unnamed, mut unread) = (0u64, 0u64);
    let mut table = Table { header: COLUMNS.iter().map(|(_, name)| (*name).to_owned()).collect(), ..Table::default() };
    for (place, line) in places.iter().zip(1..) {
        let tag = |key: &str| place.tags.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_str());
        let Some(kind) = rules.kind(tag) else { continue };
        let name = if let Some(name) = tag("name:zh").or_else(|| tag("name")) {
            name.to_owned()
        } else {
            unnamed += 1;
            kinds.find(kind).map_or_else(|| kind.to_owned(), |k| k.name.clone())
        };
        let hours = tag("opening_hours").filter(|text| {
            let fits = Hours::parse(text, calendar).is_ok();
            unread += u64::from(!fits);
            fits
        });
        let values = [
            format!("osm:{}", place.id),
            name,
            tag("name:en").unwrap_or_default().to_owned(),
            kind.to_owned(),
            format!("{:.7}", place.at.lon()),
            format!("{:.7}", place.at.lat()),
            address(place),
            tag("phone").or_else(|| tag("contact:phone")).unwrap_or_default().to_owned(),
            match tag("wheelchair") {
                Some("yes") => "yes".into(),
                Some("no") => "no".into(),
                _ => String::new(),
            },
            hours.unwrap_or_default().to_owned(),
        ];
        let fields = COLUMNS.iter().zip(&values).map(|((column, _), value)| (*column, value.clone())).collect();
        table.rows.push(Row { line, fields, raw: Raw::Csv(values.to_vec()), problem: None });
    }
    let notes = [
        (without, "elements have no position in the extract and were left out"),
        (unnamed, "elements have no name and are called after their kind"),
        (unread, "elements have opening hours that cannot be read; they were taken without"),
    ];
    table.notes.extend(notes.iter().filter(|(n, _)| *n > 0).map(|(n, why)| format!("{n} {why}")));
    Ok(table)
}

fn address(place: &TaggedPlace) -> String {
    let part = |key: &str| place.tags.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_str());
    if let Some(full) = part("addr:full") {
        return full.to_owned();
    }
    let parts = [part("addr:street"), part("addr:housenumber")];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_tags_names_kinds_that_exist() {
        let (rules, kinds) = (Rules::read(), Kinds::default());
        assert_eq!(rules.0[0].0, "amenity");
        assert!(rules.0.iter().map(|(_, values)| values.len()).sum::<usize>() > 40);
        for (key, values) in &rules.0 {
            for (value, kind) in values {
                assert!(kinds.find(kind).is_some(), "{key}={value}: {kind}");
            }
        }
    }
}
