//! Finds elements of an extract by their tags and returns one position for each: the position of a node, or the
//! centroid of a way or multipolygon.

use super::blobs::Blobs;
use super::block::{Block, Element};
use super::error::{BlobError, OsmError};
use super::read::ways_of;
use super::rings::{absolute, close_rings};
use super::tags::Tags;
use crate::geo::{Fixed, longitude_near};
use geo::{Centroid, Coord, LineString, MultiPoint, Polygon};
use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Limit on the bytes of all returned tags: a multiple of the file size plus a constant. A file stores each text once,
/// however many elements use it.
const TAG_BYTES_PER_FILE_BYTE: u64 = 16;
const TAG_BYTES_EXTRA: u64 = 8 << 20;

/// An element that matched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaggedPlace {
    /// `node/1`, `way/2` or `relation/3`.
    pub id: String,
    /// All tags, as keys and values.
    pub tags: Vec<(String, String)>,
    /// The position.
    pub at: Fixed,
}

/// An element whose position is computed from other elements.
struct AssembledElement {
    id: String,
    tags: Vec<(String, String)>,
    /// The nodes of a way; for a relation, its member ways with "is outer".
    nodes: Vec<i64>,
    members: Vec<(i64, bool)>,
}

#[derive(Default)]
struct Found {
    places: Vec<TaggedPlace>,
    shaped: Vec<AssembledElement>,
}

/// Returns all elements whose tags match `wanted`, in file order, and the number of matches whose position is not in
/// the extract.
///
/// # Errors
/// Returns an [`OsmError`] if the file is not a complete, readable PBF file or if the matching tags take too much
/// memory.
pub fn read_tagged(
    path: &Path,
    wanted: impl Fn(&Tags<'_>) -> bool + Sync,
) -> Result<(Vec<TaggedPlace>, u64), OsmError> {
    let file = Blobs::open(path)?;
    let budget = AtomicU64::new(file.size().saturating_mul(TAG_BYTES_PER_FILE_BYTE).saturating_add(TAG_BYTES_EXTRA));
    let found = file.with_blocks(|block| find(block, &wanted, &budget))?;
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
        match centre_of(&element, &rings, &positions, &mut ring_nodes) {
            Some(at) => places.push(TaggedPlace { id: element.id, tags: element.tags, at }),
            None => without += 1,
        }
    }
    Ok((places, without))
}

/// Copies the tags of an element, within the remaining byte budget.
fn copy_tags(tags: &Tags<'_>, budget: &AtomicU64) -> Result<Vec<(String, String)>, BlobError> {
    let bytes: usize = tags.iter().map(|(k, v)| k.len() + v.len() + 2 * size_of::<String>()).sum();
    let taken = budget.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(bytes as u64));
    taken.map_err(|_| BlobError::Tags { limit: TAG_BYTES_PER_FILE_BYTE })?;
    Ok(tags.iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect())
}

fn fixed(nano_lon: i64, nano_lat: i64) -> Option<Fixed> {
    let in_range = nano_lon.unsigned_abs() <= 180_000_000_000 && nano_lat.unsigned_abs() <= 90_000_000_000;
    in_range.then_some(())?;
    Some(Fixed { x: i32::try_from(nano_lon / 100).ok()?, y: i32::try_from(nano_lat / 100).ok()? })
}

fn find(block: &Block<'_>, wanted: &impl Fn(&Tags<'_>) -> bool, budget: &AtomicU64) -> Result<Found, BlobError> {
    let mut found = Found::default();
    let mut tags = Tags::default();
    let mut result = Ok(());
    block.each(|element| {
        let (Element::Node { tags: raw, .. } | Element::Way { tags: raw, .. } | Element::Relation { tags: raw, .. }) =
            element;
        tags.refill(raw.iter());
        if result.is_err() || tags.is_empty() || !wanted(&tags) {
            return;
        }
        let mut own = || copy_tags(&tags, budget).map_err(|e| result = Err(e)).ok();
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
                    found.shaped.push(AssembledElement { id: format!("way/{id}"), tags, nodes, members: Vec::new() });
                }
            }
            Element::Relation { id, members, .. } => {
                if tags.is("type", "multipolygon")
                    && let Some(tags) = own()
                {
                    let ways = members.iter().filter(|m| m.is_way);
                    let members = ways.map(|m| (m.id, raw.text(m.role) != "inner")).collect();
                    found.shaped.push(AssembledElement {
                        id: format!("relation/{id}"),
                        tags,
                        nodes: Vec::new(),
                        members,
                    });
                }
            }
        }
    })?;
    result.map(|()| found)
}

fn positions_of(block: &Block<'_>, wanted: &[i64]) -> Result<Vec<(i64, Coord<f64>)>, BlobError> {
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

/// Returns the centroid of the enclosed area. If there is none, returns the centroid of the known positions.
fn centre_of(
    element: &AssembledElement,
    rings: &HashMap<i64, Vec<i64>>,
    positions: &HashMap<i64, Coord<f64>>,
    ring_nodes: &mut usize,
) -> Option<Fixed> {
    // Geometry that crosses the 180th meridian continues beyond it.
    let line = |nodes: &[i64]| -> Vec<Coord<f64>> {
        let known: Vec<Coord<f64>> = nodes.iter().filter_map(|id| positions.get(id).copied()).collect();
        let first = known.first().map_or(0.0, |c| c.x);
        known.into_iter().map(|c| Coord { x: longitude_near(c.x, first), ..c }).collect()
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
    Some(Fixed { x: unit(longitude_near(middle.x(), 0.0)), y: unit(middle.y()) })
}
