//! Copies counts of the steps of a build into its report.

use super::heights::VertexHeights;
use crate::osm::{ExclusionReason, ReadCounts};
use crate::report::StreetsReport;
use std::collections::BTreeMap;

impl StreetsReport {
    pub(super) fn take_counts(&mut self, counts: &ReadCounts) {
        self.nodes_read = counts.nodes;
        self.ways_read = counts.ways;
        self.street_ways = counts.street_ways;
        self.kept_ways = counts.kept_ways;
        self.missing_nodes = counts.missing_nodes;
        self.barriers = counts.barriers;
        self.private_ways = counts.private_ways;
        self.private_barriers = counts.private_barriers;
        self.lifts = counts.lifts;
        self.plazas_not_crossed = counts.broken_areas;
        let by_name = |counts: &BTreeMap<ExclusionReason, u64>| {
            let name = |reason| serde_json::to_value(reason).ok().and_then(|v| v.as_str().map(str::to_owned));
            counts.iter().map(|(reason, n)| (name(reason).unwrap_or_default(), *n)).collect()
        };
        self.left_out = by_name(&counts.left_out);
        self.closed_on_foot = by_name(&counts.closed_on_foot);
    }

    pub(super) fn take_heights(&mut self, found: &VertexHeights) {
        if self.elevation.is_empty() {
            return;
        }
        self.vertices_in_voids = found.filled + found.in_voids;
        self.vertices_outside_elevation = found.outside;
        self.vertices_without_height = self.vertices_in_voids + self.vertices_outside_elevation;
        let mut warn = |count: u64, what: &str| {
            if count > 0 {
                self.warnings.push(format!("{count} junctions are {what}"));
            }
        };
        warn(
            found.filled,
            "in voids of the elevation files; their heights are interpolated from the edges of the voids",
        );
        warn(
            found.in_voids,
            "in voids of the elevation files that cannot be interpolated; they take the height of a neighbour",
        );
        warn(found.outside, "outside the elevation files; they take the height of a neighbour");
    }
}
