//! Scalars and number lists of the API. Large results are returned as prepared JSON or flat lists, because resolving a
//! field of an object takes almost a microsecond.

use super::budget::MemoryBudget;
use async_graphql::registry::Registry;
use async_graphql::{
    ContextSelectionSet, Error, InputType, InputValueError, InputValueResult, OutputType, Pos, Positioned, Scalar,
    ScalarType, ServerResult, Value, parser::types::Field,
};
use async_graphql_value::{Name, RAW_VALUE_TOKEN, indexmap::IndexMap};
use h3o::CellIndex;
use std::borrow::Cow;
use std::cell::RefCell;
use std::sync::Arc;
use walkshed_engine::geo::parse_cell;
use walkshed_register::{TimeError, TimeInput};

/// GeoJSON in a response, as text that is written unchanged.
#[derive(Debug, Clone)]
pub struct GeoJson(pub String);

/// GeoJSON in an input, as text.
#[derive(Debug, Clone)]
pub struct GeoJsonInput(pub String);

/// A GeoJSON (RFC 7946) geometry, feature or feature collection in WGS-84: longitude first, then latitude, in degrees.
#[Scalar(name = "GeoJSON", specified_by_url = "https://www.rfc-editor.org/rfc/rfc7946")]
impl ScalarType for GeoJsonInput {
    fn parse(value: Value) -> InputValueResult<Self> {
        match value {
            Value::Object(_) => Ok(Self(value.into_json()?.to_string())),
            other => Err(InputValueError::expected_type(other)),
        }
    }

    fn is_valid(value: &Value) -> bool {
        matches!(value, Value::Object(_))
    }

    fn to_value(&self) -> Value {
        raw(self.0.clone())
    }
}

/// JSON in a response, as text that is written unchanged.
#[derive(Debug, Clone)]
pub struct Json(pub String);

/// JSON in an input.
#[derive(Debug, Clone)]
pub struct JsonInput(pub serde_json::Value);

/// Any JSON value.
#[Scalar(name = "JSON", specified_by_url = "https://www.rfc-editor.org/rfc/rfc8259")]
impl ScalarType for JsonInput {
    fn parse(value: Value) -> InputValueResult<Self> {
        Ok(Self(value.into_json()?))
    }

    fn to_value(&self) -> Value {
        Value::from_json(self.0.clone()).unwrap_or_default()
    }
}

/// Text that may be long, such as a description.
#[derive(Debug, Clone, Copy)]
pub struct Text<'a>(pub &'a str);

/// Wraps JSON text that is written to the response unchanged.
pub fn raw(text: String) -> Value {
    Value::Object(IndexMap::from([(Name::new(RAW_VALUE_TOKEN), Value::String(text))]))
}

/// Implements `OutputType` for prepared JSON. The caller charges its bytes to the budget before creating it.
macro_rules! written_json {
    ($text:ty, $as:ty) => {
        impl OutputType for $text {
            fn type_name() -> Cow<'static, str> {
                <$as as OutputType>::type_name()
            }

            fn create_type_info(registry: &mut Registry) -> String {
                <$as as OutputType>::create_type_info(registry)
            }

            async fn resolve(&self, _: &ContextSelectionSet<'_>, _: &Positioned<Field>) -> ServerResult<Value> {
                Ok(raw(self.0.clone()))
            }
        }
    };
}

written_json!(GeoJson, GeoJsonInput);
written_json!(Json, JsonInput);

impl OutputType for Text<'_> {
    fn type_name() -> Cow<'static, str> {
        <String as OutputType>::type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        <String as OutputType>::create_type_info(registry)
    }

    /// Charges the bytes to the budget before copying the text.
    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        if let Some(budget) = ctx.data_opt::<Arc<MemoryBudget>>() {
            let full = |full| ctx.set_error_path(Error::from(full).into_server_error(field.pos));
            budget.charge(self.0.len()).map_err(full)?;
        }
        Ok(Value::String(self.0.to_owned()))
    }
}

thread_local! {
    /// Reasons why scalar values were rejected during validation of the current request, with the name of the scalar.
    /// The library only asks whether a value is valid, and its error contains neither value nor reason. Validation runs
    /// on one thread from start to end.
    static REFUSED: RefCell<Vec<(Cow<'static, str>, String)>> = const { RefCell::new(Vec::new()) };
}

/// Maximum number of reasons kept for one request.
const MAX_REJECTED: usize = 100;

/// Returns whether a value is valid for a scalar, and records the reason if not.
fn accepts<T: ScalarType + InputType>(value: &Value) -> bool {
    let Err(error) = <T as ScalarType>::parse(value.clone()) else { return true };
    let name = <T as InputType>::type_name();
    let why = error.into_server_error(Pos::default()).message;
    let why = why.split_once(": ").map_or(why.as_str(), |(_, why)| why).chars().take(200).collect();
    REFUSED.with_borrow_mut(|refused| {
        if refused.len() < MAX_REJECTED {
            refused.push((name, why));
        }
    });
    false
}

/// Clears the recorded reasons.
pub fn clear_rejections() {
    REFUSED.with_borrow_mut(Vec::clear);
}

/// Adds the recorded reason to the error message of an invalid argument.
pub fn append_rejection_reason(message: &mut String) {
    let Some(name) = message.rsplit_once("expected type \"").map(|(_, name)| name.trim_end_matches(['"', '!'])) else {
        return;
    };
    let why = REFUSED.with_borrow_mut(|refused| {
        let at = refused.iter().position(|(of, _)| of == name)?;
        Some(refused.remove(at).1)
    });
    if let Some(why) = why {
        *message += ": ";
        *message += &why;
    }
}

/// An H3 cell as 15 hexadecimal digits, such as "89a901291abffff".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct H3Cell(pub CellIndex);

/// An H3 cell as 15 hexadecimal digits, such as "89a901291abffff".
#[Scalar(name = "H3Cell", specified_by_url = "https://h3geo.org/docs/core-library/h3Indexing/")]
impl ScalarType for H3Cell {
    fn parse(value: Value) -> InputValueResult<Self> {
        match &value {
            Value::String(text) => parse_cell(text).map(Self).map_err(|e| InputValueError::custom(e.to_string())),
            _ => Err(InputValueError::expected_type(value)),
        }
    }

    fn is_valid(value: &Value) -> bool {
        accepts::<Self>(value)
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

/// A point in time as RFC 3339, such as "2026-11-23T08:00:00Z" or "2026-11-23T16:00:00+08:00". Values in responses are
/// in UTC, except `nextChange`, which is in the city's time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DateTime(pub jiff::Timestamp);

/// A point in time as RFC 3339, such as "2026-11-23T08:00:00Z" or "2026-11-23T16:00:00+08:00". Values in responses are
/// in UTC, except `nextChange`, which is in the city's time zone.
#[Scalar(name = "DateTime", specified_by_url = "https://www.rfc-editor.org/rfc/rfc3339")]
impl ScalarType for DateTime {
    fn parse(value: Value) -> InputValueResult<Self> {
        match &value {
            Value::String(text) => text.parse().map(Self).map_err(|_| {
                InputValueError::custom(format!("\"{text}\" is not a moment such as 2026-11-23T08:00:00Z"))
            }),
            _ => Err(InputValueError::expected_type(value)),
        }
    }

    fn is_valid(value: &Value) -> bool {
        accepts::<Self>(value)
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

/// A `DateTime` in the city's time zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CityTime(pub String);

impl OutputType for CityTime {
    fn type_name() -> Cow<'static, str> {
        <DateTime as OutputType>::type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        <DateTime as OutputType>::create_type_info(registry)
    }

    async fn resolve(&self, _: &ContextSelectionSet<'_>, _: &Positioned<Field>) -> ServerResult<Value> {
        Ok(Value::String(self.0.clone()))
    }
}

/// `[Float!]!`, resolved in one step.
#[derive(Debug, Clone, PartialEq)]
pub struct Numbers(pub Vec<f64>);

/// `[[Float]!]!`, resolved in one step; `None` is null.
#[derive(Debug, Clone, PartialEq)]
pub struct NumberRows(pub Vec<Vec<Option<f64>>>);

/// `[Float]!`, resolved in one step; `None` is null.
#[derive(Debug, Clone, PartialEq)]
pub struct OptionalNumbers(pub Vec<Option<f64>>);

/// `[H3Cell!]!`, resolved in one step.
#[derive(Debug, Clone, PartialEq)]
pub struct Cells(pub Vec<CellIndex>);

fn number(n: f64) -> Value {
    Value::from(n)
}

/// Implements a list type whose items need no resolution of fields.
macro_rules! flat_list {
    ($list:ty, $item:ty, $name:literal, $qualified:literal, |$this:ident| $value:expr) => {
        impl OutputType for $list {
            fn type_name() -> Cow<'static, str> {
                Cow::Borrowed($name)
            }

            fn qualified_type_name() -> String {
                $qualified.to_owned()
            }

            fn create_type_info(registry: &mut Registry) -> String {
                <$item as OutputType>::create_type_info(registry);
                Self::qualified_type_name()
            }

            async fn resolve(&self, _: &ContextSelectionSet<'_>, _: &Positioned<Field>) -> ServerResult<Value> {
                let $this = self;
                Ok($value)
            }
        }
    };
}

flat_list!(Numbers, f64, "[Float!]", "[Float!]!", |list| Value::List(list.0.iter().map(|&n| number(n)).collect()));
flat_list!(OptionalNumbers, f64, "[Float]", "[Float]!", |list| Value::List(
    list.0.iter().map(|n| n.map_or(Value::Null, number)).collect()
));
flat_list!(NumberRows, f64, "[[Float]!]", "[[Float]!]!", |rows| Value::List(
    rows.0.iter().map(|row| Value::List(row.iter().map(|n| n.map_or(Value::Null, number)).collect())).collect()
));
flat_list!(Cells, H3Cell, "[H3Cell!]", "[H3Cell!]!", |list| Value::List(
    list.0.iter().map(|cell| Value::String(cell.to_string())).collect()
));

/// A date as ISO 8601, such as "2026-11-25".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day(pub jiff::civil::Date);

/// A date as ISO 8601, such as "2026-11-25".
#[Scalar(name = "Date", specified_by_url = "https://www.rfc-editor.org/rfc/rfc3339#section-5.6")]
impl ScalarType for Day {
    fn parse(value: Value) -> InputValueResult<Self> {
        match &value {
            Value::String(text) => match text.parse() {
                // A time is an error, rather than being dropped silently.
                Ok(TimeInput::Day(day)) => Ok(Self(day)),
                Ok(_) => Err(invalid_form(text, "2026-11-25: a day has no time")),
                Err(_) => Err(invalid_form(text, "2026-11-25")),
            },
            _ => Err(InputValueError::expected_type(value)),
        }
    }

    fn is_valid(value: &Value) -> bool {
        accepts::<Self>(value)
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

/// A time in the city's local time, such as "2026-11-25T09:00:00". A value with an offset, `Z` or a time zone
/// ("2026-11-25T01:00:00Z", "2026-11-25T09:00:00+08:00[Asia/Shanghai]") is converted to local time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocalDateTime(pub TimeInput);

impl From<jiff::civil::DateTime> for LocalDateTime {
    fn from(local: jiff::civil::DateTime) -> Self {
        Self(TimeInput::Local(local))
    }
}

/// A time in the city's local time, such as "2026-11-25T09:00:00". A value with an offset, `Z` or a time zone
/// ("2026-11-25T01:00:00Z", "2026-11-25T09:00:00+08:00[Asia/Shanghai]") is converted to local time.
#[Scalar(name = "LocalDateTime", specified_by_url = "https://www.rfc-editor.org/rfc/rfc9557")]
impl ScalarType for LocalDateTime {
    fn parse(value: Value) -> InputValueResult<Self> {
        match &value {
            Value::String(text) => text.parse().map(Self).map_err(|e: TimeError| InputValueError::custom(e)),
            _ => Err(InputValueError::expected_type(value)),
        }
    }

    fn is_valid(value: &Value) -> bool {
        accepts::<Self>(value)
    }

    fn to_value(&self) -> Value {
        Value::String(match self.0 {
            TimeInput::Day(day) => day.at(0, 0, 0, 0).to_string(),
            TimeInput::Local(local) => local.to_string(),
            TimeInput::Moment(moment) => moment.to_string(),
        })
    }
}

fn invalid_form<T>(text: &str, form: &str) -> InputValueError<T>
where
    T: InputType,
{
    let short: String = text.chars().take(80).collect();
    InputValueError::custom(format!("\"{short}\" is not of the form {form}"))
}

/// A date known to the day, month or year: "2025-04-12", "2025-04" or "2025".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartialDate(pub walkshed_register::PartialDate);

/// A date known to the day, month or year: "2025-04-12", "2025-04" or "2025".
#[Scalar(name = "PartialDate", specified_by_url = "https://www.loc.gov/standards/datetime/")]
impl ScalarType for PartialDate {
    fn parse(value: Value) -> InputValueResult<Self> {
        match &value {
            Value::String(text) => {
                text.parse().map(Self).map_err(|_| invalid_form(text, "2025-04-12, 2025-04 or 2025"))
            }
            _ => Err(InputValueError::expected_type(value)),
        }
    }

    fn is_valid(value: &Value) -> bool {
        accepts::<Self>(value)
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}
