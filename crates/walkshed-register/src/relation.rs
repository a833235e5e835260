//! One-to-many relations between tables.

/// A one-to-many relation between two tables, by row index (compressed sparse rows).
#[derive(Debug, Clone, Default)]
pub struct Relation {
    first: Vec<u32>,
    children: Vec<u32>,
}

impl Relation {
    /// Builds the relation from the parent index of each child, in the order of the children.
    #[must_use]
    pub fn new(parents: usize, of_child: impl Iterator<Item = Option<usize>>) -> Self {
        // The list is iterated twice, and finding a parent costs more than storing its index.
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

    /// Returns the relation with one more child, whose index is the highest.
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

    /// Returns the indexes of the children of a parent, ascending.
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

    #[test]
    fn relation_lists_children_in_order() {
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
