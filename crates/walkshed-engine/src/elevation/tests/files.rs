//! Sample types, tiles, sidecar files, damaged files, and `.hgt` files.

use super::*;

#[test]
fn reads_every_sample_type_and_compression() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("h.tif");
    let compressions = [
        ("none", Compression::Uncompressed),
        ("deflate", Compression::Deflate(DeflateLevel::Balanced)),
        ("lzw", Compression::Lzw),
    ];
    for (name, compression) in compressions {
        for rows_per_strip in [1, 7, ROWS] {
            let options = Options { compression, rows_per_strip, ..Options::default() };
            write::<Gray8>(&path, &grid(|c, r| slope(c, r) as u8), &options);
            assert_slope(&open(&path).unwrap(), 1.0, &format!("uint8 {name}"));
            write::<GrayI16>(&path, &grid(|c, r| -(slope(c, r) as i16)), &options);
            assert_slope(&open(&path).unwrap(), -1.0, &format!("int16 {name}"));
            write::<Gray16>(&path, &grid(|c, r| slope(c, r) as u16), &options);
            assert_slope(&open(&path).unwrap(), 1.0, &format!("uint16 {name}"));
            write::<Gray32Float>(&path, &grid(|c, r| slope(c, r) as f32 * 0.5), &options);
            assert_slope(&open(&path).unwrap(), 0.5, &format!("float32 {name}"));
        }
    }
}

#[test]
fn keeps_only_the_part_near_the_streets() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("h.tif");
    write::<Gray8>(&path, &grid(|c, r| slope(c, r) as u8), &Options { rows_per_strip: 4, ..Options::default() });
    let corner = Extent { west: 106.030, south: 29.972, east: 106.036, north: 29.976 };
    let elevation = Elevation::open(std::slice::from_ref(&path), corner).unwrap();
    assert_eq!(elevation.sample(at_sample(33.0, 25.0)), Some(slope(33, 25) as f32));
    assert_eq!(elevation.sample(at_sample(3.0, 3.0)), None);
    let elsewhere = Extent { west: 10.0, south: 50.0, east: 11.0, north: 51.0 };
    let nothing = Elevation::open(&[path], elsewhere).unwrap();
    assert!(nothing.is_empty() && nothing.warnings[0].contains("h.tif does not cover any street"));
}

#[test]
fn tags_and_sidecar_file_must_agree() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("h.tif");
    write::<GrayI16>(&path, &grid(|_, _| 100), &Options { nodata: Some("-1"), ..Options::default() });
    let beside = |body: &str| {
        let text = format!("<PAMDataset><PAMRasterBand band=\"1\">{body}</PAMRasterBand></PAMDataset>");
        std::fs::write(folder.path().join("h.tif.aux.xml"), text).unwrap();
        open(&path).map(|e| e.sample(at_sample(3.0, 3.0)))
    };
    assert_eq!(beside("<NoDataValue>-1.0</NoDataValue><UnitType>cm</UnitType>").unwrap(), Some(1.0));
    assert_eq!(beside("<Metadata><MDI key=\"a\">&lt;1&gt;</MDI></Metadata><Scale>2</Scale>").unwrap(), Some(200.0));
    for (body, expected) in [
        ("<NoDataValue>100</NoDataValue>", "the no-data value is \"-1\" in the file but \"100\" in its .aux.xml"),
        ("<Scale>0</Scale>", "scale 0"),
        ("<Scale>two</Scale>", "the scale \"two\" is not a number"),
        ("<Scale>nan</Scale>", "scale NaN"),
        ("<Scale>2</Offset>", ".aux.xml file is not XML"),
    ] {
        let error = beside(body).unwrap_err().to_string();
        assert!(error.contains("h.tif: ") && error.contains(expected), "{error}");
    }
    std::fs::remove_file(folder.path().join("h.tif.aux.xml")).unwrap();
    write::<GrayI16>(&path, &grid(|_, _| 100), &Options { nodata: Some("none"), ..Options::default() });
    assert!(open(&path).unwrap_err().to_string().contains("\"none\" is not a number"));
}

#[test]
fn uses_rasters_on_both_sides_of_the_180th_meridian() {
    // A global raster with steps of 1 degree, and streets from 179 to 181 degrees.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("globe.tif");
    let mut encoder = TiffEncoder::new(File::create(&path).unwrap()).unwrap();
    let mut image = encoder.new_image::<GrayI16>(360, 180).unwrap();
    let tags = image.encoder();
    tags.write_tag(Tag::ModelPixelScaleTag, &[1.0, 1.0, 0.0][..]).unwrap();
    tags.write_tag(Tag::ModelTiepointTag, &[0.0, 0.0, 0.0, -180.0, 90.0, 0.0][..]).unwrap();
    tags.write_tag(Tag::from_u16_exhaustive(34735), &DEGREES[..]).unwrap();
    // By column: 0 just east of the meridian, 359 just west of it.
    let values: Vec<i16> = (0..180).flat_map(|_| 0..360).collect();
    image.write_data(&values).unwrap();
    let extent = Extent { west: 179.0, south: -17.0, east: 181.0, north: -16.0 };
    let elevation = Elevation::open(std::slice::from_ref(&path), extent).unwrap();
    let at = |lon: f64| elevation.sample(Fixed { x: (lon * 1e7) as i32, y: -165_000_000 });
    assert_eq!((at(179.5), at(180.5), at(181.5)), (Some(359.0), Some(0.0), Some(1.0)));
    let extent = Extent { west: -181.0, east: -179.0, ..extent };
    let elevation = Elevation::open(&[path], extent).unwrap();
    let at = |lon: f64| elevation.sample(Fixed { x: (lon * 1e7) as i32, y: -165_000_000 });
    assert_eq!((at(-180.5), at(-179.5)), (Some(359.0), Some(0.0)));
    // A tile of one degree east of the meridian.
    let hgt = folder.path().join("S17W180.hgt");
    std::fs::write(&hgt, vec![0u8; 2 * 1201 * 1201]).unwrap();
    let extent = Extent { west: 179.0, south: -17.0, east: 181.0, north: -16.0 };
    let elevation = Elevation::open(&[hgt], extent).unwrap();
    let at = |lon: f64| elevation.sample(Fixed { x: (lon * 1e7) as i32, y: -165_000_000 });
    assert_eq!((at(179.5), at(180.5)), (None, Some(0.0)));
}

#[test]
fn reads_partly_used_tiles() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tiles.tif");
    std::fs::write(&path, tiled()).unwrap();
    assert_slope(&open(&path).unwrap(), 1.0, "tiles");
}

#[test]
fn rejects_files_without_elevation() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("odd.tif");
    let rejected = |expected: &str| {
        let error = open(&path).unwrap_err().to_string();
        assert!(error.contains("odd.tif") && error.contains(expected), "{error}");
    };
    let flat: Vec<u8> = grid(|_, _| 1);
    write::<Gray8>(&path, &flat, &Options { placed: false, ..Options::default() });
    rejected("has no position");
    let projected = [1, 1, 0, 2, 1024, 0, 1, 1, 3072, 0, 1, 32648];
    write::<Gray8>(&path, &flat, &Options { keys: Some(&projected), ..Options::default() });
    rejected("EPSG:32648");
    write::<RGB8>(&path, &vec![1; 3 * flat.len()], &Options::default());
    rejected("3 values per pixel");
    // Samples less than a centimetre apart. Their distances would vanish in computations.
    write::<Gray8>(&path, &flat, &Options::default());
    let good = std::fs::read(&path).unwrap();
    let with_step = |step: f64| {
        let mut bytes = good.clone();
        let places: Vec<usize> = (0..bytes.len() - 7).filter(|&i| bytes[i..i + 8] == STEP.to_le_bytes()).collect();
        assert_eq!(places.len(), 2);
        for at in places {
            bytes[at..at + 8].copy_from_slice(&step.to_le_bytes());
        }
        std::fs::write(&path, bytes).unwrap();
    };
    for step in [f64::MIN_POSITIVE, 1e-300, 0.9e-7, -0.001, 10.0, f64::INFINITY, f64::NAN] {
        with_step(step);
        rejected("is not in degrees");
    }
    with_step(0.0);
    rejected("has no position");
    with_step(1.1e-7);
    assert!(open(&path).is_ok());
    std::fs::write(&path, b"II*\0").unwrap();
    rejected("not a readable TIFF");
    std::fs::write(&path, b"").unwrap();
    rejected("not a readable TIFF");
    let error = open(&folder.path().join("heights.png")).unwrap_err().to_string();
    assert!(error.contains(".hgt"), "{error}");
    assert!(open(&folder.path().join("none.tif")).unwrap_err().to_string().contains("none.tif"));
    // Without a key directory, the file is treated as WGS-84, with a warning.
    write::<Gray8>(&path, &flat, &Options { keys: None, ..Options::default() });
    assert!(open(&path).unwrap().warnings[0].contains("treated as WGS-84"));
}

#[test]
fn never_panics_on_damaged_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wild.tif");
    write::<GrayI16>(
        &path,
        &grid(|c, r| slope(c, r) as i16),
        &Options { compression: Compression::Lzw, rows_per_strip: 5, ..Options::default() },
    );
    let mut rejected = 0;
    for good in [std::fs::read(&path).unwrap(), tiled()] {
        for end in (0..good.len()).step_by(7) {
            std::fs::write(&path, &good[..end]).unwrap();
            rejected += usize::from(open(&path).is_err());
        }
        // Every byte of header, directory and arrays in turn, replaced by extreme values.
        let ends = (0..good.len()).filter(|i| *i < 8 || *i + 400 > good.len());
        for i in ends {
            for wild in [0, 1, 0x7f, 0xff] {
                let mut bytes = good.clone();
                bytes[i] = wild;
                std::fs::write(&path, &bytes).unwrap();
                rejected += usize::from(open(&path).is_err());
            }
        }
    }
    assert!(rejected > 500, "only {rejected} were rejected");
}

#[test]
fn hgt_file_names_give_the_position() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("n29e106.hgt");
    let side = 1201;
    let height =
        |row: usize, column: usize| if row == 600 && column == 600 { -32768 } else { (row / 2 + column) as i16 };
    let bytes: Vec<u8> = (0..side * side).flat_map(|i| height(i / side, i % side).to_be_bytes()).collect();
    std::fs::write(&path, &bytes).unwrap();
    let elevation = open(&path).unwrap();
    let at = |lon: f64, lat: f64| elevation.sample(Fixed { x: (lon * 1e7) as i32, y: (lat * 1e7) as i32 });
    assert_eq!(at(106.0, 30.0), Some(0.0));
    assert_eq!(at(107.0, 29.0), Some(1800.0));
    // A void, between (600 - 1) / 2 + 600 = 899 and 901 (rows count in halves) on either side.
    assert!(
        matches!(elevation.find(Fixed { x: 1_065_000_000, y: 295_000_000 }), Sampled::Filled(h) if (h - 900.0).abs() < 0.5)
    );
    assert_eq!(at(108.0, 29.5), None);
    std::fs::write(&path, &bytes[..1000]).unwrap();
    assert!(open(&path).unwrap_err().to_string().contains("this one has 1000"));
    let nameless = folder.path().join("heights.hgt");
    std::fs::write(&nameless, &bytes).unwrap();
    assert!(open(&nameless).unwrap_err().to_string().contains("N29E106.hgt"));
}
