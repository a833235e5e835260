//! Reads a `.osm.pbf` file in two streaming passes on all cores: first the usable ways and the plazas, then the nodes
//! they refer to.
//!
//! Memory is proportional to what is kept. Way blobs are read a third time only if a plaza is a multipolygon whose
//! rings are untagged ways.

use super::barrier::{NodeRule, node_rule};
use super::blobs::Blobs;
use super::block::{Block, Element};
use super::error::{BlobError, OsmError};
use super::extract::{Extract, OsmArea, OsmWay, ReadCounts};
use super::framing::BlobSpan;
use super::rings::{absolute, close_rings};
use super::tags::Tags;
use super::way::classify;
use super::way_class::{Outline, StreetRules, WayClass};
use crate::access::Access;
use crate::geo::Fixed;
use rayon::prelude::*;
use std::collections::HashMap;
use std::path::Path;

/// Maximum number of ring nodes of all plaza relations, per way node in the file. Ways are rarely in more than two
/// rings.
const RING_NODES_PER_WAY_NODE: usize = 4;

/// A plaza relation as read: its class, and the ids of its member ways with "is outer".
struct AreaRelation {
    class: u32,
    members: Vec<(i64, bool)>,
}

#[derive(Default)]
struct WayPass {
    has_nodes: bool,
    has_ways: bool,
    classes: Vec<WayClass>,
    class_ids: HashMap<WayClass, u32>,
    ways: Vec<(i64, u32, Vec<i64>)>,
    areas: Vec<AreaRelation>,
    counts: ReadCounts,
}

/// Reads the streets of an extract. `progress` receives the bytes done and the total.
///
/// # Errors
/// Returns an [`OsmError`] if the file is not a complete, readable PBF file or contains no usable street.
pub fn read_pbf(path: &Path, rules: StreetRules, progress: &(dyn Fn(u64, u64) + Sync)) -> Result<Extract, OsmError> {
    let file = Blobs::open(path)?;
    let data = &file.data;
    let total: u64 = data.iter().map(|s| s.len as u64).sum::<u64>() * 2;
    let done = std::sync::atomic::AtomicU64::new(0);
    let tick = |span: &BlobSpan| {
        let now = done.fetch_add(span.len as u64, std::sync::atomic::Ordering::Relaxed) + span.len as u64;
        progress(now.min(total), total);
    };

    let passes: Vec<WayPass> = data
        .par_iter()
        .map(|span| {
            let pass = file.with_block(*span, |block| read_ways(block, rules))?;
            tick(span);
            Ok(pass)
        })
        .collect::<Result<_, OsmError>>()?;
    let kinds: Vec<(bool, bool)> = passes.iter().map(|p| (p.has_nodes, p.has_ways)).collect();
    let (mut merged, relations) = merge(passes);
    file.budget.reset();
    let extra = untagged_rings(&file, &kinds, &merged.ways, &relations)?;
    file.budget.reset();

    // Replace 64-bit node ids by dense indices.
    let refs_of = |ways: &[(i64, u32, Vec<i64>)]| ways.iter().flat_map(|w| w.2.iter().copied()).collect::<Vec<i64>>();
    let mut ids = refs_of(&merged.ways);
    ids.extend(extra.values().flatten());
    ids.par_sort_unstable();
    ids.dedup();
    let index = |id: i64| ids.binary_search(&id).map_or(u32::MAX, |i| u32::try_from(i).unwrap_or(u32::MAX));

    let mut extract = Extract { nodes: vec![None; ids.len()], ..Extract::default() };
    let found: Vec<NodePass> = data
        .par_iter()
        .zip(&kinds)
        .map(|(span, kind)| {
            let pass =
                if kind.0 { file.with_block(*span, |block| read_nodes(block, &ids))? } else { NodePass::default() };
            tick(span);
            Ok(pass)
        })
        .collect::<Result<_, OsmError>>()?;
    for pass in found {
        merged.counts.nodes += pass.count;
        for (i, at) in pass.nodes {
            extract.nodes[i as usize] = Some(at);
        }
        for (i, rule) in pass.rules {
            match rule {
                NodeRule::Lift(_) => merged.counts.lifts += 1,
                NodeRule::Barrier(access, _) | NodeRule::Crossing(access, _) => {
                    merged.counts.barriers += 1;
                    merged.counts.private_barriers += u64::from(access.has(Access::PRIVATE));
                }
            }
            extract.rules.insert(i, rule);
        }
    }
    let way_refs: HashMap<i64, usize> = merged.ways.iter().enumerate().map(|(n, w)| (w.0, n)).collect();
    let all_refs = merged.ways.iter().map(|w| w.2.len()).chain(extra.values().map(Vec::len)).sum::<usize>();
    let mut ring_nodes = all_refs.saturating_mul(RING_NODES_PER_WAY_NODE);
    for relation in relations {
        let member = |id: i64| {
            way_refs.get(&id).map(|&n| merged.ways[n].2.as_slice()).or_else(|| extra.get(&id).map(Vec::as_slice))
        };
        match close_rings(&relation.members, member, &mut ring_nodes) {
            Some(rings) if !rings.is_empty() => extract.areas.push(OsmArea {
                class: relation.class,
                is_relation: true,
                rings: rings.iter().map(|r| r.iter().map(|&id| index(id)).collect()).collect(),
            }),
            _ => merged.counts.broken_areas += 1,
        }
    }
    extract.ways = merged
        .ways
        .into_par_iter()
        .map(|(_, class, refs)| OsmWay { class, refs: refs.into_iter().map(index).collect() })
        .collect();
    for way in &extract.ways {
        let closed = way.refs.len() > 3 && way.refs.first() == way.refs.last();
        if closed && merged.classes[way.class as usize].is_area {
            extract.areas.push(OsmArea {
                class: way.class,
                is_relation: false,
                rings: vec![way.refs[..way.refs.len() - 1].to_vec()],
            });
        }
    }
    merged.counts.missing_nodes =
        extract.ways.iter().flat_map(|w| &w.refs).filter(|&&i| extract.nodes[i as usize].is_none()).count() as u64;
    extract.classes = merged.classes;
    extract.counts = merged.counts;
    if extract.ways.is_empty() {
        return Err(OsmError::NoStreets { ways: extract.counts.ways });
    }
    Ok(extract)
}

fn read_ways(block: &Block<'_>, rules: StreetRules) -> Result<WayPass, BlobError> {
    let mut pass = WayPass::default();
    let mut tags = Tags::default();
    block.each(|element| match element {
        Element::Node { .. } => pass.has_nodes = true,
        Element::Way { id, deltas, tags: raw } => {
            pass.has_ways = true;
            pass.counts.ways += 1;
            tags.refill(raw.iter());
            let Some(classification) = classify(&tags, outline(deltas), rules) else { return };
            pass.counts.street_ways += 1;
            match classification {
                Ok(kept) => {
                    let refs = absolute(deltas);
                    if refs.len() >= 2 {
                        let class = kept.class;
                        pass.counts.kept_ways += 1;
                        pass.counts.private_ways += u64::from(class.access.has(Access::PRIVATE));
                        if let Some(reason) = kept.closed_on_foot {
                            *pass.counts.closed_on_foot.entry(reason).or_default() += 1;
                        }
                        let class = intern(&mut pass.classes, &mut pass.class_ids, class);
                        pass.ways.push((id, class, refs));
                    }
                }
                Err(reason) => *pass.counts.left_out.entry(reason).or_default() += 1,
            }
        }
        Element::Relation { members, tags: raw, .. } => {
            pass.counts.relations += 1;
            tags.refill(raw.iter());
            if !tags.is("type", "multipolygon") {
                return;
            }
            let Some(Ok(kept)) = classify(&tags, Outline::Multipolygon, rules) else { return };
            let class = kept.class;
            if class.is_area {
                let class = intern(&mut pass.classes, &mut pass.class_ids, class);
                let members =
                    members.iter().filter(|m| m.is_way).map(|m| (m.id, raw.text(m.role) != "inner")).collect();
                pass.areas.push(AreaRelation { class, members });
            }
        }
    })?;
    Ok(pass)
}

/// Returns whether a way is closed. References are delta-encoded.
fn outline(deltas: &[i64]) -> Outline {
    let sum = deltas.iter().skip(1).fold(0i64, |sum, d| sum.wrapping_add(*d));
    if deltas.len() > 3 && sum == 0 { Outline::Ring } else { Outline::Line }
}

fn intern(classes: &mut Vec<WayClass>, ids: &mut HashMap<WayClass, u32>, class: WayClass) -> u32 {
    if let Some(&id) = ids.get(&class) {
        return id;
    }
    let id = u32::try_from(classes.len()).unwrap_or(u32::MAX);
    classes.push(class.clone());
    ids.insert(class, id);
    id
}

/// Merges the results of all blobs in file order, so that the result does not depend on the number of cores.
fn merge(passes: Vec<WayPass>) -> (WayPass, Vec<AreaRelation>) {
    let mut all = WayPass::default();
    let mut relations = Vec::new();
    for pass in passes {
        let renamed: Vec<u32> =
            pass.classes.into_iter().map(|c| intern(&mut all.classes, &mut all.class_ids, c)).collect();
        all.ways.extend(pass.ways.into_iter().map(|(id, class, refs)| (id, renamed[class as usize], refs)));
        relations.extend(pass.areas.into_iter().map(|a| AreaRelation { class: renamed[a.class as usize], ..a }));
        let (to, from) = (&mut all.counts, pass.counts);
        to.ways += from.ways;
        to.relations += from.relations;
        to.street_ways += from.street_ways;
        to.kept_ways += from.kept_ways;
        for (reason, n) in from.left_out {
            *to.left_out.entry(reason).or_default() += n;
        }
        to.private_ways += from.private_ways;
        for (reason, n) in from.closed_on_foot {
            *to.closed_on_foot.entry(reason).or_default() += n;
        }
    }
    (all, relations)
}

/// Reads the rings of plaza multipolygons that are not streets themselves.
fn untagged_rings(
    file: &Blobs<'_>,
    kinds: &[(bool, bool)],
    ways: &[(i64, u32, Vec<i64>)],
    relations: &[AreaRelation],
) -> Result<HashMap<i64, Vec<i64>>, OsmError> {
    let mut wanted: Vec<i64> = relations.iter().flat_map(|r| r.members.iter().map(|m| m.0)).collect();
    if wanted.is_empty() {
        return Ok(HashMap::new());
    }
    let mut known: Vec<i64> = ways.iter().map(|w| w.0).collect();
    known.sort_unstable();
    wanted.sort_unstable();
    wanted.dedup();
    wanted.retain(|id| known.binary_search(id).is_err());
    let found: Vec<Vec<(i64, Vec<i64>)>> = file
        .data
        .par_iter()
        .zip(kinds)
        .filter(|(_, kind)| kind.1 && !wanted.is_empty())
        .map(|(span, _)| file.with_block(*span, |block| ways_of(block, &wanted)))
        .collect::<Result<_, OsmError>>()?;
    Ok(found.into_iter().flatten().collect())
}

/// Returns the nodes of the ways whose ids are in `wanted` (sorted).
pub(super) fn ways_of(block: &Block<'_>, wanted: &[i64]) -> Result<Vec<(i64, Vec<i64>)>, BlobError> {
    let mut found = Vec::new();
    block.each(|element| {
        if let Element::Way { id, deltas, .. } = element
            && wanted.binary_search(&id).is_ok()
        {
            found.push((id, absolute(deltas)));
        }
    })?;
    Ok(found)
}

#[derive(Default)]
struct NodePass {
    count: u64,
    nodes: Vec<(u32, Fixed)>,
    rules: Vec<(u32, NodeRule)>,
}

fn read_nodes(block: &Block<'_>, wanted: &[i64]) -> Result<NodePass, BlobError> {
    let mut pass = NodePass::default();
    let mut tags = Tags::default();
    block.each(|element| {
        if let Element::Node { id, lon, lat, tags: raw } = element {
            pass.count += 1;
            if let Ok(i) = wanted.binary_search(&id) {
                tags.refill(raw.iter());
                pass.keep(i, lon, lat, &tags);
            }
        }
    })?;
    Ok(pass)
}

impl NodePass {
    fn keep(&mut self, i: usize, nano_lon: i64, nano_lat: i64, tags: &Tags) {
        let in_range = nano_lon.unsigned_abs() <= 180_000_000_000 && nano_lat.unsigned_abs() <= 90_000_000_000;
        let (Ok(index), Ok(x), Ok(y)) =
            (u32::try_from(i), i32::try_from(nano_lon / 100), i32::try_from(nano_lat / 100))
        else {
            return;
        };
        if !in_range {
            return;
        }
        self.nodes.push((index, Fixed { x, y }));
        if let Some(rule) = (!tags.is_empty()).then(|| node_rule(tags)).flatten() {
            self.rules.push((index, rule));
        }
    }
}
