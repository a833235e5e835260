//! Travel profiles: who travels, and how fast.
//!
//! Profiles are data (`profiles.toml`). The configuration can override single keys; keys that a profile does not set
//! are taken from the adult profile.
//!
//! ```
//! # use walkshed_engine::{Profile, Profiles};
//! let profiles = Profiles::with_overrides(&"[adult]\nlevel_kmh = 5.0".parse()?)?;
//! let adult = profiles.get(Profile::Adult);
//! assert_eq!(adult.level_kmh, 5.0);
//! assert!(adult.speed_m_s(0.1) < adult.speed_m_s(0.0), "slower uphill (10 %) than on level ground");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod error;
mod id;
mod params;
mod settings;

pub use error::ProfileError;
pub use id::{Profile, ProfileSet, UnknownProfile};
pub use params::{ProfileParams, SlopeModel};
pub use settings::Profiles;

#[cfg(test)]
mod tests;
