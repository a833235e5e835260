//! Posting lists: for each key, the sorted numbers of the rows it occurs in.
//!
//! A list is a varint (number of rows, times four, plus the [`Form`]) and either the differences between the row numbers as
//! varints or a bitmap of all rows, whichever is shorter. All lists of a table are in one byte array.

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

/// Collects posting lists.
#[derive(Debug)]
pub(super) struct Collector {
    index_of: KeyMap<u32>,
    lists: Vec<Growing>,
    bytes: usize,
}

#[derive(Debug, Default)]
struct Growing {
    count: u32,
    /// The last row, plus one.
    next: u32,
    differences: Vec<u8>,
}

/// How a list is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Form {
    /// The differences between the row numbers, as varints.
    Differences,
    /// A bit for each row.
    Bitmap,
    /// Not at all: its rows are those of the first gram of the key.
    SameAsFirst,
    /// Not at all: its rows are those of the second gram of the key.
    SameAsSecond,
}

impl Form {
    const ALL: [Self; 4] = [Self::Differences, Self::Bitmap, Self::SameAsFirst, Self::SameAsSecond];
}

impl Collector {
    /// Creates a collector without lists.
    pub fn new() -> Self {
        Self { index_of: KeyMap::default(), lists: Vec::new(), bytes: 0 }
    }

    /// Adds a row to the list of a key. Rows come in ascending order; a repeated row counts once.
    pub fn add(&mut self, key: u64, row: u32) {
        let index = *self.index_of.entry(key).or_insert_with(|| {
            self.lists.push(Growing::default());
            self.lists.len() as u32 - 1
        });
        let list = &mut self.lists[index as usize];
        if list.count > 0 && list.next == row + 1 {
            return;
        }
        self.bytes += write_varint(&mut list.differences, u64::from(row - list.next));
        list.count += 1;
        list.next = row + 1;
    }

    /// Returns the length of all lists, as differences.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Writes the table. `same` tells for a key and a number of rows whether the list is the same as another one. Returns
    /// `None` if the table would exceed 4 GiB.
    pub fn into_table(mut self, rows: usize, same: impl Fn(u64, usize) -> Option<Form>) -> Option<Table> {
        let mut keys: Vec<u64> = self.index_of.keys().copied().collect();
        keys.sort_unstable();
        let mut table = Table { starts: Vec::with_capacity(keys.len() + 1), keys, bytes: Vec::new() };
        for key in &table.keys {
            table.starts.push(u32::try_from(table.bytes.len()).ok()?);
            let list = std::mem::take(&mut self.lists[*self.index_of.get(key)? as usize]);
            let is_dense = list.differences.len() >= rows.div_ceil(8);
            let shorter = if is_dense { Form::Bitmap } else { Form::Differences };
            let form = same(*key, list.count as usize).unwrap_or(shorter);
            write_varint(&mut table.bytes, u64::from(list.count) << 2 | form as u64);
            match form {
                Form::Differences => table.bytes.extend_from_slice(&list.differences),
                Form::Bitmap => {
                    let start = table.bytes.len();
                    table.bytes.resize(start + rows.div_ceil(8), 0);
                    let bits = &mut table.bytes[start..];
                    let differences =
                        List { count: list.count as usize, form: Form::Differences, body: &list.differences };
                    differences.each(|row| bits[row as usize / 8] |= 1 << (row % 8));
                }
                Form::SameAsFirst | Form::SameAsSecond => {}
            }
        }
        table.starts.push(u32::try_from(table.bytes.len()).ok()?);
        table.bytes.shrink_to_fit();
        Some(table)
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
}

impl Table {
    /// Returns the number of bytes in memory.
    pub fn bytes(&self) -> usize {
        self.keys.len() * 8 + self.starts.len() * 4 + self.bytes.len()
    }

    /// Returns the keys, sorted.
    pub fn keys(&self) -> &[u64] {
        &self.keys
    }

    /// Returns the index of a key.
    pub fn index_of(&self, key: u64) -> Option<usize> {
        self.keys.binary_search(&key).ok()
    }

    /// Returns the indexes of the keys from `low` to `high`.
    pub fn range(&self, low: u64, high: u64) -> std::ops::Range<usize> {
        self.keys.partition_point(|&key| key < low)..self.keys.partition_point(|&key| key <= high)
    }

    /// Returns the list of the key at an index.
    pub fn list(&self, index: usize) -> List<'_> {
        let bytes = &self.bytes[self.starts[index] as usize..self.starts[index + 1] as usize];
        let mut body = bytes.iter();
        let header = read_varint(&mut body);
        List { count: (header >> 2) as usize, form: Form::ALL[header as usize & 3], body: body.as_slice() }
    }
}

/// The rows of one key.
#[derive(Debug, Clone, Copy)]
pub(super) struct List<'a> {
    count: usize,
    form: Form,
    body: &'a [u8],
}

impl List<'_> {
    /// Returns the number of rows.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Returns how the list is stored.
    pub fn form(&self) -> Form {
        self.form
    }

    /// Returns the rows, in ascending order. A list that is not stored has none.
    pub fn rows(&self) -> Vec<u32> {
        let mut rows = Vec::with_capacity(self.count);
        self.each(|row| rows.push(row));
        rows
    }

    /// Removes the rows, in ascending order, that are not in this list.
    fn retain(&self, rows: &mut Vec<u32>) {
        match self.form {
            Form::Bitmap => rows.retain(|&row| self.body[row as usize / 8] & (1 << (row % 8)) != 0),
            Form::Differences => {
                let (mut read, mut kept) = (0, 0);
                self.each(|row| {
                    while rows.get(read).is_some_and(|&other| other < row) {
                        read += 1;
                    }
                    if rows.get(read) == Some(&row) {
                        rows[kept] = row;
                        kept += 1;
                    }
                });
                rows.truncate(kept);
            }
            Form::SameAsFirst | Form::SameAsSecond => rows.clear(),
        }
    }

    fn each(&self, mut found: impl FnMut(u32)) {
        match self.form {
            Form::Differences => {
                let mut body = self.body.iter();
                let mut next = 0;
                for _ in 0..self.count {
                    let row = next + read_varint(&mut body) as u32;
                    found(row);
                    next = row + 1;
                }
            }
            Form::Bitmap => {
                for (word, first) in words(self.body).zip((0..).step_by(64)) {
                    each_bit(word, first, &mut found);
                }
            }
            Form::SameAsFirst | Form::SameAsSecond => {}
        }
    }
}

/// Returns the rows that are in all lists, or some more if there are few. The first list is the shortest.
pub(super) fn in_all(lists: &[List<'_>]) -> Vec<u32> {
    /// Testing this many records takes as long as reading a list.
    const FEW: usize = 200;
    let Some((shortest, others)) = lists.split_first() else { return Vec::new() };
    let mut rows = shortest.rows();
    for list in others {
        if rows.len() <= FEW {
            break;
        }
        list.retain(&mut rows);
    }
    rows
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
        if list.form == Form::Bitmap {
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

/// Appends a varint and returns its length.
fn write_varint(bytes: &mut Vec<u8>, mut value: u64) -> usize {
    let before = bytes.len();
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes.len() - before
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
        for rows in expected.values_mut() {
            rows.dedup();
        }
        let mut pairs: Vec<(u32, u64)> =
            expected.iter().flat_map(|(&k, rows)| rows.iter().map(move |&r| (r, k))).collect();
        pairs.sort_unstable();
        let mut collector = Collector::new();
        // Every row is given twice.
        for &(row, key) in &pairs {
            collector.add(key, row);
            collector.add(key, row);
        }
        let table = collector.into_table(ROWS as usize, |key, _| (key == 7).then_some(Form::SameAsSecond)).unwrap();
        assert!(table.keys().iter().eq(expected.keys()));
        let same = table.list(table.index_of(7).unwrap());
        assert!(same.form() == Form::SameAsSecond && same.len() == 1 && same.rows().is_empty());
        expected.remove(&7);
        for (key, rows) in &expected {
            let list = table.list(table.index_of(*key).unwrap());
            let mut set = RowSet::new(ROWS as usize);
            set.add(list);
            assert!(list.len() == rows.len() && set.rows() == *rows, "{key}");
        }
        assert_eq!((table.index_of(6), table.range(0, 1), table.range(2, 6).len()), (None, 0..2, 0));
    }

    #[test]
    fn varints_are_read_as_written() {
        for (value, length) in [(0, 1), (127, 1), (128, 2), (16_383, 2), (16_384, 3), (1 << 32, 5), (u64::MAX, 10)] {
            let mut bytes = Vec::new();
            assert_eq!((write_varint(&mut bytes, value), read_varint(&mut bytes.iter())), (length, value));
        }
    }
}
