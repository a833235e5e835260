//! Scalars and number lists of the API. Large answers travel as prepared JSON or as flat lists, because every field
//! of an object costs the executor most of a microsecond.

use crate::geo::parse_cell;
use crate::registry::{TimeError, WrittenTime};
use async_graphql::registry::Registry;
use async_graphql::{
    ContextSelectionSet, InputValueError, InputValueResult, Json, OutputType, Positioned, Scalar, ScalarType,
    ServerResult, Value, parser::types::Field,
};
use async_graphql_value::{Name, RAW_VALUE_TOKEN, indexmap::IndexMap};
use h3o::CellIndex;
use std::borrow::Cow;

/// A GeoJSON (RFC 7946) geometry, feature or feature collection in WGS-84: longitude first, then latitude, in degrees.
#[derive(Debug, Clone)]
pub struct GeoJson(pub String);

#[Scalar(name = "GeoJSON", specified_by_url = "https://www.rfc-editor.org/rfc/rfc7946")]
impl ScalarType for GeoJson {
    fn parse(value: Value) -> InputValueResult<Self> {
        match value {
            Value::Object(_) => Ok(Self(value.into_json()?.to_string())),
            other => Err(InputValueError::expected_type(other)),
        }
    }

    fn to_value(&self) -> Value {
        raw(self.0.clone())
    }
}

/// An H3 cell as 15 hexadecimal digits, such as "89a901291abffff".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct H3Cell(pub CellIndex);

#[Scalar(name = "H3Cell", specified_by_url = "https://h3geo.org/docs/core-library/h3Indexing/")]
impl ScalarType for H3Cell {
    fn parse(value: Value) -> InputValueResult<Self> {
        match &value {
            Value::String(text) => parse_cell(text).map(Self).map_err(|e| InputValueError::custom(e.to_string())),
            _ => Err(InputValueError::expected_type(value)),
        }
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

/// A moment as RFC 3339, such as "2026-11-23T08:00:00Z" or "2026-11-23T16:00:00+08:00". Answers are in UTC, except for
/// `nextChange`, which is in the city's time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DateTime(pub jiff::Timestamp);

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

/// JSON that was written before, passed on as it is: it is not read and written again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawJson(pub String);

impl OutputType for RawJson {
    fn type_name() -> Cow<'static, str> {
        <Json<serde_json::Value> as OutputType>::type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        <Json<serde_json::Value> as OutputType>::create_type_info(registry)
    }

    async fn resolve(&self, _: &ContextSelectionSet<'_>, _: &Positioned<Field>) -> ServerResult<Value> {
        Ok(raw(self.0.clone()))
    }
}

/// Text that is JSON already.
fn raw(text: String) -> Value {
    Value::Object(IndexMap::from([(Name::new(RAW_VALUE_TOKEN), Value::String(text))]))
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

/// Implements a list type whose items need no field-by-field resolution.
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

/// A day as ISO 8601, such as "2026-11-25".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day(pub jiff::civil::Date);

#[Scalar(name = "Date")]
impl ScalarType for Day {
    fn parse(value: Value) -> InputValueResult<Self> {
        match &value {
            Value::String(text) => match text.parse() {
                // The time of a day would be dropped in silence.
                Ok(WrittenTime::Day(day)) => Ok(Self(day)),
                Ok(_) => Err(not_of_form(text, "2026-11-25: a day has no time")),
                Err(_) => Err(not_of_form(text, "2026-11-25")),
            },
            _ => Err(InputValueError::expected_type(value)),
        }
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

/// A time by the city's clock, such as "2026-11-25T09:00:00". One with an offset, Z or a time zone
/// ("2026-11-25T01:00:00Z", "2026-11-25T09:00:00+08:00[Asia/Shanghai]") is taken to the city's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocalDateTime(pub WrittenTime);

impl From<jiff::civil::DateTime> for LocalDateTime {
    fn from(local: jiff::civil::DateTime) -> Self {
        Self(WrittenTime::Local(local))
    }
}

#[Scalar(name = "LocalDateTime")]
impl ScalarType for LocalDateTime {
    fn parse(value: Value) -> InputValueResult<Self> {
        match &value {
            Value::String(text) => text.parse().map(Self).map_err(|e: TimeError| InputValueError::custom(e)),
            _ => Err(InputValueError::expected_type(value)),
        }
    }

    fn to_value(&self) -> Value {
        Value::String(match self.0 {
            WrittenTime::Day(day) => day.at(0, 0, 0, 0).to_string(),
            WrittenTime::Local(local) => local.to_string(),
            WrittenTime::Moment(moment) => moment.to_string(),
        })
    }
}

fn not_of_form<T>(text: &str, form: &str) -> InputValueError<T>
where
    T: async_graphql::InputType,
{
    let short: String = text.chars().take(80).collect();
    InputValueError::custom(format!("\"{short}\" is not of the form {form}"))
}

/// A day, month or year, as exactly as it is known: "2025-04-12", "2025-04" or "2025".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartialDate(pub crate::registry::PartialDate);

#[Scalar(name = "PartialDate")]
impl ScalarType for PartialDate {
    fn parse(value: Value) -> InputValueResult<Self> {
        match &value {
            Value::String(text) => text.parse().map(Self).map_err(|_| not_of_form(text, "2025-04-12, 2025-04 or 2025")),
            _ => Err(InputValueError::expected_type(value)),
        }
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}
