//! Parses tag values with numbers: durations, levels, inclines, lengths.

/// Parses `duration` as minutes, `HH:MM`, `HH:MM:SS` or ISO 8601 (`PT1H5M30S`). Returns seconds.
pub(super) fn duration_s(text: &str) -> Option<u32> {
    let text = text.trim();
    if let Some(iso) = text.strip_prefix("PT") {
        let (mut total, mut number) = (0u32, String::new());
        for c in iso.chars() {
            let unit = match c {
                '0'..='9' => {
                    number.push(c);
                    continue;
                }
                'H' => 3600,
                'M' => 60,
                'S' => 1,
                _ => return None,
            };
            total = total.checked_add(number.parse::<u32>().ok()?.checked_mul(unit)?)?;
            number.clear();
        }
        return (number.is_empty() && total > 0).then_some(total);
    }
    let parts: Vec<u32> = text.split(':').map(|p| p.parse().ok()).collect::<Option<_>>()?;
    let seconds = match parts[..] {
        [minutes] => minutes.checked_mul(60)?,
        [hours, minutes] => hours.checked_mul(3600)?.checked_add(minutes.checked_mul(60)?)?,
        [hours, minutes, seconds] => {
            hours.checked_mul(3600)?.checked_add(minutes.checked_mul(60)?)?.checked_add(seconds)?
        }
        _ => return None,
    };
    (seconds > 0 && seconds <= 7 * 86_400).then_some(seconds)
}

/// Parses levels or layers: a number, a list (`0;1`), or ranges (`-2--1`, `0-3`); halves are allowed. Returns the
/// lowest and the highest, in tenths.
pub(super) fn levels(text: &str) -> Option<(i16, i16)> {
    let tenths = |t: &str| t.trim().parse::<f64>().ok().filter(|l| l.abs() < 1000.0).map(|l| (l * 10.0).round() as i16);
    let part = |t: &str| -> Option<(i16, i16)> {
        let t = t.trim();
        if let Some(level) = tenths(t) {
            return Some((level, level));
        }
        // The dash of a range is not the sign of its first number.
        let (dash, _) = t.char_indices().skip(1).find(|&(_, c)| c == '-')?;
        let (a, b) = (tenths(&t[..dash])?, tenths(&t[dash + 1..])?);
        Some((a.min(b), a.max(b)))
    };
    text.split([';', ',']).map(part).try_fold(None, |all: Option<(i16, i16)>, next| {
        let (low, high) = next?;
        Some(Some(all.map_or((low, high), |(l, h)| (l.min(low), h.max(high)))))
    })?
}

/// Parses a numeric `incline`: per cent (`10%`, or plain `10`), degrees (`5°`) or a ratio (`1:12`). Returns rise over
/// run. `up` and `down` have no number and return `None`.
pub(super) fn incline(text: &str) -> Option<f64> {
    let number = |t: &str| t.trim().parse::<f64>().ok().filter(|v| v.is_finite());
    let text = text.trim();
    if let Some(percent) = text.strip_suffix('%') {
        return number(percent).map(|v| v / 100.0);
    }
    if let Some(degrees) = text.strip_suffix('°') {
        return number(degrees).filter(|d| d.abs() < 90.0).map(|d| d.to_radians().tan());
    }
    if let Some((rise, run)) = text.split_once(':') {
        return Some(number(rise)? / number(run).filter(|r| *r > 0.0)?);
    }
    number(text).map(|v| v / 100.0)
}

/// Parses a width or a height: `0.8`, `0.8 m`, `80 cm`, `800 mm`, `3'`, `2'6"`, `3 ft`. Returns metres.
pub(super) fn metres(text: &str) -> Option<f64> {
    const FOOT_M: f64 = 0.3048;
    const INCH_M: f64 = 0.0254;
    let number = |t: &str| t.trim().replace(',', ".").parse::<f64>().ok().filter(|v| v.is_finite() && *v >= 0.0);
    let text = text.trim();
    if let Some((feet, inches)) = text.split_once('\'') {
        let inches = inches.trim().trim_end_matches('"');
        return Some(number(feet)? * FOOT_M + if inches.is_empty() { 0.0 } else { number(inches)? * INCH_M });
    }
    for (unit, factor) in
        [("mm", 0.001), ("cm", 0.01), ("m", 1.0), ("ft", FOOT_M), ("feet", FOOT_M), ("in", INCH_M), ("\"", INCH_M)]
    {
        if let Some(value) = text.strip_suffix(unit) {
            return number(value).map(|v| v * factor);
        }
    }
    number(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_durations() {
        for (text, seconds) in [
            ("7", Some(420)),
            ("00:20", Some(1200)),
            ("1:05:30", Some(3930)),
            ("PT20M", Some(1200)),
            ("PT1H5M30S", Some(3930)),
            ("", None),
            ("soon", None),
            ("0", None),
            ("PT", None),
            ("PT5", None),
            ("99999999999", None),
            ("-5", None),
            ("1:2:3:4", None),
        ] {
            assert_eq!(duration_s(text), seconds, "{text:?}");
        }
    }

    #[test]
    fn parses_lists_and_ranges_of_levels() {
        for (text, range) in [
            ("0", Some((0, 0))),
            ("-1", Some((-10, -10))),
            ("0;1", Some((0, 10))),
            ("-1;-2", Some((-20, -10))),
            ("-2--1", Some((-20, -10))),
            ("-1-2", Some((-10, 20))),
            ("0-3", Some((0, 30))),
            ("0; -1", Some((-10, 0))),
            ("1;3-5", Some((10, 50))),
            ("-0.5", Some((-5, -5))),
            ("B1", None),
            ("0;G", None),
            ("", None),
            ("-", None),
            ("1-", None),
            ("99999", None),
            ("–1", None),
        ] {
            assert_eq!(levels(text), range, "{text:?}");
        }
    }

    #[test]
    fn parses_inclines_with_units() {
        for (text, slope) in [
            ("10%", Some(0.1)),
            ("-8.3 %", Some(-0.083)),
            ("7", Some(0.07)),
            ("5°", Some(0.087_488_663_525_924)),
            ("1:12", Some(1.0 / 12.0)),
            ("1:0", None),
            ("up", None),
            ("down", None),
            ("steep", None),
            ("", None),
            ("%", None),
            ("NaN%", None),
            ("90°", None),
        ] {
            match (incline(text), slope) {
                (Some(found), Some(expected)) => assert!((found - expected).abs() < 1e-9, "{text:?}: {found}"),
                (found, expected) => assert_eq!(found, expected, "{text:?}"),
            }
        }
    }

    #[test]
    fn parses_lengths_with_units() {
        for (text, length) in [
            ("0.8", Some(0.8)),
            ("0,8", Some(0.8)),
            ("0.8 m", Some(0.8)),
            ("80 cm", Some(0.8)),
            ("800mm", Some(0.8)),
            ("3'", Some(0.9144)),
            ("2'6\"", Some(0.762)),
            ("3 ft", Some(0.9144)),
            ("30\"", Some(0.762)),
            ("wide", None),
            ("-1", None),
            ("", None),
            ("m", None),
            ("0.8;1.2", None),
        ] {
            match (metres(text), length) {
                (Some(found), Some(expected)) => assert!((found - expected).abs() < 1e-9, "{text:?}: {found}"),
                (found, expected) => assert_eq!(found, expected, "{text:?}"),
            }
        }
    }
}
