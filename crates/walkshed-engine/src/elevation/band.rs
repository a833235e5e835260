//! The meaning of the values of a `GeoTIFF` band: scale, offset, unit, and the "no data" value.
//!
//! GDAL stores these in the tags `GDAL_METADATA` (42112) and `GDAL_NODATA` (42113), and in a sidecar file
//! `*.tif.aux.xml`. `GeoTIFF` can name a unit in the keys of the vertical coordinate system. A height is `value * scale
//! + offset` in that unit. "No data" is compared before scaling.

use super::geokeys::{GeoKeys, UNDEFINED};
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

/// Supported units of height: metres per unit, and the names used in files.
const UNITS: [(f64, &[&str]); 7] = [
    (1.0, &["", "m", "metre", "metres", "meter", "meters", "metre (m)", "meter (m)"]),
    (0.3048, &["ft", "foot", "feet", "international foot", "international feet"]),
    (
        1200.0 / 3937.0,
        &["us survey foot", "us survey feet", "us_survey_foot", "foot_us", "us-ft", "ftus", "survey_foot"],
    ),
    (0.1, &["dm", "decimetre", "decimetres", "decimeter", "decimeters"]),
    (0.01, &["cm", "centimetre", "centimetres", "centimeter", "centimeters"]),
    (0.001, &["mm", "millimetre", "millimetres", "millimeter", "millimeters"]),
    (1000.0, &["km", "kilometre", "kilometres", "kilometer", "kilometers"]),
];
/// Supported units of height by EPSG code, with metres per unit.
const UNIT_CODES: [(u16, f64); 7] = [
    (9001, 1.0),
    (9002, 0.3048),
    (9003, 1200.0 / 3937.0),
    (9095, 0.304_800_749_1),
    (1025, 0.001),
    (1033, 0.01),
    (9036, 1000.0),
];
/// EPSG vertical coordinate systems that are not in metres (EPSG dataset 12), with the EPSG codes of their units.
const SYSTEMS_IN_FEET: [(u16, u16); 9] = [
    (5702, 9003),
    (6360, 9003),
    (8052, 9003),
    (5754, 9095),
    (6130, 9002),
    (6131, 9002),
    (6132, 9002),
    (8050, 9002),
    (8228, 9002),
];
/// EPSG vertical coordinate systems that measure depths downwards.
const DEPTHS: [u16; 52] = [
    5336, 5612, 5614, 5706, 5715, 5734, 5739, 5789, 5831, 5861, 5862, 5863, 5864, 5865, 5866, 5867, 5873, 6357, 6358,
    6359, 7976, 8051, 8053, 8358, 8378, 8897, 9287, 9288, 9672, 10150, 10151, 10349, 10364, 10370, 10371, 10372, 10373,
    10374, 10375, 10376, 10377, 10378, 10379, 10547, 10548, 10549, 10550, 10551, 10552, 10649, 10650, 10678,
];
const VERTICAL_SYSTEM: u16 = 4096;
const VERTICAL_UNITS: u16 = 4099;

/// The conversion from a value to a height.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Band {
    scale: f64,
    offset: f64,
    /// Metres per unit.
    metres: f64,
    nodata: Option<f64>,
}

impl Band {
    /// Converts a value to metres. Returns `None` for "no data".
    pub(super) fn height(&self, value: f64, is_single: bool) -> Option<f64> {
        let is_nodata = self.nodata.is_some_and(|none| {
            // The decimal text of a 32-bit number may be rounded differently from the number.
            (value - none).abs() == 0.0
                || is_single && {
                    let (value, none) = (value as f32, none as f32);
                    (value - none).abs() <= 2.0 * f32::EPSILON * (value + none).abs()
                }
        });
        (value.is_finite() && !is_nodata).then_some((value * self.scale + self.offset) * self.metres)
    }

    /// Describes the conversion, for messages.
    pub(super) fn text(&self) -> String {
        format!("with scale {}, offset {}, unit {} m", self.scale, self.offset, self.metres)
    }
}

/// The description of a band in one place (tags or sidecar file), as text.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Description {
    pub scale: Option<String>,
    pub offset: Option<String>,
    pub unit: Option<String>,
    pub nodata: Option<String>,
}

impl Description {
    /// Merges the descriptions from the tags and the sidecar file.
    ///
    /// # Errors
    /// Returns an error if they contradict each other.
    pub(super) fn and(self, other: Self) -> Result<Self, String> {
        let one = |name: &str, a: Option<String>, b: Option<String>| match (a, b) {
            (Some(a), Some(b)) if !same(&a, &b) => {
                Err(format!("the {name} is \"{a}\" in the file but \"{b}\" in its .aux.xml; remove the wrong one"))
            }
            (a, b) => Ok(a.or(b)),
        };
        Ok(Self {
            scale: one("scale", self.scale, other.scale)?,
            offset: one("offset", self.offset, other.offset)?,
            unit: one("unit", self.unit, other.unit)?,
            nodata: one("no-data value", self.nodata, other.nodata)?,
        })
    }

    /// Parses the values.
    ///
    /// # Errors
    /// Returns an error for a value that cannot be parsed, or an unsupported unit.
    pub(super) fn band(&self, keys: &GeoKeys) -> Result<Band, String> {
        let scale = number("scale", self.scale.as_deref())?.unwrap_or(1.0);
        let offset = number("offset", self.offset.as_deref())?.unwrap_or(0.0);
        if !scale.is_finite() || scale == 0.0 || !offset.is_finite() {
            return Err(format!("invalid scale {scale} or offset {offset}"));
        }
        Ok(Band {
            scale,
            offset,
            metres: metres(self.unit.as_deref(), keys)?,
            nodata: number("no-data value (GDAL_NODATA)", self.nodata.as_deref())?,
        })
    }
}

fn same(a: &str, b: &str) -> bool {
    let number = |s: &str| s.parse::<f64>().ok();
    a == b || number(a).zip(number(b)).is_some_and(|(a, b)| a.total_cmp(&b).is_eq())
}

fn number(name: &str, text: Option<&str>) -> Result<Option<f64>, String> {
    text.map(|t| t.parse().map_err(|_| format!("the {name} \"{t}\" is not a number"))).transpose()
}

/// Returns metres per unit of the band or the vertical coordinate system.
fn metres(unit: Option<&str>, keys: &GeoKeys) -> Result<f64, String> {
    let advice =
        "convert to metres: gdal_calc -A in.tif --outfile=out.tif --type=Float32 --calc=\"A*METRES_IN_A_UNIT\"";
    let system = keys.get(VERTICAL_SYSTEM).filter(|&s| s != UNDEFINED);
    if let Some(depths) = system.filter(|s| DEPTHS.contains(s)) {
        return Err(format!(
            "the vertical coordinate system EPSG:{depths} measures depths, not heights; {advice} with a minus"
        ));
    }
    let code = keys
        .get(VERTICAL_UNITS)
        .filter(|&u| u != UNDEFINED)
        .or_else(|| system.and_then(|s| SYSTEMS_IN_FEET.iter().find(|f| f.0 == s)).map(|f| f.1));
    let unit_of_keys = code
        .map(|code| {
            UNIT_CODES
                .iter()
                .find(|u| u.0 == code)
                .map(|u| u.1)
                .ok_or_else(|| format!("unsupported vertical unit EPSG:{code}; {advice}"))
        })
        .transpose()?;
    let unit_of_band = unit
        .map(|name| {
            let lower = name.to_lowercase();
            UNITS.iter().find(|u| u.1.contains(&lower.as_str())).map(|u| u.0).ok_or_else(|| {
                format!("unsupported unit \"{name}\" (supported: m, dm, cm, mm, km, ft, US survey foot); {advice}")
            })
        })
        .transpose()?;
    match (unit_of_band, unit_of_keys) {
        (Some(band), Some(keys)) if (band - keys).abs() > 1e-9 => Err(format!(
            "the unit of the band is {band} m (UNITTYPE), but that of the vertical coordinate system is {keys} m; correct one of them"
        )),
        (band, keys) => Ok(band.or(keys).unwrap_or(1.0)),
    }
}

/// Parses `GDAL_METADATA`, which contains items such as `<Item name="SCALE" sample="0" role="scale">0.1</Item>`.
///
/// # Errors
/// Returns an error if it is not XML.
pub(super) fn of_metadata(xml: &str) -> Result<Description, String> {
    let mut found = Description::default();
    elements(xml, |path, start, text| {
        let [.., item] = path else { return };
        if item != "Item" || attribute(start, "sample").is_some_and(|s| s != "0") {
            return;
        }
        // Items of other domains (such as IMAGE_STRUCTURE) and items of the whole file have no role.
        match attribute(start, "role").as_deref() {
            Some("scale") => found.scale = Some(text),
            Some("offset") => found.offset = Some(text),
            Some("unittype") => found.unit = Some(text),
            _ => {}
        }
    })
    .map_err(|e| format!("the GDAL metadata (tag 42112) is not XML: {e}"))?;
    Ok(found)
}

/// Parses `in.tif.aux.xml`, which contains elements such as `PAMDataset / PAMRasterBand band="1" / Scale`.
///
/// # Errors
/// Returns an error if it is not XML.
pub(super) fn of_sidecar(xml: &str) -> Result<Description, String> {
    let mut found = Description::default();
    let mut band = Description::default();
    elements(xml, |path, start, text| match path {
        [_, parent, name] if parent == "PAMRasterBand" => match name.as_str() {
            "Scale" => band.scale = Some(text),
            "Offset" => band.offset = Some(text),
            "UnitType" => band.unit = Some(text),
            "NoDataValue" => band.nodata = Some(text),
            _ => {}
        },
        [_, name] if name == "PAMRasterBand" => {
            let ended = std::mem::take(&mut band);
            if attribute(start, "band").is_none_or(|b| b == "1") {
                found = ended;
            }
        }
        _ => {}
    })
    .map_err(|e| format!("the .aux.xml file is not XML: {e}"))?;
    Ok(found)
}

fn attribute(start: &BytesStart, name: &str) -> Option<String> {
    start
        .try_get_attribute(name)
        .ok()??
        .normalized_value(XmlVersion::Implicit1_0)
        .ok()
        .map(std::borrow::Cow::into_owned)
}

/// Maximum nesting depth of XML elements. The relevant ones are at depth three.
const MAX_DEPTH: usize = 64;

/// Calls `ended` at the end of every element with the path of names, the start tag, and the trimmed text.
fn elements(xml: &str, mut ended: impl FnMut(&[String], &BytesStart, String)) -> Result<(), String> {
    let mut reader = Reader::from_str(xml.trim_matches(['\0', ' ', '\n', '\r', '\t']));
    let (mut path, mut open): (Vec<String>, Vec<(BytesStart, String)>) = (Vec::new(), Vec::new());
    loop {
        match reader.read_event().map_err(|e| e.to_string())? {
            Event::Start(_) if path.len() >= MAX_DEPTH => {
                return Err(format!("elements are nested more than {MAX_DEPTH} deep"));
            }
            Event::Start(start) => {
                path.push(start.name().as_ref().to_owned());
                open.push((start, String::new()));
            }
            Event::Empty(start) => {
                path.push(start.name().as_ref().to_owned());
                ended(&path, &start, String::new());
                path.pop();
            }
            Event::Text(text) => {
                if let Some((_, all)) = open.last_mut() {
                    all.push_str(&text);
                }
            }
            Event::CData(text) => {
                if let Some((_, all)) = open.last_mut() {
                    all.push_str(&text);
                }
            }
            Event::End(_) => {
                if let Some((start, text)) = open.pop() {
                    ended(&path, &start, text.trim().to_owned());
                }
                path.pop();
            }
            Event::Eof => return Ok(()),
            _ => {}
        }
    }
}
