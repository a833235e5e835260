//! What people need, and which people and trips a question is about.

use crate::arguments::{check_minutes, kind_keys, region_code, service_numbers};
use crate::context::{current, kinds, limits};
use crate::cost;
use crate::enums::Audience;
use crate::error::{bad_input, invalid, not_found, stopped, too_many, within_bound};
use crate::ids::NodeId;
use crate::scalars::DateTime;
use crate::types::{Category, Direction, Profile};
use async_graphql::{Context, Error, ID, InputObject, Result};
use std::sync::Arc;
use walkshed_analysis::world::World;
use walkshed_analysis::{
    self as analysis, FacilityCriteria, HORIZON_METRES, Measure, Need, Question, QuestionError, Travel,
};
use walkshed_engine::MAX_NEAREST;
use walkshed_register as register;
use walkshed_register::RecordKind;

/// The limit in minutes if the request names neither minutes nor metres: the 15-minute service circle.
const DEFAULT_MINUTES: f64 = 15.0;

/// What people need within a limit of time or distance. Give at most one of `category`, `kinds` and `service`; without
/// them, all seven categories are needed. Give at most one of `minutes` and `metres`; the default is 15 minutes.
#[derive(InputObject, Debug, Clone, Default)]
pub struct NeedInput {
    /// Facilities of this category.
    pub category: Option<Category>,
    /// Facilities of any of these kinds, given by the keys that `facilityKinds` lists. At least 1, at most 1,000.
    pub kinds: Option<Vec<String>>,
    /// Facilities that offer the service with this id.
    pub service: Option<ID>,
    /// The time limit in minutes, more than 0 and at most 120 unless the server is configured otherwise. A travel time
    /// equal to the limit is within it.
    pub minutes: Option<f64>,
    /// The limit as a length over the street network in metres, more than 0 and at most 10,000. A length equal to the
    /// limit is within it.
    pub metres: Option<f64>,
    /// The number of facilities that must be within the limit, 1 to 10.
    #[graphql(default = 1)]
    pub min_count: i32,
    /// Count only facilities that are open at this time. Facilities whose state at this time is unknown do not count.
    pub open_at: Option<DateTime>,
    /// Count only facilities intended for this audience.
    pub audience: Option<Audience>,
    /// If true, count only facilities that can be entered without a step. False is the same as omitting it.
    pub step_free: Option<bool>,
}

impl NeedInput {
    /// Returns the number of parts, which determines the cost.
    pub fn parts(&self) -> usize {
        if self.category.is_none() && self.kinds.is_none() && self.service.is_none() { 7 } else { 1 }
    }

    /// Converts the input to the engine's type.
    pub fn read(&self, ctx: &Context<'_>) -> Result<Need> {
        let (measure, limit) = match (self.minutes, self.metres) {
            (Some(_), Some(metres)) => {
                return Err(bad_input("need.metres", metres, "cannot be combined with `minutes`"));
            }
            (None, Some(metres)) => (Measure::Metres, metres),
            (minutes, None) => (Measure::Minutes, minutes.unwrap_or(DEFAULT_MINUTES)),
        };
        match measure {
            Measure::Minutes => {
                check_minutes(ctx, "need.minutes", limit)?;
            }
            Measure::Metres => {
                if !(limit > 0.0 && limit.is_finite()) {
                    return Err(bad_input("need.metres", limit, "must be more than 0 metres"));
                }
                if limit > HORIZON_METRES {
                    let why = format!("need.metres: {limit} metres exceed the maximum ({HORIZON_METRES})");
                    return Err(too_many("maxMetres", why));
                }
            }
        }
        let min_count =
            usize::try_from(self.min_count).ok().filter(|n| (1..=MAX_NEAREST).contains(n)).ok_or_else(|| {
                bad_input("need.minCount", self.min_count, format_args!("is not between 1 and {MAX_NEAREST}"))
            })?;
        let named = [self.category.is_some(), self.kinds.is_some(), self.service.is_some()];
        if named.iter().filter(|n| **n).count() > 1 {
            return Err(invalid("need", "`category`, `kinds` and `service` cannot be combined: give only one of them"));
        }
        let common = FacilityCriteria {
            audience: self.audience.map(Into::into),
            open_at: self.open_at.map(|at| at.0),
            step_free: self.step_free == Some(true),
            ..FacilityCriteria::default()
        };
        within_bound(
            "maxListItems",
            "need.kinds",
            self.kinds.as_ref().map_or(0, Vec::len),
            limits(ctx).max_list_items,
        )?;
        if self.kinds.as_ref().is_some_and(Vec::is_empty) {
            return Err(bad_input("need.kinds", "[]", "must name at least one kind"));
        }
        let services = service_numbers("need.service", self.service.as_slice())?;
        if let (Some(id), Some(number)) = (&self.service, services.first())
            && current(ctx).register.services.get(*number).is_none()
        {
            return Err(not_found("need.service", id, "service with the id"));
        }
        let kinds = kind_keys("need.kinds", kinds(ctx), self.kinds.as_deref().unwrap_or_default())?;
        let parts = Need::parts_for(self.category.map(Into::into), FacilityCriteria { kinds, services, ..common });
        Ok(Need { parts, measure, limit, min_count })
    }
}

/// Reads and checks the arguments of a question.
pub fn question(
    ctx: &Context<'_>,
    need: &NeedInput,
    (region, group): (Option<&str>, &str),
    (profile, direction): (Profile, Direction),
) -> Result<Question> {
    let world = current(ctx);
    let region = region_code("region", region)?;
    if let Some(code) = &region
        && world.register.regions.index_of_key(code.as_str()).is_none()
        && world.register.centers_in(code).is_empty()
    {
        return Err(not_found("region", code.as_str(), "region or center with the code"));
    }
    let group = register::group_name(group).map_err(|e| bad_input("group", format_args!("\"{group}\""), e))?;
    if world.register.people(&group).is_none() {
        return Err(not_found("group", &group, "population of the group"));
    }
    Ok(Question {
        need: need.read(ctx)?,
        travel: Travel { profile: profile.into(), direction: direction.into() },
        region,
        group,
        with_capacity: false,
    })
}

/// Counts the facilities that match a need, over all its parts.
pub async fn count_matching_facilities(ctx: &Context<'_>, world: &Arc<World>, need: &Need) -> Result<usize> {
    let price = cost::rows(world.register.facilities.len()).saturating_mul(need.parts.len());
    let (world, parts) = (world.clone(), need.parts.clone());
    let count =
        move || parts.iter().map(|part| analysis::matching_facilities(&world.register, &part.criteria).len()).sum();
    cost::charge_and_run(ctx, price, count).await
}

/// Converts an error of the analysis to one that names the argument.
pub fn question_error(e: QuestionError) -> Error {
    match e {
        QuestionError::TooLarge(e) => too_many("maxExact", format!("exact: {e}")),
        QuestionError::CapacityWithMeanObjective | QuestionError::ExactWithCapacity => invalid("capacity", e),
        QuestionError::BudgetWithMinFacilities => invalid("budget", e),
        QuestionError::NotOpenToday(id) => {
            let id = ID::from(NodeId::new(RecordKind::Facility, id));
            bad_input("mustKeep", format_args!("\"{}\"", *id), "is not open today for this need")
        }
        QuestionError::Stopped(why) => stopped(why),
        e => invalid("need", e),
    }
}
