//! What a query costs before it runs, in units of one plain field (0.7 microseconds), and where costly work is done.

use super::error::internal;
use super::types::Profile;
use crate::network::Direction as EngineDirection;
use async_graphql::Result;

/// Work that costs more than this many fields (2 ms) leaves the thread that answers others.
const BLOCKING: usize = 3000;

/// A search: 10 us for a quarter of an hour on foot, growing with the area that can be reached.
pub fn search(minutes: f64, profile: Profile) -> usize {
    per_area(14.0, minutes, profile)
}

/// A search and its polygons: 400 us for a quarter of an hour on foot.
pub fn walkshed(minutes: &[f64], profile: Profile) -> usize {
    let most = minutes.iter().copied().fold(0.0, f64::max);
    per_area(14.0, most, profile) + per_area(500.0, most, profile) + per_area(50.0, most, profile) * minutes.len()
}

/// A matrix: one search for each place of the shorter side, and every place put on the network.
pub fn matrix(origins: usize, destinations: usize, minutes: f64, profile: Profile) -> usize {
    search(minutes, profile).saturating_mul(origins.min(destinations)) + 2 * (origins + destinations)
}

/// Coverage of a whole city: a sweep for each part of the need, some 25 ms each at the size of Chongqing by
/// `cargo bench --bench coverage`, counted at a sixth of that because the next question with the same need finds it done.
pub const fn sweeps(parts: usize) -> usize {
    6000 * parts
}

/// The same question of two worlds. Of the first the sweeps are usually there, as the city is asked first; and of what a scenario
/// does not change the second shares them. What is left is one sweep a part for a scenario that changes streets.
pub const fn comparison(parts: usize) -> usize {
    sweeps(parts) + 1000
}

/// The outline of some cells: some 5 us each.
pub const fn outline(cells: usize) -> usize {
    1 + cells * 7
}

/// Reached street pieces as text: half a microsecond each.
pub const fn segments(pieces: usize) -> usize {
    1 + pieces * 7 / 10
}

/// Going through a list of the register. Filtered or ordered, it is 3 to 10 ms at the size of a whole city, by
/// `cargo bench --bench register`.
pub const fn list(searched: bool) -> usize {
    if searched { 7000 } else { 150 }
}

/// The use of centers in a period: a search each, hours by the day.
pub const fn usage(centers: usize, days: i32) -> usize {
    centers * (100 + days.unsigned_abs() as usize * 5)
}

fn per_area(quarter_hour: f64, minutes: f64, profile: Profile) -> usize {
    let rides = if profile == Profile::Bicycle { 10.0 } else { 1.0 };
    let minutes = if minutes.is_finite() { minutes.max(0.0) } else { 0.0 };
    // A float too large for usize saturates, which is too complex in any case.
    1 + (quarter_hour * rides * (minutes / 15.0).powi(2)).ceil() as usize
}

/// Runs cheap work here and costly work on a thread of its own, so that other answers do not wait for it.
pub async fn run<T: Send + 'static>(cost: usize, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    if cost <= BLOCKING { Ok(work()) } else { tokio::task::spawn_blocking(work).await.map_err(internal) }
}

/// Which way a search runs, when the request does not say.
pub fn direction(given: Option<super::types::Direction>, usual: EngineDirection) -> EngineDirection {
    given.map_or(usual, Into::into)
}
