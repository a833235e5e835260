//! What planners and maps ask of a world: who and what is within reach. Plain functions over a
//! [`World`](crate::world::World); no web, no SQL, no GraphQL.

mod assumptions;
mod cover;
mod example;
mod nearby;
mod need;
mod reach;
mod usage;
mod wanted;

pub use assumptions::assumptions;
pub use cover::{Bar, CellCover, Coverage, Gap, Question, QuestionError, RegionShare, Share, coverage};
pub use example::example_places;
pub use nearby::{NearbyPage, NearbyQuery, Neighbour, nearby};
pub use need::{
    Demand, HORIZON_METRES, HORIZON_MINUTES, Measure, Need, Part, Reached, Supply, Travel, reached, supply,
    wanted_places,
};
pub use reach::{Band, Walkshed, walkshed};
pub use usage::{Factor, Period, PeriodError, Underused, Usage, center_usage, region_usage, underused};
pub use wanted::{Wanted, Wishes};
