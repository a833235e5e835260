//! The reported facts about three centers and a guild hall: separate tables, with positions relocated to the generated
//! city.

use crate::error::DemoError;

/// The tables of reported facts.
pub const TABLES: [(&str, &str); 7] = [
    ("centers", include_str!("facts/centers.csv")),
    ("facilities", include_str!("facts/facilities.csv")),
    ("services", include_str!("facts/services.csv")),
    ("offers", include_str!("facts/offers.csv")),
    ("events", include_str!("facts/events.csv")),
    ("visits", include_str!("facts/visits.csv")),
    ("suggestions", include_str!("facts/suggestions.csv")),
];
/// The code of the reported center of Jiangbei, and the division that contains it.
const JIANGBEI: (&str, &str) = ("500105002000", "500105002002");

type Table = (Vec<String>, Vec<Vec<String>>);

/// Reads a table of reported facts and moves its positions to the generated city.
pub fn relocated(
    text: &str,
    kind: &str,
    place_of: &dyn Fn(&str) -> Option<(f64, f64)>,
    fallback: Option<(f64, f64)>,
) -> Result<Table, DemoError> {
    let bad = |source| DemoError::Facts { kind: kind.to_owned(), source };
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let mut header: Vec<String> = reader.headers().map_err(bad)?.iter().map(str::to_owned).collect();
    let column = |header: &[String], name: &str| header.iter().position(|h| h == name);
    let (lon, lat) = (column(&header, "lon"), column(&header, "lat"));
    let codes: Vec<usize> = ["code", "center", "division"].iter().filter_map(|c| column(&header, c)).collect();
    // Only the table of centers has the original positions.
    let original = |code: &str| -> Option<(f64, f64)> {
        let mut centers = csv::Reader::from_reader(TABLES[0].1.as_bytes());
        let found = centers.records().filter_map(Result::ok).find(|r| r.get(0) == Some(code))?;
        Some((found.get(4)?.parse().ok()?, found.get(5)?.parse().ok()?))
    };
    let quality = column(&header, "position_quality");
    let adds_quality = quality.is_none() && kind == "facilities";
    if adds_quality {
        header.push("position_quality".into());
    }
    let mut rows = Vec::new();
    for record in reader.records() {
        let mut row: Vec<String> = record.map_err(bad)?.iter().map(str::to_owned).collect();
        let code = codes.iter().map(|&c| row[c].clone()).find(|code| !code.is_empty());
        let new_code = code.as_deref().map(|c| if c == JIANGBEI.0 { JIANGBEI.1 } else { c });
        for &c in &codes {
            if row[c] == JIANGBEI.0 {
                row[c] = JIANGBEI.1.into();
            }
        }
        if let (Some(lon), Some(lat)) = (lon, lat)
            && let (Ok(x), Ok(y)) = (row[lon].parse::<f64>(), row[lat].parse::<f64>())
        {
            let from = code.as_deref().and_then(original);
            let to = new_code.and_then(place_of);
            let relocated = match (from, to) {
                (Some(from), Some(to)) => Some((x - from.0 + to.0, y - from.1 + to.1)),
                _ => fallback,
            };
            let Some(relocated) = relocated else { continue };
            (row[lon], row[lat]) = (format!("{:.6}", relocated.0), format!("{:.6}", relocated.1));
        }
        match quality {
            Some(q) => row[q] = "synthetic".into(),
            None if adds_quality => row.push("synthetic".into()),
            None => {}
        }
        rows.push(row);
    }
    Ok((header, rows))
}
