//! Reads rows of centers, facilities and regions.

use super::fields::{entries, number, parts, share, whole, word, words, yes_or_no};
use super::{Column, Reader, Row};
use walkshed_register::{Center, DivisionCode, Facility, FundingShare, GroupServed, Partner, Region, RegionCode};

impl Reader<'_> {
    /// Reads a center; `None` if the row is rejected.
    pub fn center(&mut self, row: &Row) -> Option<Center> {
        self.readable(row)?;
        let code = self.value(row, Column::Code, |text| DivisionCode::new(text).map_err(|e| e.to_string()))?;
        let (name, position) = (self.text(row, Column::Name)?, self.position(row)?);
        let current = self.rules.register.centers.find(code.as_str()).cloned();
        let mut c = match current {
            Some(current) => Center { name, position, ..(*current).clone() },
            None => Center::new(code, name, position),
        };
        self.set_text(row, Column::NameEn, &mut c.name_en)?;
        self.set_always(row, Column::Kind, &mut c.kind, word)?;
        self.set_always(row, Column::Status, &mut c.status, word)?;
        self.set_always(row, Column::PositionQuality, &mut c.position_quality, word)?;
        self.set_text(row, Column::Address, &mut c.address)?;
        self.set_text(row, Column::Phone, &mut c.phone)?;
        self.set_text(row, Column::Description, &mut c.description)?;
        self.set(row, Column::FloorArea, &mut c.floor_area_m2, number)?;
        self.set(row, Column::OpenShare, &mut c.open_share, share)?;
        self.set(row, Column::ResidentsServed, &mut c.residents_served, whole)?;
        self.set_list(row, Column::GroupsServed, &mut c.groups_served, read_groups)?;
        self.set(row, Column::OpenedOn, &mut c.opened_on, word)?;
        self.set(row, Column::RenovatedOn, &mut c.renovated_on, word)?;
        self.set(row, Column::ClosedOn, &mut c.closed_on, word)?;
        self.set(row, Column::OperatingModel, &mut c.operating_model, word)?;
        self.set_text(row, Column::OperatingNote, &mut c.operating_note)?;
        self.set_list(row, Column::Partners, &mut c.partners, read_partners)?;
        self.set_list(row, Column::Funding, &mut c.funding, read_funding)?;
        self.set(row, Column::StepFree, &mut c.step_free, yes_or_no)?;
        self.set(row, Column::NightEntrance, &mut c.night_entrance, yes_or_no)?;
        self.set_text(row, Column::AccessNote, &mut c.access_note)?;
        self.set_text(row, Column::OpeningHours, &mut c.opening_hours)?;
        let c = self.valid(row, c)?;
        self.once(row, Column::Code, c.code.as_str())?;
        Some(c)
    }

    /// Reads a facility; `None` if the row is rejected.
    pub fn facility(&mut self, row: &Row) -> Option<Facility> {
        self.readable(row)?;
        let id = row.get(Column::Id).map(str::to_owned);
        let Some(name) = row.get(Column::Name).map(str::to_owned).or_else(|| id.clone().filter(|_| !self.has_names))
        else {
            return self.refuse(row, Column::Name, "is missing");
        };
        let kinds = self.rules.kinds;
        let kind = match row.get(Column::Kind).map(|text| kinds.find(text).ok_or_else(|| kinds.unknown(text))) {
            None => None,
            Some(Ok(kind)) => Some(kind),
            Some(Err(why)) => return self.refuse(row, Column::Kind, why),
        };
        let known = id.as_deref().and_then(|id| self.rules.register.facilities.find(id)).cloned();
        let category = self.category(row, kind.map(|k| k.category), known.as_ref().map(|k| k.category))?;
        let position = self.position(row)?;
        // A facility without an id is identified by its name, position and category.
        let external_id =
            id.unwrap_or_else(|| format!("{name}@{:.6},{:.6}/{category}", position.lon(), position.lat()));
        let known = known.or_else(|| self.rules.register.facilities.find(&external_id).cloned());
        let mut f = match known {
            Some(known) => Facility { name, category, position, ..(*known).clone() },
            None => Facility::new(external_id, name, category, position),
        };
        if row.has(Column::Kind) {
            f.kind = kind.map(|k| k.key.clone());
        }
        self.set_text(row, Column::NameEn, &mut f.name_en)?;
        self.set_always(row, Column::Status, &mut f.status, word)?;
        self.set_always(row, Column::PositionQuality, &mut f.position_quality, word)?;
        self.set_text(row, Column::Address, &mut f.address)?;
        self.set_text(row, Column::Phone, &mut f.phone)?;
        self.set_text(row, Column::Description, &mut f.description)?;
        self.set_code(row, Column::Center, &mut f.center)?;
        self.set_code(row, Column::Division, &mut f.division)?;
        self.set_text(row, Column::Floor, &mut f.floor)?;
        self.set(row, Column::Capacity, &mut f.capacity, number)?;
        self.set_text(row, Column::CapacityUnit, &mut f.capacity_unit)?;
        self.set(row, Column::FloorArea, &mut f.floor_area_m2, number)?;
        self.set(row, Column::GroundsArea, &mut f.grounds_area_m2, number)?;
        self.set_list(row, Column::Audiences, &mut f.audiences, words)?;
        self.set(row, Column::StepFree, &mut f.step_free, yes_or_no)?;
        self.set_text(row, Column::AccessNote, &mut f.access_note)?;
        self.set(row, Column::OpenedOn, &mut f.opened_on, word)?;
        self.set(row, Column::ClosedOn, &mut f.closed_on, word)?;
        self.set_text(row, Column::OpeningHours, &mut f.opening_hours)?;
        let f = self.valid(row, f)?;
        self.once(row, Column::Id, &f.external_id)?;
        Some(f)
    }

    /// Reads a region, and its town if the row has town columns, as tables of divisions do.
    pub fn regions(&mut self, row: &Row) -> Vec<Region> {
        let mut list = Vec::new();
        if self.readable(row).is_none() {
            return list;
        }
        if let Some(region) = self.region(row, Column::Code, Column::Name) {
            if self.once(row, Column::Code, region.code.as_str()).is_none() {
                return list;
            }
            list.push(region);
        } else {
            return list;
        }
        // The rows of all divisions of a town repeat the town; the first one is enough.
        if let Some(code) = row.get(Column::TownCode)
            && row.get(Column::TownName).is_some()
            && !self.seen.contains_key(code)
            && let Some(town) = self.region(row, Column::TownCode, Column::TownName)
        {
            self.seen.insert(code.to_owned(), row.line);
            list.push(Region { name_en: None, outline: None, ..town });
        }
        list
    }

    fn region(&mut self, row: &Row, code: Column, name: Column) -> Option<Region> {
        let read = |text: &str| RegionCode::new(text).map_err(|e| e.to_string());
        let (code, name) = (self.value(row, code, read)?, self.text(row, name)?);
        let mut r = match self.rules.register.regions.find(code.as_str()).cloned() {
            Some(known) => Region { name, ..(*known).clone() },
            None => Region::new(code, name),
        };
        self.set_text(row, Column::NameEn, &mut r.name_en)?;
        self.set_text(row, Column::Outline, &mut r.outline)?;
        let given = r.outline.take();
        r.set_outline(given);
        self.valid(row, r)
    }
}

fn read_groups(text: &str) -> Result<Vec<GroupServed>, String> {
    let read = |entry: &str| match parts(entry)[..] {
        [audience, people] => Ok(GroupServed { audience: word(audience)?, people: whole(people)? }),
        _ => Err("must be a list such as \"couriers:6000; elderly:800\"".to_owned()),
    };
    entries(text).map(read).collect()
}

fn read_partners(text: &str) -> Result<Vec<Partner>, String> {
    let read = |entry: &str| match parts(entry)[..] {
        [name] => Ok(Partner { name: name.into(), role: None, count: 1 }),
        [name, role] => Ok(Partner { name: name.into(), role: Some(role.into()), count: 1 }),
        [name, role, count] => {
            let role = Some(role.to_owned()).filter(|r| !r.is_empty());
            Ok(Partner { name: name.into(), role, count: whole(count)? })
        }
        _ => Err("must be a list such as \"name:role:count; name:role\"".to_owned()),
    };
    entries(text).map(read).collect()
}

fn read_funding(text: &str) -> Result<Vec<FundingShare>, String> {
    let read = |entry: &str| match parts(entry)[..] {
        [source, amount] => Ok(FundingShare { source: source.into(), share: share(amount)? }),
        _ => Err("must be a list such as \"society:43%; government:57%\"".to_owned()),
    };
    entries(text).map(read).collect()
}
