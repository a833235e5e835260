//! Voids and implausible heights.

use super::*;

#[test]
fn interpolates_voids_from_their_edges() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("h.tif");
    // A slope with a void of 6 x 4 samples, and a single void sample in a corner of the file.
    let in_hole = |c: u32, r: u32| (10..16).contains(&c) && (8..12).contains(&r);
    let holes = grid(|c, r| if in_hole(c, r) || (c, r) == (0, 0) { -9999 } else { slope(c, r) as i16 });
    write::<GrayI16>(&path, &holes, &Options { nodata: Some("-9999"), ..Options::default() });
    let elevation = open(&path).unwrap();
    assert_eq!(find(&elevation, 5.0, 5.0), Sampled::Height(25.0));
    let (mut least, mut greatest) = (f32::INFINITY, f32::NEG_INFINITY);
    for (c, r) in (0..COLUMNS).flat_map(|c| (0..ROWS).map(move |r| (c, r))).filter(|&(c, r)| in_hole(c, r)) {
        let Sampled::Filled(height) = find(&elevation, c.into(), r.into()) else { panic!("{c} {r} is not a void") };
        (least, greatest) = (least.min(height), greatest.max(height));
        // Every direction has its opposite and the slope is uniform, so interpolation is exact.
        assert!((height - slope(c, r) as f32).abs() < 0.01, "{c} {r}: {height}");
    }
    // The edge of the void runs from (9, 7) to (16, 12).
    assert!(least >= slope(9, 7) as f32 && greatest <= slope(16, 12) as f32, "{least} to {greatest}");
    // The corner sees three samples: 2 and 3 at one step, 5 diagonally. A step is 96.5 m to the east, 110.9 m to the
    // south.
    let (east, south) = (1.0 / 96.486, 1.0 / 110.852);
    let across = 1.0 / 96.486_f32.hypot(110.852);
    let expected = (2.0 * east + 3.0 * south + 5.0 * across) / (east + south + across);
    let Sampled::Filled(corner) = find(&elevation, 0.0, 0.0) else { panic!("the corner is not a void") };
    assert!((corner - expected).abs() < 0.01, "{corner} is not {expected}");
    // A position belongs to the void if most of the weight does. The height is continuous.
    assert!(matches!(find(&elevation, 9.4, 9.0), Sampled::Height(h) if (h - 45.8).abs() < 0.01));
    assert!(matches!(find(&elevation, 9.6, 9.0), Sampled::Filled(h) if (h - 46.2).abs() < 0.01));
    assert_eq!(elevation.sample(at_sample(50.0, 9.0)), None, "outside");
    assert_eq!(find(&elevation, 50.0, 9.0), Sampled::Outside);
}

#[test]
fn a_single_height_fills_all_voids_and_no_height_fills_none() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("h.tif");
    // For most samples the only height is in none of the eight directions.
    write::<Gray32Float>(&path, &grid(|c, r| if (c, r) == (7, 3) { 123.5 } else { f32::NAN }), &Options::default());
    let elevation = open(&path).unwrap();
    for (c, r) in (0..COLUMNS).flat_map(|c| (0..ROWS).map(move |r| (c, r))) {
        let found = find(&elevation, c.into(), r.into());
        assert_eq!(found, if (c, r) == (7, 3) { Sampled::Height(123.5) } else { Sampled::Filled(123.5) }, "{c} {r}");
    }
    write::<Gray32Float>(&path, &grid(|_, _| f32::NAN), &Options::default());
    let elevation = open(&path).unwrap();
    assert!(elevation.is_empty() && elevation.warnings[0].contains("h.tif has no heights where the streets are"));
    assert_eq!(find(&elevation, 3.0, 3.0), Sampled::Void);
    assert_eq!(find(&elevation, 50.0, 3.0), Sampled::Outside);
}

#[test]
fn interpolated_heights_stay_within_known_range() {
    // A self-contained generator: Knuth's MMIX.
    let mut state = 20_261_127u64;
    let mut random = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as u32
    };
    for share in [1, 10, 50, 90, 99] {
        let heights: Vec<f32> = (0..37 * 23)
            .map(|_| if random() % 100 < share { f32::NAN } else { (random() % 90_000) as f32 / 10.0 })
            .collect();
        let known = || heights.iter().copied().filter(|h| !h.is_nan());
        let (least, greatest) = (known().fold(f32::INFINITY, f32::min), known().fold(f32::NEG_INFINITY, f32::max));
        let frame = raster::Frame { west: WEST, north: NORTH, step_x: STEP, step_y: STEP, columns: 37, rows: 23 };
        let filled = Raster::new(frame, heights.clone());
        for (i, &height) in heights.iter().enumerate() {
            let (column, row) = ((i % 37) as f64, (i / 37) as f64);
            match filled.sample(at_sample(column - 0.5, row - 0.5)) {
                Sampled::Height(h) => assert!((h - height).abs() < 0.5, "{h}, expected {height}"),
                Sampled::Filled(h) => assert!(height.is_nan() && (least..=greatest).contains(&h), "{h}"),
                other => panic!("{other:?}"),
            }
        }
    }
}

#[test]
fn a_measured_height_wins_over_an_interpolated_one() {
    let folder = tempfile::tempdir().unwrap();
    let (path, other) = (folder.path().join("h.tif"), folder.path().join("other.tif"));
    write::<Gray32Float>(&path, &grid(|c, _| if c < 20 { f32::NAN } else { 7.0 }), &Options::default());
    let alone = open(&path).unwrap();
    assert_eq!(find(&alone, 3.0, 3.0), Sampled::Filled(7.0), "NaN is always \"no data\"");
    write::<Gray8>(&other, &grid(|_, _| 9), &Options::default());
    let both = Elevation::open(&[path, other], EVERYTHING).unwrap();
    assert_eq!((find(&both, 3.0, 3.0), find(&both, 30.0, 3.0)), (Sampled::Height(9.0), Sampled::Height(7.0)));
}

#[test]
fn rejects_or_reports_implausible_heights() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("h.tif");
    // Millimetres without a declared unit.
    write::<Gray32Float>(&path, &grid(|c, r| 300_000.0 + slope(c, r) as f32), &Options::default());
    let error = open(&path).unwrap_err().to_string();
    for expected in [
        "h.tif: 1200 of the 1200 heights",
        "300000 and 300165 m",
        "-500 to 9000 m",
        "scale 1, offset 0",
        "gdal_edit.py",
    ] {
        assert!(error.contains(expected), "{error}");
    }
    write::<GrayI16>(&path, &grid(|_, _| -4000), &Options::default());
    assert!(open(&path).unwrap_err().to_string().contains("-4000"));
    // Some implausible heights: a void that is not marked as one.
    write::<GrayI16>(&path, &grid(|c, _| if c == 8 { -9999 } else { 100 }), &Options::default());
    let elevation = open(&path).unwrap();
    assert_eq!(find(&elevation, 8.0, 3.0), Sampled::Filled(100.0));
    let warning = &elevation.warnings[0];
    assert!(
        warning.contains("h.tif: 30 of the 1200 heights") && warning.contains("they are treated as voids"),
        "{warning}"
    );
    // The bounds themselves are valid.
    write::<GrayI16>(&path, &grid(|c, _| if c < 20 { -500 } else { 9000 }), &Options::default());
    let elevation = open(&path).unwrap();
    assert_eq!(
        (find(&elevation, 1.0, 1.0), find(&elevation, 30.0, 1.0)),
        (Sampled::Height(-500.0), Sampled::Height(9000.0))
    );
    assert!(elevation.warnings.is_empty(), "{:?}", elevation.warnings);
}
