//! The index finds what a scan of all rows finds, for any texts and after any edits.

use super::grams::{FREQUENT, GramIndex, Lookup, MAX_LENGTH};
use super::postings::in_all;
use super::search_text::{SearchText, Searchable};
use super::symbols::END;
use crate::category::Category;
use crate::center::Center;
use crate::code::{DivisionCode, RegionCode};
use crate::facility::Facility;
use crate::query::{CenterFilter, FacilityFilter, Filter, RowList, suggestions_with};
use crate::record::{AnyRecord, Done, RecordKind};
use crate::register::{Register, RegisterRows};
use crate::suggestion::Suggestion;
use std::sync::Arc;
use walkshed_engine::geo::Position;

struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % n as u64) as usize
    }

    fn one_of<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())]
    }
}

/// Few characters, so that runs repeat; with letters that change their number or form in other case.
const LETTERS: &[char] = &[
    '重', '庆', '长', '乐', '石', '桥', '社', '区', '服', '务', '中', '心', '一', '（', '）', 'A', 'a', 'b', 'Z', '1',
    '2', '0', ' ', 'İ', 'ı', 'ß', 'ẞ', 'Σ', 'σ', 'ς', 'É', 'é', 'ǅ', 'Ａ', 'ａ', 'K', '𠀀', '𐐀', '\u{307}', 'ê',
];
const WORDS: &[&str] = &["社区", "服务中心", "重庆", "Street ", "road", "党群服务", "12", "ΟΔΟΣ", "村"];

fn text(r: &mut Random, most: usize) -> String {
    let mut text = String::new();
    for _ in 0..r.below(most + 1) {
        match r.below(3) {
            0 => text.push_str(r.one_of(WORDS)),
            _ => text.push(r.one_of(LETTERS)),
        }
    }
    text
}

fn some_text(r: &mut Random) -> Option<String> {
    (r.below(2) == 0).then(|| text(r, 5))
}

fn center(r: &mut Random, id: i64) -> Center {
    let code = DivisionCode::new(&format!("5001{:02}{:03}{:03}", 1 + id / 10_000, 1 + id / 100 % 100, 1 + id % 100));
    let mut c = Center::new(code.unwrap(), text(r, 6), Position::new(106.5, 29.6).unwrap());
    (c.id, c.name_en, c.address) = (id, some_text(r), some_text(r));
    c.step_free = r.one_of(&[None, Some(true)]);
    c
}

fn facility(r: &mut Random, id: i64) -> Facility {
    let at = Position::new(106.5, 29.6).unwrap();
    let mut f = Facility::new(format!("F{id}{}", text(r, 2)), text(r, 6), Category::LifeServices, at);
    (f.id, f.name_en, f.address) = (id, some_text(r), some_text(r));
    f
}

fn suggestion(r: &mut Random, id: i64) -> Suggestion {
    let mut s = Suggestion::new(format!("s{id}"), text(r, 9), "2026-01-01T00:00:00Z".parse().unwrap());
    (s.id, s.place, s.answer, s.contact) = (id, some_text(r), some_text(r), some_text(r));
    s
}

/// A text to search: made up, or part of a text of a record.
fn query(r: &mut Random, register: &Register) -> Option<SearchText> {
    const INITIALS: &[char] = &['c', 'z', 't', 'q', 'l', 'y', 's', 'd', 'f', 'w', 'x', 'a', 'b', 'E', '1', '2'];
    let length = 1 + r.below(6);
    match r.below(4) {
        0 => SearchText::new(&text(r, 3)),
        1 => SearchText::new(&(0..length).map(|_| r.one_of(INITIALS)).collect::<String>()),
        2 if !register.centers.is_empty() => {
            let c = &register.centers[r.below(register.centers.len())];
            let text = c.searched_texts()[r.below(4)]?;
            part(r, length, text)
        }
        _ if !register.facilities.is_empty() => {
            let f = &register.facilities[r.below(register.facilities.len())];
            let text = f.searched_texts()[r.below(4)]?;
            part(r, length, text)
        }
        _ => None,
    }
}

fn part(r: &mut Random, length: usize, text: &str) -> Option<SearchText> {
    let start = r.below(text.chars().count().max(1));
    let part: String = text.chars().skip(start).take(length).collect();
    SearchText::new(&if r.below(3) == 0 { part.to_uppercase() } else { part })
}

fn scan<T: Searchable>(rows: &[Arc<T>], text: &SearchText) -> Vec<u32> {
    (0..).zip(rows).filter(|(_, row)| text.matches(&***row)).map(|(i, _)| i).collect()
}

/// Compares searches of all record types with scans. Returns the number of rows found.
fn compare(r: &mut Random, register: &Register, searches: usize) -> usize {
    let mut found = 0;
    for _ in 0..searches {
        let Some(text) = query(r, register) else { continue };
        let centers = scan(&register.centers, &text);
        let facilities = scan(&register.facilities, &text);
        found += centers.len() + facilities.len();
        let of_centers = CenterFilter { text: Some(text.clone()), ..CenterFilter::default() };
        let of_facilities = FacilityFilter { text: Some(text.clone()), ..FacilityFilter::default() };
        let selected = |filter: &dyn Filter| filter.select(register, filter.candidates(register).unwrap()).unwrap();
        assert_eq!(selected(&of_centers), RowList::Of(centers.clone()), "{text:?}");
        assert_eq!(selected(&of_facilities), RowList::Of(facilities), "{text:?}");
        // With a condition on the region, which in this register has too few centers to use the index, and with another one.
        let region = RegionCode::new("500101").unwrap();
        let in_region = |&i: &u32| region.contains(register.centers[i as usize].code.as_str());
        let expected = centers.iter().copied().filter(in_region).collect();
        let filter = CenterFilter { text: Some(text.clone()), region: Some(region.clone()), ..CenterFilter::default() };
        assert_eq!(selected(&filter), RowList::Of(expected), "{text:?}");
        let step_free = CenterFilter { step_free: Some(true), ..of_centers };
        let expected = centers.into_iter().filter(|&i| register.centers[i as usize].step_free == Some(true)).collect();
        assert_eq!(selected(&step_free), RowList::Of(expected), "{text:?}");
        let suggestions = suggestions_with(register, Some(&text)).unwrap();
        assert_eq!(suggestions, RowList::Of(scan(&register.suggestions, &text)), "{text:?}");
    }
    found
}

fn register(r: &mut Random, rows: i64) -> Register {
    let rows = RegisterRows {
        centers: (1..=rows).map(|id| center(r, 2 * id)).collect(),
        facilities: (1..=rows).map(|id| facility(r, 2 * id)).collect(),
        suggestions: (1..=rows).map(|id| suggestion(r, 2 * id)).collect(),
        ..RegisterRows::default()
    };
    Register::new(rows, Arc::default())
}

fn edit(r: &mut Random, most: usize) -> Done {
    let id = 1 + r.below(most) as i64;
    let put = |record: AnyRecord| Done::Put(Box::new(record));
    match r.below(8) {
        0 | 1 => put(AnyRecord::Center(center(r, id))),
        2 | 3 => put(AnyRecord::Facility(facility(r, id))),
        4 => put(AnyRecord::Suggestion(suggestion(r, id))),
        5 => Done::Deleted { kind: RecordKind::Center, id },
        6 => Done::Deleted { kind: RecordKind::Facility, id },
        _ => Done::Deleted { kind: RecordKind::Suggestion, id },
    }
}

#[test]
fn a_search_finds_what_a_scan_finds_after_any_edits() {
    let mut r = Random(1);
    let mut found = 0;
    for rows in [0, 1, 60, 300] {
        let mut register = register(&mut r, rows);
        // Without an index, which few rows do not need, and with it.
        compare(&mut r, &register, 100);
        register.build_text_search();
        found += compare(&mut r, &register, 300);
        for version in 2..60 {
            // Edits at the beginning, in the middle and at the end.
            let edits: Vec<Done> = (0..r.below(6)).map(|_| edit(&mut r, 2 * rows as usize + 10)).collect();
            register = register.with_edits(version, &edits);
            found += compare(&mut r, &register, 12);
        }
    }
    assert!(found > 10_000, "{found}");
}

#[test]
fn an_index_with_many_changes_is_replaced_and_dropped() {
    const ROWS: i64 = 9000;
    let mut r = Random(2);
    let facilities = (1..=ROWS).map(|id| facility(&mut r, id)).collect();
    let rows = RegisterRows { facilities, ..RegisterRows::default() };
    let mut register = Register::new(rows, Arc::default());
    register.build_text_search();
    // Several times enough for a new index, and once more than an index may have.
    for (version, count) in (2..).zip([1000, 400, 400, 500, 600, 100, ROWS, 1, 1, 1500]) {
        let first = r.below((ROWS - count + 1) as usize) as i64;
        let edits = (first..first + count).map(|i| Done::Put(Box::new(AnyRecord::Facility(facility(&mut r, 1 + i)))));
        let next = register.with_edits(version, &edits.collect::<Vec<_>>());
        // The previous snapshot still answers from its own rows.
        for register in [&next, &register] {
            compare(&mut r, register, 6);
        }
        register = next;
    }
    register.build_text_search();
    compare(&mut r, &register, 20);
}

#[test]
fn a_large_index_is_built_in_the_background_while_a_scan_answers() {
    let mut r = Random(3);
    let register = register(&mut r, 5000);
    let text = SearchText::new("服务").unwrap();
    let expected = scan(&register.centers, &text);
    let filter = CenterFilter { text: Some(text.clone()), ..CenterFilter::default() };
    let select = |register: &Register| filter.select(register, filter.candidates(register).unwrap()).unwrap();
    assert_eq!(select(&register), RowList::Of(expected.clone()));
    // Edits while the index is built count from the rows that it is built from.
    let renamed = Center { name: "服务".into(), ..(*register.centers[5]).clone() };
    let next = register.with_edits(2, &[Done::Put(Box::new(AnyRecord::Center(renamed)))]);
    while register.text.centers.find(&register.centers, &text).unwrap().is_none() {
        std::thread::yield_now();
    }
    assert_eq!(next.text.centers.find(&next.centers, &text).unwrap(), Some(scan(&next.centers, &text)));
    assert_eq!(select(&register), RowList::Of(expected.clone()));
    // A region with many centers is intersected with the rows of the index.
    let region = RegionCode::new("500101").unwrap();
    assert!(register.centers_in(&region).len() == 4999);
    let in_region = |&i: &u32| region.contains(register.centers[i as usize].code.as_str());
    let expected: Vec<u32> = expected.into_iter().filter(in_region).collect();
    let filter = CenterFilter { text: Some(text), region: Some(region.clone()), ..CenterFilter::default() };
    let candidates = filter.candidates(&register).unwrap();
    assert_eq!(candidates.len(), expected.len());
    assert_eq!(filter.select(&register, candidates).unwrap(), RowList::Of(expected));
}

/// Compares the index with substring search, for rows in which some texts are frequent, so that long grams are indexed.
#[test]
fn grams_of_frequent_texts_are_extended() {
    let mut r = Random(4);
    let rows: Vec<String> = (0..27_000)
        .map(|i| {
            let common = ["社区便民服务中心", "村便民服务站", "abcabcabcabcabcabcabcabc"][i % 3];
            let rare: String = (0..=r.below(3)).map(|_| r.one_of(LETTERS)).collect();
            format!("{rare}{common}{i}")
        })
        .collect();
    let index = GramIndex::build(rows.len(), |row, symbols| {
        rows[row].chars().for_each(|c| symbols.push(c.into()));
        symbols.push(END);
    })
    .unwrap();
    let mut exact = 0;
    for _ in 0..800 {
        let row = &rows[r.below(rows.len())];
        let start = r.below(row.chars().count());
        let mut part: Vec<char> = row.chars().skip(start).take(1 + r.below(20)).collect();
        if r.below(4) == 0 {
            let i = r.below(part.len());
            part[i] = r.one_of(LETTERS);
        }
        let text: String = part.iter().collect();
        let expected: Vec<u32> = (0..).zip(&rows).filter(|(_, row)| row.contains(&text)).map(|(i, _)| i).collect();
        let symbols: Vec<u32> = part.iter().map(|&c| c.into()).collect();
        if let [symbol] = symbols[..] {
            assert_eq!(index.rows_with(symbol), expected, "{text}");
            continue;
        }
        match index.find(&symbols) {
            Lookup::Nowhere => assert!(expected.is_empty(), "{text}"),
            Lookup::Exactly(list) => {
                exact += usize::from(symbols.len() > 4);
                assert_eq!(list.rows(), expected, "{text}");
            }
            Lookup::Among(lists) => {
                let candidates = in_all(&lists);
                assert!(expected.iter().all(|row| candidates.binary_search(row).is_ok()), "{text}");
                // Only texts longer than the longest gram may have more candidates.
                assert!(candidates.len() <= FREQUENT || symbols.len() > MAX_LENGTH, "{text}: {}", candidates.len());
            }
        }
    }
    assert!(exact > 50, "{exact}");
}
