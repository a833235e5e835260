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
//! | What would a change do? | [`lay_scenario`], [`compare`] |
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

pub use access_measures::{Decay, Inequality, gravity, inequality, left_of, two_step};
pub use access_surface::{AccessMeasure, CellAccess, Offered, RegionAccess, Surface, surface};
pub use assessment::{Assessment, LeastServed, MET_SHARE, Met, Rated, assess};
pub use assumptions::assumptions;
pub use capacity::{Assigned, CapacityUse, assign};
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
    cells_csv, cells_text, changes_csv, changes_geojson, gaps_csv, gaps_text, regions_csv, regions_text, sites_csv,
    sites_text,
};
pub use gaps::Gap;
pub use nearby::{NearbyPage, NearbyQuery, Neighbour, nearby};
pub use need::{HORIZON_METRES, HORIZON_MINUTES, Measure, Need, Part, Travel};
pub use pairs::{Pairs, Site, pairs, sites_of};
pub use period::{Period, PeriodError};
pub use question::{Question, QuestionError};
pub use regions::RegionShare;
pub use scenario::{ScenarioError, known_scenario, lay_scenario, name_a_scenario, scenario_problem, under_scenario};
pub use sites::{Candidates, SiteSearch, SiteSuggestion, Suggestions, candidate_count, suggest_sites};
pub use siting::{Choice, Objective, SitingProblem, Terms, greedy, min_site_count};
pub use standard::{Requirement, RequirementProblem, Standard, StandardError, StandardProblem, Standards};
pub use underused::{Factor, Underused, underused};
pub use usage::{Usage, center_usage, region_usage};
pub use walkshed::{Band, Walkshed, walkshed};
pub use walkshed_register::query::{Wanted, Wishes, wanted_places};
