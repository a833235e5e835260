//! Files that are damaged or not extracts.

use super::*;

#[test]
fn rejects_files_that_are_not_extracts() {
    let folder = tempfile::tempdir().unwrap();
    let error_of = |name: &str, bytes: &[u8]| {
        let streets = folder.path().join(name);
        std::fs::write(&streets, bytes).unwrap();
        let options = BuildOptions::new(streets);
        build(&options, &|_| {}).err().unwrap().to_string()
    };
    for bytes in [&b""[..], b"<osm version=\"0.6\">", &[0; 100], &[255; 100], b"\x00\x00\x00\x0d"] {
        let error = error_of("a.osm.pbf", bytes);
        assert!(error.contains("a.osm.pbf"), "{error}");
    }
    let mut no_streets = Extract::new();
    no_streets.node(1, 0.0, 0.0, &[]).node(2, 9.0, 0.0, &[]).way(1, &[1, 2], &[("waterway", "river")]);
    assert!(error_of("b.osm.pbf", &no_streets.bytes()).contains("no street"));
    let missing = BuildOptions::new(Path::new("/nowhere/x.osm.pbf").into());
    assert!(build(&missing, &|_| {}).err().unwrap().to_string().contains("/nowhere/x.osm.pbf"));
}

#[test]
fn rejects_truncated_extracts() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut.osm.pbf");
    let error_of = |bytes: &[u8], step: usize| {
        for end in (0..bytes.len()).step_by(step) {
            std::fs::write(&path, &bytes[..end]).unwrap();
            let options = BuildOptions::new(path.clone());
            // Truncated after the header, the file has no streets; elsewhere it is damaged (no multiple of 1,000 is the
            // end of a blob in the real file).
            assert!(build(&options, &|_| {}).is_err(), "a file truncated at {end} of {} bytes was read", bytes.len());
        }
    };
    let mut small = Extract::new();
    small.node(1, 0.0, 0.0, &[]).node(2, 100.0, 0.0, &[]).way(1, &[1, 2], &STREET);
    error_of(&small.bytes(), 1);
    if let Some(real) = walkshed_testing::porto_alegre() {
        error_of(&std::fs::read(real.join("poa.osm.pbf")).unwrap(), 1000);
    }
}

#[test]
fn never_panics_on_random_changes() {
    let mut extract = Extract::new();
    square(&mut extract).way(3, &[1, 2, 3, 4, 1], &[("highway", "pedestrian"), ("area", "yes")]);
    let good = extract.bytes();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("odd.osm.pbf");
    let mut random = walkshed_testing::Random(7);
    let mut rejected = 0;
    for _ in 0..2000 {
        let mut bytes = good.clone();
        for _ in 0..=random.below(3) {
            let i = random.below(bytes.len());
            bytes[i] = random.next() as u8;
        }
        std::fs::write(&path, &bytes).unwrap();
        let options = BuildOptions::new(path.clone());
        rejected += usize::from(build(&options, &|_| {}).is_err());
    }
    assert!(rejected > 200, "only {rejected} of 2000 changed files were rejected");
}
