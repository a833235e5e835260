//! Parses tokens into rules. The grammar is that of the OpenStreetMap wiki (Key:opening_hours/specification, version 0.7.4).
//! Ambiguous input is parsed as by opening_hours.js 3, or rejected.

use super::error::SyntaxError;
use super::lexer::{Kind, Token, tokens};
use super::rule::{Combination, DaySelector, Rule, Span, YearRange};
use super::state::OpenState;

/// Four-digit numbers from here on are years.
const FIRST_YEAR: u16 = 1900;
pub type Result<T> = std::result::Result<T, SyntaxError>;

/// Parses the rules of a text.
///
/// # Errors
/// [`SyntaxError`] for the first invalid part.
pub fn rules(text: &str) -> Result<Vec<Rule>> {
    let mut parser = Parser { tokens: tokens(text)?, at: 0, end: text.len() };
    let mut rules: Vec<Rule> = Vec::new();
    let mut combination = Combination::Replaces;
    loop {
        while parser.take(Kind::Semicolon) {
            combination = Combination::Replaces;
        }
        if parser.kind().is_none() {
            break;
        }
        if parser.kind() == Some(Kind::Fallback) {
            return parser.fail("there is no rule before ||");
        }
        rules.push(parser.rule(combination)?);
        combination = match parser.kind() {
            Some(Kind::Fallback) => {
                parser.at += 1;
                if matches!(parser.kind(), None | Some(Kind::Semicolon | Kind::Fallback)) {
                    return parser.fail("there is no rule after ||");
                }
                Combination::Fallback
            }
            Some(Kind::Comma) => {
                parser.at += 1;
                if combination == Combination::Fallback { combination } else { Combination::Adds }
            }
            _ => Combination::Replaces,
        };
    }
    if rules.is_empty() { parser.fail("there are no hours") } else { Ok(rules) }
}

/// The tokens and the current position. `days` and `times` parse the selectors.
pub struct Parser {
    pub tokens: Vec<Token>,
    pub at: usize,
    /// Length of the text.
    end: usize,
}

impl Parser {
    /// Returns the kind of the token `n` positions ahead.
    pub fn ahead(&self, n: usize) -> Option<Kind> {
        self.tokens.get(self.at + n).map(|t| t.kind)
    }

    /// Returns the kind of the current token.
    pub fn kind(&self) -> Option<Kind> {
        self.ahead(0)
    }

    /// Consumes the current token if it is of a kind. Returns whether it was.
    pub fn take(&mut self, kind: Kind) -> bool {
        let found = self.kind() == Some(kind);
        self.at += usize::from(found);
        found
    }

    /// Returns an error at the current token.
    pub fn fail<T>(&self, why: impl Into<String>) -> Result<T> {
        let start = self.tokens.get(self.at).map_or(self.end, |t| t.start);
        Err(SyntaxError { start, why: why.into() })
    }

    /// Returns the number `n` positions ahead.
    pub fn number_ahead(&self, n: usize) -> Option<u16> {
        match self.ahead(n) {
            Some(Kind::Number { value, .. }) => Some(value),
            _ => None,
        }
    }

    /// Returns the year `n` positions ahead.
    pub fn year_ahead(&self, n: usize) -> Option<i32> {
        match self.ahead(n) {
            Some(Kind::Number { value, digits: 4 }) if value >= FIRST_YEAR => Some(value.into()),
            _ => None,
        }
    }

    /// Returns whether a clock time such as `9:00` follows.
    pub fn is_clock_ahead(&self, n: usize) -> bool {
        matches!(
            (self.ahead(n), self.ahead(n + 1), self.ahead(n + 2)),
            (Some(Kind::Number { digits: 1 | 2, .. }), Some(Kind::Colon), Some(Kind::Number { digits: 2, .. }))
        )
    }

    /// Returns whether a day of the month follows. `25` in `Dec 25: 10:00-12:00` is one, `10` in `Dec 10:00-12:00` is not.
    pub fn is_day_ahead(&self, n: usize) -> bool {
        let Some(Kind::Number { digits: 1 | 2, .. }) = self.ahead(n) else { return false };
        !self.is_clock_ahead(n) || self.ahead(n + 3) == Some(Kind::Colon)
    }

    /// Returns whether a clock time or sun time follows.
    pub fn is_time_ahead(&self, n: usize) -> bool {
        self.is_clock_ahead(n) || matches!(self.ahead(n), Some(Kind::Sun(_) | Kind::OpenParenthesis))
    }

    /// Parses one rule, up to the separator of the next.
    fn rule(&mut self, combination: Combination) -> Result<Rule> {
        let mut days = DaySelector::default();
        let mut times: Option<Vec<Span>> = None;
        let mut state: Option<OpenState> = None;
        let mut has_comment = false;
        if self.kind() == Some(Kind::Comment) && self.ahead(1) == Some(Kind::Colon) {
            has_comment = true;
            self.at += 2;
        }
        let first = self.at;
        let mut are_years_after_weekdays = false;
        if let Some(Kind::State(given)) = self.kind() {
            state = Some(given);
            self.at += 1;
        }
        while let Some(kind) = self.kind() {
            match kind {
                Kind::Semicolon | Kind::Fallback => break,
                // A comma ends a rule only after its times or state. After days it continues the list of days, or is an error.
                Kind::Comma if times.is_some() || (state.is_some() && days.is_every_day()) => break,
                Kind::Comma => {
                    return self.fail(if self.is_time_ahead(1) {
                        "no comma is allowed between days and times: write \"Mo-Fr 09:00-18:00\""
                    } else {
                        "a comma after a list of days must be followed by another day of the same kind; write ; or hours before it"
                    });
                }
                Kind::Weekday(_) | Kind::Holiday(_) => self.weekdays(&mut days)?,
                Kind::Number { .. } if self.is_clock_ahead(0) => self.times_once(&mut times)?,
                Kind::Sun(_) | Kind::OpenParenthesis | Kind::Always => self.times_once(&mut times)?,
                Kind::Number { .. } if self.year_ahead(0).is_some() => {
                    are_years_after_weekdays |= !days.weekdays.is_empty();
                    self.years_or_dates(&mut days)?;
                }
                Kind::Number { .. } => {
                    return self.fail("write times with hours and minutes, such as 09:00-17:00");
                }
                Kind::Month(_) | Kind::Easter => self.dates_once(&mut days)?,
                Kind::Week => {
                    self.once(days.weeks.is_empty(), "weeks")?;
                    self.weeks(&mut days.weeks)?;
                }
                Kind::State(given) => {
                    self.once(state.is_none(), "open, closed or unknown")?;
                    state = Some(given);
                    self.at += 1;
                    self.ends_after_state(&mut has_comment)?;
                    break;
                }
                Kind::Comment => {
                    self.ends_after_state(&mut has_comment)?;
                    break;
                }
                Kind::Slash => return self.fail("intervals (/) are points in time, not opening hours"),
                Kind::Colon if self.at > first && times.is_none() => {
                    self.at += 1;
                    if matches!(self.kind(), None | Some(Kind::Semicolon | Kind::Comma | Kind::Fallback)) {
                        return self.fail("hours are expected after :");
                    }
                }
                _ => return self.fail("this is not expected here"),
            }
        }
        if times.is_none() && state.is_none() && !has_comment && may_be_hours(&days, are_years_after_weekdays) {
            self.at = first;
            return self.fail(
                "this may be years or hours: write hours with a colon, such as 19:00-20:30, or add open after years",
            );
        }
        // A rule with only a comment has the state unknown.
        let state = state.unwrap_or(if has_comment { OpenState::Unknown } else { OpenState::Open });
        Ok(Rule { days, times: times.unwrap_or_default(), state, combination })
    }

    /// Parses an optional comment, after which the rule must end.
    fn ends_after_state(&mut self, has_comment: &mut bool) -> Result<()> {
        *has_comment |= self.take(Kind::Comment);
        match self.kind() {
            None | Some(Kind::Semicolon | Kind::Comma | Kind::Fallback) => Ok(()),
            Some(_) => self.fail("write ; before the next rule"),
        }
    }

    /// Fails if a selector occurs twice in a rule: the second one starts a new rule without a separator.
    pub fn once(&self, is_first: bool, what: &str) -> Result<()> {
        if is_first {
            return Ok(());
        }
        self.fail(format!("the rule already has {what}: write a comma to continue a list, or ; before the next rule"))
    }

    fn times_once(&mut self, times: &mut Option<Vec<Span>>) -> Result<()> {
        self.once(times.is_none(), "hours")?;
        *times = Some(if self.take(Kind::Always) { Vec::new() } else { self.times()? });
        Ok(())
    }
}

/// Returns whether the years of a rule without hours are most likely hours without colons, such as `1900-2100`.
fn may_be_hours(days: &DaySelector, are_years_after_weekdays: bool) -> bool {
    let is_range = |years: &&YearRange| years.from < years.to && years.to < i32::MAX;
    let mut ranges = days.years.iter().filter(is_range);
    let is_alone = DaySelector { years: Vec::new(), ..days.clone() }.is_every_day();
    are_years_after_weekdays || ranges.any(|years| is_alone || years.from < 2000 || years.to >= 2100)
}
