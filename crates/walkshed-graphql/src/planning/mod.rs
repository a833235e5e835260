//! Analyses for planners: coverage, catchments, accessibility, sites, assessments, comparisons of scenarios.

mod accessibility;
mod assessment;
mod catchment;
mod comparison;
mod coverage;
mod coverage_answer;
mod coverage_cell;
mod coverage_gap;
mod covered_people;
mod explanation;
mod need;
mod site_search;
mod sites;

pub use accessibility::AccessibilityQuery;
pub use assessment::AssessmentQuery;
pub use catchment::CatchmentQuery;
pub use comparison::ComparisonQuery;
pub use coverage::CoverageQuery;
pub use site_search::SiteQuery;
