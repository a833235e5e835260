//! Selects facilities by category, kind, service, audience, step-free entrance and opening hours.

use crate::category::Category;
use crate::register::{OpenStates, Register, audience_bit, category_bit};
use crate::vocabulary::{Audience, Status};
use jiff::Timestamp;
use std::sync::Arc;

/// Criteria that a facility must meet. An empty list or `None` does not restrict.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FacilityCriteria {
    pub categories: Vec<Category>,
    /// Keys of kinds.
    pub kinds: Vec<String>,
    /// Ids of services; the facility must offer at least one of them.
    pub services: Vec<i64>,
    pub audience: Option<Audience>,
    /// The facility must be open at this moment. Facilities with unknown or conditional hours do not match.
    pub open_at: Option<Timestamp>,
    /// The facility must have a step-free entrance.
    pub step_free: bool,
    /// Ids to choose from, in ascending order.
    pub among: Option<Vec<i64>>,
}

/// Tests facilities against [`FacilityCriteria`], in a compact table of the register.
pub struct FacilityMatcher<'a> {
    register: &'a Register,
    criteria: &'a FacilityCriteria,
    /// A bit for each category.
    categories: u8,
    kinds: Vec<u32>,
    /// The bit of the audience; 0 for no condition.
    audience: u16,
    open: Option<(Timestamp, Arc<OpenStates>)>,
}

impl<'a> FacilityMatcher<'a> {
    /// Creates a matcher for the facilities of a register.
    #[must_use]
    pub fn new(register: &'a Register, criteria: &'a FacilityCriteria) -> Self {
        let categories = match &criteria.categories[..] {
            [] => u8::MAX,
            some => some.iter().fold(0, |bits, &category| bits | category_bit(category)),
        };
        Self {
            register,
            criteria,
            categories,
            kinds: criteria.kinds.iter().filter_map(|key| register.facility_traits().kind(key)).collect(),
            audience: criteria.audience.map_or(0, audience_bit),
            open: criteria.open_at.map(|at| (at, register.open_states(at))),
        }
    }

    /// Returns whether the facility at an index has the status open and meets the criteria.
    #[must_use]
    pub fn matches_open(&self, index: usize) -> bool {
        self.register.facility_traits().of(index).status == Status::Open && self.matches(index)
    }

    /// Returns whether the facility at an index meets the criteria, whatever its status.
    #[must_use]
    pub fn matches(&self, index: usize) -> bool {
        let (traits, criteria) = (self.register.facility_traits().of(index), self.criteria);
        traits.category & self.categories != 0
            && traits.audiences & self.audience == self.audience
            && (!criteria.step_free || traits.is_step_free)
            && (criteria.kinds.is_empty() || traits.is_one_of(&self.kinds))
            && criteria.among.as_ref().is_none_or(|ids| ids.binary_search(&self.register.facilities[index].id).is_ok())
            && (criteria.services.is_empty() || self.offers(index))
            && self.open.as_ref().is_none_or(|(at, states)| self.register.is_facility_open(index, *at, states))
    }

    fn offers(&self, index: usize) -> bool {
        let offers = self.register.offers_of_facility(index);
        offers.iter().any(|&o| self.criteria.services.contains(&self.register.offers[o as usize].service))
    }
}

/// Returns the register indices of the open facilities that meet the criteria, in ascending order.
#[must_use]
pub fn matching_facilities(register: &Register, criteria: &FacilityCriteria) -> Vec<u32> {
    let matcher = FacilityMatcher::new(register, criteria);
    (0..register.facilities.len()).filter(|&index| matcher.matches_open(index)).map(|index| index as u32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::center::Center;
    use crate::code::DivisionCode;
    use crate::facility::Facility;
    use crate::record::{AnyRecord, Done, RecordKind};
    use crate::register::{RegisterRows, is_open};
    use crate::vocabulary::Audience;
    use walkshed_engine::geo::Position;

    /// The rule for one facility, read from its record.
    fn meets(register: &Register, f: &Facility, criteria: &FacilityCriteria) -> bool {
        f.status == Status::Open
            && (criteria.categories.is_empty() || criteria.categories.contains(&f.category))
            && (criteria.kinds.is_empty() || f.kind.as_ref().is_some_and(|kind| criteria.kinds.contains(kind)))
            && (!criteria.step_free || f.step_free == Some(true))
            && criteria.audience.is_none_or(|audience| Audience::any_includes(&f.audiences, audience))
            && criteria.open_at.is_none_or(|at| is_open(f.status, register.hours_of_facility(f), at) == Some(true))
    }

    struct Random(u64);

    impl Random {
        fn below(&mut self, n: u64) -> usize {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            ((self.0 >> 33) % n) as usize
        }

        fn one_of<T: Clone>(&mut self, list: &[T]) -> T {
            list[self.below(list.len() as u64)].clone()
        }
    }

    const HOURS: [Option<&str>; 8] = [
        None,
        Some("Mo-Fr 09:00-18:00"),
        Some("24/7"),
        Some("sunrise-sunset"),
        Some("20:00-02:00"),
        Some("nonsense"),
        Some("09:00-18:00 \"by appointment\""),
        Some("Sa,Su 08:30-12:00"),
    ];

    fn code(n: usize) -> DivisionCode {
        DivisionCode::new(&format!("5001030010{n:02}")).unwrap()
    }

    fn facility(r: &mut Random, id: i64) -> Facility {
        let at = Position::new(106.5 + r.below(100) as f64 / 1000.0, 29.5).unwrap();
        let mut f = Facility::new(format!("f{id}"), format!("Place {id}"), r.one_of(&Category::ALL), at);
        f.id = id;
        f.status = r.one_of(&[Status::Open, Status::Open, Status::Open, Status::Closed, Status::Planned]);
        f.kind = r.one_of(&[None, Some("clinic".to_owned()), Some("canteen".to_owned()), Some("library".to_owned())]);
        f.step_free = r.one_of(&[None, Some(true), Some(false)]);
        f.audiences = (0..r.below(3)).map(|_| r.one_of(Audience::ALL)).collect();
        f.center = r.one_of(&[None, Some(code(0)), Some(code(1)), Some(code(2)), Some(code(3))]);
        f.opening_hours = r.one_of(&HOURS).map(str::to_owned);
        f
    }

    fn center(r: &mut Random, id: i64) -> Center {
        let at = Position::new(106.5, 29.6).unwrap();
        let mut c = Center::new(code(r.below(4)), format!("Center {id}"), at);
        c.id = id;
        c.opening_hours = r.one_of(&HOURS).map(str::to_owned);
        c
    }

    fn criteria(r: &mut Random) -> FacilityCriteria {
        let days = ["2026-11-27T09:30:59+08:00", "2026-11-28T01:59:30+08:00", "2026-11-29T17:45:00+08:00"];
        FacilityCriteria {
            categories: (0..r.below(3)).map(|_| r.one_of(&Category::ALL)).collect(),
            kinds: (0..r.below(3)).map(|_| r.one_of(&["clinic", "library", "unknown"]).to_owned()).collect(),
            audience: (r.below(2) == 0).then(|| r.one_of(Audience::ALL)),
            open_at: (r.below(2) == 0).then(|| r.one_of(&days).parse().unwrap()),
            step_free: r.below(4) == 0,
            ..FacilityCriteria::default()
        }
    }

    #[test]
    fn the_table_agrees_with_the_records_after_any_edits() {
        let mut r = Random(9);
        let rows = RegisterRows {
            centers: vec![center(&mut r, 1)],
            facilities: (1..200).map(|id| facility(&mut r, 2 * id)).collect(),
            ..RegisterRows::default()
        };
        let mut register = Register::new(rows, Arc::default());
        let mut found = 0;
        for version in 1..150 {
            let edits: Vec<Done> = (0..r.below(4))
                .map(|_| match r.below(8) {
                    0 => Done::Deleted { kind: RecordKind::Facility, id: r.below(420) as i64 },
                    1 => Done::Deleted { kind: RecordKind::Center, id: 1 + r.below(4) as i64 },
                    2 | 3 => {
                        let id = 1 + r.below(4) as i64;
                        Done::Put(Box::new(AnyRecord::Center(center(&mut r, id))))
                    }
                    _ => {
                        let id = 1 + r.below(440) as i64;
                        Done::Put(Box::new(AnyRecord::Facility(facility(&mut r, id))))
                    }
                })
                .collect();
            register = register.with_edits(version, &edits);
            for _ in 0..12 {
                let criteria = criteria(&mut r);
                let expected: Vec<u32> = (0..register.facilities.len())
                    .filter(|&i| meets(&register, &register.facilities[i], &criteria))
                    .map(|i| i as u32)
                    .collect();
                assert_eq!(matching_facilities(&register, &criteria), expected, "{criteria:?}");
                found += expected.len();
            }
        }
        assert!(found > 1000, "{found}");
    }

    #[test]
    fn snapshots_that_branch_have_states_of_their_own() {
        let rows = RegisterRows { facilities: vec![facility(&mut Random(1), 1)], ..RegisterRows::default() };
        let base = Register::new(rows, Arc::default());
        let with_hours = |hours: &str| {
            let opening_hours = Some(hours.to_owned());
            let changed = Facility { opening_hours, status: Status::Open, ..(*base.facilities[0]).clone() };
            base.with_edits(2, &[Done::Put(Box::new(AnyRecord::Facility(changed)))])
        };
        let open_at = Some("2026-11-24T12:00:00+08:00".parse().unwrap());
        let criteria = FacilityCriteria { open_at, ..FacilityCriteria::default() };
        let (always, seldom) = (with_hours("00:00-24:00"), with_hours("Mo 03:00-04:00"));
        assert_eq!(matching_facilities(&always, &criteria), [0]);
        assert_eq!(matching_facilities(&seldom, &criteria), [0u32; 0]);
        assert_eq!(matching_facilities(&always, &criteria), [0]);
    }

    #[test]
    fn hours_are_evaluated_once_for_a_minute() {
        let rows = RegisterRows { facilities: vec![facility(&mut Random(1), 1)], ..RegisterRows::default() };
        let register = Register::new(rows, Arc::default());
        let at = |text: &str| register.open_states(text.parse().unwrap());
        let states = at("2026-11-27T09:30:00+08:00");
        assert!(Arc::ptr_eq(&states, &at("2026-11-27T01:30:59.9Z")));
        assert!(!Arc::ptr_eq(&states, &at("2026-11-27T09:31:00+08:00")));
    }
}
