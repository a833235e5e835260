//! The `crs` member of GeoJSON before RFC 7946. WGS 84 and equivalent systems are accepted, all others rejected.

use super::table::FileProblem;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// EPSG codes of WGS 84 geographic coordinates (4979 with heights).
const WGS84: [u32; 2] = [4326, 4979];
/// EPSG codes of CGCS2000, the Chinese national system (4480 with heights).
const CGCS2000: [u32; 2] = [4490, 4480];
/// Names of other systems used by Chinese files, for error messages.
const KNOWN: [(u32, &str); 6] = [
    (4214, "Beijing 1954"),
    (4555, "New Beijing"),
    (4610, "Xian 1980"),
    (3857, "Web Mercator"),
    (900_913, "Web Mercator"),
    (4479, "CGCS2000, geocentric"),
];

/// Notes on the `crs` members of a file.
#[derive(Debug, Default)]
pub struct CrsNotes(BTreeSet<&'static str>);

impl CrsNotes {
    /// Checks the foreign members of a GeoJSON object.
    ///
    /// # Errors
    /// [`FileProblem::OtherCrs`] for a reference system that is not WGS 84.
    pub fn check(&mut self, members: Option<&Map<String, Value>>) -> Result<(), FileProblem> {
        let Some(crs) = members.and_then(|members| members.get("crs")) else { return Ok(()) };
        if crs.is_null() {
            self.0.insert("\"crs\": null says that the coordinate system is unknown; positions were read as longitude and latitude");
            return Ok(());
        }
        match System::of(crs) {
            Some(System::Crs84) => Ok(()),
            Some(System::Epsg(code)) if WGS84.contains(&code) => Ok(()),
            Some(System::Epsg(code)) if CGCS2000.contains(&code) => {
                self.0.insert("positions in CGCS2000 were treated as WGS 84; the difference is less than a decimetre");
                Ok(())
            }
            Some(System::Epsg(code)) => {
                let name = KNOWN.iter().find(|(known, _)| *known == code).map(|(_, name)| format!(" ({name})"));
                Err(FileProblem::OtherCrs { crs: format!("EPSG:{code}{}", name.unwrap_or_default()) })
            }
            None => Err(FileProblem::OtherCrs { crs: crs.to_string().chars().take(120).collect() }),
        }
    }

    /// Returns the notes.
    pub fn into_notes(self) -> impl Iterator<Item = String> {
        self.0.into_iter().map(str::to_owned)
    }
}

/// A known coordinate reference system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum System {
    /// Longitude and latitude in WGS 84.
    Crs84,
    Epsg(u32),
}

impl System {
    fn of(crs: &Value) -> Option<Self> {
        if let Some(name) = crs.as_str() {
            return Self::named(name);
        }
        let properties = crs.get("properties")?;
        let text = |key: &str| properties.get(key).and_then(Value::as_str);
        match crs.get("type")?.as_str()?.to_ascii_lowercase().as_str() {
            "name" => Self::named(text("name")?),
            "epsg" => {
                let code = properties.get("code")?;
                let number = code.as_u64().or_else(|| code.as_str()?.trim().parse().ok())?;
                u32::try_from(number).ok().map(Self::Epsg)
            }
            "link" => Self::named(text("href")?),
            _ => None,
        }
    }

    /// Parses a name such as `EPSG:4326`, `urn:ogc:def:crs:EPSG::4326`, `urn:ogc:def:crs:OGC:1.3:CRS84`, or a URL with such an
    /// ending.
    fn named(name: &str) -> Option<Self> {
        let plain = name.trim().to_ascii_uppercase();
        let mut parts: Vec<&str> = plain.split([':', '/', '#', '.', ' ']).filter(|part| !part.is_empty()).collect();
        // URLs may end in the requested format: .../epsg/4326/proj4/.
        if let Some(&("PROJ4" | "OGCWKT" | "ESRIWKT" | "PRETTYWKT" | "GML" | "JSON")) = parts.last() {
            parts.pop();
        }
        let last = *parts.last()?;
        if matches!(last, "CRS84" | "CRS84H" | "WGS84") || parts.ends_with(&["WGS", "84"]) {
            return Some(Self::Crs84);
        }
        if last == "CGCS2000" {
            return Some(Self::Epsg(CGCS2000[0]));
        }
        let is_epsg = parts.len() == 1 || parts.iter().rev().skip(1).any(|part| *part == "EPSG");
        last.parse().ok().filter(|_| is_epsg).map(Self::Epsg)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(crs: &Value) -> Result<Vec<String>, String> {
        let members = json!({ "name": "places", "crs": crs });
        let mut notes = CrsNotes::default();
        notes.check(members.as_object()).map_err(|e| e.to_string())?;
        Ok(notes.into_notes().collect())
    }

    fn named(name: &str) -> Value {
        json!({"type": "name", "properties": {"name": name}})
    }

    #[test]
    fn accepts_wgs_84_by_all_its_names() {
        for name in [
            "urn:ogc:def:crs:OGC:1.3:CRS84",
            "urn:ogc:def:crs:OGC::CRS84",
            "OGC:CRS84",
            "CRS84",
            "urn:ogc:def:crs:OGC:1.3:CRS84h",
            "http://www.opengis.net/def/crs/OGC/1.3/CRS84",
            "https://www.opengis.net/def/crs/EPSG/0/4326",
            "http://www.opengis.net/gml/srs/epsg.xml#4326",
            "urn:ogc:def:crs:EPSG::4326",
            "urn:ogc:def:crs:EPSG:6.9:4326",
            "urn:x-ogc:def:crs:EPSG:4326",
            "EPSG:4326",
            "epsg:4326",
            "EPSG:4979",
            "WGS84",
            "WGS 84",
        ] {
            assert_eq!(check(&named(name)), Ok(vec![]), "{name}");
        }
        for crs in [
            json!({"type": "EPSG", "properties": {"code": 4326}}),
            json!({"type": "epsg", "properties": {"code": "4326"}}),
            json!({"type": "link", "properties": {"href": "http://spatialreference.org/ref/epsg/4326/proj4/", "type": "proj4"}}),
            json!("EPSG:4326"),
        ] {
            assert_eq!(check(&crs), Ok(vec![]), "{crs}");
        }
        for name in ["urn:ogc:def:crs:EPSG::4490", "EPSG:4490", "EPSG:4480", "CGCS2000"] {
            assert!(check(&named(name)).unwrap()[0].contains("decimetre"), "{name}");
        }
        assert!(check(&Value::Null).unwrap()[0].contains("unknown"));
    }

    #[test]
    fn rejects_other_systems_with_a_conversion_command() {
        for (crs, expected) in [
            (named("urn:ogc:def:crs:EPSG::4214"), "EPSG:4214 (Beijing 1954)"),
            (named("EPSG:3857"), "EPSG:3857 (Web Mercator)"),
            (named("urn:ogc:def:crs:EPSG::4610"), "EPSG:4610 (Xian 1980)"),
            (named("EPSG:4547"), "EPSG:4547,"),
            (json!({"type": "EPSG", "properties": {"code": 4214}}), "EPSG:4214"),
            (
                json!({"type": "link", "properties": {"href": "http://spatialreference.org/ref/epsg/4214/proj4/"}}),
                "EPSG:4214",
            ),
            (json!({"type": "link", "properties": {"href": "crs.wkt"}}), "crs.wkt"),
            (named("ESRI:102100"), "102100"),
            (named("GCJ-02"), "GCJ-02"),
            (json!({"type": "name"}), "\"name\""),
            (json!(7), "7"),
        ] {
            let error = check(&crs).unwrap_err();
            assert!(error.contains(expected) && error.contains("ogr2ogr -t_srs EPSG:4326"), "{crs}: {error}");
        }
    }
}
