//! Runs every fuzz target over its committed corpus, on stable Rust.

use std::path::Path;
use walkshed_fuzz::TARGETS;

#[test]
fn targets_parse_their_corpus_and_do_not_panic() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
    for (name, target) in TARGETS {
        let mut inputs: Vec<_> = std::fs::read_dir(corpus.join(name))
            .unwrap_or_else(|e| panic!("fuzz/corpus/{name}: {e}"))
            .map(|entry| entry.unwrap().path())
            .collect();
        inputs.sort();
        assert!(inputs.len() >= 3, "fuzz/corpus/{name} holds {} inputs", inputs.len());
        let mut parsed = 0;
        for input in &inputs {
            println!("{}", input.display());
            parsed += usize::from(target(&std::fs::read(input).unwrap()));
        }
        // Some seeds are rejected on purpose. Most reach the code behind the parser.
        assert!(2 * parsed >= inputs.len(), "{name}: {parsed} of {} inputs were parsed", inputs.len());
    }
}

/// Each target exists in `fuzz/`, and the other way round.
#[test]
fn the_targets_are_those_of_cargo_fuzz() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/fuzz_targets");
    let mut files: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().trim_end_matches(".rs").to_owned())
        .collect();
    files.sort();
    assert_eq!(files, TARGETS.map(|(name, _)| name));
}

/// A change of the format makes the committed prepared files useless as seeds, silently.
#[test]
fn the_prepared_files_of_the_corpus_open() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/prepared_file");
    for name in ["grid", "streets", "crooked"] {
        let opened = walkshed_engine::Network::open(&corpus.join(format!("{name}.walkshed")));
        assert!(opened.is_ok(), "{name}: {:?}: run `cargo run -p walkshed-fuzz --example seeds`", opened.err());
    }
}
