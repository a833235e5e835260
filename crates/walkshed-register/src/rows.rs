//! The rows of one record type in a snapshot: sorted by id, with an index by key. The next snapshot shares unchanged rows.

use super::record::Record;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::ops::Deref;
use std::sync::Arc;
use xxhash_rust::xxh3::xxh3_64;

/// Rows sorted by id.
#[derive(Debug, Clone)]
pub struct Rows<T> {
    list: Arc<Vec<Arc<T>>>,
    /// Row indexes by the hash of the key. Lookups compare the key itself, so that a hash collision only costs time.
    by_key: Arc<HashMap<u64, u32, BuildHasherDefault<KeyHasher>>>,
}

/// Returns the key, which is already a hash.
#[derive(Debug, Clone, Copy, Default)]
struct KeyHasher(u64);

impl Hasher for KeyHasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0 = xxh3_64(bytes);
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

impl<T> Default for Rows<T> {
    fn default() -> Self {
        Self { list: Arc::default(), by_key: Arc::default() }
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
    /// Builds the table from rows in any order.
    #[must_use]
    pub fn new(list: Vec<T>) -> Self {
        let mut list: Vec<Arc<T>> = list.into_iter().map(Arc::new).collect();
        list.sort_unstable_by_key(|row| row.id());
        Self::of(list)
    }

    /// Builds the table from rows in ascending order of their ids; `None` if they are in another order.
    #[must_use]
    pub fn from_sorted(list: Vec<Arc<T>>) -> Option<Self> {
        list.is_sorted_by(|a, b| a.id() < b.id()).then(|| Self::of(list))
    }

    fn of(list: Vec<Arc<T>>) -> Self {
        let by_key = list.iter().zip(0..).map(|(row, i)| (hash(&row.key()), i)).collect();
        Self { list: Arc::new(list), by_key: Arc::new(by_key) }
    }

    /// Returns the rows, shared.
    pub(crate) fn shared(&self) -> Arc<Vec<Arc<T>>> {
        self.list.clone()
    }

    /// Returns the index of the row with an id.
    #[must_use]
    pub fn index_of(&self, id: i64) -> Option<usize> {
        self.list.binary_search_by_key(&id, |row| row.id()).ok()
    }

    /// Returns the row with an id.
    #[must_use]
    pub fn get(&self, id: i64) -> Option<&Arc<T>> {
        self.index_of(id).map(|i| &self.list[i])
    }

    /// Returns the index of the row with a key.
    #[must_use]
    pub fn index_of_key(&self, key: &str) -> Option<usize> {
        let index = *self.by_key.get(&hash(key))? as usize;
        if self.list.get(index).is_some_and(|row| row.key() == key) {
            return Some(index);
        }
        self.list.iter().position(|row| row.key() == key)
    }

    /// Returns the row with a key.
    #[must_use]
    pub fn find(&self, key: &str) -> Option<&Arc<T>> {
        self.index_of_key(key).map(|i| &self.list[i])
    }

    /// Inserts a row, or replaces the row with the same id. Returns the replaced row.
    pub fn put(&mut self, row: T) -> Option<Arc<T>> {
        let (id, key) = (row.id(), hash(&row.key()));
        let row = Arc::new(row);
        let (old, index) = if let Some(index) = self.index_of(id) {
            let old = std::mem::replace(&mut Arc::make_mut(&mut self.list)[index], row);
            if hash(&old.key()) != key {
                Arc::make_mut(&mut self.by_key).remove(&hash(&old.key()));
            }
            (Some(old), index)
        } else {
            let index = self.list.partition_point(|r| r.id() < id);
            Arc::make_mut(&mut self.list).insert(index, row);
            if index + 1 < self.list.len() {
                // Ids are assigned in ascending order, so this is rare.
                *self = Self::of(self.list.to_vec());
            }
            (None, index)
        };
        if self.by_key.get(&key).is_none_or(|&i| i as usize != index) {
            Arc::make_mut(&mut self.by_key).insert(key, index as u32);
        }
        old
    }

    /// Removes a row. The indexes of all later rows decrease by one.
    pub fn remove(&mut self, id: i64) -> Option<Arc<T>> {
        let index = self.index_of(id)?;
        let mut list = self.list.to_vec();
        let old = list.remove(index);
        *self = Self::of(list);
        Some(old)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::category::Category;
    use crate::service::Service;

    fn service(id: i64, key: &str) -> Service {
        Service { id, ..Service::new(key.into(), key.to_uppercase(), Category::LifeServices) }
    }

    #[test]
    fn finds_rows_by_id_and_key_after_edits() {
        let mut rows = Rows::new(vec![service(3, "c"), service(1, "a"), service(2, "b")]);
        let before = rows.clone();
        rows.put(service(9, "i"));
        rows.put(service(2, "bb"));
        rows.put(service(5, "e"));
        assert_eq!(rows.iter().map(|r| r.key.as_str()).collect::<Vec<_>>(), ["a", "bb", "c", "e", "i"]);
        for (key, index) in
            [("a", Some(0)), ("bb", Some(1)), ("c", Some(2)), ("e", Some(3)), ("i", Some(4)), ("b", None)]
        {
            assert_eq!(rows.index_of_key(key), index, "{key}");
        }
        assert_eq!(rows.remove(1).map(|r| r.id), Some(1));
        assert_eq!(rows.remove(1), None);
        assert_eq!((rows.index_of_key("bb"), rows.get(9).map(|r| r.id), rows.index_of(1)), (Some(0), Some(9), None));
        // The previous snapshot is unchanged.
        assert_eq!(before.iter().map(|r| r.key.as_str()).collect::<Vec<_>>(), ["a", "b", "c"]);
        assert_eq!(before.index_of_key("b"), Some(1));
    }
}
