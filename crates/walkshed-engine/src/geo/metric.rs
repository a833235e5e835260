//! Local metric approximation: distances in metres around a latitude.

use super::position::Fixed;

/// Metres per 10^-7 degree of longitude and latitude around one latitude, on the WGS-84 ellipsoid.
///
/// The series are from 47 CFR 73.208 (U.S. Federal Communications Commission; valid up to about 475 km). Within a city
/// the error against the geodesic is below 0.1 %.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Metric {
    /// Metres per unit of [`Fixed::x`].
    pub kx: f64,
    /// Metres per unit of [`Fixed::y`].
    pub ky: f64,
}

impl Metric {
    /// Returns the metric around a latitude in degrees.
    #[must_use]
    pub fn at(lat: f64) -> Self {
        let cos = lat.to_radians().cos();
        let cos2 = 2.0 * cos * cos - 1.0;
        let cos3 = 2.0 * cos * cos2 - cos;
        let cos4 = 2.0 * cos * cos3 - cos2;
        let cos5 = 2.0 * cos * cos4 - cos3;
        Self {
            kx: (111_415.13 * cos - 94.55 * cos3 + 0.12 * cos5) / Fixed::PER_DEGREE,
            ky: (111_132.09 - 566.05 * cos2 + 1.20 * cos4) / Fixed::PER_DEGREE,
        }
    }

    /// Returns the vector from `a` to `b` in metres (east, north).
    #[must_use]
    pub fn vector(&self, a: Fixed, b: Fixed) -> (f64, f64) {
        ((f64::from(b.x) - f64::from(a.x)) * self.kx, (f64::from(b.y) - f64::from(a.y)) * self.ky)
    }

    /// Returns the distance between two points in metres.
    #[must_use]
    pub fn distance(&self, a: Fixed, b: Fixed) -> f64 {
        let (dx, dy) = self.vector(a, b);
        dx.hypot(dy)
    }

    /// Projects `p` onto segment `a`-`b`. Returns the fraction along the segment (0 to 1) and the squared distance in
    /// square metres.
    #[must_use]
    pub fn project(&self, p: Fixed, a: Fixed, b: Fixed) -> (f64, f64) {
        let (bx, by) = self.vector(a, b);
        let (px, py) = self.vector(a, p);
        let len2 = bx * bx + by * by;
        let t = if len2 > 0.0 { ((px * bx + py * by) / len2).clamp(0.0, 1.0) } else { 0.0 };
        let (dx, dy) = (px - t * bx, py - t * by);
        (t, dx * dx + dy * dy)
    }
}

/// Returns the straight-line distance in metres between two nearby points, using the metric at their middle latitude.
/// Goes across the 180th meridian if that is shorter.
#[must_use]
pub fn chord_length_m(a: Fixed, b: Fixed) -> f64 {
    let b = b.align_longitude(a.x);
    Metric::at(f64::midpoint(a.lat(), b.lat())).distance(a, b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use geo::{Distance, Geodesic, Point};

    #[test]
    fn agrees_with_the_geodesic_at_city_scale() {
        for lat in [-30.03, 0.0, 29.56, 45.0, 60.2] {
            for (dx, dy) in [(0.01, 0.0), (0.0, 0.01), (0.02, -0.015), (-0.1, 0.1)] {
                let (a, b) = (Point::new(106.5, lat), Point::new(106.5 + dx, lat + dy));
                let exact = Geodesic.distance(a, b);
                let fixed = |p: Point| Fixed { x: (p.x() * 1e7).round() as i32, y: (p.y() * 1e7).round() as i32 };
                let ours = chord_length_m(fixed(a), fixed(b));
                assert!((ours - exact).abs() / exact < 1e-3, "{lat} {dx} {dy}: {ours} expected {exact}");
            }
        }
    }
}
