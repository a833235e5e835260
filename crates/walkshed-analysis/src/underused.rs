//! Centers with low use relative to their catchment, and factors that may explain it.

use crate::period::Period;
use crate::statistics::median;
use crate::usage::{Usage, center_usage};
use crate::world::World;
use walkshed_engine::parallel;
use walkshed_engine::task::{self, Stopped};
use walkshed_register::RegionCode;

/// A factor that may explain low use of a center.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Factor {
    /// Few visits.
    Visits,
    /// Many people in the catchment.
    Catchment,
    HoursOpen,
    Offers,
    Events,
    OpenShare,
    SuggestionsAnswered,
}

/// A center with low use relative to its catchment.
#[derive(Debug, Clone, PartialEq)]
pub struct Underused {
    /// Its index in the register.
    pub index: usize,
    pub usage: Usage,
    /// Its visits per day per 1,000 people, divided by the median of the compared centers.
    pub ratio_to_median: f64,
    /// Whether visits or catchment deviate more from their median, relative to it.
    pub because: Factor,
    pub because_value: f64,
    pub because_median: f64,
    /// The factor under the center's control that is lowest relative to its median, with value and median; `None` if none is
    /// below it.
    pub weakest: Option<(Factor, f64, f64)>,
}

/// A factor under the center's control and its value.
type OwnFactor = (Factor, fn(&Usage) -> Option<f64>);

/// Ranks the centers of a region, or of the city, with counted visits in the period by use relative to their catchment,
/// the least used first. Also returns the number of centers compared.
///
/// # Errors
/// [`Stopped`].
pub fn underused(
    world: &World,
    region: Option<&RegionCode>,
    period: Period,
) -> Result<(Vec<Underused>, usize), Stopped> {
    let register = &world.register;
    let all: Vec<u32> = match region {
        Some(region) => register.centers_in(region).to_vec(),
        None => (0..register.centers.len() as u32).collect(),
    };
    let counted = |&index: &u32| {
        let center = &register.centers[index as usize];
        let visits = register.visits_of(center.id)?;
        visits.between(period.from, period.to).next()?;
        let usage = center_usage(world, index as usize, period);
        usage.visits_per_day_per_1000.is_some().then_some((index as usize, usage))
    };
    let rows: Vec<(usize, Usage)> = parallel::try_map(&all, 1, |index| {
        let found = counted(index);
        task::work(if found.is_some() { period.days() as usize } else { 1 })?;
        Ok::<_, Stopped>(found)
    })?
    .into_iter()
    .flatten()
    .collect();
    let compared = rows.len();
    let median_of = |value: fn(&Usage) -> Option<f64>| median(rows.iter().filter_map(|(_, u)| value(u)).collect());
    let Some(usual) = median_of(|u| u.visits_per_day_per_1000) else { return Ok((Vec::new(), compared)) };
    let [visits, people] = [median_of(|u| u.visits_per_day), median_of(|u| u.catchment)].map(Option::unwrap_or_default);
    let own: [OwnFactor; 5] = [
        (Factor::HoursOpen, |u| u.hours_per_week),
        (Factor::Offers, |u| Some(u.offers as f64)),
        (Factor::Events, |u| Some(u.events as f64)),
        (Factor::OpenShare, |u| u.open_share),
        (Factor::SuggestionsAnswered, |u| {
            (u.suggestions > 0).then(|| u.suggestions_answered as f64 / u.suggestions as f64)
        }),
    ];
    let medians: Vec<Option<f64>> = own.iter().map(|(_, value)| median_of(*value)).collect();
    let mut list: Vec<Underused> = rows
        .into_iter()
        .map(|(index, usage)| {
            let (came, could) = (usage.visits_per_day.unwrap_or_default(), usage.catchment.unwrap_or_default());
            // The rate is low because visits are few or the catchment is large; both are compared as ratios to the median.
            let (few, many) = (visits / came.max(1e-9), could / people.max(1e-9));
            let (because, because_value, because_median) =
                if few >= many { (Factor::Visits, came, visits) } else { (Factor::Catchment, could, people) };
            let weakest = own
                .iter()
                .zip(&medians)
                .filter_map(|((factor, value), median)| Some((*factor, value(&usage)?, (*median)?)))
                .filter(|(_, value, median)| value < median)
                .min_by(|a, b| (a.1 / a.2).total_cmp(&(b.1 / b.2)));
            let rate = usage.visits_per_day_per_1000.unwrap_or_default();
            let ratio_to_median = if usual > 0.0 { rate / usual } else { 1.0 };
            Underused { index, usage, ratio_to_median, because, because_value, because_median, weakest }
        })
        .collect();
    list.sort_by(|a, b| a.ratio_to_median.total_cmp(&b.ratio_to_median).then(a.index.cmp(&b.index)));
    Ok((list, compared))
}
