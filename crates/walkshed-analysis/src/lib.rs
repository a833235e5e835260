//! Accessibility analyses over a [`World`](crate::world::World), an immutable snapshot of streets, register and population.
//! Plain functions; no web, no SQL, no GraphQL.
//!
//! | question | function |
//! | --- | --- |
//! | Which facilities are within reach of a point? | [`nearby`] |
//! | What is within reach of a point? | [`walkshed`] |
//! | Who reaches a facility, and which others do they reach? | [`catchment`] |
//! | Who has what they need within reach, and where are the gaps? | [`coverage`] |
//! | How much can people reach, and how unequally? | [`surface`] |
//! | Where do new facilities help most? | [`suggest_sites`] |
//! | Is a planning standard met? | [`assess`], [`rate_centers`] |
//! | What would a change do? | [`apply_scenario`], [`compare`] |
//! | How well are centers used? | [`center_usage`], [`region_usage`], [`underused`] |
//!
//! Long analyses report progress to the current [task](walkshed_engine::task) and return
//! [`Stopped`](walkshed_engine::task::Stopped) if it is cancelled or out of time. Sweeps and distances are cached in the
//! world's [`Memo`](memo::Memo).

mod access_measures;
mod access_surface;
mod assessment;
mod assumptions;
mod capacity;
mod catchment;
mod center_rating;
mod comparison;
mod coverage;
mod demand;
mod distances;
mod distribution;
mod exact;
mod example;
mod explain;
mod export;
mod gaps;
pub mod memo;
mod nearby;
mod need;
mod pairs;
mod period;
mod question;
mod regions;
mod scenario;
mod sites;
mod siting;
mod solver;
mod standard;
mod statistics;
mod underused;
mod usage;
mod walkshed;
pub mod world;

pub use access_measures::{Decay, Inequality, gravity, inequality, remaining_share, two_step};
pub use access_surface::{AccessMeasure, CellAccess, Offered, RegionAccess, Surface, surface};
pub use assessment::{Assessment, DEFAULT_MET_SHARE, LeastServed, RegionRating, RequirementOutcome, assess};
pub use assumptions::assumptions;
pub use capacity::{Assignment, CapacityUse, assign};
pub use catchment::{Catchment, CatchmentError, Overlap, catchment};
pub use center_rating::{RatedCenter, rate_center, rate_centers};
pub use comparison::{Balance, Change, Comparison, GroupChange, PartChange, RegionChange, compare};
pub use coverage::{CellCover, Coverage, Share, coverage};
pub use demand::{Demand, cells_in};
pub use distances::{CellDistances, SupplySweep, SweepQuery, cell_distances, facility_sweep, point_sweep};
pub use distribution::HistogramBin;
pub use exact::{ExactError, TooLarge, exact};
pub use example::example_places;
pub use explain::{COVERAGE_METHOD, Explanation};
pub use export::{
    cells_csv, cells_geojson, changes_csv, changes_geojson, gaps_csv, gaps_geojson, regions_csv, regions_geojson,
    sites_csv, sites_geojson,
};
pub use gaps::Gap;
pub use nearby::{NearbyPage, NearbyQuery, Neighbour, nearby};
pub use need::{HORIZON_METRES, HORIZON_MINUTES, Measure, Need, Part, Travel};
pub use pairs::{Pairs, Site, pairs, sites_of};
pub use period::{Period, PeriodError};
pub use question::{Question, QuestionError};
pub use regions::RegionShare;
pub use scenario::{
    ScenarioError, apply_scenario, cached_scenario_world, missing_scenario_message, scenario_error, scenario_world,
};
pub use sites::{Candidates, SiteSearch, SiteSuggestion, Suggestions, candidate_count, suggest_sites};
pub use siting::{Objective, SiteSelection, SitingConstraints, SitingProblem, greedy, min_site_count};
pub use standard::{Requirement, RequirementProblem, Standard, StandardError, StandardProblem, Standards};
pub use underused::{Factor, Underused, underused};
pub use usage::{Usage, center_usage, region_usage};
pub use walkshed::{Band, Counted, Walkshed, walkshed};
pub use walkshed_register::query::{FacilityCriteria, FacilityMatcher, matching_facilities};
