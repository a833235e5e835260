//! `GeoTIFF` heights in a geographic coordinate system (EPSG:4xxx). Only the strips or tiles that the streets lie on
//! are decoded.

use super::{ElevationError, Extent, Raster, io_error};
use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use tiff::decoder::{Decoder, DecodingResult, Limits};
use tiff::tags::Tag;

/// A raster larger than this (in samples, after cropping) is a mistake.
const MAX_SAMPLES: usize = 400_000_000;
/// Systems whose coordinates are WGS-84's to within a metre.
const LIKE_WGS84: [u16; 5] = [4326, 4490, 4258, 4269, 4979];

const MODEL_TRANSFORMATION: u16 = 34264;
const GEO_KEYS: u16 = 34735;

/// Where the samples lie.
struct Grid {
    west: f64,
    north: f64,
    step_x: f64,
    step_y: f64,
}

type Tiff = Decoder<BufReader<File>>;

/// Reads the part of a `GeoTIFF` within `extent`; `None` when it lies elsewhere.
pub(super) fn read(path: &Path, extent: Extent, warnings: &mut Vec<String>) -> Result<Option<Raster>, ElevationError> {
    let unusable = |why: String| ElevationError::Unusable { path: path.to_owned(), why };
    let bad = |e: tiff::TiffError| unusable(format!("not a readable TIFF: {e}"));
    let file = File::open(path).map_err(io_error(path))?;
    let mut limits = Limits::default();
    limits.decoding_buffer_size = 512 * 1024 * 1024;
    let mut tiff = Decoder::new(BufReader::new(file)).map_err(bad)?.with_limits(limits);
    let (columns, rows) = tiff.dimensions().map_err(bad)?;
    let (columns, rows) = (columns as usize, rows as usize);
    if columns == 0 || rows == 0 {
        return Err(unusable("it has no samples".into()));
    }
    let samples: u16 = tiff.find_tag_unsigned(Tag::SamplesPerPixel).map_err(bad)?.unwrap_or(1);
    if samples != 1 {
        return Err(unusable(format!("it has {samples} values a pixel; heights have one")));
    }
    let keys = tiff.find_tag_unsigned_vec::<u16>(Tag::from_u16_exhaustive(GEO_KEYS)).map_err(bad)?.unwrap_or_default();
    check_system(path, &keys, warnings)?;
    let grid = georeference(&mut tiff, &keys).map_err(bad)?.ok_or_else(|| {
        unusable("it does not say where it lies (no ModelPixelScale and ModelTiepoint, or a rotated one)".into())
    })?;
    let nodata: Option<f64> = match tiff.find_tag(Tag::GdalNodata).map_err(bad)? {
        Some(value) => value.into_string().ok().and_then(|s| s.trim_matches(['\0', ' ', '\n']).parse().ok()),
        None => None,
    };

    // The window of samples around the streets.
    let clamp = |v: f64, n: usize| v.clamp(0.0, n as f64) as usize;
    let x0 = clamp((extent.west - grid.west) / grid.step_x - 2.0, columns);
    let x1 = clamp((extent.east - grid.west) / grid.step_x + 3.0, columns);
    let y0 = clamp((grid.north - extent.north) / grid.step_y - 2.0, rows);
    let y1 = clamp((grid.north - extent.south) / grid.step_y + 3.0, rows);
    if x0 >= x1 || y0 >= y1 {
        warnings.push(format!("{} does not lie where the streets are; it was not used", path.display()));
        return Ok(None);
    }
    let (width, height) = (x1 - x0, y1 - y0);
    if width.saturating_mul(height) > MAX_SAMPLES {
        return Err(unusable(format!("{width} x {height} samples are too many; cut it to the area of the streets")));
    }
    let mut heights = vec![f32::NAN; width * height];

    let (chunk_w, chunk_h) = tiff.chunk_dimensions();
    let (chunk_w, chunk_h) = (chunk_w as usize, chunk_h as usize);
    if chunk_w == 0 || chunk_h == 0 {
        return Err(unusable("its strips or tiles have no size".into()));
    }
    let across = columns.div_ceil(chunk_w);
    for cy in y0 / chunk_h..=(y1 - 1) / chunk_h {
        for cx in x0 / chunk_w..=(x1 - 1) / chunk_w {
            let index = u32::try_from(cy * across + cx).map_err(|_| unusable("it has too many tiles".into()))?;
            let (data_w, data_h) = tiff.chunk_data_dimensions(index);
            let (data_w, data_h) = (data_w as usize, data_h as usize);
            let values = tiff.read_chunk(index).map_err(bad)?;
            let value = reader(&values).ok_or_else(|| {
                unusable(
                    "its heights are of a kind that is not read; uint8, uint16, int16, int32, float32 and float64 are"
                        .into(),
                )
            })?;
            for row in 0..data_h {
                let y = cy * chunk_h + row;
                if y < y0 || y >= y1 {
                    continue;
                }
                for column in 0..data_w {
                    let x = cx * chunk_w + column;
                    if x < x0 || x >= x1 {
                        continue;
                    }
                    let h = value(row * data_w + column)
                        .ok_or_else(|| unusable(format!("tile {index} is shorter than it should be")))?;
                    if h.is_finite() && nodata != Some(h) && (-12_000.0..=9_000.0).contains(&h) {
                        heights[(y - y0) * width + (x - x0)] = h as f32;
                    }
                }
            }
        }
    }
    Ok(Some(Raster {
        west: grid.west + x0 as f64 * grid.step_x,
        north: grid.north - y0 as f64 * grid.step_y,
        step_x: grid.step_x,
        step_y: grid.step_y,
        columns: width,
        rows: height,
        heights,
    }))
}

/// A reader of one decoded chunk by sample number.
fn reader(values: &DecodingResult) -> Option<Box<dyn Fn(usize) -> Option<f64> + '_>> {
    Some(match values {
        DecodingResult::U8(v) => Box::new(|i| v.get(i).map(|&h| f64::from(h))),
        DecodingResult::U16(v) => Box::new(|i| v.get(i).map(|&h| f64::from(h))),
        DecodingResult::I16(v) => Box::new(|i| v.get(i).map(|&h| f64::from(h))),
        DecodingResult::I32(v) => Box::new(|i| v.get(i).map(|&h| f64::from(h))),
        DecodingResult::F32(v) => Box::new(|i| v.get(i).map(|&h| f64::from(h))),
        DecodingResult::F64(v) => Box::new(|i| v.get(i).copied()),
        _ => return None,
    })
}

/// A value of the `GeoKey` directory (which holds rows of four: id, where, count, value).
fn geo_key(keys: &[u16], id: u16) -> Option<u16> {
    keys.get(4..)?.chunks_exact(4).find(|row| row[0] == id && row[1] == 0).map(|row| row[3])
}

fn check_system(path: &Path, keys: &[u16], warnings: &mut Vec<String>) -> Result<(), ElevationError> {
    const MODEL_TYPE: u16 = 1024;
    const GEOGRAPHIC: u16 = 2;
    const GEOGRAPHIC_TYPE: u16 = 2048;
    const PROJECTED_TYPE: u16 = 3072;
    let unusable = |why: String| ElevationError::Unusable { path: path.to_owned(), why };
    let mend = "reproject it first: gdalwarp -t_srs EPSG:4326 in.tif out.tif";
    if let Some(model) = geo_key(keys, MODEL_TYPE).filter(|&m| m != GEOGRAPHIC) {
        let epsg = geo_key(keys, PROJECTED_TYPE).map_or_else(String::new, |e| format!(" (EPSG:{e})"));
        return Err(unusable(format!(
            "it is not in degrees of longitude and latitude (model type {model}{epsg}); {mend}"
        )));
    }
    match geo_key(keys, GEOGRAPHIC_TYPE) {
        Some(epsg) if LIKE_WGS84.contains(&epsg) => Ok(()),
        Some(epsg @ 4000..=4999) => {
            warnings
                .push(format!("{}: EPSG:{epsg} is taken as WGS-84; the two can differ by some 100 m", path.display()));
            Ok(())
        }
        Some(32767) | None => {
            warnings.push(format!("{} does not name its coordinate system; taken as WGS-84", path.display()));
            Ok(())
        }
        Some(other) => Err(unusable(format!("EPSG:{other} is not a geographic coordinate system; {mend}"))),
    }
}

fn georeference(tiff: &mut Tiff, keys: &[u16]) -> tiff::TiffResult<Option<Grid>> {
    const RASTER_TYPE: u16 = 1025;
    const PIXEL_IS_POINT: u16 = 2;
    let (sx, sy, x, y) = {
        let scale = tiff.find_tag(Tag::ModelPixelScaleTag)?.map(tiff::decoder::ifd::Value::into_f64_vec).transpose()?;
        let tie = tiff.find_tag(Tag::ModelTiepointTag)?.map(tiff::decoder::ifd::Value::into_f64_vec).transpose()?;
        let matrix = tiff
            .find_tag(Tag::from_u16_exhaustive(MODEL_TRANSFORMATION))?
            .map(tiff::decoder::ifd::Value::into_f64_vec)
            .transpose()?;
        match (scale.as_deref(), tie.as_deref(), matrix.as_deref()) {
            (Some(&[sx, sy, ..]), Some(&[i, j, _, x, y, ..]), _) => (sx, sy, x - i * sx, y + j * sy),
            (_, _, Some(m)) if m.len() >= 8 && m[1] == 0.0 && m[4] == 0.0 => (m[0], -m[5], m[3], m[7]),
            _ => return Ok(None),
        }
    };
    if !(sx > 0.0 && sy > 0.0 && sx < 10.0 && sy < 10.0 && x.is_finite() && y.is_finite()) {
        return Ok(None);
    }
    // The position is a pixel's corner unless the file says that pixels are points.
    let half = if geo_key(keys, RASTER_TYPE) == Some(PIXEL_IS_POINT) { 0.0 } else { 0.5 };
    Ok(Some(Grid { west: x + half * sx, north: y - half * sy, step_x: sx, step_y: sy }))
}
