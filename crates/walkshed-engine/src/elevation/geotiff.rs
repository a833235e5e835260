//! Reads heights from `GeoTIFF` files in a geographic coordinate system (EPSG:4xxx). Decodes only the strips or tiles
//! near streets.

use super::band::{Band, of_metadata, of_sidecar};
use super::error::{ElevationError, io_error};
use super::extent::{Extent, SHIFTS};
use super::geokeys::{GeoKeys, Grid, Tiff};
use super::implausible::remove_implausible;
use super::raster::{Frame, Raster};
use std::fs::File;
use std::io::{BufReader, ErrorKind};
use std::path::{Path, PathBuf};
use tiff::decoder::{Decoder, DecodingResult, Limits};
use tiff::tags::Tag;

/// Maximum number of samples after cropping.
const MAX_SAMPLES: usize = 400_000_000;
/// Limit on the samples kept: a multiple of the file size in bytes plus a constant. Flat ground compresses a
/// thousandfold, terrain by a factor of two to four.
const SAMPLES_PER_FILE_BYTE: usize = 16;
const SAMPLES_EXTRA: usize = 16_000_000;
/// Limit on the decompressed size of a strip or tile: a multiple of the file size plus a constant.
const DECOMPRESSED_PER_FILE_BYTE: usize = 64;
const DECOMPRESSED_EXTRA: usize = 64 << 20;
/// Maximum size of a sidecar file.
const MAX_SIDECAR: u64 = 16 << 20;
/// Bits of the tag `NewSubfileType`: a reduced-resolution copy (overview) of another image; a mask.
const OVERVIEW: u32 = 1;
const MASK: u32 = 4;
const GDAL_METADATA: u16 = 42112;

/// Reads the parts of a `GeoTIFF` within `extent`: none if it is elsewhere, two if it is needed on both sides of the
/// 180th meridian.
pub(super) fn read(path: &Path, extent: Extent, warnings: &mut Vec<String>) -> Result<Vec<Raster>, ElevationError> {
    let unusable = |why: String| ElevationError::Unusable { path: path.to_owned(), why };
    let bad = |e: tiff::TiffError| {
        let advice = match e {
            tiff::TiffError::UnsupportedError(_) => {
                "; convert it: gdal_translate -co COMPRESS=DEFLATE -co PREDICTOR=1 in.tif out.tif"
            }
            _ => "",
        };
        unusable(format!("not a readable TIFF: {e}{advice}"))
    };
    let file = File::open(path).map_err(io_error(path))?;
    let size = usize::try_from(file.metadata().map_err(io_error(path))?.len()).unwrap_or(usize::MAX);
    let mut limits = Limits::default();
    limits.decoding_buffer_size =
        size.saturating_mul(DECOMPRESSED_PER_FILE_BYTE).saturating_add(DECOMPRESSED_EXTRA).min(512 * 1024 * 1024);
    limits.intermediate_buffer_size = limits.intermediate_buffer_size.min(limits.decoding_buffer_size);
    let max_samples = size.saturating_mul(SAMPLES_PER_FILE_BYTE).saturating_add(SAMPLES_EXTRA).min(MAX_SAMPLES);
    let mut tiff = Decoder::new(BufReader::new(file)).map_err(bad)?.with_limits(limits);
    let image = Image::of(&mut tiff).map_err(bad)?;
    let Image { columns, rows, .. } = image;
    image.check(path).map_err(unusable)?;
    let keys = GeoKeys::of(&mut tiff).map_err(bad)?;
    keys.check(path, warnings)?;
    let band = describe(path, &mut tiff, &keys, bad)?;
    let grid = Grid::of(&mut tiff, &keys, rows).map_err(bad)?.map_err(unusable)?;

    let mut rasters = Vec::new();
    for shift in SHIFTS {
        let Some(window) = Window::around(extent.shifted_west(shift), &grid, columns, rows) else { continue };
        let Window { x, y } = window;
        let (width, height) = (x.1 - x.0, y.1 - y.0);
        if width.saturating_mul(height) > max_samples {
            return Err(unusable(format!(
                "{width} x {height} samples exceed the limit for a file of this size ({max_samples}); crop it to the area of the streets: gdal_translate -projwin \
                 WEST NORTH EAST SOUTH in.tif out.tif"
            )));
        }
        let mut heights = image.heights(&mut tiff, window, &grid, &band, bad).map_err(|e| match e {
            ChunkError::Tiff(error) => error,
            ChunkError::Invalid(why) => unusable(why),
        })?;
        remove_implausible(path, &mut heights, &band.text(), warnings)?;
        let frame = Frame {
            west: grid.west + shift + x.0 as f64 * grid.step_x,
            north: grid.north - y.0 as f64 * grid.step_y,
            step_x: grid.step_x,
            step_y: grid.step_y,
            columns: width,
            rows: height,
        };
        rasters.push(Raster::new(frame, heights));
    }
    // Last, because it leaves the first image: check what follows it in the file.
    check_other_images(&mut tiff).map_err(bad)?.map_err(unusable)?;
    Ok(rasters)
}

/// The range of columns and rows (from the north) around the streets.
#[derive(Debug, Clone, Copy)]
struct Window {
    x: (usize, usize),
    y: (usize, usize),
}

impl Window {
    fn around(extent: Extent, grid: &Grid, columns: usize, rows: usize) -> Option<Self> {
        let clamp = |v: f64, n: usize| v.clamp(0.0, n as f64) as usize;
        let x0 = clamp((extent.west - grid.west) / grid.step_x - 2.0, columns);
        let x1 = clamp((extent.east - grid.west) / grid.step_x + 3.0, columns);
        let y0 = clamp((grid.north - extent.north) / grid.step_y - 2.0, rows);
        let y1 = clamp((grid.north - extent.south) / grid.step_y + 3.0, rows);
        (x0 < x1 && y0 < y1).then_some(Self { x: (x0, x1), y: (y0, y1) })
    }
}

/// The first image of a file.
struct Image {
    columns: usize,
    rows: usize,
    samples: u16,
    photometric: Option<u16>,
    bits: Vec<u16>,
    /// The size of every strip or tile in bytes; 0 for those that the file omits.
    chunk_bytes: Vec<u64>,
}

/// The reason why a strip or tile could not be read.
enum ChunkError {
    Tiff(ElevationError),
    Invalid(String),
}

impl Image {
    fn of(tiff: &mut Tiff) -> tiff::TiffResult<Self> {
        let (columns, rows) = tiff.dimensions()?;
        let sizes = match tiff.find_tag_unsigned_vec(Tag::TileByteCounts)? {
            Some(sizes) => Some(sizes),
            None => tiff.find_tag_unsigned_vec(Tag::StripByteCounts)?,
        };
        Ok(Self {
            columns: columns as usize,
            rows: rows as usize,
            samples: tiff.find_tag_unsigned(Tag::SamplesPerPixel)?.unwrap_or(1),
            photometric: tiff.find_tag_unsigned(Tag::PhotometricInterpretation)?,
            bits: tiff.find_tag_unsigned_vec(Tag::BitsPerSample)?.unwrap_or_default(),
            chunk_bytes: sizes.unwrap_or_default(),
        })
    }

    /// Checks that the image can be a raster of heights.
    fn check(&self, path: &Path) -> Result<(), String> {
        if self.columns == 0 || self.rows == 0 {
            return Err("the image has no samples".into());
        }
        if self.samples != 1 {
            return Err(format!(
                "the image has {} values per pixel instead of one; extract the band with the heights: gdal_translate -b 1 in.tif out.tif",
                self.samples
            ));
        }
        match self.photometric {
            None | Some(1) => {}
            Some(0) => {
                return Err("0 means white (MINISWHITE); convert it: gdal_translate -co \
                            PHOTOMETRIC=MINISBLACK in.tif out.tif"
                    .into());
            }
            Some(3) => return Err("the values are palette colours, not heights".into()),
            Some(other) => {
                return Err(format!("the values are colours (photometric interpretation {other}), not heights"));
            }
        }
        if let Some(bits) = self.bits.iter().find(|b| !matches!(b, 8 | 16 | 32 | 64)) {
            return Err(format!(
                "the values have {bits} bits; supported are 8, 16, 32 and 64: gdal_translate -ot Int32 in.tif out.tif"
            ));
        }
        // Only GDAL can apply a mask from another file.
        let mask = with_ending(path, ".msk");
        if mask.exists() { Err(format!("{} masks heights; {UNMASK}", mask.display())) } else { Ok(()) }
    }

    /// Returns the heights of a window, row by row from the north; NaN for "no data".
    fn heights(
        &self,
        tiff: &mut Tiff,
        Window { x: (x0, x1), y: (y0, y1) }: Window,
        grid: &Grid,
        band: &Band,
        bad: impl Fn(tiff::TiffError) -> ElevationError,
    ) -> Result<Vec<f32>, ChunkError> {
        let (columns, rows) = (self.columns, self.rows);
        // Converts between row numbers from the north and in the file.
        let in_file = |y: usize| if grid.is_south_up { rows - 1 - y } else { y };
        let (first, last) = (in_file(y0).min(in_file(y1 - 1)), in_file(y0).max(in_file(y1 - 1)));
        let width = x1 - x0;
        let mut heights = vec![f32::NAN; width * (y1 - y0)];
        let (chunk_w, chunk_h) = tiff.chunk_dimensions();
        let (chunk_w, chunk_h) = (chunk_w as usize, chunk_h as usize);
        if chunk_w == 0 || chunk_h == 0 {
            return Err(ChunkError::Invalid("the strips or tiles have no size".into()));
        }
        let across = columns.div_ceil(chunk_w);
        for cy in first / chunk_h..=last / chunk_h {
            for cx in x0 / chunk_w..=(x1 - 1) / chunk_w {
                let number = cy * across + cx;
                let index =
                    u32::try_from(number).map_err(|_| ChunkError::Invalid("the image has too many tiles".into()))?;
                if self.chunk_bytes.get(number) == Some(&0) {
                    continue;
                }
                let (data_w, data_h) = tiff.chunk_data_dimensions(index);
                let (data_w, data_h) = (data_w as usize, data_h as usize);
                let values = tiff.read_chunk(index).map_err(|e| ChunkError::Tiff(bad(e)))?;
                let value = reader(&values);
                let is_single = matches!(values, DecodingResult::F32(_) | DecodingResult::F16(_));
                for row in (0..data_h).filter(|row| (first..=last).contains(&(cy * chunk_h + row))) {
                    let y = in_file(cy * chunk_h + row);
                    for column in (0..data_w).filter(|column| (x0..x1).contains(&(cx * chunk_w + column))) {
                        let x = cx * chunk_w + column;
                        let value = value(row * data_w + column)
                            .ok_or_else(|| ChunkError::Invalid(format!("tile {index} is too short")))?;
                        if let Some(height) = band.height(value, is_single) {
                            heights[(y - y0) * width + (x - x0)] = height as f32;
                        }
                    }
                }
            }
        }
        Ok(heights)
    }
}

/// Returns a function that reads one sample of a decoded chunk.
fn reader(values: &DecodingResult) -> Box<dyn Fn(usize) -> Option<f64> + '_> {
    match values {
        DecodingResult::U8(v) => Box::new(|i| v.get(i).map(|&h| f64::from(h))),
        DecodingResult::I8(v) => Box::new(|i| v.get(i).map(|&h| f64::from(h))),
        DecodingResult::U16(v) => Box::new(|i| v.get(i).map(|&h| f64::from(h))),
        DecodingResult::I16(v) => Box::new(|i| v.get(i).map(|&h| f64::from(h))),
        DecodingResult::U32(v) => Box::new(|i| v.get(i).map(|&h| f64::from(h))),
        DecodingResult::I32(v) => Box::new(|i| v.get(i).map(|&h| f64::from(h))),
        DecodingResult::U64(v) => Box::new(|i| v.get(i).map(|&h| h as f64)),
        DecodingResult::I64(v) => Box::new(|i| v.get(i).map(|&h| h as f64)),
        DecodingResult::F16(v) => Box::new(|i| v.get(i).map(|h| h.to_f64())),
        DecodingResult::F32(v) => Box::new(|i| v.get(i).map(|&h| f64::from(h))),
        DecodingResult::F64(v) => Box::new(|i| v.get(i).copied()),
    }
}

/// Reads the description of the band from the tags and the sidecar file.
fn describe(
    path: &Path,
    tiff: &mut Tiff,
    keys: &GeoKeys,
    bad: impl Fn(tiff::TiffError) -> ElevationError,
) -> Result<Band, ElevationError> {
    let unusable = |why: String| ElevationError::Unusable { path: path.to_owned(), why };
    let mut text = |tag: Tag| -> Result<Option<String>, ElevationError> {
        let value = tiff.find_tag(tag).map_err(&bad)?;
        // GDAL writes UTF-8, such as a unit of "m²", so this is not read as ASCII.
        let bytes = value.map(|v| match v {
            tiff::decoder::ifd::Value::Ascii(text) => Ok(text.into_bytes()),
            other => other.into_u8_vec(),
        });
        let bytes = bytes.transpose().map_err(&bad)?;
        Ok(bytes.map(|b| String::from_utf8_lossy(&b).trim_matches(['\0', ' ', '\n', '\r', '\t']).to_owned()))
    };
    let nodata = text(Tag::GdalNodata)?.filter(|n| !n.is_empty());
    let inside = text(Tag::from_u16_exhaustive(GDAL_METADATA))?;
    let mut described = inside.map_or_else(|| Ok(super::band::Description::default()), |xml| of_metadata(&xml));
    if let Ok(described) = &mut described {
        described.nodata = nodata;
    }
    let beside = with_ending(path, ".aux.xml");
    let beside = match std::fs::metadata(&beside) {
        Ok(file) if file.len() > MAX_SIDECAR => Err(format!("{} is too large", beside.display())),
        Ok(_) => of_sidecar(&String::from_utf8_lossy(&std::fs::read(&beside).map_err(io_error(&beside))?)),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(super::band::Description::default()),
        Err(e) => return Err(io_error(&beside)(e)),
    };
    described.and_then(|d| d.and(beside?)).and_then(|d| d.band(keys)).map_err(unusable)
}

const UNMASK: &str = "convert masked samples to no data: gdalwarp -dstnodata -32768 in.tif out.tif";

/// Checks the images after the first. Overviews are skipped; anything else is an error because it may contain the
/// heights.
fn check_other_images(tiff: &mut Tiff) -> tiff::TiffResult<Result<(), String>> {
    while tiff.more_images() {
        tiff.next_image()?;
        let kind: u32 = tiff.find_tag_unsigned(Tag::NewSubfileType)?.unwrap_or(0);
        if kind & OVERVIEW != 0 {
            continue;
        }
        return Ok(Err(if kind & MASK != 0 {
            format!("the file has a mask; {UNMASK}")
        } else {
            "the file has more than one image; extract the one with the heights: gdal_translate GTIFF_DIR:1:in.tif out.tif"
                .into()
        }));
    }
    Ok(Ok(()))
}

/// Appends an ending to a path: `in.tif.msk` for `in.tif`.
fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}
