//! A minimal writer of OpenStreetMap PBF for test extracts: plain nodes, ways and relations, without compression.

use std::collections::HashMap;
use std::path::Path;
use walkshed_engine::geo::Fixed;

#[derive(Default)]
pub struct Extract {
    strings: Vec<String>,
    numbers: HashMap<String, u32>,
    nodes: Vec<u8>,
    ways: Vec<u8>,
    relations: Vec<u8>,
}

type Tag<'a> = (&'a str, &'a str);

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

fn field(out: &mut Vec<u8>, number: u64, bytes: &[u8]) {
    varint(out, number << 3 | 2);
    varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

fn number(out: &mut Vec<u8>, field: u64, value: u64) {
    varint(out, field << 3);
    varint(out, value);
}

fn packed(values: impl IntoIterator<Item = u64>) -> Vec<u8> {
    let mut out = Vec::new();
    values.into_iter().for_each(|v| varint(&mut out, v));
    out
}

fn deltas(ids: &[i64]) -> Vec<u8> {
    let mut before = 0;
    packed(ids.iter().map(|&id| {
        let d = zigzag(id - before);
        before = id;
        d
    }))
}

impl Extract {
    pub fn new() -> Self {
        Self { strings: vec![String::new()], ..Self::default() }
    }

    fn string(&mut self, s: &str) -> u64 {
        let next = self.strings.len() as u32;
        let strings = &mut self.strings;
        u64::from(*self.numbers.entry(s.to_owned()).or_insert_with(|| {
            strings.push(s.to_owned());
            next
        }))
    }

    fn tags(&mut self, out: &mut Vec<u8>, tags: &[Tag]) {
        let keys: Vec<u64> = tags.iter().map(|t| self.string(t.0)).collect();
        let values: Vec<u64> = tags.iter().map(|t| self.string(t.1)).collect();
        field(out, 2, &packed(keys));
        field(out, 3, &packed(values));
    }

    /// Adds a node `x` metres east and `y` metres north of the centre of generated cities.
    pub fn node(&mut self, id: i64, x: f64, y: f64, tags: &[Tag]) -> &mut Self {
        self.node_at(id, super::at(x, y), tags)
    }

    /// Adds a node at a position.
    pub fn node_at(&mut self, id: i64, p: Fixed, tags: &[Tag]) -> &mut Self {
        let mut out = Vec::new();
        number(&mut out, 1, zigzag(id));
        self.tags(&mut out, tags);
        number(&mut out, 8, zigzag(i64::from(p.y)));
        number(&mut out, 9, zigzag(i64::from(p.x)));
        field(&mut self.nodes, 1, &out);
        self
    }

    pub fn way(&mut self, id: i64, refs: &[i64], tags: &[Tag]) -> &mut Self {
        let mut out = Vec::new();
        number(&mut out, 1, id as u64);
        self.tags(&mut out, tags);
        field(&mut out, 8, &deltas(refs));
        field(&mut self.ways, 3, &out);
        self
    }

    /// Adds a relation of ways with their roles.
    pub fn relation(&mut self, id: i64, members: &[(i64, &str)], tags: &[Tag]) -> &mut Self {
        let mut out = Vec::new();
        number(&mut out, 1, id as u64);
        self.tags(&mut out, tags);
        let roles: Vec<u64> = members.iter().map(|m| self.string(m.1)).collect();
        field(&mut out, 8, &packed(roles));
        field(&mut out, 9, &deltas(&members.iter().map(|m| m.0).collect::<Vec<_>>()));
        field(&mut out, 10, &packed(members.iter().map(|_| 1)));
        field(&mut self.relations, 4, &out);
        self
    }

    pub fn bytes(&self) -> Vec<u8> {
        let mut table = Vec::new();
        self.strings.iter().for_each(|s| field(&mut table, 1, s.as_bytes()));
        let mut block = Vec::new();
        field(&mut block, 1, &table);
        for group in [&self.nodes, &self.ways, &self.relations] {
            field(&mut block, 2, group);
        }
        let mut header = Vec::new();
        field(&mut header, 4, b"OsmSchema-V0.6");
        let mut out = Vec::new();
        for (kind, content) in [("OSMHeader", header), ("OSMData", block)] {
            let mut blob = Vec::new();
            field(&mut blob, 1, &content);
            number(&mut blob, 2, content.len() as u64);
            let mut head = Vec::new();
            field(&mut head, 1, kind.as_bytes());
            number(&mut head, 3, blob.len() as u64);
            out.extend_from_slice(&(head.len() as u32).to_be_bytes());
            out.extend(head);
            out.extend(blob);
        }
        out
    }

    pub fn write(&self, path: &Path) {
        std::fs::write(path, self.bytes()).unwrap();
    }
}
