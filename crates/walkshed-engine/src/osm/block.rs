//! Decodes the blocks of a PBF file (<https://wiki.openstreetmap.org/wiki/PBF_Format>) with bounded memory.
//!
//! Elements are decoded into reusable buffers, and a block keeps only its bytes and the positions of its strings.

use super::error::BlobError;
use super::protobuf::{MAX_LIST, Reader, Value, push_numbers, zigzag};

/// Maximum number of strings, and of groups, in a block. Editors and tools write blocks of 8,000 elements.
const MAX_PARTS: usize = 1 << 20;
/// Maximum size of a key or value in bytes. OpenStreetMap allows 255 characters; longer ones are ignored.
const MAX_STRING_BYTES: usize = 1024;

/// Returns the features that a decompressed file header declares as required.
///
/// # Errors
/// Returns an error if the header is damaged.
pub fn required_features(header: &[u8]) -> Result<Vec<String>, BlobError> {
    let mut reader = Reader(header);
    let mut found = Vec::new();
    while let Some((field, value)) = reader.field()? {
        if let (4, Value::Bytes(name)) = (field, value) {
            found.push(String::from_utf8_lossy(name).chars().take(60).collect());
            if found.len() > 100 {
                return Err(BlobError::TooMany { what: "required features", limit: 100 });
            }
        }
    }
    Ok(found)
}

/// An element. Its keys and values are indices into the string table.
#[derive(Debug, Clone, Copy)]
pub enum Element<'e, 'b> {
    /// The position is in units of 10^-9 degree; out of range if it overflows.
    Node {
        id: i64,
        lon: i64,
        lat: i64,
        tags: Tagged<'e, 'b>,
    },
    /// The node references are delta-encoded.
    Way {
        id: i64,
        deltas: &'e [i64],
        tags: Tagged<'e, 'b>,
    },
    Relation {
        id: i64,
        members: &'e [Member],
        tags: Tagged<'e, 'b>,
    },
}

/// A member of a relation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    pub id: i64,
    /// The index of its role in the string table.
    pub role: u64,
    pub is_way: bool,
}

/// The tags of an element.
#[derive(Debug, Clone, Copy)]
pub struct Tagged<'e, 'b> {
    block: &'b Block<'b>,
    keys: &'e [u64],
    values: &'e [u64],
}

impl<'e, 'b> Tagged<'e, 'b> {
    /// Iterates over keys and values.
    pub fn iter(&self) -> impl Iterator<Item = (&'b str, &'b str)> + use<'e, 'b> {
        let block = self.block;
        self.keys.iter().zip(self.values).map(move |(key, value)| (block.text(*key), block.text(*value)))
    }

    /// Returns a string of the element's block.
    pub fn text(&self, number: u64) -> &'b str {
        self.block.text(number)
    }
}

/// A block of elements.
#[derive(Debug)]
pub struct Block<'b> {
    strings: Vec<&'b [u8]>,
    groups: Vec<&'b [u8]>,
    granularity: i64,
    lon: i64,
    lat: i64,
}

/// Buffers reused by every element.
#[derive(Debug, Default)]
struct Scratch {
    keys: Vec<u64>,
    values: Vec<u64>,
    deltas: Vec<i64>,
    members: Vec<Member>,
    roles: Vec<u64>,
    types: Vec<u64>,
}

impl Scratch {
    fn clear(&mut self) {
        self.keys.clear();
        self.values.clear();
        self.deltas.clear();
        self.members.clear();
        self.roles.clear();
        self.types.clear();
    }
}

impl<'b> Block<'b> {
    /// Finds the strings and groups of a block.
    ///
    /// # Errors
    /// Returns an error if the block is damaged.
    pub fn new(bytes: &'b [u8]) -> Result<Self, BlobError> {
        let mut block = Self { strings: Vec::new(), groups: Vec::new(), granularity: 100, lon: 0, lat: 0 };
        let mut reader = Reader(bytes);
        while let Some((field, value)) = reader.field()? {
            match (field, value) {
                (1, Value::Bytes(table)) => {
                    let mut table = Reader(table);
                    while let Some((field, value)) = table.field()? {
                        if let (1, Value::Bytes(text)) = (field, value) {
                            block.strings.push(text);
                        }
                        if block.strings.len() > MAX_PARTS {
                            return Err(BlobError::TooMany { what: "strings", limit: MAX_PARTS });
                        }
                    }
                }
                (2, Value::Bytes(group)) => {
                    block.groups.push(group);
                    if block.groups.len() > MAX_PARTS {
                        return Err(BlobError::TooMany { what: "groups", limit: MAX_PARTS });
                    }
                }
                (17, Value::Number(granularity)) => block.granularity = granularity as i64,
                (19, Value::Number(lat)) => block.lat = lat as i64,
                (20, Value::Number(lon)) => block.lon = lon as i64,
                _ => {}
            }
        }
        Ok(block)
    }

    /// Returns a string; "" if it is missing, too long or not UTF-8.
    fn text(&self, number: u64) -> &str {
        let text =
            usize::try_from(number).ok().and_then(|n| self.strings.get(n)).filter(|t| t.len() <= MAX_STRING_BYTES);
        text.and_then(|t| std::str::from_utf8(t).ok()).unwrap_or("")
    }

    fn position(&self, of_block: i64, units: i64) -> i64 {
        self.granularity.checked_mul(units).and_then(|n| n.checked_add(of_block)).unwrap_or(i64::MAX)
    }

    /// Calls a function with every element.
    ///
    /// # Errors
    /// Returns an error if an element is damaged.
    pub fn each(&'b self, mut each: impl FnMut(Element<'_, 'b>)) -> Result<(), BlobError> {
        let mut scratch = Scratch::default();
        for group in &self.groups {
            let mut reader = Reader(group);
            while let Some((field, value)) = reader.field()? {
                match (field, value) {
                    (1, Value::Bytes(bytes)) => self.node(bytes, &mut scratch, &mut each)?,
                    (2, Value::Bytes(bytes)) => self.dense(bytes, &mut scratch, &mut each)?,
                    (3, Value::Bytes(bytes)) => self.way(bytes, &mut scratch, &mut each)?,
                    (4, Value::Bytes(bytes)) => self.relation(bytes, &mut scratch, &mut each)?,
                    _ => {}
                }
            }
        }
        Ok(())
    }

    fn tagged<'e>(&'b self, keys: &'e [u64], values: &'e [u64]) -> Tagged<'e, 'b> {
        Tagged { block: self, keys, values }
    }

    fn node(
        &'b self,
        bytes: &[u8],
        scratch: &mut Scratch,
        each: &mut impl FnMut(Element<'_, 'b>),
    ) -> Result<(), BlobError> {
        scratch.clear();
        let mut reader = Reader(bytes);
        let (mut id, mut lon, mut lat) = (0, 0, 0);
        while let Some((field, value)) = reader.field()? {
            match (field, value) {
                (1, Value::Number(n)) => id = zigzag(n),
                (2, list) => push_numbers(list, &mut scratch.keys, |n| n)?,
                (3, list) => push_numbers(list, &mut scratch.values, |n| n)?,
                (8, Value::Number(n)) => lat = zigzag(n),
                (9, Value::Number(n)) => lon = zigzag(n),
                _ => {}
            }
        }
        let (lon, lat) = (self.position(self.lon, lon), self.position(self.lat, lat));
        each(Element::Node { id, lon, lat, tags: self.tagged(&scratch.keys, &scratch.values) });
        Ok(())
    }

    /// Decodes dense nodes: ids, positions and tags are in separate lists.
    fn dense(
        &'b self,
        bytes: &[u8],
        scratch: &mut Scratch,
        each: &mut impl FnMut(Element<'_, 'b>),
    ) -> Result<(), BlobError> {
        let mut reader = Reader(bytes);
        let mut lists: [Option<Reader<'_>>; 4] = [None; 4];
        while let Some((field, value)) = reader.field()? {
            let list = match field {
                1 => 0,
                8 => 1,
                9 => 2,
                10 => 3,
                _ => continue,
            };
            match value {
                Value::Bytes(packed) if lists[list].is_none() => lists[list] = Some(Reader(packed)),
                // Empty lists may be written this way.
                Value::Bytes([]) => {}
                _ => return Err(BlobError::Malformed("a list of dense nodes is repeated or not packed")),
            }
        }
        let [mut ids, mut lats, mut lons, mut tags] = lists.map(|list| list.unwrap_or(Reader(&[])));
        let (mut id, mut lat, mut lon) = (0i64, 0i64, 0i64);
        while !ids.0.is_empty() {
            let mut next = || Some([ids.varint()?, lats.varint()?, lons.varint()?].map(zigzag));
            let [d_id, d_lat, d_lon] = next().ok_or(BlobError::Malformed("it has fewer positions than nodes"))?;
            id = id.wrapping_add(d_id);
            (lat, lon) = (lat.wrapping_add(d_lat), lon.wrapping_add(d_lon));
            scratch.clear();
            // A zero ends the tags of a node.
            while !tags.0.is_empty() {
                let truncated = BlobError::Truncated("the list of tags of dense nodes");
                let key = tags.varint().ok_or_else(|| truncated.clone())?;
                if key == 0 {
                    break;
                }
                scratch.keys.push(key);
                scratch.values.push(tags.varint().ok_or_else(|| truncated.clone())?);
                if scratch.keys.len() > MAX_LIST {
                    return Err(BlobError::TooMany { what: "tags of a node", limit: MAX_LIST });
                }
            }
            let (lon, lat) = (self.position(self.lon, lon), self.position(self.lat, lat));
            each(Element::Node { id, lon, lat, tags: self.tagged(&scratch.keys, &scratch.values) });
        }
        Ok(())
    }

    fn way(
        &'b self,
        bytes: &[u8],
        scratch: &mut Scratch,
        each: &mut impl FnMut(Element<'_, 'b>),
    ) -> Result<(), BlobError> {
        scratch.clear();
        let mut reader = Reader(bytes);
        let mut id = 0;
        while let Some((field, value)) = reader.field()? {
            match (field, value) {
                (1, Value::Number(n)) => id = n as i64,
                (2, list) => push_numbers(list, &mut scratch.keys, |n| n)?,
                (3, list) => push_numbers(list, &mut scratch.values, |n| n)?,
                (8, list) => push_numbers(list, &mut scratch.deltas, zigzag)?,
                _ => {}
            }
        }
        each(Element::Way { id, deltas: &scratch.deltas, tags: self.tagged(&scratch.keys, &scratch.values) });
        Ok(())
    }

    fn relation(
        &'b self,
        bytes: &[u8],
        scratch: &mut Scratch,
        each: &mut impl FnMut(Element<'_, 'b>),
    ) -> Result<(), BlobError> {
        scratch.clear();
        let mut reader = Reader(bytes);
        let mut id = 0;
        while let Some((field, value)) = reader.field()? {
            match (field, value) {
                (1, Value::Number(n)) => id = n as i64,
                (2, list) => push_numbers(list, &mut scratch.keys, |n| n)?,
                (3, list) => push_numbers(list, &mut scratch.values, |n| n)?,
                (8, list) => push_numbers(list, &mut scratch.roles, |n| n)?,
                (9, list) => push_numbers(list, &mut scratch.deltas, zigzag)?,
                (10, list) => push_numbers(list, &mut scratch.types, |n| n)?,
                _ => {}
            }
        }
        let mut member = 0i64;
        let Scratch { members, deltas, roles, types, .. } = &mut *scratch;
        members.extend(deltas.iter().zip(roles.iter()).zip(types.iter()).map(|((delta, role), kind)| {
            member = member.wrapping_add(*delta);
            Member { id: member, role: *role, is_way: *kind == 1 }
        }));
        let tags = self.tagged(&scratch.keys, &scratch.values);
        each(Element::Relation { id, members: &scratch.members, tags });
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Encodes a length-delimited field.
    pub(in crate::osm) fn bytes(field: u8, content: &[u8]) -> Vec<u8> {
        let mut out = vec![field << 3 | 2];
        let mut len = content.len();
        while len >= 0x80 {
            out.push(len as u8 | 0x80);
            len >>= 7;
        }
        out.push(len as u8);
        out.extend_from_slice(content);
        out
    }

    #[test]
    fn bounds_lists_and_counts() {
        let way = |refs: usize| bytes(2, &bytes(3, &bytes(8, &vec![2; refs])));
        for (refs, fits) in [(MAX_LIST, true), (MAX_LIST + 1, false)] {
            let block = way(refs);
            let mut seen = 0;
            let read = Block::new(&block).unwrap().each(|e| {
                if let Element::Way { deltas, .. } = e {
                    seen = deltas.len();
                }
            });
            assert_eq!((read.is_ok(), seen), (fits, if fits { refs } else { 0 }));
        }
        assert!(Block::new(&bytes(1, &[0x0a, 0].repeat(MAX_PARTS + 1))).unwrap_err().to_string().contains("strings"));
        // Dense nodes with fewer positions than ids, and tags that end early.
        for dense in [
            [bytes(1, &[2, 2]), bytes(8, &[2])].concat(),
            [bytes(1, &[2]), bytes(8, &[2]), bytes(9, &[2]), bytes(10, &[1])].concat(),
        ] {
            let block = bytes(2, &bytes(2, &dense));
            assert!(Block::new(&block).unwrap().each(|_| {}).is_err());
        }
    }
}
