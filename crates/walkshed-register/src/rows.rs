//! The rows of one type, as one snapshot holds them: by number, with an index by key. The next snapshot shares what has
//! not changed.

use super::record::Record;
use std::collections::HashMap;
use std::ops::Deref;
use std::sync::Arc;
use xxhash_rust::xxh3::xxh3_64;

/// Rows in the order of their numbers.
#[derive(Debug, Clone)]
pub struct Rows<T> {
    list: Arc<Vec<Arc<T>>>,
    /// Places by the hash of the key. Keys are compared on the way out, so that a collision costs time and not truth.
    places: Arc<HashMap<u64, u32>>,
}

impl<T> Default for Rows<T> {
    fn default() -> Self {
        Self { list: Arc::default(), places: Arc::default() }
    }
}

impl<T> Deref for Rows<T> {
    type Target = [Arc<T>];

    fn deref(&self) -> &[Arc<T>] {
        &self.list
    }
}

fn hash(key: &str) -> u64 {
    xxh3_64(key.as_bytes())
}

impl<T: Record> Rows<T> {
    /// Rows from a list in any order.
    #[must_use]
    pub fn new(list: Vec<T>) -> Self {
        let mut list: Vec<Arc<T>> = list.into_iter().map(Arc::new).collect();
        list.sort_unstable_by_key(|row| row.id());
        Self::of(list)
    }

    fn of(list: Vec<Arc<T>>) -> Self {
        let places = list.iter().zip(0..).map(|(row, i)| (hash(&row.key()), i)).collect();
        Self { list: Arc::new(list), places: Arc::new(places) }
    }

    /// The place of a row by its number.
    #[must_use]
    pub fn place(&self, id: i64) -> Option<usize> {
        self.list.binary_search_by_key(&id, |row| row.id()).ok()
    }

    /// A row by its number.
    #[must_use]
    pub fn get(&self, id: i64) -> Option<&Arc<T>> {
        self.place(id).map(|i| &self.list[i])
    }

    /// The place of a row by its key.
    #[must_use]
    pub fn place_of(&self, key: &str) -> Option<usize> {
        let place = *self.places.get(&hash(key))? as usize;
        if self.list.get(place).is_some_and(|row| row.key() == key) {
            return Some(place);
        }
        self.list.iter().position(|row| row.key() == key)
    }

    /// A row by its key.
    #[must_use]
    pub fn find(&self, key: &str) -> Option<&Arc<T>> {
        self.place_of(key).map(|i| &self.list[i])
    }

    /// Puts a row in, in place of the one with its number or as a new one; returns the one before.
    pub fn put(&mut self, row: T) -> Option<Arc<T>> {
        let (id, key) = (row.id(), hash(&row.key()));
        let row = Arc::new(row);
        let (old, place) = if let Some(place) = self.place(id) {
            let old = std::mem::replace(&mut Arc::make_mut(&mut self.list)[place], row);
            if hash(&old.key()) != key {
                Arc::make_mut(&mut self.places).remove(&hash(&old.key()));
            }
            (Some(old), place)
        } else {
            let place = self.list.partition_point(|r| r.id() < id);
            Arc::make_mut(&mut self.list).insert(place, row);
            if place + 1 < self.list.len() {
                // Numbers are given in rising order, so this is rare.
                *self = Self::of(self.list.to_vec());
            }
            (None, place)
        };
        if self.places.get(&key).is_none_or(|&p| p as usize != place) {
            Arc::make_mut(&mut self.places).insert(key, place as u32);
        }
        old
    }

    /// Takes a row out. All places after it move.
    pub fn remove(&mut self, id: i64) -> Option<Arc<T>> {
        let place = self.place(id)?;
        let mut list = self.list.to_vec();
        let old = list.remove(place);
        *self = Self::of(list);
        Some(old)
    }
}

/// Which rows of one table belong to which row of another, by their places.
#[derive(Debug, Clone, Default)]
pub struct Relation {
    first: Vec<u32>,
    children: Vec<u32>,
}

impl Relation {
    /// The relation of `parents` rows, given for each child in order the place of its parent.
    #[must_use]
    pub fn new(parents: usize, of_child: impl Iterator<Item = Option<usize>>) -> Self {
        // Finding a parent costs more than keeping it.
        let of_child: Vec<Option<usize>> = of_child.collect();
        let mut first = vec![0u32; parents + 1];
        for &parent in of_child.iter().flatten() {
            first[parent + 1] += 1;
        }
        for i in 1..first.len() {
            first[i] += first[i - 1];
        }
        let mut next = first.clone();
        let mut children = vec![0u32; first.last().copied().unwrap_or_default() as usize];
        for (child, parent) in (0u32..).zip(of_child) {
            if let Some(parent) = parent {
                children[next[parent] as usize] = child;
                next[parent] += 1;
            }
        }
        Self { first, children }
    }

    /// The same relation with one more child, the last of all.
    #[must_use]
    pub fn with_last(&self, child: usize, parent: Option<usize>) -> Self {
        let Some(parent) = parent else { return self.clone() };
        let mut next = self.clone();
        let end = self.children.len() as u32;
        next.first.resize(next.first.len().max(parent + 2), end);
        next.children.insert(next.first[parent + 1] as usize, child as u32);
        for first in &mut next.first[parent + 1..] {
            *first += 1;
        }
        next
    }

    /// The places of the children of the parent at a place, ascending.
    #[must_use]
    pub fn of(&self, parent: usize) -> &[u32] {
        match (self.first.get(parent), self.first.get(parent + 1)) {
            (Some(&low), Some(&high)) => &self.children[low as usize..high as usize],
            _ => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Category, Service};

    fn service(id: i64, key: &str) -> Service {
        Service { id, ..Service::new(key.into(), key.to_uppercase(), Category::LifeServices) }
    }

    #[test]
    fn rows_are_found_by_number_and_key_after_every_change() {
        let mut rows = Rows::new(vec![service(3, "c"), service(1, "a"), service(2, "b")]);
        let before = rows.clone();
        rows.put(service(9, "i"));
        rows.put(service(2, "bb"));
        rows.put(service(5, "e"));
        assert_eq!(rows.iter().map(|r| r.key.as_str()).collect::<Vec<_>>(), ["a", "bb", "c", "e", "i"]);
        for (key, place) in
            [("a", Some(0)), ("bb", Some(1)), ("c", Some(2)), ("e", Some(3)), ("i", Some(4)), ("b", None)]
        {
            assert_eq!(rows.place_of(key), place, "{key}");
        }
        assert_eq!(rows.remove(1).map(|r| r.id), Some(1));
        assert_eq!(rows.remove(1), None);
        assert_eq!((rows.place_of("bb"), rows.get(9).map(|r| r.id), rows.place(1)), (Some(0), Some(9), None));
        // The snapshot before is as it was.
        assert_eq!(before.iter().map(|r| r.key.as_str()).collect::<Vec<_>>(), ["a", "b", "c"]);
        assert_eq!(before.place_of("b"), Some(1));
    }

    #[test]
    fn relations_list_children_in_order() {
        let parents = [Some(1), None, Some(0), Some(1), Some(2)];
        let relation = Relation::new(4, parents.into_iter());
        assert_eq!(
            (relation.of(0), relation.of(1), relation.of(2), relation.of(3)),
            (&[2][..], &[0, 3][..], &[4][..], &[][..])
        );
        assert!(relation.of(9).is_empty());
        let more = relation.with_last(5, Some(1)).with_last(6, None).with_last(7, Some(6)).with_last(8, Some(0));
        assert_eq!((more.of(0), more.of(1), more.of(2), more.of(6)), (&[2, 8][..], &[0, 3, 5][..], &[4][..], &[7][..]));
    }
}
