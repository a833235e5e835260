//! Files written by GDAL.

use super::*;

/// Files in `tests/data/elevation`, written by GDAL. `make.py` in that folder describes them.
fn of_gdal(name: &str, extent: Extent) -> Result<Elevation, ElevationError> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/elevation").join(name).with_extension("tif");
    Elevation::open(&[path], extent)
}

/// The heights in those files.
fn gdal_slope(column: f64, row: f64) -> f32 {
    (600.0 + 2.0 * column + 3.0 * row) as f32
}

#[test]
fn reads_files_written_by_gdal_as_gdal_does() {
    for name in [
        "scale",
        "scale-offset",
        "offset",
        "feet",
        "us-feet",
        "scaled-feet",
        "metres",
        "vertical-us-feet",
        "vertical-metres",
        "sidecar",
        "pixel-is-point",
        "south-up",
        "south-up-point",
        "turned",
        "int8",
        "uint32",
        "int64",
        "float16",
        "float32-predictor",
        "int16-predictor",
        "big-endian",
        "strips",
        "overviews",
    ] {
        let elevation = of_gdal(name, EVERYTHING).unwrap_or_else(|e| panic!("{e}"));
        assert!(elevation.warnings.is_empty(), "{name}: {:?}", elevation.warnings);
        for (column, row) in
            [(0.0, 0.0), (19.0, 14.0), (10.5, 7.0), (10.0, 7.5), (3.25, 11.75), (0.3, 12.6), (18.5, 0.0)]
        {
            let found = elevation.find(at_sample(column, row));
            let expected = gdal_slope(column, row);
            // The coarsest file has steps of a tenth of a foot.
            assert!(matches!(found, Sampled::Height(h) if (h - expected).abs() < 0.06), "{name}: {found:?} {expected}");
        }
        assert_eq!(elevation.find(at_sample(20.0, 3.0)), Sampled::Outside, "{name}");
    }
}

#[test]
fn compares_no_data_before_scaling() {
    let elevation = of_gdal("scale-nodata", EVERYTHING).unwrap();
    // The value 0 at (5, 5) is "no data", although 0 * 0.1 + 600 would be a valid height. The value 1 at (0, 0) is
    // 600.1 m.
    assert!(matches!(elevation.find(at_sample(5.0, 5.0)), Sampled::Filled(h) if (h - 625.0).abs() < 0.01));
    assert!(matches!(elevation.find(at_sample(0.0, 0.0)), Sampled::Height(h) if (h - 600.1).abs() < 0.001));
    // A tile that the file omits has no heights.
    let elevation = of_gdal("sparse", EVERYTHING).unwrap();
    assert_eq!(elevation.find(at_sample(15.0, 0.0)), Sampled::Height(630.0));
    assert!(matches!(elevation.find(at_sample(17.0, 0.0)), Sampled::Filled(_)));
}

#[test]
fn rejects_unsupported_files_with_advice() {
    for (name, expected) in [
        ("fathoms", &["unsupported unit \"fathom\"", "gdal_calc"][..]),
        ("vertical-depth", &["EPSG:5715 measures depths"]),
        ("east-west", &["steps -0.001, -0.001", "gdalwarp"]),
        ("rotated", &["the raster is rotated", "gdalwarp -t_srs EPSG:4326"]),
        ("utm", &["EPSG:32648", "gdalwarp -t_srs EPSG:4326"]),
        ("unplaced-metres", &["steps 100, -100", "gdalwarp -s_srs"]),
        ("grads", &["not in degrees", "gdalwarp"]),
        ("nbits", &["12 bits", "gdal_translate -ot Int32"]),
        ("zstd", &["not a readable TIFF", "gdal_translate -co COMPRESS=DEFLATE"]),
        ("lerc", &["not a readable TIFF", "gdal_translate -co COMPRESS=DEFLATE"]),
        ("two-bands", &["2 values per pixel", "gdal_translate -b 1"]),
        ("white-is-zero", &["MINISWHITE", "gdal_translate"]),
        ("palette", &["palette"]),
        ("mask", &["the file has a mask", "gdalwarp -dstnodata"]),
        ("mask-beside", &["mask-beside.tif.msk", "gdalwarp -dstnodata"]),
    ] {
        let error = match of_gdal(name, EVERYTHING) {
            Ok(_) => panic!("{name} was read"),
            Err(error) => error.to_string(),
        };
        assert!(error.contains(&format!("{name}.tif: ")) && expected.iter().all(|t| error.contains(t)), "{error}");
    }
}
