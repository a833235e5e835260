//! The speed of a cyclist on a slope: the speed at which gravity, rolling resistance and air drag use up the rider's
//! power, without wind and acceleration.
//!
//! Source of the equation: Martin et al. (1998), Validation of a mathematical model for road cycling power, Journal of
//! Applied Biomechanics 14: 276-291.

/// Standard gravity, m/s².
const GRAVITY: f64 = 9.81;
/// Density of air at 20 °C and 300 m above sea level, kg/m³.
const AIR_DENSITY: f64 = 1.2;

/// A rider on a bicycle.
#[derive(Debug, Clone, Copy)]
pub struct Rider {
    /// Mass of rider, bicycle and baggage, kg.
    pub mass_kg: f64,
    /// Coefficient of rolling resistance.
    pub rolling_resistance: f64,
    /// Drag coefficient times frontal area, m².
    pub drag_area_m2: f64,
}

impl Rider {
    /// The force along the direction of travel from slope and rolling resistance, N. `slope` is rise over run; the
    /// result is negative on descents that push the rider.
    fn force(self, slope: f64) -> f64 {
        let along = (1.0 + slope * slope).sqrt();
        self.mass_kg * GRAVITY * (slope + self.rolling_resistance) / along
    }

    fn drag(self) -> f64 {
        0.5 * AIR_DENSITY * self.drag_area_m2
    }

    /// Returns the power needed to hold a speed on level ground, W.
    #[must_use]
    pub fn level_power_w(self, speed_m_s: f64) -> f64 {
        self.force(0.0) * speed_m_s + self.drag() * speed_m_s.powi(3)
    }

    /// Returns the speed that a power sustains on a slope, m/s.
    #[must_use]
    pub fn speed_m_s(self, power_w: f64, slope: f64) -> f64 {
        let (a, b) = (self.drag(), self.force(slope));
        // The only positive root of a v³ + b v - P. The first guess is above the root, where the curve is convex and
        // increasing, so Newton's method converges from above.
        let mut v = (power_w / a).cbrt() + (-b / a).max(0.0).sqrt();
        for _ in 0..50 {
            let step = (a * v.powi(3) + b * v - power_w) / (3.0 * a * v * v + b);
            v -= step;
            if step.abs() < 1e-9 {
                break;
            }
        }
        v
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RIDER: Rider = Rider { mass_kg: 90.0, rolling_resistance: 0.0077, drag_area_m2: 0.56 };

    #[test]
    fn speed_balances_power_and_resistance() {
        // 15 km/h: 0.0077 x 90 x 9.81 x 4.1667 = 28.33 W, 0.5 x 1.2 x 0.56 x 4.1667^3 = 24.31 W.
        assert!((RIDER.level_power_w(15.0 / 3.6) - 52.63).abs() < 0.01);
        for slope in [-0.3, -0.05, -0.0077, 0.0, 0.02, 0.1, 0.4] {
            for power in [10.0, 52.6, 90.0, 400.0] {
                let v = RIDER.speed_m_s(power, slope);
                let angle = f64::atan(slope);
                let force = 90.0 * 9.81 * (angle.sin() + 0.0077 * angle.cos());
                assert!(v > 0.0 && (force * v + 0.336 * v.powi(3) - power).abs() < 1e-5, "{power} W at {slope}: {v}");
            }
        }
    }
}
