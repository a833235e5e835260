//! A coverage result, shared by the types that show its parts.

use std::sync::{Arc, OnceLock};
use walkshed_analysis::world::World;
use walkshed_analysis::{self as analysis, Measure};

/// A coverage result with the world that it was computed from.
pub struct Answer {
    pub world: Arc<World>,
    pub found: Arc<analysis::Coverage>,
    gaps: OnceLock<Vec<analysis::Gap>>,
}

impl Answer {
    pub fn new(world: Arc<World>, found: Arc<analysis::Coverage>) -> Self {
        Self { world, found, gaps: OnceLock::new() }
    }

    pub fn gaps(&self) -> &[analysis::Gap] {
        self.gaps.get_or_init(|| self.found.gaps(&self.world.register))
    }

    pub fn measure(&self) -> Measure {
        self.found.question.need.measure
    }
}
