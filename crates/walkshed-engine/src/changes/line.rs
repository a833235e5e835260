//! New streets under construction, and the joints at which they meet.

use super::street_change::StreetKind;
use crate::geo::Fixed;
use crate::units::EdgeId;

/// A new street under construction.
pub(crate) struct Line<'a> {
    pub kind: StreetKind,
    pub points: Vec<Fixed>,
    pub name: Option<&'a str>,
    /// The joints at its two ends.
    pub ends: [usize; 2],
    /// Joints between its ends: fraction and index.
    pub joints: Vec<(f64, usize)>,
    /// Whether it meets only restricted streets.
    pub is_restricted: bool,
}

/// A new vertex under construction: the place where ends of new streets meet.
pub(crate) struct Joint {
    pub at: Fixed,
    /// The ends of lines that meet here: index of the line, and 0 for its first point or 1 for its last.
    pub ends: Vec<(usize, usize)>,
    pub height: f32,
    /// The name of the street it lies on.
    pub street: Option<String>,
    /// The edge of the file it lies on, and the fraction; `None` if it lies on new streets only.
    pub on: Option<(EdgeId, f64)>,
}

impl Line<'_> {
    /// Returns all joints of the line.
    pub(crate) fn all_joints(&self) -> impl Iterator<Item = usize> {
        self.ends.into_iter().chain(self.joints.iter().map(|j| j.1))
    }

    /// Returns the first point for end 0, and the last point for end 1.
    pub(crate) fn end(&self, end: usize) -> Fixed {
        self.points[if end == 0 { 0 } else { self.points.len() - 1 }]
    }
}

/// Marks all joints that new lines connect to a marked joint.
pub(crate) fn propagate_marks(lines: &[Line<'_>], marked: &mut [bool]) {
    let mut is_stable = false;
    while !is_stable {
        is_stable = true;
        for line in lines {
            if line.all_joints().any(|n| marked[n]) && !line.all_joints().all(|n| marked[n]) {
                line.all_joints().for_each(|n| marked[n] = true);
                is_stable = false;
            }
        }
    }
}
