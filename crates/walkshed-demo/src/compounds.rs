//! Gated compounds (小区): paths behind walls, private gates to the surrounding streets, and entrances of residential
//! buildings. A few have no mapped gate, as in real extracts.

use super::ground::{Point, along_ridges, from_ridges};
use super::landmarks::LandmarkKind;
use super::layout::{ACROSS, ALONG, Layout};
use super::places::District;
use super::plots::{Plot, PlotUse};
use super::random::Random;
use super::streets::builder::{PendingLandmark, STEEP_LANE, StreetBuilder, Way};
use super::streets::index::SegmentIndex;
use super::streets::tags::{Class, NodeTag, Placement};

/// Distance between the outermost lattice nodes of the plot and the walls, in lattice steps.
const MARGIN: f64 = 0.35;
/// Maximum distance between a path and the street outside its gate, metres.
const REACH: f64 = 120.0;
/// Percentage of compounds whose gates are not mapped.
const UNMAPPED_PERCENT: usize = 4;
/// Residents at a lattice node inside a compound, relative to a node outside.
const DENSITY: f64 = 1.6;
const NAMES: [&str; 16] = [
    "锦绣", "翠湖", "阳光", "滨江", "山水", "御景", "学府", "春晓", "翡翠", "桂花", "银杏", "黄葛", "兰亭", "枫林",
    "明月", "江畔",
];
const KINDS: [&str; 6] = ["苑", "花园", "家园", "小区", "新村", "公寓"];

/// The properties of a compound.
struct CompoundStyle {
    /// Number of paths across and along.
    columns: usize,
    rows: usize,
    gates: usize,
    is_private: bool,
    class: Class,
    /// The probability of a path that closes a loop.
    loops: f64,
}

impl CompoundStyle {
    fn of(plot: &Plot, random: &mut Random) -> Self {
        let (across, along) = plot.size();
        // One in five compounds has a dense layout.
        let dense = random.chance(0.2);
        let mut paths = |streets: i32| {
            let streets = streets as usize;
            if dense { 2 * streets } else { streets.max(2) + random.below(3) }
        };
        let (columns, rows) = (paths(across), paths(along));
        let most_gates = if across * along >= 12 { 4 } else { 3 };
        Self {
            columns,
            rows,
            gates: if random.below(100) < UNMAPPED_PERCENT { 0 } else { 1 + random.below(most_gates) },
            is_private: random.chance(0.45),
            class: *random.pick(&[Class::Service, Class::Service, Class::Lane, Class::Path]),
            loops: random.between(0.2, 0.9),
        }
    }
}

impl StreetBuilder<'_> {
    /// Adds the compounds on their plots.
    pub fn compounds(&mut self, districts: &[District], layout: &Layout) {
        let plots = self.plots;
        let streets = SegmentIndex::of(self, |_| true);
        for (n, plot) in plots.list.iter().enumerate().filter(|(_, p)| p.usage == PlotUse::Compound) {
            // A plot that a street crosses stays open ground.
            let [(u0, v0), (u1, v1)] = plot.corners(MARGIN);
            let walls = [(u0, v0), (u1, v0), (u1, v1), (u0, v1)].map(|(u, v)| from_ridges(u, v));
            if !streets.is_clear_of(&walls, 3.0) {
                continue;
            }
            let mut random = Random::of(self.seed, 101, n as u64);
            let site = &layout.sites[plot.site];
            let stem = districts[site.district].towns[site.town].stem();
            let name = format!("{stem}{}{}", random.pick(&NAMES), random.pick(&KINDS));
            self.compound(plot, name, &mut random);
        }
    }

    fn compound(&mut self, plot: &Plot, name: String, random: &mut Random) {
        let compound_style = CompoundStyle::of(plot, random);
        let grid = self.paths(plot, &compound_style, random);
        let [low, high] = plot.corners(0.0);
        let middle = from_ridges(f64::midpoint(low.0, high.0), f64::midpoint(low.1, high.1));
        let gates = self.gates(&grid, &compound_style, random);
        let mut places = self.entrances(&grid, &compound_style, random);
        places.sort_by(|a, b| a.distance(middle).total_cmp(&b.distance(middle)));
        let (kind, street) = if let Some(&street) = gates.first() {
            (LandmarkKind::Compound, street)
        } else {
            let Some(street) = self.nearest_street(middle) else { return };
            (LandmarkKind::CompoundWithoutGate, street)
        };
        let (across, along) = plot.size();
        let people = DENSITY * f64::from(across * along);
        self.landmarks.push(PendingLandmark { kind, site: Some(plot.site), name, floor: 0, places, people, street });
    }

    /// Adds the paths: a connected part of a grid. Returns the nodes of the grid, row by row.
    fn paths(&mut self, plot: &Plot, compound_style: &CompoundStyle, random: &mut Random) -> Vec<u32> {
        let [(u0, v0), (u1, v1)] = plot.corners(MARGIN);
        let (columns, rows) = (compound_style.columns, compound_style.rows);
        let share = |k: usize, n: usize| k as f64 / (n - 1) as f64;
        let mut grid = Vec::with_capacity(columns * rows);
        for row in 0..rows {
            for column in 0..columns {
                let (u, v) = (u0 + (u1 - u0) * share(column, columns), v0 + (v1 - v0) * share(row, rows));
                grid.push(self.add(from_ridges(u + random.between(-2.5, 2.5), v + random.between(-2.5, 2.5))));
            }
        }
        // A random spanning tree, plus some of the other edges.
        let steps = |n: usize| {
            let east = (n % columns + 1 < columns).then_some((n, n + 1));
            let north = (n / columns + 1 < rows).then_some((n, n + columns));
            [east, north].into_iter().flatten()
        };
        let mut edges: Vec<(usize, usize)> = (0..grid.len()).flat_map(steps).collect();
        for k in (1..edges.len()).rev() {
            edges.swap(k, random.below(k + 1));
        }
        let mut piece: Vec<usize> = (0..grid.len()).collect();
        let mut is_kept = vec![[false; 2]; grid.len()];
        for (a, b) in edges {
            let joins = piece[a] != piece[b];
            if joins {
                let (from, to) = (piece[a], piece[b]);
                piece.iter_mut().filter(|p| **p == from).for_each(|p| *p = to);
            }
            if joins || random.chance(compound_style.loops) {
                is_kept[a][usize::from(b != a + 1)] = true;
            }
        }
        let style = (compound_style.class, STEEP_LANE);
        for row in 0..rows {
            let line: Vec<usize> = (0..columns).map(|column| row * columns + column).collect();
            self.lines(&grid, &line, |n| is_kept[n][0], style, compound_style.is_private);
        }
        for column in 0..columns {
            let line: Vec<usize> = (0..rows).map(|row| row * columns + column).collect();
            self.lines(&grid, &line, |n| is_kept[n][1], style, compound_style.is_private);
        }
        grid
    }

    /// Adds the kept edges of one line of the grid.
    fn lines(
        &mut self,
        grid: &[u32],
        line: &[usize],
        continues: impl Fn(usize) -> bool,
        style: (Class, f64),
        is_private: bool,
    ) {
        for part in line.chunk_by(|&a, _| continues(a)).filter(|part| part.len() > 1) {
            let nodes: Vec<u32> = part.iter().map(|&n| grid[n]).collect();
            self.stepped(&nodes, style, is_private);
        }
    }

    /// Adds gates to the nearest streets, one side after another. Returns the street nodes.
    fn gates(&mut self, grid: &[u32], compound_style: &CompoundStyle, random: &mut Random) -> Vec<u32> {
        let (columns, rows) = (compound_style.columns, compound_style.rows);
        let first = random.below(4);
        let mut found = Vec::new();
        for side in (first..first + 4).map(|k| k % 4) {
            let (column, row) = (random.below(columns), random.below(rows));
            let inner = match side {
                0 => column,
                1 => row * columns + columns - 1,
                2 => (rows - 1) * columns + column,
                _ => row * columns,
            };
            if found.len() < compound_style.gates {
                found.extend(self.gate(grid[inner], compound_style, found.is_empty(), random));
            }
        }
        found
    }

    fn gate(&mut self, inner: u32, compound_style: &CompoundStyle, is_first: bool, random: &mut Random) -> Option<u32> {
        let street = self.near_on_lattice(self.at(inner), REACH)?;
        let is_drive = compound_style.class == Class::Service;
        let barrier = match random.below(10) {
            0..=2 if is_drive => "lift_gate",
            3..=4 if is_drive => "swing_gate",
            _ => "gate",
        };
        let access = match random.below(100) {
            0..=7 if !is_first => "no",
            0..=71 => "private",
            72..=87 => "residents",
            _ => "permit",
        };
        let gate = self.add(self.at(street).towards(self.at(inner), 0.55));
        self.node_tags.insert(gate, NodeTag::Gate { barrier, access });
        self.way(vec![street, gate], compound_style.class, Placement::OnGround, None);
        let nodes = vec![gate, inner];
        self.ways.push(Way {
            nodes,
            class: compound_style.class,
            placement: Placement::OnGround,
            is_private: compound_style.is_private,
            name: None,
        });
        Some(street)
    }

    /// Adds building entrances beside some nodes, each with a short path. Returns the places where the residents live.
    fn entrances(&mut self, grid: &[u32], compound_style: &CompoundStyle, random: &mut Random) -> Vec<Point> {
        let wanted = (grid.len() / 4).clamp(2, 9);
        let step = grid.len() / wanted;
        let start = random.below(step);
        let nodes: Vec<u32> = grid.iter().skip(start).step_by(step).copied().collect();
        let class = if compound_style.class == Class::Service { Class::Lane } else { compound_style.class };
        let mut places = Vec::with_capacity(nodes.len());
        for node in nodes {
            let (u, v) = along_ridges(self.at(node));
            // Place it in the space between four paths.
            let side = |random: &mut Random| if random.chance(0.5) { 1.0 } else { -1.0 };
            let (du, dv) = (side(random) * random.between(7.0, 11.0), side(random) * random.between(6.0, 10.0));
            let entrance = self.add(from_ridges(u + du, v + dv));
            self.node_tags.insert(entrance, NodeTag::Entrance);
            self.ways.push(Way {
                nodes: vec![node, entrance],
                class,
                placement: Placement::OnGround,
                is_private: compound_style.is_private,
                name: None,
            });
            places.push(from_ridges(u + 1.4 * du, v + 1.4 * dv));
        }
        places
    }
}

const _: () = assert!(ACROSS < REACH && ALONG < REACH);
