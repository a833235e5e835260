//! Statistical division codes of China, and the codes of the regions they form a tree of.

use super::keyed_enum::keyed_enum;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Codes of the provinces, autonomous regions and municipalities (GB/T 2260).
const PROVINCES: [u8; 34] = [
    11, 12, 13, 14, 15, 21, 22, 23, 31, 32, 33, 34, 35, 36, 37, 41, 42, 43, 44, 45, 46, 50, 51, 52, 53, 54, 61, 62, 63,
    64, 65, 71, 81, 82,
];

/// End offsets of the parts of a code: province, city, district, town, village or community.
const PART_ENDS: [usize; 5] = [2, 4, 6, 9, 12];
const PART_NAMES: [&str; 5] = ["province", "city", "district", "town", "division"];

/// Cities without districts: their towns are directly below the city, and the district part of their codes is 00
/// (441900003001). Dongguan, Zhongshan, Sansha (until 2020), Danzhou, Jiayuguan.
const CITIES_WITHOUT_DISTRICTS: [&str; 5] = ["4419", "4420", "4603", "4604", "6202"];

/// Provinces without cities: their districts are directly below, and the city part of their codes is 00 (810001). The special
/// administrative regions of Hong Kong and Macao.
const PROVINCES_WITHOUT_CITIES: [&str; 2] = ["81", "82"];

/// A 12-digit statistical division code: 2 digits each for province, city and district, 3 each for the town and for the
/// village or community. Codes of larger areas end in zeros: 500105002000 is a whole sub-district. A part is also zero if the
/// area has no such level: 441900003001 is a community of Dongguan, a city without districts.
///
/// ```
/// use walkshed_register::DivisionCode;
///
/// let code = DivisionCode::new("500106013004")?;
/// assert_eq!((code.district(), code.town()), ("500106", Some("500106013")));
/// assert_eq!(DivisionCode::new("441900003001")?.district(), "4419");
/// assert!(DivisionCode::new("500106000004").is_err());
/// # Ok::<(), walkshed_register::CodeError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DivisionCode([u8; 12]);

/// A text that is not a division code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CodeError {
    #[error("a division code has 12 digits, such as 500106013004")]
    NotTwelveDigits,
    #[error("a region code has 2, 4, 6, 9 or 12 digits, such as 500106 for a district")]
    NotARegion,
    #[error("the first two digits, {0}, are not the code of a province (GB/T 2260); 50 is Chongqing")]
    NoProvince(String),
    #[error("the {part} part is zero, but a later part is not: {code}")]
    Gap { part: &'static str, code: String },
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

fn check_province(text: &str) -> Result<(), CodeError> {
    let province = &text[..2];
    match province.parse::<u8>() {
        Ok(number) if PROVINCES.contains(&number) => Ok(()),
        _ => Err(CodeError::NoProvince(province.to_owned())),
    }
}

/// Rejects codes with nonzero digits after a zero part, unless the area has no such level.
fn check_gaps(text: &str) -> Result<(), CodeError> {
    for (i, part) in PART_NAMES.iter().enumerate().skip(1) {
        let (begin, end) = (PART_ENDS[i - 1], PART_ENDS[i]);
        if text.len() <= end {
            break;
        }
        let (digits, rest) = (&text[begin..end], &text[end..]);
        if digits.bytes().any(|b| b != b'0') || rest.bytes().all(|b| b == b'0') {
            continue;
        }
        match i {
            1 if PROVINCES_WITHOUT_CITIES.contains(&&text[..begin]) => {}
            2 if CITIES_WITHOUT_DISTRICTS.contains(&&text[..begin]) => {}
            _ => return Err(CodeError::Gap { part, code: text.to_owned() }),
        }
    }
    Ok(())
}

/// Returns the code of the district that contains a division, or of the city if the city has no districts. A code of fewer
/// than six digits is returned unchanged.
#[must_use]
pub fn district_of(code: &str) -> &str {
    match code.get(..6) {
        Some(district) if is_city_without_districts(district) => &code[..4],
        Some(district) => district,
        None => code,
    }
}

/// Returns the code of the child region of `region` that contains a division: a district of a city, a town of a district or
/// of a city without districts, a division of a town. Without `region`, returns the district.
#[must_use]
pub fn child_region<'c>(code: &'c str, region: Option<&RegionCode>) -> &'c str {
    let digits = match region.map_or(0, |r| r.as_str().len()) {
        4 if code.get(..6).is_some_and(is_city_without_districts) => 9,
        0..=5 => return district_of(code),
        6..=8 => 9,
        _ => 12,
    };
    code.get(..digits).unwrap_or(code)
}

/// Returns whether six digits are the code of a city without districts.
fn is_city_without_districts(district: &str) -> bool {
    district.strip_suffix("00").is_some_and(|city| CITIES_WITHOUT_DISTRICTS.contains(&city))
}

impl DivisionCode {
    /// Parses a code. Surrounding white space is ignored.
    ///
    /// # Errors
    /// [`CodeError`] unless the text is 12 ASCII digits of a known province, with only zeros after a zero part. A part may be
    /// zero if the area has no such level.
    pub fn new(text: &str) -> Result<Self, CodeError> {
        let text = text.trim();
        if text.len() != 12 || !is_digits(text) {
            return Err(CodeError::NotTwelveDigits);
        }
        check_province(text)?;
        check_gaps(text)?;
        text.as_bytes().try_into().map(Self).map_err(|_| CodeError::NotTwelveDigits)
    }

    /// Returns the digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Digits are always UTF-8.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// Returns the code of the district (the first six digits), or of the city if the city has no districts.
    #[must_use]
    pub fn district(&self) -> &str {
        district_of(self.as_str())
    }

    /// Returns the code of the town or sub-district (the first nine digits); `None` for a whole district or larger.
    #[must_use]
    pub fn town(&self) -> Option<&str> {
        (&self.0[6..9] != b"000").then(|| &self.as_str()[..9])
    }
}

impl TryFrom<String> for DivisionCode {
    type Error = CodeError;

    fn try_from(text: String) -> Result<Self, CodeError> {
        Self::new(&text)
    }
}

impl From<DivisionCode> for String {
    fn from(code: DivisionCode) -> Self {
        code.as_str().to_owned()
    }
}

impl fmt::Display for DivisionCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for DivisionCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DivisionCode").field(&self.as_str()).finish()
    }
}

keyed_enum! {
    /// The administrative level of a region.
    RegionLevel, "a level of regions", {
        City = "city", "市";
        District = "district", "区县";
        Town = "town", "镇街";
        Division = "division", "村社区";
    }
}

/// The code of a region: the digits up to its level (50 or 5001 for a city, 500106 for a district, 500106013 for a town,
/// 500106013004 for a village or community). A region contains all divisions whose codes begin with its code. Trailing zeros
/// are removed, so that a city without districts has one code: 441900 is 4419.
///
/// ```
/// use walkshed_register::{RegionCode, RegionLevel};
///
/// let district = RegionCode::new("500106000000")?;
/// assert_eq!((district.as_str(), district.level()), ("500106", RegionLevel::District));
/// assert_eq!(district.ancestors().collect::<Vec<_>>(), ["5001", "50"]);
/// # Ok::<(), walkshed_register::CodeError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RegionCode(String);

impl RegionCode {
    /// Parses a code, and removes trailing zeros that pad it.
    ///
    /// # Errors
    /// [`CodeError`] unless the code has the number of digits of a level and a known province.
    pub fn new(text: &str) -> Result<Self, CodeError> {
        let mut text = text.trim();
        if !is_digits(text) || !PART_ENDS.contains(&text.len()) {
            return Err(CodeError::NotARegion);
        }
        check_province(text)?;
        for pair in PART_ENDS.windows(2).rev() {
            if text.len() == pair[1] && text[pair[0]..].bytes().all(|b| b == b'0') {
                text = &text[..pair[0]];
            }
        }
        Ok(Self(text.to_owned()))
    }

    /// Returns the digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the administrative level.
    #[must_use]
    pub fn level(&self) -> RegionLevel {
        match self.0.len() {
            0..=4 => RegionLevel::City,
            5..=6 => RegionLevel::District,
            7..=9 => RegionLevel::Town,
            _ => RegionLevel::Division,
        }
    }

    /// Iterates over the codes of the regions that contain this one, smallest first.
    pub fn ancestors(&self) -> impl Iterator<Item = &str> {
        PART_ENDS.iter().rev().filter(|&&end| end < self.0.len()).map(|&end| &self.0[..end])
    }

    /// Rejects nonzero digits after a zero part, unless the area has no such level. Only new codes are checked; stored ones are
    /// accepted unchanged.
    ///
    /// # Errors
    /// [`CodeError::Gap`].
    pub fn check_gaps(&self) -> Result<(), CodeError> {
        check_gaps(&self.0)
    }

    /// Returns whether the region contains the division or region with a code.
    #[must_use]
    pub fn contains(&self, code: &str) -> bool {
        code.starts_with(&self.0)
    }
}

impl TryFrom<String> for RegionCode {
    type Error = CodeError;

    fn try_from(text: String) -> Result<Self, CodeError> {
        Self::new(&text)
    }
}

impl From<RegionCode> for String {
    fn from(code: RegionCode) -> Self {
        code.0
    }
}

impl fmt::Display for RegionCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_the_parts_of_a_code() {
        for good in ["500106013004", " 500113003009 ", "500105002000", "500105000000", "500000000000"] {
            assert!(DivisionCode::new(good).is_ok(), "{good}");
        }
        for (invalid, expected) in [
            ("50010601300", "12 digits"),
            ("5001060130041", "12 digits"),
            ("50010601300x", "12 digits"),
            ("", "12 digits"),
            ("990106013004", "not the code of a province"),
            ("000106013004", "not the code of a province"),
            ("500006013004", "the city part is zero"),
            ("500100013004", "the district part is zero"),
            ("500106000004", "the town part is zero"),
            ("441900000004", "the town part is zero"),
        ] {
            let error = DivisionCode::new(invalid).unwrap_err().to_string();
            assert!(error.contains(expected), "{invalid}: {error}");
        }
        let code = DivisionCode::new("500106013004").unwrap();
        assert_eq!((code.district(), code.town()), ("500106", Some("500106013")));
        assert_eq!(DivisionCode::new("500105000000").unwrap().town(), None);
    }

    #[test]
    fn city_without_districts_contains_its_towns() {
        for (division, city) in [
            ("441900003001", "4419"),
            ("442000001007", "4420"),
            ("460300100001", "4603"),
            ("460400100001", "4604"),
            ("620200001002", "6202"),
        ] {
            let code = DivisionCode::new(division).unwrap();
            assert_eq!((code.district(), code.town()), (city, Some(&division[..9])), "{division}");
            let town = RegionCode::new(&division[..9]).unwrap();
            assert_eq!((town.level(), town.check_gaps()), (RegionLevel::Town, Ok(())));
            assert!(town.ancestors().any(|above| above == city), "{division}");
            // All spellings give the same city code.
            for text in [city.to_owned(), format!("{city}00"), format!("{city}00000000")] {
                let region = RegionCode::new(&text).unwrap();
                assert_eq!((region.as_str(), region.level()), (city, RegionLevel::City), "{text}");
                assert!(region.contains(division));
                assert_eq!(child_region(division, Some(&region)), &division[..9]);
            }
            assert_eq!(child_region(division, None), city);
            assert_eq!(child_region(division, Some(&RegionCode::new(&city[..2]).unwrap())), city);
            assert_eq!(child_region(division, Some(&town)), division);
        }
        // Counties administered directly by a province have a district part, and a city part of 90.
        for (division, district) in [("429004001001", "429004"), ("469001100001", "469001"), ("659001001001", "659001")]
        {
            assert_eq!(DivisionCode::new(division).unwrap().district(), district);
            assert_eq!(child_region(division, Some(&RegionCode::new(&district[..4]).unwrap())), district);
        }
        // Hong Kong and Macao have no cities.
        for district in ["810001", "820008"] {
            assert_eq!(DivisionCode::new(&format!("{district}000000")).unwrap().district(), district);
            let region = RegionCode::new(district).unwrap();
            assert_eq!((region.level(), region.check_gaps()), (RegionLevel::District, Ok(())));
            assert!(region.ancestors().any(|above| above == &district[..2]));
        }
        for bad in ["500006", "500100013", "500106000004"] {
            assert!(RegionCode::new(bad).unwrap().check_gaps().is_err(), "{bad}");
        }
    }

    #[test]
    fn child_region_is_one_level_below_the_region() {
        let of = |region: &str| child_region("500106013004", Some(&RegionCode::new(region).unwrap()));
        assert_eq!(
            [
                child_region("500106013004", None),
                of("50"),
                of("5001"),
                of("500106"),
                of("500106013"),
                of("500106013004")
            ],
            ["500106", "500106", "500106", "500106013", "500106013004", "500106013004"]
        );
        // Shorter codes are unchanged.
        assert_eq!(
            (child_region("5001", None), child_region("500106", Some(&RegionCode::new("500106").unwrap()))),
            ("5001", "500106")
        );
    }

    #[test]
    fn region_codes_have_levels_and_ancestors() {
        for (text, code, level) in [
            ("50", "50", RegionLevel::City),
            ("500106", "500106", RegionLevel::District),
            ("500106000000", "500106", RegionLevel::District),
            ("500106013000", "500106013", RegionLevel::Town),
            ("500106013004", "500106013004", RegionLevel::Division),
            ("500000", "50", RegionLevel::City),
        ] {
            let region = RegionCode::new(text).unwrap();
            assert_eq!((region.as_str(), region.level()), (code, level), "{text}");
        }
        let town = RegionCode::new("500106013").unwrap();
        assert_eq!(town.ancestors().collect::<Vec<_>>(), ["500106", "5001", "50"]);
        assert!(town.contains("500106013004") && !town.contains("500106014004"));
        for bad in ["5", "500", "5001061", "abcdef", "990000"] {
            assert!(RegionCode::new(bad).is_err(), "{bad}");
        }
    }
}
