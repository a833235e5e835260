//! What planners and maps ask of a world: who and what is within reach. Plain functions over a
//! [`World`](crate::world::World); no web, no SQL, no GraphQL.

mod access;
mod assess;
mod assumptions;
mod capacity;
mod catchment;
mod cover;
mod exact;
mod example;
pub mod memo;
mod nearby;
mod need;
mod pairs;
mod reach;
mod scenario;
mod sites;
mod siting;
mod standard;
mod surface;
mod tables;
mod usage;
mod wanted;
pub mod world;

pub use access::{Decay, Inequality, gravity, inequality, left_of, two_step};
pub use assess::{Assessment, LeastServed, MET_SHARE, Met, Rated, RatedCenter, assess, rate_centers};
pub use assumptions::assumptions;
pub use capacity::{Assigned, assign};
pub use catchment::{Catchment, CatchmentError, Overlap, catchment};
pub use cover::{Bar, CapacityUse, CellCover, Coverage, Gap, Question, QuestionError, RegionShare, Share, coverage};
pub use exact::{ExactError, TooLarge, exact};
pub use example::example_places;
pub use nearby::{NearbyPage, NearbyQuery, Neighbour, nearby};
pub use need::{
    Demand, HORIZON_METRES, HORIZON_MINUTES, Measure, Need, Part, Reached, Supply, Travel, reached, supply,
    wanted_places,
};
pub use pairs::{Pairs, Site, pairs, sites_of};
pub use reach::{Band, Walkshed, walkshed};
pub use scenario::{
    Balance, Change, Comparison, GroupChange, PartChange, RegionChange, ScenarioError, compare,
    known as known_scenario, lay as lay_scenario, name_a_scenario, problem as scenario_problem,
    under as under_scenario,
};
pub use sites::{Candidates, Search as SiteSearch, SiteSuggestion, Suggestions, candidate_count, suggest_sites};
pub use siting::{Choice, Objective, Problem, Terms, fewest, greedy};
pub use standard::{Requirement, Standard, StandardError, Standards};
pub use surface::{AccessMeasure, CellAccess, Offered, RegionAccess, Surface, surface};
pub use tables::{cells_csv, cells_text, gaps_csv, gaps_text, regions_csv, regions_text, sites_csv, sites_text};
pub use usage::{Factor, Period, PeriodError, Underused, Usage, center_usage, region_usage, underused};
pub use wanted::{Wanted, Wishes};
