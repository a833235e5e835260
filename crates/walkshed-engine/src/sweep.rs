//! The sweep: one multi-source search that finds, for every vertex, the nearest of many points. Analyses of a whole city
//! run one sweep from the facilities and read the result at every population cell.

use crate::network::Network;
use crate::profile::Profile;
use crate::queue::BucketQueue;
use crate::snap::Snap;
use crate::start::Start;
use crate::task::{self, Stopped};
use crate::units::{Deciseconds, Direction, EdgeId, VertexId};

/// Maximum number of nearest points that a sweep keeps for each vertex.
pub const MAX_NEAREST: usize = 10;
/// Labels settled between two checks for cancellation: one or two milliseconds of work.
const LABELS_PER_CHECK: usize = 16 * 1024;
/// Points inserted between two checks for cancellation.
const POINTS_PER_CHECK: usize = 1024;

/// A time (high half) and the index of a point (low half), so that labels sort by time, then by index.
type Label = u64;

const NO_LABEL: Label = u64::MAX;

const fn label(time: u32, point: u32) -> Label {
    (time as u64) << 32 | point as u64
}

const fn unpack(label: Label) -> (Deciseconds, u32) {
    (Deciseconds((label >> 32) as u32), label as u32)
}

/// Inserts a label into the sorted list of the best labels, which holds each point at most once. Returns whether the label
/// was inserted.
#[inline]
fn insert(best: &mut [Label], new: Label) -> bool {
    let last = best.len() - 1;
    if new >= best[last] {
        return false;
    }
    // Replace a longer time of the same point, or else the last label.
    let mut at = last;
    for (i, &old) in best.iter().enumerate() {
        if old as u32 == new as u32 && old != NO_LABEL {
            if old <= new {
                return false;
            }
            at = i;
            break;
        }
    }
    while at > 0 && best[at - 1] > new {
        best[at] = best[at - 1];
        at -= 1;
    }
    best[at] = new;
    true
}

/// The nearest points of every vertex, ordered by time, then by index.
///
/// ```
/// # let network = walkshed_testing::grid(10, 100.0);
/// use walkshed_engine::{Deciseconds, Direction, Profile, Start, Sweep};
///
/// let profile = Profile::Adult;
/// let snap = |x, y| network.snap(walkshed_testing::at(x, y), profile);
/// let points = [snap(0.0, 0.0)?, snap(500.0, 0.0)?, snap(900.0, 900.0)?];
/// let starts = points.map(|snap| Some(Start::new(&network, snap, profile))).to_vec();
/// let limit = Deciseconds::from_minutes(15.0);
/// let sweep = Sweep::run(&network, profile, Direction::Towards, starts, 2, limit)?;
///
/// let mut nearest = Vec::new();
/// sweep.nearest_to(&network, &snap(400.0, 0.0)?, &mut nearest);
/// assert_eq!(nearest.iter().map(|(_, point)| *point).collect::<Vec<_>>(), [1, 0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Sweep {
    profile: Profile,
    direction: Direction,
    limit: Deciseconds,
    nearest: usize,
    labels: Vec<Label>,
    starts: Vec<Option<Start>>,
    /// The points with the edges they lie on, sorted by edge.
    on_edges: Vec<(EdgeId, u32)>,
}

impl Sweep {
    /// Finds, for every vertex, the `nearest` points within `limit`. `nearest` is clamped to 1 to [`MAX_NEAREST`]. With
    /// [`Direction::Towards`], people travel to the points; with [`Direction::From`], from the points.
    ///
    /// Points are identified by their index in `starts`. Points that are `None` (not on a street) are never found.
    ///
    /// # Errors
    /// Returns [`Stopped`] if the current task is stopped.
    pub fn run(
        network: &Network,
        profile: Profile,
        direction: Direction,
        starts: Vec<Option<Start>>,
        nearest: usize,
        limit: Deciseconds,
    ) -> Result<Self, Stopped> {
        let nearest = nearest.clamp(1, MAX_NEAREST);
        let mut labels = vec![NO_LABEL; network.vertices().len() * nearest];
        let mut on_edges: Vec<(EdgeId, u32)> = Vec::with_capacity(starts.len());
        let mut queue = BucketQueue::<(u32, u32)>::default();
        queue.start(limit.0);
        for (point, start) in starts.iter().enumerate() {
            if point % POINTS_PER_CHECK == 0 {
                task::work(POINTS_PER_CHECK.min(starts.len() - point))?;
            }
            let Some(start) = start else { continue };
            on_edges.push((start.snap.edge, point as u32));
            for seed in start.seeds(network, profile, direction, limit).iter() {
                let v = seed.vertex.index();
                if seed.time <= limit
                    && insert(&mut labels[v * nearest..(v + 1) * nearest], label(seed.time.0, point as u32))
                {
                    queue.push(seed.time.0, (seed.vertex.0, point as u32));
                }
            }
        }
        on_edges.sort_unstable();
        // The length of the lists is a compile-time constant, so that their loops are unrolled.
        match nearest {
            1 => propagate::<1>(network, profile, direction, &mut queue, labels.as_chunks_mut().0, limit.0),
            2 => propagate::<2>(network, profile, direction, &mut queue, labels.as_chunks_mut().0, limit.0),
            3 => propagate::<3>(network, profile, direction, &mut queue, labels.as_chunks_mut().0, limit.0),
            4 => propagate::<4>(network, profile, direction, &mut queue, labels.as_chunks_mut().0, limit.0),
            5 => propagate::<5>(network, profile, direction, &mut queue, labels.as_chunks_mut().0, limit.0),
            6 => propagate::<6>(network, profile, direction, &mut queue, labels.as_chunks_mut().0, limit.0),
            7 => propagate::<7>(network, profile, direction, &mut queue, labels.as_chunks_mut().0, limit.0),
            8 => propagate::<8>(network, profile, direction, &mut queue, labels.as_chunks_mut().0, limit.0),
            9 => propagate::<9>(network, profile, direction, &mut queue, labels.as_chunks_mut().0, limit.0),
            _ => propagate::<MAX_NEAREST>(network, profile, direction, &mut queue, labels.as_chunks_mut().0, limit.0),
        }?;
        Ok(Self { profile, direction, limit, nearest, labels, starts, on_edges })
    }

    /// Returns the maximum number of points kept for each vertex.
    #[must_use]
    pub const fn nearest(&self) -> usize {
        self.nearest
    }

    /// Returns the time limit.
    #[must_use]
    pub const fn limit(&self) -> Deciseconds {
        self.limit
    }

    /// Returns the points, by index; `None` for those on no street.
    #[must_use]
    pub fn starts(&self) -> &[Option<Start>] {
        &self.starts
    }

    /// Returns the memory it uses in bytes.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.labels.len() * size_of::<Label>()
            + self.starts.len() * size_of::<Option<Start>>()
            + self.on_edges.len() * size_of::<(EdgeId, u32)>()
    }

    /// Returns the nearest points of a vertex, nearest first: time and index.
    pub fn nearest_to_vertex(&self, vertex: VertexId) -> impl Iterator<Item = (Deciseconds, u32)> + '_ {
        let v = vertex.index();
        self.labels[v * self.nearest..(v + 1) * self.nearest].iter().filter(|&&l| l != NO_LABEL).map(|&l| unpack(l))
    }

    /// Writes the nearest points of a snapped place (time and index), nearest first, into `found`. The times are equal to
    /// those of a search from each point, to the decisecond.
    pub fn nearest_to(&self, network: &Network, place: &Snap, found: &mut Vec<(Deciseconds, u32)>) {
        let mut best = [NO_LABEL; MAX_NEAREST];
        let best = &mut best[..self.nearest];
        let off = network.profiles().get(self.profile).off_network_time(place.off_m);
        let edge = network.edge(place.edge);
        let legs = place.from_ends(network, self.profile, self.direction);
        for (vertex, leg) in [edge.tail, edge.head].into_iter().zip(legs) {
            let leg = leg + off;
            if !leg.is_some() {
                continue;
            }
            for (time, point) in self.nearest_to_vertex(vertex) {
                let time = time + leg;
                if time > self.limit || !insert(best, label(time.0, point)) && best[self.nearest - 1] < label(time.0, 0)
                {
                    break;
                }
            }
        }
        // Points on the same edge are reached without passing a vertex.
        let from = self.on_edges.partition_point(|&(e, _)| e < place.edge);
        for &(_, point) in self.on_edges[from..].iter().take_while(|(e, _)| *e == place.edge) {
            if let Some(start) = &self.starts[point as usize] {
                let along = start.snap.along_edge(place, network, self.profile, self.direction);
                let time = start.off + along + off;
                if time <= self.limit && time.is_some() {
                    insert(best, label(time.0, point));
                }
            }
        }
        found.clear();
        found.extend(best.iter().filter(|&&l| l != NO_LABEL).map(|&l| unpack(l)));
    }
}

/// Propagates labels from vertex to vertex, nearest first, as long as they are among the best K of the vertex. A label that
/// is not among the best of a vertex need not be propagated: the better labels reach every later vertex before it.
fn propagate<const K: usize>(
    network: &Network,
    profile: Profile,
    direction: Direction,
    queue: &mut BucketQueue<(u32, u32)>,
    labels: &mut [[Label; K]],
    limit: u32,
) -> Result<(), Stopped> {
    let (first_arc, heads, costs) = (network.first_arc(), network.arc_heads(), network.costs(profile, direction));
    let mut until_check = LABELS_PER_CHECK;
    while let Some((time, (v, point))) = queue.pop() {
        until_check -= 1;
        if until_check == 0 {
            task::work(LABELS_PER_CHECK)?;
            until_check = LABELS_PER_CHECK;
        }
        // A better label has replaced it in the meantime.
        if !labels[v as usize].contains(&label(time, point)) {
            continue;
        }
        let arcs = first_arc[v as usize] as usize..first_arc[v as usize + 1] as usize;
        for (&head, cost) in heads[arcs.clone()].iter().zip(&costs[arcs]) {
            // An unusable arc costs u32::MAX; the sum saturates and exceeds every limit.
            let t = time.saturating_add(cost.0);
            if t <= limit && insert(&mut labels[head as usize], label(t, point)) {
                queue.push(t, (head, point));
            }
        }
    }
    task::work(LABELS_PER_CHECK - until_check)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn insert_keeps_labels_sorted_and_points_unique() {
        let mut best = [NO_LABEL; 3];
        assert!(insert(&mut best, label(50, 1)));
        assert!(insert(&mut best, label(40, 2)));
        assert!(!insert(&mut best, label(60, 1)), "longer time of the same point");
        assert!(insert(&mut best, label(30, 1)), "shorter time of the same point");
        assert_eq!(best, [label(30, 1), label(40, 2), NO_LABEL]);
        assert!(insert(&mut best, label(40, 0)), "equal times are ordered by index");
        assert_eq!(best, [label(30, 1), label(40, 0), label(40, 2)]);
        assert!(!insert(&mut best, label(40, 3)));
        assert!(insert(&mut best, label(10, 7)));
        assert_eq!(best, [label(10, 7), label(30, 1), label(40, 0)]);
        assert!(insert(&mut best, label(5, 0)));
        assert_eq!(best, [label(5, 0), label(10, 7), label(30, 1)]);
    }
}
