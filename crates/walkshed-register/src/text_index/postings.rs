//! Posting lists: for each key, the sorted numbers of the rows it occurs in.
//!
//! A list is a varint (number of rows, times two, plus one for a bitmap) and either the differences between the row numbers
//! as varints or a bitmap of all rows, whichever is shorter. All lists of a table are in one byte array.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};

/// Hashes one integer by multiplication with a random odd number. Keys follow from the texts of records, so the multiplier
/// must not be known to those who write them.
#[derive(Debug, Clone, Copy)]
pub(super) struct KeyHash {
    multiplier: u64,
}

impl Default for KeyHash {
    fn default() -> Self {
        Self { multiplier: RandomState::new().hash_one(0u8) | 1 }
    }
}

impl BuildHasher for KeyHash {
    type Hasher = KeyHasher;

    fn build_hasher(&self) -> KeyHasher {
        KeyHasher { multiplier: self.multiplier, hash: 0 }
    }
}

#[derive(Debug)]
pub(super) struct KeyHasher {
    multiplier: u64,
    hash: u64,
}

impl Hasher for KeyHasher {
    fn finish(&self) -> u64 {
        self.hash
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(u64::from(byte));
        }
    }

    fn write_u64(&mut self, value: u64) {
        // The upper half of the product depends on all bits of the key.
        let product = u128::from(self.hash ^ value) * u128::from(self.multiplier);
        self.hash = (product as u64) ^ ((product >> 64) as u64);
    }
}

pub(super) type KeyMap<V> = HashMap<u64, V, KeyHash>;

/// The sizes of the lists of a table, counted before the table is written.
#[derive(Debug, Default)]
pub(super) struct Counts {
    map: KeyMap<Count>,
    bytes: usize,
}

#[derive(Debug, Clone, Copy, Default)]
struct Count {
    rows: u32,
    /// The last row, plus one.
    next: u32,
    /// Length of the differences.
    bytes: u32,
}

impl Counts {
    /// Counts a row for a key. Rows come in ascending order; a repeated row counts once.
    pub fn add(&mut self, key: u64, row: u32) {
        let count = self.map.entry(key).or_default();
        if count.rows > 0 && count.next == row + 1 {
            return;
        }
        let length = varint_length(row - count.next);
        *count = Count { rows: count.rows + 1, next: row + 1, bytes: count.bytes + length };
        self.bytes += length as usize;
    }

    /// Returns the length of all differences so far.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Lays out the table. Returns `None` if it would exceed 4 GiB.
    pub fn into_writer(self, rows: usize) -> Option<Writer> {
        let bitmap_bytes = rows.div_ceil(8);
        let mut keys: Vec<u64> = self.map.keys().copied().collect();
        keys.sort_unstable();
        let mut table = Table { keys, starts: Vec::new(), bytes: Vec::new(), bitmap_bytes };
        let mut places = Vec::with_capacity(table.keys.len());
        table.starts.reserve_exact(table.keys.len() + 1);
        table.starts.push(0);
        let mut end = 0usize;
        for key in &table.keys {
            let count = self.map.get(key)?;
            let is_bitmap = count.bytes as usize >= bitmap_bytes;
            let header = u64::from(count.rows) << 1 | u64::from(is_bitmap);
            let body = end + varint_length_u64(header);
            places.push(Place { at: u32::try_from(body).ok()?, next: 0, header });
            end = body + if is_bitmap { bitmap_bytes } else { count.bytes as usize };
            table.starts.push(u32::try_from(end).ok()?);
        }
        drop(self.map);
        let index_of = table.keys.iter().copied().zip(0..).collect();
        table.bytes = vec![0; end];
        for (place, &start) in places.iter().zip(&table.starts) {
            write_varint(&mut table.bytes, start as usize, place.header);
        }
        Some(Writer { index_of, places, table })
    }
}

/// Fills the lists of a table with the rows that were counted.
#[derive(Debug)]
pub(super) struct Writer {
    index_of: KeyMap<u32>,
    places: Vec<Place>,
    table: Table,
}

#[derive(Debug, Clone, Copy)]
struct Place {
    /// Where the next difference goes, or where the bitmap begins.
    at: u32,
    /// The last row, plus one; 0 before the first.
    next: u32,
    header: u64,
}

impl Writer {
    /// Adds a row to the list of a key, in the order in which the rows were counted.
    pub fn add(&mut self, key: u64, row: u32) {
        let Some(&index) = self.index_of.get(&key) else { return };
        let place = &mut self.places[index as usize];
        if place.next == row + 1 {
            return;
        }
        if place.header & 1 == 1 {
            self.table.bytes[place.at as usize + row as usize / 8] |= 1 << (row % 8);
        } else {
            place.at += write_varint(&mut self.table.bytes, place.at as usize, u64::from(row - place.next)) as u32;
        }
        place.next = row + 1;
    }

    pub fn finish(self) -> Table {
        self.table
    }
}

/// Posting lists by key.
#[derive(Debug, Default)]
pub(super) struct Table {
    /// Sorted.
    keys: Vec<u64>,
    /// Where each list begins, and the end of the last.
    starts: Vec<u32>,
    bytes: Vec<u8>,
    bitmap_bytes: usize,
}

impl Table {
    /// Returns the number of bytes in memory.
    pub fn bytes(&self) -> usize {
        self.keys.len() * 8 + self.starts.len() * 4 + self.bytes.len()
    }

    /// Returns the index of a key.
    pub fn index_of(&self, key: u64) -> Option<usize> {
        self.keys.binary_search(&key).ok()
    }

    /// Returns the keys from `low` to `high`, with their indexes.
    pub fn range(&self, low: u64, high: u64) -> std::ops::Range<usize> {
        self.keys.partition_point(|&key| key < low)..self.keys.partition_point(|&key| key <= high)
    }

    /// Iterates over the keys and their lists.
    pub fn iter(&self) -> impl Iterator<Item = (u64, List<'_>)> {
        self.keys.iter().enumerate().map(|(i, &key)| (key, self.list(i)))
    }

    /// Returns the list of the key at an index.
    pub fn list(&self, index: usize) -> List<'_> {
        let bytes = &self.bytes[self.starts[index] as usize..self.starts[index + 1] as usize];
        let mut body = bytes.iter();
        let header = read_varint(&mut body);
        List { count: (header >> 1) as usize, is_bitmap: header & 1 == 1, body: body.as_slice() }
    }
}

/// The rows of one key.
#[derive(Debug, Clone, Copy)]
pub(super) struct List<'a> {
    count: usize,
    is_bitmap: bool,
    body: &'a [u8],
}

impl List<'_> {
    /// Returns the number of rows.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Returns the rows, in ascending order.
    pub fn rows(&self) -> Vec<u32> {
        let mut rows = Vec::with_capacity(self.count);
        self.each(|row| rows.push(row));
        rows
    }

    fn each(&self, mut found: impl FnMut(u32)) {
        if self.is_bitmap {
            for (word, first) in words(self.body).zip((0..).step_by(64)) {
                each_bit(word, first, &mut found);
            }
            return;
        }
        let mut body = self.body.iter();
        let mut next = 0;
        for _ in 0..self.count {
            let row = next + read_varint(&mut body) as u32;
            found(row);
            next = row + 1;
        }
    }
}

/// A set of rows, for the union of lists.
#[derive(Debug)]
pub(super) struct RowSet(Vec<u64>);

impl RowSet {
    /// Creates the empty set.
    pub fn new(rows: usize) -> Self {
        Self(vec![0; rows.div_ceil(64)])
    }

    /// Adds the rows of a list.
    pub fn add(&mut self, list: List<'_>) {
        if list.is_bitmap {
            self.0.iter_mut().zip(words(list.body)).for_each(|(word, other)| *word |= other);
        } else {
            list.each(|row| self.0[row as usize / 64] |= 1 << (row % 64));
        }
    }

    /// Returns the rows, in ascending order.
    pub fn rows(&self) -> Vec<u32> {
        let mut rows = Vec::with_capacity(self.0.iter().map(|word| word.count_ones() as usize).sum());
        for (&word, first) in self.0.iter().zip((0..).step_by(64)) {
            each_bit(word, first, &mut |row| rows.push(row));
        }
        rows
    }
}

fn words(bytes: &[u8]) -> impl Iterator<Item = u64> {
    bytes.chunks(8).map(|chunk| {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        u64::from_le_bytes(word)
    })
}

fn each_bit(mut word: u64, first: u32, found: &mut impl FnMut(u32)) {
    while word != 0 {
        found(first + word.trailing_zeros());
        word &= word - 1;
    }
}

const fn varint_length(value: u32) -> u32 {
    varint_length_u64(value as u64) as u32
}

const fn varint_length_u64(value: u64) -> usize {
    (64 - (value | 1).leading_zeros()).div_ceil(7) as usize
}

/// Writes a varint and returns its length.
fn write_varint(bytes: &mut [u8], at: usize, mut value: u64) -> usize {
    let mut length = 0;
    while value >= 0x80 {
        bytes[at + length] = value as u8 | 0x80;
        value >>= 7;
        length += 1;
    }
    bytes[at + length] = value as u8;
    length + 1
}

fn read_varint(bytes: &mut std::slice::Iter<'_, u8>) -> u64 {
    let (mut value, mut shift) = (0, 0);
    for &byte in bytes {
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            break;
        }
        shift += 7;
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn lists_hold_the_rows_that_were_added() {
        const ROWS: u32 = 5000;
        let mut expected: BTreeMap<u64, Vec<u32>> = BTreeMap::new();
        for row in 0..ROWS {
            for key in [u64::from(row % 2), u64::from(row % 700) << 40, 7 + u64::from(row) * 1_000_003, u64::MAX] {
                expected.entry(key).or_default().push(row);
            }
        }
        let mut pairs: Vec<(u32, u64)> = expected.iter().flat_map(|(&k, rows)| rows.iter().map(move |&r| (r, k))).collect();
        pairs.sort_unstable();
        let mut counts = Counts::default();
        // Every row is given twice.
        pairs.iter().for_each(|&(row, key)| (0..2).for_each(|_| counts.add(key, row)));
        let mut writer = counts.into_writer(ROWS as usize).unwrap();
        pairs.iter().for_each(|&(row, key)| (0..2).for_each(|_| writer.add(key, row)));
        let table = writer.finish();
        let found: BTreeMap<u64, Vec<u32>> = table.iter().map(|(key, list)| (key, list.rows())).collect();
        assert_eq!(found, expected);
        for (key, rows) in &expected {
            let list = table.list(table.index_of(*key).unwrap());
            let mut set = RowSet::new(ROWS as usize);
            set.add(list);
            assert_eq!((list.len(), &set.rows()), (rows.len(), rows));
        }
        assert_eq!((table.index_of(6), table.range(0, 1), table.range(2, 6).len()), (None, 0..2, 0));
    }

    #[test]
    fn varints_have_their_length() {
        for value in [0, 1, 127, 128, 16_383, 16_384, 1 << 32, u64::MAX] {
            let mut bytes = [0; 10];
            let length = write_varint(&mut bytes, 0, value);
            assert_eq!((length, read_varint(&mut bytes.iter())), (varint_length_u64(value), value));
        }
    }
}
