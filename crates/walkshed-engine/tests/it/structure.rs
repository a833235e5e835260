//! The source files of the engine do not import each other in a circle.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

use std::path::Path;
use walkshed_testing::structure::import_cycles;

#[test]
fn files_do_not_import_each_other_in_a_circle() {
    let cycles = import_cycles(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    assert!(cycles.is_empty(), "files that import each other: {cycles:#?}");
}

/// Creates the files of a crate and returns its import cycles.
fn cycles(files: &[(&str, &str)]) -> Vec<Vec<String>> {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    import_cycles(folder.path())
}

#[test]
fn finds_cycles_between_files() {
    let lib = ("lib.rs", "mod a;\nmod b;\npub use a::A;\n");
    assert_eq!(cycles(&[lib, ("a.rs", "use crate::b::B;\n"), ("b.rs", "use std::fmt;\n")]), Vec::<Vec<String>>::new());
    assert_eq!(cycles(&[lib, ("a.rs", "use crate::b::{\n    B,\n};\n"), ("b.rs", "use super::a::A;\n")]), [["a", "b"]]);
    // A file that imports what its parent re-exports from it.
    assert_eq!(cycles(&[lib, ("a.rs", "use crate::A;\n"), ("b.rs", "")]), [["lib", "a"]]);
    // A path in code.
    let b = ("b.rs", "fn b() {\n    let _ = crate::a::A;\n}\n#[cfg(test)]\nmod tests { use crate::a; }\n");
    assert_eq!(cycles(&[lib, ("a.rs", "use super::{b::B};\n"), b]), [["a", "b"]]);
    assert_eq!(cycles(&[lib, ("a.rs", "// use crate::b::B;\n"), b]), Vec::<Vec<String>>::new());
    let b = ("b.rs", "fn b() {\n    super::a::f();\n}\n");
    assert_eq!(cycles(&[lib, ("a.rs", "use super::b::B;\n"), b]), [["a", "b"]]);
    // Only the item for tests is left out, not what follows it.
    let b = ("b.rs", "use crate::a::A;\n");
    for item in ["mod tests;", "fn f() {\n    g();\n}", "use std::fmt;"] {
        let a = format!("#[cfg(test)]\n{item}\nuse crate::b::B;\n");
        assert_eq!(cycles(&[lib, ("a.rs", a.as_str()), b]), [["a", "b"]], "{item}");
        let a = format!("#[cfg(test)]\nmod inner {{\n    use crate::b::B;\n    {item}\n}}\n");
        assert_eq!(cycles(&[lib, ("a.rs", a.as_str()), b]), Vec::<Vec<String>>::new(), "{item}");
    }
}

#[test]
fn finds_cycles_between_a_folder_and_its_files() {
    let lib = ("lib.rs", "mod n;\n");
    let open = ("n/open.rs", "use super::N;\n");
    assert_eq!(cycles(&[lib, ("n/mod.rs", "mod open;\npub struct N;\n"), open]), Vec::<Vec<String>>::new());
    assert_eq!(cycles(&[lib, ("n/mod.rs", "mod open;\nuse open::O;\n"), open]), [["n", "n::open"]]);
}
