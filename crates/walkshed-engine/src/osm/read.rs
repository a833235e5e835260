//! Reading a `.osm.pbf` in two streaming passes on all cores: first the ways people can use and the plazas, then the
//! nodes these refer to. Memory is in proportion to what is kept. A third look at the way blobs happens only when a
//! plaza is a multipolygon whose rings are ways without tags of their own.

use super::barrier::{NodeRule, node_rule};
use super::block::{Block, Element, Unpacked, after_header, required_features, unpack};
use super::framing::{BlobKind, BlobSpan, FramingError, blob_spans};
use super::tags::Tags;
use super::way::{LeftOut, Outline, StreetRules, WayClass, classify};
use crate::access::Access;
use crate::geo::Fixed;
use rayon::prelude::*;
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

/// Member ways of a plaza at most; it is not taken with more.
const MOST_MEMBERS: usize = 10_000;
/// Nodes of the rings of all plazas that are relations, for each node of a way in the file: ways are seldom in more than two.
const RING_NODES: usize = 4;

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
    file.unpacked.renew();
    let extra = untagged_rings(&file, &kinds, &merged.ways, &relations)?;
    file.unpacked.renew();

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
    let mut ring_nodes = all_refs.saturating_mul(RING_NODES);
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

/// The blobs of a file, and what they may still unpack to.
pub(super) struct Blobs<'p> {
    path: &'p Path,
    size: u64,
    data: Vec<BlobSpan>,
    unpacked: Unpacked,
}

impl<'p> Blobs<'p> {
    /// Finds the blobs, and looks whether the file can be read.
    ///
    /// # Errors
    /// [`OsmError`] for a file that is not a whole, readable PBF.
    pub(super) fn open(path: &'p Path) -> Result<Self, OsmError> {
        let spans = blob_spans(path)?;
        let size = spans.iter().map(|s| s.len as u64).sum();
        let data = spans.iter().copied().filter(|s| s.kind == BlobKind::Data).collect();
        let blobs = Self { path, size, data, unpacked: Unpacked::of(size) };
        for span in spans.iter().filter(|s| s.kind == BlobKind::Header) {
            let damaged = |why| OsmError::Damaged { offset: span.offset, why };
            let features = required_features(&blobs.bytes(*span)?).map_err(damaged)?;
            if let Some(unknown) = features.into_iter().find(|f| !matches!(f.as_str(), "OsmSchema-V0.6" | "DenseNodes"))
            {
                return Err(OsmError::Feature(unknown));
            }
        }
        Ok(blobs)
    }

    /// Bytes of the file.
    pub(super) const fn size(&self) -> u64 {
        self.size
    }

    fn bytes(&self, span: BlobSpan) -> Result<Vec<u8>, OsmError> {
        let damaged = |why: String| OsmError::Damaged { offset: span.offset, why };
        let bytes = read_span(self.path, span)?;
        let blob = after_header(&bytes).ok_or_else(|| damaged("no blob".into()))?;
        unpack(blob, &self.unpacked).map_err(damaged)
    }

    /// Unpacks one blob and hands its block to `read`.
    fn with_block<T>(&self, span: BlobSpan, read: impl FnOnce(&Block<'_>) -> Result<T, String>) -> Result<T, OsmError> {
        let damaged = |why: String| OsmError::Damaged { offset: span.offset, why };
        let bytes = self.bytes(span)?;
        Block::new(&bytes).and_then(|block| read(&block)).map_err(damaged)
    }

    /// Reads every block of map data on all cores; the results come in the order of the file.
    ///
    /// # Errors
    /// [`OsmError`] for a file that is not a whole, readable PBF.
    pub(super) fn with_blocks<T: Send>(
        &self,
        read: impl Fn(&Block<'_>) -> Result<T, String> + Sync,
    ) -> Result<Vec<T>, OsmError> {
        self.unpacked.renew();
        self.data.par_iter().map(|span| self.with_block(*span, &read)).collect()
    }
}

fn read_span(path: &Path, span: BlobSpan) -> Result<Vec<u8>, FramingError> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(span.offset))?;
    let mut bytes = vec![0; span.len];
    file.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn read_ways(block: &Block<'_>, rules: StreetRules) -> Result<WayPass, String> {
    let mut pass = WayPass::default();
    let mut tags = Tags::default();
    block.each(|element| match element {
        Element::Node { .. } => pass.has_nodes = true,
        Element::Way { id, deltas, tags: raw } => {
            pass.has_ways = true;
            pass.counts.ways += 1;
            tags.refill(raw.iter());
            let Some(verdict) = classify(&tags, outline(deltas), rules) else { return };
            pass.counts.street_ways += 1;
            match verdict {
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
    refs.shrink_to_fit();
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

/// The nodes of wanted ways, whose ids are sorted.
pub(super) fn ways_of(block: &Block<'_>, wanted: &[i64]) -> Result<Vec<(i64, Vec<i64>)>, String> {
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

/// Joins member ways end to end into rings, outer ones first. `None` when a ring stays open, a member is missing, there are too
/// many, or their nodes are more than `room`, from which they are taken.
pub(super) fn close_rings<'a>(
    members: &[(i64, bool)],
    way: impl Fn(i64) -> Option<&'a [i64]>,
    room: &mut usize,
) -> Option<Vec<Vec<i64>>> {
    if members.len() > MOST_MEMBERS {
        return None;
    }
    let mut rings = Vec::new();
    for outer in [true, false] {
        let ways: Vec<&[i64]> = members.iter().filter(|m| m.1 == outer).map(|m| way(m.0)).collect::<Option<_>>()?;
        *room = room.checked_sub(ways.iter().map(|w| w.len()).sum())?;
        let mut at_end: HashMap<i64, Vec<usize>> = HashMap::new();
        for (i, way) in ways.iter().enumerate().rev() {
            for end in [way.first(), way.last()].into_iter().flatten() {
                at_end.entry(*end).or_default().push(i);
            }
        }
        let mut used = vec![false; ways.len()];
        for last in (0..ways.len()).rev() {
            if std::mem::replace(&mut used[last], true) {
                continue;
            }
            let mut ring = ways[last].to_vec();
            while ring.first() != ring.last() {
                let end = *ring.last()?;
                let here = at_end.get_mut(&end)?;
                let next = loop {
                    let next = here.pop()?;
                    if !std::mem::replace(&mut used[next], true) {
                        break next;
                    }
                };
                let piece = ways[next].iter();
                if ways[next].first() == Some(&end) {
                    ring.extend(piece.skip(1));
                } else {
                    ring.extend(piece.rev().skip(1));
                }
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

fn read_nodes(block: &Block<'_>, wanted: &[i64]) -> Result<NodePass, String> {
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
