//! Streets added and closed by scenarios.
//!
//! Both ends of a new street lie on other streets. Each of these is cut: a new vertex is inserted, the arcs at its two ends
//! lead to the new vertex, and pieces replace the edge. Vertices and edges of the file keep their numbers, so that snapped
//! points remain valid. The time of a piece is the difference of the times at its two ends along the whole edge, so that
//! travelling the whole edge takes exactly as long as before.
//!
//! A new street that meets an open street is open. Where an open new street meets a restricted one (in a gated compound,
//! for example), it gets a vertex of its own and an entry edge into the zone: trips may start or end in the zone through
//! it, but not pass through the zone. A new street that meets only restricted streets belongs to their zone.

mod close;
mod connect;
mod heights;
mod line;
mod overlay_builder;
mod street_change;

pub use street_change::{ChangedStreet, JOIN_LIMIT_M, StreetChange, StreetChangeError, StreetKind};

use crate::network::Network;
use crate::polyline::length_m;
use connect::ConnectedLines;
use overlay_builder::build_overlay;

impl Network {
    /// Returns the network with changes, and the result of each change. Changes always apply to the streets of the file;
    /// earlier changes are dropped.
    ///
    /// The height of a new street is interpolated linearly between the streets it joins. A street that was cut off stays
    /// marked as cut off even if a new street connects it: places join it only if no other street is near.
    ///
    /// # Errors
    /// Returns the index of a change that cannot be made, with the reason.
    ///
    /// ```
    /// # let network = walkshed_testing::grid(10, 100.0);
    /// use walkshed_engine::{StreetChange, StreetKind};
    /// use walkshed_testing::at;
    ///
    /// let line = vec![at(50.0, 0.0).into(), at(50.0, 100.0).into()];
    /// let changes = [
    ///     StreetChange::Close { at: at(350.0, 5.0).into(), kind: None },
    ///     StreetChange::Add { kind: StreetKind::Footpath, line, name: Some("Cut".into()) },
    /// ];
    /// let (changed, results) = network.with_changes(&changes).map_err(|(_, reason)| reason)?;
    /// assert_eq!(results[0].length_m.round(), 100.0);
    /// assert_eq!(changed.vertices().len(), network.vertices().len() + 2);
    /// # Ok::<(), walkshed_engine::StreetChangeError>(())
    /// ```
    pub fn with_changes(
        &self,
        changes: &[StreetChange],
    ) -> Result<(Self, Vec<ChangedStreet>), (usize, StreetChangeError)> {
        let mut results: Vec<Option<ChangedStreet>> = changes.iter().map(|_| None).collect();
        let mut closed = Vec::new();
        for (n, change) in changes.iter().enumerate() {
            if let StreetChange::Close { at, kind } = change {
                let id = self.find_edge_to_close(*at, *kind).map_err(|e| (n, e))?;
                closed.push(id);
                results[n] = Some(self.closed_street(id));
            }
        }
        closed.sort_unstable();
        closed.dedup();
        let ConnectedLines { lines, joints, change_of_line } = self.connect_lines(changes, &closed)?;
        for (line, change) in lines.iter().zip(change_of_line) {
            results[change] = Some(ChangedStreet {
                length_m: length_m(&line.points),
                line: line.points.clone(),
                name: line.name.map(str::to_owned),
                joins: line.ends.map(|end| joints[end].street.clone()),
                rise_m: f64::from(joints[line.ends[1]].height - joints[line.ends[0]].height),
            });
        }
        let overlay = build_overlay(self, &closed, &lines, &joints);
        Ok((self.with_overlay(overlay), results.into_iter().flatten().collect()))
    }
}
