//! Groups of districts: the real ones, and groups of made-up districts beside them. Each group has an area of the size
//! of the real region, in a grid around it. A city at scale `n` has `n` groups.

/// Maximum scale of a city, which is also the maximum number of groups.
pub const MAX_SCALE: f64 = 8.0;
/// The area of the real districts, degrees: west, south, east, north.
pub const REGION: [f64; 4] = [105.1, 27.95, 110.35, 32.35];
/// Width and height of the area of a group, degrees.
const WIDTH: f64 = REGION[2] - REGION[0];
const HEIGHT: f64 = REGION[3] - REGION[1];
/// The area of each group, in areas east and north of the real one.
const CELLS: [(i8, i8); 8] = [(0, 0), (1, 0), (0, 1), (1, 1), (-1, 0), (-1, 1), (2, 0), (2, 1)];
/// The number of each group of made-up districts as a heavenly stem, which is how Chinese texts letter a list.
const STEMS: [&str; 7] = ["甲", "乙", "丙", "丁", "戊", "己", "庚"];

/// A group of districts: 0 is the real one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Group(usize);

impl Group {
    /// The real districts.
    pub const REAL: Self = Self(0);

    /// Iterates over the groups of a city, with the share of the districts that each has.
    pub fn of_scale(scale: f64) -> impl Iterator<Item = (Self, f64)> {
        let share = move |group: usize| (scale - group as f64).min(1.0);
        (0..CELLS.len()).map(move |group| (Self(group), share(group))).filter(|(_, share)| *share > 0.0)
    }

    /// Iterates over the first groups.
    pub fn first(count: usize) -> impl Iterator<Item = Self> {
        (0..count).map(Self)
    }

    /// Returns the offset of its area from the real one, in degrees east and north.
    #[must_use]
    pub fn offset(self) -> (f64, f64) {
        let (east, north) = CELLS[self.0];
        (f64::from(east) * WIDTH, f64::from(north) * HEIGHT)
    }

    /// Moves a position from the area of the real districts to the area of this group.
    #[must_use]
    pub fn place(self, (lon, lat): (f64, f64)) -> (f64, f64) {
        let (east, north) = self.offset();
        (lon + east, lat + north)
    }

    /// Returns its area.
    #[must_use]
    pub fn region(self) -> [f64; 4] {
        let (west, south) = self.place((REGION[0], REGION[1]));
        let (east, north) = self.place((REGION[2], REGION[3]));
        [west, south, east, north]
    }

    /// Returns the prefix of the names of its districts, towns and divisions: empty for the real ones, else 虚构 (made up)
    /// and the letter of the group.
    #[must_use]
    pub fn prefix(self) -> String {
        self.letter().map_or_else(String::new, |letter| format!("虚构{}", letter.0))
    }

    /// Returns the English name of a district of this group.
    #[must_use]
    pub fn english(self, name: &str) -> String {
        self.letter().map_or_else(|| name.to_owned(), |letter| format!("{name} (made up, {})", letter.1))
    }

    /// Returns the Chinese and the Latin letter of a group of made-up districts.
    fn letter(self) -> Option<(&'static str, char)> {
        let n = self.0.checked_sub(1)?;
        Some((STEMS[n], char::from(b'A' + n as u8)))
    }

    /// Returns the code of a district of this group. The real codes of Chongqing begin with 5001 and 5002; the third digit
    /// of a made-up code is the number of the group.
    #[must_use]
    pub fn code(self, real: &str) -> String {
        format!("{}{}{}", &real[..2], self.0, &real[3..])
    }
}

/// Returns the smallest box that contains the areas of the groups.
#[must_use]
pub fn bounds(groups: impl Iterator<Item = Group>) -> [f64; 4] {
    groups.map(Group::region).fold([f64::MAX, f64::MAX, f64::MIN, f64::MIN], |all, one| {
        [all[0].min(one[0]), all[1].min(one[1]), all[2].max(one[2]), all[3].max(one[3])]
    })
}

/// Returns the column and the row of the area that contains a position; 0 for the area of the real districts.
fn cell((lon, lat): (f64, f64)) -> (f64, f64) {
    (((lon - REGION[0]) / WIDTH).floor(), ((lat - REGION[1]) / HEIGHT).floor())
}

/// Moves a position to the area of the real districts.
#[must_use]
pub fn fold(at: (f64, f64)) -> (f64, f64) {
    let (column, row) = cell(at);
    (at.0 - column * WIDTH, at.1 - row * HEIGHT)
}

/// Moves a position to the area of the real districts. Every other area is mirrored, so that what is computed from the
/// result is continuous across the border of two areas.
#[must_use]
pub fn mirror(at: (f64, f64)) -> (f64, f64) {
    let (column, row) = cell(at);
    let folded = fold(at);
    let is_odd = |n: f64| n.rem_euclid(2.0) > 0.5;
    (
        if is_odd(column) { REGION[0] + REGION[2] - folded.0 } else { folded.0 },
        if is_odd(row) { REGION[1] + REGION[3] - folded.1 } else { folded.1 },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scale_is_a_number_of_groups_and_the_share_of_the_last() {
        let shares = |scale| Group::of_scale(scale).map(|(_, share)| share).collect::<Vec<_>>();
        assert_eq!(shares(0.25), [0.25]);
        assert_eq!(shares(1.0), [1.0]);
        assert_eq!(shares(2.5), [1.0, 1.0, 0.5]);
        assert_eq!(shares(MAX_SCALE), [1.0; 8]);
    }

    #[test]
    fn areas_are_apart_and_folding_inverts_placing() {
        let groups: Vec<Group> = Group::first(8).collect();
        for (n, a) in groups.iter().enumerate() {
            assert_eq!(a.0, n);
            for b in &groups[n + 1..] {
                let (a, b) = (a.region(), b.region());
                let apart = |low: usize, high: usize| a[low] > b[high] - 1e-9 || b[low] > a[high] - 1e-9;
                assert!(apart(0, 2) || apart(1, 3), "{a:?} {b:?}");
            }
            let seat = (106.569, 29.553);
            let back = fold(a.place(seat));
            assert!((back.0 - seat.0).abs() < 1e-9 && (back.1 - seat.1).abs() < 1e-9);
        }
        let is_near = |a: f64, b: f64| (a - b).abs() < 1e-9;
        assert!(bounds(Group::first(1)).into_iter().zip(REGION).all(|(a, b)| is_near(a, b)));
        let all = bounds(Group::first(8));
        assert!((all[2] - all[0] - 4.0 * WIDTH).abs() < 1e-9 && (all[3] - all[1] - 2.0 * HEIGHT).abs() < 1e-9);
    }

    #[test]
    fn mirrored_positions_are_continuous_across_borders() {
        for edge in [REGION[0], REGION[2], REGION[2] + WIDTH] {
            let (before, after) = (mirror((edge - 1e-6, 30.0)), mirror((edge + 1e-6, 30.0)));
            assert!((before.0 - after.0).abs() < 1e-5 && (before.1 - after.1).abs() < 1e-9, "{before:?} {after:?}");
        }
        let inside = (106.569, 29.553);
        assert_eq!((mirror(inside), fold(inside)), (inside, inside));
    }

    #[test]
    fn names_and_codes_of_made_up_districts_are_not_real() {
        let [real, first, .., last] = Group::first(8).collect::<Vec<_>>()[..] else { panic!("eight groups") };
        assert_eq!((real.prefix().as_str(), real.code("500101").as_str()), ("", "500101"));
        assert_eq!(real.english("Wanzhou"), "Wanzhou");
        assert_eq!((first.prefix().as_str(), first.code("500101").as_str()), ("虚构甲", "501101"));
        assert_eq!((last.prefix().as_str(), last.code("500243").as_str()), ("虚构庚", "507243"));
        assert_eq!(first.english("Wanzhou"), "Wanzhou (made up, A)");
    }
}
