//! Splits opening hours into tokens.

use super::error::SyntaxError;
use super::rule::HolidayKind;
use super::state::OpenState;
use super::sun::SunEvent;
use chrono::Weekday;

/// A token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    pub kind: Kind,
    /// Offset in bytes.
    pub start: usize,
}

/// The kind of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Number {
        value: u16,
        digits: usize,
    },
    Weekday(Weekday),
    /// 1 to 12.
    Month(u8),
    Holiday(HolidayKind),
    Week,
    Easter,
    Sun(SunEvent),
    /// `day` or `days`, in a shift.
    Days,
    State(OpenState),
    /// `24/7`.
    Always,
    Comment,
    Minus,
    Plus,
    Colon,
    Comma,
    Semicolon,
    /// `||`.
    Fallback,
    Slash,
    OpenBracket,
    CloseBracket,
    OpenParenthesis,
    CloseParenthesis,
}

/// Splits a text into tokens. White space separates tokens; letter case does not matter.
///
/// # Errors
/// [`SyntaxError`] for a character or word outside the syntax.
pub fn tokens(text: &str) -> Result<Vec<Token>, SyntaxError> {
    let mut list = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let start = text.len() - rest.len();
        let error = |why: String| SyntaxError { start, why };
        let (kind, length) = match c {
            c if c.is_whitespace() => {
                rest = &rest[c.len_utf8()..];
                continue;
            }
            '0'..='9' => number(rest).map_err(error)?,
            '"' => (Kind::Comment, comment(rest).map_err(error)?),
            '|' if rest.starts_with("||") => (Kind::Fallback, 2),
            '.' if rest[1..].trim().is_empty() => {
                rest = "";
                continue;
            }
            c if c.is_alphabetic() => word(rest).map_err(error)?,
            c => (sign(c).map_err(error)?, c.len_utf8()),
        };
        list.push(Token { kind, start });
        rest = &rest[length..];
    }
    Ok(list)
}

fn number(rest: &str) -> Result<(Kind, usize), String> {
    if rest.starts_with("24/7") && !rest[4..].starts_with(|c: char| c.is_ascii_digit()) {
        return Ok((Kind::Always, 4));
    }
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    match rest[..digits].parse() {
        Ok(value) if digits <= 4 => Ok((Kind::Number { value, digits }, digits)),
        _ => Err("a number has at most four digits".into()),
    }
}

/// Returns the length of a comment with its quotes.
fn comment(rest: &str) -> Result<usize, String> {
    match rest[1..].find('"') {
        None => Err("the comment has no closing quote (\")".into()),
        Some(0) => Err("the comment is empty".into()),
        Some(end) => Ok(end + 2),
    }
}

fn word(rest: &str) -> Result<(Kind, usize), String> {
    let length = rest.find(|c: char| !c.is_alphabetic()).unwrap_or(rest.len());
    let word = &rest[..length];
    let lower = word.to_lowercase();
    // A full name, or an abbreviation of at least `shortest` letters.
    let abbreviates = |name: &str, shortest: usize| lower.len() >= shortest && name.starts_with(&lower);
    let days = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    let months = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let kind = match lower.as_str() {
        "ph" => Kind::Holiday(HolidayKind::Public),
        "sh" => Kind::Holiday(HolidayKind::School),
        "week" => Kind::Week,
        "easter" => Kind::Easter,
        "day" | "days" => Kind::Days,
        "dawn" => Kind::Sun(SunEvent::Dawn),
        "sunrise" => Kind::Sun(SunEvent::Sunrise),
        "sunset" => Kind::Sun(SunEvent::Sunset),
        "dusk" => Kind::Sun(SunEvent::Dusk),
        "open" => Kind::State(OpenState::Open),
        "off" | "closed" => Kind::State(OpenState::Closed),
        "unknown" => Kind::State(OpenState::Unknown),
        _ => {
            let day = days.iter().position(|name| abbreviates(name, 2)).and_then(|i| Weekday::try_from(i as u8).ok());
            let month = months.iter().position(|name| abbreviates(name, 3)).map(|i| i as u8 + 1);
            match (day, month) {
                (Some(day), _) => Kind::Weekday(day),
                (None, Some(month)) => Kind::Month(month),
                (None, None) => {
                    return Err(format!(
                        "\"{word}\" is not a word of the syntax; days are Mo to Su, months Jan to Dec, and comments go in double quotes"
                    ));
                }
            }
        }
    };
    Ok((kind, length))
}

fn sign(c: char) -> Result<Kind, String> {
    let instead = match c {
        '-' => return Ok(Kind::Minus),
        '+' => return Ok(Kind::Plus),
        ':' => return Ok(Kind::Colon),
        ',' => return Ok(Kind::Comma),
        ';' => return Ok(Kind::Semicolon),
        '/' => return Ok(Kind::Slash),
        '[' => return Ok(Kind::OpenBracket),
        ']' => return Ok(Kind::CloseBracket),
        '(' => return Ok(Kind::OpenParenthesis),
        ')' => return Ok(Kind::CloseParenthesis),
        '.' => return Err("hours and minutes are separated by a colon, such as 09:00".into()),
        '–' | '—' | '‐' | '‑' | '−' | '－' | '～' | '~' => "-",
        '，' | '、' => ",",
        '；' => ";",
        '：' => ":",
        '“' | '”' | '„' | '‘' | '’' | '「' | '」' | '\'' => "\"",
        '（' => "(",
        '）' => ")",
        '|' | '｜' => "||",
        _ => return Err(format!("\"{c}\" is not part of the syntax")),
    };
    Err(format!("\"{c}\" is not part of the syntax; write {instead}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<Kind> {
        tokens(text).unwrap().iter().map(|t| t.kind).collect()
    }

    #[test]
    fn ignores_letter_case_spaces_and_a_final_full_stop() {
        let plain = kinds("Mo-Fr 09:00-18:00; PH off");
        for other in
            ["mo-fr 09:00-18:00;ph OFF", "  MO - FR  09:00 - 18:00 ;  PH Off. ", "Monday-Fri 09:00-18:00; PH closed"]
        {
            assert_eq!(kinds(other), plain, "{other}");
        }
    }

    #[test]
    fn distinguishes_words_with_a_common_prefix() {
        assert_eq!(kinds("su sun sunday sunrise"), {
            let sunday = Kind::Weekday(Weekday::Sun);
            vec![sunday, sunday, sunday, Kind::Sun(SunEvent::Sunrise)]
        });
        assert_eq!(kinds("mar may")[1], Kind::Month(5));
        assert_eq!(kinds("24/7"), [Kind::Always]);
        for invalid in ["Mon.Tue", "by appointment", "12345:00", "\"", "\"\"", "m", "Mo–Fr", "周一", "Mo | Tu"] {
            assert!(tokens(invalid).is_err(), "{invalid}");
        }
    }
}
