//! Writes the streets as an OpenStreetMap extract (<https://wiki.openstreetmap.org/wiki/PBF_Format>): dense nodes and
//! ways, sorted by type and id, compressed with zlib.

use super::streets::builder::Way;
use super::streets::network::Streets;
use super::streets::tags::NodeTag;
use flate2::{Compression, write::ZlibEncoder};
use rayon::prelude::*;
use std::collections::{BTreeMap, HashMap};
use std::io::{self, Write};
use walkshed_engine::geo::Fixed;

/// Elements per block, as recommended by the format.
const BLOCK: usize = 8000;

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

const fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

fn bytes(out: &mut Vec<u8>, field: u64, content: &[u8]) {
    varint(out, field << 3 | 2);
    varint(out, content.len() as u64);
    out.extend_from_slice(content);
}

fn number(out: &mut Vec<u8>, field: u64, value: u64) {
    varint(out, field << 3);
    varint(out, value);
}

fn deltas(values: impl Iterator<Item = i64>) -> Vec<u8> {
    let (mut out, mut before) = (Vec::new(), 0);
    for value in values {
        varint(&mut out, zigzag(value - before));
        before = value;
    }
    out
}

fn blob(kind: &str, content: &[u8]) -> io::Result<Vec<u8>> {
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
    zlib.write_all(content)?;
    let mut body = Vec::new();
    number(&mut body, 2, content.len() as u64);
    bytes(&mut body, 3, &zlib.finish()?);
    let mut header = Vec::new();
    bytes(&mut header, 1, kind.as_bytes());
    number(&mut header, 3, body.len() as u64);
    let mut out = (header.len() as u32).to_be_bytes().to_vec();
    out.extend(header);
    out.extend(body);
    Ok(out)
}

fn header(nodes: &[Fixed], source: &str) -> Vec<u8> {
    let nano = |v: i32| zigzag(i64::from(v) * 100);
    let ends = |f: fn(&Fixed) -> i32| {
        let all = nodes.iter().map(f);
        (all.clone().min().unwrap_or_default(), all.max().unwrap_or_default())
    };
    let ((left, right), (bottom, top)) = (ends(|n| n.x), ends(|n| n.y));
    let mut bbox = Vec::new();
    for (field, value) in [(1, left), (2, right), (3, top), (4, bottom)] {
        number(&mut bbox, field, nano(value));
    }
    let mut out = Vec::new();
    bytes(&mut out, 1, &bbox);
    for feature in ["OsmSchema-V0.6", "DenseNodes"] {
        bytes(&mut out, 4, feature.as_bytes());
    }
    bytes(&mut out, 5, b"Sort.Type_then_ID");
    bytes(&mut out, 16, crate::mark::WRITER.as_bytes());
    bytes(&mut out, 17, source.as_bytes());
    out
}

/// Ids of nodes and ways are their indices plus one.
const fn id(place: usize) -> i64 {
    place as i64 + 1
}

/// The string table of a block. Entry 0 is empty, as the format requires.
#[derive(Default)]
struct Strings<'a> {
    list: Vec<&'a str>,
    indices: HashMap<&'a str, u64>,
}

impl<'a> Strings<'a> {
    fn index(&mut self, s: &'a str) -> u64 {
        let next = self.list.len() as u64 + 1;
        *self.indices.entry(s).or_insert_with(|| {
            self.list.push(s);
            next
        })
    }
}

fn nodes_block(first: usize, nodes: &[Fixed], node_tags: &BTreeMap<u32, NodeTag>) -> Vec<u8> {
    let mut dense = Vec::new();
    bytes(&mut dense, 1, &deltas((first..first + nodes.len()).map(id)));
    bytes(&mut dense, 8, &deltas(nodes.iter().map(|n| i64::from(n.y))));
    bytes(&mut dense, 9, &deltas(nodes.iter().map(|n| i64::from(n.x))));
    let mut strings = Strings::default();
    // Keys and values of each node, then 0. The field is omitted if no node has tags.
    let mut tags = Vec::new();
    if node_tags.range(first as u32..(first + nodes.len()) as u32).next().is_some() {
        for place in first..first + nodes.len() {
            for (key, value) in node_tags.get(&(place as u32)).into_iter().flat_map(|mark| mark.tags()) {
                varint(&mut tags, strings.index(key));
                varint(&mut tags, strings.index(value));
            }
            varint(&mut tags, 0);
        }
        bytes(&mut dense, 10, &tags);
    }
    let mut group = Vec::new();
    bytes(&mut group, 2, &dense);
    block(&strings.list, &group)
}

fn block(strings: &[&str], group: &[u8]) -> Vec<u8> {
    let mut table = Vec::new();
    for s in [""].iter().chain(strings) {
        bytes(&mut table, 1, s.as_bytes());
    }
    let mut out = Vec::new();
    bytes(&mut out, 1, &table);
    bytes(&mut out, 2, group);
    out
}

fn ways_block(first: usize, ways: &[Way], names: &[String]) -> Vec<u8> {
    let mut strings = Strings::default();
    let mut group = Vec::new();
    for (place, way) in (first..).zip(ways) {
        let (mut keys, mut values) = (Vec::new(), Vec::new());
        let tags = way.class.tags().iter().chain(way.placement.tags()).chain(way.class.tags_in(way.placement)).copied();
        let access = way.is_private.then_some(("access", "private"));
        let name = way.name.map(|n| ("name", names[n as usize].as_str()));
        for (key, value) in tags.chain(access).chain(name).chain([("source", crate::mark::MARK)]) {
            varint(&mut keys, strings.index(key));
            varint(&mut values, strings.index(value));
        }
        let mut out = Vec::new();
        number(&mut out, 1, id(place) as u64);
        bytes(&mut out, 2, &keys);
        bytes(&mut out, 3, &values);
        bytes(&mut out, 8, &deltas(way.nodes.iter().map(|&n| id(n as usize))));
        bytes(&mut group, 3, &out);
    }
    block(&strings.list, &group)
}

/// Writes the extract.
///
/// # Errors
/// Returns the error of the writer.
pub fn write(streets: &Streets, source: &str, out: &mut impl Write) -> io::Result<()> {
    out.write_all(&blob("OSMHeader", &header(&streets.nodes, source))?)?;
    let starts = |n: usize| (0..n).step_by(BLOCK).collect::<Vec<_>>();
    let nodes = starts(streets.nodes.len()).into_par_iter().map(|first| {
        let part = &streets.nodes[first..(first + BLOCK).min(streets.nodes.len())];
        blob("OSMData", &nodes_block(first, part, &streets.node_tags))
    });
    let ways = starts(streets.ways.len()).into_par_iter().map(|first| {
        let part = &streets.ways[first..(first + BLOCK).min(streets.ways.len())];
        blob("OSMData", &ways_block(first, part, &streets.names))
    });
    for part in nodes.collect::<Vec<_>>().into_iter().chain(ways.collect::<Vec<_>>()) {
        out.write_all(&part?)?;
    }
    Ok(())
}
