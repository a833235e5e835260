//! Sun times (dawn, sunrise, sunset, dusk) at a position.

use crate::calendar::Zone;
use chrono::{Datelike, NaiveDate, TimeDelta, TimeZone, Timelike};
use sunrise::{Coordinates, DawnType, SolarDay, SolarEvent};
use walkshed_engine::geo::Position;

/// A sun event. Dawn and dusk are civil: the sun is 6 degrees below the horizon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SunEvent {
    Dawn,
    Sunrise,
    Sunset,
    Dusk,
}

/// Computes sun times at a position in local time.
#[derive(Debug, Clone, Copy)]
pub struct SunClock {
    pub place: Position,
    pub zone: Zone,
}

impl SunClock {
    /// Returns the local minute of the day of an event; `None` if it does not occur on that day, as near the poles.
    pub fn minute(&self, date: NaiveDate, event: SunEvent) -> Option<i32> {
        let place = Coordinates::new(self.place.lat(), self.place.lon())?;
        let event = match event {
            SunEvent::Dawn => SolarEvent::Dawn(DawnType::Civil),
            SunEvent::Sunrise => SolarEvent::Sunrise,
            SunEvent::Sunset => SolarEvent::Sunset,
            SunEvent::Dusk => SolarEvent::Dusk(DawnType::Civil),
        };
        // Where local time is far from solar time, an event of the local day may belong to an adjacent solar day.
        [0, -1, 1].into_iter().find_map(|days| {
            let solar_day = date.checked_add_signed(TimeDelta::try_days(days)?)?;
            // The library supports only years that a timestamp can represent.
            let moment =
                (1..=9999).contains(&solar_day.year()).then(|| SolarDay::new(place, solar_day).event_time(event))??;
            let local = self.zone.tz().from_utc_datetime(&moment.naive_utc()).naive_local();
            (local.date() == date).then(|| (local.hour() * 60 + local.minute()) as i32)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock(place: (f64, f64), zone: &str, date: &str, event: SunEvent) -> Option<String> {
        let sun = SunClock { place: Position::new(place.0, place.1).unwrap(), zone: zone.parse().unwrap() };
        let minute = sun.minute(date.parse().unwrap(), event)?;
        Some(format!("{:02}:{:02}", minute / 60, minute % 60))
    }

    /// Expected values from opening_hours.js 3.15.
    #[test]
    fn sun_times_depend_on_position_and_day() {
        let chongqing = (106.555, 29.565);
        let at = |date, event| clock(chongqing, "Asia/Shanghai", date, event).unwrap();
        assert_eq!(at("2026-11-16", SunEvent::Sunrise), "07:18");
        assert_eq!(at("2026-11-16", SunEvent::Sunset), "17:58");
        assert_eq!(at("2026-07-01", SunEvent::Dawn), "05:29");
        assert_eq!(at("2026-07-01", SunEvent::Dusk), "20:25");
    }

    /// Kashgar uses Beijing time, three hours ahead of its solar time; in Samoa local time is a day ahead.
    #[test]
    fn days_are_local_days() {
        assert_eq!(clock((75.99, 39.47), "Asia/Shanghai", "2026-06-21", SunEvent::Sunset).unwrap(), "22:26");
        let apia = clock((-171.76, -13.83), "Pacific/Apia", "2026-06-21", SunEvent::Sunrise).unwrap();
        assert!(("06:40".."07:00").contains(&apia.as_str()), "{apia}");
        assert_eq!(clock((15.6, 78.2), "Arctic/Longyearbyen", "2026-12-21", SunEvent::Sunrise), None);
    }
}
