//! Tests of the readers of files through the public interface.

mod importers;
mod support;
