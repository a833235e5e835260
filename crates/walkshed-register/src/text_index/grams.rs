//! An index of grams: runs of two or more consecutive symbols, with the rows in which they occur.
//!
//! All pairs of symbols are indexed. A pair that occurs in many rows tells little about a longer text, so a longer gram is
//! indexed if both grams that it is made of (without its last symbol, without its first) occur in more than
//! [`FREQUENT`] rows. For a text of any length, the index then has either the text itself or one of its grams that occurs in
//! few rows, which the caller tests.

use super::postings::{Counts, KeyMap, List, RowSet, Table};

/// Grams in more rows than this are extended: this many records can be tested in about a millisecond.
const FREQUENT: usize = 4096;
/// Maximum length of a gram, in symbols.
const MAX_LENGTH: usize = 10;
/// Longer grams may use this many bytes for each byte of pairs. If they need more, the longest are omitted, and frequent
/// long texts are found by testing more records.
const MAX_GROWTH: usize = 2;

/// The symbol after the last one of a text. With it, the pairs that begin with a symbol lead to all rows with that symbol.
pub(super) const END: u32 = char::MAX as u32 + 1;

/// The symbols of one row, by position. A position has several symbols if each of them matches, and none between two texts.
#[derive(Debug, Default)]
pub(super) struct Symbols {
    symbols: Vec<u32>,
    /// Where the symbols of each position end.
    ends: Vec<u32>,
}

impl Symbols {
    /// Adds a position with these symbols.
    pub fn push(&mut self, symbols: impl IntoIterator<Item = u32>) {
        self.symbols.extend(symbols);
        self.ends.push(self.symbols.len() as u32);
    }

    fn clear(&mut self) {
        self.symbols.clear();
        self.ends.clear();
    }
}

/// What the index knows about a text.
#[derive(Debug)]
pub(super) enum Lookup<'a> {
    /// No row contains it.
    Nowhere,
    /// Exactly these rows contain it.
    Exactly(List<'a>),
    /// Rows outside this list do not contain it.
    Among(List<'a>),
}

/// The index.
#[derive(Debug)]
pub(super) struct GramIndex {
    /// Tables of pairs, triples, ... The key of a pair is its symbols; that of a longer gram is the indexes of its two
    /// shorter grams in the table before.
    tables: Vec<Table>,
    rows: usize,
}

/// A gram at a position: its index in its table, and the indexes of the two grams it is made of.
#[derive(Debug, Clone, Copy)]
struct Gram {
    index: u32,
    left: u32,
    right: u32,
}

/// The grams of one length, by position.
#[derive(Debug, Default)]
struct Grams {
    grams: Vec<Gram>,
    ends: Vec<u32>,
}

impl Grams {
    fn set_symbols(&mut self, symbols: &Symbols) {
        self.grams.clear();
        // Any two neighbouring symbols make a pair.
        self.grams.extend(symbols.symbols.iter().map(|&index| Gram { index, left: 0, right: 0 }));
        self.ends.clone_from(&symbols.ends);
    }

    /// Calls `pair` for each two neighbouring grams that overlap in all but one symbol, and `next_position` after each
    /// position.
    fn pairs<T>(&self, into: &mut T, mut pair: impl FnMut(&mut T, Gram, Gram), next_position: impl Fn(&mut T)) {
        let (mut start, mut middle) = (0, self.ends.first().map_or(0, |&end| end as usize));
        for &end in self.ends.iter().skip(1) {
            let end = end as usize;
            for &a in &self.grams[start..middle] {
                for &b in self.grams[middle..end].iter().filter(|b| a.right == b.left) {
                    pair(into, a, b);
                }
            }
            next_position(into);
            (start, middle) = (middle, end);
        }
    }
}

const fn key(left: u32, right: u32) -> u64 {
    (left as u64) << 32 | right as u64
}

/// Reads the rows of a gram length: their grams that can be extended.
struct Extension<'a, F> {
    read: &'a F,
    /// The indexes of the frequent grams of each shorter length, by key.
    frequent: &'a [KeyMap<u32>],
    symbols: Symbols,
    grams: Grams,
    longer: Grams,
}

impl<'a, F: Fn(usize, &mut Symbols)> Extension<'a, F> {
    fn new(read: &'a F, frequent: &'a [KeyMap<u32>]) -> Self {
        Self { read, frequent, symbols: Symbols::default(), grams: Grams::default(), longer: Grams::default() }
    }

    /// Calls `found` with the key of each gram of a row.
    fn keys(&mut self, row: u32, mut found: impl FnMut(u64)) {
        self.symbols.clear();
        (self.read)(row as usize, &mut self.symbols);
        self.grams.set_symbols(&self.symbols);
        for frequent in self.frequent {
            self.longer.grams.clear();
            self.longer.ends.clear();
            self.grams.pairs(
                &mut self.longer,
                |longer, a, b| {
                    if let Some(&index) = frequent.get(&key(a.index, b.index)) {
                        longer.grams.push(Gram { index, left: a.index, right: b.index });
                    }
                },
                |longer| longer.ends.push(longer.grams.len() as u32),
            );
            std::mem::swap(&mut self.grams, &mut self.longer);
            if self.grams.grams.is_empty() {
                return;
            }
        }
        self.grams.pairs(&mut (), |(), a, b| found(key(a.index, b.index)), |()| ());
    }
}

impl GramIndex {
    /// Indexes rows. `read` appends the symbols of a row. Returns `None` if a table would exceed 4 GiB.
    pub fn build(rows: usize, read: impl Fn(usize, &mut Symbols)) -> Option<Self> {
        let mut index = Self { tables: Vec::new(), rows };
        let mut frequent: Vec<KeyMap<u32>> = Vec::new();
        // Rows without a gram of one length have no longer one.
        let mut open: Vec<u32> = (0..rows as u32).collect();
        let mut budget = usize::MAX;
        while index.tables.len() + 1 < MAX_LENGTH {
            let mut rows_of_length = Extension::new(&read, &frequent);
            let mut counts = Counts::default();
            let mut next = Vec::new();
            for &row in &open {
                let before = next.len();
                rows_of_length.keys(row, |key| {
                    counts.add(key, row);
                    if next.len() == before {
                        next.push(row);
                    }
                });
                if counts.bytes() > budget {
                    return Some(index);
                }
            }
            open = next;
            if open.is_empty() && !index.tables.is_empty() {
                break;
            }
            let mut writer = counts.into_writer(rows)?;
            for &row in &open {
                rows_of_length.keys(row, |key| writer.add(key, row));
            }
            let table = writer.finish();
            budget = if index.tables.is_empty() { table.bytes() * MAX_GROWTH } else { budget - table.bytes().min(budget) };
            let extended: KeyMap<u32> = table
                .iter()
                .zip(0..)
                .filter(|((key, list), _)| list.len() > FREQUENT && *key as u32 != END)
                .map(|((key, _), i)| (key, i))
                .collect();
            index.tables.push(table);
            if extended.is_empty() {
                break;
            }
            frequent.push(extended);
        }
        Some(index)
    }

    /// Returns the number of bytes in memory.
    pub fn bytes(&self) -> usize {
        self.tables.iter().map(Table::bytes).sum()
    }

    /// Returns the rows with a symbol in a text that ends with [`END`].
    pub fn rows_with(&self, symbol: u32) -> Vec<u32> {
        let mut rows = RowSet::new(self.rows);
        if let Some(pairs) = self.tables.first() {
            for i in pairs.range(key(symbol, 0), key(symbol, u32::MAX)) {
                rows.add(pairs.list(i));
            }
        }
        rows.rows()
    }

    /// Looks up two or more symbols.
    pub fn find(&self, symbols: &[u32]) -> Lookup<'_> {
        let mut windows = symbols.to_vec();
        for (table, i) in self.tables.iter().zip(0..) {
            let indexes = windows.windows(2).map(|pair| table.index_of(key(pair[0], pair[1])));
            let Some(indexes) = indexes.collect::<Option<Vec<usize>>>() else { return Lookup::Nowhere };
            let Some(rarest) = indexes.iter().map(|&i| table.list(i)).min_by_key(List::len) else { break };
            if indexes.len() == 1 {
                return Lookup::Exactly(rarest);
            }
            if rarest.len() <= FREQUENT || i + 1 == self.tables.len() {
                return Lookup::Among(rarest);
            }
            windows = indexes.into_iter().map(|i| i as u32).collect();
        }
        Lookup::Nowhere
    }
}
