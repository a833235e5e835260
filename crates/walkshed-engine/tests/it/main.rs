//! Tests of the engine through its public interface.

mod engine_differential;
mod joining;
mod osm_extracts;
mod osm_tagging;
mod street_changes;
mod structure;
mod sweep;
mod walkshed_field;
mod walkshed_polygon;
