//! Decompresses and decodes the blocks of a PBF file (<https://wiki.openstreetmap.org/wiki/PBF_Format>) with bounded
//! memory.
//!
//! A small malicious file could expand to a lot of memory: zlib expands up to about 1,000 times, and protobuf elements
//! become larger as objects. Therefore elements are decoded into reusable buffers, a block keeps only its bytes and the
//! positions of its strings, and the total decompressed size of a file is limited.

use flate2::read::ZlibDecoder;
use std::io::Read;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Maximum decompressed size of a block, defined by the format.
const MAX_BLOCK: usize = 32 << 20;
/// Limit on the decompressed size of all blocks: a multiple of the file size plus a constant. Real extracts expand 2 to
/// 5 times.
const DECOMPRESSED_BYTES_PER_FILE_BYTE: u64 = 12;
const DECOMPRESSED_BYTES_EXTRA: u64 = 2 << 20;
/// Maximum number of strings, and of groups, in a block. Editors and tools write blocks of 8,000 elements.
const MAX_PARTS: usize = 1 << 20;
/// Maximum number of tags, nodes or members of an element. The largest in OpenStreetMap have about 32,000.
const MAX_LIST: usize = 1 << 18;
/// Maximum size of a key or value in bytes. OpenStreetMap allows 255 characters; longer ones are ignored.
const MAX_STRING_BYTES: usize = 1024;

/// The remaining budget for decompressing the blobs of a file.
#[derive(Debug)]
pub struct DecompressionBudget {
    limit: u64,
    left: AtomicU64,
}

impl DecompressionBudget {
    /// Creates the budget for a file of `size` bytes.
    pub const fn of(size: u64) -> Self {
        let limit = size.saturating_mul(DECOMPRESSED_BYTES_PER_FILE_BYTE).saturating_add(DECOMPRESSED_BYTES_EXTRA);
        Self { limit, left: AtomicU64::new(limit) }
    }

    /// Restores the full budget for the next pass over the file.
    pub fn reset(&self) {
        self.left.store(self.limit, Relaxed);
    }

    /// Returns how many bytes the next block may decompress to.
    fn block_limit(&self) -> usize {
        usize::try_from(self.left.load(Relaxed)).unwrap_or(usize::MAX).min(MAX_BLOCK)
    }

    /// Deducts `bytes` from the budget.
    ///
    /// # Errors
    /// Returns an error if the budget is exceeded.
    pub fn take(&self, bytes: u64) -> Result<(), String> {
        let taken = self.left.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(bytes));
        taken.map(|_| ()).map_err(|_| {
            format!("the file decompresses to more than {DECOMPRESSED_BYTES_PER_FILE_BYTE} times its size")
        })
    }
}

/// A cursor over protobuf data.
#[derive(Debug, Clone, Copy)]
struct Reader<'b>(&'b [u8]);

/// A protobuf value.
#[derive(Debug, Clone, Copy)]
enum Value<'b> {
    Number(u64),
    Bytes(&'b [u8]),
    Other,
}

impl<'b> Reader<'b> {
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

    /// Reads the next field: its number and value. Returns `Ok(None)` at the end.
    fn field(&mut self) -> Result<Option<(u64, Value<'b>)>, String> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let read = |reader: &mut Self| {
            let key = reader.varint()?;
            let bytes = |reader: &mut Self, len: usize| {
                let (value, rest) = reader.0.split_at_checked(len)?;
                reader.0 = rest;
                Some(value)
            };
            let value = match key & 7 {
                0 => Value::Number(reader.varint()?),
                1 => bytes(reader, 8).map(|_| Value::Other)?,
                2 => {
                    let len = usize::try_from(reader.varint()?).ok()?;
                    Value::Bytes(bytes(reader, len)?)
                }
                5 => bytes(reader, 4).map(|_| Value::Other)?,
                _ => return None,
            };
            Some((key >> 3, value))
        };
        read(self).map(Some).ok_or_else(|| "a field is truncated".to_owned())
    }
}

const fn zigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

/// Decompresses a blob (the message after its header).
///
/// # Errors
/// Returns an error if the blob is damaged, too large, or compressed with anything other than zlib.
pub fn decompress(blob: &[u8], budget: &DecompressionBudget) -> Result<Vec<u8>, String> {
    let mut reader = Reader(blob);
    let (mut raw, mut zlib, mut declared, mut other) = (None, None, None, false);
    while let Some((field, value)) = reader.field()? {
        match (field, value) {
            (1, Value::Bytes(bytes)) => raw = Some(bytes),
            (2, Value::Number(size)) => declared = Some(size),
            (3, Value::Bytes(bytes)) => zlib = Some(bytes),
            (4..=7, Value::Bytes(_)) => other = true,
            _ => {}
        }
    }
    if let Some(raw) = raw {
        budget.take(raw.len() as u64)?;
        return Ok(raw.to_vec());
    }
    let Some(zlib) = zlib else {
        return Err(if other { "the compression is not zlib" } else { "it is empty" }.to_owned());
    };
    let too_large = || format!("it decompresses to more than {} MiB", MAX_BLOCK >> 20);
    // The declared size is trusted only as far as zlib could have compressed it.
    let declared_size = usize::try_from(declared.unwrap_or(0)).unwrap_or(usize::MAX);
    if declared_size > MAX_BLOCK {
        return Err(too_large());
    }
    let limit = budget.block_limit();
    let mut bytes = Vec::with_capacity(declared_size.min(zlib.len().saturating_mul(1040)).min(limit));
    let read = ZlibDecoder::new(zlib).take(limit as u64 + 1).read_to_end(&mut bytes);
    read.map_err(|e| format!("zlib: {e}"))?;
    if bytes.len() > MAX_BLOCK {
        return Err(too_large());
    }
    budget.take(bytes.len() as u64)?;
    Ok(bytes)
}

/// Returns the blob of a span: the bytes after the header length and the header.
pub fn after_header(span: &[u8]) -> Option<&[u8]> {
    let header = usize::try_from(u32::from_be_bytes(span.get(..4)?.try_into().ok()?)).ok()?;
    span.get(4..)?.get(header..)
}

/// Returns the features that a decompressed file header declares as required.
///
/// # Errors
/// Returns an error if the header is damaged.
pub fn required_features(header: &[u8]) -> Result<Vec<String>, String> {
    let mut reader = Reader(header);
    let mut found = Vec::new();
    while let Some((field, value)) = reader.field()? {
        if let (4, Value::Bytes(name)) = (field, value) {
            found.push(String::from_utf8_lossy(name).chars().take(60).collect());
            if found.len() > 100 {
                return Err("it requires more than 100 features".to_owned());
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

/// Appends the numbers of a packed or unpacked repeated field.
fn push_numbers<T>(value: Value<'_>, into: &mut Vec<T>, read: impl Fn(u64) -> T) -> Result<(), String> {
    let mut reader = match value {
        Value::Number(one) => {
            into.push(read(one));
            Reader(&[])
        }
        Value::Bytes(packed) => Reader(packed),
        Value::Other => return Err("a list does not contain numbers".to_owned()),
    };
    while !reader.0.is_empty() {
        into.push(read(reader.varint().ok_or("a list is truncated")?));
        if into.len() > MAX_LIST {
            return Err(format!("an element has more than {MAX_LIST} tags, nodes or members"));
        }
    }
    Ok(())
}

impl<'b> Block<'b> {
    /// Finds the strings and groups of a block.
    ///
    /// # Errors
    /// Returns an error if the block is damaged.
    pub fn new(bytes: &'b [u8]) -> Result<Self, String> {
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
                            return Err(format!("it has more than {MAX_PARTS} strings"));
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
    pub fn each(&'b self, mut each: impl FnMut(Element<'_, 'b>)) -> Result<(), String> {
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
    ) -> Result<(), String> {
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
    ) -> Result<(), String> {
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
                _ => return Err("a list of dense nodes is repeated or not packed".to_owned()),
            }
        }
        let [mut ids, mut lats, mut lons, mut tags] = lists.map(|list| list.unwrap_or(Reader(&[])));
        let (mut id, mut lat, mut lon) = (0i64, 0i64, 0i64);
        while !ids.0.is_empty() {
            let mut next = || Some([ids.varint()?, lats.varint()?, lons.varint()?].map(zigzag));
            let [d_id, d_lat, d_lon] = next().ok_or("it has fewer positions than nodes")?;
            id = id.wrapping_add(d_id);
            (lat, lon) = (lat.wrapping_add(d_lat), lon.wrapping_add(d_lon));
            scratch.clear();
            // A zero ends the tags of a node.
            while !tags.0.is_empty() {
                let truncated = "the tags of dense nodes are truncated";
                let key = tags.varint().ok_or(truncated)?;
                if key == 0 {
                    break;
                }
                scratch.keys.push(key);
                scratch.values.push(tags.varint().ok_or(truncated)?);
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
    ) -> Result<(), String> {
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
    fn bounds_decompression() {
        let of = |blob: &[u8], budget: &DecompressionBudget| decompress(blob, budget);
        let small = DecompressionBudget { limit: 10_000, left: AtomicU64::new(10_000) };
        assert_eq!(of(&packed(&[7; 9000]), &small).unwrap(), [7; 9000]);
        // All blobs share one limit.
        assert!(of(&packed(&[7; 9000]), &small).unwrap_err().contains("12 times its size"));
        let large = DecompressionBudget::of(1 << 40);
        assert!(of(&packed(&vec![0; MAX_BLOCK + 1]), &large).unwrap_err().contains("32 MiB"));
        // A declared size alone allocates no memory.
        let declared_size = [[2 << 3].as_slice(), &[0xff, 0xff, 0xff, 0x0f], &packed(b"x")].concat();
        assert_eq!(of(&declared_size, &large).unwrap(), b"x");
        for (blob, expected) in [
            (bytes(4, b"lzma"), "not zlib"),
            (bytes(9, b"x"), "empty"),
            (vec![], "empty"),
            (bytes(3, b"no zlib"), "zlib"),
            (vec![0x1a, 0xff, 0xff, 0xff, 0xff, 0x0f], "truncated"),
        ] {
            let error = of(&blob, &large).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
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
        assert!(Block::new(&bytes(1, &[0x0a, 0].repeat(MAX_PARTS + 1))).unwrap_err().contains("strings"));
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
