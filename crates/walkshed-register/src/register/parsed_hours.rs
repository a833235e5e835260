//! The parsed opening hours of a register, by number, and which of them are open at a moment.

use crate::calendar::Calendar;
use crate::hours::Hours;
use chrono::{NaiveDateTime, Timelike};
use jiff::Timestamp;
use quick_cache::sync::Cache;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

/// Number of minutes whose states are remembered. Each takes a byte for each text.
const MINUTES: usize = 64;

const NOT_EVALUATED: u8 = 0;
const OPEN: u8 = 1;
const NOT_OPEN: u8 = 2;

/// Parsed opening hours. A city has few distinct texts. Numbers stay valid in later snapshots.
#[derive(Debug, Clone)]
pub(crate) struct ParsedHours {
    numbers: Arc<HashMap<String, u32>>,
    /// By number; `None` for a text that does not parse.
    list: Arc<Vec<Option<Arc<Hours>>>>,
    /// By local minute. Shared with later snapshots until a text is added: snapshots that branch may then give one number to
    /// different hours.
    states: Arc<Cache<NaiveDateTime, Arc<OpenStates>>>,
}

impl Default for ParsedHours {
    fn default() -> Self {
        Self { numbers: Arc::default(), list: Arc::default(), states: Arc::new(Cache::new(MINUTES)) }
    }
}

/// Which opening hours are open in a minute, evaluated on demand.
#[derive(Debug)]
pub(crate) struct OpenStates(Vec<AtomicU8>);

impl ParsedHours {
    /// Returns whether a text was parsed before.
    pub fn contains(&self, text: &str) -> bool {
        self.numbers.contains_key(text)
    }

    /// Parses texts that were not parsed before, each of them once.
    pub fn add<'a>(&mut self, texts: impl IntoIterator<Item = &'a str>, calendar: &Calendar) {
        let mut has_new = false;
        let (numbers, list) = (Arc::make_mut(&mut self.numbers), Arc::make_mut(&mut self.list));
        for text in texts {
            if !numbers.contains_key(text) {
                numbers.insert(text.to_owned(), list.len() as u32);
                list.push(Hours::parse(text, calendar).ok().map(Arc::new));
                has_new = true;
            }
        }
        if has_new {
            self.states = Arc::new(Cache::new(MINUTES));
        }
    }

    /// Returns the number of a text; `None` if it was not parsed.
    pub fn number(&self, text: &str) -> Option<u32> {
        self.numbers.get(text).copied()
    }

    /// Returns the hours of a number; `None` if the text does not parse.
    pub fn get(&self, number: u32) -> Option<&Hours> {
        self.list.get(number as usize)?.as_deref()
    }

    /// Returns whether all texts parse.
    pub fn are_all_valid(&self) -> bool {
        self.list.iter().all(Option::is_some)
    }

    /// Returns the states in the local minute of a moment. Opening hours have a resolution of a minute.
    pub fn states_at(&self, at: Timestamp, calendar: &Calendar) -> Arc<OpenStates> {
        let local = calendar.zone.local(at);
        let minute = local.with_second(0).and_then(|t| t.with_nanosecond(0)).unwrap_or(local);
        let size = self.list.len();
        let known = self.states.get(&minute).filter(|states| states.0.len() >= size);
        known.unwrap_or_else(|| {
            let states = Arc::new(OpenStates((0..size).map(|_| AtomicU8::new(NOT_EVALUATED)).collect()));
            self.states.insert(minute, states.clone());
            states
        })
    }
}

impl OpenStates {
    /// Returns whether the hours of a number are open, and evaluates them on first use.
    pub fn is_open(&self, number: u32, evaluate: impl FnOnce() -> bool) -> bool {
        let Some(state) = self.0.get(number as usize) else { return evaluate() };
        match state.load(Relaxed) {
            NOT_EVALUATED => {
                let is_open = evaluate();
                state.store(if is_open { OPEN } else { NOT_OPEN }, Relaxed);
                is_open
            }
            known => known == OPEN,
        }
    }
}
