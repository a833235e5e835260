//! Elevation files of every kind that is read, written here by another library or by hand.

use super::*;
use tiff::encoder::colortype::{ColorType, Gray8, Gray16, Gray32Float, GrayI16, RGB8};
use tiff::encoder::compression::DeflateLevel;
use tiff::encoder::{Compression, TiffEncoder, TiffValue};
use tiff::tags::Tag;

const COLUMNS: u32 = 40;
const ROWS: u32 = 30;
const WEST: f64 = 106.0;
const NORTH: f64 = 30.0;
const STEP: f64 = 0.001;
const EVERYTHING: Extent = Extent { west: 105.0, south: 28.0, east: 108.0, north: 31.0 };

/// Heights that tell rows from columns: 2 a column to the east, 3 a row to the south.
fn slope(column: u32, row: u32) -> u32 {
    2 * column + 3 * row
}

struct Options<'a> {
    compression: Compression,
    rows_per_strip: u32,
    nodata: Option<&'a str>,
    keys: Option<&'a [u16]>,
    placed: bool,
}

const DEGREES: [u16; 12] = [1, 1, 0, 2, 1024, 0, 1, 2, 2048, 0, 1, 4326];

impl Default for Options<'_> {
    fn default() -> Self {
        Self {
            compression: Compression::Uncompressed,
            rows_per_strip: ROWS,
            nodata: None,
            keys: Some(&DEGREES),
            placed: true,
        }
    }
}

fn write<C: ColorType>(path: &Path, samples: &[C::Inner], options: &Options)
where
    [C::Inner]: TiffValue,
{
    let mut encoder = TiffEncoder::new(File::create(path).unwrap()).unwrap().with_compression(options.compression);
    let mut image = encoder.new_image::<C>(COLUMNS, ROWS).unwrap();
    image.rows_per_strip(options.rows_per_strip).unwrap();
    let tags = image.encoder();
    if options.placed {
        tags.write_tag(Tag::ModelPixelScaleTag, &[STEP, STEP, 0.0][..]).unwrap();
        tags.write_tag(Tag::ModelTiepointTag, &[0.0, 0.0, 0.0, WEST, NORTH, 0.0][..]).unwrap();
    }
    if let Some(keys) = options.keys {
        tags.write_tag(Tag::from_u16_exhaustive(34735), keys).unwrap();
    }
    if let Some(nodata) = options.nodata {
        tags.write_tag(Tag::GdalNodata, nodata).unwrap();
    }
    image.write_data(samples).unwrap();
}

fn grid<T>(value: impl Fn(u32, u32) -> T) -> Vec<T> {
    (0..ROWS).flat_map(|row| (0..COLUMNS).map(move |column| (column, row))).map(|(c, r)| value(c, r)).collect()
}

/// The centre of a sample, moved by fractions of a step to the east and south.
fn place(column: f64, row: f64) -> Fixed {
    let lon = WEST + (column + 0.5) * STEP;
    let lat = NORTH - (row + 0.5) * STEP;
    Fixed { x: (lon * 1e7).round() as i32, y: (lat * 1e7).round() as i32 }
}

fn open(path: &Path) -> Result<Elevation, ElevationError> {
    Elevation::open(&[path.to_owned()], EVERYTHING)
}

fn assert_slope(elevation: &Elevation, scale: f32, what: &str) {
    for (column, row) in [(0.0, 0.0), (39.0, 29.0), (10.5, 7.0), (10.0, 7.5), (20.25, 15.75), (0.3, 28.6)] {
        let found = elevation.sample(place(column, row)).unwrap();
        let expected = scale * (2.0 * column + 3.0 * row) as f32;
        assert!((found - expected).abs() < 0.01, "{what}: {found} is not {expected} at {column}, {row}");
    }
}

#[test]
fn every_kind_of_sample_and_compression_is_read() {
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
fn only_the_part_under_the_streets_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("h.tif");
    write::<Gray8>(&path, &grid(|c, r| slope(c, r) as u8), &Options { rows_per_strip: 4, ..Options::default() });
    let corner = Extent { west: 106.030, south: 29.972, east: 106.036, north: 29.976 };
    let elevation = Elevation::open(std::slice::from_ref(&path), corner).unwrap();
    assert_eq!(elevation.sample(place(33.0, 25.0)), Some(slope(33, 25) as f32));
    assert_eq!(elevation.sample(place(3.0, 3.0)), None);
    let elsewhere = Extent { west: 10.0, south: 50.0, east: 11.0, north: 51.0 };
    let nothing = Elevation::open(&[path], elsewhere).unwrap();
    assert!(nothing.is_empty() && nothing.warnings[0].contains("h.tif does not lie where the streets are"));
}

/// What a position of the first raster alone says.
fn find(elevation: &Elevation, column: f64, row: f64) -> Sampled {
    elevation.find(place(column, row))
}

#[test]
fn voids_are_filled_from_their_rims() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("h.tif");
    // A slope with a hole of 6 x 4 samples, and one of a single sample in a corner of the file.
    let in_hole = |c: u32, r: u32| (10..16).contains(&c) && (8..12).contains(&r);
    let holes = grid(|c, r| if in_hole(c, r) || (c, r) == (0, 0) { -9999 } else { slope(c, r) as i16 });
    write::<GrayI16>(&path, &holes, &Options { nodata: Some("-9999"), ..Options::default() });
    let elevation = open(&path).unwrap();
    assert_eq!(find(&elevation, 5.0, 5.0), Sampled::Height(25.0));
    let (mut least, mut greatest) = (f32::INFINITY, f32::NEG_INFINITY);
    for (c, r) in (0..COLUMNS).flat_map(|c| (0..ROWS).map(move |r| (c, r))).filter(|&(c, r)| in_hole(c, r)) {
        let Sampled::Filled(height) = find(&elevation, c.into(), r.into()) else { panic!("{c} {r} is no void") };
        (least, greatest) = (least.min(height), greatest.max(height));
        // Every direction has its opposite, and the slope is even: so is what fills it.
        assert!((height - slope(c, r) as f32).abs() < 0.01, "{c} {r}: {height}");
    }
    // The rim runs from (9, 7) to (16, 12).
    assert!(least >= slope(9, 7) as f32 && greatest <= slope(16, 12) as f32, "{least} to {greatest}");
    // The corner sees three samples: 2 and 3 at one step, 5 across; a step is 96.5 m to the east, 110.9 m to the south.
    let (east, south) = (1.0 / 96.486, 1.0 / 110.852);
    let across = 1.0 / 96.486_f32.hypot(110.852);
    let expected = (2.0 * east + 3.0 * south + 5.0 * across) / (east + south + across);
    let Sampled::Filled(corner) = find(&elevation, 0.0, 0.0) else { panic!("the corner is no void") };
    assert!((corner - expected).abs() < 0.01, "{corner} is not {expected}");
    // A position belongs to the void when most of the weight does; the height goes on without a step.
    assert!(matches!(find(&elevation, 9.4, 9.0), Sampled::Height(h) if (h - 45.8).abs() < 0.01));
    assert!(matches!(find(&elevation, 9.6, 9.0), Sampled::Filled(h) if (h - 46.2).abs() < 0.01));
    assert_eq!(elevation.sample(place(50.0, 9.0)), None, "outside");
    assert_eq!(find(&elevation, 50.0, 9.0), Sampled::Outside);
}

#[test]
fn a_void_with_one_height_takes_it_everywhere_and_one_without_has_none() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("h.tif");
    // Most samples see the only height in none of the eight directions.
    write::<Gray32Float>(&path, &grid(|c, r| if (c, r) == (7, 3) { 123.5 } else { f32::NAN }), &Options::default());
    let elevation = open(&path).unwrap();
    for (c, r) in (0..COLUMNS).flat_map(|c| (0..ROWS).map(move |r| (c, r))) {
        let found = find(&elevation, c.into(), r.into());
        assert_eq!(found, if (c, r) == (7, 3) { Sampled::Height(123.5) } else { Sampled::Filled(123.5) }, "{c} {r}");
    }
    write::<Gray32Float>(&path, &grid(|_, _| f32::NAN), &Options::default());
    let elevation = open(&path).unwrap();
    assert!(elevation.is_empty() && elevation.warnings[0].contains("h.tif holds no heights where the streets are"));
    assert_eq!(find(&elevation, 3.0, 3.0), Sampled::Void);
    assert_eq!(find(&elevation, 50.0, 3.0), Sampled::Outside);
}

#[test]
fn filling_is_within_the_rim_for_any_voids() {
    // A generator of its own: Knuth's MMIX.
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
            match filled.sample(place(column - 0.5, row - 0.5)) {
                Sampled::Height(h) => assert!((h - height).abs() < 0.5, "{h} was {height}"),
                Sampled::Filled(h) => assert!(height.is_nan() && (least..=greatest).contains(&h), "{h}"),
                other => panic!("{other:?}"),
            }
        }
    }
}

#[test]
fn a_height_in_a_file_comes_before_the_filled_void_of_another() {
    let folder = tempfile::tempdir().unwrap();
    let (path, other) = (folder.path().join("h.tif"), folder.path().join("other.tif"));
    write::<Gray32Float>(&path, &grid(|c, _| if c < 20 { f32::NAN } else { 7.0 }), &Options::default());
    let alone = open(&path).unwrap();
    assert_eq!(find(&alone, 3.0, 3.0), Sampled::Filled(7.0), "not a number is no height, whatever the file names");
    write::<Gray8>(&other, &grid(|_, _| 9), &Options::default());
    let both = Elevation::open(&[path, other], EVERYTHING).unwrap();
    assert_eq!((find(&both, 3.0, 3.0), find(&both, 30.0, 3.0)), (Sampled::Height(9.0), Sampled::Height(7.0)));
}

#[test]
fn heights_that_no_land_has_are_refused_or_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("h.tif");
    // Millimetres without a word of it.
    write::<Gray32Float>(&path, &grid(|c, r| 300_000.0 + slope(c, r) as f32), &Options::default());
    let error = open(&path).unwrap_err().to_string();
    for told in [
        "h.tif: 1200 of the 1200 heights",
        "300000 and 300165 m",
        "-500 to 9000 m",
        "scale 1, offset 0",
        "gdal_edit.py",
    ] {
        assert!(error.contains(told), "{error}");
    }
    write::<GrayI16>(&path, &grid(|_, _| -4000), &Options::default());
    assert!(open(&path).unwrap_err().to_string().contains("-4000"));
    // Some of them: a hole that is not marked as one.
    write::<GrayI16>(&path, &grid(|c, _| if c == 8 { -9999 } else { 100 }), &Options::default());
    let elevation = open(&path).unwrap();
    assert_eq!(find(&elevation, 8.0, 3.0), Sampled::Filled(100.0));
    let warning = &elevation.warnings[0];
    assert!(warning.contains("h.tif: 30 of the 1200 heights") && warning.contains("they count as voids"), "{warning}");
    // The bounds themselves are heights.
    write::<GrayI16>(&path, &grid(|c, _| if c < 20 { -500 } else { 9000 }), &Options::default());
    let elevation = open(&path).unwrap();
    assert_eq!(
        (find(&elevation, 1.0, 1.0), find(&elevation, 30.0, 1.0)),
        (Sampled::Height(-500.0), Sampled::Height(9000.0))
    );
    assert!(elevation.warnings.is_empty(), "{:?}", elevation.warnings);
}

/// `tests/data/elevation`, which GDAL has written; what is in them is said in `make.py` there.
fn of_gdal(name: &str, extent: Extent) -> Result<Elevation, ElevationError> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/elevation").join(name).with_extension("tif");
    Elevation::open(&[path], extent)
}

/// The ground of those files.
fn gdal_slope(column: f64, row: f64) -> f32 {
    (600.0 + 2.0 * column + 3.0 * row) as f32
}

#[test]
fn what_gdal_writes_is_read_as_gdal_reads_it() {
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
            let found = elevation.find(place(column, row));
            let expected = gdal_slope(column, row);
            // Whole tenths of a foot are the coarsest of them.
            assert!(matches!(found, Sampled::Height(h) if (h - expected).abs() < 0.06), "{name}: {found:?} {expected}");
        }
        assert_eq!(elevation.find(place(20.0, 3.0)), Sampled::Outside, "{name}");
    }
}

#[test]
fn no_height_is_compared_before_scaling() {
    let elevation = of_gdal("scale-nodata", EVERYTHING).unwrap();
    // The value 0 at (5, 5) is none, though 0 * 0.1 + 600 would be one; the value 1 at (0, 0) is 600.1 m.
    assert!(matches!(elevation.find(place(5.0, 5.0)), Sampled::Filled(h) if (h - 625.0).abs() < 0.01));
    assert!(matches!(elevation.find(place(0.0, 0.0)), Sampled::Height(h) if (h - 600.1).abs() < 0.001));
    // A tile that the file leaves out holds no heights.
    let elevation = of_gdal("sparse", EVERYTHING).unwrap();
    assert_eq!(elevation.find(place(15.0, 0.0)), Sampled::Height(630.0));
    assert!(matches!(elevation.find(place(17.0, 0.0)), Sampled::Filled(_)));
}

#[test]
fn what_is_not_read_is_refused_with_what_to_run() {
    for (name, told) in [
        ("fathoms", &["unit \"fathom\" is not known", "gdal_calc"][..]),
        ("vertical-depth", &["EPSG:5715 counts depths"]),
        ("east-west", &["steps -0.001, -0.001", "gdalwarp"]),
        ("rotated", &["it is rotated", "gdalwarp -t_srs EPSG:4326"]),
        ("utm", &["EPSG:32648", "gdalwarp -t_srs EPSG:4326"]),
        ("unplaced-metres", &["steps 100, -100", "gdalwarp -s_srs"]),
        ("grads", &["not in degrees", "gdalwarp"]),
        ("nbits", &["12 bits", "gdal_translate -ot Int32"]),
        ("zstd", &["not a readable TIFF", "gdal_translate -co COMPRESS=DEFLATE"]),
        ("lerc", &["not a readable TIFF", "gdal_translate -co COMPRESS=DEFLATE"]),
        ("two-bands", &["2 values a pixel", "gdal_translate -b 1"]),
        ("white-is-zero", &["MINISWHITE", "gdal_translate"]),
        ("palette", &["palette"]),
        ("mask", &["a mask in it", "gdalwarp -dstnodata"]),
        ("mask-beside", &["mask-beside.tif.msk", "gdalwarp -dstnodata"]),
    ] {
        let error = match of_gdal(name, EVERYTHING) {
            Ok(_) => panic!("{name} was read"),
            Err(error) => error.to_string(),
        };
        assert!(error.contains(&format!("{name}.tif: ")) && told.iter().all(|t| error.contains(t)), "{error}");
    }
}

#[test]
fn a_file_and_the_one_beside_it_must_agree() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("h.tif");
    write::<GrayI16>(&path, &grid(|_, _| 100), &Options { nodata: Some("-1"), ..Options::default() });
    let beside = |body: &str| {
        let text = format!("<PAMDataset><PAMRasterBand band=\"1\">{body}</PAMRasterBand></PAMDataset>");
        std::fs::write(folder.path().join("h.tif.aux.xml"), text).unwrap();
        open(&path).map(|e| e.sample(place(3.0, 3.0)))
    };
    assert_eq!(beside("<NoDataValue>-1.0</NoDataValue><UnitType>cm</UnitType>").unwrap(), Some(1.0));
    assert_eq!(beside("<Metadata><MDI key=\"a\">&lt;1&gt;</MDI></Metadata><Scale>2</Scale>").unwrap(), Some(200.0));
    for (body, told) in [
        ("<NoDataValue>100</NoDataValue>", "the file gives the value for \"no height\" \"-1\", its .aux.xml \"100\""),
        ("<Scale>0</Scale>", "scale 0"),
        ("<Scale>two</Scale>", "its scale is \"two\""),
        ("<Scale>nan</Scale>", "scale NaN"),
        ("<Scale>2</Offset>", ".aux.xml is not XML"),
    ] {
        let error = beside(body).unwrap_err().to_string();
        assert!(error.contains("h.tif: ") && error.contains(told), "{error}");
    }
    std::fs::remove_file(folder.path().join("h.tif.aux.xml")).unwrap();
    write::<GrayI16>(&path, &grid(|_, _| 100), &Options { nodata: Some("none"), ..Options::default() });
    assert!(open(&path).unwrap_err().to_string().contains("\"none\", which is no number"));
}

#[test]
fn rasters_are_found_on_both_sides_of_the_180th_meridian() {
    // A whole turn of the globe at 1 degree, and streets from 179 to 181 degrees.
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
    // And a tile of one degree east of the meridian.
    let hgt = folder.path().join("S17W180.hgt");
    std::fs::write(&hgt, vec![0u8; 2 * 1201 * 1201]).unwrap();
    let extent = Extent { west: 179.0, south: -17.0, east: 181.0, north: -16.0 };
    let elevation = Elevation::open(&[hgt], extent).unwrap();
    let at = |lon: f64| elevation.sample(Fixed { x: (lon * 1e7) as i32, y: -165_000_000 });
    assert_eq!((at(179.5), at(180.5)), (None, Some(0.0)));
}

/// A TIFF of 16 x 16 tiles, which the library writes none of: 40 x 30 uint8 samples, so that edge tiles are cut.
fn tiled() -> Vec<u8> {
    let (across, down) = (3u32, 2u32);
    let mut tiles = Vec::new();
    for ty in 0..down {
        for tx in 0..across {
            for row in 0..16 {
                for column in 0..16 {
                    let (c, r) = (tx * 16 + column, ty * 16 + row);
                    tiles.push(if c < COLUMNS && r < ROWS { slope(c, r) as u8 } else { 0xee });
                }
            }
        }
    }
    let count = across * down;
    // The header, the tiles, then the arrays the tags point to, then the directory.
    let mut out = b"II*\0\0\0\0\0".to_vec();
    let tiles_at = out.len() as u32;
    out.extend(&tiles);
    let offsets_at = out.len() as u32;
    (0..count).for_each(|i| out.extend((tiles_at + i * 256).to_le_bytes()));
    let counts_at = out.len() as u32;
    (0..count).for_each(|_| out.extend(256u32.to_le_bytes()));
    let scale_at = out.len() as u32;
    out.extend([STEP, STEP, 0.0].iter().flat_map(|v| v.to_le_bytes()));
    let tie_at = out.len() as u32;
    out.extend([0.0, 0.0, 0.0, WEST, NORTH, 0.0].iter().flat_map(|v: &f64| v.to_le_bytes()));
    let keys_at = out.len() as u32;
    out.extend(DEGREES.iter().flat_map(|v| v.to_le_bytes()));
    let directory_at = out.len() as u32;
    let (short, long, double) = (3u16, 4u16, 12u16);
    let entries = [
        (256u16, long, 1u32, COLUMNS),
        (257, long, 1, ROWS),
        (258, short, 1, 8),
        (259, short, 1, 1),
        (262, short, 1, 1),
        (277, short, 1, 1),
        (322, long, 1, 16),
        (323, long, 1, 16),
        (324, long, count, offsets_at),
        (325, long, count, counts_at),
        (33550, double, 3, scale_at),
        (33922, double, 6, tie_at),
        (34735, short, 12, keys_at),
    ];
    out.extend((entries.len() as u16).to_le_bytes());
    for (tag, kind, n, value) in entries {
        out.extend(tag.to_le_bytes());
        out.extend(kind.to_le_bytes());
        out.extend(n.to_le_bytes());
        out.extend(value.to_le_bytes());
    }
    out.extend(0u32.to_le_bytes());
    out[4..8].copy_from_slice(&directory_at.to_le_bytes());
    out
}

#[test]
fn tiles_are_read_to_their_edges() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tiles.tif");
    std::fs::write(&path, tiled()).unwrap();
    assert_slope(&open(&path).unwrap(), 1.0, "tiles");
}

#[test]
fn what_is_no_elevation_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("odd.tif");
    let refused = |told: &str| {
        let error = open(&path).unwrap_err().to_string();
        assert!(error.contains("odd.tif") && error.contains(told), "{error}");
    };
    let flat: Vec<u8> = grid(|_, _| 1);
    write::<Gray8>(&path, &flat, &Options { placed: false, ..Options::default() });
    refused("does not say where it lies");
    let projected = [1, 1, 0, 2, 1024, 0, 1, 1, 3072, 0, 1, 32648];
    write::<Gray8>(&path, &flat, &Options { keys: Some(&projected), ..Options::default() });
    refused("EPSG:32648");
    write::<RGB8>(&path, &vec![1; 3 * flat.len()], &Options::default());
    refused("3 values a pixel");
    std::fs::write(&path, b"II*\0").unwrap();
    refused("not a readable TIFF");
    std::fs::write(&path, b"").unwrap();
    refused("not a readable TIFF");
    let error = open(&folder.path().join("heights.png")).unwrap_err().to_string();
    assert!(error.contains(".hgt"), "{error}");
    assert!(open(&folder.path().join("none.tif")).unwrap_err().to_string().contains("none.tif"));
    // No key directory at all: taken as WGS-84, and said so.
    write::<Gray8>(&path, &flat, &Options { keys: None, ..Options::default() });
    assert!(open(&path).unwrap().warnings[0].contains("taken as WGS-84"));
}

#[test]
fn files_cut_or_changed_anywhere_never_panic() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wild.tif");
    write::<GrayI16>(
        &path,
        &grid(|c, r| slope(c, r) as i16),
        &Options { compression: Compression::Lzw, rows_per_strip: 5, ..Options::default() },
    );
    let mut refused = 0;
    for good in [std::fs::read(&path).unwrap(), tiled()] {
        for end in (0..good.len()).step_by(7) {
            std::fs::write(&path, &good[..end]).unwrap();
            refused += usize::from(open(&path).is_err());
        }
        // Every byte of header, directory and arrays in turn, and a wild value for it.
        let ends = (0..good.len()).filter(|i| *i < 8 || *i + 400 > good.len());
        for i in ends {
            for wild in [0, 1, 0x7f, 0xff] {
                let mut bytes = good.clone();
                bytes[i] = wild;
                std::fs::write(&path, &bytes).unwrap();
                refused += usize::from(open(&path).is_err());
            }
        }
    }
    assert!(refused > 500, "only {refused} were refused");
}

#[test]
fn hgt_files_are_placed_by_their_names() {
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
    // A void, between (600 - 1) / 2 + 600 = 899 and 901 (rows in halves) on either side.
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
