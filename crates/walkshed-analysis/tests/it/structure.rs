//! The source files of the crate do not import each other in a circle.

use std::path::Path;
use walkshed_testing::structure::import_cycles;

#[test]
fn files_do_not_import_each_other_in_a_circle() {
    let cycles = import_cycles(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    assert!(cycles.is_empty(), "files that import each other: {cycles:#?}");
}
