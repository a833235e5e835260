//! Elements of an extract by their tags, each with one position: nodes where they stand, ways and multipolygons by their
//! centroid.

use super::block::{Block, Element};
use super::read::{Blobs, OsmError, absolute, close_rings, ways_of};
use super::tags::Tags;
use crate::geo::{Fixed, degrees_beside};
use geo::{Centroid, Coord, LineString, MultiPoint, Polygon};
use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// The tags of all that is found may take so many times the bytes of the file, and so many more: the text of a tag stands in the
/// file once, however many elements have it.
const TEXTS: u64 = 16;
const TEXTS_MORE: u64 = 8 << 20;

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

/// Finds all elements whose tags are wanted, in the order of the file. Also says how many of them have no position in the
/// extract.
///
/// # Errors
/// [`OsmError`] for a file that is not a whole, readable PBF.
pub fn read_tagged(
    path: &Path,
    wanted: impl Fn(&Tags<'_>) -> bool + Sync,
) -> Result<(Vec<TaggedPlace>, u64), OsmError> {
    let file = Blobs::open(path)?;
    let room = AtomicU64::new(file.size().saturating_mul(TEXTS).saturating_add(TEXTS_MORE));
    let found = file.with_blocks(|block| find(block, &wanted, &room))?;
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
        file.with_blocks(|block| ways_of(block, &ways))?.into_iter().flatten().collect()
    };
    let mut nodes: Vec<i64> = shaped.iter().flat_map(|s| s.nodes.iter().copied()).collect();
    nodes.extend(rings.values().flatten());
    nodes.sort_unstable();
    nodes.dedup();
    let positions: HashMap<i64, Coord<f64>> = if nodes.is_empty() {
        HashMap::new()
    } else {
        file.with_blocks(|block| positions_of(block, &nodes))?.into_iter().flatten().collect()
    };
    let mut without = 0;
    let mut ring_nodes = rings.values().map(Vec::len).sum::<usize>().saturating_mul(4);
    for element in shaped {
        match centre(&element, &rings, &positions, &mut ring_nodes) {
            Some(at) => places.push(TaggedPlace { id: element.id, tags: element.tags, at }),
            None => without += 1,
        }
    }
    Ok((places, without))
}

/// The tags of an element as its own.
fn owned(tags: &Tags<'_>, room: &AtomicU64) -> Result<Vec<(String, String)>, String> {
    let bytes: usize = tags.iter().map(|(k, v)| k.len() + v.len() + 2 * size_of::<String>()).sum();
    let taken = room.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(bytes as u64));
    taken.map_err(|_| format!("the tags of its amenities take more than {TEXTS} times its size"))?;
    Ok(tags.iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect())
}

fn fixed(nano_lon: i64, nano_lat: i64) -> Option<Fixed> {
    let in_range = nano_lon.unsigned_abs() <= 180_000_000_000 && nano_lat.unsigned_abs() <= 90_000_000_000;
    in_range.then_some(())?;
    Some(Fixed { x: i32::try_from(nano_lon / 100).ok()?, y: i32::try_from(nano_lat / 100).ok()? })
}

fn find(block: &Block<'_>, wanted: &impl Fn(&Tags<'_>) -> bool, room: &AtomicU64) -> Result<Found, String> {
    let mut found = Found::default();
    let mut tags = Tags::default();
    let mut full = Ok(());
    block.each(|element| {
        let (Element::Node { tags: raw, .. } | Element::Way { tags: raw, .. } | Element::Relation { tags: raw, .. }) =
            element;
        tags.refill(raw.iter());
        if full.is_err() || tags.is_empty() || !wanted(&tags) {
            return;
        }
        let mut own = || owned(&tags, room).map_err(|e| full = Err(e)).ok();
        match element {
            Element::Node { id, lon, lat, .. } => {
                if let Some(at) = fixed(lon, lat)
                    && let Some(tags) = own()
                {
                    found.places.push(TaggedPlace { id: format!("node/{id}"), tags, at });
                }
            }
            Element::Way { id, deltas, .. } => {
                if let Some(tags) = own() {
                    let nodes = absolute(deltas);
                    found.shaped.push(Shaped { id: format!("way/{id}"), tags, nodes, members: Vec::new() });
                }
            }
            Element::Relation { id, members, .. } => {
                if tags.is("type", "multipolygon")
                    && let Some(tags) = own()
                {
                    let ways = members.iter().filter(|m| m.is_way);
                    let members = ways.map(|m| (m.id, raw.text(m.role) != "inner")).collect();
                    found.shaped.push(Shaped { id: format!("relation/{id}"), tags, nodes: Vec::new(), members });
                }
            }
        }
    })?;
    full.map(|()| found)
}

fn positions_of(block: &Block<'_>, wanted: &[i64]) -> Result<Vec<(i64, Coord<f64>)>, String> {
    let mut found = Vec::new();
    block.each(|element| {
        if let Element::Node { id, lon, lat, .. } = element
            && wanted.binary_search(&id).is_ok()
            && let Some(at) = fixed(lon, lat)
        {
            found.push((id, Coord { x: at.lon(), y: at.lat() }));
        }
    })?;
    Ok(found)
}

/// The centroid of what is enclosed, or where nothing is, of the corners that are known.
fn centre(
    element: &Shaped,
    rings: &HashMap<i64, Vec<i64>>,
    positions: &HashMap<i64, Coord<f64>>,
    ring_nodes: &mut usize,
) -> Option<Fixed> {
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
        let joined = close_rings(&element.members, |id| rings.get(&id).map(Vec::as_slice), ring_nodes);
        if let Some(mut ring) = joined.and_then(|all| all.into_iter().next()) {
            ring.extend(ring.first().copied());
            ring
        } else {
            let parts: Vec<&Vec<i64>> = element.members.iter().filter_map(|m| rings.get(&m.0)).collect();
            *ring_nodes = ring_nodes.checked_sub(parts.iter().map(|part| part.len()).sum())?;
            parts.into_iter().flatten().copied().collect()
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
