//! Compares fields with a slow reference: every street of the network, on a grid without limits of its area.

use walkshed_engine::geo::{Fixed, Storey};
use walkshed_engine::walkshed::{Detail, Field, Reach};
use walkshed_engine::{Deciseconds, Direction, Edge, Network, Profile, Start, handicap_m};
use walkshed_testing::{Random, random_network, random_point};

/// The nearest street of a node: distance in cells, handicap included; time, infinite if it is not reached; handicap in cells.
type Nearest = (f64, f64, f64);

struct Reference {
    /// Cells added on every side.
    pad: i64,
    columns: i64,
    rows: i64,
    nodes: Vec<Nearest>,
    off_ground: Vec<f64>,
}

impl Reference {
    fn index(&self, x: i64, y: i64) -> Option<usize> {
        let (x, y) = (x + self.pad, y + self.pad);
        (x >= 0 && y >= 0 && x < self.columns && y < self.rows).then_some((y * self.columns + x) as usize)
    }

    /// Enters the corners of the cells of a line, by steps of a hundredth of a cell.
    fn enter(&mut self, a: [f64; 2], b: [f64; 2], mut enter: impl FnMut(&mut Nearest, &mut f64, f64)) {
        let steps = ((b[0] - a[0]).hypot(b[1] - a[1]) * 100.0).ceil().max(1.0);
        for i in 0..=steps as u32 {
            let t = f64::from(i) / steps;
            let at = [0, 1].map(|axis| a[axis] + (b[axis] - a[axis]) * t);
            let (x, y) = (at[0].floor() as i64, at[1].floor() as i64);
            for (x, y) in [(x, y), (x + 1, y), (x, y + 1), (x + 1, y + 1)] {
                if let Some(node) = self.index(x, y) {
                    enter(&mut self.nodes[node], &mut self.off_ground[node], t);
                }
            }
        }
    }

    /// Relaxes all nodes with all neighbours until nothing changes.
    fn spread(&mut self) {
        let steps = |d: i64| if d == 1 { 0.955_09 } else { 1.369_30 };
        loop {
            let mut changed = false;
            for y in 0..self.rows {
                for x in 0..self.columns {
                    for (dx, dy) in (-1..=1).flat_map(|dx| (-1..=1).map(move |dy| (dx, dy))) {
                        let Some(from) = self.index(x + dx - self.pad, y + dy - self.pad) else { continue };
                        let from = self.nodes[from];
                        let near = (from.0 + steps(dx.abs() + dy.abs()), from.1, from.2);
                        let here = &mut self.nodes[(y * self.columns + x) as usize];
                        if (dx, dy) != (0, 0) && (near.0 < here.0 - 1e-9 || near.0 < here.0 + 1e-9 && near.1 < here.1) {
                            *here = near;
                            changed = true;
                        }
                    }
                }
            }
            if !changed {
                return;
            }
        }
    }
}

/// Returns the handicap of an edge for places on the ground in cells; `None` if they never join it.
fn handicap(edge: &Edge, profile: Profile, field: &Field) -> Option<f64> {
    let metres = handicap_m(edge, profile, Storey::Ground).filter(|_| edge.kind().can_be_snapped_to());
    metres.map(|m| m / field.cell_m())
}

fn reference(network: &Network, reach: &Reach, field: &Field, off_limit: f64, pace: f64) -> Reference {
    let pad = (off_limit / field.cell_m()).ceil() as i64 + 3;
    let (columns, rows) = (field.size().0 as i64 + 2 * pad, field.size().1 as i64 + 2 * pad);
    let count = (columns * rows) as usize;
    let nodes = vec![(f64::INFINITY, f64::INFINITY, 0.0); count];
    let mut found = Reference { pad, columns, rows, nodes, off_ground: vec![f64::INFINITY; count] };
    let (low, next) = (field.degrees(0, 0), field.degrees(1, 1));
    let cells = |p: Fixed| [(p.lon() - low.0) / (next.0 - low.0), (p.lat() - low.1) / (next.1 - low.1)];
    for id in network.edge_ids() {
        let edge = network.edge(id);
        let is_blocking = edge.usable().contains(reach.profile) && !edge.cut_off().contains(reach.profile);
        let Some(distance) = handicap(edge, reach.profile, field).filter(|_| is_blocking) else { continue };
        for pair in network.shape(id).windows(2) {
            found.enter(cells(pair[0]), cells(pair[1]), |near, _, _| {
                if distance < near.0 {
                    *near = (distance, f64::INFINITY, distance);
                }
            });
        }
    }
    for piece in &reach.pieces {
        let line: Vec<[f64; 2]> = Reach::line_of(network, piece).into_iter().map(cells).collect();
        let distance = handicap(network.edge(piece.edge), reach.profile, field);
        let length = |p: &[[f64; 2]]| (p[1][0] - p[0][0]).hypot(p[1][1] - p[0][1]);
        let total: f64 = line.windows(2).map(length).sum();
        let mut before = 0.0;
        // A piece without length is a point.
        let point = [line[0], line[0]];
        let pairs: Vec<&[[f64; 2]]> = if total > 0.0 { line.windows(2).collect() } else { vec![&point] };
        for pair in pairs {
            let share = |t: f64| if total > 0.0 { (before + length(pair) * t) / total } else { 0.0 };
            found.enter(pair[0], pair[1], |near, off_ground, t| {
                let time = piece.time_from + (piece.time_to - piece.time_from) * share(t);
                if let Some(distance) = distance
                    && (distance < near.0 || distance <= near.0 && time < near.1)
                {
                    *near = (distance, time, distance);
                }
                if distance != Some(0.0) {
                    *off_ground = off_ground.min(time);
                }
            });
            before += length(pair);
        }
    }
    found.spread();
    for (near, off_ground) in found.nodes.iter_mut().zip(&found.off_ground) {
        let metres = (near.0 - near.2) * field.cell_m();
        let time = if metres <= off_limit + field.cell_m() { near.1 + metres * pace } else { f64::INFINITY };
        near.1 = time.min(*off_ground);
    }
    found
}

/// Nodes inside, and their neighbours, have the times of the reference, but for rounding and for nodes that are equally far
/// from two streets.
#[test]
fn fields_equal_the_reference() {
    let mut r = Random(77);
    let (mut compared, mut different) = (0, 0);
    for seed in 0..9 {
        let network = random_network(seed, 40);
        for (i, profile) in Profile::ALL.into_iter().enumerate() {
            let Ok(snap) = network.snap(random_point(&network, &mut r), profile) else { continue };
            let start = Start::new(&network, snap, profile);
            let limit = Deciseconds::from_minutes([3.0, 8.0, 20.0][seed as usize % 3]);
            let reach = Reach::find(&network, profile, Direction::ALL[(i + seed as usize) % 2], start, limit);
            let field = Field::draw_at(&network, &reach, Detail::ALL[1 + i % 2]);
            let params = network.profiles().get(profile);
            let pace = 10.0 / params.off_network_m_s();
            let off_limit = params.snap_limit_m.min(f64::from(limit.0) / pace);
            let slow = reference(&network, &reach, &field, off_limit, pace);
            let is_inside = |time: f64| time <= f64::from(limit.0);
            for y in 0..slow.rows {
                for x in 0..slow.columns {
                    let (x, y) = (x - slow.pad, y - slow.pad);
                    let around = (-1..=1).flat_map(|dx| (-1..=1).map(move |dy| (x + dx, y + dy)));
                    let mut near = around.filter_map(|(x, y)| slow.index(x, y));
                    if !near.any(|node| is_inside(slow.nodes[node].1)) {
                        continue;
                    }
                    let (columns, rows) = (field.size().0 as i64, field.size().1 as i64);
                    assert!(x > 0 && y > 0 && x < columns - 1 && y < rows - 1, "the grid is too small");
                    let ours = field.time(x as usize, y as usize).map_or(f64::INFINITY, f64::from);
                    let theirs = slow.index(x, y).map_or(f64::NAN, |node| slow.nodes[node].1);
                    compared += 1;
                    // The reference enters lines by steps, the field exactly.
                    #[expect(clippy::float_cmp, reason = "both may be infinite")]
                    let is_equal = ours == theirs || (ours - theirs).abs() < 1.0 + 0.02 * field.cell_m() * pace;
                    different += usize::from(!is_equal);
                }
            }
        }
    }
    assert!(compared > 10_000 && different * 200 < compared, "{different} of {compared} nodes are different");
}
