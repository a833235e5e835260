//! Numbers and texts read back from JSON are exactly those that were stored.

use super::{Field, as_json};
use crate::store::Store;
use crate::table::json_row::FromField;

#[tokio::test]
async fn json_fields_round_trip_exactly() {
    let store = Store::open("sqlite::memory:").await.unwrap();
    let mut bits = 1u64;
    let mut numbers =
        vec![0.0, -0.0, 1.0, 0.1, 106.569, 29.553_000_1, 1e-300, 1e300, f64::MIN_POSITIVE, 123_456_789.123_456_79];
    for _ in 0..4000 {
        bits = bits.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let unit = (bits >> 11) as f64 / (1u64 << 53) as f64;
        numbers.extend([unit * 360.0 - 180.0, unit * 90.0, unit * 1e6]);
    }
    let query = format!("SELECT json_array({}, 'a\"b\n\u{1f}龙', NULL, 7)", as_json("?1", true));
    for number in numbers {
        let text: String =
            sqlx::query_scalar(sqlx::AssertSqlSafe(query.clone())).bind(number).fetch_one(&store.pool).await.unwrap();
        let fields: Vec<Field<'_>> = serde_json::from_str(&text).unwrap();
        let back = <f64 as FromField>::from_field(&fields[0]).unwrap();
        // The sign of zero has no meaning anywhere in the register.
        assert!(back.to_bits() == number.to_bits() || number == 0.0 && back == 0.0, "{number:?} became {back:?}");
        assert_eq!(<&str as FromField>::from_field(&fields[1]), Some("a\"b\n\u{1f}龙"));
        assert_eq!(fields[2..], [Field::Null, Field::Whole(7)]);
    }
}
