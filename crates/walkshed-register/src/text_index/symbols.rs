//! The symbols of texts, position by position.

/// The symbol after the last one of a text.
pub(super) const END: u32 = char::MAX as u32 + 1;

/// Marks the first symbol of a position.
const FIRST: u32 = 1 << 31;
/// A position without symbols.
const GAP: u32 = u32::MAX;

/// The symbols of one row, by position. A position has several symbols if each of them matches, and none between two texts.
#[derive(Debug, Default)]
pub(super) struct Symbols(Vec<u32>);

impl Symbols {
    /// Adds a position with one symbol.
    pub fn push(&mut self, symbol: u32) {
        self.0.push(symbol | FIRST);
    }

    /// Adds a position with several symbols.
    pub fn push_any_of(&mut self, symbols: impl IntoIterator<Item = u32>) {
        self.0.extend(symbols.into_iter().enumerate().map(|(i, symbol)| if i == 0 { symbol | FIRST } else { symbol }));
    }

    /// Adds a position without symbols.
    pub fn push_gap(&mut self) {
        self.0.push(GAP);
    }

    /// Removes all positions.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Calls `pair` with each symbol of a position and each of the next position, and `next` after each two positions.
    pub fn pairs<T>(&self, into: &mut T, mut pair: impl FnMut(&mut T, u32, u32), mut next: impl FnMut(&mut T)) {
        let mut positions = self.0.chunk_by(|_, symbol| symbol & FIRST == 0);
        let Some(mut before) = positions.next() else { return };
        for position in positions {
            if before[0] != GAP && position[0] != GAP {
                for a in before {
                    for b in position {
                        pair(into, a & !FIRST, b & !FIRST);
                    }
                }
            }
            next(into);
            before = position;
        }
    }
}

/// Symbols of many rows, in two bytes each.
#[derive(Debug, Default)]
pub(super) struct SymbolRows {
    /// The rows that have symbols, with the end of each.
    rows: Vec<(u32, usize)>,
    symbols: Vec<u16>,
}

/// [`FIRST`] and [`GAP`] in two bytes.
const SHORT_FIRST: u16 = 1 << 15;
const SHORT_GAP: u16 = u16::MAX;
/// Greatest symbol of [`SymbolRows`].
pub(super) const MAX_SHORT: u16 = SHORT_FIRST - 2;

impl SymbolRows {
    /// Adds a row whose symbols are those that `symbol` returns for the pairs of another row.
    pub fn push(&mut self, row: u32, of: &Symbols, mut symbol: impl FnMut(u32, u32) -> Option<u16>) {
        struct Position<'a> {
            symbols: &'a mut Vec<u16>,
            is_new: bool,
        }
        let start = self.symbols.len();
        let mut position = Position { symbols: &mut self.symbols, is_new: true };
        of.pairs(
            &mut position,
            |position, a, b| {
                if let Some(symbol) = symbol(a, b) {
                    position.symbols.push(if position.is_new { symbol | SHORT_FIRST } else { symbol });
                    position.is_new = false;
                }
            },
            |position| {
                // One gap is enough between two positions, and none is needed before the first.
                let is_after_symbol = position.symbols.len() > start && position.symbols.last() != Some(&SHORT_GAP);
                if position.is_new && is_after_symbol {
                    position.symbols.push(SHORT_GAP);
                }
                position.is_new = true;
            },
        );
        if self.symbols.len() > start {
            self.rows.push((row, self.symbols.len()));
        }
    }

    /// Returns whether there is no row with symbols.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Calls `visit` with each row and its symbols, until it returns `false`.
    pub fn each(&self, mut visit: impl FnMut(u32, &Symbols) -> bool) {
        let mut symbols = Symbols::default();
        let mut start = 0;
        for &(row, end) in &self.rows {
            symbols.clear();
            symbols.0.extend(self.symbols[start..end].iter().map(|&symbol| match symbol {
                SHORT_GAP => GAP,
                _ if symbol & SHORT_FIRST != 0 => u32::from(symbol & !SHORT_FIRST) | FIRST,
                _ => u32::from(symbol),
            }));
            if !visit(row, &symbols) {
                return;
            }
            start = end;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_of_neighbouring_positions() {
        let mut symbols = Symbols::default();
        symbols.push(1);
        symbols.push_any_of([2, 3]);
        symbols.push(4);
        symbols.push_gap();
        symbols.push(5);
        symbols.push(END);
        let pairs = |symbols: &Symbols| {
            let mut pairs = Vec::new();
            symbols.pairs(&mut pairs, |pairs, a, b| pairs.push((a, b)), |_| ());
            pairs
        };
        assert_eq!(pairs(&symbols), [(1, 2), (1, 3), (2, 4), (3, 4), (5, END)]);
        let mut rows = SymbolRows::default();
        // Each pair becomes a symbol, except one of them.
        rows.push(8, &symbols, |a, b| (b != 2).then_some((a * 10 + b % 10) as u16));
        rows.push(9, &symbols, |_, _| None);
        let mut seen = Vec::new();
        rows.each(|row, symbols| {
            seen.push((row, pairs(symbols)));
            true
        });
        assert_eq!(seen, [(8, vec![(13, 24), (13, 34)])]);
    }
}
