//! The sweep: one pass from many points at once that gives every junction its nearest ones. What a whole city asks of a
//! set of facilities is a sweep and a look at it from every home.

use super::file::Network;
use super::profile::Profile;
use super::queue::BucketQueue;
use super::search::Start;
use super::snap::Snap;
use super::units::{Deciseconds, Direction, EdgeId, VertexId};
use crate::task::{self, Stopped};

/// Points of a sweep that each junction knows, at most.
pub const MAX_NEAREST: usize = 10;
/// Labels carried on between two looks at whether to go on: a millisecond or two.
const LABELS_BETWEEN_LOOKS: usize = 16 * 1024;
/// Points set out from between two looks.
const POINTS_BETWEEN_LOOKS: usize = 1024;

/// A time and the number of a point in one word, so that nearer is less, and of equals the lower number.
type Label = u64;

const NO_LABEL: Label = u64::MAX;

const fn label(time: u32, point: u32) -> Label {
    (time as u64) << 32 | point as u64
}

const fn unpacked(label: Label) -> (Deciseconds, u32) {
    (Deciseconds((label >> 32) as u32), label as u32)
}

/// Puts a label among the best, which are sorted; says whether it belongs there. A point is in the list once.
#[inline]
fn insert(best: &mut [Label], new: Label) -> bool {
    let last = best.len() - 1;
    if new >= best[last] {
        return false;
    }
    // One point has one place: where a longer time of it stands, or else the end.
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

/// The nearest points of every junction, by time and then by number.
pub struct Sweep {
    profile: Profile,
    direction: Direction,
    limit: Deciseconds,
    nearest: usize,
    labels: Vec<Label>,
    starts: Vec<Option<Start>>,
    /// Points by the edge they lie on.
    on_edges: Vec<(EdgeId, u32)>,
}

impl Sweep {
    /// Finds for every junction the `nearest` (1 to [`MAX_NEAREST`], others are brought into that range) of some points
    /// within `limit`: with [`Direction::Towards`] people go to the points, with [`Direction::From`] they come from there.
    /// Points are known by their place in `starts`; those that are `None` lie on no street and are never found.
    ///
    /// # Errors
    /// [`Stopped`].
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
            if point % POINTS_BETWEEN_LOOKS == 0 {
                task::work(POINTS_BETWEEN_LOOKS.min(starts.len() - point))?;
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
        // The lists are short and known when the code is made: the commonest lengths get code of their own.
        match nearest {
            1 => spread::<1>(network, profile, direction, &mut queue, labels.as_chunks_mut().0, limit.0),
            2 => spread::<2>(network, profile, direction, &mut queue, labels.as_chunks_mut().0, limit.0),
            3 => spread::<3>(network, profile, direction, &mut queue, labels.as_chunks_mut().0, limit.0),
            4 => spread::<4>(network, profile, direction, &mut queue, labels.as_chunks_mut().0, limit.0),
            5 => spread::<5>(network, profile, direction, &mut queue, labels.as_chunks_mut().0, limit.0),
            6 => spread::<6>(network, profile, direction, &mut queue, labels.as_chunks_mut().0, limit.0),
            7 => spread::<7>(network, profile, direction, &mut queue, labels.as_chunks_mut().0, limit.0),
            8 => spread::<8>(network, profile, direction, &mut queue, labels.as_chunks_mut().0, limit.0),
            9 => spread::<9>(network, profile, direction, &mut queue, labels.as_chunks_mut().0, limit.0),
            _ => spread::<MAX_NEAREST>(network, profile, direction, &mut queue, labels.as_chunks_mut().0, limit.0),
        }?;
        Ok(Self { profile, direction, limit, nearest, labels, starts, on_edges })
    }

    /// How many points each junction may know.
    #[must_use]
    pub const fn nearest(&self) -> usize {
        self.nearest
    }

    /// How far it looked.
    #[must_use]
    pub const fn limit(&self) -> Deciseconds {
        self.limit
    }

    /// The points it set out from, by number; `None` for those on no street.
    #[must_use]
    pub fn starts(&self) -> &[Option<Start>] {
        &self.starts
    }

    /// What it holds in memory, bytes.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.labels.len() * size_of::<Label>()
            + self.starts.len() * size_of::<Option<Start>>()
            + self.on_edges.len() * size_of::<(EdgeId, u32)>()
    }

    /// The nearest points of a junction, nearest first.
    pub fn of_vertex(&self, vertex: VertexId) -> impl Iterator<Item = (Deciseconds, u32)> + '_ {
        let v = vertex.index();
        self.labels[v * self.nearest..(v + 1) * self.nearest].iter().filter(|&&l| l != NO_LABEL).map(|&l| unpacked(l))
    }

    /// The nearest points of a place on a street, nearest first, into `found`: exactly those that a search from each point
    /// would give, to the decisecond.
    pub fn of_place(&self, network: &Network, place: &Snap, found: &mut Vec<(Deciseconds, u32)>) {
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
            for (time, point) in self.of_vertex(vertex) {
                let time = time + leg;
                if time > self.limit || !insert(best, label(time.0, point)) && best[self.nearest - 1] < label(time.0, 0)
                {
                    break;
                }
            }
        }
        // Points on the same street segment are reached without passing a junction.
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
        found.extend(best.iter().filter(|&&l| l != NO_LABEL).map(|&l| unpacked(l)));
    }
}

/// Carries labels from junction to junction, nearest first, while they are among the best where they arrive. A label that
/// is not among the best of a junction is on no way to a junction where it would be: the better ones get there before it.
fn spread<const K: usize>(
    network: &Network,
    profile: Profile,
    direction: Direction,
    queue: &mut BucketQueue<(u32, u32)>,
    labels: &mut [[Label; K]],
    limit: u32,
) -> Result<(), Stopped> {
    let (first_arc, heads, costs) = (network.first_arc(), network.arc_heads(), network.costs(profile, direction));
    let mut until_look = LABELS_BETWEEN_LOOKS;
    while let Some((time, (v, point))) = queue.pop() {
        until_look -= 1;
        if until_look == 0 {
            task::work(LABELS_BETWEEN_LOOKS)?;
            until_look = LABELS_BETWEEN_LOOKS;
        }
        // Bettered or pushed out since.
        if !labels[v as usize].contains(&label(time, point)) {
            continue;
        }
        let arcs = first_arc[v as usize] as usize..first_arc[v as usize + 1] as usize;
        for (&head, cost) in heads[arcs.clone()].iter().zip(&costs[arcs]) {
            // A barred arc costs u32::MAX, which saturates past every limit.
            let t = time.saturating_add(cost.0);
            if t <= limit && insert(&mut labels[head as usize], label(t, point)) {
                queue.push(t, (head, point));
            }
        }
    }
    task::work(LABELS_BETWEEN_LOOKS - until_look)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_are_kept_in_order_and_each_once() {
        let mut best = [NO_LABEL; 3];
        assert!(insert(&mut best, label(50, 1)));
        assert!(insert(&mut best, label(40, 2)));
        assert!(!insert(&mut best, label(60, 1)), "worse of the same");
        assert!(insert(&mut best, label(30, 1)), "better of the same");
        assert_eq!(best, [label(30, 1), label(40, 2), NO_LABEL]);
        assert!(insert(&mut best, label(40, 0)), "of equals the lower number first");
        assert_eq!(best, [label(30, 1), label(40, 0), label(40, 2)]);
        assert!(!insert(&mut best, label(40, 3)));
        assert!(insert(&mut best, label(10, 7)));
        assert_eq!(best, [label(10, 7), label(30, 1), label(40, 0)]);
        assert!(insert(&mut best, label(5, 0)));
        assert_eq!(best, [label(5, 0), label(10, 7), label(30, 1)]);
    }
}
