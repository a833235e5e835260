//! A register with as many centers as China has villages and communities. Names and addresses are put together from the names
//! of Chongqing's divisions.

use std::collections::BTreeSet;
use walkshed_register::{Center, DivisionCode, RegisterRows};
use walkshed_testing::{Random, at};

pub const COUNT: usize = 620_000;
/// Each province has so many centers.
const PER_PROVINCE: usize = 20_000;
const PROVINCES: [u8; 31] = [
    11, 12, 13, 14, 15, 21, 22, 23, 31, 32, 33, 34, 35, 36, 37, 41, 42, 43, 44, 45, 46, 50, 51, 52, 53, 54, 61, 62, 63,
    64, 65,
];

/// Returns the names of towns and divisions, without duplicates.
fn names() -> Vec<String> {
    let divisions = include_str!("../../crates/walkshed-demo/src/divisions.txt");
    let words = divisions.lines().filter(|line| !line.starts_with(['#', 'D'])).flat_map(str::split_whitespace);
    let chinese = |word: &str| word.chars().filter(|c| ('\u{4e00}'..='\u{9fff}').contains(c)).collect::<String>();
    words.map(chinese).filter(|name| name.chars().count() > 1).collect::<BTreeSet<_>>().into_iter().collect()
}

fn code(i: usize) -> DivisionCode {
    let (province, n) = (PROVINCES[i / PER_PROVINCE], i % PER_PROVINCE);
    let code = format!("{province}{:02}{:02}{:03}{:03}", 1 + n / 2000, 1 + n / 200 % 10, 1 + n / 20 % 10, 1 + n % 20);
    DivisionCode::new(&code).unwrap()
}

pub fn rows() -> RegisterRows {
    let names = names();
    let mut r = Random(7);
    let centers = (0..COUNT)
        .map(|i| {
            // The first character of one name and the others of another one.
            let first = names[r.below(names.len())].chars().take(1);
            let name: String = first.chain(names[r.below(names.len())].chars().skip(1)).collect();
            let kind = if r.below(5) < 3 { "社区党群服务中心" } else { "村便民服务中心" };
            let (town, street) = (&names[i / 20 % names.len()], &names[r.below(names.len())]);
            Center {
                id: i as i64 + 1,
                version: 1,
                name_en: (i % 4 == 0).then(|| format!("Community Service Center {i}")),
                address: Some(format!("{town}街道{street}路{}号", 1 + r.below(300))),
                residents_served: (i % 3 > 0).then(|| 500 + r.below(20_000) as u32),
                ..Center::new(code(i), format!("{name}{kind}"), at(r.unit() * 9000.0, r.unit() * 9000.0).into())
            }
        })
        .collect();
    RegisterRows { version: 1, centers, ..RegisterRows::default() }
}
