//! Arguments common to the analyses, and how they become a question.

use crate::cli::output::Failure;
use crate::cli::settings::Settings;
use clap::Args;
use walkshed_analysis::{FacilityCriteria, Measure, Need, Question, Travel};
use walkshed_engine::{Direction, MAX_NEAREST, Profile};
use walkshed_register::{Audience, Category, EVERYONE, Kinds, RegionCode, Register, group_name};

/// The need: which facilities, within which limit, for whom.
#[derive(Args, Debug)]
#[group(skip)]
pub struct NeedArgs {
    /// Category of facilities: community_governance, life_services, culture_sports, health_care, elderly_care,
    /// lifelong_education or employment [default: all seven, each of which must be within reach].
    #[arg(long, value_name = "CATEGORY")]
    category: Option<Category>,
    /// Kinds of facilities, any of which satisfies the need, such as clinic,health_station.
    #[arg(long, value_name = "KIND,KIND", value_delimiter = ',', conflicts_with = "category")]
    kinds: Vec<String>,
    /// Time limit in minutes, inclusive [default: 15].
    #[arg(long, value_name = "M")]
    minutes: Option<f64>,
    /// Distance limit in metres along the network, instead of a time limit.
    #[arg(long, value_name = "M", conflicts_with = "minutes")]
    metres: Option<f64>,
    /// Number of facilities that must be within reach, 1 to 10.
    #[arg(long, value_name = "N", default_value_t = 1)]
    min_count: usize,
    /// Count only facilities that are open at this time, such as 2026-11-25T01:00:00+08:00.
    #[arg(long, value_name = "TIME")]
    open_at: Option<jiff::Timestamp>,
    /// Count only facilities for this audience, such as elderly or couriers.
    #[arg(long, value_name = "AUDIENCE")]
    audience: Option<Audience>,
    #[command(flatten)]
    pub people: PeopleArgs,
}

/// The people: where they live, their group, and how they travel.
#[derive(Args, Debug)]
#[group(skip)]
pub struct PeopleArgs {
    /// Count only people who live in this region, given by its code [default: the whole city].
    #[arg(long, value_name = "CODE")]
    region: Option<String>,
    /// Population group, such as 60+ or new_employment.
    #[arg(long, value_name = "GROUP", default_value = EVERYONE)]
    group: String,
    /// Travel profile: adult, senior, child, wheelchair, stroller or bicycle.
    #[arg(long, default_value = "adult")]
    profile: Profile,
    /// Measure from the facilities to the people instead of from the people to the facilities.
    #[arg(long)]
    away: bool,
    /// Apply this scenario, given by its key [default: the city as it is].
    #[arg(long, value_name = "KEY")]
    pub scenario: Option<String>,
}

impl PeopleArgs {
    pub fn read(&self, register: &Register) -> Result<(Travel, Option<RegionCode>, String), Failure> {
        let region = match &self.region {
            None => None,
            Some(text) => {
                let code = RegionCode::new(text).map_err(|e| format!("--region \"{text}\" {e}"))?;
                if register.regions.index_of_key(code.as_str()).is_none() && register.centers_in(&code).is_empty() {
                    return Err(format!("--region {text}: no region or center has this code").into());
                }
                Some(code)
            }
        };
        let group = group_name(&self.group).map_err(|e| format!("--group \"{}\" {e}", self.group))?;
        if register.people(&group).is_none() {
            let known: Vec<&str> =
                std::iter::once(EVERYONE).chain(register.groups.keys().map(String::as_str)).collect();
            return Err(format!("--group {}: unknown group. Available: {}", self.group, known.join(", ")).into());
        }
        let direction = if self.away { Direction::From } else { Direction::Towards };
        Ok((Travel { profile: self.profile, direction }, region, group))
    }
}

impl NeedArgs {
    pub fn question(&self, settings: &Settings, register: &Register) -> Result<Question, Failure> {
        let (measure, limit) = match self.metres {
            Some(metres) => (Measure::Metres, metres),
            None => (Measure::Minutes, self.minutes.unwrap_or(15.0)),
        };
        let most = match measure {
            Measure::Minutes => settings.server.limits.max_minutes,
            Measure::Metres => measure.horizon(),
        };
        if !(limit > 0.0 && limit <= most) {
            return Err(format!("--{} {limit}: must be more than 0 and at most {most}", measure.name()).into());
        }
        if !(1..=MAX_NEAREST).contains(&self.min_count) {
            return Err(format!("--min-count {}: must be between 1 and {MAX_NEAREST}", self.min_count).into());
        }
        let common = FacilityCriteria { open_at: self.open_at, audience: self.audience, ..FacilityCriteria::default() };
        let kinds: &Kinds = &settings.kinds;
        let key = |text: &String| {
            kinds.find(text).map(|k| k.key.clone()).ok_or_else(|| format!("--kinds {}", kinds.unknown(text)))
        };
        let kinds = self.kinds.iter().map(key).collect::<Result<_, _>>()?;
        let parts = Need::parts_for(self.category, FacilityCriteria { kinds, ..common });
        let (travel, region, group) = self.people.read(register)?;
        let need = Need { parts, measure, limit, min_count: self.min_count };
        Ok(Question { need, travel, region, group, with_capacity: false })
    }
}
