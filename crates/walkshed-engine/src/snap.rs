//! Snapping: finds the nearest edge that a place can join, the fraction along the edge and the distance to it.
//!
//! Every edge within the snapping limit of the profile that the profile can use is a candidate. Edges along which people
//! seldom live or walk have a handicap in metres, which is added to their distance, so that an ordinary street that is
//! nearly as near is preferred ([`handicap_m`]). Edges that are cut off from the network are candidates only if no other
//! edge is within the limit.

use crate::geo::{Fixed, Metric, Place};
use crate::handicap::handicap_m;
use crate::network::Network;
use crate::profile::Profile;
use crate::spatial_index::{LEVEL_FANOUT as FANOUT, SnapTables};
use crate::units::{Deciseconds, Direction, EdgeId};

/// A place snapped to the network.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Snap {
    /// The edge.
    pub edge: EdgeId,
    /// Position along the edge: 0 at the tail, 1 at the head.
    pub fraction: f64,
    /// Length of the off-network leg from the place to the edge, metres.
    pub off_m: f64,
    /// The point on the edge.
    pub at: Fixed,
}

/// The place is too far from every street that the profile can use.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error("{}", match nearest_m {
    Some(m) => format!("the nearest street for this profile is {m:.0} m away, the limit is {limit_m:.0} m"),
    None => "the street network has no street for this profile".to_owned(),
})]
pub struct Unsnappable {
    /// Metres to the nearest usable street; `None` if the network has none.
    pub nearest_m: Option<f64>,
    /// The snapping limit of the profile, metres.
    pub limit_m: f64,
}

impl Snap {
    /// Returns the times from this point to the tail and the head of its edge, or, for [`Direction::Towards`], from them
    /// to this point.
    #[must_use]
    pub fn to_ends(&self, network: &Network, profile: Profile, direction: Direction) -> [Deciseconds; 2] {
        let (edge, costs) = (network.edge(self.edge), network.costs(profile, direction));
        [costs[edge.arcs[1] as usize].share(self.fraction), costs[edge.arcs[0] as usize].share(1.0 - self.fraction)]
    }

    /// Returns the times from the tail and the head of the edge to this point, or, for [`Direction::Towards`], from this
    /// point to them.
    #[must_use]
    pub fn from_ends(&self, network: &Network, profile: Profile, direction: Direction) -> [Deciseconds; 2] {
        let (edge, costs) = (network.edge(self.edge), network.costs(profile, direction));
        [costs[edge.arcs[0] as usize].share(self.fraction), costs[edge.arcs[1] as usize].share(1.0 - self.fraction)]
    }

    /// Returns the time along the edge to another point on it, or [`Deciseconds::NEVER`] if the point is on another edge.
    #[must_use]
    pub fn along_edge(&self, other: &Self, network: &Network, profile: Profile, direction: Direction) -> Deciseconds {
        if self.edge != other.edge {
            return Deciseconds::NEVER;
        }
        let (edge, costs) = (network.edge(self.edge), network.costs(profile, direction));
        let span = other.fraction - self.fraction;
        costs[edge.arcs[usize::from(span < 0.0)] as usize].share(span.abs())
    }
}

/// The best edge found so far.
#[derive(Clone, Copy)]
struct Best {
    /// Square of the distance in metres.
    d2: f64,
    /// Square of the distance plus the handicap.
    score2: f64,
    /// Edge number in the network, and index of the first shape point of the segment.
    piece: [u32; 2],
    /// Fraction along the segment.
    t: f64,
}

/// A nearest-neighbour search in an R-tree.
struct NearestSearch<'a> {
    tables: SnapTables<'a>,
    profile: Profile,
    place: Place,
    metric: Metric,
    limit2: f64,
    /// The best edge that is not cut off.
    main: Option<Best>,
    /// The best edge that is cut off.
    cut_off: Option<Best>,
}

impl NearestSearch<'_> {
    fn bound(&self) -> f64 {
        self.main.map_or(self.limit2, |b| b.score2)
    }

    fn box_d2(&self, b: &[i32; 4]) -> f64 {
        let gap =
            |low: i32, p: i32, high: i32| (i64::from(low) - i64::from(p)).max(i64::from(p) - i64::from(high)).max(0);
        let dx = gap(b[0], self.place.at.x, b[2]) as f64 * self.metric.kx;
        let dy = gap(b[1], self.place.at.y, b[3]) as f64 * self.metric.ky;
        dx * dx + dy * dy
    }

    /// Visits the boxes `from..to` of a level, nearest first.
    fn visit(&mut self, level: usize, from: usize, to: usize) {
        let (levels, boxes) = (self.tables.levels, self.tables.boxes);
        let base = levels[level] as usize;
        let mut order = [(0.0_f64, 0_usize); FANOUT];
        let mut n = 0;
        for i in from..to {
            let d2 = self.box_d2(&boxes[base + i]);
            if d2 <= self.bound() {
                let mut k = n;
                while k > 0 && order[k - 1].0 > d2 {
                    order[k] = order[k - 1];
                    k -= 1;
                }
                order[k] = (d2, i);
                n += 1;
            }
        }
        for &(d2, i) in &order[..n] {
            if d2 > self.bound() {
                break;
            }
            let (first, last) = (i * FANOUT, (i + 1) * FANOUT);
            if level == 0 {
                self.try_pieces(first, last.min(self.tables.pieces.len()));
            } else {
                let below = (levels[level] - levels[level - 1]) as usize;
                self.visit(level - 1, first, last.min(below));
            }
        }
    }

    fn try_pieces(&mut self, from: usize, to: usize) {
        let SnapTables { first_edge, edges, shapes, pieces, removed, .. } = self.tables;
        for &[number, point] in &pieces[from..to] {
            let edge = &edges[number as usize];
            if !edge.usable().contains(self.profile) || removed.binary_search(&number).is_ok() {
                continue;
            }
            let cut_off = edge.cut_off().contains(self.profile);
            let best = if cut_off { &mut self.cut_off } else { &mut self.main };
            let bound = best.map_or(f64::INFINITY, |b| b.score2);
            let (a, b) = (shapes[point as usize], shapes[point as usize + 1]);
            let (t, d2) = self.metric.project(self.place.at, a, b);
            if d2 > self.limit2 || d2 >= bound {
                continue;
            }
            let Some(handicap) = handicap_m(edge, self.profile, self.place.storey) else { continue };
            let score2 = if handicap > 0.0 { (d2.sqrt() + handicap).powi(2) } else { d2 };
            if score2 < bound {
                *best = Some(Best { d2, score2, piece: [first_edge + number, point], t });
            }
        }
    }
}

impl Network {
    /// Snaps a place to the nearest edge that the profile can use and that places of its storey can join. Handicaps are
    /// added to distances (see [`handicap_m`]). Edges that are cut off from the network are used only if no other edge is
    /// within the snapping limit of the profile.
    ///
    /// # Errors
    /// Returns [`Unsnappable`], with the distance to the nearest street, if no street is within the limit.
    ///
    /// ```
    /// # let network = walkshed_testing::grid(10, 100.0);
    /// use walkshed_engine::Profile;
    ///
    /// // A quarter along a street from west to east, 20 m north of it.
    /// let snap = network.snap(walkshed_testing::at(325.0, 220.0), Profile::Adult)?;
    /// assert_eq!(snap.fraction.mul_add(100.0, 0.5).floor(), 25.0);
    /// assert_eq!(snap.off_m.round(), 20.0);
    ///
    /// let far = network.snap(walkshed_testing::at(0.0, -5000.0), Profile::Adult).unwrap_err();
    /// assert_eq!(far.to_string(), "the nearest street for this profile is 5000 m away, the limit is 300 m");
    /// # Ok::<(), walkshed_engine::Unsnappable>(())
    /// ```
    pub fn snap(&self, place: impl Into<Place>, profile: Profile) -> Result<Snap, Unsnappable> {
        let mut place = place.into();
        place.at = self.align_longitude(place.at);
        let limit_m = self.profiles().get(profile).snap_limit_m;
        let found = nearest_in(self.snap_tables(), place, profile, limit_m);
        found[0].or(found[1]).map(|best| self.snap_of(place.at, best)).ok_or_else(|| {
            let anywhere = nearest_in(self.snap_tables(), place, profile, f64::INFINITY);
            let nearest = anywhere.into_iter().flatten().map(|best| best.d2).min_by(f64::total_cmp);
            Unsnappable { nearest_m: nearest.map(f64::sqrt), limit_m }
        })
    }

    /// Returns the nearest street of the file, on the ground, that the profile can use, cut off or not. Ignores the edges
    /// in `excluded` (sorted numbers) and the overlay.
    pub(crate) fn snap_to_base(&self, at: Fixed, profile: Profile, limit_m: f64, excluded: &[u32]) -> Option<Snap> {
        let of_file = self.snap_tables().take(1).map(|tables| SnapTables { removed: excluded, ..tables });
        let found = nearest_in(of_file, at.into(), profile, limit_m).into_iter().flatten();
        found.min_by(|a, b| a.score2.total_cmp(&b.score2)).map(|best| self.snap_of(at, best))
    }

    /// Returns the distance in metres within which a new edge could be preferred to the current snap of a place.
    pub(crate) fn snap_reach_m(&self, place: Place, snap: Option<&Snap>, profile: Profile) -> f64 {
        let limit_m = self.profiles().get(profile).snap_limit_m;
        match snap {
            Some(snap) if !self.edge(snap.edge).cut_off().contains(profile) => {
                let handicap = handicap_m(self.edge(snap.edge), profile, place.storey);
                handicap.map_or(limit_m, |m| (snap.off_m + m).min(limit_m))
            }
            _ => limit_m,
        }
    }

    fn snap_of(&self, at: Fixed, best: Best) -> Snap {
        let metric = Metric::at(at.lat());
        let edge = EdgeId(best.piece[0]);
        let shape = self.shape(edge);
        let index = (best.piece[1] - self.edge(edge).shape) as usize;
        let length = |p: &[Fixed]| metric.distance(p[0], p[1]);
        let total: f64 = shape.windows(2).map(length).sum();
        let before: f64 = shape[..=index].windows(2).map(length).sum();
        let along = before + length(&shape[index..]) * best.t;
        let fraction = if total > 0.0 { (along / total).clamp(0.0, 1.0) } else { 0.0 };
        Snap { edge, fraction, off_m: best.d2.sqrt(), at: shape[index].lerp(shape[index + 1], best.t) }
    }

    /// Returns whether a place must be snapped again because of the overlay. `snap` is its snap on the unchanged network.
    pub(crate) fn needs_snapping(&self, place: Place, snap: Option<&Snap>, profile: Profile) -> bool {
        let Some(overlay) = self.overlay() else { return false };
        snap.is_some_and(|snap| self.is_removed(snap.edge))
            || overlay.may_be_near(self.align_longitude(place.at), self.snap_reach_m(place, snap, profile))
    }
}

/// Returns the best edge that is not cut off, and the best one that is. The second may be missing if it is farther than the
/// first.
fn nearest_in<'t>(
    tables: impl Iterator<Item = SnapTables<'t>>,
    place: Place,
    profile: Profile,
    limit_m: f64,
) -> [Option<Best>; 2] {
    let mut found = [None; 2];
    for tables in tables {
        let Some(top) = tables.levels.len().checked_sub(2) else { continue };
        let mut walk = NearestSearch {
            tables,
            profile,
            place,
            metric: Metric::at(place.at.lat()),
            limit2: limit_m * limit_m,
            main: found[0],
            cut_off: found[1],
        };
        walk.visit(top, 0, (tables.levels[top + 1] - tables.levels[top]) as usize);
        found = [walk.main, walk.cut_off];
    }
    found
}
