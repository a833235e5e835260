//! Writes the terrain as elevation models: `GeoTIFF` in degrees (EPSG:4326), compressed with deflate.

use super::ground::{Ground, on_plane};
use rayon::prelude::*;
use std::io::{Seek, Write};
use tiff::TiffResult;
use tiff::encoder::colortype::{ColorType, Gray32Float, GrayI16};
use tiff::encoder::{Compression, DeflateLevel, TiffEncoder, TiffValue};
use tiff::tags::Tag;

/// Rows per strip. Readers decode only the strips they need.
const STRIP: u32 = 64;

/// Samples the terrain within west, south, east, north. Returns columns, rows, and heights row by row.
fn samples(ground: &Ground, [west, south, east, north]: [f64; 4], per_degree: u32) -> (u32, u32, Vec<f32>) {
    let per = f64::from(per_degree);
    let (columns, rows) = (((east - west) * per).round() as u32, ((north - south) * per).round() as u32);
    let heights = (0..rows)
        .into_par_iter()
        .flat_map_iter(|row| {
            let lat = north - (f64::from(row) + 0.5) / per;
            (0..columns).map(move |column| {
                let lon = west + (f64::from(column) + 0.5) / per;
                ground.height(on_plane((lon, lat))) as f32
            })
        })
        .collect();
    (columns, rows, heights)
}

fn write<C: ColorType>(
    out: impl Write + Seek,
    bounds: [f64; 4],
    per_degree: u32,
    (columns, rows): (u32, u32),
    values: &[C::Inner],
) -> TiffResult<()>
where
    [C::Inner]: TiffValue,
{
    let mut tiff = TiffEncoder::new(out)?.with_compression(Compression::Deflate(DeflateLevel::Fast));
    let mut image = tiff.new_image::<C>(columns, rows)?;
    image.rows_per_strip(STRIP)?;
    let step = 1.0 / f64::from(per_degree);
    let tags = image.encoder();
    tags.write_tag(Tag::ImageDescription, crate::mark::MARK_TEXT)?;
    tags.write_tag(Tag::Software, crate::mark::WRITER)?;
    tags.write_tag(Tag::ModelPixelScaleTag, &[step, step, 0.0][..])?;
    tags.write_tag(Tag::ModelTiepointTag, &[0.0, 0.0, 0.0, bounds[0], bounds[3], 0.0][..])?;
    // GeoKeys 1.1.0 with three keys: geographic, pixel is area, WGS-84.
    let keys: [u16; 16] = [1, 1, 0, 3, 1024, 0, 1, 2, 1025, 0, 1, 1, 2048, 0, 1, 4326];
    tags.write_tag(Tag::GeoKeyDirectoryTag, &keys[..])?;
    image.write_data(values)
}

/// Writes the model of the core, in decimetres.
///
/// # Errors
/// Returns the error of the writer.
pub fn write_fine(ground: &Ground, bounds: [f64; 4], per_degree: u32, out: impl Write + Seek) -> TiffResult<()> {
    let (columns, rows, mut heights) = samples(ground, bounds, per_degree);
    for h in &mut heights {
        *h = (*h * 10.0).round() / 10.0;
    }
    write::<Gray32Float>(out, bounds, per_degree, (columns, rows), &heights)
}

/// Writes the model of the surroundings, in whole metres.
///
/// # Errors
/// Returns the error of the writer.
pub fn write_coarse(ground: &Ground, bounds: [f64; 4], per_degree: u32, out: impl Write + Seek) -> TiffResult<()> {
    let (columns, rows, heights) = samples(ground, bounds, per_degree);
    let heights: Vec<i16> = heights.iter().map(|h| h.round() as i16).collect();
    write::<GrayI16>(out, bounds, per_degree, (columns, rows), &heights)
}
