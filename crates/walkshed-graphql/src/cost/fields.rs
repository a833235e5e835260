//! Costs that follow from the arguments and the number of rows alone.

use crate::types::{Profile, WalkshedDetail};

/// A search: 10 us for 15 minutes on foot; grows with the reachable area.
pub fn search(minutes: f64, profile: Profile) -> usize {
    per_area(14.0, minutes, profile)
}

/// A search and its outlines: 150 us for 15 minutes on foot. Fine outlines have twice as many points in each direction.
pub fn walkshed(minutes: &[f64], profile: Profile, detail: WalkshedDetail) -> usize {
    let most = minutes.iter().copied().fold(0.0, f64::max);
    let (field, outline) = match detail {
        WalkshedDetail::Fine => (300.0, 200.0),
        WalkshedDetail::Normal => (180.0, 60.0),
        WalkshedDetail::Coarse => (120.0, 20.0),
    };
    per_area(14.0, most, profile) + per_area(field, most, profile) + per_area(outline, most, profile) * minutes.len()
}

/// A matrix: one search for each position of the shorter side; every position is snapped.
pub fn matrix(origins: usize, destinations: usize, minutes: f64, profile: Profile) -> usize {
    search(minutes, profile).saturating_mul(origins.min(destinations)) + 2 * (origins + destinations)
}

/// Coverage of a city, as counted before the request runs: a small part of the cost. The rest is charged once the size of
/// the city is known.
pub const fn sweeps(parts: usize) -> usize {
    6000 * parts
}

/// The same query against two worlds.
pub const fn comparison(parts: usize) -> usize {
    sweeps(parts) + 1000
}

/// The outline of cells: about 5 us each.
pub const fn outline(cells: usize) -> usize {
    1 + cells * 7
}

/// Finding gaps among uncovered cells: about 8 us each.
pub const fn gaps(uncovered: usize) -> usize {
    1 + uncovered * 12
}

/// Hexagons as text: about 5 us each.
pub const fn hexagons(cells: usize) -> usize {
    1 + cells * 7
}

/// The times of the cells around a reached area, each snapped: about 6 us each.
pub const fn cell_times(cells: usize) -> usize {
    1000 + cells * 9
}

/// Snapped positions: about 8 us each.
pub const fn places(count: usize) -> usize {
    count * 12
}

/// Reached street segments as text: 0.5 us each.
pub const fn segments(pieces: usize) -> usize {
    1 + pieces * 7 / 10
}

/// A scan over the rows of a table: about 0.2 us each.
pub const fn rows(count: usize) -> usize {
    1 + count * 3 / 10
}

/// A sum over many values: about 5 ns each.
pub const fn scan(count: usize) -> usize {
    1 + count / 140
}

/// A scan over all events; when recurrences are expanded, about 4 us each.
pub const fn occurrences(events: usize, are_unfolded: bool) -> usize {
    if are_unfolded { 1 + events * 6 } else { rows(events) }
}

/// A list of the register. With a filter or an order it takes 3 to 10 ms for a whole city, measured with
/// `cargo bench --bench register`.
pub const fn list(searched: bool) -> usize {
    if searched { 7000 } else { 150 }
}

/// A list that the index for text search restricts: about 1 ms if the text is in most of 620,000 rows. Further conditions are
/// charged by the number of rows with the text.
pub const fn text_list() -> usize {
    1500
}

fn per_area(quarter_hour: f64, minutes: f64, profile: Profile) -> usize {
    let area = if profile == Profile::Bicycle { 10.0 } else { 1.0 };
    let minutes = if minutes.is_finite() { minutes.max(0.0) } else { 0.0 };
    // Capped so that sums and products of costs do not overflow; the cap exceeds every limit.
    1 + (quarter_hour * area * (minutes / 15.0).powi(2)).ceil().min(1e9) as usize
}
