//! The mark of a register that contains the demonstration city.

/// The notice shown with every answer about a demonstration city.
pub const DEMONSTRATION_NOTICE: &str =
    "SYNTHETIC: the demonstration city of walkshed; only names, codes and district populations are real";

/// Marks a register as the demonstration city, with the parameters it was generated from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Demonstration {
    pub seed: u64,
    pub scale: f64,
    /// Whether the import of the demonstration city was completed.
    pub is_whole: bool,
}
