//! What a change was about: the records and centers in its event.

use crate::events::ChangedItem;
use walkshed_analysis::world::World;
use walkshed_register::{AnyRecord, DivisionCode, Done, Host, RecordKind, Register};

/// Returns the codes of the centers that were added, changed or removed.
pub fn changed_centers(before: &Register, after: &Register) -> Vec<DivisionCode> {
    let changed = after.centers.iter().filter(|c| before.centers.find(c.code.as_str()) != Some(c));
    let removed = before.centers.iter().filter(|c| after.centers.find(c.code.as_str()).is_none());
    changed.chain(removed).map(|c| c.code.clone()).collect()
}

/// Describes a change. The center of a deleted record is looked up in the world before the change.
pub fn item(done: &Done, before: &World, after: &World) -> Option<ChangedItem> {
    let mut item = bare_item(done, before)?;
    let code = |world: &World| world.register.centers.get(item.center?).map(|c| c.code.clone());
    let mut codes: Vec<DivisionCode> = code(before).into_iter().chain(code(after)).collect();
    codes.dedup();
    item.codes = codes;
    Some(item)
}

fn bare_item(done: &Done, before: &World) -> Option<ChangedItem> {
    let register = &before.register;
    let changed = |kind, id, center, deleted| ChangedItem { kind, id, center, codes: Vec::new(), deleted };
    let of_host = |host: Host| match host {
        Host::Center(id) => Some(id),
        Host::Facility(id) => register.center_of(register.facilities.get(id)?).map(|c| c.id),
    };
    let of_record = |record: &AnyRecord| match record {
        AnyRecord::Center(c) => Some(c.id),
        AnyRecord::Facility(f) => register.center_of(f).map(|c| c.id),
        AnyRecord::Offer(o) => of_host(o.host),
        AnyRecord::Event(e) => of_host(e.host),
        AnyRecord::Suggestion(s) => s.center,
        AnyRecord::Service(_) | AnyRecord::Region(_) | AnyRecord::Scenario(_) | AnyRecord::Standard(_) => None,
    };
    Some(match done {
        Done::Put(record) => changed(record.kind(), record.id(), of_record(record), false),
        Done::Deleted { kind, id } => {
            let center = match kind {
                RecordKind::Center => Some(*id),
                RecordKind::Facility => register.facilities.get(*id).and_then(|f| register.center_of(f)).map(|c| c.id),
                RecordKind::Offer => register.offers.get(*id).and_then(|o| of_host(o.host)),
                RecordKind::Event => register.events.get(*id).and_then(|e| of_host(e.host)),
                RecordKind::Suggestion => register.suggestions.get(*id).and_then(|s| s.center),
                _ => None,
            };
            changed(*kind, *id, center, true)
        }
        Done::Visits(day) => changed(RecordKind::Visits, 0, Some(day.center), false),
        Done::Population { .. } => changed(RecordKind::Population, 0, None, false),
        Done::Unchanged => return None,
    })
}
