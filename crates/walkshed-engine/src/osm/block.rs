//! The blocks of a PBF file (<https://wiki.openstreetmap.org/wiki/PBF_Format>): unpacked within limits, and read in place.
//!
//! A few bytes of protobuf can stand for many of memory where every element becomes an object of its own, and a few bytes of
//! zlib for a thousand times as many. So an element is decoded into lists that the next one uses again, nothing is kept of a
//! block but its bytes and where its texts stand, and what all blobs together unpack to is counted.

use flate2::read::ZlibDecoder;
use std::io::Read;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Bytes of one block, unpacked: a limit of the format itself.
const MAX_BLOCK: usize = 32 << 20;
/// All blocks together may unpack to so many times the size of the file (real extracts: 2 to 5 times), and so much more.
const RATIO: u64 = 12;
const UNPACKED_MORE: u64 = 2 << 20;
/// Texts and groups of one block; editors and tools make blocks of 8,000 elements.
const MAX_PARTS: usize = 1 << 20;
/// Tags, nodes or members of one element; the largest of OpenStreetMap have some 32,000.
const MAX_LIST: usize = 1 << 18;
/// Bytes of a key or value, which have 255 characters at most. Longer ones are unknown.
const MAX_TEXT: usize = 1024;

/// What all blobs of a file may unpack to.
#[derive(Debug)]
pub struct Unpacked {
    most: u64,
    left: AtomicU64,
}

impl Unpacked {
    /// For a file of so many bytes.
    pub const fn of(size: u64) -> Self {
        let most = size.saturating_mul(RATIO).saturating_add(UNPACKED_MORE);
        Self { most, left: AtomicU64::new(most) }
    }

    /// Begins to count anew: one pass over the file has ended, and nothing of its blocks is held.
    pub fn renew(&self) {
        self.left.store(self.most, Relaxed);
    }

    /// Bytes that one block may still unpack to.
    fn most_of_block(&self) -> usize {
        usize::try_from(self.left.load(Relaxed)).unwrap_or(usize::MAX).min(MAX_BLOCK)
    }

    /// Takes some of it.
    ///
    /// # Errors
    /// When it is used up.
    pub fn take(&self, bytes: u64) -> Result<(), String> {
        let taken = self.left.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(bytes));
        taken.map(|_| ()).map_err(|_| format!("the file unpacks to more than {RATIO} times its size"))
    }
}

/// A place in protobuf.
#[derive(Debug, Clone, Copy)]
struct Wire<'b>(&'b [u8]);

/// A value of protobuf.
#[derive(Debug, Clone, Copy)]
enum Value<'b> {
    Number(u64),
    Bytes(&'b [u8]),
    Other,
}

impl<'b> Wire<'b> {
    fn varint(&mut self) -> Option<u64> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let (&byte, rest) = self.0.split_first()?;
            self.0 = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    /// The next field: its number and value. `Ok(None)` at the end.
    fn field(&mut self) -> Result<Option<(u64, Value<'b>)>, String> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let read = |wire: &mut Self| {
            let key = wire.varint()?;
            let bytes = |wire: &mut Self, len: usize| {
                let (value, rest) = wire.0.split_at_checked(len)?;
                wire.0 = rest;
                Some(value)
            };
            let value = match key & 7 {
                0 => Value::Number(wire.varint()?),
                1 => bytes(wire, 8).map(|_| Value::Other)?,
                2 => {
                    let len = usize::try_from(wire.varint()?).ok()?;
                    Value::Bytes(bytes(wire, len)?)
                }
                5 => bytes(wire, 4).map(|_| Value::Other)?,
                _ => return None,
            };
            Some((key >> 3, value))
        };
        read(self).map(Some).ok_or_else(|| "a field of it is cut off".to_owned())
    }
}

const fn zigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

/// Unpacks a blob: the message after its header.
///
/// # Errors
/// A sentence, where it is damaged, packed in another way, or too large.
pub fn unpack(blob: &[u8], unpacked: &Unpacked) -> Result<Vec<u8>, String> {
    let mut wire = Wire(blob);
    let (mut raw, mut zlib, mut declared, mut other) = (None, None, None, false);
    while let Some((field, value)) = wire.field()? {
        match (field, value) {
            (1, Value::Bytes(bytes)) => raw = Some(bytes),
            (2, Value::Number(size)) => declared = Some(size),
            (3, Value::Bytes(bytes)) => zlib = Some(bytes),
            (4..=7, Value::Bytes(_)) => other = true,
            _ => {}
        }
    }
    if let Some(raw) = raw {
        unpacked.take(raw.len() as u64)?;
        return Ok(raw.to_vec());
    }
    let Some(zlib) = zlib else {
        return Err(if other { "it is packed otherwise than by zlib" } else { "it holds nothing" }.to_owned());
    };
    let too_large = || format!("it unpacks to more than {} MiB", MAX_BLOCK >> 20);
    // What a blob says of its size is believed only as far as zlib could have packed it.
    let said = usize::try_from(declared.unwrap_or(0)).unwrap_or(usize::MAX);
    if said > MAX_BLOCK {
        return Err(too_large());
    }
    let most = unpacked.most_of_block();
    let mut bytes = Vec::with_capacity(said.min(zlib.len().saturating_mul(1040)).min(most));
    let read = ZlibDecoder::new(zlib).take(most as u64 + 1).read_to_end(&mut bytes);
    read.map_err(|e| format!("zlib: {e}"))?;
    if bytes.len() > MAX_BLOCK {
        return Err(too_large());
    }
    unpacked.take(bytes.len() as u64)?;
    Ok(bytes)
}

/// The blob of a span: what comes after the length of its header and its header.
pub fn after_header(span: &[u8]) -> Option<&[u8]> {
    let header = usize::try_from(u32::from_be_bytes(span.get(..4)?.try_into().ok()?)).ok()?;
    span.get(4..)?.get(header..)
}

/// The features that an unpacked header says are needed to read the file.
///
/// # Errors
/// A sentence, where it is damaged.
pub fn required_features(header: &[u8]) -> Result<Vec<String>, String> {
    let mut wire = Wire(header);
    let mut found = Vec::new();
    while let Some((field, value)) = wire.field()? {
        if let (4, Value::Bytes(name)) = (field, value) {
            found.push(String::from_utf8_lossy(name).chars().take(60).collect());
            if found.len() > 100 {
                return Err("it needs more than 100 features".to_owned());
            }
        }
    }
    Ok(found)
}

/// An element; its keys and values are numbers of texts.
#[derive(Debug, Clone, Copy)]
pub enum Element<'e, 'b> {
    /// Its position in thousand-millionths of a degree; out of range where it overflows.
    Node {
        id: i64,
        lon: i64,
        lat: i64,
        tags: Tagged<'e, 'b>,
    },
    /// Its nodes are stored as differences.
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
    /// Number of its role.
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
    /// Keys and values.
    pub fn iter(&self) -> impl Iterator<Item = (&'b str, &'b str)> + use<'e, 'b> {
        let block = self.block;
        self.keys.iter().zip(self.values).map(move |(key, value)| (block.text(*key), block.text(*value)))
    }

    /// A text of the block the element is in.
    pub fn text(&self, number: u64) -> &'b str {
        self.block.text(number)
    }
}

/// A block of elements.
#[derive(Debug)]
pub struct Block<'b> {
    texts: Vec<&'b [u8]>,
    groups: Vec<&'b [u8]>,
    granularity: i64,
    lon: i64,
    lat: i64,
}

/// Lists that every element uses again.
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

/// Adds the numbers of a packed field, or the one of a field that is not.
fn numbers<T>(value: Value<'_>, into: &mut Vec<T>, read: impl Fn(u64) -> T) -> Result<(), String> {
    let mut wire = match value {
        Value::Number(one) => {
            into.push(read(one));
            Wire(&[])
        }
        Value::Bytes(packed) => Wire(packed),
        Value::Other => return Err("a list of it is none of numbers".to_owned()),
    };
    while !wire.0.is_empty() {
        into.push(read(wire.varint().ok_or("a list of it is cut off")?));
        if into.len() > MAX_LIST {
            return Err(format!("an element has more than {MAX_LIST} tags, nodes or members"));
        }
    }
    Ok(())
}

impl<'b> Block<'b> {
    /// Finds its texts and groups.
    ///
    /// # Errors
    /// A sentence, where it is damaged.
    pub fn new(bytes: &'b [u8]) -> Result<Self, String> {
        let mut block = Self { texts: Vec::new(), groups: Vec::new(), granularity: 100, lon: 0, lat: 0 };
        let mut wire = Wire(bytes);
        while let Some((field, value)) = wire.field()? {
            match (field, value) {
                (1, Value::Bytes(table)) => {
                    let mut table = Wire(table);
                    while let Some((field, value)) = table.field()? {
                        if let (1, Value::Bytes(text)) = (field, value) {
                            block.texts.push(text);
                        }
                        if block.texts.len() > MAX_PARTS {
                            return Err(format!("it has more than {MAX_PARTS} texts"));
                        }
                    }
                }
                (2, Value::Bytes(group)) => {
                    block.groups.push(group);
                    if block.groups.len() > MAX_PARTS {
                        return Err(format!("it has more than {MAX_PARTS} groups"));
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

    /// One of its texts; "" where it is not there, too long or no UTF-8.
    fn text(&self, number: u64) -> &str {
        let text = usize::try_from(number).ok().and_then(|n| self.texts.get(n)).filter(|t| t.len() <= MAX_TEXT);
        text.and_then(|t| std::str::from_utf8(t).ok()).unwrap_or("")
    }

    fn position(&self, of_block: i64, units: i64) -> i64 {
        self.granularity.checked_mul(units).and_then(|n| n.checked_add(of_block)).unwrap_or(i64::MAX)
    }

    /// Calls a function with every element.
    ///
    /// # Errors
    /// A sentence, where an element is damaged.
    pub fn each(&'b self, mut each: impl FnMut(Element<'_, 'b>)) -> Result<(), String> {
        let mut scratch = Scratch::default();
        for group in &self.groups {
            let mut wire = Wire(group);
            while let Some((field, value)) = wire.field()? {
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
    ) -> Result<(), String> {
        scratch.clear();
        let mut wire = Wire(bytes);
        let (mut id, mut lon, mut lat) = (0, 0, 0);
        while let Some((field, value)) = wire.field()? {
            match (field, value) {
                (1, Value::Number(n)) => id = zigzag(n),
                (2, list) => numbers(list, &mut scratch.keys, |n| n)?,
                (3, list) => numbers(list, &mut scratch.values, |n| n)?,
                (8, Value::Number(n)) => lat = zigzag(n),
                (9, Value::Number(n)) => lon = zigzag(n),
                _ => {}
            }
        }
        let (lon, lat) = (self.position(self.lon, lon), self.position(self.lat, lat));
        each(Element::Node { id, lon, lat, tags: self.tagged(&scratch.keys, &scratch.values) });
        Ok(())
    }

    /// Nodes whose ids, positions and tags stand in lists of their own.
    fn dense(
        &'b self,
        bytes: &[u8],
        scratch: &mut Scratch,
        each: &mut impl FnMut(Element<'_, 'b>),
    ) -> Result<(), String> {
        let mut wire = Wire(bytes);
        let mut lists: [Option<Wire<'_>>; 4] = [None; 4];
        while let Some((field, value)) = wire.field()? {
            let list = match field {
                1 => 0,
                8 => 1,
                9 => 2,
                10 => 3,
                _ => continue,
            };
            match value {
                Value::Bytes(packed) if lists[list].is_none() => lists[list] = Some(Wire(packed)),
                // Empty lists may be written so.
                Value::Bytes([]) => {}
                _ => return Err("a list of its nodes is not written as one".to_owned()),
            }
        }
        let [mut ids, mut lats, mut lons, mut tags] = lists.map(|list| list.unwrap_or(Wire(&[])));
        let (mut id, mut lat, mut lon) = (0i64, 0i64, 0i64);
        while !ids.0.is_empty() {
            let mut next = || Some([ids.varint()?, lats.varint()?, lons.varint()?].map(zigzag));
            let [d_id, d_lat, d_lon] = next().ok_or("it has fewer positions than nodes")?;
            id = id.wrapping_add(d_id);
            (lat, lon) = (lat.wrapping_add(d_lat), lon.wrapping_add(d_lon));
            scratch.clear();
            // A zero ends the tags of a node.
            while !tags.0.is_empty() {
                let cut_off = "the tags of its nodes are cut off";
                let key = tags.varint().ok_or(cut_off)?;
                if key == 0 {
                    break;
                }
                scratch.keys.push(key);
                scratch.values.push(tags.varint().ok_or(cut_off)?);
                if scratch.keys.len() > MAX_LIST {
                    return Err(format!("a node has more than {MAX_LIST} tags"));
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
    ) -> Result<(), String> {
        scratch.clear();
        let mut wire = Wire(bytes);
        let mut id = 0;
        while let Some((field, value)) = wire.field()? {
            match (field, value) {
                (1, Value::Number(n)) => id = n as i64,
                (2, list) => numbers(list, &mut scratch.keys, |n| n)?,
                (3, list) => numbers(list, &mut scratch.values, |n| n)?,
                (8, list) => numbers(list, &mut scratch.deltas, zigzag)?,
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
    ) -> Result<(), String> {
        scratch.clear();
        let mut wire = Wire(bytes);
        let mut id = 0;
        while let Some((field, value)) = wire.field()? {
            match (field, value) {
                (1, Value::Number(n)) => id = n as i64,
                (2, list) => numbers(list, &mut scratch.keys, |n| n)?,
                (3, list) => numbers(list, &mut scratch.values, |n| n)?,
                (8, list) => numbers(list, &mut scratch.roles, |n| n)?,
                (9, list) => numbers(list, &mut scratch.deltas, zigzag)?,
                (10, list) => numbers(list, &mut scratch.types, |n| n)?,
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
mod tests {
    use super::*;
    use flate2::{Compression, write::ZlibEncoder};
    use std::io::Write;

    fn bytes(field: u8, content: &[u8]) -> Vec<u8> {
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

    fn packed(content: &[u8]) -> Vec<u8> {
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::best());
        zlib.write_all(content).unwrap();
        bytes(3, &zlib.finish().unwrap())
    }

    #[test]
    fn blobs_unpack_within_their_limits() {
        let of = |blob: &[u8], unpacked: &Unpacked| unpack(blob, unpacked);
        let small = Unpacked { most: 10_000, left: AtomicU64::new(10_000) };
        assert_eq!(of(&packed(&[7; 9000]), &small).unwrap(), [7; 9000]);
        // The limit is one for all blobs.
        assert!(of(&packed(&[7; 9000]), &small).unwrap_err().contains("12 times its size"));
        let large = Unpacked::of(1 << 40);
        assert!(of(&packed(&vec![0; MAX_BLOCK + 1]), &large).unwrap_err().contains("32 MiB"));
        // A size that is only said takes no memory.
        let said = [[2 << 3].as_slice(), &[0xff, 0xff, 0xff, 0x0f], &packed(b"x")].concat();
        assert_eq!(of(&said, &large).unwrap(), b"x");
        for (blob, told) in [
            (bytes(4, b"lzma"), "otherwise than by zlib"),
            (bytes(9, b"x"), "nothing"),
            (vec![], "nothing"),
            (bytes(3, b"no zlib"), "zlib"),
            (vec![0x1a, 0xff, 0xff, 0xff, 0xff, 0x0f], "cut off"),
        ] {
            let error = of(&blob, &large).unwrap_err();
            assert!(error.contains(told), "{error}");
        }
    }

    #[test]
    fn lists_and_counts_are_bounded() {
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
        assert!(Block::new(&bytes(1, &[0x0a, 0].repeat(MAX_PARTS + 1))).unwrap_err().contains("texts"));
        // Dense nodes with fewer positions than ids, and tags that stop half-way.
        for dense in [
            [bytes(1, &[2, 2]), bytes(8, &[2])].concat(),
            [bytes(1, &[2]), bytes(8, &[2]), bytes(9, &[2]), bytes(10, &[1])].concat(),
        ] {
            let block = bytes(2, &bytes(2, &dense));
            assert!(Block::new(&block).unwrap().each(|_| {}).is_err());
        }
    }
}
