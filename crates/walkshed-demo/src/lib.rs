//! The demonstration city. The districts, towns, villages and communities of Chongqing have their real names and codes;
//! everything else is generated from a seed and reproducible. The city is written as ordinary files and imported by the
//! ordinary importers.

mod compounds;
mod crossings;
mod dem;
mod demand;
mod error;
mod expressways;
mod facts;
mod files;
mod ground;
mod groups;
mod install;
mod landmarks;
mod layout;
mod mark;
mod metro;
mod pbf;
mod places;
mod plots;
mod random;
mod readme;
mod squares;
mod streets;
mod supply;
mod viaducts;
mod write;

pub use error::DemoError;
pub use files::{Contents, Files, Options};
pub use groups::MAX_SCALE;
pub use install::{InstallError, Installed, Stage, Staging, install};
pub use landmarks::{Landmark, LandmarkKind};
pub use mark::{MARK, MARK_TEXT, WRITER};
pub use readme::describe;
pub use write::{landmarks, write_files};
