//! Snapping: finds the nearest edge that a place can join, the fraction along the edge and the distance to it.
//!
//! Every edge within the snapping limit of the profile that the profile can use is a candidate. Edges along which people
//! seldom live or walk have a handicap in metres, which is added to their distance, so that an ordinary street that is
//! nearly as near is preferred ([`handicap_m`]). Edges that are cut off from the network are candidates only if no other
//! edge is within the limit.
//!
//! The spatial index is a packed R-tree over street segments. Edges are in Hilbert order, so it is built without sorting
//! and stored in the prepared file in the form in which it is searched.

use super::access::{EdgeFlags, Kind, Structure};
use super::file::{Edge, Network};
use super::profile::Profile;
use super::units::{Deciseconds, Direction, EdgeId};
use crate::geo::{Fixed, Metric, Place, Storey};

/// Handicap of a street on a bridge or viaduct, metres.
pub const BRIDGE_HANDICAP_M: f64 = 30.0;
/// Handicap of an edge on which people seldom walk (a cycleway), for all profiles except the bicycle, metres.
pub const UNUSUAL_HANDICAP_M: f64 = 20.0;
/// Handicap of an edge of an island that only off-network legs connect to the network, metres.
pub const DETACHED_HANDICAP_M: f64 = 50.0;
/// Handicap of an edge of a fragment, which the profile cannot leave (steps, slopes or kerbs all around), metres. It is
/// small because an off-network leg crosses no barrier.
pub const FRAGMENT_HANDICAP_M: f64 = 10.0;
/// Handicap of an edge on the ground for a place below the ground, metres.
pub const OTHER_STOREY_HANDICAP_M: f64 = 100.0;

/// Returns the handicap of an edge in metres, which snapping adds to its distance; `None` if a place on this storey never
/// joins the edge.
#[must_use]
pub fn handicap_m(edge: &Edge, profile: Profile, storey: Storey) -> Option<f64> {
    const OFF_GROUND: u8 = EdgeFlags::UNDERGROUND.0 | EdgeFlags::INDOOR.0;
    let (structure, flags) = (edge.structure(), edge.flags().0);
    let on_ground = structure == Structure::Ground && flags & OFF_GROUND == 0;
    let below = structure == Structure::Tunnel || flags & EdgeFlags::UNDERGROUND.0 != 0;
    let mut handicap = match storey {
        Storey::Below if below => 0.0,
        Storey::Above if flags & EdgeFlags::INDOOR.0 != 0 => 0.0,
        _ if on_ground => match storey {
            Storey::Below => OTHER_STOREY_HANDICAP_M,
            Storey::Ground | Storey::Above => 0.0,
        },
        _ if structure == Structure::Bridge && flags & OFF_GROUND == 0 && edge.kind() == Kind::Street => {
            BRIDGE_HANDICAP_M
        }
        _ => return None,
    };
    if flags & EdgeFlags::UNUSUAL_ON_FOOT.0 != 0 && profile != Profile::Bicycle {
        handicap += UNUSUAL_HANDICAP_M;
    }
    if flags & EdgeFlags::DETACHED.0 != 0 {
        handicap += DETACHED_HANDICAP_M;
    } else if edge.fragment().contains(profile) {
        handicap += FRAGMENT_HANDICAP_M;
    }
    Some(handicap)
}

/// Returns whether places on some storey can join the edge.
fn can_be_joined(edge: &Edge) -> bool {
    let is_street = edge.kind() == Kind::Street;
    edge.kind().can_be_snapped_to()
        && match edge.structure() {
            Structure::Ground => true,
            // No addresses are on footbridges or in road tunnels.
            Structure::Bridge => is_street,
            Structure::Tunnel => !is_street,
        }
}

/// Number of children of a box of the R-tree.
pub(super) const LEVEL_FANOUT: usize = 8;
const FANOUT: usize = LEVEL_FANOUT;

/// The tables of a spatial index.
pub(super) struct SnapIndex {
    pub pieces: Vec<[u32; 2]>,
    pub boxes: Vec<[i32; 4]>,
    pub levels: Vec<u32>,
}

impl SnapIndex {
    /// Indexes the edges that places can join. The last of `edges` is the sentinel.
    pub(super) fn build(edges: &[Edge], shapes: &[Fixed]) -> Self {
        let mut pieces = Vec::new();
        for (n, pair) in edges.windows(2).enumerate() {
            if can_be_joined(&pair[0]) && pair[0].usable().0 != 0 {
                pieces.extend((pair[0].shape..pair[1].shape - 1).map(|s| [n as u32, s]));
            }
        }
        let mut boxes: Vec<[i32; 4]> = pieces
            .chunks(FANOUT)
            .map(|group| {
                group.iter().fold([i32::MAX, i32::MAX, i32::MIN, i32::MIN], |b, piece| {
                    let (p, q) = (shapes[piece[1] as usize], shapes[piece[1] as usize + 1]);
                    join(b, [p.x.min(q.x), p.y.min(q.y), p.x.max(q.x), p.y.max(q.y)])
                })
            })
            .collect();
        let mut levels = vec![0, boxes.len() as u32];
        let mut start = 0;
        while boxes.len() - start > FANOUT {
            let above: Vec<[i32; 4]> =
                boxes[start..].chunks(FANOUT).map(|g| g.iter().copied().reduce(join).unwrap_or_default()).collect();
            start = boxes.len();
            boxes.extend(above);
            levels.push(boxes.len() as u32);
        }
        Self { pieces, boxes, levels }
    }
}

/// A spatial index and the edges it refers to.
#[derive(Clone, Copy)]
pub(super) struct SnapTables<'a> {
    /// The edge number of the first of `edges`.
    pub first_edge: u32,
    pub edges: &'a [Edge],
    pub shapes: &'a [Fixed],
    pub pieces: &'a [[u32; 2]],
    pub boxes: &'a [[i32; 4]],
    pub levels: &'a [u32],
    /// Sorted numbers of edges that are closed or cut.
    pub removed: &'a [u32],
}

fn join(a: [i32; 4], b: [i32; 4]) -> [i32; 4] {
    [a[0].min(b[0]), a[1].min(b[1]), a[2].max(b[2]), a[3].max(b[3])]
}

/// A place snapped to the network.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Snap {
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
    pub fn snap(&self, place: impl Into<Place>, profile: Profile) -> Result<Snap, Unsnappable> {
        let mut place = place.into();
        place.at = self.beside(place.at);
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
    pub(super) fn snap_to_base(&self, at: Fixed, profile: Profile, limit_m: f64, excluded: &[u32]) -> Option<Snap> {
        let of_file = self.snap_tables().take(1).map(|tables| SnapTables { removed: excluded, ..tables });
        let found = nearest_in(of_file, at.into(), profile, limit_m).into_iter().flatten();
        found.min_by(|a, b| a.score2.total_cmp(&b.score2)).map(|best| self.snap_of(at, best))
    }

    /// Returns the distance in metres within which a new edge could be preferred to the current snap of a place.
    pub(super) fn snap_reach_m(&self, place: Place, snap: Option<&Snap>, profile: Profile) -> f64 {
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

    /// Calls `found` with every street segment (edge, first point, last point) whose bounding box intersects the window.
    pub fn segments_in(&self, low: Fixed, high: Fixed, mut found: impl FnMut(EdgeId, Fixed, Fixed)) {
        for tables in self.snap_tables() {
            let SnapTables { first_edge, shapes, pieces, boxes, levels, removed, .. } = tables;
            let Some(top) = levels.len().checked_sub(2) else { continue };
            let meets = |b: &[i32; 4]| b[0] <= high.x && b[2] >= low.x && b[1] <= high.y && b[3] >= low.y;
            // (level, index) still to visit.
            let mut stack: Vec<(usize, usize)> =
                (0..(levels[top + 1] - levels[top]) as usize).map(|i| (top, i)).collect();
            while let Some((level, i)) = stack.pop() {
                if !meets(&boxes[levels[level] as usize + i]) {
                    continue;
                }
                let first = i * FANOUT;
                if level == 0 {
                    for &[number, point] in &pieces[first..(first + FANOUT).min(pieces.len())] {
                        let (a, b) = (shapes[point as usize], shapes[point as usize + 1]);
                        if meets(&[a.x.min(b.x), a.y.min(b.y), a.x.max(b.x), a.y.max(b.y)])
                            && removed.binary_search(&number).is_err()
                        {
                            found(EdgeId(first_edge + number), a, b);
                        }
                    }
                } else {
                    let below = (levels[level] - levels[level - 1]) as usize;
                    stack.extend((first..(first + FANOUT).min(below)).map(|c| (level - 1, c)));
                }
            }
        }
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
