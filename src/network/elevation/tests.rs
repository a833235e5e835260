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
    let mut encoder =
        TiffEncoder::new(std::fs::File::create(path).unwrap()).unwrap().with_compression(options.compression);
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

#[test]
fn missing_heights_are_not_heights() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("h.tif");
    let holes = grid(|c, r| if c == 5 && r == 5 { -9999 } else { 100 });
    write::<GrayI16>(&path, &holes, &Options { nodata: Some("-9999"), ..Options::default() });
    let elevation = open(&path).unwrap();
    assert_eq!(elevation.sample(place(5.0, 5.0)), None);
    assert_eq!(elevation.sample(place(5.3, 5.0)), None, "most of the weight is missing");
    assert_eq!(elevation.sample(place(5.7, 5.0)), Some(100.0));
    // Not a number is no height even where the file names no value for "missing".
    write::<Gray32Float>(&path, &grid(|c, _| if c < 20 { f32::NAN } else { 7.0 }), &Options::default());
    let elevation = open(&path).unwrap();
    assert_eq!((elevation.sample(place(3.0, 3.0)), elevation.sample(place(30.0, 3.0))), (None, Some(7.0)));
    // A second file fills the holes of the first.
    let other = folder.path().join("other.tif");
    write::<Gray8>(&other, &grid(|_, _| 9), &Options::default());
    let both = Elevation::open(&[path, other], EVERYTHING).unwrap();
    assert_eq!((both.sample(place(3.0, 3.0)), both.sample(place(30.0, 3.0))), (Some(9.0), Some(7.0)));
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
    assert_eq!(at(106.5, 29.5), None, "a void");
    assert_eq!(at(108.0, 29.5), None);
    std::fs::write(&path, &bytes[..1000]).unwrap();
    assert!(open(&path).unwrap_err().to_string().contains("this one has 1000"));
    let nameless = folder.path().join("heights.hgt");
    std::fs::write(&nameless, &bytes).unwrap();
    assert!(open(&nameless).unwrap_err().to_string().contains("N29E106.hgt"));
}
