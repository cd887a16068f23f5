//! A small ordered map.

use std::borrow::Borrow;

/// A map in the order of its keys, for at most a few thousand entries: a sorted list of boxed values. The standard library's
/// B-tree costs the module 8 kB for each type of key and value, and is not faster for maps as small as those here.
///
/// Ordered, not hashed: nobody can choose keys that collide, and no random seed is needed.
#[derive(Debug)]
pub(crate) struct SortedMap<K, V> {
    entries: Vec<(K, Box<V>)>,
}

impl<K, V> Default for SortedMap<K, V> {
    fn default() -> SortedMap<K, V> {
        SortedMap { entries: Vec::new() }
    }
}

impl<K: Ord, V> SortedMap<K, V> {
    /// The value of `key`.
    pub(crate) fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        let at = self.place(key).ok()?;
        self.entries.get(at).map(|(_, value)| &**value)
    }

    /// The value of `key`, to be changed.
    pub(crate) fn get_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        let at = self.place(key).ok()?;
        self.entries.get_mut(at).map(|(_, value)| &mut **value)
    }

    /// Gives `key` this value, in the place of the one that it had.
    pub(crate) fn insert(&mut self, key: K, value: V) {
        match self.place(&key) {
            Ok(at) => {
                if let Some((_, old)) = self.entries.get_mut(at) {
                    **old = value;
                }
            }
            Err(at) => self.entries.insert(at, (key, Box::new(value))),
        }
    }

    /// Takes `key` and its value out.
    pub(crate) fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let at = self.place(key).ok()?;
        Some(*self.entries.remove(at).1)
    }

    /// Keeps only the entries for which `keep` is true.
    pub(crate) fn retain(&mut self, keep: impl Fn(&K, &V) -> bool) {
        self.entries.retain(|(key, value)| keep(key, value));
    }

    /// All entries, in the order of the keys.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.entries.iter().map(|(key, value)| (key, &**value))
    }

    /// All values, in the order of their keys, to be changed.
    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.entries.iter_mut().map(|(_, value)| &mut **value)
    }

    /// How many entries there are.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Where `key` stands, or would stand.
    fn place<Q: Ord + ?Sized>(&self, key: &Q) -> Result<usize, usize>
    where
        K: Borrow<Q>,
    {
        self.entries.binary_search_by(|(found, _)| found.borrow().cmp(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    proptest::proptest! {
        #[test]
        fn it_is_what_a_b_tree_is(steps in proptest::collection::vec((0_u8..4, 0_u8..12, 0_u32..100), 0..60)) {
            let mut map: SortedMap<u8, u32> = SortedMap::default();
            let mut tree = BTreeMap::new();
            for (step, key, value) in steps {
                match step {
                    0 | 1 => {
                        map.insert(key, value);
                        tree.insert(key, value);
                    }
                    2 => assert_eq!(map.remove(&key), tree.remove(&key)),
                    _ => {
                        map.retain(|_, kept| kept % 3 > 0);
                        tree.retain(|_, kept| *kept % 3 > 0);
                        if let Some(found) = map.get_mut(&key) {
                            *found += 1;
                        }
                        if let Some(found) = tree.get_mut(&key) {
                            *found += 1;
                        }
                    }
                }
                assert_eq!(map.get(&key), tree.get(&key));
                assert_eq!((map.len(), map.is_empty()), (tree.len(), tree.is_empty()));
                assert!(map.iter().eq(tree.iter()));
            }
        }
    }
}
