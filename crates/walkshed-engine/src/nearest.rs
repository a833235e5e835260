//! The points of a layer that are nearest to a place. The search ends as soon as it has proved them.

use crate::hits::Hits;
use crate::layer::PointLayer;
use crate::network::Network;
use crate::profile::Profile;
use crate::scratch::Scratch;
use crate::start::Start;
use crate::units::{Deciseconds, Direction};
use std::cmp::Reverse;

/// A search for the points nearest to a place.
#[derive(Debug, Clone, Copy)]
pub struct NearestQuery<'a> {
    /// The place.
    pub start: &'a Start,
    /// Who travels.
    pub profile: Profile,
    /// From the place to the points, or towards the place.
    pub direction: Direction,
    /// Maximum travel time, inclusive.
    pub limit: Deciseconds,
    /// The first key of the page: a travel time, and a point index among the points with that time.
    pub from: Option<(Deciseconds, u32)>,
    /// Maximum number of points.
    pub first: usize,
}

/// A page of points, ordered by travel time, then by index.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NearestPage {
    /// The points with their travel times.
    pub points: Vec<(Deciseconds, u32)>,
    /// Whether there are more points within the limit after this page.
    pub has_next: bool,
}

/// A page under construction.
struct Page<'a> {
    query: &'a NearestQuery<'a>,
    found: NearestPage,
}

impl Page<'_> {
    /// Moves the pending points with a time below `settled` to the page. Vertices settled later have at least that time, so these
    /// times are final. Returns whether the page is complete.
    fn take_final(&mut self, hits: &mut Hits, settled: Deciseconds) -> bool {
        while let Some(&Reverse((time, point))) = hits.pending.peek()
            && time < settled
        {
            hits.pending.pop();
            // Entries that a faster way has replaced have another time.
            if hits.time(point) != time || self.query.from.is_some_and(|from| (time, point) < from) {
                continue;
            }
            if self.found.points.len() == self.query.first {
                self.found.has_next = true;
                return true;
            }
            self.found.points.push((time, point));
        }
        false
    }
}

impl PointLayer {
    /// Finds the accepted points nearest to a place, in order of travel time, then of index. Settles only the vertices that
    /// prove the page and whether another one follows. `accept` is called at most once for a point.
    ///
    /// Afterwards, [`Hits::via`] and the paths of `scratch.search` are valid for the points of the page. What
    /// `scratch.hits` holds of other points has no meaning.
    ///
    /// ```
    /// # let network = walkshed_testing::grid(10, 100.0);
    /// use walkshed_engine::{Deciseconds, Direction, NearestQuery, PointLayer, Profile, Start, with_scratch};
    ///
    /// let places = [(300.0, 0.0), (900.0, 900.0), (100.0, 0.0)].map(|(x, y)| walkshed_testing::at(x, y));
    /// let layer = PointLayer::new(places.to_vec());
    /// let profile = Profile::Adult;
    /// let start = Start::new(&network, network.snap(walkshed_testing::at(0.0, 0.0), profile)?, profile);
    /// let query = NearestQuery {
    ///     start: &start,
    ///     profile,
    ///     direction: Direction::From,
    ///     limit: Deciseconds::from_minutes(60.0),
    ///     from: None,
    ///     first: 2,
    /// };
    /// let page = with_scratch(|scratch| layer.nearest(&network, &query, scratch, |_| true));
    /// assert_eq!(page.points.iter().map(|&(time, point)| (point, time.minutes())).collect::<Vec<_>>(), [(2, 1.25), (0, 3.75)]);
    /// assert!(page.has_next);
    /// # Ok::<(), walkshed_engine::Unsnappable>(())
    /// ```
    #[must_use]
    pub fn nearest(
        &self,
        network: &Network,
        query: &NearestQuery<'_>,
        scratch: &mut Scratch,
        mut accept: impl FnMut(u32) -> bool,
    ) -> NearestPage {
        let NearestQuery { start, profile, direction, limit, .. } = *query;
        let Scratch { search, hits } = scratch;
        hits.clear(self.points().len());
        hits.pending.clear();
        let points = Vec::with_capacity(query.first.min(self.points().len()));
        let mut page = Page { query, found: NearestPage { points, has_next: false } };
        let entries = self.entries(network, profile, direction);
        self.on_start_edge(network, query.start, profile, direction, |point, time| {
            if hits.offer_accepted(point, time, None, limit, &mut accept) {
                hits.pending.push(Reverse((time, point)));
            }
        });
        let seeds = start.seeds(network, profile, direction, limit);
        let mut is_complete = false;
        search.run_until(network, profile, direction, &seeds, limit, |vertex, settled| {
            is_complete = page.take_final(hits, settled);
            if !is_complete {
                for &(point, leg) in entries.of(vertex) {
                    let time = settled + leg;
                    if hits.offer_accepted(point, time, Some(vertex), limit, &mut accept) {
                        hits.pending.push(Reverse((time, point)));
                    }
                }
            }
            is_complete
        });
        if !is_complete {
            page.take_final(hits, Deciseconds::NEVER);
        }
        page.found
    }
}
