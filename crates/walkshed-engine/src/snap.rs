//! Where a place joins the network: the nearest edge that takes it, the fraction along it, the distance to it.
//!
//! Every edge that the profile can use is a candidate within the profile's limit. Edges on which people seldom live or
//! walk count as farther than they are, by a handicap in metres, so that an ordinary street wins when it is nearly as near
//! ([`handicap_m`]). Edges that are cut off from the network count only where no other edge lies within the limit.
//!
//! The index is a packed R-tree over street segments in the order of their edges, which is that of a Hilbert curve,
//! so that it needs no sorting and lies in the prepared file as it is searched.

use super::access::{EdgeFlags, Kind, Structure};
use super::file::{Edge, Network};
use super::profile::Profile;
use super::units::{Deciseconds, Direction, EdgeId};
use crate::geo::{Fixed, Metric, Place, Storey};

/// A street on a bridge or viaduct takes a place unless a street on the ground is nearly as near, metres.
pub const BRIDGE_HANDICAP_M: f64 = 30.0;
/// A cycleway takes a walker unless a street where people ordinarily walk is nearly as near, metres.
pub const UNUSUAL_HANDICAP_M: f64 = 20.0;
/// A street of a piece that only legs off the network join to the others takes a place unless one of the network is nearly
/// as near, metres.
pub const DETACHED_HANDICAP_M: f64 = 50.0;
/// A street that this profile cannot leave (steps, slopes or kerbs all around) takes a place unless one of the network is as
/// good as at the same place, metres. Not more: a leg off the network leads over no barrier.
pub const FRAGMENT_HANDICAP_M: f64 = 10.0;
/// A place below the ground joins a way on the ground only where no way below is about as near, metres.
pub const OTHER_STOREY_HANDICAP_M: f64 = 100.0;

/// By how many metres an edge counts as farther than it is; `None` where a place on this storey never joins it.
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

/// Can places on some storey join the edge?
fn takes_places(edge: &Edge) -> bool {
    let is_street = edge.kind() == Kind::Street;
    edge.kind().can_be_snapped_to()
        && match edge.structure() {
            Structure::Ground => true,
            // Nobody lives on a footbridge or in a road tunnel.
            Structure::Bridge => is_street,
            Structure::Tunnel => !is_street,
        }
}

/// Children of a box.
pub(super) const LEVEL_FANOUT: usize = 8;
const FANOUT: usize = LEVEL_FANOUT;

/// The tables of the index.
pub(super) struct SnapIndex {
    pub pieces: Vec<[u32; 2]>,
    pub boxes: Vec<[i32; 4]>,
    pub levels: Vec<u32>,
}

impl SnapIndex {
    /// Indexes the edges that places can be put on. The last of `edges` only marks the end of shapes.
    pub(super) fn build(edges: &[Edge], shapes: &[Fixed]) -> Self {
        let mut pieces = Vec::new();
        for (n, pair) in edges.windows(2).enumerate() {
            if takes_places(&pair[0]) && pair[0].usable().0 != 0 {
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

/// An index and the streets it is of.
#[derive(Clone, Copy)]
pub(super) struct SnapTables<'a> {
    /// The number of the first of `edges`.
    pub first_edge: u32,
    pub edges: &'a [Edge],
    pub shapes: &'a [Fixed],
    pub pieces: &'a [[u32; 2]],
    pub boxes: &'a [[i32; 4]],
    pub levels: &'a [u32],
    /// Numbers of edges that are closed, in their order.
    pub gone: &'a [u32],
}

fn join(a: [i32; 4], b: [i32; 4]) -> [i32; 4] {
    [a[0].min(b[0]), a[1].min(b[1]), a[2].max(b[2]), a[3].max(b[3])]
}

/// A place on the network.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Snap {
    pub edge: EdgeId,
    /// 0 at the edge's tail, 1 at its head.
    pub fraction: f64,
    /// Metres from the place to the street.
    pub off_m: f64,
    /// The point on the street.
    pub at: Fixed,
}

/// A place that is too far from any street the profile can use.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error("{}", match nearest_m {
    Some(m) => format!("the nearest street for this profile is {m:.0} m away, the limit is {limit_m:.0} m"),
    None => "the street network has no street for this profile".to_owned(),
})]
pub struct Unsnappable {
    /// Metres to the nearest usable street, where there is any.
    pub nearest_m: Option<f64>,
    pub limit_m: f64,
}

impl Snap {
    /// The time from this place to the edge's tail and head (or from them to it, for [`Direction::Towards`]).
    #[must_use]
    pub fn to_ends(&self, network: &Network, profile: Profile, direction: Direction) -> [Deciseconds; 2] {
        let (edge, costs) = (network.edge(self.edge), network.costs(profile, direction));
        [costs[edge.arcs[1] as usize].share(self.fraction), costs[edge.arcs[0] as usize].share(1.0 - self.fraction)]
    }

    /// The time from the edge's tail and head to this place (or from it to them, for [`Direction::Towards`]).
    #[must_use]
    pub fn from_ends(&self, network: &Network, profile: Profile, direction: Direction) -> [Deciseconds; 2] {
        let (edge, costs) = (network.edge(self.edge), network.costs(profile, direction));
        [costs[edge.arcs[0] as usize].share(self.fraction), costs[edge.arcs[1] as usize].share(1.0 - self.fraction)]
    }

    /// The time straight along the edge to another place on the same edge; [`Deciseconds::NEVER`] on another.
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

/// A candidate: squared metres, those with the handicap, piece (its edge by its number in the network), fraction along
/// the piece.
#[derive(Clone, Copy)]
struct Best {
    d2: f64,
    score2: f64,
    piece: [u32; 2],
    t: f64,
}

struct Walk<'a> {
    tables: SnapTables<'a>,
    profile: Profile,
    place: Place,
    metric: Metric,
    limit2: f64,
    /// The best of the network, and the best of what is cut off.
    main: Option<Best>,
    cut_off: Option<Best>,
}

impl Walk<'_> {
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
        let SnapTables { first_edge, edges, shapes, pieces, gone, .. } = self.tables;
        for &[number, point] in &pieces[from..to] {
            let edge = &edges[number as usize];
            if !edge.usable().contains(self.profile) || gone.binary_search(&number).is_ok() {
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
    /// Joins a place to the nearest edge that the profile can use and that takes places of its storey, by the rule that
    /// the module states. What is cut off from the network counts only where nothing else lies within the limit.
    ///
    /// # Errors
    /// [`Unsnappable`] with the distance to the nearest street, past the profile's snapping limit.
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

    /// The nearest street of the file on the ground that the profile can use, whether cut off or not, some edges (in the
    /// order of their numbers) left out.
    pub(super) fn snap_before(&self, at: Fixed, profile: Profile, limit_m: f64, without: &[u32]) -> Option<Snap> {
        let of_file = self.snap_tables().take(1).map(|tables| SnapTables { gone: without, ..tables });
        let found = nearest_in(of_file, at.into(), profile, limit_m).into_iter().flatten();
        found.min_by(|a, b| a.score2.total_cmp(&b.score2)).map(|best| self.snap_of(at, best))
    }

    /// Could an edge that is nearer than this take the place from the edge it has joined? Metres.
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

    /// Calls `found` with every street segment (edge, its first point, its last) whose box meets the window.
    pub fn segments_in(&self, low: Fixed, high: Fixed, mut found: impl FnMut(EdgeId, Fixed, Fixed)) {
        for tables in self.snap_tables() {
            let SnapTables { first_edge, shapes, pieces, boxes, levels, gone, .. } = tables;
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
                            && gone.binary_search(&number).is_err()
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

/// The best edge of the network, and the best of what is cut off (which may be missing where it is farther).
fn nearest_in<'t>(
    tables: impl Iterator<Item = SnapTables<'t>>,
    place: Place,
    profile: Profile,
    limit_m: f64,
) -> [Option<Best>; 2] {
    let mut found = [None; 2];
    for tables in tables {
        let Some(top) = tables.levels.len().checked_sub(2) else { continue };
        let mut walk = Walk {
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
