//! Elements of an extract by their tags, each with one position: nodes where they stand, ways and multipolygons by their
//! centroid.

use super::read::{OsmError, absolute, close_rings, text, with_blocks};
use super::tags::Tags;
use crate::geo::{Fixed, degrees_beside};
use geo::{Centroid, Coord, LineString, MultiPoint, Polygon};
use osmpbf::{PrimitiveBlock, RelMemberType};
use std::collections::HashMap;
use std::path::Path;

/// An element that was looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaggedPlace {
    /// `node/1`, `way/2` or `relation/3`.
    pub id: String,
    pub tags: Vec<(String, String)>,
    pub at: Fixed,
}

/// An element whose position is that of others.
struct Shaped {
    id: String,
    tags: Vec<(String, String)>,
    /// Nodes of a way; for a relation its member ways, with "is outer".
    nodes: Vec<i64>,
    members: Vec<(i64, bool)>,
}

#[derive(Default)]
struct Found {
    places: Vec<TaggedPlace>,
    shaped: Vec<Shaped>,
}

type Elements = Vec<(i64, Vec<i64>)>;

/// Finds all elements whose tags are wanted, in the order of the file. Also says how many of them have no position in the
/// extract.
///
/// # Errors
/// [`OsmError`] for a file that is not a whole, readable PBF.
pub fn read_tagged(
    path: &Path,
    wanted: impl Fn(&Tags<'_>) -> bool + Sync,
) -> Result<(Vec<TaggedPlace>, u64), OsmError> {
    let found = with_blocks(path, |block| find(block, &wanted))?;
    let (mut places, mut shaped) = (Vec::new(), Vec::new());
    for part in found {
        places.extend(part.places);
        shaped.extend(part.shaped);
    }
    let mut ways: Vec<i64> = shaped.iter().flat_map(|s| s.members.iter().map(|m| m.0)).collect();
    ways.sort_unstable();
    ways.dedup();
    let rings: HashMap<i64, Vec<i64>> = if ways.is_empty() {
        HashMap::new()
    } else {
        with_blocks(path, |block| ways_of(block, &ways))?.into_iter().flatten().collect()
    };
    let mut nodes: Vec<i64> = shaped.iter().flat_map(|s| s.nodes.iter().copied()).collect();
    nodes.extend(rings.values().flatten());
    nodes.sort_unstable();
    nodes.dedup();
    let positions: HashMap<i64, Coord<f64>> = if nodes.is_empty() {
        HashMap::new()
    } else {
        with_blocks(path, |block| positions_of(block, &nodes))?.into_iter().flatten().collect()
    };
    let mut without = 0;
    for element in shaped {
        match centre(&element, &rings, &positions) {
            Some(at) => places.push(TaggedPlace { id: element.id, tags: element.tags, at }),
            None => without += 1,
        }
    }
    Ok((places, without))
}

fn owned(tags: &[(&str, &str)]) -> Vec<(String, String)> {
    tags.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
}

fn fixed(nano_lon: i64, nano_lat: i64) -> Option<Fixed> {
    let in_range = nano_lon.unsigned_abs() <= 180_000_000_000 && nano_lat.unsigned_abs() <= 90_000_000_000;
    in_range.then_some(())?;
    Some(Fixed { x: i32::try_from(nano_lon / 100).ok()?, y: i32::try_from(nano_lat / 100).ok()? })
}

fn find(block: &PrimitiveBlock, wanted: &impl Fn(&Tags<'_>) -> bool) -> Found {
    let table = block.raw_stringtable();
    let mut found = Found::default();
    let mut tags = Tags::default();
    let mut list: Vec<(&str, &str)> = Vec::new();
    macro_rules! is_wanted {
        ($raw:expr) => {{
            list.clear();
            list.extend($raw);
            tags.refill(list.iter().copied());
            !list.is_empty() && wanted(&tags)
        }};
    }
    for group in block.groups() {
        for node in group.nodes() {
            if is_wanted!(node.raw_tags().map(|(k, v)| (text(table, k), text(table, v))))
                && let Some(at) = fixed(node.nano_lon(), node.nano_lat())
            {
                found.places.push(TaggedPlace { id: format!("node/{}", node.id()), tags: owned(&list), at });
            }
        }
        for node in group.dense_nodes() {
            let raw = node.raw_tags().map(|(k, v)| (text(table, k.unsigned_abs()), text(table, v.unsigned_abs())));
            if is_wanted!(raw)
                && let Some(at) = fixed(node.nano_lon(), node.nano_lat())
            {
                found.places.push(TaggedPlace { id: format!("node/{}", node.id()), tags: owned(&list), at });
            }
        }
        for way in group.ways() {
            if is_wanted!(way.raw_tags().map(|(k, v)| (text(table, k), text(table, v)))) {
                let nodes = absolute(way.raw_refs());
                let id = format!("way/{}", way.id());
                found.shaped.push(Shaped { id, tags: owned(&list), nodes, members: Vec::new() });
            }
        }
        for relation in group.relations() {
            if is_wanted!(relation.raw_tags().map(|(k, v)| (text(table, k), text(table, v))))
                && tags.is("type", "multipolygon")
            {
                let members = relation
                    .members()
                    .filter(|m| m.member_type == RelMemberType::Way)
                    .map(|m| (m.member_id, text(table, m.role_sid.unsigned_abs()) != "inner"))
                    .collect();
                let id = format!("relation/{}", relation.id());
                found.shaped.push(Shaped { id, tags: owned(&list), nodes: Vec::new(), members });
            }
        }
    }
    found
}

fn ways_of(block: &PrimitiveBlock, wanted: &[i64]) -> Elements {
    let ways = block.groups().flat_map(|g| g.ways().map(|w| (w.id(), absolute(w.raw_refs()))).collect::<Vec<_>>());
    ways.filter(|(id, _)| wanted.binary_search(id).is_ok()).collect()
}

fn positions_of(block: &PrimitiveBlock, wanted: &[i64]) -> Vec<(i64, Coord<f64>)> {
    let mut found = Vec::new();
    let mut keep = |id: i64, lon: i64, lat: i64| {
        if wanted.binary_search(&id).is_ok()
            && let Some(at) = fixed(lon, lat)
        {
            found.push((id, Coord { x: at.lon(), y: at.lat() }));
        }
    };
    for group in block.groups() {
        group.nodes().for_each(|n| keep(n.id(), n.nano_lon(), n.nano_lat()));
        group.dense_nodes().for_each(|n| keep(n.id(), n.nano_lon(), n.nano_lat()));
    }
    found
}

/// The centroid of what is enclosed, or where nothing is, of the corners that are known.
fn centre(element: &Shaped, rings: &HashMap<i64, Vec<i64>>, positions: &HashMap<i64, Coord<f64>>) -> Option<Fixed> {
    // One that crosses the 180th meridian goes on beyond it.
    let line = |nodes: &[i64]| -> Vec<Coord<f64>> {
        let known: Vec<Coord<f64>> = nodes.iter().filter_map(|id| positions.get(id).copied()).collect();
        let first = known.first().map_or(0.0, |c| c.x);
        known.into_iter().map(|c| Coord { x: degrees_beside(c.x, first), ..c }).collect()
    };
    let closed = |nodes: &[i64]| nodes.len() > 3 && nodes.first() == nodes.last();
    let outer: Vec<i64> = if element.members.is_empty() {
        element.nodes.clone()
    } else {
        let joined = close_rings(&element.members, |id| rings.get(&id).map(Vec::as_slice));
        match joined.and_then(|all| all.into_iter().next()) {
            Some(mut ring) => {
                ring.extend(ring.first().copied());
                ring
            }
            None => element.members.iter().filter_map(|m| rings.get(&m.0)).flatten().copied().collect(),
        }
    };
    let corners = line(&outer);
    let middle = if closed(&outer) && corners.len() == outer.len() {
        Polygon::new(LineString(corners.clone()), Vec::new()).centroid()
    } else {
        None
    };
    let middle = middle.or_else(|| MultiPoint::from(corners).centroid())?;
    let unit = |degrees: f64| (degrees * Fixed::PER_DEGREE).round() as i32;
    Some(Fixed { x: unit(degrees_beside(middle.x(), 0.0)), y: unit(middle.y()) })
}
