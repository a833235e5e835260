//! The tables of the record types: a line per field with its codec, and its columns if they are named differently.

use super::codec::{Code, Codec, Convert, HostIds, Json, LonLat, OptionalText, Plain, Real, Text};
use super::reader::ColumnReader;
use super::record::{Column, TableRecord};
use super::values::Values;
use crate::error::StoreError;
use walkshed_register::{Center, Event, Facility, Offer, Region, Scenario, Service, Standard, Suggestion};

macro_rules! table {
    ($table:literal: $record:ident { $($field:ident: $codec:ident $(=> $($column:literal),+)?;)+ }) => {
        impl TableRecord for $record {
            const TABLE: &'static str = $table;
            const COLUMNS: &'static [Column] = &[
                $(Column { names: table!(@names $field $($($column),+)?), is_real: <$codec as Codec>::IS_REAL }),+
            ];

            fn bind(&self, values: &mut Values) -> Result<(), StoreError> {
                $(<$codec as Convert<_>>::bind(&self.$field, values)?;)+
                Ok(())
            }

            fn read(id: i64, version: i64, row: &mut ColumnReader<'_>) -> Result<Self, StoreError> {
                Ok(Self { id, version, $($field: <$codec as Convert<_>>::read(row)?),+ })
            }
        }
    };
    (@names $field:ident) => { &[stringify!($field)] };
    (@names $field:ident $($column:literal),+) => { &[$($column),+] };
}

table!("center": Center {
    code: Code;
    name: Plain;
    name_en: Plain;
    kind: Text;
    status: Text;
    position: LonLat => "lon", "lat";
    position_quality: Text;
    address: Plain;
    phone: Plain;
    description: Plain;
    floor_area_m2: Real;
    open_share: Real;
    residents_served: Plain;
    groups_served: Json;
    opened_on: OptionalText;
    renovated_on: OptionalText;
    closed_on: OptionalText;
    operating_model: OptionalText;
    operating_note: Plain;
    partners: Json;
    funding: Json;
    step_free: Plain;
    night_entrance: Plain;
    access_note: Plain;
    opening_hours: Plain;
});

table!("facility": Facility {
    external_id: Plain;
    name: Plain;
    name_en: Plain;
    category: Text;
    kind: Plain;
    status: Text;
    position: LonLat => "lon", "lat";
    position_quality: Text;
    address: Plain;
    phone: Plain;
    description: Plain;
    center: Code => "center_code";
    division: Code;
    floor: Plain;
    capacity: Real;
    capacity_unit: Plain;
    floor_area_m2: Real;
    grounds_area_m2: Real;
    audiences: Json;
    step_free: Plain;
    access_note: Plain;
    opened_on: OptionalText;
    closed_on: OptionalText;
    opening_hours: Plain;
});

table!("service": Service {
    key: Plain;
    name: Plain;
    name_en: Plain;
    category: Text;
    audiences: Json;
    fee: OptionalText;
    appointment: Plain;
    description: Plain;
});

table!("offer": Offer {
    service: Plain => "service_id";
    host: HostIds => "center_id", "facility_id";
    opening_hours: Plain;
    item_count: Plain;
    note: Plain;
});

table!("event": Event {
    external_id: Plain;
    name: Plain;
    name_en: Plain;
    description: Plain;
    category: OptionalText;
    host: HostIds => "center_id", "facility_id";
    starts: Text;
    duration_min: Plain;
    rrule: Plain;
    dates: Json;
    except: Json => "except_days";
    audiences: Json;
    services: Json;
    fee: OptionalText;
});

table!("suggestion": Suggestion {
    external_id: Plain;
    center: Plain => "center_id";
    position: LonLat => "lon", "lat";
    place: Plain;
    text: Plain;
    category: OptionalText;
    contact: Plain;
    status: Text;
    answer: Plain;
    done_note: Plain;
    received_at: Text;
    answered_at: OptionalText;
    closed_at: OptionalText;
});

table!("region": Region {
    code: Code;
    name: Plain;
    name_en: Plain;
    outline: Plain;
});

table!("scenario": Scenario {
    key: Plain;
    name: Plain;
    name_en: Plain;
    description: Plain;
    changes: Json;
});

table!("standard": Standard {
    key: Plain;
    name: Plain;
    name_en: Plain;
    source: Plain;
    note: Plain;
    requirements: Json;
});

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;
    use crate::table::with_record_type;
    use std::collections::HashMap;
    use walkshed_register::RecordKind;

    /// Compares the columns and their types with those of the migrated database.
    async fn check<T: TableRecord>(store: &Store) {
        let actual: Vec<(String, String)> = sqlx::query_as("SELECT name, type FROM pragma_table_info(?)")
            .bind(T::TABLE)
            .fetch_all(&store.pool)
            .await
            .unwrap();
        let mut actual: HashMap<String, String> = actual.into_iter().collect();
        for common in ["id", "version", "created_at", "updated_at"] {
            assert!(actual.remove(common).is_some(), "{}.{common}", T::TABLE);
        }
        for column in T::COLUMNS {
            for name in column.names {
                let column_type = actual.remove(*name).unwrap_or_else(|| panic!("{}.{name}", T::TABLE));
                assert_eq!(column.is_real, column_type == "REAL", "{}.{name} is {column_type}", T::TABLE);
            }
        }
        assert!(actual.is_empty(), "{} also has {actual:?}", T::TABLE);
    }

    #[tokio::test]
    async fn columns_match_the_database() {
        let store = Store::open("sqlite::memory:").await.unwrap();
        let mut checked = 0;
        for &kind in RecordKind::ALL {
            checked += usize::from(with_record_type!(kind, T => check::<T>(&store).await).is_some());
        }
        assert_eq!(checked, 9);
    }
}
