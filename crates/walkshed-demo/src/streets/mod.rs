//! Streets that follow the terrain: blocks of contour streets with lanes and stairways in communities, paths in
//! villages, roads between them with bridges and tunnels, and the special structures of a steep river city.

pub mod builder;
mod components;
pub mod draw;
pub mod index;
mod lattice;
pub mod network;
mod roads;
pub mod tags;
mod villages;
