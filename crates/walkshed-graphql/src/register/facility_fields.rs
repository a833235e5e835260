//! The plain fields of facilities: see [`crate::plain`].

use super::{Facility, id_of};
use crate::enums::{Audience, PositionQuality, Status};
use crate::plain::{Columns, Plain, Selections, Write, enumerated, optional_text, text, value};
use crate::types::{Category, PositionObject};
use async_graphql::parser::types::Field;

impl Plain for Facility {
    const TYPE: &'static str = "Facility";

    fn field(field: &Field, selections: &Selections<'_>) -> Option<Write<Self>> {
        Some(match field.name.node.as_str() {
            "id" => Box::new(|f, out| text(out, &id_of(f.row()))),
            "version" => Box::new(|f, out| value(out, f.row().version)),
            "externalId" => Box::new(|f, out| text(out, &f.row().external_id)),
            "name" => Box::new(|f, out| text(out, &f.row().name)),
            "nameEn" => Box::new(|f, out| optional_text(out, f.row().name_en.as_deref())),
            "category" => Box::new(|f, out| enumerated(out, Category::from(f.row().category))),
            "kind" => Box::new(|f, out| optional_text(out, f.row().kind.as_deref())),
            "status" => Box::new(|f, out| enumerated(out, Status::from(f.row().status))),
            "position" => {
                let columns: Columns<PositionObject> = selections.columns(&field.selection_set.node)?;
                Box::new(move |f, out| columns.write(&f.row().position.into(), out))
            }
            "positionQuality" => Box::new(|f, out| enumerated(out, PositionQuality::from(f.row().position_quality))),
            "address" => Box::new(|f, out| optional_text(out, f.row().address.as_deref())),
            "phone" => Box::new(|f, out| optional_text(out, f.row().phone.as_deref())),
            "division" => Box::new(|f, out| optional_text(out, f.world.register.division_of(f.row()))),
            "floor" => Box::new(|f, out| optional_text(out, f.row().floor.as_deref())),
            "capacity" => Box::new(|f, out| value(out, f.row().capacity)),
            "capacityUnit" => Box::new(|f, out| optional_text(out, f.row().capacity_unit.as_deref())),
            "floorAreaM2" => Box::new(|f, out| value(out, f.row().floor_area_m2)),
            "groundsAreaM2" => Box::new(|f, out| value(out, f.row().grounds_area_m2)),
            "audiences" => Box::new(|f, out| {
                out.push(b'[');
                for (i, &audience) in f.row().audiences.iter().enumerate() {
                    if i > 0 {
                        out.push(b',');
                    }
                    enumerated(out, Audience::from(audience));
                }
                out.push(b']');
            }),
            "stepFree" => Box::new(|f, out| value(out, f.row().step_free)),
            "openingHours" => Box::new(|f, out| optional_text(out, f.row().opening_hours.as_deref())),
            _ => return None,
        })
    }
}

impl Plain for PositionObject {
    const TYPE: &'static str = "Position";

    fn field(field: &Field, _: &Selections<'_>) -> Option<Write<Self>> {
        Some(match field.name.node.as_str() {
            "lon" => Box::new(|p, out| value(out, p.lon)),
            "lat" => Box::new(|p, out| value(out, p.lat)),
            _ => return None,
        })
    }
}
