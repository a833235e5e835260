//! Opening hours in OpenStreetMap's `opening_hours` syntax, evaluated in local time, with public holidays and sun times.

mod days;
mod error;
mod evaluate;
mod lexer;
mod parser;
mod rule;
mod schedule;
mod state;
mod sun;
#[cfg(test)]
mod tests;
mod times;

pub use error::HoursError;
pub use evaluate::HoursAt;
pub use schedule::Hours;
pub use state::OpenState;
