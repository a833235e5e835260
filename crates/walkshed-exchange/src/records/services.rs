//! Reads rows of services, offers and events.

use super::fields::{day, entries, whole, word, words, yes_or_no};
use super::{Column, Reader, Row};
use walkshed_register::{Event, Offer, Service, TimeInput};

impl Reader<'_> {
    /// Reads a service; `None` if the row is rejected.
    pub fn service(&mut self, row: &Row) -> Option<Service> {
        self.readable(row)?;
        let column =
            if row.get(Column::Key).is_none() && row.get(Column::Id).is_some() { Column::Id } else { Column::Key };
        let (key, name) = (self.text(row, column)?, self.text(row, Column::Name)?);
        let known = self.rules.register.services.find(&key).cloned();
        let category = self.category(row, None, known.as_ref().map(|k| k.category))?;
        let mut s = match known {
            Some(known) => Service { name, category, ..(*known).clone() },
            None => Service::new(key, name, category),
        };
        self.set_text(row, Column::NameEn, &mut s.name_en)?;
        self.set_list(row, Column::Audiences, &mut s.audiences, words)?;
        self.set(row, Column::Fee, &mut s.fee, word)?;
        self.set(row, Column::Appointment, &mut s.appointment, yes_or_no)?;
        self.set_text(row, Column::Description, &mut s.description)?;
        let s = self.valid(row, s)?;
        self.once(row, column, &s.key)?;
        Some(s)
    }

    fn service_id(&mut self, row: &Row, column: Column, key: &str) -> Option<i64> {
        match self.rules.register.services.find(key) {
            Some(service) => Some(service.id),
            None => self.refuse(row, column, format!("\"{key}\" is not the key of a service in the register")),
        }
    }

    /// Reads an offer; `None` if the row is rejected.
    pub fn offer(&mut self, row: &Row) -> Option<Offer> {
        self.readable(row)?;
        let key = self.text(row, Column::Service)?;
        let (service, host) = (self.service_id(row, Column::Service, &key)?, self.host(row)?);
        let new = Offer::new(service, host);
        let known = self.rules.register.offers.find(&new.key_text()).cloned();
        let mut o = known.map_or(new, |known| (*known).clone());
        self.set_text(row, Column::OpeningHours, &mut o.opening_hours)?;
        self.set(row, Column::ItemCount, &mut o.item_count, whole)?;
        self.set_text(row, Column::Note, &mut o.note)?;
        let o = self.valid(row, o)?;
        self.once(row, Column::Service, &o.key_text())?;
        Some(o)
    }

    /// Reads an event; `None` if the row is rejected.
    pub fn event(&mut self, row: &Row) -> Option<Event> {
        self.readable(row)?;
        let (id, name, host) = (self.text(row, Column::Id)?, self.text(row, Column::Name)?, self.host(row)?);
        let zone = self.rules.calendar.zone;
        let written = |text: &str| text.parse::<TimeInput>().map_err(|e| e.to_string());
        let starts = self.value(row, Column::Starts, |text| Ok(written(text)?.local(zone)))?;
        let duration_min = self.value(row, Column::DurationMinutes, whole)?;
        let mut e = match self.rules.register.events.find(&id).cloned() {
            Some(known) => Event { name, host, starts, duration_min, ..(*known).clone() },
            None => Event::new(id, name, host, starts, duration_min),
        };
        self.set_text(row, Column::NameEn, &mut e.name_en)?;
        self.set_text(row, Column::Description, &mut e.description)?;
        self.set(row, Column::Category, &mut e.category, word)?;
        // The whole field is one rule, because rules contain semicolons.
        self.set_text(row, Column::Rrule, &mut e.rrule)?;
        self.set_list(row, Column::Dates, &mut e.dates, |text| {
            entries(text).map(|time| Ok(written(time)?.local(zone))).collect()
        })?;
        self.set_list(row, Column::Except, &mut e.except, |text| {
            entries(text).map(|entry| day(entry, zone).map_err(|why| format!("\"{entry}\" {why}"))).collect()
        })?;
        self.set_list(row, Column::Audiences, &mut e.audiences, words)?;
        self.set(row, Column::Fee, &mut e.fee, word)?;
        if row.has(Column::Services) {
            let keys: Vec<String> = entries(row.get(Column::Services).unwrap_or_default()).map(str::to_owned).collect();
            e.services = keys.iter().map(|key| self.service_id(row, Column::Services, key)).collect::<Option<_>>()?;
        }
        let e = self.valid(row, e)?;
        self.once(row, Column::Id, &e.external_id)?;
        Some(e)
    }
}
