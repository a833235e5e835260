//! An index of grams: runs of two or more consecutive symbols, with the rows in which they occur.
//!
//! All pairs of symbols are indexed. A pair that occurs in many rows tells little about a longer text, so a longer gram is
//! indexed if the two grams that it is made of (without its last symbol, without its first) are frequent. For a text of any
//! length, the index then has either the text itself or one of its grams that occurs in few rows, which the caller tests.
//! A longer gram often has the same rows as one of its two grams; then it has no list of its own.

use super::postings::{Collector, Form, KeyMap, List, RowSet, Table};
use super::symbols::{END, MAX_SHORT, SymbolRows, Symbols};

/// Grams in more rows than this are extended: this many records can be tested in about a millisecond.
pub(super) const FREQUENT: usize = 8192;
/// Maximum length of a gram, in symbols.
pub(super) const MAX_LENGTH: usize = 32;
/// The first symbols of a longer text lead to its candidates.
const MAX_LOOKED_UP: usize = 64;
/// Longer grams may use this many times the bytes of pairs. If they need more, the longest are omitted, and frequent long
/// texts are found by testing more records.
const MAX_GROWTH: usize = 2;
/// While they are collected, the lists of one length may use this many times the bytes of pairs.
const MAX_COLLECTED: usize = 8;

/// What the index knows about a text.
#[derive(Debug)]
pub(super) enum Lookup<'a> {
    /// No row contains it.
    Nowhere,
    /// Exactly these rows contain it.
    Exactly(List<'a>),
    /// Rows that are not in all of these lists, the shortest first, do not contain it.
    Among(Vec<List<'a>>),
}

/// The index.
#[derive(Debug)]
pub(super) struct GramIndex {
    /// Tables of pairs, triples, ... The key of a pair is its symbols; that of a longer gram is the indexes of its two
    /// shorter grams in the table before.
    tables: Vec<Table>,
    rows: usize,
}

const fn key(first: u32, second: u32) -> u64 {
    (first as u64) << 32 | second as u64
}

const fn first(key: u64) -> u32 {
    (key >> 32) as u32
}

const fn second(key: u64) -> u32 {
    key as u32
}

/// The frequent grams of a table. Their numbers are the symbols that longer grams are made of.
#[derive(Debug, Default)]
struct Frequent {
    number_of: KeyMap<u16>,
    keys: Vec<u64>,
    /// Indexes in the table.
    indexes: Vec<u32>,
}

impl Frequent {
    /// Numbers the frequent pairs, except those at the end of a text, which no longer gram begins with.
    fn of_pairs(table: &Table) -> Self {
        Self::of(table, |key| second(key) != END)
    }

    /// Numbers the frequent grams of a table that are `wanted`; none if there are too many.
    fn of(table: &Table, wanted: impl Fn(u64) -> bool) -> Self {
        let is_frequent = |&(&key, index): &(&u64, u32)| table.list(index as usize).len() > FREQUENT && wanted(key);
        let (keys, indexes): (Vec<u64>, Vec<u32>) = table.keys().iter().zip(0..).filter(is_frequent).unzip();
        if keys.len() > usize::from(MAX_SHORT) {
            // If some of them had no number, the longer grams with them would be missing.
            return Self::default();
        }
        Self { number_of: keys.iter().copied().zip(0..).collect(), keys, indexes }
    }

    /// Returns the key of the gram made of two frequent ones, if they overlap.
    fn key(&self, a: u32, b: u32) -> Option<u64> {
        let (a, b) = (a as usize, b as usize);
        (second(self.keys[a]) == first(self.keys[b])).then(|| key(self.indexes[a], self.indexes[b]))
    }
}

impl GramIndex {
    /// Indexes rows. `read` appends the symbols of a row. Returns `None` if a table would exceed 4 GiB.
    pub fn build(rows: usize, read: impl Fn(usize, &mut Symbols)) -> Option<Self> {
        let mut symbols = Symbols::default();
        let mut each_row = |visit: &mut dyn FnMut(u32, &Symbols)| {
            for row in 0..rows {
                symbols.clear();
                read(row, &mut symbols);
                visit(row as u32, &symbols);
            }
        };
        let mut collector = Collector::new();
        each_row(&mut |row, symbols| {
            symbols.pairs(&mut collector, |collector, a, b| collector.add(key(a, b), row), |_| ());
        });
        let pairs = collector.into_table(rows, |_, _| None)?;
        let mut frequent = Frequent::of_pairs(&pairs);
        let mut grams = SymbolRows::default();
        if !frequent.keys.is_empty() {
            each_row(&mut |row, symbols| {
                grams.push(row, symbols, |a, b| frequent.number_of.get(&key(a, b)).copied());
            });
        }
        let size = pairs.bytes();
        let mut budget = size * MAX_GROWTH;
        let mut index = Self { tables: vec![pairs], rows };
        while !grams.is_empty() && index.tables.len() + 1 < MAX_LENGTH {
            let Some(table) = index.longer(&frequent, &grams, size * MAX_COLLECTED)? else { break };
            let Some(left) = budget.checked_sub(table.bytes()) else { break };
            budget = left;
            let longer = Frequent::of(&table, |_| true);
            let mut next = SymbolRows::default();
            grams.each(|row, symbols| {
                next.push(row, symbols, |a, b| longer.number_of.get(&frequent.key(a, b)?).copied());
                true
            });
            index.tables.push(table);
            (frequent, grams) = (longer, next);
        }
        Some(index)
    }

    /// Returns the table of grams that are longer by one than those of the last table. Returns `Some(None)` if its lists exceed
    /// a number of bytes, `None` if the table would exceed 4 GiB.
    fn longer(&self, frequent: &Frequent, grams: &SymbolRows, max_bytes: usize) -> Option<Option<Table>> {
        let mut collector = Collector::new();
        grams.each(|row, symbols| {
            let add = |collector: &mut Collector, a, b| {
                if let Some(key) = frequent.key(a, b) {
                    collector.add(key, row);
                }
            };
            symbols.pairs(&mut collector, add, |_| ());
            collector.bytes() <= max_bytes
        });
        if collector.bytes() > max_bytes {
            return Some(None);
        }
        let shorter = self.tables.last()?;
        // The rows of a gram are among those of each of its parts; if they are as many, they are the same.
        let same = |key: u64, count: usize| {
            let has_as_many = |index: u32| shorter.list(index as usize).len() == count;
            match (has_as_many(first(key)), has_as_many(second(key))) {
                (true, _) => Some(Form::SameAsFirst),
                (false, true) => Some(Form::SameAsSecond),
                (false, false) => None,
            }
        };
        Some(Some(collector.into_table(self.rows, same)?))
    }

    /// Returns the number of bytes in memory.
    pub fn bytes(&self) -> usize {
        self.tables.iter().map(Table::bytes).sum()
    }

    /// Returns the rows with a symbol in a text that ends with [`END`].
    pub fn rows_with(&self, symbol: u32) -> Vec<u32> {
        let mut rows = RowSet::new(self.rows);
        if let Some(pairs) = self.tables.first() {
            for index in pairs.range(key(symbol, 0), key(symbol, u32::MAX)) {
                rows.add(pairs.list(index));
            }
        }
        rows.rows()
    }

    /// Looks up two or more symbols.
    pub fn find(&self, symbols: &[u32]) -> Lookup<'_> {
        let Some(start) = symbols.get(..MAX_LOOKED_UP) else { return self.find_all(symbols) };
        match self.find_all(start) {
            Lookup::Exactly(list) if start.len() < symbols.len() => Lookup::Among(vec![list]),
            found => found,
        }
    }

    fn find_all(&self, symbols: &[u32]) -> Lookup<'_> {
        let mut parts = symbols.to_vec();
        for (level, table) in self.tables.iter().enumerate() {
            let indexes = parts.windows(2).map(|pair| table.index_of(key(pair[0], pair[1])));
            let Some(indexes) = indexes.collect::<Option<Vec<usize>>>() else { return Lookup::Nowhere };
            if let [index] = indexes[..] {
                return Lookup::Exactly(self.list(level, index));
            }
            let are_frequent = indexes.iter().all(|&index| table.list(index).len() > FREQUENT);
            if !are_frequent || level + 1 == self.tables.len() {
                let mut lists: Vec<List<'_>> = indexes.iter().map(|&index| self.list(level, index)).collect();
                lists.sort_by_key(List::len);
                return Lookup::Among(lists);
            }
            parts = indexes.into_iter().map(|index| index as u32).collect();
        }
        Lookup::Nowhere
    }

    /// Returns the list at an index of a table, or the list of a shorter gram with the same rows.
    fn list(&self, mut level: usize, mut index: usize) -> List<'_> {
        loop {
            let table = &self.tables[level];
            let (list, key) = (table.list(index), table.keys()[index]);
            let part = match list.form() {
                Form::Differences | Form::Bitmap => return list,
                Form::SameAsFirst => first(key),
                Form::SameAsSecond => second(key),
            };
            (level, index) = (level - 1, part as usize);
        }
    }
}
