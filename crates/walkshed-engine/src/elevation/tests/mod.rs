//! Elevation files written by another library or by hand.

mod files;
mod gdal;
mod voids;

use super::*;
use std::fs::File;
use std::path::Path;
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

/// Heights that increase by 2 per column to the east and by 3 per row to the south.
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

/// The position of a sample centre, plus fractions of a step to the east and south.
fn at_sample(column: f64, row: f64) -> Fixed {
    let lon = WEST + (column + 0.5) * STEP;
    let lat = NORTH - (row + 0.5) * STEP;
    Fixed { x: (lon * 1e7).round() as i32, y: (lat * 1e7).round() as i32 }
}

fn open(path: &Path) -> Result<Elevation, ElevationError> {
    Elevation::open(&[path.to_owned()], EVERYTHING)
}

fn assert_slope(elevation: &Elevation, scale: f32, what: &str) {
    for (column, row) in [(0.0, 0.0), (39.0, 29.0), (10.5, 7.0), (10.0, 7.5), (20.25, 15.75), (0.3, 28.6)] {
        let found = elevation.sample(at_sample(column, row)).unwrap();
        let expected = scale * (2.0 * column + 3.0 * row) as f32;
        assert!((found - expected).abs() < 0.01, "{what}: {found} is not {expected} at {column}, {row}");
    }
}

/// Samples a position in steps of the first raster.
fn find(elevation: &Elevation, column: f64, row: f64) -> Sampled {
    elevation.find(at_sample(column, row))
}

/// A TIFF of 16 x 16 tiles, which the library cannot write: 40 x 30 uint8 samples, so that edge tiles are partly used.
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
    // The header, the tiles, the arrays that the tags point to, and the directory.
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
