//! Reading a `.osm.pbf` in two streaming passes on all cores: first the ways people can use and the plazas, then the
//! nodes these refer to. Memory is in proportion to what is kept. A third look at the way blobs happens only when a
//! plaza is a multipolygon whose rings are ways without tags of their own.

use super::barrier::{NodeRule, node_rule};
use super::framing::{BlobSpan, FramingError, blob_spans};
use super::tags::Tags;
use super::way::{LeftOut, Outline, StreetRules, WayClass, classify};
use crate::geo::Fixed;
use crate::network::access::Access;
use osmpbf::{BlobDecode, BlobReader, PrimitiveBlock, RelMemberType};
use rayon::prelude::*;
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{Cursor, Read, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

/// Why an extract could not be read.
#[derive(Debug, thiserror::Error)]
pub enum OsmError {
    #[error(transparent)]
    Framing(#[from] FramingError),
    #[error("the blob at byte {offset} is damaged: {why}")]
    Damaged { offset: u64, why: String },
    #[error(
        "the file needs the feature \"{0}\", which walkshed does not read; use an ordinary extract without history"
    )]
    Feature(String),
    #[error("no street people can walk or ride on among its {ways} ways; is this an extract of a city?")]
    NoStreets { ways: u64 },
}

/// A kept way: its class and its nodes as indices into [`Extract::nodes`].
#[derive(Debug, Clone)]
pub struct OsmWay {
    pub class: u32,
    pub refs: Vec<u32>,
}

/// A plaza: its class and its rings (closed, first node not repeated), the outer one first.
#[derive(Debug, Clone)]
pub struct OsmArea {
    pub class: u32,
    pub rings: Vec<Vec<u32>>,
    /// Its rings are members of a multipolygon, not a way that is kept as such.
    pub is_relation: bool,
}

/// What was read and what was left out.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ReadCounts {
    /// Nodes in the file.
    pub nodes: u64,
    /// Ways in the file.
    pub ways: u64,
    /// Relations in the file.
    pub relations: u64,
    /// Ways that are streets of some sort.
    pub street_ways: u64,
    /// Of these, kept.
    pub kept_ways: u64,
    /// Of these, left out, by reason.
    pub left_out: BTreeMap<LeftOut, u64>,
    /// Of those kept, closed to walkers by a default, by reason.
    pub closed_on_foot: BTreeMap<LeftOut, u64>,
    /// Of those kept, open only at the ends of a trip: for residents, staff and the like.
    pub private_ways: u64,
    /// References to nodes that the extract does not hold; the ways are cut there.
    pub missing_nodes: u64,
    /// Barriers that stop somebody.
    pub barriers: u64,
    /// Of these, open only at the ends of a trip.
    pub private_barriers: u64,
    /// Lifts on nodes.
    pub lifts: u64,
    /// Plaza multipolygons whose rings could not be closed.
    pub broken_areas: u64,
}

/// The part of an extract that matters here.
#[derive(Debug, Default)]
pub struct Extract {
    pub classes: Vec<WayClass>,
    pub ways: Vec<OsmWay>,
    pub areas: Vec<OsmArea>,
    /// Positions by index; `None` where the extract lacks the node.
    pub nodes: Vec<Option<Fixed>>,
    /// What stands on nodes, by index.
    pub rules: HashMap<u32, NodeRule>,
    pub counts: ReadCounts,
}

/// A plaza relation as read: class, and member way ids with "is outer".
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

/// Reads an extract. `progress` is called with the bytes done and the bytes there are.
///
/// # Errors
/// [`OsmError`] for a file that is not a whole, readable PBF, or holds no street.
pub fn read_pbf(path: &Path, rules: StreetRules, progress: &(dyn Fn(u64, u64) + Sync)) -> Result<Extract, OsmError> {
    let spans = blob_spans(path)?;
    let data: Vec<BlobSpan> = spans.iter().copied().filter(|s| s.is_data).collect();
    for span in spans.iter().filter(|s| !s.is_data) {
        check_features(path, *span)?;
    }
    let total: u64 = data.iter().map(|s| s.len as u64).sum::<u64>() * 2;
    let done = std::sync::atomic::AtomicU64::new(0);
    let tick = |span: &BlobSpan| {
        let now = done.fetch_add(span.len as u64, std::sync::atomic::Ordering::Relaxed) + span.len as u64;
        progress(now.min(total), total);
    };

    let passes: Vec<WayPass> = data
        .par_iter()
        .map(|span| {
            let pass = with_block(path, *span, |block| read_ways(block, rules))?;
            tick(span);
            Ok(pass)
        })
        .collect::<Result<_, OsmError>>()?;
    let kinds: Vec<(bool, bool)> = passes.iter().map(|p| (p.has_nodes, p.has_ways)).collect();
    let (mut merged, relations) = merge(passes);
    let extra = untagged_rings(path, &data, &kinds, &merged.ways, &relations)?;

    // Node ids become small indices.
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
                if kind.0 { with_block(path, *span, |block| read_nodes(block, &ids))? } else { NodePass::default() };
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
    for relation in relations {
        let member = |id: i64| {
            way_refs.get(&id).map(|&n| merged.ways[n].2.as_slice()).or_else(|| extra.get(&id).map(Vec::as_slice))
        };
        match close_rings(&relation.members, member) {
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

/// Reads every block of map data on all cores; the results come in the order of the file.
///
/// # Errors
/// [`OsmError`] for a file that is not a whole, readable PBF.
pub(super) fn with_blocks<T: Send>(
    path: &Path,
    read: impl Fn(&PrimitiveBlock) -> T + Sync,
) -> Result<Vec<T>, OsmError> {
    let spans = blob_spans(path)?;
    for span in spans.iter().filter(|s| !s.is_data) {
        check_features(path, *span)?;
    }
    let data: Vec<BlobSpan> = spans.into_iter().filter(|s| s.is_data).collect();
    data.par_iter().map(|span| with_block(path, *span, &read)).collect()
}

fn read_span(path: &Path, span: BlobSpan) -> Result<Vec<u8>, FramingError> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(span.offset))?;
    let mut bytes = vec![0; span.len];
    file.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn check_features(path: &Path, span: BlobSpan) -> Result<(), OsmError> {
    let damaged = |why: String| OsmError::Damaged { offset: span.offset, why };
    let bytes = read_span(path, span)?;
    let blob = BlobReader::new(Cursor::new(bytes)).next().ok_or_else(|| damaged("no blob".into()))?;
    let blob = blob.map_err(|e| damaged(e.to_string()))?;
    let decoded = catch_unwind(AssertUnwindSafe(|| {
        blob.decode().map(|d| match d {
            BlobDecode::OsmHeader(header) => header.required_features().to_vec(),
            _ => Vec::new(),
        })
    }))
    .map_err(|_| damaged("the header cannot be decoded".into()))?
    .map_err(|e| damaged(e.to_string()))?;
    match decoded.iter().find(|f| !matches!(f.as_str(), "OsmSchema-V0.6" | "DenseNodes")) {
        Some(feature) => Err(OsmError::Feature(feature.chars().take(60).collect())),
        None => Ok(()),
    }
}

/// Decodes one blob and hands its block to `read`. The decoder trusts the indices in a block; a block that lies
/// about them makes it panic, which is caught here and told as damage.
fn with_block<T>(path: &Path, span: BlobSpan, read: impl FnOnce(&PrimitiveBlock) -> T) -> Result<T, OsmError> {
    let damaged = |why: String| OsmError::Damaged { offset: span.offset, why };
    let bytes = read_span(path, span)?;
    let blob = BlobReader::new(Cursor::new(bytes)).next().ok_or_else(|| damaged("no blob".into()))?;
    let blob = blob.map_err(|e| damaged(e.to_string()))?;
    catch_unwind(AssertUnwindSafe(|| blob.to_primitiveblock().map(|block| read(&block))))
        .map_err(|_| damaged("its contents contradict each other".into()))?
        .map_err(|e| damaged(e.to_string()))
}

/// Text of the string table; damaged UTF-8 is an unknown value, not an error.
pub(super) fn text(table: &[Vec<u8>], i: u32) -> &str {
    table.get(i as usize).and_then(|b| std::str::from_utf8(b).ok()).unwrap_or("")
}

fn read_ways(block: &PrimitiveBlock, rules: StreetRules) -> WayPass {
    let mut pass = WayPass::default();
    let table = block.raw_stringtable();
    let mut tags = Tags::default();
    for group in block.groups() {
        pass.has_nodes |= group.nodes().next().is_some() || group.dense_nodes().next().is_some();
        for way in group.ways() {
            pass.has_ways = true;
            pass.counts.ways += 1;
            tags.refill(way.raw_tags().map(|(k, v)| (text(table, k), text(table, v))));
            let Some(verdict) = classify(&tags, outline(way.raw_refs()), rules) else { continue };
            pass.counts.street_ways += 1;
            match verdict {
                Ok(kept) => {
                    let refs = absolute(way.raw_refs());
                    if refs.len() >= 2 {
                        let class = kept.class;
                        pass.counts.kept_ways += 1;
                        pass.counts.private_ways += u64::from(class.access.has(Access::PRIVATE));
                        if let Some(reason) = kept.closed_on_foot {
                            *pass.counts.closed_on_foot.entry(reason).or_default() += 1;
                        }
                        let class = intern(&mut pass.classes, &mut pass.class_ids, class);
                        pass.ways.push((way.id(), class, refs));
                    }
                }
                Err(reason) => *pass.counts.left_out.entry(reason).or_default() += 1,
            }
        }
        for relation in group.relations() {
            pass.counts.relations += 1;
            tags.refill(relation.raw_tags().map(|(k, v)| (text(table, k), text(table, v))));
            if !tags.is("type", "multipolygon") {
                continue;
            }
            let Some(Ok(kept)) = classify(&tags, Outline::Multipolygon, rules) else { continue };
            let class = kept.class;
            if class.is_area {
                let class = intern(&mut pass.classes, &mut pass.class_ids, class);
                let members = relation
                    .members()
                    .filter(|m| m.member_type == RelMemberType::Way)
                    .map(|m| (m.member_id, text(table, m.role_sid.unsigned_abs()) != "inner"))
                    .collect();
                pass.areas.push(AreaRelation { class, members });
            }
        }
    }
    pass
}

/// Does a way end where it begins? Its references are stored as differences.
fn outline(deltas: &[i64]) -> Outline {
    let way_round = deltas.iter().skip(1).fold(0i64, |sum, d| sum.wrapping_add(*d));
    if deltas.len() > 3 && way_round == 0 { Outline::Ring } else { Outline::Line }
}

/// Way references are stored as differences.
pub(super) fn absolute(deltas: &[i64]) -> Vec<i64> {
    let mut id = 0i64;
    let mut refs: Vec<i64> = deltas
        .iter()
        .map(|d| {
            id = id.wrapping_add(*d);
            id
        })
        .collect();
    refs.dedup();
    refs
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

/// Joins the results of the blobs in file order, so that the outcome does not depend on the number of cores.
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

/// The rings of plaza multipolygons that are not streets themselves.
fn untagged_rings(
    path: &Path,
    data: &[BlobSpan],
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
    let found: Vec<Vec<(i64, Vec<i64>)>> = data
        .par_iter()
        .zip(kinds)
        .filter(|(_, kind)| kind.1 && !wanted.is_empty())
        .map(|(span, _)| {
            with_block(path, *span, |block| {
                block
                    .groups()
                    .flat_map(|g| g.ways().map(|w| (w.id(), absolute(w.raw_refs()))).collect::<Vec<_>>())
                    .filter(|(id, _)| wanted.binary_search(id).is_ok())
                    .collect()
            })
        })
        .collect::<Result<_, OsmError>>()?;
    Ok(found.into_iter().flatten().collect())
}

/// Joins member ways end to end into rings, outer ones first. `None` when a ring stays open or a member is missing.
pub(super) fn close_rings<'a>(
    members: &[(i64, bool)],
    way: impl Fn(i64) -> Option<&'a [i64]>,
) -> Option<Vec<Vec<i64>>> {
    let mut rings = Vec::new();
    for outer in [true, false] {
        let mut open: Vec<Vec<i64>> =
            members.iter().filter(|m| m.1 == outer).map(|m| way(m.0).map(<[i64]>::to_vec)).collect::<Option<_>>()?;
        while let Some(mut ring) = open.pop() {
            while ring.first() != ring.last() {
                let end = *ring.last()?;
                let next = open.iter().position(|w| w.first() == Some(&end) || w.last() == Some(&end))?;
                let mut piece = open.swap_remove(next);
                if piece.first() != Some(&end) {
                    piece.reverse();
                }
                ring.extend_from_slice(piece.get(1..)?);
            }
            ring.pop();
            if ring.len() >= 3 {
                rings.push(ring);
            }
        }
        if outer && rings.len() != 1 {
            // Several outer rings share one set of holes; each is walked around, none across.
            return None;
        }
    }
    Some(rings)
}

#[derive(Default)]
struct NodePass {
    count: u64,
    nodes: Vec<(u32, Fixed)>,
    rules: Vec<(u32, NodeRule)>,
}

fn read_nodes(block: &PrimitiveBlock, wanted: &[i64]) -> NodePass {
    let mut pass = NodePass::default();
    let table = block.raw_stringtable();
    let mut tags = Tags::default();
    for group in block.groups() {
        for node in group.nodes() {
            pass.count += 1;
            tags.refill(node.raw_tags().map(|(k, v)| (text(table, k), text(table, v))));
            pass.keep(wanted, node.id(), node.nano_lon(), node.nano_lat(), &tags);
        }
        for node in group.dense_nodes() {
            pass.count += 1;
            tags.refill(node.raw_tags().map(|(k, v)| (text(table, k.unsigned_abs()), text(table, v.unsigned_abs()))));
            pass.keep(wanted, node.id(), node.nano_lon(), node.nano_lat(), &tags);
        }
    }
    pass
}

impl NodePass {
    fn keep(&mut self, wanted: &[i64], id: i64, nano_lon: i64, nano_lat: i64, tags: &Tags) {
        let Ok(i) = wanted.binary_search(&id) else { return };
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
