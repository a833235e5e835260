//! Reads the amenities of an OpenStreetMap extract as a table of facilities, using a table of tags.

use super::header::Column;
use super::osm_supply::{Closed, closed, prefixed, values};
use super::table::{Columns, FileProblem, Row, Table};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::path::Path;
use walkshed_engine::osm::{OsmError, TaggedPlace, Tags, read_tagged};
use walkshed_register::{Calendar, Hours, Kinds};

const TAGS: &str = include_str!("osm_tags.toml");
/// The columns of rejected rows, in order.
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

/// Maximum number of tags listed in one note.
const MAX_LISTED_TAGS: usize = 12;

/// Facility kinds by tag key and value, in the order of the file.
struct TagTable(Vec<(String, Vec<(String, String)>)>);

impl TagTable {
    fn read() -> Self {
        let table: toml::Table = TAGS.parse().unwrap_or_else(|e| unreachable!("a test reads the table of tags: {e}"));
        // The TOML parser sorts tables by name; the position of the headers gives the order in the file.
        let mut keys: Vec<&String> = table.keys().collect();
        keys.sort_by_key(|key| TAGS.find(&format!("[{key}]")));
        let values = |key: &String| {
            let entries = table[key].as_table().into_iter().flatten();
            let mut list: Vec<(String, String)> =
                entries.filter_map(|(value, kind)| Some((value.clone(), kind.as_str()?.to_owned()))).collect();
            let section = TAGS.find(&format!("[{key}]")).unwrap_or_default();
            list.sort_by_key(|(value, _)| TAGS[section..].find(&format!("\n{value} =")));
            list
        };
        Self(keys.into_iter().map(|key| (key.clone(), values(key))).collect())
    }

    /// Returns the distinct kinds of an element, in the order of the table, for the first key with a known value.
    fn kinds<'s, 't>(&'s self, get: impl Fn(&str) -> Option<&'t str>) -> Vec<&'s str> {
        for (key, kinds) in &self.0 {
            let given: Vec<&str> = get(key).into_iter().flat_map(values).collect();
            let mut found: Vec<&str> = Vec::new();
            for (_, kind) in kinds.iter().filter(|(value, _)| given.contains(&value.as_str())) {
                if !found.contains(&kind.as_str()) {
                    found.push(kind);
                }
            }
            if !found.is_empty() {
                return found;
            }
        }
        Vec::new()
    }

    /// Returns whether a tag maps to a kind.
    fn maps(&self, key: &str, text: &str) -> bool {
        let kinds = self.0.iter().find(|(known, _)| known == key).map(|(_, kinds)| kinds);
        kinds.is_some_and(|kinds| values(text).any(|value| kinds.iter().any(|(known, _)| known == value)))
    }

    /// Returns whether any tag of an element maps to a kind, with or without a life-cycle prefix.
    fn concerns(&self, tags: &Tags<'_>) -> bool {
        tags.iter().any(|(key, value)| self.maps(prefixed(key).map_or(key, |(_, plain)| plain), value))
    }
}

/// Counts of omitted elements by reason, tag and kind.
#[derive(Default)]
struct OmittedElements(BTreeMap<Closed, BTreeMap<String, BTreeMap<String, u64>>>);

impl OmittedElements {
    fn count(&mut self, why: Closed, tag: String, kind: &str) {
        let by_tag = self.0.entry(why).or_default().entry(tag).or_default();
        *by_tag.entry(kind.to_owned()).or_default() += 1;
    }

    /// Returns a note for every reason, with the most frequent tags first.
    fn notes(&self) -> impl Iterator<Item = String> + '_ {
        self.0.iter().map(|(why, tags)| {
            let mut all: Vec<(u64, String)> = tags
                .iter()
                .map(|(tag, kinds)| {
                    let list: Vec<String> = kinds.iter().map(|(kind, n)| format!("{n} {kind}")).collect();
                    (kinds.values().sum(), format!("{tag} ({})", list.join(", ")))
                })
                .collect();
            all.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
            let sum: u64 = all.iter().map(|(n, _)| n).sum();
            let rest = all.len().saturating_sub(MAX_LISTED_TAGS);
            let mut listed: Vec<String> = all.into_iter().take(MAX_LISTED_TAGS).map(|(_, text)| text).collect();
            if rest > 0 {
                listed.push(format!("{rest} other tags"));
            }
            format!("{sum} facilities {why} and were omitted: {}", listed.join(", "))
        })
    }
}

/// Reads the amenities that are open to the public. An element of several kinds (`amenity=library;toilets`) becomes one facility
/// per kind: the first kind in the table of tags has the id of the element, the others that id followed by the kind.
///
/// # Errors
/// [`FileProblem`] if the file is not an extract, or contains no amenities.
pub fn read(path: &Path, calendar: &Calendar) -> Result<Table, FileProblem> {
    let tag_table = TagTable::read();
    let bad = |e: OsmError| FileProblem::BadExtract { why: e.to_string() };
    let (places, without) = read_tagged(path, |tags| tag_table.concerns(tags)).map_err(bad)?;
    let kinds = Kinds::default();
    let today = calendar.zone.day(Timestamp::now());
    let (mut unnamed, mut unread, mut several, mut left_out) = (0u64, 0u64, 0u64, OmittedElements::default());
    let columns = Columns::new(&COLUMNS.map(|(column, _)| Some(column)));
    let mut table = Table { header: COLUMNS.iter().map(|(_, name)| (*name).to_owned()).collect(), ..Table::default() };
    for place in &places {
        let tag = |key: &str| place.tags.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_str());
        let of_kinds = tag_table.kinds(tag);
        if of_kinds.is_empty() {
            // The element matched because of a life-cycle prefix, such as `disused:amenity`.
            for (key, value) in &place.tags {
                let Some((why, plain)) = prefixed(key).filter(|(_, plain)| tag_table.maps(plain, value)) else {
                    continue;
                };
                let kind = tag_table.kinds(|k| (k == plain).then_some(value.as_str()));
                left_out.count(why, format!("{key}=…"), kind.first().copied().unwrap_or_default());
                table.left_out.push(facility_id(place, None));
                break;
            }
            continue;
        }
        if let Some((why, reason)) = closed(tag, today) {
            for (i, kind) in of_kinds.into_iter().enumerate() {
                left_out.count(why, reason.clone(), kind);
                table.left_out.push(facility_id(place, (i > 0).then_some(kind)));
            }
            continue;
        }
        let name = tag("name:zh").or_else(|| tag("name")).map(str::trim).filter(|name| !name.is_empty());
        unnamed += u64::from(name.is_none());
        let hours = tag("opening_hours").filter(|text| {
            let fits = Hours::parse(text, calendar).is_ok();
            unread += u64::from(!fits);
            fits
        });
        several += u64::from(of_kinds.len() > 1);
        for (i, kind) in of_kinds.iter().enumerate() {
            let own_name = || kinds.find(kind).map_or_else(|| (*kind).to_owned(), |k| k.name.clone());
            let values = [
                facility_id(place, (i > 0).then_some(*kind)),
                name.map_or_else(own_name, str::to_owned),
                tag("name:en").unwrap_or_default().to_owned(),
                (*kind).to_owned(),
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
            let line = table.rows.len() as u64 + 1;
            table.rows.push(Row::of_line(line, &columns, values.iter().map(String::as_str)));
        }
    }
    let left: Vec<String> = left_out.notes().collect();
    if table.rows.is_empty() {
        let mut why = "it contains no open amenities that the table of tags lists".to_owned();
        for note in left {
            why.push_str("; ");
            why.push_str(&note);
        }
        return Err(FileProblem::BadExtract { why });
    }
    let notes = [
        (without, "elements have no position in the extract and were omitted"),
        (unnamed, "elements have no name and are named after their kind"),
        (unread, "elements have opening hours that cannot be parsed and were imported without them"),
        (several, "elements are of several kinds and became one facility per kind"),
    ];
    table.notes.extend(notes.iter().filter(|(n, _)| *n > 0).map(|(n, why)| format!("{n} {why}")));
    table.notes.extend(left);
    Ok(table)
}

/// Returns the id of an element, followed by the kind for its further kinds.
fn facility_id(place: &TaggedPlace, further: Option<&str>) -> String {
    further.map_or_else(|| format!("osm:{}", place.id), |kind| format!("osm:{}:{kind}", place.id))
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
    fn tag_table_refers_to_existing_kinds() {
        let (tag_table, kinds) = (TagTable::read(), Kinds::default());
        assert_eq!(tag_table.0[0].0, "amenity");
        assert!(tag_table.0.iter().map(|(_, values)| values.len()).sum::<usize>() > 40);
        for (key, values) in &tag_table.0 {
            for (value, kind) in values {
                assert!(kinds.find(kind).is_some(), "{key}={value}: {kind}");
            }
        }
    }
}
