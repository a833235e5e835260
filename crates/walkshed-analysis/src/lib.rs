//! Accessibility analyses over a [`World`](crate::world::World): walksheds, coverage and gaps, catchments, access measures,
//! planning standards, siting, scenarios and the use of centers. Plain functions; no web, no SQL, no GraphQL.

mod access;
mod assess;
mod assumptions;
mod capacity;
mod catchment;
mod center_rating;
mod comparison;
mod cover;
mod demand;
mod distances;
mod distribution;
mod exact;
mod example;
mod explain;
mod gaps;
pub mod memo;
mod nearby;
mod need;
mod pairs;
mod period;
mod question;
mod reach;
mod regions;
mod scenario;
mod sites;
mod siting;
mod solver;
mod standard;
mod statistics;
mod surface;
mod tables;
mod underused;
mod usage;
pub mod world;

pub use access::{Decay, Inequality, gravity, inequality, left_of, two_step};
pub use assess::{Assessment, LeastServed, MET_SHARE, Met, Rated, assess};
pub use assumptions::assumptions;
pub use capacity::{Assigned, CapacityUse, assign};
pub use catchment::{Catchment, CatchmentError, Overlap, catchment};
pub use center_rating::{RatedCenter, rate_center, rate_centers};
pub use comparison::{Balance, Change, Comparison, GroupChange, PartChange, RegionChange, compare};
pub use cover::{CellCover, Coverage, Share, coverage};
pub use demand::{Demand, cells_in};
pub use distances::{CellDistances, SupplySweep, SweepQuery, cell_distances, facility_sweep, point_sweep};
pub use distribution::Bar;
pub use exact::{ExactError, TooLarge, exact};
pub use example::example_places;
pub use explain::{COVERAGE_METHOD, Explanation};
pub use gaps::Gap;
pub use nearby::{NearbyPage, NearbyQuery, Neighbour, nearby};
pub use need::{HORIZON_METRES, HORIZON_MINUTES, Measure, Need, Part, Travel};
pub use pairs::{Pairs, Site, pairs, sites_of};
pub use period::{Period, PeriodError};
pub use question::{Question, QuestionError};
pub use reach::{Band, Walkshed, walkshed};
pub use regions::RegionShare;
pub use scenario::{ScenarioError, known_scenario, lay_scenario, name_a_scenario, scenario_problem, under_scenario};
pub use sites::{Candidates, Search as SiteSearch, SiteSuggestion, Suggestions, candidate_count, suggest_sites};
pub use siting::{Choice, Objective, Problem, Terms, fewest, greedy};
pub use standard::{Requirement, RequirementProblem, Standard, StandardError, StandardProblem, Standards};
pub use surface::{AccessMeasure, CellAccess, Offered, RegionAccess, Surface, surface};
pub use tables::{
    cells_csv, cells_text, changes_csv, changes_geojson, gaps_csv, gaps_text, regions_csv, regions_text, sites_csv,
    sites_text,
};
pub use underused::{Factor, Underused, underused};
pub use usage::{Usage, center_usage, region_usage};
pub use walkshed_register::query::{Wanted, Wishes, wanted_places};
