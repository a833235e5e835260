//! Which facilities a question is about: by category, kind, service, audience and whether they are open.

use jiff::Timestamp;
use walkshed_register::{Audience, Category, Facility, Hours, Register, Status, is_open};

/// What is looked for; empty lists and `None` leave all in. Only facilities with the status open are ever found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wishes {
    pub categories: Vec<Category>,
    /// Keys of kinds.
    pub kinds: Vec<String>,
    /// Numbers of services, one of which must be on offer there.
    pub services: Vec<i64>,
    pub audience: Option<Audience>,
    /// Open at this moment; facilities whose hours are not known, or say that it depends, are not.
    pub open_at: Option<Timestamp>,
    /// Entered without a step.
    pub step_free: bool,
    /// Only these, by their numbers in rising order.
    pub among: Option<Vec<i64>>,
}

/// Answers for one facility after the other, and remembers which hours were open: a city has few different ones.
pub struct Wanted<'a> {
    register: &'a Register,
    wishes: &'a Wishes,
    open: Vec<(*const Hours, bool)>,
}

impl<'a> Wanted<'a> {
    /// Of a register.
    #[must_use]
    pub const fn new(register: &'a Register, wishes: &'a Wishes) -> Self {
        Self { register, wishes, open: Vec::new() }
    }

    /// Is the facility at this place looked for?
    pub fn is(&mut self, place: usize) -> bool {
        self.register.facilities[place].status == Status::Open && self.fits(place)
    }

    /// Does it fit, whatever its status?
    pub fn fits(&mut self, place: usize) -> bool {
        let (f, w) = (&*self.register.facilities[place], self.wishes);
        (w.categories.is_empty() || w.categories.contains(&f.category))
            && (w.kinds.is_empty() || f.kind.as_ref().is_some_and(|kind| w.kinds.contains(kind)))
            && (!w.step_free || f.step_free == Some(true))
            && w.audience.is_none_or(|audience| Audience::any_includes(&f.audiences, audience))
            && w.among.as_ref().is_none_or(|ids| ids.binary_search(&f.id).is_ok())
            && (w.services.is_empty() || self.offers(place))
            && w.open_at.is_none_or(|at| self.is_open(f, at))
    }

    fn offers(&self, place: usize) -> bool {
        let offers = self.register.offers_of_facility(place);
        offers.iter().any(|&o| self.wishes.services.contains(&self.register.offers[o as usize].service))
    }

    fn is_open(&mut self, facility: &Facility, at: Timestamp) -> bool {
        if facility.status != Status::Open {
            return false;
        }
        let Some(hours) = self.register.hours_of_facility(facility) else { return false };
        // By the sun, each place has its own.
        let key = (!hours.hours().is_by_sun()).then(|| std::ptr::from_ref(hours.hours()));
        if let Some((_, open)) = self.open.iter().find(|(known, _)| Some(*known) == key) {
            return *open;
        }
        let open = is_open(Status::Open, Some(hours), at) == Some(true);
        self.open.extend(key.map(|key| (key, open)));
        open
    }
}
